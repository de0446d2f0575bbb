//! Conversations, labels, bulk changes, import and source over the API.

use hyper::HeaderMap;
use serde_json::{Value, json};

use super::web_harness::{Browser, MESSAGE, TestWeb, header};

async fn import(browser: &mut Browser, mailbox: &str, octets: &str) -> (u16, Value) {
    let path = format!("/api/messages/import?mailbox={mailbox}");
    let mut headers: HeaderMap = browser.credentials("POST", &path);
    headers.extend(header("content-type", "application/octet-stream"));
    let answer = browser.raw("POST", &path, headers, Some(octets.to_owned())).await;
    (answer.status.as_u16(), answer.json())
}

const OLD: &str = "From: Eve <eve@x.example>\nMessage-ID: <old@x.example>\nSubject: Old\n\nText\n";

/// P-11: another client imports mail, reads it back unchanged, labels it and finds it.
#[tokio::test]
async fn mail_is_imported_labelled_and_returned_unchanged() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let (status, made) = import(&mut dana, "archive", OLD).await;
    assert_eq!((status, &made["known"]), (201, &json!(false)));
    let reference = made["reference"].as_str().unwrap().to_owned();
    let source = dana.get(&format!("/api/messages/{reference}/source")).await.expect_status(200);
    assert_eq!(source.text(), OLD.replace('\n', "\r\n"));
    assert_eq!(source.header("content-type"), "message/rfc822");
    let (_, again) = import(&mut dana, "archive", OLD).await;
    assert_eq!(again, json!({"reference": reference, "known": true}));
    let (status, refused) = import(&mut dana, "archive", "nothing").await;
    assert_eq!((status, &refused["code"]), (422, &json!("invalid")));
    let labels = json!({"items": [{"name": "Old things", "colour": 2}]});
    let set = dana.signed("PUT", "/api/labels", Some(&labels)).await.expect_status(200).json();
    assert_eq!(set["items"][0]["id"], 1);
    let give = json!({"references": [reference], "change": {"label": 1}});
    dana.post("/api/messages/batch", &give).await.expect_status(200);
    let found = dana.get("/api/search?q=label:%22old%20things%22").await.expect_status(200).json();
    assert_eq!(found["items"][0]["reference"], reference);
    assert_eq!(found["items"][0]["labels"], json!([1]));
    assert_eq!(found["items"][0]["protection"]["kind"], "imported");
}

/// P-25: viewing a conversation or asking for a source does not open a message.
#[tokio::test]
async fn a_conversation_is_looked_at_without_opening_it() {
    let web = TestWeb::start().await;
    let first = "From: R <r@x.example>\nMessage-ID: <a@x.example>\nSubject: Plan\n\nSecret text\n";
    let second = "From: R <r@x.example>\nMessage-ID: <b@x.example>\nReferences: <a@x.example>\n\
                  Subject: Re: Plan\n\nSecret text\n";
    let one = web.deliver("dana", first).await;
    web.clock().advance_secs(60);
    let two = web.deliver("dana", second).await;
    let mut dana = web.signed_in("dana").await;
    let path = format!("/api/messages/{two}/conversation");
    let found = dana.get(&path).await.expect_status(200).json();
    let items = found["items"].as_array().unwrap();
    let shown: Vec<&str> = items.iter().map(|item| item["reference"].as_str().unwrap()).collect();
    assert_eq!(shown, [one.to_string(), two.to_string()]);
    assert!(items.iter().all(|item| item["opened"] == false));
    assert!(!found.to_string().contains("Secret"));
    let source = format!("/api/messages/{two}/source");
    dana.get(&source).await.expect_problem(409, "not-opened");
    let mut omar = web.signed_in("omar").await;
    omar.get(&path).await.expect_problem(404, "not-found");
    omar.get(&source).await.expect_problem(404, "not-found");
}

/// P-06: the appearance that a user chose in one browser is there in the next, complete.
#[tokio::test]
async fn the_appearance_goes_where_its_owner_goes() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let look = json!({
        "language": "he", "zone": "Asia/Jerusalem", "theme": "dark", "density": "compact",
        "keys": false, "listWidth": 480, "grouped": false, "toured": true,
        "signature": "Dana\n03-555", "place": "/mail/archive",
        "searches": [{"name": "Bills", "query": "subject:invoice"}],
        "advance": "previous",
    });
    dana.signed("PUT", "/api/appearance", Some(&look)).await.expect_status(204);
    let mut elsewhere = web.signed_in("dana").await;
    assert_eq!(elsewhere.get("/api/appearance").await.expect_status(200).json(), look);
    let wrong = json!({"signature": "x".repeat(2_001)});
    dana.signed("PUT", "/api/appearance", Some(&wrong)).await.expect_problem(422, "invalid");
    let strange = json!({"colour": "red"});
    dana.signed("PUT", "/api/appearance", Some(&strange)).await.expect_problem(422, "invalid");
}

/// A list shows how messages begin once they were opened, and asking opens none.
#[tokio::test]
async fn a_list_is_told_how_opened_messages_begin() {
    let web = TestWeb::start().await;
    let opened = web.deliver("dana", MESSAGE).await.to_string();
    let sealed = web.deliver("dana", MESSAGE).await.to_string();
    let mut dana = web.signed_in("dana").await;
    dana.post(&format!("/api/messages/{opened}/open"), &json!({})).await.expect_status(200);
    dana.get("/api/search?q=x").await.expect_status(200);
    let wanted = json!({"references": [opened, sealed, "1M83T-84QR2-38RB4-X487Z"]});
    let told = dana.post("/api/messages/beginnings", &wanted).await.expect_status(200).json();
    let items = told["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["reference"]), (1, &json!(opened)));
    assert!(!items[0]["text"].as_str().unwrap().is_empty());
    let still = dana.get(&format!("/api/messages/{sealed}/item")).await.expect_status(200).json();
    assert_eq!(still["opened"], false);
    let many = json!({"references": vec![opened; 201]});
    dana.post("/api/messages/beginnings", &many).await.expect_problem(422, "invalid");
}

/// A whole mailbox can be listed and moved with few requests.
#[tokio::test]
async fn everything_in_a_mailbox_is_named_and_moved() {
    let web = TestWeb::start().await;
    for _ in 0..3 {
        web.deliver("dana", MESSAGE).await;
    }
    let mut dana = web.signed_in("dana").await;
    let all = dana.get("/api/messages/flags?mailbox=inbox").await.expect_status(200).json();
    let items = all["items"].as_array().unwrap();
    assert_eq!((items.len(), &all["next"]), (3, &json!(null)));
    assert_eq!(items[0]["unread"], true);
    let references: Vec<&Value> = items.iter().map(|item| &item["reference"]).collect();
    let wanted = json!({"references": [references[2], "1M83T-84QR2-38RB4-X487Z"]});
    let shown = dana.post("/api/messages/items", &wanted).await.expect_status(200).json();
    assert_eq!(shown["items"].as_array().unwrap().len(), 1, "the other one does not exist");
    assert_eq!(&shown["items"][0]["reference"], references[2]);
    assert_eq!(shown["items"][0]["opened"], false);
    let change = json!({"references": references, "change": {"mailbox": "archive"}});
    let done = dana.post("/api/messages/batch", &change).await.expect_status(200).json();
    assert_eq!(done["done"].as_array().unwrap().len(), 3);
    let left = dana.get("/api/messages/flags?mailbox=inbox").await.expect_status(200).json();
    assert_eq!(left["items"], json!([]));
    dana.get("/api/messages/flags").await.expect_problem(422, "invalid");
    dana.post("/api/search/index", &json!({})).await.expect_status(200);
    let within = |mailbox: &str| format!("/api/messages/flags?mailbox={mailbox}&q=is%3Aunopened");
    let found = dana.get(&within("archive")).await.expect_status(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 3);
    let found = dana.get(&within("inbox")).await.expect_status(200).json();
    assert_eq!(found["items"], json!([]));
    dana.get(&within("99")).await.expect_problem(404, "not-found");
}
