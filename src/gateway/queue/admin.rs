//! The queue as an administrator sees it: list, search, hold, retry.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::tx::Bell;
use crate::gateway::queue::rows::{NO_ROW, QueueId, numbered, reschedule_in_tx};
use crate::gateway::records::queue::{Due, QueueRow};
use crate::gateway::records::tables::{QUEUE, QUEUE_DUE};
use crate::mail::reference::Reference;
use crate::store::{Order, Read, Span};
use crate::terms::{QueueKind, QueueState};

/// A queue row as an administrator sees it.
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
    /// Whether the row matches the search text `word`, which is in lower case.
    fn has(&self, word: &str) -> bool {
        let reference = self.reference.to_string();
        [&self.from, &self.to, &reference]
            .into_iter()
            .chain(self.last.as_ref())
            .any(|text| text.to_lowercase().contains(word))
    }
}

/// A page of rows, and the cursor of the next page.
#[derive(Debug)]
pub struct QueuePage {
    pub items: Vec<QueueView>,
    pub next: Option<String>,
}

impl Gateway {
    /// The first `limit` rows of the queue, next due first.
    pub fn queue_list(&self, limit: usize) -> Result<Vec<QueueView>, Error> {
        Ok(self.queue_page(None, "", limit)?.items)
    }

    /// At most `limit` rows, next due first, with `find` in an address, in the reference number or
    /// in the last error; `after` is the cursor of the previous page.
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
                // It has left the queue meanwhile, or does not match.
                Ok(_) => {}
                Err(error) if error.is_unreadable() => {
                    tracing::error!(%error, id = QueueId(id).to_text(), "a queue entry was skipped");
                }
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

    /// The number of rows.
    pub fn queue_count(&self) -> Result<u64, Error> {
        Ok(self.inner.store.count(&QUEUE, &())?)
    }

    /// Visits every row, in no particular order.
    pub fn queue_each(
        &self,
        mut visit: impl FnMut(QueueView) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.inner.store.scan_readable(&QUEUE, &(), |id, row| match view(QueueId(id), &row) {
            Ok(view) => visit(view),
            Err(error) => {
                tracing::error!(%error, id = QueueId(id).to_text(), "a queue entry was skipped");
                ControlFlow::Continue(())
            }
        })?;
        Ok(())
    }

    /// The only row with this name: the first digits of its id, or a reference number.
    ///
    /// # Errors
    ///
    /// `Invalid` if there are several rows, as for a message with several recipients.
    pub fn queue_find(&self, name: &str) -> Result<QueueView, Error> {
        if let Some(id) = QueueId::parse(name) {
            return self.queue_seen(id.0)?.ok_or(NO_ROW);
        }
        if name.trim().is_empty() {
            let what = "a row is named by its id or its reference number".to_owned();
            return Err(Error::Invalid { what });
        }
        let (name, number) = (name.trim().to_ascii_lowercase(), name.trim().parse().ok());
        let mut found = Vec::new();
        self.queue_each(|row| {
            if number == Some(row.reference) || row.id.to_text().starts_with(&name) {
                found.push(row);
            }
            if found.len() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let one = found.pop().ok_or(NO_ROW)?;
        if !found.is_empty() {
            let what = format!("{name} is more than one row; name one by more digits of its id");
            return Err(Error::Invalid { what });
        }
        Ok(one)
    }

    /// Makes a row due now, whatever its time; releases a held one.
    pub fn queue_retry(&self, id: QueueId) -> Result<(), Error> {
        self.queue_set(id, QueueState::Waiting)
    }

    /// Puts a row on hold until it is released.
    pub fn queue_hold(&self, id: QueueId) -> Result<(), Error> {
        self.queue_set(id, QueueState::Held)
    }

    fn queue_set(&self, id: QueueId, state: QueueState) -> Result<(), Error> {
        let now = self.inner.clock.now();
        // A held row is not due; a time far ahead keeps it out of the scan of due rows.
        let due = match state {
            QueueState::Held => now.plus_secs(100 * 365 * 24 * 3600),
            _ => now,
        };
        let done = self.transact(move |tx| {
            let mut row = tx.get(&QUEUE, &id.0)?.ok_or(NO_ROW)?;
            // An attempt is in progress: a second one would send the message twice.
            if row.state == QueueState::Leased && state == QueueState::Waiting {
                return Err(Error::Conflict(Conflict::BeingSent));
            }
            tx.ring(Bell::Queue);
            reschedule_in_tx(tx, id.0, &mut row, state, due)
        });
        done.wait()
    }
}

fn view(id: QueueId, row: &QueueRow) -> Result<QueueView, Error> {
    Ok(QueueView {
        id,
        reference: numbered(row.message)?,
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
