//! Strangers who guess passwords, from few addresses and from many, and the owner who comes home.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinHandle;

use super::web_harness::{Browser, PASSWORD, TestWeb, within};

/// The owner is let in within this time.
const LIMIT: Duration = Duration::from_secs(30);

/// Guesses without a pause from several addresses, as long as it is there.
struct Attack {
    guessers: Vec<JoinHandle<()>>,
}

impl Attack {
    async fn start(web: &TestWeb, name: &'static str, from: &[Ipv4Addr]) -> Attack {
        let answered = Arc::new(AtomicUsize::new(0));
        let mut guessers = Vec::new();
        for address in from {
            let mut browser = web.browser_at(IpAddr::V4(*address)).await;
            let answered = answered.clone();
            guessers.push(tokio::spawn(async move {
                loop {
                    let answer = browser.sign_in(name, "guess").await;
                    assert!(matches!(answer.status.as_u16(), 401 | 429 | 503), "{answer:?}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        let begun = async {
            while answered.load(Ordering::Relaxed) < 30 {
                tokio::task::yield_now().await;
            }
        };
        within(begun).await;
        Attack { guessers }
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        self.guessers.iter().for_each(JoinHandle::abort);
    }
}

/// Signs in as a person does: waits as long as the answer says, and tries again.
async fn comes_home(browser: &mut Browser, name: &str) {
    let began = Instant::now();
    loop {
        let answer = browser.sign_in(name, PASSWORD).await;
        if answer.status == 201 {
            return;
        }
        let wait = answer.header("retry-after").parse().unwrap();
        tokio::time::sleep(Duration::from_secs(wait)).await;
        assert!(began.elapsed() < LIMIT, "still not in: {answer:?}");
    }
}

/// Regression: a stranger who asked more often than the owner took each try that an account had.
#[tokio::test]
async fn a_stranger_who_guesses_keeps_nobody_out() {
    let web = TestWeb::start().await;
    let home = IpAddr::V4(Ipv4Addr::new(127, 0, 1, 1));
    let elsewhere = IpAddr::V4(Ipv4Addr::new(127, 0, 2, 1));
    let mut known = web.browser_at(home).await;
    known.sign_in("dana", PASSWORD).await.expect_status(201);
    let stranger = [Ipv4Addr::new(127, 0, 9, 1), Ipv4Addr::new(127, 0, 9, 2)];
    let attack = Attack::start(&web, "dana", &stranger).await;
    for _ in 0..5 {
        known.sign_in("dana", PASSWORD).await.expect_status(201);
    }
    comes_home(&mut web.browser_at(elsewhere).await, "dana").await;
    // Ways back are not shut either: the key is wrong, and not refused unseen.
    let recovery = json!({"name": "dana", "recoveryKey": "guess", "newPassword": PASSWORD});
    known.token = None;
    known.post("/api/recovery", &recovery).await.expect_problem(401, "bad-credentials");
    drop(attack);
}

/// Regression: the line of password checks was first come, first served.
#[tokio::test]
async fn strangers_in_many_networks_keep_nobody_out() {
    let web = TestWeb::start().await;
    let home = IpAddr::V4(Ipv4Addr::new(127, 0, 1, 1));
    let mut known = web.browser_at(home).await;
    known.sign_in("dana", PASSWORD).await.expect_status(201);
    let strangers: Vec<Ipv4Addr> =
        (0..40).map(|n| Ipv4Addr::new(127, 0, 100 + n % 10, 1 + n)).collect();
    for name in ["dana", "omar"] {
        let attack = Attack::start(&web, name, &strangers).await;
        for _ in 0..5 {
            let began = Instant::now();
            let mut known = web.browser_at(home).await;
            known.sign_in("dana", PASSWORD).await.expect_status(201);
            assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
        }
        drop(attack);
    }
}

/// P-13: in a network where nobody has signed in before, with a key that nobody has seen: among those
/// who wait, she comes before those who did worse.
#[tokio::test]
async fn a_newcomer_is_let_in_while_strangers_in_many_networks_guess() {
    let web = TestWeb::start().await;
    let strangers: Vec<Ipv4Addr> = (0..32).map(|n| Ipv4Addr::new(127, 0, 100 + n, 1)).collect();
    let attack = Attack::start(&web, "dana", &strangers).await;
    let elsewhere = IpAddr::V4(Ipv4Addr::new(127, 0, 2, 1));
    comes_home(&mut web.browser_at(elsewhere).await, "dana").await;
    drop(attack);
}

/// P-13: a browser in which she signed in before waits for nobody, in whatever network it is.
#[tokio::test]
async fn a_known_browser_is_let_in_at_once_while_others_guess() {
    let web = TestWeb::start().await;
    let at = |n| IpAddr::V4(Ipv4Addr::new(127, 0, n, 1));
    let mut known = web.browser_at(at(1)).await;
    known.sign_in("dana", PASSWORD).await.expect_status(201);
    let listed = known.get("/api/browsers").await.expect_status(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["current"], true);
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    known.delete("/api/session").await.expect_status(204);

    let strangers: Vec<Ipv4Addr> = (0..32).map(|n| Ipv4Addr::new(127, 0, 100 + n, 1)).collect();
    let attack = Attack::start(&web, "dana", &strangers).await;
    let mut moved = web.browser_at(at(2)).await;
    moved.key = known.key;
    let began = Instant::now();
    moved.sign_in("dana", PASSWORD).await.expect_status(201);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    drop(attack);

    // Who has a copy of the thumbprint has no key to sign with, and another key is another browser.
    let mut omar = web.signed_in("omar").await;
    omar.delete(&format!("/api/browsers/{id}")).await.expect_problem(404, "not-found");
    moved.delete("/api/browsers/xyz").await.expect_problem(404, "not-found");
    moved.delete(&format!("/api/browsers/{id}")).await.expect_status(204);
    let listed = moved.get("/api/browsers").await.expect_status(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 0);
    moved.get("/api/session").await.expect_status(200);
    let body = json!({"name": "dana", "password": PASSWORD, "profile": "shared"});
    moved.token = None;
    let shared = moved.post("/api/session", &body).await.expect_status(201).json();
    moved.token = Some(shared["token"].as_str().unwrap().to_owned());
    let listed = moved.get("/api/browsers").await.expect_status(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 0, "a shared computer");
}

/// P-13. Regression: a proof of a refused try, which does not sign the name and the password, made
/// as many tries as the browser has, from anywhere.
#[tokio::test]
async fn a_copied_proof_takes_no_try_of_a_known_browser() {
    const PATH: &str = "/api/session";
    let web = TestWeb::start().await;
    let at = |n| IpAddr::V4(Ipv4Addr::new(127, 0, n, 1));
    let body = |name, password| {
        json!({"name": name, "password": password, "profile": "browser"}).to_string()
    };
    let mut known = web.browser_at(at(1)).await;
    known.sign_in("dana", PASSWORD).await.expect_status(201);
    known.delete(PATH).await.expect_status(204);
    known.token = None;
    let headers = known.credentials("POST", PATH);
    let mistyped = known.raw("POST", PATH, headers.clone(), Some(body("dana", "mistyped"))).await;
    mistyped.expect_problem(401, "bad-credentials");
    let mut thief = web.browser_at(at(7)).await;
    for name in ["dana", "dana@example.org", "omar", "dana", "dana", "dana"] {
        let again = thief.raw("POST", PATH, headers.clone(), Some(body(name, "guess"))).await;
        again.expect_problem(401, "replayed-proof");
    }

    let strangers: Vec<Ipv4Addr> = (0..32).map(|n| Ipv4Addr::new(127, 0, 100 + n, 1)).collect();
    let attack = Attack::start(&web, "dana", &strangers).await;
    let mut moved = web.browser_at(at(2)).await;
    moved.key = known.key;
    let began = Instant::now();
    moved.sign_in("dana", PASSWORD).await.expect_status(201);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    drop(attack);
}

/// A name that nobody has is answered as one that somebody has.
#[tokio::test]
async fn guesses_of_a_name_that_nobody_has_are_answered_like_others() {
    let web = TestWeb::start().await;
    let mut answers = Vec::new();
    for name in ["dana", "nobody"] {
        let mut all = Vec::new();
        for network in [11, 12] {
            let address = IpAddr::V4(Ipv4Addr::new(127, 0, network, 1));
            let mut browser = web.browser_at(address).await;
            for _ in 0..7 {
                all.push(browser.sign_in(name, "guess").await.status.as_u16());
            }
        }
        answers.push(all);
    }
    assert_eq!(answers[0], [401, 401, 401, 401, 401, 429, 429].repeat(2));
    assert_eq!(answers[0], answers[1]);
}
