//! The temporary accounts: listing, renewing and terminating them.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::records::audit::Act;
use crate::web::api::Done;
use crate::web::auth::Managing;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};

/// A temporary account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemporaryRow {
    address: String,
    /// The user who first wrote to the account's owner.
    sponsor: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    claimed_at: Option<String>,
    messages: u32,
}

/// All temporary accounts.
#[derive(Serialize, ToSchema)]
// Without its own name, this schema would be confused with the list of a sponsor's accounts.
#[schema(as = TemporaryRows)]
pub struct Temporaries {
    items: Vec<TemporaryRow>,
}

/// An action on a temporary account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemporaryAct {
    address: String,
    act: TemporaryDo,
}

/// The actions on a temporary account.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TemporaryDo {
    Renew,
    /// Terminates the account and destroys its messages.
    End,
}

/// List the temporary accounts.
#[utoipa::path(
    get,
    path = "/api/manage/temporary",
    tag = "manage",
    operation_id = "manageTemporary",
    responses((status = 200, description = "The accounts", body = Temporaries), Problems)
)]
pub async fn list(managing: Managing) -> Result<axum::Json<Temporaries>, Problem> {
    let rows = managing.run(|gateway| gateway.temporary_list(None)).await?;
    let items = rows.into_iter().map(|view| TemporaryRow {
        address: view.address,
        sponsor: view.sponsor,
        created_at: view.created.to_rfc3339(),
        expires_at: view.expires.to_rfc3339(),
        claimed_at: view.claimed.map(|at| at.to_rfc3339()),
        messages: view.messages,
    });
    Ok(axum::Json(Temporaries { items: items.collect() }))
}

/// Renew or terminate a temporary account.
#[utoipa::path(
    post,
    path = "/api/manage/temporary/act",
    tag = "manage",
    operation_id = "manageTemporaryAct",
    request_body = TemporaryAct,
    responses(Done, Problems)
)]
pub async fn act(
    managing: Managing,
    Json(TemporaryAct { address, act }): Json<TemporaryAct>,
) -> Result<StatusCode, Problem> {
    let audited = match act {
        TemporaryDo::Renew => Act::TemporaryRenewed,
        TemporaryDo::End => Act::TemporaryRevoked,
    };
    let done = managing.run_audited(audited, address.clone(), move |gateway| match act {
        TemporaryDo::Renew => gateway.temporary_renew_of(&address),
        TemporaryDo::End => gateway.temporary_revoke_of(&address),
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
