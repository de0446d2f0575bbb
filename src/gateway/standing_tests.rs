//! What a sender sees of how a message stands: in the list, in its status lines, and in notices.

use std::ops::ControlFlow;

use super::mailboxes::standing;
use super::mailboxes::summary::NoticeTopic;
use super::queue::attempt::Attempted;
use super::records::policy::Policy;
use super::records::submission::{Delivery, Standing};
use super::records::tables::{DELIVERIES, SUBMISSIONS};
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::store::Read;
use crate::terms::{Choice, Language, Mode, Route, StepNote};

/// Checks that each submission counts its deliveries as they are.
pub fn counted(gateway: &Gateway) {
    let store = gateway.store();
    let mut rows = Vec::new();
    store
        .scan_readable(&SUBMISSIONS, &(), |message, row| {
            rows.push((message, row.standings));
            ControlFlow::Continue(())
        })
        .unwrap();
    for (message, standings) in rows {
        let mut deliveries: Vec<Delivery> = Vec::new();
        store
            .scan_readable(&DELIVERIES, &message, |_, delivery| {
                deliveries.push(delivery);
                ControlFlow::Continue(())
            })
            .unwrap();
        let sorted = |mut counts: Vec<Standing>| {
            counts.sort_by_key(|one| (one.route as u8, one.state as u8));
            counts
        };
        assert_eq!(sorted(standings.unwrap()), sorted(standing::counted(&deliveries)));
    }
}

/// The state in the row of *Sent*, of how many recipients, of how many, and the route.
fn row(
    gateway: &Gateway,
    actor: &Actor,
    reference: Reference,
) -> (DeliveryState, u32, u32, Option<Route>) {
    counted(gateway);
    let items = gateway.message_list(actor, "sent", None, 50).unwrap().items;
    let item = items.into_iter().find(|item| item.reference == reference).unwrap();
    let one = item.standing.unwrap();
    (one.state, one.count, one.recipients, one.route)
}

/// P-26 and D5: the row of a message says what became of it, after each step of each recipient.
#[test]
fn the_row_of_a_sent_message_says_how_it_stands() {
    let gateway = with_policy(choice(Choice::TemporaryAccount, Mode::Free));
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let mut message = content(&["omar@example.org", OUTSIDER, "eve@else.example"], "Hello");
    message.choices.insert("eve@else.example".to_owned(), Choice::Plain);
    let reference = hold(&gateway, &dana, &message);
    let now = || row(&gateway, &dana, reference);
    assert_eq!(now(), (DeliveryState::Held, 3, 3, Some(Route::Plain)), "it can be undone");
    let state = gateway.message_list(&dana, "sent", None, 1).unwrap().state;
    release(&gateway);
    assert_eq!(now(), (DeliveryState::Waiting, 2, 3, Some(Route::Plain)));
    let changed = gateway.changes_since(&dana, &state).unwrap();
    assert!(changed.updated.contains(&reference), "the page is told: {changed:?}");
    let mut initial = String::new();
    for (sent, octets) in leased(&gateway) {
        delivered(&gateway, sent.id);
        if sent.recipient.path.to_string().contains("noa@") {
            initial = password_and_token(&octets).0;
        }
    }
    assert_eq!(now(), (DeliveryState::Waiting, 1, 3, Some(Route::Plain)));
    gateway.message_open(&omar, reference, None).unwrap();
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    gateway.message_open(&noa, reference, None).unwrap();
    assert_eq!(now(), (DeliveryState::Delivered, 1, 3, Some(Route::Plain)));
    // Who got a copy sees nothing of that.
    let items = inbox(&gateway, &omar);
    assert!(items.iter().all(|item| item.standing.is_none()));

    let rejected = send(&gateway, &dana, &content(&["omar@example.org", OUTSIDER], "Again"));
    gateway.message_reject(&omar, rejected, None, None).unwrap();
    assert_eq!(
        row(&gateway, &dana, rejected),
        (DeliveryState::Rejected, 1, 2, Some(Route::TemporaryAccount))
    );
}

/// A message that an earlier version sent is counted when something happens to it, and shown before.
#[test]
fn a_message_of_an_earlier_version_is_counted_when_it_changes() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let reference = send(&gateway, &dana, &content(&["omar@example.org", OUTSIDER], "Hello"));
    let key = reference.to_bytes();
    let forget = gateway.store().transact(move |tx| {
        let mut row = tx.get(&SUBMISSIONS, &key)?.unwrap();
        row.standings = None;
        Ok::<_, Error>(tx.put(&SUBMISSIONS, &key, &row)?)
    });
    forget.wait().unwrap();
    let shown = gateway.message_item(&dana, reference).unwrap().standing.unwrap();
    assert_eq!((shown.state, shown.count, shown.recipients), (DeliveryState::Waiting, 1, 2));
    gateway.message_open(&omar, reference, None).unwrap();
    let (_, last, ..) = (counted(&gateway), row(&gateway, &dana, reference));
    assert_eq!((last.0, last.1), (DeliveryState::Waiting, 1));
}

fn steps(gateway: &Gateway, actor: &Actor, reference: Reference) -> Vec<Step> {
    gateway.submission(actor, reference).unwrap().recipients.remove(0).history
}

/// Attempts in vain are one step, with their number and what the host said last.
#[test]
fn attempts_in_vain_are_one_step() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Hello"));
    for said in ["busy", "still busy", "later"] {
        let id = leased(&gateway)[0].0.id;
        let (status, host) = (EnhancedStatus(4, 2, 0), Some("mx.outside.example".to_owned()));
        gateway
            .queue_report(id, Attempted::Deferred { status, text: said.to_owned(), host })
            .unwrap();
        gateway.clock().advance_secs(6 * 3_600);
    }
    let history = steps(&gateway, &dana, reference);
    let states: Vec<DeliveryState> = history.iter().map(|step| step.state).collect();
    assert_eq!(states, [DeliveryState::Accepted, DeliveryState::Waiting, DeliveryState::Waiting]);
    let last = history.last().unwrap();
    assert_eq!((last.note, last.tried), (Some(StepNote::Tried), 3));
    assert_eq!(last.detail.as_deref(), Some("mx.outside.example: later"));
    delivered(&gateway, leased(&gateway)[0].0.id);
    assert_eq!(row(&gateway, &dana, reference).0, DeliveryState::Delivered);
}

fn unverified(gateway: &Gateway) {
    for (sent, _) in leased(gateway) {
        let text = "outside.example has no TLS policy".to_owned();
        gateway.queue_report(sent.id, Attempted::NoVerifiedTls { text }).unwrap();
    }
}

/// Says what a notice says, with its topic.
fn told(gateway: &Gateway, actor: &Actor) -> Vec<(NoticeTopic, String)> {
    let items = inbox(gateway, actor).into_iter();
    let found = items.filter_map(|item| Some((item.notice.as_ref()?.topic?, item.reference)));
    let text = |reference| {
        let (_, content) = gateway.message_raw(actor, reference).unwrap();
        crate::mail::message::view(content.shown()).text.unwrap()
    };
    found.map(|(topic, reference)| (topic, text(reference))).collect()
}

/// P-39: a message that could not go by verified TLS says so in its status and in a notice, once, and
/// why.
#[test]
fn another_route_than_verified_tls_is_said_and_why() {
    for (choice_else, route) in
        [(Choice::TemporaryAccount, Route::TemporaryAccount), (Choice::Plain, Route::Plain)]
    {
        let policy =
            Policy { verified_else: choice_else, ..choice(Choice::VerifiedTls, Mode::Default) };
        let gateway = with_policy(policy);
        let dana = sign_in(&gateway, "dana");
        let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Over verified TLS"));
        unverified(&gateway);
        let history = steps(&gateway, &dana, reference);
        let notes: Vec<&Step> = history.iter().filter(|step| step.note.is_some()).collect();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert_eq!(notes[0].note, Some(StepNote::NoVerifiedTls));
        assert_eq!(notes[0].detail.as_deref(), Some("outside.example has no TLS policy"));
        let told = told(&gateway, &dana);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].0, NoticeTopic::Unverified(route));
        for part in [OUTSIDER, "verified encryption", "outside.example has no TLS policy"] {
            assert!(told[0].1.contains(part), "{}", told[0].1);
        }
        assert_eq!(row(&gateway, &dana, reference).3, Some(route));
    }
}

/// Many recipients without verified TLS are one notice.
#[test]
fn several_recipients_without_verified_tls_are_one_notice() {
    let gateway = with_policy(choice(Choice::VerifiedTls, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let people: Vec<String> = (0..4).map(|n| format!("p{n}@outside.example")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    send(&gateway, &dana, &content(&people, "Over verified TLS"));
    unverified(&gateway);
    gateway.reports_write().unwrap();
    gateway.clock().advance_secs(3_600);
    gateway.reports_write().unwrap();
    let told = told(&gateway, &dana);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(people.iter().all(|one| told[0].1.contains(one)), "{}", told[0].1);
}

/// No notice has a time that is written for programs, in any language.
#[test]
fn the_times_of_notices_are_written_for_people() {
    for language in Language::ALL {
        let gateway = gateway();
        let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
        let look = accounts::appearance::Appearance {
            language: Some(language.tag().to_owned()),
            ..accounts::appearance::Appearance::default()
        };
        gateway.appearance_set(&dana, &look).unwrap();
        let reference = send(&gateway, &dana, &content(&["omar@example.org", OUTSIDER], "Hello"));
        gateway.message_open(&omar, reference, None).unwrap();
        gateway.clock().advance_secs(60 * 24 * 3_600);
        gateway.temporary_warn(10).unwrap();
        gateway.temporary_expire(10).unwrap();
        let boxes = ["inbox", "confirmations"].into_iter();
        let items = boxes.flat_map(|id| gateway.message_list(&dana, id, None, 50).unwrap().items);
        let mut seen = 0;
        for item in items.filter(|item| item.notice.is_some()) {
            let (_, content) = gateway.message_raw(&dana, item.reference).unwrap();
            let text = crate::mail::message::view(content.shown()).text.unwrap();
            assert!(!text.contains("Z\u{2069}") && !text.contains(":00."), "{text}");
            assert!(!text.contains(&gateway.clock().now().to_rfc3339()[..11]), "{text}");
            seen += usize::from(text.contains(" UTC"));
        }
        assert!(seen >= 2, "{seen} notices have a time");
    }
}
