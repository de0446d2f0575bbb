//! Automatic answers to outside senders: accepted, read, rejected (decisions D2, D4, D5).
//!
//! Whether a sender may get an automatic answer is decided once, when the message arrives, from
//! facts that the SMTP edge gathered: a forged sender never gets mail from us. The data for later
//! answers is stored only for senders who may be answered.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::Tx;
use crate::gateway::incoming::inbound::Inbound;
use crate::gateway::incoming::recipient::{AcceptedRecipient, Reached};
use crate::gateway::queue::generated;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::message::{Answerable, Answered};
use crate::gateway::records::submission::HeldMail;
use crate::gateway::records::tables::{ANSWERED, ANSWERS};
use crate::gateway::text::{path_text, reverse_text};
use crate::mail::auto_response::{self, Facts};
use crate::mail::dsn::{self, Action, Dsn, Status};
use crate::mail::envelope::{ForwardPath, Notify, Recipient, ReversePath};
use crate::mail::notification::{self, Accepted};
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::store::Read;
use crate::terms::LastInteraction;
use crate::vault::Lookup;

/// The data stored with a message whose sender may be answered.
pub(in crate::gateway) struct Answer {
    message: ReferenceKey,
    at: Timestamp,
    facts: Answerable,
    notices: Vec<Notice>,
}

/// The notice that a recipient's mailbox has the message.
struct Notice {
    mail: HeldMail,
    /// Limits notices with this key to one a day; a requested DSN is always sent (RFC 3461 §4.1).
    once: Option<[u8; 16]>,
}

/// A sender gets at most one notice per recipient in this time.
const EVERY_SECS: i64 = 24 * 3600;

/// How many acceptance notices a message with many recipients causes at most.
const NOTICES_MAX: usize = 10;

impl Answer {
    pub fn store_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(), Error> {
        tx.put(&ANSWERS, &self.message, &self.facts)?;
        for notice in &self.notices {
            if let Some(key) = &notice.once {
                let last = tx.get(&ANSWERED, key)?;
                if last.is_some_and(|last| self.at < last.at.plus_secs(EVERY_SECS)) {
                    continue;
                }
                tx.put(&ANSWERED, key, &Answered { at: self.at })?;
            }
            generated::held_mail_in_tx(tx, &notice.mail, self.at)?;
        }
        Ok(())
    }
}

impl Gateway {
    /// Prepares the automatic answer to a message's sender, if any.
    pub(in crate::gateway) fn answer_prepare(
        &self,
        inbound: &Inbound,
        reference: Reference,
        message_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Answer>, Error> {
        let settings = &self.inner.settings;
        let ReversePath::Address(sender) = &inbound.envelope.reverse_path else { return Ok(None) };
        let named: Vec<String> =
            inbound.recipients.iter().map(|one| path_text(&one.path)).collect();
        let judged = auto_response::may_answer(&Facts {
            reverse_path: Some(&sender.normalized()),
            message: &inbound.message,
            header: &inbound.facts,
            authenticated: inbound.authenticated,
            our_domains: &settings.domains,
            recipients: &named,
        });
        if let Err(why) = judged {
            tracing::debug!(r#ref = %reference, ?why, "no notice is sent to the sender");
            return Ok(None);
        }
        let wanted = |path: &ForwardPath| {
            let found = inbound.envelope.recipients.iter().find(|one| one.path == *path);
            found.cloned().unwrap_or(Recipient {
                path: path.clone(),
                notify: Notify::default(),
                orcpt: None,
            })
        };
        // No answer tells who is in a group, so none is sent for what reached people through one.
        let account = |one: &AcceptedRecipient| match one.reached {
            Reached::Account(account) => Some((account, wanted(&one.path))),
            Reached::Group(_) => None,
        };
        let recipients: Vec<(AccountId, Recipient)> =
            inbound.recipients.iter().filter_map(account).collect();
        if recipients.is_empty() {
            return Ok(None);
        }
        let facts = Answerable {
            reverse_path: inbound.envelope.reverse_path.clone(),
            message_id: message_id.map(str::to_owned),
            recipients,
        };
        let mut notices = Vec::new();
        for (account, recipient) in facts.recipients.iter().take(NOTICES_MAX) {
            let asked = matches!(recipient.notify, Notify::On { success: true, .. });
            // RFC 3461 §4.1: with NOTIFY=NEVER the sender gets no report.
            let notice_due = settings.acceptance_notice && recipient.notify != Notify::Never;
            if asked || notice_due {
                let mail =
                    self.acceptance(inbound, reference, message_id, *account, recipient, now)?;
                let key = self.answered_key(&sender.normalized(), &path_text(&recipient.path));
                notices.push(Notice { mail, once: (!asked).then_some(key) });
            }
        }
        Ok(Some(Answer { message: reference.to_bytes(), at: now, facts, notices }))
    }

    fn answered_key(&self, sender: &str, recipient: &str) -> [u8; 16] {
        self.inner.vault.lookup(Lookup::Answered, format!("{sender}\0{recipient}").as_bytes())
    }

    fn acceptance(
        &self,
        inbound: &Inbound,
        message: Reference,
        message_id: Option<&str>,
        account: AccountId,
        recipient: &Recipient,
        now: Timestamp,
    ) -> Result<HeldMail, Error> {
        let last = self.account(account)?.last_interaction;
        let shown = match self.preferences_of(account)?.last_interaction.value {
            LastInteraction::Never => None,
            LastInteraction::Day => last.map(|at| at.to_rfc3339()[..10].to_owned()),
            LastInteraction::Exact => last.map(Timestamp::to_rfc3339),
        };
        let reference = self.reference_new();
        let asked = matches!(recipient.notify, Notify::On { success: true, .. });
        let report = asked.then(|| {
            dsn::fields(&Dsn {
                reporting_mta: &self.inner.settings.host_name,
                envid: inbound.envelope.envid.as_deref(),
                arrival: now.to_utc(),
                recipients: vec![Status {
                    recipient,
                    action: Action::Delivered,
                    status: EnhancedStatus::OK,
                    remote_mta: None,
                    diagnostic: None,
                    last_attempt: now.to_utc(),
                    retry_until: None,
                }],
            })
        });
        let octets = notification::accepted(&Accepted {
            organisation: &self.site()?.organisation,
            from: &self.system_address(),
            to: &reverse_text(&inbound.envelope.reverse_path),
            recipient: &path_text(&recipient.path),
            reference: &message.to_string(),
            at: now.to_utc(),
            last_interaction: shown.as_deref(),
            tls: inbound.arrival.tls.is_some(),
            message_id: &self.message_id(reference),
            in_reply_to: message_id,
            report: report.as_deref(),
        });
        self.report(message.to_bytes(), reference, &inbound.envelope.reverse_path, &octets, now)
    }
}
