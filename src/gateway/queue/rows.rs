//! The outbound queue: which messages wait to leave, for whom, and when the next attempt is due.
//!
//! A message is stored once; each recipient has its own row and finishes exactly once. Nothing here
//! opens a connection: `relay` leases due rows and reports outcomes.
//!
//! | state | meaning | after a crash |
//! | --- | --- | --- |
//! | waiting | due at its time | the same |
//! | leased | being sent, until its lease expires | waiting: may be sent twice, but is not lost |
//! | held | an administrator holds it back | the same |
//! | (removed) | delivered, failed or dropped; the key to its content is deleted | – |

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::Bell;
use crate::gateway::mailboxes::holders::content_release_in_tx;
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::queue::{self, Due, QueueRow, TlsNeed};
use crate::gateway::records::tables::{QUEUE, QUEUE_DUE};
use crate::gateway::{Gateway, text};
use crate::mail::envelope::{DsnReturn, Recipient, ReversePath};
use crate::mail::reference::Reference;
use crate::store::{ContentId, Order, Read, Tx};
use crate::terms::QueueState;
use crate::vault;

/// Identifies a queue row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueueId(pub [u8; 16]);

/// The order of an id's octets in its text form. Those that differ most come first: the random ones
/// at its end and the number of the recipient at its beginning, so that a few digits tell rows apart.
const TEXT_ORDER: [usize; 16] = [15, 2, 14, 1, 13, 0, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3];

impl QueueId {
    /// The text form: 32 hexadecimal digits.
    pub fn to_text(self) -> String {
        TEXT_ORDER.iter().map(|at| format!("{:02x}", self.0[*at])).collect()
    }

    /// Parses the full text form; [`Gateway::queue_find`] also accepts the first digits.
    pub fn parse(text: &str) -> Option<QueueId> {
        let read: [u8; 16] = text::parse_hex(text)?;
        let mut id = [0; 16];
        TEXT_ORDER.iter().zip(read).for_each(|(at, octet)| id[*at] = octet);
        Some(QueueId(id))
    }
}

/// A row that was leased to be sent now.
#[derive(Clone, Debug)]
pub struct Leased {
    pub id: QueueId,
    /// The reference number that people see.
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

pub(in crate::gateway) const NO_ROW: Error = Error::NotFound { what: "queue entry" };

/// What a row's wrapped key is bound to.
pub(in crate::gateway) fn binding(content: ReferenceKey) -> [u8; 16] {
    content
}

/// How long to wait before a row that cannot be read is looked at again.
const UNREADABLE_SECS: i64 = 3_600;

/// Puts a row into the queue.
pub(in crate::gateway) fn put_in_tx(
    tx: &mut Tx<'_>,
    id: [u8; 16],
    row: &QueueRow,
) -> Result<(), Error> {
    tx.put(&QUEUE, &id, row)?;
    Ok(tx.put(&QUEUE_DUE, &(row.due.millis(), id), &Due)?)
}

pub(in crate::gateway) fn row_id(row: &QueueRow) -> [u8; 16] {
    queue::row_id(row.content, row.delivery)
}

/// Removes a row from the queue, with the key to its content.
pub(in crate::gateway) fn remove_in_tx(
    tx: &mut Tx<'_>,
    id: [u8; 16],
    row: &QueueRow,
) -> Result<(), Error> {
    tx.delete(&QUEUE, &id);
    tx.delete(&QUEUE_DUE, &(row.due.millis(), id));
    content_release_in_tx(tx, row.content)
}

/// Returns the row that is due at `at` by the scan. A row that cannot be read keeps its place in the
/// queue, and is deferred, so that the rows after it leave.
fn due_in_tx(
    tx: &mut Tx<'_>,
    at: u64,
    id: [u8; 16],
    now: Timestamp,
) -> Result<Option<QueueRow>, Error> {
    let row = tx.get(&QUEUE, &id).map_err(Error::from).and_then(|row| {
        // A row whose number is none cannot be sent either.
        row.map(|row| numbered(row.message).map(|_| row)).transpose()
    });
    let (row, again) = match row {
        Ok(row) => (row, None),
        Err(error) if error.is_unreadable() => {
            tracing::error!(%error, id = QueueId(id).to_text(), "a queue entry was deferred");
            (None, Some(now.plus_secs(UNREADABLE_SECS)))
        }
        Err(error) => return Err(error),
    };
    // The row was removed or rescheduled since the scan, or deferred while it could not be read.
    if row.as_ref().is_none_or(|row| row.due.millis() != at) {
        tx.delete(&QUEUE_DUE, &(at, id));
    }
    if let Some(again) = again {
        tx.put(&QUEUE_DUE, &(again.millis(), id), &Due)?;
    }
    Ok(row)
}

pub(in crate::gateway) fn reschedule_in_tx(
    tx: &mut Tx<'_>,
    id: [u8; 16],
    row: &mut QueueRow,
    state: QueueState,
    due: Timestamp,
) -> Result<(), Error> {
    tx.delete(&QUEUE_DUE, &(row.due.millis(), id));
    (row.state, row.due) = (state, due);
    put_in_tx(tx, id, row)
}

impl Gateway {
    /// Leases due rows for `lease_secs`: no other caller gets them before that. Rows for whose
    /// recipient `crowded` returns true stay waiting.
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
            for (at, id) in &ids {
                let (at, id) = (*at, *id);
                let Some(mut row) = due_in_tx(tx, at, id, now)? else { continue };
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
    ) -> Result<Vec<(u64, [u8; 16])>, Error> {
        /// How many due rows are examined at most, so that a crowded destination cannot make it
        /// costly.
        const LOOKED_AT_MAX: usize = 5_000;
        let mut due = Vec::new();
        self.inner.store.scan(&QUEUE_DUE, &(), Order::Ascending, |(at, id), Due| {
            if at > now.millis() || due.len() == LOOKED_AT_MAX {
                return ControlFlow::Break(());
            }
            due.push((at, id));
            ControlFlow::Continue(())
        })?;
        let mut ids = Vec::new();
        for (at, id) in due {
            if ids.len() == limit {
                break;
            }
            let row: Result<_, Error> = self.inner.store.get(&QUEUE, &id).map_err(Error::from);
            let is_wanted = match row {
                Ok(row) => row.is_none_or(|row| !crowded(&row.recipient)),
                // The transaction defers it.
                Err(error) if error.is_unreadable() => true,
                Err(error) => return Err(error),
            };
            if is_wanted {
                ids.push((at, id));
            }
        }
        Ok(ids)
    }

    /// Returns a leased row that was not attempted to the queue.
    pub fn queue_return(&self, id: QueueId) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let done = self.transact(move |tx| match tx.get(&QUEUE, &id.0)? {
            Some(mut row) if row.state == QueueState::Leased => {
                tx.ring(Bell::Queue);
                reschedule_in_tx(tx, id.0, &mut row, QueueState::Waiting, now)
            }
            _ => Ok(()),
        });
        done.wait()
    }

    /// The octets of a leased row, wiped on drop.
    pub fn queue_content(&self, id: QueueId) -> Result<Zeroizing<Vec<u8>>, Error> {
        let row = self.inner.store.get(&QUEUE, &id.0)?.ok_or(NO_ROW)?;
        self.queue_octets(&row)
    }

    pub(in crate::gateway) fn queue_octets(
        &self,
        row: &QueueRow,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = self.inner.vault.queue_unwrap(&binding(row.content), &row.wrapped_key)?;
        let id = ContentId(row.content);
        let length = self.inner.store.content_length(id)?.ok_or(NO_ROW)?;
        let sealed = self.inner.store.content_read(id, 0, length)?;
        Ok(vault::open(&key, row.content, &sealed)?)
    }

    /// Makes rows due again that were leased when the daemon stopped, and those whose due time was
    /// set by a clock that was ahead. Called once, before anything is leased.
    pub fn queue_recover(&self) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        let latest = now.plus_secs(self.inner.settings.retry.longest_secs);
        let done = self.inner.store.transact(move |tx| {
            let mut leased = Vec::new();
            tx.scan_readable(&QUEUE, &(), |id, row| {
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

    /// Notified when something may be due.
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

    /// Removes, inside a transaction, a row whose message takes another route.
    pub(in crate::gateway) fn queue_end_in_tx(tx: &mut Tx<'_>, id: QueueId) -> Result<bool, Error> {
        let Some(row) = tx.get(&QUEUE, &id.0)? else { return Ok(false) };
        remove_in_tx(tx, id.0, &row)?;
        Ok(true)
    }
}

pub(in crate::gateway) fn numbered(reference: ReferenceKey) -> Result<Reference, Error> {
    let damaged = || Error::Damaged { what: "a reference number in the queue".to_owned() };
    Reference::from_bytes(reference).ok_or_else(damaged)
}

fn leased_view(id: QueueId, row: QueueRow) -> Result<Leased, Error> {
    Ok(Leased {
        id,
        reference: numbered(row.message)?,
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
