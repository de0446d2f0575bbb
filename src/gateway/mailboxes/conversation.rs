//! Conversations: messages that reply to each other, by the identifiers in their headers (RFC 5322
//! §3.6.4).
//!
//! An account's identifiers are stored as keyed hashes of the account and the identifier together,
//! so that the store does not reveal that two accounts hold messages of one conversation. Which
//! messages of an account belong together is routing data, like their times and sizes.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::entry::find_entry;
use crate::gateway::records::ids::{AccountId, ConversationId, MailboxId, ReferenceKey};
use crate::gateway::records::mailbox::{Entry, Role};
use crate::gateway::records::message::{ConversationOf, Keys, Member, OwnId};
use crate::gateway::records::tables::{
    CONVERSATION_IDS, CONVERSATIONS, ENTRIES, MAILBOXES, OWN_IDS,
};
use crate::mail::message::Ids;
use crate::store::{self, Order, Read};
use crate::vault::{Lookup, Vault};

/// A conversation with this many messages is full; the next message starts a new one.
const MEMBERS_MAX: u64 = 500;

/// How many stored messages with the same identifier an imported message is compared with.
const OWN_MAX: usize = 16;

/// The identifiers of a message as an account stores them.
pub(in crate::gateway) fn keys(vault: &Vault, account: AccountId, ids: &Ids) -> Keys {
    let key = |id: &String| {
        vault.lookup(Lookup::MessageId, &[account.0.as_slice(), id.as_bytes()].concat())
    };
    Keys { references: ids.references.iter().map(key).collect(), own: ids.own.as_ref().map(key) }
}

/// Adds a message to its conversation: that of the nearest message it replies to, or the one whose
/// messages reply to it. If it is the missing link between two conversations, they are merged;
/// merely naming messages of both does not merge them, because any sender can write such a header.
pub(in crate::gateway) fn join_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    message: ReferenceKey,
    keys: &Keys,
) -> Result<Option<ConversationId>, Error> {
    if keys.references.is_empty() && keys.own.is_none() {
        return Ok(None);
    }
    let mut answered = None;
    for id in keys.references.iter().rev() {
        answered = conversation_of(tx, account, id)?;
        if answered.is_some() {
            break;
        }
    }
    let answering = match keys.own {
        // A message with the identifier of a stored one is not the missing message.
        Some(own) if own_messages(tx, account, own)?.is_empty() => {
            conversation_of(tx, account, &own)?
        }
        _ => None,
    };
    let (answered, answering) = (
        with_room(tx, account, answered)?,
        with_room(tx, account, answering)?.filter(|_| answered != answering),
    );
    let conversation = match (answered, answering) {
        (Some((to, there)), Some((from, more))) if there + more < MEMBERS_MAX => {
            merge_in_tx(tx, account, from, to)?;
            to
        }
        (Some((one, _)), _) | (None, Some((one, _))) => one,
        (None, None) => message,
    };
    let mut held = Vec::new();
    for id in keys.references.iter().chain(&keys.own) {
        if name_in_tx(tx, account, *id, conversation)? {
            held.push(*id);
        }
    }
    if let Some(own) = keys.own {
        tx.put(&OWN_IDS, &(account, own, message), &OwnId)?;
    }
    let member = Member { ids: held, own: keys.own };
    tx.put(&CONVERSATIONS, &(account, conversation, message), &member)?;
    Ok(Some(conversation))
}

fn conversation_of(
    reader: &impl Read,
    account: AccountId,
    id: &[u8; 16],
) -> Result<Option<ConversationId>, Error> {
    Ok(reader.get(&CONVERSATION_IDS, &(account, *id))?.map(|known| known.conversation))
}

/// A conversation that has room for one more message, with the number of its messages.
fn with_room(
    tx: &store::Tx<'_>,
    account: AccountId,
    conversation: Option<ConversationId>,
) -> Result<Option<(ConversationId, u64)>, Error> {
    let Some(conversation) = conversation else { return Ok(None) };
    let there = tx.count(&CONVERSATIONS, &(account, conversation))?;
    Ok((there < MEMBERS_MAX).then_some((conversation, there)))
}

/// Records that one more message of a conversation names an identifier. Returns false if the
/// identifier belongs to another conversation, where it stays.
fn name_in_tx(
    tx: &mut store::Tx<'_>,
    account: AccountId,
    id: [u8; 16],
    conversation: ConversationId,
) -> Result<bool, Error> {
    let known = tx.get(&CONVERSATION_IDS, &(account, id))?;
    let named = match known {
        Some(known) if known.conversation != conversation => return Ok(false),
        Some(known) => known.named + 1,
        None => 1,
    };
    tx.put(&CONVERSATION_IDS, &(account, id), &ConversationOf { conversation, named })?;
    Ok(true)
}

/// Removes a message from its conversation, and identifiers that no other of its messages names.
pub(in crate::gateway) fn leave_in_tx(
    tx: &mut store::Tx<'_>,
    account: AccountId,
    entry: &Entry,
) -> Result<(), Error> {
    let Some(conversation) = entry.conversation else { return Ok(()) };
    let key = (account, conversation, entry.reference);
    let Some(gone) = tx.get(&CONVERSATIONS, &key)? else { return Ok(()) };
    tx.delete(&CONVERSATIONS, &key);
    if let Some(own) = gone.own {
        tx.delete(&OWN_IDS, &(account, own, entry.reference));
    }
    for id in gone.ids {
        let key = (account, id);
        match tx.get(&CONVERSATION_IDS, &key)? {
            Some(known) if known.named > 1 => {
                let named = known.named - 1;
                tx.put(&CONVERSATION_IDS, &key, &ConversationOf { named, ..known })?;
            }
            Some(_) => tx.delete(&CONVERSATION_IDS, &key),
            None => {}
        }
    }
    Ok(())
}

fn merge_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    from: ConversationId,
    to: ConversationId,
) -> Result<(), Error> {
    for (message, member) in members_in_tx(tx, account, from)? {
        tx.delete(&CONVERSATIONS, &(account, from, message));
        for id in &member.ids {
            let key = (account, *id);
            if let Some(known) = tx.get(&CONVERSATION_IDS, &key)? {
                tx.put(&CONVERSATION_IDS, &key, &ConversationOf { conversation: to, ..known })?;
            }
        }
        tx.put(&CONVERSATIONS, &(account, to, message), &member)?;
        let (place, mut entry) = find_entry(tx, account, message)?;
        entry.conversation = Some(to);
        tx.put(&ENTRIES, &(account, place.mailbox, place.uid), &entry)?;
        tx.changed(account, Changed::Updated(message))?;
    }
    Ok(())
}

pub(in crate::gateway) fn members_in_tx(
    reader: &impl Read,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Vec<(ReferenceKey, Member)>, Error> {
    let mut members = Vec::new();
    let prefix = (account, conversation);
    reader.scan(&CONVERSATIONS, &prefix, Order::Ascending, |(_, _, message), member| {
        members.push((message, member));
        ControlFlow::Continue(())
    })?;
    Ok(members)
}

impl Gateway {
    /// Whether a mailbox is junk or trash.
    pub(in crate::gateway) fn is_away(
        &self,
        account: AccountId,
        mailbox: MailboxId,
    ) -> Result<bool, Error> {
        let mailbox = self.inner.store.get(&MAILBOXES, &(account, mailbox))?;
        let role = mailbox.and_then(|mailbox| mailbox.role);
        Ok(matches!(role, Some(Role::Junk | Role::Trash)))
    }
}

/// The messages that have this identifier, at most [`OWN_MAX`].
pub(in crate::gateway) fn own_messages(
    reader: &impl Read,
    account: AccountId,
    own: [u8; 16],
) -> Result<Vec<ReferenceKey>, Error> {
    let mut messages = Vec::new();
    reader.scan(&OWN_IDS, &(account, own), Order::Ascending, |(_, _, message), OwnId| {
        messages.push(message);
        if messages.len() < OWN_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(messages)
}
