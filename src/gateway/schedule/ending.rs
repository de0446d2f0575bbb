//! When what is kept of a meeting ends.
//!
//! What was asked, and who answered what, is kept until the second month after the one in which the meeting
//! ended, was cancelled, or was declined: by its invitee alone, then. So nobody's mailbox fills with what others
//! asked long ago. What is left is the entry in each calendar, and the messages. The rows name that month in the
//! clear, and nothing closer: within it, nobody without the keys of one of these people knows when it is.

use std::ops::ControlFlow;

use time::{Date, Month, OffsetDateTime};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::change::Changed;
use crate::gateway::feed::tx::Tx;
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::Due;
use crate::gateway::records::schedule::{MeetingAsked, MeetingRow};
use crate::gateway::records::tables::{
    MEETING_ASKED, MEETING_ENDS, MEETING_NOTICES, MEETING_WAITS, MEETINGS,
};
use crate::mail::schedule::times::LATEST;
use crate::store::{self, Read};

const MILLIS: i64 = 1_000;

/// Until when something is kept that is over at a time, in seconds, or now if that is later: the beginning of the
/// second month after that one, in milliseconds.
pub(super) fn kept_until(now: Timestamp, over: i64) -> u64 {
    let over = over.max(now.0.div_euclid(MILLIS)).clamp(0, LATEST);
    let month = OffsetDateTime::from_unix_timestamp(over).map_or(Date::MAX, OffsetDateTime::date);
    let months = i64::from(month.year()) * 12 + i64::from(u8::from(month.month())) - 1 + 2;
    let first = |months: i64| {
        let year = i32::try_from(months.div_euclid(12)).ok()?;
        let month = Month::try_from(u8::try_from(months.rem_euclid(12)).ok()? + 1).ok()?;
        Date::from_calendar_date(year, month, 1).ok()
    };
    let secs = first(months).map_or(LATEST, |day| day.midnight().assume_utc().unix_timestamp());
    u64::try_from(secs * MILLIS).unwrap_or_default()
}

/// The earlier of two times; a row of which nobody knows when it goes has 0.
pub(super) fn earlier(until: u64, other: u64) -> u64 {
    if until == 0 { other } else { until.min(other) }
}

/// Stores what an invitee is asked.
pub(super) fn asked_put_in_tx(
    tx: &mut Tx<'_, '_>,
    (account, key): (AccountId, ReferenceKey),
    before: Option<&MeetingAsked>,
    after: &MeetingAsked,
) -> Result<(), Error> {
    let was = before.map(|before| before.until);
    move_in_tx(tx, (account, key), was, after.until)?;
    match (before.is_some_and(waits_to_settle), waits_to_settle(after)) {
        (_, true) => tx.put(&MEETING_WAITS, &(account, key), &Due)?,
        (true, false) => tx.delete(&MEETING_WAITS, &(account, key)),
        _ => {}
    }
    Ok(tx.put(&MEETING_ASKED, &(account, key), after)?)
}

/// Whether an entry says less than what was asked last.
pub(super) fn waits_to_settle(asked: &MeetingAsked) -> bool {
    asked.entered.is_some_and(|entered| entered < asked.sequence)
}

/// Stores a meeting.
pub(super) fn meeting_new_in_tx(
    tx: &mut Tx<'_, '_>,
    key: (AccountId, ReferenceKey),
    before: Option<&MeetingRow>,
    after: &MeetingRow,
) -> Result<(), Error> {
    move_in_tx(tx, key, before.map(|before| before.until), after.until)?;
    Ok(tx.put(&MEETINGS, &key, after)?)
}

fn move_in_tx(
    tx: &mut Tx<'_, '_>,
    (account, key): (AccountId, ReferenceKey),
    was: Option<u64>,
    until: u64,
) -> Result<(), Error> {
    if was == Some(until) {
        return Ok(());
    }
    if let Some(was) = was {
        tx.delete(&MEETING_ENDS, &(was, account, key));
    }
    Ok(tx.put(&MEETING_ENDS, &(until, account, key), &Due)?)
}

impl Gateway {
    /// Removes what was kept of meetings that were over long ago: at most `limit` rows. Called by a job.
    pub fn meetings_expire(&self, limit: usize) -> Result<usize, Error> {
        let now = u64::try_from(self.inner.clock.now().0).unwrap_or_default();
        let mut keys = Vec::new();
        self.inner.store.scan_keys(&MEETING_ENDS, &(), |key| {
            if key.0 > now || keys.len() == limit {
                return ControlFlow::Break(());
            }
            keys.push(key);
            ControlFlow::Continue(())
        })?;
        let count = keys.len();
        if count > 0 {
            let done =
                self.transact(move |tx| keys.iter().try_for_each(|key| expire_in_tx(tx, *key)));
            done.wait()?;
        }
        Ok(count)
    }
}

/// Ends what an account has of a meeting: as its requester, or as an invitee.
fn expire_in_tx(
    tx: &mut Tx<'_, '_>,
    (until, account, key): (u64, AccountId, ReferenceKey),
) -> Result<(), Error> {
    tx.delete(&MEETING_ENDS, &(until, account, key));
    // Pages that are open ask again.
    tx.changed(account, Changed::Schedule)?;
    let place = (account, key);
    match tx.get(&MEETINGS, &place) {
        Ok(Some(row)) if row.until == until => {
            tx.delete(&MEETING_NOTICES, &(account, row.mark));
            tx.delete(&MEETINGS, &place);
        }
        // Nobody can answer or cancel it any more.
        Err(store::Error::Damaged(_)) => tx.delete(&MEETINGS, &place),
        other => drop(readable(other)?),
    }
    match tx.get(&MEETING_ASKED, &place) {
        Ok(Some(row)) if row.until == until => {
            tx.delete(&MEETING_ASKED, &place);
            tx.delete(&MEETING_WAITS, &place);
            quota::discharge_in_tx(tx, account, quota::meeting(&row))
        }
        // Nobody knows how long it was, so the account is counted anew.
        Err(store::Error::Damaged(_)) => {
            tx.delete(&MEETING_ASKED, &place);
            tx.delete(&MEETING_WAITS, &place);
            quota::again_in_tx(tx, account)
        }
        other => readable(other).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::schedule::times;

    #[test]
    fn what_is_over_in_a_month_is_kept_for_the_whole_next_one() {
        let at = |text: &str| times::parse(text).unwrap();
        let now = Timestamp(at("2026-12-01T00:00:00") * 1_000);
        for (over, until) in [
            ("2026-12-03T10:00:00", "2027-02-01T00:00:00"),
            ("2026-12-31T23:59:59", "2027-02-01T00:00:00"),
            ("2027-01-01T00:00:00", "2027-03-01T00:00:00"),
            // What was over before it was asked for.
            ("2020-01-01T00:00:00", "2027-02-01T00:00:00"),
        ] {
            let expected = u64::try_from(at(until) * 1_000).unwrap();
            assert_eq!(kept_until(now, at(over)), expected, "{over}");
        }
        assert!(kept_until(now, i64::MAX) > kept_until(now, at("2199-01-01T00:00:00")));
    }
}
