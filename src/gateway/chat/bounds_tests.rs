//! The bounds of chat on the engine in memory: what one person may not do to another, and what is seen
//! whatever happens beside it.

use super::line::TEXT_CHARS_MAX;
use super::member::Leaving;
use super::passes::next_keys;
use super::rows::{LEFT_OF_TWO_MAX, ROOMS_OF_MAX, joined_in_tx};
use super::tests::{admitted, opened, reading, say};
use super::transcript::TRANSCRIPT_OCTETS_MAX;
use crate::clock::Timestamp;
use crate::gateway::Error;
use crate::gateway::group_tests::{gateway_of, new_group};
use crate::gateway::groups::group::NewGroup;
use crate::gateway::records::mailbox::OwnQuota;
use crate::gateway::records::queue::Due;
use crate::gateway::records::room::RoomMember;
use crate::gateway::records::room_events::{RoomEvent, event_in_tx};
use crate::gateway::records::tables::{ROOM_MEMBERS, ROOM_WATCH, ROOMS};
use crate::gateway::tests::{create, gateway_with, inbox, sign_in};
use crate::mail::address::Address;
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{GroupKind, LineKind};

/// Asking for an address of a role, or another alias, does not say whose it is, whether that person is in a
/// closed group or not.
#[test]
fn a_conversation_does_not_say_whose_an_alias_is() {
    let gateway = gateway_with(|settings| settings.postmaster = Some("dana".to_owned()));
    for name in ["yael", "noa"] {
        create(&gateway, name).unwrap();
    }
    let ceo = Address::parse("ceo@example.org").unwrap();
    gateway.account_address_add("yael", &ceo).unwrap();
    gateway.account_manager("dana", true).unwrap();
    let (dana, noa) = (sign_in(&gateway, "dana"), sign_in(&gateway, "noa"));
    let known = gateway.room_with(&noa, "YAEL@example.org").unwrap();
    assert_eq!(known.other.unwrap().address, "yael@example.org");
    let nobody = |address: &str| {
        let found = gateway.room_with(&noa, address);
        assert!(matches!(found, Err(Error::NotFound { what: "person" })), "{address}: {found:?}");
    };
    for address in ["ceo@example.org", "CEO@example.org", "postmaster@example.org"] {
        nobody(address);
    }
    let rooms = gateway.rooms(&noa).unwrap().len();
    let closed = NewGroup { kind: GroupKind::Closed, ..new_group() };
    gateway.group_create(&dana, closed).unwrap();
    for address in ["dana@example.org", "postmaster@example.org", "abuse@example.org"] {
        nobody(address);
    }
    assert_eq!(gateway.rooms(&noa).unwrap().len(), rooms);
}

/// Beginning conversations and leaving them takes nobody's places.
#[test]
fn nobody_fills_the_list_of_somebody_else() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let begin = || -> Result<Reference, Error> {
        Ok(gateway.room_with(&dana, "omar@example.org")?.id.parse().unwrap())
    };
    for _ in 0..2 * LEFT_OF_TWO_MAX {
        gateway.room_leave(&dana, begin().unwrap(), Leaving::Silent).unwrap();
        assert_eq!(gateway.rooms(&omar).unwrap(), [], "one in which nothing was said ends");
    }
    for _ in 0..LEFT_OF_TWO_MAX {
        let room = begin().unwrap();
        say(&gateway, &dana, room, "hello");
        gateway.room_leave(&dana, room, Leaving::Silent).unwrap();
    }
    assert!(matches!(begin(), Err(Error::Denied { .. })));
    let left = gateway.rooms(&omar).unwrap();
    assert_eq!(left.len(), LEFT_OF_TWO_MAX);
    // The other one still begins one, and has room again after leaving one.
    let other = gateway.room_with(&omar, "dana@example.org").unwrap();
    gateway.room_leave(&omar, other.id.parse().unwrap(), Leaving::Silent).unwrap();
    gateway.room_leave(&omar, left[0].id.parse().unwrap(), Leaving::Silent).unwrap();
    begin().unwrap();
    let invited = |id: &str| {
        let id = id.parse::<Reference>().unwrap().to_bytes();
        gateway.store().get(&ROOM_MEMBERS, &(id, omar.account())).unwrap().unwrap().invited
    };
    assert!(gateway.rooms(&omar).unwrap().iter().all(|room| invited(&room.id)));
    let own = opened(&gateway, &omar, false);
    assert!(!invited(&own.to_string()));
}

/// What others began takes none of somebody's own places.
#[test]
fn a_list_that_others_filled_has_places_of_its_own() {
    let gateway = gateway_of(&[]);
    let omar = sign_in(&gateway, "omar");
    let fill = |invited, n: usize| {
        let who = omar.account();
        let done = gateway.transact(move |tx| {
            let id = |n: usize| [&[u8::from(invited); 8][..], &n.to_be_bytes()].concat();
            let id: [u8; 16] = id(n).try_into().unwrap();
            let member = RoomMember { invited, ..RoomMember::new(Timestamp(1), 0, 1) };
            joined_in_tx(tx, (id, who), &member)
        });
        done.wait()
    };
    for n in 0..ROOMS_OF_MAX {
        fill(true, n).unwrap();
    }
    assert!(matches!(fill(true, ROOMS_OF_MAX), Err(Error::OverQuota)));
    opened(&gateway, &omar, false);
    for n in 1..ROOMS_OF_MAX {
        fill(false, n).unwrap();
    }
    assert!(matches!(fill(false, ROOMS_OF_MAX), Err(Error::OverQuota)));
}

/// A transcript that was made before a line was deleted or changed is not stored.
#[test]
fn a_transcript_is_made_again_if_something_is_deleted_meanwhile() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let number = say(&gateway, &dana, room, "taken-back");
    let (id, who) = (room.to_bytes(), omar.account());
    let made = || {
        let row = gateway.store().get(&ROOMS, &id).unwrap().unwrap();
        let member = gateway.store().get(&ROOM_MEMBERS, &(id, who)).unwrap().unwrap();
        gateway.room_transcript(&omar, id, (&row, &member)).unwrap()
    };
    let is_late = |made| matches!(gateway.room_leave_with(who, id, Some(made)), Err(Error::Busy));
    let before = made();
    gateway.room_line_edit(&dana, (room, number), "changed").unwrap();
    assert!(is_late(before));
    let before = made();
    gateway.room_line_delete(&dana, (room, number)).unwrap();
    assert!(is_late(before));
    assert_eq!(inbox(&gateway, &omar).len(), 0);
    gateway.room_leave_with(who, id, Some(made())).unwrap();
    assert_eq!(inbox(&gateway, &omar).len(), 1);
}

/// A transcript has a bound, says so, and fits into the mailbox or is not stored.
#[test]
fn a_long_transcript_has_the_last_lines_and_says_so() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let long = "a".repeat(TEXT_CHARS_MAX - 10);
    let lines = TRANSCRIPT_OCTETS_MAX / long.len() + 3;
    for n in 0..lines {
        say(&gateway, &dana, room, &format!("n{n:04}- {long}"));
    }
    let small = OwnQuota { octets: Some(1 << 20), messages: None };
    gateway.account_quota("omar", small).unwrap();
    let full = gateway.room_leave(&omar, room, Leaving::WithTranscript);
    assert!(matches!(full, Err(Error::MailboxFull)), "{full:?}");
    assert!(gateway.chat_room(&omar, room).is_ok(), "and stays");
    gateway.account_quota("omar", OwnQuota::default()).unwrap();
    gateway.room_leave(&omar, room, Leaving::WithTranscript).unwrap();
    let items = inbox(&gateway, &omar);
    assert!((8..=11).contains(&items.len()), "{}", items.len());
    let mut heard = 0;
    for item in &items {
        let text = gateway.message_raw(&omar, item.reference).unwrap().1;
        let text = String::from_utf8(text.whole().unwrap().to_vec()).unwrap();
        let text = text.replace("=\r\n", "");
        assert!(text.contains("Only the last lines are here"));
        assert!(!text.contains("n0000-") && text.len() < 3 << 20);
        heard += text.matches("> n").count();
    }
    assert!((lines - 20..lines).contains(&heard), "{heard} of {lines}");
}

/// However many lines say who came and went, what is said behind them is seen.
#[test]
fn lines_about_coming_and_going_hide_nothing_that_was_said() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let (id, who) = (room.to_bytes(), dana.account());
    let done = gateway.transact(move |tx| {
        let mut row = tx.get(&ROOMS, &id)?.unwrap();
        for n in 0..600_u32 {
            let reference = [&[7; 12][..], &n.to_be_bytes()].concat().try_into().unwrap();
            let (at, kind, by) = (row.created, LineKind::Away, None);
            event_in_tx(tx, id, &mut row, &RoomEvent { reference, at, who, kind, by })?;
        }
        Ok::<_, Error>(tx.put(&ROOMS, &id, &row)?)
    });
    done.wait().unwrap();
    say(&gateway, &dana, room, "something");
    assert_eq!(gateway.chat_room(&omar, room).unwrap().unread, 1);
    gateway.rooms_watch().unwrap();
    gateway.clock().advance_secs(24 * 3_600);
    gateway.rooms_watch().unwrap();
    assert_eq!(inbox(&gateway, &omar).len(), 1);
    assert_eq!(reading(&gateway, &dana, room, &omar), Some(false));
}

/// What is unread when a session ends waits for a notice from then on.
#[test]
fn who_goes_without_having_read_gets_a_notice() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    gateway.room_read(&omar, room, 2).unwrap();
    say(&gateway, &dana, room, "something");
    gateway.clock().advance_secs(600);
    for _ in 0..2 {
        gateway.rooms_watch().unwrap();
    }
    assert_eq!(gateway.store().count(&ROOM_WATCH, &()).unwrap(), 0, "it waits for a session");
    assert_eq!(inbox(&gateway, &omar).len(), 0);
    gateway.session_close(&omar, &omar.session_id()).unwrap();
    gateway.rooms_away().unwrap();
    gateway.rooms_watch().unwrap();
    let omar = sign_in(&gateway, "omar");
    assert_eq!(inbox(&gateway, &omar).len(), 1);
}

/// A pass goes on where the last one stopped, and begins anew at the end.
#[test]
fn each_row_that_is_looked_at_has_its_turn() {
    let gateway = gateway_of(&[]);
    let done = gateway.transact(|tx| {
        (1..=5_u8).try_for_each(|n| Ok::<_, Error>(tx.put(&ROOM_WATCH, &[n; 16], &Due)?))
    });
    done.wait().unwrap();
    let after = std::sync::Mutex::default();
    let next = || -> Vec<u8> {
        let keys = next_keys(gateway.store(), &ROOM_WATCH, &after, 2).unwrap();
        keys.into_iter().map(|key| key[0]).collect()
    };
    assert_eq!([next(), next(), next(), next()], [vec![1, 2], vec![3, 4], vec![5], vec![1, 2]]);
}

/// Whether a room ends cannot be told from the own request for it.
#[test]
fn a_request_stays_when_the_room_ends() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    for asked in [room, Reference::new(1)] {
        gateway.room_ask(&omar, asked).unwrap();
    }
    let before = gateway.rooms_asked(&omar).unwrap();
    gateway.room_end(&dana, room).unwrap();
    assert_eq!(gateway.rooms_asked(&omar).unwrap(), before);
    assert!(before.iter().all(|asked| !asked.refused) && before.len() == 2);
    gateway.room_ask_end(&omar, room).unwrap();
}
