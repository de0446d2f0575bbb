//! Contacts as people keep them in an address book, and the files in which programs exchange them.
//!
//! ```text
//! vCard 2.1, 3.0, 4.0 ─▶ lines ─▶ Contact, its photo, and what was not taken
//! CSV ─▶ rows ─▶ columns by their names ─▶ Contact
//! Contact ─▶ vCard 3.0 or 4.0, CSV
//! ```
//!
//! The grammar is read here and not by a library, because nothing may get lost: a line that we would
//! write in another way, or that we do not know, is kept as it came and written as it came. No image
//! is decoded: its size stands in its header.

pub mod contact;
pub mod csv;
pub mod groups;
mod line;
pub mod parts;
pub mod photo;
pub mod table;
pub mod vcard;

pub use contact::{Contact, Name, Postal, Way, Work};
pub use photo::Photo;

/// A contact that was read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub contact: Contact,
    pub photo: Option<Photo>,
    /// What of it was not taken.
    pub problems: Vec<Problem>,
}

/// Something that was not taken from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The property or the column.
    pub property: String,
    pub reason: Reason,
}

/// Why something was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There are more of them than a contact can have.
    TooMany,
    /// It is longer than a field can be: the beginning was taken.
    TooLong,
    /// The photo is too large, or none that is shown.
    Photo,
    /// It is no line of a card.
    Unreadable,
    /// The card has no end.
    Unfinished,
    /// It says nothing.
    Empty,
}

/// How many problems of one contact are reported; the rest follows from those.
const PROBLEMS_MAX: usize = 20;

impl Read {
    fn problem(&mut self, property: &str, reason: Reason) {
        let problem = Problem { property: property.to_owned(), reason };
        if self.problems.len() < PROBLEMS_MAX && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Brings the contact within its limits, and says what that took away.
    fn fit(&mut self) {
        for (property, reason) in self.contact.fit() {
            self.problem(property, reason);
        }
    }
}
