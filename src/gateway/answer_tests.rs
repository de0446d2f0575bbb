//! Tests of automatic answers to outside senders, with the in-memory engine and a manual clock.

use super::accounts::preference::PreferencesChange;
use super::queue::attempt::Attempted;
use super::queue::rows::Leased;
use super::sending_tests::{choice, content, leased, send, with_policy};
use super::tests::*;
use super::*;
use crate::mail::address::Address;
use crate::mail::envelope::{ForwardPath, Notify, OriginalRecipient, Recipient, ReversePath};
use crate::mail::message::view;
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::terms::{ConfirmOutside, LastInteraction};

const RACHEL: &str = "rachel@outside.example";
const DANA: &str = "dana@example.org";
const MESSAGE: &str = "From: Rachel <rachel@outside.example>\nTo: dana@example.org\n\
    Message-ID: <first@outside.example>\nSubject: The contract\n\nSecret text.\n";
const DAY: i64 = 24 * 3600;

/// Delivers a message from an authenticated sender, with a NOTIFY parameter.
fn arrive(gateway: &Gateway, notify: Notify) -> Reference {
    let mut inbound = inbound(gateway, RACHEL, &[DANA], MESSAGE);
    inbound.authenticated = true;
    inbound.envelope.envid = Some("QQ314".to_owned());
    inbound.envelope.recipients.push(Recipient {
        path: ForwardPath::parse(DANA).unwrap(),
        notify,
        orcpt: OriginalRecipient::parse("rfc822;Dana@example.org"),
    });
    gateway.receive(inbound).wait().unwrap().reference
}

/// Takes the messages that wait for Rachel, each from the null reverse-path, off the queue.
fn sent_to_rachel(gateway: &Gateway) -> Vec<String> {
    let rows = leased(gateway);
    let taken: Vec<Leased> = rows.iter().map(|(row, _)| row.clone()).collect();
    for row in taken {
        assert_eq!(row.reverse_path, ReversePath::Null);
        assert_eq!(row.recipient.path.to_string(), format!("<{RACHEL}>"));
        super::sending_tests::delivered(gateway, row.id);
    }
    rows.into_iter().map(|(_, text)| text).collect()
}

/// P-44, P-45, P-46: one notice a day per pair of addresses, with the reference number and the last
/// interaction as the recipient allows, and no text of the message.
#[test]
fn an_outside_sender_learns_that_the_message_was_accepted() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let day = gateway.clock().now().to_rfc3339()[..10].to_owned();
    let reference = arrive(&gateway, Notify::default());
    let notices = sent_to_rachel(&gateway);
    assert_eq!(notices.len(), 1);
    let text = view(notices[0].as_bytes()).text.unwrap();
    assert!(text.contains(&reference.to_string()) && text.contains(DANA), "{text}");
    assert!(text.contains("without encryption"), "the hop had no TLS: {text}");
    assert!(text.contains(&day), "by the day: {text}");
    assert!(!notices[0].contains("Secret") && !notices[0].contains("contract"));
    assert!(notices[0].contains("In-Reply-To: <first@outside.example>"));
    arrive(&gateway, Notify::default());
    assert!(sent_to_rachel(&gateway).is_empty(), "once a day");
    for (setting, shown) in [(LastInteraction::Never, false), (LastInteraction::Exact, true)] {
        gateway.clock().advance_secs(DAY);
        let dana = sign_in(&gateway, "dana");
        let change =
            PreferencesChange { last_interaction: Some(Some(setting)), ..Default::default() };
        gateway.preferences_change(&dana, &change).unwrap();
        arrive(&gateway, Notify::default());
        let notices = sent_to_rachel(&gateway);
        assert_eq!(notices[0].contains("was last active"), shown, "{setting:?}");
    }
    drop(dana);
}

/// P-44: a possibly forged sender gets no mail, whatever the reader allows.
#[test]
fn an_unauthenticated_sender_gets_nothing() {
    let gateway = gateway_with(|settings| settings.confirm_outside = ConfirmOutside::Always);
    let dana = sign_in(&gateway, "dana");
    let forged = inbound(&gateway, RACHEL, &[DANA], MESSAGE);
    let reference = gateway.receive(forged).wait().unwrap().reference;
    gateway.message_open(&dana, reference, Some(true)).unwrap();
    assert!(sent_to_rachel(&gateway).is_empty());
}

/// RFC 3461 §4.1, RFC 3464: a requested DSN is sent each time; with NOTIFY=NEVER there is none.
#[test]
fn a_delivery_report_is_sent_where_it_is_asked_for() {
    let gateway = gateway();
    let success = Notify::On { success: true, failure: true, delay: false };
    for _ in 0..2 {
        let reference = arrive(&gateway, success);
        let reports = sent_to_rachel(&gateway);
        assert_eq!(reports.len(), 1);
        for part in [
            "report-type=\"delivery-status\"",
            "Content-Type: message/delivery-status\r\n\r\nOriginal-Envelope-Id: QQ314\r\n",
            "Original-Recipient: rfc822;Dana@example.org\r\n",
            "Final-Recipient: rfc822; dana@example.org\r\n",
            "Action: delivered\r\n",
            "Status: 2.0.0\r\n",
            &reference.to_string(),
        ] {
            assert!(reports[0].contains(part), "{part}\n{}", reports[0]);
        }
        assert!(!reports[0].contains("Secret") && !reports[0].contains("contract"));
    }
    arrive(&gateway, Notify::Never);
    assert!(sent_to_rachel(&gateway).is_empty());
}

/// P-47, D5: the reader's setting decides, and a message is confirmed once.
#[test]
fn read_and_rejected_are_confirmed_as_the_reader_allows() {
    use ConfirmOutside::{Always, Ask, Known, Never};
    // The setting, the reader's answer, whether the message is confirmed.
    let cases = [
        (Never, Some(true), false),
        (Ask, None, false),
        (Ask, Some(false), false),
        (Ask, Some(true), true),
        (Known, None, false),
        (Known, Some(false), false),
        (Known, Some(true), true),
        (Always, None, true),
        (Always, Some(false), false),
        (Always, Some(true), true),
    ];
    for (setting, said, confirmed) in cases {
        for rejects in [false, true] {
            let gateway = gateway_with(|settings| settings.acceptance_notice = false);
            let dana = sign_in(&gateway, "dana");
            let change =
                PreferencesChange { confirm_outside: Some(Some(setting)), ..Default::default() };
            gateway.preferences_change(&dana, &change).unwrap();
            let reference = arrive(&gateway, Notify::default());
            for _ in 0..2 {
                match rejects {
                    true => drop(gateway.message_reject(&dana, reference, None, said)),
                    false => drop(gateway.message_open(&dana, reference, said)),
                }
            }
            let sent = sent_to_rachel(&gateway);
            assert_eq!(sent.len(), usize::from(confirmed), "{setting:?} {said:?} {rejects}");
            let word = if rejects { "; deleted\r\n" } else { "; displayed\r\n" };
            for one in sent {
                assert!(one.contains(word) && one.contains(&reference.to_string()), "{one}");
                assert!(one.contains("Original-Message-ID: <first@outside.example>"), "{one}");
                assert!(!one.contains("Secret") && !one.contains("contract"));
            }
        }
    }
}

/// D5: a sender whom the reader has written to is known, so the reader is not asked. A reader who was
/// asked before that and said no is not overruled.
#[test]
fn a_sender_who_was_written_to_before_is_known() {
    let orders = [false, true];
    let cases = [(None, true), (Some(false), false)];
    for ((said, confirmed), wrote_first) in
        cases.into_iter().flat_map(|case| orders.map(|order| (case, order)))
    {
        let gateway = gateway_with(|settings| {
            settings.acceptance_notice = false;
            settings.confirm_outside = ConfirmOutside::Known;
        });
        let dana = sign_in(&gateway, "dana");
        let writes = || {
            send(&gateway, &dana, &content(&[RACHEL], "Hello Rachel"));
            let notification = leased(&gateway).remove(0).0;
            super::sending_tests::delivered(&gateway, notification.id);
        };
        if wrote_first {
            writes();
        }
        let reference = arrive(&gateway, Notify::default());
        if !wrote_first {
            writes();
        }
        gateway.message_open(&dana, reference, said).unwrap();
        assert_eq!(
            sent_to_rachel(&gateway).len(),
            usize::from(confirmed),
            "{said:?} {wrote_first}"
        );
    }
}

/// P-26: an inside sender gets one report about a failed message, in the form of RFC 3464.
#[test]
fn a_failed_message_is_reported_in_the_standards_form() {
    let gateway = with_policy(choice(crate::terms::Choice::Plain, crate::terms::Mode::Default));
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[RACHEL], "Plain"));
    let row = leased(&gateway).remove(0).0;
    let status = EnhancedStatus(5, 1, 1);
    let (text, host) = ("550 5.1.1 nobody".to_owned(), Some("mx.outside.example".to_owned()));
    for _ in 0..2 {
        let done = Attempted::Failed { status, text: text.clone(), host: host.clone() };
        gateway.queue_report(row.id, done).unwrap();
    }
    let reports = inbox(&gateway, &dana);
    assert_eq!(reports.len(), 1);
    let (_, octets) = gateway.message_open(&dana, reports[0].reference, None).unwrap();
    let octets = octets.whole().unwrap();
    let report = String::from_utf8_lossy(&octets);
    for part in [
        "report-type=\"delivery-status\"",
        "Final-Recipient: rfc822; rachel@outside.example\r\n",
        "Action: failed\r\n",
        "Status: 5.1.1\r\n",
        "550 5.1.1 nobody\r\n",
    ] {
        assert!(report.contains(part), "{part}\n{report}");
    }
}

/// P-44, P-47: two gateways authenticate each other's mail, and their readers confirm everything:
/// after one report each they are silent.
#[test]
fn two_gateways_that_face_each_other_settle() {
    let talkative = |domain: &str| {
        gateway_with(|settings| {
            settings.domains = vec![domain.to_owned()];
            settings.policy = choice(crate::terms::Choice::Plain, crate::terms::Mode::Default);
            settings.confirm_outside = ConfirmOutside::Always;
        })
    };
    let (here, there) = (talkative("example.org"), talkative("outside.example"));
    let (dana, omar) = (sign_in(&here, "dana"), sign_in(&there, "omar"));
    send(&here, &dana, &content(&["omar@outside.example"], "Between us"));
    let mut carried = Vec::new();
    for _ in 0..20 {
        for (from, to) in [(&here, &there), (&there, &here)] {
            for (row, text) in leased(from) {
                carry(to, &row, &text);
                super::sending_tests::delivered(from, row.id);
                carried.push(text);
            }
        }
        // Everyone opens every message.
        for (gateway, reader) in [(&here, &dana), (&there, &omar)] {
            for item in inbox(gateway, reader) {
                gateway.message_open(reader, item.reference, None).unwrap();
            }
            gateway.clock().advance_secs(600);
        }
    }
    assert!(carried.len() <= 3, "the message, and one message each: {carried:#?}");
    assert!(!inbox(&there, &omar).is_empty(), "the message itself arrived");
}

/// A local domain beyond ASCII has two forms. Mail comes in both, and what the daemon itself writes
/// needs no host with SMTPUTF8.
#[test]
fn a_local_domain_is_known_in_both_of_its_forms() {
    let gateway = gateway_with(|settings| {
        settings.domains = vec!["bücher.example".to_owned()];
        settings.confirm_outside = ConfirmOutside::Always;
    });
    let dana = sign_in(&gateway, "dana");
    for path in
        ["dana@bücher.example", "dana+x@xn--bcher-kva.example", "abuse@xn--bcher-kva.example"]
    {
        let to = ForwardPath::Address(Address::parse(path).unwrap());
        let verdict = gateway.recipient_check(&to, Origin::Outside, 0).unwrap();
        assert!(matches!(verdict, RecipientVerdict::Accept(_)), "{path}");
    }
    let foreign = ForwardPath::Address(Address::parse("dana@xn--bcher-kvb.example").unwrap());
    let verdict = gateway.recipient_check(&foreign, Origin::Outside, 0).unwrap();
    assert!(matches!(verdict, RecipientVerdict::Refuse(_)));
    let mut inbound = inbound(
        &gateway,
        "rachel@outside.example",
        &["dana@xn--bcher-kva.example"],
        "From: rachel@outside.example\nTo: dana@xn--bcher-kva.example\nMessage-ID: <1@outside.example>\n\nText.\n",
    );
    inbound.authenticated = true;
    let reference = gateway.receive(inbound).wait().unwrap().reference;
    gateway.message_open(&dana, reference, None).unwrap();
    let rows = leased(&gateway);
    assert_eq!(rows.len(), 2, "accepted, and read");
    for (row, text) in rows {
        let (header, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            header.is_ascii() && header.contains("postmaster@xn--bcher-kva.example"),
            "{header}"
        );
        assert!(!row.smtputf8, "{header}");
    }
}

/// Carries a queue row to the other gateway, as SMTP does.
fn carry(to: &Gateway, row: &Leased, text: &str) {
    let path = row.recipient.path.to_string();
    let RecipientVerdict::Accept(_) =
        to.recipient_check(&row.recipient.path, Origin::Outside, 0).unwrap()
    else {
        return;
    };
    let mut inbound = inbound(to, "x@outside.example", &[&path], &text.replace("\r\n", "\n"));
    inbound.envelope.reverse_path = row.reverse_path.clone();
    inbound.authenticated = true;
    to.receive(inbound).wait().unwrap();
}
