//! The messages about meetings: what is asked, changed and cancelled, and what was answered.
//!
//! They are written by the daemon and stored at once, as those about contacts.

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage, SystemMessage};
use crate::gateway::mailboxes::summary::SealedSummary;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::mail::compose::{self, Mailbox, Message};
use crate::mail::contacts::contact::normalized;
use crate::mail::schedule::Fields;
use crate::mail::schedule_text::{self, About, News};
use crate::terms::Language;

/// What somebody is told.
pub(super) struct Told<'t> {
    /// In whose name.
    pub by: AccountId,
    pub known: Known<'t>,
    pub to: AccountId,
    pub meeting: ReferenceKey,
    pub news: News,
    /// `None` if who is told may not know them, or nobody can read them.
    pub fields: Option<&'t Fields>,
    /// The words of who answers.
    pub words: &'t str,
}

/// What who is told knows of the one in whose name a message is.
#[derive(Clone, Copy)]
pub(super) enum Known<'t> {
    /// The account: this person asked for the meeting.
    Account,
    /// The address that was asked, whosever it is.
    At(&'t str),
    /// Nobody can tell at the moment: the address that was asked is sealed where it cannot be read.
    Nothing,
}

/// In whose name a message is.
struct Sender {
    name: Option<String>,
    address: String,
}

impl Gateway {
    /// What who is told may know of the one in whose name it is: the name and the first address, or nothing but
    /// the address that is known already. Who has which others is not for everybody to know.
    fn meeting_sender(&self, told: &Told<'_>) -> Result<Sender, Error> {
        let view = self.account(told.by)?.view(told.by);
        let is_first = |known: &str| normalized(known) == normalized(&view.address);
        let hidden = match told.known {
            Known::Account => None,
            Known::At(known) if is_first(known) && self.reaches_from(told.to, told.by)? => None,
            Known::At(known) => Some(known.to_owned()),
            Known::Nothing => Some(self.system_address()),
        };
        Ok(match hidden {
            Some(address) => Sender { name: None, address },
            None => {
                let name = (!view.display_name.is_empty()).then_some(view.display_name);
                Sender { name, address: view.address }
            }
        })
    }

    pub(super) fn meeting_message(&self, told: &Told<'_>) -> Result<SealedMessage, Error> {
        let (sender, now) = (self.meeting_sender(told)?, self.inner.clock.now());
        let language = self.language_of(told.to)?.unwrap_or(Language::English);
        let reference = self.reference_new();
        let who = match told.known {
            Known::Nothing => None,
            _ => Some(sender.name.as_deref().unwrap_or(&sender.address)),
        };
        let number = reference.to_string();
        let (fields, words) = (told.fields, told.words);
        let about = About { who, fields, words, reference: &number };
        let subject = schedule_text::subject(language, told.news, &about);
        let text = schedule_text::text(language, told.news, &about);
        let address = self.account(told.to)?.view(told.to).address;
        let from_name = sender.name.clone();
        let in_reply_to = self.message_id_of(told.meeting);
        let message = Message {
            from: Mailbox { name: from_name.clone(), address: sender.address.clone() },
            to: &[Mailbox { name: None, address }],
            cc: &[],
            reply_to: None,
            subject: &subject,
            date: now.to_utc(),
            message_id: &self.message_id(reference),
            // No message has this number, and the webmail makes no conversation of it: other programs, which read
            // an export, show all messages about a meeting together by it (RFC 5322 §3.6.4).
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
