//! Quotas: what is counted, who is refused, and who is warned.

use std::ops::ControlFlow;

use super::boards::post::NewPost;
use super::boards::tests::made;
use super::chat::files::NewFile;
use super::chat::line::NewLine;
use super::chat::tests::{line, opened};
use super::mailboxes::summary::NoticeTopic;
use super::quota::recount;
use super::records::ids::AccountId;
use super::records::mailbox::CountersV1;
use super::records::tables::{COUNTERS, MESSAGES, SUBMISSIONS};
use super::records::temporary::PickupEnd;
use super::removal::addresses::NameAfter;
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::store::{Read, Table};
use crate::terms::{Choice, Fullness, Mode, NotSent};

pub(super) const DAY: i64 = 24 * 3600;

/// A message with a text of so many octets.
pub(super) fn text(octets: usize) -> String {
    format!("From: sender@outside.example\nSubject: Hello\n\n{}\n", "x".repeat(octets))
}

fn limit(gateway: &Gateway, name: &str, octets: u64) {
    gateway.account_quota(name, OwnQuota { octets: Some(octets), messages: None }).unwrap();
}

fn used(gateway: &Gateway, actor: &Actor) -> Usage {
    gateway.quota(actor).unwrap().usage
}

/// The counted accounts; each count must be what the rows come to.
pub(super) fn counted(gateway: &Gateway) -> Vec<(AccountId, Usage)> {
    let mut found = Vec::new();
    let add = |account, counters: records::mailbox::Counters| {
        found.push((account, counters.usage.expect("it is counted")));
        ControlFlow::Continue(())
    };
    gateway.store().scan_readable(&COUNTERS, &(), add).unwrap();
    for (account, usage) in &found {
        let rows = recount(gateway.store(), *account).unwrap();
        let octets = rows.octets + owed(gateway, *account);
        assert_eq!(*usage, Usage { octets, ..rows }, "{}", account.to_text());
    }
    found
}

/// What still counts for an account that deleted the copies of messages that wait outside.
fn owed(gateway: &Gateway, account: AccountId) -> u64 {
    let mut octets = 0;
    let add = |_, row: records::submission::Submission| {
        octets += row.owed.filter(|_| row.sender == account).unwrap_or_default();
        ControlFlow::Continue(())
    };
    gateway.store().scan_readable(&SUBMISSIONS, &(), add).unwrap();
    octets
}

/// What somebody said in chat and posted on a board counts with its files, and still does when all of the account
/// is counted anew. When the account is removed, it counts for nobody, and goes without harm.
#[test]
fn files_in_rooms_and_on_boards_count_for_who_put_them_there() {
    let gateway = gateway();
    let [dana, omar] = ["dana", "omar"].map(|name| sign_in(&gateway, name));
    let people = [dana, omar];
    let room = quota_walk_tests::room_of(&gateway, &people);
    let board = quota_walk_tests::board_of(&gateway, &people);
    let [dana, omar] = people;
    let before = (used(&gateway, &dana).octets, used(&gateway, &omar).octets);
    let files = vec![NewFile { upload: uploaded(&gateway, &omar, "x", &[7; 9_000]), voice: None }];
    let line = NewLine { client_id: [1; 16], text: "Look".to_owned(), files, ..NewLine::default() };
    let (number, _) = gateway.room_say(&omar, room, &line).unwrap();
    let new = NewPost {
        topic: None,
        title: "Look".to_owned(),
        text: "Look".to_owned(),
        readers: Vec::new(),
        files: vec![uploaded(&gateway, &omar, "y", &[7; 5_000])],
    };
    gateway.post_write(&omar, &board, &new, "request-1").unwrap();
    let stored = used(&gateway, &omar).octets - before.1;
    assert!((14_000..16_000).contains(&stored), "{stored}");
    assert_eq!(used(&gateway, &dana).octets, before.0, "nothing counts for who opened the room");
    let who = omar.account();
    gateway.transact(move |tx| quota::again_in_tx(tx, who)).wait().unwrap();
    assert_eq!(used(&gateway, &omar).octets - before.1, stored);
    quota_walk_tests::kept_beside(&gateway);
    gateway.account_remove("omar", "omar", NameAfter::Held).unwrap();
    while gateway.removals_continue().unwrap() {}
    assert_eq!(used(&gateway, &dana).octets, before.0);
    gateway.room_line_delete(&dana, (room, number)).unwrap();
    gateway.board_delete(&dana, &board).unwrap();
    counted(&gateway);
    assert_eq!(used(&gateway, &dana).octets, before.0);
}

/// What was stored before there was a count is counted, once, whatever comes first.
#[test]
fn an_account_of_an_earlier_version_is_counted() {
    type First = fn(&Gateway, &Actor);
    let firsts: [First; 5] = [
        |gateway, _| {
            deliver(gateway, &["dana@example.org"], &text(10));
        },
        |gateway, dana| drop(uploaded(gateway, dana, "file", b"octets")),
        |gateway, dana| drop(gateway.draft_create(dana, &content(&[], "A draft")).unwrap()),
        |gateway, dana| {
            let trash = inbox(gateway, dana)[0].reference;
            gateway.message_open(dana, trash, None).unwrap();
            gateway.message_delete(dana, trash).unwrap();
        },
        |gateway, _| limit(gateway, "dana", 1 << 20),
    ];
    for first in firsts {
        let gateway = gateway();
        let dana = sign_in(&gateway, "dana");
        deliver(&gateway, &["dana@example.org"], &text(100));
        send(&gateway, &dana, &content(&[OUTSIDER, "dana@example.org"], "To myself"));
        let mut accounts = Vec::new();
        let (noa, _) = password_and_token(&leased(&gateway)[0].1);
        gateway
            .store()
            .scan_keys(&COUNTERS, &(), |id| {
                accounts.push(id);
                ControlFlow::Continue(())
            })
            .unwrap();
        for account in accounts {
            let earlier: Table<AccountId, CountersV1> = Table::new(COUNTERS.id, COUNTERS.name);
            let done = gateway.store().transact(move |tx| {
                let now = tx.get(&COUNTERS, &account)?.unwrap_or_default();
                let (modseq, forgotten) = (now.modseq, now.forgotten);
                let mailbox_next = now.mailbox_next;
                tx.put(&earlier, &account, &CountersV1 { modseq, forgotten, mailbox_next })
            });
            done.wait().unwrap();
        }
        assert_eq!(used(&gateway, &dana), Usage::default());
        first(&gateway, &dana);
        assert!(gateway.quotas_count(1).unwrap() > 0);
        while gateway.quotas_count(1).unwrap() > 0 {}
        assert_eq!(counted(&gateway).len(), 3);
        assert!(used(&gateway, &dana).messages > 0);
        // It is known again that an outsider has the account.
        let noa = claim(&gateway, OUTSIDER, &noa, OWN).unwrap();
        let quota = gateway.quota(&noa).unwrap().quota;
        assert_eq!(quota, gateway.settings().temporary_quota);
    }
}

#[test]
fn a_full_mailbox_is_refused_at_rcpt_and_so_is_a_message_that_declares_too_much() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    deliver(&gateway, &["dana@example.org"], &text(1_000));
    let here = used(&gateway, &dana).octets;
    limit(&gateway, "dana", here + 500);
    let to = crate::mail::envelope::ForwardPath::parse("<dana@example.org>").unwrap();
    let accepts = |octets| match gateway.recipient_check(&to, Origin::Outside, octets).unwrap() {
        RecipientVerdict::Accept(_) => true,
        RecipientVerdict::Refuse(reason) => {
            assert_eq!(reason, Reason::MailboxFull);
            false
        }
    };
    assert!(accepts(0) && accepts(500) && !accepts(501));
    limit(&gateway, "dana", here);
    assert!(!accepts(0));
    // Postmaster is Dana, whose mailbox is full as well for those who write to postmaster.
    let postmaster = refused(&gateway, "<postmaster>", Origin::Outside);
    assert_eq!(postmaster, Some(Reason::MailboxFull));
    // The number of messages counts as well, and 0 is no limit.
    let messages = |octets, messages| {
        gateway.account_quota("dana", OwnQuota { octets, messages }).unwrap();
        accepts(0)
    };
    assert!(!messages(None, Some(1)) && messages(None, Some(2)));
    assert!(messages(Some(0), Some(0)));
    let most = gateway.account_quota("dana", OwnQuota { octets: Some(u64::MAX), messages: None });
    assert!(matches!(most, Err(Error::Invalid { .. })));
}

/// SMTP has one reply after the last octet. Nobody silently goes without, and nobody is more than
/// one message over.
#[test]
fn after_data_a_message_is_stored_for_all_or_for_nobody() {
    const BOTH: [&str; 2] = ["dana@example.org", "omar@example.org"];
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    limit(&gateway, "dana", 2_000);
    limit(&gateway, "omar", 10_000);
    let receive = |inbound| gateway.receive(inbound).wait();
    // All three are accepted at RCPT while Dana has room.
    let offered = |to: &[&str], octets| inbound(&gateway, "s@outside.example", to, &text(octets));
    let (alone, first, second) =
        (offered(&BOTH[..1], 3_000), offered(&BOTH, 3_000), offered(&BOTH, 10));
    // It fits into no mailbox.
    assert!(matches!(receive(alone), Err(Error::MailboxFull)));
    assert_eq!(used(&gateway, &dana).messages, 0);
    // It fits into Omar's: both have it, and Dana is over her limit by this one message.
    receive(first).unwrap();
    assert_eq!((inbox(&gateway, &dana).len(), inbox(&gateway, &omar).len()), (1, 1));
    assert_eq!(gateway.quota(&dana).unwrap().fullness, Fullness::Full);
    // Dana became full since RCPT: the peer is to try again, and is then told who is full.
    assert!(matches!(receive(second), Err(Error::MailboxFull)));
    assert_eq!((inbox(&gateway, &dana).len(), inbox(&gateway, &omar).len()), (1, 1));
    assert_eq!(refused(&gateway, "<dana@example.org>", Origin::Outside), Some(Reason::MailboxFull));
    deliver(&gateway, &BOTH[1..], &text(10));
    counted(&gateway);
}

#[test]
fn a_full_account_takes_no_import_upload_draft_or_submission() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    deliver(&gateway, &["dana@example.org"], &text(2_000));
    let message = content(&["omar@example.org"], &"a".repeat(500));
    let draft = gateway.draft_create(&dana, &message).unwrap();
    let full = used(&gateway, &dana);
    limit(&gateway, "dana", full.octets);

    let is_full = |done: Result<(), Error>| matches!(done, Err(Error::MailboxFull));
    let import =
        |octets: &str| gateway.message_import(&dana, "inbox", octets.as_bytes(), None).map(drop);
    assert!(is_full(import(&text(1))));
    assert!(is_full(gateway.upload_begin(&dana, "file", "a/b", 1).map(drop)));
    assert!(is_full(gateway.draft_create(&dana, &message).map(drop)));
    let longer = DraftContent { text: "a".repeat(501), ..message.clone() };
    assert!(is_full(gateway.draft_save(&dana, &draft.id, 1, &longer).map(drop)));
    // What does not grow may be saved, and is sent if its copy fits.
    let shorter = DraftContent { text: "b".repeat(500), ..message };
    let draft = gateway.draft_save(&dana, &draft.id, 1, &shorter).unwrap();
    let submit = outgoing::submit::Submit {
        draft: &draft.id,
        version: draft.version,
        consent: None,
        typed: None,
        request: "once",
    };
    assert!(is_full(gateway.submit(&dana, &submit).map(drop)));
    assert_eq!(used(&gateway, &dana), full);
    assert_eq!(
        gateway.draft(&dana, &draft.id).unwrap().version,
        draft.version,
        "it is still there"
    );
    // Once there is room, each works again.
    let old = inbox(&gateway, &dana)[0].reference;
    gateway.message_open(&dana, old, None).unwrap();
    gateway.message_delete(&dana, old).unwrap();
    gateway.submit(&dana, &submit).unwrap();
    import(&text(1)).unwrap();
    counted(&gateway);
}

/// A file that fits once may be sent: it is there twice only while sending can be undone.
#[test]
fn sending_a_file_needs_room_for_the_copy_only() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let file = uploaded(&gateway, &dana, "file", &[1; 10_000]);
    limit(&gateway, "dana", 20_000);
    let message =
        DraftContent { attachments: vec![file], ..content(&["omar@example.org"], "Here") };
    hold(&gateway, &dana, &message);
    assert!(used(&gateway, &dana).octets > 20_000);
    release(&gateway);
    assert!(used(&gateway, &dana).octets < 20_000);
    counted(&gateway);
}

#[test]
fn a_sender_inside_is_told_that_the_recipient_is_full() {
    let gateway = gateway_with(|settings| {
        settings.policy = choice(Choice::TemporaryAccount, Mode::Free);
        settings.temporary_quota.messages = 1;
    });
    let dana = sign_in(&gateway, "dana");
    let everybody = ["omar@example.org", OUTSIDER];
    gateway.account_quota("omar", OwnQuota { octets: None, messages: Some(1) }).unwrap();
    send(&gateway, &dana, &content(&everybody, "It fits"));
    assert_eq!(notices(&gateway, &dana), []);

    let addresses = everybody.map(str::to_owned);
    let checks = gateway.outgoing_check(&dana, &addresses, &content(&[], "")).unwrap();
    assert!(checks.iter().all(|check| check.reason == Some(NotSent::MailboxFull)), "{checks:?}");
    let reference = send(&gateway, &dana, &content(&everybody, "It does not"));
    let states = states(&gateway, &dana, reference);
    assert!(states.iter().all(|(_, state)| *state == DeliveryState::Failed), "{states:?}");
    // One notice names both.
    let expected = [(DeliveryState::Failed, everybody[0].to_owned())];
    assert_eq!(notices(&gateway, &dana), expected);
    let notice = inbox(&gateway, &dana).remove(0).reference;
    let (_, opened) = gateway.message_open(&dana, notice, None).unwrap();
    let opened = String::from_utf8_lossy(opened.shown()).into_owned();
    assert!(everybody.iter().all(|address| opened.contains(address)), "{opened}");
    assert!(opened.contains("mailbox is full."), "{opened}");
    assert!(!opened.contains("This rule"), "nobody decided it: {opened}");
    assert_eq!(inbox(&gateway, &sign_in(&gateway, "omar")).len(), 1);
    counted(&gateway);
}

/// What the system reports is stored whatever the quota: nobody else knows what it says.
#[test]
fn a_full_account_still_gets_its_notices() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let reference = send(&gateway, &dana, &content(&["omar@example.org"], "Hello"));
    limit(&gateway, "dana", 1);
    gateway.message_open(&omar, reference, None).unwrap();
    let expected = [(DeliveryState::Read, "omar@example.org".to_owned())];
    assert_eq!(notices(&gateway, &dana), expected);
    counted(&gateway);
}

fn warnings(gateway: &Gateway, actor: &Actor) -> Vec<NoticeTopic> {
    while gateway.quotas_warn(1).unwrap() > 0 {}
    let items = inbox(gateway, actor).into_iter().rev();
    items.filter_map(|item| item.notice).filter_map(|notice| notice.topic).collect()
}

#[test]
fn an_owner_is_warned_once_at_each_level_and_again_after_it_fell_below() {
    use NoticeTopic::{AlmostFull, Filling};
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    gateway.account_quota("dana", OwnQuota { octets: Some(100_000), messages: None }).unwrap();
    let fill = |octets| deliver(&gateway, &["dana@example.org"], &text(octets));
    let delete = |reference| {
        gateway.message_open(&dana, reference, None).unwrap();
        gateway.message_delete(&dana, reference).unwrap();
    };
    fill(70_000);
    assert_eq!(warnings(&gateway, &dana), []);
    let more = fill(11_000);
    assert_eq!(warnings(&gateway, &dana), [Filling]);
    fill(1_000);
    assert_eq!(warnings(&gateway, &dana), [Filling], "once");
    // It falls below the level and reaches it again.
    delete(more);
    assert_eq!(warnings(&gateway, &dana), [Filling]);
    let more = fill(10_000);
    assert_eq!(warnings(&gateway, &dana), [Filling, Filling]);
    let most = fill(14_000);
    assert_eq!(warnings(&gateway, &dana), [Filling, Filling, AlmostFull]);
    // From the higher level to the lower one is no news; up again is.
    delete(most);
    fill(1);
    assert_eq!(warnings(&gateway, &dana).len(), 3);
    let most = fill(13_000);
    assert_eq!(warnings(&gateway, &dana)[3..], [AlmostFull]);
    // Who passes both levels at once is warned of the higher one.
    delete(most);
    delete(more);
    fill(26_000);
    assert_eq!(warnings(&gateway, &dana)[4..], [AlmostFull]);
    // A lower limit may be reached as well, and a higher one gives room.
    let set = |octets| limit(&gateway, "dana", octets);
    set(1_000_000);
    assert_eq!(warnings(&gateway, &dana).len(), 5);
    set(120_000);
    assert_eq!(warnings(&gateway, &dana)[5..], [Filling]);
    counted(&gateway);
}

/// A file that was uploaded counts on as the file of a line or of a post: nothing fell in between.
#[test]
fn an_owner_is_not_warned_again_of_a_file_that_counted_already() {
    for is_chat in [true, false] {
        let gateway = gateway();
        let dana = sign_in(&gateway, "dana");
        limit(&gateway, "dana", 100_000);
        let room = opened(&gateway, &dana, false);
        let board = made(&gateway, &dana, true, vec![]);
        deliver(&gateway, &["dana@example.org"], &text(64_000));
        let upload = uploaded(&gateway, &dana, "x.bin", &[1; 32_000]);
        assert_eq!(warnings(&gateway, &dana), [NoticeTopic::AlmostFull]);
        if is_chat {
            let files = vec![NewFile { upload, voice: None }];
            gateway.room_say(&dana, room, &NewLine { files, ..line("") }).unwrap();
        } else {
            let new = NewPost {
                topic: None,
                title: "Plan".to_owned(),
                text: "See it".to_owned(),
                readers: Vec::new(),
                files: vec![upload],
            };
            gateway.post_write(&dana, &board, &new, "once").unwrap();
        }
        assert_eq!(warnings(&gateway, &dana), [NoticeTopic::AlmostFull], "in chat: {is_chat}");
        counted(&gateway);
    }
}

#[test]
fn a_warning_is_in_the_readers_language_and_says_how_full_the_mailbox_is() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let german = accounts::appearance::Appearance {
        language: Some("de".to_owned()),
        ..accounts::appearance::Appearance::default()
    };
    gateway.appearance_set(&dana, &german).unwrap();
    deliver(&gateway, &["dana@example.org"], &text(20_000));
    limit(&gateway, "dana", used(&gateway, &dana).octets + 4_000);
    assert_eq!(warnings(&gateway, &dana), [NoticeTopic::Filling]);
    let item = inbox(&gateway, &dana).into_iter().find(|item| item.notice.is_some()).unwrap();
    assert!(item.subject.contains("Ihr Postfach füllt sich"), "{}", item.subject);
    let notice = item.notice.unwrap();
    assert_eq!(notice.about, item.reference.to_bytes(), "it is about no other message");
    let (_, opened) = gateway.message_open(&dana, item.reference, None).unwrap();
    let opened = crate::mail::message::view(opened.shown());
    assert!(opened.text.unwrap().contains("zu mehr als 80 % voll"));
    assert!(opened.references.is_empty());
}

/// An outsider cannot empty an account in which nothing was opened, so nobody is warned.
#[test]
fn the_quota_of_an_outsider_is_its_own_and_ends_with_the_account() {
    let gateway = gateway_with(|settings| {
        settings.policy = choice(Choice::TemporaryAccount, Mode::Free);
        settings.temporary_quota.octets = 2_000;
    });
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], &"a".repeat(1_000)));
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    let quota = gateway.quota(&noa).unwrap();
    assert!((1_000..2_000).contains(&quota.usage.octets), "{quota:?}");
    assert!(matches!(gateway.upload_begin(&noa, "file", "a/b", 1_000), Err(Error::MailboxFull)));
    gateway.upload_begin(&noa, "file", "a/b", 300).unwrap();
    assert_eq!(warnings(&gateway, &noa), []);
    assert_eq!(counted(&gateway).len(), 3);
    gateway.temporary_end(noa.account(), PickupEnd::Deleted).unwrap();
    assert_eq!(counted(&gateway).len(), 2);
}

/// An account cannot fill the disk with messages that nobody fetches.
#[test]
fn a_deleted_copy_counts_while_the_message_waits_outside() {
    const PLAIN: &str = "eve@else.example";
    let gateway = gateway_with(|settings| {
        settings.policy = choice(Choice::TemporaryAccount, Mode::Free);
    });
    let dana = sign_in(&gateway, "dana");
    let delete = |reference| gateway.message_delete(&dana, reference).unwrap();
    // A user's copy counts for that user alone.
    let inside = send(&gateway, &dana, &content(&["omar@example.org"], "Inside"));
    delete(inside);
    assert_eq!(used(&gateway, &dana), Usage::default());

    // In a temporary account, until that is gone.
    let kept = send(&gateway, &dana, &content(&[OUTSIDER, "omar@example.org"], &"a".repeat(900)));
    let full = used(&gateway, &dana).octets;
    delete(kept);
    assert_eq!(used(&gateway, &dana), Usage { octets: full, messages: 0 });
    counted(&gateway);
    gateway.clock().advance_secs(15 * DAY);
    gateway.temporary_expire(10).unwrap();
    let notice = inbox(&gateway, &dana).iter().map(|item| item.size).sum();
    assert_eq!(used(&gateway, &dana), Usage { octets: notice, messages: 1 });

    // In the queue, until it has left; it was deleted while it could still be undone.
    for (row, _) in leased(&gateway) {
        delivered(&gateway, row.id);
    }
    let mut message = content(&[PLAIN], &"b".repeat(900));
    message.choices.insert(PLAIN.to_owned(), Choice::Plain);
    let sent = hold(&gateway, &dana, &message);
    delete(sent);
    assert!(used(&gateway, &dana).octets > notice + 900);
    release(&gateway);
    assert!(used(&gateway, &dana).octets > notice + 900);
    counted(&gateway);
    assert!(gateway.store().has(&MESSAGES, &sent.to_bytes()).unwrap());
    delivered(&gateway, leased(&gateway)[0].0.id);
    assert!(!gateway.store().has(&MESSAGES, &sent.to_bytes()).unwrap());
    assert_eq!(used(&gateway, &dana).octets, notice);

    // What is undone gives everything back.
    let undone = hold(&gateway, &dana, &message);
    delete(undone);
    gateway.submission_undo(&dana, undone).unwrap();
    gateway.draft_delete(&dana, &gateway.draft_list(&dana).unwrap()[0].id).unwrap();
    assert_eq!(used(&gateway, &dana).octets, notice);
    counted(&gateway);
}
