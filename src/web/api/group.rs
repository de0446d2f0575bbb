//! Groups of people inside: who is in them, and what they are allowed.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::groups::about::About;
use crate::gateway::groups::facts;
use crate::gateway::groups::group::{self as core, NewGroup};
use crate::gateway::groups::view::{
    ChangeView, GroupDetail, GroupList, GroupView, KeysState, MemberView, Standing, VoucherView,
};
use crate::gateway::records::audit::Act;
use crate::gateway::{self, Actor, Conflict, Gateway};
use crate::terms::{GroupAct, GroupKind, GroupWriters, MemberBy};
use crate::web::api::Done;
use crate::web::auth::Signed;
use crate::web::body::{Id, Json, Params};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::tag::{tagged, version};

/// What the account is in a group.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupRole {
    Manager,
    Member,
    Outside,
}

/// Whether the keys of a group, or of a board, open for the account: `waiting` until a member who holds them is signed
/// in, `unproven` if nothing shows that a member began them, `differ` if what the server holds does not belong together.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupKeys {
    Held,
    Waiting,
    Unproven,
    Differ,
}

/// A group, as the account sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    id: String,
    /// `null` if the account cannot read it, or not yet.
    name: Option<String>,
    description: Option<String>,
    kind: GroupKind,
    /// Whether everybody inside sees the name and the description.
    listed: bool,
    /// Whether new members may read what was written for the group before.
    shares_earlier: bool,
    writers: GroupWriters,
    address: Option<String>,
    /// Whether people who share no group with its members learn not even that their addresses exist.
    hides_members: bool,
    /// What a change has to name in `If-Match`, in quotes.
    version: u32,
    role: GroupRole,
    /// `null` for those who are not members.
    keys: Option<GroupKeys>,
}

/// The groups that the account is in, and those that are listed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Groups {
    items: Vec<Group>,
    /// Whether the account may create groups.
    may_create: bool,
    /// Whether the account may give groups an address.
    may_address: bool,
    /// Whether the account may make groups open or closed.
    may_kind: bool,
    /// Whether there are more listed groups.
    more: bool,
}

/// A member of a group.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupMember {
    id: String,
    name: String,
    address: String,
    manager: bool,
    #[schema(format = DateTime)]
    since: String,
    disabled: bool,
    /// Whether the member waits for the keys until another one is signed in.
    waiting: bool,
    /// Why the person is a member.
    by: MemberBy,
}

/// The member by whose attestations the members of a group are computed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupVoucher {
    id: String,
    name: String,
    address: String,
    /// `null` as long as the member was asked and has not agreed.
    #[schema(format = DateTime)]
    agreed: Option<String>,
}

/// A change of a group.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupChange {
    #[schema(format = DateTime)]
    at: String,
    act: GroupAct,
    /// The name of who made it; empty if that person was removed.
    who: String,
    /// The name of the member whom it concerns; empty if that person was removed.
    about: Option<String>,
}

/// A group with its members and its latest changes, the newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupWhole {
    #[serde(flatten)]
    group: Group,
    /// Empty for those who are neither members nor managers of the site.
    members: Vec<GroupMember>,
    /// `null` where members are added by name, and for those who do not see the members.
    voucher: Option<GroupVoucher>,
    changes: Vec<GroupChange>,
    /// How many earlier changes are not kept.
    changes_dropped: u32,
}

/// A group to be created, with the account as its manager.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupNew {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    kind: GroupKind,
    #[serde(default)]
    listed: bool,
    #[serde(default = "yes")]
    shares_earlier: bool,
    #[serde(default)]
    writers: GroupWriters,
    /// An address in one of the site's domains at which the group gets mail.
    address: Option<String>,
    /// Whether people who share no group with its members learn nothing of them, if it is closed.
    #[serde(default)]
    hides_members: bool,
    /// Whether those whom the account attests are its members, from now on.
    #[serde(default)]
    vouched: bool,
}

fn yes() -> bool {
    true
}

/// A change to a group; properties that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupEdit {
    /// With `description`.
    name: Option<String>,
    /// With `name`.
    description: Option<String>,
    kind: Option<GroupKind>,
    listed: Option<bool>,
    shares_earlier: Option<bool>,
    writers: Option<GroupWriters>,
    /// `null` takes the address away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    address: Option<Option<String>>,
    hides_members: Option<bool>,
}

/// Tells `null` from what is left out.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// What was done for the keys of the account's groups.
#[derive(Serialize, ToSchema)]
pub struct GroupsTended {
    /// How many epochs began.
    begun: u64,
    /// For how many members a key was wrapped.
    wrapped: u64,
    /// Whether others still wait: ask again.
    more: bool,
}

/// Whose groups are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BadgesOf {
    /// The address of a person inside.
    address: String,
}

/// The name of an open group.
#[derive(Serialize, ToSchema)]
pub struct Badge {
    id: String,
    name: String,
}

/// The open groups of a person inside, as far as the account sees them.
#[derive(Serialize, ToSchema)]
pub struct Badges {
    items: Vec<Badge>,
}

impl From<GroupView> for Group {
    fn from(view: GroupView) -> Group {
        let (name, description) = match view.about {
            Some(About { name, description }) => (Some(name), Some(description)),
            None => (None, None),
        };
        Group {
            id: view.id.to_text(),
            name,
            description,
            kind: view.kind,
            listed: view.listed,
            shares_earlier: view.shares_earlier,
            writers: view.writers,
            address: view.address,
            hides_members: view.hides_members,
            version: view.version,
            role: match view.standing {
                Standing::Manager => GroupRole::Manager,
                Standing::Member => GroupRole::Member,
                Standing::Outside => GroupRole::Outside,
            },
            keys: view.keys.map(GroupKeys::from),
        }
    }
}

impl From<KeysState> for GroupKeys {
    fn from(state: KeysState) -> GroupKeys {
        match state {
            KeysState::Held => GroupKeys::Held,
            KeysState::Waiting => GroupKeys::Waiting,
            KeysState::Unproven => GroupKeys::Unproven,
            KeysState::Differ => GroupKeys::Differ,
        }
    }
}

impl From<MemberView> for GroupMember {
    fn from(view: MemberView) -> GroupMember {
        GroupMember {
            id: view.account.to_text(),
            name: view.name,
            address: view.address,
            manager: view.manager,
            since: view.since.to_rfc3339(),
            disabled: view.disabled,
            waiting: view.waiting,
            by: view.by,
        }
    }
}

impl From<VoucherView> for GroupVoucher {
    fn from(VoucherView { account, name, address, agreed }: VoucherView) -> GroupVoucher {
        let agreed = agreed.map(|at| at.to_rfc3339());
        GroupVoucher { id: account.to_text(), name, address, agreed }
    }
}

impl From<ChangeView> for GroupChange {
    fn from(ChangeView { at, act, who, about }: ChangeView) -> GroupChange {
        GroupChange { at: at.to_rfc3339(), act, who, about }
    }
}

/// The group with its version, which a change has to name.
pub(super) fn whole(status: StatusCode, detail: GroupDetail) -> Response {
    let version = detail.view.version;
    let body = GroupWhole {
        group: detail.view.into(),
        members: detail.members.into_iter().map(GroupMember::from).collect(),
        voucher: detail.voucher.map(GroupVoucher::from),
        changes: detail.changes.into_iter().map(GroupChange::from).collect(),
        changes_dropped: detail.dropped,
    };
    tagged(status, version, body)
}

/// Runs work on a group that is recorded in the audit log. The log names the group by its number: its
/// name is its members' own.
pub(super) async fn audited<T: Send + 'static>(
    signed: Signed,
    (act, about): (Act, String),
    work: impl FnOnce(&Gateway, &Actor) -> Result<T, gateway::Error> + Send + 'static,
) -> Result<T, Problem> {
    let peer = signed.peer.to_string();
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        let done = work(gateway, actor)?;
        gateway.note(&gateway.name_of(actor.account()), act, &about, &peer);
        Ok::<_, gateway::Error>(done)
    });
    done.await
}

/// List the groups that the account is in and those that are listed; for administrators, all.
#[utoipa::path(
    get,
    path = "/api/groups",
    tag = "groups",
    operation_id = "groups",
    responses((status = 200, description = "The groups", body = Groups), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<Groups>, Problem> {
    let list = signed.run(CostClass::Records, |gateway, actor| {
        gateway.groups_tend_or_not(actor);
        gateway.group_list(actor)
    });
    let GroupList { items, may_create, may_address, may_kind, more } = list.await?;
    let items = items.into_iter().map(Group::from).collect();
    Ok(axum::Json(Groups { items, may_create, may_address, may_kind, more }))
}

/// Create a group.
#[utoipa::path(
    post,
    path = "/api/groups",
    tag = "groups",
    operation_id = "groupCreate",
    request_body = GroupNew,
    responses((status = 201, description = "Created", body = GroupWhole), Problems)
)]
pub async fn create(signed: Signed, Json(new): Json<GroupNew>) -> Result<Response, Problem> {
    let GroupNew {
        name,
        description,
        kind,
        listed,
        shares_earlier,
        writers,
        address,
        hides_members,
        vouched,
    } = new;
    let about = About { name, description };
    let new = NewGroup { about, kind, listed, shares_earlier, writers, address, hides_members };
    let peer = signed.peer.to_string();
    let created = signed.run(CostClass::Records, move |gateway, actor| {
        let detail = match vouched {
            true => gateway.group_create_vouched(actor, new),
            false => gateway.group_create(actor, new),
        }?;
        let (who, about) = (gateway.name_of(actor.account()), detail.view.id.to_text());
        gateway.note(&who, Act::GroupCreated, &about, &peer);
        Ok::<_, gateway::Error>(detail)
    });
    Ok(whole(StatusCode::CREATED, created.await?))
}

/// Get a group, its members and its latest changes.
#[utoipa::path(
    get,
    path = "/api/groups/{id}",
    tag = "groups",
    operation_id = "group",
    params(("id" = String, Path, description = "The group's number")),
    responses((status = 200, description = "The group; its version is in `ETag`", body = GroupWhole), Problems)
)]
pub async fn read(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let found = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.groups_tend_or_not(actor);
        gateway.group(actor, &id)
    });
    Ok(whole(StatusCode::OK, found.await?))
}

/// Change a group; `group-changed` (412) if it has another version by now.
#[utoipa::path(
    patch,
    path = "/api/groups/{id}",
    tag = "groups",
    operation_id = "groupChange",
    params(
        ("id" = String, Path, description = "The group's number"),
        ("If-Match" = String, Header, description = "The version that is changed, from `ETag`"),
    ),
    request_body = GroupEdit,
    responses((status = 200, description = "The group", body = GroupWhole), Problems)
)]
pub async fn change(
    signed: Signed,
    Id(id): Id,
    headers: HeaderMap,
    Json(edit): Json<GroupEdit>,
) -> Result<Response, Problem> {
    let version = version(&headers)?;
    let GroupEdit {
        name,
        description,
        kind,
        listed,
        shares_earlier,
        writers,
        address,
        hides_members,
    } = edit;
    let about = match (name, description) {
        (Some(name), Some(description)) => Some(About { name, description }),
        (None, None) => None,
        _ => return Err(Problem::invalid("A name and a description are changed together.")),
    };
    let edit =
        core::GroupEdit { about, kind, listed, shares_earlier, writers, address, hides_members };
    let work = move |gateway: &Gateway, actor: &Actor| match gateway
        .group_change(actor, &id, version, edit)
    {
        Err(gateway::Error::Conflict(Conflict::GroupChanged)) => Ok(None),
        changed => changed.map(Some),
    };
    let peer = signed.peer.to_string();
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        let changed = work(gateway, actor)?;
        if let Some(detail) = &changed {
            let (who, about) = (gateway.name_of(actor.account()), detail.view.id.to_text());
            gateway.note(&who, Act::GroupChanged, &about, &peer);
        }
        Ok::<_, gateway::Error>(changed)
    });
    match done.await? {
        Some(detail) => Ok(whole(StatusCode::OK, detail)),
        None => Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            Conflict::GroupChanged.as_str(),
            Conflict::GroupChanged.sentence(),
        )),
    }
}

/// Delete a group.
#[utoipa::path(
    delete,
    path = "/api/groups/{id}",
    tag = "groups",
    operation_id = "groupDelete",
    params(("id" = String, Path, description = "The group's number")),
    responses(Done, Problems)
)]
pub async fn delete(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let about = (Act::GroupDeleted, id.clone());
    audited(signed, about, move |gateway, actor| gateway.group_delete(actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Do what is due for the keys of the account's groups: begin epochs, and wrap keys for members who wait.
#[utoipa::path(
    post,
    path = "/api/groups/keys",
    tag = "groups",
    operation_id = "groupsTend",
    responses((status = 200, description = "What was done", body = GroupsTended), Problems)
)]
pub async fn tend(signed: Signed) -> Result<axum::Json<GroupsTended>, Problem> {
    let tended = signed.run(CostClass::Records, |gateway, actor| {
        let tended = gateway.groups_tend(actor)?;
        gateway.roles_tend_or_not(actor);
        gateway.profile_tend_or_not(actor);
        Ok::<_, gateway::Error>(tended)
    });
    let tended = tended.await?;
    let (begun, wrapped) = (tended.begun as u64, tended.wrapped as u64);
    Ok(axum::Json(GroupsTended { begun, wrapped, more: tended.more }))
}

/// Take keys that nothing proves for the group's own, because its members said that they began them.
#[utoipa::path(
    post,
    path = "/api/groups/{id}/keys",
    tag = "groups",
    operation_id = "groupKeysAccept",
    params(("id" = String, Path, description = "The group's number")),
    responses((status = 200, description = "The group", body = GroupWhole), Problems)
)]
pub async fn keys_accept(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let accepted = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.group_keys_accept(actor, &id)?;
        gateway.groups_tend_or_not(actor);
        gateway.group(actor, &id)
    });
    Ok(whole(StatusCode::OK, accepted.await?))
}

/// Get the open groups of a person inside, whose names that person's messages bear.
#[utoipa::path(
    get,
    path = "/api/groups/badges",
    tag = "groups",
    operation_id = "groupBadges",
    params(BadgesOf),
    responses((status = 200, description = "The groups", body = Badges), Problems)
)]
pub async fn badges(
    signed: Signed,
    Params(of): Params<BadgesOf>,
) -> Result<axum::Json<Badges>, Problem> {
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.badges(actor, &of.address))
        .await?;
    let badge = |facts::Badge { group, name }| Badge { id: group.to_text(), name };
    Ok(axum::Json(Badges { items: found.into_iter().map(badge).collect() }))
}
