//! What a line carries besides its text, as it is sealed inside the line.

use serde::{Deserialize, Serialize};

use crate::gateway::records::ids::ReferenceKey;

/// A file of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSaid {
    pub name: String,
    pub content_type: String,
    pub size: u64,
    /// Of a recording, what its sender's client measured.
    pub voice: Option<Voice>,
    /// The epoch of the room's keys that the keys of its pieces are wrapped under.
    pub under: u32,
    pub pieces: Vec<PieceSaid>,
}

/// A recording, as its sender's client measured it: nothing else follows from it than what is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    pub length_ms: u32,
    /// How loud it is, part by part.
    #[serde(with = "serde_bytes")]
    pub levels: Vec<u8>,
}

/// A part of a file: a content of its own, with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceSaid {
    pub content: ReferenceKey,
    pub length: u64,
    #[serde(with = "serde_bytes")]
    pub wrapped_key: Vec<u8>,
}

/// A file of a line, as a member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileView {
    pub name: String,
    pub content_type: String,
    pub size: u64,
    pub voice: Option<Voice>,
}

impl From<FileSaid> for FileView {
    fn from(FileSaid { name, content_type, size, voice, .. }: FileSaid) -> FileView {
        FileView { name, content_type, size, voice }
    }
}
