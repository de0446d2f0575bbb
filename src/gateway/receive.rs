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

use crate::clock::Timestamp;
use crate::mail::address::Address;
use crate::mail::envelope::{Envelope, ForwardPath, ReversePath};
use crate::mail::header::HeaderFacts;
use crate::mail::message;
use crate::mail::reference::Reference;
use crate::mail::reply::Ids;
use crate::mail::status::EnhancedStatus;
use crate::mail::trace;
use crate::store::Read;
use crate::vault::{ContentKey, wipe_stack};

use super::answer::Answer;
use super::parcel::{Noted, Parcel, Placing, Reader, SealedSummary, Summarised};
use super::tables::{AcceptFrom, AccountId, META, Protection};
use super::{Error, Gateway, Pending};

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
    pub(super) account: AccountId,
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
    /// No mail passes the house's walls.
    Intranet,
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
            Reason::Intranet => {
                (550, EnhancedStatus(5, 7, 1), "No mail from outside is taken here")
            }
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
    /// The sender's domain vouches for it (DMARC), or a relay that is trusted handed it over.
    pub authenticated: bool,
    /// What was found about the sender: an Authentication-Results field (RFC 8601), or nothing.
    pub results: String,
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
        if self.house()?.policy.intranet && origin == Origin::Outside {
            return Ok(RecipientVerdict::Refuse(Reason::Intranet));
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

    fn store_arrived(&self, arrived: Arrived) -> Pending<Receipt, Error> {
        let Arrived { parcel, answer } = arrived;
        let receipt = Receipt { reference: parcel.reference, stored: parcel.received };
        let kept = self.inner.settings.changes_kept;
        let (this, parcel) = (self.clone(), Arc::new(parcel));
        let told = parcel.clone();
        let noted = Noted::default();
        let settled = noted.clone();
        self.inner.store.transact_then(
            move |tx| {
                noted.set(parcel.store_in_tx(tx, kept)?);
                if let Some(answer) = &answer {
                    answer.store_in_tx(tx)?;
                }
                Ok(receipt)
            },
            move |settled_answer| {
                if settled_answer.is_ok() {
                    this.parcel_told(&told, &settled.lock());
                    this.inner.queue_wake.notify_one();
                }
            },
        )
    }

    pub(super) fn recipient_find(&self, address: &Address) -> Result<Option<AccountId>, Error> {
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

    pub(super) fn recipient_judge(
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
        let reference = self.reference_new();
        let trace = trace_lines(&inbound, reference, now);
        let key = ContentKey::generate()?;
        let mut sealing = self.sealing(&key, reference);
        sealing.push(&trace)?;
        sealing.push(&inbound.message)?;
        let content = sealing.finish()?;
        let (summary, ids) = sealed_summary(&inbound)?;
        let summary = Summarised { octets: &summary, ids: &ids };
        let mut readers: Vec<Reader> = Vec::with_capacity(inbound.recipients.len());
        for recipient in &inbound.recipients {
            let account = recipient.account;
            // Two addresses of one account are one reader.
            if readers.iter().all(|reader| reader.share.account != account) {
                readers.push(self.reader(account, reference, Placing::ARRIVES, &summary, &key)?);
            }
        }
        let answer = self.answer_prepare(&inbound, reference, now)?;
        let parcel = Parcel {
            reference,
            received: now,
            filed: None,
            reverse_path: reverse_path_text(&inbound.envelope.reverse_path),
            trace_octets: u32::try_from(trace.len()).expect("trace lines are a few hundred octets"),
            size: inbound.message.len() as u64,
            protection: protection(&inbound.arrival),
            content,
            readers,
            other_holders: 0,
        };
        Ok(Arrived { parcel, answer })
    }

    /// A new reference number for this moment.
    pub(super) fn reference_new(&self) -> Reference {
        Reference::new(u64::try_from(self.inner.clock.now().0).unwrap_or_default())
    }
}

/// A message that came in, and what its sender is told when it may be told anything.
struct Arrived {
    parcel: Parcel,
    answer: Option<Answer>,
}

fn accept(account: AccountId, to: &ForwardPath) -> RecipientVerdict {
    RecipientVerdict::Accept(AcceptedRecipient { account, path: to.clone() })
}

fn sealed_summary(inbound: &Inbound) -> Result<(zeroize::Zeroizing<Vec<u8>>, Ids), Error> {
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
        to: summary.to.iter().map(mail_text).collect(),
        ..SealedSummary::default()
    };
    Ok((sealed.to_octets()?, summary.ids))
}

/// A name with its address, as text that is looked through.
pub(super) fn mail_text(one: &message::NameAddr) -> String {
    let (name, address) = (one.name.as_deref(), one.address.as_deref());
    format!("{} {}", name.unwrap_or_default(), address.unwrap_or_default()).trim().to_owned()
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
    let mut lines = trace::lines(&inbound.envelope.reverse_path, &hop);
    lines.extend_from_slice(inbound.results.as_bytes());
    lines
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
