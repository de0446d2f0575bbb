//! A user's own profile: what it says, for whom, and how somebody sees it.

use std::collections::BTreeSet;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::shares::{Named, READERS_MAX, ShareTo};
use crate::gateway::contacts::sharing::{NamedReader, ReaderView};
use crate::gateway::error::{Conflict, Error};
use crate::gateway::groups::audience::{Audience, Reader};
use crate::gateway::profiles::fields::{
    FIELD_COUNT, ProfileFields, ProfileText, Published, StoredProfile,
};
use crate::gateway::profiles::sealing::{Before, Damage, Own, picture_hash, share_to};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::profile::CopyTo;
use crate::gateway::records::tables::{ROLE_MAILBOXES, TEMPORARY};
use crate::gateway::text::parse_hex;
use crate::mail::address::Address;
use crate::mail::contacts::Photo;
use crate::store::Read;

/// Whom a field is for, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudienceView {
    Nobody,
    Everybody,
    Named(Vec<ReaderView>),
}

/// Whom a field is to be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedAudience {
    Nobody,
    Everybody,
    Named(Vec<NamedReader>),
}

/// A profile as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnProfile {
    /// 0 before anything was said.
    pub version: u32,
    pub text: ProfileText,
    pub picture: bool,
    /// In the order of the fields.
    pub audiences: [AudienceView; FIELD_COUNT],
    /// Whether somebody sees nothing yet, because the keys of a group wait.
    pub waits: bool,
    /// Whether something was there that cannot be opened.
    pub damaged: bool,
}

/// What the owner says from now on; the picture stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedProfile {
    pub text: ProfileText,
    pub audiences: [WantedAudience; FIELD_COUNT],
}

impl WantedProfile {
    /// Refuses more readers than one field may have, before any is looked up.
    fn check(&self) -> Result<(), Error> {
        let is_long = |audience: &WantedAudience| match audience {
            WantedAudience::Named(named) => named.len() > READERS_MAX,
            WantedAudience::Nobody | WantedAudience::Everybody => false,
        };
        match self.audiences.iter().any(is_long) {
            true => Err(Error::OverQuota),
            false => Ok(()),
        }
    }
}

/// A profile as somebody else sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Whether the other person sees more of the owner than that the address exists.
    pub visible: bool,
    pub published: Published,
}

const OUTSIDER: Error = Error::Denied { reason: "profiles are for people inside" };
const NOBODY: Error = Error::NotFound { what: "reader" };

pub(super) fn inside(actor: &Actor) -> Result<(), Error> {
    match actor.is_temporary() {
        true => Err(OUTSIDER),
        false => Ok(()),
    }
}

impl Gateway {
    /// What the actor says, and for whom.
    pub fn profile(&self, actor: &Actor) -> Result<OwnProfile, Error> {
        inside(actor)?;
        let own = self.profile_own(actor)?;
        let asker = self.asker(actor.account())?;
        let mut audiences = [const { AudienceView::Nobody }; FIELD_COUNT];
        for (view, audience) in audiences.iter_mut().zip(&own.stored.audiences) {
            *view = match audience {
                Audience::Nobody => AudienceView::Nobody,
                Audience::Everybody => AudienceView::Everybody,
                Audience::Named { accounts, groups } => {
                    let people = accounts.iter().map(|one| ShareTo::Person(*one));
                    let all = people.chain(groups.iter().map(|one| ShareTo::Group(*one)));
                    let view =
                        |to| self.contact_reader_view(actor, &asker, (to, &own.stored.named));
                    AudienceView::Named(all.map(view).collect::<Result<_, _>>()?)
                }
            };
        }
        let waits = self.profile_waits(actor, &own.before)?;
        let (version, damaged) = (own.version(), own.damage != Damage::None);
        let StoredProfile { text, picture, .. } = own.stored;
        Ok(OwnProfile { version, text, picture: picture.is_some(), audiences, waits, damaged })
    }

    /// Whether a group that the actor is in has no copy yet. One that the actor has left gets none, and
    /// neither does somebody whose account has ended.
    fn profile_waits(&self, actor: &Actor, before: &Before) -> Result<bool, Error> {
        let Before::Row(Some(row)) = before else { return Ok(false) };
        for copy in row.copies.iter().filter(|copy| copy.under.is_none()) {
            if let CopyTo::Group(group) = copy.to
                && self.group_holds(group, actor.account())?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Says something else. `over` is the version that the owner saw.
    pub fn profile_set(
        &self,
        actor: &Actor,
        over: u32,
        wanted: &WantedProfile,
    ) -> Result<OwnProfile, Error> {
        inside(actor)?;
        wanted.check()?;
        let text = wanted.text.clone().fitted()?;
        self.contacts_retry(|| {
            let own = self.profile_own(actor)?;
            if own.version() != over {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            let known = (&own.stored.known(), &own.stored.named);
            let mut named = Named::new();
            let mut audiences = [const { Audience::Nobody }; FIELD_COUNT];
            for (audience, wanted) in audiences.iter_mut().zip(&wanted.audiences) {
                *audience = self.profile_audience(actor, wanted, known, &mut named)?;
            }
            let stored =
                StoredProfile { text: text.clone(), picture: own.stored.picture, audiences, named };
            stored.check()?;
            let had = own.had();
            let Own { before, picture, .. } = own;
            let said = (&stored, picture.as_ref().map(|octets| &octets[..]));
            self.profile_commit(actor, self.profile_sealed(actor, (before, had), said)?)
        })?;
        self.profile(actor)
    }

    /// Whom the owner means.
    fn profile_audience(
        &self,
        actor: &Actor,
        wanted: &WantedAudience,
        known: (&BTreeSet<ShareTo>, &Named),
        names: &mut Named,
    ) -> Result<Audience, Error> {
        let named = match wanted {
            WantedAudience::Nobody => return Ok(Audience::Nobody),
            WantedAudience::Everybody => return Ok(Audience::Everybody),
            WantedAudience::Named(named) => named,
        };
        let (mut accounts, mut groups) = (Vec::new(), Vec::new());
        for one in named {
            match self.profile_reader(actor, one, known, names)? {
                ShareTo::Person(account) => accounts.push(account),
                ShareTo::Group(group) => groups.push(group),
            }
        }
        accounts.sort_unstable();
        accounts.dedup();
        groups.sort_unstable();
        groups.dedup();
        Ok(match accounts.is_empty() && groups.is_empty() {
            true => Audience::Nobody,
            false => Audience::Named { accounts, groups },
        })
    }

    /// Whom one name means. Who is named anew is named as others may know that person; one who was named
    /// before stays the same person, also under an address that is another's by now.
    fn profile_reader(
        &self,
        actor: &Actor,
        named: &NamedReader,
        (known, before): (&BTreeSet<ShareTo>, &Named),
        names: &mut Named,
    ) -> Result<ShareTo, Error> {
        let NamedReader::Person(text) = named else {
            return self.contact_reader_named(actor, named, (known, before), names);
        };
        let text = text.trim();
        let kept = before.iter().find(|(_, typed)| typed.as_str() == text);
        let kept = kept.map(|(account, _)| *account).or(parse_hex(text).map(AccountId));
        if kept.is_some_and(|account| known.contains(&ShareTo::Person(account)))
            && let Ok(ShareTo::Person(account)) =
                self.contact_reader_named(actor, named, (known, before), names)
            && !self.inner.store.has(&TEMPORARY, &account)?
            && kept == Some(account)
        {
            return Ok(ShareTo::Person(account));
        }
        let account = self.profile_person(actor, text)?.filter(|one| *one != actor.account());
        let account = account.ok_or(NOBODY)?;
        names.insert(account, text.to_owned());
        Ok(ShareTo::Person(account))
    }

    /// The person inside whom the actor may write to, by the first address: whose a further address is, is
    /// not said. Whether there is room in the mailbox makes no difference.
    fn profile_person(&self, actor: &Actor, text: &str) -> Result<Option<AccountId>, Error> {
        if Address::parse(text).is_err() {
            return Ok(None);
        }
        let Some(account) = self.colleague_called(text)? else { return Ok(None) };
        let is_person = self.group_able(account)?
            && !self.inner.store.has(&ROLE_MAILBOXES, &account)?
            && self.reaches_from(actor.account(), account)?;
        Ok(is_person.then_some(account))
    }

    /// The actor's own picture.
    pub fn profile_picture(&self, actor: &Actor) -> Result<Photo, Error> {
        inside(actor)?;
        let picture = self.profile_own(actor)?.picture;
        let octets = picture.ok_or(Error::NotFound { what: "picture" })?.to_vec();
        // It was one when it was stored.
        Photo::of(octets).ok_or_else(|| Error::Damaged { what: "no picture".to_owned() })
    }

    /// Sets the actor's picture, or removes it. Whom it is for stays as it is. `over` is the version that
    /// the owner saw. Where the fields cannot be opened it is refused: they would be replaced by none.
    pub fn profile_picture_set(
        &self,
        actor: &Actor,
        over: u32,
        picture: Option<&Photo>,
    ) -> Result<OwnProfile, Error> {
        inside(actor)?;
        self.contacts_retry(|| {
            let own = self.profile_own(actor)?;
            if own.version() != over {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            if own.damage == Damage::Whole {
                return Err(damaged());
            }
            let had = own.had();
            let Own { before, mut stored, .. } = own;
            stored.picture = picture.map(|picture| picture_hash(&picture.octets));
            let said = (&stored, picture.map(|picture| &picture.octets[..]));
            self.profile_commit(actor, self.profile_sealed(actor, (before, had), said)?)
        })?;
        self.profile(actor)
    }

    /// What of the actor's profile is sealed for the person at an address: by name, and through the groups
    /// that both are in. In which others the person is, is not said by it. Of a damaged profile others may
    /// have copies that its owner cannot be shown.
    pub fn profile_preview(&self, actor: &Actor, address: &str) -> Result<Preview, Error> {
        inside(actor)?;
        let account = self.profile_person(actor, address.trim())?.ok_or(NOBODY)?;
        let own = self.profile_own(actor)?;
        if own.damage != Damage::None {
            return Err(damaged());
        }
        let visible = self.profile_is_seen(&self.asker(account)?, actor.account())?;
        if !visible {
            return Ok(Preview::default());
        }
        let Reader { inside, groups, .. } = self.reader_facts(actor)?;
        let mut common = BTreeSet::new();
        for group in groups {
            if self.group_has(group, account)? {
                common.insert(group);
            }
        }
        let reader = Reader { account, inside, groups: common };
        Ok(Preview { visible, published: own.stored.part(sealed_for(&own, &reader)) })
    }
}

/// The fields of which there is a copy for somebody.
fn sealed_for(own: &Own, reader: &Reader) -> ProfileFields {
    let Before::Row(Some(row)) = &own.before else { return ProfileFields::default() };
    let readers = own.stored.readers();
    let copies = row.copies.iter().filter(|copy| copy.under.is_some());
    let to = copies.map(|copy| share_to(copy.to)).filter(|to| to.includes(reader));
    to.filter_map(|to| readers.get(&to).copied())
        .fold(ProfileFields::default(), ProfileFields::with)
}

fn damaged() -> Error {
    Error::Damaged { what: "a profile".to_owned() }
}
