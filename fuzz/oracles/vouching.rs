//! Signed statements: octets that are read as one are its canonical form.

use postern::clock::Timestamp;
use postern::gateway::AccountId;
use postern::gateway::vouching::statement::{
    Attested, Party, Registered, Revoked, SignedMessage, Statement, reads_back,
};
use postern::terms::Acquaintance;
use postern::vault::VerifyingKey;

pub fn statement(input: &[u8]) {
    assert!(reads_back(input), "a statement has two forms");
}

/// One statement of each kind.
pub fn seeds() -> Vec<Vec<u8>> {
    let party = |number: u8| Party {
        account: AccountId([number; 16]),
        address: format!("{number}@example.org"),
        key: VerifyingKey([number; 32]),
    };
    let (voucher, subject, at) = (party(1), party(2), Timestamp(3));
    let attested = Attested {
        voucher: voucher.clone(),
        subject: subject.clone(),
        how: Acquaintance::Call,
        at,
        ends: Some(Timestamp(4)),
        note: Some([5; 32]),
    };
    let listed = vec![(subject.account, attested.digest()), (AccountId([9; 16]), [6; 32])];
    let registered = Registered {
        account: voucher.account,
        key: voucher.key,
        number: 7,
        at,
        given: listed.clone(),
        received: listed,
    };
    let message = SignedMessage {
        reference: [8; 16],
        sender: subject,
        at,
        head: (10, [1; 32]),
        files: (20, [2; 32]),
        shown: [3; 32],
        attested: vec![attested.digest()],
    };
    let revoked = Revoked { attestation: attested.digest(), voucher: voucher.key, at };
    vec![attested.octets(), revoked.octets(), registered.octets(), message.octets(), Vec::new()]
}
