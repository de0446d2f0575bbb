//! Replies of an outsider to everybody inside who is in the conversation, and to nobody else.

use postern::gateway::{ChosenBy, NewAccount, Password};
use postern::mail::address::Address;
use serde_json::{Value, json};

use super::web_harness::{Answer, Browser, PASSWORD, TestWeb, header};
use super::web_outsider::{OUTSIDER, claimed};

/// Another outsider, to whom the message was addressed as well.
const OTHER: &str = "ruth@other.example";

async fn submitted(browser: &mut Browser, draft: &Value) -> Answer {
    let body = json!({"draft": draft["id"], "version": draft["version"]});
    let mut headers = browser.credentials("POST", "/api/submissions");
    headers.extend(header("idempotency-key", draft["id"].as_str().unwrap()));
    browser.raw("POST", "/api/submissions", headers, Some(body.to_string())).await
}

async fn released(web: &TestWeb) {
    web.clock().advance_secs(60);
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.messages_release(10).unwrap()).await.unwrap();
}

fn addresses(people: &Value) -> Vec<&str> {
    people.as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap()).collect()
}

/// P-14
#[tokio::test]
async fn an_outsider_replies_to_all_who_are_inside() {
    let web = TestWeb::start().await;
    let tova = NewAccount {
        name: "tova".to_owned(),
        display_name: "A colleague who is not in the conversation".to_owned(),
        addresses: vec![Address::parse("tova@example.org").unwrap()],
        password: Password::new(PASSWORD).unwrap(),
        chosen_by: ChosenBy::Owner,
    };
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.account_create(tova).unwrap()).await.unwrap();
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let one = |address: &str| json!({"name": null, "address": address});
    let draft = json!({
        "to": [one(OUTSIDER), one("omar@example.org")], "cc": [one(OTHER)], "bcc": [],
        "subject": "The contract", "text": "What do you all say?", "html": null,
        "attachments": [], "related": null,
        "choices": {OUTSIDER: "temporary-account", OTHER: "refuse"},
    });
    let draft = dana.post("/api/drafts", &draft).await.expect_status(201).json();
    let sent = submitted(&mut dana, &draft).await.expect_status(201).json();
    released(&web).await;
    let message = sent["reference"].as_str().unwrap().parse().unwrap();
    let mut noa = claimed(&web, message).await;
    noa.read(message).await;
    let path = format!("/api/drafts/from/{message}?kind=reply-all");
    let reply = noa.signed("POST", &path, None).await.expect_status(201).json();
    assert_eq!(addresses(&reply["to"]), ["dana@example.org"]);
    assert_eq!(addresses(&reply["cc"]), ["omar@example.org"], "nobody else outside");
    // More than that it cannot do, whatever it writes itself.
    let path = format!("/api/drafts/{}", reply["id"].as_str().unwrap());
    let save = |version: &Value, cc: &[&str]| {
        let cc: Vec<Value> = cc.iter().map(|address| one(address)).collect();
        json!({
            "to": reply["to"], "cc": cc, "bcc": [], "subject": "Re: The contract",
            "text": "All right.", "html": null, "attachments": [], "related": reply["related"],
            "choices": {}, "version": version,
        })
    };
    let mut version = reply["version"].clone();
    for stranger in [OTHER, "tova@example.org", "nobody@example.org", "eve@elsewhere.example"] {
        let body = save(&version, &["omar@example.org", stranger]);
        let saved = noa.signed("PUT", &path, Some(&body)).await.expect_status(200).json();
        version = saved["version"].clone();
        submitted(&mut noa, &saved).await.expect_problem(403, "denied");
    }
    let body = save(&version, &["omar@example.org"]);
    let saved = noa.signed("PUT", &path, Some(&body)).await.expect_status(200).json();
    submitted(&mut noa, &saved).await.expect_status(201);
    released(&web).await;
    for browser in [&mut dana, &mut omar] {
        let inbox = browser.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
        let from = inbox["items"].as_array().unwrap().iter().map(|one| &one["from"]["address"]);
        assert_eq!(from.filter(|address| *address == OUTSIDER).count(), 1, "{inbox}");
    }
}
