//! Samples of signing keys, attestations and what lies beside messages.

use crate::gateway::accounts::known_key::KnownKey;
use crate::gateway::records::vouching::{
    Attestation, SealedNote, SignedStatement, SigningKey, VouchRequest,
};
use crate::gateway::vouching::signature::CarriedSignature;
use crate::vault::VerifyingKey;

use super::*;

fn key(number: u8) -> VerifyingKey {
    VerifyingKey([number; 32])
}

fn signed(number: u8) -> SignedStatement {
    SignedStatement { octets: vec![number, 2], signature: vec![number, 4, 5] }
}

impl Samples for SigningKey {
    fn samples() -> Vec<Self> {
        let full = SigningKey {
            public: key(1),
            number: 70_001,
            sealed_private: vec![2, 3],
            since: at(1),
            ended: true,
            signs: false,
        };
        vec![SigningKey { ended: false, signs: true, ..full.clone() }, full]
    }
}

impl Samples for SignedStatement {
    fn samples() -> Vec<Self> {
        vec![signed(1)]
    }
}

impl Samples for Attestation {
    fn samples() -> Vec<Self> {
        let note = SealedNote {
            sealed_text: vec![1],
            wrapped_for_voucher: vec![2, 3],
            epoch: 70_001,
            wrapped_for_subject: vec![4, 5, 6],
        };
        let bare =
            Attestation { attested: signed(1), revoked: None, note: None, key_changed: false };
        let full = Attestation {
            revoked: Some(signed(9)),
            note: Some(note),
            key_changed: true,
            ..bare.clone()
        };
        vec![bare, full]
    }
}

impl Samples for VouchRequest {
    fn samples() -> Vec<Self> {
        let mut samples: Vec<VouchRequest> =
            each(|side| VouchRequest { side, at: at(1), ended: None });
        samples.extend(each(|side| VouchRequest { side, at: at(1), ended: Some(at(2)) }));
        samples
    }
}

impl Samples for KnownKey {
    fn samples() -> Vec<Self> {
        let bare = KnownKey::new(key(1), at(1));
        let full = KnownKey {
            register: 70_001,
            register_digest: [4; 32],
            lost: Some(at(2)),
            earlier: vec![key(2), key(3)],
            ..bare.clone()
        };
        vec![bare, full]
    }
}

impl Samples for CarriedSignature {
    fn samples() -> Vec<Self> {
        let bare = CarriedSignature { message: signed(1), attested: Vec::new() };
        vec![CarriedSignature { attested: vec![signed(2), signed(3)], ..bare.clone() }, bare]
    }
}
