//! Preferences: the values in force, where they come from, and whether they can be changed.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::gateway::accounts::preference::{PreferencesChange, PreferencesView, Setting};
use crate::terms::{AcceptFrom, Choice, ConfirmOutside, Confirmations, LastInteraction};
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

/// All preferences.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// How long a message can be taken back, in seconds.
    undo_secs: Preference<u32>,
    /// What happens to messages for outside; `null`: what the system says.
    choice: Preference<Option<Choice>>,
    /// What outside senders learn of when one was last here: `never`, `day` or `exact`.
    last_interaction: Preference<LastInteraction>,
    /// Whether outside senders learn what became of a message: `never`, `ask`, `known`, `always`.
    confirm_outside: Preference<ConfirmOutside>,
    /// Whose messages are taken: `inside`, `outside` or `both`.
    accept_from: Preference<AcceptFrom>,
    /// Where confirmations go that a message was read: `mailbox`, one of their own, or
    /// `inbox`.
    confirmations: Preference<Confirmations>,
}

/// Whose value is in force.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PreferenceSource {
    /// The account's own.
    Own,
    /// The organisation's.
    System,
}

/// A value, and where it comes from.
#[derive(Serialize, ToSchema)]
pub struct Preference<T: ToSchema> {
    value: T,
    source: PreferenceSource,
    /// The administrator allows no other.
    fixed: bool,
}

/// A change of preferences; `null` resets a preference to the system's value, and preferences that
/// are left out stay as they are.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = PreferencesChange)]
pub struct Change {
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    undo_secs: Option<Option<u32>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Choice>)]
    choice: Option<Option<Choice>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<LastInteraction>)]
    last_interaction: Option<Option<LastInteraction>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<ConfirmOutside>)]
    confirm_outside: Option<Option<ConfirmOutside>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<AcceptFrom>)]
    accept_from: Option<Option<AcceptFrom>>,
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Confirmations>)]
    confirmations: Option<Option<Confirmations>>,
}

/// Deserialises a field that is present, even as `null`, to `Some`; a missing one becomes `None`.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl<T: ToSchema> Preference<T> {
    fn of(setting: Setting<T>) -> Preference<T> {
        Preference {
            value: setting.value,
            source: if setting.own { PreferenceSource::Own } else { PreferenceSource::System },
            fixed: setting.fixed,
        }
    }
}

impl From<PreferencesView> for Preferences {
    fn from(view: PreferencesView) -> Preferences {
        Preferences {
            undo_secs: Preference::of(view.undo_secs),
            choice: Preference::of(view.choice),
            last_interaction: Preference::of(view.last_interaction),
            confirm_outside: Preference::of(view.confirm_outside),
            accept_from: Preference::of(view.accept_from),
            confirmations: Preference::of(view.confirmations),
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
        confirmations: change.confirmations,
    };
    let view = signed
        .run(CostClass::Records, move |gateway, actor| gateway.preferences_change(actor, &change));
    Ok(axum::Json(view.await?.into()))
}
