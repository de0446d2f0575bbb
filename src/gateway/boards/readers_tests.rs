//! Named readers whose right to read a board comes and goes.

use super::board::WantedGrant;
use super::content::PostContent;
use super::reading::{From, PostView};
use super::tests::{edit, made, person, regranted, texts, write};
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::group_tests::gateway_of;
use crate::gateway::removal::addresses::NameAfter;
use crate::gateway::removal_tests::remove;
use crate::gateway::tests::sign_in;
use crate::gateway::text::shown;
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::terms::BoardRight;

/// A board of Dana's that Noa and Omar edit, and a topic of Noa's there for Omar.
struct Limited {
    gateway: Gateway,
    dana: Actor,
    noa: Actor,
    omar: Actor,
    board: String,
    topic: PostView,
}

impl Limited {
    fn new() -> Limited {
        let gateway = gateway_of(&["noa"]);
        let [dana, noa, omar] = ["dana", "noa", "omar"].map(|name| sign_in(&gateway, name));
        let board = made(&gateway, &dana, true, editors(&["noa", "omar"]));
        let topic = write(&gateway, &noa, &board, (None, "Rota"), &["omar"], "1").unwrap();
        Limited { gateway, dana, noa, omar, board, topic }
    }

    fn edited_by(&self, names: &[&str]) {
        regranted(&self.gateway, &self.dana, &self.board, editors(names)).unwrap();
    }

    fn answer(&self, actor: &Actor, text: &str) -> Result<PostView, Error> {
        write(&self.gateway, actor, &self.board, (Some(&self.topic), text), &[], text)
    }

    fn texts(&self, actor: &Actor) -> Vec<String> {
        texts(&self.gateway, actor, &self.board, &self.topic)
    }
}

fn editors(names: &[&str]) -> Vec<WantedGrant> {
    names.iter().map(|name| person(name, BoardRight::Edit)).collect()
}

#[test]
fn who_may_read_again_reads_as_soon_as_another_reader_looks() {
    let it = Limited::new();
    it.edited_by(&["noa"]);
    it.answer(&it.noa, "Alone").unwrap();
    it.edited_by(&["noa", "omar"]);
    assert_eq!(it.texts(&it.omar), ["", ""], "nobody wrapped the keys for Omar yet");
    assert_eq!(it.texts(&it.noa), ["Rota", "Alone"]);
    assert_eq!(it.texts(&it.omar), ["Rota", "Alone"]);
    // The same for one post, and by its reference number.
    let post = write(&it.gateway, &it.noa, &it.board, (Some(&it.topic), "Key"), &["omar"], "2");
    let post = post.unwrap();
    it.edited_by(&["noa"]);
    let content = PostContent { title: String::new(), text: "Keys".to_owned() };
    let number = shown(post.reference);
    it.gateway.post_change(&it.noa, &number, post.version, &edit(content)).unwrap();
    it.edited_by(&["noa", "omar"]);
    assert_eq!(it.gateway.post(&it.omar, &number).unwrap().content, None);
    assert!(it.gateway.post(&it.noa, &number).unwrap().content.is_some());
    assert_eq!(it.gateway.post(&it.omar, &number).unwrap().content.unwrap().text, "Keys");
}

#[test]
fn nothing_is_lost_when_all_who_hold_the_keys_may_not_read_for_a_while() {
    let it = Limited::new();
    it.edited_by(&["noa"]);
    it.answer(&it.noa, "Alone").unwrap();
    // Omar may read again, and Noa, who alone holds the keys, may not.
    it.edited_by(&["omar"]);
    let refused = it.answer(&it.omar, "Mine");
    assert!(matches!(refused, Err(Error::Conflict(Conflict::GroupKeysWait))), "{refused:?}");
    let content = PostContent { title: "On Rota".to_owned(), text: "Mine".to_owned() };
    let number = shown(it.topic.reference);
    let refused = it.gateway.post_change(&it.omar, &number, 0, &edit(content));
    assert!(matches!(refused, Err(Error::Conflict(Conflict::GroupKeysWait))), "{refused:?}");
    it.edited_by(&["noa", "omar"]);
    assert_eq!(it.texts(&it.noa), ["Rota", "Alone"]);
    it.answer(&it.omar, "Both").unwrap();
    for actor in [&it.noa, &it.omar] {
        assert_eq!(it.texts(actor), ["Rota", "Alone", "Both"]);
    }
}

/// A topic of Noa's for Omar and Ada, an answer for Ada alone, and the grants of the board: once one to
/// everybody, and once one to each of them.
fn with_ada() -> [(Limited, PostView, Vec<WantedGrant>); 2] {
    [true, false].map(|everybody| {
        let gateway = gateway_of(&["noa", "ada"]);
        let [dana, noa, omar] = ["dana", "noa", "omar"].map(|name| sign_in(&gateway, name));
        sign_in(&gateway, "ada");
        let grants = match everybody {
            true => vec![WantedGrant { to: NamedReader::Everybody, right: BoardRight::Edit }],
            false => editors(&["noa", "omar", "ada"]),
        };
        let board = made(&gateway, &dana, true, grants.clone());
        let topic = write(&gateway, &noa, &board, (None, "Rota"), &["omar", "ada"], "1").unwrap();
        let it = Limited { gateway, dana, noa, omar, board, topic };
        let post = write(&it.gateway, &it.noa, &it.board, (Some(&it.topic), "Key"), &["ada"], "2");
        let post = post.unwrap();
        (it, post, grants)
    })
}

#[test]
fn a_topic_goes_on_when_one_of_its_readers_was_removed() {
    for (it, post, _) in with_ada() {
        remove(&it.gateway, "ada", NameAfter::Held);
        it.answer(&it.noa, "Without").unwrap();
        it.answer(&it.omar, "Ada").unwrap();
        assert_eq!(it.texts(&it.noa), ["Rota", "Key", "Without", "Ada"]);
        assert_eq!(it.texts(&it.omar), ["Rota", "Without", "Ada"]);
        // A post for her alone is changed by its author.
        let content = PostContent { title: String::new(), text: "Keys".to_owned() };
        let number = shown(post.reference);
        it.gateway.post_change(&it.noa, &number, 0, &edit(content)).unwrap();
        let refused = write(&it.gateway, &it.noa, &it.board, (Some(&it.topic), "x"), &["ada"], "3");
        assert!(refused.is_err(), "{refused:?}");
    }
}

#[test]
fn a_topic_goes_on_while_one_of_its_readers_is_being_removed() {
    for (it, ..) in with_ada() {
        it.gateway.account_remove("ada", "ada", NameAfter::Held).unwrap();
        it.answer(&it.noa, "Without").unwrap();
        assert_eq!(it.texts(&it.omar), ["Rota", "Without"]);
        let mut pass = 0;
        while it.gateway.removals_continue().unwrap() {
            pass += 1;
            it.answer(&it.omar, &format!("Pass {pass}")).unwrap();
            it.gateway.topic_posts(&it.noa, &shown(it.topic.reference), From::Unread, 10).unwrap();
        }
    }
}

#[test]
fn who_may_read_again_gets_the_keys_where_another_reader_was_removed() {
    for (it, _, grants) in with_ada() {
        it.edited_by(&["noa"]);
        it.answer(&it.noa, "Alone").unwrap();
        remove(&it.gateway, "ada", NameAfter::Held);
        let left = grants.into_iter().filter(|one| one.to != person("ada", one.right).to);
        regranted(&it.gateway, &it.dana, &it.board, left.collect()).unwrap();
        assert_eq!(it.texts(&it.omar), ["", ""], "nobody wrapped the keys for Omar yet");
        assert_eq!(it.texts(&it.noa), ["Rota", "Key", "Alone"]);
        assert_eq!(it.texts(&it.omar), ["Rota", "Alone"]);
    }
}

#[test]
fn who_is_left_writes_on_when_all_who_held_the_keys_were_removed() {
    let it = Limited::new();
    let everybody = WantedGrant { to: NamedReader::Everybody, right: BoardRight::Edit };
    it.edited_by(&["noa"]);
    it.answer(&it.noa, "Alone").unwrap();
    regranted(&it.gateway, &it.dana, &it.board, vec![everybody]).unwrap();
    remove(&it.gateway, "noa", NameAfter::Held);
    it.answer(&it.omar, "Left").unwrap();
    assert_eq!(it.texts(&it.omar), ["", "", "Left"], "what went with Noa's keys stays shut");
}
