//! What still counts for a sender who deleted the own copy of a message.
//!
//! While the message waits in the queue or lies in a temporary account, its content is on the disk
//! because of its sender alone. If deleting the copy gave the room back at once, one account could
//! fill the disk with messages that nobody fetches. A copy in the mailbox of a user counts for that
//! user instead.

use std::ops::ControlFlow;

use crate::gateway::error::{Error, readable};
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::mailbox::Entry;
use crate::gateway::records::queue::row_id;
use crate::gateway::records::tables::{
    COUNTERS, DELIVERIES, HELD, MESSAGES, PLACES, QUEUE, SUBMISSIONS,
};
use crate::store::{Read, Tx};
use crate::terms::Route;

/// Notes that the octets of a deleted entry still count for its account, which sent the message.
/// Returns whether they do.
pub(in crate::gateway) fn keep_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    entry: &Entry,
) -> Result<bool, Error> {
    let message = entry.reference;
    // What was never counted is counted later, from the rows that are there then.
    let is_counted = tx.get(&COUNTERS, &account)?.is_some_and(|row| row.usage.is_some());
    if !entry.sent || !is_counted || !tx.has(&MESSAGES, &message)? {
        return Ok(false);
    }
    let Some(mut submission) = tx.get(&SUBMISSIONS, &message)? else { return Ok(false) };
    if submission.sender != account || !is_outside(tx, message)? {
        return Ok(false);
    }
    submission.owed = Some(entry.size);
    tx.put(&SUBMISSIONS, &message, &submission)?;
    Ok(true)
}

/// Gives the octets back if the message is nowhere outside any more. Called whenever a holder of a
/// message ends; a record that cannot be read must not keep it from ending.
pub(in crate::gateway) fn settle_in_tx(
    tx: &mut Tx<'_>,
    message: ReferenceKey,
) -> Result<(), Error> {
    let submission = readable(tx.get(&SUBMISSIONS, &message))?.flatten();
    let Some(mut submission) = submission else { return Ok(()) };
    let Some(octets) = submission.owed else { return Ok(()) };
    if is_outside(tx, message)? {
        return Ok(());
    }
    submission.owed = None;
    readable(quota::discharge_in_tx(tx, submission.sender, quota::file(octets)))?;
    Ok(tx.put(&SUBMISSIONS, &message, &submission)?)
}

/// Whether a message is held back, in the queue, or in a temporary account.
fn is_outside(tx: &Tx<'_>, message: ReferenceKey) -> Result<bool, Error> {
    if tx.has(&HELD, &message)? {
        return Ok(true);
    }
    let mut found = Vec::new();
    tx.scan_keys(&DELIVERIES, &message, |(_, index)| {
        found.push(index);
        ControlFlow::Continue(())
    })?;
    for index in found {
        let delivery = readable(tx.get(&DELIVERIES, &(message, index)))?.flatten();
        let holds = match delivery.map(|one| (one.route, one.account)) {
            Some((Route::Inside | Route::Refused, _)) => false,
            Some((Route::TemporaryAccount, Some(account))) => {
                tx.has(&PLACES, &(account, message))?
            }
            _ => tx.has(&QUEUE, &row_id(message, Some(index)))?,
        };
        if holds {
            return Ok(true);
        }
    }
    Ok(false)
}
