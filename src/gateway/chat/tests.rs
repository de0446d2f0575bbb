//! Rooms on the engine in memory: keys, windows, what time brings, and what is left.

use std::ops::ControlFlow;

use super::line::{LinesPage, LinesQuery, NewLine};
use super::member::{Leaving, Part, REFUSED_SECS, RoomAnswer};
use super::presence::OwnRoom;
use super::room::NewRoom;
use crate::gateway::group_tests::gateway_of;
use crate::gateway::records::tables::{ROOM_LINES, ROOM_WATCH, ROOMS};
use crate::gateway::tests::{gateway_with, inbox, sign_in};
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::LineKind;
use crate::vault::random_bytes;

pub(super) const NAME: &str = "Quarterly figures";

pub(in crate::gateway) fn opened(
    gateway: &Gateway,
    actor: &Actor,
    shares_earlier: bool,
) -> Reference {
    let new = NewRoom { name: NAME.to_owned(), shares_earlier };
    gateway.room_create(actor, &new).unwrap().id.parse().unwrap()
}

pub(in crate::gateway) fn admitted(gateway: &Gateway, by: &Actor, room: Reference, who: &Actor) {
    gateway.room_ask(who, room).unwrap();
    let asking = who.account().to_text();
    gateway.room_answer(by, room, &asking, RoomAnswer::Admit).unwrap();
}

pub(in crate::gateway) fn line(text: &str) -> NewLine {
    NewLine {
        client_id: random_bytes::<16>().unwrap(),
        text: text.to_owned(),
        ..NewLine::default()
    }
}

pub(in crate::gateway) fn say(
    gateway: &Gateway,
    actor: &Actor,
    room: Reference,
    text: &str,
) -> u64 {
    gateway.room_say(actor, room, &line(text)).unwrap().0
}

pub(in crate::gateway) fn lines(gateway: &Gateway, actor: &Actor, room: Reference) -> LinesPage {
    gateway.room_lines(actor, room, (LinesQuery::After(0), 100)).unwrap()
}

pub(in crate::gateway) fn heard(gateway: &Gateway, actor: &Actor, room: Reference) -> Vec<String> {
    let page = lines(gateway, actor, room);
    let said = page.items.into_iter().filter(|line| line.kind == LineKind::Said);
    said.map(|line| line.text.unwrap_or_else(|| "closed".to_owned())).collect()
}

fn kinds(gateway: &Gateway, actor: &Actor, room: Reference) -> Vec<LineKind> {
    lines(gateway, actor, room).items.into_iter().map(|line| line.kind).collect()
}

fn is_missing<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::NotFound { what: "room" }))
}

/// Who was not admitted fetches nothing, and is told the same as of a room that is not there.
#[test]
fn to_others_a_room_is_not_there() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    say(&gateway, &dana, room, "secret");
    for asked in [room, Reference::new(1)] {
        assert!(is_missing(gateway.chat_room(&omar, asked)));
        assert!(is_missing(gateway.room_lines(&omar, asked, (LinesQuery::After(0), 10))));
        assert!(is_missing(gateway.room_line(&omar, (asked, 1))));
        assert!(is_missing(gateway.room_members(&omar, asked, (0, 10))));
        assert!(is_missing(gateway.room_requests(&omar, asked, (0, 50))));
        assert!(is_missing(gateway.room_say(&omar, asked, &line("mine"))));
        assert!(is_missing(gateway.room_read(&omar, asked, 1)));
        assert!(is_missing(gateway.room_end(&omar, asked)));
        gateway.room_ask(&omar, asked).unwrap();
        let again = gateway.room_ask(&omar, asked);
        assert!(matches!(again, Err(Error::Conflict(Conflict::RequestWaits))));
        assert!(is_missing(gateway.chat_room(&omar, asked)), "who waits sees nothing either");
    }
    assert_eq!(gateway.rooms_asked(&omar).unwrap().len(), 2);
    assert_eq!(gateway.rooms(&omar).unwrap(), []);
    assert_eq!(gateway.room_requests(&dana, room, (0, 50)).unwrap().total, 1);
    // One that is refused says so, and may be asked again once that was taken note of.
    let omars = omar.account().to_text();
    gateway.room_answer(&dana, room, &omars, RoomAnswer::Refuse).unwrap();
    let refused = gateway.rooms_asked(&omar).unwrap();
    assert_eq!(refused.iter().filter(|one| one.refused).count(), 1);
    gateway.room_ask_end(&omar, room).unwrap();
    gateway.clock().advance_secs(REFUSED_SECS);
    admitted(&gateway, &dana, room, &omar);
    assert_eq!(gateway.chat_room(&omar, room).unwrap().name.as_deref(), Some(NAME));
}

#[test]
fn who_is_admitted_sees_what_was_said_before_as_the_room_says() {
    for shares in [true, false] {
        let gateway = gateway_of(&[]);
        let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
        let room = opened(&gateway, &dana, shares);
        say(&gateway, &dana, room, "before");
        admitted(&gateway, &dana, room, &omar);
        say(&gateway, &dana, room, "after");
        let expected: &[&str] = if shares { &["before", "after"] } else { &["after"] };
        assert_eq!(heard(&gateway, &omar, room), expected);
        assert_eq!(gateway.chat_room(&omar, room).unwrap().name.as_deref(), Some(NAME));
        assert_eq!(heard(&gateway, &dana, room), ["before", "after"]);
        if !shares {
            assert!(gateway.room_line(&omar, (room, 2)).is_err());
        }
    }
}

#[test]
fn what_is_repeated_is_said_once() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let new = line("once");
    let first = gateway.room_say(&dana, room, &new).unwrap();
    assert_eq!(gateway.room_say(&dana, room, &new).unwrap(), first);
    // The identifier is the client's own: another member's says something else.
    let other = NewLine { text: "twice".to_owned(), ..new };
    assert_ne!(gateway.room_say(&omar, room, &other).unwrap(), first);
    assert_eq!(heard(&gateway, &dana, room), ["once", "twice"]);
}

#[test]
fn a_line_is_edited_and_deleted_for_a_time() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let (first, second) =
        (say(&gateway, &omar, room, "first"), say(&gateway, &omar, room, "second"));
    assert!(gateway.room_line_edit(&dana, (room, first), "mine").is_err());
    gateway.room_line_edit(&omar, (room, first), "changed").unwrap();
    gateway.room_react(&dana, (room, first), Some("👍")).unwrap();
    gateway.room_react(&omar, (room, first), Some("👍")).unwrap();
    gateway.room_react(&omar, (room, first), Some("🎉")).unwrap();
    for odd in ["no", "!", "👍👍", "👍\u{202e}", "\u{2067}👍", "👍\u{301}\u{301}\u{301}"]
    {
        let refused = gateway.room_react(&omar, (room, first), Some(odd));
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{odd:?}");
    }
    let seen = gateway.room_line(&dana, (room, first)).unwrap();
    assert_eq!(seen.text.as_deref(), Some("changed"));
    assert!(seen.edited.is_some());
    let one = |text: &str, own| (text.to_owned(), 1, own);
    assert_eq!(seen.reactions, [one("🎉", false), one("👍", true)]);
    gateway.room_line_delete(&omar, (room, second)).unwrap();
    assert_eq!(heard(&gateway, &dana, room), ["changed"]);
    gateway.clock().advance_secs(1_000);
    assert!(gateway.room_line_edit(&omar, (room, first), "late").is_err());
    assert!(gateway.room_line_delete(&omar, (room, first)).is_err());
    // A controller deletes at any time.
    gateway.room_line_delete(&dana, (room, first)).unwrap();
    assert_eq!(heard(&gateway, &omar, room), [""; 0]);
    let row = gateway.store().get(&ROOM_LINES, &(room.to_bytes(), first)).unwrap().unwrap();
    assert_eq!((row.sealed.len(), row.reactions.len()), (0, 0), "it is destroyed");
}

/// A line cannot be shown as somebody else's, in another place, or as another version of itself.
#[test]
fn what_a_lying_server_moves_does_not_open() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let (one, two) = (say(&gateway, &dana, room, "one"), say(&gateway, &dana, room, "two"));
    let key = |number| (room.to_bytes(), number);
    let row = |number| gateway.store().get(&ROOM_LINES, &key(number)).unwrap().unwrap();
    let (first, second) = (row(one), row(two));
    let put = |line: crate::gateway::records::room::RoomLine| {
        let done =
            gateway.store().transact(move |tx| tx.put(&ROOM_LINES, &(room.to_bytes(), one), &line));
        done.wait().unwrap();
        gateway.room_line(&dana, (room, one)).unwrap().text
    };
    assert_eq!(put(first.clone()).as_deref(), Some("one"));
    let mut other = first.clone();
    other.who = omar.account();
    assert_eq!(put(other), None, "as somebody else's");
    let mut other = first.clone();
    other.sealed.clone_from(&second.sealed);
    assert_eq!(put(other), None, "as another line");
    let mut other = first.clone();
    other.version += 1;
    assert_eq!(put(other), None, "as a later version");
    let mut other = first.clone();
    other.reference = second.reference;
    assert_eq!(put(other), None, "under another reference number");
    assert_eq!(put(first).as_deref(), Some("one"));
    // What an answer answers is the line that its author saw under that number.
    let answer = NewLine { in_reply_to: Some(one), ..line("yes") };
    let (answer, _) = gateway.room_say(&dana, room, &answer).unwrap();
    let answered = || gateway.room_line(&omar, (room, answer)).unwrap().in_reply_to;
    assert_eq!(answered(), Some(one));
    put(second);
    assert_eq!(answered(), None, "the answer to another line");
}

/// What somebody kept who left or was removed opens nothing that is said afterwards.
#[test]
fn who_leaves_gets_no_later_key_and_the_others_go_on() {
    let gateway = gateway_of(&["noa"]);
    let (dana, omar, noa) =
        (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"), sign_in(&gateway, "noa"));
    let room = opened(&gateway, &dana, true);
    admitted(&gateway, &dana, room, &omar);
    admitted(&gateway, &dana, room, &noa);
    say(&gateway, &dana, room, "all");
    let under = |number: u64| {
        let line = gateway.store().get(&ROOM_LINES, &(room.to_bytes(), number)).unwrap();
        super::keys::under(room.to_bytes(), line.unwrap().under)
    };
    gateway.room_leave(&omar, room, Leaving::Silent).unwrap();
    assert!(is_missing(gateway.chat_room(&omar, room)));
    let second = say(&gateway, &dana, room, "two");
    assert!(gateway.keyring_opening(&omar, under(second)).is_err());
    let noas = noa.account().to_text();
    assert!(gateway.room_remove(&noa, room, &dana.account().to_text()).is_err());
    gateway.room_remove(&dana, room, &noas).unwrap();
    assert!(is_missing(gateway.room_lines(&noa, room, (LinesQuery::After(0), 10))));
    let third = say(&gateway, &dana, room, "one");
    assert!(gateway.keyring_opening(&noa, under(third)).is_err());
    assert_eq!(heard(&gateway, &dana, room), ["all", "two", "one"]);
    use LineKind::{Joined, Left, Removed, Said};
    let expected = [Joined, Joined, Joined, Said, Left, Said, Removed, Said];
    assert_eq!(kinds(&gateway, &dana, room), expected);
    // The last one takes the room along.
    gateway.room_leave(&dana, room, Leaving::Silent).unwrap();
    gateway.rooms_watch().unwrap();
    assert_eq!(gateway.store().count(&ROOM_LINES, &()).unwrap(), 0);
    assert!(!gateway.store().has(&ROOMS, &room.to_bytes()).unwrap());
    assert_eq!(gateway.store().count(&ROOM_WATCH, &()).unwrap(), 0);
}

#[test]
fn a_room_keeps_a_controller() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let omars = omar.account().to_text();
    let last = |result: Result<(), Error>| {
        matches!(result, Err(Error::Conflict(Conflict::LastController)))
    };
    assert!(last(gateway.room_leave(&dana, room, Leaving::Silent)));
    assert!(last(gateway.room_appoint(&dana, room, &dana.account().to_text(), Part::Member)));
    assert!(gateway.room_requests(&omar, room, (0, 50)).is_err());
    gateway.room_appoint(&dana, room, &omars, Part::Controller).unwrap();
    assert!(gateway.room_requests(&omar, room, (0, 50)).is_ok(), "there may be several");
    gateway.room_leave(&dana, room, Leaving::Silent).unwrap();
    assert!(gateway.chat_room(&omar, room).unwrap().controller);
    assert_eq!(say(&gateway, &omar, room, "on"), 4);
}

/// The transcript has exactly what was said between joining and leaving, and nothing that was deleted.
#[test]
fn a_transcript_is_what_was_said_between_joining_and_leaving() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, true);
    say(&gateway, &dana, room, "too-early");
    admitted(&gateway, &dana, room, &omar);
    say(&gateway, &dana, room, "heard-first");
    let deleted = say(&gateway, &omar, room, "taken-back");
    gateway.room_line_delete(&omar, (room, deleted)).unwrap();
    let kept = gateway.room_say(&omar, room, &line("heard-last")).unwrap().1;
    gateway.room_leave(&omar, room, Leaving::WithTranscript).unwrap();
    say(&gateway, &dana, room, "too-late");
    let items = inbox(&gateway, &omar);
    let [item] = &items[..] else { panic!("{items:?}") };
    let opened = gateway.message_raw(&omar, item.reference).unwrap().1;
    let text = String::from_utf8(opened.whole().unwrap().to_vec()).unwrap();
    for said in ["heard-first", "heard-last", kept.as_str()] {
        assert!(text.contains(said), "{said}: {text}");
    }
    for other in ["too-early", "taken-back", "too-late"] {
        assert!(!text.contains(other), "{other}: {text}");
    }
}

/// Somebody away reads in order from the first unread line on, and one notice says that something waits.
#[test]
fn who_is_away_gets_one_notice_and_reads_in_order() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    gateway.room_read(&dana, room, 2).unwrap();
    for text in ["one-secret", "two-secret", "three-secret"] {
        say(&gateway, &dana, room, text);
    }
    gateway.rooms_watch().unwrap();
    assert_eq!(inbox(&gateway, &omar).len(), 0, "not at once");
    gateway.clock().advance_secs(24 * 3_600);
    for _ in 0..3 {
        gateway.rooms_watch().unwrap();
    }
    let items = inbox(&gateway, &omar);
    let [notice] = &items[..] else { panic!("{items:?}") };
    let first = gateway.room_line(&dana, (room, 3)).unwrap().reference;
    let content = gateway.message_raw(&omar, notice.reference).unwrap().1;
    let text = String::from_utf8(content.whole().unwrap().to_vec()).unwrap();
    assert!(text.contains(&first), "{text}");
    for hidden in ["secret", NAME, "dana@"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let seen = gateway.chat_room(&omar, room).unwrap();
    assert_eq!((seen.unread, seen.read, seen.last), (3, 2, 5));
    let next = gateway.room_lines(&omar, room, (LinesQuery::After(seen.read), 2)).unwrap();
    let said: Vec<_> = next.items.into_iter().filter_map(|line| line.text).collect();
    assert_eq!(said, ["one-secret", "two-secret"]);
    gateway.room_read(&omar, room, 5).unwrap();
    assert_eq!(gateway.chat_room(&omar, room).unwrap().unread, 0);
    assert_eq!(inbox(&gateway, &dana).len(), 0, "nothing waits for who said it");
}

pub(in crate::gateway) fn reading(
    gateway: &Gateway,
    actor: &Actor,
    room: Reference,
    who: &Actor,
) -> Option<bool> {
    let page = gateway.room_members(actor, room, (0, 100)).unwrap();
    let id = who.account().to_text();
    page.items.into_iter().find(|one| one.person.id == id).unwrap().reading
}

#[test]
fn who_stops_reading_is_shown_so_until_reading_on_unless_that_is_hidden() {
    let gateway = gateway_of(&["noa"]);
    let (dana, omar, noa) =
        (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"), sign_in(&gateway, "noa"));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    admitted(&gateway, &dana, room, &noa);
    let shows = OwnRoom { shows: Some(false), mutes: Some(true) };
    gateway.room_own(&noa, room, shows).unwrap();
    let number = say(&gateway, &dana, room, "are you there");
    gateway.clock().advance_secs(299);
    gateway.rooms_watch().unwrap();
    assert_eq!(reading(&gateway, &dana, room, &omar), Some(true));
    gateway.clock().advance_secs(2);
    gateway.rooms_watch().unwrap();
    assert_eq!(reading(&gateway, &dana, room, &omar), Some(false));
    assert_eq!(reading(&gateway, &dana, room, &dana), Some(true));
    assert_eq!(reading(&gateway, &dana, room, &noa), None);
    gateway.room_read(&omar, room, number).unwrap();
    assert_eq!(reading(&gateway, &dana, room, &omar), Some(true));
    assert_eq!(inbox(&gateway, &noa).len(), 0, "who mutes gets no notice");
    let fixed = gateway_with(|settings| settings.chat.presence_fixed = true);
    let tali = sign_in(&fixed, "dana");
    let room = opened(&fixed, &tali, false);
    assert!(fixed.room_own(&tali, room, shows).is_err(), "where the manager allows");
}

#[test]
fn the_end_of_the_last_session_is_said_and_so_is_the_return() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let second = sign_in(&gateway, "omar");
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    for actor in [&omar, &second] {
        gateway.room_read(actor, room, 2).unwrap();
    }
    gateway.session_close(&omar, &omar.session_id()).unwrap();
    gateway.rooms_away().unwrap();
    use LineKind::{Away, Back, Joined};
    assert_eq!(kinds(&gateway, &dana, room), [Joined, Joined], "another session is there");
    gateway.session_close(&second, &second.session_id()).unwrap();
    gateway.rooms_away().unwrap();
    gateway.rooms_away().unwrap();
    assert_eq!(kinds(&gateway, &dana, room), [Joined, Joined, Away]);
    let again = sign_in(&gateway, "omar");
    gateway.room_read(&again, room, 3).unwrap();
    assert_eq!(kinds(&gateway, &dana, room), [Joined, Joined, Away, Back]);
    assert_eq!(gateway.chat_room(&again, room).unwrap().unread, 0);
    // An expired session has ended as well.
    gateway.clock().advance_secs(13 * 3_600);
    gateway.rooms_away().unwrap();
    let dana = sign_in(&gateway, "dana");
    assert_eq!(kinds(&gateway, &dana, room), [Joined, Joined, Away, Back, Away]);
}

#[test]
fn two_people_have_one_conversation_which_obeys_what_mail_obeys() {
    let gateway = gateway_of(&["noa"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let here = gateway.room_with(&dana, "omar@example.org").unwrap();
    assert_eq!(gateway.room_with(&omar, "dana@example.org").unwrap().id, here.id);
    assert_eq!(here.other.unwrap().address, "omar@example.org");
    let room: Reference = here.id.parse().unwrap();
    say(&gateway, &dana, room, "hello");
    assert_eq!(heard(&gateway, &omar, room), ["hello"]);
    // Nobody joins them.
    let noa = sign_in(&gateway, "noa");
    gateway.room_ask(&noa, room).unwrap();
    assert!(gateway.room_answer(&dana, room, &noa.account().to_text(), RoomAnswer::Admit).is_err());
    for nobody in ["nobody@example.org", "dana@example.org", "a@elsewhere.example", "x"] {
        let found = gateway.room_with(&dana, nobody);
        assert!(matches!(found, Err(Error::NotFound { what: "person" })), "{nobody}");
    }
    gateway.account_accept_from("omar", crate::terms::AcceptFrom::Outside).unwrap();
    assert!(gateway.room_say(&dana, room, &line("more")).is_err());
    // Neither does anything else reach somebody who takes no messages.
    let denied = |done: Result<(), Error>| matches!(done, Err(Error::Denied { .. }));
    let nothing_reaches = || {
        assert!(denied(gateway.room_line_edit(&dana, (room, 1), "again")));
        assert!(denied(gateway.room_react(&dana, (room, 1), Some("👍"))));
        assert!(denied(gateway.room_typing(&dana, room)));
        gateway.room_react(&dana, (room, 1), None).unwrap();
    };
    nothing_reaches();
    let found = gateway.room_with(&noa, "omar@example.org");
    assert!(matches!(found, Err(Error::NotFound { what: "person" })));
    gateway.room_leave(&omar, room, Leaving::Silent).unwrap();
    assert!(gateway.room_say(&dana, room, &line("gone")).is_err());
    nothing_reaches();
    assert_eq!(heard(&gateway, &dana, room), ["hello"]);
}

/// What a room held counts for nobody once it has ended.
#[test]
fn what_was_said_counts_for_its_author_until_it_goes() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let used = |actor: &Actor| gateway.quota(actor).unwrap().usage.octets;
    let before = (used(&dana), used(&omar));
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    let number = say(&gateway, &omar, room, &"long ".repeat(1_000));
    say(&gateway, &dana, room, "short");
    assert!(used(&omar) > before.1 + 4_000 && used(&dana) > before.0);
    gateway.room_line_edit(&omar, (room, number), "short").unwrap();
    assert!(used(&omar) < before.1 + 4_000);
    gateway.room_end(&dana, room).unwrap();
    gateway.rooms_watch().unwrap();
    assert_eq!((used(&dana), used(&omar)), before);
    assert_eq!(gateway.rooms(&omar).unwrap(), []);
    let mut left = 0;
    for table in (110..=119_u8).chain([130]) {
        let span = crate::store::Span::prefix(&[table], crate::store::Order::Ascending);
        let scanned = gateway.store().engine().scan(&span, &mut |_, _| {
            left += 1;
            ControlFlow::Continue(())
        });
        scanned.unwrap();
    }
    assert_eq!(left, 0, "rows of a room that ended");
}

/// After a kill between the two, the next line gives the name to who was admitted.
#[test]
fn who_joined_reads_the_name_at_the_latest_with_the_next_line() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let room = opened(&gateway, &dana, false);
    let id = room.to_bytes();
    let before = gateway.store().get(&ROOMS, &id).unwrap().unwrap();
    admitted(&gateway, &dana, room, &omar);
    let mut row = gateway.store().get(&ROOMS, &id).unwrap().unwrap();
    (row.under, row.sealed_name) = (before.under, before.sealed_name);
    gateway.store().transact(move |tx| tx.put(&ROOMS, &id, &row)).wait().unwrap();
    assert_eq!(gateway.chat_room(&omar, room).unwrap().name, None);
    say(&gateway, &dana, room, "hello");
    assert_eq!(gateway.chat_room(&omar, room).unwrap().name.as_deref(), Some(NAME));
}
