//! Nothing is served without TLS, and an eavesdropper sees nothing of what travels over it.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use hyper::Method;
use postern::client::Client;
use postern::client::sending::Outgoing;
use postern::mail::message;
use postern::mail::reference::Reference;
use serde_json::{Value, json};

use crate::accepted;
use crate::support::https::{Wiretap, follow, in_clear};
use crate::support::search::Searcher;
use crate::support::sink::Sink;
use crate::support::site::{PASSWORD, Setup, Site};
use crate::support::smtp::{Delivery, Smtp};
use crate::support::{token, wait_for};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);
const CANARIES: usize = 50;

/// Returns a message with a canary in its sender name, subject and text.
fn message(canaries: &[String; 3]) -> String {
    let [name, subject, text] = canaries;
    format!(
        "From: {name} <rachel@outside.example>\r\nTo: dana@example.org\r\nSubject: {subject}\r\n\
         \r\nThe word is {text}.\r\n"
    )
}

/// Delivers this message to Dana over TLS.
fn arrive(site: &Site, canaries: &[String; 3]) -> Reference {
    let mut session = Smtp::connect_tls(site.smtp, &site.ca());
    let message = message(canaries);
    let mail = Delivery {
        from: "rachel@outside.example",
        to: &["dana@example.org"],
        message: message.as_bytes(),
        parameters: "",
    };
    let reference = accepted(session.deliver(&mail));
    session.quit();
    reference
}

async fn ticket(client: &mut Client, reference: Reference, kind: &str) -> String {
    let path = format!("/api/messages/{reference}/ticket");
    let body = Some(json!({ "kind": kind }));
    let ticket: Value = client.call(Method::POST, &path, body).await.expect("a link");
    ticket["url"].as_str().unwrap().to_owned()
}

/// Returns every operation of the API description, with real values in its placeholders.
fn requests(reference: Reference, links: &[String], pickup: &str) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{ref}", &reference.to_string())
            .replace("{token}", pickup)
            .replace("/dl/{ticket}", &links[0])
            .replace("/m/{ticket}/", &links[1])
            .replace("{id}", "inbox")
            .replace("{part}", "1")
            .replace("{address}", "rachel@outside.example");
        all.extend(
            item.as_object().unwrap().keys().map(|verb| (verb.to_uppercase(), path.clone())),
        );
    }
    for path in ["/", "/mail/inbox", "/index.html", "/assets/", "/api/openapi.json", "//"] {
        all.extend(["GET", "HEAD"].map(|verb| (verb.to_owned(), path.to_owned())));
    }
    all
}

/// P-36: every route of the API, requested in clear with valid links and a real reference number,
/// returns no content: neither where plain HTTP is redirected, nor on the HTTPS port, nor in the
/// notification. Over TLS the same links return the message.
#[tokio::test]
async fn no_route_hands_anything_over_without_tls() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, "[outgoing]\nundo_secs = 0\n"));
    let [name, subject, text, sent] = std::array::from_fn(|_| token());
    let reference = arrive(&site, &[name.clone(), subject.clone(), text.clone()]);
    let mut dana = site.client("dana").await;
    let pickup = notified(&sink, &mut dana, &sent).await;
    dana.open(reference).await.expect("the message is opened");
    let links =
        [ticket(&mut dana, reference, "raw").await, ticket(&mut dana, reference, "view").await];
    let ports = site.ports();
    let known = BTreeSet::from([site.smtp.port(), site.https.port()]);
    let http = *ports.difference(&known).next().expect("a port for plain HTTP");
    let mut secrets = vec![name, subject, text.clone(), sent, PASSWORD.to_owned()];
    secrets.extend(links.iter().map(|link| link.rsplit('/').find(|p| p.len() > 9).unwrap().into()));
    let requests = requests(reference, &links, &pickup);
    assert!(requests.len() > 80, "{} requests", requests.len());
    for (verb, path) in &requests {
        let body = if *verb == "GET" { "" } else { "{}" };
        let request = format!(
            "{verb} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = in_clear(([127, 0, 0, 1], http).into(), &request);
        let (head, rest) = answer.split_once("\r\n\r\n").expect("an answer");
        assert!(head.starts_with("HTTP/1.1 308 ") || head.starts_with("HTTP/1.1 400 "), "{head}");
        assert_eq!(rest, "", "{verb} {path}");
        let on_https = in_clear(site.https, &request);
        for answer in [&answer, &on_https] {
            let leaked = secrets.iter().find(|secret| answer.contains(secret.as_str()));
            assert_eq!(leaked, None, "{verb} {path}: {answer}");
            assert!(!answer.to_lowercase().contains("set-cookie"), "{verb} {path}: {answer}");
        }
        assert!(!on_https.starts_with("HTTP/"), "{verb} {path}: {on_https}");
    }
    let mut octets = Vec::new();
    follow(site.https, &site.ca(), &links[0], |piece| octets.extend_from_slice(piece)).await;
    assert!(String::from_utf8_lossy(&octets).contains(&text), "the link does not work over TLS");
    site.stop();
}

/// Sends a message from Dana to an outside recipient; returns the link token in the notification,
/// which must reveal nothing of the message.
async fn notified(sink: &Sink, dana: &mut Client, secret: &str) -> String {
    let to = ["noa@outside.example".to_owned()];
    let message = Outgoing { to: &to, subject: secret, text: secret, ..Outgoing::default() };
    dana.submit(&message).await.expect("the submission is accepted");
    let mail = wait_for("the notification", LIMIT, || {
        let for_noa = |one: &crate::support::sink::Taken| one.to[0].contains("noa@");
        sink.taken().into_iter().find(for_noa)
    });
    assert!(!String::from_utf8_lossy(&mail.message).contains(secret));
    let text = message::view(&mail.message).text.unwrap();
    let (_, token) = text.split_once("/pickup/").expect("a link");
    token.split_whitespace().next().unwrap().to_owned()
}

/// P-02: the daemon listens for SMTP, HTTPS and the redirect, and on no other port; an eavesdropper
/// on sessions that read and send mail sees none of fifty words, nor the password.
#[tokio::test]
async fn an_eavesdropper_sees_nothing_of_a_session() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup::to(&sink, "[outgoing]\nundo_secs = 0\n"));
    let ports = site.ports();
    assert!(ports.contains(&site.smtp.port()) && ports.contains(&site.https.port()), "{ports:?}");
    assert_eq!(ports.len(), 3, "{ports:?}");
    let (smtp, https) = (Wiretap::start(site.smtp), Wiretap::start(site.https));
    site.smtp = smtp.at;
    site.url = format!("https://{}", https.at);
    let mut canaries: Vec<String> = (0..CANARIES).map(|_| token()).collect();
    for three in canaries[..30].chunks(3) {
        arrive(&site, three.try_into().unwrap());
    }
    let mut dana = site.client("dana").await;
    let folder = tempfile::tempdir().unwrap();
    for four in canaries[30..].chunks(4) {
        let file = folder.path().join(&four[2]);
        std::fs::write(&file, &four[3]).unwrap();
        let message = Outgoing {
            to: &["omar@example.org".to_owned()],
            subject: &four[0],
            text: &four[1],
            files: &[file],
            ..Outgoing::default()
        };
        dana.submit(&message).await.expect("the submission is accepted");
    }
    let mut read = Vec::new();
    for user in ["dana", "omar"] {
        let mut client = site.client(user).await;
        for item in client.list("inbox").await.unwrap() {
            read.extend(client.get(item.reference).await.expect("the message"));
        }
    }
    let mut found = Vec::new();
    Searcher::new(&canaries).octets(&read, &mut found, "what was read");
    let was_read = |canary: &&String| !found.iter().any(|one| one.starts_with(canary.as_str()));
    assert_eq!(canaries.iter().find(was_read), None, "was not read");
    canaries.push(PASSWORD.to_owned());
    let searcher = Searcher::new(&canaries);
    let mut found = Vec::new();
    for tap in [&smtp, &https] {
        let passed = tap.passed();
        assert!(passed.len() > 10_000, "{} octets passed", passed.len());
        searcher.octets(&passed, &mut found, "what passed");
    }
    assert_eq!(found, Vec::<String>::new());
    // In clear, the same tap sees everything.
    let heard = [token(), token(), token()];
    crate::deliver(smtp.at, "rachel@outside.example", "dana@example.org", &message(&heard))
        .expect_code("250");
    let mut found = Vec::new();
    Searcher::new(&heard).octets(&smtp.passed(), &mut found, "what passed");
    assert_eq!(found.len(), 3, "{found:?}");
    site.stop();
}

/// Other accounts of the operating system cannot read the data folder or speak to the daemon.
#[test]
fn the_data_folder_and_the_control_socket_are_for_the_daemon_alone() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, ""));
    let data = site.data();
    let expected = [
        (data.clone(), 0o700),
        (data.join("control.sock"), 0o600),
        (data.join("throttles"), 0o700),
    ];
    for (path, expected) in expected {
        let mode = std::fs::metadata(&path).expect("it exists").permissions().mode();
        assert_eq!(mode & 0o777, expected, "{}", path.display());
    }
    // Whatever the umask was: nothing that the daemon wrote is for anybody else.
    let mut folders = vec![data];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} has the mode {mode:o}", path.display());
            files += usize::from(kind.is_file());
            folders.extend(kind.is_dir().then_some(path));
        }
    }
    assert!(files >= 3, "only {files} files were looked at");
}
