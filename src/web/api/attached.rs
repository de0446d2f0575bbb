//! Messages within messages: attached ones, and those that other programs packed into a file.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway;
use crate::mail::message::{self, Within};
use crate::web::auth::Signed;
use crate::web::body::{Params, Ref};
use crate::web::error::{Problem, Problems};
use crate::web::state::Reads;

use super::readable::{Addr, Readable, addrs};

/// The way to a message within a message.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Way {
    /// The numbers of the parts that lead to it, at most 4, separated by commas.
    within: String,
}

/// A message within a message. Nothing in it was checked by this server.
#[derive(Serialize, ToSchema)]
pub struct Attached {
    from: Vec<Addr>,
    subject: String,
    #[serde(flatten)]
    readable: Readable,
}

/// Get a message within an opened message.
#[utoipa::path(
    get,
    path = "/api/messages/{ref}/attached",
    tag = "messages",
    operation_id = "messageAttached",
    params(("ref" = String, Path, description = "The reference number"), Way),
    responses((status = 200, description = "The message", body = Attached), Problems)
)]
pub async fn read(
    signed: Signed,
    Ref(reference): Ref,
    Params(Way { within }): Params<Way>,
) -> Result<axum::Json<Attached>, Problem> {
    let parts: Option<Vec<u32>> = within.split(',').map(|part| part.parse().ok()).collect();
    let way = parts.as_deref().and_then(Within::new);
    let way = way.ok_or_else(|| Problem::invalid("`within` is 1 to 4 numbers."))?;
    let read = signed.run_content((reference, Reads::Within), move |gateway, actor| {
        let (_, content) = gateway.message_raw(actor, reference)?;
        let missing = gateway::Error::NotFound { what: "message" };
        let inner = content.inside(way)?.ok_or(missing)?;
        let mut view = message::view(&inner);
        let (from, subject) = (std::mem::take(&mut view.from), std::mem::take(&mut view.subject));
        Ok::<_, gateway::Error>(Attached {
            from: addrs(from),
            subject,
            readable: Readable::of(view),
        })
    });
    Ok(axum::Json(read.await?))
}
