//! Preferences: the values in force, where they come from, and whether they can be changed.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::gateway::accounts::preference::{PreferencesChange, PreferencesView, Setting};
use crate::terms::{AcceptFrom, Choice, ConfirmOutside, LastInteraction};
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

/// All preferences.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// How long sending can be undone, in seconds.
    undo_secs: Value<u32>,
    /// How messages to outside recipients are sent; `null` leaves it to the system's rules.
    choice: Value<Option<Choice>>,
    /// How precisely outside senders learn when the user was last active: `never`, `day` or
    /// `exact`.
    last_interaction: Value<String>,
    /// Whether outside senders learn the fate of a message: `never`, `ask`, `known` or `always`.
    confirm_outside: Value<String>,
    /// Which senders messages are accepted from: `inside`, `outside` or `both`.
    accept_from: Value<AcceptFrom>,
}

/// A value, and where it comes from.
#[derive(Serialize, ToSchema)]
pub struct Value<T: ToSchema> {
    value: T,
    /// `own` or `system`.
    source: String,
    /// Whether the administrator allows no other value.
    fixed: bool,
}

/// A change of preferences; `null` resets a preference to the system's value, and preferences that
/// are left out stay as they are.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Change {
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    undo_secs: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Choice>)]
    choice: Option<Option<Choice>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    last_interaction: Option<Option<LastInteraction>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    confirm_outside: Option<Option<ConfirmOutside>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<AcceptFrom>)]
    accept_from: Option<Option<AcceptFrom>>,
}

/// Deserialises a field that is present, even as `null`, to `Some`; a missing one becomes `None`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl<T: ToSchema> Value<T> {
    fn of<S>(setting: Setting<S>, shown: impl FnOnce(S) -> T) -> Value<T> {
        Value {
            value: shown(setting.value),
            source: if setting.own { "own" } else { "system" }.to_owned(),
            fixed: setting.fixed,
        }
    }
}

impl From<PreferencesView> for Preferences {
    fn from(view: PreferencesView) -> Preferences {
        Preferences {
            undo_secs: Value::of(view.undo_secs, |secs| secs),
            choice: Value::of(view.choice, |choice| choice),
            last_interaction: Value::of(view.last_interaction, |one| one.as_str().to_owned()),
            confirm_outside: Value::of(view.confirm_outside, |one| one.as_str().to_owned()),
            accept_from: Value::of(view.accept_from, |from| from),
        }
    }
}

/// Get the preferences in force.
#[utoipa::path(
    get,
    path = "/api/preferences",
    tag = "preferences",
    operation_id = "preferences",
    responses((status = 200, description = "The preferences", body = Preferences), Problems)
)]
pub async fn read(signed: Signed) -> Result<axum::Json<Preferences>, Problem> {
    let view = signed.run(CostClass::Records, |gateway, actor| gateway.preferences(actor)).await?;
    Ok(axum::Json(view.into()))
}

/// Change preferences; those that the administrator has fixed are refused (403).
#[utoipa::path(
    patch,
    path = "/api/preferences",
    tag = "preferences",
    operation_id = "preferencesChange",
    request_body = Change,
    responses((status = 200, description = "The preferences", body = Preferences), Problems)
)]
pub async fn change(
    signed: Signed,
    Json(change): Json<Change>,
) -> Result<axum::Json<Preferences>, Problem> {
    let change = PreferencesChange {
        undo_secs: change.undo_secs,
        choice: change.choice,
        last_interaction: change.last_interaction,
        confirm_outside: change.confirm_outside,
        accept_from: change.accept_from,
    };
    let view = signed
        .run(CostClass::Records, move |gateway, actor| gateway.preferences_change(actor, &change));
    Ok(axum::Json(view.await?.into()))
}
