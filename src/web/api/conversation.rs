//! A mailbox by conversations, as the list shows them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::gateway::mailboxes::grouping::{self, GroupedPage};
use crate::web::auth::Signed;
use crate::web::body::{Params, Ref};
use crate::web::error::{Problem, Problems};
use crate::web::state::CostClass;

use super::message::{Flags, PageQuery};
use super::view::{Item, Standing};

/// A page of the conversations of a mailbox.
#[derive(Serialize, ToSchema)]
pub struct Conversations {
    state: String,
    /// How many messages the mailbox has.
    total: u64,
    /// How many of them are unread.
    unread: u64,
    /// The conversations, the one with the newest message first. There may be fewer than asked for, or
    /// none, although there are more.
    items: Vec<ConversationRow>,
    /// The `before` of the next page; `null` at the end.
    next: Option<String>,
}

/// The messages of one conversation, as the list of a mailbox shows them. A message that belongs to no
/// conversation has a row of its own.
#[derive(Serialize, ToSchema)]
pub struct ConversationRow {
    /// The newest message in the mailbox.
    latest: Item,
    /// How many messages the conversation has in all mailboxes. Those in junk and trash count only for
    /// a row there.
    total: usize,
    /// How many messages in the mailbox are unread.
    unread: usize,
    /// Of the messages in the mailbox that the account sent, the standing that most needs the sender.
    standing: Option<Standing>,
    /// The authors of the newest messages in the mailbox that the account did not send, each once;
    /// those whom something speaks against, as a failed check of the sender, are left out.
    authors: Vec<Author>,
    /// All other messages of the conversation in all mailboxes, newest first.
    members: Vec<ConversationMember>,
}

/// The stated author of a message.
#[derive(Serialize, ToSchema)]
#[schema(as = ConversationAuthor)]
pub struct Author {
    name: Option<String>,
    address: Option<String>,
}

/// A message of a conversation, with its properties only.
#[derive(Serialize, ToSchema)]
pub struct ConversationMember {
    #[serde(flatten)]
    flags: Flags,
    /// Whether the account itself sent the message.
    sent: bool,
    standing: Option<Standing>,
}

/// List a page of the conversations of a mailbox, without opening anything.
#[utoipa::path(
    get,
    path = "/api/conversations",
    tag = "messages",
    operation_id = "conversations",
    params(PageQuery),
    responses((status = 200, description = "The page", body = Conversations), Problems)
)]
pub async fn list(
    signed: Signed,
    Params(page): Params<PageQuery>,
) -> Result<axum::Json<Conversations>, Problem> {
    page.check()?;
    let page = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.conversation_list(actor, &page.mailbox, page.before.as_deref(), page.limit)
    });
    let GroupedPage { state, total, unread, rows, next } = page.await?;
    let items = rows.into_iter().map(ConversationRow::from).collect();
    Ok(axum::Json(Conversations { state, total, unread, items, next }))
}

/// Get the row that shows a message in the list of its mailbox.
#[utoipa::path(
    get,
    path = "/api/conversations/{ref}",
    tag = "messages",
    operation_id = "conversationRow",
    params(("ref" = String, Path, description = "The reference number of any of its messages")),
    responses((status = 200, description = "The row", body = ConversationRow), Problems)
)]
pub async fn row(
    signed: Signed,
    Ref(reference): Ref,
) -> Result<axum::Json<ConversationRow>, Problem> {
    let row = signed
        .run(CostClass::Records, move |gateway, actor| gateway.conversation_row(actor, reference));
    Ok(axum::Json(row.await?.into()))
}

impl From<grouping::Row> for ConversationRow {
    fn from(row: grouping::Row) -> ConversationRow {
        let author = |one: grouping::Author| Author { name: one.name, address: one.address };
        ConversationRow {
            latest: row.latest.into(),
            total: row.total,
            unread: row.unread,
            standing: row.standing.map(Standing::from),
            authors: row.authors.into_iter().map(author).collect(),
            members: row.members.into_iter().map(ConversationMember::from).collect(),
        }
    }
}

impl From<grouping::Member> for ConversationMember {
    fn from(member: grouping::Member) -> ConversationMember {
        let standing = member.standing.map(Standing::from);
        ConversationMember { flags: member.flags.into(), sent: member.sent, standing }
    }
}
