//! Chat: rooms and conversations, and who is in them.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::chat::member::{AskedView, Leaving, Part};
use crate::gateway::chat::presence::OwnRoom;
use crate::gateway::chat::room::NewRoom;
use crate::gateway::chat::view::{MemberView, MembersPage, PersonSeen, RoomView};
use crate::gateway::{self, Gateway};
use crate::mail::reference::Reference;
use crate::terms::RoomKind;
use crate::web::api::Done;
use crate::web::auth::Signed;
use crate::web::body::{Json, Params, Ref};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::contact_fields::each;
use super::tag::{tagged, version};

/// Somebody in a room, or who asks to join.
#[derive(Serialize, ToSchema)]
pub struct ChatPerson {
    pub(super) id: String,
    /// Empty if the account has no name.
    pub(super) name: String,
    pub(super) address: String,
    /// Whether it is a temporary account.
    pub(super) outside: bool,
}

/// A room, or a conversation of two.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatRoom {
    /// Its reference number, by which others ask to join.
    id: String,
    kind: RoomKind,
    /// `null` in a conversation, and while the keys of this account do not open it.
    name: Option<String>,
    /// The other one in a conversation.
    #[schema(nullable)]
    other: Option<ChatPerson>,
    /// Grows with each change of the name.
    version: u32,
    /// Whether who is admitted sees what was said before.
    shares_earlier: bool,
    controller: bool,
    /// The first line that this account sees.
    first: u64,
    /// The last line.
    last: u64,
    /// The line up to which this account has read.
    read: u64,
    /// How many lines of others are unread, up to 50.
    unread: usize,
    /// How many ask to join; 0 for who does not control the room.
    requests: u64,
    /// Whether the others see that this account reads, types and is there.
    shows: bool,
    /// Whether this account wants neither notices nor lines about who comes and goes.
    mutes: bool,
    /// The most minutes of a recording.
    voice_minutes: u32,
    /// The largest file, in octets.
    file_octets: u64,
}

/// A request of this account to join a room.
#[derive(Serialize, ToSchema)]
pub struct ChatAsked {
    room: String,
    #[schema(format = DateTime)]
    at: String,
    /// Whether a controller refused it.
    refused: bool,
}

/// The rooms and conversations of this account, and those that it asked to join.
#[derive(Serialize, ToSchema)]
pub struct ChatRooms {
    items: Vec<ChatRoom>,
    asked: Vec<ChatAsked>,
}

/// A room to open.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatRoomNew {
    name: String,
    /// Whether who is admitted sees what was said before.
    #[serde(default)]
    shares_earlier: bool,
}

/// Another name for a room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatRoomChange {
    name: String,
}

/// With whom to talk.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatWith {
    /// The address of a person inside.
    address: String,
}

/// Somebody in a room.
#[derive(Serialize, ToSchema)]
pub struct ChatMember {
    person: ChatPerson,
    controller: bool,
    #[schema(format = DateTime)]
    since: String,
    /// Whether the member reads what is said; `null` if the member does not show it.
    reading: Option<bool>,
    /// Whether a session of the member has the room open; `null` if the member does not show it.
    here: Option<bool>,
    own: bool,
}

/// Some of those who are in a room.
#[derive(Serialize, ToSchema)]
pub struct ChatMembers {
    items: Vec<ChatMember>,
    total: usize,
}

/// Which members to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChatMembersQuery {
    #[serde(default)]
    offset: usize,
    /// At most 100.
    #[serde(default = "limit_default")]
    limit: usize,
}

fn limit_default() -> usize {
    100
}

/// A member's part in a room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatMemberChange {
    controller: bool,
}

/// How to leave a room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatLeave {
    /// Whether what was said comes to the inbox, as a message.
    transcript: bool,
}

/// What this account shows to the others in a room, and is told there. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatOwn {
    #[serde(default)]
    shows: Option<bool>,
    #[serde(default)]
    mutes: Option<bool>,
}

impl From<PersonSeen> for ChatPerson {
    fn from(PersonSeen { id, name, address, outside }: PersonSeen) -> ChatPerson {
        ChatPerson { id, name, address, outside }
    }
}

impl From<RoomView> for ChatRoom {
    fn from(view: RoomView) -> ChatRoom {
        let RoomView { id, kind, name, other, version, shares_earlier, controller, .. } = view;
        let RoomView { first, last, read, unread, requests, shows, mutes, .. } = view;
        let RoomView { voice_minutes, file_octets, .. } = view;
        ChatRoom {
            id,
            kind,
            name,
            other: other.map(Into::into),
            version,
            shares_earlier,
            controller,
            first,
            last,
            read,
            unread,
            requests,
            shows,
            mutes,
            voice_minutes,
            file_octets,
        }
    }
}

impl From<AskedView> for ChatAsked {
    fn from(AskedView { room, at, refused }: AskedView) -> ChatAsked {
        ChatAsked { room, at: at.to_rfc3339(), refused }
    }
}

impl From<MemberView> for ChatMember {
    fn from(view: MemberView) -> ChatMember {
        let MemberView { person, controller, since, reading, here, own } = view;
        let (person, since) = (person.into(), since.to_rfc3339());
        ChatMember { person, controller, since, reading, here, own }
    }
}

impl From<MembersPage> for ChatMembers {
    fn from(MembersPage { items, total }: MembersPage) -> ChatMembers {
        ChatMembers { items: each(items), total }
    }
}

/// A room, and an identifier within it.
pub struct InRoom {
    pub room: Reference,
    pub id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for InRoom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<InRoom, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((room, id)) = path.map_err(|_| no_such_room())?;
        Ok(InRoom { room: parsed(&room)?, id })
    }
}

fn no_such_room() -> Problem {
    Problem::from(gateway::Error::NotFound { what: "room" })
}

/// A room's number in the path. An invalid one gets the same answer as an unknown one.
pub struct RoomRef(pub Reference);

impl<S: Send + Sync> FromRequestParts<S> for RoomRef {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<RoomRef, Problem> {
        let found = Ref::from_request_parts(parts, state).await;
        found.map(|Ref(room)| RoomRef(room)).map_err(|_| no_such_room())
    }
}

fn parsed(room: &str) -> Result<Reference, Problem> {
    room.parse().map_err(|_| no_such_room())
}

/// Does something in a room, to which the answer has no content.
pub(super) async fn done(
    signed: Signed,
    work: impl FnOnce(&Gateway, &gateway::Actor) -> Result<(), gateway::Error> + Send + 'static,
) -> Result<StatusCode, Problem> {
    signed.run(CostClass::Records, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn whole(status: StatusCode, view: RoomView) -> Response {
    let body = ChatRoom::from(view);
    tagged(status, body.version, body)
}

/// Get the rooms and conversations of this account, and the rooms that it asked to join.
#[utoipa::path(
    get,
    path = "/api/rooms",
    tag = "chat",
    operation_id = "rooms",
    responses((status = 200, description = "The rooms", body = ChatRooms), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<ChatRooms>, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| {
        Ok::<_, gateway::Error>((gateway.rooms(actor)?, gateway.rooms_asked(actor)?))
    });
    let (items, asked) = found.await?;
    Ok(axum::Json(ChatRooms { items: each(items), asked: each(asked) }))
}

/// Open a room, which this account controls.
#[utoipa::path(
    post,
    path = "/api/rooms",
    tag = "chat",
    operation_id = "roomCreate",
    request_body = ChatRoomNew,
    responses((status = 201, description = "The room", body = ChatRoom), Problems)
)]
pub async fn create(signed: Signed, Json(new): Json<ChatRoomNew>) -> Result<Response, Problem> {
    let ChatRoomNew { name, shares_earlier } = new;
    let new = NewRoom { name, shares_earlier };
    let created =
        signed.run(CostClass::Records, move |gateway, actor| gateway.room_create(actor, &new));
    Ok(whole(StatusCode::CREATED, created.await?))
}

/// Get the conversation with a person inside; it begins now, if there is none.
///
/// Whom a message of this account does not reach, no conversation reaches: 404, as for an address that
/// nobody has.
#[utoipa::path(
    post,
    path = "/api/rooms/with",
    tag = "chat",
    operation_id = "roomWith",
    request_body = ChatWith,
    responses((status = 200, description = "The conversation", body = ChatRoom), Problems)
)]
pub async fn with(signed: Signed, Json(with): Json<ChatWith>) -> Result<Response, Problem> {
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.room_with(actor, &with.address));
    Ok(whole(StatusCode::OK, found.await?))
}

/// Get a room.
#[utoipa::path(
    get,
    path = "/api/rooms/{ref}",
    tag = "chat",
    operation_id = "room",
    params(("ref" = String, Path, description = "The room's number")),
    responses((status = 200, description = "The room", body = ChatRoom), Problems)
)]
pub async fn read(signed: Signed, RoomRef(room): RoomRef) -> Result<Response, Problem> {
    let found =
        signed.run(CostClass::Records, move |gateway, actor| gateway.chat_room(actor, room));
    Ok(whole(StatusCode::OK, found.await?))
}

/// Rename a room. `edited-elsewhere` if it is not at the version in `If-Match`.
#[utoipa::path(
    patch,
    path = "/api/rooms/{ref}",
    tag = "chat",
    operation_id = "roomChange",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("If-Match" = String, Header, description = "The ETag of the room"),
    ),
    request_body = ChatRoomChange,
    responses((status = 200, description = "The room", body = ChatRoom), Problems)
)]
pub async fn change(
    signed: Signed,
    RoomRef(room): RoomRef,
    headers: HeaderMap,
    Json(change): Json<ChatRoomChange>,
) -> Result<Response, Problem> {
    let over = version(&headers)?;
    let changed = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.room_rename(actor, room, over, &change.name)
    });
    Ok(whole(StatusCode::OK, changed.await?))
}

/// End a room for all who are in it, with everything that was said there.
#[utoipa::path(
    delete,
    path = "/api/rooms/{ref}",
    tag = "chat",
    operation_id = "roomEnd",
    params(("ref" = String, Path, description = "The room's number")),
    responses(Done, Problems)
)]
pub async fn end(signed: Signed, RoomRef(room): RoomRef) -> Result<StatusCode, Problem> {
    done(signed, move |gateway, actor| gateway.room_end(actor, room)).await
}

/// Leave a room.
///
/// With a transcript, a message in the inbox has what was said since this account joined, without what was
/// deleted. `last-controller` if nobody else could admit others; name another controller first.
#[utoipa::path(
    post,
    path = "/api/rooms/{ref}/leave",
    tag = "chat",
    operation_id = "roomLeave",
    params(("ref" = String, Path, description = "The room's number")),
    request_body = ChatLeave,
    responses(Done, Problems)
)]
pub async fn leave(
    signed: Signed,
    RoomRef(room): RoomRef,
    Json(leave): Json<ChatLeave>,
) -> Result<StatusCode, Problem> {
    let how = if leave.transcript { Leaving::WithTranscript } else { Leaving::Silent };
    let left =
        signed.run(CostClass::Content, move |gateway, actor| gateway.room_leave(actor, room, how));
    left.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change what this account shows to the others in a room, and is told there.
#[utoipa::path(
    patch,
    path = "/api/rooms/{ref}/own",
    tag = "chat",
    operation_id = "roomOwn",
    params(("ref" = String, Path, description = "The room's number")),
    request_body = ChatOwn,
    responses(Done, Problems)
)]
pub async fn own(
    signed: Signed,
    RoomRef(room): RoomRef,
    Json(ChatOwn { shows, mutes }): Json<ChatOwn>,
) -> Result<StatusCode, Problem> {
    let own = OwnRoom { shows, mutes };
    done(signed, move |gateway, actor| gateway.room_own(actor, room, own)).await
}

/// Take the keys of a room for genuine that nothing proves, because its members said that they began them;
/// where nobody has any, others begin. Ask the other members first.
#[utoipa::path(
    post,
    path = "/api/rooms/{ref}/keys",
    tag = "chat",
    operation_id = "roomKeysAccept",
    params(("ref" = String, Path, description = "The room's number")),
    responses(Done, Problems)
)]
pub async fn keys_accept(signed: Signed, RoomRef(room): RoomRef) -> Result<StatusCode, Problem> {
    done(signed, move |gateway, actor| gateway.room_keys_accept(actor, room)).await
}

/// Get those who are in a room, the controllers first.
#[utoipa::path(
    get,
    path = "/api/rooms/{ref}/members",
    tag = "chat",
    operation_id = "roomMembers",
    params(("ref" = String, Path, description = "The room's number"), ChatMembersQuery),
    responses((status = 200, description = "The members", body = ChatMembers), Problems)
)]
pub async fn members(
    signed: Signed,
    RoomRef(room): RoomRef,
    Params(ChatMembersQuery { offset, limit }): Params<ChatMembersQuery>,
) -> Result<axum::Json<ChatMembers>, Problem> {
    let found = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.room_members(actor, room, (offset, limit))
    });
    Ok(axum::Json(found.await?.into()))
}

/// Make a member a controller, or an ordinary member again.
#[utoipa::path(
    patch,
    path = "/api/rooms/{ref}/members/{id}",
    tag = "chat",
    operation_id = "roomMemberChange",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("id" = String, Path, description = "The member's ID"),
    ),
    request_body = ChatMemberChange,
    responses(Done, Problems)
)]
pub async fn member_change(
    signed: Signed,
    InRoom { room, id }: InRoom,
    Json(ChatMemberChange { controller }): Json<ChatMemberChange>,
) -> Result<StatusCode, Problem> {
    let part = if controller { Part::Controller } else { Part::Member };
    done(signed, move |gateway, actor| gateway.room_appoint(actor, room, &id, part)).await
}

/// Remove a member from a room.
#[utoipa::path(
    delete,
    path = "/api/rooms/{ref}/members/{id}",
    tag = "chat",
    operation_id = "roomMemberRemove",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("id" = String, Path, description = "The member's ID"),
    ),
    responses(Done, Problems)
)]
pub async fn member_remove(
    signed: Signed,
    InRoom { room, id }: InRoom,
) -> Result<StatusCode, Problem> {
    done(signed, move |gateway, actor| gateway.room_remove(actor, room, &id)).await
}
