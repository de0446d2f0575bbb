//! Counts the holders of a key to a stored message. The content is deleted with the last one.

use crate::gateway::error::{Error, readable};
use crate::gateway::mailboxes::owed;
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::tables::{MESSAGE_SIGNATURES, MESSAGES};
use crate::gateway::text::shown;
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

/// Removes a holder from a message; the content is deleted with the last one. If the number of the
/// holders cannot be read, the content stays: what ends with the holder must end, or a message that
/// was delivered would be sent again.
pub(in crate::gateway) fn content_release_in_tx(
    tx: &mut Tx<'_>,
    reference: ReferenceKey,
) -> Result<(), Error> {
    match readable(tx.get(&MESSAGES, &reference))?.flatten() {
        Some(mut message) if message.holders > 1 => {
            message.holders -= 1;
            tx.put(&MESSAGES, &reference, &message)?;
        }
        Some(_) => {
            tx.delete(&MESSAGES, &reference);
            tx.delete(&MESSAGE_SIGNATURES, &reference);
            tx.content_delete(ContentId(reference));
        }
        None => tracing::error!(
            r#ref = %shown(reference),
            "the holders of a message are not known; its content stays"
        ),
    }
    owed::settle_in_tx(tx, reference)
}
