//! Groups whose members are computed: whom a member of the group, its voucher, attests.
//!
//! ```text
//! a manager asks a member ─ the member agrees ─ an attestation begins ─ it ends ─ the voucher ends it
//!       (terms)             (rows of all who      (a row, and a key      (the row goes, and the next
//!                            are attested)         that waits)            epoch is due)
//! ```
//!
//! The rows follow the attestations in the transactions that make and revoke them. What ends otherwise,
//! because its time is over or a key changed, counts no longer at once
//! (`records/membership.rs`), and is cleared away here before anything more is sealed
//! (`docs/decisions/0022-computed-groups.md`).

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable, undamaged};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::group::GROUPS_OF_MAX;
use crate::gateway::groups::member::{MEMBERS_MAX, removed_in_tx};
use crate::gateway::groups::rights::{By, manages_in_tx};
use crate::gateway::groups::tending::Tended;
use crate::gateway::groups::view::{GroupDetail, NOT_FOUND, Standing};
use crate::gateway::records::group::{
    Agreement, GroupChange, GroupMember, GroupTerms, GroupVoucher, InGroup, VouchedMember,
};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::membership::{
    counts, due_in_tx, facts, group_rows_of, is_member, voucher_of,
};
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{
    GROUP_MEMBERS, GROUP_TERMS, GROUP_WAITING, GROUPS, GROUPS_OF, VOUCHED_MEMBERS,
};
use crate::gateway::text::parse_hex;
use crate::store::Read;
use crate::terms::{GroupAct, GroupKind};
use crate::vault;

/// How many members one transaction clears away; each may have many keys.
const CLEARED_MAX: usize = 20;

const ONLY_VOUCHER: Error =
    Error::Denied { reason: "only the member who was asked agrees to vouch for a group" };

const ANOTHER: Error =
    Error::Denied { reason: "another member vouches for this group: that has to be ended first" };

const OTHERS: Error = Error::Denied {
    reason: "the group has members whom this voucher does not attest: remove them first",
};

/// An attestation in force, as far as groups depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Given {
    pub voucher: AccountId,
    pub subject: AccountId,
    pub attestation: [u8; 32],
    pub parties: [u8; 32],
    pub ends: Option<Timestamp>,
}

impl Given {
    fn vouched(&self, agreement: Agreement) -> VouchedMember {
        let Given { voucher, subject: _, attestation, parties, ends } = *self;
        VouchedMember { voucher, agreement: agreement.id, attestation, parties, ends }
    }

    /// Makes the one who is attested a member of a group. A group that is full, or somebody who is in
    /// as many as one may be, is no reason to refuse the attestation; neither is somebody who was named.
    fn join_in_tx(
        &self,
        tx: &mut Tx<'_, '_>,
        (group, agreed): (GroupId, Agreement),
        now: Timestamp,
    ) -> Result<(), Error> {
        let account = self.subject;
        let Some(mut row) = tx.get(&GROUPS, &group)? else { return Ok(()) };
        let is_there = tx.has(&GROUP_MEMBERS, &(group, account))?;
        // One that cannot be read is replaced.
        let was_computed = tx.has(&VOUCHED_MEMBERS, &(account, group))?;
        if is_there && !was_computed {
            return Ok(());
        }
        if !is_there && !has_room_in_tx(tx, group, account)? {
            tracing::warn!(account.id = %account.to_text(), "no room for a computed member");
            return Ok(());
        }
        let counted = is_there && is_member(&**tx, (group, account), now)?;
        tx.put(&VOUCHED_MEMBERS, &(account, group), &self.vouched(agreed))?;
        if let Some(ends) = self.ends {
            lapses_in_tx(tx, group, ends)?;
        }
        if !is_there {
            let member = GroupMember { manager: false, since: now, sealed_seen: None };
            tx.put(&GROUP_MEMBERS, &(group, account), &member)?;
            let closed = row.kind == GroupKind::Closed;
            tx.put(&GROUPS_OF, &(account, group), &InGroup { closed })?;
        }
        if !counted {
            // A group that keeps what was written before from new members begins another epoch, and so
            // does one in which somebody counts again who counted no longer.
            row.due |= !row.shares_earlier || is_there;
            tx.put(&GROUP_WAITING, &(group, account), &Due)?;
            let (act, who) = (GroupAct::Added, self.voucher);
            row.note(GroupChange { at: now, act, who, about: Some(account) });
            tx.put(&GROUPS, &group, &row)?;
        }
        tx.then(move |gateway| gateway.inner.addressees.forget(account));
        Ok(())
    }
}

/// Whether a group has room for one more, and an account may be in one more.
fn has_room_in_tx(tx: &Tx<'_, '_>, group: GroupId, account: AccountId) -> Result<bool, Error> {
    let members = tx.count(&GROUP_MEMBERS, &group)?;
    Ok(members < MEMBERS_MAX as u64 && group_rows_of(&**tx, account)?.len() < GROUPS_OF_MAX)
}

/// Has the computed members looked at by this time at the latest.
fn lapses_in_tx(tx: &mut Tx<'_, '_>, group: GroupId, at: Timestamp) -> Result<(), Error> {
    let mut terms = tx.get(&GROUP_TERMS, &group)?.unwrap_or_default();
    terms.lapses = Some(terms.lapses.map_or(at, |before| before.min(at)));
    Ok(tx.put(&GROUP_TERMS, &group, &terms)?)
}

/// The groups to which a voucher agreed.
fn agreed_in_tx(tx: &Tx<'_, '_>, voucher: AccountId) -> Result<Vec<(GroupId, Agreement)>, Error> {
    let mut found = Vec::new();
    for group in group_rows_of(&**tx, voucher)? {
        let own = voucher_of(&**tx, group)?.filter(|own| own.account == voucher);
        found.extend(own.and_then(|own| own.agreed).map(|agreed| (group, agreed)));
    }
    Ok(found)
}

/// Follows an attestation, in the transaction that stores it: in each group of its voucher, the one whom
/// it is about is a member.
pub(in crate::gateway) fn attested_in_tx(
    tx: &mut Tx<'_, '_>,
    given: &Given,
    now: Timestamp,
) -> Result<(), Error> {
    for (group, agreed) in agreed_in_tx(tx, given.voucher)? {
        given.join_in_tx(tx, (group, agreed), now)?;
    }
    Ok(())
}

/// Follows a revocation, in the transaction that stores it: the one whom it is about is out of each group
/// of the voucher.
pub(in crate::gateway) fn revoked_in_tx(
    tx: &mut Tx<'_, '_>,
    (voucher, subject): (AccountId, AccountId),
    now: Timestamp,
) -> Result<(), Error> {
    for (group, _) in agreed_in_tx(tx, voucher)? {
        // One that cannot be read is out as well.
        let row = readable(tx.get(&VOUCHED_MEMBERS, &(subject, group)))?;
        if row.is_none_or(|row| row.is_some_and(|row| row.voucher == voucher)) {
            out_in_tx(tx, (group, subject), voucher, now)?;
        }
    }
    Ok(())
}

/// Takes a computed member out, with all keys that were wrapped for it; the next epoch is due.
fn out_in_tx(
    tx: &mut Tx<'_, '_>,
    (group, account): (GroupId, AccountId),
    who: AccountId,
    now: Timestamp,
) -> Result<(), Error> {
    let mut row = removed_in_tx(tx, group, account)?;
    row.due = true;
    row.note(GroupChange { at: now, act: GroupAct::Removed, who, about: Some(account) });
    tx.put(&GROUPS, &group, &row)?;
    tx.then(move |gateway| {
        gateway.inner.addressees.forget(account);
        gateway.group_publish(&[account]);
    });
    Ok(())
}

/// Looks at the computed members of a group and clears some of those away who count no longer; returns
/// whether more are left.
fn cleared_in_tx(tx: &mut Tx<'_, '_>, group: GroupId, now: Timestamp) -> Result<bool, Error> {
    let Some(mut terms) = tx.get(&GROUP_TERMS, &group)? else { return Ok(false) };
    if tx.get(&GROUPS, &group)?.is_none() || terms.lapses.is_none_or(|at| at > now) {
        return Ok(false);
    }
    let mut accounts = Vec::new();
    tx.scan_keys(&GROUP_MEMBERS, &group, |(_, account)| {
        accounts.push(account);
        ControlFlow::Continue(())
    })?;
    let is_agreed = terms.voucher.as_ref().is_some_and(|voucher| voucher.agreed.is_some());
    let (mut over, mut lapses) = (Vec::new(), None);
    for account in accounts {
        let row = match readable(tx.get(&VOUCHED_MEMBERS, &(account, group)))? {
            Some(None) => continue,
            row => row.flatten(),
        };
        // Who cannot be told to count is out when the agreement ends, and not before: a closed group
        // protects still.
        if is_agreed && counts(&**tx, (group, account), now)? != Some(false) {
            lapses = lapses.into_iter().chain(row.and_then(|row| row.ends)).min();
            continue;
        }
        over.push((account, row.map_or(account, |row| row.voucher)));
    }
    for (account, who) in over.iter().take(CLEARED_MAX) {
        out_in_tx(tx, (group, *account), *who, now)?;
    }
    if over.len() > CLEARED_MAX {
        return Ok(true);
    }
    terms.lapses = lapses;
    tx.put(&GROUP_TERMS, &group, &terms)?;
    Ok(false)
}

impl Gateway {
    /// Clears away who is computed no longer, if it is time to look: before anything more is sealed for
    /// the group. Interrupted, it leaves members who count no more than before, and is done again.
    pub(in crate::gateway) fn group_lapse(&self, group: GroupId) -> Result<(), Error> {
        let now = self.inner.clock.now();
        // If nobody can tell who is a member, nothing more is sealed.
        let terms = self.inner.store.get(&GROUP_TERMS, &group)?;
        if terms.and_then(|terms| terms.lapses).is_none_or(|at| at > now) {
            return Ok(());
        }
        while self.transact(move |tx| cleared_in_tx(tx, group, now)).wait()? {}
        self.group_publish(&self.group_members(group)?);
        Ok(())
    }

    /// Asks a member to vouch for the members of a group: from the member's agreement on, they are the
    /// managers, the voucher, and those whom the voucher attests. Where another one agreed, that has to be
    /// ended first.
    pub fn group_voucher_ask(
        &self,
        actor: &Actor,
        id: &str,
        member: &str,
    ) -> Result<GroupDetail, Error> {
        let (group, _, standing) = self.group_seen(actor, id)?;
        if standing != Standing::Manager {
            return Err(Error::Denied { reason: "only the managers of a group name its voucher" });
        }
        let account = AccountId(parse_hex(member).ok_or(NO_MEMBER)?);
        let who = actor.account();
        let done = self.transact(move |tx| {
            manages_in_tx(tx, group, who, By::Members)?;
            let is_named = tx.has(&GROUP_MEMBERS, &(group, account))?
                && !tx.has(&VOUCHED_MEMBERS, &(account, group))?;
            if !is_named {
                return Err(NO_MEMBER);
            }
            let mut terms = tx.get(&GROUP_TERMS, &group)?.unwrap_or_default();
            if terms.voucher.as_ref().is_some_and(|voucher| voucher.account == account) {
                return Ok(());
            }
            if terms.voucher.is_some_and(|voucher| voucher.agreed.is_some()) {
                return Err(ANOTHER);
            }
            terms.voucher = Some(GroupVoucher { account, agreed: None });
            Ok(tx.put(&GROUP_TERMS, &group, &terms)?)
        });
        done.wait()?;
        self.group_publish(&self.group_members(group)?);
        self.group(actor, id)
    }

    /// Ends that the members of a group are computed, or that a member is asked: its managers do, and the
    /// voucher. Those who were computed are out.
    pub fn group_voucher_end(&self, actor: &Actor, id: &str) -> Result<GroupDetail, Error> {
        let (group, _, standing) = self.group_seen(actor, id)?;
        if standing == Standing::Outside {
            return Err(NOT_FOUND);
        }
        let who = actor.account();
        let done = self.transact(move |tx| {
            // Terms that are damaged are replaced by the strictest.
            let strictest = GroupTerms { hides_members: true, ..GroupTerms::default() };
            let mut terms = match undamaged(tx.get(&GROUP_TERMS, &group).map(Some))? {
                Some(terms) => terms.unwrap_or_default(),
                None => strictest,
            };
            let voucher = terms.voucher.take();
            if voucher.as_ref().is_none_or(|voucher| voucher.account != who) {
                manages_in_tx(tx, group, who, By::Members)?;
            }
            terms.lapses = Some(Timestamp(0));
            tx.put(&GROUP_TERMS, &group, &terms)?;
            // Nothing that was sealed before is stored after it.
            due_in_tx(tx, group)
        });
        let members = self.group_members(group)?;
        done.wait()?;
        self.group_lapse(group)?;
        self.group_publish(&members);
        self.group(actor, id)
    }

    /// Agrees to vouch for the members of a group, of whom the actor is one. `given` is whom the actor
    /// attests now.
    pub(in crate::gateway) fn group_voucher_agree(
        &self,
        actor: &Actor,
        id: &str,
        given: Vec<Given>,
    ) -> Result<GroupDetail, Error> {
        let (group, _, standing) = self.group_seen(actor, id)?;
        if standing == Standing::Outside {
            return Err(NOT_FOUND);
        }
        self.group_lapse(group)?;
        let (now, who) = (self.inner.clock.now(), actor.account());
        let agreed = Agreement { id: vault::random_bytes()?, at: now };
        let done = self.transact(move |tx| {
            let mut terms = tx.get(&GROUP_TERMS, &group)?.unwrap_or_default();
            let asked = terms.voucher.as_mut().filter(|voucher| voucher.account == who);
            let voucher = asked.ok_or(ONLY_VOUCHER)?;
            if voucher.agreed.is_some() {
                return Ok(());
            }
            voucher.agreed = Some(agreed);
            terms.lapses = Some(Timestamp(0));
            tx.put(&GROUP_TERMS, &group, &terms)?;
            named_in_tx(tx, (group, who), (&given, agreed), now)?;
            for one in &given {
                let facts = readable(facts(&**tx, (group, one.subject), now))?;
                if facts.is_some_and(|facts| one.vouched(agreed).counts(&facts)) {
                    one.join_in_tx(tx, (group, agreed), now)?;
                }
            }
            Ok(())
        });
        done.wait()?;
        self.group_tend(actor, group, &mut Tended::default())?;
        self.group_publish(&self.group_members(group)?);
        self.group(actor, id)
    }

    /// Wraps keys for those whom the actor has attested, and tells all members of the groups. Whatever
    /// fails here is done by the next request of any member.
    pub(in crate::gateway) fn groups_follow(&self, actor: &Actor) {
        let done = group_rows_of(&self.inner.store, actor.account()).and_then(|groups| {
            for group in groups {
                let own = voucher_of(&self.inner.store, group)?;
                if own.is_some_and(|own| own.account == actor.account() && own.agreed.is_some()) {
                    self.group_tend(actor, group, &mut Tended::default())?;
                    self.group_publish(&self.group_members(group)?);
                }
            }
            Ok(())
        });
        if let Err(error) = done {
            tracing::debug!(%error, "the keys of computed groups were not tended");
        }
    }
}

const NO_MEMBER: Error = Error::NotFound { what: "member" };

/// Of the members who were named, those who manage the group stay so, and the voucher; all others have to
/// be attested, and are computed from now on. Nobody is removed by an agreement.
fn named_in_tx(
    tx: &mut Tx<'_, '_>,
    (group, voucher): (GroupId, AccountId),
    (given, agreed): (&[Given], Agreement),
    now: Timestamp,
) -> Result<(), Error> {
    let mut named = Vec::new();
    tx.scan_keys(&GROUP_MEMBERS, &group, |(_, account)| {
        named.push(account);
        ControlFlow::Continue(())
    })?;
    for account in named.into_iter().filter(|account| *account != voucher) {
        let member: Option<GroupMember> = tx.get(&GROUP_MEMBERS, &(group, account))?;
        let is_computed = tx.has(&VOUCHED_MEMBERS, &(account, group))?;
        if is_computed || member.is_none_or(|member| member.manager) {
            continue;
        }
        let one = given.iter().find(|one| one.subject == account).ok_or(OTHERS)?;
        let vouched = one.vouched(agreed);
        if !vouched.counts(&facts(&**tx, (group, account), now)?) {
            return Err(OTHERS);
        }
        tx.put(&VOUCHED_MEMBERS, &(account, group), &vouched)?;
    }
    Ok(())
}
