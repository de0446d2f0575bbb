//! Quotas over the API: what an account stores, what a full one is refused, who sets the limits.

use hyper::HeaderMap;
use serde_json::{Value, json};

use super::web_harness::{Answer, Browser, MESSAGE, TestWeb, header};

const OLD: &str = "From: Eve <eve@x.example>\nSubject: Old\n\nText\n";

/// The running gateway, and Omar, who is a manager.
async fn managed() -> (TestWeb, Browser) {
    let web = TestWeb::start().await;
    let gateway = web.gateway.clone();
    let done = tokio::task::spawn_blocking(move || gateway.account_manager("omar", true));
    done.await.unwrap().unwrap();
    let omar = web.signed_in("omar").await;
    (web, omar)
}

async fn quota(browser: &mut Browser) -> Value {
    browser.get("/api/mailboxes").await.expect_status(200).json()["quota"].clone()
}

async fn limit(omar: &mut Browser, quota: Value) -> Answer {
    omar.patch("/api/manage/users/dana", &json!({ "quota": quota })).await
}

async fn import(browser: &mut Browser) -> Answer {
    let path = "/api/messages/import?mailbox=archive";
    let mut headers: HeaderMap = browser.credentials("POST", path);
    headers.extend(header("content-type", "application/octet-stream"));
    browser.raw("POST", path, headers, Some(OLD.to_owned())).await
}

async fn send(browser: &mut Browser, draft: &Value) -> Answer {
    let body = json!({"draft": draft["id"], "version": draft["version"]});
    let mut headers = browser.credentials("POST", "/api/submissions");
    headers.extend(header("idempotency-key", "the-same-request"));
    browser.raw("POST", "/api/submissions", headers, Some(body.to_string())).await
}

fn draft(text: &str) -> Value {
    json!({
        "to": [{"name": null, "address": "omar@example.org"}], "cc": [], "bcc": [],
        "subject": "A draft", "text": text, "html": null, "attachments": [],
        "related": null, "choices": {},
    })
}

/// P-24: a full account is refused everything that it would store, with a code of its own, until
/// there is room; its owner sees how full it is.
#[tokio::test]
async fn a_full_account_is_refused_until_there_is_room() {
    let (web, mut omar) = managed().await;
    let mut dana = web.signed_in("dana").await;
    let empty = json!({"octets": 0, "octetsMax": 10_000_000_000_u64, "messages": 0,
        "messagesMax": 200_000, "fullness": "room"});
    assert_eq!(quota(&mut dana).await, empty);
    // Deleting it gives enough room for the steps at the end.
    let long = format!("{MESSAGE}{}", "A line of the text.\n".repeat(200));
    let reference = web.deliver("dana", &long).await;
    let kept = dana.post("/api/drafts", &draft("Short")).await.expect_status(201).json();
    let used = quota(&mut dana).await;
    assert_eq!(used["messages"], 2);
    let octets = used["octets"].as_u64().unwrap();
    assert!(octets > long.len() as u64 + 200, "the draft counts as well");

    let full = json!({"octetsMax": octets, "messagesMax": null});
    limit(&mut omar, full).await.expect_status(204);
    assert_eq!(quota(&mut dana).await["fullness"], "full");
    let file = json!({"name": "a.txt", "type": "text/plain", "size": 1});
    dana.post("/api/uploads", &file).await.expect_problem(507, "mailbox-full");
    dana.post("/api/drafts", &draft("Short")).await.expect_problem(507, "mailbox-full");
    let mut longer = draft("A longer text than before");
    longer["version"] = kept["version"].clone();
    let path = format!("/api/drafts/{}", kept["id"].as_str().unwrap());
    dana.signed("PUT", &path, Some(&longer)).await.expect_problem(507, "mailbox-full");
    import(&mut dana).await.expect_problem(507, "mailbox-full");
    send(&mut dana, &kept).await.expect_problem(507, "mailbox-full");
    assert_eq!(quota(&mut dana).await["octets"], octets, "nothing was stored");

    dana.read(reference).await;
    dana.delete(&format!("/api/messages/{reference}")).await.expect_status(204);
    assert_eq!(quota(&mut dana).await["messages"], 1);
    import(&mut dana).await.expect_status(201);
    send(&mut dana, &kept).await.expect_status(201);
}

/// Managers see what each account stores, and set limits for one account.
#[tokio::test]
async fn a_manager_sets_the_limits_of_one_account() {
    let (web, mut omar) = managed().await;
    let mut dana = web.signed_in("dana").await;
    web.deliver("dana", MESSAGE).await;
    limit(&mut omar, json!({"octetsMax": 0, "messagesMax": 2})).await.expect_status(204);
    let now = quota(&mut dana).await;
    assert_eq!((&now["octetsMax"], &now["messagesMax"]), (&Value::Null, &json!(2)));
    let users = omar.get("/api/manage/users").await.expect_status(200).json();
    let row = |name: &str| {
        let items = users["items"].as_array().unwrap().iter();
        items.clone().find(|user| user["name"] == name).unwrap().clone()
    };
    assert_eq!(row("dana")["quota"], now);
    assert_eq!(row("dana")["ownQuota"], json!({"octetsMax": 0, "messagesMax": 2}));
    assert_eq!(row("omar")["ownQuota"], json!({"octetsMax": null, "messagesMax": null}));
    let log = omar.get("/api/manage/log").await.expect_status(200).text();
    assert!(log.contains("user-changed"), "{log}");

    let most = json!({"octetsMax": 1_u64 << 61, "messagesMax": null});
    limit(&mut omar, most).await.expect_problem(422, "invalid");
    limit(&mut omar, json!({"octetsMax": null, "messagesMax": null})).await.expect_status(204);
    assert_eq!(quota(&mut dana).await["octetsMax"], 10_000_000_000_u64);
    let other = json!({"quota": {"octetsMax": 0, "messagesMax": 0}});
    dana.patch("/api/manage/users/dana", &other).await.expect_problem(404, "not-found");
}
