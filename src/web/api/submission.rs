//! Sending: checking recipients, consent, status lines and undo send.

use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::outgoing::awaited;
use crate::gateway::outgoing::plan::Check;
use crate::gateway::outgoing::submit::{Submit, Submitted};
use crate::gateway::outsiders::temporary::TemporaryView;
use crate::gateway::{self, DeliveryView, DraftContent, SubmissionView};
use crate::terms::{Choice, DeliveryState, Level, NotSent, RejectReason, Route, StepNote};
use crate::web::auth::Signed;
use crate::web::body::{Json, Ref};
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::CostClass;

use super::draft::{Draft, RelatedMessage};
use super::view::Item;

/// The recipients to check before sending.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Addresses, or login names of people inside.
    recipients: Vec<String>,
    #[serde(default)]
    related: Option<RelatedMessage>,
    #[serde(default)]
    choices: std::collections::BTreeMap<String, Choice>,
}

/// How a message would be sent.
#[derive(Serialize, ToSchema)]
pub struct Checks {
    items: Vec<Checked>,
}

/// How a message would be sent to one recipient, and which rule decides.
#[derive(Serialize, ToSchema)]
pub struct Checked {
    /// As it was asked for.
    address: String,
    /// The address of the person inside, if it was asked for by a login name.
    resolved: Option<String>,
    /// The route that it would take.
    route: Route,
    source: Source,
    /// The choices that the sender has.
    allowed: Vec<Choice>,
    /// Why it would not be sent.
    reason: Option<NotSent>,
}

/// The origin of a rule.
#[derive(Serialize, ToSchema)]
pub struct Source {
    level: Level,
    /// The administrator allows no other.
    fixed: bool,
}

/// A request to send a draft.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    draft: String,
    /// The version of the draft that the sender sees.
    version: u32,
    /// The token from `consent-required`, which gives the consent.
    #[serde(default)]
    consent: Option<String>,
    /// What the sender typed, if that was required.
    #[serde(default)]
    typed: Option<String>,
}

/// A message that was sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    reference: String,
    #[schema(format = DateTime)]
    accepted_at: String,
    /// Until when sending can be undone.
    #[schema(format = DateTime)]
    undo_until: Option<String>,
    recipients: Vec<Delivery>,
}

/// What a user began, and what waits for others.
#[derive(Serialize, ToSchema)]
pub struct Awaited {
    /// The number of drafts.
    drafts: u64,
    unread: Waiting,
    ending: Waiting,
}

/// The number of messages, and the newest few of them.
#[derive(Serialize, ToSchema)]
pub struct Waiting {
    count: u64,
    items: Vec<Item>,
}

/// The status line of one recipient.
#[derive(Serialize, ToSchema)]
pub struct Delivery {
    address: String,
    route: Route,
    state: DeliveryState,
    #[schema(format = DateTime)]
    at: String,
    /// Whether the message stays in the sealed store all the way.
    protected: bool,
    history: Vec<Step>,
    /// Why the recipient rejected it.
    reason: Option<RejectReason>,
    temporary: Option<Temporary>,
}

/// One step of a delivery.
#[derive(Serialize, ToSchema)]
pub struct Step {
    state: DeliveryState,
    #[schema(format = DateTime)]
    at: String,
    /// What the step says besides its state.
    note: Option<StepNote>,
    /// What a host said, or whose rule it was.
    detail: Option<String>,
    /// How many attempts in vain the step stands for; `at` is the time of the last.
    tried: u32,
}

/// A temporary account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Temporary {
    pub id: String,
    address: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    claimed_at: Option<String>,
    claimed: bool,
    messages: u32,
    /// Whether `POST /api/temporary/{id}/start-again` is of use: no notification brings a password.
    can_start_again: bool,
    /// The first password, for the sender to pass on; only in the hand-off by the sender, and only
    /// until the first sign-in.
    password: Option<String>,
}

/// The response that asks for the sender's consent.
#[derive(Serialize, ToSchema)]
pub struct ConsentRequired {
    #[serde(flatten)]
    problem: ProblemBody<'static>,
    consent: Consent,
}

/// The recipients that would get the message unprotected.
#[derive(Serialize, ToSchema)]
pub struct Consent {
    token: String,
    addresses: Vec<String>,
    /// What the sender must type, because a sealed conversation would leave unprotected.
    typed: Option<String>,
}

impl From<TemporaryView> for Temporary {
    fn from(view: TemporaryView) -> Temporary {
        Temporary {
            id: view.id,
            address: view.address,
            created_at: view.created.to_rfc3339(),
            expires_at: view.expires.to_rfc3339(),
            claimed: view.claimed.is_some(),
            can_start_again: view.can_start_again,
            claimed_at: view.claimed.map(|at| at.to_rfc3339()),
            messages: view.messages,
            password: view.password.map(|password| password.expose().to_owned()),
        }
    }
}

impl From<SubmissionView> for Submission {
    fn from(view: SubmissionView) -> Submission {
        Submission {
            reference: view.reference.to_string(),
            accepted_at: view.accepted.to_rfc3339(),
            undo_until: view.undo_until.map(|until| until.to_rfc3339()),
            recipients: view.recipients.into_iter().map(Delivery::from).collect(),
        }
    }
}

impl From<DeliveryView> for Delivery {
    fn from(view: DeliveryView) -> Delivery {
        let step = |step: gateway::Step| Step {
            state: step.state,
            at: step.at.to_rfc3339(),
            note: step.note,
            detail: step.detail,
            tried: step.tried,
        };
        Delivery {
            address: view.address,
            route: view.route,
            state: view.state,
            at: view.at.to_rfc3339(),
            protected: view.protected,
            history: view.history.into_iter().map(step).collect(),
            reason: view.reason,
            temporary: view.temporary.map(Temporary::from),
        }
    }
}

impl From<Check> for Checked {
    fn from(check: Check) -> Checked {
        Checked {
            address: check.address,
            resolved: check.resolved,
            route: check.decision.route,
            source: Source { level: check.decision.level, fixed: check.decision.fixed },
            allowed: check.decision.allowed,
            reason: check.reason,
        }
    }
}

/// Check how a message would be sent to each recipient.
#[utoipa::path(
    post,
    path = "/api/outgoing/check",
    tag = "sending",
    operation_id = "outgoingCheck",
    request_body = Ask,
    responses((status = 200, description = "The result", body = Checks), Problems)
)]
pub async fn check(signed: Signed, Json(ask): Json<Ask>) -> Result<axum::Json<Checks>, Problem> {
    let content = DraftContent {
        related: ask.related.as_ref().map(RelatedMessage::read).transpose()?,
        choices: ask.choices.into_iter().collect(),
        ..DraftContent::default()
    };
    let checks = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.outgoing_check(actor, &ask.recipients, &content)
    });
    Ok(axum::Json(Checks { items: checks.await?.into_iter().map(Checked::from).collect() }))
}

/// Send a draft.
///
/// Requests with the same `Idempotency-Key` send it only once.
#[utoipa::path(
    post,
    path = "/api/submissions",
    tag = "sending",
    operation_id = "send",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 letters, digits, - and _")),
    request_body = Send,
    responses(
        (status = 201, description = "Accepted", body = Submission),
        (status = 409, description = "Nothing was sent: it needs consent, or was changed elsewhere",
            body = ConsentRequired, content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn send(
    signed: Signed,
    headers: HeaderMap,
    Json(send): Json<Send>,
) -> Result<Response, Problem> {
    let request = request_key(&headers)?;
    let sent = signed.run(CostClass::Content, move |gateway, actor| {
        let submit = |gateway: &gateway::Gateway| {
            gateway.submit(
                actor,
                &Submit {
                    draft: &send.draft,
                    version: send.version,
                    consent: send.consent.as_deref(),
                    typed: send.typed.as_deref(),
                    request: &request,
                },
            )
        };
        match submit(gateway) {
            // A concurrent request with the same key has sent it; return the result of that one.
            Err(gateway::Error::Conflict(gateway::Conflict::AlreadySent)) => submit(gateway),
            answer => answer,
        }
    });
    match sent.await? {
        Submitted::Accepted(view) => {
            Ok((StatusCode::CREATED, axum::Json(Submission::from(view))).into_response())
        }
        Submitted::NeedsConsent(consent) => Ok(consent_required(consent)),
    }
}

/// The form of such a key, for the document.
#[cfg(test)]
pub const REQUEST_KEY_PATTERN: &str = "^[A-Za-z0-9_-]{8,64}$";

/// The same for a request that need not have one.
pub(super) fn request_key_if_any(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    match headers.contains_key("idempotency-key") {
        true => request_key(headers).map(Some),
        false => Ok(None),
    }
}

/// Returns the key under which a request is carried out only once
/// (draft-ietf-httpapi-idempotency-key).
pub(super) fn request_key(headers: &HeaderMap) -> Result<String, Problem> {
    let name = HeaderName::from_static("idempotency-key");
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match (8..=64).contains(&value.len()) && value.chars().all(known) {
        true => Ok(value.to_owned()),
        false => {
            Err(Problem::invalid("Idempotency-Key must have 8 to 64 letters, digits, '-' or '_'."))
        }
    }
}

fn consent_required(consent: gateway::outgoing::consent::Consent) -> Response {
    let gateway::outgoing::consent::Consent { token, addresses, typed } = consent;
    let detail = "These recipients would get the message unprotected. Agree to send it.";
    let problem = Problem::new(StatusCode::CONFLICT, "consent-required", detail);
    problem.with("consent", &Consent { token, addresses, typed })
}

/// Get what was begun, and which of the newest 1,000 messages in Sent wait for a recipient who
/// reads here: those that were sent at least three days ago, and those that a recipient can read
/// for at most three more days.
#[utoipa::path(
    get,
    path = "/api/awaited",
    tag = "sending",
    operation_id = "awaited",
    responses((status = 200, description = "What waits", body = Awaited), Problems)
)]
pub async fn awaited(signed: Signed) -> Result<axum::Json<Awaited>, Problem> {
    let found = signed.run(CostClass::Content, |gateway, actor| gateway.awaited(actor)).await?;
    let waiting = |one: awaited::Waiting| Waiting {
        count: one.count,
        items: one.items.into_iter().map(Item::from).collect(),
    };
    let (unread, ending) = (waiting(found.unread), waiting(found.ending));
    Ok(axum::Json(Awaited { drafts: found.drafts, unread, ending }))
}

/// Get the status of a sent message: one line for each recipient.
#[utoipa::path(
    get,
    path = "/api/submissions/{ref}",
    tag = "sending",
    operation_id = "submission",
    params(("ref" = String, Path, description = "The reference number")),
    responses((status = 200, description = "The message", body = Submission), Problems)
)]
pub async fn read(signed: Signed, Ref(reference): Ref) -> Result<axum::Json<Submission>, Problem> {
    let view =
        signed.run(CostClass::Records, move |gateway, actor| gateway.submission(actor, reference));
    Ok(axum::Json(view.await?.into()))
}

/// Undo sending while that is possible, which restores the draft; `too-late` (409) afterwards.
#[utoipa::path(
    post,
    path = "/api/submissions/{ref}/undo",
    tag = "sending",
    operation_id = "undo",
    params(("ref" = String, Path, description = "The reference number")),
    responses(
        (status = 200, description = "The draft", body = Draft),
        (status = 409, description = "It has already left", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn undo(signed: Signed, Ref(reference): Ref) -> Result<axum::Json<Draft>, Problem> {
    let draft = signed
        .run(CostClass::Records, move |gateway, actor| gateway.submission_undo(actor, reference));
    Ok(axum::Json(draft.await?.into()))
}
