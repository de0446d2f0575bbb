//! The only source of time. The core is given a [`Clock`], so that tests can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns this moment moved by `secs` seconds, which may be negative.
    pub fn plus_secs(self, secs: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(secs.saturating_mul(1000)))
    }

    /// Returns the moment as a key that sorts by time; zero for any time before 1970.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0).unwrap_or_default()
    }

    /// Returns the whole seconds since 1970, rounded down.
    pub fn unix_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Formats the moment as `2026-11-23T09:00:00.123Z` (RFC 3339, always UTC).
    pub fn to_rfc3339(self) -> String {
        self.to_utc().format(&Rfc3339).unwrap_or_else(|_| "1970-01-01T00:00:00Z".into())
    }

    /// Formats the moment as `2026-11-23 09:00 UTC`, for text that people read in any language. The
    /// pages find this form in notices, and write it in the reader's own way and zone.
    pub fn to_prose(self) -> String {
        let utc = self.to_utc();
        let (year, month, day) = utc.to_calendar_date();
        let (month, hour, minute) = (u8::from(month), utc.hour(), utc.minute());
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    }

    /// Formats the moment as `Mon, 23 Nov 2026 09:00:00 +0000` (RFC 5322 §3.3, always UTC).
    pub fn to_rfc5322(self) -> String {
        self.to_utc().format(&Rfc2822).unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 +0000".into())
    }

    /// Parses an RFC 3339 timestamp, such as [`Timestamp::to_rfc3339`] writes; `None` for anything
    /// else.
    pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).ok().map(Timestamp)
    }

    /// Returns the moment as a date and time in UTC.
    pub fn to_utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// A clock: the machine's, or one that a test sets.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is moved (tests, simulations).
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// Returns a clock that stands at `start`.
    pub fn set_to(start: Timestamp) -> Clock {
        Clock::Set(Arc::new(AtomicI64::new(start.0)))
    }

    /// Returns the current moment.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Set(millis) => Timestamp(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a set clock by `secs`, which may be negative; does nothing to the machine's clock.
    pub fn advance_secs(&self, secs: i64) {
        if let Clock::Set(millis) = self {
            millis.fetch_add(secs * 1000, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_survives_its_text_form() {
        let moment = Timestamp(1_795_424_523_123);
        assert_eq!(moment.to_rfc3339(), "2026-11-23T09:02:03.123Z");
        assert_eq!(Timestamp::parse_rfc3339("2026-11-23T09:02:03.123Z"), Some(moment));
        assert_eq!(moment.to_rfc5322(), "Mon, 23 Nov 2026 09:02:03 +0000");
        assert_eq!(moment.to_prose(), "2026-11-23 09:02 UTC");
    }

    #[test]
    fn a_set_clock_moves_only_when_told() {
        let clock = Clock::set_to(Timestamp(5000));
        clock.advance_secs(-2);
        assert_eq!(clock.now(), Timestamp(3000));
    }
}
