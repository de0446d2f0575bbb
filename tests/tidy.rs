//! The dependencies that are allowed between rooms: scans `src/` for `crate::<room>` and compares
//! with the table below. To add a dependency, one has to add it to the table, where reviewers see
//! it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOMS: &[(&str, &[&str])] = &[
    ("terms", &[]),
    ("mail", &["terms"]),
    ("clock", &[]),
    ("telemetry", &[]),
    ("config", &["terms", "mail"]),
    ("wipe", &[]),
    ("net", &["config", "wipe"]),
    ("vault", &["config", "wipe"]),
    ("store", &["vault", "config", "clock"]),
    ("gateway", &["terms", "mail", "store", "vault", "config", "clock"]),
    ("smtp", &["gateway", "mail", "net", "config", "clock", "telemetry"]),
    ("web", &["terms", "gateway", "mail", "net", "config", "clock", "telemetry"]),
    ("control", &["terms", "gateway", "mail", "net", "config", "clock"]),
    ("relay", &["gateway", "mail", "net", "config", "clock", "telemetry"]),
    ("jobs", &["gateway", "net", "config", "clock"]),
    ("metrics", &["gateway", "net"]),
    ("client", &["terms", "mail", "config"]),
];

/// These wire everything together and may use all rooms.
const WIRING: &[&str] = &["daemon", "main", "lib"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn room_of(path: &Path, src: &Path) -> String {
    let first = path.strip_prefix(src).unwrap().components().next().unwrap();
    first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// Returns the rooms named by `crate::room` or `crate::{room::…, other::…}` outside comments.
fn used(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut rooms = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let rest = rest.trim_start();
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                match c {
                    c if depth == 1 && (c.is_alphanumeric() || c == '_') => name.push(c),
                    ':' | ',' | '}' if !name.is_empty() => {
                        rooms.insert(std::mem::take(&mut name));
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            rooms.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms
}

#[test]
fn rooms_use_only_the_rooms_they_may() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 20, "the scan found almost nothing: {files:?}");
    let known: BTreeSet<&str> =
        ROOMS.iter().map(|(room, _)| *room).chain(WIRING.to_vec()).collect();
    let mut wrong = Vec::new();
    for file in &files {
        let room = room_of(file, &src);
        assert!(known.contains(room.as_str()), "{room} is not in the table");
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else { continue };
        for other in used(&fs::read_to_string(file).unwrap()) {
            let is_room = known.contains(other.as_str());
            if is_room && other != room && !allowed.contains(&other.as_str()) {
                wrong.push(format!("{} uses {other}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_scan_sees_every_form_of_use() {
    let rooms = used("use crate::mail::x;\nuse crate::{store::{self, Tx}, vault};\n// crate::web");
    let expected: BTreeSet<String> = ["mail", "store", "vault"].map(str::to_owned).into();
    assert_eq!(rooms, expected);
}

/// Rooms whose output is read by programs: a variant's name, which `Debug` prints, may change at
/// any time.
const WIRE_ROOMS: &[&str] = &["web", "control"];

/// Returns the lines of code, outside tests and comments, that format something with `Debug`.
fn printed_by_debug(text: &str) -> Vec<&str> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    let printed = |line: &&str| {
        let names_it = ["{:?", "{:#?", "Debug::fmt("].iter().any(|form| line.contains(form));
        // `{name:?}`, and `{name:#?}`.
        let inline = line.split('{').skip(1).any(|rest| {
            let inside = rest.split('}').next().unwrap_or_default();
            inside.ends_with(":?") || inside.ends_with(":#?")
        });
        names_it || inline
    };
    lines.filter(printed).collect()
}

#[test]
fn no_word_on_the_wire_is_made_by_debug() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for room in WIRE_ROOMS {
        sources(&src.join(room), &mut files);
    }
    assert!(files.len() > 20, "the scan found almost nothing: {files:?}");
    let mut wrong = Vec::new();
    for file in &files {
        for line in printed_by_debug(&fs::read_to_string(file).unwrap()) {
            wrong.push(format!("{}: {}", file.display(), line.trim()));
        }
    }
    assert!(wrong.is_empty(), "give it an `as_str`: {wrong:#?}");
}

/// What may write the octets that are stored; the rest says what, and in which version.
const STORED_FORMS: &[&str] = &["store", "gateway/records"];

#[test]
fn what_is_stored_is_written_with_its_version() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let may = STORED_FORMS.iter().any(|folder| file.starts_with(src.join(folder)));
        if !may && code.contains("postcard::") {
            wrong.push(file.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "seal it by `records::sealed_form`: {wrong:#?}");
}

/// The rows of two tables with one number would replace each other.
#[test]
fn every_table_has_a_number_and_a_name_of_its_own() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway/records/tables.rs");
    let text = fs::read_to_string(path).unwrap();
    let (mut numbers, mut names) = (BTreeSet::new(), BTreeSet::new());
    for made in text.split("Table::new(").skip(1) {
        let (number, rest) = made.split_once(", \"").unwrap();
        let name = rest.split('"').next().unwrap();
        let number: u8 = number.parse().unwrap();
        assert!(numbers.insert(number), "table number {number} ({name}) is used twice");
        assert!(names.insert(name), "table name {name} is used twice");
        // The highest numbers, 254 and 255, are the store's own.
        assert!(number < 200, "table {name} has a number near those of the store's own rows");
    }
    assert!(numbers.len() > 40, "the scan found almost nothing: {numbers:?}");
}

/// Returns the files that `mod name;` in `file` may refer to.
fn declared(file: &Path, text: &str) -> Vec<PathBuf> {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let folder = match stem {
        "lib" | "main" | "mod" => file.parent().unwrap().to_owned(),
        name => file.with_file_name(name),
    };
    let names = text.lines().filter_map(|line| {
        let (_, name) = line.trim().strip_suffix(';')?.split_once("mod ")?;
        name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
    });
    names
        .flat_map(|name| [folder.join(name).join("mod.rs"), folder.join(format!("{name}.rs"))])
        .collect()
}

/// Returns the files of `folder` that no `mod` refers to, and that are never compiled.
fn forgotten(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    sources(folder, &mut files);
    let mut known: BTreeSet<PathBuf> = ["lib.rs", "main.rs"].map(|name| folder.join(name)).into();
    for file in &files {
        known.extend(declared(file, &fs::read_to_string(file).unwrap()));
    }
    files.retain(|file| !known.contains(file));
    files
}

#[test]
fn every_source_file_is_compiled() {
    for folder in ["src", "tests/it"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        assert_eq!(forgotten(&folder), [] as [&Path; 0], "no `mod` line names these files");
    }

    let planted = std::env::temp_dir().join(format!("postern-tidy-{}", std::process::id()));
    fs::create_dir_all(planted.join("net")).unwrap();
    fs::write(planted.join("lib.rs"), "pub mod net;\n").unwrap();
    fs::write(planted.join("net/mod.rs"), "#[cfg(test)]\nmod used;\n").unwrap();
    fs::write(planted.join("net/used.rs"), "").unwrap();
    fs::write(planted.join("net/copy.rs"), "").unwrap();
    let found = forgotten(&planted);
    fs::remove_dir_all(&planted).unwrap();
    assert_eq!(found, [planted.join("net/copy.rs")]);
}

#[test]
fn the_scan_sees_every_form_of_debug() {
    let found = printed_by_debug(
        "a(format!(\"{:?}\", b));\nc(format!(\"{d:?}\"));\ne(format!(\"{f:#?}\"));\n// {:?}\n\
         g(format!(\"{h}: {{:\"));\n#[cfg(test)]\ni(format!(\"{:?}\", j));",
    );
    let expected =
        ["a(format!(\"{:?}\", b));", "c(format!(\"{d:?}\"));", "e(format!(\"{f:#?}\"));"];
    assert_eq!(found, expected);
}
