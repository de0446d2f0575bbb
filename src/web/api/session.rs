//! Signing in and out, and the sessions of an account.

use std::net::IpAddr;

use axum::extract::{FromRequest, Request, State};
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::accounts::account::guessed_of;
use crate::gateway::audit::Target;
use crate::gateway::records::audit::Act;
use crate::gateway::{
    self, AccountView, Browser, Gateway, LogIn, LoggedIn, Password, Profile, SessionView,
};
use crate::web::attempts::{Attempt, Cost, Trier, Try};
use crate::web::auth::{Signed, is_first_use, note_refused, note_sign_in, proof, unused};
use crate::web::body::{Id, Json};
use crate::web::dpop::Proof;
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::{Connection, CostClass, Web};

use super::Done;

/// A request to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The login name or an address of the account.
    name: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    profile: Profile,
    /// With the one-time password of a temporary account: the passphrase to come back with, 12
    /// characters or more. It can also be chosen later.
    #[serde(default, rename = "newPassword")]
    #[schema(value_type = Option<String>, format = Password)]
    new_password: Option<SecretString>,
    /// The TOTP code, if the account uses two-step verification.
    #[serde(default)]
    code: Option<String>,
}

/// A session, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    id: String,
    /// The browser's User-Agent header.
    agent: String,
    /// The IP address that it signed in from.
    peer: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_used_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// Whether it is the session of this request.
    current: bool,
}

/// The signed-in account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    id: String,
    name: String,
    display_name: String,
    address: String,
    kind: AccountKind,
    temporary: Option<TemporaryAccount>,
    /// Whether the account is an administrator.
    manager: bool,
    /// Whether somebody else chose the password. Until its owner has chosen another, every route but
    /// the session's and `PUT /api/account/password` answers 403 with the code `choose-password`.
    must_choose_password: bool,
    /// Whether the account has a calendar. Otherwise every route of the calendar answers 403.
    calendar: bool,
}

/// What the owner of a temporary account should know about it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemporaryAccount {
    #[schema(format = DateTime)]
    expires_at: String,
    /// The user who first wrote to the owner, and who can renew the account.
    sponsor: Sponsor,
    organisation: String,
    /// Whether the owner can sign in again. Without a passphrase, that takes another one-time
    /// password.
    can_return: bool,
}

/// The sponsor of a temporary account.
#[derive(Serialize, ToSchema)]
pub struct Sponsor {
    name: String,
    address: String,
}

/// The kinds of accounts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AccountKind {
    Internal,
    /// A temporary account, which can only read, reject and reply, until it ends.
    Temporary,
}

/// The current session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    session: Session,
    account: Account,
    /// The time of the previous sign-in.
    #[schema(format = DateTime)]
    last_sign_in: Option<String>,
}

/// A new session with its token, which is shown only once.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    token: String,
    #[serde(flatten)]
    info: SessionInfo,
}

/// The sessions, most recently used first.
#[derive(Serialize, ToSchema)]
pub struct Sessions {
    items: Vec<Session>,
}

impl From<SessionView> for Session {
    fn from(view: SessionView) -> Session {
        Session {
            id: view.id,
            agent: view.agent,
            peer: view.peer,
            created_at: view.created.to_rfc3339(),
            last_used_at: view.last_used.to_rfc3339(),
            expires_at: view.expires.to_rfc3339(),
            current: view.current,
        }
    }
}

impl From<AccountView> for Account {
    fn from(view: AccountView) -> Account {
        Account {
            id: view.id,
            name: view.name,
            display_name: view.display_name,
            address: view.address,
            manager: view.manager,
            must_choose_password: view.must_choose,
            calendar: view.calendar,
            kind: match view.temporary {
                Some(_) => AccountKind::Temporary,
                None => AccountKind::Internal,
            },
            temporary: view.temporary.map(|temporary| TemporaryAccount {
                expires_at: temporary.expires.to_rfc3339(),
                sponsor: Sponsor {
                    name: temporary.sponsor_name,
                    address: temporary.sponsor_address,
                },
                organisation: temporary.organisation,
                can_return: temporary.can_return,
            }),
        }
    }
}

/// Sign in.
///
/// The session is bound to the key that signed the proof.
#[utoipa::path(
    post,
    path = "/api/session",
    tag = "sessions",
    operation_id = "signIn",
    security(()),
    request_body = SignIn,
    params(("DPoP" = String, Header, description = "A proof without `ath` (RFC 9449)")),
    responses(
        (status = 201, description = "Signed in", body = SignedIn),
        (status = 401, description = "Wrong name or password", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts; `Retry-After` says how long to wait",
            body = ProblemBody, content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn open(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let proof = proof(&web, &parts, None)?;
    let (peer, agent) = (peer_of(&parts)?, agent_of(&parts));
    let Json(sign_in) =
        <Json<SignIn> as FromRequest<Web>>::from_request(Request::from_parts(parts, body), &web)
            .await?;
    let SignIn { name, password, profile, new_password, code } = sign_in;
    // An invalid password may be refused faster than a wrong one: that reveals nothing about any
    // account.
    let password = Password::new(password.expose_secret()).map_err(|_| no_password())?;
    let new_password = match new_password {
        Some(own) => Some(Password::new(own.expose_secret()).map_err(|_| no_password())?),
        None => None,
    };
    // A copy of a proof takes nobody's turn, and none becomes one while it waits.
    unused(&web, &proof)?;
    let Tried { attempt, is_proof_used } = attempt(&web, &name, peer, Some(&proof)).await?;
    let typed = name.clone();
    if !is_proof_used {
        unused(&web, &proof)?;
    }
    let used = proof.clone();
    // Not among the turns of other requests: the core has its own line for passwords.
    let opened = web.blocking(move |gateway| {
        let browser = Browser { key_thumbprint: proof.thumbprint, agent, peer, profile };
        let (name, code) = (&name, code.as_deref());
        let opened = gateway.session_open(LogIn { name, password, code, browser, new_password });
        if let Ok(signed_in) = &opened {
            signed_in_note(gateway, &attempt, signed_in, peer);
        }
        note_refused(gateway, &opened, (Act::SignInRefused, Target::Typed(&typed)), peer);
        attempt.count(&opened, "a sign-in", peer);
        opened
    });
    match opened.await? {
        Ok(signed_in) => {
            if !is_proof_used {
                note_sign_in(&web, signed_in.id, &used)?;
            }
            Ok((StatusCode::CREATED, axum::Json(signed_in_body(signed_in))).into_response())
        }
        Err(gateway::Error::Refused) => Err(Problem::bad_credentials()),
        Err(error) => Err(error.into()),
    }
}

/// Records a sign-in: in the audit log, and for the owner if it came from a network that was not
/// known. An account's first sign-in is its owner's own.
pub(super) fn signed_in_note(
    gateway: &Gateway,
    attempt: &Attempt,
    signed_in: &LoggedIn,
    peer: IpAddr,
) {
    gateway.note(&signed_in.account.name, Act::SignedIn, "", &peer.to_string());
    let (name, by) = (guessed_of(signed_in.id), signed_in.by);
    let is_told = match attempt.is_new(&name, by) && signed_in.last_sign_in.is_some() {
        false => true,
        // The session is there: not to be able to tell of it is no reason to fail now.
        true => gateway.sign_in_tell(signed_in.id, by, peer).unwrap_or_else(|error| {
            tracing::warn!(%error, "the owner could not be told of a sign-in");
            false
        }),
    };
    // A network of which the owner could not be told stays new: the next sign-in from it is told.
    if is_told {
        attempt.succeeded(&name, by);
    }
}

/// A permit to try, and what became of the proof that the request was signed with.
pub(super) struct Tried {
    pub attempt: Attempt,
    /// Whether the proof is recorded already, as that of a browser that the account knows.
    pub is_proof_used: bool,
}

/// Returns a permit to try what opens the account that has this name. Each of its names and
/// addresses counts as the same, and so does each way of writing them. A proof by the key of a browser
/// that the account knows makes one such try, with whatever name and password: a proof does not sign
/// the body, and the tries of such a browser are few.
pub(super) async fn attempt(
    web: &Web,
    name: &str,
    peer: IpAddr,
    proof: Option<&Proof>,
) -> Result<Tried, Problem> {
    let (name, browser) = (name.to_owned(), proof.map(|proof| proof.thumbprint.clone()));
    let found = web.blocking(move |gateway| {
        let known = match browser {
            Some(browser) => gateway.browser_known_to(&name, &browser)?,
            None => None,
        };
        Ok::<_, gateway::Error>((gateway.guessed(&name)?, known))
    });
    let (guessed, known) = found.await??;
    let attempts = &web.shared.attempts;
    let known = known.zip(proof).filter(|(account, proof)| {
        attempts.trusts(&guessed, &proof.thumbprint) && is_first_use(web, *account, proof)
    });
    let browser = known.map(|(_, proof)| proof.thumbprint.as_str());
    let (trier, cost) = (Trier::Anybody, Cost::Password);
    let attempt = attempts.begin(Try { name: &guessed, peer, browser, trier, cost }).await?;
    Ok(Tried { attempt, is_proof_used: known.is_some() })
}

/// Returns the address of the client.
pub(super) fn peer_of(parts: &Parts) -> Result<IpAddr, Problem> {
    let connection = parts.extensions.get::<Connection>();
    Ok(connection.ok_or_else(|| Problem::broken(&"no connection"))?.peer.ip())
}

/// Returns the client's User-Agent header.
pub(super) fn agent_of(parts: &Parts) -> String {
    let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    agent.unwrap_or_default().to_owned()
}

fn no_password() -> Problem {
    Problem::invalid("A password must have 1 to 1,024 octets.")
}

pub(super) fn signed_in_body(signed_in: LoggedIn) -> SignedIn {
    let info = SessionInfo {
        session: signed_in.session.into(),
        account: signed_in.account.into(),
        last_sign_in: signed_in.last_sign_in.map(|moment| moment.to_rfc3339()),
    };
    SignedIn { token: signed_in.token.to_string(), info }
}

/// Get the current session.
#[utoipa::path(
    get,
    path = "/api/session",
    tag = "sessions",
    operation_id = "session",
    responses((status = 200, description = "The session", body = SessionInfo), Problems)
)]
pub async fn current(signed: Signed) -> Result<axum::Json<SessionInfo>, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| gateway.session_current(actor));
    let (session, account, last_sign_in) = found.await?;
    let last_sign_in = last_sign_in.map(|moment| moment.to_rfc3339());
    Ok(axum::Json(SessionInfo { session: session.into(), account: account.into(), last_sign_in }))
}

/// Sign out, and clear what the browser has stored for this site.
#[utoipa::path(
    delete,
    path = "/api/session",
    tag = "sessions",
    operation_id = "signOut",
    responses(Done, Problems)
)]
pub async fn close(signed: Signed) -> Result<Response, Problem> {
    let done = signed.run_audited(Act::SignedOut, |gateway, actor| {
        gateway.session_close(actor, &actor.session_id())
    });
    done.await?;
    Ok(forgotten())
}

/// List the account's sessions.
#[utoipa::path(
    get,
    path = "/api/sessions",
    tag = "sessions",
    operation_id = "sessions",
    responses((status = 200, description = "The sessions", body = Sessions), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<Sessions>, Problem> {
    let views =
        signed.run(CostClass::Records, |gateway, actor| gateway.session_list(actor)).await?;
    Ok(axum::Json(Sessions { items: views.into_iter().map(Session::from).collect() }))
}

/// Sign out of all sessions, including this one.
#[utoipa::path(
    delete,
    path = "/api/sessions",
    tag = "sessions",
    operation_id = "signOutEverywhere",
    responses(Done, Problems)
)]
pub async fn close_all(signed: Signed) -> Result<Response, Problem> {
    let closed =
        signed.run_audited(Act::SessionEnded, |gateway, actor| gateway.session_close_all(actor));
    closed.await?;
    Ok(forgotten())
}

/// End a session.
#[utoipa::path(
    delete,
    path = "/api/sessions/{id}",
    tag = "sessions",
    operation_id = "sessionEnd",
    params(("id" = String, Path, description = "The session's id")),
    responses(Done, Problems)
)]
pub async fn close_one(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done = signed
        .run_audited(Act::SessionEnded, move |gateway, actor| gateway.session_close(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The password, to confirm the session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Confirm the password, for requests that need a recent sign-in.
#[utoipa::path(
    post,
    path = "/api/session/confirm",
    tag = "sessions",
    operation_id = "sessionConfirm",
    request_body = Confirm,
    responses(
        Done,
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn confirm(
    signed: Signed,
    Json(Confirm { password }): Json<Confirm>,
) -> Result<StatusCode, Problem> {
    let password = Password::new(password.expose_secret()).map_err(|_| no_password())?;
    let done = signed.run_with_password(Act::Confirmed, move |gateway, actor| {
        gateway.session_confirm(actor, &password)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn forgotten() -> Response {
    let clear = HeaderName::from_static("clear-site-data");
    let storage = HeaderValue::from_static("\"storage\"");
    (StatusCode::NO_CONTENT, [(clear, storage)]).into_response()
}
