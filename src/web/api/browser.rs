//! The browsers that an account knows.

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::gateway::accounts::known_browser::KnownBrowserView;
use crate::web::auth::Signed;
use crate::web::body::Id;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::Done;

/// A browser that its owner signed in from, and did not call a shared computer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KnownBrowser {
    id: String,
    /// The browser's User-Agent header.
    agent: String,
    /// The time of the first sign-in.
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = DateTime)]
    last_sign_in: String,
    /// Whether it is the browser of this request.
    current: bool,
}

/// The known browsers, the latest used first.
#[derive(Serialize, ToSchema)]
pub struct KnownBrowsers {
    items: Vec<KnownBrowser>,
}

impl From<KnownBrowserView> for KnownBrowser {
    fn from(view: KnownBrowserView) -> KnownBrowser {
        KnownBrowser {
            id: view.id,
            agent: view.agent,
            since: view.since.to_rfc3339(),
            last_sign_in: view.last_sign_in.to_rfc3339(),
            current: view.current,
        }
    }
}

/// List the browsers that the account knows.
///
/// While others guess at the account's password, a sign-in waits for none of them if the key that
/// signs its proof is that of a known browser.
#[utoipa::path(
    get,
    path = "/api/browsers",
    tag = "sessions",
    operation_id = "browsers",
    responses((status = 200, description = "The browsers", body = KnownBrowsers), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<KnownBrowsers>, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| gateway.browser_list(actor));
    let items = found.await?.into_iter().map(KnownBrowser::from).collect();
    Ok(axum::Json(KnownBrowsers { items }))
}

/// Forget a browser. A session that is open in it goes on.
#[utoipa::path(
    delete,
    path = "/api/browsers/{id}",
    tag = "sessions",
    operation_id = "browserForget",
    params(("id" = String, Path, description = "The browser's id")),
    responses(Done, Problems)
)]
pub async fn forget(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.browser_forget(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
