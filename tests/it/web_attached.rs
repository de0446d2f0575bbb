//! Messages within messages, over the API: read, their files downloaded, their HTML in a frame.

use serde_json::json;

use super::web_harness::TestWeb;

const ATTACHED: &str = "From: Rachel <rachel@outside.example>\nSubject: Fwd\nMIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=a\n\n\
    --a\n\nSee below.\n\
    --a\nContent-Type: message/rfc822\nContent-Disposition: attachment\n\n\
    From: Omar <omar@far.example>\nTo: rachel@outside.example\nSubject: The plan\n\
    Date: Tue, 1 Dec 2026 09:30:00 +0000\nMIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=b\n\n\
    --b\nContent-Type: text/html\n\n<p onclick=x>In <b>May</b></p>\n\
    --b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=plan.txt\n\none\n\
    --b--\n--a--\n";

#[tokio::test]
async fn an_attached_message_is_read_like_any_other() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", ATTACHED).await;
    let mut dana = web.signed_in("dana").await;
    let path = |way: &str| format!("/api/messages/{reference}/attached?within={way}");
    dana.get(&path("2")).await.expect_problem(409, "not-opened");
    let detail = dana.read(reference).await;
    let file = &detail["parts"][0];
    assert_eq!((&file["name"], &file["opens"]), (&json!("The plan.eml"), &json!(true)));
    assert_eq!(file["type"], "message/rfc822");
    let way = file["part"].to_string();
    let inner = dana.get(&path(&way)).await.expect_status(200).json();
    assert_eq!(inner["from"], json!([{"name": "Omar", "address": "omar@far.example"}]));
    assert_eq!((&inner["subject"], &inner["hasHtml"]), (&json!("The plan"), &json!(true)));
    assert_eq!(inner["date"], "2026-12-01T09:30:00Z");
    assert_eq!(inner["text"].as_str().unwrap().trim(), "In May");
    let plan = &inner["parts"][0];
    assert_eq!(plan["name"], "plan.txt");

    let within = json!([file["part"]]);
    let request = json!({"kind": "attachment", "part": plan["part"], "within": within});
    let url = dana.ticket(reference, &request).await;
    let answer = dana.follow(&url).await.expect_status(200);
    assert_eq!(answer.body.as_ref(), b"one");
    let url = dana.ticket(reference, &json!({"kind": "view", "within": within})).await;
    let frame = dana.follow(&url).await.expect_status(200);
    let html = String::from_utf8_lossy(&frame.body).into_owned();
    assert!(html.contains("In <b>May</b>") && !html.contains("onclick"), "{html}");
}

#[tokio::test]
async fn a_way_that_leads_nowhere_is_refused() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", ATTACHED).await;
    let mut dana = web.signed_in("dana").await;
    dana.read(reference).await;
    let path = |way: &str| format!("/api/messages/{reference}/attached?within={way}");
    for way in ["1", "99", "2,1", "2,2,2"] {
        dana.get(&path(way)).await.expect_problem(404, "not-found");
    }
    for way in ["", "x", "1,", "1,1,1,1,1", "-1"] {
        dana.get(&path(way)).await.expect_problem(422, "invalid");
    }
    let ticket = format!("/api/messages/{reference}/ticket");
    for wrong in [
        json!({"kind": "raw", "within": [2]}),
        json!({"kind": "attachments", "within": [2]}),
        json!({"kind": "view", "within": [2, 2, 2, 2, 2]}),
    ] {
        dana.post(&ticket, &wrong).await.expect_problem(422, "invalid");
    }
    let url = dana.ticket(reference, &json!({"kind": "view", "within": [1]})).await;
    dana.follow(&url).await.expect_problem(404, "not-found");
}

/// A calendar, a card and a way out are read from the message, and named to the reader.
#[tokio::test]
async fn what_a_message_is_is_said_in_words() {
    let web = TestWeb::start().await;
    let message = "From: r@x.example\nSubject: Meeting\nMIME-Version: 1.0\n\
        List-Unsubscribe: <https://x.example/out>, <javascript:x>\n\
        Content-Type: text/calendar; method=REQUEST\n\n\
        BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Budget\nDTSTART:20261201T093000Z\n\
        ORGANIZER;CN=Omar:mailto:omar@far.example\nEND:VEVENT\nEND:VCALENDAR\n";
    let reference = web.deliver("dana", message).await;
    let mut dana = web.signed_in("dana").await;
    let detail = dana.read(reference).await;
    assert_eq!(detail["attachments"], 1);
    assert_eq!(detail["unsubscribe"], json!(["https://x.example/out"]));
    let invitation = &detail["invitation"];
    assert_eq!(
        (&invitation["method"], &invitation["summary"]),
        (&json!("request"), &json!("Budget"))
    );
    assert_eq!(invitation["start"], json!({"date": "2026-12-01", "time": "09:30", "zone": "UTC"}));
    assert_eq!(invitation["organizer"], json!({"name": "Omar", "address": "omar@far.example"}));
    assert_eq!((&detail["cryptography"], &detail["contacts"]), (&json!(null), &json!([])));
}
