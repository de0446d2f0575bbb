//! Filters, and whom one has written with.

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

/// What must hold, and what is done then. A text that is empty holds for everything; upper case
/// and accents do not matter.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// The sender's name or address has this.
    from: String,
    /// A recipient's name or address has this.
    to: String,
    subject: String,
    /// It is moved there: a mailbox's id.
    mailbox: Option<String>,
    star: bool,
    /// It gets this label: its id.
    label: Option<u16>,
    /// It no longer counts as unread; it stays sealed.
    read: bool,
}

/// Filters, in the order in which they are asked; the first folder named counts.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filters {
    items: Vec<Filter>,
}

/// Somebody one has written with.
#[derive(Serialize, ToSchema)]
pub struct Correspondent {
    name: Option<String>,
    address: String,
}

/// People, the most often written with first.
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
        let mailbox = mailbox.map_err(|_| Problem::invalid("A mailbox's id is a number."))?;
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

/// Set the filters. They hold for what comes from now on, and are carried out while its owner is
/// signed in: nobody else can read what they look at.
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

/// Whom one has written with lately.
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
