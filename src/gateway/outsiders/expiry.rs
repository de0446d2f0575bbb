//! The end of temporary accounts: warning, expiry, revocation, and deleting their data.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx as feed;
use crate::gateway::mailboxes::sealed_message::SealedMessage;
use crate::gateway::outsiders::clearing::{Cleared, clear_some_in_tx};
use crate::gateway::outsiders::temporary::{MISSING, pickups_in_tx};
use crate::gateway::queue::delivery::{self, Said};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, ENTRIES, LOGIN_NAMES, OUTSIDERS, PICKUPS, PICKUPS_OF, TEMPORARY,
};
use crate::gateway::records::temporary::{PickupEnd, Temporary};
use crate::gateway::reporting::notice::{Detail, NoticeDraft};
use crate::store::{Order, Read, Tx};
use crate::terms::{DeliveryState, StepNote};
use crate::vault::Lookup;

impl Gateway {
    /// Ends at most `limit` accounts that have expired. Called from a timer.
    pub fn temporary_expire(&self, limit: usize) -> Result<usize, Error> {
        let now = self.inner.clock.now();
        let over = self.temporary_where(limit, |row| row.expires <= now || row.ending.is_some())?;
        Ok(each("terminated", &over, |id| self.temporary_end(id, PickupEnd::Expired)))
    }

    /// Warns the outsiders and sponsors of at most `limit` accounts that expire soon, once each.
    pub fn temporary_warn(&self, limit: usize) -> Result<usize, Error> {
        let soon = self.inner.clock.now().plus_secs(self.inner.settings.temporary_warn_secs);
        let due = self.temporary_where(limit, |row| {
            !row.warned && row.expires <= soon && row.ending.is_none()
        })?;
        Ok(each("warned of its expiry", &due, |id| self.temporary_warn_one(id)))
    }

    fn temporary_where(
        &self,
        limit: usize,
        wanted: impl Fn(&Temporary) -> bool,
    ) -> Result<Vec<AccountId>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan_readable(&TEMPORARY, &(), |id, row| {
            if wanted(&row) {
                found.push(id);
            }
            if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(found)
    }

    /// Ends an account: deletes its sessions, keys, wrapped keys and mailboxes. Each unopened
    /// message expires, and its sender is notified.
    pub(in crate::gateway) fn temporary_end(
        &self,
        id: AccountId,
        end: PickupEnd,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        // From here on nobody can renew it, and it accepts no message, so none is lost without a
        // notice to its sender.
        let row = self.inner.store.transact(move |tx| {
            let mut row = tx.get(&TEMPORARY, &id)?.ok_or(MISSING)?;
            if row.ending.is_none() && end == PickupEnd::Expired && row.expires > now {
                return Ok(None);
            }
            row.ending = row.ending.or(Some(end));
            tx.put(&TEMPORARY, &id, &row)?;
            Ok::<_, Error>(Some(row))
        });
        // It was renewed since it was found.
        let Some(row) = row.wait()? else { return Ok(()) };
        let end = row.ending.unwrap_or(end);
        // Sign-in is blocked first: nothing may be opened while messages expire.
        self.account_shut(id)?;
        for message in self.unopened_of(id)? {
            self.message_expire(id, message, &row.address, now)?;
        }
        let name = self.account(id)?.name;
        let login = self.inner.vault.lookup(Lookup::LoginName, name.as_bytes());
        let outsider = self.inner.vault.lookup(Lookup::Outsider, name.as_bytes());
        self.contacts_unshare(id)?;
        self.rooms_leave(id)?;
        let end_in_tx = move |tx: &mut Tx<'_>| {
            if clear_some_in_tx(tx, id)? == Cleared::Some {
                return Ok(Cleared::Some);
            }
            for (key, mut pickup) in pickups_in_tx(tx, id)? {
                (pickup.end, pickup.until) = (Some(end), now);
                tx.put(&PICKUPS, &key, &pickup)?;
                tx.delete(&PICKUPS_OF, &(id, key));
            }
            tx.delete(&OUTSIDERS, &outsider);
            tx.delete(&LOGIN_NAMES, &login);
            tx.delete(&TEMPORARY, &id);
            tx.delete(&ACCOUNTS, &id);
            tx.delete(&ACCOUNT_KEYS, &id);
            Ok::<_, Error>(Cleared::All)
        };
        while self.inner.store.transact(end_in_tx).wait()? == Cleared::Some {}
        tracing::info!(account.id = %id.to_text(), ?end, "temporary account terminated");
        Ok(())
    }

    /// Expires a message that its reader can no longer open, for its sender, exactly once.
    pub(in crate::gateway) fn message_expire(
        &self,
        reader: AccountId,
        message: ReferenceKey,
        address: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.message_end(reader, message, address, (DeliveryState::Expired, None), at)
    }

    /// Records a message's final state for one reader, and notifies its sender, exactly once.
    pub(in crate::gateway) fn message_end(
        &self,
        reader: AccountId,
        message: ReferenceKey,
        address: &str,
        (kind, note): (DeliveryState, Option<StepNote>),
        at: Timestamp,
    ) -> Result<(), Error> {
        let notice = self.ending(message, address, (kind, note), at)?;
        self.notice_transact(notice, message, move |tx| {
            end_in_tx(tx, (reader, message), (kind, note), at)
        })
    }

    /// The notice to the sender that a message's state is final for a reader.
    pub(in crate::gateway) fn ending(
        &self,
        message: ReferenceKey,
        address: &str,
        (kind, note): (DeliveryState, Option<StepNote>),
        at: Timestamp,
    ) -> Result<Option<SealedMessage>, Error> {
        let draft = NoticeDraft {
            kind,
            about: message,
            recipient: address,
            at,
            detail: note.map(Detail::Note),
            topic: None,
            others: &[],
            report: None,
        };
        let sender = self.message_sender(message);
        let sender = match kind {
            // What expires is destroyed in its time, even if its sender cannot be told.
            DeliveryState::Expired => readable(sender)?.flatten(),
            // The caller tries again: its sender believes that the message is on its way.
            _ => sender?,
        };
        match sender {
            // A sender whose account no longer exists needs no notice.
            Some(sender) if self.account_exists(sender)? && self.has_readers(sender)? => {
                self.notice_prepare(sender, &draft).map(Some)
            }
            _ => Ok(None),
        }
    }

    pub(in crate::gateway) fn unopened_of(
        &self,
        account: AccountId,
    ) -> Result<Vec<ReferenceKey>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan(&ENTRIES, &account, Order::Ascending, |_, entry| {
            if entry.opened.is_none() {
                found.push(entry.reference);
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }
}

/// Records a message's final state for a reader; returns whether it had none.
pub(in crate::gateway) fn end_in_tx(
    tx: &mut feed::Tx<'_, '_>,
    (reader, message): (AccountId, ReferenceKey),
    (kind, note): (DeliveryState, Option<StepNote>),
    at: Timestamp,
) -> Result<bool, Error> {
    let found = delivery::of_account(tx, message, reader)?;
    let open = found.filter(|(_, delivery)| !delivery.state().is_final());
    let Some((index, _)) = open else { return Ok(false) };
    let said = Said { note, detail: None };
    delivery::step_in_tx(tx, message, Some(index), kind, at, said)?;
    Ok(true)
}

/// Does `work` for each account; a failure does not stop the others.
fn each(
    what: &str,
    ids: &[AccountId],
    mut work: impl FnMut(AccountId) -> Result<(), Error>,
) -> usize {
    let mut done = 0;
    for id in ids {
        match work(*id) {
            Ok(()) => done += 1,
            Err(error) => {
                let id = id.to_text();
                tracing::error!(
                    %error, account.id = %id, "a temporary account could not be {what}"
                );
            }
        }
    }
    done
}
