//! Every table, and the records in them. A table's number never changes and never comes back.
//!
//! Who may read what: records are sealed under the daemon's key, so whoever holds it reads
//! routing data here (names, addresses, counts, times). Fields called `sealed_…` and `wrapped_…`
//! open only with a key that the account's own password leads to.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::store::{Record, Table};

/// Names an account; random, so that it tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(pub [u8; 16]);

impl AccountId {
    /// The text form used by the API: 32 hexadecimal digits.
    pub fn to_text(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }
}

impl crate::store::Key for AccountId {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        crate::store::Key::read(bytes).map(AccountId)
    }
}

/// A reference number as a key.
pub type ReferenceKey = [u8; 16];
/// A mailbox within its account.
pub type MailboxId = u32;

pub const ACCOUNTS: Table<AccountId, Account> = Table::new(1, "accounts");
pub const ACCOUNT_KEYS: Table<AccountId, AccountKeys> = Table::new(2, "account_keys");
pub const LOGIN_NAMES: Table<[u8; 16], Owner> = Table::new(3, "login_names");
pub const ADDRESSES: Table<[u8; 16], Owner> = Table::new(4, "addresses");
pub const CREDENTIALS: Table<(AccountId, [u8; 16]), Credential> = Table::new(5, "credentials");
pub const SESSIONS: Table<[u8; 32], Session> = Table::new(6, "sessions");
pub const SESSION_IDS: Table<(AccountId, [u8; 16]), SessionRef> = Table::new(7, "session_ids");
pub const MAILBOXES: Table<(AccountId, MailboxId), Mailbox> = Table::new(8, "mailboxes");
pub const ENTRIES: Table<(AccountId, MailboxId, u32), Entry> = Table::new(9, "entries");
pub const PLACES: Table<(AccountId, ReferenceKey), Place> = Table::new(10, "places");
pub const MESSAGES: Table<ReferenceKey, Message> = Table::new(11, "messages");
pub const EPOCHS: Table<(AccountId, u64), EpochRecord> = Table::new(12, "epochs");
pub const COUNTERS: Table<AccountId, Counters> = Table::new(13, "counters");
pub const CHANGES: Table<(AccountId, u64), ChangeRow> = Table::new(14, "changes");
pub const OUTCOMES: Table<(ReferenceKey, AccountId), Outcome> = Table::new(15, "outcomes");
pub const META: Table<(), Meta> = Table::new(16, "meta");

/// From whom an account takes mail (P-57).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AcceptFrom {
    Inside,
    Outside,
    Both,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub name: String,
    pub display_name: String,
    /// Normalised forms; the first is the account's own address.
    pub addresses: Vec<String>,
    pub disabled: bool,
    pub accept_from: AcceptFrom,
    pub created: Timestamp,
    pub last_sign_in: Option<Timestamp>,
    pub last_interaction: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub struct AccountKeys {
    pub public: Vec<u8>,
    pub sealed_private: Vec<u8>,
}

/// The account a login name or an address belongs to.
#[derive(Serialize, Deserialize)]
pub struct Owner(pub AccountId);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CredentialKind {
    Password,
    Recovery,
}

#[derive(Serialize, Deserialize)]
pub struct Credential {
    pub kind: CredentialKind,
    pub wrapped_unlock: Vec<u8>,
    pub created: Timestamp,
}

#[derive(Serialize, Deserialize)]
pub struct Session {
    pub id: [u8; 16],
    pub account: AccountId,
    pub key_thumbprint: String,
    pub agent: String,
    pub peer: String,
    pub created: Timestamp,
    pub last_used: Timestamp,
    pub idle_secs: i64,
    pub ends: Timestamp,
    pub previous_sign_in: Option<Timestamp>,
    pub wrapped_unlock: Vec<u8>,
}

/// Where a session's record is: under the hash of its token.
#[derive(Serialize, Deserialize)]
pub struct SessionRef(pub [u8; 32]);

/// The mailboxes that every account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    Inbox,
    Drafts,
    Sent,
    Archive,
    Junk,
    Trash,
}

impl Role {
    /// In the order in which they are shown and made; the inbox is mailbox 1.
    pub const ALL: [Role; 6] =
        [Role::Inbox, Role::Drafts, Role::Sent, Role::Archive, Role::Junk, Role::Trash];

    /// The word the API uses (RFC 8621 §2).
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Inbox => "inbox",
            Role::Drafts => "drafts",
            Role::Sent => "sent",
            Role::Archive => "archive",
            Role::Junk => "junk",
            Role::Trash => "trash",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mailbox {
    pub role: Option<Role>,
    /// Empty for a mailbox with a role, whose name is the reader's language's business.
    pub sealed_name: Vec<u8>,
    pub uid_validity: u32,
    pub uid_next: u32,
    pub total: u64,
    pub unread: u64,
    pub unopened: u64,
}

/// How a message travelled to us (P-43).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protection {
    Tls { version: String, peer: String },
    Clear { peer: String },
    Inside,
}

/// One reader's copy of a message, at its place in a mailbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub reference: ReferenceKey,
    pub received: Timestamp,
    pub size: u64,
    pub protection: Protection,
    pub opened: Option<Timestamp>,
    pub unread: bool,
    pub starred: bool,
    pub epoch: u64,
    pub sealed_summary: Vec<u8>,
    pub wrapped_key: Vec<u8>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Place {
    pub mailbox: MailboxId,
    pub uid: u32,
}

/// A stored message: how many readers still hold a key to it.
#[derive(Serialize, Deserialize)]
pub struct Message {
    pub readers: u32,
    pub received: Timestamp,
    /// As the peer gave it; empty for the null reverse-path. Confirmations go there.
    pub reverse_path: String,
    /// Octets of trace lines that stand before what the peer sent.
    pub trace_octets: u32,
}

#[derive(Serialize, Deserialize)]
pub struct EpochRecord {
    pub encapsulation: Vec<u8>,
    pub begun: Timestamp,
}

/// What an account counts up.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub struct Counters {
    /// The last change's number; the account's state.
    pub modseq: u64,
    /// Changes up to this one are forgotten.
    pub forgotten: u64,
    pub mailbox_next: MailboxId,
}

#[derive(Serialize, Deserialize)]
pub struct ChangeRow {
    /// Zero when the list of mailboxes changed.
    pub reference: ReferenceKey,
    pub removed: bool,
}

/// Why a reader rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RejectReason {
    WrongPerson,
    NotExpected,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutcomeKind {
    Read,
    Rejected(Option<RejectReason>),
}

/// What became of one reader's copy; written once, and what a confirmation is made from.
#[derive(Serialize, Deserialize)]
pub struct Outcome {
    pub kind: OutcomeKind,
    pub at: Timestamp,
    pub reverse_path: String,
}

#[derive(Default, Serialize, Deserialize)]
pub struct Meta {
    /// The account made first.
    pub first_account: Option<AccountId>,
}

macro_rules! records {
    ($($record:ty),* $(,)?) => {$( impl Record for $record {} )*};
}
records!(
    Account,
    AccountKeys,
    Owner,
    Credential,
    Session,
    SessionRef,
    Mailbox,
    Entry,
    Place,
    Message,
    EpochRecord,
    Counters,
    ChangeRow,
    Outcome,
    Meta,
);
