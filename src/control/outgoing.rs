//! Commands about the queue and about temporary accounts.

use crate::gateway::records::audit::Act;
use crate::gateway::{Error, Gateway};

use super::protocol::{Answer, CONSOLE, QueueRow, Request, TemporaryRow};

/// The maximum number of rows in one answer.
const ROWS_MAX: usize = 1_000;

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
            format!("{} will be tried now", row.reference)
        }
        Request::QueueHold { id } => {
            let row = gateway.queue_find(&id)?;
            gateway.queue_hold(row.id)?;
            gateway.note(CONSOLE, Act::QueueHeld, &row.reference.to_string(), "");
            format!("{} is held", row.reference)
        }
        Request::QueueDrop { id } => {
            let row = gateway.queue_find(&id)?;
            gateway.queue_drop(row.id)?;
            gateway.note(CONSOLE, Act::QueueDropped, &row.reference.to_string(), "");
            format!("{} was dropped; its sender is notified", row.reference)
        }
        Request::TemporaryRenew { address } => {
            gateway.temporary_renew_of(&address)?;
            gateway.note(CONSOLE, Act::TemporaryRenewed, &address, "");
            format!("{address} was renewed")
        }
        Request::TemporaryRevoke { address } => {
            gateway.temporary_revoke_of(&address)?;
            gateway.note(CONSOLE, Act::TemporaryRevoked, &address, "");
            format!("{address} was terminated; its messages were destroyed")
        }
        _ => return Err(Error::Invalid { what: "not a command about outgoing mail".to_owned() }),
    };
    Ok(Answer::Done { message })
}
