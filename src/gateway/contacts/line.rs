//! A line: what a block has of a contact, as it is stored and as it is read.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::gateway::records::contact::ContactId;
use crate::store::{self, Record};

/// What the list shows of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) struct Line {
    #[serde(with = "serde_bytes")]
    pub id: ContactId,
    pub version: u32,
    /// By what it is found again in a file: what identifies it there, if anything does, and all that
    /// it says.
    #[serde(with = "serde_bytes")]
    pub uid: Option<Mark>,
    #[serde(with = "serde_bytes")]
    pub text: Mark,
    pub shown: String,
    /// The name in the spelling by which contacts are ordered.
    pub order: String,
    pub email: String,
    pub company: String,
    /// The first of its labels, which are shown, and a mark for each of them.
    pub labels: Vec<String>,
    #[serde(with = "octets")]
    pub tagged: Vec<Mark>,
    pub favourite: bool,
    pub photo: bool,
    /// Whether the contact cannot be read: then there is no more than its id.
    pub unreadable: bool,
    /// The addresses in the form in which they are compared, how its names look, and the numbers.
    #[serde(with = "octets")]
    pub addresses: Vec<Mark>,
    #[serde(with = "octets")]
    pub looks: Vec<Mark>,
    /// The digits of each number, with a blank between two of them.
    pub numbers: String,
    /// How many addresses, numbers, postal addresses, links and own fields it has.
    pub counts: [u8; 5],
    /// The beginning of all that it says, in which words are found.
    pub searched: String,
}

/// What stands for a text that is compared, however long that is.
pub(in crate::gateway) type Mark = [u8; 16];

/// The contacts of one block.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::gateway) struct Lines(pub Vec<Line>);

impl Record for Lines {
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Lines> {
        store::migrated::<LinesV1, Lines>(version, bytes)
    }
}

/// A line as it lies in an opened block: twenty thousand of them are read for each question, and few
/// are shown. The fields are those of [`Line`].
#[derive(Debug, Deserialize)]
pub(super) struct LineView<'b> {
    #[serde(with = "serde_bytes")]
    pub id: ContactId,
    pub version: u32,
    #[serde(with = "serde_bytes")]
    pub uid: Option<Mark>,
    #[serde(with = "serde_bytes")]
    pub text: Mark,
    pub shown: &'b str,
    pub order: &'b str,
    pub email: &'b str,
    pub company: &'b str,
    #[serde(borrow)]
    pub labels: Vec<&'b str>,
    #[serde(borrow)]
    pub tagged: MarksView<'b>,
    pub favourite: bool,
    pub photo: bool,
    pub unreadable: bool,
    #[serde(borrow)]
    pub addresses: MarksView<'b>,
    #[serde(borrow)]
    pub looks: MarksView<'b>,
    pub numbers: &'b str,
    pub counts: [u8; 5],
    pub searched: &'b str,
}

/// Marks as they lie in an opened block, one after another.
#[derive(Debug, Deserialize)]
pub(super) struct MarksView<'b>(&'b [u8]);

impl Deref for MarksView<'_> {
    type Target = [Mark];

    fn deref(&self) -> &[Mark] {
        self.0.as_chunks().0
    }
}

/// Marks are stored as one string of octets, which is read at once.
mod octets {
    use serde::de::Error;
    use serde::{Deserializer, Serializer};

    use super::Mark;

    pub fn serialize<S: Serializer>(marks: &[Mark], to: S) -> Result<S::Ok, S::Error> {
        serde_bytes::serialize(marks.as_flattened(), to)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<Mark>, D::Error> {
        let octets: Vec<u8> = serde_bytes::deserialize(from)?;
        match octets.as_chunks() {
            (marks, []) => Ok(marks.to_vec()),
            _ => Err(D::Error::custom("a mark is cut")),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct LinesV1(Vec<LineV1>);

impl Record for LinesV1 {
    const VERSION: u8 = 1;
}

impl From<LinesV1> for Lines {
    fn from(LinesV1(lines): LinesV1) -> Lines {
        Lines(lines.into_iter().map(Line::from).collect())
    }
}

/// A line of version 1, in which each octet of a mark was an element.
#[derive(Serialize, Deserialize)]
struct LineV1 {
    id: ContactId,
    version: u32,
    uid: Option<Mark>,
    text: Mark,
    shown: String,
    order: String,
    email: String,
    company: String,
    labels: Vec<String>,
    tagged: Vec<Mark>,
    favourite: bool,
    photo: bool,
    unreadable: bool,
    addresses: Vec<Mark>,
    looks: Vec<Mark>,
    numbers: Vec<String>,
    counts: [u8; 5],
    searched: String,
}

impl From<LineV1> for Line {
    fn from(line: LineV1) -> Line {
        Line {
            id: line.id,
            version: line.version,
            uid: line.uid,
            text: line.text,
            shown: line.shown,
            order: line.order,
            email: line.email,
            company: line.company,
            labels: line.labels,
            tagged: line.tagged,
            favourite: line.favourite,
            photo: line.photo,
            unreadable: line.unreadable,
            addresses: line.addresses,
            looks: line.looks,
            numbers: line.numbers.join(" "),
            counts: line.counts,
            searched: line.searched,
        }
    }
}
