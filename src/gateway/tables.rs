//! Every table, and the records in them. A table's number never changes and never comes back.
//!
//! Who may read what: records are sealed under the daemon's key, so whoever holds it reads
//! routing data here (names, addresses, counts, times). Fields called `sealed_…` and `wrapped_…`
//! open only with a key that the account's own password leads to.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::mail::envelope::{DsnReturn, Recipient, ReversePath};
use crate::mail::notice::Language;
use crate::store::{Record, Table};
use crate::vault::passkey::PublicKey;

use super::audit::Noted;
use super::house::HouseChange;
use super::policy::{Choice, Route};

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
pub const DRAFTS: Table<(AccountId, DraftId), Draft> = Table::new(17, "drafts");
pub const UPLOADS: Table<(AccountId, UploadId), Upload> = Table::new(18, "uploads");
pub const UPLOAD_CHUNKS: Table<(AccountId, UploadId, u32), UploadChunk> =
    Table::new(19, "upload_chunks");
pub const SUBMISSIONS: Table<ReferenceKey, Submission> = Table::new(20, "submissions");
pub const DELIVERIES: Table<(ReferenceKey, u32), Delivery> = Table::new(21, "deliveries");
pub const HELD: Table<ReferenceKey, Held> = Table::new(22, "held");
pub const HELD_DUE: Table<(u64, ReferenceKey), Due> = Table::new(23, "held_due");
pub const QUEUE: Table<[u8; 16], QueueRow> = Table::new(24, "queue");
pub const QUEUE_DUE: Table<(u64, [u8; 16]), Due> = Table::new(25, "queue_due");
pub const TEMPORARY: Table<AccountId, Temporary> = Table::new(26, "temporary");
pub const OUTSIDERS: Table<[u8; 16], Owner> = Table::new(27, "outsiders");
pub const PICKUPS: Table<[u8; 16], Pickup> = Table::new(28, "pickups");
pub const PREFERENCES: Table<AccountId, Preferences> = Table::new(29, "preferences");
pub const REQUESTS: Table<(AccountId, [u8; 16]), Requested> = Table::new(30, "requests");
pub const ANSWERS: Table<ReferenceKey, Answerable> = Table::new(31, "answers");
pub const ANSWERED: Table<[u8; 16], Answered> = Table::new(32, "answered");
pub const WRITTEN_TO: Table<(AccountId, [u8; 16]), Answered> = Table::new(33, "written_to");
pub const PICKUPS_OF: Table<(AccountId, [u8; 16]), Due> = Table::new(34, "pickups_of");
pub const SEARCH_WAITING: Table<(AccountId, ReferenceKey), Due> = Table::new(35, "search_waiting");
pub const SEARCH_PARTS: Table<(AccountId, u64), SearchPart> = Table::new(36, "search_parts");
pub const SEARCH_BLOCKS: Table<(AccountId, u64, u16), Sealed> = Table::new(37, "search_blocks");
pub const SEARCH_TEXTS: Table<(AccountId, ReferenceKey), Sealed> = Table::new(38, "search_texts");
pub const SEARCH_GONE: Table<(AccountId, ReferenceKey), SearchGone> = Table::new(39, "search_gone");
pub const TLS_POLICIES: Table<[u8; 16], TlsPolicy> = Table::new(40, "tls_policies");
pub const FILTERS: Table<AccountId, Sealed> = Table::new(41, "filters");
pub const CONVERSATION_IDS: Table<(AccountId, [u8; 16]), ConversationOf> =
    Table::new(42, "conversation_ids");
pub const CONVERSATIONS: Table<(AccountId, ConversationId, ReferenceKey), Member> =
    Table::new(43, "conversations");
pub const OWN_IDS: Table<(AccountId, [u8; 16], ReferenceKey), OwnId> = Table::new(46, "own_ids");
pub const LABELS: Table<AccountId, Sealed> = Table::new(44, "labels");
pub const LOOKS: Table<AccountId, Sealed> = Table::new(45, "looks");
pub const HOUSE: Table<(), HouseChange> = Table::new(50, "house");
pub const AUDIT: Table<(u64, [u8; 8]), Noted> = Table::new(51, "audit");
pub const CODES: Table<AccountId, Codes> = Table::new(60, "codes");

/// A conversation within its account: the number of the letter that began it here.
pub type ConversationId = ReferenceKey;
/// A label within its account.
pub type LabelId = u16;
/// A draft within its account.
pub type DraftId = [u8; 16];
/// An upload within its account.
pub type UploadId = [u8; 16];

/// From whom an account takes mail.
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
    /// May see and change what concerns everybody; opens nothing of anybody.
    pub manager: bool,
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
    /// A program's own password, which reads and sends mail and no more.
    App,
    Passkey,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Credential {
    pub kind: CredentialKind,
    pub wrapped_unlock: Vec<u8>,
    pub created: Timestamp,
    /// What its owner calls it; empty where there is only one of a kind.
    pub label: String,
    pub last_used: Option<Timestamp>,
    pub passkey: Option<PasskeyRecord>,
}

/// What a passkey's answers are checked against.
#[derive(Clone, Serialize, Deserialize)]
pub struct PasskeyRecord {
    pub credential_id: Vec<u8>,
    pub public_key: PublicKey,
    pub sign_count: u32,
}

/// The codes that a sign-in by password needs besides (RFC 6238).
#[derive(Clone, Serialize, Deserialize)]
pub struct Codes {
    /// Opens with the account's own keys, so with the password.
    pub sealed_secret: Vec<u8>,
    /// Not before one code was shown to work.
    pub on: bool,
    /// The step of the last code that was taken: none is good twice.
    pub last_step: u64,
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
    /// When the password was last said in it.
    pub confirmed: Timestamp,
    /// What it was opened with, and with which of them.
    pub by: CredentialKind,
    pub credential: [u8; 16],
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

/// How a message travelled to us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protection {
    Tls {
        version: String,
        peer: String,
    },
    Clear {
        peer: String,
    },
    Inside,
    /// Its owner brought it in from a file: nothing is known of its way.
    Imported,
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
    /// The account's own letter.
    pub sent: bool,
    pub epoch: u64,
    pub sealed_summary: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    pub conversation: Option<ConversationId>,
    pub labels: Vec<LabelId>,
    /// Since when it lies in its mailbox.
    pub filed: Timestamp,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Place {
    pub mailbox: MailboxId,
    pub uid: u32,
}

/// A stored message: how many still hold a key to it.
#[derive(Serialize, Deserialize)]
pub struct Message {
    /// Readers' entries, rows of the queue, and letters held back.
    pub holders: u32,
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

/// A letter being written; what it says opens only for its owner.
#[derive(Clone, Serialize, Deserialize)]
pub struct Draft {
    pub version: u32,
    pub saved: Timestamp,
    pub sealed: Vec<u8>,
}

/// A file on its way in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Upload {
    /// Name and type.
    pub sealed_meta: Vec<u8>,
    pub size: u64,
    pub received: u64,
    pub chunks: u32,
    pub created: Timestamp,
    /// A draft names it, so it stays.
    pub named: bool,
    /// It came with a letter that never left the sealed store.
    pub sealed: bool,
}

/// A piece of an upload, a content of its own.
#[derive(Clone, Serialize, Deserialize)]
pub struct UploadChunk {
    pub content: [u8; 16],
    pub wrapped_key: Vec<u8>,
    pub length: u64,
}

/// A letter that an account sent.
#[derive(Clone, Serialize, Deserialize)]
pub struct Submission {
    pub sender: AccountId,
    pub accepted: Timestamp,
    pub undo_until: Option<Timestamp>,
    pub deliveries: u32,
    /// No recipient gets it outside the sealed store.
    pub sealed: bool,
    /// An earlier letter of its thread was.
    pub sealed_thread: bool,
}

/// How far a letter has come with one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    Held,
    Accepted,
    Waiting,
    Delivered,
    Read,
    Rejected,
    Expired,
    Refused,
    Failed,
}

impl DeliveryState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Held => "held",
            DeliveryState::Accepted => "accepted",
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Read => "read",
            DeliveryState::Rejected => "rejected",
            DeliveryState::Expired => "expired",
            DeliveryState::Refused => "refused",
            DeliveryState::Failed => "failed",
        }
    }

    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        use DeliveryState::{Expired, Failed, Read, Refused, Rejected};
        matches!(self, Read | Rejected | Expired | Refused | Failed)
    }
}

/// One step of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub state: DeliveryState,
    pub at: Timestamp,
    pub detail: Option<String>,
}

/// What became of a letter for one recipient.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// As the sender wrote it.
    pub address: String,
    pub account: Option<AccountId>,
    pub route: Route,
    pub history: Vec<Step>,
    pub reason: Option<RejectReason>,
    /// When the sender said yes to sending it in clear.
    pub consent: Option<Timestamp>,
}

/// One reader's share of a message: where it goes, and what opens it for that reader alone.
#[derive(Clone, Serialize, Deserialize)]
pub struct Share {
    pub account: AccountId,
    pub mailbox: MailboxId,
    pub opened: Option<Timestamp>,
    pub unread: bool,
    pub sent: bool,
    pub epoch: u64,
    pub sealed_summary: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    /// The identifiers in its header.
    pub ids: Keys,
}

/// A share that waits, with the record of the epoch it was sealed in.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldShare {
    pub share: Share,
    pub delivery: u32,
    pub encapsulation: Vec<u8>,
    pub begun: Timestamp,
}

/// A generated message that goes out with a letter; small, so it waits in the record itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct HeldMail {
    pub content: Vec<u8>,
    pub row: QueueRow,
}

/// A letter that was accepted but may still be taken back.
#[derive(Clone, Serialize, Deserialize)]
pub struct Held {
    pub due: Timestamp,
    pub size: u64,
    pub draft_id: DraftId,
    pub draft: Draft,
    pub uploads: Vec<UploadId>,
    pub shares: Vec<HeldShare>,
    pub rows: Vec<QueueRow>,
    pub mails: Vec<HeldMail>,
    pub pickups: Vec<([u8; 16], Pickup)>,
}

/// That something is due at the time in its key.
#[derive(Serialize, Deserialize)]
pub struct Due;

/// What a row of the queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueKind {
    /// A letter in clear.
    Letter,
    /// "You have mail", to somebody with a temporary account.
    Notification,
    /// To an outside sender: accepted, read, rejected, or a delivery report.
    Report,
}

/// How the next hop must be protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsNeed {
    /// TLS when it is offered, by whatever certificate.
    Opportunistic,
    /// TLS with a certificate that is valid for the host.
    Required,
    /// TLS that the recipient's domain vouches for: MTA-STS (RFC 8461) or DANE (RFC 7672).
    Verified,
}

/// What a row of the queue is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QueueState {
    Waiting,
    /// Being sent; waiting again when the lease runs out.
    Leased,
    /// An administrator holds it back.
    Held,
}

/// One message for one recipient on its way out.
#[derive(Clone, Serialize, Deserialize)]
pub struct QueueRow {
    /// The number that people see.
    pub letter: ReferenceKey,
    /// The content that is sent.
    pub content: ReferenceKey,
    pub kind: QueueKind,
    /// Opens the content under the queue's key; destroyed with the row.
    pub wrapped_key: Vec<u8>,
    pub delivery: Option<u32>,
    pub reverse_path: ReversePath,
    pub recipient: Recipient,
    pub ret: Option<DsnReturn>,
    pub envid: Option<String>,
    pub smtputf8: bool,
    pub eight_bit: bool,
    pub require_tls: bool,
    pub tls: TlsNeed,
    pub size: u64,
    pub state: QueueState,
    pub due: Timestamp,
    pub attempts: u32,
    pub queued: Timestamp,
    pub delay_told: bool,
    pub last: Option<String>,
}

/// How an outsider gets the first password (decision D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HandOff {
    Claim,
    InMail,
    BySender,
}

/// What makes an account temporary.
#[derive(Clone, Serialize, Deserialize)]
pub struct Temporary {
    /// As the first sender wrote it.
    pub address: String,
    pub sponsor: AccountId,
    pub hand_off: HandOff,
    /// Under the daemon's own key, until it is claimed.
    pub sealed_password: Option<Vec<u8>>,
    pub claimed: Option<Timestamp>,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub warned: bool,
    pub letters: u32,
    /// It is being ended, for this reason: nobody signs in, renews it, or gets a letter there.
    pub ending: Option<PickupEnd>,
}

/// What a notification's link leads to; outlives the account, to explain itself.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pickup {
    pub account: AccountId,
    pub letter: ReferenceKey,
    pub sender: AccountId,
    pub sent: Timestamp,
    pub until: Timestamp,
    pub end: Option<PickupEnd>,
    pub asked: Option<Timestamp>,
}

/// Why an account is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickupEnd {
    Expired,
    Revoked,
    Deleted,
}

/// How exactly outside senders learn when the recipient was last here (decision D4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LastInteraction {
    Never,
    Day,
    Exact,
}

/// Whether outside senders are told that a letter was read or rejected (decision D5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmOutside {
    Never,
    Ask,
    Known,
    Always,
}

/// What an account set for itself; `None` follows the system.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Preferences {
    pub undo_secs: Option<u32>,
    pub choice: Option<Choice>,
    pub last_interaction: Option<LastInteraction>,
    pub confirm_outside: Option<ConfirmOutside>,
    /// The language of the pages, for what is written to this person or in their name.
    pub language: Option<Language>,
}

/// What a request that was carried out led to.
#[derive(Serialize, Deserialize)]
pub struct Requested {
    pub reference: ReferenceKey,
    pub at: Timestamp,
}

/// An outside sender who may be answered, and what the answer needs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Answerable {
    pub reverse_path: ReversePath,
    pub message_id: Option<String>,
    /// Which of the addresses written to is whose.
    pub recipients: Vec<(AccountId, Recipient)>,
}

/// When a sender was last answered for a recipient.
#[derive(Serialize, Deserialize)]
pub struct Answered {
    pub at: Timestamp,
}

/// A part of an account's search index, and the messages in it.
#[derive(Clone, Serialize, Deserialize)]
pub struct SearchPart {
    pub docs: u32,
    pub blocks: u16,
    pub sealed_docs: Vec<u8>,
}

/// Something that opens with the account's own keys alone.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sealed(pub Vec<u8>);

/// The conversation that an identifier belongs to.
#[derive(Serialize, Deserialize)]
pub struct ConversationOf {
    pub conversation: ConversationId,
    /// How many of its letters name the identifier.
    pub named: u32,
}

/// A letter of a conversation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Member {
    /// The identifiers that it names and that belong to the conversation.
    pub ids: Vec<[u8; 16]>,
    /// Its own identifier, whichever conversation that belongs to.
    pub own: Option<[u8; 16]>,
}

/// That a letter has an identifier as its own.
#[derive(Serialize, Deserialize)]
pub struct OwnId;

/// The identifiers in a letter's header as an account keeps them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Keys {
    /// Of the letters that it answers, the nearest last.
    pub answers: Vec<[u8; 16]>,
    pub own: Option<[u8; 16]>,
}

/// A message that was deleted, whose words are still in the index.
#[derive(Serialize, Deserialize)]
pub struct SearchGone {
    pub at: Timestamp,
}

/// What a domain says about TLS to its hosts (RFC 8461), until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsPolicy {
    /// As its DNS record names the policy.
    pub id: String,
    pub text: String,
    pub until: Timestamp,
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
    Draft,
    Upload,
    UploadChunk,
    Submission,
    Delivery,
    Held,
    Due,
    QueueRow,
    Temporary,
    Pickup,
    Preferences,
    Requested,
    Answerable,
    Answered,
    SearchPart,
    Sealed,
    SearchGone,
    TlsPolicy,
    ConversationOf,
    Member,
    OwnId,
    HouseChange,
    Noted,
    Codes,
);
