//! The queue: what waits to leave, and what is to be done with a row of it.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::Error;
use crate::gateway::queue::admin::QueueView;
use crate::gateway::records::audit::Act;
use crate::terms::{QueueKind, QueueState};
use crate::web::api::Done;
use crate::web::auth::Managing;
use crate::web::body::{Id, Json, Params};
use crate::web::error::{Problem, Problems};

/// A message for one recipient on its way out. What it says is not to be had.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueRow {
    id: String,
    reference: String,
    kind: QueueKind,
    from: String,
    to: String,
    state: QueueState,
    size: u64,
    attempts: u32,
    #[schema(format = DateTime)]
    queued_at: String,
    #[schema(format = DateTime)]
    due_at: String,
    /// What the last host said.
    last: Option<String>,
}

/// Which rows of the queue are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QueuePage {
    /// Only rows that have this in an address, in their reference number or in what was last said
    /// of them.
    find: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The queue, the next due first.
#[derive(Serialize, ToSchema)]
pub struct Queue {
    items: Vec<QueueRow>,
    /// Where the next page begins; `null` when there is none.
    next: Option<String>,
    /// How many there are in all.
    total: u64,
}

/// What happens to a row of the queue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueAct {
    act: QueueDo,
}

/// What can be done to a row of the queue.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueDo {
    /// It is tried now, and no longer held.
    Retry,
    Hold,
    /// It is given up, and its sender is told.
    Drop,
}

impl From<QueueView> for QueueRow {
    fn from(view: QueueView) -> QueueRow {
        QueueRow {
            id: view.id.to_text(),
            reference: view.reference.to_string(),
            kind: view.kind,
            from: view.from,
            to: view.to,
            state: view.state,
            size: view.size,
            attempts: view.attempts,
            queued_at: view.queued.to_rfc3339(),
            due_at: view.due.to_rfc3339(),
            last: view.last,
        }
    }
}

/// The most rows of the queue in one answer.
const ROWS_MAX: usize = 100;

/// List the queue.
#[utoipa::path(
    get,
    path = "/api/manage/queue",
    tag = "manage",
    operation_id = "manageQueue",
    params(QueuePage),
    responses((status = 200, description = "The next due first", body = Queue), Problems)
)]
pub async fn list(
    managing: Managing,
    Params(QueuePage { find, after }): Params<QueuePage>,
) -> Result<axum::Json<Queue>, Problem> {
    let found = managing.run(move |gateway| {
        let find = find.as_deref().unwrap_or_default();
        let page = gateway.queue_page(after.as_deref(), find, ROWS_MAX)?;
        Ok::<_, Error>((page, gateway.queue_count()?))
    });
    let (page, total) = found.await?;
    let items = page.items.into_iter().map(QueueRow::from).collect();
    Ok(axum::Json(Queue { items, next: page.next, total }))
}

/// Try a row of the queue now, hold it, or give it up.
#[utoipa::path(
    post,
    path = "/api/manage/queue/{id}",
    tag = "manage",
    operation_id = "manageQueueAct",
    params(("id" = String, Path, description = "The row's id")),
    request_body = QueueAct,
    responses(Done, Problems)
)]
pub async fn act(
    Id(id): Id,
    managing: Managing,
    Json(QueueAct { act }): Json<QueueAct>,
) -> Result<StatusCode, Problem> {
    let audited = match act {
        QueueDo::Retry => Act::QueueRetried,
        QueueDo::Hold => Act::QueueHeld,
        QueueDo::Drop => Act::QueueDropped,
    };
    let done = managing.run_audited(audited, id.clone(), move |gateway| {
        let row = gateway.queue_find(&id)?.id;
        match act {
            QueueDo::Retry => gateway.queue_retry(row),
            QueueDo::Hold => gateway.queue_hold(row),
            QueueDo::Drop => gateway.queue_drop(row),
        }
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
