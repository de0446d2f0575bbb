//! One who can write to the store and has the keys of before a renewal, or puts in the place of a voucher's
//! key another one: what that brings, which is nothing.

use super::*;
use crate::gateway::ChosenBy;
use crate::gateway::accounts::known_key::KnownKey;
use crate::gateway::vouching::statement::{Registered, Revoked, Statement};

fn renewed(office: &Office) -> Actor {
    let (gateway, new) = (&office.gateway, password(OTHER));
    gateway.account_password("noa", &password(PASSWORD), &new, ChosenBy::Owner).unwrap();
    office.noa_again()
}

/// A pair that somebody else made.
fn other_pair() -> SigningPair {
    let keys = vault::account_keys(b"server").unwrap();
    let secret = keys.unlock.open_account(&keys.sealed_private, b"server").unwrap();
    SigningPair::generate(&secret, b"").unwrap().0
}

/// A change of password keeps the pair, and what is known of others.
#[test]
fn what_is_known_of_keys_is_sealed_anew_with_the_accounts_keys() {
    let office = Office::open();
    let message = office.send(&office.dana, "noa@example.org", None);
    assert_eq!(office.state(&office.noa, message), SignatureState::Valid);
    let key = office.gateway.signing_pair(&office.noa).unwrap().public();
    let noa = renewed(&office);
    assert_eq!(office.gateway.signing_pair(&noa).unwrap().public(), key);
    assert_eq!(office.overview(&noa).problems, []);
    assert_eq!(office.state(&noa, message), SignatureState::Valid);
    let dana = office.dana.account();
    office.lie(move |tx| {
        let mut row = tx.get(&SIGNING_KEYS, &dana)?.unwrap();
        row.public = VerifyingKey([7; 32]);
        tx.put(&SIGNING_KEYS, &dana, &row)
    });
    assert_eq!(office.problems(&noa, &office.dana), [VouchProblem::KeyChanged]);
}

/// Who knows an old password seals with the keys of that time.
#[test]
fn keys_of_before_a_renewal_seal_nothing_that_is_believed_after_it() {
    let office = Office::open();
    let (noa, dana) = (office.noa.account(), office.dana.account());
    let message = office.send(&office.dana, "noa@example.org", None);
    assert_eq!(office.state(&office.noa, message), SignatureState::Valid);
    let fake = KnownKey::new(VerifyingKey([7; 32]), office.gateway.clock().now());
    let forged = Gateway::known_sealed((noa, office.noa.secret()), dana, &fake).unwrap();
    let again = renewed(&office);
    office.lie(move |tx| {
        let mut row = tx.get(&SIGNING_KEYS, &dana)?.unwrap();
        row.public = VerifyingKey([7; 32]);
        tx.put(&SIGNING_KEYS, &dana, &row)?;
        tx.put(&KNOWN_KEYS, &(noa, dana), &forged)
    });
    assert_eq!(office.problems(&again, &office.dana), [VouchProblem::KeyChanged]);
}

/// The record of the pair that a recovery ended, from before, with and without what its owner knew.
#[test]
fn a_pair_of_before_a_recovery_that_was_put_back_signs_nothing() {
    for known_goes_too in [false, true] {
        let office = Office::open();
        let noa = office.noa.account();
        let key = office.gateway.signing_pair(&office.noa).unwrap().public();
        let row = office.lie(move |tx| Ok(tx.get(&SIGNING_KEYS, &noa)?.unwrap()));
        let known = office.lie(move |tx| Ok(tx.get(&KNOWN_KEYS, &(noa, noa))?.unwrap()));
        office.recover_noa();
        office.lie(move |tx| {
            tx.put(&SIGNING_KEYS, &noa, &row)?;
            if known_goes_too {
                tx.put(&KNOWN_KEYS, &(noa, noa), &known)?;
            }
            Ok(())
        });
        let again = office.noa_again();
        assert_ne!(office.gateway.signing_pair(&again).unwrap().public(), key);
        let kinds: Vec<_> = office.overview(&again).problems.iter().map(|one| one.kind).collect();
        let expected: &[VouchProblem] =
            if known_goes_too { &[] } else { &[VouchProblem::OwnKeyLost] };
        assert_eq!(kinds, expected);
    }
}

/// Another key of the voucher's, with an empty list that it signed, says nothing of what was given.
#[test]
fn a_list_by_a_key_that_nobody_compared_ends_nothing() {
    let office = Office::open();
    office.vouch(&office.omar, &office.dana);
    office.overview(&office.dana);
    let (omar, dana) = (office.omar.account(), office.dana.account());
    let (key, list, row) = office.lie(move |tx| {
        let list = tx.get(&REGISTERS, &omar)?.unwrap();
        Ok((tx.get(&SIGNING_KEYS, &omar)?.unwrap(), list, attestation(tx, &(dana, omar))?))
    });
    let pair = other_pair();
    let empty = Registered {
        account: omar,
        key: pair.public(),
        number: 1,
        at: office.gateway.clock().now(),
        given: Vec::new(),
        received: Vec::new(),
    };
    let (swapped, signed) = (pair.public(), empty.signed(&pair));
    let other = key.clone();
    office.lie(move |tx| {
        let mut other = other.clone();
        other.public = swapped;
        tx.delete(&ATTESTATIONS, &(dana, omar));
        tx.put(&REGISTERS, &omar, &signed)?;
        tx.put(&SIGNING_KEYS, &omar, &other)
    });
    office.overview(&office.dana);
    office.lie(move |tx| {
        tx.put(&REGISTERS, &omar, &list)?;
        tx.put(&SIGNING_KEYS, &omar, &key)
    });
    assert_eq!(office.overview(&office.dana).problems[0].kind, VouchProblem::LeftOut);
    assert_eq!(office.problems(&office.noa, &office.dana), [VouchProblem::LeftOut]);
    office.lie(move |tx| tx.put(&ATTESTATIONS, &(dana, omar), &row));
    assert_eq!(office.problems(&office.noa, &office.dana), []);
}

/// What lies in the place of an attestation is not revoked by its voucher's name.
#[test]
fn who_revokes_signs_nothing_about_another_attestation() {
    let office = Office::open();
    let (gateway, omar, dana, noa) = (&office.gateway, &office.omar, &office.dana, &office.noa);
    office.vouch(omar, dana);
    office.vouch(omar, noa);
    office.overview(noa);
    let (to_dana, to_noa) = ((dana.account(), omar.account()), (noa.account(), omar.account()));
    office.lie(move |tx| {
        let row = attestation(tx, &to_noa)?;
        tx.put(&ATTESTATIONS, &to_dana, &row)
    });
    gateway.vouch_revoke(omar, &office.id(dana)).unwrap();
    assert!(office.lie(move |tx| attestation(tx, &to_dana)).revoked.is_none());
    assert_eq!(standings(&office.overview(noa).received)[0].1, Standing::InForce);
}

/// A revocation that the voucher's list contradicts does not hide what it is about.
#[test]
fn a_revocation_that_its_vouchers_list_contradicts_is_told() {
    let office = Office::open();
    let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
    office.vouch(omar, dana);
    office.overview(dana);
    let (subject, voucher) = (dana.account(), omar.account());
    let row = office.lie(move |tx| attestation(tx, &(subject, voucher)));
    let owner = gateway.register_owner(omar).unwrap();
    let revoked = Revoked {
        attestation: vault::digest(&row.attested.octets),
        voucher: owner.party.key,
        at: gateway.clock().now(),
    };
    let put = Attestation { revoked: Some(revoked.signed(&owner.pair)), ..row };
    office.lie(move |tx| tx.put(&ATTESTATIONS, &(subject, voucher), &put));
    for _ in 0..2 {
        assert_eq!(office.overview(dana).problems[0].kind, VouchProblem::LeftOut);
        assert_eq!(office.problems(&office.noa, dana), [VouchProblem::LeftOut]);
    }
}
