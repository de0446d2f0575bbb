//! `postern user`: commands about accounts.

use std::io::{BufRead, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::config::Config;
use crate::control::{Answer, Limit, NewUser, Request};
use crate::terms::AcceptFrom;
use crate::vault::random_password;

use super::Error;
use super::console::{ask, print, print_json, print_table, say, secret};

#[derive(Subcommand, Debug)]
pub enum UserCommand {
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
        /// Text that occurs in a name or an address of the accounts to list; by default, all are.
        find: Option<String>,
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
    /// Remove a user for good: nothing opens the account from then on, and all mail in it goes. Senders
    /// inside whose messages were not opened get a notice.
    Remove {
        /// Login name.
        name: String,
        /// The login name once more, instead of typing it when asked.
        #[arg(long)]
        confirm: Option<String>,
        /// Let another account have the name and the addresses at once, not after 90 days.
        #[arg(long)]
        free: bool,
    },
    /// Add an address to an account.
    AddAddress {
        /// Login name.
        name: String,
        /// An address in one of the configured domains.
        address: String,
    },
    /// Remove an address from an account; mail for it is refused from then on.
    RemoveAddress {
        /// Login name.
        name: String,
        /// The address. If it is the account's own one, the next takes its place.
        address: String,
        /// Let another account have it at once, not after 90 days.
        #[arg(long)]
        free: bool,
    },
    /// End all sessions of a user, wherever they are. App passwords stay.
    SignOut {
        /// Login name.
        name: String,
    },
    /// Let another account have a login name or an address that is held.
    Release {
        /// A login name or an address of a user who was removed, or an address that was removed.
        name: String,
    },
    /// Let an account try codes again, after a hundred wrong ones in a row.
    ResetTotp {
        /// Login name.
        name: String,
    },
    /// Set how much an account may store, or print it if nothing is to be set.
    Quota {
        /// Login name.
        name: String,
        /// The most octets, 0 for no limit, or `configured` for the limit in the configuration.
        #[arg(long, value_parser = limit)]
        octets: Option<Limit>,
        /// The most messages, 0 for no limit, or `configured`.
        #[arg(long, value_parser = limit)]
        messages: Option<Limit>,
    },
}

fn limit(text: &str) -> Result<Limit, String> {
    match text {
        "configured" => Ok(Limit::Configured),
        text => text.parse().map(Limit::Of).map_err(|_| "a number, or `configured`".to_owned()),
    }
}

/// Parses the words for whose messages an account accepts; the help lists them.
fn accept_from() -> impl TypedValueParser<Value = AcceptFrom> {
    PossibleValuesParser::new(AcceptFrom::ALL.map(AcceptFrom::as_str))
        .try_map(|word| word.parse::<AcceptFrom>())
}

/// Carries out a command about accounts.
pub fn user(config: &Config, command: UserCommand) -> Result<ExitCode, Error> {
    let request = match command {
        UserCommand::Add { name, display_name, addresses, password_file, own_password } => {
            let password = (password_file, own_password);
            return add(config, name, display_name, addresses, password);
        }
        UserCommand::List { find, json } => return list(config, find.as_deref(), json),
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
        UserCommand::Remove { name, confirm, free } => {
            let typed = confirm.map_or_else(|| typed_again(&name), Ok)?;
            Request::UserRemove { name, typed, free }
        }
        UserCommand::AddAddress { name, address } => Request::UserAddressAdd { name, address },
        UserCommand::RemoveAddress { name, address, free } => {
            Request::UserAddressRemove { name, address, free }
        }
        UserCommand::Release { name } => Request::UserRelease { name },
        UserCommand::ResetTotp { name } => Request::UserResetTotp { name },
        UserCommand::SignOut { name } => Request::UserSignOut { name },
        UserCommand::Quota { name, octets: None, messages: None } => {
            return list(config, Some(&name), false);
        }
        UserCommand::Quota { name, octets, messages } => {
            let kept = |limit: Option<Limit>| limit.unwrap_or(Limit::Keep);
            Request::UserQuota { name, octets: kept(octets), messages: kept(messages) }
        }
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

/// Asks for the login name once more, which is no accident.
fn typed_again(name: &str) -> Result<String, Error> {
    const OCTETS_MAX: u64 = 1024;
    eprintln!(
        "Nothing in the account of {name} can be opened from then on; only a backup brings it back."
    );
    eprint!("Type the login name to remove it: ");
    let mut typed = String::new();
    std::io::stdin().lock().take(OCTETS_MAX).read_line(&mut typed)?;
    Ok(typed.trim().to_owned())
}

/// Prints the accounts in which `find` occurs, as the table of the webmail finds them.
fn list(config: &Config, find: Option<&str>, json: bool) -> Result<ExitCode, Error> {
    let answer = ask(config, Request::UserList)?;
    let Answer::Users { mut users } = answer else { return print(answer) };
    let wanted = find.unwrap_or_default().to_lowercase();
    users.retain(|user| {
        let mut texts = user.addresses.iter().chain([&user.name, &user.display_name]);
        texts.any(|text| text.to_lowercase().contains(&wanted))
    });
    match json {
        true => print_json(Answer::Users { users }),
        false => print_table(&users).map(|()| ExitCode::SUCCESS),
    }
}
