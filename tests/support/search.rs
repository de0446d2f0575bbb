//! Searches every octet of files and of a process for secrets, in the encodings that they could
//! have.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// All forms of all secrets, prepared for searching.
pub struct Searcher {
    needles: Vec<Needle>,
    /// The indices of the needles by their first eight octets.
    starts: HashMap<[u8; START], Vec<usize>>,
    /// Whether any needle starts with these two octets: this rules out most positions.
    hints: Vec<bool>,
}

struct Needle {
    secret: String,
    form: &'static str,
    octets: Vec<u8>,
}

const START: usize = 8;
const CHUNK: usize = 1 << 20;

impl Searcher {
    /// Creates a searcher. Secrets must have at least twelve octets, so that each form is longer
    /// than its start.
    pub fn new(secrets: &[String]) -> Searcher {
        Searcher::of(secrets.iter().flat_map(|s| forms(s)).collect())
    }

    /// Looks for these octets as well, as they are.
    #[allow(dead_code)] // each test is a program of its own
    pub fn and(self, what: &str, pieces: &[Vec<u8>]) -> Searcher {
        let mut needles = self.needles;
        let needle = |octets: &Vec<u8>| {
            let (secret, octets) = (what.to_owned(), octets.clone());
            Needle { secret, form: "octets", octets }
        };
        needles.extend(pieces.iter().map(needle));
        Searcher::of(needles)
    }

    fn of(needles: Vec<Needle>) -> Searcher {
        let mut starts: HashMap<[u8; START], Vec<usize>> = HashMap::new();
        let mut hints = vec![false; 1 << 16];
        for (n, needle) in needles.iter().enumerate() {
            let start = needle.octets[..START].try_into().expect("forms are longer than a start");
            starts.entry(start).or_default().push(n);
            hints[hint(&needle.octets)] = true;
        }
        Searcher { needles, starts, hints }
    }

    /// Adds what is found in `octets` to `found`, as `secret as form in place at offset`.
    pub fn octets(&self, octets: &[u8], found: &mut Vec<String>, place: &str) {
        for at in 0..octets.len().saturating_sub(START - 1) {
            if !self.hints[hint(&octets[at..])] {
                continue;
            }
            let Some(candidates) = self.starts.get(&octets[at..at + START]) else { continue };
            for needle in candidates.iter().map(|n| &self.needles[*n]) {
                if octets[at..].starts_with(&needle.octets) {
                    found.push(format!("{} as {} in {place} at {at}", needle.secret, needle.form));
                }
            }
        }
    }

    /// Searches every file under `folder`, and every file and folder name.
    pub fn folder(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut searched = 0;
        self.walk(folder, &mut found, &mut searched);
        assert!(searched > 0, "nothing to search in {}", folder.display());
        found
    }

    fn walk(&self, folder: &Path, found: &mut Vec<String>, searched: &mut usize) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let place = path.display().to_string();
            self.octets(place.as_bytes(), found, "a file name");
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            if kind.is_dir() {
                self.walk(&path, found, searched);
            } else if kind.is_file() {
                *searched += 1;
                self.stream(&mut File::open(&path).unwrap(), found, &place);
            }
        }
    }

    /// Searches a file in pieces that overlap by the longest needle.
    fn stream(&self, from: &mut impl Read, found: &mut Vec<String>, place: &str) {
        let overlap = self.longest() - 1;
        let mut piece = Vec::new();
        loop {
            let kept = piece.len();
            let read = from.by_ref().take(CHUNK as u64).read_to_end(&mut piece).unwrap();
            if read == 0 {
                return;
            }
            self.octets(&piece, found, place);
            // The overlap is searched twice; a secret may be reported twice, which does no harm.
            piece.drain(..piece.len().saturating_sub(overlap.min(kept + read)));
        }
    }

    /// Searches every readable mapping of a running process: what a core dump would contain, and
    /// more.
    pub fn process(&self, pid: u32) -> Vec<String> {
        let maps = File::open(format!("/proc/{pid}/maps")).expect("the process exists");
        let memory = File::open(format!("/proc/{pid}/mem"))
            .expect("only root may read another user's process");
        let mut found = Vec::new();
        let mut octets_read = 0;
        for line in BufReader::new(maps).lines().map(Result::unwrap) {
            if let Some((from, to)) = readable(&line) {
                octets_read += self.mapping(&memory, from, to, &line, &mut found);
            }
        }
        assert!(octets_read > 0, "no memory of process {pid} could be read");
        found
    }

    fn mapping(
        &self,
        memory: &File,
        from: u64,
        to: u64,
        place: &str,
        found: &mut Vec<String>,
    ) -> u64 {
        let overlap = self.longest() as u64 - 1;
        let mut piece = vec![0; CHUNK + overlap as usize];
        let mut at = from;
        while at < to {
            let want = piece.len().min((to - at) as usize);
            // Guard pages, and pages that were unmapped meanwhile, cannot be read by anyone.
            match memory.read_at(&mut piece[..want], at) {
                Ok(read) if read > 0 => self.octets(&piece[..read], found, place),
                _ => return at - from,
            }
            at += CHUNK as u64;
        }
        to - from
    }

    fn longest(&self) -> usize {
        self.needles.iter().map(|n| n.octets.len()).max().expect("there are secrets")
    }
}

fn hint(octets: &[u8]) -> usize {
    usize::from(octets[0]) << 8 | usize::from(octets[1])
}

/// Returns the range of a line such as `7f00-7f10 rw-p …`, if it is readable memory.
fn readable(line: &str) -> Option<(u64, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let kernel = ["[vvar", "[vsyscall", "/dev/"].iter().any(|k| line.contains(k));
    if !rest.starts_with('r') || kernel {
        return None;
    }
    let (from, to) = range.split_once('-')?;
    Some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?))
}

fn forms(secret: &str) -> Vec<Needle> {
    let wide = |order: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(order).collect();
    let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
    let mut forms = vec![
        ("text", secret.as_bytes().to_vec()),
        ("UTF-16LE", wide(u16::to_le_bytes)),
        ("UTF-16BE", wide(u16::to_be_bytes)),
        ("hex", hex.clone().into_bytes()),
        ("HEX", hex.to_uppercase().into_bytes()),
    ];
    for shift in 0..3 {
        forms.push(("base64", aligned(&STANDARD_NO_PAD, secret, shift)));
        forms.push(("base64url", aligned(&URL_SAFE_NO_PAD, secret, shift)));
    }
    let needle = |(form, octets)| Needle { secret: secret.to_owned(), form, octets };
    forms.into_iter().map(needle).collect()
}

/// Returns the symbols that depend on `secret` alone when it starts `shift` octets after the start
/// of a base64 group.
fn aligned(engine: &impl Engine, secret: &str, shift: usize) -> Vec<u8> {
    let text = engine.encode([&[0; 2][..shift], secret.as_bytes()].concat());
    let first = [0, 2, 3][shift];
    let whole = (shift + secret.len()) * 8 / 6;
    text.as_bytes()[first..whole].to_vec()
}

#[test]
fn every_form_of_a_secret_is_found_and_nothing_else() {
    let secret = "k9xmwq4tz7hrd2vbns5c".to_owned();
    let searcher = Searcher::new(std::slice::from_ref(&secret));
    let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
    let mut cases = vec![secret.clone().into_bytes(), hex.into_bytes()];
    cases.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
    cases.push(secret.encode_utf16().flat_map(u16::to_be_bytes).collect());
    for before in ["", "a", "ab", "abc"] {
        let text = format!("{before}{secret} and more");
        cases.push(STANDARD_NO_PAD.encode(text).into_bytes());
    }
    for case in cases {
        let mut found = Vec::new();
        searcher.octets(&[b"..".as_slice(), &case, b".."].concat(), &mut found, "a case");
        assert!(!found.is_empty(), "not found in {}", String::from_utf8_lossy(&case));
    }
    let mut found = Vec::new();
    searcher.octets(secret.to_uppercase().as_bytes(), &mut found, "another");
    searcher.octets(&secret.as_bytes()[1..], &mut found, "its tail");
    assert_eq!(found, Vec::<String>::new());
}
