//! The notice that something was said in a room, for who is not there: with the reference number of the
//! line, and nothing of what it says, who said it or where.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage, SystemMessage};
use crate::gateway::mailboxes::summary::SealedSummary;
use crate::gateway::notices::waiting::{Waiting, waiting_in_tx};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::notice::WaitingLine;
use crate::gateway::records::room::{RoomId, RoomMember};
use crate::gateway::records::tables::ROOM_MEMBERS;
use crate::gateway::text::shown;
use crate::mail::chat_text;
use crate::mail::compose::{self, Follows, Mailbox, Message};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::Language;

impl Gateway {
    /// Stores the notice, or lets it wait for its time, and records that in one transaction: there is one until
    /// the member reads. False if the next notice has no room for it.
    pub(super) fn room_notice(
        &self,
        id: RoomId,
        account: AccountId,
        line: ReferenceKey,
    ) -> Result<bool, Error> {
        // An account that is being removed is told nothing.
        if !self.account_exists(account)? {
            return Ok(true);
        }
        let at = self.inner.clock.now();
        let given = match self.notice_may_be_given(account, at, at)? {
            true => Some((self.line_notice(account, line)?, self.notice_mail(account, line)?)),
            false => None,
        };
        let done = self.transact(move |tx| {
            let member = tx.get(&ROOM_MEMBERS, &(id, account))?;
            let Some(member) = member.filter(|member| !member.noticed && !member.here) else {
                return Ok(true);
            };
            let is_given = match &given {
                Some((message, mail)) => {
                    message.store_in_tx(tx)?;
                    mail.iter().try_for_each(|mail| mail.store_in_tx(tx))?;
                    true
                }
                None => {
                    let line = Waiting::Line(WaitingLine { room: id, line });
                    waiting_in_tx(tx, account, (at, line))?
                }
            };
            let member = RoomMember { noticed: is_given, ..member };
            tx.put(&ROOM_MEMBERS, &(id, account), &member)?;
            Ok::<_, Error>(is_given)
        });
        done.wait()
    }

    fn line_notice(&self, account: AccountId, line: ReferenceKey) -> Result<SealedMessage, Error> {
        let language = self.language_of(account)?.unwrap_or(Language::English);
        let subject = chat_text::waits(language, &shown(line));
        let text = chat_text::waits_text(language, &shown(line));
        self.room_message(account, &subject, &text)
    }

    /// Seals what the chat writes to somebody, in the name of the site.
    pub(super) fn room_message(
        &self,
        to: AccountId,
        subject: &str,
        text: &str,
    ) -> Result<SealedMessage, Error> {
        let (reference, at) = (self.reference_new(), self.inner.clock.now());
        let written = Written { reference, at, subject, text };
        let (octets, summary) = self.room_written(to, &written, (Follows::default(), ""))?;
        let placement = Placement::notice(at);
        let message = SystemMessage { reference, at, placement, octets: &octets, summary };
        self.system_message_sealed(to, message)
    }

    /// The header and the text of what the chat writes, and what the list shows of it.
    pub(super) fn room_written(
        &self,
        to: AccountId,
        Written { reference, at, subject, text }: &Written<'_>,
        (follows, boundary): (Follows, &str),
    ) -> Result<(Vec<u8>, SealedSummary), Error> {
        let address = self.account(to)?.view(to).address;
        let (site, from) = (self.site()?, self.system_address());
        let from_name = (!site.organisation.is_empty()).then(|| site.organisation.clone());
        let message = Message {
            from: Mailbox { name: from_name.clone(), address: from.clone() },
            to: &[Mailbox { name: None, address }],
            cc: &[],
            reply_to: None,
            subject,
            date: at.to_utc(),
            message_id: &self.message_id(*reference),
            in_reply_to: None,
            references: &[],
            reference: &reference.to_string(),
            text,
            html: None,
            // RFC 3834 §5: no auto-responder answers it.
            extra: &[("Auto-Submitted", "auto-generated".to_owned())],
        };
        let summary = SealedSummary {
            from_name,
            from_address: Some(from),
            subject: (*subject).to_owned(),
            ..SealedSummary::default()
        };
        Ok((compose::begin(&message, follows, boundary), summary))
    }
}

/// What the chat writes to somebody.
pub(super) struct Written<'w> {
    pub reference: Reference,
    pub at: Timestamp,
    pub subject: &'w str,
    pub text: &'w str,
}
