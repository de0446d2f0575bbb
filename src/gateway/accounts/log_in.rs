//! Signing in: checks the caller's credentials and opens a session.

use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::account::AccountView;
use crate::gateway::accounts::claim::{Spends, spend_in_tx};
use crate::gateway::accounts::keys_check::Unlocked;
use crate::gateway::accounts::known_browser::{self, NewlyKnown};
use crate::gateway::accounts::session::{SessionView, binding};
use crate::gateway::error::Error;
use crate::gateway::records::account::{CredentialKind, Session, SessionRef};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, CODE_FAILURES, CREDENTIALS, SESSION_IDS, SESSIONS, TOTP,
};
use crate::gateway::text::printable;
use crate::store::{Read, Tx};
use crate::terms::Profile;
use crate::vault::{self, AccountSecret, Password, SessionToken, UnlockKey};

/// The client that requests a session, independent of the credential.
pub struct Browser {
    /// RFC 7638 thumbprint of the key that the session will be bound to.
    pub key_thumbprint: String,
    pub agent: String,
    pub peer: IpAddr,
    pub profile: Profile,
}

/// A request to sign in.
pub struct LogIn<'a> {
    /// Login name or address.
    pub name: &'a str,
    /// The account's password or an app password.
    pub password: Password,
    /// From an authenticator app, where the account requires TOTP codes.
    pub code: Option<&'a str>,
    pub browser: Browser,
    /// The outsider's own passphrase, at a sign-in with a one-time password.
    pub new_password: Option<Password>,
}

/// An account that was opened, and the credential that opened it.
pub(in crate::gateway) struct OpenedBy {
    pub account: AccountId,
    pub unlock: UnlockKey,
    pub kind: CredentialKind,
    pub credential: [u8; 16],
    /// The passkey's signature counter.
    pub sign_count: Option<u32>,
    /// The time step of the TOTP code.
    pub step: Option<u64>,
}

impl OpenedBy {
    pub fn unlocked(&self) -> Unlocked<'_> {
        let OpenedBy { account, credential, ref unlock, .. } = *self;
        Unlocked { account, credential, unlock }
    }
}

/// A session that was opened. The token is returned only here.
pub struct LoggedIn {
    pub id: AccountId,
    /// What opened it.
    pub by: CredentialKind,
    pub token: Zeroizing<String>,
    pub session: SessionView,
    pub account: AccountView,
    pub last_sign_in: Option<Timestamp>,
}

const AGENT_CHARS_MAX: usize = 200;

/// Checks that the credential still exists: it may have been replaced since it was verified (of
/// several browsers with one one-time password, only one may succeed). This also uses up a TOTP code
/// and a passkey's counter value.
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
        // Its owner came in by another way.
        tx.delete(&CODE_FAILURES, &opened.account);
    }
    credential.last_used = Some(now);
    Ok(tx.put(&CREDENTIALS, &key, &credential)?)
}

fn use_code_in_tx(tx: &mut Tx<'_>, opened: &OpenedBy) -> Result<(), Error> {
    let Some(mut codes) = tx.get(&TOTP, &opened.account)?.filter(|codes| codes.on) else {
        return Ok(());
    };
    let step = opened.step.ok_or(Error::CodeNeeded)?;
    if step <= codes.last_step {
        return Err(Error::WrongCode);
    }
    codes.last_step = step;
    tx.delete(&CODE_FAILURES, &opened.account);
    Ok(tx.put(&TOTP, &opened.account, &codes)?)
}

impl Gateway {
    /// Checks a name and a password and opens a session. An unknown name, a wrong password and a
    /// disabled account get the same error, after the same work. Only a caller with the correct
    /// password gets `CodeNeeded` or `WrongCode`.
    pub fn session_open(&self, login: LogIn<'_>) -> Result<LoggedIn, Error> {
        let mut opened = self.authenticate(login.name, &login.password)?;
        if opened.kind == CredentialKind::Password {
            opened.step = self.code_step(opened.account, &opened.unlock, login.code)?;
        }
        let own = (&login.password, login.new_password.as_ref());
        let spends = self.spends(opened.account, &opened.unlock, own)?;
        self.session_begin(opened, spends, login.browser)
    }

    /// Opens a session in an account whose credential was verified, and uses that up as `spends`
    /// says.
    pub(in crate::gateway) fn session_begin(
        &self,
        opened: OpenedBy,
        spends: Spends,
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
        let (view, by) = (session.view(Some(session_id)), opened.kind);
        let known = self.newly_known(&session, browser.profile)?;
        let key = token.id();
        let unlocked = self.signing_owner(id, &opened.unlock)?;
        let done = self.inner.store.transact(move |tx| {
            let found = tx.get(&ACCOUNTS, &id)?;
            let mut account = found.filter(|account| !account.disabled).ok_or(Error::Refused)?;
            use_credential_in_tx(tx, &opened, now)?;
            spend_in_tx(tx, id, &spends, now)?;
            account.last_sign_in = Some(now);
            account.last_interaction = Some(now);
            tx.put(&ACCOUNTS, &id, &account)?;
            tx.put(&SESSIONS, &key, &session)?;
            tx.put(&SESSION_IDS, &(id, session_id), &SessionRef(key))?;
            known.as_ref().map_or(Ok(()), |known| known_browser::note_in_tx(tx, known))
        });
        done.wait()?;
        // The session is there, and a one-time password is spent: too many others are no reason to
        // fail now.
        if let Err(error) = self.sessions_trim(id, by, session_id) {
            tracing::warn!(%error, "old sessions were not ended");
        }
        // An account from before there were signing keys gets one now, or at its next request.
        if let Some(secret) = unlocked
            && let Err(error) = self.signing_pair_of((id, &secret))
        {
            tracing::warn!(%error, "an account has no signing key yet");
        }
        let account = self.account_view(id)?;
        self.publish_session(id);
        Ok(LoggedIn {
            id,
            by,
            token: token.expose(),
            session: view,
            account,
            last_sign_in: previous,
        })
    }

    fn authenticate(&self, name: &str, password: &Password) -> Result<OpenedBy, Error> {
        let Some(id) = self.account_find(name)? else {
            // An unknown name takes as long as a wrong password.
            self.inner.vault.passwords().decoy(password)?;
            return Err(Error::Refused);
        };
        let opened = match self.open_by_app_password(id, password)? {
            Some(opened) => opened,
            None => self.open_by_password(id, password)?,
        };
        if self.account(id)?.disabled {
            return Err(Error::Refused);
        }
        // Before the TOTP code is: with other keys, its secret does not open either.
        self.keys_checked(opened.unlocked())?;
        Ok(opened)
    }

    fn open_by_password(&self, account: AccountId, password: &Password) -> Result<OpenedBy, Error> {
        let (unlock, credential) = self.unlock_with(account, password)?;
        let kind = CredentialKind::Password;
        Ok(OpenedBy { account, unlock, kind, credential, sign_count: None, step: None })
    }

    /// The opened keys of an account that signs: not of a temporary one, nor of one whose owner has yet
    /// to choose a password.
    fn signing_owner(
        &self,
        account: AccountId,
        unlock: &UnlockKey,
    ) -> Result<Option<AccountSecret>, Error> {
        let Some(keys) = self.inner.store.get(&ACCOUNT_KEYS, &account)? else { return Ok(None) };
        let signs = self.temporary(account)?.is_none() && !self.account(account)?.must_choose;
        Ok(match signs {
            false => None,
            true => Some(unlock.open_account(&keys.sealed_private, &account.0)?),
        })
    }

    /// Returns the browser that is known from this sign-in on. A shared computer is not, nor is a
    /// program; an outsider, who may be at any computer, knows none.
    fn newly_known(
        &self,
        session: &Session,
        profile: Profile,
    ) -> Result<Option<NewlyKnown>, Error> {
        let (account, at) = (session.account, session.created);
        let is_own = profile == Profile::Browser && session.by != CredentialKind::App;
        if !is_own || self.temporary(account)?.is_some() {
            return Ok(None);
        }
        let key = self.browser_key(account, &session.key_thumbprint);
        let agent = session.agent.clone();
        Ok(Some(NewlyKnown { account, key, agent, session: session.id, at }))
    }

    fn idle_secs(&self, profile: Profile) -> i64 {
        match profile {
            Profile::Browser => self.inner.settings.session_idle_secs,
            Profile::Shared => self.inner.settings.session_shared_idle_secs,
        }
    }
}
