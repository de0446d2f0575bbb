//! Numbers that an account assigns, and the mailboxes that every account starts with.

use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, MailboxId};
use crate::gateway::records::mailbox::{Counters, Holder, Mailbox, Role, Usage};
use crate::gateway::records::tables::{COUNTERS, MAILBOXES};
use crate::store::{Read, Tx};

/// The inbox of each account.
pub(in crate::gateway) const INBOX: MailboxId = 1;

/// The counters of an account; all zero at first.
pub(in crate::gateway) fn counters_in_tx(
    tx: &Tx<'_>,
    account: AccountId,
) -> Result<Counters, Error> {
    Ok(tx.get(&COUNTERS, &account)?.unwrap_or_default())
}

/// Assigns the account's next mailbox number.
pub(in crate::gateway) fn number_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
) -> Result<MailboxId, Error> {
    let mut counters = counters_in_tx(tx, account)?;
    counters.mailbox_next += 1;
    tx.put(&COUNTERS, &account, &counters)?;
    Ok(counters.mailbox_next)
}

/// Creates the mailboxes that every account has, and its counters.
pub(in crate::gateway) fn create_all_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    holder: Holder,
) -> Result<(), Error> {
    let usage = Some(Usage::default());
    tx.put(&COUNTERS, &account, &Counters { usage, holder, ..Counters::default() })?;
    for role in Role::CREATED {
        let id = number_in_tx(tx, account)?;
        tx.put(&MAILBOXES, &(account, id), &Mailbox::new(id, Some(role), Vec::new()))?;
    }
    Ok(())
}
