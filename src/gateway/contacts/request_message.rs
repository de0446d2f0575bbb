//! The messages about requests to add a contact: what is asked, and what became of it.
//!
//! They are written by the daemon and stored at once: no filter of the account is asked, and nothing
//! of them is to be opened or rejected first.

use std::collections::HashSet;

use crate::gateway::Gateway;
use crate::gateway::contacts::request::Proposed;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage, SystemMessage};
use crate::gateway::mailboxes::summary::SealedSummary;
use crate::gateway::records::contact::RequestOutcome;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::text::shown;
use crate::mail::compose::{self, Mailbox, Message};
use crate::mail::contact_text::{self, Asked};
use crate::mail::contacts::contact::normalized;
use crate::mail::contacts::{Contact, Name, Postal, Way};
use crate::mail::reference::Reference;
use crate::terms::Language;

impl Gateway {
    /// The message that says what is asked, from the account that asks.
    pub(super) fn contact_request_message(
        &self,
        from: AccountId,
        to: AccountId,
        reference: Reference,
        proposed: &Proposed,
    ) -> Result<SealedMessage, Error> {
        let sender = self.account(from)?.view(from);
        let language = self.language_of(to)?.unwrap_or(Language::English);
        let (name, fields) = (proposed.contact.shown(), fields(&proposed.contact));
        let who = match sender.display_name.is_empty() {
            true => &sender.address,
            false => &sender.display_name,
        };
        let number = reference.to_string();
        let note = proposed.note.as_str();
        let asked = Asked { who, name: &name, note, fields: &fields, reference: &number };
        let words = Words {
            from: (sender.display_name.clone(), sender.address.clone()),
            subject: contact_text::subject(language, who, &name),
            text: contact_text::text(language, &asked),
            in_reply_to: None,
        };
        self.contact_message(to, reference, &words)
    }

    /// The message that tells the sender of a request what became of it.
    pub(super) fn contact_outcome_message(
        &self,
        owner: AccountId,
        to: AccountId,
        about: ReferenceKey,
        (proposed, outcome): (&Proposed, RequestOutcome),
    ) -> Result<SealedMessage, Error> {
        // Of who may not be reached any more, nothing more is said.
        let is_reached = self.reaches_from(to, owner)?;
        let owner = self.account(owner)?.view(owner);
        let language = self.language_of(to)?.unwrap_or(Language::English);
        // Who has the address of a role is not for everybody to know: whom the sender wrote to.
        let is_first = is_reached && normalized(&proposed.to) == normalized(&owner.address);
        let who = match (is_first, owner.display_name.is_empty()) {
            (false, _) => &proposed.to,
            (true, true) => &owner.address,
            (true, false) => &owner.display_name,
        };
        let name = proposed.contact.shown();
        let is_allowed = outcome == RequestOutcome::Allowed;
        let said = match is_allowed {
            true => contact_text::allowed(language, who, &name),
            false => contact_text::refused(language, who, &name),
        };
        let site = self.site()?;
        let words = Words {
            from: (site.organisation.clone(), self.system_address()),
            text: contact_text::outcome(language, &said, &shown(about).to_string()),
            subject: said,
            in_reply_to: Some(self.message_id_of(about)),
        };
        self.contact_message(to, self.reference_new(), &words)
    }

    /// Seals a message for one account inside; nothing of it is to be opened or rejected first.
    fn contact_message(
        &self,
        to: AccountId,
        reference: Reference,
        words: &Words,
    ) -> Result<SealedMessage, Error> {
        let now = self.inner.clock.now();
        let address = self.account(to)?.view(to).address;
        let (name, from) = &words.from;
        let from_name = (!name.is_empty()).then(|| name.clone());
        let message = Message {
            from: Mailbox { name: from_name.clone(), address: from.clone() },
            to: &[Mailbox { name: None, address }],
            cc: &[],
            reply_to: None,
            subject: &words.subject,
            date: now.to_utc(),
            message_id: &self.message_id(reference),
            in_reply_to: words.in_reply_to.as_deref(),
            references: &[],
            reference: &reference.to_string(),
            text: &words.text,
            html: None,
            // RFC 3834 §5: no auto-responder answers it.
            extra: &[("Auto-Submitted", "auto-generated".to_owned())],
        };
        let octets = compose::begin(&message, compose::Follows::default(), "");
        let summary = SealedSummary {
            from_name,
            from_address: Some(from.clone()),
            subject: words.subject.clone(),
            ..SealedSummary::default()
        };
        let message = SystemMessage {
            reference,
            at: now,
            placement: Placement::notice(now),
            octets: &octets,
            summary,
        };
        self.system_message_sealed(to, message)
    }
}

/// What a message says, and in whose name.
struct Words {
    from: (String, String),
    subject: String,
    text: String,
    in_reply_to: Option<String>,
}

/// All that is proposed, one on each line: who allows it should have seen it.
fn fields(contact: &Contact) -> Vec<String> {
    let labelled = |label: &str, value: &str| match label {
        "" => value.to_owned(),
        label => format!("{value} ({label})"),
    };
    let Contact { name, work, .. } = contact;
    let parts = Name { full: String::new(), ..name.clone() }.whole();
    let mut fields = vec![contact.shown(), parts, name.nickname.clone()];
    fields.extend([&work.title, &work.department, &work.company].map(String::clone));
    let ways = [&contact.emails, &contact.phones, &contact.urls].into_iter().flatten();
    fields.extend(ways.map(|Way { label, value }| labelled(label, value)));
    let postal = |postal: &Postal| labelled(&postal.label, &postal.line());
    fields.extend(contact.postal.iter().map(postal));
    let mut said = HashSet::new();
    fields.retain(|field| !field.is_empty() && said.insert(field.clone()));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_proposed_is_shown() {
        let text = str::to_owned;
        let way = |value: &str| Way { label: text("work"), value: text(value) };
        let mut contact = Contact {
            emails: vec![way("a@b.example")],
            phones: vec![way("+1")],
            urls: vec![way("https://c.example")],
            postal: vec![Postal { city: text("Haifa"), ..Postal::default() }],
            ..Contact::default()
        };
        contact.name = Name {
            given: text("Noa"),
            family: text("Peled"),
            full: text("The Boss"),
            nickname: text("Captain"),
            ..Name::default()
        };
        contact.work.department = text("Sales");
        let expected = [
            "The Boss",
            "Noa Peled",
            "Captain",
            "Sales",
            "a@b.example (work)",
            "+1 (work)",
            "https://c.example (work)",
            "Haifa",
        ];
        assert_eq!(fields(&contact), expected);
    }
}
