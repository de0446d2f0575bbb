//! What is damaged on the disk: it is said, it can be deleted, and everything else is there.

use std::ops::ControlFlow;

use super::list::ContactQuery;
use super::request::Answer;
use super::shares::{Field, Fields};
use super::sharing::{NamedReader, WantedShare};
use super::stored::ContactPatch;
use super::tests::{Flip, contact, counted, names, proposed};
use super::transfer::Format;
use crate::gateway::group_tests::put;
use crate::gateway::records::contact::{BOOK, ContactEdit, ContactId, EDIT_WAITS};
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, CONTACT_ASKED, CONTACT_BLOCKS, CONTACT_EDITS, CONTACT_PHOTOS, CONTACT_REQUESTS,
    CONTACT_SHARED, CONTACTS,
};
use crate::gateway::tests::{gateway, sign_in};
use crate::gateway::text::parse_hex;
use crate::gateway::{Actor, Error, Gateway};
use crate::mail::contacts::Photo;
use crate::mail::reference::Reference;
use crate::store::{Key, Read, Record, Table};

/// One frame of one pixel.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\0;";

pub(in crate::gateway) fn flip<K: Key, V: Record>(gateway: &Gateway, table: &Table<K, V>, key: &K) {
    let store = &gateway.inner.store;
    store.engine().submit(Box::new(Flip(table.raw(key))));
    // What was submitted before it is done.
    store.transact(|_| Ok::<_, crate::store::Error>(())).wait().unwrap();
    assert!(store.get(table, key).is_err());
}

/// Contacts of one block, with photos; the first and the second of them are damaged.
fn damaged(gateway: &Gateway, dana: &Actor) -> [String; 3] {
    let photo = Photo::of(GIF.to_vec()).unwrap();
    let ids = ["Adam", "Noa", "Zoë"].map(|name| {
        let id =
            gateway.contact_create(dana, contact(name, &format!("{name}@a.example"))).unwrap().id;
        gateway.contact_photo_set(dana, &id, Some(&photo)).unwrap();
        id
    });
    let [row, photo, _] = ids.each_ref().map(|id| (dana.account(), parse_hex(id).unwrap()));
    flip(gateway, &CONTACTS, &row);
    flip(gateway, &CONTACT_PHOTOS, &photo);
    ids
}

fn unreadable(gateway: &Gateway, actor: &Actor) -> Vec<String> {
    let query = ContactQuery { limit: 100, ..ContactQuery::default() };
    let items = gateway.contact_list(actor, &query).unwrap().items.into_iter();
    items.filter(|item| item.unreadable).map(|item| item.id).collect()
}

#[test]
fn what_is_damaged_stops_nothing_and_can_be_deleted() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let [row, photo, sound] = damaged(&gateway, &dana);
    for format in [Format::VCard3, Format::VCard4, Format::Csv] {
        let exported = gateway.contacts_export(&dana, format, None).unwrap();
        let expected = if format == Format::Csv { 1 } else { 2 };
        assert_eq!(exported.incomplete, expected, "{format:?}");
        assert!(exported.text.contains("Zoë") && exported.text.contains("Noa"), "{format:?}");
    }
    let file = "BEGIN:VCARD\nFN:Adam\nEMAIL:Adam@a.example\nEND:VCARD\n";
    gateway.contacts_import(&dana, Format::VCard3, file).unwrap();
    assert!(matches!(gateway.contact(&dana, &row), Err(Error::Damaged { .. })));
    let patch = ContactPatch { notes: Some("x".to_owned()), ..ContactPatch::default() };
    let version = gateway.contact(&dana, &photo).unwrap().version;
    gateway.contact_change(&dana, &photo, version, &patch).unwrap();
    gateway.contact_photo_set(&dana, &photo, None).unwrap();
    gateway.contact_delete(&dana, &row).unwrap();
    assert!(matches!(gateway.contact(&dana, &row), Err(Error::NotFound { .. })));
    gateway.contact_delete(&dana, &sound).unwrap();
    assert_eq!(names(&gateway, &dana, ""), ["Adam", "Noa"]);
    counted(&gateway, &dana);
}

/// A block that is lost is made anew; a contact that cannot be read stands in it as such, and stays there.
#[test]
fn a_contact_that_cannot_be_read_is_in_the_list_until_it_is_deleted() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let [row, _, sound] = damaged(&gateway, &dana);
    let id: ContactId = parse_hex(&row).unwrap();
    let mut keys = Vec::new();
    let keep = |key| {
        keys.push(key);
        ControlFlow::Continue(())
    };
    gateway.inner.store.scan_keys(&CONTACT_BLOCKS, &dana.account(), keep).unwrap();
    let done = gateway.inner.store.transact(move |tx| {
        keys.iter().for_each(|key| tx.delete(&CONTACT_BLOCKS, key));
        Ok::<_, Error>(())
    });
    done.wait().unwrap();
    assert_eq!(names(&gateway, &dana, "").len(), 3);
    assert_eq!(unreadable(&gateway, &dana), std::slice::from_ref(&row));
    // Another contact of the same block is written, so that the block is kept.
    let mut other = id;
    other[15] ^= 1;
    let stored = super::stored::StoredContact {
        contact: contact("Yael", "y@a.example"),
        ..Default::default()
    };
    let keep = super::changes::PhotoChange::Keep;
    let change = gateway.contact_sealed(&dana, other, None, &stored, keep).unwrap();
    gateway.contacts_commit(&dana, vec![change], |_| Ok(())).unwrap();
    assert!(gateway.inner.store.has(&CONTACT_BLOCKS, &(dana.account(), id[0])).unwrap());
    assert_eq!(unreadable(&gateway, &dana), std::slice::from_ref(&row));
    gateway.contact_delete(&dana, &row).unwrap();
    assert_eq!(unreadable(&gateway, &dana), [""; 0]);
    gateway.contact_delete(&dana, &sound).unwrap();
    assert_eq!(names(&gateway, &dana, ""), ["Noa", "Yael"]);
}

/// For whichever reason one row cannot be read, the others are removed in time.
#[test]
fn damage_keeps_nothing_else_from_being_removed() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let [row, photo, sound] = damaged(&gateway, &dana);
    let other = gateway.contact_create(&dana, contact("Yael", "y@a.example")).unwrap().id;
    for id in [&photo, &sound, &other] {
        gateway.contact_delete(&dana, id).unwrap();
    }
    let key = |id: &str| (dana.account(), parse_hex(id).unwrap());
    flip(&gateway, &CONTACTS, &key(&other));
    gateway.clock().advance_secs(25 * 3_600);
    assert_eq!(gateway.contacts_expire(10).unwrap(), 3);
    for id in [&photo, &sound, &other] {
        assert!(!gateway.inner.store.has(&CONTACTS, &key(id)).unwrap());
        assert!(!gateway.inner.store.has(&CONTACT_PHOTOS, &key(id)).unwrap());
    }
    let dana = sign_in(&gateway, "dana");
    gateway.contact_delete(&dana, &row).unwrap();
    counted(&gateway, &dana);
    drop(omar);
}

#[test]
fn a_damaged_request_stops_no_other() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let ask = |name: &str| gateway.contact_request(&dana, "omar@example.org", proposed(name));
    let [asked, request, sound] = ["Adam", "Noa", "Zoë"].map(|name| ask(name).unwrap());
    let key = |actor: &Actor, reference: Reference| (actor.account(), reference.to_bytes());
    flip(&gateway, &CONTACT_ASKED, &key(&dana, asked));
    flip(&gateway, &CONTACT_REQUESTS, &key(&omar, request));
    assert_eq!(gateway.contact_requests(&omar).unwrap().len(), 2);
    assert_eq!(gateway.contacts_asked(&dana).unwrap().len(), 2);
    ask("Yael").unwrap();
    gateway.contact_request_answer(&omar, asked, &Answer::Refuse).unwrap();
    gateway.contact_request_answer(&omar, sound, &Answer::Refuse).unwrap();
    gateway.clock().advance_secs(31 * 24 * 3_600);
    assert_eq!(gateway.contact_requests_expire(10).unwrap(), 2);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    assert!(gateway.contact_requests(&omar).unwrap().is_empty());
    counted(&gateway, &omar);
    drop(dana);
}

/// A table in parts has the columns of its first part, whatever is written meanwhile.
#[test]
fn no_value_of_a_table_stands_in_another_column() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let card =
        |at: usize| format!("BEGIN:VCARD\nFN:n{at}\nEMAIL:a{at}@b.example\nTEL:1\nEND:VCARD\n");
    for part in 0..3 {
        let text: String = (0..200).map(|at| card(part * 200 + at)).collect();
        gateway.contacts_import(&dana, Format::VCard3, &text).unwrap();
    }
    let first = gateway.contacts_export(&dana, Format::Csv, None).unwrap();
    let last =
        gateway.contact_list(&dana, &ContactQuery { limit: 200, ..Default::default() }).unwrap();
    let more =
        |address: &str| crate::mail::contacts::Way { label: String::new(), value: address.into() };
    for item in last.items {
        let emails = Some(vec![more("a@b.example"), more("c@d.example")]);
        let patch = ContactPatch { emails, ..ContactPatch::default() };
        gateway.contact_change(&dana, &item.id, item.version, &patch).unwrap();
    }
    let second = gateway.contacts_export(&dana, Format::Csv, first.next.as_deref()).unwrap();
    assert_eq!(second.next, None);
    let columns = |line: &str| line.split(',').count();
    let names = columns(first.text.lines().next().unwrap());
    assert!(second.text.lines().count() > 10 && second.incomplete > 0);
    for line in first.text.lines().chain(second.text.lines()) {
        assert_eq!(columns(line), names, "{line}");
    }
    for wrong in [
        "x",
        "00",
        &format!("{}.1.1.1.1", "0".repeat(32)),
        &format!("{}.99.1.1.1.1", "0".repeat(32)),
    ] {
        assert!(gateway.contacts_export(&dana, Format::Csv, Some(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn the_first_of_a_list_are_the_first_in_whatever_order_they_come() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    for part in 0..2 {
        let card = |at: usize| format!("BEGIN:VCARD\nFN:n{at:03}\nCATEGORIES:l{at}\nEND:VCARD\n");
        let text: String = (0..200).rev().map(|at| card(part * 200 + at)).collect();
        gateway.contacts_import(&dana, Format::VCard3, &text).unwrap();
    }
    for (offset, limit) in [(0, 1), (0, 40), (17, 33), (395, 50), (400, 5)] {
        let query = ContactQuery { offset, limit, ..ContactQuery::default() };
        let page = gateway.contact_list(&dana, &query).unwrap();
        let expected: Vec<String> =
            (offset..400).take(limit).map(|at| format!("n{at:03}")).collect();
        let found: Vec<String> = page.items.into_iter().map(|item| item.name).collect();
        assert_eq!((found, page.total, page.labels.len()), (expected, 400, 400));
    }
    let query =
        ContactQuery { label: Some("L399".to_owned()), limit: 5, ..ContactQuery::default() };
    assert_eq!(gateway.contact_list(&dana, &query).unwrap().items[0].name, "n399");
}

/// A change is one transaction, with all blocks that it touches: none of them grows without end.
#[test]
fn a_block_has_a_limit_and_can_be_emptied() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let mut large = contact("x", "a@b.example");
    large.notes = "notes ".repeat(1_000);
    let stored = super::stored::StoredContact { contact: large, ..Default::default() };
    let fill = |from: u8, count: u8| {
        let changes = (from..from + count).map(|at| {
            let mut id = [7; 16];
            id[15] = at;
            let keep = super::changes::PhotoChange::Keep;
            gateway.contact_sealed(&dana, id, None, &stored, keep).unwrap()
        });
        gateway.contacts_commit(&dana, changes.collect(), |_| Ok(()))
    };
    fill(0, 100).unwrap();
    assert!(matches!(fill(100, 100), Err(Error::OverQuota)));
    for item in 0..100 {
        let id = format!("{}{item:02x}", "07".repeat(15));
        gateway.contact_delete(&dana, &id).unwrap();
    }
    assert_eq!(names(&gateway, &dana, ""), [""; 0]);
    fill(100, 100).unwrap();
    counted(&gateway, &dana);
}

/// What is damaged about a sharing takes nothing else away, and not the right to take it back.
#[test]
fn a_damaged_sharing_can_be_ended() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let owner = dana.account();
    let omars = || NamedReader::Person("omar@example.org".to_owned());
    let notes = |text: &str| ContactPatch { notes: Some(text.into()), ..ContactPatch::default() };
    let shared = |name: &str| {
        let made = gateway.contact_create(&dana, contact(name, "a@b.example")).unwrap();
        let name: Fields = [Field::Name, Field::Notes].into_iter().collect();
        let share = WantedShare { to: omars(), read: name, edit: name };
        gateway.contact_share(&dana, &made.id, made.version, &[share]).unwrap();
        made.id
    };
    let seen = |id: &str| gateway.contact_shared(&omar, &owner.to_text(), id);
    let version = |id: &str| gateway.contact(&dana, id).unwrap().version;
    let key = |id: &str| -> ContactId { parse_hex(id).unwrap() };
    // The list of readers: it ends with a look, or the next change, or is said anew.
    let [looked, changed, anew] = ["Adam", "Noa", "Zoë"].map(shared);
    for id in [&looked, &changed, &anew] {
        let mut row = gateway.inner.store.get(&CONTACTS, &(owner, key(id))).unwrap().unwrap();
        row.sharing.as_mut().unwrap().sealed[5] ^= 1;
        put(&gateway, &CONTACTS, (owner, key(id)), row);
        seen(id).unwrap();
    }
    assert_eq!(gateway.contact_sharing(&dana, &looked).unwrap().shares, []);
    gateway.contact_change(&dana, &changed, version(&changed), &notes("x")).unwrap();
    gateway.contact_share(&dana, &anew, version(&anew), &[]).unwrap();
    for id in [&looked, &changed, &anew] {
        assert!(matches!(seen(id), Err(Error::NotFound { .. })));
    }
    // A reader's row: the dialog loads, and the row is made anew.
    let zoe = shared("Yael");
    flip(&gateway, &CONTACT_SHARED, &(omar.account().0, owner, key(&zoe)));
    assert!(gateway.contact_sharing(&dana, &zoe).unwrap().shares[0].sealed);
    seen(&zoe).unwrap();
    // Who may add: the list that is set next takes the right from all.
    gateway.contact_adders_set(&dana, &[omars()]).unwrap();
    flip(&gateway, &CONTACT_SHARED, &(owner.0, owner, BOOK));
    assert_eq!(gateway.contact_adders(&dana).unwrap(), []);
    gateway.contact_adders_set(&dana, &[]).unwrap();
    let added = gateway.contact_shared_add(&omar, &owner.to_text(), &contact("x", "x@a.example"));
    assert!(matches!(added, Err(Error::NotFound { .. })));
    // A change that waits: its author reads the contact, and the owner's list goes on.
    let of = (owner.to_text(), zoe.clone());
    let over = version(&zoe);
    gateway.contact_shared_change(&omar, (&of.0, &of.1), over, &notes("first")).unwrap();
    let mut waiting = Vec::new();
    let keep = |key, row: ContactEdit| {
        waiting.push((key, row));
        ControlFlow::Continue(())
    };
    gateway.inner.store.scan_readable(&CONTACT_EDITS, &(owner, EDIT_WAITS), keep).unwrap();
    let (edit, row) = waiting.remove(0);
    put(&gateway, &CONTACT_EDITS, edit, ContactEdit { sealed_own: vec![0; 40], ..row });
    seen(&zoe).unwrap();
    flip(&gateway, &CONTACT_EDITS, &edit);
    gateway.contact_edits_take(&dana).unwrap();
    assert!(!gateway.inner.store.has(&CONTACT_EDITS, &edit).unwrap());
    // A reader's keys: nothing is sealed for the reader, and everything else goes on.
    flip(&gateway, &ACCOUNT_KEYS, &omar.account());
    gateway.contact_change(&dana, &zoe, version(&zoe), &notes("y")).unwrap();
    assert!(!gateway.contact_sharing(&dana, &zoe).unwrap().shares[0].sealed);
    counted(&gateway, &dana);
}
