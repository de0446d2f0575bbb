//! Signing in and out, and the sessions of an account.

use serde_json::json;

use super::web_harness::{PASSWORD, TestWeb};

/// P-13
#[tokio::test]
async fn the_right_name_and_password_open_a_session_that_says_whose_it_is() {
    let web = TestWeb::start().await;
    let mut browser = web.browser().await;
    let signed_in = browser.sign_in("dana", PASSWORD).await.expect_status(201).json();
    assert_eq!(signed_in["token"].as_str().unwrap().len(), 43);
    assert_eq!(signed_in["account"]["name"], "dana");
    assert_eq!(signed_in["account"]["displayName"], "dana the tester");
    assert_eq!(signed_in["account"]["address"], "dana@example.org");
    assert_eq!(signed_in["account"]["kind"], "internal");
    assert_eq!(signed_in["session"]["current"], true);
    assert_eq!(signed_in["session"]["peer"], "127.0.0.1");
    assert!(signed_in["lastSignIn"].is_null());
    let first = signed_in["session"]["createdAt"].as_str().unwrap().to_owned();
    // Signing in by address, a minute later; the answer states the time of the previous sign-in.
    web.clock().advance_secs(60);
    let mut other = web.old_browser().await;
    let again = other.sign_in("Dana@Example.org", PASSWORD).await.expect_status(201).json();
    assert_eq!(again["lastSignIn"], first.as_str());
    let current = other.get("/api/session").await.expect_status(200).json();
    assert_eq!(current["session"]["id"], again["session"]["id"]);
    assert_eq!(current["lastSignIn"], first.as_str());
    assert!(current["token"].is_null());
}

/// P-13: an unknown name, a wrong password and a disabled account get the same answer.
#[tokio::test]
async fn a_wrong_pair_gets_one_generic_error() {
    let web = TestWeb::start().await;
    let gateway = web.gateway.clone();
    let disabled = tokio::task::spawn_blocking(move || gateway.account_disable("omar"));
    disabled.await.unwrap().unwrap();
    let mut browser = web.browser().await;
    let mut answers = Vec::new();
    for (name, password) in [("dana", "wrong"), ("nobody", PASSWORD), ("omar", PASSWORD)] {
        let answer = browser.sign_in(name, password).await.expect_problem(401, "bad-credentials");
        let mut problem = answer.json();
        problem["errorId"].take();
        let mut names: Vec<_> = answer.headers.keys().map(|name| name.to_string()).collect();
        names.sort();
        answers.push((problem, names));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

/// P-13
#[tokio::test]
async fn guessing_is_slowed_down_and_nobody_else_is() {
    let web = TestWeb::start().await;
    let mut browser = web.browser().await;
    for _ in 0..5 {
        browser.sign_in("dana", "wrong").await.expect_problem(401, "bad-credentials");
    }
    // Even the right password is not tried now, and an unknown name is rate-limited just the same.
    let answer = browser.sign_in("dana", PASSWORD).await.expect_problem(429, "slow-down");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    assert!(answer.json()["detail"].as_str().unwrap().contains("second"));
    browser.sign_in("omar", PASSWORD).await.expect_status(201);
    for _ in 0..5 {
        browser.sign_in("nobody", "wrong").await.expect_problem(401, "bad-credentials");
    }
    browser.sign_in("nobody", "wrong").await.expect_problem(429, "slow-down");
}

/// However the name is written, the guesses are those of one account.
#[tokio::test]
async fn an_account_has_no_more_guesses_because_it_has_many_names() {
    let web = TestWeb::start().await;
    let mut browser = web.browser().await;
    let names =
        ["dana", "Dana ", "dana@example.org", "\"dana\"@example.org", "\"d\\ana\"@Example.Org"];
    for name in names {
        browser.sign_in(name, "wrong").await.expect_problem(401, "bad-credentials");
    }
    for name in names {
        browser.sign_in(name, PASSWORD).await.expect_problem(429, "slow-down");
        let recovery = json!({ "name": name, "recoveryKey": "guess", "newPassword": PASSWORD });
        browser.post("/api/recovery", &recovery).await.expect_problem(429, "slow-down");
    }
}

#[tokio::test]
async fn what_is_no_log_in_is_refused_with_a_reason() {
    let web = TestWeb::start().await;
    let mut browser = web.browser().await;
    let long = "x".repeat(2_000);
    let wrong = [
        json!({}),
        json!([]),
        json!({"name": "dana", "password": PASSWORD}),
        json!({"name": "dana", "password": PASSWORD, "profile": "forever"}),
        json!({"name": "dana", "password": "", "profile": "browser"}),
        json!({"name": "dana", "password": long, "profile": "browser"}),
        json!({"name": "dana", "password": PASSWORD, "profile": "browser", "admin": true}),
    ];
    for body in wrong {
        browser.post("/api/session", &body).await.expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_clears_the_browser() {
    let web = TestWeb::start().await;
    let mut browser = web.signed_in("dana").await;
    let answer = browser.delete("/api/session").await.expect_status(204);
    assert_eq!(answer.header("clear-site-data"), "\"storage\"");
    browser.get("/api/session").await.expect_problem(401, "signed-out");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_everywhere() {
    let web = TestWeb::start().await;
    let mut here = web.signed_in("dana").await;
    web.clock().advance_secs(1);
    let mut there = web.signed_in("dana").await;
    let mut omar = web.signed_in("omar").await;
    let listed = here.get("/api/sessions").await.expect_status(200).json();
    let sessions = listed["items"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let current: Vec<_> = sessions.iter().map(|session| session["current"] == true).collect();
    assert_eq!(current, [false, true]);
    let other = sessions[0]["id"].as_str().unwrap().to_owned();
    // Another user's session is reported as not found.
    omar.delete(&format!("/api/sessions/{other}")).await.expect_problem(404, "not-found");
    here.delete("/api/sessions/xyz").await.expect_problem(404, "not-found");
    here.delete(&format!("/api/sessions/{other}")).await.expect_status(204);
    there.get("/api/session").await.expect_problem(401, "signed-out");
    here.get("/api/session").await.expect_status(200);

    there.sign_in("dana", PASSWORD).await.expect_status(201);
    let answer = here.delete("/api/sessions").await.expect_status(204);
    assert_eq!(answer.header("clear-site-data"), "\"storage\"");
    for browser in [&mut here, &mut there] {
        browser.get("/api/session").await.expect_problem(401, "signed-out");
    }
    omar.get("/api/session").await.expect_status(200);
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_sooner_on_a_shared_computer() {
    let web = TestWeb::start().await;
    let mut own = web.signed_in("dana").await;
    let mut shared = web.browser().await;
    let body = json!({"name": "dana", "password": PASSWORD, "profile": "shared"});
    let answer = shared.post("/api/session", &body).await.expect_status(201);
    shared.token = Some(answer.json()["token"].as_str().unwrap().to_owned());
    web.clock().advance_secs(16 * 60);
    shared.get("/api/session").await.expect_problem(401, "signed-out");
    own.get("/api/session").await.expect_status(200);
    web.clock().advance_secs(31 * 60);
    own.get("/api/session").await.expect_problem(401, "signed-out");
}
