//! `[groups]`: groups of people inside.

use serde::{Deserialize, Serialize};

use crate::terms::{ClosedMembers, GroupsBy};

/// Groups of people inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Groups {
    /// Who may create groups: `everybody` inside, or `managers` of the site.
    pub create: GroupsBy,
    /// Who may make a group open or closed, which changes whom its members get mail from, and what their
    /// messages show: `everybody` inside, or `managers` of the site.
    pub kinds: GroupsBy,
    /// Who may give a group an address at which it gets mail: `everybody` inside, or `managers` of the
    /// site.
    pub addresses: GroupsBy,
    /// What people learn of a member of a closed group that they are not in: `address`, that it exists, or
    /// `hidden`, nothing.
    pub closed_members: ClosedMembers,
}

impl Default for Groups {
    fn default() -> Self {
        Groups {
            create: GroupsBy::Everybody,
            kinds: GroupsBy::Managers,
            addresses: GroupsBy::Managers,
            closed_members: ClosedMembers::Address,
        }
    }
}
