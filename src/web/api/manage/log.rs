//! The log of what matters for safety.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::records::audit::AuditEntry;
use crate::web::auth::Managing;
use crate::web::body::Params;
use crate::web::error::{Problem, Problems};

/// Where a page of the log begins.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogPage {
    /// `next` of the page before.
    before: Option<String>,
}

/// A line of the log.
#[derive(Serialize, ToSchema)]
pub struct LogLine {
    #[schema(format = DateTime)]
    at: String,
    who: String,
    /// Such as `signed-in`.
    act: String,
    about: String,
    peer: String,
}

/// What happened that matters for safety, the latest first.
#[derive(Serialize, ToSchema)]
pub struct Log {
    items: Vec<LogLine>,
    next: Option<String>,
}

impl From<AuditEntry> for LogLine {
    fn from(audited: AuditEntry) -> LogLine {
        let AuditEntry { at, who, act, about, peer } = audited;
        LogLine { at: at.to_rfc3339(), who, act: act.as_str().to_owned(), about, peer }
    }
}

/// Read the log of what matters for safety.
#[utoipa::path(
    get,
    path = "/api/manage/log",
    tag = "manage",
    operation_id = "manageLog",
    params(LogPage),
    responses((status = 200, description = "The latest first", body = Log), Problems)
)]
pub async fn read(
    managing: Managing,
    Params(LogPage { before }): Params<LogPage>,
) -> Result<axum::Json<Log>, Problem> {
    let page = managing.run(move |gateway| gateway.audit(before.as_deref())).await?;
    let items = page.items.into_iter().map(LogLine::from).collect();
    Ok(axum::Json(Log { items, next: page.next }))
}
