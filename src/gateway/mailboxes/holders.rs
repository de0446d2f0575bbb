//! Who still holds a key to a stored message. Its content goes with the last holder.

use crate::gateway::error::Error;
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::tables::MESSAGES;
use crate::store::{ContentId, Read, Tx};

/// Takes one more hold on a message.
pub(in crate::gateway) fn hold_in_tx(
    tx: &mut Tx<'_>,
    reference: ReferenceKey,
) -> Result<(), Error> {
    let missing = Error::NotFound { what: "message" };
    let mut message = tx.get(&MESSAGES, &reference)?.ok_or(missing)?;
    message.holders += 1;
    Ok(tx.put(&MESSAGES, &reference, &message)?)
}

/// Lets go of one hold on a message; the content goes with the last.
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
        return Ok(());
    }
    Ok(tx.put(&MESSAGES, &reference, &message)?)
}
