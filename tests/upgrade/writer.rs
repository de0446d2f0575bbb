//! Writes a fixture with a real daemon: people write, read, file, search and send, and the daemon is
//! stopped while something waits.

use std::fs;
use std::time::Duration;

use hyper::Method;
use postern::client::sending::Outgoing;
use postern::client::{Client, Error};
use postern::clock::Clock;
use postern::mail::message;
use postern::mail::reference::Reference;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::facts::{
    Answer, Attachment, Facts, Message, NORA, OTTO, OWN, PIA, SETTINGS, WAITS, WORD, copy, folder,
    inside,
};
use crate::support::sink::Sink;
use crate::support::site::{PASSWORD, Setup, Site};
use crate::support::smtp::{Delivery, Smtp};
use crate::support::wait_for;

const LIMIT: Duration = Duration::from_secs(120);
const ATTACHED: &str = "Seen: 3 herons, 1 bittern.\r\n";

/// Writes the data folder, its key and its facts. What they lack is added by
/// `src/gateway/records/upgrade_tests.rs`.
pub async fn write(version: &str) {
    let into = folder(version);
    assert!(!into.exists(), "{} is never written again", into.display());
    let sink = Sink::start();
    let people = &["dana", "omar", "ruth", "tova", "uri"];
    let mut site = Site::start(&Setup { people, ..Setup::to(&sink, SETTINGS) });
    set_site(&site).await;
    let (totp_secret, app_password) = protect(&site).await;
    let recovery_key = recoverable(&site).await;
    let sent = send(&site, &sink).await;
    let inside = read_inside(&site).await;
    let received = receive(&site).await;
    let mut answers = answers(&site, &received).await;
    let mut messages = received.messages;
    messages.push(inside);
    site.drain();
    answers.extend(submissions(&site, &sent).await);
    let waiting = wait_outside(&mut site).await;
    let undoable = undoable(&site).await;
    let data = site.data();
    fs::create_dir_all(&into).unwrap();
    let key = site.home().join("daemon.key");
    fs::copy(key, into.join("daemon.key")).unwrap();
    site.end();
    copy(&data.join("store/journal"), &into.join("data/store/journal"));
    let facts = Facts {
        messages,
        answers,
        attachment: received.attachment,
        found: received.found,
        totp_secret,
        app_password,
        recovery_key,
        one_time_password: sent.one_time_password,
        sealed: sent.sealed,
        waiting: waiting.0,
        on_hold: waiting.1,
        undoable,
    };
    facts.write(version);
}

/// Calls a route; one that answers without a body gives null.
async fn ask(client: &mut Client, method: Method, path: &str, body: Value) -> Value {
    let body = (!body.is_null()).then_some(body);
    match client.call::<Value>(method, path, body).await {
        Ok(answer) => answer,
        Err(Error::Answer(_)) => Value::Null,
        Err(error) => panic!("{path}: {error}"),
    }
}

async fn get(client: &mut Client, path: &str) -> Value {
    ask(client, Method::GET, path, Value::Null).await
}

/// Makes Dana a manager, who sets the site's policy, a user's quota, and disables Uri.
async fn set_site(site: &Site) {
    site.command(&["user", "manager", "dana"]);
    let mut dana = site.client("dana").await;
    let policy = json!({
        "intranet": false, "choice": "temporary-account", "mode": "free",
        "verifiedElse": "plain",
        "rules": [
            { "user": "omar", "domain": "plain.example", "choice": "plain", "mode": "default" },
            { "recipient": "never@outside.example", "choice": "refuse", "mode": "fixed" },
        ],
    });
    let set = json!({
        "policy": policy, "organisation": "The heronry", "phone": "+1 555 0100",
        "notificationText": "We never ask for your password.", "accent": "#1c6b4f",
        "lastInteraction": { "value": "exact", "fixed": false },
        "confirmOutside": { "value": "always", "fixed": true },
    });
    ask(&mut dana, Method::PUT, "/api/manage/site", set).await;
    let quota = json!({ "quota": { "octetsMax": 5_000_000, "messagesMax": 500 } });
    ask(&mut dana, Method::PATCH, "/api/manage/users/ruth", quota).await;
    let disabled = json!({ "disabled": true });
    ask(&mut dana, Method::PATCH, "/api/manage/users/uri", disabled).await;
}

/// Turns on Tova's TOTP codes, and gives her an app password and a message.
async fn protect(site: &Site) -> (String, String) {
    let mut tova = site.client("tova").await;
    let confirm = json!({ "password": PASSWORD });
    let started = ask(&mut tova, Method::POST, "/api/account/totp", confirm).await;
    let secret = started["secret"].as_str().unwrap().to_owned();
    let code = json!({ "code": totp_code(&secret) });
    ask(&mut tova, Method::PUT, "/api/account/totp", code).await;
    let app = json!({ "password": PASSWORD, "label": "a program" });
    let app = ask(&mut tova, Method::POST, "/api/account/app-passwords", app).await;
    (secret, app["appPassword"].as_str().unwrap().to_owned())
}

/// The code that an authenticator shows now.
pub fn totp_code(secret: &str) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build();
    let now = Clock::System.now().unix_secs();
    totp.unwrap().generate(now.try_into().unwrap()).to_string()
}

/// Gives Ruth a recovery key, and time to undo what she sends.
async fn recoverable(site: &Site) -> String {
    let mut ruth = site.client("ruth").await;
    let undo = json!({ "undoSecs": 120, "acceptFrom": "both", "lastInteraction": "day" });
    ask(&mut ruth, Method::PATCH, "/api/preferences", undo).await;
    let confirm = json!({ "password": PASSWORD });
    let made = ask(&mut ruth, Method::POST, "/api/account/recovery-key", confirm).await;
    made["recoveryKey"].as_str().unwrap().to_owned()
}

struct Sent {
    one_time_password: String,
    sealed: Reference,
    /// By every route.
    all: Vec<Reference>,
}

/// Sends by each route as Omar. Nora claims her account, Otto has his password, and Pia's account is
/// revoked, after which she asks for the message.
async fn send(site: &Site, sink: &Sink) -> Sent {
    let mut omar = site.client("omar").await;
    let file = site.home().join("herons.txt");
    fs::write(&file, ATTACHED).unwrap();
    let (dana, text) = ([inside("dana")], "Three herons and a bittern.");
    let message = Outgoing {
        to: &dana,
        subject: "Sealed inside",
        text,
        files: std::slice::from_ref(&file),
        ..Outgoing::default()
    };
    let mut all = vec![omar.submit(&message).await.unwrap().reference];
    for (to, choice) in [
        (NORA, Some("temporary-account")),
        ("eve@plain.example", None),
        ("asked@outside.example", Some("ask")),
        ("never@outside.example", None),
        (PIA, Some("temporary-account")),
    ] {
        all.push(submit(&mut omar, to, choice).await);
    }
    let sealed = all[1];
    submit(&mut omar, OTTO, Some("temporary-account")).await;
    site.drain();

    let password = one_time_password(sink, NORA);
    let nora = Client::sign_in_with(&site.url, &site.ca(), NORA, &password, Some(OWN)).await;
    nora.unwrap().open(sealed).await.unwrap();
    let list = get(&mut omar, "/api/temporary").await;
    let pia = list["items"].as_array().unwrap().iter().find(|one| one["address"] == PIA);
    let id = pia.unwrap()["id"].as_str().unwrap();
    ask(&mut omar, Method::POST, &format!("/api/temporary/{id}/revoke"), Value::Null).await;
    let mut nobody = Client::connect(&site.url, &site.ca()).await.unwrap();
    let path = format!("/api/pickup/{}/ask", link(sink, PIA));
    ask(&mut nobody, Method::POST, &path, json!({})).await;
    Sent { one_time_password: one_time_password(sink, OTTO), sealed, all }
}

async fn submit(client: &mut Client, to: &str, choice: Option<&str>) -> Reference {
    let (to, subject) = ([to.to_owned()], format!("For {to}"));
    let text = "It nests at noon.";
    let message =
        Outgoing { to: &to, subject: &subject, text, choice, consent: true, ..Outgoing::default() };
    client.submit(&message).await.unwrap_or_else(|error| panic!("{subject}: {error}")).reference
}

/// Returns the words of the notification that went to this address.
fn notification(sink: &Sink, to: &str) -> Vec<String> {
    wait_for("the notification", LIMIT, || {
        let mut taken = sink.taken().into_iter();
        let mail = taken.find(|one| one.to.iter().any(|path| path.contains(to)))?;
        let text = message::view(&mail.message).text?;
        Some(text.split_whitespace().map(str::to_owned).collect())
    })
}

fn one_time_password(sink: &Sink, to: &str) -> String {
    let is_password = |word: &String| word.len() == 31 && word.matches('-').count() == 5;
    notification(sink, to).into_iter().find(is_password).expect("a password")
}

/// Returns the token in the notification's link.
fn link(sink: &Sink, to: &str) -> String {
    let words = notification(sink, to);
    let token = words.iter().find_map(|word| word.split_once("/pickup/"));
    token.expect("a link").1.to_owned()
}

struct Received {
    messages: Vec<Message>,
    attachment: Attachment,
    found: Vec<Reference>,
}

fn mail(id: &str, more: &str, subject: &str, text: &str) -> String {
    format!(
        "From: Ada <ada@peer.example>\r\nTo: dana@example.org, tova@example.org\r\n\
         Subject: {subject}\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <{id}@peer.example>\r\n{more}\r\n{text}"
    )
}

fn with_attachment() -> String {
    let part = "--b\r\nContent-Type: text/plain; charset=utf-8\r\n";
    let body = format!(
        "{part}\r\nThe list is attached.\r\n{part}Content-Disposition: attachment; \
         filename=\"list.txt\"\r\n\r\n{ATTACHED}\r\n--b--\r\n"
    );
    let more = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    mail("fourth", more, "A list", &body)
}

/// What arrives by SMTP, in this order: who gets it, and the message.
fn arriving() -> Vec<(Vec<String>, String)> {
    let dana = || vec![inside("dana")];
    let reply = "In-Reply-To: <first@peer.example>\r\n";
    let text = "Two bitterns.\r\n.\r\nAnd a line that begins with a dot.\r\n";
    vec![
        (
            vec![inside("dana"), inside("tova"), inside("ruth")],
            mail("first", "", "Herons", "A bittern.\r\n"),
        ),
        (dana(), mail("second", reply, "Re: Herons", text)),
        (dana(), mail("second", "", "Another of that identifier", "Once more.\r\n")),
        (dana(), with_attachment()),
        (dana(), mail("list", "", "[herons] Weekly", "The list's bittern.\r\n")),
        (dana(), mail("rejected", "", "To be rejected", "No.\r\n")),
        (dana(), mail("deleted", "", "To be deleted", "A bittern that is deleted.\r\n")),
        (dana(), mail("junk", "", "To be moved", "Moved.\r\n")),
        (dana(), mail("unopened", "", "Unopened", "Nobody has read this.\r\n")),
        (dana(), mail("unindexed", "", "Opened last", "Not yet in the index.\r\n")),
    ]
}

fn deliver_all(site: &Site) -> Vec<Reference> {
    let mut clear = Smtp::connect(site.smtp);
    clear.line("EHLO client.example").expect_code("250");
    let mut sealed = Smtp::connect_tls(site.smtp, &site.ca());
    let mut references = Vec::new();
    for (n, (to, message)) in arriving().iter().enumerate() {
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let (from, message) = ("ada@peer.example", message.as_bytes());
        let session = if n % 2 == 0 { &mut clear } else { &mut sealed };
        let reply = session.deliver(&Delivery { from, to: &to, message, parameters: "" });
        let reply = reply.expect_code("250 2.0.0 Accepted, reference ");
        references.push(reply.lines[0].rsplit(' ').next().unwrap().parse().unwrap());
    }
    clear.quit();
    sealed.quit();
    references
}

/// Dana sets up her mailbox, gets mail, and reads, rejects, files, searches and deletes it. Nobody
/// opens one message, and one is opened after the others were indexed.
async fn receive(site: &Site) -> Received {
    let mut dana = site.client("dana").await;
    set_mailbox(&mut dana).await;
    let all = deliver_all(site);
    // The filters run when new messages are indexed.
    assert_eq!(dana.search("weekly").await.unwrap()[0].reference, all[4]);
    let opened = [0, 1, 2, 3, 4, 6, 7];
    for n in opened {
        dana.open(all[n]).await.unwrap();
    }
    let found = dana.search(WORD).await.unwrap();
    let found = found.iter().map(|item| item.reference).filter(|one| *one != all[6]).collect();
    dana.reject(all[5]).await.unwrap();
    ask(&mut dana, Method::DELETE, &format!("/api/messages/{}", all[6]), Value::Null).await;
    let flags = json!({ "starred": true, "label": 1, "unread": true });
    ask(&mut dana, Method::PATCH, &format!("/api/messages/{}", all[0]), flags).await;
    assert!(dana.move_to(&[all[3]], "archive").await.unwrap().is_empty());
    assert!(dana.move_to(&[all[7]], "junk").await.unwrap().is_empty());
    dana.open(all[9]).await.unwrap();
    let mut messages = Vec::new();
    for n in [0, 1, 2, 3, 4, 7, 8, 9] {
        let opened = n != 8;
        let octets = match opened {
            true => utf8(&dana.get(all[n]).await.unwrap()),
            false => arriving()[n].1.clone(),
        };
        assert!(octets.ends_with(&arriving()[n].1));
        let account = "dana".to_owned();
        messages.push(Message { account, reference: all[n], octets, opened });
    }
    let attachment = attachment(&mut dana, all[3]).await;
    Received { messages, attachment, found }
}

fn utf8(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// Labels, a folder, filters, the pages' appearance, and a draft with a file.
async fn set_mailbox(dana: &mut Client) {
    let labels = json!({ "items": [{ "name": "Birds", "colour": 3 }, { "name": "Later" }] });
    ask(dana, Method::PUT, "/api/labels", labels).await;
    let name = json!({ "name": "Reeds \u{1f99c}" });
    ask(dana, Method::POST, "/api/mailboxes", name).await;
    let all = get(dana, "/api/mailboxes").await;
    let reeds = all["items"].as_array().unwrap().iter().find(|one| one["role"].is_null());
    let mailbox = reeds.unwrap()["id"].clone();
    let filter = json!({ "from": "", "to": "", "subject": "[herons]", "mailbox": mailbox,
                         "star": true, "label": 2, "read": true });
    ask(dana, Method::PUT, "/api/filters", json!({ "items": [filter] })).await;
    let appearance = json!({
        "signature": "Dana, at the heronry", "theme": "dark", "density": "compact",
        "language": "he", "grouped": true, "toured": true,
        "searches": [{ "name": "Birds", "query": "bittern" }],
    });
    ask(dana, Method::PUT, "/api/appearance", appearance).await;
    let choice = json!({ "choice": "ask" });
    ask(dana, Method::PATCH, "/api/preferences", choice).await;
    let file = tempfile::tempdir().unwrap();
    let path = file.path().join("draft.txt");
    fs::write(&path, ATTACHED).unwrap();
    let to = [NORA.to_owned()];
    let draft = Outgoing {
        to: &to,
        subject: "A draft",
        text: "Not yet.",
        files: &[path],
        choice: Some("plain"),
        ..Outgoing::default()
    };
    dana.draft(&draft).await.unwrap();
}

async fn attachment(dana: &mut Client, reference: Reference) -> Attachment {
    let detail = get(dana, &format!("/api/messages/{reference}")).await;
    let part = detail["parts"][0]["part"].as_u64().unwrap();
    Attachment { reference, part, text: ATTACHED.to_owned() }
}

/// Reads, as Dana, what Omar sent her.
async fn read_inside(site: &Site) -> Message {
    let mut dana = site.client("dana").await;
    let inbox = dana.list("inbox").await.unwrap();
    let item = inbox.iter().find(|item| item.subject == "Sealed inside").unwrap();
    let octets = utf8(&dana.get(item.reference).await.unwrap());
    let account = "dana".to_owned();
    Message { account, reference: item.reference, octets, opened: true }
}

/// What the routes of an account answer that changes only when its owner acts.
async fn answers(site: &Site, received: &Received) -> Vec<Answer> {
    let mut dana = site.client("dana").await;
    let mut paths: Vec<String> = [
        "/api/mailboxes",
        "/api/labels",
        "/api/filters",
        "/api/appearance",
        "/api/preferences",
        "/api/drafts",
        "/api/correspondents",
        "/api/manage/site",
        "/api/manage/users",
        "/api/account/credentials",
        "/api/messages?mailbox=inbox&limit=200",
        "/api/messages?mailbox=archive&limit=200",
        "/api/messages?mailbox=junk&limit=200",
        // The folder that Dana made.
        "/api/messages?mailbox=7&limit=200",
    ]
    .map(str::to_owned)
    .into();
    let drafts = get(&mut dana, "/api/drafts").await;
    paths.push(format!("/api/drafts/{}", drafts["items"][0]["id"].as_str().unwrap()));
    for message in &received.messages {
        paths.push(format!("/api/messages/{}/item", message.reference));
        paths.push(format!("/api/messages/{}/conversation", message.reference));
    }
    for message in received.messages.iter().filter(|message| message.opened) {
        paths.push(format!("/api/messages/{}", message.reference));
    }
    let mut answers = Vec::new();
    for path in paths {
        let answer = lasting(get(&mut dana, &path).await);
        answers.push(Answer { account: "dana".to_owned(), path, answer });
    }
    answers
}

/// The status of what Omar sent.
async fn submissions(site: &Site, sent: &Sent) -> Vec<Answer> {
    let mut omar = site.client("omar").await;
    let mut answers = Vec::new();
    for reference in &sent.all {
        let path = format!("/api/submissions/{reference}");
        let mut answer = get(&mut omar, &path).await;
        for one in answer["recipients"].as_array_mut().unwrap() {
            // When the temporary account ends.
            one.as_object_mut().unwrap().remove("temporary");
        }
        answers.push(Answer { account: "omar".to_owned(), path, answer });
    }
    answers
}

/// Removes what others change: when users were last active, what they store, and the number of the
/// latest change.
fn lasting(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.remove("quota");
        if members.contains_key("items") {
            members.remove("state");
        }
    }
    if let Some(items) = answer.get_mut("items").and_then(Value::as_array_mut) {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.remove("quota");
            item.remove("lastInteractionAt");
        }
    }
    answer
}

/// Leaves one message in the queue that was tried, and one that is on hold, because the next hop no
/// longer answers.
async fn wait_outside(site: &mut Site) -> (Reference, Reference) {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let setup = Setup { people: &[], next_hop: closed, vouched: true, more: SETTINGS };
    site.restart_with(&setup);
    let mut omar = site.client("omar").await;
    let waits = submit(&mut omar, WAITS, Some("plain")).await;
    let held = submit(&mut omar, "vera@verified.example", Some("verified-tls")).await;
    let row = |site: &Site, reference: Reference| {
        let rows = site.queue();
        rows.into_iter().find(|row| row["reference"] == reference.to_string())
    };
    for reference in [waits, held] {
        wait_for("an attempt", LIMIT, || {
            let row = row(site, reference)?;
            (row["attempts"].as_u64()? > 0 && row["state"] == "waiting").then_some(())
        });
    }
    let id = row(site, held).unwrap()["id"].as_str().unwrap().to_owned();
    site.command(&["queue", "hold", &id]);
    (waits, held)
}

/// Ruth sends something that she can still undo when the daemon stops.
async fn undoable(site: &Site) -> Reference {
    let mut ruth = site.client("ruth").await;
    submit(&mut ruth, &inside("tova"), None).await
}
