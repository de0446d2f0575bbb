//! Mailboxes and messages over the API: pages of the list, open, reject, change, delete, changes.

use bytes::Bytes;
use postern::mail::reference::Reference;
use postern::store::{ContentId, Piece};
use serde_json::{Value, json};

use super::web_harness::{Browser, MESSAGE, TestWeb};

async fn inbox(browser: &mut Browser) -> Vec<String> {
    references(&browser.get("/api/messages?mailbox=inbox").await.expect_status(200).json())
}

fn references(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["reference"].as_str().unwrap().to_owned()).collect()
}

/// P-25, P-28, P-43: what the list discloses before the recipient opens a message.
#[tokio::test]
async fn the_list_shows_a_message_without_opening_it() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", MESSAGE).await;
    let mut dana = web.signed_in("dana").await;
    let page = dana.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    assert_eq!(
        (&page["total"], &page["unread"], &page["next"]),
        (&json!(1), &json!(1), &json!(null))
    );
    let item = &page["items"][0];
    assert_eq!(item["reference"], reference.to_string());
    let from = json!({
        "name": "Rachel Green", "address": "rachel@outside.example",
        "check": "unchecked", "warnings": [],
    });
    assert_eq!(item["from"], from);
    assert_eq!(item["subject"], "The contract");
    assert_eq!(item["receivedAt"], web.clock().now().to_rfc3339());
    assert_eq!((&item["opened"], &item["unread"]), (&json!(false), &json!(true)));
    assert_eq!(item["protection"]["kind"], "clear");
    assert!(item["protection"]["peer"].as_str().unwrap().contains("relay.example"));
    assert!(!page.to_string().contains("Secret text"));
    let path = format!("/api/messages/{reference}");
    let shown = dana.get(&format!("{path}/item")).await.expect_status(200).json();
    assert_eq!(&shown, item);
    dana.get(&path).await.expect_problem(409, "not-opened");
    let raw = json!({"kind": "raw"});
    dana.post(&format!("{path}/ticket"), &raw).await.expect_problem(409, "not-opened");
}

/// P-25
#[tokio::test]
async fn opening_shows_the_message_and_marks_it_once() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", MESSAGE).await;
    let mut dana = web.signed_in("dana").await;
    let opened = dana.read(reference).await;
    let moment = web.clock().now().to_rfc3339();
    assert_eq!(opened["text"].as_str().unwrap().trim(), "Secret text.");
    assert_eq!(opened["to"], json!([{"name": null, "address": "dana@example.org"}]));
    assert_eq!((&opened["opened"], &opened["unread"]), (&json!(true), &json!(false)));
    assert_eq!(opened["openedAt"], moment);
    assert_eq!((&opened["hasHtml"], &opened["htmlRefused"]), (&json!(false), &json!(null)));
    web.clock().advance_secs(5);
    assert_eq!(dana.read(reference).await["openedAt"], moment);
    let read = dana.get(&format!("/api/messages/{reference}")).await.expect_status(200).json();
    assert_eq!(read, opened);
    // It is now too late to reject the message.
    let path = format!("/api/messages/{reference}/reject");
    dana.post(&path, &json!({"reason": null})).await.expect_problem(409, "already-opened");
}

/// P-25: a rejected message is deleted, and was never opened.
#[tokio::test]
async fn rejecting_destroys_a_message_unread() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    for reason in [json!(null), json!("wrong-person"), json!("not-expected"), json!("other")] {
        let reference = web.deliver("dana", MESSAGE).await;
        let path = format!("/api/messages/{reference}");
        let answer = dana.post(&format!("{path}/reject"), &json!({"reason": reason})).await;
        let result = answer.expect_status(200).json();
        let at = web.clock().now().to_rfc3339();
        let expected = json!({"reference": reference.to_string(), "outcome": "rejected", "at": at});
        assert_eq!(result, expected);
        for gone in [path.clone(), format!("{path}/item")] {
            dana.get(&gone).await.expect_problem(404, "not-found");
        }
        dana.post(&format!("{path}/open"), &json!({})).await.expect_problem(404, "not-found");
        let again = dana.post(&format!("{path}/reject"), &json!({"reason": null})).await;
        again.expect_problem(404, "not-found");
    }
    assert!(inbox(&mut dana).await.is_empty());
    let reference = web.deliver("dana", MESSAGE).await;
    let path = format!("/api/messages/{reference}/reject");
    dana.post(&path, &json!({"reason": "bored"})).await.expect_problem(422, "invalid");
    assert_eq!(inbox(&mut dana).await.len(), 1);
}

/// Unknown, malformed and other users' references all get the same answer.
#[tokio::test]
async fn a_message_of_another_account_is_not_there() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", MESSAGE).await;
    let mut omar = web.signed_in("omar").await;
    let unknown = Reference::new(1);
    let mut answers = Vec::new();
    let slip = "01KAN-5Q7DC-8E2XV-M9T4H".replace("01KAN", "01KAM");
    for text in [reference.to_string(), unknown.to_string(), slip, "x".to_owned(), "%ff".to_owned()]
    {
        let answer = omar.get(&format!("/api/messages/{text}/item")).await;
        answers.push(answer.expect_problem(404, "not-found").json()["detail"].clone());
        let path = format!("/api/messages/{text}");
        omar.delete(&path).await.expect_problem(404, "not-found");
        omar.patch(&path, &json!({"unread": false})).await.expect_problem(404, "not-found");
        omar.signed("POST", &format!("{path}/open"), None).await.expect_problem(404, "not-found");
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // Its owner may write the reference in any form.
    let mut dana = web.signed_in("dana").await;
    let lower = reference.to_string().to_lowercase().replace('-', "");
    dana.get(&format!("/api/messages/{lower}/item")).await.expect_status(200);
}

#[tokio::test]
async fn pages_meet_without_gap_or_overlap_while_mail_arrives() {
    let web = TestWeb::start().await;
    let mut all = Vec::new();
    for n in 0..25 {
        all.insert(
            0,
            web.deliver("dana", &MESSAGE.replace("contract", &n.to_string())).await.to_string(),
        );
    }
    let mut dana = web.signed_in("dana").await;
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/messages?mailbox=inbox&limit=10{before}");
        let page = dana.get(&path).await.expect_status(200).json();
        seen.extend(references(&page));
        // A message that arrives now is newer than every page still to come.
        web.deliver("dana", MESSAGE).await;
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(seen, all);
    let wrong = ["limit=0", "limit=201", "limit=x", "before=x", "limit=-1", "colour=red"];
    for query in wrong {
        let path = format!("/api/messages?mailbox=inbox&{query}");
        dana.get(&path).await.expect_problem(422, "invalid");
    }
    dana.get("/api/messages").await.expect_problem(422, "invalid");
    dana.get("/api/messages?mailbox=attic").await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn mailboxes_are_created_renamed_filled_emptied_and_removed() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let listed = dana.get("/api/mailboxes").await.expect_status(200).json();
    let roles: Vec<_> = listed["items"].as_array().unwrap().iter().map(|b| &b["role"]).collect();
    assert_eq!(roles, ["inbox", "drafts", "sent", "archive", "junk", "trash"]);
    let inbox = listed["items"][0]["id"].as_str().unwrap().to_owned();

    let made = dana.post("/api/mailboxes", &json!({"name": "Plans"})).await;
    let made = made.expect_status(201).json();
    assert_eq!((&made["name"], &made["role"]), (&json!("Plans"), &json!(null)));
    let again = dana.post("/api/mailboxes", &json!({"name": "Plans"})).await;
    again.expect_problem(409, "exists");
    dana.post("/api/mailboxes", &json!({"name": " "})).await.expect_problem(422, "invalid");
    let path = format!("/api/mailboxes/{}", made["id"].as_str().unwrap());
    let renamed = dana.patch(&path, &json!({"name": "תוכניות"})).await.expect_status(200).json();
    assert_eq!(renamed["name"], "תוכניות");
    let role = format!("/api/mailboxes/{inbox}");
    dana.patch(&role, &json!({"name": "Mine"})).await.expect_problem(403, "denied");
    dana.delete(&role).await.expect_problem(403, "denied");

    let reference = web.deliver("dana", MESSAGE).await;
    let message = format!("/api/messages/{reference}");
    let moved = dana.patch(&message, &json!({"mailbox": made["id"], "starred": true})).await;
    let moved = moved.expect_status(200).json();
    assert_eq!((&moved["mailbox"], &moved["starred"]), (&made["id"], &json!(true)));
    dana.delete(&path).await.expect_problem(409, "not-empty");
    dana.patch(&message, &json!({"mailbox": "trash"})).await.expect_status(200);
    dana.delete(&path).await.expect_status(204);
    dana.delete(&path).await.expect_problem(404, "not-found");
}

/// The sender is still to learn whether the message was read or rejected, so it cannot be deleted
/// before that, not even from the trash.
#[tokio::test]
async fn only_opened_messages_are_deleted() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let reference = web.deliver("dana", MESSAGE).await;
    let path = format!("/api/messages/{reference}");
    dana.delete(&path).await.expect_problem(409, "not-opened");
    dana.patch(&path, &json!({"mailbox": "trash"})).await.expect_status(200);
    dana.delete(&path).await.expect_problem(409, "not-opened");
    dana.read(reference).await;
    dana.delete(&path).await.expect_status(204);
    dana.get(&path).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn many_messages_change_at_once_and_each_by_itself() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let (one, two) = (web.deliver("dana", MESSAGE).await, web.deliver("dana", MESSAGE).await);
    let foreign = web.deliver("omar", MESSAGE).await;
    let references = json!([one.to_string(), "nonsense", foreign.to_string(), two.to_string()]);
    let body = json!({"references": references, "change": {"mailbox": "archive"}});
    let result = dana.post("/api/messages/batch", &body).await.expect_status(200).json();
    assert_eq!(result["done"], json!([one.to_string(), two.to_string()]));
    let failed = json!([
        {"reference": foreign.to_string(), "code": "not-found"},
        {"reference": "nonsense", "code": "not-found"},
    ]);
    assert_eq!(result["failed"], failed);
    let archive = dana.get("/api/messages?mailbox=archive").await.json();
    assert_eq!((&archive["total"], &archive["state"]), (&json!(2), &result["state"]));
    let many: Vec<String> = (0..501).map(|_| one.to_string()).collect();
    let body = json!({"references": many, "change": {}});
    dana.post("/api/messages/batch", &body).await.expect_problem(422, "invalid");
}

#[tokio::test]
async fn changes_since_a_state_are_reported() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let state = |value: &Value| value["state"].as_str().unwrap().to_owned();
    let start = state(&dana.get("/api/mailboxes").await.json());
    let (one, two) = (web.deliver("dana", MESSAGE).await, web.deliver("dana", MESSAGE).await);
    let path = format!("/api/messages/{two}/reject");
    dana.post(&path, &json!({"reason": null})).await.expect_status(200);
    let changes = dana.get(&format!("/api/changes?since={start}")).await.expect_status(200).json();
    assert_eq!(changes["updated"], json!([one.to_string()]));
    assert_eq!(changes["removed"], json!([two.to_string()]));
    assert_eq!(changes["more"], false);
    let now = state(&changes);
    let changes = dana.get(&format!("/api/changes?since={now}")).await.json();
    assert_eq!((&changes["updated"], state(&changes)), (&json!([]), now));
    dana.get("/api/changes?since=99999999").await.expect_problem(410, "too-old");
    dana.get("/api/changes?since=x").await.expect_problem(422, "invalid");
}

/// What exactly is damaged is for the log; the reader is told that this message is.
#[tokio::test]
async fn a_damaged_message_says_so_in_words() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", "From: a@b.example\nSubject: Damaged\n\nText.\n").await;
    let id = ContentId(reference.to_bytes());
    let mut sealed = web.gateway.store().content_read(id, 0, u64::MAX).unwrap();
    sealed[9] ^= 1;
    let changed = Bytes::from(sealed);
    let done = web.gateway.store().transact(move |tx| {
        tx.content_put(id, vec![Piece::Inline(changed.clone())]);
        Ok::<_, postern::store::Error>(())
    });
    done.await.unwrap();
    let mut dana = web.signed_in("dana").await;
    let answer = dana.post(&format!("/api/messages/{reference}/open"), &json!({})).await;
    let problem = answer.expect_problem(410, "message-damaged").json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("This message, or something that is needed to show it, is"),
        "{detail}"
    );
    assert!(!detail.contains("segment") && !detail.contains("chunk"), "{detail}");
}
