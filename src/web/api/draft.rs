//! Drafts, and the files attached to them.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use crate::gateway::upload::{CHUNK_OCTETS_MAX, SHOWN_OCTETS_MAX, UploadView};
use crate::gateway::{self, DraftContent, DraftRow, DraftView};
use crate::mail::message;
use crate::mail::reference::Reference;
use crate::net::shares::Held;
use crate::terms::{Choice, Language, RelationKind};
use crate::web::asker::Holder;
use crate::web::auth::Signed;
use crate::web::body::{Id, Json, MessageJson, Octets, Params, Ref};
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::headers::DOWNLOAD_POLICY;
use crate::web::state::CostClass;

use super::Done;

/// A recipient of a message.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Addressee {
    name: Option<String>,
    address: String,
}

/// The message that a message replies to or forwards.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RelatedMessage {
    reference: String,
    kind: RelationKind,
}

/// The content of a draft.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Content {
    #[serde(default)]
    to: Vec<Addressee>,
    #[serde(default)]
    cc: Vec<Addressee>,
    #[serde(default)]
    bcc: Vec<Addressee>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    /// HTML with paragraphs, emphasis, lists, quotations, links, and images whose source is `cid:`
    /// with the ID of one of the attachments; anything else is removed.
    #[serde(default)]
    html: Option<String>,
    /// The ids of uploads, in order.
    #[serde(default)]
    attachments: Vec<String>,
    #[serde(default)]
    related: Option<RelatedMessage>,
    /// The sender's choice for individual recipients, by address.
    #[serde(default)]
    choices: BTreeMap<String, Choice>,
    /// Whether the message is signed; `null`: as the account chose for all.
    #[serde(default)]
    signed: Option<bool>,
}

/// New content for an existing draft.
#[derive(Deserialize, ToSchema)]
pub struct Save {
    #[serde(flatten)]
    content: Content,
    /// The version that was edited.
    version: u32,
}

/// A draft.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    id: String,
    version: u32,
    #[schema(format = DateTime)]
    saved_at: String,
    #[serde(flatten)]
    content: Content,
    uploads: Vec<Upload>,
}

/// A draft in the list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DraftItem {
    id: String,
    version: u32,
    #[schema(format = DateTime)]
    saved_at: String,
    /// The first few recipients.
    recipients: Vec<Addressee>,
    subject: String,
    related: Option<RelatedMessage>,
}

/// The drafts, latest first.
#[derive(Serialize, ToSchema)]
pub struct Drafts {
    items: Vec<DraftItem>,
}

/// A file to be uploaded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    name: String,
    #[serde(rename = "type", default)]
    media: String,
    /// The size in octets.
    size: u64,
}

/// A file that has been uploaded, completely or in part.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    id: String,
    name: String,
    #[serde(rename = "type")]
    media: String,
    size: u64,
    /// The octets received so far, which is also the offset of the next piece.
    received: u64,
    /// The maximum size of a piece, in octets.
    chunk_octets: usize,
}

/// The position of a piece.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Offset {
    offset: u64,
}

/// How the new draft relates to the message.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct How {
    #[param(inline)]
    kind: RelationKind,
    /// The tag of the language in which the quotation is introduced, one of those of the pages;
    /// by default the one that the user chose.
    language: Option<String>,
}

fn language_of(tag: &str) -> Result<Language, Problem> {
    Language::from_tag(tag).ok_or_else(|| Problem::invalid("`language` is none of the pages'."))
}

impl RelatedMessage {
    /// Converts this to the core's type; an invalid reference number is the client's error.
    pub fn read(&self) -> Result<gateway::RelatedMessage, Problem> {
        let reference: Result<Reference, _> = self.reference.parse();
        let reference = reference.map_err(|error| Problem::invalid(format!("{error}.")))?;
        Ok(gateway::RelatedMessage { message: reference.to_bytes(), kind: self.kind })
    }

    fn of(related: &gateway::RelatedMessage) -> Option<RelatedMessage> {
        let reference = Reference::from_bytes(related.message)?.to_string();
        Some(RelatedMessage { reference, kind: related.kind })
    }
}

impl Content {
    fn read(self) -> Result<DraftContent, Problem> {
        let people = |list: Vec<Addressee>| {
            let one =
                |Addressee { name, address }| gateway::outgoing::draft::Addressee { name, address };
            list.into_iter().map(one).collect()
        };
        Ok(DraftContent {
            to: people(self.to),
            cc: people(self.cc),
            bcc: people(self.bcc),
            subject: self.subject,
            text: self.text,
            html: self.html,
            attachments: self.attachments,
            related: self.related.as_ref().map(RelatedMessage::read).transpose()?,
            choices: self.choices,
            signed: self.signed,
        })
    }

    fn of(content: DraftContent) -> Content {
        let people = |list: Vec<gateway::outgoing::draft::Addressee>| {
            let one =
                |gateway::outgoing::draft::Addressee { name, address }| Addressee { name, address };
            list.into_iter().map(one).collect()
        };
        Content {
            to: people(content.to),
            cc: people(content.cc),
            bcc: people(content.bcc),
            subject: content.subject,
            text: content.text,
            html: content.html,
            attachments: content.attachments,
            related: content.related.as_ref().and_then(RelatedMessage::of),
            choices: content.choices,
            signed: content.signed,
        }
    }
}

impl From<DraftRow> for DraftItem {
    fn from(row: DraftRow) -> DraftItem {
        let one =
            |gateway::outgoing::draft::Addressee { name, address }| Addressee { name, address };
        DraftItem {
            id: row.id,
            version: row.version,
            saved_at: row.saved.to_rfc3339(),
            recipients: row.recipients.into_iter().map(one).collect(),
            subject: row.subject,
            related: row.related.as_ref().and_then(RelatedMessage::of),
        }
    }
}

impl From<DraftView> for Draft {
    fn from(view: DraftView) -> Draft {
        Draft {
            id: view.id,
            version: view.version,
            saved_at: view.saved.to_rfc3339(),
            content: Content::of(view.content),
            uploads: view.uploads.into_iter().map(Upload::from).collect(),
        }
    }
}

impl From<UploadView> for Upload {
    fn from(view: UploadView) -> Upload {
        Upload {
            id: view.id,
            name: view.name,
            media: view.content_type,
            size: view.size,
            received: view.received,
            chunk_octets: CHUNK_OCTETS_MAX,
        }
    }
}

/// Save a new draft.
#[utoipa::path(
    post,
    path = "/api/drafts",
    tag = "drafts",
    operation_id = "draftCreate",
    request_body = Content,
    responses((status = 201, description = "The draft", body = Draft), Problems)
)]
pub async fn create(
    signed: Signed,
    MessageJson(content): MessageJson<Content>,
) -> Result<(StatusCode, axum::Json<Draft>), Problem> {
    let content = content.read()?;
    let made =
        signed.run(CostClass::Records, move |gateway, actor| gateway.draft_create(actor, &content));
    Ok((StatusCode::CREATED, axum::Json(made.await?.into())))
}

/// List the drafts, latest first.
#[utoipa::path(
    get,
    path = "/api/drafts",
    tag = "drafts",
    operation_id = "drafts",
    responses((status = 200, description = "The drafts", body = Drafts), Problems)
)]
pub async fn list(signed: Signed) -> Result<axum::Json<Drafts>, Problem> {
    let views = signed.run(CostClass::Records, |gateway, actor| gateway.draft_list(actor)).await?;
    Ok(axum::Json(Drafts { items: views.into_iter().map(DraftItem::from).collect() }))
}

/// Get a draft.
#[utoipa::path(
    get,
    path = "/api/drafts/{id}",
    tag = "drafts",
    operation_id = "draft",
    params(("id" = String, Path, description = "The draft's id")),
    responses((status = 200, description = "The draft", body = Draft), Problems)
)]
pub async fn read(signed: Signed, Id(id): Id) -> Result<axum::Json<Draft>, Problem> {
    let view = signed.run(CostClass::Records, move |gateway, actor| gateway.draft(actor, &id));
    Ok(axum::Json(view.await?.into()))
}

/// Save a draft over the version that was edited; `edited-elsewhere` (409) if it is outdated.
#[utoipa::path(
    put,
    path = "/api/drafts/{id}",
    tag = "drafts",
    operation_id = "draftSave",
    params(("id" = String, Path, description = "The draft's id")),
    request_body = Save,
    responses(
        (status = 200, description = "The draft", body = Draft),
        (status = 409, description = "It was changed elsewhere", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn save(
    signed: Signed,
    Id(id): Id,
    MessageJson(save): MessageJson<Save>,
) -> Result<axum::Json<Draft>, Problem> {
    let content = save.content.read()?;
    let saved = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.draft_save(actor, &id, save.version, &content)
    });
    Ok(axum::Json(saved.await?.into()))
}

/// Delete a draft and its files.
#[utoipa::path(
    delete,
    path = "/api/drafts/{id}",
    tag = "drafts",
    operation_id = "draftDelete",
    params(("id" = String, Path, description = "The draft's id")),
    responses(Done, Problems)
)]
pub async fn delete(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    signed.run(CostClass::Records, move |gateway, actor| gateway.draft_delete(actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Create a draft that replies to an opened message or forwards it.
///
/// Its recipients, subject and quotation are filled in.
#[utoipa::path(
    post,
    path = "/api/drafts/from/{ref}",
    tag = "drafts",
    operation_id = "draftFrom",
    params(("ref" = String, Path, description = "The reference number"), How),
    responses(
        (status = 201, description = "The draft", body = Draft),
        (status = 409, description = "The message has not been opened yet", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn from(
    signed: Signed,
    Ref(reference): Ref,
    Params(how): Params<How>,
) -> Result<(StatusCode, axum::Json<Draft>), Problem> {
    let language = how.language.as_deref().map(language_of).transpose()?;
    let made = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.draft_from(actor, reference, how.kind, language)
    });
    Ok((StatusCode::CREATED, axum::Json(made.await?.into())))
}

/// Start uploading a file.
#[utoipa::path(
    post,
    path = "/api/uploads",
    tag = "drafts",
    operation_id = "uploadCreate",
    request_body = NewUpload,
    responses((status = 201, description = "The file", body = Upload), Problems)
)]
pub async fn upload_begin(
    signed: Signed,
    Json(new): Json<NewUpload>,
) -> Result<(StatusCode, axum::Json<Upload>), Problem> {
    let started = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.upload_begin(actor, &new.name, &new.media, new.size)
    });
    Ok((StatusCode::CREATED, axum::Json(started.await?.into())))
}

/// Get the progress of an upload.
#[utoipa::path(
    get,
    path = "/api/uploads/{id}",
    tag = "drafts",
    operation_id = "upload",
    params(("id" = String, Path, description = "The file's id")),
    responses((status = 200, description = "The file", body = Upload), Problems)
)]
pub async fn upload(signed: Signed, Id(id): Id) -> Result<axum::Json<Upload>, Problem> {
    let view = signed.run(CostClass::Records, move |gateway, actor| gateway.upload(actor, &id));
    Ok(axum::Json(view.await?.into()))
}

/// Get an uploaded image, to show it in the text that is being written.
#[utoipa::path(
    get,
    path = "/api/uploads/{id}/image",
    tag = "drafts",
    operation_id = "uploadImage",
    params(("id" = String, Path, description = "The file's id")),
    responses(
        (status = 200, description = "The image", content_type = "image/*"),
        (status = 409, description = "It has not been uploaded completely", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 413, description = "It has more than 4 MiB", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 415, description = "Not one of PNG, JPEG, GIF, WebP", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn upload_image(signed: Signed, Id(id): Id) -> Result<Response, Problem> {
    // As it is stored, and opened.
    let room = 2 * SHOWN_OCTETS_MAX;
    let shown = signed.run_holding(room, move |gateway, actor| gateway.upload_shown(actor, &id));
    let (octets, mut held) = shown.await?;
    held.shrink_to(octets.len());
    let media = message::image_type(&octets).ok_or_else(Problem::not_an_image)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media)),
        (CONTENT_SECURITY_POLICY, DOWNLOAD_POLICY),
    ];
    Ok((headers, Bytes::from_owner(Image { octets, _held: held })).into_response())
}

/// An image, and what it takes of the memory budget.
struct Image {
    octets: Zeroizing<Vec<u8>>,
    _held: Held<Holder>,
}

impl AsRef<[u8]> for Image {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

/// Append a piece to a file; `wrong-offset` (409) if it does not follow what has been received.
#[utoipa::path(
    put,
    path = "/api/uploads/{id}/content",
    tag = "drafts",
    operation_id = "uploadAppend",
    params(("id" = String, Path, description = "The file's id"), Offset),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The file", body = Upload),
        (status = 409, description = "The offset is wrong", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn upload_append(
    signed: Signed,
    Id(id): Id,
    Params(Offset { offset }): Params<Offset>,
    Octets(octets): Octets,
) -> Result<axum::Json<Upload>, Problem> {
    let done = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.upload_append(actor, &id, offset, &octets)
    });
    Ok(axum::Json(done.await?.into()))
}

/// Delete an uploaded file.
#[utoipa::path(
    delete,
    path = "/api/uploads/{id}",
    tag = "drafts",
    operation_id = "uploadDelete",
    params(("id" = String, Path, description = "The file's id")),
    responses(Done, Problems)
)]
pub async fn upload_delete(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    signed.run(CostClass::Records, move |gateway, actor| gateway.upload_delete(actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
