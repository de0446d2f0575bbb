//! Peers who send frames and garbage as fast as they can.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::http2::{
    ACK, CONTINUATION, Frames, GOAWAY, HEADERS, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS,
    WHOLE, WINDOW_UPDATE, frame, get_healthz,
};
use crate::support::sink::Sink;
use crate::support::site::{PASSWORD, Setup, Site};

/// Frames of one kind on one connection.
const FRAMES: u32 = 20_000;
/// How long the daemon may take to see that peers are gone.
const LIMIT: Duration = Duration::from_secs(60);
/// The log lines that one connection may cause.
const LINES: usize = 3;

/// What is sent `FRAMES` times: its name, and the octets for a stream number.
type Flood = (&'static str, fn(u32) -> Vec<u8>);

fn floods() -> Vec<Flood> {
    vec![
        ("PING", |_| frame(PING, 0, 0, &[7; 8])),
        ("PING with ACK that nobody asked for", |_| frame(PING, ACK, 0, &[7; 8])),
        ("SETTINGS", |_| frame(SETTINGS, 0, 0, &[])),
        ("SETTINGS of a large table", |_| frame(SETTINGS, 0, 0, &[0, 1, 0, 0, 16, 0])),
        ("SETTINGS with ACK", |_| frame(SETTINGS, ACK, 0, &[])),
        ("an unknown setting", |_| frame(SETTINGS, 0, 0, &[0xf0, 0xf0, 0, 0, 0, 1])),
        ("PRIORITY", |stream| frame(PRIORITY, 0, stream, &[0, 0, 0, 0, 1])),
        ("RST_STREAM of an idle stream", |stream| frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])),
        ("GOAWAY", |_| frame(GOAWAY, 0, 0, &[0; 8])),
        ("WINDOW_UPDATE", |_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("WINDOW_UPDATE of nothing", |_| frame(WINDOW_UPDATE, 0, 0, &[0; 4])),
        ("CONTINUATION", |stream| frame(CONTINUATION, 0, stream, &[0x82])),
        ("PUSH_PROMISE", |stream| frame(PUSH_PROMISE, 4, stream, &[0, 0, 0, 2, 0x82])),
        ("an unknown kind", |_| frame(0xbb, 0, 0, b"what is this?")),
        ("DATA without a stream", |_| frame(0, 0, 0, b"data")),
        ("DATA of an idle stream", |stream| frame(0, 0, stream, b"data")),
        ("HEADERS that are none", |stream| frame(HEADERS, WHOLE, stream, &[0xff; 20])),
        ("requests", |stream| frame(HEADERS, WHOLE, stream, &get_healthz())),
        ("requests that are taken back", |stream| {
            let mut octets = frame(HEADERS, WHOLE, stream, &get_healthz());
            octets.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
            octets
        }),
    ]
}

/// Returns how many lines were logged since `before` octets of the log.
fn lines_since(site: &Site, before: usize) -> String {
    site.log()[before..].to_owned()
}

/// Regression: a library logged a line for each PING that acknowledged nothing, 32 MB a second.
#[tokio::test]
async fn no_frame_costs_a_line_in_the_log() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, ""));
    for (name, made) in floods() {
        let before = site.log().len();
        let octets: Vec<u8> = (0..FRAMES).flat_map(|number| made(2 * number + 1)).collect();
        Frames::connect(site.https, &site.ca()).await.send(&octets).await;
        let lines = lines_since(&site, before);
        assert!(lines.lines().count() <= LINES, "{name}: {}", &lines[..lines.len().min(2_000)]);
    }
    site.client("dana").await;
    site.stop();
}

/// Frames that ask nothing, and that the library does not end a connection for.
const ASKING_NOTHING: [&str; 3] =
    ["PING with ACK that nobody asked for", "PRIORITY", "an unknown kind"];

/// A peer that only sends is cut off before it has sent 8 MiB.
#[tokio::test]
async fn a_peer_that_asks_nothing_is_cut_off() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, ""));
    let floods = floods();
    for (name, made) in floods.iter().filter(|(name, _)| ASKING_NOTHING.contains(name)) {
        let one = made(1);
        let octets = one.repeat((8 << 20) / one.len());
        let ended = Frames::connect(site.https, &site.ca()).await.send(&octets).await;
        assert!(ended, "{name}");
    }
    site.client("dana").await;
    site.stop();
}

#[tokio::test]
async fn no_broken_handshake_costs_a_line_in_the_log() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, ""));
    let before = site.log().len();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let mut garbage = vec![22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
        garbage.extend((0..600).map(|_| random.u8(..)));
        for octets in [&garbage[..], b"GET / HTTP/1.1\r\n\r\n"] {
            let mut stream = TcpStream::connect(site.https).expect("it listens");
            // The daemon may close before it has read everything.
            let _ = stream.write_all(octets);
        }
    }
    // Until the daemon has seen that they are gone, they may take all places of this address.
    let end = Instant::now() + LIMIT;
    while let Err(error) = site.sign_in("dana", PASSWORD).await {
        assert!(Instant::now() < end, "{error}");
    }
    let lines = lines_since(&site, before);
    assert!(lines.lines().count() <= LINES, "{}", &lines[..lines.len().min(2_000)]);
    site.stop();
}
