//! One memory budget for the bodies of requests and responses, as `smtp::budget` is for incoming
//! mail. What is read or sent takes its octets before it is read, and returns them when it is gone.
//!
//! One eighth is for those who are not signed in, with a share for each network, and the rest for
//! accounts, with a share for each: strangers cannot keep those who are inside from working, and one
//! account cannot keep the others.

use std::time::Duration;

use crate::config;
use crate::gateway;
use crate::gateway::mailboxes::content::STEP_OCTETS;
use crate::net::shares::{Full, Held, Limits, Shares};

use super::asker::Holder;
use super::error::Problem;

/// The budget. Clones share it.
#[derive(Clone)]
pub struct Memory {
    accounts: Shares<Holder>,
    strangers: Shares<Holder>,
    timeout: Duration,
}

/// A small body or response finds room although large ones take the rest: those of other accounts,
/// and those of the same one.
const SMALL_OCTETS: usize = 4 << 20;
/// A sign-in takes less.
const STRANGER_OCTETS: usize = 4 << 10;

/// What a stream holds in memory besides its source: two pieces ahead, the one being read, and the
/// one being sent.
pub const STREAM_OCTETS: usize = 4 * STEP_OCTETS as usize;

impl Memory {
    pub fn new(config: &config::Https) -> Memory {
        let strangers = config.memory_octets_max / 8;
        let accounts = config.memory_octets_max - strangers;
        let share = config.memory_octets_per_account_max;
        let accounts = Limits::new(accounts, share).reserving(accounts / 8, SMALL_OCTETS);
        let strangers = Limits::new(strangers, config.memory_octets_per_network_max)
            .reserving(strangers / 2, STRANGER_OCTETS);
        Memory {
            accounts: Shares::new(accounts),
            strangers: Shares::new(strangers),
            timeout: Duration::from_secs(config.turn_timeout_secs),
        }
    }

    /// Takes room for `octets`. Accounts wait for it; strangers do not, since what has arrived of
    /// their request would wait as well.
    pub async fn wait(&self, holder: &Holder, octets: usize) -> Result<Held<Holder>, Problem> {
        let taken = match holder {
            Holder::Account(_) => self.accounts.wait(holder, octets, self.timeout).await,
            Holder::Network(_) => self.strangers.take(holder, octets),
        };
        taken.map_err(no_room)
    }

    /// Takes room for `octets` that are in memory already.
    pub fn take(&self, holder: &Holder, octets: usize) -> Result<Held<Holder>, Problem> {
        let taken = match holder {
            Holder::Account(_) => self.accounts.take(holder, octets),
            Holder::Network(_) => self.strangers.take(holder, octets),
        };
        taken.map_err(no_room)
    }

    /// Octets in use.
    pub fn in_use(&self) -> usize {
        self.accounts.in_use() + self.strangers.in_use()
    }
}

fn no_room(_: Full) -> Problem {
    gateway::Error::Busy.into()
}
