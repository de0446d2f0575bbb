//! What a temporary account may do over the API, and that all other routes are closed to it.

use std::collections::BTreeSet;

use http_body_util::BodyExt;
use postern::mail::message;
use postern::mail::reference::Reference;
use serde_json::{Value, json};

use super::web_harness::{Browser, TestWeb, header, within};

pub const OUTSIDER: &str = "noa@outside.example";
pub const OWN_WORDS: &str = "my very own words";

/// The routes that a temporary account may use: those for reading, rejecting and replying, and for
/// its own session. They are listed here a second time, so that opening a route to outsiders takes
/// two changes.
const MAY: &[&str] = &[
    "GET /api/session",
    "DELETE /api/session",
    "DELETE /api/account",
    "POST /api/account/passphrase",
    "PUT /api/account/password",
    "GET /api/appearance",
    "PUT /api/appearance",
    "GET /api/mailboxes",
    "GET /api/messages",
    "GET /api/messages/{ref}",
    "PATCH /api/messages/{ref}",
    "DELETE /api/messages/{ref}",
    "GET /api/messages/{ref}/attached",
    "GET /api/messages/{ref}/item",
    "POST /api/messages/{ref}/open",
    "POST /api/messages/{ref}/reject",
    "POST /api/messages/{ref}/ticket",
    "GET /api/changes",
    "GET /api/events",
    "GET /api/drafts",
    "POST /api/drafts/from/{ref}",
    "GET /api/drafts/{id}",
    "PUT /api/drafts/{id}",
    "DELETE /api/drafts/{id}",
    "POST /api/uploads",
    "GET /api/uploads/{id}",
    "DELETE /api/uploads/{id}",
    "PUT /api/uploads/{id}/content",
    "POST /api/submissions",
    "GET /api/submissions/{ref}",
    "POST /api/submissions/{ref}/undo",
    "GET /api/rooms",
    "POST /api/rooms/find",
    "POST /api/rooms/asked",
    "DELETE /api/rooms/asked/{ref}",
    "GET /api/rooms/{ref}",
    "POST /api/rooms/{ref}/leave",
    "PATCH /api/rooms/{ref}/own",
    "POST /api/rooms/{ref}/keys",
    "GET /api/rooms/{ref}/members",
    "GET /api/rooms/{ref}/lines",
    "POST /api/rooms/{ref}/lines",
    "GET /api/rooms/{ref}/lines/{number}",
    "PATCH /api/rooms/{ref}/lines/{number}",
    "DELETE /api/rooms/{ref}/lines/{number}",
    "PUT /api/rooms/{ref}/lines/{number}/reaction",
    "DELETE /api/rooms/{ref}/lines/{number}/reaction",
    "GET /api/rooms/{ref}/lines/{number}/files/{index}",
    "PUT /api/rooms/{ref}/read",
    "POST /api/rooms/{ref}/typing",
];

/// One operation of the OpenAPI document.
struct Operation {
    method: String,
    path: String,
    /// Whether the operation needs no session.
    open: bool,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn may(&self) -> bool {
        MAY.contains(&self.name().as_str())
    }

    /// Returns the path with its placeholders filled in; `message` takes the place of a reference
    /// number.
    fn filled(&self, message: Reference) -> String {
        let path = self.path.replace("{ref}", &message.to_string());
        let path = path
            .replace("{id}", &"0".repeat(32))
            .replace("{token}", &"0".repeat(26))
            .replace("{number}", "1");
        match self.path.as_str() {
            "/api/drafts/from/{ref}" => path + "?kind=reply",
            "/api/changes" => path + "?since=0",
            "/api/messages" => path + "?mailbox=inbox",
            "/api/uploads/{id}/content" => path + "?offset=0",
            _ => path,
        }
    }
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            // A ticket is its own credential, and was issued only to a session that may have it.
            let open = operation["security"] == json!([{}]) || path.contains("{ticket}");
            all.push(Operation { method: method.to_uppercase(), path: path.clone(), open });
        }
    }
    all
}

/// P-15: every route that is not on the list answers 403, whatever the request asks for.
#[tokio::test]
async fn a_temporary_account_is_refused_by_every_route_that_is_not_on_its_list() {
    let web = TestWeb::start().await;
    let message = send_outside(&web, "The secret of the day").await;
    let mut noa = claimed(&web, message).await;
    let before = inbox(&mut noa).await;
    let mut refused = 0;
    for one in operations().iter().filter(|one| !one.open && !one.may()) {
        let answer = ask(&mut noa, one, message).await;
        let (status, body) = answer;
        assert_eq!(status, 403, "{}: {body}", one.name());
        assert_eq!(body["code"], "denied", "{}: {body}", one.name());
        refused += 1;
    }
    assert!(refused >= 15, "only {refused} routes were tried");
    assert_eq!(inbox(&mut noa).await, before, "a refused request changed something");
}

/// P-14, P-15: the routes on the list are open, and all of them still exist.
#[tokio::test]
async fn a_temporary_account_is_let_in_by_every_route_on_its_list() {
    let web = TestWeb::start().await;
    let message = send_outside(&web, "The secret of the day").await;
    let mut noa = claimed(&web, message).await;
    let operations = operations();
    let known: BTreeSet<String> = operations.iter().map(Operation::name).collect();
    for name in MAY {
        assert!(known.contains(*name), "{name} is not in the document");
    }
    // With a message that does not exist, so that no request ends the session early.
    let nothing = Reference::new(1);
    let (last, first): (Vec<_>, Vec<_>) = operations
        .iter()
        .filter(|one| one.may())
        .partition(|one| one.name() == "DELETE /api/session");
    for one in first.into_iter().chain(last) {
        let (status, body) = ask(&mut noa, one, nothing).await;
        assert!(![401, 403, 405].contains(&status), "{}: {status} {body}", one.name());
    }
}

/// P-15: without a session, every route that is not public answers 401.
#[tokio::test]
async fn without_a_session_no_route_but_the_open_ones_answers() {
    let web = TestWeb::start().await;
    let message = send_outside(&web, "The secret of the day").await;
    let mut nobody = web.browser().await;
    for one in operations() {
        let (status, body) = ask(&mut nobody, &one, message).await;
        match one.open {
            true => assert!(!body.to_string().contains("secret"), "{}: {body}", one.name()),
            false => assert_eq!(status, 401, "{}: {body}", one.name()),
        }
    }
}

/// Who asks is checked before what is asked: nonsense in the path, the query or the body tells
/// nobody more than sense does.
#[tokio::test]
async fn without_a_session_nonsense_is_answered_like_sense() {
    let web = TestWeb::start().await;
    let mut nobody = web.browser().await;
    let query = "?since=x&limit=x&offset=x&kind=x&mailbox=x&before=x&q=%22&no=1";
    let mut tried = 0;
    for one in operations().iter().filter(|one| !one.open) {
        let path = one.path.split('/').map(|part| match part.starts_with('{') {
            true => "nonsense",
            false => part,
        });
        let path = path.collect::<Vec<_>>().join("/");
        for body in [None, Some(json!(["nonsense"]))] {
            let asked = format!("{path}{query}");
            let answer = nobody.signed(&one.method, &asked, body.as_ref()).await;
            assert_eq!(answer.status, 401, "{}: {}", one.name(), answer.text());
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried} were tried");
}

/// P-15: the session shows the account's kind, its sponsor and its expiry.
#[tokio::test]
async fn a_temporary_account_shows_its_kind_its_sponsor_and_its_end() {
    let web = TestWeb::start().await;
    let message = send_outside(&web, "The secret of the day").await;
    let mut noa = claimed(&web, message).await;
    let session = noa.get("/api/session").await.expect_status(200).json();
    let account = &session["account"];
    assert_eq!(account["kind"], "temporary", "{session}");
    assert_eq!(account["temporary"]["sponsor"]["address"], "dana@example.org", "{session}");
    let expires = account["temporary"]["expiresAt"].as_str().unwrap();
    assert!(expires > web.clock().now().to_rfc3339().as_str(), "{expires}");
}

/// P-13, P-15: guessing the password of a temporary account is rate-limited like any other, and
/// then even the right password is not tried; the answers reveal nothing about the account.
#[tokio::test]
async fn guessing_at_a_temporary_account_is_slowed_down() {
    let web = TestWeb::start().await;
    let message = send_outside(&web, "The secret of the day").await;
    let password = initial_password(&web, message).await;
    let mut noa = web.browser().await;
    for _ in 0..5 {
        noa.sign_in(OUTSIDER, "wrong").await.expect_problem(401, "bad-credentials");
    }
    noa.sign_in(OUTSIDER, &password).await.expect_problem(429, "slow-down");
    web.signed_in("omar").await;
}

/// P-19: the sender and the recipient can find a message by its number, and nobody else can.
#[tokio::test]
async fn a_number_finds_the_message_for_both_ends_alone() {
    let web = TestWeb::start().await;
    let message = send_outside(&web, "The secret of the day").await;
    let path = format!("/api/messages/{message}/item");
    let mut noa = claimed(&web, message).await;
    let mut dana = web.signed_in("dana").await;
    for browser in [&mut dana, &mut noa] {
        let item = browser.get(&path).await.expect_status(200).json();
        assert_eq!(item["reference"], message.to_string());
    }
    let mut omar = web.signed_in("omar").await;
    omar.get(&path).await.expect_status(404);
    // The sender's status is not visible to other users either.
    let path = format!("/api/submissions/{message}");
    dana.get(&path).await.expect_status(200);
    omar.get(&path).await.expect_status(404);
}

/// Requests an operation with an empty body; returns the status, and the body unless the status is
/// 200.
async fn ask(browser: &mut Browser, one: &Operation, message: Reference) -> (u16, Value) {
    let path = one.filled(message);
    let mut headers = browser.credentials(&one.method, &path);
    headers.extend(header("idempotency-key", "a-key-of-a-walk"));
    let body = (one.method != "GET").then(|| "{}".to_owned());
    let response = browser.open(&one.method, &path, headers, body).await;
    let status = response.status().as_u16();
    // An event stream that was accepted has no end.
    if status == 200 {
        return (status, Value::Null);
    }
    let body = within(response.into_body().collect()).await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn inbox(browser: &mut Browser) -> Value {
    browser.get("/api/messages?mailbox=inbox").await.expect_status(200).json()
}

/// Sends a message from Dana to an outsider, and waits until it can no longer be undone.
pub async fn send_outside(web: &TestWeb, text: &str) -> Reference {
    let mut dana = web.signed_in("dana").await;
    let draft = json!({
        "to": [{"name": null, "address": OUTSIDER}], "cc": [], "bcc": [],
        "subject": "The contract", "text": text, "html": null, "attachments": [],
        "related": null, "choices": {OUTSIDER: "temporary-account"},
    });
    let draft = dana.post("/api/drafts", &draft).await.expect_status(201).json();
    let body = json!({"draft": draft["id"], "version": draft["version"]});
    let mut headers = dana.credentials("POST", "/api/submissions");
    headers.extend(header("idempotency-key", draft["id"].as_str().unwrap()));
    let sent = dana.raw("POST", "/api/submissions", headers, Some(body.to_string())).await;
    let sent = sent.expect_status(201).json();
    web.clock().advance_secs(60);
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.messages_release(10).unwrap()).await.unwrap();
    sent["reference"].as_str().unwrap().parse().unwrap()
}

/// Signs in as the outsider with the password in the notification, and chooses a passphrase.
pub async fn claimed(web: &TestWeb, message: Reference) -> Browser {
    let mut noa = web.browser().await;
    let password = initial_password(web, message).await;
    let body = json!({
        "name": OUTSIDER, "password": password, "profile": "browser", "newPassword": OWN_WORDS,
    });
    let answer = noa.post("/api/session", &body).await.expect_status(201).json();
    noa.token = Some(answer["token"].as_str().unwrap().to_owned());
    noa
}

/// Returns the password in the queued notification of a message.
async fn initial_password(web: &TestWeb, message: Reference) -> String {
    let gateway = web.gateway.clone();
    let octets = tokio::task::spawn_blocking(move || {
        let rows = gateway.queue_lease(10, 60, &mut |_| false).unwrap();
        let row = rows.iter().find(|row| row.reference == message).expect("a queued notification");
        gateway.queue_content(row.id).unwrap()
    });
    let text = message::view(&octets.await.unwrap()).text.unwrap();
    let is_password = |w: &&str| w.len() == 31 && w.chars().filter(|c| *c == '-').count() == 5;
    text.split_whitespace().find(is_password).expect("a password in the notification").to_owned()
}
