//! The kinds of groups, and who may write to them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What being in a group means for mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupKind {
    /// Nothing: it is a list of people.
    #[default]
    Plain,
    /// Messages of its members bear its name.
    Open,
    /// Its members get no messages from anybody else, and nobody else finds them.
    Closed,
}

super::words!(GroupKind { Plain => "plain", Open => "open", Closed => "closed" });

/// Who may write to the address of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupWriters {
    #[default]
    Members,
    /// Everybody inside.
    Inside,
    /// Everybody, inside and outside.
    Everybody,
}

super::words!(GroupWriters {
    Members => "members",
    Inside => "inside",
    Everybody => "everybody",
});

/// Why somebody is a member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MemberBy {
    /// A manager added the member, or the member created the group.
    Named,
    /// The other members are computed from this member's attestations.
    Voucher,
    /// The voucher attests this member.
    Attested,
}

super::words!(MemberBy { Named => "named", Voucher => "voucher", Attested => "attested" });

/// Who may create groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupsBy {
    /// Everybody inside.
    #[default]
    Everybody,
    /// Managers of the site.
    Managers,
}

super::words!(GroupsBy { Everybody => "everybody", Managers => "managers" });

/// What people learn of a member of a closed group that they are not in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedMembers {
    /// That the address exists, if they ask for exactly that address or write to it.
    #[default]
    Address,
    /// Nothing: the address is answered like one that nobody has.
    Hidden,
}

super::words!(ClosedMembers { Address => "address", Hidden => "hidden" });

/// What changed in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupAct {
    Created,
    Added,
    Left,
    Removed,
    ManagerGranted,
    ManagerRevoked,
    /// Its name or description.
    Renamed,
    /// Its kind: whom its members get mail from, and what their messages show.
    KindChanged,
    /// Its address, or who may write to it.
    MailChanged,
    /// Everybody inside sees its name and description from then on.
    Listed,
    Unlisted,
    /// New members read what is written from then on, also what was written before they came.
    EarlierShared,
    EarlierHidden,
}

impl GroupAct {
    /// Whether it is about what the group is, and not about who is in it.
    pub fn is_setting(self) -> bool {
        use GroupAct::{
            EarlierHidden, EarlierShared, KindChanged, Listed, MailChanged, Renamed, Unlisted,
        };
        matches!(
            self,
            Renamed | KindChanged | MailChanged | Listed | Unlisted | EarlierShared | EarlierHidden
        )
    }
}

super::words!(GroupAct {
    Created => "created",
    Added => "added",
    Left => "left",
    Removed => "removed",
    ManagerGranted => "manager-granted",
    ManagerRevoked => "manager-revoked",
    Renamed => "renamed",
    KindChanged => "kind-changed",
    MailChanged => "mail-changed",
    Listed => "listed",
    Unlisted => "unlisted",
    EarlierShared => "earlier-shared",
    EarlierHidden => "earlier-hidden",
});
