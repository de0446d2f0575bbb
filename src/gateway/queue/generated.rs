//! Messages that the daemon itself writes and sends: notifications and reports.

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::{Bell, Tx};
use crate::gateway::mailboxes::sealed_message;
use crate::gateway::queue::rows::{put_in_tx, row_id};
use crate::gateway::records::submission::HeldMail;

/// Stores a generated message that nobody here reads, and queues it.
pub(in crate::gateway) fn held_mail_in_tx(
    tx: &mut Tx<'_, '_>,
    mail: &HeldMail,
    now: Timestamp,
) -> Result<(), Error> {
    sealed_message::parcel_of(mail, now)?.store_in_tx(tx)?;
    let mut row = mail.row.clone();
    (row.due, row.queued) = (now, now);
    tx.ring(Bell::Queue);
    put_in_tx(tx, row_id(&row), &row)
}
