//! The administrator's door: commands over a unix socket in the data folder.
//!
//! One request and its answer for each connection, as lines of JSON; a long one (verify) sends
//! progress lines before its answer. Only the user the daemon runs as, and root, can reach the
//! socket: its mode is 0600 in a folder of mode 0700. The same [`handle`] serves the command
//! line when no daemon runs, on a store that it opened itself.

mod outgoing;
mod server;
mod user;

pub mod client;

use serde::{Deserialize, Serialize};

use crate::gateway::{self, Gateway};

pub use outgoing::{QueueRow, TemporaryRow};
pub use server::serve;
pub use user::{Accept, NewUser, UserRow};

/// What can be asked.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Request {
    UserAdd(NewUser),
    UserList,
    UserDisable { name: String },
    UserEnable { name: String },
    UserPassword { name: String, old: String, new: String },
    UserRecover { name: String, recovery_key: String, new: String },
    UserAcceptFrom { name: String, accept: user::Accept },
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

/// What is answered. `Progress` comes any number of times, then one of the others.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    Progress { done: u64, total: u64 },
    Done { message: String },
    UserMade { address: String, recovery_key: String },
    Users { users: Vec<UserRow> },
    Queue { rows: Vec<QueueRow> },
    Temporaries { rows: Vec<TemporaryRow> },
    Verified { segments: u64, frames: u64, records: u64, contents: u64, damage: Vec<String> },
    Failed { message: String },
}

/// Who stands at the machine, in the audit log.
const CONSOLE: &str = "(console)";

/// The socket's name in the data folder.
pub const SOCKET_NAME: &str = "control.sock";

/// Does what is asked. Blocks; `progress` is told about long work.
pub fn handle(gateway: &Gateway, request: Request, progress: &mut dyn FnMut(u64, u64)) -> Answer {
    let answered = match request {
        Request::Verify => verify(gateway, progress),
        Request::Compact => compact(gateway),
        Request::QueueList
        | Request::QueueShow { .. }
        | Request::QueueRetry { .. }
        | Request::QueueHold { .. }
        | Request::QueueDrop { .. }
        | Request::TemporaryList
        | Request::TemporaryRenew { .. }
        | Request::TemporaryRevoke { .. } => outgoing::handle(gateway, request),
        user => user::handle(gateway, user),
    };
    answered.unwrap_or_else(|error| Answer::Failed { message: error.to_string() })
}

fn verify(gateway: &Gateway, progress: &mut dyn FnMut(u64, u64)) -> Result<Answer, gateway::Error> {
    let verified = gateway.store().engine().verify(progress)?;
    Ok(Answer::Verified {
        segments: verified.segments,
        frames: verified.frames,
        records: verified.records,
        contents: verified.contents,
        damage: verified.damage,
    })
}

fn compact(gateway: &Gateway) -> Result<Answer, gateway::Error> {
    let octets = gateway.store().engine().compact()?;
    Ok(Answer::Done { message: format!("{octets} octets given back") })
}
