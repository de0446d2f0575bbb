//! Starts the daemon on a copy of a fixture, and checks that everything is there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use hyper::Method;
use postern::client::sending::InClear;
use postern::client::{Client, Error};
use postern::mail::reference::Reference;
use serde_json::{Value, json};

use crate::facts::{Answer, Facts, NORA, OTTO, OWN, SETTINGS, WAITS, WORD, copy, folder, inside};
use crate::support::https::follow;
use crate::support::sink::Sink;
use crate::support::site::{PASSWORD, Setup, Site};
use crate::support::smtp::{Delivery, Smtp};
use crate::support::wait_for;
use crate::writer::totp_code;

const LIMIT: Duration = Duration::from_secs(120);
const NEW: &str = "another horse battery staple 8";

/// Whether the daemon finds the index that was written with the fixture, or has to build it.
#[derive(Clone, Copy, PartialEq)]
pub enum Index {
    Kept,
    Removed,
}

/// Opens, reads, writes, compacts and opens again.
pub async fn everything(version: &str, index: Index) {
    let facts = Facts::read(version);
    let sink = Sink::start();
    let setup = Setup { people: &[], ..Setup::to(&sink, SETTINGS) };
    let mut site = Site::start_on(copied(version, index), &setup);
    site.command(&["verify"]);
    read(&site, &facts).await;
    same_answers(&site, &facts, |_| true).await;
    sign_in(&site, &facts).await;
    temporary_accounts(&site, &facts).await;
    queue(&site, &sink, &facts).await;
    let new = write(&site, &facts).await;
    site.command(&["compact"]);
    site.command(&["verify"]);
    site.restart_with(&setup);
    read(&site, &facts).await;
    same_answers(&site, &facts, stays).await;
    let mut dana = site.client("dana").await;
    assert!(dana.get(new).await.unwrap().ends_with(b"Written by a later version.\r\n"));
    recover(&site, &facts).await;
    site.stop();
}

/// Returns a folder with a copy of the fixture in which a daemon can be started.
fn copied(version: &str, index: Index) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    copy(&folder(version), home.path());
    let key = home.path().join("daemon.key");
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(home.path().join("data"), fs::Permissions::from_mode(0o700)).unwrap();
    if index == Index::Removed {
        let removed = remove_index(&home.path().join("data/store/journal"));
        assert!(removed > 1, "the fixture has no index");
    }
    home
}

fn remove_index(journal: &Path) -> usize {
    let paths = fs::read_dir(journal).unwrap().map(|entry| entry.unwrap().path());
    let is_index = |path: &std::path::PathBuf| {
        path.ends_with("manifest") || path.extension().is_some_and(|ending| ending == "run")
    };
    paths.filter(is_index).map(|path| fs::remove_file(path).unwrap()).count()
}

/// Every message has its octets, the attachment its text, and the search finds the words.
async fn read(site: &Site, facts: &Facts) {
    let mut dana = site.client("dana").await;
    for message in facts.messages.iter().filter(|message| message.opened) {
        assert_eq!(message.account, "dana");
        let octets = dana.get(message.reference).await;
        let octets = octets.unwrap_or_else(|error| panic!("{}: {error}", message.reference));
        assert_eq!(String::from_utf8_lossy(&octets), message.octets);
    }
    let wanted = &facts.attachment;
    let ticket = json!({ "kind": "attachment", "part": wanted.part });
    let path = format!("/api/messages/{}/ticket", wanted.reference);
    let ticket: Value = dana.call(Method::POST, &path, Some(ticket)).await.unwrap();
    let mut octets = Vec::new();
    let url = ticket["url"].as_str().unwrap();
    follow(site.https, &site.ca(), url, |piece| octets.extend_from_slice(piece)).await;
    assert_eq!(String::from_utf8_lossy(&octets), wanted.text);
    let found = dana.search(WORD).await.unwrap();
    let found: Vec<Reference> = found.iter().map(|item| item.reference).collect();
    assert_eq!(found, facts.found);
}

/// Whether what a route answers is the same after [`write`].
fn stays(path: &str) -> bool {
    let changed = ["/api/mailboxes", "/api/messages", "/api/correspondents"];
    !changed.iter().any(|start| path.starts_with(start))
}

async fn same_answers(site: &Site, facts: &Facts, compared: fn(&str) -> bool) {
    let mut clients = BTreeMap::new();
    let mut wrong = Vec::new();
    for Answer { account, path, answer } in facts.answers.iter().filter(|one| compared(&one.path)) {
        if !clients.contains_key(account) {
            let mut client = site.client(account).await;
            if compared("/api/mailboxes") {
                delete_news(&mut client).await;
            }
            clients.insert(account, client);
        }
        let client = clients.get_mut(account).expect("it has just signed in");
        match client.call(Method::GET, path, None).await {
            Ok(found) => wrong.extend(differs(answer, &found, path)),
            Err(error) => wrong.push(format!("{path}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Deletes what this version tells the owner about the sign-in, which the earlier one did not.
async fn delete_news(client: &mut Client) {
    let path = "/api/messages?mailbox=inbox&limit=200";
    let end = std::time::Instant::now() + LIMIT;
    let reference = loop {
        assert!(std::time::Instant::now() < end, "nothing was told");
        let page: Value = client.call(Method::GET, path, None).await.unwrap();
        let items = page["items"].as_array().unwrap();
        if let Some(told) = items.iter().find(|item| item["notice"]["kind"] == "signed-in") {
            break told["reference"].as_str().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let path = format!("/api/messages/{reference}");
    client.done(Method::DELETE, &path, None).await.expect("the notice is deleted");
}

/// Where an answer is not what it was. A later version may add members.
fn differs(wanted: &Value, found: &Value, at: &str) -> Vec<String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            let member = |(name, value): (&String, &Value)| {
                // What a step of a delivery said in this word is a note now, which pages translate.
                let name = if value == "notified" { "note" } else { name };
                differs(value, found.get(name).unwrap_or(&Value::Null), &format!("{at} {name}"))
            };
            wanted.iter().flat_map(member).collect()
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let both = wanted.iter().zip(found).enumerate();
            both.flat_map(|(n, (wanted, found))| differs(wanted, found, &format!("{at} {n}")))
                .collect()
        }
        _ if wanted == found => Vec::new(),
        _ => vec![format!("{at}: {found} was {wanted}")],
    }
}

fn code<T>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Refused { code, .. }) => code,
        Err(error) => panic!("{error}"),
        Ok(_) => "accepted".to_owned(),
    }
}

/// Tova needs a code with her password, and none with her app password. Uri is disabled.
async fn sign_in(site: &Site, facts: &Facts) {
    assert_eq!(code(site.sign_in("tova", PASSWORD).await), "code-needed");
    let mut body = json!({ "name": "tova", "password": PASSWORD, "profile": "shared" });
    body["code"] = totp_code(&facts.totp_secret).into();
    let mut client = Client::connect(&site.url, &site.ca()).await.unwrap();
    let session = client.call::<Value>(Method::POST, "/api/session", Some(body)).await;
    let session = session.expect("Tova signs in with her code");
    assert_eq!(session["account"]["name"], "tova", "{session}");
    let program = site.sign_in("tova", &facts.app_password).await;
    let mut program = program.expect("a program signs in with the app password");
    let first = &facts.messages[0];
    let octets = program.get(first.reference).await.unwrap();
    let text = first.octets.split_once("\r\nFrom: ").unwrap().1;
    assert!(String::from_utf8_lossy(&octets).ends_with(text));
    assert_eq!(code(site.sign_in("uri", PASSWORD).await), "bad-credentials");
}

/// Nora opens hers with the passphrase that she chose; Otto claims his.
async fn temporary_accounts(site: &Site, facts: &Facts) {
    let mut nora = site.sign_in(NORA, OWN).await.expect("Nora signs in with her passphrase");
    let octets = nora.get(facts.sealed).await.unwrap();
    assert!(String::from_utf8_lossy(&octets).contains("It nests at noon."));
    let (password, own) = (&facts.one_time_password, Some(OWN));
    let otto = Client::sign_in_with(&site.url, &site.ca(), OTTO, password, own).await;
    let mut otto = otto.expect("Otto signs in with the one-time password");
    let inbox = otto.list("inbox").await.unwrap();
    assert_eq!(inbox.len(), 1);
    otto.open(inbox[0].reference).await.unwrap();
}

/// What waited leaves, what is on hold stays, and what could be undone has arrived.
async fn queue(site: &Site, sink: &Sink, facts: &Facts) {
    let taken = wait_for("the message that waited", LIMIT, || {
        let mut taken = sink.taken().into_iter();
        taken.find(|one| one.to.iter().any(|path| path.contains(WAITS)))
    });
    let text = String::from_utf8_lossy(&taken.message).into_owned();
    assert!(text.contains(&facts.waiting.to_string()) && text.contains("nests at noon"), "{text}");
    let on_hold = facts.on_hold.to_string();
    let state = |rows: Vec<Value>| {
        rows.iter().find(|row| row["reference"] == on_hold).map(|row| row["state"].clone())
    };
    assert_eq!(state(site.queue()), Some("held".into()));
    let mut tova = site.sign_in("tova", &facts.app_password).await.unwrap();
    let end = std::time::Instant::now() + LIMIT;
    loop {
        let inbox = tova.list("inbox").await.unwrap();
        if inbox.iter().any(|item| item.reference == facts.undoable) {
            break;
        }
        assert!(std::time::Instant::now() < end, "what could be undone has not arrived");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A message arrives and is read, filed and answered; the unopened one is opened.
async fn write(site: &Site, facts: &Facts) -> Reference {
    let message = "From: Ada <ada@peer.example>\r\nTo: dana@example.org\r\nSubject: New\r\n\
         Message-ID: <new@peer.example>\r\nIn-Reply-To: <first@peer.example>\r\n\r\n\
         Written by a later version.\r\n";
    let mut session = Smtp::connect(site.smtp);
    session.line("EHLO client.example").expect_code("250");
    let (to, message) = (inside("dana"), message.as_bytes());
    let mail = Delivery { from: "ada@peer.example", to: &[&to], message, parameters: "" };
    let reply = session.deliver(&mail).expect_code("250 2.0.0 Accepted, reference ");
    session.quit();
    let new: Reference = reply.lines[0].rsplit(' ').next().unwrap().parse().unwrap();
    let mut dana = site.client("dana").await;
    assert!(dana.move_to(&[new], "archive").await.unwrap().is_empty());
    dana.reply(new, "Thank you.", &[], InClear::Agreed).await.unwrap();
    for unopened in facts.messages.iter().filter(|message| !message.opened) {
        let octets = dana.get(unopened.reference).await.unwrap();
        assert!(String::from_utf8_lossy(&octets).ends_with(&unopened.octets));
    }
    let found = dana.search("later").await.unwrap();
    assert!(found.iter().any(|item| item.reference == new));
    new
}

/// Ruth, who has a recovery key, sets another password with it.
async fn recover(site: &Site, facts: &Facts) {
    let mut nobody = Client::connect(&site.url, &site.ca()).await.unwrap();
    let key = &facts.recovery_key;
    let body = json!({ "name": "ruth", "recoveryKey": key, "newPassword": NEW });
    match nobody.call::<Value>(Method::POST, "/api/recovery", Some(body)).await {
        Ok(_) | Err(Error::Answer(_)) => {}
        Err(error) => panic!("{error}"),
    }
    let mut ruth = site.sign_in("ruth", NEW).await.expect("Ruth signs in with her new password");
    let mut found = ruth.list("inbox").await.unwrap();
    // The system tells her of the recovery and of the sign-in.
    found.retain(|item| item.from.address.as_deref() != Some("postmaster@example.org"));
    assert_eq!(found.len(), 1);
}
