//! Tests of the domain with the in-memory engine and a manual clock.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use super::records::message::OutcomeKind;
use super::records::tables::{ENTRIES, MESSAGES, OUTCOMES};
use super::*;
use crate::clock::{Clock, Timestamp};
use crate::mail::address::Address;
use crate::mail::envelope::{Envelope, ForwardPath, ReversePath};
use crate::mail::header::{HeaderLimits, gate};
use crate::mail::reference::Reference;
use crate::store::memory::MemoryEngine;
use crate::store::{ContentId, Engine, Order, Read};
use crate::terms::{AcceptFrom, RejectReason, SenderCheck};
use crate::vault::{DaemonKey, PasswordCost, PoolLimits};

pub const PASSWORD: &str = "correct horse";
const CHEAP: PasswordCost = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };

pub fn gateway() -> Gateway {
    gateway_with(|_| ())
}

pub fn gateway_with(change: impl FnOnce(&mut Settings)) -> Gateway {
    gateway_on(Arc::new(MemoryEngine::new()), change)
}

pub fn gateway_on(engine: Arc<dyn Engine>, change: impl FnOnce(&mut Settings)) -> Gateway {
    let vault = Vault::new(DaemonKey::from_bytes([3; 32]), PoolLimits::default(), CHEAP);
    let store = Store::new(engine, vault.clone());
    let clock = Clock::set_to(Timestamp(1_795_424_523_000));
    let mut settings = Settings { domains: vec!["example.org".to_owned()], ..Settings::default() };
    change(&mut settings);
    let gateway = Gateway::new(store, vault, clock, settings);
    for name in ["dana", "omar"] {
        create(&gateway, name).unwrap();
    }
    gateway
}

pub fn create(gateway: &Gateway, name: &str) -> Result<(AccountView, RecoveryKey), Error> {
    gateway.account_create(NewAccount {
        name: name.to_owned(),
        display_name: name.to_owned(),
        addresses: vec![Address::parse(&format!("{name}@{}", gateway.domain())).unwrap()],
        password: password(PASSWORD),
        chosen_by: ChosenBy::Owner,
    })
}

pub fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

pub fn log_in<'a>(name: &'a str, text: &str) -> LogIn<'a> {
    LogIn {
        name,
        password: password(text),
        code: None,
        browser: Browser {
            key_thumbprint: "thumb".to_owned(),
            agent: "test".to_owned(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            profile: Profile::Browser,
        },
        new_password: None,
    }
}

fn try_sign_in(gateway: &Gateway, name: &str, text: &str) -> Result<LoggedIn, Error> {
    gateway.session_open(log_in(name, text))
}

pub fn sign_in(gateway: &Gateway, name: &str) -> Actor {
    let opened = try_sign_in(gateway, name, PASSWORD).unwrap();
    gateway.session_actor(&opened.token, "thumb").unwrap()
}

fn forward(to: &str) -> ForwardPath {
    ForwardPath::parse(to).unwrap()
}

fn check(gateway: &Gateway, to: &str, origin: Origin) -> RecipientVerdict {
    let known = gateway.recipient_known(&forward(to), origin, 0);
    let verdict = gateway.recipient_check(&forward(to), origin, 0).unwrap();
    if let Some(known) = known {
        assert_eq!(format!("{known:?}"), format!("{verdict:?}"), "from memory: {to}");
    }
    verdict
}

pub fn refused(gateway: &Gateway, to: &str, origin: Origin) -> Option<Reason> {
    match check(gateway, to, origin) {
        RecipientVerdict::Accept(_) => None,
        RecipientVerdict::Refuse(reason) => Some(reason),
    }
}

pub fn deliver(gateway: &Gateway, to: &[&str], text: &str) -> Reference {
    let inbound = inbound(gateway, "sender@outside.example", to, text);
    gateway.receive(inbound).wait().unwrap().reference
}

/// A message as the SMTP edge passes it on, from an unauthenticated sender.
pub fn inbound(gateway: &Gateway, from: &str, to: &[&str], text: &str) -> Inbound {
    let message = Bytes::from(text.replace('\n', "\r\n"));
    // As the edge does: what is known from memory is not looked up.
    let known = |to: &str| gateway.recipient_known(&forward(to), Origin::Outside, 0);
    let accept = |to: &&str| match known(to).unwrap_or_else(|| check(gateway, to, Origin::Outside))
    {
        RecipientVerdict::Accept(recipient) => recipient,
        RecipientVerdict::Refuse(reason) => panic!("{to} refused: {reason:?}"),
    };
    Inbound {
        envelope: Envelope::from(ReversePath::parse(from).unwrap()),
        recipients: to.iter().map(accept).collect(),
        facts: gate(&message, &HeaderLimits::default()).unwrap(),
        message,
        arrival: Arrival {
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            helo: "relay.example".to_owned(),
            tls: None,
            protocol: "ESMTP",
            host: "mail.example.org".to_owned(),
        },
        authenticated: false,
        sender: SenderCheck::Unchecked,
        results: String::new(),
    }
}

pub const MESSAGE: &str =
    "From: Rachel <rachel@outside.example>\nSubject: The contract\n\nSecret text.\n";

pub fn inbox(gateway: &Gateway, actor: &Actor) -> Vec<ItemView> {
    gateway.message_list(actor, "inbox", None, 50).unwrap().items
}

fn outcomes(gateway: &Gateway, reference: Reference) -> Vec<OutcomeKind> {
    let mut found = Vec::new();
    let key = reference.to_bytes();
    let scan = gateway.store().scan(&OUTCOMES, &key, Order::Ascending, |_, outcome| {
        found.push(outcome.kind);
        ControlFlow::Continue(())
    });
    scan.unwrap();
    found
}

/// P-24, P-25, P-42, P-43: the list shows sender, time, reference number, size and protection.
#[test]
fn a_message_is_listed_without_being_opened() {
    let gateway = gateway();
    let reference = deliver(&gateway, &["dana@example.org"], MESSAGE);
    let dana = sign_in(&gateway, "dana");
    let items = inbox(&gateway, &dana);
    assert_eq!(items.len(), 1);
    let item = &items[0];
    assert_eq!(item.reference, reference);
    assert_eq!(item.subject, "The contract");
    assert_eq!(item.from_address.as_deref(), Some("rachel@outside.example"));
    assert_eq!(item.received, Timestamp(1_795_424_523_000));
    assert!(
        matches!(&item.protection, Protection::Clear { peer } if peer.contains("relay.example"))
    );
    assert!(item.unread && item.opened.is_none());
    assert!(outcomes(&gateway, reference).is_empty());
    let raw = gateway.message_raw(&dana, reference);
    assert!(matches!(raw, Err(Error::Conflict(Conflict::NotOpened))));
    assert!(inbox(&gateway, &sign_in(&gateway, "omar")).is_empty());
}

/// P-25, P-26: opening a message marks it read and records exactly one outcome.
#[test]
fn opening_shows_the_octets_and_is_recorded_once() {
    let gateway = gateway();
    let reference = deliver(&gateway, &["dana@example.org"], MESSAGE);
    let dana = sign_in(&gateway, "dana");
    for _ in 0..2 {
        let (item, octets) = gateway.message_open(&dana, reference, None).unwrap();
        let octets = octets.whole().unwrap();
        assert!(!item.unread && item.opened.is_some());
        let text = String::from_utf8(octets.to_vec()).unwrap();
        assert!(text.starts_with("Return-Path: <sender@outside.example>\r\nReceived: "), "{text}");
        assert!(text.contains(&reference.to_string()));
        assert!(text.ends_with(&MESSAGE.replace('\n', "\r\n")));
    }
    assert_eq!(outcomes(&gateway, reference), [OutcomeKind::Read]);
    let rejected = gateway.message_reject(&dana, reference, None, None);
    assert!(matches!(rejected, Err(Error::Conflict(Conflict::AlreadyOpened))));
    let (_, boxes) = gateway.mailbox_list(&dana).unwrap();
    assert_eq!((boxes[0].total, boxes[0].unread, boxes[0].unopened), (1, 0, 0));
}

/// P-25: rejecting deletes this reader's key and copy; the other reader keeps theirs, and the
/// content is deleted with the last reader.
#[test]
fn rejecting_destroys_one_readers_key_and_leaves_the_others() {
    let gateway = gateway();
    let reference = deliver(&gateway, &["dana@example.org", "omar@example.org"], MESSAGE);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    gateway.message_reject(&dana, reference, Some(RejectReason::NotExpected), None).unwrap();
    assert!(inbox(&gateway, &dana).is_empty());
    let again = gateway.message_reject(&dana, reference, None, None);
    assert!(matches!(again, Err(Error::NotFound { .. })));
    assert!(matches!(gateway.message_open(&dana, reference, None), Err(Error::NotFound { .. })));
    let content = ContentId(reference.to_bytes());
    assert!(gateway.store().content_length(content).unwrap().is_some());
    gateway.message_open(&omar, reference, None).unwrap();
    gateway.message_delete(&omar, reference).unwrap();
    assert_eq!(gateway.store().content_length(content).unwrap(), None);
    assert!(gateway.store().get(&MESSAGES, &reference.to_bytes()).unwrap().is_none());
    let mut kinds = outcomes(&gateway, reference);
    kinds.sort_by_key(|kind| *kind == OutcomeKind::Read);
    let rejected = OutcomeKind::Rejected(Some(RejectReason::NotExpected));
    assert_eq!(kinds, [rejected, OutcomeKind::Read]);
}

/// P-18: a message to several recipients is stored once, under one reference number.
#[test]
fn a_message_for_several_is_stored_once() {
    let gateway = gateway();
    let to = ["dana@example.org", "omar@example.org", "dana+list@example.org"];
    let reference = deliver(&gateway, &to, MESSAGE);
    let message = gateway.store().get(&MESSAGES, &reference.to_bytes()).unwrap().unwrap();
    assert_eq!(message.holders, 2);
    assert_eq!(inbox(&gateway, &sign_in(&gateway, "dana")).len(), 1);
}

/// P-41, P-57: which recipients are accepted is decided at RCPT.
#[test]
fn recipients_are_judged_before_anything_is_accepted() {
    let gateway = gateway();
    let table = [
        ("dana@example.org", None),
        ("DANA@EXAMPLE.ORG", None),
        ("dana+x@example.org", None),
        ("<postmaster>", None),
        ("Postmaster@example.org", None),
        ("nobody@example.org", Some(Reason::UnknownRecipient)),
        ("+x@example.org", Some(Reason::UnknownRecipient)),
        ("dana@other.example", Some(Reason::NotLocal)),
        ("dana@[192.0.2.1]", Some(Reason::NotLocal)),
    ];
    for (to, expected) in table {
        assert_eq!(refused(&gateway, to, Origin::Outside), expected, "{to}");
    }
    gateway.account_accept_from("dana", AcceptFrom::Inside).unwrap();
    let to = "dana@example.org";
    assert_eq!(refused(&gateway, to, Origin::Outside), Some(Reason::AcceptFrom));
    assert_eq!(refused(&gateway, to, Origin::Inside), None);
    gateway.account_disable("dana").unwrap();
    assert_eq!(refused(&gateway, to, Origin::Inside), Some(Reason::Disabled));
    assert_eq!(refused(&gateway, "<postmaster>", Origin::Outside), None);
}

#[test]
fn nobody_to_be_postmaster_is_not_an_unknown_recipient() {
    let vault = Vault::new(DaemonKey::from_bytes([3; 32]), PoolLimits::default(), CHEAP);
    let store = Store::new(Arc::new(MemoryEngine::new()), vault.clone());
    let gateway = Gateway::new(store, vault, Clock::System, Settings::default());
    assert_eq!(refused(&gateway, "<postmaster>", Origin::Outside), Some(Reason::NotNow));
}

/// P-13: an unknown name and a wrong password get the same answer, after the same work.
#[test]
fn a_wrong_name_and_a_wrong_password_cost_and_say_the_same() {
    let gateway = gateway();
    let runs = || gateway.inner.vault.passwords().runs();
    for name in ["dana", "dana@example.org", "nobody", "nobody@example.org", "\0"] {
        let before = runs();
        assert!(matches!(try_sign_in(&gateway, name, "wrong"), Err(Error::Refused)), "{name}");
        assert_eq!(runs() - before, 1, "{name}");
    }
    gateway.account_disable("dana").unwrap();
    assert!(matches!(try_sign_in(&gateway, "dana", PASSWORD), Err(Error::Refused)));
}

/// P-05: a token is useless without the key that it is bound to.
#[test]
fn a_session_opens_for_its_own_key_until_it_is_over() {
    let gateway = gateway();
    let opened = try_sign_in(&gateway, "dana", PASSWORD).unwrap();
    let actor = |thumb: &str| gateway.session_actor(&opened.token, thumb);
    assert!(actor("thumb").is_ok());
    assert!(matches!(actor("another"), Err(Error::Refused)));
    assert!(matches!(gateway.session_actor("nonsense", "thumb"), Err(Error::Refused)));
    for _ in 0..4 {
        gateway.clock().advance_secs(29 * 60);
        assert!(actor("thumb").is_ok(), "use keeps a session alive");
    }
    gateway.clock().advance_secs(31 * 60);
    assert!(matches!(actor("thumb"), Err(Error::Refused)), "idle for too long");
    assert_eq!(gateway.sessions_expire(10).unwrap(), 1);
}

#[test]
fn sessions_are_listed_and_closed_one_by_one_and_all_at_once() {
    let gateway = gateway();
    let first = try_sign_in(&gateway, "dana", PASSWORD).unwrap();
    let dana = gateway.session_actor(&first.token, "thumb").unwrap();
    let second = try_sign_in(&gateway, "dana", PASSWORD).unwrap();
    let omar = sign_in(&gateway, "omar");
    assert_eq!(gateway.session_list(&dana).unwrap().len(), 2);
    let foreign = gateway.session_close(&omar, &second.session.id);
    assert!(matches!(foreign, Err(Error::NotFound { .. })));
    gateway.session_close(&dana, &second.session.id).unwrap();
    assert!(gateway.session_actor(&second.token, "thumb").is_err());
    assert!(gateway.session_actor(&first.token, "thumb").is_ok());
    gateway.session_close_all(&dana).unwrap();
    assert!(gateway.session_actor(&first.token, "thumb").is_err());
}

#[test]
fn a_new_password_or_the_recovery_key_keeps_the_mail() {
    let gateway = gateway();
    let (_, recovery) = create(&gateway, "mira").unwrap();
    let reference = deliver(&gateway, &["mira@example.org"], MESSAGE);
    let (old, new) = (password(PASSWORD), password("battery staple"));
    assert!(matches!(
        gateway.account_password("mira", &new, &old, ChosenBy::Owner),
        Err(Error::Refused)
    ));
    let renewed = gateway.account_password("mira", &old, &new, ChosenBy::Owner).unwrap();
    assert!(try_sign_in(&gateway, "mira", PASSWORD).is_err());
    let third = password("third and last");
    let replaced =
        gateway.account_recover("mira", &recovery, &third, (ChangedFrom::Server, OwnChoice::Made));
    assert!(matches!(replaced, Err(Error::Refused)));
    let typed = RecoveryKey::parse(&renewed.expose().to_uppercase()).unwrap();
    gateway
        .account_recover(
            "mira",
            &typed,
            &password("third and last"),
            (ChangedFrom::Server, OwnChoice::Made),
        )
        .unwrap();
    let opened = try_sign_in(&gateway, "mira", "third and last").unwrap();
    let mira = gateway.session_actor(&opened.token, "thumb").unwrap();
    assert!(gateway.message_open(&mira, reference, None).is_ok());
    let actor = gateway.session_actor(&opened.token, "thumb").unwrap();
    let again = gateway.recovery_renew(&actor, &third).unwrap();
    let same =
        gateway.account_recover("mira", &again, &third, (ChangedFrom::Server, OwnChoice::Made));
    assert!(matches!(same, Err(Error::Conflict(Conflict::SamePassword))));
    let other = RecoveryKey::generate().unwrap();
    let refused = gateway.account_recover(
        "mira",
        &other,
        &password("third and last"),
        (ChangedFrom::Server, OwnChoice::Made),
    );
    assert!(matches!(refused, Err(Error::Refused)));
    let weak = gateway.account_recover(
        "mira",
        &typed,
        &password("short"),
        (ChangedFrom::Server, OwnChoice::Made),
    );
    assert!(matches!(weak, Err(Error::WeakPassword)));
}

#[test]
fn names_and_addresses_belong_to_one_account() {
    let gateway = gateway();
    assert!(matches!(create(&gateway, "dana"), Err(Error::Conflict(Conflict::Exists))));
    assert!(matches!(create(&gateway, "Dana"), Err(Error::Conflict(Conflict::Exists))));
    for name in ["", "a b", "a/b", &"x".repeat(65)] {
        assert!(create_named(&gateway, name, "x@example.org").is_err(), "{name:?}");
    }
    assert!(create_named(&gateway, "eve", "eve@other.example").is_err());
}

fn create_named(gateway: &Gateway, name: &str, address: &str) -> Result<AccountView, Error> {
    let made = gateway.account_create(NewAccount {
        name: name.to_owned(),
        display_name: String::new(),
        addresses: vec![Address::parse(address).unwrap()],
        password: password(PASSWORD),
        chosen_by: ChosenBy::Owner,
    });
    made.map(|(view, _)| view)
}

#[test]
fn folders_keep_their_counts_whatever_moves() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let references: Vec<_> =
        (0..5).map(|_| deliver(&gateway, &["dana@example.org"], MESSAGE)).collect();
    let folder = gateway.mailbox_create(&dana, " Contracts ").unwrap();
    assert_eq!(folder.name, "Contracts");
    assert!(gateway.mailbox_create(&dana, "Contracts").is_err());
    gateway.message_open(&dana, references[0], None).unwrap();
    let moved = Change { mailbox: Some(folder.id.clone()), ..Change::default() };
    let many = gateway.message_change_many(&dana, &references[..3], &moved).unwrap();
    assert_eq!((many.done.len(), many.failed.len()), (3, 0));
    let star = Change { starred: Some(true), unread: Some(false), ..Change::default() };
    let item = gateway.message_change(&dana, references[1], &star).unwrap();
    assert!(item.starred && item.unread, "what was never opened stays unread");
    let (_, boxes) = gateway.mailbox_list(&dana).unwrap();
    let of = |id: &str| boxes.iter().find(|one| one.id == id).unwrap();
    assert_eq!((of("1").total, of("1").unread, of("1").unopened), (2, 2, 2));
    let counts = of(&folder.id);
    assert_eq!((counts.total, counts.unread, counts.unopened), (3, 2, 2));
    assert!(gateway.mailbox_delete(&dana, &folder.id).is_err());
    assert!(gateway.mailbox_rename(&dana, "1", "x").is_err());
    assert_eq!(gateway.mailbox_rename(&dana, &folder.id, "Old").unwrap().name, "Old");
    assert_eq!(count_entries(&gateway), 5);
}

fn count_entries(gateway: &Gateway) -> usize {
    let mut count = 0;
    let scan = gateway.store().scan(&ENTRIES, &(), Order::Ascending, |_, _| {
        count += 1;
        ControlFlow::Continue(())
    });
    scan.unwrap();
    count
}

#[test]
fn pages_of_a_list_join_without_gap_or_overlap() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let mut sent: Vec<_> =
        (0..25).map(|_| deliver(&gateway, &["dana@example.org"], MESSAGE)).collect();
    sent.reverse();
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = gateway.message_list(&dana, "inbox", cursor.as_deref(), 7).unwrap();
        assert_eq!(page.total, 25);
        seen.extend(page.items.into_iter().map(|item| item.reference));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, sent);
}

#[test]
fn changes_since_a_state_name_what_came_and_went() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let (state, _) = gateway.mailbox_list(&dana).unwrap();
    let mut events = gateway.events(&dana);
    let kept = deliver(&gateway, &["dana@example.org"], MESSAGE);
    let gone = deliver(&gateway, &["dana@example.org"], MESSAGE);
    gateway.message_reject(&dana, gone, None, None).unwrap();
    let changes = gateway.changes_since(&dana, &state).unwrap();
    assert_eq!((changes.updated, changes.removed), (vec![kept], vec![gone]));
    assert!(!changes.more);
    assert_eq!(events.try_recv().unwrap().kind, EventKind::Mail);
    assert!(gateway.changes_since(&dana, "9999").is_err());
    assert!(gateway.changes_since(&dana, "x").is_err());
}

/// The secrets of a finished epoch are wiped; the account's key still opens what was sealed in it.
#[test]
fn epochs_end_and_their_mail_still_opens() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let first = deliver(&gateway, &["dana@example.org"], MESSAGE);
    gateway.clock().advance_secs(601);
    gateway.epochs_expire();
    let second = deliver(&gateway, &["dana@example.org"], MESSAGE);
    assert_eq!(inbox(&gateway, &dana).len(), 2);
    for reference in [first, second] {
        assert!(gateway.message_open(&dana, reference, None).is_ok());
    }
}

/// P-03, P-20: the store's keys and records contain neither addresses nor subjects, and a modified
/// content is refused with an integrity error.
#[test]
fn a_changed_content_is_refused_and_not_marked_read() {
    let gateway = gateway();
    let reference = deliver(&gateway, &["dana@example.org"], MESSAGE);
    let dana = sign_in(&gateway, "dana");
    let id = ContentId(reference.to_bytes());
    let mut sealed = gateway.store().content_read(id, 0, u64::MAX).unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"Secret"));
    sealed[9] ^= 1;
    let changed = Bytes::from(sealed);
    let done = gateway.store().transact(move |tx| {
        tx.content_put(id, vec![crate::store::Piece::Inline(changed.clone())]);
        Ok::<_, crate::store::Error>(())
    });
    done.wait().unwrap();
    assert!(matches!(gateway.message_open(&dana, reference, None), Err(Error::Damaged { .. })));
    assert!(inbox(&gateway, &dana)[0].opened.is_none());
    assert!(outcomes(&gateway, reference).is_empty());
}
