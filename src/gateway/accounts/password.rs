//! Credentials that open an account: a password, app passwords, passkeys, a recovery key; a
//! password may also require TOTP codes.
//!
//! Each credential wraps the same unlock key, so each can be created and removed separately. An app
//! password may only handle mail: it cannot create another credential, so an attacker who
//! finds one in a program's settings cannot take over the account.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::chosen::Chosen;
use crate::gateway::accounts::session_rows;
use crate::gateway::actor::{Actor, ChangedFrom};
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::account::{Credential, CredentialKind};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ACCOUNT_KEYS, CREDENTIALS, TEMPORARY, TOTP};
use crate::gateway::records::temporary::OpensBy;
use crate::gateway::text::{hex, parse_hex};
use crate::store::{Order, Read, Tx};
use crate::terms::{AccountChange, HandOff};
use crate::vault::{self, Password, UnlockKey};

/// What a credential's wrapped key is bound to: the account and the credential.
pub(in crate::gateway) fn credential_binding(account: AccountId, credential: [u8; 16]) -> [u8; 32] {
    let mut bound = [0; 32];
    bound[..16].copy_from_slice(&account.0);
    bound[16..].copy_from_slice(&credential);
    bound
}

/// A stored credential.
pub(in crate::gateway) struct FoundCredential {
    pub id: [u8; 16],
    pub wrapped_unlock: Vec<u8>,
}

/// Which credentials are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Renewal {
    Password,
    RecoveryKey,
}

impl Renewal {
    fn change(self) -> AccountChange {
        match self {
            Renewal::Password => AccountChange::PasswordChanged,
            Renewal::RecoveryKey => AccountChange::RecoveryKeyCreated,
        }
    }

    /// Whether credentials of this kind are revoked.
    fn ends(self, kind: CredentialKind) -> bool {
        match self {
            Renewal::Password => kind == CredentialKind::Password,
            Renewal::RecoveryKey => kind == CredentialKind::Recovery,
        }
    }
}

/// A credential that replaces others.
pub(in crate::gateway) struct Replaced {
    pub renewal: Renewal,
    pub from: ChangedFrom,
    pub still: Still,
    /// The session beside which all others end, in the same transaction; `None` if none ends.
    pub alone: Option<[u8; 16]>,
}

/// What a new credential is told as, and how many of its kind there may be.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Added {
    pub change: AccountChange,
    pub max: usize,
    pub still: Still,
}

/// What must be as it was when the unlock key was opened that a new credential wraps.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Still {
    /// The number of the account's keys.
    pub number: u32,
    pub opened_by: Opener,
}

/// What opened the unlock key; the IDs of it.
#[derive(Clone, Copy)]
pub(in crate::gateway) enum Opener {
    Credential([u8; 16]),
    Session([u8; 16]),
}

impl Still {
    /// Fails if the keys were renewed since, or what opened them was revoked: an answer that took long
    /// to compute must not bring it back.
    fn check_in_tx(self, tx: &Tx<'_>, account: AccountId) -> Result<(), Error> {
        let keys = tx.get(&ACCOUNT_KEYS, &account)?.ok_or(Error::Refused)?;
        if keys.number != self.number {
            return Err(Error::Refused);
        }
        match self.opened_by {
            Opener::Credential(id) => there_in_tx(tx, account, id),
            Opener::Session(id) => session_rows::open_in_tx(tx, account, id),
        }
    }
}

impl Credential {
    pub(in crate::gateway) fn new(
        kind: CredentialKind,
        wrapped_unlock: Vec<u8>,
        created: Timestamp,
    ) -> Credential {
        Credential {
            kind,
            wrapped_unlock,
            created,
            label: String::new(),
            last_used: None,
            passkey: None,
        }
    }
}

/// An app password or a passkey as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialView {
    pub id: String,
    pub label: String,
    pub created: Timestamp,
    pub last_used: Option<Timestamp>,
}

/// The credentials of an account other than its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsView {
    pub app_passwords: Vec<CredentialView>,
    pub passkeys: Vec<CredentialView>,
    /// Whether a sign-in by password requires a TOTP code.
    pub totp: bool,
}

pub const LABEL_CHARS_MAX: usize = 60;

impl Gateway {
    pub(in crate::gateway) fn unlock_by_password(
        &self,
        id: AccountId,
        password: &Password,
    ) -> Result<UnlockKey, Error> {
        Ok(self.unlock_with(id, password)?.0)
    }

    /// The unlock key, and the ID of the credential that opened it. A password that we issued may be
    /// spelled in any way; every password that is checked is checked here.
    pub(in crate::gateway) fn unlock_with(
        &self,
        id: AccountId,
        password: &Password,
    ) -> Result<(UnlockKey, [u8; 16]), Error> {
        let found = self.credential(id, CredentialKind::Password)?.ok_or(Error::Refused)?;
        let issued = self.temporary(id)?.is_some_and(|row| row.opens_by() != OpensBy::Own);
        let spelled = if issued { vault::as_issued(password).ok() } else { None };
        let password = spelled.as_ref().unwrap_or(password);
        let bound = credential_binding(id, found.id);
        let unlock = self.inner.vault.passwords().open(&found.wrapped_unlock, password, &bound)?;
        Ok((unlock, found.id))
    }

    pub(in crate::gateway) fn credential(
        &self,
        account: AccountId,
        kind: CredentialKind,
    ) -> Result<Option<FoundCredential>, Error> {
        let mut found = None;
        self.inner.store.scan(&CREDENTIALS, &account, Order::Ascending, |(_, id), row| {
            if row.kind != kind {
                return ControlFlow::Continue(());
            }
            found = Some(FoundCredential { id, wrapped_unlock: row.wrapped_unlock });
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    pub(in crate::gateway) fn credential_new(
        &self,
        account: AccountId,
        chosen: Chosen<'_>,
        unlock: &UnlockKey,
    ) -> Result<([u8; 16], Credential), Error> {
        let id = vault::random_bytes()?;
        let bound = credential_binding(account, id);
        let passwords = self.inner.vault.passwords();
        let wrapped_unlock = passwords.wrap(chosen.password(), unlock, &bound)?;
        let created = self.inner.clock.now();
        Ok((id, Credential::new(CredentialKind::Password, wrapped_unlock, created)))
    }

    pub(in crate::gateway) fn credential_replace(
        &self,
        account: AccountId,
        Replaced { renewal, from, still, alone }: Replaced,
        (id, credential): ([u8; 16], Credential),
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        self.account_changed(account, &from, move |tx| {
            still.check_in_tx(tx, account)?;
            drop_in_tx(tx, account, |kind| renewal.ends(kind))?;
            if renewal == Renewal::Password {
                own_in_tx(tx, account, now)?;
            }
            tx.put(&CREDENTIALS, &(account, id), &credential)?;
            if alone.is_some() {
                session_rows::end_others_in_tx(tx, account, alone)?;
            }
            Ok(Some(renewal.change()))
        })?;
        if alone.is_some() {
            self.publish_session(account);
        }
        Ok(())
    }

    /// The actor's credentials besides the password.
    pub fn credentials(&self, actor: &Actor) -> Result<CredentialsView, Error> {
        let account = actor.account();
        let (mut app_passwords, mut passkeys) = (Vec::new(), Vec::new());
        self.inner.store.scan(&CREDENTIALS, &account, Order::Ascending, |(_, id), row| {
            let view = CredentialView {
                id: hex(&id),
                label: row.label,
                created: row.created,
                last_used: row.last_used,
            };
            match row.kind {
                CredentialKind::App => app_passwords.push(view),
                CredentialKind::Passkey => passkeys.push(view),
                CredentialKind::Password | CredentialKind::Recovery => {}
            }
            ControlFlow::Continue(())
        })?;
        for list in [&mut app_passwords, &mut passkeys] {
            list.sort_by_key(|view| std::cmp::Reverse(view.created));
        }
        let totp = self.inner.store.get(&TOTP, &account)?.is_some_and(|codes| codes.on);
        Ok(CredentialsView { app_passwords, passkeys, totp })
    }

    /// Revokes an app password or a passkey, and ends the sessions that it opened.
    pub fn credential_remove(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        const MISSING: Error = Error::NotFound { what: "app password or passkey" };
        let account = actor.account();
        let id = parse_hex(id).ok_or(MISSING)?;
        self.account_changed(account, &actor.changes_from(), move |tx| {
            let found = tx.get(&CREDENTIALS, &(account, id))?.ok_or(MISSING)?;
            let change = match found.kind {
                CredentialKind::App => AccountChange::AppPasswordRemoved,
                CredentialKind::Passkey => AccountChange::PasskeyRemoved,
                CredentialKind::Password | CredentialKind::Recovery => return Err(MISSING),
            };
            tx.delete(&CREDENTIALS, &(account, id));
            Ok(Some(change))
        })?;
        self.sessions_close_opened_by(actor, id)
    }

    pub(in crate::gateway) fn credential_add(
        &self,
        actor: &Actor,
        id: [u8; 16],
        credential: Credential,
        added: Added,
    ) -> Result<(), Error> {
        let account = actor.account();
        self.account_changed(account, &actor.changes_from(), move |tx| {
            added.still.check_in_tx(tx, account)?;
            let mut there = 0;
            tx.scan(&CREDENTIALS, &account, Order::Ascending, |_, row| {
                there += usize::from(row.kind == credential.kind);
                ControlFlow::Continue(())
            })?;
            if there >= added.max {
                return Err(Error::OverQuota);
            }
            match tx.insert(&CREDENTIALS, &(account, id), &credential)? {
                true => Ok(Some(added.change)),
                false => Err(Error::Conflict(Conflict::Exists)),
            }
        })
    }
}

pub(in crate::gateway) fn checked_label(label: &str) -> Result<String, Error> {
    let label = label.trim();
    let fits = (1..=LABEL_CHARS_MAX).contains(&label.chars().count());
    match fits && !label.chars().any(char::is_control) {
        true => Ok(label.to_owned()),
        false => Err(Error::Invalid {
            what: format!("a name must have 1 to {LABEL_CHARS_MAX} characters"),
        }),
    }
}

/// Removes an account's credentials of certain kinds.
pub(in crate::gateway) fn drop_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    ends: impl Fn(CredentialKind) -> bool,
) -> Result<(), Error> {
    let mut old = Vec::new();
    tx.scan(&CREDENTIALS, &account, Order::Ascending, |key, row| {
        if ends(row.kind) {
            old.push(key);
        }
        ControlFlow::Continue(())
    })?;
    for key in &old {
        tx.delete(&CREDENTIALS, key);
    }
    Ok(())
}

/// Fails if a credential was revoked since.
pub(in crate::gateway) fn there_in_tx(
    tx: &Tx<'_>,
    account: AccountId,
    credential: [u8; 16],
) -> Result<(), Error> {
    if tx.has(&CREDENTIALS, &(account, credential))? { Ok(()) } else { Err(Error::Refused) }
}

/// The owner of an account has changed its password: a temporary one is opened by that from now on,
/// and by nothing that a mail says.
fn own_in_tx(tx: &mut Tx<'_>, account: AccountId, now: Timestamp) -> Result<(), Error> {
    let Some(mut row) = tx.get(&TEMPORARY, &account)? else { return Ok(()) };
    if row.hand_off == HandOff::InMail {
        row.hand_off = HandOff::Claim;
    }
    row.claimed.get_or_insert(now);
    row.sealed_password = None;
    Ok(tx.put(&TEMPORARY, &account, &row)?)
}
