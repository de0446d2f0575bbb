//! Boards: who may do what there, and their topics.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::boards::board::{
    self as core, BoardDetail, BoardList, BoardView, GrantView, NewBoard, People, WantedGrant,
};
use crate::gateway::boards::topic::{TopicPage, TopicView};
use crate::gateway::groups::about::About;
use crate::mail::reference::Reference;
use crate::terms::{Attention, BoardRight};
use crate::web::api::Done;
use crate::web::auth::Signed;
use crate::web::body::{Id, Json, Params};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::contact_share::ContactReader;
use super::group::GroupKeys;
use super::tag::{tagged, version};

/// How many people have a right.
#[derive(Serialize, ToSchema)]
pub struct BoardAudience {
    /// Whether it is everybody inside; then they are not counted.
    everybody: bool,
    count: u64,
}

/// A board, as the account sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Board {
    id: String,
    /// `null` if the account cannot read it, or not yet.
    name: Option<String>,
    description: Option<String>,
    /// The highest right of the account; each has those before it.
    right: BoardRight,
    /// What a change has to name in `If-Match`, in quotes.
    version: u32,
    /// Whether who is added later reads what was posted before.
    shows_earlier: bool,
    readers: BoardAudience,
    writers: BoardAudience,
    /// How many topics have posts that the account has not read.
    unread: u64,
    /// How many of those the account follows.
    followed: u64,
}

/// The boards that the account reads.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Boards {
    items: Vec<Board>,
    /// Whether the account may create boards.
    may_create: bool,
}

/// What somebody may do on a board.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardGrant {
    to: ContactReader,
    right: BoardRight,
    /// Not read: whether it is the account's own.
    #[serde(default)]
    own: bool,
}

/// A board with who may do what there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BoardWhole {
    #[serde(flatten)]
    board: Board,
    keys: GroupKeys,
    /// Empty for those who do not manage the board.
    grants: Vec<BoardGrant>,
}

/// A board to be made, which the account manages.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BoardNew {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default = "yes")]
    shows_earlier: bool,
    #[serde(default)]
    grants: Vec<BoardGrant>,
}

fn yes() -> bool {
    true
}

/// A change to a board; properties that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BoardEdit {
    /// With `description`.
    name: Option<String>,
    /// With `name`.
    description: Option<String>,
    shows_earlier: Option<bool>,
    /// All that there are from now on. The own one stays as it is if it is left out.
    grants: Option<Vec<BoardGrant>>,
}

/// A topic, as the account sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Topic {
    /// The reference number of its first post.
    reference: String,
    /// `null` if it was deleted, or the account cannot read it, or not yet.
    title: Option<String>,
    /// Whether its first post was deleted.
    deleted: bool,
    author: String,
    #[schema(format = DateTime)]
    begun: String,
    /// The time of the latest post that the account sees.
    #[schema(format = DateTime)]
    last: String,
    posts: u64,
    /// 0 of one that the account wants to hear nothing of.
    unread: u64,
    pinned: bool,
    /// Whether only who may edit answers.
    locked: bool,
    /// Whether it is for some readers of the board alone.
    limited: bool,
    attention: Option<Attention>,
}

/// A part of the topics of a board: pinned ones first, then those with the latest posts.
#[derive(Serialize, ToSchema)]
pub struct Topics {
    items: Vec<Topic>,
    total: u64,
}

/// Which part of a list is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TopicsQuery {
    #[serde(default)]
    offset: usize,
    #[serde(default = "most")]
    limit: usize,
}

fn most() -> usize {
    50
}

impl From<People> for BoardAudience {
    fn from(people: People) -> BoardAudience {
        match people {
            People::Everybody => BoardAudience { everybody: true, count: 0 },
            People::Some(count) => BoardAudience { everybody: false, count: count as u64 },
        }
    }
}

impl From<BoardView> for Board {
    fn from(view: BoardView) -> Board {
        let (name, description) = match view.about {
            Some(About { name, description }) => (Some(name), Some(description)),
            None => (None, None),
        };
        Board {
            id: view.id.to_text(),
            name,
            description,
            right: view.right,
            version: view.version,
            shows_earlier: view.shows_earlier,
            readers: view.readers.into(),
            writers: view.writers.into(),
            unread: view.unread as u64,
            followed: view.followed as u64,
        }
    }
}

impl From<GrantView> for BoardGrant {
    fn from(GrantView { reader, right, own }: GrantView) -> BoardGrant {
        BoardGrant { to: reader.into(), right, own }
    }
}

impl From<BoardGrant> for WantedGrant {
    fn from(BoardGrant { to, right, .. }: BoardGrant) -> WantedGrant {
        WantedGrant { to: to.into(), right }
    }
}

impl From<TopicView> for Topic {
    fn from(view: TopicView) -> Topic {
        Topic {
            reference: number_text(view.reference),
            title: view.title,
            deleted: view.deleted,
            author: view.author,
            begun: view.begun.to_rfc3339(),
            last: view.last.to_rfc3339(),
            posts: view.posts as u64,
            unread: view.unread as u64,
            pinned: view.pinned,
            locked: view.locked,
            limited: view.limited,
            attention: view.attention,
        }
    }
}

/// A reference number, as people read it.
pub(super) fn number_text(key: [u8; 16]) -> String {
    Reference::from_bytes(key).map(|number| number.to_string()).unwrap_or_default()
}

fn whole(status: StatusCode, BoardDetail { view, keys, grants }: BoardDetail) -> Response {
    let version = view.version;
    let grants = grants.into_iter().map(BoardGrant::from).collect();
    tagged(status, version, BoardWhole { board: view.into(), keys: keys.into(), grants })
}

fn wanted(grants: Vec<BoardGrant>) -> Vec<WantedGrant> {
    grants.into_iter().map(WantedGrant::from).collect()
}

/// List the boards that the account reads.
#[utoipa::path(
    get,
    path = "/api/boards",
    tag = "boards",
    operation_id = "boards",
    responses((status = 200, description = "The boards", body = Boards), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<Boards>, Problem> {
    let list = signed.run(CostClass::Records, |gateway, actor| {
        gateway.groups_tend_or_not(actor);
        gateway.board_list(actor)
    });
    let BoardList { items, may_create } = list.await?;
    Ok(axum::Json(Boards { items: items.into_iter().map(Board::from).collect(), may_create }))
}

/// Make a board.
#[utoipa::path(
    post,
    path = "/api/boards",
    tag = "boards",
    operation_id = "boardCreate",
    request_body = BoardNew,
    responses((status = 201, description = "The board", body = BoardWhole), Problems)
)]
pub async fn create(signed: Signed, Json(new): Json<BoardNew>) -> Result<Response, Problem> {
    let BoardNew { name, description, shows_earlier, grants } = new;
    let about = About { name, description };
    let new = NewBoard { about, shows_earlier, grants: wanted(grants) };
    let made =
        signed.run(CostClass::Content, move |gateway, actor| gateway.board_create(actor, new));
    Ok(whole(StatusCode::CREATED, made.await?))
}

/// Get a board, and, as one who manages it, who may do what there.
#[utoipa::path(
    get,
    path = "/api/boards/{id}",
    tag = "boards",
    operation_id = "board",
    params(("id" = String, Path, description = "The board's number")),
    responses((status = 200, description = "The board; its version is in `ETag`", body = BoardWhole), Problems)
)]
pub async fn read(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let found = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.groups_tend_or_not(actor);
        gateway.board(actor, &id)
    });
    Ok(whole(StatusCode::OK, found.await?))
}

/// Change a board; `edited-elsewhere` if it has another version by now.
#[utoipa::path(
    patch,
    path = "/api/boards/{id}",
    tag = "boards",
    operation_id = "boardChange",
    params(
        ("id" = String, Path, description = "The board's number"),
        ("If-Match" = String, Header, description = "The version that is changed, from `ETag`"),
    ),
    request_body = BoardEdit,
    responses((status = 200, description = "The board", body = BoardWhole), Problems)
)]
pub async fn change(
    signed: Signed,
    Id(id): Id,
    headers: HeaderMap,
    Json(edit): Json<BoardEdit>,
) -> Result<Response, Problem> {
    let version = version(&headers)?;
    let BoardEdit { name, description, shows_earlier, grants } = edit;
    let about = match (name, description) {
        (Some(name), Some(description)) => Some(About { name, description }),
        (None, None) => None,
        _ => return Err(Problem::invalid("A name and a description are changed together.")),
    };
    let edit = core::BoardEdit { about, shows_earlier, grants: grants.map(wanted) };
    let changed = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.board_change(actor, &id, version, &edit)
    });
    Ok(whole(StatusCode::OK, changed.await?))
}

/// Delete a board with all its posts.
#[utoipa::path(
    delete,
    path = "/api/boards/{id}",
    tag = "boards",
    operation_id = "boardDelete",
    params(("id" = String, Path, description = "The board's number")),
    responses(Done, Problems)
)]
pub async fn delete(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.board_delete(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take keys that nothing proves for the board's own, because its readers said that they began them.
#[utoipa::path(
    post,
    path = "/api/boards/{id}/keys",
    tag = "boards",
    operation_id = "boardKeysAccept",
    params(("id" = String, Path, description = "The board's number")),
    responses((status = 200, description = "The board", body = BoardWhole), Problems)
)]
pub async fn keys_accept(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let accepted =
        signed.run(CostClass::Records, move |gateway, actor| gateway.board_keys_accept(actor, &id));
    Ok(whole(StatusCode::OK, accepted.await?))
}

/// Mark everything on a board as read.
#[utoipa::path(
    post,
    path = "/api/boards/{id}/read",
    tag = "boards",
    operation_id = "boardMark",
    params(("id" = String, Path, description = "The board's number")),
    responses(Done, Problems)
)]
pub async fn mark(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done = signed.run(CostClass::Records, move |gateway, actor| gateway.board_read(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the topics of a board that the account sees.
#[utoipa::path(
    get,
    path = "/api/boards/{id}/topics",
    tag = "boards",
    operation_id = "boardTopics",
    params(("id" = String, Path, description = "The board's number"), TopicsQuery),
    responses((status = 200, description = "The topics", body = Topics), Problems)
)]
pub async fn topics(
    signed: Signed,
    Id(id): Id,
    Params(query): Params<TopicsQuery>,
) -> Result<axum::Json<Topics>, Problem> {
    let found = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.topic_list(actor, &id, (query.offset, query.limit))
    });
    let TopicPage { items, total } = found.await?;
    let items = items.into_iter().map(Topic::from).collect();
    Ok(axum::Json(Topics { items, total: total as u64 }))
}
