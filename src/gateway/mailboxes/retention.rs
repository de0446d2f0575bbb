//! Retention: opened messages are deleted once they have been in trash or junk long enough.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::feed::change::Changed;
use crate::gateway::mailboxes::entry::entry_in_tx;
use crate::gateway::mailboxes::filing::remove_in_tx;
use crate::gateway::records::ids::{AccountId, MailboxId, ReferenceKey};
use crate::gateway::records::tables::{ACCOUNTS, ENTRIES};
use crate::store::{Order, Read};

impl Gateway {
    /// Deletes at most `limit` opened messages whose retention time in trash or junk is over. It
    /// keeps unopened ones: their senders wait to hear whether they were read or rejected.
    pub fn messages_expire(&self, limit: usize) -> Result<usize, Error> {
        let (settings, now) = (&self.inner.settings, self.inner.clock.now());
        let before = |kept: Option<i64>| kept.map(|secs| now.plus_secs(-secs));
        let places = [
            ("trash", before(settings.trash_kept_secs)),
            ("junk", before(settings.junk_kept_secs)),
        ];
        let mut accounts = Vec::new();
        self.inner.store.scan_keys(&ACCOUNTS, &(), |id| {
            accounts.push(id);
            ControlFlow::Continue(())
        })?;
        let mut count = 0;
        for account in accounts {
            for (role, before) in places {
                let Some(before) = before else { continue };
                match self.expire_one(account, role, before, limit - count) {
                    Ok(removed) => count += removed,
                    // A failure in one account must not affect the others.
                    Err(error) => tracing::warn!(%error, "old messages could not be deleted"),
                }
                if count >= limit {
                    return Ok(count);
                }
            }
        }
        Ok(count)
    }

    fn expire_one(
        &self,
        account: AccountId,
        role: &str,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, Error> {
        let mailbox = match self.mailbox_find(account, role) {
            // An account that is being deleted has no mailboxes.
            Err(Error::NotFound { .. }) => return Ok(0),
            found => found?,
        };
        let over = self.lying_since(account, mailbox, before, limit)?;
        let count = over.len();
        self.remove_lying(account, mailbox, before, over)?;
        Ok(count)
    }

    fn lying_since(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<ReferenceKey>, Error> {
        let mut over = Vec::new();
        let prefix = (account, mailbox);
        self.inner.store.scan(&ENTRIES, &prefix, Order::Ascending, |_, entry| {
            // Entries are in the order in which they were filed here.
            if entry.filed >= before || over.len() == limit {
                return ControlFlow::Break(());
            }
            if entry.opened.is_some() {
                over.push(entry.reference);
            }
            ControlFlow::Continue(())
        })?;
        Ok(over)
    }

    /// Deletes those messages that are still in the mailbox since then and opened: their owner may
    /// have moved one out meanwhile.
    pub(in crate::gateway) fn remove_lying(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        before: Timestamp,
        over: Vec<ReferenceKey>,
    ) -> Result<(), Error> {
        if over.is_empty() {
            return Ok(());
        }
        let now = self.inner.clock.now();
        let done = self.transact(move |tx| {
            for key in &over {
                let (place, entry) = match entry_in_tx(tx, account, *key) {
                    Err(Error::NotFound { .. }) => continue,
                    found => found?,
                };
                let lies = place.mailbox == mailbox && entry.filed < before;
                if !lies || entry.opened.is_none() {
                    continue;
                }
                remove_in_tx(tx, account, place, &entry, now)?;
                tx.changed(account, Changed::Removed(*key))?;
            }
            Ok(())
        });
        done.wait()
    }
}
