//! The messages that wait to be indexed for their owner, and those to remove from the index.

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::Due;
use crate::gateway::records::search::SearchDeleted;
use crate::gateway::records::tables::{SEARCH_DELETED, SEARCH_TEXTS, SEARCH_WAITING, TEMPORARY};
use crate::store::{Read, Tx};

/// Records that a message is new, or that more of it can be read.
pub fn wait_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    reference: ReferenceKey,
) -> Result<(), Error> {
    // Temporary accounts have no search.
    if tx.has(&TEMPORARY, &account)? {
        return Ok(());
    }
    Ok(tx.put(&SEARCH_WAITING, &(account, reference), &Due)?)
}

/// Records that a message was deleted; a later step removes its words from the index.
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
