//! Requests to add a contact.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::contacts::request::{Answer, AskedView, Proposed, RequestView};
use crate::gateway::records::contact::RequestOutcome;
use crate::web::auth::Signed;
use crate::web::body::{Json, Ref};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::contact_fields::ContactFields;

/// A request to another account inside.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContactRequest {
    /// The address of the account that is asked.
    to: String,
    contact: ContactFields,
    #[serde(default)]
    note: String,
}

/// The number of a request, which is also that of the message about it.
#[derive(Serialize, ToSchema)]
pub struct ContactRequestSent {
    reference: String,
}

/// A request that waits for an answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactRequest {
    reference: String,
    #[schema(format = DateTime)]
    asked_at: String,
    from_name: String,
    from_address: String,
    contact: ContactFields,
    /// The name that the contact would have.
    shown: String,
    note: String,
}

/// What became of a request.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContactOutcome {
    Allowed,
    Refused,
}

/// A request that the account sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactAsked {
    reference: String,
    #[schema(format = DateTime)]
    asked_at: String,
    to: String,
    shown: String,
    /// `null` while it waits.
    outcome: Option<ContactOutcome>,
}

/// Requests, the latest first.
#[derive(Serialize, ToSchema)]
pub struct ContactRequests {
    waiting: Vec<ContactRequest>,
    sent: Vec<ContactAsked>,
}

/// The answer to a request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactAnswer {
    allow: bool,
    /// The contact as it is to be stored, if it differs from what was proposed.
    contact: Option<ContactFields>,
}

/// What an answer did.
#[derive(Serialize, ToSchema)]
pub struct ContactAnswered {
    /// The id of the contact that was stored.
    id: Option<String>,
}

impl From<RequestView> for ContactRequest {
    fn from(view: RequestView) -> ContactRequest {
        let RequestView { reference, at, from: (from_name, from_address), proposed } = view;
        ContactRequest {
            reference,
            asked_at: at.to_rfc3339(),
            from_name,
            from_address,
            shown: proposed.contact.shown(),
            contact: proposed.contact.into(),
            note: proposed.note,
        }
    }
}

impl From<AskedView> for ContactAsked {
    fn from(view: AskedView) -> ContactAsked {
        let outcome = view.outcome.map(|outcome| match outcome {
            RequestOutcome::Allowed => ContactOutcome::Allowed,
            RequestOutcome::Refused => ContactOutcome::Refused,
        });
        ContactAsked {
            reference: view.reference,
            asked_at: view.at.to_rfc3339(),
            to: view.to,
            shown: view.name,
            outcome,
        }
    }
}

/// Get the requests that wait for this account, and those that it sent lately.
#[utoipa::path(
    get,
    path = "/api/contacts/requests",
    tag = "contacts",
    operation_id = "contactRequests",
    responses((status = 200, description = "The requests", body = ContactRequests), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<ContactRequests>, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| {
        let waiting = gateway.contact_requests(actor)?;
        gateway.contacts_asked(actor).map(|sent| (waiting, sent))
    });
    let (waiting, sent) = found.await?;
    Ok(axum::Json(ContactRequests {
        waiting: waiting.into_iter().map(Into::into).collect(),
        sent: sent.into_iter().map(Into::into).collect(),
    }))
}

/// Ask another account inside to add a contact.
///
/// It gets a message, and is free to refuse; whichever it does, this account is told. Of the contact it
/// gets the name, the work, the addresses, the numbers and the links; whatever else is sent is left out.
#[utoipa::path(
    post,
    path = "/api/contacts/requests",
    tag = "contacts",
    operation_id = "contactRequest",
    request_body = NewContactRequest,
    responses((status = 201, description = "It was sent", body = ContactRequestSent), Problems)
)]
pub async fn create(
    signed: Signed,
    Json(request): Json<NewContactRequest>,
) -> Result<(StatusCode, axum::Json<ContactRequestSent>), Problem> {
    let NewContactRequest { to, contact, note } = request;
    let proposed = Proposed { contact: contact.into(), note, ..Proposed::default() };
    let sent = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.contact_request(actor, &to, proposed.clone())
    });
    let reference = sent.await?.to_string();
    Ok((StatusCode::CREATED, axum::Json(ContactRequestSent { reference })))
}

/// Answer a request. Nothing is stored unless it is allowed.
#[utoipa::path(
    post,
    path = "/api/contacts/requests/{ref}",
    tag = "contacts",
    operation_id = "contactRequestAnswer",
    params(("ref" = String, Path, description = "The request's reference number")),
    request_body = ContactAnswer,
    responses((status = 200, description = "It was answered", body = ContactAnswered), Problems)
)]
pub async fn answer(
    signed: Signed,
    Ref(reference): Ref,
    Json(answer): Json<ContactAnswer>,
) -> Result<axum::Json<ContactAnswered>, Problem> {
    let answer = match answer.allow {
        true => Answer::Allow(answer.contact.map(|contact| Box::new(contact.into()))),
        false => Answer::Refuse,
    };
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.contact_request_answer(actor, reference, &answer)
    });
    Ok(axum::Json(ContactAnswered { id: done.await? }))
}
