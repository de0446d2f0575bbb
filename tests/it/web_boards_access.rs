//! Who gets to boards at all: the secure channel, and administrators.

use serde_json::{Value, json};

use super::web_boards::{made, person, topic, wrote};
use super::web_groups::{add_account, manager};
use super::web_harness::TestWeb;
use super::web_transport::plain;

/// The operations on boards and posts.
fn operations() -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of_boards =
        paths.iter().filter(|(path, _)| path.contains("/boards") || path.contains("/posts"));
    let methods = of_boards.flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    methods.collect()
}

/// P-62: each route of boards and posts answers over TLS alone, to a request that is signed with the key of
/// its session: in clear it says where the site is, and without a session, without a proof or with the proof
/// of another session's key it says nothing about a board that is there.
#[tokio::test]
async fn boards_answer_over_the_secure_channel_alone() {
    let web = TestWeb::start().await;
    let (mut dana, omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let board = made(&mut dana, &[person("omar", "manage")]).await;
    let first = json!({"title": "Lunch", "text": "The secret of the day"});
    let post = wrote(&mut dana, &board, "request-1", &first).await;
    let all = operations();
    assert!(all.len() >= 20, "{all:?}");
    for (method, path) in all {
        let id = if path.contains("/posts/") { &post } else { &board };
        let path = path.replace("{id}", id);
        let name = format!("{method} {path}");
        let good = dana.credentials(&method, &path);
        let (token, proof) = (good["authorization"].clone(), good["dpop"].clone());
        let clear = format!(
            "{name} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nDPoP: {}\r\n\r\n",
            token.to_str().unwrap(),
            proof.to_str().unwrap(),
        );
        let answer = plain(&web, &clear).await;
        assert!(answer.starts_with("HTTP/1.1 308 "), "{name}: {answer}");
        assert_eq!(answer.split_once("\r\n\r\n").unwrap().1, "", "{name}");
        let mut unsigned = good.clone();
        unsigned.remove("dpop");
        let mut nobody = good.clone();
        nobody.remove("authorization");
        let mut another = good.clone();
        another.insert("dpop", omar.credentials(&method, &path)["dpop"].clone());
        for headers in [unsigned, nobody, another] {
            let answer = dana.raw(&method, &path, headers, None).await;
            assert_eq!(answer.status, 401, "{name}: {}", answer.text());
            assert!(!answer.text().contains("secret"), "{name}");
        }
    }
    let part = topic(&mut dana, &post).await;
    assert_eq!(part["items"][0]["text"], "The secret of the day");
}

/// P-16, P-59: administrators see the boards by number, and nothing that was written. After confirming the
/// password they delete one, and name a manager of one that nobody manages; both are in the audit log.
#[tokio::test]
async fn administrators_see_numbers_and_leave_a_line() {
    let web = TestWeb::start().await;
    for name in ["noa", "root"] {
        add_account(&web, name).await;
    }
    manager(&web, "root").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut root = web.signed_in("root").await;
    let board = made(&mut dana, &[person("omar", "read")]).await;
    let first = json!({"title": "Lunch", "text": "The secret of the day"});
    wrote(&mut dana, &board, "request-1", &first).await;
    let of = |tail: &str| format!("/api/manage/boards{tail}");
    let listed = root.get(&of("")).await.expect_status(200).json();
    let row = &listed["items"][0];
    assert_eq!((&row["id"], &row["posts"], &row["topics"]), (&json!(board), &json!(1), &json!(1)));
    assert!((40..200).contains(&row["octets"].as_u64().unwrap()), "{row}");
    assert_eq!((&row["readers"]["count"], &row["managers"]["count"]), (&json!(2), &json!(1)));
    for word in ["Canteen", "Lunch", "secret", "dana", "omar"] {
        assert!(!listed.to_string().contains(word), "{listed}");
    }
    root.get(&format!("/api/boards/{board}")).await.expect_problem(404, "not-found");
    root.delete(&format!("/api/boards/{board}")).await.expect_problem(404, "not-found");
    let named = of(&format!("/{board}/manager"));
    let to = |name: &str| json!({"name": name});
    root.put(&named, &to("omar")).await.expect_problem(409, "board-managed");
    let gone = web.gateway.clone();
    let gone = tokio::task::spawn_blocking(move || gone.account_disable("dana"));
    gone.await.unwrap().unwrap();
    root.put(&named, &to("noa")).await.expect_problem(404, "no-such-reader");
    omar.put(&named, &to("omar")).await.expect_problem(404, "not-found");
    root.put(&named, &to("omar")).await.expect_status(204);
    let whole = omar.get(&format!("/api/boards/{board}")).await.expect_status(200).json();
    assert_eq!(whole["right"], "manage");
    web.clock().advance_secs(601);
    let path = of(&format!("/{board}"));
    root.delete(&path).await.expect_problem(403, "confirm-needed");
    omar.get(&format!("/api/boards/{board}")).await.expect_status(200);
    let again = json!({"password": super::web_harness::PASSWORD});
    root.post("/api/session/confirm", &again).await.expect_status(204);
    root.delete(&path).await.expect_status(204);
    root.delete(&path).await.expect_problem(404, "not-found");
    omar.get(&format!("/api/boards/{board}")).await.expect_problem(404, "not-found");
    let log = root.get("/api/manage/log").await.expect_status(200).json();
    for (act, about) in
        [("board-deleted", board.clone()), ("board-manager-named", format!("{board}: omar"))]
    {
        let is =
            |line: &Value| line["act"] == act && line["about"] == about && line["who"] == "root";
        let lines = log["items"].as_array().unwrap().iter().filter(|line| is(line)).count();
        assert_eq!(lines, 1, "{act}: {log}");
    }
}
