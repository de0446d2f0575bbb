//! Creating a group, changing what is said about it and whom it takes mail from, and deleting it.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::about::About;
use crate::gateway::groups::rights::{By, manages_in_tx};
use crate::gateway::groups::sealing::{KEYS_WAIT, still_sealed_in_tx};
use crate::gateway::groups::tending::Tended;
use crate::gateway::groups::view::{GroupDetail, Standing, denied_to_outsiders};
use crate::gateway::records::group::{
    Group, GroupChange, GroupEpoch, GroupMember, GroupOwner, GroupTerms, InGroup, Under,
};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::keyring::RingEntry;
use crate::gateway::records::keyring_rows::removed_from_some_in_tx;
use crate::gateway::records::membership::{group_rows_of, mailboxes_of};
use crate::gateway::records::tables::{
    ADDRESSES, CONTACT_BOOKS, CONTACT_COPIES, CONTACT_SHARED, GROUP_ADDRESSES, GROUP_EPOCHS,
    GROUP_JOINING, GROUP_MEMBERS, GROUP_TERMS, GROUP_WAITING, GROUP_WRAPS, GROUPS, GROUPS_OF,
    HELD_NAMES, PROFILE_SHARED, VOUCHED_MEMBERS,
};
use crate::mail::address::Address;
use crate::store::{Key, Read, Record, Table};
use crate::terms::{GroupAct, GroupKind, GroupWriters};
use crate::vault::{self, Lookup};

/// The most groups of a site.
pub const GROUPS_MAX: usize = 2_000;

/// The most groups that an account is in.
pub const GROUPS_OF_MAX: usize = 200;

/// How many rows one transaction of a deletion removes.
const ROWS_DELETED_MAX: usize = 5_000;

/// A group that is to be created.
#[derive(Clone, Debug)]
pub struct NewGroup {
    pub about: About,
    pub kind: GroupKind,
    pub listed: bool,
    pub shares_earlier: bool,
    pub writers: GroupWriters,
    pub address: Option<String>,
    /// Whether others learn nothing of its members, if it is closed.
    pub hides_members: bool,
}

/// What is to be changed; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct GroupEdit {
    pub about: Option<About>,
    pub kind: Option<GroupKind>,
    pub listed: Option<bool>,
    pub shares_earlier: Option<bool>,
    pub writers: Option<GroupWriters>,
    /// `Some(None)` takes the address away.
    pub address: Option<Option<String>>,
    pub hides_members: Option<bool>,
}

/// What is sealed anew, and under what.
type Sealed = (Vec<u8>, Under);

impl GroupEdit {
    /// Whether it changes anything but what the group means for mail.
    fn is_for_members(&self) -> bool {
        let GroupEdit {
            about,
            listed,
            shares_earlier,
            kind: _,
            writers: _,
            address: _,
            hides_members,
        } = self;
        about.is_some() || listed.is_some() || shares_earlier.is_some() || hides_members.is_some()
    }
}

impl Gateway {
    /// Creates a group with the actor as its manager.
    pub fn group_create(&self, actor: &Actor, new: NewGroup) -> Result<GroupDetail, Error> {
        denied_to_outsiders(actor)?;
        let settings = &self.inner.settings;
        if !self.may(actor, settings.groups_by) {
            return Err(Error::Denied { reason: "only managers of the site create groups" });
        }
        if new.address.is_some() && !self.may(actor, settings.group_addresses_by) {
            return Err(ADDRESS_DENIED);
        }
        if new.kind != GroupKind::Plain && !self.may(actor, settings.group_kinds_by) {
            return Err(KIND_DENIED);
        }
        checked_writers(new.kind, new.writers)?;
        let about = new.about.checked()?;
        let address = new.address.as_deref().map(|one| self.group_address(one)).transpose()?;
        self.groups_tend(actor)?;
        let (id, account) = (GroupId(vault::random_bytes()?), actor.account());
        let now = self.inner.clock.now();
        let (secret, public) = vault::group_epoch();
        let wrap = self.group_wrap(&secret, id, 1, account)?.ok_or(Error::Refused)?;
        let (sealed_about, about_under) = match new.listed {
            true => self.about_for(actor, id, GroupId::EVERYBODY, &about)?,
            false => {
                let under = Under { group: id, epoch: 1 };
                (about.seal(id, under, &secret)?, under)
            }
        };
        let mut row = Group {
            kind: new.kind,
            listed: new.listed,
            shares_earlier: new.shares_earlier,
            shares_from: 0,
            writers: new.writers,
            address: address.as_ref().map(Address::normalized),
            created: now,
            version: 0,
            epoch: 1,
            due: false,
            sealed_about,
            about_under,
            changes: Vec::new(),
            dropped: 0,
        };
        row.note(GroupChange { at: now, act: GroupAct::Created, who: account, about: None });
        let epoch = GroupEpoch { public, began: now, sealed_earlier: None, proof: None };
        let done = self.transact(move |tx| {
            within_in_tx(tx, account)?;
            // Its own first epoch begins in the same transaction.
            if row.about_under.group != id {
                still_sealed_in_tx(tx, row.about_under)?;
            }
            if let Some(address) = &row.address {
                claim_in_tx(tx, id, address)?;
            }
            tx.put(&GROUPS, &id, &row)?;
            if new.hides_members {
                let terms = GroupTerms { hides_members: true, ..GroupTerms::default() };
                tx.put(&GROUP_TERMS, &id, &terms)?;
            }
            tx.put(&GROUP_EPOCHS, &(id, 1), &epoch)?;
            tx.put(&GROUP_WRAPS, &(id, account, 1), &wrap)?;
            let member = GroupMember { manager: true, since: now, sealed_seen: None };
            tx.put(&GROUP_MEMBERS, &(id, account), &member)?;
            let closed = row.kind == GroupKind::Closed;
            tx.put(&GROUPS_OF, &(account, id), &InGroup { closed })?;
            tx.then(move |gateway| gateway.inner.addressees.forget(account));
            Ok(())
        });
        done.wait()?;
        self.group_publish(&[account]);
        self.group(actor, &id.to_text())
    }

    /// Changes a group that still has the version that the actor saw.
    pub fn group_change(
        &self,
        actor: &Actor,
        id: &str,
        version: u32,
        edit: GroupEdit,
    ) -> Result<GroupDetail, Error> {
        let text = id;
        let (id, row, standing) = self.group_seen(actor, id)?;
        let rights = self.rights(actor, standing);
        rights.check(&row, &edit)?;
        if row.version != version {
            return Err(Error::Conflict(Conflict::GroupChanged));
        }
        let change = Change {
            id,
            who: actor.account(),
            at: self.inner.clock.now(),
            version,
            address: self.address_edited(&edit)?,
            sealed: self.about_edited(actor, id, &row, &edit)?,
            rights,
            edit,
        };
        self.transact(move |tx| change.store_in_tx(tx)).wait()?;
        if standing != Standing::Outside {
            self.group_tend(actor, id, &mut Tended::default())?;
        }
        self.group_publish(&self.group_members(id)?);
        self.group(actor, text)
    }

    fn rights(&self, actor: &Actor, standing: Standing) -> Rights {
        let settings = &self.inner.settings;
        Rights {
            standing,
            site: actor.is_manager(),
            addresses: self.may(actor, settings.group_addresses_by),
            kinds: self.may(actor, settings.group_kinds_by),
        }
    }

    /// The address that an edit gives, in normalised form.
    fn address_edited(&self, edit: &GroupEdit) -> Result<Option<Option<String>>, Error> {
        Ok(match &edit.address {
            Some(Some(one)) => Some(Some(self.group_address(one)?.normalized())),
            Some(None) => Some(None),
            None => None,
        })
    }

    /// Seals the name and the description, if they or their readers change.
    fn about_edited(
        &self,
        actor: &Actor,
        id: GroupId,
        row: &Group,
        edit: &GroupEdit,
    ) -> Result<Option<Sealed>, Error> {
        let listed = edit.listed.unwrap_or(row.listed);
        if edit.about.is_none() && listed == row.listed {
            return Ok(None);
        }
        let about = match edit.about.clone() {
            Some(about) => about.checked()?,
            None => self.group_about(actor, id, row)?.ok_or(KEYS_WAIT)?,
        };
        let readers = if listed { GroupId::EVERYBODY } else { id };
        self.about_for(actor, id, readers, &about).map(Some)
    }

    /// Seals the name and the description of a group for those who may read them.
    fn about_for(
        &self,
        actor: &Actor,
        id: GroupId,
        readers: GroupId,
        about: &About,
    ) -> Result<Sealed, Error> {
        let (under, secret) = self.group_sealing(actor, readers)?;
        Ok((about.seal(id, under, &secret)?, under))
    }

    /// Deletes a group with its keys. Those of many epochs go first, in several steps: if these are
    /// interrupted, a group is left whose keys its members begin anew, or which is deleted again.
    pub fn group_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let (id, _, standing) = self.group_seen(actor, id)?;
        if standing != Standing::Manager && !actor.is_manager() {
            return Err(Error::Denied { reason: "only the managers of a group delete it" });
        }
        self.group_destroy(id, (actor.account(), By::MembersOrSite))
    }

    pub(super) fn group_destroy(
        &self,
        id: GroupId,
        (who, by): (AccountId, By),
    ) -> Result<(), Error> {
        let members = self.group_members(id)?;
        loop {
            let done = self.transact(move |tx| {
                manages_in_tx(tx, id, who, by)?;
                without_roles_in_tx(tx, id)?;
                let mut gone = 0;
                clear_in_tx(tx, &GROUP_WRAPS, id, &mut gone)?;
                clear_in_tx(tx, &GROUP_EPOCHS, id, &mut gone)?;
                clear_in_tx(tx, &GROUP_WAITING, id, &mut gone)?;
                clear_in_tx(tx, &GROUP_JOINING, id, &mut gone)?;
                clear_in_tx(tx, &CONTACT_SHARED, id, &mut gone)?;
                clear_in_tx(tx, &CONTACT_BOOKS, id, &mut gone)?;
                clear_in_tx(tx, &CONTACT_COPIES, id, &mut gone)?;
                clear_in_tx(tx, &PROFILE_SHARED, id, &mut gone)?;
                let (entry, room) = (RingEntry::Group(id), ROWS_DELETED_MAX.saturating_sub(gone));
                gone += removed_from_some_in_tx(tx, entry, room)?;
                if gone >= ROWS_DELETED_MAX {
                    return Ok(false);
                }
                forget_in_tx(tx, id)?;
                for account in members_in_tx(tx, id)? {
                    tx.delete(&GROUP_MEMBERS, &(id, account));
                    tx.delete(&GROUPS_OF, &(account, id));
                    tx.delete(&VOUCHED_MEMBERS, &(account, id));
                }
                tx.delete(&GROUP_TERMS, &id);
                if let Some(row) = tx.get(&GROUPS, &id)? {
                    release_in_tx(tx, id, row.address.as_deref())?;
                }
                tx.delete(&GROUPS, &id);
                Ok(true)
            });
            if done.wait()? {
                break;
            }
        }
        self.group_publish(&members);
        Ok(())
    }

    /// An address for a group: in a local domain, nobody's, and none that every domain has.
    fn group_address(&self, text: &str) -> Result<Address, Error> {
        let invalid = |_| Error::Invalid { what: format!("{text:?} is not a valid address") };
        let address = Address::parse(text.trim()).map_err(invalid)?;
        // `user+detail` is the address of that user.
        let is_free = |address: &Address| !address.is_role() && !address.local().contains('+');
        let ours = self.as_ours(&address).filter(is_free);
        let what = format!("{text} is not an address in a local domain that a group can have");
        let address = ours.ok_or(Error::Invalid { what })?;
        for form in address.stored_forms() {
            if self.account_at(&form)?.is_some() {
                return Err(Error::Conflict(Conflict::Exists));
            }
            let key = self.inner.vault.lookup(Lookup::Address, form.as_bytes());
            let held = self.inner.store.get(&HELD_NAMES, &key)?;
            if held.is_some_and(|held| held.until > self.inner.clock.now()) {
                return Err(Error::Conflict(Conflict::NameHeld));
            }
        }
        Ok(address)
    }
}

/// What somebody may change about a group.
#[derive(Clone, Copy, Debug)]
struct Rights {
    standing: Standing,
    site: bool,
    addresses: bool,
    kinds: bool,
}

impl Rights {
    /// Whether these allow an edit of the group as it is.
    fn check(&self, row: &Group, edit: &GroupEdit) -> Result<(), Error> {
        if edit.address.is_some() && !self.addresses {
            return Err(ADDRESS_DENIED);
        }
        let kind = edit.kind.unwrap_or(row.kind);
        if kind != row.kind && !self.kinds {
            return Err(KIND_DENIED);
        }
        // The name beside messages is the one that was allowed, by somebody who could read it.
        if row.kind == GroupKind::Open && edit.about.is_some() && !self.kinds {
            return Err(KIND_DENIED);
        }
        let reads = self.standing != Standing::Outside || row.listed;
        if kind == GroupKind::Open && row.kind != GroupKind::Open && !reads {
            return Err(KIND_DENIED);
        }
        // A manager of the site says what a group means for mail, and nothing about the group.
        if self.standing != Standing::Manager && (!self.site || edit.is_for_members()) {
            return Err(Error::Denied { reason: "only the managers of a group change it" });
        }
        checked_writers(kind, edit.writers.unwrap_or(row.writers))
    }
}

/// A change that is about to be stored.
struct Change {
    id: GroupId,
    who: AccountId,
    at: Timestamp,
    version: u32,
    rights: Rights,
    edit: GroupEdit,
    address: Option<Option<String>>,
    sealed: Option<Sealed>,
}

impl Change {
    fn store_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(), Error> {
        let found = tx.get(&GROUPS, &self.id)?.filter(|row| row.version == self.version);
        let mut row = found.ok_or(Error::Conflict(Conflict::GroupChanged))?;
        let by = if self.edit.is_for_members() { By::Members } else { By::MembersOrSite };
        manages_in_tx(tx, self.id, self.who, by)?;
        self.rights.check(&row, &self.edit)?;
        let mut acts = Vec::new();
        self.mail_in_tx(tx, &mut row, &mut acts)?;
        if let Some((about, under)) = &self.sealed {
            still_sealed_in_tx(tx, *under)?;
            (row.sealed_about, row.about_under) = (about.clone(), *under);
        }
        if self.edit.about.is_some() {
            acts.push(GroupAct::Renamed);
        }
        if let Some(listed) = self.edit.listed.filter(|listed| *listed != row.listed) {
            row.listed = listed;
            acts.push(if listed { GroupAct::Listed } else { GroupAct::Unlisted });
        }
        if let Some(shares) = self.edit.shares_earlier.filter(|one| *one != row.shares_earlier) {
            without_roles_in_tx(tx, self.id)?;
            // Either way another epoch begins: the one in use would open for new members what was
            // written while the group said that they do not read it.
            (row.shares_earlier, row.due) = (shares, true);
            row.shares_from = row.epoch.saturating_add(1);
            acts.push(if shares { GroupAct::EarlierShared } else { GroupAct::EarlierHidden });
        }
        if let Some(hides) = self.edit.hides_members {
            let mut terms = tx.get(&GROUP_TERMS, &self.id)?.unwrap_or_default();
            if terms.hides_members != hides {
                terms.hides_members = hides;
                tx.put(&GROUP_TERMS, &self.id, &terms)?;
                acts.push(GroupAct::MailChanged);
            }
        }
        // What changes nothing is no change.
        if acts.is_empty() {
            return Ok(());
        }
        for act in acts {
            row.note(GroupChange { at: self.at, act, who: self.who, about: None });
        }
        Ok(tx.put(&GROUPS, &self.id, &row)?)
    }

    /// Changes what the group means for mail.
    fn mail_in_tx(
        &self,
        tx: &mut Tx<'_, '_>,
        row: &mut Group,
        acts: &mut Vec<GroupAct>,
    ) -> Result<(), Error> {
        let writers = self.edit.writers.filter(|writers| *writers != row.writers);
        let address = self.address.as_ref().filter(|address| **address != row.address);
        if let Some(address) = address {
            release_in_tx(tx, self.id, row.address.as_deref())?;
            if let Some(address) = address {
                claim_in_tx(tx, self.id, address)?;
            }
            row.address.clone_from(address);
        }
        row.writers = writers.unwrap_or(row.writers);
        if writers.is_some() || address.is_some() {
            acts.push(GroupAct::MailChanged);
        }
        if let Some(kind) = self.edit.kind.filter(|kind| *kind != row.kind) {
            let closed = kind == GroupKind::Closed;
            if closed {
                without_roles_in_tx(tx, self.id)?;
            }
            row.kind = kind;
            acts.push(GroupAct::KindChanged);
            for account in members_in_tx(tx, self.id)? {
                tx.put(&GROUPS_OF, &(account, self.id), &InGroup { closed })?;
            }
            forget_in_tx(tx, self.id)?;
        }
        Ok(())
    }
}

const ADDRESS_DENIED: Error =
    Error::Denied { reason: "only managers of the site give groups an address" };

const KIND_DENIED: Error =
    Error::Denied { reason: "only managers of the site make groups open or closed" };

fn checked_writers(kind: GroupKind, writers: GroupWriters) -> Result<(), Error> {
    match kind == GroupKind::Closed && writers != GroupWriters::Members {
        true => Err(Error::Invalid { what: "only members write to a closed group".to_owned() }),
        false => Ok(()),
    }
}

/// Refuses one group more than there may be, on the site or for the account.
fn within_in_tx(tx: &Tx<'_, '_>, account: AccountId) -> Result<(), Error> {
    let mut all = 0;
    tx.scan_keys(&GROUPS, &(), |_| {
        all += 1;
        ControlFlow::Continue(())
    })?;
    match all <= GROUPS_MAX && group_rows_of(tx, account)?.len() < GROUPS_OF_MAX {
        true => Ok(()),
        false => Err(Error::OverQuota),
    }
}

/// Refuses what a group with a role mailbox cannot do: who joins reads its mail, it comes from everywhere,
/// and somebody reads it.
fn without_roles_in_tx(tx: &Tx<'_, '_>, id: GroupId) -> Result<(), Error> {
    match mailboxes_of(&**tx, id)?.is_empty() {
        true => Ok(()),
        false => Err(Error::Conflict(Conflict::RoleMailbox)),
    }
}

/// Takes an address, which nobody else has.
fn claim_in_tx(tx: &mut Tx<'_, '_>, id: GroupId, address: &str) -> Result<(), Error> {
    let key = tx.vault().lookup(Lookup::Address, address.as_bytes());
    let is_free =
        !tx.has(&ADDRESSES, &key)? && tx.insert(&GROUP_ADDRESSES, &key, &GroupOwner(id))?;
    if is_free { Ok(()) } else { Err(Error::Conflict(Conflict::Exists)) }
}

/// Gives an address back, if it is still this group's.
fn release_in_tx(tx: &mut Tx<'_, '_>, id: GroupId, address: Option<&str>) -> Result<(), Error> {
    let Some(address) = address else { return Ok(()) };
    let key = tx.vault().lookup(Lookup::Address, address.as_bytes());
    if tx.get(&GROUP_ADDRESSES, &key)?.is_some_and(|owner| owner == GroupOwner(id)) {
        tx.delete(&GROUP_ADDRESSES, &key);
    }
    Ok(())
}

fn members_in_tx(tx: &Tx<'_, '_>, id: GroupId) -> Result<Vec<AccountId>, Error> {
    let mut members = Vec::new();
    tx.scan_keys(&GROUP_MEMBERS, &id, |(_, account)| {
        members.push(account);
        ControlFlow::Continue(())
    })?;
    Ok(members)
}

/// Forgets what is known of who reaches the members.
fn forget_in_tx(tx: &mut Tx<'_, '_>, id: GroupId) -> Result<(), Error> {
    let members = members_in_tx(tx, id)?;
    tx.then(move |gateway| {
        members.iter().for_each(|account| gateway.inner.addressees.forget(*account));
    });
    Ok(())
}

/// Deletes rows of a group, until `gone` is as many as one transaction removes.
fn clear_in_tx<K: Key, V: Record>(
    tx: &mut Tx<'_, '_>,
    table: &'static Table<K, V>,
    id: GroupId,
    gone: &mut usize,
) -> Result<(), Error> {
    let mut keys = Vec::new();
    tx.scan_keys(table, &id, |key| {
        if *gone + keys.len() == ROWS_DELETED_MAX {
            return ControlFlow::Break(());
        }
        keys.push(key);
        ControlFlow::Continue(())
    })?;
    *gone += keys.len();
    keys.iter().for_each(|key| tx.delete(table, key));
    Ok(())
}
