//! Sending: what would happen, the yes it may need, status lines, taking back.

use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::outgoing::plan::Check;
use crate::gateway::outgoing::submit::{Submit, Submitted};
use crate::gateway::outsiders::temporary::TemporaryView;
use crate::gateway::{self, DeliveryView, DraftContent, SubmissionView};
use crate::terms::{Choice, DeliveryState, Level, NotSent, RejectReason, Route};
use crate::web::auth::Signed;
use crate::web::body::{Json, Ref};
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::CostClass;

use super::draft::{Draft, RelatedMessage};

/// Whom a message would go to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    recipients: Vec<String>,
    #[serde(default)]
    related: Option<RelatedMessage>,
    #[serde(default)]
    choices: std::collections::BTreeMap<String, Choice>,
}

/// What would happen.
#[derive(Serialize, ToSchema)]
pub struct Checks {
    items: Vec<Checked>,
}

/// What would happen for one recipient, and whose rule it is.
#[derive(Serialize, ToSchema)]
pub struct Checked {
    address: String,
    /// The route that it would take.
    route: Route,
    source: Source,
    /// What the sender may choose instead.
    allowed: Vec<Choice>,
    /// Why it would not be sent.
    reason: Option<NotSent>,
}

/// Where a rule comes from.
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
    /// The version that the sender sees.
    version: u32,
    /// The token of `consent-required`, as the yes to it.
    #[serde(default)]
    consent: Option<String>,
    /// What the sender typed, where that was asked.
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
    /// Until when it can be taken back.
    #[schema(format = DateTime)]
    undo_until: Option<String>,
    recipients: Vec<Delivery>,
}

/// One recipient's status line.
#[derive(Serialize, ToSchema)]
pub struct Delivery {
    address: String,
    route: Route,
    state: DeliveryState,
    #[schema(format = DateTime)]
    at: String,
    /// It stays in the sealed store all the way.
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
    detail: Option<String>,
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
    /// For the sender to tell, until the first sign-in; only in the hand-off by the sender.
    password: Option<String>,
}

/// What a yes is asked for.
#[derive(Serialize, ToSchema)]
pub struct ConsentRequired {
    #[serde(flatten)]
    problem: ProblemBody<'static>,
    consent: Consent,
}

/// These recipients would get the message in clear.
#[derive(Serialize, ToSchema)]
pub struct Consent {
    token: String,
    addresses: Vec<String>,
    /// What must be typed, because a sealed thread would leave in clear.
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
            detail: step.detail,
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
            route: check.decision.route,
            source: Source { level: check.decision.level, fixed: check.decision.fixed },
            allowed: check.decision.allowed,
            reason: check.reason,
        }
    }
}

/// Say what would happen to a message, for each recipient.
#[utoipa::path(
    post,
    path = "/api/outgoing/check",
    tag = "sending",
    operation_id = "outgoingCheck",
    request_body = Ask,
    responses((status = 200, description = "What would happen", body = Checks), Problems)
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

/// Send a draft. The same `Idempotency-Key` sends once, however often it is asked.
#[utoipa::path(
    post,
    path = "/api/submissions",
    tag = "sending",
    operation_id = "send",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 letters, digits, - and _")),
    request_body = Send,
    responses(
        (status = 201, description = "Accepted", body = Submission),
        (status = 409, description = "Nothing was sent: it needs a yes, or was changed elsewhere",
            body = ConsentRequired, content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn send(
    headers: HeaderMap,
    signed: Signed,
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
            // The same request at the same moment: the other one sent it; tell what became of it.
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

/// The key under which a request is carried out once (draft-ietf-httpapi-idempotency-key).
fn request_key(headers: &HeaderMap) -> Result<String, Problem> {
    let name = HeaderName::from_static("idempotency-key");
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match (8..=64).contains(&value.len()) && value.chars().all(known) {
        true => Ok(value.to_owned()),
        false => Err(Problem::invalid("Idempotency-Key has 8 to 64 letters, digits, - and _.")),
    }
}

fn consent_required(consent: gateway::outgoing::consent::Consent) -> Response {
    let gateway::outgoing::consent::Consent { token, addresses, typed } = consent;
    let detail = "These recipients would get the message unprotected. Say yes to send it.";
    let problem = Problem::new(StatusCode::CONFLICT, "consent-required", detail);
    problem.with("consent", &Consent { token, addresses, typed })
}

/// Get a message that was sent: one status line for each recipient.
#[utoipa::path(
    get,
    path = "/api/submissions/{ref}",
    tag = "sending",
    operation_id = "submission",
    params(("ref" = String, Path, description = "The reference number")),
    responses((status = 200, description = "The message", body = Submission), Problems)
)]
pub async fn read(Ref(reference): Ref, signed: Signed) -> Result<axum::Json<Submission>, Problem> {
    let view =
        signed.run(CostClass::Records, move |gateway, actor| gateway.submission(actor, reference));
    Ok(axum::Json(view.await?.into()))
}

/// Take a message back while that is possible; the draft is there again. `too-late` (409) after.
#[utoipa::path(
    post,
    path = "/api/submissions/{ref}/undo",
    tag = "sending",
    operation_id = "undo",
    params(("ref" = String, Path, description = "The reference number")),
    responses(
        (status = 200, description = "The draft", body = Draft),
        (status = 409, description = "It has left", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn undo(Ref(reference): Ref, signed: Signed) -> Result<axum::Json<Draft>, Problem> {
    let draft = signed
        .run(CostClass::Records, move |gateway, actor| gateway.submission_undo(actor, reference));
    Ok(axum::Json(draft.await?.into()))
}
