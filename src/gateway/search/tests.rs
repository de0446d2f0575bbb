//! Tests of search from the user's side, with an oracle that reads everything.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use super::*;
use crate::gateway::mailboxes::list::PAGE_MAX;
use crate::gateway::records::tables::{SEARCH_DELETED, SEARCH_PARTS, SEARCH_TEXTS, SEARCH_WAITING};
use crate::gateway::tests::{deliver, gateway, gateway_with, sign_in};
use crate::gateway::{Actor, Change, Error, Gateway};
use crate::mail::reference::Reference;
use crate::store::{Order, Read};

fn message(from: &str, subject: &str, body: &str) -> String {
    format!(
        "From: {from}\nTo: Dana Levi <dana@example.org>\nCc: Omar <omar@example.org>\n\
         Subject: {subject}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain; charset=utf-8\n\n{body}\n\
         --b\nContent-Type: application/pdf\n\
         Content-Disposition: attachment; filename=\"ledger-2026.pdf\"\n\nx\n--b--\n"
    )
}

fn plain(subject: &str, body: &str) -> String {
    format!("From: Rachel <rachel@outside.example>\nSubject: {subject}\n\n{body}\n")
}

fn open(gateway: &Gateway, actor: &Actor, reference: Reference) {
    gateway.message_open(actor, reference, None).unwrap();
}

/// P-19: what was forwarded as an attachment is found by its words.
#[test]
fn a_message_is_found_by_the_words_of_one_that_is_attached() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let inner =
        plain("The quarry", "It is of granite.").replace("\n\n", "\nTo: lea@far.example\n\n");
    let outer = format!(
        "From: Rachel <rachel@outside.example>\nSubject: Fwd\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee below.\n\
         --b\nContent-Type: message/rfc822\n\n{inner}\n--b--\n"
    );
    let reference = deliver(&gateway, &["dana@example.org"], &outer);
    assert_eq!(find(&gateway, &dana, "granite"), [], "it was not opened");
    open(&gateway, &dana, reference);
    for query in ["granite", "lea@far.example", "\"see below\"", "subject:fwd granite"] {
        assert_eq!(find(&gateway, &dana, query), [reference], "{query}");
    }
}

/// All results, page by page.
fn find(gateway: &Gateway, actor: &Actor, query: &str) -> Vec<Reference> {
    let (mut found, mut before) = (Vec::new(), None::<String>);
    loop {
        let answer = gateway.search(actor, query, before.as_deref(), 3).unwrap();
        assert_eq!(answer.waiting, 0, "everything is taken in");
        found.extend(answer.hits.iter().map(|hit| hit.item.reference));
        before = answer.next;
        if before.is_none() {
            return found;
        }
    }
}

fn text(snippet: &[Snippet]) -> String {
    let marked = |piece: &Snippet| match piece.hit {
        true => format!("[{}]", piece.text),
        false => piece.text.clone(),
    };
    snippet.iter().map(marked).collect()
}

/// P-19, P-25: the words in the list are found at once, a message's text once it was opened;
/// searching opens nothing.
#[test]
fn a_message_is_found_by_what_its_reader_may_know() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let reference =
        deliver(&gateway, &["dana@example.org"], &plain("The contract", "The répository is red."));
    assert_eq!(find(&gateway, &dana, "contract"), [reference]);
    assert_eq!(find(&gateway, &dana, "rachel"), [reference]);
    assert_eq!(find(&gateway, &dana, "repository"), []);
    let item = gateway.message_item(&dana, reference).unwrap();
    assert!(item.opened.is_none() && item.unread, "nothing was opened");
    open(&gateway, &dana, reference);
    for query in ["REPOSITORY", "repos", "contract red", "\"repository is red\"", "body répo"] {
        let expected: &[Reference] = if query.starts_with("body") { &[] } else { &[reference] };
        assert_eq!(find(&gateway, &dana, query), expected, "{query}");
    }
    let found = gateway.search(&dana, "repository", None, 50).unwrap();
    assert_eq!(text(&found.hits[0].snippet), "The [répository] is red. ");
    assert_eq!(find(&gateway, &sign_in(&gateway, "omar"), "contract"), [], "nobody else finds it");
    assert_eq!(find(&gateway, &dana, &reference.to_string()), [reference]);
    assert_eq!(find(&gateway, &sign_in(&gateway, "omar"), &reference.to_string()), []);
}

#[test]
fn a_list_shows_the_beginning_of_what_was_opened_and_of_nothing_else() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let [opened, sealed] = ["The pond", "The well"].map(|subject| {
        deliver(&gateway, &["dana@example.org"], &plain(subject, "By the water\r\nstood a heron."))
    });
    open(&gateway, &dana, opened);
    let asked = [opened, sealed];
    gateway.search_step(&dana, Duration::from_secs(5)).unwrap();
    let begins = gateway.message_beginnings(&dana, &asked).unwrap();
    let heron = Beginning { reference: opened, text: "By the water stood a heron.".to_owned() };
    assert_eq!(begins, [heron]);
    assert!(gateway.message_item(&dana, sealed).unwrap().opened.is_none());
    let omar = sign_in(&gateway, "omar");
    assert_eq!(gateway.message_beginnings(&omar, &asked).unwrap(), []);
    let many = vec![opened; PAGE_MAX + 1];
    assert!(matches!(gateway.message_beginnings(&dana, &many), Err(Error::Invalid { .. })));
}

#[test]
fn each_operator_looks_where_it_says() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let first = deliver(
        &gateway,
        &["dana@example.org"],
        &message("Rachel Amir <rachel@outside.example>", "Quarterly report", "Numbers and words"),
    );
    gateway.clock().advance_secs(24 * 3600);
    let second =
        deliver(&gateway, &["dana@example.org"], &plain("Lunch", "A report on quarterly numbers"));
    gateway.clock().advance_secs(1);
    let third = deliver(&gateway, &["dana@example.org"], &plain("Never opened", "words"));
    for reference in [first, second] {
        open(&gateway, &dana, reference);
    }
    let star = Change { starred: Some(true), ..Change::default() };
    gateway.message_change(&dana, second, &star).unwrap();
    let folder = gateway.mailbox_create(&dana, "Tax Office").unwrap().id;
    let mv = |to: &str| Change { mailbox: Some(to.to_owned()), ..Change::default() };
    gateway.message_change(&dana, first, &mv(&folder)).unwrap();

    let day = &gateway.clock().now().to_rfc3339()[..10].to_owned();
    for (query, expected) in [
        ("report", vec![second, first]),
        ("subject:report", vec![first]),
        ("-subject:report report", vec![second]),
        ("\"quarterly report\"", vec![first]),
        ("-\"quarterly report\" report", vec![second]),
        ("quarterly-rep", vec![first]),
        ("from:amir", vec![first]),
        ("from:rachel@outside.example", vec![third, second, first]),
        ("from:outside", vec![third, second, first]),
        ("to:dana", vec![first]),
        ("cc:omar@example.org", vec![first]),
        ("filename:ledger", vec![first]),
        ("ledger", vec![first]),
        ("has:attachment", vec![first]),
        ("-has:attachment", vec![third, second]),
        ("is:starred", vec![second]),
        ("is:unopened", vec![third]),
        ("is:unread", vec![third]),
        ("-is:unread", vec![second, first]),
        ("in:inbox", vec![third, second]),
        ("in:\"tax office\"", vec![first]),
        (&format!("before:{day}"), vec![first]),
        (&format!("after:{day}"), vec![third, second]),
        ("larger:1M", vec![]),
        ("smaller:1M report", vec![second, first]),
        (&format!("ref:{first}"), vec![first]),
        ("", vec![third, second, first]),
    ] {
        assert_eq!(find(&gateway, &dana, query), expected, "{query}");
    }
    gateway.message_change(&dana, first, &mv("trash")).unwrap();
    assert_eq!(find(&gateway, &dana, "report"), [second], "trash is not looked into");
    assert_eq!(find(&gateway, &dana, "report in:trash"), [first]);
    assert_eq!(find(&gateway, &dana, "report in:all"), [second, first]);
    let wrong = gateway.search(&dana, "in:nowhere", None, 50);
    assert!(matches!(wrong, Err(Error::Invalid { what }) if what.contains("nowhere")));
}

/// Every word of every block, opened with the owner's keys.
fn words_kept(gateway: &Gateway, actor: &Actor) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    for (id, part) in gateway.parts(actor.account()).unwrap() {
        for number in 0..part.blocks {
            let octets = gateway.block(actor, id, number).unwrap();
            let note = |word: &[u8], _: &[u8]| {
                kept.insert(String::from_utf8(word.to_vec()).unwrap());
            };
            block::each_word(&octets, note).unwrap();
        }
    }
    kept
}

/// A deleted message is removed from the index; of a rejected one only the summary was indexed.
#[test]
fn what_is_deleted_is_forgotten() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let gone = deliver(&gateway, &["dana@example.org"], &plain("Secret plans", "Platypus"));
    let stays = deliver(&gateway, &["dana@example.org"], &plain("Open plans", "Wombat"));
    let rejected = deliver(&gateway, &["dana@example.org"], &plain("Unwanted", "Narwhal"));
    for reference in [gone, stays] {
        open(&gateway, &dana, reference);
    }
    gateway.search_index(&dana).unwrap();
    assert_eq!(find(&gateway, &dana, "platypus"), [gone]);
    gateway.message_delete(&dana, gone).unwrap();
    gateway.message_reject(&dana, rejected, None, None).unwrap();
    assert_eq!(find(&gateway, &dana, "platypus"), [], "it is not found from this moment on");
    assert_eq!(find(&gateway, &dana, "unwanted"), []);

    gateway.clock().advance_secs(3_601);
    let dana = sign_in(&gateway, "dana");
    for _ in 0..8 {
        gateway.search_index(&dana).unwrap();
    }
    let kept = words_kept(&gateway, &dana);
    assert!(kept.contains("wombat") && kept.contains("plans"), "{kept:?}");
    for word in ["platypus", "secret", "unwanted", "narwhal"] {
        assert!(!kept.contains(word), "{word}");
    }
    assert_eq!(gateway.store().count(&SEARCH_DELETED, &dana.account()).unwrap(), 0);
    assert_eq!(gateway.store().count(&SEARCH_TEXTS, &dana.account()).unwrap(), 1);
}

/// P-89: the daemon's key, which opens every record, reveals no word of the index.
#[test]
fn at_rest_the_index_shows_no_word() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let reference = deliver(&gateway, &["dana@example.org"], &plain("Xylophone", "Platypus"));
    open(&gateway, &dana, reference);
    assert_eq!(find(&gateway, &dana, "platypus xylophone"), [reference]);
    let mut sealed = Vec::new();
    let store = gateway.store();
    let parts = store.scan(&SEARCH_PARTS, &(), Order::Ascending, |_, part| {
        sealed.extend(part.sealed_docs);
        ControlFlow::Continue(())
    });
    let blocks = store.scan(
        &crate::gateway::records::tables::SEARCH_BLOCKS,
        &(),
        Order::Ascending,
        |_, block| {
            sealed.extend(block.0);
            ControlFlow::Continue(())
        },
    );
    let texts = store.scan(&SEARCH_TEXTS, &(), Order::Ascending, |_, text| {
        sealed.extend(text.0);
        ControlFlow::Continue(())
    });
    assert!(parts.and(blocks).and(texts).is_ok() && sealed.len() > 200, "{}", sealed.len());
    let sealed = String::from_utf8_lossy(&sealed).to_lowercase();
    for word in ["platypus", "xylophone", "rachel"] {
        assert!(!sealed.contains(word), "{word}");
    }
}

/// However mail arrives, is opened and deleted, an account has few parts, and each query gets the
/// same answer as reading everything.
#[test]
fn the_index_answers_as_reading_everything_does() {
    let mut rng = fastrand::Rng::with_seed(11);
    let gateway = gateway_with(|settings| settings.session_idle_secs = 1 << 30);
    let dana = sign_in(&gateway, "dana");
    let vocabulary: Vec<String> = (0..60).map(|n| format!("w{}x{n}", n % 7)).collect();
    // The text that the reader may know of each message: its subject, and its body once opened.
    let mut known: Vec<(Reference, Vec<String>, Vec<String>, bool)> = Vec::new();
    for round in 0..700 {
        gateway.clock().advance_secs(1);
        let pick = |rng: &mut fastrand::Rng, count: usize| -> Vec<String> {
            (0..count).map(|_| vocabulary[rng.usize(..vocabulary.len())].clone()).collect()
        };
        let (subject, body) = (pick(&mut rng, 2), pick(&mut rng, 6));
        let text = plain(&subject.join(" "), &body.join(" "));
        let reference = deliver(&gateway, &["dana@example.org"], &text);
        known.push((reference, subject, body, false));
        if rng.u8(..2) == 0 {
            let at = rng.usize(..known.len());
            open(&gateway, &dana, known[at].0);
            known[at].3 = true;
        }
        if rng.u8(..6) == 0 {
            let at = rng.usize(..known.len());
            if known[at].3 {
                gateway.message_delete(&dana, known[at].0).unwrap();
                known.remove(at);
            }
        }
        if rng.u8(..3) == 0 {
            gateway.search_index(&dana).unwrap();
        }
        if round % 50 == 49 {
            check_all(&gateway, &dana, &known, &vocabulary, &mut rng);
        }
    }
    let parts = gateway.store().count(&SEARCH_PARTS, &dana.account()).unwrap();
    assert!(parts <= 4 * 8, "{parts} parts");
    assert_eq!(gateway.store().count(&SEARCH_WAITING, &dana.account()).unwrap(), 0);
}

fn check_all(
    gateway: &Gateway,
    dana: &Actor,
    known: &[(Reference, Vec<String>, Vec<String>, bool)],
    vocabulary: &[String],
    rng: &mut fastrand::Rng,
) {
    for _ in 0..10 {
        let word = |rng: &mut fastrand::Rng| vocabulary[rng.usize(..vocabulary.len())].clone();
        let (one, other) = (word(rng), word(rng));
        let not = rng.bool();
        let query = format!("{one} {}{other}", if not { "-" } else { "" });
        let has = |words: &[String], asked: &str| words.iter().any(|w| w.starts_with(asked));
        let fits = |(_, subject, body, opened): &&(Reference, Vec<String>, Vec<String>, bool)| {
            let says = |asked: &str| has(subject, asked) || (*opened && has(body, asked));
            says(&one) && says(&other) != not
        };
        let expected: Vec<Reference> = known.iter().rev().filter(fits).map(|row| row.0).collect();
        assert_eq!(find(gateway, dana, &query), expected, "{query}");
    }
}

/// Filters check what the list shows, run once, and open nothing.
#[test]
fn filters_put_new_mail_where_it_belongs() {
    use crate::gateway::mailboxes::filter::Filter;
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let folder: u32 = gateway.mailbox_create(&dana, "Bills").unwrap().id.parse().unwrap();
    let before = deliver(&gateway, &["dana@example.org"], &plain("Invoice 1", "x"));
    gateway.search_index(&dana).unwrap();
    let rules = [
        Filter { subject: "INVOICÉ".to_owned(), mailbox: Some(folder), ..Filter::default() },
        Filter { from: "rachel".to_owned(), star: true, ..Filter::default() },
        Filter { to: "omar@".to_owned(), mailbox: Some(4), ..Filter::default() },
    ];
    gateway.filters_set(&dana, &rules).unwrap();
    assert_eq!(gateway.filters(&dana).unwrap(), rules);
    let bill = deliver(&gateway, &["dana@example.org"], &plain("Your invoice 2", "x"));
    let copied = deliver(&gateway, &["dana@example.org"], &message("A <a@b.example>", "Hi", "x"));
    let place = |reference| {
        let item = gateway.message_item(&dana, reference).unwrap();
        (item.mailbox, item.starred, item.unread && item.opened.is_none())
    };
    assert_eq!(place(bill), ("1".to_owned(), false, true), "nobody can read it before");
    gateway.search_index(&dana).unwrap();
    assert_eq!(place(bill), (folder.to_string(), true, true));
    assert_eq!(place(copied), ("4".to_owned(), false, true));
    assert_eq!(place(before), ("1".to_owned(), false, true), "what was there stays");
    // A message moved back by hand stays there, even when it is opened and indexed again.
    let back = Change { mailbox: Some("inbox".to_owned()), ..Change::default() };
    gateway.message_change(&dana, bill, &back).unwrap();
    open(&gateway, &dana, bill);
    gateway.search_index(&dana).unwrap();
    assert_eq!(place(bill).0, "1");
    let wrong = [Filter { mailbox: Some(folder), ..Filter::default() }];
    assert!(matches!(gateway.filters_set(&dana, &wrong), Err(Error::Invalid { .. })));
    let nowhere = [Filter { from: "a".to_owned(), mailbox: Some(99), ..Filter::default() }];
    assert!(matches!(gateway.filters_set(&dana, &nowhere), Err(Error::NotFound { .. })));
}

/// Recipients are suggested from past mail: people written to come before other senders.
#[test]
fn correspondents_are_known_from_past_mail() {
    use crate::gateway::sending_tests::{content, send};
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    deliver(&gateway, &["dana@example.org"], &plain("Hello", "x"));
    send(&gateway, &dana, &content(&["omar@example.org"], "Hello"));
    let people = gateway.people(&dana).unwrap();
    let listed: Vec<(Option<&str>, &str)> =
        people.iter().map(|one| (one.name.as_deref(), one.address.as_str())).collect();
    assert_eq!(listed, [(None, "omar@example.org"), (Some("Rachel"), "rachel@outside.example")]);
}

/// A sent message is found by its text and by the names of its files.
#[test]
fn sent_messages_are_found_whole() {
    use crate::gateway::DraftContent;
    use crate::gateway::sending_tests::{content, send, uploaded};
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let file = uploaded(&gateway, &dana, "gw5idfv8khx852ps5rck.txt", b"octets");
    let message = DraftContent {
        attachments: vec![file],
        ..content(&["omar@example.org"], "tvdvbvqj9gakygxuv433")
    };
    let reference = send(&gateway, &dana, &message);
    for query in ["contract", "gw5idfv8khx852ps5rck", "tvdvbvqj9gakygxuv433", "to:omar"] {
        assert_eq!(find(&gateway, &dana, query), [reference], "{query}");
    }
}

const NOW: std::time::Duration = std::time::Duration::ZERO;

/// A second step at the same time is refused, and does not end the first one's turn.
#[test]
fn one_turn_at_a_time_and_nobody_waits_for_ever() {
    let busy = index::Busy::default();
    let account = crate::gateway::AccountId([7; 16]);
    let first = busy.turn_within(account, NOW);
    assert!(first.is_some());
    assert!(busy.turn_within(account, NOW).is_none());
    assert!(busy.turn_within(account, NOW).is_none(), "refusing did not end the first one's turn");
    assert!(busy.turn_within(crate::gateway::AccountId([8; 16]), NOW).is_some());
    drop(first);
    assert!(busy.turn_within(account, NOW).is_some());
}

/// A message opened just now is found, although another request is indexing it at that moment.
#[test]
fn a_search_waits_for_messages_that_are_being_indexed() {
    let gateway = gateway();
    let heron = deliver(&gateway, &["dana@example.org"], &plain("Birds", "A blue heron."));
    let dana = sign_in(&gateway, "dana");
    gateway.message_open(&dana, heron, None).unwrap();
    let turn = gateway.inner.search_busy.turn_within(dana.account(), NOW).unwrap();
    let asking = {
        let (gateway, dana) = (gateway.clone(), sign_in(&gateway, "dana"));
        std::thread::spawn(move || find(&gateway, &dana, "heron"))
    };
    // Long enough for a search that does not wait to have finished.
    let started = std::time::Instant::now();
    while !asking.is_finished() && started.elapsed() < std::time::Duration::from_millis(200) {
        std::thread::yield_now();
    }
    drop(turn);
    assert_eq!(asking.join().unwrap(), [heron]);
}

/// Concurrent requests of one account are all answered.
#[test]
fn searches_of_several_tabs_at_once_are_answered() {
    let gateway = gateway();
    for n in 0..20 {
        deliver(&gateway, &["dana@example.org"], &plain(&format!("Heron {n}"), "x"));
    }
    let tabs: Vec<_> = (0..4)
        .map(|_| {
            let gateway = gateway.clone();
            std::thread::spawn(move || {
                let dana = sign_in(&gateway, "dana");
                for _ in 0..20 {
                    gateway.search_index(&dana).unwrap();
                    gateway.search(&dana, "heron", None, 50).unwrap();
                }
            })
        })
        .collect();
    for tab in tabs {
        tab.join().unwrap();
    }
    let dana = sign_in(&gateway, "dana");
    assert_eq!(gateway.search(&dana, "heron", None, 50).unwrap().hits.len(), 20);
}
