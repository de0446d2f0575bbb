//! Contacts that are shared: what does not leave, what does not come back, and what does not wait.

use super::edits::EDITS_DAILY_MAX;
use super::shared::SHARED_OF_ONE_MAX;
use super::shares::{Field, Fields};
use super::sharing::{NamedReader, WantedShare};
use super::sharing_tests::{fields, found, missing, notes, outcomes, person, share, whole};
use super::stored::ContactPatch;
use super::taking::EDITS_KEPT;
use super::tests::{contact, counted, names};
use crate::gateway::group_tests::{gateway_of, new_group, put};
use crate::gateway::groups::group::NewGroup;
use crate::gateway::records::contact::{ContactId, ContactRow, ContactShared, EditOutcome};
use crate::gateway::records::tables::{CONTACT_SHARED, CONTACTS};
use crate::gateway::tests::{PASSWORD, gateway, password, sign_in};
use crate::gateway::text::parse_hex;
use crate::gateway::{ChosenBy, Error, Gateway, NewAccount};
use crate::mail::address::Address;
use crate::store::Read;
use crate::terms::GroupKind;

/// P-53: what one of them alone showed to a reader, the merged contact shows to nobody.
#[test]
fn a_merge_shares_only_what_all_of_them_shared() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let owner = dana.account().to_text();
    let both = [Field::Name, Field::Phones, Field::Notes];
    for private_first in [0, 1] {
        let mut ids = [whole(), contact("Private", "private@a.example")]
            .map(|contact| gateway.contact_create(&dana, contact).unwrap().id);
        share(&gateway, &dana, &ids[0], &[person("omar", &both, &[])]);
        ids.rotate_left(private_first);
        let merged = gateway.contact_merge(&dana, &ids).unwrap().id;
        missing(gateway.contact_shared(&omar, &owner, &merged));
        assert_eq!(found(&gateway, &omar, ""), (vec![], 0, 0));
    }
    let ids = [whole(), contact("Other", "other@a.example")]
        .map(|contact| gateway.contact_create(&dana, contact).unwrap().id);
    share(&gateway, &dana, &ids[0], &[person("omar", &both, &both), person("yael", &both, &[])]);
    share(&gateway, &dana, &ids[1], &[person("omar", &[Field::Name, Field::Own], &[])]);
    let merged = gateway.contact_merge(&dana, &ids).unwrap().id;
    let seen = gateway.contact_shared(&omar, &owner, &merged).unwrap();
    assert_eq!((seen.fields, seen.edit), (fields(&[Field::Name]), Fields::default()));
    missing(gateway.contact_shared(&sign_in(&gateway, "yael"), &owner, &merged));
    counted(&gateway, &dana);
}

/// What a reader does not see changes nothing that the reader gets: not the version, and not the row.
#[test]
fn a_change_of_what_is_hidden_is_not_counted_for_a_reader() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let owner = dana.account().to_text();
    share(&gateway, &dana, &zoe, &[person("omar", &[Field::Name], &[])]);
    let key = (omar.account().0, dana.account(), parse_hex(&zoe).unwrap());
    let row = || gateway.store().get(&CONTACT_SHARED, &key).unwrap().unwrap();
    let (before, version) = (row(), gateway.contact_shared(&omar, &owner, &zoe).unwrap().version);
    let labels = ContactPatch { labels: Some(vec!["x".to_owned()]), ..ContactPatch::default() };
    let favourite = ContactPatch { favourite: Some(true), ..ContactPatch::default() };
    for patch in [labels, favourite, notes("hidden")] {
        let version = gateway.contact(&dana, &zoe).unwrap().version;
        gateway.contact_change(&dana, &zoe, version, &patch).unwrap();
    }
    assert_eq!(row(), before);
    assert_eq!(gateway.contact_shared(&omar, &owner, &zoe).unwrap().version, version);
    let mut name = whole().name;
    name.given = "another".to_owned();
    let over = gateway.contact(&dana, &zoe).unwrap().version;
    let patch = ContactPatch { name: Some(name), ..ContactPatch::default() };
    gateway.contact_change(&dana, &zoe, over, &patch).unwrap();
    assert!(gateway.contact_shared(&omar, &owner, &zoe).unwrap().version > version);
    assert!(gateway.contact_sharing(&dana, &zoe).unwrap().shares[0].sealed);
    counted(&gateway, &dana);
}

/// What the owner has not answered is not forgotten for what somebody else adds.
#[test]
fn a_change_that_waits_for_an_answer_outlives_many_others() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let yael = sign_in(&gateway, "yael");
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let owner = dana.account().to_text();
    let of = (owner.as_str(), zoe.as_str());
    let shares = ["omar", "yael"].map(|name| person(name, &[Field::Notes], &[Field::Notes]));
    share(&gateway, &dana, &zoe, &shares);
    let omars = [NamedReader::Person("omar@example.org".to_owned())];
    gateway.contact_adders_set(&dana, &omars).unwrap();
    let version = gateway.contact_shared(&omar, of.0, of.1).unwrap().version;
    gateway.contact_shared_change(&omar, of, version, &notes("by omar")).unwrap();
    gateway.clock().advance_secs(1);
    gateway.contact_shared_change(&yael, of, version, &notes("by yael")).unwrap();
    gateway.contact_edits_take(&dana).unwrap();
    for at in 0..EDITS_KEPT + 5 {
        gateway.clock().advance_secs(1);
        let one = contact(&format!("a{at}"), "a@b.example");
        gateway.contact_shared_add(&omar, &owner, &one).unwrap();
        gateway.contact_edits_take(&dana).unwrap();
    }
    let kept = gateway.contact_edits(&dana).unwrap();
    assert_eq!(kept.len(), EDITS_KEPT);
    let first: Vec<_> = kept.iter().rev().take(2).map(|edit| edit.outcome).collect();
    assert_eq!(first, [EditOutcome::Applied, EditOutcome::Clashed]);
    counted(&gateway, &dana);
}

/// P-55: who changes more and more pushes out nothing that the owner could undo.
#[test]
fn all_that_somebody_changed_in_a_day_can_be_undone() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let owner = dana.account().to_text();
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let of = (owner.as_str(), zoe.as_str());
    share(&gateway, &dana, &zoe, &[person("omar", &[Field::Notes], &[Field::Notes])]);
    let change = |text: &str| {
        let version = gateway.contact_shared(&omar, of.0, of.1).unwrap().version;
        gateway.contact_shared_change(&omar, of, version, &notes(text))
    };
    for at in 0..EDITS_DAILY_MAX {
        gateway.clock().advance_secs(1);
        change(&format!("change {at}")).unwrap();
        gateway.contact_edits_take(&dana).unwrap();
    }
    let more = change("one more");
    assert!(matches!(more, Err(Error::OverQuota)), "{more:?}");
    let edits = gateway.contact_edits(&dana).unwrap();
    assert_eq!(edits.len(), EDITS_DAILY_MAX);
    assert_eq!(edits.last().unwrap().edited.before, notes("the-notes"));
    gateway.clock().advance_secs(24 * 3_600);
    change("the next day").unwrap();
}

/// An earlier list of readers does not open beside the contact of today: the sharing ends.
#[test]
fn a_right_that_was_taken_back_does_not_come_back_with_the_disk() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let (owner, contact) = (dana.account(), parse_hex(&zoe).unwrap());
    share(&gateway, &dana, &zoe, &[person("omar", &[Field::Notes], &[Field::Notes])]);
    let row =
        |gateway: &Gateway| gateway.store().get(&CONTACTS, &(owner, contact)).unwrap().unwrap();
    let kept = row(&gateway).sharing;
    let key = (omar.account().0, owner, contact);
    let shared = gateway.store().get(&CONTACT_SHARED, &key).unwrap().unwrap();
    share(&gateway, &dana, &zoe, &[]);
    let now = row(&gateway);
    put(&gateway, &CONTACTS, (owner, contact), ContactRow { sharing: kept, ..now });
    put(&gateway, &CONTACT_SHARED, key, shared);
    let owner = owner.to_text();
    let seen = gateway.contact_shared(&omar, &owner, &zoe).unwrap();
    let of = (owner.as_str(), zoe.as_str());
    gateway.contact_shared_change(&omar, of, seen.version, &notes("by omar")).unwrap();
    assert_eq!(outcomes(&gateway, &dana), [EditOutcome::Refused]);
    let version = gateway.contact(&dana, &zoe).unwrap().version;
    gateway.contact_change(&dana, &zoe, version, &notes("secret")).unwrap();
    missing(gateway.contact_shared(&omar, &owner, &zoe));
    assert_eq!(gateway.contact_sharing(&dana, &zoe).unwrap().shares, []);
}

/// What cannot be taken stops nothing that can.
#[test]
fn changes_that_cannot_be_taken_keep_no_others_waiting() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let yael = sign_in(&gateway, "yael");
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let owner = dana.account();
    share(&gateway, &dana, &zoe, &[person("yael", &[Field::Notes], &[Field::Notes])]);
    let adders = [NamedReader::Person("omar@example.org".to_owned())];
    gateway.contact_adders_set(&dana, &adders).unwrap();
    let to_text = owner.to_text();
    // As many as one owner may share with one reader are there: no other is taken.
    let rows: Vec<ContactId> = (0..SHARED_OF_ONE_MAX)
        .map(|at| [&[9; 8], at.to_be_bytes().as_slice()].concat().try_into().unwrap())
        .collect();
    let to = omar.account().0;
    let done = gateway.store().transact(move |tx| {
        for id in &rows {
            tx.put(&CONTACT_SHARED, &(to, owner, *id), &ContactShared::default())?;
        }
        Ok::<_, crate::store::Error>(())
    });
    done.wait().unwrap();
    for at in 0..25 {
        let mut one = whole();
        one.notes = format!("{at}");
        gateway.contact_shared_add(&omar, &to_text, &one).unwrap();
    }
    gateway.clock().advance_secs(1);
    let version = gateway.contact_shared(&yael, &to_text, &zoe).unwrap().version;
    let of = (to_text.as_str(), zoe.as_str());
    gateway.contact_shared_change(&yael, of, version, &notes("by yael")).unwrap();
    for _ in 0..2 {
        gateway.contact_edits_take_or_not(&dana);
    }
    assert_eq!(gateway.contact(&dana, &zoe).unwrap().contact.notes, "by yael");
    let refused = |edit: &EditOutcome| *edit == EditOutcome::Refused;
    assert_eq!(outcomes(&gateway, &dana).iter().filter(|edit| refused(edit)).count(), 25);
    assert_eq!(names(&gateway, &dana, ""), ["the-name"]);
    counted(&gateway, &dana);
}

/// P-85: a reader has the name that the owner used; whose the address of a role is, and who is in a closed
/// group by now, is not said.
#[test]
fn a_reader_is_named_as_the_owner_named_it() {
    let gateway = gateway();
    let address = |name: &str| Address::parse(&format!("{name}@example.org")).unwrap();
    let new = NewAccount {
        name: "yael".to_owned(),
        display_name: "Yael Stern".to_owned(),
        addresses: vec![address("yael"), address("info")],
        password: password(PASSWORD),
        chosen_by: ChosenBy::Owner,
    };
    gateway.account_create(new).unwrap();
    let dana = sign_in(&gateway, "dana");
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let said = |to: &str| {
        let version = gateway.contact(&dana, &zoe).unwrap().version;
        let to = NamedReader::Person(to.to_owned());
        let notes = fields(&[Field::Notes]);
        let share = WantedShare { to, read: notes, edit: notes };
        let adders = [share.to.clone()];
        let shares = gateway.contact_share(&dana, &zoe, version, &[share]).unwrap().shares;
        let adders = gateway.contact_adders_set(&dana, &adders).unwrap();
        let reader = shares[0].reader.clone();
        assert_eq!(adders, std::slice::from_ref(&reader));
        (reader.id, reader.name, reader.address)
    };
    let role = "info@example.org".to_owned();
    assert_eq!(said(&role), (role.clone(), String::new(), role.clone()));
    // One who reads it already is found again by what the list says.
    assert_eq!(said(&role), (role.clone(), String::new(), role));
    let own = "yael@example.org".to_owned();
    assert_eq!(said(&own), (own.clone(), "Yael Stern".to_owned(), own.clone()));
    let yael = sign_in(&gateway, "yael");
    let of = (dana.account().to_text(), zoe.clone());
    let version = gateway.contact_shared(&yael, &of.0, &of.1).unwrap().version;
    gateway.contact_shared_change(&yael, (&of.0, &of.1), version, &notes("by yael")).unwrap();
    assert_eq!(outcomes(&gateway, &dana), [EditOutcome::Applied]);
    gateway.account_manager("yael", true).unwrap();
    let yael = sign_in(&gateway, "yael");
    let closed = NewGroup { kind: GroupKind::Closed, ..new_group() };
    gateway.group_create(&yael, closed).unwrap();
    let reader = gateway.contact_sharing(&dana, &zoe).unwrap().shares.remove(0).reader;
    assert_eq!((reader.name.as_str(), &reader.address), ("", &own));
    assert_eq!(gateway.contact_adders(&dana).unwrap(), [reader]);
    assert_eq!(gateway.contact_edits(&dana).unwrap()[0].by, None);
}
