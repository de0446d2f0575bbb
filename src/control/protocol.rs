//! The protocol of the control socket: requests and their answers.

use serde::{Deserialize, Serialize};

use crate::gateway::AccountRow;
use crate::gateway::boards::administered;
use crate::gateway::boards::board::People;
use crate::gateway::outsiders::temporary::TemporaryView;
use crate::gateway::queue::admin::QueueView;
use crate::terms::AcceptFrom;

/// A request.
#[derive(Clone, Serialize, Deserialize)]
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
    UserRemove { name: String, typed: String, free: bool },
    UserAddressAdd { name: String, address: String },
    UserAddressRemove { name: String, address: String, free: bool },
    UserSignOut { name: String },
    UserRelease { name: String },
    UserResetTotp { name: String },
    UserQuota { name: String, octets: Limit, messages: Limit },
    QueueList,
    QueueShow { id: String },
    QueueRetry { id: String },
    QueueHold { id: String },
    QueueDrop { id: String },
    TemporaryList,
    TemporaryRenew { address: String },
    TemporaryRevoke { address: String },
    BoardList,
    BoardDelete { id: String },
    BoardManager { id: String, name: String },
    Verify,
    Compact,
    Backup,
    Import { name: String, mailbox: String, unread: bool, length: u64 },
    ImportEnd { name: String, stored: u64 },
}

impl Request {
    /// How many octets follow the line: those of a message that is imported.
    pub fn body_octets(&self) -> u64 {
        match self {
            Request::Import { length, .. } => *length,
            _ => 0,
        }
    }
}

/// An answer. `Progress` and `Octets` can be sent any number of times, followed by exactly one of the
/// others. After the line of `Octets`, this many octets of a backup follow as they are. `Imported` says
/// whether a message was stored, or was there already.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    Progress { done: u64, total: u64 },
    Octets { length: u64 },
    BackedUp { files: u64, octets: u64 },
    Imported { stored: bool },
    Done { message: String },
    UserCreated { address: String, recovery_key: String, own_password: bool },
    PasswordSet { message: String, recovery_key: String, own_password: bool },
    Users { users: Vec<UserRow> },
    Queue { rows: Vec<QueueRow> },
    Temporaries { rows: Vec<TemporaryRow> },
    Boards { rows: Vec<BoardRow> },
    Verified { segments: u64, frames: u64, records: u64, contents: u64, damage: Vec<String> },
    Failed { message: String },
}

/// Where a long-running command tells what it has done before it is finished.
pub trait Output {
    /// So much of so much is done.
    fn progress(&mut self, done: u64, total: u64);
    /// The next octets of a backup. An error ends it.
    fn octets(&mut self, octets: &[u8]) -> std::io::Result<()>;
}

/// A limit for one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// As it is.
    Keep,
    /// The configured one.
    Configured,
    /// This one; 0 for none.
    Of(u64),
}

/// The name that the audit log shows for commands given on the machine itself.
pub(super) const CONSOLE: &str = "(console)";

/// The most octets of a message that is imported.
pub const IMPORT_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// The socket's name in the data folder.
pub const SOCKET_NAME: &str = "control.sock";

/// The details of an account to be created.
#[derive(Clone, Serialize, Deserialize)]
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
    /// What the account stores, and how much it may; 0 for no limit.
    #[serde(default)]
    pub octets: u64,
    #[serde(default)]
    pub messages: u64,
    #[serde(default)]
    pub octets_max: u64,
    #[serde(default)]
    pub messages_max: u64,
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
            octets: row.quota.usage.octets,
            messages: row.quota.usage.messages,
            octets_max: row.quota.quota.octets,
            messages_max: row.quota.quota.messages,
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

/// One board. A count of people is `null` for everybody inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BoardRow {
    pub id: String,
    pub created: String,
    pub posts: u64,
    pub topics: u32,
    pub octets: u64,
    pub readers: Option<usize>,
    pub managers: Option<usize>,
}

impl From<administered::BoardRow> for BoardRow {
    fn from(row: administered::BoardRow) -> BoardRow {
        let count = |people| match people {
            People::Everybody => None,
            People::Some(count) => Some(count),
        };
        BoardRow {
            id: row.id.to_text(),
            created: row.created.to_rfc3339(),
            posts: row.posts,
            topics: row.topics,
            octets: row.octets,
            readers: count(row.readers),
            managers: count(row.managers),
        }
    }
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
