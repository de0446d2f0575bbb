//! When a notice is due: a decision over the terms, a moment, and the rules of the time zone.
//!
//! | pace | due |
//! | --- | --- |
//! | at once | when something waits |
//! | once an hour | at the next full hour after that |
//! | once a day | when the clock of the zone next shows the time |
//!
//! What would be due within the quiet hours is due when they end. Where the clock goes forward, a time that it
//! leaves out is the first one after that; where it goes back, a day has its notice at the first of both.

use chrono::{DateTime, Days, MappedLocalTime, NaiveDate, Offset, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;

use crate::clock::Timestamp;
use crate::gateway::records::notice::{NoticeTerms, QuietHours};
use crate::terms::NoticePace;

/// How many minutes a day has, where the clock stays as it is.
pub const DAY_MINUTES: u16 = 24 * 60;

/// How many days are looked at for a time: a zone may have left one out altogether.
const DAYS_LOOKED: u64 = 4;
/// How far behind a time that the clock leaves out the next one is looked for, in steps of a minute.
const GAP_MINUTES_MAX: i64 = 3 * 60;
/// How many ends of quiet hours are looked at, for one that is not quiet.
const ENDS_LOOKED: usize = 4;

/// The zone with this name, if there is one.
#[must_use]
pub fn zone_named(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// When a notice of what waits since a moment is due.
#[must_use]
pub fn due(terms: &NoticeTerms, since: Timestamp) -> Timestamp {
    // Another version of the program may have known other zones.
    let zone = zone_named(&terms.zone).unwrap_or(Tz::UTC);
    let at = match terms.pace {
        NoticePace::AtOnce => since,
        NoticePace::Hourly => next_hour(zone, since),
        NoticePace::Daily => next_shown(zone, since, terms.daily_minute, Shown::First),
    };
    match terms.quiet {
        Some(quiet) => after_quiet(zone, quiet, at),
        None => at,
    }
}

/// Whether a notice of what waits since a moment may be given now. What was due before may be late, or the hours
/// may have been changed meanwhile: none is given within the quiet hours.
#[must_use]
pub fn may_be_given(terms: &NoticeTerms, since: Timestamp, now: Timestamp) -> bool {
    let zone = zone_named(&terms.zone).unwrap_or(Tz::UTC);
    due(terms, since) <= now && !terms.quiet.is_some_and(|quiet| is_quiet(zone, quiet, now))
}

/// The same moment, or the end of the quiet hours. That end may be left out by the clock, and what comes in its
/// place may be quiet again.
fn after_quiet(zone: Tz, quiet: QuietHours, at: Timestamp) -> Timestamp {
    let mut at = at;
    for _ in 0..ENDS_LOOKED {
        if !is_quiet(zone, quiet, at) {
            break;
        }
        at = next_shown(zone, at, quiet.until, Shown::Either);
    }
    at
}

/// Whether a moment lies within the quiet hours, which may go on after midnight.
fn is_quiet(zone: Tz, QuietHours { from, until }: QuietHours, at: Timestamp) -> bool {
    let Some(local) = local_of(zone, at) else { return false };
    let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or_default();
    match from < until {
        true => (from..until).contains(&minute),
        false => from != until && (minute >= from || minute < until),
    }
}

fn local_of(zone: Tz, at: Timestamp) -> Option<DateTime<Tz>> {
    zone.timestamp_opt(at.unix_secs(), 0).single()
}

/// The full hour of the zone's clock after a moment: some zones are half an hour from the others.
fn next_hour(zone: Tz, after: Timestamp) -> Timestamp {
    let offset = local_of(zone, after).map_or(0, |local| local.offset().fix().local_minus_utc());
    let shown = after.unix_secs() + i64::from(offset);
    let next = (shown.div_euclid(3_600) + 1) * 3_600 - i64::from(offset);
    Timestamp(next.saturating_mul(1_000))
}

/// Which one is meant of two times that a clock shows because it goes back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    First,
    Either,
}

/// When the clock of the zone next shows a time of the day.
fn next_shown(zone: Tz, after: Timestamp, minute: u16, which: Shown) -> Timestamp {
    let Some(local) = local_of(zone, after) else { return after };
    let today = local.date_naive();
    let days = (0..DAYS_LOOKED).filter_map(|days| today.checked_add_days(Days::new(days)));
    let found = days.flat_map(|day| moments(zone, day, minute, which)).flatten();
    // A clock that never shows it: better now than never.
    found.into_iter().find(|moment| *moment > after).unwrap_or(after)
}

/// When the clock of a zone shows a time on a day.
fn moments(zone: Tz, day: NaiveDate, minute: u16, which: Shown) -> [Option<Timestamp>; 2] {
    let Some(midnight) = day.and_hms_opt(0, 0, 0) else { return [None, None] };
    let wanted = midnight + TimeDelta::minutes(minute.into());
    for gap in 0..=GAP_MINUTES_MAX {
        match zone.from_local_datetime(&(wanted + TimeDelta::minutes(gap))) {
            MappedLocalTime::Single(at) => return [Some(stamp(&at)), None],
            MappedLocalTime::Ambiguous(first, second) => {
                let second = (which == Shown::Either).then(|| stamp(&second));
                return [Some(stamp(&first)), second];
            }
            MappedLocalTime::None => {}
        }
    }
    [None, None]
}

fn stamp(at: &DateTime<Tz>) -> Timestamp {
    Timestamp(at.timestamp().saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn terms(zone: &str, pace: NoticePace, daily: u16, quiet: Option<(u16, u16)>) -> NoticeTerms {
        NoticeTerms {
            zone: zone.to_owned(),
            pace,
            daily_minute: daily,
            quiet: quiet.map(|(from, until)| QuietHours { from, until }),
            posts: true,
        }
    }

    const H: u16 = 60;
    const NIGHT: Option<(u16, u16)> = Some((22 * H, 7 * H));

    /// P-66: when a notice is due, by pace, quiet hours and zone, also where the clock is changed.
    #[test]
    fn a_notice_is_due_when_the_terms_say() {
        use NoticePace::{AtOnce, Daily, Hourly};
        let berlin = "Europe/Berlin";
        let table = [
            // At once, and not in the quiet hours, on either side of midnight.
            ("UTC", AtOnce, 0, None, "2026-11-23T09:02:03Z", "2026-11-23T09:02:03Z"),
            ("UTC", AtOnce, 0, NIGHT, "2026-11-23T21:59:59Z", "2026-11-23T21:59:59Z"),
            ("UTC", AtOnce, 0, NIGHT, "2026-11-23T22:00:00Z", "2026-11-24T07:00:00Z"),
            ("UTC", AtOnce, 0, NIGHT, "2026-11-24T00:00:00Z", "2026-11-24T07:00:00Z"),
            ("UTC", AtOnce, 0, NIGHT, "2026-11-24T06:59:59Z", "2026-11-24T07:00:00Z"),
            ("UTC", AtOnce, 0, NIGHT, "2026-11-24T07:00:00Z", "2026-11-24T07:00:00Z"),
            // Quiet hours within one day, and none that would last a day.
            ("UTC", AtOnce, 0, Some((720, 780)), "2026-11-24T12:30:00Z", "2026-11-24T13:00:00Z"),
            ("UTC", AtOnce, 0, Some((720, 720)), "2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z"),
            // In the zone of the person, not in ours.
            (berlin, AtOnce, 0, NIGHT, "2026-11-23T21:30:00Z", "2026-11-24T06:00:00Z"),
            ("Asia/Jerusalem", AtOnce, 0, NIGHT, "2026-11-23T20:30:00Z", "2026-11-24T05:00:00Z"),
            // Once an hour: always after that, also in a zone of half hours.
            ("UTC", Hourly, 0, None, "2026-11-23T09:02:03Z", "2026-11-23T10:00:00Z"),
            ("UTC", Hourly, 0, None, "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"),
            ("Asia/Kolkata", Hourly, 0, None, "2026-11-23T09:02:03Z", "2026-11-23T09:30:00Z"),
            ("UTC", Hourly, 0, NIGHT, "2026-11-23T21:10:00Z", "2026-11-24T07:00:00Z"),
            // Once a day: today, or tomorrow; in the quiet hours, when they end.
            ("UTC", Daily, 8 * H, None, "2026-11-23T07:59:59Z", "2026-11-23T08:00:00Z"),
            ("UTC", Daily, 8 * H, None, "2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z"),
            ("UTC", Daily, 6 * H, NIGHT, "2026-11-23T12:00:00Z", "2026-11-24T07:00:00Z"),
            ("UTC", Daily, 0, None, "2026-12-31T12:00:00Z", "2027-01-01T00:00:00Z"),
            // The clock goes forward on 29 March 2026 from 02:00 to 03:00: 02:30 is left out.
            (berlin, Daily, 2 * H + 30, None, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
            (berlin, AtOnce, 0, NIGHT, "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"),
            (berlin, AtOnce, 0, Some((H, 150)), "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
            // It goes back on 25 October 2026 from 03:00 to 02:00: 02:30 is there twice.
            (berlin, Daily, 2 * H + 30, None, "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
            (berlin, Daily, 2 * H + 30, None, "2026-10-25T00:45:00Z", "2026-10-26T01:30:00Z"),
            (berlin, AtOnce, 0, NIGHT, "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"),
            (berlin, AtOnce, 0, Some((H, 150)), "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"),
            // The end of the quiet hours is left out, and what comes in its place is quiet.
            (berlin, AtOnce, 0, Some((180, 150)), "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"),
            // A day that a zone left out: Apia had no 30 December 2011.
            ("Pacific/Apia", Daily, 8 * H, None, "2011-12-29T20:00:00Z", "2011-12-30T18:00:00Z"),
            // A name that this program does not know.
            ("Mars/Olympus", AtOnce, 0, NIGHT, "2026-11-23T22:30:00Z", "2026-11-24T07:00:00Z"),
        ];
        for (zone, pace, daily, quiet, since, expected) in table {
            let found = due(&terms(zone, pace, daily, quiet), at(since));
            assert_eq!(found, at(expected), "{zone} {pace:?} {daily} {quiet:?} {since}");
        }
    }

    /// P-66: what is late, or was due by other hours, is not given within the quiet hours either.
    #[test]
    fn a_late_notice_waits_for_the_end_of_the_quiet_hours() {
        let hourly = terms("UTC", NoticePace::Hourly, 0, NIGHT);
        let since = at("2026-11-23T20:30:00Z");
        for (now, expected) in [
            ("2026-11-23T20:59:59Z", false),
            ("2026-11-23T21:00:00Z", true),
            ("2026-11-23T21:59:59Z", true),
            ("2026-11-23T22:30:00Z", false),
            ("2026-11-24T06:59:59Z", false),
            ("2026-11-24T07:00:00Z", true),
        ] {
            assert_eq!(may_be_given(&hourly, since, at(now)), expected, "{now}");
        }
        // It waited by quiet hours from 22:00 on, which were then changed.
        let changed = terms("UTC", NoticePace::AtOnce, 0, Some((23 * H + 15, 8 * H)));
        let since = at("2026-11-23T23:00:00Z");
        assert!(!may_be_given(&changed, since, at("2026-11-23T23:30:00Z")));
        assert!(may_be_given(&changed, since, at("2026-11-24T08:00:00Z")));
    }

    /// P-66: whatever the terms are, a notice is due within three days, never before what it is about, and
    /// never in the quiet hours.
    #[test]
    fn a_notice_is_late_by_three_days_at_most_and_never_in_the_quiet_hours() {
        let zones =
            ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Gaza"];
        let mut seed = 7_u64;
        let mut drawn = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..20_000 {
            let zone = zones[usize::try_from(drawn(5)).unwrap()];
            let pace = NoticePace::ALL[usize::try_from(drawn(3)).unwrap()];
            let mut minute = || u16::try_from(drawn(DAY_MINUTES.into())).unwrap();
            let (daily, quiet) = (minute(), (minute(), minute()));
            let since =
                at("2026-01-01T00:00:00Z").plus_secs(i64::try_from(drawn(31_536_000)).unwrap());
            let terms = terms(zone, pace, daily, Some(quiet));
            let found = due(&terms, since);
            let context = format!("{terms:?} {since:?}");
            assert!(found >= since && found <= since.plus_secs(3 * 86_400), "{context}");
            assert!(!is_quiet(zone_named(zone).unwrap(), terms.quiet.unwrap(), found), "{context}");
        }
    }
}
