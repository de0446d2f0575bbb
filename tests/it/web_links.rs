//! Links that are valid for a minute: downloads, and HTML mail in its own frame.

use bytes::Bytes;
use serde_json::json;

use super::web_harness::{MESSAGE, TestWeb};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// HTML with an inline image, an attached report, and an inline SVG that calls itself a PNG.
fn mixed(html: &str) -> String {
    let image = data(PNG);
    format!(
        "From: Rachel <rachel@outside.example>\nSubject: Pictures\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=a\n\n\
         --a\nContent-Type: multipart/related; boundary=b\n\n\
         --b\nContent-Type: text/html; charset=utf-8\n\n{html}\n\
         --b\nContent-Type: image/png\nContent-ID: <logo@x>\nContent-Disposition: inline\n\
         Content-Transfer-Encoding: base64\n\n{image}\n\
         --b\nContent-Type: image/png\nContent-ID: <bad@x>\nContent-Disposition: inline\n\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>\n--b--\n\
         --a\nContent-Type: application/pdf; name=\"r\"\n\
         Content-Disposition: attachment; filename*=UTF-8''%D7%93%D7%95%D7%97%22.pdf\n\
         Content-Transfer-Encoding: base64\n\nAAECAwQ=\n--a--\n"
    )
}

fn data(octets: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(octets)
}

#[tokio::test]
async fn a_message_is_downloaded_byte_for_byte_and_only_once() {
    let web = TestWeb::start().await;
    // Octets that no text encoding would preserve.
    let mut message = MESSAGE.replace('\n', "\r\n").into_bytes();
    message.extend((0..=255).filter(|octet| *octet != b'\r' && *octet != b'\n'));
    message.extend_from_slice(&b"z".repeat(300_000));
    let reference = web.deliver_octets("dana", Bytes::from(message.clone())).await;
    let mut dana = web.signed_in("dana").await;
    dana.read(reference).await;
    let url = dana.ticket(reference, &json!({"kind": "raw"})).await;
    // Another browser may follow the link: the link itself is the secret.
    let mut plain = web.old_browser().await;
    let answer = plain.follow(&url).await.expect_status(200);
    assert!(answer.body.ends_with(&message), "the download is not what was sent");
    let trace = String::from_utf8_lossy(&answer.body[..answer.body.len() - message.len()]);
    assert!(trace.contains("Received: from relay.example"), "{trace}");
    let name =
        format!("attachment; filename=\"{reference}.eml\"; filename*=UTF-8''{reference}.eml");
    assert_eq!(answer.header("content-disposition"), name);
    assert_eq!(answer.header("content-type"), "message/rfc822");
    assert!(answer.header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    plain.follow(&url).await.expect_problem(410, "gone");
}

#[tokio::test]
async fn an_attachment_is_downloaded_under_its_own_name() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", &mixed("<p>hi</p>")).await;
    let mut dana = web.signed_in("dana").await;
    let detail = dana.read(reference).await;
    let parts = detail["parts"].as_array().unwrap();
    let report = parts.iter().find(|part| part["type"] == "application/pdf").unwrap();
    assert_eq!((&report["size"], &report["inline"]), (&json!(5), &json!(false)));
    let request = json!({"kind": "attachment", "part": report["part"]});
    let url = dana.ticket(reference, &request).await;
    let answer = dana.follow(&url).await.expect_status(200);
    assert_eq!(answer.body.as_ref(), [0, 1, 2, 3, 4]);
    assert_eq!(answer.header("content-type"), "application/pdf");
    let disposition = answer.header("content-disposition");
    assert!(disposition.ends_with("filename*=UTF-8''%D7%93%D7%95%D7%97%22.pdf"), "{disposition}");
    dana.follow(&url).await.expect_problem(410, "gone");
    // There is no such part; asking for it uses up the link all the same.
    let url = dana.ticket(reference, &json!({"kind": "attachment", "part": 99})).await;
    dana.follow(&url).await.expect_problem(404, "not-found");
    let path = format!("/api/messages/{reference}/ticket");
    for wrong in [json!({"kind": "attachment"}), json!({"kind": "raw", "part": 1}), json!({})] {
        dana.post(&path, &wrong).await.expect_problem(422, "invalid");
    }
}

/// All attachments can be downloaded as one archive, in which each has a unique name.
#[tokio::test]
async fn all_files_come_in_one_archive() {
    let web = TestWeb::start().await;
    let part = |name: &str, text: &str| {
        format!(
            "--b\nContent-Type: application/octet-stream\n\
             Content-Disposition: attachment; filename=\"{name}\"\n\n{text}\n"
        )
    };
    let parts = [part("plan.txt", "one"), part("../plan.txt", &"two\n".repeat(100_000))].concat();
    let message = format!(
        "From: r@x.example\nSubject: Files\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=b\n\n--b\n\nWords\n{parts}--b--\n"
    );
    let reference = web.deliver("dana", &message).await;
    let mut dana = web.signed_in("dana").await;
    dana.read(reference).await;
    let url = dana.ticket(reference, &json!({"kind": "attachments"})).await;
    let answer = dana.follow(&url).await.expect_status(200);
    assert_eq!(answer.header("content-type"), "application/zip");
    let name = format!("filename=\"{reference}.zip\"");
    assert!(answer.header("content-disposition").contains(&name));
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(answer.body)).unwrap();
    let mut read = |at: usize| {
        let mut file = archive.by_index(at).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file, &mut text).unwrap();
        (file.name().unwrap().into_owned(), text.replace("\r\n", "\n").trim_end().to_owned())
    };
    assert_eq!(read(0), ("plan.txt".to_owned(), "one".to_owned()));
    assert_eq!(read(1), ("plan (2).txt".to_owned(), "two\n".repeat(100_000).trim_end().to_owned()));
    assert_eq!(archive.len(), 2);
    dana.follow(&url).await.expect_problem(410, "gone");
    // Without attachments, there is no empty archive.
    let plain = web.deliver("dana", MESSAGE).await;
    dana.read(plain).await;
    let url = dana.ticket(plain, &json!({"kind": "attachments"})).await;
    dana.follow(&url).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn a_link_dies_after_a_minute_and_with_its_session() {
    let web = TestWeb::start().await;
    let reference = web.deliver("dana", &mixed("<p>hi</p>")).await;
    let mut dana = web.signed_in("dana").await;
    dana.read(reference).await;
    let (raw, view) = (json!({"kind": "raw"}), json!({"kind": "view"}));
    let urls = [dana.ticket(reference, &raw).await, dana.ticket(reference, &view).await];
    web.clock().advance_secs(60);
    for url in &urls {
        dana.follow(url).await.expect_problem(410, "gone");
    }
    let urls = [dana.ticket(reference, &raw).await, dana.ticket(reference, &view).await];
    dana.delete("/api/session").await.expect_status(204);
    for url in &urls {
        dana.follow(url).await.expect_problem(410, "gone");
    }
    for url in ["/dl/x", "/dl/", "/m/x/", "/m/x/cid/1", "/m/x/cid/y"] {
        let status = dana.follow(url).await.status.as_u16();
        assert!(matches!(status, 404 | 410), "{url}: {status}");
    }
}

/// A link opens only the message and the kind of content that it was issued for.
#[tokio::test]
async fn links_are_bounded_and_each_is_for_one_thing() {
    let web = TestWeb::with(|config| config.tickets_per_account_max = 10).await;
    let reference = web.deliver("dana", &mixed("<p>hi</p>")).await;
    let mut dana = web.signed_in("dana").await;
    dana.read(reference).await;
    let url = dana.ticket(reference, &json!({"kind": "raw"})).await;
    let frame = url.replace("/dl/", "/m/") + "/";
    dana.follow(&frame).await.expect_problem(410, "gone");
    dana.follow(&url).await.expect_status(200);
    let mut urls = Vec::new();
    for _ in 0..10 {
        urls.push(dana.ticket(reference, &json!({"kind": "raw"})).await);
    }
    let path = format!("/api/messages/{reference}/ticket");
    dana.post(&path, &json!({"kind": "raw"})).await.expect_problem(429, "slow-down");
    dana.follow(&urls[0]).await.expect_status(200);
    dana.ticket(reference, &json!({"kind": "raw"})).await;
}

#[tokio::test]
async fn html_mail_is_shown_in_a_frame_under_its_own_policy() {
    let web = TestWeb::start().await;
    let html = "<p style=\"color:red\">Hello</p><img src=\"cid:logo@x\"><img src=\"cid:bad@x\">";
    let reference = web.deliver("dana", &mixed(html)).await;
    let mut dana = web.signed_in("dana").await;
    let detail = dana.read(reference).await;
    assert_eq!(detail["hasHtml"], true);
    let parts = detail["parts"].as_array().unwrap().iter();
    let files: Vec<_> = parts.filter(|part| part["inline"] == false).collect();
    assert_eq!(files.len(), 2, "{detail}");
    let url = dana.ticket(reference, &json!({"kind": "view"})).await;
    let frame = dana.follow(&url).await.expect_status(200);
    assert_eq!(frame.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(
        frame.header("content-security-policy"),
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'; \
         sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    );
    assert_eq!(frame.header("cache-control"), "no-store");
    let document = frame.text();
    assert!(document.contains("Hello"));
    let images: Vec<&str> =
        document.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    // What the octets say is no image cannot be shown, and is listed as a file instead.
    assert_eq!(images.len(), 1, "{document}");
    assert!(images.iter().all(|image| image.starts_with(&format!("{url}cid/"))), "{images:?}");
    // The frame may be loaded again, and loads its images.
    dana.follow(&url).await.expect_status(200);
    let image = dana.follow(images[0]).await.expect_status(200);
    assert_eq!((image.header("content-type"), image.body.as_ref()), ("image/png", PNG));
    assert!(image.header("content-security-policy").contains("sandbox"));
    let bad = files.iter().find(|part| part["name"] == "part-4.png").unwrap();
    let bad = dana.follow(&format!("{url}cid/{}", bad["part"])).await;
    bad.expect_problem(415, "not-an-image");
    dana.follow(&format!("{url}cid/99")).await.expect_problem(404, "not-found");
    // A message without HTML has no frame.
    let text = web.deliver("dana", MESSAGE).await;
    dana.read(text).await;
    let url = dana.ticket(text, &json!({"kind": "view"})).await;
    dana.follow(&url).await.expect_problem(404, "not-found");
}

#[tokio::test]
async fn hostile_html_is_shown_inert() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let hostile = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<form action=https://evil.example><input name=password></form>",
        "<img src=\"https://tracker.example/x.gif\">",
        "<div style=\"background:url(https://tracker.example/x)\">x</div>",
        "<link rel=stylesheet href=https://evil.example/x.css><meta http-equiv=refresh content=0>",
        "<base href=https://evil.example/><object data=x></object><embed src=x>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style>",
        "<img src=\"cid:logo@x&quot; onerror=alert(1) x=&quot;\">",
    ];
    for html in hostile {
        let reference = web.deliver("dana", &mixed(&format!("before {html} after"))).await;
        dana.read(reference).await;
        let url = dana.ticket(reference, &json!({"kind": "view"})).await;
        let document = dana.follow(&url).await.expect_status(200).text();
        assert!(postern::mail::sanitize::oracle_is_inert(&document), "{html}\n{document}");
        assert!(document.contains("before"), "{html}\n{document}");
        assert!(!document.contains("tracker.example"), "{document}");
    }
    // HTML nested too deeply is refused with a reason, before anything parses it.
    let deep = "<div>".repeat(5_000);
    let reference = web.deliver("dana", &mixed(&deep)).await;
    let detail = dana.read(reference).await;
    assert_eq!(detail["hasHtml"], false);
    assert!(detail["htmlRefused"].as_str().unwrap().contains("too deeply"));
    let url = dana.ticket(reference, &json!({"kind": "view"})).await;
    dana.follow(&url).await.expect_problem(422, "invalid");
}
