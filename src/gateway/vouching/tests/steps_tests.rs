//! What follows for the rows of a group is done in steps, and a kill may come between any two of them.

use super::many_tests::{Person, attested};
use super::*;
use crate::gateway::groups::about::About;
use crate::gateway::groups::group::NewGroup;
use crate::gateway::records::group::GroupWrap;
use crate::gateway::records::ids::GroupId;
use crate::gateway::records::tables::{
    GROUP_JOINING, GROUP_MEMBERS, GROUP_TERMS, GROUP_WRAPS, GROUPS, VOUCHED_MEMBERS,
};
use crate::gateway::text::parse_hex;
use crate::terms::{GroupKind, GroupWriters, GroupsBy};

fn office() -> Office {
    Office::open_with(|settings| settings.group_kinds_by = GroupsBy::Everybody)
}

fn closed() -> NewGroup {
    NewGroup {
        about: About { name: "Investigation".to_owned(), ..About::default() },
        kind: GroupKind::Closed,
        listed: false,
        shares_earlier: true,
        writers: GroupWriters::Members,
        address: None,
        hides_members: false,
    }
}

impl Office {
    fn reaches(&self, from: AccountId, to: AccountId) -> bool {
        let asker = self.gateway.asker(from).unwrap();
        self.gateway.reaches(&asker, to).unwrap()
    }

    fn wraps(&self, group: GroupId, account: AccountId) -> u64 {
        self.store().count(&GROUP_WRAPS, &(group, account)).unwrap()
    }
}

/// Forty-five people join after an agreement, in transactions of twenty. Before each of them the group is
/// closed to everybody outside, also to those who have not joined, and a kill there leaves the rest to the
/// next request of any member.
#[test]
fn those_whom_a_voucher_attests_join_in_steps_and_the_group_stays_closed() {
    for is_killed in [false, true] {
        let office = office();
        let (gateway, dana, omar, noa) = (&office.gateway, &office.dana, &office.omar, &office.noa);
        let text = gateway.group_create(dana, closed()).unwrap().view.id.to_text();
        let group = GroupId(parse_hex(&text).unwrap());
        gateway.group_member_add(dana, &text, "omar@example.org").unwrap();
        gateway.group_voucher_ask(dana, &text, &office.id(omar)).unwrap();
        let people: Vec<Person> = (0..45).map(Person::new).collect();
        let given = attested(gateway, &Person::of(gateway, omar), &people);
        gateway.group_voucher_agreed(omar.account(), group, given).unwrap();
        let mut seen = Vec::new();
        loop {
            let members = gateway.group_members(group).unwrap();
            seen.push(members.len());
            let outside = people.iter().map(|one| one.account).chain([noa.account()]);
            for outside in outside.filter(|one| !members.contains(one)) {
                assert!(!gateway.group_has(group, outside).unwrap());
                assert!(members.iter().all(|member| !office.reaches(outside, *member)));
            }
            if is_killed && seen.len() == 2 {
                gateway.groups_tend(dana).unwrap();
                assert_eq!(gateway.group_members(group).unwrap().len(), 47);
                break;
            }
            if !gateway.group_step(group).unwrap() {
                assert_eq!(seen, [2, 22, 42, 47]);
                break;
            }
        }
        assert_eq!(office.store().count(&GROUP_JOINING, &group).unwrap(), 0);
        let terms = office.store().get(&GROUP_TERMS, &group).unwrap().unwrap();
        assert_eq!(terms.lapses, None, "nobody has to look again");
    }
}

/// Who was attested when the voucher agreed, and no longer when it is time to join, does not join.
#[test]
fn nobody_joins_who_is_attested_no_longer() {
    let office = office();
    let (gateway, dana, omar) = (&office.gateway, &office.dana, &office.omar);
    let text = gateway.group_create(dana, closed()).unwrap().view.id.to_text();
    let group = GroupId(parse_hex(&text).unwrap());
    gateway.group_member_add(dana, &text, "omar@example.org").unwrap();
    gateway.group_voucher_ask(dana, &text, &office.id(omar)).unwrap();
    let people: Vec<Person> = (0..3).map(Person::new).collect();
    let given = attested(gateway, &Person::of(gateway, omar), &people);
    gateway.group_voucher_agreed(omar.account(), group, given).unwrap();
    let gone = (people[1].account, omar.account());
    office.lie(move |tx| {
        tx.delete(&ATTESTATIONS, &gone);
        Ok(())
    });
    gateway.groups_tend(omar).unwrap();
    let members = gateway.group_members(group).unwrap();
    let there = |one: &Person| members.contains(&one.account);
    assert_eq!(people.iter().map(there).collect::<Vec<_>>(), [true, false, true]);
    assert!(!office.store().has(&GROUP_MEMBERS, &(group, people[1].account)).unwrap());
}

/// The process is killed between the transaction that revokes and the steps that clear away: the rows count
/// for nothing, nothing more is sealed under the key that was known, and the next request of any member
/// goes on. Somebody with many keys loses them in several transactions.
#[test]
fn a_kill_after_a_revocation_leaves_rows_that_count_for_nothing() {
    let office = office();
    let (gateway, dana, omar, noa) = (&office.gateway, &office.dana, &office.omar, &office.noa);
    office.vouch(omar, dana);
    office.vouch(omar, noa);
    let text = gateway.group_create_vouched(omar, closed()).unwrap().view.id.to_text();
    let group = GroupId(parse_hex(&text).unwrap());
    gateway.groups_tend(dana).unwrap();
    assert!(office.reaches(noa.account(), dana.account()));
    let before = office.store().get(&GROUPS, &group).unwrap().unwrap();
    let who = noa.account();
    office.lie(move |tx| {
        let wrap = GroupWrap { wrapped: vec![1], number: 0 };
        (1_000..2_200).try_for_each(|epoch| tx.put(&GROUP_WRAPS, &(group, who, epoch), &wrap))
    });
    let held = office.wraps(group, who);
    gateway.attestation_revoke(omar, who).unwrap();
    // The kill is here.
    let is_there = || {
        office.store().has(&GROUP_MEMBERS, &(group, who)).unwrap()
            || office.store().has(&VOUCHED_MEMBERS, &(who, group)).unwrap()
    };
    assert!(is_there() && office.wraps(group, who) == held);
    assert!(!gateway.group_has(group, who).unwrap());
    assert!(!gateway.group_members(group).unwrap().contains(&who));
    for member in [dana, omar] {
        assert!(!office.reaches(who, member.account()));
    }
    assert!(matches!(gateway.group(noa, &text), Err(Error::NotFound { .. })));
    let row = office.store().get(&GROUPS, &group).unwrap().unwrap();
    assert!(row.due && row.version != before.version, "what was sealed before is not stored now");
    assert!(gateway.group_step(group).unwrap());
    assert_eq!(office.wraps(group, who), held - 500, "one step, of a bounded length");
    assert!(is_there() && !gateway.group_has(group, who).unwrap());
    gateway.groups_tend(dana).unwrap();
    assert!(!is_there());
    assert_eq!(office.wraps(group, who), 0);
    let after = office.store().get(&GROUPS, &group).unwrap().unwrap();
    assert!(!after.due && after.epoch > before.epoch);
}

/// A voucher of more groups than one transaction lets somebody join.
#[test]
fn an_attestation_counts_in_each_of_many_groups() {
    let office = office();
    let (gateway, omar, noa) = (&office.gateway, &office.omar, &office.noa);
    let plain = || NewGroup { kind: GroupKind::Plain, ..closed() };
    let created = |_| gateway.group_create_vouched(omar, plain()).unwrap().view.id;
    let groups: Vec<GroupId> = (0..23).map(created).collect();
    office.vouch(omar, noa);
    let is_in = || {
        let found = groups.iter().filter(|one| gateway.group_has(**one, noa.account()).unwrap());
        found.count()
    };
    assert_eq!(is_in(), 23);
    // Attested anew, she stays a member.
    let new = office.what(omar, noa);
    gateway.vouch_attest(omar, &new).unwrap();
    assert_eq!(is_in(), 23);
    gateway.attestation_revoke(omar, noa.account()).unwrap();
    assert_eq!(is_in(), 0);
    gateway.groups_tend(omar).unwrap();
    let rows = groups.iter().map(|one| office.store().count(&GROUP_MEMBERS, one).unwrap());
    assert_eq!(rows.sum::<u64>(), 23, "omar alone is left in each");
}
