//! Valid and invalid proofs of possession (RFC 9449).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use super::web_harness::{TestWeb, base64url, header};

/// A browser's key pair.
pub struct Key(EcdsaKeyPair);

impl Key {
    pub fn new() -> Key {
        Key(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub fn jwk(&self) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)})
    }

    pub fn header(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()})
    }

    pub fn claims(&self, method: &str, htu: &str, token: Option<&str>, iat: i64) -> Value {
        let mut random = [0; 16];
        aws_lc_rs::rand::fill(&mut random).unwrap();
        let mut claims = json!({"htm": method, "htu": htu, "iat": iat, "jti": base64url(random)});
        if let Some(token) = token {
            claims["ath"] = json!(base64url(digest(&SHA256, token.as_bytes())));
        }
        claims
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", base64url(signature))
    }
}

const PATH: &str = "/api/session";

fn with(mut value: Value, key: &str, to: Value) -> Value {
    value[key] = to;
    value
}

/// P-05: a copied token is useless without its key.
#[tokio::test]
async fn a_stolen_token_opens_nothing() {
    let web = TestWeb::start().await;
    let mut victim = web.signed_in("dana").await;
    victim.get(PATH).await.expect_status(200);
    let token = victim.token.clone().unwrap();
    let mut thief = web.browser().await;
    for scheme in ["DPoP", "Bearer", "Basic"] {
        let headers = header("authorization", &format!("{scheme} {token}"));
        thief.raw("GET", PATH, headers, None).await.expect_problem(401, "signed-out");
    }
    // With a valid proof by another key.
    thief.token = Some(token.clone());
    thief.get(PATH).await.expect_problem(401, "signed-out");
    // As a bearer token with a valid proof by the right key.
    let mut headers = victim.credentials("GET", PATH);
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    thief.raw("GET", PATH, headers, None).await.expect_problem(401, "signed-out");
    // In the query, where it would be logged: it is ignored there.
    let path = format!("{PATH}?access_token={token}");
    thief.raw("GET", &path, victim.credentials("GET", PATH), None).await.expect_status(200);
    let bare = thief.follow(&path).await.expect_problem(401, "signed-out");
    assert!(bare.header("www-authenticate").starts_with("DPoP "));
}

/// P-05: each proof is valid for one request, once.
#[tokio::test]
async fn a_copied_request_is_refused() {
    let web = TestWeb::start().await;
    let mut browser = web.signed_in("dana").await;
    let headers = browser.credentials("GET", PATH);
    browser.raw("GET", PATH, headers.clone(), None).await.expect_status(200);
    browser.raw("GET", PATH, headers.clone(), None).await.expect_problem(401, "replayed-proof");
    let elsewhere = browser.raw("GET", "/api/sessions", headers, None).await;
    elsewhere.expect_problem(401, "signed-out");
    // It is refused on another connection, and later, as well.
    let headers = browser.credentials("GET", PATH);
    browser.raw("GET", PATH, headers.clone(), None).await.expect_status(200);
    web.clock().advance_secs(59);
    let mut other = web.old_browser().await;
    other.raw("GET", PATH, headers.clone(), None).await.expect_problem(401, "replayed-proof");
    web.clock().advance_secs(2);
    other.raw("GET", PATH, headers, None).await.expect_problem(401, "stale-proof");
}

/// P-05: a restarted daemon has forgotten which proofs were used, so it accepts none from before
/// the restart.
#[tokio::test]
async fn a_restart_lets_no_copied_request_through_and_signs_nobody_out() {
    let web = TestWeb::start().await;
    let mut browser = web.signed_in("dana").await;
    web.clock().advance_secs(10);
    let used = browser.credentials("GET", PATH);
    browser.raw("GET", PATH, used.clone(), None).await.expect_status(200);
    web.clock().advance_secs(1);
    // The same public host and port, as after a real restart.
    let origin = web.origin();
    let again = TestWeb::in_front_of(web.gateway.clone(), |config| {
        config.public_url = Some(origin);
    });
    let again = again.await;
    let mut thief = again.browser().await;
    thief.raw("GET", PATH, used, None).await.expect_problem(401, "stale-proof");
    let fresh = browser.credentials("GET", PATH);
    thief.raw("GET", PATH, fresh, None).await.expect_status(200);
}

/// P-05
#[tokio::test]
async fn a_wrong_proof_is_refused_whatever_is_wrong_with_it() {
    let web = TestWeb::start().await;
    let mut browser = web.signed_in("dana").await;
    let claims = |browser: &super::web_harness::Browser| browser.claims("GET", PATH);
    let now = browser.now();
    let wrong_claims = [
        ("htm", json!("POST"), "signed-out"),
        ("htu", json!(browser.url("/api/sessions")), "signed-out"),
        ("htu", json!("https://elsewhere.example/api/session"), "signed-out"),
        ("htu", json!(browser.url(PATH).replace("https", "http")), "signed-out"),
        ("ath", json!("AAAA"), "signed-out"),
        ("ath", Value::Null, "signed-out"),
        ("jti", json!(""), "signed-out"),
        ("jti", json!("j".repeat(1_000)), "signed-out"),
        ("iat", json!("now"), "signed-out"),
        ("iat", json!(now - 61), "stale-proof"),
        ("iat", json!(now + 61), "stale-proof"),
    ];
    for (key, value, code) in wrong_claims {
        let claims = with(claims(&browser), key, value);
        let proof = browser.key.sign(&browser.key.header(), &claims);
        let answer = browser.raw("GET", PATH, browser.with_proof(&proof), None).await;
        let answer = answer.expect_problem(401, code);
        // A browser can correct its clock by this header.
        assert!(!answer.header("date").is_empty());
    }
    let other = Key::new();
    let right = browser.key.header();
    let wrong_headers = [
        with(right.clone(), "alg", json!("none")),
        with(right.clone(), "alg", json!("HS256")),
        with(right.clone(), "typ", json!("JWT")),
        with(right.clone(), "jwk", with(browser.key.jwk(), "d", json!("AAAA"))),
        with(right.clone(), "jwk", other.jwk()),
        with(right.clone(), "crit", json!(["exp"])),
    ];
    for header in wrong_headers {
        let proof = browser.key.sign(&header, &claims(&browser));
        let answer = browser.raw("GET", PATH, browser.with_proof(&proof), None).await;
        answer.expect_problem(401, "signed-out");
    }
    let good = browser.key.sign(&right, &claims(&browser));
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    let padding = with(claims(&browser), "x", json!("x".repeat(8_000)));
    let huge = browser.key.sign(&right, &padding);
    for proof in ["", "x", "a.b.c", unsigned.as_str(), huge.as_str()] {
        let answer = browser.raw("GET", PATH, browser.with_proof(proof), None).await;
        answer.expect_problem(401, "signed-out");
    }
    // Two proofs count as no proof.
    let mut headers = browser.with_proof(&good);
    headers.append("dpop", good.parse().unwrap());
    browser.raw("GET", PATH, headers, None).await.expect_problem(401, "signed-out");
    // None of this affects the session.
    browser.raw("GET", PATH, browser.with_proof(&good), None).await.expect_status(200);
}

/// P-05: the session is bound to the key that signed the sign-in.
#[tokio::test]
async fn a_log_in_needs_a_proof_too() {
    let web = TestWeb::start().await;
    let mut browser = web.browser().await;
    let body = json!({"name": "dana", "password": "correct horse", "profile": "browser"});
    let body = Some(body.to_string());
    let bare = browser.raw("POST", PATH, Default::default(), body.clone()).await;
    bare.expect_problem(401, "signed-out");
    let elsewhere = browser.credentials("POST", "/api/sessions");
    browser.raw("POST", PATH, elsewhere, body.clone()).await.expect_problem(401, "signed-out");
    let once = browser.credentials("POST", PATH);
    browser.raw("POST", PATH, once.clone(), body.clone()).await.expect_status(201);
    browser.raw("POST", PATH, once, body).await.expect_problem(401, "replayed-proof");
}

/// If a public URL is configured, it does not matter by which of its names the site was asked.
#[tokio::test]
async fn proofs_are_for_the_public_url_when_there_is_one() {
    let web = TestWeb::with(|config| {
        config.public_url = Some("https://mail.example.org".to_owned());
    });
    let web = web.await;
    let mut browser = web.browser().await;
    let body = json!({"name": "dana", "password": "correct horse", "profile": "browser"});
    let body = Some(body.to_string());
    let local = browser.credentials("POST", PATH);
    browser.raw("POST", PATH, local, body.clone()).await.expect_problem(401, "signed-out");
    let htu = "https://mail.example.org/api/session";
    let claims = browser.key.claims("POST", htu, None, browser.now());
    let proof = browser.key.sign(&browser.key.header(), &claims);
    browser.raw("POST", PATH, browser.with_proof(&proof), body).await.expect_status(201);
}
