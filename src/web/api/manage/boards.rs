//! The boards, by number: listing them, deleting one, and naming a manager where there is none.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::boards::administered;
use crate::gateway::records::audit::Act;
use crate::web::api::Done;
use crate::web::api::board::BoardAudience;
use crate::web::auth::Managing;
use crate::web::body::{Id, Json};
use crate::web::error::{Problem, Problems};

/// A board. What it is called, and what is posted there, only its readers open.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BoardRow {
    id: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// With those that were deleted.
    posts: u64,
    topics: u32,
    /// Of the posts with their earlier versions and files.
    octets: u64,
    readers: BoardAudience,
    /// Those who can sign in.
    managers: BoardAudience,
}

/// All boards.
#[derive(Serialize, ToSchema)]
pub struct BoardRows {
    items: Vec<BoardRow>,
}

/// Who is to manage a board.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardManager {
    /// The login name of somebody who reads the board.
    name: String,
}

impl From<administered::BoardRow> for BoardRow {
    fn from(row: administered::BoardRow) -> BoardRow {
        BoardRow {
            id: row.id.to_text(),
            created_at: row.created.to_rfc3339(),
            posts: row.posts,
            topics: row.topics,
            octets: row.octets,
            readers: row.readers.into(),
            managers: row.managers.into(),
        }
    }
}

/// List the boards, the latest first.
#[utoipa::path(
    get,
    path = "/api/manage/boards",
    tag = "manage",
    operation_id = "manageBoards",
    responses((status = 200, description = "The boards", body = BoardRows), Problems)
)]
pub async fn list(managing: Managing) -> Result<axum::Json<BoardRows>, Problem> {
    let rows = managing.run(|gateway| gateway.boards_all()).await?;
    Ok(axum::Json(BoardRows { items: rows.into_iter().map(BoardRow::from).collect() }))
}

/// Delete a board with all its posts.
#[utoipa::path(
    delete,
    path = "/api/manage/boards/{id}",
    tag = "manage",
    operation_id = "manageBoardDelete",
    params(("id" = String, Path, description = "The board's number")),
    responses(Done, Problems)
)]
pub async fn delete(managing: Managing, Id(id): Id) -> Result<StatusCode, Problem> {
    let done = managing.run_audited(Act::BoardDeleted, id.clone(), move |gateway| {
        gateway.board_delete_numbered(&id)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Name a manager of a board, among those who read it; `board-managed` (409) if somebody who can sign in
/// manages it.
#[utoipa::path(
    put,
    path = "/api/manage/boards/{id}/manager",
    tag = "manage",
    operation_id = "manageBoardManager",
    params(("id" = String, Path, description = "The board's number")),
    request_body = BoardManager,
    responses(Done, Problems)
)]
pub async fn manager(
    managing: Managing,
    Id(id): Id,
    Json(BoardManager { name }): Json<BoardManager>,
) -> Result<StatusCode, Problem> {
    let about = format!("{id}: {name}");
    let done = managing.run_audited(Act::BoardManagerNamed, about, move |gateway| {
        gateway.board_manager_name(&id, &name)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
