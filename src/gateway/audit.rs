//! The audit log: who did what, to whom, when and from where. It never contains the text of a
//! message, its subject, or a secret.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::records::audit::{Act, AuditEntry};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::AUDIT;
use crate::store::{Order, Read, Span, Tx};
use crate::vault;

/// Entries of the audit log, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    pub items: Vec<AuditEntry>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

const PAGE: usize = 100;
const WORD_CHARS_MAX: usize = 200;

/// The limit on recorded refusals per minute, of each account and of all unknown names together, so
/// that attackers cannot fill the store. How many more there were is recorded once.
const REFUSED_PER_MINUTE: u32 = 30;

/// The limit of all accounts and unknown names together.
const REFUSED_PER_MINUTE_IN_ALL: u32 = 300;

/// The most refusals that wait to be written, while the store takes nothing.
const REFUSED_WAITING_MAX: usize = 1_000;

/// What was refused: tries to open an account, or a name that nobody has.
type Tried = Option<AccountId>;

/// A refusal that is to be recorded.
struct Refusal {
    at: Timestamp,
    act: Act,
    tried: Tried,
    peer: String,
}

/// The current minute, how much was refused in it, and what is still to be written. A refused try is
/// answered without waiting for the store: the time would tell whether a line was written, and so
/// whether there is such an account.
#[derive(Default)]
pub(in crate::gateway) struct Refusals {
    counts: Mutex<Counts>,
    waiting: Mutex<Vec<Refusal>>,
    /// Held while what waited is written, so that who reads the log after that finds it.
    writing: Mutex<()>,
    wake: Arc<Notify>,
}

#[derive(Default)]
struct Counts {
    minute: i64,
    recorded: u32,
    /// How much was refused, and how much of it was not recorded.
    refused: HashMap<Tried, (u32, u32)>,
    /// How much of earlier minutes was not recorded, which is still to be written.
    omitted: HashMap<Tried, u32>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Refusals {
    /// Takes a refusal, to be written soon.
    fn take(&self, refusal: Refusal) {
        {
            let mut counts = locked(&self.counts);
            let mut waiting = locked(&self.waiting);
            let has_room = waiting.len() < REFUSED_WAITING_MAX;
            counts.turn(refusal.at);
            if counts.count(refusal.tried, has_room) {
                waiting.push(refusal);
            }
        }
        self.wake.notify_one();
    }

    /// How much was not recorded in the minutes that are over.
    fn omitted(&self, now: Timestamp) -> HashMap<Tried, u32> {
        let mut counts = locked(&self.counts);
        counts.turn(now);
        std::mem::take(&mut counts.omitted)
    }
}

impl Counts {
    /// Begins another minute, if it has come.
    fn turn(&mut self, now: Timestamp) {
        let minute = now.unix_secs() / 60;
        if self.minute == minute {
            return;
        }
        (self.minute, self.recorded) = (minute, 0);
        for (tried, (_, omitted)) in self.refused.drain().filter(|(_, (_, omitted))| *omitted > 0) {
            let sum = self.omitted.entry(tried).or_default();
            *sum = sum.saturating_add(omitted);
        }
    }

    /// Counts a refusal; returns whether it is recorded.
    fn count(&mut self, tried: Tried, has_room: bool) -> bool {
        let (refused, omitted) = self.refused.entry(tried).or_default();
        *refused = refused.saturating_add(1);
        let fits = *refused <= REFUSED_PER_MINUTE && self.recorded < REFUSED_PER_MINUTE_IN_ALL;
        if fits && has_room {
            self.recorded += 1;
            return true;
        }
        *omitted = omitted.saturating_add(1);
        false
    }
}

/// What was to be opened by a try that was refused.
#[derive(Clone, Copy, Debug)]
pub enum Target<'t> {
    /// What was typed as a name. It may have been a password.
    Typed(&'t str),
    Account(AccountId),
}

/// An entry that is written together with the act.
pub(in crate::gateway) struct PreparedEntry {
    key: (u64, [u8; 8]),
    row: AuditEntry,
}

impl PreparedEntry {
    pub fn store_in_tx(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        Ok(tx.put(&AUDIT, &self.key, &self.row)?)
    }
}

fn entry(at: Timestamp, (who, act, about, peer): (&str, Act, &str, &str)) -> AuditEntry {
    let cut = |text: &str| -> String {
        text.chars().filter(|c| !c.is_control()).take(WORD_CHARS_MAX).collect()
    };
    AuditEntry { at, who: cut(who), act, about: cut(about), peer: peer.to_owned() }
}

fn key_of(row: &AuditEntry) -> Result<(u64, [u8; 8]), Error> {
    Ok((u64::try_from(row.at.0).unwrap_or_default(), vault::random_bytes::<8>()?))
}

impl Gateway {
    /// Records an act. A failure to store the entry does not undo the act; it is reported in the
    /// daemon's own log.
    pub fn note(&self, who: &str, act: Act, about: &str, peer: &str) {
        self.note_at(self.inner.clock.now(), (who, act, about, peer));
    }

    fn note_at(&self, at: Timestamp, (who, act, about, peer): (&str, Act, &str, &str)) {
        self.rows_store(vec![entry(at, (who, act, about, peer))]);
    }

    /// An entry for the transaction of the act itself.
    pub(in crate::gateway) fn note_prepare(
        &self,
        words: (&str, Act, &str, &str),
    ) -> Result<PreparedEntry, Error> {
        let row = entry(self.inner.clock.now(), words);
        Ok(PreparedEntry { key: key_of(&row)?, row })
    }

    fn rows_store(&self, rows: Vec<AuditEntry>) {
        let salted = rows.into_iter().map(|row| Ok((key_of(&row)?, row)));
        let stored = salted.collect::<Result<Vec<_>, Error>>().and_then(|rows| {
            let done = self.inner.store.transact(move |tx| {
                rows.iter().try_for_each(|(key, row)| Ok::<_, Error>(tx.put(&AUDIT, key, row)?))
            });
            done.wait()
        });
        if let Err(error) = stored {
            tracing::warn!(%error, "what happened could not be recorded in the audit log");
        }
    }

    /// Takes note that a try to open an account was refused, within limits; a job writes it. A user
    /// may have typed a password as the name, so the log holds a name only if such an account exists.
    pub fn note_refused(&self, act: Act, target: Target<'_>, peer: &str) {
        let tried = match target {
            Target::Typed(typed) => self.account_find(typed).ok().flatten(),
            Target::Account(account) => {
                self.account_exists(account).ok().filter(|there| *there).map(|_| account)
            }
        };
        let at = self.inner.clock.now();
        self.inner.refusals.take(Refusal { at, act, tried, peer: peer.to_owned() });
    }

    /// Writes the refusals that wait, and how many of an earlier minute were not recorded one by one.
    /// Called by a job, which [`Gateway::refusals_wake`] wakes.
    pub fn refusals_write(&self) {
        self.refusals_write_before(self.inner.clock.now());
    }

    /// Writes all that is left, also of the minute that is not over. Called once nothing can be refused
    /// any more, while the store is open.
    pub fn refusals_close(&self) {
        self.refusals_write_before(self.inner.clock.now().plus_secs(60));
    }

    /// Writes what waits, and what was omitted in the minutes before this time.
    fn refusals_write_before(&self, minute: Timestamp) {
        let _writing = locked(&self.inner.refusals.writing);
        let waiting = std::mem::take(&mut *locked(&self.inner.refusals.waiting));
        let mut rows: Vec<AuditEntry> =
            waiting.into_iter().map(|one| self.refusal_row(one)).collect();
        let at = self.inner.clock.now();
        for (tried, count) in self.inner.refusals.omitted(minute) {
            let (who, about) = (self.tried_name(tried), count.to_string());
            let (act, peer) = (Act::RefusalsOmitted, String::new());
            rows.push(AuditEntry { at, who, act, about, peer });
        }
        if !rows.is_empty() {
            self.rows_store(rows);
        }
    }

    fn refusal_row(&self, Refusal { at, act, tried, peer }: Refusal) -> AuditEntry {
        AuditEntry { at, who: self.tried_name(tried), act, about: String::new(), peer }
    }

    /// Notified when a refusal waits to be written.
    pub fn refusals_wake(&self) -> Arc<Notify> {
        self.inner.refusals.wake.clone()
    }

    fn tried_name(&self, tried: Tried) -> String {
        tried.map_or_else(|| "(unknown)".to_owned(), |account| self.name_of(account))
    }

    /// The name of an account for the log.
    pub fn name_of(&self, account: AccountId) -> String {
        self.account(account).map_or_else(|_| account.to_text(), |account| account.name)
    }

    /// A page of the log, newest first.
    pub fn audit(&self, before: Option<&str>) -> Result<LogPage, Error> {
        self.refusals_write();
        let invalid = || Error::Invalid { what: "cursor".to_owned() };
        let mut span = Span::prefix(&AUDIT.raw(&()), Order::Descending);
        if let Some(before) = before {
            let (millis, salt) = before.split_once('.').ok_or_else(invalid)?;
            let salt = u64::from_str_radix(salt, 16).map_err(|_| invalid())?.to_be_bytes();
            let key: (u64, [u8; 8]) = (millis.parse().map_err(|_| invalid())?, salt);
            span.to = Some(AUDIT.raw(&key));
        }
        let (mut items, mut last, mut more) = (Vec::new(), None, false);
        self.inner.store.scan_span(&AUDIT, &span, |(millis, salt), row| {
            if items.len() == PAGE {
                more = true;
                return ControlFlow::Break(());
            }
            last = Some(format!("{millis}.{:016x}", u64::from_be_bytes(salt)));
            items.push(row);
            ControlFlow::Continue(())
        })?;
        Ok(LogPage { items, next: last.filter(|_| more) })
    }

    /// Deletes at most `limit` entries that are older than the retention time.
    pub fn audit_expire(&self, limit: usize) -> Result<usize, Error> {
        self.refusals_write();
        let before = self.inner.clock.now().plus_secs(-self.inner.settings.log_kept_secs);
        let mut over = Vec::new();
        self.inner.store.scan_readable(&AUDIT, &(), |key, row| {
            if row.at >= before || over.len() == limit {
                return ControlFlow::Break(());
            }
            over.push(key);
            ControlFlow::Continue(())
        })?;
        let count = over.len();
        if count > 0 {
            let done = self.inner.store.transact(move |tx| {
                for key in &over {
                    tx.delete(&AUDIT, key);
                }
                Ok::<_, Error>(())
            });
            done.wait()?;
        }
        Ok(count)
    }
}
