//! Users who are removed, and their names.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::accounts::appearance::Appearance;
use super::boards::board::{NewBoard, WantedGrant};
use super::boards::post::NewPost;
use super::chat::line::{LinesQuery, NewLine};
use super::chat::member::RoomAnswer;
use super::chat::room::NewRoom;
use super::contacts::request::Proposed;
use super::contacts::shared::SharedQuery;
use super::contacts::shares::{Field, Fields};
use super::contacts::sharing::{NamedReader, WantedShare};
use super::contacts::transfer::Format;
use super::group_tests::{add, created, gateway_of, group_id, id, put, row};
use super::groups::about::About;
use super::mailboxes::label::Label;
use super::profiles::fields::{ProfileField, ProfileText};
use super::profiles::own::{WantedAudience, WantedProfile};
use super::records::contact::ContactShared;
use super::records::ids::GroupId;
use super::records::search::Sealed;
use super::records::tables::PROFILE_SHARED;
use super::records::tables::{
    ACCOUNT_KEYS, ACCOUNT_NEWS, ATTESTATIONS, CODE_FAILURES, CONTACT_COPIES, CONTACTS, CREDENTIALS,
    FILTERS, GROUP_JOINING, GROUP_MEMBERS, KNOWN_KEYS, NOTICE_ADDRESSES, NOTICE_TERMS,
    NOTICE_WAITING, OUTCOMES, OWN_IDS, PREFERENCES, REMOVALS, ROLE_ACTS, ROLE_INTERIM,
    SEARCH_DELETED,
};
use super::removal::addresses::NameAfter;
use super::schedule::answer::Answered;
use super::schedule::meeting::NewMeeting;
use super::sending_tests::*;
use super::tests::*;
use super::vouching::attest::NewAttestation;
use super::vouching::fingerprint::fingerprint;
use super::*;
use crate::mail::address::Address;
use crate::mail::contacts::{Contact, Photo};
use crate::mail::schedule::Fields as Entered;
use crate::store::{Order, Read, Span, Table};
use crate::terms::{
    Acquaintance, Attention, BoardRight, GroupAct, LineKind, MeetingAnswer, MeetingRule, Needed,
};

pub(super) fn remove(gateway: &Gateway, name: &str, after: NameAfter) {
    gateway.account_remove(name, name, after).unwrap();
    gone(gateway);
}

/// Goes on until nothing is left to remove.
fn gone(gateway: &Gateway) {
    let passes = (0..1_000).take_while(|_| gateway.removals_continue().unwrap()).count();
    assert!(passes < 1_000, "it never ends");
}

/// The tables in which an account has rows, by their numbers.
fn tables_of(gateway: &Gateway, account: AccountId) -> BTreeSet<u8> {
    let mut tables = BTreeSet::new();
    let all = Span { from: Vec::new(), to: None, order: Order::Ascending };
    let scanned = gateway.inner.store.engine().scan(&all, &mut |key, _| {
        if key.windows(16).any(|part| part == account.0) {
            tables.insert(key[0]);
        }
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    tables
}

pub(super) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(super) fn refused_at(gateway: &Gateway, to: &str) -> Option<Reason> {
    refused(gateway, to, Origin::Outside)
}

/// Each says something for the other, and for everybody.
fn profiles_of_each_other(gateway: &Gateway, dana: &Actor, omar: &Actor) {
    for (actor, other) in [(dana, "omar"), (omar, "dana")] {
        let of = NamedReader::Person(format!("{other}@example.org"));
        let text = ProfileText { name: "Mine".to_owned(), ..ProfileText::default() };
        let named = WantedAudience::Named(vec![of, NamedReader::Everybody]);
        let audiences = ProfileField::ALL.map(|_| named.clone());
        gateway.profile_set(actor, 0, &WantedProfile { text, audiences }).unwrap();
    }
}

const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\0;";

fn whole() -> Contact {
    let mut whole = Contact { notes: "notes".to_owned(), ..Contact::default() };
    whole.name.given = "Zoe".to_owned();
    whole
}

/// The tables in whose keys a user is not, or in which nothing of a user is when one is removed.
const NOT_FILLED: [(&str, &str); 50] = [
    ("rooms", "by the room, which the user leaves"),
    ("room_requests", "by the room; they go with what the user asked"),
    ("room_lines", "by the room; what was said stays with those who are in it"),
    ("room_watch", "by the room"),
    ("room_files", "by the room; the files of what was said stay with it"),
    ("login_names", "by a keyed hash; the first step removes the name"),
    ("addresses", "by a keyed hash; the first step removes each address"),
    ("held_names", "by a keyed hash, for 90 days, and on purpose"),
    ("sessions", "by a hash of the token; the first step ends all of them"),
    ("messages", "by the message, whose last reader removes it"),
    ("message_signatures", "by the message, as its content"),
    ("submissions", "by the message; what was sent stays with those who got it"),
    ("deliveries", "by the message"),
    ("held", "by the message; what is held back still leaves"),
    ("held_due", "by the time and the message"),
    ("queue", "by a number; what waits still leaves"),
    ("queue_due", "by the time and the number"),
    ("unreported", "by the message"),
    ("auto_responses", "by the message"),
    ("answered", "by a keyed hash of both, for as long as nobody is answered again"),
    ("tls_policies", "by the host"),
    ("meta", "one row for the site"),
    ("site", "one row for the site"),
    ("audit", "by the time; what was done stays"),
    ("temporary", "of temporary accounts alone"),
    ("outsiders", "of temporary accounts alone"),
    ("pickups", "of temporary accounts alone"),
    ("pickups_of", "of temporary accounts alone"),
    ("groups", "by the group, which the user leaves"),
    ("group_epochs", "by the group"),
    ("group_terms", "by the group"),
    ("rings", "by the keyring, which the user leaves"),
    ("ring_epochs", "by the keyring"),
    ("keys_changed", "one row for the site"),
    ("boards", "by the board; who was removed may do nothing there"),
    ("board_topics", "by the board; what was posted stays"),
    ("posts", "by the board; what was posted stays"),
    ("post_places", "by the post"),
    ("post_versions", "by the post"),
    ("post_files", "by the post"),
    ("post_reactions", "by the post"),
    ("post_file_chunks", "by the file of a post"),
    ("notice_asked", "by a keyed hash of the address, for a day"),
    ("notice_mails", "by the mail; it goes when the mail leaves the queue"),
    ("topic_watch", "by the topic"),
    ("vouched_members", "while a voucher attests; leaving the group removes it"),
    ("group_addresses", "by a keyed hash of the group's address"),
    ("role_mailboxes", "of role mailboxes alone"),
    ("upload_chunks", "an upload that has just begun has none; they go with it"),
    ("removals", "from the first step of the removal until the last"),
];

/// Rows in the tables that take long to fill: their keys alone matter.
fn put_rows(gateway: &Gateway, id: AccountId) {
    static OWN: Table<(AccountId, [u8; 16], [u8; 16]), Sealed> = Table::new(OWN_IDS.id, "own_ids");
    static DELETED: Table<(AccountId, [u8; 16]), Sealed> = Table::new(SEARCH_DELETED.id, "deleted");
    static NEWS: Table<(AccountId, [u8; 16]), Sealed> = Table::new(ACCOUNT_NEWS.id, "news");
    static ACTS: Table<(AccountId, [u8; 16]), Sealed> = Table::new(ROLE_ACTS.id, "acts");
    static INTERIM: Table<(AccountId, u32), Sealed> = Table::new(ROLE_INTERIM.id, "interim");
    static FAILURES: Table<AccountId, Sealed> = Table::new(CODE_FAILURES.id, "failures");
    static FILTER: Table<AccountId, Sealed> = Table::new(FILTERS.id, "filters");
    static CHOICES: Table<AccountId, Sealed> = Table::new(PREFERENCES.id, "preferences");
    static TERMS: Table<AccountId, Sealed> = Table::new(NOTICE_TERMS.id, "terms");
    static WAITING: Table<AccountId, Sealed> = Table::new(NOTICE_WAITING.id, "waiting");
    static OTHER: Table<AccountId, Sealed> = Table::new(NOTICE_ADDRESSES.id, "other");
    [&TERMS, &WAITING, &OTHER].iter().for_each(|table| put(gateway, table, id, Sealed(Vec::new())));
    put(gateway, &OWN, (id, [1; 16], [2; 16]), Sealed(Vec::new()));
    put(gateway, &DELETED, (id, [1; 16]), Sealed(Vec::new()));
    put(gateway, &NEWS, (id, [1; 16]), Sealed(Vec::new()));
    put(gateway, &ACTS, (id, [1; 16]), Sealed(Vec::new()));
    put(gateway, &INTERIM, (id, 1), Sealed(Vec::new()));
    put(gateway, &FAILURES, id, Sealed(Vec::new()));
    put(gateway, &FILTER, id, Sealed(Vec::new()));
    put(gateway, &CHOICES, id, Sealed(Vec::new()));
    // Somebody's agreement made it a member, and the process was killed before it joined.
    static JOINING: Table<(GroupId, AccountId), Sealed> = Table::new(GROUP_JOINING.id, "joining");
    put(gateway, &JOINING, (GroupId([7; 16]), id), Sealed(Vec::new()));
}

/// All tables, as `tables.rs` has them.
fn all_tables() -> Vec<(u8, &'static str)> {
    let source = include_str!("records/tables.rs");
    let found = source.split("Table::new(").skip(1);
    let found = found.map(|rest| {
        let (number, rest) = rest.split_once(',').unwrap();
        (number.parse().unwrap(), rest.split('"').nth(1).unwrap())
    });
    found.collect()
}

/// One makes a board, and the other posts there.
fn use_boards(gateway: &Gateway, dana: &Actor, omar: &Actor) {
    let about = About { name: "Canteen".to_owned(), description: String::new() };
    let to = NamedReader::Person("omar@example.org".to_owned());
    let grants = vec![WantedGrant { to, right: BoardRight::Write }];
    let board = gateway.board_create(dana, NewBoard { about, shows_earlier: true, grants });
    let new = NewPost {
        topic: None,
        title: "Lunch".to_owned(),
        text: "Where?".to_owned(),
        readers: Vec::new(),
        files: Vec::new(),
    };
    let board = text::hex(&board.unwrap().view.id.0);
    let post = gateway.post_write(omar, &board, &new, "request-1").unwrap();
    let topic = text::shown(post.topic);
    gateway.topic_attend(omar, &topic, Some(Attention::Followed)).unwrap();
}

/// The user talks to another one, is in a room, and has asked to join one that may be there.
fn use_chat(gateway: &Gateway, omar: &Actor, dana: &Actor) {
    let new = NewRoom { name: "Plans".to_owned(), shares_earlier: false };
    let room = gateway.room_create(omar, &new).unwrap().id.parse().unwrap();
    gateway.room_ask(dana, room).unwrap();
    let asking = dana.account().to_text();
    gateway.room_answer(omar, room, &asking, RoomAnswer::Admit).unwrap();
    gateway.room_read(omar, room, 2).unwrap();
    gateway.room_with(omar, "dana@example.org").unwrap();
    gateway.room_ask(omar, Reference::new(1)).unwrap();
    let refusing = NewRoom { name: "Others".to_owned(), shares_earlier: false };
    let refusing = gateway.room_create(dana, &refusing).unwrap().id.parse().unwrap();
    gateway.room_ask(omar, refusing).unwrap();
    let asking = omar.account().to_text();
    gateway.room_answer(dana, refusing, &asking, RoomAnswer::RefuseForGood).unwrap();
    let line = NewLine { text: "What omar said".to_owned(), ..NewLine::default() };
    gateway.room_say(omar, room, &line).unwrap();
}

/// Each of the two shares, adds and changes something in the address book of the other, and asks the other
/// to add somebody.
fn use_contacts(gateway: &Gateway, omar: &Actor, dana: &Actor) {
    for (one, other) in [(omar, dana), (dana, omar)] {
        let to = gateway.account(other.account()).unwrap().view(other.account()).address;
        let reader = NamedReader::Person(to.clone());
        let read: Fields = [Field::Name, Field::Notes].into_iter().collect();
        let share = WantedShare { to: reader.clone(), read, edit: read };
        let zoe = gateway.contact_create(one, whole()).unwrap();
        let photo = Photo::of(GIF.to_vec()).unwrap();
        gateway.contact_photo_set(one, &zoe.id, Some(&photo)).unwrap();
        let version = gateway.contact(one, &zoe.id).unwrap().version;
        gateway.contact_share(one, &zoe.id, version, std::slice::from_ref(&share)).unwrap();
        gateway.contact_book_share(one, 0, &[share]).unwrap();
        gateway.contact_adders_set(one, &[reader]).unwrap();
        let gone = gateway.contact_create(one, whole()).unwrap().id;
        gateway.contact_delete(one, &gone).unwrap();
        let owner = one.account().to_text();
        gateway.contact_shared_add(other, &owner, &whole()).unwrap();
        gateway.contact_edits_take(one).unwrap();
        gateway.contact_shared_add(other, &owner, &whole()).unwrap();
        let proposed = Proposed { contact: whole(), note: String::new(), to: to.clone() };
        gateway.contact_request(one, &to, proposed).unwrap();
    }
}

/// The first vouches for the second, who then asks once more.
fn use_vouching(gateway: &Gateway, one: &Actor, other: &Actor) {
    let address = gateway.account(one.account()).unwrap().view(one.account()).address;
    gateway.vouch_ask(other, &address).unwrap();
    let colleague = other.account().to_text();
    let party = gateway.colleague_at(one, &colleague).unwrap().party;
    let fingerprint = fingerprint(&party.address, party.key);
    let how = Acquaintance::InPerson;
    let new = NewAttestation { colleague, fingerprint, how, ends: None, note: None };
    gateway.vouch_attest(one, &new).unwrap();
}

/// Each asks the other for a meeting, and one of them deletes an entry.
fn use_schedule(gateway: &Gateway, one: &Actor, other: &Actor) {
    let fields = Entered {
        title: "Review".to_owned(),
        zone: "UTC".to_owned(),
        duration_minutes: 30,
        ..Entered::default()
    };
    let mut asked_by = Vec::new();
    for (from, to) in [(one, other), (other, one)] {
        let address = gateway.account(to.account()).unwrap().view(to.account()).address;
        let invitees = vec![(address, Needed::Required)];
        let new = NewMeeting { fields: fields.clone(), invitees, rule: MeetingRule::All };
        let asked = gateway.meeting_ask(from, &new, "a-request-key").unwrap().meeting.unwrap();
        let meeting = asked.reference.parse().unwrap();
        let accepts = Answered {
            sequence: 0,
            follows: None,
            answer: MeetingAnswer::Accept,
            proposed: None,
            comment: String::new(),
        };
        gateway.meeting_answer(to, meeting, &accepts, "an-answer-key").unwrap();
        asked_by.push((from, meeting));
    }
    let entry = gateway.schedule_add(one, fields.clone(), None).unwrap();
    gateway.schedule_delete(one, &entry.id).unwrap();
    // A change waits until who accepted looks into the calendar.
    let later = Entered { start: fields.start + 3_600, ..fields };
    for (from, meeting) in asked_by {
        gateway.meeting_change(from, meeting, 0, &later).unwrap();
    }
}

/// An address book is cleared in several transactions, each of which may be the last one before a crash, and
/// who read it is told.
#[test]
fn a_large_address_book_goes_in_steps_and_its_readers_are_told() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    for part in 0..4 {
        let cards = (0..200)
            .map(|at| format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:c {part} {at}\r\nEND:VCARD\r\n"));
        gateway.contacts_import(&omar, Format::VCard3, &cards.collect::<String>()).unwrap();
    }
    let to = NamedReader::Person("dana@example.org".to_owned());
    let name: Fields = [Field::Name].into_iter().collect();
    let share = WantedShare { to, read: name, edit: Fields::default() };
    gateway.contact_book_share(&omar, 0, &[share]).unwrap();
    let query = SharedQuery { limit: 1, ..SharedQuery::default() };
    assert!(gateway.contacts_shared(&dana, &query).unwrap().all >= 200);
    let state = gateway.state(dana.account()).unwrap();
    gateway.account_remove("omar", "omar", NameAfter::Held).unwrap();
    let mut steps = 0;
    let left = || gateway.store().count(&CONTACTS, &omar.account()).unwrap();
    while gateway.removals_continue().unwrap() {
        steps += 1;
        assert!(steps < 1_000, "it never ends");
    }
    assert!(steps > 1, "it was one transaction");
    assert_eq!(left(), 0);
    assert_ne!(gateway.state(dana.account()).unwrap(), state, "the reader is told");
    assert_eq!(gateway.contacts_shared(&dana, &query).unwrap().all, 0);
    assert_eq!(tables_of(&gateway, omar.account()), BTreeSet::new());
}

/// Copies that nobody reads any more go with their owner, also if there is no contact any more.
#[test]
fn many_copies_of_an_empty_address_book_go_with_its_owner() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let to = NamedReader::Person("dana@example.org".to_owned());
    let name: Fields = [Field::Name].into_iter().collect();
    let share = WantedShare { to, read: name, edit: Fields::default() };
    gateway.contact_book_share(&omar, 0, &[share]).unwrap();
    let of = (dana.account().0, omar.account());
    let done = gateway.store().transact(move |tx| {
        for one in 0..1_200_u128 {
            tx.put(&CONTACT_COPIES, &(of, 7, one.to_be_bytes()), &ContactShared::default())?;
        }
        Ok::<_, crate::store::Error>(())
    });
    done.wait().unwrap();
    remove(&gateway, "omar", NameAfter::Held);
    assert_eq!(tables_of(&gateway, omar.account()), BTreeSet::new());
}

#[test]
fn nothing_of_a_user_who_was_removed_is_left() {
    let gateway = gateway_of(&["noa"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let account = omar.account();
    for _ in 0..30 {
        deliver(&gateway, &["omar@example.org"], MESSAGE);
    }
    let read = send(&gateway, &dana, &content(&["omar@example.org"], "Read"));
    gateway.message_open(&omar, read, None).unwrap();
    send(&gateway, &omar, &content(&["dana@example.org"], "From omar"));
    hold(&gateway, &omar, &content(&["noa@example.org"], "Still held"));
    gateway.draft_create(&omar, &content(&["dana@example.org"], "A draft")).unwrap();
    gateway.upload_begin(&omar, "a.txt", "text/plain", 3).unwrap();
    gateway.appearance_set(&omar, &Appearance::default()).unwrap();
    profiles_of_each_other(&gateway, &dana, &omar);
    gateway.labels_set(&omar, &[Label { id: 0, name: "Mine".to_owned(), colour: 1 }]).unwrap();
    gateway.mailbox_create(&omar, "Mine").unwrap();
    gateway.search_index(&omar).unwrap();
    gateway.totp_start(&omar, &password(PASSWORD)).unwrap();
    let group = created(&gateway, &omar);
    add(&gateway, &omar, &group, "dana");
    use_boards(&gateway, &dana, &omar);
    use_contacts(&gateway, &omar, &dana);
    use_vouching(&gateway, &omar, &dana);
    use_vouching(&gateway, &dana, &omar);
    gateway.vouch_ask(&omar, "noa@example.org").unwrap();
    use_chat(&gateway, &omar, &dana);
    use_schedule(&gateway, &omar, &dana);
    put_rows(&gateway, account);
    let used = tables_of(&gateway, account);
    let why = |name: &str| NOT_FILLED.iter().find(|(other, _)| *other == name);
    let wrong: Vec<_> = all_tables()
        .into_iter()
        .filter(|(number, name)| used.contains(number) == why(name).is_some())
        .collect();
    assert_eq!(wrong, [], "neither filled nor explained here, or both");
    remove(&gateway, "omar", NameAfter::Held);
    // What was held back still leaves, for the one whom it is for.
    let noa = sign_in(&gateway, "noa");
    let before = inbox(&gateway, &noa).len();
    gateway.clock().advance_secs(3_600);
    release(&gateway);
    assert_eq!(inbox(&gateway, &noa).len(), before + 1);
    // That a message was read is its sender's to know; which key and which attestation was seen, its reader's.
    let kept = BTreeSet::from([OUTCOMES.id, KNOWN_KEYS.id, ATTESTATIONS.id]);
    let left = &tables_of(&gateway, account) - &kept;
    assert_eq!(left, BTreeSet::new(), "rows are left in these tables");
    let mut copies = Vec::new();
    let keep = |(_, owner, _)| {
        copies.push(owner);
        ControlFlow::Continue(())
    };
    gateway.store().scan_keys(&PROFILE_SHARED, &(), keep).unwrap();
    assert!(copies.iter().all(|owner| *owner != account), "others see the profile");
    // Who stays in the room controls it from now on, and has what the user said.
    let rooms = gateway.rooms(&dana).unwrap();
    let room = rooms.iter().find(|room| room.name.as_deref() == Some("Plans")).unwrap();
    assert!(room.controller);
    let query = (LinesQuery::After(0), 100);
    let lines = gateway.room_lines(&dana, room.id.parse().unwrap(), query).unwrap().items;
    assert_eq!(lines[1].text.as_deref(), Some("What omar said"));
    assert_eq!(lines.last().unwrap().kind, LineKind::Left);
    // What others have of the user stays.
    let said: Vec<_> = inbox(&gateway, &dana).into_iter().map(|item| item.subject).collect();
    assert!(!said.is_empty(), "{said:?}");
}

#[test]
fn what_opens_the_account_goes_with_the_first_step() {
    let gateway = gateway();
    let omar = sign_in(&gateway, "omar");
    let account = omar.account();
    let token = gateway.session_open(log_in("omar", PASSWORD)).unwrap().token;
    gateway.account_remove("omar", " Omar ", NameAfter::Held).unwrap();
    // A crash may come here; nothing opens any more, and the next start goes on.
    assert!(gateway.session_actor(&token, "thumb").is_err());
    assert!(matches!(gateway.session_open(log_in("omar", PASSWORD)), Err(Error::Refused)));
    let store = gateway.store();
    assert!(!store.has(&ACCOUNT_KEYS, &account).unwrap());
    assert_eq!(store.count(&CREDENTIALS, &account).unwrap(), 0);
    assert!(store.has(&REMOVALS, &account).unwrap());
    assert_eq!(
        refused(&gateway, "omar@example.org", Origin::Outside),
        Some(Reason::UnknownRecipient)
    );
    assert_eq!(gateway.account_list().unwrap().len(), 1, "it is listed no more");
    assert!(gateway.account_enable("omar").is_err());
    gone(&gateway);
    assert!(!store.has(&REMOVALS, &account).unwrap());
}

#[test]
fn senders_inside_learn_that_what_was_not_opened_failed() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let unread = send(&gateway, &dana, &content(&["omar@example.org"], "Unread"));
    let read = send(&gateway, &dana, &content(&["omar@example.org"], "Read"));
    gateway.message_open(&omar, read, None).unwrap();
    let before = notices(&gateway, &dana).len();
    remove(&gateway, "omar", NameAfter::Held);
    let state = |reference| states(&gateway, &dana, reference)[0].1;
    assert_eq!(state(unread), DeliveryState::Failed);
    assert_eq!(state(read), DeliveryState::Read);
    let notices = notices(&gateway, &dana);
    let failed = notices.iter().filter(|(kind, _)| *kind == DeliveryState::Failed);
    assert_eq!(failed.count(), 1, "{notices:?}");
    assert_eq!(notices.len(), before + 1);
}

#[test]
fn groups_lose_the_member_and_begin_another_epoch() {
    let gateway = gateway_of(&["noa"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let shared = created(&gateway, &dana);
    add(&gateway, &dana, &shared, "omar");
    let own = created(&gateway, &omar);
    remove(&gateway, "omar", NameAfter::Held);
    let shared = group_id(&shared);
    assert!(row(&gateway, shared).due, "the epoch that omar held ends");
    assert!(!gateway.store().has(&GROUP_MEMBERS, &(shared, omar.account())).unwrap());
    let there = gateway.store().has(&records::tables::GROUPS, &group_id(&own)).unwrap();
    assert!(!there, "a group without members is none");
    // Who was removed has no name, and no number stands in its place.
    let changes = gateway.group(&dana, &shared.to_text()).unwrap().changes;
    let left = changes.iter().find(|change| change.act == GroupAct::Left).unwrap();
    assert_eq!((left.who.as_str(), left.about.as_deref()), ("", Some("")));
    let added = changes.iter().find(|change| change.act == GroupAct::Added).unwrap();
    assert_eq!((added.who.as_str(), added.about.as_deref()), ("dana", Some("")));
    assert_eq!(id(&gateway, "dana"), dana.account());
}

#[test]
fn the_last_manager_stays_and_the_name_must_be_typed() {
    let gateway = gateway();
    gateway.account_manager("dana", true).unwrap();
    let refused =
        |name: &str, typed: &str| match gateway.account_remove(name, typed, NameAfter::Held) {
            Err(Error::Conflict(why)) => why,
            other => panic!("{other:?}"),
        };
    assert_eq!(refused("dana", "dana"), Conflict::LastManager);
    assert_eq!(refused("omar", "dana"), Conflict::NameDiffers);
    assert_eq!(refused("omar", ""), Conflict::NameDiffers);
    gateway.account_manager("omar", true).unwrap();
    remove(&gateway, "dana", NameAfter::Held);
    assert_eq!(refused("omar", "omar"), Conflict::LastManager);
    // Mail for postmaster went to the first account.
    assert_eq!(refused_at(&gateway, "postmaster@example.org"), None);
    let omar = sign_in(&gateway, "omar");
    deliver(&gateway, &["postmaster@example.org"], MESSAGE);
    assert_eq!(inbox(&gateway, &omar).len(), 1);
}

#[test]
fn a_user_is_signed_out_everywhere() {
    let gateway = gateway();
    let tokens: Vec<_> =
        (0..3).map(|_| gateway.session_open(log_in("omar", PASSWORD)).unwrap().token).collect();
    let dana = gateway.session_open(log_in("dana", PASSWORD)).unwrap().token;
    gateway.account_sign_out("omar").unwrap();
    for token in &tokens {
        assert!(matches!(gateway.session_actor(token, "thumb"), Err(Error::Refused)));
    }
    gateway.session_actor(&dana, "thumb").unwrap();
    gateway.session_open(log_in("omar", PASSWORD)).unwrap();
}

/// Two users with unread mail from each other are removed together, and what they had sent to others opens
/// while that is under way.
#[test]
fn users_who_wrote_to_each_other_are_removed_together() {
    let gateway = gateway_of(&["ada", "ben"]);
    let (ada, ben) = (sign_in(&gateway, "ada"), sign_in(&gateway, "ben"));
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    send(&gateway, &ada, &content(&["ben@example.org"], "To ben"));
    send(&gateway, &ben, &content(&["ada@example.org"], "To ada"));
    let from_ben = send(&gateway, &ben, &content(&["omar@example.org"], "To omar"));
    let from_dana = send(&gateway, &dana, &content(&["ben@example.org"], "From dana"));
    // No epoch is in memory any more.
    gateway.clock().advance_secs(11 * 60);
    gateway.epochs_expire();
    gateway.account_remove("ada", "ada", NameAfter::Held).unwrap();
    gateway.account_remove("ben", "ben", NameAfter::Held).unwrap();
    gateway.message_open(&omar, from_ben, None).unwrap();
    gone(&gateway);
    for account in [ada.account(), ben.account()] {
        assert_eq!(tables_of(&gateway, account), BTreeSet::new());
    }
    assert_eq!(states(&gateway, &dana, from_dana)[0].1, DeliveryState::Failed);
}

/// A group whose last member was removed keeps its role mailbox, until a manager of the site ends it.
#[test]
fn the_last_reader_of_a_role_mailbox_is_removed() {
    let gateway = gateway_of(&["noa", "root"]);
    gateway.account_manager("root", true).unwrap();
    let (omar, root) = (sign_in(&gateway, "omar"), sign_in(&gateway, "root"));
    let group = created(&gateway, &omar);
    let role = gateway.role_create(&root, &group, "info@example.org").unwrap().id.to_text();
    remove(&gateway, "omar", NameAfter::Held);
    assert!(!gateway.store().has(&REMOVALS, &omar.account()).unwrap());
    assert!(!gateway.store().has(&GROUP_MEMBERS, &(group_id(&group), omar.account())).unwrap());
    gateway.role_end(&root, &role).unwrap();
    gateway.group_delete(&root, &group).unwrap();
}
