//! A server that lies about who vouches for whom, over HTTPS: one who has the disk and the daemon's key
//! changes the records, and people inside are shown that something does not fit.

use postern::gateway::records::ids::{AccountId, GroupId};
use postern::mail::reference::Reference;
use serde_json::{Value, json};

use super::lies::{self, Before, Cast, LIES, Lie};
use super::web_harness::{Browser, TestWeb};
use super::web_vouching::{add, send, vouched_by, vouching};

/// An office in which people vouch, and one revoked it; a reader has seen all of it.
struct Office {
    web: TestWeb,
    sender: Browser,
    reader: Browser,
    message: Reference,
    cast: Cast,
    before: Before,
}

fn octets(text: &Value) -> [u8; 16] {
    let text = text.as_str().unwrap();
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

async fn own_id(browser: &mut Browser) -> AccountId {
    AccountId(octets(&vouching(browser).await["key"]["owner"]["id"]))
}

impl Office {
    async fn open() -> Office {
        let web = TestWeb::start().await;
        for name in ["noa", "tal"] {
            add(&web, name).await;
        }
        let mut sender = web.signed_in("dana").await;
        let (mut voucher, mut revoker) = (web.signed_in("omar").await, web.signed_in("tal").await);
        let mut reader = web.signed_in("noa").await;
        vouched_by(&mut sender, &mut voucher, "omar@example.org").await;
        let id = vouched_by(&mut sender, &mut revoker, "tal@example.org").await;
        // The register of each says what is in force.
        vouching(&mut sender).await;
        let message = send(&web, &mut sender, "noa@example.org", json!({})).await;
        let other = send(&web, &mut sender, "noa@example.org", json!({})).await;
        let group = sender.post("/api/groups", &json!({"name": "Sales"})).await;
        let group = group.expect_status(201).json()["id"].take();
        let members = format!("/api/groups/{}/members", group.as_str().unwrap());
        sender.post(&members, &json!({"address": "noa"})).await.expect_status(200);
        let cast = Cast {
            sender: own_id(&mut sender).await,
            voucher: own_id(&mut voucher).await,
            revoker: own_id(&mut revoker).await,
            reader: own_id(&mut reader).await,
            message: message.to_bytes(),
            other_message: other.to_bytes(),
            group: GroupId(octets(&group)),
        };
        let before = lies::before(web.gateway.store(), &cast);
        revoker.delete(&format!("/api/vouching/attestations/{id}")).await.expect_status(204);
        let mut office = Office { web, sender, reader, message, cast, before };
        assert_eq!(office.shown().await, expected(Lie::Nothing), "before a lie");
        office
    }

    /// Everything that the reader, and the sender, are shown.
    async fn shown(&mut self) -> Shown {
        let kinds = |page: Value| -> Vec<String> {
            let problems = page["problems"].as_array().unwrap().iter();
            problems.map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
        };
        let path = |id: AccountId| format!("/api/colleagues/{}", id.to_text());
        let of_sender = self.reader.get(&path(self.cast.sender)).await.expect_status(200).json();
        let of_revoker = self.reader.get(&path(self.cast.revoker)).await.expect_status(200).json();
        let message = self.reader.read(self.message).await;
        let group = format!("/api/groups/{}", self.cast.group.to_text());
        let group = self.reader.get(&group).await.expect_status(200).json();
        let own = vouching(&mut self.sender).await;
        Shown {
            of_sender: kinds(of_sender),
            of_revoker: kinds(of_revoker),
            own: kinds(own),
            signature: message["signature"]["state"].as_str().unwrap().to_owned(),
            time_differs: message["signature"]["timeDiffers"].as_bool().unwrap(),
            vouchers: vouchers(&message["signature"]["vouchers"]),
            keys: group["keys"].as_str().unwrap().to_owned(),
        }
    }
}

/// What pages say.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    /// To the reader, of the sender and of the one who revoked.
    of_sender: Vec<String>,
    of_revoker: Vec<String>,
    /// To the sender herself.
    own: Vec<String>,
    signature: String,
    time_differs: bool,
    /// Who is shown to vouch beside the message, by address, and what it is worth.
    vouchers: Vec<(String, String)>,
    keys: String,
}

fn vouchers(shown: &Value) -> Vec<(String, String)> {
    let all = shown.as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> =
        all.map(|one| (text(&one["colleague"]["address"]), text(&one["standing"]))).collect();
    all.sort();
    all
}

/// What the attestations of the voucher and of the one who revoked are worth.
fn worth(voucher: &str, revoker: &str) -> Vec<(String, String)> {
    let one = |address: &str, standing: &str| (address.to_owned(), standing.to_owned());
    vec![one("omar@example.org", voucher), one("tal@example.org", revoker)]
}

impl Default for Shown {
    fn default() -> Shown {
        Shown {
            of_sender: Vec::new(),
            of_revoker: Vec::new(),
            own: Vec::new(),
            signature: "valid".to_owned(),
            time_differs: false,
            vouchers: worth("in-force", "ended"),
            keys: "held".to_owned(),
        }
    }
}

/// What is shown after a lie.
fn expected(lie: Lie) -> Shown {
    let kinds = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
    let same = Shown::default;
    // Of a signature that is not there, or does not fit, nobody is shown to vouch.
    let signature =
        |state: &str| Shown { signature: state.to_owned(), vouchers: Vec::new(), ..same() };
    let changed = || worth("key-changed", "ended");
    match lie {
        Lie::Nothing => same(),
        Lie::AttestationChanged => {
            Shown { of_sender: kinds(&["forged"]), own: kinds(&["forged"]), ..same() }
        }
        Lie::AttestationAdded => {
            Shown { of_sender: kinds(&["added"]), own: kinds(&["added"]), ..same() }
        }
        Lie::AttestationLeftOut => {
            Shown { of_sender: kinds(&["left-out"]), own: kinds(&["left-out"]), ..same() }
        }
        // Nothing says any more that it was revoked: it is not believed, and not shown as ended.
        Lie::RegisterPutBack => Shown {
            of_revoker: kinds(&["register-old"]),
            vouchers: worth("in-force", "doubtful"),
            ..same()
        },
        // Her own session puts the public half right, and so nothing is wrong for her.
        Lie::KeySwapped => Shown { of_sender: kinds(&["key-changed"]), ..signature("broken") },
        Lie::PairSwapped => Shown {
            of_sender: kinds(&["key-changed"]),
            own: kinds(&["own-key-lost"]),
            vouchers: changed(),
            ..signature("earlier-key")
        },
        Lie::KnownKeySwapped => Shown {
            of_sender: kinds(&["key-changed"]),
            vouchers: changed(),
            ..signature("key-changed")
        },
        Lie::SignatureLeftOut | Lie::SignatureChanged | Lie::SignatureOfAnother => {
            signature("missing")
        }
        Lie::EpochSwapped => Shown { keys: "differ".to_owned(), ..same() },
    }
}

/// P-80, P-81: each lie is shown to those who saw the truth before, and nothing else is.
#[tokio::test]
async fn people_are_shown_that_a_server_lies() {
    for lie in LIES {
        let mut office = Office::open().await;
        let (gateway, cast) = (office.web.gateway.clone(), office.cast);
        let before = office.before.clone();
        let lied = move || lies::lie(gateway.store(), lie, cast, &before);
        tokio::task::spawn_blocking(lied).await.unwrap();
        assert_eq!(office.shown().await, expected(lie), "{lie:?}");
    }
}

/// P-21: of a message whose signature its sender suppressed, for this one or for all, no signature lies in
/// the store, and its octets name no key.
#[tokio::test]
async fn a_suppressed_signature_is_not_in_the_store() {
    let web = TestWeb::start().await;
    let (mut dana, mut omar) = (web.signed_in("dana").await, web.signed_in("omar").await);
    for (signs, said, is_there) in [
        (true, json!({}), true),
        (true, json!({"signed": false}), false),
        (false, json!({}), false),
        (false, json!({"signed": true}), true),
    ] {
        dana.patch("/api/signing", &json!({"signs": signs})).await.expect_status(204);
        let message = send(&web, &mut dana, "omar@example.org", said.clone()).await;
        let found = lies::has_signature(web.gateway.store(), message.to_bytes());
        assert_eq!(found, is_there, "{signs} {said}");
        for reader in [&mut omar, &mut dana] {
            reader.read(message).await;
            let link = reader.ticket(message, &json!({"kind": "raw"})).await;
            let octets = reader.follow(&link).await.expect_status(200).text();
            assert_eq!(octets.contains("Postern-Signing-Key: "), is_there, "{signs} {said}");
        }
    }
}
