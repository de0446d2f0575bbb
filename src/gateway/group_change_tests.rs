//! Groups when something happens meanwhile: accounts that are disabled, rights that end, keys that are
//! begun anew.

use super::group_tests::*;
use super::groups::about::About;
use super::groups::group::{GroupEdit, NewGroup};
use super::groups::rights::{By, manages_in_tx};
use super::groups::view::KeysState;
use super::records::group::{GroupEpoch, GroupMember};
use super::records::tables::{GROUP_EPOCHS, GROUP_MEMBERS};
use super::tests::*;
use super::*;
use crate::store::Read;
use crate::terms::{AcceptFrom, ClosedMembers, GroupAct, GroupKind, GroupWriters, GroupsBy};

/// An epoch that is prepared while a member is disabled is not begun: the member would hold it.
#[test]
fn an_epoch_that_was_prepared_for_somebody_disabled_is_dropped() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    gateway.groups_tend(&sign_in(&gateway, "omar")).unwrap();
    for id_ in [group_id(&group), GroupId::EVERYBODY] {
        gateway.account_enable("omar").unwrap();
        let before = row(&gateway, id_);
        let members = [id(&gateway, "dana"), id(&gateway, "omar")];
        let new = gateway.group_epoch_prepare(&dana, id_, &before, &members, 50).unwrap();
        assert!(new.fits(&row(&gateway, id_)));
        gateway.account_disable("omar").unwrap();
        assert!(!new.fits(&row(&gateway, id_)) && row(&gateway, id_).due);
        gateway.groups_tend(&dana).unwrap();
    }
    // And nobody who is disabled between the question and the transaction is added.
    let refused = gateway.group_member_add(&dana, &group, "omar@example.org");
    assert!(refused.is_err());
}

/// A member whose account is disabled for a while comes back to the same keys, and what the others did
/// meanwhile is theirs.
#[test]
fn an_account_that_is_disabled_for_a_while_loses_nothing() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    gateway.account_disable("omar").unwrap();
    gateway.groups_tend(&dana).unwrap();
    gateway.account_enable("omar").unwrap();
    gateway.account_disable("dana").unwrap();
    let omar = sign_in(&gateway, "omar");
    gateway.groups_tend(&omar).unwrap();
    assert_eq!(row(&gateway, group_id(&group)).epoch, 2, "dana holds it, and may come back");
    assert_eq!(seen(&gateway, &omar, &group).1, Some(KeysState::Waiting));
    gateway.account_enable("dana").unwrap();
    let dana = sign_in(&gateway, "dana");
    gateway.groups_tend(&dana).unwrap();
    for actor in [&dana, &omar] {
        assert_eq!(seen(&gateway, actor, &group), held(NAME));
    }
}

/// Keys that nobody holds any more are begun anew. Who knew those before is told that nothing proves the
/// new ones, and takes them by an act of its own.
#[test]
fn keys_that_are_begun_without_a_proof_are_taken_knowingly() {
    let gateway = gateway_of(&["noa"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    gateway.groups_tend(&omar).unwrap();
    let id_ = group_id(&group);
    // Dana begins the next epoch for herself alone, and is removed before omar got it.
    gateway.account_disable("omar").unwrap();
    gateway.groups_tend(&dana).unwrap();
    gateway.account_enable("omar").unwrap();
    gateway.account_manager("noa", true).unwrap();
    let noa = sign_in(&gateway, "noa");
    gateway.group_member_remove(&noa, &group, &id(&gateway, "dana").to_text()).unwrap();
    let omar = sign_in(&gateway, "omar");
    gateway.groups_tend(&omar).unwrap();
    assert_eq!(row(&gateway, id_).epoch, 3);
    // Omar began it, and so knows it.
    assert_eq!(seen(&gateway, &omar, &group).1, Some(KeysState::Held));
    // Another who knew the first epoch: as if omar had been one more member then.
    gateway.group_member_change(&noa, &group, &id(&gateway, "omar").to_text(), true).unwrap();
    let unproven = GroupEpoch {
        proof: None,
        ..gateway.store().get(&GROUP_EPOCHS, &(id_, 3)).unwrap().unwrap()
    };
    put(&gateway, &GROUP_EPOCHS, (id_, 3), unproven);
    let key = (id_, id(&gateway, "omar"));
    let member = gateway.store().get(&GROUP_MEMBERS, &key).unwrap().unwrap();
    put(&gateway, &GROUP_MEMBERS, key, GroupMember { sealed_seen: None, ..member });
    assert_eq!(seen(&gateway, &omar, &group).1, Some(KeysState::Unproven));
    assert!(gateway.group_sealing(&omar, id_).is_err());
    gateway.group_keys_accept(&omar, &group).unwrap();
    assert_eq!(seen(&gateway, &omar, &group).1, Some(KeysState::Held));
    assert!(gateway.group_sealing(&omar, id_).is_ok());
    assert!(matches!(gateway.group_keys_accept(&dana, &group), Err(Error::NotFound { .. })));
}

/// Whose right was taken away while a request was under way does nothing with it.
#[test]
fn a_right_is_asked_for_in_the_transaction_that_uses_it() {
    let gateway = gateway_of(&["noa"]);
    let dana = sign_in(&gateway, "dana");
    let group = created(&gateway, &dana);
    let (id_, danas) = (group_id(&group), id(&gateway, "dana"));
    let asked = |by: By| gateway.transact(move |tx| manages_in_tx(tx, id_, danas, by)).wait();
    assert!(asked(By::Members).is_ok() && asked(By::LastMember).is_ok());
    add(&gateway, &dana, &group, "omar");
    assert!(matches!(asked(By::LastMember), Err(Error::Conflict(Conflict::GroupChanged))));
    let omars = id(&gateway, "omar").to_text();
    gateway.group_member_change(&dana, &group, &omars, true).unwrap();
    gateway.group_member_change(&dana, &group, &danas.to_text(), false).unwrap();
    for by in [By::Members, By::MembersOrSite] {
        assert!(matches!(asked(by), Err(Error::Denied { .. })));
    }
    gateway.account_manager("dana", true).unwrap();
    assert!(asked(By::MembersOrSite).is_ok() && asked(By::Members).is_err());
    // The last manager who can sign in stays one.
    let dana = sign_in(&gateway, "dana");
    gateway.group_member_change(&dana, &group, &danas.to_text(), true).unwrap();
    gateway.account_disable("omar").unwrap();
    let last = gateway.group_member_change(&dana, &group, &danas.to_text(), false);
    assert!(matches!(last, Err(Error::Conflict(Conflict::LastGroupManager))));
}

/// What is changed about a group never pushes out of sight who came and went; what changes nothing is no
/// change; and what is not kept is counted.
#[test]
fn who_came_and_went_stays_in_sight() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    for number in 0..60 {
        let version = row(&gateway, group_id(&group)).version;
        let about = About { name: format!("Name {number}"), description: String::new() };
        let listed = Some(number % 2 == 0);
        let edit = GroupEdit { about: Some(about), listed, ..GroupEdit::default() };
        gateway.group_change(&dana, &group, version, edit).unwrap();
    }
    let version = row(&gateway, group_id(&group)).version;
    let nothing = gateway.group_change(&dana, &group, version, GroupEdit::default()).unwrap();
    assert_eq!(nothing.view.version, version, "nothing changed");
    let acts: Vec<GroupAct> = nothing.changes.iter().map(|one| one.act).collect();
    assert_eq!(acts[acts.len() - 2..], [GroupAct::Added, GroupAct::Created]);
    assert!(acts.len() <= 22 && nothing.dropped > 0, "{}", acts.len());
}

/// A member gets from a group what it takes by itself, from where it takes it; a group takes nobody's
/// sub-addresses; and adding people is no directory where there is none.
#[test]
fn a_group_opens_no_way_that_its_members_shut() {
    let gateway = gateway_with(|settings| settings.group_addresses_by = GroupsBy::Everybody);
    create(&gateway, "noa").unwrap();
    let (dana, noa) = (sign_in(&gateway, "dana"), sign_in(&gateway, "noa"));
    let everybody = NewGroup {
        writers: GroupWriters::Everybody,
        address: Some("sales@example.org".to_owned()),
        ..new_group()
    };
    let sub = NewGroup { address: Some("omar+bank@example.org".to_owned()), ..new_group() };
    assert!(matches!(gateway.group_create(&dana, sub), Err(Error::Invalid { .. })));
    let group = gateway.group_create(&dana, everybody).unwrap().view.id.to_text();
    add(&gateway, &dana, &group, "omar");
    gateway.account_accept_from("dana", AcceptFrom::Inside).unwrap();
    gateway.account_accept_from("omar", AcceptFrom::Outside).unwrap();
    deliver(&gateway, &["sales@example.org"], MESSAGE);
    let omar = sign_in(&gateway, "omar");
    assert_eq!((inbox(&gateway, &dana).len(), inbox(&gateway, &omar).len()), (0, 1));
    let content = super::sending_tests::content(&["sales@example.org"], "Text.");
    super::sending_tests::send(&gateway, &noa, &content);
    assert_eq!((inbox(&gateway, &dana).len(), inbox(&gateway, &omar).len()), (1, 1));
    gateway.account_accept_from("omar", AcceptFrom::Inside).unwrap();
    assert_eq!(refused(&gateway, "sales@example.org", Origin::Outside), Some(Reason::NotNow));
    gateway
        .site_set(|change| super::records::site::SiteChange { directory: Some(false), ..change })
        .unwrap();
    assert!(matches!(
        gateway.group_member_add(&dana, &group, "noa"),
        Err(Error::NotFound { what: "member" })
    ));
    let detail = add(&gateway, &dana, &group, "noa");
    assert!(detail.members.iter().all(|one| one.name == one.address), "no names either");
}

/// The name of an open group is the one that was allowed; and no name shows something else than it says.
#[test]
fn the_name_of_an_open_group_is_the_one_that_was_allowed() {
    let gateway = gateway_of(&["noa"]);
    gateway.account_manager("noa", true).unwrap();
    let (dana, noa) = (sign_in(&gateway, "dana"), sign_in(&gateway, "noa"));
    let group = created(&gateway, &dana);
    let open = GroupEdit { kind: Some(GroupKind::Open), ..GroupEdit::default() };
    let version = || row(&gateway, group_id(&group)).version;
    let unread = gateway.group_change(&noa, &group, version(), open.clone());
    assert!(matches!(unread, Err(Error::Denied { .. })), "a name that cannot be read");
    let listed = GroupEdit { listed: Some(true), ..GroupEdit::default() };
    gateway.group_change(&dana, &group, version(), listed).unwrap();
    gateway.group_change(&noa, &group, version(), open).unwrap();
    let about = About { name: "IT security".to_owned(), description: String::new() };
    let renamed = GroupEdit { about: Some(about), ..GroupEdit::default() };
    let refused = gateway.group_change(&dana, &group, version(), renamed);
    assert!(matches!(refused, Err(Error::Denied { .. })));
    for name in ["IT\u{200b} security", "\u{202e}ytiruces", "a\u{2066}b"] {
        let about = About { name: name.to_owned(), description: String::new() };
        let new = NewGroup { about, ..new_group() };
        assert!(matches!(gateway.group_create(&dana, new), Err(Error::Invalid { .. })), "{name:?}");
    }
}

/// Accounts of people outside, which hold no keys, cost everybody inside no epoch when they end.
#[test]
fn only_an_account_inside_that_is_disabled_ends_an_epoch() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    gateway.groups_tend(&dana).unwrap();
    let due = || row(&gateway, GroupId::EVERYBODY).due;
    gateway.account_accept_from("omar", AcceptFrom::Inside).unwrap();
    assert!(!due());
    gateway.account_disable("omar").unwrap();
    assert!(due());
    gateway.groups_tend(&dana).unwrap();
    let version = row(&gateway, GroupId::EVERYBODY).version;
    gateway.account_accept_from("omar", AcceptFrom::Both).unwrap();
    assert!(!due() && row(&gateway, GroupId::EVERYBODY).version == version);
}

/// A group that everybody may write to opens no way to a member of a closed one; and the address of such
/// a member is answered like one that nobody has, if the site says so.
#[test]
fn a_closed_member_is_reached_neither_through_another_group_nor_seen() {
    for hidden in [false, true] {
        let gateway = gateway_with(|settings| {
            settings.group_addresses_by = GroupsBy::Everybody;
            settings.group_kinds_by = GroupsBy::Everybody;
            settings.closed_members =
                if hidden { ClosedMembers::Hidden } else { ClosedMembers::Address };
        });
        create(&gateway, "noa").unwrap();
        let (dana, noa) = (sign_in(&gateway, "dana"), sign_in(&gateway, "noa"));
        let list = NewGroup {
            writers: GroupWriters::Everybody,
            address: Some("sales@example.org".to_owned()),
            ..new_group()
        };
        let list = gateway.group_create(&dana, list).unwrap().view.id.to_text();
        add(&gateway, &dana, &list, "omar");
        assert_eq!(refused(&gateway, "omar@example.org", Origin::Outside), None);
        let closed = NewGroup { kind: GroupKind::Closed, ..new_group() };
        let closed = gateway.group_create(&dana, closed).unwrap().view.id.to_text();
        add(&gateway, &dana, &closed, "omar");
        let reason = if hidden { Reason::UnknownRecipient } else { Reason::ClosedGroup };
        for origin in [Origin::Outside, Origin::Inside] {
            assert_eq!(refused(&gateway, "omar@example.org", origin), Some(reason));
            assert_eq!(refused(&gateway, "omar+x@example.org", origin), Some(reason));
        }
        assert_eq!(refused(&gateway, "noa@example.org", Origin::Outside), None);
        // Both members of the list are in the closed group, so nobody is left to get it.
        let list_reason = refused(&gateway, "sales@example.org", Origin::Outside);
        assert_eq!(list_reason, Some(Reason::NotNow));
        add(&gateway, &dana, &list, "noa");
        deliver(&gateway, &["sales@example.org"], MESSAGE);
        assert_eq!(inbox(&gateway, &noa).len(), 1);
        let omar = sign_in(&gateway, "omar");
        assert!(inbox(&gateway, &omar).is_empty() && inbox(&gateway, &dana).is_empty());
        let found = gateway.colleagues(&noa, "omar@example.org", 10).unwrap().items;
        assert_eq!(found.len(), usize::from(!hidden));
        assert!(found.iter().all(|one| one.name.is_none()));
        assert!(gateway.colleagues(&noa, "om", 10).unwrap().items.is_empty());
        assert!(gateway.colleagues(&noa, "omar", 10).unwrap().items.is_empty());
        assert_eq!(gateway.colleagues(&dana, "om", 10).unwrap().items.len(), 1);
        // Back among the others once the group is one no longer.
        let version = row(&gateway, group_id(&closed)).version;
        let edit = GroupEdit { kind: Some(GroupKind::Plain), ..GroupEdit::default() };
        gateway.group_change(&dana, &closed, version, edit).unwrap();
        assert_eq!(refused(&gateway, "omar@example.org", Origin::Outside), None);
    }
}
