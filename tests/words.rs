//! The words that were retired: the field has a term for each of these things, and one thing has
//! one name.
//!
//! Public names come first, because they cannot be changed after a release: the interface's
//! description, the configuration and the commands. Then come names in the code, and the prose of
//! comments and documents.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Words that are no part of a public name, each with the one to use.
const PUBLIC: &[(&str, &str)] = &[
    ("answers", "related, auto_response"),
    ("begin", "start, create or options"),
    ("codes", "totp"),
    ("elsewhere", "remote"),
    ("gone", "deleted"),
    ("house", "site or organisation"),
    ("letter", "message"),
    ("letters", "messages"),
    ("look", "appearance"),
    ("made", "created"),
    ("marks", "flags"),
    ("people", "correspondents or users"),
    ("pictures", "images"),
    ("portal", "temporary-account"),
    ("told", "notified"),
    ("unlabel", "removeLabel"),
    ("unmade", "revoked"),
    ("window", "page"),
];

/// Words that are no part of a name in the code.
const NAMES: &[(&str, &str)] = &[
    ("converse", "session"),
    ("fence", "guard"),
    ("fenced", "guarded"),
    ("forgive", "reset"),
    ("house", "site or organisation"),
    ("letter", "message"),
    ("letters", "messages"),
    ("noted", "audited or recorded"),
    ("parcel", "sealed message"),
    ("patience", "timeout"),
    ("placing", "placement"),
    ("telling", "notice"),
    ("unlabel", "remove_label"),
    ("unmade", "revoked"),
];

/// Words that stand in no comment and no document.
const PROSE: &[(&str, &str)] = &[
    ("house", "site or organisation"),
    ("houses", "organisations"),
    ("letter", "message"),
    ("letters", "messages"),
    ("parcel", "sealed message"),
    ("whoever", "the account, the peer or the caller"),
];

/// Where a letter is one of the alphabet.
const ALPHABET: &[&str] = &[
    "digit",
    "ascii",
    "alphabet",
    "single-letter",
    "look-alike",
    "capital",
    "lower",
    "upper",
    "letter by letter",
    "first letter",
    "single letter",
    "letter-spacing",
    "its letters",
    "few letters",
    "some letters",
    "letters that matter",
    "letters of a word",
    "letters of words",
    "named by a letter",
    "letter keys",
];

/// An icon is named after what it shows.
const PICTURES: &[&str] = &["house"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["node_modules", "dist", "generated", "target", "screens"].contains(&name.as_str())
            {
                collect(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// The words that a name is made of: `remove_label`, `removeLabel` and `remove-label` are the same.
fn parts(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for symbol in name.chars() {
        if !symbol.is_ascii_alphanumeric() {
            words.push(String::new());
        } else {
            if symbol.is_ascii_uppercase() && words.last().is_some_and(|word| !word.is_empty()) {
                let starts =
                    words.last().unwrap().ends_with(|last: char| !last.is_ascii_uppercase());
                if starts {
                    words.push(String::new());
                }
            }
            words.last_mut().unwrap().push(symbol);
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).map(|word| word.to_lowercase()).collect()
}

/// What is wrong with a name, one sentence for each retired word in it.
fn retired(name: &str, words: &[(&str, &str)]) -> Vec<String> {
    let parts = parts(name);
    let used = words.iter().filter(|(word, _)| parts.iter().any(|part| part == word));
    used.map(|(word, better)| format!("{name}: not `{word}`, but {better}")).collect()
}

/// The paths, operations, parameters, schemas, properties and words of the interface.
fn described(document: &serde_json::Value, key: &str, found: &mut BTreeSet<String>) {
    match document {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                if ["paths", "properties", "schemas"].contains(&key) {
                    found.insert(name.clone());
                }
                described(value, name, found);
            }
        }
        serde_json::Value::Array(values) => {
            for value in values {
                described(value, key, found);
            }
        }
        serde_json::Value::String(text) if ["operationId", "enum", "name"].contains(&key) => {
            found.insert(text.clone());
        }
        _ => {}
    }
}

/// Keys and sections of the configuration.
fn configured(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().map(|line| line.trim_start_matches(['#', ' ']));
    lines.filter_map(|line| {
        let section = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let key = line.split_once(" = ").map(|(key, _)| key);
        section.or(key).filter(|name| !name.contains(' ')).map(str::to_owned)
    })
}

/// Keys of the configuration that the manual lists, which the example may leave out.
fn listed(manual: &str) -> impl Iterator<Item = String> {
    let rows = manual.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once("` |")).map(|(key, _)| key.to_owned())
}

#[test]
fn no_retired_word_is_in_a_public_name() {
    let document = fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let mut names = BTreeSet::new();
    described(&serde_json::from_str(&document).unwrap(), "", &mut names);
    assert!(names.len() > 300, "the description is read: {}", names.len());
    names.extend(configured(&fs::read_to_string(root().join("config/postern.toml")).unwrap()));
    let before = names.len();
    names.extend(listed(&fs::read_to_string(root().join("docs/operations.md")).unwrap()));
    assert!(names.len() > before + 30, "the manual is read: {before}, {}", names.len());
    for (file, opening) in
        [("src/daemon/cli.rs", "long = \""), ("src/gateway/records/audit.rs", "=> \"")]
    {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let words = text.split(opening).skip(1).filter_map(|rest| rest.split('"').next());
        names.extend(words.map(str::to_owned));
    }
    let wrong: Vec<_> = names.iter().flat_map(|name| retired(name, PUBLIC)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Code and comments of a source, apart. What looks like a comment in a string is code.
fn apart(text: &str) -> (String, String) {
    let (mut code, mut prose) = (String::new(), String::new());
    for line in text.lines() {
        let outside = |at: &usize| line[..*at].matches('"').count() % 2 == 0;
        let at = match line.trim_start().starts_with(['*', '/']) {
            true => Some(0),
            false => line.match_indices("//").map(|(at, _)| at).find(outside),
        };
        let (before, after) = line.split_at(at.unwrap_or(line.len()));
        code.push_str(before);
        code.push('\n');
        prose.push_str(after);
        prose.push('\n');
    }
    (code, prose)
}

/// Names in code: what stands in a string is not one.
fn names(code: &str) -> BTreeSet<String> {
    let bare = |line: &str| {
        let outside = |quote: char, text: &str| text.split(quote).step_by(2).collect::<String>();
        outside('`', &outside('"', line)).replace("letter-spacing", "") + "\n"
    };
    let outside: String = code.lines().map(bare).collect();
    let words = outside.split(|symbol: char| !symbol.is_alphanumeric() && symbol != '_');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn no_retired_word_is_in_a_name() {
    let mut sources = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz", "ui/src", "ui/tests"] {
        collect(&root().join(folder), &[".rs", ".ts", ".svelte"], &mut sources);
    }
    assert!(sources.len() > 400, "the sources are read: {}", sources.len());
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|path| !path.ends_with("tests/words.rs")) {
        let text = fs::read_to_string(source).unwrap();
        let known = |name: &str| is_alphabet(name) || PICTURES.contains(&name);
        for name in names(&apart(&text).0).iter().filter(|name| !known(name)) {
            wrong.extend(
                retired(name, NAMES).into_iter().map(|one| format!("{}: {one}", source.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn is_alphabet(text: &str) -> bool {
    let text = text.to_lowercase().replace('_', " ");
    ALPHABET.iter().any(|word| text.contains(word))
}

#[test]
fn no_retired_word_is_in_the_prose() {
    let mut sources = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz", "ui/src", "docs", "config"] {
        collect(
            &root().join(folder),
            &[".rs", ".ts", ".svelte", ".mjs", ".md", ".toml"],
            &mut sources,
        );
    }
    sources.extend(["README.md", "CHANGELOG.md"].map(|name| root().join(name)));
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|path| !path.ends_with("tests/words.rs")) {
        let text = fs::read_to_string(source).unwrap();
        let whole = source.extension().is_some_and(|ending| ending == "md" || ending == "toml");
        let prose = if whole { text } else { apart(&text).1 };
        for (number, line) in prose.lines().enumerate().filter(|(_, line)| !is_alphabet(line)) {
            // What stands in backticks is quoted, such as a name from before.
            let plain = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
            let words = plain.split(|symbol: char| !symbol.is_alphanumeric());
            for word in words.map(str::to_lowercase) {
                let place = format!("{}:{}", source.display(), number + 1);
                let found = PROSE.iter().find(|(retired, _)| *retired == word);
                wrong.extend(
                    found.map(|(_, better)| format!("{place}: not `{word}`, but {better}")),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_planted_word_is_found() {
    assert_eq!(parts("removeLabel"), ["remove", "label"]);
    assert_eq!(parts("letter_octets_max"), ["letter", "octets", "max"]);
    assert_eq!(parts("HTTPHouse"), ["httphouse"]);
    for planted in ["of_letter", "LETTERS_MAX", "isLetter", "house-changed", "HouseView"] {
        assert!(!retired(planted, NAMES).is_empty(), "{planted}");
    }
    assert!(retired("deletion", NAMES).is_empty());
    let (code, prose) = apart("let a = \"x // y\"; // a letter\n");
    assert!(code.contains("x // y") && prose.contains("a letter"));
    assert_eq!(names("let of_house = \"letter\";"), ["let", "of_house"].map(str::to_owned).into());
    let keys: Vec<_> = configured("[house]\n# look = 1\n# Some words = fine, or not.\n").collect();
    assert_eq!(keys, ["house", "look"]);
}
