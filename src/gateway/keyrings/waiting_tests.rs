//! Keyrings whose entries wait, were away, lost their keys or are gone, on the engine in memory.

use super::change::{Earlier, RingEdit};
use super::sealing::RingKeys;
use super::tests::*;
use crate::gateway::group_tests::{add, created, gateway_of, group_id, id, put};
use crate::gateway::groups::epochs::Keys;
use crate::gateway::records::group::GroupWrap;
use crate::gateway::records::ids::{AccountId, GroupId, RingId};
use crate::gateway::records::keyring::{KeysChanged, RingEntry, RingEpoch, RingUnder, RingWrap};
use crate::gateway::records::keyring_rows::{removed_from_some_in_tx, removed_in_tx};
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{
    GROUP_WAITING, GROUP_WRAPS, GROUPS, RING_ENTRIES, RING_EPOCHS, RING_SEEN, RING_WRAPS, RINGS,
    RINGS_OF,
};
use crate::gateway::removal::addresses::NameAfter;
use crate::gateway::sending_tests::{
    OUTSIDER, OWN, claim, content, leased, password_and_token, send,
};
use crate::gateway::tests::*;
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::store::{Read, Table};
use crate::vault::random_bytes;

fn waits<T>(found: &Result<T, Error>) -> bool {
    matches!(found, Err(Error::Conflict(Conflict::GroupKeysWait)))
}

fn unproven<T>(found: &Result<T, Error>) -> bool {
    matches!(found, Err(Error::Conflict(Conflict::GroupKeysUnproven)))
}

/// Begins the next epoch, as after somebody left.
fn begun(gateway: &Gateway, actor: &Actor) -> u32 {
    let due = |tx: &mut crate::gateway::feed::tx::Tx<'_, '_>| {
        let mut row = tx.get(&RINGS, &RING)?.unwrap();
        (row.due, row.version) = (true, row.version + 1);
        Ok::<_, Error>(tx.put(&RINGS, &RING, &row)?)
    };
    gateway.transact(due).wait().unwrap();
    gateway.keyring_sealing(actor, RING).unwrap().0.epoch
}

/// A group of omar and noa, and of tal who has just left it.
fn group_that_is_due(gateway: &Gateway, omar: &Actor, tal: &Actor) -> GroupId {
    let group = created(gateway, omar);
    add(gateway, omar, &group, "noa");
    add(gateway, omar, &group, "tal");
    gateway.group_member_remove(tal, &group, &tal.account().to_text()).unwrap();
    group_id(&group)
}

#[test]
fn a_change_by_a_member_of_a_group_that_is_due_shuts_nobody_out() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [omar, noa, tal] = ["omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
    let group = created(&gateway, &omar);
    for name in ["noa", "tal"] {
        add(&gateway, &omar, &group, name);
    }
    let dana = RingEntry::Account(id(&gateway, "dana"));
    made(&gateway, &omar, &[RingEntry::Group(group_id(&group)), dana], Earlier::Shown);
    gateway.group_member_remove(&tal, &group, &tal.account().to_text()).unwrap();
    change(&gateway, &omar, &removing(dana));
    assert_eq!(row(&gateway).epoch, 2);
    assert_eq!(sealing(&gateway, &omar).0, 2);
    assert_eq!(sealing(&gateway, &noa).0, 2);
    assert!(opens(&gateway, &noa, 1) && !opens(&gateway, &tal, 2));
    assert!(epoch_row(&gateway, 2).proof.is_some());
}

#[test]
fn a_group_that_is_due_comes_before_everybody_inside() {
    let names: Vec<String> = (0..52).map(|number| format!("user{number}")).collect();
    let gateway = gateway_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let omar = sign_in(&gateway, "omar");
    gateway.groups_tend(&omar).unwrap();
    for name in &names {
        let key = (GroupId::EVERYBODY, id(&gateway, name));
        gateway.transact(move |tx| Ok(tx.put(&GROUP_WAITING, &key, &Due)?)).wait().unwrap();
    }
    while gateway.groups_tend(&omar).unwrap().more {}
    let group = created(&gateway, &omar);
    add(&gateway, &omar, &group, "user0");
    made(&gateway, &omar, &[RingEntry::Group(group_id(&group))], Earlier::Shown);
    gateway.account_disable("user0").unwrap();
    assert_eq!(sealing(&gateway, &omar).0, 2);
    assert!(opens(&gateway, &omar, 1));
}

#[test]
fn nothing_is_begun_that_its_maker_does_not_open() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [omar, noa, tal] = ["omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
    let group = group_that_is_due(&gateway, &omar, &tal);
    let key = (group, noa.account(), 1);
    gateway
        .transact(move |tx| {
            tx.delete(&GROUP_WRAPS, &key);
            Ok::<_, Error>(())
        })
        .wait()
        .unwrap();
    let entries = [RingEntry::Group(group)];
    let refused = gateway.keyring_new(&noa, RING, &entries, Earlier::Shown);
    assert!(waits(&refused.map(drop)), "noa waits for the keys of the group, which are due");
    // Where nobody holds the keyring any more, nothing is begun for nobody either.
    made(&gateway, &omar, &entries, Earlier::Shown);
    let noa_id = noa.account();
    gateway
        .transact(move |tx| {
            tx.delete(&RING_WRAPS, &(RING, RingEntry::Group(group), 1));
            let mut row = tx.get(&GROUPS, &group)?.unwrap();
            tx.delete(&GROUP_WRAPS, &(group, noa_id, row.epoch));
            (row.due, row.version) = (true, row.version + 1);
            Ok::<_, Error>(tx.put(&GROUPS, &group, &row)?)
        })
        .wait()
        .unwrap();
    assert!(waits(&gateway.keyring_sealing(&noa, RING).map(drop)));
    assert_eq!(row(&gateway).epoch, 1);
}

#[test]
fn who_merely_waits_begins_nothing_anew() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa, tal] = ["dana", "omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
    let group = created(&gateway, &omar);
    let by_group = [RingEntry::Group(group_id(&group))];
    for entries in [&[account(&omar), account(&noa)][..], &by_group] {
        made(&gateway, &omar, entries, Earlier::Shown);
        change(&gateway, &dana, &adding(account(&tal)));
        assert!(waits(&gateway.keyring_sealing(&tal, RING).map(drop)));
        assert!(waits(&gateway.keyring_accept(&tal, RING)), "the others hold them");
        assert_eq!(row(&gateway).epoch, 1);
        // A change of nothing is none.
        let before = row(&gateway);
        change(&gateway, &dana, &RingEdit::default());
        assert_eq!(row(&gateway), before);
        for name in ["omar", "noa"] {
            gateway.account_disable(name).unwrap();
        }
        gateway.keyring_accept(&tal, RING).unwrap();
        assert_eq!(row(&gateway).epoch, 2, "nobody can wrap them who can sign in");
        for name in ["omar", "noa"] {
            gateway.account_enable(name).unwrap();
        }
        gateway.keyring_destroy(RING).unwrap();
    }
}

#[test]
fn who_was_away_for_long_seals_without_an_act_and_opens_the_first_epoch() {
    for (earlier, epochs) in [(Earlier::Shown, 210), (Earlier::Hidden, 130)] {
        let gateway = gateway_of(&["noa"]);
        let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
        made(&gateway, &dana, &[account(&dana), account(&omar)], earlier);
        sealing(&gateway, &omar);
        while begun(&gateway, &dana) < epochs {}
        // Who has only opened the page is known to have been there.
        gateway.keyring_tend(&omar, RING).unwrap();
        let seen = gateway.store().get(&RING_SEEN, &(omar.account(), RING)).unwrap();
        assert_eq!(sealing(&gateway, &omar).0, epochs);
        let sealed = gateway.store().get(&RING_SEEN, &(omar.account(), RING)).unwrap();
        assert!(seen == sealed && opens(&gateway, &omar, 1));
        if earlier == Earlier::Hidden {
            assert!(epoch_row(&gateway, 100).sealed_far.is_none());
            continue;
        }
        assert!(epoch_row(&gateway, 100).sealed_far.is_none(), "there is no epoch 0");
        assert!(epoch_row(&gateway, 200).sealed_far.is_some());
        change(&gateway, &dana, &adding(account(&noa)));
        assert!(opens(&gateway, &noa, 1) && opens(&gateway, &noa, 199));
        // The way to the oldest ones is not as long as they are old.
        let under = RING;
        gateway
            .transact(move |tx| {
                tx.delete(&RING_EPOCHS, &(under, 150));
                Ok::<_, Error>(())
            })
            .wait()
            .unwrap();
        assert!(opens(&gateway, &noa, 1) && opens(&gateway, &noa, 100));
        // What is open leads on to what was before it.
        let mut keys = RingKeys::default();
        for epoch in [90, 89, 50, 51] {
            let opened =
                gateway.keyring_opening_in(&noa, &mut keys, RingUnder { ring: RING, epoch });
            assert_eq!(opened.unwrap().commitment(), epoch_row(&gateway, epoch).commitment);
        }
    }
}

#[test]
fn an_outsider_who_is_started_again_waits_and_is_not_lied_to() {
    for (earlier, shown) in [(Earlier::Shown, true), (Earlier::Hidden, false)] {
        let gateway = gateway();
        let dana = sign_in(&gateway, "dana");
        send(&gateway, &dana, &content(&[OUTSIDER], "Hello"));
        let (initial, _) = password_and_token(&leased(&gateway)[0].1);
        let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
        made(&gateway, &dana, &[account(&dana), account(&noa)], earlier);
        sealing(&gateway, &noa);
        begun(&gateway, &dana);
        let id = noa.account().to_text();
        gateway.temporary_start_again(&dana, &id, "192.0.2.7").unwrap();
        let (next, _) = password_and_token(&leased(&gateway).pop().unwrap().1);
        let noa = claim(&gateway, OUTSIDER, &next, "other words of mine").unwrap();
        assert!(row(&gateway).due, "the keys before opened the epoch in use");
        assert!(waits(&gateway.keyring_sealing(&noa, RING).map(drop)));
        assert_eq!(sealing(&gateway, &dana).0, 3);
        assert_eq!(sealing(&gateway, &noa).0, 3);
        assert_eq!([1, 2, 3].map(|epoch| opens(&gateway, &noa, epoch)), [shown, shown, true]);
    }
}

#[test]
fn a_wrap_that_does_not_open_is_no_end_of_the_way() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    made(&gateway, &dana, &[account(&dana), account(&omar)], Earlier::Shown);
    begun(&gateway, &dana);
    let key = (RING, account(&omar), 1);
    let wrap = gateway.store().get(&RING_WRAPS, &key).unwrap().unwrap();
    put(&gateway, &RING_WRAPS, key, RingWrap { wrapped: vec![1; wrap.wrapped.len()], ..wrap });
    assert!(opens(&gateway, &omar, 1));
}

#[test]
fn who_only_reads_helps_those_who_wait() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, tal] = ["dana", "omar", "tal"].map(|name| sign_in(&gateway, name));
    let group = group_that_is_due(&gateway, &omar, &tal);
    made(&gateway, &dana, &[account(&dana), RingEntry::Group(group)], Earlier::Shown);
    gateway.keyring_tend(&omar, RING).unwrap();
    assert!(!opens(&gateway, &omar, 1), "omar has nothing to give");
    gateway.groups_tend(&omar).unwrap();
    gateway.keyring_tend(&dana, RING).unwrap();
    assert!(opens(&gateway, &omar, 1));
    // Somebody whom one without keys added.
    change(&gateway, &tal, &adding(account(&tal)));
    assert!(!opens(&gateway, &tal, 1));
    gateway.keyring_tend(&dana, RING).unwrap();
    assert!(opens(&gateway, &tal, 1));
    let before = row(&gateway);
    gateway.keyring_tend(&dana, RING).unwrap();
    assert_eq!(row(&gateway), before, "nothing more is to be done");
    gateway.keyring_tend(&dana, RingId([1; 16])).unwrap();
}

#[test]
fn a_group_that_waited_reads_nothing_from_before_where_nothing_is_shown() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, tal] = ["dana", "omar", "tal"].map(|name| sign_in(&gateway, name));
    let group = group_that_is_due(&gateway, &omar, &tal);
    made(&gateway, &dana, &[account(&dana), RingEntry::Group(group)], Earlier::Hidden);
    gateway.groups_tend(&omar).unwrap();
    assert_eq!(sealing(&gateway, &dana).0, 2);
    assert!(opens(&gateway, &omar, 2) && !opens(&gateway, &omar, 1));
}

#[test]
fn a_group_with_many_keys_leaves_none_when_it_goes() {
    let gateway = gateway_of(&[]);
    let omar = sign_in(&gateway, "omar");
    let text = created(&gateway, &omar);
    let group = group_id(&text);
    made(&gateway, &omar, &[account(&omar), RingEntry::Group(group)], Earlier::Shown);
    let many: Vec<AccountId> = (0..5_001).map(|_| AccountId(random_bytes().unwrap())).collect();
    gateway
        .transact(move |tx| {
            let wrap = GroupWrap { wrapped: vec![1], number: 1 };
            many.iter().try_for_each(|one| tx.put(&GROUP_WRAPS, &(group, *one, 1), &wrap))?;
            Ok::<_, Error>(())
        })
        .wait()
        .unwrap();
    gateway.group_delete(&omar, &text).unwrap();
    assert_eq!(gateway.store().count(&GROUP_WRAPS, &group).unwrap(), 0);
    assert!(!gateway.store().has(&RING_ENTRIES, &(RING, RingEntry::Group(group))).unwrap());
    assert_eq!(gateway.store().count(&RINGS_OF, &RingEntry::Group(group)).unwrap(), 0);
}

/// Puts wraps of epochs that never were.
fn with_wraps(gateway: &Gateway, entry: RingEntry, count: u32) {
    let fill = move |tx: &mut crate::gateway::feed::tx::Tx<'_, '_>| {
        let wrap = RingWrap { wrapped: vec![1], epoch: 0, public: [0; 16] };
        (10..10 + count).try_for_each(|epoch| tx.put(&RING_WRAPS, &(RING, entry, epoch), &wrap))?;
        Ok::<_, Error>(())
    };
    gateway.transact(fill).wait().unwrap();
}

#[test]
fn a_removal_takes_so_many_rows_at_once_and_no_more() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    made(&gateway, &dana, &[account(&dana), account(&omar), account(&noa)], Earlier::Hidden);
    let entry = account(&omar);
    with_wraps(&gateway, entry, 3_000);
    with_wraps(&gateway, account(&noa), 3_000);
    let both = RingEdit { remove: vec![entry, account(&noa)], ..RingEdit::default() };
    assert!(matches!(gateway.keyring_change(&dana, RING, &both), Err(Error::OverQuota)));
    change(&gateway, &dana, &removing(account(&noa)));
    let none = gateway.transact(move |tx| removed_from_some_in_tx(tx, entry, 0)).wait().unwrap();
    assert_eq!((none, row(&gateway).due), (0, false));
    let mut steps = 0;
    loop {
        let step = move |tx: &mut crate::gateway::feed::tx::Tx<'_, '_>| {
            removed_from_some_in_tx(tx, entry, 500)
        };
        let gone = gateway.transact(step).wait().unwrap();
        assert!(gone <= 500);
        assert!(row(&gateway).due && row(&gateway).accounts == 1, "it is no entry from the first");
        assert!(!gateway.store().has(&RING_ENTRIES, &(RING, entry)).unwrap());
        if gone == 0 {
            break;
        }
        steps += 1;
    }
    assert_eq!(steps, 7);
    assert_eq!(gateway.store().count(&RING_WRAPS, &(RING, entry)).unwrap(), 0);
    assert_eq!(gateway.store().count(&RINGS_OF, &entry).unwrap(), 0);
    assert!(!gateway.store().has(&RING_SEEN, &(omar.account(), RING)).unwrap());
}

#[test]
fn who_went_meanwhile_is_not_put_in_and_leaves_nothing() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    made(&gateway, &dana, &[account(&dana), account(&omar)], Earlier::Shown);
    let text = created(&gateway, &dana);
    let group = RingEntry::Group(group_id(&text));
    let tal = RingEntry::Account(id(&gateway, "tal"));
    let changes =
        [tal, group].map(|one| gateway.keyring_change(&dana, RING, &adding(one)).unwrap());
    gateway.account_remove("tal", "tal", NameAfter::Held).unwrap();
    gateway.group_delete(&dana, &text).unwrap();
    for (change, entry) in changes.into_iter().zip([tal, group]) {
        let stored = gateway.transact(move |tx| change.store_in_tx(tx)).wait();
        assert!(matches!(stored, Err(Error::Busy)));
        assert_eq!(gateway.store().count(&RINGS_OF, &entry).unwrap(), 0);
    }
    // Who seals while being taken out.
    let (under, secret) = gateway.keyring_sealing(&omar, RING).unwrap();
    leave(&gateway, account(&omar));
    gateway.ring_seen_note(&omar, under, &secret).unwrap();
    assert!(!gateway.store().has(&RING_SEEN, &(omar.account(), RING)).unwrap());
    // And while the keyring goes.
    gateway.keyring_destroy(RING).unwrap();
    gateway.ring_seen_note(&dana, under, &secret).unwrap();
    assert_eq!(gateway.store().count(&RING_SEEN, &()).unwrap(), 0);
}

#[test]
fn a_keyring_that_cannot_be_read_keeps_nobody() {
    static OTHER: Table<RingId, KeysChanged> = Table::new(RINGS.id, "rings");
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    made(&gateway, &dana, &[account(&dana), account(&omar)], Earlier::Shown);
    put(&gateway, &OTHER, RING, KeysChanged(7));
    assert!(gateway.store().get(&RINGS, &RING).is_err());
    let entry = account(&omar);
    gateway.transact(move |tx| removed_in_tx(tx, RING, entry)).wait().unwrap();
    assert_eq!(gateway.store().count(&RINGS_OF, &entry).unwrap(), 0);
    gateway.keyring_tend(&dana, RING).unwrap();
    gateway.keyring_destroy(RING).unwrap();
    assert!(!gateway.store().has(&RINGS, &RING).unwrap());
}

#[test]
fn without_what_was_seen_the_own_wraps_are_what_is_known() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    made(&gateway, &dana, &[account(&dana), account(&omar)], Earlier::Shown);
    sealing(&gateway, &omar);
    begun(&gateway, &dana);
    let key = (omar.account(), RING);
    gateway
        .transact(move |tx| {
            tx.delete(&RING_SEEN, &key);
            Ok::<_, Error>(())
        })
        .wait()
        .unwrap();
    assert!(matches!(
        gateway.ring_keys_in_use(&omar, (RING, &row(&gateway))).unwrap(),
        Keys::Held(_)
    ));
    let bare = RingEpoch { proof: None, sealed_earlier: None, ..epoch_row(&gateway, 2) };
    put(&gateway, &RING_EPOCHS, (RING, 2), bare);
    assert!(unproven(&gateway.keyring_sealing(&omar, RING).map(drop)));
}
