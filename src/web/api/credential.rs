//! What opens an account: its password, and the recovery key for when that is lost (P-13).

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::audit::Act;
use crate::gateway::{self, Password, RecoveryKey};
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::{Connection, Web};

use super::Done;

/// A password for another.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePassword {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// 12 characters or more.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

/// The password once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Again {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// A recovery key, which is told once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recovery {
    recovery_key: String,
}

/// A recovery key for a new password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Recover {
    name: String,
    /// Case, dashes and blanks do not matter.
    #[schema(value_type = String, format = Password)]
    recovery_key: SecretString,
    /// 12 characters or more.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

fn password(text: &SecretString) -> Result<Password, Problem> {
    Password::new(text.expose_secret())
        .map_err(|_| Problem::invalid("A password has 1 to 1,024 octets."))
}

/// Change one's own password. Every other session ends.
#[utoipa::path(
    put,
    path = "/api/account/password",
    tag = "sessions",
    operation_id = "passwordChange",
    request_body = ChangePassword,
    responses(
        Done,
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn change(
    signed: Signed,
    Json(change): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let (old, new) = (password(&change.password)?, password(&change.new_password)?);
    let done = signed.run_with_password(Act::PasswordChanged, move |gateway, actor| {
        gateway.password_change(actor, &old, &new)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a new recovery key. It is told once; the one before opens nothing any more.
#[utoipa::path(
    post,
    path = "/api/account/recovery-key",
    tag = "sessions",
    operation_id = "recoveryKey",
    request_body = Again,
    responses(
        (status = 201, description = "The key", body = Recovery),
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn recovery_key(
    signed: Signed,
    Json(again): Json<Again>,
) -> Result<(StatusCode, axum::Json<Recovery>), Problem> {
    let password = password(&again.password)?;
    let key = signed.run_with_password(Act::RecoveryKeyMade, move |gateway, actor| {
        gateway.recovery_renew(actor, &password)
    });
    let recovery_key = key.await?.expose().to_owned();
    Ok((StatusCode::CREATED, axum::Json(Recovery { recovery_key })))
}

/// Set a new password by the recovery key. Nothing is lost; every session ends.
#[utoipa::path(
    post,
    path = "/api/recovery",
    tag = "sessions",
    operation_id = "recover",
    security(()),
    request_body = Recover,
    responses(
        Done,
        (status = 401, description = "Wrong name or key", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many tries; `Retry-After` says how long to wait",
            body = ProblemBody, content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn recover(State(web): State<Web>, request: Request) -> Result<StatusCode, Problem> {
    let connection = request.extensions().get::<Connection>();
    let peer = connection.ok_or_else(|| Problem::broken(&"no connection"))?.peer.ip();
    let Json(recover) = <Json<Recover> as FromRequest<Web>>::from_request(request, &web).await?;
    let new = password(&recover.new_password)?;
    let name = recover.name;
    let attempt = web.shared.attempts.begin(&name, peer).await.map_err(Problem::slow_down)?;
    let key = RecoveryKey::parse(recover.recovery_key.expose_secret());
    let done = web.blocking(move |gateway| match key {
        Ok(key) => {
            let done = gateway.account_recover(&name, &key, &new);
            if done.is_ok() {
                gateway.note(&name, Act::Recovered, "", &peer.to_string());
            }
            done
        }
        // What cannot be a key is a wrong one.
        Err(_) => Err(gateway::Error::Refused),
    });
    match done.await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(gateway::Error::Refused) => {
            attempt.failed();
            tracing::info!(peer.ip = %peer, "a recovery key was refused");
            Err(Problem::bad_credentials())
        }
        Err(error) => Err(error.into()),
    }
}
