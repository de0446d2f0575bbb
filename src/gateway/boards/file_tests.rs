//! Files of posts.

use super::board::WantedGrant;
use super::content::PostContent;
use super::file::{FILES_MAX, FileOpened};
use super::post::{NewPost, PostEdit};
use super::reading::PostView;
use super::tests::{begin, is_missing, made, person, regranted};
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::group_tests::gateway_of;
use crate::gateway::records::tables::{POST_FILE_CHUNKS, POST_FILES, UPLOADS};
use crate::gateway::sending_tests::uploaded;
use crate::gateway::tests::*;
use crate::gateway::text::shown;
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::store::{ContentId, Order, Read};
use crate::terms::BoardRight;
use crate::vault::CHUNK_OCTETS;

const TEXT: &str = "See the plan";

fn post(
    gateway: &Gateway,
    actor: &Actor,
    board: &str,
    (topic, readers, files): (Option<&PostView>, &[&str], &[&str]),
) -> Result<PostView, Error> {
    let named = readers.iter().map(|name| NamedReader::Person(format!("{name}@example.org")));
    let new = NewPost {
        title: if topic.is_none() { "Plan".to_owned() } else { String::new() },
        topic: topic.map(|topic| shown(topic.topic)),
        text: TEXT.to_owned(),
        readers: named.collect(),
        files: files.iter().map(|id| (*id).to_owned()).collect(),
    };
    gateway.post_write(actor, board, &new, &format!("{files:?}"))
}

fn opened(gateway: &Gateway, actor: &Actor, post: &PostView, at: usize) -> Result<Vec<u8>, Error> {
    let file = &post.files[at].id;
    let (reference, id) = gateway.post_file_named(actor, &shown(post.reference), file)?;
    let mut opened: FileOpened = gateway.post_file(actor, reference, id)?;
    let mut all = Vec::new();
    while let Some(piece) = opened.take_next()? {
        assert!(piece.len() <= CHUNK_OCTETS, "little of it is in memory");
        all.extend_from_slice(&piece);
    }
    assert_eq!(all.len() as u64, opened.size);
    Ok(all)
}

fn board_of(gateway: &Gateway, dana: &Actor) -> String {
    let grants: Vec<WantedGrant> = vec![
        person("omar", BoardRight::Write),
        person("noa", BoardRight::Edit),
        person("tal", BoardRight::Read),
    ];
    made(gateway, dana, true, grants)
}

/// Every content that belongs to a file of a post.
fn contents(gateway: &Gateway) -> Vec<ContentId> {
    let mut found = Vec::new();
    let all = |_, row: crate::gateway::records::submission::UploadChunk| {
        found.push(ContentId(row.content));
        std::ops::ControlFlow::Continue(())
    };
    gateway.store().scan(&POST_FILE_CHUNKS, &(), Order::Ascending, all).unwrap();
    found
}

fn is_gone(gateway: &Gateway, contents: &[ContentId]) {
    for content in contents {
        assert_eq!(gateway.store().content_length(*content).unwrap(), None);
    }
}

#[test]
fn a_file_is_for_the_readers_of_its_post() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa, tal] = ["dana", "omar", "noa", "tal"].map(|name| sign_in(&gateway, name));
    let board = board_of(&gateway, &dana);
    let large: Vec<u8> = (0..5 << 20).map(|at: u32| (at % 251) as u8).collect();
    let one = uploaded(&gateway, &dana, "plan.pdf", &large);
    let empty = uploaded(&gateway, &dana, "empty.txt", b"");
    let topic = post(&gateway, &dana, &board, (None, &[], &[&one, &empty])).unwrap();
    let named = |post: &PostView| -> Vec<Option<String>> {
        post.files.iter().map(|file| file.named.as_ref().map(|(name, _)| name.clone())).collect()
    };
    assert_eq!(named(&topic), [Some("plan.pdf".to_owned()), Some("empty.txt".to_owned())]);
    let at = 0;
    for actor in [&dana, &omar, &noa, &tal] {
        assert_eq!(opened(&gateway, actor, &topic, at).unwrap(), large);
        assert_eq!(opened(&gateway, actor, &topic, 1 - at).unwrap(), b"");
    }
    // It is no upload any more, and belongs to no second post.
    assert_eq!(gateway.store().count(&UPLOADS, &()).unwrap(), 0);
    is_missing(post(&gateway, &dana, &board, (Some(&topic), &[], &[&one])));
    let others = uploaded(&gateway, &omar, "own.txt", b"omar's own");
    is_missing(post(&gateway, &dana, &board, (Some(&topic), &[], &[&others])));
    // Of a post for some, nobody else gets the file, also not by its number.
    let secret = uploaded(&gateway, &omar, "salary.txt", b"a lot");
    let some = post(&gateway, &omar, &board, (Some(&topic), &["noa"], &[&secret])).unwrap();
    assert_eq!(opened(&gateway, &noa, &some, 0).unwrap(), b"a lot");
    is_missing(opened(&gateway, &tal, &some, 0));
    is_missing(opened(&gateway, &dana, &some, 0));
    let mixed = PostView { reference: topic.reference, ..some.clone() };
    is_missing(opened(&gateway, &tal, &mixed, 0));
    // Who may read no more gets nothing.
    regranted(&gateway, &dana, &board, vec![person("omar", BoardRight::Write)]).unwrap();
    is_missing(opened(&gateway, &tal, &topic, at));
    is_missing(opened(&gateway, &noa, &some, 0));
}

/// Files stand in the order in which they were named, whatever their numbers are, also after a change.
#[test]
fn files_are_shown_in_the_order_that_the_author_gave() {
    let gateway = gateway_of(&["noa", "tal"]);
    let dana = sign_in(&gateway, "dana");
    let board = board_of(&gateway, &dana);
    let mut ids: Vec<String> =
        (0..5).map(|at| uploaded(&gateway, &dana, &format!("{at}.txt"), &[at])).collect();
    ids.sort_by(|a, b| b.cmp(a));
    let named: Vec<&str> = ids.iter().map(String::as_str).collect();
    let one = post(&gateway, &dana, &board, (None, &[], &named)).unwrap();
    let shown_ids = |post: &PostView| post.files.iter().map(|file| file.id.clone()).collect();
    let seen: Vec<String> = shown_ids(&one);
    assert_eq!(seen, ids);
    let edit = PostEdit {
        content: PostContent { title: "Plan".to_owned(), text: TEXT.to_owned() },
        files: Some(vec![ids[3].clone(), ids[0].clone()]),
    };
    let less = gateway.post_change(&dana, &shown(one.reference), 0, &edit).unwrap();
    let seen: Vec<String> = shown_ids(&less);
    assert_eq!(seen, [ids[0].clone(), ids[3].clone()], "a change leaves out, and moves nothing");
}

#[test]
fn a_file_goes_with_its_post_or_with_the_change_that_drops_it() {
    let gateway = gateway_of(&["noa", "tal"]);
    let [dana, omar, noa] = ["dana", "omar", "noa"].map(|name| sign_in(&gateway, name));
    let board = board_of(&gateway, &dana);
    let topic = begin(&gateway, &dana, &board, "Plans");
    let used = || gateway.quota(&omar).unwrap().usage.octets;
    let ids = ["a.txt", "b.txt"].map(|name| uploaded(&gateway, &omar, name, &[7; 3_000]));
    assert_eq!(used(), 6_000);
    let files: Vec<&str> = ids.iter().map(String::as_str).collect();
    let one = post(&gateway, &omar, &board, (Some(&topic), &[], &files)).unwrap();
    assert!((6_000..6_200).contains(&used()), "{}", used());
    assert_eq!(
        gateway.boards_all().unwrap()[0].octets,
        used() + gateway.quota(&dana).unwrap().usage.octets
    );
    // A request that is repeated is the same one, with the same files alone.
    let again = post(&gateway, &omar, &board, (Some(&topic), &[], &files)).unwrap();
    assert_eq!(again.reference, one.reference);
    let new = NewPost {
        topic: Some(shown(topic.topic)),
        title: String::new(),
        text: TEXT.to_owned(),
        readers: vec![],
        files: vec![],
    };
    let other = gateway.post_write(&omar, &board, &new, &format!("{files:?}"));
    assert!(matches!(other, Err(Error::Conflict(Conflict::RequestUsed))), "{other:?}");
    let all = contents(&gateway);
    assert_eq!(all.len(), 2);
    // A change keeps them, and one that names some drops the others.
    let say = |files| PostEdit {
        content: PostContent { title: String::new(), text: "New plan".to_owned() },
        files,
    };
    let number = shown(one.reference);
    let kept = gateway.post_change(&omar, &number, 0, &say(None)).unwrap();
    assert_eq!(kept.files, one.files);
    let stays = one.files[0].id.clone();
    let less = gateway.post_change(&noa, &number, 1, &say(Some(vec![stays]))).unwrap();
    assert_eq!(less.files, one.files[..1]);
    assert_eq!(opened(&gateway, &noa, &less, 0).unwrap(), [7; 3_000]);
    is_missing(opened(&gateway, &omar, &one, 1));
    let left = contents(&gateway);
    assert_eq!(left.len(), 1);
    is_gone(&gateway, &all.iter().filter(|one| !left.contains(one)).copied().collect::<Vec<_>>());
    assert!((3_000..3_400).contains(&used()), "{}", used());
    gateway.post_delete(&noa, &number).unwrap();
    is_gone(&gateway, &all);
    assert_eq!((used(), gateway.store().count(&POST_FILES, &()).unwrap()), (0, 0));
    // So does a topic.
    let more = uploaded(&gateway, &omar, "c.txt", b"more");
    post(&gateway, &omar, &board, (Some(&topic), &["noa"], &[&more])).unwrap();
    let last = contents(&gateway);
    gateway.topic_delete(&dana, &shown(topic.reference)).unwrap();
    is_gone(&gateway, &last);
    assert_eq!((used(), gateway.boards_all().unwrap()[0].octets), (0, 0));
    assert!(contents(&gateway).is_empty());
}

#[test]
fn a_file_that_is_not_there_yet_or_waits_in_a_draft_is_not_posted() {
    let gateway = gateway_of(&["noa", "tal"]);
    let dana = sign_in(&gateway, "dana");
    let board = board_of(&gateway, &dana);
    let half = gateway.upload_begin(&dana, "half", "a/b", 100).unwrap();
    let refused = post(&gateway, &dana, &board, (None, &[], &[&half.id]));
    assert!(matches!(refused, Err(Error::Conflict(Conflict::UploadIncomplete))), "{refused:?}");
    let named = uploaded(&gateway, &dana, "named.txt", b"of a draft");
    let mut content = crate::gateway::sending_tests::content(&[], "A draft");
    content.attachments.push(named.clone());
    gateway.draft_create(&dana, &content).unwrap();
    let refused = post(&gateway, &dana, &board, (None, &[], &[&named]));
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    assert!(gateway.upload(&dana, &named).is_ok());
    // Pieces of an octet have a row each, which nobody is charged for.
    let tiny = gateway.upload_begin(&dana, "tiny", "a/b", 3).unwrap();
    for at in 0..3 {
        gateway.upload_append(&dana, &tiny.id, at, b"x").unwrap();
    }
    let refused = post(&gateway, &dana, &board, (None, &[], &[&tiny.id]));
    assert!(matches!(refused, Err(Error::TooLarge)), "{refused:?}");
    let many: Vec<String> = (0..=FILES_MAX).map(|at| format!("{at:032x}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let refused = post(&gateway, &dana, &board, (None, &[], &many));
    assert!(matches!(refused, Err(Error::OverQuota)), "{refused:?}");
    assert_eq!(gateway.store().count(&POST_FILES, &()).unwrap(), 0);
}

/// The same request, sent twice at once, takes its files once and answers both with the post.
#[test]
fn a_request_that_is_sent_twice_at_once_finds_its_post_both_times() {
    let gateway = gateway_of(&["noa", "tal"]);
    let dana = sign_in(&gateway, "dana");
    let board = board_of(&gateway, &dana);
    for _ in 0..30 {
        let file = uploaded(&gateway, &dana, "plan.txt", b"octets");
        let both = std::sync::Barrier::new(2);
        let once = || {
            both.wait();
            post(&gateway, &dana, &board, (None, &[], &[&file])).map(|view| view.reference)
        };
        let (first, second) = std::thread::scope(|scope| {
            let other = scope.spawn(once);
            (once(), other.join().unwrap())
        });
        assert_eq!(first.unwrap(), second.unwrap());
    }
}
