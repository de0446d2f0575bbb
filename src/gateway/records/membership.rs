//! Which groups an account is in, for whatever depends on that.

use std::ops::ControlFlow;

use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::tables::{GROUPS, GROUPS_OF};
use crate::store::{Read, Tx};
use crate::terms::GroupKind;

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
    for group in groups_of(reader, account)? {
        if reader.get(&GROUPS, &group)?.is_some_and(|row| row.kind == GroupKind::Closed) {
            closed.push(group);
        }
    }
    Ok(closed)
}

/// Ends the epochs that an account holds, because it may no longer sign in: each group that it is in,
/// and that of everybody inside, begins another before anything more is sealed.
pub(in crate::gateway) fn epochs_due_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
) -> Result<(), Error> {
    let groups = groups_of(tx, account)?;
    for group in groups.into_iter().chain([GroupId::EVERYBODY]) {
        if let Some(mut row) = tx.get(&GROUPS, &group)?.filter(|row| !row.due) {
            row.due = true;
            tx.put(&GROUPS, &group, &row)?;
        }
    }
    Ok(())
}
