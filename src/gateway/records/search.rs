//! The records of an account's search index.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A part of an account's search index, and the messages in it.
#[derive(Clone, Serialize, Deserialize)]
pub struct SearchPart {
    pub docs: u32,
    pub blocks: u16,
    #[serde(with = "serde_bytes")]
    pub sealed_docs: Vec<u8>,
}

/// Data that only the account's own keys open.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(#[serde(with = "serde_bytes")] pub Vec<u8>);

/// A deleted message whose words are still in the index.
#[derive(Serialize, Deserialize)]
pub struct SearchDeleted {
    pub at: Timestamp,
}
