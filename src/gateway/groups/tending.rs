//! What a member's request does for the keys of its groups: it begins an epoch that is due, and wraps
//! keys for members who wait.
//!
//! Nobody else can do it: the daemon holds no key of a group. Each step is a transaction of its own, and
//! leaves a state from which the next request of any member goes on.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::event::EventKind;
use crate::gateway::groups::epochs::{Keys, WRAPS_AT_ONCE_MAX, wrap_in_tx};
use crate::gateway::records::group::{Group, GroupWrap, Under};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::membership::{groups_of, is_member, members_of};
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{COUNTERS, GROUP_WAITING, GROUP_WRAPS, GROUPS, TEMPORARY};
use crate::gateway::text::parse_hex;
use crate::store::Read;
use crate::terms::{GroupKind, GroupWriters};

const NO_GROUP: Error = Error::NotFound { what: "group" };

/// What a request did for the keys of groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// How many epochs began.
    pub begun: usize,
    /// For how many members a key was wrapped.
    pub wrapped: usize,
    /// Whether others still wait for what this account holds: ask again.
    pub more: bool,
}

impl Gateway {
    /// Does what is due for the keys of the actor's groups, a bounded amount of it. An error in one group
    /// does not keep it from the others.
    pub fn groups_tend(&self, actor: &Actor) -> Result<Tended, Error> {
        let mut tended = Tended::default();
        if actor.is_temporary() {
            return Ok(tended);
        }
        self.everybody_ensure()?;
        let groups = groups_of(&self.inner.store, actor.account(), self.inner.clock.now())?;
        let mut done = Ok(());
        for id in [GroupId::EVERYBODY].into_iter().chain(groups) {
            if tended.wrapped >= WRAPS_AT_ONCE_MAX {
                tended.more = true;
                break;
            }
            done = done.and(self.group_tend(actor, id, &mut tended));
        }
        done.map(|()| tended)
    }

    /// The same for a page that is only read: it is shown also where nothing can be written.
    pub fn groups_tend_or_not(&self, actor: &Actor) {
        if let Err(error) = self.groups_tend(actor) {
            tracing::debug!(%error, "the keys of groups were not tended");
        }
    }

    /// Does what is due for the keys of one group that the actor is in.
    pub(in crate::gateway) fn group_tend(
        &self,
        actor: &Actor,
        id: GroupId,
        tended: &mut Tended,
    ) -> Result<(), Error> {
        if !self.group_holds(id, actor.account())? {
            return Ok(());
        }
        self.group_lapse(id)?;
        let Some(group) = readable(self.inner.store.get(&GROUPS, &id))?.flatten() else {
            return Ok(());
        };
        let has_wrap = self.inner.store.has(&GROUP_WRAPS, &(id, actor.account(), group.epoch))?;
        if !has_wrap {
            return match self.group_is_lost(id, &group)? {
                true => self.group_renew(actor, id, &group, tended),
                false => self.group_wait(actor.account(), id),
            };
        }
        let waiting = self.group_waiting(id, tended)?;
        let is_seen = id == GroupId::EVERYBODY || self.group_is_seen(actor, id, group.epoch)?;
        if !group.due && is_seen && waiting.is_empty() {
            return Ok(());
        }
        // Who finds that keys were put in their place, or cannot tell, builds nothing on them.
        let secret = match self.group_keys_in_use(actor, id, &group)? {
            Keys::Held(secret) => secret,
            _ => return Ok(()),
        };
        if !is_seen {
            self.group_seen_note(actor, id, group.epoch)?;
        }
        if group.due {
            return self.group_renew(actor, id, &group, tended);
        }
        let mut wraps = Vec::with_capacity(waiting.len());
        for account in waiting {
            let wrap = match self.group_holds(id, account)? {
                true => self.group_wrap(&secret, id, group.epoch, account)?,
                false => None,
            };
            wraps.push((account, wrap));
        }
        self.group_wraps_store(id, group.epoch, wraps, tended)
    }

    /// Takes keys that nothing proves for the group's own, because other members said that they began
    /// them.
    pub fn group_keys_accept(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let id = GroupId(parse_hex(id).ok_or(NO_GROUP)?);
        let is_member = id != GroupId::EVERYBODY && self.group_holds(id, actor.account())?;
        let row = self.inner.store.get(&GROUPS, &id)?.filter(|_| is_member).ok_or(NO_GROUP)?;
        match self.group_keys_in_use(actor, id, &row)? {
            Keys::Unproven => self.group_seen_note(actor, id, row.epoch),
            Keys::Held(_) => Ok(()),
            Keys::Waiting => Err(Error::Conflict(Conflict::GroupKeysWait)),
            Keys::Differ => Err(Error::KeysDiffer),
        }
    }

    /// Whether no member has a wrap of the epoch in use, so that nobody will ever wrap it for others. Who
    /// leaves loses all wraps; a member whose account is disabled may come back, or is removed.
    fn group_is_lost(&self, id: GroupId, group: &Group) -> Result<bool, Error> {
        let mut found = false;
        self.inner.store.scan_keys(&GROUP_WRAPS, &id, |(_, _, epoch)| {
            found = epoch == group.epoch;
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(!found)
    }

    /// Begins another epoch. If the group changed meanwhile, the next request does it.
    fn group_renew(
        &self,
        actor: &Actor,
        id: GroupId,
        group: &Group,
        tended: &mut Tended,
    ) -> Result<(), Error> {
        let members = match id == GroupId::EVERYBODY {
            true => self.everybody_at_first(actor.account(), group)?,
            false => self.group_able_members(id)?,
        };
        let wraps_max = WRAPS_AT_ONCE_MAX.saturating_sub(tended.wrapped);
        let new = self.group_epoch_prepare(actor, id, group, &members, wraps_max)?;
        let wrapped = new.wrapped();
        let done = self.transact(move |tx| {
            let found = tx.get(&GROUPS, &id)?.filter(|row| new.fits(row));
            let Some(mut row) = found else { return Ok(false) };
            new.store_in_tx(tx, id, &mut row)?;
            tx.put(&GROUPS, &id, &row)?;
            Ok(true)
        });
        if done.wait()? {
            tended.begun += 1;
            tended.wrapped += wrapped;
            tended.more |= wrapped < members.len();
            if id != GroupId::EVERYBODY {
                self.group_seen_note(actor, id, group.epoch + 1)?;
                self.group_publish(&members);
            }
        }
        Ok(())
    }

    /// Those whom the next epoch of everybody inside is wrapped for at once, of those who hold the one
    /// in use. All others say themselves that they wait, when they are signed in.
    fn everybody_at_first(&self, own: AccountId, group: &Group) -> Result<Vec<AccountId>, Error> {
        let mut found = vec![own];
        let mut holders = Vec::new();
        self.inner.store.scan_keys(&GROUP_WRAPS, &GroupId::EVERYBODY, |(_, account, epoch)| {
            if epoch == group.epoch && account != own {
                holders.push(account);
            }
            ControlFlow::Continue(())
        })?;
        for account in holders {
            if found.len() == WRAPS_AT_ONCE_MAX {
                break;
            }
            if self.group_able(account)? {
                found.push(account);
            }
        }
        Ok(found)
    }

    /// Says that an account waits for the epoch in use, so that the next request of a holder wraps it.
    fn group_wait(&self, account: AccountId, id: GroupId) -> Result<(), Error> {
        if self.inner.store.has(&GROUP_WAITING, &(id, account))? {
            return Ok(());
        }
        let done = self.transact(move |tx| Ok(tx.put(&GROUP_WAITING, &(id, account), &Due)?));
        done.wait()
    }

    /// Those who wait for a key of a group, as many as this request still wraps it for.
    fn group_waiting(&self, id: GroupId, tended: &mut Tended) -> Result<Vec<AccountId>, Error> {
        let most = WRAPS_AT_ONCE_MAX.saturating_sub(tended.wrapped);
        let mut found = Vec::new();
        let more = &mut tended.more;
        self.inner.store.scan_keys(&GROUP_WAITING, &id, |(_, account)| {
            if found.len() == most {
                *more = true;
                return ControlFlow::Break(());
            }
            found.push(account);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Stores wrapped keys for those who are still members; `None` is for one who is none any more.
    fn group_wraps_store(
        &self,
        id: GroupId,
        epoch: u32,
        wraps: Vec<(AccountId, Option<GroupWrap>)>,
        tended: &mut Tended,
    ) -> Result<(), Error> {
        if wraps.is_empty() {
            return Ok(());
        }
        let now = self.inner.clock.now();
        let done = self.transact(move |tx| {
            let row = tx.get(&GROUPS, &id)?;
            let in_use = row.is_some_and(|row| row.epoch == epoch && !row.due);
            let mut wrapped = Vec::new();
            for (account, wrap) in &wraps {
                let key = (id, *account);
                let is_member = id == GroupId::EVERYBODY || is_member(&**tx, key, now)?;
                if !in_use {
                    break;
                }
                match wrap.as_ref().filter(|_| is_member) {
                    Some(wrap) => {
                        wrap_in_tx(tx, id, epoch, (*account, wrap))?;
                        wrapped.push(*account);
                    }
                    None => tx.delete(&GROUP_WAITING, &key),
                }
            }
            Ok(wrapped)
        });
        let wrapped = done.wait()?;
        tended.wrapped += wrapped.len();
        self.group_publish(&wrapped);
        Ok(())
    }

    /// Creates the group of everybody inside, which has no members' rows, name or address.
    pub(in crate::gateway) fn everybody_ensure(&self) -> Result<(), Error> {
        let id = GroupId::EVERYBODY;
        if self.inner.store.has(&GROUPS, &id)? {
            return Ok(());
        }
        let now = self.inner.clock.now();
        let done = self.transact(move |tx| {
            let row = Group {
                kind: GroupKind::Plain,
                listed: false,
                shares_earlier: true,
                shares_from: 0,
                writers: GroupWriters::Members,
                address: None,
                created: now,
                version: 0,
                epoch: 0,
                due: false,
                sealed_about: Vec::new(),
                about_under: Under { group: id, epoch: 0 },
                changes: Vec::new(),
                dropped: 0,
            };
            tx.insert(&GROUPS, &id, &row)?;
            Ok(())
        });
        done.wait()
    }

    /// Whether an account may hold the keys of a group: it is a member who can sign in.
    pub(in crate::gateway) fn group_holds(
        &self,
        id: GroupId,
        account: AccountId,
    ) -> Result<bool, Error> {
        let is_member = id == GroupId::EVERYBODY || self.group_has(id, account)?;
        Ok(is_member && self.group_able(account)?)
    }

    /// Whether an account inside can sign in.
    pub(in crate::gateway) fn group_able(&self, account: AccountId) -> Result<bool, Error> {
        let found = match self.account(account) {
            Err(Error::NotFound { .. }) => None,
            found => readable(found)?,
        };
        let enabled = found.is_some_and(|row| !row.disabled && !row.addresses.is_empty());
        Ok(enabled && !self.inner.store.has(&TEMPORARY, &account)?)
    }

    /// The members of a group who can sign in.
    pub(in crate::gateway) fn group_able_members(
        &self,
        id: GroupId,
    ) -> Result<Vec<AccountId>, Error> {
        let mut able = Vec::new();
        for account in self.group_members(id)? {
            if self.group_able(account)? {
                able.push(account);
            }
        }
        Ok(able)
    }

    /// The members of a group, whether they can sign in or not.
    pub(in crate::gateway) fn group_members(&self, id: GroupId) -> Result<Vec<AccountId>, Error> {
        members_of(&self.inner.store, id, self.inner.clock.now())
    }

    /// Tells the listeners of these accounts that something about their groups changed.
    pub(in crate::gateway) fn group_publish(&self, accounts: &[AccountId]) {
        for account in accounts {
            self.publish(*account, EventKind::Groups, self.modseq(*account));
        }
    }

    /// The number of the latest change of an account, which a hint names.
    pub(in crate::gateway) fn modseq(&self, account: AccountId) -> u64 {
        let counters = self.inner.store.get(&COUNTERS, &account).ok().flatten();
        counters.unwrap_or_default().modseq
    }
}
