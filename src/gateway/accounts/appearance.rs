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
use crate::store::{self, Read, Record};
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
    /// What is shown after the message that was shown has left the list.
    pub advance: Option<String>,
}

/// A search that was saved under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSearch {
    pub name: String,
    pub query: String,
}

impl Record for Appearance {
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Appearance> {
        store::migrated::<AppearanceV1, Appearance>(version, bytes)
    }
}

/// Before there was `advance`.
#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct AppearanceV1 {
    language: Option<String>,
    zone: Option<String>,
    theme: Option<String>,
    density: Option<String>,
    keys: Option<bool>,
    list_width: Option<u16>,
    grouped: Option<bool>,
    toured: bool,
    signature: String,
    place: Option<String>,
    searches: Vec<SavedSearch>,
}

impl Record for AppearanceV1 {
    const VERSION: u8 = 1;
}

impl From<AppearanceV1> for Appearance {
    fn from(old: AppearanceV1) -> Appearance {
        Appearance {
            language: old.language,
            zone: old.zone,
            theme: old.theme,
            density: old.density,
            keys: old.keys,
            list_width: old.list_width,
            grouped: old.grouped,
            toured: old.toured,
            signature: old.signature,
            place: old.place,
            searches: old.searches,
            advance: None,
        }
    }
}

pub const WORD_CHARS_MAX: usize = 64;
pub const SIGNATURE_CHARS_MAX: usize = 2_000;
pub const PLACE_CHARS_MAX: usize = 2_000;
pub const SEARCHES_MAX: usize = 50;
pub const QUERY_CHARS_MAX: usize = 1_000;

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
        let words = [&self.language, &self.zone, &self.theme, &self.density, &self.advance];
        for word in words.into_iter().flatten() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_before_advance_was_there_is_read() {
        let old = AppearanceV1 {
            language: Some("he".to_owned()),
            zone: None,
            theme: Some("dark".to_owned()),
            density: None,
            keys: Some(false),
            list_width: Some(301),
            grouped: Some(false),
            toured: true,
            signature: "Dana".to_owned(),
            place: Some("/mail/inbox".to_owned()),
            searches: vec![SavedSearch { name: "new".to_owned(), query: "is:unread".to_owned() }],
        };
        let octets = sealed_form::octets_of(&old).unwrap();
        let read: Appearance = sealed_form::read(APPEARANCES.name, &octets).unwrap();
        assert_eq!(read.advance, None);
        assert_eq!(read, Appearance::from(old));
        assert_eq!((read.keys, read.signature.as_str()), (Some(false), "Dana"));
    }
}
