//! Files over HTTPS, from one user's disk to another's.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use hyper::Method;
use postern::client::Client;
use postern::client::sending::Outgoing;
use postern::mail::reference::Reference;
use serde_json::{Value, json};

use crate::settled;
use crate::support::https::follow;
use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};

/// The size of the large file in MiB; `make large-file` uses 1 GiB.
const LARGE_MIB: usize = 64;
const AWKWARD: [(&str, usize); 6] = [
    ("empty.bin", 0),
    ("one", 1),
    ("Übersicht – תוכנית ✈ 计划.pdf", 70_001),
    ("a \"quoted\"; name=x.tar.gz", 4_096),
    ("lines.txt", 65_536),
    ("Meeting.ICS", 300),
];
/// The types that the endings of the names above stand for; without an ending nothing is known.
const TYPES: [(&str, &str); 7] = [
    (".bin", "application/octet-stream"),
    (".pdf", "application/pdf"),
    (".gz", "application/gzip"),
    (".txt", "text/plain"),
    (".ICS", "text/calendar"),
    (".mp4", "video/mp4"),
    ("", "application/octet-stream"),
];

/// A file's name, size and SHA-256.
type Print = (String, u64, Vec<u8>);

/// P-17: an empty file, one of a single octet, and files with names in several scripts come back
/// unchanged, with the types that their names say.
#[tokio::test]
async fn files_with_awkward_sizes_and_names_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<PathBuf> =
        AWKWARD.iter().map(|(name, octets)| write(folder.path(), name, *octets)).collect();
    exchange(&files).await;
}

/// P-17: a large file comes back unchanged; `FILE_MIB=1024` makes it 1 GiB.
#[tokio::test]
async fn a_large_file_comes_back_as_it_was() {
    let mib = std::env::var("FILE_MIB").map_or(LARGE_MIB, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    exchange(&[write(folder.path(), "film.mp4", mib << 20)]).await;
}

/// Sends the files from Dana to Omar, who saves them, and compares.
async fn exchange(files: &[PathBuf]) {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, "[outgoing]\nundo_secs = 0\n"));
    let to = ["omar@example.org".to_owned()];
    let text = "The files — שלום.\n";
    let message = Outgoing { to: &to, subject: "Files", text, files, ..Outgoing::default() };
    let mut dana = site.client("dana").await;
    let reference = dana.submit(&message).await.expect("the submission is accepted").reference;
    settled(&mut dana, reference).await;
    let mut omar = site.client("omar").await;
    let opened = omar.open(reference).await.expect("the message");
    assert_eq!(opened["text"].as_str().unwrap().replace("\r\n", "\n").trim(), text.trim());
    let mut got = Vec::new();
    for part in opened["parts"].as_array().unwrap() {
        let name = part["name"].as_str().unwrap();
        let (_, media) = TYPES.iter().find(|(end, _)| name.ends_with(end)).unwrap();
        assert_eq!(part["type"], *media, "{name}");
        got.push(saved(&site, &mut omar, reference, part).await);
    }
    let mut sent: Vec<Print> = files.iter().map(|path| print(path)).collect();
    sent.sort();
    got.sort();
    let sizes: Vec<(&str, u64)> = got.iter().map(|one| (one.0.as_str(), one.1)).collect();
    assert!(sent == got, "{sizes:?}");
    site.stop();
}

/// Downloads one part through a link.
async fn saved(site: &Site, client: &mut Client, reference: Reference, part: &Value) -> Print {
    let ticket = json!({ "kind": "attachment", "part": part["part"] });
    let path = format!("/api/messages/{reference}/ticket");
    let ticket: Value = client.call(Method::POST, &path, Some(ticket)).await.expect("a link");
    let (mut hash, mut octets) = (Context::new(&SHA256), 0);
    follow(site.https, &site.ca(), ticket["url"].as_str().unwrap(), |piece| {
        hash.update(piece);
        octets += piece.len() as u64;
    })
    .await;
    (part["name"].as_str().unwrap().to_owned(), octets, hash.finish().as_ref().to_vec())
}

/// Writes a file of pseudo-random octets.
fn write(folder: &Path, name: &str, octets: usize) -> PathBuf {
    let path = folder.join(name);
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let mut random = fastrand::Rng::with_seed(octets as u64);
    let mut piece = vec![0; 1 << 20];
    let mut left = octets;
    while left > 0 {
        let now = left.min(piece.len());
        random.fill(&mut piece[..now]);
        file.write_all(&piece[..now]).unwrap();
        left -= now;
    }
    file.flush().unwrap();
    path
}

fn print(path: &Path) -> Print {
    let mut file = File::open(path).unwrap();
    let (mut hash, mut piece) = (Context::new(&SHA256), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut piece).unwrap();
        if read == 0 {
            break;
        }
        hash.update(&piece[..read]);
    }
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    (name, fs::metadata(path).unwrap().len(), hash.finish().as_ref().to_vec())
}
