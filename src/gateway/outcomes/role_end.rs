//! The end of a role mailbox: what is unopened fails for its senders inside, and everything goes.
//!
//! Its address is free at once, so that mail goes where it would without the mailbox. The rest takes several
//! transactions; one that is interrupted is finished by a timer.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::outsiders::clearing::{Cleared, clear_some_in_tx};
use crate::gateway::records::account::Owner;
use crate::gateway::records::group::GroupChange;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ACCOUNTS, ADDRESSES, ENTRIES, GROUPS, ROLE_MAILBOXES};
use crate::gateway::roles::mailbox::{is_role, may_in_tx};
use crate::gateway::roles::opening::NOT_FOUND;
use crate::gateway::text::shown;
use crate::store::Read;
use crate::terms::{DeliveryState, GroupAct, StepNote};
use crate::vault::Lookup;

impl Gateway {
    /// Ends a role mailbox with everything in it.
    pub fn role_end(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let (account, row) = self.role_to_end(actor, id)?;
        let (who, now, group) = (actor.account(), self.inner.clock.now(), row.group);
        let done = self.transact(move |tx| {
            let mut row = tx.get(&ROLE_MAILBOXES, &account)?.ok_or(NOT_FOUND)?;
            may_in_tx(tx, (group, is_role(&row.address)), who)?;
            if row.ending {
                return Ok(());
            }
            row.ending = true;
            tx.put(&ROLE_MAILBOXES, &account, &row)?;
            address_release_in_tx(tx, account, &row.address)?;
            if let Some(mut found) = tx.get(&GROUPS, &group)? {
                let act = GroupAct::MailChanged;
                found.note(GroupChange { at: now, act, who, about: None });
                tx.put(&GROUPS, &group, &found)?;
            }
            tx.then(move |gateway| gateway.inner.addressees.forget(account));
            Ok(())
        });
        done.wait()?;
        self.role_finish(account)?;
        self.group_publish(&self.group_members(group)?);
        Ok(())
    }

    /// Finishes the ends that were interrupted. Called from a timer.
    pub fn roles_finish(&self) -> Result<usize, Error> {
        let mut ending = Vec::new();
        self.inner.store.scan_readable(&ROLE_MAILBOXES, &(), |account, row| {
            if row.ending {
                ending.push(account);
            }
            ControlFlow::Continue(())
        })?;
        for account in &ending {
            if let Err(error) = self.role_finish(*account) {
                let id = account.to_text();
                tracing::error!(%error, account.id = %id, "a role mailbox could not be ended");
            }
        }
        Ok(ending.len())
    }

    fn role_finish(&self, account: AccountId) -> Result<(), Error> {
        let Some(row) = self.inner.store.get(&ROLE_MAILBOXES, &account)? else { return Ok(()) };
        let now = self.inner.clock.now();
        let mut unopened = Vec::new();
        self.inner.store.scan_readable(&ENTRIES, &account, |_, entry| {
            if entry.opened.is_none() {
                unopened.push(entry.reference);
            }
            ControlFlow::Continue(())
        })?;
        for message in unopened {
            let gone = (DeliveryState::Failed, Some(StepNote::AccountDeleted));
            let ended = self.message_end(account, message, &row.address, gone, now);
            // One sender whose records cannot be read keeps nothing of the others here.
            if readable(ended)?.is_none() {
                tracing::error!(r#ref = %shown(message), "its sender was not notified of the end");
            }
        }
        self.contacts_unshare(account)?;
        let end_in_tx = move |tx: &mut Tx<'_, '_>| {
            if clear_some_in_tx(tx, account)? == Cleared::Some {
                return Ok(Cleared::Some);
            }
            tx.delete(&ACCOUNTS, &account);
            tx.delete(&ROLE_MAILBOXES, &account);
            Ok(Cleared::All)
        };
        while self.transact(end_in_tx).wait()? == Cleared::Some {}
        tracing::info!(account.id = %account.to_text(), "role mailbox ended");
        Ok(())
    }
}

/// Gives the address back, if it is still the mailbox's.
fn address_release_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    address: &str,
) -> Result<(), Error> {
    let key = tx.vault().lookup(Lookup::Address, address.as_bytes());
    if tx.get(&ADDRESSES, &key)?.is_some_and(|Owner(owner)| owner == account) {
        tx.delete(&ADDRESSES, &key);
    }
    Ok(())
}
