//! Pairs that ended: after a recovery, and after a password of somebody else's choice.

use super::*;
use crate::gateway::ChosenBy;
use crate::gateway::accounts::known_key::KnownKey;
use crate::gateway::records::tables::ACCOUNTS;
use crate::gateway::vouching::register::Change;
use crate::gateway::vouching::signature::{CarriedSignature, tests_seal};
use crate::gateway::vouching::statement::{SignedMessage, Statement};

impl Office {
    fn signs_with(&self, actor: &Actor) -> VerifyingKey {
        self.gateway.signing_key(actor.account()).unwrap().unwrap().public
    }

    fn has_live_key(&self, actor: &Actor) -> bool {
        self.gateway.signing_key(actor.account()).unwrap().is_some_and(|row| !row.ended)
    }
}

/// From the recovery on, not from the owner's next request.
#[test]
fn nobody_relies_on_a_key_between_a_recovery_and_the_next_request() {
    let office = Office::open();
    let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
    office.vouch(omar, &office.noa);
    office.vouch(&office.noa, dana);
    let reference = office.send(&office.noa, "dana@example.org", None);
    assert_eq!(office.state(dana, reference), SignatureState::Valid);
    gateway.vouch_ask(&office.noa, "dana@example.org").unwrap();
    let new = office.what(dana, &office.noa);
    office.recover_noa();
    let seen = office.signature(dana, reference).unwrap();
    let changed = |address: &str| vec![(address.to_owned(), Standing::KeyChanged)];
    assert_eq!(seen.state, SignatureState::EarlierKey);
    assert_eq!(standings(&seen.vouchers), changed("omar@example.org"));
    assert_eq!(standings(&office.overview(omar).given), changed("noa@example.org"));
    assert_eq!(standings(&office.overview(dana).received), changed("noa@example.org"));
    let refused = gateway.vouch_attest(dana, &new);
    assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
    let refused = gateway.colleague_key_accept(dana, &new.colleague, &new.fingerprint);
    assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
}

/// Who has the old pair signs a message as of today with it, and can write to the store.
#[test]
fn a_message_that_was_signed_with_an_ended_key_later_is_not_believed() {
    let office = Office::open();
    let (gateway, dana) = (&office.gateway, &office.dana);
    let one = office.send(&office.noa, "dana@example.org", None);
    assert_eq!(office.state(dana, one), SignatureState::Valid);
    let stolen = gateway.register_owner(&office.noa).unwrap();
    gateway.clock().advance_secs(60);
    office.recover_noa();
    let noa = office.noa_again();
    gateway.clock().advance_secs(60);
    let (_, content) = gateway.message_open(dana, one, None).unwrap();
    let genuine: CarriedSignature = tests_seal::opened(&content, one);
    let mut message = SignedMessage::parse(&genuine.message.octets).unwrap();
    message.at = gateway.clock().now();
    let later = CarriedSignature { message: message.signed(&stolen.pair), ..genuine.clone() };
    let put = |carried: &CarriedSignature| {
        let (key, row) = (one.to_bytes(), tests_seal::sealed(&content, one, carried));
        office.lie(move |tx| tx.put(&MESSAGE_SIGNATURES, &key, &row));
    };
    for _ in 0..2 {
        put(&later);
        assert_eq!(office.state(dana, one), SignatureState::Broken);
        put(&genuine);
        assert_eq!(office.state(dana, one), SignatureState::EarlierKey);
        // The same once the reader goes by the new key.
        let shown = office.fingerprint(dana, &noa);
        gateway.colleague_key_accept(dana, &office.id(&noa), &shown).unwrap();
    }
}

/// A request that began before a recovery signs nothing after it.
#[test]
fn what_was_opened_before_a_recovery_signs_nothing_after_it() {
    let office = Office::open();
    let (gateway, account) = (&office.gateway, office.noa.account());
    let owner = gateway.register_owner(&office.noa).unwrap();
    let change = Change::Given(office.dana.account(), [1; 32]);
    let late = gateway.register_new(&office.noa, &owner, change).unwrap();
    let own = (account, office.noa.secret());
    let (row, known) = gateway.known_row(own, account).unwrap();
    office.recover_noa();
    let old = || gateway.signing_pair(&office.noa).map(|pair| pair.public());
    assert!(matches!(old(), Err(Error::Refused)), "it makes no pair of its own");
    let refused = gateway.store().transact(move |tx| late.store_in_tx(tx)).wait();
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    let noa = office.noa_again();
    let key = office.signs_with(&noa);
    assert!(matches!(old(), Err(Error::Refused)));
    assert!(!gateway.known_key_keep(own, account, (row, &known.unwrap())).unwrap(), "too late");
    assert_eq!(office.overview(&noa).problems, []);
    assert_eq!(office.signs_with(&noa), key, "no third pair");
    assert_eq!(gateway.known_key((account, noa.secret()), account).unwrap().unwrap().key, key);
}

/// P-13: the one who chose the password could open what it opens.
#[test]
fn a_pair_is_made_after_its_owner_chose_the_password() {
    let office = Office::open();
    let (gateway, dana) = (&office.gateway, &office.dana);
    let first = password("a first password");
    gateway.account_password("dana", &password(PASSWORD), &first, ChosenBy::Other).unwrap();
    let opened = gateway.session_open(log_in("dana", "a first password")).unwrap();
    let again = gateway.session_actor(&opened.token, "thumb").unwrap();
    assert!(matches!(gateway.signing_pair(&again), Err(Error::Denied { .. })));
    let before = office.signs_with(dana);
    gateway
        .account_password("dana", &first, &password("words of my own"), ChosenBy::Owner)
        .unwrap();
    assert!(!office.has_live_key(dana));
    let opened = gateway.session_open(log_in("dana", "words of my own")).unwrap();
    let own = gateway.session_actor(&opened.token, "thumb").unwrap();
    assert!(office.has_live_key(&own));
    assert_ne!(office.signs_with(&own), before);
    assert_eq!(office.overview(&own).problems, [], "nothing was lost");
}

/// Another address is no other key.
#[test]
fn another_address_is_not_told_as_another_key() {
    let office = Office::open();
    office.vouch(&office.omar, &office.noa);
    let reference = office.send(&office.noa, "dana@example.org", None);
    assert_eq!(office.state(&office.dana, reference), SignatureState::Valid);
    let noa = office.noa.account();
    office.lie(move |tx| {
        let mut row = tx.get(&ACCOUNTS, &noa)?.unwrap();
        row.addresses = vec!["n@example.org".to_owned()];
        tx.put(&ACCOUNTS, &noa, &row)
    });
    let seen = office.overview(&office.noa);
    assert_eq!(seen.received[0].standing, Standing::KeyChanged);
    assert_eq!(office.notices(&office.omar, "Signing key changed"), 0);
    let seen = office.signature(&office.dana, reference).unwrap();
    assert_eq!((seen.state, seen.person), (SignatureState::UnknownSigner, None));
}

/// However many people a request meets, what is new of their keys is one transaction at its end.
#[test]
fn the_keys_of_those_who_were_met_are_kept_together() {
    use crate::gateway::vouching::party::Meeting;
    let office = Office::open();
    let noa = office.noa.account();
    let others = [office.dana.account(), office.omar.account()];
    let known = || others.map(|of| office.store().has(&KNOWN_KEYS, &(noa, of)).unwrap());
    let mut meeting = Meeting::new(&office.gateway, &office.noa);
    for other in others {
        assert!(meeting.meet(other).unwrap().unwrap().is_known());
    }
    assert_eq!(known(), [false, false]);
    // Another request was first with one of them: its row stays.
    let own = (noa, office.noa.secret());
    let (row, _) = office.gateway.known_row(own, others[0]).unwrap();
    let first = KnownKey::new(VerifyingKey([7; 32]), office.gateway.clock().now());
    assert!(office.gateway.known_key_keep(own, others[0], (row, &first)).unwrap());
    drop(meeting);
    assert_eq!(known(), [true, true]);
    assert_eq!(office.gateway.known_key(own, others[0]).unwrap(), Some(first));
}

/// What was seen before something else cannot be read is known all the same.
#[test]
fn the_keys_of_those_who_were_met_are_kept_when_a_request_fails() {
    use crate::gateway::vouching::party::Meeting;
    let office = Office::open();
    let (noa, dana) = (office.noa.account(), office.dana.account());
    let fails = || -> Result<(), Error> {
        let mut meeting = Meeting::new(&office.gateway, &office.noa);
        meeting.meet(dana)?;
        Err(Error::Busy)
    };
    assert!(fails().is_err());
    assert!(office.store().has(&KNOWN_KEYS, &(noa, dana)).unwrap());
}
