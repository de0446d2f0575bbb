//! The messages about meetings: what is asked, changed and cancelled, and what was answered.
//!
//! They are written by the daemon and stored at once, as those about contacts.

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage, SystemMessage};
use crate::gateway::mailboxes::summary::SealedSummary;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::mail::compose::{self, Mailbox, Message};
use crate::mail::schedule::Fields;
use crate::mail::schedule_text::{self, About, News};
use crate::terms::Language;

/// What somebody is told.
pub(super) struct Told<'t> {
    /// In whose name.
    pub by: AccountId,
    pub to: AccountId,
    pub meeting: ReferenceKey,
    pub news: News,
    pub fields: &'t Fields,
    /// The words of who answers.
    pub words: &'t str,
}

impl Gateway {
    pub(super) fn meeting_message(&self, told: &Told<'_>) -> Result<SealedMessage, Error> {
        let (sender, now) = (self.account(told.by)?.view(told.by), self.inner.clock.now());
        let language = self.language_of(told.to)?.unwrap_or(Language::English);
        let reference = self.reference_new();
        let who = match sender.display_name.is_empty() {
            true => sender.address.as_str(),
            false => sender.display_name.as_str(),
        };
        let number = reference.to_string();
        let (fields, words) = (told.fields, told.words);
        let about = About { who, fields, words, reference: &number };
        let subject = schedule_text::subject(language, told.news, &about);
        let text = schedule_text::text(language, told.news, &about);
        let address = self.account(told.to)?.view(told.to).address;
        let from_name = (!sender.display_name.is_empty()).then(|| sender.display_name.clone());
        let in_reply_to = self.message_id_of(told.meeting);
        let message = Message {
            from: Mailbox { name: from_name.clone(), address: sender.address.clone() },
            to: &[Mailbox { name: None, address }],
            cc: &[],
            reply_to: None,
            subject: &subject,
            date: now.to_utc(),
            message_id: &self.message_id(reference),
            // All messages about a meeting are one conversation.
            in_reply_to: Some(&in_reply_to),
            references: &[],
            reference: &number,
            text: &text,
            html: None,
            // RFC 3834 §5: no auto-responder answers it.
            extra: &[("Auto-Submitted", "auto-generated".to_owned())],
        };
        let octets = compose::begin(&message, compose::Follows::default(), "");
        let summary = SealedSummary {
            from_name,
            from_address: Some(sender.address.clone()),
            subject: subject.clone(),
            ..SealedSummary::default()
        };
        let message = SystemMessage {
            reference,
            at: now,
            placement: Placement::notice(now),
            octets: &octets,
            summary,
        };
        self.system_message_sealed(told.to, message)
    }
}
