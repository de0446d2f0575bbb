//! Profiles and the directory, over the API: who sees which field, and what nobody else learns.

use hyper::header::HeaderMap;
use serde_json::{Value, json};

use super::web_groups::{add_account, manager};
use super::web_harness::{Answer, Browser, TestWeb};

/// The fields with a value that is found by a search.
const TEXTS: [(&str, &str); 6] = [
    ("name", "thename"),
    ("phones", "thephone"),
    ("office", "theoffice"),
    ("languages", "thelanguage"),
    ("hours", "thehours"),
    ("about", "theabout"),
];

fn nobody() -> Value {
    json!({"kind": "nobody"})
}

fn everybody() -> Value {
    json!({"kind": "everybody"})
}

fn named(readers: &[Value]) -> Value {
    json!({"kind": "named", "readers": readers})
}

fn person(name: &str) -> Value {
    json!({"kind": "person", "id": format!("{name}@example.org")})
}

fn group(id: &str) -> Value {
    json!({"kind": "group", "id": id})
}

/// Each field says its own name.
fn profile(of: impl Fn(&str) -> Value) -> Value {
    let fields = ["name", "picture", "phones", "office", "languages", "hours", "about"];
    let audiences: serde_json::Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), of(field))).collect();
    json!({
        "name": "thename", "phones": [{"label": "work", "value": "thephone"}],
        "office": "theoffice", "languages": ["thelanguage"], "hours": "thehours",
        "about": "theabout", "audiences": audiences,
    })
}

async fn set(browser: &mut Browser, over: &str, body: &Value) -> Answer {
    let (method, path) = ("PUT", "/api/profile");
    let mut headers: HeaderMap = browser.credentials(method, path);
    headers.insert("if-match", over.parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    browser.raw(method, path, headers, Some(body.to_string())).await
}

/// Says something at the version that the profile has.
async fn say(browser: &mut Browser, of: impl Fn(&str) -> Value) -> Value {
    let over = tag(browser).await;
    set(browser, &over, &profile(of)).await.expect_status(200).json()
}

fn over(version: &str) -> HeaderMap {
    HeaderMap::from_iter([("if-match".parse().unwrap(), version.parse().unwrap())])
}

async fn picture_put(browser: &mut Browser, version: &str, (width, height): (u32, u32)) -> Answer {
    let mut octets = std::io::Cursor::new(Vec::new());
    let image = image::DynamicImage::new_rgb8(width, height);
    image.write_to(&mut octets, image::ImageFormat::Png).unwrap();
    let octets = octets.into_inner();
    browser.put_octets("/api/profile/picture", octets, over(version)).await
}

async fn picture_drop(browser: &mut Browser, version: &str) -> Answer {
    let (method, path) = ("DELETE", "/api/profile/picture");
    let mut headers = browser.credentials(method, path);
    headers.extend(over(version));
    browser.raw(method, path, headers, None).await
}

async fn tag(browser: &mut Browser) -> String {
    browser.get("/api/profile").await.expect_status(200).header("etag").to_owned()
}

async fn picture_set(browser: &mut Browser) {
    let tag = tag(browser).await;
    let set = picture_put(browser, &tag, (600, 300)).await;
    assert_eq!(set.expect_status(200).json()["picture"], true);
}

async fn directory(browser: &mut Browser, q: &str) -> Value {
    browser.get(&format!("/api/profiles?q={q}")).await.expect_status(200).json()
}

async fn found(browser: &mut Browser, q: &str) -> Vec<String> {
    let page = directory(browser, q).await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(page["total"], items.len());
    items.iter().map(|one| one["address"].as_str().unwrap().to_owned()).collect()
}

/// A person, as the list, the detail and the question by address show it: all the same.
async fn seen(browser: &mut Browser, name: &str) -> Value {
    let address = format!("{name}@example.org");
    let page = directory(browser, name).await;
    let items = page["items"].as_array().unwrap();
    let one = items.iter().find(|one| one["address"] == address.as_str()).unwrap().clone();
    let path = format!("/api/profiles/{}", one["id"].as_str().unwrap());
    assert_eq!(browser.get(&path).await.expect_status(200).json(), one);
    let path = format!("/api/profiles/at?address={address}");
    assert_eq!(browser.get(&path).await.expect_status(200).json(), one);
    one
}

/// The fields that an answer has, which must be those that it says it has.
fn fields(person: &Value) -> Vec<&str> {
    let published = person["published"].as_object().unwrap();
    let said: Vec<&str> =
        published["fields"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let text = person.to_string();
    for (field, value) in TEXTS {
        assert_eq!(said.contains(&field), published.contains_key(field), "{person}");
        assert_eq!(said.contains(&field), text.contains(value), "{person}");
    }
    said
}

async fn keys(browsers: &mut [&mut Browser]) {
    for _ in 0..2 {
        for browser in &mut *browsers {
            browser.signed("POST", "/api/groups/keys", None).await.expect_status(200);
        }
    }
}

/// P-56: a directory entry shows exactly the fields that are for the reader, in every answer.
#[tokio::test]
async fn a_directory_entry_shows_exactly_the_flagged_fields() {
    let web = TestWeb::start().await;
    for name in ["yael", "noam"] {
        add_account(&web, name).await;
    }
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let (mut yael, mut noam) = (web.signed_in("yael").await, web.signed_in("noam").await);
    keys(&mut [&mut dana, &mut omar, &mut yael, &mut noam]).await;
    let made = dana.post("/api/groups", &json!({"name": "Sales"})).await.expect_status(201).json();
    let sales = made["id"].as_str().unwrap().to_owned();
    let members = format!("/api/groups/{sales}/members");
    dana.post(&members, &json!({"address": "yael"})).await.expect_status(200);
    assert_eq!(dana.get("/api/profile").await.expect_status(200).header("etag"), "\"0\"");
    picture_set(&mut dana).await;
    say(&mut dana, |field| match field {
        "name" => everybody(),
        "phones" => named(&[person("omar")]),
        "office" | "picture" => named(&[group(&sales), person("omar")]),
        "hours" => named(&[group(&sales)]),
        _ => nobody(),
    })
    .await;
    let id = seen(&mut omar, "dana").await["id"].as_str().unwrap().to_owned();
    let picture = format!("/api/profiles/{id}/picture");
    let expected: [(&mut Browser, &str, &[&str]); 3] = [
        (&mut omar, "omar", &["name", "picture", "phones", "office"]),
        (&mut yael, "yael", &["name", "picture", "office", "hours"]),
        (&mut noam, "noam", &["name"]),
    ];
    for (browser, name, wanted) in expected {
        let entry = seen(browser, "dana").await;
        assert_eq!(fields(&entry), wanted, "{name}");
        for (field, value) in TEXTS {
            let found = found(browser, value).await;
            assert_eq!(found.len(), usize::from(wanted.contains(&field)), "{name}: {value}");
        }
        match wanted.contains(&"picture") {
            true => {
                let answer = browser.get(&picture).await.expect_status(200);
                assert_eq!(answer.header("content-type"), "image/jpeg");
            }
            false => drop(browser.get(&picture).await.expect_problem(404, "not-found")),
        }
        // What completes a recipient says nothing of it.
        let suggested = browser.get("/api/directory?q=dana").await.expect_status(200).json();
        assert_eq!(suggested["items"].as_array().unwrap().len(), 1);
        let says = |(_, value): (&str, &str)| suggested.to_string().contains(value);
        assert!(!TEXTS.into_iter().any(says), "{suggested}");
        let path = format!("/api/profile/preview?address={name}@example.org");
        let preview = dana.get(&path).await.expect_status(200).json();
        assert_eq!(preview["published"], entry["published"], "what the owner is shown is true");
    }
    // Out of the group, and off the list: gone at the next request.
    let whole = dana.get(&format!("/api/groups/{sales}")).await.json();
    let all = whole["members"].as_array().unwrap();
    let member = all.iter().find(|one| one["address"] == "yael@example.org").unwrap();
    let member = member["id"].as_str().unwrap();
    dana.delete(&format!("{members}/{member}")).await.expect_status(204);
    assert_eq!(fields(&seen(&mut yael, "dana").await), ["name"]);
    yael.get(&picture).await.expect_problem(404, "not-found");
    say(&mut dana, |_| nobody()).await;
    assert_eq!(fields(&seen(&mut omar, "dana").await), [""; 0]);
    assert_eq!(found(&mut omar, "thename").await, [""; 0]);
    assert_eq!(fields(&seen(&mut dana, "dana").await).len(), 7, "the own one is whole");
}

/// P-56, P-85: somebody in a closed group shows nothing to those outside it: the answers are those for
/// somebody who is not there.
#[tokio::test]
async fn a_member_of_a_closed_group_is_in_no_directory_of_others() {
    let web = TestWeb::start().await;
    add_account(&web, "yael").await;
    manager(&web, "dana").await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    let mut yael = web.signed_in("yael").await;
    keys(&mut [&mut dana, &mut omar, &mut yael]).await;
    picture_set(&mut yael).await;
    say(&mut yael, |_| named(&[person("omar"), json!({"kind": "everybody"})])).await;
    let entry = seen(&mut omar, "yael").await;
    assert_eq!(fields(&entry).len(), 7);
    let body = json!({"name": "Council", "kind": "closed"});
    let made = dana.post("/api/groups", &body).await.expect_status(201).json();
    let members = format!("/api/groups/{}/members", made["id"].as_str().unwrap());
    dana.post(&members, &json!({"address": "yael"})).await.expect_status(200);
    let id = entry["id"].as_str().unwrap();
    let detail = |answer: Answer| {
        let problem = answer.expect_problem(404, "not-found").json();
        problem["detail"].clone()
    };
    for tail in ["", "/picture"] {
        let hidden = detail(omar.get(&format!("/api/profiles/{id}{tail}")).await);
        let missing = detail(omar.get(&format!("/api/profiles/{}{tail}", "ab".repeat(16))).await);
        assert_eq!(hidden, missing);
    }
    detail(omar.get("/api/profiles/at?address=yael@example.org").await);
    for q in ["yael", "thename", "theabout"] {
        assert_eq!(found(&mut omar, q).await, [""; 0], "{q}");
    }
    assert_eq!(found(&mut omar, "").await, ["omar@example.org"]);
    let page = directory(&mut omar, "yael@example.org").await;
    assert_eq!(page["items"][0]["id"], Value::Null, "that the address exists, and no more");
    assert_eq!(page["items"][0]["published"], json!({"fields": []}));
    assert_eq!(fields(&seen(&mut dana, "yael").await).len(), 7);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let web = TestWeb::start().await;
    let mut dana = web.signed_in("dana").await;
    say(&mut dana, |_| nobody()).await;
    set(&mut dana, "\"0\"", &profile(|_| nobody())).await.expect_problem(409, "edited-elsewhere");
    set(&mut dana, "x", &profile(|_| nobody())).await.expect_problem(422, "invalid");
    let mut long = profile(|_| nobody());
    long["about"] = json!("x".repeat(2_001));
    set(&mut dana, "\"1\"", &long).await.expect_problem(422, "invalid");
    for reader in [person("nobody"), person("dana"), group(&"ab".repeat(16))] {
        let body = profile(|_| named(std::slice::from_ref(&reader)));
        set(&mut dana, "\"1\"", &body).await.expect_problem(404, "no-such-reader");
    }
    dana.get("/api/profile/picture").await.expect_problem(404, "not-found");
    for query in ["?limit=0", "?limit=101", "?x=1"] {
        dana.get(&format!("/api/profiles{query}")).await.expect_problem(422, "invalid");
    }
    let path = "/api/profile/picture";
    let no_picture = dana.put_octets(path, b"GIF89a".to_vec(), over("\"1\"")).await;
    no_picture.expect_problem(422, "invalid");
}

/// A new picture for others than the old one, in three steps, as the page takes them: at no moment does a
/// reader get the picture that was not for the reader. A step over another version is refused.
#[tokio::test]
async fn a_new_picture_and_audience_show_the_old_one_to_nobody_else() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    keys(&mut [&mut dana, &mut omar]).await;
    picture_set(&mut dana).await;
    say(&mut dana, |_| nobody()).await;
    let id = seen(&mut omar, "dana").await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/profiles/{id}/picture");
    let at = tag(&mut dana).await;
    for stale in ["\"0\"", "\"1\""] {
        picture_drop(&mut dana, stale).await.expect_problem(409, "edited-elsewhere");
        let put = picture_put(&mut dana, stale, (30, 30)).await;
        put.expect_problem(409, "edited-elsewhere");
    }
    dana.delete("/api/profile/picture").await.expect_problem(422, "invalid");
    assert_eq!(tag(&mut dana).await, at);
    let dropped = picture_drop(&mut dana, &at).await.expect_status(200);
    omar.get(&path).await.expect_problem(404, "not-found");
    let body = profile(|_| everybody());
    let widened = set(&mut dana, dropped.header("etag"), &body).await.expect_status(200);
    assert_eq!(widened.json()["picture"], false);
    omar.get(&path).await.expect_problem(404, "not-found");
    picture_put(&mut dana, widened.header("etag"), (30, 30)).await.expect_status(200);
    let own = dana.get("/api/profile/picture").await.expect_status(200).body;
    assert_eq!(omar.get(&path).await.expect_status(200).body, own);
}
