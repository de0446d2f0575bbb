//! Sessions: a sign-in opens one, and each request opens the keys that it needs with its token.
//!
//! The store holds a hash of the token. The session's record holds the unlock key, wrapped under a
//! key that is derived from the token, so the daemon can open nothing between requests, and a
//! restart ends no session. A session is bound to the key pair of one browser (DPoP, RFC 9449): a
//! token alone opens nothing.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::account::AccountView;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::account::{CredentialKind, Session, SessionRef};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ACCOUNT_KEYS, SESSION_IDS, SESSIONS};
use crate::gateway::text::{hex, parse_hex};
use crate::store::{Order, Read, Tx};
use crate::vault::{Password, SessionToken, UnlockKey};

/// A session as its owner sees it.
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

/// The session of a request, which stays open when the account's keys are renewed.
pub struct KeptSession {
    pub(in crate::gateway) token: SessionToken,
    pub(in crate::gateway) id: [u8; 16],
}

/// The shortest time between two updates of a session's `last_used`.
const TOUCH_EVERY_SECS: i64 = 60;

impl Session {
    fn expires(&self) -> Timestamp {
        self.last_used.plus_secs(self.idle_secs).min(self.ends)
    }

    pub(in crate::gateway) fn view(&self, current: Option<[u8; 16]>) -> SessionView {
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

pub(in crate::gateway) fn binding(account: AccountId, session: [u8; 16]) -> [u8; 32] {
    let mut bound = [0; 32];
    bound[..16].copy_from_slice(&account.0);
    bound[16..].copy_from_slice(&session);
    bound
}

impl Gateway {
    /// Opens the keys for one request: the token must be known, valid and bound to this key.
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
        if account.disabled {
            return Err(Error::Refused);
        }
        let is_app = session.by == CredentialKind::App;
        Ok(Actor {
            account: session.account,
            session: session.id,
            secret,
            is_temporary,
            is_app,
            is_manager: account.manages() && !is_app,
            confirmed: session.confirmed,
            peer: session.peer,
            must_choose: account.must_choose,
            behind: None,
        })
    }

    /// The unlock key of a session, for callers that wrap it again.
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

    /// The session of a request, for callers that renew the account's keys and keep it.
    pub fn session_kept(&self, actor: &Actor, token: &str) -> Result<KeptSession, Error> {
        let token = SessionToken::parse(token).map_err(|_| Error::Refused)?;
        Ok(KeptSession { token, id: actor.session })
    }

    /// Confirms the password, for actions that need a fresh sign-in.
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

    /// The actor's session, its account, and the previous sign-in.
    pub fn session_current(
        &self,
        actor: &Actor,
    ) -> Result<(SessionView, AccountView, Option<Timestamp>), Error> {
        let session = self.session_by_id(actor.account, actor.session)?.ok_or(Error::Refused)?.1;
        let account = self.account_view(actor.account)?;
        Ok((session.view(Some(actor.session)), account, session.previous_sign_in))
    }

    /// How many sessions there are, of all accounts.
    pub fn session_count(&self) -> Result<u64, Error> {
        Ok(self.inner.store.count(&SESSION_IDS, &())?)
    }

    /// The account's open sessions, the latest used first.
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

    /// Whether a session is still open. Needs no key, so that an event stream need not hold one.
    pub fn session_is_open(&self, account: AccountId, session_id: &str) -> Result<bool, Error> {
        let Some(id) = parse_hex(session_id) else { return Ok(false) };
        let found = self.session_by_id(account, id)?;
        let now = self.inner.clock.now();
        Ok(found.is_some_and(|(_, session)| session.expires() > now))
    }

    /// The thumbprint of the key that the actor's session is bound to.
    pub(in crate::gateway) fn session_browser(
        &self,
        actor: &Actor,
    ) -> Result<Option<String>, Error> {
        let found = self.session_by_id(actor.account, actor.session)?;
        Ok(found.map(|(_, session)| session.key_thumbprint))
    }

    /// Ends one of the account's sessions. If it is another than the actor's, its browser is
    /// forgotten: that is what one does about a browser that is lost.
    pub fn session_close(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let missing = Error::NotFound { what: "session" };
        let Some(id) = parse_hex(id) else { return Err(missing) };
        let (key, _) = self.session_by_id(actor.account, id)?.ok_or(missing)?;
        if id != actor.session {
            self.browsers_forget(actor.account, move |session| session == id)?;
        }
        self.sessions_close(actor.account, vec![(key, id)])
    }

    /// Ends every session of the account, including this one. Only this browser stays known.
    pub fn session_close_all(&self, actor: &Actor) -> Result<(), Error> {
        let own = actor.session;
        self.browsers_forget(actor.account, move |session| session != own)?;
        self.sessions_close_of(actor.account)
    }

    /// Ends what is over the limit, the sessions that were used longest ago but never the new one,
    /// which always has room. A program that signs in again and again ends none of a person's.
    pub(in crate::gateway) fn sessions_trim(
        &self,
        account: AccountId,
        by: CredentialKind,
        new: [u8; 16],
    ) -> Result<(), Error> {
        let is_app = by == CredentialKind::App;
        let mut sessions = self.sessions_of(account)?;
        sessions.retain(|(_, session)| (session.by == CredentialKind::App) == is_app);
        let over = sessions.len().saturating_sub(self.inner.settings.sessions_max);
        if over == 0 {
            return Ok(());
        }
        sessions.retain(|(_, session)| session.id != new);
        sessions.sort_by_key(|(_, session)| (session.last_used, session.created));
        let over = sessions.into_iter().take(over).map(|(key, session)| (key, session.id));
        self.sessions_close(account, over.collect())
    }

    /// Removes at most `limit` expired sessions; called by a timer.
    pub fn sessions_expire(&self, limit: usize) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        let mut over = Vec::new();
        self.inner.store.scan_readable(&SESSIONS, &(), |key, session| {
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

    /// Ends every session of an account.
    pub(in crate::gateway) fn sessions_close_of(&self, account: AccountId) -> Result<(), Error> {
        let sessions = self.sessions_of(account)?;
        let keys = sessions.into_iter().map(|(key, session)| (key, session.id)).collect();
        self.sessions_close(account, keys)
    }

    /// Ends the sessions that a credential opened, and forgets their browsers but the actor's.
    pub(in crate::gateway) fn sessions_close_opened_by(
        &self,
        actor: &Actor,
        credential: [u8; 16],
    ) -> Result<(), Error> {
        let mut sessions = self.sessions_of(actor.account)?;
        sessions.retain(|(_, session)| session.credential == credential);
        let keys: Vec<_> = sessions.into_iter().map(|(key, session)| (key, session.id)).collect();
        let (own, ended) = (actor.session, keys.clone());
        self.browsers_forget(actor.account, move |session| {
            session != own && ended.iter().any(|(_, id)| *id == session)
        })?;
        self.sessions_close(actor.account, keys)
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

    fn session_touch(&self, key: [u8; 32], now: Timestamp) {
        let touched = self.inner.store.transact(move |tx| {
            if let Some(mut session) = tx.get(&SESSIONS, &key)? {
                session.last_used = session.last_used.max(now);
                tx.put(&SESSIONS, &key, &session)?;
            }
            Ok::<_, Error>(())
        });
        // Mail can still be read when the disk is full; the session then only appears idle.
        if let Err(error) = touched.wait() {
            tracing::debug!(%error, "the last use of a session could not be recorded");
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
}
