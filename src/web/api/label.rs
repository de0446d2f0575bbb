//! Labels.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::mailboxes::label;
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

/// A label that messages can be given.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The label's number; 0 for a new label, which is assigned its number.
    #[serde(default)]
    id: u16,
    name: String,
    /// The number of one of the UI's colours, 0 to 7.
    #[serde(default)]
    colour: u8,
}

/// The account's labels, in order.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    items: Vec<Label>,
}

impl From<Vec<label::Label>> for Labels {
    fn from(labels: Vec<label::Label>) -> Labels {
        let shown = |label::Label { id, name, colour }| Label { id, name, colour };
        Labels { items: labels.into_iter().map(shown).collect() }
    }
}

/// Get the labels.
#[utoipa::path(
    get,
    path = "/api/labels",
    tag = "labels",
    operation_id = "labels",
    responses((status = 200, description = "The labels", body = Labels), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<Labels>, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| gateway.labels(actor)).await?;
    Ok(axum::Json(found.into()))
}

/// Set the labels.
///
/// A label that is left out is removed from all messages; a new one is assigned its number.
#[utoipa::path(
    put,
    path = "/api/labels",
    tag = "labels",
    operation_id = "labelsSet",
    request_body = Labels,
    responses((status = 200, description = "The labels", body = Labels), Problems)
)]
pub async fn set(
    signed: Signed,
    Json(labels): Json<Labels>,
) -> Result<axum::Json<Labels>, Problem> {
    let read = |Label { id, name, colour }| label::Label { id, name, colour };
    let labels: Vec<label::Label> = labels.items.into_iter().map(read).collect();
    let set = signed
        .run(CostClass::Records, move |gateway, actor| gateway.labels_set(actor, &labels))
        .await;
    Ok(axum::Json(set?.into()))
}
