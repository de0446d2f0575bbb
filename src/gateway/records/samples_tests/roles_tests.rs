//! Samples of role mailboxes.

use crate::gateway::records::ids::GroupId;
use crate::gateway::records::role::{RoleAct, RoleActKind, RoleActs, RoleInterim, RoleMailbox};

use super::*;

impl Samples for RoleMailbox {
    fn samples() -> Vec<Self> {
        let full = RoleMailbox {
            group: GroupId([5; 16]),
            address: text("info@example.org"),
            since: at(1),
            first_epoch: 301,
            ending: true,
        };
        vec![RoleMailbox { ending: false, ..full.clone() }, full]
    }
}

impl Samples for RoleActs {
    fn samples() -> Vec<Self> {
        let act = |kind| RoleAct { kind, who: id(3), at: at(2) };
        let mut acts = each::<RoleActKind, _>(act);
        acts.push(act(RoleActKind::Answered([6; 16])));
        acts.push(act(RoleActKind::Wrote(Some([7; 16]))));
        vec![RoleActs::default(), RoleActs { acts }]
    }
}

impl Samples for RoleInterim {
    fn samples() -> Vec<Self> {
        let wrapped = RoleInterim {
            version: 70_001,
            public: vec![1, 2, 3],
            wraps: vec![(id(3), vec![4, 5]), (id(4), vec![6])],
            sealed: None,
        };
        let sealed = Some((302, vec![7, 8]));
        vec![RoleInterim { wraps: Vec::new(), sealed, ..wrapped.clone() }, wrapped]
    }
}
