//! Receives a message from outside and stores it for its recipients.
//!
//! 1. reference number, trace fields, summary
//! 2. the content is sealed once under a key of its own; that key is wrapped for each reader
//! 3. one transaction: content, message, each reader's entry, counters and change
//! 4. durable: readers' browsers get a hint, and the peer gets its `250`
//!
//! A refusal is a [`Reason`]; an [`Error`] means that the message could not be checked or stored,
//! so that the peer tries again.
//!
//! [`Reason`]: crate::gateway::Reason

use std::collections::HashSet;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::groups::admission::Asker;
use crate::gateway::groups::facts::To;
use crate::gateway::incoming::acceptance::Answer;
use crate::gateway::incoming::inbound::{Arrival, Inbound};
use crate::gateway::incoming::recipient::{Origin, Reached};
use crate::gateway::mailboxes::sealed_message::{Placement, Reader, SealedMessage};
use crate::gateway::mailboxes::summary::{SealedSummary, Summarised};
use crate::gateway::quota;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::message::Protection;
use crate::gateway::text::{mail_text, reverse_path_text};
use crate::mail::message::Ids;
use crate::mail::reference::Reference;
use crate::mail::warnings::Warning;
use crate::mail::{message, results, trace};
use crate::store::Pending;
use crate::vault::{ContentKey, wipe_stack};

/// What the peer is told about an accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub reference: Reference,
    pub stored: Timestamp,
}

impl Gateway {
    /// Receives a message for recipients that were checked, and returns its reference number once
    /// it is durable. It seals on the calling thread, so call it for large messages on a worker
    /// thread.
    pub fn receive(&self, inbound: Inbound) -> Pending<Receipt, Error> {
        let prepared = self.prepare(inbound);
        wipe_stack();
        match prepared {
            Ok(arrived) => self.store_arrived(arrived),
            Err(error) => Pending::ready(Err(error)),
        }
    }

    fn store_arrived(&self, arrived: Arrived) -> Pending<Receipt, Error> {
        let Arrived { sealed, answer } = arrived;
        let receipt = Receipt { reference: sealed.reference, stored: sealed.received };
        self.transact(move |tx| {
            let readers = sealed.readers.iter().map(|reader| reader.copy.account);
            quota::admit_in_tx(tx, readers, sealed.size)?;
            sealed.store_in_tx(tx)?;
            if let Some(answer) = &answer {
                answer.store_in_tx(tx)?;
            }
            Ok(receipt)
        })
    }

    fn prepare(&self, inbound: Inbound) -> Result<Arrived, Error> {
        let now = self.inner.clock.now();
        let reference = self.reference_new();
        let trace = trace_lines(&inbound, reference, now);
        let key = ContentKey::generate()?;
        let host = &inbound.arrival.host;
        let kept = results::without_forged(&inbound.message, &inbound.facts, host);
        let size: usize = kept.iter().map(|slice| slice.len()).sum();
        let mut sealing = self.sealing(&key, reference, trace.len() + size);
        sealing.push(&trace)?;
        kept.iter().try_for_each(|slice| sealing.push(slice))?;
        let content = sealing.finish()?;
        let said = message::summary(&inbound.message, &inbound.facts);
        let reply_to = message::addresses_in(&inbound.message, &inbound.facts, "Reply-To");
        let warnings = self.warnings(&said.authors, &reply_to)?;
        let (summary, ids) = sealed_summary(said, warnings, &inbound)?;
        let summary = Summarised { octets: &summary, ids: &ids };
        let accounts = self.readers_of(&inbound, size as u64)?;
        let mut readers: Vec<Reader> = Vec::with_capacity(accounts.len());
        for account in accounts {
            readers.push(self.reader(account, reference, Placement::ARRIVES, &summary, &key)?);
        }
        let answer = self.answer_prepare(&inbound, reference, ids.own.as_deref(), now)?;
        let sealed = SealedMessage {
            reference,
            received: now,
            filed: None,
            reverse_path: reverse_path_text(&inbound.envelope.reverse_path),
            trace_octets: u32::try_from(trace.len())
                .expect("the trace fields have a few hundred octets"),
            size: size as u64,
            protection: protection(&inbound.arrival),
            content,
            readers,
            other_holders: 0,
        };
        Ok(Arrived { sealed, answer })
    }
}

impl Gateway {
    /// The accounts that a message reaches, each once: two addresses of one account are one reader, and
    /// so is a member of a group who is named besides.
    fn readers_of(&self, inbound: &Inbound, octets: u64) -> Result<Vec<AccountId>, Error> {
        let (mut found, mut seen, mut groups) = (Vec::new(), HashSet::new(), HashSet::new());
        for recipient in &inbound.recipients {
            let accounts = match recipient.reached {
                Reached::Account(account) => vec![account],
                // However often its address was given.
                Reached::Group(group) if !groups.insert(group) => continue,
                Reached::Group(group) => {
                    let to = To { group, origin: Origin::Outside, octets };
                    self.group_readers(&Asker::default(), to)?
                }
            };
            found.extend(accounts.into_iter().filter(|account| seen.insert(*account)));
        }
        match found.len() {
            // All mailboxes of its groups filled up since the recipients were checked.
            0 => Err(Error::MailboxFull),
            count if count > READERS_MAX => Err(Error::TooLarge),
            _ => Ok(found),
        }
    }
}

/// The most accounts that one message reaches, through all groups that it is sent to.
pub(in crate::gateway) const READERS_MAX: usize = 2_000;

/// A received message, and the automatic answer to its sender, if any.
struct Arrived {
    sealed: SealedMessage,
    answer: Option<Answer>,
}

fn sealed_summary(
    summary: message::Summary,
    warnings: Vec<Warning>,
    inbound: &Inbound,
) -> Result<(zeroize::Zeroizing<Vec<u8>>, Ids), Error> {
    let from = summary.authors.into_iter().next().unwrap_or_default();
    let sealed = SealedSummary {
        from_name: from.name,
        from_address: from.address,
        subject: summary.subject,
        attachments: summary.attachments,
        to: summary.to.iter().map(mail_text).collect(),
        sender: inbound.sender,
        warnings,
        octets: Some(summary.octets),
        ..SealedSummary::default()
    };
    Ok((sealed.to_octets()?, summary.ids))
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
