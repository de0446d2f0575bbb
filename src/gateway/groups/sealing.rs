//! What other features use to seal something for a group, and to open it.
//!
//! What is sealed names the epoch that it is sealed under ([`Under`]). The transaction that stores it
//! calls [`still_sealed_in_tx`]: an epoch that became due meanwhile is used no more.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::epochs::Keys;
use crate::gateway::groups::tending::Tended;
use crate::gateway::groups::view::NOT_FOUND;
use crate::gateway::records::group::Under;
use crate::gateway::records::ids::GroupId;
use crate::gateway::records::tables::{GROUP_EPOCHS, GROUPS};
use crate::store::Read;
use crate::vault::GroupSecret;

pub(super) const KEYS_WAIT: Error = Error::Conflict(Conflict::GroupKeysWait);

impl Gateway {
    /// The epoch in which a member seals something for a group now. One that is due is followed by
    /// another first.
    pub fn group_sealing(
        &self,
        actor: &Actor,
        group: GroupId,
    ) -> Result<(Under, GroupSecret), Error> {
        if !self.group_holds(group, actor.account())? {
            return Err(NOT_FOUND);
        }
        self.group_tend(actor, group, &mut Tended::default())?;
        let row = self.inner.store.get(&GROUPS, &group)?.ok_or(NOT_FOUND)?;
        match self.group_keys_in_use(actor, group, &row)? {
            Keys::Held(secret) if !row.due => Ok((Under { group, epoch: row.epoch }, secret)),
            Keys::Differ => Err(Error::KeysDiffer),
            Keys::Unproven => Err(Error::Conflict(Conflict::GroupKeysUnproven)),
            Keys::Held(_) | Keys::Waiting => Err(KEYS_WAIT),
        }
    }

    /// Opens the epoch that something was sealed under.
    pub fn group_opening(&self, actor: &Actor, under: Under) -> Result<GroupSecret, Error> {
        if !self.group_holds(under.group, actor.account())? {
            return Err(NOT_FOUND);
        }
        match self.group_keys(actor, under.group, under.epoch)? {
            Keys::Held(secret) => Ok(secret),
            Keys::Waiting | Keys::Unproven => Err(KEYS_WAIT),
            Keys::Differ => Err(Error::KeysDiffer),
        }
    }

    /// The public half to which somebody who need not be a member wraps a content key. While the epoch
    /// in use is due there is none.
    pub fn group_public(&self, group: GroupId) -> Result<(Under, Vec<u8>), Error> {
        self.group_lapse(group)?;
        let row = self.inner.store.get(&GROUPS, &group)?.ok_or(NOT_FOUND)?;
        let epoch = self.inner.store.get(&GROUP_EPOCHS, &(group, row.epoch))?;
        match epoch.filter(|_| !row.due) {
            Some(epoch) => Ok((Under { group, epoch: row.epoch }, epoch.public)),
            None => Err(KEYS_WAIT),
        }
    }
}

/// Refuses what was sealed under an epoch that is no longer in use, or is due.
pub(in crate::gateway) fn still_sealed_in_tx(tx: &Tx<'_, '_>, under: Under) -> Result<(), Error> {
    let row = tx.get(&GROUPS, &under.group)?;
    match row.is_some_and(|row| row.epoch == under.epoch && !row.due) {
        true => Ok(()),
        false => Err(KEYS_WAIT),
    }
}
