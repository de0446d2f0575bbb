//! Reactions, and topics that somebody follows or mutes.

use super::tests::{answer, begin, is_missing, made, person, regranted, write};
use crate::gateway::group_tests::gateway_of;
use crate::gateway::reaction::REACTION_CHARS_MAX;
use crate::gateway::records::tables::{BOARD_ATTENTION, POST_REACTIONS};
use crate::gateway::tests::*;
use crate::gateway::text::shown;
use crate::gateway::{Actor, Error};
use crate::store::Read;
use crate::terms::{Attention, BoardRight};

#[test]
fn who_sees_a_post_reacts_to_it_and_nobody_else_learns_of_it() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa, tal] = ["dana", "omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
    let grants = ["omar", "noa", "tal"].map(|name| person(name, BoardRight::Read)).to_vec();
    let board = made(&gateway, &dana, true, grants);
    let topic = begin(&gateway, &dana, &board, "Lunch");
    let psst = write(&gateway, &dana, &board, (Some(&topic), "Psst"), &["omar"], "psst").unwrap();
    let number = shown(topic.reference);
    let like = |actor: &Actor, of: &str, text| gateway.post_react(actor, of, text);
    like(&omar, &number, Some("👍")).unwrap();
    like(&noa, &number, Some(" 👍 ")).unwrap();
    like(&tal, &number, Some("🎉")).unwrap();
    let seen = |actor: &Actor| gateway.post(actor, &number).unwrap().reactions;
    assert_eq!(seen(&omar), [("👍".to_owned(), 2, true), ("🎉".to_owned(), 1, false)]);
    // Another one takes the place of the first.
    like(&omar, &number, Some("🎉")).unwrap();
    assert_eq!(seen(&dana), [("👍".to_owned(), 1, false), ("🎉".to_owned(), 2, false)]);
    like(&tal, &number, None).unwrap();
    like(&omar, &number, None).unwrap();
    assert_eq!(seen(&tal), [("👍".to_owned(), 1, false)]);
    let long = "👍".repeat(REACTION_CHARS_MAX + 1);
    for odd in ["", "no", "1", "!", "\n", "👍 👍", "\u{202e}", "\u{200b}", "👍\u{301}", &long]
    {
        let refused = like(&omar, &number, Some(odd));
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{odd}: {refused:?}");
    }
    // To a post for some, and its reactions, nobody else gets.
    let hidden = shown(psst.reference);
    let mut at_tal = gateway.events(&tal);
    assert_eq!(like(&omar, &hidden, Some("👍")).unwrap().reactions.len(), 1);
    assert!(at_tal.try_recv().is_err(), "tal hears of nothing");
    is_missing(like(&tal, &hidden, Some("👍")));
    regranted(&gateway, &dana, &board, vec![person("omar", BoardRight::Read)]).unwrap();
    is_missing(like(&noa, &number, None));
    assert_eq!(seen(&dana).len(), 1);
    gateway.post_delete(&dana, &hidden).unwrap();
    is_missing(like(&omar, &hidden, Some("👍")));
    gateway.topic_delete(&dana, &number).unwrap();
    assert_eq!(gateway.store().count(&POST_REACTIONS, &()).unwrap(), 0);
}

#[test]
fn a_muted_topic_is_not_counted_and_a_followed_one_apart() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let board = made(&gateway, &dana, true, vec![person("omar", BoardRight::Write)]);
    let (one, two) =
        (begin(&gateway, &dana, &board, "Lunch"), begin(&gateway, &dana, &board, "Dinner"));
    let counts = || {
        let view = gateway.board(&omar, &board).unwrap().view;
        let page = gateway.topic_list(&omar, &board, (0, 10)).unwrap();
        let of = |reference| {
            page.items.iter().find(|topic| topic.reference == reference).unwrap().unread
        };
        (view.unread, view.followed, of(one.reference), of(two.reference))
    };
    assert_eq!(counts(), (2, 0, 1, 1));
    let attend = |of: &str, what| gateway.topic_attend(&omar, of, what).unwrap().attention;
    let (first, second) = (shown(one.reference), shown(two.reference));
    assert_eq!(attend(&first, Some(Attention::Muted)), Some(Attention::Muted));
    assert_eq!(attend(&second, Some(Attention::Followed)), Some(Attention::Followed));
    assert_eq!(counts(), (1, 1, 0, 1));
    answer(&gateway, &dana, &board, (&one, "Soup"));
    gateway.post_read(&omar, &second).unwrap();
    assert_eq!(counts(), (0, 0, 0, 0));
    answer(&gateway, &dana, &board, (&two, "Stew"));
    assert_eq!(counts(), (1, 1, 0, 1));
    assert_eq!(attend(&first, None), None);
    assert_eq!(counts(), (2, 1, 2, 1));
    // It is the own choice: dana has none.
    let page = gateway.topic_list(&dana, &board, (0, 10)).unwrap();
    assert!(page.items.iter().all(|topic| topic.attention.is_none()));
    attend(&second, Some(Attention::Muted));
    gateway.topic_delete(&dana, &second).unwrap();
    assert_eq!(gateway.store().count(&BOARD_ATTENTION, &()).unwrap(), 0);
    attend(&first, Some(Attention::Followed));
    regranted(&gateway, &dana, &board, vec![]).unwrap();
    is_missing(gateway.topic_attend(&omar, &first, Some(Attention::Muted)));
    gateway.board_delete(&dana, &board).unwrap();
    assert_eq!(gateway.store().count(&BOARD_ATTENTION, &()).unwrap(), 0);
}
