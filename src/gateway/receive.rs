//! The one door in: who may be written to, and taking a message for them.
//!
//! 1. reference number, trace lines, summary
//! 2. sealed once under a key of its own; that key wrapped for each reader
//! 3. one transaction: content, message, each reader's entry, counters and change
//! 4. durable: readers' browsers are told, and the peer gets its `250`
//!
//! A refusal is a [`Reason`]; an [`Error`] means that we could not decide or store, so the peer
//! tries again.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::mail::address::Address;
use crate::mail::envelope::{Envelope, ForwardPath, ReversePath};
use crate::mail::header::HeaderFacts;
use crate::mail::message;
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::mail::trace;
use crate::store::{ContentId, Piece, Read, Tx};
use crate::vault::{ContentKey, ContentSealer, wipe_stack};

use super::change::{self, Changed};
use super::epoch::Arriving;
use super::tables::{
    AcceptFrom, AccountId, ENTRIES, Entry, MAILBOXES, MESSAGES, META, Message, PLACES, Place,
    Protection, ReferenceKey,
};
use super::{Error, EventKind, Gateway, Pending, mailbox};

/// Where a sender stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Outside,
    Inside,
}

/// The answer to "may this recipient be written to".
#[derive(Clone, Debug)]
pub enum RecipientVerdict {
    Accept(AcceptedRecipient),
    Refuse(Reason),
}

/// A recipient that was checked.
#[derive(Clone, Debug)]
pub struct AcceptedRecipient {
    account: AccountId,
    /// As the peer gave it.
    pub path: ForwardPath,
}

/// Why a recipient is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    UnknownRecipient,
    NotLocal,
    AcceptFrom,
    Disabled,
    NotNow,
}

impl Reason {
    /// The SMTP reply that says so: code, enhanced status (RFC 3463), text.
    pub fn reply(self) -> (u16, EnhancedStatus, &'static str) {
        match self {
            Reason::UnknownRecipient => (550, EnhancedStatus(5, 1, 1), "No such recipient here"),
            Reason::NotLocal => (550, EnhancedStatus(5, 7, 1), "We do not relay to that domain"),
            Reason::AcceptFrom => {
                (550, EnhancedStatus(5, 7, 1), "The recipient takes no mail from outside")
            }
            Reason::Disabled => (550, EnhancedStatus(5, 2, 1), "The recipient takes no mail"),
            Reason::NotNow => (450, EnhancedStatus(4, 2, 1), "Nobody is here yet, try later"),
        }
    }
}

/// A message as the front door took it.
pub struct Inbound {
    pub envelope: Envelope,
    pub recipients: Vec<AcceptedRecipient>,
    pub facts: HeaderFacts,
    /// The octets as sent, after dot-unstuffing.
    pub message: Bytes,
    pub arrival: Arrival,
}

/// The last hop, as the front door saw it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub peer: IpAddr,
    pub helo: String,
    pub tls: Option<TlsFacts>,
    /// RFC 3848 and RFC 6531: `ESMTPS`, `UTF8SMTPS`, …
    pub protocol: &'static str,
    /// Our own name.
    pub host: String,
}

/// How a hop was protected.
#[derive(Clone, Debug)]
pub struct TlsFacts {
    pub version: String,
    pub cipher: String,
}

/// What the peer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub reference: Reference,
    pub stored: Timestamp,
}

/// What the list shows of a message before it is opened; sealed for each reader.
#[derive(Serialize, Deserialize)]
pub(super) struct SealedSummary {
    pub from_name: Option<String>,
    pub from_address: Option<String>,
    pub subject: String,
    pub attachments: u32,
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

impl Gateway {
    /// Whether `to` may be written to by a sender from there.
    pub fn recipient_check(
        &self,
        _from: &ReversePath,
        to: &ForwardPath,
        origin: Origin,
    ) -> Result<RecipientVerdict, Error> {
        let address = match to {
            ForwardPath::Postmaster => return self.postmaster_check(to),
            ForwardPath::Address(address) => address,
        };
        if !self.is_ours(address) {
            return Ok(RecipientVerdict::Refuse(Reason::NotLocal));
        }
        match self.recipient_find(address)? {
            Some(account) => self.recipient_judge(account, to, origin),
            // RFC 5321 §4.5.1: postmaster is always there.
            None if address.local().eq_ignore_ascii_case("postmaster") => self.postmaster_check(to),
            None => Ok(RecipientVerdict::Refuse(Reason::UnknownRecipient)),
        }
    }

    /// Takes a message for recipients that were checked, and tells its reference number once it
    /// is durable. Seals on the calling thread, so larger messages belong on one that may work.
    pub fn receive(&self, inbound: Inbound) -> Pending<Receipt, Error> {
        let prepared = self.prepare(inbound);
        wipe_stack();
        match prepared {
            Ok(arrived) => self.store_arrived(arrived),
            Err(error) => Pending::ready(Err(error)),
        }
    }

    fn recipient_find(&self, address: &Address) -> Result<Option<AccountId>, Error> {
        let normalized = address.normalized();
        if let Some(found) = self.account_at(&normalized)? {
            return Ok(Some(found));
        }
        // user+detail@domain goes to user@domain (RFC 5233) unless somebody has that address.
        let (local, domain) = normalized.rsplit_once('@').unwrap_or((&normalized, ""));
        match local.split_once('+') {
            Some((user, _)) if !user.is_empty() => self.account_at(&format!("{user}@{domain}")),
            _ => Ok(None),
        }
    }

    fn recipient_judge(
        &self,
        id: AccountId,
        to: &ForwardPath,
        origin: Origin,
    ) -> Result<RecipientVerdict, Error> {
        let account = self.account(id)?;
        let taken = match account.accept_from {
            AcceptFrom::Both => true,
            AcceptFrom::Inside => origin == Origin::Inside,
            AcceptFrom::Outside => origin == Origin::Outside,
        };
        Ok(match (account.disabled, taken) {
            (true, _) => RecipientVerdict::Refuse(Reason::Disabled),
            (false, false) => RecipientVerdict::Refuse(Reason::AcceptFrom),
            (false, true) => accept(id, to),
        })
    }

    /// Mail for postmaster goes to the account set for it, else to the first; nothing that an
    /// account may be set to shuts postmaster's door.
    fn postmaster_check(&self, to: &ForwardPath) -> Result<RecipientVerdict, Error> {
        let named = match &self.inner.settings.postmaster {
            Some(name) => self.account_find(name)?,
            None => None,
        };
        let meta = self.inner.store.get(&META, &())?.unwrap_or_default();
        Ok(match named.or(meta.first_account) {
            Some(account) => accept(account, to),
            None => RecipientVerdict::Refuse(Reason::NotNow),
        })
    }

    fn prepare(&self, inbound: Inbound) -> Result<Arrived, Error> {
        let now = self.inner.clock.now();
        let reference = Reference::new(u64::try_from(now.0).unwrap_or_default());
        let trace = trace_lines(&inbound, reference, now);
        let key = ContentKey::generate()?;
        let content = self.seal_content(&key, reference, [&trace, &inbound.message])?;
        let summary = sealed_summary(&inbound)?;
        let mut readers: Vec<Reader> = Vec::with_capacity(inbound.recipients.len());
        for recipient in &inbound.recipients {
            let account = recipient.account;
            // Two addresses of one account are one reader.
            if readers.iter().all(|reader| reader.account != account) {
                readers.push(self.reader(account, reference, &summary, &key)?);
            }
        }
        Ok(Arrived {
            reference,
            received: now,
            reverse_path: reverse_path_text(&inbound.envelope.reverse_path),
            trace_octets: u32::try_from(trace.len()).expect("trace lines are a few hundred octets"),
            size: inbound.message.len() as u64,
            protection: protection(&inbound.arrival),
            content,
            readers,
        })
    }

    fn reader(
        &self,
        account: AccountId,
        reference: Reference,
        summary: &[u8],
        key: &ContentKey,
    ) -> Result<Reader, Error> {
        let epoch = self.epoch_arriving(account)?;
        let bound = reader_binding(account, reference.to_bytes());
        let sealed_summary = epoch.keys.seal_summary(&bound, summary)?;
        let wrapped_key = epoch.keys.wrap_content(&bound, key)?;
        Ok(Reader { account, epoch, sealed_summary, wrapped_key })
    }

    /// Seals octets that stand in parts; what grows beyond a piece is staged at once.
    fn seal_content(
        &self,
        key: &ContentKey,
        reference: Reference,
        parts: [&[u8]; 2],
    ) -> Result<Vec<Piece>, Error> {
        let mut sealer = ContentSealer::new(key, reference.to_bytes());
        let mut pieces = Vec::new();
        let mut sealed = Vec::new();
        for slice in parts.into_iter().flat_map(|part| part.chunks(PIECE_OCTETS)) {
            sealer.push(slice, &mut sealed)?;
            if sealed.len() >= PIECE_OCTETS {
                let piece = Bytes::from(std::mem::take(&mut sealed));
                pieces.push(Piece::Staged(self.inner.store.content_stage(piece)?));
            }
        }
        sealer.finish(&mut sealed)?;
        pieces.push(Piece::Inline(sealed.into()));
        Ok(pieces)
    }

    fn store_arrived(&self, arrived: Arrived) -> Pending<Receipt, Error> {
        let receipt = Receipt { reference: arrived.reference, stored: arrived.received };
        let kept = self.inner.settings.changes_kept;
        let (this, arrived) = (self.clone(), Arc::new(arrived));
        let told = arrived.clone();
        let modseqs = Arc::new(std::sync::Mutex::new(Vec::new()));
        let settled = modseqs.clone();
        self.inner.store.transact_then(
            move |tx| {
                *lock(&modseqs) = store_in_tx(tx, &arrived, kept)?;
                Ok(receipt)
            },
            move |answer| {
                if answer.is_ok() {
                    for (reader, modseq) in told.readers.iter().zip(lock(&settled).iter()) {
                        reader.epoch.is_stored();
                        this.publish(reader.account, EventKind::Mail, *modseq);
                    }
                }
            },
        )
    }
}

/// A message ready to be stored.
struct Arrived {
    reference: Reference,
    received: Timestamp,
    reverse_path: String,
    trace_octets: u32,
    size: u64,
    protection: Protection,
    content: Vec<Piece>,
    readers: Vec<Reader>,
}

/// One reader's share of it.
struct Reader {
    account: AccountId,
    epoch: Arc<Arriving>,
    sealed_summary: Vec<u8>,
    wrapped_key: Vec<u8>,
}

/// Stores the message once and an entry for each reader; tells each reader's change number.
fn store_in_tx(tx: &mut Tx<'_>, arrived: &Arrived, kept: u64) -> Result<Vec<u64>, Error> {
    let key = arrived.reference.to_bytes();
    let message = Message {
        readers: u32::try_from(arrived.readers.len()).expect("recipients are limited"),
        received: arrived.received,
        reverse_path: arrived.reverse_path.clone(),
        trace_octets: arrived.trace_octets,
    };
    // 50 random bits in a millisecond: never seen, but a second message under one number would
    // overwrite the first, so it is refused and the peer tries again.
    if !tx.insert(&MESSAGES, &key, &message)? {
        return Err(Error::Conflict { code: "reference" });
    }
    tx.content_put(ContentId(key), arrived.content.clone());
    let mut modseqs = Vec::with_capacity(arrived.readers.len());
    for reader in &arrived.readers {
        reader.epoch.store_in_tx(tx, reader.account)?;
        append_in_tx(tx, reader, arrived)?;
        let changed = Changed::Updated(key);
        modseqs.push(change::record_in_tx(tx, reader.account, changed, kept)?);
    }
    Ok(modseqs)
}

fn append_in_tx(tx: &mut Tx<'_>, reader: &Reader, arrived: &Arrived) -> Result<(), Error> {
    let (account, id) = (reader.account, mailbox::INBOX);
    let mut inbox = mailbox::get_in_tx(tx, account, id)?;
    let uid = inbox.uid_next;
    inbox.uid_next = uid.checked_add(1).ok_or(Error::OverQuota)?;
    inbox.total += 1;
    inbox.unread += 1;
    inbox.unopened += 1;
    tx.put(&MAILBOXES, &(account, id), &inbox)?;
    let reference = arrived.reference.to_bytes();
    let entry = Entry {
        reference,
        received: arrived.received,
        size: arrived.size,
        protection: arrived.protection.clone(),
        opened: None,
        unread: true,
        starred: false,
        epoch: reader.epoch.id,
        sealed_summary: reader.sealed_summary.clone(),
        wrapped_key: reader.wrapped_key.clone(),
    };
    tx.put(&ENTRIES, &(account, id, uid), &entry)?;
    tx.put(&PLACES, &(account, reference), &Place { mailbox: id, uid })?;
    Ok(())
}

fn accept(account: AccountId, to: &ForwardPath) -> RecipientVerdict {
    RecipientVerdict::Accept(AcceptedRecipient { account, path: to.clone() })
}

fn sealed_summary(inbound: &Inbound) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    let summary = message::summary(&inbound.message, &inbound.facts);
    let (from_name, from_address) = match summary.from {
        Some(from) => (from.name, from.address),
        None => (None, None),
    };
    let sealed = SealedSummary {
        from_name,
        from_address,
        subject: summary.subject,
        attachments: summary.attachments,
    };
    let plain =
        postcard::to_stdvec(&sealed).map_err(|_| Error::Invalid { what: "summary".to_owned() })?;
    Ok(plain.into())
}

fn trace_lines(inbound: &Inbound, reference: Reference, now: Timestamp) -> Vec<u8> {
    let hop = trace::Hop {
        helo: inbound.arrival.helo.clone(),
        peer_ip: inbound.arrival.peer,
        tls: inbound.arrival.tls.as_ref().map(|tls| (tls.version.clone(), tls.cipher.clone())),
        with: inbound.arrival.protocol,
        by: inbound.arrival.host.clone(),
        reference,
        at_rfc5322: now.to_rfc5322(),
    };
    trace::lines(&inbound.envelope.reverse_path, &hop)
}

fn protection(arrival: &Arrival) -> Protection {
    let peer = format!("{} [{}]", arrival.helo, arrival.peer);
    match &arrival.tls {
        Some(tls) => Protection::Tls { version: tls.version.clone(), peer },
        None => Protection::Clear { peer },
    }
}

fn reverse_path_text(path: &ReversePath) -> String {
    match path {
        ReversePath::Null => String::new(),
        ReversePath::Address(address) => address.to_string(),
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
