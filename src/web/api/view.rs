//! Messages as JSON: as the list shows them, and as the reader shows them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::mailboxes::content::Content;
use crate::gateway::mailboxes::standing::StandingView;
use crate::gateway::vouching::signature::SignatureView;
use crate::gateway::{self, ItemView};
use crate::mail::message;
use crate::mail::reference::Reference;
use crate::mail::warnings;
use crate::terms::{AccountChange, DeliveryState, Route, SenderCheck, SenderWarning};

use super::readable::{Addr, Readable, addrs};
use super::role::Acted;
use super::vouching::Signature;

/// A message as the list shows it, opened or not.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    pub reference: String,
    /// The mailbox's id.
    mailbox: String,
    from: Sender,
    subject: String,
    #[schema(format = DateTime)]
    received_at: String,
    /// The size as stored, in octets.
    size: u64,
    /// What the reader gets, in octets: without the encoding that files travel in. Of messages that
    /// arrived before this was counted, the size as stored.
    octets: u64,
    attachments: u32,
    protection: Protection,
    opened: bool,
    unread: bool,
    starred: bool,
    /// Whether the account itself sent the message.
    sent: bool,
    /// The recipients, if the account itself sent the message.
    recipients: Vec<String>,
    /// How it stands with its recipients, if the account sent it from here.
    standing: Option<Standing>,
    notice: Option<Notice>,
    /// Whether to ask the reader if the sender may be notified of the outcome.
    asks_confirmation: bool,
    /// The id of the conversation; messages of the same conversation share it.
    conversation: Option<String>,
    /// The numbers of the message's labels.
    labels: Vec<u16>,
    /// In a role mailbox: what its readers did with the message, the first act first.
    acts: Vec<Acted>,
}

/// How a sent message stands with its recipients.
#[derive(Serialize, ToSchema)]
pub struct Standing {
    /// The state that most needs the sender.
    state: DeliveryState,
    /// How many recipients are in this state.
    count: u32,
    recipients: u32,
    /// The least protected route by which it reaches a recipient; `null` if it reaches nobody.
    route: Option<Route>,
}

/// What a notice reports.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// The message is still in the queue.
    Delayed,
    Read,
    Rejected,
    Expired,
    Refused,
    Failed,
    /// The recipient's temporary account expires soon.
    Ending,
    /// The recipient asks for the message to be sent again.
    Asked,
    /// The recipient asks for another one-time password.
    AskedPassword,
    /// The recipient has forgotten the passphrase.
    Forgotten,
    /// The account itself fills up.
    Filling,
    /// The account itself is almost full.
    AlmostFull,
    /// Without verified encryption it was not sent, and is read in a temporary account.
    UnverifiedHere,
    /// Without verified encryption it is sent as ordinary mail.
    UnverifiedPlain,
    /// From here on: what happened to the ways into the account itself.
    PasswordChanged,
    /// A new password was set with the recovery key.
    Recovered,
    RecoveryKeyCreated,
    AppPasswordCreated,
    AppPasswordRemoved,
    PasskeyCreated,
    PasskeyRemoved,
    TotpOn,
    TotpOff,
    /// Somebody signed in from a network that was not known.
    SignedIn,
}

/// What a message of the system itself is about.
#[derive(Serialize, ToSchema)]
pub struct Notice {
    kind: NoticeKind,
    /// The message's reference number; the notice's own if it is about the account.
    about: String,
    recipient: String,
    /// How many more recipients it names; its text lists them.
    others: u32,
}

/// The sender stated in a message; name and address may be missing in a malformed message.
#[derive(Serialize, ToSchema)]
pub struct Sender {
    name: Option<String>,
    address: Option<String>,
    check: SenderCheck,
    /// What in the message contradicts its sender.
    warnings: Vec<Warning>,
}

/// A contradiction between a message and its sender.
#[derive(Serialize, ToSchema)]
#[schema(as = SenderContradiction)]
pub struct Warning {
    kind: SenderWarning,
    /// The address in the sender's name, the domain that replies go to, or the domain of this site
    /// that the sender's looks like.
    about: String,
    /// The address of the author that it contradicts.
    author: String,
}

/// How a message was protected on its way here.
#[derive(Serialize, ToSchema)]
pub struct Protection {
    kind: ProtectionKind,
    /// The TLS version, such as `TLSv1.3`.
    version: Option<String>,
    /// The name that the relaying host gave, and its address.
    peer: Option<String>,
}

/// The kinds of protection.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProtectionKind {
    Tls,
    /// The message arrived unencrypted.
    Clear,
    /// The message never left this server.
    Inside,
    /// The account's owner imported the message from a file.
    Imported,
}

/// An opened message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    #[serde(flatten)]
    item: Item,
    /// All whom the message names as its authors; `from` is the first of them.
    authors: Vec<Addr>,
    #[serde(flatten)]
    readable: Readable,
    #[schema(format = DateTime)]
    opened_at: Option<String>,
    /// The sender's signature; `null` if the message has none.
    signature: Option<Signature>,
    /// The number of the meeting that the message is about.
    meeting: Option<String>,
}

/// A page of a mailbox.
#[derive(Serialize, ToSchema)]
pub struct Page {
    state: String,
    total: u64,
    unread: u64,
    items: Vec<Item>,
    /// The `before` of the next page; `null` at the end.
    next: Option<String>,
}

/// A change to messages; properties that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MessageChange)]
pub struct Change {
    unread: Option<bool>,
    starred: Option<bool>,
    /// The id or role of the mailbox that the messages are moved to.
    mailbox: Option<String>,
    /// The number of a label to add.
    label: Option<u16>,
    /// The number of a label to remove.
    remove_label: Option<u16>,
}

impl From<ItemView> for Item {
    fn from(view: ItemView) -> Item {
        Item {
            reference: view.reference.to_string(),
            mailbox: view.mailbox,
            from: Sender {
                name: view.from_name,
                address: view.from_address,
                check: view.sender,
                warnings: view.warnings.into_iter().map(Warning::from).collect(),
            },
            subject: view.subject,
            received_at: view.received.to_rfc3339(),
            size: view.size,
            octets: view.octets,
            attachments: view.attachments,
            protection: view.protection.into(),
            opened: view.opened.is_some(),
            unread: view.unread,
            starred: view.starred,
            sent: view.sent,
            recipients: view.recipients,
            standing: view.standing.map(Standing::from),
            notice: view.notice.map(Notice::from),
            asks_confirmation: view.asks_confirmation,
            conversation: view.conversation,
            labels: view.labels,
            acts: view.acts.into_iter().map(Acted::from).collect(),
        }
    }
}

impl From<StandingView> for Standing {
    fn from(StandingView { state, count, recipients, route }: StandingView) -> Standing {
        Standing { state, count, recipients, route }
    }
}

impl From<warnings::Warning> for Warning {
    fn from(warnings::Warning { kind, about, author }: warnings::Warning) -> Warning {
        Warning { kind, about, author }
    }
}

impl NoticeKind {
    fn of(notice: &gateway::NoticeOf) -> NoticeKind {
        match (notice.topic, notice.kind) {
            (Some(gateway::NoticeTopic::Ending), _) => NoticeKind::Ending,
            (Some(gateway::NoticeTopic::AskedAgain), DeliveryState::Waiting) => {
                NoticeKind::AskedPassword
            }
            (Some(gateway::NoticeTopic::AskedAgain), DeliveryState::Accepted) => {
                NoticeKind::Forgotten
            }
            (Some(gateway::NoticeTopic::AskedAgain), _) => NoticeKind::Asked,
            (Some(gateway::NoticeTopic::Filling), _) => NoticeKind::Filling,
            (Some(gateway::NoticeTopic::AlmostFull), _) => NoticeKind::AlmostFull,
            (Some(gateway::NoticeTopic::Account(change)), _) => change.into(),
            (Some(gateway::NoticeTopic::Unverified(Route::TemporaryAccount)), _) => {
                NoticeKind::UnverifiedHere
            }
            (Some(gateway::NoticeTopic::Unverified(_)), _) => NoticeKind::UnverifiedPlain,
            (None, DeliveryState::Read) => NoticeKind::Read,
            (None, DeliveryState::Rejected) => NoticeKind::Rejected,
            (None, DeliveryState::Expired) => NoticeKind::Expired,
            (None, DeliveryState::Refused) => NoticeKind::Refused,
            (None, DeliveryState::Failed) => NoticeKind::Failed,
            // The only notice about a message that is still on its way.
            (
                None,
                DeliveryState::Held
                | DeliveryState::Accepted
                | DeliveryState::Waiting
                | DeliveryState::Delivered,
            ) => NoticeKind::Delayed,
        }
    }
}

impl From<AccountChange> for NoticeKind {
    fn from(change: AccountChange) -> NoticeKind {
        match change {
            AccountChange::PasswordChanged => NoticeKind::PasswordChanged,
            AccountChange::Recovered => NoticeKind::Recovered,
            AccountChange::RecoveryKeyCreated => NoticeKind::RecoveryKeyCreated,
            AccountChange::AppPasswordCreated => NoticeKind::AppPasswordCreated,
            AccountChange::AppPasswordRemoved => NoticeKind::AppPasswordRemoved,
            AccountChange::PasskeyCreated => NoticeKind::PasskeyCreated,
            AccountChange::PasskeyRemoved => NoticeKind::PasskeyRemoved,
            AccountChange::TotpOn => NoticeKind::TotpOn,
            AccountChange::TotpOff => NoticeKind::TotpOff,
            AccountChange::SignedIn => NoticeKind::SignedIn,
        }
    }
}

impl From<gateway::NoticeOf> for Notice {
    fn from(notice: gateway::NoticeOf) -> Notice {
        let about = Reference::from_bytes(notice.about).map(|about| about.to_string());
        Notice {
            kind: NoticeKind::of(&notice),
            about: about.unwrap_or_default(),
            recipient: notice.recipient,
            others: notice.others,
        }
    }
}

impl From<gateway::Protection> for Protection {
    fn from(protection: gateway::Protection) -> Protection {
        let (kind, version, peer) = match protection {
            gateway::Protection::Tls { version, peer } => {
                (ProtectionKind::Tls, Some(version), Some(peer))
            }
            gateway::Protection::Clear { peer } => (ProtectionKind::Clear, None, Some(peer)),
            gateway::Protection::Inside => (ProtectionKind::Inside, None, None),
            gateway::Protection::Imported => (ProtectionKind::Imported, None, None),
        };
        Protection { kind, version, peer }
    }
}

impl From<gateway::Page> for Page {
    fn from(page: gateway::Page) -> Page {
        Page {
            state: page.state,
            total: page.total,
            unread: page.unread,
            items: page.items.into_iter().map(Item::from).collect(),
            next: page.next,
        }
    }
}

impl From<Change> for gateway::Change {
    fn from(change: Change) -> gateway::Change {
        let Change { unread, starred, mailbox, label, remove_label } = change;
        gateway::Change { unread, starred, mailbox, label, remove_label, quiet: false }
    }
}

impl Detail {
    /// Parses a message. This takes time, so it must not run on the async threads.
    pub fn of(item: ItemView, content: &Content) -> Detail {
        let mut view = message::view(content.shown());
        if let Some(parts) = content.parts() {
            view.parts = parts;
        }
        Detail {
            authors: addrs(view.from.clone()),
            readable: Readable::of(view),
            opened_at: item.opened.map(|moment| moment.to_rfc3339()),
            item: item.into(),
            signature: None,
            meeting: None,
        }
    }

    /// The same, with the signature of the message, verified for its reader.
    pub fn signed(self, signature: Option<SignatureView>) -> Detail {
        Detail { signature: signature.map(Signature::from), ..self }
    }

    /// The same, with the meeting that the message is about.
    pub fn about(self, meeting: Option<String>) -> Detail {
        Detail { meeting, ..self }
    }
}
