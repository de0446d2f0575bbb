//! Delivery reports about several recipients of one message.

use super::queue::attempt::Attempted;
use super::queue::rows::Leased;
use super::records::tables::{ACCOUNT_KEYS, ACCOUNTS, UNREPORTED};
use super::sending_tests::{choice, content, delivered, notices, send, with_policy};
use super::tests::*;
use super::*;
use crate::mail::status::EnhancedStatus;
use crate::store::Read;
use crate::terms::{Choice, DeliveryState, Mode};

fn plain() -> Gateway {
    with_policy(choice(Choice::Plain, Mode::Default))
}

/// Sends to this many outside recipients, and leases their rows.
fn sent_to(gateway: &Gateway, actor: &Actor, count: usize) -> Vec<Leased> {
    let to: Vec<String> = (0..count).map(|at| format!("reader{at:03}@outside.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    send(gateway, actor, &content(&to, "Plain"));
    let rows = gateway.queue_lease(count, 3600, &mut |_| false).unwrap();
    assert_eq!(rows.len(), count);
    rows
}

fn fail(gateway: &Gateway, rows: &[Leased]) {
    for row in rows {
        let (status, host) = (EnhancedStatus(5, 1, 1), Some("mx.outside.example".to_owned()));
        let done = Attempted::Failed { status, text: "550 5.1.1 nobody".to_owned(), host };
        gateway.queue_report(row.id, done).unwrap();
    }
}

fn defer(gateway: &Gateway, rows: &[Leased]) {
    for row in rows {
        let status = EnhancedStatus(4, 2, 0);
        let done = Attempted::Deferred { status, text: "450 later".to_owned(), host: None };
        gateway.queue_report(row.id, done).unwrap();
    }
}

/// The texts of the notices in an inbox, the newest first.
fn texts(gateway: &Gateway, actor: &Actor) -> Vec<String> {
    let items = inbox(gateway, actor).into_iter().filter(|item| item.notice.is_some());
    let octets = |item: ItemView| {
        gateway.message_open(actor, item.reference, None).unwrap().1.whole().unwrap()
    };
    items.map(|item| String::from_utf8(octets(item).to_vec()).unwrap()).collect()
}

fn is_empty(gateway: &Gateway) -> bool {
    gateway.store().count(&UNREPORTED, &()).unwrap() == 0
}

/// One message, 623 recipients that fail, one report that names them all.
#[test]
fn recipients_who_fail_together_are_reported_together() {
    let gateway = plain();
    let dana = sign_in(&gateway, "dana");
    let rows = sent_to(&gateway, &dana, 623);
    let (last, first) = rows.split_last().unwrap();
    fail(&gateway, first);
    assert!(gateway.reports_write().unwrap(), "it waits for the last one");
    assert!(notices(&gateway, &dana).is_empty());
    fail(&gateway, std::slice::from_ref(last));
    assert!(!gateway.reports_write().unwrap());
    assert!(!gateway.reports_write().unwrap(), "doing it twice does no harm");
    let found = texts(&gateway, &dana);
    let [report] = found.as_slice() else { panic!("{} reports", found.len()) };
    assert_eq!(report.matches("\r\nFinal-Recipient: rfc822; reader").count(), 623);
    assert_eq!(report.matches("\r\n\r\nFinal-Recipient: ").count(), 623, "each in its own group");
    assert_eq!(report.matches("Reporting-MTA").count(), 1);
    for part in ["623 recipients", "reader000@outside.example: 5.1.1 mx.outside.example: 550"] {
        assert!(report.contains(part), "{part}\n{}", &report[..2000]);
    }
    let (words, fields) = report.split_once("Reporting-MTA").unwrap();
    assert_eq!(words.matches("reader").count(), 100);
    assert!(words.contains("523 more") && fields.contains("reader622@"));
    let item = inbox(&gateway, &dana).remove(0);
    let notice = item.notice.unwrap();
    assert_eq!((notice.kind, notice.others), (DeliveryState::Failed, 622));
    assert!(is_empty(&gateway));
}

/// Who waits for a slow host learns in time who else has failed.
#[test]
fn a_report_waits_for_other_recipients_only_so_long() {
    let gateway = plain();
    let dana = sign_in(&gateway, "dana");
    let rows = sent_to(&gateway, &dana, 3);
    fail(&gateway, &rows[..1]);
    gateway.clock().advance_secs(299);
    fail(&gateway, &rows[1..2]);
    assert!(gateway.reports_write().unwrap());
    assert!(notices(&gateway, &dana).is_empty());
    gateway.clock().advance_secs(1);
    gateway.reports_write().unwrap();
    assert_eq!(texts(&gateway, &dana).len(), 1);
    fail(&gateway, &rows[2..]);
    gateway.reports_write().unwrap();
    let found = texts(&gateway, &dana);
    assert_eq!(found.len(), 2);
    assert!(found[0].contains("reader002@") && !found[0].contains("reader000@"), "{}", found[0]);
    assert!(found[1].contains("reader000@") && found[1].contains("reader001@"), "{}", found[1]);
}

/// Delays are gathered as failures are; a failure takes the place of a delay that nobody was told.
#[test]
fn recipients_who_are_late_together_are_reported_together() {
    let gateway = plain();
    let dana = sign_in(&gateway, "dana");
    let rows = sent_to(&gateway, &dana, 4);
    gateway.clock().advance_secs(5 * 3600);
    defer(&gateway, &rows[..3]);
    gateway.reports_write().unwrap();
    assert!(notices(&gateway, &dana).is_empty(), "the fourth is being tried");
    fail(&gateway, &rows[..1]);
    fail(&gateway, &rows[3..]);
    gateway.reports_write().unwrap();
    let dana = sign_in(&gateway, "dana");
    let found = texts(&gateway, &dana);
    let named = |action: &str| -> Vec<&str> {
        let report = found.iter().find(|report| report.contains(action)).unwrap();
        let groups = report.split("Final-Recipient: rfc822; ").skip(1);
        groups.map(|group| group.split('@').next().unwrap()).collect()
    };
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(named("Action: failed"), ["reader000", "reader003"]);
    assert_eq!(named("Action: delayed"), ["reader001", "reader002"]);
    assert!(is_empty(&gateway));
}

/// Who has the message by now is not reported as late.
#[test]
fn a_recipient_who_was_late_and_has_it_now_is_not_reported() {
    let gateway = plain();
    let dana = sign_in(&gateway, "dana");
    let rows = sent_to(&gateway, &dana, 3);
    gateway.clock().advance_secs(5 * 3600);
    defer(&gateway, &rows[..2]);
    delivered(&gateway, rows[0].id);
    delivered(&gateway, rows[2].id);
    // As long as the others are reported together at the latest.
    gateway.clock().advance_secs(300);
    gateway.reports_write().unwrap();
    let dana = sign_in(&gateway, "dana");
    let found = texts(&gateway, &dana);
    let [report] = found.as_slice() else { panic!("{found:#?}") };
    assert!(report.contains("reader001@") && !report.contains("reader000@"), "{report}");
}

/// A message that the policy lets nobody have is refused in one notice.
#[test]
fn recipients_who_are_refused_together_are_reported_together() {
    let gateway = with_policy(choice(Choice::Refuse, Mode::Fixed));
    let dana = sign_in(&gateway, "dana");
    let to: Vec<String> = (0..7).map(|at| format!("reader{at}@outside.example")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    send(&gateway, &dana, &content(&to, "Plain"));
    let found = texts(&gateway, &dana);
    let [notice] = found.as_slice() else { panic!("{found:#?}") };
    assert!(notice.contains("7 recipients") && notice.contains("reader6@"), "{notice}");
}

/// Nobody is left to tell: the rows go, and nothing is tried again.
#[test]
fn a_report_to_an_account_that_is_gone_is_dropped() {
    let gateway = plain();
    let dana = sign_in(&gateway, "dana");
    let rows = sent_to(&gateway, &dana, 2);
    fail(&gateway, &rows);
    let account = dana.account();
    gateway
        .store()
        .transact(move |tx| {
            tx.delete(&ACCOUNTS, &account);
            tx.delete(&ACCOUNT_KEYS, &account);
            Ok::<_, Error>(())
        })
        .wait()
        .unwrap();
    assert!(!gateway.reports_write().unwrap());
    assert!(is_empty(&gateway));
}
