//! Groups as people see them: those they are in, and those that are listed.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::groups::about::About;
use crate::gateway::groups::epochs::Keys;
use crate::gateway::records::group::{Group, GroupMember};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::membership::voucher_of;
use crate::gateway::records::tables::{
    GROUP_MEMBERS, GROUP_TERMS, GROUP_WRAPS, GROUPS, VOUCHED_MEMBERS,
};
use crate::gateway::text::parse_hex;
use crate::store::{Order, Read};
use crate::terms::{GroupAct, GroupKind, GroupWriters, GroupsBy, MemberBy};

pub(super) const NOT_FOUND: Error = Error::NotFound { what: "group" };

/// The most groups that a list shows beside those that the account is in.
const LISTED_MAX: usize = 500;

/// What somebody is in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Manager,
    Member,
    /// Nothing: the group is listed, or the account is a manager of the site.
    Outside,
}

/// Whether the keys of a group open for the one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysState {
    Held,
    /// A member who holds them has to be signed in first.
    Waiting,
    /// Nothing shows that a member began them.
    Unproven,
    /// What the server holds does not belong together.
    Differ,
}

/// A group, as one account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    pub id: GroupId,
    /// `None` if it cannot be read, or not yet.
    pub about: Option<About>,
    pub kind: GroupKind,
    pub listed: bool,
    pub shares_earlier: bool,
    pub writers: GroupWriters,
    pub address: Option<String>,
    /// Whether others learn nothing of its members, if it is closed; `false` for others.
    pub hides_members: bool,
    pub version: u32,
    pub standing: Standing,
    /// For members only.
    pub keys: Option<KeysState>,
}

/// The groups that an account sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupList {
    pub items: Vec<GroupView>,
    pub may_create: bool,
    pub may_address: bool,
    pub may_kind: bool,
    /// Whether there are more listed groups than are shown.
    pub more: bool,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    pub account: AccountId,
    pub name: String,
    pub address: String,
    pub manager: bool,
    pub since: Timestamp,
    pub disabled: bool,
    /// Whether nobody wrapped the key for this member yet.
    pub waiting: bool,
    pub by: MemberBy,
}

/// The voucher of a group, as its members see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoucherView {
    pub account: AccountId,
    pub name: String,
    pub address: String,
    /// `None` as long as the voucher was asked and has not agreed.
    pub agreed: Option<Timestamp>,
}

/// A change of a group, with the people's names or addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeView {
    pub at: Timestamp,
    pub act: GroupAct,
    pub who: String,
    pub about: Option<String>,
}

/// A group with its members and its latest changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDetail {
    pub view: GroupView,
    /// Empty for those who are neither members nor managers of the site.
    pub members: Vec<MemberView>,
    /// For those who see the members.
    pub voucher: Option<VoucherView>,
    /// The newest first.
    pub changes: Vec<ChangeView>,
    /// How many earlier ones are not kept.
    pub dropped: u32,
}

impl Gateway {
    /// The groups that the actor is in and those that are listed; for a manager of the site, all.
    pub fn group_list(&self, actor: &Actor) -> Result<GroupList, Error> {
        denied_to_outsiders(actor)?;
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&GROUPS, &(), |id, row| {
            if id != GroupId::EVERYBODY {
                rows.push((id, row));
            }
            ControlFlow::Continue(())
        })?;
        let (mut items, mut others, mut more) = (Vec::new(), 0, false);
        for (id, row) in rows {
            let standing = self.group_standing(actor, id)?;
            if standing == Standing::Outside {
                if !row.listed && !actor.is_manager() {
                    continue;
                }
                others += 1;
                if others > LISTED_MAX {
                    more = true;
                    continue;
                }
            }
            items.push(self.group_view(actor, id, row, standing)?);
        }
        let by_name = |one: &GroupView| {
            let name = one.about.as_ref().map(|about| about.name.to_lowercase());
            (name.is_none(), name, one.id)
        };
        items.sort_by_cached_key(by_name);
        let may_create = self.may(actor, self.inner.settings.groups_by);
        let may_address = self.may(actor, self.inner.settings.group_addresses_by);
        let may_kind = self.may(actor, self.inner.settings.group_kinds_by);
        Ok(GroupList { items, may_create, may_address, may_kind, more })
    }

    /// A group with its members, for those who may see them.
    pub fn group(&self, actor: &Actor, id: &str) -> Result<GroupDetail, Error> {
        let (id, row, standing) = self.group_seen(actor, id)?;
        let sees_members = standing != Standing::Outside || actor.is_manager();
        let (mut members, mut changes, mut dropped) = (Vec::new(), Vec::new(), 0);
        let mut voucher = None;
        if sees_members {
            dropped = row.dropped;
            voucher = self.voucher_view(id)?;
            members = self.group_member_views(id, &row)?;
            for change in row.changes.iter().rev() {
                changes.push(ChangeView {
                    at: change.at,
                    act: change.act,
                    who: self.person(change.who)?.0,
                    about: change
                        .about
                        .map(|about| self.person(about))
                        .transpose()?
                        .map(|one| one.0),
                });
            }
        }
        let view = self.group_view(actor, id, row, standing)?;
        Ok(GroupDetail { view, members, voucher, changes, dropped })
    }

    /// The group, if the actor may know of it, and what the actor is in it.
    pub(in crate::gateway) fn group_seen(
        &self,
        actor: &Actor,
        id: &str,
    ) -> Result<(GroupId, Group, Standing), Error> {
        denied_to_outsiders(actor)?;
        let id = GroupId(parse_hex(id).ok_or(NOT_FOUND)?);
        if id == GroupId::EVERYBODY {
            return Err(NOT_FOUND);
        }
        let row = self.inner.store.get(&GROUPS, &id)?.ok_or(NOT_FOUND)?;
        let standing = self.group_standing(actor, id)?;
        match standing != Standing::Outside || row.listed || actor.is_manager() {
            true => Ok((id, row, standing)),
            false => Err(NOT_FOUND),
        }
    }

    /// What the actor is in a group.
    pub(in crate::gateway) fn group_standing(
        &self,
        actor: &Actor,
        id: GroupId,
    ) -> Result<Standing, Error> {
        if !self.group_has(id, actor.account())? {
            return Ok(Standing::Outside);
        }
        Ok(match self.inner.store.get(&GROUP_MEMBERS, &(id, actor.account()))? {
            Some(GroupMember { manager: true, .. }) => Standing::Manager,
            Some(_) => Standing::Member,
            None => Standing::Outside,
        })
    }

    pub(super) fn group_view(
        &self,
        actor: &Actor,
        id: GroupId,
        row: Group,
        standing: Standing,
    ) -> Result<GroupView, Error> {
        let about = match standing != Standing::Outside || row.listed {
            true => self.group_about(actor, id, &row)?,
            false => None,
        };
        let keys = match standing {
            Standing::Outside => None,
            _ => Some(match self.group_keys_in_use(actor, id, &row)? {
                Keys::Held(_) => KeysState::Held,
                Keys::Waiting => KeysState::Waiting,
                Keys::Unproven => KeysState::Unproven,
                Keys::Differ => KeysState::Differ,
            }),
        };
        let terms = readable(self.inner.store.get(&GROUP_TERMS, &id))?.flatten();
        let sees = standing != Standing::Outside || actor.is_manager();
        let hides_members = sees && terms.is_some_and(|terms| terms.hides_members);
        let Group { kind, listed, shares_earlier, writers, address, mut version, .. } = row;
        // It counts each change of the members.
        if standing == Standing::Outside && !actor.is_manager() {
            version = 0;
        }
        Ok(GroupView {
            id,
            about,
            kind,
            listed,
            shares_earlier,
            writers,
            address,
            hides_members,
            version,
            standing,
            keys,
        })
    }

    /// The name and the description of a group, if the actor can open them.
    pub(in crate::gateway) fn group_about(
        &self,
        actor: &Actor,
        id: GroupId,
        row: &Group,
    ) -> Result<Option<About>, Error> {
        let under = row.about_under;
        match self.group_keys(actor, under.group, under.epoch)? {
            Keys::Held(secret) => Ok(readable(About::open(&row.sealed_about, id, under, &secret))?),
            _ => Ok(None),
        }
    }

    fn group_member_views(&self, id: GroupId, row: &Group) -> Result<Vec<MemberView>, Error> {
        let mut rows = Vec::new();
        self.inner.store.scan(&GROUP_MEMBERS, &id, Order::Ascending, |(_, account), member| {
            rows.push((account, member));
            ControlFlow::Continue(())
        })?;
        let voucher = voucher_of(&self.inner.store, id)?.filter(|one| one.agreed.is_some());
        let mut members = Vec::with_capacity(rows.len());
        for (account, GroupMember { manager, since, .. }) in rows {
            if !self.group_has(id, account)? {
                continue;
            }
            let by = match self.inner.store.has(&VOUCHED_MEMBERS, &(account, id))? {
                true => MemberBy::Attested,
                false if voucher.as_ref().is_some_and(|one| one.account == account) => {
                    MemberBy::Voucher
                }
                false => MemberBy::Named,
            };
            let (name, address) = self.person(account)?;
            members.push(MemberView {
                account,
                name,
                address,
                manager,
                since,
                by,
                disabled: !self.group_able(account)?,
                waiting: !self.inner.store.has(&GROUP_WRAPS, &(id, account, row.epoch))?,
            });
        }
        members.sort_by_cached_key(|one| (one.name.to_lowercase(), one.address.clone()));
        Ok(members)
    }

    fn voucher_view(&self, id: GroupId) -> Result<Option<VoucherView>, Error> {
        let Some(voucher) = voucher_of(&self.inner.store, id)? else { return Ok(None) };
        let (name, address) = self.person(voucher.account)?;
        let agreed = voucher.agreed.map(|agreed| agreed.at);
        Ok(Some(VoucherView { account: voucher.account, name, address, agreed }))
    }

    /// The login name of the account with this number, for the audit log.
    pub fn member_login(&self, member: &str) -> Option<String> {
        parse_hex(member).map(|account| self.name_of(AccountId(account)))
    }

    /// The name of an account, or else its address; and its address. Who was removed has neither, and of one
    /// whose record is damaged there is the number.
    pub(in crate::gateway) fn person(&self, account: AccountId) -> Result<(String, String), Error> {
        let found = match self.account(account) {
            Err(Error::NotFound { .. }) => return Ok(Default::default()),
            found => readable(found)?,
        };
        let Some(found) = found else { return Ok((account.to_text(), String::new())) };
        let address = found.addresses.first().cloned().unwrap_or_default();
        // Where there is no directory, nobody learns names by adding people.
        let name = match found.display_name.is_empty() || !self.site()?.directory {
            true => address.clone(),
            false => found.display_name,
        };
        Ok((name, address))
    }

    /// Whether the actor is among those whom a setting allows something.
    pub(in crate::gateway) fn may(&self, actor: &Actor, by: GroupsBy) -> bool {
        match by {
            GroupsBy::Everybody => !actor.is_temporary(),
            GroupsBy::Managers => actor.is_manager(),
        }
    }
}

pub(in crate::gateway) fn denied_to_outsiders(actor: &Actor) -> Result<(), Error> {
    match actor.is_temporary() {
        true => Err(Error::Denied { reason: "groups are for people inside" }),
        false => Ok(()),
    }
}
