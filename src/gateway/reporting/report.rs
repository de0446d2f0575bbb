//! Delivery reports: what senders inside are told about recipients whose mail failed, is late, or took
//! another route because the way had no verified TLS.
//!
//! Such an attempt leaves a row in `UNREPORTED`, in its own transaction. One report names all
//! recipients of a message that have rows of one kind (RFC 3464 §2.3), and is stored in the
//! transaction that removes them: nothing is told twice, or lost, wherever the daemon is killed.
//!
//! | row | reported |
//! | --- | --- |
//! | of a message to one recipient | at once |
//! | of a message to several | when none of the others is being tried, and `report_wait_secs` after the first row at the latest |

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::{Bell, Tx};
use crate::gateway::mailboxes::sealed_message::SealedMessage;
use crate::gateway::mailboxes::summary::NoticeTopic;
use crate::gateway::queue::attempt::Reason;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::{QueueRow, Unreported, row_id};
use crate::gateway::records::tables::{QUEUE, SUBMISSIONS, UNREPORTED};
use crate::gateway::reporting::notice::{Detail, NoticeDraft, Told};
use crate::gateway::text::shown;
use crate::mail::dsn::{self, Action, Dsn, Status};
use crate::mail::envelope::Notify;
use crate::mail::status::EnhancedStatus;
use crate::store::{Order, Read, Span};
use crate::terms::{DeliveryState, QueueKind, QueueState, Route};

/// The most recipients that one report names; the others get another one.
const RECIPIENTS_MAX: usize = 1_000;
/// The most characters of a host's reply that a report repeats.
const REPLY_CHARS_MAX: usize = 400;
/// A recipient that is tried again this soon is being tried.
const SOON_SECS: i64 = 10;
/// The most messages that are read at once; a pass looks at all of them, one part after another, so
/// that those which cannot be reported do not stand before the others.
const MESSAGES_MAX: usize = 1_000;

/// What happened to a recipient, and what was said about it.
pub(in crate::gateway) struct Happened<'a> {
    pub kind: DeliveryState,
    pub status: EnhancedStatus,
    pub reason: &'a Reason,
    pub at: Timestamp,
}

/// A message with rows that are to be reported.
struct Waiting {
    message: ReferenceKey,
    since: Timestamp,
}

impl Gateway {
    /// The row that reports what happened to a recipient, if the message was sent from inside.
    /// There are no reports about reports (RFC 5321 §4.5.5).
    pub(in crate::gateway) fn unreported(
        &self,
        row: &QueueRow,
        happened: &Happened<'_>,
    ) -> Result<Option<Unreported>, Error> {
        // RFC 3461 §4.1: with NOTIFY=NEVER the sender asked for no reports.
        if row.kind == QueueKind::Report || row.recipient.notify == Notify::Never {
            return Ok(None);
        }
        // A submission that cannot be read is there: its report waits until it can be.
        if readable(self.message_sender(row.message))?.is_some_and(|sender| sender.is_none()) {
            return Ok(None);
        }
        let delivery = self.row_delivery(row)?;
        let path = row.recipient.path.to_string();
        Ok(Some(Unreported {
            kind: happened.kind,
            recipient: row.recipient.clone(),
            address: delivery.map_or(path, |delivery| delivery.address),
            status: happened.status,
            host: happened.reason.host.clone(),
            text: happened.reason.text.chars().take(REPLY_CHARS_MAX).collect(),
            at: happened.at,
            queued: row.queued,
            envid: row.envid.clone(),
        }))
    }

    /// Notified when there is something to report.
    pub fn report_wake(&self) -> Arc<tokio::sync::Notify> {
        self.inner.report_wake.clone()
    }

    /// Reports what happened to the only recipient of a message. What fails here is done by the job,
    /// which the transaction has woken.
    pub(in crate::gateway) fn report_at_once(&self, message: ReferenceKey) {
        let done = self.recipients_of(message).and_then(|recipients| match recipients {
            0 | 1 => self.message_report(message),
            _ => Ok(()),
        });
        if let Err(error) = done {
            tracing::warn!(%error, r#ref = %shown(message), "a report was postponed");
        }
    }

    /// Writes the reports that wait for nothing any more; returns whether others wait. Called by a
    /// job, which [`Gateway::report_wake`] wakes.
    pub fn reports_write(&self) -> Result<bool, Error> {
        let now = self.inner.clock.now();
        let (mut is_left, mut failed, mut after) = (false, 0_u32, None);
        loop {
            let found = self.reports_waiting(after)?;
            for waiting in &found {
                // A message whose report cannot be written must not block the others, and is not
                // tried again at once.
                match self.report_due(waiting, now) {
                    Ok(written) => is_left |= !written,
                    Err(error) => {
                        if failed == 0 {
                            let about = shown(waiting.message);
                            tracing::error!(%error, r#ref = %about, "a report could not be written");
                        }
                        failed += 1;
                    }
                }
            }
            match found.last() {
                Some(last) if found.len() == MESSAGES_MAX => after = Some(last.message),
                _ => break,
            }
        }
        if failed > 1 {
            tracing::error!(failed, "reports about several messages could not be written");
        }
        Ok(is_left)
    }

    /// Writes the reports about a message, or returns false if they wait for other recipients.
    fn report_due(&self, waiting: &Waiting, now: Timestamp) -> Result<bool, Error> {
        let last = waiting.since.plus_secs(self.inner.settings.report_wait_secs);
        if now < last && self.is_being_tried(waiting.message, now)? {
            return Ok(false);
        }
        self.message_report(waiting.message)?;
        Ok(true)
    }

    /// The next messages that have rows, after the one with the number `after`.
    fn reports_waiting(&self, after: Option<ReferenceKey>) -> Result<Vec<Waiting>, Error> {
        let mut span = Span::prefix(&UNREPORTED.raw(&()), Order::Ascending);
        if let Some(message) = after {
            span = span.after(&UNREPORTED.raw(&(message, u32::MAX)));
        }
        let mut found: Vec<Waiting> = Vec::new();
        self.inner.store.scan_span_readable(&UNREPORTED, &span, |(message, _), row| {
            if let Some(last) = found.last_mut().filter(|last| last.message == message) {
                last.since = last.since.min(row.at);
                return ControlFlow::Continue(());
            }
            if found.len() == MESSAGES_MAX {
                return ControlFlow::Break(());
            }
            found.push(Waiting { message, since: row.at });
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn recipients_of(&self, message: ReferenceKey) -> Result<u32, Error> {
        Ok(self.inner.store.get(&SUBMISSIONS, &message)?.map_or(0, |one| one.deliveries))
    }

    /// Whether a recipient of a message is being tried, or will be soon.
    fn is_being_tried(&self, message: ReferenceKey, now: Timestamp) -> Result<bool, Error> {
        // Rows leave in the order of their recipients, so the last ones are the likeliest.
        for index in (0..self.recipients_of(message)?).rev() {
            let row = self.inner.store.get(&QUEUE, &row_id(message, Some(index)));
            match row.map_err(Error::from) {
                Ok(Some(row)) => match row.state {
                    QueueState::Leased => return Ok(true),
                    QueueState::Waiting if row.due <= now.plus_secs(SOON_SECS) => return Ok(true),
                    QueueState::Waiting | QueueState::Held => {}
                },
                Ok(None) => {}
                // It is not being tried while it cannot be read.
                Err(error) if error.is_unreadable() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Writes the reports about a message.
    fn message_report(&self, message: ReferenceKey) -> Result<(), Error> {
        loop {
            let rows = self.rows_of_one_kind(message)?;
            if rows.is_empty() {
                return Ok(());
            }
            let notice = match self.message_sender(message)? {
                Some(sender) if self.account_exists(sender)? && self.has_readers(sender)? => {
                    Some(self.report_prepare(sender, message, &rows)?)
                }
                // The sender's account no longer exists: there is nobody to tell.
                _ => None,
            };
            self.notice_transact(notice, message, move |tx| take_in_tx(tx, message, &rows))?;
        }
    }

    fn rows_of_one_kind(&self, message: ReferenceKey) -> Result<Vec<(u32, Unreported)>, Error> {
        let mut rows: Vec<(u32, Unreported)> = Vec::new();
        self.inner.store.scan_readable(&UNREPORTED, &message, |(_, index), row| {
            if rows.first().is_none_or(|(_, first)| first.kind == row.kind) {
                rows.push((index, row));
            }
            match rows.len() < RECIPIENTS_MAX {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        Ok(rows)
    }

    fn report_prepare(
        &self,
        sender: AccountId,
        message: ReferenceKey,
        rows: &[(u32, Unreported)],
    ) -> Result<SealedMessage, Error> {
        let mut told = rows.iter().map(|(_, row)| told(row));
        let first = told.next().ok_or(Error::NotFound { what: "report" })?;
        let others: Vec<Told> = told.collect();
        let (kind, at) = (rows[0].1.kind, rows[0].1.at);
        let rerouted = rerouted(kind);
        let draft = NoticeDraft {
            kind,
            about: message,
            recipient: &first.recipient,
            at,
            detail: first.detail.map(Detail::Words),
            topic: rerouted.map(NoticeTopic::Unverified),
            others: &others,
            // It is on its way: there is nothing that a program could do.
            report: rerouted.is_none().then(|| dsn::fields(&self.dsn(rows))),
        };
        self.notice_prepare(sender, &draft)
    }

    fn dsn<'a>(&'a self, rows: &'a [(u32, Unreported)]) -> Dsn<'a> {
        let give_up_secs = self.inner.settings.retry.give_up_secs;
        let status = |row: &'a Unreported| {
            let (action, retry_until) = match row.kind {
                DeliveryState::Failed => (Action::Failed, None),
                _ => (Action::Delayed, Some(row.queued.plus_secs(give_up_secs).to_utc())),
            };
            Status {
                recipient: &row.recipient,
                action,
                status: row.status,
                remote_mta: row.host.as_deref(),
                diagnostic: Some(&row.text),
                last_attempt: row.at.to_utc(),
                retry_until,
            }
        };
        let arrival = rows.iter().map(|(_, row)| row.queued).min().unwrap_or(Timestamp(0));
        Dsn {
            reporting_mta: &self.inner.settings.host_name,
            envid: rows.iter().find_map(|(_, row)| row.envid.as_deref()),
            arrival: arrival.to_utc(),
            recipients: rows.iter().map(|(_, row)| status(row)).collect(),
        }
    }
}

fn told(row: &Unreported) -> Told {
    let reason = Reason { host: row.host.clone(), text: row.text.clone() };
    let said = match rerouted(row.kind) {
        Some(_) => reason.to_string(),
        None => format!("{} {reason}", row.status),
    };
    Told { recipient: row.address.clone(), detail: Some(said).filter(|said| !said.is_empty()) }
}

/// The kind of a row that reports that a message took this route, for want of verified TLS.
pub(in crate::gateway) fn rerouted_kind(route: Route) -> DeliveryState {
    match route {
        Route::TemporaryAccount => DeliveryState::Accepted,
        _ => DeliveryState::Delivered,
    }
}

/// The route that a message took, if that is what a row of this kind reports.
fn rerouted(kind: DeliveryState) -> Option<Route> {
    match kind {
        DeliveryState::Accepted => Some(Route::TemporaryAccount),
        DeliveryState::Delivered => Some(Route::Plain),
        _ => None,
    }
}

/// Leaves a row for the next report about a message.
pub(in crate::gateway) fn report_in_tx(
    tx: &mut Tx<'_, '_>,
    row: &QueueRow,
    unreported: &Unreported,
) -> Result<(), Error> {
    tx.ring(Bell::Report);
    // A failure takes the place of a delay that was not reported yet.
    let index = row.delivery.unwrap_or(u32::MAX);
    Ok(tx.put(&UNREPORTED, &(row.message, index), unreported)?)
}

/// Takes back what was to be reported about a recipient that has the message now.
pub(in crate::gateway) fn forget_in_tx(tx: &mut Tx<'_, '_>, row: &QueueRow) -> Result<(), Error> {
    let key = (row.message, row.delivery.unwrap_or(u32::MAX));
    let found = readable(tx.get(&UNREPORTED, &key))?.flatten();
    // A failure stays: it may be that of a notification, before another one.
    if found.is_some_and(|found| found.kind == DeliveryState::Waiting) {
        tx.delete(&UNREPORTED, &key);
    }
    Ok(())
}

/// Removes the rows that a report names. Returns false, and removes nothing, if one of them was
/// reported or replaced meanwhile.
fn take_in_tx(
    tx: &mut Tx<'_, '_>,
    message: ReferenceKey,
    rows: &[(u32, Unreported)],
) -> Result<bool, Error> {
    for (index, row) in rows {
        if tx.get(&UNREPORTED, &(message, *index))?.as_ref() != Some(row) {
            return Ok(false);
        }
    }
    rows.iter().for_each(|(index, _)| tx.delete(&UNREPORTED, &(message, *index)));
    Ok(true)
}
