//! Quotas: how much each account stores, and how much it may store.
//!
//! | what is stored | octets | messages |
//! | --- | --- | --- |
//! | a message in a mailbox: arrived, sent, imported, or a notice | its size as the list shows it | 1 |
//! | a draft | its sealed form | 1 |
//! | a file that is being uploaded, or was uploaded for a draft | its size, from the beginning | 0 |
//! | a contact, also for a day after it was deleted, its photo, and the blocks of the list | their sealed forms | 0 |
//! | an entry of the calendar, also for a day after it was deleted, the blocks of the list, and a request for a meeting | their sealed forms | 0 |
//! | what the account said in chat, until it is deleted or the room ends | the sealed form of each line, and the size of each file | 0 |
//! | what the account posted on boards, with earlier versions, until it is deleted | their sealed forms, the size of each file, and the wraps for named readers | 0 |
//! | a sent message that its sender deleted while it waits outside (`mailboxes/owed.rs`) | its size | 0 |
//!
//! A message counts for each account that has it, although its content is stored once: nobody gets
//! room because somebody else deletes a message. What is derived from messages, such as the search
//! index, does not count.
//!
//! A line, a post and a file of either count for the account that wrote it, not for the one that opened the room
//! or made the board, and until it is deleted, also after the account left. They stay when that account is removed, and
//! count for nobody then: for neither the other members nor the owner of the board. Reactions count for nobody.
//!
//! Lines and posts lie with their rooms and boards. What those of an account come to is kept beside it, in
//! `Counters::said` and in its row of all boards, so that counting anew reads no room and no board.
//!
//! Invariant: the count agrees with the rows after each transaction. Whatever stores one of these
//! calls [`charge_in_tx`] right after the row is written, and whatever deletes one calls
//! [`discharge_in_tx`]. An account of a version that did not count is counted from its rows by the
//! first call that needs the number.
//!
//! Who is refused is decided by [`admit_in_tx`] for mail that arrives and by [`check_in_tx`] for
//! what a user does. What the system itself writes to an account is always stored: a confirmation
//! or a report is small, tells what became of a message, and exists only once.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::{Bell, Tx};
use crate::gateway::records::board::BoardPosition;
use crate::gateway::records::contact::{ContactAsked, ContactEdit, ContactRequest, ContactRow};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::mailbox::{Counters, Holder, OwnQuota, Usage};
use crate::gateway::records::numbers::counters_in_tx;
use crate::gateway::records::schedule::{MeetingAsked, ScheduleEntry};
use crate::gateway::records::search::Sealed;
use crate::gateway::records::submission::Draft;
use crate::gateway::records::tables::{
    BOARD_POSITIONS, CONTACT_ASKED, CONTACT_BLOCKS, CONTACT_EDITS, CONTACT_PHOTOS,
    CONTACT_REQUESTS, CONTACTS, COUNTERS, DRAFTS, ENTRIES, MEETING_ASKED, SCHEDULE_BLOCKS,
    SCHEDULE_ENTRIES, TEMPORARY, UPLOADS,
};
use crate::gateway::settings::Quota;
use crate::store::{self, Read};
use crate::terms::Fullness;

/// What an account stores, and how much it may store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaView {
    pub usage: Usage,
    pub quota: Quota,
    pub fullness: Fullness,
}

impl QuotaView {
    /// Whether there is room for a message of `octets`; 0 if the size is not known yet.
    pub(in crate::gateway) fn has_room(&self, octets: u64) -> bool {
        self.fullness < Fullness::Full && self.quota.allows(self.usage.plus(message(octets)))
    }
}

/// The highest limits, as in the configuration.
const OCTETS_MAX: u64 = 1 << 60;
const MESSAGES_MAX: u64 = u32::MAX as u64;

/// From this part of a limit on, an account is [`Fullness::Filling`].
const FILLING_PERCENT: u128 = 80;

/// From this part of a limit on, an account is [`Fullness::AlmostFull`].
const ALMOST_FULL_PERCENT: u128 = 95;

/// What a message counts.
pub(in crate::gateway) fn message(octets: u64) -> Usage {
    Usage { octets, messages: 1 }
}

/// What a draft counts.
pub(in crate::gateway) fn draft(draft: &Draft) -> Usage {
    message(draft.sealed.len() as u64)
}

/// What an upload counts.
pub(in crate::gateway) fn file(octets: u64) -> Usage {
    Usage { octets, messages: 0 }
}

/// What a contact counts, with what its readers see of it.
pub(in crate::gateway) fn contact(row: &ContactRow) -> Usage {
    let sharing = row.sharing.as_ref();
    let shared = sharing.map_or(0, |sharing| sharing.sealed.len() as u64 + sharing.octets);
    file(row.sealed.len() as u64 + shared)
}

/// What a change of a contact by somebody else counts, for the owner of the address book.
pub(in crate::gateway) fn edit(row: &ContactEdit) -> Usage {
    file((row.sealed.len() + row.encapsulation.len() + row.sealed_own.len()) as u64)
}

/// What a contact's photo counts, or a block of the list of contacts.
pub(in crate::gateway) fn sealed(row: Option<&Sealed>) -> Usage {
    file(row.map_or(0, |row| row.0.len() as u64))
}

/// What a request to add a contact counts for the account that it waits for.
pub(in crate::gateway) fn request(row: &ContactRequest) -> Usage {
    file((row.sealed.len() + row.encapsulation.len()) as u64)
}

/// What it counts for the account that sent it.
pub(in crate::gateway) fn asked(row: &ContactAsked) -> Usage {
    file(row.sealed.len() as u64)
}

/// What an entry of a calendar counts.
pub(in crate::gateway) fn entry(row: &ScheduleEntry) -> Usage {
    file(row.sealed.len() as u64)
}

/// What a request for a meeting counts for whom it asks.
pub(in crate::gateway) fn meeting(row: &MeetingAsked) -> Usage {
    file((row.sealed.len() + row.encapsulation.len() + row.said.len()) as u64)
}

impl Usage {
    pub(in crate::gateway) fn plus(self, other: Usage) -> Usage {
        Usage {
            octets: self.octets.saturating_add(other.octets),
            messages: self.messages.saturating_add(other.messages),
        }
    }

    pub(in crate::gateway) fn minus(self, other: Usage) -> Usage {
        Usage {
            octets: self.octets.saturating_sub(other.octets),
            messages: self.messages.saturating_sub(other.messages),
        }
    }
}

impl Quota {
    /// The limits in force for an account.
    fn of(counters: &Counters, configured: Quota) -> Quota {
        let OwnQuota { octets, messages } = counters.own_quota;
        Quota {
            octets: octets.unwrap_or(configured.octets),
            messages: messages.unwrap_or(configured.messages),
        }
    }

    /// Whether so much may be stored.
    fn allows(self, usage: Usage) -> bool {
        let within = |used, limit| limit == 0 || used <= limit;
        within(usage.octets, self.octets) && within(usage.messages, self.messages)
    }

    fn fullness(self, usage: Usage) -> Fullness {
        fullness_of(usage.octets, self.octets).max(fullness_of(usage.messages, self.messages))
    }
}

fn fullness_of(used: u64, limit: u64) -> Fullness {
    let (used, limit) = (u128::from(used), u128::from(limit));
    match limit {
        0 => Fullness::Room,
        _ if used >= limit => Fullness::Full,
        _ if used * 100 >= limit * ALMOST_FULL_PERCENT => Fullness::AlmostFull,
        _ if used * 100 >= limit * FILLING_PERCENT => Fullness::Filling,
        _ => Fullness::Room,
    }
}

impl Gateway {
    /// What the actor's account stores, and how much it may store.
    pub fn quota(&self, actor: &Actor) -> Result<QuotaView, Error> {
        self.quota_of(actor.account())
    }

    pub(in crate::gateway) fn quota_of(&self, account: AccountId) -> Result<QuotaView, Error> {
        let counters = self.inner.store.get(&COUNTERS, &account)?.unwrap_or_default();
        Ok(view(&counters, self.inner.settings.quota_for(counters.holder)))
    }

    /// Counts what at most `limit` accounts store that an earlier version did not count. Called by
    /// a job.
    pub fn quotas_count(&self, limit: usize) -> Result<usize, Error> {
        let mut uncounted = Vec::new();
        self.inner.store.scan_readable(&COUNTERS, &(), |account, counters| {
            if counters.usage.is_none() {
                uncounted.push(account);
            }
            match uncounted.len() < limit {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        for account in &uncounted {
            let account = *account;
            let done = self.transact(move |tx| {
                // The account may have ended since it was found.
                if tx.has(&COUNTERS, &account)? {
                    charge_in_tx(tx, account, Usage::default())?;
                }
                Ok(())
            });
            done.wait()?;
        }
        Ok(uncounted.len())
    }

    /// Whether the owner of an account is to be warned.
    pub(in crate::gateway) fn quota_warning(&self, counters: &Counters) -> Option<Fullness> {
        warning(counters, self.inner.settings.quota_for(counters.holder))
    }

    /// Notified when the owner of an account is to be warned.
    pub fn quota_wake(&self) -> std::sync::Arc<tokio::sync::Notify> {
        self.inner.quota_wake.clone()
    }
}

/// What the counters of an account say. An account that was not counted yet counts as empty.
pub(in crate::gateway) fn view(counters: &Counters, configured: Quota) -> QuotaView {
    let usage = counters.usage.unwrap_or_default();
    let quota = Quota::of(counters, configured);
    QuotaView { usage, quota, fullness: quota.fullness(usage) }
}

/// The warning that is due. Outsiders get none: they cannot answer it by anything but reading or
/// rejecting what waits for them, and their page shows how full the account is.
fn warning(counters: &Counters, configured: Quota) -> Option<Fullness> {
    let fullness = Quota::of(counters, configured).fullness(counters.usage?);
    let reached = fullness.min(Fullness::AlmostFull);
    (counters.holder == Holder::User && reached > counters.warned).then_some(reached)
}

/// Counts what was just stored.
pub(in crate::gateway) fn charge_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    added: Usage,
) -> Result<(), Error> {
    replace_in_tx(tx, account, Usage::default(), added)
}

/// Counts what was just stored in the place of something else.
pub(in crate::gateway) fn replace_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    removed: Usage,
    added: Usage,
) -> Result<(), Error> {
    let mut counters = counters_in_tx(tx, account)?;
    let configured = tx.configured_quota(counters.holder);
    match counters.usage {
        Some(before) => {
            // If the account emptied since the last warning, the next one is due again. Only what
            // is stored can fill it, so looking here misses nothing.
            let fell = Quota::of(&counters, configured).fullness(before);
            counters.warned = counters.warned.min(fell);
            counters.usage = Some(before.plus(added).minus(removed));
        }
        // The rows that were just written are among those that are counted.
        None => count_in_tx(tx, account, &mut counters)?,
    }
    put_in_tx(tx, account, &counters)
}

fn put_in_tx(tx: &mut Tx<'_, '_>, account: AccountId, counters: &Counters) -> Result<(), Error> {
    let configured = tx.configured_quota(counters.holder);
    if warning(counters, configured).is_some() {
        tx.ring(Bell::Quota);
    }
    let stored = view(counters, configured);
    tx.then(move |gateway| gateway.inner.addressees.store(account, stored));
    Ok(tx.put(&COUNTERS, &account, counters)?)
}

/// Counts what an account said in chat, and what of it is stored no longer. The account must be there.
pub(in crate::gateway) fn said_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    (added, removed): (u64, u64),
) -> Result<(), Error> {
    let mut counters = counters_in_tx(tx, account)?;
    counters.said = counters.said.saturating_add(added).saturating_sub(removed);
    tx.put(&COUNTERS, &account, &counters)?;
    replace_in_tx(tx, account, file(removed), file(added))
}

/// Counts a file as said in chat that counted as an upload.
pub(in crate::gateway) fn said_with_file_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    octets: u64,
) -> Result<(), Error> {
    let mut counters = counters_in_tx(tx, account)?;
    counters.said = counters.said.saturating_add(octets);
    tx.put(&COUNTERS, &account, &counters)?;
    kept_in_tx(tx, account, octets)
}

/// Counts a file that an account keeps as something else from now on, whose row says so already.
pub(in crate::gateway) fn kept_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    octets: u64,
) -> Result<(), Error> {
    replace_in_tx(tx, account, file(octets), file(octets))
}

/// Counts all of an account anew, because something in it could not be read.
pub(in crate::gateway) fn again_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
) -> Result<(), Error> {
    let counters = Counters { usage: None, ..counters_in_tx(tx, account)? };
    tx.put(&COUNTERS, &account, &counters)?;
    charge_in_tx(tx, account, Usage::default())
}

/// Counts what was just deleted.
pub(in crate::gateway) fn discharge_in_tx(
    tx: &mut store::Tx<'_>,
    account: AccountId,
    removed: Usage,
) -> Result<(), Error> {
    let mut counters = counters_in_tx(tx, account)?;
    // What was never counted is counted later, without what was deleted here.
    let Some(before) = counters.usage else { return Ok(()) };
    counters.usage = Some(before.minus(removed));
    Ok(tx.put(&COUNTERS, &account, &counters)?)
}

/// Whether a user may store `added` if `removed` goes: otherwise [`Error::MailboxFull`]. Call it
/// before anything of this is written.
pub(in crate::gateway) fn check_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    removed: Usage,
    added: Usage,
) -> Result<(), Error> {
    let mut counters = counters_in_tx(tx, account)?;
    if counters.usage.is_none() {
        count_in_tx(tx, account, &mut counters)?;
        tx.put(&COUNTERS, &account, &counters)?;
    }
    let after = counters.usage.unwrap_or_default().plus(added).minus(removed);
    match Quota::of(&counters, tx.configured_quota(counters.holder)).allows(after) {
        true => Ok(()),
        false => Err(Error::MailboxFull),
    }
}

/// Whether a message that was received may be stored for its readers: otherwise
/// [`Error::MailboxFull`], and the peer tries again.
///
/// SMTP has one reply for all recipients after the last octet, so a message that fits into one
/// mailbox is stored in all: each may overshoot its limit by this one message. If a mailbox became
/// full since RCPT, the message is deferred as a whole. When the peer tries again, the full one is
/// refused at RCPT and the others get the message. So no recipient silently goes without, and no
/// mailbox is ever more than one message over its limit, however many peers deliver at once.
pub(in crate::gateway) fn admit_in_tx(
    tx: &Tx<'_, '_>,
    readers: impl IntoIterator<Item = AccountId>,
    octets: u64,
) -> Result<(), Error> {
    let mut fits = false;
    for account in readers {
        let counters = counters_in_tx(tx, account)?;
        let quota = Quota::of(&counters, tx.configured_quota(counters.holder));
        let usage = counters.usage.unwrap_or_default();
        if quota.fullness(usage) == Fullness::Full {
            return Err(Error::MailboxFull);
        }
        fits |= quota.allows(usage.plus(message(octets)));
    }
    if fits { Ok(()) } else { Err(Error::MailboxFull) }
}

/// Sets the limits of one account.
pub(in crate::gateway) fn own_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    own: OwnQuota,
) -> Result<(), Error> {
    let within = |limit: Option<u64>, most| limit.is_none_or(|limit| limit <= most);
    if !within(own.octets, OCTETS_MAX) || !within(own.messages, MESSAGES_MAX) {
        return Err(Error::Invalid { what: "the limit is too high; 0 is no limit".to_owned() });
    }
    // Counts it, and notes whether it emptied under the limits that end here.
    charge_in_tx(tx, account, Usage::default())?;
    let counters = Counters { own_quota: own, ..counters_in_tx(tx, account)? };
    put_in_tx(tx, account, &counters)
}

fn count_in_tx(
    tx: &store::Tx<'_>,
    account: AccountId,
    counters: &mut Counters,
) -> Result<(), Error> {
    counters.usage = Some(recount(tx, account)?);
    if tx.has(&TEMPORARY, &account)? {
        counters.holder = Holder::Outsider;
    }
    Ok(())
}

fn counters_of(reader: &impl Read, account: AccountId) -> Result<Counters, Error> {
    Ok(reader.get(&COUNTERS, &account)?.unwrap_or_default())
}

/// What the rows of an account come to.
pub(in crate::gateway) fn recount(reader: &impl Read, account: AccountId) -> Result<Usage, Error> {
    let mut usage = Usage::default();
    let mut add = |more: Usage| {
        usage = usage.plus(more);
        ControlFlow::Continue(())
    };
    reader.scan_readable(&ENTRIES, &account, |_, entry| add(message(entry.size)))?;
    reader.scan_readable(&DRAFTS, &account, |_, row| add(draft(&row)))?;
    reader.scan_readable(&UPLOADS, &account, |_, upload| add(file(upload.size)))?;
    reader.scan_readable(&CONTACTS, &account, |_, row| add(contact(&row)))?;
    reader.scan_readable(&CONTACT_PHOTOS, &account, |_, row| add(sealed(Some(&row))))?;
    reader.scan_readable(&CONTACT_BLOCKS, &account, |_, row| add(sealed(Some(&row))))?;
    reader.scan_readable(&CONTACT_REQUESTS, &account, |_, row| add(request(&row)))?;
    reader.scan_readable(&CONTACT_ASKED, &account, |_, row| add(asked(&row)))?;
    reader.scan_readable(&CONTACT_EDITS, &account, |_, row| add(edit(&row)))?;
    reader.scan_readable(&SCHEDULE_ENTRIES, &account, |_, row| add(self::entry(&row)))?;
    reader.scan_readable(&SCHEDULE_BLOCKS, &account, |_, row| add(sealed(Some(&row))))?;
    reader.scan_readable(&MEETING_ASKED, &account, |_, row| add(meeting(&row)))?;
    let posted = reader.get(&BOARD_POSITIONS, &BoardPosition::everywhere(account))?;
    let _ = add(file(posted.unwrap_or_default().octets));
    let _ = add(file(counters_of(reader, account)?.said));
    Ok(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_as_full_as_its_fullest_limit() {
        let quota = Quota { octets: 1_000, messages: 10 };
        let table = [
            (0, 0, Fullness::Room),
            (799, 7, Fullness::Room),
            (800, 0, Fullness::Filling),
            (0, 8, Fullness::Filling),
            (949, 9, Fullness::Filling),
            (950, 0, Fullness::AlmostFull),
            (999, 9, Fullness::AlmostFull),
            (0, 10, Fullness::Full),
            (1_001, 0, Fullness::Full),
        ];
        for (octets, messages, expected) in table {
            assert_eq!(quota.fullness(Usage { octets, messages }), expected, "{octets} {messages}");
        }
    }

    #[test]
    fn zero_is_no_limit() {
        let everything = Usage { octets: u64::MAX, messages: u64::MAX };
        let quota = Quota { octets: 0, messages: 0 };
        assert!(quota.allows(everything));
        assert_eq!(quota.fullness(everything), Fullness::Room);
        assert!(!Quota { octets: 0, messages: 1 }.allows(everything));
    }
}
