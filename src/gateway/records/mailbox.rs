//! Mailboxes, their entries, arrival epochs, and each account's numbered changes.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{ConversationId, LabelId, MailboxId, ReferenceKey};
use crate::gateway::records::message::Protection;
use crate::terms::Fullness;

impl Mailbox {
    pub(in crate::gateway) fn new(
        id: MailboxId,
        role: Option<Role>,
        sealed_name: Vec<u8>,
    ) -> Mailbox {
        // IDs are never reused, so the ID serves as UIDVALIDITY too (RFC 9051 §2.3.1.1).
        Mailbox {
            role,
            sealed_name,
            uid_validity: id,
            uid_next: 1,
            total: 0,
            unread: 0,
            unopened: 0,
        }
    }
}

/// What a mailbox is for, if the daemon knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    Inbox,
    Drafts,
    Sent,
    Archive,
    Junk,
    Trash,
    /// Confirmations that messages were read. It is created with the first of them.
    Confirmations,
}

impl Role {
    /// Those that every account has from the start, in the order in which they are created and
    /// shown; the inbox is mailbox 1.
    pub const CREATED: [Role; 6] =
        [Role::Inbox, Role::Drafts, Role::Sent, Role::Archive, Role::Junk, Role::Trash];

    /// The code that the API uses (RFC 8621 §2, except for confirmations).
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Inbox => "inbox",
            Role::Drafts => "drafts",
            Role::Sent => "sent",
            Role::Archive => "archive",
            Role::Junk => "junk",
            Role::Trash => "trash",
            Role::Confirmations => "confirmations",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mailbox {
    pub role: Option<Role>,
    /// Empty for a mailbox with a role, whose name depends on the reader's language.
    #[serde(with = "serde_bytes")]
    pub sealed_name: Vec<u8>,
    pub uid_validity: u32,
    pub uid_next: u32,
    pub total: u64,
    pub unread: u64,
    pub unopened: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MailboxV1 {
    role: Option<RoleV1>,
    #[serde(with = "serde_bytes")]
    sealed_name: Vec<u8>,
    uid_validity: u32,
    uid_next: u32,
    total: u64,
    unread: u64,
    unopened: u64,
}

#[derive(Serialize, Deserialize)]
enum RoleV1 {
    Inbox,
    Drafts,
    Sent,
    Archive,
    Junk,
    Trash,
}

impl From<MailboxV1> for Mailbox {
    fn from(old: MailboxV1) -> Mailbox {
        let role = |role| match role {
            RoleV1::Inbox => Role::Inbox,
            RoleV1::Drafts => Role::Drafts,
            RoleV1::Sent => Role::Sent,
            RoleV1::Archive => Role::Archive,
            RoleV1::Junk => Role::Junk,
            RoleV1::Trash => Role::Trash,
        };
        Mailbox {
            role: old.role.map(role),
            sealed_name: old.sealed_name,
            uid_validity: old.uid_validity,
            uid_next: old.uid_next,
            total: old.total,
            unread: old.unread,
            unopened: old.unopened,
        }
    }
}

/// One reader's copy of a message, in a mailbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub reference: ReferenceKey,
    pub received: Timestamp,
    pub size: u64,
    pub protection: Protection,
    pub opened: Option<Timestamp>,
    pub unread: bool,
    pub starred: bool,
    /// The account itself sent the message.
    pub sent: bool,
    pub epoch: u64,
    #[serde(with = "serde_bytes")]
    pub sealed_summary: Vec<u8>,
    #[serde(with = "serde_bytes")]
    pub wrapped_key: Vec<u8>,
    pub conversation: Option<ConversationId>,
    pub labels: Vec<LabelId>,
    /// When the message was put into its mailbox.
    pub filed: Timestamp,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Place {
    pub mailbox: MailboxId,
    pub uid: u32,
}

#[derive(Serialize, Deserialize)]
pub struct EpochRecord {
    #[serde(with = "serde_bytes")]
    pub encapsulation: Vec<u8>,
    pub started: Timestamp,
}

/// The counters of an account, and its latest changes. Each change of the account writes them, so
/// what it stores is counted without another row.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Counters {
    /// The number of the last change; the account's state.
    pub modseq: u64,
    /// Changes up to this one are no longer recorded.
    pub forgotten: u64,
    pub mailbox_next: MailboxId,
    /// The changes up to the last one that have no row yet.
    pub recent: Vec<FeedChange>,
    /// What the account stores; `None` until it is counted: earlier versions did not count.
    pub usage: Option<Usage>,
    /// The limits that managers set for this account; `None` follows the configuration.
    pub own_quota: OwnQuota,
    pub holder: Holder,
    /// How full the account was when its owner was last warned, or less if it emptied since.
    pub warned: Fullness,
    /// How many octets its lines in chat have, with their files: they lie in rooms, not with the account.
    pub said: u64,
}

/// How much an account stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub octets: u64,
    pub messages: u64,
}

/// The limits that managers set for one account; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnQuota {
    pub octets: Option<u64>,
    pub messages: Option<u64>,
}

/// Which limits of the configuration apply to an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holder {
    #[default]
    User,
    /// The owner of a temporary account.
    Outsider,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct CountersV1 {
    pub modseq: u64,
    pub forgotten: u64,
    pub mailbox_next: MailboxId,
}

impl From<CountersV1> for CountersV2 {
    fn from(old: CountersV1) -> CountersV2 {
        let CountersV1 { modseq, forgotten, mailbox_next } = old;
        CountersV2 { modseq, forgotten, mailbox_next, ..CountersV2::default() }
    }
}

/// The counters before what was said in chat was counted apart.
#[derive(Default, Serialize, Deserialize)]
pub struct CountersV2 {
    modseq: u64,
    forgotten: u64,
    mailbox_next: MailboxId,
    recent: Vec<FeedChange>,
    usage: Option<Usage>,
    own_quota: OwnQuota,
    holder: Holder,
    warned: Fullness,
}

impl From<CountersV2> for Counters {
    fn from(old: CountersV2) -> Counters {
        Counters {
            modseq: old.modseq,
            forgotten: old.forgotten,
            mailbox_next: old.mailbox_next,
            recent: old.recent,
            usage: old.usage,
            own_quota: old.own_quota,
            holder: old.holder,
            warned: old.warned,
            // What was said under these counters is in `usage` and stays there; only counting anew leaves it out.
            // No release had chat, so that no account has such lines, and looking through all rooms is not worth it.
            said: 0,
        }
    }
}

/// One change of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedChange {
    /// All zero if the list of mailboxes changed.
    pub reference: ReferenceKey,
    pub removed: bool,
}

/// Changes with consecutive numbers; the row's key has the last one's.
#[derive(Serialize, Deserialize)]
pub struct ChangeRow {
    pub changes: Vec<FeedChange>,
}

/// A row for each change.
#[derive(Serialize, Deserialize)]
pub struct ChangeRowV1 {
    pub reference: ReferenceKey,
    pub removed: bool,
}

impl From<ChangeRowV1> for ChangeRow {
    fn from(old: ChangeRowV1) -> ChangeRow {
        ChangeRow { changes: vec![FeedChange { reference: old.reference, removed: old.removed }] }
    }
}
