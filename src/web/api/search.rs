//! Searching mail.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::search;
use crate::web::auth::Signed;
use crate::web::body::Params;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::view::Item;

/// A search.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// The words to search for, with `from:`, `to:`, `cc:`, `subject:`, `filename:`, `in:`,
    /// `label:`, `is:`, `has:attachment`, `larger:`, `smaller:`, `before:`, `after:`, `ref:`,
    /// `"a phrase"` and `-word`. A word also matches longer words that start with it.
    q: String,
    /// Search this mailbox alone, by its id or role.
    mailbox: Option<String>,
    /// The `next` of the previous page.
    before: Option<String>,
    /// The maximum number of results, 1 to 200; 50 by default.
    #[serde(default = "limit_default")]
    limit: usize,
}

fn limit_default() -> usize {
    50
}

/// The messages that were found, newest first.
#[derive(Serialize, ToSchema)]
pub struct Found {
    state: String,
    items: Vec<Hit>,
    /// The `before` of the next page; `null` at the end. A page can hold fewer results than
    /// requested without being the last.
    next: Option<String>,
    /// The number of messages that are waiting to be indexed, and so may be missing here.
    waiting: u64,
}

/// A message that was found.
#[derive(Serialize, ToSchema)]
pub struct Hit {
    #[serde(flatten)]
    item: Item,
    /// An excerpt of the text; empty if the message has not been opened.
    snippet: Vec<Snippet>,
}

/// A piece of text, and whether it matches the search.
#[derive(Serialize, ToSchema)]
pub struct Snippet {
    text: String,
    hit: bool,
}

/// The progress of indexing.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    /// The number of messages that are waiting to be indexed: repeat the request until it is 0.
    waiting: u64,
    /// The number of messages that were indexed now.
    taken: u64,
}

impl From<search::Hit> for Hit {
    fn from(hit: search::Hit) -> Hit {
        let snippet = hit.snippet.into_iter();
        Hit {
            item: hit.item.into(),
            snippet: snippet.map(|search::Snippet { text, hit }| Snippet { text, hit }).collect(),
        }
    }
}

/// Search messages; junk and trash are left out unless `in:` names them.
#[utoipa::path(
    get,
    path = "/api/search",
    tag = "search",
    operation_id = "search",
    params(Query),
    responses((status = 200, description = "The results", body = Found), Problems)
)]
pub async fn search(
    signed: Signed,
    Params(Query { q, mailbox, before, limit }): Params<Query>,
) -> Result<axum::Json<Found>, Problem> {
    let found = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.search_within(actor, &q, mailbox.as_deref(), before.as_deref(), limit)
    });
    let search::Found { state, hits, next, waiting } = found.await?;
    let items = hits.into_iter().map(Hit::from).collect();
    Ok(axum::Json(Found { state, items, next, waiting }))
}

/// Index some of the messages that are waiting.
///
/// The keys are available only during this request, so the client repeats it until no message is
/// waiting.
#[utoipa::path(
    post,
    path = "/api/search/index",
    tag = "search",
    operation_id = "searchIndex",
    responses((status = 200, description = "The progress", body = Progress), Problems)
)]
pub async fn index(signed: Signed) -> Result<axum::Json<Progress>, Problem> {
    let done = signed.run(CostClass::Content, |gateway, actor| gateway.search_index(actor)).await?;
    Ok(axum::Json(Progress { waiting: done.waiting, taken: done.taken }))
}
