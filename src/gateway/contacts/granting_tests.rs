//! Address books that are shared as a whole.

use std::ops::ControlFlow;

use super::copies::CopyKey;
use super::granting::{BOOK_READERS_MAX, GrantsView, Progress};
use super::list::{Known, Named};
use super::reader_rows::{BOOKS_MAX, OCTETS_OF_ONE_MAX, OCTETS_READ_MAX, ROWS_READ_MAX};
use super::shares::{Field, Fields};
use super::sharing::{NamedReader, WantedShare};
use super::sharing_tests::{fields, found, missing, notes, outcomes, person, share, whole};
use super::stored::ContactPatch;
use super::tests::{contact, counted};
use super::transfer::Format;
use crate::gateway::accounts::change::{Others, PasswordChange};
use crate::gateway::group_tests::{add, created, gateway_of, group_id, put};
use crate::gateway::records::contact::{BOOK, ContactBook, ContactShared, EditOutcome};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{
    ACCOUNT_KEYS, CONTACT_BOOKS, CONTACT_COPIES, CONTACT_SHARED, GROUP_WRAPS,
};
use crate::gateway::tests::{PASSWORD, log_in, password, sign_in};
use crate::gateway::text::parse_hex;
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::store::Read;

/// Says who reads the book, over what was said last.
fn granted(gateway: &Gateway, dana: &Actor, shares: &[WantedShare]) -> Result<GrantsView, Error> {
    let version = gateway.contact_book_sharing(dana).unwrap().version;
    gateway.contact_book_share(dana, version, shares)
}

fn grant(gateway: &Gateway, dana: &Actor, shares: &[WantedShare]) {
    let view = granted(gateway, dana, shares).unwrap();
    assert_eq!((view.shares.len(), view.progress), (shares.len(), Progress::Done));
}

/// All copies that lie in the store, of whatever generation.
fn copies(gateway: &Gateway) -> Vec<CopyKey> {
    let mut keys = Vec::new();
    let keep = |key| {
        keys.push(key);
        ControlFlow::Continue(())
    };
    gateway.store().scan_keys(&CONTACT_COPIES, &(), keep).unwrap();
    keys
}

/// P-53, P-54: who reads the whole book sees the granted fields of each contact, and of those that are
/// added, changed and restored later.
#[test]
fn a_grant_of_the_whole_book_holds_for_contacts_that_come_later() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let owner = dana.account().to_text();
    let first = gateway.contact_create(&dana, whole()).unwrap().id;
    let read = [Field::Name, Field::Phones, Field::Notes];
    grant(&gateway, &dana, &[person("omar", &read, &[Field::Notes])]);
    let seen = gateway.contact_shared(&omar, &owner, &first).unwrap();
    assert_eq!((seen.fields, seen.edit), (fields(&read), fields(&[Field::Notes])));
    assert!(!format!("{:?}", seen.contact).contains("emails@"));
    let later = gateway.contact_create(&dana, contact("Later", "later@a.example")).unwrap().id;
    let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Imported\r\nEND:VCARD\r\n";
    gateway.contacts_import(&dana, Format::VCard3, card).unwrap();
    assert_eq!(found(&gateway, &omar, "").0, ["Imported", "Later", "the-name"]);
    assert_eq!(found(&gateway, &omar, "later@").1, 0, "an address is not granted");
    assert_eq!(found(&gateway, &omar, "the-notes").1, 1);
    counted(&gateway, &dana);
    // With what is granted of one contact: both together, and what ends of one leaves the other.
    share(&gateway, &dana, &later, &[person("omar", &[Field::Emails], &[Field::Emails])]);
    let seen = gateway.contact_shared(&omar, &owner, &later).unwrap();
    assert!(seen.fields.has(Field::Emails) && seen.fields.has(Field::Notes));
    assert_eq!(seen.edit, fields(&[Field::Emails, Field::Notes]));
    share(&gateway, &dana, &later, &[]);
    let seen = gateway.contact_shared(&omar, &owner, &later).unwrap();
    assert_eq!((seen.fields, seen.edit), (fields(&read), fields(&[Field::Notes])));
    gateway.contact_delete(&dana, &later).unwrap();
    missing(gateway.contact_shared(&omar, &owner, &later));
    gateway.contact_restore(&dana, &later).unwrap();
    gateway.contact_shared(&omar, &owner, &later).unwrap();
    counted(&gateway, &dana);
    // Nobody else sees anything, nor who else does.
    let yael = sign_in(&gateway, "yael");
    missing(gateway.contact_shared(&yael, &owner, &later));
    assert_eq!(found(&gateway, &yael, ""), (vec![], 0, 0));
    assert_eq!(gateway.contact_book_sharing(&omar).unwrap().shares, []);
}

/// P-52, P-54: what is taken back is gone at the next request, also if it is a field alone; the copies go.
#[test]
fn a_grant_of_the_whole_book_ends_at_once() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let owner = dana.account().to_text();
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let before = counted(&gateway, &dana);
    let both = [Field::Name, Field::Notes];
    grant(&gateway, &dana, &[person("omar", &both, &both), person("yael", &both, &[])]);
    let kept: Vec<_> = copies(&gateway);
    assert_eq!(kept.len(), 2);
    // Omar reads less, Yael the same: her copy stays as it is.
    grant(&gateway, &dana, &[person("omar", &[Field::Name], &[]), person("yael", &both, &both)]);
    let seen = gateway.contact_shared(&omar, &owner, &zoe).unwrap();
    assert_eq!((seen.fields, seen.edit), (fields(&[Field::Name]), Fields::default()));
    assert_eq!(seen.contact.notes, "");
    assert_eq!(found(&gateway, &omar, "the-notes").1, 0);
    let change = gateway.contact_shared_change(&omar, (&owner, &zoe), seen.version, &notes("x"));
    assert!(matches!(change, Err(Error::Denied { .. })), "{change:?}");
    let yael = sign_in(&gateway, "yael");
    let seen = gateway.contact_shared(&yael, &owner, &zoe).unwrap();
    assert_eq!((seen.fields, seen.edit), (fields(&both), fields(&both)));
    let now = copies(&gateway);
    assert_eq!(now.iter().filter(|key| kept.contains(key)).count(), 1);
    assert_eq!(now.len(), 2, "the copy that nobody reads was removed");
    // The grant ends before any copy is removed: a row says so.
    let key = (omar.account().0, dana.account());
    let generation = gateway.store().get(&CONTACT_BOOKS, &key).unwrap().unwrap().generation;
    grant(&gateway, &dana, &[]);
    for reader in [&omar, &yael] {
        missing(gateway.contact_shared(reader, &owner, &zoe));
        assert_eq!(found(&gateway, reader, ""), (vec![], 0, 0));
    }
    assert_eq!(copies(&gateway), []);
    assert_eq!(counted(&gateway, &dana), before);
    // A copy of an earlier generation is read by nobody, although it lies there.
    let at = (key, generation, parse_hex(&zoe).unwrap());
    put(&gateway, &CONTACT_COPIES, at, ContactShared::default());
    missing(gateway.contact_shared(&omar, &owner, &zoe));
    grant(&gateway, &dana, &[person("omar", &[Field::Name], &[])]);
    assert_eq!(found(&gateway, &omar, "").0, ["the-name"]);
}

/// P-55: who may edit the whole book changes the granted fields of each contact, and no others.
#[test]
fn who_edits_the_whole_book_changes_the_granted_fields() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let owner = dana.account();
    grant(&gateway, &dana, &[person("omar", &[Field::Name, Field::Notes], &[Field::Notes])]);
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let of = (owner.to_text(), zoe.clone());
    let of = (of.0.as_str(), of.1.as_str());
    let version = gateway.contact_shared(&omar, of.0, of.1).unwrap().version;
    gateway.contact_shared_change(&omar, of, version, &notes("by omar")).unwrap();
    assert_eq!(outcomes(&gateway, &dana), [EditOutcome::Applied]);
    assert_eq!(gateway.contact(&dana, &zoe).unwrap().contact.notes, "by omar");
    let key = (omar.account().0, owner);
    let row = gateway.store().get(&CONTACT_BOOKS, &key).unwrap().unwrap();
    // One who can write to the store gives more than the owner did: the owner's session refuses it.
    put(&gateway, &CONTACT_BOOKS, key, ContactBook { edit: u16::MAX, ..row });
    let seen = gateway.contact_shared(&omar, of.0, of.1).unwrap();
    let mut name = whole().name;
    name.given = "forged".to_owned();
    let patch = ContactPatch { name: Some(name), ..Default::default() };
    gateway.clock().advance_secs(1);
    gateway.contact_shared_change(&omar, of, seen.version, &patch).unwrap();
    assert_eq!(outcomes(&gateway, &dana), [EditOutcome::Applied, EditOutcome::Refused]);
    // The right ends between the change and the owner's request.
    gateway.clock().advance_secs(1);
    let version = gateway.contact_shared(&omar, of.0, of.1).unwrap().version;
    gateway.contact_shared_change(&omar, of, version, &notes("too late")).unwrap();
    grant(&gateway, &dana, &[]);
    assert_eq!(outcomes(&gateway, &dana).last(), Some(&EditOutcome::Refused));
    assert_eq!(gateway.contact(&dana, &zoe).unwrap().contact.notes, "by omar");
}

/// P-54: who was removed does not come back with a list that was read before.
#[test]
fn a_grant_that_was_taken_back_does_not_come_back_with_an_earlier_list() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    gateway.contact_create(&dana, whole()).unwrap();
    let [of_omar, of_yael] = ["omar", "yael"].map(|name| person(name, &[Field::Name], &[]));
    let set = |version, shares: &[WantedShare]| gateway.contact_book_share(&dana, version, shares);
    let first = set(0, std::slice::from_ref(&of_omar)).unwrap().version;
    assert!(set(first, &[]).unwrap().version > first);
    for stale in [0, first] {
        let refused = set(stale, &[of_omar.clone(), of_yael.clone()]);
        let is_refused = matches!(refused, Err(Error::Conflict(Conflict::EditedElsewhere)));
        assert!(is_refused, "{refused:?}");
    }
    assert_eq!(found(&gateway, &omar, ""), (vec![], 0, 0));
    grant(&gateway, &dana, &[of_yael]);
}

/// Keys that were renewed open what was sealed for the ones before.
#[test]
fn a_reader_whose_keys_were_renewed_reads_the_book() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    gateway.contact_create(&dana, whole()).unwrap();
    grant(&gateway, &dana, &[person("omar", &[Field::Name], &[])]);
    let keys = || gateway.store().get(&ACCOUNT_KEYS, &omar.account()).unwrap().unwrap().number;
    let number = keys();
    let opened = gateway.session_open(log_in("omar", PASSWORD)).unwrap();
    let actor = gateway.session_actor(&opened.token, "thumb").unwrap();
    let kept = gateway.session_kept(&actor, &opened.token).unwrap();
    let (old, new) = (password(PASSWORD), password("the next password of omar"));
    let change = PasswordChange { old, new, others: Others::End };
    gateway.password_change(&actor, kept, &change).unwrap();
    assert!(keys() > number);
    let omar = gateway.session_actor(&opened.token, "thumb").unwrap();
    assert_eq!(found(&gateway, &omar, "").0, ["the-name"]);
    gateway.contact_create(&dana, contact("Later", "later@a.example")).unwrap();
    assert_eq!(found(&gateway, &omar, "").0, ["Later", "the-name"]);
}

/// P-52, P-54: what a group reads follows its keys: nothing once the owner has left it, all of it to those
/// who came later and again when the owner is back; and one whose keys are not there keeps nobody waiting.
#[test]
fn the_copies_of_a_book_follow_the_keys_of_a_group() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let yael = sign_in(&gateway, "yael");
    let group = created(&gateway, &omar);
    add(&gateway, &omar, &group, "dana");
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let of = |to: NamedReader| WantedShare { to, ..person("", &[Field::Name], &[]) };
    grant(&gateway, &dana, &[of(NamedReader::Group(group.clone()))]);
    assert_eq!(found(&gateway, &omar, "").0, ["the-name"]);
    // One who joins has the keys of later epochs only.
    add(&gateway, &omar, &group, "yael");
    let done = |gateway: &Gateway| gateway.contact_book_sharing(&dana).unwrap().progress;
    assert_eq!(done(&gateway), Progress::Done);
    assert_eq!(found(&gateway, &yael, "").0, ["the-name"]);
    // The owner leaves: with the next look nothing is there that the group could open.
    gateway.group_member_remove(&omar, &group, &dana.account().to_text()).unwrap();
    let view = gateway.contact_book_sharing(&dana).unwrap();
    assert_eq!((view.progress, view.shares[0].sealed), (Progress::Done, false));
    assert_eq!(copies(&gateway), []);
    assert_eq!(found(&gateway, &omar, ""), (vec![], 0, 0));
    let version = gateway.contact(&dana, &zoe).unwrap().version;
    gateway.contact_change(&dana, &zoe, version, &notes("meanwhile")).unwrap();
    add(&gateway, &omar, &group, "dana");
    assert_eq!(done(&gateway), Progress::Done);
    assert_eq!(found(&gateway, &omar, "").0, ["the-name"]);
    // The same without a look between leaving and coming back.
    gateway.group_member_remove(&omar, &group, &dana.account().to_text()).unwrap();
    let version = gateway.contact(&dana, &zoe).unwrap().version;
    let mut name = whole().name;
    name.given = "another".to_owned();
    let patch = ContactPatch { name: Some(name), ..ContactPatch::default() };
    gateway.contact_change(&dana, &zoe, version, &patch).unwrap();
    add(&gateway, &omar, &group, "dana");
    assert_eq!(done(&gateway), Progress::Done);
    assert_eq!(found(&gateway, &omar, "").1, 1);
    counted(&gateway, &dana);
}

/// A group whose keys are not there keeps nobody else waiting, and gets its copies when they are.
#[test]
fn a_group_whose_keys_wait_keeps_nobody_else_waiting() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    gateway.contact_create(&omar, whole()).unwrap();
    // The owner is in the group, and has none of its keys.
    let mut keys = Vec::new();
    let of = (group_id(&group), omar.account());
    let keep = |key| {
        keys.push(key);
        ControlFlow::Continue(())
    };
    gateway.store().scan_keys(&GROUP_WRAPS, &of, keep).unwrap();
    let wrap = |key| (key, gateway.store().get(&GROUP_WRAPS, &key).unwrap().unwrap());
    let wraps: Vec<_> = keys.iter().copied().map(wrap).collect();
    assert!(!wraps.is_empty());
    let done = gateway.store().transact(move |tx| {
        keys.iter().for_each(|key| tx.delete(&GROUP_WRAPS, key));
        Ok::<_, crate::store::Error>(())
    });
    done.wait().unwrap();
    let of_group = WantedShare {
        to: NamedReader::Group(group),
        ..person("", &[Field::Name, Field::Notes], &[])
    };
    let of_dana = person("dana", &[Field::Name], &[]);
    let view = granted(&gateway, &omar, &[of_group, of_dana]).unwrap();
    assert_eq!((view.progress, view.shares[0].sealed), (Progress::Waiting, false));
    assert_eq!(found(&gateway, &dana, "").0, ["the-name"]);
    gateway.contact_create(&omar, contact("Later", "later@a.example")).unwrap();
    assert_eq!(found(&gateway, &dana, "").0, ["Later", "the-name"]);
    assert_eq!(found(&gateway, &dana, "the-notes").1, 0);
    for (key, row) in wraps {
        put(&gateway, &GROUP_WRAPS, key, row);
    }
    assert_eq!(gateway.contact_book_sharing(&omar).unwrap().progress, Progress::Done);
    assert_eq!(copies(&gateway).len(), 4);
    assert_eq!(found(&gateway, &dana, "the-notes").1, 1);
    counted(&gateway, &omar);
}

/// P-52: a group reads the whole book while one is in it, also if its keys come later.
#[test]
fn a_group_reads_the_whole_book_while_one_is_in_it() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    gateway.contact_create(&dana, whole()).unwrap();
    let of = |to: NamedReader| WantedShare { to, ..person("", &[Field::Name], &[]) };
    grant(&gateway, &dana, &[of(NamedReader::Group(group.clone()))]);
    gateway.contact_create(&dana, contact("Later", "later@a.example")).unwrap();
    assert_eq!(found(&gateway, &omar, "").0, ["Later", "the-name"]);
    counted(&gateway, &dana);
    gateway.group_member_remove(&dana, &group, &omar.account().to_text()).unwrap();
    assert_eq!(found(&gateway, &omar, ""), (vec![], 0, 0));
    add(&gateway, &dana, &group, "omar");
    gateway.group_delete(&dana, &group).unwrap();
    assert_eq!(copies(&gateway), []);
    assert_eq!(found(&gateway, &omar, ""), (vec![], 0, 0));
    // Nobody wrapped the keys of everybody inside for the owner yet.
    let view = granted(&gateway, &omar, &[of(NamedReader::Everybody)]).unwrap();
    let own = gateway.contact_create(&omar, contact("Own", "own@a.example")).unwrap();
    if view.progress != Progress::Done {
        assert_eq!((view.progress, view.shares[0].sealed), (Progress::Waiting, false));
        assert_eq!(found(&gateway, &dana, ""), (vec![], 0, 0));
    }
    for actor in [&dana, &omar] {
        gateway.groups_tend(actor).unwrap();
    }
    assert_eq!(gateway.contact_book_sharing(&omar).unwrap().progress, Progress::Done);
    gateway.contact_shared(&dana, &omar.account().to_text(), &own.id).unwrap();
    counted(&gateway, &omar);
}

/// A large book is sealed in several requests of its owner; each goes on where the last one ended.
#[test]
fn the_copies_of_a_large_book_are_made_step_by_step() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    for part in 0..3 {
        let cards = (0..200)
            .map(|at| format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:c {part} {at}\r\nEND:VCARD\r\n"));
        gateway.contacts_import(&dana, Format::VCard3, &cards.collect::<String>()).unwrap();
    }
    let view = granted(&gateway, &dana, &[person("omar", &[Field::Name], &[])]).unwrap();
    assert_eq!(view.progress, Progress::Going);
    let some = copies(&gateway).len();
    assert!((200..600).contains(&some), "{some}");
    // One that is added, and one that is changed, meanwhile.
    gateway.contact_create(&dana, contact("c new", "new@a.example")).unwrap();
    let steps = (0..10)
        .take_while(|_| gateway.contact_book_sharing(&dana).unwrap().progress == Progress::Going);
    assert!(steps.count() < 10);
    assert_eq!(copies(&gateway).len(), 601);
    assert_eq!(found(&gateway, &omar, "c").1, 601);
    counted(&gateway, &dana);
}

/// Where the owner's row is damaged, nobody reads the book any more, and no earlier copy comes back.
#[test]
fn a_book_of_which_the_grants_are_lost_is_shared_with_nobody() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let owner = dana.account();
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    grant(&gateway, &dana, &[person("omar", &[Field::Name, Field::Notes], &[])]);
    let own = (owner.0, owner);
    let row = gateway.store().get(&CONTACT_BOOKS, &own).unwrap().unwrap();
    put(&gateway, &CONTACT_BOOKS, own, ContactBook { sealed: vec![1; 60], ..row });
    assert_eq!(gateway.contact_book_sharing(&dana).unwrap().shares, []);
    missing(gateway.contact_shared(&omar, &owner.to_text(), &zoe));
    grant(&gateway, &dana, &[person("omar", &[Field::Name], &[])]);
    let seen = gateway.contact_shared(&omar, &owner.to_text(), &zoe).unwrap();
    assert_eq!((seen.fields, seen.contact.notes.as_str()), (fields(&[Field::Name]), ""));
    assert_eq!(copies(&gateway).len(), 1);
    counted(&gateway, &dana);
}

#[test]
fn a_book_has_no_more_readers_than_may_be() {
    let names: Vec<String> = (0..=BOOK_READERS_MAX).map(|at| format!("p{at}")).collect();
    let gateway = gateway_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let dana = sign_in(&gateway, "dana");
    let all: Vec<_> = names.iter().map(|name| person(name, &[Field::Name], &[])).collect();
    let refused = granted(&gateway, &dana, &all);
    assert!(matches!(refused, Err(Error::OverQuota)), "{refused:?}");
    grant(&gateway, &dana, &all[1..]);
    let nobody = [person("nobody", &[Field::Name], &[])];
    missing(granted(&gateway, &dana, &nobody));
    let more = [person("p1", &[Field::Name], &[Field::Notes])];
    assert!(matches!(granted(&gateway, &dana, &more), Err(Error::Invalid { .. })));
}

/// Rows for a reader, of owners with these numbers.
fn fill(gateway: &Gateway, to: [u8; 16], owners: std::ops::Range<u32>, each: u32, octets: usize) {
    let done = gateway.store().transact(move |tx| {
        let row = ContactShared { sealed: vec![0; octets], ..ContactShared::default() };
        for owner in owners.clone() {
            for one in 0..each {
                tx.put(&CONTACT_SHARED, &(to, AccountId(number(owner)), number(one)), &row)?;
            }
            tx.put(&CONTACT_SHARED, &(to, AccountId(number(owner)), BOOK), &row)?;
        }
        Ok::<_, crate::store::Error>(())
    });
    done.wait().unwrap();
}

fn number(number: u32) -> [u8; 16] {
    [[7; 12].as_slice(), &number.to_be_bytes()].concat().try_into().unwrap()
}

/// What one question reads is bounded in octets, and of one owner first.
#[test]
fn one_question_reads_no_more_octets_than_it_may() {
    let gateway = gateway_of(&[]);
    let omar = sign_in(&gateway, "omar");
    let (to, reader) = (omar.account().0, gateway.reader_facts(&omar).unwrap());
    let read = || {
        let rows = gateway.contact_shared_rows(&reader).unwrap();
        assert!(rows.more);
        rows.rows.iter().map(|one| one.row.sealed.len()).sum::<usize>()
    };
    let each = 900 << 10;
    fill(&gateway, to, 0..1, 6, each);
    assert!((OCTETS_OF_ONE_MAX..=OCTETS_OF_ONE_MAX + each).contains(&read()));
    fill(&gateway, to, 1..5, 6, each);
    assert!((OCTETS_READ_MAX..=OCTETS_READ_MAX + each).contains(&read()));
}

/// P-52: who shares a large book hides nothing that somebody else shares.
#[test]
fn the_large_book_of_one_owner_hides_no_contact_of_another() {
    let gateway = gateway_of(&[]);
    let omar = sign_in(&gateway, "omar");
    let (to, reader) = (omar.account().0, gateway.reader_facts(&omar).unwrap());
    let sizes = [u32::try_from(ROWS_READ_MAX).unwrap() + 1, 300, 300];
    for (owner, size) in (0..).zip(sizes) {
        let of = (to, AccountId(number(owner)));
        let done = gateway.store().transact(move |tx| {
            tx.put(&CONTACT_BOOKS, &of, &ContactBook { generation: 1, ..ContactBook::default() })?;
            for one in 0..size {
                tx.put(&CONTACT_COPIES, &(of, 1, number(one)), &ContactShared::default())?;
            }
            Ok::<_, crate::store::Error>(())
        });
        done.wait().unwrap();
    }
    let rows = gateway.contact_shared_rows(&reader).unwrap();
    assert_eq!((rows.rows.len(), rows.more), (ROWS_READ_MAX, true));
    for owner in [1, 2] {
        let owner = AccountId(number(owner));
        assert_eq!(rows.rows.iter().filter(|one| one.owner == owner).count(), 300);
    }
}

/// And in rows and in books.
#[test]
fn one_question_reads_no_more_rows_and_books_than_it_may() {
    let gateway = gateway_of(&[]);
    let omar = sign_in(&gateway, "omar");
    let (to, reader) = (omar.account().0, gateway.reader_facts(&omar).unwrap());
    let owners = u32::try_from(BOOKS_MAX).unwrap() + 1;
    fill(&gateway, to, 0..owners, 10, 1);
    let rows = gateway.contact_shared_rows(&reader).unwrap();
    assert_eq!((rows.books.len(), rows.more), (BOOKS_MAX, false));
    assert_eq!(rows.rows.len(), 10 * owners as usize);
    fill(&gateway, to, 0..owners, 100, 1);
    let rows = gateway.contact_shared_rows(&reader).unwrap();
    assert_eq!((rows.rows.len(), rows.more), (ROWS_READ_MAX, true));
    // Of each owner a share.
    let of = |owner: u32| {
        let owner = AccountId(number(owner));
        rows.rows.iter().filter(|one| one.owner == owner).count()
    };
    assert!((0..owners).all(|owner| of(owner) >= 80));
}

/// P-53, P-54: in whatever graph of grants, of contacts and of the whole book, every way leads to the granted
/// fields and to no others: the list, the search, the count, one contact, a change, and what is told of
/// changes.
#[test]
fn every_way_leads_to_the_granted_fields_and_to_no_others() {
    let people = ["omar", "yael", "noam"];
    let gateway = gateway_of(&["yael", "noam"]);
    let dana = sign_in(&gateway, "dana");
    let readers: Vec<Actor> = people.iter().map(|name| sign_in(&gateway, name)).collect();
    let owner = dana.account().to_text();
    let mut random = 11_u32;
    let mut next = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u16::try_from(random >> 16).unwrap() & Fields::all().0
    };
    let ids: Vec<String> =
        (0..2).map(|_| gateway.contact_create(&dana, whole()).unwrap().id).collect();
    for round in 0..8 {
        let mut of = |name: &&str| {
            let read = Fields(if next() & 1 == 0 { 0 } else { next() });
            WantedShare { read, edit: Fields(read.0 & next()), ..person(name, &[], &[]) }
        };
        let of_book: Vec<WantedShare> = people.iter().map(&mut of).collect();
        granted(&gateway, &dana, &of_book).unwrap();
        let of_each: Vec<Vec<WantedShare>> =
            ids.iter().map(|_| people.iter().map(&mut of).collect()).collect();
        ids.iter().zip(&of_each).for_each(|(id, shares)| share(&gateway, &dana, id, shares));
        for (at, reader) in readers.iter().enumerate() {
            let granted: Vec<(Fields, Fields)> = of_each
                .iter()
                .map(|of| (of[at].read.with(of_book[at].read), of[at].edit.with(of_book[at].edit)))
                .collect();
            let seen = granted.iter().filter(|(read, _)| !read.is_empty()).count();
            assert_eq!(found(&gateway, reader, "").2, seen, "round {round}");
            for (field, word) in SAID {
                let with = granted.iter().filter(|(read, _)| read.has(field)).count();
                assert_eq!(found(&gateway, reader, word).1, with, "{word} in round {round}");
            }
            for (id, (read, edit)) in ids.iter().zip(&granted) {
                let of = (owner.as_str(), id.as_str());
                if read.is_empty() {
                    missing(gateway.contact_shared(reader, of.0, of.1));
                    missing(gateway.contact_shared_change(reader, of, 0, &notes("x")));
                    continue;
                }
                let one = gateway.contact_shared(reader, of.0, of.1).unwrap();
                assert_eq!((one.fields, one.edit), (*read, *edit), "round {round}");
                let said = format!("{:?}", one.contact);
                for (field, word) in SAID {
                    assert_eq!(said.contains(word), read.has(field), "{word} in round {round}");
                }
                let empty = ContactPatch { urls: Some(vec![]), ..ContactPatch::default() };
                let changed = gateway.contact_shared_change(reader, of, 0, &empty);
                let is_denied = matches!(changed, Err(Error::Denied { .. }));
                assert_eq!(is_denied, !edit.has(Field::Urls), "{changed:?} in round {round}");
            }
            // Not by the ways to the own address book, either.
            let asked =
                Named { address: "emails@a.example".to_owned(), name: "the-name".to_owned() };
            assert_eq!(gateway.contacts_known(reader, &[asked]).unwrap(), [Known::default()]);
            let out = gateway.contacts_export(reader, Format::VCard3, None).unwrap();
            assert_eq!(out.text, "");
        }
        // A change of what nobody sees is told to nobody.
        let states: Vec<String> =
            readers.iter().map(|one| gateway.state(one.account()).unwrap()).collect();
        let version = gateway.contact(&dana, &ids[0]).unwrap().version;
        let labels = Some(vec![format!("hidden {round}")]);
        let hidden = ContactPatch { labels, ..ContactPatch::default() };
        gateway.contact_change(&dana, &ids[0], version, &hidden).unwrap();
        for (reader, state) in readers.iter().zip(states) {
            assert_eq!(gateway.state(reader.account()).unwrap(), state, "round {round}");
        }
    }
    counted(&gateway, &dana);
}

/// What each field of `whole` says.
const SAID: [(Field, &str); 6] = [
    (Field::Name, "the-name"),
    (Field::Work, "the-work"),
    (Field::Emails, "emails@"),
    (Field::Phones, "the-phones"),
    (Field::Notes, "the-notes"),
    (Field::Own, "the-own"),
];
