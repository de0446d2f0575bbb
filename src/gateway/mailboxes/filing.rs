//! Moving an entry, removing it, and keeping its mailbox's counters correct.

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::holders::content_release_in_tx;
use crate::gateway::mailboxes::{conversation, indexing, mailbox, owed};
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, MailboxId};
use crate::gateway::records::mailbox::{Entry, Mailbox, Place};
use crate::gateway::records::tables::{ENTRIES, MAILBOXES, MEETING_NOTICES, PLACES, ROLE_ACTS};
use crate::store::{Read, Tx};

/// Removes a reader's entry with its wrapped key; the content is deleted with the last holder.
pub(in crate::gateway) fn remove_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    place: Place,
    entry: &Entry,
    at: Timestamp,
) -> Result<(), Error> {
    indexing::forget_in_tx(tx, account, entry.reference, at)?;
    conversation::leave_in_tx(tx, account, entry)?;
    tx.delete(&ENTRIES, &(account, place.mailbox, place.uid));
    tx.delete(&PLACES, &(account, entry.reference));
    if tx.has(&ROLE_ACTS, &(account, entry.reference))? {
        tx.delete(&ROLE_ACTS, &(account, entry.reference));
    }
    if tx.has(&MEETING_NOTICES, &(account, entry.reference))? {
        tx.delete(&MEETING_NOTICES, &(account, entry.reference));
    }
    recount_in_tx(tx, account, place.mailbox, Some(entry), None)?;
    content_release_in_tx(tx, entry.reference)?;
    let freed = if owed::keep_in_tx(tx, account, entry)? { 0 } else { entry.size };
    quota::discharge_in_tx(tx, account, quota::message(freed))
}

pub(in crate::gateway) fn move_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    place: Place,
    target: MailboxId,
    before: &Entry,
    entry: &Entry,
) -> Result<(), Error> {
    let mut mailbox = mailbox::get_in_tx(tx, account, target)?;
    let uid = mailbox.uid_next;
    mailbox.uid_next = uid.checked_add(1).ok_or(Error::OverQuota)?;
    tx.put(&MAILBOXES, &(account, target), &mailbox)?;
    tx.delete(&ENTRIES, &(account, place.mailbox, place.uid));
    tx.put(&ENTRIES, &(account, target, uid), entry)?;
    tx.put(&PLACES, &(account, entry.reference), &Place { mailbox: target, uid })?;
    recount_in_tx(tx, account, place.mailbox, Some(before), None)?;
    recount_in_tx(tx, account, target, None, Some(entry))
}

/// Updates a mailbox's counters for one entry that was changed, added or removed.
pub(in crate::gateway) fn recount_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: MailboxId,
    before: Option<&Entry>,
    after: Option<&Entry>,
) -> Result<(), Error> {
    let mut mailbox = mailbox::get_in_tx(tx, account, id)?;
    let count =
        |entry: Option<&Entry>, counts: fn(&Entry) -> bool| u64::from(entry.is_some_and(counts));
    let adjust = |total: u64, counts: fn(&Entry) -> bool| {
        (total + count(after, counts)).saturating_sub(count(before, counts))
    };
    mailbox = Mailbox {
        total: adjust(mailbox.total, |_| true),
        unread: adjust(mailbox.unread, |entry| entry.unread),
        unopened: adjust(mailbox.unopened, |entry| entry.opened.is_none()),
        ..mailbox
    };
    Ok(tx.put(&MAILBOXES, &(account, id), &mailbox)?)
}
