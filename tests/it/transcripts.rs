//! Runs every session in `fixtures/transcripts/smtp`, on a gateway of its own.
//!
//! | line | meaning |
//! | --- | --- |
//! | `# text` | a comment |
//! | `@ key = value` | a setting of `[smtp]`, before anything else |
//! | `C: line` | the client sends the line with CRLF; consecutive lines are sent in one write |
//! | `C! text` | the client sends the text as it is; `\r`, `\n`, `\0`, `\xNN`, `\\` are escapes |
//! | `S: 250 2.1.0 *` | the last line of the server's next reply; `*` matches anything |
//! | `H: KEYWORD`, `N: KEYWORD` | that reply has, or does not have, a line with the keyword |
//! | `TLS` | the client does its TLS handshake |
//! | `EOF` | the server closes the connection |
//! | `KEPT name 1` | at the end, the number of messages in the account's inbox |

use std::fs;
use std::path::Path;

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use postern::config;

use crate::harness::{Client, Reply, TestGateway};

/// P-40: sessions of real mail software.
#[tokio::test]
async fn every_transcript_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/transcripts/smtp");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 15, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        run(&name, &text).await;
    }
}

async fn run(name: &str, text: &str) {
    let settings: String = text
        .lines()
        .filter_map(|line| line.strip_prefix("@ "))
        .map(|line| format!("{line}\n"))
        .collect();
    let gw = TestGateway::with(|smtp| *smtp = configured(smtp, &settings, name)).await;
    let mut client = gw.connect().await;
    let mut unsent = Vec::new();
    let mut reply = Reply(Vec::new());
    for (at, line) in text.lines().enumerate() {
        let here = format!("{name}:{}", at + 1);
        if let Some(said) = line.strip_prefix("C: ").or((line == "C:").then_some("")) {
            unsent.extend_from_slice(said.as_bytes());
            unsent.extend_from_slice(b"\r\n");
            continue;
        }
        if let Some(said) = line.strip_prefix("C! ") {
            unsent.extend(unescaped(said));
            continue;
        }
        if !unsent.is_empty() {
            client.raw(&std::mem::take(&mut unsent)).await;
        }
        expect(&gw, &mut client, &mut reply, line, &here).await;
    }
    assert!(unsent.is_empty(), "{name}: the last lines are never sent");
}

async fn expect(gw: &TestGateway, client: &mut Client, reply: &mut Reply, line: &str, here: &str) {
    if let Some(pattern) = line.strip_prefix("S: ") {
        let next = client.try_reply().await;
        *reply = next.unwrap_or_else(|| panic!("{here}: closed instead of {pattern:?}"));
        assert!(fits(pattern, reply.last()), "{here}: {pattern:?}, got {reply:?}");
    } else if let Some(keyword) = line.strip_prefix("H: ") {
        assert!(reply.has(keyword), "{here}: {reply:?}");
    } else if let Some(keyword) = line.strip_prefix("N: ") {
        assert!(!reply.has(keyword), "{here}: {reply:?}");
    } else if line == "TLS" {
        client.handshake().await;
    } else if line == "EOF" {
        client.expect_closed().await;
    } else if let Some(kept) = line.strip_prefix("KEPT ") {
        let (name, count) = kept.split_once(' ').unwrap();
        let name = ["dana", "omar", "u1"].into_iter().find(|known| *known == name).unwrap();
        assert_eq!(gw.inbox(name).await.len().to_string(), count, "{here}");
    } else {
        let known = line.is_empty() || line.starts_with('#') || line.starts_with("@ ");
        assert!(known, "{here}: unknown line {line:?}");
    }
}

fn configured(base: &config::Smtp, settings: &str, name: &str) -> config::Smtp {
    Figment::from(Serialized::defaults(base))
        .merge(Toml::string(settings))
        .extract()
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Whether `text` matches `pattern`; `*` matches any text, including none.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| fits(after, &rest[at..]))
        }),
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        if octet != b'\\' {
            out.push(octet);
            continue;
        }
        out.push(match octets.next() {
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b'0') => 0,
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let digits = [octets.next().unwrap(), octets.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => panic!("unknown escape {other:?} in {text:?}"),
        });
    }
    out
}

#[test]
fn a_pattern_fits_what_it_says() {
    for (pattern, text, is) in [
        ("250 *", "250 ok", true),
        ("250 2.1.0 *", "250 2.0.0 ok", false),
        ("250 2.0.0 Accepted, reference *-*", "250 2.0.0 Accepted, reference A-B", true),
        ("221", "221 bye", false),
    ] {
        assert_eq!(fits(pattern, text), is, "{pattern} {text}");
    }
}
