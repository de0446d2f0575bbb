//! The list of a mailbox by conversations, over the API.

use serde_json::{Value, json};

use super::web_harness::TestWeb;

fn message(id: &str, references: &str, subject: &str) -> String {
    format!(
        "From: Rachel Green <rachel@outside.example>\nTo: dana@example.org\n\
         Message-ID: <{id}>\nReferences: {references}\nSubject: {subject}\n\n\
         Secret text.\n"
    )
}

fn strings<'v>(values: &'v Value, member: &str) -> Vec<&'v str> {
    values.as_array().unwrap().iter().map(|one| one[member].as_str().unwrap()).collect()
}

/// P-24, P-11: a client lists a mailbox with one row for each conversation, page by page, and is told of
/// all its messages whatever part of the mailbox they are in; changes reach the rows by the change feed.
#[tokio::test]
async fn a_mailbox_is_listed_by_conversations() {
    let web = TestWeb::start().await;
    let mut references = Vec::new();
    for (id, of, subject) in [
        ("a@x", "<none@x>", "The plan"),
        ("b@x", "<other@x>", "Another"),
        ("c@x", "<third@x>", "A third"),
        ("d@x", "<a@x>", "Re: The plan"),
    ] {
        web.clock().advance_secs(60);
        references.push(web.deliver("dana", &message(id, of, subject)).await.to_string());
    }
    let [plan, another, third, answer] = &references[..] else { unreachable!() };
    let mut dana = web.signed_in("dana").await;
    let path = "/api/conversations?mailbox=inbox&limit=2";
    let first = dana.get(path).await.expect_status(200).json();
    assert_eq!((&first["total"], &first["unread"]), (&json!(4), &json!(4)));
    let rows = first["items"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["latest"]["reference"], &rows[0]["total"]), (&json!(answer), &json!(2)));
    assert_eq!(strings(&rows[0]["members"], "reference"), [plan]);
    assert_eq!(rows[0]["members"][0]["opened"], false);
    assert_eq!(strings(&rows[0]["authors"], "name"), ["Rachel Green"]);
    assert_eq!((&rows[1]["latest"]["reference"], &rows[1]["members"]), (&json!(third), &json!([])));
    let next = first["next"].as_str().unwrap();
    let second = dana.get(&format!("{path}&before={next}")).await.expect_status(200).json();
    assert_eq!(second["items"].as_array().unwrap().len(), 1, "the plan has its row");
    assert_eq!(second["items"][0]["latest"]["reference"], json!(another));
    assert_eq!(second["next"], json!(null));
    assert!(!first.to_string().contains("Secret text"));
    let item = dana.get(&format!("/api/messages/{answer}/item")).await.expect_status(200).json();
    assert_eq!(rows[0]["latest"], item);

    // What happens to one of its messages is a change of that message, and its row says so.
    let state = first["state"].as_str().unwrap().to_owned();
    let archived = json!({"mailbox": "archive"});
    dana.patch(&format!("/api/messages/{answer}"), &archived).await.expect_status(200);
    let changes = dana.get(&format!("/api/changes?since={state}")).await.expect_status(200).json();
    assert_eq!(changes["updated"], json!([answer]));
    let row = dana.get(&format!("/api/conversations/{plan}")).await.expect_status(200).json();
    assert_eq!((&row["latest"]["reference"], &row["total"]), (&json!(plan), &json!(2)));
    assert_eq!(strings(&row["members"], "reference"), [answer]);
    assert_ne!(row["members"][0]["mailbox"], row["latest"]["mailbox"]);
}

/// P-25: nobody is told whether there is such a message, and limits are limits.
#[tokio::test]
async fn rows_of_others_are_rows_that_do_not_exist() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", &message("a@x", "<b@x>", "The plan")).await;
    let mut omar = web.signed_in("omar").await;
    let theirs = omar.get(&format!("/api/conversations/{reference}")).await;
    let theirs = theirs.expect_problem(404, "not-found").json();
    let unknown = omar.get("/api/conversations/01KAN-5Q7DC-8E2XV-M9T4H").await;
    let unknown = unknown.expect_problem(404, "not-found").json();
    assert_eq!(theirs["detail"], unknown["detail"]);
    for path in ["mailbox=inbox&limit=0", "mailbox=inbox&limit=201", "mailbox=inbox&before=x"] {
        omar.get(&format!("/api/conversations?{path}")).await.expect_problem(422, "invalid");
    }
    omar.get("/api/conversations?mailbox=99").await.expect_problem(404, "not-found");
}
