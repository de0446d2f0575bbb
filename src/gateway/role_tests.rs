//! Role mailboxes on the engine in memory.

use std::ops::ControlFlow;

use super::group_tests::{add, created, gateway_of, group_id, id, new_group, row};
use super::groups::group::GroupEdit;
use super::records::message::OutcomeKind;
use super::records::role::{RoleActKind, RoleInterim};
use super::records::tables::{
    COUNTERS, ENTRIES, GROUPS, OUTCOMES, PLACES, ROLE_ACTS, ROLE_INTERIM, ROLE_MAILBOXES,
};
use super::sending_tests::{content, notices, send};
use super::tests::*;
use super::unreadable_tests::spoil;
use super::*;
use crate::gateway::outgoing::submit::{Submit, Submitted};
use crate::store::{Order, Read, Span};
use crate::terms::GroupKind;

const INFO: &str = "info@example.org";

/// A gateway with a group of these people, the first of whom is its manager, and a mailbox for it; and a
/// manager of the site, who is in no group.
struct Office {
    gateway: Gateway,
    group: String,
    role: String,
}

impl Office {
    fn of(names: &[&str]) -> Office {
        let gateway = gateway_of(&["noa", "root"]);
        gateway.account_manager("root", true).unwrap();
        let first = sign_in(&gateway, names[0]);
        let group = created(&gateway, &first);
        names[1..].iter().for_each(|name| drop(add(&gateway, &first, &group, name)));
        let root = sign_in(&gateway, "root");
        let role = gateway.role_create(&root, &group, INFO).unwrap().id.to_text();
        Office { gateway, group, role }
    }

    /// What somebody's session opens of the mailbox.
    fn opened(&self, name: &str) -> Result<Actor, Error> {
        self.gateway.role_actor(&sign_in(&self.gateway, name), &self.role)
    }

    fn remove(&self, by: &str, name: &str) {
        let member = id(&self.gateway, name).to_text();
        let by = sign_in(&self.gateway, by);
        self.gateway.group_member_remove(&by, &self.group, &member).unwrap();
    }

    fn subjects(&self, actor: &Actor) -> Vec<String> {
        let items = inbox(&self.gateway, actor);
        items.into_iter().map(|item| item.subject).collect()
    }

    fn interim(&self) -> Vec<RoleInterim> {
        let mut found = Vec::new();
        let scanned = self.gateway.store().scan(&ROLE_INTERIM, &(), Order::Ascending, |_, row| {
            found.push(row);
            ControlFlow::Continue(())
        });
        scanned.unwrap();
        found
    }
}

fn said(subject: &str) -> String {
    format!("From: rachel@outside.example\nTo: {INFO}\nSubject: {subject}\n\n{subject}\n")
}

fn acts(gateway: &Gateway, actor: &Actor, reference: Reference) -> Vec<(String, RoleActKind)> {
    let item = gateway.message_item(actor, reference).unwrap();
    item.acts.into_iter().map(|act| (act.who, act.kind)).collect()
}

/// Each member opens what comes; the sender's outcome is recorded once, and the readers see each other.
#[test]
fn all_members_read_and_see_who_read() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let reference = deliver(gateway, &[INFO], &said("A question"));
    let (dana, omar) = (office.opened("dana").unwrap(), office.opened("omar").unwrap());
    assert_eq!(office.subjects(&omar), ["A question"]);
    let (_, octets) = gateway.message_open(&omar, reference, None).unwrap();
    assert!(String::from_utf8_lossy(&octets.whole().unwrap()).ends_with("A question\r\n"));
    assert_eq!(acts(gateway, &dana, reference), [("omar".to_owned(), RoleActKind::Read)]);
    gateway.message_raw(&dana, reference).unwrap();
    gateway.message_raw(&dana, reference).unwrap();
    let both = ["omar", "dana"].map(|name| (name.to_owned(), RoleActKind::Read));
    assert_eq!(acts(gateway, &omar, reference), both);
    let mut outcomes = Vec::new();
    let scanned =
        gateway.store().scan(&OUTCOMES, &reference.to_bytes(), Order::Ascending, |_, outcome| {
            outcomes.push(outcome.kind);
            ControlFlow::Continue(())
        });
    scanned.unwrap();
    assert_eq!(outcomes, [OutcomeKind::Read]);
    // It is nobody's own mail, and nobody else's at all.
    assert!(inbox(gateway, &sign_in(gateway, "dana")).is_empty());
    for stranger in ["noa", "root"] {
        assert!(matches!(office.opened(stranger), Err(Error::NotFound { .. })), "{stranger}");
    }
}

/// What came while somebody was a member opens with the keys of that time, and nothing that came later.
#[test]
fn who_was_removed_opens_nothing_that_comes_afterwards() {
    let office = Office::of(&["dana", "omar"]);
    let before = deliver(&office.gateway, &[INFO], &said("Before"));
    let kept = office.opened("omar").unwrap();
    office.remove("dana", "omar");
    assert!(matches!(office.opened("omar"), Err(Error::NotFound { .. })));
    let after = deliver(&office.gateway, &[INFO], &said("After"));
    // As if somebody had a copy of the disk, and the keys that were kept.
    assert_eq!(office.subjects(&kept), ["Before"]);
    assert!(office.gateway.message_item(&kept, before).is_ok());
    let item = office.gateway.message_item(&kept, after);
    assert!(matches!(item, Err(Error::Conflict(Conflict::GroupKeysWait))), "{item:?}");
    let opened = office.gateway.message_open(&kept, after, None);
    assert!(opened.is_err(), "the keys of before open nothing");
    assert_eq!(office.subjects(&office.opened("dana").unwrap()), ["After", "Before"]);
    // Nor does a session that was opened before the removal read on, whatever keys it has.
    let read = office.gateway.message_open(&kept, before, None);
    assert!(matches!(read, Err(Error::NotFound { .. })));
}

/// While the epoch in use is due, nobody has to be signed in for mail to be taken: it is sealed for those
/// who are members then, and later for those who come.
#[test]
fn mail_is_taken_while_the_keys_wait_for_a_member() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    add(gateway, &sign_in(gateway, "dana"), &office.group, "noa");
    let kept = office.opened("noa").unwrap();
    office.remove("noa", "noa");
    assert!(row(gateway, group_id(&office.group)).due);
    deliver(gateway, &[INFO], &said("In between"));
    deliver(gateway, &[INFO], &said("Once more"));
    assert_eq!(office.interim().len(), 1);
    assert_eq!(office.interim()[0].wraps.len(), 2, "for dana and omar");
    assert_eq!(office.subjects(&kept), [""; 0], "noa has left before it came");
    // Another leaves: what comes from now on is not for omar.
    let kept = office.gateway.role_actor(&sign_in(gateway, "omar"), &office.role);
    drop(kept);
    office.remove("omar", "omar");
    deliver(gateway, &[INFO], &said("For dana"));
    let unsettled: Vec<usize> = office.interim().iter().map(|row| row.wraps.len()).collect();
    assert_eq!(unsettled, [0, 1], "omar's session settled the first one");
    let dana = office.opened("dana").unwrap();
    assert_eq!(office.subjects(&dana), ["For dana", "Once more", "In between"]);
    assert!(office.interim().iter().all(|row| row.sealed.is_some() && row.wraps.is_empty()));
    // Who joins later opens all of it.
    add(gateway, &sign_in(gateway, "dana"), &office.group, "noa");
    let noa = office.opened("noa").unwrap();
    assert_eq!(office.subjects(&noa), ["For dana", "Once more", "In between"]);
    assert!(!row(gateway, group_id(&office.group)).due);
}

/// A message that was sealed for one set of members is not stored for another: the peer tries again.
#[test]
fn what_was_sealed_before_a_removal_is_not_stored_after_it() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let role = AccountId(text::parse_hex(&office.role).unwrap());
    let epoch = gateway.epoch_arriving(role).unwrap();
    assert!(epoch.check(gateway.store(), role).is_ok());
    office.remove("dana", "omar");
    assert!(matches!(epoch.check(gateway.store(), role), Err(Error::Busy)));
    let next = gateway.epoch_arriving(role).unwrap();
    assert!(next.check(gateway.store(), role).is_ok());
}

fn answer(gateway: &Gateway, actor: &Actor, to: Reference, text: &str) -> Reference {
    let draft = gateway.draft_from(actor, to, RelationKind::Reply, None).unwrap();
    let content = DraftContent { text: text.to_owned(), ..draft.content };
    let saved = gateway.draft_save(actor, &draft.id, draft.version, &content).unwrap();
    send_draft(gateway, actor, &saved)
}

fn send_draft(gateway: &Gateway, actor: &Actor, draft: &DraftView) -> Reference {
    let submit = Submit {
        draft: &draft.id,
        version: draft.version,
        consent: None,
        typed: None,
        request: &draft.id,
    };
    match gateway.submit(actor, &submit).unwrap() {
        Submitted::Accepted(view) => view.reference,
        Submitted::NeedsConsent(consent) => panic!("{consent:?}"),
    }
}

/// An answer goes out from the mailbox's address, and its readers see who wrote it; sending can be undone,
/// and then nobody answered.
#[test]
fn an_answer_bears_the_address_and_inside_the_name() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let noa = sign_in(gateway, "noa");
    let draft = gateway.draft_create(&noa, &content(&[INFO], "Hours")).unwrap();
    let asked = send_draft(gateway, &noa, &draft);
    gateway.clock().advance_secs(60);
    gateway.messages_release(10).unwrap();
    let (dana, omar) = (office.opened("dana").unwrap(), office.opened("omar").unwrap());
    gateway.message_open(&omar, asked, None).unwrap();
    let undone = answer(gateway, &omar, asked, "From nine");
    gateway.submission_undo(&omar, undone).unwrap();
    assert_eq!(acts(gateway, &dana, asked), [("omar".to_owned(), RoleActKind::Read)]);
    let sent = answer(gateway, &omar, asked, "From nine to five");
    gateway.clock().advance_secs(60);
    gateway.messages_release(10).unwrap();
    let answered = RoleActKind::Answered(sent.to_bytes());
    assert_eq!(acts(gateway, &dana, asked)[1], ("omar".to_owned(), answered));
    let wrote = RoleActKind::Wrote(Some(asked.to_bytes()));
    assert_eq!(acts(gateway, &dana, sent), [("omar".to_owned(), wrote)]);
    let got = inbox(gateway, &noa).into_iter().find(|item| item.reference == sent).unwrap();
    assert_eq!(got.from_address.as_deref(), Some(INFO));
    assert!(got.acts.is_empty(), "who wrote it is for the readers of the mailbox");
    let (_, octets) = gateway.message_open(&noa, sent, None).unwrap();
    let octets = String::from_utf8(octets.whole().unwrap().to_vec()).unwrap();
    assert!(octets.contains(&format!("From: <{INFO}>")) && !octets.contains("omar"), "{octets}");
    // The sender inside learns once that it was read, and the mailbox that its answer was.
    let notices = |actor: &Actor| {
        let page = gateway.message_list(actor, "confirmations", None, 9);
        page.map_or(0, |page| page.total)
    };
    assert_eq!((notices(&noa), notices(&dana)), (1, 1));
}

/// To reject destroys the message for all, so that it is for managers, and so is deleting one.
#[test]
fn only_managers_of_the_group_reject_and_delete() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let (one, two) =
        (deliver(gateway, &[INFO], &said("One")), deliver(gateway, &[INFO], &said("Two")));
    let (dana, omar) = (office.opened("dana").unwrap(), office.opened("omar").unwrap());
    assert!(matches!(gateway.message_reject(&omar, one, None, None), Err(Error::Denied { .. })));
    gateway.message_open(&omar, two, None).unwrap();
    assert!(matches!(gateway.message_delete(&omar, two), Err(Error::Denied { .. })));
    gateway.message_reject(&dana, one, None, None).unwrap();
    gateway.message_delete(&dana, two).unwrap();
    assert!(office.subjects(&omar).is_empty());
    let mut left = 0;
    let scanned = gateway.store().scan_keys(&ROLE_ACTS, &(), |_| {
        left += 1;
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    assert_eq!(left, 0, "what was noted goes with the message");
}

/// Who may give a group which address, and which groups can have one.
#[test]
fn not_every_group_gets_every_address() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let (dana, root) = (sign_in(gateway, "dana"), sign_in(gateway, "root"));
    let give = |actor: &Actor, group: &str, address: &str| {
        gateway.role_create(actor, group, address).map(|view| view.address)
    };
    assert!(matches!(give(&dana, &office.group, "help@example.org"), Err(Error::Denied { .. })));
    for taken in [INFO, "dana@example.org"] {
        let given = give(&root, &office.group, taken);
        assert!(matches!(given, Err(Error::Conflict(Conflict::Exists))), "{taken}");
    }
    for wrong in ["x@elsewhere.example", "dana+x@example.org", "x"] {
        let given = give(&root, &office.group, wrong);
        assert!(matches!(given, Err(Error::Invalid { .. })), "{wrong}");
    }
    let hidden = gateway
        .group_create(&dana, groups::group::NewGroup { shares_earlier: false, ..new_group() })
        .unwrap()
        .view
        .id
        .to_text();
    assert!(matches!(give(&root, &hidden, "x@example.org"), Err(Error::Invalid { .. })));
    // And a group that has one stays such a group, and stays.
    let version = || row(gateway, group_id(&office.group)).version;
    let closes = GroupEdit { kind: Some(GroupKind::Closed), ..GroupEdit::default() };
    let hides = GroupEdit { shares_earlier: Some(false), ..GroupEdit::default() };
    for (actor, edit) in [(&root, closes), (&dana, hides)] {
        let changed = gateway.group_change(actor, &office.group, version(), edit);
        assert!(matches!(changed, Err(Error::Conflict(Conflict::RoleMailbox))), "{changed:?}");
    }
    let deleted = gateway.group_delete(&dana, &office.group);
    assert!(matches!(deleted, Err(Error::Conflict(Conflict::RoleMailbox))));
    // Nobody signs in there, and no command for users finds it.
    assert!(matches!(gateway.session_open(log_in(INFO, PASSWORD)), Err(Error::Refused)));
    assert!(matches!(gateway.account_manager(INFO, true), Err(Error::NotFound { .. })));
    assert!(gateway.account_list().unwrap().iter().all(|one| one.view.name != INFO));
}

/// Mail for postmaster always reaches somebody: the group that has it, or else who had it before.
#[test]
fn postmaster_goes_to_the_group_that_has_it() {
    let office = Office::of(&["omar"]);
    let gateway = &office.gateway;
    let (omar, root) = (sign_in(gateway, "omar"), sign_in(gateway, "root"));
    let both = ["<postmaster>", "<postmaster@example.org>", "<abuse@example.org>"];
    let reached = |actor: &Actor| -> usize {
        let before = inbox(gateway, actor).len();
        for to in both {
            deliver(gateway, &[to.trim_matches(['<', '>'])], &said("To postmaster"));
        }
        inbox(gateway, actor).len() - before
    };
    let dana = sign_in(gateway, "dana");
    assert_eq!(reached(&dana), 3, "the first account");
    assert!(matches!(
        gateway.role_create(&omar, &office.group, "postmaster@example.org"),
        Err(Error::Denied { .. })
    ));
    let role = gateway.role_create(&root, &office.group, "postmaster@example.org").unwrap();
    let opened = gateway.role_actor(&omar, &role.id.to_text()).unwrap();
    assert_eq!(reached(&opened), 3);
    // Nobody who could read it: the peer is asked to try again.
    gateway.account_disable("omar").unwrap();
    for to in both {
        assert_eq!(refused(gateway, to, Origin::Outside), Some(Reason::NotNow), "{to}");
    }
    gateway.account_enable("omar").unwrap();
    let omar = sign_in(gateway, "omar");
    assert!(matches!(gateway.role_end(&omar, &role.id.to_text()), Err(Error::Denied { .. })));
    gateway.role_end(&root, &role.id.to_text()).unwrap();
    assert_eq!(reached(&dana), 3, "the first account again");
    assert!(matches!(gateway.role_actor(&omar, &role.id.to_text()), Err(Error::NotFound { .. })));
}

/// Ending a mailbox leaves no row of it; who wrote and was not read learns that. Where it is interrupted,
/// the timer goes on.
#[test]
fn nothing_of_a_mailbox_that_ended_is_left() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let noa = sign_in(gateway, "noa");
    let draft = gateway.draft_create(&noa, &content(&[INFO], "Unread")).unwrap();
    send_draft(gateway, &noa, &draft);
    gateway.clock().advance_secs(60);
    gateway.messages_release(10).unwrap();
    let reference = deliver(gateway, &[INFO], &said("Read"));
    let dana = office.opened("dana").unwrap();
    gateway.message_open(&dana, reference, None).unwrap();
    gateway.search_index(&dana).unwrap();
    office.remove("omar", "omar");
    deliver(gateway, &[INFO], &said("In between"));
    let account = AccountId(text::parse_hex(&office.role).unwrap());
    let rows = || {
        let mut tables = Vec::new();
        let all = Span { from: Vec::new(), to: None, order: Order::Ascending };
        let scanned = gateway.store().engine().scan(&all, &mut |key, _| {
            if key.get(1..17) == Some(&account.0) {
                tables.push(key[0]);
            }
            ControlFlow::Continue(())
        });
        scanned.unwrap();
        tables
    };
    assert!(rows().len() > 10);
    // Killed after the first transaction.
    let mark = gateway.transact(move |tx| {
        let mut row = tx.get(&ROLE_MAILBOXES, &account)?.unwrap();
        row.ending = true;
        Ok(tx.put(&ROLE_MAILBOXES, &account, &row)?)
    });
    mark.wait().unwrap();
    assert!(matches!(office.opened("dana"), Err(Error::NotFound { .. })));
    assert_eq!(gateway.roles_finish().unwrap(), 1);
    assert_eq!(rows(), [0; 0], "rows are left in the tables of these numbers");
    assert_eq!(gateway.roles_finish().unwrap(), 0);
    let failed = inbox(gateway, &noa);
    let failed: Vec<_> = failed.iter().filter_map(|item| item.notice.as_ref()).collect();
    assert_eq!((failed.len(), failed[0].kind), (1, DeliveryState::Failed));
    gateway.group_delete(&sign_in(gateway, "dana"), &office.group).unwrap();
}

/// With the disk and the daemon key, nothing that came to a role mailbox, or was written in it, is read:
/// not under an epoch of the group, and not under an interim pair.
#[test]
fn the_daemon_key_opens_nothing_of_a_role_mailbox() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let words = ["Zirkonhalde", "Quarzbrunnen", "Opalgasse"];
    let reference = deliver(gateway, &[INFO], &said(words[0]));
    office.remove("omar", "omar");
    deliver(gateway, &[INFO], &said(words[1]));
    let dana = office.opened("dana").unwrap();
    gateway.message_open(&dana, reference, None).unwrap();
    gateway.draft_create(&dana, &content(&["noa@example.org"], words[2])).unwrap();
    gateway.search_index(&dana).unwrap();
    let vault = gateway.inner.vault.clone();
    let (mut octets, mut contents, mut opened) = (Vec::new(), Vec::new(), 0);
    let all = Span { from: Vec::new(), to: None, order: Order::Ascending };
    let scanned = gateway.store().engine().scan(&all, &mut |raw, sealed| {
        match vault.record_open(raw[0], raw, sealed) {
            Ok((_, plain)) => {
                opened += 1;
                octets.extend_from_slice(&plain);
            }
            Err(_) => contents.push(raw.to_vec()),
        }
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    assert!(opened > 40, "{opened}");
    let has = |word: &str| octets.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(has(INFO), "its address is routing data");
    words.iter().for_each(|word| assert!(!has(word), "{word}"));
    for raw in contents {
        let id = crate::store::ContentId(raw[1..].try_into().unwrap());
        let sealed = gateway.store().content_read(id, 0, u64::MAX).unwrap();
        for word in words {
            assert!(!sealed.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
        }
    }
}

/// What becomes of mail that was sent from the mailbox is reported there, also while its keys are due;
/// and nobody who reads that mail has to wait for a member.
#[test]
fn what_becomes_of_its_mail_is_reported_to_the_mailbox() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let omar = office.opened("omar").unwrap();
    let one = send(gateway, &omar, &content(&["noa@example.org", "nobody@example.org"], "One"));
    let two = send(gateway, &omar, &content(&["noa@example.org"], "Two"));
    let dana = office.opened("dana").unwrap();
    let failed = notices(gateway, &dana);
    assert_eq!(failed, [(DeliveryState::Failed, "nobody@example.org".to_owned())]);
    assert!(inbox(gateway, &sign_in(gateway, "omar")).is_empty());
    office.remove("omar", "omar");
    assert!(row(gateway, group_id(&office.group)).due);
    let noa = sign_in(gateway, "noa");
    gateway.message_open(&noa, one, None).unwrap();
    let dana = office.opened("dana").unwrap();
    let read = gateway.message_list(&dana, "confirmations", None, 9).unwrap();
    assert_eq!(read.total, 1, "it came while the keys were due");
    // Nobody is left who could read a confirmation: the one who reads the message still does.
    gateway.account_disable("dana").unwrap();
    gateway.message_open(&noa, two, None).unwrap();
}

/// What a member writes is sealed for those who are members when it is stored; who was removed writes
/// nothing, whatever keys were kept.
#[test]
fn nothing_is_written_under_keys_or_rights_of_before() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let reference = deliver(gateway, &[INFO], &said("A question"));
    let (dana, omar) = (office.opened("dana").unwrap(), office.opened("omar").unwrap());
    let draft = gateway.draft_create(&omar, &content(&["noa@example.org"], "Begun")).unwrap();
    let upload = gateway.upload_begin(&omar, "a.txt", "text/plain", 3).unwrap();
    office.remove("dana", "omar");
    let busy = |done: Result<(), Error>, what: &str| {
        assert!(matches!(done, Err(Error::Busy)), "{what}: {done:?}");
    };
    let label = mailboxes::label::Label { id: 0, name: "Mine".to_owned(), colour: 1 };
    let labels = [label];
    busy(gateway.draft_save(&dana, &draft.id, 1, &draft.content).map(drop), "a draft");
    busy(gateway.labels_set(&dana, &labels).map(drop), "labels");
    busy(gateway.mailbox_create(&dana, "Ours").map(drop), "a folder");
    busy(gateway.upload_begin(&dana, "b.txt", "text/plain", 3).map(drop), "a file");
    busy(gateway.upload_append(&dana, &upload.id, 0, b"abc").map(drop), "octets");
    busy(gateway.search_index(&dana).map(drop), "the index");
    let refused = |done: Result<(), Error>, what: &str| {
        assert!(matches!(done, Err(Error::NotFound { .. })), "{what}: {done:?}");
    };
    let star = Change { starred: Some(true), ..Change::default() };
    refused(gateway.message_change(&omar, reference, &star).map(drop), "a change");
    refused(gateway.message_change_many(&omar, &[reference], &star).map(drop), "changes");
    refused(gateway.draft_delete(&omar, &draft.id), "a draft");
    refused(gateway.draft_save(&omar, &draft.id, 1, &draft.content).map(drop), "a draft");
    refused(gateway.upload_delete(&omar, &upload.id), "a file");
    refused(gateway.message_delete(&omar, reference), "a message");
    // With the keys of now all of it is done.
    let dana = office.opened("dana").unwrap();
    gateway.draft_save(&dana, &draft.id, 1, &draft.content).unwrap();
    gateway.mailbox_create(&dana, "Ours").unwrap();
    gateway.labels_set(&dana, &labels).unwrap();
    gateway.search_index(&dana).unwrap();
}

/// A mailbox that is being ended is in nobody's way: who reads what it sent does, and two that wrote to
/// each other end.
#[test]
fn mailboxes_that_are_being_ended_stop_nobody() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let root = sign_in(gateway, "root");
    let other = gateway.role_create(&root, &office.group, "help@example.org").unwrap().id;
    let info = office.opened("dana").unwrap();
    let help = gateway.role_actor(&sign_in(gateway, "dana"), &other.to_text()).unwrap();
    let to_noa = send(gateway, &info, &content(&["noa@example.org"], "To Noa"));
    send(gateway, &info, &content(&["help@example.org"], "To the other"));
    send(gateway, &help, &content(&[INFO], "And back"));
    for account in [info.account(), other] {
        let mark = gateway.transact(move |tx| {
            let mut row = tx.get(&ROLE_MAILBOXES, &account)?.unwrap();
            row.ending = true;
            Ok(tx.put(&ROLE_MAILBOXES, &account, &row)?)
        });
        mark.wait().unwrap();
    }
    gateway.message_open(&sign_in(gateway, "noa"), to_noa, None).unwrap();
    assert_eq!(gateway.roles_finish().unwrap(), 2);
    assert_eq!(gateway.roles_finish().unwrap(), 0, "both have ended");
}

/// One record that cannot be read hides no message, and stops no mail and no other mailbox.
#[test]
fn one_unreadable_record_stops_nothing_else() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let reference = deliver(gateway, &[INFO], &said("Before"));
    let dana = office.opened("dana").unwrap();
    gateway.message_open(&dana, reference, None).unwrap();
    spoil(gateway, &ROLE_ACTS, (dana.account(), reference.to_bytes()));
    assert_eq!(office.subjects(&dana), ["Before"]);
    gateway.message_open(&office.opened("omar").unwrap(), reference, None).unwrap();
    assert_eq!(acts(gateway, &dana, reference), [("omar".to_owned(), RoleActKind::Read)]);
    // The counters of a member's own account have nothing to do with what comes to the mailbox.
    let omar = id(gateway, "omar");
    spoil(gateway, &COUNTERS, omar);
    deliver(gateway, &[INFO], &said("After"));
    assert_eq!(office.subjects(&dana), ["After", "Before"]);
    // Another group, and its mailbox.
    let noa = sign_in(gateway, "noa");
    let strange = created(gateway, &noa);
    let root = sign_in(gateway, "root");
    let other = gateway.role_create(&root, &strange, "help@example.org").unwrap().id;
    spoil(gateway, &GROUPS, group_id(&strange));
    assert_eq!(gateway.role_list(&sign_in(gateway, "dana")).unwrap().len(), 1);
    spoil(gateway, &ROLE_MAILBOXES, other);
    let free = created(gateway, &dana_of(gateway));
    gateway.group_delete(&dana_of(gateway), &free).unwrap();
    // And an end goes on over what cannot be read.
    let place = gateway.store().get(&PLACES, &(dana.account(), reference.to_bytes()));
    let place = place.unwrap().unwrap();
    spoil(gateway, &ENTRIES, (dana.account(), place.mailbox, place.uid));
    gateway.role_end(&root, &office.role).unwrap();
    assert!(gateway.store().get(&ROLE_MAILBOXES, &dana.account()).unwrap().is_none());
}

fn dana_of(gateway: &Gateway) -> Actor {
    sign_in(gateway, "dana")
}

/// Where nobody who opens an interim pair comes back, what was sealed to it is lost; the other messages,
/// lists of any kind and the index are not.
#[test]
fn what_nobody_has_keys_for_hides_nothing_else() {
    let office = Office::of(&["dana", "omar"]);
    let gateway = &office.gateway;
    let before = deliver(gateway, &[INFO], &said("Before"));
    gateway.account_disable("omar").unwrap();
    let lost = deliver(gateway, &[INFO], &said("Lost"));
    gateway.account_disable("dana").unwrap();
    gateway.account_enable("omar").unwrap();
    let after = {
        office.opened("omar").unwrap();
        deliver(gateway, &[INFO], &said("After"))
    };
    let omar = office.opened("omar").unwrap();
    assert_eq!(office.subjects(&omar), ["After", "Before"]);
    let items = gateway.message_items(&omar, &[before, lost, after]).unwrap();
    assert_eq!(items.len(), 2);
    gateway.search_index(&omar).unwrap();
    gateway.draft_list(&omar).unwrap();
    gateway.mailbox_list(&omar).unwrap();
    let item = gateway.message_item(&omar, lost);
    assert!(matches!(item, Err(Error::Conflict(Conflict::GroupKeysWait))), "{item:?}");
}
