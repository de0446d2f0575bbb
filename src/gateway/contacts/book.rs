//! Contacts: reading, changing, deleting and restoring them.
//!
//! Each field has the version in which it changed last. An editor of an earlier version may
//! change the fields that nobody else changed since; so two people who edit one contact at the same
//! time lose nothing, and the second learns of it only if both changed the same field.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::changes::{Before, PhotoChange, RowChange};
use crate::gateway::contacts::line::Line;
use crate::gateway::contacts::shared::ReadersChange;
use crate::gateway::contacts::shares::Sharing;
use crate::gateway::contacts::stored::{ContactPatch, MERGED_MAX, MISSING, StoredContact, fitting};
use crate::gateway::error::{Conflict, Error, unless_damaged};
use crate::gateway::records::contact::{ContactId, ContactRow, ContactSharing};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{CONTACT_PHOTOS, CONTACTS};
use crate::gateway::text::{hex, parse_hex};
use crate::mail::contacts::{Contact, Photo, groups};
use crate::store::{self, Read};
use crate::vault;

pub use crate::gateway::contacts::changes::CONTACTS_MAX;

/// A contact as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactView {
    pub id: String,
    pub version: u32,
    pub contact: Contact,
    pub photo: bool,
}

fn binding(account: AccountId, id: ContactId, what: &[u8]) -> Vec<u8> {
    [b"contact ".as_slice(), what, b"\0", &account.0, &id].concat()
}

/// Which copies of a contact are sealed: of the readers for whom something changed, or of all.
#[derive(Clone, Copy)]
pub(super) enum Copies {
    Changed,
    All,
}

/// A contact that was read: its row, and what it says.
pub(super) struct Opened {
    pub id: ContactId,
    pub row: ContactRow,
    pub stored: StoredContact,
}

impl Gateway {
    /// Adds a contact.
    pub fn contact_create(&self, actor: &Actor, contact: Contact) -> Result<ContactView, Error> {
        self.contact_create_once(actor, contact, None)
    }

    /// The same, once for each key of a request.
    pub fn contact_create_once(
        &self,
        actor: &Actor,
        contact: Contact,
        key: Option<&str>,
    ) -> Result<ContactView, Error> {
        let contact = fitting(contact)?;
        let id = self.contact_id_of(actor.account(), key)?;
        let stored = StoredContact { contact, ..StoredContact::default() };
        self.contacts_retry(|| {
            if key.is_some()
                && let Some(view) = self.contact_created(actor, id, &stored.contact)?
            {
                return Ok(Some(view));
            }
            let change = self.contact_sealed(actor, id, None, &stored, PhotoChange::Keep)?;
            self.contacts_commit(actor, vec![change], |_| Ok(()))?;
            Ok(None)
        })?
        .map_or_else(|| self.contact(actor, &hex(&id)), Ok)
    }

    /// The contact that an earlier request with the same key made, also if it was deleted since. One that
    /// says something else was not that request.
    fn contact_created(
        &self,
        actor: &Actor,
        id: ContactId,
        wanted: &Contact,
    ) -> Result<Option<ContactView>, Error> {
        let row = self.inner.store.get(&CONTACTS, &(actor.account(), id))?;
        let Some(row) = row else { return Ok(None) };
        let StoredContact { contact, photo, .. } = self.contact_read(actor, id, &row)?;
        // Nobody knows what it said at first, if it was changed.
        let is_same = Contact { uid: contact.uid.clone(), ..wanted.clone() } == contact;
        if row.version == 1 && !is_same {
            return Err(Error::Conflict(Conflict::Exists));
        }
        let (version, photo) = (row.version, photo.is_some());
        Ok(Some(ContactView { id: hex(&id), version, contact, photo }))
    }

    /// One contact.
    pub fn contact(&self, actor: &Actor, id: &str) -> Result<ContactView, Error> {
        let Opened { id, row, stored } = self.contact_opened(actor, id)?;
        let StoredContact { contact, photo, .. } = stored;
        Ok(ContactView { id: hex(&id), version: row.version, contact, photo: photo.is_some() })
    }

    /// Changes fields of a contact. `over` is the version that was edited; `edited-elsewhere` if
    /// one of the fields changed since.
    pub fn contact_change(
        &self,
        actor: &Actor,
        id: &str,
        over: u32,
        patch: &ContactPatch,
    ) -> Result<ContactView, Error> {
        self.contacts_retry(|| {
            let Opened { id, row, mut stored } = self.contact_opened(actor, id)?;
            if over > row.version {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            let before = stored.clone();
            stored.apply(patch.clone(), over, row.version + 1)?;
            stored.contact = fitting(stored.contact)?;
            if stored.contact == before.contact {
                return Ok(());
            }
            // When the card was revised is no longer true.
            stored.contact.kept.retain(|line| groups::property(line) != "REV");
            let change = self.contact_sealed(actor, id, Some(row), &stored, PhotoChange::Keep)?;
            self.contacts_commit(actor, vec![change], |_| Ok(()))
        })?;
        self.contact(actor, id)
    }

    /// Deletes a contact, which can be restored for a day. One that cannot be read is gone at once.
    pub fn contact_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let id = parse_hex(id).ok_or(MISSING)?;
        self.contacts_retry(|| {
            let change = match self.inner.store.get(&CONTACTS, &(actor.account(), id)) {
                Ok(row) => {
                    let row = row.filter(|row| row.deleted.is_none()).ok_or(MISSING)?;
                    self.contact_removed(actor, id, row)?
                }
                Err(store::Error::Damaged(_)) => RowChange {
                    id,
                    before: Before::Damaged,
                    after: None,
                    line: None,
                    photo: PhotoChange::Drop,
                    readers: ReadersChange::of_unknown(self.contact_copies_ended(actor)?),
                },
                Err(other) => return Err(other.into()),
            };
            self.contacts_commit(actor, vec![change], |_| Ok(()))
        })
    }

    /// The change that deletes a contact: its readers see it no more, and again if it is restored.
    pub(super) fn contact_removed(
        &self,
        actor: &Actor,
        id: ContactId,
        row: ContactRow,
    ) -> Result<RowChange, Error> {
        let copies = self.contact_copies_ended(actor)?;
        let readers = match self.contact_sharing_of(actor, id, &row) {
            Err(Error::Damaged { .. }) => ReadersChange::of_unknown(copies),
            sharing => sharing?.ended(copies),
        };
        // With what is sealed beside it, so that it can be restored with its readers.
        let after = ContactRow {
            version: row.version + 1,
            deleted: Some(self.inner.clock.now()),
            sealed: row.sealed.clone(),
            sharing: row.sharing.clone().map(|sharing| ContactSharing { octets: 0, ..sharing }),
        };
        let (before, photo) = (Before::Row(Some(row)), PhotoChange::Keep);
        Ok(RowChange { id, before, after: Some(after), line: None, photo, readers })
    }

    /// Restores a contact that was deleted less than a day ago.
    pub fn contact_restore(&self, actor: &Actor, id: &str) -> Result<ContactView, Error> {
        self.contacts_retry(|| {
            let id = parse_hex(id).ok_or(MISSING)?;
            let row = self.inner.store.get(&CONTACTS, &(actor.account(), id))?;
            let row = row.filter(|row| row.deleted.is_some()).ok_or(MISSING)?;
            let stored = self.contact_read(actor, id, &row)?;
            let change = self.contact_sealed(actor, id, Some(row), &stored, PhotoChange::Keep)?;
            self.contacts_commit(actor, vec![change], |_| Ok(()))
        })?;
        self.contact(actor, id)
    }

    /// Makes one contact of several: a new one, so that those it was made of can be restored as they
    /// were.
    pub fn contact_merge(&self, actor: &Actor, ids: &[String]) -> Result<ContactView, Error> {
        let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
        if !(2..=MERGED_MAX).contains(&ids.len()) || distinct.len() < ids.len() {
            let what = format!("2 to {MERGED_MAX} different contacts can be merged");
            return Err(Error::Invalid { what });
        }
        let id = vault::random_bytes()?;
        self.contacts_retry(|| {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.push(self.contact_opened(actor, id)?);
            }
            let mut stored = StoredContact {
                contact: found[0].stored.contact.clone(),
                ..StoredContact::default()
            };
            for other in &found[1..] {
                stored.contact.merge(other.stored.contact.clone());
            }
            // What does not fit is not cut: then nothing is merged.
            stored.contact = fitting(stored.contact)?;
            let photo = match found.iter().find(|one| one.stored.photo.is_some()) {
                Some(other) => {
                    stored.photo = other.stored.photo.clone();
                    let octets = self.contact_photo_octets(actor, other.id)?;
                    PhotoChange::Put(self.contact_photo_sealed(actor, id, &octets)?)
                }
                None => PhotoChange::Keep,
            };
            // It has the values of all of them: who read one only must not read those of another.
            let mut sharing = self.contact_sharing_known(actor, &found[0])?;
            for other in &found[1..] {
                sharing = sharing.common(&self.contact_sharing_known(actor, other)?);
            }
            let sharing = (&sharing, Copies::All);
            let merged = self.contact_sealed_with(actor, (id, None), (&stored, photo), sharing)?;
            let mut changes = vec![merged];
            for opened in found {
                changes.push(self.contact_removed(actor, opened.id, opened.row)?);
            }
            self.contacts_commit(actor, changes, |_| Ok(()))
        })?;
        self.contact(actor, &hex(&id))
    }

    /// A contact's photo: its media type and its octets.
    pub fn contact_photo(&self, actor: &Actor, id: &str) -> Result<Photo, Error> {
        let opened = self.contact_opened(actor, id)?;
        if opened.stored.photo.is_none() {
            return Err(MISSING);
        }
        let octets = self.contact_photo_octets(actor, opened.id)?.to_vec();
        // It was one when it was stored.
        Photo::of(octets).ok_or_else(damaged)
    }

    /// Sets a contact's photo, or removes it.
    pub fn contact_photo_set(
        &self,
        actor: &Actor,
        id: &str,
        photo: Option<&Photo>,
    ) -> Result<ContactView, Error> {
        self.contacts_retry(|| {
            let Opened { id, row, mut stored } = self.contact_opened(actor, id)?;
            stored.photo = photo.map(|photo| photo.media.to_owned());
            let photo = match photo {
                Some(photo) => {
                    PhotoChange::Put(self.contact_photo_sealed(actor, id, &photo.octets)?)
                }
                None => PhotoChange::Drop,
            };
            let change = self.contact_sealed(actor, id, Some(row), &stored, photo)?;
            self.contacts_commit(actor, vec![change], |_| Ok(()))
        })?;
        self.contact(actor, id)
    }

    pub(super) fn contact_photo_octets(
        &self,
        actor: &Actor,
        id: ContactId,
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
        let account = actor.account();
        let sealed = self.inner.store.get(&CONTACT_PHOTOS, &(account, id))?.ok_or_else(damaged)?;
        let bound = binding(account, id, b"photo");
        actor.secret().open_own(&bound, &sealed.0).map_err(|_| damaged())
    }

    pub(super) fn contact_photo_sealed(
        &self,
        actor: &Actor,
        id: ContactId,
        octets: &[u8],
    ) -> Result<Vec<u8>, Error> {
        Ok(actor.secret().seal_own(&binding(actor.account(), id, b"photo"), octets)?)
    }

    /// A contact that was not deleted.
    pub(super) fn contact_opened(&self, actor: &Actor, id: &str) -> Result<Opened, Error> {
        self.contact_opened_by(actor, parse_hex(id).ok_or(MISSING)?)
    }

    pub(super) fn contact_opened_by(&self, actor: &Actor, id: ContactId) -> Result<Opened, Error> {
        let row = self.inner.store.get(&CONTACTS, &(actor.account(), id))?;
        let row = row.filter(|row| row.deleted.is_none()).ok_or(MISSING)?;
        let stored = self.contact_read(actor, id, &row)?;
        Ok(Opened { id, row, stored })
    }

    pub(super) fn contact_read(
        &self,
        actor: &Actor,
        id: ContactId,
        row: &ContactRow,
    ) -> Result<StoredContact, Error> {
        let bound = binding(actor.account(), id, b"row");
        let plain = actor.secret().open_own(&bound, &row.sealed).map_err(|_| damaged())?;
        sealed_form::read(CONTACTS.name, &plain)
    }

    /// The change that stores a contact.
    pub(super) fn contact_sealed(
        &self,
        actor: &Actor,
        id: ContactId,
        before: Option<ContactRow>,
        stored: &StoredContact,
        photo: PhotoChange,
    ) -> Result<RowChange, Error> {
        let sharing = match &before {
            Some(row) => {
                unless_damaged(self.contact_sharing_of(actor, id, row))?.unwrap_or_default()
            }
            None => Sharing::default(),
        };
        let sharing = (&sharing, Copies::Changed);
        self.contact_sealed_with(actor, (id, before), (stored, photo), sharing)
    }

    /// The change that stores a contact, and says with whom it is shared.
    pub(super) fn contact_sealed_with(
        &self,
        actor: &Actor,
        (id, before): (ContactId, Option<ContactRow>),
        (stored, photo): (&StoredContact, PhotoChange),
        (sharing, copies): (&Sharing, Copies),
    ) -> Result<RowChange, Error> {
        let plain = sealed_form::octets_of(stored)?;
        let sealed = actor.secret().seal_own(&binding(actor.account(), id, b"row"), &plain)?;
        let version = before.as_ref().map_or(1, |row| row.version + 1);
        let line = Line::of(id, version, &stored.contact, stored.photo.is_some());
        let had = match &before {
            // If it cannot be read, nobody knows who has the contact: then it is taken from all.
            Some(row) => unless_damaged(self.contact_sharing_of(actor, id, row))?,
            None => Some(Sharing::default()),
        };
        let was = match &before {
            Some(row) if row.sharing.is_some() => {
                unless_damaged(self.contact_read(actor, id, row))?
            }
            _ => None,
        };
        let of_book = self.contact_copies(actor, id, (stored, was.as_ref(), version))?;
        let was = was.as_ref().filter(|_| matches!(copies, Copies::Changed));
        let readers =
            self.contact_readers(actor, id, (stored, was, version), (sharing, had.as_ref()))?;
        let readers = ReadersChange { copies: of_book, ..readers };
        let sharing = match sharing.0.is_empty() && readers.octets() == 0 {
            true => None,
            false => Some(ContactSharing {
                sealed: self.contact_sharing_sealed(actor, id, (&sealed, sharing))?,
                octets: readers.octets(),
            }),
        };
        let after = Some(ContactRow { version, deleted: None, sealed, sharing });
        let before = Before::Row(before);
        Ok(RowChange { id, before, after, line: Some(line), photo, readers })
    }
}

fn damaged() -> Error {
    Error::Damaged { what: "the contact cannot be read".to_owned() }
}
