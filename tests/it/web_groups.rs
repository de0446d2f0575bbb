//! Groups over HTTPS: who may do what, versions, and what others learn.

use hyper::header::HeaderValue;
use postern::gateway::{ChosenBy, NewAccount, Password};
use postern::mail::address::Address;
use serde_json::{Value, json};

use super::web_harness::{Answer, Browser, PASSWORD, TestWeb};

pub(super) async fn add_account(web: &TestWeb, name: &'static str) {
    let new = NewAccount {
        name: name.to_owned(),
        display_name: String::new(),
        addresses: vec![Address::parse(&format!("{name}@example.org")).unwrap()],
        password: Password::new(PASSWORD).unwrap(),
        chosen_by: ChosenBy::Owner,
    };
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.account_create(new)).await.unwrap().unwrap();
}

pub(super) async fn manager(web: &TestWeb, name: &'static str) {
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.account_manager(name, true))
        .await
        .unwrap()
        .unwrap();
}

async fn created(browser: &mut Browser, group: &Value) -> String {
    let answer = browser.post("/api/groups", group).await.expect_status(201);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Changes the version of a group that this header names.
async fn change(browser: &mut Browser, id: &str, version: &str, edit: &Value) -> Answer {
    let path = format!("/api/groups/{id}");
    let mut headers = browser.credentials("PATCH", &path);
    if !version.is_empty() {
        headers.insert("if-match", HeaderValue::from_str(version).unwrap());
    }
    browser.raw("PATCH", &path, headers, Some(edit.to_string())).await
}

#[tokio::test]
async fn a_group_is_created_changed_and_left() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let id = created(&mut dana, &json!({"name": " Sales ", "description": "Who sells"})).await;
    let path = format!("/api/groups/{id}");
    let added = dana.post(&format!("{path}/members"), &json!({"address": "omar"})).await;
    let added = added.expect_status(200);
    let version = added.header("etag").to_owned();
    let whole = added.json();
    assert_eq!((&whole["name"], &whole["role"]), (&json!("Sales"), &json!("manager")));
    assert_eq!(format!("\"{}\"", whole["version"]), version);
    let members: Vec<_> = whole["members"].as_array().unwrap().iter().collect();
    assert_eq!(members.len(), 2);
    assert!(members.iter().all(|one| one["waiting"] == false));
    let seen = omar.get(&path).await.expect_status(200).json();
    assert_eq!((&seen["name"], &seen["keys"]), (&json!("Sales"), &json!("held")));
    assert_eq!(seen["changes"][0]["act"], "added");
    // Of two who change the same version, one is told so.
    let edit = json!({"name": "Sales and more", "description": ""});
    let changed = change(&mut dana, &id, &version, &edit).await.expect_status(200);
    assert_eq!(changed.json()["name"], "Sales and more");
    change(&mut dana, &id, &version, &edit).await.expect_problem(412, "group-changed");
    for wrong in ["", "3", "\"x\"", "*"] {
        change(&mut dana, &id, wrong, &edit).await.expect_problem(422, "invalid");
    }
    let version = changed.header("etag").to_owned();
    let half = json!({"name": "x"});
    change(&mut dana, &id, &version, &half).await.expect_problem(422, "invalid");
    change(&mut omar, &id, &version, &edit).await.expect_problem(403, "denied");
    let me = members.iter().find(|one| one["address"] == "omar@example.org").unwrap();
    let own = format!("{path}/members/{}", me["id"].as_str().unwrap());
    omar.delete(&own).await.expect_status(204);
    omar.get(&path).await.expect_problem(404, "not-found");
    assert_eq!(dana.get(&path).await.json()["keys"], "held");
    dana.delete(&path).await.expect_status(204);
    dana.get(&path).await.expect_problem(404, "not-found");
}

/// The answer for a group that is not there and for one that the account is not in is the same one, for
/// each route; what a listed group shows to others is what is said about it.
#[tokio::test]
async fn who_is_not_in_a_group_learns_nothing_of_it() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let hidden = created(&mut dana, &json!({"name": "Hidden"})).await;
    let listed = created(&mut dana, &json!({"name": "Listed", "listed": true})).await;
    dana.signed("POST", "/api/groups/keys", None).await.expect_status(200);
    let whole = dana.get(&format!("/api/groups/{hidden}")).await.json();
    let member = whole["members"][0]["id"].as_str().unwrap().to_owned();
    let detail = |answer: Answer| {
        let problem = answer.json();
        (problem["code"].clone(), problem["detail"].clone())
    };
    for id in [hidden.as_str(), &"ab".repeat(16), "x"] {
        let path = format!("/api/groups/{id}");
        let one = format!("{path}/members/{member}");
        let answers = [
            detail(omar.get(&path).await.expect_status(404)),
            detail(
                change(&mut omar, id, "\"1\"", &json!({"listed": true})).await.expect_status(404),
            ),
            detail(omar.delete(&path).await.expect_status(404)),
            detail(
                omar.post(&format!("{path}/members"), &json!({"address": "omar"}))
                    .await
                    .expect_status(404),
            ),
            detail(omar.delete(&one).await.expect_status(404)),
            detail(omar.patch(&one, &json!({"manager": true})).await.expect_status(404)),
        ];
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{id}: {answers:?}");
    }
    // The first look says that omar waits, and then dana's session wraps the key for him.
    omar.get("/api/groups").await.expect_status(200);
    dana.get("/api/groups").await.expect_status(200);
    let list = omar.get("/api/groups").await.expect_status(200).json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{list}");
    let expected = [("id", json!(listed)), ("name", json!("Listed")), ("role", json!("outside"))];
    for (member, value) in expected {
        assert_eq!(items[0][member], value);
    }
    let shown = omar.get(&format!("/api/groups/{listed}")).await.expect_status(200).json();
    assert_eq!((&shown["members"], &shown["changes"]), (&json!([]), &json!([])));
}

/// A manager of the site removes members, names managers, gives an address and deletes, adds nobody and
/// reads no name.
#[tokio::test]
async fn a_manager_of_the_site_reads_nothing_of_a_group() {
    let web = TestWeb::start().await;
    add_account(&web, "root").await;
    manager(&web, "root").await;
    let (mut dana, mut root) = (web.signed_in("dana").await, web.signed_in("root").await);
    let body = json!({"name": "Works council", "address": "council@example.org"});
    dana.post("/api/groups", &body).await.expect_problem(403, "denied");
    let id = created(&mut dana, &json!({"name": "Works council"})).await;
    let path = format!("/api/groups/{id}");
    dana.post(&format!("{path}/members"), &json!({"address": "omar"})).await.expect_status(200);
    let list = root.get("/api/groups").await.expect_status(200).json();
    assert_eq!(list["items"][0]["name"], Value::Null);
    let seen = root.get(&path).await.expect_status(200);
    let (version, whole) = (seen.header("etag").to_owned(), seen.json());
    assert_eq!((&whole["name"], &whole["keys"]), (&Value::Null, &Value::Null));
    let add = root.post(&format!("{path}/members"), &json!({"address": "root"})).await;
    add.expect_problem(403, "denied");
    change(&mut root, &id, &version, &json!({"listed": true})).await.expect_problem(403, "denied");
    let edit = json!({"address": "council@example.org"});
    let changed = change(&mut root, &id, &version, &edit).await.expect_status(200).json();
    assert_eq!(changed["address"], "council@example.org");
    let members = whole["members"].as_array().unwrap().iter();
    let of = |address: &str| {
        let found = members.clone().find(|one| one["address"] == address).unwrap();
        format!("{path}/members/{}", found["id"].as_str().unwrap())
    };
    root.patch(&of("omar@example.org"), &json!({"manager": true})).await.expect_status(200);
    root.delete(&of("dana@example.org")).await.expect_status(204);
    dana.get(&path).await.expect_problem(404, "not-found");
    let mut omar = web.signed_in("omar").await;
    let left = omar.get(&path).await.expect_status(200).json();
    assert_eq!((&left["name"], &left["keys"]), (&json!("Works council"), &json!("held")));
    let acts: Vec<&str> = left["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["act"].as_str().unwrap())
        .collect();
    assert_eq!(acts, ["removed", "manager-granted", "mail-changed", "added", "created"]);
    assert!(
        left["changes"].as_array().unwrap()[..3].iter().all(|one| one["who"] == "root@example.org")
    );
    let log = root.get("/api/manage/log").await.expect_status(200).text();
    for act in [
        "group-created",
        "group-member-added",
        "group-changed",
        "group-manager-granted",
        "group-member-removed",
    ] {
        assert!(log.contains(act), "{act}");
    }
    assert!(!log.contains("Works council"), "its name is its members' own");
    root.delete(&path).await.expect_status(204);
    omar.get(&path).await.expect_problem(404, "not-found");
}

/// A program that signed in with an app password handles mail, and no groups.
#[tokio::test]
async fn an_app_password_has_no_groups() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let body = json!({"password": PASSWORD, "label": "phone"});
    let made = dana.post("/api/account/app-passwords", &body).await.expect_status(201).json();
    let mut program = web.browser().await;
    let secret = made["appPassword"].as_str().or(made["password"].as_str()).unwrap().to_owned();
    program.sign_in("dana", &secret).await.expect_status(201);
    program.get("/api/groups").await.expect_problem(403, "denied");
    program.post("/api/groups", &json!({"name": "x"})).await.expect_problem(403, "denied");
}

async fn attest(browser: &mut Browser, from: &mut Browser, voucher: &str) -> String {
    let ask = json!({"address": voucher});
    from.post("/api/vouching/requests", &ask).await.expect_status(204);
    let own = from.get("/api/vouching").await.expect_status(200).json();
    let request =
        browser.get("/api/vouching").await.expect_status(200).json()["requests"][0].take();
    let id = request["colleague"]["id"].as_str().unwrap().to_owned();
    let new = json!({"colleague": id, "fingerprint": own["key"]["fingerprint"],
        "how": "in-person", "ends": null, "note": null});
    browser.post("/api/vouching/attestations", &new).await.expect_status(204);
    id
}

/// P-83: the members of a group are computed from the attestations of a member, who agrees to that: who
/// is attested is in at the next request, and out at the one after the revocation. P-85: others learn
/// nothing of the members of a closed group that hides them.
#[tokio::test]
async fn a_group_of_those_whom_a_voucher_attests() {
    let web = TestWeb::start().await;
    for name in ["noa", "root"] {
        add_account(&web, name).await;
    }
    manager(&web, "root").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let (mut noa, mut root) = (web.signed_in("noa").await, web.signed_in("root").await);
    let id = created(&mut dana, &json!({"name": "The vouched"})).await;
    let path = format!("/api/groups/{id}");
    let voucher = format!("{path}/voucher");
    let added = dana.post(&format!("{path}/members"), &json!({"address": "omar"})).await;
    let members = added.expect_status(200).json()["members"].take();
    let omars = members.as_array().unwrap().iter().find(|one| one["manager"] == false).unwrap();
    let body = json!({"member": omars["id"]});
    // Who is not in the group learns nothing of it by any of the three.
    for method in ["PUT", "POST", "DELETE"] {
        let given = (method == "PUT").then(|| body.to_string());
        let headers = noa.credentials(method, &voucher);
        noa.raw(method, &voucher, headers, given).await.expect_problem(404, "not-found");
    }
    let headers = dana.credentials("PUT", &voucher);
    let asked = dana.raw("PUT", &voucher, headers, Some(body.to_string())).await;
    let asked = asked.expect_status(200).json();
    assert_eq!(asked["voucher"]["agreed"], Value::Null);
    attest(&mut omar, &mut noa, "omar@example.org").await;
    noa.get(&path).await.expect_problem(404, "not-found");
    dana.signed("POST", &voucher, None).await.expect_problem(403, "denied");
    let agreed = omar.signed("POST", &voucher, None).await.expect_status(200).json();
    assert_ne!(agreed["voucher"]["agreed"], Value::Null);
    let seen = noa.get(&path).await.expect_status(200).json();
    assert_eq!((&seen["name"], &seen["keys"]), (&json!("The vouched"), &json!("held")));
    let by: Vec<_> = seen["members"].as_array().unwrap().iter().map(|one| &one["by"]).collect();
    assert_eq!(by, ["named", "attested", "voucher"], "dana, noa and omar");

    // Closed, and hidden: root, who manages the site and is no member, finds nobody.
    let seen = root.get(&path).await.expect_status(200);
    let version = seen.header("etag").to_owned();
    let closed = change(&mut root, &id, &version, &json!({"kind": "closed"})).await;
    let version = closed.expect_status(200).header("etag").to_owned();
    let exists = root.get("/api/directory?q=noa@example.org").await.expect_status(200).json();
    let hide = json!({"hidesMembers": true});
    change(&mut root, &id, &version, &hide).await.expect_problem(403, "denied");
    let hidden = change(&mut dana, &id, &version, &hide).await.expect_status(200).json();
    assert_eq!(hidden["hidesMembers"], true);
    let nobody = root.get("/api/directory?q=nobody@example.org").await.expect_status(200).json();
    let asked = root.get("/api/directory?q=noa@example.org").await.expect_status(200).json();
    assert_eq!(asked, nobody, "the same answer as for nobody");
    assert_ne!(exists, nobody, "which was another one before");
    let found = omar.get("/api/directory?q=noa").await.expect_status(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "a member sees members");

    // Revoked: out at the next request, of the group and of what it allowed.
    let noas = seen_id(&mut omar, &path, "noa@example.org").await;
    omar.delete(&format!("/api/vouching/attestations/{noas}")).await.expect_status(204);
    noa.get(&path).await.expect_problem(404, "not-found");
    let found = root.get("/api/directory?q=noa").await.expect_status(200).json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "she is in no closed group any more");
    let left = dana.get(&path).await.expect_status(200).json();
    assert_eq!((&left["keys"], &left["changes"][0]["act"]), (&json!("held"), &json!("removed")));
    omar.signed("DELETE", &voucher, None).await.expect_status(200);
    assert_eq!(dana.get(&path).await.json()["voucher"], Value::Null);
}

async fn seen_id(browser: &mut Browser, path: &str, address: &str) -> String {
    let whole = browser.get(path).await.expect_status(200).json();
    let members = whole["members"].as_array().unwrap();
    let found = members.iter().find(|one| one["address"] == address).unwrap();
    found["id"].as_str().unwrap().to_owned()
}
