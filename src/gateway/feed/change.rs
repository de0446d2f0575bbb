//! What changed since a state: each account numbers its changes and keeps the latest ones.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::event::EventKind;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::mailbox::ChangeRow;
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

/// A change to a message, or to the list of mailboxes.
#[derive(Clone, Copy)]
pub(in crate::gateway) enum Changed {
    Updated(ReferenceKey),
    Removed(ReferenceKey),
    Mailboxes,
}

impl Changed {
    /// The kind of hint that listeners get.
    pub(super) fn kind(self) -> EventKind {
        match self {
            Changed::Updated(_) | Changed::Removed(_) => EventKind::Mail,
            Changed::Mailboxes => EventKind::Mailboxes,
        }
    }
}

/// Numbers a change and stores it; `kept` limits how many are stored.
pub(super) fn record_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    changed: Changed,
    kept: u64,
) -> Result<u64, Error> {
    let mut counters = counters_in_tx(tx, account)?;
    counters.modseq += 1;
    let row = match changed {
        Changed::Updated(reference) => ChangeRow { reference, removed: false },
        Changed::Removed(reference) => ChangeRow { reference, removed: true },
        Changed::Mailboxes => ChangeRow { reference: [0; 16], removed: false },
    };
    tx.put(&CHANGES, &(account, counters.modseq), &row)?;
    // Removes up to two for each one added, so that a lowered limit is reached in time.
    for _ in 0..2 {
        if counters.modseq - counters.forgotten > kept {
            counters.forgotten += 1;
            tx.delete(&CHANGES, &(account, counters.forgotten));
        }
    }
    tx.put(&COUNTERS, &account, &counters)?;
    Ok(counters.modseq)
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
        let changes = self.changes_between(account, since)?;
        // Some that were to be listed may have been forgotten meanwhile.
        let counters = self.inner.store.get(&COUNTERS, &account)?.unwrap_or_default();
        match since < counters.forgotten {
            true => Err(Error::Conflict(Conflict::TooOld)),
            false => Ok(changes),
        }
    }

    fn changes_between(&self, account: AccountId, since: u64) -> Result<Changes, Error> {
        let span = Span {
            from: CHANGES.raw(&(account, since + 1)),
            ..Span::prefix(&CHANGES.raw(&account), Order::Ascending)
        };
        let (mut last, mut seen, mut more) = (since, 0, false);
        let mut latest: BTreeMap<ReferenceKey, bool> = BTreeMap::new();
        self.inner.store.scan_span(&CHANGES, &span, |(_, modseq), row| {
            if seen == CHANGES_PER_ANSWER {
                more = true;
                return ControlFlow::Break(());
            }
            (last, seen) = (modseq, seen + 1);
            latest.insert(row.reference, row.removed);
            ControlFlow::Continue(())
        })?;
        latest.remove(&[0; 16]);
        let pick = |wanted: bool| {
            let rows = latest.iter().filter(|(_, removed)| **removed == wanted);
            rows.filter_map(|(key, _)| Reference::from_bytes(*key)).collect()
        };
        Ok(Changes { state: last.to_string(), updated: pick(false), removed: pick(true), more })
    }
}
