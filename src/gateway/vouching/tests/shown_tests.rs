//! What a reader is shown of a message is what was signed.

use super::*;
use crate::gateway::mailboxes::content::Content;
use crate::gateway::mailboxes::item::ItemView;
use crate::gateway::mailboxes::summary::Outline;
use crate::gateway::records::message::Protection;
use crate::gateway::records::tables::VOUCH_REQUESTS;
use crate::gateway::removal::addresses::NameAfter;
use crate::gateway::sending_tests::uploaded;
use crate::gateway::vouching::signature::{CarriedSignature, tests_seal};
use crate::store::{ContentId, Piece};

/// A message with a file, as noa opened it.
struct Opened {
    office: Office,
    reference: Reference,
    item: ItemView,
    content: Content,
}

impl Opened {
    fn new() -> Opened {
        let office = Office::open();
        office.vouch(&office.omar, &office.dana);
        let reference = office.send_as(&office.dana, "noa@example.org", |content| {
            let file = uploaded(&office.gateway, &office.dana, "plan.bin", b"the plan");
            content.attachments = vec![file];
        });
        let (item, content) = office.gateway.message_open(&office.noa, reference, None).unwrap();
        Opened { office, reference, item, content }
    }

    /// What noa is shown if her list says that.
    fn signature(&self, item: &ItemView, content: &Content) -> SignatureView {
        self.office.gateway.message_signature(&self.office.noa, item, content).unwrap().unwrap()
    }

    fn state_of(&self, change: impl FnOnce(&mut ItemView)) -> SignatureState {
        let mut item = self.item.clone();
        change(&mut item);
        self.signature(&item, &self.content).state
    }

    fn outlined(&self, change: impl FnOnce(&mut Outline)) -> SignatureState {
        let mut outline = self.content.outline().unwrap().clone();
        change(&mut outline);
        self.signature(&self.item, &self.content.outlined(Some(outline))).state
    }
}

/// One who reads a message has its key, and who can write to the store gives another reader another
/// list of it, sealed to that reader's public key.
#[test]
fn nothing_that_is_shown_beside_the_signed_octets_can_be_changed() {
    let opened = Opened::new();
    assert_eq!(opened.state_of(|_| ()), SignatureState::Valid);
    assert_eq!(opened.outlined(|_| ()), SignatureState::Valid);
    assert_eq!(
        opened.state_of(|item| item.subject = "Urgent: a new account".to_owned()),
        SignatureState::Broken
    );
    assert_eq!(
        opened.state_of(|item| item.from_name = Some("Eve".to_owned())),
        SignatureState::Broken
    );
    assert_eq!(opened.state_of(|item| item.attachments += 1), SignatureState::Broken);
    assert_eq!(
        opened.outlined(|outline| outline.end = b"\r\nPay to another account".to_vec()),
        SignatureState::Broken
    );
    assert_eq!(
        opened.outlined(|outline| outline.files[0].name = "invoice.bin".to_owned()),
        SignatureState::Broken
    );
    assert_eq!(opened.outlined(|outline| outline.files[0].offset += 4), SignatureState::Broken);
    assert_eq!(opened.outlined(|outline| outline.files.clear()), SignatureState::Broken);
    // A list without an outline does not make it a message that never was signed.
    let without = opened.content.outlined(None);
    assert_eq!(opened.signature(&opened.item, &without).state, SignatureState::Broken);
}

/// Files that are too large to be verified have the length that was signed.
#[test]
fn the_length_of_files_is_always_compared() {
    let opened = Opened::new();
    let of =
        |max: u64| opened.office.gateway.digests(&opened.office.noa, &opened.content, max).unwrap();
    let ((head, digest), (octets, files)) = of(u64::MAX);
    assert!(files.is_some());
    assert_eq!(of(octets - 1), ((head, digest), (octets, None)));
}

/// Large files are read once for their digest by each reader while the daemon runs, and anew after a start.
#[test]
fn large_files_are_hashed_once_by_each_reader_and_again_after_a_start() {
    let office = Office::open();
    let reference = office.send_as(&office.dana, "noa@example.org", |content| {
        let octets = vec![7; 600_000];
        content.attachments = vec![uploaded(&office.gateway, &office.dana, "plan.bin", &octets)];
    });
    assert_eq!(office.state(&office.noa, reference), SignatureState::Valid);
    // The last piece cannot be read any more: who hashed it again would notice.
    let id = ContentId(reference.to_bytes());
    let mut octets = office.store().content_read(id, 0, u64::MAX).unwrap();
    *octets.last_mut().unwrap() ^= 1;
    office.lie(move |tx| {
        tx.content_delete(id);
        tx.content_put(id, vec![Piece::Inline(octets.clone().into())]);
        Ok(())
    });
    assert_eq!(office.state(&office.noa, reference), SignatureState::Valid);
    // One who has not opened it yet, such as the sender, compares what is there.
    let (item, content) = office.gateway.message_open(&office.dana, reference, None).unwrap();
    let seen = office.gateway.message_signature(&office.dana, &item, &content);
    assert!(matches!(seen, Err(Error::Damaged { .. })), "{seen:?}");
    let inner = &office.gateway.inner;
    let (store, vault) = (inner.store.clone(), inner.vault.clone());
    let gateway = Gateway::new(store, vault, inner.clock.clone(), inner.settings.clone());
    let (item, content) = gateway.message_open(&office.noa, reference, None).unwrap();
    let seen = gateway.message_signature(&office.noa, &item, &content);
    assert!(matches!(seen, Err(Error::Damaged { .. })), "{seen:?}");
}

/// A message of long ago that is put back does not look like one of today.
#[test]
fn a_message_that_came_at_another_time_than_it_was_signed_says_so() {
    let opened = Opened::new();
    let view = opened.signature(&opened.item, &opened.content);
    assert_eq!((view.at, view.time_differs), (Some(opened.item.received), false));
    for secs in [-7_200, 7_200] {
        let mut item = opened.item.clone();
        item.received = item.received.plus_secs(secs);
        let view = opened.signature(&item, &opened.content);
        assert_eq!((view.state, view.time_differs), (SignatureState::Valid, true));
        assert_eq!(view.at, Some(opened.item.received), "the time that was signed");
    }
}

#[test]
fn the_attestations_that_a_message_carries_are_signed_with_it() {
    let opened = Opened::new();
    let genuine = tests_seal::opened(&opened.content, opened.reference);
    let [one] = &genuine.attested[..] else { panic!("one attestation") };
    let put = |attested: Vec<SignedStatement>| {
        let carried = CarriedSignature { attested, ..genuine.clone() };
        let key = opened.reference.to_bytes();
        let row = tests_seal::sealed(&opened.content, opened.reference, &carried);
        opened.office.lie(move |tx| tx.put(&MESSAGE_SIGNATURES, &key, &row));
        opened.state_of(|_| ())
    };
    assert_eq!(put(Vec::new()), SignatureState::Broken, "left out");
    assert_eq!(put(vec![one.clone(), one.clone()]), SignatureState::Broken, "twice");
    assert_eq!(put(vec![one.clone()]), SignatureState::Valid);
}

/// The easiest lie of all: a message that nobody signed.
#[test]
fn a_message_without_a_signature_says_so_to_who_knows_its_senders_key() {
    let office = Office::open();
    let (dana, noa) = (&office.dana, &office.noa);
    let before = office.send(dana, "noa@example.org", Some(false));
    assert_eq!(office.signature(noa, before), None, "noa knows no key of dana");
    office.gateway.clock().advance_secs(1);
    let signed = office.send(dana, "noa@example.org", None);
    assert_eq!(office.state(noa, signed), SignatureState::Valid);
    let after = office.send(dana, "noa@example.org", Some(false));
    assert_eq!(office.state(noa, after), SignatureState::Unsigned);
    assert_eq!(office.signature(noa, before), None, "it came before");
    assert_eq!(office.signature(dana, after), None, "one's own");
    // What came from outside has other checks.
    let (mut item, content) = office.gateway.message_open(noa, after, None).unwrap();
    item.protection = Protection::Imported;
    assert_eq!(office.gateway.message_signature(noa, &item, &content).unwrap(), None);
}

/// Whom a message names is in its signed header; the others got a blind copy.
#[test]
fn a_blind_copy_is_one_by_the_signed_header() {
    let office = Office::open();
    let reference = office.send_as(&office.dana, "noa@example.org", |content| {
        content.bcc = vec![Addressee { name: None, address: "omar@example.org".to_owned() }];
    });
    for (reader, named) in [(&office.noa, true), (&office.omar, false), (&office.dana, true)] {
        let signature = office.signature(reader, reference).unwrap();
        assert_eq!((signature.state, signature.names_reader), (SignatureState::Valid, named));
    }
}

/// Who gets a message outside sees by no field whether somebody here got a blind copy.
#[test]
fn a_message_is_signed_for_all_recipients() {
    use crate::gateway::sending_tests::{OUTSIDER, choice, content, send, with_policy};
    use crate::terms::{Choice, Mode};
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = crate::gateway::tests::sign_in(&gateway, "dana");
    let keys = [&[][..], &["omar@example.org"][..]].map(|bcc| {
        let mut draft = content(&[OUTSIDER], "Plan");
        let addressee = |one: &&str| Addressee { name: None, address: (*one).to_owned() };
        draft.bcc = bcc.iter().map(addressee).collect();
        let reference = send(&gateway, &dana, &draft);
        let (item, content) = gateway.message_open(&dana, reference, None).unwrap();
        let signature = gateway.message_signature(&dana, &item, &content).unwrap().unwrap();
        assert_eq!(signature.state, SignatureState::Valid);
        content.signing_key().unwrap()
    });
    assert_eq!(keys[0], keys[1]);
}

/// Somebody who was removed is missed by nobody: what both signed is over, and no warning stays.
#[test]
fn an_attestation_ends_with_the_account_of_either_party() {
    let office = Office::open();
    office.vouch(&office.omar, &office.dana);
    office.vouch(&office.dana, &office.omar);
    office.vouch(&office.omar, &office.noa);
    office.gateway.vouch_ask(&office.noa, "dana@example.org").unwrap();
    let reference = office.send(&office.dana, "noa@example.org", None);
    assert_eq!(office.signature(&office.noa, reference).unwrap().vouchers.len(), 1);
    let omar = office.omar.account();
    office.gateway.account_remove("omar", "omar", NameAfter::Held).unwrap();
    while office.gateway.removals_continue().unwrap() {}
    for _ in 0..2 {
        for who in [&office.dana, &office.noa] {
            let shown = office.overview(who);
            assert_eq!((shown.given, shown.received, shown.problems.len()), (vec![], vec![], 0));
        }
        assert_eq!(office.problems(&office.noa, &office.dana), []);
        let signature = office.signature(&office.noa, reference).unwrap();
        assert_eq!((signature.state, signature.vouchers.len()), (SignatureState::Valid, 0));
        // The lists are signed anew without it.
        office.send(&office.dana, "noa@example.org", None);
    }
    assert_eq!(office.overview(&office.dana).requests.len(), 1, "Noa's request stays");
    for account in [office.dana.account(), office.noa.account()] {
        assert!(!office.store().has(&VOUCH_REQUESTS, &(account, omar)).unwrap());
    }
}
