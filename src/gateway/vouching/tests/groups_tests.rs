//! Groups whose members are computed from the attestations of one of them.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::clock::Timestamp;
use crate::gateway::accounts::directory::Sight;
use crate::gateway::groups::about::About;
use crate::gateway::groups::group::NewGroup;
use crate::gateway::groups::view::{GroupDetail, KeysState};
use crate::gateway::records::ids::GroupId;
use crate::gateway::records::tables::{
    GROUP_MEMBERS, GROUP_TERMS, GROUP_WRAPS, GROUPS, GROUPS_OF, VOUCHED_MEMBERS,
};
use crate::gateway::text::parse_hex;
use crate::terms::{GroupKind, GroupWriters, GroupsBy, MemberBy};

fn plain() -> NewGroup {
    NewGroup {
        about: About { name: "The vouched".to_owned(), ..About::default() },
        kind: GroupKind::Plain,
        listed: false,
        shares_earlier: true,
        writers: GroupWriters::Members,
        address: None,
        hides_members: false,
    }
}

impl Office {
    /// A group of those for whom omar vouches.
    fn computed(&self) -> String {
        self.gateway.group_create_vouched(&self.omar, plain()).unwrap().view.id.to_text()
    }

    fn vouch_until(&self, voucher: &Actor, subject: &Actor, ends: Option<Timestamp>) {
        let address = self.gateway.account(voucher.account()).unwrap().addresses[0].clone();
        self.gateway.vouch_ask(subject, &address).unwrap();
        let new = NewAttestation { ends, ..self.what(voucher, subject) };
        self.gateway.vouch_attest(voucher, &new).unwrap();
    }

    fn is_in(&self, group: &str, actor: &Actor) -> bool {
        match self.gateway.group(actor, group) {
            Ok(_) => true,
            Err(Error::NotFound { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether somebody is in a group, reads its name, and the epoch in use is not due, after one request
    /// of omar's.
    fn holds(&self, group: &str, actor: &Actor) -> bool {
        self.gateway.groups_tend(&self.omar).unwrap();
        self.gateway.groups_tend(actor).unwrap();
        self.gateway.groups_tend(&self.omar).unwrap();
        let row = self.store().get(&GROUPS, &group_id(group)).unwrap().unwrap();
        assert!(!row.due);
        let view = self.gateway.group(actor, group).map(|detail| detail.view);
        view.is_ok_and(|view| view.about.is_some() && view.keys == Some(KeysState::Held))
    }

    fn keys_of(&self, group: &str, actor: &Actor) -> u64 {
        let gone = self.store().count(&GROUP_WRAPS, &(group_id(group), actor.account()));
        gone.unwrap()
    }
}

fn group_id(text: &str) -> GroupId {
    GroupId(parse_hex(text).unwrap())
}

fn who(detail: &GroupDetail) -> Vec<(String, MemberBy)> {
    detail.members.iter().map(|one| (one.address.clone(), one.by)).collect()
}

/// Who is attested is a member at the next request, with the keys, and the list says why; who is attested
/// no longer is out, the keys go, and the next epoch begins.
#[test]
fn an_attestation_makes_a_member_until_it_is_revoked() {
    let office = Office::open();
    let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
    office.vouch(omar, dana);
    let group = office.computed();
    assert!(office.holds(&group, dana), "attested before the group began");
    assert!(!office.is_in(&group, &office.noa));
    office.vouch(omar, &office.noa);
    let seen = gateway.group(&office.noa, &group).unwrap();
    assert_eq!(seen.view.keys, Some(KeysState::Held), "in the request that attests");
    let by = [
        ("dana@example.org".to_owned(), MemberBy::Attested),
        ("noa@example.org".to_owned(), MemberBy::Attested),
        ("omar@example.org".to_owned(), MemberBy::Voucher),
    ];
    assert_eq!(who(&seen), by);
    assert_eq!(seen.voucher.unwrap().address, "omar@example.org");
    let before = office.store().get(&GROUPS, &group_id(&group)).unwrap().unwrap();
    gateway.vouch_revoke(omar, &office.id(dana)).unwrap();
    assert!(!office.is_in(&group, dana));
    assert_eq!(office.keys_of(&group, dana), 0);
    assert!(office.holds(&group, &office.noa));
    let after = office.store().get(&GROUPS, &group_id(&group)).unwrap().unwrap();
    assert!(after.epoch > before.epoch, "the key that dana had is in use no more");
    // Attested anew, she is there again; once more, nothing changes.
    office.vouch(omar, dana);
    assert!(office.holds(&group, dana));
    let before = office.store().get(&GROUPS, &group_id(&group)).unwrap().unwrap();
    gateway.vouch_attest(omar, &office.what(omar, dana)).unwrap();
    assert!(office.is_in(&group, dana));
    let after = office.store().get(&GROUPS, &group_id(&group)).unwrap().unwrap();
    assert_eq!(after, before);
}

/// An attestation that ends by itself, another key, another address and a removal each end a membership at
/// once, and nothing more is sealed under the key that was known.
#[test]
fn whatever_ends_an_attestation_ends_the_membership() {
    type End = fn(&Office);
    let ends: [(&str, End); 5] = [
        ("time", |office| office.gateway.clock().advance_secs(60)),
        ("key", |office| office.recover_noa()),
        ("address", |office| {
            let gateway = &office.gateway;
            let [old, new] = ["noa@example.org", "noa.levi@example.org"]
                .map(|one| crate::mail::address::Address::parse(one).unwrap());
            gateway.account_address_add("noa", &new).unwrap();
            let after = crate::gateway::removal::addresses::NameAfter::Held;
            gateway.account_address_remove("noa", &old, after).unwrap();
        }),
        ("taken back", |office| {
            let gateway = &office.gateway;
            let group = gateway.group_list(&office.omar).unwrap().items[0].id.to_text();
            gateway.group_voucher_end(&office.omar, &group).unwrap();
        }),
        ("lie", |office| {
            let key = (office.noa.account(), office.omar.account());
            office.lie(move |tx| {
                tx.delete(&ATTESTATIONS, &key);
                Ok(())
            });
        }),
    ];
    for (what, end) in ends {
        let office = Office::open();
        let (gateway, omar, noa) = (&office.gateway, &office.omar, &office.noa);
        let group = office.computed();
        office.vouch(omar, &office.dana);
        let until = gateway.clock().now().plus_secs(60);
        office.vouch_until(omar, noa, Some(until));
        assert!(office.holds(&group, noa), "{what}");
        let sealing = gateway.group_public(group_id(&group)).unwrap().0;
        end(&office);
        let now = gateway.clock().now();
        let in_force = crate::gateway::records::membership::is_member(
            office.store(),
            (group_id(&group), noa.account()),
            now,
        );
        assert!(!in_force.unwrap(), "{what}");
        let asker = gateway.asker(noa.account()).unwrap();
        assert!(!asker.groups.contains(&group_id(&group)), "{what}");
        if what == "lie" {
            continue;
        }
        // What was sealed before is not stored after it, though nobody looked at the group yet.
        let row = office.store().get(&GROUPS, &group_id(&group)).unwrap().unwrap();
        assert_eq!(row.due, what != "time", "{what}");
        // Nobody makes a lasting member of one who is none.
        let late = gateway.group_member_change(omar, &group, &office.id(noa), true);
        assert!(matches!(late, Err(Error::NotFound { .. })), "{what}");
        // Who is no member and seals for the group gets no key, until a member has begun the next.
        let public = gateway.group_public(group_id(&group));
        assert!(public.is_err(), "{what}");
        gateway.groups_tend(omar).unwrap();
        let after = gateway.group_public(group_id(&group)).unwrap().0;
        assert!(after.epoch > sealing.epoch, "{what}");
        assert_eq!(office.keys_of(&group, noa), 0, "{what}");
        let gone = !office.store().has(&GROUPS_OF, &(noa.account(), group_id(&group))).unwrap()
            && !office.store().has(&VOUCHED_MEMBERS, &(noa.account(), group_id(&group))).unwrap();
        assert!(gone, "{what}");
    }
}

/// Nobody's attestations make members before the voucher agreed; only a member is asked, and only the
/// one who was asked agrees. Who agrees removes nobody.
#[test]
fn a_voucher_has_to_agree() {
    let office = Office::open();
    let (gateway, omar, dana, noa) = (&office.gateway, &office.omar, &office.dana, &office.noa);
    office.vouch(omar, noa);
    let group = gateway.group_create(dana, plain()).unwrap().view.id.to_text();
    let omars = office.id(omar);
    let asked = gateway.group_voucher_ask(dana, &group, &omars);
    assert!(matches!(asked, Err(Error::NotFound { .. })), "no member");
    gateway.group_member_add(dana, &group, "omar@example.org").unwrap();
    assert!(matches!(gateway.group_vouch(omar, &group), Err(Error::Denied { .. })), "not asked");
    let by_omar = gateway.group_voucher_ask(omar, &group, &omars);
    assert!(matches!(by_omar, Err(Error::Denied { .. })), "no manager");
    let asked = gateway.group_voucher_ask(dana, &group, &omars).unwrap();
    assert_eq!(asked.voucher.unwrap().agreed, None);
    assert!(matches!(gateway.group_vouch(dana, &group), Err(Error::Denied { .. })));
    assert!(!office.is_in(&group, noa));
    gateway.group_vouch(omar, &group).unwrap();
    assert!(office.holds(&group, noa));
    // Nobody is added or removed by hand, but who was computed may leave.
    let removed = gateway.group_member_remove(dana, &group, &office.id(noa));
    assert!(matches!(removed, Err(Error::Denied { .. })));
    let added = gateway.group_member_add(dana, &group, "noa@example.org");
    assert!(matches!(added, Err(Error::Denied { .. })));
    gateway.group_member_remove(noa, &group, &office.id(noa)).unwrap();
    assert!(!office.is_in(&group, noa));
    // The voucher takes the agreement back by leaving; being added again is no agreement.
    gateway.vouch_attest(omar, &office.what(omar, noa)).unwrap();
    assert!(office.is_in(&group, noa));
    gateway.group_member_remove(omar, &group, &omars).unwrap();
    assert!(!office.is_in(&group, noa));
    gateway.group_member_add(dana, &group, "omar@example.org").unwrap();
    assert!(!office.is_in(&group, noa));
    let seen = gateway.group(dana, &group).unwrap();
    assert_eq!((seen.voucher, seen.members.len()), (None, 2));
    // Who would be out by an agreement has to be removed first.
    gateway.group_voucher_ask(dana, &group, &office.id(dana)).unwrap();
    assert!(matches!(gateway.group_vouch(dana, &group), Err(Error::Denied { .. })));
    let terms = office.store().get(&GROUP_TERMS, &group_id(&group)).unwrap().unwrap();
    assert_eq!(terms.voucher.unwrap().agreed, None, "what was refused left nothing");
}

/// Somebody who sees a listed group, and is not in it, learns nothing of its voucher, and a voucher who
/// agreed is not replaced by asking another.
#[test]
fn an_agreement_is_ended_by_managers_and_the_voucher_alone() {
    let office = Office::open();
    let (gateway, omar, dana, noa) = (&office.gateway, &office.omar, &office.dana, &office.noa);
    office.vouch(omar, noa);
    let group = gateway.group_create(dana, NewGroup { listed: true, ..plain() }).unwrap();
    let group = group.view.id.to_text();
    gateway.group_member_add(dana, &group, "omar@example.org").unwrap();
    let outside = |what| {
        let ended = gateway.group_voucher_end(noa, &group);
        assert!(matches!(ended, Err(Error::NotFound { .. })), "{what}");
        assert_eq!(gateway.group(noa, &group).unwrap().voucher, None, "{what}");
    };
    outside("nobody was asked");
    let ended = gateway.group_voucher_end(omar, &group);
    assert!(matches!(ended, Err(Error::Denied { .. })), "an ordinary member, and nobody was asked");
    gateway.group_voucher_ask(dana, &group, &office.id(omar)).unwrap();
    outside("one was asked");
    gateway.group_vouch(omar, &group).unwrap();
    assert!(office.is_in(&group, noa));
    let another = gateway.group_voucher_ask(dana, &group, &office.id(dana));
    assert!(matches!(another, Err(Error::Denied { .. })));
    assert!(office.is_in(&group, noa));
    gateway.group_voucher_end(dana, &group).unwrap();
    outside("taken back");
}

/// Where the record that names the voucher is damaged, members may nothing, a closed group protects them
/// still, and nothing is sealed for it, until a manager ends the agreement.
#[test]
fn a_closed_group_protects_where_nobody_can_tell_who_is_in_it() {
    let office = Office::open_with(|settings| settings.group_kinds_by = GroupsBy::Everybody);
    let (gateway, omar, dana, noa) = (&office.gateway, &office.omar, &office.dana, &office.noa);
    office.vouch(omar, noa);
    let closed = NewGroup { kind: GroupKind::Closed, ..plain() };
    let text = gateway.group_create_vouched(omar, closed).unwrap().view.id.to_text();
    let group = group_id(&text);
    let reached = || {
        let asker = gateway.asker(dana.account()).unwrap();
        gateway.reaches(&asker, noa.account()).unwrap()
    };
    assert!(!reached() && !gateway.is_hidden(noa.account()).unwrap());
    office.spoil(&GROUP_TERMS, group);
    assert!(!reached() && gateway.is_hidden(noa.account()).unwrap());
    assert!(!gateway.group_has(group, noa.account()).unwrap());
    assert!(gateway.group_public(group).is_err());
    gateway.group_voucher_end(omar, &text).unwrap();
    assert!(reached(), "she is in no closed group any more");
    assert_eq!(office.keys_of(&text, noa), 0);
    gateway.groups_tend(omar).unwrap();
    assert!(gateway.group_public(group).is_ok());
    assert!(gateway.is_hidden(omar.account()).unwrap(), "the strictest terms took their place");
}

/// A closed group of those who are attested: they are reached by each other, and by nobody else, as long
/// as the attestation is in force. Where members are hidden, nothing tells that they are there.
#[test]
fn a_closed_group_shuts_with_each_attestation() {
    let office = Office::open_with(|settings| settings.group_kinds_by = GroupsBy::Everybody);
    let (gateway, omar, dana, noa) = (&office.gateway, &office.omar, &office.dana, &office.noa);
    office.vouch(omar, noa);
    let closed = NewGroup { kind: GroupKind::Closed, hides_members: true, ..plain() };
    let group = gateway.group_create_vouched(omar, closed).unwrap().view.id.to_text();
    let reaches = |from: &Actor, to: &Actor| {
        let asker = gateway.asker(from.account()).unwrap();
        gateway.reaches(&asker, to.account()).unwrap()
    };
    let sees = |from: &Actor, to: &Actor| {
        let asker = gateway.asker(from.account()).unwrap();
        gateway.sight(&asker, to.account()).unwrap() == Sight::Whole
    };
    let shut = [(dana, omar), (dana, noa)];
    for (from, to) in shut {
        assert!(!reaches(from, to) && reaches(to, from));
        assert!(!sees(from, to));
        assert!(sees(to, from));
        assert!(gateway.is_hidden(to.account()).unwrap());
    }
    assert!(reaches(noa, omar) && reaches(omar, noa));
    assert!(sees(noa, omar));
    assert_eq!(gateway.colleagues(dana, "omar", 10).unwrap().items.len(), 0);
    assert_eq!(gateway.colleagues(noa, "omar", 10).unwrap().items.len(), 1);
    gateway.vouch_revoke(omar, &office.id(noa)).unwrap();
    assert!(!reaches(noa, omar) && reaches(omar, noa) && reaches(dana, noa));
    assert!(!sees(noa, omar));
    assert!(!gateway.is_hidden(noa.account()).unwrap());
    assert_eq!(gateway.colleagues(noa, "omar", 10).unwrap().items.len(), 0);
    assert!(gateway.group_has(group_id(&group), omar.account()).unwrap());
}

/// Members come and go at random by attestations, revocations, ends, leaving, agreeing and taking back;
/// after each transaction, who is a member is what the rule says in other words, for each question that
/// is asked about it. The process may be killed anywhere: one request of each member makes all whole.
#[test]
fn members_are_those_whom_the_voucher_attests_whatever_happens() {
    for _ in 0..4 {
        let office = Office::open();
        let (gateway, omar) = (&office.gateway, &office.omar);
        let group = office.computed();
        let more = ["gil", "ron", "tal"].map(|name| {
            create(gateway, name).unwrap();
            signed_in(gateway, name)
        });
        let others = [&office.dana, &office.noa, &more[0], &more[1], &more[2]];
        let (mut agreed, mut in_force) = (true, BTreeMap::<usize, Option<Timestamp>>::new());
        let mut members = BTreeSet::new();
        for step in vault::random_bytes::<60>().unwrap() {
            let (what, who) = (step % 6, usize::from(step / 6) % others.len());
            let now = gateway.clock().now();
            match what {
                0 | 1 => {
                    let ends = (step % 2 == 0).then(|| now.plus_secs(100));
                    let new = NewAttestation { ends, ..office.what(omar, others[who]) };
                    let address = "omar@example.org";
                    if !in_force.contains_key(&who) {
                        gateway.vouch_ask(others[who], address).unwrap();
                    }
                    gateway.vouch_attest(omar, &new).unwrap();
                    in_force.insert(who, ends);
                    members.extend(agreed.then_some(who));
                }
                2 if in_force.remove(&who).is_some() => {
                    match step < 128 {
                        true => gateway.vouch_revoke(omar, &office.id(others[who])).unwrap(),
                        false => gateway.attestation_revoke(omar, others[who].account()).unwrap(),
                    }
                    members.remove(&who);
                }
                3 => {
                    gateway.clock().advance_secs(40);
                    let now = gateway.clock().now();
                    in_force.retain(|_, ends| ends.is_none_or(|ends| ends > now));
                    members.retain(|who| in_force.contains_key(who));
                }
                4 if members.remove(&who) => {
                    let own = office.id(others[who]);
                    gateway.group_member_remove(others[who], &group, &own).unwrap();
                }
                5 if agreed => {
                    gateway.group_voucher_end(omar, &group).unwrap();
                    (agreed, members) = (false, BTreeSet::new());
                }
                5 => {
                    gateway.group_voucher_ask(omar, &group, &office.id(omar)).unwrap();
                    gateway.group_vouch(omar, &group).unwrap();
                    (agreed, members) = (true, in_force.keys().copied().collect());
                }
                _ => {}
            }
            for (who, actor) in others.iter().enumerate() {
                let expected = members.contains(&who);
                let id = group_id(&group);
                assert_eq!(gateway.group_has(id, actor.account()).unwrap(), expected);
                let listed = gateway.group_members(id).unwrap().contains(&actor.account());
                assert_eq!(listed, expected);
                let asker = gateway.asker(actor.account()).unwrap();
                assert_eq!(asker.groups.contains(&id), expected);
                assert_eq!(office.is_in(&group, actor), expected);
            }
        }
        // The kill is here.
        for (who, actor) in others.iter().enumerate() {
            assert_eq!(office.holds(&group, actor), members.contains(&who));
        }
        let rows = office.store().count(&GROUP_MEMBERS, &group_id(&group)).unwrap();
        assert_eq!(rows, members.len() as u64 + 1, "what counts no longer was cleared away");
    }
}
