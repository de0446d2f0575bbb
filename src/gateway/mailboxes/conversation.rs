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
    let named: Vec<[u8; 16]> = keys.references.iter().copied().chain(keys.own).collect();
    let mut known = known_in_tx(tx, account, &named)?;
    let (referred, own) = known.split_at(keys.references.len());
    let answered = referred.iter().rev().flatten().next().map(|known| known.conversation);
    let answering = match (keys.own, own) {
        // A message with the identifier of a stored one is not the missing message.
        (Some(id), [Some(known)]) if !is_owned(tx, account, id, known)? => Some(known.conversation),
        _ => None,
    };
    let (answered, answering) = (
        with_room(tx, account, answered)?,
        with_room(tx, account, answering)?.filter(|_| answered != answering),
    );
    let conversation = match (answered, answering) {
        (Some((to, there)), Some((from, more))) if there + more < MEMBERS_MAX => {
            merge_in_tx(tx, account, from, to)?;
            known = known_in_tx(tx, account, &named)?;
            to
        }
        (Some((one, _)), _) | (None, Some((one, _))) => one,
        (None, None) => message,
    };
    let mut held = Vec::new();
    for (id, known) in named.into_iter().zip(known) {
        let owner = (keys.own == Some(id)).then_some(message);
        if name_in_tx(tx, (account, id), known, conversation, owner)? {
            held.push(id);
        }
    }
    let member = Member { ids: held, own: keys.own };
    tx.put(&CONVERSATIONS, &(account, conversation, message), &member)?;
    Ok(Some(conversation))
}

/// What is known of each identifier.
fn known_in_tx(
    tx: &store::Tx<'_>,
    account: AccountId,
    named: &[[u8; 16]],
) -> Result<Vec<Option<ConversationOf>>, Error> {
    named.iter().map(|id| Ok(tx.get(&CONVERSATION_IDS, &(account, *id))?)).collect()
}

/// Whether a stored message has this identifier as its own.
fn is_owned(
    tx: &store::Tx<'_>,
    account: AccountId,
    id: [u8; 16],
    known: &ConversationOf,
) -> Result<bool, Error> {
    Ok(known.own.is_some() || tx.count(&OWN_IDS, &(account, id))? > 0)
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

/// Records that one more message of a conversation names an identifier, and that it is its own if
/// there is an `owner`. Returns false if the identifier belongs to another conversation, where it
/// stays.
fn name_in_tx(
    tx: &mut store::Tx<'_>,
    (account, id): (AccountId, [u8; 16]),
    known: Option<ConversationOf>,
    conversation: ConversationId,
    owner: Option<ReferenceKey>,
) -> Result<bool, Error> {
    let known = known.unwrap_or(ConversationOf { conversation, named: 0, own: None });
    let stays = known.conversation != conversation;
    if let Some(message) = owner.filter(|_| stays || known.own.is_some()) {
        tx.put(&OWN_IDS, &(account, id, message), &OwnId)?;
    }
    if stays {
        return Ok(false);
    }
    let row = ConversationOf { named: known.named + 1, own: known.own.or(owner), ..known };
    tx.put(&CONVERSATION_IDS, &(account, id), &row)?;
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
    let mut has_row = gone.own;
    for id in gone.ids {
        let key = (account, id);
        let Some(known) = tx.get(&CONVERSATION_IDS, &key)? else { continue };
        let own = known.own.filter(|owner| *owner != entry.reference);
        if own != known.own {
            has_row = None;
        }
        match known.named > 1 {
            true => {
                let named = known.named - 1;
                tx.put(&CONVERSATION_IDS, &key, &ConversationOf { named, own, ..known })?;
            }
            false => tx.delete(&CONVERSATION_IDS, &key),
        }
    }
    if let Some(own) = has_row {
        tx.delete(&OWN_IDS, &(account, own, entry.reference));
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
    let first = reader.get(&CONVERSATION_IDS, &(account, own))?.and_then(|known| known.own);
    let mut messages = Vec::from_iter(first);
    reader.scan(&OWN_IDS, &(account, own), Order::Ascending, |(_, _, message), OwnId| {
        messages.push(message);
        if messages.len() < OWN_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(messages)
}
