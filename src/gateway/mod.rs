//! The domain: what Postern does, without sockets, timers or a clock of its own.
//!
//! Edges turn bytes into a typed request, call one function here, and turn its result into one
//! reply. All functions are synchronous; a write blocks until it is durable, or returns a
//! [`Pending`] that an edge awaits or a thread waits for.
//!
//! Each submodule may use those above it in this table, and none below. `tests/floors.rs` enforces
//! the order for imports and for method calls.
//!
//! | submodule | what it does |
//! | --- | --- |
//! | `error` | why the core did not carry out a request |
//! | `records` | every table, and the records in it |
//! | `actor`, `retry`, `settings`, `text` | what every submodule below uses |
//! | `feed` | numbered changes, and waking the listeners |
//! | `quota` | how much each account stores, and how much it may store |
//! | `site` | what managers set for the whole site; the policy for outgoing mail |
//! | `accounts` | accounts, their credentials, sessions and preferences |
//! | `audit`, `upload` | the audit log; file uploads |
//! | `groups` | groups, their members, and the keys of what members write for each other |
//! | `keyrings` | the keys of audiences made of accounts and groups |
//! | `roles` | role mailboxes, which a group reads together |
//! | `mailboxes` | messages as their readers hold them: sealed, filed, listed, changed |
//! | `search` | an index over sealed mail, and its queries |
//! | `queue` | what waits to leave, and each delivery's status line |
//! | `reporting` | notices to inside users, confirmations to outside senders |
//! | `vouching` | attestations between users, and signatures on their messages |
//! | `outsiders` | temporary accounts, pick-up pages, notifications |
//! | `notices` | when somebody is given notices of chats and boards, and the other address for them |
//! | `incoming` | which recipients are accepted, and storing a message for them |
//! | `outgoing` | drafts, plan, consent, submission, undo send |
//! | `outcomes` | read, rejected, delivered, failed: what follows from each |
//! | `contacts` | address books, and requests to add a contact |
//! | `profiles` | what users say about themselves, and the directory that shows it |
//! | `boards` | boards with topics and posts, for audiences of their own |
//! | `chat` | conversations of two, and rooms whose controllers admit the others |
//! | `digest` | the notice that sums up what waited for its time |
//! | `schedule` | calendars, and meetings that one person asks others for |
//!
//! Invariants: a message is stored once and its counters always agree with its rows; an outcome
//! (read, rejected) is recorded exactly once per reader; rejecting a message never opens it.

mod error;

pub mod records;

mod actor;
pub mod meters;
pub mod retry;

pub mod reaction;
mod settings;
mod stored_block;
mod text;

pub mod feed;

pub mod quota;

pub mod site;

pub mod accounts;

pub mod audit;
pub mod upload;

pub mod groups;

mod keyrings;

pub mod roles;

pub mod mailboxes;

pub mod search;

pub mod queue;

mod reporting;

pub mod vouching;

pub mod outsiders;

pub mod notices;

pub mod removal;

pub mod incoming;

pub mod outgoing;

mod outcomes;

pub mod contacts;

pub mod profiles;

pub mod boards;
pub mod chat;
mod digest;

pub mod schedule;

#[cfg(test)]
mod again_tests;
#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod browser_tests;
#[cfg(test)]
mod digest_tests;
#[cfg(test)]
mod edge_tests;
#[cfg(test)]
mod group_change_tests;
#[cfg(test)]
mod group_tests;
#[cfg(test)]
mod grouping_tests;
#[cfg(test)]
mod image_tests;
#[cfg(test)]
mod keys_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod outsider_tests;
#[cfg(test)]
mod quota_tests;
#[cfg(test)]
mod quota_walk_tests;
#[cfg(test)]
mod removal_address_tests;
#[cfg(test)]
mod removal_tests;
#[cfg(test)]
mod reply_tests;
#[cfg(test)]
mod report_tests;
#[cfg(test)]
mod role_tests;
#[cfg(test)]
mod rows_tests;
#[cfg(test)]
mod sending_tests;
#[cfg(test)]
mod standing_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod unreadable_tests;
#[cfg(test)]
mod walk_tests;

use std::sync::Arc;

use crate::clock::Clock;
use crate::mail::reference::Reference;
use crate::store::Store;
use crate::vault::Vault;

pub use crate::store::{Pending, Room};
pub use crate::terms::{DeliveryState, Profile, QueueKind, QueueState, RelationKind, SenderCheck};
pub use crate::vault::{PASSWORD_OCTETS_MAX, Password, PasswordLine, RecoveryKey, wipe_stack};
pub use accounts::account::{AccountRow, AccountView, NewAccount};
pub use accounts::chosen::{ChosenBy, OwnChoice};
pub use accounts::listing::AccountQuery;
pub use accounts::log_in::{Browser, LogIn, LoggedIn};
pub use accounts::session::{KeptSession, SessionView};
pub use actor::{Actor, ChangedFrom};
pub use error::{Conflict, Error};
pub use feed::change::Changes;
pub use feed::event::{Event, EventKind};
pub use feed::rooms::{FileNow, LineNow, RoomListener, RoomNews};
pub use incoming::inbound::{Arrival, Inbound};
pub use incoming::receive::Receipt;
pub use incoming::recipient::{AcceptedRecipient, Origin, Reason, RecipientVerdict};
pub use mailboxes::flags::Change;
pub use mailboxes::item::{Flags, ItemView};
pub use mailboxes::list::{FlagsPage, Page};
pub use mailboxes::mailbox::MailboxView;
pub use mailboxes::summary::{FileAt, NoticeOf, NoticeTopic, Outline};
pub use outgoing::draft::{DraftContent, DraftRow, DraftView, RelatedMessage};
pub use outgoing::submission::{DeliveryView, SubmissionView};
pub use quota::QuotaView;
pub use records::ids::{AccountId, GroupId};
pub use records::mailbox::{OwnQuota, Role, Usage};
pub use records::message::Protection;
pub use records::queue::{TlsNeed, TlsPolicy};
pub use records::submission::Step;
pub use settings::{
    Chat as ChatSettings, Notices as NoticeSettings, Quota, Schedule as ScheduleSettings, Settings,
};

/// The domain. Cloning is cheap; clones share everything.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    vault: Vault,
    clock: Clock,
    settings: Settings,
    events: feed::event::Events,
    room_feed: feed::rooms::RoomFeed,
    epochs: mailboxes::epoch::Epochs,
    search_busy: search::Busy,
    room_passes: chat::passes::RoomPasses,
    topic_pass: boards::notice::TopicPass,
    addressees: accounts::addressee::Addressees,
    names: accounts::names::Names,
    directory: accounts::directory::Directory,
    site: std::sync::Mutex<Option<Arc<site::settings::SiteSettings>>>,
    refusals: audit::Refusals,
    challenges: accounts::passkey::Answered,
    /// Notified when something may be due in the queue.
    queue_wake: Arc<tokio::sync::Notify>,
    /// Notified when a message was held back for undo send.
    hold_wake: Arc<tokio::sync::Notify>,
    /// Notified when the owner of an account is to be warned that it fills up.
    quota_wake: Arc<tokio::sync::Notify>,
    /// Notified when the owner of an account is to be told of a change.
    news_wake: Arc<tokio::sync::Notify>,
    sign_ins_told: accounts::news::SignInsTold,
    renewals: accounts::renewal::Renewals,
    /// Notified when a sender is to be told about recipients.
    report_wake: Arc<tokio::sync::Notify>,
    /// Notified when a user is being removed.
    removal_wake: Arc<tokio::sync::Notify>,
    meters: meters::Meters,
    /// The files of signed messages that were hashed since the start.
    hashed: vouching::hashed::Hashed,
}

impl Gateway {
    /// The domain on `store`, which must be sealed by the same `vault`.
    pub fn new(store: Store, vault: Vault, clock: Clock, settings: Settings) -> Gateway {
        let (events, epochs) =
            (feed::event::Events::default(), mailboxes::epoch::Epochs::default());
        let (queue_wake, hold_wake, quota_wake) = Default::default();
        let (news_wake, report_wake, removal_wake) = Default::default();
        let inner = Inner {
            store,
            vault,
            clock,
            settings,
            events,
            room_feed: feed::rooms::RoomFeed::default(),
            epochs,
            search_busy: search::Busy::default(),
            room_passes: chat::passes::RoomPasses::default(),
            topic_pass: boards::notice::TopicPass::default(),
            addressees: accounts::addressee::Addressees::default(),
            names: accounts::names::Names::default(),
            directory: accounts::directory::Directory::default(),
            site: std::sync::Mutex::default(),
            refusals: audit::Refusals::default(),
            challenges: accounts::passkey::Answered::default(),
            queue_wake,
            hold_wake,
            quota_wake,
            news_wake,
            sign_ins_told: accounts::news::SignInsTold::default(),
            renewals: accounts::renewal::Renewals::default(),
            report_wake,
            removal_wake,
            meters: meters::Meters::default(),
            hashed: vouching::hashed::Hashed::default(),
        };
        Gateway { inner: Arc::new(inner) }
    }

    /// The underlying store, for operations on the store as a whole.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The settings from the configuration file.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The clock that the domain uses.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Counts of what happened since the start.
    pub fn meters(&self) -> &meters::Meters {
        &self.inner.meters
    }

    /// How many passwords were hashed, are being hashed, and wait.
    pub fn password_line(&self) -> PasswordLine {
        self.inner.vault.passwords().line()
    }

    /// How much disk space the store uses, and how much is available.
    pub fn room(&self) -> Result<Room, Error> {
        Ok(self.inner.store.engine().room()?)
    }

    /// Returns whether mail can be stored at present.
    pub fn is_ready(&self) -> bool {
        matches!(self.inner.store.engine().refusing(), Ok(None))
    }

    /// Draws a new reference number for the current time.
    pub(in crate::gateway) fn reference_new(&self) -> Reference {
        Reference::new(u64::try_from(self.inner.clock.now().0).unwrap_or_default())
    }
}
