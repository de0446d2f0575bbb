//! What the owner of an address book says about who else sees and changes it.

use std::collections::BTreeSet;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::book::{Copies, Opened};
use crate::gateway::contacts::changes::PhotoChange;
use crate::gateway::contacts::shared::unshare_all_in_tx;
use crate::gateway::contacts::shares::{
    Adders, Fields, Named, READERS_MAX, Share, ShareTo, Sharing,
};
use crate::gateway::error::{Conflict, Error, readable, unless_damaged};
use crate::gateway::feed::change::Changed;
use crate::gateway::groups::admission::Asker;
use crate::gateway::groups::audience::Reader;
use crate::gateway::records::contact::{BOOK, ContactId, ContactRow, ContactShared};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ACCOUNTS, CONTACT_SHARED, CONTACTS, GROUPS};
use crate::gateway::text::{hex, parse_hex};
use crate::store::Read;
use crate::vault;

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

/// `content` is the contact as it is sealed: an earlier list of its readers, with rights that were taken
/// back, does not open beside it.
fn binding(account: AccountId, id: ContactId, content: &[u8]) -> Vec<u8> {
    let content = vault::group_public_digest(content);
    [b"contact sharing\0".as_slice(), &account.0, &id, &content].concat()
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
        let bound = binding(actor.account(), id, &row.sealed);
        let plain = actor.secret().open_own(&bound, &sharing.sealed);
        sealed_form::read(CONTACTS.name, &plain.map_err(|_| damaged())?)
    }

    pub(super) fn contact_sharing_sealed(
        &self,
        actor: &Actor,
        id: ContactId,
        (content, sharing): (&[u8], &Sharing),
    ) -> Result<Vec<u8>, Error> {
        let plain = sealed_form::octets_of(sharing)?;
        Ok(actor.secret().seal_own(&binding(actor.account(), id, content), &plain)?)
    }

    /// With whom a contact is shared: with nobody, if that cannot be read.
    pub(super) fn contact_sharing_known(
        &self,
        actor: &Actor,
        Opened { id, row, .. }: &Opened,
    ) -> Result<Sharing, Error> {
        Ok(unless_damaged(self.contact_sharing_of(actor, *id, row))?.unwrap_or_default())
    }

    /// Ends the sharing of a contact if nobody can read with whom it is shared.
    fn contact_sharing_mended(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        self.contacts_retry(|| {
            let Opened { id, row, stored } = self.contact_opened(actor, id)?;
            if unless_damaged(self.contact_sharing_of(actor, id, &row))?.is_some() {
                return Ok(());
            }
            let change = self.contact_sealed(actor, id, Some(row), &stored, PhotoChange::Keep)?;
            self.contacts_commit(actor, vec![change], |_| Ok(()))
        })
    }

    /// With whom a contact is shared, for its owner. A reader for whom it could not be sealed so far gets
    /// it now, if that is possible meanwhile.
    pub fn contact_sharing(&self, actor: &Actor, id: &str) -> Result<SharingView, Error> {
        self.contact_sharing_mended(actor, id)?;
        let view = self.contact_sharing_view(actor, id)?;
        if view.shares.iter().all(|share| share.sealed) {
            return Ok(view);
        }
        self.contacts_retry(|| {
            let Opened { id, row, stored } = self.contact_opened(actor, id)?;
            let change = self.contact_sealed(actor, id, Some(row), &stored, PhotoChange::Keep)?;
            match change.readers.put.is_empty() {
                true => Ok(()),
                false => self.contacts_commit(actor, vec![change], |_| Ok(())),
            }
        })?;
        self.contact_sharing_view(actor, id)
    }

    fn contact_sharing_view(&self, actor: &Actor, id: &str) -> Result<SharingView, Error> {
        let Opened { id, row, .. } = self.contact_opened(actor, id)?;
        let sharing = self.contact_sharing_of(actor, id, &row)?;
        let asker = self.asker(actor.account())?;
        let mut shares = Vec::with_capacity(sharing.0.len());
        for Share { to, read, edit } in sharing.0 {
            let key = (to.key(), actor.account(), id);
            let sealed = readable(self.inner.store.get(&CONTACT_SHARED, &key))?.flatten();
            // Where nothing can be sealed, there is no row.
            let sealed = sealed.is_some();
            let reader = self.contact_reader_view(actor, &asker, (to, &sharing.1))?;
            shares.push(ShareView { reader, read, edit, sealed });
        }
        Ok(SharingView { version: row.version, shares })
    }

    /// A reader as the owner named it. Whose the address of a role is, and who is in a closed group by
    /// now, is not said: the name stands beside the person's own address only, and only while the owner
    /// could write to the person.
    pub(in crate::gateway) fn contact_reader_view(
        &self,
        actor: &Actor,
        asker: &Asker,
        (to, named): (ShareTo, &Named),
    ) -> Result<ReaderView, Error> {
        let mut id = hex(&to.key());
        let (name, address) = match to {
            ShareTo::Person(account) => {
                let someone = self.someone_reached(asker, account)?.unwrap_or_default();
                match named.get(&account) {
                    Some(typed) => {
                        id.clone_from(typed);
                        let is_own = someone.address.eq_ignore_ascii_case(typed);
                        (if is_own { someone.name } else { String::new() }, typed.clone())
                    }
                    // Who added the contact: nobody typed an address.
                    None => (someone.name, someone.address),
                }
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
            let before =
                unless_damaged(self.contact_sharing_of(actor, id, &row))?.unwrap_or_default();
            let known: BTreeSet<ShareTo> = before.0.iter().map(|share| share.to).collect();
            let (mut shares, mut names) = (Vec::with_capacity(wanted.len()), Named::new());
            for WantedShare { to, read, edit } in wanted {
                let to = self.contact_reader_named(actor, to, (&known, &before.1), &mut names)?;
                shares.push(Share { to, read: *read, edit: *edit });
            }
            let sharing = Sharing(shares, names).checked()?;
            let stored = (&stored, PhotoChange::Keep);
            let sharing = (&sharing, Copies::All);
            let change = self.contact_sealed_with(actor, (id, Some(row)), stored, sharing)?;
            self.contacts_commit(actor, vec![change], |_| Ok(()))
        })?;
        self.contact_sharing_view(actor, id)
    }

    /// Whom the owner means. Nobody learns more of who is inside than the sender of a message.
    pub(in crate::gateway) fn contact_reader_named(
        &self,
        actor: &Actor,
        named: &NamedReader,
        (known, before): (&BTreeSet<ShareTo>, &Named),
        names: &mut Named,
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
                // One who reads it already stays the same person, although another has the address by now.
                let text = text.trim();
                let kept = before.iter().find(|(_, typed)| typed.as_str() == text);
                let kept = kept.map(|(account, _)| *account);
                let kept = match kept.filter(|one| known.contains(&ShareTo::Person(*one))) {
                    // The one who has the address of somebody who was removed is another person.
                    Some(account) if self.account_exists(account)? => Some(account),
                    _ => None,
                };
                let unnamed = parse_hex(text).map(AccountId).filter(|account| {
                    known.contains(&ShareTo::Person(*account)) && !before.contains_key(account)
                });
                if let Some(account) = unnamed {
                    return Ok(ShareTo::Person(account));
                }
                let account = match kept {
                    Some(account) => account,
                    None => self.contact_owner(actor, text)?.ok_or(NOBODY)?,
                };
                let to = Some(ShareTo::Person(account)).filter(own).ok_or(NOBODY)?;
                names.insert(account, text.to_owned());
                Ok(to)
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
        let plain = actor.secret().open_own(&binding(account, BOOK, b""), &row.sealed);
        sealed_form::read(CONTACT_SHARED.name, &plain.map_err(|_| damaged())?)
    }

    /// The same; `None` if it cannot be read. Then what somebody adds is refused, and the list that is
    /// set next takes the right from all.
    pub(super) fn contact_adders_known(&self, actor: &Actor) -> Result<Option<Adders>, Error> {
        unless_damaged(self.contact_adders_of(actor))
    }

    /// Who may add contacts to the actor's address book, for its owner.
    pub fn contact_adders(&self, actor: &Actor) -> Result<Vec<ReaderView>, Error> {
        let asker = self.asker(actor.account())?;
        let Adders(adders, named) = self.contact_adders_known(actor)?.unwrap_or_default();
        let view = |to| self.contact_reader_view(actor, &asker, (to, &named));
        adders.into_iter().map(view).collect()
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
            let before = unless_damaged(self.inner.store.get(&CONTACT_SHARED, &own))?;
            let had = self.contact_adders_known(actor)?;
            let is_known = had.is_some();
            let Adders(had, before_names) = had.unwrap_or_default();
            let known: BTreeSet<ShareTo> = had.into_iter().collect();
            let (mut adders, mut names) = (BTreeSet::new(), Named::new());
            for named in wanted {
                let known = (&known, &before_names);
                adders.insert(self.contact_reader_named(actor, named, known, &mut names)?);
            }
            let plain = sealed_form::octets_of(&Adders(adders.iter().copied().collect(), names))?;
            let sealed = actor.secret().seal_own(&binding(account, BOOK, b""), &plain)?;
            let done = self.transact(move |tx| {
                if unless_damaged(tx.get(&CONTACT_SHARED, &own))? != before {
                    return Err(Error::Busy);
                }
                if !is_known {
                    unshare_all_in_tx(tx, (account, BOOK))?;
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
