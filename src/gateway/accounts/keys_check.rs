//! Checking that mail for an account is sealed to its own key.
//!
//! One who can write to the store could put another public key, other keys altogether or the keys
//! before a renewal in their place. The next sign-in, recovery or renewal finds out: an account whose
//! keys are not those that its credential opens is disabled, so that nothing more is sealed to them.

use crate::gateway::Gateway;
use crate::gateway::accounts::session_rows;
use crate::gateway::error::Error;
use crate::gateway::records::account::AccountKeys;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::membership::epochs_due_in_tx;
use crate::gateway::records::tables::{ACCOUNT_KEYS, ACCOUNTS, CREDENTIALS};
use crate::store::Read;
use crate::vault::{self, UnlockKey};

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
        match self.inner.store.get(&ACCOUNT_KEYS, &account)? {
            Some(keys) if is_own(account, &keys, unlock)? => Ok(keys),
            keys => Err(self.keys_refuse(account, credential, keys)),
        }
    }

    /// Disables an account because `keys` are not its own, even if it is that of the last manager.
    fn keys_refuse(
        &self,
        account: AccountId,
        credential: [u8; 16],
        keys: Option<AccountKeys>,
    ) -> Error {
        let done = self.transact(move |tx| {
            // What was judged was replaced meanwhile: that is for the next sign-in to judge.
            if tx.get(&ACCOUNT_KEYS, &account)? != keys {
                return Err(Error::Refused);
            }
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
            epochs_due_in_tx(tx, account)?;
            tx.then(move |gateway| {
                gateway.inner.addressees.forget(account);
                gateway.inner.directory.put(account, &row);
                gateway.inner.renewals.add();
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

/// Whether the unlock key opens the private half, and the public half belongs to that. That it could
/// not be found out is no answer.
fn is_own(
    account: AccountId,
    keys: &AccountKeys,
    unlock: &UnlockKey,
) -> Result<bool, vault::Error> {
    let found = unlock
        .open_account(&keys.sealed_private, &account.0)
        .and_then(|secret| secret.matches(&keys.public_key()));
    match found {
        // Another unlock key's, or no keys at all.
        Err(vault::Error::Refused | vault::Error::Malformed) => Ok(false),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::tests::{PASSWORD, gateway, password};

    /// Keys that were judged and then replaced are no reason to disable the account.
    #[test]
    fn what_was_judged_is_what_is_there() {
        let gateway = gateway();
        let id = gateway.account_named("dana").unwrap();
        let (_, credential) = gateway.unlock_with(id, &password(PASSWORD)).unwrap();
        let other = AccountKeys::new(&vault::account_keys(&id.0).unwrap());
        for judged in [Some(other), None] {
            assert!(matches!(gateway.keys_refuse(id, credential, judged), Error::Refused));
            assert!(!gateway.store().get(&ACCOUNTS, &id).unwrap().unwrap().disabled);
        }
    }
}
