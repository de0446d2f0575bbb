//! The three ways in which an outside recipient gets a first password (decision D1). Each time the
//! notification travels through a real Postfix, and the recipient follows its instructions.

use hyper::Method;
use postern::client::Client;
use postern::client::sending::Outgoing;
use postern::clock::Clock;
use postern::mail::message;
use postern::mail::reference::Reference;
use serde_json::Value;

use crate::support::postfix::Postfix;
use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};
use crate::support::wait_for;

const NOA: &str = "noa@outside.example";
const OWN: &str = "my very own words";
const LIMIT: std::time::Duration = std::time::Duration::from_secs(120);

/// A message that was sent to an outside recipient, and the notification that arrived there.
struct Sent {
    site: Site,
    dana: Client,
    reference: Reference,
    /// The text of the notification.
    text: String,
    _postfix: Postfix,
}

/// Sends a message to an outside recipient in this mode, and waits for the notification.
async fn send(mode: &str) -> Sent {
    let sink = Sink::start();
    let postfix = Postfix::start(sink.at, &sink.ca);
    let more = format!("[outgoing]\nundo_secs = 0\n[temporary]\nhand_off = \"{mode}\"\n");
    let site = Site::start(&Setup { next_hop: postfix.smtp, ..Setup::to(&sink, &more) });
    let mut dana = site.client("dana").await;
    let to = [NOA.to_owned()];
    let message = Outgoing {
        to: &to,
        subject: "The heron",
        text: "It nests at noon.",
        ..Outgoing::default()
    };
    let before = minute();
    let reference = dana.submit(&message).await.expect("the submission is accepted").reference;
    let mail = wait_for("the notification", LIMIT, || sink.messages().pop());
    let after = minute();
    let whole = String::from_utf8_lossy(&mail).into_owned();
    assert!(!whole.contains("heron") && !whole.contains("nests"), "{whole}");
    let text = message::view(&mail).text.expect("a part with text");
    assert!(text.contains(&reference.to_string()) && text.contains(NOA), "{text}");
    assert!(text.contains(&before) || text.contains(&after), "{before} {after}: {text}");
    assert_eq!(text.matches("https://").count(), 1, "{text}");
    assert_eq!(sink.count(), 1);
    Sent { site, dana, reference, text, _postfix: postfix }
}

fn minute() -> String {
    format!("{} UTC", &Clock::System.now().to_rfc3339()[11..16])
}

/// Returns the password in a mail, if there is one.
fn password(text: &str) -> Option<&str> {
    let is_password = |word: &&str| word.len() == 31 && word.matches('-').count() == 5;
    text.split_whitespace().find(is_password)
}

impl Sent {
    /// Returns what Dana can see of Noa's temporary account.
    async fn temporary(&mut self) -> Value {
        let path = format!("/api/submissions/{}", self.reference);
        let sent: Value =
            self.dana.call(Method::GET, &path, None).await.expect("the status of her message");
        sent["recipients"][0]["temporary"].clone()
    }

    /// Reads, as the signed-in recipient, the one message in the account, and checks that its
    /// sender sees it as read.
    async fn read(&mut self, noa: &mut Client) {
        let items = noa.list("inbox").await.expect("the list is returned");
        assert_eq!(items.iter().map(|one| one.reference).collect::<Vec<_>>(), [self.reference]);
        let octets = noa.get(self.reference).await.expect("the message");
        assert!(String::from_utf8_lossy(&octets).contains("It nests at noon."));
        let sent = self.dana.status(self.reference).await.expect("the status of her message");
        assert_eq!(sent.recipients[0].state, "read");
    }

    /// Signs in with a one-time password, and chooses a passphrase once the message was read.
    async fn claim(&mut self, password: &str) -> Client {
        let mut noa =
            self.site.sign_in(NOA, password).await.expect("a sign-in with the one-time password");
        assert_eq!(self.refused(password).await, 401, "the one-time password worked twice");
        self.read(&mut noa).await;
        let body = serde_json::json!({ "passphrase": OWN });
        let path = "/api/account/passphrase";
        noa.done(Method::POST, path, Some(body)).await.expect("a passphrase");
        noa
    }

    async fn refused(&self, password: &str) -> u16 {
        match self.site.sign_in(NOA, password).await {
            Err(postern::client::Error::Refused { status, .. }) => status,
            other => panic!("{:?}", other.map(|_| "signed in")),
        }
    }
}

/// P-34: the mail contains the password, which stays valid.
#[tokio::test]
async fn in_the_mode_in_mail_the_password_in_the_mail_opens_the_account_and_stays_valid() {
    let mut sent = send("in-mail").await;
    let password = password(&sent.text).expect("a password in the mail").to_owned();
    assert_eq!(sent.refused("abcde-fghjk-mnpqr-stvwx-yz012-3").await, 401);
    let mut noa =
        sent.site.sign_in(NOA, &password).await.expect("a sign-in with the password in the mail");
    sent.read(&mut noa).await;
    noa.sign_out().await.unwrap();
    let mut noa =
        sent.site.sign_in(NOA, &password).await.expect("another sign-in with the same password");
    assert_eq!(noa.list("inbox").await.unwrap().len(), 1);
    assert_eq!(sent.temporary().await["password"], Value::Null, "the sender is shown a password");
    sent.site.stop();
}

/// P-34: the mail contains no password; the sender alone is shown one, until the recipient has
/// chosen a passphrase.
#[tokio::test]
async fn in_the_mode_by_sender_the_sender_alone_knows_the_password() {
    let mut sent = send("by-sender").await;
    assert_eq!(password(&sent.text), None, "{}", sent.text);
    let password =
        sent.temporary().await["password"].as_str().expect("a password for the sender").to_owned();
    assert!(!sent.text.contains(&password));
    assert_eq!(sent.refused("abcde-fghjk-mnpqr-stvwx-yz012-3").await, 401);
    let mut omar = sent.site.client("omar").await;
    let path = format!("/api/submissions/{}", sent.reference);
    assert!(omar.call::<Value>(Method::GET, &path, None).await.is_err());
    sent.claim(&password).await;
    assert_eq!(
        sent.temporary().await["password"],
        Value::Null,
        "the sender is still shown the password"
    );
    assert_eq!(sent.refused(&password).await, 401, "the sender's password still works");
    sent.site.stop();
}

/// P-34: the mail contains a one-time password, which opens one session; after that it is refused.
#[tokio::test]
async fn in_the_mode_claim_the_password_in_the_mail_is_good_once() {
    let mut sent = send("claim").await;
    let password = password(&sent.text).expect("a password in the mail").to_owned();
    assert_eq!(sent.temporary().await["password"], Value::Null, "the sender is shown a password");
    let noa = sent.claim(&password).await;
    noa.sign_out().await.unwrap();
    assert_eq!(sent.refused(&password).await, 401);
    let mut noa = sent.site.sign_in(NOA, OWN).await.expect("a sign-in with the chosen password");
    assert_eq!(noa.list("inbox").await.unwrap().len(), 1);
    sent.site.stop();
}
