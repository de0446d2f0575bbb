//! Notices: messages in which the system informs internal senders about the messages they sent.
//!
//! A notice is a message like any other: it is sealed for its recipient, has a reference number of
//! its own and names that of the message it is about. It is stored in the same transaction as the
//! outcome it reports, so there is exactly one for each recipient and outcome, even after a crash.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage};
use crate::gateway::mailboxes::summary::{NoticeOf, NoticeTopic, SealedSummary, Summarised};
use crate::gateway::queue::attempt::Reason;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::message::Protection;
use crate::gateway::records::queue::QueueRow;
use crate::gateway::records::tables::{PLACES, SUBMISSIONS};
use crate::gateway::text::shown;
use crate::mail::account_text;
use crate::mail::compose::{self, Mailbox, Message};
use crate::mail::dsn::{self, Action, Dsn};
use crate::mail::envelope::Notify;
use crate::mail::message::Ids;
use crate::mail::notice_text::{self, Report};
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::store::Read;
use crate::terms::{AccountChange, DeliveryState, Language, QueueKind};
use crate::vault::ContentKey;

/// The inputs of a notice.
pub(in crate::gateway) struct NoticeDraft<'a> {
    pub kind: DeliveryState,
    pub about: ReferenceKey,
    /// The recipient that the notice is about, as the sender wrote it.
    pub recipient: &'a str,
    pub at: Timestamp,
    pub detail: Option<String>,
    pub topic: Option<NoticeTopic>,
    /// The machine-readable fields of a delivery report (RFC 3464).
    pub report: Option<String>,
}

/// What a notice is about: a message, or the account itself.
enum Told {
    Message(Report),
    Account(AccountChange),
}

impl NoticeDraft<'_> {
    fn reports(&self) -> Told {
        Told::Message(match (self.topic, self.kind) {
            (Some(NoticeTopic::Account(change)), _) => return Told::Account(change),
            (Some(NoticeTopic::Ending), _) => Report::Ending,
            (Some(NoticeTopic::AskedAgain), DeliveryState::Waiting) => Report::AskedPassword,
            (Some(NoticeTopic::AskedAgain), DeliveryState::Accepted) => Report::Forgotten,
            (Some(NoticeTopic::AskedAgain), _) => Report::AskedAgain,
            (Some(NoticeTopic::Filling), _) => Report::Filling,
            (Some(NoticeTopic::AlmostFull), _) => Report::AlmostFull,
            (None, DeliveryState::Read) => Report::Read,
            (None, DeliveryState::Rejected) => Report::Rejected,
            (None, DeliveryState::Expired) => Report::Expired,
            (None, DeliveryState::Refused) => Report::Refused,
            (None, DeliveryState::Failed) => Report::Failed,
            (None, DeliveryState::Waiting) => Report::Delayed,
            (None, DeliveryState::Held | DeliveryState::Accepted | DeliveryState::Delivered) => {
                Report::Accepted
            }
        })
    }

    fn subject(&self, language: Language) -> String {
        let about = shown(self.about).to_string();
        match self.reports() {
            Told::Message(report) => notice_text::subject(language, report, &about),
            Told::Account(change) => account_text::subject(language, change, &about),
        }
    }

    fn text(&self, language: Language) -> String {
        let at = self.at.to_rfc3339();
        let about = shown(self.about).to_string();
        let detail = self.detail.as_deref();
        let (who, reference) = (self.recipient, about.as_str());
        match self.reports() {
            Told::Message(report) => {
                notice_text::text(language, report, (who, &at), detail, reference)
            }
            Told::Account(change) => {
                let told = account_text::Told { who, at: &at, from: detail, reference };
                account_text::text(language, change, told)
            }
        }
    }
}

impl Gateway {
    /// Prepares a notice for an account; the caller stores it.
    pub(in crate::gateway) fn notice_prepare(
        &self,
        to: AccountId,
        draft: &NoticeDraft<'_>,
    ) -> Result<SealedMessage, Error> {
        self.notice_prepare_as(self.reference_new(), to, draft)
    }

    /// The same, with the reference number that the notice gets.
    pub(in crate::gateway) fn notice_prepare_as(
        &self,
        reference: Reference,
        to: AccountId,
        draft: &NoticeDraft<'_>,
    ) -> Result<SealedMessage, Error> {
        let now = self.inner.clock.now();
        let account = self.account(to)?;
        let address = account.view(to).address;
        let site = self.site()?;
        let language = self.language_of(to)?.unwrap_or(Language::English);
        let from = (site.organisation.as_str(), language);
        let octets = self.notice_octets(from, reference, &address, draft, now);
        let summary = SealedSummary {
            from_name: Some(site.organisation.clone()),
            from_address: Some(self.system_address()),
            subject: draft.subject(language),
            notice: Some(NoticeOf {
                kind: draft.kind,
                topic: draft.topic,
                about: draft.about,
                recipient: draft.recipient.to_owned(),
            }),
            ..SealedSummary::default()
        };
        let key = ContentKey::generate()?;
        let mut sealing = self.sealing(&key, reference, octets.len());
        sealing.push(&octets)?;
        let summary = summary.to_octets()?;
        // A notice belongs to no conversation: it would get between the messages of people.
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

    fn notice_octets(
        &self,
        (organisation, language): (&str, Language),
        reference: Reference,
        to: &str,
        draft: &NoticeDraft<'_>,
        now: Timestamp,
    ) -> Vec<u8> {
        let from = self.system_address();
        // A notice about the account itself replies to no message.
        let in_reply_to =
            (draft.about != reference.to_bytes()).then(|| self.message_id_of(draft.about));
        let to = [Mailbox { name: None, address: to.to_owned() }];
        let message = Message {
            from: Mailbox { name: Some(organisation.to_owned()), address: from },
            to: &to,
            cc: &[],
            reply_to: None,
            subject: &draft.subject(language),
            date: now.to_utc(),
            message_id: &self.message_id(reference),
            in_reply_to: in_reply_to.as_deref(),
            references: &[],
            reference: &reference.to_string(),
            text: &draft.text(language),
            html: None,
            // RFC 3834 §5: marks the notice as automatic, so that no auto-responder answers it.
            extra: &[("Auto-Submitted", "auto-generated".to_owned())],
        };
        let boundary = format!("report-{reference}");
        match &draft.report {
            Some(fields) => compose::report(&message, &boundary, dsn::MEDIA_TYPE, fields),
            None => compose::begin(&message, false, ""),
        }
    }

    /// The sender address of generated mail.
    pub(in crate::gateway) fn system_address(&self) -> String {
        format!("postmaster@{}", self.domain())
    }

    /// The first of the local domains.
    pub(in crate::gateway) fn domain(&self) -> &str {
        self.inner.settings.domains.first().map_or("localhost", String::as_str)
    }

    /// A message's Message-ID, without angle brackets; the reference number can be read from it.
    pub(in crate::gateway) fn message_id(&self, reference: Reference) -> String {
        format!("{}@{}", reference.to_string().replace('-', "").to_lowercase(), self.domain())
    }

    pub(in crate::gateway) fn message_id_of(&self, reference: ReferenceKey) -> String {
        Reference::from_bytes(reference).map(|one| self.message_id(one)).unwrap_or_default()
    }

    /// Prepares the delivery report for a row that failed or is delayed, for the inside sender of
    /// the message. There are no reports about reports (RFC 5321 §4.5.5).
    pub(in crate::gateway) fn report_prepare(
        &self,
        row: &QueueRow,
        kind: DeliveryState,
        status: EnhancedStatus,
        reason: &Reason,
        at: Timestamp,
    ) -> Result<Option<SealedMessage>, Error> {
        if row.kind == QueueKind::Report {
            return Ok(None);
        }
        // RFC 3461 §4.1: the sender asked for no reports.
        if row.recipient.notify == Notify::Never {
            return Ok(None);
        }
        let Some(sender) = self.message_sender(row.message)? else { return Ok(None) };
        let delivery = self.row_delivery(row)?;
        let path = row.recipient.path.to_string();
        let recipient = delivery.map_or(path, |delivery| delivery.address);
        let draft = NoticeDraft {
            kind,
            about: row.message,
            recipient: &recipient,
            at,
            detail: Some(format!("{status} {reason}")),
            topic: None,
            report: Some(dsn::fields(&self.dsn(row, kind, status, reason, at))),
        };
        self.notice_prepare(sender, &draft).map(Some)
    }

    fn dsn<'a>(
        &'a self,
        row: &'a QueueRow,
        kind: DeliveryState,
        status: EnhancedStatus,
        reason: &'a Reason,
        at: Timestamp,
    ) -> Dsn<'a> {
        let last_until = row.queued.plus_secs(self.inner.settings.retry.give_up_secs);
        let (action, retry_until) = match kind {
            DeliveryState::Failed => (Action::Failed, None),
            _ => (Action::Delayed, Some(last_until.to_utc())),
        };
        Dsn {
            reporting_mta: &self.inner.settings.host_name,
            envid: row.envid.as_deref(),
            arrival: row.queued.to_utc(),
            recipient: &row.recipient,
            action,
            status,
            remote_mta: reason.host.as_deref(),
            diagnostic: Some(&reason.text),
            last_attempt: at.to_utc(),
            retry_until,
        }
    }

    /// Runs `work`, which returns whether the notice is to be stored, stores both in one
    /// transaction, and records for the message's sender that its status changed. Blocks until the
    /// transaction is durable.
    pub(in crate::gateway) fn notice_transact(
        &self,
        notice: Option<SealedMessage>,
        message: ReferenceKey,
        mut work: impl FnMut(&mut Tx<'_, '_>) -> Result<bool, Error> + Send + 'static,
    ) -> Result<(), Error> {
        let done = self.transact(move |tx| {
            let tell = work(tx)?;
            if let Some(notice) = notice.as_ref().filter(|_| tell) {
                notice.store_in_tx(tx)?;
            }
            changed_in_tx(tx, message)
        });
        done.wait()
    }
}

/// Records for a message's sender that its status changed, if the sender still has a copy.
pub(in crate::gateway) fn changed_in_tx(
    tx: &mut Tx<'_, '_>,
    message: ReferenceKey,
) -> Result<(), Error> {
    let Some(submission) = tx.get(&SUBMISSIONS, &message)? else { return Ok(()) };
    if tx.has(&PLACES, &(submission.sender, message))? {
        tx.changed(submission.sender, Changed::Updated(message))?;
    }
    Ok(())
}
