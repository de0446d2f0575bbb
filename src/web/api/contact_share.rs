//! Contacts that are shared: with whom, what a reader sees and changes, and what others changed.

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::contacts::shared::{SharedPage, SharedQuery, SharedView, Someone};
use crate::gateway::contacts::shares::{Field, Fields, ShareTo};
use crate::gateway::contacts::sharing::{
    NamedReader, ReaderView, ShareView, SharingView, WantedShare,
};
use crate::gateway::contacts::stored::ContactPatch;
use crate::gateway::contacts::taking::{EditAnswer, EditView};
use crate::gateway::records::contact::{EditKind, EditOutcome};
use crate::gateway::records::ids::GroupId;
use crate::gateway::{Actor, Error, Gateway};
use crate::mail::contacts;
use crate::web::auth::Signed;
use crate::web::body::{Id, Json, Params, Ref};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::contact_fields::{ContactChange, ContactFields, each};
use super::submission::request_key_if_any;
use super::tag::{tag, tagged, version};

/// A field of a contact that can be shared.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContactField {
    Name,
    Work,
    Emails,
    Phones,
    Postal,
    Urls,
    Birthday,
    Notes,
    Own,
}

/// What a reader is.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContactReaderKind {
    Person,
    Group,
    Everybody,
}

/// With whom something is shared.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactReader {
    kind: ContactReaderKind,
    /// A group's id; of a person an address, or the id of one who reads it already; nothing for everybody
    /// inside.
    #[serde(default)]
    id: String,
    /// Not read: the name, if it can be shown.
    #[serde(default)]
    name: String,
    /// Not read: the address of a person.
    #[serde(default)]
    address: String,
}

/// What a reader gets of a contact.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactShare {
    to: ContactReader,
    read: Vec<ContactField>,
    /// Some of those that are read.
    #[serde(default)]
    edit: Vec<ContactField>,
    /// Not read: whether it was sealed for this reader, which waits for the keys of a group.
    #[serde(default)]
    sealed: bool,
}

/// With whom a contact, or the whole address book, is shared from now on; readers who are left out do not
/// see it any more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactSharingChange {
    pub(super) shares: Vec<ContactShare>,
}

/// With whom a contact is shared.
#[derive(Serialize, ToSchema)]
pub struct ContactSharing {
    /// The contact's version.
    version: u32,
    shares: Vec<ContactShare>,
}

/// Who may add contacts to the account's address book.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactAdders {
    adders: Vec<ContactReader>,
}

/// Somebody inside.
#[derive(Serialize, ToSchema)]
pub struct ContactSomeone {
    id: String,
    name: String,
    address: String,
}

/// A contact that somebody else shares: its fields that this account may read, and no others.
#[derive(Serialize, ToSchema)]
pub struct SharedContact {
    owner: ContactSomeone,
    id: String,
    /// What `If-Match` names for a change; another one each time. Also in `ETag`.
    version: String,
    /// The name that lists show, of what may be read.
    shown: String,
    /// What may be read; a field that is left out is not shared.
    #[serde(flatten)]
    contact: ContactChange,
    fields: Vec<ContactField>,
    edit: Vec<ContactField>,
    /// What this account changed, and the owner's session has not taken yet. It is shown here.
    waiting: Vec<ContactField>,
}

/// A part of the contacts that others share, in the order of their names.
#[derive(Serialize, ToSchema)]
pub struct SharedContacts {
    items: Vec<SharedContact>,
    /// How many the query finds.
    total: usize,
    /// How many there are.
    all: usize,
    /// To whose address books this account may add.
    books: Vec<ContactSomeone>,
    /// Whether something cannot be opened: its keys are not there yet, or it was changed.
    closed: bool,
    /// Whether there are more than one question reads; they are not found, either.
    more: bool,
}

/// Which shared contacts are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SharedContactsQuery {
    /// Words that a contact must have in what may be read of it.
    #[serde(default)]
    q: String,
    #[serde(default)]
    offset: usize,
    /// The most contacts in the answer, 1 to 200; 50 by default.
    #[serde(default = "limit_default")]
    limit: usize,
}

fn limit_default() -> usize {
    50
}

/// The id that a contact will have.
#[derive(Serialize, ToSchema)]
pub struct SharedContactAdded {
    id: String,
}

/// What somebody else did.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContactEditKind {
    Change,
    Add,
}

/// What became of it: `clashed` if the same field was changed by another, `refused` if it was not
/// allowed when the owner's session looked at it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContactEditOutcome {
    Applied,
    Clashed,
    Refused,
    Undone,
}

/// A change of this account's address book by somebody else.
#[derive(Serialize, ToSchema)]
pub struct ContactEdit {
    reference: String,
    #[schema(format = DateTime)]
    at: String,
    /// `null` if the account has ended.
    by: Option<ContactSomeone>,
    contact: String,
    /// The name that the contact had.
    name: String,
    kind: ContactEditKind,
    outcome: ContactEditOutcome,
    before: ContactChange,
    after: ContactChange,
}

/// Changes by others, the latest first.
#[derive(Serialize, ToSchema)]
pub struct ContactEdits {
    items: Vec<ContactEdit>,
}

/// What is done about a change.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ContactEditAct {
    /// What was there before comes back.
    Undo,
    /// What was kept takes the place of what is there.
    Use,
}

/// The owner's answer to a change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactEditAnswer {
    act: ContactEditAct,
}

/// An owner and a contact in the path.
#[derive(Deserialize)]
pub struct OfOwner {
    owner: String,
    id: String,
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for OfOwner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<OfOwner, Problem> {
        let path = axum::extract::Path::<OfOwner>::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(found)| found).map_err(|_| Problem::not_found())
    }
}

const FIELDS: [(ContactField, Field); 9] = [
    (ContactField::Name, Field::Name),
    (ContactField::Work, Field::Work),
    (ContactField::Emails, Field::Emails),
    (ContactField::Phones, Field::Phones),
    (ContactField::Postal, Field::Postal),
    (ContactField::Urls, Field::Urls),
    (ContactField::Birthday, Field::Birthday),
    (ContactField::Notes, Field::Notes),
    (ContactField::Own, Field::Own),
];

fn listed(fields: Fields) -> Vec<ContactField> {
    let found = FIELDS.into_iter().filter(|(_, field)| fields.has(*field));
    found.map(|(named, _)| named).collect()
}

fn fields(named: &[ContactField]) -> Fields {
    named.iter().map(|named| FIELDS[*named as usize].1).collect()
}

impl From<Someone> for ContactSomeone {
    fn from(Someone { id, name, address }: Someone) -> ContactSomeone {
        ContactSomeone { id, name, address }
    }
}

impl From<ReaderView> for ContactReader {
    fn from(ReaderView { to, id, name, address }: ReaderView) -> ContactReader {
        let kind = match to {
            ShareTo::Person(_) => ContactReaderKind::Person,
            ShareTo::Group(GroupId::EVERYBODY) => ContactReaderKind::Everybody,
            ShareTo::Group(_) => ContactReaderKind::Group,
        };
        ContactReader { kind, id, name, address }
    }
}

impl From<ContactReader> for NamedReader {
    fn from(ContactReader { kind, id, .. }: ContactReader) -> NamedReader {
        match kind {
            ContactReaderKind::Person => NamedReader::Person(id),
            ContactReaderKind::Group => NamedReader::Group(id),
            ContactReaderKind::Everybody => NamedReader::Everybody,
        }
    }
}

impl From<ShareView> for ContactShare {
    fn from(ShareView { reader, read, edit, sealed }: ShareView) -> ContactShare {
        ContactShare { to: reader.into(), read: listed(read), edit: listed(edit), sealed }
    }
}

impl From<ContactShare> for WantedShare {
    fn from(ContactShare { to, read, edit, .. }: ContactShare) -> WantedShare {
        WantedShare { to: to.into(), read: fields(&read), edit: fields(&edit) }
    }
}

impl From<SharingView> for ContactSharing {
    fn from(SharingView { version, shares }: SharingView) -> ContactSharing {
        ContactSharing { version, shares: each(shares) }
    }
}

impl SharedContact {
    fn of(gateway: &Gateway, actor: &Actor, view: SharedView) -> Result<SharedContact, Error> {
        let version = gateway.contact_shared_tag(actor, &view)?;
        let SharedView { owner, id, contact, fields, edit, waiting, .. } = view;
        Ok(SharedContact {
            owner: owner.into(),
            id,
            version,
            shown: contact.shown(),
            contact: ContactPatch::of(&contact, fields).into(),
            fields: listed(fields),
            edit: listed(edit),
            waiting: listed(waiting),
        })
    }
}

impl SharedContacts {
    fn of(gateway: &Gateway, actor: &Actor, page: SharedPage) -> Result<SharedContacts, Error> {
        let SharedPage { items, total, all, books, closed, more } = page;
        let items = items.into_iter().map(|view| SharedContact::of(gateway, actor, view));
        let items = items.collect::<Result<_, _>>()?;
        Ok(SharedContacts { items, total, all, books: each(books), closed, more })
    }
}

impl From<EditView> for ContactEdit {
    fn from(view: EditView) -> ContactEdit {
        let EditView { reference, at, by, contact, kind, outcome, edited } = view;
        ContactEdit {
            reference,
            at: at.to_rfc3339(),
            by: by.map(Into::into),
            contact,
            name: edited.name,
            kind: match kind {
                EditKind::Change => ContactEditKind::Change,
                EditKind::Add => ContactEditKind::Add,
            },
            outcome: match outcome {
                EditOutcome::Applied => ContactEditOutcome::Applied,
                EditOutcome::Clashed => ContactEditOutcome::Clashed,
                EditOutcome::Refused => ContactEditOutcome::Refused,
                EditOutcome::Undone => ContactEditOutcome::Undone,
            },
            before: edited.before.into(),
            after: edited.after.into(),
        }
    }
}

fn answer(contact: SharedContact) -> Response {
    tagged(StatusCode::OK, &contact.version, &contact)
}

/// Get with whom a contact is shared.
#[utoipa::path(
    get,
    path = "/api/contacts/{id}/sharing",
    tag = "contacts",
    operation_id = "contactSharing",
    params(("id" = String, Path, description = "The contact's id")),
    responses((status = 200, description = "The readers", body = ContactSharing), Problems)
)]
pub async fn sharing(signed: Signed, Id(id): Id) -> Result<axum::Json<ContactSharing>, Problem> {
    let found =
        signed.run(CostClass::Records, move |gateway, actor| gateway.contact_sharing(actor, &id));
    Ok(axum::Json(found.await?.into()))
}

/// Share a contact, or fields of it, with people, groups or everybody inside.
///
/// Each reader gets a copy of its fields, sealed for it alone. `edited-elsewhere` if the contact is not at
/// the version in `If-Match`.
#[utoipa::path(
    put,
    path = "/api/contacts/{id}/sharing",
    tag = "contacts",
    operation_id = "contactShare",
    params(
        ("id" = String, Path, description = "The contact's id"),
        ("If-Match" = String, Header, description = "The ETag of the contact")
    ),
    request_body = ContactSharingChange,
    responses((status = 200, description = "The readers", body = ContactSharing), Problems)
)]
pub async fn share(
    signed: Signed,
    Id(id): Id,
    headers: HeaderMap,
    Json(change): Json<ContactSharingChange>,
) -> Result<axum::Json<ContactSharing>, Problem> {
    let over = version(&headers)?;
    let wanted: Vec<WantedShare> = each(change.shares);
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.contact_share(actor, &id, over, &wanted)
    });
    Ok(axum::Json(done.await?.into()))
}

/// Get who may add contacts to this account's address book.
#[utoipa::path(
    get,
    path = "/api/contacts/adders",
    tag = "contacts",
    operation_id = "contactAdders",
    responses((status = 200, description = "Who may", body = ContactAdders), Problems)
)]
pub async fn adders(signed: Signed) -> Result<axum::Json<ContactAdders>, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| gateway.contact_adders(actor));
    Ok(axum::Json(ContactAdders { adders: each(found.await?) }))
}

/// Say who may add contacts to this account's address book. They read and change what they added.
#[utoipa::path(
    put,
    path = "/api/contacts/adders",
    tag = "contacts",
    operation_id = "contactAddersSet",
    request_body = ContactAdders,
    responses((status = 200, description = "Who may", body = ContactAdders), Problems)
)]
pub async fn adders_set(
    signed: Signed,
    Json(wanted): Json<ContactAdders>,
) -> Result<axum::Json<ContactAdders>, Problem> {
    let wanted: Vec<NamedReader> = each(wanted.adders);
    let done = signed
        .run(CostClass::Records, move |gateway, actor| gateway.contact_adders_set(actor, &wanted));
    Ok(axum::Json(ContactAdders { adders: each(done.await?) }))
}

/// Get a part of the contacts that others share with this account.
#[utoipa::path(
    get,
    path = "/api/contacts/shared",
    tag = "contacts",
    operation_id = "contactsShared",
    params(SharedContactsQuery),
    responses((status = 200, description = "The contacts", body = SharedContacts), Problems)
)]
pub async fn list(
    signed: Signed,
    Params(query): Params<SharedContactsQuery>,
) -> Result<axum::Json<SharedContacts>, Problem> {
    let SharedContactsQuery { q, offset, limit } = query;
    let query = SharedQuery { text: q, offset, limit };
    let found = signed.run(CostClass::Content, move |gateway, actor| {
        SharedContacts::of(gateway, actor, gateway.contacts_shared(actor, &query)?)
    });
    Ok(axum::Json(found.await?))
}

/// Get a contact that somebody else shares.
#[utoipa::path(
    get,
    path = "/api/contacts/shared/{owner}/{id}",
    tag = "contacts",
    operation_id = "contactShared",
    params(
        ("owner" = String, Path, description = "The owner's id"),
        ("id" = String, Path, description = "The contact's id")
    ),
    responses((status = 200, description = "The contact", body = SharedContact), Problems)
)]
pub async fn read(signed: Signed, OfOwner { owner, id }: OfOwner) -> Result<Response, Problem> {
    let found = signed.run(CostClass::Records, move |gateway, actor| {
        SharedContact::of(gateway, actor, gateway.contact_shared(actor, &owner, &id)?)
    });
    Ok(answer(found.await?))
}

/// Change fields of a contact that somebody else shares.
///
/// Only fields in its `edit`. The change waits until the owner opens the contacts, whose session puts it
/// into the contact; two changes of one field are both kept, and the owner says which is meant.
#[utoipa::path(
    patch,
    path = "/api/contacts/shared/{owner}/{id}",
    tag = "contacts",
    operation_id = "contactSharedChange",
    params(
        ("owner" = String, Path, description = "The owner's id"),
        ("id" = String, Path, description = "The contact's id"),
        ("If-Match" = String, Header, description = "The ETag of the version that was edited")
    ),
    request_body = ContactChange,
    responses((status = 200, description = "The contact", body = SharedContact), Problems)
)]
pub async fn change(
    signed: Signed,
    OfOwner { owner, id }: OfOwner,
    headers: HeaderMap,
    Json(change): Json<ContactChange>,
) -> Result<Response, Problem> {
    let (over, patch) = (tag(&headers)?.to_owned(), ContactPatch::from(change));
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        let of = (owner.as_str(), id.as_str());
        let over = gateway.contact_shared_over(actor, of, &over)?;
        let view = gateway.contact_shared_change(actor, of, over, &patch)?;
        SharedContact::of(gateway, actor, view)
    });
    Ok(answer(done.await?))
}

/// Add a contact to the address book of somebody who allows it. It waits until the owner opens the contacts.
///
/// Requests with the same `Idempotency-Key` add it only once.
#[utoipa::path(
    post,
    path = "/api/contacts/shared/{id}",
    tag = "contacts",
    operation_id = "contactSharedAdd",
    params(
        ("id" = String, Path, description = "The owner's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "8 to 64 letters, digits, - and _")
    ),
    request_body = ContactFields,
    responses((status = 201, description = "It waits", body = SharedContactAdded), Problems)
)]
pub async fn add(
    signed: Signed,
    Id(owner): Id,
    headers: HeaderMap,
    Json(wanted): Json<ContactFields>,
) -> Result<(StatusCode, axum::Json<SharedContactAdded>), Problem> {
    let (key, contact) = (request_key_if_any(&headers)?, contacts::Contact::from(wanted));
    let id = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.contact_shared_add_once(actor, &owner, &contact, key.as_deref())
    });
    Ok((StatusCode::CREATED, axum::Json(SharedContactAdded { id: id.await? })))
}

/// Get what others changed and added in this account's address book.
#[utoipa::path(
    get,
    path = "/api/contacts/edits",
    tag = "contacts",
    operation_id = "contactEdits",
    responses((status = 200, description = "The changes", body = ContactEdits), Problems)
)]
pub async fn edits(signed: Signed) -> Result<axum::Json<ContactEdits>, Problem> {
    let found = signed.run(CostClass::Content, |gateway, actor| {
        gateway.contact_edits_take_or_not(actor);
        gateway.contact_book_step_or_not(actor);
        gateway.contact_edits(actor)
    });
    Ok(axum::Json(ContactEdits { items: each(found.await?) }))
}

/// Undo a change by somebody else, or use one that was kept beside the contact.
#[utoipa::path(
    post,
    path = "/api/contacts/edits/{ref}",
    tag = "contacts",
    operation_id = "contactEditAnswer",
    params(("ref" = String, Path, description = "The change's reference number")),
    request_body = ContactEditAnswer,
    responses(super::Done, Problems)
)]
pub async fn edit_answer(
    signed: Signed,
    Ref(reference): Ref,
    Json(answer): Json<ContactEditAnswer>,
) -> Result<StatusCode, Problem> {
    let answer = match answer.act {
        ContactEditAct::Undo => EditAnswer::Undo,
        ContactEditAct::Use => EditAnswer::Use,
    };
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.contact_edit_answer(actor, reference, answer)
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
