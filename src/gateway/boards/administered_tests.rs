//! What administrators do with boards, and what bounds them.

use super::board::{BOARDS_OF_ONE_MAX, BoardEdit, NewBoard, People, WantedGrant};
use super::content::PostContent;
use super::tests::{begin, edit, is_denied, is_missing, made, person, texts, titles, write};
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::group_tests::{add, created, gateway_of};
use crate::gateway::groups::about::About;
use crate::gateway::records::ids::BoardId;
use crate::gateway::records::mailbox::OwnQuota;
use crate::gateway::records::tables::{BOARD_POSITIONS, BOARDS, POSTS, RINGS};
use crate::gateway::tests::*;
use crate::gateway::text::{hex, parse_hex, shown};
use crate::gateway::{Actor, Conflict, Error};
use crate::store::Read;
use crate::terms::BoardRight;

/// A topic is deleted with all its posts, by one who may edit; a board by its number, by an administrator
/// who reads nothing of it.
#[test]
fn topics_and_boards_are_deleted_by_those_who_may() {
    let gateway = gateway_of(&["root"]);
    gateway.account_manager("root", true).unwrap();
    let [dana, omar, root] = ["dana", "omar", "root"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    let topic = begin(&gateway, &omar, &board, "Lunch");
    write(&gateway, &omar, &board, (Some(&topic), "Psst"), &["dana"], "psst").unwrap();
    is_denied(gateway.topic_delete(&omar, &shown(topic.reference)));
    gateway.topic_delete(&dana, &shown(topic.reference)).unwrap();
    is_missing(gateway.topic_delete(&dana, &shown(topic.reference)));
    assert!(titles(&gateway, &omar, &board).is_empty());
    let id = BoardId(parse_hex(&board).unwrap());
    let row = gateway.store().get(&BOARDS, &id).unwrap().unwrap();
    assert_eq!((row.topics, row.ending_topics.len()), (0, 0));
    assert_eq!(gateway.store().count(&POSTS, &()).unwrap(), 0);
    assert_eq!(gateway.store().count(&RINGS, &()).unwrap(), 1);
    is_missing(gateway.board(&root, &board));
    is_denied(gateway.board_delete(&omar, &board));
    is_missing(gateway.board_delete(&root, &board));
    is_missing(gateway.board_delete_numbered(&hex(&[7; 16])));
    gateway.board_delete_numbered(&board).unwrap();
    assert_eq!(gateway.store().count(&BOARDS, &()).unwrap(), 0);
}

/// What an account keeps on boards is bounded, and is given back with its posts.
#[test]
fn what_one_account_keeps_is_bounded() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Edit)]);
    let key = |actor: &Actor| (actor.account(), BoardId([0; 16]), [0; 16]);
    let kept = |actor: &Actor| {
        gateway.store().get(&BOARD_POSITIONS, &key(actor)).unwrap().unwrap_or_default().octets
    };
    let topic = begin(&gateway, &dana, &board, &"x".repeat(150));
    assert!((300..400).contains(&kept(&dana)));
    let say = PostContent { title: "On it".to_owned(), text: "y".repeat(2_000) };
    gateway.post_change(&omar, &shown(topic.reference), 0, &edit(say.clone())).unwrap();
    assert!((2_000..2_200).contains(&kept(&omar)), "who writes a version keeps it");
    gateway.post_delete(&dana, &shown(topic.reference)).unwrap();
    assert_eq!((kept(&dana), kept(&omar)), (0, 0));
    // What is deleted twice is given back once, and the keys of its readers count as long as they are there.
    let other = begin(&gateway, &dana, &board, "Tea");
    let answered = (Some(&other), "Psst");
    let some = write(&gateway, &dana, &board, answered, &["omar"], "psst").unwrap();
    let before = kept(&dana);
    for _ in 0..3 {
        gateway.post_delete(&dana, &shown(some.reference)).unwrap();
        assert!((before - 400..before).contains(&kept(&dana)), "{before} {}", kept(&dana));
    }
    gateway.post_delete(&dana, &shown(other.reference)).unwrap();
    // So do those of a topic for some.
    let before = kept(&dana);
    let own = write(&gateway, &dana, &board, (None, "Own"), &["omar"], "own").unwrap();
    assert!((before + 1_300..before + 1_500).contains(&kept(&dana)), "{}", kept(&dana));
    gateway.topic_delete(&dana, &shown(own.reference)).unwrap();
    assert_eq!(kept(&dana), before);
    // It is a part of what the account stores.
    let used = |actor: &Actor| gateway.quota(actor).unwrap().usage.octets;
    assert_eq!((used(&dana), used(&omar)), (kept(&dana), kept(&omar)));
    let live = begin(&gateway, &dana, &board, "Milk");
    let own = OwnQuota { octets: Some(used(&dana) + 10), messages: None };
    gateway.account_quota("dana", own).unwrap();
    let refused = write(&gateway, &dana, &board, (None, "More"), &[], "more");
    assert!(matches!(refused, Err(Error::MailboxFull)), "{refused:?}");
    let refused = gateway.post_change(&dana, &shown(live.reference), 0, &edit(say.clone()));
    assert!(matches!(refused, Err(Error::MailboxFull)), "{refused:?}");
    assert!(write(&gateway, &omar, &board, (None, "More"), &[], "more").is_ok());
    // Boards of one account are bounded as well.
    for _ in 1..BOARDS_OF_ONE_MAX {
        made(&gateway, &dana, true, vec![]);
    }
    let about = About { name: "One more".to_owned(), description: String::new() };
    let new = NewBoard { about, shows_earlier: true, grants: vec![] };
    assert!(matches!(gateway.board_create(&dana, new), Err(Error::OverQuota)));
}

/// An administrator finds boards by number, opens nothing, and names a manager among the readers of one that
/// nobody manages any more: the keys come from the readers.
#[test]
fn an_administrator_names_a_manager_where_nobody_is_left() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    let group = created(&gateway, &omar);
    add(&gateway, &omar, &group, "noa");
    gateway.groups_tend_or_not(&noa);
    let to = WantedGrant { to: NamedReader::Group(group.clone()), right: BoardRight::Write };
    add(&gateway, &omar, &group, "dana");
    gateway.groups_tend_or_not(&dana);
    let board = made(&gateway, &dana, true, vec![to]);
    let topic = begin(&gateway, &omar, &board, "Lunch");
    let [row] = &gateway.boards_all().unwrap()[..] else { panic!("one board") };
    assert_eq!((hex(&row.id.0), row.posts, row.topics), (board.clone(), 1, 1));
    assert_eq!((row.readers, row.managers), (People::Some(3), People::Some(1)));
    assert_eq!(row.octets, gateway.quota(&omar).unwrap().usage.octets);
    let refused = gateway.board_manager_name(&board, "noa");
    assert!(matches!(refused, Err(Error::Conflict(Conflict::BoardManaged))), "{refused:?}");
    gateway.account_disable("dana").unwrap();
    assert_eq!(gateway.boards_all().unwrap()[0].managers, People::Some(0));
    is_missing(gateway.board_manager_name(&board, "tal"));
    is_missing(gateway.board_manager_name(&board, "dana"));
    gateway.board_manager_name(&board, "noa").unwrap();
    // The keys are the own ones with the first change, and stay when the group goes.
    let edit = BoardEdit { grants: Some(vec![]), ..BoardEdit::default() };
    gateway.board_change(&noa, &board, 1, &edit).unwrap();
    assert_eq!(gateway.board(&noa, &board).unwrap().view.right, BoardRight::Manage);
    assert_eq!(texts(&gateway, &noa, &board, &topic), ["Lunch"]);
    is_missing(gateway.board(&omar, &board));
}
