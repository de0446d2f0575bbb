//! What every command needs: where the configuration is, how the daemon is asked, and how its answers
//! are printed.

use std::fmt::Write as _;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::config::{self, Config};
use crate::control::{self, Answer, Output, Request, UserRow};

use super::{Error, credentials};

/// Where the configuration is.
#[derive(Args, Debug)]
pub struct ConfigFile {
    /// The configuration file.
    #[arg(
        long,
        env = "POSTERN_CONFIG",
        default_value = "/etc/postern/postern.toml",
        global = true
    )]
    config: PathBuf,
}

impl ConfigFile {
    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.config
    }

    /// Reads the configuration.
    pub fn load(&self) -> Result<Config, config::Error> {
        let mut config = Config::load(&self.config)?;
        if let Some(folder) = credentials::folder() {
            credentials::place(&mut config, &folder);
        }
        Ok(config)
    }
}

/// Sends a request to the running daemon, or opens the store and handles it here if none runs.
pub fn ask(config: &Config, request: Request) -> Result<Answer, Error> {
    ask_writing(config, request, &mut std::io::sink())
}

/// As [`ask`], and writes the octets that come before the answer to `to`.
pub fn ask_writing(config: &Config, request: Request, to: &mut dyn Write) -> Result<Answer, Error> {
    let mut shown = Shown { bar: Bar::default(), to };
    if let Some(stream) = control::client::connect(&config.server.data) {
        return Ok(control::client::ask(stream, (&request, &[]), &mut shown)?);
    }
    let opened = super::open(config, &mut |done, total| shown.bar.show(done, total))?;
    let answer = control::handle(&opened.gateway, (request, &[]), &mut shown);
    opened.close()?;
    Ok(answer)
}

/// Shows how far a command is, and writes what it sends.
pub struct Shown<'t> {
    pub bar: Bar,
    pub to: &'t mut dyn Write,
}

impl Output for Shown<'_> {
    fn progress(&mut self, done: u64, total: u64) {
        self.bar.show(done, total);
    }

    fn octets(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.to.write_all(octets)
    }
}

/// Prints an answer; returns the exit status.
pub fn print(answer: Answer) -> Result<ExitCode, Error> {
    match answer {
        Answer::Done { message } => say(format_args!("{message}"))?,
        Answer::PasswordSet { message, recovery_key, own_password } => {
            say(format_args!("{message}"))?;
            say(format_args!("recovery key {recovery_key}"))?;
            say(format_args!(
                "The previous recovery key no longer works; this one is shown only now."
            ))?;
            if !own_password {
                say(format_args!("At the next sign-in the user chooses another password."))?;
            }
        }
        Answer::UserCreated { address, recovery_key, own_password } => {
            say(format_args!("address      {address}"))?;
            say(format_args!("recovery key {recovery_key}"))?;
            say(format_args!(
                "The recovery key is shown only now. It unlocks the account if the password"
            ))?;
            say(format_args!("is lost, which an administrator cannot do."))?;
            if !own_password {
                say(format_args!(
                    "At the first sign-in the user chooses another password, and gets"
                ))?;
                say(format_args!("another recovery key; then this one no longer works."))?;
            }
        }
        Answer::Users { users } => print_table(&users)?,
        Answer::Queue { rows } => {
            for row in &rows {
                say(format_args!(
                    "{} {} {:<8} due {} attempts {} {} -> {} {}",
                    &row.id[..12],
                    row.reference,
                    row.state,
                    row.due,
                    row.attempts,
                    row.from,
                    row.to,
                    row.last.as_deref().unwrap_or_default()
                ))?;
            }
            say(format_args!("{} in the queue", rows.len()))?;
        }
        Answer::Temporaries { rows } => {
            for row in &rows {
                let claimed = row.claimed.as_deref().unwrap_or("no");
                say(format_args!(
                    "{:<30} until {} messages {} sponsor {} claimed {claimed}",
                    row.address, row.expires, row.messages, row.sponsor
                ))?;
            }
            say(format_args!("{} temporary accounts", rows.len()))?;
        }
        Answer::Boards { rows } => {
            for row in &rows {
                let count =
                    |people: Option<usize>| people.map_or("all".to_owned(), |n| n.to_string());
                say(format_args!(
                    "{} {} posts {} octets {} readers {} managers {}",
                    row.id,
                    row.created,
                    row.posts,
                    row.octets,
                    count(row.readers),
                    count(row.managers)
                ))?;
            }
            say(format_args!("{} boards", rows.len()))?;
        }
        Answer::Verified { segments, frames, records, contents, damage } => {
            say(format_args!(
                "{segments} segments, {frames} frames, {records} records, {contents} contents"
            ))?;
            for line in &damage {
                say(format_args!("damaged: {line}"))?;
            }
            say(format_args!("{} damaged", damage.len()))?;
            if !damage.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
        Answer::Failed { message } => return Err(Error::Usage(message)),
        Answer::Progress { .. } | Answer::Octets { .. } => {}
        Answer::BackedUp { .. } | Answer::Imported { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a line to standard output.
pub fn say(line: std::fmt::Arguments<'_>) -> Result<(), Error> {
    writeln!(std::io::stdout(), "{line}").map_err(Error::Output)
}

/// Returns the first line of a file, or of standard input for `-`.
pub fn secret(path: &Path) -> Result<String, Error> {
    /// Password files are small; of a longer file, only this much is read.
    const OCTETS_MAX: u64 = 8 * 1024;
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(OCTETS_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(OCTETS_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A progress bar for long work, shown only on a terminal.
#[derive(Default)]
pub struct Bar(std::cell::OnceCell<ProgressBar>);

impl Bar {
    /// Shows that so much of so much is done.
    pub fn show(&self, done: u64, total: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let bar = self.0.get_or_init(|| {
            let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}")
                .expect("the template is fixed");
            let bar = ProgressBar::new(total).with_style(style);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.0.get() {
            bar.finish_and_clear();
        }
    }
}

/// Prints the rows of an answer as JSON.
pub fn print_json(answer: Answer) -> Result<ExitCode, Error> {
    let text = match &answer {
        Answer::Users { users } => serde_json::to_string_pretty(users),
        Answer::Queue { rows } => serde_json::to_string_pretty(rows),
        Answer::Boards { rows } => serde_json::to_string_pretty(rows),
        Answer::Temporaries { rows } => serde_json::to_string_pretty(rows),
        _ => return print(answer),
    };
    say(format_args!("{}", text.expect("rows can be serialised")))?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the accounts in columns that are as wide as what stands in them.
pub fn print_table(users: &[UserRow]) -> Result<(), Error> {
    const HEAD: [&str; 6] = ["NAME", "STATE", "STORES", "MESSAGES", "LAST ACTIVE", "ADDRESSES"];
    let rows: Vec<[String; 6]> = users.iter().map(columns).collect();
    let wide = |at: usize| {
        let widths = rows.iter().map(|row| row[at].chars().count());
        widths.chain([HEAD[at].len()]).max().unwrap_or_default()
    };
    let widths: [usize; 6] = std::array::from_fn(wide);
    for row in [HEAD.map(str::to_owned)].iter().chain(&rows) {
        let mut line = String::new();
        for (text, width) in row.iter().zip(widths) {
            let _ = write!(line, "{text:<width$}  ");
        }
        say(format_args!("{}", line.trim_end()))?;
    }
    Ok(())
}

fn columns(user: &UserRow) -> [String; 6] {
    let state = match (user.disabled, user.manager) {
        (true, _) => "disabled",
        (false, true) => "manager",
        (false, false) => "active",
    };
    let of = |used: String, most: u64, shown: String| match most {
        0 => used,
        _ => format!("{used} of {shown}"),
    };
    [
        user.name.clone(),
        state.to_owned(),
        of(mib(user.octets), user.octets_max, mib(user.octets_max)),
        of(user.messages.to_string(), user.messages_max, user.messages_max.to_string()),
        user.last_interaction.clone().unwrap_or_else(|| "never".to_owned()),
        user.addresses.join(" "),
    ]
}

fn mib(octets: u64) -> String {
    format!("{} MiB", octets.div_ceil(1 << 20))
}
