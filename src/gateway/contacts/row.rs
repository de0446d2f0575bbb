//! What the rows of readers have in common: to what one is bound, how long it is, and who is told of it.

use crate::gateway::error::Error;
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::records::contact::{ContactId, ContactShared, ReaderKey};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::ACCOUNTS;
use crate::store::Read;

/// The binding of what is shared of one contact.
pub(super) fn binding(reader: ReaderKey, owner: AccountId, id: ContactId, version: u32) -> Vec<u8> {
    [b"contact shared\0".as_slice(), &reader, &owner.0, &id, &version.to_be_bytes()].concat()
}

/// How many octets a row counts.
pub(super) fn octets_of(row: &ContactShared) -> u64 {
    (row.sealed.len() + row.encapsulation.len()) as u64
}

/// Tells a person that contacts of others changed. A group has no row of its own to change.
pub(super) fn told_in_tx(tx: &mut Tx<'_, '_>, account: AccountId) -> Result<(), Error> {
    if tx.has(&ACCOUNTS, &account)? {
        tx.changed(account, Changed::Contacts)?;
    }
    Ok(())
}
