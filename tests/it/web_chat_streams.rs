//! What comes by the streams of events to those who are in a room, and to nobody else.

use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::web_chat::{
    SECRET, admit, ask, heard, leave, lines, new_line, own_id, read, room_new, say,
};
use super::web_groups::add_account;
use super::web_harness::{Browser, MESSAGE, PASSWORD, TestWeb, within};
use super::web_keys::app_password;

/// An open stream of events, of which those about rooms are looked at.
pub struct Stream {
    body: Incoming,
    text: String,
}

impl Stream {
    pub async fn open(browser: &mut Browser) -> Stream {
        let headers = browser.credentials("GET", "/api/events");
        let response = browser.open("GET", "/api/events", headers, None).await;
        assert_eq!(response.status(), 200);
        let mut stream = Stream { body: response.into_body(), text: String::new() };
        assert_eq!(stream.block().await, ": here", "it listens");
        stream
    }

    async fn block(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return block;
            }
            let frame = within(self.body.frame()).await.unwrap().unwrap();
            self.text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    /// The data of the next event; comments are skipped.
    async fn data(&mut self) -> (String, Value) {
        loop {
            let block = self.block().await;
            if let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) {
                let data = serde_json::from_str(data).unwrap();
                return (block, data);
            }
        }
    }

    /// Waits for the next line that was said in a room, and returns it with its author.
    pub async fn line(&mut self, room: &str) -> (Value, Value) {
        loop {
            let (block, data) = self.data().await;
            if data["kind"] == "chat-line" && data["room"] == room {
                assert!(
                    block.starts_with("event: chat-line\n") && !block.contains("id:"),
                    "{block}"
                );
                return (data["line"].clone(), data["person"].clone());
            }
        }
    }

    /// Waits for an event about this room that says this.
    async fn expect(&mut self, room: &str, what: &str) {
        loop {
            let (block, data) = self.data().await;
            if data["kind"] == "chat" && data["state"] == format!("{room} {what}") {
                assert!(!block.contains("id:"), "it is no state of the account: {block}");
                return;
            }
        }
    }
}

/// P-64, P-67: a line goes to the streams of those who are in the room when it is said, each once and in the
/// order of its numbers; and to nobody else: not who waits, not who was removed.
#[tokio::test]
async fn a_line_goes_to_the_streams_of_those_who_are_in_the_room() {
    let web = TestWeb::start().await;
    add_account(&web, "noa").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut noa = web.signed_in("noa").await;
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    ask(&mut noa, &room).await.expect_status(204);
    let mut streams = [Stream::open(&mut dana).await, Stream::open(&mut omar).await];
    let mut outside = Stream::open(&mut noa).await;
    for number in 3..=30 {
        assert_eq!(say(&mut dana, &room, &format!("{SECRET} {number}")).await, number);
    }
    for stream in &mut streams {
        for number in 3..=30 {
            let (line, _) = stream.line(&room).await;
            assert_eq!(
                (&line["number"], &line["text"]),
                (&json!(number), &json!(format!("{SECRET} {number}")))
            );
        }
    }
    // What is repeated comes once: the next one is another line.
    let path = format!("/api/rooms/{room}/lines");
    let again = new_line("once");
    for _ in 0..2 {
        dana.post(&path, &again).await.expect_status(201);
    }
    say(&mut omar, &room, "from omar").await;
    for (stream, own) in streams.iter_mut().zip([false, true]) {
        assert_eq!(stream.line(&room).await.0["text"], "once");
        let (line, person) = stream.line(&room).await;
        assert_eq!((&line["text"], &line["own"]), (&json!("from omar"), &json!(own)));
        assert_eq!(person["address"], "omar@example.org");
    }
    // From the line on that is said after the removal, nothing comes.
    let removed = own_id(&mut omar).await;
    dana.delete(&format!("/api/rooms/{room}/members/{removed}")).await.expect_status(204);
    streams[1].expect(&room, "out").await;
    say(&mut dana, &room, SECRET).await;
    assert_eq!(streams[0].line(&room).await.0["text"], SECRET);
    // Something that does come shows that nothing came before.
    for (browser, stream) in [(&mut noa, &mut outside), (&mut omar, &mut streams[1])] {
        let own = room_new(browser, false).await;
        say(browser, &own, "here").await;
        loop {
            let (block, data) = stream.data().await;
            assert!(!block.contains(SECRET) && !block.contains(&room), "{block}");
            if data["kind"] == "chat-line" && data["room"] == own.as_str() {
                break;
            }
        }
    }
}

/// P-24: however much is said, hints about mail are neither lost nor given another state.
#[tokio::test]
async fn chat_pushes_out_no_hint_about_mail() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    let mut slow = web.stalling_browser(64 << 10).await;
    slow.sign_in("omar", PASSWORD).await.expect_status(201);
    let headers = slow.credentials("GET", "/api/events");
    let response = slow.open("GET", "/api/events", headers, None).await;
    let mut stream = Stream { body: response.into_body(), text: String::new() };
    let long = "x".repeat(7_000);
    for _ in 0..200 {
        say(&mut dana, &room, &long).await;
    }
    web.deliver("omar", MESSAGE).await;
    let (mut missed, mut mail) = (false, false);
    while !(missed && mail) {
        let (block, data) = stream.data().await;
        let state = data["state"].as_str().unwrap_or_default();
        match data["kind"].as_str().unwrap() {
            "mail" => {
                assert!(block.contains("id: ") && state.parse::<u64>().is_ok(), "{block}");
                mail = true;
            }
            "chat" => missed |= state.is_empty(),
            "chat-line" => assert!(!block.contains("id: ")),
            _ => {}
        }
    }
}

/// P-66: who is away gets a notice in the inbox with the reference number of the line and no content, and a
/// browser that is open hears of it.
#[tokio::test]
async fn a_notice_without_content_says_that_something_waits() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    let mut stream = Stream::open(&mut omar).await;
    say(&mut dana, &room, SECRET).await;
    assert_eq!(stream.line(&room).await.0["number"], 3);
    let page = lines(&mut dana, &room).await;
    let reference = page["items"][2]["reference"].as_str().unwrap().to_owned();
    web.clock().advance_secs(600);
    for _ in 0..2 {
        let gateway = web.gateway.clone();
        tokio::task::spawn_blocking(move || gateway.rooms_watch()).await.unwrap().unwrap();
    }
    let inbox = omar.get("/api/messages?mailbox=inbox").await.expect_status(200).json();
    let items = inbox["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{inbox}");
    let path = format!("/api/messages/{}", items[0]["reference"].as_str().unwrap());
    let notice = omar.get(&path).await.expect_status(200).json().to_string();
    assert!(notice.contains(&reference), "{notice}");
    for hidden in [SECRET, "Plans", "dana"] {
        assert!(!notice.contains(hidden), "{hidden}: {notice}");
    }
}

/// P-69: the others learn within two seconds that somebody left, was signed out, or whose session ended.
#[tokio::test]
async fn the_others_learn_at_once_that_somebody_left() {
    let web = TestWeb::start().await;
    add_account(&web, "noa").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut noa = web.signed_in("noa").await;
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    admit(&mut dana, &room, &mut noa).await;
    read(&mut omar, &room, 3).await;
    let jobs = postern::jobs::start;
    jobs(&web.gateway, &web.stop, &web.tasks);
    let mut stream = Stream::open(&mut dana).await;
    let left = Instant::now();
    leave(&mut noa, &room, false).await.expect_status(204);
    stream.expect(&room, "members").await;
    assert_eq!(heard(&mut dana, &room).await.last().unwrap(), "left");
    // A session that ends is no leaving: omar is away, and may come back.
    omar.delete("/api/session").await.expect_status(204);
    stream.expect(&room, "5").await;
    assert_eq!(heard(&mut dana, &room).await.last().unwrap(), "away");
    assert!(left.elapsed() < Duration::from_secs(60));
    let mut omar = web.signed_in("omar").await;
    read(&mut omar, &room, 5).await;
    assert_eq!(heard(&mut dana, &room).await.last().unwrap(), "back");
}

async fn is_reading(browser: &mut Browser, room: &str, name: &str) -> Value {
    let path = format!("/api/rooms/{room}/members");
    let page = browser.get(&path).await.expect_status(200).json();
    let address = format!("{name}@example.org");
    let items = page["items"].as_array().unwrap().clone();
    let found = items.into_iter().find(|one| one["person"]["address"] == address.as_str());
    found.unwrap()["reading"].clone()
}

/// P-70: somebody who does not read while others talk is shown as no longer reading, until reading on; and
/// not, if that person does not show it.
#[tokio::test]
async fn the_others_learn_that_somebody_stopped_reading() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    read(&mut omar, &room, 2).await;
    let number = say(&mut dana, &room, "are you reading").await;
    let mut stream = Stream::open(&mut dana).await;
    let watch = async || {
        web.clock().advance_secs(301);
        let gateway = web.gateway.clone();
        tokio::task::spawn_blocking(move || gateway.rooms_watch()).await.unwrap().unwrap();
    };
    assert_eq!(is_reading(&mut dana, &room, "omar").await, json!(true));
    watch().await;
    stream.expect(&room, "members").await;
    assert_eq!(is_reading(&mut dana, &room, "omar").await, json!(false));
    read(&mut omar, &room, number).await;
    stream.expect(&room, "members").await;
    assert_eq!(is_reading(&mut dana, &room, "omar").await, json!(true));
    let own = format!("/api/rooms/{room}/own");
    omar.patch(&own, &json!({"shows": false})).await.expect_status(204);
    say(&mut dana, &room, "and now").await;
    watch().await;
    assert_eq!(is_reading(&mut dana, &room, "omar").await, Value::Null);
}

/// P-67: a program that signed in with an app password handles mail, and hears nothing of rooms.
#[tokio::test]
async fn an_app_password_hears_nothing_of_rooms() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    let made = app_password(&mut omar, "phone").await;
    let mut program = web.browser().await;
    program.sign_in("omar", made["appPassword"].as_str().unwrap()).await.expect_status(201);
    let mut stream = Stream::open(&mut program).await;
    say(&mut dana, &room, SECRET).await;
    dana.post(&format!("/api/rooms/{room}/typing"), &json!({})).await;
    web.deliver("omar", MESSAGE).await;
    loop {
        let (block, data) = stream.data().await;
        assert!(!block.contains("chat") && !block.contains(SECRET), "{block}");
        if data["kind"] == "mail" {
            break;
        }
    }
}
