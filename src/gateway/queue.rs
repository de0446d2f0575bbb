//! The outbound queue: what is waiting to leave, for whom, and when it is next tried.
//!
//! A message is stored once; each recipient has its own row and finishes exactly once. Nothing
//! here opens a connection: `relay` leases due rows and reports outcomes.
//!
//! | state | means | after a crash |
//! | --- | --- | --- |
//! | waiting | due at its time | the same |
//! | leased | being sent, until its lease runs out | waiting again: it may leave twice, it is never lost |
//! | held | an administrator holds it back | the same |
//! | (gone) | delivered, failed or dropped; the key to its content is destroyed | – |

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::mail::envelope::{DsnReturn, Notify as Wanted, Recipient, ReversePath};
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::store::{ContentId, Order, Read, Span, Tx};
use crate::vault;

use super::parcel::let_go_in_tx;
use super::policy::{Choice, Route};
use super::tables::{
    DELIVERIES, Delivery, DeliveryState, Due, HeldMail, QUEUE, QUEUE_DUE, QueueKind, QueueRow,
    QueueState, ReferenceKey, SUBMISSIONS, TlsNeed,
};
use super::{Error, Gateway, delivery, pickup};

/// Names a row of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueueId(pub [u8; 16]);

impl QueueId {
    /// The text form: 32 hexadecimal digits.
    pub fn to_text(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// Reads it; the first digits are enough where [`Gateway::queue_find`] is asked.
    pub fn parse(text: &str) -> Option<QueueId> {
        super::session::parse_hex(text).map(QueueId)
    }
}

/// A row that may be sent now.
#[derive(Clone, Debug)]
pub struct Leased {
    pub id: QueueId,
    /// The number that people see.
    pub reference: Reference,
    pub reverse_path: ReversePath,
    pub recipient: Recipient,
    pub ret: Option<DsnReturn>,
    pub envid: Option<String>,
    pub smtputf8: bool,
    pub eight_bit: bool,
    pub require_tls: bool,
    pub tls: TlsNeed,
    pub size: u64,
    pub attempts: u32,
    pub queued: Timestamp,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum Attempted {
    /// The next hop took it.
    Delivered { by: String, text: String },
    /// To be tried again.
    Deferred { status: EnhancedStatus, text: String, host: Option<String> },
    /// Refused for good.
    Failed { status: EnhancedStatus, text: String, host: Option<String> },
    /// It had to travel over TLS that can be verified, and there is none.
    NoVerifiedTls { text: String },
}

impl Attempted {
    /// The outcome in a word, for the log.
    pub fn word(&self) -> &'static str {
        match self {
            Attempted::Delivered { .. } => "delivered",
            Attempted::Deferred { .. } => "deferred",
            Attempted::Failed { .. } => "failed",
            Attempted::NoVerifiedTls { .. } => "no verified TLS",
        }
    }
}

/// Why an attempt did not succeed: what was said, and by which host.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    pub host: Option<String>,
    pub text: String,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{host}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// When to try again, how long to go on, when to say that it takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPlan {
    pub first_secs: i64,
    pub longest_secs: i64,
    /// RFC 5321 §4.5.4.1: at least four to five days.
    pub give_up_secs: i64,
    pub delay_notice_secs: i64,
}

impl Default for RetryPlan {
    fn default() -> Self {
        RetryPlan {
            first_secs: 5 * 60,
            longest_secs: 4 * 3600,
            give_up_secs: 5 * 24 * 3600,
            delay_notice_secs: 4 * 3600,
        }
    }
}

impl RetryPlan {
    /// When to try again after `attempts` tries, or `None` once the message has waited long
    /// enough (RFC 5321 §4.5.4.1). Each pause is twice the one before, up to the longest; the
    /// last try is at the end of the time allowed.
    pub fn next(&self, queued: Timestamp, attempts: u32, now: Timestamp) -> Option<Timestamp> {
        let end = queued.plus_secs(self.give_up_secs);
        if now >= end {
            return None;
        }
        let doublings = attempts.saturating_sub(1).min(20);
        let pause = self.first_secs.saturating_mul(1 << doublings).min(self.longest_secs);
        Some(now.plus_secs(pause).min(end))
    }
}

/// What an administrator sees of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    pub id: QueueId,
    pub reference: Reference,
    pub kind: QueueKind,
    pub from: String,
    pub to: String,
    pub state: QueueState,
    pub size: u64,
    pub attempts: u32,
    pub queued: Timestamp,
    pub due: Timestamp,
    pub last: Option<String>,
}

impl QueueView {
    /// Whether somebody who looks for `word`, in small letters, looks for this row.
    fn has(&self, word: &str) -> bool {
        let reference = self.reference.to_string();
        [&self.from, &self.to, &reference]
            .into_iter()
            .chain(self.last.as_ref())
            .any(|text| text.to_lowercase().contains(word))
    }
}

/// Some rows, and where the next ones begin.
#[derive(Debug)]
pub struct QueuePage {
    pub items: Vec<QueueView>,
    pub next: Option<String>,
}

const NO_ROW: Error = Error::NotFound { what: "queue entry" };

/// What a row's key wrap is bound to.
pub(super) fn binding(content: ReferenceKey) -> [u8; 16] {
    content
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.0).unwrap_or_default()
}

/// Puts a row into the queue.
pub(super) fn put_in_tx(tx: &mut Tx<'_>, id: [u8; 16], row: &QueueRow) -> Result<(), Error> {
    tx.put(&QUEUE, &id, row)?;
    Ok(tx.put(&QUEUE_DUE, &(millis(row.due), id), &Due)?)
}

/// A row's own number: its content and its recipient, so that putting it twice is putting it
/// once.
pub(super) fn row_id(row: &QueueRow) -> [u8; 16] {
    let mut id = row.content;
    let index = row.delivery.unwrap_or(u32::MAX).to_be_bytes();
    // The first octets of a number are zero (45 + 50 + 5 bits of 128).
    id[..3].copy_from_slice(&index[1..]);
    id
}

/// Stores a generated message that nobody here reads, and queues it.
pub(super) fn held_mail_in_tx(
    tx: &mut Tx<'_>,
    mail: &HeldMail,
    now: Timestamp,
) -> Result<(), Error> {
    pickup::parcel_of(mail, now)?.store_in_tx(tx, 0)?;
    let mut row = mail.row.clone();
    (row.due, row.queued) = (now, now);
    put_in_tx(tx, row_id(&row), &row)
}

/// Takes a row out of the queue: the key to its content is destroyed.
fn remove_in_tx(tx: &mut Tx<'_>, id: [u8; 16], row: &QueueRow) -> Result<(), Error> {
    tx.delete(&QUEUE, &id);
    tx.delete(&QUEUE_DUE, &(millis(row.due), id));
    let_go_in_tx(tx, row.content)
}

fn reschedule_in_tx(
    tx: &mut Tx<'_>,
    id: [u8; 16],
    row: &mut QueueRow,
    state: QueueState,
    due: Timestamp,
) -> Result<(), Error> {
    tx.delete(&QUEUE_DUE, &(millis(row.due), id));
    (row.state, row.due) = (state, due);
    put_in_tx(tx, id, row)
}

impl Gateway {
    /// Rows that are due, now leased for `lease_secs`: nobody else gets them before that. Those
    /// for whose recipient `crowded` says so stay where they are.
    pub fn queue_lease(
        &self,
        limit: usize,
        lease_secs: i64,
        crowded: &mut dyn FnMut(&Recipient) -> bool,
    ) -> Result<Vec<Leased>, Error> {
        let now = self.inner.clock.now();
        let ids = self.queue_due(limit, now, crowded)?;
        let leased = self.inner.store.transact(move |tx| {
            let mut leased = Vec::with_capacity(ids.len());
            for id in &ids {
                let id = *id;
                // Withdrawn, or put off, since we looked.
                let Some(mut row) = tx.get(&QUEUE, &id)? else { continue };
                if row.state != QueueState::Held && row.due <= now {
                    let until = now.plus_secs(lease_secs);
                    reschedule_in_tx(tx, id, &mut row, QueueState::Leased, until)?;
                    leased.push(leased_view(QueueId(id), row)?);
                }
            }
            Ok::<_, Error>(leased)
        });
        leased.wait()
    }

    fn queue_due(
        &self,
        limit: usize,
        now: Timestamp,
        crowded: &mut dyn FnMut(&Recipient) -> bool,
    ) -> Result<Vec<[u8; 16]>, Error> {
        /// So many rows are looked at for one destination's sake.
        const LOOKED_AT_MAX: usize = 5_000;
        let mut due = Vec::new();
        self.inner.store.scan(&QUEUE_DUE, &(), Order::Ascending, |(at, id), Due| {
            if at > millis(now) || due.len() == LOOKED_AT_MAX {
                return ControlFlow::Break(());
            }
            due.push(id);
            ControlFlow::Continue(())
        })?;
        let mut ids = Vec::new();
        for id in due {
            if ids.len() == limit {
                break;
            }
            let row = self.inner.store.get(&QUEUE, &id)?;
            if row.is_some_and(|row| !crowded(&row.recipient)) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// Puts a leased row back that there was no time for.
    pub fn queue_return(&self, id: QueueId) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let done = self.inner.store.transact(move |tx| match tx.get(&QUEUE, &id.0)? {
            Some(mut row) if row.state == QueueState::Leased => {
                reschedule_in_tx(tx, id.0, &mut row, QueueState::Waiting, now)
            }
            _ => Ok(()),
        });
        done.wait()?;
        self.inner.queue_wake.notify_one();
        Ok(())
    }

    /// The octets of a leased row. Wiped by whoever drops them.
    pub fn queue_content(&self, id: QueueId) -> Result<Zeroizing<Vec<u8>>, Error> {
        let row = self.inner.store.get(&QUEUE, &id.0)?.ok_or(NO_ROW)?;
        self.queue_octets(&row)
    }

    pub(super) fn queue_octets(&self, row: &QueueRow) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = self.inner.vault.queue_unwrap(&binding(row.content), &row.wrapped_key)?;
        let id = ContentId(row.content);
        let length = self.inner.store.content_length(id)?.ok_or(NO_ROW)?;
        let sealed = self.inner.store.content_read(id, 0, length)?;
        Ok(vault::open(&key, row.content, &sealed)?)
    }

    /// Takes what became of a leased row: gone, or to be tried again; status lines and the
    /// sender's notices follow in the same transaction.
    pub fn queue_report(&self, id: QueueId, done: Attempted) -> Result<(), Error> {
        // Reported before, or dropped meanwhile: there is nothing left to do.
        let Some(row) = self.inner.store.get(&QUEUE, &id.0)? else { return Ok(()) };
        match done {
            Attempted::Delivered { by, text } => {
                self.queue_delivered(id, &row, &format!("{by}: {text}"))
            }
            Attempted::Deferred { status, text, host } => {
                self.queue_deferred(id, &row, status, Reason { host, text })
            }
            Attempted::Failed { status, text, host } => {
                self.queue_failed(id, &row, status, Reason { host, text })
            }
            Attempted::NoVerifiedTls { text } => self.queue_unverified(id, &row, text),
        }
    }

    /// Makes rows due again that were leased when the daemon died, and those that wait for a
    /// time that a clock which was ahead gave them. Called once, before anything is leased.
    pub fn queue_recover(&self) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        let latest = now.plus_secs(self.inner.settings.retry.longest_secs);
        let done = self.inner.store.transact(move |tx| {
            let mut leased = Vec::new();
            tx.scan(&QUEUE, &(), Order::Ascending, |id, row| {
                let ahead = row.state == QueueState::Waiting && row.due > latest;
                if ahead || row.state == QueueState::Leased {
                    leased.push((id, row));
                }
                ControlFlow::Continue(())
            })?;
            let count = leased.len();
            for (id, mut row) in leased {
                reschedule_in_tx(tx, id, &mut row, QueueState::Waiting, now)?;
            }
            Ok::<_, Error>(count)
        });
        done.wait()
    }

    /// Rings when something may be due.
    pub fn queue_wake(&self) -> Arc<Notify> {
        self.inner.queue_wake.clone()
    }

    /// When the next row is due.
    pub fn queue_next_due(&self) -> Result<Option<Timestamp>, Error> {
        let mut next = None;
        self.inner.store.scan(&QUEUE_DUE, &(), Order::Ascending, |(due, _), Due| {
            next = Some(Timestamp(i64::try_from(due).unwrap_or(i64::MAX)));
            ControlFlow::Break(())
        })?;
        Ok(next)
    }

    fn queue_delivered(&self, id: QueueId, row: &QueueRow, text: &str) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let (state, detail) = match row.kind {
            QueueKind::Letter => (DeliveryState::Delivered, text.to_owned()),
            _ => (DeliveryState::Waiting, "notified".to_owned()),
        };
        let letter = row.letter;
        self.queue_change(letter, move |tx| {
            let Some(row) = tx.get(&QUEUE, &id.0)? else { return Ok(()) };
            remove_in_tx(tx, id.0, &row)?;
            delivery::step_in_tx(tx, row.letter, row.delivery, state, now, Some(detail.clone()))
        })?;
        tracing::info!(queue.id = %id.to_text(), r#ref = %shown(letter), "delivered to the next hop");
        Ok(())
    }

    fn queue_deferred(
        &self,
        id: QueueId,
        row: &QueueRow,
        status: EnhancedStatus,
        reason: Reason,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let plan = self.inner.settings.retry;
        let Some(due) = plan.next(row.queued, row.attempts + 1, now) else {
            return self.queue_failed(id, row, EnhancedStatus(5, 4, 7), reason);
        };
        let late = now >= row.queued.plus_secs(plan.delay_notice_secs);
        let tell = late && !row.delay_told && wants_delay(&row.recipient);
        let notice = match tell {
            true => self.report_prepare(row, DeliveryState::Waiting, status, &reason, now)?,
            false => None,
        };
        self.notice_transact(notice, row.letter, move |tx| {
            let Some(mut row) = tx.get(&QUEUE, &id.0)? else { return Ok(false) };
            row.attempts += 1;
            row.delay_told |= tell;
            row.last = Some(reason.to_string());
            match row.state {
                // Held back while it was being tried: it stays held.
                QueueState::Held => tx.put(&QUEUE, &id.0, &row)?,
                _ => reschedule_in_tx(tx, id.0, &mut row, QueueState::Waiting, due)?,
            }
            Ok(tell)
        })
    }

    fn queue_failed(
        &self,
        id: QueueId,
        row: &QueueRow,
        status: EnhancedStatus,
        reason: Reason,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let notice = self.report_prepare(row, DeliveryState::Failed, status, &reason, now)?;
        let letter = row.letter;
        self.notice_transact(notice, letter, move |tx| {
            let Some(row) = tx.get(&QUEUE, &id.0)? else { return Ok(false) };
            remove_in_tx(tx, id.0, &row)?;
            let state = DeliveryState::Failed;
            let said = Some(reason.to_string());
            delivery::step_in_tx(tx, letter, row.delivery, state, now, said)?;
            Ok(true)
        })?;
        tracing::info!(queue.id = %id.to_text(), r#ref = %shown(letter), %status, "failed for good");
        Ok(())
    }

    /// Runs `work` and tells the letter's sender that its status changed.
    fn queue_change(
        &self,
        letter: ReferenceKey,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.notice_transact(None, letter, move |tx| work(tx).map(|()| false))
    }

    /// Everything in the queue, next due first; at most `limit`.
    pub fn queue_list(&self, limit: usize) -> Result<Vec<QueueView>, Error> {
        Ok(self.queue_page(None, "", limit)?.items)
    }

    /// At most `limit` rows, next due first, that have `find` in an address, in their reference
    /// number or in what was last said of them; `after` is where the page before ended.
    pub fn queue_page(
        &self,
        after: Option<&str>,
        find: &str,
        limit: usize,
    ) -> Result<QueuePage, Error> {
        let mut span = Span::prefix(&QUEUE_DUE.raw(&()), Order::Ascending);
        if let Some(after) = after {
            let invalid = || Error::Invalid { what: "cursor".to_owned() };
            let (due, id) = after.split_once('.').ok_or_else(invalid)?;
            let due: u64 = due.parse().map_err(|_| invalid())?;
            let id = QueueId::parse(id).ok_or_else(invalid)?;
            span = span.after(&QUEUE_DUE.raw(&(due, id.0)));
        }
        let find = find.trim().to_lowercase();
        let mut page = QueuePage { items: Vec::new(), next: None };
        let (mut last, mut failed) = (None, None);
        self.inner.store.scan_span(&QUEUE_DUE, &span, |(due, id), Due| {
            match self.queue_seen(id) {
                Ok(Some(row)) if row.has(&find) => {
                    if page.items.len() == limit {
                        page.next = last.take();
                        return ControlFlow::Break(());
                    }
                    last = Some(format!("{due}.{}", row.id.to_text()));
                    page.items.push(row);
                }
                // It left meanwhile, or nobody asked for it.
                Ok(_) => {}
                Err(error) => {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        failed.map_or(Ok(page), Err)
    }

    fn queue_seen(&self, id: [u8; 16]) -> Result<Option<QueueView>, Error> {
        let row = self.inner.store.get(&QUEUE, &id)?;
        row.map(|row| view(QueueId(id), &row)).transpose()
    }

    /// How many rows there are.
    pub fn queue_count(&self) -> Result<u64, Error> {
        Ok(self.inner.store.count(&QUEUE, &())?)
    }

    /// Visits every row, in no order.
    pub fn queue_each(
        &self,
        mut visit: impl FnMut(QueueView) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut failed = None;
        self.inner.store.scan(&QUEUE, &(), Order::Ascending, |id, row| {
            match view(QueueId(id), &row) {
                Ok(view) => visit(view),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// The one row whose id begins with `start`.
    pub fn queue_find(&self, start: &str) -> Result<QueueView, Error> {
        let mut found = Vec::new();
        self.inner.store.scan(&QUEUE, &(), Order::Ascending, |id, row| {
            if QueueId(id).to_text().starts_with(start) {
                found.push((id, row));
            }
            if found.len() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        match found.as_slice() {
            [] => Err(NO_ROW),
            [(id, row)] => view(QueueId(*id), row),
            _ => Err(Error::Invalid { what: format!("{start} begins more than one id") }),
        }
    }

    /// Tries a row now, whatever its time; a held one is let go.
    pub fn queue_retry(&self, id: QueueId) -> Result<(), Error> {
        self.queue_set(id, QueueState::Waiting)
    }

    /// Holds a row back until it is released.
    pub fn queue_hold(&self, id: QueueId) -> Result<(), Error> {
        self.queue_set(id, QueueState::Held)
    }

    fn queue_set(&self, id: QueueId, state: QueueState) -> Result<(), Error> {
        let now = self.inner.clock.now();
        // What is held is not due; far ahead, so that nobody has to step over it.
        let due = match state {
            QueueState::Held => now.plus_secs(100 * 365 * 24 * 3600),
            _ => now,
        };
        let done = self.inner.store.transact(move |tx| {
            let mut row = tx.get(&QUEUE, &id.0)?.ok_or(NO_ROW)?;
            // It is being tried already: a second conversation would send it twice.
            if row.state == QueueState::Leased && state == QueueState::Waiting {
                return Err(Error::Conflict { code: "being-sent" });
            }
            reschedule_in_tx(tx, id.0, &mut row, state, due)
        });
        done.wait()?;
        self.inner.queue_wake.notify_one();
        Ok(())
    }

    /// Gives a row up: it is not sent, and its sender is told so.
    pub fn queue_drop(&self, id: QueueId) -> Result<(), Error> {
        let row = self.inner.store.get(&QUEUE, &id.0)?.ok_or(NO_ROW)?;
        let text = "withdrawn by the administrator".to_owned();
        self.queue_failed(id, &row, EnhancedStatus(5, 7, 0), Reason { host: None, text })
    }

    /// The delivery a row belongs to, for its sender's status.
    pub(super) fn row_delivery(&self, row: &QueueRow) -> Result<Option<Delivery>, Error> {
        match row.delivery {
            Some(index) => Ok(self.inner.store.get(&DELIVERIES, &(row.letter, index))?),
            None => Ok(None),
        }
    }

    /// Whether a letter was sent from here, and by whom.
    pub(super) fn letter_sender(
        &self,
        letter: ReferenceKey,
    ) -> Result<Option<super::AccountId>, Error> {
        Ok(self.inner.store.get(&SUBMISSIONS, &letter)?.map(|submission| submission.sender))
    }

    /// No verified TLS: the letter takes the way that the policy falls back to.
    fn queue_unverified(&self, id: QueueId, row: &QueueRow, text: String) -> Result<(), Error> {
        match self.house()?.policy.verified_else {
            Choice::Plain => self.queue_downgrade(id, text),
            Choice::Portal => self.queue_to_portal(id, row),
            _ => self.queue_failed(id, row, EnhancedStatus(5, 7, 10), Reason { host: None, text }),
        }
    }

    /// From now on it is plain mail, for its sender too.
    fn queue_downgrade(&self, id: QueueId, text: String) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let Some(row) = self.inner.store.get(&QUEUE, &id.0)? else { return Ok(()) };
        self.queue_change(row.letter, move |tx| {
            let Some(mut row) = tx.get(&QUEUE, &id.0)? else { return Ok(()) };
            (row.tls, row.require_tls) = (TlsNeed::Opportunistic, false);
            row.attempts += 1;
            row.last = Some(text.clone());
            if let Some(index) = row.delivery
                && let Some(mut delivery) = tx.get(&DELIVERIES, &(row.letter, index))?
            {
                delivery.route = Route::Plain;
                tx.put(&DELIVERIES, &(row.letter, index), &delivery)?;
            }
            match row.state {
                QueueState::Held => Ok(tx.put(&QUEUE, &id.0, &row)?),
                _ => reschedule_in_tx(tx, id.0, &mut row, QueueState::Waiting, now),
            }
        })?;
        self.inner.queue_wake.notify_one();
        Ok(())
    }

    /// Ends a row whose letter found another way, inside a transaction.
    pub(super) fn queue_end_in_tx(tx: &mut Tx<'_>, id: QueueId) -> Result<bool, Error> {
        let Some(row) = tx.get(&QUEUE, &id.0)? else { return Ok(false) };
        remove_in_tx(tx, id.0, &row)?;
        Ok(true)
    }
}

fn wants_delay(recipient: &Recipient) -> bool {
    matches!(recipient.notify, Wanted::On { delay: true, .. })
        || recipient.notify == Wanted::default()
}

pub(super) fn shown(reference: ReferenceKey) -> String {
    Reference::from_bytes(reference).map(|reference| reference.to_string()).unwrap_or_default()
}

fn numbered(reference: ReferenceKey) -> Result<Reference, Error> {
    let damaged = || Error::Damaged { what: "a reference number in the queue".to_owned() };
    Reference::from_bytes(reference).ok_or_else(damaged)
}

fn leased_view(id: QueueId, row: QueueRow) -> Result<Leased, Error> {
    Ok(Leased {
        id,
        reference: numbered(row.letter)?,
        reverse_path: row.reverse_path,
        recipient: row.recipient,
        ret: row.ret,
        envid: row.envid,
        smtputf8: row.smtputf8,
        eight_bit: row.eight_bit,
        require_tls: row.require_tls,
        tls: row.tls,
        size: row.size,
        attempts: row.attempts,
        queued: row.queued,
    })
}

fn view(id: QueueId, row: &QueueRow) -> Result<QueueView, Error> {
    Ok(QueueView {
        id,
        reference: numbered(row.letter)?,
        kind: row.kind,
        from: row.reverse_path.to_string(),
        to: row.recipient.path.to_string(),
        state: row.state,
        size: row.size,
        attempts: row.attempts,
        queued: row.queued,
        due: row.due,
        last: row.last.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_the_last_try_is_at_the_end() {
        let plan = RetryPlan::default();
        let queued = Timestamp(0);
        let (mut now, mut attempts, mut pauses) = (queued, 0, Vec::new());
        loop {
            attempts += 1;
            let Some(next) = plan.next(queued, attempts, now) else { break };
            pauses.push((next.0 - now.0) / 60_000);
            now = next;
        }
        assert_eq!(pauses[..7], [5, 10, 20, 40, 80, 160, 240]);
        // RFC 5321 §4.5.4.1: four to five days.
        assert_eq!(now, queued.plus_secs(5 * 24 * 3600));
    }
}
