//! Looking for words in mail.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::search;
use crate::web::auth::Signed;
use crate::web::body::Params;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::view::Item;

/// What to look for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Words, with `from:`, `to:`, `cc:`, `subject:`, `filename:`, `in:`, `label:`, `is:`,
    /// `has:attachment`, `larger:`, `smaller:`, `before:`, `after:`, `ref:`, `"a phrase"` and
    /// `-word`. A word is found at the beginning of longer ones too.
    q: String,
    /// `next` of the answer before.
    before: Option<String>,
    /// 1 to 200; 50 when left out.
    #[serde(default = "limit_default")]
    limit: usize,
}

fn limit_default() -> usize {
    50
}

/// Messages that were found, newest first.
#[derive(Serialize, ToSchema)]
pub struct Found {
    state: String,
    items: Vec<Hit>,
    /// `before` of the next answer; `null` at the end. An answer may hold fewer than was asked
    /// for, and still not be the last.
    next: Option<String>,
    /// Messages that wait to be taken in, and may be missing here.
    waiting: u64,
}

/// A message that was found.
#[derive(Serialize, ToSchema)]
pub struct Hit {
    #[serde(flatten)]
    item: Item,
    /// Some of its text; empty when it was not opened.
    snippet: Vec<Snippet>,
}

/// A piece of text, and whether it is what was asked for.
#[derive(Serialize, ToSchema)]
pub struct Snippet {
    text: String,
    hit: bool,
}

/// How far the index has come.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    /// Messages that wait to be taken in: ask again until there are none.
    waiting: u64,
    /// Messages that were taken in now.
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

/// Look for messages by what they say. Junk and trash are left out unless `in:` names them.
#[utoipa::path(
    get,
    path = "/api/search",
    tag = "search",
    operation_id = "search",
    params(Query),
    responses((status = 200, description = "What was found", body = Found), Problems)
)]
pub async fn search(
    signed: Signed,
    Params(Query { q, before, limit }): Params<Query>,
) -> Result<axum::Json<Found>, Problem> {
    let found = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.search(actor, &q, before.as_deref(), limit)
    });
    let search::Found { state, hits, next, waiting } = found.await?;
    let items = hits.into_iter().map(Hit::from).collect();
    Ok(axum::Json(Found { state, items, next, waiting }))
}

/// Take in some of the messages that wait. The keys are there for this request only, so who is
/// signed in asks again until nothing waits.
#[utoipa::path(
    post,
    path = "/api/search/index",
    tag = "search",
    operation_id = "searchIndex",
    responses((status = 200, description = "How far it has come", body = Progress), Problems)
)]
pub async fn index(signed: Signed) -> Result<axum::Json<Progress>, Problem> {
    let done = signed.run(CostClass::Content, |gateway, actor| gateway.search_index(actor)).await?;
    Ok(axum::Json(Progress { waiting: done.waiting, taken: done.taken }))
}
