//! `[notices]`: notices of posts, and the other address to which people have notices sent.

use serde::{Deserialize, Serialize};

use super::Problem;

/// Notices of posts, and the other address to which people have notices sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// After how many seconds a notice says that a post waits in a topic that somebody follows.
    pub post_secs: u32,
    /// Whether people may have notices sent to another address, outside.
    pub other_address: bool,
    /// The most codes to confirm an address that one account has sent in a day.
    pub code_mails_per_account_max: u32,
    /// The most codes that are sent to one address in a day, whichever accounts ask for them.
    pub code_mails_per_address_max: u32,
    /// How long a code can be entered, in minutes.
    pub code_minutes: u32,
    /// How many wrong codes can be entered, until another one has to be asked for.
    pub code_tries_max: u32,
    /// The most notices that one account has sent to its other address in a day; the others are in the inbox alone.
    pub mails_per_day_max: u32,
}

impl Default for Notices {
    fn default() -> Self {
        Notices {
            post_secs: 120,
            other_address: true,
            code_mails_per_account_max: 3,
            code_mails_per_address_max: 2,
            code_minutes: 60,
            code_tries_max: 5,
            mails_per_day_max: 24,
        }
    }
}

impl Notices {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("notices.post_secs", self.post_secs.into(), 10..=7 * 86_400)?;
        let codes = self.code_mails_per_account_max.into();
        Problem::unless_in("notices.code_mails_per_account_max", codes, 1..=20)?;
        let codes = self.code_mails_per_address_max.into();
        Problem::unless_in("notices.code_mails_per_address_max", codes, 1..=20)?;
        Problem::unless_in("notices.code_minutes", self.code_minutes.into(), 5..=1_440)?;
        Problem::unless_in("notices.code_tries_max", self.code_tries_max.into(), 1..=20)?;
        Problem::unless_in("notices.mails_per_day_max", self.mails_per_day_max.into(), 1..=1_000)
    }
}
