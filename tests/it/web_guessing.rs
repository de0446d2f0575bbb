//! Strangers who guess passwords, from few addresses and from many, and the owner who comes home.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;

use super::web_harness::{Browser, PASSWORD, TLS_BOTH, TestWeb, client_tls, shake, within};

/// The owner is let in within this time.
const LIMIT: Duration = Duration::from_secs(30);

/// Guesses without a pause from several addresses, until it is told to stop.
struct Attack {
    stop: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
    guessers: Vec<JoinHandle<()>>,
}

impl Attack {
    async fn start(web: &TestWeb, name: &'static str, from: &[Ipv4Addr]) -> Attack {
        let (stop, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut guessers = Vec::new();
        for address in from {
            let mut browser = web.browser_at(IpAddr::V4(*address)).await;
            let (stop, refused) = (stop.clone(), refused.clone());
            guessers.push(tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let answer = browser.sign_in(name, "guess").await;
                    assert!(matches!(answer.status.as_u16(), 401 | 429 | 503), "{answer:?}");
                    refused.fetch_add(usize::from(answer.status != 401), Ordering::Relaxed);
                }
            }));
        }
        let attack = Attack { stop, refused, guessers };
        within(async {
            while attack.refused.load(Ordering::Relaxed) < 50 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        attack
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for guesser in self.guessers {
            within(guesser).await.unwrap();
        }
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

/// Regression: whoever asked more often than the owner took each try that an account had.
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
    attack.end().await;
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
            known.sign_in("dana", PASSWORD).await.expect_status(201);
        }
        attack.end().await;
    }
}

/// A guess counts although its client does not wait for the answer.
#[tokio::test]
async fn who_hangs_up_has_guessed_all_the_same() {
    let web = TestWeb::start().await;
    let browser = web.browser().await;
    let body = json!({"name": "dana", "password": "guess", "profile": "browser"}).to_string();
    let refused = || web.gateway.audit(None).unwrap().items.len();
    let tries = async {
        while refused() < 5 {
            let proof = browser.credentials("POST", "/api/session");
            let request = format!(
                "POST /api/session HTTP/1.1\r\nHost: localhost:{}\r\nDPoP: {}\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                web.https.port(),
                proof["dpop"].to_str().unwrap(),
                body.len()
            );
            let tls = client_tls(TLS_BOTH, &[b"http/1.1"]);
            let mut stream = shake(web.https, tls).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    };
    within(tries).await;
    let answer = web.browser().await.sign_in("dana", PASSWORD).await;
    answer.expect_problem(429, "slow-down");
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
