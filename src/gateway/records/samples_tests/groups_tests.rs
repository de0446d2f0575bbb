//! Samples of groups.

use crate::gateway::groups::about::About;
use crate::gateway::records::group::{
    Agreement, Group, GroupChange, GroupEpoch, GroupMember, GroupOwner, GroupTerms, GroupVoucher,
    GroupWrap, InGroup, Under, VouchedMember,
};
use crate::gateway::records::ids::GroupId;
use crate::terms::{GroupAct, GroupKind, GroupWriters};

use super::*;

impl Samples for Group {
    fn samples() -> Vec<Self> {
        let change = |act| GroupChange { at: at(2), act, who: id(3), about: Some(id(4)) };
        let mut changes = each::<GroupAct, _>(change);
        changes.push(GroupChange { about: None, ..change(GroupAct::Created) });
        let full = |kind, writers| Group {
            kind,
            listed: true,
            shares_earlier: false,
            shares_from: 303,
            writers,
            address: Some(text("sales@example.org")),
            created: at(1),
            version: 70_001,
            epoch: 302,
            due: true,
            sealed_about: vec![1, 2, 3],
            about_under: Under { group: GroupId([5; 16]), epoch: 301 },
            changes: changes.clone(),
            dropped: 70_002,
        };
        let bare = Group {
            listed: false,
            shares_earlier: true,
            address: None,
            due: false,
            changes: Vec::new(),
            ..full(GroupKind::Plain, GroupWriters::Members)
        };
        let kinds = each(|kind| full(kind, GroupWriters::Inside));
        let writers = each(|writers| full(GroupKind::Open, writers));
        [vec![bare], kinds, writers].concat()
    }
}

impl Samples for GroupEpoch {
    fn samples() -> Vec<Self> {
        let full = GroupEpoch {
            public: vec![1, 2, 3],
            began: at(1),
            sealed_earlier: Some(vec![4, 5]),
            proof: Some(vec![6]),
        };
        vec![GroupEpoch { sealed_earlier: None, proof: None, ..full.clone() }, full]
    }
}

impl Samples for GroupMember {
    fn samples() -> Vec<Self> {
        vec![
            GroupMember { manager: true, since: at(1), sealed_seen: Some(vec![1, 2]) },
            GroupMember { manager: false, since: at(2), sealed_seen: None },
        ]
    }
}

impl Samples for GroupOwner {
    fn samples() -> Vec<Self> {
        vec![GroupOwner(GroupId([7; 16]))]
    }
}

impl Samples for GroupWrap {
    fn samples() -> Vec<Self> {
        vec![GroupWrap { wrapped: vec![1, 2, 3], number: 70_001 }]
    }
}

impl Samples for InGroup {
    fn samples() -> Vec<Self> {
        vec![InGroup { closed: true }, InGroup { closed: false }]
    }
}

impl Samples for About {
    fn samples() -> Vec<Self> {
        vec![About { name: text("Sales"), description: text("Who sells") }, About::default()]
    }
}

impl Samples for GroupTerms {
    fn samples() -> Vec<Self> {
        let agreed = Some(Agreement { id: [6; 16], at: at(3) });
        let voucher = Some(GroupVoucher { account: id(7), agreed });
        let full = GroupTerms { hides_members: true, voucher, lapses: Some(at(4)) };
        let asked = Some(GroupVoucher { account: id(8), agreed: None });
        let asked = GroupTerms { hides_members: false, voucher: asked, lapses: None };
        vec![full, asked, GroupTerms::default()]
    }
}

impl Samples for VouchedMember {
    fn samples() -> Vec<Self> {
        let full = VouchedMember {
            voucher: id(7),
            agreement: [6; 16],
            attestation: [5; 32],
            parties: [4; 32],
            ends: Some(at(5)),
        };
        vec![VouchedMember { ends: None, ..full.clone() }, full]
    }
}
