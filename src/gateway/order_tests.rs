//! Tests of conversations, labels, retention and imports.

use super::accounts::appearance::{Appearance, SavedSearch};
use super::mailboxes::filter::Filter;
use super::mailboxes::import::Imported;
use super::mailboxes::label::Label;
use super::records::message::{ConversationOfV1, OwnId};
use super::records::tables::{CONVERSATION_IDS, CONVERSATIONS, ENTRIES, OWN_IDS};
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::clock::Timestamp;
use crate::mail::reference::Reference;
use crate::store::{Order, Read, Table};

const DANA: &[&str] = &["dana@example.org"];
const DAY: i64 = 24 * 3600;

fn message(id: &str, references: &str, subject: &str) -> String {
    let references = match references {
        "" => String::new(),
        ids => format!("References: {ids}\n"),
    };
    format!(
        "From: Rachel <rachel@outside.example>\nMessage-ID: <{id}>\n{references}\
         Subject: {subject}\n\nText.\n"
    )
}

fn subjects(gateway: &Gateway, actor: &Actor, of: Reference) -> Vec<String> {
    let items = gateway.conversation(actor, of).unwrap();
    items.into_iter().map(|item| item.subject).collect()
}

fn deliver_at(gateway: &Gateway, id: &str, references: &str, subject: &str) -> Reference {
    gateway.clock().advance_secs(60);
    deliver(gateway, DANA, &message(id, references, subject))
}

/// Messages that reply to each other are one conversation, in whatever order they arrive; others
/// are not part of it.
#[test]
fn messages_that_answer_each_other_are_one_conversation() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let answer = deliver_at(&gateway, "b@x", "<a@x>", "Re: one");
    let alone = deliver_at(&gateway, "z@x", "", "another");
    let third = deliver_at(&gateway, "c@x", "<a@x> <b@x>", "Re: Re: one");
    // The first message arrives last, because a relay delayed it.
    let first = deliver_at(&gateway, "a@x", "", "one");
    for of in [first, answer, third] {
        assert_eq!(subjects(&gateway, &dana, of), ["Re: one", "Re: Re: one", "one"]);
    }
    assert_eq!(subjects(&gateway, &dana, alone), ["another"]);
    let page = inbox(&gateway, &dana);
    let of = |one: Reference| {
        page.iter().find(|item| item.reference == one).unwrap().conversation.clone()
    };
    assert!(of(first).is_some() && of(first) == of(third) && of(first) != of(alone));
    assert!(page.iter().all(|item| item.unread), "nothing was opened by looking");
}

/// Two conversations are merged by the message that was missing between them, but not by one that
/// merely names both, because any sender can write such a header.
#[test]
fn conversations_become_one_by_the_message_that_was_missing() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let one = deliver_at(&gateway, "a@x", "", "a");
    let other = deliver_at(&gateway, "b2@x", "<b@x>", "Re: b");
    deliver_at(&gateway, "b3@x", "<b2@x>", "Re: Re: b");
    let names = deliver_at(&gateway, "evil@x", "<b@x> <a@x>", "names both");
    assert_eq!(subjects(&gateway, &dana, one), ["a", "names both"], "with the nearest");
    assert_eq!(subjects(&gateway, &dana, other), ["Re: b", "Re: Re: b"]);
    // Nor by a message with the identifier of another one.
    deliver_at(&gateway, "a@x", "<b2@x>", "not a");
    assert_eq!(subjects(&gateway, &dana, one), ["a", "names both"]);
    let (before, _) = gateway.mailbox_list(&dana).unwrap();
    deliver_at(&gateway, "b@x", "<a@x>", "b");
    let all = ["a", "Re: b", "Re: Re: b", "names both", "not a", "b"];
    assert_eq!(subjects(&gateway, &dana, one), all);
    assert_eq!(subjects(&gateway, &dana, names), all);
    // The change feed reports the rows that changed.
    let changes = gateway.changes_since(&dana, &before).unwrap();
    assert_eq!(changes.updated.len(), 4, "the new one, and three that moved over");
}

/// A full conversation accepts no more messages, and keeps its identifiers.
#[test]
fn a_full_conversation_keeps_what_it_has() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let first = deliver(&gateway, DANA, &message("root@x", "", "root"));
    for at in 1..500 {
        deliver(&gateway, DANA, &message(&format!("{at}@x"), "<root@x>", "answer"));
    }
    assert_eq!(subjects(&gateway, &dana, first).len(), 500);
    let more = deliver_at(&gateway, "more@x", "<root@x> <7@x>", "more");
    assert_eq!(subjects(&gateway, &dana, more), ["more"]);
    let answer = deliver_at(&gateway, "again@x", "<root@x> <more@x>", "again");
    assert_eq!(subjects(&gateway, &dana, answer), ["more", "again"]);
    // A deleted message makes room, and later replies to it still join the conversation.
    gateway.message_open(&dana, first, None).unwrap();
    gateway.message_delete(&dana, first).unwrap();
    let late = deliver(&gateway, DANA, &message("late@x", "<root@x>", "late"));
    assert_eq!(subjects(&gateway, &dana, late).len(), 500);
    // A message that was missing between two conversations merges none if they do not fit together.
    deliver(&gateway, DANA, &message("lone2@x", "<lone@x>", "lone"));
    let lone = deliver(&gateway, DANA, &message("lone@x", "<3@x>", "lone"));
    assert_eq!(subjects(&gateway, &dana, lone), ["lone", "lone"]);
}

/// A conversation spans folders, includes the account's own messages, and leaves out the trash.
#[test]
fn a_conversation_has_the_own_answers_and_not_the_trash() {
    let gateway = gateway_with(|settings| settings.policy.choice = crate::terms::Choice::Plain);
    let dana = sign_in(&gateway, "dana");
    let came = deliver_at(&gateway, "a@x", "", "one");
    gateway.message_open(&dana, came, None).unwrap();
    let related = RelatedMessage { message: came.to_bytes(), kind: RelationKind::Reply };
    let mut text = content(&["omar@example.org"], "My answer");
    text.subject = "Re: one".to_owned();
    text.related = Some(related);
    gateway.clock().advance_secs(60);
    let sent = send(&gateway, &dana, &text);
    assert_eq!(subjects(&gateway, &dana, came), ["one", "Re: one"]);
    let omar = sign_in(&gateway, "omar");
    assert_eq!(subjects(&gateway, &omar, sent), ["Re: one"], "the other's mail is the other's");
    let trash = Change { mailbox: Some("trash".to_owned()), ..Change::default() };
    gateway.message_change(&dana, came, &trash).unwrap();
    assert_eq!(subjects(&gateway, &dana, sent), ["Re: one"]);
    assert_eq!(subjects(&gateway, &dana, came), ["one", "Re: one"]);
}

/// A deleted message leaves no records behind, and the rest of its conversation stays together.
#[test]
fn a_deleted_message_leaves_its_conversation() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let messages =
        [("a@x", ""), ("b@x", "<a@x>"), ("c@x", "<a@x> <b@x>")].map(|(id, references)| {
            let one = deliver_at(&gateway, id, references, id);
            gateway.message_open(&dana, one, None).unwrap();
            one
        });
    gateway.message_delete(&dana, messages[0]).unwrap();
    assert_eq!(subjects(&gateway, &dana, messages[2]), ["b@x", "c@x"]);
    // The deleted message's identifier is still named, so a reply to it joins the conversation.
    let answer = deliver_at(&gateway, "d@x", "<a@x>", "d@x");
    gateway.message_open(&dana, answer, None).unwrap();
    assert_eq!(subjects(&gateway, &dana, answer).len(), 3);
    for one in [messages[1], messages[2], answer] {
        gateway.message_delete(&dana, one).unwrap();
    }
    assert_eq!(gateway.store().count(&CONVERSATIONS, &()).unwrap(), 0);
    assert_eq!(gateway.store().count(&CONVERSATION_IDS, &()).unwrap(), 0);
    assert_eq!(gateway.store().count(&OWN_IDS, &()).unwrap(), 0);
}

/// What an earlier version stored of identifiers, with a row for each message's own, still holds a
/// conversation together, and goes with its messages.
#[test]
fn a_conversation_of_an_earlier_version_goes_on() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let account = dana.account();
    let first = deliver_at(&gateway, "a@x", "", "a");
    let id = conversation_ids(&gateway)[0];
    let stored = gateway.store().transact(move |tx| {
        let before: Table<(AccountId, [u8; 16]), ConversationOfV1> =
            Table::new(CONVERSATION_IDS.id, CONVERSATION_IDS.name);
        let conversation = first.to_bytes();
        tx.put(&before, &(account, id), &ConversationOfV1 { conversation, named: 1 })?;
        Ok::<_, Error>(tx.put(&OWN_IDS, &(account, id, conversation), &OwnId)?)
    });
    stored.wait().unwrap();
    let reply = deliver_at(&gateway, "b2@x", "<b@x>", "Re: b");
    // It has the identifier of a stored message, so it is not the one that was missing.
    let again = deliver_at(&gateway, "a@x", "<b@x>", "not a");
    assert_eq!(subjects(&gateway, &dana, first), ["a"]);
    let answer = deliver_at(&gateway, "c@x", "<a@x>", "Re: a");
    assert_eq!(subjects(&gateway, &dana, first), ["a", "Re: a"]);
    for one in [first, reply, again, answer] {
        gateway.message_open(&dana, one, None).unwrap();
        gateway.message_delete(&dana, one).unwrap();
    }
    assert_eq!(gateway.store().count(&CONVERSATION_IDS, &()).unwrap(), 0);
    assert_eq!(gateway.store().count(&OWN_IDS, &()).unwrap(), 0);
}

fn conversation_ids(gateway: &Gateway) -> Vec<[u8; 16]> {
    let mut found = Vec::new();
    let scan = gateway.store().scan(&CONVERSATION_IDS, &(), Order::Ascending, |(_, id), _| {
        found.push(id);
        std::ops::ControlFlow::Continue(())
    });
    scan.unwrap();
    found
}

/// The hash of an identifier reveals nothing across accounts: two readers' keys differ.
#[test]
fn the_store_does_not_show_which_accounts_share_a_conversation() {
    let gateway = gateway();
    let both = ["dana@example.org", "omar@example.org"];
    deliver(&gateway, &both, &message("a@x", "", "one"));
    let keys = conversation_ids(&gateway);
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
}

fn label(name: &str) -> Label {
    Label { id: 0, name: name.to_owned(), colour: 3 }
}

/// Labels can be searched and are set in bulk and by filters; their names are sealed.
#[test]
fn labels_are_given_and_found() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let made = gateway.labels_set(&dana, &[label("Taxes 2026"), label("Team")]).unwrap();
    assert_eq!(made.iter().map(|label| label.id).collect::<Vec<_>>(), [1, 2]);
    let messages = ["a", "b", "c"].map(|id| deliver_at(&gateway, id, "", id));
    let give = |label: u16| Change { label: Some(label), ..Change::default() };
    let done = gateway.message_change_many(&dana, &messages[..2], &give(1)).unwrap();
    assert_eq!(done.done.len(), 2);
    let item = gateway.message_change(&dana, messages[0], &give(2)).unwrap();
    assert_eq!(item.labels, [1, 2]);
    let find = |query: &str| {
        let hits = gateway.search(&dana, query, None, 50).unwrap().hits;
        hits.into_iter().map(|hit| hit.item.subject).collect::<Vec<_>>()
    };
    assert_eq!(find("label:\"taxes 2026\""), ["b", "a"]);
    assert_eq!(find("-label:team in:inbox"), ["c", "b"]);
    assert!(matches!(gateway.search(&dana, "label:no", None, 5), Err(Error::Invalid { .. })));
    let wrong = gateway.message_change(&dana, messages[0], &give(9));
    assert!(matches!(wrong, Err(Error::NotFound { what: "label" })));
    let take = Change { remove_label: Some(1), ..Change::default() };
    assert_eq!(gateway.message_change(&dana, messages[0], &take).unwrap().labels, [2]);
    // A deleted label is removed, and its ID is not reused.
    let kept = vec![made[1].clone(), label("New")];
    let after = gateway.labels_set(&dana, &kept).unwrap();
    assert_eq!(after[1].id, 3);
    assert!(matches!(
        gateway.labels_set(&dana, &[label("x"), label("X")]),
        Err(Error::Conflict(Conflict::Exists))
    ));
    assert!(gateway.labels(&sign_in(&gateway, "omar")).unwrap().is_empty());
}

/// A filter adds a label and clears the unread flag; the message stays unopened.
#[test]
fn a_filter_labels_and_marks_as_read() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    gateway.labels_set(&dana, &[label("Lists")]).unwrap();
    let filter =
        Filter { from: "rachel".to_owned(), label: Some(1), read: true, ..Filter::default() };
    gateway.filters_set(&dana, std::slice::from_ref(&filter)).unwrap();
    let one = deliver(&gateway, DANA, &message("a", "", "news"));
    gateway.search_index(&dana).unwrap();
    let item = gateway.message_item(&dana, one).unwrap();
    assert_eq!((item.labels, item.unread, item.opened), (vec![1], false, None));
    let (_, boxes) = gateway.mailbox_list(&dana).unwrap();
    assert_eq!((boxes[0].unread, boxes[0].unopened), (0, 1));
    let missing = Filter { label: Some(7), ..filter };
    assert!(matches!(gateway.filters_set(&dana, &[missing]), Err(Error::NotFound { .. })));
}

/// P-06: a person's settings apply wherever they sign in, and only to that person.
#[test]
fn the_appearance_is_kept_sealed() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    assert_eq!(gateway.look(&dana).unwrap(), Appearance::default());
    let look = Appearance {
        language: Some("he".to_owned()),
        signature: "Dana Levi, 03-555".to_owned(),
        searches: vec![SavedSearch { name: "Bills".to_owned(), query: "invoice".to_owned() }],
        toured: true,
        ..Appearance::default()
    };
    gateway.appearance_set(&dana, &look).unwrap();
    assert_eq!(gateway.look(&sign_in(&gateway, "dana")).unwrap(), look);
    assert_eq!(gateway.look(&sign_in(&gateway, "omar")).unwrap(), Appearance::default());
    let long = Appearance { signature: "x".repeat(2_001), ..Appearance::default() };
    assert!(matches!(gateway.appearance_set(&dana, &long), Err(Error::Invalid { .. })));
}

fn lies_in(gateway: &Gateway, actor: &Actor, mailbox: &str) -> usize {
    gateway.message_list(actor, mailbox, None, 50).unwrap().items.len()
}

/// Messages that were in the trash long enough are deleted; unopened ones stay, because their
/// senders wait for an outcome.
#[test]
fn the_trash_forgets_what_was_opened() {
    let gateway = gateway_with(|settings| settings.session_idle_secs = 1 << 30);
    let dana = sign_in(&gateway, "dana");
    let trash = Change { mailbox: Some("trash".to_owned()), ..Change::default() };
    let messages = ["a", "b", "c"].map(|id| deliver(&gateway, DANA, &message(id, "", id)));
    for one in &messages[..2] {
        gateway.message_open(&dana, *one, None).unwrap();
    }
    // The message is old, but was moved to the trash only now.
    gateway.clock().advance_secs(40 * DAY);
    let dana = sign_in(&gateway, "dana");
    gateway.message_change_many(&dana, &messages, &trash).unwrap();
    assert_eq!(gateway.messages_expire(10).unwrap(), 0);
    gateway.clock().advance_secs(29 * DAY);
    assert_eq!(gateway.messages_expire(10).unwrap(), 0);
    gateway.clock().advance_secs(DAY + 1);
    assert_eq!(gateway.messages_expire(1).unwrap(), 1, "a bounded step");
    assert_eq!(gateway.messages_expire(10).unwrap(), 1);
    assert_eq!(gateway.messages_expire(10).unwrap(), 0);
    let dana = sign_in(&gateway, "dana");
    assert_eq!(lies_in(&gateway, &dana, "trash"), 1, "the unopened one");
    let kept = gateway_with(|settings| settings.trash_kept_secs = None);
    assert_eq!(kept.messages_expire(10).unwrap(), 0);
}

/// An imported message is stored once, unchanged, and is marked as imported.
#[test]
fn a_message_is_imported_once() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let octets = "From: Eve <eve@x.example>\nDate: Mon, 2 Mar 2020 10:00:00 +0000\n\
                  Message-ID: <old@x>\nSubject: Old\n\nFirst line\nlast";
    let Imported { item, known } =
        gateway.message_import(&dana, "archive", octets.as_bytes(), None).unwrap();
    assert!(!known && item.opened.is_some() && !item.unread);
    assert_eq!(item.protection, Protection::Imported);
    assert_eq!(item.received.to_rfc3339(), "2020-03-02T10:00:00Z");
    let (_, raw) = gateway.message_raw(&dana, item.reference).unwrap();
    assert_eq!(*raw.whole().unwrap(), *octets.replace('\n', "\r\n").as_bytes());
    let again = gateway.message_import(&dana, "inbox", octets.as_bytes(), None).unwrap();
    assert_eq!((again.known, again.item.reference), (true, item.reference));
    assert_eq!(lies_in(&gateway, &dana, "inbox"), 0);
    // A reply joins the conversation of an imported message.
    let answer = deliver(&gateway, DANA, &message("new@x", "<old@x>", "Re: Old"));
    assert_eq!(subjects(&gateway, &dana, answer), ["Old", "Re: Old"]);
    for wrong in ["", "\n", "no header at all", "\u{0}\u{1}"] {
        let refused = gateway.message_import(&dana, "inbox", wrong.as_bytes(), None);
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{wrong:?}");
    }
    // Nobody is notified of an imported message, and it can be deleted like any other.
    gateway.message_delete(&dana, item.reference).unwrap();
    let anew = gateway.message_import(&dana, "inbox", octets.as_bytes(), None).unwrap();
    assert!(!anew.known, "what was deleted can be brought in again");
    // The file around a message says when it came only where the message does not say it.
    let around = Timestamp::parse_rfc3339("2001-05-13T03:00:07Z");
    for (head, then) in [
        ("Message-ID: <undated@x>\n", "2001-05-13T03:00:07Z"),
        ("Message-ID: <dated@x>\nDate: Mon, 2 Mar 2020 10:00:00 +0000\n", "2020-03-02T10:00:00Z"),
        ("Received: from x by y; Tue, 24 Jul 2007 18:55:07 +0200\n", "2007-07-24T16:55:07Z"),
    ] {
        let octets = format!("{head}From: eve@x.example\nSubject: Dates\n\nText");
        let brought = gateway.message_import(&dana, "archive", octets.as_bytes(), around).unwrap();
        assert_eq!(brought.item.received.to_rfc3339(), then, "{head}");
    }
}

/// An identifier alone does not make a message a duplicate: the text counts too. An import moves a
/// duplicate out of the trash.
#[test]
fn only_the_same_message_is_known() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let brought = |into: &str, octets: &str| {
        gateway.message_import(&dana, into, octets.as_bytes(), None).unwrap()
    };
    // Someone sent junk with the identifier of a message that has not arrived yet.
    let junk = deliver(&gateway, DANA, &message("real@x", "", "Junk"));
    gateway.message_open(&dana, junk, None).unwrap();
    let real = message("real@x", "", "Real").replace("Text.", "The real text.");
    assert!(!brought("archive", &real).known);
    assert!(brought("archive", &real).known);
    // A copy with another trace field and one empty line less at the end is the same message.
    let other_way = format!("Received: from x by y; z\n{}", real.trim_end());
    assert!(brought("inbox", &other_way).known);
    // The same text from another sender or with another subject is another message.
    let forged = message("forged@x", "", "Forged").replace("rachel@", "eve@");
    let came = deliver(&gateway, DANA, &forged);
    gateway.message_open(&dana, came, None).unwrap();
    assert!(!brought("archive", &message("forged@x", "", "Forged")).known);
    assert!(!brought("archive", &forged.replace("Subject: Forged", "Subject: Else")).known);
    assert!(brought("archive", &forged).known);
    // A message that only refers to the identifier is not the same message.
    deliver(&gateway, DANA, "From: r@x.example\nReferences: <named@x>\nSubject: n\n\nText.\n");
    assert!(!brought("archive", &message("named@x", "", "Named")).known);
    // An import moves a duplicate out of the trash.
    let mine = message("mine@x", "", "Mine");
    let first = brought("archive", &mine);
    let trash = Change { mailbox: Some("trash".to_owned()), ..Change::default() };
    gateway.message_change(&dana, first.item.reference, &trash).unwrap();
    let back = brought("archive", &mine);
    assert_eq!((back.known, back.item.reference), (false, first.item.reference));
    assert_eq!(lies_in(&gateway, &dana, "trash"), 0);
}

/// A message that was moved out of the trash after the scan is kept.
#[test]
fn a_message_moved_out_of_the_trash_is_not_removed() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let account = dana.account();
    let [back, gone] = ["back@x", "gone@x"].map(|id| {
        let one = deliver_at(&gateway, id, "", id);
        gateway.message_open(&dana, one, None).unwrap();
        let trash = Change { mailbox: Some("trash".to_owned()), ..Change::default() };
        gateway.message_change(&dana, one, &trash).unwrap();
        one
    });
    gateway.clock().advance_secs(31 * DAY);
    let before = gateway.clock().now();
    let over = vec![back.to_bytes(), gone.to_bytes()];
    let inbox = Change { mailbox: Some("inbox".to_owned()), ..Change::default() };
    gateway.message_change(&dana, back, &inbox).unwrap();
    let trash = gateway.mailbox_find(account, "trash").unwrap();
    gateway.remove_lying(account, trash, before, over.clone()).unwrap();
    assert!(gateway.message_item(&dana, back).is_ok());
    assert!(gateway.message_item(&dana, gone).is_err());
    // Moving it to the trash again restarts its retention time.
    let trash_again = Change { mailbox: Some("trash".to_owned()), ..Change::default() };
    gateway.message_change(&dana, back, &trash_again).unwrap();
    gateway.remove_lying(account, trash, before, over).unwrap();
    assert!(gateway.message_item(&dana, back).is_ok());
}

/// Filters with more labels than a message can have do not stop indexing.
#[test]
fn filters_with_too_many_labels_stop_nothing() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let labels: Vec<Label> = (0..25).map(|at| label(&format!("l{at}"))).collect();
    let made = gateway.labels_set(&dana, &labels).unwrap();
    let filters: Vec<Filter> = made
        .iter()
        .map(|label| Filter {
            subject: "news".to_owned(),
            label: Some(label.id),
            ..Filter::default()
        })
        .collect();
    gateway.filters_set(&dana, &filters).unwrap();
    let one = deliver_at(&gateway, "a@x", "", "news");
    gateway.search_index(&dana).unwrap();
    assert_eq!(gateway.message_item(&dana, one).unwrap().labels.len(), 20);
    let other = deliver_at(&gateway, "b@x", "", "else");
    gateway.search_index(&dana).unwrap();
    let hits = gateway.search(&dana, "else", None, 10).unwrap().hits;
    assert_eq!(hits.iter().map(|hit| hit.item.reference).collect::<Vec<_>>(), [other]);
}

/// All messages of a mailbox or all search results, for one bulk action.
#[test]
fn all_that_is_meant_can_be_named() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let messages: Vec<Reference> =
        (0..5).map(|at| deliver_at(&gateway, &format!("{at}"), "", "bill")).collect();
    deliver(&gateway, DANA, &message("z", "", "other"));
    gateway.search_index(&dana).unwrap();
    assert_eq!(gateway.message_flags(&dana, "inbox", None).unwrap().items.len(), 6);
    let found = gateway.search_flags(&dana, "subject:bill", None, None).unwrap();
    let mut named: Vec<Reference> = found.items.iter().map(|one| one.reference).collect();
    named.reverse();
    assert_eq!((named, found.next), (messages, None));
    assert!(found.items.iter().all(|one| one.unread && one.mailbox == "1"));
}

/// A change that fails leaves its own message unchanged and does not stop the others.
#[test]
fn of_many_changes_each_stands_for_itself() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let one = deliver(&gateway, DANA, &message("a", "", "a"));
    let unknown = gateway.reference_new();
    let star = Change { starred: Some(true), ..Change::default() };
    let done = gateway.message_change_many(&dana, &[unknown, one], &star).unwrap();
    assert_eq!((done.done, done.failed), (vec![one], vec![(unknown, "not-found")]));
    let entries = gateway.store().count(&ENTRIES, &dana.account()).unwrap();
    assert_eq!(entries, 1);
}
