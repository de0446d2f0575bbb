//! What a sender waits for: messages in *Sent* that a recipient has not read yet, though the sender
//! would be told, and those among them that soon cannot be read any more.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::item::{ItemView, OpenedEpochs};
use crate::gateway::queue::delivery::of_message;
use crate::gateway::records::mailbox::Entry;
use crate::gateway::records::submission::Delivery;
use crate::gateway::records::tables::DRAFTS;
use crate::store::Read;
use crate::terms::{DeliveryState, Route};

/// How many of the newest messages in *Sent* are looked at.
const LOOKED_AT_MAX: usize = 1_000;

/// How many messages of a kind are named.
const SHOWN_MAX: usize = 5;

/// After this time, a message that was not read is worth a look.
const UNREAD_SECS: i64 = 3 * 24 * 3600;

/// So long before a recipient's access ends, the sender can still do something.
const ENDING_SECS: i64 = 3 * 24 * 3600;

/// What an account has begun and what it waits for.
#[derive(Clone, Debug, Default)]
pub struct Awaited {
    pub drafts: u64,
    /// Sent at least three days ago, and not read by every recipient.
    pub unread: Waiting,
    /// Not read by a recipient whose access ends within three days.
    pub ending: Waiting,
}

/// How many messages, and the first of them; newest first.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    pub count: u64,
    pub items: Vec<ItemView>,
}

impl Gateway {
    /// What the actor waits for, by the newest [`LOOKED_AT_MAX`] messages in *Sent*.
    pub fn awaited(&self, actor: &Actor) -> Result<Awaited, Error> {
        let account = actor.account();
        let sent = self.mailbox_find(account, "sent")?;
        let (entries, _) = self.page(account, sent, None, LOOKED_AT_MAX)?;
        let mut epochs = OpenedEpochs::new(self, actor);
        let mut found =
            Awaited { drafts: self.inner.store.count(&DRAFTS, &account)?, ..Awaited::default() };
        for entry in entries.iter().filter(|entry| entry.sent) {
            let (is_old, is_ending) = self.awaits(entry)?;
            for (is_counted, waiting) in
                [(is_old, &mut found.unread), (is_ending, &mut found.ending)]
            {
                if is_counted {
                    waiting.count += 1;
                }
                if is_counted && waiting.items.len() < SHOWN_MAX {
                    waiting.items.push(epochs.item(sent, entry)?);
                }
            }
        }
        Ok(found)
    }

    /// Whether a recipient has had a message for long, and whether one will soon lose it.
    fn awaits(&self, entry: &Entry) -> Result<(bool, bool), Error> {
        let now = self.inner.clock.now();
        let (mut is_old, mut is_ending) = (false, false);
        for (_, delivery) in of_message(&self.inner.store, entry.reference)? {
            if !is_unread(&delivery) {
                continue;
            }
            is_old |= entry.received.plus_secs(UNREAD_SECS) <= now;
            let Some(account) = delivery.account else { continue };
            if let Some(row) = self.temporary(account)? {
                is_ending |= row.expires > now && row.expires <= now.plus_secs(ENDING_SECS);
            }
        }
        Ok((is_old, is_ending))
    }
}

/// Whether the recipient has the message here and has not opened it. What left as ordinary mail may
/// have been read, and so may what went to the members of a group; nothing tells.
fn is_unread(delivery: &Delivery) -> bool {
    let is_here = matches!(delivery.route, Route::Inside | Route::TemporaryAccount)
        && delivery.account.is_some();
    let is_open = matches!(
        delivery.state(),
        DeliveryState::Accepted | DeliveryState::Waiting | DeliveryState::Delivered
    );
    is_here && is_open
}
