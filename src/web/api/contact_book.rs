//! With whom a whole address book is shared.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::gateway::contacts::granting::{GrantsView, Progress};
use crate::gateway::contacts::sharing::WantedShare;
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::contact_fields::each;
use super::contact_share::{ContactShare, ContactSharingChange};
use super::tag::{tagged, version};

/// How far the copies for the readers are: `going` while the owner's next request makes more of them,
/// `waiting` while the keys of a group are not there, `full` if there is no room for more.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContactBookProgress {
    Done,
    Going,
    Waiting,
    Full,
}

/// With whom the whole address book is shared.
#[derive(Serialize, ToSchema)]
pub struct ContactBookSharing {
    /// Grows with each change of the readers; also in `ETag`.
    version: u32,
    shares: Vec<ContactShare>,
    progress: ContactBookProgress,
}

impl From<GrantsView> for ContactBookSharing {
    fn from(GrantsView { version, shares, progress }: GrantsView) -> ContactBookSharing {
        let progress = match progress {
            Progress::Done => ContactBookProgress::Done,
            Progress::Going => ContactBookProgress::Going,
            Progress::Waiting => ContactBookProgress::Waiting,
            Progress::Full => ContactBookProgress::Full,
        };
        ContactBookSharing { version, shares: each(shares), progress }
    }
}

fn answer(view: GrantsView) -> Response {
    tagged(StatusCode::OK, view.version, ContactBookSharing::from(view))
}

/// Get with whom the whole address book is shared. Goes on with what is to be sealed for them.
#[utoipa::path(
    get,
    path = "/api/contacts/book",
    tag = "contacts",
    operation_id = "contactBook",
    responses((status = 200, description = "The readers", body = ContactBookSharing), Problems)
)]
pub async fn read(signed: Signed) -> Result<Response, Problem> {
    let found =
        signed.run(CostClass::Content, |gateway, actor| gateway.contact_book_sharing(actor));
    Ok(answer(found.await?))
}

/// Share the whole address book: each contact that it has, and that is added later.
///
/// Each reader gets copies of the fields, sealed for it alone; a large book needs several requests of its
/// owner for that. Who is left out, or reads less than before, sees nothing more of it at once.
/// `edited-elsewhere` if the readers are not those of `If-Match`.
#[utoipa::path(
    put,
    path = "/api/contacts/book",
    tag = "contacts",
    operation_id = "contactBookShare",
    params(("If-Match" = String, Header, description = "The ETag of the readers")),
    request_body = ContactSharingChange,
    responses((status = 200, description = "The readers", body = ContactBookSharing), Problems)
)]
pub async fn share(
    signed: Signed,
    headers: HeaderMap,
    Json(change): Json<ContactSharingChange>,
) -> Result<Response, Problem> {
    let (over, wanted) = (version(&headers)?, each::<_, WantedShare>(change.shares));
    let done = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.contact_book_share(actor, over, &wanted)
    });
    Ok(answer(done.await?))
}
