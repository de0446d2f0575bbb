//! The directory of people inside, for completing recipients.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::accounts::directory::{COLLEAGUES_MAX, Colleague as Listed, DirectoryPage};
use crate::web::auth::Signed;
use crate::web::body::Params;
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

/// Whom to look for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// What a word of the name, of an address or of the login name begins with; without regard to
    /// case and accents.
    q: String,
    /// The maximum number of people; 10 by default.
    #[serde(default = "limit_default")]
    #[param(default = 10, required = false)]
    limit: usize,
}

fn limit_default() -> usize {
    10
}

/// People inside, the one with exactly this login name or address first, the others by name.
#[derive(Serialize, ToSchema)]
pub struct Colleagues {
    /// Whether there is a directory at this site.
    enabled: bool,
    items: Vec<Colleague>,
    /// Whether there are more than were asked for.
    more: bool,
}

/// A person inside.
#[derive(Serialize, ToSchema)]
pub struct Colleague {
    name: Option<String>,
    address: String,
    /// Whether `q` is the login name, or one of the addresses, as a whole.
    exact: bool,
}

impl From<Listed> for Colleague {
    fn from(Listed { name, address, exact }: Listed) -> Colleague {
        Colleague { name, address, exact }
    }
}

impl From<DirectoryPage> for Colleagues {
    fn from(DirectoryPage { enabled, items, more }: DirectoryPage) -> Colleagues {
        Colleagues { enabled, items: items.into_iter().map(Colleague::from).collect(), more }
    }
}

/// Look for people inside. Disabled and temporary accounts are not shown.
#[utoipa::path(
    get,
    path = "/api/directory",
    tag = "directory",
    operation_id = "directory",
    params(Asked),
    responses((status = 200, description = "The people", body = Colleagues), Problems)
)]
pub async fn find(
    signed: Signed,
    Params(asked): Params<Asked>,
) -> Result<axum::Json<Colleagues>, Problem> {
    let Asked { q, limit } = asked;
    if !(1..=COLLEAGUES_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("A limit must be 1 to {COLLEAGUES_MAX}.")));
    }
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.colleagues(actor, &q, limit))
        .await?;
    Ok(axum::Json(found.into()))
}
