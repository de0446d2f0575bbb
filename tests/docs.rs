//! Everything that the documents name exists: files, folders, and the tests that a claim rests on.

use std::fs;
use std::path::Path;

const PAGES: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "docs/architecture.md",
    "docs/hacking.md",
    "docs/operations.md",
    "docs/performance.md",
    "docs/rfc.md",
    "docs/screens.md",
    "docs/security.md",
];

/// Returns the words in backticks on each page that is checked, with the page.
fn named() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for page in PAGES {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let mut guarded = false;
        for line in text.lines() {
            guarded ^= line.starts_with("```");
            let words = line.split('`').skip(1).step_by(2).filter(|_| !guarded);
            found.extend(words.map(|word| ((*page).to_owned(), word.to_owned())));
        }
    }
    found
}

/// Whether the word is a path in the repository.
fn is_path(word: &str) -> bool {
    let roots = ["src/", "tests/", "docs/", "ui/", "config/", "fuzz/", "fixtures/", "benches/"];
    let is_plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    roots.iter().any(|root| word.starts_with(root)) && word.chars().all(is_plain)
}

#[test]
fn every_path_that_the_documents_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = named();
    let paths: Vec<_> = named.iter().filter(|(_, word)| is_path(word)).collect();
    assert!(paths.len() > 40, "the scan found almost nothing: {paths:?}");
    // The files that the reader of the worked example is about to write.
    let written = ["src/gateway/accounts/note.rs", "src/web/api/note.rs", "tests/it/web_note.rs"];
    let missing: Vec<_> = paths
        .iter()
        .filter(|(_, word)| !written.contains(&word.as_str()))
        .filter(|(_, word)| !root.join(word).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Every test function that a checked page names exists.
#[test]
fn every_test_that_the_documents_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for folder in ["src", "tests"] {
        read(&root.join(folder), &mut code);
    }
    // Names of tests are sentences; names of other functions have fewer words.
    let is_sentence = |word: &str| {
        word.matches('_').count() > 4 && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    let named = named();
    let tests: Vec<_> = named.iter().filter(|(_, word)| is_sentence(word)).collect();
    assert!(tests.len() > 3, "the scan found almost nothing: {tests:?}");
    let gone: Vec<_> =
        tests.iter().filter(|(_, word)| !code.contains(&format!("fn {word}("))).collect();
    assert!(gone.is_empty(), "{gone:#?}");
}

/// Every claim of the security page names a test function that exists.
#[test]
fn every_claim_about_security_names_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for folder in ["src", "tests"] {
        read(&root.join(folder), &mut code);
    }
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(2);
    let claims: Vec<_> = rows.filter_map(|row| row.split('|').nth(3).map(|by| (row, by))).collect();
    assert!(claims.len() > 25, "the scan found almost nothing: {}", claims.len());
    for (row, by) in claims {
        let named: Vec<_> = by.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test is named: {row}");
        for name in named {
            let test = format!("fn {name}(");
            assert!(code.contains(&test), "`{name}` is no test function: {row}");
        }
    }
}

fn read(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "node_modules") {
            read(&path, code);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            code.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
