//! Messages that their owner brings in from a file, one by one.
//!
//! They are sealed as everything else is, count as opened, and are marked as imported: nobody can
//! say how they travelled. Nobody is told of them.

use crate::clock::Timestamp;
use crate::mail::header::{GateLimits, gate};
use crate::mail::message;
use crate::mail::reference::Reference;
use crate::vault::ContentKey;

use super::conversation;
use super::parcel::{Noted, Parcel, Placing, SealedSummary, Summarised};
use super::receive::mail_text;
use super::tables::Protection;
use super::{Actor, Error, Gateway, ItemView};

/// What became of a message that was brought in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub item: ItemView,
    /// It was here already, by the identifier in its header, and was not stored again.
    pub known: bool,
}

impl Gateway {
    /// Stores a message in one of the actor's mailboxes. A message that the account has already
    /// is not stored again, so that an import that broke off can be started once more. One that
    /// is no message is `Invalid`.
    pub fn message_import(
        &self,
        actor: &Actor,
        mailbox: &str,
        octets: &[u8],
    ) -> Result<Imported, Error> {
        let account = actor.account();
        let mailbox = self.mailbox_find(account, mailbox)?;
        let octets = with_crlf(octets);
        let limits = GateLimits::default();
        let facts = gate(&octets, &limits)
            .map_err(|_| Error::Invalid { what: "this is no message: its header".to_owned() })?;
        let summary = message::summary(&octets, &facts);
        if summary.from.is_none() && summary.subject.is_empty() && summary.ids.is_empty() {
            return Err(Error::Invalid { what: "this is no message: it has no header".to_owned() });
        }
        let view = message::dated(&octets);
        let keys = conversation::keys(&self.inner.vault, account, &summary.ids);
        if view.has_id
            && let Some(known) = conversation::letter_of(&self.inner.store, account, &keys)?
        {
            let reference =
                Reference::from_bytes(known).ok_or(Error::NotFound { what: "message" })?;
            return Ok(Imported { item: self.message_item(actor, reference)?, known: true });
        }
        let now = self.inner.clock.now();
        let date = view.date.as_deref().and_then(Timestamp::parse_rfc3339);
        let reference = self.reference_new();
        let from = summary.from.unwrap_or_default();
        let sealed = SealedSummary {
            from_name: from.name,
            from_address: from.address,
            subject: summary.subject,
            attachments: summary.attachments,
            to: summary.to.iter().map(mail_text).collect(),
            ..SealedSummary::default()
        };
        let sealed = sealed.to_octets()?;
        let sealed = Summarised { octets: &sealed, ids: &summary.ids };
        let key = ContentKey::generate()?;
        let mut sealing = self.sealing(&key, reference);
        sealing.push(&octets)?;
        let placing = Placing { mailbox, opened: Some(now), unread: false, sent: false };
        let parcel = Parcel {
            reference,
            // What a file says of its date cannot lie in the future.
            received: date.unwrap_or(now).min(now),
            filed: Some(now),
            reverse_path: String::new(),
            trace_octets: 0,
            size: octets.len() as u64,
            protection: Protection::Imported,
            content: sealing.finish()?,
            readers: vec![self.reader(account, reference, placing, &sealed, &key)?],
            other_holders: 0,
        };
        self.import_store(parcel)?;
        Ok(Imported { item: self.message_item(actor, reference)?, known: false })
    }

    fn import_store(&self, parcel: Parcel) -> Result<(), Error> {
        let kept = self.inner.settings.changes_kept;
        let parcel = std::sync::Arc::new(parcel);
        let noted = Noted::default();
        let (told, settled, this) = (parcel.clone(), noted.clone(), self.clone());
        let done = self.inner.store.transact_then(
            move |tx| {
                noted.set(parcel.store_in_tx(tx, kept)?);
                Ok::<_, Error>(())
            },
            move |done| {
                if done.is_ok() {
                    this.parcel_told(&told, &settled.lock());
                }
            },
        );
        done.wait()
    }
}

/// With CRLF at the end of each line (RFC 5322 §2.3), as files on disk seldom have it.
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
