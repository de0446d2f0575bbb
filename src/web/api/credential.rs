//! The credentials of an account: its password, app passwords, TOTP codes, and the recovery key
//! for a lost password.

use std::fmt::Write as _;

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use qrcodegen::{QrCode, QrCodeEcc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::accounts::change::{Others, PasswordChange};
use crate::gateway::accounts::password::CredentialView;
use crate::gateway::accounts::totp::TotpNew;
use crate::gateway::audit::Target;
use crate::gateway::records::audit::Act;
use crate::gateway::{self, ChangedFrom, OwnChoice, Password, RecoveryKey};
use crate::web::auth::{Signed, note_refused};
use crate::web::body::{Id, Json};
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::{Connection, CostClass, Web};

use super::{Done, session};

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePassword {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// The new password, of at least 12 characters.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
    /// Whether what else opens the account stays: other sessions, app passwords, passkeys, the
    /// recovery key. Otherwise all of it ends, and the account gets new keys. A temporary account has
    /// only sessions, which end.
    #[serde(default)]
    keep_others: bool,
}

/// The password, to confirm a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordConfirmation {
    #[schema(value_type = String, format = Password)]
    pub(super) password: SecretString,
}

/// A recovery key, which is shown only once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    recovery_key: String,
}

/// A request to set a new password by the recovery key.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recover {
    name: String,
    /// The recovery key; case, dashes and spaces are ignored.
    #[schema(value_type = String, format = Password)]
    recovery_key: SecretString,
    /// The new password, of at least 12 characters.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

pub(super) fn password(text: &SecretString) -> Result<Password, Problem> {
    Password::new(text.expose_secret())
        .map_err(|_| Problem::invalid("A password must have 1 to 1,024 octets."))
}

/// Change the account's password.
///
/// All other sessions end, all app passwords and passkeys are deleted, and the recovery key is
/// replaced: the account gets new keys, so that nobody who had an earlier password, and a copy of the
/// server's disk, can open what arrives from then on.
#[utoipa::path(
    put,
    path = "/api/account/password",
    tag = "sessions",
    operation_id = "passwordChange",
    request_body = ChangePassword,
    responses(
        (status = 200, description = "Changed, with a new recovery key", body = Recovery),
        (status = 204, description = "Changed; the recovery key, if any, is as before"),
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn change(
    signed: Signed,
    Json(change): Json<ChangePassword>,
) -> Result<Response, Problem> {
    let (old, new) = (password(&change.password)?, password(&change.new_password)?);
    let others = if change.keep_others { Others::Keep } else { Others::End };
    let token = signed.token.clone();
    let done = signed.run_with_password(Act::PasswordChanged, move |gateway, actor| {
        let kept = gateway.session_kept(actor, &token)?;
        gateway.password_change(actor, kept, &PasswordChange { old, new, others })
    });
    Ok(match done.await? {
        Some(key) => axum::Json(Recovery::from(&key)).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

impl From<&RecoveryKey> for Recovery {
    fn from(key: &RecoveryKey) -> Recovery {
        Recovery { recovery_key: key.expose().to_owned() }
    }
}

/// Create a new recovery key.
///
/// It is shown only once; the previous one becomes invalid.
#[utoipa::path(
    post,
    path = "/api/account/recovery-key",
    tag = "sessions",
    operation_id = "recoveryKey",
    request_body = PasswordConfirmation,
    responses(
        (status = 201, description = "The key", body = Recovery),
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn recovery_key(
    signed: Signed,
    Json(again): Json<PasswordConfirmation>,
) -> Result<(StatusCode, axum::Json<Recovery>), Problem> {
    let password = password(&again.password)?;
    let key = signed.run_with_password(Act::RecoveryKeyCreated, move |gateway, actor| {
        gateway.recovery_renew(actor, &password)
    });
    Ok((StatusCode::CREATED, axum::Json(Recovery::from(&key.await?))))
}

/// An app password or a passkey.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    id: String,
    label: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

/// The account's credentials besides its password.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The app passwords, latest first.
    app_passwords: Vec<Credential>,
    passkeys: Vec<Credential>,
    /// Whether a sign-in by password needs a TOTP code.
    totp: bool,
}

/// A request for an app password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppPassword {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// What the app password is for, in 1 to 60 characters.
    label: String,
}

/// An app password, which is shown only once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppPasswordCreated {
    app_password: String,
    #[serde(flatten)]
    made: Credential,
}

/// The secret for an authenticator app, which is shown only once.
#[derive(Serialize, ToSchema)]
pub struct TotpSecret {
    /// The secret in base32, for typing.
    secret: String,
    /// The secret as an `otpauth://` URI.
    uri: String,
    qr: Qr,
}

/// A QR code, made of modules of size one by one.
#[derive(Serialize, ToSchema)]
pub struct Qr {
    /// The number of modules in a row.
    size: i32,
    /// The dark modules, as an SVG path.
    path: String,
}

/// A TOTP code from an authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    #[schema(value_type = String, format = Password)]
    code: SecretString,
}

impl From<CredentialView> for Credential {
    fn from(view: CredentialView) -> Credential {
        Credential {
            id: view.id,
            label: view.label,
            created_at: view.created.to_rfc3339(),
            last_used_at: view.last_used.map(|used| used.to_rfc3339()),
        }
    }
}

pub fn qr(text: &str) -> Result<Qr, Problem> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|e| Problem::broken(&e))?;
    let size = code.size();
    let mut path = String::new();
    for (y, x) in (0..size).flat_map(|y| (0..size).map(move |x| (y, x))) {
        if code.get_module(x, y) {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    Ok(Qr { size, path })
}

/// List the account's credentials besides its password.
#[utoipa::path(
    get,
    path = "/api/account/credentials",
    tag = "sessions",
    operation_id = "credentials",
    responses((status = 200, description = "The credentials", body = Credentials), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<Credentials>, Problem> {
    let view = signed.run(CostClass::Records, |gateway, actor| gateway.credentials(actor)).await?;
    let of = |views: Vec<CredentialView>| views.into_iter().map(Credential::from).collect();
    Ok(axum::Json(Credentials {
        app_passwords: of(view.app_passwords),
        passkeys: of(view.passkeys),
        totp: view.totp,
    }))
}

/// Delete an app password or a passkey, and end the sessions that it opened.
#[utoipa::path(
    delete,
    path = "/api/account/credentials/{id}",
    tag = "sessions",
    operation_id = "credentialRemove",
    params(("id" = String, Path, description = "The credential's id")),
    responses(Done, Problems)
)]
pub async fn remove(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done = signed.run_audited(Act::CredentialRemoved, move |gateway, actor| {
        gateway.credential_remove(actor, &id)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Create an app password, which can only handle mail, and is shown only once.
#[utoipa::path(
    post,
    path = "/api/account/app-passwords",
    tag = "sessions",
    operation_id = "appPasswordMake",
    request_body = NewAppPassword,
    responses(
        (status = 201, description = "The password", body = AppPasswordCreated),
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn app_password(
    signed: Signed,
    Json(new): Json<NewAppPassword>,
) -> Result<(StatusCode, axum::Json<AppPasswordCreated>), Problem> {
    let password = password(&new.password)?;
    let made = signed.run_with_password(Act::AppPasswordCreated, move |gateway, actor| {
        gateway.app_password_new(actor, &password, &new.label)
    });
    let (view, password) = made.await?;
    let app_password = password.expose().to_owned();
    let made = AppPasswordCreated { app_password, made: view.into() };
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Start setting up two-step verification: get a secret for an authenticator app.
///
/// Codes are not required until one has been verified.
#[utoipa::path(
    post,
    path = "/api/account/totp",
    tag = "sessions",
    operation_id = "totpStart",
    request_body = PasswordConfirmation,
    responses(
        (status = 201, description = "The secret", body = TotpSecret),
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn totp_start(
    signed: Signed,
    Json(again): Json<PasswordConfirmation>,
) -> Result<(StatusCode, axum::Json<TotpSecret>), Problem> {
    let password = password(&again.password)?;
    let made = signed.run_with_password(Act::Confirmed, move |gateway, actor| {
        gateway.totp_start(actor, &password)
    });
    let TotpNew { secret, uri } = made.await?;
    let (secret, qr, uri) = (secret.to_string(), qr(&uri)?, uri.to_string());
    Ok((StatusCode::CREATED, axum::Json(TotpSecret { secret, uri, qr })))
}

/// Turn on two-step verification: every sign-in by password needs a TOTP code from now on.
#[utoipa::path(
    put,
    path = "/api/account/totp",
    tag = "sessions",
    operation_id = "totpOn",
    request_body = Code,
    responses(
        Done,
        (status = 422, description = "Wrong code", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn totp_on(
    signed: Signed,
    Json(Code { code }): Json<Code>,
) -> Result<StatusCode, Problem> {
    let done = signed.run_with_password(Act::TotpOn, move |gateway, actor| {
        gateway.totp_on(actor, code.expose_secret())
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Turn off two-step verification.
#[utoipa::path(
    post,
    path = "/api/account/totp/off",
    tag = "sessions",
    operation_id = "totpOff",
    request_body = PasswordConfirmation,
    responses(
        Done,
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn totp_off(
    signed: Signed,
    Json(again): Json<PasswordConfirmation>,
) -> Result<StatusCode, Problem> {
    let password = password(&again.password)?;
    let done = signed
        .run_with_password(Act::TotpOff, move |gateway, actor| gateway.totp_off(actor, &password));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set a new password by the recovery key.
///
/// No data is lost; all sessions end, all app passwords and passkeys are deleted, and two-step
/// verification is turned off. The account gets new keys, and with them a new recovery key.
#[utoipa::path(
    post,
    path = "/api/recovery",
    tag = "sessions",
    operation_id = "recover",
    security(()),
    request_body = Recover,
    responses(
        (status = 200, description = "The new recovery key", body = Recovery),
        (status = 401, description = "Wrong name or key", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts; `Retry-After` says how long to wait",
            body = ProblemBody, content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn recover(
    State(web): State<Web>,
    request: Request,
) -> Result<axum::Json<Recovery>, Problem> {
    let connection = request.extensions().get::<Connection>();
    let peer = connection.ok_or_else(|| Problem::broken(&"no connection"))?.peer.ip();
    let Json(recover) = <Json<Recover> as FromRequest<Web>>::from_request(request, &web).await?;
    let new = password(&recover.new_password)?;
    let name = recover.name;
    let session::Tried { attempt, .. } = session::attempt(&web, &name, peer, None).await?;
    let key = RecoveryKey::parse(recover.recovery_key.expose_secret());
    let done = web.blocking(move |gateway| {
        // A malformed key gets the same answer as a wrong one.
        let key = key.map_err(|_| gateway::Error::Refused);
        let by = (ChangedFrom::peer(peer), OwnChoice::AsBefore);
        let done = key.and_then(|key| gateway.account_recover(&name, &key, &new, by));
        if done.is_ok() {
            gateway.note(&name, Act::Recovered, "", &peer.to_string());
        }
        note_refused(gateway, &done, (Act::RecoveryRefused, Target::Typed(&name)), peer);
        attempt.count(&done, "a recovery key", peer);
        done
    });
    match done.await? {
        Ok(key) => Ok(axum::Json(Recovery::from(&key))),
        Err(gateway::Error::Refused) => Err(Problem::bad_credentials()),
        Err(error) => Err(error.into()),
    }
}
