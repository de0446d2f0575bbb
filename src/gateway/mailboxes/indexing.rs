//! Which messages wait for their owner's search index, and which must be removed from it.

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::Due;
use crate::gateway::records::search::SearchDeleted;
use crate::gateway::records::tables::{SEARCH_DELETED, SEARCH_TEXTS, SEARCH_WAITING, TEMPORARY};
use crate::store::{Read, Tx};

/// Whether an account's messages are indexed: temporary accounts have no search.
pub fn is_searched(reader: &impl Read, account: AccountId) -> Result<bool, Error> {
    Ok(!reader.has(&TEMPORARY, &account)?)
}

/// Records that a message, or its readable content, waits to be indexed, in an account whose
/// messages are.
pub fn wait_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    reference: ReferenceKey,
) -> Result<(), Error> {
    Ok(tx.put(&SEARCH_WAITING, &(account, reference), &Due)?)
}

/// Records that a message was deleted; a later indexing step removes its words.
pub fn forget_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    reference: ReferenceKey,
    at: Timestamp,
) -> Result<(), Error> {
    let key = (account, reference);
    if !is_searched(tx, account)? {
        return Ok(());
    }
    tx.delete(&SEARCH_TEXTS, &key);
    if tx.has(&SEARCH_WAITING, &key)? {
        tx.delete(&SEARCH_WAITING, &key);
    }
    Ok(tx.put(&SEARCH_DELETED, &key, &SearchDeleted { at })?)
}
