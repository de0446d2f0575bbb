//! `postern import`: the messages of an mbox file or a Maildir folder, for a user.
//!
//! Each message is sealed to the public half of the account's keys, as mail that arrives is, so nobody
//! has to be signed in and nothing of the account is opened. One message is in memory at a time.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::control::{self, Answer, IMPORT_OCTETS_MAX, Request};
use crate::mail::mbox::Mbox;

use super::console::{Bar, ConfigFile, Shown, say};
use super::{Error, Opened};

/// What is imported, and where to.
#[derive(Args, Debug)]
pub struct Import {
    #[command(flatten)]
    config: ConfigFile,
    /// Login name.
    name: String,
    /// An mbox file, or a Maildir folder (with `cur` and `new`).
    from: PathBuf,
    /// The mailbox: inbox, archive, sent, junk or trash. Folders that users made have names that
    /// only their owners can read.
    #[arg(long, default_value = "archive")]
    mailbox: String,
    /// Show all messages as unread. By default those are unread that a Maildir has as not seen.
    #[arg(long)]
    unread: bool,
}

/// How many refused messages are named; more are counted.
const NAMED_MAX: u64 = 100;

/// What was done so far.
#[derive(Default)]
struct Done {
    stored: u64,
    known: u64,
    refused: u64,
}

/// Passes messages to the daemon, or stores them here if none runs.
enum To {
    Daemon(PathBuf),
    Here(Box<Opened>),
}

struct Importing<'i> {
    command: &'i Import,
    to: To,
    done: Done,
}

/// Runs the command; its exit status is 1 if a message was refused.
pub fn run(command: &Import) -> Result<ExitCode, Error> {
    let config = command.config.load()?;
    let mut importing = Importing { command, to: To::of(&config)?, done: Done::default() };
    let bar = Bar::default();
    let read = match command.from.is_dir() {
        true => importing.maildir(&bar),
        false => importing.mbox(&bar),
    };
    drop(bar);
    let Done { stored, known, refused } = importing.done;
    if stored > 0 {
        let ended =
            importing.to.ask(&Request::ImportEnd { name: command.name.clone(), stored }, &[]);
        // What stopped the import is told first.
        read?;
        ended?;
    } else {
        read?;
    }
    if let To::Here(opened) = importing.to {
        opened.close()?;
    }
    say(format_args!("{stored} imported, {known} were there already, {refused} refused"))?;
    Ok(if refused > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl To {
    fn of(config: &Config) -> Result<To, Error> {
        let data = &config.server.data;
        Ok(match control::client::connect(data) {
            Some(_) => To::Daemon(data.clone()),
            None => To::Here(Box::new(super::open(config, &mut |_, _| ())?)),
        })
    }

    fn ask(&self, request: &Request, body: &[u8]) -> Result<Answer, Error> {
        let mut shown = Shown { bar: Bar::default(), to: &mut io::sink() };
        match self {
            To::Daemon(data) => {
                let stream = control::client::connect(data);
                let stream = stream.ok_or_else(|| Error::Usage("the daemon stopped".to_owned()))?;
                Ok(control::client::ask(stream, (request, body), &mut shown)?)
            }
            To::Here(opened) => {
                Ok(control::handle(&opened.gateway, (request.clone(), body), &mut shown))
            }
        }
    }
}

impl Importing<'_> {
    fn mbox(&mut self, bar: &Bar) -> Result<(), Error> {
        let path = &self.command.from;
        let wrong = |error: io::Error| Error::Usage(format!("{}: {error}", path.display()));
        let file = File::open(path).map_err(wrong)?;
        let total = file.metadata()?.len();
        let mut done = 0;
        let mut messages = Mbox::new(BufReader::new(file), IMPORT_OCTETS_MAX);
        while let Some(found) = messages.read_next().map_err(wrong)? {
            let place = format!("the message at line {}", found.line);
            done += found.octets.as_ref().map_or(0, Vec::len) as u64;
            self.one(&place, found.octets.as_deref(), self.command.unread)?;
            bar.show(done, total.max(done));
        }
        Ok(())
    }

    fn maildir(&mut self, bar: &Bar) -> Result<(), Error> {
        let wrong =
            |path: &Path, error: io::Error| Error::Usage(format!("{}: {error}", path.display()));
        let mut files = Vec::new();
        for folder in ["cur", "new"] {
            let folder = self.command.from.join(folder);
            for entry in fs::read_dir(&folder).map_err(|error| wrong(&folder, error))? {
                files.push(entry?.path());
            }
        }
        files.sort();
        let total = files.len() as u64;
        for (at, path) in files.iter().enumerate() {
            let octets = whole(path).map_err(|error| wrong(path, error))?;
            let unread = self.command.unread || !is_seen(path);
            self.one(&path.display().to_string(), octets.as_deref(), unread)?;
            bar.show(at as u64 + 1, total);
        }
        Ok(())
    }

    /// Imports a message; `None` stands for one that is too long. What is refused because of the
    /// message is told, and the next one follows; anything else ends the import.
    fn one(&mut self, place: &str, octets: Option<&[u8]>, unread: bool) -> Result<(), Error> {
        let Some(octets) = octets else {
            self.refused(place, &format!("it is longer than {} MiB", IMPORT_OCTETS_MAX >> 20));
            return Ok(());
        };
        let Import { name, mailbox, .. } = self.command;
        let (name, mailbox) = (name.clone(), mailbox.clone());
        let request = Request::Import { name, mailbox, unread, length: octets.len() as u64 };
        match self.to.ask(&request, octets)? {
            Answer::Imported { stored: true } => self.done.stored += 1,
            Answer::Imported { stored: false } => self.done.known += 1,
            Answer::Failed { message } => match message.strip_prefix(INVALID) {
                Some(why) => self.refused(place, why),
                None => return Err(Error::Usage(format!("{place}: {message}"))),
            },
            _ => return Err(Error::Usage(format!("{place}: an answer to another question"))),
        }
        Ok(())
    }

    fn refused(&mut self, place: &str, why: &str) {
        self.done.refused += 1;
        match self.done.refused {
            number if number < NAMED_MAX => eprintln!("refused: {place}: {why}"),
            NAMED_MAX => eprintln!("refused: {place}: {why}; further ones are counted"),
            _ => {}
        }
    }
}

/// How the core begins to say that octets are not a message.
const INVALID: &str = "invalid: ";

/// Reads a file; `None` if it is longer than a message may be.
fn whole(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut octets = Vec::new();
    File::open(path)?.take(IMPORT_OCTETS_MAX as u64 + 1).read_to_end(&mut octets)?;
    Ok((octets.len() <= IMPORT_OCTETS_MAX).then_some(octets))
}

/// Whether the name of a file in a Maildir says that it was seen: `…:2,S`, with other flags beside.
fn is_seen(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains('S'))
}
