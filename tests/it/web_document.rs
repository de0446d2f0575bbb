//! What docs/openapi.json says about requests.

use serde_json::{Value, json};

use super::web_manage::with_manager;

fn document() -> Value {
    serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap()
}

/// Regression: `[]` cleared what an object was to set, and `["x"]` made a mailbox.
#[tokio::test]
async fn no_array_passes_for_an_object() {
    let (web, mut dana) = with_manager().await;
    let mut nobody = web.browser().await;
    let mut tried = 0;
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["requestBody"]["content"]["application/json"].is_null() {
                continue;
            }
            let filled = path.replace("{ref}", "1M8N0-0BK2H-5CEQD-F1ZB3");
            let filled = filled.replace("{id}", &"0".repeat(32)).replace("{name}", "omar");
            for body in [json!([]), json!(["x"]), json!([30]), json!("x"), json!(null), json!(7)] {
                let asks =
                    if operation["security"] == json!([{}]) { &mut nobody } else { &mut dana };
                let answer = asks.signed(&method.to_uppercase(), &filled, Some(&body)).await;
                let status = answer.status.as_u16();
                // Some are refused for their query or their path.
                let name = format!("{method} {path} {body}");
                assert!([404, 422].contains(&status), "{name}: {status} {}", answer.text());
                tried += 1;
            }
        }
    }
    assert!(tried > 150, "only {tried} were tried");
}
