//! Blocks: what the list shows of contacts, and the text that they are found by.
//!
//! To open twenty thousand rows for each question would take too long, so the list is kept a second
//! time in at most 256 larger rows. The first octet of a contact's random id says in which.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::contact::ContactId;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::CONTACT_BLOCKS;
use crate::mail::contacts::Contact;
use crate::mail::contacts::contact::digits;
use crate::mail::words;
use crate::store::{Read, Record};

/// What the list shows of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) struct Line {
    pub id: ContactId,
    pub version: u32,
    pub uid: String,
    pub shown: String,
    /// The name in the spelling by which contacts are ordered.
    pub order: String,
    pub email: String,
    pub company: String,
    pub labels: Vec<String>,
    pub favourite: bool,
    pub photo: bool,
    /// The addresses in the form in which they are compared, and the numbers.
    pub addresses: Vec<String>,
    pub numbers: Vec<String>,
    /// How many addresses, numbers, postal addresses, links and own fields it has.
    pub counts: [u8; 5],
    /// All that it says.
    pub searched: String,
}

/// The contacts of one block.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::gateway) struct Lines(pub Vec<Line>);

impl Record for Lines {
    const VERSION: u8 = 1;
}

/// A line as it lies in an opened block: twenty thousand of them are read for each question, and few
/// are shown. The fields are those of [`Line`].
#[derive(Debug, Deserialize)]
pub(super) struct LineView<'b> {
    pub id: ContactId,
    pub version: u32,
    pub uid: &'b str,
    pub shown: &'b str,
    pub order: &'b str,
    pub email: &'b str,
    pub company: &'b str,
    #[serde(borrow)]
    pub labels: Vec<&'b str>,
    pub favourite: bool,
    pub photo: bool,
    #[serde(borrow)]
    pub addresses: Vec<&'b str>,
    #[serde(borrow)]
    pub numbers: Vec<&'b str>,
    pub counts: [u8; 5],
    pub searched: &'b str,
}

/// Which block has a contact.
pub(super) fn number(id: ContactId) -> u8 {
    id[0]
}

fn binding(account: AccountId, number: u8) -> Vec<u8> {
    [b"contact block\0".as_slice(), &account.0, &[number]].concat()
}

impl Line {
    pub fn of(id: ContactId, version: u32, contact: &Contact, has_photo: bool) -> Line {
        let count = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        let shown = contact.shown();
        Line {
            id,
            version,
            uid: contact.uid.clone(),
            order: words::spelled(&shown),
            shown,
            email: contact.emails.first().map(|way| way.value.clone()).unwrap_or_default(),
            company: contact.work.company.clone(),
            labels: contact.labels.clone(),
            favourite: contact.favourite,
            photo: has_photo,
            addresses: contact.addresses().collect(),
            numbers: contact.phones.iter().map(|way| digits(&way.value)).collect(),
            counts: [
                count(contact.emails.len()),
                count(contact.phones.len()),
                count(contact.postal.len()),
                count(contact.urls.len()),
                count(contact.own.len()),
            ],
            searched: contact.searched(),
        }
    }
}

impl Gateway {
    /// Calls `visit` with each contact of the actor, one block after another.
    pub(super) fn contact_lines(
        &self,
        actor: &Actor,
        mut visit: impl FnMut(LineView<'_>),
    ) -> Result<(), Error> {
        let account = actor.account();
        let mut numbers = Vec::new();
        self.inner.store.scan_keys(&CONTACT_BLOCKS, &account, |(_, number)| {
            numbers.push(number);
            ControlFlow::Continue(())
        })?;
        // One after another, because all of them together could take too much memory.
        for number in numbers {
            let row = self.inner.store.get(&CONTACT_BLOCKS, &(account, number))?;
            let Some(row) = row else { continue };
            let mut plain = self.contact_block_plain(actor, number, &row)?;
            if plain.first() != Some(&Lines::VERSION) {
                // Written by an earlier version of the program, or a later one, which is refused.
                let lines: Lines = sealed_form::read(CONTACT_BLOCKS.name, &plain)?;
                plain = sealed_form::octets_of(&lines)?;
            }
            let lines = postcard::from_bytes::<Vec<LineView<'_>>>(&plain[1..]);
            lines.map_err(|_| damaged())?.into_iter().for_each(&mut visit);
        }
        Ok(())
    }

    fn contact_block_plain(
        &self,
        actor: &Actor,
        number: u8,
        row: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let plain = actor.secret().open_own(&binding(actor.account(), number), &row.0);
        plain.map_err(|_| damaged())
    }

    /// A block as it is stored, and opened.
    pub(super) fn contact_block(
        &self,
        actor: &Actor,
        number: u8,
    ) -> Result<(Option<Sealed>, Lines), Error> {
        let row = self.inner.store.get(&CONTACT_BLOCKS, &(actor.account(), number))?;
        let lines = match &row {
            Some(row) => {
                let plain = self.contact_block_plain(actor, number, row)?;
                sealed_form::read(CONTACT_BLOCKS.name, &plain)?
            }
            None => Lines::default(),
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
    use crate::mail::contacts::Way;

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
            let seen = [view.uid, view.shown, view.order, view.email, view.company, view.searched];
            let said =
                [&line.uid, &line.shown, &line.order, &line.email, &line.company, &line.searched];
            assert_eq!(seen, said.map(String::as_str));
            assert_eq!((view.favourite, view.photo), (line.favourite, line.photo));
            assert_eq!(view.labels, line.labels);
            assert_eq!((&view.addresses, &view.numbers).0, &line.addresses);
            assert_eq!(view.numbers, line.numbers);
        }
        assert_eq!(views.len(), 2);
    }
}
