//! Answers to outside senders: accepted, read, rejected (decisions D2, D4, D5).
//!
//! Whether a sender may be answered at all is judged once, when the letter arrives, on facts
//! gathered at the front door: a forged sender never gets mail from us. What is needed for a
//! later answer is kept only for those who may be answered.

use crate::clock::Timestamp;
use crate::mail::answer::{self, Facts};
use crate::mail::dsn::{self, Action, Dsn};
use crate::mail::envelope::{ForwardPath, Notify, Recipient, ReversePath};
use crate::mail::mdn::{self, Disposition, Mdn};
use crate::mail::message;
use crate::mail::notice::{self, Accepted};
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::store::{Read, Tx};
use crate::vault::{self, ContentKey, Lookup};

use super::queue;
use super::receive::Inbound;
use super::tables::{
    ANSWERED, ANSWERS, AccountId, Answerable, Answered, ConfirmOutside, HeldMail, LastInteraction,
    QueueKind, QueueRow, QueueState, ReferenceKey, TlsNeed, WRITTEN_TO,
};
use super::{Error, Gateway};

/// What is stored with a message whose sender may be answered.
pub(super) struct Answer {
    letter: ReferenceKey,
    at: Timestamp,
    facts: Answerable,
    notices: Vec<Notice>,
}

/// That a recipient's mailbox has the letter.
struct Notice {
    mail: HeldMail,
    /// One a day under this key; a report that was asked for is always sent (RFC 3461 §4.1).
    once: Option<[u8; 16]>,
}

/// A sender is told at most once in that time for each recipient.
const EVERY_SECS: i64 = 24 * 3600;
/// Of a letter to many, so many acceptances are told.
const NOTICES_MAX: usize = 10;

impl Answer {
    pub fn store_in_tx(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        tx.put(&ANSWERS, &self.letter, &self.facts)?;
        for notice in &self.notices {
            if let Some(key) = &notice.once {
                let last = tx.get(&ANSWERED, key)?;
                if last.is_some_and(|last| self.at < last.at.plus_secs(EVERY_SECS)) {
                    continue;
                }
                tx.put(&ANSWERED, key, &Answered { at: self.at })?;
            }
            queue::held_mail_in_tx(tx, &notice.mail, self.at)?;
        }
        Ok(())
    }
}

impl Gateway {
    /// What the sender of a message is told, if anything.
    pub(super) fn answer_prepare(
        &self,
        inbound: &Inbound,
        reference: Reference,
        now: Timestamp,
    ) -> Result<Option<Answer>, Error> {
        let settings = &self.inner.settings;
        let ReversePath::Address(sender) = &inbound.envelope.reverse_path else { return Ok(None) };
        let named: Vec<String> =
            inbound.recipients.iter().map(|one| path_text(&one.path)).collect();
        let judged = answer::may_answer(&Facts {
            reverse_path: Some(&sender.normalized()),
            message: &inbound.message,
            header: &inbound.facts,
            authenticated: inbound.authenticated,
            our_domains: &settings.domains,
            recipients: &named,
        });
        if let Err(why) = judged {
            tracing::debug!(r#ref = %reference, ?why, "the sender is not answered");
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
        let recipients: Vec<(AccountId, Recipient)> =
            inbound.recipients.iter().map(|one| (one.account, wanted(&one.path))).collect();
        let facts = Answerable {
            reverse_path: inbound.envelope.reverse_path.clone(),
            message_id: message::view(header_of(inbound)).message_id,
            recipients,
        };
        let mut notices = Vec::new();
        for (account, recipient) in facts.recipients.iter().take(NOTICES_MAX) {
            let asked = matches!(recipient.notify, Notify::On { success: true, .. });
            // RFC 3461 §4.1: who asked never to be told, is not.
            let told = settings.acceptance_notice && recipient.notify != Notify::Never;
            if asked || told {
                let mail = self.acceptance(inbound, reference, *account, recipient, now)?;
                let key = self.answered_key(&sender.normalized(), &path_text(&recipient.path));
                notices.push(Notice { mail, once: (!asked).then_some(key) });
            }
        }
        Ok(Some(Answer { letter: reference.to_bytes(), at: now, facts, notices }))
    }

    fn answered_key(&self, sender: &str, recipient: &str) -> [u8; 16] {
        self.inner.vault.lookup(Lookup::Answered, format!("{sender}\0{recipient}").as_bytes())
    }

    fn acceptance(
        &self,
        inbound: &Inbound,
        letter: Reference,
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
        let view = message::view(header_of(inbound));
        let asked = matches!(recipient.notify, Notify::On { success: true, .. });
        let report = asked.then(|| {
            dsn::fields(&Dsn {
                reporting_mta: &self.inner.settings.host_name,
                envid: inbound.envelope.envid.as_deref(),
                arrival: now.to_utc(),
                recipient,
                action: Action::Delivered,
                status: EnhancedStatus::OK,
                remote_mta: None,
                diagnostic: None,
                last_attempt: now.to_utc(),
                retry_until: None,
            })
        });
        let octets = notice::accepted(&Accepted {
            organisation: &self.house()?.organisation,
            from: &self.system_address(),
            to: &reverse_text(&inbound.envelope.reverse_path),
            recipient: &path_text(&recipient.path),
            reference: &letter.to_string(),
            at: now.to_utc(),
            last_interaction: shown.as_deref(),
            tls: inbound.arrival.tls.is_some(),
            message_id: &self.message_id(reference),
            in_reply_to: view.message_id.as_deref(),
            report: report.as_deref(),
        });
        self.report(letter.to_bytes(), reference, &inbound.envelope.reverse_path, &octets, now)
    }

    /// A report to an outside sender, from the null reverse-path (RFC 3834 §3.3, RFC 8098 §3).
    fn report(
        &self,
        letter: ReferenceKey,
        reference: Reference,
        to: &ReversePath,
        octets: &[u8],
        now: Timestamp,
    ) -> Result<HeldMail, Error> {
        let ReversePath::Address(to) = to else {
            return Err(Error::Invalid { what: "nobody to report to".to_owned() });
        };
        let content = reference.to_bytes();
        let key = ContentKey::generate()?;
        let row = QueueRow {
            letter,
            content,
            kind: QueueKind::Report,
            wrapped_key: self.inner.vault.queue_wrap(&queue::binding(content), &key)?,
            delivery: None,
            reverse_path: ReversePath::Null,
            smtputf8: to.needs_smtputf8(),
            recipient: Recipient {
                path: ForwardPath::Address(to.clone()),
                notify: Notify::Never,
                orcpt: None,
            },
            ret: None,
            envid: None,
            eight_bit: !octets.is_ascii(),
            require_tls: false,
            tls: TlsNeed::Opportunistic,
            size: octets.len() as u64,
            state: QueueState::Waiting,
            due: now,
            attempts: 0,
            queued: now,
            delay_told: false,
            last: None,
        };
        Ok(HeldMail { content: vault::seal(&key, content, &[octets])?, row })
    }

    /// Whether the reader is asked before the sender learns what became of a letter (D5).
    pub(super) fn confirmation_asked(
        &self,
        account: AccountId,
        letter: ReferenceKey,
    ) -> Result<bool, Error> {
        let Some(facts) = self.inner.store.get(&ANSWERS, &letter)? else { return Ok(false) };
        Ok(match self.preferences_of(account)?.confirm_outside.value {
            ConfirmOutside::Ask => true,
            ConfirmOutside::Known => !self.is_known(account, &facts)?,
            ConfirmOutside::Never | ConfirmOutside::Always => false,
        })
    }

    fn is_known(&self, account: AccountId, facts: &Answerable) -> Result<bool, Error> {
        let key = self.written_key(&reverse_text(&facts.reverse_path));
        Ok(self.inner.store.get(&WRITTEN_TO, &(account, key))?.is_some())
    }

    /// The confirmation to an outside sender, if there is to be one: `said` is what the reader
    /// answered, where the reader is asked.
    pub(super) fn confirmation_prepare(
        &self,
        account: AccountId,
        letter: ReferenceKey,
        disposition: Disposition,
        said: Option<bool>,
        now: Timestamp,
    ) -> Result<Option<HeldMail>, Error> {
        let Some(facts) = self.inner.store.get(&ANSWERS, &letter)? else { return Ok(None) };
        let automatic = match self.preferences_of(account)?.confirm_outside.value {
            ConfirmOutside::Never => return Ok(None),
            ConfirmOutside::Always => true,
            ConfirmOutside::Known => self.is_known(account, &facts)?,
            ConfirmOutside::Ask => false,
        };
        if !automatic && said != Some(true) {
            return Ok(None);
        }
        let Some((_, recipient)) = facts.recipients.iter().find(|one| one.0 == account) else {
            return Ok(None);
        };
        let reference = self.reference_new();
        let shown = Reference::from_bytes(letter).map(|one| one.to_string()).unwrap_or_default();
        let octets = mdn::write(&Mdn {
            from: &self.system_address(),
            to: &reverse_text(&facts.reverse_path),
            recipient: &path_text(&recipient.path),
            // RFC 8098 §3.2.3: decoded.
            original_recipient: recipient
                .orcpt
                .as_ref()
                .map(|orcpt| format!("{};{}", orcpt.addr_type, orcpt.address)),
            original_message_id: facts.message_id.as_deref(),
            disposition,
            automatic,
            reporting_ua: &self.house()?.organisation,
            reference: &shown,
            date: now.to_utc(),
            message_id: &self.message_id(reference),
        });
        self.report(letter, reference, &facts.reverse_path, &octets, now).map(Some)
    }
}

fn header_of(inbound: &Inbound) -> &[u8] {
    &inbound.message[..inbound.facts.body.min(inbound.message.len())]
}

fn path_text(path: &ForwardPath) -> String {
    match path {
        ForwardPath::Postmaster => "postmaster".to_owned(),
        ForwardPath::Address(address) => address.to_string(),
    }
}

fn reverse_text(path: &ReversePath) -> String {
    match path {
        ReversePath::Null => String::new(),
        ReversePath::Address(address) => address.to_string(),
    }
}
