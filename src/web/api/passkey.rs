//! Passkeys: signing in without typing anything (WebAuthn Level 3, with its `prf` extension).
//!
//! A passkey that derives no secret cannot open an account here, because the account's keys could
//! not be opened without one; the browser finds out when the passkey is created.

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::accounts::passkey::{
    ALGORITHMS, Assertion, Challenge, PasskeyLogIn, PasskeyNew, PasskeySecret, Registration,
};
use crate::gateway::audit::Target;
use crate::gateway::records::audit::Act;
use crate::gateway::{self, AccountId, Browser};
use crate::terms::Profile;
use crate::web::attempts::{Cost, Trier, Try};
use crate::web::auth::{Signed, Site, note_refused, note_sign_in, proof, unused};
use crate::web::body::Json;
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::{CostClass, Web};

use super::credential::{Credential, PasswordConfirmation, password};
use super::session::{SignedIn, agent_of, peer_of, signed_in_body, signed_in_note};

/// The input from which a passkey derives its secret. It is the same for all: each passkey derives
/// a different secret, and at sign-in it is not known beforehand which passkey will be used.
const PRF_INPUT: &[u8] = b"postern: the key of a sealed account, v1";

/// The options for signing in by a passkey.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyRequestOptions {
    /// The challenge, in base64url, like all octets here.
    challenge: String,
    /// The host that passkeys are bound to.
    rp_id: String,
    /// The `eval.first` input of the `prf` extension.
    prf_input: String,
}

/// The options for creating a passkey.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyCreationOptions {
    #[serde(flatten)]
    question: PasskeyRequestOptions,
    /// The account's id, for the authenticator.
    user_id: String,
    name: String,
    display_name: String,
    /// The COSE algorithm numbers, the preferred first.
    algorithms: Vec<i32>,
    /// The credential ids of the account's existing passkeys.
    there: Vec<String>,
}

/// A passkey that was created.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPasskey {
    label: String,
    challenge: String,
    client_data: String,
    authenticator_data: String,
    /// The COSE algorithm number.
    algorithm: i32,
    /// The public key, as SubjectPublicKeyInfo.
    public_key: String,
    /// The secret that the passkey derived: 32 octets.
    #[schema(value_type = String, format = Password)]
    prf: SecretString,
}

/// A passkey's assertion.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasskeyAssertion {
    profile: Profile,
    /// As the passkey keeps it (`userHandle`).
    user_id: String,
    credential_id: String,
    challenge: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
    /// The secret that the passkey derived: 32 octets.
    #[schema(value_type = String, format = Password)]
    prf: SecretString,
}

fn octets(text: &str) -> Result<Vec<u8>, Problem> {
    let wrong = |_| Problem::invalid("Octets must be sent in base64url without padding.");
    URL_SAFE_NO_PAD.decode(text).map_err(wrong)
}

fn malformed<E>(_: E) -> Problem {
    Problem::invalid("This is not a valid response from a passkey.")
}

fn question(challenge: Challenge, site: Site) -> PasskeyRequestOptions {
    PasskeyRequestOptions {
        challenge: challenge.to_text(),
        rp_id: site.host,
        prf_input: URL_SAFE_NO_PAD.encode(PRF_INPUT),
    }
}

/// Get the options for creating a passkey.
#[utoipa::path(
    post,
    path = "/api/account/passkeys/options",
    tag = "sessions",
    operation_id = "passkeyCreateOptions",
    request_body = PasswordConfirmation,
    responses(
        (status = 200, description = "The options", body = PasskeyCreationOptions),
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn create_options(
    signed: Signed,
    site: Site,
    Json(again): Json<PasswordConfirmation>,
) -> Result<axum::Json<PasskeyCreationOptions>, Problem> {
    let password = password(&again.password)?;
    let asked = signed.run_with_password(Act::Confirmed, move |gateway, actor| {
        gateway.passkey_options(actor, &password)
    });
    let asked = asked.await?;
    Ok(axum::Json(PasskeyCreationOptions {
        question: question(asked.challenge, site),
        user_id: URL_SAFE_NO_PAD.encode(asked.user_id),
        name: asked.name,
        display_name: asked.display_name,
        algorithms: ALGORITHMS.to_vec(),
        there: asked.there.iter().map(|id| URL_SAFE_NO_PAD.encode(id)).collect(),
    }))
}

/// Store a passkey that was created in this session.
#[utoipa::path(
    post,
    path = "/api/account/passkeys",
    tag = "sessions",
    operation_id = "passkeyKeep",
    request_body = NewPasskey,
    responses((status = 201, description = "The passkey is stored", body = Credential), Problems)
)]
pub async fn keep(
    signed: Signed,
    site: Site,
    Json(new): Json<NewPasskey>,
) -> Result<(StatusCode, axum::Json<Credential>), Problem> {
    let challenge = Challenge::parse(&new.challenge).map_err(malformed)?;
    let secret = PasskeySecret::parse(new.prf.expose_secret()).map_err(malformed)?;
    let (client_data, spki) = (octets(&new.client_data)?, octets(&new.public_key)?);
    let authenticator_data = octets(&new.authenticator_data)?;
    let (token, thumbprint) = (signed.token.clone(), signed.thumbprint.clone());
    let kept = signed.run_audited(Act::PasskeyCreated, move |gateway, actor| {
        let unlock = gateway.session_unlock_key(&token, &thumbprint)?;
        let said = Registration {
            client_data: &client_data,
            authenticator_data: &authenticator_data,
            algorithm: new.algorithm,
            spki: &spki,
        };
        let (origin, rp_id, label) = (&*site.origin, &*site.host, &*new.label);
        let new = PasskeyNew { challenge, origin, rp_id, said, secret, label };
        gateway.passkey_add(actor, &unlock, &new)
    });
    Ok((StatusCode::CREATED, axum::Json(kept.await?.into())))
}

/// Get the options for signing in by a passkey.
#[utoipa::path(
    post,
    path = "/api/session/passkey/options",
    tag = "sessions",
    operation_id = "passkeyRequestOptions",
    security(()),
    responses((status = 200, description = "The options", body = PasskeyRequestOptions), Problems)
)]
pub async fn request_options(
    State(web): State<Web>,
    site: Site,
) -> Result<axum::Json<PasskeyRequestOptions>, Problem> {
    let challenge = web.run(CostClass::Records, |gateway| gateway.passkey_challenge()).await?;
    Ok(axum::Json(question(challenge, site)))
}

/// Sign in by a passkey.
///
/// The session is bound to the key that signed the proof.
#[utoipa::path(
    post,
    path = "/api/session/passkey",
    tag = "sessions",
    operation_id = "signInByPasskey",
    security(()),
    request_body = PasskeyAssertion,
    params(("DPoP" = String, Header, description = "A proof without `ath` (RFC 9449)")),
    responses(
        (status = 201, description = "Signed in", body = SignedIn),
        (status = 401, description = "Not a passkey of an account here", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts; `Retry-After` says how long to wait",
            body = ProblemBody, content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn open(
    State(web): State<Web>,
    site: Site,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let proof = proof(&web, &parts, None)?;
    let (peer, agent) = (peer_of(&parts)?, agent_of(&parts));
    let request = Request::from_parts(parts, body);
    let Json(answer) =
        <Json<PasskeyAssertion> as FromRequest<Web>>::from_request(request, &web).await?;
    let challenge = Challenge::parse(&answer.challenge).map_err(malformed)?;
    let secret = PasskeySecret::parse(answer.prf.expose_secret()).map_err(malformed)?;
    let (user_id, credential_id) = (octets(&answer.user_id)?, octets(&answer.credential_id)?);
    let (client_data, signature) = (octets(&answer.client_data)?, octets(&answer.signature)?);
    let authenticator_data = octets(&answer.authenticator_data)?;
    // A kind of its own, so that no name that is typed counts as a passkey's.
    let name = format!("passkey {}", answer.user_id);
    let (trier, cost) = (Trier::Anybody, Cost::Little);
    let attempt =
        web.shared.attempts.begin(Try { name: &name, peer, browser: None, trier, cost }).await?;
    unused(&web, &proof)?;
    let used = proof.clone();
    let profile = answer.profile;
    let opened = web.blocking(move |gateway| {
        let said = Assertion {
            client_data: &client_data,
            authenticator_data: &authenticator_data,
            signature: &signature,
        };
        let opened = gateway.session_open_by_passkey(PasskeyLogIn {
            user_id: &user_id,
            credential_id: &credential_id,
            challenge,
            origin: &site.origin,
            rp_id: &site.host,
            said,
            secret,
            browser: Browser { key_thumbprint: proof.thumbprint, agent, peer, profile },
        });
        if let Ok(signed_in) = &opened {
            signed_in_note(gateway, &attempt, signed_in, peer);
        }
        let tried = <[u8; 16]>::try_from(&*user_id).map_or(AccountId([0; 16]), AccountId);
        note_refused(gateway, &opened, (Act::PasskeyRefused, Target::Account(tried)), peer);
        attempt.count(&opened, "a passkey", peer);
        opened
    });
    match opened.await? {
        Ok(signed_in) => {
            note_sign_in(&web, signed_in.id, &used)?;
            Ok((StatusCode::CREATED, axum::Json(signed_in_body(signed_in))).into_response())
        }
        Err(gateway::Error::Refused) => Err(Problem::bad_credentials()),
        Err(error) => Err(error.into()),
    }
}
