//! Files and recordings of chat over HTTPS: sending them, reading them from any place on, and who may.

use serde_json::{Value, json};

use super::web_chat::{admit, new_line, room_new};
use super::web_chat_streams::Stream;
use super::web_groups::add_account;
use super::web_harness::{Answer, Browser, TestWeb, header};
use super::web_outsider::{claimed, send_outside};

const OGG: &[u8] = b"OggS\0\x02 what somebody says";

async fn upload(browser: &mut Browser, name: &str, media: &str, octets: &[u8]) -> String {
    let file = json!({"name": name, "type": media, "size": octets.len()});
    let made = browser.post("/api/uploads", &file).await.expect_status(201).json();
    let id = made["id"].as_str().unwrap().to_owned();
    let path = format!("/api/uploads/{id}/content?offset=0");
    browser.put_octets(&path, octets.to_vec(), header("x-none", "")).await.expect_status(200);
    id
}

fn line_with(text: &str, files: &[Value]) -> Value {
    let mut line = new_line(text);
    line["files"] = json!(files);
    line
}

async fn say(browser: &mut Browser, room: &str, files: &[Value]) -> String {
    let path = format!("/api/rooms/{room}/lines");
    let said = browser.post(&path, &line_with("", files)).await.expect_status(201).json();
    format!("{path}/{}", said["number"])
}

/// A recording that somebody says.
async fn voice(browser: &mut Browser) -> Value {
    let id = upload(browser, "voice.ogg", "text/html", OGG).await;
    json!({"upload": id, "voice": {"lengthMs": 1_500, "levels": [0, 255, 7]}})
}

async fn part(browser: &mut Browser, path: &str, range: &str) -> Answer {
    let mut headers = browser.credentials("GET", path);
    headers.extend(header("range", range));
    browser.raw("GET", path, headers, None).await
}

/// P-72: voice and files are said as text is, also without any, and the other one hears and saves them, in
/// parts as a player asks for them. A browser displays none of them.
#[tokio::test]
async fn voice_and_files_are_said_as_text_is() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    let page = b"<html><script>alert(1)</script>";
    let page = json!({"upload": upload(&mut dana, "a\"b.html", "text/html", page).await});
    let spoken = voice(&mut dana).await;
    let path = say(&mut dana, &room, &[page, spoken]).await;
    let seen = omar.get(&path).await.expect_status(200).json();
    let voice_seen = json!({"lengthMs": 1_500, "levels": [0, 255, 7]});
    let files = json!([
        {"name": "a\"b.html", "type": "text/html", "size": 31, "voice": null},
        {"name": "voice.ogg", "type": "audio/ogg", "size": OGG.len(), "voice": voice_seen},
    ]);
    assert_eq!((&seen["text"], &seen["files"]), (&json!(""), &files));
    let file = omar.get(&format!("{path}/files/0")).await.expect_status(200);
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
    ] {
        assert_eq!(file.header(name), value, "{name}");
    }
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"a_b.html\""));
    let sound = format!("{path}/files/1");
    let whole = omar.get(&sound).await.expect_status(200);
    assert_eq!((whole.header("content-type"), &whole.body[..]), ("audio/ogg", OGG));
    assert_eq!(whole.header("accept-ranges"), "bytes");
    for (range, at) in [("bytes=4-", 4..OGG.len()), ("bytes=0-3", 0..4), ("bytes=-5", 20..25)] {
        let some = part(&mut omar, &sound, range).await.expect_status(206);
        assert_eq!(some.body[..], OGG[at.clone()], "{range}");
        let there = format!("bytes {}-{}/{}", at.start, at.end - 1, OGG.len());
        assert_eq!(some.header("content-range"), there);
    }
    let none = part(&mut omar, &sound, "bytes=25-").await.expect_status(416);
    assert_eq!(none.header("content-range"), "bytes */25");
    for other in ["lines=1-2", "bytes=0-1,4-5", "bytes=9-3"] {
        let all = part(&mut omar, &sound, other).await.expect_status(200);
        assert_eq!((&all.body[..], all.header("content-range")), (OGG, ""), "{other}");
    }
}

/// P-72: a line that comes by the event stream says what it carries, as one that is read does: names, types, sizes
/// and what was measured of a recording. Nobody has to ask, and the octets come by the number of the line.
#[tokio::test]
async fn a_line_that_comes_by_itself_names_its_files() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let room = room_new(&mut dana, false).await;
    admit(&mut dana, &room, &mut omar).await;
    let mut streams = [Stream::open(&mut omar).await, Stream::open(&mut dana).await];
    let plan = json!({"upload": upload(&mut dana, "plan.pdf", "application/pdf", b"%PDF").await});
    let spoken = voice(&mut dana).await;
    let path = say(&mut dana, &room, &[plan, spoken]).await;
    let measured = json!({"lengthMs": 1_500, "levels": [0, 255, 7]});
    let files = json!([
        {"name": "plan.pdf", "type": "application/pdf", "size": 4, "voice": null},
        {"name": "voice.ogg", "type": "audio/ogg", "size": OGG.len(), "voice": measured},
    ]);
    for (stream, own) in streams.iter_mut().zip([false, true]) {
        let (line, person) = stream.line(&room).await;
        assert_eq!((&line["text"], &line["files"]), (&json!(""), &files));
        assert_eq!((&line["own"], &person["address"]), (&json!(own), &json!("dana@example.org")));
        assert!(path.ends_with(&format!("/lines/{}", line["number"])), "{path}");
    }
    let heard = omar.get(&format!("{path}/files/1")).await.expect_status(200);
    assert_eq!(heard.body[..], *OGG);
    // What is read says the same.
    assert_eq!(omar.get(&path).await.expect_status(200).json()["files"], files);
}

/// P-72: who may not read the line is answered as for a line that is not there.
#[tokio::test]
async fn a_recording_is_for_those_who_may_read_its_line() {
    let web = TestWeb::start().await;
    add_account(&web, "noa").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut noa = web.signed_in("noa").await;
    let room = room_new(&mut dana, false).await;
    let spoken = voice(&mut dana).await;
    let early = say(&mut dana, &room, &[spoken]).await;
    admit(&mut dana, &room, &mut omar).await;
    let spoken = voice(&mut dana).await;
    let path = say(&mut dana, &room, &[spoken]).await;
    omar.get(&format!("{path}/files/0")).await.expect_status(200);
    let none = postern::mail::reference::Reference::new(1);
    let detail = |answer: Answer| answer.expect_problem(404, "not-found").json()["detail"].clone();
    let theirs = detail(noa.get(&format!("{path}/files/0")).await);
    assert_eq!(theirs, detail(noa.get(&format!("/api/rooms/{none}/lines/3/files/0")).await));
    assert_eq!(theirs, detail(noa.get("/api/rooms/x/lines/3/files/0").await));
    // What was said before the own joining is not there.
    let before = detail(omar.get(&format!("{early}/files/0")).await);
    let nothing = detail(omar.get(&format!("/api/rooms/{room}/lines/900/files/0")).await);
    assert_eq!(before, nothing);
    for wrong in ["1", "x", "-1", "99999999999999999999"] {
        detail(omar.get(&format!("{path}/files/{wrong}")).await);
    }
    // Who left has nothing of it any more; what is deleted is there for nobody.
    let leave = format!("/api/rooms/{room}/leave");
    omar.post(&leave, &json!({"transcript": false})).await.expect_status(204);
    assert_eq!(theirs, detail(omar.get(&format!("{path}/files/0")).await));
    dana.delete(&path).await.expect_status(204);
    detail(dana.get(&format!("{path}/files/0")).await);
}

/// P-72: a temporary account that was admitted says and hears voice as others do.
#[tokio::test]
async fn an_outsider_who_was_admitted_says_and_hears_voice() {
    let web = TestWeb::start().await;
    let message = send_outside(&web, "The contract.").await;
    let mut outsider = claimed(&web, message).await;
    let mut dana = web.signed_in("dana").await;
    let room = room_new(&mut dana, false).await;
    let spoken = voice(&mut dana).await;
    let early = say(&mut dana, &room, &[spoken]).await;
    admit(&mut dana, &room, &mut outsider).await;
    let spoken = voice(&mut outsider).await;
    let path = say(&mut outsider, &room, &[spoken]).await;
    for browser in [&mut dana, &mut outsider] {
        let heard = browser.get(&format!("{path}/files/0")).await.expect_status(200);
        assert_eq!(heard.body[..], *OGG);
    }
    outsider.get(&format!("{early}/files/0")).await.expect_problem(404, "not-found");
}

/// P-72: what is sent again is said once, and what is no recording is refused.
#[tokio::test]
async fn a_recording_that_is_sent_again_is_said_once() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let room = room_new(&mut dana, false).await;
    let path = format!("/api/rooms/{room}/lines");
    let spoken = voice(&mut dana).await;
    let line = line_with("", &[spoken]);
    let first = dana.post(&path, &line).await.expect_status(201).json();
    let again = dana.post(&path, &line).await.expect_status(201).json();
    assert_eq!(first, again);
    let page = upload(&mut dana, "voice.ogg", "audio/ogg", b"<html>").await;
    let page = json!({"upload": page, "voice": {"lengthMs": 1, "levels": []}});
    dana.post(&path, &line_with("", &[page])).await.expect_problem(422, "invalid");
    let limits = dana.get(&format!("/api/rooms/{room}")).await.expect_status(200).json();
    assert_eq!((&limits["voiceMinutes"], &limits["fileOctets"]), (&json!(10), &json!(26_214_400)));
}
