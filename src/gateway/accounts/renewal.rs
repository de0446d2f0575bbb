//! New keys for an account: another unlock key, and another pair to which mail is sealed.
//!
//! A new password alone wraps the same unlock key anew. Who has an old copy of the store, the daemon
//! key and what opened the account then has that key, and with it opens a newer copy. After a renewal
//! these open nothing of what arrived or was written later. What was sealed before stays as it is, and
//! the new keys open it.
//!
//! Nothing else can wrap the new unlock key: app passwords, passkeys and other sessions end, and the
//! recovery key is replaced. All of that is one transaction.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::gateway::Gateway;
use crate::gateway::accounts::chosen::{Chosen, OwnChoice};
use crate::gateway::accounts::keys_check::Unlocked;
use crate::gateway::accounts::password::{drop_in_tx, there_in_tx};
use crate::gateway::accounts::session::{KeptSession, binding};
use crate::gateway::accounts::{session_rows, signing};
use crate::gateway::actor::ChangedFrom;
use crate::gateway::error::Error;
use crate::gateway::records::account::{AccountKeys, Credential};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::membership::group_epochs_due_in_tx;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, CODE_FAILURES, CREDENTIALS, SESSIONS, TOTP,
};
use crate::store::{Read, Tx};
use crate::terms::AccountChange;
use crate::vault::{NewAccountKeys, RecoveryKey};

/// Counts, for all accounts since the start, how often keys were renewed, were found not to be those
/// of their account, or may have been put right: what was derived from a public key before is not used
/// after it.
#[derive(Default)]
pub(in crate::gateway) struct Renewals(AtomicU64);

impl Renewals {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Ends the use of what was derived before.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Why keys are renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Cause {
    PasswordChanged,
    /// The recovery key was used: the owner may have lost the phone as well.
    Recovered,
}

/// What renews an account's keys.
pub(in crate::gateway) struct Renewing<'r> {
    /// What the caller opened with the old password or the recovery key.
    pub unlocked: Unlocked<'r>,
    pub password: Chosen<'r>,
    pub choice: OwnChoice,
    pub cause: Cause,
    /// The session that stays.
    pub keeps: Option<KeptSession>,
    pub from: ChangedFrom,
}

/// What is stored by a renewal.
struct Renewed {
    account: AccountId,
    /// The credential that opened the keys before.
    opened_by: [u8; 16],
    keys: AccountKeys,
    credentials: [([u8; 16], Credential); 2],
    /// Where the session's record is, its ID, and the new unlock key wrapped for it.
    session: Option<([u8; 32], [u8; 16], Vec<u8>)>,
    choice: OwnChoice,
    cause: Cause,
}

impl Gateway {
    /// Renews the keys of an account; returns its new recovery key. Every session but the one that
    /// stays ends, and app passwords and passkeys are deleted.
    pub(in crate::gateway) fn keys_renew(
        &self,
        renewing: Renewing<'_>,
    ) -> Result<RecoveryKey, Error> {
        let Renewing { unlocked, password, choice, cause, keeps, from } = renewing;
        let Unlocked { account, credential: opened_by, unlock } = unlocked;
        // Otherwise the new pair would hide that the one before was not the account's own.
        let before = self.keys_checked(unlocked)?;
        let new = unlock.renew_account(&before.sealed_private, &account.0)?;
        let recovery = RecoveryKey::generate()?;
        let credentials = [
            self.credential_new(account, password, &new.unlock)?,
            self.recovery_new(account, &recovery, &new.unlock)?,
        ];
        let session = match &keeps {
            None => None,
            Some(KeptSession { token, id }) => {
                let wrapped = token.wrap_unlock(&new.unlock, &binding(account, *id))?;
                Some((token.id(), *id, wrapped))
            }
        };
        let NewAccountKeys { public, sealed_private, .. } = new;
        let keys = AccountKeys { public: public.octets, number: public.number, sealed_private };
        let renewed = Renewed { account, opened_by, keys, credentials, session, choice, cause };
        self.account_changed(account, &from, move |tx| renewed.store_in_tx(tx))?;
        self.inner.renewals.add();
        self.publish_session(account);
        Ok(recovery)
    }
}

impl Renewed {
    /// Returns what the owner is told.
    fn store_in_tx(&self, tx: &mut Tx<'_>) -> Result<Option<AccountChange>, Error> {
        let account = self.account;
        // Another renewal may have come first; then what the caller opened opens nothing any more.
        let found = tx.get(&ACCOUNT_KEYS, &account)?.ok_or(Error::Refused)?;
        if found.number.checked_add(1) != Some(self.keys.number) {
            return Err(Error::Refused);
        }
        there_in_tx(tx, account, self.opened_by)?;
        tx.put(&ACCOUNT_KEYS, &account, &self.keys)?;
        group_epochs_due_in_tx(tx, account)?;
        self.choice_in_tx(tx)?;
        drop_in_tx(tx, account, |_| true)?;
        for (id, credential) in &self.credentials {
            tx.put(&CREDENTIALS, &(account, *id), credential)?;
        }
        session_rows::end_others_in_tx(tx, account, self.session.as_ref().map(|(_, id, _)| *id))?;
        if let Some((key, _, wrapped)) = &self.session {
            let mut kept = tx.get(&SESSIONS, key)?.ok_or(Error::Refused)?;
            kept.wrapped_unlock.clone_from(wrapped);
            tx.put(&SESSIONS, key, &kept)?;
        }
        Ok(match self.cause {
            Cause::PasswordChanged => Some(AccountChange::PasswordChanged),
            Cause::Recovered => {
                tx.delete(&TOTP, &account);
                signing::end_in_tx(tx, account)?;
                tx.delete(&CODE_FAILURES, &account);
                Some(AccountChange::Recovered)
            }
        })
    }

    /// Records whether the owner still has to choose a password.
    fn choice_in_tx(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let mut row = tx.get(&ACCOUNTS, &self.account)?.ok_or(Error::Refused)?;
        // Who chose the password has what opens the pair.
        if row.must_choose {
            signing::end_in_tx(tx, self.account)?;
        }
        row.must_choose = match self.choice {
            OwnChoice::Made => false,
            OwnChoice::AsBefore => row.must_choose,
            OwnChoice::Due => true,
        };
        Ok(tx.put(&ACCOUNTS, &self.account, &row)?)
    }
}
