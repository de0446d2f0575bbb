//! Calendars and meetings over HTTPS: what is asked, answered, changed and cancelled, and who sees it.

use hyper::header::HeaderMap;
use serde_json::{Value, json};

use super::web_groups::add_account;
use super::web_harness::{Answer, Browser, TestWeb};

const DECEMBER: &str = "/api/schedule?from=2026-12-01T00:00:00Z&to=2027-01-01T00:00:00Z";

fn fields() -> Value {
    json!({
        "title": "Budget", "placeKind": "office", "place": "Room 5", "text": "Bring figures",
        "start": "2026-12-03T10:00:00", "durationMinutes": 90, "timeZone": "Europe/Berlin",
    })
}

async fn keyed(browser: &mut Browser, path: &str, key: &str, body: &Value) -> Answer {
    let mut headers: HeaderMap = browser.credentials("POST", path);
    headers.insert("idempotency-key", key.parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    browser.raw("POST", path, headers, Some(body.to_string())).await
}

/// Asks these people, and returns the number of the request.
async fn ask(browser: &mut Browser, to: &[&str]) -> String {
    let mut body = fields();
    let invitees = to.iter().map(|name| json!({"address": format!("{name}@example.org")}));
    body["invitees"] = invitees.collect();
    let made = keyed(browser, "/api/schedule/meetings", "request-0", &body).await;
    let made = made.expect_status(201).json();
    assert_eq!(made["meeting"]["state"], "tentative");
    made["meeting"]["reference"].as_str().unwrap().to_owned()
}

async fn answer(browser: &mut Browser, meeting: &str, key: &str, body: &Value) -> Answer {
    keyed(browser, &format!("/api/schedule/meetings/{meeting}/answer"), key, body).await
}

async fn list(browser: &mut Browser) -> Vec<Value> {
    let found = browser.get(DECEMBER).await.expect_status(200).json();
    found["items"].as_array().unwrap().clone()
}

async fn inbox(browser: &mut Browser) -> Vec<Value> {
    let page = browser.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    page["items"].as_array().unwrap().clone()
}

/// P-74, P-75, P-76, P-77, P-78, P-79: figure 8.
#[tokio::test]
async fn a_meeting_is_asked_for_accepted_and_actual_by_itself() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let meeting = ask(&mut dana, &["omar"]).await;
    assert_eq!(list(&mut dana).await[0]["state"], "tentative");
    let messages = inbox(&mut omar).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    let reference = messages[0]["reference"].as_str().unwrap();
    let message = omar.get(&format!("/api/messages/{reference}")).await.expect_status(200).json();
    assert_eq!(message["meeting"], meeting.as_str());
    let path = format!("/api/schedule/meetings/{meeting}");
    let card = omar.get(&path).await.expect_status(200).json();
    for field in ["title", "placeKind", "place", "text", "start", "durationMinutes", "timeZone"] {
        assert_eq!(card["about"][field], fields()[field], "{field}");
    }
    assert_eq!(
        (&card["about"]["startsAt"], &card["entry"]),
        (&json!("2026-12-03T09:00:00Z"), &Value::Null)
    );
    let accept = json!({"sequence": 0, "answer": "accept"});
    for _ in 0..3 {
        let card =
            answer(&mut omar, &meeting, "request-1", &accept).await.expect_status(200).json();
        assert_eq!(card["meeting"]["state"], "actual");
    }
    let entered = list(&mut omar).await;
    assert_eq!((entered.len(), &entered[0]["title"]), (1, &json!("Budget")));
    assert_eq!((&entered[0]["state"], &entered[0]["mine"]), (&json!("actual"), &json!(false)));
    assert_eq!(list(&mut dana).await[0]["state"], "actual");
    assert_eq!(inbox(&mut dana).await.len(), 1, "told once");
}

/// P-79
#[tokio::test]
async fn each_invitee_is_shown_and_a_changed_time_is_asked_anew() {
    let web = TestWeb::start().await;
    add_account(&web, "noa").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut noa = web.signed_in("noa").await;
    let meeting = ask(&mut dana, &["omar", "noa"]).await;
    let accept = json!({"sequence": 0, "answer": "accept"});
    answer(&mut omar, &meeting, "request-1", &accept).await.expect_status(200);
    let propose = json!({
        "sequence": 0, "answer": "propose", "start": "2026-12-04T10:00:00",
        "durationMinutes": 30, "comment": "Rather then",
    });
    answer(&mut noa, &meeting, "request-1", &propose).await.expect_status(200);
    let path = format!("/api/schedule/meetings/{meeting}");
    let card = dana.get(&path).await.expect_status(200).json();
    let people = card["meeting"]["invitees"].as_array().unwrap();
    assert_eq!(
        (&people[0]["state"], &people[1]["state"]),
        (&json!("accepted"), &json!("proposed"))
    );
    assert_eq!(people[1]["proposedStart"], "2026-12-04T10:00:00");
    let mut moved = fields();
    moved["start"] = json!("2026-12-04T10:00:00");
    moved["sequence"] = json!(0);
    let changed = dana.put(&path, &moved).await.expect_status(200).json();
    assert_eq!(
        (&changed["meeting"]["sequence"], &changed["meeting"]["state"]),
        (&json!(1), &json!("tentative"))
    );
    assert_eq!(list(&mut omar).await[0]["start"], "2026-12-04T10:00:00");
    let late = answer(&mut omar, &meeting, "request-2", &accept).await;
    late.expect_problem(409, "meeting-changed");
    let cancelled = dana.delete(&path).await.expect_status(200).json();
    assert_eq!(cancelled["meeting"]["state"], "cancelled");
    let accept = json!({"sequence": 1, "answer": "accept"});
    let late = answer(&mut noa, &meeting, "request-2", &accept).await;
    late.expect_problem(409, "meeting-cancelled");
}

#[tokio::test]
async fn what_is_hostile_is_refused_and_others_find_nothing() {
    let web = TestWeb::start().await;
    add_account(&web, "noa").await;
    let (mut dana, mut noa) = (web.signed_in("dana").await, web.signed_in("noa").await);
    for (field, value) in [
        ("repeat", json!("FREQ=SECONDLY")),
        ("repeat", json!("FREQ=DAILY;COUNT=1000000")),
        ("start", json!("9999-01-01T00:00:00")),
        ("durationMinutes", json!(-1)),
        ("durationMinutes", json!(4_000_000)),
        ("timeZone", json!("Mars/Olympus")),
        ("title", json!("x".repeat(201))),
        ("text", json!("x".repeat(8_001))),
    ] {
        let mut wrong = fields();
        wrong[field] = value;
        let refused = dana.post("/api/schedule/entries", &wrong).await;
        refused.expect_problem(422, "invalid");
    }
    let meeting = ask(&mut dana, &["omar"]).await;
    let path = format!("/api/schedule/meetings/{meeting}");
    noa.get(&path).await.expect_problem(404, "not-found");
    noa.delete(&path).await.expect_problem(404, "not-found");
    let accept = json!({"sequence": 0, "answer": "accept"});
    let refused = answer(&mut noa, &meeting, "request-1", &accept).await;
    refused.expect_problem(404, "not-found");
    let mut outside = fields();
    outside["invitees"] = json!([{"address": "someone@outside.example"}]);
    let refused = keyed(&mut dana, "/api/schedule/meetings", "request-9", &outside).await;
    refused.expect_problem(403, "denied");
}
