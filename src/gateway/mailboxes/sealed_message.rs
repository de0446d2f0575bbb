//! A message with its readers' copies: sealed once, its key wrapped for each, stored in one
//! transaction.
//!
//! Everything that ends up in a mailbox comes this way: arriving mail, sent mail, imports, notices.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::epoch::Arriving;
use crate::gateway::mailboxes::summary::{SealedSummary, Summarised, reader_binding};
use crate::gateway::mailboxes::{conversation, indexing, mailbox};
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, MailboxId, ReferenceKey};
use crate::gateway::records::mailbox::{Entry, EpochRecord, Place};
use crate::gateway::records::message::{HeldCopy, Message, Protection, ReaderCopy};
use crate::gateway::records::submission::HeldMail;
use crate::gateway::records::tables::{ENTRIES, EPOCHS, MAILBOXES, MESSAGES, PLACES};
use crate::gateway::roles::acts::arrived_in_tx;
use crate::mail::message::Ids;
use crate::mail::reference::Reference;
use crate::store::{ContentId, Piece, Read, Staging};
use crate::vault::{ContentKey, ContentSealer};

/// Larger contents go to the store in pieces before their transaction, so that one large message
/// neither holds up the writer nor is in memory twice as a whole.
const PIECE_OCTETS: usize = 256 * 1024;

/// A message ready to be stored.
pub(in crate::gateway) struct SealedMessage {
    pub reference: Reference,
    pub received: Timestamp,
    /// When it is put into its mailbox, if not when it was received.
    pub filed: Option<Timestamp>,
    pub reverse_path: String,
    pub trace_octets: u32,
    pub size: u64,
    pub protection: Protection,
    pub content: Vec<Piece>,
    pub readers: Vec<Reader>,
    /// How many others hold a key to it: queue rows, and copies that are held back.
    pub other_holders: u32,
}

/// One reader's copy, and the epoch it is sealed in.
pub(in crate::gateway) struct Reader {
    pub copy: ReaderCopy,
    pub epoch: Arc<Arriving>,
}

impl Reader {
    /// The copy as a record that is held back.
    pub fn held(&self, delivery: u32) -> HeldCopy {
        let (encapsulation, started) = self.epoch.record();
        HeldCopy { copy: self.copy.clone(), delivery, encapsulation, started }
    }
}

/// What the system writes to one account inside.
pub(in crate::gateway) struct SystemMessage<'a> {
    pub reference: Reference,
    pub at: Timestamp,
    pub placement: Placement,
    pub octets: &'a [u8],
    /// Without their length.
    pub summary: SealedSummary,
}

/// The same, with its octets sealed.
pub(in crate::gateway) struct SystemWritten {
    pub reference: Reference,
    pub at: Timestamp,
    pub placement: Placement,
    pub summary: SealedSummary,
    /// How many octets were sealed.
    pub size: u64,
    pub content: Vec<Piece>,
}

/// How a message is put into a reader's mailbox.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Placement {
    pub mailbox: MailboxId,
    pub opened: Option<Timestamp>,
    pub unread: bool,
    pub sent: bool,
}

impl Placement {
    /// Arriving mail, for the reader to open or reject.
    pub const ARRIVES: Placement =
        Placement { mailbox: mailbox::INBOX, opened: None, unread: true, sent: false };

    /// A notice counts as opened: there is nothing to decide about it.
    pub fn notice(now: Timestamp) -> Placement {
        Placement { opened: Some(now), ..Placement::ARRIVES }
    }

    /// A confirmation, read already, in the mailbox for them.
    pub fn confirmation(now: Timestamp) -> Placement {
        Placement { mailbox: mailbox::CONFIRMATIONS, unread: false, ..Placement::notice(now) }
    }
}

/// How many pieces of one content may be on their way to the disk: each further one waits for it.
const STAGED_AT_ONCE_MAX: usize = 4;

/// Seals octets piece by piece; each full piece is staged at once.
pub(in crate::gateway) struct Sealing<'g> {
    gateway: &'g Gateway,
    sealer: ContentSealer,
    pieces: Vec<Piece>,
    /// The pieces after these, which are being written.
    staging: VecDeque<Staging>,
}

impl Sealing<'_> {
    pub fn push(&mut self, mut octets: &[u8]) -> Result<(), Error> {
        while let Some(piece) = self.sealer.push(&mut octets)? {
            if self.staging.len() >= STAGED_AT_ONCE_MAX {
                self.wait_for_one()?;
            }
            let staging = self.gateway.inner.store.content_stage_begin(piece.into());
            self.staging.push_back(staging);
        }
        Ok(())
    }

    fn wait_for_one(&mut self) -> Result<(), Error> {
        if let Some(first) = self.staging.pop_front() {
            self.pieces.push(Piece::Staged(first.wait()?));
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<Vec<Piece>, Error> {
        while !self.staging.is_empty() {
            self.wait_for_one()?;
        }
        self.pieces.push(Piece::Inline(self.sealer.finish()?.into()));
        Ok(self.pieces)
    }
}

impl Gateway {
    /// Begins to seal a content of about `octets` octets.
    pub(in crate::gateway) fn sealing(
        &self,
        key: &ContentKey,
        reference: Reference,
        octets: usize,
    ) -> Sealing<'_> {
        let expected = octets as u64;
        let sealer = ContentSealer::new(key, reference.to_bytes(), PIECE_OCTETS, expected);
        Sealing { gateway: self, sealer, pieces: Vec::new(), staging: VecDeque::new() }
    }

    /// Seals what the system writes to one account; the caller stores it. It belongs to no conversation: it
    /// would get between the messages of people.
    pub(in crate::gateway) fn system_message_sealed(
        &self,
        to: AccountId,
        message: SystemMessage<'_>,
    ) -> Result<SealedMessage, Error> {
        let SystemMessage { reference, at, placement, octets, summary } = message;
        let size = octets.len() as u64;
        let key = ContentKey::generate()?;
        let mut sealing = self.sealing(&key, reference, octets.len());
        sealing.push(octets)?;
        let summary = SealedSummary { octets: Some(size), ..summary };
        let content = sealing.finish()?;
        let written = SystemWritten { reference, at, placement, summary, size, content };
        self.system_message_of(to, &key, written)
    }

    /// The same of a message whose octets are sealed already, under this key.
    pub(in crate::gateway) fn system_message_of(
        &self,
        to: AccountId,
        key: &ContentKey,
        message: SystemWritten,
    ) -> Result<SealedMessage, Error> {
        let SystemWritten { reference, at, placement, summary, size, content } = message;
        let summary = summary.to_octets()?;
        let summary = Summarised { octets: &summary, ids: &Ids::default() };
        let reader = self.reader(to, reference, placement, &summary, key)?;
        Ok(SealedMessage {
            reference,
            received: at,
            filed: None,
            reverse_path: String::new(),
            trace_octets: 0,
            size,
            protection: Protection::Inside,
            content,
            readers: vec![reader],
            other_holders: 0,
        })
    }

    /// Seals a summary and wraps a content's key for one reader.
    pub(in crate::gateway) fn reader(
        &self,
        account: AccountId,
        reference: Reference,
        placement: Placement,
        summary: &Summarised<'_>,
        key: &ContentKey,
    ) -> Result<Reader, Error> {
        let epoch = self.epoch_arriving(account)?;
        let bound = reader_binding(account, reference.to_bytes());
        let copy = ReaderCopy {
            account,
            mailbox: placement.mailbox,
            opened: placement.opened,
            unread: placement.unread,
            sent: placement.sent,
            epoch: epoch.id,
            sealed_summary: epoch.keys.seal_summary(&bound, summary.octets)?,
            wrapped_key: epoch.keys.wrap_content(&bound, key)?,
            ids: conversation::keys(&self.inner.vault, account, summary.ids),
        };
        Ok(Reader { copy, epoch })
    }
}

impl SealedMessage {
    /// Whether each reader can open it.
    pub fn is_opened(&self, reader: &impl Read) -> Result<bool, Error> {
        for one in &self.readers {
            if !one.epoch.is_opened(reader, one.copy.account)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Stores the message once, and an entry for each reader. Fails with `busy` if a reader's account
    /// was started again since it was sealed.
    pub fn store_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(), Error> {
        let key = self.reference.to_bytes();
        let readers =
            u32::try_from(self.readers.len()).expect("the number of recipients is limited");
        let message = Message {
            holders: readers + self.other_holders,
            received: self.received,
            reverse_path: self.reverse_path.clone(),
            trace_octets: self.trace_octets,
        };
        // With 50 random bits per millisecond a collision is very unlikely, but a second message
        // with the same number would overwrite the first, so it is refused and the peer tries
        // again.
        if !tx.insert(&MESSAGES, &key, &message)? {
            return Err(Error::Conflict(Conflict::Reference));
        }
        tx.content_put(ContentId(key), self.content.clone());
        let facts = Facts {
            reference: key,
            received: self.received,
            filed: self.filed.unwrap_or(self.received),
            size: self.size,
            protection: &self.protection,
        };
        for reader in &self.readers {
            reader.epoch.check(tx, reader.copy.account)?;
            reader.epoch.store_in_tx(tx, reader.copy.account)?;
            append_in_tx(tx, &reader.copy, &facts)?;
            if reader.epoch.is_role() {
                arrived_in_tx(tx, reader.copy.account)?;
            }
            if reader.epoch.is_searched {
                indexing::wait_in_tx(tx, reader.copy.account, key)?;
            }
        }
        Ok(())
    }
}

/// What all readers' entries have in common.
pub(in crate::gateway) struct Facts<'p> {
    pub reference: ReferenceKey,
    pub received: Timestamp,
    /// When it is put into its mailbox: later if it was held back or imported.
    pub filed: Timestamp,
    pub size: u64,
    pub protection: &'p Protection,
}

/// Puts a copy that was held back into its mailbox.
pub(in crate::gateway) fn held_append_in_tx(
    tx: &mut Tx<'_, '_>,
    held: &HeldCopy,
    facts: &Facts<'_>,
) -> Result<(), Error> {
    let record = EpochRecord { encapsulation: held.encapsulation.clone(), started: held.started };
    tx.insert(&EPOCHS, &(held.copy.account, held.copy.epoch), &record)?;
    append_in_tx(tx, &held.copy, facts)?;
    arrived_in_tx(tx, held.copy.account)?;
    if indexing::is_searched(tx, held.copy.account)? {
        indexing::wait_in_tx(tx, held.copy.account, facts.reference)?;
    }
    Ok(())
}

fn append_in_tx(tx: &mut Tx<'_, '_>, copy: &ReaderCopy, facts: &Facts<'_>) -> Result<(), Error> {
    let (account, id) = (copy.account, copy.mailbox);
    let mut mailbox = mailbox::filled_in_tx(tx, account, id)?;
    let uid = mailbox.uid_next;
    mailbox.uid_next = uid.checked_add(1).ok_or(Error::OverQuota)?;
    mailbox.total += 1;
    mailbox.unread += u64::from(copy.unread);
    mailbox.unopened += u64::from(copy.opened.is_none());
    tx.put(&MAILBOXES, &(account, id), &mailbox)?;
    let entry = Entry {
        reference: facts.reference,
        received: facts.received,
        size: facts.size,
        protection: facts.protection.clone(),
        opened: copy.opened,
        unread: copy.unread,
        starred: false,
        sent: copy.sent,
        epoch: copy.epoch,
        sealed_summary: copy.sealed_summary.clone(),
        wrapped_key: copy.wrapped_key.clone(),
        conversation: conversation::join_in_tx(tx, account, facts.reference, &copy.ids)?,
        labels: Vec::new(),
        filed: facts.filed,
    };
    tx.put(&ENTRIES, &(account, id, uid), &entry)?;
    tx.put(&PLACES, &(account, facts.reference), &Place { mailbox: id, uid })?;
    quota::charge_in_tx(tx, account, quota::message(facts.size))?;
    tx.changed(account, Changed::Updated(facts.reference))?;
    Ok(())
}

/// The sealed form of a generated message that is held in a record.
pub(in crate::gateway) fn sealed_of(
    mail: &HeldMail,
    now: Timestamp,
) -> Result<SealedMessage, Error> {
    Ok(SealedMessage {
        reference: Reference::from_bytes(mail.row.content)
            .ok_or(Error::NotFound { what: "message" })?,
        received: now,
        filed: None,
        reverse_path: String::new(),
        trace_octets: 0,
        size: mail.row.size,
        protection: Protection::Inside,
        content: vec![Piece::Inline(mail.content.clone().into())],
        readers: Vec::new(),
        other_holders: 1,
    })
}
