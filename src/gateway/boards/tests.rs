//! Boards on the engine in memory.

use std::ops::ControlFlow;

use super::board::{BoardDetail, BoardEdit, NewBoard, People, WantedGrant};
use super::content::PostContent;
use super::post::{NewPost, PostEdit};
use super::reading::{From, PostView};
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::feed::event::EventKind;
use crate::gateway::group_tests::{add, created, gateway_of, new_group, put};
use crate::gateway::groups::about::About;
use crate::gateway::groups::group::NewGroup;
use crate::gateway::groups::view::KeysState;
use crate::gateway::records::board::Post;
use crate::gateway::records::ids::BoardId;
use crate::gateway::records::keyring::RingEntry;
use crate::gateway::records::tables::{
    BOARD_POSITIONS, BOARD_TOPICS, BOARDS, POST_PLACES, POST_VERSIONS, POSTS, RING_EPOCHS,
    RING_WRAPS, RINGS,
};
use crate::gateway::sending_tests::uploaded;
use crate::gateway::tests::*;
use crate::gateway::text::{hex, parse_hex, shown};
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::store::{Order, Read, Span};
use crate::terms::{BoardRight, GroupKind};

pub(in crate::gateway) fn person(name: &str, right: BoardRight) -> WantedGrant {
    WantedGrant { to: NamedReader::Person(format!("{name}@example.org")), right }
}

pub(in crate::gateway) fn made(
    gateway: &Gateway,
    actor: &Actor,
    shows_earlier: bool,
    grants: Vec<WantedGrant>,
) -> String {
    let about = About { name: "Canteen".to_owned(), description: "What there is".to_owned() };
    let new = NewBoard { about, shows_earlier, grants };
    hex(&gateway.board_create(actor, new).unwrap().view.id.0)
}

pub(in crate::gateway) fn regranted(
    gateway: &Gateway,
    actor: &Actor,
    board: &str,
    grants: Vec<WantedGrant>,
) -> Result<BoardDetail, Error> {
    let version = gateway.board(actor, board).unwrap().view.version;
    let edit = BoardEdit { grants: Some(grants), ..BoardEdit::default() };
    gateway.board_change(actor, board, version, &edit)
}

pub(in crate::gateway) fn begin(
    gateway: &Gateway,
    actor: &Actor,
    board: &str,
    text: &str,
) -> PostView {
    write(gateway, actor, board, (None, text), &[], text).unwrap()
}

pub(in crate::gateway) fn answer(
    gateway: &Gateway,
    actor: &Actor,
    board: &str,
    (topic, text): (&PostView, &str),
) -> PostView {
    write(gateway, actor, board, (Some(topic), text), &[], text).unwrap()
}

/// Writes a post for some readers, in a request with a name.
pub(in crate::gateway) fn write(
    gateway: &Gateway,
    actor: &Actor,
    board: &str,
    (topic, text): (Option<&PostView>, &str),
    readers: &[&str],
    request: &str,
) -> Result<PostView, Error> {
    let named = readers.iter().map(|name| NamedReader::Person(format!("{name}@example.org")));
    let new = NewPost {
        title: if topic.is_none() { format!("On {text}") } else { String::new() },
        topic: topic.map(|topic| shown(topic.topic)),
        text: text.to_owned(),
        readers: named.collect(),
        files: Vec::new(),
    };
    gateway.post_write(actor, board, &new, request)
}

pub(in crate::gateway) fn edit(content: PostContent) -> PostEdit {
    PostEdit { content, files: None }
}

pub(in crate::gateway) fn texts(
    gateway: &Gateway,
    actor: &Actor,
    board: &str,
    topic: &PostView,
) -> Vec<String> {
    assert_eq!(topic.board, board);
    let page = gateway.topic_posts(actor, &shown(topic.topic), From::Offset(0), 100).unwrap();
    assert_eq!(page.total, page.items.len());
    page.items.into_iter().map(|post| post.content.map_or(String::new(), |one| one.text)).collect()
}

pub(in crate::gateway) fn titles(gateway: &Gateway, actor: &Actor, board: &str) -> Vec<String> {
    let page = gateway.topic_list(actor, board, (0, 100)).unwrap();
    page.items.into_iter().map(|topic| topic.title.unwrap_or_default()).collect()
}

pub(in crate::gateway) fn is_missing<T: std::fmt::Debug>(done: Result<T, Error>) {
    assert!(matches!(done, Err(Error::NotFound { .. })), "{done:?}");
}

pub(in crate::gateway) fn is_denied<T: std::fmt::Debug>(done: Result<T, Error>) {
    assert!(matches!(done, Err(Error::Denied { .. })), "{done:?}");
}

#[test]
fn people_read_and_answer_as_the_board_allows_them() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa, tal] = ["dana", "omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
    let group = created(&gateway, &noa);
    let grants = vec![
        person("omar", BoardRight::Write),
        WantedGrant { to: NamedReader::Person("noa@example.org".into()), right: BoardRight::Read },
    ];
    let board = made(&gateway, &dana, true, grants);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    assert_eq!(answer(&gateway, &omar, &board, (&topic, "Soup")).topic, topic.reference);
    for actor in [&dana, &omar, &noa] {
        assert_eq!(texts(&gateway, actor, &board, &topic), ["Lunch", "Soup"]);
        assert_eq!(titles(&gateway, actor, &board), ["On Lunch"]);
        let view = gateway.board(actor, &board).unwrap().view;
        assert_eq!(view.about.unwrap().name, "Canteen");
        assert_eq!((view.readers, view.writers), (People::Some(3), People::Some(2)));
    }
    is_denied(write(&gateway, &noa, &board, (Some(&topic), "Me too"), &[], "noa's"));
    is_denied(gateway.board_delete(&noa, &board));
    is_denied(gateway.board_change(&omar, &board, 0, &BoardEdit::default()));
    assert!(gateway.board(&omar, &board).unwrap().grants.is_empty(), "managers see who may what");
    assert_eq!(gateway.board(&dana, &board).unwrap().grants.len(), 3);
    // To anybody else there is no board, no topic and no post.
    assert!(gateway.board_list(&tal).unwrap().items.is_empty());
    is_missing(gateway.board(&tal, &board));
    is_missing(gateway.topic_list(&tal, &board, (0, 10)));
    is_missing(gateway.topic_posts(&tal, &shown(topic.topic), From::Unread, 10));
    is_missing(gateway.post(&tal, &shown(topic.reference)));
    is_missing(write(&gateway, &tal, &board, (Some(&topic), "Hello"), &[], "tal's"));
    is_missing(gateway.board_read(&tal, &board));
    // A group, and everybody inside.
    let to = NamedReader::Group(group.clone());
    is_missing(regranted(
        &gateway,
        &dana,
        &board,
        vec![WantedGrant { to, right: BoardRight::Read }],
    ));
    add(&gateway, &noa, &group, "dana");
    add(&gateway, &noa, &group, "tal");
    let to = NamedReader::Group(group);
    regranted(&gateway, &dana, &board, vec![WantedGrant { to, right: BoardRight::Write }]).unwrap();
    assert_eq!(texts(&gateway, &tal, &board, &topic), ["Lunch", "Soup"]);
    is_missing(gateway.board(&omar, &board));
    gateway.groups_tend(&omar).unwrap();
    gateway.groups_tend(&noa).unwrap();
    let to = NamedReader::Everybody;
    regranted(&gateway, &dana, &board, vec![WantedGrant { to, right: BoardRight::Read }]).unwrap();
    assert_eq!(texts(&gateway, &omar, &board, &topic), ["Lunch", "Soup"]);
    assert_eq!(gateway.board(&omar, &board).unwrap().view.readers, People::Everybody);
}

#[test]
fn a_right_that_was_taken_away_is_gone_at_the_next_request() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "noa");
    let grants = vec![
        person("omar", BoardRight::Edit),
        WantedGrant { to: NamedReader::Group(group.clone()), right: BoardRight::Write },
    ];
    let board = made(&gateway, &dana, true, grants);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    let own = answer(&gateway, &noa, &board, (&topic, "Soup"));
    gateway.group_member_remove(&dana, &group, &noa.account().to_text()).unwrap();
    is_missing(gateway.post(&noa, &shown(own.reference)));
    is_missing(gateway.board(&noa, &board));
    regranted(&gateway, &dana, &board, vec![person("omar", BoardRight::Read)]).unwrap();
    is_denied(gateway.post_delete(&omar, &shown(topic.reference)));
    assert_eq!(texts(&gateway, &omar, &board, &topic), ["Lunch", "Soup"]);
    regranted(&gateway, &dana, &board, vec![]).unwrap();
    is_missing(gateway.post(&omar, &shown(topic.reference)));
    // Who manages a board does not lock the door from outside.
    let own = vec![
        person("omar", BoardRight::Manage),
        WantedGrant { to: NamedReader::Person(dana.account().to_text()), right: BoardRight::Read },
    ];
    let refused = regranted(&gateway, &dana, &board, own);
    assert!(matches!(refused, Err(Error::Conflict(Conflict::LastGroupManager))), "{refused:?}");
}

#[test]
fn a_post_for_two_readers_is_nobody_elses() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa, tal] = ["dana", "omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
    let grants = ["omar", "noa", "tal"].map(|name| person(name, BoardRight::Edit)).to_vec();
    let board = made(&gateway, &dana, true, grants);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    let before = gateway.topic_list(&tal, &board, (0, 10)).unwrap();
    gateway.clock().advance_secs(60);
    let readers = ["omar", "noa"];
    let one = write(&gateway, &omar, &board, (Some(&topic), "Salary"), &["noa"], "one").unwrap();
    let own = write(&gateway, &omar, &board, (None, "Bonus"), &readers[1..], "own").unwrap();
    answer(&gateway, &noa, &board, (&own, "Thanks"));
    for actor in [&omar, &noa] {
        assert_eq!(texts(&gateway, actor, &board, &topic), ["Lunch", "Salary"]);
        assert_eq!(texts(&gateway, actor, &board, &own), ["Bonus", "Thanks"]);
        assert_eq!(gateway.posts_search(actor, None, "bonus").unwrap().items.len(), 1);
    }
    // Who manages the board, and who may edit everything there, sees as little of it as anybody.
    for actor in [&dana, &tal] {
        assert_eq!(texts(&gateway, actor, &board, &topic), ["Lunch"]);
        assert_eq!(titles(&gateway, actor, &board), ["On Lunch"]);
        is_missing(gateway.post(actor, &shown(one.reference)));
        is_missing(gateway.post_versions(actor, &shown(own.reference)));
        is_missing(gateway.post_delete(actor, &shown(one.reference)));
        is_missing(gateway.post_read(actor, &shown(one.reference)));
        is_missing(write(&gateway, actor, &board, (Some(&own), "Hm"), &[], "hm"));
        is_missing(gateway.topic_change(actor, &shown(own.topic), (Some(true), None)));
        let found = gateway.posts_search(actor, Some(&board), "salary").unwrap();
        assert_eq!((found.items.len(), found.more), (0, false));
        let found = gateway.posts_search(actor, None, &shown(one.reference)).unwrap();
        assert!(found.items.is_empty());
    }
    assert_eq!(gateway.topic_list(&tal, &board, (0, 10)).unwrap(), before, "nothing moved for tal");
    assert_eq!(gateway.board(&tal, &board).unwrap().view.unread, 1);
    // Only readers of the board, and of the topic, can be named.
    let outside = write(&gateway, &noa, &board, (Some(&own), "x"), &["tal"], "outside");
    is_missing(outside);
    is_missing(write(&gateway, &dana, &board, (None, "x"), &["nobody"], "nobody"));
}

#[test]
fn a_post_is_changed_with_its_history_and_deleted_with_it() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    let grants = vec![person("omar", BoardRight::Write), person("noa", BoardRight::Edit)];
    let board = made(&gateway, &dana, true, grants);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    let own = answer(&gateway, &omar, &board, (&topic, "Soup"));
    let number = shown(own.reference);
    let say = |text: &str| PostContent { title: String::new(), text: text.to_owned() };
    let changed = gateway.post_change(&omar, &number, 0, &edit(say("Stew"))).unwrap();
    assert_eq!((changed.version, changed.content.unwrap().text.as_str()), (1, "Stew"));
    let refused = gateway.post_change(&omar, &number, 0, &edit(say("Fish")));
    assert!(matches!(refused, Err(Error::Conflict(Conflict::EditedElsewhere))));
    gateway.post_change(&noa, &number, 1, &edit(say("Rice"))).unwrap();
    let versions = gateway.post_versions(&dana, &number).unwrap();
    let said = versions.iter().map(|one| one.content.clone().unwrap().text);
    assert_eq!(said.collect::<Vec<_>>(), ["Soup", "Stew", "Rice"]);
    assert_eq!(versions[2].by.name, "noa");
    let first = shown(topic.reference);
    is_denied(gateway.post_change(&omar, &first, 0, &edit(say("Mine"))));
    is_denied(gateway.post_delete(&omar, &first));
    gateway.post_delete(&noa, &number).unwrap();
    assert_eq!(texts(&gateway, &dana, &board, &topic), ["Lunch", ""]);
    assert_eq!(gateway.store().count(&POST_VERSIONS, &()).unwrap(), 0);
    let refused = gateway.post_change(&omar, &number, 2, &edit(say("Back")));
    assert!(matches!(refused, Err(Error::Conflict(Conflict::EditedElsewhere))));
    assert!(gateway.posts_search(&dana, None, "rice").unwrap().items.is_empty());
    // Closed to those who may not edit.
    gateway.topic_change(&noa, &first, (Some(true), Some(true))).unwrap();
    is_denied(write(&gateway, &omar, &board, (Some(&topic), "Late"), &[], "late"));
    answer(&gateway, &noa, &board, (&topic, "Closed"));
}

#[test]
fn a_repeated_request_posts_once_and_positions_never_go_back() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    let topic = write(&gateway, &dana, &board, (None, "Lunch"), &[], "same-request").unwrap();
    let again = write(&gateway, &dana, &board, (None, "Lunch"), &[], "same-request").unwrap();
    assert_eq!(topic.reference, again.reference);
    // Another post under the same key is neither taken for the first one nor written.
    let other = |topic, text, readers: &[&str]| {
        let done = write(&gateway, &dana, &board, (topic, text), readers, "same-request");
        assert!(matches!(done, Err(Error::Conflict(Conflict::RequestUsed))), "{done:?}");
    };
    other(None, "Supper", &[]);
    other(None, "Lunch", &["omar"]);
    other(Some(&topic), "Lunch", &[]);
    assert_eq!(titles(&gateway, &dana, &board), ["On Lunch"]);
    let text = PostContent { title: "On Lunch".to_owned(), text: "Brunch".to_owned() };
    let changed = begin(&gateway, &dana, &board, "Breakfast");
    gateway.post_change(&dana, &shown(changed.reference), 0, &edit(text.clone())).unwrap();
    assert_eq!(begin(&gateway, &dana, &board, "Breakfast").reference, changed.reference);
    gateway.topic_delete(&dana, &shown(changed.reference)).unwrap();
    let second = answer(&gateway, &dana, &board, (&topic, "Soup"));
    answer(&gateway, &dana, &board, (&topic, "Stew"));
    let place = shown(topic.topic);
    let unread = |actor| {
        let page = gateway.topic_posts(actor, &place, From::Unread, 100).unwrap();
        (page.topic.unread, page.first_unread, gateway.board(actor, &board).unwrap().view.unread)
    };
    assert_eq!(unread(&dana), (0, None, 0), "who writes has read");
    assert_eq!(unread(&omar), (3, Some(0), 1));
    gateway.post_read(&omar, &shown(second.reference)).unwrap();
    assert_eq!(unread(&omar), (1, Some(2), 1));
    gateway.post_read(&omar, &shown(topic.reference)).unwrap();
    assert_eq!(unread(&omar), (1, Some(2), 1));
    gateway.board_read(&omar, &board).unwrap();
    assert_eq!(unread(&omar), (0, None, 0));
    begin(&gateway, &dana, &board, "Dinner");
    assert_eq!(unread(&omar), (0, None, 1));
}

#[test]
fn who_is_added_reads_what_was_before_only_where_the_board_says_so() {
    for shows in [true, false] {
        let gateway = gateway_of(&[]);
        let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
        let board = made(&gateway, &dana, shows, vec![]);
        let topic = begin(&gateway, &dana, &board, "Before");
        regranted(&gateway, &dana, &board, vec![person("omar", BoardRight::Read)]).unwrap();
        answer(&gateway, &dana, &board, (&topic, "After"));
        let expected = if shows { ["Before", "After"] } else { ["", "After"] };
        assert_eq!(texts(&gateway, &omar, &board, &topic), expected);
        let name = gateway.board(&omar, &board).unwrap().view.about.unwrap().name;
        assert_eq!(name, "Canteen", "the name is for all who read now");
        assert_eq!(texts(&gateway, &dana, &board, &topic), ["Before", "After"]);
    }
}

#[test]
fn a_board_that_is_deleted_leaves_nothing() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    write(&gateway, &omar, &board, (Some(&topic), "Psst"), &["dana"], "psst").unwrap();
    write(&gateway, &omar, &board, (None, "Quiet"), &["dana"], "quiet").unwrap();
    let say = PostContent { title: "On Lunch".to_owned(), text: "Dinner".to_owned() };
    gateway.post_change(&dana, &shown(topic.reference), 0, &edit(say.clone())).unwrap();
    gateway.board_delete(&dana, &board).unwrap();
    is_missing(gateway.board(&dana, &board));
    let store = gateway.store();
    assert_eq!(store.count(&BOARDS, &()).unwrap(), 0);
    assert_eq!(store.count(&BOARD_TOPICS, &()).unwrap(), 0);
    assert_eq!(store.count(&BOARD_POSITIONS, &()).unwrap(), 0);
    assert_eq!(store.count(&POSTS, &()).unwrap(), 0);
    assert_eq!(store.count(&POST_PLACES, &()).unwrap(), 0);
    assert_eq!(store.count(&POST_VERSIONS, &()).unwrap(), 0);
    assert_eq!(store.count(&RINGS, &()).unwrap(), 0);
    assert_eq!(store.count(&RING_EPOCHS, &()).unwrap(), 0);
}

/// With the disk and the daemon key every record opens, and nothing in them says what a board is called,
/// what its topics are called, or what anybody wrote or said before.
#[test]
fn the_daemon_key_opens_nothing_that_was_posted() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    let topic = begin(&gateway, &dana, &board, "Canary-first");
    write(&gateway, &omar, &board, (Some(&topic), "Canary-limited"), &["dana"], "r1").unwrap();
    let file = uploaded(&gateway, &omar, "Canary-file", b"Canary-octets");
    let new = NewPost {
        topic: Some(shown(topic.topic)),
        title: String::new(),
        text: "Canary-plan".to_owned(),
        readers: vec![],
        files: vec![file],
    };
    gateway.post_write(&omar, &board, &new, "with a file").unwrap();
    let say = PostContent { title: "Canary-title".to_owned(), text: "Canary-changed".to_owned() };
    gateway.post_change(&dana, &shown(topic.reference), 0, &edit(say.clone())).unwrap();
    let vault = gateway.inner.vault.clone();
    let (mut opened, mut records) = (Vec::new(), 0);
    let mut visit = |raw: &[u8], sealed: &[u8]| {
        let (_, plain) = vault.record_open(raw[0], raw, sealed).unwrap();
        opened.extend_from_slice(raw);
        opened.extend_from_slice(&plain);
        records += 1;
        ControlFlow::Continue(())
    };
    let all = Span::prefix(&[], Order::Ascending);
    gateway.store().engine().scan(&all, &mut visit).unwrap();
    assert!(records > 30, "{records}");
    for word in ["Canteen", "What there is", "Canary", "On Canary-first"] {
        let found = opened.windows(word.len()).any(|window| window == word.as_bytes());
        assert!(!found, "{word}");
    }
}

/// Keys that the server put into the place of a board's are noticed: the page says so, and nothing is posted.
#[test]
fn keys_of_a_board_that_were_put_in_place_are_said_to_be() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    begin(&gateway, &dana, &board, "Lunch");
    let keys = || gateway.board(&dana, &board).unwrap().keys;
    assert_eq!(keys(), KeysState::Held);
    // The rows of another keyring in the place of the board's.
    let other = made(&gateway, &omar, true, vec![person("dana", BoardRight::Write)]);
    let ring = |board: &str| {
        let id = BoardId(parse_hex(board).unwrap());
        gateway.store().get(&BOARDS, &id).unwrap().unwrap().ring
    };
    let (own, other) = (ring(&board), ring(&other));
    let epoch = gateway.store().get(&RING_EPOCHS, &(other, 1)).unwrap().unwrap();
    put(&gateway, &RING_EPOCHS, (own, 1), epoch);
    assert_eq!(keys(), KeysState::Differ);
    let refused = write(&gateway, &dana, &board, (None, "Dinner"), &[], "dinner");
    assert!(matches!(refused, Err(Error::KeysDiffer)), "{refused:?}");
    assert!(matches!(gateway.board_keys_accept(&dana, &board), Err(Error::KeysDiffer)));
}

/// Who was taken off a board has no part in what is written later for some readers, a reader or not.
#[test]
fn who_was_taken_off_a_board_opens_no_later_post_of_a_topic_for_some() {
    let gateway = gateway_of(&["noa"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    let both = || vec![person("omar", BoardRight::Write), person("noa", BoardRight::Write)];
    let board = made(&gateway, &dana, true, both());
    let own = write(&gateway, &dana, &board, (None, "Bonus"), &["omar", "noa"], "own").unwrap();
    regranted(&gateway, &dana, &board, vec![person("noa", BoardRight::Write)]).unwrap();
    let key = (BoardId(parse_hex(&board).unwrap()), own.reference);
    let ring = gateway.store().get(&BOARD_TOPICS, &key).unwrap().unwrap().limited.unwrap().ring;
    answer(&gateway, &dana, &board, (&own, "Later"));
    let entry = RingEntry::Account(omar.account());
    assert_eq!(gateway.store().count(&RING_WRAPS, &(ring, entry)).unwrap(), 0);
    assert_eq!(gateway.store().get(&RINGS, &ring).unwrap().unwrap().epoch, 2);
    assert_eq!(texts(&gateway, &noa, &board, &own), ["Bonus", "Later"]);
    regranted(&gateway, &dana, &board, both()).unwrap();
    assert_eq!(texts(&gateway, &omar, &board, &own), ["", ""], "not before something is posted");
    answer(&gateway, &dana, &board, (&own, "Back"));
    assert_eq!(texts(&gateway, &omar, &board, &own), ["Bonus", "Later", "Back"]);
}

/// Another name above a post is noticed: who wrote it is bound.
#[test]
fn a_post_does_not_open_under_another_name() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    let key = (BoardId(parse_hex(&board).unwrap()), topic.topic, 1);
    let row = gateway.store().get(&POSTS, &key).unwrap().unwrap();
    put(&gateway, &POSTS, key, Post { author: omar.account(), ..row });
    assert_eq!(texts(&gateway, &dana, &board, &topic), [""]);
}

/// Who answers has read what was there, and not what others posted meanwhile.
#[test]
fn what_others_posted_meanwhile_stays_unread() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    let second = answer(&gateway, &omar, &board, (&topic, "Soup"));
    answer(&gateway, &dana, &board, (&topic, "Stew"));
    let unread = || {
        let page = gateway.topic_posts(&dana, &shown(topic.topic), From::Unread, 100).unwrap();
        (page.topic.unread, page.first_unread, gateway.board(&dana, &board).unwrap().view.unread)
    };
    assert_eq!(unread(), (1, Some(1), 1));
    gateway.post_read(&dana, &shown(second.reference)).unwrap();
    assert_eq!(unread(), (0, None, 0), "the own post after it is read as well");
}

/// What happens to a post, or a topic, for some readers wakes the pages of those readers alone.
#[test]
fn nobody_else_hears_of_a_post_for_some() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa, tal] = ["dana", "omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
    let grants = ["omar", "noa", "tal"].map(|name| person(name, BoardRight::Write)).to_vec();
    let board = made(&gateway, &dana, true, grants);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    let (mut at_noa, mut at_tal) = (gateway.events(&noa), gateway.events(&tal));
    let one = write(&gateway, &omar, &board, (Some(&topic), "Psst"), &["noa"], "one").unwrap();
    let own = write(&gateway, &omar, &board, (None, "Quiet"), &["noa"], "own").unwrap();
    answer(&gateway, &noa, &board, (&own, "Yes"));
    let say = PostContent { title: String::new(), text: "Pst".to_owned() };
    gateway.post_change(&omar, &shown(one.reference), 0, &edit(say.clone())).unwrap();
    gateway.post_delete(&omar, &shown(one.reference)).unwrap();
    assert!(at_tal.try_recv().is_err(), "tal hears of nothing");
    let mut heard = 0;
    while let Ok(event) = at_noa.try_recv() {
        assert_eq!(event.kind, EventKind::Boards);
        heard += 1;
    }
    assert_eq!(heard, 5);
    answer(&gateway, &omar, &board, (&topic, "Soup"));
    assert_eq!(at_tal.try_recv().unwrap().kind, EventKind::Boards);
}

/// Of members of a closed group, whom a reader may not find, the reader sees no name and no address beside a
/// post, whether they wrote it or it is for them.
#[test]
fn people_whom_a_reader_may_not_find_have_no_name_beside_posts() {
    let gateway = gateway_of(&["noa"]);
    gateway.account_manager("dana", true).unwrap();
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    let both = vec![person("omar", BoardRight::Write), person("noa", BoardRight::Write)];
    let board = made(&gateway, &dana, true, both);
    let topic = begin(&gateway, &noa, &board, "Lunch");
    let own = write(&gateway, &dana, &board, (None, "Bonus"), &["omar", "noa"], "own").unwrap();
    let closed = NewGroup { kind: GroupKind::Closed, hides_members: true, ..new_group() };
    let group = gateway.group_create(&dana, closed).unwrap().view.id.to_text();
    add(&gateway, &dana, &group, "noa");
    let shown_to = |actor: &Actor, post: &PostView| {
        let page = gateway.topic_posts(actor, &shown(post.topic), From::Offset(0), 10).unwrap();
        let readers = page.readers.unwrap_or_default();
        let names: Vec<String> = readers.iter().map(|one| one.address.clone()).collect();
        (page.items[0].author.name.clone(), page.topic.author, names)
    };
    let none = String::new;
    assert_eq!(shown_to(&omar, &topic), (none(), none(), vec![]));
    let (author, _, readers) = shown_to(&omar, &own);
    assert!(author.is_empty() && readers.contains(&none()));
    assert!(!readers.contains(&"noa@example.org".to_owned()));
    assert_eq!(shown_to(&dana, &topic).0, "noa");
}
