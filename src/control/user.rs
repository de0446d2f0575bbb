//! Commands about accounts.

use serde::{Deserialize, Serialize};

use crate::gateway::records::audit::Act;
use crate::gateway::{AcceptFrom, AccountRow, Error, Gateway, NewAccount};
use crate::gateway::{Password, RecoveryKey};
use crate::mail::address::Address;

use super::{Answer, CONSOLE, Request};

/// What an account is made from.
#[derive(Serialize, Deserialize)]
pub struct NewUser {
    pub name: String,
    pub display_name: String,
    pub addresses: Vec<String>,
    pub password: String,
}

/// From whom an account takes mail.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Accept {
    Inside,
    Outside,
    Both,
}

/// One account, as the administrator sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserRow {
    pub name: String,
    pub display_name: String,
    pub addresses: Vec<String>,
    pub disabled: bool,
    pub manager: bool,
    pub accept_from: Accept,
    pub created: String,
    pub last_interaction: Option<String>,
}

impl From<Accept> for AcceptFrom {
    fn from(accept: Accept) -> AcceptFrom {
        match accept {
            Accept::Inside => AcceptFrom::Inside,
            Accept::Outside => AcceptFrom::Outside,
            Accept::Both => AcceptFrom::Both,
        }
    }
}

impl From<AcceptFrom> for Accept {
    fn from(accept: AcceptFrom) -> Accept {
        match accept {
            AcceptFrom::Inside => Accept::Inside,
            AcceptFrom::Outside => Accept::Outside,
            AcceptFrom::Both => Accept::Both,
        }
    }
}

impl From<AccountRow> for UserRow {
    fn from(row: AccountRow) -> UserRow {
        UserRow {
            name: row.view.name,
            display_name: row.view.display_name,
            addresses: row.addresses,
            disabled: row.disabled,
            manager: row.view.manager,
            accept_from: row.accept_from.into(),
            created: row.created.to_rfc3339(),
            last_interaction: row.last_interaction.map(|at| at.to_rfc3339()),
        }
    }
}

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
            done(format!("{name} is shut out; what the account holds is kept"))
        }
        Request::UserEnable { name } => {
            gateway.account_enable(&name)?;
            gateway.note(CONSOLE, Act::UserEnabled, &name, "");
            done(format!("{name} may log in again"))
        }
        Request::UserPassword { name, old, new } => {
            gateway.account_password(&name, &password(&old)?, &password(&new)?)?;
            gateway.note(CONSOLE, Act::PasswordChanged, &name, "");
            done(format!("{name} has a new password; every session ended"))
        }
        Request::UserRecover { name, recovery_key, new } => {
            let key = RecoveryKey::parse(&recovery_key)?;
            gateway.account_recover(&name, &key, &password(&new)?)?;
            gateway.note(CONSOLE, Act::Recovered, &name, "");
            done(format!("{name} has a new password; nothing was lost"))
        }
        Request::UserAcceptFrom { name, accept } => {
            gateway.account_accept_from(&name, accept.into())?;
            gateway.note(CONSOLE, Act::UserChanged, &name, "");
            done(format!("{name} takes mail from: {accept:?}"))
        }
        Request::UserManager { name, on } => {
            gateway.account_manager(&name, on)?;
            gateway.note(
                CONSOLE,
                if on { Act::ManagerMade } else { Act::ManagerUnmade },
                &name,
                "",
            );
            done(match on {
                true => format!("{name} is a manager"),
                false => format!("{name} is no manager any more"),
            })
        }
        _ => Err(Error::Invalid { what: "not a command about users".to_owned() }),
    }
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
    })?;
    gateway.note(CONSOLE, Act::UserMade, &view.name, "");
    let recovery_key = recovery.expose().to_string();
    Ok(Answer::UserMade { address: view.address, recovery_key })
}

fn password(text: &str) -> Result<Password, Error> {
    Password::new(text)
        .map_err(|_| Error::Invalid { what: "a password has 1 to 1024 octets".to_owned() })
}

fn done(message: String) -> Result<Answer, Error> {
    Ok(Answer::Done { message })
}
