//! Mailboxes.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::{self, MailboxView, QuotaView};
use crate::terms::Fullness;
use crate::web::auth::Signed;
use crate::web::body::{Id, Json};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::Done;

/// A mailbox.
#[derive(Serialize, ToSchema)]
pub struct Mailbox {
    id: String,
    role: Option<Role>,
    /// The name given by the owner; empty for a mailbox with a role.
    name: String,
    total: u64,
    unread: u64,
    /// The number of messages that have been neither opened nor rejected.
    unopened: u64,
    /// The number of days after which opened messages are deleted from it; `null` for never.
    #[serde(rename = "keptDays")]
    kept_days: Option<i64>,
}

/// What a mailbox is for (RFC 8621 §2). There is one for confirmations once there is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Inbox,
    Drafts,
    Sent,
    Archive,
    Junk,
    Trash,
    Confirmations,
}

/// All mailboxes; those with a role come first.
#[derive(Serialize, ToSchema)]
pub struct Mailboxes {
    state: String,
    items: Vec<Mailbox>,
    quota: Quota,
}

/// How much an account stores, and how much it may store.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// What messages, drafts and uploaded files take.
    octets: u64,
    /// `null` if there is no limit.
    octets_max: Option<u64>,
    /// The number of messages and drafts.
    messages: u64,
    /// `null` if there is no limit.
    messages_max: Option<u64>,
    /// `filling` from 80 % of a limit on, `almost-full` from 95 % on.
    fullness: Fullness,
}

/// The name of a mailbox.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailboxName {
    name: String,
}

impl From<crate::gateway::Role> for Role {
    fn from(role: crate::gateway::Role) -> Role {
        match role {
            crate::gateway::Role::Inbox => Role::Inbox,
            crate::gateway::Role::Drafts => Role::Drafts,
            crate::gateway::Role::Sent => Role::Sent,
            crate::gateway::Role::Archive => Role::Archive,
            crate::gateway::Role::Junk => Role::Junk,
            crate::gateway::Role::Trash => Role::Trash,
            crate::gateway::Role::Confirmations => Role::Confirmations,
        }
    }
}

impl From<QuotaView> for Quota {
    fn from(view: QuotaView) -> Quota {
        let limit = |most: u64| (most > 0).then_some(most);
        Quota {
            octets: view.usage.octets,
            octets_max: limit(view.quota.octets),
            messages: view.usage.messages,
            messages_max: limit(view.quota.messages),
            fullness: view.fullness,
        }
    }
}

impl From<MailboxView> for Mailbox {
    fn from(view: MailboxView) -> Mailbox {
        Mailbox {
            id: view.id,
            role: view.role.map(Role::from),
            name: view.name,
            total: view.total,
            unread: view.unread,
            unopened: view.unopened,
            kept_days: view.kept_secs.map(|secs| secs / (24 * 3600)),
        }
    }
}

/// List the mailboxes.
#[utoipa::path(
    get,
    path = "/api/mailboxes",
    tag = "mailboxes",
    operation_id = "mailboxes",
    responses((status = 200, description = "The mailboxes", body = Mailboxes), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<Mailboxes>, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| {
        Ok::<_, gateway::Error>((gateway.mailbox_list(actor)?, gateway.quota(actor)?))
    });
    let ((state, views), quota) = found.await?;
    let items = views.into_iter().map(Mailbox::from).collect();
    Ok(axum::Json(Mailboxes { state, items, quota: quota.into() }))
}

/// Create a mailbox.
#[utoipa::path(
    post,
    path = "/api/mailboxes",
    tag = "mailboxes",
    operation_id = "mailboxCreate",
    request_body = MailboxName,
    responses((status = 201, description = "Created", body = Mailbox), Problems)
)]
pub async fn create(
    signed: Signed,
    Json(MailboxName { name }): Json<MailboxName>,
) -> Result<(StatusCode, axum::Json<Mailbox>), Problem> {
    let made =
        signed.run(CostClass::Records, move |gateway, actor| gateway.mailbox_create(actor, &name));
    Ok((StatusCode::CREATED, axum::Json(made.await?.into())))
}

/// Rename a mailbox; one with a role cannot be renamed.
#[utoipa::path(
    patch,
    path = "/api/mailboxes/{id}",
    tag = "mailboxes",
    operation_id = "mailboxRename",
    params(("id" = String, Path, description = "The mailbox's id")),
    request_body = MailboxName,
    responses((status = 200, description = "Renamed", body = Mailbox), Problems)
)]
pub async fn rename(
    signed: Signed,
    Id(id): Id,
    Json(MailboxName { name }): Json<MailboxName>,
) -> Result<axum::Json<Mailbox>, Problem> {
    let renamed = signed
        .run(CostClass::Records, move |gateway, actor| gateway.mailbox_rename(actor, &id, &name));
    Ok(axum::Json(renamed.await?.into()))
}

/// Delete an empty mailbox; `not-empty` (409) if it contains messages.
#[utoipa::path(
    delete,
    path = "/api/mailboxes/{id}",
    tag = "mailboxes",
    operation_id = "mailboxDelete",
    params(("id" = String, Path, description = "The mailbox's id")),
    responses(Done, Problems)
)]
pub async fn delete(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.mailbox_delete(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_written_as_the_core_calls_them() {
        let all = crate::gateway::Role::CREATED.into_iter();
        for role in all.chain([crate::gateway::Role::Confirmations]) {
            let written = serde_json::to_value(Role::from(role)).unwrap();
            assert_eq!(written, role.as_str());
        }
    }
}
