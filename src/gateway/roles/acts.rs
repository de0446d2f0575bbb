//! What members did with the messages of a role mailbox: who read one, and who answered it.
//!
//! Each act is noted in the transaction that it belongs to. Who did what is routing data, as the outcome of
//! a message is.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::{Actor, Behind};
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::event::EventKind;
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::rights::{By, manages_in_tx};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::role::{RoleAct, RoleActKind, RoleActs};
use crate::gateway::records::tables::{PLACES, ROLE_ACTS, ROLE_MAILBOXES};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::RelationKind;

/// How many readers of one message are noted, and how many of the other acts; of those the latest.
const READERS_MAX: usize = 100;
const OTHERS_MAX: usize = 50;

/// What a member did with a message, as the others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActView {
    pub kind: RoleActKind,
    /// The name, or else the address.
    pub who: String,
    pub at: Timestamp,
}

impl RoleActKind {
    /// The message that answers or passes on.
    pub fn message(self) -> Option<Reference> {
        match self {
            RoleActKind::Answered(key) | RoleActKind::Forwarded(key) => Reference::from_bytes(key),
            RoleActKind::Read | RoleActKind::Wrote(_) => None,
        }
    }
}

impl Gateway {
    /// Notes that the actor's person has read a message of a role mailbox, unless it is known.
    pub(in crate::gateway) fn role_read(
        &self,
        actor: &Actor,
        message: ReferenceKey,
    ) -> Result<(), Error> {
        let (Some(behind), account) = (actor.behind(), actor.account()) else { return Ok(()) };
        let acts = readable(self.inner.store.get(&ROLE_ACTS, &(account, message)))?.flatten();
        if !acts.unwrap_or_default().lacks_reader(behind.person) {
            return Ok(());
        }
        let at = self.inner.clock.now();
        let done = self.transact(move |tx| {
            if tx.has(&PLACES, &(account, message))? {
                read_in_tx(tx, (account, message), behind, at)?;
                tx.changed(account, Changed::Updated(message))?;
            }
            Ok(())
        });
        done.wait()
    }

    /// What was done with a message of a role mailbox. `names` are those that were looked up before.
    pub(in crate::gateway) fn role_acts(
        &self,
        account: AccountId,
        message: ReferenceKey,
        names: &mut HashMap<AccountId, String>,
    ) -> Result<Vec<ActView>, Error> {
        let acts = readable(self.inner.store.get(&ROLE_ACTS, &(account, message)))?.flatten();
        let acts = acts.unwrap_or_default().acts;
        let mut views = Vec::with_capacity(acts.len());
        for RoleAct { kind, who, at } in acts {
            let name = match names.get(&who) {
                Some(name) => name.clone(),
                None => self.person(who)?.0,
            };
            names.insert(who, name.clone());
            views.push(ActView { kind, who: name, at });
        }
        Ok(views)
    }
}

impl RoleActs {
    /// Whether a reader is not noted, and is to be.
    fn lacks_reader(&self, who: AccountId) -> bool {
        let mut readers = self.acts.iter().filter(|act| act.kind == RoleActKind::Read);
        readers.clone().count() < READERS_MAX && !readers.any(|act| act.who == who)
    }

    fn push(&mut self, act: RoleAct) {
        let is_other = |act: &RoleAct| act.kind != RoleActKind::Read;
        let others = self.acts.iter().filter(|act| is_other(act)).count();
        if is_other(&act)
            && others >= OTHERS_MAX
            && let Some(oldest) = self.acts.iter().position(is_other)
        {
            self.acts.remove(oldest);
        }
        self.acts.push(act);
    }
}

/// What was done with a message. What cannot be read is begun anew: the message itself is intact.
fn acts_in_tx(tx: &Tx<'_, '_>, key: (AccountId, ReferenceKey)) -> Result<Option<RoleActs>, Error> {
    Ok(readable(tx.get(&ROLE_ACTS, &key))?.flatten())
}

/// Notes a reader in the transaction in which the message is opened.
pub(in crate::gateway) fn read_in_tx(
    tx: &mut Tx<'_, '_>,
    key: (AccountId, ReferenceKey),
    behind: Behind,
    at: Timestamp,
) -> Result<(), Error> {
    let mut acts = acts_in_tx(tx, key)?.unwrap_or_default();
    if acts.lacks_reader(behind.person) {
        acts.push(RoleAct { kind: RoleActKind::Read, who: behind.person, at });
        tx.put(&ROLE_ACTS, &key, &acts)?;
    }
    Ok(())
}

/// Notes who wrote a message, and with what it answers or passes on another.
pub(in crate::gateway) fn wrote_in_tx(
    tx: &mut Tx<'_, '_>,
    (account, message): (AccountId, ReferenceKey),
    related: Option<(ReferenceKey, RelationKind)>,
    behind: Behind,
    at: Timestamp,
) -> Result<(), Error> {
    let who = behind.person;
    let kind = RoleActKind::Wrote(related.map(|(about, _)| about));
    let acts = RoleActs { acts: vec![RoleAct { kind, who, at }] };
    tx.put(&ROLE_ACTS, &(account, message), &acts)?;
    let Some((about, relation)) = related else { return Ok(()) };
    if !tx.has(&PLACES, &(account, about))? {
        return Ok(());
    }
    let kind = match relation {
        RelationKind::Forward => RoleActKind::Forwarded(message),
        RelationKind::Reply | RelationKind::ReplyAll => RoleActKind::Answered(message),
    };
    let mut acts = acts_in_tx(tx, (account, about))?.unwrap_or_default();
    acts.push(RoleAct { kind, who, at });
    tx.put(&ROLE_ACTS, &(account, about), &acts)?;
    tx.changed(account, Changed::Updated(about))?;
    Ok(())
}

/// Takes back what [`wrote_in_tx`] noted, before the message itself goes.
pub(in crate::gateway) fn unwrote_in_tx(
    tx: &mut Tx<'_, '_>,
    (account, message): (AccountId, ReferenceKey),
) -> Result<(), Error> {
    let Some(acts) = acts_in_tx(tx, (account, message))? else { return Ok(()) };
    tx.delete(&ROLE_ACTS, &(account, message));
    let about = acts.acts.iter().find_map(|act| match act.kind {
        RoleActKind::Wrote(about) => about,
        _ => None,
    });
    let Some(about) = about else { return Ok(()) };
    let Some(mut acts) = acts_in_tx(tx, (account, about))? else { return Ok(()) };
    acts.acts.retain(|act| {
        !matches!(act.kind, RoleActKind::Answered(key) | RoleActKind::Forwarded(key) if key == message)
    });
    tx.put(&ROLE_ACTS, &(account, about), &acts)?;
    tx.changed(account, Changed::Updated(about))?;
    Ok(())
}

/// Tells the listeners of those who read a role mailbox that something came there.
pub(in crate::gateway) fn arrived_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
) -> Result<(), Error> {
    let row = readable(tx.get(&ROLE_MAILBOXES, &account))?.flatten();
    let Some(row) = row else { return Ok(()) };
    let group = row.group;
    // Nothing of the members' own accounts changed, so that their state is not looked up: a listener that
    // begins again from this one catches up with everything.
    tx.then(move |gateway| match gateway.group_members(group) {
        Ok(members) => {
            members.iter().for_each(|one| gateway.publish(*one, EventKind::RoleMailboxes, 0));
        }
        Err(error) => tracing::debug!(%error, "nobody was told what came"),
    });
    Ok(())
}

/// Refuses what destroys a message for all members, unless the actor manages the group.
pub(in crate::gateway) fn may_destroy_in_tx(
    tx: &Tx<'_, '_>,
    behind: Option<Behind>,
) -> Result<(), Error> {
    match behind {
        Some(behind) => manages_in_tx(tx, behind.group, behind.person, By::Members),
        None => Ok(()),
    }
}
