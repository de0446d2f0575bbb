//! Passkeys (WebAuthn with the extension `prf`): adding one, and signing in with one.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::claim::Spends;
use crate::gateway::accounts::log_in::{Browser, LoggedIn, OpenedBy};
use crate::gateway::accounts::password::{
    Added, CredentialView, Opener, Still, checked_label, credential_binding,
};
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::account::{Credential, CredentialKind, PasskeyRecord};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::CREDENTIALS;
use crate::gateway::text::hex;
use crate::store::{Order, Read};
use crate::terms::AccountChange;
use crate::vault::passkey::Expected;
use crate::vault::{self, Lookup, Password, UnlockKey};

pub use crate::vault::PasskeySecret;
pub use crate::vault::passkey::{ALGORITHMS, Assertion, Challenge, Registration};

/// What a browser needs to create a passkey.
#[derive(Debug)]
pub struct PasskeyAsk {
    pub challenge: Challenge,
    pub user_id: [u8; 16],
    pub name: String,
    pub display_name: String,
    /// The credential IDs of the account's existing passkeys.
    pub there: Vec<Vec<u8>>,
}

/// A passkey that a browser created.
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
    /// The account, as the authenticator stores it (`userHandle`).
    pub user_id: &'a [u8],
    pub credential_id: &'a [u8],
    pub challenge: Challenge,
    pub origin: &'a str,
    pub rp_id: &'a str,
    pub said: Assertion<'a>,
    pub secret: PasskeySecret,
    pub browser: Browser,
}

/// The purpose that a sign-in challenge is bound to.
const FOR_SIGN_IN: &[u8] = b"sign in";

/// Challenges that were answered, kept until they expire: none is accepted twice.
#[derive(Default)]
pub(in crate::gateway) struct Answered(Mutex<HashMap<Challenge, Timestamp>>);

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
    /// Returns what a browser needs to create a passkey. Requires the password.
    pub fn passkey_options(&self, actor: &Actor, password: &Password) -> Result<PasskeyAsk, Error> {
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

    /// Stores a passkey that the browser created, in the session that requested the challenge.
    /// `unlock` is that of the session.
    pub fn passkey_add(
        &self,
        actor: &Actor,
        unlock: &UnlockKey,
        new: &PasskeyNew<'_>,
    ) -> Result<CredentialView, Error> {
        const FLAWED: fn(vault::Error) -> Error =
            |_| Error::Invalid { what: "the browser's response for the passkey".to_owned() };
        let label = checked_label(new.label)?;
        let account = actor.account();
        self.challenge_check(&new.challenge, &for_new_passkey(actor)).map_err(FLAWED)?;
        let expected = Expected { origin: new.origin, rp_id: new.rp_id, challenge: &new.challenge };
        let made = new.said.check(&expected).map_err(FLAWED)?;
        self.challenge_spend(new.challenge).map_err(|_| FLAWED(vault::Error::Refused))?;
        let number = actor.secret().number();
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
        let max = self.inner.settings.passkeys_max;
        let still = Still { number, opened_by: Opener::Session(actor.session()) };
        let added = Added { change: AccountChange::PasskeyCreated, max, still };
        self.credential_add(actor, id, credential, added)?;
        Ok(CredentialView { id: hex(&id), label, created, last_used: None })
    }

    /// Creates the challenge for a sign-in. The server stores nothing for it.
    pub fn passkey_challenge(&self) -> Result<Challenge, Error> {
        let now = self.inner.clock.now().unix_secs();
        Ok(self.inner.vault.challenge_new(FOR_SIGN_IN, now)?)
    }

    /// Opens a session with a passkey. All failures get the same error.
    pub fn session_open_by_passkey(&self, login: PasskeyLogIn<'_>) -> Result<LoggedIn, Error> {
        let opened = self.open_by_passkey(&login)?;
        self.challenge_spend(login.challenge)?;
        self.keys_checked(opened.unlocked())?;
        self.session_begin(opened, Spends::Nothing, login.browser)
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

    /// Uses a challenge up: it is answered once, whatever it was made for.
    fn challenge_spend(&self, challenge: Challenge) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let until = now.plus_secs(self.inner.settings.challenge_secs);
        self.inner.challenges.note(challenge, now, until)
    }

    fn challenge_check(&self, challenge: &Challenge, purpose: &[u8]) -> Result<(), vault::Error> {
        let now = self.inner.clock.now().unix_secs();
        let age = self.inner.settings.challenge_secs;
        self.inner.vault.challenge_check(challenge, purpose, now, age)
    }

    fn passkey_lookup(&self, account: AccountId, credential_id: &[u8]) -> [u8; 16] {
        self.inner.vault.lookup(Lookup::Passkey, &[&account.0[..], credential_id].concat())
    }
}

fn for_new_passkey(actor: &Actor) -> Vec<u8> {
    [b"new passkey ".as_slice(), &actor.session()].concat()
}
