//! The protocol of the control socket: requests and their answers.

use serde::{Deserialize, Serialize};

use crate::gateway::AccountRow;
use crate::gateway::outsiders::temporary::TemporaryView;
use crate::gateway::queue::admin::QueueView;
use crate::terms::AcceptFrom;

/// A request.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Request {
    UserAdd(NewUser),
    UserList,
    UserDisable { name: String },
    UserEnable { name: String },
    UserPassword { name: String, old: String, new: String, own_password: bool },
    UserRecover { name: String, recovery_key: String, new: String, own_password: bool },
    UserAcceptFrom { name: String, accept: AcceptFrom },
    UserManager { name: String, on: bool },
    QueueList,
    QueueShow { id: String },
    QueueRetry { id: String },
    QueueHold { id: String },
    QueueDrop { id: String },
    TemporaryList,
    TemporaryRenew { address: String },
    TemporaryRevoke { address: String },
    Verify,
    Compact,
}

/// An answer. `Progress` can be sent any number of times, followed by exactly one of the others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    Progress { done: u64, total: u64 },
    Done { message: String },
    UserCreated { address: String, recovery_key: String, own_password: bool },
    PasswordSet { message: String, recovery_key: String, own_password: bool },
    Users { users: Vec<UserRow> },
    Queue { rows: Vec<QueueRow> },
    Temporaries { rows: Vec<TemporaryRow> },
    Verified { segments: u64, frames: u64, records: u64, contents: u64, damage: Vec<String> },
    Failed { message: String },
}

/// The name that the audit log shows for commands given on the machine itself.
pub(super) const CONSOLE: &str = "(console)";

/// The socket's name in the data folder.
pub const SOCKET_NAME: &str = "control.sock";

/// The details of an account to be created.
#[derive(Serialize, Deserialize)]
pub struct NewUser {
    pub name: String,
    pub display_name: String,
    pub addresses: Vec<String>,
    pub password: String,
    /// Whether the owner of the account chose the password.
    pub own_password: bool,
}

/// One account, as the administrator sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserRow {
    pub name: String,
    pub display_name: String,
    pub addresses: Vec<String>,
    pub disabled: bool,
    pub manager: bool,
    pub accept_from: AcceptFrom,
    pub created: String,
    pub last_interaction: Option<String>,
}

impl From<AccountRow> for UserRow {
    fn from(row: AccountRow) -> UserRow {
        UserRow {
            name: row.view.name,
            display_name: row.view.display_name,
            addresses: row.addresses,
            disabled: row.disabled,
            manager: row.view.manager,
            accept_from: row.accept_from,
            created: row.created.to_rfc3339(),
            last_interaction: row.last_interaction.map(|at| at.to_rfc3339()),
        }
    }
}

/// A queue row: one outgoing message for one recipient.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueueRow {
    pub id: String,
    pub reference: String,
    pub kind: String,
    pub from: String,
    pub to: String,
    pub state: String,
    pub size: u64,
    pub attempts: u32,
    pub queued: String,
    pub due: String,
    pub last: Option<String>,
}

/// One temporary account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TemporaryRow {
    pub address: String,
    pub sponsor: String,
    pub created: String,
    pub expires: String,
    pub claimed: Option<String>,
    pub messages: u32,
}

impl From<QueueView> for QueueRow {
    fn from(view: QueueView) -> QueueRow {
        QueueRow {
            id: view.id.to_text(),
            reference: view.reference.to_string(),
            kind: view.kind.as_str().to_owned(),
            from: view.from,
            to: view.to,
            state: view.state.as_str().to_owned(),
            size: view.size,
            attempts: view.attempts,
            queued: view.queued.to_rfc3339(),
            due: view.due.to_rfc3339(),
            last: view.last,
        }
    }
}

impl From<TemporaryView> for TemporaryRow {
    fn from(view: TemporaryView) -> TemporaryRow {
        TemporaryRow {
            address: view.address,
            sponsor: view.sponsor,
            created: view.created.to_rfc3339(),
            expires: view.expires.to_rfc3339(),
            claimed: view.claimed.map(|at| at.to_rfc3339()),
            messages: view.messages,
        }
    }
}
