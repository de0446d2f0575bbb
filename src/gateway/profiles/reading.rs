//! What a reader sees of the profiles of others: its copies, opened.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::shared::Opened;
use crate::gateway::contacts::shares::ShareTo;
use crate::gateway::error::{Error, unless_damaged};
use crate::gateway::groups::audience::Reader;
use crate::gateway::profiles::fields::{ProfileField, Published};
use crate::gateway::profiles::sealing::copy_binding;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::profile::{PICTURE, TEXT};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::PROFILE_SHARED;
use crate::store::Read;

/// The most copies that one search reads. Each that is sealed for the reader alone takes a step with the
/// reader's private key, and so does each epoch of a group.
const COPIES_READ_MAX: usize = 5_000;
const COPIES_OF_ONE_MAX: usize = 500;
const EPOCHS_READ_MAX: usize = 200;

/// The most keys that are looked at for the reader, and for each group; and for all of them.
const KEYS_READ_MAX: usize = 10_000;
const KEYS_ALL_MAX: usize = 50_000;

/// Who asks, with the keys that were opened for the question.
pub(super) struct Asking<'a> {
    pub actor: &'a Actor,
    pub reader: Reader,
    opened: Opened,
}

/// What one reader sees of one profile.
#[derive(Default)]
pub(super) struct Part {
    pub published: Published,
    /// Whether there is something that cannot be opened: yet, or because it was changed.
    pub is_closed: bool,
}

/// What a search found of all profiles.
#[derive(Default)]
pub(super) struct Parts {
    pub parts: BTreeMap<AccountId, Part>,
    pub more: bool,
}

impl Gateway {
    pub(super) fn profile_asking<'a>(&self, actor: &'a Actor) -> Result<Asking<'a>, Error> {
        let reader = self.reader_facts(actor)?;
        Ok(Asking { actor, reader, opened: Opened::default() })
    }

    /// Whether a copy that is for `to` counts: the owner of one for a group must be in the group as well.
    fn profile_copy_counts(&self, to: ShareTo, owner: AccountId) -> Result<bool, Error> {
        match to {
            ShareTo::Person(_) | ShareTo::Group(GroupId::EVERYBODY) => Ok(true),
            ShareTo::Group(group) => self.group_has(group, owner),
        }
    }

    fn profile_copy(
        &self,
        asking: &mut Asking<'_>,
        (to, owner, part): (ShareTo, AccountId, u8),
    ) -> Result<Option<Option<Zeroizing<Vec<u8>>>>, Error> {
        if !self.profile_copy_counts(to, owner)? {
            return Ok(None);
        }
        let key = (to.key(), owner, part);
        let row = match unless_damaged(self.inner.store.get(&PROFILE_SHARED, &key))? {
            None => return Ok(Some(None)),
            Some(None) => return Ok(None),
            Some(Some(row)) => row,
        };
        let bound = copy_binding((to.key(), owner), part, row.version);
        let Asking { actor, opened, .. } = asking;
        self.contact_shared_plain(actor, opened, (&bound, &row)).map(Some)
    }

    /// What somebody sees of a profile: by name, and through groups.
    pub(super) fn profile_part(
        &self,
        asking: &mut Asking<'_>,
        owner: AccountId,
    ) -> Result<Part, Error> {
        let mut part = Part::default();
        for to in ShareTo::of(&asking.reader) {
            if let Some(plain) = self.profile_copy(asking, (to, owner, TEXT))? {
                part.add(plain)?;
            }
        }
        Ok(part)
    }

    /// What somebody sees of all profiles, a bounded number of them.
    pub(super) fn profile_parts(&self, asking: &mut Asking<'_>) -> Result<Parts, Error> {
        let (mut all, mut read, mut alone) = (Parts::default(), 0, 0);
        let mut keys = 0;
        for to in ShareTo::of(&asking.reader) {
            let (mut owners, mut looked) = (BTreeSet::new(), 0);
            let most = KEYS_READ_MAX.min(KEYS_ALL_MAX - keys);
            if most == 0 {
                all.more = true;
                return Ok(all);
            }
            self.inner.store.scan_keys(&PROFILE_SHARED, &to.key(), |(_, owner, _)| {
                owners.insert(owner);
                looked += 1;
                match looked < most {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })?;
            keys += looked;
            all.more |= looked == most;
            let is_alone = matches!(to, ShareTo::Person(_));
            for owner in owners {
                if read == COPIES_READ_MAX {
                    all.more = true;
                    return Ok(all);
                }
                let is_over = match is_alone {
                    true => alone == COPIES_OF_ONE_MAX,
                    false => asking.opened.count() >= EPOCHS_READ_MAX,
                };
                if is_over {
                    all.more = true;
                    break;
                }
                alone += usize::from(is_alone);
                read += 1;
                if let Some(plain) = self.profile_copy(asking, (to, owner, TEXT))? {
                    all.parts.entry(owner).or_default().add(plain)?;
                }
            }
        }
        Ok(all)
    }

    /// The picture that somebody sees of a profile.
    pub(super) fn profile_picture_seen(
        &self,
        asking: &mut Asking<'_>,
        owner: AccountId,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        if !self.profile_part(asking, owner)?.published.fields.has(ProfileField::Picture) {
            return Ok(None);
        }
        for to in ShareTo::of(&asking.reader) {
            if let Some(Some(plain)) = self.profile_copy(asking, (to, owner, PICTURE))? {
                return Ok(Some(plain));
            }
        }
        Ok(None)
    }
}

impl Part {
    fn add(&mut self, plain: Option<Zeroizing<Vec<u8>>>) -> Result<(), Error> {
        let read = plain.map(|plain| sealed_form::read::<Published>(PROFILE_SHARED.name, &plain));
        match read.transpose() {
            Err(error @ Error::NewerRecord { .. }) => return Err(error),
            Ok(Some(published)) => self.published.add(&published),
            Ok(None) | Err(_) => self.is_closed = true,
        }
        Ok(())
    }
}
