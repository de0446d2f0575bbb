//! What the list shows of a message before it is opened; sealed for each reader.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::submission::DeliveryState;
use crate::mail::message::Ids;

/// What the list shows of a message before it is opened; sealed for each reader.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(in crate::gateway) struct SealedSummary {
    pub from_name: Option<String>,
    pub from_address: Option<String>,
    pub subject: String,
    pub attachments: u32,
    /// The first few recipients in the header.
    pub to: Vec<String>,
    /// The recipients, in the sender's own copy.
    pub recipients: Vec<String>,
    pub notice: Option<NoticeOf>,
    pub outline: Option<Outline>,
}

/// The topic of a notice about a temporary account that reports no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeTopic {
    /// The account expires soon.
    Ending,
    /// The account no longer exists, and its former owner asks for the message again.
    AskedAgain,
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeOf {
    pub kind: DeliveryState,
    /// Set if the notice reports no outcome of the message.
    pub topic: Option<NoticeTopic>,
    pub about: ReferenceKey,
    pub recipient: String,
}

/// The positions of the files in a message written here, so that the rest can be shown without
/// loading them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The length of the header and the text, which precede the files.
    pub head_octets: u64,
    /// The octets that end the message if its files are left out, so that it parses as complete.
    pub end: Vec<u8>,
    pub files: Vec<FileAt>,
}

/// One file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAt {
    pub name: String,
    pub content_type: String,
    pub size: u64,
    /// Where its base64 lines start; `encoded` is their length in octets.
    pub offset: u64,
    pub encoded: u64,
}

/// A summary that is ready to be sealed, and the identifiers in the header: those that the message
/// refers to, and its own. With none the message belongs to no conversation.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Summarised<'s> {
    pub octets: &'s [u8],
    pub ids: &'s Ids,
}

impl SealedSummary {
    /// The plaintext that is sealed.
    pub fn to_octets(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let plain = postcard::to_stdvec(self);
        Ok(plain.map_err(|_| Error::Invalid { what: "summary".to_owned() })?.into())
    }
}

/// What a reader's summary and wrapped key are bound to.
pub(in crate::gateway) fn reader_binding(account: AccountId, reference: ReferenceKey) -> [u8; 32] {
    let mut bound = [0; 32];
    bound[..16].copy_from_slice(&account.0);
    bound[16..].copy_from_slice(&reference);
    bound
}
