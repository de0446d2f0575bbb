//! Nothing that a peer wrote can be found at rest: not in the data folder, not in the logs, and not
//! in what the stopped or idle process leaves behind.
//!
//! A canary is a random word that does not occur anywhere by chance. A hundred of them arrive as
//! bodies, subjects, sender names and file names. As many are written here, in drafts, uploads,
//! messages to temporary accounts and queued messages, and there are the passwords of those
//! accounts. Then every octet is searched for each of them, as text, UTF-16, hex and base64 at
//! every alignment.

mod support;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use postern::client::Client;
use postern::client::sending::Outgoing;
use postern::clock::Clock;
use postern::mail::contacts::Photo;
use postern::mail::picture;
use postern::store::local::{LocalConfig, LocalEngine};
use postern::store::{self, ContentId, Order, Span};
use postern::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};
use serde_json::{Value, json};
use support::daemon::{DOMAIN, Daemon};
use support::dump;
use support::search::Searcher;
use support::sink::Sink;
use support::smtp::{Delivery, Smtp};
use support::{token, wait_for};

const MESSAGES: usize = 25;
/// How long an idle daemon may take until nothing of a message is left in its memory.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// P-89
#[test]
fn no_canary_is_found_in_the_data_folder_and_the_logs_of_a_stopped_daemon() {
    let sink = Sink::start_shut();
    let daemon = daemon_before(&sink);
    let mut canaries = deliver_all(&daemon);
    assert_they_arrived(&daemon, &canaries);
    canaries.extend(write_all(&daemon, true));
    let home = daemon.stop();
    let found = Searcher::new(&canaries).and("a picture", &pieces()).folder(home.path());
    assert!(
        found.is_empty(),
        "{} times:\n{}",
        found.len(),
        found[..found.len().min(20)].join("\n")
    );
}

/// P-20, P-89: an attacker who has the daemon key as well can open every record and frame, and
/// still finds nothing of the content of a message.
#[test]
fn no_canary_is_found_in_a_store_opened_with_the_daemon_key() {
    let sink = Sink::start_shut();
    let daemon = daemon_before(&sink);
    let mut canaries = deliver_all(&daemon);
    assert_they_arrived(&daemon, &canaries);
    canaries.extend(write_all(&daemon, true));
    let home = daemon.stop();
    let folder = home.path().join("data");
    let key = DaemonKey::load(&folder.join("daemon.key")).unwrap();
    let vault = Vault::new(key, PoolLimits::default(), PasswordCost::default());
    let config = LocalConfig::in_folder(folder.join("data/store"));
    let engine = LocalEngine::open(config, vault.clone(), Clock::System, &mut |_, _| ()).unwrap();
    let opened = tempfile::tempdir().unwrap();
    let (records, contents) = open_everything(&engine, &vault, opened.path());
    assert!(records > 10 * MESSAGES && contents >= MESSAGES, "{records}, {contents}");
    // That the records were really opened shows in what they are allowed to reveal.
    let routing = fs::read(opened.path().join("records")).unwrap();
    assert!(routing.windows(DOMAIN.len()).any(|window| window == DOMAIN.as_bytes()));
    let found = Searcher::new(&canaries).and("a picture", &pieces()).folder(opened.path());
    assert!(found.is_empty(), "{} times:\n{}", found.len(), found.join("\n"));
}

/// Writes every record and content, as far as the daemon key opens them, to two files.
fn open_everything(engine: &dyn store::Engine, vault: &Vault, into: &Path) -> (usize, usize) {
    const CONTENTS: u8 = 255;
    let (mut records, mut contents, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    let mut count = 0;
    let all = Span::prefix(&[], Order::Ascending);
    let mut visit = |raw: &[u8], sealed: &[u8]| {
        if raw[0] == CONTENTS {
            ids.push(ContentId(raw[1..].try_into().unwrap()));
        } else {
            let (_, plain) = vault.record_open(raw[0], raw, sealed).unwrap();
            records.extend_from_slice(raw);
            records.extend_from_slice(&plain);
            count += 1;
        }
        ControlFlow::Continue(())
    };
    engine.scan(&all, &mut visit).unwrap();
    for id in &ids {
        contents.extend(engine.content_read(*id, 0, u64::MAX).unwrap());
    }
    fs::write(into.join("records"), &records).unwrap();
    fs::write(into.join("contents"), &contents).unwrap();
    (count, ids.len())
}

/// P-89
#[test]
fn no_canary_is_found_in_the_memory_of_an_idle_daemon() {
    let sink = Sink::start_shut();
    let daemon = daemon_before(&sink);
    let mut canaries = deliver_all(&daemon);
    canaries.extend(write_all(&daemon, false));
    let searcher = Searcher::new(&canaries);
    let mut found = Vec::new();
    let clean = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_for("the daemon's memory to be clean", IDLE_LIMIT, || {
            found = searcher.process(daemon.pid());
            found.is_empty().then_some(())
        });
    }));
    let first = found[..found.len().min(20)].join("\n");
    assert!(clean.is_ok(), "{} times in memory:\n{first}", found.len());
    daemon.stop();
}

/// P-89: a core dump of the daemon, taken after it handled everything, contains the names that it
/// works with and nothing of the content of a message.
#[test]
fn no_canary_is_found_in_a_core_dump_of_the_daemon() {
    let sink = Sink::start_shut();
    let daemon = daemon_before(&sink);
    let mut canaries = deliver_all(&daemon);
    assert_they_arrived(&daemon, &canaries);
    canaries.extend(write_all(&daemon, false));
    let searcher = Searcher::new(&canaries);
    wait_for("the daemon's memory to be clean", IDLE_LIMIT, || {
        searcher.process(daemon.pid()).is_empty().then_some(())
    });
    let folder = tempfile::tempdir().unwrap();
    let core = dump::core_of(daemon, folder.path());
    let octets = fs::read(&core).unwrap();
    // An ELF file of the type ET_CORE, with a domain that the daemon was given on its command line.
    assert_eq!((&octets[..4], octets[16]), (b"\x7fELF".as_slice(), 4), "{}", core.display());
    let (mut names, mut found) = (Vec::new(), Vec::new());
    Searcher::new(&[DOMAIN.to_owned()]).octets(&octets, &mut names, "the core dump");
    assert!(!names.is_empty(), "a search of the core dump finds nothing at all");
    // Its notes have the registers of each thread, where the octets stay that it copied last; see
    // `docs/security.md`.
    let memory = dump::memory_in(&octets);
    assert!(memory.iter().map(|part| part.len()).sum::<usize>() > octets.len() / 2);
    for part in memory {
        searcher.octets(part, &mut found, "the core dump");
    }
    assert!(found.is_empty(), "{} times:\n{}", found.len(), found.join("\n"));
}

/// The searches above do find what they look for.
#[test]
fn a_planted_canary_is_found_in_a_folder_and_in_a_process() {
    let canary = token();
    let searcher = Searcher::new(std::slice::from_ref(&canary));
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("data/journal");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("0001"), vec![0u8; 3 << 20]).unwrap();
    assert_eq!(searcher.folder(folder.path()), Vec::<String>::new());
    fs::write(deep.join("picture"), noise()).unwrap();
    let found = Searcher::new(std::slice::from_ref(&canary))
        .and("a picture", &pieces())
        .folder(folder.path());
    assert_eq!(found.len(), 1, "a picture as it came: {found:?}");

    // Across the border of two pieces, and encoded in the middle of other data.
    let mut large = vec![b'.'; 3 << 20];
    large[(1 << 20) - 7..][..canary.len()].copy_from_slice(canary.as_bytes());
    fs::write(deep.join("0002"), large).unwrap();
    fs::write(deep.join("0003"), STANDARD.encode(format!("xy{canary}z"))).unwrap();
    fs::write(deep.join(format!("name-{canary}")), "").unwrap();
    let found = searcher.folder(folder.path());
    for place in ["0002", "0003", "a file name"] {
        assert!(found.iter().any(|f| f.contains(place)), "not found in {place}: {found:?}");
    }
    assert!(!searcher.process(std::process::id()).is_empty(), "not found in this process");
}

/// Delivers four canaries in each of 25 messages, half of them over TLS, and returns all canaries.
fn deliver_all(daemon: &Daemon) -> Vec<String> {
    let mut canaries = Vec::new();
    for n in 0..MESSAGES {
        let four: [String; 4] = std::array::from_fn(|_| token());
        let message = message(n, &four);
        let mut session = if n % 2 == 0 {
            Smtp::connect_tls(daemon.smtp, &daemon.ca())
        } else {
            let mut plain = Smtp::connect(daemon.smtp);
            plain.line("EHLO client.example").expect_code("250");
            plain
        };
        let to = format!("u{}@{DOMAIN}", n % 5 + 1);
        let mail =
            Delivery { from: "canary@peer.example", to: &[&to], message: &message, parameters: "" };
        session.deliver(&mail).expect_code("250");
        session.quit();
        canaries.extend(four);
    }
    canaries
}

/// Returns a message with a canary as body, subject, sender name and file name; the encoding
/// depends on `n`.
fn message(n: usize, [body, subject, sender, file]: &[String; 4]) -> Vec<u8> {
    let base64_word = |text: &str| format!("=?utf-8?B?{}?=", STANDARD.encode(text));
    let (subject, sender) = match n % 3 {
        0 => (subject.clone(), format!("\"{sender}\"")),
        1 => (base64_word(subject), base64_word(sender)),
        _ => (format!("=?utf-8?Q?about_{subject}?="), format!("=?utf-8?Q?{sender}_Jr=2E?=")),
    };
    let file = match n % 3 {
        0 => format!("filename=\"{file}.pdf\""),
        1 => format!("filename=\"{}\"", base64_word(&format!("{file}.pdf"))),
        _ => format!("filename*=UTF-8''{file}%2Epdf"),
    };
    let (encoding, text) = match n % 4 {
        0 => ("7bit", format!("The word is {body}.")),
        1 => ("base64", STANDARD.encode(format!("The word is {body}."))),
        2 => ("quoted-printable", format!("The word is=20=\r\n{body}=2E")),
        _ => ("7bit", format!("<p>The word is <b>{body}</b>.</p>")),
    };
    let kind = if n % 4 == 3 { "html" } else { "plain" };
    format!(
        "From: {sender} <canary@peer.example>\r\nTo: u1@test.example\r\nSubject: {subject}\r\n\
         Message-ID: <{n}@peer.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\
         Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n\
         {text}\r\n--c\r\nContent-Type: application/pdf\r\n\
         Content-Disposition: attachment; {file}\r\n\r\n{body}\r\n--c--\r\n"
    )
    .into_bytes()
}

/// Starts a daemon whose outgoing messages stay in the queue, because the next hop never answers.
fn daemon_before(sink: &Sink) -> Daemon {
    Daemon::start_with(&["--relay", &sink.at.to_string(), "--undo-secs", "0"])
}

/// Writes canaries in drafts, files, messages to inside users, messages for temporary accounts
/// (each with a password of its own), and queued plain messages; returns all canaries.
fn write_all(daemon: &Daemon, asks: bool) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut canaries = Vec::new();
        let folder = tempfile::tempdir().unwrap();
        let mut client = daemon.client("u1").await;
        for n in 0..8 {
            let [subject, text, name, inside] = std::array::from_fn(|_| token());
            let file = folder.path().join(format!("{name}.txt"));
            fs::write(&file, format!("The word is {inside}.")).unwrap();
            let to = match n % 4 {
                0 => format!("u2@{DOMAIN}"),
                _ => format!("{}@outside.example", ["", "noa", "eve", "carol"][n % 4]),
            };
            let message = Outgoing {
                to: &[to],
                subject: &subject,
                text: &text,
                files: std::slice::from_ref(&file),
                choice: (n % 4 > 1).then_some(if n % 4 == 2 {
                    "plain"
                } else {
                    "temporary-account"
                }),
                ..Outgoing::default()
            };
            if n < 4 {
                client.draft(&message).await.expect("the draft is saved");
            } else {
                client.submit(&message).await.expect("the submission is accepted");
            }
            canaries.extend([subject, text, name, inside]);
        }
        let list: serde_json::Value =
            client.call(Method::GET, "/api/temporary", None).await.expect("the list is returned");
        assert_eq!(list["items"].as_array().map(Vec::len), Some(2), "{list}");
        let drafts: serde_json::Value =
            client.call(Method::GET, "/api/drafts", None).await.expect("the list is returned");
        assert_eq!(drafts["items"].as_array().map(Vec::len), Some(4), "{drafts}");
        if asks {
            canaries.extend(write_contacts(&mut client).await);
            let mut other = daemon.client("u2").await;
            canaries.extend(write_shared(&mut client, &mut other).await);
            canaries.extend(write_attestation(&mut client, &mut other).await);
            canaries.extend(write_profile(&mut client).await);
            canaries.extend(write_chat(&mut client, &mut other).await);
            canaries.extend(write_schedule(&mut client, &mut other).await);
        }
        // The words of the sent messages are in the search index now. They are searched for only
        // where it does not matter that the query itself passes through memory.
        assert!(client.search("zebra").await.expect("the search is answered").is_empty());
        for words in canaries[16..32].chunks(4).filter(|_| asks) {
            for (word, place) in words.iter().zip(["subject", "", "filename"]) {
                let query = if place.is_empty() {
                    format!("\"{word}\"")
                } else {
                    format!("{place}:{word}")
                };
                let found = client.search(&query).await.expect("the search is answered");
                assert_eq!(found.len(), 1, "{query}");
            }
        }
        if asks {
            canaries.extend(write_groups(&mut client).await);
        }
        canaries
    })
}

/// Writes canaries as names and descriptions of groups, whose keys change once; returns them.
async fn write_groups(client: &mut Client) -> Vec<String> {
    let mut canaries = Vec::new();
    for listed in [false, true] {
        let [name, description] = std::array::from_fn(|_| token());
        let body = json!({"name": name, "description": description, "listed": listed});
        let group: Value =
            client.call(Method::POST, "/api/groups", Some(body)).await.expect("it is created");
        let path = format!("/api/groups/{}", group["id"].as_str().unwrap());
        let body = Some(json!({"address": "u2"}));
        let group: Value =
            client.call(Method::POST, &format!("{path}/members"), body).await.expect("u2 is added");
        let u2 = group["members"].as_array().unwrap().iter().find(|one| one["manager"] == false);
        let member = format!("{path}/members/{}", u2.unwrap()["id"].as_str().unwrap());
        client.done(Method::DELETE, &member, None).await.expect("u2 is removed");
        let group: Value = client.call(Method::GET, &path, None).await.expect("it is shown");
        assert_eq!((&group["name"], &group["description"]), (&json!(name), &json!(description)));
        canaries.extend([name, description]);
    }
    canaries
}

/// Writes canaries into every kind of field of a contact, and into a request to add one; returns
/// them.
async fn write_contacts(client: &mut Client) -> Vec<String> {
    let words: [String; 9] = std::array::from_fn(|_| token());
    let [name, company, address, phone, street, notes, label, own, asked] = &words;
    let contact = json!({
        "name": {"given": name}, "work": {"company": company},
        "emails": [{"label": "work", "value": format!("{address}@outside.example")}],
        "phones": [{"label": "", "value": phone}],
        "postal": [{"street": street}], "notes": notes, "labels": [label],
        "own": [{"label": "x", "value": own}],
    });
    let path = "/api/contacts";
    let _: Value = client.call(Method::POST, path, Some(contact)).await.expect("it is stored");
    let request =
        json!({"to": format!("u2@{DOMAIN}"), "contact": {"name": {"given": asked}}, "note": asked});
    let path = "/api/contacts/requests";
    let _: Value = client.call(Method::POST, path, Some(request)).await.expect("it is sent");
    let card = format!("BEGIN:VCARD\nFN:x\nX-WORD:{name}\nEND:VCARD\n");
    let card = json!({"format": "vcard", "text": card});
    let path = "/api/contacts/import";
    let _: Value = client.call(Method::POST, path, Some(card)).await.expect("it is imported");
    words.into()
}

/// Shares an address book with somebody who adds a contact and changes one, of which the latter waits;
/// returns the canaries of what is copied, added and changed.
async fn write_shared(owner: &mut Client, other: &mut Client) -> Vec<String> {
    let [copied, added, changed] = std::array::from_fn(|_| token());
    let contact = json!({"name": {"given": copied}, "own": [{"label": copied, "value": copied}]});
    let _: Value =
        owner.call(Method::POST, "/api/contacts", Some(contact)).await.expect("it is stored");
    let to = json!({"kind": "person", "id": format!("u2@{DOMAIN}")});
    let shares =
        json!({"shares": [{"to": to, "read": ["name", "notes", "own"], "edit": ["notes"]}]});
    let at = (Method::PUT, "/api/contacts/book");
    let shared: Value = owner.change(at, 0, shares).await.expect("it is shared");
    assert_eq!(shared["progress"], "done");
    let adders = json!({"adders": [to]});
    let _: Value =
        owner.call(Method::PUT, "/api/contacts/adders", Some(adders)).await.expect("it is allowed");
    let path = format!("/api/contacts/shared?q={copied}");
    let page: Value = other.call(Method::GET, &path, None).await.expect("it is listed");
    let (id, by) = (&page["items"][0]["id"], &page["items"][0]["owner"]["id"]);
    let path = format!("/api/contacts/shared/{}", by.as_str().unwrap());
    let contact = json!({"name": {"given": added}, "notes": added});
    for _ in 0..2 {
        let _: Value =
            other.call(Method::POST, &path, Some(contact.clone())).await.expect("it is added");
        // One is taken, the other waits.
        let _: Value = owner.call(Method::GET, "/api/contacts", None).await.expect("it is taken");
    }
    let _: Value = other.call(Method::POST, &path, Some(contact)).await.expect("it is added");
    let path = format!("/api/contacts/{}", id.as_str().unwrap());
    let seen: Value = owner.call(Method::GET, &path, None).await.expect("it is shown");
    assert_eq!(seen["name"]["given"], json!(copied));
    let request = json!({"to": format!("u1@{DOMAIN}"), "contact": {"name": {"given": changed}}, "note": changed});
    let _: Value = other
        .call(Method::POST, "/api/contacts/requests", Some(request))
        .await
        .expect("it is sent");
    vec![copied, added, changed]
}

/// Somebody vouches for another, with a note; returns it.
async fn write_attestation(client: &mut Client, other: &mut Client) -> Vec<String> {
    let note = token();
    let path = "/api/vouching/requests";
    let to = json!({"address": format!("u1@{DOMAIN}")});
    other.done(Method::POST, path, Some(to)).await.expect("u1 is asked");
    let seen: Value = client.call(Method::GET, "/api/vouching", None).await.expect("it is listed");
    let id = seen["requests"][0]["colleague"]["id"].as_str().unwrap().to_owned();
    let shown: Value = other.call(Method::GET, "/api/vouching", None).await.expect("it is shown");
    let attested = json!({
        "colleague": id, "fingerprint": shown["key"]["fingerprint"], "how": "in-person", "note": note,
    });
    let path = "/api/vouching/attestations";
    client.done(Method::POST, path, Some(attested)).await.expect("it is attested");
    vec![note]
}

/// A picture of noise, which no compression hides; the same each time.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let image = image::RgbImage::from_fn(90, 90, |_, _| {
        image::Rgb(std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    });
    let mut octets = std::io::Cursor::new(Vec::new());
    image.write_to(&mut octets, image::ImageFormat::Png).unwrap();
    octets.into_inner()
}

/// The same with a comment, before the pixels (PNG, section 11.3.3.2).
fn noise_with(comment: &str) -> Vec<u8> {
    const SIGNATURE_AND_HEADER: usize = 8 + 25;
    let chunk = [b"tEXtComment\0", comment.as_bytes()].concat();
    let length = u32::try_from(chunk.len() - 4).unwrap();
    let mut octets = noise();
    let rest = octets.split_off(SIGNATURE_AND_HEADER);
    octets.extend(length.to_be_bytes());
    octets.extend(&chunk);
    octets.extend(crc32fast::hash(&chunk).to_be_bytes());
    octets.extend(rest);
    octets
}

/// Octets out of the middle of the picture as it comes in, and as it is drawn and kept.
fn pieces() -> [Vec<u8>; 2] {
    let came = noise();
    let kept = picture::drawn(&Photo::of(came.clone()).unwrap()).unwrap().octets;
    [came, kept].map(|octets| octets[octets.len() / 2..][..32].to_vec())
}

/// Writes canaries into every text of a profile, for everybody inside and for somebody by name, and a
/// picture with one in its comment; returns them.
async fn write_profile(client: &mut Client) -> Vec<String> {
    let words: [String; 8] = std::array::from_fn(|_| token());
    let [name, label, phone, office, language, hours, about, comment] = &words;
    let reader = json!({"kind": "person", "id": format!("u2@{DOMAIN}")});
    let named = json!({"kind": "named", "readers": [reader, {"kind": "everybody"}]});
    let fields = ["name", "picture", "phones", "office", "languages", "hours", "about"];
    let audiences: serde_json::Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), named.clone())).collect();
    let profile = json!({
        "name": name, "phones": [{"label": label, "value": phone}], "office": office,
        "languages": [language], "hours": hours, "about": about, "audiences": audiences,
    });
    let set: Value = client.profile_set(0, profile).await.expect("it is stored");
    assert_eq!((&set["about"], &set["version"]), (&json!(about), &json!(1)));
    let set = client.profile_picture_set(1, noise_with(comment)).await.expect("it is drawn");
    assert_eq!((&set["picture"], &set["version"]), (&json!(true), &json!(2)));
    let path = "/api/profile/preview?address=u2@".to_owned() + DOMAIN;
    let seen: Value = client.call(Method::GET, &path, None).await.expect("it is shown");
    assert_eq!(seen["published"]["about"], json!(about));
    let fields = seen["published"]["fields"].as_array().unwrap();
    assert!(fields.contains(&json!("picture")), "{fields:?}");
    words.into()
}

/// Writes canaries into the name of a chat room, a line, another one that is changed, and a line that is
/// deleted; returns them.
async fn write_chat(client: &mut Client, other: &mut Client) -> Vec<String> {
    let words: [String; 5] = std::array::from_fn(|_| token());
    let [name, line, before, after, deleted] = &words;
    let room = json!({"name": name, "sharesEarlier": true});
    let room: Value = client.call(Method::POST, "/api/rooms", Some(room)).await.expect("it opens");
    let path = format!("/api/rooms/{}", room["id"].as_str().expect("a number"));
    let ask = json!({"room": room["id"]});
    other.done(Method::POST, "/api/rooms/asked", Some(ask)).await.expect("it is asked");
    let waiting: Value =
        client.call(Method::GET, &format!("{path}/requests"), None).await.expect("they are shown");
    let who = waiting["items"][0]["person"]["id"].as_str().expect("somebody asks");
    let admit = Some(json!({"verdict": "admit"}));
    let answer = format!("{path}/requests/{who}");
    client.done(Method::POST, &answer, admit).await.expect("it is answered");
    let lines = format!("{path}/lines");
    for (number, text) in [line, before, deleted].into_iter().enumerate() {
        let said = json!({"clientId": format!("{number:032x}"), "text": text});
        let said: Value = other.call(Method::POST, &lines, Some(said)).await.expect("it is said");
        assert_eq!(said["number"], json!(number + 3));
    }
    let changed = Some(json!({"text": after}));
    other.done(Method::PATCH, &format!("{lines}/4"), changed).await.expect("it is changed");
    other.done(Method::DELETE, &format!("{lines}/5"), None).await.expect("it is deleted");
    let seen: Value = client.call(Method::GET, &lines, None).await.expect("they are shown");
    let texts: Vec<&Value> =
        seen["items"].as_array().expect("lines").iter().map(|one| &one["text"]).collect();
    assert_eq!(texts, [&Value::Null, &Value::Null, &json!(line), &json!(after), &Value::Null]);
    let mut words: Vec<String> = words.into();
    words.extend(write_recording(other, &lines).await);
    words
}

/// Writes canaries into every text of an entry and of a meeting, with somebody's words about it; returns them.
async fn write_schedule(client: &mut Client, other: &mut Client) -> Vec<String> {
    let words: [String; 9] = std::array::from_fn(|_| token());
    let [title, place, text, category, calendar, asked, room, why, said] = &words;
    let entry = json!({
        "title": title, "placeKind": "outside", "place": place, "text": text, "category": category,
        "calendar": calendar, "start": "2026-12-03T10:00:00", "durationMinutes": 60,
        "timeZone": "UTC",
    });
    let path = "/api/schedule/entries";
    let _: Value = client.call(Method::POST, path, Some(entry.clone())).await.expect("it is added");
    let mut meeting = entry;
    (meeting["title"], meeting["place"]) = (json!(asked), json!(room));
    (meeting["text"], meeting["category"]) = (json!(why), json!(""));
    meeting["invitees"] = json!([{"address": format!("u2@{DOMAIN}")}]);
    let made = client.schedule_once("meetings", meeting, "a-request-key").await.expect("asked");
    let number = made["meeting"]["reference"].as_str().expect("a number").to_owned();
    let answer = json!({"sequence": 0, "answer": "accept", "comment": said});
    let path = format!("meetings/{number}/answer");
    let card = other.schedule_once(&path, answer, "a-request-key").await.expect("it is answered");
    assert_eq!(
        (&card["about"]["title"], &card["meeting"]["state"]),
        (&json!(asked), &json!("actual"))
    );
    let path = format!("/api/schedule/meetings/{number}");
    let card: Value = client.call(Method::GET, &path, None).await.expect("it is shown");
    assert_eq!(card["meeting"]["invitees"][0]["comment"], json!(said));
    words.into()
}

/// Says something that carries a file and a recording, whose names and octets are canaries; returns them.
async fn write_recording(client: &mut Client, lines: &str) -> Vec<String> {
    let words: [String; 4] = std::array::from_fn(|_| token());
    let [name, file, voice_name, voice] = &words;
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for (name, octets) in [(name, file.clone()), (voice_name, format!("OggS\0\x02{voice}"))] {
        let path = folder.path().join(format!("{name}.ogg"));
        // More than one piece of what is sealed at once.
        fs::write(&path, octets.repeat(9_000)).expect("it is written");
        files.push(client.upload(&path).await.expect("it is uploaded"));
    }
    let said = json!({
        "clientId": format!("{:032x}", 77), "text": "",
        "files": [
            {"upload": files[0]},
            {"upload": files[1], "voice": {"lengthMs": 1_000, "levels": [7, 9]}},
        ],
    });
    let said: Value = client.call(Method::POST, lines, Some(said)).await.expect("it is said");
    let line = format!("{lines}/{}", said["number"]);
    let seen: Value = client.call(Method::GET, &line, None).await.expect("it is shown");
    assert_eq!(seen["files"][1]["type"], json!("audio/ogg"));
    for (place, word) in [file, voice].into_iter().enumerate() {
        let mut octets = Vec::new();
        let path = format!("{line}/files/{place}");
        client.octets_to(&path, &mut octets).await.expect("it is fetched");
        assert!(octets.windows(word.len()).any(|part| part == word.as_bytes()));
    }
    words.into()
}

/// Without this check the search would also pass on a daemon that discards everything.
fn assert_they_arrived(daemon: &Daemon, canaries: &[String]) {
    let users: Vec<String> = (1..=5).map(|n| format!("u{n}")).collect();
    let all = daemon.read_all(&users).concat();
    let mut found = Vec::new();
    Searcher::new(canaries).octets(&all, &mut found, "the messages read back");
    let missing: Vec<&String> =
        canaries.iter().filter(|c| !found.iter().any(|f| f.starts_with(c.as_str()))).collect();
    assert!(missing.is_empty(), "not in the messages read back: {missing:?}");
}
