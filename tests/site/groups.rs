//! Groups: mail to their addresses, and closed groups.

use std::process::Command;

use hyper::Method;
use postern::client::Client;
use postern::client::sending::Outgoing;
use serde_json::{Value, json};

use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};
use crate::{in_clear, settled};

const PEOPLE: &[&str] = &["dana", "omar", "noa", "avi"];
const GROUPS: &str =
    "[outgoing]\nundo_secs = 0\n[groups]\naddresses = \"everybody\"\nkinds = \"everybody\"\n";

async fn call(client: &mut Client, method: Method, path: &str, body: Value) -> Value {
    let told = format!("{method} {path}");
    client.call(method, path, Some(body)).await.unwrap_or_else(|error| panic!("{told}: {error}"))
}

async fn get(client: &mut Client, path: &str) -> Value {
    client.call(Method::GET, path, None).await.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Creates a group with these members, whom the client adds; returns its number.
async fn group(client: &mut Client, group: Value, members: &[&str]) -> String {
    let created = call(client, Method::POST, "/api/groups", group).await;
    let id = created["id"].as_str().unwrap().to_owned();
    for member in members {
        let path = format!("/api/groups/{id}/members");
        call(client, Method::POST, &path, json!({ "address": member })).await;
    }
    id
}

async fn subjects(client: &mut Client) -> Vec<String> {
    let items = client.list("inbox").await.unwrap().into_iter();
    let mut subjects: Vec<String> = items.map(|item| item.subject).collect();
    subjects.sort();
    subjects
}

/// Sends a message, and returns the state of each recipient with what is said about it.
async fn sent(client: &mut Client, to: &[&str], subject: &str) -> Vec<String> {
    let to: Vec<String> = to.iter().map(|one| (*one).to_owned()).collect();
    let message = Outgoing { to: &to, subject, text: "Text.", ..Outgoing::default() };
    let sent = client.submit(&message).await.expect("the submission is accepted");
    let sent = settled(client, sent.reference).await;
    sent.recipients.iter().map(|one| one.state.clone()).collect()
}

/// P-24: mail to the address of a group comes to each of its members once, also to one who is named
/// besides, from inside and from outside, as far as the group says who may write to it.
#[tokio::test]
async fn mail_to_a_group_reaches_each_member_once() {
    let sink = Sink::start();
    let site = Site::start(&Setup { people: PEOPLE, ..Setup::to(&sink, GROUPS) });
    let mut dana = site.client("dana").await;
    let (mut omar, mut noa, mut avi) =
        (site.client("omar").await, site.client("noa").await, site.client("avi").await);
    let new = json!({"name": "Sales", "address": "sales@example.org", "writers": "everybody"});
    group(&mut dana, new, &["omar@example.org", "noa"]).await;
    let new = json!({"name": "Board", "address": "board@example.org", "writers": "members"});
    group(&mut dana, new, &["omar"]).await;

    let mut session = in_clear(site.smtp);
    session.line("MAIL FROM:<rachel@outside.example>").expect_code("250");
    session.line("RCPT TO:<board@example.org>").expect_code("550 5.7.1");
    session.line("RCPT TO:<sales@example.org>").expect_code("250");
    session.line("RCPT TO:<omar@example.org>").expect_code("250");
    session.line("RCPT TO:<SALES@example.org>").expect_code("250");
    session.line("DATA").expect_code("354");
    let text = "From: rachel@outside.example\r\nSubject: outside\r\n\r\nText.\r\n.";
    session.line(text).expect_code("250");

    let to = ["sales@example.org", "noa@example.org"];
    assert_eq!(sent(&mut avi, &to, "inside").await, ["delivered", "delivered"]);
    assert_eq!(sent(&mut omar, &["sales@example.org"], "member").await, ["delivered"]);
    assert_eq!(sent(&mut omar, &["board@example.org"], "board").await, ["delivered"]);
    assert_eq!(sent(&mut avi, &["board@example.org"], "stranger").await, ["failed"]);

    assert_eq!(subjects(&mut dana).await, ["board", "inside", "member", "outside"]);
    assert_eq!(subjects(&mut omar).await, ["inside", "outside"]);
    assert_eq!(subjects(&mut noa).await, ["inside", "member", "outside"]);
    let told = subjects(&mut avi).await;
    assert_eq!(told.len(), 1, "the sender is told that one was not delivered: {told:?}");

    // An address belongs to one group, or to one person.
    for address in ["sales@example.org", "omar@example.org"] {
        let body = Some(json!({"name": "Another", "address": address}));
        let taken = avi.call::<Value>(Method::POST, "/api/groups", body).await.unwrap_err();
        assert!(taken.to_string().contains("already in use"), "{taken}");
    }
    site.stop();
}

/// P-85, P-86: nobody outside a closed group, whether inside or outside the organisation, writes to a
/// member of it, and nobody outside it finds more of the member than that the address exists.
#[tokio::test]
async fn a_closed_group_shuts_out_everybody_else() {
    let sink = Sink::start();
    let site = Site::start(&Setup { people: PEOPLE, ..Setup::to(&sink, GROUPS) });
    let mut dana = site.client("dana").await;
    let (mut omar, mut noa) = (site.client("omar").await, site.client("noa").await);
    let closed = group(&mut dana, json!({"name": "Audit", "kind": "closed"}), &["omar"]).await;

    let mut session = in_clear(site.smtp);
    session.line("MAIL FROM:<rachel@outside.example>").expect_code("250");
    session.line("RCPT TO:<omar@example.org>").expect_code("550 5.7.1");
    session.line("RCPT TO:<noa@example.org>").expect_code("250");
    assert_eq!(sent(&mut noa, &["omar@example.org"], "stranger").await, ["failed"]);
    assert_eq!(sent(&mut dana, &["omar@example.org"], "member").await, ["delivered"]);
    assert_eq!(sent(&mut omar, &["noa@example.org"], "outwards").await, ["delivered"]);
    assert_eq!(subjects(&mut omar).await, ["member"]);
    let body = json!({"recipients": ["omar@example.org"]});
    let checked: Result<Value, _> = noa.call(Method::POST, "/api/outgoing/check", Some(body)).await;
    assert!(checked.unwrap().to_string().contains("closed-group"));

    let found = |of: &Value| of["items"].as_array().unwrap().clone();
    for question in ["om", "oma", "omar"] {
        let path = format!("/api/directory?q={question}");
        let seen = get(&mut noa, &path).await;
        assert_eq!((found(&seen).len(), &seen["more"]), (0, &json!(false)), "{question}");
        assert_eq!(found(&get(&mut dana, &path).await).len(), 1, "{question}");
    }
    let exact = found(&get(&mut noa, "/api/directory?q=omar@example.org").await);
    assert_eq!(exact, [json!({"name": null, "address": "omar@example.org", "exact": true})]);
    // Who may not see the member adds nobody to another group either.
    let own = group(&mut noa, json!({"name": "Trap", "kind": "closed"}), &[]).await;
    let path = format!("/api/groups/{own}/members");
    let body = Some(json!({"address": "omar@example.org"}));
    assert!(noa.call::<Value>(Method::POST, &path, body).await.is_err());
    for path in [format!("/api/groups/{closed}"), format!("/api/groups/{}", "0".repeat(32))] {
        assert!(noa.call::<Value>(Method::GET, &path, None).await.is_err(), "{path}");
    }

    // Who leaves is shut out, and is found again.
    let members = get(&mut omar, &format!("/api/groups/{closed}")).await;
    let me = members["members"].as_array().unwrap().iter();
    let me = me.clone().find(|one| one["address"] == "omar@example.org").unwrap();
    let path = format!("/api/groups/{closed}/members/{}", me["id"].as_str().unwrap());
    omar.done(Method::DELETE, &path, None).await.expect("omar leaves");
    assert_eq!(sent(&mut noa, &["omar@example.org"], "again").await, ["delivered"]);
    assert_eq!(sent(&mut omar, &["dana@example.org"], "from without").await, ["failed"]);
    assert_eq!(found(&get(&mut noa, "/api/directory?q=omar").await).len(), 1);
    site.stop();
}

/// Has `voucher` attest the one whom `client` is; returns the number of that one.
async fn attested(voucher: &mut Client, address: &str, client: &mut Client) -> String {
    let ask = Some(json!({ "address": address }));
    client.done(Method::POST, "/api/vouching/requests", ask).await.expect("it is asked");
    let own = get(client, "/api/vouching").await;
    let asked = get(voucher, "/api/vouching").await["requests"][0]["colleague"]["id"].take();
    let new = json!({"colleague": asked, "fingerprint": own["key"]["fingerprint"],
        "how": "in-person", "ends": null, "note": null});
    let done = voucher.done(Method::POST, "/api/vouching/attestations", Some(new)).await;
    done.expect("it is attested");
    asked.as_str().unwrap().to_owned()
}

/// P-83: who is in a closed group because its voucher attests it, is reached from inside the group and
/// writes to it, until the attestation is revoked; a kill in between changes nothing of that. P-85: mail
/// to a hidden member is refused in the words in which mail to nobody is.
#[tokio::test]
async fn a_closed_group_follows_the_attestations_of_its_voucher() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup { people: PEOPLE, ..Setup::to(&sink, GROUPS) });
    let (mut dana, mut noa) = (site.client("dana").await, site.client("noa").await);
    let noas = attested(&mut dana, "dana@example.org", &mut noa).await;
    let mut session = in_clear(site.smtp);
    session.line("MAIL FROM:<rachel@outside.example>").expect_code("250");
    session.line("RCPT TO:<noa@example.org>").expect_code("250");

    let new = json!({"name": "Audit", "kind": "closed", "vouched": true, "hidesMembers": true,
        "address": "audit@example.org"});
    let path = format!("/api/groups/{}", group(&mut dana, new, &[]).await);
    let seen = get(&mut noa, &path).await;
    let member = seen["members"].as_array().unwrap().iter().find(|one| one["id"] == *noas);
    assert_eq!(member.unwrap()["by"], "attested");
    let to = ["audit@example.org", "dana@example.org"];
    assert_eq!(sent(&mut noa, &to, "while attested").await, ["delivered", "delivered"]);
    let mut omar = site.client("omar").await;
    assert_eq!(sent(&mut omar, &to, "never attested").await, ["failed", "failed"]);
    let hidden = session.line("RCPT TO:<noa@example.org>").expect_code("550 5.1.1");
    let nobody = session.line("RCPT TO:<nobody@example.org>").expect_code("550 5.1.1");
    assert_eq!(hidden, nobody);

    let revoke = format!("/api/vouching/attestations/{noas}");
    dana.done(Method::DELETE, &revoke, None).await.expect("it is revoked");
    // At the next RCPT of the same session she is in no closed group any more, and is not let into it.
    session.line("RCPT TO:<noa@example.org>").expect_code("250");
    session.line("RCPT TO:<dana@example.org>").expect_code("550 5.1.1");
    assert_eq!(sent(&mut noa, &to, "revoked").await, ["failed", "failed"]);
    site.kill_and_start();
    let (mut dana, mut noa) = (site.client("dana").await, site.client("noa").await);
    assert!(noa.call::<Value>(Method::GET, &path, None).await.is_err());
    assert_eq!(sent(&mut noa, &to, "after a kill").await, ["failed", "failed"]);
    let left = get(&mut dana, &path).await;
    assert_eq!((&left["keys"], left["members"].as_array().unwrap().len()), (&json!("held"), 1));
    // Besides, noa asked dana to attest her, and a sign-in after the kill may be from a new network.
    let notices = ["Request to vouch", "Sign-in from a new network"];
    let mut came = subjects(&mut dana).await;
    came.retain(|subject| notices.iter().all(|notice| !subject.starts_with(notice)));
    assert_eq!(came, ["while attested"]);
    site.stop();
}

/// P-84: messages of a member of an open group bear its name for those who may know of the group, and
/// mail from anybody else comes as well, without it.
#[tokio::test]
async fn messages_of_an_open_groups_members_bear_its_name() {
    let sink = Sink::start();
    let site = Site::start(&Setup { people: PEOPLE, ..Setup::to(&sink, GROUPS) });
    let mut dana = site.client("dana").await;
    let (mut omar, mut noa) = (site.client("omar").await, site.client("noa").await);
    group(&mut dana, json!({"name": "Clinic", "kind": "open"}), &["omar"]).await;
    group(&mut dana, json!({"name": "A list", "kind": "plain"}), &["omar"]).await;
    let of = "/api/groups/badges?address=dana@example.org";
    let names = |of: &Value| -> Vec<String> {
        let items = of["items"].as_array().unwrap().iter();
        items.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&get(&mut omar, of).await), ["Clinic"]);
    assert!(names(&get(&mut noa, of).await).is_empty(), "the group is not listed");
    assert_eq!(sent(&mut noa, &["omar@example.org"], "from without").await, ["delivered"]);
    let noas = "/api/groups/badges?address=noa@example.org";
    assert!(names(&get(&mut omar, noas).await).is_empty());
    site.stop();
}

/// Runs `postern mail groups` for an account, and returns what it prints.
fn groups(site: &Site, user: &str, words: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_postern"))
        .args(["mail", "groups"])
        .args(words)
        .args(["--url", &site.url, "--user", user, "--ca"])
        .arg(site.ca())
        .arg("--password-file")
        .arg(site.home().join("password"))
        .output()
        .expect("the binary was built with this test");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{words:?} for {user}: {said}");
    String::from_utf8(out.stdout).expect("what it prints is UTF-8")
}

/// P-11: a script creates groups, and says who is in them.
#[test]
fn a_script_has_groups_as_well() {
    let sink = Sink::start();
    let site = Site::start(&Setup { people: PEOPLE, ..Setup::to(&sink, GROUPS) });
    let created = groups(&site, "dana", &["create", "Field team", "--kind", "open"]);
    let id = created.trim();
    groups(&site, "dana", &["add", id, "omar"]);
    groups(&site, "dana", &["appoint", id, "omar@example.org"]);
    let listed = groups(&site, "omar", &["list"]);
    assert_eq!(listed, format!("{id} open manager - Field team\n"));
    let shown = groups(&site, "omar", &["show", id]);
    for line in ["dana@example.org", "omar@example.org"] {
        let found = shown.lines().find(|one| one.starts_with(line)).unwrap();
        assert!(found.ends_with(" manager"), "{shown}");
    }
    let whole: Value =
        serde_json::from_str(&groups(&site, "omar", &["show", id, "--json"])).unwrap();
    assert_eq!((&whole["name"], &whole["keys"]), (&json!("Field team"), &json!("held")));
    groups(&site, "dana", &["leave", id]);
    assert_eq!(groups(&site, "dana", &["list"]), "");
    assert_eq!(groups(&site, "omar", &["show", id]).lines().count(), 2);
    groups(&site, "omar", &["delete", id]);
    assert_eq!(groups(&site, "omar", &["list"]), "");
    site.stop();
}

/// A daemon that is killed at any moment while members come and go leaves groups whose members read on,
/// and whose former members do not.
#[tokio::test]
async fn a_kill_between_changes_of_members_leaves_a_group_that_heals() {
    let sink = Sink::start();
    let mut site = Site::start(&Setup { people: PEOPLE, ..Setup::to(&sink, GROUPS) });
    let mut dana = site.client("dana").await;
    let id = group(&mut dana, json!({"name": "Sales"}), &["omar", "noa"]).await;
    let path = format!("/api/groups/{id}");
    let whole = get(&mut dana, &path).await;
    let number = |address: &str| {
        let members = whole["members"].as_array().unwrap().iter();
        let found = members.clone().find(|one| one["address"] == address).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let (omars, noas) = (number("omar@example.org"), number("noa@example.org"));
    // Noa leaves, so that the key in use is due; nobody makes the next one before the kill.
    let mut noa = site.client("noa").await;
    noa.done(Method::DELETE, &format!("{path}/members/{noas}"), None).await.unwrap();
    site.kill_and_start();
    let mut omar = site.client("omar").await;
    let seen = get(&mut omar, &path).await;
    assert_eq!((&seen["name"], &seen["keys"]), (&json!("Sales"), &json!("held")));
    // Removals and additions that nobody waits for, each followed by a kill.
    for round in 0..4 {
        let mut dana = site.client("dana").await;
        let member = format!("{path}/members/{omars}");
        let both = tokio::spawn(async move {
            let removed = dana.done(Method::DELETE, &member, None).await;
            drop(removed);
        });
        tokio::time::sleep(std::time::Duration::from_millis(3 * round)).await;
        site.kill_and_start();
        both.abort();
        let mut dana = site.client("dana").await;
        let whole = get(&mut dana, &path).await;
        assert_eq!((&whole["name"], &whole["keys"]), (&json!("Sales"), &json!("held")), "{round}");
        let is_in = whole["members"].as_array().unwrap().len() == 2;
        let mut omar = site.client("omar").await;
        let seen = omar.call::<Value>(Method::GET, &path, None).await;
        match is_in {
            true => assert_eq!(seen.unwrap()["keys"], "held", "{round}"),
            false => {
                assert!(seen.is_err(), "{round}");
                let body = json!({"address": "omar@example.org"});
                call(&mut dana, Method::POST, &format!("{path}/members"), body).await;
                assert_eq!(get(&mut omar, &path).await["keys"], "held", "{round}");
            }
        }
    }
    site.stop();
}
