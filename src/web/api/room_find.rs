//! Looking for words in what was said in rooms.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::chat::find::LinesFound;
use crate::mail::reference::Reference;
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::contact_fields::each;
use super::room::ChatPerson;
use super::room_line::ChatLine;

/// What to look for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChatFind {
    /// Words that a line has, or that its words begin with.
    text: String,
    /// The number of the room; all of this account's, if it is left out.
    #[serde(default)]
    room: Option<String>,
}

/// A line that was found.
#[derive(Serialize, ToSchema)]
pub struct ChatFoundLine {
    /// The room's number.
    room: String,
    line: ChatLine,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub struct ChatFound {
    /// The latest first, at most 50.
    items: Vec<ChatFoundLine>,
    persons: Vec<ChatPerson>,
    /// Whether all lines were opened that this account may see, and all are here that were found.
    whole: bool,
}

impl From<LinesFound> for ChatFound {
    fn from(LinesFound { items, persons, whole }: LinesFound) -> ChatFound {
        let items = items.into_iter();
        let items = items.map(|(room, line)| ChatFoundLine { room, line: line.into() }).collect();
        ChatFound { items, persons: each(persons), whole }
    }
}

/// Look for words in what was said, in one room or in all rooms of this account.
///
/// Lines are opened for the request, in each room from the last one back: 20,000 of them and 8 MiB at most, of
/// which each room has a share. Nothing of what people say is indexed.
#[utoipa::path(
    post,
    path = "/api/rooms/find",
    tag = "chat",
    operation_id = "roomsFind",
    request_body = ChatFind,
    responses((status = 200, description = "What was found", body = ChatFound), Problems)
)]
pub async fn find(
    signed: Signed,
    Json(ChatFind { text, room }): Json<ChatFind>,
) -> Result<axum::Json<ChatFound>, Problem> {
    let missing = || Problem::from(crate::gateway::Error::NotFound { what: "room" });
    let room = room.map(|room| room.trim().parse::<Reference>()).transpose();
    let room = room.map_err(|_| missing())?;
    let found = signed
        .run(CostClass::Content, move |gateway, actor| gateway.rooms_find(actor, room, &text));
    Ok(axum::Json(found.await?.into()))
}
