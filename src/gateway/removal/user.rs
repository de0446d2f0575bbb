//! Removing a user.
//!
//! | step | what happens | how |
//! | --- | --- | --- |
//! | begun | keys and credentials are destroyed, so that nothing in the account opens any more; sessions end; the name and the addresses lead nowhere | one transaction, at once |
//! | groups | the account leaves each; the next epoch begins without it | one transaction for each |
//! | messages | each sender inside whose message was not opened gets a notice that it failed; then it goes | some at a time |
//! | the rest | what else the account had, and its record | some at a time, the last of it together |
//!
//! After the first step, a row says what is still to be done, so that a start goes on where the last run
//! ended. What the user sent stays with those who got it; what waits in the queue still leaves. Temporary
//! accounts that the user had created stay until they expire.

use std::ops::ControlFlow;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::account::has_other_manager;
use crate::gateway::accounts::session_rows;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::tx as feed;
use crate::gateway::mailboxes::holders::content_release_in_tx;
use crate::gateway::outsiders::clearing::{Cleared, ROWS_AT_ONCE, clear_in_tx, clear_some_in_tx};
use crate::gateway::records::account::{Account, Removal};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::membership::{computed_lapse_in_tx, epochs_due_in_tx};
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, ADDRESSES, CREDENTIALS, ENTRIES, LOGIN_NAMES, META, PLACES, REMOVALS,
    SIGNING_KEYS, TEMPORARY, TOTP,
};
use crate::gateway::removal::addresses::{NameAfter, hold_in_tx};
use crate::store::{Order, Read, Tx};
use crate::terms::{DeliveryState, StepNote};
use crate::vault::{Lookup, Vault};

/// One message in the account.
struct Held {
    key: (AccountId, u32, u32),
    reference: ReferenceKey,
    /// Whether its sender believes that it waits for its reader.
    waits: bool,
}

impl Gateway {
    /// Begins to remove a user; `typed` is the login name, typed once more. From here on nothing opens
    /// the account, and it is found by nobody. Fails with `last-manager` for the last enabled manager.
    pub fn account_remove(&self, name: &str, typed: &str, after: NameAfter) -> Result<(), Error> {
        let id = self.account_named(name)?;
        let account = self.account(id)?;
        if account.addresses.is_empty() {
            return Err(Error::Denied { reason: "temporary accounts are revoked" });
        }
        if account.name != typed.trim().to_lowercase() {
            return Err(Error::Conflict(Conflict::NameDiffers));
        }
        let (now, vault) = (self.inner.clock.now(), self.inner.vault.clone());
        let done = self.transact(move |tx| {
            let account = begin_in_tx(tx, &vault, id, (after, now))?;
            tx.then(move |gateway| {
                gateway.inner.addressees.forget(id);
                gateway.inner.directory.put(id, &account);
                gateway.inner.names.remove(id);
            });
            Ok(())
        });
        done.wait()?;
        self.publish_session(id);
        self.inner.removal_wake.notify_one();
        tracing::info!(account.id = %id.to_text(), "a user is being removed");
        Ok(())
    }

    /// Ends all sessions of a user, and forgets the browsers.
    pub fn account_sign_out(&self, name: &str) -> Result<(), Error> {
        let id = self.account_named(name)?;
        let done = self.transact(move |tx| session_rows::end_others_in_tx(tx, id, None));
        done.wait()?;
        self.publish_session(id);
        Ok(())
    }

    /// Notified when a user is being removed.
    pub fn removal_wake(&self) -> Arc<Notify> {
        self.inner.removal_wake.clone()
    }

    /// Goes on with what is being removed; returns whether there is more to do. A user of whom something
    /// cannot be removed does not stop the others. Called by a job.
    pub fn removals_continue(&self) -> Result<bool, Error> {
        self.held_names_expire(ROWS_AT_ONCE)?;
        let mut begun = Vec::new();
        self.inner.store.scan_readable(&REMOVALS, &(), |id, removal| {
            begun.push((id, removal));
            ControlFlow::Continue(())
        })?;
        let mut is_left = false;
        for (id, removal) in begun {
            match self.removal_step(id, &removal) {
                Ok(Progress::Over) => {}
                Ok(Progress::Begun) => is_left = true,
                Err(error) => {
                    let id = id.to_text();
                    tracing::error!(%error, account.id = %id, "a user was not removed completely");
                }
            }
        }
        Ok(is_left)
    }

    fn removal_step(&self, id: AccountId, removal: &Removal) -> Result<Progress, Error> {
        self.groups_leave(id)?;
        self.rooms_leave(id)?;
        let held = self.some_held(id)?;
        if !held.is_empty() {
            for one in held.iter().filter(|one| one.waits) {
                let gone = (DeliveryState::Failed, Some(StepNote::AccountDeleted));
                let now = self.inner.clock.now();
                let (message, address) = (one.reference, &removal.address);
                readable(self.message_end(id, message, address, gone, now))?;
            }
            let done =
                self.transact(move |tx| held.iter().try_for_each(|one| held_remove_in_tx(tx, one)));
            return done.wait().map(|()| Progress::Begun);
        }
        if self.contacts_unshare_some(id)? == Cleared::Some {
            return Ok(Progress::Begun);
        }
        let done = self.inner.store.transact(move |tx| rest_remove_in_tx(tx, id));
        let progress = done.wait()?;
        if progress == Progress::Over {
            tracing::info!(account.id = %id.to_text(), "a user was removed");
        }
        Ok(progress)
    }

    /// Some messages of an account.
    fn some_held(&self, id: AccountId) -> Result<Vec<Held>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan(&ENTRIES, &id, Order::Ascending, |key, entry| {
            let waits = entry.opened.is_none() && !entry.sent;
            found.push(Held { key, reference: entry.reference, waits });
            match found.len() < ROWS_AT_ONCE {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        Ok(found)
    }
}

/// How far a removal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Begun,
    Over,
}

/// Destroys what opens an account, and takes its names away; returns its record as it is then.
fn begin_in_tx(
    tx: &mut feed::Tx<'_, '_>,
    vault: &Vault,
    id: AccountId,
    (after, now): (NameAfter, Timestamp),
) -> Result<Account, Error> {
    let found = tx.get(&ACCOUNTS, &id)?;
    let mut account = found.ok_or(Error::NotFound { what: "account" })?;
    if account.manages() && !has_other_manager(&**tx, id)? {
        return Err(Error::Conflict(Conflict::LastManager));
    }
    (account.disabled, account.manager) = (true, false);
    tx.put(&ACCOUNTS, &id, &account)?;
    session_rows::end_others_in_tx(tx, id, None)?;
    epochs_due_in_tx(tx, id)?;
    clear_in_tx(tx, &CREDENTIALS, id)?;
    tx.delete(&ACCOUNT_KEYS, &id);
    // What the user attested counts no longer.
    tx.delete(&SIGNING_KEYS, &id);
    computed_lapse_in_tx(tx, id)?;
    tx.delete(&TOTP, &id);
    let until = after.until(now);
    let login = vault.lookup(Lookup::LoginName, account.name.as_bytes());
    tx.delete(&LOGIN_NAMES, &login);
    hold_in_tx(tx, login, (id, until))?;
    for address in &account.addresses {
        let key = vault.lookup(Lookup::Address, address.as_bytes());
        tx.delete(&ADDRESSES, &key);
        hold_in_tx(tx, key, (id, until))?;
    }
    let mut meta = tx.get(&META, &())?.unwrap_or_default();
    if meta.first_account == Some(id) {
        meta.first_account = successor(tx, id)?;
        tx.put(&META, &(), &meta)?;
    }
    let address = account.view(id).address;
    tx.put(&REMOVALS, &id, &Removal { since: now, address })?;
    Ok(account)
}

/// Who gets mail for postmaster after the first account, where the configuration names nobody: the
/// manager who is here longest, or else the user who is.
fn successor(tx: &Tx<'_>, id: AccountId) -> Result<Option<AccountId>, Error> {
    let mut best: Option<((bool, Timestamp), AccountId)> = None;
    tx.scan_readable(&ACCOUNTS, &(), |other, account| {
        let rank = (!account.manager, account.created);
        let fits = other != id && !account.disabled && !account.addresses.is_empty();
        if fits && best.is_none_or(|(before, _)| rank < before) {
            best = Some((rank, other));
        }
        ControlFlow::Continue(())
    })?;
    Ok(best.map(|(_, account)| account))
}

fn held_remove_in_tx(tx: &mut Tx<'_>, one: &Held) -> Result<(), Error> {
    // Another call may have been quicker.
    if !tx.has(&ENTRIES, &one.key)? {
        return Ok(());
    }
    tx.delete(&ENTRIES, &one.key);
    tx.delete(&PLACES, &(one.key.0, one.reference));
    content_release_in_tx(tx, one.reference)
}

/// Removes some of what an account has besides messages, and with the last of it the account.
fn rest_remove_in_tx(tx: &mut Tx<'_>, id: AccountId) -> Result<Progress, Error> {
    // A message came in meanwhile: its sender is notified first.
    let mut has_entries = false;
    tx.scan_keys(&ENTRIES, &id, |_| {
        has_entries = true;
        ControlFlow::Break(())
    })?;
    if has_entries || clear_some_in_tx(tx, id)? == Cleared::Some {
        return Ok(Progress::Begun);
    }
    debug_assert!(!tx.has(&TEMPORARY, &id)?, "users have no row there");
    tx.delete(&ACCOUNTS, &id);
    tx.delete(&REMOVALS, &id);
    Ok(Progress::Over)
}
