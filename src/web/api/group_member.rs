//! Adding people to a group, removing them, and making them managers.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::gateway::records::audit::Act;
use crate::gateway::{self, Gateway};
use crate::web::api::Done;
use crate::web::api::group::{GroupWhole, audited, whole};
use crate::web::auth::Signed;
use crate::web::body::{Id, Json};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

/// Somebody to be added to a group.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupMemberNew {
    /// The address or the login name of a person inside.
    address: String,
}

/// A change to a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupMemberChange {
    manager: bool,
}

/// Add a person inside to a group.
#[utoipa::path(
    post,
    path = "/api/groups/{id}/members",
    tag = "groups",
    operation_id = "groupMemberAdd",
    params(("id" = String, Path, description = "The group's number")),
    request_body = GroupMemberNew,
    responses((status = 200, description = "The group", body = GroupWhole), Problems)
)]
pub async fn add(
    signed: Signed,
    Id(id): Id,
    Json(new): Json<GroupMemberNew>,
) -> Result<Response, Problem> {
    let about = (Act::GroupMemberAdded, format!("{id} {}", new.address));
    let added = audited(signed, about, move |gateway, actor| {
        gateway.group_member_add(actor, &id, &new.address)
    });
    Ok(whole(StatusCode::OK, added.await?))
}

/// Remove a member from a group, or leave it.
#[utoipa::path(
    delete,
    path = "/api/groups/{id}/members/{member}",
    tag = "groups",
    operation_id = "groupMemberRemove",
    params(
        ("id" = String, Path, description = "The group's number"),
        ("member" = String, Path, description = "The member's number"),
    ),
    responses(Done, Problems)
)]
pub async fn remove(signed: Signed, member: InGroup) -> Result<StatusCode, Problem> {
    let InGroup { id, member } = member;
    let peer = signed.peer.to_string();
    let removed = signed.run(CostClass::Records, move |gateway, actor| {
        let about = about_member(gateway, &id, &member);
        gateway.group_member_remove(actor, &id, &member)?;
        let who = gateway.name_of(actor.account());
        gateway.note(&who, Act::GroupMemberRemoved, &about, &peer);
        Ok::<_, gateway::Error>(())
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a member a manager of the group, or an ordinary member again.
#[utoipa::path(
    patch,
    path = "/api/groups/{id}/members/{member}",
    tag = "groups",
    operation_id = "groupMemberChange",
    params(
        ("id" = String, Path, description = "The group's number"),
        ("member" = String, Path, description = "The member's number"),
    ),
    request_body = GroupMemberChange,
    responses((status = 200, description = "The group", body = GroupWhole), Problems)
)]
pub async fn change(
    signed: Signed,
    member: InGroup,
    Json(to): Json<GroupMemberChange>,
) -> Result<Response, Problem> {
    let InGroup { id, member } = member;
    let peer = signed.peer.to_string();
    let changed = signed.run(CostClass::Records, move |gateway, actor| {
        let detail = gateway.group_member_change(actor, &id, &member, to.manager)?;
        let act = match to.manager {
            true => Act::GroupManagerGranted,
            false => Act::GroupManagerRevoked,
        };
        let about = about_member(gateway, &id, &member);
        gateway.note(&gateway.name_of(actor.account()), act, &about, &peer);
        Ok::<_, gateway::Error>(detail)
    });
    Ok(whole(StatusCode::OK, changed.await?))
}

/// What the audit log names: the group, and the member's login name.
fn about_member(gateway: &Gateway, group: &str, member: &str) -> String {
    match gateway.member_login(member) {
        Some(name) => format!("{group} {name}"),
        None => group.to_owned(),
    }
}

/// A group and a member in the path.
#[derive(Deserialize)]
pub struct InGroup {
    id: String,
    member: String,
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for InGroup {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<InGroup, Problem> {
        let path = axum::extract::Path::<InGroup>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(found)| found).map_err(|_| Problem::not_found())
    }
}
