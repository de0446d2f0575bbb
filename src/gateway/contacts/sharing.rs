//! What the owner of an address book says about who else sees and changes it.

use std::collections::BTreeSet;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::book::Opened;
use crate::gateway::contacts::changes::PhotoChange;
use crate::gateway::contacts::shares::{Adders, Fields, READERS_MAX, Share, ShareTo, Sharing};
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::change::Changed;
use crate::gateway::groups::audience::Reader;
use crate::gateway::records::contact::{BOOK, ContactId, ContactRow, ContactShared};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ACCOUNTS, CONTACT_SHARED, CONTACTS, GROUPS};
use crate::gateway::text::{hex, parse_hex};
use crate::store::Read;

/// A reader, as the owner names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedReader {
    /// By an address, or by the id of one who reads it already.
    Person(String),
    /// By its id.
    Group(String),
    Everybody,
}

/// What a reader is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedShare {
    pub to: NamedReader,
    pub read: Fields,
    pub edit: Fields,
}

/// A reader, as the owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderView {
    pub to: ShareTo,
    pub id: String,
    /// Empty if it cannot be read, or has ended.
    pub name: String,
    pub address: String,
}

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareView {
    pub reader: ReaderView,
    pub read: Fields,
    pub edit: Fields,
    /// Whether it was sealed for this reader; not while the keys of a group wait.
    pub sealed: bool,
}

/// With whom a contact is shared, at a version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharingView {
    pub version: u32,
    pub shares: Vec<ShareView>,
}

fn binding(account: AccountId, id: ContactId) -> Vec<u8> {
    [b"contact sharing\0".as_slice(), &account.0, &id].concat()
}

fn damaged() -> Error {
    Error::Damaged { what: "with whom a contact is shared cannot be read".to_owned() }
}

impl Gateway {
    /// With whom a contact is shared.
    pub(super) fn contact_sharing_of(
        &self,
        actor: &Actor,
        id: ContactId,
        row: &ContactRow,
    ) -> Result<Sharing, Error> {
        let Some(sharing) = &row.sharing else { return Ok(Sharing::default()) };
        let plain = actor.secret().open_own(&binding(actor.account(), id), &sharing.sealed);
        sealed_form::read(CONTACTS.name, &plain.map_err(|_| damaged())?)
    }

    pub(super) fn contact_sharing_sealed(
        &self,
        actor: &Actor,
        id: ContactId,
        sharing: &Sharing,
    ) -> Result<Vec<u8>, Error> {
        let plain = sealed_form::octets_of(sharing)?;
        Ok(actor.secret().seal_own(&binding(actor.account(), id), &plain)?)
    }

    /// With whom a contact is shared, for its owner. A reader for whom it could not be sealed so far gets
    /// it now, if that is possible meanwhile.
    pub fn contact_sharing(&self, actor: &Actor, id: &str) -> Result<SharingView, Error> {
        let view = self.contact_sharing_view(actor, id)?;
        let waiting = view.shares.iter().filter(|share| !share.sealed).count();
        if waiting == 0 {
            return Ok(view);
        }
        self.contacts_retry(|| {
            let Opened { id, row, stored } = self.contact_opened(actor, id)?;
            let change = self.contact_sealed(actor, id, Some(row), &stored, PhotoChange::Keep)?;
            match change.readers.put.len() + waiting > view.shares.len() {
                true => self.contacts_commit(actor, vec![change], |_| Ok(())),
                false => Ok(()),
            }
        })?;
        self.contact_sharing_view(actor, id)
    }

    fn contact_sharing_view(&self, actor: &Actor, id: &str) -> Result<SharingView, Error> {
        let Opened { id, row, .. } = self.contact_opened(actor, id)?;
        let sharing = self.contact_sharing_of(actor, id, &row)?;
        let mut shares = Vec::with_capacity(sharing.0.len());
        for Share { to, read, edit } in sharing.0 {
            let key = (to.key(), actor.account(), id);
            let sealed = self.inner.store.get(&CONTACT_SHARED, &key)?;
            let sealed = sealed.is_some_and(|shared| shared.version == row.version);
            let reader = self.contact_reader_view(actor, to)?;
            shares.push(ShareView { reader, read, edit, sealed });
        }
        Ok(SharingView { version: row.version, shares })
    }

    fn contact_reader_view(&self, actor: &Actor, to: ShareTo) -> Result<ReaderView, Error> {
        let id = hex(&to.key());
        let (name, address) = match to {
            ShareTo::Person(account) => {
                let someone = self.someone(account)?.unwrap_or_default();
                (someone.name, someone.address)
            }
            ShareTo::Group(group) => {
                let row = readable(self.inner.store.get(&GROUPS, &group))?.flatten();
                let about = match row.filter(|_| group != GroupId::EVERYBODY) {
                    Some(row) => self.group_about(actor, group, &row)?,
                    None => None,
                };
                (about.map(|about| about.name).unwrap_or_default(), String::new())
            }
        };
        Ok(ReaderView { to, id, name, address })
    }

    /// Says with whom a contact is shared from now on. `over` is the version that the owner saw.
    pub fn contact_share(
        &self,
        actor: &Actor,
        id: &str,
        over: u32,
        wanted: &[WantedShare],
    ) -> Result<SharingView, Error> {
        self.contacts_retry(|| {
            let Opened { id, row, stored } = self.contact_opened(actor, id)?;
            if over != row.version {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            let before = self.contact_sharing_of(actor, id, &row)?;
            let known: BTreeSet<ShareTo> = before.0.iter().map(|share| share.to).collect();
            let mut shares = Vec::with_capacity(wanted.len());
            for WantedShare { to, read, edit } in wanted {
                let to = self.contact_reader_named(actor, to, &known)?;
                shares.push(Share { to, read: *read, edit: *edit });
            }
            let sharing = Sharing(shares).checked()?;
            let stored = (&stored, PhotoChange::Keep);
            let change = self.contact_sealed_with(actor, (id, Some(row)), stored, &sharing)?;
            self.contacts_commit(actor, vec![change], |_| Ok(()))
        })?;
        self.contact_sharing_view(actor, id)
    }

    /// Whom the owner means. Nobody learns more of who is inside than the sender of a message.
    fn contact_reader_named(
        &self,
        actor: &Actor,
        named: &NamedReader,
        known: &BTreeSet<ShareTo>,
    ) -> Result<ShareTo, Error> {
        const NOBODY: Error = Error::NotFound { what: "reader" };
        let own = |to: &ShareTo| *to != ShareTo::Person(actor.account());
        match named {
            NamedReader::Everybody => Ok(ShareTo::Group(GroupId::EVERYBODY)),
            NamedReader::Group(id) => {
                let to = ShareTo::Group(GroupId(parse_hex(id).ok_or(NOBODY)?));
                let reader: Reader = self.reader_facts(actor)?;
                match known.contains(&to) || to.includes(&reader) {
                    true => Ok(to),
                    false => Err(NOBODY),
                }
            }
            NamedReader::Person(text) => {
                let id = parse_hex(text).map(|id| ShareTo::Person(AccountId(id)));
                if let Some(to) = id.filter(|to| known.contains(to)) {
                    return Ok(to);
                }
                let account = self.contact_owner(actor, text)?.ok_or(NOBODY)?;
                Some(ShareTo::Person(account)).filter(own).ok_or(NOBODY)
            }
        }
    }

    /// Who may add contacts to the actor's address book.
    pub(super) fn contact_adders_of(&self, actor: &Actor) -> Result<Adders, Error> {
        let account = actor.account();
        let key = (account.0, account, BOOK);
        let Some(row) = self.inner.store.get(&CONTACT_SHARED, &key)? else {
            return Ok(Adders::default());
        };
        let plain = actor.secret().open_own(&binding(account, BOOK), &row.sealed);
        sealed_form::read(CONTACT_SHARED.name, &plain.map_err(|_| damaged())?)
    }

    /// Who may add contacts to the actor's address book, for its owner.
    pub fn contact_adders(&self, actor: &Actor) -> Result<Vec<ReaderView>, Error> {
        let adders = self.contact_adders_of(actor)?.0.into_iter();
        adders.map(|to| self.contact_reader_view(actor, to)).collect()
    }

    /// Says who may add contacts to the actor's address book.
    pub fn contact_adders_set(
        &self,
        actor: &Actor,
        wanted: &[NamedReader],
    ) -> Result<Vec<ReaderView>, Error> {
        if wanted.len() > READERS_MAX {
            return Err(Error::OverQuota);
        }
        let account = actor.account();
        let own = (account.0, account, BOOK);
        self.contacts_retry(|| {
            let before = self.inner.store.get(&CONTACT_SHARED, &own)?;
            let known: BTreeSet<ShareTo> = self.contact_adders_of(actor)?.0.into_iter().collect();
            let mut adders = BTreeSet::new();
            for named in wanted {
                adders.insert(self.contact_reader_named(actor, named, &known)?);
            }
            let plain = sealed_form::octets_of(&Adders(adders.iter().copied().collect()))?;
            let sealed = actor.secret().seal_own(&binding(account, BOOK), &plain)?;
            let done = self.transact(move |tx| {
                if tx.get(&CONTACT_SHARED, &own)? != before {
                    return Err(Error::Busy);
                }
                let row = ContactShared { sealed: sealed.clone(), ..ContactShared::default() };
                tx.put(&CONTACT_SHARED, &own, &row)?;
                for to in known.union(&adders) {
                    let key = (to.key(), account, BOOK);
                    match adders.contains(to) {
                        true => tx.put(&CONTACT_SHARED, &key, &ContactShared::default())?,
                        false => tx.delete(&CONTACT_SHARED, &key),
                    }
                    if let ShareTo::Person(person) = to {
                        // An account that ended meanwhile leaves nothing.
                        match tx.has(&ACCOUNTS, person)? {
                            true => drop(tx.changed(*person, Changed::Contacts)?),
                            false => tx.delete(&CONTACT_SHARED, &key),
                        }
                    }
                }
                tx.changed(account, Changed::Contacts).map(drop)
            });
            done.wait()
        })?;
        self.contact_adders(actor)
    }
}
