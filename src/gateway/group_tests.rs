//! Groups and their keys on the engine in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::accounts::change::{Others, PasswordChange};
use super::groups::about::About;
use super::groups::audience::Audience;
use super::groups::epochs::{Keys, chain_binding, wrap_binding};
use super::groups::group::{GroupEdit, NewGroup};
use super::groups::sealing::still_sealed_in_tx;
use super::groups::view::{GroupDetail, KeysState, Standing};
use super::records::group::{Group, GroupEpoch, GroupWrap};
use super::records::tables::{
    ACCOUNT_KEYS, GROUP_ADDRESSES, GROUP_EPOCHS, GROUP_MEMBERS, GROUP_WAITING, GROUP_WRAPS, GROUPS,
    GROUPS_OF,
};
use super::tests::*;
use super::*;
use crate::store::{Order, Read, Span};
use crate::terms::{GroupAct, GroupKind, GroupWriters, GroupsBy};
use crate::vault::{self, ContentKey, random_bytes};

pub const NAME: &str = "Quarterly figures";
const DESCRIPTION: &str = "Who counts them";

pub fn new_group() -> NewGroup {
    NewGroup {
        about: About { name: NAME.to_owned(), description: DESCRIPTION.to_owned() },
        kind: GroupKind::Plain,
        listed: false,
        shares_earlier: true,
        writers: GroupWriters::Members,
        address: None,
        hides_members: false,
    }
}

/// A gateway on which these people have accounts as well.
pub fn gateway_of(names: &[&str]) -> Gateway {
    let gateway = gateway();
    for name in names {
        create(&gateway, name).unwrap();
    }
    gateway
}

pub fn created(gateway: &Gateway, actor: &Actor) -> String {
    gateway.group_create(actor, new_group()).unwrap().view.id.to_text()
}

pub fn add(gateway: &Gateway, actor: &Actor, group: &str, name: &str) -> GroupDetail {
    gateway.group_member_add(actor, group, &format!("{name}@example.org")).unwrap()
}

pub fn seen(gateway: &Gateway, actor: &Actor, group: &str) -> (Option<String>, Option<KeysState>) {
    let view = gateway.group(actor, group).unwrap().view;
    (view.about.map(|about| about.name), view.keys)
}

pub fn held(name: &str) -> (Option<String>, Option<KeysState>) {
    (Some(name.to_owned()), Some(KeysState::Held))
}

pub fn id(gateway: &Gateway, name: &str) -> AccountId {
    gateway.account_named(name).unwrap()
}

pub fn row(gateway: &Gateway, group: GroupId) -> Group {
    gateway.store().get(&GROUPS, &group).unwrap().unwrap()
}

pub fn group_id(text: &str) -> GroupId {
    GroupId(text::parse_hex(text).unwrap())
}

/// Which epochs of a group were wrapped for an account.
fn epochs_of(gateway: &Gateway, group: &str, account: AccountId) -> Vec<u32> {
    let mut found = Vec::new();
    let visit = |(_, _, epoch)| {
        found.push(epoch);
        ControlFlow::Continue(())
    };
    gateway.store().scan_keys(&GROUP_WRAPS, &(group_id(group), account), visit).unwrap();
    found
}

/// A member who joins reads the name; one who leaves or is removed gets no key of what comes after, and
/// those before are destroyed.
#[test]
fn joining_wraps_the_key_and_leaving_begins_another() {
    let gateway = gateway_of(&["noa"]);
    let (dana, omar, noa) =
        (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"), sign_in(&gateway, "noa"));
    let group = created(&gateway, &dana);
    assert!(matches!(gateway.group(&omar, &group), Err(Error::NotFound { .. })));
    add(&gateway, &dana, &group, "omar");
    add(&gateway, &dana, &group, "noa");
    for actor in [&dana, &omar, &noa] {
        assert_eq!(seen(&gateway, actor, &group), held(NAME));
    }
    assert_eq!(row(&gateway, group_id(&group)).epoch, 1);
    // Removed by a member who holds the key: the next epoch begins in the same transaction.
    let omars = id(&gateway, "omar");
    gateway.group_member_remove(&dana, &group, &omars.to_text()).unwrap();
    let after = row(&gateway, group_id(&group));
    assert_eq!((after.epoch, after.due), (2, false));
    assert_eq!(epochs_of(&gateway, &group, omars), [0; 0]);
    assert!(matches!(gateway.group(&omar, &group), Err(Error::NotFound { .. })));
    assert_eq!(seen(&gateway, &noa, &group), held(NAME));
    // Who leaves does not make the next key: it is due, and a member's next request makes it.
    let noas = id(&gateway, "noa");
    gateway.group_member_remove(&noa, &group, &noas.to_text()).unwrap();
    let after = row(&gateway, group_id(&group));
    assert_eq!((after.epoch, after.due), (2, true));
    assert_eq!(gateway.groups_tend(&dana).unwrap().begun, 1);
    let after = row(&gateway, group_id(&group));
    assert_eq!((after.epoch, after.due), (3, false));
    assert_eq!(seen(&gateway, &dana, &group), held(NAME));
    let acts: Vec<GroupAct> =
        gateway.group(&dana, &group).unwrap().changes.iter().map(|one| one.act).collect();
    use GroupAct::{Added, Created, Left, Removed};
    assert_eq!(acts, [Left, Removed, Added, Added, Created], "members see each change");
}

/// What somebody who was removed kept of the keys opens nothing of the next epoch.
#[test]
fn the_keys_of_before_open_nothing_that_comes_after() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    let id_ = group_id(&group);
    let Keys::Held(kept) = gateway.group_keys(&omar, id_, 1).unwrap() else { panic!("no key") };
    let omars = id(&gateway, "omar").to_text();
    gateway.group_member_remove(&dana, &group, &omars).unwrap();
    let Keys::Held(next) = gateway.group_keys(&dana, id_, 2).unwrap() else { panic!("no key") };
    let sealed = next.seal(b"bound", b"later").unwrap();
    assert!(kept.open(b"bound", &sealed).is_err());
    let danas = id(&gateway, "dana");
    let wrap: GroupWrap = gateway.store().get(&GROUP_WRAPS, &(id_, danas, 2)).unwrap().unwrap();
    let bound = wrap_binding(id_, 2, danas);
    assert!(dana.secret().group_open(&wrap.wrapped, &bound).is_ok());
    assert!(omar.secret().group_open(&wrap.wrapped, &bound).is_err());
    let epoch: GroupEpoch = gateway.store().get(&GROUP_EPOCHS, &(id_, 2)).unwrap().unwrap();
    let (earlier, bound) = (epoch.sealed_earlier.unwrap(), chain_binding(id_, 2));
    assert!(next.open_earlier(&bound, &earlier).is_ok());
    assert!(kept.open_earlier(&bound, &earlier).is_err(), "the chain leads back, never on");
}

#[test]
fn a_new_member_reads_what_was_before_as_the_group_says() {
    for shares in [true, false] {
        let gateway = gateway_of(&["noa"]);
        let dana = sign_in(&gateway, "dana");
        let new = NewGroup { shares_earlier: shares, ..new_group() };
        let group = gateway.group_create(&dana, new).unwrap().view.id.to_text();
        add(&gateway, &dana, &group, "omar");
        let omars = id(&gateway, "omar").to_text();
        gateway.group_member_remove(&dana, &group, &omars).unwrap();
        add(&gateway, &dana, &group, "noa");
        let noa = sign_in(&gateway, "noa");
        assert_eq!(seen(&gateway, &noa, &group), held(NAME));
        let in_use = row(&gateway, group_id(&group)).epoch;
        assert_eq!(in_use, if shares { 2 } else { 4 });
        for epoch in 1..in_use {
            let keys = gateway.group_keys(&noa, group_id(&group), epoch).unwrap();
            assert_eq!(matches!(keys, Keys::Held(_)), shares, "{epoch} of {in_use}");
        }
        let keys = gateway.group_keys(&dana, group_id(&group), 1).unwrap();
        assert!(matches!(keys, Keys::Held(_)), "who was there reads all of it");
    }
}

/// A manager of the site, who holds no key, removes a member; an account is disabled: the epoch is due,
/// and nothing is sealed under it before a member begins another.
#[test]
fn a_removal_by_somebody_without_the_key_makes_another_due() {
    let gateway = gateway_of(&["noa"]);
    let dana = sign_in(&gateway, "dana");
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    gateway.account_manager("noa", true).unwrap();
    let noa = sign_in(&gateway, "noa");
    let detail = gateway.group(&noa, &group).unwrap();
    assert_eq!((detail.view.standing, detail.view.about.clone()), (Standing::Outside, None));
    assert_eq!(detail.members.len(), 2, "a manager of the site sees who is in it");
    // And adds nobody, above all not oneself.
    let refused = gateway.group_member_add(&noa, &group, "noa@example.org");
    assert!(matches!(refused, Err(Error::Denied { .. })));
    let edit = GroupEdit { shares_earlier: Some(false), ..GroupEdit::default() };
    let refused = gateway.group_change(&noa, &group, detail.view.version, edit);
    assert!(matches!(refused, Err(Error::Denied { .. })));
    gateway.group_member_remove(&noa, &group, &id(&gateway, "omar").to_text()).unwrap();
    assert!(row(&gateway, group_id(&group)).due);
    gateway.groups_tend(&noa).unwrap();
    assert!(row(&gateway, group_id(&group)).due, "only a member begins it");
    gateway.groups_tend(&dana).unwrap();
    assert_eq!(row(&gateway, group_id(&group)).epoch, 2);
    // An account that may no longer sign in.
    add(&gateway, &dana, &group, "omar");
    gateway.account_disable("omar").unwrap();
    assert!(row(&gateway, group_id(&group)).due);
    let edit = GroupEdit {
        about: Some(About { name: "Another".to_owned(), description: String::new() }),
        ..GroupEdit::default()
    };
    let version = row(&gateway, group_id(&group)).version;
    let changed = gateway.group_change(&dana, &group, version, edit).unwrap();
    assert_eq!(changed.view.about.unwrap().name, "Another");
    let after = row(&gateway, group_id(&group));
    assert_eq!((after.epoch, after.about_under.epoch, after.due), (3, 3, false));
    assert!(!epochs_of(&gateway, &group, id(&gateway, "omar")).contains(&3));
    // Back again, it waits for a member.
    gateway.account_enable("omar").unwrap();
    let omar = sign_in(&gateway, "omar");
    assert_eq!(seen(&gateway, &omar, &group).1, Some(KeysState::Waiting));
    gateway.groups_tend(&omar).unwrap();
    gateway.groups_tend(&dana).unwrap();
    assert_eq!(seen(&gateway, &omar, &group), held("Another"));
}

/// Keys of an account that were renewed open what was wrapped before; with them, another epoch begins,
/// so that what opened the account before opens nothing more.
#[test]
fn renewed_keys_of_a_member_begin_another_epoch() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    let opened = gateway.session_open(log_in("omar", PASSWORD)).unwrap();
    let stale = gateway.session_actor(&opened.token, "thumb").unwrap();
    let kept = gateway.session_kept(&stale, &opened.token).unwrap();
    let (old, new) = (password(PASSWORD), password("battery staple"));
    let change = PasswordChange { old, new, others: Others::End };
    gateway.password_change(&stale, kept, &change).unwrap();
    assert!(row(&gateway, group_id(&group)).due, "nobody seals on under what the old keys open");
    let omar = gateway.session_actor(&opened.token, "thumb").unwrap();
    assert_eq!(seen(&gateway, &omar, &group), held(NAME), "what was wrapped before still opens");
    assert_eq!(gateway.groups_tend(&omar).unwrap().begun, 1);
    assert_eq!(row(&gateway, group_id(&group)).epoch, 2);
    assert!(matches!(gateway.group_keys(&stale, group_id(&group), 2).unwrap(), Keys::Differ));
    for actor in [&omar, &dana] {
        assert_eq!(seen(&gateway, actor, &group), held(NAME));
    }
    assert_eq!(gateway.groups_tend(&omar).unwrap().begun, 0, "once");
}

/// Puts a row where a lying server would.
pub fn put<K, V>(gateway: &Gateway, table: &'static crate::store::Table<K, V>, key: K, value: V)
where
    K: crate::store::Key + Clone + Send + 'static,
    V: crate::store::Record + Clone + Send + 'static,
{
    let done = gateway.store().transact(move |tx| tx.put(table, &key, &value.clone()));
    done.wait().unwrap();
}

fn drop_wrap(gateway: &Gateway, key: (GroupId, AccountId, u32)) {
    let done = gateway.transact(move |tx| {
        tx.delete(&GROUP_WRAPS, &key);
        Ok(())
    });
    done.wait().unwrap();
}

/// A server that lies puts another public half in the place of the one in use, hands out another key
/// with it, or begins an epoch itself: a member who holds the keys notices each, and seals nothing.
#[test]
fn a_member_notices_keys_that_were_put_in_place() {
    let gateway = gateway_of(&["noa"]);
    let dana = sign_in(&gateway, "dana");
    let group = created(&gateway, &dana);
    let id_ = group_id(&group);
    let danas = id(&gateway, "dana");
    let own: GroupEpoch = gateway.store().get(&GROUP_EPOCHS, &(id_, 1)).unwrap().unwrap();
    let (secret, public) = vault::group_epoch();
    // The public half alone.
    put(&gateway, &GROUP_EPOCHS, (id_, 1), GroupEpoch { public: public.clone(), ..own.clone() });
    assert_eq!(seen(&gateway, &dana, &group).1, Some(KeysState::Differ));
    let refused = gateway.group_change(
        &dana,
        &group,
        row(&gateway, id_).version,
        GroupEdit {
            about: Some(About { name: "x".to_owned(), ..About::default() }),
            ..GroupEdit::default()
        },
    );
    assert!(matches!(refused, Err(Error::KeysDiffer)));
    gateway.groups_tend(&dana).unwrap();
    assert_eq!(row(&gateway, id_).epoch, 1, "nothing is built on it");
    put(&gateway, &GROUP_EPOCHS, (id_, 1), own);
    assert_eq!(seen(&gateway, &dana, &group), held(NAME));
    // An epoch of its own, the next or a later one, with a key wrapped as a member would, with no proof
    // or with one by keys of its own.
    let keys = gateway.store().get(&ACCOUNT_KEYS, &danas).unwrap().unwrap().public_key();
    for number in [2, 3, 70] {
        let wrapped = secret.wrap_for(&keys, &wrap_binding(id_, number, danas)).unwrap();
        put(&gateway, &GROUP_WRAPS, (id_, danas, number), GroupWrap { wrapped, number: 0 });
        let proof = secret.prove_next(&chain_binding(id_, number), &public).unwrap();
        let earlier = secret.seal_earlier(&chain_binding(id_, number), &vault::group_epoch().0);
        for (proof, sealed_earlier) in
            [(None, None), (Some(proof.clone()), None), (Some(proof), Some(earlier.unwrap()))]
        {
            let epoch = GroupEpoch {
                public: public.clone(),
                began: gateway.clock().now(),
                sealed_earlier,
                proof,
            };
            put(&gateway, &GROUP_EPOCHS, (id_, number), epoch);
            put(&gateway, &GROUPS, id_, Group { epoch: number, ..row(&gateway, id_) });
            let state = seen(&gateway, &dana, &group).1.unwrap();
            assert!(
                matches!(state, KeysState::Differ | KeysState::Unproven),
                "{number}: {state:?}"
            );
            assert!(gateway.group_sealing(&dana, id_).is_err(), "{number}");
            gateway.groups_tend(&dana).unwrap();
            assert_eq!(row(&gateway, id_).epoch, number, "nothing is built on it");
        }
        put(&gateway, &GROUPS, id_, Group { epoch: 1, ..row(&gateway, id_) });
        drop_wrap(&gateway, (id_, danas, number));
    }
    assert_eq!(seen(&gateway, &dana, &group), held(NAME));
    // Back to an epoch that some who left have kept.
    add(&gateway, &dana, &group, "noa");
    gateway.group_member_remove(&dana, &group, &id(&gateway, "noa").to_text()).unwrap();
    gateway.groups_tend(&dana).unwrap();
    assert_eq!(row(&gateway, id_).epoch, 2);
    put(&gateway, &GROUPS, id_, Group { epoch: 1, ..row(&gateway, id_) });
    assert_eq!(seen(&gateway, &dana, &group).1, Some(KeysState::Differ));
    put(&gateway, &GROUPS, id_, Group { epoch: 2, ..row(&gateway, id_) });
    // A wrap that was changed, or taken from another member.
    add(&gateway, &dana, &group, "omar");
    let omars = id(&gateway, "omar");
    let other = gateway.store().get(&GROUP_WRAPS, &(id_, omars, 2)).unwrap().unwrap();
    put(&gateway, &GROUP_WRAPS, (id_, danas, 2), other);
    assert_eq!(seen(&gateway, &dana, &group).1, Some(KeysState::Differ));
}

/// With the disk and the daemon key, every record opens, and nothing in them says what a group is
/// called, opens its keys, or opens what its members sealed.
#[test]
fn the_daemon_key_opens_nothing_of_a_group() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let listed = NewGroup { listed: true, ..new_group() };
    for new in [new_group(), listed] {
        let group = gateway.group_create(&dana, new).unwrap().view.id.to_text();
        add(&gateway, &dana, &group, "omar");
        let omars = id(&gateway, "omar").to_text();
        gateway.group_member_remove(&dana, &group, &omars).unwrap();
    }
    let Keys::Held(secret) = gateway.group_keys(&dana, GroupId::EVERYBODY, 1).unwrap() else {
        panic!("no key");
    };
    assert!(secret.seal(b"bound", b"text").is_ok());
    drop((dana, secret));
    let mut opened = Vec::new();
    let span = Span::prefix(&[], Order::Ascending);
    let vault = gateway.inner.vault.clone();
    let mut records = 0;
    let mut visit = |raw: &[u8], sealed: &[u8]| {
        if let Ok((_, plain)) = vault.record_open(raw[0], raw, sealed) {
            opened.extend_from_slice(raw);
            opened.extend_from_slice(&plain);
            records += 1;
        }
        ControlFlow::Continue(())
    };
    gateway.store().engine().scan(&span, &mut visit).unwrap();
    assert!(records > 30, "{records}");
    for word in [NAME, DESCRIPTION] {
        let found = opened.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!found, "{word}");
    }
}

/// A listed group is seen by everybody inside with its name, and nobody else sees who is in it.
#[test]
fn a_listed_group_shows_its_name_and_not_its_members() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let new = NewGroup { listed: true, ..new_group() };
    let group = gateway.group_create(&dana, new).unwrap().view.id.to_text();
    // Omar holds no key of everybody inside before somebody who does makes a request.
    gateway.groups_tend(&omar).unwrap();
    assert_eq!(seen(&gateway, &omar, &group), (None, None));
    gateway.groups_tend(&dana).unwrap();
    let detail = gateway.group(&omar, &group).unwrap();
    assert_eq!(detail.view.about.unwrap().name, NAME);
    assert_eq!((detail.view.standing, detail.members.len()), (Standing::Outside, 0));
    assert!(detail.changes.is_empty());
    assert_eq!(gateway.group_list(&omar).unwrap().items.len(), 1);
    let edit = GroupEdit { listed: Some(false), ..GroupEdit::default() };
    let version = row(&gateway, group_id(&group)).version;
    gateway.group_change(&dana, &group, version, edit).unwrap();
    assert!(matches!(gateway.group(&omar, &group), Err(Error::NotFound { .. })));
    assert!(gateway.group_list(&omar).unwrap().items.is_empty());
    assert_eq!(seen(&gateway, &dana, &group), held(NAME), "sealed for its members alone");
    assert_eq!(row(&gateway, group_id(&group)).about_under.group, group_id(&group));
}

#[test]
fn what_a_member_may_not_do_is_refused() {
    let gateway = gateway_of(&["noa"]);
    let (dana, omar, noa) =
        (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"), sign_in(&gateway, "noa"));
    let group = created(&gateway, &dana);
    let danas = id(&gateway, "dana").to_text();
    add(&gateway, &dana, &group, "omar");
    let version = row(&gateway, group_id(&group)).version;
    let edit = GroupEdit { writers: Some(GroupWriters::Inside), ..GroupEdit::default() };
    for (actor, is_member) in [(&omar, true), (&noa, false)] {
        let is_refused = |error: Error| match is_member {
            true => matches!(error, Error::Denied { .. }),
            false => matches!(error, Error::NotFound { .. }),
        };
        assert!(is_refused(gateway.group_member_add(actor, &group, "noa").unwrap_err()));
        assert!(is_refused(gateway.group_member_remove(actor, &group, &danas).unwrap_err()));
        assert!(is_refused(gateway.group_member_change(actor, &group, &danas, false).unwrap_err()));
        assert!(is_refused(
            gateway.group_change(actor, &group, version, edit.clone()).unwrap_err()
        ));
        assert!(is_refused(gateway.group_delete(actor, &group).unwrap_err()));
    }
    let last = gateway.group_member_remove(&dana, &group, &danas);
    assert!(matches!(last, Err(Error::Conflict(Conflict::LastGroupManager))));
    let stale = gateway.group_change(&dana, &group, version + 1, edit.clone());
    assert!(matches!(stale, Err(Error::Conflict(Conflict::GroupChanged))));
    let nobody = gateway.group_member_add(&dana, &group, "nobody@example.org");
    assert!(matches!(nobody, Err(Error::NotFound { what: "member" })));
    let twice = gateway.group_member_add(&dana, &group, "omar@example.org");
    assert!(matches!(twice, Err(Error::Conflict(Conflict::Exists))));
    // What changes whom its members get mail from, or what is taken for the organisation's word.
    for kind in [GroupKind::Open, GroupKind::Closed] {
        let new = NewGroup { kind, ..new_group() };
        assert!(matches!(gateway.group_create(&dana, new), Err(Error::Denied { .. })));
        let edit = GroupEdit { kind: Some(kind), ..GroupEdit::default() };
        let refused = gateway.group_change(&dana, &group, version, edit);
        assert!(matches!(refused, Err(Error::Denied { .. })));
    }
    for name in ["", "  ", "a\nb", &"x".repeat(101)] {
        let about = About { name: name.to_owned(), description: String::new() };
        let new = NewGroup { about, ..new_group() };
        assert!(matches!(gateway.group_create(&dana, new), Err(Error::Invalid { .. })), "{name:?}");
    }
    let everybody = GroupId::EVERYBODY.to_text();
    assert!(matches!(gateway.group(&dana, &everybody), Err(Error::NotFound { .. })));
}

/// No row of a group is left once it was deleted, or its last member left.
#[test]
fn a_group_that_is_deleted_leaves_nothing() {
    for leaves in [false, true] {
        let gateway = gateway_with(|settings| settings.group_addresses_by = GroupsBy::Everybody);
        let dana = sign_in(&gateway, "dana");
        let new = NewGroup { address: Some("sales@example.org".to_owned()), ..new_group() };
        let group = gateway.group_create(&dana, new).unwrap().view.id.to_text();
        add(&gateway, &dana, &group, "omar");
        if leaves {
            let omars = id(&gateway, "omar").to_text();
            gateway.group_member_remove(&dana, &group, &omars).unwrap();
            let danas = id(&gateway, "dana").to_text();
            gateway.group_member_remove(&dana, &group, &danas).unwrap();
        } else {
            gateway.group_delete(&dana, &group).unwrap();
        }
        let id_ = group_id(&group);
        let store = gateway.store();
        assert!(store.get(&GROUPS, &id_).unwrap().is_none());
        let mut left = 0;
        let mut count = || {
            left += 1;
            ControlFlow::Continue(())
        };
        store.scan_keys(&GROUP_MEMBERS, &id_, |_| count()).unwrap();
        store.scan_keys(&GROUP_WRAPS, &id_, |_| count()).unwrap();
        store.scan_keys(&GROUP_EPOCHS, &id_, |_| count()).unwrap();
        store.scan_keys(&GROUP_WAITING, &id_, |_| count()).unwrap();
        store.scan_keys(&GROUPS_OF, &(), |_| count()).unwrap();
        store.scan_keys(&GROUP_ADDRESSES, &(), |_| count()).unwrap();
        assert_eq!(left, 0);
    }
}

/// Membership changes at random, and each request may be the last one before the process is killed: what
/// is on the disk then is what the transactions before it wrote. Wherever that is, one request of one
/// member who holds the keys, and one more of each other, make everything whole.
#[test]
fn wherever_a_change_of_members_stops_the_group_heals() {
    const NAMES: [&str; 5] = ["dana", "omar", "noa", "avi", "tal"];
    for round in 0..6 {
        let gateway = gateway_of(&NAMES[2..]);
        let actors: Vec<Actor> = NAMES.iter().map(|name| sign_in(&gateway, name)).collect();
        let ids: Vec<AccountId> = NAMES.iter().map(|name| id(&gateway, name)).collect();
        let new = NewGroup { shares_earlier: round % 2 == 0, ..new_group() };
        let group = gateway.group_create(&actors[0], new).unwrap().view.id.to_text();
        let mut members = BTreeSet::from([0]);
        // The epoch that was in use when somebody left.
        let mut known = BTreeMap::new();
        for step in random_bytes::<24>().unwrap() {
            let (what, who) = (step % 5, usize::from(step / 5) % NAMES.len());
            let in_use = row(&gateway, group_id(&group)).epoch;
            let was_in = members.contains(&who);
            match what {
                0 | 1 if who != 0 && !members.contains(&who) => {
                    add(&gateway, &actors[0], &group, NAMES[who]);
                    members.insert(who);
                }
                2 if who != 0 && members.remove(&who) => {
                    gateway.group_member_remove(&actors[0], &group, &ids[who].to_text()).unwrap();
                }
                3 if who != 0 && members.remove(&who) => {
                    gateway.group_member_remove(&actors[who], &group, &ids[who].to_text()).unwrap();
                }
                4 => drop(gateway.groups_tend(&actors[who]).unwrap()),
                _ => {}
            }
            match (was_in, members.contains(&who)) {
                (true, false) => drop(known.insert(ids[who], in_use)),
                (false, true) => drop(known.remove(&ids[who])),
                _ => {}
            }
            never_too_much(&gateway, &group, &known);
        }
        // The kill is here.
        gateway.groups_tend(&actors[0]).unwrap();
        for who in &members {
            gateway.groups_tend(&actors[*who]).unwrap();
        }
        gateway.groups_tend(&actors[0]).unwrap();
        assert!(!row(&gateway, group_id(&group)).due);
        for (who, actor) in actors.iter().enumerate() {
            match members.contains(&who) {
                true => assert_eq!(seen(&gateway, actor, &group), held(NAME), "{who}"),
                false => assert!(gateway.group(actor, &group).is_err(), "{who}"),
            }
        }
    }
}

/// Nobody who left has a key, and an epoch that somebody took along is not sealed under.
fn never_too_much(gateway: &Gateway, group: &str, known: &BTreeMap<AccountId, u32>) {
    let row = row(gateway, group_id(group));
    for (account, epoch) in known {
        assert_eq!(epochs_of(gateway, group, *account), [0; 0]);
        assert!(row.due || row.epoch > *epoch, "{} is still in use", row.epoch);
    }
}

/// What a feature seals for a group names its epoch, and a member opens it after the next one began.
/// Somebody who is no member wraps a content key for the group, and opens none.
#[test]
fn what_is_sealed_for_a_group_is_opened_by_its_members() {
    let gateway = gateway_of(&["noa"]);
    let (dana, noa) = (sign_in(&gateway, "dana"), sign_in(&gateway, "noa"));
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    let id_ = group_id(&group);
    let (under, secret) = gateway.group_sealing(&dana, id_).unwrap();
    let sealed = secret.seal(b"a post", b"Text").unwrap();
    let key = ContentKey::generate().unwrap();
    let (to, public) = gateway.group_public(id_).unwrap();
    let wrapped = vault::group_wrap_content(&public, b"a content", &key).unwrap();
    gateway.account_disable("omar").unwrap();
    assert!(matches!(gateway.group_public(id_), Err(Error::Conflict(Conflict::GroupKeysWait))));
    let stale = gateway.transact(move |tx| still_sealed_in_tx(tx, under)).wait();
    assert!(matches!(stale, Err(Error::Conflict(Conflict::GroupKeysWait))));
    let (next, _) = gateway.group_sealing(&dana, id_).unwrap();
    assert_eq!(next.epoch, under.epoch + 1);
    assert!(gateway.transact(move |tx| still_sealed_in_tx(tx, next)).wait().is_ok());
    let opened = gateway.group_opening(&dana, under).unwrap();
    assert_eq!(**opened.open(b"a post", &sealed).unwrap(), *b"Text");
    let opened = gateway.group_opening(&dana, to).unwrap();
    assert!(opened.unwrap_content(b"a content", &wrapped).is_ok());
    assert!(matches!(gateway.group_opening(&noa, under), Err(Error::NotFound { .. })));
    assert!(matches!(gateway.group_sealing(&noa, id_), Err(Error::NotFound { .. })));
    let facts = gateway.reader_facts(&dana).unwrap();
    let audience = Audience::Named { accounts: Vec::new(), groups: vec![id_] };
    assert!(audience.may_read(&facts));
    assert!(!audience.may_read(&gateway.reader_facts(&noa).unwrap()));
}
