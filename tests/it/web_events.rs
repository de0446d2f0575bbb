//! The event stream, by which new mail appears without polling.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::web_harness::{Browser, MESSAGE, TestWeb, within};

/// An open stream.
struct Stream {
    body: Incoming,
    text: String,
}

/// One event: its ID and its data.
#[derive(Debug, PartialEq)]
struct Event {
    id: String,
    data: Value,
}

impl Stream {
    async fn open(browser: &mut Browser, last: Option<&str>) -> Stream {
        let mut headers = browser.credentials("GET", "/api/events");
        if let Some(last) = last {
            headers.insert("last-event-id", last.parse().unwrap());
        }
        let response = browser.open("GET", "/api/events", headers, None).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Stream { body: response.into_body(), text: String::new() }
    }

    /// Returns the next block, a comment or an event; `None` if the stream ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let frame = within(self.body.frame()).await?.ok()?;
            let octets = frame.into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&octets).unwrap());
        }
    }

    /// Returns the next event and skips comments.
    async fn event(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            if block.starts_with(':') {
                continue;
            }
            let field = |name: &str| {
                let mut lines = block.lines();
                lines.find_map(|line| line.strip_prefix(name)).expect(name).trim().to_owned()
            };
            assert_eq!(field("event:"), "change");
            let data = serde_json::from_str(&field("data:")).unwrap();
            return Some(Event { id: field("id:"), data });
        }
    }

    async fn expect(&mut self, kind: &str) -> String {
        let event = self.event().await.expect("the stream is still open");
        assert_eq!(event.data, json!({"kind": kind, "state": event.id}));
        event.id
    }
}

/// P-24: new mail is announced on the stream.
#[tokio::test]
async fn a_change_is_heard_of_as_it_happens() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let mut stream = Stream::open(&mut dana, None).await;
    assert_eq!(stream.block().await.unwrap(), ": here");
    web.deliver("omar", MESSAGE).await;
    let reference = web.deliver("dana", MESSAGE).await;
    let state = stream.expect("mail").await;
    let page = dana.get("/api/messages?mailbox=inbox").await.json();
    assert_eq!(page["state"], state.as_str());
    dana.read(reference).await;
    stream.expect("mail").await;
    dana.post("/api/mailboxes", &json!({"name": "Plans"})).await.expect_status(201);
    stream.expect("mailboxes").await;
}

#[tokio::test]
async fn missed_changes_are_reported_at_once() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let state = dana.get("/api/mailboxes").await.json()["state"].as_str().unwrap().to_owned();
    let mut stream = Stream::open(&mut dana, Some(&state)).await;
    assert_eq!(stream.block().await.unwrap(), ": here");
    drop(stream);
    web.deliver("dana", MESSAGE).await;
    let mut stream = Stream::open(&mut dana, Some(&state)).await;
    let now = stream.expect("mail").await;
    assert_ne!(now, state);
    assert_eq!(stream.expect("mailboxes").await, now);
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_other_streams_go_on() {
    let web = TestWeb::start().await;
    let mut here = web.signed_in("dana").await;
    let mut there = web.signed_in("dana").await;
    let mut mine = Stream::open(&mut here, None).await;
    let mut theirs = Stream::open(&mut there, None).await;
    // The comment shows that each stream is listening.
    assert_eq!(mine.block().await.unwrap(), ": here");
    assert_eq!(theirs.block().await.unwrap(), ": here");
    here.delete("/api/session").await.expect_status(204);
    assert_eq!(mine.event().await, None);
    theirs.expect("session").await;
    web.deliver("dana", MESSAGE).await;
    theirs.expect("mail").await;
    there.delete("/api/sessions").await.expect_status(204);
    assert_eq!(theirs.event().await, None);
    let headers = here.credentials("GET", "/api/events");
    here.raw("GET", "/api/events", headers, None).await.expect_problem(401, "signed-out");
}

#[tokio::test]
async fn streams_are_bounded_and_their_places_come_back() {
    let web = TestWeb::with(|config| config.event_streams_per_account_max = 2).await;
    let mut dana = web.signed_in("dana").await;
    let first = Stream::open(&mut dana, None).await;
    let _second = Stream::open(&mut dana, None).await;
    dana.get("/api/events").await.expect_problem(429, "slow-down");
    drop(first);
    // The server notices the disconnect a moment later.
    let started = std::time::Instant::now();
    loop {
        let headers = dana.credentials("GET", "/api/events");
        if dana.open("GET", "/api/events", headers, None).await.status() == 200 {
            break;
        }
        assert!(started.elapsed() < super::web_harness::DEADLINE);
    }
}

#[tokio::test]
async fn a_daemon_that_stops_ends_its_streams_and_finishes() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let mut stream = Stream::open(&mut dana, None).await;
    assert_eq!(stream.block().await.unwrap(), ": here");
    web.stop.cancel();
    assert_eq!(stream.event().await, None);
    web.tasks.close();
    within(web.tasks.wait()).await;
}
