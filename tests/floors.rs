//! The order of the core's sub-rooms: scans `src/gateway/` for imports and method calls, and finds
//! import cycles between files anywhere in `src/`.
//!
//! A sub-room may use those above it in the table. An `impl Gateway` block does not show in its
//! imports which sub-rooms it depends on, so a call `.name(` counts as well if `name` is defined in
//! exactly one sub-room of the core and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The sub-rooms, lowest floor first. A new feature gets a line here, and no sub-room above that
/// line may use it.
const FLOORS: &[&str] = &[
    "error",
    "records",
    "text",
    "reaction",
    "actor",
    "retry",
    "settings",
    "meters",
    "feed",
    "quota",
    "stored_block",
    "site",
    "accounts",
    "audit",
    "upload",
    "groups",
    "keyrings",
    "roles",
    "mailboxes",
    "search",
    "queue",
    "reporting",
    "vouching",
    "outsiders",
    "notices",
    "removal",
    "incoming",
    "outgoing",
    "outcomes",
    "contacts",
    "profiles",
    "boards",
    "chat",
    "digest",
    "schedule",
];

/// Methods of the standard library that have the same name as one of ours.
const STANDARD: &[&str] = &["entry", "get", "push", "take"];

/// The code of each file, without comments, strings and tests, keyed by its path within `src/`.
type Sources = BTreeMap<String, String>;

fn read_sources() -> Sources {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&src, &mut found);
    assert!(found.len() > 100, "the scan found almost nothing");
    let named = found.iter().map(|path| {
        let name = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        (name, code_of(&fs::read_to_string(path).unwrap()))
    });
    named.filter(|(name, _)| !name.ends_with("tests.rs")).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let mut code = String::with_capacity(text.len());
    for line in lines {
        let mut quoted = false;
        for (at, c) in line.char_indices() {
            let escaped = at > 0 && line.as_bytes()[at - 1] == b'\\';
            let literal = at > 0 && line.as_bytes()[at - 1] == b'\'';
            match c {
                '"' if !escaped && !literal => quoted = !quoted,
                _ if quoted => {}
                _ => code.push(c),
            }
        }
        code.push('\n');
    }
    code
}

/// Iterates over the words of `text`, each with the text before and after it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(is_word)?;
        let end = text[start..].find(|c| !is_word(c)).map_or(text.len(), |length| start + length);
        rest = end;
        Some((text[..start].trim_end(), &text[start..end], text[end..].trim_start()))
    })
}

/// Returns the methods that the code defines: functions whose first parameter is `self`.
fn defined(code: &str) -> BTreeSet<&str> {
    let is_method = |rest: &str| {
        let arguments = match rest.strip_prefix('<') {
            Some(_) => rest.split_once(">(").map(|(_, arguments)| arguments),
            None => rest.strip_prefix('('),
        };
        let first = arguments.and_then(|arguments| arguments.split([',', ')']).next());
        first.is_some_and(|first| words(first).any(|(_, word, _)| word == "self"))
    };
    let found = words(code).filter(|(before, _, rest)| before.ends_with("fn") && is_method(rest));
    found.map(|(_, name, _)| name).collect()
}

/// Returns the methods that the code calls.
fn called(code: &str) -> BTreeSet<&str> {
    let is_call = |before: &str, rest: &str| {
        before.ends_with('.')
            && !before.ends_with("..")
            && (rest.starts_with('(') || rest.starts_with("::<"))
    };
    words(code).filter(|(before, _, rest)| is_call(before, rest)).map(|(_, name, _)| name).collect()
}

/// Returns every path that begins with `crate::`, with groups in braces expanded.
fn paths(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        spell(rest, "", &mut found);
    }
    found
}

/// Expands the path, or the group of paths, at the beginning of `rest`; returns its length.
fn spell(rest: &str, prefix: &str, found: &mut BTreeSet<String>) -> usize {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let head = rest.len() - rest.trim_start().len();
    let length = rest[head..].find(|c| !is_path(c)).unwrap_or(rest.len() - head);
    let path = format!("{prefix}{}", &rest[head..head + length]);
    let mut at = head + length;
    if !(path.ends_with("::") && rest[at..].starts_with('{')) {
        found.insert(path.trim_end_matches("::self").trim_end_matches(':').to_owned());
        return at;
    }
    at += 1;
    loop {
        at += spell(&rest[at..], &path, found);
        match rest[at..].find([',', '}']) {
            Some(next) if rest[at + next..].starts_with(',') => at += next + 1,
            Some(next) => return at + next + 1,
            None => return rest.len(),
        }
        if rest[at..].trim_start().starts_with('}') {
            return at + rest[at..].find('}').unwrap() + 1;
        }
    }
}

/// Returns the sub-room of the core that a file is in; `None` for the file that wires the core
/// together.
fn sub_room(file: &str) -> Option<&str> {
    let within = file.strip_prefix("gateway/")?;
    let first = within.split('/').next()?.trim_end_matches(".rs");
    (first != "mod").then_some(first)
}

fn floor(sub_room: &str) -> Option<usize> {
    FLOORS.iter().position(|name| *name == sub_room)
}

/// Returns every use of a sub-room by one that is above it in the table.
fn upward(sources: &Sources) -> Vec<String> {
    let mut homes: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    for (file, code) in sources {
        for name in defined(code) {
            homes.entry(name).or_default().insert(sub_room(file));
        }
    }
    let mut wrong = Vec::new();
    for (file, code) in sources {
        let Some(own) = sub_room(file) else { continue };
        let own_floor = floor(own).unwrap_or_else(|| panic!("{own} is not in the table"));
        let is_higher = |other: &str| floor(other).is_some_and(|floor| floor > own_floor);
        for path in paths(code) {
            let other = path.strip_prefix("gateway::").and_then(|path| path.split("::").next());
            if let Some(other) = other.filter(|other| is_higher(other)) {
                wrong.push(format!("{file} imports {path} of {other}"));
            }
        }
        for name in called(code).into_iter().filter(|name| !STANDARD.contains(name)) {
            let home = homes.get(name).filter(|homes| homes.len() == 1);
            let other = home.and_then(|homes| *homes.first()?);
            if let Some(other) = other.filter(|other| is_higher(other)) {
                wrong.push(format!("{file} calls .{name}() of {other}"));
            }
        }
    }
    wrong
}

/// Returns the files that each file imports.
fn imports(sources: &Sources) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (file, code) in sources {
        // What a `mod.rs` re-exports belongs to the files in its folder.
        if file.ends_with("mod.rs") || file == "lib.rs" {
            continue;
        }
        let folder =
            file.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.replace('/', "::"));
        let mut used = paths(code);
        for rest in code.split("super::").skip(1) {
            spell(rest, &format!("{folder}::"), &mut used);
        }
        let files = used.iter().filter_map(|path| file_of(sources, path));
        arrows.insert(file, files.filter(|other| other != file).collect());
    }
    arrows
}

/// Returns the file that a path refers to: the longest prefix of the path that is a file.
fn file_of<'s>(sources: &'s Sources, path: &str) -> Option<&'s str> {
    let segments: Vec<&str> = path.split("::").collect();
    (1..=segments.len()).rev().find_map(|count| {
        let name = format!("{}.rs", segments[..count].join("/"));
        sources.get_key_value(&name).map(|(name, _)| name.as_str())
    })
}

/// Returns the files that import themselves, directly or through others.
fn circles(arrows: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let reached = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut ahead: Vec<&str> = arrows.get(from).into_iter().flatten().copied().collect();
        while let Some(file) = ahead.pop() {
            if seen.insert(file.to_owned()) {
                ahead.extend(arrows.get(file).into_iter().flatten());
            }
        }
        seen
    };
    arrows
        .keys()
        .filter(|file| reached(file).contains(**file))
        .map(|file| (*file).to_owned())
        .collect()
}

#[test]
fn sub_rooms_of_the_core_use_only_those_above_them() {
    let wrong = upward(&read_sources());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_two_files_need_each_other() {
    let sources = read_sources();
    let found = circles(&imports(&sources));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_planted_import_call_or_circle_is_found() {
    let mut sources = read_sources();
    let plant = |sources: &mut Sources, file: &str, code: &str| {
        sources.get_mut(file).unwrap_or_else(|| panic!("no {file}")).push_str(code);
    };
    plant(
        &mut sources,
        "gateway/feed/change.rs",
        "use crate::gateway::{outgoing::{plan, draft}, Gateway};",
    );
    plant(&mut sources, "gateway/error.rs", "use crate::gateway::records::{site, tables};");
    plant(&mut sources, "gateway/queue/rows.rs", "fn x(g: &Gateway) { g.\n    queue_report(); }");
    let wrong = upward(&sources).join("\n");
    assert!(wrong.contains("gateway/feed/change.rs imports gateway::outgoing::draft"), "{wrong}");
    assert!(wrong.contains("gateway/queue/rows.rs calls .queue_report()"), "{wrong}");
    let found = circles(&imports(&sources));
    assert!(found.contains(&"gateway/error.rs".to_owned()), "{found:?}");
}

#[test]
fn strings_comments_and_tests_are_no_code() {
    let code = code_of("a(); // b.c()\nd(\"x.y()\");\n#[cfg(test)]\nmod tests { e.f(); }");
    assert_eq!(called(&code), BTreeSet::new());
    let code = code_of("fn one(&self) {}\nfn two<T>(mut self, x: T) {}\nfn three(x: u8) {}");
    assert_eq!(defined(&code), BTreeSet::from(["one", "two"]));
}
