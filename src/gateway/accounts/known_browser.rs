//! The browsers that an account knows: those that its owner signed in from, and did not call shared
//! computers. A guess from such a browser waits for nobody else's guesses (`web::attempts`).
//!
//! A browser is known by the key that it signs its sign-in with, which never leaves it. What is
//! stored is a keyed hash of the key's thumbprint within the account, so that the rows of two accounts
//! do not say that they are used in one browser. It opens nothing: who has a thumbprint, or a row, cannot
//! sign with the key.
//!
//! | what happens | the account forgets |
//! | --- | --- |
//! | 90 days without a sign-in from it; ten others were used later | that browser |
//! | it is removed from the list; its session is ended from another browser, or with the passkey that opened it | that browser |
//! | all sessions are ended, or other sessions end with a change of the password | all but the browser where it is done |
//! | the recovery key is used; the account is disabled | all |
//!
//! A row that cannot be read is no known browser, and goes with the next sign-in or the next of these.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::records::account::KnownBrowser;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::KNOWN_BROWSERS;
use crate::gateway::text::{hex, parse_hex};
use crate::store::{Read, Tx};
use crate::vault::Lookup;

/// How many browsers an account knows: the one that was used longest ago goes.
pub const KNOWN_BROWSERS_MAX: usize = 10;
/// How long a browser is known after its last sign-in.
pub const KNOWN_SECS: i64 = 90 * 24 * 3_600;

/// A browser that its owner signed in from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBrowserView {
    pub id: String,
    pub agent: String,
    pub since: Timestamp,
    pub last_sign_in: Timestamp,
    /// Whether it is the browser of this request.
    pub current: bool,
}

/// A sign-in from a browser that is known from then on.
pub(in crate::gateway) struct NewlyKnown {
    pub account: AccountId,
    pub key: [u8; 16],
    pub agent: String,
    pub session: [u8; 16],
    pub at: Timestamp,
}

impl Gateway {
    /// The account that has this name, if it knows the browser with this key. It takes the same
    /// work if nobody has the name.
    pub fn browser_known_to(
        &self,
        name: &str,
        key_thumbprint: &str,
    ) -> Result<Option<AccountId>, Error> {
        let account = self.account_find(name.trim())?.unwrap_or(AccountId([0; 16]));
        let key = (account, self.browser_key(account, key_thumbprint));
        let found = readable(self.inner.store.get(&KNOWN_BROWSERS, &key))?.flatten();
        let is_known = found.is_some_and(|row| row.is_known(self.inner.clock.now()));
        Ok(is_known.then_some(account))
    }

    /// The browsers that the account knows, the latest used first.
    pub fn browser_list(&self, actor: &Actor) -> Result<Vec<KnownBrowserView>, Error> {
        let (account, now) = (actor.account(), self.inner.clock.now());
        let current = self.session_browser(actor)?.map(|thumb| self.browser_key(account, &thumb));
        let mut views = Vec::new();
        self.inner.store.scan_readable(&KNOWN_BROWSERS, &account, |(_, key), row| {
            if row.is_known(now) {
                views.push(KnownBrowserView {
                    id: hex(&key),
                    agent: row.agent,
                    since: row.since,
                    last_sign_in: row.last_sign_in,
                    current: current == Some(key),
                });
            }
            ControlFlow::Continue(())
        })?;
        views.sort_by_key(|view| std::cmp::Reverse(view.last_sign_in));
        Ok(views)
    }

    /// Forgets a browser. Its session, if it has one, goes on.
    pub fn browser_forget(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        const MISSING: Error = Error::NotFound { what: "known browser" };
        let key = (actor.account(), parse_hex(id).ok_or(MISSING)?);
        let done = self.inner.store.transact(move |tx| {
            if !tx.has(&KNOWN_BROWSERS, &key)? {
                return Err(MISSING);
            }
            tx.delete(&KNOWN_BROWSERS, &key);
            Ok(())
        });
        done.wait()
    }

    /// Forgets the browsers whose latest session is one of these.
    pub(in crate::gateway) fn browsers_forget(
        &self,
        account: AccountId,
        sessions: impl Fn([u8; 16]) -> bool + Send + 'static,
    ) -> Result<(), Error> {
        let done = self.inner.store.transact(move |tx| forget_of_in_tx(tx, account, &sessions));
        done.wait()
    }

    pub(in crate::gateway) fn browser_key(
        &self,
        account: AccountId,
        key_thumbprint: &str,
    ) -> [u8; 16] {
        let text = [&account.0[..], key_thumbprint.as_bytes()].concat();
        self.inner.vault.lookup(Lookup::Browser, &text)
    }
}

impl KnownBrowser {
    fn is_known(&self, now: Timestamp) -> bool {
        self.last_sign_in.plus_secs(KNOWN_SECS) > now
    }
}

/// Notes a sign-in, and forgets what is too old or too much.
pub(in crate::gateway) fn note_in_tx(tx: &mut Tx<'_>, new: &NewlyKnown) -> Result<(), Error> {
    let key = (new.account, new.key);
    let before = readable(tx.get(&KNOWN_BROWSERS, &key))?.flatten();
    let since = before.map_or(new.at, |row| row.since);
    let row = KnownBrowser {
        agent: new.agent.clone(),
        since,
        last_sign_in: new.at,
        session: new.session,
    };
    tx.put(&KNOWN_BROWSERS, &key, &row)?;
    let mut others = readable_in_tx(tx, new.account)?;
    others.retain(|(found, _)| *found != new.key);
    others.sort_by_key(|(_, row)| std::cmp::Reverse(row.last_sign_in));
    for (at, (found, row)) in others.into_iter().enumerate() {
        if at + 1 >= KNOWN_BROWSERS_MAX || !row.is_known(new.at) {
            tx.delete(&KNOWN_BROWSERS, &(new.account, found));
        }
    }
    Ok(())
}

/// Forgets the browsers whose latest session is one of these.
pub(in crate::gateway) fn forget_of_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    sessions: impl Fn([u8; 16]) -> bool,
) -> Result<(), Error> {
    for (key, row) in readable_in_tx(tx, account)? {
        if sessions(row.session) {
            tx.delete(&KNOWN_BROWSERS, &(account, key));
        }
    }
    Ok(())
}

/// The rows of an account. One that cannot be read opens nothing, and nobody can say which browser
/// it is: it is forgotten, and stops neither a sign-in nor what ends one.
fn readable_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
) -> Result<Vec<([u8; 16], KnownBrowser)>, Error> {
    let mut keys = Vec::new();
    tx.scan_keys(&KNOWN_BROWSERS, &account, |(_, key)| {
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    let mut rows = Vec::new();
    for key in keys {
        match readable(tx.get(&KNOWN_BROWSERS, &(account, key)))?.flatten() {
            Some(row) => rows.push((key, row)),
            None => tx.delete(&KNOWN_BROWSERS, &(account, key)),
        }
    }
    Ok(rows)
}
