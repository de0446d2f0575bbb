//! Giving a group a role mailbox, and the list of those that somebody reads or manages.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::rights::{By, manages_in_tx};
use crate::gateway::groups::view::{Standing, denied_to_outsiders};
use crate::gateway::records::account::{Account, Owner};
use crate::gateway::records::group::{Group, GroupChange};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::mailbox::Holder;
use crate::gateway::records::membership::mailboxes_of;
use crate::gateway::records::numbers::{self, INBOX};
use crate::gateway::records::role::RoleMailbox;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, ACCOUNTS, ADDRESSES, GROUP_ADDRESSES, GROUPS, HELD_NAMES, MAILBOXES,
    ROLE_MAILBOXES,
};
use crate::gateway::roles::opening::NOT_FOUND;
use crate::gateway::roles::sealing::is_kept;
use crate::gateway::text::parse_hex;
use crate::mail::address::Address;
use crate::store::Read;
use crate::terms::{AcceptFrom, GroupAct, GroupKind};
use crate::vault::{self, Lookup};

/// The most role mailboxes of a site, and of one group.
pub const ROLES_MAX: usize = 200;
pub const ROLES_OF_GROUP_MAX: usize = 10;

/// A role mailbox, as a member of its group or a manager of the site sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleView {
    pub id: AccountId,
    pub address: String,
    pub group: GroupId,
    /// `None` if it cannot be read, or not yet.
    pub group_name: Option<String>,
    /// The unread messages in its inbox.
    pub unread: u64,
    /// Whether the actor reads it.
    pub opens: bool,
    /// Whether the actor rejects and deletes for all its readers.
    pub manages: bool,
    /// Whether the actor may end it.
    pub may_end: bool,
    /// Whether ending it was interrupted.
    pub ending: bool,
}

const ADDRESS_DENIED: Error =
    Error::Denied { reason: "only managers of the site give groups this address" };

/// Refuses a group whose members do not all read what comes, or which takes no mail from elsewhere.
fn check_group(row: &Group) -> Result<(), Error> {
    if row.kind == GroupKind::Closed {
        let what = "a closed group takes no mail from elsewhere".to_owned();
        return Err(Error::Invalid { what });
    }
    if !row.shares_earlier {
        let what = "new members of the group have to read what was written before".to_owned();
        return Err(Error::Invalid { what });
    }
    Ok(())
}

impl Gateway {
    /// Gives a group a mailbox at this address, which nobody else has.
    pub fn role_create(
        &self,
        actor: &Actor,
        group: &str,
        address: &str,
    ) -> Result<RoleView, Error> {
        let (id, row, standing) = self.group_seen(actor, group)?;
        check_group(&row)?;
        let address = self.role_address(address)?;
        let is_for_site = address.is_role();
        let by_group = standing == Standing::Manager
            && self.may(actor, self.inner.settings.group_addresses_by);
        if !actor.is_manager() && (is_for_site || !by_group) {
            return Err(ADDRESS_DENIED);
        }
        let (account, now) = (AccountId(vault::random_bytes()?), self.inner.clock.now());
        let address = address.normalized();
        let owner = Account {
            name: address.clone(),
            display_name: String::new(),
            // Like one of an outsider it is in no directory and in no list of people.
            addresses: Vec::new(),
            disabled: false,
            accept_from: AcceptFrom::Both,
            created: now,
            last_sign_in: None,
            last_interaction: None,
            manager: false,
            must_choose: false,
        };
        let who = actor.account();
        let mailbox = RoleMailbox { group: id, address, since: now, first_epoch: 0, ending: false };
        let done = self.transact(move |tx| {
            may_in_tx(tx, (id, is_for_site), who)?;
            let mut row = tx.get(&GROUPS, &id)?.ok_or(NOT_FOUND)?;
            check_group(&row)?;
            within_in_tx(tx, id)?;
            let key = tx.vault().lookup(Lookup::Address, mailbox.address.as_bytes());
            if tx.get(&HELD_NAMES, &key)?.is_some_and(|held| held.until > now) {
                return Err(Error::Conflict(Conflict::NameHeld));
            }
            let is_free =
                !tx.has(&GROUP_ADDRESSES, &key)? && tx.insert(&ADDRESSES, &key, &Owner(account))?;
            if !is_free {
                return Err(Error::Conflict(Conflict::Exists));
            }
            let mailbox = RoleMailbox { first_epoch: row.epoch, ..mailbox.clone() };
            tx.put(&ROLE_MAILBOXES, &account, &mailbox)?;
            tx.put(&ACCOUNTS, &account, &owner)?;
            numbers::create_all_in_tx(tx, account, Holder::User)?;
            row.note(GroupChange { at: now, act: GroupAct::MailChanged, who, about: None });
            tx.put(&GROUPS, &id, &row)?;
            tx.then(move |gateway| gateway.inner.addressees.forget(account));
            Ok(())
        });
        done.wait()?;
        self.group_publish(&self.group_members(id)?);
        let views = self.role_list(actor)?;
        views.into_iter().find(|one| one.id == account).ok_or(NOT_FOUND)
    }

    /// The role mailboxes that the actor reads; for a manager of the site, all.
    pub fn role_list(&self, actor: &Actor) -> Result<Vec<RoleView>, Error> {
        denied_to_outsiders(actor)?;
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&ROLE_MAILBOXES, &(), |account, row| {
            rows.push((account, row));
            ControlFlow::Continue(())
        })?;
        let mut views = Vec::new();
        for (account, row) in rows {
            views.extend(self.role_view(actor, account, row)?);
        }
        views.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(views)
    }

    fn role_view(
        &self,
        actor: &Actor,
        account: AccountId,
        row: RoleMailbox,
    ) -> Result<Option<RoleView>, Error> {
        let standing = self.group_standing(actor, row.group)?;
        let is_member = standing != Standing::Outside;
        if !is_member && !actor.is_manager() {
            return Ok(None);
        }
        // One group that cannot be read hides no other's mailbox.
        let group = readable(self.inner.store.get(&GROUPS, &row.group))?.flatten();
        let Some(group) = group else { return Ok(None) };
        let about = match is_member || group.listed {
            true => self.group_about(actor, row.group, &group)?,
            false => None,
        };
        let inbox = readable(self.inner.store.get(&MAILBOXES, &(account, INBOX)))?.flatten();
        let manages = standing == Standing::Manager;
        Ok(Some(RoleView {
            id: account,
            group: row.group,
            group_name: about.map(|about| about.name),
            // How much comes is for those who read it.
            unread: inbox.filter(|_| is_member).map_or(0, |inbox| inbox.unread),
            opens: is_member && !row.ending,
            manages,
            may_end: actor.is_manager() || manages && !is_role(&row.address),
            ending: row.ending,
            address: row.address,
        }))
    }

    /// The mailbox that the actor may end.
    pub(in crate::gateway) fn role_to_end(
        &self,
        actor: &Actor,
        id: &str,
    ) -> Result<(AccountId, RoleMailbox), Error> {
        denied_to_outsiders(actor)?;
        let account = AccountId(parse_hex(id).ok_or(NOT_FOUND)?);
        let row = self.inner.store.get(&ROLE_MAILBOXES, &account)?.ok_or(NOT_FOUND)?;
        let view = self.role_view(actor, account, row.clone())?.ok_or(NOT_FOUND)?;
        match view.may_end {
            true => Ok((account, row)),
            false => Err(Error::Denied { reason: "only managers end a role mailbox" }),
        }
    }

    /// The account of the role mailbox that takes mail for postmaster of a domain.
    pub(in crate::gateway) fn role_postmaster(
        &self,
        domain: &str,
    ) -> Result<Option<AccountId>, Error> {
        let Some(account) = self.account_at(&format!("postmaster@{domain}"))? else {
            return Ok(None);
        };
        Ok(is_kept(&self.inner.store, account)?.then_some(account))
    }

    /// Whether somebody could read what comes to this account: always, unless it is a role mailbox that is
    /// being ended, or whose group has no member who can sign in and has keys.
    pub(in crate::gateway) fn has_readers(&self, account: AccountId) -> Result<bool, Error> {
        let row = match readable(self.inner.store.get(&ROLE_MAILBOXES, &account))? {
            None => return Ok(false),
            Some(None) => return Ok(true),
            Some(Some(row)) => row,
        };
        if row.ending {
            return Ok(false);
        }
        for member in self.group_members(row.group)? {
            let keys = readable(self.inner.store.get(&ACCOUNT_KEYS, &member))?.flatten();
            if keys.is_some() && self.group_able(member)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// An address for a role mailbox: in a local domain, and nobody's.
    fn role_address(&self, text: &str) -> Result<Address, Error> {
        let invalid = |_| Error::Invalid { what: format!("{text:?} is not a valid address") };
        let address = Address::parse(text.trim()).map_err(invalid)?;
        // `user+detail` is the address of that user.
        let ours = self.as_ours(&address).filter(|address| !address.local().contains('+'));
        let what = format!("{text} is not an address in a local domain that a group can have");
        let address = ours.ok_or(Error::Invalid { what })?;
        for form in address.stored_forms() {
            if self.account_at(&form)?.is_some() {
                return Err(Error::Conflict(Conflict::Exists));
            }
        }
        Ok(address)
    }
}

pub(in crate::gateway) fn is_role(address: &str) -> bool {
    Address::parse(address).is_ok_and(|address| address.is_role())
}

/// Who may give a group this kind of address and take it back, asked in the transaction.
pub(in crate::gateway) fn may_in_tx(
    tx: &Tx<'_, '_>,
    (group, is_for_site): (GroupId, bool),
    who: AccountId,
) -> Result<(), Error> {
    match is_for_site {
        true if tx.get(&ACCOUNTS, &who)?.is_some_and(|row| row.manages()) => Ok(()),
        true => Err(ADDRESS_DENIED),
        false => manages_in_tx(tx, group, who, By::MembersOrSite),
    }
}

/// Refuses one mailbox more than there may be.
fn within_in_tx(tx: &Tx<'_, '_>, group: GroupId) -> Result<(), Error> {
    let mut all = 0;
    tx.scan_keys(&ROLE_MAILBOXES, &(), |_| {
        all += 1;
        ControlFlow::Continue(())
    })?;
    match all < ROLES_MAX && mailboxes_of(&**tx, group)?.len() < ROLES_OF_GROUP_MAX {
        true => Ok(()),
        false => Err(Error::OverQuota),
    }
}
