//! How the password of a temporary account is used up, and what replaces it.
//!
//! A one-time password opens one session. The transaction that makes the session replaces the
//! password as well: there is no moment at which both or neither of them open the account, and of
//! several browsers that use it at once one gets in. An answer that is lost on its way brings the
//! password back for nobody (decision D1); the next notification brings another.
//!
//! | what replaces it | when | what the daemon keeps |
//! | --- | --- | --- |
//! | the next one-time password | the outsider reads, and has chosen nothing | that password, under its own key |
//! | a passphrase of the outsider's own | at the sign-in, or later in its session | nothing |

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::chosen::Chosen;
use crate::gateway::accounts::password;
use crate::gateway::accounts::session_rows;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::account::{Credential, CredentialKind};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{CREDENTIALS, TEMPORARY};
use crate::gateway::records::temporary::OpensBy;
use crate::store::{Read, Tx};
use crate::vault::{self, Password, UnlockKey};

/// What a sign-in changes in what opens the account.
pub(in crate::gateway) enum Spends {
    Nothing,
    /// The daemon's copy of the password in the mail, which its owner now has.
    Copy,
    /// The one-time password.
    OneTime(Successor),
}

/// What opens a temporary account from now on.
pub(in crate::gateway) struct Successor {
    pub id: [u8; 16],
    pub credential: Credential,
    /// Set for a one-time password, which is still to be handed over.
    pub sealed_password: Option<Vec<u8>>,
}

/// What the daemon's copy of a password is bound to.
pub(in crate::gateway) fn held_binding(account: AccountId) -> Vec<u8> {
    [b"initial password\0".as_slice(), &account.0].concat()
}

impl Gateway {
    /// A new one-time password.
    pub(in crate::gateway) fn one_time_new(
        &self,
        account: AccountId,
        unlock: &UnlockKey,
    ) -> Result<Successor, Error> {
        let password = vault::random_password()?;
        let (id, credential) =
            self.credential_new(account, Chosen::generated(&password), unlock)?;
        let plain = password.expose().as_bytes();
        let sealed = self.inner.vault.held_seal(&held_binding(account), plain)?;
        Ok(Successor { id, credential, sealed_password: Some(sealed) })
    }

    fn own_new(
        &self,
        account: AccountId,
        unlock: &UnlockKey,
        own: Chosen<'_>,
    ) -> Result<Successor, Error> {
        let (id, credential) = self.credential_new(account, own, unlock)?;
        Ok(Successor { id, credential, sealed_password: None })
    }

    /// What a sign-in with the password `typed` uses up. `own` is the passphrase that the owner of a
    /// temporary account chooses in the same step.
    pub(in crate::gateway) fn spends(
        &self,
        account: AccountId,
        unlock: &UnlockKey,
        (typed, own): (&Password, Option<&Password>),
    ) -> Result<Spends, Error> {
        let Some(temporary) = self.temporary(account)? else { return Ok(Spends::Nothing) };
        if temporary.expires <= self.inner.clock.now() {
            return Err(Error::Refused);
        }
        match (temporary.opens_by(), own) {
            (OpensBy::OneTime, None) => self.one_time_new(account, unlock).map(Spends::OneTime),
            (OpensBy::OneTime, Some(own)) => {
                // The password in the mail is not the outsider's own, however it is spelled.
                let own = Chosen::instead_of(typed, own)?;
                self.own_new(account, unlock, own).map(Spends::OneTime)
            }
            (OpensBy::InMail, _) if temporary.claimed.is_none() => Ok(Spends::Copy),
            (OpensBy::InMail | OpensBy::Own, _) => Ok(Spends::Nothing),
        }
    }

    /// Chooses the passphrase to come back with. The next one-time password and the daemon's copy of
    /// it are destroyed, and every other session ends.
    pub fn passphrase_choose(
        &self,
        actor: &Actor,
        unlock: &UnlockKey,
        own: &Password,
    ) -> Result<(), Error> {
        let account = actor.account();
        let row = self.temporary(account)?;
        let row = row.ok_or(Error::Denied { reason: "this is not a temporary account" })?;
        if row.opens_by() != OpensBy::OneTime {
            return Err(Error::Conflict(Conflict::PassphraseChosen));
        }
        let own = self.own_new(account, unlock, Chosen::checked(own)?)?;
        let now = self.inner.clock.now();
        let keeps = actor.session();
        // The sessions end in the same transaction: the choice cannot be repeated to end them.
        let done = self.inner.store.transact(move |tx| {
            // The account may have been started again: then the unlock key opens nothing.
            session_rows::open_in_tx(tx, account, keeps)?;
            replace_in_tx(tx, account, &own, now)?;
            session_rows::end_others_in_tx(tx, account, Some(keeps))
        });
        done.wait()?;
        self.publish_session(account);
        Ok(())
    }
}

/// Uses up what opened a temporary account. The caller has checked that its credential is still
/// there.
pub(in crate::gateway) fn spend_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    spends: &Spends,
    now: Timestamp,
) -> Result<(), Error> {
    match spends {
        Spends::Nothing => Ok(()),
        Spends::Copy => {
            let mut row = tx.get(&TEMPORARY, &account)?.ok_or(Error::Refused)?;
            row.claimed.get_or_insert(now);
            row.sealed_password = None;
            Ok(tx.put(&TEMPORARY, &account, &row)?)
        }
        Spends::OneTime(successor) => replace_in_tx(tx, account, successor, now),
    }
}

/// Replaces the one-time password of a temporary account.
fn replace_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    successor: &Successor,
    now: Timestamp,
) -> Result<(), Error> {
    let row = tx.get(&TEMPORARY, &account)?.filter(|row| row.ending.is_none());
    let mut row = row.ok_or(Error::Refused)?;
    if row.opens_by() != OpensBy::OneTime {
        return Err(Error::Conflict(Conflict::PassphraseChosen));
    }
    row.claimed.get_or_insert(now);
    row.sealed_password = successor.sealed_password.clone();
    tx.put(&TEMPORARY, &account, &row)?;
    password::drop_in_tx(tx, account, |kind| kind == CredentialKind::Password)?;
    Ok(tx.put(&CREDENTIALS, &(account, successor.id), &successor.credential)?)
}
