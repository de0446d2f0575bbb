//! The limits of rooms on the engine in memory: how many are in one, who asks again, who controls it, and what
//! coming and going costs.

use super::find::{FIND_OCTETS_MAX, FOUND_MAX};
use super::keys::ring_of;
use super::line::LinesQuery;
use super::member::{Leaving, Part, REFUSED_MAX, REFUSED_SECS, RoomAnswer};
use super::presence::{OwnRoom, PRESENCE_MEMBERS_MAX};
use super::tests::{admitted, heard, line, lines, opened, say};
use crate::clock::Timestamp;
use crate::gateway::chat::rows::joined_in_tx;
use crate::gateway::group_tests::gateway_of;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::room::{RoomMember, RoomRefused};
use crate::gateway::records::tables::{
    RINGS, ROOM_LINES, ROOM_MEMBERS, ROOM_REFUSED, ROOMS, ROOMS_OF,
};
use crate::gateway::tests::{create, gateway_with, sign_in};
use crate::gateway::{Actor, Error, Gateway, RoomListener, RoomNews};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::LineKind;

fn asks(gateway: &Gateway, room: Reference, who: &Actor) -> Result<(), Error> {
    gateway.room_ask(who, room)
}

fn answered(
    gateway: &Gateway,
    (by, room, who): (&Actor, Reference, &Actor),
    answer: RoomAnswer,
) -> Result<(), Error> {
    gateway.room_answer(by, room, &who.account().to_text(), answer)
}

/// The hints and lines that came, without the room's number.
fn came(stream: &RoomListener) -> Vec<String> {
    std::iter::from_fn(|| stream.waiting())
        .map(|news| match news {
            RoomNews::Hint(hint) => hint.split_once(' ').unwrap().1.to_owned(),
            RoomNews::Line(line) => line.text.to_string(),
            RoomNews::Missed => "missed".to_owned(),
        })
        .collect()
}

/// Fills a room with members who have no account, up to so many in all.
fn filled(gateway: &Gateway, room: Reference, members: usize) {
    let id = room.to_bytes();
    let done = gateway.transact(move |tx| {
        let row = tx.get(&ROOMS, &id)?.unwrap();
        for n in tx.count(&ROOM_MEMBERS, &id)?..members as u64 {
            let who = [&[9; 8][..], &n.to_be_bytes()].concat().try_into().unwrap();
            joined_in_tx(tx, (id, AccountId(who)), &RoomMember::new(row.created, 1, 1))?;
        }
        Ok::<_, Error>(())
    });
    done.wait().unwrap();
}

#[test]
fn a_room_that_hides_what_was_said_before_has_fewer_members() {
    let gateway = gateway_with(|settings| settings.chat.hidden_members_max = 2);
    create(&gateway, "yael").unwrap();
    let [dana, omar, yael] = ["dana", "omar", "yael"].map(|name| sign_in(&gateway, name));
    for (shares, is_full) in [(false, true), (true, false)] {
        let room = opened(&gateway, &dana, shares);
        admitted(&gateway, &dana, room, &omar);
        asks(&gateway, room, &yael).unwrap();
        let third = answered(&gateway, (&dana, room, &yael), RoomAnswer::Admit);
        assert_eq!(matches!(third, Err(Error::OverQuota)), is_full, "{third:?}");
    }
}

#[test]
fn who_was_refused_or_removed_waits_before_asking_again() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    let is_refused = |who: &Actor| matches!(asks(&gateway, room, who), Err(Error::Denied { .. }));
    asks(&gateway, room, &omar).unwrap();
    answered(&gateway, (&dana, room, &omar), RoomAnswer::Refuse).unwrap();
    gateway.room_ask_end(&omar, room).unwrap();
    assert!(is_refused(&omar));
    gateway.clock().advance_secs(REFUSED_SECS);
    admitted(&gateway, &dana, room, &omar);
    gateway.room_remove(&dana, room, &omar.account().to_text()).unwrap();
    assert!(is_refused(&omar));
    gateway.clock().advance_secs(REFUSED_SECS);
    asks(&gateway, room, &omar).unwrap();
    answered(&gateway, (&dana, room, &omar), RoomAnswer::RefuseForGood).unwrap();
    gateway.room_ask_end(&omar, room).unwrap();
    gateway.clock().advance_secs(24 * REFUSED_SECS);
    assert!(is_refused(&omar));
    let other = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, other, &omar);
}

/// A room whose controllers cannot sign in gets another one, by the next who asks to join or who looks at the
/// members; the last one who can stays.
#[test]
fn a_room_whose_only_controller_is_disabled_goes_on() {
    let gateway = gateway_of(&["yael", "noa"]);
    let [dana, omar, yael, noa] =
        ["dana", "omar", "yael", "noa"].map(|name| sign_in(&gateway, name));
    let room = opened(&gateway, &dana, false);
    for who in [&omar, &yael] {
        gateway.clock().advance_secs(1);
        admitted(&gateway, &dana, room, who);
    }
    let controls = |who: &Actor| gateway.chat_room(who, room).unwrap().controller;
    gateway.account_disable("dana").unwrap();
    assert!(!controls(&omar));
    asks(&gateway, room, &noa).unwrap();
    assert!(controls(&omar) && !controls(&yael), "who is there longest");
    gateway.account_disable("omar").unwrap();
    gateway.room_members(&yael, room, (0, 10)).unwrap();
    assert!(controls(&yael));
    answered(&gateway, (&yael, room, &noa), RoomAnswer::Admit).unwrap();
    let own = yael.account().to_text();
    assert!(gateway.room_appoint(&yael, room, &own, Part::Member).is_err(), "dana is no other");
}

#[test]
fn requests_come_in_pages() {
    let gateway = gateway_of(&["yael", "noa"]);
    let dana = sign_in(&gateway, "dana");
    let room = opened(&gateway, &dana, false);
    let asking = ["omar", "yael", "noa"];
    for name in asking {
        asks(&gateway, room, &sign_in(&gateway, name)).unwrap();
        gateway.clock().advance_secs(1);
    }
    let mut found = Vec::new();
    for offset in [0, 2, 4] {
        let page = gateway.room_requests(&dana, room, (offset, 2)).unwrap();
        assert!(page.items.len() <= 2 && page.total == 3);
        found.extend(page.items.into_iter().map(|one| one.person.address));
    }
    assert_eq!(found, asking.map(|name| format!("{name}@example.org")));
}

/// In a large room nobody's coming and going is a line; a hint says that somebody is away.
#[test]
fn coming_and_going_fills_no_large_room() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    for (members, is_line) in [(PRESENCE_MEMBERS_MAX, true), (PRESENCE_MEMBERS_MAX + 1, false)] {
        let omar = sign_in(&gateway, "omar");
        let room = opened(&gateway, &dana, true);
        admitted(&gateway, &dana, room, &omar);
        filled(&gateway, room, members);
        let stream = gateway.room_news(&dana).unwrap();
        gateway.room_read(&omar, room, 2).unwrap();
        assert_eq!(came(&stream), if is_line { vec!["members"] } else { vec![] });
        gateway.session_close(&omar, &omar.session_id()).unwrap();
        gateway.rooms_away().unwrap();
        let away = format!("away-{}", omar.account().to_text());
        let hints = if is_line { vec!["members", "3"] } else { vec![away.as_str()] };
        assert_eq!(came(&stream), hints);
        let omar = sign_in(&gateway, "omar");
        gateway.room_read(&omar, room, 3).unwrap();
        let kinds: Vec<_> =
            lines(&gateway, &dana, room).items.into_iter().skip(2).map(|line| line.kind).collect();
        let expected: &[_] = if is_line { &[LineKind::Away, LineKind::Back] } else { &[] };
        assert_eq!(kinds, expected);
        gateway.session_close(&omar, &omar.session_id()).unwrap();
        gateway.rooms_away().unwrap();
    }
}

#[test]
fn that_somebody_types_is_told_once_in_a_while() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let stream = gateway.room_news(&dana).unwrap();
    let types = || {
        (0..5).for_each(|_| gateway.room_typing(&omar, room).unwrap());
        came(&stream).len()
    };
    assert_eq!(types(), 1);
    gateway.clock().advance_secs(2);
    assert_eq!(types(), 0);
    gateway.clock().advance_secs(1);
    assert_eq!(types(), 1);
    // Another room is told by itself.
    let other = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, other, &omar);
    came(&stream);
    gateway.room_typing(&omar, other).unwrap();
    assert_eq!(came(&stream).len(), 1);
}

/// Reactions count for the room, until they are taken back or the line goes.
#[test]
fn reactions_count_for_the_room() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let octets = || gateway.store().get(&ROOMS, &room.to_bytes()).unwrap().unwrap().octets;
    let number = say(&gateway, &dana, room, "something");
    let said = octets();
    gateway.room_react(&omar, (room, number), Some("👍")).unwrap();
    let one = octets();
    assert!(one > said);
    gateway.room_react(&omar, (room, number), Some("👎")).unwrap();
    assert_eq!(octets(), one, "in place of the other one");
    gateway.room_react(&omar, (room, number), None).unwrap();
    assert_eq!(octets(), said);
    gateway.room_react(&omar, (room, number), Some("👍")).unwrap();
    gateway.room_line_delete(&dana, (room, number)).unwrap();
    assert_eq!(octets(), 0);
}

/// What a room held that ends goes afterwards, by a job; nobody finds it meanwhile, and it takes no place.
#[test]
fn a_room_that_ends_is_gone_at_once_and_deleted_later() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    say(&gateway, &dana, room, "something");
    let id = room.to_bytes();
    gateway.room_end(&dana, room).unwrap();
    assert!(gateway.store().count(&ROOM_LINES, &id).unwrap() > 0, "the request deletes nothing");
    for who in [&dana, &omar] {
        assert!(gateway.rooms(who).unwrap().is_empty());
        assert!(gateway.room_lines(who, room, (LinesQuery::After(0), 10)).is_err());
    }
    gateway.rooms_watch().unwrap();
    assert_eq!(gateway.store().count(&ROOM_LINES, &id).unwrap(), 0);
    assert_eq!(gateway.store().count(&ROOMS_OF, &()).unwrap(), 0);
    assert!(!gateway.store().has(&ROOMS, &id).unwrap());
    assert!(!gateway.store().has(&RINGS, &ring_of(id)).unwrap());
}

/// Somebody whose keys were shut out while others talked reads again as soon as another member only reads.
#[test]
fn who_reads_brings_somebody_back_in() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, true);
    admitted(&gateway, &dana, room, &omar);
    gateway.account_disable("omar").unwrap();
    gateway.room_say(&dana, room, &line("meanwhile")).unwrap();
    gateway.account_enable("omar").unwrap();
    let omar = sign_in(&gateway, "omar");
    assert_eq!(heard(&gateway, &omar, room), ["closed"]);
    assert_eq!(heard(&gateway, &dana, room), ["meanwhile"]);
    assert_eq!(heard(&gateway, &omar, room), ["meanwhile"]);
}

/// What was said is found by those who see it, the latest first; and where not all of it was looked at, the answer
/// says so.
#[test]
fn what_was_said_is_found_by_its_words() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let (room, other) = (opened(&gateway, &dana, false), opened(&gateway, &dana, true));
    say(&gateway, &dana, room, "The Café opens at nine");
    for room in [room, other] {
        admitted(&gateway, &dana, room, &omar);
    }
    gateway.clock().advance_secs(1);
    say(&gateway, &omar, other, "cafes close at ten");
    let taken_back = say(&gateway, &omar, other, "café, no");
    gateway.room_line_delete(&omar, (other, taken_back)).unwrap();
    let found = |who: &Actor, room: Option<Reference>, text: &str| {
        let found = gateway.rooms_find(who, room, text).unwrap();
        assert!(found.whole);
        found.items.into_iter().map(|(_, line)| line.text.unwrap()).collect::<Vec<_>>()
    };
    let (opens, closes) = ("The Café opens at nine", "cafes close at ten");
    assert_eq!(found(&dana, None, "CAFE"), [closes, opens]);
    assert_eq!(found(&dana, Some(room), "cafe"), [opens]);
    assert_eq!(found(&dana, None, "cafe nine"), [opens]);
    assert_eq!(found(&omar, None, "cafe"), [closes], "omar does not see what was said before");
    assert!(found(&dana, None, "tea").is_empty());
    for wrong in ["", " - ", &"x ".repeat(101)] {
        assert!(matches!(gateway.rooms_find(&dana, None, wrong), Err(Error::Invalid { .. })));
    }
    gateway.room_leave(&omar, other, Leaving::Silent).unwrap();
    assert!(found(&omar, None, "cafe").is_empty());
    assert!(matches!(
        gateway.rooms_find(&omar, Some(other), "cafe"),
        Err(Error::NotFound { what: "room" })
    ));
    for n in 0..=FOUND_MAX {
        say(&gateway, &dana, room, &format!("tea {n}"));
    }
    let many = gateway.rooms_find(&dana, None, "tea").unwrap();
    assert!(!many.whole && many.items.len() == FOUND_MAX);
    assert_eq!(many.items[0].1.text.as_deref(), Some(format!("tea {FOUND_MAX}").as_str()));
}

/// Who hides it is seen neither to go nor to mute a room.
#[test]
fn who_hides_presence_is_given_away_by_no_hint() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let hides = OwnRoom { shows: Some(false), mutes: None };
    gateway.room_own(&omar, room, hides).unwrap();
    let stream = gateway.room_news(&dana).unwrap();
    gateway.room_own(&omar, room, OwnRoom { shows: None, mutes: Some(true) }).unwrap();
    gateway.room_own(&omar, room, hides).unwrap();
    gateway.room_read(&omar, room, 2).unwrap();
    gateway.session_close(&omar, &omar.session_id()).unwrap();
    gateway.rooms_away().unwrap();
    assert_eq!(came(&stream), [""; 0]);
    // Who shows it, and has the room open elsewhere, has not gone.
    let (one, other) = (sign_in(&gateway, "omar"), sign_in(&gateway, "omar"));
    gateway.room_own(&one, room, OwnRoom { shows: Some(true), mutes: None }).unwrap();
    gateway.room_read(&one, room, 2).unwrap();
    gateway.room_read(&other, room, 2).unwrap();
    came(&stream);
    gateway.session_close(&one, &one.session_id()).unwrap();
    gateway.rooms_away().unwrap();
    assert_eq!(came(&stream), [""; 0]);
    gateway.session_close(&other, &other.session_id()).unwrap();
    gateway.rooms_away().unwrap();
    assert_eq!(came(&stream), ["members", "3"]);
}

/// Who is in a room no more hears that, and no line that waited.
#[test]
fn who_is_out_of_a_room_hears_that_and_no_line() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let in_room = || {
        let room = opened(&gateway, &dana, false);
        admitted(&gateway, &dana, room, &omar);
        let stream = gateway.room_news(&omar).unwrap();
        say(&gateway, &dana, room, "waits");
        (room, stream)
    };
    let (room, stream) = in_room();
    gateway.room_remove(&dana, room, &omar.account().to_text()).unwrap();
    assert_eq!(came(&stream), ["out"]);
    let (room, stream) = in_room();
    gateway.room_leave(&omar, room, Leaving::Silent).unwrap();
    assert_eq!(came(&stream), ["out"]);
    let (room, stream) = in_room();
    gateway.room_end(&dana, room).unwrap();
    assert_eq!(came(&stream), ["ended"]);
}

/// A line that waits for a stream still comes there when somebody reacts to it; one that is changed or deleted
/// first comes as its number, which counts as something new, and says nothing of what it said.
#[test]
fn a_line_that_waits_counts_as_new_whatever_becomes_of_it() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let stream = gateway.room_news(&omar).unwrap();
    let [liked, changed, deleted] =
        ["liked", "secret", "secret too"].map(|text| say(&gateway, &dana, room, text));
    gateway.room_react(&dana, (room, liked), Some("👍")).unwrap();
    gateway.room_react(&dana, (room, liked), None).unwrap();
    gateway.room_line_edit(&dana, (room, changed), "changed").unwrap();
    gateway.room_line_delete(&dana, (room, deleted)).unwrap();
    let again = |number: u64| format!("line-{number}");
    let expected = [
        "liked".to_owned(),
        changed.to_string(),
        deleted.to_string(),
        again(liked),
        again(liked),
        again(changed),
        again(deleted),
    ];
    assert_eq!(came(&stream), expected);
}

/// However often others refuse somebody for good, none of it is forgotten; what was not for good goes first.
#[test]
fn a_refusal_for_good_is_not_pushed_out() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let (room, other) = (opened(&gateway, &dana, false), opened(&gateway, &dana, false));
    asks(&gateway, room, &omar).unwrap();
    asks(&gateway, other, &omar).unwrap();
    answered(&gateway, (&dana, room, &omar), RoomAnswer::RefuseForGood).unwrap();
    let who = omar.account();
    let filled = |for_good| {
        let done = gateway.transact(move |tx| {
            let at = Timestamp(1);
            (0..REFUSED_MAX).try_for_each(|n| {
                let id = [&[7; 8][..], &n.to_be_bytes()].concat().try_into().unwrap();
                tx.put(&ROOM_REFUSED, &(who, id), &RoomRefused { at, for_good })
            })?;
            Ok::<_, Error>(())
        });
        done.wait().unwrap();
    };
    filled(false);
    let before = gateway.store().count(&ROOM_REFUSED, &who).unwrap();
    answered(&gateway, (&dana, other, &omar), RoomAnswer::Refuse).unwrap();
    assert_eq!(gateway.store().count(&ROOM_REFUSED, &who).unwrap(), before);
    let row = gateway.store().get(&ROOM_REFUSED, &(who, room.to_bytes())).unwrap();
    assert!(row.is_some_and(|row| row.for_good));
    filled(true);
    let third = opened(&gateway, &dana, false);
    assert!(matches!(asks(&gateway, third, &omar), Err(Error::OverQuota)));
}

/// A request opens only so much, says so, and holds no more than it answers.
#[test]
fn a_search_has_a_bound_in_octets() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let room = opened(&gateway, &dana, false);
    say(&gateway, &dana, room, "needle");
    let long = "hay ".repeat(1_900);
    for _ in 0..=FIND_OCTETS_MAX / long.len() {
        say(&gateway, &dana, room, &long);
    }
    let found = gateway.rooms_find(&dana, Some(room), "needle").unwrap();
    assert!(found.items.is_empty() && !found.whole);
    say(&gateway, &dana, room, "needle again");
    let found = gateway.rooms_find(&dana, Some(room), "needle").unwrap();
    assert_eq!((found.items.len(), found.whole), (1, false));
}
