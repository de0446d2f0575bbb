//! Boards, their topics and posts, and how far somebody has read.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey, RingId};
use crate::gateway::records::keyring::{RingEntry, RingUnder};
use crate::terms::{Attention, BoardRight};

/// What somebody, or everybody in a group, may do on a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardGrant {
    pub to: RingEntry,
    pub right: BoardRight,
}

/// A board. Who may do what there, and how much there is, are facts that the daemon needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    pub created: Timestamp,
    /// Who made it.
    pub by: AccountId,
    /// How often the board was changed.
    pub version: u32,
    pub ring: RingId,
    /// Whether who is added later reads what was posted before.
    pub shows_earlier: bool,
    pub grants: Vec<BoardGrant>,
    /// Name and description.
    #[serde(with = "serde_bytes")]
    pub sealed_about: Vec<u8>,
    pub about_under: RingUnder,
    /// How many posts there were, with those that were deleted: the number of the latest.
    pub posts: u64,
    pub topics: u32,
    /// How many octets its posts have, with their earlier versions.
    pub octets: u64,
    /// Whether it is being deleted.
    pub ending: bool,
    /// The topics that are being deleted.
    pub ending_topics: Vec<ReferenceKey>,
}

/// A topic: a post with those that answer it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    pub author: AccountId,
    /// Of the latest post that all readers of the topic see.
    pub last: Timestamp,
    /// The number of that post, and how many such posts there are.
    pub last_number: u64,
    pub posts: u32,
    pub pinned: bool,
    pub locked: bool,
    /// The keyring and the readers of the whole topic, if it is for some readers of the board alone.
    pub limited: Option<PostReaders>,
    /// The posts that only some of its readers see, in order.
    pub limited_posts: Vec<LimitedPost>,
}

/// What decides who sees a post that is for some readers of its topic alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitedPost {
    pub number: u64,
    pub at: Timestamp,
    pub author: AccountId,
    pub accounts: Vec<AccountId>,
}

/// For whom a post is, besides its author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostReaders {
    pub ring: RingId,
    pub accounts: Vec<AccountId>,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub reference: ReferenceKey,
    pub author: AccountId,
    pub at: Timestamp,
    /// `None` if it is for all readers of the topic.
    pub readers: Option<PostReaders>,
    /// Title and text; empty once it was deleted.
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    pub under: RingUnder,
    /// How often it was changed; earlier versions are kept.
    pub version: u32,
    pub changed: Option<PostChange>,
    pub deleted: bool,
}

/// When a post was changed or deleted, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostChange {
    pub at: Timestamp,
    pub by: AccountId,
}

/// What a post said before it was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostVersion {
    /// When it was written, and by whom.
    pub written: PostChange,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
    pub under: RingUnder,
}

/// A file of a post. How large it is, and whose, are facts that the daemon needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostFile {
    /// Whose quota it counts for.
    pub by: AccountId,
    /// Name and type.
    #[serde(with = "serde_bytes")]
    pub sealed_meta: Vec<u8>,
    pub size: u64,
    pub chunks: u32,
    pub under: RingUnder,
    /// Where it stands among the files of the post.
    pub place: u32,
}

/// A reaction to a post, sealed for those who read the post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostReaction {
    pub who: AccountId,
    pub under: RingUnder,
    #[serde(with = "serde_bytes")]
    pub sealed: Vec<u8>,
}

/// The reactions to a post, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostReactions {
    pub items: Vec<PostReaction>,
}

/// What somebody wants to hear of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardAttention(pub Attention);

/// Where the post with a reference number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostPlace {
    pub board: BoardId,
    pub topic: ReferenceKey,
    pub number: u64,
}

/// How far somebody has read a topic, or a board as a whole, and how much somebody posted there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardPosition {
    /// The number of the latest post that was read.
    pub read: u64,
    /// How many posts the account wrote on the board, in the row of the board as a whole; in that of a
    /// topic, how many that are for some of its readers alone.
    pub wrote: u32,
    /// How many topics it began there.
    pub began: u32,
    /// How many octets its posts have; in the row of all boards.
    pub octets: u64,
}

impl BoardPosition {
    /// The key of the row that is about all boards.
    pub const fn everywhere(account: AccountId) -> (AccountId, BoardId, ReferenceKey) {
        (account, BoardId([0; 16]), [0; 16])
    }
}

/// A file before its place was kept.
#[derive(Serialize, Deserialize)]
pub(super) struct PostFileV1 {
    by: AccountId,
    #[serde(with = "serde_bytes")]
    sealed_meta: Vec<u8>,
    size: u64,
    chunks: u32,
    under: RingUnder,
}

impl From<PostFileV1> for PostFile {
    fn from(old: PostFileV1) -> PostFile {
        let PostFileV1 { by, sealed_meta, size, chunks, under } = old;
        PostFile { by, sealed_meta, size, chunks, under, place: 0 }
    }
}

/// A board before its octets were counted.
#[derive(Serialize, Deserialize)]
pub(super) struct BoardV1 {
    created: Timestamp,
    by: AccountId,
    version: u32,
    ring: RingId,
    shows_earlier: bool,
    grants: Vec<BoardGrant>,
    #[serde(with = "serde_bytes")]
    sealed_about: Vec<u8>,
    about_under: RingUnder,
    posts: u64,
    topics: u32,
    ending: bool,
    ending_topics: Vec<ReferenceKey>,
}

impl From<BoardV1> for Board {
    fn from(old: BoardV1) -> Board {
        Board {
            created: old.created,
            by: old.by,
            version: old.version,
            ring: old.ring,
            shows_earlier: old.shows_earlier,
            grants: old.grants,
            sealed_about: old.sealed_about,
            about_under: old.about_under,
            posts: old.posts,
            topics: old.topics,
            octets: 0,
            ending: old.ending,
            ending_topics: old.ending_topics,
        }
    }
}
