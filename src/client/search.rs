//! Searching messages, moving them, and writing them to an mbox file.

use std::io::{self, Write};

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::mail::reference::Reference;

use super::problem::Error;
use super::session::{Client, Item, PAGE, percent};

#[derive(Deserialize)]
struct Found {
    items: Vec<Item>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Progress {
    waiting: u64,
    taken: u64,
}

impl Client {
    /// Returns all messages that match, newest first. Messages that are waiting to be indexed are
    /// indexed first.
    pub async fn search(&mut self, query: &str) -> Result<Vec<Item>, Error> {
        loop {
            let done: Progress = self.call(Method::POST, "/api/search/index", None).await?;
            // Another session may be indexing; messages it has not reached yet may be missing.
            if done.waiting == 0 || done.taken == 0 {
                break;
            }
        }
        let query = percent(query);
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let before = cursor.map(|at| format!("&before={at}")).unwrap_or_default();
            let path = format!("/api/search?q={query}&limit={PAGE}{before}");
            let page: Found = self.call(Method::GET, &path, None).await?;
            items.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(items);
            }
        }
    }

    /// Moves messages to a mailbox, given by id or role; returns those that could not be moved.
    pub async fn move_to(
        &mut self,
        references: &[Reference],
        mailbox: &str,
    ) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Moved {
            failed: Vec<Value>,
        }
        let mut failed = Vec::new();
        for part in references.chunks(500) {
            let references: Vec<String> = part.iter().map(ToString::to_string).collect();
            let body = json!({ "references": references, "change": { "mailbox": mailbox } });
            let done: Moved = self.call(Method::POST, "/api/messages/batch", Some(body)).await?;
            let named = |one: &Value| one["reference"].as_str().unwrap_or_default().to_owned();
            failed.extend(done.failed.iter().map(named));
        }
        Ok(failed)
    }

    /// Writes the opened messages of a mailbox, oldest first, and returns how many unopened ones
    /// were left out: opening them would notify their senders.
    pub async fn export(&mut self, mailbox: &str, out: &mut impl Write) -> Result<usize, Error> {
        let mut left_out = 0;
        for item in self.list(mailbox).await?.iter().rev() {
            if !item.opened {
                left_out += 1;
                continue;
            }
            let octets = self.get(item.reference).await?;
            let sender = item.from.address.as_deref().unwrap_or("MAILER-DAEMON");
            let written = write_mbox(out, sender, &item.received_at, &octets);
            written.map_err(|error| Error::Local {
                what: "the mbox file".to_owned(),
                problem: error.to_string(),
            })?;
        }
        Ok(left_out)
    }
}

/// Writes one message in mbox format (RFC 4155). Lines that look like a separator are quoted
/// reversibly (mboxrd).
fn write_mbox(out: &mut impl Write, sender: &str, time: &str, octets: &[u8]) -> io::Result<()> {
    let sender: String = sender.chars().filter(|c| !c.is_whitespace()).collect();
    writeln!(out, "From {sender} {}", asctime(time))?;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let unquoted = line.iter().position(|octet| *octet != b'>').map_or(line, |at| &line[at..]);
        if unquoted.starts_with(b"From ") {
            out.write_all(b">")?;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        out.write_all(text.strip_suffix(b"\r").unwrap_or(text))?;
        out.write_all(b"\n")?;
    }
    out.write_all(b"\n")
}

/// Formats a time such as `Mon Nov 23 09:00:00 2026`, in UTC (RFC 4155, appendix A).
fn asctime(rfc3339: &str) -> String {
    let form = time::macros::format_description!(
        "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
    );
    let known = time::format_description::well_known::Rfc3339;
    let moment = time::OffsetDateTime::parse(rfc3339, &known);
    let moment = moment.unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    moment.format(form).unwrap_or_else(|_| "Thu Jan  1 00:00:00 1970".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_in_a_mailbox_file_are_kept_apart() {
        let mut out = Vec::new();
        let octets = b"Subject: x\r\n\r\nFrom here\r\n>From there\r\nto > there\r\nend";
        write_mbox(&mut out, "a b@c.example", "2026-11-03T09:08:07.123Z", octets).unwrap();
        let expected = "From ab@c.example Tue Nov  3 09:08:07 2026\nSubject: x\n\n>From here\n\
                        >>From there\nto > there\nend\n\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
