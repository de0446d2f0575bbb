//! Temporary accounts: what their sponsors can do, and what outsiders can do without signing in or
//! to delete their account.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::outsiders::asking::Asked;
use crate::gateway::outsiders::pickup::PickupView;
use crate::gateway::records::audit::Act;
use crate::gateway::{self, Password};
use crate::terms::{HandOff, PickupState};
use crate::web::auth::Signed;
use crate::web::body::{Id, Json, Ref};
use crate::web::error::{Problem, Problems};
use crate::web::state::{CostClass, Web};

use super::Done;
use super::credential::password;
use super::submission::Temporary;

/// The temporary accounts that the account sponsors.
#[derive(Serialize, ToSchema)]
pub struct Temporaries {
    items: Vec<Temporary>,
}

/// What the link of a notification shows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pickup {
    organisation: String,
    state: PickupState,
    from: From,
    reference: String,
    #[schema(format = DateTime)]
    sent_at: String,
    #[schema(format = DateTime)]
    until: String,
    /// The number of messages that have not been opened yet.
    waiting: u64,
    login_name: Option<String>,
    hand_off: HandOff,
    phone: Option<String>,
    /// Whom to ask for help: the user who wrote first.
    sponsor: Option<String>,
    language: Option<String>,
}

/// The address that the notification went to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskAccess {
    address: String,
}

/// What came of asking.
#[derive(Serialize, ToSchema)]
pub struct AccessAsked {
    to: AskedOf,
}

/// Where the question went.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AskedOf {
    /// To nobody: a notification with another one-time password is on its way.
    Notification,
    /// To the sponsor.
    Sponsor,
}

/// The sender of the message.
#[derive(Serialize, ToSchema)]
#[schema(as = PickupFrom)]
pub struct From {
    name: Option<String>,
    address: String,
}

/// An empty request body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Whether a message with a given reference number was sent from here.
#[derive(Serialize, ToSchema)]
pub struct Verified {
    sent: bool,
    #[schema(format = DateTime)]
    at: Option<String>,
}

/// The password, to confirm the deletion.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    /// Not needed as long as the owner has chosen no passphrase.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

/// The passphrase to come back with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChoosePassphrase {
    /// At least 12 characters.
    #[schema(value_type = String, format = Password)]
    passphrase: SecretString,
}

impl std::convert::From<PickupView> for Pickup {
    fn from(view: PickupView) -> Pickup {
        Pickup {
            organisation: view.organisation,
            state: view.state,
            from: From {
                name: view.from_name.filter(|name| !name.is_empty()),
                address: view.from_address,
            },
            reference: view.reference.to_string(),
            sent_at: view.sent.to_rfc3339(),
            until: view.until.to_rfc3339(),
            waiting: view.waiting,
            login_name: view.login_name,
            hand_off: view.hand_off,
            phone: view.phone,
            sponsor: view.sponsor,
            language: view.language.map(str::to_owned),
        }
    }
}

/// List the temporary accounts that the account sponsors.
#[utoipa::path(
    get,
    path = "/api/temporary",
    tag = "temporary accounts",
    operation_id = "temporaries",
    responses((status = 200, description = "The accounts", body = Temporaries), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<Temporaries>, Problem> {
    let views = signed
        .run(CostClass::Records, |gateway, actor| gateway.temporary_list(Some(actor)))
        .await?;
    Ok(axum::Json(Temporaries { items: views.into_iter().map(Temporary::from).collect() }))
}

/// Renew a temporary account for another full period.
#[utoipa::path(
    post,
    path = "/api/temporary/{id}/renew",
    tag = "temporary accounts",
    operation_id = "temporaryRenew",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The account", body = Temporary), Problems)
)]
pub async fn renew(signed: Signed, Id(id): Id) -> Result<axum::Json<Temporary>, Problem> {
    let view =
        signed.run(CostClass::Records, move |gateway, actor| gateway.temporary_renew(actor, &id));
    Ok(axum::Json(view.await?.into()))
}

/// Send the notification again.
#[utoipa::path(
    post,
    path = "/api/temporary/{id}/resend",
    tag = "temporary accounts",
    operation_id = "temporaryResend",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 202, description = "The notification is queued"), Problems)
)]
pub async fn resend(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    signed
        .run(CostClass::Records, move |gateway, actor| gateway.temporary_resend(actor, &id))
        .await?;
    Ok(StatusCode::ACCEPTED)
}

/// Terminate a temporary account now.
#[utoipa::path(
    post,
    path = "/api/temporary/{id}/revoke",
    tag = "temporary accounts",
    operation_id = "temporaryRevoke",
    params(("id" = String, Path, description = "The account's id")),
    responses(Done, Problems)
)]
pub async fn revoke(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    signed
        .run(CostClass::Records, move |gateway, actor| gateway.temporary_revoke(actor, &id))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came of starting a temporary account again.
#[derive(Serialize, ToSchema)]
pub struct StartedAgain {
    account: Temporary,
    /// How many messages its owner can read again.
    restored: u32,
    /// How many messages nobody can open any more.
    lost: u32,
}

/// Start a temporary account again, whose owner has lost the passphrase.
///
/// What opened it opens nothing any more, its sessions end, and its owner gets a notification with
/// another one-time password, whatever handed over the first. The caller's own messages are in it
/// again, as far as the caller has kept them; all else in it is lost. Fails with `others-wait` if
/// unopened messages of other senders would be lost, unless the owner has asked for help within the
/// last seven days.
#[utoipa::path(
    post,
    path = "/api/temporary/{id}/start-again",
    tag = "temporary accounts",
    operation_id = "temporaryStartAgain",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "What came of it", body = StartedAgain), Problems)
)]
pub async fn start_again(signed: Signed, Id(id): Id) -> Result<axum::Json<StartedAgain>, Problem> {
    let peer = signed.peer.to_string();
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.temporary_start_again(actor, &id, &peer)
    });
    let gateway::outsiders::again::StartedAgain { account, brought, lost } = done.await?;
    Ok(axum::Json(StartedAgain { account: account.into(), restored: brought, lost }))
}

/// Get what the link of a notification shows; following the link changes nothing.
#[utoipa::path(
    get,
    path = "/api/pickup/{token}",
    tag = "temporary accounts",
    operation_id = "pickup",
    security(()),
    params(("token" = String, Path, description = "From the link")),
    responses((status = 200, description = "The pick-up", body = Pickup), Problems)
)]
pub async fn pickup(
    State(web): State<Web>,
    Path(token): Path<String>,
) -> Result<axum::Json<Pickup>, Problem> {
    let view = web.run(CostClass::Records, move |gateway| gateway.pickup(&token)).await?;
    Ok(axum::Json(view.into()))
}

/// Ask the sender to send the message again after the account has ended; at most once a day.
#[utoipa::path(
    post,
    path = "/api/pickup/{token}/ask",
    tag = "temporary accounts",
    operation_id = "pickupAsk",
    security(()),
    params(("token" = String, Path, description = "From the link")),
    request_body = Nothing,
    responses((status = 202, description = "The sender is asked"), Problems)
)]
pub async fn ask(
    State(web): State<Web>,
    Path(token): Path<String>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<StatusCode, Problem> {
    web.run(CostClass::Records, move |gateway| gateway.pickup_ask(&token)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Ask for access to the temporary account again: for another one-time password, or, if the
/// passphrase was forgotten, for help by the sponsor.
#[utoipa::path(
    post,
    path = "/api/pickup/{token}/access",
    tag = "temporary accounts",
    operation_id = "pickupAccess",
    security(()),
    params(("token" = String, Path, description = "From the link")),
    request_body = AskAccess,
    responses((status = 202, description = "What was done", body = AccessAsked), Problems)
)]
pub async fn access(
    State(web): State<Web>,
    Path(token): Path<String>,
    Json(AskAccess { address }): Json<AskAccess>,
) -> Result<(StatusCode, axum::Json<AccessAsked>), Problem> {
    let asked = web.run(CostClass::Records, move |gateway| gateway.pickup_access(&token, &address));
    let to = match asked.await? {
        Asked::Notified => AskedOf::Notification,
        Asked::Told => AskedOf::Sponsor,
    };
    Ok((StatusCode::ACCEPTED, axum::Json(AccessAsked { to })))
}

/// Check whether a message with this reference number was sent from here; never says by whom.
#[utoipa::path(
    get,
    path = "/api/verify/{ref}",
    tag = "temporary accounts",
    operation_id = "verify",
    security(()),
    params(("ref" = String, Path, description = "The reference number")),
    responses((status = 200, description = "Whether, and when", body = Verified), Problems)
)]
pub async fn verify(
    State(web): State<Web>,
    Ref(reference): Ref,
) -> Result<axum::Json<Verified>, Problem> {
    let at =
        web.run(CostClass::Records, move |gateway| gateway.reference_verify(reference)).await?;
    Ok(axum::Json(Verified { sent: at.is_some(), at: at.map(|at| at.to_rfc3339()) }))
}

/// Delete the signed-in temporary account with everything in it.
#[utoipa::path(
    delete,
    path = "/api/account",
    tag = "temporary accounts",
    operation_id = "accountDelete",
    request_body = DeleteAccount,
    responses(Done, Problems)
)]
pub async fn delete_account(
    signed: Signed,
    Json(delete): Json<DeleteAccount>,
) -> Result<StatusCode, Problem> {
    let password = match delete.password {
        Some(typed) => {
            Some(Password::new(typed.expose_secret()).map_err(|_| Problem::bad_credentials())?)
        }
        None => None,
    };
    let done = signed.run_with_password(Act::TemporaryRevoked, move |gateway, actor| {
        gateway.temporary_delete(actor, password.as_ref())
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Choose the passphrase to come back to the temporary account with, once.
///
/// All other sessions end, and no one-time password opens the account any more.
#[utoipa::path(
    post,
    path = "/api/account/passphrase",
    tag = "temporary accounts",
    operation_id = "passphraseChoose",
    request_body = ChoosePassphrase,
    responses(Done, Problems)
)]
pub async fn choose_passphrase(
    signed: Signed,
    Json(ChoosePassphrase { passphrase }): Json<ChoosePassphrase>,
) -> Result<StatusCode, Problem> {
    let own = password(&passphrase)?;
    let (token, thumbprint) = (signed.token.clone(), signed.thumbprint.clone());
    let done = signed.run_with_password(Act::PasswordChanged, move |gateway, actor| {
        let unlock = gateway.session_unlock_key(&token, &thumbprint)?;
        gateway.passphrase_choose(actor, &unlock, &own)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
