//! The voucher of a group, by whose attestations its members are computed.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::gateway::records::audit::Act;
use crate::web::api::group::{GroupWhole, audited, whole};
use crate::web::auth::Signed;
use crate::web::body::{Id, Json};
use crate::web::error::{Problem, Problems};

/// Who is asked to vouch for the members of a group.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupVoucherNew {
    /// The number of a member who was added by name.
    member: String,
}

/// Ask a member to vouch for the members of a group: once the member agrees, they are its managers, the
/// voucher, and those whom the voucher attests. Where another member agreed, that has to be ended first.
#[utoipa::path(
    put,
    path = "/api/groups/{id}/voucher",
    tag = "groups",
    operation_id = "groupVoucherAsk",
    params(("id" = String, Path, description = "The group's number")),
    request_body = GroupVoucherNew,
    responses((status = 200, description = "The group", body = GroupWhole), Problems)
)]
pub async fn ask(
    signed: Signed,
    Id(id): Id,
    Json(new): Json<GroupVoucherNew>,
) -> Result<Response, Problem> {
    let asked = audited(signed, (Act::GroupChanged, id.clone()), move |gateway, actor| {
        gateway.group_voucher_ask(actor, &id, &new.member)
    });
    Ok(whole(StatusCode::OK, asked.await?))
}

/// Agree to vouch for the members of a group, as the account was asked to. Members who are not attested,
/// and manage nothing, have to be removed first.
#[utoipa::path(
    post,
    path = "/api/groups/{id}/voucher",
    tag = "groups",
    operation_id = "groupVouch",
    params(("id" = String, Path, description = "The group's number")),
    responses((status = 200, description = "The group", body = GroupWhole), Problems)
)]
pub async fn agree(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let agreed = audited(signed, (Act::GroupChanged, id.clone()), move |gateway, actor| {
        gateway.group_vouch(actor, &id)
    });
    Ok(whole(StatusCode::OK, agreed.await?))
}

/// End that the members of a group are computed, or that a member is asked. Its managers do, and the
/// voucher. Members who were computed are out.
#[utoipa::path(
    delete,
    path = "/api/groups/{id}/voucher",
    tag = "groups",
    operation_id = "groupVoucherEnd",
    params(("id" = String, Path, description = "The group's number")),
    responses((status = 200, description = "The group", body = GroupWhole), Problems)
)]
pub async fn end(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let ended = audited(signed, (Act::GroupChanged, id.clone()), move |gateway, actor| {
        gateway.group_voucher_end(actor, &id)
    });
    Ok(whole(StatusCode::OK, ended.await?))
}
