//! What is said in a room: lines, reactions, how far this account has read, and that it types.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::chat::files::NewFile;
use crate::gateway::chat::line::{LineView, LinesPage, LinesQuery, NewLine};
use crate::gateway::{self, AccountId, LineNow};
use crate::terms::LineKind;
use crate::web::api::Done;
use crate::web::auth::Signed;
use crate::web::body::{Json, Params};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::contact_fields::each;
use super::room::{ChatPerson, InRoom, RoomRef, done};
use super::room_file::{ChatFile, ChatFileNew};

/// A reaction, and how many reacted so.
#[derive(Serialize, ToSchema)]
pub struct ChatReaction {
    text: String,
    count: usize,
    /// Whether this account did.
    own: bool,
}

/// A line of a room.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatLine {
    /// Its place in the room, from 1 on.
    number: u64,
    /// Its reference number.
    reference: String,
    #[schema(format = DateTime)]
    at: String,
    /// The ID of the account that said it, or that it is about.
    who: String,
    own: bool,
    kind: LineKind,
    /// The ID of the account that admitted or removed somebody.
    by: Option<String>,
    /// What was said. `null` of anything else, and while the keys of this account do not open it.
    text: Option<String>,
    /// The number of the line that it answers.
    in_reply_to: Option<u64>,
    /// The IDs of those whom it is meant for in particular.
    mentions: Vec<String>,
    files: Vec<ChatFile>,
    #[schema(format = DateTime)]
    edited: Option<String>,
    reactions: Vec<ChatReaction>,
}

/// Some lines of a room, in their order.
#[derive(Serialize, ToSchema)]
pub struct ChatLines {
    items: Vec<ChatLine>,
    /// Those who said them, or whom they are about; without accounts that were removed.
    persons: Vec<ChatPerson>,
    /// The first line that this account sees.
    first: u64,
    /// The last line.
    last: u64,
}

/// Which lines to read: those after a line, or the last ones before a line.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChatLinesQuery {
    /// The number of a line; 0 for the first ones.
    after: Option<u64>,
    /// The number of a line. It counts where `after` is not given.
    before: Option<u64>,
    /// At most 100.
    #[serde(default = "limit_default")]
    limit: usize,
}

fn limit_default() -> usize {
    100
}

/// Something to say.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatLineNew {
    /// 32 hexadecimal digits, drawn at random: what is sent again with the same ones is said once.
    client_id: String,
    text: String,
    /// The number of the line that it answers.
    #[serde(default)]
    in_reply_to: Option<u64>,
    /// The IDs of members whom it is meant for in particular.
    #[serde(default)]
    mentions: Vec<String>,
    /// Files and a recording. A line that has some may say nothing.
    #[serde(default)]
    files: Vec<ChatFileNew>,
}

/// What was said.
#[derive(Serialize, ToSchema)]
pub struct ChatLineSaid {
    number: u64,
    reference: String,
}

/// Other words for what this account said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatLineChange {
    text: String,
}

/// How this account reacts to a line.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatReact {
    /// An emoji.
    text: String,
}

/// How far this account has read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatRead {
    /// The number of the last line that was read.
    number: u64,
}

impl From<LineView> for ChatLine {
    fn from(view: LineView) -> ChatLine {
        let LineView { number, reference, at, who, own, kind, by, text, .. } = view;
        let LineView { in_reply_to, mentions, files, edited, reactions, .. } = view;
        let reactions = reactions.into_iter();
        ChatLine {
            number,
            reference,
            at: at.to_rfc3339(),
            who,
            own,
            kind,
            by,
            text,
            in_reply_to,
            mentions,
            files: each(files),
            edited: edited.map(|at| at.to_rfc3339()),
            reactions: reactions
                .map(|(text, count, own)| ChatReaction { text, count, own })
                .collect(),
        }
    }
}

impl ChatLine {
    /// A line that was just said, as this account sees it.
    pub(super) fn now(line: &LineNow, reader: AccountId) -> ChatLine {
        ChatLine {
            number: line.number,
            reference: line.reference.clone(),
            at: line.at.to_rfc3339(),
            who: line.who.to_text(),
            own: line.who == reader,
            kind: LineKind::Said,
            by: None,
            text: Some(line.text.as_str().to_owned()),
            in_reply_to: line.in_reply_to,
            mentions: line.mentions.iter().map(|who| who.to_text()).collect(),
            files: line.files.iter().map(ChatFile::now).collect(),
            edited: None,
            reactions: Vec::new(),
        }
    }
}

impl ChatPerson {
    /// Who just said a line.
    pub(super) fn of_line(line: &LineNow) -> ChatPerson {
        ChatPerson {
            id: line.who.to_text(),
            name: line.name.clone(),
            address: line.address.clone(),
            outside: line.outside,
        }
    }
}

impl From<LinesPage> for ChatLines {
    fn from(LinesPage { items, persons, first, last }: LinesPage) -> ChatLines {
        ChatLines { items: each(items), persons: each(persons), first, last }
    }
}

fn number(text: &str) -> Result<u64, Problem> {
    let missing = || Problem::from(gateway::Error::NotFound { what: "line" });
    text.parse().map_err(|_| missing())
}

/// Get lines of a room, in their order.
#[utoipa::path(
    get,
    path = "/api/rooms/{ref}/lines",
    tag = "chat",
    operation_id = "roomLines",
    params(("ref" = String, Path, description = "The room's number"), ChatLinesQuery),
    responses((status = 200, description = "The lines", body = ChatLines), Problems)
)]
pub async fn list(
    signed: Signed,
    RoomRef(room): RoomRef,
    Params(query): Params<ChatLinesQuery>,
) -> Result<axum::Json<ChatLines>, Problem> {
    let ChatLinesQuery { after, before, limit } = query;
    let which = match (after, before) {
        (Some(after), _) => LinesQuery::After(after),
        (None, Some(before)) => LinesQuery::Before(before),
        (None, None) => LinesQuery::After(0),
    };
    let found = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.room_lines(actor, room, (which, limit))
    });
    Ok(axum::Json(found.await?.into()))
}

/// Say something in a room.
#[utoipa::path(
    post,
    path = "/api/rooms/{ref}/lines",
    tag = "chat",
    operation_id = "roomSay",
    params(("ref" = String, Path, description = "The room's number")),
    request_body = ChatLineNew,
    responses((status = 201, description = "What was said", body = ChatLineSaid), Problems)
)]
pub async fn say(
    signed: Signed,
    RoomRef(room): RoomRef,
    Json(new): Json<ChatLineNew>,
) -> Result<(StatusCode, axum::Json<ChatLineSaid>), Problem> {
    let ChatLineNew { client_id, text, in_reply_to, mentions, files } = new;
    let client_id = hex_id(&client_id)
        .ok_or_else(|| Problem::invalid("The client's ID must be 32 hexadecimal digits."))?;
    let files = files.into_iter().map(NewFile::from).collect();
    let new = NewLine { client_id, text, in_reply_to, mentions, files };
    let said =
        signed.run(CostClass::Records, move |gateway, actor| gateway.room_say(actor, room, &new));
    let (number, reference) = said.await?;
    Ok((StatusCode::CREATED, axum::Json(ChatLineSaid { number, reference })))
}

fn hex_id(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
    let number = is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten()?;
    Some(number.to_be_bytes())
}

/// Get one line of a room.
#[utoipa::path(
    get,
    path = "/api/rooms/{ref}/lines/{number}",
    tag = "chat",
    operation_id = "roomLine",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("number" = String, Path, description = "The line's number"),
    ),
    responses((status = 200, description = "The line", body = ChatLine), Problems)
)]
pub async fn read(
    signed: Signed,
    InRoom { room, id }: InRoom,
) -> Result<axum::Json<ChatLine>, Problem> {
    let line = (room, number(&id)?);
    let found =
        signed.run(CostClass::Records, move |gateway, actor| gateway.room_line(actor, line));
    Ok(axum::Json(found.await?.into()))
}

/// Change what this account said, for a time.
#[utoipa::path(
    patch,
    path = "/api/rooms/{ref}/lines/{number}",
    tag = "chat",
    operation_id = "roomLineChange",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("number" = String, Path, description = "The line's number"),
    ),
    request_body = ChatLineChange,
    responses(Done, Problems)
)]
pub async fn change(
    signed: Signed,
    InRoom { room, id }: InRoom,
    Json(ChatLineChange { text }): Json<ChatLineChange>,
) -> Result<StatusCode, Problem> {
    let line = (room, number(&id)?);
    done(signed, move |gateway, actor| gateway.room_line_edit(actor, line, &text)).await
}

/// Delete a line: its author for a time, a controller always. What it said is destroyed; that something was
/// said there stays.
#[utoipa::path(
    delete,
    path = "/api/rooms/{ref}/lines/{number}",
    tag = "chat",
    operation_id = "roomLineDelete",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("number" = String, Path, description = "The line's number"),
    ),
    responses(Done, Problems)
)]
pub async fn delete(signed: Signed, InRoom { room, id }: InRoom) -> Result<StatusCode, Problem> {
    let line = (room, number(&id)?);
    done(signed, move |gateway, actor| gateway.room_line_delete(actor, line)).await
}

/// React to a line, in place of an earlier reaction.
#[utoipa::path(
    put,
    path = "/api/rooms/{ref}/lines/{number}/reaction",
    tag = "chat",
    operation_id = "roomReact",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("number" = String, Path, description = "The line's number"),
    ),
    request_body = ChatReact,
    responses(Done, Problems)
)]
pub async fn react(
    signed: Signed,
    InRoom { room, id }: InRoom,
    Json(ChatReact { text }): Json<ChatReact>,
) -> Result<StatusCode, Problem> {
    let line = (room, number(&id)?);
    done(signed, move |gateway, actor| gateway.room_react(actor, line, Some(&text))).await
}

/// Take a reaction back.
#[utoipa::path(
    delete,
    path = "/api/rooms/{ref}/lines/{number}/reaction",
    tag = "chat",
    operation_id = "roomReactEnd",
    params(
        ("ref" = String, Path, description = "The room's number"),
        ("number" = String, Path, description = "The line's number"),
    ),
    responses(Done, Problems)
)]
pub async fn react_end(signed: Signed, InRoom { room, id }: InRoom) -> Result<StatusCode, Problem> {
    let line = (room, number(&id)?);
    done(signed, move |gateway, actor| gateway.room_react(actor, line, None)).await
}

/// Report how far this account has read. From then on its session has the room open, until it ends.
#[utoipa::path(
    put,
    path = "/api/rooms/{ref}/read",
    tag = "chat",
    operation_id = "roomRead",
    params(("ref" = String, Path, description = "The room's number")),
    request_body = ChatRead,
    responses(Done, Problems)
)]
pub async fn set_read(
    signed: Signed,
    RoomRef(room): RoomRef,
    Json(ChatRead { number }): Json<ChatRead>,
) -> Result<StatusCode, Problem> {
    done(signed, move |gateway, actor| gateway.room_read(actor, room, number)).await
}

/// Tell the others that this account types, if it shows that. Nothing of it is stored.
#[utoipa::path(
    post,
    path = "/api/rooms/{ref}/typing",
    tag = "chat",
    operation_id = "roomTyping",
    params(("ref" = String, Path, description = "The room's number")),
    responses(Done, Problems)
)]
pub async fn typing(signed: Signed, RoomRef(room): RoomRef) -> Result<StatusCode, Problem> {
    done(signed, move |gateway, actor| gateway.room_typing(actor, room)).await
}
