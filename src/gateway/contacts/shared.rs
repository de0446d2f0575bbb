//! Contacts that others share: sealing what each reader gets, and reading it.
//!
//! A reader's rows are the only thing that is opened for the reader. Whether a contact is hidden or not
//! there makes no difference to what is read, or said.
//!
//! | reader | its rows are sealed to |
//! | --- | --- |
//! | a person | the account's public half, by HPKE over X-Wing |
//! | a group, or everybody inside | the epoch of the group that is in use |
//!
//! Where a group cannot be sealed for, because its keys wait or the owner has left it, its row goes: it
//! would show what the contact said before. The next change, or a look at the sharing, makes it anew.

use std::collections::{BTreeMap, HashMap, btree_map, hash_map};
use std::ops::ControlFlow;

use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::copies::{self, CopiesChange};
use crate::gateway::contacts::list::{PAGE_MAX, QUERY_CHARS_MAX};
use crate::gateway::contacts::reader_rows::{Found, Rows};
use crate::gateway::contacts::row::{binding, octets_of, told_in_tx};
use crate::gateway::contacts::shares::{Fields, Projection, Share, ShareTo, Sharing};
use crate::gateway::contacts::stored::{ContactPatch, MISSING, StoredContact};
use crate::gateway::error::{Conflict, Error, readable, unless_damaged};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::admission::Asker;
use crate::gateway::groups::audience::Reader;
use crate::gateway::groups::sealing::still_sealed_in_tx;
use crate::gateway::records::contact::{BOOK, ContactId, ContactShared};
use crate::gateway::records::group::Under;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ACCOUNT_KEYS, ACCOUNTS, CONTACT_SHARED};
use crate::gateway::text::{hex, parse_hex};
use crate::mail::contacts::Contact;
use crate::mail::words;
use crate::store::Read;
use crate::vault::{self, GroupSecret};

/// Somebody whose contacts, or whose changes, one sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Someone {
    pub id: String,
    pub name: String,
    pub address: String,
}

/// A contact that somebody else shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedView {
    pub owner: Someone,
    pub id: String,
    pub version: u32,
    pub contact: Contact,
    pub fields: Fields,
    pub edit: Fields,
    /// What the actor changed, and the owner's session has not taken yet; it is in `contact`.
    pub waiting: Fields,
}

/// A part of the contacts that others share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedPage {
    pub items: Vec<SharedView>,
    /// How many the question finds, and how many there are.
    pub total: usize,
    pub all: usize,
    /// To whose address books the actor may add.
    pub books: Vec<Someone>,
    /// Whether there is something that cannot be opened: yet, or because it was changed.
    pub closed: bool,
    /// Whether there are more than are read in one question.
    pub more: bool,
}

/// Which contacts of others are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedQuery {
    pub text: String,
    pub offset: usize,
    pub limit: usize,
}

/// What becomes of a contact's readers.
#[derive(Clone, Default)]
pub(super) struct ReadersChange {
    pub put: Vec<(ShareTo, ContactShared)>,
    pub drop: Vec<ShareTo>,
    /// The epochs of the rows that stay as they are, and how many octets these rows are.
    pub kept: Vec<(ShareTo, Option<Under>)>,
    pub kept_octets: u64,
    /// Whether nobody knows who had it: all rows are looked at.
    pub is_unknown: bool,
    /// What becomes of the copies that readers of the whole book have.
    pub copies: CopiesChange,
}

/// The rows of one contact that a reader has, opened.
pub(super) struct Seen {
    pub projection: Projection,
    pub edit: Fields,
    pub version: u32,
}

/// The most contacts that one person shares one by one with one reader.
pub const SHARED_OF_ONE_MAX: u64 = 1_000;

/// The most octets of all readers' copies of one contact.
const COPIES_OCTETS_MAX: u64 = 1 << 20;

/// The epochs that one request opened.
#[derive(Default)]
pub(in crate::gateway) struct Opened(HashMap<(GroupId, u32), Option<GroupSecret>>);

impl Opened {
    /// How many epochs were opened, or could not be.
    pub(in crate::gateway) fn count(&self) -> usize {
        self.0.len()
    }
}

impl Gateway {
    /// Seals for each reader what it sees of a contact. `before` are those who had it so far; `was` is what
    /// it said, where who sees the same as before keeps the copy, and is not told of what is hidden.
    pub(super) fn contact_readers(
        &self,
        actor: &Actor,
        id: ContactId,
        (stored, was, version): (&StoredContact, Option<&StoredContact>, u32),
        (sharing, before): (&Sharing, Option<&Sharing>),
    ) -> Result<ReadersChange, Error> {
        let had = before.map(|before| before.0.as_slice()).unwrap_or_default();
        let mut put = Vec::with_capacity(sharing.0.len());
        let (mut kept, mut kept_octets) = (Vec::new(), 0);
        for share in &sharing.0 {
            let projection = Projection::of(stored, share.read);
            let is_same = had.contains(share)
                && was.is_some_and(|was| Projection::of(was, share.read) == projection);
            if is_same && let Some(row) = self.contact_shared_kept(actor, share, id)? {
                kept.push((share.to, row.under));
                kept_octets += octets_of(&row);
                continue;
            }
            let plain = sealed_form::octets_of(&projection)?;
            let bound = binding(share.to.key(), actor.account(), id, version);
            if let Some(row) =
                self.contact_shared_sealed(actor, share, version, (&bound, &plain))?
            {
                put.push((share.to, row));
            }
        }
        let is_gone = |to: &ShareTo| {
            put.iter().all(|(other, _)| other != to) && kept.iter().all(|(other, _)| other != to)
        };
        let drop = had.iter().map(|share| share.to).filter(is_gone).collect();
        let is_unknown = before.is_none();
        let copies = CopiesChange::default();
        let change = ReadersChange { put, drop, kept, kept_octets, is_unknown, copies };
        match change.octets() > COPIES_OCTETS_MAX {
            true => Err(Error::OverQuota),
            false => Ok(change),
        }
    }

    fn contact_shared_kept(
        &self,
        actor: &Actor,
        share: &Share,
        id: ContactId,
    ) -> Result<Option<ContactShared>, Error> {
        let key = (share.to.key(), actor.account(), id);
        let row = unless_damaged(self.inner.store.get(&CONTACT_SHARED, &key))?.flatten();
        self.contact_row_kept(actor, share.to, row.filter(|row| row.edit == share.edit.0))
    }

    /// A reader's row, if it is there, and sealed under the epoch that is in use.
    pub(super) fn contact_row_kept(
        &self,
        actor: &Actor,
        to: ShareTo,
        row: Option<ContactShared>,
    ) -> Result<Option<ContactShared>, Error> {
        let Some(row) = row else { return Ok(None) };
        let in_use = match to {
            ShareTo::Person(_) => None,
            ShareTo::Group(group) => match self.group_sealing(actor, group) {
                Ok((under, _)) => Some(under),
                // What becomes of the row is said where it is sealed.
                Err(_) => return Ok(None),
            },
        };
        Ok((row.under == in_use).then_some(row))
    }

    /// `None` if nothing can be sealed for this reader now.
    pub(in crate::gateway) fn contact_shared_sealed(
        &self,
        actor: &Actor,
        share: &Share,
        version: u32,
        (bound, plain): (&[u8], &[u8]),
    ) -> Result<Option<ContactShared>, Error> {
        let row = |under, encapsulation, sealed| ContactShared {
            version,
            edit: share.edit.0,
            under,
            encapsulation,
            sealed,
        };
        match share.to {
            ShareTo::Person(account) => {
                // Damage at a reader must not keep the owner from changing the contact.
                let keys = readable(self.inner.store.get(&ACCOUNT_KEYS, &account))?.flatten();
                let Some(keys) = keys else { return Ok(None) };
                let (epoch, encapsulation) = vault::epoch_begin(&keys.public_key(), bound)?;
                Ok(Some(row(None, encapsulation, epoch.seal_summary(bound, plain)?)))
            }
            ShareTo::Group(group) => {
                if group == GroupId::EVERYBODY {
                    self.groups_tend_or_not(actor);
                }
                match self.group_sealing(actor, group) {
                    Ok((under, secret)) => {
                        Ok(Some(row(Some(under), Vec::new(), secret.seal(bound, plain)?)))
                    }
                    Err(
                        Error::NotFound { .. }
                        | Error::Damaged { .. }
                        | Error::KeysDiffer
                        | Error::Conflict(Conflict::GroupKeysWait | Conflict::GroupKeysUnproven),
                    ) => Ok(None),
                    Err(other) => Err(other),
                }
            }
        }
    }

    /// What a row shows to the actor; `None` if it cannot be opened.
    fn contact_shared_opened(
        &self,
        actor: &Actor,
        opened: &mut Opened,
        bound: &[u8],
        row: &ContactShared,
    ) -> Result<Option<Projection>, Error> {
        let plain = self.contact_shared_plain(actor, opened, (bound, row))?;
        match plain.map(|plain| sealed_form::read::<Projection>(CONTACT_SHARED.name, &plain)) {
            Some(Err(error @ Error::NewerRecord { .. })) => Err(error),
            Some(Ok(projection)) => Ok(Some(projection)),
            Some(Err(_)) | None => Ok(None),
        }
    }

    /// What was sealed for the actor, or for a group that the actor is in; `None` if it cannot be opened.
    pub(in crate::gateway) fn contact_shared_plain(
        &self,
        actor: &Actor,
        opened: &mut Opened,
        (bound, row): (&[u8], &ContactShared),
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let plain = match row.under {
            None => actor
                .secret()
                .epoch_open(&row.encapsulation, bound)
                .and_then(|epoch| epoch.open_summary(bound, &row.sealed)),
            Some(under) => {
                let key = (under.group, under.epoch);
                if let hash_map::Entry::Vacant(place) = opened.0.entry(key) {
                    let secret = match self.group_opening(actor, under) {
                        Ok(secret) => Some(secret),
                        Err(
                            Error::NotFound { .. }
                            | Error::Damaged { .. }
                            | Error::KeysDiffer
                            | Error::Conflict(_),
                        ) => None,
                        Err(other) => return Err(other),
                    };
                    place.insert(secret);
                }
                let Some(secret) = opened.0.get(&key).and_then(Option::as_ref) else {
                    return Ok(None);
                };
                secret.open(bound, &row.sealed)
            }
        };
        Ok(plain.ok())
    }

    /// Somebody's name, if the account is there.
    pub(super) fn someone(&self, account: AccountId) -> Result<Option<Someone>, Error> {
        if !self.account_exists(account)? {
            return Ok(None);
        }
        let Some(view) = readable(self.account(account))? else { return Ok(None) };
        let view = view.view(account);
        Ok(Some(Someone { id: view.id, name: view.display_name, address: view.address }))
    }

    /// The same, if somebody may know about the account: it may be in a closed group by now.
    pub(super) fn someone_reached(
        &self,
        asker: &Asker,
        account: AccountId,
    ) -> Result<Option<Someone>, Error> {
        match self.reaches(asker, account)? {
            true => self.someone(account),
            false => Ok(None),
        }
    }

    /// A part of the contacts that others share with the actor, by name, with what the actor sees of them.
    pub fn contacts_shared(&self, actor: &Actor, query: &SharedQuery) -> Result<SharedPage, Error> {
        if query.text.chars().count() > QUERY_CHARS_MAX || !(1..=PAGE_MAX).contains(&query.limit) {
            return Err(Error::Invalid { what: "the query is too long".to_owned() });
        }
        let reader = self.reader_facts(actor)?;
        let Rows { rows, books, more, closed } = self.contact_shared_rows(&reader)?;
        let mut page = SharedPage { more, closed, ..SharedPage::default() };
        let (mut opened, mut found) = (Opened::default(), BTreeMap::new());
        for Found { owner, id, bound, row } in rows {
            match self.contact_shared_opened(actor, &mut opened, &bound, &row)? {
                Some(projection) => seen_add(found.entry((owner, id)), projection, &row),
                None => page.closed = true,
            }
        }
        let asker = self.asker(reader.account)?;
        let mut people: HashMap<AccountId, Option<Someone>> = HashMap::new();
        let text = words::spelled(&query.text);
        let wanted: Vec<&str> = text.split_whitespace().take(10).collect();
        let mut items = Vec::new();
        for ((owner, id), seen) in found {
            let someone = match people.get(&owner) {
                Some(someone) => someone.clone(),
                None => people.entry(owner).or_insert(self.someone_reached(&asker, owner)?).clone(),
            };
            let Some(someone) = someone else { continue };
            page.all += 1;
            let contact = &seen.projection.contact;
            let searched = contact.searched();
            if wanted.iter().all(|word| searched.contains(word)) {
                items.push((words::spelled(&contact.shown()), seen.view(someone, id)));
            }
        }
        items.sort_by(|(a, one), (b, other)| (a, &one.id).cmp(&(b, &other.id)));
        page.total = items.len();
        let items = items.into_iter().skip(query.offset).take(query.limit);
        page.items = items.map(|(_, view)| view).collect();
        for owner in books {
            page.books.extend(self.someone_reached(&asker, owner)?);
        }
        Ok(page)
    }

    /// What the actor sees of a contact of somebody else; `None` if there is nothing for the actor.
    pub(super) fn contact_seen(
        &self,
        actor: &Actor,
        reader: &Reader,
        (owner, id): (AccountId, ContactId),
    ) -> Result<Option<Seen>, Error> {
        let is_seen = owner != reader.account
            && id != BOOK
            && self.account_exists(owner)?
            && self.reaches_from(reader.account, owner)?;
        if !is_seen {
            return Ok(None);
        }
        let (mut opened, mut found) = (Opened::default(), BTreeMap::new());
        let mut is_closed = false;
        let mut rows = Vec::new();
        for to in ShareTo::of(reader) {
            let row = self.inner.store.get(&CONTACT_SHARED, &(to.key(), owner, id))?;
            rows.extend(row.map(|row| (binding(to.key(), owner, id, row.version), row)));
            let copy = self.contact_copy(to, owner, id)?;
            rows.extend(copy.map(|(key, row)| (copies::binding(&key, row.version), row)));
        }
        for (bound, row) in rows {
            match self.contact_shared_opened(actor, &mut opened, &bound, &row)? {
                Some(projection) => seen_add(found.entry(()), projection, &row),
                None => is_closed = true,
            }
        }
        match found.remove(&()) {
            None if is_closed => {
                Err(Error::Damaged { what: "what is shared cannot be opened".to_owned() })
            }
            seen => Ok(seen),
        }
    }

    /// One contact that somebody else shares, with what the actor changed of it.
    pub fn contact_shared(
        &self,
        actor: &Actor,
        owner: &str,
        id: &str,
    ) -> Result<SharedView, Error> {
        let (owner, id) = parsed(owner, id)?;
        let reader = self.reader_facts(actor)?;
        let mut seen = self.contact_seen(actor, &reader, (owner, id))?.ok_or(MISSING)?;
        let someone = self.someone(owner)?.ok_or(MISSING)?;
        let mut waiting = Fields::default();
        for patch in self.contact_edits_waiting(actor, owner, id)? {
            // What may no longer be read is not shown again by what was written to it.
            let fields = Fields(patch.fields().0 & seen.projection.fields.0);
            let mut own = Contact::default();
            patch.write(&mut own);
            ContactPatch::of(&own, fields).write(&mut seen.projection.contact);
            waiting = waiting.with(fields);
        }
        Ok(SharedView { waiting, ..seen.view(someone, id) })
    }
}

pub(super) fn parsed(owner: &str, id: &str) -> Result<(AccountId, ContactId), Error> {
    Ok((AccountId(parse_hex(owner).ok_or(MISSING)?), parse_hex(id).ok_or(MISSING)?))
}

fn seen_add<K: Ord>(
    entry: btree_map::Entry<'_, K, Seen>,
    projection: Projection,
    row: &ContactShared,
) {
    let none = || Seen { projection: Projection::default(), edit: Fields(0), version: 0 };
    let seen = entry.or_insert_with(none);
    // What may be changed is a part of what is read, whatever the row says.
    let edit = Fields(row.edit & projection.fields.0);
    seen.edit = seen.edit.with(edit);
    seen.version = seen.version.max(row.version);
    seen.projection.add(&projection);
}

impl Seen {
    fn view(self, owner: Someone, id: ContactId) -> SharedView {
        let Projection { contact, fields, .. } = self.projection;
        let (edit, waiting) = (self.edit, Fields::default());
        SharedView { owner, id: hex(&id), version: self.version, contact, fields, edit, waiting }
    }
}

impl Sharing {
    /// The change after which nobody else sees a contact.
    pub(super) fn ended(self, copies: CopiesChange) -> ReadersChange {
        let drop = self.0.iter().map(|share| share.to).collect();
        ReadersChange { drop, copies, ..ReadersChange::default() }
    }
}

impl ReadersChange {
    /// How many octets the readers' rows are.
    pub fn octets(&self) -> u64 {
        let own = self.put.iter().map(|(_, row)| octets_of(row)).sum::<u64>() + self.kept_octets;
        own + self.copies.octets
    }

    /// The change after which nobody else sees a contact of which nothing can be read.
    pub fn of_unknown(copies: CopiesChange) -> ReadersChange {
        ReadersChange { is_unknown: true, copies, ..ReadersChange::default() }
    }

    /// Stores the rows of a contact's readers; [`Error::Busy`] if a group's keys changed meanwhile.
    pub fn store_in_tx(
        &self,
        tx: &mut Tx<'_, '_>,
        (owner, id): (AccountId, ContactId),
    ) -> Result<(), Error> {
        self.copies.store_in_tx(tx, (owner, id))?;
        if self.is_unknown {
            unshare_all_in_tx(tx, (owner, id))?;
        }
        for to in &self.drop {
            tx.delete(&CONTACT_SHARED, &(to.key(), owner, id));
            if let ShareTo::Person(account) = to {
                told_in_tx(tx, *account)?;
            }
        }
        for under in self.kept.iter().filter_map(|(_, under)| *under) {
            still_sealed_in_tx(tx, under).map_err(|_| Error::Busy)?;
        }
        for (to, row) in &self.put {
            if let Some(under) = row.under {
                still_sealed_in_tx(tx, under).map_err(|_| Error::Busy)?;
            }
            let key = (to.key(), owner, id);
            match to {
                // An account that ended meanwhile leaves nothing.
                ShareTo::Person(account) if !tx.has(&ACCOUNTS, account)? => continue,
                ShareTo::Person(account) => told_in_tx(tx, *account)?,
                ShareTo::Group(_) => {}
            }
            let is_new = !tx.has(&CONTACT_SHARED, &key)?;
            tx.put(&CONTACT_SHARED, &key, row)?;
            if is_new && tx.count(&CONTACT_SHARED, &(to.key(), owner))? > SHARED_OF_ONE_MAX {
                return Err(Error::OverQuota);
            }
        }
        Ok(())
    }
}

/// Removes all rows of a contact's readers, where nobody knows who has it; or all that say who may add.
pub(super) fn unshare_all_in_tx(
    tx: &mut Tx<'_, '_>,
    of: (AccountId, ContactId),
) -> Result<(), Error> {
    let mut keys = Vec::new();
    tx.scan_keys(&CONTACT_SHARED, &(), |key| {
        keys.extend(((key.1, key.2) == of).then_some(key));
        ControlFlow::Continue(())
    })?;
    for key in keys {
        tx.delete(&CONTACT_SHARED, &key);
        // The reader may be a group, whose identifier no account has.
        told_in_tx(tx, AccountId(key.0))?;
    }
    Ok(())
}
