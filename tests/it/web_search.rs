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
