//! What opens an account: a password, app passwords for programs, passkeys, a recovery key; and
//! the codes that a password may need besides.
//!
//! Each credential wraps the same unlock key, so each is made and removed by itself. An app
//! password reads and sends mail and no more: it cannot make another credential, so that whoever
//! finds one in a program's settings cannot take the account over.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::store::{Order, Read, Tx};
use crate::vault::passkey::Expected;
use crate::vault::{self, AccountSecret, AppPassword, Lookup, Password, RecoveryKey, UnlockKey};

pub use crate::vault::PasskeySecret;
pub use crate::vault::passkey::{ALGORITHMS, Assertion, Challenge, Registration};

use super::session::{Browser, LoggedIn, OpenedBy, checked_passphrase, hex, parse_hex};
use super::tables::{
    ACCOUNT_KEYS, AccountId, CODES, CREDENTIALS, Codes, Credential, CredentialKind, PasskeyRecord,
};
use super::{Actor, Error, Gateway};

/// What a credential's wrap is bound to: its account and itself.
fn credential_binding(account: AccountId, credential: [u8; 16]) -> [u8; 32] {
    let mut bound = [0; 32];
    bound[..16].copy_from_slice(&account.0);
    bound[16..].copy_from_slice(&credential);
    bound
}

/// A credential as it was found.
pub(super) struct FoundCredential {
    id: [u8; 16],
    wrapped_unlock: Vec<u8>,
}

/// What takes the place of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    Password,
    RecoveryKey,
    /// A password, by the recovery key.
    Recovered,
}

impl Renewal {
    /// Whether a credential of this kind opens nothing from now on.
    fn ends(self, kind: CredentialKind) -> bool {
        use CredentialKind::{App, Passkey, Password, Recovery};
        match self {
            Renewal::Password => matches!(kind, Password | App),
            Renewal::RecoveryKey => kind == Recovery,
            Renewal::Recovered => matches!(kind, Password | App | Passkey),
        }
    }
}

impl Credential {
    fn new(kind: CredentialKind, wrapped_unlock: Vec<u8>, created: Timestamp) -> Credential {
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

/// An app password or a passkey, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialView {
    pub id: String,
    pub label: String,
    pub created: Timestamp,
    pub last_used: Option<Timestamp>,
}

/// What opens an account besides its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsView {
    pub app_passwords: Vec<CredentialView>,
    pub passkeys: Vec<CredentialView>,
    /// Whether a sign-in by password needs a code.
    pub codes: bool,
}

/// What a browser makes a passkey from.
#[derive(Debug)]
pub struct PasskeyAsk {
    pub challenge: Challenge,
    pub user_id: [u8; 16],
    pub name: String,
    pub display_name: String,
    /// Passkeys there are already, by their own identifiers.
    pub there: Vec<Vec<u8>>,
}

/// A passkey that a browser made.
pub struct PasskeyNew<'a> {
    pub challenge: Challenge,
    pub origin: &'a str,
    pub rp_id: &'a str,
    pub said: Registration<'a>,
    pub secret: PasskeySecret,
    pub label: &'a str,
}

/// A sign-in by passkey.
pub struct PasskeyLogIn<'a> {
    /// The account, as the authenticator keeps it (`userHandle`).
    pub user_id: &'a [u8],
    pub credential_id: &'a [u8],
    pub challenge: Challenge,
    pub origin: &'a str,
    pub rp_id: &'a str,
    pub said: Assertion<'a>,
    pub secret: PasskeySecret,
    pub browser: Browser,
}

/// What an authenticator app is told, once.
pub struct CodesNew {
    /// In base32, for typing.
    pub secret: Zeroizing<String>,
    /// `otpauth://…`, for a picture.
    pub uri: Zeroizing<String>,
}

const LABEL_CHARS_MAX: usize = 60;
/// What a passkey is asked to sign at sign-in.
const FOR_SIGN_IN: &[u8] = b"sign in";

/// Challenges that were answered, until they are too old: none is good twice.
#[derive(Default)]
pub(super) struct Answered(Mutex<HashMap<Challenge, Timestamp>>);

impl Answered {
    fn note(&self, challenge: Challenge, now: Timestamp, until: Timestamp) -> Result<(), Error> {
        let mut answered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answered.retain(|_, until| *until >= now);
        match answered.insert(challenge, until) {
            None => Ok(()),
            Some(_) => Err(Error::Refused),
        }
    }
}

impl Gateway {
    /// Changes a password: one record is wrapped anew, nothing else moves. Every session ends, and
    /// so do the app passwords.
    pub fn account_password(
        &self,
        name: &str,
        old: &Password,
        new: &Password,
    ) -> Result<(), Error> {
        let id = self.account_named(name)?;
        let unlock = self.unlock_by_password(id, old)?;
        self.password_replace(id, new, &unlock, Renewal::Password, None)
    }

    /// The same by the account's owner, whose present session stays.
    pub fn password_change(
        &self,
        actor: &Actor,
        old: &Password,
        new: &Password,
    ) -> Result<(), Error> {
        checked_passphrase(new)?;
        let unlock = self.unlock_by_password(actor.account(), old)?;
        let keeps = Some(actor.session());
        self.password_replace(actor.account(), new, &unlock, Renewal::Password, keeps)
    }

    /// A new recovery key for the account's owner, who says the password once more; the one
    /// before opens nothing from now on. It is told here and never again.
    pub fn recovery_renew(&self, actor: &Actor, password: &Password) -> Result<RecoveryKey, Error> {
        let account = actor.account();
        let unlock = self.unlock_by_password(account, password)?;
        let recovery = RecoveryKey::generate()?;
        let new = self.recovery_new(account, &recovery, &unlock)?;
        self.credential_replace(account, Renewal::RecoveryKey, new)?;
        Ok(recovery)
    }

    /// Sets a new password by the recovery key; nothing is lost. Every session, app password and
    /// passkey ends, and codes are off: whoever had to come back this way may have lost the
    /// phone too, or have somebody else in the account. An unknown name is refused as a wrong
    /// key is.
    pub fn account_recover(
        &self,
        name: &str,
        recovery: &RecoveryKey,
        new: &Password,
    ) -> Result<(), Error> {
        checked_passphrase(new)?;
        let id = self.account_find(name)?.ok_or(Error::Refused)?;
        if self.account(id)?.disabled {
            return Err(Error::Refused);
        }
        let found = self.credential(id, CredentialKind::Recovery)?.ok_or(Error::Refused)?;
        let bound = credential_binding(id, found.id);
        let unlock = recovery.open(&found.wrapped_unlock, &bound)?;
        self.password_replace(id, new, &unlock, Renewal::Recovered, None)
    }

    pub(super) fn unlock_by_password(
        &self,
        id: AccountId,
        password: &Password,
    ) -> Result<UnlockKey, Error> {
        Ok(self.unlock_with(id, password)?.0)
    }

    /// The unlock key, and the credential that opened it.
    pub(super) fn unlock_with(
        &self,
        id: AccountId,
        password: &Password,
    ) -> Result<(UnlockKey, [u8; 16]), Error> {
        let found = self.credential(id, CredentialKind::Password)?.ok_or(Error::Refused)?;
        let bound = credential_binding(id, found.id);
        let unlock = self.inner.vault.passwords().open(&found.wrapped_unlock, password, &bound)?;
        Ok((unlock, found.id))
    }

    fn credential(
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

    pub(super) fn credential_new(
        &self,
        account: AccountId,
        password: &Password,
        unlock: &UnlockKey,
    ) -> Result<([u8; 16], Credential), Error> {
        let id = vault::random_bytes()?;
        let bound = credential_binding(account, id);
        let wrapped_unlock = self.inner.vault.passwords().wrap(password, unlock, &bound)?;
        let created = self.inner.clock.now();
        Ok((id, Credential::new(CredentialKind::Password, wrapped_unlock, created)))
    }

    pub(super) fn recovery_new(
        &self,
        account: AccountId,
        recovery: &RecoveryKey,
        unlock: &UnlockKey,
    ) -> Result<([u8; 16], Credential), Error> {
        let id = vault::random_bytes()?;
        let wrapped_unlock = recovery.wrap(unlock, &credential_binding(account, id))?;
        let created = self.inner.clock.now();
        Ok((id, Credential::new(CredentialKind::Recovery, wrapped_unlock, created)))
    }

    fn password_replace(
        &self,
        account: AccountId,
        new: &Password,
        unlock: &UnlockKey,
        renewal: Renewal,
        keeps: Option<[u8; 16]>,
    ) -> Result<(), Error> {
        let new = self.credential_new(account, new, unlock)?;
        self.credential_replace(account, renewal, new)?;
        self.sessions_close_but(account, keeps)
    }

    fn credential_replace(
        &self,
        account: AccountId,
        renewal: Renewal,
        (id, credential): ([u8; 16], Credential),
    ) -> Result<(), Error> {
        let done = self.inner.store.transact(move |tx| {
            drop_in_tx(tx, account, |kind| renewal.ends(kind))?;
            if renewal == Renewal::Recovered {
                tx.delete(&CODES, &account);
            }
            Ok::<_, Error>(tx.put(&CREDENTIALS, &(account, id), &credential)?)
        });
        done.wait()
    }

    /// What opens the actor's account besides the password.
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
        let codes = self.inner.store.get(&CODES, &account)?.is_some_and(|codes| codes.on);
        Ok(CredentialsView { app_passwords, passkeys, codes })
    }

    /// Removes an app password or a passkey; the sessions it opened end.
    pub fn credential_remove(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        const MISSING: Error = Error::NotFound { what: "app password or passkey" };
        let account = actor.account();
        let id = parse_hex(id).ok_or(MISSING)?;
        let done = self.inner.store.transact(move |tx| {
            let found = tx.get(&CREDENTIALS, &(account, id))?.ok_or(MISSING)?;
            if !matches!(found.kind, CredentialKind::App | CredentialKind::Passkey) {
                return Err(MISSING);
            }
            tx.delete(&CREDENTIALS, &(account, id));
            Ok(())
        });
        done.wait()?;
        self.sessions_close_opened_by(account, id)
    }

    /// A new app password, which is told here and never again. Needs the password once more.
    pub fn app_password_new(
        &self,
        actor: &Actor,
        password: &Password,
        label: &str,
    ) -> Result<(CredentialView, AppPassword), Error> {
        let label = checked_label(label)?;
        let account = actor.account();
        let unlock = self.unlock_by_password(account, password)?;
        let made = AppPassword::generate()?;
        // Found by what it is, since nobody types which one it is.
        let id = self.inner.vault.app_password_lookup(&account.0, &made);
        let wrapped = made.wrap(&unlock, &credential_binding(account, id))?;
        let created = self.inner.clock.now();
        let credential = Credential {
            label: label.clone(),
            ..Credential::new(CredentialKind::App, wrapped, created)
        };
        self.credential_add(account, id, credential, self.inner.settings.app_passwords_max)?;
        Ok((CredentialView { id: hex(&id), label, created, last_used: None }, made))
    }

    /// Opens the account when what was typed is one of its app passwords.
    pub(super) fn open_by_app_password(
        &self,
        account: AccountId,
        typed: &Password,
    ) -> Result<Option<OpenedBy>, Error> {
        let Ok(typed) = AppPassword::parse(typed) else { return Ok(None) };
        let id = self.inner.vault.app_password_lookup(&account.0, &typed);
        let found = self.inner.store.get(&CREDENTIALS, &(account, id))?;
        let Some(found) = found.filter(|row| row.kind == CredentialKind::App) else {
            return Ok(None);
        };
        let unlock = typed.open(&found.wrapped_unlock, &credential_binding(account, id))?;
        let kind = CredentialKind::App;
        Ok(Some(OpenedBy { account, unlock, kind, credential: id, sign_count: None, step: None }))
    }

    /// What a browser needs to make a passkey. Needs the password once more.
    pub fn passkey_begin(&self, actor: &Actor, password: &Password) -> Result<PasskeyAsk, Error> {
        let account = actor.account();
        self.unlock_by_password(account, password)?;
        let mut there = Vec::new();
        self.inner.store.scan(&CREDENTIALS, &account, Order::Ascending, |_, row| {
            there.extend(row.passkey.map(|passkey| passkey.credential_id));
            ControlFlow::Continue(())
        })?;
        let view = self.account(account)?;
        let now = self.inner.clock.now().unix_secs();
        Ok(PasskeyAsk {
            challenge: self.inner.vault.challenge_new(&for_new_passkey(actor), now)?,
            user_id: account.0,
            name: view.name,
            display_name: view.display_name,
            there,
        })
    }

    /// Keeps a passkey that the browser made, in the session that asked for it.
    pub fn passkey_add(
        &self,
        actor: &Actor,
        unlock: &UnlockKey,
        new: &PasskeyNew<'_>,
    ) -> Result<CredentialView, Error> {
        const FLAWED: fn(vault::Error) -> Error =
            |_| Error::Invalid { what: "what the browser says of the passkey".to_owned() };
        let label = checked_label(new.label)?;
        let account = actor.account();
        self.challenge_check(&new.challenge, &for_new_passkey(actor)).map_err(FLAWED)?;
        let expected = Expected { origin: new.origin, rp_id: new.rp_id, challenge: &new.challenge };
        let made = new.said.check(&expected).map_err(FLAWED)?;
        let id = self.passkey_lookup(account, &made.credential_id);
        let wrapped = new.secret.wrap(unlock, &credential_binding(account, id))?;
        let created = self.inner.clock.now();
        let passkey = PasskeyRecord {
            credential_id: made.credential_id,
            public_key: made.public_key,
            sign_count: made.sign_count,
        };
        let credential = Credential {
            label: label.clone(),
            passkey: Some(passkey),
            ..Credential::new(CredentialKind::Passkey, wrapped, created)
        };
        self.credential_add(account, id, credential, self.inner.settings.passkeys_max)?;
        Ok(CredentialView { id: hex(&id), label, created, last_used: None })
    }

    /// What a passkey is asked to sign at sign-in. Nothing is kept for who only asks.
    pub fn passkey_challenge(&self) -> Result<Challenge, Error> {
        let now = self.inner.clock.now().unix_secs();
        Ok(self.inner.vault.challenge_new(FOR_SIGN_IN, now)?)
    }

    /// Opens a session by a passkey. One answer for whatever does not fit.
    pub fn session_open_by_passkey(&self, login: PasskeyLogIn<'_>) -> Result<LoggedIn, Error> {
        let opened = self.open_by_passkey(&login)?;
        let now = self.inner.clock.now();
        let until = now.plus_secs(self.inner.settings.challenge_secs);
        self.inner.challenges.note(login.challenge, now, until)?;
        self.session_begin(opened, false, login.browser)
    }

    fn open_by_passkey(&self, login: &PasskeyLogIn<'_>) -> Result<OpenedBy, Error> {
        let account = AccountId(login.user_id.try_into().map_err(|_| Error::Refused)?);
        let id = self.passkey_lookup(account, login.credential_id);
        let found = self.inner.store.get(&CREDENTIALS, &(account, id))?.ok_or(Error::Refused)?;
        let passkey = found.passkey.as_ref().ok_or(Error::Refused)?;
        self.challenge_check(&login.challenge, FOR_SIGN_IN).map_err(|_| Error::Refused)?;
        let expected =
            Expected { origin: login.origin, rp_id: login.rp_id, challenge: &login.challenge };
        let asserted = login.said.check(&passkey.public_key, passkey.sign_count, &expected);
        let asserted = asserted.map_err(|_| Error::Refused)?;
        let bound = credential_binding(account, id);
        let unlock = login.secret.open(&found.wrapped_unlock, &bound)?;
        Ok(OpenedBy {
            account,
            unlock,
            kind: CredentialKind::Passkey,
            credential: id,
            sign_count: Some(asserted.sign_count),
            step: None,
        })
    }

    fn challenge_check(&self, challenge: &Challenge, purpose: &[u8]) -> Result<(), vault::Error> {
        let now = self.inner.clock.now().unix_secs();
        let age = self.inner.settings.challenge_secs;
        self.inner.vault.challenge_check(challenge, purpose, now, age)
    }

    fn passkey_lookup(&self, account: AccountId, credential_id: &[u8]) -> [u8; 16] {
        self.inner.vault.lookup(Lookup::Passkey, &[&account.0[..], credential_id].concat())
    }

    fn credential_add(
        &self,
        account: AccountId,
        id: [u8; 16],
        credential: Credential,
        max: usize,
    ) -> Result<(), Error> {
        let done = self.inner.store.transact(move |tx| {
            let mut there = 0;
            tx.scan(&CREDENTIALS, &account, Order::Ascending, |_, row| {
                there += usize::from(row.kind == credential.kind);
                ControlFlow::Continue(())
            })?;
            if there >= max {
                return Err(Error::OverQuota);
            }
            match tx.insert(&CREDENTIALS, &(account, id), &credential)? {
                true => Ok(()),
                false => Err(Error::Conflict { code: "exists" }),
            }
        });
        done.wait()
    }

    /// A secret for an authenticator app. Nothing asks for codes before one was shown to work.
    /// Needs the password once more; `codes-on` when they are on already.
    pub fn codes_begin(&self, actor: &Actor, password: &Password) -> Result<CodesNew, Error> {
        let account = actor.account();
        self.unlock_by_password(account, password)?;
        let secret = Zeroizing::new(vault::random_bytes::<SECRET_OCTETS>()?);
        let sealed_secret = actor.secret().seal_own(&codes_binding(account), &*secret)?;
        let codes = Codes { sealed_secret, on: false, last_step: 0 };
        let done = self.inner.store.transact(move |tx| {
            if tx.get(&CODES, &account)?.is_some_and(|codes| codes.on) {
                return Err(Error::Conflict { code: "codes-on" });
            }
            Ok(tx.put(&CODES, &account, &codes)?)
        });
        done.wait()?;
        // Neither may hold what separates them.
        let plain = |text: &str| text.replace(':', " ");
        let totp = Builder::new()
            .with_secret(secret.to_vec())
            .with_issuer(Some(plain(&self.house()?.organisation)))
            .with_account_name(plain(&self.account(account)?.name))
            .build()
            .map_err(|_| Error::Invalid { what: "the name for an authenticator".to_owned() })?;
        let uri = totp.to_url().map_err(|_| Error::Invalid { what: "the name".to_owned() })?;
        let secret = totp_rs::Secret::from(secret.to_vec()).to_base32();
        Ok(CodesNew { secret: Zeroizing::new(secret), uri: Zeroizing::new(uri) })
    }

    /// Asks for codes from now on, once `code` was right.
    pub fn codes_on(&self, actor: &Actor, code: &str) -> Result<(), Error> {
        const MISSING: Error = Error::NotFound { what: "secret for codes" };
        let account = actor.account();
        let codes = self.inner.store.get(&CODES, &account)?.ok_or(MISSING)?;
        let step = self.matched_step(account, actor.secret(), &codes, code)?;
        let done = self.inner.store.transact(move |tx| {
            let mut now = tx.get(&CODES, &account)?.ok_or(MISSING)?;
            if now.sealed_secret != codes.sealed_secret || step <= now.last_step {
                return Err(Error::WrongCode);
            }
            (now.on, now.last_step) = (true, step);
            Ok(tx.put(&CODES, &account, &now)?)
        });
        done.wait()
    }

    /// Asks for no codes any more. Needs the password once more.
    pub fn codes_off(&self, actor: &Actor, password: &Password) -> Result<(), Error> {
        let account = actor.account();
        self.unlock_by_password(account, password)?;
        let done = self.inner.store.transact(move |tx| {
            tx.delete(&CODES, &account);
            Ok::<_, Error>(())
        });
        done.wait()
    }

    /// The step of the code that a sign-in by password brings, where one is needed.
    pub(super) fn code_step(
        &self,
        account: AccountId,
        unlock: &UnlockKey,
        code: Option<&str>,
    ) -> Result<Option<u64>, Error> {
        let Some(codes) = self.inner.store.get(&CODES, &account)?.filter(|codes| codes.on) else {
            return Ok(None);
        };
        let code = code.ok_or(Error::CodeNeeded)?;
        let keys = self.inner.store.get(&ACCOUNT_KEYS, &account)?.ok_or(Error::Refused)?;
        let secret = unlock.open_account(&keys.sealed_private, &account.0)?;
        self.matched_step(account, &secret, &codes, code).map(Some)
    }

    fn matched_step(
        &self,
        account: AccountId,
        secret: &AccountSecret,
        codes: &Codes,
        code: &str,
    ) -> Result<u64, Error> {
        let secret = secret.open_own(&codes_binding(account), &codes.sealed_secret)?;
        let totp = totp_of(&secret)?;
        let now = u64::try_from(self.inner.clock.now().unix_secs()).unwrap_or_default();
        let digits: Zeroizing<String> = Zeroizing::new(
            code.chars().filter(|c| !c.is_whitespace()).take(CODE_CHARS_MAX).collect(),
        );
        totp.check(&digits, now).ok_or(Error::WrongCode)
    }
}

/// The length of a secret for codes (RFC 4226 §4, R6).
const SECRET_OCTETS: usize = 20;
const CODE_CHARS_MAX: usize = 16;

/// Codes as every authenticator app makes them: SHA-1, six digits, 30 seconds, one step of
/// patience either way (RFC 6238 §5.2).
fn totp_of(secret: &[u8]) -> Result<Totp, Error> {
    let damaged = |_| Error::Damaged { what: "the secret for codes".to_owned() };
    Builder::new().with_secret(secret.to_vec()).build().map_err(damaged)
}

fn codes_binding(account: AccountId) -> Vec<u8> {
    [b"codes ".as_slice(), &account.0].concat()
}

fn for_new_passkey(actor: &Actor) -> Vec<u8> {
    [b"new passkey ".as_slice(), &actor.session()].concat()
}

fn checked_label(label: &str) -> Result<String, Error> {
    let label = label.trim();
    let fits = (1..=LABEL_CHARS_MAX).contains(&label.chars().count());
    match fits && !label.chars().any(char::is_control) {
        true => Ok(label.to_owned()),
        false => {
            Err(Error::Invalid { what: format!("a name of 1 to {LABEL_CHARS_MAX} characters") })
        }
    }
}

/// Removes an account's credentials of some kinds.
pub(super) fn drop_in_tx(
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
