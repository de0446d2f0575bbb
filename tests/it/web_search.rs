//! Search over the API.

use serde_json::json;

use super::web_harness::TestWeb;

/// P-19: terms, snippets, pages of results, and a query that cannot be parsed.
#[tokio::test]
async fn mail_is_searched_page_by_page() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let mut references = Vec::new();
    for n in 0..5 {
        let text = format!(
            "From: Rachel <rachel@outside.example>\nSubject: Message {n}\n\nThe heron is blue, {n}.\n"
        );
        let reference = web.deliver("dana", &text).await;
        web.clock().advance_secs(1);
        dana.post(&format!("/api/messages/{reference}/open"), &json!({})).await.expect_status(200);
        references.push(reference.to_string());
    }
    references.reverse();
    let progress = dana.post("/api/search/index", &json!({})).await.expect_status(200).json();
    assert_eq!(progress, json!({ "waiting": 0, "taken": 5 }));
    let mut found = Vec::new();
    let mut before = String::new();
    for window in 0.. {
        let path = format!("/api/search?q=from%3Arachel%20heron&limit=2{before}");
        let answer = dana.get(&path).await.expect_status(200).json();
        for item in answer["items"].as_array().unwrap() {
            found.push(item["reference"].as_str().unwrap().to_owned());
            let snippet = item["snippet"].as_array().unwrap();
            let hit = snippet.iter().find(|piece| piece["hit"] == true).unwrap();
            assert_eq!(hit["text"], "heron");
        }
        match answer["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
        assert!(window < 5);
    }
    assert_eq!(found, references);
    let omar = web.signed_in("omar").await.get("/api/search?q=heron").await.expect_status(200);
    assert_eq!(omar.json()["items"], json!([]));
    let refused = dana.get("/api/search?q=before%3Asoon").await.expect_problem(422, "invalid");
    assert!(refused.json()["detail"].as_str().unwrap().contains("soon"));
}

/// P-19: one mailbox is searched alone and whole, whatever its name, and another's is not there.
#[tokio::test]
async fn a_mailbox_is_searched_alone_and_whole() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let made = dana.post("/api/mailboxes", &json!({"name": "in \"trash\""})).await;
    let folder = made.expect_status(201).json()["id"].as_str().unwrap().to_owned();
    let mut references = Vec::new();
    for n in 0..4 {
        let text = format!("From: Rachel <rachel@outside.example>\nSubject: Heron {n}\n\nx\n");
        references.push(web.deliver("dana", &text).await.to_string());
        web.clock().advance_secs(1);
    }
    for (at, mailbox) in [(1, folder.as_str()), (2, "trash")] {
        let change = json!({"references": [references[at]], "change": {"mailbox": mailbox}});
        dana.post("/api/messages/batch", &change).await.expect_status(200);
    }
    for (mailbox, expected) in
        [("inbox", &[3, 0][..]), (&folder, &[1]), ("trash", &[2]), ("archive", &[])]
    {
        let (mut found, mut before) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/search?q=her&mailbox={mailbox}&limit=1{before}");
            let page = dana.get(&path).await.expect_status(200).json();
            let items = page["items"].as_array().unwrap().iter();
            found.extend(items.map(|item| item["reference"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        let expected: Vec<&String> = expected.iter().map(|at| &references[*at]).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{mailbox}");
    }
    let mut omar = web.signed_in("omar").await;
    let path = format!("/api/search?q=her&mailbox={folder}");
    omar.get(&path).await.expect_problem(404, "not-found");
}

/// Shapes of HTML mail, each with the words that a reader sees.
const NEWSLETTERS: &[(&str, &str)] = &[
    (
        "<table><tr><td>Item</td><td>Price</td></tr><tr><td>Total</td><td>12.50</td></tr></table>",
        "item price total 12.50",
    ),
    (
        "<div>Echo</div><div>Foxtrot</div><ul><li>Golf</li><li>Hotel</li></ul><h1>India</h1><p>Juliet</p>",
        "echo foxtrot golf hotel india juliet",
    ),
    (
        "<dl><dt>Kilo</dt><dd>Lima</dd></dl>Mike<hr>Nov<pre>Osc</pre><blockquote>Papa</blockquote>Quebec",
        "kilo lima mike nov osc papa quebec",
    ),
    (
        "<table width=600><tr><td><table><tr><th>Romeo</th><th>Sierra</th></tr></table></td></tr>\
         <tr><td><a href=https://a.example/><img src=https://a.example/b.png alt=Tango></a></td></tr></table>",
        "romeo sierra tango",
    ),
    (
        "<p class=MsoNormal>Uniform<o:p></o:p></p><p class=MsoNormal>Victor</p><center>Whiskey</center>",
        "uniform victor whiskey",
    ),
    (
        "so<b>und</b>check soft&shy;hyphen zero&#8203;width &Uuml;bel",
        "soundcheck softhyphen zerowidth ubel",
    ),
    (
        "<section>Xray</section><article>Yankee</article><footer>Zulu</footer><button>Press</button>",
        "xray yankee zulu press",
    ),
    ("<head><title>Hidden</title><style>.hidden{}</style></head><body>Alfa<br>Bravo", "alfa bravo"),
];

/// P-19: each word that is seen in HTML mail is found, whatever it stands in, and no joined ones.
#[tokio::test]
async fn each_visible_word_of_html_mail_is_found() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    let mut references = Vec::new();
    for (html, _) in NEWSLETTERS {
        let text = format!("From: a@outside.example\nContent-Type: text/html\n\n{html}\n");
        let reference = web.deliver("dana", &text).await;
        dana.post(&format!("/api/messages/{reference}/open"), &json!({})).await.expect_status(200);
        references.push(reference.to_string());
    }
    dana.post("/api/search/index", &json!({})).await.expect_status(200);
    for ((html, words), reference) in NEWSLETTERS.iter().zip(&references) {
        for word in words.split(' ') {
            let answer = dana.get(&format!("/api/search?q={word}")).await.expect_status(200).json();
            let found: Vec<_> = answer["items"].as_array().unwrap().iter().collect();
            assert_eq!(found.len(), 1, "{word} in {html}");
            assert_eq!(found[0]["reference"], reference.as_str(), "{word} in {html}");
        }
    }
    let hidden = dana.get("/api/search?q=hidden").await.expect_status(200).json();
    assert_eq!(hidden["items"], json!([]));
}
