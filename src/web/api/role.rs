//! Role mailboxes, which a group reads together.
//!
//! Their mail is read and written by the routes for mail, with the mailbox's number in the header
//! `Postern-Mailbox`.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway;
use crate::gateway::records::audit::Act;
use crate::gateway::records::role::RoleActKind;
use crate::gateway::roles::acts::ActView;
use crate::gateway::roles::mailbox::RoleView;
use crate::web::auth::Signed;
use crate::web::body::{Id, Json};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::Done;

/// A role mailbox.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleMailbox {
    /// The value of `Postern-Mailbox`.
    id: String,
    address: String,
    /// The number of the group that reads it.
    group: String,
    /// `null` if the account cannot read it, or not yet.
    group_name: Option<String>,
    /// The unread messages in its inbox.
    unread: u64,
    /// Whether the account reads it.
    opens: bool,
    /// Whether the account rejects and deletes messages for all its readers.
    manages: bool,
    may_end: bool,
    /// Whether it is being ended.
    ending: bool,
}

/// Role mailboxes: those that the account reads; for administrators, all.
#[derive(Serialize, ToSchema)]
pub struct RoleMailboxes {
    items: Vec<RoleMailbox>,
}

/// A role mailbox to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleMailboxNew {
    /// The number of the group that reads it.
    group: String,
    /// An address in one of the site's domains that nobody has.
    address: String,
}

/// What a reader of a role mailbox did with a message: `wrote` the message itself, or the others.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoleActName {
    Read,
    Answered,
    Forwarded,
    Wrote,
}

/// What a reader of a role mailbox did with a message.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleAct)]
pub struct Acted {
    kind: RoleActName,
    /// The name, or else the address; empty if that person was removed.
    who: String,
    #[schema(format = DateTime)]
    at: String,
    /// The reference number of the message that answers it or passes it on.
    message: Option<String>,
}

impl From<ActView> for Acted {
    fn from(ActView { kind, who, at }: ActView) -> Acted {
        let name = match kind {
            RoleActKind::Read => RoleActName::Read,
            RoleActKind::Answered(_) => RoleActName::Answered,
            RoleActKind::Forwarded(_) => RoleActName::Forwarded,
            RoleActKind::Wrote(_) => RoleActName::Wrote,
        };
        let message = kind.message().map(|reference| reference.to_string());
        Acted { kind: name, who, at: at.to_rfc3339(), message }
    }
}

impl From<RoleView> for RoleMailbox {
    fn from(view: RoleView) -> RoleMailbox {
        RoleMailbox {
            id: view.id.to_text(),
            address: view.address,
            group: view.group.to_text(),
            group_name: view.group_name,
            unread: view.unread,
            opens: view.opens,
            manages: view.manages,
            may_end: view.may_end,
            ending: view.ending,
        }
    }
}

/// List the role mailboxes that the account reads; for administrators, all.
#[utoipa::path(
    get,
    path = "/api/role-mailboxes",
    tag = "groups",
    operation_id = "roleMailboxes",
    responses((status = 200, description = "The mailboxes", body = RoleMailboxes), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<RoleMailboxes>, Problem> {
    let list = signed.run(CostClass::Records, |gateway, actor| {
        gateway.groups_tend_or_not(actor);
        gateway.role_list(actor)
    });
    let items = list.await?.into_iter().map(RoleMailbox::from).collect();
    Ok(axum::Json(RoleMailboxes { items }))
}

/// Give a group a mailbox that all its members read.
#[utoipa::path(
    post,
    path = "/api/role-mailboxes",
    tag = "groups",
    operation_id = "roleMailboxCreate",
    request_body = RoleMailboxNew,
    responses((status = 201, description = "Created", body = RoleMailbox), Problems)
)]
pub async fn create(
    signed: Signed,
    Json(new): Json<RoleMailboxNew>,
) -> Result<(StatusCode, axum::Json<RoleMailbox>), Problem> {
    let peer = signed.peer.to_string();
    let created = signed.run(CostClass::Records, move |gateway, actor| {
        let view = gateway.role_create(actor, &new.group, &new.address)?;
        let about = format!("{} +{}", view.group.to_text(), view.address);
        gateway.note(&gateway.name_of(actor.account()), Act::GroupChanged, &about, &peer);
        Ok::<_, gateway::Error>(view)
    });
    Ok((StatusCode::CREATED, axum::Json(created.await?.into())))
}

/// End a role mailbox; everything in it is deleted, and its address is free.
#[utoipa::path(
    delete,
    path = "/api/role-mailboxes/{id}",
    tag = "groups",
    operation_id = "roleMailboxEnd",
    params(("id" = String, Path, description = "The mailbox's number")),
    responses(Done, Problems)
)]
pub async fn end(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let peer = signed.peer.to_string();
    let ended = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.role_end(actor, &id)?;
        let about = format!("-{id}");
        gateway.note(&gateway.name_of(actor.account()), Act::GroupChanged, &about, &peer);
        Ok::<_, gateway::Error>(())
    });
    ended.await?;
    Ok(StatusCode::NO_CONTENT)
}
