//! `[passwords]`: the cost of checking a password, and how many are checked at the same time.

use serde::{Deserialize, Serialize};

use super::Problem;

/// The cost of checking a password (Argon2id, RFC 9106), and how many are checked at the same
/// time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passwords {
    /// Memory for checking one password, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// How many passwords are checked at the same time; 0: one for each core.
    pub checks_at_once: usize,
    /// How many checks may wait; further clients are told to try again later.
    pub checks_waiting_max: usize,
    /// How many names and how many addresses are remembered for wrong passwords. If there are more,
    /// those that recover first are forgotten.
    pub failures_remembered_max: usize,
}

impl Default for Passwords {
    fn default() -> Self {
        Passwords {
            memory_kib: 19_456,
            passes: 2,
            checks_at_once: 0,
            checks_waiting_max: 256,
            failures_remembered_max: 50_000,
        }
    }
}

impl Passwords {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("passwords.memory_kib", u64::from(self.memory_kib), 8_192..=1_048_576)?;
        Problem::unless_in("passwords.passes", u64::from(self.passes), 1..=16)?;
        Problem::unless_in("passwords.checks_at_once", self.checks_at_once as u64, 0..=1024)?;
        let waiting = self.checks_waiting_max as u64;
        Problem::unless_in("passwords.checks_waiting_max", waiting, 1..=65_536)?;
        let remembered = self.failures_remembered_max as u64;
        Problem::unless_in("passwords.failures_remembered_max", remembered, 1_000..=1_000_000)
    }
}
