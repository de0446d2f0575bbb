//! How a person's pages look and behave, wherever they sign in.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::accounts::appearance as chosen;
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::Done;

/// Everything that a person chose for the pages; `null` where nothing was chosen. The server
/// keeps it sealed and makes nothing of it.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Appearance {
    /// BCP 47, such as `he`.
    language: Option<String>,
    /// Such as `Asia/Jerusalem`; `null` for the browser's.
    zone: Option<String>,
    theme: Option<String>,
    density: Option<String>,
    /// Whether single messages are commands.
    keys: Option<bool>,
    /// In pixels.
    list_width: Option<u16>,
    /// Whether messages of one conversation are one row.
    grouped: Option<bool>,
    /// The first-run tour was seen.
    toured: bool,
    /// What stands under each new message.
    signature: String,
    /// The path of the page seen last.
    place: Option<String>,
    searches: Vec<SavedSearch>,
}

/// A search with a name.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedSearch {
    name: String,
    query: String,
}

impl From<chosen::Appearance> for Appearance {
    fn from(look: chosen::Appearance) -> Appearance {
        let search = |chosen::SavedSearch { name, query }| SavedSearch { name, query };
        Appearance {
            language: look.language,
            zone: look.zone,
            theme: look.theme,
            density: look.density,
            keys: look.keys,
            list_width: look.list_width,
            grouped: look.grouped,
            toured: look.toured,
            signature: look.signature,
            place: look.place,
            searches: look.searches.into_iter().map(search).collect(),
        }
    }
}

impl From<Appearance> for chosen::Appearance {
    fn from(look: Appearance) -> chosen::Appearance {
        let search = |SavedSearch { name, query }| chosen::SavedSearch { name, query };
        chosen::Appearance {
            language: look.language,
            zone: look.zone,
            theme: look.theme,
            density: look.density,
            keys: look.keys,
            list_width: look.list_width,
            grouped: look.grouped,
            toured: look.toured,
            signature: look.signature,
            place: look.place,
            searches: look.searches.into_iter().map(search).collect(),
        }
    }
}

/// Get how the pages look.
#[utoipa::path(
    get,
    path = "/api/appearance",
    tag = "preferences",
    operation_id = "appearance",
    responses((status = 200, description = "What was chosen", body = Appearance), Problems)
)]
pub async fn read(signed: Signed) -> Result<axum::Json<Appearance>, Problem> {
    let look = signed.run(CostClass::Records, |gateway, actor| gateway.look(actor)).await?;
    Ok(axum::Json(look.into()))
}

/// Set how the pages look, all of it at once.
#[utoipa::path(
    put,
    path = "/api/appearance",
    tag = "preferences",
    operation_id = "appearanceSet",
    request_body = Appearance,
    responses(Done, Problems)
)]
pub async fn set(signed: Signed, Json(look): Json<Appearance>) -> Result<StatusCode, Problem> {
    let look = chosen::Appearance::from(look);
    signed
        .run(CostClass::Records, move |gateway, actor| gateway.appearance_set(actor, &look))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
