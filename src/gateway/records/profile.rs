//! The records of profiles: what a user says about himself or herself, and for whom.

use serde::{Deserialize, Serialize};

use crate::gateway::records::ids::{AccountId, GroupId};

/// What a user says, sealed for that user. Each reader has a copy of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileRow {
    /// Grows with each change.
    pub version: u32,
    /// The fields, and whom each is for.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub sealed_picture: Option<Vec<u8>>,
    /// Who has a copy.
    pub copies: Vec<ProfileCopy>,
}

/// A reader's copy, and what it is sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileCopy {
    pub to: CopyTo,
    /// The number of the reader's pair, or the epoch of the group's keys; `None` while nothing can be
    /// sealed for this reader.
    pub under: Option<u32>,
}

/// Whom a copy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CopyTo {
    Person(AccountId),
    /// A group, or everybody inside.
    Group(GroupId),
}

/// The parts of a copy: a list reads no pictures.
pub const TEXT: u8 = 0;
pub const PICTURE: u8 = 1;
