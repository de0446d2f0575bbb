//! What the list shows of a message before it is opened; sealed for each reader.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::sealed_form;
use crate::mail::message::Ids;
use crate::store::Record;
use crate::terms::DeliveryState;

/// What the list shows of a message before it is opened; sealed for each reader.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(in crate::gateway) struct SealedSummary {
    pub from_name: Option<String>,
    pub from_address: Option<String>,
    pub subject: String,
    pub attachments: u32,
    /// Whom the header names as recipients, the first few.
    pub to: Vec<String>,
    /// To whom the owner of this copy sent it.
    pub recipients: Vec<String>,
    pub notice: Option<NoticeOf>,
    pub outline: Option<Outline>,
}

impl Record for SealedSummary {
    const VERSION: u8 = 1;
}

/// What is told of a temporary account besides outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeTopic {
    /// It ends soon.
    Ending,
    /// It is gone, and its owner asks for the message once more.
    AskedAgain,
}

/// What a notice of the system is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeOf {
    pub kind: DeliveryState,
    /// It tells no outcome of the message, but this.
    pub topic: Option<NoticeTopic>,
    pub about: ReferenceKey,
    pub recipient: String,
}

/// Where the files of a message stand that was written here, so that none of them has to be in
/// memory to show the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The header and the text; behind them come the files.
    pub head_octets: u64,
    /// What ends the message when its files are left out, so that readers see it whole.
    pub end: Vec<u8>,
    pub files: Vec<FileAt>,
}

/// One file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAt {
    pub name: String,
    pub content_type: String,
    pub size: u64,
    /// Where its base64 lines begin, and how many octets they have.
    pub offset: u64,
    pub encoded: u64,
}

/// A summary ready to be sealed, and the identifiers in the header: those that the message refers
/// to, and its own. None keeps it out of every conversation.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Summarised<'s> {
    pub octets: &'s [u8],
    pub ids: &'s Ids,
}

impl SealedSummary {
    /// What is sealed.
    pub fn to_octets(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        sealed_form::octets_of(self)
    }
}

/// What a reader's summary and key wrap are bound to.
pub(in crate::gateway) fn reader_binding(account: AccountId, reference: ReferenceKey) -> [u8; 32] {
    let mut bound = [0; 32];
    bound[..16].copy_from_slice(&account.0);
    bound[16..].copy_from_slice(&reference);
    bound
}
