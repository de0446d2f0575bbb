//! What an outsider asks for who cannot get in: another one-time password, or help with a forgotten
//! passphrase.
//!
//! | opens the account | asked for | what happens |
//! | --- | --- | --- |
//! | a one-time password, in the mail | another one | a notification to the account's own address, and to no other; a notice to the sponsor |
//! | a one-time password, by the sponsor | another one | a notice to the sponsor, who sees it |
//! | a passphrase, which was forgotten | the messages again | a notice to the sponsor, who decides |
//!
//! The address is typed: a mail scanner, which presses buttons without typing, changes nothing. All
//! of it counts towards one limit for a day.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::mailboxes::summary::NoticeTopic;
use crate::gateway::outsiders::pickup::MISSING;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{PICKUPS, PICKUPS_OF};
use crate::gateway::records::temporary::{OpensBy, Temporary};
use crate::gateway::reporting::notice::NoticeDraft;
use crate::mail::address::Address;
use crate::store::{Order, Read};
use crate::terms::{DeliveryState, HandOff};

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A notification is on its way to the account's address.
    Notified,
    /// The sponsor was told.
    Told,
}

const DAY_SECS: i64 = 24 * 3600;

impl Gateway {
    /// Asks for access to a temporary account again. `address` is what was typed; it must be the
    /// account's own.
    pub fn pickup_access(&self, token: &str, address: &str) -> Result<Asked, Error> {
        let (key, pickup) = self.pickup_row(token)?;
        let now = self.inner.clock.now();
        let row = self.temporary(pickup.account)?;
        let row = row.filter(|row| row.expires > now && row.ending.is_none()).ok_or(MISSING)?;
        if !is_same(address, &row.address) {
            let what = "this is not the address that the notification went to".to_owned();
            return Err(Error::Invalid { what });
        }
        let max = self.inner.settings.temporary_asks_max;
        if row.opens_by() == OpensBy::OneTime && row.hand_off == HandOff::Claim {
            self.temporary_notify_asked(pickup.account)?;
            return Ok(Asked::Notified);
        }
        // The sponsor was removed since.
        if !self.account_exists(row.sponsor)? {
            return Err(MISSING);
        }
        let notice = self.notice_prepare(row.sponsor, &asking(&row, pickup.message, now))?;
        self.notice_transact(Some(notice), pickup.message, move |tx| {
            check_asks(tx, pickup.account, max, now)?;
            let mut pickup = tx.get(&PICKUPS, &key)?.ok_or(MISSING)?;
            pickup.asked = Some(now);
            tx.put(&PICKUPS, &key, &pickup)?;
            Ok(true)
        })?;
        Ok(Asked::Told)
    }
}

/// The notice to the sponsor.
pub(in crate::gateway) fn asking(
    row: &Temporary,
    message: ReferenceKey,
    now: Timestamp,
) -> NoticeDraft<'_> {
    NoticeDraft {
        kind: match row.opens_by() {
            OpensBy::OneTime => DeliveryState::Waiting,
            OpensBy::InMail | OpensBy::Own => DeliveryState::Accepted,
        },
        about: message,
        recipient: &row.address,
        at: now,
        detail: None,
        topic: Some(NoticeTopic::AskedAgain),
        others: &[],
        report: None,
    }
}

/// Fails if an account's owner has asked `max` times within the last day.
pub(in crate::gateway) fn check_asks(
    reader: &impl Read,
    account: AccountId,
    max: usize,
    now: Timestamp,
) -> Result<(), Error> {
    let mut keys = Vec::new();
    reader.scan(&PICKUPS_OF, &account, Order::Ascending, |(_, key), Due| {
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    let mut lately = 0;
    for key in keys {
        let asked = reader.get(&PICKUPS, &key)?.and_then(|pickup| pickup.asked);
        lately += usize::from(asked.is_some_and(|asked| asked.plus_secs(DAY_SECS) > now));
    }
    match lately < max {
        true => Ok(()),
        false => Err(Error::Conflict(Conflict::AskedOften)),
    }
}

fn is_same(typed: &str, known: &str) -> bool {
    match (Address::parse(typed.trim()), Address::parse(known)) {
        (Ok(typed), Ok(known)) => typed.normalized() == known.normalized(),
        _ => false,
    }
}
