//! Which features of the product are proven, and by which tests.
//!
//! A feature is proven when a test drives the daemon over its own protocols and shows it. Such a
//! test is in `tests/` and names the feature's ID (`P-01` to `P-90`) in its doc comment; a script
//! in `tests/e2e` names it in a comment. A unit test in `src/` may name the feature that it
//! supports, which proves nothing by itself. An ID must not appear anywhere else.
//!
//! `cargo test --test features -- --nocapture` prints the features that have no proof yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Features with a complete proof.
const PROVEN: &[(&str, &str)] = &[
    ("P-01", "a sender and a recipient use two browsers, and the content stays the same"),
    ("P-02", "TLS secures all traffic, and an eavesdropper sees nothing"),
    ("P-05", "a session is bound to a key that stays in the browser"),
    ("P-06", "everything is on the server, and nothing stays in the browser after log-out"),
    ("P-07", "nothing needs to be installed"),
    ("P-08", "no cookies, and everything works where the browser keeps none"),
    ("P-09", "only HTTPS and DNS look-ups have to be allowed outwards"),
    ("P-11", "narrow screens, the keyboard alone, and other clients of the API"),
    ("P-13", "sign-in with a name and a password"),
    ("P-14", "an external user reads, rejects and replies, but sends no new message"),
    ("P-16", "users set preferences within what an administrator allows"),
    ("P-17", "text and files of every size and name come back as they were"),
    ("P-18", "every transmission has a unique reference number, on every server"),
    ("P-19", "both ends see the reference number, and nobody else does"),
    ("P-20", "the store is keyed by the reference number and reveals nothing"),
    ("P-21", "messages carry who vouches for their sender, unless the sender suppresses it"),
    (
        "P-24",
        "new mail appears in the inbox without a reload, as far as accept-from and quota allow",
    ),
    ("P-25", "the recipient sees what a message is before reading or rejecting it"),
    ("P-26", "the sender learns that a message was read or rejected"),
    ("P-27", "the sender learns at once that a message was accepted"),
    ("P-29", "choice 1: refused, with a notice"),
    ("P-30", "intranet mode: no mail passes to or from outside"),
    ("P-31", "choice 2: nothing leaves before the sender agrees"),
    ("P-32", "choice 3: a temporary account with a random password"),
    ("P-33", "an outside recipient sees that message and no other"),
    ("P-35", "the notification leads to the message in three actions"),
    ("P-36", "a message is handed over on a secure channel only"),
    ("P-37", "an outside recipient reads or rejects, and the sender is notified"),
    ("P-38", "choice 4: the message leaves in clear and is marked as such"),
    ("P-41", "an unknown recipient is refused during the SMTP session"),
    ("P-42", "the reply to an outside server states the reference number"),
    ("P-43", "the reader sees how a message travelled"),
    ("P-44", "an outside sender learns that the message was accepted"),
    ("P-45", "and when the recipient was last active, as far as policy allows"),
    ("P-46", "and that the message travelled unprotected"),
    ("P-47", "an outside sender gets a receipt if the reader allows it"),
    ("P-48", "a contact has many fields, and a card comes back as it was"),
    ("P-49", "a contact is added by hand, for its owner alone"),
    ("P-50", "a user asks another one to add a contact"),
    ("P-51", "who is asked allows or refuses, and the sender is told"),
    ("P-52", "a reader, or a group of readers, sees a contact of somebody else"),
    ("P-53", "of a mixed address book a reader sees what is shared alone"),
    ("P-54", "and of a shared contact the shared fields alone"),
    ("P-56", "what users say about themselves is shown to those whom they chose, field by field"),
    ("P-55", "others change and add contacts within what was granted, and the owner sees who"),
    ("P-57", "a user accepts mail from inside, from outside, or from both"),
    ("P-58", "boards on the server, with topics, posts and answers, shown in the browser"),
    (
        "P-59",
        "who may read, write, edit and manage a board is said for people, groups and everybody",
    ),
    ("P-60", "a post is for some readers of a board alone, and nobody else learns of it"),
    (
        "P-61",
        "several people write and edit, and a right that is taken away ends at the next request",
    ),
    ("P-62", "boards are reached through the secure channel alone"),
    ("P-63", "who reads a board answers, attaches files, reacts, and marks as read"),
    ("P-64", "what is said in a chat is held on the server, and read there"),
    ("P-67", "a controller sees who asks to join a room, and admits or refuses"),
    ("P-68", "what is said waits for who is away, and is read in order"),
    ("P-69", "the others learn that somebody left, or that a session ended"),
    ("P-70", "the others learn that somebody stopped reading, and reads again"),
    ("P-71", "who leaves takes along what was said between joining and leaving, with its files"),
    ("P-72", "voice is recorded in one browser, and played in another, in a thread with text"),
    ("P-73", "the page itself has microphone and player, and says so where there is none"),
    ("P-80", "users vouch for each other, and revoke it"),
    ("P-81", "a message says who vouches for its sender, and each signature is verified"),
    ("P-82", "a sender suppresses that for one message or for all"),
    ("P-83", "the members of a group are computed from the attestations of a voucher"),
    ("P-84", "messages from members of an open group show its name"),
    (
        "P-85",
        "who is not in a closed group learns of its members that an address exists, or nothing",
    ),
    ("P-86", "a closed group's members get messages from each other only"),
];

/// Features that some test names, each with what no test shows yet.
const PARTLY: &[(&str, &str)] = &[
    ("P-15", "that the keys go with the account is shown in a unit test only"),
    ("P-23", "the branch of an unknown local recipient is shown in a unit test only"),
    ("P-28", "that times never run backwards is shown in a unit test only"),
    ("P-34", "Postfix accepts the notification; Exim was not tried"),
    ("P-39", "the complete matrix is shown in a unit test only"),
    ("P-40", "Exim and swaks"),
    ("P-65", "two and three people; a room of 1,000 is in a bench alone"),
    (
        "P-66",
        "a POP3 client; that the notification of the system comes up is shown by no browser, and the page of an outsider \
         counts nothing while it shows messages",
    ),
    ("P-89", "the raw image of a disk is not searched"),
    ("P-74", "people outside are not asked"),
    ("P-75", "as P-74"),
    ("P-76", "as P-74"),
    ("P-77", "as P-74"),
    ("P-78", "as P-74; a kill between the steps is not shown"),
    ("P-79", "as P-74"),
];

const LAST: u32 = 90;

/// Where an ID was found.
#[derive(Default)]
struct Found {
    /// In tests that drive the daemon, by ID.
    proofs: BTreeMap<String, Vec<String>>,
    /// In unit tests, by ID.
    support: BTreeMap<String, Vec<String>>,
    /// Where an ID is in a place that is not allowed.
    misplaced: Vec<String>,
}

impl Found {
    /// Scans the tests and sources of the repository.
    fn scan(root: &Path) -> Found {
        let mut found = Found::default();
        let tests = files(&root.join("tests"), &["rs", "mjs"]);
        let texts: Vec<(String, String)> = tests.iter().map(|path| read(root, path)).collect();
        for (name, text) in texts.iter().filter(|(name, _)| name != "tests/features.rs") {
            match name.ends_with(".rs") {
                true => rust(name, text, &mut found.proofs, &mut found.misplaced),
                false => found.script(name, text, &texts),
            }
        }
        for path in files(&root.join("src"), &["rs"]) {
            let (name, text) = read(root, &path);
            rust(&name, &text, &mut found.support, &mut found.misplaced);
        }
        for path in files(&root.join("ui/src"), &["ts", "svelte", "css", "html"]) {
            let (name, text) = read(root, &path);
            let lines = text.lines().enumerate().filter(|(_, line)| !ids(line).is_empty());
            found.misplaced.extend(lines.map(|(n, _)| format!("{name}:{}", n + 1)));
        }
        found
    }

    /// Scans a browser script: its comments count if some other test file runs or imports it.
    fn script(&mut self, name: &str, text: &str, all: &[(String, String)]) {
        let file = name.rsplit('/').next().unwrap_or(name);
        let is_used = all.iter().any(|(other, text)| other != name && text.contains(file));
        for (n, line) in text.lines().enumerate() {
            let (code, comment) = match ["//", "/*"].iter().filter_map(|mark| line.find(mark)).min()
            {
                Some(at) => line.split_at(at),
                None => (line, ""),
            };
            if !ids(code).is_empty() || (!is_used && !ids(comment).is_empty()) {
                self.misplaced.push(format!("{name}:{}", n + 1));
            }
            for id in ids(comment) {
                self.proofs.entry(id).or_default().push(format!("{name}:{}", n + 1));
            }
        }
    }
}

/// Scans a Rust file: only the doc comment of a test may name an ID.
fn rust(
    name: &str,
    text: &str,
    tests: &mut BTreeMap<String, Vec<String>>,
    misplaced: &mut Vec<String>,
) {
    // The lines with IDs in the doc comment read last, and whether a test attribute follows it.
    let (mut named, mut is_test): (Vec<(usize, String)>, bool) = (Vec::new(), false);
    for (n, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.starts_with("///") {
            named.extend(ids(line).into_iter().map(|id| (n + 1, id)));
        } else if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        } else {
            let item = line.split_once("fn ").and_then(|(_, rest)| rest.split('(').next());
            for (at, id) in named.drain(..) {
                match (is_test, item) {
                    (true, Some(test)) => {
                        tests.entry(id).or_default().push(format!("{name} {test}"))
                    }
                    _ => misplaced.push(format!("{name}:{at}")),
                }
            }
            is_test = false;
            if !ids(line).is_empty() {
                misplaced.push(format!("{name}:{}", n + 1));
            }
        }
    }
}

/// Returns the IDs in a line; `P-25 to P-27` names three.
fn ids(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut before: Option<(u32, usize)> = None;
    for (at, _) in line.match_indices("P-") {
        let digits: String = line[at + 2..].chars().take_while(char::is_ascii_digit).collect();
        let stands_alone = !line[..at].ends_with(|c: char| c.is_alphanumeric());
        // An ID has two digits: P-256 is a curve.
        if digits.len() != 2 || !stands_alone {
            continue;
        }
        let number: u32 = digits.parse().unwrap();
        match before {
            Some((first, end)) if &line[end..at] == " to " => {
                all.extend((first + 1..=number).map(id_of));
            }
            _ => all.push(id_of(number)),
        }
        before = Some((number, at + 4));
    }
    all
}

fn id_of(number: u32) -> String {
    format!("P-{number:02}")
}

fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            found.extend(files(&path, extensions));
        } else if path.extension().is_some_and(|one| extensions.iter().any(|e| one == *e)) {
            found.push(path);
        }
    }
    found
}

fn read(root: &Path, path: &Path) -> (String, String) {
    let name = path.strip_prefix(root).unwrap().display().to_string();
    (name, fs::read_to_string(path).unwrap())
}

fn listed(list: &[(&str, &str)]) -> BTreeSet<String> {
    list.iter().map(|(id, _)| (*id).to_owned()).collect()
}

#[test]
fn the_list_of_proven_features_is_what_the_tests_name() {
    let found = Found::scan(Path::new(env!("CARGO_MANIFEST_DIR")));
    let every: BTreeSet<String> = (1..=LAST).map(id_of).collect();
    let named: BTreeSet<String> = found.proofs.keys().cloned().collect();
    let (proven, partly) = (listed(PROVEN), listed(PARTLY));
    for id in every.difference(&named) {
        let units =
            found.support.get(id).map(|tests| format!("; unit tests: {}", tests.join(", ")));
        println!("{id} has no proof{}", units.unwrap_or_default());
    }
    for (id, missing) in PARTLY {
        println!("{id} is proven in part; not shown: {missing}");
    }
    println!("{} of {LAST} proven, {} in part", proven.len(), partly.len());
    assert!(proven.is_disjoint(&partly), "in both lists");
    let all = &proven | &partly;
    let lost: Vec<&String> = all.difference(&named).collect();
    assert!(lost.is_empty(), "these are listed, but no test names them any more: {lost:?}");
    let new: Vec<_> = named.difference(&all).map(|id| (id, &found.proofs[id])).collect();
    assert!(new.is_empty(), "these are named by tests, but are not listed: {new:#?}");
    assert!(found.misplaced.is_empty(), "an ID outside a test: {:#?}", found.misplaced);
    let unknown: Vec<&String> = found.support.keys().filter(|id| !every.contains(*id)).collect();
    assert!(all.is_subset(&every) && unknown.is_empty(), "no such feature: {unknown:?}");
}

#[test]
fn the_scan_sees_every_form_of_an_id() {
    assert_eq!(ids("/// P-05, P-25 to P-27: curve P-256, XP-11"), ["P-05", "P-25", "P-26", "P-27"]);
    let (mut tests, mut misplaced) = (BTreeMap::new(), Vec::new());
    let text = "//! P-01\n/// P-02: said\n/// of it\n#[tokio::test]\nasync fn two() {\n// P-03\n}\n\
                /// P-04\nfn helper() {}\n/// P-05\n#[test]\nfn five() {}\n";
    rust("x.rs", text, &mut tests, &mut misplaced);
    assert_eq!(misplaced, ["x.rs:1", "x.rs:6", "x.rs:8"]);
    assert_eq!(tests["P-02"], ["x.rs two"]);
    assert_eq!(tests["P-05"], ["x.rs five"]);
    let mut found = Found::default();
    let user = ("tests/a.rs".to_owned(), "walk(\"a.mjs\")".to_owned());
    found.script("tests/e2e/a.mjs", "ok(\"P-06\");\nok(); // P-07\n", std::slice::from_ref(&user));
    found.script("tests/e2e/b.mjs", "// P-08\n", &[user]);
    assert_eq!(found.misplaced, ["tests/e2e/a.mjs:1", "tests/e2e/b.mjs:1"]);
    assert!(found.proofs.contains_key("P-07"));
}
