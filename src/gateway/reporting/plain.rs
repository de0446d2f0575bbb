//! A message of the system that is about no other message, and of which pages know no kind: its subject
//! and its text say everything.

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage, SystemMessage};
use crate::gateway::mailboxes::summary::SealedSummary;
use crate::gateway::records::ids::AccountId;
use crate::mail::compose::{self, Mailbox, Message};
use crate::mail::reference::Reference;

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
            ..SealedSummary::default()
        };
        let placement = Placement::notice(now);
        let message = SystemMessage { reference, at: now, placement, octets: &octets, summary };
        self.system_message_sealed(to, message)
    }
}
