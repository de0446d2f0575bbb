//! How a user's pages look and behave, wherever the user signs in.
//!
//! The daemon needs to know only the language. A signature or a saved search can reveal a lot, so
//! everything is sealed under the owner's keys.

use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::account::Preferences;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{APPEARANCES, PREFERENCES};
use crate::store::{Read, Record};
use crate::terms::Language;

/// Everything that a user chose for the pages; `None` was never chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appearance {
    /// BCP 47.
    pub language: Option<String>,
    /// The time zone's IANA name; `None` is the browser's own.
    pub zone: Option<String>,
    pub theme: Option<String>,
    pub density: Option<String>,
    /// Whether single-letter keyboard shortcuts are on.
    pub keys: Option<bool>,
    pub list_width: Option<u16>,
    /// Whether messages of one conversation are one row.
    pub grouped: Option<bool>,
    /// Whether the first-run tour was seen.
    pub toured: bool,
    /// The text below each new message.
    pub signature: String,
    /// The path of the page that was open last.
    pub place: Option<String>,
    pub searches: Vec<SavedSearch>,
}

/// A search that was saved under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSearch {
    pub name: String,
    pub query: String,
}

impl Record for Appearance {
    const VERSION: u8 = 1;
}

const WORD_CHARS_MAX: usize = 64;
const SIGNATURE_CHARS_MAX: usize = 2_000;
const PLACE_CHARS_MAX: usize = 2_000;
const SEARCHES_MAX: usize = 50;
const QUERY_CHARS_MAX: usize = 1_000;

pub(in crate::gateway) fn binding(account: AccountId) -> Vec<u8> {
    [b"look\0".as_slice(), &account.0].concat()
}

impl Appearance {
    fn check(&self) -> Result<(), Error> {
        let within = |text: &str, max: usize, what: &str| match text.chars().count() <= max {
            true => Ok(()),
            false => {
                Err(Error::Invalid { what: format!("{what} can have at most {max} characters") })
            }
        };
        for word in [&self.language, &self.zone, &self.theme, &self.density].into_iter().flatten() {
            within(word, WORD_CHARS_MAX, "a setting")?;
        }
        within(&self.signature, SIGNATURE_CHARS_MAX, "a signature")?;
        within(self.place.as_deref().unwrap_or_default(), PLACE_CHARS_MAX, "a page's path")?;
        if self.searches.len() > SEARCHES_MAX {
            return Err(Error::OverQuota);
        }
        for search in &self.searches {
            within(&search.name, WORD_CHARS_MAX, "a search's name")?;
            within(&search.query, QUERY_CHARS_MAX, "a search")?;
        }
        Ok(())
    }
}

impl Gateway {
    /// The actor's choices.
    pub fn look(&self, actor: &Actor) -> Result<Appearance, Error> {
        let Some(sealed) = self.inner.store.get(&APPEARANCES, &actor.account())? else {
            return Ok(Appearance::default());
        };
        let damaged = || Error::Damaged { what: "the stored settings cannot be read".to_owned() };
        let plain = actor.secret().open_own(&binding(actor.account()), &sealed.0);
        sealed_form::read(APPEARANCES.name, &plain.map_err(|_| damaged())?)
    }

    /// The language that an account chose for the pages; mail to it is written in that language.
    pub(in crate::gateway) fn language_of(
        &self,
        account: AccountId,
    ) -> Result<Option<Language>, Error> {
        Ok(self.inner.store.get(&PREFERENCES, &account)?.and_then(|own| own.language))
    }

    /// Replaces all of the actor's choices.
    pub fn appearance_set(&self, actor: &Actor, look: &Appearance) -> Result<(), Error> {
        look.check()?;
        sealed_form::keep_newer(self.look(actor))?;
        let plain = sealed_form::octets_of(look)?;
        let account = actor.account();
        let sealed = Sealed(actor.secret().seal_own(&binding(account), &plain)?);
        // Mail to this user, or in this user's name, is written in that language (see `pickup`).
        let language = look.language.as_deref().and_then(Language::from_tag);
        let done = self.inner.store.transact(move |tx| {
            let mut own: Preferences = tx.get(&PREFERENCES, &account)?.unwrap_or_default();
            if own.language != language {
                own.language = language;
                tx.put(&PREFERENCES, &account, &own)?;
            }
            Ok::<_, Error>(tx.put(&APPEARANCES, &account, &sealed)?)
        });
        done.wait()
    }
}
