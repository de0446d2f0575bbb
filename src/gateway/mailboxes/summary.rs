//! The summary of a message, which the list shows before it is opened; it is sealed for each
//! reader.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::sealed_form;
use crate::mail::message::Ids;
use crate::mail::warnings::Warning;
use crate::store::{self, Record};
use crate::terms::{AccountChange, DeliveryState, Route, SenderCheck, SenderWarning};

/// The summary of a message, which the list shows before it is opened.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(in crate::gateway) struct SealedSummary {
    pub from_name: Option<String>,
    pub from_address: Option<String>,
    pub subject: String,
    pub attachments: u32,
    /// The first recipients that the header names.
    pub to: Vec<String>,
    /// The recipients, in the sender's own copy.
    pub recipients: Vec<String>,
    pub notice: Option<NoticeOf>,
    pub outline: Option<Outline>,
    /// What the check of its authors said when it arrived.
    pub sender: SenderCheck,
    /// What in it contradicts its sender.
    pub warnings: Vec<Warning>,
    /// Its octets with its files decoded; not known of messages that arrived before it was counted.
    pub octets: Option<u64>,
}

impl Record for SealedSummary {
    const VERSION: u8 = 6;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Self> {
        store::migrated::<SealedSummaryV5, Self>(version, bytes)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct SealedSummaryV5 {
    from_name: Option<String>,
    from_address: Option<String>,
    subject: String,
    attachments: u32,
    to: Vec<String>,
    recipients: Vec<String>,
    notice: Option<NoticeOfV5>,
    outline: Option<Outline>,
    sender: SenderCheck,
    warnings: Vec<Warning>,
    octets: Option<u64>,
}

#[derive(Serialize, Deserialize)]
enum NoticeTopicV5 {
    Ending,
    AskedAgain,
    Filling,
    AlmostFull,
    Account(AccountChange),
}

#[derive(Serialize, Deserialize)]
struct NoticeOfV5 {
    kind: DeliveryState,
    topic: Option<NoticeTopicV5>,
    about: ReferenceKey,
    recipient: String,
    others: u32,
}

impl Record for SealedSummaryV5 {
    const VERSION: u8 = 5;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Self> {
        store::migrated::<SealedSummaryV4, Self>(version, bytes)
    }
}

impl From<SealedSummaryV5> for SealedSummary {
    fn from(old: SealedSummaryV5) -> SealedSummary {
        SealedSummary {
            from_name: old.from_name,
            from_address: old.from_address,
            subject: old.subject,
            attachments: old.attachments,
            to: old.to,
            recipients: old.recipients,
            notice: old.notice.map(NoticeOf::from),
            outline: old.outline,
            sender: old.sender,
            warnings: old.warnings,
            octets: old.octets,
        }
    }
}

impl From<NoticeOfV5> for NoticeOf {
    fn from(old: NoticeOfV5) -> NoticeOf {
        let topic = old.topic.map(|topic| match topic {
            NoticeTopicV5::Ending => NoticeTopic::Ending,
            NoticeTopicV5::AskedAgain => NoticeTopic::AskedAgain,
            NoticeTopicV5::Filling => NoticeTopic::Filling,
            NoticeTopicV5::AlmostFull => NoticeTopic::AlmostFull,
            NoticeTopicV5::Account(change) => NoticeTopic::Account(change),
        });
        NoticeOf {
            kind: old.kind,
            topic,
            about: old.about,
            recipient: old.recipient,
            others: old.others,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct SealedSummaryV4 {
    from_name: Option<String>,
    from_address: Option<String>,
    subject: String,
    attachments: u32,
    to: Vec<String>,
    recipients: Vec<String>,
    notice: Option<NoticeOfV5>,
    outline: Option<Outline>,
    sender: SenderCheck,
    warnings: Vec<Warning>,
}

impl Record for SealedSummaryV4 {
    const VERSION: u8 = 4;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Self> {
        store::migrated::<SealedSummaryV3, Self>(version, bytes)
    }
}

impl From<SealedSummaryV4> for SealedSummaryV5 {
    fn from(old: SealedSummaryV4) -> SealedSummaryV5 {
        SealedSummaryV5 {
            from_name: old.from_name,
            from_address: old.from_address,
            subject: old.subject,
            attachments: old.attachments,
            to: old.to,
            recipients: old.recipients,
            notice: old.notice,
            outline: old.outline,
            sender: old.sender,
            warnings: old.warnings,
            octets: None,
        }
    }
}

/// What a notice reports, other than an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeTopic {
    /// The recipient's temporary account expires soon.
    Ending,
    /// The owner of the temporary account asks for access again. The kind says how: `Expired` if the
    /// account has expired, `Waiting` for another one-time password, `Accepted` if the passphrase is
    /// forgotten.
    AskedAgain,
    /// The reader's own account fills up.
    Filling,
    /// The reader's own account is almost full.
    AlmostFull,
    /// Something that opens the reader's own account changed.
    Account(AccountChange),
    /// There was no verified TLS on the way to the recipient, so the message took this route.
    Unverified(Route),
}

/// The message that a notice is about, and what it reports. A notice about the account itself is
/// about no other message: it names itself, and its reader as the recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeOf {
    pub kind: DeliveryState,
    /// Set if the notice reports no outcome of the message.
    pub topic: Option<NoticeTopic>,
    pub about: ReferenceKey,
    pub recipient: String,
    /// How many more recipients it names.
    pub others: u32,
}

/// The positions of the files in a message that was written here, so that the text can be shown
/// without reading them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The octets of the header and the text, which precede the files.
    pub head_octets: u64,
    /// The closing delimiter that makes the message complete when its files are left out.
    pub end: Vec<u8>,
    pub files: Vec<FileAt>,
}

/// One file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAt {
    pub name: String,
    pub content_type: String,
    pub size: u64,
    /// The offset and the length of its base64 lines, or of the file itself, if it is a message.
    pub offset: u64,
    pub encoded: u64,
}

impl FileAt {
    /// Whether it stands in the message as it is: base64 is always longer than what it encodes.
    pub fn is_as_it_is(&self) -> bool {
        self.encoded == self.size
    }
}

#[derive(Serialize, Deserialize)]
struct WarningV1 {
    kind: SenderWarning,
    about: String,
}

#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct SealedSummaryV3 {
    from_name: Option<String>,
    from_address: Option<String>,
    subject: String,
    attachments: u32,
    to: Vec<String>,
    recipients: Vec<String>,
    notice: Option<NoticeOfV3>,
    outline: Option<Outline>,
    sender: SenderCheck,
    warnings: Vec<WarningV1>,
}

#[derive(Serialize, Deserialize)]
enum NoticeTopicV3 {
    Ending,
    AskedAgain,
    Filling,
    AlmostFull,
}

#[derive(Serialize, Deserialize)]
struct NoticeOfV3 {
    kind: DeliveryState,
    topic: Option<NoticeTopicV3>,
    about: ReferenceKey,
    recipient: String,
}

impl Record for SealedSummaryV3 {
    const VERSION: u8 = 3;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Self> {
        store::migrated::<SealedSummaryV2, Self>(version, bytes)
    }
}

impl From<SealedSummaryV3> for SealedSummaryV4 {
    /// Each notice named one recipient, and only the first author was looked at.
    fn from(old: SealedSummaryV3) -> SealedSummaryV4 {
        let author = old.from_address.clone().unwrap_or_default();
        let warning = |WarningV1 { kind, about }| Warning { kind, about, author: author.clone() };
        SealedSummaryV4 {
            warnings: old.warnings.into_iter().map(warning).collect(),
            from_name: old.from_name,
            from_address: old.from_address,
            subject: old.subject,
            attachments: old.attachments,
            to: old.to,
            recipients: old.recipients,
            notice: old.notice.map(NoticeOfV5::from),
            outline: old.outline,
            sender: old.sender,
        }
    }
}

impl From<NoticeOfV3> for NoticeOfV5 {
    fn from(old: NoticeOfV3) -> NoticeOfV5 {
        let topic = old.topic.map(|topic| match topic {
            NoticeTopicV3::Ending => NoticeTopicV5::Ending,
            NoticeTopicV3::AskedAgain => NoticeTopicV5::AskedAgain,
            NoticeTopicV3::Filling => NoticeTopicV5::Filling,
            NoticeTopicV3::AlmostFull => NoticeTopicV5::AlmostFull,
        });
        NoticeOfV5 { kind: old.kind, topic, about: old.about, recipient: old.recipient, others: 0 }
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct SealedSummaryV2 {
    from_name: Option<String>,
    from_address: Option<String>,
    subject: String,
    attachments: u32,
    to: Vec<String>,
    recipients: Vec<String>,
    notice: Option<NoticeOfV3>,
    outline: Option<Outline>,
}

impl Record for SealedSummaryV2 {
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Option<Self> {
        store::migrated::<SealedSummaryV1, Self>(version, bytes)
    }
}

impl From<SealedSummaryV2> for SealedSummaryV3 {
    /// Nothing is known about the senders of messages that arrived before: they are shown as those
    /// that nobody checked.
    fn from(old: SealedSummaryV2) -> SealedSummaryV3 {
        SealedSummaryV3 {
            from_name: old.from_name,
            from_address: old.from_address,
            subject: old.subject,
            attachments: old.attachments,
            to: old.to,
            recipients: old.recipients,
            notice: old.notice,
            outline: old.outline,
            sender: SenderCheck::Unchecked,
            warnings: Vec::new(),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct SealedSummaryV1 {
    from_name: Option<String>,
    from_address: Option<String>,
    subject: String,
    attachments: u32,
    to: Vec<String>,
    recipients: Vec<String>,
    notice: Option<NoticeOfV1>,
    outline: Option<Outline>,
}

#[derive(Serialize, Deserialize)]
enum NoticeTopicV1 {
    Ending,
    AskedAgain,
}

#[derive(Serialize, Deserialize)]
struct NoticeOfV1 {
    kind: DeliveryState,
    topic: Option<NoticeTopicV1>,
    about: ReferenceKey,
    recipient: String,
}

impl Record for SealedSummaryV1 {
    const VERSION: u8 = 1;
}

impl From<SealedSummaryV1> for SealedSummaryV2 {
    fn from(old: SealedSummaryV1) -> SealedSummaryV2 {
        SealedSummaryV2 {
            from_name: old.from_name,
            from_address: old.from_address,
            subject: old.subject,
            attachments: old.attachments,
            to: old.to,
            recipients: old.recipients,
            notice: old.notice.map(NoticeOfV3::from),
            outline: old.outline,
        }
    }
}

impl From<NoticeOfV1> for NoticeOfV3 {
    fn from(old: NoticeOfV1) -> NoticeOfV3 {
        let topic = old.topic.map(|topic| match topic {
            NoticeTopicV1::Ending => NoticeTopicV3::Ending,
            NoticeTopicV1::AskedAgain => NoticeTopicV3::AskedAgain,
        });
        NoticeOfV3 { kind: old.kind, topic, about: old.about, recipient: old.recipient }
    }
}

/// A summary ready to be sealed, and the identifiers in the header: those that the message refers
/// to, and its own. A message without identifiers belongs to no conversation.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Summarised<'s> {
    pub octets: &'s [u8],
    pub ids: &'s Ids,
}

impl Outline {
    /// The octets of the message with its files decoded.
    fn octets(&self) -> u64 {
        self.files.iter().fold(self.head_octets, |sum, file| sum.saturating_add(file.size))
    }
}

impl SealedSummary {
    /// What the reader of a message gets, in octets, of which `stored` are stored: as far as it is known,
    /// without the encoding of its files.
    pub fn octets_of(&self, stored: u64) -> u64 {
        let outline = self.outline.as_ref().filter(|outline| !outline.files.is_empty());
        self.octets.or(outline.map(Outline::octets)).unwrap_or(stored)
    }

    /// The octets that are sealed.
    pub fn to_octets(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        sealed_form::octets_of(self)
    }
}

/// The binding of a reader's summary and key wrap.
pub(in crate::gateway) fn reader_binding(account: AccountId, reference: ReferenceKey) -> [u8; 32] {
    let mut bound = [0; 32];
    bound[..16].copy_from_slice(&account.0);
    bound[16..].copy_from_slice(&reference);
    bound
}
