//! The first sign-in to a temporary account, which uses up the initial password.

use crate::gateway::Gateway;
use crate::gateway::accounts::password;
use crate::gateway::error::Error;
use crate::gateway::records::account::CredentialKind;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{CREDENTIALS, TEMPORARY};
use crate::store::Read;
use crate::vault::{self, Password};

impl Gateway {
    /// The first sign-in to a temporary account in the hand-offs `claim` and `by-sender`: the
    /// initial password opens the account once, is replaced by the outsider's own passphrase, and
    /// is then void. If two browsers do this at the same moment, one succeeds and the other is
    /// refused.
    pub(in crate::gateway) fn claim(
        &self,
        id: AccountId,
        unlock: &vault::UnlockKey,
        own: &Password,
    ) -> Result<(), Error> {
        let (credential_id, credential) = self.credential_new(id, own, unlock)?;
        let now = self.inner.clock.now();
        let done = self.inner.store.transact(move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(Error::Refused)?;
            if row.claimed.is_some() {
                return Err(Error::Refused);
            }
            (row.claimed, row.sealed_password) = (Some(now), None);
            tx.put(&TEMPORARY, &id, &row)?;
            password::drop_in_tx(tx, id, |kind| kind == CredentialKind::Password)?;
            Ok::<_, Error>(tx.put(&CREDENTIALS, &(id, credential_id), &credential)?)
        });
        done.wait()
    }

    /// The first sign-in in the hand-off `in-mail`: the password stays; the daemon's copy is
    /// deleted.
    pub(in crate::gateway) fn first_sign_in(&self, id: AccountId) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let done = self.inner.store.transact(move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(Error::Refused)?;
            if row.claimed.is_none() {
                (row.claimed, row.sealed_password) = (Some(now), None);
                tx.put(&TEMPORARY, &id, &row)?;
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }
}
