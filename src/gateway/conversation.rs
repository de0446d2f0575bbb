//! Conversations: letters that answer each other, by the identifiers in their headers
//! (RFC 5322 §3.6.4).
//!
//! An account's identifiers are kept as keyed hashes of the account and the identifier together,
//! so that nobody can tell from the store that two accounts hold letters of one conversation.
//! Which letters belong together is routing data, as their times and sizes are.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::mail::reference::Reference;
use crate::store::{Order, Read, Tx};
use crate::vault::{Lookup, Vault};

use super::change::{self, Changed};
use super::message::{ItemView, OpenedEpochs, find_entry};
use super::tables::{
    AccountId, CONVERSATION_IDS, CONVERSATIONS, ConversationId, ConversationOf, ENTRIES, Entry,
    MAILBOXES, MailboxId, Member, ReferenceKey, Role,
};
use super::{Actor, Error, Gateway};

/// A conversation that has so many letters takes no more; the next begins another.
const MEMBERS_MAX: usize = 500;

/// The identifiers of a letter as an account keeps them: those it refers to first, its own last.
pub(super) fn keys(vault: &Vault, account: AccountId, ids: &[String]) -> Vec<[u8; 16]> {
    let key = |id: &String| {
        vault.lookup(Lookup::MessageId, &[account.0.as_slice(), id.as_bytes()].concat())
    };
    ids.iter().map(key).collect()
}

/// Puts a letter into its conversation: the one that knows the first of its identifiers. When it
/// connects two that nothing connected before, they become one.
pub(super) fn join_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    letter: ReferenceKey,
    ids: &[[u8; 16]],
    kept: u64,
) -> Result<Option<ConversationId>, Error> {
    if ids.is_empty() {
        return Ok(None);
    }
    let mut known: Vec<ConversationId> = Vec::new();
    for id in ids {
        if let Some(ConversationOf(one)) = tx.get(&CONVERSATION_IDS, &(account, *id))?
            && !known.contains(&one)
            && members_in_tx(tx, account, one)?.len() < MEMBERS_MAX
        {
            known.push(one);
        }
    }
    let conversation = known.first().copied().unwrap_or(letter);
    for other in known.iter().skip(1) {
        merge_in_tx(tx, account, *other, conversation, kept)?;
    }
    for id in ids {
        let known = tx.get(&CONVERSATION_IDS, &(account, *id))?;
        if known.is_none_or(|ConversationOf(known)| known != conversation) {
            tx.put(&CONVERSATION_IDS, &(account, *id), &ConversationOf(conversation))?;
        }
    }
    tx.put(&CONVERSATIONS, &(account, conversation, letter), &Member { ids: ids.to_vec() })?;
    Ok(Some(conversation))
}

/// Takes a letter out; identifiers that no other letter of the conversation has are forgotten.
pub(super) fn leave_in_tx(tx: &mut Tx<'_>, account: AccountId, entry: &Entry) -> Result<(), Error> {
    let Some(conversation) = entry.conversation else { return Ok(()) };
    let key = (account, conversation, entry.reference);
    let Some(gone) = tx.get(&CONVERSATIONS, &key)? else { return Ok(()) };
    tx.delete(&CONVERSATIONS, &key);
    let others: HashSet<[u8; 16]> = members_in_tx(tx, account, conversation)?
        .into_iter()
        .filter(|(letter, _)| *letter != entry.reference)
        .flat_map(|(_, member)| member.ids)
        .collect();
    for id in gone.ids.iter().filter(|id| !others.contains(*id)) {
        tx.delete(&CONVERSATION_IDS, &(account, *id));
    }
    Ok(())
}

/// Every letter of every conversation of an account.
pub(super) fn all_in_tx(
    tx: &Tx<'_>,
    account: AccountId,
) -> Result<Vec<(ConversationId, ReferenceKey)>, Error> {
    let mut all = Vec::new();
    tx.scan(&CONVERSATIONS, &account, Order::Ascending, |(_, conversation, letter), _| {
        all.push((conversation, letter));
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

fn merge_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    from: ConversationId,
    to: ConversationId,
    kept: u64,
) -> Result<(), Error> {
    for (letter, member) in members_in_tx(tx, account, from)? {
        tx.delete(&CONVERSATIONS, &(account, from, letter));
        for id in &member.ids {
            tx.put(&CONVERSATION_IDS, &(account, *id), &ConversationOf(to))?;
        }
        tx.put(&CONVERSATIONS, &(account, to, letter), &member)?;
        let (place, mut entry) = find_entry(tx, account, letter)?;
        entry.conversation = Some(to);
        tx.put(&ENTRIES, &(account, place.mailbox, place.uid), &entry)?;
        change::record_in_tx(tx, account, Changed::Updated(letter), kept)?;
    }
    Ok(())
}

fn members_in_tx(
    reader: &impl Read,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Vec<(ReferenceKey, Member)>, Error> {
    let mut members = Vec::new();
    let prefix = (account, conversation);
    reader.scan(&CONVERSATIONS, &prefix, Order::Ascending, |(_, _, letter), member| {
        members.push((letter, member));
        ControlFlow::Continue(())
    })?;
    Ok(members)
}

impl Gateway {
    /// The letters of the conversation that a letter belongs to, the oldest first, wherever they
    /// lie; junk and trash only where the letter itself lies there. A letter without a
    /// conversation stands alone.
    pub fn conversation(&self, actor: &Actor, letter: Reference) -> Result<Vec<ItemView>, Error> {
        let account = actor.account();
        let store = &self.inner.store;
        let (at, entry) = find_entry(store, account, letter.to_bytes())?;
        let Some(conversation) = entry.conversation else {
            return Ok(vec![OpenedEpochs::new(self, actor).item(at.mailbox, &entry)?]);
        };
        let mut epochs = OpenedEpochs::new(self, actor);
        let mut items = Vec::new();
        for (member, _) in members_in_tx(store, account, conversation)? {
            // It may have gone since they were listed.
            let (place, entry) = match find_entry(store, account, member) {
                Err(Error::NotFound { .. }) => continue,
                found => found?,
            };
            if place.mailbox == at.mailbox || !self.is_away(account, place.mailbox)? {
                items.push(epochs.item(place.mailbox, &entry)?);
            }
        }
        items.sort_by_key(|item| (item.received, item.reference.to_bytes()));
        Ok(items)
    }

    /// Whether a mailbox is for what nobody looks for.
    fn is_away(&self, account: AccountId, mailbox: MailboxId) -> Result<bool, Error> {
        let mailbox = self.inner.store.get(&MAILBOXES, &(account, mailbox))?;
        let role = mailbox.and_then(|mailbox| mailbox.role);
        Ok(matches!(role, Some(Role::Junk | Role::Trash)))
    }
}

/// The letter whose own identifier is the last of these.
pub(super) fn letter_of(
    reader: &impl Read,
    account: AccountId,
    ids: &[[u8; 16]],
) -> Result<Option<ReferenceKey>, Error> {
    let Some(own) = ids.last() else { return Ok(None) };
    let Some(ConversationOf(one)) = reader.get(&CONVERSATION_IDS, &(account, *own))? else {
        return Ok(None);
    };
    let members = members_in_tx(reader, account, one)?;
    Ok(members.into_iter().find(|(_, member)| member.ids.last() == Some(own)).map(|(key, _)| key))
}
