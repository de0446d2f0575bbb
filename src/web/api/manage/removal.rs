//! Removing a user, ending the sessions, and addresses that come and go.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::gateway::records::audit::Act;
use crate::gateway::removal::addresses::NameAfter;
use crate::mail::address::Address;
use crate::web::api::Done;
use crate::web::auth::Managing;
use crate::web::body::{Id, Json};
use crate::web::error::{Problem, Problems};

/// The confirmation that a user is to be removed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserRemoval {
    /// The login name, typed once more.
    confirm: String,
    /// Whether another account can have the name and the addresses at once, and not only after 90 days.
    free: bool,
}

/// An address to be added.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserAddress {
    /// An address in one of the site's domains.
    address: String,
}

/// An address to be removed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserAddressRemoval {
    address: String,
    /// Whether another account can have it at once, and not only after 90 days.
    free: bool,
}

fn parsed(text: &str) -> Result<Address, Problem> {
    Address::parse(text.trim()).map_err(|error| Problem::invalid(format!("{text}: {error}.")))
}

fn after(free: bool) -> NameAfter {
    if free { NameAfter::Free } else { NameAfter::Held }
}

/// Remove a user for good: `name-differs` (409) if the login name was not typed, `last-manager` if no
/// administrator would remain.
#[utoipa::path(
    post,
    path = "/api/manage/users/{name}/remove",
    tag = "manage",
    operation_id = "manageUserRemove",
    params(("name" = String, Path, description = "The login name")),
    request_body = UserRemoval,
    responses(Done, Problems)
)]
pub async fn remove(
    managing: Managing,
    Id(name): Id,
    Json(UserRemoval { confirm, free }): Json<UserRemoval>,
) -> Result<StatusCode, Problem> {
    let done = managing.run_audited(Act::UserRemoved, name.clone(), move |gateway| {
        gateway.account_remove(&name, &confirm, after(free))
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions of a user, in every browser.
#[utoipa::path(
    post,
    path = "/api/manage/users/{name}/sign-out",
    tag = "manage",
    operation_id = "manageUserSignOut",
    params(("name" = String, Path, description = "The login name")),
    responses(Done, Problems)
)]
pub async fn sign_out(managing: Managing, Id(name): Id) -> Result<StatusCode, Problem> {
    let done = managing.run_audited(Act::SessionsEnded, name.clone(), move |gateway| {
        gateway.account_sign_out(&name)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let an account take codes again that were refused because too many in a row were wrong.
#[utoipa::path(
    post,
    path = "/api/manage/users/{name}/reset-totp",
    tag = "manage",
    operation_id = "manageUserTotpReset",
    params(("name" = String, Path, description = "The login name")),
    responses(Done, Problems)
)]
pub async fn totp_reset(managing: Managing, Id(name): Id) -> Result<StatusCode, Problem> {
    let done = managing.run_audited(Act::TotpReset, name.clone(), move |gateway| {
        gateway.account_totp_reset(&name)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Add an address to a user; `exists` (409) if somebody has it, `name-held` if somebody had it lately.
#[utoipa::path(
    post,
    path = "/api/manage/users/{name}/addresses",
    tag = "manage",
    operation_id = "manageUserAddressAdd",
    params(("name" = String, Path, description = "The login name")),
    request_body = UserAddress,
    responses(Done, Problems)
)]
pub async fn address_add(
    managing: Managing,
    Id(name): Id,
    Json(UserAddress { address }): Json<UserAddress>,
) -> Result<StatusCode, Problem> {
    let address = parsed(&address)?;
    let about = format!("{name}: {address}");
    let done = managing.run_audited(Act::AddressAdded, about, move |gateway| {
        gateway.account_address_add(&name, &address)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove an address from a user; `last-address` (409) for the last one.
#[utoipa::path(
    post,
    path = "/api/manage/users/{name}/addresses/remove",
    tag = "manage",
    operation_id = "manageUserAddressRemove",
    params(("name" = String, Path, description = "The login name")),
    request_body = UserAddressRemoval,
    responses(Done, Problems)
)]
pub async fn address_remove(
    managing: Managing,
    Id(name): Id,
    Json(UserAddressRemoval { address, free }): Json<UserAddressRemoval>,
) -> Result<StatusCode, Problem> {
    let address = parsed(&address)?;
    let about = format!("{name}: {address}");
    let done = managing.run_audited(Act::AddressRemoved, about, move |gateway| {
        gateway.account_address_remove(&name, &address, after(free))
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
