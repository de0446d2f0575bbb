//! Wrong codes in a row. After a hundred, an account takes no codes any more (NIST SP 800-63B §5.2.2): who
//! guesses has the password, and waits only slow the guesses down.
//!
//! Its owner comes in by a passkey or the recovery key, which begins the count anew, or an administrator
//! allows codes again.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::account::CodeFailures;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::CODE_FAILURES;
use crate::store::Read;

/// How many codes in a row may be wrong.
pub const CODES_WRONG_MAX: u32 = 100;

impl Gateway {
    /// Fails with `totp-stopped` if too many codes in a row were wrong.
    pub(in crate::gateway) fn codes_allowed(&self, account: AccountId) -> Result<(), Error> {
        match self.code_failures(account)? >= CODES_WRONG_MAX {
            true => Err(Error::Conflict(Conflict::TotpStopped)),
            false => Ok(()),
        }
    }

    /// Counts a wrong code; it counts before its sender hears of it.
    pub(in crate::gateway) fn code_failed(&self, account: AccountId) -> Result<(), Error> {
        let last: Timestamp = self.inner.clock.now();
        let done = self.inner.store.transact(move |tx| {
            let count = tx.get(&CODE_FAILURES, &account)?.map_or(0, |row| row.count);
            let row = CodeFailures { count: count.saturating_add(1), last };
            Ok::<_, Error>(tx.put(&CODE_FAILURES, &account, &row)?)
        });
        done.wait()
    }

    /// Lets an account take codes again.
    pub fn account_totp_reset(&self, name: &str) -> Result<(), Error> {
        let account = self.account_named(name)?;
        let done = self.inner.store.transact(move |tx| {
            tx.delete(&CODE_FAILURES, &account);
            Ok::<_, Error>(())
        });
        done.wait()
    }

    /// How many codes in a row were wrong.
    pub(in crate::gateway) fn code_failures(&self, account: AccountId) -> Result<u32, Error> {
        Ok(self.inner.store.get(&CODE_FAILURES, &account)?.map_or(0, |row| row.count))
    }
}
