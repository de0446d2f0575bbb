//! Closed groups: what those outside one see of vouching by its members, and of them.

use super::*;
use crate::gateway::groups::about::About;
use crate::gateway::groups::group::NewGroup;
use crate::terms::{ClosedMembers, GroupKind, GroupWriters, GroupsBy};

/// An office in which Omar vouched for Dana, and then came into a closed group in which he is alone.
fn office(closed_members: ClosedMembers) -> Office {
    let office = Office::open_with(|settings| {
        settings.group_kinds_by = GroupsBy::Everybody;
        settings.closed_members = closed_members;
    });
    office.vouch(&office.omar, &office.dana);
    office.vouch(&office.dana, &office.omar);
    office.close();
    office
}

impl Office {
    fn close(&self) {
        let closed = NewGroup {
            about: About { name: "Investigation".to_owned(), ..About::default() },
            kind: GroupKind::Closed,
            listed: false,
            shares_earlier: true,
            writers: GroupWriters::Members,
            address: None,
            hides_members: false,
        };
        self.gateway.group_create(&self.omar, closed).unwrap();
    }
}

#[test]
fn who_is_outside_a_closed_group_sees_neither_its_members_nor_whom_they_vouch_for() {
    for hidden in [ClosedMembers::Address, ClosedMembers::Hidden] {
        let office = office(hidden);
        let (gateway, noa) = (&office.gateway, &office.noa);
        let message = office.send(&office.dana, "noa@example.org", None);
        let path = office.id(&office.omar);
        assert!(matches!(gateway.colleague(noa, &path), Err(Error::NotFound { .. })));
        let accepted = gateway.colleague_key_accept(noa, &path, "1");
        assert!(matches!(accepted, Err(Error::NotFound { .. })));
        let found = gateway.colleague_find(noa, "omar", 10).unwrap();
        assert!(found.items.is_empty() && found.exact.is_none() && !found.more);
        let found = gateway.colleague_find(noa, "omar@example.org", 10).unwrap();
        assert!(found.items.is_empty() && found.exact.is_none());
        for called in ["omar", "omar@example.org"] {
            let asked = gateway.vouch_ask(noa, called);
            assert!(matches!(asked, Err(Error::NotFound { .. })), "{asked:?}");
        }
        let seen = gateway.colleague(noa, &office.id(&office.dana)).unwrap();
        assert!(seen.received.is_empty() && seen.problems.is_empty(), "{seen:?}");
        let signature = office.signature(noa, message).unwrap();
        assert_eq!((signature.state, signature.vouchers.len()), (SignatureState::Valid, 0));
        // Who is inside the group sees those outside.
        let seen = gateway.colleague(&office.omar, &office.id(&office.dana)).unwrap();
        assert_eq!(seen.received.len(), 1);
    }
}

#[test]
fn of_a_member_of_a_closed_group_one_sees_what_both_signed_and_no_name() {
    for hidden in [ClosedMembers::Address, ClosedMembers::Hidden] {
        let office = office(hidden);
        let overview = office.overview(&office.dana);
        assert!(overview.problems.is_empty(), "{:?}", overview.problems);
        for views in [&overview.received, &overview.given] {
            let person = &views[0].person;
            assert_eq!((person.name.as_deref(), &*person.address), (None, "omar@example.org"));
            assert_eq!(views[0].standing, Standing::InForce);
        }
        let id = office.id(&office.omar);
        assert!(office.gateway.colleague(&office.dana, &id).is_err());
        let again = NewAttestation {
            colleague: id.clone(),
            fingerprint: office.fingerprint(&office.omar, &office.omar),
            how: Acquaintance::Call,
            ends: None,
            note: None,
        };
        let again = office.gateway.vouch_attest(&office.dana, &again);
        assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
        office.gateway.vouch_revoke(&office.dana, &id).unwrap();
        assert!(office.overview(&office.dana).given.is_empty());
        let message = office.send(&office.omar, "noa@example.org", None);
        let signature = office.signature(&office.noa, message).unwrap();
        assert_eq!(signature.state, SignatureState::Valid);
        assert_eq!(signature.person.unwrap().name, None);
    }
}

/// Who is asked has to see who asks: requests go no way of which the answer cannot come back.
#[test]
fn a_member_of_a_closed_group_asks_nobody_outside_it() {
    let office = Office::open_with(|settings| settings.group_kinds_by = GroupsBy::Everybody);
    office.gateway.vouch_ask(&office.omar, "noa@example.org").unwrap();
    office.close();
    assert!(office.overview(&office.noa).requests.is_empty());
    assert_eq!(office.overview(&office.omar).requests.len(), 1);
    let asked = office.gateway.vouch_ask(&office.omar, "dana@example.org");
    assert!(matches!(asked, Err(Error::NotFound { .. })), "{asked:?}");
}
