//! Sessions: a log-in opens one, and each request opens the keys it needs with its token.
//!
//! The store keeps a hash of the token. The session's record holds the unlock key wrapped by a
//! key that only the token leads to, so between requests the daemon can open nothing, and a
//! restart signs nobody out. A session is bound to the key pair of one browser (DPoP, RFC 9449):
//! a token alone opens nothing.

use std::net::IpAddr;
use std::ops::ControlFlow;

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::store::{Order, Read, Tx};
use crate::vault::{self, AccountSecret, Password, SessionToken, UnlockKey};

use super::tables::{
    ACCOUNT_KEYS, ACCOUNTS, AccountId, CODES, CREDENTIALS, CredentialKind, HandOff, SESSION_IDS,
    SESSIONS, Session, SessionRef,
};
use super::{AccountView, Error, Gateway};

/// Where a session lives: on one's own browser, or on a computer that others use too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Browser,
    Shared,
}

/// Who asks for a session, whatever opens the account.
pub struct Browser {
    /// RFC 7638 thumbprint of the key the session is to be bound to.
    pub key_thumbprint: String,
    pub agent: String,
    pub peer: IpAddr,
    pub profile: Profile,
}

/// A request to log in.
pub struct LogIn<'a> {
    /// Login name or address.
    pub name: &'a str,
    /// The account's own, or an app password.
    pub password: Password,
    /// From an authenticator app, where the account asks for codes.
    pub code: Option<&'a str>,
    pub browser: Browser,
    /// The outsider's own password, at the first sign-in to a temporary account.
    pub new_password: Option<Password>,
}

/// An account that was opened, and by what.
pub(super) struct OpenedBy {
    pub account: AccountId,
    pub unlock: UnlockKey,
    pub kind: CredentialKind,
    pub credential: [u8; 16],
    /// What a passkey has counted to.
    pub sign_count: Option<u32>,
    /// The step of the code that came along.
    pub step: Option<u64>,
}

/// A session that was opened. The token is told here and never again.
pub struct LoggedIn {
    pub token: Zeroizing<String>,
    pub session: SessionView,
    pub account: AccountView,
    pub last_sign_in: Option<Timestamp>,
}

/// What the owner sees of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    pub id: String,
    pub agent: String,
    pub peer: String,
    pub created: Timestamp,
    pub last_used: Timestamp,
    pub expires: Timestamp,
    pub current: bool,
}

/// On whose behalf one request runs, with the keys opened for it. They are wiped with it.
pub struct Actor {
    account: AccountId,
    session: [u8; 16],
    secret: AccountSecret,
    is_temporary: bool,
    is_app: bool,
    is_manager: bool,
    confirmed: Timestamp,
}

impl Actor {
    /// Whether the account is a manager's.
    pub fn is_manager(&self) -> bool {
        self.is_manager
    }

    /// When the password was last said in this session.
    pub fn confirmed(&self) -> Timestamp {
        self.confirmed
    }

    /// The account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Whether the account may do no more than read, reject and reply.
    pub fn is_temporary(&self) -> bool {
        self.is_temporary
    }

    /// Whether an app password opened the session, which reads and sends mail and no more.
    pub fn is_app(&self) -> bool {
        self.is_app
    }

    /// The session's id in text form.
    pub fn session_id(&self) -> String {
        hex(&self.session)
    }

    pub(super) fn session(&self) -> [u8; 16] {
        self.session
    }

    pub(super) fn secret(&self) -> &AccountSecret {
        &self.secret
    }
}

/// How seldom a session's `last_used` is written.
const TOUCH_EVERY_SECS: i64 = 60;
const AGENT_CHARS_MAX: usize = 200;

impl Session {
    fn expires(&self) -> Timestamp {
        self.last_used.plus_secs(self.idle_secs).min(self.ends)
    }

    fn view(&self, current: Option<[u8; 16]>) -> SessionView {
        SessionView {
            id: hex(&self.id),
            agent: self.agent.clone(),
            peer: self.peer.clone(),
            created: self.created,
            last_used: self.last_used,
            expires: self.expires(),
            current: current == Some(self.id),
        }
    }

    fn binding(&self) -> [u8; 32] {
        binding(self.account, self.id)
    }
}

fn binding(account: AccountId, session: [u8; 16]) -> [u8; 32] {
    let mut bound = [0; 32];
    bound[..16].copy_from_slice(&account.0);
    bound[16..].copy_from_slice(&session);
    bound
}

/// What opened an account must still be there: another password may have taken its place since
/// it was checked (at the claim of a temporary account, of two who are at it only one is let
/// in). A code and a passkey's count are used up with it.
fn use_credential_in_tx(tx: &mut Tx<'_>, opened: &OpenedBy, now: Timestamp) -> Result<(), Error> {
    let key = (opened.account, opened.credential);
    let mut credential = tx.get(&CREDENTIALS, &key)?.ok_or(Error::Refused)?;
    if opened.kind == CredentialKind::Password {
        return use_code_in_tx(tx, opened);
    }
    if let (Some(passkey), Some(count)) = (&mut credential.passkey, opened.sign_count) {
        if count > 0 && count <= passkey.sign_count {
            return Err(Error::Refused);
        }
        passkey.sign_count = count;
    }
    credential.last_used = Some(now);
    Ok(tx.put(&CREDENTIALS, &key, &credential)?)
}

fn use_code_in_tx(tx: &mut Tx<'_>, opened: &OpenedBy) -> Result<(), Error> {
    let Some(mut codes) = tx.get(&CODES, &opened.account)?.filter(|codes| codes.on) else {
        return Ok(());
    };
    let step = opened.step.ok_or(Error::CodeNeeded)?;
    if step <= codes.last_step {
        return Err(Error::WrongCode);
    }
    codes.last_step = step;
    Ok(tx.put(&CODES, &opened.account, &codes)?)
}

impl Gateway {
    /// Checks a name and a password and opens a session. One answer for an unknown name, a
    /// wrong password and a disabled account, after the same work. `CodeNeeded` or
    /// `WrongCode` only to who knows the password.
    pub fn session_open(&self, login: LogIn<'_>) -> Result<LoggedIn, Error> {
        let mut opened = self.authenticate(login.name, &login.password)?;
        if opened.kind == CredentialKind::Password {
            opened.step = self.code_step(opened.account, &opened.unlock, login.code)?;
        }
        let own = login.new_password.as_ref();
        let claims = self.sign_in_temporary(opened.account, &opened.unlock, own)?;
        self.session_begin(opened, claims, login.browser)
    }

    /// Begins a session in an account that was opened. `claims`: a temporary account that was
    /// given another password than the one that opened it.
    pub(super) fn session_begin(
        &self,
        opened: OpenedBy,
        claims: bool,
        browser: Browser,
    ) -> Result<LoggedIn, Error> {
        let id = opened.account;
        let token = SessionToken::generate()?;
        let now = self.inner.clock.now();
        let previous = self.account(id)?.last_sign_in;
        let session_id = vault::random_bytes()?;
        let session = Session {
            id: session_id,
            account: id,
            key_thumbprint: browser.key_thumbprint,
            agent: printable(&browser.agent, AGENT_CHARS_MAX),
            peer: browser.peer.to_string(),
            created: now,
            last_used: now,
            idle_secs: self.idle_secs(browser.profile),
            ends: now.plus_secs(self.inner.settings.session_max_secs),
            previous_sign_in: previous,
            confirmed: now,
            wrapped_unlock: token.wrap_unlock(&opened.unlock, &binding(id, session_id))?,
            by: opened.kind,
            credential: opened.credential,
        };
        let view = session.view(Some(session_id));
        let key = token.id();
        let done = self.inner.store.transact(move |tx| {
            let found = tx.get(&ACCOUNTS, &id)?;
            let mut account = found.filter(|account| !account.disabled).ok_or(Error::Refused)?;
            if !claims {
                use_credential_in_tx(tx, &opened, now)?;
            }
            account.last_sign_in = Some(now);
            account.last_interaction = Some(now);
            tx.put(&ACCOUNTS, &id, &account)?;
            tx.put(&SESSIONS, &key, &session)?;
            tx.put(&SESSION_IDS, &(id, session_id), &SessionRef(key))?;
            Ok::<_, Error>(())
        });
        done.wait()?;
        let account = self.account_view(id)?;
        self.publish_session(id);
        Ok(LoggedIn { token: token.expose(), session: view, account, last_sign_in: previous })
    }

    /// What a sign-in to a temporary account needs besides the password; tells whether it was
    /// claimed just now, by another password than the one that was checked.
    fn sign_in_temporary(
        &self,
        id: AccountId,
        unlock: &vault::UnlockKey,
        own: Option<&Password>,
    ) -> Result<bool, Error> {
        let Some(temporary) = self.temporary(id)? else { return Ok(false) };
        if temporary.expires <= self.inner.clock.now() {
            return Err(Error::Refused);
        }
        match (temporary.claimed, temporary.hand_off, own) {
            (Some(_), ..) => Ok(false),
            (None, HandOff::InMail, _) => self.first_sign_in(id).map(|()| false),
            (None, HandOff::Claim | HandOff::BySender, None) => Err(Error::ClaimFirst),
            (None, HandOff::Claim | HandOff::BySender, Some(own)) => {
                checked_passphrase(own)?;
                self.claim(id, unlock, own).map(|()| true)
            }
        }
    }

    /// Opens the keys for one request: the token must be known, alive, and bound to this key.
    pub fn session_actor(&self, token: &str, key_thumbprint: &str) -> Result<Actor, Error> {
        let token = SessionToken::parse(token).map_err(|_| Error::Refused)?;
        let (session, unlock) = self.session_unlock(&token, key_thumbprint)?;
        let now = self.inner.clock.now();
        let keys = self.inner.store.get(&ACCOUNT_KEYS, &session.account)?.ok_or(Error::Refused)?;
        let secret = unlock.open_account(&keys.sealed_private, &session.account.0)?;
        if now.unix_secs() - session.last_used.unix_secs() >= TOUCH_EVERY_SECS {
            self.session_touch(token.id(), now);
        }
        let temporary = self.temporary(session.account)?;
        if temporary.as_ref().is_some_and(|row| row.expires <= now) {
            return Err(Error::Refused);
        }
        let is_temporary = temporary.is_some();
        let account = self.account(session.account).map_err(|_| Error::Refused)?;
        let is_app = session.by == CredentialKind::App;
        Ok(Actor {
            account: session.account,
            session: session.id,
            secret,
            is_temporary,
            is_app,
            is_manager: account.manages() && !is_app,
            confirmed: session.confirmed,
        })
    }

    /// The unlock key of a session, for what wraps it anew.
    pub fn session_unlock_key(
        &self,
        token: &str,
        key_thumbprint: &str,
    ) -> Result<UnlockKey, Error> {
        let token = SessionToken::parse(token).map_err(|_| Error::Refused)?;
        self.session_unlock(&token, key_thumbprint).map(|(_, unlock)| unlock)
    }

    fn session_unlock(
        &self,
        token: &SessionToken,
        key_thumbprint: &str,
    ) -> Result<(Session, UnlockKey), Error> {
        let session = self.inner.store.get(&SESSIONS, &token.id())?.ok_or(Error::Refused)?;
        let over = session.expires() <= self.inner.clock.now();
        if session.key_thumbprint != key_thumbprint || over {
            return Err(Error::Refused);
        }
        let unlock = token.unwrap_unlock(&session.wrapped_unlock, &session.binding())?;
        Ok((session, unlock))
    }

    /// Takes the password once more, for what needs a fresh sign-in.
    pub fn session_confirm(&self, actor: &Actor, password: &Password) -> Result<(), Error> {
        self.unlock_by_password(actor.account, password)?;
        let (key, _) = self.session_by_id(actor.account, actor.session)?.ok_or(Error::Refused)?;
        let now = self.inner.clock.now();
        let done = self.inner.store.transact(move |tx| {
            let mut session = tx.get(&SESSIONS, &key)?.ok_or(Error::Refused)?;
            session.confirmed = now;
            Ok::<_, Error>(tx.put(&SESSIONS, &key, &session)?)
        });
        done.wait()
    }

    /// The actor's session, account, and the sign-in before this one.
    pub fn session_current(
        &self,
        actor: &Actor,
    ) -> Result<(SessionView, AccountView, Option<Timestamp>), Error> {
        let session = self.session_by_id(actor.account, actor.session)?.ok_or(Error::Refused)?.1;
        let account = self.account_view(actor.account)?;
        Ok((session.view(Some(actor.session)), account, session.previous_sign_in))
    }

    /// The account's living sessions, latest use first.
    pub fn session_list(&self, actor: &Actor) -> Result<Vec<SessionView>, Error> {
        let now = self.inner.clock.now();
        let mut views: Vec<_> = self
            .sessions_of(actor.account)?
            .into_iter()
            .filter(|(_, session)| session.expires() > now)
            .map(|(_, session)| session.view(Some(actor.session)))
            .collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.last_used));
        Ok(views)
    }

    /// Whether a session still lives. Needs no key, so that a stream of hints need not hold one.
    pub fn session_is_open(&self, account: AccountId, session_id: &str) -> Result<bool, Error> {
        let Some(id) = parse_hex(session_id) else { return Ok(false) };
        let found = self.session_by_id(account, id)?;
        let now = self.inner.clock.now();
        Ok(found.is_some_and(|(_, session)| session.expires() > now))
    }

    /// Ends one of the account's sessions.
    pub fn session_close(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let missing = Error::NotFound { what: "session" };
        let Some(id) = parse_hex(id) else { return Err(missing) };
        let (key, _) = self.session_by_id(actor.account, id)?.ok_or(missing)?;
        self.sessions_close(actor.account, vec![(key, id)])
    }

    /// Ends every session of the account, this one too.
    pub fn session_close_all(&self, actor: &Actor) -> Result<(), Error> {
        self.sessions_close_of(actor.account)
    }

    /// Removes sessions that are over. Called from a timer; does at most `limit` at once.
    pub fn sessions_expire(&self, limit: usize) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        let mut over = Vec::new();
        self.inner.store.scan(&SESSIONS, &(), Order::Ascending, |key, session| {
            if session.expires() <= now {
                over.push((key, session.account, session.id));
            }
            if over.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let count = over.len();
        for (key, account, id) in over {
            self.sessions_close(account, vec![(key, id)])?;
        }
        Ok(count)
    }

    pub(super) fn sessions_close_of(&self, account: AccountId) -> Result<(), Error> {
        self.sessions_close_but(account, None)
    }

    /// Ends every session of an account but one.
    pub(super) fn sessions_close_but(
        &self,
        account: AccountId,
        keeps: Option<[u8; 16]>,
    ) -> Result<(), Error> {
        let mut sessions = self.sessions_of(account)?;
        sessions.retain(|(_, session)| Some(session.id) != keeps);
        let keys = sessions.into_iter().map(|(key, session)| (key, session.id)).collect();
        self.sessions_close(account, keys)
    }

    /// Ends the sessions that a credential opened.
    pub(super) fn sessions_close_opened_by(
        &self,
        account: AccountId,
        credential: [u8; 16],
    ) -> Result<(), Error> {
        let mut sessions = self.sessions_of(account)?;
        sessions.retain(|(_, session)| session.credential == credential);
        let keys = sessions.into_iter().map(|(key, session)| (key, session.id)).collect();
        self.sessions_close(account, keys)
    }

    fn sessions_close(
        &self,
        account: AccountId,
        sessions: Vec<([u8; 32], [u8; 16])>,
    ) -> Result<(), Error> {
        let done = self.inner.store.transact(move |tx: &mut Tx<'_>| {
            for (key, id) in &sessions {
                tx.delete(&SESSIONS, key);
                tx.delete(&SESSION_IDS, &(account, *id));
            }
            Ok::<_, Error>(())
        });
        done.wait()?;
        self.publish_session(account);
        Ok(())
    }

    fn authenticate(&self, name: &str, password: &Password) -> Result<OpenedBy, Error> {
        let Some(id) = self.account_find(name)? else {
            // An unknown name costs what a wrong password costs.
            self.inner.vault.passwords().decoy(password)?;
            return Err(Error::Refused);
        };
        let opened = match self.open_by_app_password(id, password)? {
            Some(opened) => opened,
            None => self.open_by_password(id, password)?,
        };
        match self.account(id)?.disabled {
            true => Err(Error::Refused),
            false => Ok(opened),
        }
    }

    fn open_by_password(&self, account: AccountId, password: &Password) -> Result<OpenedBy, Error> {
        let (unlock, credential) = self.unlock_with(account, password)?;
        let kind = CredentialKind::Password;
        Ok(OpenedBy { account, unlock, kind, credential, sign_count: None, step: None })
    }

    fn session_touch(&self, key: [u8; 32], now: Timestamp) {
        let touched = self.inner.store.transact(move |tx| {
            if let Some(mut session) = tx.get(&SESSIONS, &key)? {
                session.last_used = session.last_used.max(now);
                tx.put(&SESSIONS, &key, &session)?;
            }
            Ok::<_, Error>(())
        });
        // Reading mail goes on when the disk is full; the session then only seems idle.
        if let Err(error) = touched.wait() {
            tracing::debug!(%error, "could not note the use of a session");
        }
    }

    fn sessions_of(&self, account: AccountId) -> Result<Vec<([u8; 32], Session)>, Error> {
        let mut keys = Vec::new();
        self.inner.store.scan(&SESSION_IDS, &account, Order::Ascending, |_, row| {
            keys.push(row.0);
            ControlFlow::Continue(())
        })?;
        let mut sessions = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(session) = self.inner.store.get(&SESSIONS, &key)? {
                sessions.push((key, session));
            }
        }
        Ok(sessions)
    }

    fn session_by_id(
        &self,
        account: AccountId,
        id: [u8; 16],
    ) -> Result<Option<([u8; 32], Session)>, Error> {
        let Some(SessionRef(key)) = self.inner.store.get(&SESSION_IDS, &(account, id))? else {
            return Ok(None);
        };
        Ok(self.inner.store.get(&SESSIONS, &key)?.map(|session| (key, session)))
    }

    fn idle_secs(&self, profile: Profile) -> i64 {
        match profile {
            Profile::Browser => self.inner.settings.session_idle_secs,
            Profile::Shared => self.inner.settings.session_shared_idle_secs,
        }
    }
}

/// The shortest passphrase that an outsider may choose, in characters.
const PASSPHRASE_CHARS_MIN: usize = 12;

pub(super) fn checked_passphrase(own: &Password) -> Result<(), Error> {
    match own.expose().chars().count() >= PASSPHRASE_CHARS_MIN {
        true => Ok(()),
        false => Err(Error::WeakPassword),
    }
}

fn printable(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|octet| format!("{octet:02x}")).collect()
}

pub(super) fn parse_hex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (octet, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}
