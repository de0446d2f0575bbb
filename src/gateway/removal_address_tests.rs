//! Names and addresses: who gets one, and for how long one is held after its user.

use super::group_tests::{created, gateway_of};
use super::removal::addresses::{HELD_DAYS, NameAfter};
use super::removal_tests::{address, refused_at, remove};
use super::tests::*;
use super::*;

#[test]
fn a_name_and_an_address_are_held_for_a_time() {
    let gateway = gateway();
    remove(&gateway, "omar", NameAfter::Held);
    let held = |gateway: &Gateway| match create(gateway, "omar") {
        Err(Error::Conflict(why)) => why,
        other => panic!("{:?}", other.map(|(view, _)| view)),
    };
    assert_eq!(held(&gateway), Conflict::NameHeld);
    let taken = gateway.account_address_add("dana", &address("omar@example.org"));
    assert!(matches!(taken, Err(Error::Conflict(Conflict::NameHeld))));
    gateway.clock().advance_secs(HELD_DAYS * 24 * 3_600 - 60);
    assert_eq!(held(&gateway), Conflict::NameHeld);
    gateway.clock().advance_secs(120);
    create(&gateway, "omar").unwrap();
    remove(&gateway, "omar", NameAfter::Free);
    let (view, _) = create(&gateway, "omar").unwrap();
    assert_eq!(view.address, "omar@example.org");
    let omar = sign_in(&gateway, "omar");
    assert!(inbox(&gateway, &omar).is_empty(), "nothing of the one before is there");
}

#[test]
fn addresses_come_and_go_and_the_last_one_stays() {
    let gateway = gateway();
    let omar = sign_in(&gateway, "omar");
    let more = address("sales@example.org");
    assert_eq!(refused_at(&gateway, "sales@example.org"), Some(Reason::UnknownRecipient));
    gateway.account_address_add("omar", &more).unwrap();
    assert!(gateway.account_address_add("omar", &more).is_err());
    assert!(gateway.account_address_add("dana", &more).is_err(), "it is omar's");
    let foreign = gateway.account_address_add("omar", &address("a@elsewhere.example"));
    assert!(matches!(foreign, Err(Error::Invalid { .. })));
    deliver(&gateway, &["sales@example.org"], MESSAGE);
    assert_eq!(inbox(&gateway, &omar).len(), 1);
    // The own address goes, and the next one takes its place.
    let own = address("omar@example.org");
    gateway.account_address_remove("omar", &own, NameAfter::Free).unwrap();
    assert_eq!(refused_at(&gateway, "omar@example.org"), Some(Reason::UnknownRecipient));
    let rows = gateway.account_list().unwrap();
    let row = rows.iter().find(|row| row.view.name == "omar").unwrap();
    assert_eq!(row.view.address, "sales@example.org");
    let last = gateway.account_address_remove("omar", &more, NameAfter::Free);
    assert!(matches!(last, Err(Error::Conflict(Conflict::LastAddress))));
    gateway.account_address_add("dana", &own).unwrap();
    for n in 0..removal::addresses::ADDRESSES_MAX - 2 {
        gateway.account_address_add("dana", &address(&format!("a{n}@example.org"))).unwrap();
    }
    let over = gateway.account_address_add("dana", &address("over@example.org"));
    assert!(matches!(over, Err(Error::OverQuota)));
}

#[test]
fn an_address_with_a_detail_is_that_of_the_user_before_it() {
    let gateway = gateway();
    let add = |name: &str, text: &str| gateway.account_address_add(name, &address(text));
    let is_taken = |done| matches!(done, Err(Error::Conflict(Conflict::Exists)));
    assert!(is_taken(add("omar", "dana+shop@example.org")));
    add("dana", "dana+shop@example.org").unwrap();
    add("omar", "nobody+shop@example.org").unwrap();
    remove(&gateway, "dana", NameAfter::Held);
    let held = add("omar", "dana+other@example.org");
    assert!(matches!(held, Err(Error::Conflict(Conflict::NameHeld))));
}

#[test]
fn who_had_an_address_gets_it_back_and_an_administrator_releases_it() {
    let gateway = gateway();
    let sales = address("sales@example.org");
    gateway.account_address_add("omar", &sales).unwrap();
    gateway.account_address_remove("omar", &sales, NameAfter::Held).unwrap();
    let held = gateway.account_address_add("dana", &sales);
    assert!(matches!(held, Err(Error::Conflict(Conflict::NameHeld))));
    gateway.account_address_add("omar", &sales).unwrap();
    gateway.account_address_remove("omar", &sales, NameAfter::Held).unwrap();
    gateway.held_name_release("Sales@example.org").unwrap();
    gateway.account_address_add("dana", &sales).unwrap();
    assert!(gateway.held_name_release("sales@example.org").is_err());
}

/// The address of somebody who was removed goes to no group either.
#[test]
fn a_held_address_is_given_to_no_role_mailbox() {
    let gateway = gateway_of(&["noa", "root"]);
    gateway.account_manager("root", true).unwrap();
    let (noa, root) = (sign_in(&gateway, "noa"), sign_in(&gateway, "root"));
    let group = created(&gateway, &noa);
    remove(&gateway, "omar", NameAfter::Held);
    let given = |gateway: &Gateway| gateway.role_create(&root, &group, "omar@example.org");
    assert!(matches!(given(&gateway), Err(Error::Conflict(Conflict::NameHeld))));
    gateway.clock().advance_secs(HELD_DAYS * 24 * 3_600 + 60);
    given(&gateway).unwrap();
}
