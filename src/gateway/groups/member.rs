//! Who is in a group, and who manages it.
//!
//! Somebody who leaves or is removed loses access in the same transaction. If the one who removes holds the
//! key, that transaction begins the next epoch as well; otherwise the epoch in use becomes due.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::epochs::{Keys, NewEpoch, WRAPS_AT_ONCE_MAX};
use crate::gateway::groups::group::GROUPS_OF_MAX;
use crate::gateway::groups::rights::{By, manages_in_tx};
use crate::gateway::groups::tending::Tended;
use crate::gateway::groups::view::{GroupDetail, NOT_FOUND, Standing};
use crate::gateway::records::group::{Group, GroupChange, GroupMember, GroupWrap, InGroup};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::membership::{group_rows_of, is_member, mailboxes_of, voucher_of};
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{
    ACCOUNTS, GROUP_JOINING, GROUP_MEMBERS, GROUP_TERMS, GROUP_WAITING, GROUP_WRAPS, GROUPS,
    GROUPS_OF, VOUCHED_MEMBERS,
};
use crate::gateway::text::parse_hex;
use crate::mail::address::Address;
use crate::store::{Order, Read};
use crate::terms::{GroupAct, GroupKind};

/// The most members of a group.
pub const MEMBERS_MAX: usize = 500;

const NO_MEMBER: Error = Error::NotFound { what: "member" };

const COMPUTED: Error =
    Error::Denied { reason: "the members of this group are those whom its voucher attests" };

/// What a change of the members does for the keys.
enum Access {
    /// The next epoch begins in the same transaction.
    Begins(NewEpoch),
    /// The new member gets this epoch, if it is still in use.
    Wrapped(GroupWrap, u32),
    /// A member's next request has to do it.
    Later,
}

impl Gateway {
    /// Adds the person inside with this login name or address.
    pub fn group_member_add(
        &self,
        actor: &Actor,
        id: &str,
        name: &str,
    ) -> Result<GroupDetail, Error> {
        let (group, _) = self.group_managed(actor, id)?;
        let account = self.group_candidate(actor, name.trim())?.ok_or(NO_MEMBER)?;
        self.group_tend(actor, group, &mut Tended::default())?;
        let row = self.inner.store.get(&GROUPS, &group)?.ok_or(NOT_FOUND)?;
        let access = self.access_of_new(actor, group, &row, account)?;
        let (now, who) = (self.inner.clock.now(), actor.account());
        let done = self.transact(move |tx| {
            manages_in_tx(tx, group, who, By::Members)?;
            if voucher_of(&**tx, group)?.is_some_and(|voucher| voucher.agreed.is_some()) {
                return Err(COMPUTED);
            }
            let mut row = added_in_tx(tx, group, account, now)?;
            match &access {
                Access::Begins(new) if new.fits(&row) => new.store_in_tx(tx, group, &mut row)?,
                Access::Wrapped(wrap, epoch) if *epoch == row.epoch && !row.due => {
                    tx.put(&GROUP_WRAPS, &(group, account, row.epoch), wrap)?;
                }
                _ => {
                    // A group that keeps what was written before from new members begins another epoch.
                    row.due |= !row.shares_earlier;
                    tx.put(&GROUP_WAITING, &(group, account), &Due)?;
                }
            }
            row.note(GroupChange { at: now, act: GroupAct::Added, who, about: Some(account) });
            tx.put(&GROUPS, &group, &row)?;
            tx.then(move |gateway| gateway.inner.addressees.forget(account));
            Ok(())
        });
        done.wait()?;
        self.group_publish(&self.group_members(group)?);
        self.group(actor, id)
    }

    /// Removes a member, or lets the actor leave. The last member takes the group along.
    pub fn group_member_remove(&self, actor: &Actor, id: &str, member: &str) -> Result<(), Error> {
        let (group, row, standing) = self.group_seen(actor, id)?;
        let account = AccountId(parse_hex(member).ok_or(NO_MEMBER)?);
        let leaves = account == actor.account();
        let may = leaves || standing == Standing::Manager || actor.is_manager();
        if !may {
            return Err(Error::Denied { reason: "only the managers of a group remove members" });
        }
        // Members are removed also where nobody can tell who is one by an attestation.
        readable(self.group_lapse(group))?;
        let members = self.group_members(group)?;
        if !members.contains(&account) {
            return Err(NO_MEMBER);
        }
        if leaves && members.len() == 1 {
            return self.group_destroy(group, (account, By::LastMember));
        }
        let begins = match leaves {
            // Who leaves must not know the next key.
            true => None,
            false => self.epoch_without(actor, group, &row, account)?,
        };
        let (now, who) = (self.inner.clock.now(), actor.account());
        let act = if leaves { GroupAct::Left } else { GroupAct::Removed };
        let by_site = actor.is_manager() && !leaves;
        let done = self.transact(move |tx| {
            // A manager of the site removes the last manager as well, and names another.
            if !leaves {
                manages_in_tx(tx, group, who, By::MembersOrSite)?;
                // The voucher decides; who was computed may leave.
                if tx.has(&VOUCHED_MEMBERS, &(account, group))? {
                    return Err(COMPUTED);
                }
            }
            if !by_site {
                not_last_manager_in_tx(tx, group, account)?;
            }
            let mut row = removed_in_tx(tx, group, account)?;
            match &begins {
                Some(new) if new.fits(&row) => new.store_in_tx(tx, group, &mut row)?,
                _ => row.due = true,
            }
            row.note(GroupChange { at: now, act, who, about: Some(account) });
            tx.put(&GROUPS, &group, &row)?;
            tx.then(move |gateway| gateway.inner.addressees.forget(account));
            Ok(())
        });
        done.wait()?;
        self.group_publish(&members);
        Ok(())
    }

    /// Takes an account that is being removed out of its groups. A group of which it was the only member
    /// goes with it, unless it reads a role mailbox: then a manager of the site ends that first. If it was
    /// the only manager, a manager of the site names another.
    pub(in crate::gateway) fn groups_leave(&self, account: AccountId) -> Result<(), Error> {
        let now = self.inner.clock.now();
        self.groups_joining_forget(account)?;
        for group in group_rows_of(&self.inner.store, account)? {
            readable(self.group_lapse(group))?;
            let members = self.group_members(group)?;
            let has_mailbox = !mailboxes_of(&self.inner.store, group)?.is_empty();
            if members == [account] && !has_mailbox {
                self.group_destroy(group, (account, By::LastMember))?;
                continue;
            }
            let done = self.transact(move |tx| {
                if tx.get(&GROUP_MEMBERS, &(group, account))?.is_none() {
                    return Ok(());
                }
                let mut row = removed_in_tx(tx, group, account)?;
                row.due = true;
                let (act, who) = (GroupAct::Left, account);
                row.note(GroupChange { at: now, act, who, about: Some(account) });
                Ok(tx.put(&GROUPS, &group, &row)?)
            });
            done.wait()?;
            self.group_publish(&members);
        }
        Ok(())
    }

    /// Forgets where an account was about to join. The table is empty, or nearly.
    fn groups_joining_forget(&self, account: AccountId) -> Result<(), Error> {
        let mut rows = Vec::new();
        self.inner.store.scan_keys(&GROUP_JOINING, &(), |(group, other)| {
            rows.extend((other == account).then_some(group));
            ControlFlow::Continue(())
        })?;
        if rows.is_empty() {
            return Ok(());
        }
        let done = self.transact(move |tx| {
            rows.iter().for_each(|group| tx.delete(&GROUP_JOINING, &(*group, account)));
            Ok(())
        });
        done.wait()
    }

    /// Makes a member a manager of the group, or an ordinary member again.
    pub fn group_member_change(
        &self,
        actor: &Actor,
        id: &str,
        member: &str,
        manager: bool,
    ) -> Result<GroupDetail, Error> {
        let (group, _, standing) = self.group_seen(actor, id)?;
        if standing != Standing::Manager && !actor.is_manager() {
            return Err(Error::Denied { reason: "only the managers of a group name managers" });
        }
        let account = AccountId(parse_hex(member).ok_or(NO_MEMBER)?);
        self.group_lapse(group)?;
        let (now, who) = (self.inner.clock.now(), actor.account());
        let done = self.transact(move |tx| {
            manages_in_tx(tx, group, who, By::MembersOrSite)?;
            // Who is attested no longer is no member, whatever the rows say.
            if !is_member(&**tx, (group, account), now)? {
                return Err(NO_MEMBER);
            }
            let mut row = tx.get(&GROUPS, &group)?.ok_or(NOT_FOUND)?;
            let mut found = tx.get(&GROUP_MEMBERS, &(group, account))?.ok_or(NO_MEMBER)?;
            if found.manager == manager {
                return Ok(());
            }
            if !manager && !has_other_manager(tx, group, account)? {
                return Err(Error::Conflict(Conflict::LastGroupManager));
            }
            if manager {
                // Managers are named: what they may do does not end with an attestation.
                tx.delete(&VOUCHED_MEMBERS, &(account, group));
            } else if voucher_of(&**tx, group)?
                .is_some_and(|voucher| voucher.agreed.is_some() && voucher.account != account)
            {
                return Err(COMPUTED);
            }
            found.manager = manager;
            tx.put(&GROUP_MEMBERS, &(group, account), &found)?;
            let act = if manager { GroupAct::ManagerGranted } else { GroupAct::ManagerRevoked };
            row.note(GroupChange { at: now, act, who, about: Some(account) });
            Ok(tx.put(&GROUPS, &group, &row)?)
        });
        done.wait()?;
        self.group_publish(&self.group_members(group)?);
        self.group(actor, id)
    }

    /// The group, which the actor manages as one of its members. A manager of the site who is none adds
    /// nobody: a new member reads what the group writes.
    fn group_managed(&self, actor: &Actor, id: &str) -> Result<(GroupId, Group), Error> {
        match self.group_seen(actor, id)? {
            (group, row, Standing::Manager) => Ok((group, row)),
            _ => Err(Error::Denied { reason: "only the managers of a group add members" }),
        }
    }

    /// The person whom the actor may add: with this address, or with this login name where the directory
    /// shows it. There is one answer for nobody, and for somebody whom the actor may not see.
    fn group_candidate(&self, actor: &Actor, name: &str) -> Result<Option<AccountId>, Error> {
        let asker = self.asker(actor.account())?;
        let address = match Address::parse(name) {
            Ok(address) => Some(address),
            Err(_) => {
                let found = self.address_of_colleague(&asker, name)?;
                found.and_then(|found| Address::parse(&found).ok())
            }
        };
        let Some(address) = address.and_then(|address| self.as_ours(&address)) else {
            return Ok(None);
        };
        for form in address.stored_forms() {
            if let Some(account) = self.account_at(&form)? {
                let sees = self.group_able(account)? && self.reaches(&asker, account)?;
                return Ok(Some(account).filter(|_| sees));
            }
        }
        Ok(None)
    }

    /// Prepares what a new member reads.
    fn access_of_new(
        &self,
        actor: &Actor,
        group: GroupId,
        row: &Group,
        account: AccountId,
    ) -> Result<Access, Error> {
        let Keys::Held(secret) = self.group_keys_in_use(actor, group, row)? else {
            return Ok(Access::Later);
        };
        if row.due {
            return Ok(Access::Later);
        }
        if row.shares_earlier {
            let wrap = self.group_wrap(&secret, group, row.epoch, account)?;
            return Ok(wrap.map_or(Access::Later, |wrap| Access::Wrapped(wrap, row.epoch)));
        }
        let mut members = self.group_able_members(group)?;
        members.push(account);
        self.group_epoch_prepare(actor, group, row, &members, WRAPS_AT_ONCE_MAX).map(Access::Begins)
    }

    /// Prepares the epoch that a member does not get, if the actor holds the one in use.
    fn epoch_without(
        &self,
        actor: &Actor,
        group: GroupId,
        row: &Group,
        account: AccountId,
    ) -> Result<Option<NewEpoch>, Error> {
        let holds = matches!(self.group_keys_in_use(actor, group, row)?, Keys::Held(_));
        if !holds || !self.group_has(group, actor.account())? {
            return Ok(None);
        }
        let mut members = self.group_able_members(group)?;
        members.retain(|one| *one != account);
        self.group_epoch_prepare(actor, group, row, &members, WRAPS_AT_ONCE_MAX).map(Some)
    }
}

/// Puts a member into a group that has room for one more; returns the group.
fn added_in_tx(
    tx: &mut Tx<'_, '_>,
    group: GroupId,
    account: AccountId,
    now: Timestamp,
) -> Result<Group, Error> {
    let row = tx.get(&GROUPS, &group)?.ok_or(NOT_FOUND)?;
    if !is_able_in_tx(tx, account)? {
        return Err(NO_MEMBER);
    }
    let mut members = 0;
    tx.scan_keys(&GROUP_MEMBERS, &group, |_| {
        members += 1;
        ControlFlow::Continue(())
    })?;
    if members >= MEMBERS_MAX || group_rows_of(&**tx, account)?.len() >= GROUPS_OF_MAX {
        return Err(Error::OverQuota);
    }
    let member = GroupMember { manager: false, since: now, sealed_seen: None };
    if !tx.insert(&GROUP_MEMBERS, &(group, account), &member)? {
        return Err(Error::Conflict(Conflict::Exists));
    }
    let closed = row.kind == GroupKind::Closed;
    tx.put(&GROUPS_OF, &(account, group), &InGroup { closed })?;
    Ok(row)
}

/// Removes a member with all keys that were wrapped for it; returns the group. With its voucher, those who
/// were computed count no longer.
pub(super) fn removed_in_tx(
    tx: &mut Tx<'_, '_>,
    group: GroupId,
    account: AccountId,
) -> Result<Group, Error> {
    let mut row = tx.get(&GROUPS, &group)?.ok_or(NOT_FOUND)?;
    tx.delete(&VOUCHED_MEMBERS, &(account, group));
    if voucher_of(&**tx, group)?.is_some_and(|voucher| voucher.account == account) {
        let mut terms = tx.get(&GROUP_TERMS, &group)?.unwrap_or_default();
        (terms.voucher, terms.lapses) = (None, Some(Timestamp(0)));
        tx.put(&GROUP_TERMS, &group, &terms)?;
        // An epoch that is being prepared has those in it who were computed.
        row.version = row.version.wrapping_add(1);
    }
    tx.delete(&GROUP_MEMBERS, &(group, account));
    tx.delete(&GROUPS_OF, &(account, group));
    tx.delete(&GROUP_WAITING, &(group, account));
    tx.delete(&GROUP_JOINING, &(group, account));
    let mut wraps = Vec::new();
    tx.scan_keys(&GROUP_WRAPS, &(group, account), |key| {
        wraps.push(key);
        ControlFlow::Continue(())
    })?;
    wraps.iter().for_each(|key| tx.delete(&GROUP_WRAPS, key));
    Ok(row)
}

fn not_last_manager_in_tx(
    tx: &Tx<'_, '_>,
    group: GroupId,
    account: AccountId,
) -> Result<(), Error> {
    let member = tx.get(&GROUP_MEMBERS, &(group, account))?.ok_or(NO_MEMBER)?;
    match member.manager && !has_other_manager(tx, group, account)? {
        true => Err(Error::Conflict(Conflict::LastGroupManager)),
        false => Ok(()),
    }
}

/// Whether another manager of the group can sign in.
fn has_other_manager(tx: &Tx<'_, '_>, group: GroupId, account: AccountId) -> Result<bool, Error> {
    let mut others = Vec::new();
    tx.scan(&GROUP_MEMBERS, &group, Order::Ascending, |(_, other), member| {
        if other != account && member.manager {
            others.push(other);
        }
        ControlFlow::Continue(())
    })?;
    for other in others {
        if is_able_in_tx(tx, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_able_in_tx(tx: &Tx<'_, '_>, account: AccountId) -> Result<bool, Error> {
    let row = tx.get(&ACCOUNTS, &account)?;
    Ok(row.is_some_and(|row| !row.disabled && !row.addresses.is_empty()))
}
