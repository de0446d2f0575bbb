//! Changing the password, and regaining access with the recovery key.

use serde_json::{Value, json};

use super::web_harness::{PASSWORD, TestWeb};
use super::web_keys::{app_password, credentials, with_passkey};

const NEW: &str = "a passphrase of my own";
const THIRD: &str = "yet another passphrase";
const MESSAGE: &str = "From: Rachel <rachel@outside.example>\nSubject: Kept\n\nStill here.\n";

/// P-13: a password change keeps the current session and ends all others, and the mail stays.
#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", MESSAGE).await;
    let (mut here, mut there) = (web.signed_in("dana").await, web.signed_in("dana").await);
    let change = |old: &str, new: &str| json!({ "password": old, "newPassword": new });
    let path = "/api/account/password";
    let answer = here.signed("PUT", path, Some(&change("wrong", NEW))).await;
    answer.expect_problem(401, "bad-credentials");
    let answer = here.signed("PUT", path, Some(&change(PASSWORD, "short"))).await;
    answer.expect_problem(422, "weak-password");
    there.get("/api/session").await.expect_status(200);
    here.signed("PUT", path, Some(&change(PASSWORD, NEW))).await.expect_status(200);
    here.get("/api/session").await.expect_status(200);
    there.get("/api/session").await.expect_status(401);
    there.sign_in("dana", PASSWORD).await.expect_problem(401, "bad-credentials");
    there.sign_in("dana", NEW).await.expect_status(201);
    let opened = there.post(&format!("/api/messages/{reference}/open"), &json!({})).await;
    assert!(opened.expect_status(200).json()["text"].as_str().unwrap().contains("Still here."));
}

/// P-13: who knew the old password is shut out for good, unless the owner says that nobody did:
/// passkeys, app passwords and the recovery key end with it, or all of them stay.
#[tokio::test]
async fn a_new_password_ends_or_keeps_what_else_opens_the_account() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", MESSAGE).await;
    let (mut here, _) = with_passkey(&web).await;
    let made = app_password(&mut here, "Phone").await;
    let mut phone = web.browser().await;
    phone.sign_in("dana", made["appPassword"].as_str().unwrap()).await.expect_status(201);
    let key = here.post("/api/account/recovery-key", &json!({ "password": PASSWORD })).await;
    let old_key = key.expect_status(201).json()["recoveryKey"].as_str().unwrap().to_owned();

    let path = "/api/account/password";
    let keeps = json!({ "password": PASSWORD, "newPassword": NEW, "keepOthers": true });
    here.signed("PUT", path, Some(&keeps)).await.expect_status(204);
    phone.get("/api/mailboxes").await.expect_status(200);
    let listed = credentials(&mut here).await;
    let count = |listed: &Value, kind: &str| listed[kind].as_array().unwrap().len();
    assert_eq!((count(&listed, "passkeys"), count(&listed, "appPasswords")), (1, 1));

    let renews = json!({ "password": NEW, "newPassword": THIRD });
    let renewed = here.signed("PUT", path, Some(&renews)).await.expect_status(200).json();
    let new_key = renewed["recoveryKey"].as_str().unwrap().to_owned();
    phone.get("/api/mailboxes").await.expect_problem(401, "signed-out");
    let listed = credentials(&mut here).await;
    assert_eq!((count(&listed, "passkeys"), count(&listed, "appPasswords")), (0, 0));
    // This session goes on: it opens what arrived before and what arrives from now on.
    let later = web.deliver("dana", MESSAGE).await;
    for reference in [reference, later] {
        assert!(here.read(reference).await["text"].as_str().unwrap().contains("Still here."));
    }
    let recover =
        |key: &str| json!({ "name": "dana", "recoveryKey": key, "newPassword": PASSWORD });
    let mut lost = web.browser().await;
    let answer = lost.post("/api/recovery", &recover(&old_key)).await;
    answer.expect_problem(401, "bad-credentials");
    lost.post("/api/recovery", &recover(&new_key)).await.expect_status(200);
    lost.sign_in("dana", PASSWORD).await.expect_status(201);
    assert!(lost.read(later).await["text"].as_str().unwrap().contains("Still here."));
}

/// P-13: the recovery key is shown once and restores access to the account with all its mail; a new
/// one replaces the old one.
#[tokio::test]
async fn the_recovery_key_brings_the_account_back() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", MESSAGE).await;
    let mut dana = web.signed_in("dana").await;
    let path = "/api/account/recovery-key";
    dana.post(path, &json!({ "password": "wrong" })).await.expect_problem(401, "bad-credentials");
    let mut keys = Vec::new();
    for _ in 0..2 {
        let made = dana.post(path, &json!({ "password": PASSWORD })).await.expect_status(201);
        keys.push(made.json()["recoveryKey"].as_str().unwrap().to_owned());
    }
    assert_ne!(keys[0], keys[1]);

    let mut lost = web.browser().await;
    let recover = |name: &str, key: &str, new: &str| json!({ "name": name, "recoveryKey": key, "newPassword": new });
    // A replaced key, an invalid key and an unknown name get the same answer.
    for (name, key) in [("dana", keys[0].as_str()), ("dana", "nonsense"), ("nobody", &keys[1])] {
        let answer = lost.post("/api/recovery", &recover(name, key, NEW)).await;
        answer.expect_problem(401, "bad-credentials");
    }
    let key = keys[1].to_uppercase().replace('-', " ");
    let answer = lost.post("/api/recovery", &recover("dana", &key, "short")).await;
    answer.expect_problem(422, "weak-password");
    let next = lost.post("/api/recovery", &recover("dana", &key, NEW)).await.expect_status(200);
    assert_ne!(next.json()["recoveryKey"], keys[1].as_str(), "it is good once");
    dana.get("/api/session").await.expect_status(401);
    lost.sign_in("dana", NEW).await.expect_status(201);
    let opened = lost.post(&format!("/api/messages/{reference}/open"), &json!({})).await;
    assert!(opened.expect_status(200).json()["text"].as_str().unwrap().contains("Still here."));
}

/// P-13: guessing a recovery key, or the password from within a session, is rate-limited.
#[tokio::test]
async fn guessing_is_slowed_down() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    for _ in 0..5 {
        let answer = dana.post("/api/account/recovery-key", &json!({ "password": "no" })).await;
        answer.expect_problem(401, "bad-credentials");
    }
    let answer = dana.post("/api/account/recovery-key", &json!({ "password": PASSWORD })).await;
    answer.expect_problem(429, "slow-down");
    let mut lost = web.browser().await;
    let guess = json!({ "name": "omar", "recoveryKey": "guess", "newPassword": NEW });
    for _ in 0..5 {
        let answer = lost.post("/api/recovery", &guess).await;
        answer.expect_problem(401, "bad-credentials");
    }
    lost.post("/api/recovery", &guess).await.expect_problem(429, "slow-down");
}
