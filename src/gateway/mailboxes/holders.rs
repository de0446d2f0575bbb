//! Counts the holders of a key to a stored message. The content is deleted with the last one.

use crate::gateway::error::Error;
use crate::gateway::mailboxes::owed;
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::tables::MESSAGES;
use crate::store::{ContentId, Read, Tx};

/// Adds a holder to a message.
pub(in crate::gateway) fn hold_in_tx(
    tx: &mut Tx<'_>,
    reference: ReferenceKey,
) -> Result<(), Error> {
    let missing = Error::NotFound { what: "message" };
    let mut message = tx.get(&MESSAGES, &reference)?.ok_or(missing)?;
    message.holders += 1;
    Ok(tx.put(&MESSAGES, &reference, &message)?)
}

/// Removes a holder from a message; the content is deleted with the last one.
pub(in crate::gateway) fn content_release_in_tx(
    tx: &mut Tx<'_>,
    reference: ReferenceKey,
) -> Result<(), Error> {
    let missing = Error::NotFound { what: "message" };
    let mut message = tx.get(&MESSAGES, &reference)?.ok_or(missing)?;
    message.holders = message.holders.saturating_sub(1);
    if message.holders == 0 {
        tx.delete(&MESSAGES, &reference);
        tx.content_delete(ContentId(reference));
    } else {
        tx.put(&MESSAGES, &reference, &message)?;
    }
    owed::settle_in_tx(tx, reference)
}
