//! Reading the content of a message that its reader may open.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::content::Content;
use crate::gateway::mailboxes::entry::{NOT_FOUND, require_opened};
use crate::gateway::mailboxes::item::{ItemView, OpenedEpochs};
use crate::gateway::mailboxes::summary::reader_binding;
use crate::gateway::records::mailbox::Entry;
use crate::mail::reference::Reference;

impl Gateway {
    /// The octets of an opened message, preceded by trace fields; `not-opened` if it is unopened.
    pub fn message_raw(
        &self,
        actor: &Actor,
        reference: Reference,
    ) -> Result<(ItemView, Content), Error> {
        let (place, entry) = self.entry(actor.account(), reference)?;
        require_opened(&entry)?;
        let content = self.content(actor, &entry)?;
        Ok((OpenedEpochs::new(self, actor).item(place.mailbox, &entry)?, content))
    }

    pub(in crate::gateway) fn content(
        &self,
        actor: &Actor,
        entry: &Entry,
    ) -> Result<Content, Error> {
        let damaged = |_| Error::Damaged { what: "the stored message is corrupt".to_owned() };
        let mut epochs = OpenedEpochs::new(self, actor);
        let bound = reader_binding(actor.account(), entry.reference);
        let key = epochs.get(entry.epoch)?.unwrap_content(&bound, &entry.wrapped_key);
        let key = key.map_err(damaged)?;
        let summary = epochs.summary(entry)?;
        let store = self.inner.store.clone();
        Content::open(store, key, entry.reference, summary.outline)?.ok_or(NOT_FOUND)
    }
}
