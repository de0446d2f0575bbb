//! What managers see and change for everybody (P-16). None of it opens anything of anybody: a
//! manager reads names, times, states and settings.

use std::ops::ControlFlow;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::clock::Timestamp;
use crate::gateway::audit::{Act, Noted};
use crate::gateway::house::{House, HouseChange};
use crate::gateway::policy::{self, Policy};
use crate::gateway::queue::QueueView;
use crate::gateway::{
    AccountRow, ConfirmOutside, Error, Gateway, LastInteraction, NewAccount, Password, QueueState,
};
use crate::mail::address::Address;
use crate::web::auth::Managing;
use crate::web::body::{Id, Json, Octets, Params};
use crate::web::error::{Problem, Problems};
use crate::web::{Web, Weight};

use super::Done;
use super::draft::Choice;
use super::preference::Accept;

/// Somebody inside.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    name: String,
    display_name: String,
    addresses: Vec<String>,
    disabled: bool,
    manager: bool,
    /// `inside`, `outside` or `both`.
    accept_from: Accept,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_interaction_at: Option<String>,
}

/// Everybody inside, by name.
#[derive(Serialize, ToSchema)]
pub struct Users {
    items: Vec<User>,
}

/// Somebody new.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUser {
    /// Letters, digits, `.`, `_`, `-`.
    name: String,
    display_name: String,
    /// Each in one of the house's domains.
    addresses: Vec<String>,
    /// The first password, to be changed by its owner.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Somebody who was made, with the recovery key, which is told once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MadeUser {
    address: String,
    recovery_key: String,
}

/// What to change about somebody; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserChange {
    disabled: Option<bool>,
    manager: Option<bool>,
    accept_from: Option<Accept>,
}

/// A temporary account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemporaryRow {
    address: String,
    /// Who wrote first.
    sponsor: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    claimed_at: Option<String>,
    letters: u32,
}

/// All temporary accounts.
#[derive(Serialize, ToSchema)]
// Without a name of its own it would be taken for the list of what one account sponsors.
#[schema(as = TemporaryRows)]
pub struct Temporaries {
    items: Vec<TemporaryRow>,
}

/// Which temporary account, and what happens to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemporaryAct {
    address: String,
    act: TemporaryDo,
}

/// What can be done to a temporary account.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TemporaryDo {
    Renew,
    /// It ends, and what it holds is destroyed.
    End,
}

/// A message for one recipient on its way out. What it says is not to be had.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueRow {
    id: String,
    reference: String,
    /// `letter`, `notification` or `report`.
    kind: String,
    from: String,
    to: String,
    /// `waiting`, `leased` or `held`.
    state: String,
    size: u64,
    attempts: u32,
    #[schema(format = DateTime)]
    queued_at: String,
    #[schema(format = DateTime)]
    due_at: String,
    /// What the last host said.
    last: Option<String>,
}

/// Which rows of the queue are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QueuePage {
    /// Only rows that have this in an address, in their reference number or in what was last said
    /// of them.
    find: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The queue, the next due first.
#[derive(Serialize, ToSchema)]
pub struct Queue {
    items: Vec<QueueRow>,
    /// Where the next page begins; `null` when there is none.
    next: Option<String>,
    /// How many there are in all.
    total: u64,
}

/// What happens to a row of the queue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueAct {
    act: QueueDo,
}

/// What can be done to a row of the queue.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueDo {
    /// It is tried now, and no longer held.
    Retry,
    Hold,
    /// It is given up, and its sender is told.
    Drop,
}

/// What is set for everybody; `null` is as the configuration file has it.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rules {
    policy: Option<PolicySet>,
    last_interaction: Option<LastSet>,
    confirm_outside: Option<ConfirmSet>,
    organisation: Option<String>,
    /// Empty for none.
    phone: Option<String>,
    /// The house's own words in each notification; empty for none.
    notification_text: Option<String>,
    /// The colour of buttons, as `#rrggbb`; white words must be read on it.
    accent: Option<String>,
}

/// What outside senders learn of when one was last here, and whether people may choose otherwise.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LastSet {
    /// `never`, `day` or `exact`.
    #[schema(value_type = String)]
    value: LastInteraction,
    fixed: bool,
}

/// Whether outside senders learn what became of a letter, and whether people may choose otherwise.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSet {
    /// `never`, `ask`, `known` or `always`.
    #[schema(value_type = String)]
    value: ConfirmOutside,
    fixed: bool,
}

/// What happens to letters for outside.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySet {
    /// No mail passes to or from outside.
    intranet: bool,
    choice: Choice,
    mode: Mode,
    /// What a letter does that was to travel over verified TLS and cannot.
    verified_else: Choice,
    rules: Vec<Rule>,
}

/// Whether people may choose otherwise.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Fixed,
    Default,
    Free,
}

/// A rule for some.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    user: Option<String>,
    domain: Option<String>,
    recipient: Option<String>,
    choice: Choice,
    mode: Mode,
}

/// What is set, and what is therefore in force.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HouseView {
    set: Rules,
    in_force: Rules,
    has_logo: bool,
}

/// What anybody may know of the house.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Brand {
    organisation: String,
    accent: Option<String>,
    has_logo: bool,
}

/// Where a page of the log begins.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogPage {
    /// `next` of the page before.
    before: Option<String>,
}

/// A line of the log.
#[derive(Serialize, ToSchema)]
pub struct LogLine {
    #[schema(format = DateTime)]
    at: String,
    who: String,
    /// Such as `signed-in`.
    act: String,
    about: String,
    peer: String,
}

/// What happened that matters for safety, the latest first.
#[derive(Serialize, ToSchema)]
pub struct Log {
    items: Vec<LogLine>,
    next: Option<String>,
}

/// How the daemon is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostics {
    version: String,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    now: String,
    users: u64,
    disabled_users: u64,
    temporary_accounts: u64,
    messages: u64,
    waiting: u64,
    held: u64,
    #[schema(format = DateTime)]
    oldest_in_queue: Option<String>,
    /// Octets that the store takes on its disk.
    stored_octets: u64,
    /// Octets that are left there.
    free_octets: Option<u64>,
    /// Why nothing can be stored at present, if so.
    refusing: Option<String>,
    /// When the certificate that is shown at present ends.
    #[schema(format = DateTime)]
    certificate_ends_at: Option<String>,
    public_url: String,
    /// Domains of ours that `publicUrl` does not lie in: links to it look like fraud to mail
    /// filters when a letter comes from one of these.
    domains_elsewhere: Vec<String>,
}

impl From<AccountRow> for User {
    fn from(row: AccountRow) -> User {
        User {
            name: row.view.name,
            display_name: row.view.display_name,
            addresses: row.addresses,
            disabled: row.disabled,
            manager: row.view.manager,
            accept_from: row.accept_from.into(),
            created_at: row.created.to_rfc3339(),
            last_interaction_at: row.last_interaction.map(|at| at.to_rfc3339()),
        }
    }
}

impl From<QueueView> for QueueRow {
    fn from(view: QueueView) -> QueueRow {
        QueueRow {
            id: view.id.to_text(),
            reference: view.reference.to_string(),
            kind: format!("{:?}", view.kind).to_lowercase(),
            from: view.from,
            to: view.to,
            state: format!("{:?}", view.state).to_lowercase(),
            size: view.size,
            attempts: view.attempts,
            queued_at: view.queued.to_rfc3339(),
            due_at: view.due.to_rfc3339(),
            last: view.last,
        }
    }
}

impl From<Noted> for LogLine {
    fn from(noted: Noted) -> LogLine {
        let Noted { at, who, act, about, peer } = noted;
        LogLine { at: at.to_rfc3339(), who, act: act.as_str().to_owned(), about, peer }
    }
}

impl From<policy::Mode> for Mode {
    fn from(mode: policy::Mode) -> Mode {
        match mode {
            policy::Mode::Fixed => Mode::Fixed,
            policy::Mode::Default => Mode::Default,
            policy::Mode::Free => Mode::Free,
        }
    }
}

impl From<Mode> for policy::Mode {
    fn from(mode: Mode) -> policy::Mode {
        match mode {
            Mode::Fixed => policy::Mode::Fixed,
            Mode::Default => policy::Mode::Default,
            Mode::Free => policy::Mode::Free,
        }
    }
}

impl From<Policy> for PolicySet {
    fn from(policy: Policy) -> PolicySet {
        let rule = |one: policy::Rule| Rule {
            user: one.user,
            domain: one.domain,
            recipient: one.recipient,
            choice: one.choice.into(),
            mode: one.mode.into(),
        };
        PolicySet {
            intranet: policy.intranet,
            choice: policy.choice.into(),
            mode: policy.mode.into(),
            verified_else: policy.verified_else.into(),
            rules: policy.rules.into_iter().map(rule).collect(),
        }
    }
}

impl From<PolicySet> for Policy {
    fn from(set: PolicySet) -> Policy {
        let rule = |one: Rule| policy::Rule {
            user: one.user,
            domain: one.domain,
            recipient: one.recipient,
            choice: one.choice.into(),
            mode: one.mode.into(),
        };
        Policy {
            intranet: set.intranet,
            choice: set.choice.into(),
            mode: set.mode.into(),
            verified_else: set.verified_else.into(),
            rules: set.rules.into_iter().map(rule).collect(),
        }
    }
}

impl From<HouseChange> for Rules {
    fn from(change: HouseChange) -> Rules {
        Rules {
            policy: change.policy.map(PolicySet::from),
            last_interaction: change
                .last_interaction
                .map(|(value, fixed)| LastSet { value, fixed }),
            confirm_outside: change
                .confirm_outside
                .map(|(value, fixed)| ConfirmSet { value, fixed }),
            organisation: change.organisation,
            phone: change.phone,
            notification_text: change.notification_text,
            accent: change.accent,
        }
    }
}

impl Rules {
    fn in_force(house: &House) -> Rules {
        Rules {
            policy: Some(house.policy.clone().into()),
            last_interaction: Some(LastSet {
                value: house.last_interaction,
                fixed: house.last_interaction_fixed,
            }),
            confirm_outside: Some(ConfirmSet {
                value: house.confirm_outside,
                fixed: house.confirm_outside_fixed,
            }),
            organisation: Some(house.organisation.clone()),
            phone: house.phone.clone(),
            notification_text: house.notification_text.clone(),
            accent: house.accent.clone(),
        }
    }

    fn change(self, logo: Option<Vec<u8>>) -> HouseChange {
        HouseChange {
            policy: self.policy.map(Policy::from),
            last_interaction: self.last_interaction.map(|one| (one.value, one.fixed)),
            confirm_outside: self.confirm_outside.map(|one| (one.value, one.fixed)),
            organisation: self.organisation,
            phone: self.phone,
            notification_text: self.notification_text,
            accent: self.accent,
            logo,
        }
    }
}

/// List the users.
#[utoipa::path(
    get,
    path = "/api/manage/users",
    tag = "manage",
    operation_id = "manageUsers",
    responses((status = 200, description = "Everybody", body = Users), Problems)
)]
pub async fn users(managing: Managing) -> Result<axum::Json<Users>, Problem> {
    let rows = managing.run(Gateway::account_list).await?;
    Ok(axum::Json(Users { items: rows.into_iter().map(User::from).collect() }))
}

/// Make a user. The recovery key is told here and never again.
#[utoipa::path(
    post,
    path = "/api/manage/users",
    tag = "manage",
    operation_id = "manageUserMake",
    request_body = NewUser,
    responses((status = 201, description = "Made", body = MadeUser), Problems)
)]
pub async fn user_make(
    managing: Managing,
    Json(user): Json<NewUser>,
) -> Result<(StatusCode, axum::Json<MadeUser>), Problem> {
    let address = |text: &String| {
        Address::parse(text).map_err(|error| Problem::invalid(format!("{text}: {error}.")))
    };
    let password = Password::new(user.password.expose_secret())
        .map_err(|_| Problem::invalid("A password has 1 to 1,024 octets."))?;
    let new = NewAccount {
        name: user.name.clone(),
        display_name: user.display_name,
        addresses: user.addresses.iter().map(address).collect::<Result<_, _>>()?,
        password,
    };
    let made =
        managing.run_noted(Act::UserMade, user.name, move |gateway| gateway.account_create(new));
    let (view, recovery) = made.await?;
    let recovery_key = recovery.expose().to_owned();
    Ok((StatusCode::CREATED, axum::Json(MadeUser { address: view.address, recovery_key })))
}

/// Change a user. The last manager stays one (409, `last-manager`).
#[utoipa::path(
    patch,
    path = "/api/manage/users/{name}",
    tag = "manage",
    operation_id = "manageUserChange",
    params(("name" = String, Path, description = "The login name")),
    request_body = UserChange,
    responses(Done, Problems)
)]
pub async fn user_change(
    Id(name): Id,
    managing: Managing,
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
                note(if manager { Act::ManagerMade } else { Act::ManagerUnmade });
            }
            if let Some(accept) = change.accept_from {
                gateway.account_accept_from(&name, accept.into())?;
                note(Act::UserChanged);
            }
            Ok(())
        },
        about,
    );
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the temporary accounts.
#[utoipa::path(
    get,
    path = "/api/manage/temporary",
    tag = "manage",
    operation_id = "manageTemporary",
    responses((status = 200, description = "All of them", body = Temporaries), Problems)
)]
pub async fn temporary(managing: Managing) -> Result<axum::Json<Temporaries>, Problem> {
    let rows = managing.run(|gateway| gateway.temporary_list(None)).await?;
    let items = rows.into_iter().map(|view| TemporaryRow {
        address: view.address,
        sponsor: view.sponsor,
        created_at: view.created.to_rfc3339(),
        expires_at: view.expires.to_rfc3339(),
        claimed_at: view.claimed.map(|at| at.to_rfc3339()),
        letters: view.letters,
    });
    Ok(axum::Json(Temporaries { items: items.collect() }))
}

/// Renew or end a temporary account.
#[utoipa::path(
    post,
    path = "/api/manage/temporary/act",
    tag = "manage",
    operation_id = "manageTemporaryAct",
    request_body = TemporaryAct,
    responses(Done, Problems)
)]
pub async fn temporary_act(
    managing: Managing,
    Json(TemporaryAct { address, act }): Json<TemporaryAct>,
) -> Result<StatusCode, Problem> {
    let noted = match act {
        TemporaryDo::Renew => Act::TemporaryRenewed,
        TemporaryDo::End => Act::TemporaryEnded,
    };
    let done = managing.run_noted(noted, address.clone(), move |gateway| match act {
        TemporaryDo::Renew => gateway.temporary_renew_of(&address),
        TemporaryDo::End => gateway.temporary_revoke_of(&address),
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The most rows of the queue in one answer.
const QUEUE_ROWS_MAX: usize = 100;

/// List the queue.
#[utoipa::path(
    get,
    path = "/api/manage/queue",
    tag = "manage",
    operation_id = "manageQueue",
    params(QueuePage),
    responses((status = 200, description = "The next due first", body = Queue), Problems)
)]
pub async fn queue(
    managing: Managing,
    Params(QueuePage { find, after }): Params<QueuePage>,
) -> Result<axum::Json<Queue>, Problem> {
    let found = managing.run(move |gateway| {
        let find = find.as_deref().unwrap_or_default();
        let page = gateway.queue_page(after.as_deref(), find, QUEUE_ROWS_MAX)?;
        Ok::<_, Error>((page, gateway.queue_count()?))
    });
    let (page, total) = found.await?;
    let items = page.items.into_iter().map(QueueRow::from).collect();
    Ok(axum::Json(Queue { items, next: page.next, total }))
}

/// Try a row of the queue now, hold it, or give it up.
#[utoipa::path(
    post,
    path = "/api/manage/queue/{id}",
    tag = "manage",
    operation_id = "manageQueueAct",
    params(("id" = String, Path, description = "The row's id")),
    request_body = QueueAct,
    responses(Done, Problems)
)]
pub async fn queue_act(
    Id(id): Id,
    managing: Managing,
    Json(QueueAct { act }): Json<QueueAct>,
) -> Result<StatusCode, Problem> {
    let noted = match act {
        QueueDo::Retry => Act::QueueRetried,
        QueueDo::Hold => Act::QueueHeld,
        QueueDo::Drop => Act::QueueDropped,
    };
    let done = managing.run_noted(noted, id.clone(), move |gateway| {
        let row = gateway.queue_find(&id)?.id;
        match act {
            QueueDo::Retry => gateway.queue_retry(row),
            QueueDo::Hold => gateway.queue_hold(row),
            QueueDo::Drop => gateway.queue_drop(row),
        }
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get what is set for everybody.
#[utoipa::path(
    get,
    path = "/api/manage/house",
    tag = "manage",
    operation_id = "manageHouse",
    responses((status = 200, description = "What is set", body = HouseView), Problems)
)]
pub async fn house(managing: Managing) -> Result<axum::Json<HouseView>, Problem> {
    let found =
        managing.run(|gateway| Ok::<_, Error>((gateway.house_change()?, gateway.house()?))).await?;
    let (set, house) = found;
    let has_logo = set.logo.is_some();
    Ok(axum::Json(HouseView { set: set.into(), in_force: Rules::in_force(&house), has_logo }))
}

/// Set what holds for everybody, all of it at once. It is in force from this moment.
#[utoipa::path(
    put,
    path = "/api/manage/house",
    tag = "manage",
    operation_id = "manageHouseSet",
    request_body = Rules,
    responses(Done, Problems)
)]
pub async fn house_set(
    managing: Managing,
    Json(rules): Json<Rules>,
) -> Result<StatusCode, Problem> {
    let done = managing.run_noted(Act::HouseChanged, String::new(), move |gateway| {
        gateway.house_set(|set| rules.change(set.logo)).map(|_| ())
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set the logo: a PNG of at most 64 KiB.
#[utoipa::path(
    put,
    path = "/api/manage/logo",
    tag = "manage",
    operation_id = "manageLogoSet",
    request_body(content = String, content_type = "application/octet-stream",
        description = "The PNG's octets"),
    responses(Done, Problems)
)]
pub async fn logo_set(managing: Managing, Octets(octets): Octets) -> Result<StatusCode, Problem> {
    logo_change(managing, Some(octets.to_vec())).await
}

/// Remove the logo.
#[utoipa::path(
    delete,
    path = "/api/manage/logo",
    tag = "manage",
    operation_id = "manageLogoDrop",
    responses(Done, Problems)
)]
pub async fn logo_drop(managing: Managing) -> Result<StatusCode, Problem> {
    logo_change(managing, None).await
}

async fn logo_change(managing: Managing, logo: Option<Vec<u8>>) -> Result<StatusCode, Problem> {
    let done = managing.run_noted(Act::HouseChanged, "logo".to_owned(), move |gateway| {
        gateway.house_set(|set| HouseChange { logo, ..set }).map(|_| ())
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the log of what matters for safety.
#[utoipa::path(
    get,
    path = "/api/manage/log",
    tag = "manage",
    operation_id = "manageLog",
    params(LogPage),
    responses((status = 200, description = "The latest first", body = Log), Problems)
)]
pub async fn log(
    managing: Managing,
    Params(LogPage { before }): Params<LogPage>,
) -> Result<axum::Json<Log>, Problem> {
    let page = managing.run(move |gateway| gateway.audit(before.as_deref())).await?;
    let items = page.items.into_iter().map(LogLine::from).collect();
    Ok(axum::Json(Log { items, next: page.next }))
}

/// See how the daemon is.
#[utoipa::path(
    get,
    path = "/api/manage/diagnostics",
    tag = "manage",
    operation_id = "manageDiagnostics",
    responses((status = 200, description = "How it is", body = Diagnostics), Problems)
)]
pub async fn diagnostics(
    State(web): State<Web>,
    managing: Managing,
) -> Result<axum::Json<Diagnostics>, Problem> {
    let started = web.shared.started;
    let ends = web.shared.identity.ends().map(|secs| Timestamp(0).plus_secs(secs));
    let found = managing.run(move |gateway| looked_at(gateway, started, ends)).await?;
    Ok(axum::Json(found))
}

fn looked_at(
    gateway: &Gateway,
    started: Timestamp,
    certificate_ends: Option<Timestamp>,
) -> Result<Diagnostics, Error> {
    let room = gateway.room()?;
    let users = gateway.account_list()?;
    let (mut waiting, mut held, mut oldest) = (0, 0, None);
    gateway.queue_each(|row| {
        match row.state {
            QueueState::Held => held += 1,
            _ => waiting += 1,
        }
        oldest = Some(oldest.map_or(row.queued, |known| row.queued.min(known)));
        ControlFlow::Continue(())
    })?;
    let settings = gateway.settings();
    let host = settings.public_url.trim_start_matches("https://").split([':', '/']).next();
    let host = host.unwrap_or_default();
    let elsewhere =
        |domain: &&String| host != domain.as_str() && !host.ends_with(&format!(".{domain}"));
    Ok(Diagnostics {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: started.to_rfc3339(),
        now: gateway.clock().now().to_rfc3339(),
        users: users.len() as u64,
        disabled_users: users.iter().filter(|row| row.disabled).count() as u64,
        temporary_accounts: gateway.temporary_list(None)?.len() as u64,
        messages: gateway.message_count()?,
        waiting,
        held,
        oldest_in_queue: oldest.map(Timestamp::to_rfc3339),
        stored_octets: room.used,
        free_octets: room.free,
        refusing: room.refusing,
        certificate_ends_at: certificate_ends.map(Timestamp::to_rfc3339),
        public_url: settings.public_url.clone(),
        domains_elsewhere: settings.domains.iter().filter(elsewhere).cloned().collect(),
    })
}

/// Get what anybody may know of the house: its name and colour.
#[utoipa::path(
    get,
    path = "/api/brand",
    tag = "manage",
    operation_id = "brand",
    security(()),
    responses((status = 200, description = "The house", body = Brand), Problems)
)]
pub async fn brand(State(web): State<Web>) -> Result<axum::Json<Brand>, Problem> {
    let house = web.run(Weight::Records, Gateway::house).await?;
    Ok(axum::Json(Brand {
        organisation: house.organisation.clone(),
        accent: house.accent.clone(),
        has_logo: house.logo.is_some(),
    }))
}

/// Get the house's logo.
#[utoipa::path(
    get,
    path = "/api/brand/logo.png",
    tag = "manage",
    operation_id = "brandLogo",
    security(()),
    responses((status = 200, description = "The PNG", content_type = "image/png"), Problems)
)]
pub async fn logo(State(web): State<Web>) -> Result<Response, Problem> {
    let house = web.run(Weight::Records, Gateway::house).await?;
    let logo = house.logo.clone().ok_or_else(Problem::not_found)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, logo).into_response())
}
