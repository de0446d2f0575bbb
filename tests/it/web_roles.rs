//! Role mailboxes over SMTP and HTTPS: who reads, who answers, what the others see, and who learns nothing.

use http_body_util::BodyExt;
use hyper::header::HeaderValue;
use postern::gateway::{ChosenBy, NewAccount, Password};
use postern::mail::address::Address;
use postern::mail::reference::Reference;
use serde_json::{Value, json};

use super::harness::TestGateway;
use super::web_harness::{Answer, Browser, PASSWORD, TestWeb, within};

const INFO: &str = "info@example.org";

/// Both edges in front of one gateway, with a group of dana and omar that reads a mailbox.
struct Office {
    smtp: TestGateway,
    web: TestWeb,
    group: String,
    role: String,
}

impl Office {
    async fn start() -> Office {
        let smtp = TestGateway::start().await;
        let gateway = smtp.gateway.clone();
        let work = move || {
            for name in ["noa", "root"] {
                let new = NewAccount {
                    name: name.to_owned(),
                    display_name: String::new(),
                    addresses: vec![Address::parse(&format!("{name}@example.org")).unwrap()],
                    password: Password::new(PASSWORD).unwrap(),
                    chosen_by: ChosenBy::Owner,
                };
                gateway.account_create(new).unwrap();
            }
            gateway.account_manager("root", true).unwrap();
        };
        tokio::task::spawn_blocking(work).await.unwrap();
        let web = TestWeb::in_front_of(smtp.gateway.clone(), |_| ()).await;
        let mut dana = web.signed_in("dana").await;
        let made = dana.post("/api/groups", &json!({"name": "Front desk"})).await;
        let group = made.expect_status(201).json()["id"].as_str().unwrap().to_owned();
        let members = format!("/api/groups/{group}/members");
        dana.post(&members, &json!({"address": "omar"})).await.expect_status(200);
        let mut root = web.signed_in("root").await;
        let body = json!({"group": group, "address": INFO});
        dana.post("/api/role-mailboxes", &body).await.expect_problem(403, "denied");
        let made = root.post("/api/role-mailboxes", &body).await.expect_status(201).json();
        assert_eq!((&made["opens"], &made["groupName"]), (&json!(false), &Value::Null));
        let role = made["id"].as_str().unwrap().to_owned();
        Office { smtp, web, group, role }
    }

    async fn deliver(&self, to: &str, subject: &str) -> Reference {
        let text = format!("From: r@outside.example\r\nSubject: {subject}\r\n\r\n{subject}.\r\n");
        let mut client = self.smtp.smtp().await;
        client.ehlo().await;
        client.deliver(to, text.as_bytes()).await.expect("250 ").reference()
    }

    async fn remove(&self, by: &mut Browser, address: &str) {
        let path = format!("/api/groups/{}", self.group);
        let whole = by.get(&path).await.expect_status(200).json();
        let members = whole["members"].as_array().unwrap();
        let found = members.iter().find(|one| one["address"] == address).unwrap();
        let member = format!("{path}/members/{}", found["id"].as_str().unwrap());
        by.delete(&member).await.expect_status(204);
    }
}

/// Sends a request about a role mailbox.
async fn there(
    browser: &mut Browser,
    role: &str,
    (method, path): (&str, &str),
    body: Option<&Value>,
) -> Answer {
    let mut headers = browser.credentials(method, path);
    headers.insert("postern-mailbox", HeaderValue::from_str(role).unwrap());
    browser.raw(method, path, headers, body.map(Value::to_string)).await
}

async fn subjects(browser: &mut Browser, role: &str) -> Vec<String> {
    let path = "/api/messages?mailbox=inbox";
    let page = there(browser, role, ("GET", path), None).await.expect_status(200).json();
    let items = page["items"].as_array().unwrap().iter();
    let found: Vec<_> = items.map(|item| item["subject"].as_str().unwrap().to_owned()).collect();
    // The webmail asks for conversations, of which each message here is one.
    let path = "/api/conversations?mailbox=inbox";
    let page = there(browser, role, ("GET", path), None).await.expect_status(200).json();
    let rows = page["items"].as_array().unwrap().iter();
    let rows: Vec<_> =
        rows.map(|row| row["latest"]["subject"].as_str().unwrap().to_owned()).collect();
    assert_eq!(rows, found);
    found
}

async fn acts(browser: &mut Browser, role: &str, reference: Reference) -> Vec<(String, String)> {
    let path = format!("/api/messages/{reference}/item");
    let item = there(browser, role, ("GET", &path), None).await.expect_status(200).json();
    let acts = item["acts"].as_array().cloned().unwrap_or_default();
    let text = |act: &Value, member: &str| act[member].as_str().unwrap().to_owned();
    acts.iter().map(|act| (text(act, "who"), text(act, "kind"))).collect()
}

/// P-24, P-26: mail from outside comes to all members; each sees who read it and who answered it, and the
/// answer bears the mailbox's address.
#[tokio::test]
async fn a_group_reads_and_answers_the_mail_of_a_role() {
    let office = Office::start().await;
    let reference = office.deliver(INFO, "Opening hours").await;
    let (mut dana, mut omar) =
        (office.web.signed_in("dana").await, office.web.signed_in("omar").await);
    let list = omar.get("/api/role-mailboxes").await.expect_status(200).json();
    let shown = &list["items"][0];
    assert_eq!((&shown["address"], &shown["unread"]), (&json!(INFO), &json!(1)));
    assert_eq!((&shown["groupName"], &shown["opens"]), (&json!("Front desk"), &json!(true)));
    assert_eq!(subjects(&mut omar, &office.role).await, ["Opening hours"]);
    let open = format!("/api/messages/{reference}/open");
    let opened = there(&mut omar, &office.role, ("POST", &open), None).await.expect_status(200);
    assert_eq!(opened.json()["text"], "Opening hours.\n");
    let read = |who: &str| (who.to_owned(), "read".to_owned());
    assert_eq!(acts(&mut dana, &office.role, reference).await, [read("omar")]);
    let path = format!("/api/messages/{reference}");
    there(&mut dana, &office.role, ("GET", &path), None).await.expect_status(200);
    assert_eq!(acts(&mut omar, &office.role, reference).await, [read("omar"), read("dana")]);
    // A link to its source opens it as well, for the member alone.
    let ticket = format!("/api/messages/{reference}/ticket");
    let body = json!({"kind": "raw"});
    let link = there(&mut dana, &office.role, ("POST", &ticket), Some(&body)).await;
    let link = link.expect_status(201).json()["url"].as_str().unwrap().to_owned();
    assert!(dana.follow(&link).await.expect_status(200).text().contains("Opening hours"));
    dana.get(&path).await.expect_problem(404, "not-found");
    // Noa, inside, asks and is answered by Omar.
    let mut noa = office.web.signed_in("noa").await;
    let asked = asks(&mut noa).await;
    until_there(&office, &mut dana, "Asked").await;
    let from = format!("/api/drafts/from/{asked}?kind=reply");
    let open = format!("/api/messages/{asked}/open");
    there(&mut omar, &office.role, ("POST", &open), None).await.expect_status(200);
    let draft = there(&mut omar, &office.role, ("POST", &from), None).await;
    let draft = draft.expect_status(201).json();
    let sent = submit(&mut omar, Some(&office.role), &draft).await;
    let expected = ("omar".to_owned(), "answered".to_owned());
    assert_eq!(acts(&mut dana, &office.role, asked).await[1], expected);
    let wrote = [("omar".to_owned(), "wrote".to_owned())];
    assert_eq!(acts(&mut dana, &office.role, sent).await, wrote);
    let gateway = office.smtp.gateway.clone();
    gateway.clock().advance_secs(60);
    tokio::task::spawn_blocking(move || gateway.messages_release(9)).await.unwrap().unwrap();
    let item = noa.get(&format!("/api/messages/{sent}/item")).await.expect_status(200).json();
    assert_eq!((&item["from"]["address"], &item["acts"]), (&json!(INFO), &json!([])));
    let confirmations = noa.get("/api/messages?mailbox=confirmations").await.expect_status(200);
    assert_eq!(confirmations.json()["total"], 1, "once, not for each reader");
}

async fn until_there(office: &Office, reader: &mut Browser, subject: &str) {
    let gateway = office.smtp.gateway.clone();
    gateway.clock().advance_secs(60);
    tokio::task::spawn_blocking(move || gateway.messages_release(9)).await.unwrap().unwrap();
    assert!(subjects(reader, &office.role).await.contains(&subject.to_owned()));
}

/// Writes to the mailbox.
async fn asks(browser: &mut Browser) -> Reference {
    let draft = json!({
        "to": [{"name": null, "address": INFO}], "cc": [], "bcc": [],
        "subject": "Asked", "text": "Please answer.", "html": null, "attachments": [],
        "related": null, "choices": {},
    });
    let draft = browser.post("/api/drafts", &draft).await.expect_status(201).json();
    submit(browser, None, &draft).await
}

async fn submit(browser: &mut Browser, role: Option<&str>, draft: &Value) -> Reference {
    let path = "/api/submissions";
    let body = json!({"draft": draft["id"], "version": draft["version"]});
    let mut headers = browser.credentials("POST", path);
    let key = draft["id"].as_str().unwrap();
    headers.insert("idempotency-key", HeaderValue::from_str(key).unwrap());
    if let Some(role) = role {
        headers.insert("postern-mailbox", HeaderValue::from_str(role).unwrap());
    }
    let answer = browser.raw("POST", path, headers, Some(body.to_string())).await;
    answer.expect_status(201).json()["reference"].as_str().unwrap().parse().unwrap()
}

/// One answer for a mailbox that is not there, and for one of a group that somebody is not in, by each
/// route; and none for what is not done there.
#[tokio::test]
async fn who_is_not_in_the_group_learns_nothing_of_its_mailbox() {
    let office = Office::start().await;
    let reference = office.deliver(INFO, "For the group").await;
    let mut noa = office.web.signed_in("noa").await;
    let list = noa.get("/api/role-mailboxes").await.expect_status(200).json();
    assert_eq!(list["items"], json!([]));
    let open = format!("/api/messages/{reference}/open");
    let routes =
        [("GET", "/api/mailboxes"), ("POST", open.as_str()), ("GET", "/api/changes?since=0")];
    let mut answers = Vec::new();
    for role in [office.role.as_str(), &"ab".repeat(16), "x", ""] {
        for route in routes {
            let problem = there(&mut noa, role, route, None).await.expect_status(404).json();
            answers.push((problem["code"].clone(), problem["detail"].clone()));
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let end = format!("/api/role-mailboxes/{}", office.role);
    noa.delete(&end).await.expect_problem(404, "not-found");
    // A manager of the site sees that it is there, and not how much is in it.
    let mut root = office.web.signed_in("root").await;
    let list = root.get("/api/role-mailboxes").await.expect_status(200).json();
    assert_eq!(
        (&list["items"][0]["unread"], &list["items"][0]["opens"]),
        (&json!(0), &json!(false))
    );
    there(&mut root, &office.role, ("GET", "/api/mailboxes"), None).await.expect_status(404);
    // What is a person's own is not done there.
    let mut dana = office.web.signed_in("dana").await;
    for path in ["/api/preferences", "/api/appearance", "/api/groups", "/api/filters"] {
        let answer = there(&mut dana, &office.role, ("GET", path), None).await;
        answer.expect_problem(403, "denied");
    }
    let mut omar = office.web.signed_in("omar").await;
    let reject = format!("/api/messages/{reference}/reject");
    let refused = there(&mut omar, &office.role, ("POST", &reject), Some(&json!({}))).await;
    refused.expect_problem(403, "denied");
    there(&mut dana, &office.role, ("POST", &reject), Some(&json!({}))).await.expect_status(200);
}

/// Mail is taken while nobody has begun the next keys; who was removed has no more of it, in a session that stays open.
#[tokio::test]
async fn mail_comes_while_a_member_leaves_and_not_to_the_one_who_left() {
    let office = Office::start().await;
    let (mut dana, mut omar) =
        (office.web.signed_in("dana").await, office.web.signed_in("omar").await);
    office.deliver(INFO, "Before").await;
    assert_eq!(subjects(&mut omar, &office.role).await, ["Before"]);
    office.remove(&mut omar, "omar@example.org").await;
    office.deliver(INFO, "After").await;
    there(&mut omar, &office.role, ("GET", "/api/mailboxes"), None).await.expect_status(404);
    assert_eq!(subjects(&mut dana, &office.role).await, ["After", "Before"]);
    let members = format!("/api/groups/{}/members", office.group);
    dana.post(&members, &json!({"address": "noa"})).await.expect_status(200);
    let mut noa = office.web.signed_in("noa").await;
    assert_eq!(subjects(&mut noa, &office.role).await, ["After", "Before"]);
}

/// Postmaster mail goes to the group that has the address, and back when the mailbox ends. Only managers of
/// the site give and take that address.
#[tokio::test]
async fn postmaster_may_be_a_group() {
    let office = Office::start().await;
    let mut root = office.web.signed_in("root").await;
    let mut dana = office.web.signed_in("dana").await;
    let body = json!({"group": office.group, "address": "postmaster@example.org"});
    let made = root.post("/api/role-mailboxes", &body).await.expect_status(201).json();
    let role = made["id"].as_str().unwrap().to_owned();
    for to in ["postmaster", "Postmaster@example.org", "abuse@example.org"] {
        office.deliver(to, "To postmaster").await;
    }
    assert_eq!(subjects(&mut dana, &role).await.len(), 3);
    assert_eq!(office.smtp.count("dana").await, 0);
    let end = format!("/api/role-mailboxes/{role}");
    dana.delete(&end).await.expect_problem(403, "denied");
    root.delete(&end).await.expect_status(204);
    there(&mut dana, &role, ("GET", "/api/mailboxes"), None).await.expect_status(404);
    office.deliver("postmaster", "To postmaster again").await;
    assert_eq!(office.smtp.count("dana").await, 1);
    let log = root.get("/api/manage/log").await.expect_status(200).text();
    assert!(log.contains("postmaster@example.org"));
    // A group that has a mailbox neither closes nor goes.
    let path = format!("/api/groups/{}", office.group);
    dana.delete(&path).await.expect_problem(409, "role-mailbox");
}

/// What members do in a role mailbox: mail, and the temporary accounts that it is sent to.
const MAY: &[&str] = &[
    "awaited",
    "changes",
    "drafts",
    "events",
    "labels",
    "mailboxes",
    "messages",
    "conversations",
    "outgoing",
    "search",
    "submissions",
    "temporary",
    "uploads",
];

/// Every other route refuses a request that names a role mailbox, whatever it asks for.
#[tokio::test]
async fn in_a_role_mailbox_no_route_answers_that_is_not_on_its_list() {
    let office = Office::start().await;
    let mut dana = office.web.signed_in("dana").await;
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let first = path.trim_start_matches("/api/").split('/').next().unwrap();
        for (method, operation) in item.as_object().unwrap() {
            let open = operation["security"] == json!([{}]) || path.contains("{ticket}");
            if open || MAY.contains(&first) {
                continue;
            }
            let filled = path
                .replace("{id}", &"0".repeat(32))
                .replace("{member}", "x")
                .replace("{number}", "1");
            let route = (method.to_uppercase(), filled);
            let body = operation["requestBody"].is_object().then(|| json!({}));
            let route = (route.0.as_str(), route.1.as_str());
            let answer = there(&mut dana, &office.role, route, body.as_ref()).await;
            answer.expect_problem(403, "denied");
            refused += 1;
        }
    }
    assert!(refused > 40, "only {refused} routes were tried");
}

/// P-64: a session that ended hears nothing more of its rooms, also where its page shows a role mailbox.
#[tokio::test]
async fn a_stream_of_a_role_mailbox_ends_with_the_session_of_its_reader() {
    let office = Office::start().await;
    let mut dana = office.web.signed_in("dana").await;
    let mut headers = dana.credentials("GET", "/api/events");
    headers.insert("postern-mailbox", HeaderValue::from_str(&office.role).unwrap());
    let response = dana.open("GET", "/api/events", headers, None).await;
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    assert!(within(body.frame()).await.unwrap().is_ok(), "it listens");
    let mut elsewhere = office.web.signed_in("dana").await;
    let ended = std::time::Instant::now();
    elsewhere.delete("/api/sessions").await.expect_status(204);
    while within(body.frame()).await.is_some_and(|frame| frame.is_ok()) {}
    // Without a hint, the session is looked at every twenty seconds.
    assert!(ended.elapsed() < std::time::Duration::from_secs(10));
}
