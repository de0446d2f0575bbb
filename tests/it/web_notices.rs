//! Notices of chats and boards over HTTPS: when they are given, and the other address.

use postern::gateway::Gateway;
use postern::mail::message::view;
use serde_json::{Value, json};

use super::web_boards::{made, person, wrote};
use super::web_chat::{admit, new_line, room_new};
use super::web_harness::{Browser, PASSWORD, TestWeb};

/// What a test says that no notice repeats.
const SECRET: &str = "the-secret-of-the-notice";
const OTHER: &str = "omar@elsewhere.example";

async fn jobs(web: &TestWeb) {
    let gateway = web.gateway.clone();
    let done = tokio::task::spawn_blocking(move || {
        gateway.rooms_watch()?;
        gateway.topics_watch()?;
        gateway.notices_give()
    });
    done.await.unwrap().unwrap();
}

/// The mail in the queue, which is leased.
async fn leaving(web: &TestWeb) -> Vec<String> {
    let gateway: Gateway = web.gateway.clone();
    let taken = move || {
        let rows = gateway.queue_lease(100, 86_400, &mut |_| false).unwrap();
        let text = |id| String::from_utf8(gateway.queue_content(id).unwrap().to_vec()).unwrap();
        rows.into_iter().map(|row| text(row.id)).collect()
    };
    tokio::task::spawn_blocking(taken).await.unwrap()
}

async fn say(browser: &mut Browser, room: &str) -> String {
    let path = format!("/api/rooms/{room}/lines");
    let said = browser.post(&path, &new_line(SECRET)).await.expect_status(201).json();
    let number = said["number"].as_u64().unwrap();
    let path = format!("/api/rooms/{room}/lines?after={}", number - 1);
    let page = browser.get(&path).await.expect_status(200).json();
    page["items"][0]["reference"].as_str().unwrap().to_owned()
}

/// Each message in the inbox as the page gets it.
async fn inbox(browser: &mut Browser) -> Vec<String> {
    let page = browser.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    let mut found = Vec::new();
    for item in page["items"].as_array().unwrap() {
        let path = format!("/api/messages/{}", item["reference"].as_str().unwrap());
        found.push(browser.get(&path).await.expect_status(200).json().to_string());
    }
    found
}

fn hides(text: &str) {
    for hidden in [SECRET, "Plans", "Canteen", "Lunch", "dana"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

/// Names the other address and confirms it by the code that leaves.
async fn confirm(web: &TestWeb, browser: &mut Browser) -> Value {
    let asked = json!({"address": OTHER, "password": PASSWORD});
    let state = browser.post("/api/notices/address", &asked).await.expect_status(200).json();
    assert_eq!(state["address"]["state"], "unconfirmed");
    let mails = leaving(web).await;
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    let text = view(mail.as_bytes()).text.unwrap();
    let is_code = |word: &&str| word.len() == 8 && word.bytes().all(|one| one.is_ascii_digit());
    let code = text.split_whitespace().find(is_code).unwrap();
    let entered = json!({"code": code});
    browser.post("/api/notices/address/code", &entered).await.expect_status(200).json()
}

/// P-66: what waits on boards and in chats while somebody has quiet hours is summed up in one notice, in the
/// inbox and in a mail to the address that was confirmed; neither has more than reference numbers.
#[tokio::test]
async fn after_quiet_hours_one_notice_sums_up_and_is_mailed() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    let board = made(&mut dana, &[person("omar", "write")]).await;
    let first = json!({"title": "Lunch", "text": SECRET});
    let topic = wrote(&mut dana, &board, "request-1", &first).await;
    omar.signed("POST", &format!("/api/posts/{topic}/read"), None).await.expect_status(204);
    let follow = json!({"attention": "followed"});
    omar.put(&format!("/api/posts/{topic}/attention"), &follow).await.expect_status(200);
    assert_eq!(confirm(&web, &mut omar).await["address"]["state"], "confirmed");
    // From now for an hour, by the clock in UTC.
    let minute = web.clock().now().unix_secs().rem_euclid(86_400) / 60;
    let quiet = json!({"from": minute, "until": (minute + 60) % 1_440});
    let times = json!({"zone": "UTC", "pace": "at-once", "dailyMinute": 480, "quiet": quiet, "posts": true});
    let kept = omar.put("/api/notices", &times).await.expect_status(200).json();
    assert_eq!(kept["times"], times);
    let line = say(&mut dana, &room).await;
    let answer = json!({"topic": topic, "text": SECRET});
    let post = wrote(&mut dana, &board, "request-2", &answer).await;
    web.clock().advance_secs(600);
    jobs(&web).await;
    assert_eq!(inbox(&mut omar).await, [""; 0], "not in the quiet hours");
    assert_eq!(leaving(&web).await, [""; 0]);
    web.clock().advance_secs(3_600);
    jobs(&web).await;
    jobs(&web).await;
    let mut omar = web.signed_in("omar").await;
    let found = inbox(&mut omar).await;
    let [notice] = &found[..] else { panic!("{found:?}") };
    assert!(notice.contains(&line) && notice.contains(&post), "{notice}");
    hides(notice);
    let mails = leaving(&web).await;
    let [mail] = &mails[..] else { panic!("{mails:?}") };
    assert!(mail.contains(&line) && mail.contains(OTHER), "{mail}");
    assert!(!mail.contains(&post), "one number is enough: {mail}");
    hides(mail);
    assert!(!mail.contains("omar@example.org"), "{mail}");
}

/// P-66: who has the session without the password names no address, a wrong code confirms none, and codes are
/// few; what is refused says why.
#[tokio::test]
async fn another_address_needs_the_password_and_the_code() {
    let web = TestWeb::start().await;
    let mut omar = web.signed_in("omar").await;
    let path = "/api/notices/address";
    let before = omar.get("/api/notices").await.expect_status(200).json();
    assert_eq!((&before["address"], &before["mayMail"]), (&Value::Null, &json!(true)));
    let wrong = json!({"address": OTHER, "password": "not the password"});
    omar.post(path, &wrong).await.expect_problem(401, "bad-credentials");
    let own = json!({"address": "omar@example.org", "password": PASSWORD});
    omar.post(path, &own).await.expect_problem(422, "invalid");
    assert_eq!(leaving(&web).await, [""; 0]);
    let entered = json!({"code": "12345678"});
    omar.post("/api/notices/address/code", &entered).await.expect_problem(404, "not-found");
    let asked = json!({"address": OTHER, "password": PASSWORD});
    for _ in 0..2 {
        omar.post(path, &asked).await.expect_status(200);
    }
    omar.post(path, &asked).await.expect_problem(409, "asked-often");
    let entered = json!({"code": "no code"});
    omar.post("/api/notices/address/code", &entered).await.expect_problem(422, "invalid");
    let after = omar.delete(path).await.expect_status(200).json();
    assert_eq!(after["address"], Value::Null);
    for wrong in [
        json!({"zone": "Mars/Olympus", "pace": "daily", "dailyMinute": 0, "quiet": null, "posts": true}),
        json!({"zone": "UTC", "pace": "never", "dailyMinute": 0, "quiet": null, "posts": true}),
        json!({"zone": "UTC", "pace": "daily", "dailyMinute": 1_440, "quiet": null, "posts": true}),
    ] {
        omar.put("/api/notices", &wrong).await.expect_problem(422, "invalid");
    }
}
