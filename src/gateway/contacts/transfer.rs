//! Import and export: a file is read and written in parts, so that each request stays small and a
//! page can show how far it is.

use std::collections::{HashMap, HashSet, hash_map};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::block::{mark, uid_mark};
use crate::gateway::contacts::book::Opened;
use crate::gateway::contacts::changes::{PhotoChange, RowChange};
use crate::gateway::contacts::line::Mark;
use crate::gateway::contacts::stored::StoredContact;
use crate::gateway::error::Error;
use crate::gateway::records::contact::{ContactId, ContactRow};
use crate::gateway::text::{hex, parse_hex};
use crate::mail::contacts::contact::ITEMS_MAX;
use crate::mail::contacts::table::{self, Columns};
use crate::mail::contacts::vcard::{self, Version};
use crate::mail::contacts::{Photo, Problem, Read};
use crate::vault;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    VCard3,
    VCard4,
    Csv,
}

/// What became of the contacts in a part of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub added: usize,
    /// Contacts that were there, and got what they did not have.
    pub changed: usize,
    pub unchanged: usize,
    /// What was not taken: the number of the contact in this part, from 0, and what of it.
    pub problems: Vec<(usize, Problem)>,
}

/// A part of a file, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub text: String,
    pub next: Option<String>,
    /// How many contacts of this part could not be read whole, or say more than the table has columns
    /// for.
    pub incomplete: usize,
}

/// The most contacts in one part of a file that is imported.
pub const IMPORTED_AT_ONCE_MAX: usize = 200;

/// After so many contacts or octets, the rest comes in the next part.
const EXPORTED_AT_ONCE: usize = 500;
const EXPORTED_OCTETS: usize = 1 << 20;

/// After so many octets of copies for readers, the rest is stored in a transaction of its own.
const COPIES_AT_ONCE_OCTETS: u64 = 16 << 20;

/// A contact that is being imported.
struct Taken {
    before: Option<ContactRow>,
    was: StoredContact,
    stored: StoredContact,
    photo: Option<Photo>,
}

/// Where the next part of a file begins: after which contact, and the columns of the table.
fn place_text(after: ContactId, columns: Columns) -> String {
    let Columns { emails, phones, postal, urls, own } = columns;
    format!("{}.{emails}.{phones}.{postal}.{urls}.{own}", hex(&after))
}

fn place(text: &str) -> Option<(ContactId, Columns)> {
    let mut parts = text.split('.');
    let after = parse_hex(parts.next()?)?;
    let mut count = || parts.next()?.parse().ok().filter(|count| *count <= ITEMS_MAX);
    let [emails, phones, postal, urls, own] = [count()?, count()?, count()?, count()?, count()?];
    Some((after, Columns { emails, phones, postal, urls, own }))
}

/// By what a contact of a file is found again, so that importing a file twice adds nothing.
fn same(read: &Read) -> Mark {
    uid_mark(&read.contact).unwrap_or_else(|| mark("text", &read.contact.searched()))
}

impl Gateway {
    /// Adds the contacts of a part of a file. One that is there already gets what it does not have;
    /// nothing is replaced.
    pub fn contacts_import(
        &self,
        actor: &Actor,
        format: Format,
        text: &str,
    ) -> Result<Imported, Error> {
        let (found, more) = match format {
            Format::Csv => table::read(text, IMPORTED_AT_ONCE_MAX).ok_or_else(|| {
                let what = "the first row names no column that is known".to_owned();
                Error::Invalid { what }
            })?,
            Format::VCard3 | Format::VCard4 => vcard::read(text, IMPORTED_AT_ONCE_MAX),
        };
        if more {
            let what = format!("a part of a file can have at most {IMPORTED_AT_ONCE_MAX} contacts");
            return Err(Error::Invalid { what });
        }
        self.contacts_retry(|| self.contacts_take(actor, &found))
    }

    fn contacts_take(&self, actor: &Actor, found: &[Read]) -> Result<Imported, Error> {
        let marks: Vec<Mark> = found.iter().map(same).collect();
        let wanted: HashSet<Mark> = marks.iter().copied().collect();
        let mut known: HashMap<Mark, ContactId> = HashMap::new();
        self.contact_lines(actor, |line| {
            let marks = line.uid.into_iter().chain([line.text]);
            known.extend(marks.filter(|mark| wanted.contains(mark)).map(|mark| (mark, line.id)));
        })?;
        let mut report = Imported::default();
        let mut taken: HashMap<ContactId, Taken> = HashMap::new();
        for (at, read) in found.iter().enumerate() {
            report.problems.extend(read.problems.iter().map(|problem| (at, problem.clone())));
            if read.contact.is_empty() {
                continue;
            }
            let Some(id) = known.get(&marks[at]).copied() else {
                let id = vault::random_bytes()?;
                known.insert(marks[at], id);
                taken.insert(id, Taken::new(read));
                continue;
            };
            let one = match taken.entry(id) {
                hash_map::Entry::Occupied(one) => one.into_mut(),
                hash_map::Entry::Vacant(place) => {
                    match self.contact_opened_by(actor, id) {
                        Ok(opened) => place.insert(Taken::known(opened)),
                        // Of one that cannot be read, nothing can be completed: it comes anew.
                        Err(Error::Damaged { .. } | Error::NotFound { .. }) => {
                            let id = vault::random_bytes()?;
                            known.insert(marks[at], id);
                            taken.insert(id, Taken::new(read));
                            continue;
                        }
                        Err(other) => return Err(other),
                    }
                }
            };
            report.problems.extend(one.add(read).into_iter().map(|problem| (at, problem)));
        }
        self.contacts_taken(actor, taken, &mut report)?;
        Ok(report)
    }

    /// Stores what was taken, in transactions of a bounded length; what changes nothing is counted.
    fn contacts_taken(
        &self,
        actor: &Actor,
        taken: HashMap<ContactId, Taken>,
        report: &mut Imported,
    ) -> Result<(), Error> {
        let (mut changes, mut copies): (Vec<RowChange>, u64) = (Vec::new(), 0);
        for (id, mut one) in taken {
            match &one.before {
                None => report.added += 1,
                Some(_) if one.stored == one.was => {
                    report.unchanged += 1;
                    continue;
                }
                Some(row) => {
                    report.changed += 1;
                    one.stored.changed_since(&one.was, row.version + 1);
                }
            }
            let photo = match &one.photo {
                Some(photo) => {
                    PhotoChange::Put(self.contact_photo_sealed(actor, id, &photo.octets)?)
                }
                None => PhotoChange::Keep,
            };
            let change = self.contact_sealed(actor, id, one.before, &one.stored, photo)?;
            copies += change.readers.octets();
            changes.push(change);
            if copies > COPIES_AT_ONCE_OCTETS {
                copies = 0;
                self.contacts_commit(actor, std::mem::take(&mut changes), |_| Ok(()))?;
            }
        }
        match changes.is_empty() {
            true => Ok(()),
            false => self.contacts_commit(actor, changes, |_| Ok(())),
        }
    }

    /// A part of all contacts as a file. `after` is the `next` of the part before.
    pub fn contacts_export(
        &self,
        actor: &Actor,
        format: Format,
        after: Option<&str>,
    ) -> Result<Exported, Error> {
        let after = match after {
            Some(text) => {
                Some(place(text).ok_or_else(|| Error::Invalid { what: "after".to_owned() })?)
            }
            None => None,
        };
        let (mut ids, mut columns) = (Vec::new(), Columns::default());
        self.contact_lines(actor, |line| {
            let [emails, phones, postal, urls, own] = line.counts.map(usize::from);
            columns = columns.wider(Columns { emails, phones, postal, urls, own });
            ids.push(line.id);
        })?;
        ids.sort_unstable();
        if let Some((after, first)) = after {
            ids.retain(|id| *id > after);
            // The columns of a table are those that its first part names.
            columns = first;
        }
        let (mut text, mut incomplete) = (String::new(), 0);
        if format == Format::Csv && after.is_none() {
            columns.write_names(&mut text);
        }
        let mut next = None;
        for (at, id) in ids.iter().enumerate() {
            if at == EXPORTED_AT_ONCE || text.len() > EXPORTED_OCTETS {
                next = Some(place_text(ids[at - 1], columns));
                break;
            }
            match self.contact_opened_by(actor, *id) {
                // It was deleted meanwhile.
                Err(Error::NotFound { .. }) => {}
                Err(Error::Damaged { .. }) => incomplete += 1,
                opened => {
                    let is_whole =
                        self.contact_write(actor, &mut text, opened?, (format, columns))?;
                    incomplete += usize::from(!is_whole);
                }
            }
        }
        Ok(Exported { text, next, incomplete })
    }

    /// Writes a contact, and returns whether all of it was written.
    fn contact_write(
        &self,
        actor: &Actor,
        text: &mut String,
        opened: Opened,
        (format, columns): (Format, Columns),
    ) -> Result<bool, Error> {
        let version = match format {
            Format::Csv => {
                columns.write(text, &opened.stored.contact);
                return Ok(columns.wider(Columns::of(&opened.stored.contact)) == columns);
            }
            Format::VCard3 => Version::V3,
            Format::VCard4 => Version::V4,
        };
        let photo = match opened.stored.photo {
            Some(_) => match self.contact_photo_octets(actor, opened.id) {
                Ok(octets) => Photo::of(octets.to_vec()),
                Err(Error::Damaged { .. }) => None,
                Err(other) => return Err(other),
            },
            None => None,
        };
        vcard::write(text, &opened.stored.contact, photo.as_ref(), version);
        Ok(photo.is_some() || opened.stored.photo.is_none())
    }
}

impl Taken {
    fn known(Opened { row, stored, .. }: Opened) -> Taken {
        Taken { before: Some(row), was: stored.clone(), stored, photo: None }
    }

    fn new(read: &Read) -> Taken {
        let photo = read.photo.clone();
        let media = photo.as_ref().map(|photo| photo.media.to_owned());
        let stored =
            StoredContact { contact: read.contact.clone(), photo: media, ..Default::default() };
        Taken { before: None, was: StoredContact::default(), stored, photo }
    }

    /// Adds what is not there. Returns what there was no room for.
    fn add(&mut self, read: &Read) -> Vec<Problem> {
        self.stored.contact.merge(read.contact.clone());
        if self.stored.photo.is_none() {
            self.stored.photo = read.photo.as_ref().map(|photo| photo.media.to_owned());
            self.photo = read.photo.clone();
        }
        let cut = self.stored.contact.fit().into_iter();
        cut.map(|(property, reason)| Problem { property: property.to_owned(), reason }).collect()
    }
}
