//! Keyrings on the engine in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{ACCOUNTS_MAX, Earlier, GROUPS_IN_MAX, RingEdit};
use super::sealing::{RingKeys, still_sealed_in_tx, turn_number};
use crate::gateway::accounts::change::{Others, PasswordChange};
use crate::gateway::group_tests::{add, created, gateway_of, group_id, id, put};
use crate::gateway::records::ids::{AccountId, GroupId, RingId};
use crate::gateway::records::keyring::{Ring, RingEntry, RingEpoch, RingUnder, RingWrap};
use crate::gateway::records::keyring_rows::removed_in_tx;
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, RING_ENTRIES, RING_EPOCHS, RING_SEEN, RING_WRAPS, RINGS, RINGS_OF,
};
use crate::gateway::tests::*;
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::vault::{self, RingSecret, random_bytes};

pub(super) const RING: RingId = RingId([9; 16]);

pub(super) fn account(actor: &Actor) -> RingEntry {
    RingEntry::Account(actor.account())
}

pub(super) fn made(
    gateway: &Gateway,
    actor: &Actor,
    entries: &[RingEntry],
    earlier: Earlier,
) -> RingUnder {
    let (new, under, secret) = gateway.keyring_new(actor, RING, entries, earlier).unwrap();
    gateway.transact(move |tx| new.store_in_tx(tx)).wait().unwrap();
    assert_eq!(secret.commitment(), sealing(gateway, actor).1, "the first epoch is in use");
    under
}

pub(super) fn change(gateway: &Gateway, actor: &Actor, edit: &RingEdit) {
    let change = gateway.keyring_change(actor, RING, edit).unwrap();
    gateway.transact(move |tx| change.store_in_tx(tx)).wait().unwrap();
}

pub(super) fn adding(entry: RingEntry) -> RingEdit {
    RingEdit { add: vec![entry], ..RingEdit::default() }
}

pub(super) fn removing(entry: RingEntry) -> RingEdit {
    RingEdit { remove: vec![entry], ..RingEdit::default() }
}

pub(super) fn leave(gateway: &Gateway, entry: RingEntry) {
    gateway.transact(move |tx| removed_in_tx(tx, RING, entry)).wait().unwrap();
}

/// The number of the epoch in which the actor seals, and what knows its secret again.
pub(super) fn sealing(gateway: &Gateway, actor: &Actor) -> (u32, [u8; 32]) {
    let (under, secret) = gateway.keyring_sealing(actor, RING).unwrap();
    let stored = gateway.transact(move |tx| still_sealed_in_tx(&**tx, under)).wait();
    assert!(stored.is_ok(), "what is sealed now can be stored now");
    (under.epoch, secret.commitment())
}

pub(super) fn opens(gateway: &Gateway, actor: &Actor, epoch: u32) -> bool {
    match gateway.keyring_opening(actor, RingUnder { ring: RING, epoch }) {
        Ok(secret) => secret.commitment() == epoch_row(gateway, epoch).commitment,
        Err(Error::Conflict(Conflict::GroupKeysWait)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

pub(super) fn epoch_row(gateway: &Gateway, epoch: u32) -> RingEpoch {
    gateway.store().get(&RING_EPOCHS, &(RING, epoch)).unwrap().unwrap()
}

pub(super) fn row(gateway: &Gateway) -> Ring {
    gateway.store().get(&RINGS, &RING).unwrap().unwrap()
}

/// Signs in with another password, and renews the account's keys with that; returns the actor with the
/// keys from before, and that with those from now on.
fn renewed(gateway: &Gateway, name: &str) -> (Actor, Actor) {
    let opened = gateway.session_open(log_in(name, PASSWORD)).unwrap();
    let stale = gateway.session_actor(&opened.token, "thumb").unwrap();
    let kept = gateway.session_kept(&stale, &opened.token).unwrap();
    let (old, new) = (password(PASSWORD), password("battery staple"));
    let change = PasswordChange { old, new, others: Others::End };
    gateway.password_change(&stale, kept, &change).unwrap();
    (stale, gateway.session_actor(&opened.token, "thumb").unwrap())
}

#[test]
fn an_account_a_member_of_a_group_and_nobody_else_opens_an_epoch() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa, tal] = ["dana", "omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
    let group = created(&gateway, &omar);
    add(&gateway, &omar, &group, "noa");
    let entries = [account(&dana), RingEntry::Group(group_id(&group))];
    let under = made(&gateway, &dana, &entries, Earlier::Shown);
    for actor in [&dana, &omar, &noa] {
        assert!(opens(&gateway, actor, 1));
        assert_eq!(sealing(&gateway, actor).0, 1);
    }
    assert!(!opens(&gateway, &tal, 1));
    assert!(matches!(gateway.keyring_sealing(&tal, RING), Err(Error::NotFound { .. })));
    // What was opened once in a request is not opened again.
    let mut keys = RingKeys::default();
    let once = gateway.keyring_opening_in(&dana, &mut keys, under).unwrap();
    let again = gateway.keyring_opening_in(&dana, &mut keys, under).unwrap();
    assert!(std::sync::Arc::ptr_eq(&once, &again));
    // Everybody inside, who that will be.
    change(&gateway, &dana, &adding(RingEntry::Group(GroupId::EVERYBODY)));
    gateway.groups_tend(&tal).unwrap();
    gateway.groups_tend(&omar).unwrap();
    assert!(opens(&gateway, &tal, 1));
}

#[test]
fn who_was_removed_opens_nothing_that_is_sealed_later() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    made(&gateway, &dana, &[account(&dana), account(&omar), account(&noa)], Earlier::Shown);
    let kept = gateway.store().get(&RING_WRAPS, &(RING, account(&omar), 1)).unwrap().unwrap();
    change(&gateway, &dana, &removing(account(&omar)));
    assert_eq!(row(&gateway).epoch, 2, "the next epoch begins in the same transaction");
    assert!(!opens(&gateway, &omar, 1) && !opens(&gateway, &omar, 2));
    assert!(opens(&gateway, &noa, 1) && opens(&gateway, &noa, 2));
    // With what was kept of the disk, the epoch from before opens, and none after it.
    put(&gateway, &RING_WRAPS, (RING, account(&omar), 1), kept);
    let entry = (RING, account(&omar));
    gateway.transact(move |tx| Ok(tx.put(&RING_ENTRIES, &entry, &Due)?)).wait().unwrap();
    assert!(opens(&gateway, &omar, 1) && !opens(&gateway, &omar, 2));
    // Who leaves makes no keys, and who seals next does.
    leave(&gateway, account(&noa));
    assert!(row(&gateway).due);
    let under = RingUnder { ring: RING, epoch: 2 };
    let refused = gateway.transact(move |tx| still_sealed_in_tx(&**tx, under)).wait();
    assert!(matches!(refused, Err(Error::Busy)));
    assert_eq!(sealing(&gateway, &dana).0, 3);
    assert!(!opens(&gateway, &noa, 3) && opens(&gateway, &dana, 1));
    assert!(!gateway.store().has(&RINGS_OF, &(account(&noa), RING)).unwrap());
}

#[test]
fn who_is_added_opens_what_was_before_as_the_keyring_says() {
    for (earlier, shown) in [(Earlier::Shown, true), (Earlier::Hidden, false)] {
        let gateway = gateway_of(&["noa", "tal"]);
        let [dana, omar, noa, tal] =
            ["dana", "omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
        made(&gateway, &dana, &[account(&dana), account(&noa)], earlier);
        change(&gateway, &dana, &removing(account(&noa)));
        change(&gateway, &dana, &adding(account(&omar)));
        let in_use = row(&gateway).epoch;
        assert_eq!(in_use, if shown { 2 } else { 3 });
        assert!(opens(&gateway, &omar, in_use));
        assert_eq!((1..in_use).all(|epoch| opens(&gateway, &omar, epoch)), shown);
        assert!((1..=in_use).all(|epoch| opens(&gateway, &dana, epoch)));
        // The other way round from now on: what was hidden stays hidden.
        let other = if shown { Earlier::Hidden } else { Earlier::Shown };
        change(&gateway, &dana, &RingEdit { earlier: Some(other), ..RingEdit::default() });
        change(&gateway, &dana, &adding(account(&tal)));
        change(&gateway, &dana, &removing(account(&omar)));
        assert!(opens(&gateway, &tal, row(&gateway).epoch));
        assert!((1..=in_use).all(|epoch| !opens(&gateway, &tal, epoch)), "{earlier:?}");
        assert!((1..=row(&gateway).epoch).all(|epoch| opens(&gateway, &dana, epoch)));
    }
}

#[test]
fn keys_that_changed_and_accounts_that_are_disabled_begin_another_epoch() {
    let gateway = gateway_of(&["noa"]);
    let [dana, noa] = ["dana", "noa"].map(|name| sign_in(&gateway, name));
    let omars = RingEntry::Account(id(&gateway, "omar"));
    made(&gateway, &dana, &[account(&dana), omars, account(&noa)], Earlier::Shown);
    let (stale, omar) = renewed(&gateway, "omar");
    let under = RingUnder { ring: RING, epoch: 1 };
    let refused = gateway.transact(move |tx| still_sealed_in_tx(&**tx, under)).wait();
    assert!(matches!(refused, Err(Error::Busy)), "nothing more is sealed for the old keys");
    assert!(opens(&gateway, &omar, 1), "what was before still opens");
    assert_eq!(sealing(&gateway, &dana).0, 2);
    assert!(opens(&gateway, &omar, 2));
    let under = RingUnder { ring: RING, epoch: 2 };
    assert!(matches!(gateway.keyring_opening(&stale, under), Err(Error::KeysDiffer)));

    gateway.account_disable("noa").unwrap();
    assert_eq!(sealing(&gateway, &dana).0, 3);
    assert!(!gateway.store().has(&RING_WRAPS, &(RING, account(&noa), 3)).unwrap());
    gateway.account_enable("noa").unwrap();
    let noa = sign_in(&gateway, "noa");
    assert!(matches!(
        gateway.keyring_sealing(&noa, RING),
        Err(Error::Conflict(Conflict::GroupKeysWait))
    ));
    assert_eq!(sealing(&gateway, &dana).0, 3, "who comes back gets the epoch in use");
    assert!((1..=3).all(|epoch| opens(&gateway, &noa, epoch)));
    // A change of keys elsewhere ends no epoch here.
    crate::gateway::tests::create(&gateway, "tal").unwrap();
    renewed(&gateway, "tal");
    assert_eq!(sealing(&gateway, &dana).0, 3);
}

#[test]
fn a_group_that_begins_another_epoch_begins_another_one_here() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    let group = created(&gateway, &omar);
    add(&gateway, &omar, &group, "noa");
    let entries = [account(&dana), RingEntry::Group(group_id(&group))];
    made(&gateway, &dana, &entries, Earlier::Shown);
    gateway.group_member_remove(&noa, &group, &noa.account().to_text()).unwrap();
    // The group's keys are due, and dana is not in it: its members wait, and she goes on.
    assert_eq!(sealing(&gateway, &dana).0, 2);
    assert!(!opens(&gateway, &omar, 2) && !opens(&gateway, &noa, 1));
    gateway.groups_tend(&omar).unwrap();
    assert_eq!(sealing(&gateway, &dana).0, 2, "the group gets the epoch in use");
    assert!(opens(&gateway, &omar, 2) && opens(&gateway, &omar, 1));
    gateway.group_member_remove(&omar, &group, &id(&gateway, "omar").to_text()).unwrap();
    assert!(!gateway.store().has(&RINGS_OF, &(entries[1], RING)).unwrap(), "the group is gone");
    assert_eq!(sealing(&gateway, &dana).0, 3);
    assert!(!opens(&gateway, &omar, 3));
    assert_eq!(row(&gateway).groups, []);
}

/// A server that lies begins an epoch itself, goes back to one that somebody kept, or puts another secret in
/// the place of one: who seals notices each, and seals nothing.
#[test]
fn keys_that_were_put_in_place_are_noticed() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    made(&gateway, &dana, &[account(&dana), account(&omar)], Earlier::Shown);
    let own = row(&gateway);
    let key = gateway.store().get(&ACCOUNT_KEYS, &dana.account()).unwrap().unwrap().public_key();
    let forged = RingSecret::generate().unwrap();
    let bound = |epoch: u32| {
        let (entry, epoch) = (account(&dana).octets(), epoch.to_be_bytes());
        [b"keyring\0".as_slice(), &RING.0, &epoch, &entry].concat()
    };
    let epoch = |proof| RingEpoch {
        commitment: forged.commitment(),
        began: gateway.clock().now(),
        sealed_earlier: None,
        proof,
        sealed_far: None,
    };
    let wrap = |number| RingWrap {
        wrapped: forged.wrap_for(&key, &bound(number)).unwrap(),
        epoch: 0,
        public: vault::short_digest(&key.octets),
    };
    // In the place of the one in use.
    let before = epoch_row(&gateway, 1);
    put(&gateway, &RING_EPOCHS, (RING, 1), epoch(None));
    assert!(matches!(gateway.keyring_sealing(&dana, RING), Err(Error::KeysDiffer)));
    let own_wrap = gateway.store().get(&RING_WRAPS, &(RING, account(&dana), 1)).unwrap().unwrap();
    put(&gateway, &RING_WRAPS, (RING, account(&dana), 1), wrap(1));
    assert!(matches!(gateway.keyring_sealing(&dana, RING), Err(Error::KeysDiffer)));
    put(&gateway, &RING_WRAPS, (RING, account(&dana), 1), own_wrap);
    put(&gateway, &RING_EPOCHS, (RING, 1), before);
    // After it, with no proof and with one of its own.
    let chain = [b"keyring epoch\0".as_slice(), &RING.0, &2_u32.to_be_bytes()].concat();
    let proof = forged.prove_next(&chain, &forged.commitment()).unwrap();
    for proof in [None, Some(proof)] {
        let is_missing = proof.is_none();
        put(&gateway, &RING_EPOCHS, (RING, 2), epoch(proof));
        put(&gateway, &RING_WRAPS, (RING, account(&dana), 2), wrap(2));
        put(&gateway, &RINGS, RING, Ring { epoch: 2, ..own.clone() });
        match gateway.keyring_sealing(&dana, RING) {
            Err(Error::Conflict(Conflict::GroupKeysUnproven)) => assert!(is_missing),
            Err(Error::KeysDiffer) => assert!(!is_missing),
            other => panic!("{:?}", other.map(|(under, _)| under)),
        }
        assert_eq!(row(&gateway).epoch, 2, "nothing is built on it");
    }
    // Unproven keys are taken by an act of the reader's own.
    put(&gateway, &RING_EPOCHS, (RING, 2), epoch(None));
    gateway.keyring_accept(&dana, RING).unwrap();
    assert_eq!(sealing(&gateway, &dana).0, 2);
    // Back to an epoch that somebody has kept.
    put(&gateway, &RINGS, RING, Ring { epoch: 1, ..own });
    assert!(matches!(gateway.keyring_sealing(&dana, RING), Err(Error::KeysDiffer)));
}

#[test]
fn a_keyring_is_bounded_and_leaves_nothing() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let many = |count: usize, entry: fn([u8; 16]) -> RingEntry| -> Vec<RingEntry> {
        let mut entries: Vec<RingEntry> =
            (0..count - 1).map(|_| entry(random_bytes().unwrap())).collect();
        entries.push(account(&dana));
        entries
    };
    let accounts = many(ACCOUNTS_MAX + 1, |id| RingEntry::Account(AccountId(id)));
    let groups = many(GROUPS_IN_MAX + 2, |id| RingEntry::Group(GroupId(id)));
    for entries in [accounts, groups] {
        let refused = gateway.keyring_new(&dana, RING, &entries, Earlier::Shown);
        assert!(matches!(refused, Err(Error::OverQuota)));
    }
    let others = gateway.keyring_new(&dana, RING, &[account(&omar)], Earlier::Shown);
    assert!(matches!(others, Err(Error::NotFound { .. })), "the actor is one of them");
    made(&gateway, &dana, &[account(&dana), account(&omar)], Earlier::Shown);
    sealing(&gateway, &omar);
    gateway.keyring_destroy(RING).unwrap();
    let store = gateway.store();
    assert!(!store.has(&RINGS, &RING).unwrap());
    assert_eq!(store.count(&RING_EPOCHS, &RING).unwrap(), 0);
    assert_eq!(store.count(&RING_WRAPS, &RING).unwrap(), 0);
    assert_eq!(store.count(&RING_ENTRIES, &RING).unwrap(), 0);
    assert_eq!(store.count(&RINGS_OF, &()).unwrap(), 0);
    assert_eq!(store.count(&RING_SEEN, &()).unwrap(), 0);
    gateway.keyring_destroy(RING).unwrap();
}

/// Entries change at random, and each request may be the last one before the process is killed: what is on
/// the disk then is what the transactions before it wrote. Wherever that is, who seals next makes it whole.
#[test]
fn wherever_a_change_of_entries_stops_the_keyring_heals() {
    const NAMES: [&str; 5] = ["dana", "omar", "noa", "avi", "tal"];
    for round in 0..4 {
        let gateway = gateway_of(&NAMES[2..]);
        let actors: Vec<Actor> = NAMES.iter().map(|name| sign_in(&gateway, name)).collect();
        let earlier = if round % 2 == 0 { Earlier::Shown } else { Earlier::Hidden };
        made(&gateway, &actors[0], &[account(&actors[0])], earlier);
        let (mut members, mut known) = (BTreeSet::from([0]), BTreeMap::new());
        for step in random_bytes::<30>().unwrap() {
            let (what, who) = (step % 5, usize::from(step / 5) % NAMES.len());
            let entry = account(&actors[who]);
            let in_use = row(&gateway).epoch;
            match what {
                0 | 1 if members.insert(who) => {
                    change(&gateway, &actors[0], &adding(entry));
                    known.remove(&who);
                }
                2 | 3 if who != 0 && members.remove(&who) => {
                    match what {
                        2 => change(&gateway, &actors[0], &removing(entry)),
                        _ => leave(&gateway, entry),
                    }
                    known.insert(who, in_use);
                }
                4 if members.contains(&who) => drop(gateway.keyring_sealing(&actors[who], RING)),
                _ => {}
            }
            for (who, epoch) in &known {
                assert_eq!(
                    gateway.store().count(&RING_WRAPS, &(RING, account(&actors[*who]))).unwrap(),
                    0
                );
                assert!(row(&gateway).due || row(&gateway).epoch > *epoch);
            }
        }
        // The kill is here.
        let (in_use, commitment) = sealing(&gateway, &actors[0]);
        for (who, actor) in actors.iter().enumerate() {
            assert_eq!(opens(&gateway, actor, in_use), members.contains(&who), "{who}");
            if members.contains(&who) {
                assert_eq!(sealing(&gateway, actor), (in_use, commitment));
            }
        }
        assert!((1..=in_use).all(|epoch| opens(&gateway, &actors[0], epoch)));
    }
}

#[test]
fn keys_that_nobody_holds_any_more_are_begun_anew() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    made(&gateway, &dana, &[account(&dana), account(&omar)], Earlier::Shown);
    sealing(&gateway, &omar);
    gateway.account_disable("omar").unwrap();
    assert_eq!(sealing(&gateway, &dana).0, 2);
    leave(&gateway, account(&dana));
    gateway.account_enable("omar").unwrap();
    let omar = sign_in(&gateway, "omar");
    // Nothing shows that a holder began them, so that they are taken knowingly.
    let refused = gateway.keyring_sealing(&omar, RING);
    assert!(matches!(refused, Err(Error::Conflict(Conflict::GroupKeysUnproven))));
    gateway.keyring_accept(&omar, RING).unwrap();
    assert_eq!(sealing(&gateway, &omar).0, 3);
    assert!(opens(&gateway, &omar, 1));
}

/// What one room prepares keeps no other room waiting.
#[test]
fn the_keyrings_of_rooms_take_different_turns() {
    let rings = (0..200).map(|number| RingId(Reference::new(number).to_bytes()));
    let turns: BTreeSet<usize> = rings.map(turn_number).collect();
    assert!(turns.len() > 30, "{turns:?}");
}
