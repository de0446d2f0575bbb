//! Removing users, and their addresses, over the API.

use std::net::{IpAddr, Ipv4Addr};

use postern::gateway::{Browser, Conflict, Error, Gateway, LogIn, Password, Profile};
use serde_json::{Value, json};

use super::web_harness::{MESSAGE, PASSWORD, TestWeb};
use super::web_keys::{totp_on, totp_start};
use super::web_manage::with_manager;

/// Goes on with what is being removed, as the daemon's job does.
async fn removed(web: &TestWeb) {
    let gateway = web.gateway.clone();
    let done = tokio::task::spawn_blocking(move || while gateway.removals_continue().unwrap() {});
    done.await.unwrap();
}

/// An administrator removes a user, whose sessions end at once; nobody gets the name within 90 days.
#[tokio::test]
async fn a_user_is_removed_for_good() {
    let (web, mut dana) = with_manager().await;
    let mut omar = web.signed_in("omar").await;
    web.deliver("omar", MESSAGE).await;
    let path = "/api/manage/users/omar/remove";
    let typed = |text: &str, free: bool| json!({"confirm": text, "free": free});
    omar.post("/api/manage/users/dana/remove", &typed("dana", false))
        .await
        .expect_problem(404, "not-found");
    dana.post(path, &typed("omr", false)).await.expect_problem(409, "name-differs");
    dana.post("/api/manage/users/nobody/remove", &typed("nobody", false))
        .await
        .expect_problem(404, "not-found");
    dana.post("/api/manage/users/dana/remove", &typed("dana", false))
        .await
        .expect_problem(409, "last-manager");
    omar.get("/api/session").await.expect_status(200);
    dana.post(path, &typed("omar", false)).await.expect_status(204);
    omar.get("/api/session").await.expect_problem(401, "signed-out");
    let mut browser = web.browser().await;
    browser.sign_in("omar", PASSWORD).await.expect_problem(401, "bad-credentials");
    removed(&web).await;
    let users = dana.get("/api/manage/users").await.expect_status(200).json();
    assert_eq!(users["total"], 1);
    let again = json!({"name": "omar", "displayName": "Omar", "addresses": ["omar@example.org"],
        "password": "four quiet herons"});
    dana.post("/api/manage/users", &again).await.expect_problem(409, "name-held");
    let log = dana.get("/api/manage/log").await.expect_status(200).json();
    let lines = log["items"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["act"] == "user-removed" && line["about"] == "omar"));
}

/// Addresses are added and removed, and all sessions of a user ended.
#[tokio::test]
async fn addresses_and_sessions_are_an_administrators_to_end() {
    let (web, mut dana) = with_manager().await;
    let mut omar = web.signed_in("omar").await;
    let at = "/api/manage/users/omar/addresses";
    let address = |text: &str| json!({"address": text});
    let without = |text: &str| json!({"address": text, "free": false});
    omar.post(at, &address("sales@example.org")).await.expect_problem(404, "not-found");
    dana.post(at, &address("sales@elsewhere.example")).await.expect_problem(422, "invalid");
    dana.post(at, &address("not an address")).await.expect_problem(422, "invalid");
    dana.post(at, &address("dana@example.org")).await.expect_problem(409, "exists");
    dana.post(at, &address("sales@example.org")).await.expect_status(204);
    let users = dana.get("/api/manage/users?find=sales").await.expect_status(200).json();
    assert_eq!(users["items"][0]["addresses"], json!(["omar@example.org", "sales@example.org"]));
    let off = format!("{at}/remove");
    dana.post(&off, &without("nobody@example.org")).await.expect_problem(404, "not-found");
    dana.post(&off, &without("omar@example.org")).await.expect_status(204);
    dana.post(&off, &without("sales@example.org")).await.expect_problem(409, "last-address");
    omar.get("/api/session").await.expect_status(200);
    dana.post("/api/manage/users/omar/sign-out", &json!({})).await.expect_status(204);
    omar.get("/api/session").await.expect_problem(401, "signed-out");
    let mut browser = web.browser().await;
    browser.sign_in("sales@example.org", PASSWORD).await.expect_status(201);
}

/// After a hundred wrong codes in a row, an account takes none any more, not even the right one, although
/// the password is right, until an administrator allows codes again. A right code begins the count anew.
#[tokio::test]
async fn after_a_hundred_wrong_codes_an_account_takes_none() {
    let (web, mut dana) = with_manager().await;
    let mut omar = web.signed_in("omar").await;
    let totp = totp_start(&mut omar, PASSWORD).await;
    totp_on(&mut omar, &totp).await.expect_status(204);
    let gateway = web.gateway.clone();
    let tries = move |count: usize, code: String| {
        let gateway = gateway.clone();
        // The throttles, which only slow guesses down, stand before the core.
        tokio::task::spawn_blocking(move || {
            // Each is tried, and the last one counts.
            let answers: Vec<_> = (0..count).map(|_| open_with(&gateway, &code)).collect();
            answers.into_iter().next_back().unwrap()
        })
    };
    let right = || totp.generate(u64::try_from(web.clock().now().unix_secs()).unwrap()).to_string();
    let wrong = |right: &str| format!("{:06}", (right.parse::<u32>().unwrap() + 1) % 1_000_000);
    web.clock().advance_secs(120);
    assert!(matches!(tries(99, wrong(&right())).await.unwrap(), Err(Error::WrongCode)));
    tries(1, right()).await.unwrap().unwrap();
    web.clock().advance_secs(120);
    assert!(matches!(tries(100, wrong(&right())).await.unwrap(), Err(Error::WrongCode)));
    let stopped = tries(1, right()).await.unwrap();
    assert!(matches!(stopped, Err(Error::Conflict(Conflict::TotpStopped))), "{stopped:?}");
    let users = dana.get("/api/manage/users?find=omar").await.expect_status(200).json();
    assert_eq!(users["items"][0]["totpStopped"], true);
    omar.get("/api/session").await.expect_status(200);
    let path = "/api/manage/users/omar/reset-totp";
    omar.post(path, &json!({})).await.expect_problem(404, "not-found");
    dana.post(path, &json!({})).await.expect_status(204);
    tries(1, right()).await.unwrap().unwrap();
    let users = dana.get("/api/manage/users?find=omar").await.expect_status(200).json();
    assert_eq!(users["items"][0]["totpStopped"], false);
}

/// However many come at once, no more codes are compared, and the owner gets one notice that says so.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_codes_are_compared_at_once_and_their_owner_gets_one_notice() {
    let (web, mut dana) = with_manager().await;
    let mut omar = web.signed_in("omar").await;
    let totp = totp_start(&mut omar, PASSWORD).await;
    totp_on(&mut omar, &totp).await.expect_status(204);
    web.clock().advance_secs(120);
    let now = u64::try_from(web.clock().now().unix_secs()).unwrap();
    let right: u32 = totp.generate(now).to_string().parse().unwrap();
    let wrong = format!("{:06}", (right + 1) % 1_000_000);
    let tries: Vec<_> = (0..120)
        .map(|_| {
            let (gateway, wrong) = (web.gateway.clone(), wrong.clone());
            tokio::task::spawn_blocking(move || open_with(&gateway, &wrong))
        })
        .collect();
    let mut compared = 0;
    for one in tries {
        match one.await.unwrap() {
            Err(Error::WrongCode) => compared += 1,
            Err(Error::Conflict(Conflict::TotpStopped)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(compared, 100);
    let stops = |omar: Value| -> Vec<String> {
        let subjects = omar["items"].as_array().unwrap().iter();
        let subjects = subjects.map(|one| one["subject"].as_str().unwrap().to_owned());
        subjects.filter(|subject| subject.starts_with("Codes are no longer accepted: ")).collect()
    };
    for _ in 0..2 {
        let gateway = web.gateway.clone();
        let notify = move || gateway.codes_stopped_notify(10).unwrap();
        tokio::task::spawn_blocking(notify).await.unwrap();
        let inbox = omar.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
        assert_eq!(stops(inbox).len(), 1);
        // Nor for another try.
        let (gateway, wrong) = (web.gateway.clone(), wrong.clone());
        let tried = tokio::task::spawn_blocking(move || open_with(&gateway, &wrong)).await;
        assert!(matches!(tried.unwrap(), Err(Error::Conflict(Conflict::TotpStopped))));
    }
    // After an administrator allowed codes again, another stop is another notice.
    dana.post("/api/manage/users/omar/reset-totp", &json!({})).await.expect_status(204);
    for _ in 0..100 {
        let (gateway, wrong) = (web.gateway.clone(), wrong.clone());
        let tried = tokio::task::spawn_blocking(move || open_with(&gateway, &wrong)).await;
        assert!(matches!(tried.unwrap(), Err(Error::WrongCode)));
    }
    let gateway = web.gateway.clone();
    let notified = tokio::task::spawn_blocking(move || gateway.codes_stopped_notify(10)).await;
    assert_eq!(notified.unwrap().unwrap(), (1, true));
    let inbox = omar.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    assert_eq!(stops(inbox).len(), 2);
}

fn open_with(gateway: &Gateway, code: &str) -> Result<(), Error> {
    let browser = Browser {
        key_thumbprint: "thumb".to_owned(),
        agent: "test".to_owned(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        profile: Profile::Browser,
    };
    let password = Password::new(PASSWORD).unwrap();
    let login = LogIn { name: "omar", password, code: Some(code), browser, new_password: None };
    gateway.session_open(login).map(drop)
}
