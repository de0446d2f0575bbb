//! Messages: listing, opening, rejecting, changing and deleting them.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::clock::Timestamp;
use crate::gateway;
use crate::gateway::mailboxes::list::PAGE_MAX;
use crate::mail::reference::Reference;
use crate::terms::RejectReason;
use crate::web::auth::Signed;
use crate::web::body::{Json, MessageOctets, Params, Ref};
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::{CostClass, Reads};

use super::Done;
use super::view::{Change, Detail, Item, Page};

/// The requested page of a mailbox.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// A mailbox's id, or its role.
    pub mailbox: String,
    /// The `next` of the previous page.
    pub before: Option<String>,
    /// The maximum number of messages, or of conversations, 1 to 200; 50 by default.
    #[serde(default = "page_default")]
    pub limit: usize,
}

impl PageQuery {
    /// Refuses a limit that is none.
    pub fn check(&self) -> Result<(), Problem> {
        match (1..=PAGE_MAX).contains(&self.limit) {
            true => Ok(()),
            false => Err(Problem::invalid(format!("`limit` must be 1 to {PAGE_MAX}."))),
        }
    }
}

fn page_default() -> usize {
    50
}

/// The rejection of a message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    reason: Option<RejectReason>,
    /// Whether an outside sender may be notified, where the message's `asksConfirmation` is true.
    /// After `false` the sender is not notified, even if the settings have changed meanwhile.
    confirm: Option<bool>,
}

/// The opening of a message.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Whether an outside sender may be notified, where the message's `asksConfirmation` is true.
    /// After `false` the sender is not notified, even if the settings have changed meanwhile.
    confirm: Option<bool>,
}

/// The result of rejecting a message.
#[derive(Serialize, ToSchema)]
pub struct Rejected {
    reference: String,
    outcome: Outcome,
    #[schema(format = DateTime)]
    at: String,
}

/// The outcome of which the sender is notified.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Rejected,
}

/// One change to many messages.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The reference numbers, at most 500.
    references: Vec<String>,
    change: Change,
}

/// The messages that were changed; each one succeeds or fails separately.
#[derive(Serialize, ToSchema)]
pub struct BatchResult {
    state: String,
    done: Vec<String>,
    failed: Vec<Failed>,
}

/// A message that was not changed.
#[derive(Serialize, ToSchema)]
pub struct Failed {
    reference: String,
    code: String,
}

/// List a page of a mailbox, newest first.
#[utoipa::path(
    get,
    path = "/api/messages",
    tag = "messages",
    operation_id = "messages",
    params(PageQuery),
    responses((status = 200, description = "The page", body = Page), Problems)
)]
pub async fn list(
    signed: Signed,
    Params(page): Params<PageQuery>,
) -> Result<axum::Json<Page>, Problem> {
    page.check()?;
    let page = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.message_list(actor, &page.mailbox, page.before.as_deref(), page.limit)
    });
    Ok(axum::Json(page.await?.into()))
}

/// Get one message as the list shows it, without opening it.
#[utoipa::path(
    get,
    path = "/api/messages/{ref}/item",
    tag = "messages",
    operation_id = "messageItem",
    params(("ref" = String, Path, description = "The reference number")),
    responses((status = 200, description = "The message", body = Item), Problems)
)]
pub async fn item(signed: Signed, Ref(reference): Ref) -> Result<axum::Json<Item>, Problem> {
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.message_item(actor, reference));
    Ok(axum::Json(found.await?.into()))
}

/// The requested messages: those of a mailbox, those that a search finds, or those that it finds in
/// a mailbox.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct All {
    /// The id or role of a mailbox.
    mailbox: Option<String>,
    /// A search query.
    q: Option<String>,
    /// The `next` of the previous page.
    before: Option<String>,
}

/// Messages with only those properties that can be changed.
#[derive(Serialize, ToSchema)]
pub struct AllFlags {
    items: Vec<Flags>,
    /// The `before` of the next page; `null` at the end.
    next: Option<String>,
}

/// The properties of a message that can be changed, and where it stands in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Flags {
    reference: String,
    /// The mailbox's id.
    mailbox: String,
    #[schema(format = DateTime)]
    received_at: String,
    opened: bool,
    unread: bool,
    starred: bool,
    /// The id of the conversation; messages of the same conversation share it.
    conversation: Option<String>,
    /// The numbers of the message's labels.
    labels: Vec<u16>,
}

impl From<gateway::Flags> for Flags {
    fn from(one: gateway::Flags) -> Flags {
        Flags {
            reference: one.reference.to_string(),
            mailbox: one.mailbox,
            received_at: one.received.to_rfc3339(),
            opened: one.opened,
            unread: one.unread,
            starred: one.starred,
            conversation: one.conversation,
            labels: one.labels,
        }
    }
}

/// The requested messages.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The reference numbers, at most 200.
    references: Vec<String>,
}

/// Messages as the list shows them.
#[derive(Serialize, ToSchema)]
pub struct Items {
    items: Vec<Item>,
}

/// How messages begin.
#[derive(Serialize, ToSchema)]
pub struct Beginnings {
    items: Vec<Beginning>,
}

/// The first words of a message that was opened, on one line.
#[derive(Serialize, ToSchema)]
pub struct Beginning {
    reference: String,
    text: String,
}

/// The mailbox that a message is imported into.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportInto {
    /// A mailbox's id, or its role.
    mailbox: String,
    /// When the message was received (RFC 3339), as the file around it says. It counts where
    /// neither Date nor Received in the message can be read.
    received: Option<String>,
}

impl ImportInto {
    fn received(&self) -> Result<Option<Timestamp>, Problem> {
        let parsed = |text: &String| {
            Timestamp::parse_rfc3339(text).ok_or(Problem::invalid(
                "\u{201c}received\u{201d} is not a date and time (RFC 3339).",
            ))
        };
        self.received.as_ref().map(parsed).transpose()
    }
}

/// The result of importing a message.
#[derive(Serialize, ToSchema)]
pub struct Imported {
    reference: String,
    /// Whether the account already had the message, which was not stored again.
    known: bool,
}

/// The messages of a conversation.
#[derive(Serialize, ToSchema)]
pub struct Conversation {
    /// The messages, oldest first.
    items: Vec<Item>,
}

/// List all messages of a mailbox or all search results, in order to change them together.
#[utoipa::path(
    get,
    path = "/api/messages/flags",
    tag = "messages",
    operation_id = "messagesFlags",
    params(All),
    responses((status = 200, description = "A page, newest first", body = AllFlags), Problems)
)]
pub async fn marks(
    signed: Signed,
    Params(All { mailbox, q, before }): Params<All>,
) -> Result<axum::Json<AllFlags>, Problem> {
    let page = signed.run(CostClass::Content, move |gateway, actor| match (&mailbox, &q) {
        (Some(mailbox), None) => gateway.message_flags(actor, mailbox, before.as_deref()),
        (_, Some(q)) => gateway.search_flags(actor, q, mailbox.as_deref(), before.as_deref()),
        _ => Err(gateway::Error::Invalid { what: "`mailbox` or `q` is needed".to_owned() }),
    });
    let gateway::FlagsPage { items, next } = page.await?;
    Ok(axum::Json(AllFlags { items: items.into_iter().map(Flags::from).collect(), next }))
}

/// Get several messages as the list shows them, without opening them; unknown ones are omitted.
#[utoipa::path(
    post,
    path = "/api/messages/items",
    tag = "messages",
    operation_id = "messagesItems",
    request_body = Wanted,
    responses((status = 200, description = "The messages", body = Items), Problems)
)]
pub async fn items(
    signed: Signed,
    Json(Wanted { references }): Json<Wanted>,
) -> Result<axum::Json<Items>, Problem> {
    let references: Vec<Reference> =
        references.iter().filter_map(|reference| reference.parse().ok()).collect();
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.message_items(actor, &references));
    Ok(axum::Json(Items { items: found.await?.into_iter().map(Item::from).collect() }))
}

/// Get the first words of several messages, without opening them; those that were not opened, are
/// not indexed yet or have no text are omitted.
#[utoipa::path(
    post,
    path = "/api/messages/beginnings",
    tag = "messages",
    operation_id = "messagesBeginnings",
    request_body = Wanted,
    responses((status = 200, description = "The first words", body = Beginnings), Problems)
)]
pub async fn beginnings(
    signed: Signed,
    Json(Wanted { references }): Json<Wanted>,
) -> Result<axum::Json<Beginnings>, Problem> {
    let references: Vec<Reference> =
        references.iter().filter_map(|reference| reference.parse().ok()).collect();
    let found = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.message_beginnings(actor, &references)
    });
    let beginning = |one: gateway::search::Beginning| Beginning {
        reference: one.reference.to_string(),
        text: one.text,
    };
    Ok(axum::Json(Beginnings { items: found.await?.into_iter().map(beginning).collect() }))
}

/// Import a message from a file.
///
/// It counts as opened, and its sender is not notified. A message that the account already has,
/// with the same identifier, sender, subject and text, is not stored again.
#[utoipa::path(
    post,
    path = "/api/messages/import",
    tag = "messages",
    operation_id = "messageImport",
    params(ImportInto),
    request_body(content = String, content_type = "application/octet-stream",
        description = "The message (RFC 5322), with any kind of line ending"),
    responses((status = 201, description = "The message is stored", body = Imported), Problems)
)]
pub async fn import(
    signed: Signed,
    Params(into): Params<ImportInto>,
    MessageOctets(octets): MessageOctets,
) -> Result<(StatusCode, axum::Json<Imported>), Problem> {
    let received = into.received()?;
    let done = signed.run(CostClass::Content, move |gateway, actor| {
        gateway.message_import(actor, &into.mailbox, &octets, received)
    });
    let done = done.await?;
    let reference = done.item.reference.to_string();
    Ok((StatusCode::CREATED, axum::Json(Imported { reference, known: done.known })))
}

/// List the messages of a message's conversation, without opening them.
///
/// They can be in any mailbox; junk and trash are included only if the message itself is there.
#[utoipa::path(
    get,
    path = "/api/messages/{ref}/conversation",
    tag = "messages",
    operation_id = "conversation",
    params(("ref" = String, Path, description = "The reference number")),
    responses((status = 200, description = "The messages", body = Conversation), Problems)
)]
pub async fn conversation(
    signed: Signed,
    Ref(reference): Ref,
) -> Result<axum::Json<Conversation>, Problem> {
    let found = signed
        .run(CostClass::Records, move |gateway, actor| gateway.conversation(actor, reference));
    let items = found.await?.into_iter().map(Item::from).collect();
    Ok(axum::Json(Conversation { items }))
}

/// Open a message.
///
/// It is marked as read, and its sender is notified. An outside sender is notified only if the
/// account's preferences or `confirm` allow it.
#[utoipa::path(
    post,
    path = "/api/messages/{ref}/open",
    tag = "messages",
    operation_id = "messageOpen",
    params(("ref" = String, Path, description = "The reference number")),
    request_body = Option<Open>,
    responses((status = 200, description = "The message", body = Detail), Problems)
)]
pub async fn open(
    signed: Signed,
    Ref(reference): Ref,
    body: Option<Json<Open>>,
) -> Result<axum::Json<Detail>, Problem> {
    let confirm = body.and_then(|Json(open)| open.confirm);
    let opened = signed.run_content((reference, Reads::Itself), move |gateway, actor| {
        // Before the opening, which its sender may learn of: nothing that fails here comes after it.
        let meeting = gateway.meeting_of(actor, reference)?;
        let (item, content) = gateway.message_open(actor, reference, confirm)?;
        let signature = gateway.message_signature(actor, &item, &content)?;
        Ok::<_, gateway::Error>(Detail::of(item, &content).signed(signature).about(meeting))
    });
    Ok(axum::Json(opened.await?))
}

/// Get a message that was opened before; `not-opened` (409) otherwise.
#[utoipa::path(
    get,
    path = "/api/messages/{ref}",
    tag = "messages",
    operation_id = "messageRead",
    params(("ref" = String, Path, description = "The reference number")),
    responses(
        (status = 200, description = "The message", body = Detail),
        (status = 409, description = "It has not been opened yet", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn read(signed: Signed, Ref(reference): Ref) -> Result<axum::Json<Detail>, Problem> {
    let read = signed.run_content((reference, Reads::Itself), move |gateway, actor| {
        let (item, content) = gateway.message_raw(actor, reference)?;
        let signature = gateway.message_signature(actor, &item, &content)?;
        let meeting = gateway.meeting_of(actor, reference)?;
        Ok::<_, gateway::Error>(Detail::of(item, &content).signed(signature).about(meeting))
    });
    Ok(axum::Json(read.await?))
}

/// Reject a message unread.
///
/// It is destroyed here, and its sender is notified. An outside sender is notified only if the
/// account's preferences or `confirm` allow it.
#[utoipa::path(
    post,
    path = "/api/messages/{ref}/reject",
    tag = "messages",
    operation_id = "messageReject",
    params(("ref" = String, Path, description = "The reference number")),
    request_body = Reject,
    responses(
        (status = 200, description = "Rejected", body = Rejected),
        (status = 409, description = "It was already opened", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn reject(
    signed: Signed,
    Ref(reference): Ref,
    Json(Reject { reason, confirm }): Json<Reject>,
) -> Result<axum::Json<Rejected>, Problem> {
    let rejected = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.message_reject(actor, reference, reason, confirm)
    });
    let at = rejected.await?.to_rfc3339();
    let reference = reference.to_string();
    Ok(axum::Json(Rejected { reference, outcome: Outcome::Rejected, at }))
}

/// Change a message's flags and labels, or move it.
#[utoipa::path(
    patch,
    path = "/api/messages/{ref}",
    tag = "messages",
    operation_id = "messageChange",
    params(("ref" = String, Path, description = "The reference number")),
    request_body = Change,
    responses((status = 200, description = "The message", body = Item), Problems)
)]
pub async fn change(
    signed: Signed,
    Ref(reference): Ref,
    Json(change): Json<Change>,
) -> Result<axum::Json<Item>, Problem> {
    let change = gateway::Change::from(change);
    let changed = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.message_change(actor, reference, &change)
    });
    Ok(axum::Json(changed.await?.into()))
}

/// Change several messages at once.
#[utoipa::path(
    post,
    path = "/api/messages/batch",
    tag = "messages",
    operation_id = "messagesChange",
    request_body = Batch,
    responses((status = 200, description = "The results", body = BatchResult), Problems)
)]
pub async fn change_many(
    signed: Signed,
    Json(batch): Json<Batch>,
) -> Result<axum::Json<BatchResult>, Problem> {
    let max = signed.web.shared.config.batch_references_max;
    if batch.references.len() > max {
        return Err(Problem::invalid(format!("At most {max} references are allowed.")));
    }
    let change = gateway::Change::from(batch.change);
    let (known, unknown): (Vec<_>, Vec<_>) = batch
        .references
        .into_iter()
        .map(|text| (text.parse::<Reference>(), text))
        .partition(|(parsed, _)| parsed.is_ok());
    let known: Vec<Reference> = known.into_iter().filter_map(|(parsed, _)| parsed.ok()).collect();
    let changed = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.message_change_many(actor, &known, &change)
    });
    let changed = changed.await?;
    let failed = changed.failed.into_iter().map(|(reference, code)| Failed {
        reference: reference.to_string(),
        code: code.to_owned(),
    });
    let unknown = unknown
        .into_iter()
        .map(|(_, reference)| Failed { reference, code: "not-found".to_owned() });
    Ok(axum::Json(BatchResult {
        state: changed.state,
        done: changed.done.iter().map(Reference::to_string).collect(),
        failed: failed.chain(unknown).collect(),
    }))
}

/// Delete an opened message: this reader's copy and key; `not-opened` (409) if it is unopened.
#[utoipa::path(
    delete,
    path = "/api/messages/{ref}",
    tag = "messages",
    operation_id = "messageDelete",
    params(("ref" = String, Path, description = "The reference number")),
    responses(Done, Problems)
)]
pub async fn delete(signed: Signed, Ref(reference): Ref) -> Result<StatusCode, Problem> {
    let done = signed
        .run(CostClass::Records, move |gateway, actor| gateway.message_delete(actor, reference));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}
