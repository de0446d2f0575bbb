//! Blocks: what the list shows of contacts, and the text that they are found by.
//!
//! To open twenty thousand rows for each question would take too long, so the list is kept a second
//! time in at most 256 larger rows. The first octet of a contact's random id says in which. What a
//! block has of a contact is short, however long the contact is, and counts for the quota.
//!
//! A block says nothing that the contacts do not say: one that is damaged is made anew from them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::line::{Line, LineView, Lines, Mark};
use crate::gateway::error::Error;
use crate::gateway::records::contact::ContactId;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{CONTACT_BLOCKS, CONTACTS};
use crate::gateway::stored_block::StoredBlock;
use crate::mail::alike::{name_looks, name_seen, own_looks, parts_words};
use crate::mail::contacts::contact::digits;
use crate::mail::contacts::{Contact, Name, Way};
use crate::mail::words;
use crate::store::{self, Read, Record};
use crate::vault;

/// The most octets of a name, an address and a number in a line, and of the text in which words are
/// found.
const SHOWN_OCTETS_MAX: usize = 256;
const ADDRESS_OCTETS_MAX: usize = 320;
const NUMBER_OCTETS_MAX: usize = 24;
const LABELS_OCTETS_MAX: usize = 256;
const SEARCHED_OCTETS_MAX: usize = 2 * 1024;

/// The most octets of a block: a change is one transaction, in which all blocks are that it touches.
pub(super) const BLOCK_OCTETS_MAX: usize = 320 * 1024;

/// How many words of a stranger's name are compared in pairs.
const STRANGER_WORDS_MAX: usize = 8;

/// Which block has a contact.
pub(super) fn number(id: ContactId) -> u8 {
    id[0]
}

fn binding(account: AccountId, number: u8) -> Vec<u8> {
    [b"contact block\0".as_slice(), &account.0, &[number]].concat()
}

/// The mark of a text, which is that of no text of another kind.
pub(super) fn mark(kind: &str, text: &str) -> Mark {
    vault::short_digest(&[kind.as_bytes(), b"\0", text.as_bytes()].concat())
}

/// How a stranger's name may look, as marks. Words may be added to a name, such as a title or a
/// company: so any two of them are looked at as a name, too, and all but one.
pub(super) fn looks_of_stranger(name: &str) -> Vec<Mark> {
    // What nobody sees takes the place of nothing.
    let seen = name_seen(name);
    let name = cut(&seen, SHOWN_OCTETS_MAX);
    let mut looks: BTreeSet<String> = name_looks(name).into_iter().collect();
    let words: Vec<&str> = name.split(parts_words).filter(|word| !word.is_empty()).collect();
    let words = &words[..words.len().min(STRANGER_WORDS_MAX)];
    // What is one word by itself is no name with another word.
    let several = |looks: Vec<String>| looks.into_iter().filter(|look| look.contains(' '));
    for (at, one) in words.iter().enumerate() {
        for other in &words[at + 1..] {
            looks.extend(several(name_looks(&format!("{one} {other}"))));
        }
        let others = [&words[..at], &words[at + 1..]].concat();
        looks.extend(several(name_looks(&others.join(" "))));
    }
    looks.iter().map(|look| mark("look", look)).collect()
}

/// How the names of a contact look. Many programs write an address in the place of a name.
fn looks(contact: &Contact) -> Vec<Mark> {
    let Name { given, family, nickname, .. } = &contact.name;
    let names = [contact.shown(), nickname.clone(), format!("{given} {family}")];
    let names = names.iter().filter(|name| !name.contains('@'));
    let looks = names.flat_map(|name| own_looks(cut(name, SHOWN_OCTETS_MAX)));
    let looks: BTreeSet<String> = looks.collect();
    looks.iter().map(|look| mark("look", look)).collect()
}

fn cut(text: &str, octets_max: usize) -> &str {
    &text[..text.floor_char_boundary(octets_max)]
}

impl Line {
    pub fn of(id: ContactId, version: u32, contact: &Contact, has_photo: bool) -> Line {
        let count = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        let shown = contact.shown();
        let searched = contact.searched();
        let email = contact.emails.first().map(|way| way.value.as_str()).unwrap_or_default();
        let number = |way: &Way| cut(&digits(&way.value), NUMBER_OCTETS_MAX).to_owned();
        Line {
            id,
            version,
            uid: uid_mark(contact),
            text: mark("text", &searched),
            order: cut(&words::spelled(&shown), SHOWN_OCTETS_MAX).to_owned(),
            shown: cut(&shown, SHOWN_OCTETS_MAX).to_owned(),
            email: cut(email, ADDRESS_OCTETS_MAX).to_owned(),
            company: cut(&contact.work.company, SHOWN_OCTETS_MAX).to_owned(),
            labels: labels_shown(&contact.labels),
            tagged: contact.labels.iter().map(|label| label_mark(label)).collect(),
            favourite: contact.favourite,
            photo: has_photo,
            unreadable: false,
            addresses: contact.addresses().map(|address| mark("address", &address)).collect(),
            looks: looks(contact),
            numbers: contact.phones.iter().map(number).collect::<Vec<String>>().join(" "),
            counts: [
                count(contact.emails.len()),
                count(contact.phones.len()),
                count(contact.postal.len()),
                count(contact.urls.len()),
                count(contact.own.len()),
            ],
            searched: cut(&searched, SEARCHED_OCTETS_MAX).to_owned(),
        }
    }
}

/// The labels that the list shows.
fn labels_shown(labels: &[String]) -> Vec<String> {
    let mut room = LABELS_OCTETS_MAX;
    let fits = |label: &&String| {
        let left = room.checked_sub(label.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    labels.iter().take_while(fits).cloned().collect()
}

/// The mark of a label, in whatever spelling.
pub(super) fn label_mark(label: &str) -> Mark {
    mark("label", &words::spelled(label))
}

/// The mark of what identifies a contact in files.
pub(super) fn uid_mark(contact: &Contact) -> Option<Mark> {
    (!contact.uid.is_empty()).then(|| mark("uid", &contact.uid))
}

impl Gateway {
    /// Calls `visit` with each contact of the actor, one block after another.
    pub(super) fn contact_lines(
        &self,
        actor: &Actor,
        mut visit: impl FnMut(LineView<'_>),
    ) -> Result<(), Error> {
        let account = actor.account();
        let mut rest: BTreeSet<u8> = (0..=u8::MAX).collect();
        let mut failed = None;
        // One after another, because all of them together could take too much memory.
        let store = &self.inner.store;
        let scanned = store.scan_any_order(&CONTACT_BLOCKS, &account, |(_, at), row| {
            match self.contact_block_plain(actor, at, &row.0) {
                Ok(plain) => {
                    let lines = plain.as_deref().and_then(|plain| sealed_form::view(plain));
                    if let Some::<Vec<LineView<'_>>>(lines) = lines {
                        rest.remove(&at);
                        lines.into_iter().for_each(&mut visit);
                    }
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        match (scanned, failed) {
            (_, Some(error)) => return Err(error),
            // The blocks behind a damaged frame were not seen yet.
            (Ok(()) | Err(store::Error::Damaged(_)), None) => {}
            (Err(other), None) => return Err(other.into()),
        }
        for number in rest {
            if self.contacts_are_in(account, number)? {
                let (_, lines) = self.contact_block(actor, number)?;
                let plain = sealed_form::octets_of(&lines)?;
                let lines = sealed_form::view::<Vec<LineView<'_>>>(&plain);
                lines.ok_or_else(damaged)?.into_iter().for_each(&mut visit);
            }
        }
        Ok(())
    }

    /// What is in a block, with the version of today in front; `None` if it cannot be opened. What a
    /// later version of the program wrote is refused.
    fn contact_block_plain(
        &self,
        actor: &Actor,
        number: u8,
        row: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let plain = actor.secret().open_own(&binding(actor.account(), number), row);
        let Ok(plain) = plain else { return Ok(None) };
        if plain.first() == Some(&Lines::VERSION) {
            return Ok(Some(plain));
        }
        match sealed_form::read::<Lines>(CONTACT_BLOCKS.name, &plain) {
            Ok(lines) => Ok(Some(sealed_form::octets_of(&lines)?)),
            Err(error @ Error::NewerRecord { .. }) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// Whether there are contacts, or some that were deleted lately, of this block.
    pub(super) fn contacts_are_in(&self, account: AccountId, number: u8) -> Result<bool, Error> {
        let mut found = false;
        self.inner.store.scan_keys(&CONTACTS, &(account, number), |_| {
            found = true;
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Makes a block from the contacts that are in it. One that cannot be read stands there as such, so
    /// that its owner learns of it, and can delete it.
    fn contact_block_anew(&self, actor: &Actor, number: u8) -> Result<Lines, Error> {
        let (account, mut ids) = (actor.account(), Vec::new());
        self.inner.store.scan_keys(&CONTACTS, &(account, number), |(_, id)| {
            ids.push(id);
            ControlFlow::Continue(())
        })?;
        let mut lines = Lines::default();
        for id in ids {
            let row = match self.inner.store.get(&CONTACTS, &(account, id)) {
                Ok(row) => row,
                Err(store::Error::Damaged(_)) => {
                    lines.0.push(Line { id, unreadable: true, ..Line::default() });
                    continue;
                }
                Err(other) => return Err(other.into()),
            };
            let Some(row) = row.filter(|row| row.deleted.is_none()) else { continue };
            match self.contact_read(actor, id, &row) {
                Ok(stored) => {
                    let has_photo = stored.photo.is_some();
                    lines.0.push(Line::of(id, row.version, &stored.contact, has_photo));
                }
                Err(error @ Error::NewerRecord { .. }) => return Err(error),
                Err(_) => {
                    let version = row.version;
                    lines.0.push(Line { id, version, unreadable: true, ..Line::default() });
                }
            }
        }
        if !lines.0.is_empty() {
            tracing::warn!(number, "a block of an address book is damaged, and is made anew");
        }
        Ok(lines)
    }

    /// A block as it is stored, and opened.
    pub(super) fn contact_block(
        &self,
        actor: &Actor,
        number: u8,
    ) -> Result<(StoredBlock, Lines), Error> {
        let key = (actor.account(), number);
        let row = StoredBlock::of(self.inner.store.get(&CONTACT_BLOCKS, &key))?;
        let plain = match &row {
            StoredBlock::Row(None) => None,
            StoredBlock::Row(Some(sealed)) => self.contact_block_plain(actor, number, sealed)?,
            StoredBlock::Damaged => None,
        };
        let lines = plain.and_then(|plain| sealed_form::read(CONTACT_BLOCKS.name, &plain).ok());
        let lines = match lines {
            Some(lines) => lines,
            None => self.contact_block_anew(actor, number)?,
        };
        Ok((row, lines))
    }

    /// Seals a block; `None` if nothing is in it.
    pub(super) fn contact_block_sealed(
        &self,
        actor: &Actor,
        number: u8,
        lines: &Lines,
    ) -> Result<Option<Sealed>, Error> {
        if lines.0.is_empty() {
            return Ok(None);
        }
        let plain = sealed_form::octets_of(lines)?;
        let bound = binding(actor.account(), number);
        Ok(Some(Sealed(actor.secret().seal_own(&bound, &plain)?)))
    }
}

fn damaged() -> Error {
    Error::Damaged { what: "the address book cannot be read".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::contacts::Postal;
    use crate::mail::contacts::contact::{FIELD_CHARS_MAX, ITEMS_MAX, LABEL_CHARS_MAX, OCTETS_MAX};

    #[test]
    fn a_line_is_seen_as_it_was_written() {
        let way = |value: &str| Way { label: "work".to_owned(), value: value.to_owned() };
        let contact = Contact {
            emails: vec![way("A@b.example"), way("c@d.example")],
            phones: vec![way("+1 2")],
            labels: vec!["x".to_owned(), "y".to_owned()],
            notes: "Notes".to_owned(),
            favourite: true,
            uid: "1".to_owned(),
            ..Contact::default()
        };
        let lines = [Line::of([7; 16], 70_000, &contact, true), Line::default()];
        let octets = postcard::to_stdvec(&Lines(lines.to_vec())).unwrap();
        let views: Vec<LineView<'_>> = postcard::from_bytes(&octets).unwrap();
        for (line, view) in lines.iter().zip(&views) {
            assert_eq!((view.id, view.version, view.counts), (line.id, line.version, line.counts));
            let seen = [view.shown, view.order, view.email, view.company, view.searched];
            let said = [&line.shown, &line.order, &line.email, &line.company, &line.searched];
            assert_eq!(seen, said.map(String::as_str));
            assert_eq!((view.favourite, view.photo), (line.favourite, line.photo));
            let labels: Vec<&str> = line.labels.iter().map(String::as_str).collect();
            assert_eq!(view.labels, labels);
            let marks = [&line.tagged, &line.addresses, &line.looks].map(Vec::as_slice);
            assert_eq!([&*view.tagged, &*view.addresses, &*view.looks], marks);
            assert_eq!(view.unreadable, line.unreadable);
            assert_eq!((view.uid, view.text), (line.uid, line.text));
            assert_eq!(view.numbers, line.numbers);
        }
        assert_eq!(views.len(), 2);
    }

    #[test]
    fn a_name_is_found_behind_whatever_is_added_to_it() {
        let own = |name: &str| own_looks(name).iter().map(|look| mark("look", look)).collect();
        let (noa, ana): (BTreeSet<Mark>, BTreeSet<Mark>) =
            (own("Noa Peled"), own("Ana Maria Lopez"));
        let unseen = "\u{200b}".repeat(86);
        for name in [
            "Noa Peled @ Harbour Books",
            "Noa Peled (@noa)",
            &format!("{unseen}Noa Peled"),
            &format!("{} Noa Peled Acme", "\u{200b} ".repeat(8)),
            "Noa Peled\u{2014}Acme",
            "Noa_Peled Acme",
            "Noa\u{b7}Peled Acme",
            "Acme, Peled Noa",
        ] {
            assert!(looks_of_stranger(name).iter().any(|look| noa.contains(look)), "{name}");
        }
        assert!(looks_of_stranger("Ana Maria Lopez Acme").iter().any(|look| ana.contains(look)));
        assert!(!looks_of_stranger("Noa Acme").iter().any(|look| noa.contains(look)));
    }

    /// One character of a contact may be eleven of what is searched.
    #[test]
    fn a_line_is_short_however_long_the_contact_is() {
        let long = |chars: usize| "\u{fdfa}".repeat(chars);
        let way = || Way { label: long(LABEL_CHARS_MAX), value: long(FIELD_CHARS_MAX) };
        let mut contact = Contact {
            emails: vec![way(); ITEMS_MAX],
            phones: vec![way(); ITEMS_MAX],
            urls: vec![way(); ITEMS_MAX],
            own: vec![way(); ITEMS_MAX],
            postal: vec![Postal { street: long(FIELD_CHARS_MAX), ..Postal::default() }; ITEMS_MAX],
            labels: (0..ITEMS_MAX).map(|at| format!("{at:02}{}", long(LABEL_CHARS_MAX))).collect(),
            notes: long(8_000),
            uid: long(FIELD_CHARS_MAX),
            ..Contact::default()
        };
        contact.name.full = long(FIELD_CHARS_MAX);
        contact.fit();
        let line = Line::of([7; 16], 1, &contact, true);
        assert_eq!((line.labels.len(), line.tagged.len()), (1, ITEMS_MAX));
        let octets = postcard::to_stdvec(&line).unwrap();
        assert!(octets.len() < 6 * 1024, "{}", octets.len());
        assert!(postcard::to_stdvec(&contact).unwrap().len() <= OCTETS_MAX + 8 * 1024);
    }
}
