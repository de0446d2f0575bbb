//! Which groups an account is in, for whatever depends on that.
//!
//! A member is named, by a manager, or computed: somebody is in a group because the voucher who agreed to
//! that attests it. The rows are there from the attestation on, and [`VouchedMember::counts`] says of
//! each, whenever it is asked, whether it still counts: one that does not is none, before it is cleared
//! away. Whatever asks for members asks here.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::error::{Error, readable};
use crate::gateway::records::group::{GroupVoucher, VouchedMember};
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::keyring_rows::keys_changed_in_tx;
use crate::gateway::records::role::RoleMailbox;
use crate::gateway::records::tables::{
    ACCOUNTS, ATTESTATIONS, GROUP_MEMBERS, GROUP_TERMS, GROUPS, GROUPS_OF, ROLE_MAILBOXES,
    SIGNING_KEYS, VOUCHED_MEMBERS,
};
use crate::store::{Order, Read, Tx};
use crate::vault::{self, VerifyingKey};

/// What decides whether a computed member counts, as the records are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Facts {
    /// The agreement of the group's voucher, who has to be a member.
    pub agreement: Option<(AccountId, [u8; 16])>,
    /// The digest of the voucher's attestation about the account, unless it was revoked.
    pub attestation: Option<[u8; 32]>,
    /// The digest of both parties as they are now; `None` if one has no key that counts.
    pub parties: Option<[u8; 32]>,
    pub now: Timestamp,
}

impl VouchedMember {
    /// Whether the member still is one: the voucher agreed to it and has not taken that back, the same
    /// attestation is there, neither revoked nor over, and both parties have the keys and the addresses
    /// that it names.
    pub(in crate::gateway) fn counts(&self, facts: &Facts) -> bool {
        facts.agreement == Some((self.voucher, self.agreement))
            && facts.attestation == Some(self.attestation)
            && facts.parties == Some(self.parties)
            && self.ends.is_none_or(|ends| ends > facts.now)
    }
}

/// A party of an attestation: the account, its address and its key.
pub(in crate::gateway) type PartyOf<'p> = (AccountId, &'p str, VerifyingKey);

/// The digest of the parties of an attestation: its voucher, and the one whom it is about.
pub(in crate::gateway) fn parties_digest(voucher: PartyOf<'_>, subject: PartyOf<'_>) -> [u8; 32] {
    let mut octets = b"group parties\0".to_vec();
    for (account, address, key) in [voucher, subject] {
        octets.extend(account.0);
        octets.extend((address.len() as u64).to_be_bytes());
        octets.extend(address.as_bytes());
        octets.extend(key.0);
    }
    vault::digest(&octets)
}

/// The first address and the key of an account whose pair counts.
fn party(reader: &impl Read, account: AccountId) -> Result<Option<(String, VerifyingKey)>, Error> {
    let key = reader.get(&SIGNING_KEYS, &account)?.filter(|row| !row.ended);
    let row = reader.get(&ACCOUNTS, &account)?;
    let address = row.and_then(|row| row.addresses.into_iter().next());
    Ok(address.zip(key.map(|key| key.public)))
}

/// The member by whose attestations the members of a group are computed, or who was asked.
pub(in crate::gateway) fn voucher_of(
    reader: &impl Read,
    group: GroupId,
) -> Result<Option<GroupVoucher>, Error> {
    let terms = readable(reader.get(&GROUP_TERMS, &group))?.flatten();
    Ok(terms.and_then(|terms| terms.voucher))
}

/// What all computed members of a group have in common: its voucher, as far as that is a member who
/// agreed.
struct Vouches {
    voucher: AccountId,
    agreement: [u8; 16],
    party: Option<(String, VerifyingKey)>,
}

/// `None` if nobody vouches for the members of a group.
fn vouches(reader: &impl Read, group: GroupId) -> Result<Option<Vouches>, Error> {
    let terms = reader.get(&GROUP_TERMS, &group)?;
    let Some(voucher) = terms.and_then(|terms| terms.voucher) else { return Ok(None) };
    let Some(agreed) = voucher.agreed else { return Ok(None) };
    let voucher = voucher.account;
    if !reader.has(&GROUP_MEMBERS, &(group, voucher))? {
        return Ok(None);
    }
    Ok(Some(Vouches { voucher, agreement: agreed.id, party: party(reader, voucher)? }))
}

/// The facts of one computed member.
pub(in crate::gateway) fn facts(
    reader: &impl Read,
    (group, account): (GroupId, AccountId),
    now: Timestamp,
) -> Result<Facts, Error> {
    facts_by(reader, (vouches(reader, group)?.as_ref(), account), now)
}

fn facts_by(
    reader: &impl Read,
    (by, account): (Option<&Vouches>, AccountId),
    now: Timestamp,
) -> Result<Facts, Error> {
    let Some(Vouches { voucher, agreement, party: own }) = by else {
        return Ok(Facts { agreement: None, attestation: None, parties: None, now });
    };
    let row = reader.get(&ATTESTATIONS, &(account, *voucher))?;
    let row = row.filter(|row| row.revoked.is_none());
    let parties = own.as_ref().zip(party(reader, account)?);
    Ok(Facts {
        agreement: Some((*voucher, *agreement)),
        attestation: row.map(|row| vault::digest(&row.attested.octets)),
        parties: parties.map(|((one, key), (other, its))| {
            parties_digest((*voucher, one, *key), (account, &other, its))
        }),
        now,
    })
}

/// Whether somebody who has a member's row in a group is a member: one who was named, or a computed one
/// who counts. `None` if a record that says so cannot be read: then nothing is allowed that members are
/// allowed, and what protects a member of a closed group stays.
pub(in crate::gateway) fn counts(
    reader: &impl Read,
    (group, account): (GroupId, AccountId),
    now: Timestamp,
) -> Result<Option<bool>, Error> {
    let strictly = || {
        let Some(vouched) = reader.get(&VOUCHED_MEMBERS, &(account, group))? else {
            return Ok::<_, Error>(true);
        };
        Ok(vouched.counts(&facts(reader, (group, account), now)?))
    };
    readable(strictly())
}

/// Whether an account is a member of a group.
pub(in crate::gateway) fn is_member(
    reader: &impl Read,
    (group, account): (GroupId, AccountId),
    now: Timestamp,
) -> Result<bool, Error> {
    let is_there = reader.has(&GROUP_MEMBERS, &(group, account))?;
    Ok(is_there && counts(reader, (group, account), now)? == Some(true))
}

/// The members of a group, in the order of their identifiers: one scan, if none of them is computed.
pub(in crate::gateway) fn members_of(
    reader: &impl Read,
    group: GroupId,
    now: Timestamp,
) -> Result<Vec<AccountId>, Error> {
    let mut rows = Vec::new();
    reader.scan_keys(&GROUP_MEMBERS, &group, |(_, account)| {
        rows.push(account);
        ControlFlow::Continue(())
    })?;
    let terms = readable(reader.get(&GROUP_TERMS, &group))?;
    if terms.is_some_and(|terms| terms.is_none_or(|terms| !terms.computes())) {
        return Ok(rows);
    }
    // What all have in common is read once; if it cannot be read, those who are named are left.
    let by = readable(vouches(reader, group))?;
    let mut found = Vec::with_capacity(rows.len());
    for account in rows {
        let is_one = match readable(reader.get(&VOUCHED_MEMBERS, &(account, group)))? {
            Some(None) => true,
            Some(Some(row)) => match &by {
                Some(by) => {
                    let facts = readable(facts_by(reader, (by.as_ref(), account), now))?;
                    facts.is_some_and(|facts| row.counts(&facts))
                }
                None => false,
            },
            None => false,
        };
        found.extend(is_one.then_some(account));
    }
    Ok(found)
}

/// The groups that an account is in, in the order of their identifiers.
pub(in crate::gateway) fn groups_of(
    reader: &impl Read,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<GroupId>, Error> {
    let rows = group_rows_of(reader, account)?;
    counted(reader, (account, rows), now, |counts| counts == Some(true))
}

/// Of groups in which an account has a row, those that it is in: whether one counts for which that cannot
/// be read, `is_in` says.
fn counted(
    reader: &impl Read,
    (account, rows): (AccountId, Vec<GroupId>),
    now: Timestamp,
    is_in: fn(Option<bool>) -> bool,
) -> Result<Vec<GroupId>, Error> {
    let mut computed = BTreeSet::new();
    if !rows.is_empty() {
        reader.scan_keys(&VOUCHED_MEMBERS, &account, |(_, group)| {
            computed.insert(group);
            ControlFlow::Continue(())
        })?;
    }
    let mut found = Vec::with_capacity(rows.len());
    for group in rows {
        if !computed.contains(&group) || is_in(counts(reader, (group, account), now)?) {
            found.push(group);
        }
    }
    Ok(found)
}

/// The groups in which an account has a row, whether it still counts or not: for limits, and for what is
/// cleared away.
pub(in crate::gateway) fn group_rows_of(
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

/// The closed groups that an account is in, with those of which that cannot be read.
pub(in crate::gateway) fn closed_of(
    reader: &impl Read,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<GroupId>, Error> {
    let closed = closed_rows_of(reader, account)?;
    counted(reader, (account, closed), now, |counts| counts != Some(false))
}

/// The closed groups in which an account has a row, whether it still counts or not.
pub(in crate::gateway) fn closed_rows_of(
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

/// Has the computed members of a group looked at before anything more is sealed for it: those whom an
/// account vouches for, and where it is one itself. Its key or its address changed. Nothing that was
/// sealed before is stored after it.
pub(in crate::gateway) fn computed_lapse_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
) -> Result<(), Error> {
    for group in group_rows_of(tx, account)? {
        let Some(mut terms) = readable(tx.get(&GROUP_TERMS, &group))?.flatten() else { continue };
        let vouches = terms.voucher.as_ref().is_some_and(|voucher| voucher.account == account);
        if vouches || tx.has(&VOUCHED_MEMBERS, &(account, group))? {
            terms.lapses = Some(Timestamp(0));
            tx.put(&GROUP_TERMS, &group, &terms)?;
            due_in_tx(tx, group)?;
        }
    }
    Ok(())
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

/// The same for the groups that the account is in, and for the keyrings, because what opened it before must
/// open nothing that is sealed from now on.
pub(in crate::gateway) fn group_epochs_due_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
) -> Result<(), Error> {
    keys_changed_in_tx(tx)?;
    group_rows_of(tx, account)?.into_iter().try_for_each(|group| due_in_tx(tx, group))
}

/// The version changes as well, so that an epoch that is being prepared with the account is dropped.
pub(in crate::gateway) fn due_in_tx(tx: &mut Tx<'_>, group: GroupId) -> Result<(), Error> {
    if let Some(mut row) = tx.get(&GROUPS, &group)? {
        row.due = true;
        row.version = row.version.wrapping_add(1);
        tx.put(&GROUPS, &group, &row)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vouched() -> VouchedMember {
        VouchedMember {
            voucher: AccountId([1; 16]),
            agreement: [2; 16],
            attestation: [3; 32],
            parties: [4; 32],
            ends: Some(Timestamp(100)),
        }
    }

    fn facts() -> Facts {
        Facts {
            agreement: Some((AccountId([1; 16]), [2; 16])),
            attestation: Some([3; 32]),
            parties: Some([4; 32]),
            now: Timestamp(99),
        }
    }

    #[test]
    fn a_computed_member_counts_as_long_as_each_fact_is_the_same() {
        let counts = |change: fn(&mut Facts)| {
            let mut facts = facts();
            change(&mut facts);
            vouched().counts(&facts)
        };
        assert!(counts(|_| ()));
        for change in [
            (|facts| facts.agreement = None) as fn(&mut Facts),
            |facts| facts.agreement = Some((AccountId([9; 16]), [2; 16])),
            |facts| facts.agreement = Some((AccountId([1; 16]), [9; 16])),
            |facts| facts.attestation = None,
            |facts| facts.attestation = Some([9; 32]),
            |facts| facts.parties = None,
            |facts| facts.parties = Some([9; 32]),
            |facts| facts.now = Timestamp(100),
        ] {
            assert!(!counts(change));
        }
        let lasting = VouchedMember { ends: None, ..vouched() };
        assert!(lasting.counts(&Facts { now: Timestamp(i64::MAX), ..facts() }));
    }

    #[test]
    fn the_parties_are_told_apart_by_each_of_their_parts() {
        let key = |number| VerifyingKey([number; 32]);
        let one = |address, number| (AccountId([number; 16]), address, key(number));
        let of = parties_digest(one("a@example.org", 1), one("b@example.org", 2));
        for (voucher, subject) in [
            (one("b@example.org", 2), one("a@example.org", 1)),
            (one("a@example.orgb", 1), one("@example.org", 2)),
            (one("a@example.org", 1), one("b@example.org", 3)),
            (one("a@example.org", 1), (AccountId([2; 16]), "b@example.org", key(3))),
        ] {
            assert_ne!(parties_digest(voucher, subject), of);
        }
    }
}
