//! Vouching over HTTPS: asking, comparing, attesting, signed messages, revoking, and suppressing.

use postern::gateway::{ChosenBy, NewAccount, Password};
use postern::mail::address::Address;
use postern::mail::reference::Reference;
use serde_json::{Value, json};

use super::web_harness::{Browser, PASSWORD, TestWeb, header};
use super::web_outsider::{OUTSIDER, claimed};

pub async fn add(web: &TestWeb, name: &str) {
    add_with(web, name, &[]).await;
}

/// An account with further addresses.
async fn add_with(web: &TestWeb, name: &str, further: &[&str]) {
    let own = format!("{name}@example.org");
    let addresses = [&[own.as_str()], further].concat();
    let new = NewAccount {
        name: name.to_owned(),
        display_name: format!("{name} the tester"),
        addresses: addresses.into_iter().map(|one| Address::parse(one).unwrap()).collect(),
        password: Password::new(PASSWORD).unwrap(),
        chosen_by: ChosenBy::Owner,
    };
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.account_create(new)).await.unwrap().unwrap();
}

/// Sends a message and waits until it can no longer be undone.
pub async fn send(web: &TestWeb, from: &mut Browser, to: &str, more: Value) -> Reference {
    let draft = json!({
        "to": [{"name": null, "address": to}], "cc": [], "bcc": [],
        "subject": "The plan", "text": "It is on the table.", "html": null, "attachments": [],
        "related": null, "choices": {OUTSIDER: "temporary-account"},
    });
    let mut draft = draft;
    draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let draft = from.post("/api/drafts", &draft).await.expect_status(201).json();
    let body = json!({"draft": draft["id"], "version": draft["version"]});
    let mut headers = from.credentials("POST", "/api/submissions");
    headers.extend(header("idempotency-key", draft["id"].as_str().unwrap()));
    let sent = from.raw("POST", "/api/submissions", headers, Some(body.to_string())).await;
    let sent = sent.expect_status(201).json();
    web.clock().advance_secs(60);
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.messages_release(10).unwrap()).await.unwrap();
    sent["reference"].as_str().unwrap().parse().unwrap()
}

pub async fn vouching(browser: &mut Browser) -> Value {
    browser.get("/api/vouching").await.expect_status(200).json()
}

/// Dana asks Omar, who compares what she shows with what he sees, and attests.
async fn vouched(dana: &mut Browser, omar: &mut Browser) -> String {
    vouched_by(dana, omar, "omar@example.org").await
}

/// The same with another voucher, who has this address.
pub async fn vouched_by(dana: &mut Browser, omar: &mut Browser, address: &str) -> String {
    let ask = json!({"address": address});
    dana.post("/api/vouching/requests", &ask).await.expect_status(204);
    let shown = vouching(dana).await["key"]["fingerprint"].clone();
    let request = vouching(omar).await["requests"][0].take();
    assert_eq!(
        (&request["side"], &request["colleague"]["address"]),
        (&json!("asked"), &json!("dana@example.org"))
    );
    let id = request["colleague"]["id"].as_str().unwrap().to_owned();
    let seen = omar.get(&format!("/api/colleagues/{id}")).await.expect_status(200).json();
    // What a page could compare instead of what the other person shows, no answer says.
    assert_eq!(seen.get("fingerprint"), None);
    let new = json!({"colleague": id, "fingerprint": shown, "how": "in-person", "ends": null,
        "note": "We met in Haifa."});
    omar.post("/api/vouching/attestations", &new).await.expect_status(204);
    id
}

/// P-80: A asks B, B compares and attests; A's profile shows it; revoking removes it everywhere. P-81:
/// it comes with every message.
#[tokio::test]
async fn a_user_vouches_for_another_and_messages_say_so_until_it_is_revoked() {
    let web = TestWeb::start().await;
    add(&web, "noa").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut noa = web.signed_in("noa").await;
    let id = vouched(&mut dana, &mut omar).await;
    let received = vouching(&mut dana).await["received"].take();
    assert_eq!(received[0]["colleague"]["address"], "omar@example.org");
    assert_eq!(
        (&received[0]["standing"], &received[0]["how"]),
        (&json!("in-force"), &json!("in-person"))
    );
    assert_eq!(received[0]["note"], "We met in Haifa.");
    let path = format!("/api/colleagues/{id}");
    let seen = noa.get(&path).await.expect_status(200).json();
    assert_eq!(seen["received"][0]["standing"], "in-force");
    assert_eq!(seen["received"][0]["note"], Value::Null, "for both parties alone");
    assert_eq!(seen["problems"], json!([]));
    let found = noa.get("/api/colleagues?q=dana").await.expect_status(200).json();
    assert_eq!((&found["items"][0]["id"], &found["exact"]), (&json!(id), &json!(id)));
    // What only begins like that names nobody: a script would act on the wrong person.
    let found = noa.get("/api/colleagues?q=dan").await.expect_status(200).json();
    assert_eq!((&found["items"][0]["id"], &found["exact"]), (&json!(id), &Value::Null));

    let message = send(&web, &mut dana, "noa@example.org", json!({})).await;
    let signature = noa.read(message).await["signature"].take();
    assert_eq!((&signature["state"], &signature["namesReader"]), (&json!("valid"), &json!(true)));
    assert_eq!(signature["signer"]["id"], json!(id));
    assert_eq!(signature["vouchers"][0]["colleague"]["name"], "omar the tester");
    assert_eq!(signature["vouchers"][0]["standing"], "in-force");

    omar.delete(&format!("/api/vouching/attestations/{id}")).await.expect_status(204);
    let signature = noa.read(message).await["signature"].take();
    assert_eq!(signature["vouchers"][0]["standing"], "ended");
    let seen = noa.get(&path).await.expect_status(200).json();
    assert_eq!((&seen["received"], &seen["problems"]), (&json!([]), &json!([])));
    assert_eq!(vouching(&mut dana).await["received"], json!([]));
    assert_eq!(vouching(&mut omar).await["given"], json!([]));
    // Each step came to the other party as a message.
    let inbox = dana.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    let subjects: Vec<&str> = inbox["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["subject"].as_str())
        .collect();
    let begins = ["Vouching ended: ", "You are vouched for: "];
    assert!(subjects.iter().zip(begins).all(|(one, begin)| one.starts_with(begin)), "{subjects:?}");
}

/// P-21, P-82: a sender suppresses the signature of one message, or of all; then there is none.
#[tokio::test]
async fn a_sender_suppresses_the_signature_of_one_message_or_of_all() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    assert_eq!(dana.get("/api/signing").await.expect_status(200).json(), json!({"signs": true}));
    let signed = send(&web, &mut dana, "omar@example.org", json!({})).await;
    assert_eq!(omar.read(signed).await["signature"]["state"], "valid");
    assert_eq!(dana.read(signed).await["signature"]["state"], "valid", "the sender's own copy");
    let plain = send(&web, &mut dana, "omar@example.org", json!({"signed": false})).await;
    // Omar knows her key, and so is not left to believe an unsigned message.
    let signature = omar.read(plain).await["signature"].take();
    assert_eq!((&signature["state"], &signature["signer"]), (&json!("unsigned"), &Value::Null));
    dana.patch("/api/signing", &json!({"signs": false})).await.expect_status(204);
    let plain = send(&web, &mut dana, "omar@example.org", json!({})).await;
    assert_eq!(omar.read(plain).await["signature"]["state"], "unsigned");
    let signed = send(&web, &mut dana, "omar@example.org", json!({"signed": true})).await;
    assert_eq!(omar.read(signed).await["signature"]["state"], "valid");
}

/// P-81: a person outside who reads here sees it too; one's own messages from there have none.
#[tokio::test]
async fn an_outsider_sees_who_vouches_for_the_sender() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    vouched(&mut dana, &mut omar).await;
    let message = send(&web, &mut dana, OUTSIDER, json!({})).await;
    let mut outsider = claimed(&web, message).await;
    let signature = outsider.read(message).await["signature"].take();
    assert_eq!((&signature["state"], &signature["namesReader"]), (&json!("valid"), &json!(true)));
    assert_eq!(signature["timeDiffers"], false);
    assert_eq!(signature["vouchers"][0]["standing"], "in-force");
    outsider.get("/api/vouching").await.expect_problem(403, "denied");
}

/// What is not there, and what one may not do, looks the same to everybody.
#[tokio::test]
async fn nobody_learns_who_is_there_by_asking() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let own = vouching(&mut dana).await["key"]["owner"]["id"].as_str().unwrap().to_owned();
    let gateway = web.gateway.clone();
    add(&web, "noa").await;
    let mut noa = web.signed_in("noa").await;
    let id = vouching(&mut noa).await["key"]["owner"]["id"].as_str().unwrap().to_owned();
    tokio::task::spawn_blocking(move || gateway.account_disable("noa")).await.unwrap().unwrap();
    for id in [&id, &"0".repeat(32), &"x".to_owned()] {
        let path = format!("/api/colleagues/{id}");
        dana.get(&path).await.expect_problem(404, "not-found");
        let accept = json!({"fingerprint": "1"});
        dana.signed("PUT", &format!("{path}/key"), Some(&accept))
            .await
            .expect_problem(404, "not-found");
        let new =
            json!({"colleague": id, "fingerprint": "1", "how": "call", "ends": null, "note": null});
        dana.post("/api/vouching/attestations", &new).await.expect_problem(404, "not-found");
        for kind in ["attestations", "requests"] {
            let path = format!("/api/vouching/{kind}/{id}");
            dana.delete(&path).await.expect_problem(404, "not-found");
        }
    }
    for address in ["noa@example.org", "nobody@example.org", ""] {
        let ask = json!({"address": address});
        dana.post("/api/vouching/requests", &ask).await.expect_problem(404, "not-found");
    }
    let ask = json!({"address": "dana@example.org"});
    dana.post("/api/vouching/requests", &ask).await.expect_problem(403, "denied");
    // Who has a further address is not for everybody to know.
    add_with(&web, "eve", &["help.line@example.org"]).await;
    for address in ["help.line@example.org", "Help.Line@Example.org", " help.line@example.org"] {
        let ask = json!({"address": address});
        dana.post("/api/vouching/requests", &ask).await.expect_problem(404, "not-found");
    }
    assert_eq!(vouching(&mut dana).await["requests"], json!([]));
    dana.post("/api/vouching/requests", &json!({"address": "Eve"})).await.expect_status(204);
    let fingerprint = vouching(&mut dana).await["key"]["fingerprint"].clone();
    let new = |note: &str, ends: &str| json!({"colleague": own, "fingerprint": fingerprint, "how": "call", "ends": ends, "note": note});
    let late = "2200-01-01T00:00:00Z";
    for body in [new("x", "soon"), new("x", late), new(&"x".repeat(501), "2027-01-01T00:00:00Z")] {
        omar.post("/api/vouching/attestations", &body).await.expect_problem(422, "invalid");
    }
    let unasked = new("x", "2027-01-01T00:00:00Z");
    omar.post("/api/vouching/attestations", &unasked).await.expect_problem(403, "denied");
    let wrong = json!({"fingerprint": "1".repeat(60)});
    let path = format!("/api/colleagues/{own}/key");
    omar.signed("PUT", &path, Some(&wrong)).await.expect_problem(409, "key-differs");
}

/// Who is outside a closed group finds none of its members among colleagues, nor as a voucher; the answer
/// is the one about somebody who is not there.
#[tokio::test]
async fn who_vouches_from_within_a_closed_group_is_not_seen_outside_it() {
    let web = TestWeb::start().await;
    add(&web, "noa").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut noa = web.signed_in("noa").await;
    let dana_id = vouched(&mut dana, &mut omar).await;
    let omar_id = vouching(&mut omar).await["key"]["owner"]["id"].as_str().unwrap().to_owned();
    let (path, subject) =
        (format!("/api/colleagues/{omar_id}"), format!("/api/colleagues/{dana_id}"));
    noa.get(&path).await.expect_status(200);
    let shown = vouching(&mut omar).await["key"]["fingerprint"].clone();
    let before = noa.get(&subject).await.expect_status(200).json();
    assert_eq!(before["received"][0]["colleague"]["name"], "omar the tester");
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.account_manager("omar", true))
        .await
        .unwrap()
        .unwrap();
    let closed = json!({"name": "Investigation", "kind": "closed"});
    omar.post("/api/groups", &closed).await.expect_status(201);
    let detail = |problem: Value| (problem["code"].clone(), problem["detail"].clone());
    let hidden = detail(noa.get(&path).await.expect_status(404).json());
    let nobody = format!("/api/colleagues/{}", "0".repeat(32));
    assert_eq!(hidden, detail(noa.get(&nobody).await.expect_status(404).json()));
    let accept = json!({"fingerprint": shown});
    noa.signed("PUT", &format!("{path}/key"), Some(&accept)).await.expect_problem(404, "not-found");
    let ask = json!({"address": "omar@example.org"});
    noa.post("/api/vouching/requests", &ask).await.expect_problem(404, "not-found");
    let found = noa.get("/api/colleagues?q=omar").await.expect_status(200).json();
    assert_eq!((&found["items"], &found["exact"]), (&json!([]), &Value::Null));
    let after = noa.get(&subject).await.expect_status(200).json();
    assert_eq!((&after["received"], &after["problems"]), (&json!([]), &json!([])));
    let message = send(&web, &mut dana, "noa@example.org", json!({})).await;
    let signature = noa.read(message).await["signature"].take();
    assert_eq!((&signature["state"], &signature["vouchers"]), (&json!("valid"), &json!([])));
    assert_eq!(signature.get("fingerprint"), None);
    // Dana, for whom he vouches, sees what was signed, and his name no longer.
    let received = vouching(&mut dana).await["received"][0].take();
    assert_eq!(received["colleague"]["name"], Value::Null);
    assert_eq!(received["colleague"]["address"], "omar@example.org");
}

/// Mail to a group's address is signed like any other, and its members are no blind copies; nor is one who
/// has left the group since.
#[tokio::test]
async fn mail_to_a_group_is_signed_and_names_its_members() {
    let web = TestWeb::start().await;
    let gateway = web.gateway.clone();
    let granted = move || gateway.account_manager("dana", true);
    tokio::task::spawn_blocking(granted).await.unwrap().unwrap();
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let group = json!({"name": "Sales", "address": "sales@example.org"});
    let group = dana.post("/api/groups", &group).await.expect_status(201).json();
    let path = format!("/api/groups/{}", group["id"].as_str().unwrap());
    let whole = dana.post(&format!("{path}/members"), &json!({"address": "omar"})).await;
    let whole = whole.expect_status(200).json();
    let message = send(&web, &mut dana, "sales@example.org", json!({})).await;
    let checked = |signature: Value| {
        assert_eq!(signature["state"], "valid");
        assert_eq!(signature["namesReader"], true);
    };
    checked(omar.read(message).await["signature"].take());
    let members = whole["members"].as_array().unwrap();
    let own = members.iter().find(|one| one["address"] == "omar@example.org").unwrap();
    let own = format!("{path}/members/{}", own["id"].as_str().unwrap());
    omar.delete(&own).await.expect_status(204);
    checked(omar.read(message).await["signature"].take());
}
