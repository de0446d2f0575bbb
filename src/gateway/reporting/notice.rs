//! Notices: messages in which the system informs internal senders about the messages they sent.
//!
//! A notice is a message like any other: it is sealed for its recipient, has a reference number of
//! its own and names that of the message it is about. It is stored in the same transaction as the
//! outcome it reports, or as the removal of the rows that it reports (`report`), so that each
//! recipient's outcome is reported exactly once, even after a crash.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage, SystemMessage};
use crate::gateway::mailboxes::summary::{NoticeOf, NoticeTopic, SealedSummary};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::tables::{PLACES, SUBMISSIONS};
use crate::gateway::text::shown;
use crate::mail::account_text;
use crate::mail::compose::{self, Mailbox, Message};
use crate::mail::dsn;
use crate::mail::mailboxes::ascii_domain;
use crate::mail::notice_detail::{self, Instead};
use crate::mail::notice_many;
use crate::mail::notice_text::{self, Report};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{AccountChange, Confirmations, DeliveryState, Language, Route, StepNote};

/// The inputs of a notice.
pub(in crate::gateway) struct NoticeDraft<'a> {
    pub kind: DeliveryState,
    pub about: ReferenceKey,
    /// The recipient that the notice is about, as the sender wrote it.
    pub recipient: &'a str,
    pub at: Timestamp,
    pub detail: Option<Detail>,
    pub topic: Option<NoticeTopic>,
    /// More recipients that it is about.
    pub others: &'a [Told],
    /// The machine-readable fields of a delivery report (RFC 3464).
    pub report: Option<String>,
}

/// What a notice adds to its sentence.
pub(in crate::gateway) enum Detail {
    /// As a host said it, or in the language of the reader.
    Words(String),
    Note(StepNote),
    /// When the temporary account expires.
    Expires(Timestamp),
}

/// What a notice is about: a message, or the account itself.
enum Tells {
    Message(Report),
    Account(AccountChange),
}

/// What a notice says about one more recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Told {
    /// As the sender wrote it.
    pub recipient: String,
    pub detail: Option<String>,
}

/// The most recipients that a notice names in words. Those that it leaves out are counted there,
/// and stand in the fields for programs.
const NAMED_MAX: usize = 100;

impl NoticeDraft<'_> {
    fn reports(&self) -> Tells {
        Tells::Message(match (self.topic, self.kind) {
            (Some(NoticeTopic::Account(change)), _) => return Tells::Account(change),
            (Some(NoticeTopic::Ending), _) => Report::Ending,
            (Some(NoticeTopic::AskedAgain), DeliveryState::Waiting) => Report::AskedPassword,
            (Some(NoticeTopic::AskedAgain), DeliveryState::Accepted) => Report::Forgotten,
            (Some(NoticeTopic::AskedAgain), _) => Report::AskedAgain,
            (Some(NoticeTopic::Filling), _) => Report::Filling,
            (Some(NoticeTopic::AlmostFull), _) => Report::AlmostFull,
            (Some(NoticeTopic::Unverified(Route::TemporaryAccount)), _) => {
                Report::Unverified(Instead::Here)
            }
            (Some(NoticeTopic::Unverified(_)), _) => Report::Unverified(Instead::Plain),
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
            Tells::Message(report) => notice_text::subject(language, report, &about),
            Tells::Account(change) => account_text::subject(language, change, &about),
        }
    }

    fn text(&self, language: Language) -> String {
        let about = shown(self.about).to_string();
        let detail = self.detail.as_ref().and_then(|detail| match detail {
            Detail::Words(words) => Some(words.clone()),
            Detail::Note(note) => notice_detail::note(language, *note).map(str::to_owned),
            Detail::Expires(at) => Some(notice_detail::expires(language, &at.to_prose())),
        });
        let detail = detail.as_deref();
        let (at, who, reference) = (self.at.to_prose(), self.recipient, about.as_str());
        match self.reports() {
            Tells::Message(report) if self.others.is_empty() => {
                notice_text::text(language, report, (who, &at), detail, reference)
            }
            Tells::Message(report) => {
                let others = self.others.iter().map(|one| (&*one.recipient, one.detail.as_deref()));
                let lines: Vec<_> = std::iter::once((who, detail)).chain(others).collect();
                notice_many::text(language, report, &lines, NAMED_MAX, reference)
            }
            Tells::Account(change) => {
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
                others: u32::try_from(draft.others.len()).unwrap_or(u32::MAX),
            }),
            ..SealedSummary::default()
        };
        let message = SystemMessage {
            reference,
            at: now,
            placement: self.notice_placement(to, draft, now)?,
            octets: &octets,
            summary,
        };
        self.system_message_sealed(to, message)
    }

    /// Where a notice goes. That a message was read asks for nothing, so it does not lie between
    /// what does, unless its recipient wants it there. That one was rejected asks for something: to
    /// write again, or to somebody else. The page of a temporary account shows the inbox alone.
    fn notice_placement(
        &self,
        to: AccountId,
        draft: &NoticeDraft<'_>,
        now: Timestamp,
    ) -> Result<Placement, Error> {
        let is_confirmation = matches!(draft.reports(), Tells::Message(Report::Read));
        if !is_confirmation || self.temporary(to)?.is_some() {
            return Ok(Placement::notice(now));
        }
        Ok(match self.preferences_of(to)?.confirmations.value {
            Confirmations::Mailbox => Placement::confirmation(now),
            Confirmations::Inbox => Placement::notice(now),
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
            None => compose::begin(&message, compose::Follows::default(), ""),
        }
    }

    /// The sender address of generated mail.
    pub(in crate::gateway) fn system_address(&self) -> String {
        format!("postmaster@{}", self.ascii_domain())
    }

    /// The first of the local domains in A-labels: generated mail must reach hosts that do not offer
    /// SMTPUTF8, and its header is ASCII (RFC 6532 §3).
    pub(in crate::gateway) fn ascii_domain(&self) -> String {
        ascii_domain(self.domain()).unwrap_or_else(|| self.domain().to_owned())
    }

    /// The first of the local domains.
    pub(in crate::gateway) fn domain(&self) -> &str {
        self.inner.settings.domains.first().map_or("localhost", String::as_str)
    }

    /// A message's Message-ID, without angle brackets; the reference number can be read from it.
    pub(in crate::gateway) fn message_id(&self, reference: Reference) -> String {
        format!("{}@{}", reference.to_string().replace('-', "").to_lowercase(), self.ascii_domain())
    }

    pub(in crate::gateway) fn message_id_of(&self, reference: ReferenceKey) -> String {
        Reference::from_bytes(reference).map(|one| self.message_id(one)).unwrap_or_default()
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
            notice_in_tx(tx, notice.as_ref().filter(|_| tell), message)
        });
        done.wait()
    }
}

/// Stores a notice, and records for the message's sender that its status changed. A notice for a
/// temporary account that was started again is left out: what it tells of is gone from there.
pub(in crate::gateway) fn notice_in_tx(
    tx: &mut Tx<'_, '_>,
    notice: Option<&SealedMessage>,
    message: ReferenceKey,
) -> Result<(), Error> {
    if let Some(notice) = notice
        && notice.is_opened(tx)?
    {
        notice.store_in_tx(tx)?;
    }
    changed_in_tx(tx, message)
}

/// Records for a message's sender that its status changed, if the sender still has a copy. What
/// changed it must be stored even if this cannot be: a message that left would be sent again.
pub(in crate::gateway) fn changed_in_tx(
    tx: &mut Tx<'_, '_>,
    message: ReferenceKey,
) -> Result<(), Error> {
    let submission = readable(tx.get(&SUBMISSIONS, &message))?.flatten();
    let Some(submission) = submission else { return Ok(()) };
    if tx.has(&PLACES, &(submission.sender, message))? {
        readable(tx.changed(submission.sender, Changed::Updated(message)))?;
    }
    Ok(())
}
