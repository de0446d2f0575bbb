//! Commands about the queue and about temporary accounts.

use serde::{Deserialize, Serialize};

use crate::gateway::outsiders::temporary::TemporaryView;
use crate::gateway::queue::admin::QueueView;
use crate::gateway::records::audit::Act;
use crate::gateway::{Error, Gateway};

use super::{Answer, CONSOLE, Request};

/// One message for one recipient on its way out.
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
    pub letters: u32,
}

/// The most rows in one answer.
const ROWS_MAX: usize = 1_000;

impl From<QueueView> for QueueRow {
    fn from(view: QueueView) -> QueueRow {
        QueueRow {
            id: view.id.to_text(),
            reference: view.reference.to_string(),
            kind: format!("{:?}", view.kind).to_lowercase(),
            from: view.from,
            to: view.to,
            state: format!("{:?}", view.state).to_lowercase(),
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
            letters: view.letters,
        }
    }
}

pub(super) fn handle(gateway: &Gateway, request: Request) -> Result<Answer, Error> {
    let message = match request {
        Request::QueueList => {
            let rows = gateway.queue_list(ROWS_MAX)?.into_iter().map(QueueRow::from).collect();
            return Ok(Answer::Queue { rows });
        }
        Request::QueueShow { id } => {
            return Ok(Answer::Queue { rows: vec![gateway.queue_find(&id)?.into()] });
        }
        Request::TemporaryList => {
            let rows = gateway.temporary_list(None)?;
            return Ok(Answer::Temporaries {
                rows: rows.into_iter().map(TemporaryRow::from).collect(),
            });
        }
        Request::QueueRetry { id } => {
            let row = gateway.queue_find(&id)?;
            gateway.queue_retry(row.id)?;
            gateway.note(CONSOLE, Act::QueueRetried, &row.reference.to_string(), "");
            format!("{} is tried now", row.reference)
        }
        Request::QueueHold { id } => {
            let row = gateway.queue_find(&id)?;
            gateway.queue_hold(row.id)?;
            gateway.note(CONSOLE, Act::QueueHeld, &row.reference.to_string(), "");
            format!("{} is held back", row.reference)
        }
        Request::QueueDrop { id } => {
            let row = gateway.queue_find(&id)?;
            gateway.queue_drop(row.id)?;
            gateway.note(CONSOLE, Act::QueueDropped, &row.reference.to_string(), "");
            format!("{} is given up; its sender is told", row.reference)
        }
        Request::TemporaryRenew { address } => {
            gateway.temporary_renew_of(&address)?;
            gateway.note(CONSOLE, Act::TemporaryRenewed, &address, "");
            format!("{address} is renewed")
        }
        Request::TemporaryRevoke { address } => {
            gateway.temporary_revoke_of(&address)?;
            gateway.note(CONSOLE, Act::TemporaryEnded, &address, "");
            format!("{address} is ended; what it held is destroyed")
        }
        _ => return Err(Error::Invalid { what: "not a command about outgoing mail".to_owned() }),
    };
    Ok(Answer::Done { message })
}
