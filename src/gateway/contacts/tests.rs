use std::ops::ControlFlow;

use super::list::{ContactQuery, Named};
use super::request::{Answer, DAILY_MAX, Proposed, WAITING_DAYS, WAITING_OF_ONE_MAX};
use super::stored::ContactPatch;
use super::transfer::Format;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::CONTACT_BLOCKS;
use crate::gateway::tests::{PASSWORD, create, gateway, inbox, password, sign_in};
use crate::gateway::{Actor, ChosenBy, Conflict, Error, Gateway, NewAccount, OwnQuota, quota};
use crate::mail::address::Address;
use crate::mail::contacts::{Contact, Way};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::store::engine::{Job, RawTx};
use crate::terms::AcceptFrom;

fn way(value: &str) -> Way {
    Way { label: String::new(), value: value.to_owned() }
}

pub(super) fn contact(name: &str, address: &str) -> Contact {
    let mut contact = Contact { emails: vec![way(address)], ..Contact::default() };
    contact.name.given = name.to_owned();
    contact
}

pub(super) fn names(gateway: &Gateway, actor: &Actor, text: &str) -> Vec<String> {
    let query = ContactQuery { text: text.to_owned(), limit: 100, ..ContactQuery::default() };
    let page = gateway.contact_list(actor, &query).unwrap();
    assert_eq!(page.total, page.items.len());
    page.items.into_iter().map(|item| item.name).collect()
}

/// Flips a bit of a value on the medium, below all seals.
pub(super) struct Flip(pub Vec<u8>);

impl Job for Flip {
    fn run(&mut self, tx: &mut dyn RawTx) -> bool {
        let mut value = tx.get(&self.0).unwrap().unwrap().to_vec();
        *value.last_mut().unwrap() ^= 1;
        tx.put(self.0.clone(), value.into());
        true
    }

    fn done(self: Box<Self>, outcome: Result<(), crate::store::Error>) {
        outcome.unwrap();
    }
}

/// Flips a bit of each block of an account: of its record, or of what is sealed in it for the owner.
fn damage_blocks(gateway: &Gateway, actor: &Actor, is_inside: fn(usize) -> bool) {
    let (account, store) = (actor.account(), &gateway.inner.store);
    let mut numbers = Vec::new();
    let keep = |(_, number): (_, u8)| {
        numbers.push(number);
        ControlFlow::Continue(())
    };
    store.scan_keys(&CONTACT_BLOCKS, &account, keep).unwrap();
    assert!(!numbers.is_empty());
    for (at, number) in numbers.into_iter().enumerate() {
        let key = (account, number);
        if !is_inside(at) {
            store.engine().submit(Box::new(Flip(CONTACT_BLOCKS.raw(&key))));
            continue;
        }
        let mut row = store.get(&CONTACT_BLOCKS, &key).unwrap().unwrap();
        *row.0.last_mut().unwrap() ^= 1;
        let done = store.transact(move |tx| tx.put(&CONTACT_BLOCKS, &key, &row));
        done.wait().unwrap();
    }
    // What was submitted before it is done.
    store.transact(|_| Ok::<_, crate::store::Error>(())).wait().unwrap();
}

pub(super) fn counted(gateway: &Gateway, actor: &Actor) -> u64 {
    let usage = gateway.quota(actor).unwrap().usage;
    assert_eq!(usage, quota::recount(&gateway.inner.store, actor.account()).unwrap());
    usage.octets
}

#[test]
fn a_contact_is_added_found_changed_deleted_and_restored() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let empty = counted(&gateway, &dana);
    let mut new = contact("Zoë", "zoe@a.example");
    new.notes = "likes Boats".to_owned();
    new.phones = vec![way("+49 (30) 555-0100")];
    let zoe = gateway.contact_create(&dana, new).unwrap();
    gateway.contact_create(&dana, contact("Adam", "adam@b.example")).unwrap();
    assert_eq!(names(&gateway, &dana, ""), ["Adam", "Zoë"]);
    for text in ["zoe", "ZOE@A", "boat", "5550100", "zo likes", "30 555"] {
        assert_eq!(names(&gateway, &dana, text), ["Zoë"], "{text}");
    }
    assert_eq!(names(&gateway, &dana, "zoe adam"), [""; 0]);
    let patch = ContactPatch { notes: Some(String::new()), ..ContactPatch::default() };
    let changed = gateway.contact_change(&dana, &zoe.id, zoe.version, &patch).unwrap();
    assert_eq!((changed.version, changed.contact.notes.as_str()), (2, ""));
    assert_eq!(names(&gateway, &dana, "boat"), [""; 0]);
    let full = counted(&gateway, &dana);
    assert!(full > empty);
    gateway.contact_delete(&dana, &zoe.id).unwrap();
    assert_eq!(names(&gateway, &dana, ""), ["Adam"]);
    assert!(matches!(gateway.contact(&dana, &zoe.id), Err(Error::NotFound { .. })));
    assert_eq!(gateway.contacts_expire(10).unwrap(), 0, "it can be restored for a day");
    gateway.contact_restore(&dana, &zoe.id).unwrap();
    assert_eq!(names(&gateway, &dana, "zoe"), ["Zoë"]);
    gateway.contact_delete(&dana, &zoe.id).unwrap();
    gateway.clock().advance_secs(25 * 3_600);
    assert_eq!(gateway.contacts_expire(10).unwrap(), 1);
    let dana = sign_in(&gateway, "dana");
    assert!(gateway.contact_restore(&dana, &zoe.id).is_err());
    assert!(counted(&gateway, &dana) < full);
}

/// A request with a key is carried out once, also if its contact was deleted since. With other words under
/// the same key it is another request, and is refused.
#[test]
fn a_contact_with_a_key_is_added_once() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let add = |name: &str| {
        gateway.contact_create_once(&dana, contact(name, "zoe@a.example"), Some("key-of-zoe"))
    };
    let zoe = add("Zoë").unwrap();
    assert_eq!(add("Zoë").unwrap(), zoe);
    assert!(matches!(add("Adam"), Err(Error::Conflict(Conflict::Exists))));
    assert_eq!(names(&gateway, &dana, ""), ["Zoë"]);
    gateway.contact_delete(&dana, &zoe.id).unwrap();
    assert_eq!(add("Zoë").unwrap().id, zoe.id);
    assert_eq!(names(&gateway, &dana, ""), [""; 0], "it stays deleted");
}

/// P-49.
#[test]
fn nobody_else_sees_a_contact() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let zoe = gateway.contact_create(&dana, contact("Zoë", "zoe@a.example")).unwrap();
    assert_eq!(names(&gateway, &omar, ""), [""; 0]);
    let missing = |done: Result<(), Error>| assert!(matches!(done, Err(Error::NotFound { .. })));
    missing(gateway.contact(&omar, &zoe.id).map(drop));
    let patch = ContactPatch { favourite: Some(true), ..ContactPatch::default() };
    missing(gateway.contact_change(&omar, &zoe.id, 1, &patch).map(drop));
    missing(gateway.contact_delete(&omar, &zoe.id));
    missing(gateway.contact_restore(&omar, &zoe.id).map(drop));
}

#[test]
fn two_editors_lose_nothing() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let zoe = gateway.contact_create(&dana, contact("Zoë", "zoe@a.example")).unwrap();
    let notes = |text: &str| ContactPatch { notes: Some(text.to_owned()), ..Default::default() };
    let phone = ContactPatch { phones: Some(vec![way("1")]), ..Default::default() };
    gateway.contact_change(&dana, &zoe.id, 1, &notes("one")).unwrap();
    let both = gateway.contact_change(&dana, &zoe.id, 1, &phone).unwrap();
    assert_eq!((both.contact.notes.as_str(), both.contact.phones.len()), ("one", 1));
    let refused = gateway.contact_change(&dana, &zoe.id, 1, &notes("two"));
    assert!(matches!(refused, Err(Error::Conflict(Conflict::EditedElsewhere))), "{refused:?}");
    gateway.contact_change(&dana, &zoe.id, 1, &notes("one")).unwrap();
    gateway.contact_change(&dana, &zoe.id, both.version, &notes("two")).unwrap();
    let refused = gateway.contact_change(&dana, &zoe.id, 99, &notes("three"));
    assert!(refused.is_err(), "a version that never was");
}

#[test]
fn a_file_that_is_imported_twice_adds_nothing() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let text = "BEGIN:VCARD\nUID:1\nFN:Zoë\nX-A:b\nEND:VCARD\nBEGIN:VCARD\nFN:Adam\nEND:VCARD\n";
    let first = gateway.contacts_import(&dana, Format::VCard3, text).unwrap();
    assert_eq!((first.added, first.changed, first.unchanged), (2, 0, 0));
    let second = gateway.contacts_import(&dana, Format::VCard3, text).unwrap();
    assert_eq!((second.added, second.changed, second.unchanged), (0, 0, 2));
    let more = "BEGIN:VCARD\nUID:1\nFN:Other\nTEL:1\nEND:VCARD\n".repeat(3);
    let third = gateway.contacts_import(&dana, Format::VCard3, &more).unwrap();
    assert_eq!((third.added, third.changed, third.unchanged), (0, 1, 0));
    assert_eq!(names(&gateway, &dana, ""), ["Adam", "Zoë"], "nothing was replaced");
    let exported = gateway.contacts_export(&dana, Format::VCard4, None).unwrap();
    assert_eq!(exported.next, None);
    for line in ["X-A:b", "TEL:1", "FN:Zoë", "UID:1"] {
        assert_eq!(exported.text.matches(line).count(), 1, "{}", exported.text);
    }
    let csv = gateway.contacts_export(&dana, Format::Csv, None).unwrap().text;
    let omar = sign_in(&gateway, "omar");
    assert_eq!(gateway.contacts_import(&omar, Format::Csv, &csv).unwrap().added, 2);
    assert_eq!(gateway.contacts_import(&omar, Format::Csv, &csv).unwrap().unchanged, 2);
    counted(&gateway, &omar);
}

#[test]
fn an_address_book_says_whose_an_address_is() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let zoe = gateway.contact_create(&dana, contact("Zoë", "zoe@a.example")).unwrap();
    let named = |name: &str, address: &str| Named { name: name.into(), address: address.into() };
    let asked = [
        named("Somebody", "ZOE@a.example"),
        named("zoe", "other@b.example"),
        named("Adam", "adam@b.example"),
        named("zoe@a.example", "x@b.example"),
    ];
    let known = gateway.contacts_known(&dana, &asked).unwrap();
    let who = Some((zoe.id, "Zoë".to_owned()));
    assert_eq!((&known[0].contact, &known[0].namesake), (&who, &None));
    assert_eq!((&known[1].contact, &known[1].namesake), (&None, &who));
    assert_eq!(known[2], Default::default());
    assert_eq!(known[3], Default::default());
}

/// What the blocks say is what the contacts say, so damage to them takes nothing away.
#[test]
fn a_damaged_block_is_made_anew() {
    for is_inside in [(|_| true) as fn(usize) -> bool, |_| false, |at| at % 2 == 0] {
        let gateway = gateway();
        let dana = sign_in(&gateway, "dana");
        let mut ids = Vec::new();
        for name in ["Adam", "Noa", "Zoë"] {
            let added = gateway.contact_create(&dana, contact(name, &format!("{name}@a.example")));
            ids.push(added.unwrap().id);
        }
        damage_blocks(&gateway, &dana, is_inside);
        assert_eq!(names(&gateway, &dana, ""), ["Adam", "Noa", "Zoë"]);
        assert_eq!(names(&gateway, &dana, "noa"), ["Noa"]);
        let exported = gateway.contacts_export(&dana, Format::VCard3, None).unwrap();
        assert_eq!(exported.text.matches("BEGIN:VCARD").count(), 3);
        let again = gateway.contacts_import(&dana, Format::VCard3, &exported.text).unwrap();
        assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 3));
        for id in &ids {
            let patch = ContactPatch { notes: Some("x".to_owned()), ..ContactPatch::default() };
            gateway.contact_change(&dana, id, 1, &patch).unwrap();
        }
        assert_eq!(names(&gateway, &dana, ""), ["Adam", "Noa", "Zoë"]);
        gateway.contact_delete(&dana, &ids[1]).unwrap();
        assert_eq!(names(&gateway, &dana, ""), ["Adam", "Zoë"]);
        counted(&gateway, &dana);
    }
}

/// What is kept for the list counts, and is no more than a part of what the contact counts.
#[test]
fn the_list_counts_for_the_quota_and_is_short() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let empty = counted(&gateway, &dana);
    let long = "\u{fdfa}".repeat(500);
    let ways = |name: &str| format!("{name}:{long}\n").repeat(30);
    let card =
        format!("BEGIN:VCARD\nFN:x\n{}{}NOTE:{long}\nEND:VCARD\n", ways("EMAIL"), ways("TEL"));
    let done = gateway.contacts_import(&dana, Format::VCard3, &card).unwrap();
    assert_eq!(done.added, 1);
    assert!(!done.problems.is_empty(), "it is more than a contact may say");
    let used = counted(&gateway, &dana) - empty;
    assert!((64 * 1024..90 * 1024).contains(&used), "{used}");
    let mut stored = 0;
    let add = |_, row: Sealed| {
        stored += row.0.len() as u64;
        ControlFlow::Continue(())
    };
    gateway.inner.store.scan_readable(&CONTACT_BLOCKS, &dana.account(), add).unwrap();
    assert!((1..8 * 1024).contains(&stored), "{stored}");
}

#[test]
fn a_name_that_looks_like_that_of_a_contact_is_pointed_at() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let mut noa = contact("Noa", "noa@a.example");
    (noa.name.family, noa.name.nickname) = ("Peled".to_owned(), "The Captain".to_owned());
    noa.name.full = "Dr. Noa R. Peled".to_owned();
    gateway.contact_create(&dana, noa).unwrap();
    let asked = |name: &str| Named { name: name.into(), address: "evil@b.example".into() };
    let alike = [
        "Noa Peled",
        "noa  PELED",
        "Noa\u{a0}\u{a0}Peled",
        " Noa Peled ",
        "Peled, Noa",
        "Noa Peled (Acme)",
        "\u{39d}oa Peled",
        "N\u{43e}\u{430} Peled",
        "Noa Pele\u{301}d",
        "the captain",
        "Dr. Noa R. Peled",
        "Noa Peled Acme Inc.",
        "Prof. Peled, Noa",
    ];
    let found = gateway.contacts_known(&dana, &alike.map(asked)).unwrap();
    for (name, known) in alike.iter().zip(&found) {
        assert!(known.namesake.is_some() && known.contact.is_none(), "{name}");
    }
    let others = ["Noa", "Peled", "Noa Levi", "", "noa@a.example", "Captain"];
    let found = gateway.contacts_known(&dana, &others.map(asked)).unwrap();
    for (name, known) in others.iter().zip(&found) {
        assert_eq!(known, &Default::default(), "{name}");
    }
}

#[test]
fn duplicates_are_found_and_merged() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let one = gateway.contact_create(&dana, contact("Zoë", "zoe@a.example")).unwrap();
    let two = gateway.contact_create(&dana, contact("Z.", "Zoe@A.example")).unwrap();
    let three = gateway.contact_create(&dana, contact("Z.", "z@b.example")).unwrap();
    gateway.contact_create(&dana, contact("Adam", "adam@b.example")).unwrap();
    let found = gateway.contact_duplicates(&dana).unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [3]);
    let ids = [one.id.clone(), two.id.clone(), three.id];
    let merged = gateway.contact_merge(&dana, &ids).unwrap();
    assert_eq!(merged.contact.emails, [way("zoe@a.example"), way("z@b.example")]);
    assert_eq!(names(&gateway, &dana, ""), ["Adam", "Zoë"]);
    // Undone: each is what it was.
    for id in &ids {
        gateway.contact_restore(&dana, id).unwrap();
    }
    gateway.contact_delete(&dana, &merged.id).unwrap();
    assert_eq!(gateway.contact(&dana, &one.id).unwrap().contact, one.contact);
    assert_eq!(gateway.contact(&dana, &two.id).unwrap().contact, two.contact);
    assert_eq!(names(&gateway, &dana, ""), ["Adam", "Z.", "Z.", "Zoë"]);
    counted(&gateway, &dana);
    assert!(gateway.contact_merge(&dana, &[one.id.clone(), one.id]).is_err());
}

pub(super) fn proposed(name: &str) -> Proposed {
    let to = "Omar@example.org".to_owned();
    Proposed { contact: contact(name, "zoe@a.example"), note: "Please".to_owned(), to }
}

/// P-50, P-51.
#[test]
fn a_request_is_answered_once_and_its_sender_is_told() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let ask = |name: &str| gateway.contact_request(&dana, "Omar@example.org", proposed(name));
    let reference = ask("Zoë").unwrap();
    let again = ask("Zoë");
    assert!(matches!(again, Err(Error::Conflict(Conflict::RequestWaits))), "{again:?}");
    let other = ask("Yael").unwrap();
    let waiting = gateway.contact_requests(&omar).unwrap();
    assert_eq!(waiting.len(), 2);
    let one = waiting.iter().find(|one| one.reference == reference.to_string()).unwrap();
    assert_eq!(one.proposed, proposed("Zoë"));
    assert_eq!(one.from.1, "dana@example.org");
    assert!(gateway.contact_requests(&dana).unwrap().is_empty());
    assert!(gateway.contact_request_answer(&dana, reference, &Answer::Allow(None)).is_err());
    let message = gateway.message_item(&omar, reference).unwrap();
    assert!(message.subject.contains("Zoë"), "{}", message.subject);
    let id = gateway.contact_request_answer(&omar, reference, &Answer::Allow(None)).unwrap();
    assert_eq!(gateway.contact(&omar, &id.unwrap()).unwrap().contact, proposed("Zoë").contact);
    assert_eq!(gateway.contact_request_answer(&omar, other, &Answer::Refuse).unwrap(), None);
    assert_eq!(names(&gateway, &omar, ""), ["Zoë"]);
    let twice = gateway.contact_request_answer(&omar, reference, &Answer::Refuse);
    assert!(matches!(twice, Err(Error::NotFound { .. })), "{twice:?}");
    let asked = gateway.contacts_asked(&dana).unwrap();
    let mut outcomes: Vec<_> =
        asked.iter().map(|one| format!("{} {:?}", one.name, one.outcome)).collect();
    outcomes.sort();
    assert_eq!(outcomes, ["Yael Some(Refused)", "Zoë Some(Allowed)"]);
    for unknown in ["nobody@example.org", "dana@example.org", "omar@b.example", "x"] {
        let refused = gateway.contact_request(&dana, unknown, proposed("A"));
        assert!(matches!(refused, Err(Error::NotFound { .. })), "{unknown}");
    }
    counted(&gateway, &omar);
}

#[test]
fn requests_of_a_day_are_limited() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let ask = |name: &str| gateway.contact_request(&dana, "omar@example.org", proposed(name));
    for number in 0..DAILY_MAX {
        let reference = ask(&number.to_string()).unwrap();
        gateway.contact_request_answer(&omar, reference, &Answer::Refuse).unwrap();
    }
    let refused = ask("more");
    assert!(matches!(refused, Err(Error::Conflict(Conflict::RequestedOften))), "{refused:?}");
    gateway.clock().advance_secs(25 * 3_600);
    let dana = sign_in(&gateway, "dana");
    gateway.contact_request(&dana, "omar@example.org", proposed("more")).unwrap();
}

fn is_waiting(refused: &Result<Reference, Error>) -> bool {
    matches!(refused, Err(Error::Conflict(Conflict::RequestWaits)))
}

/// One sender cannot fill what waits for somebody, not even with requests at the same time.
#[test]
fn few_requests_of_one_sender_wait() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let ask = |name: &str| gateway.contact_request(&dana, "omar@example.org", proposed(name));
    ask("Noa Levi").unwrap();
    for same in ["noa  levi", "Levi Noa", " NOA\u{a0}Levi"] {
        assert!(is_waiting(&ask(same)), "{same}");
    }
    let asked: Vec<_> = std::thread::scope(|scope| {
        let ask = &ask;
        let threads: Vec<_> =
            (0..12).map(|number| scope.spawn(move || ask(&format!("n{number}")))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(asked.iter().filter(|one| one.is_ok()).count(), WAITING_OF_ONE_MAX - 1, "{asked:?}");
    assert!(asked.iter().all(|one| one.is_ok() || is_waiting(one)), "{asked:?}");
    let waiting = gateway.contact_requests(&omar).unwrap();
    assert_eq!(waiting.len(), WAITING_OF_ONE_MAX);
    let reference: Reference = waiting[0].reference.parse().unwrap();
    gateway.contact_request_answer(&omar, reference, &Answer::Refuse).unwrap();
    assert!(counted(&gateway, &omar) > 0);
    ask("after an answer").unwrap();
    assert!(counted(&gateway, &omar) > 0 && counted(&gateway, &dana) > 0);
}

#[test]
fn a_request_that_nobody_answers_ends() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let ask = |actor: &Actor| gateway.contact_request(actor, "omar@example.org", proposed("Zoë"));
    let old = ask(&dana).unwrap();
    assert_eq!(gateway.contact_requests_expire(10).unwrap(), 0);
    assert_eq!(gateway.contact_requests(&omar).unwrap().len(), 1);
    gateway.clock().advance_secs(WAITING_DAYS * 24 * 3_600 + 1);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let new = gateway.contact_request(&dana, "omar@example.org", proposed("Yael")).unwrap();
    assert_eq!(gateway.contact_requests_expire(10).unwrap(), 1);
    assert_eq!(gateway.contact_requests_expire(10).unwrap(), 0);
    let ended = gateway.contact_request_answer(&omar, old, &Answer::Allow(None));
    assert!(matches!(ended, Err(Error::NotFound { .. })), "{ended:?}");
    let left = gateway.contact_requests(&omar).unwrap();
    assert_eq!(left.iter().map(|one| &one.reference).collect::<Vec<_>>(), [&new.to_string()]);
    assert_eq!(gateway.contacts_asked(&dana).unwrap().len(), 1);
    counted(&gateway, &omar);
    counted(&gateway, &dana);
    ask(&dana).unwrap();
}

/// P-57: who takes no mail from inside gets no request, either, nor does a mailbox that is full.
#[test]
fn a_request_is_refused_where_a_message_is() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let ask = || gateway.contact_request(&dana, "omar@example.org", proposed("Zoë"));
    gateway.account_accept_from("omar", AcceptFrom::Outside).unwrap();
    assert!(matches!(ask(), Err(Error::NotFound { .. })));
    gateway.account_accept_from("omar", AcceptFrom::Both).unwrap();
    let full = OwnQuota { octets: Some(1), messages: None };
    gateway.account_quota("omar", full).unwrap();
    assert!(matches!(ask(), Err(Error::MailboxFull)));
    assert!(inbox(&gateway, &omar).is_empty());
    assert!(gateway.contact_requests(&omar).unwrap().is_empty());
    gateway.account_quota("omar", OwnQuota { octets: None, messages: None }).unwrap();
    ask().unwrap();
    assert_eq!(inbox(&gateway, &omar).len(), 1);
}

/// What waits is never forgotten, however much its sender asks elsewhere.
#[test]
fn many_requests_elsewhere_open_no_more_room() {
    let gateway = gateway();
    create(&gateway, "yael").unwrap();
    let ask = |to: &str, name: &str| {
        let dana = sign_in(&gateway, "dana");
        gateway.contact_request(&dana, &format!("{to}@example.org"), proposed(name))
    };
    for name in ["a", "b", "c", "d", "e"] {
        ask("omar", name).unwrap();
    }
    for day in 0..5 {
        gateway.clock().advance_secs(24 * 3_600 + 1);
        let yael = sign_in(&gateway, "yael");
        let dana = sign_in(&gateway, "dana");
        for number in 0..DAILY_MAX {
            let name = format!("{day} {number}");
            let asked = gateway.contact_request(&dana, "yael@example.org", proposed(&name));
            gateway.contact_request_answer(&yael, asked.unwrap(), &Answer::Refuse).unwrap();
        }
    }
    gateway.clock().advance_secs(24 * 3_600 + 1);
    assert!(is_waiting(&ask("omar", "f")));
    assert!(is_waiting(&ask("omar", "a")));
    assert_eq!(gateway.contact_requests(&sign_in(&gateway, "omar")).unwrap().len(), 5);
}

/// Who asks for the address of a role learns nobody's name by it.
#[test]
fn who_has_the_address_of_a_role_is_not_said() {
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
    let (dana, yael) = (sign_in(&gateway, "dana"), sign_in(&gateway, "yael"));
    let answered = |to: &str, name: &str| {
        let reference = gateway.contact_request(&dana, to, proposed(name)).unwrap();
        let asked = gateway.contacts_asked(&dana).unwrap();
        assert_eq!(asked.iter().find(|one| one.name == name).unwrap().to, to);
        gateway.contact_request_answer(&yael, reference, &Answer::Refuse).unwrap();
        let mut subjects = inbox(&gateway, &dana).into_iter().map(|item| item.subject);
        subjects.find(|subject| subject.contains(name)).unwrap()
    };
    let said = answered("Info@example.org", "Noa");
    assert!(said.contains("Info@example.org"), "{said}");
    assert!(!said.to_lowercase().contains("yael") && !said.contains("Stern"), "{said}");
    let said = answered("yael@example.org", "Adam");
    assert!(said.contains("Yael Stern"), "{said}");
    // Nor does one address know what waits at the other.
    let ask = |to: &str, name: &str| gateway.contact_request(&dana, to, proposed(name));
    for name in ["Same", "b", "c", "d", "e"] {
        ask("yael@example.org", name).unwrap();
    }
    assert!(is_waiting(&ask("yael@example.org", "f")));
    ask("info@example.org", "Same").unwrap();
    assert!(is_waiting(&ask("Info@example.org", "Same")));
}

/// What is stored by *Allow* is what was shown: the core takes nothing else from a request.
#[test]
fn a_request_has_no_more_than_is_shown() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let mut all = contact("Zoë", "zoe@a.example");
    all.notes = "a secret".to_owned();
    (all.labels, all.own) = (vec!["Boss".to_owned()], vec![way("12345")]);
    (all.favourite, all.birthday) = (true, "1980-05-04".to_owned());
    (all.kept, all.source) = (vec!["X-A:b".to_owned()], vec!["FN;X=y:Zoë".to_owned()]);
    all.uid = "1".to_owned();
    let asked = Proposed { contact: all, ..proposed("") };
    let reference = gateway.contact_request(&dana, "omar@example.org", asked).unwrap();
    let waiting = gateway.contact_requests(&omar).unwrap();
    assert_eq!(waiting[0].proposed.contact, proposed("Zoë").contact);
    let id = gateway.contact_request_answer(&omar, reference, &Answer::Allow(None)).unwrap();
    assert_eq!(gateway.contact(&omar, &id.unwrap()).unwrap().contact, proposed("Zoë").contact);
    let only = Contact { notes: "a secret".to_owned(), ..Contact::default() };
    let nothing = Proposed { contact: only, ..proposed("") };
    let refused = gateway.contact_request(&dana, "omar@example.org", nothing);
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    let mut long = contact("Zoë", "zoe@a.example");
    long.urls = vec![way(&"x".repeat(500)); 30];
    long.emails.extend(vec![way(&"y".repeat(500)); 10]);
    let long = Proposed { contact: long, ..proposed("") };
    let refused = gateway.contact_request(&dana, "omar@example.org", long);
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
}
