//! A message of the system that is about no other message, and of which pages know no kind: its subject
//! and its text say everything.

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage};
use crate::gateway::mailboxes::summary::{SealedSummary, Summarised};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::message::Protection;
use crate::mail::compose::{self, Mailbox, Message};
use crate::mail::message::Ids;
use crate::mail::reference::Reference;
use crate::vault::ContentKey;

impl Gateway {
    /// Prepares a message of the system with this subject and text; the caller stores it.
    pub(in crate::gateway) fn plain_notice(
        &self,
        to: AccountId,
        reference: Reference,
        (subject, text): (String, &str),
    ) -> Result<SealedMessage, Error> {
        let now = self.inner.clock.now();
        let site = self.site()?;
        let from =
            Mailbox { name: Some(site.organisation.clone()), address: self.system_address() };
        let address = self.account(to)?.view(to).address;
        let message = Message {
            from,
            to: &[Mailbox { name: None, address }],
            cc: &[],
            reply_to: None,
            subject: &subject,
            date: now.to_utc(),
            message_id: &self.message_id(reference),
            in_reply_to: None,
            references: &[],
            reference: &reference.to_string(),
            text,
            html: None,
            // RFC 3834 §5: no auto-responder answers it.
            extra: &[("Auto-Submitted", "auto-generated".to_owned())],
        };
        let octets = compose::begin(&message, compose::Follows::default(), "");
        let summary = SealedSummary {
            from_name: Some(site.organisation.clone()),
            from_address: Some(self.system_address()),
            subject,
            octets: Some(octets.len() as u64),
            ..SealedSummary::default()
        };
        let key = ContentKey::generate()?;
        let mut sealing = self.sealing(&key, reference, octets.len());
        sealing.push(&octets)?;
        let summary = summary.to_octets()?;
        let summary = Summarised { octets: &summary, ids: &Ids::default() };
        let reader = self.reader(to, reference, Placement::notice(now), &summary, &key)?;
        Ok(SealedMessage {
            reference,
            received: now,
            filed: None,
            reverse_path: String::new(),
            trace_octets: 0,
            size: octets.len() as u64,
            protection: Protection::Inside,
            content: sealing.finish()?,
            readers: vec![reader],
            other_holders: 0,
        })
    }
}
