//! The queue of outgoing messages: listing its rows, and retrying, holding or dropping one.

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

/// A queue row: an outgoing message for one recipient. Its content is not accessible.
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
    /// The result of the last attempt.
    last: Option<String>,
}

/// The requested page of the queue.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QueuePage {
    /// Text that must occur in one of the row's addresses, its reference number or its last result.
    find: Option<String>,
    /// The `next` of the previous page.
    after: Option<String>,
}

/// A page of the queue, next due first.
#[derive(Serialize, ToSchema)]
pub struct Queue {
    items: Vec<QueueRow>,
    /// The `after` of the next page; `null` at the end.
    next: Option<String>,
    /// The number of rows in the whole queue.
    total: u64,
}

/// An action on a queue row.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueAct {
    act: QueueDo,
}

/// The actions on a queue row.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueDo {
    /// Makes the row due now, and releases it if it is held.
    Retry,
    Hold,
    /// Removes the row; its sender is notified.
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

/// The maximum number of rows in one response.
const ROWS_MAX: usize = 100;

/// List the queue.
#[utoipa::path(
    get,
    path = "/api/manage/queue",
    tag = "manage",
    operation_id = "manageQueue",
    params(QueuePage),
    responses((status = 200, description = "The page, next due first", body = Queue), Problems)
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

/// Retry, hold or drop a queue row.
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
    managing: Managing,
    Id(id): Id,
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
