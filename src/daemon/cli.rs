//! The command-line interface: the commands and their output.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use indicatif::{ProgressBar, ProgressStyle};

use crate::config::{self, Config};
use crate::control::{self, Answer, NewUser, Request, UserRow};
use crate::relay;
use crate::relay::dkim::NewKey;
use crate::terms::AcceptFrom;
use crate::vault::{DaemonKey, random_password};

use super::examine::{Found, examine};
use super::{Error, credentials, demo, files, manual};

/// A secure mail gateway in one daemon.
#[derive(Parser, Debug)]
#[command(name = "postern", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the daemon.
    Serve(ConfigFile),
    /// Run the whole product on loopback, with sample users and messages.
    Demo(demo::Demo),
    /// Create the data folder and the daemon key that the configuration names.
    Setup(ConfigFile),
    /// Check the configuration and report errors in it.
    CheckConfig(ConfigFile),
    /// Manage accounts: add, list, disable, enable, passwd, recover, accept-from, manager.
    User {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Read back everything in the store and report damage.
    Verify(ConfigFile),
    /// Reclaim space in the store and erase deleted messages from the disk now.
    Compact(ConfigFile),
    /// Read and send mail from a script, over the same HTTPS API as the browser.
    Mail(crate::client::cli::Mail),
    /// Use a temporary account from a script, as an external recipient does.
    Account(crate::client::cli::Account),
    /// Manage the queue of outgoing mail: list, show, retry, hold, release, drop.
    Queue {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: QueueCommand,
    },
    /// Manage the keys that sign outgoing mail: new.
    Dkim {
        #[command(subcommand)]
        command: DkimCommand,
    },
    /// Manage temporary accounts of external recipients: list, renew, revoke.
    Temporary {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: TemporaryCommand,
    },
    /// Write the manual pages into a folder.
    Man {
        /// An existing folder, such as /usr/local/share/man/man1; its pages of Postern are replaced.
        folder: PathBuf,
    },
    /// Print what a shell needs to complete the commands.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Subcommand, Debug)]
enum DkimCommand {
    /// Create a key file, and print the DNS record for the key.
    New {
        /// The domain of the From address.
        #[arg(long)]
        domain: String,
        /// The name of the key below `_domainkey` of the domain; any word, such as s1.
        #[arg(long)]
        selector: String,
        /// Use RSA with 2048 bits instead of Ed25519. Many receivers support only RSA, so create
        /// both.
        #[arg(long)]
        rsa: bool,
        /// The file to create, with mode 0600.
        #[arg(long)]
        key_file: PathBuf,
    },
}

#[derive(Subcommand, Debug)]
enum QueueCommand {
    /// List the queue, one line for each message and recipient, the next due first.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show all details of a queue row.
    Show(QueueRowName),
    /// Make a delivery attempt now.
    Retry(QueueRowName),
    /// Suspend delivery.
    Hold(QueueRowName),
    /// Resume delivery of a held queue row now.
    Release(QueueRowName),
    /// Give up delivery; the sender is notified.
    Drop(QueueRowName),
}

#[derive(Args, Debug)]
struct QueueRowName {
    /// The id that `postern queue list` shows, its first digits, or the reference number of a message
    /// that waits for one recipient.
    id: String,
}

#[derive(Subcommand, Debug)]
enum TemporaryCommand {
    /// List temporary accounts, one line for each.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Renew a temporary account for another full period.
    Renew {
        /// The address of the external recipient.
        address: String,
    },
    /// Terminate a temporary account now: its keys and everything in it are destroyed.
    Revoke {
        /// The address of the external recipient.
        address: String,
    },
}

/// Where the configuration is.
#[derive(Args, Debug)]
struct ConfigFile {
    /// The configuration file.
    #[arg(
        long,
        env = "POSTERN_CONFIG",
        default_value = "/etc/postern/postern.toml",
        global = true
    )]
    config: PathBuf,
}

#[derive(Subcommand, Debug)]
enum UserCommand {
    /// Create an account; its recovery key is printed only this once.
    Add {
        /// Login name.
        name: String,
        /// Name shown to others; by default, the login name.
        #[arg(long)]
        display_name: Option<String>,
        /// An address of the account; by default, NAME at the first domain.
        #[arg(long = "address")]
        addresses: Vec<String>,
        /// The file with the password, or `-` for standard input; by default, a random password
        /// is generated and printed.
        #[arg(long)]
        password_file: Option<PathBuf>,
        /// The owner of the account chose this password. Otherwise the owner has to choose another
        /// at the first sign-in, and then gets another recovery key.
        #[arg(long, requires = "password_file")]
        own_password: bool,
    },
    /// List accounts.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Disable an account: no log-in, no new mail; everything in it is kept.
    Disable {
        /// Login name.
        name: String,
    },
    /// Enable a disabled account.
    Enable {
        /// Login name.
        name: String,
    },
    /// Change a password, with the old one.
    Passwd {
        /// Login name.
        name: String,
        /// The file whose first line is the old password, or `-` for standard input.
        #[arg(long)]
        old_password_file: PathBuf,
        /// The file whose first line is the new password.
        #[arg(long)]
        new_password_file: PathBuf,
        /// The owner of the account chose the new password. Otherwise the owner has to choose another
        /// at the next sign-in.
        #[arg(long)]
        own_password: bool,
    },
    /// Set a new password, with the recovery key.
    Recover {
        /// Login name.
        name: String,
        /// The file whose first line is the recovery key, or `-` for standard input.
        #[arg(long)]
        recovery_key_file: PathBuf,
        /// The file whose first line is the new password.
        #[arg(long)]
        new_password_file: PathBuf,
        /// The owner of the account chose the new password. Otherwise the owner has to choose another
        /// at the next sign-in.
        #[arg(long)]
        own_password: bool,
    },
    /// Set from whom an account accepts mail.
    AcceptFrom {
        /// Login name.
        name: String,
        /// Whose messages are accepted.
        #[arg(value_parser = accept_from())]
        from: AcceptFrom,
    },
    /// Make a user an administrator, who can use the Admin pages of the webmail.
    Manager {
        /// Login name.
        name: String,
        /// Revoke it.
        #[arg(long)]
        off: bool,
    },
}

/// Parses the words for whose messages an account accepts; the help lists them.
fn accept_from() -> impl TypedValueParser<Value = AcceptFrom> {
    PossibleValuesParser::new(AcceptFrom::ALL.map(AcceptFrom::as_str))
        .try_map(|word| word.parse::<AcceptFrom>())
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Error> {
        match self.command {
            Command::Serve(file) => super::serve(&file.load()?)?,
            Command::Demo(demo) => demo::run(&demo)?,
            Command::Setup(file) => setup(&file.load()?)?,
            Command::CheckConfig(file) => return check_config(&file),
            Command::User { config, command } => return user(&config.load()?, command),
            Command::Verify(file) => return print(ask(&file.load()?, Request::Verify)?),
            Command::Compact(file) => return print(ask(&file.load()?, Request::Compact)?),
            Command::Mail(mail) => return Ok(crate::client::cli::run(mail)),
            Command::Account(account) => return Ok(crate::client::cli::run_account(account)),
            Command::Queue { config, command } => return queue(&config.load()?, command),
            Command::Dkim { command } => dkim(command)?,
            Command::Temporary { config, command } => return temporary(&config.load()?, command),
            Command::Man { folder } => manual::write(Cli::command(), &folder)?,
            Command::Completions { shell } => manual::completions(Cli::command(), shell)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl ConfigFile {
    fn load(&self) -> Result<Config, config::Error> {
        let mut config = Config::load(&self.config)?;
        if let Some(folder) = credentials::folder() {
            credentials::place(&mut config, &folder);
        }
        Ok(config)
    }
}

/// The exit status for a configuration that the daemon cannot start with (sysexits.h, EX_CONFIG).
const EX_CONFIG: u8 = 78;

fn check_config(file: &ConfigFile) -> Result<ExitCode, Error> {
    let errors = Config::errors(&file.config);
    if !errors.is_empty() {
        for error in &errors {
            say(format_args!("WRONG    {error}"))?;
        }
        return Ok(ExitCode::from(EX_CONFIG));
    }
    let config = match file.load() {
        Ok(config) => config,
        Err(error) => {
            say(format_args!("WRONG    {error}"))?;
            return Ok(ExitCode::from(EX_CONFIG));
        }
    };
    say(format_args!("ok       {:<17} {}", "configuration", file.config.display()))?;
    let all = examine(&config);
    for one in &all {
        say(format_args!("{one}"))?;
    }
    Ok(match all.iter().any(|one| matches!(one.found, Found::Wrong(_))) {
        true => ExitCode::from(EX_CONFIG),
        false => ExitCode::SUCCESS,
    })
}

fn queue(config: &Config, command: QueueCommand) -> Result<ExitCode, Error> {
    let request = match command {
        QueueCommand::List { json: true } => {
            return print_json(ask(config, Request::QueueList)?);
        }
        QueueCommand::List { json: false } => Request::QueueList,
        QueueCommand::Show(QueueRowName { id }) => {
            return print_json(ask(config, Request::QueueShow { id })?);
        }
        QueueCommand::Retry(QueueRowName { id }) => Request::QueueRetry { id },
        QueueCommand::Hold(QueueRowName { id }) => Request::QueueHold { id },
        QueueCommand::Release(QueueRowName { id }) => Request::QueueRetry { id },
        QueueCommand::Drop(QueueRowName { id }) => Request::QueueDrop { id },
    };
    print(ask(config, request)?)
}

fn dkim(command: DkimCommand) -> Result<(), Error> {
    let DkimCommand::New { domain, selector, rsa, key_file } = command;
    let kind = if rsa { NewKey::Rsa } else { NewKey::Ed25519 };
    let made = relay::dkim::make(kind, &domain, &selector)?;
    relay::dkim::write(&key_file, &made)?;
    say(format_args!("key file     {} (created)", key_file.display()))?;
    say(format_args!("DNS record   {} TXT", made.record.0))?;
    // A string in a TXT record holds at most 255 octets (RFC 1035 §3.3.14).
    for part in made.record.1.as_bytes().chunks(255) {
        say(format_args!("             \"{}\"", String::from_utf8_lossy(part)))?;
    }
    say(format_args!("Add this to the configuration:"))?;
    say(format_args!("[dkim]"))?;
    say(format_args!(
        "keys = [{{ domain = \"{domain}\", selector = \"{selector}\", key_file = \"{}\" }}]",
        key_file.display()
    ))?;
    Ok(())
}

fn temporary(config: &Config, command: TemporaryCommand) -> Result<ExitCode, Error> {
    let request = match command {
        TemporaryCommand::List { json: true } => {
            return print_json(ask(config, Request::TemporaryList)?);
        }
        TemporaryCommand::List { json: false } => Request::TemporaryList,
        TemporaryCommand::Renew { address } => Request::TemporaryRenew { address },
        TemporaryCommand::Revoke { address } => Request::TemporaryRevoke { address },
    };
    print(ask(config, request)?)
}

fn print_json(answer: Answer) -> Result<ExitCode, Error> {
    let text = match &answer {
        Answer::Users { users } => serde_json::to_string_pretty(users),
        Answer::Queue { rows } => serde_json::to_string_pretty(rows),
        Answer::Temporaries { rows } => serde_json::to_string_pretty(rows),
        _ => return print(answer),
    };
    say(format_args!("{}", text.expect("rows can be serialised")))?;
    Ok(ExitCode::SUCCESS)
}

fn setup(config: &Config) -> Result<(), Error> {
    files::private_folder(&config.server.data)?;
    say(format_args!("data folder  {}", config.server.data.display()))?;
    let key = &config.server.daemon_key;
    if key.exists() {
        DaemonKey::load(key)?;
        say(format_args!("daemon key   {} (already exists)", key.display()))?;
    } else {
        DaemonKey::create_file(key)?;
        say(format_args!("daemon key   {} (created)", key.display()))?;
    }
    say(format_args!(
        "Keep a copy of the key, separate from backups of the data folder. Without the key,"
    ))?;
    say(format_args!(
        "nothing in the store can be read; with it, addresses and the queue can be."
    ))?;
    Ok(())
}

fn user(config: &Config, command: UserCommand) -> Result<ExitCode, Error> {
    let request = match command {
        UserCommand::Add { name, display_name, addresses, password_file, own_password } => {
            let password = (password_file, own_password);
            return add(config, name, display_name, addresses, password);
        }
        UserCommand::List { json: true } => return print_json(ask(config, Request::UserList)?),
        UserCommand::List { json: false } => Request::UserList,
        UserCommand::Disable { name } => Request::UserDisable { name },
        UserCommand::Enable { name } => Request::UserEnable { name },
        UserCommand::Passwd { name, old_password_file, new_password_file, own_password } => {
            let (old, new) = (secret(&old_password_file)?, secret(&new_password_file)?);
            Request::UserPassword { name, old, new, own_password }
        }
        UserCommand::Recover { name, recovery_key_file, new_password_file, own_password } => {
            let recovery_key = secret(&recovery_key_file)?;
            let new = secret(&new_password_file)?;
            Request::UserRecover { name, recovery_key, new, own_password }
        }
        UserCommand::AcceptFrom { name, from } => Request::UserAcceptFrom { name, accept: from },
        UserCommand::Manager { name, off } => Request::UserManager { name, on: !off },
    };
    print(ask(config, request)?)
}

fn add(
    config: &Config,
    name: String,
    display_name: Option<String>,
    mut addresses: Vec<String>,
    (password_file, own_password): (Option<PathBuf>, bool),
) -> Result<ExitCode, Error> {
    if addresses.is_empty() {
        let domain = config.server.domains.first().expect("a checked configuration has a domain");
        addresses.push(format!("{name}@{domain}"));
    }
    let (password, random) = match &password_file {
        Some(path) => (secret(path)?, false),
        None => (random_password()?.expose().to_owned(), true),
    };
    let display_name = display_name.unwrap_or_else(|| name.clone());
    let password_copy = password.clone();
    let user = NewUser { name, display_name, addresses, password: password_copy, own_password };
    let answer = ask(config, Request::UserAdd(user))?;
    if random && matches!(answer, Answer::UserCreated { .. }) {
        say(format_args!("password     {password}"))?;
    }
    print(answer)
}

/// Sends a request to the running daemon, or opens the store and handles it here if none runs.
fn ask(config: &Config, request: Request) -> Result<Answer, Error> {
    let bar = Bar::default();
    let mut progress = |done, total| bar.show(done, total);
    if let Some(stream) = control::client::connect(&config.server.data) {
        return Ok(control::client::ask(stream, &request, &mut progress)?);
    }
    let opened = super::open(config, &mut |done, total| bar.show(done, total))?;
    let answer = control::handle(&opened.gateway, request, &mut progress);
    opened.close()?;
    Ok(answer)
}

fn print(answer: Answer) -> Result<ExitCode, Error> {
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
        Answer::Users { users } => users.iter().try_for_each(print_user)?,
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
        Answer::Progress { .. } => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn print_user(user: &UserRow) -> Result<(), Error> {
    let state = if user.disabled { "disabled" } else { "active" };
    let last = user.last_interaction.as_deref().unwrap_or("never");
    say(format_args!("{:<20} {:<9} {:<28} last {last}", user.name, state, user.addresses.join(" ")))
}

/// Writes a line to standard output.
fn say(line: std::fmt::Arguments<'_>) -> Result<(), Error> {
    writeln!(std::io::stdout(), "{line}").map_err(Error::Output)
}

/// Returns the first line of a file, or of standard input for `-`.
fn secret(path: &Path) -> Result<String, Error> {
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
struct Bar(std::cell::OnceCell<ProgressBar>);

impl Bar {
    fn show(&self, done: u64, total: u64) {
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
