//! The administrators' pages over the API: who has access, what they change, what the audit log
//! records.

use postern::gateway::audit::Target;
use postern::gateway::records::audit::Act;
use serde_json::{Value, json};

use super::web_harness::{Browser, MESSAGE, PASSWORD, TestWeb};
use super::web_keys::{totp_on, totp_start};

pub async fn with_manager() -> (TestWeb, Browser) {
    let web = TestWeb::start().await;
    make_manager(&web, "dana", true).await;
    let dana = web.signed_in("dana").await;
    (web, dana)
}

/// Grants or removes the role, as the operator does on the machine.
async fn make_manager(web: &TestWeb, name: &'static str, is: bool) {
    let gateway = web.gateway.clone();
    let done = tokio::task::spawn_blocking(move || gateway.account_manager(name, is));
    done.await.unwrap().unwrap();
}

async fn put(browser: &mut Browser, path: &str, body: &Value) -> u16 {
    browser.signed("PUT", path, Some(body)).await.status.as_u16()
}

const PAGES: [&str; 7] = ["users", "temporary", "boards", "queue", "site", "log", "diagnostics"];

/// P-16: for other users these pages do not exist, and an administrator must have entered the
/// password recently.
#[tokio::test]
async fn only_a_manager_whose_password_is_fresh_gets_in() {
    let (web, mut dana) = with_manager().await;
    let mut omar = web.signed_in("omar").await;
    for page in PAGES {
        let path = format!("/api/manage/{page}");
        omar.get(&path).await.expect_problem(404, "not-found");
        dana.get(&path).await.expect_status(200);
    }
    assert_eq!(dana.get("/api/session").await.json()["account"]["manager"], true);
    assert_eq!(omar.get("/api/session").await.json()["account"]["manager"], false);
    web.clock().advance_secs(601);
    for page in PAGES {
        dana.get(&format!("/api/manage/{page}")).await.expect_problem(403, "confirm-needed");
    }
    let wrong = json!({"password": "not it"});
    dana.post("/api/session/confirm", &wrong).await.expect_problem(401, "bad-credentials");
    dana.get("/api/manage/users").await.expect_problem(403, "confirm-needed");
    let right = json!({"password": PASSWORD});
    dana.post("/api/session/confirm", &right).await.expect_status(204);
    dana.get("/api/manage/users").await.expect_status(200);
    // An administrator whose role is removed loses access at once, in the open session.
    make_manager(&web, "omar", true).await;
    make_manager(&web, "dana", false).await;
    dana.get("/api/manage/users").await.expect_problem(404, "not-found");
}

/// An administrator creates, disables and enables accounts; the last administrator cannot be
/// removed.
#[tokio::test]
async fn users_are_created_and_disabled() {
    let (web, mut dana) = with_manager().await;
    let noa = json!({"name": "noa", "displayName": "Noa", "addresses": ["noa@example.org"],
        "password": "a first password"});
    let made = dana.post("/api/manage/users", &noa).await.expect_status(201).json();
    assert!(made["recoveryKey"].as_str().unwrap().len() > 30);
    dana.post("/api/manage/users", &noa).await.expect_problem(409, "exists");
    let mut browser = web.browser().await;
    browser.sign_in("noa", "a first password").await.expect_status(201);
    let shut = json!({"disabled": true});
    dana.patch("/api/manage/users/noa", &shut).await.expect_status(204);
    browser.get("/api/session").await.expect_problem(401, "signed-out");
    browser.sign_in("noa", "a first password").await.expect_problem(401, "bad-credentials");
    dana.patch("/api/manage/users/noa", &json!({"disabled": false})).await.expect_status(204);
    browser.sign_in("noa", "a first password").await.expect_status(201);
    for change in [json!({"disabled": true}), json!({"manager": false})] {
        dana.patch("/api/manage/users/dana", &change).await.expect_problem(409, "last-manager");
    }
    dana.patch("/api/manage/users/omar", &json!({"manager": true})).await.expect_status(204);
    dana.patch("/api/manage/users/dana", &json!({"manager": false})).await.expect_status(204);
}

/// The users are searched, sorted and counted on the server, one page at a time.
#[tokio::test]
async fn users_are_found_and_sorted_page_by_page() {
    let (web, mut dana) = with_manager().await;
    for at in 0..60 {
        let name = format!("guest{at:02}");
        let new = json!({"name": name, "displayName": format!("Ünal {at:02}"),
            "addresses": [format!("{name}@example.org")], "password": "four quiet herons"});
        dana.post("/api/manage/users", &new).await.expect_status(201);
    }
    web.deliver("omar", MESSAGE).await;
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|user| user["name"].as_str().unwrap().to_owned()).collect()
    };
    let mut asked = async |query: &str| {
        dana.get(&format!("/api/manage/users{query}")).await.expect_status(200).json()
    };
    let first = asked("?sort=name").await;
    assert_eq!(names(&first).len(), 50);
    assert_eq!((&first["found"], &first["total"]), (&json!(62), &json!(62)));
    let rest = asked("?from=50").await;
    let mut all = [names(&first), names(&rest)].concat();
    assert_eq!(all.len(), 62);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 62, "no user is on two pages");
    let found = asked("?find=%C3%9CNAL%200&descending=true").await;
    assert_eq!((&found["found"], &found["total"]), (&json!(10), &json!(62)));
    assert_eq!(names(&found)[0], "guest09");
    assert_eq!(names(&asked("?find=omar%40exam").await), ["omar"], "by an address");
    assert_eq!(names(&asked("?sort=used&descending=true").await)[0], "omar");
    assert_eq!(names(&asked("?sort=active&descending=true").await)[0], "dana");
    assert_eq!(names(&asked("?from=100").await), [""; 0]);
    dana.get("/api/manage/users?sort=shoe").await.expect_problem(422, "invalid");
}

/// P-16: a setting that an administrator fixes applies at once, to the preference and to the next
/// message; and it can be released again.
#[tokio::test]
async fn a_policy_is_in_force_from_the_moment_it_is_kept() {
    let (web, mut dana) = with_manager().await;
    let mut omar = web.signed_in("omar").await;
    let choice = |browser: Value| browser["choice"].clone();
    let before = omar.get("/api/preferences").await.expect_status(200).json();
    assert_eq!(choice(before)["fixed"], false);
    let policy = json!({"intranet": false, "choice": "refuse", "mode": "fixed",
        "verifiedElse": "refuse", "rules": []});
    let set = json!({"policy": policy, "lastInteraction": {"value": "never", "fixed": true}});
    assert_eq!(put(&mut dana, "/api/manage/site", &set).await, 204);
    let after = omar.get("/api/preferences").await.expect_status(200).json();
    assert_eq!(after["choice"]["fixed"], true);
    assert_eq!(
        after["lastInteraction"],
        json!({"value": "never", "source": "system", "fixed": true})
    );
    omar.patch("/api/preferences", &json!({"choice": "plain"})).await.expect_problem(403, "denied");
    omar.patch("/api/preferences", &json!({"lastInteraction": "exact"}))
        .await
        .expect_problem(403, "denied");
    let ask = json!({"recipients": ["eve@outside.example"]});
    let checked = omar.post("/api/outgoing/check", &ask).await.expect_status(200);
    assert!(checked.text().contains("refused"), "{}", checked.text());
    let site = dana.get("/api/manage/site").await.expect_status(200).json();
    assert_eq!(site["set"]["policy"]["choice"], "refuse");
    assert_eq!(site["inForce"]["policy"]["mode"], "fixed");
    assert_eq!(put(&mut dana, "/api/manage/site", &json!({})).await, 204);
    let back = omar.get("/api/preferences").await.expect_status(200).json();
    assert_eq!(back["choice"]["fixed"], false);
    for wrong in [
        json!({"accent": "#ffff00"}),
        json!({"organisation": ""}),
        json!({"policy": {"intranet": false, "choice": "plain", "mode": "free",
            "verifiedElse": "ask", "rules": []}}),
    ] {
        assert_eq!(put(&mut dana, "/api/manage/site", &wrong).await, 422, "{wrong}");
    }
}

/// Everyone can see the organisation's name and logo; the logo must be a PNG.
#[tokio::test]
async fn the_organisation_has_a_name_and_a_logo() {
    let (web, mut dana) = with_manager().await;
    let set = json!({"organisation": "Herons & Co", "accent": "#1c4b8f"});
    assert_eq!(put(&mut dana, "/api/manage/site", &set).await, 204);
    let mut stranger = web.browser().await;
    let brand = stranger.follow("/api/brand").await.expect_status(200).json();
    assert_eq!(
        brand,
        json!({"organisation": "Herons & Co", "accent": "#1c4b8f", "hasLogo": false})
    );
    stranger.follow("/api/brand/logo.png").await.expect_problem(404, "not-found");
    let logo = |octets: &str| octets.to_owned();
    let svg = logo("<svg xmlns='http://www.w3.org/2000/svg'><script>x</script></svg>");
    let mut headers = dana.credentials("PUT", "/api/manage/logo");
    headers.extend(super::web_harness::header("content-type", "application/octet-stream"));
    dana.raw("PUT", "/api/manage/logo", headers, Some(svg)).await.expect_problem(422, "invalid");
    let gateway = web.gateway.clone();
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    png.extend([0, 0, 0, 9, 0, 0, 0, 9]);
    let logo = png.clone();
    let set = tokio::task::spawn_blocking(move || {
        gateway
            .site_set(|set| postern::gateway::records::site::SiteChange { logo: Some(logo), ..set })
    });
    set.await.unwrap().unwrap();
    let seen = stranger.follow("/api/brand/logo.png").await.expect_status(200);
    assert_eq!(
        (seen.header("content-type"), seen.header("x-content-type-options")),
        ("image/png", "nosniff")
    );
    assert_eq!(seen.body, png);
    dana.delete("/api/manage/logo").await.expect_status(204);
    stranger.follow("/api/brand/logo.png").await.expect_problem(404, "not-found");
}

/// The audit log records who did what from where, and nothing of the content of messages.
#[tokio::test]
async fn what_matters_for_safety_is_recorded_and_nothing_else() {
    let (web, mut dana) = with_manager().await;
    web.deliver("omar", MESSAGE).await;
    let mut omar = web.signed_in("omar").await;
    let page = omar.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    let reference = page["items"][0]["reference"].as_str().unwrap().to_owned();
    omar.signed("POST", &format!("/api/messages/{reference}/open"), None).await.expect_status(200);
    let mut guess = web.browser().await;
    guess.sign_in("omar", "a wrong canary").await.expect_problem(401, "bad-credentials");
    let change = json!({"password": PASSWORD, "newPassword": "another canary word"});
    omar.signed("PUT", "/api/account/password", Some(&change)).await.expect_status(200);
    omar.delete("/api/session").await.expect_status(204);
    let log = dana.get("/api/manage/log").await.expect_status(200);
    let lines = log.json()["items"].as_array().unwrap().clone();
    let mut acts: Vec<(String, String)> = lines
        .iter()
        .map(|line| {
            (line["who"].as_str().unwrap().to_owned(), line["act"].as_str().unwrap().to_owned())
        })
        .collect();
    let said = |who: &str, act: &str| (who.to_owned(), act.to_owned());
    // The clock of this test stands still, so the order of the entries is arbitrary.
    acts.sort();
    assert_eq!(
        acts,
        [
            said("dana", "signed-in"),
            said("omar", "password-changed"),
            said("omar", "sign-in-refused"),
            said("omar", "signed-in"),
            said("omar", "signed-out"),
        ]
    );
    assert!(lines.iter().all(|line| line["peer"] == "127.0.0.1"));
    let text = log.text();
    for secret in ["canary", PASSWORD, "Secret text", "contract", "Rachel"] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
    web.clock().advance_secs(401 * 24 * 3600);
    let gateway = web.gateway.clone();
    let expired = tokio::task::spawn_blocking(move || {
        [gateway.audit_expire(3).unwrap(), gateway.audit_expire(10).unwrap()]
    });
    assert_eq!(expired.await.unwrap(), [3, 2]);
}

/// People sometimes type their password into the name field; the audit log must not show it.
#[tokio::test]
async fn what_was_typed_as_a_name_is_not_in_the_log() {
    let (web, mut dana) = with_manager().await;
    let mut guess = web.browser().await;
    guess.sign_in("my-canary-password", "x").await.expect_problem(401, "bad-credentials");
    let log = dana.get("/api/manage/log").await.expect_status(200);
    assert!(!log.text().contains("canary"), "{}", log.text());
    let lines = log.json();
    let refused = lines["items"].as_array().unwrap().iter();
    let refused: Vec<&Value> = refused.filter(|line| line["act"] == "sign-in-refused").collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["who"], "(unknown)");
}

/// Each act of an administrator is recorded in the audit log, and none opens a user's mail.
#[tokio::test]
async fn an_administrators_acts_are_recorded_and_open_nothing() {
    let (web, mut dana) = with_manager().await;
    let reference = web.deliver("omar", MESSAGE).await;
    for path in ["", "/item", "/conversation", "/source"] {
        let path = format!("/api/messages/{reference}{path}");
        dana.get(&path).await.expect_problem(404, "not-found");
    }
    let both = json!({"disabled": true, "acceptFrom": "inside"});
    dana.patch("/api/manage/users/omar", &both).await.expect_status(204);
    let log = dana.get("/api/manage/log").await.expect_status(200).json();
    let lines = log["items"].as_array().unwrap().iter();
    let mut acts: Vec<(&str, &str)> = lines
        .map(|line| (line["act"].as_str().unwrap(), line["about"].as_str().unwrap()))
        .filter(|(act, _)| act.starts_with("user-"))
        .collect();
    acts.sort_unstable();
    assert_eq!(acts, [("user-changed", "omar"), ("user-disabled", "omar")]);
    dana.get("/api/manage/log?before=x").await.expect_problem(422, "invalid");
}

/// The acts of the log, with whom and what they are about, the newest first.
async fn log_of(dana: &mut Browser) -> Vec<(String, String, String)> {
    let log = dana.get("/api/manage/log").await.expect_status(200).json();
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let line = |line: &Value| (text(line, "act"), text(line, "who"), text(line, "about"));
    log["items"].as_array().unwrap().iter().map(line).collect()
}

/// Whatever opens an account and is refused leaves a line.
#[tokio::test]
async fn each_kind_of_guess_leaves_a_line_in_the_audit_log() {
    let (web, mut dana) = with_manager().await;
    let mut omar = web.signed_in("omar").await;
    let totp = totp_start(&mut omar, PASSWORD).await;
    totp_on(&mut omar, &totp).await.expect_status(204);
    let mut guess = web.browser().await;
    guess.sign_in("omar", "wrong").await.expect_problem(401, "bad-credentials");
    let code =
        json!({"name": "omar", "password": PASSWORD, "profile": "browser", "code": "000000"});
    guess.post("/api/session", &code).await.expect_problem(422, "wrong-code");
    let key = json!({"name": "omar", "recoveryKey": "guess", "newPassword": "a new passphrase"});
    guess.post("/api/recovery", &key).await.expect_problem(401, "bad-credentials");
    let wrong = json!({"password": "wrong"});
    omar.post("/api/session/confirm", &wrong).await.expect_problem(401, "bad-credentials");
    let lines = log_of(&mut dana).await;
    for act in ["sign-in-refused", "code-refused", "recovery-refused", "confirm-refused"] {
        let found = lines.iter().filter(|line| line.0 == act && line.1 == "omar").count();
        assert_eq!(found, 1, "{act}: {lines:?}");
    }
}

/// The number of recorded refusals is limited, so that an attacker cannot fill the audit log; but
/// those of one account do not hide those of another, and how many more there were is told.
#[tokio::test]
async fn refusals_are_recorded_up_to_a_rate() {
    let (web, mut dana) = with_manager().await;
    let gateway = web.gateway.clone();
    let recorded = tokio::task::spawn_blocking(move || {
        for number in 0..100 {
            let nobody = format!("nobody{number}");
            gateway.note_refused(Act::SignInRefused, Target::Typed(&nobody), "192.0.2.1");
        }
        gateway.note_refused(Act::SignInRefused, Target::Typed("omar"), "192.0.2.1");
    });
    recorded.await.unwrap();
    let lines = log_of(&mut dana).await;
    let refused = |who: &str| {
        lines.iter().filter(|line| line.0 == "sign-in-refused" && line.1 == who).count()
    };
    assert_eq!((refused("(unknown)"), refused("omar")), (30, 1));
    assert!(!lines.iter().any(|line| line.0 == "refusals-omitted"));
    web.clock().advance_secs(60);
    let lines = log_of(&mut dana).await;
    let omitted: Vec<_> = lines.iter().filter(|line| line.0 == "refusals-omitted").collect();
    assert_eq!(omitted.len(), 1, "{omitted:?}");
    assert_eq!((omitted[0].1.as_str(), omitted[0].2.as_str()), ("(unknown)", "70"));
}

/// The other pages, on a site without data.
#[tokio::test]
async fn the_rest_of_the_pages_answer_in_their_words() {
    let (_web, mut dana) = with_manager().await;
    let seen = dana.get("/api/manage/diagnostics").await.expect_status(200).json();
    assert_eq!((&seen["users"], &seen["waiting"]), (&json!(2), &json!(0)));
    assert_eq!(seen["domainsOutsideUrl"], json!(["example.org"]), "the pages are on localhost");
    let stored = seen["storedOctets"].as_u64().unwrap();
    assert!(stored > 0, "{seen}");
    assert_eq!(seen["freeOctets"], json!(null), "an in-memory store has no bound");
    assert_eq!(seen["refusing"], json!(null));
    // The default expiry of rcgen.
    assert_eq!(seen["certificateEndsAt"], json!("4096-01-01T00:00:00Z"));
    assert_eq!(seen["hostsWithoutCertificate"], json!([]));
    let queue = dana.get("/api/manage/queue").await.expect_status(200).json();
    assert_eq!(queue, json!({"items": [], "next": null, "total": 0}));
    dana.get("/api/manage/queue?find=x&after=1").await.expect_problem(422, "invalid");
    let retry = json!({"act": "retry"});
    dana.post("/api/manage/queue/0123", &retry).await.expect_problem(404, "not-found");
    let end = json!({"address": "nobody@x.example", "act": "end"});
    dana.post("/api/manage/temporary/act", &end).await.expect_problem(404, "not-found");
}

/// Every route but the session's and the choice itself, to an account whose password somebody else
/// chose.
async fn all_refused(browser: &mut Browser) {
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            let may = ["GET /api/session", "DELETE /api/session", "PUT /api/account/password"];
            let is_open = operation["security"] == json!([{}]) || path.contains("{ticket}");
            if is_open || may.contains(&name.as_str()) {
                continue;
            }
            let filled = path.replace("{ref}", "1M8N0-0BK2H-5CEQD-F1ZB3");
            let filled = filled.replace("{id}", &"0".repeat(32)).replace("{name}", "noa");
            let answer = browser.signed(&method.to_uppercase(), &filled, None).await;
            let status = answer.status;
            assert_eq!(status, 403, "{name}: {}", answer.text());
            assert_eq!(answer.json()["code"], "choose-password", "{name}");
            refused += 1;
        }
    }
    assert!(refused > 50, "only {refused} routes were tried");
}

/// P-13, P-16: who signs in with a password that an administrator chose can do nothing before
/// choosing another; then nothing that the administrator was shown opens the account.
#[tokio::test]
async fn a_password_that_somebody_else_chose_is_replaced_before_anything_else() {
    const FIRST: &str = "a first password";
    const OWN: &str = "words of my own choice";
    let (web, mut dana) = with_manager().await;
    let new = |password: &str| {
        json!({"name": "noa", "displayName": "Noa", "addresses": ["noa@example.org"],
            "password": password})
    };
    let weak = dana.post("/api/manage/users", &new("eleven char")).await;
    weak.expect_problem(422, "weak-password");
    let made = dana.post("/api/manage/users", &new(FIRST)).await.expect_status(201).json();
    web.deliver("noa", "From: a@b.example\nSubject: Hello\n\nWelcome.\n").await;

    let mut noa = web.browser().await;
    let signed_in = noa.sign_in("noa", FIRST).await.expect_status(201).json();
    assert_eq!(signed_in["account"]["mustChoosePassword"], true);
    all_refused(&mut noa).await;
    // The one who chose the password could open a signing pair that was made under it.
    let found = dana.get("/api/colleagues?q=noa").await.expect_status(200).json();
    assert_eq!(found["items"], json!([]), "there is no pair yet");
    let change =
        |old: &str, new: &str| json!({"password": old, "newPassword": new, "keepOthers": true});
    let path = "/api/account/password";
    let same = noa.signed("PUT", path, Some(&change(FIRST, FIRST))).await;
    same.expect_problem(409, "same-password");
    let weak = noa.signed("PUT", path, Some(&change(FIRST, "short"))).await;
    weak.expect_problem(422, "weak-password");
    noa.get("/api/messages?mailbox=inbox").await.expect_problem(403, "choose-password");
    let chosen = noa.signed("PUT", path, Some(&change(FIRST, OWN))).await.expect_status(200);
    let own_key = chosen.json()["recoveryKey"].as_str().unwrap().to_owned();

    let session = noa.get("/api/session").await.expect_status(200).json();
    assert_eq!(session["account"]["mustChoosePassword"], false);
    let page = noa.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    assert_eq!(page["items"][0]["subject"], "Hello");
    noa.get("/api/vouching").await.expect_status(200);
    let found = dana.get("/api/colleagues?q=noa").await.expect_status(200).json();
    assert_eq!(found["items"][0]["address"], "noa@example.org");
    let mut other = web.browser().await;
    other.sign_in("noa", FIRST).await.expect_problem(401, "bad-credentials");
    let recover = |key: &Value| json!({"name": "noa", "recoveryKey": key, "newPassword": FIRST});
    let old = other.post("/api/recovery", &recover(&made["recoveryKey"])).await;
    old.expect_problem(401, "bad-credentials");
    other.post("/api/recovery", &recover(&json!(own_key))).await.expect_status(200);
}

/// P-13, P-16: the first recovery key, which the administrator has seen too, does not make a password
/// its owner's own.
#[tokio::test]
async fn the_first_recovery_key_does_not_stand_for_the_owners_choice() {
    const FIRST: &str = "a first password";
    const OTHER: &str = "another first password";
    let (web, mut dana) = with_manager().await;
    let new = json!({"name": "noa", "displayName": "Noa", "addresses": ["noa@example.org"],
        "password": FIRST});
    let made = dana.post("/api/manage/users", &new).await.expect_status(201).json();
    let recover = json!({"name": "noa", "recoveryKey": made["recoveryKey"], "newPassword": OTHER});
    dana.post("/api/recovery", &recover).await.expect_status(200);
    let mut noa = web.browser().await;
    let signed_in = noa.sign_in("noa", OTHER).await.expect_status(201).json();
    assert_eq!(signed_in["account"]["mustChoosePassword"], true);
    all_refused(&mut noa).await;
    let own = json!({"password": OTHER, "newPassword": "words of my own choice"});
    noa.signed("PUT", "/api/account/password", Some(&own)).await.expect_status(200);
    noa.get("/api/messages?mailbox=inbox").await.expect_status(200);
    // The owner's own recovery stays the owner's.
    let key = json!({"password": "words of my own choice"});
    let key = noa.post("/api/account/recovery-key", &key).await.expect_status(201).json();
    let back = json!({"name": "noa", "recoveryKey": key["recoveryKey"], "newPassword": FIRST});
    noa.post("/api/recovery", &back).await.expect_status(200);
    let signed_in = web.browser().await.sign_in("noa", FIRST).await.expect_status(201).json();
    assert_eq!(signed_in["account"]["mustChoosePassword"], false);
}
