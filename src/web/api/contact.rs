//! The address book: contacts, and what is found in them.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::contacts::book::ContactView;
use crate::gateway::contacts::list::{ContactItem, ContactPage, ContactQuery, Known, Named};
use crate::gateway::contacts::stored::ContactPatch;
use crate::mail::contacts::{self, Photo};
use crate::web::auth::Signed;
use crate::web::body::{Id, Json, Octets, Params};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::Done;
use super::contact_fields::{ContactChange, ContactFields, each};
use super::photo::shown;
use super::submission::request_key_if_any;
use super::tag::{tagged, version};

/// A contact.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BookContact {
    id: String,
    /// Grows with each change; also in `ETag`.
    version: u32,
    /// The name that lists show.
    shown: String,
    #[serde(flatten)]
    fields: ContactFields,
    photo: bool,
    /// Lines of the card that it came from, for which there are no fields. They are exported again.
    kept: Vec<String>,
}

/// Which contacts are listed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ContactsQuery {
    /// Words that a contact must have, in any of its fields; of long notes, in the beginning.
    #[serde(default)]
    q: String,
    /// A label that it must have.
    label: Option<String>,
    /// Favourites only.
    #[serde(default)]
    favourites: bool,
    /// How many to leave out.
    #[serde(default)]
    offset: usize,
    /// The most contacts in the answer, 1 to 200; 50 by default.
    #[serde(default = "limit_default")]
    limit: usize,
}

fn limit_default() -> usize {
    50
}

/// A contact in a list.
#[derive(Serialize, ToSchema)]
pub struct ContactEntry {
    id: String,
    version: u32,
    name: String,
    email: String,
    company: String,
    labels: Vec<String>,
    favourite: bool,
    photo: bool,
    /// Whether the contact cannot be read; it can be deleted.
    unreadable: bool,
}

/// A label, and how many contacts have it.
#[derive(Serialize, ToSchema)]
pub struct ContactLabel {
    name: String,
    count: usize,
}

/// A part of the contacts, in the order of their names.
#[derive(Serialize, ToSchema)]
pub struct Contacts {
    state: String,
    items: Vec<ContactEntry>,
    /// How many contacts the query finds.
    total: usize,
    /// How many contacts there are.
    all: usize,
    favourites: usize,
    labels: Vec<ContactLabel>,
}

/// Contacts that may be about the same person.
#[derive(Serialize, ToSchema)]
pub struct ContactDuplicates {
    groups: Vec<Vec<ContactEntry>>,
}

/// Contacts to merge: what the first one says goes before what the others say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactsMerge {
    ids: Vec<String>,
}

/// Addresses to look up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactsLookup {
    items: Vec<LookupItem>,
}

/// An address, and the name that stands beside it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupItem {
    address: String,
    #[serde(default)]
    name: String,
}

/// A contact that was looked up.
#[derive(Serialize, ToSchema)]
pub struct ContactKnown {
    id: String,
    name: String,
}

/// What the address book says about an address.
#[derive(Serialize, ToSchema)]
pub struct LookupFound {
    /// The contact that has the address.
    contact: Option<ContactKnown>,
    /// A contact that has the name, and another address.
    namesake: Option<ContactKnown>,
}

/// The answers, in the order of the questions.
#[derive(Serialize, ToSchema)]
pub struct ContactsFound {
    items: Vec<LookupFound>,
}

impl From<ContactView> for BookContact {
    fn from(view: ContactView) -> BookContact {
        let ContactView { id, version, contact, photo } = view;
        let (shown, kept) = (contact.shown(), contact.kept.clone());
        BookContact { id, version, shown, fields: contact.into(), photo, kept }
    }
}

impl From<ContactItem> for ContactEntry {
    fn from(item: ContactItem) -> ContactEntry {
        let ContactItem { id, version, name, email, company, labels, .. } = item;
        let ContactItem { favourite, photo, unreadable, .. } = item;
        ContactEntry { id, version, name, email, company, labels, favourite, photo, unreadable }
    }
}

impl From<ContactPage> for Contacts {
    fn from(page: ContactPage) -> Contacts {
        let ContactPage { state, items, total, all, favourites, labels } = page;
        let label = |(name, count)| ContactLabel { name, count };
        let labels = labels.into_iter().map(label).collect();
        Contacts { state, items: each(items), total, all, favourites, labels }
    }
}

impl From<Known> for LookupFound {
    fn from(known: Known) -> LookupFound {
        let one = |(id, name)| ContactKnown { id, name };
        LookupFound { contact: known.contact.map(one), namesake: known.namesake.map(one) }
    }
}

/// A contact with its version in `ETag`.
fn answer(status: StatusCode, view: ContactView) -> Response {
    tagged(status, view.version, BookContact::from(view))
}

/// Get a part of the contacts.
#[utoipa::path(
    get,
    path = "/api/contacts",
    tag = "contacts",
    operation_id = "contacts",
    params(ContactsQuery),
    responses((status = 200, description = "The contacts", body = Contacts), Problems)
)]
pub async fn list(
    signed: Signed,
    Params(query): Params<ContactsQuery>,
) -> Result<axum::Json<Contacts>, Problem> {
    let ContactsQuery { q, label, favourites, offset, limit } = query;
    let query = ContactQuery { text: q, label, favourites, offset, limit };
    let found = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.contact_edits_take_or_not(actor);
        gateway.contact_book_step_or_not(actor);
        gateway.contact_list(actor, &query)
    });
    Ok(axum::Json(found.await?.into()))
}

/// Add a contact. Requests with the same `Idempotency-Key` add it only once.
#[utoipa::path(
    post,
    path = "/api/contacts",
    tag = "contacts",
    operation_id = "contactCreate",
    params(("Idempotency-Key" = Option<String>, Header, description = "8 to 64 letters, digits, - and _")),
    request_body = ContactFields,
    responses((status = 201, description = "The contact", body = BookContact), Problems)
)]
pub async fn create(
    signed: Signed,
    headers: HeaderMap,
    Json(fields): Json<ContactFields>,
) -> Result<Response, Problem> {
    let (key, contact) = (request_key_if_any(&headers)?, contacts::Contact::from(fields));
    let made = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.contact_create_once(actor, contact, key.as_deref())
    });
    Ok(answer(StatusCode::CREATED, made.await?))
}

/// Get a contact.
#[utoipa::path(
    get,
    path = "/api/contacts/{id}",
    tag = "contacts",
    operation_id = "contact",
    params(("id" = String, Path, description = "The contact's id")),
    responses((status = 200, description = "The contact", body = BookContact), Problems)
)]
pub async fn read(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let view = signed.run(CostClass::Records, move |gateway, actor| gateway.contact(actor, &id));
    Ok(answer(StatusCode::OK, view.await?))
}

/// Change fields of a contact.
///
/// `If-Match` is the `ETag` of the version that was edited. Fields that nobody else changed since are
/// changed; `edited-elsewhere` if one of them was.
#[utoipa::path(
    patch,
    path = "/api/contacts/{id}",
    tag = "contacts",
    operation_id = "contactChange",
    params(
        ("id" = String, Path, description = "The contact's id"),
        ("If-Match" = String, Header, description = "The ETag of the version that was edited")
    ),
    request_body = ContactChange,
    responses((status = 200, description = "The contact", body = BookContact), Problems)
)]
pub async fn change(
    signed: Signed,
    Id(id): Id,
    headers: HeaderMap,
    Json(change): Json<ContactChange>,
) -> Result<Response, Problem> {
    let (over, patch) = (version(&headers)?, ContactPatch::from(change));
    let view = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.contact_change(actor, &id, over, &patch)
    });
    Ok(answer(StatusCode::OK, view.await?))
}

/// Delete a contact. It can be restored for a day.
#[utoipa::path(
    delete,
    path = "/api/contacts/{id}",
    tag = "contacts",
    operation_id = "contactDelete",
    params(("id" = String, Path, description = "The contact's id")),
    responses(Done, Problems)
)]
pub async fn delete(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.contact_delete(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a contact that was deleted less than a day ago.
#[utoipa::path(
    post,
    path = "/api/contacts/{id}/restore",
    tag = "contacts",
    operation_id = "contactRestore",
    params(("id" = String, Path, description = "The contact's id")),
    responses((status = 200, description = "The contact", body = BookContact), Problems)
)]
pub async fn restore(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let view =
        signed.run(CostClass::Records, move |gateway, actor| gateway.contact_restore(actor, &id));
    Ok(answer(StatusCode::OK, view.await?))
}

/// Get the contacts that may be about the same person.
#[utoipa::path(
    get,
    path = "/api/contacts/duplicates",
    tag = "contacts",
    operation_id = "contactDuplicates",
    responses((status = 200, description = "The duplicates", body = ContactDuplicates), Problems)
)]
pub async fn duplicates(signed: Signed) -> Result<axum::Json<ContactDuplicates>, Problem> {
    let found = signed.run(CostClass::Content, |gateway, actor| gateway.contact_duplicates(actor));
    Ok(axum::Json(ContactDuplicates { groups: found.await?.into_iter().map(each).collect() }))
}

/// Make one contact of several.
///
/// It is a new one, and says what the first one says, and what the others say and the first does not.
/// All of them are deleted, and can be restored as they were for a day.
#[utoipa::path(
    post,
    path = "/api/contacts/merge",
    tag = "contacts",
    operation_id = "contactsMerge",
    request_body = ContactsMerge,
    responses((status = 200, description = "The contact", body = BookContact), Problems)
)]
pub async fn merge(signed: Signed, Json(merge): Json<ContactsMerge>) -> Result<Response, Problem> {
    let view = signed
        .run(CostClass::Records, move |gateway, actor| gateway.contact_merge(actor, &merge.ids));
    Ok(answer(StatusCode::OK, view.await?))
}

/// Look up whose addresses these are.
#[utoipa::path(
    post,
    path = "/api/contacts/lookup",
    tag = "contacts",
    operation_id = "contactsLookup",
    request_body = ContactsLookup,
    responses((status = 200, description = "What is known", body = ContactsFound), Problems)
)]
pub async fn lookup(
    signed: Signed,
    Json(lookup): Json<ContactsLookup>,
) -> Result<axum::Json<ContactsFound>, Problem> {
    let named = |LookupItem { address, name }| Named { address, name };
    let asked: Vec<Named> = lookup.items.into_iter().map(named).collect();
    let found =
        signed.run(CostClass::Content, move |gateway, actor| gateway.contacts_known(actor, &asked));
    Ok(axum::Json(ContactsFound { items: each(found.await?) }))
}

/// Get a contact's photo.
#[utoipa::path(
    get,
    path = "/api/contacts/{id}/photo",
    tag = "contacts",
    operation_id = "contactPhoto",
    params(("id" = String, Path, description = "The contact's id")),
    responses((status = 200, description = "The photo", content_type = "image/*"), Problems)
)]
pub async fn photo(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let found =
        signed.run(CostClass::Records, move |gateway, actor| gateway.contact_photo(actor, &id));
    Ok(shown(found.await?))
}

/// Set a contact's photo: a PNG, JPEG, GIF or WebP image of at most 256 KiB, and 2,048 pixels on each
/// side.
#[utoipa::path(
    put,
    path = "/api/contacts/{id}/photo",
    tag = "contacts",
    operation_id = "contactPhotoSet",
    params(("id" = String, Path, description = "The contact's id")),
    request_body(content = String, content_type = "application/octet-stream",
        description = "The image's octets"),
    responses((status = 200, description = "The contact", body = BookContact), Problems)
)]
pub async fn photo_set(
    signed: Signed,
    Id(id): Id,
    Octets(octets): Octets,
) -> Result<Response, Problem> {
    let photo = Photo::of(octets.to_vec()).ok_or_else(|| {
        Problem::invalid("A photo is a PNG, JPEG, GIF or WebP image of at most 256 KiB.")
    })?;
    let view = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.contact_photo_set(actor, &id, Some(&photo))
    });
    Ok(answer(StatusCode::OK, view.await?))
}

/// Remove a contact's photo.
#[utoipa::path(
    delete,
    path = "/api/contacts/{id}/photo",
    tag = "contacts",
    operation_id = "contactPhotoDrop",
    params(("id" = String, Path, description = "The contact's id")),
    responses((status = 200, description = "The contact", body = BookContact), Problems)
)]
pub async fn photo_drop(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let view = signed
        .run(CostClass::Records, move |gateway, actor| gateway.contact_photo_set(actor, &id, None));
    Ok(answer(StatusCode::OK, view.await?))
}
