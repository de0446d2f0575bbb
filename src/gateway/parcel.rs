//! A message with its readers' shares: sealed once, wrapped for each, stored in one go.
//!
//! Everything that ends up in a mailbox comes this way: what arrives, what is sent, notices.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::mail::reference::Reference;
use crate::mail::reply::Ids;
use crate::store::{ContentId, Piece, Read, Tx};
use crate::vault::{ContentKey, ContentSealer};

use super::change::{self, Changed};
use super::epoch::Arriving;
use super::tables::{
    AccountId, DeliveryState, ENTRIES, EPOCHS, Entry, EpochRecord, HeldShare, MAILBOXES, MESSAGES,
    MailboxId, Message, PLACES, Place, Protection, ReferenceKey, Share,
};
use super::{Error, EventKind, Gateway, conversation, mailbox, search};

/// What the list shows of a message before it is opened; sealed for each reader.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct SealedSummary {
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

/// What is told of a temporary account besides outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Besides {
    /// It ends soon.
    Ending,
    /// It is gone, and its owner asks for the letter once more.
    AskedAgain,
}

/// What a notice of the system is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeOf {
    pub kind: DeliveryState,
    /// It tells no outcome of the letter, but this.
    pub besides: Option<Besides>,
    pub about: ReferenceKey,
    pub recipient: String,
}

/// Where the files of a letter stand that was written here, so that none of them has to be in
/// memory to show the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The header and the text; behind them come the files.
    pub head_octets: u64,
    /// What ends the message when its files are left out, so that readers see it whole.
    pub end: Vec<u8>,
    pub files: Vec<FileAt>,
}

/// One file of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileAt {
    pub name: String,
    pub content_type: String,
    pub size: u64,
    /// Where its base64 lines begin, and how many octets they have.
    pub offset: u64,
    pub encoded: u64,
}

/// A summary ready to be sealed, and the identifiers in the header: those that the letter refers
/// to, and its own. None keeps it out of every conversation.
#[derive(Clone, Copy)]
pub(super) struct Summarised<'s> {
    pub octets: &'s [u8],
    pub ids: &'s Ids,
}

impl SealedSummary {
    /// What is sealed.
    pub fn to_octets(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let plain = postcard::to_stdvec(self);
        Ok(plain.map_err(|_| Error::Invalid { what: "summary".to_owned() })?.into())
    }
}

/// Contents over this go to the store in pieces ahead of their transaction, so that one large
/// message neither holds up the writer nor stands in memory twice.
const PIECE_OCTETS: usize = 256 * 1024;

/// What a reader's summary and key wrap are bound to.
pub(super) fn reader_binding(account: AccountId, reference: ReferenceKey) -> [u8; 32] {
    let mut bound = [0; 32];
    bound[..16].copy_from_slice(&account.0);
    bound[16..].copy_from_slice(&reference);
    bound
}

/// A message ready to be stored.
pub(super) struct Parcel {
    pub reference: Reference,
    pub received: Timestamp,
    /// When it comes into its mailbox, where that is not when it was received.
    pub filed: Option<Timestamp>,
    pub reverse_path: String,
    pub trace_octets: u32,
    pub size: u64,
    pub protection: Protection,
    pub content: Vec<Piece>,
    pub readers: Vec<Reader>,
    /// How many others hold a key to it: rows of the queue, shares held back.
    pub other_holders: u32,
}

/// One reader's share, and the epoch it is sealed in.
pub(super) struct Reader {
    pub share: Share,
    pub epoch: Arc<Arriving>,
}

impl Reader {
    /// The share as it waits in a record.
    pub fn held(&self, delivery: u32) -> HeldShare {
        let (encapsulation, begun) = self.epoch.record();
        HeldShare { share: self.share.clone(), delivery, encapsulation, begun }
    }
}

/// How a reader gets a message.
#[derive(Clone, Copy)]
pub(super) struct Placing {
    pub mailbox: MailboxId,
    pub opened: Option<Timestamp>,
    pub unread: bool,
    pub sent: bool,
}

impl Placing {
    /// To be opened or rejected.
    pub const ARRIVES: Placing =
        Placing { mailbox: mailbox::INBOX, opened: None, unread: true, sent: false };

    /// A notice: there is nothing to decide about it.
    pub fn notice(now: Timestamp) -> Placing {
        Placing { opened: Some(now), ..Placing::ARRIVES }
    }
}

/// Seals octets that come piece by piece; what grows beyond a piece is staged at once.
pub(super) struct Sealing<'g> {
    gateway: &'g Gateway,
    sealer: ContentSealer,
    pieces: Vec<Piece>,
    sealed: Vec<u8>,
}

impl Sealing<'_> {
    pub fn push(&mut self, octets: &[u8]) -> Result<(), Error> {
        for slice in octets.chunks(PIECE_OCTETS) {
            self.sealer.push(slice, &mut self.sealed)?;
            if self.sealed.len() >= PIECE_OCTETS {
                let piece = Bytes::from(std::mem::take(&mut self.sealed));
                self.pieces.push(Piece::Staged(self.gateway.inner.store.content_stage(piece)?));
            }
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<Vec<Piece>, Error> {
        self.sealer.finish(&mut self.sealed)?;
        self.pieces.push(Piece::Inline(self.sealed.into()));
        Ok(self.pieces)
    }
}

impl Gateway {
    pub(super) fn sealing(&self, key: &ContentKey, reference: Reference) -> Sealing<'_> {
        let sealer = ContentSealer::new(key, reference.to_bytes());
        Sealing { gateway: self, sealer, pieces: Vec::new(), sealed: Vec::new() }
    }

    /// Seals a summary and wraps a content's key for one reader.
    pub(super) fn reader(
        &self,
        account: AccountId,
        reference: Reference,
        placing: Placing,
        summary: &Summarised<'_>,
        key: &ContentKey,
    ) -> Result<Reader, Error> {
        let epoch = self.epoch_arriving(account)?;
        let bound = reader_binding(account, reference.to_bytes());
        let share = Share {
            account,
            mailbox: placing.mailbox,
            opened: placing.opened,
            unread: placing.unread,
            sent: placing.sent,
            epoch: epoch.id,
            sealed_summary: epoch.keys.seal_summary(&bound, summary.octets)?,
            wrapped_key: epoch.keys.wrap_content(&bound, key)?,
            ids: conversation::keys(&self.inner.vault, account, summary.ids),
        };
        Ok(Reader { share, epoch })
    }

    /// Tells readers of a parcel that is durable now.
    pub(super) fn parcel_told(&self, parcel: &Parcel, modseqs: &[u64]) {
        for (reader, modseq) in parcel.readers.iter().zip(modseqs) {
            reader.epoch.is_stored();
            self.publish(reader.share.account, EventKind::Mail, *modseq);
        }
    }
}

impl Parcel {
    /// Stores the message once and an entry for each reader; tells their change numbers.
    pub fn store_in_tx(&self, tx: &mut Tx<'_>, kept: u64) -> Result<Vec<u64>, Error> {
        let key = self.reference.to_bytes();
        let readers = u32::try_from(self.readers.len()).expect("recipients are limited");
        let message = Message {
            holders: readers + self.other_holders,
            received: self.received,
            reverse_path: self.reverse_path.clone(),
            trace_octets: self.trace_octets,
        };
        // 50 random bits in a millisecond: never seen, but a second message under one number
        // would overwrite the first, so it is refused and the peer tries again.
        if !tx.insert(&MESSAGES, &key, &message)? {
            return Err(Error::Conflict { code: "reference" });
        }
        tx.content_put(ContentId(key), self.content.clone());
        let facts = Facts {
            reference: key,
            received: self.received,
            filed: self.filed.unwrap_or(self.received),
            size: self.size,
            protection: &self.protection,
        };
        let mut modseqs = Vec::with_capacity(self.readers.len());
        for reader in &self.readers {
            reader.epoch.store_in_tx(tx, reader.share.account)?;
            modseqs.push(append_in_tx(tx, &reader.share, &facts, kept)?);
        }
        Ok(modseqs)
    }
}

/// What every reader's entry says alike.
pub(super) struct Facts<'p> {
    pub reference: ReferenceKey,
    pub received: Timestamp,
    /// When it comes into its mailbox, which is later for what was held back or brought in.
    pub filed: Timestamp,
    pub size: u64,
    pub protection: &'p Protection,
}

/// Puts a share that waited into its mailbox; tells the change's number.
pub(super) fn held_append_in_tx(
    tx: &mut Tx<'_>,
    held: &HeldShare,
    facts: &Facts<'_>,
    kept: u64,
) -> Result<u64, Error> {
    let record = EpochRecord { encapsulation: held.encapsulation.clone(), begun: held.begun };
    tx.insert(&EPOCHS, &(held.share.account, held.share.epoch), &record)?;
    append_in_tx(tx, &held.share, facts, kept)
}

fn append_in_tx(
    tx: &mut Tx<'_>,
    share: &Share,
    facts: &Facts<'_>,
    kept: u64,
) -> Result<u64, Error> {
    let (account, id) = (share.account, share.mailbox);
    let mut mailbox = mailbox::get_in_tx(tx, account, id)?;
    let uid = mailbox.uid_next;
    mailbox.uid_next = uid.checked_add(1).ok_or(Error::OverQuota)?;
    mailbox.total += 1;
    mailbox.unread += u64::from(share.unread);
    mailbox.unopened += u64::from(share.opened.is_none());
    tx.put(&MAILBOXES, &(account, id), &mailbox)?;
    let entry = Entry {
        reference: facts.reference,
        received: facts.received,
        size: facts.size,
        protection: facts.protection.clone(),
        opened: share.opened,
        unread: share.unread,
        starred: false,
        sent: share.sent,
        epoch: share.epoch,
        sealed_summary: share.sealed_summary.clone(),
        wrapped_key: share.wrapped_key.clone(),
        conversation: conversation::join_in_tx(tx, account, facts.reference, &share.ids, kept)?,
        labels: Vec::new(),
        filed: facts.filed,
    };
    tx.put(&ENTRIES, &(account, id, uid), &entry)?;
    tx.put(&PLACES, &(account, facts.reference), &Place { mailbox: id, uid })?;
    search::wait_in_tx(tx, account, facts.reference)?;
    change::record_in_tx(tx, account, Changed::Updated(facts.reference), kept)
}

/// Takes one more hold on a message.
pub(super) fn hold_in_tx(tx: &mut Tx<'_>, reference: ReferenceKey) -> Result<(), Error> {
    let missing = Error::NotFound { what: "message" };
    let mut message = tx.get(&MESSAGES, &reference)?.ok_or(missing)?;
    message.holders += 1;
    Ok(tx.put(&MESSAGES, &reference, &message)?)
}

/// Lets go of one hold on a message; the content goes with the last.
pub(super) fn let_go_in_tx(tx: &mut Tx<'_>, reference: ReferenceKey) -> Result<(), Error> {
    let missing = Error::NotFound { what: "message" };
    let mut message = tx.get(&MESSAGES, &reference)?.ok_or(missing)?;
    message.holders = message.holders.saturating_sub(1);
    if message.holders == 0 {
        tx.delete(&MESSAGES, &reference);
        tx.content_delete(ContentId(reference));
        return Ok(());
    }
    Ok(tx.put(&MESSAGES, &reference, &message)?)
}

/// What a transaction that may run again found out, for its end.
#[derive(Clone, Default)]
pub(super) struct Noted<T>(Arc<Mutex<T>>);

impl<T> Noted<T> {
    pub fn set(&self, value: T) {
        *self.lock() = value;
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
