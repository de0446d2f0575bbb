//! Which groups an account is in, for whatever depends on that.

use std::ops::ControlFlow;

use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::role::RoleMailbox;
use crate::gateway::records::tables::{GROUPS, GROUPS_OF, ROLE_MAILBOXES};
use crate::store::{Order, Read, Tx};

/// The groups that an account is in, in the order of their identifiers.
pub(in crate::gateway) fn groups_of(
    reader: &impl Read,
    account: AccountId,
) -> Result<Vec<GroupId>, Error> {
    let mut found = Vec::new();
    reader.scan_keys(&GROUPS_OF, &account, |(_, group)| {
        found.push(group);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The closed groups that an account is in.
pub(in crate::gateway) fn closed_of(
    reader: &impl Read,
    account: AccountId,
) -> Result<Vec<GroupId>, Error> {
    let mut closed = Vec::new();
    reader.scan(&GROUPS_OF, &account, Order::Ascending, |(_, group), row| {
        if row.closed {
            closed.push(group);
        }
        ControlFlow::Continue(())
    })?;
    Ok(closed)
}

/// The role mailboxes of a group, with the accounts that keep their mail.
pub(in crate::gateway) fn mailboxes_of(
    reader: &impl Read,
    group: GroupId,
) -> Result<Vec<(AccountId, RoleMailbox)>, Error> {
    let mut found = Vec::new();
    reader.scan_readable(&ROLE_MAILBOXES, &(), |account, row| {
        if row.group == group {
            found.push((account, row));
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Ends the epochs that an account holds, because it may no longer sign in: each group that it is in,
/// and that of everybody inside, begins another before anything more is sealed.
pub(in crate::gateway) fn epochs_due_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
) -> Result<(), Error> {
    group_epochs_due_in_tx(tx, account)?;
    due_in_tx(tx, GroupId::EVERYBODY)
}

/// The same for the groups that the account is in, because what opened it before must open nothing that
/// is sealed from now on.
pub(in crate::gateway) fn group_epochs_due_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
) -> Result<(), Error> {
    groups_of(tx, account)?.into_iter().try_for_each(|group| due_in_tx(tx, group))
}

/// The version changes as well, so that an epoch that is being prepared with the account is dropped.
fn due_in_tx(tx: &mut Tx<'_>, group: GroupId) -> Result<(), Error> {
    if let Some(mut row) = tx.get(&GROUPS, &group)? {
        row.due = true;
        row.version = row.version.wrapping_add(1);
        tx.put(&GROUPS, &group, &row)?;
    }
    Ok(())
}
