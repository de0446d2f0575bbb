//! What the writer of a fixture says is in it, in `facts.json` beside the data folder.

use std::fs;
use std::path::{Path, PathBuf};

use postern::mail::reference::Reference;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::support::site::DOMAIN;

/// The passphrase that Nora chose for her temporary account.
pub const OWN: &str = "my very own words";
pub const NORA: &str = "nora@outside.example";
pub const OTTO: &str = "otto@outside.example";
pub const PIA: &str = "pia@outside.example";
/// The recipient of the message that waits in the queue.
pub const WAITS: &str = "wanda@plain.example";
pub const WORD: &str = "bittern";

/// The settings of the site, for the writer as for each later build. What is checked is not
/// deleted by age.
pub const SETTINGS: &str = "[outgoing]\nundo_secs = 0\n[temporary]\nhand_off = \"claim\"\n\
                            [mailboxes]\ntrash_days = 0\njunk_days = 0\n";

pub fn inside(name: &str) -> String {
    format!("{name}@{DOMAIN}")
}

/// The folder of a fixture, such as `v1`.
pub fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/store").join(version)
}

#[derive(Serialize, Deserialize)]
pub struct Facts {
    pub messages: Vec<Message>,
    pub answers: Vec<Answer>,
    pub attachment: Attachment,
    /// The messages in which a search for [`WORD`] finds it.
    pub found: Vec<Reference>,
    pub totp_secret: String,
    pub app_password: String,
    pub recovery_key: String,
    /// What opens Otto's temporary account for the first time.
    pub one_time_password: String,
    /// The message in Nora's temporary account.
    pub sealed: Reference,
    pub waiting: Reference,
    pub on_hold: Reference,
    /// A message that can still be undone.
    pub undoable: Reference,
}

/// A message in an account of which the password is known.
#[derive(Serialize, Deserialize)]
pub struct Message {
    pub account: String,
    pub reference: Reference,
    /// Its octets if it was opened, and otherwise those after the trace fields.
    pub octets: String,
    pub opened: bool,
}

/// What a route answers: a later build answers at least this.
#[derive(Serialize, Deserialize)]
pub struct Answer {
    pub account: String,
    pub path: String,
    pub answer: Value,
}

#[derive(Serialize, Deserialize)]
pub struct Attachment {
    pub reference: Reference,
    pub part: u64,
    pub text: String,
}

impl Facts {
    pub fn read(version: &str) -> Facts {
        let text = fs::read_to_string(folder(version).join("facts.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub fn write(&self, version: &str) {
        let text = serde_json::to_string_pretty(self).unwrap() + "\n";
        fs::write(folder(version).join("facts.json"), text).unwrap();
    }
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
