//! Checking that mail for an account is sealed to its own key.
//!
//! One who can write to the store could put another public key, other keys altogether or the keys
//! before a renewal in their place. The next sign-in, recovery or renewal finds out: an account whose keys are not those that its credential opens is disabled, so that
//! nothing more is sealed to them.

use crate::gateway::Gateway;
use crate::gateway::accounts::session_rows;
use crate::gateway::error::Error;
use crate::gateway::records::account::AccountKeys;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ACCOUNT_KEYS, ACCOUNTS, CREDENTIALS};
use crate::store::Read;
use crate::vault::UnlockKey;

/// The unlock key of an account, and the ID of the credential that opened it.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Unlocked<'u> {
    pub account: AccountId,
    pub credential: [u8; 16],
    pub unlock: &'u UnlockKey,
}

impl Gateway {
    /// Returns the account's keys, which are those that the unlock key opens. Otherwise it disables
    /// the account.
    pub(in crate::gateway) fn keys_checked(
        &self,
        unlocked: Unlocked<'_>,
    ) -> Result<AccountKeys, Error> {
        let Unlocked { account, credential, unlock } = unlocked;
        let keys = self.inner.store.get(&ACCOUNT_KEYS, &account)?;
        match keys.filter(|keys| is_own(account, keys, unlock)) {
            Some(keys) => Ok(keys),
            None => Err(self.keys_refuse(account, credential)),
        }
    }

    /// Disables an account whose keys are not its own, even if it is that of the last manager.
    fn keys_refuse(&self, account: AccountId, credential: [u8; 16]) -> Error {
        let done = self.transact(move |tx| {
            // A renewal may have come between: that removes the credential, and what it opened opens
            // nothing any more. It is no reason to disable the account.
            if !tx.has(&CREDENTIALS, &(account, credential))? {
                return Err(Error::Refused);
            }
            let found = tx.get(&ACCOUNTS, &account)?;
            let mut row = found.filter(|row| !row.disabled).ok_or(Error::Refused)?;
            row.disabled = true;
            tx.put(&ACCOUNTS, &account, &row)?;
            session_rows::end_others_in_tx(tx, account, None)?;
            tx.then(move |gateway| {
                gateway.inner.addressees.forget(account);
                gateway.inner.directory.put(account, &row);
            });
            Ok(())
        });
        if let Err(error) = done.wait() {
            return error;
        }
        tracing::error!(
            account.id = %account.to_text(),
            "the keys of an account are not those that its credentials open; the account is disabled"
        );
        self.publish_session(account);
        Error::KeysDiffer
    }
}

/// Whether the unlock key opens the private half, and the public half belongs to that.
fn is_own(account: AccountId, keys: &AccountKeys, unlock: &UnlockKey) -> bool {
    unlock
        .open_account(&keys.sealed_private, &account.0)
        .and_then(|secret| secret.matches(&keys.public_key()))
        .unwrap_or(false)
}
