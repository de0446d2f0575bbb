//! `postern mail`: reading mail from a script.

use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use crate::mail::reference::Reference;

use super::{Client, Error, Item};

/// Read mail from a script, over the same HTTPS API as the browser.
#[derive(Args, Debug)]
pub struct Mail {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: Server,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// One line for each message: reference number, time, sender, subject.
    List {
        /// A mailbox's id, or its role: inbox, archive, junk, trash, …
        #[arg(long, default_value = "inbox")]
        mailbox: String,
    },
    /// What the list shows of one message, without opening it.
    Show { reference: Reference },
    /// Open a message and write its octets to standard output. Its sender may be told.
    Get { reference: Reference },
    /// Reject a message unread. Its sender may be told.
    Reject { reference: Reference },
}

#[derive(Args, Debug)]
struct Server {
    /// The server: https://mail.example.org
    #[arg(long, global = true, required = false, default_value = "https://localhost:8443")]
    url: String,
    /// The PEM file with the certificate authority to trust.
    #[arg(long, global = true, required = false, default_value = "ca.pem")]
    ca: PathBuf,
    /// Login name or address.
    #[arg(long, global = true, required = false, default_value = "")]
    user: String,
    /// The file whose first line is the password.
    #[arg(long, global = true, required = false, default_value = "password")]
    password_file: PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// Runs the command; an error is told on standard error.
pub fn run(mail: Mail) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(perform(&mail)),
        Err(error) => Err(local("runtime", &error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("postern: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn perform(mail: &Mail) -> Result<(), Error> {
    let server = &mail.server;
    let password = password(server)?;
    let mut client = Client::sign_in(&server.url, &server.ca, &server.user, &password).await?;
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match &mail.command {
        Command::List { mailbox } => {
            let items = client.list(mailbox).await?;
            list(&mut out, &items, server.json)
        }
        Command::Show { reference } => {
            let item = client.show(*reference).await?;
            show(&mut out, &item, server.json)
        }
        Command::Get { reference } => out.write_all(&client.get(*reference).await?),
        Command::Reject { reference } => {
            let at = client.reject(*reference).await?;
            rejected(&mut out, *reference, &at, server.json)
        }
    };
    let written = written.and_then(|()| out.flush());
    client.sign_out().await?;
    written.map_err(|error| local("standard output", &error))
}

fn local(what: &str, error: &io::Error) -> Error {
    Error::Local { what: what.to_owned(), problem: error.to_string() }
}

fn password(server: &Server) -> Result<Zeroizing<String>, Error> {
    /// A password file is small; anything longer is the wrong file.
    const OCTETS_MAX: u64 = 8 * 1024;
    let path = server.password_file.display().to_string();
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(&server.password_file)
        .and_then(|file| file.take(OCTETS_MAX).read_to_string(&mut text))
        .map_err(|error| local(&path, &error))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn list(out: &mut impl Write, items: &[Item], json: bool) -> io::Result<()> {
    if json {
        return json_line(out, &items);
    }
    for item in items {
        let sender = printable(item.from.address.as_deref().unwrap_or("-"));
        let subject = printable(&item.subject);
        writeln!(out, "{} {} {sender} {subject}", item.reference, item.received_at)?;
    }
    Ok(())
}

fn show(out: &mut impl Write, item: &Item, json: bool) -> io::Result<()> {
    if json {
        return json_line(out, item);
    }
    let name = item.from.name.as_deref().unwrap_or_default();
    let address = item.from.address.as_deref().unwrap_or("-");
    writeln!(out, "reference   {}", item.reference)?;
    writeln!(out, "received    {}", item.received_at)?;
    writeln!(out, "from        {} <{}>", printable(name), printable(address))?;
    writeln!(out, "subject     {}", printable(&item.subject))?;
    writeln!(out, "size        {} octets, {} attachments", item.size, item.attachments)?;
    writeln!(out, "protection  {}", item.protection)?;
    writeln!(out, "opened      {}", if item.opened { "yes" } else { "no" })
}

fn rejected(out: &mut impl Write, reference: Reference, at: &str, json: bool) -> io::Result<()> {
    if json {
        let answer = serde_json::json!({ "reference": reference, "outcome": "rejected", "at": at });
        return json_line(out, &answer);
    }
    writeln!(out, "{reference} rejected {at}")
}

fn json_line(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

/// Text from outside on a terminal: no character that would do anything but be seen.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
