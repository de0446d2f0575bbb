//! Named readers whose right to read a board comes and goes.

use super::board::WantedGrant;
use super::content::PostContent;
use super::reading::PostView;
use super::tests::{edit, made, person, regranted, texts, write};
use crate::gateway::group_tests::gateway_of;
use crate::gateway::removal::addresses::NameAfter;
use crate::gateway::removal_tests::remove;
use crate::gateway::tests::{create, sign_in};
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

/// Who is removed was a named reader, whose right to the board comes from a grant that is still there.
#[test]
fn who_is_removed_keeps_nobody_from_writing_and_from_coming_back() {
    let it = Limited::new();
    create(&it.gateway, "tal").unwrap();
    let tal = sign_in(&it.gateway, "tal");
    it.edited_by(&["noa", "omar", "tal"]);
    let named = ["omar", "tal"];
    let topic = write(&it.gateway, &it.noa, &it.board, (None, "Plan"), &named, "2").unwrap();
    let answer = |actor: &Actor, text: &str| {
        write(&it.gateway, actor, &it.board, (Some(&topic), text), &[], text)
    };
    let read = |actor: &Actor| texts(&it.gateway, actor, &it.board, &topic);
    remove(&it.gateway, "omar", NameAfter::Free);
    answer(&it.noa, "Without Omar").unwrap();
    // The keys come back to those who are there.
    it.edited_by(&["noa"]);
    answer(&it.noa, "Alone").unwrap();
    it.edited_by(&["noa", "tal"]);
    assert_eq!(read(&it.noa), ["Plan", "Without Omar", "Alone"]);
    assert_eq!(read(&tal), ["Plan", "Without Omar", "Alone"]);
    answer(&tal, "Both").unwrap();
    assert_eq!(read(&it.noa), ["Plan", "Without Omar", "Alone", "Both"]);
}
