//! Chat over HTTPS: conversations of two, rooms and who is admitted to them, what is said, and who learns
//! of it.

use serde_json::{Value, json};

use super::web_chat_streams::Stream;
use super::web_groups::add_account;
use super::web_harness::{Answer, Browser, TestWeb};
use super::web_outsider::{claimed, send_outside};

/// What a test says that nobody else may find.
pub const SECRET: &str = "the-secret-of-the-room";

pub async fn room_new(browser: &mut Browser, shares_earlier: bool) -> String {
    let new = json!({"name": "Plans", "sharesEarlier": shares_earlier});
    let created = browser.post("/api/rooms", &new).await.expect_status(201).json();
    assert_eq!((&created["name"], &created["controller"]), (&json!("Plans"), &json!(true)));
    created["id"].as_str().unwrap().to_owned()
}

pub async fn own_id(browser: &mut Browser) -> String {
    let session = browser.get("/api/session").await.expect_status(200).json();
    session["account"]["id"].as_str().unwrap().to_owned()
}

pub async fn ask(browser: &mut Browser, room: &str) -> Answer {
    browser.post("/api/rooms/asked", &json!({"room": room})).await
}

async fn requests(browser: &mut Browser, room: &str) -> Vec<Value> {
    let path = format!("/api/rooms/{room}/requests");
    let found = browser.get(&path).await.expect_status(200).json();
    found["items"].as_array().unwrap().clone()
}

async fn answer(browser: &mut Browser, room: &str, who: &str, verdict: &str) -> Answer {
    let path = format!("/api/rooms/{room}/requests/{who}");
    browser.post(&path, &json!({"verdict": verdict})).await
}

pub async fn admit(by: &mut Browser, room: &str, who: &mut Browser) {
    ask(who, room).await.expect_status(204);
    let asking = own_id(who).await;
    answer(by, room, &asking, "admit").await.expect_status(204);
}

pub fn new_line(text: &str) -> Value {
    let id: [u8; 16] = rand_octets();
    let id: String = id.iter().map(|octet| format!("{octet:02x}")).collect();
    json!({"clientId": id, "text": text})
}

fn rand_octets() -> [u8; 16] {
    let mut octets = [0; 16];
    aws_lc_rs::rand::fill(&mut octets).unwrap();
    octets
}

pub async fn say(browser: &mut Browser, room: &str, text: &str) -> u64 {
    let path = format!("/api/rooms/{room}/lines");
    let said = browser.post(&path, &new_line(text)).await.expect_status(201).json();
    said["number"].as_u64().unwrap()
}

pub async fn lines(browser: &mut Browser, room: &str) -> Value {
    browser.get(&format!("/api/rooms/{room}/lines?after=0")).await.expect_status(200).json()
}

/// What each line says, or its kind where it says nothing.
pub async fn heard(browser: &mut Browser, room: &str) -> Vec<String> {
    let page = lines(browser, room).await;
    let items = page["items"].as_array().unwrap();
    let text = |line: &Value| line["text"].as_str().or(line["kind"].as_str()).unwrap().to_owned();
    items.iter().map(text).collect()
}

pub async fn read(browser: &mut Browser, room: &str, number: u64) {
    let path = format!("/api/rooms/{room}/read");
    let body = json!({"number": number});
    browser.signed("PUT", &path, Some(&body)).await.expect_status(204);
}

pub async fn leave(browser: &mut Browser, room: &str, transcript: bool) -> Answer {
    browser.post(&format!("/api/rooms/{room}/leave"), &json!({"transcript": transcript})).await
}

/// P-64, P-65: two people talk over the server alone: what one says is kept there, sealed, and another
/// browser of either reads all of it, later and in the same order.
#[tokio::test]
async fn two_people_talk_and_what_they_say_is_held_on_the_server() {
    let web = TestWeb::start().await;
    add_account(&web, "noa").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let with = |name: &str| json!({"address": format!("{name}@example.org")});
    let found = dana.post("/api/rooms/with", &with("omar")).await.expect_status(200).json();
    let room = found["id"].as_str().unwrap().to_owned();
    assert_eq!(found["other"]["address"], "omar@example.org");
    let same = omar.post("/api/rooms/with", &with("dana")).await.expect_status(200).json();
    assert_eq!(same["id"], room.as_str());
    let mut stream = Stream::open(&mut omar).await;
    say(&mut dana, &room, "Are you there?").await;
    let (line, person) = stream.line(&room).await;
    let page = lines(&mut omar, &room).await;
    assert_eq!((&line, &person), (&page["items"][0], &page["persons"][0]), "no request is needed");
    say(&mut omar, &room, "Yes").await;
    let said = ["Are you there?", "Yes"];
    assert_eq!(heard(&mut dana, &room).await, said);
    // Nothing was in the browser: another one reads the same.
    dana.delete("/api/session").await.expect_status(204);
    let mut again = web.signed_in("dana").await;
    assert_eq!(heard(&mut again, &room).await, said);
    let page = lines(&mut again, &room).await;
    let numbers: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|one| &one["number"]).collect();
    assert_eq!(numbers, [&json!(1), &json!(2)]);
    // A third one finds neither the conversation nor that there is one.
    let mut noa = web.signed_in("noa").await;
    let detail = |answer: Answer| answer.json()["detail"].clone();
    let theirs = detail(noa.get(&format!("/api/rooms/{room}")).await.expect_status(404));
    let none = postern::mail::reference::Reference::new(1);
    let nothing = detail(noa.get(&format!("/api/rooms/{none}")).await.expect_status(404));
    assert_eq!(theirs, nothing);
    assert_eq!(noa.get("/api/rooms").await.json(), json!({"items": [], "asked": []}));
    // Whom no message reaches, no conversation reaches.
    for nobody in ["nobody", "dana"] {
        again.post("/api/rooms/with", &with(nobody)).await.expect_problem(404, "not-found");
    }
    let gateway = web.gateway.clone();
    let outside = postern::terms::AcceptFrom::Outside;
    let set = tokio::task::spawn_blocking(move || gateway.account_accept_from("omar", outside));
    set.await.unwrap().unwrap();
    noa.post("/api/rooms/with", &with("omar")).await.expect_problem(404, "not-found");
    let path = format!("/api/rooms/{room}/lines");
    again.post(&path, &new_line("more")).await.expect_problem(403, "denied");
}

/// Everything that somebody who is not in a room can ask about it.
async fn everything(browser: &mut Browser, room: &str, who: &str) -> Vec<(u16, Value)> {
    let path = |rest: &str| format!("/api/rooms/{room}{rest}");
    let text = |value: Value| Some(value);
    let asked = [
        ("GET", path(""), None),
        ("GET", path("/members"), None),
        ("GET", path("/lines?after=0"), None),
        ("GET", path("/lines/1"), None),
        ("GET", path("/lines/1/files/0"), None),
        ("GET", path("/requests"), None),
        ("POST", path("/lines"), text(new_line("mine"))),
        ("PATCH", path("/lines/1"), text(json!({"text": "mine"}))),
        ("DELETE", path("/lines/1"), None),
        ("PUT", path("/lines/1/reaction"), text(json!({"text": "👍"}))),
        ("PUT", path("/read"), text(json!({"number": 1}))),
        ("POST", path("/typing"), None),
        ("POST", "/api/rooms/find".to_owned(), text(json!({"text": "mine", "room": room}))),
        ("POST", path("/leave"), text(json!({"transcript": true}))),
        ("POST", path("/keys"), None),
        ("PATCH", path("/own"), text(json!({"mutes": true}))),
        ("POST", path(&format!("/requests/{who}")), text(json!({"verdict": "admit"}))),
        ("PATCH", path(&format!("/members/{who}")), text(json!({"controller": true}))),
        ("DELETE", path(&format!("/members/{who}")), None),
        ("DELETE", path(""), None),
    ];
    let mut found = Vec::new();
    for (method, path, body) in asked {
        let answer = browser.signed(method, &path, body.as_ref()).await;
        let status = answer.status.as_u16();
        found.push((status, answer.json()["detail"].clone()));
    }
    found
}

/// P-67: a controller sees who asks, with groups and attestations, and admits or refuses. Who is not
/// admitted fetches nothing, and cannot tell a room that is there from one that is not.
#[tokio::test]
async fn a_controller_admits_each_who_joins() {
    let web = TestWeb::start().await;
    add_account(&web, "noa").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut noa = web.signed_in("noa").await;
    let room = room_new(&mut dana, false).await;
    say(&mut dana, &room, SECRET).await;
    let who = own_id(&mut omar).await;
    let none = postern::mail::reference::Reference::new(1).to_string();
    let before = everything(&mut omar, &room, &who).await;
    assert!(before.iter().all(|(status, _)| *status == 404), "{before:?}");
    assert_eq!(before, everything(&mut omar, &none, &who).await);
    // To ask for one is answered as to ask for the other is, also the second time.
    for asked in [&room, &none] {
        ask(&mut omar, asked).await.expect_status(204);
        ask(&mut omar, asked).await.expect_problem(409, "request-waits");
    }
    assert_eq!(before, everything(&mut omar, &room, &who).await, "who waits is not in it either");
    let listed = omar.get("/api/rooms").await.json();
    assert_eq!(listed["items"], json!([]));
    assert_eq!(listed["asked"].as_array().unwrap().len(), 2);
    // Who asks is shown with the groups that both are in.
    let group = json!({"name": "Auditors", "kind": "open", "listed": true});
    let gateway = web.gateway.clone();
    let manages = move || gateway.account_manager("dana", true);
    tokio::task::spawn_blocking(manages).await.unwrap().unwrap();
    dana = web.signed_in("dana").await;
    let group = dana.post("/api/groups", &group).await.expect_status(201).json();
    let members = format!("/api/groups/{}/members", group["id"].as_str().unwrap());
    dana.post(&members, &json!({"address": "omar"})).await.expect_status(200);
    let waiting = requests(&mut dana, &room).await;
    let [request] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!(request["person"]["address"], "omar@example.org");
    assert_eq!(request["groups"], json!(["Auditors"]));
    assert_eq!(request["attestations"], json!([]));
    assert_eq!(dana.get(&format!("/api/rooms/{room}")).await.json()["requests"], 1);
    answer(&mut dana, &room, &who, "refuse").await.expect_status(204);
    let listed = omar.get("/api/rooms").await.json();
    let refused: Vec<_> = listed["asked"].as_array().unwrap().iter().collect();
    assert_eq!(refused.iter().filter(|one| one["refused"] == true).count(), 1);
    let asked = format!("/api/rooms/asked/{room}");
    omar.delete(&asked).await.expect_status(204);
    ask(&mut omar, &room).await.expect_problem(403, "denied");
    web.clock().advance_secs(601);
    admit(&mut dana, &room, &mut omar).await;
    assert_eq!(heard(&mut omar, &room).await, ["joined"], "what was said before is not shown");
    say(&mut dana, &room, "welcome").await;
    assert_eq!(heard(&mut omar, &room).await, ["joined", "welcome"]);
    omar.get(&format!("/api/rooms/{room}/lines/2")).await.expect_problem(404, "not-found");
    // A member admits nobody; another controller does.
    ask(&mut noa, &room).await.expect_status(204);
    let noas = own_id(&mut noa).await;
    answer(&mut omar, &room, &noas, "admit").await.expect_problem(403, "denied");
    omar.get(&format!("/api/rooms/{room}/requests")).await.expect_problem(403, "denied");
    let member = format!("/api/rooms/{room}/members/{who}");
    dana.patch(&member, &json!({"controller": true})).await.expect_status(204);
    answer(&mut omar, &room, &noas, "admit").await.expect_status(204);
    assert_eq!(heard(&mut noa, &room).await, ["joined"]);
    // Who is removed finds nothing any more, from the next request on.
    let member = format!("/api/rooms/{room}/members/{noas}");
    dana.delete(&member).await.expect_status(204);
    assert_eq!(everything(&mut noa, &room, &who).await, everything(&mut noa, &none, &who).await);
    say(&mut dana, &room, "without noa").await;
    assert_eq!(heard(&mut omar, &room).await.last().unwrap(), "without noa");
}

/// P-67: where the room says so, those who are admitted see what was said before.
#[tokio::test]
async fn a_room_may_show_what_was_said_before() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, true).await;
    say(&mut dana, &room, "before").await;
    admit(&mut dana, &room, &mut omar).await;
    assert_eq!(heard(&mut omar, &room).await, ["joined", "before", "joined"]);
    assert_eq!(omar.get(&format!("/api/rooms/{room}")).await.json()["name"], "Plans");
}

/// P-67: a temporary account may be admitted to a room, and to nothing else.
#[tokio::test]
async fn an_outsider_may_be_admitted_to_a_room_and_to_nothing_else() {
    let web = TestWeb::start().await;
    let message = send_outside(&web, "Come to the room").await;
    let mut noa = claimed(&web, message).await;
    let mut dana = web.signed_in("dana").await;
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut noa).await;
    say(&mut dana, &room, "hello outside").await;
    say(&mut noa, &room, "hello inside").await;
    assert_eq!(
        heard(&mut dana, &room).await,
        ["joined", "joined", "hello outside", "hello inside"]
    );
    noa.post("/api/rooms", &json!({"name": "Mine"})).await.expect_problem(403, "denied");
    let with = json!({"address": "dana@example.org"});
    noa.post("/api/rooms/with", &with).await.expect_problem(403, "denied");
    let noas = own_id(&mut noa).await;
    let member = format!("/api/rooms/{room}/members/{noas}");
    dana.patch(&member, &json!({"controller": true})).await.expect_problem(403, "denied");
    leave(&mut noa, &room, true).await.expect_status(204);
    noa.get(&format!("/api/rooms/{room}")).await.expect_problem(404, "not-found");
}

/// P-68: what is said waits for who is away, who then reads from the first unread line on, in order; what a
/// client repeats is said once.
#[tokio::test]
async fn what_is_said_waits_and_is_read_in_order() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    read(&mut omar, &room, 2).await;
    omar.delete("/api/session").await.expect_status(204);
    let path = format!("/api/rooms/{room}/lines");
    for number in 0..5 {
        let line = new_line(&format!("line {number}"));
        let first = dana.post(&path, &line).await.expect_status(201).json();
        assert_eq!(dana.post(&path, &line).await.expect_status(201).json(), first);
    }
    web.clock().advance_secs(24 * 3_600);
    let mut omar = web.signed_in("omar").await;
    let seen = omar.get(&format!("/api/rooms/{room}")).await.json();
    assert_eq!((&seen["read"], &seen["unread"]), (&json!(2), &json!(5)));
    let next = omar.get(&format!("{path}?after=2&limit=3")).await.expect_status(200).json();
    let texts: Vec<_> = next["items"].as_array().unwrap().iter().map(|one| &one["text"]).collect();
    assert_eq!(texts, [&json!("line 0"), &json!("line 1"), &json!("line 2")]);
    read(&mut omar, &room, 7).await;
    let seen = omar.get(&format!("/api/rooms/{room}")).await.json();
    assert_eq!((&seen["read"], &seen["unread"]), (&json!(7), &json!(0)));
}

/// P-71: who leaves with a transcript has in the inbox exactly what was said between joining and leaving,
/// with reference numbers, and nothing that was deleted meanwhile.
#[tokio::test]
async fn a_transcript_comes_to_who_leaves() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, true).await;
    say(&mut dana, &room, "said-too-early").await;
    admit(&mut dana, &room, &mut omar).await;
    let mut kept = Vec::new();
    for number in 0..3 {
        kept.push(say(&mut dana, &room, &format!("said-{number}")).await);
    }
    let deleted = say(&mut omar, &room, "said-and-deleted").await;
    omar.delete(&format!("/api/rooms/{room}/lines/{deleted}")).await.expect_status(204);
    let page = lines(&mut omar, &room).await;
    let items = page["items"].as_array().unwrap().clone();
    leave(&mut omar, &room, true).await.expect_status(204);
    say(&mut dana, &room, "said-too-late").await;
    let inbox = omar.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    let [item] = &inbox["items"].as_array().unwrap()[..] else { panic!("{inbox}") };
    let path = format!("/api/messages/{}", item["reference"].as_str().unwrap());
    let text = omar.get(&path).await.expect_status(200).json().to_string();
    for (number, line) in kept.iter().enumerate() {
        assert!(text.contains(&format!("said-{number}")), "{text}");
        let line = items.iter().find(|one| one["number"] == *line).unwrap();
        assert!(text.contains(line["reference"].as_str().unwrap()), "{text}");
    }
    for other in ["said-too-early", "said-too-late", "said-and-deleted"] {
        assert!(!text.contains(other), "{other}: {text}");
    }
    omar.get(&format!("/api/rooms/{room}/lines")).await.expect_problem(404, "not-found");
}

/// P-64: answers to a line, mentions, reactions, changes; and what is refused.
#[tokio::test]
async fn lines_are_answered_changed_and_reacted_to() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    let path = format!("/api/rooms/{room}/lines");
    let first = say(&mut dana, &room, "first").await;
    let who = own_id(&mut dana).await;
    let mut line = new_line("second");
    line["inReplyTo"] = json!(first);
    line["mentions"] = json!([who]);
    let second = omar.post(&path, &line).await.expect_status(201).json()["number"].clone();
    let one = format!("{path}/{second}");
    let seen = dana.get(&one).await.expect_status(200).json();
    assert_eq!((&seen["inReplyTo"], &seen["mentions"]), (&json!(first), &json!([who])));
    let reaction = format!("{one}/reaction");
    let body = json!({"text": "👍"});
    dana.signed("PUT", &reaction, Some(&body)).await.expect_status(204);
    let reactions = json!([{"text": "👍", "count": 1, "own": false}]);
    assert_eq!(omar.get(&one).await.json()["reactions"], reactions);
    dana.delete(&reaction).await.expect_status(204);
    assert_eq!(omar.get(&one).await.json()["reactions"], json!([]));
    omar.patch(&one, &json!({"text": "changed"})).await.expect_status(204);
    dana.patch(&one, &json!({"text": "mine"})).await.expect_problem(403, "denied");
    let seen = dana.get(&one).await.json();
    assert_eq!((&seen["text"], seen["edited"].is_string()), (&json!("changed"), true));
    for (member, value) in [
        ("text", json!("")),
        ("text", json!("x".repeat(8_001))),
        ("clientId", json!("x")),
        ("mentions", json!(["0".repeat(32)])),
        ("mentions", json!(["x"])),
    ] {
        let mut wrong = new_line("text");
        wrong[member] = value;
        dana.post(&path, &wrong).await.expect_problem(422, "invalid");
    }
    let mut wrong = new_line("text");
    wrong["inReplyTo"] = json!(99);
    dana.post(&path, &wrong).await.expect_problem(404, "not-found");
    dana.signed("PUT", &reaction, Some(&json!({"text": "word"})))
        .await
        .expect_problem(422, "invalid");
    // Of two who rename a room at the same time, one is told so.
    let room_path = format!("/api/rooms/{room}");
    for (version, status) in [("\"1\"", 200), ("\"1\"", 409)] {
        let mut headers = dana.credentials("PATCH", &room_path);
        headers.insert("if-match", version.parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        let body = json!({"name": "Other plans"}).to_string();
        dana.raw("PATCH", &room_path, headers, Some(body)).await.expect_status(status);
    }
    assert_eq!(omar.get(&room_path).await.json()["name"], "Other plans");
    dana.delete(&room_path).await.expect_status(204);
    omar.get(&room_path).await.expect_problem(404, "not-found");
}

/// P-64: what was said is found by its words, by those who see it.
#[tokio::test]
async fn what_was_said_is_found() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    say(&mut dana, &room, "The budget for spring").await;
    admit(&mut dana, &room, &mut omar).await;
    let number = say(&mut omar, &room, "Budgets are due").await;
    let find = json!({"text": "budget"});
    let found = dana.post("/api/rooms/find", &find).await.expect_status(200).json();
    assert_eq!((&found["whole"], found["items"].as_array().unwrap().len()), (&json!(true), 2));
    let found = omar.post("/api/rooms/find", &find).await.expect_status(200).json();
    let [one] = &found["items"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!((&one["room"], &one["line"]["number"]), (&json!(room), &json!(number)));
    assert_eq!(found["persons"][0]["address"], "omar@example.org");
    omar.post("/api/rooms/find", &json!({"text": " "})).await.expect_status(422);
}
