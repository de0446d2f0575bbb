//! New queue rows, and the mail that the daemon itself generates.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::{Bell, Tx};
use crate::gateway::mailboxes::sealed_message;
use crate::gateway::queue::rows::{binding, put_in_tx, row_id};
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::queue::{QueueRow, TlsNeed};
use crate::gateway::records::submission::HeldMail;
use crate::mail::address::Address;
use crate::mail::envelope::{DsnReturn, ForwardPath, Notify, Recipient, ReversePath};
use crate::mail::reference::Reference;
use crate::terms::{QueueKind, QueueState};
use crate::vault::{self, ContentKey};

/// The data that a new queue row needs.
pub(in crate::gateway) struct NewRow<'r> {
    pub kind: QueueKind,
    /// The reference number that users see.
    pub about: ReferenceKey,
    pub delivery: Option<u32>,
    pub from: ReversePath,
    pub to: &'r Address,
    /// Whether the next hop may send DSNs to the reverse-path (RFC 3461 §4.1).
    pub notify: Notify,
    pub tls: TlsNeed,
    pub size: u64,
    pub eight_bit: bool,
    pub now: Timestamp,
}

impl NewRow<'_> {
    /// The row, due at once, for the content with the number `content`, which `key` opens.
    pub fn row(
        self,
        gateway: &Gateway,
        content: Reference,
        key: &ContentKey,
    ) -> Result<QueueRow, Error> {
        let content = content.to_bytes();
        // RFC 6531 §3.3: SMTPUTF8 is required if an address is not in ASCII.
        let from_needs = match &self.from {
            ReversePath::Null => false,
            ReversePath::Address(from) => !from.is_ascii(),
        };
        Ok(QueueRow {
            message: self.about,
            content,
            kind: self.kind,
            wrapped_key: gateway.inner.vault.queue_wrap(&binding(content), key)?,
            delivery: self.delivery,
            smtputf8: from_needs || self.to.needs_smtputf8(),
            reverse_path: self.from,
            recipient: Recipient {
                path: ForwardPath::Address(self.to.clone()),
                notify: self.notify,
                orcpt: None,
            },
            // RFC 3461 §4.3: a report that quoted a notification would show its password to the sender.
            ret: (self.kind == QueueKind::Notification).then_some(DsnReturn::HeadersOnly),
            envid: None,
            eight_bit: self.eight_bit,
            require_tls: self.tls == TlsNeed::Verified,
            tls: self.tls,
            size: self.size,
            state: QueueState::Waiting,
            due: self.now,
            attempts: 0,
            queued: self.now,
            delay_told: false,
            last: None,
        })
    }

    /// The row together with the generated message that it sends.
    pub fn with_content(
        self,
        gateway: &Gateway,
        reference: Reference,
        octets: &[u8],
    ) -> Result<HeldMail, Error> {
        let key = ContentKey::generate()?;
        let row = self.row(gateway, reference, &key)?;
        Ok(HeldMail { content: vault::seal(&key, reference.to_bytes(), &[octets])?, row })
    }
}

/// Stores a generated message that has no inside reader, and queues it.
pub(in crate::gateway) fn held_mail_in_tx(
    tx: &mut Tx<'_, '_>,
    mail: &HeldMail,
    now: Timestamp,
) -> Result<(), Error> {
    sealed_message::sealed_of(mail, now)?.store_in_tx(tx)?;
    let mut row = mail.row.clone();
    (row.due, row.queued) = (now, now);
    tx.ring(Bell::Queue);
    put_in_tx(tx, row_id(&row), &row)
}
