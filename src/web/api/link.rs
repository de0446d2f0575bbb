//! Links to a message's content, which a browser follows by itself.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway;
use crate::mail::message::Within;
use crate::web::auth::Signed;
use crate::web::body::{Json, Ref};
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::{CostClass, Web};
use crate::web::ticket::{NoTicket, Request, Target};

/// What a link is requested for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TicketRequest {
    kind: TicketKind,
    /// The number of the part, for an attachment.
    part: Option<u32>,
    /// Whether a frame also shows remote images, which the server fetches.
    #[serde(default)]
    remote: bool,
    /// For what is within an attached message: the numbers of the parts that lead to it, at most 4.
    #[serde(default)]
    within: Vec<u32>,
}

/// The kinds of links.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TicketKind {
    /// The source of the message.
    Raw,
    Attachment,
    /// All files of the message in one ZIP.
    Attachments,
    /// The HTML of the message, in a frame.
    View,
}

/// A link that is valid for a limited time.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// A path on this server.
    url: String,
    /// How long the link is valid, in seconds.
    expires_in: u64,
}

/// Get a link that a browser can follow by itself; download links can be used once.
#[utoipa::path(
    post,
    path = "/api/messages/{ref}/ticket",
    tag = "messages",
    operation_id = "messageTicket",
    params(("ref" = String, Path, description = "The reference number")),
    request_body = TicketRequest,
    responses(
        (status = 201, description = "The link", body = Ticket),
        (status = 409, description = "The message has not been opened yet", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn ticket(
    signed: Signed,
    Ref(reference): Ref,
    Json(request): Json<TicketRequest>,
) -> Result<(StatusCode, axum::Json<Ticket>), Problem> {
    let target = target(&request)?;
    let within = Within::new(&request.within)
        .filter(|within| within.is_empty() || is_within(target))
        .ok_or_else(|| Problem::invalid("`within` is for at most 4 parts of a frame or a file."))?;
    if request.remote && signed.web.remote_images().is_none() {
        let reason = "remote images are turned off";
        return Err(gateway::Error::Denied { reason }.into());
    }
    let (web, token) = (signed.web.clone(), signed.token.clone());
    let (thumbprint, account) = (signed.thumbprint.clone(), signed.actor.person());
    let mailbox = signed.actor.behind().map(|_| signed.actor.account());
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.message_item(actor, reference));
    if found.await?.opened.is_none() {
        return Err(gateway::Error::Conflict(gateway::Conflict::NotOpened).into());
    }
    let request = Request {
        token: &token,
        thumbprint: &thumbprint,
        account,
        mailbox,
        reference,
        target,
        within,
    };
    Ok((StatusCode::CREATED, axum::Json(Ticket::issued(&web, request)?)))
}

impl Ticket {
    /// Issues a link.
    pub(super) fn issued(web: &Web, request: Request<'_>) -> Result<Ticket, Problem> {
        let target = request.target;
        let secret = web.shared.tickets.issue(request, web.now()).map_err(|error| match error {
            NoTicket::Full => Problem::slow_down(std::time::Duration::from_secs(1)),
            NoTicket::Broken => Problem::broken(&error),
        })?;
        let url = match target {
            Target::View { .. } => format!("/m/{secret}/"),
            Target::Raw | Target::Attachment(_) | Target::Attachments | Target::PostFile(_) => {
                format!("/dl/{secret}")
            }
        };
        Ok(Ticket { url, expires_in: web.shared.config.ticket_secs })
    }
}

fn is_within(target: Target) -> bool {
    matches!(target, Target::View { .. } | Target::Attachment(_))
}

fn target(request: &TicketRequest) -> Result<Target, Problem> {
    match (request.kind, request.part) {
        (TicketKind::View, None) => Ok(Target::View { remote: request.remote }),
        _ if request.remote => Err(Problem::invalid("`remote` is only for the kind `view`.")),
        (TicketKind::Raw, None) => Ok(Target::Raw),
        (TicketKind::Attachments, None) => Ok(Target::Attachments),
        (TicketKind::Attachment, Some(part)) => Ok(Target::Attachment(part)),
        (TicketKind::Attachment, None) => {
            Err(Problem::invalid("An attachment requires its `part`."))
        }
        (_, Some(_)) => Err(Problem::invalid("`part` is only for attachments.")),
    }
}
