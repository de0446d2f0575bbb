//! The temporary accounts: who has one, renewing and ending one.

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
    /// Who wrote first.
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
// Without a name of its own it would be taken for the list of what one account sponsors.
#[schema(as = TemporaryRows)]
pub struct Temporaries {
    items: Vec<TemporaryRow>,
}

/// Which temporary account, and what happens to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemporaryAct {
    address: String,
    act: TemporaryDo,
}

/// What can be done to a temporary account.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TemporaryDo {
    Renew,
    /// It ends, and what it holds is destroyed.
    End,
}

/// List the temporary accounts.
#[utoipa::path(
    get,
    path = "/api/manage/temporary",
    tag = "manage",
    operation_id = "manageTemporary",
    responses((status = 200, description = "All of them", body = Temporaries), Problems)
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

/// Renew or end a temporary account.
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
