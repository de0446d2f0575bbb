//! What was destroyed is in no file: neither as it was stored, nor in anything that the daemon key
//! opens.
//!
//! A real daemon destroys one thing after another: it rejects, deletes, sends, claims, signs out,
//! changes what opens accounts, and ends accounts. Copies of its store before and after each act tell
//! which stored values the act replaced or removed. After `postern compact`, every file is read at
//! every octet, as it lies there and as the daemon key opens it, and none of those values may be
//! found. All of them are sealed with a nonce of their own, so a value that is found is a copy.
//! Where no copy is left, no old password, token or recovery key has anything to open.

mod support;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use hyper::Method;
use postern::client::Client;
use postern::client::sending::Outgoing;
use postern::clock::Clock;
use postern::mail::message;
use postern::store::local::{LocalConfig, LocalEngine, forms};
use postern::store::{ContentId, Engine, Order, Span};
use postern::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};
use serde_json::{Value, json};
use support::sink::Sink;
use support::site::{DOMAIN, PASSWORD, Setup, Site};
use support::smtp::{Delivery, Smtp};
use support::wait_for;

const NOA: &str = "noa@outside.example";
const OWN: &str = "my very own words";
const NEW: &str = "another horse battery staple 8";
const LIMIT: Duration = Duration::from_secs(120);
/// How Linux ends the name of an open file that was removed.
const REMOVED: &str = " (deleted)";
/// The table of contents' places, which open nothing.
const CONTENTS: u8 = 255;
/// How much of a value is searched for: a nonce, and some of what it seals.
const NEEDLE: usize = 24;

/// The values of a store by their keys, and the pieces of its contents.
type Values = BTreeMap<Vec<u8>, Vec<u8>>;

fn vault(site: &Site) -> Vault {
    let key = DaemonKey::load(&site.home().join("daemon.key")).unwrap();
    Vault::new(key, PoolLimits::default(), PasswordCost::default())
}

/// Returns everything in the store, read from a copy of its files, as after a power cut.
fn values(site: &Site) -> Values {
    let copy = tempfile::tempdir().unwrap();
    // A file that compaction removes meanwhile makes the copy incomplete.
    wait_for("a whole copy of the store", LIMIT, || {
        let folder = tempfile::tempdir_in(copy.path()).unwrap().keep();
        copy_folder(&site.data().join("store"), &folder).ok()?;
        read_all(&folder, &vault(site)).ok()
    })
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &target)?,
            false => drop(fs::copy(entry.path(), target)?),
        }
    }
    Ok(())
}

fn read_all(folder: &Path, vault: &Vault) -> Result<Values, postern::store::Error> {
    let config = LocalConfig::in_folder(folder.to_owned());
    let engine = LocalEngine::open(config, vault.clone(), Clock::System, &mut |_, _| ())?;
    let mut found = Values::new();
    let all = Span::prefix(&[], Order::Ascending);
    engine.scan(&all, &mut |key, value| {
        found.insert(key.to_vec(), value.to_vec());
        ControlFlow::Continue(())
    })?;
    let contents = found.iter_mut().filter(|(key, _)| key[0] == CONTENTS);
    for (key, value) in contents {
        let id = ContentId(key[1..].try_into().expect("a content's key ends with its id"));
        // Its octets are what has to be destroyed, not their places.
        *value = engine.content_read(id, 0, u64::MAX)?;
    }
    Ok(found)
}

/// Does something, and returns the values that it destroyed.
async fn destroyed(site: &Site, what: &str, act: impl AsyncFnOnce()) -> Vec<Vec<u8>> {
    let before = values(site);
    act().await;
    let after = values(site);
    let is_gone = |(key, value): (Vec<u8>, Vec<u8>)| {
        (after.get(&key) != Some(&value) && value.len() >= NEEDLE).then_some(value)
    };
    let gone: Vec<_> = before.into_iter().filter_map(is_gone).collect();
    assert!(!gone.is_empty(), "{what} destroyed nothing");
    gone
}

/// Calls a route of whose response nothing is needed.
async fn done(client: &mut Client, method: Method, path: &str, body: Option<Value>) {
    client.done(method, path, body).await.unwrap_or_else(|error| panic!("{path}: {error}"));
}

fn deliver(site: &Site, subject: &str) {
    let mut session = Smtp::connect(site.smtp);
    session.line("EHLO client.example").expect_code("250");
    let message = format!(
        "From: Ada <ada@peer.example>\r\nTo: dana@{DOMAIN}\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@peer.example>\r\n\r\nThe text of {subject}.\r\n"
    );
    let to = format!("dana@{DOMAIN}");
    let mail = Delivery {
        from: "ada@peer.example",
        to: &[&to],
        message: message.as_bytes(),
        parameters: "",
    };
    session.deliver(&mail).expect_code("250");
    session.quit();
}

async fn submit(client: &mut Client, choice: Option<&str>) {
    let to = [NOA.to_owned()];
    let message = Outgoing {
        to: &to,
        subject: "The heron",
        text: "It nests at noon.",
        choice,
        ..Outgoing::default()
    };
    client.submit(&message).await.expect("the submission is accepted");
}

/// Returns the one-time password in the notification.
fn one_time_password(sink: &Sink) -> String {
    wait_for("the notification", LIMIT, || {
        sink.messages().iter().find_map(|mail| {
            let text = message::view(mail).text?;
            let is_password = |word: &&str| word.len() == 31 && word.matches('-').count() == 5;
            text.split_whitespace().find(is_password).map(str::to_owned)
        })
    })
}

/// Every act that destroys something.
async fn destroy_everything(site: &Site, sink: &Sink) -> Vec<Vec<u8>> {
    let mut gone = Vec::new();
    let (mut dana, mut omar) = (site.client("dana").await, site.client("omar").await);
    for subject in ["rejected", "deleted", "read"] {
        deliver(site, subject);
    }
    let inbox = dana.list("inbox").await.expect("the list is returned");
    let (first, second) = (inbox[0].reference, inbox[1].reference);
    gone.extend(
        destroyed(site, "rejecting", async || {
            dana.reject(first).await.expect("it is rejected");
        })
        .await,
    );
    gone.extend(
        destroyed(site, "deleting", async || {
            dana.get(second).await.expect("the message");
            done(&mut dana, Method::DELETE, &format!("/api/messages/{second}"), None).await;
        })
        .await,
    );
    // The notification leaves the queue, and its password is used.
    let sent = async || {
        submit(&mut omar, Some("temporary-account")).await;
        site.drain();
    };
    gone.extend(destroyed(site, "sending a notification", sent).await);
    let password = one_time_password(sink);
    let mut noa = None;
    gone.extend(
        destroyed(site, "using a one-time password", async || {
            let used = Client::sign_in(&site.url, &site.ca(), NOA, &password).await;
            noa = Some(used.expect("a sign-in with the one-time password"));
        })
        .await,
    );
    // The daemon's copy of the next one-time password goes.
    let mut noa = noa.expect("Noa is signed in");
    gone.extend(
        destroyed(site, "choosing a passphrase", async || {
            let own = json!({ "passphrase": OWN });
            done(&mut noa, Method::POST, "/api/account/passphrase", Some(own)).await;
        })
        .await,
    );
    let plain = async || {
        submit(&mut omar, Some("plain")).await;
        site.drain();
    };
    gone.extend(destroyed(site, "sending in clear", plain).await);
    gone.extend(destroy_credentials(site, &mut dana).await);
    gone.extend(
        destroyed(site, "signing out", async || noa.sign_out().await.expect("the answer")).await,
    );
    let list: Value = omar.call(Method::GET, "/api/temporary", None).await.expect("the list");
    let id = list["items"][0]["id"].as_str().expect("Noa's account").to_owned();
    gone.extend(
        destroyed(site, "revoking a temporary account", async || {
            done(&mut omar, Method::POST, &format!("/api/temporary/{id}/revoke"), None).await;
        })
        .await,
    );
    gone
}

/// Replaces and removes whatever opens Dana's account.
async fn destroy_credentials(site: &Site, dana: &mut Client) -> Vec<Vec<u8>> {
    let mut gone = Vec::new();
    let confirm = json!({ "password": PASSWORD });
    let app = json!({ "password": PASSWORD, "label": "a program" });
    done(dana, Method::POST, "/api/account/app-passwords", Some(app)).await;
    done(dana, Method::POST, "/api/account/recovery-key", Some(confirm.clone())).await;
    gone.extend(
        destroyed(site, "replacing the recovery key", async || {
            done(dana, Method::POST, "/api/account/recovery-key", Some(confirm)).await;
        })
        .await,
    );
    gone.extend(
        destroyed(site, "changing the password", async || {
            let change = json!({ "password": PASSWORD, "newPassword": NEW });
            done(dana, Method::PUT, "/api/account/password", Some(change)).await;
        })
        .await,
    );
    gone
}

/// Returns where in some octets a needle begins.
fn find(needles: &HashSet<[u8; NEEDLE]>, octets: &[u8]) -> Option<usize> {
    octets.windows(NEEDLE).position(|window| needles.contains(window))
}

/// Returns the files in which a needle is found, as they are or opened with the daemon key.
fn search(site: &Site, needles: &HashSet<[u8; NEEDLE]>) -> Vec<String> {
    let mut found = Vec::new();
    search_folder(&site.data(), needles, &mut found);
    let journal = site.data().join("store/journal");
    let opened = forms::opened_by_daemon_key(&journal, &vault(site)).unwrap();
    assert!(!opened.is_empty(), "the daemon key opens nothing");
    for (name, octets) in opened {
        found.extend(find(needles, &octets).map(|at| format!("{name}, opened, at {at}")));
    }
    found
}

fn search_folder(folder: &Path, needles: &HashSet<[u8; NEEDLE]>, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            search_folder(&path, needles, found);
        } else if kind.is_file() {
            let octets = fs::read(&path).unwrap();
            found.extend(find(needles, &octets).map(|at| format!("{}, at {at}", path.display())));
        }
    }
}

/// Waits until the daemon has closed every removed segment: the medium keeps a removed file as long
/// as it is open.
fn removed_are_closed(site: &Site) {
    wait_for("removed segments to be closed", LIMIT, || {
        let files = site.open_files();
        assert!(files.iter().any(|file| in_journal(file)), "no segment is open: {files:?}");
        files.iter().all(|file| !in_journal(file) || !file.ends_with(REMOVED)).then_some(())
    });
}

/// Returns whether a file, removed or not, is one of the journal's.
fn in_journal(file: &str) -> bool {
    file.contains("/journal/")
}

fn needles(values: &[Vec<u8>]) -> HashSet<[u8; NEEDLE]> {
    // The first octets of a value say how it was sealed, and are the same in many.
    let needle = |value: &Vec<u8>| *value[value.len() - NEEDLE..].first_chunk().expect("a needle");
    values.iter().map(needle).collect()
}

/// P-20
#[tokio::test(flavor = "multi_thread")]
async fn what_was_destroyed_is_in_no_file() {
    let sink = Sink::start();
    let more = "[outgoing]\nundo_secs = 0\n[temporary]\nhand_off = \"claim\"\n";
    let site = Site::start(&Setup::to(&sink, more));
    let gone = destroy_everything(&site, &sink).await;
    let needles = needles(&gone);
    let before = search(&site, &needles);
    assert!(!before.is_empty(), "the search finds nothing even before compaction");
    site.command(&["compact"]);
    removed_are_closed(&site);
    let found = search(&site, &needles);
    assert!(found.is_empty(), "found in {} places: {found:#?}", found.len());
    // What was not destroyed is there, and opens.
    let mut dana = Client::sign_in(&site.url, &site.ca(), "dana", NEW).await.expect("a sign-in");
    let mut kept = dana.list("inbox").await.expect("the list is returned");
    // What the system tells her of her account comes from itself.
    kept.retain(|item| item.protection["kind"] != "inside");
    assert_eq!(kept.len(), 1);
    let text = dana.get(kept[0].reference).await.expect("the message");
    assert!(String::from_utf8_lossy(&text).contains("The text of "));
}
