//! Opening a role mailbox in the session of a member of its group.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::{Actor, Behind};
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::groups::epochs::Keys;
use crate::gateway::groups::tending::Tended;
use crate::gateway::records::group::{Group, Under};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::role::RoleMailbox;
use crate::gateway::records::tables::{GROUPS, ROLE_MAILBOXES};
use crate::gateway::text::parse_hex;
use crate::store::Read;
use crate::vault::GroupSecret;

/// The same answer for a mailbox that is not there, and for one of a group that the actor is not in.
pub(in crate::gateway) const NOT_FOUND: Error = Error::NotFound { what: "role mailbox" };

/// What a member's session opens of a role mailbox.
struct Opened {
    current: (u32, GroupSecret),
    earlier: Vec<(u32, GroupSecret)>,
    interim: Vec<(u32, GroupSecret)>,
}

impl Gateway {
    /// The actor who reads and writes in a role mailbox on behalf of a member of its group.
    pub fn role_actor(&self, actor: &Actor, id: &str) -> Result<Actor, Error> {
        let (account, row) = self.role_of_member(actor, id)?;
        let opened = self.role_opened(actor, account, &row)?;
        let Opened { current, mut earlier, interim } = opened;
        earlier.extend(interim);
        let epoch = current.0;
        Ok(Actor {
            account,
            session: actor.session,
            secret: GroupSecret::role_mailbox(current, earlier),
            is_temporary: false,
            is_app: actor.is_app,
            is_manager: false,
            confirmed: actor.confirmed,
            peer: actor.peer.clone(),
            must_choose: false,
            behind: Some(Behind {
                person: actor.account(),
                group: row.group,
                epoch,
                at: self.inner.clock.now(),
            }),
        })
    }

    /// Whether a person may read a role mailbox: asked again and again by what stays open.
    pub fn role_is_open(&self, person: AccountId, mailbox: AccountId) -> Result<bool, Error> {
        let row = readable(self.inner.store.get(&ROLE_MAILBOXES, &mailbox))?.flatten();
        let Some(row) = row.filter(|row| !row.ending) else { return Ok(false) };
        self.group_holds(row.group, person)
    }

    /// Does what is due for the interim pairs of the mailboxes that the actor reads. An error in one does
    /// not keep it from the others.
    pub fn roles_tend(&self, actor: &Actor) -> Result<(), Error> {
        if actor.is_temporary() {
            return Ok(());
        }
        let mut found = Vec::new();
        self.inner.store.scan_readable(&ROLE_MAILBOXES, &(), |account, row| {
            found.push((account, row));
            ControlFlow::Continue(())
        })?;
        let mut done = Ok(());
        for (account, row) in found {
            if !row.ending && self.group_holds(row.group, actor.account())? {
                let opened = self.role_opened(actor, account, &row);
                done = done.and(opened.map(|_| ()));
            }
        }
        done
    }

    /// The same for a request that is about something else.
    pub fn roles_tend_or_not(&self, actor: &Actor) {
        if let Err(error) = self.roles_tend(actor) {
            tracing::debug!(%error, "the keys of role mailboxes were not tended");
        }
    }

    /// The mailbox with this number, if the actor is a member of its group who can sign in.
    fn role_of_member(&self, actor: &Actor, id: &str) -> Result<(AccountId, RoleMailbox), Error> {
        let account = AccountId(parse_hex(id).ok_or(NOT_FOUND)?);
        let row = self.inner.store.get(&ROLE_MAILBOXES, &account)?;
        let row = row.filter(|row| !row.ending).ok_or(NOT_FOUND)?;
        match !actor.is_temporary() && self.group_holds(row.group, actor.account())? {
            true => Ok((account, row)),
            false => Err(NOT_FOUND),
        }
    }

    /// Opens the epochs that anything in the mailbox is sealed under, and its interim pairs, which it
    /// settles. An epoch that is due is followed by another first, if something can be written.
    fn role_opened(
        &self,
        actor: &Actor,
        account: AccountId,
        row: &RoleMailbox,
    ) -> Result<Opened, Error> {
        let id = row.group;
        let lapsed = self.group_lapse(id);
        let mut group = self.inner.store.get(&GROUPS, &id)?.ok_or(NOT_FOUND)?;
        let mut keys = self.group_keys_in_use(actor, id, &group)?;
        let mut is_tended = lapsed.is_ok();
        if let Err(error) = lapsed {
            tracing::debug!(%error, "who is a member no longer was not cleared away");
        }
        if group.due || matches!(keys, Keys::Waiting) {
            if let Err(error) = self.group_tend(actor, id, &mut Tended::default()) {
                tracing::debug!(%error, "the keys of a group were not tended");
                is_tended = false;
            }
            group = self.inner.store.get(&GROUPS, &id)?.ok_or(NOT_FOUND)?;
            keys = self.group_keys_in_use(actor, id, &group)?;
        }
        group.due |= !is_tended;
        let secret = match keys {
            Keys::Held(secret) => secret,
            Keys::Waiting => return Err(Error::Conflict(Conflict::GroupKeysWait)),
            Keys::Unproven => return Err(Error::Conflict(Conflict::GroupKeysUnproven)),
            Keys::Differ => return Err(Error::KeysDiffer),
        };
        // Something came between. What is written must not be sealed under it; where nothing can be
        // written, it is read all the same.
        if group.due && is_tended {
            return Err(Error::Busy);
        }
        self.role_pairs(actor, account, row, &group, secret)
    }

    fn role_pairs(
        &self,
        actor: &Actor,
        account: AccountId,
        row: &RoleMailbox,
        group: &Group,
        secret: GroupSecret,
    ) -> Result<Opened, Error> {
        let (id, in_use) = (row.group, group.epoch);
        let mut epochs = self.group_epochs_before(actor, id, (row.first_epoch, in_use), &secret)?;
        epochs.insert(0, (in_use, secret));
        let interim = self.interim_open(actor, account, id, &epochs)?;
        if !group.due {
            let under = Under { group: id, epoch: in_use };
            let settled = self.interim_settle(account, (under, &epochs[0].1), &interim);
            if let Err(error) = settled {
                tracing::debug!(%error, "an interim pair was not settled");
            }
        }
        let current = epochs.remove(0);
        Ok(Opened { current, earlier: epochs, interim })
    }
}
