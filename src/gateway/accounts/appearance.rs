//! How a person's pages look and behave, wherever that person signs in.
//!
//! The daemon needs none of this except the language, and a signature or a saved search can reveal
//! a lot, so all of it is sealed under the owner's keys.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::account::Preferences;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{APPEARANCES, PREFERENCES};
use crate::store::Read;
use crate::terms::Language;

/// A person's settings for the pages. `None` means the person made no choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appearance {
    /// BCP 47.
    pub language: Option<String>,
    /// The IANA time zone; `None` uses the browser's.
    pub zone: Option<String>,
    pub theme: Option<String>,
    pub density: Option<String>,
    /// Whether single-key shortcuts are on.
    pub keys: Option<bool>,
    pub list_width: Option<u16>,
    /// Whether the list groups the messages of a conversation into one row.
    pub grouped: Option<bool>,
    /// Whether the introductory tour was shown.
    pub toured: bool,
    /// The text below each new message.
    pub signature: String,
    /// The path of the page visited last.
    pub place: Option<String>,
    pub searches: Vec<SavedSearch>,
}

/// A named search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSearch {
    pub name: String,
    pub query: String,
}

const WORD_CHARS_MAX: usize = 64;
const SIGNATURE_CHARS_MAX: usize = 2_000;
const PLACE_CHARS_MAX: usize = 2_000;
const SEARCHES_MAX: usize = 50;
const QUERY_CHARS_MAX: usize = 1_000;

fn binding(account: AccountId) -> Vec<u8> {
    [b"look\0".as_slice(), &account.0].concat()
}

impl Appearance {
    fn check(&self) -> Result<(), Error> {
        let within = |text: &str, max: usize, what: &str| match text.chars().count() <= max {
            true => Ok(()),
            false => Err(Error::Invalid { what: format!("{what} has more than {max} characters") }),
        };
        for word in [&self.language, &self.zone, &self.theme, &self.density].into_iter().flatten() {
            within(word, WORD_CHARS_MAX, "a setting")?;
        }
        within(&self.signature, SIGNATURE_CHARS_MAX, "a signature")?;
        within(self.place.as_deref().unwrap_or_default(), PLACE_CHARS_MAX, "the path of a page")?;
        if self.searches.len() > SEARCHES_MAX {
            return Err(Error::OverQuota);
        }
        for search in &self.searches {
            within(&search.name, WORD_CHARS_MAX, "the name of a search")?;
            within(&search.query, QUERY_CHARS_MAX, "a search")?;
        }
        Ok(())
    }
}

impl Gateway {
    /// The actor's settings.
    pub fn look(&self, actor: &Actor) -> Result<Appearance, Error> {
        let Some(sealed) = self.inner.store.get(&APPEARANCES, &actor.account())? else {
            return Ok(Appearance::default());
        };
        let damaged = || Error::Damaged { what: "the stored settings are corrupt".to_owned() };
        let plain = actor.secret().open_own(&binding(actor.account()), &sealed.0);
        postcard::from_bytes(&plain.map_err(|_| damaged())?).map_err(|_| damaged())
    }

    /// Replaces all settings.
    pub fn appearance_set(&self, actor: &Actor, look: &Appearance) -> Result<(), Error> {
        look.check()?;
        let plain = postcard::to_stdvec(look);
        let plain = Zeroizing::new(plain.map_err(|_| Error::Invalid { what: "settings".into() })?);
        let account = actor.account();
        let sealed = Sealed(actor.secret().seal_own(&binding(account), &plain)?);
        // Mail written to this person or in their name depends on the language (see
        // `Gateway::languages_for`).
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
