//! The epochs of a group's keys: opening one, and beginning the next.
//!
//! Whatever the server hands a member is checked with what the member holds: a wrapped key against the
//! public half in use, and a new epoch against the proof that a holder of the one before left in it.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::groups::about::About;
use crate::gateway::records::group::{Group, GroupEpoch, GroupWrap, Under};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, GROUP_EPOCHS, GROUP_MEMBERS, GROUP_WAITING, GROUP_WRAPS,
};
use crate::store::{Read, Tx};
use crate::vault::{self, GroupSecret};

/// How many members one request wraps a key for; the others wait for the next.
pub(super) const WRAPS_AT_ONCE_MAX: usize = 50;

/// What a member's session opens of an epoch.
pub(in crate::gateway) enum Keys<S = GroupSecret> {
    Held(S),
    /// Nobody wrapped the key for this member yet.
    Waiting,
    /// They open, and nothing shows that a member began them.
    Unproven,
    /// What the server holds does not belong together: it was changed, or put in its place.
    Differ,
}

/// What a member's session knew of a group's keys.
enum Seen {
    Nothing,
    Epoch(u32),
    /// The server shows something else in the place of what was seen.
    Differs,
}

/// How many epochs are opened one from another, and how many are proven one by another, at most in one
/// question.
pub(in crate::gateway) const CHAIN_MAX: u32 = 2_000;
const LINKS_MAX: u32 = 100;

/// An epoch that is about to begin.
pub(in crate::gateway) struct NewEpoch {
    number: u32,
    /// The version of the group whose members it was prepared for.
    version: u32,
    row: GroupEpoch,
    wraps: Vec<(AccountId, GroupWrap)>,
    waiting: Vec<AccountId>,
    about: Option<(Vec<u8>, Under)>,
}

pub(in crate::gateway) fn wrap_binding(group: GroupId, epoch: u32, member: AccountId) -> Vec<u8> {
    [b"group key\0".as_slice(), &group.0, &epoch.to_be_bytes(), &member.0].concat()
}

/// What binds an epoch to the one before.
pub(in crate::gateway) fn chain_binding(group: GroupId, epoch: u32) -> Vec<u8> {
    [b"group epoch\0".as_slice(), &group.0, &epoch.to_be_bytes()].concat()
}

fn seen_binding(group: GroupId, member: AccountId) -> Vec<u8> {
    [b"group seen\0".as_slice(), &group.0, &member.0].concat()
}

/// The error of the vault for octets that are not what they should be.
pub(in crate::gateway) fn is_wrong(error: &vault::Error) -> bool {
    matches!(error, vault::Error::Refused | vault::Error::Malformed)
}

/// Whether the epoch in use follows from what a member knew.
pub(in crate::gateway) enum Genuine {
    Yes,
    /// It was begun without a proof, or the way to it has a gap.
    Unproven,
    No,
}

/// Whether an epoch follows, link by link, from the one that was known.
pub(in crate::gateway) fn follows(
    (known, in_use): (u32, u32),
    mut link: impl FnMut(u32) -> Result<Genuine, Error>,
) -> Result<Genuine, Error> {
    if known > in_use {
        // A server that goes back to an earlier epoch has others seal under what some kept.
        return Ok(Genuine::No);
    }
    if in_use - known > LINKS_MAX {
        return Ok(Genuine::Unproven);
    }
    for epoch in (known + 1..=in_use).rev() {
        match link(epoch)? {
            Genuine::Yes => {}
            other => return Ok(other),
        }
    }
    Ok(Genuine::Yes)
}

impl Gateway {
    /// Opens an epoch for a member: by its own wrap, or from a later epoch back.
    pub(in crate::gateway) fn group_keys(
        &self,
        actor: &Actor,
        group: GroupId,
        epoch: u32,
    ) -> Result<Keys, Error> {
        let mut from = None;
        self.inner.store.scan_keys(&GROUP_WRAPS, &(group, actor.account()), |(_, _, one)| {
            if one >= epoch {
                from = Some(one);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        let Some(mut at) = from.filter(|from| from - epoch <= CHAIN_MAX) else {
            return Ok(Keys::Waiting);
        };
        let mut secret = match self.group_unwrap(actor, group, at)? {
            Keys::Held(secret) => secret,
            keys => return Ok(keys),
        };
        while at > epoch {
            let row = readable(self.inner.store.get(&GROUP_EPOCHS, &(group, at)))?.flatten();
            let Some(sealed) = row.and_then(|row| row.sealed_earlier) else {
                return Ok(Keys::Waiting);
            };
            secret = match secret.open_earlier(&chain_binding(group, at), &sealed) {
                Ok(earlier) => earlier,
                Err(error) if is_wrong(&error) => return Ok(Keys::Differ),
                Err(error) => return Err(error.into()),
            };
            at -= 1;
        }
        self.group_checked(group, epoch, secret)
    }

    /// Opens the epoch in use, and checks that it follows, epoch by epoch, from the latest one that this
    /// member knew. A new member has nothing to compare with.
    pub(in crate::gateway) fn group_keys_in_use(
        &self,
        actor: &Actor,
        id: GroupId,
        group: &Group,
    ) -> Result<Keys, Error> {
        let secret = match self.group_keys(actor, id, group.epoch)? {
            Keys::Held(secret) => secret,
            keys => return Ok(keys),
        };
        Ok(match self.group_genuine(actor, id, group.epoch)? {
            Genuine::Yes => Keys::Held(secret),
            Genuine::Unproven => Keys::Unproven,
            Genuine::No => Keys::Differ,
        })
    }

    fn group_genuine(&self, actor: &Actor, id: GroupId, in_use: u32) -> Result<Genuine, Error> {
        let known = match self.group_seen_epoch(actor, id)? {
            Seen::Epoch(epoch) => Some(epoch),
            Seen::Differs => return Ok(Genuine::No),
            Seen::Nothing => self.group_wrapped_before(actor, id, in_use)?,
        };
        let Some(known) = known else { return Ok(Genuine::Yes) };
        // What everybody inside reads, anybody inside could hand on: a long way is not asked about.
        if id == GroupId::EVERYBODY && in_use.saturating_sub(known) > LINKS_MAX {
            return Ok(Genuine::Yes);
        }
        follows((known, in_use), |epoch| self.group_link(actor, id, epoch))
    }

    /// Whether a holder of the epoch before began this one.
    fn group_link(&self, actor: &Actor, id: GroupId, epoch: u32) -> Result<Genuine, Error> {
        let row = readable(self.inner.store.get(&GROUP_EPOCHS, &(id, epoch)))?.flatten();
        let Some(row) = row else { return Ok(Genuine::No) };
        let before = match self.group_keys(actor, id, epoch - 1)? {
            Keys::Held(before) => before,
            Keys::Differ => return Ok(Genuine::No),
            Keys::Waiting | Keys::Unproven => return Ok(Genuine::Unproven),
        };
        let Some(proof) = row.proof else { return Ok(Genuine::Unproven) };
        Ok(match before.proves_next(&chain_binding(id, epoch), &row.public, &proof) {
            true => Genuine::Yes,
            false => Genuine::No,
        })
    }

    /// The latest epoch that the member's own session found to be genuine, if the server still shows it.
    fn group_seen_epoch(&self, actor: &Actor, id: GroupId) -> Result<Seen, Error> {
        let key = (id, actor.account());
        let member = readable(self.inner.store.get(&GROUP_MEMBERS, &key))?.flatten();
        let Some(sealed) = member.and_then(|member| member.sealed_seen) else {
            return Ok(Seen::Nothing);
        };
        let opened = actor.secret().open_own(&seen_binding(id, actor.account()), &sealed);
        let Ok(plain) = opened else { return Ok(Seen::Differs) };
        let Some((epoch, digest)) = plain.split_first_chunk::<4>() else {
            return Ok(Seen::Differs);
        };
        let epoch = u32::from_be_bytes(*epoch);
        let row = readable(self.inner.store.get(&GROUP_EPOCHS, &(id, epoch)))?.flatten();
        let same = row.is_some_and(|row| vault::group_public_digest(&row.public) == digest);
        Ok(if same { Seen::Epoch(epoch) } else { Seen::Differs })
    }

    /// The latest epoch before this one of which the member has a wrap of its own.
    fn group_wrapped_before(
        &self,
        actor: &Actor,
        id: GroupId,
        epoch: u32,
    ) -> Result<Option<u32>, Error> {
        let mut found = None;
        self.inner.store.scan_keys(&GROUP_WRAPS, &(id, actor.account()), |(_, _, one)| {
            if one >= epoch {
                return ControlFlow::Break(());
            }
            found = Some(one);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Remembers, sealed for the member alone, that its session found this epoch to be genuine.
    pub(super) fn group_seen_note(
        &self,
        actor: &Actor,
        id: GroupId,
        epoch: u32,
    ) -> Result<(), Error> {
        let Some(row) = self.inner.store.get(&GROUP_EPOCHS, &(id, epoch))? else { return Ok(()) };
        let (number, digest) = (epoch.to_be_bytes(), vault::group_public_digest(&row.public));
        let plain = [number.as_slice(), &digest].concat();
        let bound = seen_binding(id, actor.account());
        let sealed = actor.secret().seal_own(&bound, &plain)?;
        let key = (id, actor.account());
        let done = self.transact(move |tx| {
            let Some(mut member) = tx.get(&GROUP_MEMBERS, &key)? else { return Ok(()) };
            member.sealed_seen = Some(sealed.clone());
            Ok(tx.put(&GROUP_MEMBERS, &key, &member)?)
        });
        done.wait()
    }

    /// Whether the member's session has already found this epoch to be genuine.
    pub(super) fn group_is_seen(
        &self,
        actor: &Actor,
        id: GroupId,
        epoch: u32,
    ) -> Result<bool, Error> {
        Ok(matches!(self.group_seen_epoch(actor, id)?, Seen::Epoch(seen) if seen == epoch))
    }

    fn group_unwrap(&self, actor: &Actor, group: GroupId, epoch: u32) -> Result<Keys, Error> {
        let account = actor.account();
        let found = readable(self.inner.store.get(&GROUP_WRAPS, &(group, account, epoch)))?;
        let Some(wrap) = found.flatten() else { return Ok(Keys::Differ) };
        let bound = wrap_binding(group, epoch, account);
        match actor.secret().group_open(&wrap.wrapped, &bound) {
            Ok(secret) => Ok(Keys::Held(secret)),
            Err(error) if is_wrong(&error) => Ok(Keys::Differ),
            Err(error) => Err(error.into()),
        }
    }

    /// The epochs before the one in use, as far as the member opens them, the latest first. What was sealed
    /// under a wrong one does not open.
    pub(in crate::gateway) fn group_epochs_before(
        &self,
        actor: &Actor,
        id: GroupId,
        (first, in_use): (u32, u32),
        secret: &GroupSecret,
    ) -> Result<Vec<(u32, GroupSecret)>, Error> {
        let first = first.max(in_use.saturating_sub(CHAIN_MAX)).max(1);
        let mut found: Vec<(u32, GroupSecret)> = Vec::new();
        for epoch in (first..in_use).rev() {
            let later = match found.last() {
                Some((number, later)) if *number == epoch + 1 => Some(later),
                _ => (epoch + 1 == in_use).then_some(secret),
            };
            let row = readable(self.inner.store.get(&GROUP_EPOCHS, &(id, epoch + 1)))?.flatten();
            let sealed = row.and_then(|row| row.sealed_earlier);
            let bound = chain_binding(id, epoch + 1);
            let back = later
                .zip(sealed)
                .and_then(|(later, sealed)| later.open_earlier(&bound, &sealed).ok());
            let opened = match back {
                Some(secret) => Keys::Held(secret),
                None => self.group_unwrap(actor, id, epoch)?,
            };
            if let Keys::Held(secret) = opened {
                found.push((epoch, secret));
            }
        }
        Ok(found)
    }

    /// Compares what was opened with the public half that the server would have others use.
    fn group_checked(
        &self,
        group: GroupId,
        epoch: u32,
        secret: GroupSecret,
    ) -> Result<Keys, Error> {
        let row = readable(self.inner.store.get(&GROUP_EPOCHS, &(group, epoch)))?.flatten();
        let Some(row) = row else { return Ok(Keys::Differ) };
        Ok(if secret.matches(&row.public)? { Keys::Held(secret) } else { Keys::Differ })
    }

    /// Wraps an epoch for an account.
    pub(super) fn group_wrap(
        &self,
        secret: &GroupSecret,
        group: GroupId,
        epoch: u32,
        account: AccountId,
    ) -> Result<Option<GroupWrap>, Error> {
        let keys = readable(self.inner.store.get(&ACCOUNT_KEYS, &account))?.flatten();
        let Some(keys) = keys else { return Ok(None) };
        let public = keys.public_key();
        match secret.wrap_for(&public, &wrap_binding(group, epoch, account)) {
            Ok(wrapped) => Ok(Some(GroupWrap { wrapped, number: public.number })),
            // One account whose keys are damaged is in nobody's way.
            Err(error) if is_wrong(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Prepares the epoch after the one in use, for these members; the actor is one of them.
    pub(in crate::gateway) fn group_epoch_prepare(
        &self,
        actor: &Actor,
        id: GroupId,
        group: &Group,
        members: &[AccountId],
        wraps_max: usize,
    ) -> Result<NewEpoch, Error> {
        let number = group.epoch.checked_add(1).ok_or(Error::OverQuota)?;
        let (secret, public) = vault::group_epoch();
        let bound = chain_binding(id, number);
        let (mut sealed_earlier, mut proof) = (None, None);
        if let Keys::Held(before) = self.group_keys(actor, id, group.epoch)? {
            proof = Some(before.prove_next(&bound, &public)?);
            if group.shares_earlier && number > group.shares_from {
                sealed_earlier = Some(secret.seal_earlier(&bound, &before)?);
            }
        }
        let (mut wraps, mut waiting) = (Vec::new(), Vec::new());
        let own = members.iter().filter(|one| **one == actor.account());
        let others = members.iter().filter(|one| **one != actor.account());
        for account in own.chain(others) {
            let wrap = match wraps.len() < wraps_max.max(1) {
                true => self.group_wrap(&secret, id, number, *account)?,
                false => None,
            };
            match wrap {
                Some(wrap) => wraps.push((*account, wrap)),
                None => waiting.push(*account),
            }
        }
        let about = self.group_about_anew(actor, id, group, (number, &secret))?;
        let row = GroupEpoch { public, began: self.inner.clock.now(), sealed_earlier, proof };
        Ok(NewEpoch { number, version: group.version, row, wraps, waiting, about })
    }

    /// Seals the name under a new epoch, so that who joins later reads it.
    fn group_about_anew(
        &self,
        actor: &Actor,
        id: GroupId,
        group: &Group,
        (epoch, secret): (u32, &GroupSecret),
    ) -> Result<Option<(Vec<u8>, Under)>, Error> {
        let before = group.about_under;
        if before.group != id || group.sealed_about.is_empty() {
            return Ok(None);
        }
        let Keys::Held(opens) = self.group_keys(actor, id, before.epoch)? else { return Ok(None) };
        let Some(about) = readable(About::open(&group.sealed_about, id, before, &opens))? else {
            return Ok(None);
        };
        let under = Under { group: id, epoch };
        Ok(Some((about.seal(id, under, secret)?, under)))
    }
}

impl NewEpoch {
    /// Whether it was prepared for the group as it is, and follows the epoch in use.
    pub fn fits(&self, group: &Group) -> bool {
        group.version == self.version && group.epoch.checked_add(1) == Some(self.number)
    }

    /// Stores the epoch; the caller stores the group.
    pub fn store_in_tx(
        &self,
        tx: &mut Tx<'_>,
        id: GroupId,
        group: &mut Group,
    ) -> Result<(), Error> {
        tx.put(&GROUP_EPOCHS, &(id, self.number), &self.row)?;
        for (account, wrap) in &self.wraps {
            wrap_in_tx(tx, id, self.number, (*account, wrap))?;
        }
        for account in &self.waiting {
            tx.put(&GROUP_WAITING, &(id, *account), &Due)?;
        }
        if let Some((sealed, under)) = &self.about {
            (group.sealed_about, group.about_under) = (sealed.clone(), *under);
        }
        (group.epoch, group.due) = (self.number, false);
        Ok(())
    }

    /// For how many members it is wrapped.
    pub fn wrapped(&self) -> usize {
        self.wraps.len()
    }
}

/// Stores a wrap for a member who waits no more. Of everybody inside, whose epochs lead back, an account
/// keeps the one before besides, which proves the next; wraps of a group that keeps the past from new
/// members are all kept.
pub(super) fn wrap_in_tx(
    tx: &mut Tx<'_>,
    id: GroupId,
    epoch: u32,
    (account, wrap): (AccountId, &GroupWrap),
) -> Result<(), Error> {
    if id == GroupId::EVERYBODY {
        let mut old = Vec::new();
        tx.scan_keys(&GROUP_WRAPS, &(id, account), |(_, _, one)| {
            old.push(one);
            ControlFlow::Continue(())
        })?;
        old.pop();
        old.into_iter().for_each(|one| tx.delete(&GROUP_WRAPS, &(id, account, one)));
    }
    tx.put(&GROUP_WRAPS, &(id, account, epoch), wrap)?;
    tx.delete(&GROUP_WAITING, &(id, account));
    Ok(())
}
