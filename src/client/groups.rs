//! `postern mail groups`: the groups of people inside.

use clap::Subcommand;
use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::problem::Error;
use super::session::Client;

/// What to do with groups.
#[derive(Subcommand, Debug)]
pub enum GroupsCommand {
    /// List the groups, one per line: number, kind, your role, address, name.
    List,
    /// Show a group and its members.
    Show {
        /// The group's number.
        group: String,
    },
    /// Create a group, and print its number.
    Create {
        /// The name.
        name: String,
        /// What else is said about it.
        #[arg(long, default_value = "")]
        description: String,
        /// What being in it means for mail.
        #[arg(long, default_value = "plain", value_parser = ["plain", "open", "closed"])]
        kind: String,
        /// Show the name and the description to everybody inside.
        #[arg(long)]
        listed: bool,
        /// An address in one of the site's domains at which it gets mail.
        #[arg(long)]
        address: Option<String>,
        /// Who may write to that address.
        #[arg(long, default_value = "members", value_parser = ["members", "inside", "everybody"])]
        writers: String,
    },
    /// Add a person inside.
    Add {
        /// The group's number.
        group: String,
        /// The person's address or login name.
        person: String,
    },
    /// Remove a member, by address.
    Remove {
        /// The group's number.
        group: String,
        /// The member's address.
        member: String,
    },
    /// Leave a group.
    Leave {
        /// The group's number.
        group: String,
    },
    /// Make a member a manager.
    Appoint {
        /// The group's number.
        group: String,
        /// The member's address.
        member: String,
    },
    /// Delete a group with its keys.
    Delete {
        /// The group's number.
        group: String,
    },
}

/// A group, as the API shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    pub id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub kind: String,
    pub listed: bool,
    pub address: Option<String>,
    pub role: String,
    pub keys: Option<String>,
}

/// A member of a group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    pub id: String,
    pub name: String,
    pub address: String,
    pub manager: bool,
    pub waiting: bool,
}

/// A group with its members.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GroupWhole {
    #[serde(flatten)]
    pub group: Group,
    pub members: Vec<Member>,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Group>,
}

/// What a command has to show.
pub enum Shown {
    Groups(Vec<Group>),
    Whole(GroupWhole),
    Created(Group),
    Nothing,
}

impl Client {
    /// Carries out a command on groups.
    pub async fn groups(&mut self, command: &GroupsCommand) -> Result<Shown, Error> {
        Ok(match command {
            GroupsCommand::List => {
                let list: List = self.call(Method::GET, "/api/groups", None).await?;
                Shown::Groups(list.items)
            }
            GroupsCommand::Show { group } => Shown::Whole(self.group(group).await?),
            GroupsCommand::Create { name, description, kind, listed, address, writers } => {
                let new = json!({
                    "name": name,
                    "description": description,
                    "kind": kind,
                    "listed": listed,
                    "address": address,
                    "writers": writers,
                });
                Shown::Created(self.call(Method::POST, "/api/groups", Some(new)).await?)
            }
            GroupsCommand::Add { group, person } => {
                let path = format!("{}/members", at(group));
                let body = Some(json!({ "address": person }));
                let _: Value = self.call(Method::POST, &path, body).await?;
                Shown::Nothing
            }
            GroupsCommand::Remove { group, member } => self.remove(group, member).await?,
            GroupsCommand::Leave { group } => {
                let session: Value = self.call(Method::GET, "/api/session", None).await?;
                let own = session["account"]["address"].as_str().unwrap_or_default().to_owned();
                self.remove(group, &own).await?
            }
            GroupsCommand::Appoint { group, member } => {
                let path = self.member(group, member).await?;
                let body = Some(json!({ "manager": true }));
                let _: Value = self.call(Method::PATCH, &path, body).await?;
                Shown::Nothing
            }
            GroupsCommand::Delete { group } => {
                self.done(Method::DELETE, &at(group), None).await?;
                Shown::Nothing
            }
        })
    }

    async fn group(&mut self, group: &str) -> Result<GroupWhole, Error> {
        self.call(Method::GET, &at(group), None).await
    }

    async fn remove(&mut self, group: &str, address: &str) -> Result<Shown, Error> {
        let path = self.member(group, address).await?;
        self.done(Method::DELETE, &path, None).await?;
        Ok(Shown::Nothing)
    }

    /// The path of the member with this address.
    async fn member(&mut self, group: &str, address: &str) -> Result<String, Error> {
        let whole = self.group(group).await?;
        let found = whole.members.iter().find(|one| one.address.eq_ignore_ascii_case(address));
        let found = found.ok_or_else(|| Error::Local {
            what: address.to_owned(),
            problem: "nobody with this address is in the group".to_owned(),
        })?;
        Ok(format!("{}/members/{}", at(group), found.id))
    }
}

/// The path of a group. A number has digits only, so nothing else gets into a path.
fn at(group: &str) -> String {
    let digits: String = group.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("/api/groups/{digits}")
}
