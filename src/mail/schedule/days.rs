//! The days that a rule of repetition names, period by period (RFC 5545 §3.3.10).
//!
//! A period is a day, a week, a month or a year, and a rule takes one in INTERVAL of them, counted from that in
//! which the first start lies. Whether the table of the RFC lets a part expand or limit comes to the same: a day
//! of the period is named if no part excludes it. What a rule leaves open follows from the first start:
//!
//! | how often | without | follows from the first start |
//! | --- | --- | --- |
//! | weekly | BYDAY | its weekday |
//! | monthly | BYDAY, BYMONTHDAY | its day of the month |
//! | yearly, with BYWEEKNO | BYDAY, BYMONTHDAY, BYYEARDAY | its weekday |
//! | yearly | BYDAY, BYMONTHDAY, BYYEARDAY | its day of the month, and without BYMONTH its month |
//!
//! Where the RFC leaves open what is meant:
//!
//! - A number of BYDAY counts within the month if the rule is monthly or has BYMONTH, otherwise within the year.
//!   Numbered days and others name days together, as in libical; python-dateutil and rrule.js keep what is both.
//! - A week belongs to the year that has four of its days. The period is the calendar year all the same, as in
//!   python-dateutil and rrule.js, and has those days of its first and last weeks that lie in it.
//! - BYWEEKNO alone names the weekday of the first start, as in libical; the other two name seven days.
//! - BYSETPOS counts in the whole period, also before the first start; python-dateutil leaves out what lies before
//!   it in the first week.
//!
//! Each period takes as many [`Steps`] as days of it are looked at, and one at least. Days outside of what is
//! asked for are not looked at, unless BYSETPOS counts among them, and no period is that lies outside of it.
//! What a step takes does not depend on the rule but for the number of its values.

use time::util::days_in_year;
use time::{Date, Duration, OffsetDateTime, Weekday};

/// A day, counted from the beginning of 1970.
pub type Day = i64;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Often {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A value of BYDAY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOfWeek {
    /// Which of them within a month or a year; 0 for each.
    pub place: i32,
    pub weekday: Weekday,
}

/// What a rule says of days. A part without values excludes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    pub often: Often,
    /// At least 1.
    pub interval: u32,
    /// WKST.
    pub week_begins: Weekday,
    pub months: Vec<i32>,
    pub week_numbers: Vec<i32>,
    pub year_days: Vec<i32>,
    pub month_days: Vec<i32>,
    pub weekdays: Vec<DayOfWeek>,
    pub set_positions: Vec<i32>,
}

/// How many days may still be looked at for what is repeated.
#[derive(Debug)]
pub struct Steps(u64);

impl Steps {
    pub fn new(most: u64) -> Steps {
        Steps(most)
    }

    /// Nothing if they do not suffice.
    fn take(&mut self, steps: u64) -> Option<()> {
        self.0 = self.0.checked_sub(steps)?;
        Some(())
    }
}

/// The days from one to another, both included.
type Part = (Day, Day);

impl Days {
    /// The days of a part that are named for what begins on `first`, in order and at most so many of them;
    /// nothing if the steps do not suffice.
    pub fn named(
        &self,
        first: Day,
        (from, last): Part,
        most: usize,
        steps: &mut Steps,
    ) -> Option<Vec<Day>> {
        let part = (from.max(first), last);
        let days = self.completed(date(first));
        let interval = i64::from(days.interval);
        let (begin, end) = (days.period(first), days.period(last));
        // What lies before is passed over at once.
        let mut period = begin + (days.period(part.0) - begin) / interval * interval;
        let mut found = Vec::new();
        while period <= end && found.len() < most {
            found.extend(days.of_period(period, part, steps)?);
            period += interval;
        }
        found.truncate(most);
        Some(found)
    }

    /// With what follows from the first start.
    fn completed(&self, first: Date) -> Days {
        let mut days = self.clone();
        let lists = [&days.month_days, &days.year_days];
        if !days.weekdays.is_empty() || lists.iter().any(|list| !list.is_empty()) {
            return days;
        }
        let weekday = DayOfWeek { place: 0, weekday: first.weekday() };
        match days.often {
            Often::Daily => {}
            Often::Weekly => days.weekdays.push(weekday),
            Often::Yearly if !days.week_numbers.is_empty() => days.weekdays.push(weekday),
            Often::Monthly => days.month_days.push(first.day().into()),
            Often::Yearly => {
                days.month_days.push(first.day().into());
                if days.months.is_empty() {
                    days.months.push(u8::from(first.month()).into());
                }
            }
        }
        days
    }

    /// The number of the period in which a day lies; the next one has the next number.
    fn period(&self, day: Day) -> i64 {
        match self.often {
            Often::Daily => day,
            Often::Weekly => (day - self.week_zero()).div_euclid(7),
            Often::Monthly => month_of(date(day)),
            Often::Yearly => date(day).year().into(),
        }
    }

    /// The day on which the week with the number 0 begins: the beginning of 1970 is a Thursday.
    fn week_zero(&self) -> Day {
        i64::from(self.week_begins.number_days_from_monday()) - 3
    }

    fn of_period(&self, period: i64, part: Part, steps: &mut Steps) -> Option<Vec<Day>> {
        let mut spans = self.spans(period);
        if self.set_positions.is_empty() {
            spans.iter_mut().for_each(|span| *span = (span.0.max(part.0), span.1.min(part.1)));
        }
        let looked_at: i64 = spans.iter().map(|(begin, end)| (end - begin + 1).max(0)).sum();
        steps.take(u64::try_from(looked_at).unwrap_or_default().max(1))?;
        let days = spans.into_iter().flat_map(|(begin, end)| begin..=end);
        let mut found = self.at_set_positions(days.filter(|day| self.is_named(*day)).collect());
        found.retain(|day| (part.0..=part.1).contains(day));
        Some(found)
    }

    /// The parts of a period that have to be looked at, in order.
    fn spans(&self, period: i64) -> Vec<Part> {
        let months = match self.often {
            Often::Daily => return vec![(period, period)],
            Often::Weekly => {
                let begin = self.week_zero() + 7 * period;
                return vec![(begin, begin + 6)];
            }
            Often::Monthly => period..period + 1,
            Often::Yearly => 12 * period..12 * (period + 1),
        };
        let is_in = |month: &i64| {
            let number = month.rem_euclid(12) + 1;
            self.months.is_empty() || self.months.iter().any(|one| i64::from(*one) == number)
        };
        let months = months.filter(is_in);
        months.map(|month| (month_begin(month), month_begin(month + 1) - 1)).collect()
    }

    /// Whether no part excludes a day.
    fn is_named(&self, day: Day) -> bool {
        let at = date(day);
        let month = i32::from(u8::from(at.month()));
        let of_month = Place { at: at.day().into(), of: at.month().length(at.year()).into() };
        has(&self.months, [month, month])
            && has(&self.month_days, of_month.by_days())
            && has(&self.year_days, of_year(at).by_days())
            && (self.week_numbers.is_empty() || has(&self.week_numbers, self.week_number(day)))
            && self.has_weekday(at, of_month)
    }

    /// A week belongs to the year that has four of its days, and so the fourth of them.
    fn week_number(&self, day: Day) -> [i32; 2] {
        let begin = day - (day - self.week_zero()).rem_euclid(7);
        of_year(date(begin + 3)).by_weeks()
    }

    fn has_weekday(&self, at: Date, of_month: Place) -> bool {
        let is_of_month = self.often == Often::Monthly || !self.months.is_empty();
        let places = if is_of_month { of_month } else { of_year(at) }.by_weeks();
        let is_one = |one: &DayOfWeek| {
            one.weekday == at.weekday() && (one.place == 0 || places.contains(&one.place))
        };
        self.weekdays.is_empty() || self.weekdays.iter().any(is_one)
    }

    fn at_set_positions(&self, days: Vec<Day>) -> Vec<Day> {
        if self.set_positions.is_empty() {
            return days;
        }
        // A year at most.
        let of = i32::try_from(days.len()).unwrap_or_default();
        let is_at = |at: i32| has(&self.set_positions, Place { at, of }.by_days());
        (1..).zip(days).filter(|(at, _)| is_at(*at)).map(|(_, day)| day).collect()
    }
}

/// Where a day stands in a month, in a year or in a set.
#[derive(Clone, Copy)]
struct Place {
    /// From 1.
    at: i32,
    of: i32,
}

impl Place {
    /// From the beginning, and from the end as a negative number.
    fn by_days(self) -> [i32; 2] {
        [self.at, self.at - self.of - 1]
    }

    /// The same among the days that have the same weekday.
    fn by_weeks(self) -> [i32; 2] {
        [(self.at - 1) / 7 + 1, -((self.of - self.at) / 7 + 1)]
    }
}

fn has(values: &[i32], places: [i32; 2]) -> bool {
    values.is_empty() || places.iter().any(|place| values.contains(place))
}

fn date(day: Day) -> Date {
    OffsetDateTime::UNIX_EPOCH.date().saturating_add(Duration::days(day))
}

fn of_year(at: Date) -> Place {
    Place { at: at.ordinal().into(), of: days_in_year(at.year()).into() }
}

/// The number of a month, counted from the January of a year 0.
fn month_of(at: Date) -> i64 {
    i64::from(at.year()) * 12 + i64::from(u8::from(at.month())) - 1
}

/// The first day of the month with this number.
fn month_begin(month: i64) -> Day {
    // Years that begin with March have the leap day at their end, and months that are as long as one another
    // in turn from there.
    let (year, month) = ((month - 2).div_euclid(12), (month - 2).rem_euclid(12));
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 - MARCH_OF_YEAR_0
}

/// The days from the first of March of the year 0 to the beginning of 1970.
const MARCH_OF_YEAR_0: i64 = 719_468;

#[cfg(test)]
mod tests {
    use time::Month;

    use super::*;

    #[test]
    fn a_month_begins_on_its_first_day() {
        for year in 1899..=2201 {
            for number in 1..=12 {
                let month = Month::try_from(number).unwrap();
                let first = Date::from_calendar_date(year, month, 1).unwrap();
                assert_eq!(date(month_begin(month_of(first))), first);
            }
        }
    }
}
