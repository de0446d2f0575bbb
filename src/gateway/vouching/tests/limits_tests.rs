//! Limits: how much there may be, how often others are disturbed, and what is learnt by asking.

use super::*;
use crate::clock::Timestamp;
use crate::gateway::records::tables::ACCOUNTS;
use crate::gateway::vouching::statement::{Listed, REGISTER_ENTRIES_MAX, Registered, Statement};

/// So many entries, of accounts without keys.
fn made_up(count: usize) -> Vec<Listed> {
    let account = |number: usize| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        AccountId(id)
    };
    (0..count).map(|number| (account(number), [7; 32])).collect()
}

impl Office {
    /// Gives an account a register of its own signature.
    fn registered(&self, actor: &Actor, given: Vec<Listed>, received: Vec<Listed>) {
        let owner = self.gateway.register_owner(actor).unwrap();
        let (account, key) = (owner.party.account, owner.party.key);
        let at = Timestamp(0);
        let others: Vec<_> = given.iter().chain(&received).map(|(other, _)| *other).collect();
        let register = Registered { account, key, number: 1, at, given, received };
        let row = register.signed(&owner.pair);
        self.lie(move |tx| {
            let like = tx.get(&ACCOUNTS, &account)?.unwrap();
            others.iter().try_for_each(|other| tx.put(&ACCOUNTS, other, &like))?;
            tx.put(&REGISTERS, &account, &row)
        });
    }

    fn register(&self, actor: &Actor) -> Registered {
        let owner = self.gateway.register_owner(actor).unwrap();
        self.gateway.register_of(owner.party.account, owner.party.key).unwrap().unwrap()
    }
}

#[test]
fn who_attested_as_often_as_one_may_keeps_a_list_that_can_be_read() {
    for (before, fits) in [(REGISTER_ENTRIES_MAX - 1, true), (REGISTER_ENTRIES_MAX, false)] {
        let office = Office::open();
        let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
        office.registered(omar, made_up(before), Vec::new());
        gateway.vouch_ask(dana, "omar@example.org").unwrap();
        let done = gateway.vouch_attest(omar, &office.what(omar, dana));
        match fits {
            true => done.unwrap(),
            false => assert!(matches!(done, Err(Error::OverQuota)), "{done:?}"),
        }
        assert_eq!(office.register(omar).given.len(), REGISTER_ENTRIES_MAX);
        assert_eq!(office.overview(dana).received.len(), usize::from(fits));
    }
}

#[test]
fn a_list_of_what_was_received_has_no_more_than_can_be_read() {
    for (before, fits) in [(REGISTER_ENTRIES_MAX - 1, true), (REGISTER_ENTRIES_MAX, false)] {
        let office = Office::open();
        office.registered(&office.dana, Vec::new(), made_up(before));
        office.vouch(&office.omar, &office.dana);
        office.overview(&office.dana);
        let received = office.register(&office.dana).received;
        assert_eq!(received.len(), REGISTER_ENTRIES_MAX, "what was left out stays listed");
        let omar = office.omar.account();
        assert_eq!(received.iter().any(|(voucher, _)| *voucher == omar), fits);
    }
}

/// One who can write to the store makes up a voucher: the owner's session does not sign it.
#[test]
fn an_attestation_of_nobody_is_not_listed() {
    let office = Office::open();
    office.vouch(&office.omar, &office.dana);
    let (dana, omar, nobody) = (office.dana.account(), office.omar.account(), AccountId([9; 16]));
    let keys = vault::account_keys(b"server").unwrap();
    let secret = keys.unlock.open_account(&keys.sealed_private, b"server").unwrap();
    let (pair, _) = SigningPair::generate(&secret, b"").unwrap();
    let genuine = office.lie(move |tx| attestation(tx, &(dana, omar)));
    let mut forged = genuine.read((dana, omar)).unwrap();
    (forged.voucher.account, forged.voucher.key) = (nobody, pair.public());
    let row = Attestation { attested: forged.signed(&pair), ..genuine };
    office.lie(move |tx| tx.put(&ATTESTATIONS, &(dana, nobody), &row));
    office.overview(&office.dana);
    let listed = office.register(&office.dana).received;
    assert_eq!(listed.iter().map(|(voucher, _)| *voucher).collect::<Vec<_>>(), [omar]);
}

#[test]
fn nobody_gets_notices_without_end() {
    let office = Office::open();
    let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
    gateway.vouch_ask(dana, "omar@example.org").unwrap();
    gateway.vouch_request_end(dana, &office.id(omar)).unwrap();
    let again = gateway.vouch_ask(dana, "omar@example.org");
    assert!(matches!(again, Err(Error::Conflict(Conflict::AskedAlready))), "for some days");
    assert_eq!((office.overview(dana).requests, office.overview(omar).requests), (vec![], vec![]));
    assert_eq!(office.notices(omar, "Request to vouch: "), 1);
    // The one who asked gets one notice, however often the other attests.
    office.vouch(omar, &office.noa);
    for _ in 0..3 {
        gateway.vouch_attest(omar, &office.what(omar, &office.noa)).unwrap();
    }
    assert_eq!(office.notices(&office.noa, "You are vouched for: "), 1);
}

#[test]
fn who_revoked_does_not_vouch_again_unasked() {
    let office = Office::open();
    let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
    office.vouch(omar, dana);
    gateway.vouch_attest(omar, &office.what(omar, dana)).unwrap();
    gateway.vouch_revoke(omar, &office.id(dana)).unwrap();
    let unasked = gateway.vouch_attest(omar, &office.what(omar, dana));
    assert!(matches!(unasked, Err(Error::Denied { .. })), "{unasked:?}");
    office.vouch(omar, dana);
    // Neither does one whose attestation ended by itself.
    let ends = Some(gateway.clock().now().plus_secs(60));
    gateway.vouch_attest(omar, &NewAttestation { ends, ..office.what(omar, dana) }).unwrap();
    gateway.clock().advance_secs(60);
    let unasked = gateway.vouch_attest(omar, &office.what(omar, dana));
    assert!(matches!(unasked, Err(Error::Denied { .. })), "{unasked:?}");
}

/// Where people do not find each other, a login name is not told from none.
#[test]
fn a_login_name_is_asked_only_where_there_is_a_directory() {
    for directory in [true, false] {
        let office = Office::open_with(|settings| settings.directory = directory);
        let asked = office.gateway.vouch_ask(&office.dana, "omar");
        assert_eq!(asked.is_ok(), directory, "{asked:?}");
        assert!(directory || matches!(asked, Err(Error::NotFound { .. })));
        office.gateway.vouch_ask(&office.noa, "Omar@Example.org").unwrap();
    }
}
