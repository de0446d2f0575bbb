//! Temporary accounts: issued to outsiders who receive a sealed message.
//!
//! There is one for each address, created for the first message and used for later ones. It can
//! read, reject, reply within the conversation and delete itself, and nothing else. When it ends,
//! the account, its keys and its wrapped keys are deleted; the outcome of each message stays.
//!
//! | hand-off (decision D1) | who gets the initial password | what opens the account |
//! | --- | --- | --- |
//! | claim | the outsider, in the notification | the password once, then what the outsider chose |
//! | in-mail | the outsider, in the notification | the initial password |
//! | by-sender | the sponsor, who passes it on | the password once, then what the outsider chose |
//!
//! An account that was started again has the hand-off `claim`, whatever it had before: the sponsor must
//! not get the account of somebody who has chosen a passphrase.
//!
//! With `claim` and `by-sender` each password opens one session (`accounts::claim`). An outsider who
//! has chosen no passphrase gets another password with the next notification.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::accounts::claim::held_binding;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::account::{Account, AccountKeys, Owner};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::mailbox::Holder;
use crate::gateway::records::numbers;
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, CREDENTIALS, LOGIN_NAMES, OUTSIDERS, PICKUPS, PICKUPS_OF, TEMPORARY,
};
use crate::gateway::records::temporary::{OpensBy, Pickup, PickupEnd, Temporary};
use crate::gateway::{Gateway, text};
use crate::mail::address::Address;
use crate::store::{Order, Read, Tx};
use crate::terms::{AcceptFrom, HandOff};
use crate::vault::{self, Lookup, Password};

/// A temporary account as its sponsor or an administrator sees it.
#[derive(Clone, Debug)]
pub struct TemporaryView {
    pub id: String,
    pub address: String,
    /// The login name of the user whose message created the account.
    pub sponsor: String,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub claimed: Option<Timestamp>,
    pub messages: u32,
    pub hand_off: HandOff,
    /// Whether no notification brings a password: if the outsider has lost what opens the account, it
    /// can only be started again.
    pub can_start_again: bool,
    /// For the sponsor to pass on; only in the hand-off `by-sender`, until the outsider has chosen a
    /// passphrase.
    pub password: Option<PasswordText>,
}

/// A password that is shown on purpose. It is wiped after use and never logged.
#[derive(Clone)]
pub struct PasswordText(zeroize::Zeroizing<String>);

impl PasswordText {
    /// The text, for the one response that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordText(…)")
    }
}

pub(in crate::gateway) const MISSING: Error = Error::NotFound { what: "temporary account" };

impl Gateway {
    /// The temporary account of an outside address, if there is one.
    pub(in crate::gateway) fn temporary_of(
        &self,
        address: &Address,
    ) -> Result<Option<AccountId>, Error> {
        let key = self.outsider_key(address)?;
        Ok(self.inner.store.get(&OUTSIDERS, &key)?.map(|Owner(id)| id))
    }

    /// The key under which an outside address has its account, or would get one.
    fn outsider_key(&self, address: &Address) -> Result<[u8; 16], Error> {
        let key = |form: &str| self.inner.vault.lookup(Lookup::Outsider, form.as_bytes());
        for form in address.stored_forms() {
            if self.inner.store.has(&OUTSIDERS, &key(&form))? {
                return Ok(key(&form));
            }
        }
        Ok(key(&address.normalized()))
    }

    /// Returns the temporary account of an outside address; creates it if there is none.
    pub(in crate::gateway) fn issue(
        &self,
        sponsor: AccountId,
        address: &Address,
    ) -> Result<(AccountId, Temporary), Error> {
        let key = self.outsider_key(address)?;
        if let Some(Owner(id)) = self.inner.store.get(&OUTSIDERS, &key)?
            && let Some(temporary) = self.inner.store.get(&TEMPORARY, &id)?
        {
            match temporary.ending {
                None => return Ok((id, temporary)),
                // Its deletion was interrupted; finish that, and create a new account.
                Some(end) => self.temporary_end(id, end)?,
            }
        }
        match self.issue_new(sponsor, address, key) {
            // Two messages at the same moment: the other one created it.
            Err(Error::Conflict(Conflict::Exists)) => {
                let Owner(id) = self.inner.store.get(&OUTSIDERS, &key)?.ok_or(MISSING)?;
                Ok((id, self.inner.store.get(&TEMPORARY, &id)?.ok_or(MISSING)?))
            }
            made => made,
        }
    }

    fn issue_new(
        &self,
        sponsor: AccountId,
        address: &Address,
        key: [u8; 16],
    ) -> Result<(AccountId, Temporary), Error> {
        let now = self.inner.clock.now();
        let id = AccountId(vault::random_bytes()?);
        let keys = vault::account_keys(&id.0)?;
        let first = self.one_time_new(id, &keys.unlock)?;
        let name = address.normalized();
        let account = Account {
            name: name.clone(),
            display_name: String::new(),
            addresses: Vec::new(),
            disabled: false,
            accept_from: AcceptFrom::Inside,
            created: now,
            last_sign_in: None,
            last_interaction: None,
            manager: false,
            must_choose: false,
        };
        let temporary = Temporary {
            address: address.to_string(),
            sponsor,
            hand_off: self.inner.settings.hand_off,
            sealed_password: first.sealed_password,
            claimed: None,
            created: now,
            expires: now.plus_secs(self.inner.settings.temporary_secs),
            warned: false,
            messages: 0,
            ending: None,
        };
        let login = self.inner.vault.lookup(Lookup::LoginName, name.as_bytes());
        let keys = AccountKeys::new(&keys);
        let row = temporary.clone();
        let done = self.inner.store.transact(move |tx| {
            let free = tx.insert(&OUTSIDERS, &key, &Owner(id))?
                && tx.insert(&LOGIN_NAMES, &login, &Owner(id))?;
            if !free {
                return Err(Error::Conflict(Conflict::Exists));
            }
            tx.put(&ACCOUNTS, &id, &account)?;
            tx.put(&ACCOUNT_KEYS, &id, &keys)?;
            tx.put(&CREDENTIALS, &(id, first.id), &first.credential)?;
            tx.put(&TEMPORARY, &id, &row)?;
            numbers::create_all_in_tx(tx, id, Holder::Outsider)
        });
        done.wait()?;
        tracing::info!(account.id = %id.to_text(), "temporary account issued");
        Ok((id, temporary))
    }

    /// The password that was not used yet, if there is one.
    pub(in crate::gateway) fn initial_password(
        &self,
        id: AccountId,
        temporary: &Temporary,
    ) -> Result<Option<PasswordText>, Error> {
        let Some(sealed) = &temporary.sealed_password else { return Ok(None) };
        let plain = self.inner.vault.held_open(&held_binding(id), sealed)?;
        let text = String::from_utf8_lossy(&plain).into_owned();
        Ok(Some(PasswordText(text.into())))
    }

    /// A temporary account as `viewer` sees it: only its sponsor sees the password, and only in the
    /// hand-off `by-sender`.
    pub(in crate::gateway) fn temporary_view(
        &self,
        id: AccountId,
        viewer: Option<AccountId>,
    ) -> Result<Option<TemporaryView>, Error> {
        let Some(row) = self.temporary(id)? else { return Ok(None) };
        let shown = row.hand_off == HandOff::BySender && viewer == Some(row.sponsor);
        let password = match shown {
            true => self.initial_password(id, &row)?,
            false => None,
        };
        let sponsor = self.account(row.sponsor).map(|account| account.name).unwrap_or_default();
        Ok(Some(TemporaryView {
            id: id.to_text(),
            address: row.address,
            sponsor,
            created: row.created,
            expires: row.expires,
            claimed: row.claimed,
            messages: row.messages,
            hand_off: row.hand_off,
            can_start_again: row.sealed_password.is_none(),
            password,
        }))
    }

    /// Every temporary account, or those that `sponsor` sponsors, sorted by address.
    pub fn temporary_list(&self, sponsor: Option<&Actor>) -> Result<Vec<TemporaryView>, Error> {
        let mut ids = Vec::new();
        self.inner.store.scan(&TEMPORARY, &(), Order::Ascending, |id, row| {
            if sponsor.is_none_or(|actor| actor.account() == row.sponsor) {
                ids.push(id);
            }
            ControlFlow::Continue(())
        })?;
        let viewer = sponsor.map(Actor::account);
        let mut views = Vec::with_capacity(ids.len());
        for id in ids {
            views.extend(self.temporary_view(id, viewer)?);
        }
        views.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(views)
    }

    /// Renews an account for another full period.
    pub fn temporary_renew(&self, actor: &Actor, id: &str) -> Result<TemporaryView, Error> {
        let id = self.sponsored(actor, id)?;
        self.temporary_renew_id(id)?;
        self.temporary_view(id, Some(actor.account()))?.ok_or(MISSING)
    }

    /// The same for an administrator, who names the address.
    pub fn temporary_renew_of(&self, address: &str) -> Result<(), Error> {
        self.temporary_renew_id(self.temporary_at(address)?)
    }

    fn temporary_renew_id(&self, id: AccountId) -> Result<(), Error> {
        let until = self.inner.clock.now().plus_secs(self.inner.settings.temporary_secs);
        let done = self.inner.store.transact(move |tx| {
            let row = tx.get(&TEMPORARY, &id)?.filter(|row| row.ending.is_none());
            let mut row = row.ok_or(MISSING)?;
            row.expires = row.expires.max(until);
            row.warned = false;
            tx.put(&TEMPORARY, &id, &row)?;
            for (key, mut pickup) in pickups_in_tx(tx, id)? {
                pickup.until = row.expires;
                tx.put(&PICKUPS, &key, &pickup)?;
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }

    /// Revokes an account for its sponsor. Fails with `others-wait` while unopened messages from
    /// other senders wait in it.
    pub fn temporary_revoke(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let id = self.sponsored(actor, id)?;
        for message in self.unopened_of(id)? {
            if self.message_sender(message)?.is_some_and(|sender| sender != actor.account()) {
                return Err(Error::Conflict(Conflict::OthersWait));
            }
        }
        self.temporary_end(id, PickupEnd::Revoked)
    }

    /// Revokes an account for an administrator.
    pub fn temporary_revoke_of(&self, address: &str) -> Result<(), Error> {
        self.temporary_end(self.temporary_at(address)?, PickupEnd::Revoked)
    }

    /// Deletes the actor's own temporary account. Requires the password, if its owner has one.
    pub fn temporary_delete(
        &self,
        actor: &Actor,
        password: Option<&Password>,
    ) -> Result<(), Error> {
        let id = actor.account();
        let row = self.temporary(id)?;
        let row = row.ok_or(Error::Denied { reason: "this is not a temporary account" })?;
        if row.opens_by() != OpensBy::OneTime {
            let missing = || Error::Invalid { what: "the password is missing".to_owned() };
            self.unlock_by_password(id, password.ok_or_else(missing)?)?;
        }
        self.temporary_end(id, PickupEnd::Deleted)
    }

    pub(in crate::gateway) fn sponsored(
        &self,
        actor: &Actor,
        id: &str,
    ) -> Result<AccountId, Error> {
        let id = AccountId(text::parse_hex(id).ok_or(MISSING)?);
        let row = self.temporary(id)?.ok_or(MISSING)?;
        match row.sponsor == actor.account() {
            true => Ok(id),
            false => Err(MISSING),
        }
    }

    fn temporary_at(&self, address: &str) -> Result<AccountId, Error> {
        let address = Address::parse(address).map_err(|_| MISSING)?;
        let id = self.temporary_of(&address)?.ok_or(MISSING)?;
        self.temporary(id)?.map(|_| id).ok_or(MISSING)
    }
}

/// The pick-up records of an account.
pub(in crate::gateway) fn pickups_in_tx(
    tx: &Tx<'_>,
    account: AccountId,
) -> Result<Vec<([u8; 16], Pickup)>, Error> {
    let mut keys = Vec::new();
    tx.scan(&PICKUPS_OF, &account, Order::Ascending, |(_, key), Due| {
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.extend(tx.get(&PICKUPS, &key)?.map(|pickup| (key, pickup)));
    }
    Ok(found)
}
