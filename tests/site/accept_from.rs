//! Whose mail a user accepts.

use hyper::Method;
use postern::client::sending::Outgoing;
use serde_json::{Value, json};

use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};
use crate::{deliver, in_clear, settled};

/// P-57: for a user who accepts mail from inside only, mail from outside is refused at RCPT; a
/// message from inside to a user who accepts mail from outside only is not delivered, and its
/// status says so.
#[tokio::test]
async fn mail_comes_only_from_where_its_recipient_accepts_it() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, "[outgoing]\nundo_secs = 0\n"));
    let mut dana = site.client("dana").await;
    let inside = Some(json!({ "acceptFrom": "inside" }));
    let _: Value = dana
        .call(Method::PATCH, "/api/preferences", inside)
        .await
        .expect("the preference is changed");
    site.command(&["user", "accept-from", "omar", "outside"]);
    let mut session = in_clear(site.smtp);
    session.line("MAIL FROM:<rachel@outside.example>").expect_code("250");
    session.line("RCPT TO:<dana@example.org>").expect_code("550 5.7.1");
    let message = "From: rachel@outside.example\r\nSubject: x\r\n\r\nText.\r\n";
    deliver(site.smtp, "rachel@outside.example", "omar@example.org", message).expect_code("250");
    let mut omar = site.client("omar").await;
    let send = |to: &str| [to.to_owned()];
    let (to_omar, to_dana) = (send("omar@example.org"), send("dana@example.org"));
    let message = Outgoing { to: &to_omar, subject: "x", text: "Text.", ..Outgoing::default() };
    let sent = dana.submit(&message).await.expect("the submission is accepted");
    let sent = settled(&mut dana, sent.reference).await;
    assert_eq!(sent.recipients[0].state, "failed", "{sent:?}");
    assert_eq!(omar.list("inbox").await.unwrap().len(), 1, "only the message from outside arrived");
    let message = Outgoing { to: &to_dana, ..message };
    let sent = omar.submit(&message).await.expect("the submission is accepted");
    let sent = settled(&mut omar, sent.reference).await;
    assert_eq!(sent.recipients[0].state, "delivered", "{sent:?}");
    site.stop();
}
