//! Who may do something to a group, asked in the transaction that does it.

use std::ops::ControlFlow;

use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::tx::Tx;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::tables::{ACCOUNTS, GROUP_MEMBERS};
use crate::store::Read;

/// Who may do something to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum By {
    /// Its own managers.
    Members,
    /// They, and managers of the site.
    MembersOrSite,
    /// Its only member, who leaves.
    LastMember,
}

/// Refuses what somebody does who is no manager any more by now: between a question and a transaction,
/// the right may have been taken away.
pub(in crate::gateway) fn manages_in_tx(
    tx: &Tx<'_, '_>,
    group: GroupId,
    actor: AccountId,
    by: By,
) -> Result<(), Error> {
    let member = tx.get(&GROUP_MEMBERS, &(group, actor))?;
    let manages = member.as_ref().is_some_and(|member| member.manager);
    let allowed = match by {
        By::Members => manages,
        By::MembersOrSite => manages || tx.get(&ACCOUNTS, &actor)?.is_some_and(|row| row.manages()),
        By::LastMember => {
            let mut others = false;
            tx.scan_keys(&GROUP_MEMBERS, &group, |(_, other)| {
                others |= other != actor;
                ControlFlow::Continue(())
            })?;
            if others {
                return Err(Error::Conflict(Conflict::GroupChanged));
            }
            member.is_some()
        }
    };
    match allowed {
        true => Ok(()),
        false => Err(Error::Denied { reason: "only the managers of a group do that" }),
    }
}
