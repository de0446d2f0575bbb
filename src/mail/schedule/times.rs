//! Local times, as people write them, and what they are in UTC.
//!
//! A local time is kept as the seconds from the beginning of 1970 on the clock of its place. What it is in
//! UTC is asked anew whenever it is needed: governments change their clocks.

use std::str::FromStr;

use chrono::offset::LocalResult;
use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// The seconds from the beginning of 1970 on the clock of a place.
pub type Local = i64;

/// The earliest and the latest local time that is taken: the beginning of 1900 and the end of 2199.
const EARLIEST: Local = -2_208_988_800;
pub const LATEST: Local = 7_258_118_399;

const DAY_SECS: i64 = 86_400;

const FORM: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// The longest name of a time zone.
const ZONE_OCTETS_MAX: usize = 64;

/// A time zone that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// By its name in the IANA database alone.
    pub fn parse(name: &str) -> Option<Zone> {
        if name.len() > ZONE_OCTETS_MAX {
            return None;
        }
        let zone = Tz::from_str(name).ok()?;
        (zone.name() == name).then_some(Zone(zone))
    }

    /// UTC, which every system knows.
    pub fn utc_itself() -> Zone {
        Zone(Tz::UTC)
    }

    /// When it is this time on the clock of the zone. A time that comes twice is the first of them; one that
    /// is left out is counted on from before (RFC 5545 §3.3.5).
    pub fn utc(self, local: Local) -> i64 {
        let offset = |local: Local| {
            let naive = DateTime::from_timestamp(local, 0)?.naive_utc();
            match self.0.offset_from_local_datetime(&naive) {
                LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
                    Some(i64::from(offset.fix().local_minus_utc()))
                }
                LocalResult::None => None,
            }
        };
        let found = offset(local).or_else(|| offset(local - DAY_SECS));
        local - found.unwrap_or_default()
    }

    /// What the clock of the zone shows then.
    pub fn local(self, utc: i64) -> Local {
        let Some(naive) = DateTime::from_timestamp(utc, 0) else { return utc };
        let offset = self.0.offset_from_utc_datetime(&naive.naive_utc());
        utc + i64::from(offset.fix().local_minus_utc())
    }
}

/// Reads `2026-12-03T10:00:00`, of the years 1900 to 2199.
pub fn parse(text: &str) -> Option<Local> {
    if text.len() > 19 {
        return None;
    }
    let local = PrimitiveDateTime::parse(text, FORM).ok()?.assume_utc().unix_timestamp();
    is_taken(local).then_some(local)
}

/// Whether a time lies in the years 1900 to 2199.
pub fn is_taken(local: Local) -> bool {
    (EARLIEST..=LATEST).contains(&local)
}

/// The same as text.
pub fn shown(local: Local) -> String {
    let time = OffsetDateTime::from_unix_timestamp(local).ok();
    time.and_then(|time| time.format(FORM).ok()).unwrap_or_default()
}

/// The midnight that a day begins with.
pub fn day(local: Local) -> Local {
    local - local.rem_euclid(DAY_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_are_read_and_written() {
        for text in ["2026-12-03T10:00:00", "1900-01-01T00:00:00", "2199-12-31T23:59:59"] {
            assert_eq!(shown(parse(text).unwrap()), text);
        }
        for text in
            ["", "2026-12-03", "9999-01-01T00:00:00", "1899-12-31T23:59:59", "2026-02-30T00:00:00"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_zone_is_known_by_its_own_name_alone() {
        for name in ["UTC", "Europe/Berlin", "Asia/Jerusalem", "America/Argentina/Ushuaia"] {
            assert!(Zone::parse(name).is_some(), "{name}");
        }
        let long = "A/".repeat(40);
        for name in ["", "Mars/Olympus", "AUS Central", "/Europe/Berlin", "europe/berlin", &long] {
            assert!(Zone::parse(name).is_none(), "{name}");
        }
    }

    /// Clocks in Berlin go forward on 29 March 2026 at 2, and back on 25 October at 3.
    #[test]
    fn clocks_go_forward_and_back() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let utc = |text: &str| shown(berlin.utc(parse(text).unwrap()));
        let table = [
            ("2026-03-29T01:59:59", "2026-03-29T00:59:59"),
            // Left out: counted on from before.
            ("2026-03-29T02:30:00", "2026-03-29T01:30:00"),
            ("2026-03-29T03:00:00", "2026-03-29T01:00:00"),
            // Comes twice: the first.
            ("2026-10-25T02:30:00", "2026-10-25T00:30:00"),
            ("2026-10-25T03:00:00", "2026-10-25T02:00:00"),
            ("2026-12-03T10:00:00", "2026-12-03T09:00:00"),
        ];
        for (local, expected) in table {
            assert_eq!(utc(local), expected, "{local}");
        }
        assert_eq!(
            shown(berlin.local(parse("2026-10-25T02:00:00").unwrap())),
            "2026-10-25T03:00:00"
        );
    }
}
