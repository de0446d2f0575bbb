//! Intranet mode, which keeps all mail inside.

use hyper::Method;
use postern::client::sending::Outgoing;
use serde_json::Value;

use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};
use crate::support::smtp::Smtp;
use crate::{deliver, in_clear, settled};

const OUTSIDE: [&str; 3] =
    ["noa@outside.example", "eve@elsewhere.example", "carol@sub.outside.example"];

/// P-30: whatever the sender chooses, a message for an outside recipient is refused with a notice
/// that names the recipient and the rule; no connection is opened to the outside.
#[tokio::test]
async fn in_intranet_mode_every_message_to_outside_is_refused_with_a_notice() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, "[outgoing]\nintranet = true\nundo_secs = 0\n"));
    let mut dana = site.client("dana").await;
    for choice in
        [None, Some("plain"), Some("temporary-account"), Some("verified-tls"), Some("ask")]
    {
        let to: Vec<String> =
            ["omar@example.org"].iter().chain(&OUTSIDE).map(|one| (*one).to_owned()).collect();
        let message = Outgoing {
            to: &to,
            subject: "The plan",
            text: "The plan of the house.",
            choice,
            consent: true,
            ..Outgoing::default()
        };
        let sent = dana.submit(&message).await.expect("the submission is accepted");
        let sent = settled(&mut dana, sent.reference).await;
        let states: Vec<(&str, &str, &str)> = sent
            .recipients
            .iter()
            .map(|one| (one.address.as_str(), one.route.as_str(), one.state.as_str()))
            .collect();
        let refused: Vec<&str> =
            states.iter().filter(|one| one.2 == "refused").map(|one| one.0).collect();
        assert_eq!(refused, OUTSIDE, "{choice:?}: {states:?}");
        let notices = notices_about(&mut dana, &sent.reference.to_string()).await;
        // One notice names all of them.
        let [notice] = &notices[..] else { panic!("{choice:?}: {notices:?}") };
        assert_eq!(notice["notice"]["others"], OUTSIDE.len() - 1, "{choice:?}");
        let text = text_of(&mut dana, notice).await;
        assert!(OUTSIDE.iter().all(|one| text.contains(one)), "{text}");
        assert!(text.contains("outside"), "{text}");
    }
    let mut omar = site.client("omar").await;
    assert_eq!(omar.list("inbox").await.unwrap().len(), 5, "the copies for the inside recipient");
    assert!(site.queue().is_empty(), "{:?}", site.queue());
    assert_eq!(sink.connections(), 0, "an outgoing connection was opened");
    site.stop();
}

/// P-30: mail from outside is refused at RCPT, in clear and over TLS; without intranet mode the
/// same mail is accepted.
#[test]
fn in_intranet_mode_mail_from_outside_is_refused_at_rcpt() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, "[outgoing]\nintranet = true\n"));
    for mut session in [in_clear(site.smtp), Smtp::connect_tls(site.smtp, &site.ca())] {
        for from in ["rachel@outside.example", ""] {
            session.line(&format!("MAIL FROM:<{from}>")).expect_code("250");
            for to in ["dana", "omar"] {
                session.line(&format!("RCPT TO:<{to}@example.org>")).expect_code("550 5.7.1");
            }
            session.line("DATA").expect_code("554");
            session.line("RSET").expect_code("250");
        }
    }
    site.stop();
    let open = Site::start(&Setup::to(&sink, ""));
    let message = "From: rachel@outside.example\r\nSubject: x\r\n\r\nText.\r\n";
    deliver(open.smtp, "rachel@outside.example", "dana@example.org", message).expect_code("250");
}

/// Returns the notices of refusal about one message, as the list shows them.
async fn notices_about(client: &mut postern::client::Client, reference: &str) -> Vec<Value> {
    let page: Value = client
        .call(Method::GET, "/api/messages?mailbox=inbox", None)
        .await
        .expect("the list is returned");
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .filter(|one| one["notice"]["about"] == reference && one["notice"]["kind"] == "refused")
        .cloned()
        .collect()
}

async fn text_of(client: &mut postern::client::Client, item: &Value) -> String {
    let reference = item["reference"].as_str().unwrap().parse().unwrap();
    client.open(reference).await.expect("the notice is opened")["text"].as_str().unwrap().to_owned()
}
