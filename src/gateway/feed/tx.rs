//! A transaction of the domain: a store transaction, and what follows once it is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::feed::change::{self, Changed};
use crate::gateway::feed::event::EventKind;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::mailbox::Holder;
use crate::gateway::settings::Quota;
use crate::store::{self, Pending, Read, Span, Visit, VisitKey};
use crate::vault::Vault;

/// A transaction that numbers changes. It dereferences to the store's own transaction, for
/// functions that change nothing people see.
pub(in crate::gateway) struct Tx<'t, 's> {
    store: &'t mut store::Tx<'s>,
    /// How many changes of an account are kept.
    kept: u64,
    /// The configured limits of a user's account, and of a temporary one.
    quotas: (Quota, Quota),
    after: After,
}

/// A background job that waits for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::gateway) enum Bell {
    /// Something may be due in the queue.
    Queue,
    /// A message was held back for undo send.
    Hold,
    /// The owner of an account is to be warned that it fills up.
    Quota,
    /// A sender is to be told about recipients.
    Report,
}

/// What is done once a transaction is durable.
type Step = Box<dyn FnOnce(&Gateway) + Send>;

/// What happens once a transaction is durable.
#[derive(Default)]
struct After {
    /// The last change of each account and kind: one hint covers all changes before it.
    changes: BTreeMap<(AccountId, EventKind), u64>,
    bells: BTreeSet<Bell>,
    steps: Vec<Step>,
}

impl Tx<'_, '_> {
    /// Numbers a change and stores it; the account's listeners get a hint once it is durable.
    pub fn changed(&mut self, account: AccountId, changed: Changed) -> Result<u64, Error> {
        let modseq = change::record_in_tx(self.store, account, changed, self.kept)?;
        self.after.changes.insert((account, changed.kind()), modseq);
        Ok(modseq)
    }

    /// The configured limits of an account.
    pub fn configured_quota(&self, holder: Holder) -> Quota {
        match holder {
            Holder::User => self.quotas.0,
            Holder::Outsider => self.quotas.1,
        }
    }

    /// Wakes a background job once the transaction is durable.
    pub fn ring(&mut self, bell: Bell) {
        self.after.bells.insert(bell);
    }

    /// Runs `step` on the writer once the transaction is durable: it must be quick and never block.
    pub fn then(&mut self, step: impl FnOnce(&Gateway) + Send + 'static) {
        self.after.steps.push(Box::new(step));
    }
}

impl<'s> Deref for Tx<'_, 's> {
    type Target = store::Tx<'s>;

    fn deref(&self) -> &store::Tx<'s> {
        self.store
    }
}

impl<'s> DerefMut for Tx<'_, 's> {
    fn deref_mut(&mut self) -> &mut store::Tx<'s> {
        self.store
    }
}

impl Read for Tx<'_, '_> {
    fn raw_get(&self, key: &[u8]) -> Result<Option<Bytes>, store::Error> {
        self.store.raw_get(key)
    }

    fn raw_scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), store::Error> {
        self.store.raw_scan(span, visit)
    }

    fn raw_has(&self, key: &[u8]) -> Result<bool, store::Error> {
        self.store.raw_has(key)
    }

    fn raw_scan_keys(&self, span: &Span, visit: VisitKey<'_>) -> Result<(), store::Error> {
        self.store.raw_scan_keys(span, visit)
    }

    fn vault(&self) -> &Vault {
        self.store.vault()
    }
}

impl Gateway {
    /// Runs `work` alone on the writer and returns its result once everything it wrote is durable
    /// and listeners have their hints. `work` may run more than once, so it must have no side
    /// effects except through its [`Tx`]. After an `Err` nothing is written and no hint is sent.
    pub(in crate::gateway) fn transact<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Tx<'_, '_>) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T, Error> {
        let settings = &self.inner.settings;
        let kept = settings.changes_kept;
        let quotas = (settings.quota_for(Holder::User), settings.quota_for(Holder::Outsider));
        let last_run = Arc::new(Mutex::new(After::default()));
        let (this, settled) = (self.clone(), last_run.clone());
        self.inner.store.transact_then(
            move |store| {
                let mut tx = Tx { store, kept, quotas, after: After::default() };
                let answer = work(&mut tx);
                // Only the last run counts.
                *lock(&last_run) = tx.after;
                answer
            },
            move |answer| {
                if answer.is_ok() {
                    mem::take(&mut *lock(&settled)).tell(&this);
                }
            },
        )
    }
}

impl After {
    fn tell(self, gateway: &Gateway) {
        for step in self.steps {
            step(gateway);
        }
        for ((account, kind), modseq) in self.changes {
            gateway.publish(account, kind, modseq);
        }
        for bell in self.bells {
            match bell {
                Bell::Queue => gateway.inner.queue_wake.notify_one(),
                Bell::Hold => gateway.inner.hold_wake.notify_one(),
                Bell::Quota => gateway.inner.quota_wake.notify_one(),
                Bell::Report => gateway.inner.report_wake.notify_one(),
            }
        }
    }
}

fn lock(after: &Mutex<After>) -> MutexGuard<'_, After> {
    after.lock().unwrap_or_else(PoisonError::into_inner)
}
