//! Boards over HTTPS: posting and answering, who may do what, and what others learn.

use hyper::header::HeaderValue;
use postern::mail::reference::Reference;
use serde_json::{Value, json};

use super::web_groups::add_account;
use super::web_harness::{Answer, Browser, TestWeb, header};

pub(super) fn person(name: &str, right: &str) -> Value {
    let address = format!("{name}@example.org");
    json!({"to": {"kind": "person", "id": address}, "right": right})
}

pub(super) async fn made(browser: &mut Browser, grants: &[Value]) -> String {
    let new = json!({"name": "Canteen", "description": "What there is", "grants": grants});
    let board = browser.post("/api/boards", &new).await.expect_status(201).json();
    board["id"].as_str().unwrap().to_owned()
}

/// Writes a post in a request with a key.
async fn write(browser: &mut Browser, board: &str, key: &str, post: &Value) -> Answer {
    let path = format!("/api/boards/{board}/posts");
    let mut headers = browser.credentials("POST", &path);
    headers.extend(header("idempotency-key", key));
    browser.raw("POST", &path, headers, Some(post.to_string())).await
}

pub(super) async fn wrote(browser: &mut Browser, board: &str, key: &str, post: &Value) -> String {
    let post = write(browser, board, key, post).await.expect_status(201).json();
    post["reference"].as_str().unwrap().to_owned()
}

async fn change(browser: &mut Browser, path: &str, version: u32, edit: &Value) -> Answer {
    let mut headers = browser.credentials("PATCH", path);
    let tag = HeaderValue::from_str(&format!("\"{version}\"")).unwrap();
    headers.insert("if-match", tag);
    browser.raw("PATCH", path, headers, Some(edit.to_string())).await
}

pub(super) async fn topic(browser: &mut Browser, reference: &str) -> Value {
    browser.get(&format!("/api/posts/{reference}/topic")).await.expect_status(200).json()
}

fn texts(part: &Value) -> Vec<&str> {
    let items = part["items"].as_array().unwrap();
    items.iter().map(|post| post["text"].as_str().unwrap_or_default()).collect()
}

/// P-58, P-63: several people post, answer and read on one board, change and delete what they wrote, and see
/// how far they have read.
#[tokio::test]
async fn people_post_answer_and_read() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let board = made(&mut dana, &[person("omar", "write")]).await;
    let first = json!({"title": "Lunch", "text": "Where?"});
    let reference = wrote(&mut dana, &board, "request-1", &first).await;
    assert_eq!(wrote(&mut dana, &board, "request-1", &first).await, reference, "once");
    let answer = json!({"topic": reference, "text": "> Where?\n\nHere."});
    let second = wrote(&mut omar, &board, "request-2", &answer).await;
    let part = topic(&mut dana, &reference).await;
    assert_eq!(texts(&part), ["Where?", "> Where?\n\nHere."]);
    assert_eq!((&part["firstUnread"], &part["topic"]["unread"]), (&json!(1), &json!(1)));
    dana.signed("POST", &format!("/api/posts/{second}/read"), None).await.expect_status(204);
    assert_eq!(topic(&mut dana, &reference).await["firstUnread"], Value::Null);
    let whole = omar.get(&format!("/api/boards/{board}")).await.expect_status(200).json();
    assert_eq!(whole["keys"], "held");
    let keys = format!("/api/boards/{board}/keys");
    assert_eq!(omar.signed("POST", &keys, None).await.expect_status(200).json()["keys"], "held");
    let list = dana.get("/api/boards").await.expect_status(200).json();
    let seen = &list["items"][0];
    assert_eq!((&seen["name"], &seen["unread"]), (&json!("Canteen"), &json!(0)));
    assert_eq!((&seen["readers"]["count"], &seen["writers"]["count"]), (&json!(2), &json!(2)));
    let path = format!("/api/posts/{second}");
    let edit = json!({"text": "There."});
    let changed = change(&mut omar, &path, 0, &edit).await.expect_status(200).json();
    assert_eq!((&changed["text"], &changed["version"]), (&json!("There."), &json!(1)));
    change(&mut omar, &path, 0, &edit).await.expect_problem(409, "edited-elsewhere");
    let versions = dana.get(&format!("{path}/versions")).await.expect_status(200).json();
    let versions = versions["items"].as_array().unwrap();
    assert_eq!(versions[0]["text"], "> Where?\n\nHere.");
    assert_eq!(versions[1]["by"]["address"], "omar@example.org");
    let found = dana.get("/api/posts?q=there").await.expect_status(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    omar.delete(&path).await.expect_status(204);
    assert_eq!(texts(&topic(&mut dana, &reference).await), ["Where?", ""]);
    let found = dana.get("/api/posts?q=there").await.expect_status(200).json();
    assert_eq!(found["items"], json!([]));
    let topic_path = format!("/api/posts/{reference}/topic");
    dana.patch(&topic_path, &json!({"pinned": true, "locked": true})).await.expect_status(200);
    let late = json!({"topic": reference, "text": "Late"});
    write(&mut omar, &board, "request-3", &late).await.expect_problem(403, "denied");
    let topics = omar.get(&format!("/api/boards/{board}/topics")).await.expect_status(200).json();
    assert_eq!((&topics["total"], &topics["items"][0]["pinned"]), (&json!(1), &json!(true)));
    for (key, wrong) in [
        ("request-4", json!({"text": "no title"})),
        ("request-5", json!({"title": "x", "text": ""})),
        ("request-6", json!({"topic": reference, "title": "x", "text": "titled"})),
        ("short", first),
    ] {
        write(&mut dana, &board, key, &wrong).await.expect_problem(422, "invalid");
    }
    dana.delete(&format!("/api/boards/{board}")).await.expect_status(204);
    omar.get(&format!("/api/posts/{reference}")).await.expect_problem(404, "not-found");
}

/// P-59, P-61: who may read, write, edit and manage is said for each person, for groups and for
/// everybody inside; a right that is taken away is gone at the next request. Who may not read gets the
/// answer of a board that is not there, from each route.
#[tokio::test]
async fn each_right_is_given_and_taken_away() {
    let web = TestWeb::start().await;
    for name in ["noa", "tal"] {
        add_account(&web, name).await;
    }
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let (mut noa, mut tal) = (web.signed_in("noa").await, web.signed_in("tal").await);
    let board = made(&mut dana, &[person("omar", "read"), person("noa", "edit")]).await;
    let path = format!("/api/boards/{board}");
    let first = json!({"title": "Lunch", "text": "Where?"});
    let reference = wrote(&mut dana, &board, "request-1", &first).await;
    let post = format!("/api/posts/{reference}");
    write(&mut omar, &board, "request-2", &first).await.expect_problem(403, "denied");
    let edit = json!({"title": "Lunch", "text": "When?"});
    change(&mut omar, &post, 0, &edit).await.expect_problem(403, "denied");
    change(&mut noa, &post, 0, &edit).await.expect_status(200);
    change(&mut noa, &path, 0, &json!({"grants": []})).await.expect_problem(403, "denied");
    assert_eq!(noa.get(&path).await.json()["grants"], json!([]));
    // Nobody else learns that there is a board: the answers are those of one that is not there, and of a
    // number that nothing has.
    let missing = |answer: Answer| {
        let problem = answer.expect_status(404).json();
        (problem["code"].clone(), problem["detail"].clone())
    };
    let unknown = "abababababababababababababababab";
    let other = Reference::new(1_795_424_523_000).to_string();
    let mut answers = Vec::new();
    for (id, number) in [(board.as_str(), reference.as_str()), (unknown, other.as_str())] {
        let (path, post) = (format!("/api/boards/{id}"), format!("/api/posts/{number}"));
        answers.push([
            missing(tal.get(&path).await),
            missing(tal.get(&format!("{path}/topics")).await),
            missing(write(&mut tal, id, "request-3", &first).await),
            missing(tal.signed("POST", &format!("{path}/read"), None).await),
            missing(tal.signed("POST", &format!("{path}/keys"), None).await),
            missing(change(&mut tal, &path, 0, &json!({"showsEarlier": true})).await),
            missing(tal.delete(&path).await),
            missing(tal.get(&format!("/api/posts?q=lunch&board={id}")).await),
            missing(tal.get(&post).await),
            missing(tal.get(&format!("{post}/topic")).await),
            missing(tal.get(&format!("{post}/versions")).await),
            missing(tal.signed("POST", &format!("{post}/read"), None).await),
            missing(change(&mut tal, &post, 1, &edit).await),
            missing(tal.patch(&format!("{post}/topic"), &json!({"pinned": true})).await),
            missing(tal.delete(&format!("{post}/topic")).await),
            missing(tal.delete(&post).await),
        ]);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(tal.get("/api/boards").await.json()["items"], json!([]));
    let found = tal.get(&format!("/api/posts?q={reference}")).await.expect_status(200).json();
    assert_eq!(found, json!({"items": [], "more": false}));
    // Taken away, and given to a group.
    let group = dana.post("/api/groups", &json!({"name": "Cooks"})).await.json();
    let group = group["id"].as_str().unwrap().to_owned();
    let add = json!({"address": "tal@example.org"});
    dana.post(&format!("/api/groups/{group}/members"), &add).await.expect_status(200);
    let version = |answer: Answer| answer.json()["version"].as_u64().unwrap() as u32;
    let now = version(dana.get(&path).await);
    let grants = json!({"grants": [{"to": {"kind": "group", "id": group}, "right": "write"}]});
    change(&mut dana, &path, now, &grants).await.expect_status(200);
    change(&mut dana, &path, now, &grants).await.expect_problem(409, "edited-elsewhere");
    for browser in [&mut omar, &mut noa] {
        browser.get(&path).await.expect_problem(404, "not-found");
        browser.get(&post).await.expect_problem(404, "not-found");
    }
    assert_eq!(texts(&topic(&mut tal, &reference).await), ["When?"]);
    wrote(&mut tal, &board, "request-4", &json!({"topic": reference, "text": "At noon"})).await;
    let own = tal.get(&format!("/api/groups/{group}")).await.json();
    let members = own["members"].as_array().unwrap();
    let me = members.iter().find(|one| one["address"] == "tal@example.org").unwrap();
    let member = format!("/api/groups/{group}/members/{}", me["id"].as_str().unwrap());
    dana.delete(&member).await.expect_status(204);
    tal.get(&post).await.expect_problem(404, "not-found");
    // Who manages a board cannot give up managing it.
    let now = version(dana.get(&path).await);
    let whole = dana.get(&path).await.json();
    let own = whole["grants"].as_array().unwrap().iter().find(|one| one["own"] == true).unwrap();
    let lower =
        json!({"grants": [{"to": {"kind": "person", "id": own["to"]["id"]}, "right": "read"}]});
    change(&mut dana, &path, now, &lower).await.expect_problem(409, "last-group-manager");
}

/// P-60: a post on an open board is for two readers alone; nobody else sees it in a list, a count, a search,
/// an unread mark or a time.
#[tokio::test]
async fn a_post_for_some_readers_is_nobody_elses() {
    let web = TestWeb::start().await;
    for name in ["noa", "tal"] {
        add_account(&web, name).await;
    }
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let (mut noa, mut tal) = (web.signed_in("noa").await, web.signed_in("tal").await);
    let grants = ["omar", "noa", "tal"].map(|name| person(name, "edit"));
    let board = made(&mut dana, &grants).await;
    let first = json!({"title": "Lunch", "text": "Where?"});
    let reference = wrote(&mut dana, &board, "request-1", &first).await;
    let readers = ["noa@example.org", "dana@example.org"];
    let lists = [
        "/api/boards".to_owned(),
        format!("/api/boards/{board}/topics"),
        format!("/api/posts/{reference}/topic"),
        format!("/api/posts/{reference}/topic?offset=0"),
        "/api/posts?q=salary".to_owned(),
    ];
    let mut before = Vec::new();
    for list in &lists {
        before.push(tal.get(list).await.expect_status(200).json());
    }
    web.clock().advance_secs(90);
    let limited = json!({"topic": reference, "text": "Salary", "readers": readers});
    let answer = wrote(&mut omar, &board, "request-2", &limited).await;
    let own = json!({"title": "Salary", "text": "Salary again", "readers": readers});
    let own = wrote(&mut omar, &board, "request-3", &own).await;
    let reply = json!({"topic": own, "text": "Salary yes"});
    let reply = wrote(&mut noa, &board, "request-4", &reply).await;
    for browser in [&mut dana, &mut omar, &mut noa] {
        assert_eq!(texts(&topic(browser, &reference).await), ["Where?", "Salary"]);
        assert_eq!(texts(&topic(browser, &own).await), ["Salary again", "Salary yes"]);
        let found = browser.get("/api/posts?q=salary").await.json();
        assert_eq!(found["items"].as_array().unwrap().len(), 3);
    }
    let part = topic(&mut noa, &reference).await;
    assert_eq!(part["items"][1]["readers"].as_array().unwrap().len(), 2);
    for (list, before) in lists.iter().zip(before) {
        assert_eq!(tal.get(list).await.expect_status(200).json(), before, "{list}");
    }
    for number in [&answer, &own, &reply] {
        tal.get(&format!("/api/posts/{number}")).await.expect_problem(404, "not-found");
        let found = tal.get(&format!("/api/posts?q={number}")).await.expect_status(200).json();
        assert_eq!(found["items"], json!([]));
    }
    let outside = json!({"topic": own, "text": "x", "readers": ["tal@example.org"]});
    write(&mut noa, &board, "request-5", &outside).await.expect_problem(404, "no-such-reader");
}

/// P-63: a post has files, which its readers save and nobody else gets; each link works once, and what is
/// dropped is gone.
#[tokio::test]
async fn a_post_has_files_for_its_readers() {
    let web = TestWeb::start().await;
    for name in ["noa", "tal"] {
        add_account(&web, name).await;
    }
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut tal = web.signed_in("tal").await;
    let board = made(&mut dana, &[person("omar", "write"), person("tal", "write")]).await;
    let file = json!({"name": "plan ß.pdf", "type": "application/pdf", "size": 9});
    let upload = dana.post("/api/uploads", &file).await.expect_status(201).json();
    let id = upload["id"].as_str().unwrap().to_owned();
    let path = format!("/api/uploads/{id}/content?offset=0");
    dana.put_octets(
        &path,
        b"%PDF plan".to_vec(),
        header("content-type", "application/octet-stream"),
    )
    .await
    .expect_status(200);
    let new = json!({"title": "Plan", "text": "See it", "files": [id],
        "readers": ["omar@example.org"]});
    let post = wrote(&mut dana, &board, "request-1", &new).await;
    dana.get(&format!("/api/uploads/{id}")).await.expect_problem(404, "not-found");
    let seen = omar.get(&format!("/api/posts/{post}")).await.expect_status(200).json();
    let listed = json!([{"id": id, "name": "plan ß.pdf", "type": "application/pdf", "size": 9}]);
    assert_eq!(seen["files"], listed);
    let ticket = format!("/api/posts/{post}/ticket");
    let wanted = json!({"file": id});
    tal.post(&ticket, &wanted).await.expect_problem(404, "not-found");
    omar.post(&ticket, &json!({"file": "0".repeat(32)})).await.expect_problem(404, "not-found");
    let link = omar.post(&ticket, &wanted).await.expect_status(201).json();
    let url = link["url"].as_str().unwrap().to_owned();
    let answer = omar.follow(&url).await.expect_status(200);
    assert_eq!(answer.text(), "%PDF plan");
    assert_eq!(answer.header("content-type"), "application/pdf");
    assert_eq!(answer.header("content-length"), "9");
    assert!(answer.header("content-disposition").starts_with("attachment;"));
    omar.follow(&url).await.expect_problem(410, "gone");
    // Who may read no more gets nothing, also by a link that was there before.
    let link = omar.post(&ticket, &wanted).await.expect_status(201).json();
    let path = format!("/api/boards/{board}");
    let grants = json!({"grants": [person("tal", "write")]});
    change(&mut dana, &path, 0, &grants).await.expect_status(200);
    omar.follow(link["url"].as_str().unwrap()).await.expect_status(404);
    let none = json!({"title": "Plan", "text": "It is off", "files": []});
    let path = format!("/api/posts/{post}");
    let changed = change(&mut dana, &path, 0, &none).await.expect_status(200).json();
    assert_eq!(changed["files"], json!([]));
    dana.post(&ticket, &wanted).await.expect_problem(404, "not-found");
}

/// P-63: who reads a post reacts to it; a topic is followed or muted, for oneself alone.
#[tokio::test]
async fn readers_react_follow_and_mute() {
    let web = TestWeb::start().await;
    add_account(&web, "tal").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut tal = web.signed_in("tal").await;
    let board = made(&mut dana, &[person("omar", "read")]).await;
    let first = json!({"title": "Lunch", "text": "Where?"});
    let post = wrote(&mut dana, &board, "request-1", &first).await;
    let path = format!("/api/posts/{post}/reaction");
    let like = json!({"text": "👍"});
    let seen = omar.put(&path, &like).await.expect_status(200).json();
    assert_eq!(seen["reactions"], json!([{"text": "👍", "count": 1, "own": true}]));
    omar.put(&path, &json!({"text": "words"})).await.expect_status(422);
    tal.put(&path, &like).await.expect_problem(404, "not-found");
    let seen = omar.delete(&path).await.expect_status(200).json();
    assert_eq!(seen["reactions"], json!([]));
    let path = format!("/api/posts/{post}/attention");
    tal.put(&path, &json!({"attention": "muted"})).await.expect_problem(404, "not-found");
    for (attention, unread, followed) in [("followed", 1, 1), ("muted", 0, 0)] {
        let wanted = json!({"attention": attention});
        let topic = omar.put(&path, &wanted).await.expect_status(200).json();
        assert_eq!(topic["attention"], attention);
        let list = omar.get("/api/boards").await.expect_status(200).json();
        let counts = (&list["items"][0]["unread"], &list["items"][0]["followed"]);
        assert_eq!(counts, (&json!(unread), &json!(followed)), "{attention}");
    }
}
