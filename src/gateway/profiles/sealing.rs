//! Sealing a profile: the owner's row, and a copy for each reader, in one transaction.
//!
//! A copy for a group is sealed under its epoch in use, and one for a person to the pair in use. Whenever
//! either is followed by another, the owner's next request seals these copies anew ([`Gateway::profile_tend`]).
//! Where nothing can be sealed for a reader now, the copy goes, and the row says that it waits.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::shares::{Fields, Share, ShareTo};
use crate::gateway::error::{Error, readable, unless_damaged};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::sealing::still_sealed_in_tx;
use crate::gateway::profiles::fields::{ProfileField, ProfileFields, StoredProfile};
use crate::gateway::records::contact::{ContactShared, ReaderKey};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::profile::{CopyTo, PICTURE, ProfileCopy, ProfileRow, TEXT};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ACCOUNT_KEYS, ACCOUNTS, GROUPS, PROFILE_SHARED, PROFILES};
use crate::store::Read;

/// The most octets of all copies of one profile.
pub(super) const COPIES_OCTETS_MAX: usize = 2 << 20;

/// The owner's row as it was read.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Before {
    Row(Option<ProfileRow>),
    /// The record cannot be read at all.
    Damaged,
}

/// What of a profile was there, and cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    None,
    /// The picture, or it is not the one that belongs to the fields.
    Picture,
    /// The fields, and whom each is for.
    Whole,
}

/// What the owner says, opened.
pub(super) struct Own {
    pub before: Before,
    pub stored: StoredProfile,
    pub picture: Option<Zeroizing<Vec<u8>>>,
    /// What is damaged is seen by nobody from the next change on.
    pub damage: Damage,
}

/// A change of a profile.
#[derive(Clone)]
pub(super) struct ProfileChange {
    before: Before,
    after: ProfileRow,
    puts: Vec<(CopyTo, u8, ContactShared)>,
    /// Whom it was for.
    had: Vec<CopyTo>,
    /// The readers whose copies stay as they are.
    kept: Vec<CopyTo>,
}

/// What is sealed for one reader.
type Sealed = (ProfileCopy, Vec<(CopyTo, u8, ContactShared)>);

pub(super) fn copy_binding(
    (reader, owner): (ReaderKey, AccountId),
    part: u8,
    version: u32,
) -> Vec<u8> {
    [b"profile shared\0".as_slice(), &[part], &reader, &owner.0, &version.to_be_bytes()].concat()
}

fn own_binding(account: AccountId, part: u8) -> Vec<u8> {
    [b"profile\0".as_slice(), &[part], &account.0].concat()
}

pub(super) fn picture_hash(octets: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, octets).as_ref());
    hash
}

pub(super) fn share_to(to: CopyTo) -> ShareTo {
    match to {
        CopyTo::Person(account) => ShareTo::Person(account),
        CopyTo::Group(group) => ShareTo::Group(group),
    }
}

fn copy_to(to: ShareTo) -> CopyTo {
    match to {
        ShareTo::Person(account) => CopyTo::Person(account),
        ShareTo::Group(group) => CopyTo::Group(group),
    }
}

impl Own {
    pub fn version(&self) -> u32 {
        match &self.before {
            Before::Row(Some(row)) => row.version,
            Before::Row(None) | Before::Damaged => 0,
        }
    }

    /// Whom it is for.
    pub(super) fn had(&self) -> Vec<CopyTo> {
        self.stored.readers().into_keys().map(copy_to).collect()
    }
}

impl Gateway {
    /// What the actor says. What cannot be opened is as if nothing were said.
    pub(super) fn profile_own(&self, actor: &Actor) -> Result<Own, Error> {
        let account = actor.account();
        let none = |before, damage| {
            let stored = StoredProfile::default();
            Own { before, stored, picture: None, damage }
        };
        let row = match unless_damaged(self.inner.store.get(&PROFILES, &account))? {
            None => return Ok(none(Before::Damaged, Damage::Whole)),
            Some(None) => return Ok(none(Before::Row(None), Damage::None)),
            Some(Some(row)) => row,
        };
        let opened = match actor.secret().open_own(&own_binding(account, TEXT), &row.sealed) {
            Ok(plain) => unless_damaged(sealed_form::read(PROFILES.name, &plain))?,
            Err(_) => None,
        };
        let Some(mut stored): Option<StoredProfile> = opened else {
            return Ok(none(Before::Row(Some(row)), Damage::Whole));
        };
        let picture = row.sealed_picture.as_ref();
        let bound = own_binding(account, PICTURE);
        let picture = picture.and_then(|sealed| actor.secret().open_own(&bound, sealed).ok());
        let picture = picture.filter(|octets| stored.picture == Some(picture_hash(octets)));
        let damage = match stored.picture.is_some() && picture.is_none() {
            true => Damage::Picture,
            false => Damage::None,
        };
        stored.picture = stored.picture.filter(|_| picture.is_some());
        Ok(Own { before: Before::Row(Some(row)), stored, picture, damage })
    }

    /// The change after which the actor says this, and each reader has a new copy.
    pub(super) fn profile_sealed(
        &self,
        actor: &Actor,
        (before, had): (Before, Vec<CopyTo>),
        (stored, picture): (&StoredProfile, Option<&[u8]>),
    ) -> Result<ProfileChange, Error> {
        let account = actor.account();
        let version = match &before {
            Before::Row(Some(row)) => row.version + 1,
            Before::Row(None) | Before::Damaged => 1,
        };
        let plain = sealed_form::octets_of(stored)?;
        let sealed = actor.secret().seal_own(&own_binding(account, TEXT), &plain)?;
        let seal = |picture| actor.secret().seal_own(&own_binding(account, PICTURE), picture);
        let sealed_picture = picture.map(seal).transpose()?;
        let (mut copies, mut puts) = (Vec::new(), Vec::new());
        for reader in stored.readers() {
            let (copy, parts) =
                self.profile_copy_sealed(actor, version, reader, (stored, picture))?;
            copies.push(copy);
            puts.extend(parts);
        }
        let octets: usize =
            puts.iter().map(|(_, _, row)| row.sealed.len() + row.encapsulation.len()).sum();
        if octets > COPIES_OCTETS_MAX {
            return Err(Error::OverQuota);
        }
        let after = ProfileRow { version, sealed, sealed_picture, copies };
        Ok(ProfileChange { before, after, puts, had, kept: Vec::new() })
    }

    /// The copy of one reader.
    fn profile_copy_sealed(
        &self,
        actor: &Actor,
        version: u32,
        (to, fields): (ShareTo, ProfileFields),
        (stored, picture): (&StoredProfile, Option<&[u8]>),
    ) -> Result<Sealed, Error> {
        // Read before it is sealed: if the reader's keys are renewed between, it is sealed once more.
        let pair = match to {
            ShareTo::Person(account) => self.profile_pair(account)?,
            ShareTo::Group(_) => None,
        };
        let text = sealed_form::octets_of(&stored.part(fields))?;
        let picture = picture.filter(|_| fields.has(ProfileField::Picture));
        let parts = [(TEXT, Some(&text[..])), (PICTURE, picture)];
        let (mut puts, mut under) = (Vec::new(), pair);
        for (part, plain) in parts {
            let Some(plain) = plain else { continue };
            let bound = copy_binding((to.key(), actor.account()), part, version);
            let share = Share { to, read: Fields(0), edit: Fields(0) };
            let row = self.contact_shared_sealed(actor, &share, version, (&bound, plain))?;
            let Some(row) = row else {
                let copy = ProfileCopy { to: copy_to(to), under: None };
                return Ok((copy, Vec::new()));
            };
            under = row.under.map(|under| under.epoch).or(pair);
            puts.push((copy_to(to), part, row));
        }
        Ok((ProfileCopy { to: copy_to(to), under }, puts))
    }

    /// The number of somebody's pair; `None` if there is none.
    fn profile_pair(&self, account: AccountId) -> Result<Option<u32>, Error> {
        let keys = readable(self.inner.store.get(&ACCOUNT_KEYS, &account))?.flatten();
        Ok(keys.map(|keys| keys.number))
    }

    /// Whether a copy is sealed to what is not in use any more, or waits for what may be there by now.
    fn profile_copy_is_stale(&self, actor: &Actor, copy: ProfileCopy) -> Result<bool, Error> {
        match copy.to {
            CopyTo::Person(account) => Ok(self.profile_pair(account)? != copy.under),
            CopyTo::Group(group) => {
                if !self.group_holds(group, actor.account())? {
                    return Ok(copy.under.is_some());
                }
                let row = readable(self.inner.store.get(&GROUPS, &group))?.flatten();
                Ok(match row {
                    Some(row) => row.due || copy.under != Some(row.epoch),
                    None => copy.under.is_some(),
                })
            }
        }
    }

    /// Seals anew what is sealed to keys that were followed by others; returns for how many readers.
    pub fn profile_tend(&self, actor: &Actor) -> Result<usize, Error> {
        if actor.is_temporary() {
            return Ok(0);
        }
        self.contacts_retry(|| {
            let row = readable(self.inner.store.get(&PROFILES, &actor.account()))?.flatten();
            let Some(row) = row else { return Ok(0) };
            let mut stale = Vec::new();
            for copy in &row.copies {
                if self.profile_copy_is_stale(actor, *copy)? {
                    stale.push(*copy);
                }
            }
            match stale.is_empty() {
                true => Ok(0),
                false => self.profile_copies_renew(actor, &stale),
            }
        })
    }

    /// The same for a page that is only read.
    pub fn profile_tend_or_not(&self, actor: &Actor) {
        if let Err(error) = self.profile_tend(actor) {
            tracing::debug!(%error, "the copies of a profile were not tended");
        }
    }

    fn profile_copies_renew(&self, actor: &Actor, stale: &[ProfileCopy]) -> Result<usize, Error> {
        let own = self.profile_own(actor)?;
        let Before::Row(Some(row)) = &own.before else { return Ok(0) };
        if own.damage != Damage::None {
            return Ok(0);
        }
        // Who reads is said by what is sealed: the row's list could have been changed on the disk.
        let mut readers: BTreeMap<_, _> = own.stored.readers();
        let (mut after, mut puts, mut count) = (row.clone(), Vec::new(), 0);
        let was = std::mem::take(&mut after.copies);
        let mut kept = Vec::new();
        for copy in was {
            let to = share_to(copy.to);
            let Some(fields) = readers.remove(&to) else { continue };
            if !stale.contains(&copy) {
                kept.push(copy.to);
                after.copies.push(copy);
                continue;
            }
            let said = (&own.stored, own.picture.as_ref().map(|octets| &octets[..]));
            let (copy, parts) = self.profile_copy_sealed(actor, row.version, (to, fields), said)?;
            count += usize::from(!parts.is_empty());
            after.copies.push(copy);
            puts.extend(parts);
        }
        // Who is missing in that list has no copy.
        for (to, fields) in readers {
            let said = (&own.stored, own.picture.as_ref().map(|octets| &octets[..]));
            let (copy, parts) = self.profile_copy_sealed(actor, row.version, (to, fields), said)?;
            count += usize::from(!parts.is_empty());
            after.copies.push(copy);
            puts.extend(parts);
        }
        if after == *row {
            return Ok(0);
        }
        let (before, had) = (own.before.clone(), own.had());
        let change = ProfileChange { before, after, puts, had, kept };
        self.profile_commit(actor, change)?;
        Ok(count)
    }

    /// Stores a change; [`Error::Busy`] if the profile, or the keys of a group, changed meanwhile.
    pub(super) fn profile_commit(&self, actor: &Actor, change: ProfileChange) -> Result<(), Error> {
        let account = actor.account();
        let done = self.transact(move |tx| change.store_in_tx(tx, account));
        done.wait()
    }
}

impl ProfileChange {
    fn store_in_tx(&self, tx: &mut Tx<'_, '_>, account: AccountId) -> Result<(), Error> {
        let found = match unless_damaged(tx.get(&PROFILES, &account))? {
            Some(row) => Before::Row(row),
            None => Before::Damaged,
        };
        if found != self.before {
            return Err(Error::Busy);
        }
        // An account whose removal has begun says nothing any more.
        if !tx.has(&ACCOUNT_KEYS, &account)? {
            return Err(Error::NotFound { what: "account" });
        }
        // Who had a copy is said by what was sealed; the row's list could have been changed on the disk.
        for to in self.had.iter().filter(|to| !self.kept.contains(to)) {
            copy_remove_in_tx(tx, account, *to);
        }
        match &found {
            Before::Row(Some(row)) => {
                let gone = row.copies.iter().filter(|copy| !self.kept.contains(&copy.to));
                gone.for_each(|copy| copy_remove_in_tx(tx, account, copy.to));
            }
            Before::Row(None) => {}
            // Nobody knows who has a copy.
            Before::Damaged => unpublish_in_tx(tx, account)?,
        }
        for (to, part, row) in &self.puts {
            if let Some(under) = row.under {
                still_sealed_in_tx(tx, under).map_err(|_| Error::Busy)?;
            }
            // An account that ended meanwhile leaves nothing.
            if let CopyTo::Person(reader) = to
                && !tx.has(&ACCOUNTS, reader)?
            {
                continue;
            }
            tx.put(&PROFILE_SHARED, &(share_to(*to).key(), account, *part), row)?;
        }
        Ok(tx.put(&PROFILES, &account, &self.after)?)
    }
}

fn copy_remove_in_tx(tx: &mut Tx<'_, '_>, account: AccountId, to: CopyTo) {
    for part in [TEXT, PICTURE] {
        tx.delete(&PROFILE_SHARED, &(share_to(to).key(), account, part));
    }
}

/// Removes all copies of a profile of which nobody knows who has it.
fn unpublish_in_tx(tx: &mut Tx<'_, '_>, account: AccountId) -> Result<(), Error> {
    let mut keys = Vec::new();
    tx.scan_keys(&PROFILE_SHARED, &(), |key| {
        keys.extend((key.1 == account).then_some(key));
        ControlFlow::Continue(())
    })?;
    keys.iter().for_each(|key| tx.delete(&PROFILE_SHARED, key));
    Ok(())
}
