//! Automatic mail to outside senders: that a message was accepted, and that it was read or
//! rejected.

use hyper::Method;
use mail_parser::{MessageParser, MimeHeaders};
use postern::client::Client;
use postern::client::sending::Outgoing;
use postern::clock::Clock;
use postern::mail::message;
use postern::mail::reference::Reference;
use serde_json::{Value, json};

use crate::support::sink::{Sink, Taken};
use crate::support::site::{Setup, Site};
use crate::support::smtp::{Delivery, Smtp};
use crate::{accepted, deliver, field};

const RACHEL: &str = "rachel@outside.example";
const DANA: &str = "dana@example.org";
/// Without notices of acceptance, so that the sink receives only reports about reading and
/// rejecting.
const QUIET: &str =
    "[auto_response]\naccepted = false\n[outgoing]\nundo_secs = 0\nchoice = \"plain\"\n";

/// Returns a message from `from`; no report may repeat any of its content.
fn message(from: &str, more: &str) -> String {
    format!(
        "From: Somebody <{from}>\r\nTo: {DANA}\r\nSubject: The contract\r\n\
         Message-ID: <first@outside.example>\r\n{more}\r\nSecret text.\r\n"
    )
}

fn arrive(site: &Site, from: &str) -> Reference {
    accepted(deliver(site.smtp, from, DANA, &message(from, "")))
}

fn text(mail: &Taken) -> String {
    message::view(&mail.message).text.expect("a part with text")
}

/// Returns the current minute in the form used in mails.
fn minute() -> String {
    format!("{} UTC", &Clock::System.now().to_rfc3339()[11..16])
}

/// Checks what all automatic mail to an outside sender has in common.
#[track_caller]
fn check_report(mail: &Taken, to: &str, about: Reference) {
    let whole = String::from_utf8_lossy(&mail.message);
    // RFC 3834 §3.3, RFC 8098 §3: nothing may answer it, not even a report.
    assert!(mail.from.starts_with("<>"), "{mail:?}");
    assert!(mail.to.len() == 1 && mail.to[0].starts_with(&format!("<{to}>")), "{mail:?}");
    assert_eq!(field(&mail.message, "To").unwrap().trim_matches(['<', '>']), to);
    assert_eq!(field(&mail.message, "Auto-Submitted").as_deref(), Some("auto-replied"));
    assert!(field(&mail.message, "Date").is_some(), "{whole}");
    assert!(text(mail).contains(&about.to_string()), "{whole}");
    for word in ["Secret", "contract"] {
        assert!(!whole.contains(word), "{whole}");
    }
}

/// P-44, P-46: the sender gets one mail, with the number from the `250`, the time, and a warning
/// that depends on whether the last hop used TLS.
#[test]
fn the_sender_of_an_accepted_message_gets_one_mail_that_says_so() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, ""));
    let before = minute();
    let clear = arrive(&site, RACHEL);
    let mut session = Smtp::connect_tls(site.smtp, &site.ca());
    let message = message("peter@outside.example", "");
    let over_tls = Delivery {
        from: "peter@outside.example",
        to: &[DANA],
        message: message.as_bytes(),
        parameters: "",
    };
    let sealed = accepted(session.deliver(&over_tls));
    let after = minute();
    site.drain();
    let taken = sink.taken();
    assert_eq!(taken.len(), 2, "{taken:?}");
    for (sender, reference, says, does_not) in [
        (RACHEL, clear, "without encryption", "an encrypted connection"),
        ("peter@outside.example", sealed, "an encrypted connection", "without encryption"),
    ] {
        let mail = taken.iter().find(|one| one.to[0].contains(sender)).expect("a mail for each");
        check_report(mail, sender, reference);
        let text = text(mail);
        assert!(text.contains(&format!("Your message to {DANA} was accepted")), "{text}");
        assert!(text.contains(&before) || text.contains(&after), "{before} {after}: {text}");
        assert!(text.contains(says) && !text.contains(does_not), "{text}");
        assert_eq!(field(&mail.message, "In-Reply-To").as_deref(), Some("<first@outside.example>"));
    }
    site.stop();
}

/// P-44, decision D2: one mail a day per sender and recipient, and none to a list, an automatic
/// sender, a null reverse-path or an unauthenticated sender.
#[test]
fn a_sender_who_may_not_be_answered_gets_nothing() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, ""));
    arrive(&site, RACHEL);
    arrive(&site, RACHEL);
    for (from, more) in [
        ("", ""),
        ("peter@outside.example", "List-Id: <news.outside.example>\r\n"),
        ("peter@outside.example", "Precedence: bulk\r\n"),
        ("peter@outside.example", "Auto-Submitted: auto-generated\r\n"),
        ("noreply@outside.example", ""),
    ] {
        let sender = if from.is_empty() { "peter@outside.example" } else { from };
        accepted(deliver(site.smtp, from, DANA, &message(sender, more)));
    }
    site.drain();
    assert_eq!(sink.count(), 1, "{:?}", sink.taken());
    site.stop();
    let strangers = Site::start(&Setup { vouched: false, ..Setup::to(&sink, "") });
    arrive(&strangers, "peter@outside.example");
    strangers.drain();
    assert_eq!(sink.count(), 1, "{:?}", sink.taken());
}

/// Sets one of Dana's preferences.
async fn prefer(client: &mut Client, name: &str, value: &str) -> Result<Value, String> {
    let change = json!({ name: value });
    let changed = client.call(Method::PATCH, "/api/preferences", Some(change)).await;
    changed.map_err(|error| error.to_string())
}

/// Returns the time of Dana's last interaction, as the operator sees it.
fn last_here(site: &Site) -> String {
    let users: Value = serde_json::from_str(&site.command(&["user", "list", "--json"])).unwrap();
    let dana = users.as_array().unwrap().iter().find(|one| one["name"] == "dana").unwrap().clone();
    dana["last_interaction"].as_str().expect("an interaction").to_owned()
}

/// P-45: the notice states the last interaction exactly, by the day, or not at all.
#[tokio::test]
async fn the_notice_says_when_the_recipient_was_last_here_as_she_wishes() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, ""));
    let mut dana = site.client("dana").await;
    for setting in ["exact", "day", "never"] {
        prefer(&mut dana, "lastInteraction", setting).await.unwrap();
        let sender = format!("{setting}@outside.example");
        let before = last_here(&site);
        let reference = arrive(&site, &sender);
        let after = last_here(&site);
        site.drain();
        let mail = sink.taken().pop().unwrap();
        check_report(&mail, &sender, reference);
        let text = text(&mail);
        let says = |what: &dyn Fn(&str) -> String| {
            [&before, &after].iter().any(|last| {
                text.contains(&format!("The recipient was last active on {}.\n", what(last)))
            })
        };
        match setting {
            "exact" => assert!(says(&|last| last.to_owned()), "{before} {after}: {text}"),
            "day" => assert!(says(&|last| last[..10].to_owned()), "{before} {after}: {text}"),
            _ => assert!(!text.contains("last active"), "{text}"),
        }
    }
    site.stop();
}

/// P-45, decision D4: a setting that the operator fixed applies, whatever the user prefers.
#[tokio::test]
async fn what_the_operator_fixed_about_the_last_interaction_holds() {
    let sink = Sink::start();
    let fixed = "[auto_response]\nlast_interaction = \"never\"\nlast_interaction_fixed = true\n";
    let site = Site::start(&Setup::to(&sink, fixed));
    let mut dana = site.client("dana").await;
    let refused = prefer(&mut dana, "lastInteraction", "exact").await.unwrap_err();
    assert!(refused.starts_with("403"), "{refused}");
    let reference = arrive(&site, RACHEL);
    site.drain();
    let mail = sink.taken().pop().unwrap();
    check_report(&mail, RACHEL, reference);
    assert!(!text(&mail).contains("last active"), "{}", text(&mail));
    site.stop();
}

/// Opens or rejects a message as Dana, with her answer to the question about a receipt.
async fn act(dana: &mut Client, reference: Reference, rejects: bool, says: Option<bool>) {
    let (verb, mut body) = match rejects {
        true => ("reject", json!({ "reason": null })),
        false => ("open", json!({})),
    };
    body["confirm"] = says.into();
    let path = format!("/api/messages/{reference}/{verb}");
    // A second rejection fails, because the message is gone.
    let _: Result<Value, _> = dana.call(Method::POST, &path, Some(body)).await;
}

/// P-47, decision D5: a receipt is sent once, if the reader's preference and answer allow it, both
/// for a message that was read and for one that was rejected.
#[tokio::test]
async fn the_sender_gets_a_receipt_where_the_reader_allows_it() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, QUIET));
    let mut dana = site.client("dana").await;
    // The preference, the reader's answer, and how the receipt says it was sent, if there is one.
    for (setting, says, receipt) in [
        ("never", Some(true), None),
        ("ask", None, None),
        ("ask", Some(false), None),
        ("ask", Some(true), Some("manually")),
        ("known", None, None),
        ("known", Some(true), Some("manually")),
        ("always", None, Some("automatically")),
    ] {
        prefer(&mut dana, "confirmOutside", setting).await.unwrap();
        for rejects in [false, true] {
            let before = sink.count();
            let reference = arrive(&site, RACHEL);
            for _ in 0..2 {
                act(&mut dana, reference, rejects, says).await;
            }
            site.drain();
            let taken = sink.taken().split_off(before);
            let case = format!("{setting} {says:?} {rejects}");
            assert_eq!(taken.len(), usize::from(receipt.is_some()), "{case}: {taken:?}");
            if let Some(how) = receipt {
                check_receipt(&taken[0], reference, how, rejects);
            }
        }
    }
    site.stop();
}

/// P-47, decision D5: a sender to whom the reader has written is known, and gets a receipt without
/// a question; a list and an unauthenticated sender get none, whatever the reader allows.
#[tokio::test]
async fn a_known_sender_gets_a_receipt_and_a_list_never_does() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, QUIET));
    let mut dana = site.client("dana").await;
    let to = [RACHEL.to_owned()];
    let first = Outgoing { to: &to, subject: "Hello", text: "Hello Rachel", ..Outgoing::default() };
    dana.submit(&first).await.expect("the submission is accepted");
    let reference = arrive(&site, RACHEL);
    act(&mut dana, reference, false, None).await;
    site.drain();
    crate::support::wait_for("both mails", std::time::Duration::from_secs(60), || {
        (sink.count() >= 2).then_some(())
    });
    let receipt = sink.taken().into_iter().find(|one| one.from.starts_with("<>")).unwrap();
    check_receipt(&receipt, reference, "automatically", false);
    prefer(&mut dana, "confirmOutside", "always").await.unwrap();
    let list = message(RACHEL, "List-Id: <news.outside.example>\r\n");
    let reference = accepted(deliver(site.smtp, RACHEL, DANA, &list));
    act(&mut dana, reference, false, Some(true)).await;
    site.drain();
    assert_eq!(sink.count(), 2, "{:?}", sink.taken());
    site.stop();
    let strangers = Site::start(&Setup { vouched: false, ..Setup::to(&sink, QUIET) });
    let mut dana = strangers.client("dana").await;
    prefer(&mut dana, "confirmOutside", "always").await.unwrap();
    let reference = arrive(&strangers, RACHEL);
    act(&mut dana, reference, false, Some(true)).await;
    strangers.drain();
    assert_eq!(sink.count(), 2, "{:?}", sink.taken());
}

/// Checks that the mail is a report of two parts, the second one machine-readable (RFC 8098 §3).
fn check_receipt(mail: &Taken, about: Reference, how: &str, rejected: bool) {
    check_report(mail, RACHEL, about);
    let parsed = MessageParser::default().parse(&mail.message).expect("a message");
    let top = parsed.content_type().unwrap();
    assert_eq!((top.ctype(), top.subtype()), ("multipart", Some("report")));
    assert_eq!(top.attribute("report-type"), Some("disposition-notification"));
    let kinds: Vec<String> = parsed
        .parts
        .iter()
        .skip(1)
        .filter_map(|part| part.content_type())
        .map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
        .collect();
    assert_eq!(kinds, ["text/plain", "message/disposition-notification"]);
    let whole = String::from_utf8_lossy(&mail.message);
    let word = if rejected { "deleted" } else { "displayed" };
    for line in [
        format!("Final-Recipient: rfc822;{DANA}\r\n"),
        "Original-Message-ID: <first@outside.example>\r\n".to_owned(),
        format!("Disposition: manual-action/MDN-sent-{how}; {word}\r\n"),
    ] {
        assert!(whole.contains(&line), "{line}{whole}");
    }
    assert!(whole.contains("Reporting-UA: "), "{whole}");
}
