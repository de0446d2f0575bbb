//! The command-line interface: the commands and their output.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::Config;
use crate::control::Request;
use crate::net::dns::Resolver;
use crate::relay;
use crate::relay::dkim::NewKey;
use crate::vault::DaemonKey;

use super::console::{ConfigFile, ask, print, print_json, say};
use super::dns_check::{self, Verdict};
use super::examine::{Found, examine};
use super::users::{UserCommand, user};
use super::{Error, backup, demo, files, import, manual};

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
    /// Show the DNS records that the domains need, with what is there now.
    CheckDns(ConfigFile),
    /// Manage accounts: add, list, disable, enable, passwd, recover, accept-from, manager, remove,
    /// add-address, remove-address, sign-out, release, reset-totp,
    /// quota.
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
    /// Write a sealed copy of the whole store into a file, while the daemon runs or not.
    Backup(backup::Backup),
    /// Make a data folder from a backup.
    Restore(backup::Restore),
    /// Import an mbox file or a Maildir folder for a user, sealed for that account alone.
    Import(import::Import),
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
    /// Manage boards by number, without reading them: list, delete, manager.
    Board {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        command: BoardCommand,
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

#[derive(Subcommand, Debug)]
enum BoardCommand {
    /// List boards, one line for each, the latest first.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete a board with all its posts.
    Delete {
        /// The number that `postern board list` shows.
        id: String,
    },
    /// Name a manager of a board that nobody who can sign in manages.
    Manager {
        /// The number that `postern board list` shows.
        id: String,
        /// The login name of somebody who reads the board.
        name: String,
    },
}

impl Cli {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode, Error> {
        match self.command {
            Command::Serve(file) => super::serve(&file.load()?)?,
            Command::Demo(demo) => demo::run(&demo)?,
            Command::Setup(file) => setup(&file.load()?)?,
            Command::CheckConfig(file) => return check_config(&file),
            Command::CheckDns(file) => return check_dns(&file.load()?),
            Command::User { config, command } => return user(&config.load()?, command),
            Command::Verify(file) => return print(ask(&file.load()?, Request::Verify)?),
            Command::Compact(file) => return print(ask(&file.load()?, Request::Compact)?),
            Command::Backup(backup) => return backup::backup(&backup),
            Command::Restore(restore) => backup::restore(&restore)?,
            Command::Import(command) => return import::run(&command),
            Command::Mail(mail) => return Ok(crate::client::cli::run(mail)),
            Command::Account(account) => return Ok(crate::client::cli::run_account(account)),
            Command::Queue { config, command } => return queue(&config.load()?, command),
            Command::Dkim { command } => dkim(command)?,
            Command::Temporary { config, command } => return temporary(&config.load()?, command),
            Command::Board { config, command } => return board(&config.load()?, command),
            Command::Man { folder } => manual::write(Cli::command(), &folder)?,
            Command::Completions { shell } => manual::completions(Cli::command(), shell)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The exit status for a configuration that the daemon cannot start with (sysexits.h, EX_CONFIG).
const EX_CONFIG: u8 = 78;

fn check_config(file: &ConfigFile) -> Result<ExitCode, Error> {
    let errors = Config::errors(file.path());
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
    say(format_args!("ok       {:<17} {}", "configuration", file.path().display()))?;
    let all = examine(&config);
    for one in &all {
        say(format_args!("{one}"))?;
    }
    Ok(match all.iter().any(|one| matches!(one.found, Found::Wrong(_))) {
        true => ExitCode::from(EX_CONFIG),
        false => ExitCode::SUCCESS,
    })
}

fn check_dns(config: &Config) -> Result<ExitCode, Error> {
    let resolver = Resolver::new(&config.dns).map_err(relay::Error::from)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let all = runtime.block_on(dns_check::check(config, &resolver))?;
    for one in &all {
        say(format_args!("{one}"))?;
    }
    Ok(match all.iter().any(|one| matches!(one.verdict, Verdict::Wrong(_))) {
        true => ExitCode::FAILURE,
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
    // The daemon runs in another folder: the configuration needs the whole path.
    let key_file = std::path::absolute(&key_file)?;
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

fn board(config: &Config, command: BoardCommand) -> Result<ExitCode, Error> {
    let request = match command {
        BoardCommand::List { json: true } => return print_json(ask(config, Request::BoardList)?),
        BoardCommand::List { json: false } => Request::BoardList,
        BoardCommand::Delete { id } => Request::BoardDelete { id },
        BoardCommand::Manager { id, name } => Request::BoardManager { id, name },
    };
    print(ask(config, request)?)
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
