//! Posts on boards: writing, reading, changing, deleting and finding them.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::boards::content::PostContent;
use crate::gateway::boards::file::FileView;
use crate::gateway::boards::post::{self, NewPost};
use crate::gateway::boards::reading::{From as Part, PostPage, PostView, VersionView};
use crate::gateway::boards::search::PostsFound;
use crate::gateway::boards::shown::{PersonShown, ReactionView};
use crate::gateway::contacts::sharing::NamedReader;
use crate::mail::message::Within;
use crate::terms::Attention;
use crate::web::api::Done;
use crate::web::api::board::{Topic, number_text};
use crate::web::auth::Signed;
use crate::web::body::{Id, Json, Params};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;
use crate::web::ticket::{Request, Target};

use super::link::Ticket;
use super::submission::request_key;
use super::tag::{tagged, version};

/// Somebody beside a post. Both are empty for one who is not here any more, or whom the account may not find.
#[derive(Serialize, ToSchema)]
pub struct PostPerson {
    name: String,
    address: String,
}

/// A change of a post.
#[derive(Serialize, ToSchema)]
pub struct PostChanged {
    #[schema(format = DateTime)]
    at: String,
    by: PostPerson,
}

/// A post, as the account sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Post {
    reference: String,
    /// The number of its board.
    board: String,
    /// The reference number of the first post of its topic.
    topic: String,
    author: PostPerson,
    own: bool,
    #[schema(format = DateTime)]
    at: String,
    /// Of the first post of a topic.
    title: Option<String>,
    /// `null` if it was deleted, or the account cannot read it, or not yet.
    text: Option<String>,
    deleted: bool,
    /// What a change has to name in `If-Match`, in quotes.
    version: u32,
    changed: Option<PostChanged>,
    /// For whom it is besides its author; `null` if it is for all readers of the topic.
    readers: Option<Vec<PostPerson>>,
    files: Vec<PostFile>,
    reactions: Vec<PostReaction>,
    unread: bool,
    /// Whether the account may change and delete it.
    may_change: bool,
}

/// A part of a topic.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostsPart {
    topic: Topic,
    items: Vec<Post>,
    total: u64,
    /// The place of the first post in the answer.
    offset: u64,
    /// The place of the first post that was not read.
    first_unread: Option<u64>,
    may_answer: bool,
    /// Whether the account may pin and lock the topic.
    may_edit: bool,
    /// For whom the topic is besides its author; `null` if it is for all readers of the board.
    readers: Option<Vec<PostPerson>>,
}

/// A post that is to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostNew {
    /// The reference number of the topic that it answers; without one, it begins a topic.
    topic: Option<String>,
    /// For a new topic.
    #[serde(default)]
    title: String,
    text: String,
    /// The addresses of those whom it is for, besides its author; without any, it is for all readers of the
    /// topic or the board.
    #[serde(default)]
    readers: Vec<String>,
    /// The files that the account uploaded for it; they are not among its uploads from then on.
    #[serde(default)]
    files: Vec<String>,
}

/// What a post says from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostEdit {
    /// Of the first post of a topic.
    #[serde(default)]
    title: String,
    text: String,
    /// The files that stay; all of them, if it is left out. Others are destroyed.
    files: Option<Vec<String>>,
}

/// A file of a post.
#[derive(Serialize, ToSchema)]
pub struct PostFile {
    id: String,
    /// `null` if the account cannot read it, or not yet.
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    size: u64,
}

impl From<FileView> for PostFile {
    fn from(FileView { id, named, size }: FileView) -> PostFile {
        let (name, kind) = named.unzip();
        PostFile { id, name, kind, size }
    }
}

/// A reaction to a post, and how many people had it.
#[derive(Serialize, ToSchema)]
pub struct PostReaction {
    text: String,
    count: u64,
    own: bool,
}

impl From<ReactionView> for PostReaction {
    fn from((text, count, own): ReactionView) -> PostReaction {
        PostReaction { text, count: count as u64, own }
    }
}

/// An emoji.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostReact {
    text: String,
}

/// What the account wants to hear of a topic; `null` for what is usual.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicAttend {
    attention: Option<Attention>,
}

/// Which file of a post a link is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostTicket {
    file: String,
}

/// What a post said at a time.
#[derive(Serialize, ToSchema)]
pub struct PostVersion {
    #[schema(format = DateTime)]
    at: String,
    by: PostPerson,
    title: Option<String>,
    /// `null` if the account cannot read it.
    text: Option<String>,
}

/// What a post said, the oldest first, and says now.
#[derive(Serialize, ToSchema)]
pub struct PostVersions {
    items: Vec<PostVersion>,
}

/// A change of a topic; properties that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicEdit {
    pinned: Option<bool>,
    locked: Option<bool>,
}

/// Which posts are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PostsQuery {
    /// Words that a post has, or its reference number.
    q: String,
    /// The number of a board.
    board: Option<String>,
}

/// The posts that were found, the latest first.
#[derive(Serialize, ToSchema)]
pub struct Posts {
    items: Vec<Post>,
    /// Whether there may be more.
    more: bool,
}

/// Which part of a topic is wanted: by default that with the first post that was not read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PartQuery {
    offset: Option<usize>,
    /// Whether the part with this very post is wanted.
    #[serde(default)]
    here: bool,
    #[serde(default = "most")]
    limit: usize,
}

fn most() -> usize {
    50
}

impl From<PersonShown> for PostPerson {
    fn from(PersonShown { address, name }: PersonShown) -> PostPerson {
        PostPerson { name, address }
    }
}

fn people(shown: Vec<PersonShown>) -> Vec<PostPerson> {
    shown.into_iter().map(PostPerson::from).collect()
}

fn said(content: Option<PostContent>) -> (Option<String>, Option<String>) {
    match content {
        Some(PostContent { title, text }) => {
            (Some(title).filter(|one| !one.is_empty()), Some(text))
        }
        None => (None, None),
    }
}

impl From<PostView> for Post {
    fn from(view: PostView) -> Post {
        let (title, text) = said(view.content);
        Post {
            reference: number_text(view.reference),
            board: view.board,
            topic: number_text(view.topic),
            author: view.author.into(),
            own: view.own,
            at: view.at.to_rfc3339(),
            title,
            text,
            deleted: view.deleted,
            version: view.version,
            changed: view
                .changed
                .map(|(at, by)| PostChanged { at: at.to_rfc3339(), by: by.into() }),
            readers: view.readers.map(people),
            files: view.files.into_iter().map(PostFile::from).collect(),
            reactions: view.reactions.into_iter().map(PostReaction::from).collect(),
            unread: view.unread,
            may_change: view.may_change,
        }
    }
}

impl From<PostPage> for PostsPart {
    fn from(page: PostPage) -> PostsPart {
        PostsPart {
            topic: page.topic.into(),
            items: page.items.into_iter().map(Post::from).collect(),
            total: page.total as u64,
            offset: page.offset as u64,
            first_unread: page.first_unread.map(|at| at as u64),
            may_answer: page.may_answer,
            may_edit: page.may_edit,
            readers: page.readers.map(people),
        }
    }
}

impl From<VersionView> for PostVersion {
    fn from(VersionView { at, by, content }: VersionView) -> PostVersion {
        let (title, text) = said(content);
        PostVersion { at: at.to_rfc3339(), by: by.into(), title, text }
    }
}

fn answer(status: StatusCode, view: PostView) -> Response {
    tagged(status, view.version, Post::from(view))
}

/// Write a post. Requests with the same `Idempotency-Key` write it only once.
#[utoipa::path(
    post,
    path = "/api/boards/{id}/posts",
    tag = "boards",
    operation_id = "postCreate",
    params(
        ("id" = String, Path, description = "The board's number"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 letters, digits, - and _")
    ),
    request_body = PostNew,
    responses((status = 201, description = "The post", body = Post), Problems)
)]
pub async fn create(
    signed: Signed,
    Id(id): Id,
    headers: HeaderMap,
    Json(new): Json<PostNew>,
) -> Result<Response, Problem> {
    let request = request_key(&headers)?;
    let PostNew { topic, title, text, readers, files } = new;
    let readers = readers.into_iter().map(NamedReader::Person).collect();
    let new = NewPost { topic, title, text, readers, files };
    let written = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.post_write(actor, &id, &new, &request)
    });
    Ok(answer(StatusCode::CREATED, written.await?))
}

/// Find posts by words, on one board or on all, or one by its number.
#[utoipa::path(
    get,
    path = "/api/posts",
    tag = "boards",
    operation_id = "posts",
    params(PostsQuery),
    responses((status = 200, description = "What was found", body = Posts), Problems)
)]
pub async fn find(
    signed: Signed,
    Params(query): Params<PostsQuery>,
) -> Result<axum::Json<Posts>, Problem> {
    let found = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.posts_search(actor, query.board.as_deref(), &query.q)
    });
    let PostsFound { items, more } = found.await?;
    Ok(axum::Json(Posts { items: items.into_iter().map(Post::from).collect(), more }))
}

/// Get a post by its number.
#[utoipa::path(
    get,
    path = "/api/posts/{id}",
    tag = "boards",
    operation_id = "post",
    params(("id" = String, Path, description = "The post's reference number")),
    responses((status = 200, description = "The post; its version is in `ETag`", body = Post), Problems)
)]
pub async fn read(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let found = signed.run(CostClass::Records, move |gateway, actor| gateway.post(actor, &id));
    Ok(answer(StatusCode::OK, found.await?))
}

/// Change what a post says; `edited-elsewhere` if it has another version by now.
#[utoipa::path(
    patch,
    path = "/api/posts/{id}",
    tag = "boards",
    operation_id = "postChange",
    params(
        ("id" = String, Path, description = "The post's reference number"),
        ("If-Match" = String, Header, description = "The version that is changed, from `ETag`"),
    ),
    request_body = PostEdit,
    responses((status = 200, description = "The post", body = Post), Problems)
)]
pub async fn change(
    signed: Signed,
    Id(id): Id,
    headers: HeaderMap,
    Json(PostEdit { title, text, files }): Json<PostEdit>,
) -> Result<Response, Problem> {
    let version = version(&headers)?;
    let edit = post::PostEdit { content: PostContent { title, text }, files };
    let changed = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.post_change(actor, &id, version, &edit)
    });
    Ok(answer(StatusCode::OK, changed.await?))
}

/// Get a link to a file of a post that a browser can follow by itself, once.
#[utoipa::path(
    post,
    path = "/api/posts/{id}/ticket",
    tag = "boards",
    operation_id = "postTicket",
    params(("id" = String, Path, description = "The reference number")),
    request_body = PostTicket,
    responses((status = 201, description = "The link", body = Ticket), Problems)
)]
pub async fn ticket(
    signed: Signed,
    Id(id): Id,
    Json(PostTicket { file }): Json<PostTicket>,
) -> Result<(StatusCode, axum::Json<Ticket>), Problem> {
    let (web, token) = (signed.web.clone(), signed.token.clone());
    let (thumbprint, account) = (signed.thumbprint.clone(), signed.actor.account());
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.post_file_named(actor, &id, &file));
    let (reference, file) = found.await?;
    let request = Request {
        token: &token,
        thumbprint: &thumbprint,
        account,
        mailbox: None,
        reference,
        target: Target::PostFile(file),
        within: Within::default(),
    };
    Ok((StatusCode::CREATED, axum::Json(Ticket::issued(&web, request)?)))
}

/// React to a post with an emoji, in place of an earlier reaction.
#[utoipa::path(
    put,
    path = "/api/posts/{id}/reaction",
    tag = "boards",
    operation_id = "postReact",
    params(("id" = String, Path, description = "The reference number")),
    request_body = PostReact,
    responses((status = 200, description = "The post", body = Post), Problems)
)]
pub async fn react(
    signed: Signed,
    Id(id): Id,
    Json(PostReact { text }): Json<PostReact>,
) -> Result<axum::Json<Post>, Problem> {
    let done = signed
        .run(CostClass::Records, move |gateway, actor| gateway.post_react(actor, &id, Some(&text)));
    Ok(axum::Json(done.await?.into()))
}

/// Take the own reaction to a post back.
#[utoipa::path(
    delete,
    path = "/api/posts/{id}/reaction",
    tag = "boards",
    operation_id = "postReactEnd",
    params(("id" = String, Path, description = "The reference number")),
    responses((status = 200, description = "The post", body = Post), Problems)
)]
pub async fn react_end(signed: Signed, Id(id): Id) -> Result<axum::Json<Post>, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.post_react(actor, &id, None));
    Ok(axum::Json(done.await?.into()))
}

/// Follow a topic, or leave it out of what is counted as unread.
#[utoipa::path(
    put,
    path = "/api/posts/{id}/attention",
    tag = "boards",
    operation_id = "topicAttend",
    params(("id" = String, Path, description = "The reference number")),
    request_body = TopicAttend,
    responses((status = 200, description = "The topic", body = Topic), Problems)
)]
pub async fn attend(
    signed: Signed,
    Id(id): Id,
    Json(TopicAttend { attention }): Json<TopicAttend>,
) -> Result<axum::Json<Topic>, Problem> {
    let done = signed
        .run(CostClass::Records, move |gateway, actor| gateway.topic_attend(actor, &id, attention));
    Ok(axum::Json(done.await?.into()))
}

/// Delete what a post says, with its earlier versions.
#[utoipa::path(
    delete,
    path = "/api/posts/{id}",
    tag = "boards",
    operation_id = "postDelete",
    params(("id" = String, Path, description = "The post's reference number")),
    responses(Done, Problems)
)]
pub async fn delete(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.post_delete(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get what a post said before it was changed.
#[utoipa::path(
    get,
    path = "/api/posts/{id}/versions",
    tag = "boards",
    operation_id = "postVersions",
    params(("id" = String, Path, description = "The post's reference number")),
    responses((status = 200, description = "The versions", body = PostVersions), Problems)
)]
pub async fn versions(signed: Signed, Id(id): Id) -> Result<axum::Json<PostVersions>, Problem> {
    let found =
        signed.run(CostClass::Records, move |gateway, actor| gateway.post_versions(actor, &id));
    let items = found.await?.into_iter().map(PostVersion::from).collect();
    Ok(axum::Json(PostVersions { items }))
}

/// Mark a topic as read up to this post.
#[utoipa::path(
    post,
    path = "/api/posts/{id}/read",
    tag = "boards",
    operation_id = "postMark",
    params(("id" = String, Path, description = "The post's reference number")),
    responses(Done, Problems)
)]
pub async fn mark(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done = signed.run(CostClass::Records, move |gateway, actor| gateway.post_read(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read a part of the topic in which a post is.
#[utoipa::path(
    get,
    path = "/api/posts/{id}/topic",
    tag = "boards",
    operation_id = "postTopic",
    params(("id" = String, Path, description = "The reference number of the topic, or of a post in it"), PartQuery),
    responses((status = 200, description = "The posts", body = PostsPart), Problems)
)]
pub async fn topic(
    signed: Signed,
    Id(id): Id,
    Params(query): Params<PartQuery>,
) -> Result<axum::Json<PostsPart>, Problem> {
    let part = match query {
        PartQuery { offset: Some(offset), .. } => Part::Offset(offset),
        PartQuery { here: true, .. } => Part::Named,
        PartQuery { .. } => Part::Unread,
    };
    let page = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.topic_posts(actor, &id, part, query.limit)
    });
    Ok(axum::Json(page.await?.into()))
}

/// Delete a topic with all its posts, as one who may edit.
#[utoipa::path(
    delete,
    path = "/api/posts/{id}/topic",
    tag = "boards",
    operation_id = "topicDelete",
    params(("id" = String, Path, description = "The reference number of the topic, or of a post in it")),
    responses(Done, Problems)
)]
pub async fn topic_delete(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.topic_delete(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pin or lock a topic, or end that.
#[utoipa::path(
    patch,
    path = "/api/posts/{id}/topic",
    tag = "boards",
    operation_id = "topicChange",
    params(("id" = String, Path, description = "The reference number of the topic, or of a post in it")),
    request_body = TopicEdit,
    responses((status = 200, description = "The topic", body = Topic), Problems)
)]
pub async fn topic_change(
    signed: Signed,
    Id(id): Id,
    Json(TopicEdit { pinned, locked }): Json<TopicEdit>,
) -> Result<axum::Json<Topic>, Problem> {
    let changed = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.topic_change(actor, &id, (pinned, locked))
    });
    Ok(axum::Json(changed.await?.into()))
}
