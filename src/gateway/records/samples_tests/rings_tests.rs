//! Samples of keyrings.

use crate::gateway::records::ids::GroupId;
use crate::gateway::records::keyring::{KeysChanged, Ring, RingEpoch, RingWrap};

use super::*;

impl Samples for Ring {
    fn samples() -> Vec<Self> {
        let full = Ring {
            epoch: 302,
            due: true,
            version: 70_001,
            shares_earlier: false,
            shares_from: 303,
            chain_from: 250,
            looked_at: 70_002,
            accounts: 1_000,
            groups: vec![(GroupId([5; 16]), 301), (GroupId([0; 16]), 0)],
        };
        let bare = Ring { due: false, shares_earlier: true, groups: Vec::new(), ..full.clone() };
        vec![full, bare]
    }
}

impl Samples for RingEpoch {
    fn samples() -> Vec<Self> {
        let full = RingEpoch {
            commitment: [7; 32],
            began: at(1),
            sealed_earlier: Some(vec![1, 2]),
            proof: Some(vec![3, 4]),
            sealed_far: Some(vec![5]),
        };
        vec![
            RingEpoch { sealed_earlier: None, proof: None, sealed_far: None, ..full.clone() },
            full,
        ]
    }
}

impl Samples for RingWrap {
    fn samples() -> Vec<Self> {
        vec![RingWrap { wrapped: vec![1, 2, 3], epoch: 70_001, public: [8; 16] }]
    }
}

impl Samples for KeysChanged {
    fn samples() -> Vec<Self> {
        vec![KeysChanged(70_001)]
    }
}
