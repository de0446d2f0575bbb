//! Commands about accounts.

use crate::gateway::records::audit::Act;
use crate::gateway::removal::addresses::{HELD_DAYS, NameAfter};
use crate::gateway::{ChangedFrom, ChosenBy, Error, Gateway, NewAccount, OwnQuota};
use crate::gateway::{Password, RecoveryKey};
use crate::mail::address::Address;

use super::protocol::{Answer, CONSOLE, Limit, NewUser, Request, UserRow};

pub(super) fn handle(gateway: &Gateway, request: Request) -> Result<Answer, Error> {
    match request {
        Request::UserAdd(user) => add(gateway, &user),
        Request::UserList => {
            let users = gateway.account_list()?.into_iter().map(UserRow::from).collect();
            Ok(Answer::Users { users })
        }
        Request::UserDisable { name } => {
            gateway.account_disable(&name)?;
            gateway.note(CONSOLE, Act::UserDisabled, &name, "");
            done(format!("{name} is disabled; the account's messages are kept"))
        }
        Request::UserEnable { name } => {
            gateway.account_enable(&name)?;
            gateway.note(CONSOLE, Act::UserEnabled, &name, "");
            done(format!("{name} may sign in again"))
        }
        Request::UserPassword { name, old, new, own_password } => {
            let (old, new) = (password(&old)?, password(&new)?);
            let key = gateway.account_password(&name, &old, &new, chosen_by(own_password))?;
            gateway.note(CONSOLE, Act::PasswordChanged, &name, "");
            Ok(renewed(&name, &key, own_password))
        }
        Request::UserRecover { name, recovery_key, new, own_password } => {
            let key = RecoveryKey::parse(&recovery_key)?;
            let by = (ChangedFrom::Server, chosen_by(own_password).into());
            let key = gateway.account_recover(&name, &key, &password(&new)?, by)?;
            gateway.note(CONSOLE, Act::Recovered, &name, "");
            Ok(renewed(&name, &key, own_password))
        }
        Request::UserAcceptFrom { name, accept } => {
            gateway.account_accept_from(&name, accept)?;
            gateway.note(CONSOLE, Act::UserChanged, &name, "");
            done(format!("{name} accepts mail from: {}", accept.as_str()))
        }
        Request::UserManager { name, on } => {
            gateway.account_manager(&name, on)?;
            gateway.note(
                CONSOLE,
                if on { Act::ManagerGranted } else { Act::ManagerRevoked },
                &name,
                "",
            );
            done(match on {
                true => format!("{name} is an administrator"),
                false => format!("{name} is no longer an administrator"),
            })
        }
        other => kept_or_removed(gateway, other),
    }
}

/// Commands about what a user has, and about its end.
fn kept_or_removed(gateway: &Gateway, request: Request) -> Result<Answer, Error> {
    match request {
        Request::UserRemove { name, typed, free } => {
            gateway.account_remove(&name, &typed, after(free))?;
            gateway.note(CONSOLE, Act::UserRemoved, &name, "");
            done(format!(
                "{name} is removed: nothing in the account opens any more. {}",
                said(free)
            ))
        }
        Request::UserAddressAdd { name, address } => {
            gateway.account_address_add(&name, &parsed(&address)?)?;
            gateway.note(CONSOLE, Act::AddressAdded, &format!("{name}: {address}"), "");
            done(format!("mail for {address} reaches {name}"))
        }
        Request::UserAddressRemove { name, address, free } => {
            gateway.account_address_remove(&name, &parsed(&address)?, after(free))?;
            gateway.note(CONSOLE, Act::AddressRemoved, &format!("{name}: {address}"), "");
            done(format!("mail for {address} is refused. {}", said(free)))
        }
        Request::UserSignOut { name } => {
            gateway.account_sign_out(&name)?;
            gateway.note(CONSOLE, Act::SessionsEnded, &name, "");
            done(format!("all sessions of {name} were ended"))
        }
        Request::UserRelease { name } => {
            gateway.held_name_release(&name)?;
            gateway.note(CONSOLE, Act::UserChanged, &name, "");
            done(format!("another account can have {name}"))
        }
        Request::UserResetTotp { name } => {
            gateway.account_totp_reset(&name)?;
            gateway.note(CONSOLE, Act::TotpReset, &name, "");
            done(format!("{name} may try codes again"))
        }
        Request::UserQuota { name, octets, messages } => {
            let before = gateway.account_own_quota(&name)?;
            let own = OwnQuota {
                octets: limit(octets, before.octets),
                messages: limit(messages, before.messages),
            };
            gateway.account_quota(&name, own)?;
            gateway.note(CONSOLE, Act::UserChanged, &name, "");
            done(format!("the limits of {name} are set"))
        }
        _ => Err(Error::Invalid { what: "not a command about users".to_owned() }),
    }
}

fn after(free: bool) -> NameAfter {
    if free { NameAfter::Free } else { NameAfter::Held }
}

fn said(free: bool) -> String {
    match free {
        true => "Another account can have the name at once.".to_owned(),
        false => format!("Nobody else gets the name within {HELD_DAYS} days."),
    }
}

/// Returns what is set for an account instead of the configured limit.
fn limit(limit: Limit, before: Option<u64>) -> Option<u64> {
    match limit {
        Limit::Keep => before,
        Limit::Configured => None,
        Limit::Of(most) => Some(most),
    }
}

fn parsed(text: &str) -> Result<Address, Error> {
    Address::parse(text).map_err(|error| Error::Invalid { what: format!("{text}: {error}") })
}

/// What a new password brings along.
fn renewed(name: &str, key: &RecoveryKey, own_password: bool) -> Answer {
    let message = format!(
        "{name} has a new password. No messages were lost; all sessions, app passwords and passkeys \
         were ended."
    );
    Answer::PasswordSet { message, recovery_key: key.expose().to_string(), own_password }
}

fn chosen_by(own_password: bool) -> ChosenBy {
    if own_password { ChosenBy::Owner } else { ChosenBy::Other }
}

fn add(gateway: &Gateway, user: &NewUser) -> Result<Answer, Error> {
    let (view, recovery) = gateway.account_create(NewAccount {
        name: user.name.clone(),
        display_name: user.display_name.clone(),
        addresses: user.addresses.iter().map(|text| parsed(text)).collect::<Result<_, _>>()?,
        password: password(&user.password)?,
        chosen_by: chosen_by(user.own_password),
    })?;
    gateway.note(CONSOLE, Act::UserCreated, &view.name, "");
    let recovery_key = recovery.expose().to_string();
    let own_password = user.own_password;
    Ok(Answer::UserCreated { address: view.address, recovery_key, own_password })
}

fn password(text: &str) -> Result<Password, Error> {
    Password::new(text)
        .map_err(|_| Error::Invalid { what: "a password must have 1 to 1,024 octets".to_owned() })
}

fn done(message: String) -> Result<Answer, Error> {
    Ok(Answer::Done { message })
}
