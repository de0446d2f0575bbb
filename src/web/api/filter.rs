//! Filters, and the people an account has corresponded with.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::mailboxes::correspondents::Correspondent as Known;
use crate::gateway::mailboxes::filter;
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::Done;

/// The conditions and actions of a filter. An empty condition matches every message; case and
/// accents are ignored.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// Text that the sender's name or address contains.
    from: String,
    /// Text that a recipient's name or address contains.
    to: String,
    subject: String,
    /// The id of the mailbox that matching messages are moved to.
    mailbox: Option<String>,
    star: bool,
    /// The id of the label that matching messages get.
    label: Option<u16>,
    /// Whether matching messages no longer count as unread; they stay sealed.
    read: bool,
}

/// Filters, in the order in which they are applied. The first filter with a mailbox decides where
/// a message is moved.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filters {
    items: Vec<Filter>,
}

/// A person that the account has corresponded with.
#[derive(Serialize, ToSchema)]
pub struct Correspondent {
    name: Option<String>,
    address: String,
}

/// Correspondents, the most frequent first.
#[derive(Serialize, ToSchema)]
pub struct Correspondents {
    items: Vec<Correspondent>,
}

impl From<filter::Filter> for Filter {
    fn from(filter: filter::Filter) -> Filter {
        let filter::Filter { from, to, subject, mailbox, star, label, read } = filter;
        let mailbox = mailbox.map(|id| id.to_string());
        Filter { from, to, subject, mailbox, star, label, read }
    }
}

impl Filter {
    fn read(self) -> Result<filter::Filter, Problem> {
        let Filter { from, to, subject, mailbox, star, label, read } = self;
        let mailbox = mailbox.map(|id| id.parse()).transpose();
        let mailbox = mailbox.map_err(|_| Problem::invalid("A mailbox's id must be a number."))?;
        Ok(filter::Filter { from, to, subject, mailbox, star, label, read })
    }
}

/// Get the filters.
#[utoipa::path(
    get,
    path = "/api/filters",
    tag = "filters",
    operation_id = "filters",
    responses((status = 200, description = "The filters", body = Filters), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<Filters>, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| gateway.filters(actor)).await?;
    Ok(axum::Json(Filters { items: found.into_iter().map(Filter::from).collect() }))
}

/// Set the filters.
///
/// They apply to messages that arrive from now on, and run while the account's owner is signed in:
/// only the owner's keys can open what they look at.
#[utoipa::path(
    put,
    path = "/api/filters",
    tag = "filters",
    operation_id = "filtersSet",
    request_body = Filters,
    responses(Done, Problems)
)]
pub async fn set(signed: Signed, Json(filters): Json<Filters>) -> Result<StatusCode, Problem> {
    let filters: Result<Vec<_>, Problem> = filters.items.into_iter().map(Filter::read).collect();
    let filters = filters?;
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.filters_set(actor, &filters));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get the people that the account has corresponded with recently.
#[utoipa::path(
    get,
    path = "/api/correspondents",
    tag = "filters",
    operation_id = "correspondents",
    responses((status = 200, description = "The most often first", body = Correspondents), Problems)
)]
pub async fn people(signed: Signed) -> Result<axum::Json<Correspondents>, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| gateway.people(actor)).await?;
    let person = |Known { name, address }| Correspondent { name, address };
    Ok(axum::Json(Correspondents { items: found.into_iter().map(person).collect() }))
}
