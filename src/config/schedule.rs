//! `[schedule]`: calendars and meetings.

use serde::{Deserialize, Serialize};

use super::Problem;

/// Calendars and meetings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Whether people have calendars and ask each other for meetings.
    pub enabled: bool,
    /// The most entries of a calendar, with those that were deleted lately.
    pub entries_max: u32,
    /// The most characters of an entry's text.
    pub text_chars_max: u32,
    /// How many days of entries that are repeated one list looks at, at most.
    pub steps_max: u32,
    /// The most lines of one list.
    pub shown_max: u32,
    /// The most people who are asked for one meeting.
    pub invitees_max: u32,
    /// For how many meetings one account may ask in a day.
    pub meetings_per_day_max: u32,
    /// For how many meetings one account may be asked in four weeks, by all together.
    pub requests_per_month_max: u32,
    /// For how many of these by one account.
    pub requests_of_one_max: u32,
    /// How often a meeting may be changed, and how often each may answer anew.
    pub changes_max: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule {
            enabled: true,
            entries_max: 50_000,
            text_chars_max: 8_000,
            steps_max: 2_000_000,
            shown_max: 5_000,
            invitees_max: 200,
            meetings_per_day_max: 100,
            requests_per_month_max: 500,
            requests_of_one_max: 100,
            changes_max: 100,
        }
    }
}

impl Schedule {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("schedule.entries_max", self.entries_max.into(), 1..=200_000)?;
        Problem::unless_in("schedule.text_chars_max", self.text_chars_max.into(), 1..=100_000)?;
        let steps = self.steps_max.into();
        Problem::unless_in("schedule.steps_max", steps, 1_000..=20_000_000)?;
        Problem::unless_in("schedule.shown_max", self.shown_max.into(), 1..=20_000)?;
        Problem::unless_in("schedule.invitees_max", self.invitees_max.into(), 1..=500)?;
        let daily = self.meetings_per_day_max.into();
        Problem::unless_in("schedule.meetings_per_day_max", daily, 1..=10_000)?;
        let asked = self.requests_per_month_max.into();
        Problem::unless_in("schedule.requests_per_month_max", asked, 1..=2_000)?;
        let of_one = self.requests_of_one_max.into();
        Problem::unless_in("schedule.requests_of_one_max", of_one, 1..=2_000)?;
        Problem::unless_in("schedule.changes_max", self.changes_max.into(), 1..=1_000)
    }
}
