//! Notices of chats and followed topics, by pace and quiet hours.

use super::boards::tests::{answer, begin, made, person, regranted, write};
use super::chat::tests::{admitted, opened, say};
use super::group_tests::gateway_of;
use super::records::notice::{NoticeTerms, QuietHours};
use super::records::tables::{NOTICE_WAITING, TOPIC_FOLLOWERS, TOPIC_WATCH};
use super::tests::*;
use super::text::shown;
use super::*;
use crate::clock::Timestamp;
use crate::store::Read;
use crate::terms::{Attention, BoardRight, NoticePace};

/// What the jobs do, once what was said and posted is old enough.
fn jobs(gateway: &Gateway) {
    gateway.clock().advance_secs(200);
    // Twice does no harm.
    for _ in 0..2 {
        gateway.rooms_watch().unwrap();
        gateway.topics_watch().unwrap();
        gateway.notices_give().unwrap();
    }
}

fn at(gateway: &Gateway, text: &str) {
    let wanted = Timestamp::parse_rfc3339(text).unwrap();
    gateway.clock().advance_secs((wanted.0 - gateway.clock().now().0) / 1_000);
}

fn follows(gateway: &Gateway, actor: &Actor, topic: &boards::reading::PostView) {
    gateway.topic_attend(actor, &shown(topic.topic), Some(Attention::Followed)).unwrap();
}

/// The text of each message in the inbox, the newest first.
fn texts(gateway: &Gateway, actor: &Actor) -> Vec<String> {
    let text = |item: ItemView| {
        let content = gateway.message_raw(actor, item.reference).unwrap().1;
        String::from_utf8(content.whole().unwrap().to_vec()).unwrap()
    };
    inbox(gateway, actor).into_iter().map(text).collect()
}

fn quiet() -> NoticeTerms {
    let quiet = Some(QuietHours { from: 22 * 60, until: 7 * 60 });
    NoticeTerms { zone: "Europe/Berlin".to_owned(), quiet, ..NoticeTerms::default() }
}

/// P-66: who follows a topic gets one notice for what was posted since, with a reference number and nothing
/// else, and the next one after reading; who does not follow it gets none.
#[test]
fn who_follows_a_topic_gets_one_notice_until_reading() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    let grants = ["omar", "noa"].map(|name| person(name, BoardRight::Write)).to_vec();
    let board = made(&gateway, &dana, true, grants);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    gateway.post_read(&omar, &shown(topic.reference)).unwrap();
    [&dana, &omar].into_iter().for_each(|one| follows(&gateway, one, &topic));
    let first = answer(&gateway, &dana, &board, (&topic, "the-secret-soup"));
    answer(&gateway, &dana, &board, (&topic, "the-secret-stew"));
    gateway.topics_watch().unwrap();
    assert_eq!(texts(&gateway, &omar).len(), 0, "not at once");
    jobs(&gateway);
    let found = texts(&gateway, &omar);
    let [notice] = &found[..] else { panic!("{found:?}") };
    assert!(notice.contains(&shown(first.reference)), "{notice}");
    for hidden in ["secret", "Lunch", "Canteen", "dana"] {
        assert!(!notice.contains(hidden), "{hidden}: {notice}");
    }
    assert_eq!(texts(&gateway, &noa).len(), 0, "noa does not follow it");
    assert_eq!(texts(&gateway, &dana).len(), 0, "nobody is told of the own post");
    assert_eq!(gateway.store().count(&TOPIC_WATCH, &()).unwrap(), 0);
    answer(&gateway, &noa, &board, (&topic, "more"));
    jobs(&gateway);
    assert_eq!(texts(&gateway, &omar).len(), 1, "one until omar reads");
    assert_eq!(texts(&gateway, &dana).len(), 1, "dana has read everything before");
    gateway.board_read(&omar, &board).unwrap();
    answer(&gateway, &noa, &board, (&topic, "and more"));
    jobs(&gateway);
    assert_eq!(texts(&gateway, &omar).len(), 2);
    gateway.notices_set(&dana, &NoticeTerms { posts: false, ..NoticeTerms::default() }).unwrap();
    gateway.board_read(&dana, &board).unwrap();
    answer(&gateway, &noa, &board, (&topic, "still more"));
    jobs(&gateway);
    assert_eq!(texts(&gateway, &dana).len(), 1, "dana wants none of posts");
    gateway.topic_attend(&omar, &shown(topic.topic), None).unwrap();
    assert_eq!(gateway.store().count(&TOPIC_FOLLOWERS, &()).unwrap(), 1);
    gateway.topic_delete(&dana, &shown(topic.topic)).unwrap();
    assert_eq!(gateway.store().count(&TOPIC_FOLLOWERS, &()).unwrap(), 0);
}

/// P-66: nobody is told of a post that is for others, or on a board that may not be read any more.
#[test]
fn a_notice_tells_nobody_of_what_may_not_be_read() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    let grants = ["omar", "noa"].map(|name| person(name, BoardRight::Write)).to_vec();
    let board = made(&gateway, &dana, true, grants);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    for one in [&omar, &noa] {
        gateway.post_read(one, &shown(topic.reference)).unwrap();
        follows(&gateway, one, &topic);
    }
    let psst = write(&gateway, &dana, &board, (Some(&topic), "Psst"), &["omar"], "psst").unwrap();
    jobs(&gateway);
    let found = texts(&gateway, &omar);
    assert!(found.len() == 1 && found[0].contains(&shown(psst.reference)), "{found:?}");
    assert_eq!(texts(&gateway, &noa).len(), 0, "it is not for noa");
    // What waits for its time is asked once more when that comes.
    gateway.notices_set(&noa, &quiet()).unwrap();
    at(&gateway, "2026-11-24T23:00:00Z");
    let noa = sign_in(&gateway, "noa");
    let dana = sign_in(&gateway, "dana");
    answer(&gateway, &dana, &board, (&topic, "For all"));
    jobs(&gateway);
    assert_eq!(gateway.store().count(&NOTICE_WAITING, &()).unwrap(), 1);
    regranted(&gateway, &dana, &board, vec![person("omar", BoardRight::Write)]).unwrap();
    at(&gateway, "2026-11-25T06:00:00Z");
    jobs(&gateway);
    assert_eq!(gateway.store().count(&NOTICE_WAITING, &()).unwrap(), 0);
    let noa = sign_in_again(&gateway, &noa);
    assert_eq!(texts(&gateway, &noa).len(), 0, "noa reads the board no more");
}

fn sign_in_again(gateway: &Gateway, actor: &Actor) -> Actor {
    let name = gateway.account(actor.account()).unwrap().name;
    sign_in(gateway, &name)
}

/// P-66: in the quiet hours there is no notice; when they end, one sums up what still waits in chats and on
/// boards, and what was read meanwhile is not in it.
#[test]
fn one_notice_sums_up_what_waited_in_the_quiet_hours() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    gateway.post_read(&omar, &shown(topic.reference)).unwrap();
    follows(&gateway, &omar, &topic);
    let rooms = [(); 2].map(|()| opened(&gateway, &dana, false));
    rooms.iter().for_each(|room| admitted(&gateway, &dana, *room, &omar));
    gateway.notices_set(&omar, &quiet()).unwrap();
    // 22:30 in Berlin.
    at(&gateway, "2026-11-24T21:30:00Z");
    let [dana, omar] = [&dana, &omar].map(|one| sign_in_again(&gateway, one));
    let said = rooms.map(|room| {
        let number = say(&gateway, &dana, room, "the-secret");
        gateway.room_line(&dana, (room, number)).unwrap().reference
    });
    let post = answer(&gateway, &dana, &board, (&topic, "the-secret"));
    jobs(&gateway);
    at(&gateway, "2026-11-25T05:59:00Z");
    gateway.notices_give().unwrap();
    let omar_then = sign_in_again(&gateway, &omar);
    assert_eq!(texts(&gateway, &omar_then).len(), 0, "not before seven in the morning");
    let last = gateway.chat_room(&omar_then, rooms[1]).unwrap().last;
    gateway.room_read(&omar_then, rooms[1], last).unwrap();
    at(&gateway, "2026-11-25T06:00:00Z");
    jobs(&gateway);
    let found = texts(&gateway, &omar_then);
    let [notice] = &found[..] else { panic!("{} notices", found.len()) };
    assert!(notice.contains(&said[0]) && notice.contains(&shown(post.reference)), "{notice}");
    assert!(!notice.contains(&said[1]), "it was read: {notice}");
    for hidden in ["secret", "Lunch", "Canteen", "dana", "Plans"] {
        assert!(!notice.contains(hidden), "{hidden}: {notice}");
    }
    jobs(&gateway);
    assert_eq!(texts(&gateway, &omar_then).len(), 1, "once");
}

/// P-66: what somebody left unread before is no reason for a notice when something is posted for others: its
/// time would tell of it.
#[test]
fn a_post_for_others_gives_no_notice_of_an_older_one() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let grants = ["omar", "noa"].map(|name| person(name, BoardRight::Write)).to_vec();
    let board = made(&gateway, &dana, true, grants);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    answer(&gateway, &dana, &board, (&topic, "unread"));
    jobs(&gateway);
    // Omar has read nothing of it.
    follows(&gateway, &omar, &topic);
    write(&gateway, &dana, &board, (Some(&topic), "Psst"), &["noa"], "psst").unwrap();
    jobs(&gateway);
    assert_eq!(texts(&gateway, &omar).len(), 0, "it is for noa alone");
    answer(&gateway, &omar, &board, (&topic, "my own"));
    jobs(&gateway);
    assert_eq!(texts(&gateway, &omar).len(), 0, "an own post is no news");
    let new = answer(&gateway, &dana, &board, (&topic, "new"));
    jobs(&gateway);
    let found = texts(&gateway, &omar);
    assert!(found.len() == 1 && found[0].contains(&shown(new.reference)), "{found:?}");
}

/// P-66: what is deleted before the notice is given is not named, and silences nothing that comes after it.
#[test]
fn what_is_deleted_before_the_notice_silences_nothing_after_it() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    gateway.post_read(&omar, &shown(topic.reference)).unwrap();
    follows(&gateway, &omar, &topic);
    let room = opened(&gateway, &dana, false);
    admitted(&gateway, &dana, room, &omar);
    gateway.notices_set(&omar, &quiet()).unwrap();
    at(&gateway, "2026-11-24T21:30:00Z");
    let dana = sign_in_again(&gateway, &dana);
    let gone = answer(&gateway, &dana, &board, (&topic, "gone"));
    let line = say(&gateway, &dana, room, "gone");
    jobs(&gateway);
    gateway.post_delete(&dana, &shown(gone.reference)).unwrap();
    gateway.room_line_delete(&dana, (room, line)).unwrap();
    let after = answer(&gateway, &dana, &board, (&topic, "after"));
    at(&gateway, "2026-11-25T06:00:00Z");
    jobs(&gateway);
    let omar = sign_in_again(&gateway, &omar);
    let found = texts(&gateway, &omar);
    let [notice] = &found[..] else { panic!("{found:?}") };
    assert!(notice.contains(&shown(after.reference)), "{notice}");
    assert!(!notice.contains(&shown(gone.reference)), "{notice}");
    let dana = sign_in_again(&gateway, &dana);
    let number = say(&gateway, &dana, room, "said later");
    let said = gateway.room_line(&dana, (room, number)).unwrap().reference;
    jobs(&gateway);
    assert!(
        texts(&gateway, &omar).iter().any(|text| text.contains(&said)),
        "the room is not silent"
    );
}

/// P-66: once a day means one notice at that time by the person's clock; and who chooses another pace
/// meanwhile has what waits by that one.
#[test]
fn a_notice_of_the_day_comes_at_its_time() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let rooms = [(); 3].map(|()| opened(&gateway, &dana, false));
    rooms.iter().for_each(|room| admitted(&gateway, &dana, *room, &omar));
    let zone = "Asia/Jerusalem".to_owned();
    let pace = NoticePace::Daily;
    let daily = NoticeTerms { zone, pace, daily_minute: 17 * 60, ..NoticeTerms::default() };
    gateway.notices_set(&omar, &daily).unwrap();
    at(&gateway, "2026-11-24T08:00:00Z");
    let dana = sign_in_again(&gateway, &dana);
    say(&gateway, &dana, rooms[0], "one");
    jobs(&gateway);
    say(&gateway, &dana, rooms[1], "two");
    jobs(&gateway);
    at(&gateway, "2026-11-24T14:59:00Z");
    gateway.notices_give().unwrap();
    let omar = sign_in_again(&gateway, &omar);
    assert_eq!(texts(&gateway, &omar).len(), 0);
    at(&gateway, "2026-11-24T15:00:00Z");
    gateway.notices_give().unwrap();
    assert_eq!(texts(&gateway, &omar).len(), 1, "at five in Jerusalem");
    let dana = sign_in_again(&gateway, &dana);
    say(&gateway, &dana, rooms[2], "three");
    jobs(&gateway);
    assert_eq!(texts(&gateway, &omar).len(), 1, "tomorrow");
    gateway.notices_set(&omar, &NoticeTerms::default()).unwrap();
    gateway.notices_give().unwrap();
    assert_eq!(texts(&gateway, &omar).len(), 2, "at once, from now on");
}

#[test]
fn times_and_zones_that_are_none_are_refused() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let hours = |from, until| Some(QuietHours { from, until });
    for wrong in [
        NoticeTerms { zone: "Mars/Olympus".to_owned(), ..NoticeTerms::default() },
        NoticeTerms { zone: "x".repeat(10_000), ..NoticeTerms::default() },
        NoticeTerms { daily_minute: 1_440, ..NoticeTerms::default() },
        NoticeTerms { quiet: hours(0, 1_440), ..NoticeTerms::default() },
        NoticeTerms { quiet: hours(60, 60), ..NoticeTerms::default() },
    ] {
        let refused = gateway.notices_set(&dana, &wrong);
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(gateway.notices(&dana).unwrap().terms, NoticeTerms::default());
}
