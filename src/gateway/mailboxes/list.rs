//! Lists of a reader's messages: a page of a mailbox, the flags of all its messages, a
//! conversation.
//!
//! | state | the list shows | next |
//! | --- | --- | --- |
//! | unopened | sender, time, reference, size, protection, subject | opened, or rejected |
//! | opened | the same, and the content can be read | moved, deleted |
//! | rejected | nothing: the reader's key was deleted unread | – |
//!
//! A reference number that is unknown, another reader's or rejected gets the same answer.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::mailboxes::conversation::members_in_tx;
use crate::gateway::mailboxes::entry::{NOT_FOUND, find_entry};
use crate::gateway::mailboxes::item::{Flags, ItemView, OpenedEpochs, marks};
use crate::gateway::records::ids::{AccountId, MailboxId};
use crate::gateway::records::mailbox::Entry;
use crate::gateway::records::tables::{ENTRIES, MAILBOXES, MESSAGES};
use crate::mail::reference::Reference;
use crate::store::{Order, Read, Span};

/// What is shown of a message; `None` if the reader of a role mailbox has no keys for it, so that it is
/// in nobody's way.
pub(super) fn opened<T>(shown: Result<T, Error>) -> Result<Option<T>, Error> {
    match shown {
        Err(Error::Conflict(Conflict::GroupKeysWait)) => Ok(None),
        shown => shown.map(Some),
    }
}

impl Gateway {
    /// The messages in the conversation of a message, oldest first, from all mailboxes; from junk
    /// and trash only if the message itself is there. A message without a conversation is returned
    /// alone.
    pub fn conversation(&self, actor: &Actor, message: Reference) -> Result<Vec<ItemView>, Error> {
        let account = actor.account();
        let store = &self.inner.store;
        let (at, entry) = find_entry(store, account, message.to_bytes())?;
        let Some(conversation) = entry.conversation else {
            return Ok(vec![OpenedEpochs::new(self, actor).item(at.mailbox, &entry)?]);
        };
        let mut epochs = OpenedEpochs::new(self, actor);
        let mut items = Vec::new();
        for (member, _) in members_in_tx(store, account, conversation)? {
            // It may have been deleted since the list was read.
            let (place, entry) = match find_entry(store, account, member) {
                Err(Error::NotFound { .. }) => continue,
                found => found?,
            };
            if place.mailbox == at.mailbox || !self.is_away(account, place.mailbox)? {
                items.extend(opened(epochs.item(place.mailbox, &entry))?);
            }
        }
        items.sort_by_key(|item| (item.received, item.reference.to_bytes()));
        Ok(items)
    }

    /// A page of a mailbox: `limit` messages older than the cursor `before`.
    pub fn message_list(
        &self,
        actor: &Actor,
        mailbox: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Page, Error> {
        let account = actor.account();
        let id = self.mailbox_find(account, mailbox)?;
        let before = before.map(parse_cursor).transpose()?;
        let limit = limit.clamp(1, PAGE_MAX);
        let state = self.state(account)?;
        let counts = self.inner.store.get(&MAILBOXES, &(account, id))?.ok_or(NOT_FOUND)?;
        let (rows, next) = self.page(account, id, before, limit)?;
        let mut epochs = OpenedEpochs::new(self, actor);
        let mut items = Vec::with_capacity(rows.len());
        for entry in &rows {
            items.extend(opened(epochs.item(id, entry))?);
        }
        Ok(Page { state, total: counts.total, unread: counts.unread, items, next })
    }

    /// One message as the list shows it.
    pub fn message_item(&self, actor: &Actor, reference: Reference) -> Result<ItemView, Error> {
        let (place, entry) = self.entry(actor.account(), reference)?;
        OpenedEpochs::new(self, actor).item(place.mailbox, &entry)
    }

    /// The same for several messages; missing ones are left out. At most [`PAGE_MAX`].
    pub fn message_items(
        &self,
        actor: &Actor,
        references: &[Reference],
    ) -> Result<Vec<ItemView>, Error> {
        if references.len() > PAGE_MAX {
            return Err(Error::Invalid {
                what: format!("at most {PAGE_MAX} references are allowed"),
            });
        }
        let mut epochs = OpenedEpochs::new(self, actor);
        let mut items = Vec::with_capacity(references.len());
        for reference in references {
            match self.entry(actor.account(), *reference) {
                Err(Error::NotFound { .. }) => {}
                found => {
                    let (place, entry) = found?;
                    match epochs.item(place.mailbox, &entry) {
                        Err(Error::Conflict(Conflict::GroupKeysWait)) => {}
                        item => items.push(item?),
                    }
                }
            }
        }
        Ok(items)
    }

    /// All messages of a mailbox, newest first, with their flags only.
    pub fn message_flags(
        &self,
        actor: &Actor,
        mailbox: &str,
        before: Option<&str>,
    ) -> Result<FlagsPage, Error> {
        let account = actor.account();
        let id = self.mailbox_find(account, mailbox)?;
        let before = before.map(parse_cursor).transpose()?;
        let (rows, next) = self.page(account, id, before, FLAGS_MAX)?;
        let items = rows.iter().map(|entry| marks(id, entry)).collect::<Result<_, _>>()?;
        Ok(FlagsPage { items, next })
    }

    /// The number of stored messages of all accounts.
    pub fn message_count(&self) -> Result<u64, Error> {
        Ok(self.inner.store.count(&MESSAGES, &())?)
    }

    /// The rows of a mailbox, newest first, and the cursor of the next page.
    pub(in crate::gateway) fn page(
        &self,
        account: AccountId,
        id: MailboxId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), Error> {
        let (rows, next) = self.page_numbered(account, id, before, limit)?;
        let rows = rows.into_iter().map(|(_, entry)| entry).collect();
        Ok((rows, next.map(|uid| uid.saturating_add(1).to_string())))
    }

    /// The rows of a mailbox with their numbers, newest first, and the number of the next row.
    pub(in crate::gateway) fn page_numbered(
        &self,
        account: AccountId,
        id: MailboxId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<(Numbered, Option<u32>), Error> {
        let mut span = Span::prefix(&ENTRIES.raw(&(account, id)), Order::Descending);
        if let Some(uid) = before {
            span.to = Some(ENTRIES.raw(&(account, id, uid)));
        }
        let (mut rows, mut next) = (Vec::new(), None);
        self.inner.store.scan_span(&ENTRIES, &span, |(_, _, uid), entry| {
            if rows.len() == limit {
                next = Some(uid);
                return ControlFlow::Break(());
            }
            rows.push((uid, entry));
            ControlFlow::Continue(())
        })?;
        Ok((rows, next))
    }
}

/// Rows of a mailbox with their numbers.
pub(in crate::gateway) type Numbered = Vec<(u32, Entry)>;

/// A page of a mailbox, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub state: String,
    pub total: u64,
    pub unread: u64,
    pub items: Vec<ItemView>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<String>,
}

/// A page of the flags of all messages in a mailbox, or of all search results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagsPage {
    pub items: Vec<Flags>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<String>,
}

/// The maximum size of a page.
pub const PAGE_MAX: usize = 200;

/// The maximum number of messages in a page of flags.
pub const FLAGS_MAX: usize = 5_000;

pub(in crate::gateway) fn parse_cursor(cursor: &str) -> Result<u32, Error> {
    cursor.parse().map_err(|_| Error::Invalid { what: "cursor".to_owned() })
}
