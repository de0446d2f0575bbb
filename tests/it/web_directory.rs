//! The directory of people inside, and login names as recipients.

use postern::gateway::{ChosenBy, NewAccount, Password};
use postern::mail::address::Address;
use serde_json::{Value, json};

use super::web_harness::{Browser, PASSWORD, TestWeb};

/// Creates an account with this display name and these addresses.
async fn add(web: &TestWeb, name: &str, display_name: &str, addresses: &[&str]) {
    let new = NewAccount {
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        addresses: addresses.iter().map(|one| Address::parse(one).unwrap()).collect(),
        password: Password::new(PASSWORD).unwrap(),
        chosen_by: ChosenBy::Owner,
    };
    let gateway = web.gateway.clone();
    tokio::task::spawn_blocking(move || gateway.account_create(new)).await.unwrap().unwrap();
}

async fn disabled(web: &TestWeb, name: &'static str, disabled: bool) {
    let gateway = web.gateway.clone();
    let change = move || match disabled {
        true => gateway.account_disable(name),
        false => gateway.account_enable(name),
    };
    tokio::task::spawn_blocking(change).await.unwrap().unwrap();
}

async fn asked(browser: &mut Browser, question: &str) -> Value {
    let path = format!("/api/directory?q={question}");
    browser.get(&path).await.expect_status(200).json()
}

/// Returns the addresses that a question finds.
async fn found(browser: &mut Browser, question: &str) -> Vec<String> {
    let answer = asked(browser, question).await;
    assert_eq!(answer["enabled"], true);
    let items = answer["items"].as_array().unwrap().iter();
    items.map(|one| one["address"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_colleague_is_found_by_name_address_or_login_name() {
    let web = TestWeb::start().await;
    add(&web, "noa.b", "Noa Bar-Lév", &["noa.barlev@example.org", "nb@example.org"]).await;
    add(&web, "nina", "", &["nina@example.org"]).await;
    let mut dana = web.signed_in("dana").await;
    let noa = ["noa.barlev@example.org"];
    for question in ["noa", "NOA%20bar", "lev", "L%C3%A9v", "barlev", "noa.b", "noa.barlev@e"] {
        assert_eq!(found(&mut dana, question).await, noa, "{question}");
    }
    for question in ["oa", "example", "org", "bar%20noa", "%CC%81", "zz", "nb", "nb@"] {
        assert_eq!(found(&mut dana, question).await, [""; 0], "{question}");
    }
    let both = ["nina@example.org", "noa.barlev@example.org"];
    assert_eq!(found(&mut dana, "n").await, both, "by the name, or the address without one");
    let nina = asked(&mut dana, "nina").await;
    let expected = json!({"name": null, "address": "nina@example.org", "exact": true});
    assert_eq!(nina["items"], json!([expected]));
    // Who has a further address is not said.
    let further = asked(&mut dana, "NB@example.org").await;
    let expected = json!({"name": null, "address": "nb@example.org", "exact": true});
    assert_eq!(further["items"], json!([expected]));
    for (question, exact) in [("noa", false), ("noa.b", true), ("NOA.B", true)] {
        let answer = asked(&mut dana, question).await;
        assert_eq!(answer["items"][0]["exact"], exact, "{question}");
        assert_eq!(answer["items"][0]["name"], "Noa Bar-L\u{e9}v");
    }
}

/// An account that is created, disabled or enabled is seen, or not, at the next question.
#[tokio::test]
async fn a_disabled_colleague_is_not_in_the_directory() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    assert_eq!(found(&mut dana, "omar").await, ["omar@example.org"]);
    disabled(&web, "omar", true).await;
    for question in ["omar", "oma", "omar@example.org"] {
        assert_eq!(found(&mut dana, question).await, [""; 0], "{question}");
    }
    add(&web, "omri", "Omri", &["omri@example.org"]).await;
    assert_eq!(found(&mut dana, "om").await, ["omri@example.org"]);
    disabled(&web, "omar", false).await;
    assert_eq!(found(&mut dana, "om").await, ["omar@example.org", "omri@example.org"]);
}

#[tokio::test]
async fn no_more_colleagues_are_shown_than_were_asked_for() {
    let web = TestWeb::start().await;
    for name in ["ana", "anb", "anc"] {
        add(&web, name, "An", &[&format!("{name}@example.org")]).await;
    }
    add(&web, "an", "The exact one", &["an@example.org"]).await;
    let mut dana = web.signed_in("dana").await;
    for (limit, shown, more) in [(1, 1, true), (3, 3, true), (4, 4, false), (50, 4, false)] {
        let path = format!("/api/directory?q=an&limit={limit}");
        let answer = dana.get(&path).await.expect_status(200).json();
        let items = answer["items"].as_array().unwrap();
        assert_eq!((items.len(), &answer["more"]), (shown, &json!(more)), "{limit}");
        assert_eq!(
            (&items[0]["address"], &items[0]["exact"]),
            (&json!("an@example.org"), &json!(true))
        );
    }
    let long = "x".repeat(101);
    for query in
        ["", "?q=", "?q=%20", "?q=an&limit=0", "?q=an&limit=51", "?q=an&x=1", "?q=a&limit=x"]
    {
        dana.get(&format!("/api/directory{query}")).await.expect_problem(422, "invalid");
    }
    dana.get(&format!("/api/directory?q={long}")).await.expect_problem(422, "invalid");
}

async fn check(browser: &mut Browser, recipients: &[&str]) -> Value {
    let answer = browser.post("/api/outgoing/check", &json!({"recipients": recipients})).await;
    answer.expect_status(200).json()["items"].take()
}

#[tokio::test]
async fn a_login_name_is_resolved_to_its_address() {
    let web = TestWeb::start().await;
    add(&web, "noa.b", "Noa", &["noa.barlev@example.org"]).await;
    let mut dana = web.signed_in("dana").await;
    let items = check(&mut dana, &["omar", " NOA.B ", "nobody", "omar@example.org"]).await;
    let rows: Vec<_> = items.as_array().unwrap().iter().collect();
    assert_eq!(rows[0]["address"], "omar");
    assert_eq!(rows[0]["resolved"], "omar@example.org");
    assert_eq!((&rows[0]["route"], &rows[0]["reason"]), (&json!("inside"), &Value::Null));
    assert_eq!(rows[1]["resolved"], "noa.barlev@example.org");
    assert_eq!((&rows[2]["resolved"], &rows[2]["reason"]), (&Value::Null, &json!("no-address")));
    assert_eq!((&rows[3]["resolved"], &rows[3]["route"]), (&Value::Null, &json!("inside")));
    disabled(&web, "omar", true).await;
    let items = check(&mut dana, &["omar"]).await;
    assert_eq!((&items[0]["resolved"], &items[0]["reason"]), (&Value::Null, &json!("no-address")));
}

#[tokio::test]
async fn a_manager_can_switch_the_directory_off() {
    let web = TestWeb::start().await;
    let gateway = web.gateway.clone();
    let promoted = tokio::task::spawn_blocking(move || gateway.account_manager("omar", true));
    promoted.await.unwrap().unwrap();
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let site = omar.get("/api/manage/site").await.expect_status(200).json();
    assert_eq!(
        (&site["set"]["directory"], &site["inForce"]["directory"]),
        (&Value::Null, &json!(true))
    );
    omar.signed("PUT", "/api/manage/site", Some(&json!({"directory": false})))
        .await
        .expect_status(204);
    let expected = json!({"enabled": false, "items": [], "more": false});
    assert_eq!(asked(&mut dana, "omar").await, expected);
    let items = check(&mut dana, &["omar"]).await;
    assert_eq!((&items[0]["resolved"], &items[0]["reason"]), (&Value::Null, &json!("no-address")));
    omar.signed("PUT", "/api/manage/site", Some(&json!({}))).await.expect_status(204);
    assert_eq!(found(&mut dana, "omar").await, ["omar@example.org"]);
}
