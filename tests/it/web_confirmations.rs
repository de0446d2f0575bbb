//! Confirmations that a message was read: where they go, and that they always come. What asks for
//! something, such as that a message was rejected, comes to the inbox.

use postern::mail::reference::Reference;
use serde_json::{Value, json};

use super::web_harness::{Browser, TestWeb, header};
use super::web_outsider::{OUTSIDER, claimed, send_outside};

/// Sends a message from this browser's account, as an answer if `related` says so, and waits until
/// it can no longer be undone.
async fn send(web: &TestWeb, from: &mut Browser, to: &str, related: Value) -> Reference {
    let draft = json!({
        "to": [{"name": null, "address": to}], "cc": [], "bcc": [],
        "subject": "The contract", "text": "Please read it.", "html": null, "attachments": [],
        "related": related, "choices": {},
    });
    let draft = from.post("/api/drafts", &draft).await.expect_status(201).json();
    submit(web, from, &draft).await
}

async fn submit(web: &TestWeb, from: &mut Browser, draft: &Value) -> Reference {
    let body = json!({"draft": draft["id"], "version": draft["version"]});
    let mut headers = from.credentials("POST", "/api/submissions");
    headers.extend(header("idempotency-key", draft["id"].as_str().unwrap()));
    let sent = from.raw("POST", "/api/submissions", headers, Some(body.to_string())).await;
    let sent = sent.expect_status(201).json();
    web.clock().advance_secs(60);
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.messages_release(10).unwrap()).await.unwrap();
    sent["reference"].as_str().unwrap().parse().unwrap()
}

/// Returns the mailbox with this role, if there is one.
async fn mailbox(browser: &mut Browser, role: &str) -> Option<Value> {
    let all = browser.get("/api/mailboxes").await.expect_status(200).json();
    all["items"].as_array().unwrap().iter().find(|one| one["role"] == role).cloned()
}

async fn items(browser: &mut Browser, mailbox: &str) -> Vec<Value> {
    let path = format!("/api/messages?mailbox={mailbox}");
    browser.get(&path).await.expect_status(200).json()["items"].as_array().unwrap().clone()
}

/// P-26: the row in *Sent* says how a message stands; those who got it see nothing of that.
#[tokio::test]
async fn the_row_in_sent_says_how_a_message_stands() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let read = send(&web, &mut dana, "omar@example.org", Value::Null).await;
    let rejected = send(&web, &mut dana, "omar@example.org", Value::Null).await;
    let state = dana.get("/api/mailboxes").await.expect_status(200).json()["state"].clone();
    omar.read(read).await;
    let path = format!("/api/messages/{rejected}/reject");
    omar.post(&path, &json!({"reason": null})).await.expect_status(200);
    let path = format!("/api/changes?since={}", state.as_str().unwrap());
    let changes = dana.get(&path).await.expect_status(200).json();
    for (message, state) in [(read, "read"), (rejected, "rejected")] {
        let item = dana.get(&format!("/api/messages/{message}/item")).await.expect_status(200);
        let standing = json!({"state": state, "count": 1, "recipients": 1, "route": "inside"});
        assert_eq!(item.json()["standing"], standing);
        assert!(changes["updated"].as_array().unwrap().contains(&json!(message.to_string())));
    }
    let listed = items(&mut dana, "sent").await;
    let states: Vec<&Value> = listed.iter().map(|one| &one["standing"]["state"]).collect();
    assert_eq!(states, ["rejected", "read"]);
    assert!(items(&mut omar, "inbox").await.iter().all(|one| one["standing"].is_null()));
}

/// P-26: what asks for nothing does not lie between what does, and is found by its number.
#[tokio::test]
async fn a_confirmation_lies_read_in_a_mailbox_of_its_own() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let read = send(&web, &mut dana, "omar@example.org", Value::Null).await;
    let rejected = send(&web, &mut dana, "omar@example.org", Value::Null).await;
    assert_eq!(mailbox(&mut dana, "confirmations").await, None);
    let search = dana.get("/api/search?q=in:confirmations").await.expect_status(200).json();
    assert_eq!(search["items"], json!([]), "before there is one");
    dana.get("/api/messages?mailbox=confirmations").await.expect_problem(404, "not-found");
    omar.read(read).await;
    omar.read(read).await;
    let path = format!("/api/messages/{rejected}/reject");
    omar.post(&path, &json!({"reason": null})).await.expect_status(200);
    let found = mailbox(&mut dana, "confirmations").await.expect("the first creates the mailbox");
    let counts = ["total", "unread", "unopened"].map(|key| found[key].as_u64().unwrap());
    assert_eq!((counts, &found["name"]), ([1, 0, 0], &json!("")));
    for (mailbox, kind, about, unread) in
        [("confirmations", "read", read, false), ("inbox", "rejected", rejected, true)]
    {
        let told = items(&mut dana, mailbox).await;
        let facts = told
            .iter()
            .map(|one| (&one["notice"]["kind"], &one["notice"]["about"], &one["unread"]));
        let expected = (&json!(kind), &json!(about.to_string()), &json!(unread));
        assert!(facts.eq([expected]), "{told:?}");
    }
    // A mailbox of her own with the same name does not hide it.
    dana.post("/api/mailboxes", &json!({"name": "Confirmations"})).await.expect_status(201);
    let search = dana.get("/api/search?q=in:confirmations").await.expect_status(200).json();
    assert_eq!(search["items"].as_array().unwrap().len(), 1, "{search}");
    // It is one of the system's.
    let path = format!("/api/mailboxes/{}", found["id"].as_str().unwrap());
    dana.patch(&path, &json!({"name": "Mine"})).await.expect_problem(403, "denied");
    dana.delete(&path).await.expect_problem(403, "denied");
    dana.post("/api/mailboxes", &json!({"name": "Plans"})).await.expect_status(201);
    let all = dana.get("/api/mailboxes").await.json()["items"].take();
    let roles: Vec<_> = all.as_array().unwrap().iter().map(|one| &one["role"]).collect();
    let expected = [&json!("confirmations"), &Value::Null, &Value::Null];
    assert_eq!(roles[6..], expected, "those with a role come first");
}

/// A person can have them in the inbox, but not do without them.
#[tokio::test]
async fn confirmations_come_to_the_inbox_where_that_is_wished() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let before = dana.get("/api/preferences").await.expect_status(200).json();
    let expected = json!({"value": "mailbox", "source": "system", "fixed": false});
    assert_eq!(before["confirmations"], expected);
    let none = json!({"confirmations": "none"});
    dana.patch("/api/preferences", &none).await.expect_problem(422, "invalid");
    let inbox = json!({"confirmations": "inbox"});
    let after = dana.patch("/api/preferences", &inbox).await.expect_status(200).json();
    let expected = json!({"value": "inbox", "source": "own", "fixed": false});
    assert_eq!(after["confirmations"], expected);
    let first = send(&web, &mut dana, "omar@example.org", Value::Null).await;
    omar.read(first).await;
    let told = items(&mut dana, "inbox").await;
    assert_eq!((told.len(), &told[0]["unread"]), (1, &json!(true)));
    assert_eq!(mailbox(&mut dana, "confirmations").await, None);
    let system = json!({"confirmations": null});
    dana.patch("/api/preferences", &system).await.expect_status(200);
    let second = send(&web, &mut dana, "omar@example.org", Value::Null).await;
    omar.read(second).await;
    assert_eq!(items(&mut dana, "inbox").await.len(), 1);
    assert_eq!(items(&mut dana, "confirmations").await.len(), 1);
}

/// What asks for something stays where it is seen.
#[tokio::test]
async fn a_refusal_is_no_confirmation() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    send(&web, &mut dana, "nobody@example.org", Value::Null).await;
    let told = items(&mut dana, "inbox").await;
    assert_eq!((told.len(), &told[0]["unread"]), (1, &json!(true)));
    assert_eq!(told[0]["notice"]["kind"], "failed", "{told:?}");
}

/// The page of a temporary account has no other mailbox than the inbox.
#[tokio::test]
async fn an_outsider_finds_confirmations_in_the_inbox() {
    let web = TestWeb::start().await;
    let message = send_outside(&web, "The secret of the day").await;
    let mut noa = claimed(&web, message).await;
    noa.read(message).await;
    let path = format!("/api/drafts/from/{message}?kind=reply&language=xx");
    noa.signed("POST", &path, Some(&json!({}))).await.expect_problem(422, "invalid");
    let path = format!("/api/drafts/from/{message}?kind=reply&language=de");
    let draft = noa.signed("POST", &path, Some(&json!({}))).await.expect_status(201).json();
    assert!(draft["text"].as_str().unwrap().contains(" schrieb "), "{draft}");
    let path = format!("/api/drafts/from/{message}?kind=reply");
    let draft = noa.signed("POST", &path, Some(&json!({}))).await.expect_status(201).json();
    assert_eq!(draft["to"][0]["address"], "dana@example.org");
    let reply = submit(&web, &mut noa, &draft).await;
    let mut dana = web.signed_in("dana").await;
    dana.read(reply).await;
    let told = items(&mut noa, "inbox").await;
    let kinds: Vec<_> = told.iter().map(|one| &one["notice"]["kind"]).collect();
    assert_eq!(kinds, [&json!("read"), &Value::Null], "{told:?}");
    let about = items(&mut dana, "confirmations").await;
    assert_eq!(about[0]["notice"]["recipient"], OUTSIDER, "{about:?}");
}
