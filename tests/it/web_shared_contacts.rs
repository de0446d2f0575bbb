//! Contacts that are shared, over the API: who sees and changes what, and what nobody else learns.

use hyper::header::HeaderMap;
use serde_json::{Value, json};

use super::web_groups::add_account;
use super::web_harness::{Answer, Browser, TestWeb};

const FIELDS: [&str; 9] =
    ["name", "work", "emails", "phones", "postal", "urls", "birthday", "notes", "own"];

async fn add(browser: &mut Browser, name: &str) -> String {
    let contact = json!({
        "name": {"given": name},
        "work": {"company": "Acme"},
        "emails": [{"label": "work", "value": "secret@a.example"}],
        "phones": [{"label": "cell", "value": "+49 30 555-0100"}],
        "postal": [{"street": "Main St. 1"}],
        "urls": [{"value": "https://a.example"}],
        "birthday": "1980-05-04",
        "notes": "likes boats",
        "labels": ["Friends"],
        "own": [{"label": "Shoe", "value": "43"}],
    });
    let made = browser.post("/api/contacts", &contact).await.expect_status(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn with_version(
    browser: &mut Browser,
    (method, path): (&str, &str),
    over: &str,
    body: &Value,
) -> Answer {
    let mut headers: HeaderMap = browser.credentials(method, path);
    headers.insert("if-match", over.parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    browser.raw(method, path, headers, Some(body.to_string())).await
}

fn person(name: &str, read: &[&str], edit: &[&str]) -> Value {
    let to = json!({"kind": "person", "id": format!("{name}@example.org")});
    json!({"to": to, "read": read, "edit": edit})
}

/// Shares a contact at the version that it has.
async fn share(browser: &mut Browser, id: &str, shares: &[Value]) -> Value {
    let path = format!("/api/contacts/{id}");
    let version = browser.get(&path).await.expect_status(200).header("etag").to_owned();
    let path = format!("{path}/sharing");
    let body = json!({"shares": shares});
    with_version(browser, ("PUT", &path), &version, &body).await.expect_status(200).json()
}

async fn shared(browser: &mut Browser, query: &str) -> Value {
    browser.get(&format!("/api/contacts/shared?{query}")).await.expect_status(200).json()
}

/// The only contact that somebody sees, and the way to it.
async fn only(browser: &mut Browser) -> (Value, String) {
    let page = shared(browser, "").await;
    assert_eq!((&page["total"], &page["all"]), (&json!(1), &json!(1)), "{page}");
    let one = page["items"][0].clone();
    let (owner, id) = (one["owner"]["id"].as_str().unwrap(), one["id"].as_str().unwrap());
    let path = format!("/api/contacts/shared/{owner}/{id}");
    (one, path)
}

/// P-53, P-54: of what is not shared, no answer has the field, the contact, or a number that counts it.
#[tokio::test]
async fn only_the_shared_fields_of_a_shared_contact_leave_the_server() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let id = add(&mut dana, "Noa").await;
    let hidden = add(&mut dana, "Hidden").await;
    share(&mut dana, &id, &[person("omar", &["name", "phones"], &[])]).await;
    let (item, path) = only(&mut omar).await;
    let one = omar.get(&path).await.expect_status(200).json();
    for seen in [&item, &one] {
        for field in FIELDS {
            let is_there = seen.as_object().unwrap().contains_key(field);
            assert_eq!(is_there, ["name", "phones"].contains(&field), "{field} in {seen}");
        }
        assert!(seen.get("labels").is_none() && seen.get("favourite").is_none());
        assert_eq!(seen["fields"], json!(["name", "phones"]));
        assert_eq!(seen["owner"]["address"], "dana@example.org");
        assert!(!seen.to_string().contains("secret@"), "{seen}");
    }
    assert_eq!(shared(&mut omar, "q=5550100").await["total"], 0, "the number as it is written");
    assert_eq!(shared(&mut omar, "q=noa").await["total"], 1);
    for q in ["secret", "boats", "acme", "friends", "hidden", "haifa", "43"] {
        let page = shared(&mut omar, &format!("q={q}")).await;
        assert_eq!((&page["total"], &page["all"]), (&json!(0), &json!(1)), "{q}");
    }
    // No other way leads there: the own list, look-ups, duplicates, export, photo.
    assert_eq!(omar.get("/api/contacts").await.expect_status(200).json()["all"], 0);
    let asked = json!({"items": [{"address": "secret@a.example", "name": "Noa"}]});
    let known = omar.post("/api/contacts/lookup", &asked).await.expect_status(200).json();
    assert_eq!(known["items"][0], json!({"contact": null, "namesake": null}));
    let out = omar.get("/api/contacts/export?format=vcard").await.expect_status(200).json();
    assert_eq!(out["text"], "");
    for path in [format!("/api/contacts/{id}"), format!("/api/contacts/{id}/photo")] {
        omar.get(&path).await.expect_problem(404, "not-found");
    }
    omar.get(&format!("/api/contacts/{id}/sharing")).await.expect_problem(404, "not-found");
    let owner = item["owner"]["id"].as_str().unwrap();
    let same = omar.get(&path.replace(&id, &"0".repeat(32))).await.expect_problem(404, "not-found");
    let other = omar.get(&path.replace(&id, &hidden)).await.expect_problem(404, "not-found");
    let said = |answer: Answer| {
        let mut problem = answer.json();
        problem.as_object_mut().unwrap().remove("errorId");
        problem
    };
    assert_eq!(said(same), said(other));
    omar.get(&format!("/api/contacts/shared/x/{id}")).await.expect_problem(404, "not-found");
    let body = json!({"name": {"given": "x"}});
    omar.post(&format!("/api/contacts/shared/{owner}"), &body)
        .await
        .expect_problem(404, "not-found");
    share(&mut dana, &id, &[]).await;
    omar.get(&path).await.expect_problem(404, "not-found");
    let page = shared(&mut omar, "").await;
    assert_eq!(
        (&page["all"], &page["books"], &page["closed"]),
        (&json!(0), &json!([]), &json!(false))
    );
}

/// P-52: a user in the group sees it; removed from the group, it is gone at the next request.
#[tokio::test]
async fn a_group_reads_while_one_is_in_it() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let id = add(&mut dana, "Noa").await;
    let group = dana.post("/api/groups", &json!({"name": "Sales"})).await.expect_status(201).json();
    let group = group["id"].as_str().unwrap();
    let members = format!("/api/groups/{group}/members");
    let added = dana.post(&members, &json!({"address": "omar"})).await.expect_status(200).json();
    let to = json!({"to": {"kind": "group", "id": group}, "read": ["name", "notes"]});
    let view = share(&mut dana, &id, std::slice::from_ref(&to)).await;
    assert_eq!(view["shares"][0]["to"]["name"], "Sales");
    assert_eq!(view["shares"][0]["sealed"], true);
    let (one, path) = only(&mut omar).await;
    assert_eq!((&one["notes"], one.get("emails")), (&json!("likes boats"), None));
    let mine = omar.get("/api/session").await.expect_status(200).json()["account"]["id"].clone();
    let listed = added["members"].as_array().unwrap().iter().find(|one| one["id"] == mine);
    let one = format!("{members}/{}", listed.unwrap()["id"].as_str().unwrap());
    dana.delete(&one).await.expect_status(204);
    omar.get(&path).await.expect_problem(404, "not-found");
    assert_eq!(shared(&mut omar, "").await["all"], 0);
    let everybody = json!({"to": {"kind": "everybody"}, "read": ["name"]});
    share(&mut dana, &id, &[to, everybody]).await;
    // The keys of everybody inside come from who has them.
    for browser in [&mut omar, &mut dana] {
        browser.post("/api/groups/keys", &json!({})).await.expect_status(200);
    }
    let (one, _) = only(&mut omar).await;
    assert_eq!((&one["fields"], &one["shown"]), (&json!(["name"]), &json!("Noa")));
}

/// P-55.
#[tokio::test]
async fn a_delegate_edits_within_the_grant_and_the_owner_sees_and_undoes() {
    let web = TestWeb::start().await;
    add_account(&web, "yael").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut yael = web.signed_in("yael").await;
    let id = add(&mut dana, "Noa").await;
    let both = |name: &str| person(name, &["name", "notes", "phones"], &["notes"]);
    share(&mut dana, &id, &[both("omar"), both("yael")]).await;
    let (_, path) = only(&mut omar).await;
    let over = omar.get(&path).await.expect_status(200).header("etag").to_owned();
    let hers = yael.get(&path).await.expect_status(200).header("etag").to_owned();
    let at = ("PATCH", path.as_str());
    for outside in ["phones", "emails"] {
        let body = json!({outside: []});
        with_version(&mut omar, at, &over, &body).await.expect_problem(403, "denied");
    }
    let label = json!({"labels": ["x"], "notes": "x"});
    with_version(&mut omar, at, &over, &label).await.expect_problem(403, "denied");
    let changed = with_version(&mut omar, at, &over, &json!({"notes": "by omar"})).await;
    let changed = changed.expect_status(200).json();
    assert_eq!((&changed["notes"], &changed["waiting"]), (&json!("by omar"), &json!(["notes"])));
    // Numbers of one millisecond have no order.
    web.gateway.clock().advance_secs(1);
    with_version(&mut yael, at, &hers, &json!({"notes": "by yael"})).await.expect_status(200);
    assert_eq!(yael.get(&path).await.expect_status(200).json()["notes"], "by yael");
    // The owner's next request takes both: one is there, the other is kept beside it.
    dana.get("/api/contacts").await.expect_status(200);
    let own = format!("/api/contacts/{id}");
    let stored = dana.get(&own).await.expect_status(200).json();
    assert_eq!(stored["notes"], "by omar");
    let edits = dana.get("/api/contacts/edits").await.expect_status(200).json();
    let items = edits["items"].as_array().unwrap();
    let said: Vec<_> = items
        .iter()
        .map(|one| (one["by"]["address"].as_str(), one["outcome"].as_str(), &one["after"]["notes"]))
        .collect();
    let expected = [
        (Some("yael@example.org"), Some("clashed"), &json!("by yael")),
        (Some("omar@example.org"), Some("applied"), &json!("by omar")),
    ];
    assert_eq!(said, expected);
    assert_eq!(items[1]["before"], json!({"notes": "likes boats"}));
    with_version(&mut yael, at, &hers, &json!({"notes": "x"}))
        .await
        .expect_problem(409, "edited-elsewhere");
    let answer =
        |at: usize| format!("/api/contacts/edits/{}", items[at]["reference"].as_str().unwrap());
    omar.post(&answer(0), &json!({"act": "use"})).await.expect_problem(404, "not-found");
    dana.post(&answer(0), &json!({"act": "use"})).await.expect_status(204);
    assert_eq!(dana.get(&own).await.expect_status(200).json()["notes"], "by yael");
    dana.post(&answer(1), &json!({"act": "undo"})).await.expect_problem(409, "edited-elsewhere");
    dana.post(&answer(0), &json!({"act": "undo"})).await.expect_status(204);
    assert_eq!(dana.get(&own).await.expect_status(200).json()["notes"], "by omar");
    assert_eq!(omar.get(&path).await.expect_status(200).json()["notes"], "by omar");
    // A right that was taken is none.
    share(&mut dana, &id, &[person("omar", &["name", "notes"], &[])]).await;
    let over = omar.get(&path).await.expect_status(200).header("etag").to_owned();
    with_version(&mut omar, at, &over, &json!({"notes": "x"})).await.expect_problem(403, "denied");
    with_version(&mut yael, at, &hers, &json!({"notes": "x"}))
        .await
        .expect_problem(404, "not-found");
}

/// P-49, P-55: whose answer was lost asks again with the same key, and adds the contact once.
#[tokio::test]
async fn a_contact_is_added_once_for_each_key_of_a_request() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let noa = json!({"name": {"given": "Noa"}}).to_string();
    async fn ask(browser: &mut Browser, path: &str, key: &str, body: &str) -> Answer {
        let mut headers: HeaderMap = browser.credentials("POST", path);
        headers.insert("idempotency-key", key.parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        browser.raw("POST", path, headers, Some(body.to_owned())).await
    }
    let path = "/api/contacts";
    let one = ask(&mut dana, path, "first-key", &noa).await.expect_status(201).json();
    let same = ask(&mut dana, path, "first-key", &noa).await.expect_status(201).json();
    assert_eq!(one["id"], same["id"]);
    let other = ask(&mut dana, path, "other-key", &noa).await.expect_status(201).json();
    assert_ne!(one["id"], other["id"]);
    ask(&mut dana, path, "short", &noa).await.expect_problem(422, "invalid");
    let omars = json!({"adders": [{"kind": "person", "id": "omar@example.org"}]});
    dana.put("/api/contacts/adders", &omars).await.expect_status(200);
    let owner = shared(&mut omar, "").await["books"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/contacts/shared/{owner}");
    // While it waits, and after it was taken.
    for _ in 0..3 {
        ask(&mut omar, &path, "first-key", &noa).await.expect_status(201);
        dana.get("/api/contacts").await.expect_status(200);
    }
    assert_eq!(dana.get("/api/contacts").await.expect_status(200).json()["all"], 3);
    let edits = dana.get("/api/contacts/edits").await.expect_status(200).json();
    assert_eq!(edits["items"].as_array().unwrap().len(), 1);
    // Who may add no longer learns nothing of what is there, not even by the key that it came with.
    let none = json!({"adders": []});
    dana.put("/api/contacts/adders", &none).await.expect_status(200);
    for key in ["first-key", "other-key"] {
        ask(&mut omar, &path, key, &noa).await.expect_problem(404, "not-found");
    }
}

/// P-54: what a reader does not see is not counted by a version: it says nothing, and is another one for
/// everybody.
#[tokio::test]
async fn a_version_of_a_shared_contact_counts_nothing() {
    let web = TestWeb::start().await;
    add_account(&web, "yael").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut yael = web.signed_in("yael").await;
    let id = add(&mut dana, "Noa").await;
    let both = |name: &str| person(name, &["name", "notes"], &["notes"]);
    share(&mut dana, &id, &[both("omar"), both("yael")]).await;
    let (item, path) = only(&mut omar).await;
    let tag = |answer: &Answer| answer.header("etag").to_owned();
    let first = tag(&omar.get(&path).await.expect_status(200));
    let again = tag(&omar.get(&path).await.expect_status(200));
    assert_ne!(first, again);
    for one in [first.trim_matches('"'), item["version"].as_str().unwrap()] {
        assert!(one.len() > 60 && one.bytes().all(|b| b.is_ascii_hexdigit()), "{one}");
    }
    let at = ("PATCH", path.as_str());
    let body = json!({"notes": "x"});
    // Neither a number, nor another reader's, nor one of another contact.
    let others = tag(&yael.get(&path).await.expect_status(200));
    for wrong in ["\"1\"", "\"\"", "\"zz\"", &others] {
        with_version(&mut omar, at, wrong, &body).await.expect_problem(409, "edited-elsewhere");
    }
    // Both stand for what was read.
    with_version(&mut omar, at, &first, &body).await.expect_status(200);
}

/// P-55: a contact is added by another user than the primary one.
#[tokio::test]
async fn somebody_else_adds_a_contact_where_the_owner_allows_it() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let omars = json!({"adders": [{"kind": "person", "id": "omar@example.org"}]});
    let view = dana.put("/api/contacts/adders", &omars).await.expect_status(200).json();
    assert_eq!(view["adders"][0]["address"], "omar@example.org");
    let page = shared(&mut omar, "").await;
    let owner = page["books"][0]["id"].as_str().unwrap();
    let path = format!("/api/contacts/shared/{owner}");
    let noa = json!({"name": {"given": "Noa"}, "notes": "met in Haifa", "labels": ["x"]});
    let added = omar.post(&path, &noa).await.expect_status(201).json();
    omar.post(&path, &json!({})).await.expect_problem(422, "invalid");
    let list = dana.get("/api/contacts").await.expect_status(200).json();
    assert_eq!((&list["all"], &list["items"][0]["id"]), (&json!(1), &added["id"]));
    assert_eq!(list["items"][0]["labels"], json!([]), "labels are the owner's own");
    let edits = dana.get("/api/contacts/edits").await.expect_status(200).json();
    let one = &edits["items"][0];
    assert_eq!((&one["kind"], &one["outcome"]), (&json!("add"), &json!("applied")));
    assert_eq!((&one["by"]["address"], &one["name"]), (&json!("omar@example.org"), &json!("Noa")));
    let (seen, _) = only(&mut omar).await;
    assert_eq!(seen["edit"], json!(FIELDS));
    dana.put("/api/contacts/adders", &json!({"adders": []})).await.expect_status(200);
    omar.post(&path, &noa).await.expect_problem(404, "not-found");
    let nobody = json!({"adders": [{"kind": "person", "id": "nobody@example.org"}]});
    dana.put("/api/contacts/adders", &nobody).await.expect_problem(404, "no-such-reader");
    let wrong = json!({"shares": [person("omar", &["name"], &["notes"])]});
    let id = added["id"].as_str().unwrap();
    let version = dana.get(&format!("/api/contacts/{id}")).await.header("etag").to_owned();
    let at = format!("/api/contacts/{id}/sharing");
    with_version(&mut dana, ("PUT", &at), &version, &wrong).await.expect_problem(422, "invalid");
    let wrong = json!({"shares": []});
    with_version(&mut dana, ("PUT", &at), "\"99\"", &wrong)
        .await
        .expect_problem(409, "edited-elsewhere");
}

/// P-52, P-53, P-54, P-55: a grant of the whole book holds for contacts that are added later, has the granted
/// fields and no others in every answer, and ends at the next request.
#[tokio::test]
async fn a_whole_address_book_is_shared_with_fields_excepted() {
    let web = TestWeb::start().await;
    add_account(&web, "yael").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut yael = web.signed_in("yael").await;
    add(&mut dana, "Noa").await;
    let of = |edit: &[&str]| json!({"shares": [person("omar", &["name", "notes"], edit)]});
    let book = ("PUT", "/api/contacts/book");
    let of_nobody = dana.get(book.1).await.expect_status(200).header("etag").to_owned();
    let answer = with_version(&mut dana, book, &of_nobody, &of(&["notes"])).await;
    let (first_list, view) = (answer.header("etag").to_owned(), answer.expect_status(200).json());
    assert_eq!(
        (&view["progress"], &view["shares"][0]["to"]["address"]),
        (&json!("done"), &json!("omar@example.org"))
    );
    add(&mut dana, "Later").await;
    let page = shared(&mut omar, "").await;
    assert_eq!((&page["total"], &page["all"]), (&json!(2), &json!(2)));
    let path = |item: &Value| {
        let (owner, id) = (item["owner"]["id"].as_str().unwrap(), item["id"].as_str().unwrap());
        format!("/api/contacts/shared/{owner}/{id}")
    };
    for item in page["items"].as_array().unwrap() {
        let one = omar.get(&path(item)).await.expect_status(200).json();
        for seen in [item, &one] {
            for field in FIELDS {
                let is_there = seen.as_object().unwrap().contains_key(field);
                assert_eq!(is_there, ["name", "notes"].contains(&field), "{field} in {seen}");
            }
            assert_eq!(seen["edit"], json!(["notes"]));
            assert!(!seen.to_string().contains("secret@"), "{seen}");
        }
    }
    for q in ["secret", "5550100", "acme", "friends", "43"] {
        assert_eq!(shared(&mut omar, &format!("q={q}")).await["total"], 0, "{q}");
    }
    // Who reads it is the owner's to know, and nobody else reads anything.
    assert_eq!(omar.get("/api/contacts/book").await.expect_status(200).json()["shares"], json!([]));
    assert_eq!(shared(&mut yael, "").await["all"], 0);
    let first = path(&page["items"][0]);
    yael.get(&first).await.expect_problem(404, "not-found");
    let over = omar.get(&first).await.expect_status(200).header("etag").to_owned();
    let at = ("PATCH", first.as_str());
    with_version(&mut omar, at, &over, &json!({"name": {"given": "x"}}))
        .await
        .expect_problem(403, "denied");
    with_version(&mut omar, at, &over, &json!({"notes": "by omar"})).await.expect_status(200);
    let edits = dana.get("/api/contacts/edits").await.expect_status(200).json();
    assert_eq!(
        (&edits["items"][0]["outcome"], &edits["items"][0]["by"]["address"]),
        (&json!("applied"), &json!("omar@example.org"))
    );
    // A field less, and then nothing.
    let name = json!({"shares": [person("omar", &["name"], &[])]});
    let answer = with_version(&mut dana, book, &first_list, &name).await.expect_status(200);
    let over = answer.header("etag").to_owned();
    let one = omar.get(&first).await.expect_status(200).json();
    assert_eq!((&one["fields"], one.get("notes")), (&json!(["name"]), None));
    let none = json!({"shares": []});
    let answer = with_version(&mut dana, book, &over, &none).await.expect_status(200);
    let over = answer.header("etag").to_owned();
    // Who looked at an earlier list gives nothing back.
    with_version(&mut dana, book, &first_list, &name).await.expect_problem(409, "edited-elsewhere");
    dana.put(book.1, &name).await.expect_problem(422, "invalid");
    omar.get(&first).await.expect_problem(404, "not-found");
    assert_eq!(shared(&mut omar, "").await["all"], 0);
    let wrong = json!({"shares": [person("omar", &["name"], &["notes"])]});
    with_version(&mut dana, book, &over, &wrong).await.expect_problem(422, "invalid");
    let nobody = json!({"shares": [person("nobody", &["name"], &[])]});
    with_version(&mut dana, book, &over, &nobody).await.expect_problem(404, "no-such-reader");
}
