//! What changed since a state: each account numbers its changes and keeps the latest ones.
//!
//! The row of its counters is written with every change, so it has the latest changes as well. Once
//! there are [`ROW_CHANGES`] of them, they become one row of the table of changes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::event::EventKind;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::mailbox::{ChangeRow, Counters, FeedChange};
use crate::gateway::records::numbers::counters_in_tx;
use crate::gateway::records::tables::{CHANGES, COUNTERS};
use crate::mail::reference::Reference;
use crate::store::{Order, Read, Span, Tx};

/// The changes since a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The state after these changes.
    pub state: String,
    pub updated: Vec<Reference>,
    pub removed: Vec<Reference>,
    /// Whether there are more: ask again with `state`.
    pub more: bool,
}

/// The maximum number of changes in one answer.
const CHANGES_PER_ANSWER: usize = 500;

/// How many changes one row has.
const ROW_CHANGES: usize = 8;

/// The most rows that are deleted for one that is written, so that a lowered limit is reached in
/// time.
const ROWS_DELETED_MAX: usize = 2 * ROW_CHANGES;

/// A change to a message, to the list of mailboxes, or to the address book.
#[derive(Clone, Copy)]
pub(in crate::gateway) enum Changed {
    Updated(ReferenceKey),
    Removed(ReferenceKey),
    Mailboxes,
    /// The address book, or requests to add a contact.
    Contacts,
    /// The calendar, or a meeting.
    Schedule,
}

impl Changed {
    /// The kind of hint that listeners get.
    pub(super) fn kind(self) -> EventKind {
        match self {
            Changed::Updated(_) | Changed::Removed(_) => EventKind::Mail,
            Changed::Mailboxes => EventKind::Mailboxes,
            Changed::Contacts => EventKind::Contacts,
            Changed::Schedule => EventKind::Schedule,
        }
    }
}

/// Numbers a change and stores it. At least `kept` of them stay stored; older ones are deleted.
pub(super) fn record_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    changed: Changed,
    kept: u64,
) -> Result<u64, Error> {
    let mut counters = counters_in_tx(tx, account)?;
    counters.modseq += 1;
    counters.recent.push(match changed {
        Changed::Updated(reference) => FeedChange { reference, removed: false },
        Changed::Removed(reference) => FeedChange { reference, removed: true },
        Changed::Mailboxes | Changed::Contacts | Changed::Schedule => {
            FeedChange { reference: [0; 16], removed: false }
        }
    });
    if counters.recent.len() >= ROW_CHANGES {
        let row = ChangeRow { changes: std::mem::take(&mut counters.recent) };
        tx.put(&CHANGES, &(account, counters.modseq), &row)?;
        forget_in_tx(tx, account, &mut counters, kept)?;
    }
    tx.put(&COUNTERS, &account, &counters)?;
    Ok(counters.modseq)
}

/// Deletes the oldest rows that are not needed for the last `kept` changes.
fn forget_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    counters: &mut Counters,
    kept: u64,
) -> Result<(), Error> {
    let old = counters.modseq.saturating_sub(kept);
    if counters.forgotten >= old {
        return Ok(());
    }
    let mut keys = Vec::new();
    tx.scan_keys(&CHANGES, &account, |(_, last)| {
        if last > old || keys.len() == ROWS_DELETED_MAX {
            return ControlFlow::Break(());
        }
        keys.push(last);
        ControlFlow::Continue(())
    })?;
    for last in keys {
        counters.forgotten = last;
        tx.delete(&CHANGES, &(account, last));
    }
    Ok(())
}

impl Gateway {
    /// The account's current state.
    pub(in crate::gateway) fn state(&self, account: AccountId) -> Result<String, Error> {
        let counters = self.inner.store.get(&COUNTERS, &account)?.unwrap_or_default();
        Ok(counters.modseq.to_string())
    }

    /// Returns which messages changed since `state`; `too-old` if that is no longer recorded.
    pub fn changes_since(&self, actor: &Actor, state: &str) -> Result<Changes, Error> {
        let account = actor.account();
        let since: u64 = state.parse().map_err(|_| Error::Invalid { what: "state".to_owned() })?;
        let counters = self.inner.store.get(&COUNTERS, &account)?.unwrap_or_default();
        if since < counters.forgotten || since > counters.modseq {
            return Err(Error::Conflict(Conflict::TooOld));
        }
        let changes = self.changes_between(account, since, &counters)?;
        // Some that were to be listed may have been forgotten meanwhile.
        let counters = self.inner.store.get(&COUNTERS, &account)?.unwrap_or_default();
        match since < counters.forgotten {
            true => Err(Error::Conflict(Conflict::TooOld)),
            false => Ok(changes),
        }
    }

    /// The changes after `since`. `counters` were read before the rows are, so that a change which
    /// gets its row meanwhile is found in one of them.
    fn changes_between(
        &self,
        account: AccountId,
        since: u64,
        counters: &Counters,
    ) -> Result<Changes, Error> {
        let span = Span {
            from: CHANGES.raw(&(account, since + 1)),
            ..Span::prefix(&CHANGES.raw(&account), Order::Ascending)
        };
        let mut found = Found { last: since, seen: 0, more: false, latest: BTreeMap::new() };
        self.inner
            .store
            .scan_span(&CHANGES, &span, |(_, last), row| found.take(last, &row.changes))?;
        let _ = found.take(counters.modseq, &counters.recent);
        let Found { last, more, mut latest, .. } = found;
        latest.remove(&[0; 16]);
        let pick = |wanted: bool| {
            let rows = latest.iter().filter(|(_, removed)| **removed == wanted);
            rows.filter_map(|(key, _)| Reference::from_bytes(*key)).collect()
        };
        Ok(Changes { state: last.to_string(), updated: pick(false), removed: pick(true), more })
    }
}

/// The changes that were found.
struct Found {
    /// The number of the last one.
    last: u64,
    seen: usize,
    more: bool,
    /// Whether each message was removed in the end.
    latest: BTreeMap<ReferenceKey, bool>,
}

impl Found {
    /// Takes changes with consecutive numbers up to `last`, except those found before.
    fn take(&mut self, last: u64, changes: &[FeedChange]) -> ControlFlow<()> {
        let (first, before) = ((last + 1).saturating_sub(changes.len() as u64), self.last);
        for (number, change) in (first..).zip(changes).filter(|(number, _)| *number > before) {
            if self.seen == CHANGES_PER_ANSWER {
                self.more = true;
                return ControlFlow::Break(());
            }
            (self.last, self.seen) = (number, self.seen + 1);
            self.latest.insert(change.reference, change.removed);
        }
        ControlFlow::Continue(())
    }
}
