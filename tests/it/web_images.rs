//! Remote images: fetched only on request, and only by the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postern::config;
use postern::net::remote_image::RemoteImages;
use postern::net::tls::{self, Identity};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::dns_stub::DnsStub;
use super::web_harness::{Answer, Browser, TestWeb};

/// A web server on the internet, and the requests it received.
struct Host {
    at: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
}

impl Host {
    async fn start() -> Host {
        let folder = tempfile::tempdir().unwrap();
        let names = ["pics.example".to_owned(), "other.example".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let config = Identity::load(&certificate, &key).unwrap().server_config(&[]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let heard = asked.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (config, heard) = (config.clone(), heard.clone());
                tokio::spawn(async move {
                    let limit = Duration::from_secs(10);
                    let Ok(mut stream) = tls::accept(config, stream, limit).await else { return };
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        request.push(stream.read_u8().await.unwrap());
                    }
                    let request = String::from_utf8(request).unwrap();
                    let answer = answer(&request);
                    heard.lock().unwrap().push(request);
                    stream.write_all(&answer).await.unwrap();
                    stream.shutdown().await.unwrap();
                });
            }
        });
        Host { at, asked, folder }
    }

    fn authorities(&self) -> &Path {
        self.folder.path()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Returns a PNG of a red square, with hidden text after it.
fn square() -> Vec<u8> {
    let mut octets = std::io::Cursor::new(Vec::new());
    let red = image::RgbaImage::from_pixel(12, 12, image::Rgba([200, 30, 30, 255]));
    red.write_to(&mut octets, image::ImageFormat::Png).unwrap();
    [octets.into_inner(), b"hidden words".to_vec()].concat()
}

fn answer(request: &str) -> Vec<u8> {
    let full = |kind: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nSet-Cookie: who=you\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    let to = |place: &str| {
        format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    };
    match request.split(' ').nth(1).unwrap() {
        "/square.png" | "/square.png?for=dana" => full("image/png", &square()),
        "/moved" => to("https://other.example/square.png"),
        "/round" => to("/round"),
        "/inside" => to("https://inside.example/square.png"),
        "/port" => to("https://other.example:22/"),
        "/page" => full("image/png", b"<html><script>alert(1)</script></html>"),
        "/large" => full("image/png", &vec![0; 200_000]),
        _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
    }
}

/// Starts a server that may fetch remote images from hosts on loopback; returns it with Dana's
/// browser.
async fn fetching(host: &Host, change: impl FnOnce(&mut config::Images)) -> (TestWeb, Browser) {
    let dns = DnsStub::start().await;
    for name in ["pics.example", "other.example", "inside.example"] {
        dns.address(name, Ipv4Addr::LOCALHOST);
    }
    let mut images = config::Images {
        port: host.at.port(),
        authorities: host.authorities().join("cert.pem"),
        private_addresses: true,
        octets_max: 100_000,
        timeout_secs: 20,
        ..config::Images::default()
    };
    change(&mut images);
    let pictures = RemoteImages::new(images, dns.resolver(config::Dnssec::Off)).unwrap();
    let web = TestWeb::fetching(pictures).await;
    let dana = web.signed_in("dana").await;
    (web, dana)
}

fn message(images: &[&str]) -> String {
    let images: String = images.iter().map(|to| format!("<img src=\"{to}\">")).collect();
    format!(
        "From: r@x.example\nSubject: News\nMIME-Version: 1.0\n\
         Content-Type: text/html; charset=utf-8\n\n<p>News</p>{images}\n"
    )
}

/// Returns the image addresses in the frame's document.
fn sources(frame: &Answer) -> Vec<String> {
    let text = frame.text();
    let found = text.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    found.map(str::to_owned).collect()
}

/// Shows a message with remote images; returns their addresses in the frame's document.
async fn shown(web: &TestWeb, dana: &mut Browser, images: &[&str]) -> Vec<String> {
    let reference = web.deliver("dana", &message(images)).await;
    dana.read(reference).await;
    let url = dana.ticket(reference, &json!({"kind": "view", "remote": true})).await;
    sources(&dana.follow(&url).await.expect_status(200))
}

#[tokio::test]
async fn a_remote_image_is_fetched_by_us_when_it_is_asked_for() {
    let host = Host::start().await;
    let (web, mut dana) = fetching(&host, |_| ()).await;
    let address = "https://pics.example/square.png?for=dana";
    let reference = web.deliver("dana", &message(&[address])).await;
    dana.read(reference).await;
    // By default no image is shown, and no request is made.
    let url = dana.ticket(reference, &json!({"kind": "view"})).await;
    let frame = dana.follow(&url).await.expect_status(200);
    assert!(sources(&frame).is_empty() && frame.text().contains("data-remote"), "{}", frame.text());
    assert!(host.asked().is_empty());
    let plain = url;
    // On request, the image comes from this server, re-encoded.
    let url = dana.ticket(reference, &json!({"kind": "view", "remote": true})).await;
    let frame = dana.follow(&url).await.expect_status(200);
    let sources = sources(&frame);
    assert_eq!(sources.len(), 1);
    assert!(!frame.text().contains("pics.example"), "{}", frame.text());
    let image = dana.follow(&sources[0]).await.expect_status(200);
    assert_eq!(image.header("content-type"), "image/png");
    assert!(image.header("content-security-policy").contains("sandbox"));
    assert!(!image.body.windows(6).any(|some| some == b"hidden"));
    let read = image::load_from_memory(&image.body).unwrap().to_rgba8();
    assert_eq!((read.width(), read.get_pixel(5, 5).0), (12, [200, 30, 30, 255]));
    // The request reveals nothing about the reader.
    let asked = host.asked();
    assert_eq!(asked.len(), 1);
    let asked = asked[0].to_lowercase();
    for other in ["cookie", "referer", "forwarded", "accept-language", "authorization", "dpop"] {
        assert!(!asked.contains(other), "{asked}");
    }
    let path = format!("/api/messages/{reference}/ticket");
    let odd = json!({"kind": "raw", "remote": true});
    dana.post(&path, &odd).await.expect_problem(422, "invalid");
    // An address is valid in its own frame alone, and only if remote images were requested.
    let sealed = sources[0].rsplit('/').next().unwrap();
    dana.follow(&format!("{plain}from/{sealed}")).await.expect_problem(410, "gone");
    let other = dana.ticket(reference, &json!({"kind": "view", "remote": true})).await;
    dana.follow(&format!("{other}from/{sealed}")).await.expect_problem(410, "gone");
    dana.delete("/api/session").await.expect_status(204);
    dana.follow(&sources[0]).await.expect_problem(410, "gone");
    assert_eq!(host.asked().len(), 1);
}

#[tokio::test]
async fn what_is_no_image_or_not_to_be_asked_is_not_shown() {
    let host = Host::start().await;
    let (web, mut dana) = fetching(&host, |images| images.per_message_max = 8).await;
    let sources = shown(
        &web,
        &mut dana,
        &[
            "https://pics.example/moved",
            "http://pics.example/square.png",
            "https://pics.example/round",
            "https://pics.example/port",
            "https://pics.example/page",
            "https://pics.example/large",
            "https://pics.example/none",
            "https://nowhere.example/square.png",
            "https://pics.example/one-too-many",
        ],
    )
    .await;
    assert_eq!(sources.len(), 8, "as many as are shown for one message");
    for (at, source) in sources.iter().enumerate() {
        let answer = dana.follow(source).await;
        match at {
            0 | 1 => drop(answer.expect_status(200)),
            _ => drop(answer.expect_problem(502, "no-image")),
        }
    }
    let asked = host.asked().concat();
    assert!(!asked.contains("one-too-many"), "{asked}");
    // Two squares: the redirected one, and one over TLS although its address said http. The
    // redirect loop is followed four times.
    let count = |what: &str| asked.matches(what).count();
    assert_eq!((count("GET /square.png "), count("GET /moved "), count("GET /round ")), (2, 1, 4));
}

/// No message can choose addresses of the site's own network.
#[tokio::test]
async fn no_message_makes_us_ask_in_our_own_network() {
    let host = Host::start().await;
    let (web, mut dana) = fetching(&host, |images| images.private_addresses = false).await;
    let own = format!("https://127.0.0.1:{}/square.png", host.at.port());
    let addresses = [
        "https://pics.example/square.png",
        "https://127.0.0.1/square.png",
        "https://[::1]/square.png",
        "https://[::ffff:127.0.0.1]/square.png",
        "https://2130706433/square.png",
        "https://0x7f.1/square.png",
        own.as_str(),
        "https://169.254.169.254/latest/meta-data",
    ];
    for source in shown(&web, &mut dana, &addresses).await {
        dana.follow(&source).await.expect_problem(502, "no-image");
    }
    assert!(host.asked().is_empty());
}

/// Networks that the administrator names are not asked either, such as the site's own NAT64 prefix.
#[tokio::test]
async fn no_image_is_fetched_from_a_network_that_is_refused() {
    let host = Host::start().await;
    let refused = vec!["127.0.0.0/8".to_owned().try_into().unwrap()];
    let (web, mut dana) = fetching(&host, |images| images.refused = refused).await;
    for source in shown(&web, &mut dana, &["https://pics.example/square.png"]).await {
        dana.follow(&source).await.expect_problem(502, "no-image");
    }
    assert!(host.asked().is_empty());
}

#[tokio::test]
async fn an_organisation_may_fetch_none_at_all() {
    let host = Host::start().await;
    let (web, mut dana) = fetching(&host, |images| images.remote = false).await;
    let reference = web.deliver("dana", &message(&["https://pics.example/square.png"])).await;
    dana.read(reference).await;
    let path = format!("/api/messages/{reference}/ticket");
    dana.post(&path, &json!({"kind": "view", "remote": true})).await.expect_problem(403, "denied");
}
