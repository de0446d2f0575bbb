//! What mail that arrives for a role mailbox is sealed to.
//!
//! While the epoch in use is due, nothing may be sealed under it, and only a member's session begins the
//! next. Mail cannot wait for that, so a pair is drawn for the time between: its private half is wrapped
//! for each member at that moment and then forgotten, as that of an arrival epoch is. The first member's
//! session afterwards seals it under the next epoch, for members who come later.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::groups::sealing::still_sealed_in_tx;
use crate::gateway::records::group::{Group, Under};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::role::{RoleInterim, RoleMailbox};
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, GROUP_EPOCHS, GROUPS, ROLE_INTERIM, ROLE_MAILBOXES,
};
use crate::store::{Order, Read};
use crate::vault::{self, GroupSecret, PublicKey};

/// Under what something is sealed for a role mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum RoleSeal {
    Epoch(Under),
    /// An interim pair, for the members of the group in this version.
    Interim {
        group: GroupId,
        version: u32,
    },
}

/// The numbers of interim pairs begin here; those of epochs stay below.
const INTERIM_FROM: u32 = 1 << 31;

const NO_GROUP: Error = Error::NotFound { what: "group" };

fn wrap_binding(account: AccountId, number: u32, member: AccountId) -> Vec<u8> {
    [b"role interim key\0".as_slice(), &account.0, &number.to_be_bytes(), &member.0].concat()
}

fn sealed_binding(account: AccountId, number: u32, group: GroupId) -> Vec<u8> {
    [b"role interim sealed\0".as_slice(), &account.0, &number.to_be_bytes(), &group.0].concat()
}

/// Whether an account is a role mailbox that takes mail.
pub(in crate::gateway) fn is_kept(reader: &impl Read, account: AccountId) -> Result<bool, Error> {
    let row = reader.get(&ROLE_MAILBOXES, &account)?;
    Ok(row.is_some_and(|row| !row.ending))
}

impl RoleSeal {
    /// Whether something may still be sealed under it for this mailbox.
    pub fn holds(self, reader: &impl Read, account: AccountId) -> Result<bool, Error> {
        if !is_kept(reader, account)? {
            return Ok(false);
        }
        let group = match self {
            RoleSeal::Epoch(under) => under.group,
            RoleSeal::Interim { group, .. } => group,
        };
        let Some(row) = reader.get(&GROUPS, &group)? else { return Ok(false) };
        Ok(match self {
            RoleSeal::Epoch(under) => row.epoch == under.epoch && !row.due,
            RoleSeal::Interim { version, .. } => row.version == version && row.due,
        })
    }
}

impl Gateway {
    /// What mail for this account is sealed to, if it is a role mailbox.
    pub(in crate::gateway) fn role_public(
        &self,
        account: AccountId,
    ) -> Result<Option<(PublicKey, RoleSeal)>, Error> {
        let store = &self.inner.store;
        let Some(row) = store.get(&ROLE_MAILBOXES, &account)? else { return Ok(None) };
        self.group_lapse(row.group)?;
        let group = store.get(&GROUPS, &row.group)?.ok_or(NO_GROUP)?;
        if group.due {
            return self.interim(account, &row, &group).map(Some);
        }
        let epoch = store.get(&GROUP_EPOCHS, &(row.group, group.epoch))?.ok_or(NO_GROUP)?;
        let public = PublicKey { octets: epoch.public, number: group.epoch };
        Ok(Some((public, RoleSeal::Epoch(Under { group: row.group, epoch: group.epoch }))))
    }

    /// The interim pair for the members as they are now; draws one if there is none.
    fn interim(
        &self,
        account: AccountId,
        mailbox: &RoleMailbox,
        group: &Group,
    ) -> Result<(PublicKey, RoleSeal), Error> {
        let seal = RoleSeal::Interim { group: mailbox.group, version: group.version };
        let mut last: Option<(u32, RoleInterim)> = None;
        self.inner.store.scan(&ROLE_INTERIM, &account, Order::Descending, |(_, number), row| {
            last = Some((number, row));
            ControlFlow::Break(())
        })?;
        let public = |octets: Vec<u8>, number| PublicKey { octets, number };
        let next = match last {
            Some((number, row)) if row.version == group.version && row.sealed.is_none() => {
                return Ok((public(row.public, number), seal));
            }
            Some((number, _)) => number.checked_add(1).ok_or(Error::OverQuota)?,
            None => INTERIM_FROM,
        };
        let (secret, octets) = vault::group_epoch();
        let row = RoleInterim {
            version: group.version,
            public: octets.clone(),
            wraps: self.interim_wraps(account, next, mailbox.group, &secret)?,
            sealed: None,
        };
        let done = self.transact(move |tx| match seal.holds(&**tx, account)? {
            // Another message may have drawn one at the same time.
            true => Ok(tx.insert(&ROLE_INTERIM, &(account, next), &row)?),
            false => Ok(false),
        });
        match done.wait()? {
            true => Ok((public(octets, next), seal)),
            false => Err(Error::Busy),
        }
    }

    /// The private half, for each member who can sign in.
    fn interim_wraps(
        &self,
        account: AccountId,
        number: u32,
        group: GroupId,
        secret: &GroupSecret,
    ) -> Result<Vec<(AccountId, Vec<u8>)>, Error> {
        let mut wraps = Vec::new();
        for member in self.group_able_members(group)? {
            let keys = readable(self.inner.store.get(&ACCOUNT_KEYS, &member))?.flatten();
            let Some(keys) = keys else { continue };
            let bound = wrap_binding(account, number, member);
            match secret.wrap_for(&keys.public_key(), &bound) {
                Ok(wrapped) => wraps.push((member, wrapped)),
                // One account whose keys are damaged is in nobody's way.
                Err(vault::Error::Refused | vault::Error::Malformed) => {}
                Err(error) => return Err(error.into()),
            }
        }
        match wraps.is_empty() {
            true => Err(Error::Busy),
            false => Ok(wraps),
        }
    }

    /// The interim pairs of a role mailbox that a member opens. `epochs` are those of the group.
    pub(super) fn interim_open(
        &self,
        actor: &Actor,
        account: AccountId,
        group: GroupId,
        epochs: &[(u32, GroupSecret)],
    ) -> Result<Vec<(u32, GroupSecret)>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan_readable(&ROLE_INTERIM, &account, |(_, number), row| {
            let opened = match &row.sealed {
                Some((epoch, sealed)) => {
                    let under = epochs.iter().find(|(number, _)| number == epoch);
                    let bound = sealed_binding(account, number, group);
                    under.and_then(|(_, secret)| secret.open_earlier(&bound, sealed).ok())
                }
                None => {
                    let own = row.wraps.iter().find(|(member, _)| *member == actor.account());
                    let bound = wrap_binding(account, number, actor.account());
                    own.and_then(|(_, wrapped)| actor.secret().group_open(wrapped, &bound).ok())
                }
            };
            found.extend(opened.map(|secret| (number, secret)));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Seals the interim pairs that only members of that time open under the epoch in use, so that those
    /// who come later open them as well.
    pub(super) fn interim_settle(
        &self,
        account: AccountId,
        (under, secret): (Under, &GroupSecret),
        pairs: &[(u32, GroupSecret)],
    ) -> Result<(), Error> {
        let mut settled = Vec::new();
        for (number, pair) in pairs {
            let row = readable(self.inner.store.get(&ROLE_INTERIM, &(account, *number)))?.flatten();
            if row.is_some_and(|row| row.sealed.is_none()) {
                let bound = sealed_binding(account, *number, under.group);
                settled.push((*number, secret.seal_earlier(&bound, pair)?));
            }
        }
        if settled.is_empty() {
            return Ok(());
        }
        let done = self.transact(move |tx| {
            still_sealed_in_tx(tx, under)?;
            for (number, sealed) in &settled {
                let key = (account, *number);
                let Some(mut row) = tx.get(&ROLE_INTERIM, &key)? else { continue };
                if row.sealed.is_none() {
                    row.sealed = Some((under.epoch, sealed.clone()));
                    (row.wraps, row.public) = (Vec::new(), Vec::new());
                    tx.put(&ROLE_INTERIM, &key, &row)?;
                }
            }
            Ok(())
        });
        done.wait()
    }
}
