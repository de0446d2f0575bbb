//! A reader's entry in a mailbox: how it is found, and whether it was opened.

use crate::gateway::Gateway;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::mailbox::{Entry, Place};
use crate::gateway::records::tables::{ENTRIES, PLACES};
use crate::mail::reference::Reference;
use crate::store::{Read, Tx};

pub(in crate::gateway) const NOT_FOUND: Error = Error::NotFound { what: "message" };

impl Gateway {
    pub(in crate::gateway) fn entry(
        &self,
        account: AccountId,
        reference: Reference,
    ) -> Result<(Place, Entry), Error> {
        find_entry(&self.inner.store, account, reference.to_bytes())
    }
}

pub(in crate::gateway) fn require_opened(entry: &Entry) -> Result<(), Error> {
    entry.opened.map(|_| ()).ok_or(Error::Conflict(Conflict::NotOpened))
}

pub(in crate::gateway) fn find_entry(
    reader: &impl Read,
    account: AccountId,
    key: ReferenceKey,
) -> Result<(Place, Entry), Error> {
    let place = reader.get(&PLACES, &(account, key))?.ok_or(NOT_FOUND)?;
    let entry = reader.get(&ENTRIES, &(account, place.mailbox, place.uid))?.ok_or(NOT_FOUND)?;
    Ok((place, entry))
}

pub(in crate::gateway) fn entry_in_tx(
    tx: &Tx<'_>,
    account: AccountId,
    key: ReferenceKey,
) -> Result<(Place, Entry), Error> {
    find_entry(tx, account, key)
}
