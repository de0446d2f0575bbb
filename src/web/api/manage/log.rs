//! The audit log.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::records::audit::AuditEntry;
use crate::web::auth::Managing;
use crate::web::body::Params;
use crate::web::error::{Problem, Problems};

/// The requested page of the audit log.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogPage {
    /// The `next` of the previous page.
    before: Option<String>,
}

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
pub struct LogLine {
    #[schema(format = DateTime)]
    at: String,
    who: String,
    /// What happened, such as `signed-in`.
    act: String,
    about: String,
    peer: String,
}

/// A page of the audit log, latest first.
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

/// Get a page of the audit log.
#[utoipa::path(
    get,
    path = "/api/manage/log",
    tag = "manage",
    operation_id = "manageLog",
    params(LogPage),
    responses((status = 200, description = "The page, latest first", body = Log), Problems)
)]
pub async fn read(
    managing: Managing,
    Params(LogPage { before }): Params<LogPage>,
) -> Result<axum::Json<Log>, Problem> {
    let page = managing.run(move |gateway| gateway.audit(before.as_deref())).await?;
    let items = page.items.into_iter().map(LogLine::from).collect();
    Ok(axum::Json(Log { items, next: page.next }))
}
