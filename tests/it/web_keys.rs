//! Credentials other than the password: app passwords, TOTP codes, passkeys.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use super::web_harness::{Answer, Browser, PASSWORD, TestWeb, base64url};

const NEW: &str = "a passphrase of my own";
const MESSAGE: &str = "From: Rachel <rachel@outside.example>\nSubject: Kept\n\nStill here.\n";

pub async fn app_password(browser: &mut Browser, label: &str) -> Value {
    let new = json!({ "password": PASSWORD, "label": label });
    let made = browser.post("/api/account/app-passwords", &new).await;
    made.expect_status(201).json()
}

fn secret_of(made: &Value) -> &str {
    made["appPassword"].as_str().unwrap()
}

pub async fn credentials(browser: &mut Browser) -> Value {
    browser.get("/api/account/credentials").await.expect_status(200).json()
}

/// P-13: an app password reads and sends mail and does nothing else: a thief cannot take over
/// the account, and once it is deleted, it stops working at once.
#[tokio::test]
async fn an_app_password_reads_mail_and_no_more() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", MESSAGE).await;
    let mut dana = web.signed_in("dana").await;
    let wrong = json!({ "password": "wrong", "label": "Phone" });
    let path = "/api/account/app-passwords";
    dana.post(path, &wrong).await.expect_problem(401, "bad-credentials");
    let nameless = json!({ "password": PASSWORD, "label": " " });
    dana.post(path, &nameless).await.expect_problem(422, "invalid");
    let made = app_password(&mut dana, "Phone").await;
    let listed = credentials(&mut dana).await;
    assert_eq!(listed["appPasswords"][0]["label"], "Phone");
    assert_eq!(listed["appPasswords"][0]["lastUsedAt"], Value::Null);
    assert!(!listed.to_string().contains(secret_of(&made)));

    let mut phone = web.browser().await;
    let typed = secret_of(&made).to_uppercase().replace('-', " ");
    // It does not open another account.
    phone.sign_in("omar", &typed).await.expect_problem(401, "bad-credentials");
    phone.sign_in("dana", &typed).await.expect_status(201);
    assert!(phone.read(reference).await["text"].as_str().unwrap().contains("Still here."));
    phone.get("/api/mailboxes").await.expect_status(200);
    phone.get("/api/drafts").await.expect_status(200);
    for (method, path) in [
        ("GET", "/api/account/credentials"),
        ("POST", "/api/account/app-passwords"),
        ("POST", "/api/account/totp"),
        ("POST", "/api/account/passkeys/options"),
        ("PUT", "/api/account/password"),
        ("POST", "/api/account/recovery-key"),
        ("POST", "/api/session/confirm"),
        ("GET", "/api/sessions"),
        ("DELETE", "/api/sessions"),
        ("GET", "/api/filters"),
        ("GET", "/api/preferences"),
        ("DELETE", "/api/account"),
    ] {
        let body = json!({ "password": typed, "newPassword": NEW, "label": "Mine" });
        let answer = phone.signed(method, path, (method != "GET").then_some(&body)).await;
        answer.expect_problem(403, "denied");
    }
    assert!(credentials(&mut dana).await["appPasswords"][0]["lastUsedAt"].is_string());

    let id = made["id"].as_str().unwrap();
    let mut omar = web.signed_in("omar").await;
    let one = format!("/api/account/credentials/{id}");
    omar.delete(&one).await.expect_problem(404, "not-found");
    dana.delete(&one).await.expect_status(204);
    phone.get("/api/mailboxes").await.expect_problem(401, "signed-out");
    phone.sign_in("dana", &typed).await.expect_problem(401, "bad-credentials");
    dana.get("/api/session").await.expect_status(200);
}

/// P-13: an administrator's app password gives no access to the administrators' pages.
#[tokio::test]
async fn a_managers_app_password_manages_nothing() {
    let web = TestWeb::start().await;
    let gateway = web.gateway.clone();
    let done = tokio::task::spawn_blocking(move || gateway.account_manager("dana", true));
    done.await.unwrap().unwrap();
    let mut dana = web.signed_in("dana").await;
    dana.get("/api/manage/users").await.expect_status(200);
    let made = app_password(&mut dana, "Phone").await;
    let mut phone = web.browser().await;
    phone.sign_in("dana", secret_of(&made)).await.expect_status(201);
    assert_ne!(phone.get("/api/manage/users").await.status, 200);
}

/// P-13: a password change revokes the app passwords; recovery revokes every other credential of
/// the account as well.
#[tokio::test]
async fn a_new_password_ends_app_passwords_and_recovery_ends_totp_too() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let made = app_password(&mut dana, "Phone").await;
    let change = json!({ "password": PASSWORD, "newPassword": NEW });
    dana.signed("PUT", "/api/account/password", Some(&change)).await.expect_status(200);
    let mut phone = web.browser().await;
    phone.sign_in("dana", secret_of(&made)).await.expect_problem(401, "bad-credentials");
    let new = json!({ "password": NEW, "label": "Phone" });
    let made = dana.post("/api/account/app-passwords", &new).await.expect_status(201).json();
    let totp = totp_start(&mut dana, NEW).await;
    totp_on(&mut dana, &totp).await.expect_status(204);
    let key = dana.post("/api/account/recovery-key", &json!({ "password": NEW })).await;
    let key = key.expect_status(201).json()["recoveryKey"].clone();
    let back = json!({ "name": "dana", "recoveryKey": key, "newPassword": PASSWORD });
    phone.post("/api/recovery", &back).await.expect_status(200);
    phone.sign_in("dana", secret_of(&made)).await.expect_problem(401, "bad-credentials");
    phone.sign_in("dana", PASSWORD).await.expect_status(201);
}

pub async fn totp_start(browser: &mut Browser, password: &str) -> Totp {
    let started = browser.post("/api/account/totp", &json!({ "password": password })).await;
    let started = started.expect_status(201).json();
    let (secret, uri) = (started["secret"].as_str().unwrap(), started["uri"].as_str().unwrap());
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(secret), "{uri}");
    assert!(started["qr"]["size"].as_i64().unwrap() >= 21);
    assert!(started["qr"]["path"].as_str().unwrap().starts_with("M0 0h1v1h-1z"));
    Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap()
}

fn code_at(totp: &Totp, secs: i64) -> String {
    totp.generate(secs.try_into().unwrap()).to_string()
}

pub async fn totp_on(browser: &mut Browser, totp: &Totp) -> Answer {
    let code = json!({ "code": code_at(totp, browser.now()) });
    browser.signed("PUT", "/api/account/totp", Some(&code)).await
}

async fn sign_in_with(browser: &mut Browser, password: &str, code: Option<&str>) -> Answer {
    let mut body = json!({ "name": "dana", "password": password, "profile": "browser" });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    browser.token = None;
    browser.post("/api/session", &body).await
}

/// P-13: a TOTP code is asked for only after the right password, is valid once, and cannot be
/// guessed.
#[tokio::test]
async fn a_code_is_needed_besides_the_password_and_good_once() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let again = json!({ "password": "wrong" });
    dana.post("/api/account/totp", &again).await.expect_problem(401, "bad-credentials");
    let totp = totp_start(&mut dana, PASSWORD).await;
    // Before it is confirmed, the secret is not required: it cannot lock the user out.
    let mut browser = web.browser().await;
    sign_in_with(&mut browser, PASSWORD, None).await.expect_status(201);
    let wrong = json!({ "code": "000000" });
    let path = "/api/account/totp";
    dana.signed("PUT", path, Some(&wrong)).await.expect_problem(422, "wrong-code");
    totp_on(&mut dana, &totp).await.expect_status(204);
    assert_eq!(credentials(&mut dana).await["totp"], true);
    let again = json!({ "password": PASSWORD });
    dana.post("/api/account/totp", &again).await.expect_problem(409, "totp-on");

    sign_in_with(&mut browser, PASSWORD, None).await.expect_problem(403, "code-needed");
    // Without the right password, the answer says nothing about codes.
    sign_in_with(&mut browser, "wrong", None).await.expect_problem(401, "bad-credentials");
    // The code that confirmed the secret is used up.
    let used = code_at(&totp, browser.now());
    sign_in_with(&mut browser, PASSWORD, Some(&used)).await.expect_problem(422, "wrong-code");
    web.clock().advance_secs(30);
    let next = code_at(&totp, browser.now());
    let spaced = format!("{} {}", &next[..3], &next[3..]);
    sign_in_with(&mut browser, PASSWORD, Some(&spaced)).await.expect_status(201);
    sign_in_with(&mut browser, PASSWORD, Some(&next)).await.expect_problem(422, "wrong-code");
    web.clock().advance_secs(300);
    let old = code_at(&totp, browser.now() - 90);
    sign_in_with(&mut browser, PASSWORD, Some(&old)).await.expect_problem(422, "wrong-code");
    // An app password needs no code: that is what it is for.
    let made = app_password(&mut dana, "Script").await;
    sign_in_with(&mut browser, secret_of(&made), None).await.expect_status(201);
    // Five wrong codes cause a delay. The wrong code during set-up is counted elsewhere, by account
    // number.
    for _ in 0..2 {
        sign_in_with(&mut browser, PASSWORD, Some("12")).await.expect_problem(422, "wrong-code");
    }
    let slow = sign_in_with(&mut browser, PASSWORD, Some("12")).await;
    let wait = slow.expect_problem(429, "slow-down").header("retry-after").parse::<u64>().unwrap();
    assert!((200..=300).contains(&wait), "{wait}");

    let off = "/api/account/totp/off";
    dana.post(off, &json!({ "password": "wrong" })).await.expect_problem(401, "bad-credentials");
    dana.post(off, &again).await.expect_status(204);
    assert_eq!(credentials(&mut dana).await["totp"], false);
}

/// A software authenticator: user present and verified, with `prf`.
pub struct Authenticator {
    pair: EcdsaKeyPair,
    id: [u8; 16],
    prf: [u8; 32],
    user_id: String,
    count: u32,
}

impl Authenticator {
    fn new() -> Authenticator {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Authenticator { pair, id: [9; 16], prf: [7; 32], user_id: String::new(), count: 0 }
    }

    fn data(&self, rp_id: &str, attested: bool) -> Vec<u8> {
        let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        data.push(if attested { 0b0100_0101 } else { 0b0000_0101 });
        data.extend(self.count.to_be_bytes());
        if attested {
            data.extend([[0; 16].as_slice(), &[0, 16], &self.id, b"a key in CBOR"].concat());
        }
        data
    }

    /// Creates a passkey from the server's options, on the page at `origin`.
    fn make(&mut self, plan: &Value, origin: &str) -> Value {
        self.user_id = plan["userId"].as_str().unwrap().to_owned();
        let spki = self.pair.public_key().as_der().unwrap();
        json!({
            "label": "Key ring",
            "challenge": plan["challenge"],
            "clientData": base64url(said("webauthn.create", &plan["challenge"], origin)),
            "authenticatorData": base64url(self.data(plan["rpId"].as_str().unwrap(), true)),
            "algorithm": -7,
            "publicKey": base64url(spki.as_ref()),
            "prf": base64url(self.prf),
        })
    }

    fn answer(&mut self, asked: &Value, origin: &str) -> Value {
        self.count += 1;
        let said = said("webauthn.get", &asked["challenge"], origin);
        let data = self.data(asked["rpId"].as_str().unwrap(), false);
        let signed = [&data[..], digest(&SHA256, said.as_bytes()).as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "profile": "browser",
            "userId": self.user_id,
            "credentialId": base64url(self.id),
            "challenge": asked["challenge"],
            "clientData": base64url(said),
            "authenticatorData": base64url(data),
            "signature": base64url(signature.as_ref()),
            "prf": base64url(self.prf),
        })
    }
}

fn said(kind: &str, challenge: &Value, origin: &str) -> String {
    json!({ "type": kind, "challenge": challenge, "origin": origin }).to_string()
}

async fn asked(browser: &mut Browser) -> Value {
    browser.token = None;
    browser.post("/api/session/passkey/options", &json!({})).await.expect_status(200).json()
}

pub async fn with_passkey(web: &TestWeb) -> (Browser, Authenticator) {
    let mut dana = web.signed_in("dana").await;
    let mut key = Authenticator::new();
    let begin = "/api/account/passkeys/options";
    let plan = dana.post(begin, &json!({ "password": PASSWORD })).await.expect_status(200).json();
    assert_eq!((&plan["rpId"], &plan["name"]), (&json!("localhost"), &json!("dana")));
    let new = key.make(&plan, &web.origin());
    dana.post("/api/account/passkeys", &new).await.expect_status(201);
    (dana, key)
}

const OPEN: &str = "/api/session/passkey";

/// P-13: a passkey opens the account and its mail without any typing or TOTP code.
#[tokio::test]
async fn a_passkey_opens_the_account() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", MESSAGE).await;
    let (mut dana, mut key) = with_passkey(&web).await;
    let totp = totp_start(&mut dana, PASSWORD).await;
    totp_on(&mut dana, &totp).await.expect_status(204);
    let mut browser = web.browser().await;
    let question = asked(&mut browser).await;
    let answer = key.answer(&question, &web.origin());
    let opened = browser.post(OPEN, &answer).await.expect_status(201).json();
    assert_eq!(opened["account"]["name"], "dana");
    browser.token = Some(opened["token"].as_str().unwrap().to_owned());
    assert!(browser.read(reference).await["text"].as_str().unwrap().contains("Still here."));
    // It is a full sign-in: it can see what an app password may not.
    let listed = credentials(&mut browser).await;
    assert_eq!(listed["passkeys"][0]["label"], "Key ring");
    assert!(listed["passkeys"][0]["lastUsedAt"].is_string());
    // The passkey survives a password change that keeps it. Once deleted, it is refused, and its
    // session ends.
    let change = json!({ "password": PASSWORD, "newPassword": NEW, "keepOthers": true });
    browser.signed("PUT", "/api/account/password", Some(&change)).await.expect_status(204);
    let question = asked(&mut dana).await;
    let answer = key.answer(&question, &web.origin());
    let opened = dana.post(OPEN, &answer).await.expect_status(201).json();
    dana.token = Some(opened["token"].as_str().unwrap().to_owned());
    let id = listed["passkeys"][0]["id"].as_str().unwrap();
    browser.delete(&format!("/api/account/credentials/{id}")).await.expect_status(204);
    dana.get("/api/session").await.expect_problem(401, "signed-out");
    let question = asked(&mut dana).await;
    let answer = key.answer(&question, &web.origin());
    dana.post(OPEN, &answer).await.expect_problem(401, "bad-credentials");
}

/// P-13: an assertion is valid once, for a limited time, for this site, from this passkey, and
/// unaltered.
#[tokio::test]
async fn a_passkeys_answer_is_good_once_and_nowhere_else() {
    let web = TestWeb::start().await;
    let (_dana, mut key) = with_passkey(&web).await;
    let mut browser = web.browser().await;
    let question = asked(&mut browser).await;
    let answer = key.answer(&question, &web.origin());
    browser.post(OPEN, &answer).await.expect_status(201);
    // The same answer again, and the same challenge signed again.
    browser.post(OPEN, &answer).await.expect_problem(401, "bad-credentials");
    let replayed = key.answer(&question, &web.origin());
    browser.post(OPEN, &replayed).await.expect_problem(401, "bad-credentials");
    web.clock().advance_secs(60);
    // From another site, which passed on our challenge.
    let question = asked(&mut browser).await;
    let elsewhere = key.answer(&question, "https://evil.example");
    browser.post(OPEN, &elsewhere).await.expect_problem(401, "bad-credentials");
    // A valid signature with the wrong secret is refused.
    let mut other = key.answer(&question, &web.origin());
    other["prf"] = json!(base64url([8; 32]));
    browser.post(OPEN, &other).await.expect_problem(401, "bad-credentials");
    // So is the right secret with an invalid signature.
    let mut forged = key.answer(&question, &web.origin());
    let mut signature = URL_SAFE_NO_PAD.decode(forged["signature"].as_str().unwrap()).unwrap();
    let last = signature.len() - 1;
    signature[last] ^= 1;
    forged["signature"] = json!(base64url(signature));
    browser.post(OPEN, &forged).await.expect_problem(401, "bad-credentials");
    browser.post(OPEN, &json!({ "profile": "browser" })).await.expect_problem(422, "invalid");
    web.clock().advance_secs(301);
    let late = key.answer(&question, &web.origin());
    let answer = browser.post(OPEN, &late).await;
    assert!([401, 429].contains(&answer.status.as_u16()), "{answer:?}");
}

/// P-13: a passkey is created in one session, after the password was entered, from the server's own
/// challenge.
#[tokio::test]
async fn a_passkey_is_created_only_with_the_password() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let begin = "/api/account/passkeys/options";
    dana.post(begin, &json!({ "password": "wrong" })).await.expect_problem(401, "bad-credentials");
    let plan = dana.post(begin, &json!({ "password": PASSWORD })).await.expect_status(200).json();
    let mut key = Authenticator::new();
    let new = key.make(&plan, &web.origin());
    let keep = "/api/account/passkeys";
    omar.post(keep, &new).await.expect_problem(422, "invalid");
    let elsewhere = key.make(&plan, "https://evil.example");
    dana.post(keep, &elsewhere).await.expect_problem(422, "invalid");
    let mut own = plan.clone();
    own["challenge"] = json!(base64url([1; 32]));
    let own = key.make(&own, &web.origin());
    dana.post(keep, &own).await.expect_problem(422, "invalid");
    let mut short = new.clone();
    short["prf"] = json!(base64url([1; 16]));
    dana.post(keep, &short).await.expect_problem(422, "invalid");
    web.clock().advance_secs(301);
    dana.post(keep, &new).await.expect_problem(422, "invalid");
    let plan = dana.post(begin, &json!({ "password": PASSWORD })).await.expect_status(200).json();
    let new = key.make(&plan, &web.origin());
    dana.post(keep, &new).await.expect_status(201);
    dana.post(keep, &new).await.expect_problem(422, "invalid");
    let plan = dana.post(begin, &json!({ "password": PASSWORD })).await.expect_status(200).json();
    let again = key.make(&plan, &web.origin());
    dana.post(keep, &again).await.expect_problem(409, "exists");
    let plan = dana.post(begin, &json!({ "password": PASSWORD })).await.expect_status(200).json();
    assert_eq!(plan["there"][0], base64url([9; 16]));
}

/// A challenge for a new passkey is good once, as one for a sign-in is.
#[tokio::test]
async fn a_challenge_for_a_new_passkey_is_answered_once() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let begin = "/api/account/passkeys/options";
    let plan = dana.post(begin, &json!({ "password": PASSWORD })).await.expect_status(200).json();
    let (mut one, mut two) = (Authenticator::new(), Authenticator::new());
    let new = one.make(&plan, &web.origin());
    dana.post("/api/account/passkeys", &new).await.expect_status(201);
    let again = two.make(&plan, &web.origin());
    dana.post("/api/account/passkeys", &again).await.expect_problem(422, "invalid");
    assert_eq!(credentials(&mut dana).await["passkeys"].as_array().unwrap().len(), 1);
}
