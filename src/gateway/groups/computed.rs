//! Groups whose members are computed: whom a member of the group, its voucher, attests.
//!
//! ```text
//! a manager asks a member ─ the member agrees ─ an attestation begins ─ it ends ─ the voucher ends it
//!       (terms)             (rows of all who      (a row, and a key      (the row goes, and the next
//!                            are attested)         that waits)            epoch is due)
//! ```
//!
//! Who is a member no longer counts as none from the transaction on that says so
//! (`records/membership.rs`): it only marks the groups. What follows for the rows is done in steps before
//! anything more is sealed: they are cleared away, and those join whom an agreement made members
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
    GROUP_JOINING, GROUP_MEMBERS, GROUP_TERMS, GROUP_WAITING, GROUP_WRAPS, GROUPS, GROUPS_OF,
    VOUCHED_MEMBERS,
};
use crate::gateway::text::parse_hex;
use crate::store::Read;
use crate::terms::{GroupAct, GroupKind};
use crate::vault;

/// How many members one transaction clears away, and how many rows of their keys.
const CLEARED_MAX: usize = 20;
const WRAPS_CLEARED_MAX: usize = 500;

/// How many members join in one transaction.
const JOINED_MAX: usize = 20;

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
    fn of(subject: AccountId, vouched: &VouchedMember) -> Given {
        let VouchedMember { voucher, agreement: _, attestation, parties, ends } = *vouched;
        Given { voucher, subject, attestation, parties, ends }
    }

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
/// it is about is a member. Of many groups, some are joined in the steps that come after it; who is a
/// member there already stays one without a gap.
pub(in crate::gateway) fn attested_in_tx(
    tx: &mut Tx<'_, '_>,
    given: &Given,
    now: Timestamp,
) -> Result<(), Error> {
    for (n, (group, agreed)) in agreed_in_tx(tx, given.voucher)?.into_iter().enumerate() {
        let terms = tx.get(&GROUP_TERMS, &group)?.unwrap_or_default();
        // Rows that count no longer would take the room: they are cleared away first.
        let is_clear = terms.lapses.is_none_or(|at| at > now);
        let is_there = tx.has(&GROUP_MEMBERS, &(group, given.subject))?;
        if is_there || n < JOINED_MAX && is_clear {
            given.join_in_tx(tx, (group, agreed), now)?;
        } else {
            tx.put(&GROUP_JOINING, &(group, given.subject), &given.vouched(agreed))?;
            lapses_in_tx(tx, group, Timestamp(0))?;
        }
    }
    Ok(())
}

/// Follows a revocation, in the transaction that stores it: the one whom it is about counts no longer in
/// the groups of the voucher, and nothing that was sealed for them before is stored after it. The rows are
/// cleared away in the steps that come after it.
pub(in crate::gateway) fn revoked_in_tx(
    tx: &mut Tx<'_, '_>,
    (voucher, subject): (AccountId, AccountId),
) -> Result<(), Error> {
    for (group, agreed) in agreed_in_tx(tx, voucher)? {
        match readable(tx.get(&VOUCHED_MEMBERS, &(subject, group)))? {
            Some(Some(row)) if row.voucher == voucher => {}
            Some(_) => continue,
            // In place of one that cannot be read, there is one that is over.
            None => {
                let agreement = agreed.id;
                let (attestation, parties, ends) = ([0; 32], [0; 32], Some(Timestamp(0)));
                let over = VouchedMember { voucher, agreement, attestation, parties, ends };
                tx.put(&VOUCHED_MEMBERS, &(subject, group), &over)?;
            }
        }
        lapses_in_tx(tx, group, Timestamp(0))?;
        due_in_tx(tx, group)?;
    }
    tx.then(move |gateway| {
        gateway.inner.addressees.forget(subject);
        gateway.group_publish(&[subject]);
    });
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

/// One step of what follows for the rows of a group: some of those who count no longer are cleared away,
/// and when there are none of them, some join. Returns whether another step is to come.
fn step_in_tx(tx: &mut Tx<'_, '_>, group: GroupId, now: Timestamp) -> Result<bool, Error> {
    let Some(mut terms) = tx.get(&GROUP_TERMS, &group)? else { return Ok(false) };
    if tx.get(&GROUPS, &group)?.is_none() || terms.lapses.is_none_or(|at| at > now) {
        return Ok(false);
    }
    let agreed = terms.voucher.as_ref().and_then(|voucher| voucher.agreed);
    let Looked { over, lapses } = looked_in_tx(tx, (group, agreed), now)?;
    let mut room = WRAPS_CLEARED_MAX;
    for (account, who) in over.iter().take(CLEARED_MAX) {
        if !wraps_cleared_in_tx(tx, (group, *account), &mut room)? {
            return Ok(true);
        }
        out_in_tx(tx, (group, *account), *who, now)?;
    }
    if over.len() > CLEARED_MAX || joined_in_tx(tx, (group, agreed), now)? {
        return Ok(true);
    }
    terms.lapses = lapses;
    tx.put(&GROUP_TERMS, &group, &terms)?;
    Ok(false)
}

/// The computed members of a group, as they are now.
#[derive(Default)]
struct Looked {
    /// Those who count no longer, each with who vouched.
    over: Vec<(AccountId, AccountId)>,
    /// When the next one may count no longer.
    lapses: Option<Timestamp>,
}

fn looked_in_tx(
    tx: &Tx<'_, '_>,
    (group, agreed): (GroupId, Option<Agreement>),
    now: Timestamp,
) -> Result<Looked, Error> {
    let mut accounts = Vec::new();
    tx.scan_keys(&GROUP_MEMBERS, &group, |(_, account)| {
        accounts.push(account);
        ControlFlow::Continue(())
    })?;
    let Looked { mut over, mut lapses } = Looked::default();
    for account in accounts {
        let row = match readable(tx.get(&VOUCHED_MEMBERS, &(account, group)))? {
            Some(None) => continue,
            row => row.flatten(),
        };
        // Who cannot be told to count is out when the agreement ends, and not before: a closed group
        // protects still.
        if agreed.is_some() && counts(&**tx, (group, account), now)? != Some(false) {
            lapses = lapses.into_iter().chain(row.and_then(|row| row.ends)).min();
            continue;
        }
        over.push((account, row.map_or(account, |row| row.voucher)));
    }
    Ok(Looked { over, lapses })
}

/// Removes keys that were wrapped for somebody who counts no longer, as far as there is room; returns
/// whether that were all.
fn wraps_cleared_in_tx(
    tx: &mut Tx<'_, '_>,
    key: (GroupId, AccountId),
    room: &mut usize,
) -> Result<bool, Error> {
    let (mut wraps, mut is_all) = (Vec::new(), true);
    tx.scan_keys(&GROUP_WRAPS, &key, |wrap| {
        is_all = wraps.len() < *room;
        if !is_all {
            return ControlFlow::Break(());
        }
        wraps.push(wrap);
        ControlFlow::Continue(())
    })?;
    *room -= wraps.len();
    wraps.iter().for_each(|wrap| tx.delete(&GROUP_WRAPS, wrap));
    Ok(is_all)
}

/// Lets some join whom an attestation or an agreement made members, if they still count; returns whether
/// there were any.
fn joined_in_tx(
    tx: &mut Tx<'_, '_>,
    (group, agreed): (GroupId, Option<Agreement>),
    now: Timestamp,
) -> Result<bool, Error> {
    let mut some = Vec::new();
    tx.scan_keys(&GROUP_JOINING, &group, |(_, account)| {
        some.push(account);
        if some.len() == JOINED_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    for account in &some {
        let key = (group, *account);
        let vouched = readable(tx.get(&GROUP_JOINING, &key))?.flatten();
        tx.delete(&GROUP_JOINING, &key);
        let facts = readable(facts(&**tx, key, now))?;
        let counts = |row: &VouchedMember| facts.is_some_and(|facts| row.counts(&facts));
        if let Some((row, agreed)) = vouched.filter(counts).zip(agreed) {
            Given::of(*account, &row).join_in_tx(tx, (group, agreed), now)?;
        }
    }
    Ok(!some.is_empty())
}

impl Gateway {
    /// Clears away who is computed no longer, and lets those join who are to be members, if it is time to
    /// look: before anything more is sealed for the group. Interrupted, it leaves members who count no more
    /// than before, and others who are none yet, and is done again.
    pub(in crate::gateway) fn group_lapse(&self, group: GroupId) -> Result<(), Error> {
        let now = self.inner.clock.now();
        // If nobody can tell who is a member, nothing more is sealed.
        let terms = self.inner.store.get(&GROUP_TERMS, &group)?;
        if terms.and_then(|terms| terms.lapses).is_none_or(|at| at > now) {
            return Ok(());
        }
        while self.group_step(group)? {}
        self.group_publish(&self.group_members(group)?);
        Ok(())
    }

    /// One step of that, in one transaction; returns whether another is to come.
    pub(in crate::gateway) fn group_step(&self, group: GroupId) -> Result<bool, Error> {
        let now = self.inner.clock.now();
        self.transact(move |tx| step_in_tx(tx, group, now)).wait()
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
        self.group_voucher_agreed(actor.account(), group, given)?;
        self.group_lapse(group)?;
        self.group_tend(actor, group, &mut Tended::default())?;
        self.group_publish(&self.group_members(group)?);
        self.group(actor, id)
    }

    /// The agreement: who is a member stays one, and those whom the voucher attests join in the steps that
    /// come after it.
    pub(in crate::gateway) fn group_voucher_agreed(
        &self,
        who: AccountId,
        group: GroupId,
        given: Vec<Given>,
    ) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let agreed = Agreement { id: vault::random_bytes()?, at: now };
        let done = self.transact(move |tx| {
            let mut terms = tx.get(&GROUP_TERMS, &group)?.unwrap_or_default();
            let asked = terms.voucher.as_mut().filter(|voucher| voucher.account == who);
            let voucher = asked.ok_or(ONLY_VOUCHER)?;
            if voucher.agreed.is_some() {
                return Ok(());
            }
            // What is cleared away takes with it that somebody is to join.
            if terms.lapses.is_some_and(|at| at <= now) {
                return Err(Error::Busy);
            }
            voucher.agreed = Some(agreed);
            terms.lapses = Some(Timestamp(0));
            tx.put(&GROUP_TERMS, &group, &terms)?;
            named_in_tx(tx, (group, who), (&given, agreed), now)?;
            for one in &given {
                tx.put(&GROUP_JOINING, &(group, one.subject), &one.vouched(agreed))?;
            }
            Ok(())
        });
        done.wait()
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
