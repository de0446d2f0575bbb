//! A day in the webmail (`tests/e2e/day.mjs`): what arrives, what is written, and the words of all
//! of it, which do not occur anywhere by chance.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::daemon::DOMAIN;
use super::smtp::{Delivery, Smtp};
use super::token;

/// Subjects, texts, names of files, of a folder, a label and so on, that are written here.
const OWN: usize = 13;

pub struct Day {
    /// The messages of the morning, each with its reference number once it was delivered.
    messages: Vec<(Message, Option<String>)>,
    /// The message that arrives while the user is looking.
    live: Message,
    own: Vec<String>,
}

/// The content of one message.
struct Message {
    subject: String,
    sender: String,
    text: String,
    file: String,
    kind: &'static str,
}

impl Message {
    fn new(kind: &'static str) -> Message {
        Message { subject: token(), sender: token(), text: token(), file: token(), kind }
    }

    fn words(&self) -> [String; 4] {
        [&self.subject, &self.sender, &self.text, &self.file].map(Clone::clone)
    }

    fn octets(&self) -> Vec<u8> {
        let Message { subject, sender, text, file, kind } = self;
        format!(
            "From: {sender} <canary@peer.example>\r\nTo: u1@{DOMAIN}\r\nSubject: {subject}\r\n\
             Message-ID: <{}@peer.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\
             Content-Type: text/{kind}; charset=utf-8\r\n\r\n<p>The word is {text}</p>\r\n--c\r\n\
             Content-Type: application/octet-stream\r\n\
             Content-Disposition: attachment; filename=\"{file}.bin\"\r\n\r\n{text}\r\n--c--\r\n",
            token(),
        )
        .into_bytes()
    }

    /// Delivers the message and returns its reference number.
    fn deliver(&self, smtp: &mut Smtp) -> String {
        let octets = self.octets();
        let to = format!("u1@{DOMAIN}");
        let mail =
            Delivery { from: "canary@peer.example", to: &[&to], message: &octets, parameters: "" };
        let reply = smtp.deliver(&mail).expect_code("250");
        reply.lines[0].rsplit(' ').next().expect("a reference number").to_owned()
    }
}

/// The place where a day is spent.
pub struct Place<'p> {
    pub url: &'p str,
    pub password: &'p str,
    /// The folder of the browser's profile; without it, the browser uses a profile that leaves
    /// nothing behind.
    pub profile: Option<&'p Path>,
}

impl Day {
    /// Creates a day with `messages` messages waiting in the morning, every other one in HTML.
    pub fn new(messages: usize) -> Day {
        let kinds = ["plain", "html"].into_iter().cycle().take(messages);
        Day {
            messages: kinds.map(|kind| (Message::new(kind), None)).collect(),
            live: Message::new("plain"),
            own: (0..OWN).map(|_| token()).collect(),
        }
    }

    /// Returns every word that is read or written during the day.
    pub fn words(&self) -> Vec<String> {
        let messages = self.messages.iter().map(|(message, _)| message).chain([&self.live]);
        messages.flat_map(Message::words).chain(self.own.iter().cloned()).collect()
    }

    /// Delivers what waits in the morning.
    pub fn begin(&mut self, smtp: &mut Smtp) {
        for (message, reference) in &mut self.messages {
            *reference = Some(message.deliver(smtp));
        }
    }

    /// Runs the day in `node` at `place`; `smtp` opens a session for the message that arrives while
    /// the user is looking.
    pub fn spend(&self, mut node: Command, place: &Place<'_>, smtp: impl FnOnce() -> Smtp) {
        let messages = self.messages.iter().map(|(message, reference)| {
            json!({ "reference": reference, "text": message.text, "file": message.file })
        });
        let day = json!({
            "user": "u1", "password": place.password, "to": format!("u2@{DOMAIN}"),
            "messages": messages.collect::<Vec<_>>(), "live": self.live.subject, "own": self.own,
            "profile": place.profile,
        });
        node.arg("day.mjs")
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e"))
            .env("POSTERN_URL", place.url)
            .env("POSTERN_DAY", day.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = node.spawn().expect("node is installed (tests/prepare.sh checks)");
        let mut said = String::new();
        let mut smtp = Some(smtp);
        for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
            let line = line.expect("lines of UTF-8");
            if line == "deliver" {
                self.live.deliver(&mut smtp.take().expect("the script asks for delivery once")());
            }
            said += &line;
            said += "\n";
        }
        let mut complained = String::new();
        let mut stderr = child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut complained).expect("lines of UTF-8");
        let status = child.wait().expect("the child can be waited for");
        assert!(status.success() && said.ends_with("done\n"), "{said}\n{complained}");
    }
}
