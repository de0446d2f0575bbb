//! Vouching in a real Chromium, against the real daemon.

mod support;

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use hyper::Method;
use postern::client::Client;
use postern::client::sending::Outgoing;
use postern::gateway::records::ids::{AccountId, GroupId};
use postern::mail::reference::Reference;
use serde_json::{Value, json};
use support::browser::walk_with;
use support::daemon::{DOMAIN, Daemon};
use support::lies::{self, Cast, LIES};
use tempfile::TempDir;

/// P-11, P-21, P-80, P-81, P-82: by the mouse, by the keyboard alone, at 320 px, and in Hebrew.
#[test]
fn colleagues_vouch_by_code_in_four_ways() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk_with(&daemon, "vouching.mjs", &[]);
    daemon.stop();
}

/// P-80: the same from a script.
#[test]
fn a_script_asks_attests_and_revokes() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    let vouch = |user: &str, words: &[&str]| -> String {
        String::from_utf8(daemon.mail(user, "vouch", words)).unwrap()
    };
    let (asking, asked) = (format!("u2@{DOMAIN}"), format!("u3@{DOMAIN}"));
    vouch("u2", &["ask", &asked]);
    let own = vouch("u2", &["list"]);
    let fingerprint = own.lines().next().unwrap().strip_prefix("fingerprint ").unwrap();
    assert!(own.contains(&format!("requests {asked} asking ")), "{own}");
    vouch("u3", &["attest", &asking, "--fingerprint", fingerprint, "--how", "call"]);
    let received = vouch("u2", &["list"]);
    assert!(received.contains(&format!("received {asked} in-force ")), "{received}");
    // What only begins like that is nobody, and not the first whom it fits.
    let typo = daemon.mail_tried("u3", "vouch", &["revoke", "u"]);
    let complaint = String::from_utf8_lossy(&typo.stderr);
    assert!(!typo.status.success() && complaint.contains("nobody inside"), "{complaint}");
    assert!(vouch("u2", &["list"]).contains(&format!("received {asked} in-force ")));
    vouch("u3", &["revoke", "u2"]);
    let after = vouch("u2", &["list"]);
    assert!(!after.contains("received") && !after.contains("problem"), "{after}");
    daemon.stop();
}

/// P-80, P-81: one who has the disk and the daemon's key changes records under a stopped daemon, and the
/// pages of those who saw the truth say in words what does not fit.
#[test]
fn the_pages_say_that_a_server_lies() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cast = runtime.block_on(vouched_for(&daemon));
    let home = daemon.stop();
    let before = lies::before(&lies::opened(&home.path().join("data")), &cast);
    let daemon = Daemon::start_in(home, &[]);
    runtime.block_on(revoked(&daemon, &cast));
    let home = daemon.stop();
    for lie in LIES {
        let copy = copied(home.path());
        lies::lie(&lies::opened(&copy.path().join("data")), lie, cast, &before);
        let daemon = Daemon::start_in(copy, &[]);
        let [sender, revoker] = [cast.sender, cast.revoker].map(AccountId::to_text);
        let said = [
            ("POSTERN_LIE", format!("{lie:?}")),
            ("POSTERN_SENDER", sender),
            ("POSTERN_REVOKER", revoker),
            ("POSTERN_GROUP", cast.group.to_text()),
        ];
        let said = said.each_ref().map(|(name, value)| (*name, value.as_str()));
        walk_with(&daemon, "lies.mjs", &said);
        daemon.stop();
    }
}

/// Two people vouch for u2, who writes to u4 and shares a group with u4; u4 looks at everything.
async fn vouched_for(daemon: &Daemon) -> Cast {
    let (mut sender, mut reader) = (daemon.client("u2").await, daemon.client("u4").await);
    let (mut voucher, mut revoker) = (daemon.client("u3").await, daemon.client("u5").await);
    for (voucher, address) in [(&mut voucher, "u3"), (&mut revoker, "u5")] {
        let asks = json!({"address": format!("{address}@{DOMAIN}")});
        sender.done(Method::POST, "/api/vouching/requests", Some(asks)).await.unwrap();
        let own = vouching(&mut sender).await;
        let new = json!({"colleague": own["key"]["owner"]["id"], "how": "call", "ends": null,
            "fingerprint": own["key"]["fingerprint"], "note": null});
        voucher.done(Method::POST, "/api/vouching/attestations", Some(new)).await.unwrap();
    }
    vouching(&mut sender).await;
    let (message, other) = (sent(&mut sender).await, sent(&mut sender).await);
    let group = Some(json!({"name": "Sales"}));
    let group: Value = sender.call(Method::POST, "/api/groups", group).await.unwrap();
    let group = GroupId(octets(&group["id"]));
    let members = format!("/api/groups/{}/members", group.to_text());
    let u4 = Some(json!({"address": "u4"}));
    let _: Value = sender.call(Method::POST, &members, u4).await.unwrap();
    let cast = Cast {
        sender: own_id(&mut sender).await,
        voucher: own_id(&mut voucher).await,
        revoker: own_id(&mut revoker).await,
        reader: own_id(&mut reader).await,
        message: message.to_bytes(),
        other_message: other.to_bytes(),
        group,
    };
    looked(&mut reader, &cast).await;
    cast
}

/// One of the two revokes; both sides see it.
async fn revoked(daemon: &Daemon, cast: &Cast) {
    let mut revoker = daemon.client("u5").await;
    let path = format!("/api/vouching/attestations/{}", cast.sender.to_text());
    revoker.done(Method::DELETE, &path, None).await.unwrap();
    vouching(&mut daemon.client("u2").await).await;
    looked(&mut daemon.client("u4").await, cast).await;
}

async fn looked(reader: &mut Client, cast: &Cast) {
    let colleague = |id: AccountId| format!("/api/colleagues/{}", id.to_text());
    let group = format!("/api/groups/{}", cast.group.to_text());
    for path in [colleague(cast.sender), colleague(cast.revoker), group] {
        let _: Value = reader.call(Method::GET, &path, None).await.unwrap();
    }
    let message = Reference::from_bytes(cast.message).unwrap();
    assert_eq!(reader.open(message).await.unwrap()["signature"]["state"], "valid");
}

async fn sent(sender: &mut Client) -> Reference {
    let to = [format!("u4@{DOMAIN}")];
    let message = Outgoing {
        to: &to,
        cc: &[],
        bcc: &[],
        subject: "Signed plan",
        text: "The plan is on the table.",
        files: &[],
        choice: None,
        consent: false,
    };
    sender.submit(&message).await.unwrap().reference
}

async fn vouching(client: &mut Client) -> Value {
    client.call(Method::GET, "/api/vouching", None).await.unwrap()
}

async fn own_id(client: &mut Client) -> AccountId {
    AccountId(octets(&vouching(client).await["key"]["owner"]["id"]))
}

fn octets(text: &Value) -> [u8; 16] {
    let text = text.as_str().unwrap();
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

/// A copy of the folder of a stopped daemon.
fn copied(from: &Path) -> TempDir {
    fn copy(from: &Path, to: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                DirBuilder::new().mode(0o700).create(&to).unwrap();
                copy(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    copy(from, to.path());
    to
}
