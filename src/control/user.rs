//! Commands about accounts.

use crate::gateway::records::audit::Act;
use crate::gateway::{ChangedFrom, ChosenBy, Error, Gateway, NewAccount};
use crate::gateway::{Password, RecoveryKey};
use crate::mail::address::Address;

use super::protocol::{Answer, CONSOLE, NewUser, Request, UserRow};

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
        _ => Err(Error::Invalid { what: "not a command about users".to_owned() }),
    }
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
    let address = |text: &String| {
        Address::parse(text).map_err(|error| Error::Invalid { what: format!("{text}: {error}") })
    };
    let (view, recovery) = gateway.account_create(NewAccount {
        name: user.name.clone(),
        display_name: user.display_name.clone(),
        addresses: user.addresses.iter().map(address).collect::<Result<_, _>>()?,
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
