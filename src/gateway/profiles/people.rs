//! The directory: the people inside whom somebody may see, each with the fields that are for this reader.
//!
//! | who | is found by | shows |
//! | --- | --- | --- |
//! | somebody whom the reader may see | a name, the address, the fields that are for the reader | these |
//! | a member of a closed group that the reader is not in | the address as a whole, unless such members are hidden | the address |
//!
//! What is not for the reader is in no list, no search, no number and no order. The name that managers gave
//! an account, and its address, are everybody's inside, as for completing recipients.

use std::collections::BTreeMap;

use crate::gateway::Gateway;
use crate::gateway::accounts::directory::{QUESTION_CHARS_MAX, Sight};
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::groups::admission::Asker;
use crate::gateway::profiles::fields::{ProfileFields, Published};
use crate::gateway::profiles::own::inside;
use crate::gateway::profiles::reading::{Asking, Part, Parts};
use crate::gateway::profiles::sealing::Damage;
use crate::gateway::records::account::Account;
use crate::gateway::records::ids::AccountId;
use crate::gateway::text::parse_hex;
use crate::mail::contacts::Photo;
use crate::mail::words::spelled;

/// A person in the directory, as one reader sees the person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonView {
    /// `None` if nothing but the address is shown.
    pub id: Option<String>,
    /// Empty if there is none, or if it is not shown.
    pub name: String,
    pub address: String,
    pub published: Published,
    /// Whether something is there for the reader that cannot be opened: yet, or because it was changed.
    pub closed: bool,
    /// Whether it is the reader's own.
    pub own: bool,
}

/// A part of the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeoplePage {
    /// Whether there is a directory at this site.
    pub enabled: bool,
    pub items: Vec<PersonView>,
    /// How many the question finds, of those that it reads.
    pub total: usize,
    /// Whether there are more than one question reads.
    pub more: bool,
}

/// Whom to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeopleQuery {
    /// Everybody, if it is empty.
    pub text: String,
    pub offset: usize,
    pub limit: usize,
}

/// The most people in one answer, and the most that one question sorts.
pub const PEOPLE_PAGE_MAX: usize = 100;
pub const PEOPLE_READ_MAX: usize = 2_000;

/// The most words of a question.
const WORDS_MAX: usize = 10;

const MISSING: Error = Error::NotFound { what: "person" };

/// Those who were found, and whether there are more.
type Found = (BTreeMap<AccountId, Account>, bool);

impl Gateway {
    /// Whether somebody may see more of a person than that the address exists.
    pub(super) fn profile_is_seen(&self, asker: &Asker, account: AccountId) -> Result<bool, Error> {
        Ok(self.sight(asker, account)? == Sight::Whole)
    }

    /// A part of the directory, in the order of names.
    pub fn profiles(&self, actor: &Actor, query: &PeopleQuery) -> Result<PeoplePage, Error> {
        inside(actor)?;
        let text = query.text.trim();
        let is_long = text.chars().count() > QUESTION_CHARS_MAX;
        if is_long || !(1..=PEOPLE_PAGE_MAX).contains(&query.limit) {
            let what = format!("a question can have at most {QUESTION_CHARS_MAX} characters");
            return Err(Error::Invalid { what });
        }
        if !self.site()?.directory {
            return Ok(PeoplePage::default());
        }
        let asker = self.asker(actor.account())?;
        let mut asking = self.profile_asking(actor)?;
        let (found, more) = self.people_found(&mut asking, &asker, text)?;
        let mut found: Vec<(AccountId, Account)> = found.into_iter().collect();
        found.sort_by_cached_key(|(id, account)| {
            let address = account.addresses.first().cloned().unwrap_or_default();
            let shown =
                if account.display_name.is_empty() { &address } else { &account.display_name };
            (spelled(shown), address, *id)
        });
        let mut page = PeoplePage { enabled: true, items: Vec::new(), total: found.len(), more };
        for (id, account) in found.into_iter().skip(query.offset).take(query.limit) {
            page.items.push(self.person_view(&mut asking, id, &account)?);
        }
        // Of whom nothing but the address is known, only who knows it learns that it exists.
        if page.total == 0 && query.offset == 0 {
            page.items.extend(self.person_by_address_alone(&asker, text)?);
            page.total = page.items.len();
        }
        Ok(page)
    }

    /// Those whom a question finds: by the beginning of a word of a name or an address, or by all of its
    /// words in what somebody says for this reader.
    fn people_found(
        &self,
        asking: &mut Asking<'_>,
        asker: &Asker,
        text: &str,
    ) -> Result<Found, Error> {
        if spelled(text).trim().is_empty() && !text.is_empty() {
            return Ok(Found::default());
        }
        let sight = |account| self.sight(asker, account);
        let (mut found, mut more) = self.people_listed(text, PEOPLE_READ_MAX, sight)?;
        let spelled = spelled(text);
        let words: Vec<&str> = spelled.split_whitespace().take(WORDS_MAX).collect();
        if words.is_empty() {
            return Ok((found, more));
        }
        let Parts { parts, more: is_more } = self.profile_parts(asking)?;
        more |= is_more;
        for (id, part) in parts {
            if id == asking.reader.account || found.contains_key(&id) {
                continue;
            }
            let Some(account) = self.person_listed(asker, id)? else { continue };
            let address = account.addresses.first().map(String::as_str).unwrap_or_default();
            let called =
                crate::mail::words::spelled(&format!("{}\n{address}", account.display_name));
            let searched = part.published.text.searched();
            if words.iter().all(|word| searched.contains(word) || called.contains(word)) {
                found.insert(id, account);
            }
        }
        Ok((found, more))
    }

    /// An account that is in the directory, if somebody may see it.
    fn person_listed(&self, asker: &Asker, id: AccountId) -> Result<Option<Account>, Error> {
        match self.profile_is_seen(asker, id)? {
            true => self.listed_account(id),
            false => Ok(None),
        }
    }

    fn person_view(
        &self,
        asking: &mut Asking<'_>,
        id: AccountId,
        account: &Account,
    ) -> Result<PersonView, Error> {
        let own = id == asking.reader.account;
        let Part { published, is_closed } = match own {
            true => {
                let own = self.profile_own(asking.actor)?;
                let published = own.stored.part(own.stored.filled());
                Part { published, is_closed: own.damage != Damage::None }
            }
            false => self.profile_part(asking, id)?,
        };
        let address = account.addresses.first().cloned().unwrap_or_default();
        let (name, id) = (account.display_name.clone(), Some(id.to_text()));
        Ok(PersonView { id, name, address, published, closed: is_closed, own })
    }

    fn person_by_address_alone(
        &self,
        asker: &Asker,
        text: &str,
    ) -> Result<Option<PersonView>, Error> {
        let exact = self.exactly_listed(text)?;
        let Some((id, address)) = exact else { return Ok(None) };
        Ok(match self.sight(asker, id)? {
            Sight::Nothing => None,
            Sight::Address | Sight::Whole => Some(PersonView { address, ..PersonView::default() }),
        })
    }

    /// One person. At a site without a directory, those who say something for this reader, without the
    /// name that managers gave them.
    pub fn person_profile(&self, actor: &Actor, id: &str) -> Result<PersonView, Error> {
        inside(actor)?;
        let id = AccountId(parse_hex(id).ok_or(MISSING)?);
        self.person_seen(actor, id)
    }

    /// The person inside with this address, or login name. Whose a further address is, is not said.
    pub fn person_at(&self, actor: &Actor, address: &str) -> Result<PersonView, Error> {
        inside(actor)?;
        if address.chars().count() > QUESTION_CHARS_MAX {
            return Err(MISSING);
        }
        let id = self.colleague_called(address.trim())?.ok_or(MISSING)?;
        self.person_seen(actor, id)
    }

    fn person_seen(&self, actor: &Actor, id: AccountId) -> Result<PersonView, Error> {
        let asker = self.asker(actor.account())?;
        let account = self.person_listed(&asker, id)?.ok_or(MISSING)?;
        let mut asking = self.profile_asking(actor)?;
        let mut view = self.person_view(&mut asking, id, &account)?;
        if !self.site()?.directory {
            view.name = String::new();
            let says_nothing = view.published.fields == ProfileFields::default();
            if says_nothing && !view.own {
                return Err(MISSING);
            }
        }
        Ok(view)
    }

    /// Somebody's picture, if it is for the actor.
    pub fn person_picture(&self, actor: &Actor, id: &str) -> Result<Photo, Error> {
        inside(actor)?;
        let id = AccountId(parse_hex(id).ok_or(MISSING)?);
        if id == actor.account() {
            return self.profile_picture(actor);
        }
        let asker = self.asker(actor.account())?;
        self.person_listed(&asker, id)?.ok_or(MISSING)?;
        let mut asking = self.profile_asking(actor)?;
        let octets = self.profile_picture_seen(&mut asking, id)?.ok_or(MISSING)?;
        Photo::of(octets.to_vec()).ok_or(MISSING)
    }
}
