//! Wrong codes in a row. After a hundred, an account takes no codes any more (NIST SP 800-63B §5.2.2): who
//! guesses has the password, and waits only slow the guesses down.
//!
//! Each try counts before its code is compared, so that no more than these are compared, however many
//! come at once. Its owner gets a notice of the stop, comes in by a passkey or the recovery key, which
//! begins the count anew, or an administrator allows codes again.
//!
//! Beyond the limit, the count says what is known of the stop: [`STOPPED`] once a try was refused, or the
//! last one was wrong; [`NOTIFIED`] once its owner has the notice. What is more was counted before there were
//! notices, and is a stop of which there was none.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::account::CodeFailures;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::CODE_FAILURES;
use crate::store::Read;

/// How many codes in a row may be wrong.
pub const CODES_WRONG_MAX: u32 = 100;

/// The count of an account that takes no codes, and whose owner is to get a notice.
pub(in crate::gateway) const STOPPED: u32 = CODES_WRONG_MAX + 1;

/// The same, once the owner has it.
pub(in crate::gateway) const NOTIFIED: u32 = STOPPED + 1;

/// Whether the owner of an account with this count is to get a notice.
pub(in crate::gateway) fn is_to_notify(count: u32) -> bool {
    count == STOPPED || count > NOTIFIED
}

impl Gateway {
    /// Fails with `totp-stopped` if too many codes in a row were wrong.
    pub(in crate::gateway) fn codes_allowed(&self, account: AccountId) -> Result<(), Error> {
        match self.code_failures(account)? {
            count if count >= CODES_WRONG_MAX => self.codes_stopped(account, count),
            _ => Ok(()),
        }
    }

    /// Counts a code that is about to be compared; a right one begins the count anew. Fails with
    /// `totp-stopped` if there were too many.
    pub(in crate::gateway) fn code_counted(&self, account: AccountId) -> Result<(), Error> {
        let last: Timestamp = self.inner.clock.now();
        let done = self.inner.store.transact(move |tx| {
            let count = tx.get(&CODE_FAILURES, &account)?.map_or(0, |row| row.count);
            if count < CODES_WRONG_MAX {
                tx.put(&CODE_FAILURES, &account, &CodeFailures { count: count + 1, last })?;
            }
            Ok::<_, Error>(count)
        });
        match done.wait()? {
            count if count >= CODES_WRONG_MAX => self.codes_stopped(account, count),
            _ => Ok(()),
        }
    }

    /// Says of a wrong code that it was the last one, if it was.
    pub(in crate::gateway) fn code_failed(&self, account: AccountId) -> Result<(), Error> {
        match self.code_failures(account)? >= CODES_WRONG_MAX {
            true => self.stop_marked(account),
            false => Ok(()),
        }
    }

    /// Refuses a code. A daemon that was killed after the last one has not marked the stop.
    fn codes_stopped(&self, account: AccountId, count: u32) -> Result<(), Error> {
        if count == CODES_WRONG_MAX {
            self.stop_marked(account)?;
        }
        Err(Error::Conflict(Conflict::TotpStopped))
    }

    fn stop_marked(&self, account: AccountId) -> Result<(), Error> {
        let done = self.inner.store.transact(move |tx| {
            let row = tx.get(&CODE_FAILURES, &account)?;
            let Some(row) = row.filter(|row| row.count == CODES_WRONG_MAX) else {
                return Ok(false);
            };
            tx.put(&CODE_FAILURES, &account, &CodeFailures { count: STOPPED, ..row })?;
            Ok::<_, Error>(true)
        });
        if done.wait()? {
            self.inner.news_wake.notify_one();
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::tests::gateway;

    /// Tries of which none has been compared yet, as when they come at once.
    #[test]
    fn of_tries_at_once_no_more_are_compared_than_may_be_wrong() {
        let gateway = gateway();
        let dana = gateway.account_named("dana").unwrap();
        for tries in 0..2 * CODES_WRONG_MAX {
            match gateway.code_counted(dana) {
                Ok(()) => assert!(tries < CODES_WRONG_MAX, "{tries}"),
                Err(Error::Conflict(Conflict::TotpStopped)) => {
                    assert!(tries >= CODES_WRONG_MAX, "{tries}");
                }
                Err(error) => panic!("{error}"),
            }
        }
        // The first one that was refused marked the stop, whether the last wrong one did or not.
        assert_eq!(gateway.code_failures(dana).unwrap(), STOPPED);
    }
}
