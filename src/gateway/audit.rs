//! The audit log: who did what, to whom, when and from where. It never contains the text of a
//! message, its subject, or a secret.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::records::audit::{Act, AuditEntry};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::AUDIT;
use crate::store::{Order, Read, Span};
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

/// What was refused: tries to open an account, or a name that nobody has.
type Tried = Option<AccountId>;

/// The current minute, and how much was refused in it.
#[derive(Default)]
pub(in crate::gateway) struct Refusals(Mutex<(i64, HashMap<Tried, u32>)>);

impl Refusals {
    /// Counts a refusal; returns whether it is recorded.
    fn count(&self, tried: Tried) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counted.1.entry(tried).or_default();
        *count = count.saturating_add(1);
        *count <= REFUSED_PER_MINUTE
    }

    /// Begins another minute, if it has come; returns how much was not recorded in the last one.
    fn omitted(&self, now: Timestamp) -> Vec<(Tried, u32)> {
        let minute = now.unix_secs() / 60;
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 == minute {
            return Vec::new();
        }
        let last = std::mem::replace(&mut *counted, (minute, HashMap::new())).1;
        let more = |(tried, count): (Tried, u32)| (tried, count.saturating_sub(REFUSED_PER_MINUTE));
        last.into_iter().map(more).filter(|(_, count)| *count > 0).collect()
    }
}

/// What was to be opened by a try that was refused.
#[derive(Clone, Copy, Debug)]
pub enum Target<'t> {
    /// What was typed as a name. It may have been a password.
    Typed(&'t str),
    Account(AccountId),
}

impl Gateway {
    /// Records an act. A failure to store the entry does not undo the act; it is reported in the
    /// daemon's own log.
    pub fn note(&self, who: &str, act: Act, about: &str, peer: &str) {
        let at = self.inner.clock.now();
        let cut = |text: &str| -> String {
            text.chars().filter(|c| !c.is_control()).take(WORD_CHARS_MAX).collect()
        };
        let row = AuditEntry { at, who: cut(who), act, about: cut(about), peer: peer.to_owned() };
        let stored = vault::random_bytes::<8>().map_err(Error::from).and_then(|salt| {
            let key = (u64::try_from(at.0).unwrap_or_default(), salt);
            let done =
                self.inner.store.transact(move |tx| Ok::<_, Error>(tx.put(&AUDIT, &key, &row)?));
            done.wait()
        });
        if let Err(error) = stored {
            tracing::warn!(
                %error, act = act.as_str(), "an act could not be recorded in the audit log"
            );
        }
    }

    /// Records that a try to open an account was refused, within limits. A user may have typed a
    /// password as the name, so the log holds a name only if such an account exists.
    pub fn note_refused(&self, act: Act, target: Target<'_>, peer: &str) {
        let tried = match target {
            Target::Typed(typed) => self.account_find(typed).ok().flatten(),
            Target::Account(account) => {
                self.account_exists(account).ok().filter(|there| *there).map(|_| account)
            }
        };
        self.refusals_tell();
        if self.inner.refusals.count(tried) {
            self.note(&self.tried_name(tried), act, "", peer);
        }
    }

    /// Records how many refusals of the last minute were not recorded one by one.
    fn refusals_tell(&self) {
        for (tried, count) in self.inner.refusals.omitted(self.inner.clock.now()) {
            self.note(&self.tried_name(tried), Act::RefusalsOmitted, &count.to_string(), "");
        }
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
        self.refusals_tell();
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
        self.refusals_tell();
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
