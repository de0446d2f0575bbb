//! `postern mail` and `postern account`: reading and sending mail from a script.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::mail::reference::Reference;

use super::boards::{self, Boards};
use super::calendar::{self, Calendar};
use super::chat::{self, Chat};
use super::contacts::{self, Contacts};
use super::groups::{Group, GroupsCommand, Shown};
use super::notices::{self, Notices};
use super::problem::Error;
use super::profiles::{self, Profile};
use super::sending::{Outgoing, Sent};
use super::session::{Client, Item, Sender};
use super::text::{body, first_line};
use super::vouching::{self, Vouch};

/// Read and send mail from a script, over the same HTTPS API as the browser.
#[derive(Args, Debug)]
pub struct Mail {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    server: Server,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// List messages, one per line: reference number, time, sender, subject.
    List {
        /// A mailbox's id, or its role: inbox, archive, junk, trash, …
        #[arg(long, default_value = "inbox")]
        mailbox: String,
    },
    /// Show the list entry of one message, without opening it.
    Show {
        /// The message's reference number.
        reference: Reference,
    },
    /// Open a message and write its source to standard output. Its sender may be notified.
    Get {
        /// The message's reference number.
        reference: Reference,
    },
    /// Reject a message unread. Its sender may be notified.
    Reject {
        /// The message's reference number.
        reference: Reference,
    },
    /// Open a message and show its text. Its sender may be notified.
    Open {
        /// The message's reference number.
        reference: Reference,
    },
    /// Send a message. Prints its reference number.
    Send(Send),
    /// Show the status of a sent message, one line for each recipient.
    Status {
        /// The message's reference number.
        reference: Reference,
    },
    /// Search messages: words, "phrases", from: to: subject: in: is: has: before: after: ref:
    Search {
        /// What to look for; all of it must be found.
        #[arg(required = true, num_args = 1..)]
        query: Vec<String>,
    },
    /// Move messages to another mailbox.
    Move {
        /// The messages' reference numbers.
        #[arg(required = true, num_args = 1..)]
        references: Vec<Reference>,
        /// A mailbox's id, or its role: archive, trash, …
        #[arg(long)]
        to: String,
    },
    /// Write the opened messages of a mailbox to a file in mbox format; the others stay unopened.
    Export {
        /// A mailbox's id, or its role: inbox, archive, junk, trash, …
        #[arg(long, default_value = "inbox")]
        mailbox: String,
        /// The file to write, or `-` for standard output.
        #[arg(long)]
        mbox: PathBuf,
    },
    /// Reply to a message. Prints the reply's reference number.
    Reply {
        /// The reference number of the message to reply to.
        reference: Reference,
        /// The file with the text, or `-` for standard input.
        #[arg(long)]
        body_file: PathBuf,
        /// A file to attach; can be given more than once.
        #[arg(long)]
        attach: Vec<PathBuf>,
        /// Agree to send the message unprotected where that is necessary.
        #[arg(long)]
        consent: bool,
    },
    /// Vouch for colleagues, and be vouched for.
    Vouch {
        #[command(subcommand)]
        command: Vouch,
    },
    /// Groups of people inside: list, show, create, add, remove, leave, appoint, delete.
    Groups {
        #[command(subcommand)]
        command: GroupsCommand,
    },
    /// Boards: list, topics, show, create, grant, post, find, read, change, react, attend, delete, drop.
    Board {
        #[command(subcommand)]
        command: Boards,
    },
    /// List, import and export the contacts of the address book.
    Contacts {
        #[command(subcommand)]
        command: Contacts,
    },
    /// Say something about oneself, each field for those whom one chooses, and see what others say.
    Profile {
        #[command(subcommand)]
        command: Profile,
    },
    /// When notices of chats and boards are given, and to which other address: show, set, address, confirm,
    /// drop.
    Notices {
        #[command(subcommand)]
        command: Notices,
    },
    /// Talk with others, in rooms and two by two.
    Chat {
        #[command(subcommand)]
        command: Chat,
    },
    /// Keep a calendar, and ask people inside for meetings.
    Calendar {
        #[command(subcommand)]
        command: Calendar,
    },
}

#[derive(Args, Debug)]
struct Send {
    /// The address of a recipient; this and the next two can be given more than once.
    #[arg(long, required = true)]
    to: Vec<String>,
    /// The address of a recipient of a copy.
    #[arg(long)]
    cc: Vec<String>,
    /// The address of a recipient of a copy whom the others do not see.
    #[arg(long)]
    bcc: Vec<String>,
    /// The subject.
    #[arg(long, default_value = "")]
    subject: String,
    /// The file with the text, or `-` for standard input.
    #[arg(long)]
    body_file: PathBuf,
    /// A file to attach; can be given more than once.
    #[arg(long)]
    attach: Vec<PathBuf>,
    /// How to send to outside recipients; by default, the rules decide.
    #[arg(long, value_parser = ["refuse", "ask", "temporary-account", "plain", "verified-tls"])]
    choice: Option<String>,
    /// Agree to send the message unprotected where that is necessary.
    #[arg(long)]
    consent: bool,
}

/// Use a temporary account, as an outside recipient.
#[derive(Args, Debug)]
pub struct Account {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Subcommand, Debug)]
enum AccountCommand {
    /// Sign in for the first time with the link from a notification, and choose a passphrase.
    Claim {
        /// The link: https://mail.example.org/pickup/…
        #[arg(long)]
        url: String,
        /// The PEM file with the trusted certificate authorities.
        #[arg(long)]
        ca: PathBuf,
        /// The file whose first line is the initial password.
        #[arg(long)]
        password_file: PathBuf,
        /// The file whose first line is your new passphrase, of at least 12 characters.
        #[arg(long)]
        new_password_file: PathBuf,
    },
}

#[derive(Args, Debug)]
struct Server {
    /// The server's URL, such as https://mail.example.org
    #[arg(long, global = true, required = false, default_value = "https://localhost:8443")]
    url: String,
    /// The PEM file with the trusted certificate authorities.
    #[arg(long, global = true, required = false, default_value = "ca.pem")]
    ca: PathBuf,
    /// The login name or an address of the account.
    #[arg(long, global = true, required = false, default_value = "")]
    user: String,
    /// The file whose first line is the password.
    #[arg(long, global = true, required = false, default_value = "password")]
    password_file: PathBuf,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// Runs the command; an error is reported on standard error.
pub fn run(mail: Mail) -> ExitCode {
    exit_code(run_to_end(perform(&mail)))
}

/// Runs the command; an error is reported on standard error.
pub fn run_account(account: Account) -> ExitCode {
    let AccountCommand::Claim { url, ca, password_file, new_password_file } = account.command;
    exit_code(run_to_end(async move {
        let wrong = || Error::Url(url.clone());
        let (server, token) = url.split_once("/pickup/").ok_or_else(wrong)?;
        let mut client = Client::connect(server, &ca).await?;
        let pickup = client.pickup(token.trim_end_matches('/')).await?;
        let name = pickup["loginName"].as_str().ok_or_else(|| {
            Error::Answer(format!(
                "the account is {}",
                pickup["state"].as_str().unwrap_or("missing")
            ))
        })?;
        let (old, own) = (first_line(&password_file)?, first_line(&new_password_file)?);
        let client = Client::sign_in_with(server, &ca, name, &old, Some(&own)).await?;
        client.sign_out().await?;
        println!("{name} is claimed; from now on, sign in with the new passphrase");
        Ok(())
    }))
}

fn run_to_end(work: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| local("runtime", &error))?.block_on(work)
}

fn exit_code(done: Result<(), Error>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output has enough: this ends as programs that SIGPIPE ends, 128 + 13.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::from(141)
        }
        Err(error) => {
            eprintln!("postern: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How results are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

async fn perform(mail: &Mail) -> Result<(), Error> {
    let server = &mail.server;
    let form = if server.json { Form::Json } else { Form::Text };
    let password = first_line(&server.password_file)?;
    let mut client = Client::sign_in(&server.url, &server.ca, &server.user, &password).await?;
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match &mail.command {
        Command::List { mailbox } => {
            let items = client.list(mailbox).await?;
            list(&mut out, &items, form)
        }
        Command::Show { reference } => {
            let item = client.show(*reference).await?;
            show(&mut out, &item, form)
        }
        Command::Get { reference } => {
            client.get_to(*reference, &mut out).await?;
            Ok(())
        }
        Command::Reject { reference } => {
            let at = client.reject(*reference).await?;
            rejected(&mut out, *reference, &at, form)
        }
        Command::Open { reference } => opened(&mut out, &client.open(*reference).await?, form),
        Command::Send(send) => {
            let text = body(&send.body_file)?;
            let message = Outgoing {
                to: &send.to,
                cc: &send.cc,
                bcc: &send.bcc,
                subject: &send.subject,
                text: &text,
                files: &send.attach,
                choice: send.choice.as_deref(),
                consent: send.consent,
            };
            sent(&mut out, &client.submit(&message).await?, form)
        }
        Command::Status { reference } => status(&mut out, &client.status(*reference).await?, form),
        Command::Search { query } => list(&mut out, &client.search(&query.join(" ")).await?, form),
        Command::Move { references, to } => {
            let failed = client.move_to(references, to).await?;
            if !failed.is_empty() {
                let problem = format!("could not move {}", failed.join(", "));
                return Err(Error::Local { what: "move".to_owned(), problem });
            }
            Ok(())
        }
        Command::Export { mailbox, mbox } => {
            export(&mut client, mailbox, mbox, &mut out).await?;
            Ok(())
        }
        Command::Reply { reference, body_file, attach, consent } => {
            let text = body(body_file)?;
            sent(&mut out, &client.reply(*reference, &text, attach, (*consent).into()).await?, form)
        }
        Command::Vouch { command } => match client.vouch(command).await? {
            None => Ok(()),
            Some(found) if form == Form::Json => json_line(&mut out, &found),
            Some(found) => vouching::write(&mut out, &found, printable),
        },
        Command::Groups { command } => groups(&mut out, client.groups(command).await?, form),
        Command::Board { command } => {
            boards::perform(&mut client, command, (&mut out, printable)).await?;
            Ok(())
        }
        Command::Contacts { command } => {
            contacts::perform(&mut client, command, &mut out).await?;
            Ok(())
        }
        Command::Profile { command } => {
            profiles::perform(&mut client, command, (&mut out, printable)).await?;
            Ok(())
        }
        Command::Notices { command } => {
            notices::perform(&mut client, command, (&mut out, printable)).await?;
            Ok(())
        }
        Command::Chat { command } => {
            chat::perform(&mut client, command, (&mut out, printable)).await?;
            Ok(())
        }
        Command::Calendar { command } => {
            calendar::perform(&mut client, command, (&mut out, printable)).await?;
            Ok(())
        }
    };
    let written = written.and_then(|()| out.flush());
    // The command itself has succeeded; if this fails, the session ends when it times out.
    if let Err(error) = client.sign_out().await {
        eprintln!("postern: signing out failed: {error}");
    }
    written.map_err(Error::Output)
}

/// Writes a mailbox to a file that must not exist yet, or to standard output for `-`.
async fn export(
    client: &mut Client,
    mailbox: &str,
    mbox: &Path,
    out: &mut impl Write,
) -> Result<(), Error> {
    let left_out = match mbox.as_os_str() == "-" {
        true => client.export(mailbox, out).await?,
        false => {
            let what = mbox.display().to_string();
            let file = std::fs::File::create_new(mbox);
            let mut file = BufWriter::new(file.map_err(|error| local(&what, &error))?);
            let left_out = client.export(mailbox, &mut file).await?;
            file.flush().map_err(|error| local(&what, &error))?;
            left_out
        }
    };
    if left_out > 0 {
        eprintln!("{left_out} messages were left out because they have not been opened yet");
    }
    Ok(())
}

fn local(what: &str, error: &io::Error) -> Error {
    Error::Local { what: what.to_owned(), problem: error.to_string() }
}

fn sent(out: &mut impl Write, sent: &Sent, form: Form) -> io::Result<()> {
    match form {
        Form::Json => json_line(out, sent),
        Form::Text => writeln!(out, "{}", sent.reference),
    }
}

fn status(out: &mut impl Write, sent: &Sent, form: Form) -> io::Result<()> {
    if form == Form::Json {
        return json_line(out, sent);
    }
    for one in &sent.recipients {
        writeln!(out, "{} {} {} {}", printable(&one.address), one.route, one.state, one.at)?;
    }
    Ok(())
}

fn opened(out: &mut impl Write, detail: &serde_json::Value, form: Form) -> io::Result<()> {
    if form == Form::Json {
        return json_line(out, detail);
    }
    writeln!(out, "{}", printable(detail["subject"].as_str().unwrap_or_default()))?;
    writeln!(out)?;
    for line in detail["text"].as_str().unwrap_or_default().lines() {
        writeln!(out, "{}", printable(line))?;
    }
    Ok(())
}

fn list(out: &mut impl Write, items: &[Item], form: Form) -> io::Result<()> {
    if form == Form::Json {
        return json_line(out, &items);
    }
    for item in items {
        let sender = printable(item.from.address.as_deref().unwrap_or("-"));
        let subject = printable(&item.subject);
        writeln!(out, "{} {} {sender} {subject}", item.reference, item.received_at)?;
    }
    Ok(())
}

fn show(out: &mut impl Write, item: &Item, form: Form) -> io::Result<()> {
    if form == Form::Json {
        return json_line(out, item);
    }
    let name = item.from.name.as_deref().unwrap_or_default();
    let address = item.from.address.as_deref().unwrap_or("-");
    writeln!(out, "reference   {}", item.reference)?;
    writeln!(out, "received    {}", item.received_at)?;
    writeln!(out, "from        {} <{}>", printable(name), printable(address))?;
    writeln!(out, "sender      {}", printable(&checked(&item.from)))?;
    writeln!(out, "subject     {}", printable(&item.subject))?;
    writeln!(out, "size        {} octets, {} attachments", item.size, item.attachments)?;
    writeln!(out, "protection  {}", item.protection)?;
    writeln!(out, "opened      {}", if item.opened { "yes" } else { "no" })
}

/// What is known about whether a message is from whom it says: `failed, lookalike example.org`.
fn checked(from: &Sender) -> String {
    let warnings = from.warnings.iter().map(|one| format!(", {} {}", one.kind, one.about));
    std::iter::once(from.check.clone()).chain(warnings).collect()
}

fn rejected(out: &mut impl Write, reference: Reference, at: &str, form: Form) -> io::Result<()> {
    if form == Form::Json {
        let answer = serde_json::json!({ "reference": reference, "outcome": "rejected", "at": at });
        return json_line(out, &answer);
    }
    writeln!(out, "{reference} rejected {at}")
}

fn groups(out: &mut impl Write, shown: Shown, form: Form) -> io::Result<()> {
    match (shown, form) {
        (Shown::Nothing, _) => Ok(()),
        (Shown::Groups(items), Form::Json) => json_line(out, &items),
        (Shown::Whole(whole), Form::Json) => json_line(out, &whole),
        (Shown::Created(group), Form::Json) => json_line(out, &group),
        (Shown::Groups(items), Form::Text) => {
            items.iter().try_for_each(|group| group_line(out, group))
        }
        (Shown::Created(group), Form::Text) => writeln!(out, "{}", group.id),
        (Shown::Whole(whole), Form::Text) => {
            group_line(out, &whole.group)?;
            for one in &whole.members {
                let manager = if one.manager { " manager" } else { "" };
                let waiting = if one.waiting { " waiting" } else { "" };
                let (name, address) = (printable(&one.name), printable(&one.address));
                writeln!(out, "{address} {name}{manager}{waiting}")?;
            }
            Ok(())
        }
    }
}

fn group_line(out: &mut impl Write, group: &Group) -> io::Result<()> {
    let Group { id, name, kind, address, role, .. } = group;
    let address = printable(address.as_deref().unwrap_or("-"));
    let name = printable(name.as_deref().unwrap_or("-"));
    writeln!(out, "{id} {kind} {role} {address} {name}")
}

fn json_line(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

/// Makes untrusted text safe for a terminal by replacing every control character.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
