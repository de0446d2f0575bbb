//! Groups, their members, and the keys of their epochs.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::terms::{GroupAct, GroupKind, GroupWriters};

/// A group. Who is in it and what its address is are facts that the daemon needs; its name and
/// description open only for those who may read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub kind: GroupKind,
    /// Whether everybody inside sees its name and description.
    pub listed: bool,
    /// Whether a new member may read what was written for the group before.
    pub shares_earlier: bool,
    /// The first epoch that new members may read, if any: those before open for nobody new.
    pub shares_from: u32,
    pub writers: GroupWriters,
    /// In normalised form.
    pub address: Option<String>,
    pub created: Timestamp,
    /// How often the group or its members changed.
    pub version: u32,
    /// The epoch in use; the first is 1.
    pub epoch: u32,
    /// Whether somebody who holds the epoch in use may no longer read: nothing more is sealed under it.
    pub due: bool,
    /// Name and description.
    #[serde(with = "serde_bytes")]
    pub sealed_about: Vec<u8>,
    /// What they are sealed under.
    pub about_under: Under,
    /// The latest changes, the newest last.
    pub changes: Vec<GroupChange>,
    /// How many earlier ones are not kept.
    pub dropped: u32,
}

/// An epoch of a group that something is sealed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Under {
    pub group: GroupId,
    pub epoch: u32,
}

/// A change of a group that its members see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupChange {
    pub at: Timestamp,
    pub act: GroupAct,
    pub who: AccountId,
    /// The member whom it concerns.
    pub about: Option<AccountId>,
}

/// An epoch of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupEpoch {
    #[serde(with = "serde_bytes")]
    pub public: Vec<u8>,
    pub began: Timestamp,
    /// The private half of the epoch before, if new members may read what was written then.
    #[serde(with = "serde_bytes")]
    pub sealed_earlier: Option<Vec<u8>>,
    /// Shows to who holds the epoch before that one of its holders began this one.
    #[serde(with = "serde_bytes")]
    pub proof: Option<Vec<u8>>,
}

/// An epoch's private half, wrapped for one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupWrap {
    #[serde(with = "serde_bytes")]
    pub wrapped: Vec<u8>,
    /// The number of the account's pair that it was wrapped for.
    pub number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    pub manager: bool,
    pub since: Timestamp,
    /// The latest epoch that the member's own session found to be genuine, with a digest of its public
    /// half; sealed by the member's account.
    #[serde(with = "serde_bytes")]
    pub sealed_seen: Option<Vec<u8>>,
}

/// That an account is in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InGroup {
    /// Whether the group is closed, which is asked for each message to the account.
    pub closed: bool,
}

/// What the managers of a group set besides, where they set anything: by whose attestations its members
/// are computed, and whether these are hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTerms {
    /// Whether people who are not in the closed group learn not even that its members' addresses exist.
    pub hides_members: bool,
    pub voucher: Option<GroupVoucher>,
    /// When the next computed member may be one no longer: from then on they are looked at before
    /// anything more is sealed for the group.
    pub lapses: Option<Timestamp>,
}

impl GroupTerms {
    /// Whether a member may be a computed one: there is an agreement, or rows of an earlier one.
    pub(in crate::gateway) fn computes(&self) -> bool {
        self.lapses.is_some() || self.voucher.as_ref().is_some_and(|one| one.agreed.is_some())
    }
}

/// The member by whose attestations the members of a group are computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupVoucher {
    pub account: AccountId,
    /// `None` as long as the voucher was asked and has not agreed.
    pub agreed: Option<Agreement>,
}

/// That a voucher agreed to a group. What was computed under another agreement counts no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub id: [u8; 16],
    pub at: Timestamp,
}

/// Why an account is a computed member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VouchedMember {
    pub voucher: AccountId,
    /// The agreement under which the member was computed.
    pub agreement: [u8; 16],
    /// The digest of the attestation.
    pub attestation: [u8; 32],
    /// The digest of both parties, as the attestation names them.
    pub parties: [u8; 32],
    pub ends: Option<Timestamp>,
}

/// The group that an address belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOwner(pub GroupId);

/// How many changes of a group are kept, and how many of them are about what it is: those never push
/// out of sight who came and went.
const CHANGES_MAX: usize = 200;
const SETTINGS_MAX: usize = 20;

impl Group {
    /// Notes a change, which also gives the group another version. Several of one kind by one person, one
    /// after another, are one.
    pub(in crate::gateway) fn note(&mut self, change: GroupChange) {
        self.version = self.version.wrapping_add(1);
        let repeats = |last: &GroupChange| {
            change.act.is_setting() && last.act == change.act && last.who == change.who
        };
        if let Some(last) = self.changes.last_mut().filter(|last| repeats(last)) {
            last.at = change.at;
            return;
        }
        self.changes.push(change);
        let settings = self.changes.iter().filter(|one| one.act.is_setting()).count();
        if settings > SETTINGS_MAX
            && let Some(at) = self.changes.iter().position(|one| one.act.is_setting())
        {
            self.changes.remove(at);
            self.dropped = self.dropped.saturating_add(1);
        }
        if self.changes.len() > CHANGES_MAX {
            self.changes.remove(0);
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}
