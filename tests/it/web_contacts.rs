//! The address book over the API: contacts, import and export, and requests to add somebody.

use hyper::header::HeaderMap;
use serde_json::{Value, json};

use super::web_groups::{add_account, manager};
use super::web_harness::{Answer, Browser, TestWeb};

fn levi(name: &str, address: &str) -> Value {
    json!({
        "name": {"given": name, "family": "Levi"},
        "work": {"company": "Acme", "title": "Head"},
        "emails": [{"label": "work", "value": address}],
        "phones": [{"label": "cell", "value": "+49 30 555-0100"}],
        "postal": [{"label": "home", "street": "Main St. 1", "city": "Haifa"}],
        "urls": [{"label": "", "value": "https://a.example"}],
        "birthday": "1980-05-04",
        "notes": "likes boats",
        "labels": ["Friends"],
        "own": [{"label": "Shoe", "value": "43"}],
        "favourite": true,
    })
}

async fn add(browser: &mut Browser, contact: &Value) -> String {
    let made = browser.post("/api/contacts", contact).await.expect_status(201);
    assert_eq!(made.header("etag"), "\"1\"");
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn change(browser: &mut Browser, id: &str, over: &str, body: &Value) -> Answer {
    let path = format!("/api/contacts/{id}");
    let mut headers: HeaderMap = browser.credentials("PATCH", &path);
    headers.insert("if-match", over.parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    browser.raw("PATCH", &path, headers, Some(body.to_string())).await
}

async fn names(browser: &mut Browser, query: &str) -> Vec<String> {
    let page = browser.get(&format!("/api/contacts?{query}")).await.expect_status(200).json();
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

/// P-48, P-49.
#[tokio::test]
async fn a_contact_is_kept_with_every_field_for_its_owner_alone() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let id = add(&mut dana, &levi("Noa", "noa@a.example")).await;
    let path = format!("/api/contacts/{id}");
    let read = dana.get(&path).await.expect_status(200).json();
    let wanted = levi("Noa", "noa@a.example");
    for (field, value) in wanted.as_object().unwrap() {
        let value = value.as_object().map_or(value.clone(), |parts| {
            let mut whole = read[field].as_object().unwrap().clone();
            whole.extend(parts.clone());
            Value::Object(whole)
        });
        if field == "postal" {
            assert_eq!(read[field][0]["street"], value[0]["street"]);
        } else {
            assert_eq!(read[field], value, "{field}");
        }
    }
    assert_eq!(names(&mut omar, "").await, [""; 0]);
    omar.get(&path).await.expect_problem(404, "not-found");
    omar.delete(&path).await.expect_problem(404, "not-found");
    change(&mut omar, &id, "\"1\"", &json!({"notes": "x"})).await.expect_problem(404, "not-found");
    omar.post(&format!("{path}/restore"), &json!({})).await.expect_problem(404, "not-found");
    omar.get(&format!("{path}/photo")).await.expect_problem(404, "not-found");
    for query in ["q=boats", "q=haifa%20noa", "q=5550100", "label=friends", "favourites=true"] {
        assert_eq!(names(&mut dana, query).await, ["Noa Levi"], "{query}");
    }
    assert_eq!(names(&mut dana, "q=boats%20omar").await, [""; 0]);
    dana.delete(&path).await.expect_status(204);
    assert_eq!(names(&mut dana, "").await, [""; 0]);
    dana.get(&path).await.expect_problem(404, "not-found");
    dana.post(&format!("{path}/restore"), &json!({})).await.expect_status(200);
    assert_eq!(names(&mut dana, "").await, ["Noa Levi"]);
}

#[tokio::test]
async fn changes_of_different_fields_are_merged_and_the_second_of_one_field_is_refused() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let id = add(&mut dana, &levi("Noa", "noa@a.example")).await;
    change(&mut dana, &id, "\"1\"", &json!({"notes": "one"})).await.expect_status(200);
    let both = change(&mut dana, &id, "\"1\"", &json!({"birthday": ""})).await.expect_status(200);
    assert_eq!((both.header("etag"), &both.json()["notes"]), ("\"3\"", &json!("one")));
    let refused = change(&mut dana, &id, "\"1\"", &json!({"notes": "two"})).await;
    refused.expect_problem(409, "edited-elsewhere");
    let refused = change(&mut dana, &id, "3", &json!({"notes": "two"})).await;
    refused.expect_problem(422, "invalid");
    let long = json!({"notes": "x".repeat(8_001)});
    change(&mut dana, &id, "\"3\"", &long).await.expect_problem(422, "invalid");
    dana.post("/api/contacts", &json!({})).await.expect_problem(422, "invalid");
    // A day that is not understood is refused, and nothing is taken away.
    for day in ["1980-5-4", "04.05.1980", "x"] {
        change(&mut dana, &id, "\"3\"", &json!({"birthday": day}))
            .await
            .expect_problem(422, "invalid");
        let new = json!({"name": {"given": "A"}, "birthday": day});
        dana.post("/api/contacts", &new).await.expect_problem(422, "invalid");
    }
}

/// P-50, P-85: who is in a closed group is asked by its members alone, and a group has no address book.
#[tokio::test]
async fn a_request_reaches_a_closed_group_from_inside_it_alone() {
    let web = TestWeb::start().await;
    add_account(&web, "yael").await;
    let mut dana = web.signed_in("dana").await;
    let (mut omar, mut yael) = (web.signed_in("omar").await, web.signed_in("yael").await);
    let path = "/api/contacts/requests";
    let ask = |name: &str| json!({"to": "omar@example.org", "contact": levi(name, "a@a.example")});
    let waits = dana.post(path, &ask("Before")).await.expect_status(201).json();
    manager(&web, "omar").await;
    let group = json!({"name": "Inner", "kind": "closed", "address": "inner@example.org"});
    let group = omar.post("/api/groups", &group).await.expect_status(201).json();
    let members = format!("/api/groups/{}/members", group["id"].as_str().unwrap());
    omar.post(&members, &json!({"address": "yael@example.org"})).await.expect_status(200);
    dana.post(path, &ask("Noa")).await.expect_problem(404, "not-found");
    yael.post(path, &ask("Noa")).await.expect_status(201);
    let to_group = json!({"to": "inner@example.org", "contact": levi("Noa", "a@a.example")});
    yael.post(path, &to_group).await.expect_problem(404, "not-found");
    // What was asked before is answered without the name of somebody who may not be seen any more.
    let one = format!("{path}/{}", waits["reference"].as_str().unwrap());
    omar.post(&one, &json!({"allow": false})).await.expect_status(200);
    let inbox = dana.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    let subject = inbox["items"][0]["subject"].as_str().unwrap();
    assert!(subject.contains("omar@example.org"), "{subject}");
}

#[tokio::test]
async fn the_list_comes_in_pages_with_totals() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    for number in 0..5 {
        add(&mut dana, &levi(&format!("N{number}"), "n@a.example")).await;
    }
    let page = dana.get("/api/contacts?offset=3&limit=1&q=levi").await.expect_status(200).json();
    assert_eq!(page["items"][0]["name"], "N3 Levi");
    assert_eq!(
        (&page["total"], &page["all"], &page["favourites"]),
        (&json!(5), &json!(5), &json!(5))
    );
    assert_eq!(page["labels"], json!([{"name": "Friends", "count": 5}]));
    dana.get("/api/contacts?limit=201").await.expect_problem(422, "invalid");
    let found = dana.get("/api/contacts/duplicates").await.expect_status(200).json();
    let group = found["groups"][0].as_array().unwrap();
    assert_eq!(group.len(), 5);
    let ids: Vec<&Value> = group.iter().map(|one| &one["id"]).collect();
    let merged = dana.post("/api/contacts/merge", &json!({"ids": ids})).await.expect_status(200);
    assert_eq!(merged.json()["emails"].as_array().unwrap().len(), 1);
    assert_eq!(names(&mut dana, "").await, ["N0 Levi"]);
}

#[tokio::test]
async fn whose_an_address_is_is_said_for_that_address_only() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let id = add(&mut dana, &levi("Noa", "noa@a.example")).await;
    let asked = json!({"items": [
        {"address": "NOA@a.example", "name": "Somebody"},
        {"address": "evil@b.example", "name": "noa LEVI"},
        {"address": "x@b.example"},
        {"address": "evil@b.example", "name": "Levi,  N\u{43e}a (Acme)"},
    ]});
    let found = dana.post("/api/contacts/lookup", &asked).await.expect_status(200).json();
    let noa = json!({"id": id, "name": "Noa Levi"});
    let expected = json!([
        {"contact": noa, "namesake": null},
        {"contact": null, "namesake": noa},
        {"contact": null, "namesake": null},
        {"contact": null, "namesake": noa},
    ]);
    assert_eq!(found["items"], expected);
}

/// P-48: what no field is there for comes back, too.
#[tokio::test]
async fn a_file_is_imported_and_exported_and_nothing_is_lost() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Noa Levi\r\nN:Levi;Noa;;;\r\n\
                EMAIL;TYPE=INTERNET,pref:noa@a.example\r\nX-SHOE:43\r\nUID:1\r\nEND:VCARD\r\n";
    let file = json!({"format": "vcard", "text": format!("{card}BEGIN:VCARD\r\nFN:x\r\n")});
    let done = dana.post("/api/contacts/import", &file).await.expect_status(200).json();
    assert_eq!((&done["added"], &done["changed"]), (&json!(2), &json!(0)));
    let expected = json!([{"contact": 1, "property": "VCARD", "reason": "unfinished"}]);
    assert_eq!(done["problems"], expected);
    let again = dana.post("/api/contacts/import", &file).await.expect_status(200).json();
    assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(2)));
    let out = dana.get("/api/contacts/export?format=vcard").await.expect_status(200).json();
    let text = out["text"].as_str().unwrap();
    for line in card.lines() {
        assert!(text.lines().any(|written| written == line), "{line} is not in {text}");
    }
    assert_eq!(out["next"], Value::Null);
    let out = dana.get("/api/contacts/export?format=csv").await.expect_status(200).json();
    assert!(out["text"].as_str().unwrap().contains("E-mail 1 - Value"));
    let table = json!({"format": "csv", "text": "a,b\nc,d\n"});
    dana.post("/api/contacts/import", &table).await.expect_problem(422, "invalid");
    let many = json!({"format": "vcard", "text": card.repeat(201)});
    dana.post("/api/contacts/import", &many).await.expect_problem(422, "invalid");
    dana.get("/api/contacts/export?format=csv&after=x").await.expect_problem(422, "invalid");
}

/// P-50, P-51.
#[tokio::test]
async fn somebody_is_asked_to_add_a_contact_and_answers() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let ask = |name: &str| json!({"to": "omar@example.org", "contact": levi(name, "noa@a.example"), "note": "Please"});
    let path = "/api/contacts/requests";
    let sent = dana.post(path, &ask("Noa")).await.expect_status(201).json();
    dana.post(path, &ask("Noa")).await.expect_problem(409, "request-waits");
    let other = dana.post(path, &ask("Yael")).await.expect_status(201).json();
    let nobody = json!({"to": "nobody@example.org", "contact": levi("A", "a@a.example")});
    dana.post(path, &nobody).await.expect_problem(404, "not-found");

    let waiting = omar.get(path).await.expect_status(200).json();
    let of = |list: &Value, number: &Value| {
        let items = list.as_array().unwrap();
        items.iter().find(|one| one["reference"] == *number).unwrap().clone()
    };
    let request = of(&waiting["waiting"], &sent["reference"]);
    assert_eq!((&request["shown"], &request["note"]), (&json!("Noa Levi"), &json!("Please")));
    assert_eq!(request["fromAddress"], "dana@example.org");
    let mine = dana.get(path).await.expect_status(200).json();
    assert_eq!(of(&mine["sent"], &sent["reference"])["to"], "omar@example.org");
    // Only what is shown is asked.
    for (field, nothing) in [
        ("notes", json!("")),
        ("labels", json!([])),
        ("own", json!([])),
        ("favourite", json!(false)),
        ("birthday", json!("")),
    ] {
        assert_eq!(request["contact"][field], nothing, "{field}");
    }
    assert_eq!(request["contact"]["urls"][0]["value"], "https://a.example");
    assert_eq!(names(&mut omar, "").await, [""; 0], "nothing is stored yet");
    // It arrived as a message with the same number.
    let reference = sent["reference"].as_str().unwrap();
    let message = omar.get(&format!("/api/messages/{reference}")).await.expect_status(200).json();
    assert!(message["text"].as_str().unwrap().contains("noa@a.example"), "{message}");
    assert!(!message.to_string().contains("likes boats"), "{message}");

    let one = format!("{path}/{reference}");
    dana.post(&one, &json!({"allow": true})).await.expect_problem(404, "not-found");
    let edited = json!({"allow": true, "contact": levi("Noah", "noa@a.example")});
    let answered = omar.post(&one, &edited).await.expect_status(200).json();
    assert!(answered["id"].is_string());
    omar.post(&one, &json!({"allow": true})).await.expect_problem(404, "not-found");
    let second = format!("{path}/{}", other["reference"].as_str().unwrap());
    omar.post(&second, &json!({"allow": false})).await.expect_status(200);
    assert_eq!(names(&mut omar, "").await, ["Noah Levi"], "what was refused is not stored");

    let told = dana.get(path).await.expect_status(200).json();
    assert_eq!(of(&told["sent"], &sent["reference"])["outcome"], "allowed");
    assert_eq!(of(&told["sent"], &other["reference"])["outcome"], "refused");
    let inbox = dana.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    let subjects: Vec<&str> = inbox["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["subject"].as_str().unwrap())
        .collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
}

/// P-50, P-51, P-57: a request is mail, and few of one sender wait.
#[tokio::test]
async fn a_request_follows_the_rules_of_mail_and_few_wait() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let path = "/api/contacts/requests";
    let ask = |name: &str| json!({"to": "omar@example.org", "contact": levi(name, "a@a.example")});
    omar.patch("/api/preferences", &json!({"acceptFrom": "outside"})).await.expect_status(200);
    dana.post(path, &ask("Noa")).await.expect_problem(404, "not-found");
    omar.patch("/api/preferences", &json!({"acceptFrom": "both"})).await.expect_status(200);
    for number in 0..5 {
        dana.post(path, &ask(&format!("n{number}"))).await.expect_status(201);
    }
    dana.post(path, &ask("more")).await.expect_problem(409, "request-waits");
    let waiting = omar.get(path).await.expect_status(200).json();
    let waiting = waiting["waiting"].as_array().unwrap();
    assert_eq!(waiting.len(), 5);
    // What is allowed is what was shown: not what the sender keeps for oneself.
    let one = format!("{path}/{}", waiting[0]["reference"].as_str().unwrap());
    let stored = omar.post(&one, &json!({"allow": true})).await.expect_status(200).json();
    let id = stored["id"].as_str().unwrap();
    let contact = omar.get(&format!("/api/contacts/{id}")).await.expect_status(200).json();
    assert_eq!((&contact["notes"], &contact["labels"]), (&json!(""), &json!([])));
    assert_eq!((&contact["favourite"], &contact["own"]), (&json!(false), &json!([])));
    dana.post(path, &ask("more")).await.expect_status(201);
}

#[tokio::test]
async fn a_photo_is_kept_if_it_is_one_that_is_shown() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let id = add(&mut dana, &levi("Noa", "noa@a.example")).await;
    let path = format!("/api/contacts/{id}/photo");
    dana.get(&path).await.expect_problem(404, "not-found");
    let mut headers = dana.credentials("PUT", &path);
    headers.insert("content-type", "application/octet-stream".parse().unwrap());
    // One frame of one pixel.
    let gif = "GIF89a\u{1}\0\u{1}\0\0\0\0,\0\0\0\0\u{1}\0\u{1}\0\0\u{2}\0;";
    dana.raw("PUT", &path, headers, Some(gif.to_owned())).await.expect_status(200);
    let read = dana.get(&path).await.expect_status(200);
    assert_eq!((read.header("content-type"), read.text()), ("image/gif", gif.to_owned()));
    let mut headers = dana.credentials("PUT", &path);
    headers.insert("content-type", "application/octet-stream".parse().unwrap());
    // The frame is larger than the image says.
    let huge = gif.replace(",\0\0\0\0\u{1}\0\u{1}\0", ",\0\0\0\0\u{7f}\u{7f}\u{7f}\u{7f}");
    dana.raw("PUT", &path, headers, Some(huge)).await.expect_problem(422, "invalid");
    dana.delete(&path).await.expect_status(200);
    dana.get(&path).await.expect_problem(404, "not-found");
}
