//! What the owner of an account is told: each change of what opens it, and sign-ins from networks
//! that are not known.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};

use super::web_harness::{Browser, PASSWORD, TestWeb};
use super::web_keys::{app_password, credentials, totp_on, totp_start, with_passkey};

const NEW: &str = "a passphrase of my own";

/// Does what the job does: tells what is due.
async fn told(web: &TestWeb) {
    let gateway = web.gateway.clone();
    let tell = move || while gateway.owners_tell(2).unwrap().0 > 0 {};
    tokio::task::spawn_blocking(tell).await.unwrap();
}

/// The kinds of the notices in the mailbox, in the order of their names: the clock stands still.
async fn notices(browser: &mut Browser) -> Vec<String> {
    let page = browser.get("/api/messages?mailbox=inbox&limit=200").await.expect_status(200);
    let items = page.json()["items"].as_array().unwrap().clone();
    let kind = |item: &Value| item["notice"]["kind"].as_str().map(str::to_owned);
    let mut kinds: Vec<_> = items.iter().filter_map(kind).collect();
    kinds.sort();
    kinds
}

async fn remove(browser: &mut Browser, list: &str) {
    let id = credentials(browser).await[list][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/account/credentials/{id}");
    browser.delete(&path).await.expect_status(204);
    browser.delete(&path).await.expect_problem(404, "not-found");
}

/// P-13: whatever changes what opens an account is told to its owner in the mailbox, once each.
#[tokio::test]
async fn each_change_of_what_opens_an_account_is_told_to_its_owner() {
    let web = TestWeb::start().await;
    let (mut dana, _) = with_passkey(&web).await;
    remove(&mut dana, "passkeys").await;
    app_password(&mut dana, "Phone").await;
    remove(&mut dana, "appPasswords").await;
    let totp = totp_start(&mut dana, PASSWORD).await;
    let again = json!({ "password": PASSWORD });
    // Nothing was on.
    dana.post("/api/account/totp/off", &again).await.expect_status(204);
    let wrong = json!({ "code": "000000" });
    dana.signed("PUT", "/api/account/totp", Some(&wrong)).await;
    drop(totp);
    let totp = totp_start(&mut dana, PASSWORD).await;
    totp_on(&mut dana, &totp).await.expect_status(204);
    dana.post("/api/account/totp/off", &again).await.expect_status(204);
    // What is refused is not told.
    let refused = json!({ "password": "wrong", "newPassword": NEW });
    dana.signed("PUT", "/api/account/password", Some(&refused)).await.expect_status(401);
    dana.post("/api/account/recovery-key", &again).await.expect_status(201);
    let change = json!({ "password": PASSWORD, "newPassword": NEW });
    let key = dana.signed("PUT", "/api/account/password", Some(&change)).await;
    let key = key.expect_status(200).json();
    let back =
        json!({ "name": "dana", "recoveryKey": key["recoveryKey"], "newPassword": PASSWORD });
    dana.token = None;
    dana.post("/api/recovery", &back).await.expect_status(200);
    told(&web).await;
    told(&web).await;
    dana.sign_in("dana", PASSWORD).await.expect_status(201);
    let expected = [
        "app-password-created",
        "app-password-removed",
        "passkey-created",
        "passkey-removed",
        "password-changed",
        "recovered",
        "recovery-key-created",
        "totp-off",
        "totp-on",
    ];
    assert_eq!(notices(&mut dana).await, expected);
    assert_eq!(notices(&mut web.signed_in("omar").await).await, Vec::<String>::new());
}

/// P-13: the notice says when, from where, and what to do, in the owner's language.
#[tokio::test]
async fn a_notice_says_from_where_in_the_owners_language() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let german = json!({ "language": "de" });
    dana.signed("PUT", "/api/appearance", Some(&german)).await.expect_status(204);
    app_password(&mut dana, "Phone").await;
    told(&web).await;
    let page = dana.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    let item = &page["items"][0];
    assert_eq!(item["notice"]["recipient"], "dana@example.org");
    assert_eq!(item["notice"]["about"], item["reference"]);
    let reference = item["reference"].as_str().unwrap().parse().unwrap();
    let text = dana.read(reference).await["text"].as_str().unwrap().to_owned();
    for expected in
        ["Für dana@example.org wurde um ", "Netzwerkadresse: 127.0.0.1", "Sie das nicht"]
    {
        assert!(text.contains(expected), "{text}");
    }
}

/// P-13: a sign-in from a network that the account does not know is told, once for each network;
/// programs are told apart from people, and an account's first sign-in is its owner's own.
#[tokio::test]
async fn a_sign_in_from_a_new_network_is_told_once() {
    let web = TestWeb::start().await;
    let at = |network| IpAddr::V4(Ipv4Addr::new(127, 0, network, 1));
    let mut dana = web.browser_at(at(1)).await;
    dana.sign_in("dana", PASSWORD).await.expect_status(201);
    let made = app_password(&mut dana, "Phone").await;
    let program = made["appPassword"].as_str().unwrap();
    for network in [1, 2, 2, 1] {
        web.browser_at(at(network)).await.sign_in("dana", PASSWORD).await.expect_status(201);
    }
    told(&web).await;
    let person = ["app-password-created", "signed-in"];
    assert_eq!(notices(&mut dana).await, person);
    for network in [2, 3, 3] {
        web.browser_at(at(network)).await.sign_in("dana", program).await.expect_status(201);
    }
    // That a program was there does not make the network one of the owner's.
    web.browser_at(at(3)).await.sign_in("dana", PASSWORD).await.expect_status(201);
    told(&web).await;
    assert_eq!(notices(&mut dana).await[1..], ["signed-in"; 4]);
    web.browser_at(at(4)).await.sign_in("dana", "wrong").await.expect_status(401);
    told(&web).await;
    assert_eq!(notices(&mut dana).await.len(), 5, "who was refused is in the log");
}
