//! Labels.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::mailboxes::label;
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

/// A word that messages can be given.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Its number; 0 for a new one, which gets its number here.
    #[serde(default)]
    id: u16,
    name: String,
    /// 0 to 7: which of the page's colours.
    #[serde(default)]
    colour: u8,
}

/// Labels, in their order.
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

/// Set the labels. What is missing is gone from every message; a new one gets its number.
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
