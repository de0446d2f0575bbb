//! Vouching over the core: what is shown, and what is noticed when one who can write to the store
//! changes the records under a stopped daemon.

mod closed_tests;
mod damaged_tests;
mod earlier_tests;
mod groups_tests;
mod keys_tests;
mod limits_tests;
mod many_tests;
mod registers_tests;
mod shown_tests;
mod steps_tests;

use std::sync::Arc;

use super::attest::NewAttestation;
use super::fingerprint::fingerprint;
use super::overview::{AttestationView, Overview};
use super::signature::SignatureView;
use crate::gateway::outgoing::draft::{Addressee, DraftContent};
use crate::gateway::outgoing::submit::{Submit, Submitted};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{
    ATTESTATIONS, KNOWN_KEYS, MESSAGE_SIGNATURES, REGISTERS, SIGNING_KEYS,
};
use crate::gateway::records::vouching::{Attestation, SignedStatement};
use crate::gateway::tests::{PASSWORD, create, gateway_on, log_in, password};
use crate::gateway::{
    Actor, ChangedFrom, Conflict, Error, Gateway, OwnChoice, RecoveryKey, Settings,
};
use crate::mail::reference::Reference;
use crate::store::memory::MemoryEngine;
use crate::store::{self, Engine, Read, Store, Tx};
use crate::terms::{Acquaintance, SignatureState, Standing, VouchProblem};
use crate::vault::{self, SigningPair, VerifyingKey};

/// Three people, each with a session, and what the store lies on.
struct Office {
    gateway: Gateway,
    dana: Actor,
    omar: Actor,
    noa: Actor,
    noa_recovery: RecoveryKey,
}

const OTHER: &str = "another good one";

fn signed_in(gateway: &Gateway, name: &str) -> Actor {
    let opened = gateway.session_open(log_in(name, PASSWORD)).unwrap();
    gateway.session_actor(&opened.token, "thumb").unwrap()
}

impl Office {
    fn open() -> Office {
        Office::open_with(|_| ())
    }

    fn open_with(change: impl FnOnce(&mut Settings)) -> Office {
        let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
        let gateway = gateway_on(engine, |settings| {
            settings.undo_secs = 0;
            change(settings);
        });
        let (_, noa_recovery) = create(&gateway, "noa").unwrap();
        let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| signed_in(&gateway, name));
        Office { gateway, dana, omar, noa, noa_recovery }
    }

    fn notices(&self, of: &Actor, begin: &str) -> usize {
        let found = crate::gateway::tests::inbox(&self.gateway, of);
        found.iter().filter(|one| one.subject.starts_with(begin)).count()
    }

    /// Noa uses the recovery key; the session that she had is over.
    fn recover_noa(&self) {
        let from = (ChangedFrom::Server, OwnChoice::Made);
        let new = password(OTHER);
        self.gateway.account_recover("noa", &self.noa_recovery, &new, from).unwrap();
    }

    fn noa_again(&self) -> Actor {
        let opened = self.gateway.session_open(log_in("noa", OTHER)).unwrap();
        self.gateway.session_actor(&opened.token, "thumb").unwrap()
    }

    /// Changes records as one does who has the disk and the daemon's key, and no user's. What a session
    /// knows is read from the store at each request, so nothing else of the daemon would be another
    /// after a start.
    fn lie<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut Tx<'_>) -> Result<T, store::Error> + Send + 'static,
    ) -> T {
        self.store().transact(change).wait().unwrap()
    }

    fn store(&self) -> &Store {
        self.gateway.store()
    }

    fn id(&self, actor: &Actor) -> String {
        actor.account().to_text()
    }

    fn fingerprint(&self, reader: &Actor, of: &Actor) -> String {
        let party = self.gateway.colleague_at(reader, &self.id(of)).unwrap().party;
        fingerprint(&party.address, party.key)
    }

    fn vouch(&self, voucher: &Actor, subject: &Actor) {
        let address = self.gateway.account(voucher.account()).unwrap().addresses[0].clone();
        self.gateway.vouch_ask(subject, &address).unwrap();
        self.gateway.vouch_attest(voucher, &self.what(voucher, subject)).unwrap();
    }

    fn what(&self, voucher: &Actor, subject: &Actor) -> NewAttestation {
        NewAttestation {
            colleague: self.id(subject),
            fingerprint: self.fingerprint(voucher, subject),
            how: Acquaintance::InPerson,
            ends: None,
            note: Some("We met in Haifa.".to_owned()),
        }
    }

    fn overview(&self, actor: &Actor) -> Overview {
        self.gateway.vouching(actor).unwrap()
    }

    fn problems(&self, reader: &Actor, of: &Actor) -> Vec<VouchProblem> {
        let found = self.gateway.colleague(reader, &self.id(of)).unwrap();
        found.problems.into_iter().map(|problem| problem.kind).collect()
    }

    fn send(&self, from: &Actor, to: &str, signed: Option<bool>) -> Reference {
        self.send_as(from, to, |content| content.signed = signed)
    }

    fn send_as(&self, from: &Actor, to: &str, change: impl FnOnce(&mut DraftContent)) -> Reference {
        let to = vec![Addressee { name: None, address: to.to_owned() }];
        let text = "The plan is on the table.".to_owned();
        let subject = "Plan".to_owned();
        let mut content = DraftContent { to, subject, text, ..Default::default() };
        change(&mut content);
        let draft = self.gateway.draft_create(from, &content).unwrap();
        let submit = Submit {
            draft: &draft.id,
            version: draft.version,
            consent: None,
            typed: None,
            request: &draft.id,
        };
        match self.gateway.submit(from, &submit).unwrap() {
            Submitted::Accepted(view) => view.reference,
            Submitted::NeedsConsent(_) => panic!("inside"),
        }
    }

    fn signature(&self, reader: &Actor, reference: Reference) -> Option<SignatureView> {
        let (item, content) = self.gateway.message_open(reader, reference, None).unwrap();
        self.gateway.message_signature(reader, &item, &content).unwrap()
    }

    fn state(&self, reader: &Actor, reference: Reference) -> SignatureState {
        self.signature(reader, reference).unwrap().state
    }
}

fn standings(views: &[AttestationView]) -> Vec<(String, Standing)> {
    views.iter().map(|view| (view.person.address.clone(), view.standing)).collect()
}

fn attestation(tx: &Tx<'_>, key: &(AccountId, AccountId)) -> Result<Attestation, store::Error> {
    Ok(tx.get(&ATTESTATIONS, key)?.unwrap())
}

/// P-80, P-81: ask, compare, attest; both see it, and the message says it until it is revoked.
#[test]
fn an_attestation_is_seen_on_both_pages_and_on_messages_until_it_is_revoked() {
    let office = Office::open();
    office.vouch(&office.omar, &office.dana);
    let dana = office.overview(&office.dana);
    let omar = ("omar@example.org".to_owned(), Standing::InForce);
    assert_eq!(standings(&dana.received), vec![omar.clone()]);
    assert_eq!(dana.received[0].note.as_deref(), Some("We met in Haifa."));
    assert!(dana.requests.is_empty() && dana.problems.is_empty());
    let given = office.overview(&office.omar).given;
    assert_eq!(standings(&given), [("dana@example.org".to_owned(), Standing::InForce)]);
    assert_eq!(given[0].note.as_deref(), Some("We met in Haifa."));
    let seen = office.gateway.colleague(&office.noa, &office.id(&office.dana)).unwrap();
    assert_eq!(standings(&seen.received), vec![omar.clone()]);
    assert_eq!(seen.received[0].note, None, "the note is for both parties alone");

    let reference = office.send(&office.dana, "noa@example.org", None);
    let signature = office.signature(&office.noa, reference).unwrap();
    assert_eq!(signature.state, SignatureState::Valid);
    assert!(signature.names_reader && signature.files_checked);
    assert_eq!(standings(&signature.vouchers), [omar]);

    office.gateway.vouch_revoke(&office.omar, &office.id(&office.dana)).unwrap();
    let signature = office.signature(&office.noa, reference).unwrap();
    assert_eq!(signature.state, SignatureState::Valid);
    assert_eq!(standings(&signature.vouchers), [("omar@example.org".to_owned(), Standing::Ended)]);
    assert_eq!(office.overview(&office.dana).received, []);
    assert_eq!(office.overview(&office.omar).given, []);
    assert_eq!(office.problems(&office.noa, &office.dana), []);
    let again = office.send(&office.dana, "noa@example.org", None);
    assert_eq!(office.signature(&office.noa, again).unwrap().vouchers, []);
}

/// What the two parties write to each other is not readable with the daemon's key.
#[test]
fn a_note_is_sealed_for_its_two_parties() {
    let office = Office::open();
    office.vouch(&office.omar, &office.dana);
    let key = (office.dana.account(), office.omar.account());
    let row = office.lie(move |tx| attestation(tx, &key));
    let note = row.note.as_ref().unwrap();
    let octets = [&row.attested.octets[..], &note.sealed_text[..]].concat();
    assert!(memchr::memmem::find(&octets, b"omar@example.org").is_some(), "it is looked through");
    assert!(memchr::memmem::find(&octets, b"Haifa").is_none());
    let attested = row.read(key).unwrap();
    let text = |actor: &Actor| office.gateway.note_text(actor, &attested, row.note.as_ref());
    let note = Some("We met in Haifa.".to_owned());
    assert_eq!(
        (text(&office.dana), text(&office.omar), text(&office.noa)),
        (note.clone(), note, None)
    );
}

#[test]
fn an_account_from_before_gets_a_key_at_its_next_sign_in() {
    let office = Office::open();
    let dana = office.dana.account();
    office.lie(move |tx| {
        tx.delete(&SIGNING_KEYS, &dana);
        tx.delete(&KNOWN_KEYS, &(dana, dana));
        Ok(())
    });
    let missing = office.gateway.colleague(&office.noa, &office.id(&office.dana));
    assert!(matches!(missing, Err(Error::NotFound { .. })));
    let again = signed_in(&office.gateway, "dana");
    assert_eq!(office.problems(&office.noa, &again), []);
    assert_eq!(office.overview(&again).problems, []);
}

#[test]
fn nobody_vouches_for_oneself_unasked_or_for_another_key() {
    let office = Office::open();
    let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
    let own = gateway.vouch_ask(dana, "dana@example.org");
    assert!(matches!(own, Err(Error::Denied { .. })));
    let unasked = gateway.vouch_attest(omar, &office.what(omar, dana));
    assert!(matches!(unasked, Err(Error::Denied { .. })));
    gateway.vouch_ask(dana, "omar@example.org").unwrap();
    let twice = gateway.vouch_ask(dana, "omar@example.org");
    assert!(matches!(twice, Err(Error::Conflict(Conflict::AskedAlready))));
    let other = NewAttestation { fingerprint: "1".repeat(60), ..office.what(omar, dana) };
    let other = gateway.vouch_attest(omar, &other);
    assert!(matches!(other, Err(Error::Conflict(Conflict::KeyDiffers))));
    gateway.vouch_request_end(omar, &office.id(dana)).unwrap();
    let refused = gateway.vouch_ask(dana, "omar@example.org");
    assert!(matches!(refused, Err(Error::Conflict(Conflict::AskedAlready))), "for some days");
    gateway.clock().advance_secs(8 * 24 * 60 * 60);
    let dana = signed_in(gateway, "dana");
    gateway.vouch_ask(&dana, "omar@example.org").unwrap();
    assert!(matches!(gateway.vouch_ask(&dana, "nobody@example.org"), Err(Error::NotFound { .. })));
}

#[test]
fn an_attestation_ends_in_its_time() {
    let office = Office::open();
    let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
    gateway.vouch_ask(dana, "omar@example.org").unwrap();
    let now = gateway.clock().now();
    let new = office.what(omar, dana);
    let past = NewAttestation { ends: Some(now), ..new.clone() };
    assert!(matches!(gateway.vouch_attest(omar, &past), Err(Error::Invalid { .. })));
    let new = NewAttestation { ends: Some(now.plus_secs(60)), ..new };
    gateway.vouch_attest(omar, &new).unwrap();
    let reference = office.send(dana, "noa@example.org", None);
    assert_eq!(office.signature(&office.noa, reference).unwrap().vouchers.len(), 1);
    gateway.clock().advance_secs(60);
    let vouchers = office.signature(&office.noa, reference).unwrap().vouchers;
    assert_eq!(standings(&vouchers), [("omar@example.org".to_owned(), Standing::Expired)]);
    for actor in [dana, omar, dana] {
        let seen = office.overview(actor);
        assert_eq!((seen.received.len(), seen.problems.len()), (0, 0));
    }
    assert_eq!(office.overview(omar).given, []);
    let rows = office.gateway.attestations_of(dana.account()).unwrap();
    assert!(rows.is_empty(), "neither of the two lists it");
}

/// P-21, P-82: a suppressed signature leaves nothing.
#[test]
fn a_sender_signs_all_messages_or_none_or_says_it_of_one() {
    let office = Office::open();
    let carried = |reference: Reference| {
        office.store().get(&MESSAGE_SIGNATURES, &reference.to_bytes()).unwrap()
    };
    for (signs, said, signed) in [
        (true, None, true),
        (true, Some(false), false),
        (false, None, false),
        (false, Some(true), true),
    ] {
        office.gateway.signing_set(&office.dana, signs).unwrap();
        let reference = office.send(&office.dana, "noa@example.org", said);
        assert_eq!(carried(reference).is_some(), signed, "{signs} {said:?}");
        let state = if signed { SignatureState::Valid } else { SignatureState::Unsigned };
        assert_eq!(office.state(&office.noa, reference), state, "noa knows the key");
        let (_, content) = office.gateway.message_open(&office.noa, reference, None).unwrap();
        let text = String::from_utf8(content.whole().unwrap().to_vec()).unwrap();
        assert_eq!(text.contains("Postern-Signing-Key: "), signed);
        // With the last copy, the signature goes as well.
        office.gateway.message_delete(&office.noa, reference).unwrap();
        office.gateway.message_delete(&office.dana, reference).unwrap();
        assert!(carried(reference).is_none());
    }
}

#[test]
fn an_attestation_that_was_changed_added_or_left_out_is_told() {
    let office = Office::open();
    office.vouch(&office.omar, &office.dana);
    office.overview(&office.dana);
    assert_eq!(office.problems(&office.noa, &office.dana), []);
    let key = (office.dana.account(), office.omar.account());
    let row = office.lie(move |tx| attestation(tx, &key));

    let mut changed = row.clone();
    let last = changed.attested.octets.len() - 1;
    changed.attested.octets[last] ^= 1;
    office.lie(move |tx| tx.put(&ATTESTATIONS, &key, &changed));
    assert_eq!(office.problems(&office.noa, &office.dana), [VouchProblem::Forged]);
    assert_eq!(office.overview(&office.dana).problems[0].kind, VouchProblem::Forged);

    office.lie(move |tx| {
        tx.delete(&ATTESTATIONS, &key);
        Ok(())
    });
    assert_eq!(office.problems(&office.noa, &office.dana), [VouchProblem::LeftOut]);
    for actor in [&office.dana, &office.omar] {
        for _ in 0..2 {
            let problems = office.overview(actor).problems;
            assert_eq!(problems.len(), 1, "and it stays so");
            assert_eq!(problems[0].kind, VouchProblem::LeftOut);
        }
    }

    // Put back after it was revoked.
    let put = row.clone();
    office.lie(move |tx| tx.put(&ATTESTATIONS, &key, &put));
    office.gateway.vouch_revoke(&office.omar, &office.id(&office.dana)).unwrap();
    office.overview(&office.dana);
    office.lie(move |tx| tx.put(&ATTESTATIONS, &key, &row));
    assert_eq!(office.problems(&office.noa, &office.dana), [VouchProblem::Added]);
    let seen = office.gateway.colleague(&office.noa, &office.id(&office.dana)).unwrap();
    assert_eq!(standings(&seen.received), [("omar@example.org".to_owned(), Standing::Ended)]);
}

#[test]
fn an_old_register_is_told_to_its_owner_and_to_those_who_saw_a_newer_one() {
    let office = Office::open();
    office.vouch(&office.omar, &office.dana);
    let reference = office.send(&office.dana, "noa@example.org", None);
    let (omar, dana) = (office.omar.account(), office.dana.account());
    let (register, row) =
        office.lie(move |tx| Ok((tx.get(&REGISTERS, &omar)?, attestation(tx, &(dana, omar))?)));
    office.gateway.vouch_revoke(&office.omar, &office.id(&office.dana)).unwrap();
    let vouchers = office.signature(&office.noa, reference).unwrap().vouchers;
    assert_eq!(vouchers[0].standing, Standing::Ended);
    office.lie(move |tx| {
        tx.put(&REGISTERS, &omar, register.as_ref().unwrap())?;
        tx.put(&ATTESTATIONS, &(dana, omar), &row)
    });
    let vouchers = office.signature(&office.noa, reference).unwrap().vouchers;
    assert_eq!(vouchers[0].standing, Standing::Doubtful);
    let own = office.overview(&office.omar);
    assert_eq!(own.problems[0].kind, VouchProblem::RegisterOld);
    let refused = office.gateway.vouch_revoke(&office.omar, &office.id(&office.dana));
    assert!(matches!(refused, Err(Error::Conflict(Conflict::RegisterOld))));
    office.gateway.vouch_register_confirm(&office.omar).unwrap();
    office.gateway.vouch_revoke(&office.omar, &office.id(&office.dana)).unwrap();
    assert_eq!(office.overview(&office.omar).problems, []);
    let vouchers = office.signature(&office.noa, reference).unwrap().vouchers;
    assert_eq!(vouchers[0].standing, Standing::Ended);
}

/// Another pair of the server's own, and everything signed with it.
#[test]
fn a_key_that_was_swapped_is_told_to_who_knows_the_own_one() {
    let office = Office::open();
    let reference = office.send(&office.dana, "noa@example.org", None);
    assert_eq!(office.state(&office.noa, reference), SignatureState::Valid);
    let dana = office.dana.account();
    let before = office.lie(move |tx| Ok(tx.get(&SIGNING_KEYS, &dana)?.unwrap()));
    let keys = vault::account_keys(b"server").unwrap();
    let secret = keys.unlock.open_account(&keys.sealed_private, b"server").unwrap();
    let (pair, sealed_private) = SigningPair::generate(&secret, b"").unwrap();
    let mut row = before.clone();
    (row.public, row.sealed_private) = (pair.public(), sealed_private);
    office.lie(move |tx| tx.put(&SIGNING_KEYS, &dana, &row));
    assert_eq!(office.state(&office.noa, reference), SignatureState::EarlierKey);
    assert_eq!(office.problems(&office.noa, &office.dana), [VouchProblem::KeyChanged]);
    // The owner's next request makes a key of her own, and she is told.
    let own = office.overview(&office.dana);
    assert_eq!(own.problems[0].kind, VouchProblem::OwnKeyLost);
    let again = office.send(&office.dana, "noa@example.org", None);
    assert_eq!(office.state(&office.noa, again), SignatureState::KeyChanged);
    office.gateway.vouch_register_confirm(&office.dana).unwrap();
    assert_eq!(office.overview(&office.dana).problems, []);
    // The reader compares, and goes by the new one.
    let shown = office.fingerprint(&office.noa, &office.dana);
    let (noa, id) = (&office.noa, office.id(&office.dana));
    let wrong = office.gateway.colleague_key_accept(noa, &id, &"1".repeat(60));
    assert!(matches!(wrong, Err(Error::Conflict(Conflict::KeyDiffers))));
    office.gateway.colleague_key_accept(noa, &id, &shown).unwrap();
    assert_eq!(office.state(noa, again), SignatureState::Valid);
    assert_eq!(office.state(noa, reference), SignatureState::EarlierKey);
    assert_eq!(office.problems(noa, &office.dana), []);
}

/// Only the public half: the private one is the owner's, so it is put right.
#[test]
fn a_public_half_that_was_swapped_is_put_right_by_its_owner() {
    let office = Office::open();
    let dana = office.dana.account();
    let before = office.overview(&office.dana).own.fingerprint;
    office.lie(move |tx| {
        let mut row = tx.get(&SIGNING_KEYS, &dana)?.unwrap();
        row.public = VerifyingKey([7; 32]);
        tx.put(&SIGNING_KEYS, &dana, &row)
    });
    assert_ne!(office.fingerprint(&office.noa, &office.dana), before);
    let own = office.overview(&office.dana);
    assert_eq!((own.own.fingerprint.as_str(), own.problems.len()), (before.as_str(), 0));
}

#[test]
fn a_signature_that_was_changed_or_removed_cannot_be_overlooked() {
    let office = Office::open();
    let reference = office.send(&office.dana, "noa@example.org", None);
    let other = office.send(&office.omar, "noa@example.org", None);
    let [key, foreign] = [reference, other].map(Reference::to_bytes);
    let row = office.lie(move |tx| Ok(tx.get(&MESSAGE_SIGNATURES, &key)?.unwrap()));
    office.lie(move |tx| {
        let theirs = tx.get(&MESSAGE_SIGNATURES, &foreign)?.unwrap();
        tx.put(&MESSAGE_SIGNATURES, &key, &theirs)
    });
    assert_eq!(office.state(&office.noa, reference), SignatureState::Missing);
    office.lie(move |tx| {
        tx.delete(&MESSAGE_SIGNATURES, &key);
        Ok(())
    });
    assert_eq!(office.state(&office.noa, reference), SignatureState::Missing);
    office.lie(move |tx| tx.put(&MESSAGE_SIGNATURES, &key, &row));
    assert_eq!(office.state(&office.noa, reference), SignatureState::Valid);
}

/// One who reads a message has its key, and so could put a signature of another message beside it.
#[test]
fn a_signature_of_another_message_does_not_fit() {
    use super::signature::{CarriedSignature, tests_seal};
    let office = Office::open();
    let one = office.send(&office.dana, "noa@example.org", None);
    let two = office.send(&office.dana, "noa@example.org", None);
    let carried = |reference: Reference| -> CarriedSignature {
        let (_, content) = office.gateway.message_open(&office.noa, reference, None).unwrap();
        tests_seal::opened(&content, reference)
    };
    let (first, second) = (carried(one), carried(two));
    assert_ne!(first, second);
    let (_, content) = office.gateway.message_open(&office.noa, one, None).unwrap();
    for (forged, state) in [
        (second, SignatureState::Broken),
        (
            CarriedSignature {
                message: SignedStatement { signature: vec![0; 64], ..first.message.clone() },
                ..first.clone()
            },
            SignatureState::Broken,
        ),
        (first, SignatureState::Valid),
    ] {
        let row = tests_seal::sealed(&content, one, &forged);
        let key = one.to_bytes();
        office.lie(move |tx| tx.put(&MESSAGE_SIGNATURES, &key, &row));
        assert_eq!(office.state(&office.noa, one), state);
    }
}

#[test]
fn a_recovery_makes_another_key_and_ends_what_was_attested_about_the_old_one() {
    let office = Office::open();
    office.vouch(&office.omar, &office.noa);
    office.vouch(&office.noa, &office.dana);
    let reference = office.send(&office.noa, "dana@example.org", None);
    assert_eq!(office.state(&office.dana, reference), SignatureState::Valid);
    office.recover_noa();
    let noa = office.noa_again();
    let changed = |address: &str| vec![(address.to_owned(), Standing::KeyChanged)];
    for _ in 0..2 {
        let own = office.overview(&noa);
        assert_eq!(standings(&own.received), changed("omar@example.org"));
        assert_eq!((own.given.len(), own.problems.len()), (0, 0));
    }
    let omar = office.overview(&office.omar);
    assert_eq!((standings(&omar.given), omar.problems), (changed("noa@example.org"), vec![]));
    assert_eq!(office.notices(&office.omar, "Signing key changed"), 1);
    let seen = office.signature(&office.dana, reference).unwrap();
    assert_eq!(seen.state, SignatureState::EarlierKey);
    assert_eq!(standings(&seen.vouchers), changed("omar@example.org"), "about the old key");
    let again = office.send(&noa, "dana@example.org", None);
    assert_eq!(office.state(&office.dana, again), SignatureState::KeyChanged);
    let dana = office.overview(&office.dana);
    assert_eq!((standings(&dana.received), dana.problems), (changed("noa@example.org"), vec![]));
    // Vouched for again, after comparing.
    office.vouch(&office.omar, &noa);
    let received = standings(&office.overview(&noa).received);
    assert_eq!(received, [("omar@example.org".to_owned(), Standing::InForce)]);
}

/// What a session knows of keys is sealed for its owner: one who swaps it is noticed, or puts the
/// reader back to where nothing is known.
#[test]
fn what_is_known_of_keys_cannot_be_changed() {
    let office = Office::open();
    let reference = office.send(&office.dana, "noa@example.org", None);
    office.state(&office.noa, reference);
    let (noa, dana, omar) = (office.noa.account(), office.dana.account(), office.omar.account());
    office.lie(move |tx| {
        let row = tx.get(&KNOWN_KEYS, &(noa, noa))?.unwrap();
        assert!(tx.has(&KNOWN_KEYS, &(noa, dana))? && !tx.has(&KNOWN_KEYS, &(noa, omar))?);
        tx.put(&KNOWN_KEYS, &(noa, dana), &row)
    });
    let own = (office.noa.account(), office.noa.secret());
    assert!(matches!(office.gateway.known_key(own, dana), Err(Error::Damaged { .. })));
    // The reader compares, as with another key.
    let seen = office.signature(&office.noa, reference).unwrap();
    assert_eq!(seen.state, SignatureState::KeyChanged);
    assert_eq!(seen.person.unwrap().address, "dana@example.org");
    assert_eq!(office.problems(&office.noa, &office.dana), [VouchProblem::KeyChanged]);
    let (id, shown) = (office.id(&office.dana), office.fingerprint(&office.noa, &office.dana));
    office.gateway.colleague_key_accept(&office.noa, &id, &shown).unwrap();
    assert_eq!(office.state(&office.noa, reference), SignatureState::Valid);
}
