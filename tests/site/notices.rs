//! Notices that leave: the code for another address, and the notice of a chat, by SMTP and by the command line.

use std::time::Duration;

use hyper::Method;
use postern::mail::message;
use serde_json::{Value, json};

use crate::field;
use crate::support::sink::{Sink, Taken};
use crate::support::site::{PASSWORD, Setup, Site};
use crate::support::wait_for;

const OTHER: &str = "omar@elsewhere.example";
const SECRET: &str = "the-secret-of-the-room";
const LIMIT: Duration = Duration::from_secs(120);
const SOON: &str = "[outgoing]\nundo_secs = 0\n[chat]\nnotice_secs = 10\n";

fn text(mail: &Taken) -> String {
    message::view(&mail.message).text.expect("a part with text")
}

/// What all mail to another address has in common.
#[track_caller]
fn check(mail: &Taken) {
    let whole = String::from_utf8_lossy(&mail.message);
    // RFC 5321 §4.5.5: nothing answers it, not even a report.
    assert!(mail.from.starts_with("<>"), "{mail:?}");
    assert!(mail.to.len() == 1 && mail.to[0].starts_with(&format!("<{OTHER}>")), "{mail:?}");
    assert_eq!(field(&mail.message, "Auto-Submitted").as_deref(), Some("auto-generated"));
    assert!(text(mail).matches("://").count() == 1, "one link: {whole}");
    for hidden in [SECRET, "Plans", "dana", "omar@example.org", "<img", "Content-Type: text/html"] {
        assert!(!whole.contains(hidden), "{hidden}: {whole}");
    }
}

/// P-66: somebody away, who has confirmed another address, gets there a mail that says only that something
/// waits, with the reference number and where to read.
#[tokio::test]
async fn a_notice_of_a_chat_leaves_to_the_address_that_was_confirmed() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, SOON));
    let (mut dana, mut omar) = (site.client("dana").await, site.client("omar").await);
    let asked = json!({"address": OTHER, "password": PASSWORD});
    let path = "/api/notices/address";
    let _: Value = omar.call(Method::POST, path, Some(asked)).await.expect("a code is sent");
    let mail = wait_for("the code", LIMIT, || sink.taken().pop());
    check(&mail);
    let words = text(&mail);
    let is_code = |word: &&str| word.len() == 8 && word.bytes().all(|one| one.is_ascii_digit());
    let code = words.split_whitespace().find(is_code).expect("a code");
    let path = "/api/notices/address/code";
    let state: Value = omar.call(Method::POST, path, Some(json!({"code": code}))).await.unwrap();
    assert_eq!(state["address"]["state"], "confirmed");

    let with = json!({"address": "omar@example.org"});
    let room: Value = dana.call(Method::POST, "/api/rooms/with", Some(with)).await.unwrap();
    let path = format!("/api/rooms/{}/lines", room["id"].as_str().unwrap());
    let line = json!({"clientId": "00112233445566778899aabbccddeeff", "text": SECRET});
    let _: Value = dana.call(Method::POST, &path, Some(line)).await.expect("a line is said");
    let page: Value = dana.call(Method::GET, &format!("{path}?after=0"), None).await.unwrap();
    let lines = page["items"].as_array().unwrap();
    let said = lines.iter().find(|line| line["text"] == SECRET).expect("the line");
    let reference = said["reference"].as_str().unwrap();
    let mail = wait_for("the notice", LIMIT, || {
        sink.taken().into_iter().find(|mail| text(mail).contains(reference))
    });
    check(&mail);
    assert_eq!(sink.count(), 2, "the code and one notice");
    let log = site.log();
    for hidden in [code, OTHER, SECRET] {
        assert!(!log.contains(hidden), "in the log: {hidden}");
    }
    site.stop();
}
