//! Messages that their owner imports from a file, one by one.
//!
//! They are sealed like all others, count as opened, and are marked as imported, because nothing is
//! known about how they travelled. Nobody is notified about them.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::conversation;
use crate::gateway::mailboxes::flags::Change;
use crate::gateway::mailboxes::item::ItemView;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage};
use crate::gateway::mailboxes::summary::{SealedSummary, Summarised};
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, MailboxId, ReferenceKey};
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::message::Protection;
use crate::gateway::text::mail_text;
use crate::mail::header::{HeaderLimits, gate};
use crate::mail::message::{self, Summary};
use crate::mail::reference::Reference;
use crate::mail::warnings::Warning;
use crate::vault::ContentKey;

/// How often the duplicate check is repeated if messages arrive concurrently.
const TRIES_MAX: usize = 5;

/// How many more header octets a copy may have that travelled another way.
const HEADER_MORE_MAX: u64 = 256 * 1024;

const NOT_FOUND: Error = Error::NotFound { what: "message" };

/// The result of importing a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub item: ItemView,
    /// The account already had a message with the same identifier, sender, subject and text, so
    /// this one was not stored again.
    pub known: bool,
}

/// Whether an imported message is shown as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    Read,
    Unread,
}

impl Gateway {
    /// Stores a message in one of the actor's mailboxes. A message that the account already has is
    /// not stored again, so that an interrupted import can be repeated. Octets that are not a
    /// message are `Invalid`. `received` says when it was received, for a message whose own fields
    /// do not say it.
    pub fn message_import(
        &self,
        actor: &Actor,
        mailbox: &str,
        octets: &[u8],
        received: Option<Timestamp>,
    ) -> Result<Imported, Error> {
        let account = actor.account();
        let target = self.mailbox_find(account, mailbox)?;
        let octets = with_crlf(octets);
        let (summary, warnings) = self.import_read(&octets)?;
        let own = conversation::keys(&self.inner.vault, account, &summary.ids).own;
        for _ in 0..TRIES_MAX {
            let seen = match own {
                Some(own) => conversation::own_messages(&self.inner.store, account, own)?,
                None => Vec::new(),
            };
            if let Some(imported) = self.import_known(actor, mailbox, &octets, &summary, &seen)? {
                return Ok(imported);
            }
            let into = (account, target, Flag::Read);
            let sealed = self.import_sealed(into, &octets, (&summary, &warnings), received)?;
            let reference = sealed.reference;
            if self.import_store(sealed, own, seen)? {
                return Ok(Imported { item: self.message_item(actor, reference)?, known: false });
            }
            // Another message with this identifier arrived meanwhile; it may be the same one.
        }
        Err(Error::Busy)
    }

    /// Stores a message for the user with this login name or address, sealed for that account alone, as
    /// mail that arrives is. A message with the same identifier and size that was imported before is not
    /// stored again; one without an identifier is always new, and what the account got in another way is
    /// not compared, since that would have to be opened. Returns whether the message was stored.
    pub fn message_import_for(
        &self,
        name: &str,
        (mailbox, flag): (&str, Flag),
        octets: &[u8],
    ) -> Result<bool, Error> {
        let account = self.account_named(name)?;
        if self.temporary(account)?.is_some() {
            return Err(Error::Denied { reason: "nothing is imported into temporary accounts" });
        }
        let target = self.mailbox_find(account, mailbox)?;
        let octets = with_crlf(octets);
        let (summary, warnings) = self.import_read(&octets)?;
        let own = conversation::keys(&self.inner.vault, account, &summary.ids).own;
        for _ in 0..TRIES_MAX {
            let seen = match own {
                Some(own) => conversation::own_messages(&self.inner.store, account, own)?,
                None => Vec::new(),
            };
            for message in &seen {
                if self.is_imported(account, *message, octets.len() as u64)? {
                    return Ok(false);
                }
            }
            let into = (account, target, flag);
            let sealed = self.import_sealed(into, &octets, (&summary, &warnings), None)?;
            if self.import_store(sealed, own, seen)? {
                return Ok(true);
            }
            // Another message with this identifier arrived meanwhile; it may be the same one.
        }
        Err(Error::Busy)
    }

    /// Whether a message was imported, and has this size.
    fn is_imported(
        &self,
        account: AccountId,
        message: ReferenceKey,
        octets: u64,
    ) -> Result<bool, Error> {
        let reference = Reference::from_bytes(message).ok_or(NOT_FOUND)?;
        match self.entry(account, reference) {
            Err(Error::NotFound { .. }) => Ok(false),
            found => {
                let (_, entry) = found?;
                Ok(entry.protection == Protection::Imported && entry.size == octets)
            }
        }
    }

    /// Reads what the list shows of a message. Octets that are none are `Invalid`.
    fn import_read(&self, octets: &[u8]) -> Result<(Summary, Vec<Warning>), Error> {
        let limits = HeaderLimits::default();
        let facts = gate(octets, &limits).map_err(|_| Error::Invalid {
            what: "this is not a message: its header is not valid".to_owned(),
        })?;
        let summary = message::summary(octets, &facts);
        let reply_to = message::addresses_in(octets, &facts, "Reply-To");
        let warnings = self.warnings(&summary.authors, &reply_to)?;
        if summary.authors.is_empty() && summary.subject.is_empty() && summary.ids.is_empty() {
            return Err(Error::Invalid {
                what: "this is not a message: it has no header".to_owned(),
            });
        }
        Ok((summary, warnings))
    }

    /// Finds the same message among `messages`. If it is in junk or trash, it is moved to
    /// `mailbox`: a user who imports a message wants to have it.
    fn import_known(
        &self,
        actor: &Actor,
        mailbox: &str,
        octets: &[u8],
        summary: &Summary,
        messages: &[ReferenceKey],
    ) -> Result<Option<Imported>, Error> {
        for message in messages {
            let reference = Reference::from_bytes(*message).ok_or(NOT_FOUND)?;
            let (place, entry) = match self.entry(actor.account(), reference) {
                Err(Error::NotFound { .. }) => continue,
                found => found?,
            };
            // An unopened message is not compared, because the comparison would have to open it.
            if entry.opened.is_none() || entry.size > octets.len() as u64 + HEADER_MORE_MAX {
                continue;
            }
            let (item, content) = self.message_raw(actor, reference)?;
            // Another sender may have used the same identifier and text.
            let from = summary.authors.first().and_then(|from| from.address.as_ref());
            let is_its = item.subject == summary.subject && item.from_address.as_ref() == from;
            if !is_its || !is_same(octets, &content.whole()?) {
                continue;
            }
            if !self.is_away(actor.account(), place.mailbox)? {
                return Ok(Some(Imported { item, known: true }));
            }
            let back = Change { mailbox: Some(mailbox.to_owned()), ..Change::default() };
            let item = self.message_change(actor, reference, &back)?;
            return Ok(Some(Imported { item, known: false }));
        }
        Ok(None)
    }

    fn import_sealed(
        &self,
        (account, mailbox, flag): (AccountId, MailboxId, Flag),
        octets: &[u8],
        (summary, warnings): (&Summary, &[Warning]),
        received: Option<Timestamp>,
    ) -> Result<SealedMessage, Error> {
        let now = self.inner.clock.now();
        let date = message::date(octets).as_deref().and_then(Timestamp::parse_rfc3339).or(received);
        let reference = self.reference_new();
        let from = summary.authors.first().cloned().unwrap_or_default();
        let sealed = SealedSummary {
            from_name: from.name,
            from_address: from.address,
            subject: summary.subject.clone(),
            attachments: summary.attachments,
            to: summary.to.iter().map(mail_text).collect(),
            warnings: warnings.to_vec(),
            octets: Some(summary.octets),
            ..SealedSummary::default()
        };
        let sealed = sealed.to_octets()?;
        let sealed = Summarised { octets: &sealed, ids: &summary.ids };
        let key = ContentKey::generate()?;
        let mut sealing = self.sealing(&key, reference, octets.len());
        sealing.push(octets)?;
        let unread = flag == Flag::Unread;
        let placement = Placement { mailbox, opened: Some(now), unread, sent: false };
        Ok(SealedMessage {
            reference,
            // A date in the file that lies in the future cannot be true.
            received: date.unwrap_or(now).min(now),
            filed: Some(now),
            reverse_path: String::new(),
            trace_octets: 0,
            size: octets.len() as u64,
            protection: Protection::Imported,
            content: sealing.finish()?,
            readers: vec![self.reader(account, reference, placement, &sealed, &key)?],
            other_holders: 0,
        })
    }

    /// Stores it, unless messages with its identifier other than `seen` exist by now.
    fn import_store(
        &self,
        sealed: SealedMessage,
        own: Option<[u8; 16]>,
        seen: Vec<ReferenceKey>,
    ) -> Result<bool, Error> {
        let done = self.transact(move |tx| {
            for reader in &sealed.readers {
                let account = reader.copy.account;
                let now = own.map(|own| conversation::own_messages(tx, account, own));
                if now.transpose()?.is_some_and(|now| now != seen) {
                    return Ok(false);
                }
                let added = quota::message(sealed.size);
                quota::check_in_tx(tx, account, Usage::default(), added)?;
            }
            sealed.store_in_tx(tx)?;
            Ok(true)
        });
        done.wait()
    }
}

/// Whether two messages with the same identifier are the same: their bodies are equal. Their
/// headers may differ in fields that were added on the way.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    fn body(octets: &[u8]) -> &[u8] {
        let begins = memchr::memmem::find(octets, b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
        // An mbox file may have removed or added empty lines at the end.
        octets.get(begins..).unwrap_or_default().trim_ascii_end()
    }
    body(one) == body(other)
}

/// Converts line ends to CRLF (RFC 5322 §2.3), which files on disk seldom have.
fn with_crlf(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    let mut before = 0;
    for octet in octets {
        if *octet == b'\n' && before != b'\r' {
            out.push(b'\r');
        } else if before == b'\r' && *octet != b'\n' {
            out.push(b'\n');
        }
        out.push(*octet);
        before = *octet;
    }
    if before == b'\r' {
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_as_the_standard_has_it() {
        let table: [(&[u8], &[u8]); 5] = [
            (b"a\nb\n", b"a\r\nb\r\n"),
            (b"a\r\nb", b"a\r\nb"),
            (b"a\rb\r", b"a\r\nb\r\n"),
            (b"\n\n", b"\r\n\r\n"),
            (b"", b""),
        ];
        for (given, wanted) in table {
            assert_eq!(with_crlf(given), wanted);
        }
    }
}
