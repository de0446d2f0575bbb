//! Which messages wait to be taken into their owner's search index, and which must leave it.

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::Due;
use crate::gateway::records::search::SearchDeleted;
use crate::gateway::records::tables::{SEARCH_DELETED, SEARCH_TEXTS, SEARCH_WAITING, TEMPORARY};
use crate::store::{Read, Tx};

/// Notes that a message, or what can be read of it, is new.
pub fn wait_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    reference: ReferenceKey,
) -> Result<(), Error> {
    // People outside have no search.
    if tx.has(&TEMPORARY, &account)? {
        return Ok(());
    }
    Ok(tx.put(&SEARCH_WAITING, &(account, reference), &Due)?)
}

/// Notes that a message is gone; its words leave the index with one of the next steps.
pub fn forget_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    reference: ReferenceKey,
    at: Timestamp,
) -> Result<(), Error> {
    let key = (account, reference);
    if tx.has(&TEMPORARY, &account)? {
        return Ok(());
    }
    tx.delete(&SEARCH_TEXTS, &key);
    if tx.has(&SEARCH_WAITING, &key)? {
        tx.delete(&SEARCH_WAITING, &key);
    }
    Ok(tx.put(&SEARCH_DELETED, &key, &SearchDeleted { at })?)
}
