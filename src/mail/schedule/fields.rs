//! The fields of an entry of a calendar, and how long each may be.

use serde::{Deserialize, Serialize};

use super::rule::{Rule, Steps, Unexpanded};
use super::times::{self, Local, Zone};

/// What an entry says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    pub title: String,
    pub place_kind: PlaceKind,
    pub place: String,
    pub text: String,
    pub start: Local,
    pub duration_minutes: u32,
    pub all_day: bool,
    /// By its name in the IANA database.
    pub zone: String,
    /// A rule of repetition (RFC 5545 §3.3.10).
    pub repeat: Option<String>,
    /// Starts that are left out.
    pub exceptions: Vec<Local>,
    pub own: Own,
}

/// What each person keeps of an entry for oneself, also of one that others have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    pub reminder_minutes: Option<u32>,
    /// 0 if it has none of its own.
    pub colour: u8,
    pub category: String,
    /// Empty for the main one.
    pub calendar: String,
}

/// Where something takes place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlaceKind {
    #[default]
    None,
    /// The own office of who asks.
    Office,
    Elsewhere,
    /// An address of the web.
    Link,
}

/// How much an entry may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub text_chars_max: usize,
}

/// What is wrong with an entry, in a sentence.
pub type Wrong = String;

const TITLE_CHARS_MAX: usize = 200;
const PLACE_CHARS_MAX: usize = 300;
const NAME_CHARS_MAX: usize = 60;
/// 31 days.
const MINUTES_MAX: u32 = 31 * 24 * 60;
/// 28 days.
const REMINDER_MINUTES_MAX: u32 = 28 * 24 * 60;
const COLOUR_MAX: u8 = 7;
const EXCEPTIONS_MAX: usize = 200;
const DAY_MINUTES: u32 = 24 * 60;

/// The end of what never ends.
pub const NEVER: i64 = i64::MAX;

impl Fields {
    /// The fields as they are stored; otherwise what is wrong.
    pub fn checked(mut self, limits: Limits) -> Result<Fields, Wrong> {
        self.title = one_line("the title", &self.title, TITLE_CHARS_MAX)?;
        self.place = one_line("the place", &self.place, PLACE_CHARS_MAX)?;
        self.own.category = one_line("the category", &self.own.category, NAME_CHARS_MAX)?;
        self.own.calendar = one_line("the calendar", &self.own.calendar, NAME_CHARS_MAX)?;
        self.text = lines("the text", &self.text, limits.text_chars_max)?;
        let zone = Zone::parse(&self.zone);
        let zone = zone.ok_or_else(|| "the time zone is not known".to_owned())?;
        if self.place_kind == PlaceKind::Link && !is_link(&self.place) {
            return Err("a link begins with https:// or http://".to_owned());
        }
        if self.duration_minutes > MINUTES_MAX {
            return Err(format!("an entry can take at most {} days", MINUTES_MAX / DAY_MINUTES));
        }
        if self.all_day {
            self.start = times::day(self.start);
            if self.duration_minutes == 0 || !self.duration_minutes.is_multiple_of(DAY_MINUTES) {
                return Err("what takes all day takes whole days".to_owned());
            }
        }
        if self.own.reminder_minutes.is_some_and(|minutes| minutes > REMINDER_MINUTES_MAX) {
            let days = REMINDER_MINUTES_MAX / DAY_MINUTES;
            return Err(format!("a reminder can come at most {days} days before"));
        }
        if self.own.colour > COLOUR_MAX {
            return Err(format!("colours have the numbers 0 to {COLOUR_MAX}"));
        }
        if self.exceptions.len() > EXCEPTIONS_MAX {
            return Err(format!("at most {EXCEPTIONS_MAX} days can be left out"));
        }
        if let Some(repeat) = &self.repeat {
            let rule = Rule::parse(repeat, zone)?;
            // What never happens could never be found again to be deleted.
            let ahead = (self.start, self.start.saturating_add(YEARS_AHEAD_SECS));
            let mut steps = Steps::new(STEPS_OF_ONE);
            let starts = rule.starts(self.start, ahead, &self.exceptions, &mut steps);
            if !starts.is_ok_and(|starts| !starts.is_empty()) {
                return Err("this rule of repetition names no day".to_owned());
            }
        }
        Ok(self)
    }

    pub fn zone(&self) -> Zone {
        // It was known when it was stored.
        Zone::parse(&self.zone).unwrap_or_else(Zone::utc_itself)
    }

    /// The first start and its end, in UTC.
    pub fn span(&self) -> (i64, i64) {
        self.span_of(self.start)
    }

    /// The same of another start. Days end at midnight, however long they are.
    pub fn span_of(&self, start: Local) -> (i64, i64) {
        let (zone, secs) = (self.zone(), i64::from(self.duration_minutes) * 60);
        let begins = zone.utc(start);
        let ends = if self.all_day { zone.utc(start + secs) } else { begins + secs };
        (begins, ends)
    }

    /// From when to when something of it may happen, in UTC: what the list looks at first.
    pub fn reach(&self) -> (i64, i64) {
        let (begins, ends) = self.span();
        let Some(repeat) = &self.repeat else { return (begins, ends) };
        let mut steps = Steps::new(STEPS_OF_ONE);
        let rule = Rule::parse(repeat, self.zone()).ok();
        let last = rule.and_then(|rule| rule.last(self.start, &mut steps).ok()).flatten();
        (begins, last.map_or(NEVER, |last| self.span_of(last).1.max(ends)))
    }

    /// The starts of which something lies between two times in UTC; `None` if there are not steps enough to
    /// find them. `reach` is the end of all of it, where that is known.
    pub fn starts_between(
        &self,
        (from, to): (i64, i64),
        reach: i64,
        steps: &mut Steps,
    ) -> Option<Vec<Local>> {
        let starts = match &self.repeat {
            None => vec![self.start],
            Some(repeat) => match self.expanded(repeat, (from, to), reach, steps) {
                Ok(starts) => starts,
                Err(Unexpanded::TooLong) => return None,
                // It was checked when it was stored: by an earlier program, if it is refused now.
                Err(Unexpanded::Unreadable) => vec![self.start],
            },
        };
        let mut found: Vec<(i64, Local)> = Vec::new();
        for start in starts {
            let (begins, ends) = self.span_of(start);
            let is_left_out = self.all_day && begins == ends;
            if is_left_out || begins >= to || ends < from || ends == from && begins != ends {
                continue;
            }
            // A day that the zone leaves out begins with the next one: what is on both happens once.
            if found.last().is_some_and(|(other, _)| *other == begins) {
                found.pop();
            }
            found.push((begins, start));
        }
        Some(found.into_iter().map(|(_, start)| start).collect())
    }

    fn expanded(
        &self,
        repeat: &str,
        (from, to): (i64, i64),
        reach: i64,
        steps: &mut Steps,
    ) -> Result<Vec<Local>, Unexpanded> {
        let (zone, secs) = (self.zone(), i64::from(self.duration_minutes) * 60);
        let rule = Rule::parse(repeat, zone).map_err(|_| Unexpanded::Unreadable)?;
        // Clocks change by a day at most: what does not lie there is left out later.
        let part = (zone.local(from) - secs - DAY_SECS, zone.local(to) + DAY_SECS);
        let end = zone.local(reach);
        if reach == NEVER || zone.utc(end - DAY_SECS) == reach {
            // Or the zone leaves out the day before the end, which does not tell where the last one begins.
            return rule.starts(self.start, part, &self.exceptions, steps);
        }
        let rule = rule.ended(end - secs + DAY_SECS);
        let mut starts = rule.starts(self.start, part, &self.exceptions, steps)?;
        // Nothing else ends so soon after the last one.
        starts.retain(|start| self.span_of(*start).1 <= reach + CLOCKS_SECS);
        Ok(starts)
    }

    /// Whether an answer to the one holds for the other: same time and place.
    pub fn is_same_time(&self, other: &Fields) -> bool {
        let of = |fields: &Fields| {
            let Fields { start, duration_minutes, all_day, place_kind, .. } = fields;
            (*start, *duration_minutes, *all_day, *place_kind)
        };
        of(self) == of(other) && self.zone == other.zone && self.place == other.place
    }
}

const DAY_SECS: i64 = 86_400;
const YEARS_AHEAD_SECS: i64 = 30 * 366 * DAY_SECS;
/// The most by which a government moves the end of an entry, and less than the time between two of them.
const CLOCKS_SECS: i64 = 4 * 3_600;
/// Enough to look at each day of the years that are taken.
const STEPS_OF_ONE: u64 = 120_000;

fn is_link(place: &str) -> bool {
    let link = url::Url::parse(place);
    link.is_ok_and(|link| ["http", "https"].contains(&link.scheme()) && link.has_host())
}

/// A text of one line.
fn one_line(what: &str, text: &str, most: usize) -> Result<String, Wrong> {
    if text.trim().chars().any(char::is_control) {
        return Err(format!("{what} is one line"));
    }
    lines(what, text, most)
}

fn lines(what: &str, text: &str, most: usize) -> Result<String, Wrong> {
    let text = text.trim();
    // Its octets are counted first: who sends megabytes is answered soon.
    if text.len() > most * 4 || text.chars().count() > most {
        return Err(format!("{what} can have at most {most} characters"));
    }
    let is_kept = |one: &char| !one.is_control() || ['\n', '\t'].contains(one);
    Ok(text.chars().filter(is_kept).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const LIMITS: Limits = Limits { text_chars_max: 8_000 };

    fn entry() -> Fields {
        Fields {
            title: "Review".to_owned(),
            start: times::parse("2026-10-24T10:00:00").unwrap(),
            duration_minutes: 60,
            zone: "Europe/Berlin".to_owned(),
            ..Fields::default()
        }
    }

    #[test]
    fn what_is_too_long_is_refused_with_a_sentence() {
        let long = "x".repeat(2 << 20);
        let with = |change: &dyn Fn(&mut Fields)| {
            let mut fields = entry();
            change(&mut fields);
            fields.checked(LIMITS)
        };
        assert_eq!(with(&|_| {}), Ok(entry()));
        let wrong: [&dyn Fn(&mut Fields); 11] = [
            &|fields| fields.title.clone_from(&long),
            &|fields| fields.text.clone_from(&long),
            &|fields| fields.title = "a\nb".to_owned(),
            &|fields| fields.duration_minutes = u32::MAX,
            &|fields| fields.all_day = true,
            &|fields| fields.zone = "Mars/Olympus".to_owned(),
            &|fields| fields.own.colour = 8,
            &|fields| fields.own.reminder_minutes = Some(50_000),
            &|fields| fields.exceptions = vec![0; 201],
            &|fields| fields.repeat = Some("FREQ=SECONDLY".to_owned()),
            &|fields| {
                fields.place_kind = PlaceKind::Link;
                fields.place = "javascript:alert(1)".to_owned();
            },
        ];
        for (number, change) in wrong.iter().enumerate() {
            assert!(with(change).is_err(), "{number}");
        }
    }

    #[test]
    fn a_day_is_as_long_as_its_clocks_say() {
        let mut day = Fields { all_day: true, duration_minutes: 1_440, ..entry() };
        day.start = times::parse("2026-10-25T00:00:00").unwrap();
        let (begins, ends) = day.span();
        assert_eq!(ends - begins, 25 * 3_600);
    }

    #[test]
    fn what_is_repeated_is_at_the_same_time_of_day() {
        let daily = Fields { repeat: Some("FREQ=DAILY".to_owned()), ..entry() };
        let (begins, _) = daily.span();
        let between = (begins, begins + 3 * 86_400);
        let starts = daily.starts_between(between, NEVER, &mut Steps::new(100)).unwrap();
        let shown: Vec<String> = starts.iter().map(|start| times::shown(*start)).collect();
        assert_eq!(shown, ["2026-10-24T10:00:00", "2026-10-25T10:00:00", "2026-10-26T10:00:00"]);
        assert_eq!(daily.span_of(starts[1]).0 - begins, 25 * 3_600);
    }

    #[test]
    fn what_lasts_into_a_day_is_there_on_that_day() {
        let (begins, ends) = entry().span();
        for (from, to, count) in [
            (begins, ends, 1),
            (ends, ends + 1, 0),
            (begins - 1, begins, 0),
            (ends - 1, ends + 1, 1),
        ] {
            let starts = entry().starts_between((from, to), ends, &mut Steps::new(0)).unwrap();
            assert_eq!(starts.len(), count, "{from} {to}");
        }
    }

    /// What begins in the hour that the clocks show twice is found until the end of the second one.
    #[test]
    fn what_begins_when_clocks_go_back_is_found() {
        let mut daily = Fields { repeat: Some("FREQ=DAILY".to_owned()), ..entry() };
        daily.start = times::parse("2026-10-01T02:30:00").unwrap();
        // 01:15 in UTC is 02:15 after the change; the start was at 00:30.
        let to = times::parse("2026-10-25T01:15:00").unwrap();
        let starts = daily.starts_between((to - 3_600, to), NEVER, &mut Steps::new(1_000)).unwrap();
        assert_eq!(starts, [times::parse("2026-10-25T02:30:00").unwrap()]);
    }

    #[test]
    fn what_is_repeated_reaches_to_its_last_start() {
        let end = |repeat: &str, duration_minutes: u32| {
            let repeat = Some(repeat.to_owned());
            let fields = Fields { repeat, duration_minutes, ..entry() };
            let reach = fields.reach().1;
            // And with what is known of the end, the same is found without counting.
            let far = reach.min(entry().span().0 + 5_000 * 86_400);
            let between = (far - 40 * 86_400, far + 40 * 86_400);
            let found = |reach| fields.starts_between(between, reach, &mut Steps::new(200_000));
            assert_eq!(found(reach), found(NEVER), "{:?}", fields.repeat);
            (reach != NEVER).then(|| times::shown(fields.zone().local(reach)))
        };
        assert_eq!(end("FREQ=DAILY", 60), None);
        assert_eq!(end("FREQ=DAILY;COUNT=3", 60).unwrap(), "2026-10-26T11:00:00");
        // Each lasts longer than the time between two.
        assert_eq!(end("FREQ=DAILY;COUNT=3", 4_320).unwrap(), "2026-10-29T10:00:00");
        assert_eq!(end("FREQ=WEEKLY;COUNT=500", 60).unwrap(), "2036-05-17T11:00:00");
        assert_eq!(end("FREQ=DAILY;UNTIL=20261101", 60).unwrap(), "2026-11-02T00:59:59");
    }

    /// The calendar of Apia has no 30 December 2011, and Kwajalein had most of a day twice in 1969: as many
    /// starts as are counted are there, and none of them twice at one time.
    #[test]
    fn a_day_that_a_zone_leaves_out_or_has_twice_breaks_nothing() {
        let found = |zone: &str, repeat: &str, start: &str, all_day: bool| {
            let (zone, repeat) = (zone.to_owned(), Some(repeat.to_owned()));
            let start = times::parse(start).unwrap();
            let duration_minutes = if all_day { 1_440 } else { 60 };
            let fields = Fields { zone, repeat, start, all_day, duration_minutes, ..entry() };
            let fields = fields.checked(LIMITS).unwrap();
            let (begins, reach) = fields.reach();
            let part = (begins, begins + 8 * 86_400);
            let steps = &mut Steps::new(100);
            let starts = fields.starts_between(part, reach, steps).unwrap();
            let begin: BTreeSet<i64> = starts.iter().map(|one| fields.span_of(*one).0).collect();
            assert_eq!(begin.len(), starts.len());
            starts.iter().map(|start| times::shown(*start)[5..10].to_owned()).collect::<Vec<_>>()
        };
        let apia = |repeat: &str| found("Pacific/Apia", repeat, "2011-12-28T10:00:00", false);
        assert_eq!(apia("FREQ=DAILY;COUNT=2"), ["12-28", "12-29"]);
        assert_eq!(apia("FREQ=DAILY;COUNT=3"), ["12-28", "12-29", "12-30"]);
        assert_eq!(apia("FREQ=DAILY;UNTIL=20120101"), ["12-28", "12-29", "12-31", "01-01"]);
        let apia = |repeat: &str| found("Pacific/Apia", repeat, "2011-12-28T00:00:00", true);
        assert_eq!(apia("FREQ=DAILY;COUNT=1"), ["12-28"]);
        assert_eq!(apia("FREQ=DAILY;COUNT=2"), ["12-28", "12-29"]);
        assert_eq!(apia("FREQ=DAILY;COUNT=3"), ["12-28", "12-29"]);
        assert_eq!(apia("FREQ=DAILY;COUNT=5"), ["12-28", "12-29", "12-31", "01-01"]);
        let twice = |start: &str| found("Pacific/Kwajalein", "FREQ=DAILY;COUNT=3", start, false);
        assert_eq!(twice("1969-09-28T10:00:00"), ["09-28", "09-29", "09-30"]);
        assert_eq!(twice("1969-09-28T23:30:00"), ["09-28", "09-29", "09-30"]);
    }

    #[test]
    fn an_entry_of_which_every_day_is_left_out_is_refused() {
        let once = |exceptions: Vec<Local>| {
            let repeat = Some("FREQ=DAILY;COUNT=1".to_owned());
            Fields { repeat, exceptions, ..entry() }.checked(LIMITS)
        };
        assert!(once(vec![]).is_ok());
        assert!(once(vec![entry().start]).is_err());
    }
}
