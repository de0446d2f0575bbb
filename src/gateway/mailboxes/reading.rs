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
use crate::store::ContentId;
use crate::vault;

impl Gateway {
    /// The octets of a message that was opened before, with its trace fields; otherwise
    /// `not-opened`. In a role mailbox, the others see who read it.
    pub fn message_raw(
        &self,
        actor: &Actor,
        reference: Reference,
    ) -> Result<(ItemView, Content), Error> {
        let (place, entry) = self.entry(actor.account(), reference)?;
        require_opened(&entry)?;
        let mut epochs = OpenedEpochs::new(self, actor);
        let content = epochs.content(&entry)?;
        self.role_read(actor, entry.reference)?;
        Ok((epochs.item(place.mailbox, &entry)?, content))
    }
}

/// How many octets a message takes in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Octets {
    /// When it is opened: its header and text if it was written here and has files, or else all of it.
    pub shown: u64,
    /// All of it.
    pub stored: u64,
}

impl Gateway {
    /// How many octets the message takes; none if there is no such message.
    pub fn message_octets(&self, actor: &Actor, reference: Reference) -> Result<Octets, Error> {
        let entry = match self.entry(actor.account(), reference) {
            Ok((_, entry)) => entry,
            Err(_) => return Ok(Octets::default()),
        };
        let stored = self.inner.store.content_length(ContentId(entry.reference))?;
        let stored = stored.and_then(vault::plain_len).unwrap_or_default();
        let outline = OpenedEpochs::new(self, actor).summary(&entry)?.outline;
        let head = outline.filter(|outline| !outline.files.is_empty());
        let head = head.map(|outline| outline.head_octets + outline.end.len() as u64);
        Ok(Octets { shown: head.map_or(stored, |head| head.min(stored)), stored })
    }
}

impl OpenedEpochs<'_> {
    /// The content of the message in `entry`, whose reader may open it.
    pub(in crate::gateway) fn content(&mut self, entry: &Entry) -> Result<Content, Error> {
        let damaged = |_| Error::Damaged { what: "the stored message cannot be read".to_owned() };
        let bound = reader_binding(self.account(), entry.reference);
        let key = self.get(entry.epoch)?.unwrap_content(&bound, &entry.wrapped_key);
        let key = key.map_err(damaged)?;
        let summary = self.summary(entry)?;
        Content::open(self.store(), key, entry.reference, summary.outline)?.ok_or(NOT_FOUND)
    }
}
