//! The messages that changed since a given state.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::mail::reference::Reference;
use crate::web::auth::Signed;
use crate::web::body::Params;
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::CostClass;

/// The state from which changes are requested.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// A `state` from an earlier response.
    since: String,
}

/// The messages that changed.
#[derive(Serialize, ToSchema)]
pub struct Changes {
    /// The state from which to ask next.
    state: String,
    /// Messages that are new or changed.
    updated: Vec<String>,
    removed: Vec<String>,
    /// Whether there are more changes: if so, ask again at once.
    more: bool,
}

/// Get the changes since a state; `too-old` (410) when they are no longer known.
#[utoipa::path(
    get,
    path = "/api/changes",
    tag = "changes",
    operation_id = "changes",
    params(Since),
    responses(
        (status = 200, description = "The changes", body = Changes),
        (status = 410, description = "The log no longer reaches back that far", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn since(
    signed: Signed,
    Params(Since { since }): Params<Since>,
) -> Result<axum::Json<Changes>, Problem> {
    let found =
        signed.run(CostClass::Records, move |gateway, actor| gateway.changes_since(actor, &since));
    let changes = found.await?;
    let text = |list: Vec<Reference>| list.iter().map(Reference::to_string).collect();
    Ok(axum::Json(Changes {
        state: changes.state,
        updated: text(changes.updated),
        removed: text(changes.removed),
        more: changes.more,
    }))
}
