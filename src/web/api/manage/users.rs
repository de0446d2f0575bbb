//! The users of the site: listing, creating and changing them.

use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::records::audit::Act;
use crate::gateway::{self, AccountQuery, AccountRow, ChosenBy, NewAccount, Password};
use crate::mail::address::Address;
use crate::terms::{AcceptFrom, AccountSort};
use crate::web::api::Done;
use crate::web::api::mailbox::Quota;
use crate::web::auth::Managing;
use crate::web::body::{Id, Json, Params};
use crate::web::error::{Problem, Problems};

/// A user of the site.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    name: String,
    display_name: String,
    addresses: Vec<String>,
    disabled: bool,
    manager: bool,
    /// `inside`, `outside` or `both`.
    accept_from: AcceptFrom,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_interaction_at: Option<String>,
    quota: Quota,
    own_quota: OwnQuota,
    /// Whether the account takes no codes any more, because too many in a row were wrong.
    totp_stopped: bool,
}

/// The limits set for one user.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OwnQuota {
    /// `null` for the configured limit, 0 for no limit.
    octets_max: Option<u64>,
    /// `null` for the configured limit, 0 for no limit.
    messages_max: Option<u64>,
}

/// The requested page of the users.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsersPage {
    /// Text that must occur in a name or an address of the user.
    find: Option<String>,
    /// What the users are sorted by: `name`, `used` or `active`; by name unless given.
    sort: Option<String>,
    /// Whether the order is reversed.
    descending: Option<bool>,
    /// How many of the users found come before the page; 0 unless given.
    from: Option<usize>,
}

/// A page of the users.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Users {
    items: Vec<User>,
    /// The number of users that match.
    found: u64,
    /// The number of all users.
    total: u64,
    /// The maximum number of users on a page.
    per_page: u64,
}

/// The maximum number of users in one response.
const USERS_MAX: usize = 50;

/// A user to be created.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    /// The login name: letters, digits, `.`, `_` and `-`.
    name: String,
    display_name: String,
    /// The addresses, each in one of the site's domains.
    addresses: Vec<String>,
    /// The initial password, of at least 12 characters. The user chooses another at the first sign-in,
    /// and then gets another recovery key.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// A created user, with the recovery key, which is shown only once. It is good until the user chooses a
/// password.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedUser {
    address: String,
    recovery_key: String,
}

/// A change to a user; properties that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserChange {
    disabled: Option<bool>,
    manager: Option<bool>,
    accept_from: Option<AcceptFrom>,
    /// Replaces both limits.
    quota: Option<OwnQuota>,
}

impl From<AccountRow> for User {
    fn from(row: AccountRow) -> User {
        User {
            name: row.view.name,
            display_name: row.view.display_name,
            addresses: row.addresses,
            disabled: row.disabled,
            manager: row.view.manager,
            accept_from: row.accept_from,
            created_at: row.created.to_rfc3339(),
            last_interaction_at: row.last_interaction.map(|at| at.to_rfc3339()),
            totp_stopped: row.totp_stopped,
            quota: row.quota.into(),
            own_quota: OwnQuota {
                octets_max: row.own_quota.octets,
                messages_max: row.own_quota.messages,
            },
        }
    }
}

/// List the users.
#[utoipa::path(
    get,
    path = "/api/manage/users",
    tag = "manage",
    operation_id = "manageUsers",
    params(UsersPage),
    responses((status = 200, description = "The page", body = Users), Problems)
)]
pub async fn list(
    managing: Managing,
    Params(asked): Params<UsersPage>,
) -> Result<axum::Json<Users>, Problem> {
    let sort = match asked.sort.as_deref() {
        None => AccountSort::default(),
        Some(word) => {
            word.parse::<AccountSort>().map_err(|error| Problem::invalid(format!("{error}.")))?
        }
    };
    let query = AccountQuery {
        find: asked.find.unwrap_or_default(),
        sort,
        descending: asked.descending.unwrap_or_default(),
        from: asked.from.unwrap_or_default(),
    };
    let page = managing.run(move |gateway| gateway.account_page(&query, USERS_MAX)).await?;
    let items = page.items.into_iter().map(User::from).collect();
    Ok(axum::Json(Users {
        items,
        found: page.found as u64,
        total: page.total as u64,
        per_page: USERS_MAX as u64,
    }))
}

/// Create a user; the recovery key is shown only in this response.
#[utoipa::path(
    post,
    path = "/api/manage/users",
    tag = "manage",
    operation_id = "manageUserMake",
    request_body = NewUser,
    responses((status = 201, description = "Created", body = CreatedUser), Problems)
)]
pub async fn create(
    managing: Managing,
    Json(user): Json<NewUser>,
) -> Result<(StatusCode, axum::Json<CreatedUser>), Problem> {
    let address = |text: &String| {
        Address::parse(text).map_err(|error| Problem::invalid(format!("{text}: {error}.")))
    };
    let password = Password::new(user.password.expose_secret())
        .map_err(|_| Problem::invalid("A password must have 1 to 1,024 octets."))?;
    let new = NewAccount {
        name: user.name.clone(),
        display_name: user.display_name,
        addresses: user.addresses.iter().map(address).collect::<Result<_, _>>()?,
        password,
        chosen_by: ChosenBy::Other,
    };
    let made = managing
        .run_audited(Act::UserCreated, user.name, move |gateway| gateway.account_create(new));
    let (view, recovery) = made.await?;
    let recovery_key = recovery.expose().to_owned();
    Ok((StatusCode::CREATED, axum::Json(CreatedUser { address: view.address, recovery_key })))
}

/// Change a user; `last-manager` (409) if no administrator would remain.
#[utoipa::path(
    patch,
    path = "/api/manage/users/{name}",
    tag = "manage",
    operation_id = "manageUserChange",
    params(("name" = String, Path, description = "The login name")),
    request_body = UserChange,
    responses(Done, Problems)
)]
pub async fn change(
    managing: Managing,
    Id(name): Id,
    Json(change): Json<UserChange>,
) -> Result<StatusCode, Problem> {
    let about = name.clone();
    let done = managing.run_noting(
        move |gateway, note| {
            match change.disabled {
                Some(true) => gateway.account_disable(&name).map(|()| note(Act::UserDisabled))?,
                Some(false) => gateway.account_enable(&name).map(|()| note(Act::UserEnabled))?,
                None => {}
            }
            if let Some(manager) = change.manager {
                gateway.account_manager(&name, manager)?;
                note(if manager { Act::ManagerGranted } else { Act::ManagerRevoked });
            }
            if let Some(accept) = change.accept_from {
                gateway.account_accept_from(&name, accept)?;
                note(Act::UserChanged);
            }
            if let Some(OwnQuota { octets_max, messages_max }) = change.quota {
                let own = gateway::OwnQuota { octets: octets_max, messages: messages_max };
                gateway.account_quota(&name, own)?;
                note(Act::UserChanged);
            }
            Ok(())
        },
        about,
    );
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
