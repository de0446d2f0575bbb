//! `postern mail contacts`: the address book from a script.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use hyper::Method;
use serde::Deserialize;
use serde_json::json;

use crate::mail::contacts::parts::{has_cards, parts};

use super::problem::Error;
use super::session::{Client, percent};

#[derive(Subcommand, Debug)]
pub enum Contacts {
    /// List contacts, one per line: id, name, address, company.
    List {
        /// Words that a contact must have, in any of its fields.
        query: Vec<String>,
    },
    /// Import contacts from a vCard or CSV file. What is there already is completed, never replaced.
    Import {
        /// The file, or `-` for standard input.
        file: PathBuf,
    },
    /// Write all contacts to standard output.
    Export {
        /// The form of the file.
        #[arg(long, value_enum, default_value_t = Format::Vcard)]
        format: Format,
    },
}

/// The form of a file of contacts.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// vCard 3.0.
    Vcard,
    /// vCard 4.0.
    Vcard4,
    /// A table, for spreadsheets.
    Csv,
}

impl Format {
    fn word(self) -> &'static str {
        match self {
            Format::Vcard => "vcard",
            Format::Vcard4 => "vcard4",
            Format::Csv => "csv",
        }
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Entry>,
    total: usize,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    name: String,
    email: String,
    company: String,
}

#[derive(Default, Deserialize)]
struct Imported {
    added: usize,
    changed: usize,
    unchanged: usize,
    problems: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    contact: usize,
    property: String,
    reason: String,
}

#[derive(Deserialize)]
struct Exported {
    text: String,
    next: Option<String>,
    incomplete: usize,
}

/// The most contacts of one page, and of one part of a file.
const PAGE: usize = 200;

/// A longer file is the wrong one.
const FILE_OCTETS_MAX: u64 = 1 << 30;

/// Carries out one of the commands, and writes what it says.
pub async fn perform(
    client: &mut Client,
    command: &Contacts,
    out: &mut impl Write,
) -> Result<(), Error> {
    match command {
        Contacts::List { query } => list(client, &query.join(" "), out).await,
        Contacts::Import { file } => import(client, file, out).await,
        Contacts::Export { format } => export(client, *format, out).await,
    }
}

async fn list(client: &mut Client, query: &str, out: &mut impl Write) -> Result<(), Error> {
    let mut offset = 0;
    loop {
        let path = format!("/api/contacts?q={}&offset={offset}&limit={PAGE}", percent(query));
        let page: Page = client.call(Method::GET, &path, None).await?;
        for Entry { id, name, email, company } in &page.items {
            writeln!(out, "{id}\t{name}\t{email}\t{company}").map_err(Error::Output)?;
        }
        offset += page.items.len();
        if page.items.is_empty() || offset >= page.total {
            return Ok(());
        }
    }
}

async fn import(client: &mut Client, file: &Path, out: &mut impl Write) -> Result<(), Error> {
    let text = read(file).map_err(|error| Error::Local {
        what: file.display().to_string(),
        problem: error.to_string(),
    })?;
    let format = if has_cards(&text) { Format::Vcard } else { Format::Csv };
    let (mut all, mut before) = (Imported::default(), 0);
    for part in parts(&text, PAGE) {
        let body = json!({"format": format.word(), "text": part});
        let done: Imported = client.call(Method::POST, "/api/contacts/import", Some(body)).await?;
        for Problem { contact, property, reason } in &done.problems {
            let number = before + contact + 1;
            writeln!(out, "contact {number}: {property}: {reason}").map_err(Error::Output)?;
        }
        before += PAGE;
        all.added += done.added;
        all.changed += done.changed;
        all.unchanged += done.unchanged;
    }
    let Imported { added, changed, unchanged, .. } = all;
    writeln!(out, "added {added}, completed {changed}, unchanged {unchanged}")
        .map_err(Error::Output)
}

fn read(file: &Path) -> io::Result<String> {
    let mut octets = Vec::new();
    match file.as_os_str() == "-" {
        true => io::stdin().lock().take(FILE_OCTETS_MAX).read_to_end(&mut octets)?,
        false => std::fs::File::open(file)?.take(FILE_OCTETS_MAX).read_to_end(&mut octets)?,
    };
    Ok(crate::mail::message::decoded(b"", &octets))
}

async fn export(client: &mut Client, format: Format, out: &mut impl Write) -> Result<(), Error> {
    let (mut after, mut incomplete) = (String::new(), 0);
    loop {
        let path = format!("/api/contacts/export?format={}{after}", format.word());
        let part: Exported = client.call(Method::GET, &path, None).await?;
        out.write_all(part.text.as_bytes()).map_err(Error::Output)?;
        incomplete += part.incomplete;
        match part.next {
            Some(next) => after = format!("&after={next}"),
            None if incomplete == 0 => return Ok(()),
            None => {
                return Err(Error::Local {
                    what: "the export".to_owned(),
                    problem: format!("{incomplete} contacts could not be read whole"),
                });
            }
        }
    }
}
