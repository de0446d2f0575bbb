//! Tests of the list by conversations: what its rows are, whatever moves, and what each says.

use std::collections::HashMap;

use super::mailboxes::grouping::Row;
use super::sending_tests::{content, send};
use super::tests::*;
use super::*;
use crate::mail::reference::Reference;
use crate::terms::{DeliveryState, SenderCheck};

const DANA: &[&str] = &["dana@example.org"];

fn message(id: &str, references: &str, author: &str) -> String {
    let references = match references {
        "" => String::new(),
        ids => format!("References: {ids}\n"),
    };
    format!(
        "From: {author} <{author}@outside.example>\nMessage-ID: <{id}>\n{references}\
         Subject: {id}\n\nText.\n"
    )
}

fn arrive(gateway: &Gateway, id: &str, references: &str, author: &str) -> Reference {
    gateway.clock().advance_secs(60);
    deliver(gateway, DANA, &message(id, references, author))
}

/// The rows of a mailbox, read in pages of `limit`.
fn rows(gateway: &Gateway, actor: &Actor, mailbox: &str, limit: usize) -> Vec<Row> {
    let (mut all, mut before) = (Vec::new(), None::<String>);
    loop {
        let page = gateway.conversation_list(actor, mailbox, before.as_deref(), limit).unwrap();
        assert!(page.rows.len() <= limit);
        all.extend(page.rows);
        before = page.next;
        if before.is_none() {
            return all;
        }
    }
}

/// For each row, the messages of the mailbox that it stands for, the one that is shown first.
fn stands_for(row: &Row) -> Vec<Reference> {
    let here = row.members.iter().filter(|one| one.flags.mailbox == row.latest.mailbox);
    let mut all = vec![row.latest.reference];
    all.extend(here.map(|one| one.flags.reference));
    all
}

/// The same from the list of all messages.
fn expected(gateway: &Gateway, actor: &Actor, mailbox: &str) -> Vec<Vec<Reference>> {
    let items = gateway.message_list(actor, mailbox, None, 200).unwrap().items;
    let mut at: HashMap<String, usize> = HashMap::new();
    let mut all: Vec<Vec<(_, Reference)>> = Vec::new();
    for item in items {
        let new = all.len();
        let place = match &item.conversation {
            Some(conversation) => *at.entry(conversation.clone()).or_insert(new),
            None => new,
        };
        if place == new {
            all.push(Vec::new());
        }
        all[place].push((item.received, item.reference));
    }
    for group in &mut all {
        group.sort_by_key(|(received, one)| std::cmp::Reverse((*received, one.to_bytes())));
    }
    all.into_iter().map(|group| group.into_iter().map(|(_, one)| one).collect()).collect()
}

/// P-24: whatever arrives, moves and goes, each conversation is one row where its newest message
/// stands, and pages of any size join without a gap or a row twice.
#[test]
fn a_mailbox_by_conversations_is_the_mailbox_grouped() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let mut random = fastrand::Rng::with_seed(7);
    let mut known: Vec<Reference> = Vec::new();
    for at in 0..120 {
        let references = match random.u8(0..3) {
            0 => String::new(),
            _ => format!("<{}@x>", random.usize(0..20)),
        };
        known.push(arrive(&gateway, &format!("{at}@x"), &references, "rachel"));
        let one = known[random.usize(0..known.len())];
        let mailbox = ["archive", "trash", "inbox"][random.usize(0..3)];
        let change = Change { mailbox: Some(mailbox.to_owned()), ..Change::default() };
        if random.u8(0..3) == 0 {
            gateway.message_change(&dana, one, &change).unwrap();
        }
        if random.u8(0..12) == 0 {
            gateway.message_open(&dana, one, None).unwrap();
            gateway.message_delete(&dana, one).unwrap();
            known.retain(|other| *other != one);
        }
        if at % 10 == 0 || at == 119 {
            for mailbox in ["inbox", "archive", "trash"] {
                for limit in [1, 3, 50] {
                    let rows = rows(&gateway, &dana, mailbox, limit);
                    let found: Vec<_> = rows.iter().map(stands_for).collect();
                    assert_eq!(found, expected(&gateway, &dana, mailbox), "{mailbox} by {limit}");
                }
            }
        }
    }
    let inbox = rows(&gateway, &dana, "inbox", 50);
    assert!(inbox.iter().any(|row| row.members.len() > 2), "nothing was grouped");
    for row in inbox {
        for member in row.members.iter().map(|one| one.flags.reference) {
            let of = gateway.conversation_row(&dana, member).unwrap();
            assert_eq!(of.members.len(), row.members.len());
            if of.latest.mailbox == row.latest.mailbox {
                assert_eq!(of, row);
            }
        }
    }
}

/// P-24: the badge of a row counts what the reader shows: all mailboxes but junk and trash.
#[test]
fn a_row_counts_its_conversation() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let first = arrive(&gateway, "a@x", "", "rachel");
    let second = arrive(&gateway, "b@x", "<a@x>", "omar");
    let third = arrive(&gateway, "c@x", "<b@x>", "rachel");
    let fourth = arrive(&gateway, "d@x", "<c@x>", "lea");
    let alone = arrive(&gateway, "z@x", "", "rachel");
    let to = |mailbox: &str| Change { mailbox: Some(mailbox.to_owned()), ..Change::default() };
    gateway.message_change(&dana, first, &to("archive")).unwrap();
    gateway.message_change(&dana, second, &to("trash")).unwrap();
    gateway.message_open(&dana, third, None).unwrap();
    let page = gateway.conversation_list(&dana, "inbox", None, 50).unwrap();
    assert_eq!((page.total, page.unread, page.next), (3, 2, None));
    let [other, row] = &page.rows[..] else { panic!("{:?}", page.rows) };
    assert_eq!((other.latest.reference, other.total, other.unread), (alone, 1, 1));
    assert_eq!(other.members, []);
    assert_eq!((row.latest.reference, row.total, row.unread), (fourth, 3, 1));
    let authors: Vec<_> = row.authors.iter().map(|one| one.name.clone().unwrap()).collect();
    assert_eq!(authors, ["lea", "rachel"]);
    let members: Vec<_> = row.members.iter().map(|one| one.flags.reference).collect();
    assert_eq!(members, [third, second, first], "those in other mailboxes as well");
    assert_eq!(row.latest, gateway.message_item(&dana, fourth).unwrap());
    let trash = &gateway.conversation_list(&dana, "trash", None, 50).unwrap().rows[0];
    assert_eq!((trash.latest.reference, trash.total, trash.unread), (second, 4, 1));
    let archive = gateway.conversation_row(&dana, first).unwrap();
    assert_eq!((archive.latest.reference, archive.total), (first, 3));
    assert_eq!(gateway.message_item(&dana, fourth).unwrap().opened, None, "nothing was opened");
    // Another account has no such rows, and is told nothing of these.
    let omar = sign_in(&gateway, "omar");
    let refused = gateway.conversation_row(&omar, fourth).unwrap_err();
    assert!(matches!(refused, Error::NotFound { what: "message" }), "{refused}");
    assert_eq!(gateway.conversation_list(&omar, "inbox", None, 50).unwrap().rows, []);
}

/// P-24: a row names nobody whom the check of senders or their own words speak against: only the
/// newest message of a row has a mark for that.
#[test]
fn a_row_names_no_doubtful_author() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let doubtful = "From: \"rachel@bank.example\" <mallory@outside.example>\n\
                    Message-ID: <a@x>\nSubject: a\n\nText.\n";
    let first = deliver(&gateway, DANA, doubtful);
    assert!(!gateway.message_item(&dana, first).unwrap().warnings.is_empty());
    let names = |reference| {
        let row = gateway.conversation_row(&dana, reference).unwrap();
        row.authors.into_iter().map(|one| one.name.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names(first), Vec::<String>::new());
    arrive(&gateway, "b@x", "<a@x>", "lea");
    gateway.clock().advance_secs(60);
    let mut forged = inbound(&gateway, "m@outside.example", DANA, &message("f@x", "<b@x>", "maya"));
    forged.sender = SenderCheck::Failed;
    let forged = gateway.receive(forged).wait().unwrap().reference;
    assert_eq!(names(forged), ["lea"]);
    let last = arrive(&gateway, "c@x", "<f@x>", "rachel");
    assert_eq!(names(last), ["rachel", "lea"]);
}

/// P-26: what needs the sender is not hidden behind a later message of the same conversation.
#[test]
fn a_row_of_sent_messages_says_what_needs_the_sender() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let first = send(&gateway, &dana, &content(&["omar@example.org"], "Hello"));
    let mut again = content(&["omar@example.org"], "And hello again");
    let kind = RelationKind::Reply;
    again.related = Some(RelatedMessage { message: first.to_bytes(), kind });
    gateway.clock().advance_secs(60);
    let second = send(&gateway, &dana, &again);
    gateway.message_reject(&omar, first, None, None).unwrap();
    gateway.message_open(&omar, second, None).unwrap();
    let rows = gateway.conversation_list(&dana, "sent", None, 50).unwrap().rows;
    let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
    assert_eq!((row.latest.reference, row.members.len()), (second, 1));
    assert_eq!(row.latest.standing.unwrap().state, DeliveryState::Read);
    assert_eq!(row.standing.unwrap().state, DeliveryState::Rejected);
    assert_eq!(row.members[0].standing.unwrap().state, DeliveryState::Rejected);
    assert_eq!(row.authors, [], "the account itself is none of them");
}
