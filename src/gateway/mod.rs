//! The domain: what Postern does, without a socket, a timer or a clock of its own.
//!
//! Edges turn bytes into a typed request, call one function here, and turn its answer into one
//! reply. Everything is synchronous; what writes answers with a [`Pending`] that an edge awaits
//! or a thread waits for. Each file owns one feature and its records.
//!
//! | file | feature |
//! | --- | --- |
//! | `account` | people and their keys |
//! | `credential` | what opens an account: passwords, app passwords, passkeys, codes |
//! | `receive` | who may be written to, and the one door in |
//! | `parcel` | a message with its readers' shares, stored in one go |
//! | `draft`, `upload` | letters being written, and their files |
//! | `policy`, `submit`, `delivery` | the one door out: routes, sending, taking back, status lines |
//! | `issue`, `pickup` | temporary accounts, and the way in for outsiders |
//! | `queue`, `tls_policy` | what waits to leave; what other domains say of their TLS |
//! | `notice`, `answer` | what people inside and outside senders are told |
//! | `preference`, `house` | what an account sets for itself, and what managers set for all |
//! | `audit` | what happened that matters for safety |
//! | `mailbox`, `message` | folders; list, open, reject, move, delete |
//! | `conversation`, `label` | letters that answer each other; words that messages are given |
//! | `import` | messages that their owner brings in from files |
//! | `look` | how a person's pages look, wherever they sign in |
//! | `search` | an index over sealed mail, and its questions |
//! | `session` | log-in, and the keys that one request opens |
//! | `change`, `event` | what changed since; hints to whoever waits |
//! | `filter`, `people` | what happens to mail that comes; whom the account has written with |
//! | `epoch` | the keys under which arriving mail is sealed |
//! | `tables` | every table in one place |
//!
//! What must hold: a message is stored once and its counters always agree with its rows; an
//! outcome (read, rejected) is recorded exactly once per reader; rejecting never opens.

pub mod account;
mod answer;
#[cfg(test)]
mod answer_tests;
pub mod audit;
pub mod change;
pub mod content;
mod conversation;
pub mod credential;
pub mod delivery;
pub mod draft;
#[cfg(test)]
mod edge_tests;
pub mod epoch;
pub mod event;
pub mod filter;
pub mod house;
pub mod import;
pub mod issue;
pub mod label;
mod letter;
pub mod look;
pub mod mailbox;
pub mod message;
mod notice;
#[cfg(test)]
mod order_tests;
mod parcel;
pub mod people;
pub mod pickup;
pub mod policy;
pub mod preference;
pub mod queue;
pub mod receive;
mod release;
pub mod search;
#[cfg(test)]
mod sending_tests;
pub mod session;
pub mod submit;
mod tables;
#[cfg(test)]
mod tests;
mod thread;
pub mod tls_policy;
pub mod upload;
#[cfg(test)]
mod walk_tests;

use std::sync::Arc;

use crate::clock::Clock;
pub use crate::mail::notice::Language as NotificationLanguage;
use crate::store::{self, Store};
use crate::vault::{self, Vault};

pub use crate::store::{Pending, Room};
pub use crate::vault::{Password, RecoveryKey, wipe_stack};
pub use account::{AccountRow, AccountView, NewAccount};
pub use change::Changes;
pub use delivery::{DeliveryView, SubmissionView};
pub use draft::{AnswerKind, Answers, DraftContent, DraftRow, DraftView};
pub use event::{Event, EventKind};
pub use mailbox::MailboxView;
pub use message::{Change, ItemView, Marks, MarksPage, Page};
pub use receive::{AcceptedRecipient, Arrival, Inbound, Origin, Reason, Receipt, RecipientVerdict};
pub use session::{Actor, Browser, LogIn, LoggedIn, Profile, SessionView};
pub use tables::{
    AcceptFrom, AccountId, ConfirmOutside, DeliveryState, HandOff, LastInteraction, Protection,
    QueueKind, QueueState, RejectReason, Role, Step, TlsNeed, TlsPolicy,
};

pub use parcel::{Besides, FileAt, NoticeOf, Outline};

/// Why a request was not done. Each edge translates this once.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} not found")]
    NotFound { what: &'static str },
    #[error("not allowed: {reason}")]
    Denied { reason: &'static str },
    /// Wrong name or password, or a session that is no longer good: deliberately one answer.
    #[error("refused")]
    Refused,
    /// Too many log-ins are being checked at this moment.
    #[error("busy")]
    Busy,
    #[error("over quota")]
    OverQuota,
    /// The files of a letter are larger than is allowed.
    #[error("too large")]
    TooLarge,
    /// A temporary account that must be given its owner's own password first.
    #[error("claim first")]
    ClaimFirst,
    /// A password that is too short to be one's own.
    #[error("weak password")]
    WeakPassword,
    /// The password is right, and the account asks for a code besides.
    #[error("code needed")]
    CodeNeeded,
    /// A code that is not the present one, or was used before.
    #[error("wrong code")]
    WrongCode,
    /// The thing is not in the state that the request supposes; `code` names which.
    #[error("conflict: {code}")]
    Conflict { code: &'static str },
    #[error("invalid: {what}")]
    Invalid { what: String },
    /// What is stored is not what was put there.
    #[error("damaged: {what}")]
    Damaged { what: String },
    #[error("no room left")]
    Full,
    #[error("temporarily unavailable")]
    Unavailable(#[source] store::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Error {
        match error {
            store::Error::Full => Error::Full,
            store::Error::NotFound => Error::NotFound { what: "content" },
            store::Error::Damaged(what) => Error::Damaged { what },
            other => Error::Unavailable(other),
        }
    }
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Error {
        match error {
            vault::Error::Busy => Error::Busy,
            vault::Error::Refused => Error::Refused,
            _ => Error::Unavailable(store::Error::Seal),
        }
    }
}

/// What an administrator decides about the whole.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This host's own name, as its reports have it.
    pub host_name: String,
    /// The domains whose mail is ours, in lower case.
    pub domains: Vec<String>,
    /// Login name of the account that gets mail for postmaster; the first account when `None`.
    pub postmaster: Option<String>,
    /// How long a session lives without a request, on an own browser.
    pub session_idle_secs: i64,
    /// The same on a shared computer.
    pub session_shared_idle_secs: i64,
    /// How long a session lives at most.
    pub session_max_secs: i64,
    /// How many app passwords an account may have.
    pub app_passwords_max: usize,
    pub passkeys_max: usize,
    /// How long a passkey may take to answer.
    pub challenge_secs: i64,
    /// How many changes are remembered for `changes_since`.
    pub changes_kept: u64,
    /// What notifications and pages call the whole.
    pub organisation: String,
    /// What people type to come here, without a slash at the end.
    pub public_url: String,
    /// For outsiders who want to ask whether a notification is genuine.
    pub phone: Option<String>,
    /// The administrator's own words in each notification.
    pub notification_text: Option<String>,
    pub notification_languages: Vec<NotificationLanguage>,
    /// What happens to mail for outside.
    pub policy: policy::Policy,
    pub recipients_max: usize,
    /// The files of one letter together.
    pub attachments_octets_max: u64,
    /// How much of a message's text can be searched.
    pub search_text_octets_max: usize,
    /// The files that an account keeps until they are sent, together.
    pub uploads_octets_max: u64,
    /// The same for somebody outside.
    pub temporary_uploads_octets_max: u64,
    /// How long what was thrown away is kept; `None` for ever.
    pub trash_kept_secs: Option<i64>,
    pub junk_kept_secs: Option<i64>,
    /// How long ago a manager may have said the password.
    pub manager_fresh_secs: i64,
    /// How long the audit log is kept.
    pub log_kept_secs: i64,
    /// How long a letter can be taken back.
    pub undo_secs: u32,
    /// How long a temporary account lives after the last letter to it.
    pub temporary_secs: i64,
    /// How long before its end people are warned.
    pub temporary_warn_secs: i64,
    pub hand_off: HandOff,
    /// Whether outside senders are told that their letter was accepted (decision D2).
    pub acceptance_notice: bool,
    pub last_interaction: LastInteraction,
    pub last_interaction_fixed: bool,
    pub confirm_outside: ConfirmOutside,
    pub confirm_outside_fixed: bool,
    pub retry: queue::RetryPlan,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            domains: Vec::new(),
            postmaster: None,
            session_idle_secs: 30 * 60,
            session_shared_idle_secs: 15 * 60,
            session_max_secs: 12 * 3600,
            app_passwords_max: 30,
            passkeys_max: 20,
            challenge_secs: 300,
            changes_kept: 20_000,
            host_name: "localhost".to_owned(),
            organisation: "Postern".to_owned(),
            public_url: "https://localhost".to_owned(),
            phone: None,
            notification_text: None,
            notification_languages: vec![NotificationLanguage::English],
            policy: policy::Policy::default(),
            recipients_max: 1_000,
            attachments_octets_max: 1 << 30,
            search_text_octets_max: 256 * 1024,
            uploads_octets_max: 4 << 30,
            temporary_uploads_octets_max: 256 << 20,
            trash_kept_secs: Some(30 * 24 * 3600),
            junk_kept_secs: Some(30 * 24 * 3600),
            manager_fresh_secs: 600,
            log_kept_secs: 400 * 24 * 3600,
            undo_secs: 15,
            temporary_secs: 14 * 24 * 3600,
            temporary_warn_secs: 3 * 24 * 3600,
            hand_off: HandOff::Claim,
            acceptance_notice: true,
            last_interaction: LastInteraction::Day,
            last_interaction_fixed: false,
            confirm_outside: ConfirmOutside::Known,
            confirm_outside_fixed: false,
            retry: queue::RetryPlan::default(),
        }
    }
}

/// The domain, cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    vault: Vault,
    clock: Clock,
    settings: Settings,
    events: event::Events,
    epochs: epoch::Epochs,
    search_busy: search::Busy,
    house: std::sync::Mutex<Option<Arc<house::House>>>,
    refusals: audit::Refusals,
    challenges: credential::Answered,
    /// Rings when something may be due in the queue.
    queue_wake: Arc<tokio::sync::Notify>,
    /// Rings when a letter was held back.
    hold_wake: Arc<tokio::sync::Notify>,
}

impl Gateway {
    /// The domain on `store`, which must be sealed by the same `vault`.
    pub fn new(store: Store, vault: Vault, clock: Clock, settings: Settings) -> Gateway {
        let (events, epochs) = (event::Events::default(), epoch::Epochs::default());
        let (queue_wake, hold_wake) = (Arc::default(), Arc::default());
        let inner = Inner {
            store,
            vault,
            clock,
            settings,
            events,
            epochs,
            search_busy: search::Busy::default(),
            house: std::sync::Mutex::default(),
            refusals: audit::Refusals::default(),
            challenges: credential::Answered::default(),
            queue_wake,
            hold_wake,
        };
        Gateway { inner: Arc::new(inner) }
    }

    /// The store beneath, for operations on the whole.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The time the domain goes by.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }
}
