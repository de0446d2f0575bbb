//! Profiles: the own one, and the directory that shows those of others.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::profiles::fields::{FIELD_COUNT, ProfileField, ProfileText, Published};
use crate::gateway::profiles::own::{
    AudienceView, OwnProfile as Own, Preview, WantedAudience, WantedProfile,
};
use crate::gateway::profiles::people::{PeoplePage, PeopleQuery, PersonView};
use crate::mail::contacts::Photo;
use crate::mail::picture;
use crate::web::auth::Signed;
use crate::web::body::{Id, Json, Octets, Params};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::contact_fields::{ContactWay, each};
use super::contact_share::ContactReader;
use super::photo::shown;
use super::tag::{tagged, version};

/// Whom a field of a profile is for.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileAudienceKind {
    Nobody,
    Named,
    Everybody,
}

/// Whom a field of a profile is for: nobody, people and groups, or everybody inside.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileAudience {
    kind: ProfileAudienceKind,
    /// The people and groups, if they are named.
    #[serde(default)]
    readers: Vec<ContactReader>,
}

/// Whom each field of a profile is for.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileAudiences {
    name: ProfileAudience,
    picture: ProfileAudience,
    phones: ProfileAudience,
    office: ProfileAudience,
    languages: ProfileAudience,
    hours: ProfileAudience,
    about: ProfileAudience,
}

/// What this account says about its user from now on. The picture stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnProfileChange {
    #[serde(default)]
    name: String,
    #[serde(default)]
    phones: Vec<ContactWay>,
    #[serde(default)]
    office: String,
    #[serde(default)]
    languages: Vec<String>,
    /// When the user works.
    #[serde(default)]
    hours: String,
    /// A free text.
    #[serde(default)]
    about: String,
    audiences: ProfileAudiences,
}

/// What this account says about its user, and for whom.
#[derive(Serialize, ToSchema)]
pub struct OwnProfile {
    /// Grows with each change; 0 before the first. Also in `ETag`.
    version: u32,
    name: String,
    phones: Vec<ContactWay>,
    office: String,
    languages: Vec<String>,
    hours: String,
    about: String,
    picture: bool,
    audiences: ProfileAudiences,
    /// Whether a reader sees nothing yet, because the keys of a group wait.
    waits: bool,
    /// Whether something was there that cannot be opened.
    damaged: bool,
}

/// A field of a profile.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileFieldName {
    Name,
    Picture,
    Phones,
    Office,
    Languages,
    Hours,
    About,
}

/// The part of a profile that one reader sees. A field that is not for the reader is left out.
#[derive(Serialize, ToSchema)]
pub struct PublishedProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    phones: Option<Vec<ContactWay>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    office: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    languages: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hours: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    about: Option<String>,
    /// Which fields there are, with the picture if it is one of them.
    fields: Vec<ProfileFieldName>,
}

/// What somebody may see of the own profile.
#[derive(Serialize, ToSchema)]
pub struct ProfilePreview {
    /// Whether that person sees more than that the address exists.
    visible: bool,
    published: PublishedProfile,
}

/// A person in the directory, as this account sees the person.
#[derive(Serialize, ToSchema)]
pub struct DirectoryPerson {
    /// `null` if nothing but the address is shown.
    id: Option<String>,
    /// The name that administrators gave the account; empty if there is none, or if it is not shown.
    name: String,
    address: String,
    published: PublishedProfile,
    /// Whether something for this account cannot be opened: its keys are not there yet, or it was changed.
    closed: bool,
    /// Whether it is this account.
    own: bool,
}

/// A part of the directory, in the order of names.
#[derive(Serialize, ToSchema)]
pub struct DirectoryPage {
    /// Whether there is a directory at this site.
    enabled: bool,
    items: Vec<DirectoryPerson>,
    /// How many the query finds.
    total: usize,
    /// Whether there are more than one question reads; they are not found, either.
    more: bool,
}

/// Whom to look for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProfilesQuery {
    /// The beginning of a word of a name or an address, or words of what people say for this account.
    /// Everybody, if it is empty.
    #[serde(default)]
    q: String,
    #[serde(default)]
    offset: usize,
    /// The most people in the answer, 1 to 100; 50 by default.
    #[serde(default = "limit_default")]
    limit: usize,
}

fn limit_default() -> usize {
    50
}

/// Somebody inside.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProfileOf {
    address: String,
}

const NAMES: [ProfileFieldName; FIELD_COUNT] = [
    ProfileFieldName::Name,
    ProfileFieldName::Picture,
    ProfileFieldName::Phones,
    ProfileFieldName::Office,
    ProfileFieldName::Languages,
    ProfileFieldName::Hours,
    ProfileFieldName::About,
];

impl From<Published> for PublishedProfile {
    fn from(Published { text, fields }: Published) -> PublishedProfile {
        let ProfileText { name, phones, office, languages, hours, about } = text;
        let has = |field| fields.has(field);
        PublishedProfile {
            name: has(ProfileField::Name).then_some(name),
            phones: has(ProfileField::Phones).then(|| each(phones)),
            office: has(ProfileField::Office).then_some(office),
            languages: has(ProfileField::Languages).then_some(languages),
            hours: has(ProfileField::Hours).then_some(hours),
            about: has(ProfileField::About).then_some(about),
            fields: fields.list().into_iter().map(|field| NAMES[field as usize]).collect(),
        }
    }
}

impl From<Preview> for ProfilePreview {
    fn from(Preview { visible, published }: Preview) -> ProfilePreview {
        ProfilePreview { visible, published: published.into() }
    }
}

impl From<PersonView> for DirectoryPerson {
    fn from(view: PersonView) -> DirectoryPerson {
        let PersonView { id, name, address, published, closed, own } = view;
        DirectoryPerson { id, name, address, published: published.into(), closed, own }
    }
}

impl From<PeoplePage> for DirectoryPage {
    fn from(page: PeoplePage) -> DirectoryPage {
        let PeoplePage { enabled, items, total, more } = page;
        DirectoryPage { enabled, items: each(items), total, more }
    }
}

impl From<AudienceView> for ProfileAudience {
    fn from(view: AudienceView) -> ProfileAudience {
        let of = |kind| ProfileAudience { kind, readers: Vec::new() };
        match view {
            AudienceView::Nobody => of(ProfileAudienceKind::Nobody),
            AudienceView::Everybody => of(ProfileAudienceKind::Everybody),
            AudienceView::Named(readers) => {
                ProfileAudience { kind: ProfileAudienceKind::Named, readers: each(readers) }
            }
        }
    }
}

impl From<ProfileAudience> for WantedAudience {
    fn from(ProfileAudience { kind, readers }: ProfileAudience) -> WantedAudience {
        match kind {
            ProfileAudienceKind::Nobody => WantedAudience::Nobody,
            ProfileAudienceKind::Everybody => WantedAudience::Everybody,
            ProfileAudienceKind::Named => {
                WantedAudience::Named(readers.into_iter().map(NamedReader::from).collect())
            }
        }
    }
}

impl From<[AudienceView; FIELD_COUNT]> for ProfileAudiences {
    fn from(views: [AudienceView; FIELD_COUNT]) -> ProfileAudiences {
        let [name, picture, phones, office, languages, hours, about] =
            views.map(ProfileAudience::from);
        ProfileAudiences { name, picture, phones, office, languages, hours, about }
    }
}

impl From<ProfileAudiences> for [WantedAudience; FIELD_COUNT] {
    fn from(wanted: ProfileAudiences) -> [WantedAudience; FIELD_COUNT] {
        let ProfileAudiences { name, picture, phones, office, languages, hours, about } = wanted;
        [name, picture, phones, office, languages, hours, about].map(WantedAudience::from)
    }
}

impl From<OwnProfileChange> for WantedProfile {
    fn from(change: OwnProfileChange) -> WantedProfile {
        let OwnProfileChange { name, phones, office, languages, hours, about, audiences } = change;
        let text = ProfileText { name, phones: each(phones), office, languages, hours, about };
        WantedProfile { text, audiences: audiences.into() }
    }
}

impl From<Own> for OwnProfile {
    fn from(own: Own) -> OwnProfile {
        let Own { version, text, picture, audiences, waits, damaged } = own;
        let ProfileText { name, phones, office, languages, hours, about } = text;
        OwnProfile {
            version,
            name,
            phones: each(phones),
            office,
            languages,
            hours,
            about,
            picture,
            audiences: audiences.into(),
            waits,
            damaged,
        }
    }
}

fn answer(own: Own) -> Response {
    tagged(StatusCode::OK, own.version, OwnProfile::from(own))
}

/// Get what this account says about its user, and for whom.
#[utoipa::path(
    get,
    path = "/api/profile",
    tag = "profiles",
    operation_id = "profile",
    responses((status = 200, description = "The profile", body = OwnProfile), Problems)
)]
pub async fn read(signed: Signed) -> Result<Response, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| {
        gateway.groups_tend_or_not(actor);
        gateway.profile_tend_or_not(actor);
        gateway.profile(actor)
    });
    Ok(answer(found.await?))
}

/// Say something about the user of this account, and for whom.
///
/// Each reader gets a copy of the fields that are for this reader, sealed for it alone. `edited-elsewhere`
/// if the profile is not at the version in `If-Match`, which is `"0"` before the first.
#[utoipa::path(
    put,
    path = "/api/profile",
    tag = "profiles",
    operation_id = "profileSet",
    params(("If-Match" = String, Header, description = "The ETag of the profile")),
    request_body = OwnProfileChange,
    responses((status = 200, description = "The profile", body = OwnProfile), Problems)
)]
pub async fn set(
    signed: Signed,
    headers: HeaderMap,
    Json(change): Json<OwnProfileChange>,
) -> Result<Response, Problem> {
    let (over, wanted) = (version(&headers)?, WantedProfile::from(change));
    let done = signed
        .run(CostClass::Records, move |gateway, actor| gateway.profile_set(actor, over, &wanted));
    Ok(answer(done.await?))
}

/// Get this account's own picture.
#[utoipa::path(
    get,
    path = "/api/profile/picture",
    tag = "profiles",
    operation_id = "profilePicture",
    responses((status = 200, description = "The picture", content_type = "image/*"), Problems)
)]
pub async fn picture(signed: Signed) -> Result<Response, Problem> {
    let found = signed.run(CostClass::Records, |gateway, actor| gateway.profile_picture(actor));
    Ok(shown(found.await?))
}

/// Set this account's picture: a PNG, JPEG, GIF or WebP image of at most 256 KiB and a million pixels.
///
/// It is drawn anew, with at most 256 pixels on each side, and without what the file says besides. Whom it is
/// for stays as it is. `edited-elsewhere` if the profile is not at the version in `If-Match`; `damaged` if its
/// fields cannot be opened, as they would be replaced by none.
#[utoipa::path(
    put,
    path = "/api/profile/picture",
    tag = "profiles",
    operation_id = "profilePictureSet",
    params(("If-Match" = String, Header, description = "The ETag of the profile")),
    request_body(content = String, content_type = "application/octet-stream",
        description = "The image's octets"),
    responses((status = 200, description = "The profile", body = OwnProfile), Problems)
)]
pub async fn picture_set(
    signed: Signed,
    headers: HeaderMap,
    Octets(octets): Octets,
) -> Result<Response, Problem> {
    let over = version(&headers)?;
    let refused = || {
        Problem::invalid(
            "A picture is a PNG, JPEG, GIF or WebP image of at most 256 KiB and a million pixels.",
        )
    };
    let photo = Photo::of(octets.to_vec()).ok_or_else(refused)?;
    let done = signed.run(CostClass::Content, move |gateway, actor| {
        let Some(drawn) = picture::drawn(&photo) else { return Ok(None) };
        gateway.profile_picture_set(actor, over, Some(&drawn)).map(Some)
    });
    Ok(answer(done.await?.ok_or_else(refused)?))
}

/// Remove this account's picture, as it is set.
#[utoipa::path(
    delete,
    path = "/api/profile/picture",
    tag = "profiles",
    operation_id = "profilePictureDrop",
    params(("If-Match" = String, Header, description = "The ETag of the profile")),
    responses((status = 200, description = "The profile", body = OwnProfile), Problems)
)]
pub async fn picture_drop(signed: Signed, headers: HeaderMap) -> Result<Response, Problem> {
    let over = version(&headers)?;
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.profile_picture_set(actor, over, None)
    });
    Ok(answer(done.await?))
}

/// Get what of this account's profile somebody inside may see.
///
/// That is what is sealed for that person: by name, and through groups that both are in. `damaged` if not all
/// of the own profile can be opened, because others may then still see what they saw before.
#[utoipa::path(
    get,
    path = "/api/profile/preview",
    tag = "profiles",
    operation_id = "profilePreview",
    params(ProfileOf),
    responses((status = 200, description = "What that person may see", body = ProfilePreview), Problems)
)]
pub async fn preview(
    signed: Signed,
    Params(ProfileOf { address }): Params<ProfileOf>,
) -> Result<axum::Json<ProfilePreview>, Problem> {
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.profile_preview(actor, &address));
    Ok(axum::Json(found.await?.into()))
}

/// Get a part of the directory: people inside, each with the fields that are for this account.
#[utoipa::path(
    get,
    path = "/api/profiles",
    tag = "profiles",
    operation_id = "profiles",
    params(ProfilesQuery),
    responses((status = 200, description = "The people", body = DirectoryPage), Problems)
)]
pub async fn list(
    signed: Signed,
    Params(query): Params<ProfilesQuery>,
) -> Result<axum::Json<DirectoryPage>, Problem> {
    let ProfilesQuery { q, offset, limit } = query;
    let query = PeopleQuery { text: q, offset, limit };
    let found = signed.run(CostClass::Content, move |gateway, actor| {
        // What is typed into the search asks again and again.
        if query.offset == 0 && query.text.is_empty() {
            gateway.profile_tend_or_not(actor);
        }
        gateway.profiles(actor, &query)
    });
    Ok(axum::Json(found.await?.into()))
}

/// Get the person inside with this address, or login name.
#[utoipa::path(
    get,
    path = "/api/profiles/at",
    tag = "profiles",
    operation_id = "profileAt",
    params(ProfileOf),
    responses((status = 200, description = "The person", body = DirectoryPerson), Problems)
)]
pub async fn at(
    signed: Signed,
    Params(ProfileOf { address }): Params<ProfileOf>,
) -> Result<axum::Json<DirectoryPerson>, Problem> {
    let found =
        signed.run(CostClass::Records, move |gateway, actor| gateway.person_at(actor, &address));
    Ok(axum::Json(found.await?.into()))
}

/// Get a person inside.
#[utoipa::path(
    get,
    path = "/api/profiles/{id}",
    tag = "profiles",
    operation_id = "profileOf",
    params(("id" = String, Path, description = "The person's id")),
    responses((status = 200, description = "The person", body = DirectoryPerson), Problems)
)]
pub async fn person(signed: Signed, Id(id): Id) -> Result<axum::Json<DirectoryPerson>, Problem> {
    let found =
        signed.run(CostClass::Records, move |gateway, actor| gateway.person_profile(actor, &id));
    Ok(axum::Json(found.await?.into()))
}

/// Get a person's picture.
#[utoipa::path(
    get,
    path = "/api/profiles/{id}/picture",
    tag = "profiles",
    operation_id = "profilePictureOf",
    params(("id" = String, Path, description = "The person's id")),
    responses((status = 200, description = "The picture", content_type = "image/*"), Problems)
)]
pub async fn person_picture(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    let found =
        signed.run(CostClass::Records, move |gateway, actor| gateway.person_picture(actor, &id));
    Ok(shown(found.await?))
}
