//! What others ask about groups: who is in them, whom an address of theirs reaches, and which name a
//! member's messages bear.

use std::collections::BTreeSet;

use crate::gateway::Gateway;
use crate::gateway::accounts::addressee::Origin;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::groups::admission::{Asker, Concerned, admits};
use crate::gateway::groups::audience::Reader;
use crate::gateway::records::group::GroupOwner;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::membership::{closed_of, counts, group_rows_of, groups_of, is_member};
use crate::gateway::records::tables::{GROUP_ADDRESSES, GROUP_TERMS, GROUPS, GROUPS_OF, TEMPORARY};
use crate::mail::address::Address;
use crate::store::Read;
use crate::terms::{ClosedMembers, GroupKind};
use crate::vault::Lookup;

/// The name of an open group that a person inside is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    pub group: GroupId,
    pub name: String,
}

/// A message to a group.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct To {
    pub group: GroupId,
    pub origin: Origin,
    pub octets: u64,
}

/// Whether a message to a group reaches anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Reachable {
    Nobody,
    /// Everybody whom it would reach has a full mailbox.
    Full,
    Somebody,
}

/// The most names that one person's messages bear.
const BADGES_MAX: usize = 10;

impl Gateway {
    /// What decides whether this account reaches or sees others.
    pub(in crate::gateway) fn asker(&self, account: AccountId) -> Result<Asker, Error> {
        let groups = groups_of(&self.inner.store, account, self.inner.clock.now())?;
        let groups = groups.into_iter().collect();
        let inside = !self.inner.store.has(&TEMPORARY, &account)?;
        Ok(Asker { account: Some(account), inside, groups })
    }

    /// What decides whether the actor belongs to an audience.
    pub fn reader_facts(&self, actor: &Actor) -> Result<Reader, Error> {
        let Asker { inside, groups, .. } = self.asker(actor.account())?;
        Ok(Reader { account: actor.account(), inside, groups })
    }

    /// Whether `asker` may write to a person, and sees more of the person than that an address exists.
    ///
    /// One closed group decides: one that `asker` is in as well, or else any. No more is read than that.
    pub(in crate::gateway) fn reaches(
        &self,
        asker: &Asker,
        account: AccountId,
    ) -> Result<bool, Error> {
        let mut rows = group_rows_of(&self.inner.store, account)?;
        rows.sort_by_key(|group| !asker.groups.contains(group));
        for group in rows {
            if self.protects(group, account)? {
                return Ok(admits(asker, &Concerned::Person { account, closed: &[group] }));
            }
        }
        Ok(admits(asker, &Concerned::Person { account, closed: &[] }))
    }

    /// The same for one account and another, where nobody needs to know all groups of the first: of
    /// these, only closed ones that both are in decide.
    pub(in crate::gateway) fn reaches_from(
        &self,
        from: AccountId,
        account: AccountId,
    ) -> Result<bool, Error> {
        let inside = !self.inner.store.has(&TEMPORARY, &from)?;
        let mut asker = Asker { account: Some(from), inside, groups: BTreeSet::new() };
        let rows: BTreeSet<_> = group_rows_of(&self.inner.store, account)?.into_iter().collect();
        let own =
            if rows.is_empty() { Vec::new() } else { group_rows_of(&self.inner.store, from)? };
        for group in own.into_iter().filter(|group| rows.contains(group)) {
            if self.protects(group, account)? && self.counts_in(group, from)? == Some(true) {
                asker.groups.insert(group);
                return Ok(admits(&asker, &Concerned::Person { account, closed: &[group] }));
            }
        }
        self.reaches(&asker, account)
    }

    /// Whether a group that somebody has a row in is a closed one, and the person is in it, or may be: a
    /// record that cannot be read protects.
    fn protects(&self, group: GroupId, account: AccountId) -> Result<bool, Error> {
        let row = self.inner.store.get(&GROUPS_OF, &(account, group))?;
        Ok(row.is_some_and(|row| row.closed) && self.counts_in(group, account)? != Some(false))
    }

    fn counts_in(&self, group: GroupId, account: AccountId) -> Result<Option<bool>, Error> {
        counts(&self.inner.store, (group, account), self.inner.clock.now())
    }

    /// What people who may not write to an account learn of it, which is in these closed groups: the
    /// strictest of what the site and each of the groups say.
    pub(in crate::gateway) fn hiding(&self, closed: &[GroupId]) -> Result<ClosedMembers, Error> {
        if self.inner.settings.closed_members == ClosedMembers::Hidden {
            return Ok(ClosedMembers::Hidden);
        }
        for group in closed {
            // What cannot be read hides.
            let terms = readable(self.inner.store.get(&GROUP_TERMS, group))?;
            if terms.is_none_or(|terms| terms.is_some_and(|terms| terms.hides_members)) {
                return Ok(ClosedMembers::Hidden);
            }
        }
        Ok(ClosedMembers::Address)
    }

    /// Whether people who may not write to this member of a closed group learn not even that the address
    /// exists.
    pub(in crate::gateway) fn is_hidden(&self, account: AccountId) -> Result<bool, Error> {
        let closed = closed_of(&self.inner.store, account, self.inner.clock.now())?;
        Ok(self.hiding(&closed)? == ClosedMembers::Hidden)
    }

    /// The group that has this address.
    pub(in crate::gateway) fn group_at(&self, address: &Address) -> Result<Option<GroupId>, Error> {
        for form in address.stored_forms() {
            let key = self.inner.vault.lookup(Lookup::Address, form.as_bytes());
            if let Some(GroupOwner(id)) = self.inner.store.get(&GROUP_ADDRESSES, &key)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Whether `asker` may write to a group.
    pub(in crate::gateway) fn group_admits(
        &self,
        asker: &Asker,
        group: GroupId,
    ) -> Result<bool, Error> {
        let Some(row) = self.inner.store.get(&GROUPS, &group)? else { return Ok(false) };
        Ok(admits(asker, &Concerned::Group { group, writers: row.writers }))
    }

    /// The members who get a message of `asker` to a group: those who can sign in, accept mail from there,
    /// may be reached and have room for it. Being in a group opens no way to somebody in a closed one.
    pub(in crate::gateway) fn group_readers(
        &self,
        asker: &Asker,
        to: To,
    ) -> Result<Vec<AccountId>, Error> {
        let mut readers = Vec::new();
        for account in self.group_members(to.group)? {
            if self.group_takes(asker, account, to.origin)?
                && self.quota_of(account)?.has_room(to.octets)
            {
                readers.push(account);
            }
        }
        Ok(readers)
    }

    /// Whether a message to a group reaches anybody; it looks at no more members than it needs.
    pub(in crate::gateway) fn group_reached(
        &self,
        asker: &Asker,
        to: To,
    ) -> Result<Reachable, Error> {
        let mut found = Reachable::Nobody;
        for account in self.group_members(to.group)? {
            if self.group_takes(asker, account, to.origin)? {
                if self.quota_of(account)?.has_room(to.octets) {
                    return Ok(Reachable::Somebody);
                }
                found = Reachable::Full;
            }
        }
        Ok(found)
    }

    /// Whether a member takes a message of `asker` from there.
    fn group_takes(
        &self,
        asker: &Asker,
        account: AccountId,
        origin: Origin,
    ) -> Result<bool, Error> {
        let row = match self.account(account) {
            Err(Error::NotFound { .. }) => None,
            found => readable(found)?,
        };
        let takes = row.is_some_and(|row| {
            !row.disabled && !row.addresses.is_empty() && origin.is_taken(row.accept_from)
        });
        Ok(takes && self.reaches(asker, account)?)
    }

    /// The names of the open groups of the person inside with this address, as far as the actor may read
    /// them: those of listed groups, and of groups that both are in.
    pub fn badges(&self, actor: &Actor, address: &str) -> Result<Vec<Badge>, Error> {
        let Ok(address) = Address::parse(address) else { return Ok(Vec::new()) };
        let Some(address) = self.as_ours(&address) else { return Ok(Vec::new()) };
        let mut account = None;
        for form in address.stored_forms() {
            account = account.or(self.account_at(&form)?);
        }
        let Some(account) = account else { return Ok(Vec::new()) };
        let asker = self.asker(actor.account())?;
        if !self.reaches(&asker, account)? {
            return Ok(Vec::new());
        }
        let mut badges = Vec::new();
        for group in groups_of(&self.inner.store, account, self.inner.clock.now())? {
            let row = readable(self.inner.store.get(&GROUPS, &group))?.flatten();
            let Some(row) = row.filter(|row| row.kind == GroupKind::Open) else { continue };
            let about = match row.listed || asker.groups.contains(&group) {
                true => self.group_about(actor, group, &row)?,
                false => None,
            };
            badges.extend(about.map(|about| Badge { group, name: about.name }));
            if badges.len() == BADGES_MAX {
                break;
            }
        }
        badges.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(badges)
    }

    /// Whether an account is in a group.
    pub(in crate::gateway) fn group_has(
        &self,
        group: GroupId,
        account: AccountId,
    ) -> Result<bool, Error> {
        is_member(&self.inner.store, (group, account), self.inner.clock.now())
    }
}
