//! All tables. A table's number never changes and is never used again.
//!
//! Records are sealed under the daemon's key, so the holder of that key reads the routing data here
//! (names, addresses, counts, times). Fields called `sealed_…` and `wrapped_…`
//! open only with a key that the account's own password leads to.

use crate::gateway::records::account::{
    Account, AccountKeys, AccountKeysV1, AccountNews, AccountV1, CodeFailures, Credential,
    HeldName, KnownBrowser, Meta, Owner, Preferences, PreferencesV1, Removal, Session, SessionRef,
    TotpRecord,
};
use crate::gateway::records::audit::AuditEntry;
use crate::gateway::records::audit_earlier::{
    AuditEntryV1, AuditEntryV2, AuditEntryV3, AuditEntryV4, AuditEntryV5,
};
use crate::gateway::records::board::{
    Board, BoardAttention, BoardPosition, BoardV1, Post, PostFile, PostFileV1, PostPlace,
    PostReactions, PostVersion, Topic,
};
use crate::gateway::records::contact::{
    ContactAsked, ContactBook, ContactEdit, ContactId, ContactRequest, ContactRow, ContactRowV1,
    ContactShared, ReaderKey,
};
use crate::gateway::records::group::{
    Group, GroupEpoch, GroupMember, GroupOwner, GroupTerms, GroupWrap, InGroup, VouchedMember,
};
use crate::gateway::records::ids::{
    AccountId, BoardId, ConversationId, DraftId, GroupId, MailboxId, ReferenceKey, RingId, UploadId,
};
use crate::gateway::records::keyring::{KeysChanged, Ring, RingEntry, RingEpoch, RingWrap};
use crate::gateway::records::mailbox::{
    ChangeRow, ChangeRowV1, Counters, CountersV1, CountersV2, Entry, EpochRecord, Mailbox,
    MailboxV1, Place,
};
use crate::gateway::records::message::{
    Answerable, Answered, ConversationOf, ConversationOfV1, Member, Message, Outcome, OwnId,
    Requested,
};
use crate::gateway::records::notice::{
    NoticeAddress, NoticeAsked, NoticeTerms, NoticeWaiting, TopicFollower, TopicWatch,
};
use crate::gateway::records::profile::ProfileRow;
use crate::gateway::records::queue::{Due, QueueRow, TlsPolicy, Unreported};
use crate::gateway::records::role::{RoleActs, RoleInterim, RoleMailbox};
use crate::gateway::records::room::{
    LineNumber, Room, RoomAsked, RoomFiles, RoomId, RoomLine, RoomMember, RoomOf, RoomPosted,
    RoomRefused, RoomRequest,
};
use crate::gateway::records::schedule::{
    EntryId, MeetingAsked, MeetingAskedV1, MeetingNotice, MeetingRow, MeetingRowV1, ScheduleEntry,
};
use crate::gateway::records::search::{Sealed, SearchDeleted, SearchPart};
use crate::gateway::records::site::{SiteChange, SiteChangeV1};
use crate::gateway::records::submission::{
    Delivery, DeliveryV1, Draft, Held, Submission, SubmissionV1, SubmissionV2, Upload, UploadChunk,
};
use crate::gateway::records::temporary::{Pickup, Temporary};
use crate::gateway::records::vouching::{Attestation, SignedStatement, SigningKey, VouchRequest};
use crate::store::{Record, Table};

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
pub const ANSWERS: Table<ReferenceKey, Answerable> = Table::new(31, "auto_responses");
pub const ANSWERED: Table<[u8; 16], Answered> = Table::new(32, "answered");
pub const WRITTEN_TO: Table<(AccountId, [u8; 16]), Answered> = Table::new(33, "written_to");
pub const PICKUPS_OF: Table<(AccountId, [u8; 16]), Due> = Table::new(34, "pickups_of");
pub const SEARCH_WAITING: Table<(AccountId, ReferenceKey), Due> = Table::new(35, "search_waiting");
pub const SEARCH_PARTS: Table<(AccountId, u64), SearchPart> = Table::new(36, "search_parts");
pub const SEARCH_BLOCKS: Table<(AccountId, u64, u16), Sealed> = Table::new(37, "search_blocks");
pub const SEARCH_TEXTS: Table<(AccountId, ReferenceKey), Sealed> = Table::new(38, "search_texts");
pub const SEARCH_DELETED: Table<(AccountId, ReferenceKey), SearchDeleted> =
    Table::new(39, "search_deleted");
pub const TLS_POLICIES: Table<[u8; 16], TlsPolicy> = Table::new(40, "tls_policies");
pub const FILTERS: Table<AccountId, Sealed> = Table::new(41, "filters");

pub const CONVERSATION_IDS: Table<(AccountId, [u8; 16]), ConversationOf> =
    Table::new(42, "conversation_ids");

pub const CONVERSATIONS: Table<(AccountId, ConversationId, ReferenceKey), Member> =
    Table::new(43, "conversations");

pub const OWN_IDS: Table<(AccountId, [u8; 16], ReferenceKey), OwnId> = Table::new(46, "own_ids");
pub const LABELS: Table<AccountId, Sealed> = Table::new(44, "labels");
pub const APPEARANCES: Table<AccountId, Sealed> = Table::new(45, "appearances");
pub const SITE: Table<(), SiteChange> = Table::new(50, "site");
pub const AUDIT: Table<(u64, [u8; 8]), AuditEntry> = Table::new(51, "audit");
pub const TOTP: Table<AccountId, TotpRecord> = Table::new(60, "totp");
pub const ACCOUNT_NEWS: Table<(AccountId, [u8; 16]), AccountNews> = Table::new(61, "account_news");
pub const UNREPORTED: Table<(ReferenceKey, u32), Unreported> = Table::new(62, "unreported");

pub const SIGNING_KEYS: Table<AccountId, SigningKey> = Table::new(72, "signing_keys");
/// By the account that an attestation is about, and by the one that made it.
pub const ATTESTATIONS: Table<(AccountId, AccountId), Attestation> = Table::new(73, "attestations");
pub const REGISTERS: Table<AccountId, SignedStatement> = Table::new(74, "registers");
pub const VOUCH_REQUESTS: Table<(AccountId, AccountId), VouchRequest> =
    Table::new(75, "vouch_requests");
pub const MESSAGE_SIGNATURES: Table<ReferenceKey, Sealed> = Table::new(76, "message_signatures");
/// What an account knows of the signing keys of others, and of its own.
pub const KNOWN_KEYS: Table<(AccountId, AccountId), Sealed> = Table::new(77, "known_keys");
pub const KNOWN_BROWSERS: Table<(AccountId, [u8; 16]), KnownBrowser> =
    Table::new(63, "known_browsers");
pub const GROUPS: Table<GroupId, Group> = Table::new(65, "groups");
pub const GROUP_EPOCHS: Table<(GroupId, u32), GroupEpoch> = Table::new(66, "group_epochs");
pub const GROUP_MEMBERS: Table<(GroupId, AccountId), GroupMember> = Table::new(67, "group_members");
pub const GROUPS_OF: Table<(AccountId, GroupId), InGroup> = Table::new(68, "groups_of");
pub const GROUP_WRAPS: Table<(GroupId, AccountId, u32), GroupWrap> = Table::new(69, "group_wraps");
pub const GROUP_ADDRESSES: Table<[u8; 16], GroupOwner> = Table::new(70, "group_addresses");
pub const GROUP_WAITING: Table<(GroupId, AccountId), Due> = Table::new(71, "group_waiting");
pub const GROUP_TERMS: Table<GroupId, GroupTerms> = Table::new(89, "group_terms");
/// By the account that an attestation is about.
pub const VOUCHED_MEMBERS: Table<(AccountId, GroupId), VouchedMember> =
    Table::new(90, "vouched_members");
/// Whom an attestation or an agreement made members of a group, which they join in steps.
pub const GROUP_JOINING: Table<(GroupId, AccountId), VouchedMember> =
    Table::new(95, "group_joining");
pub const CONTACTS: Table<(AccountId, ContactId), ContactRow> = Table::new(78, "contacts");
pub const CONTACT_BLOCKS: Table<(AccountId, u8), Sealed> = Table::new(79, "contact_blocks");
pub const CONTACT_PHOTOS: Table<(AccountId, ContactId), Sealed> = Table::new(80, "contact_photos");
pub const CONTACTS_DELETED: Table<(u64, AccountId, ContactId), Due> =
    Table::new(81, "contacts_deleted");
pub const CONTACT_REQUESTS: Table<(AccountId, ReferenceKey), ContactRequest> =
    Table::new(82, "contact_requests");
pub const CONTACT_ASKED: Table<(AccountId, ReferenceKey), ContactAsked> =
    Table::new(83, "contact_asked");
pub const CONTACT_SHARED: Table<(ReaderKey, AccountId, ContactId), ContactShared> =
    Table::new(84, "contact_shared");
pub const CONTACT_EDITS: Table<(AccountId, u8, ReferenceKey), ContactEdit> =
    Table::new(85, "contact_edits");

/// By the reader to whom a whole address book is granted; the owner's own row by the owner.
pub const CONTACT_BOOKS: Table<(ReaderKey, AccountId), ContactBook> =
    Table::new(93, "contact_books");
pub const CONTACT_COPIES: Table<((ReaderKey, AccountId), u32, ContactId), ContactShared> =
    Table::new(94, "contact_copies");

pub const ROLE_MAILBOXES: Table<AccountId, RoleMailbox> = Table::new(86, "role_mailboxes");
pub const ROLE_ACTS: Table<(AccountId, ReferenceKey), RoleActs> = Table::new(87, "role_acts");
pub const ROLE_INTERIM: Table<(AccountId, u32), RoleInterim> = Table::new(88, "role_interim");

pub const PROFILES: Table<AccountId, ProfileRow> = Table::new(91, "profiles");
/// By the reader, the owner, and the part.
pub const PROFILE_SHARED: Table<(ReaderKey, AccountId, u8), ContactShared> =
    Table::new(92, "profile_shared");

pub const REMOVALS: Table<AccountId, Removal> = Table::new(96, "removals");
pub const HELD_NAMES: Table<[u8; 16], HeldName> = Table::new(97, "held_names");
pub const CODE_FAILURES: Table<AccountId, CodeFailures> = Table::new(98, "code_failures");

pub const RINGS: Table<RingId, Ring> = Table::new(100, "rings");
pub const RING_EPOCHS: Table<(RingId, u32), RingEpoch> = Table::new(101, "ring_epochs");
pub const RING_ENTRIES: Table<(RingId, RingEntry), Due> = Table::new(102, "ring_entries");
pub const RINGS_OF: Table<(RingEntry, RingId), Due> = Table::new(103, "rings_of");
pub const RING_WRAPS: Table<(RingId, RingEntry, u32), RingWrap> = Table::new(104, "ring_wraps");
/// The latest epoch that an account's own session found to be genuine.
pub const RING_SEEN: Table<(AccountId, RingId), Sealed> = Table::new(105, "ring_seen");
pub const KEYS_CHANGED: Table<(), KeysChanged> = Table::new(106, "keys_changed");
pub const BOARDS: Table<BoardId, Board> = Table::new(107, "boards");
/// A topic has the reference number of its first post.
pub const BOARD_TOPICS: Table<(BoardId, ReferenceKey), Topic> = Table::new(108, "board_topics");
pub const POSTS: Table<(BoardId, ReferenceKey, u64), Post> = Table::new(109, "posts");
pub const POST_PLACES: Table<ReferenceKey, PostPlace> = Table::new(120, "post_places");
pub const POST_VERSIONS: Table<(ReferenceKey, u32), PostVersion> = Table::new(121, "post_versions");
/// By the topic; the row of the board as a whole has zeros in its place.
pub const BOARD_POSITIONS: Table<(AccountId, BoardId, ReferenceKey), BoardPosition> =
    Table::new(122, "board_positions");
/// By the post.
pub const POST_FILES: Table<(ReferenceKey, UploadId), PostFile> = Table::new(123, "post_files");
/// The chunks of a file of a post, whose keys its readers open.
pub const POST_FILE_CHUNKS: Table<(UploadId, u32), UploadChunk> =
    Table::new(124, "post_file_chunks");
pub const POST_REACTIONS: Table<ReferenceKey, PostReactions> = Table::new(125, "post_reactions");
/// By the topic.
pub const BOARD_ATTENTION: Table<(AccountId, BoardId, ReferenceKey), BoardAttention> =
    Table::new(126, "board_attention");
pub const ROOMS: Table<RoomId, Room> = Table::new(110, "rooms");
pub const ROOM_MEMBERS: Table<(RoomId, AccountId), RoomMember> = Table::new(111, "room_members");
pub const ROOMS_OF: Table<(AccountId, RoomId), Due> = Table::new(112, "rooms_of");
pub const ROOM_ASKED: Table<(AccountId, RoomId), RoomAsked> = Table::new(113, "room_asked");
pub const ROOM_REQUESTS: Table<(RoomId, AccountId), RoomRequest> = Table::new(114, "room_requests");
pub const ROOM_LINES: Table<(RoomId, LineNumber), RoomLine> = Table::new(115, "room_lines");
pub const ROOM_POSTED: Table<(RoomId, AccountId), RoomPosted> = Table::new(116, "room_posted");
/// By one of the two, and the other: each has a row.
pub const ROOM_OF_TWO: Table<(AccountId, AccountId), RoomOf> = Table::new(117, "room_of_two");
/// By the session that has the room open.
pub const ROOM_HERE: Table<(AccountId, [u8; 16], RoomId), Due> = Table::new(118, "room_here");
/// Rooms in which somebody may stop reading, or has to be told that something waits; and those that end.
pub const ROOM_WATCH: Table<RoomId, Due> = Table::new(119, "room_watch");
pub const ROOM_FILES: Table<(RoomId, LineNumber), RoomFiles> = Table::new(130, "room_files");
/// When notices of chats and boards are given, and what the next one names.
pub const NOTICE_TERMS: Table<AccountId, NoticeTerms> = Table::new(131, "notice_terms");
pub const NOTICE_WAITING: Table<AccountId, NoticeWaiting> = Table::new(132, "notice_waiting");
pub const NOTICE_ADDRESSES: Table<AccountId, NoticeAddress> = Table::new(133, "notice_addresses");
/// By a keyed hash of the address to which codes were sent.
pub const NOTICE_ASKED: Table<[u8; 16], NoticeAsked> = Table::new(134, "notice_asked");
/// Whose other address a mail goes to that is in the queue, by its content.
pub const NOTICE_MAILS: Table<ReferenceKey, Owner> = Table::new(136, "notice_mails");
pub const TOPIC_FOLLOWERS: Table<(BoardId, ReferenceKey, AccountId), TopicFollower> =
    Table::new(137, "topic_followers");
/// Topics in which somebody posted something that followers may have to be told of.
pub const TOPIC_WATCH: Table<(BoardId, ReferenceKey), TopicWatch> = Table::new(138, "topic_watch");
pub const ROOM_REFUSED: Table<(AccountId, RoomId), RoomRefused> = Table::new(135, "room_refused");
pub const SCHEDULE_ENTRIES: Table<(AccountId, EntryId), ScheduleEntry> =
    Table::new(140, "schedule_entries");
pub const SCHEDULE_BLOCKS: Table<(AccountId, u8), Sealed> = Table::new(141, "schedule_blocks");
/// By who asked.
pub const MEETINGS: Table<(AccountId, ReferenceKey), MeetingRow> = Table::new(142, "meetings");
/// By who was asked.
pub const MEETING_ASKED: Table<(AccountId, ReferenceKey), MeetingAsked> =
    Table::new(143, "meeting_asked");
pub const MEETING_NOTICES: Table<(AccountId, ReferenceKey), MeetingNotice> =
    Table::new(144, "meeting_notices");
pub const SCHEDULE_DELETED: Table<(u64, AccountId, EntryId), Due> =
    Table::new(145, "schedule_deleted");
/// When the rows of a meeting go that an account has, as its requester or as an invitee.
pub const MEETING_ENDS: Table<(u64, AccountId, ReferenceKey), Due> =
    Table::new(146, "meeting_ends");
/// The invitees whose entry of a meeting says less than what was asked last.
pub const MEETING_WAITS: Table<(AccountId, ReferenceKey), Due> = Table::new(147, "meeting_waits");

/// `Account = 2 from AccountV1` migrates a record of version 1 to version 2 by
/// `impl From<AccountV1> for Account`.
macro_rules! versions {
    ($($record:ident = $version:literal $(from $earlier:ident)?),* $(,)?) => {$(
        impl Record for $record {
            const VERSION: u8 = $version;

            $(fn migrate(version: u8, bytes: &[u8]) -> Option<Self> {
                crate::store::migrated::<$earlier, Self>(version, bytes)
            })?
        }
    )*};
}

/// The same, with a list of all records for the test of the stored forms.
macro_rules! records {
    ($($record:ident = $version:literal $(from $earlier:ident)?),* $(,)?) => {
        versions!($($record = $version $(from $earlier)?),*);

        #[cfg(test)]
        pub(super) fn each_record(check: &mut super::fixtures_tests::Check) {
            $(check.stored_form::<$record>(stringify!($record));)*
        }
    };
}

// The current versions. Earlier ones follow below, in `versions!(AccountV1 = 1)`.
records!(
    Account = 2 from AccountV1,
    AccountKeys = 2 from AccountKeysV1,
    Owner = 1,
    Credential = 1,
    Session = 1,
    SessionRef = 1,
    Mailbox = 2 from MailboxV1,
    Entry = 1,
    Place = 1,
    Message = 1,
    EpochRecord = 1,
    Counters = 3 from CountersV2,
    ChangeRow = 2 from ChangeRowV1,
    Outcome = 1,
    Meta = 1,
    Draft = 1,
    Upload = 1,
    UploadChunk = 1,
    Submission = 3 from SubmissionV2,
    Delivery = 2 from DeliveryV1,
    Held = 1,
    Due = 1,
    QueueRow = 1,
    Temporary = 1,
    Pickup = 1,
    Preferences = 2 from PreferencesV1,
    Requested = 1,
    Answerable = 1,
    Answered = 1,
    SearchPart = 1,
    Sealed = 1,
    SearchDeleted = 1,
    TlsPolicy = 1,
    ConversationOf = 2 from ConversationOfV1,
    Member = 1,
    OwnId = 1,
    SiteChange = 2 from SiteChangeV1,
    AuditEntry = 6 from AuditEntryV5,
    TotpRecord = 1,
    AccountNews = 1,
    Unreported = 1,
    SigningKey = 1,
    Attestation = 1,
    SignedStatement = 1,
    VouchRequest = 1,
    KnownBrowser = 1,
    Group = 1,
    GroupEpoch = 1,
    GroupMember = 1,
    GroupOwner = 1,
    GroupTerms = 1,
    GroupWrap = 1,
    InGroup = 1,
    VouchedMember = 1,
    RoleMailbox = 1,
    RoleActs = 1,
    RoleInterim = 1,
    ContactRow = 2 from ContactRowV1,
    ContactRequest = 1,
    ContactAsked = 1,
    ContactShared = 1,
    ContactEdit = 1,
    ContactBook = 1,
    ProfileRow = 1,
    Removal = 1,
    HeldName = 1,
    CodeFailures = 1,
    Ring = 1,
    RingEpoch = 1,
    RingWrap = 1,
    KeysChanged = 1,
    Board = 2 from BoardV1,
    BoardPosition = 1,
    Post = 1,
    PostPlace = 1,
    PostVersion = 1,
    PostFile = 2 from PostFileV1,
    PostReactions = 1,
    BoardAttention = 1,
    Topic = 1,
    Room = 1,
    RoomMember = 1,
    RoomLine = 1,
    RoomRequest = 1,
    RoomAsked = 1,
    RoomPosted = 1,
    RoomOf = 1,
    RoomFiles = 1,
    RoomRefused = 1,
    NoticeTerms = 1,
    NoticeWaiting = 1,
    NoticeAddress = 1,
    NoticeAsked = 1,
    TopicFollower = 1,
    TopicWatch = 1,
    ScheduleEntry = 1,
    MeetingRow = 2 from MeetingRowV1,
    MeetingAsked = 2 from MeetingAskedV1,
    MeetingNotice = 1,
);

versions!(
    ContactRowV1 = 1,
    AccountV1 = 1,
    AccountKeysV1 = 1,
    AuditEntryV5 = 5 from AuditEntryV4,
    AuditEntryV4 = 4 from AuditEntryV3,
    AuditEntryV3 = 3 from AuditEntryV2,
    AuditEntryV2 = 2 from AuditEntryV1,
    AuditEntryV1 = 1,
    BoardV1 = 1,
    CountersV2 = 2 from CountersV1,
    CountersV1 = 1,
    DeliveryV1 = 1,
    ChangeRowV1 = 1,
    ConversationOfV1 = 1,
    MailboxV1 = 1,
    PostFileV1 = 1,
    PreferencesV1 = 1,
    SiteChangeV1 = 1,
    SubmissionV2 = 2 from SubmissionV1,
    SubmissionV1 = 1
);
