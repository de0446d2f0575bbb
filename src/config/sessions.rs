//! `[sessions]`: how long sessions last, and how many sessions, app passwords and passkeys there may
//! be.

use serde::{Deserialize, Serialize};

use super::Problem;

/// How long sessions last, and how many sessions, app passwords and passkeys there may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sessions {
    /// How long a session may be idle in a user's own browser, in minutes.
    pub idle_minutes: u32,
    /// How long a session may be idle on a shared computer, in minutes.
    pub shared_idle_minutes: u32,
    /// The longest duration of a session, in hours.
    pub max_hours: u32,
    /// Sessions of one account at the same time: of people, and as many of programs with app
    /// passwords. One more sign-in ends the session that was used longest ago.
    pub per_account_max: u32,
    /// App passwords of one account.
    pub app_passwords_max: u32,
    /// Passkeys of one account.
    pub passkeys_max: u32,
    /// How long a browser may take to answer a passkey challenge, in seconds.
    pub passkey_secs: u32,
}

impl Default for Sessions {
    fn default() -> Self {
        Sessions {
            idle_minutes: 30,
            shared_idle_minutes: 15,
            max_hours: 12,
            per_account_max: 32,
            app_passwords_max: 30,
            passkeys_max: 20,
            passkey_secs: 300,
        }
    }
}

impl Sessions {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let idle = u64::from(self.idle_minutes);
        Problem::unless_in("sessions.idle_minutes", idle, 1..=1_440)?;
        let shared = u64::from(self.shared_idle_minutes);
        Problem::unless_in("sessions.shared_idle_minutes", shared, 1..=1_440)?;
        Problem::unless_in("sessions.max_hours", u64::from(self.max_hours), 1..=720)?;
        let sessions = u64::from(self.per_account_max);
        Problem::unless_in("sessions.per_account_max", sessions, 1..=1_000)?;
        let app_passwords = u64::from(self.app_passwords_max);
        Problem::unless_in("sessions.app_passwords_max", app_passwords, 0..=1_000)?;
        Problem::unless_in("sessions.passkeys_max", u64::from(self.passkeys_max), 0..=100)?;
        Problem::unless_in("sessions.passkey_secs", u64::from(self.passkey_secs), 30..=3_600)
    }
}
