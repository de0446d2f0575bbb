//! How the UI looks and behaves for a user, on every device.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::accounts::appearance as chosen;
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::Done;

/// A user's choices for the UI; `null` where nothing was chosen. The server stores them sealed, and
/// uses only the language.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Appearance {
    /// The language's tag (BCP 47), such as `he`.
    language: Option<String>,
    /// The time zone, such as `Asia/Jerusalem`; `null` for the browser's.
    zone: Option<String>,
    theme: Option<String>,
    density: Option<String>,
    /// Whether single-letter keyboard shortcuts are on.
    keys: Option<bool>,
    /// The width of the list, in pixels.
    list_width: Option<u16>,
    /// Whether the messages of a conversation are shown as one row.
    grouped: Option<bool>,
    /// Whether the introductory tour has been seen.
    toured: bool,
    /// The signature added to each new message.
    signature: String,
    /// The path of the page that was visited last.
    place: Option<String>,
    searches: Vec<SavedSearch>,
    /// What is shown after the message that was shown is archived, deleted, moved or rejected:
    /// `next` (also if nothing was chosen), `previous`, or `list` for none.
    advance: Option<String>,
}

/// A saved search.
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
            advance: look.advance,
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
            advance: look.advance,
        }
    }
}

/// Get the user's choices for the UI.
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

/// Replace all of the user's choices for the UI.
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
