//! Requests to join a chat room, and the answers of its controllers.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::chat::member::{REQUESTS_PAGE_MAX, RequestView, RequestsPage, RoomAnswer};
use crate::mail::reference::Reference;
use crate::web::api::Done;
use crate::web::auth::Signed;
use crate::web::body::{Json, Params};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::contact_fields::each;
use super::room::{ChatPerson, InRoom, RoomRef, done};
use super::vouching::{Attestation, VouchingProblem};

/// The room to join.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatAsk {
    /// Its number.
    room: String,
}

/// Somebody who asks to join.
#[derive(Serialize, ToSchema)]
pub struct ChatRequest {
    person: ChatPerson,
    #[schema(format = DateTime)]
    at: String,
    /// The names of the person's groups that this account may read.
    groups: Vec<String>,
    attestations: Vec<Attestation>,
    problems: Vec<VouchingProblem>,
}

/// Some of those who ask to join, the first first.
#[derive(Serialize, ToSchema)]
pub struct ChatRequests {
    items: Vec<ChatRequest>,
    total: usize,
}

/// Which requests to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChatRequestsQuery {
    #[serde(default)]
    offset: usize,
    /// At most 50.
    #[serde(default = "limit_default")]
    limit: usize,
}

fn limit_default() -> usize {
    REQUESTS_PAGE_MAX
}

/// What a controller answers.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChatVerdict {
    Admit,
    /// The same account may ask again after ten minutes.
    Refuse,
    /// The same account does not ask again.
    RefuseForGood,
}

/// The answer to a request to join.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatAnswer {
    verdict: ChatVerdict,
}

impl From<RequestsPage> for ChatRequests {
    fn from(RequestsPage { items, total }: RequestsPage) -> ChatRequests {
        ChatRequests { items: each(items), total }
    }
}

impl From<RequestView> for ChatRequest {
    fn from(view: RequestView) -> ChatRequest {
        let RequestView { person, at, groups, attestations, problems } = view;
        ChatRequest {
            person: person.into(),
            at: at.to_rfc3339(),
            groups,
            attestations: each(attestations),
            problems: each(problems),
        }
    }
}

/// Ask to join the room with a number. The answer is the same whether there is one or not.
///
/// Who was refused or removed by a controller asks again after ten minutes: `denied` before, and for good where the
/// controller said so.
#[utoipa::path(
    post,
    path = "/api/rooms/asked",
    tag = "chat",
    operation_id = "roomAsk",
    request_body = ChatAsk,
    responses(Done, Problems)
)]
pub async fn ask(signed: Signed, Json(ask): Json<ChatAsk>) -> Result<StatusCode, Problem> {
    let room = ask.room.trim().parse::<Reference>();
    let room = room.map_err(|_| Problem::invalid("This is not the number of a room."))?;
    done(signed, move |gateway, actor| gateway.room_ask(actor, room)).await
}

/// Take a request to join back, or forget that it was refused.
#[utoipa::path(
    delete,
    path = "/api/rooms/asked/{ref}",
    tag = "chat",
    operation_id = "roomAskEnd",
    params(("ref" = String, Path, description = "The room's number")),
    responses(Done, Problems)
)]
pub async fn ask_end(signed: Signed, RoomRef(room): RoomRef) -> Result<StatusCode, Problem> {
    done(signed, move |gateway, actor| gateway.room_ask_end(actor, room)).await
}

/// Get those who ask to join a room, with their groups and who attests them.
#[utoipa::path(
    get,
    path = "/api/rooms/{ref}/requests",
    tag = "chat",
    operation_id = "roomRequests",
    params(("ref" = String, Path, description = "The room's number"), ChatRequestsQuery),
    responses((status = 200, description = "The requests", body = ChatRequests), Problems)
)]
pub async fn list(
    signed: Signed,
    RoomRef(room): RoomRef,
    Params(ChatRequestsQuery { offset, limit }): Params<ChatRequestsQuery>,
) -> Result<axum::Json<ChatRequests>, Problem> {
    let found = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.room_requests(actor, room, (offset, limit))
    });
    Ok(axum::Json(found.await?.into()))
}

/// Admit somebody who asked to join, or refuse.
#[utoipa::path(
    post,
    path = "/api/rooms/{ref}/requests/{id}",
    tag = "chat",
    operation_id = "roomAnswer",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("id" = String, Path, description = "The ID of the account that asks"),
    ),
    request_body = ChatAnswer,
    responses(Done, Problems)
)]
pub async fn answer(
    signed: Signed,
    InRoom { room, id }: InRoom,
    Json(ChatAnswer { verdict }): Json<ChatAnswer>,
) -> Result<StatusCode, Problem> {
    let answer = match verdict {
        ChatVerdict::Admit => RoomAnswer::Admit,
        ChatVerdict::Refuse => RoomAnswer::Refuse,
        ChatVerdict::RefuseForGood => RoomAnswer::RefuseForGood,
    };
    done(signed, move |gateway, actor| gateway.room_answer(actor, room, &id, answer)).await
}
