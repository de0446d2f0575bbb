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
use crate::gateway::records::tables::{ACCOUNT_KEYS, GROUP_EPOCHS, GROUP_WAITING, GROUP_WRAPS};
use crate::store::{Read, Tx};
use crate::vault::{self, GroupSecret};

/// How many members one request wraps a key for; the others wait for the next.
pub(super) const WRAPS_AT_ONCE_MAX: usize = 50;

/// What a member's session opens of an epoch.
pub(in crate::gateway) enum Keys {
    Held(GroupSecret),
    /// Nobody wrapped the key for this member yet.
    Waiting,
    /// What the server holds does not belong together: it was changed, or put in its place.
    Differ,
}

/// An epoch that is about to begin.
pub(super) struct NewEpoch {
    number: u32,
    /// The version of the group whose members it was prepared for.
    version: u32,
    row: GroupEpoch,
    wraps: Vec<(AccountId, GroupWrap)>,
    waiting: Vec<AccountId>,
    about: Option<(Vec<u8>, Under)>,
}

fn wrap_binding(group: GroupId, epoch: u32, member: AccountId) -> Vec<u8> {
    [b"group key\0".as_slice(), &group.0, &epoch.to_be_bytes(), &member.0].concat()
}

/// What binds an epoch to the one before.
fn chain_binding(group: GroupId, epoch: u32) -> Vec<u8> {
    [b"group epoch\0".as_slice(), &group.0, &epoch.to_be_bytes()].concat()
}

/// The error of the vault for octets that are not what they should be.
fn is_wrong(error: &vault::Error) -> bool {
    matches!(error, vault::Error::Refused | vault::Error::Malformed)
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
        let Some(mut at) = from else { return Ok(Keys::Waiting) };
        let mut keys = self.group_unwrap(actor, group, at)?;
        while let Keys::Held(secret) = &keys
            && at > epoch
        {
            let row = readable(self.inner.store.get(&GROUP_EPOCHS, &(group, at)))?.flatten();
            let Some(sealed) = row.and_then(|row| row.sealed_earlier) else {
                return Ok(Keys::Waiting);
            };
            let earlier = secret.open_earlier(&chain_binding(group, at), &sealed);
            at -= 1;
            keys = self.group_checked(group, at, earlier)?;
        }
        Ok(keys)
    }

    /// Opens the epoch in use, and checks that who held the one before began it.
    pub(in crate::gateway) fn group_keys_in_use(
        &self,
        actor: &Actor,
        id: GroupId,
        group: &Group,
    ) -> Result<Keys, Error> {
        let keys = self.group_keys(actor, id, group.epoch)?;
        if group.epoch < 2 || !matches!(keys, Keys::Held(_)) {
            return Ok(keys);
        }
        let Keys::Held(before) = self.group_keys(actor, id, group.epoch - 1)? else {
            return Ok(keys);
        };
        let row = self.inner.store.get(&GROUP_EPOCHS, &(id, group.epoch))?;
        let proven = row.is_some_and(|row| {
            let bound = chain_binding(id, group.epoch);
            row.proof.is_some_and(|proof| before.proves_next(&bound, &row.public, &proof))
        });
        Ok(if proven { keys } else { Keys::Differ })
    }

    fn group_unwrap(&self, actor: &Actor, group: GroupId, epoch: u32) -> Result<Keys, Error> {
        let account = actor.account();
        let found = readable(self.inner.store.get(&GROUP_WRAPS, &(group, account, epoch)))?;
        let Some(wrap) = found.flatten() else { return Ok(Keys::Differ) };
        let bound = wrap_binding(group, epoch, account);
        self.group_checked(group, epoch, actor.secret().group_open(&wrap.wrapped, &bound))
    }

    /// Compares what was opened with the public half that the server would have others use.
    fn group_checked(
        &self,
        group: GroupId,
        epoch: u32,
        opened: Result<GroupSecret, vault::Error>,
    ) -> Result<Keys, Error> {
        let secret = match opened {
            Ok(secret) => secret,
            Err(error) if is_wrong(&error) => return Ok(Keys::Differ),
            Err(error) => return Err(error.into()),
        };
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
        let wrapped = secret.wrap_for(&public, &wrap_binding(group, epoch, account))?;
        Ok(Some(GroupWrap { wrapped, number: public.number }))
    }

    /// Prepares the epoch after the one in use, for these members; the actor is one of them.
    pub(super) fn group_epoch_prepare(
        &self,
        actor: &Actor,
        id: GroupId,
        group: &Group,
        members: &[AccountId],
    ) -> Result<NewEpoch, Error> {
        let number = group.epoch.checked_add(1).ok_or(Error::OverQuota)?;
        let (secret, public) = vault::group_epoch();
        let bound = chain_binding(id, number);
        let (mut sealed_earlier, mut proof) = (None, None);
        if let Keys::Held(before) = self.group_keys(actor, id, group.epoch)? {
            proof = Some(before.prove_next(&bound, &public)?);
            if group.shares_earlier {
                sealed_earlier = Some(secret.seal_earlier(&bound, &before)?);
            }
        }
        let (mut wraps, mut waiting) = (Vec::new(), Vec::new());
        let own = members.iter().filter(|one| **one == actor.account());
        let others = members.iter().filter(|one| **one != actor.account());
        for account in own.chain(others) {
            let wrap = match wraps.len() < WRAPS_AT_ONCE_MAX {
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
            tx.put(&GROUP_WRAPS, &(id, *account, self.number), wrap)?;
            tx.delete(&GROUP_WAITING, &(id, *account));
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
}
