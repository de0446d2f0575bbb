//! Rules of repetition (RFC 5545 §3.3.10): which are taken, and the starts that follow from one.
//!
//! The expansion is on a clock without a zone: what a zone makes of each start ([`Zone::utc`]) comes later,
//! because a zone moves those that fall on a change of the clocks.
//!
//! A first start that is not one of those that the rule names is not one of its starts, and is not counted by
//! COUNT: the RFC leaves open what follows from such a rule, and asks that nobody writes one.
//!
//! Bounds: the text is short, nothing repeats more often than every day, and who asks says between which
//! times and how many [`Steps`] may be taken. `days` takes one for each day that it looks at, and one at least
//! for each period; it begins at the period of what is asked for, or at the first start if there is a count,
//! and ends with the last day that is asked for or has a time that we take, whichever is earlier.

use time::Weekday;

pub use super::days::Steps;
use super::days::{Day, DayOfWeek, Days, Often};
use super::times::{self, Local, Zone};

/// The most characters of a rule.
const CHARS_MAX: usize = 300;

/// The most values of one part of a rule.
const VALUES_MAX: usize = 62;

const COUNT_MAX: u32 = 10_000;
const INTERVAL_MAX: u32 = 1_000;
const DAY_SECS: i64 = 86_400;
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

/// A rule that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    days: Days,
    count: Option<usize>,
    until: Option<Local>,
}

/// Why there are no starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unexpanded {
    /// The steps do not suffice.
    TooLong,
    Unreadable,
}

/// The parts of a rule, as they are read one after another.
#[derive(Default)]
struct Parts<'t> {
    all: Vec<(&'t str, &'t str)>,
}

impl<'t> Parts<'t> {
    fn value(&self, name: &str) -> Option<&'t str> {
        self.all.iter().find(|(one, _)| *one == name).map(|(_, value)| *value)
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn read(text: &'t str) -> Result<Parts<'t>, String> {
        let mut parts = Parts::default();
        for part in text.split(';') {
            let (name, value) = part.split_once('=').ok_or_else(|| unknown(part))?;
            if parts.has(name) {
                return Err(format!("{name} stands twice in the rule of repetition"));
            }
            let is_well = match name {
                "FREQ" | "UNTIL" => true,
                "COUNT" => number(value, 1..=COUNT_MAX).is_some(),
                "INTERVAL" => number(value, 1..=INTERVAL_MAX).is_some(),
                "BYDAY" => each(value, |one| day_of_week(one).is_some()),
                "BYMONTHDAY" => each(value, |one| place(one, 31).is_some()),
                "BYYEARDAY" | "BYSETPOS" => each(value, |one| place(one, 366).is_some()),
                "BYWEEKNO" => each(value, |one| place(one, 53).is_some()),
                "BYMONTH" => each(value, |one| number(one, 1..=12).is_some()),
                "WKST" => weekday(value).is_some(),
                _ => false,
            };
            if !is_well {
                return Err(unknown(part));
            }
            parts.all.push((name, value));
        }
        Ok(parts)
    }

    /// What RFC 5545 §3.3.10 does not let stand together.
    fn refuse_mixed(&self, often: Often) -> Result<(), String> {
        let numbered = || {
            let days = self.value("BYDAY").unwrap_or_default();
            days.split(',').filter_map(day_of_week).any(|one| one.place != 0)
        };
        let by = ["BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH"];
        let is_yearly = often == Often::Yearly;
        let is_long = is_yearly || often == Often::Monthly;
        let (name, is_mixed) = [
            ("BYDAY", numbered() && (!is_long || self.has("BYWEEKNO"))),
            ("BYMONTHDAY", often == Often::Weekly && self.has("BYMONTHDAY")),
            ("BYYEARDAY", !is_yearly && self.has("BYYEARDAY")),
            ("BYWEEKNO", !is_yearly && self.has("BYWEEKNO")),
            ("BYSETPOS", self.has("BYSETPOS") && !by.iter().any(|one| self.has(one))),
            ("COUNT", self.has("COUNT") && self.has("UNTIL")),
        ]
        .into_iter()
        .find(|(_, is_mixed)| *is_mixed)
        .unwrap_or_default();
        match is_mixed {
            true => Err(format!("{name} cannot stand beside the rest of the rule of repetition")),
            false => Ok(()),
        }
    }

    /// The values of a part that was checked.
    fn values<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        self.value(name).into_iter().flat_map(|value| value.split(',')).filter_map(read).collect()
    }

    fn days(&self, often: Often) -> Days {
        let numbers = |name| self.values(name, |one| one.parse().ok());
        Days {
            often,
            interval: self.value("INTERVAL").and_then(|one| one.parse().ok()).unwrap_or(1),
            week_begins: self.value("WKST").and_then(weekday).unwrap_or(Weekday::Monday),
            months: numbers("BYMONTH"),
            week_numbers: numbers("BYWEEKNO"),
            year_days: numbers("BYYEARDAY"),
            month_days: numbers("BYMONTHDAY"),
            weekdays: self.values("BYDAY", day_of_week),
            set_positions: numbers("BYSETPOS"),
        }
    }
}

impl Rule {
    /// Reads a rule; otherwise says in a sentence what is wrong.
    pub fn parse(text: &str, zone: Zone) -> Result<Rule, String> {
        if text.len() > CHARS_MAX {
            return Err(format!("a rule of repetition can have at most {CHARS_MAX} characters"));
        }
        let text = text.trim().to_ascii_uppercase();
        let parts = Parts::read(&text)?;
        let often = match parts.value("FREQ") {
            Some("DAILY") => Often::Daily,
            Some("WEEKLY") => Often::Weekly,
            Some("MONTHLY") => Often::Monthly,
            Some("YEARLY") => Often::Yearly,
            Some(other) => {
                let taken = "every day, week, month or year";
                return Err(format!("an entry can be repeated {taken}, not {other}"));
            }
            None => return Err("a rule of repetition says how often: FREQ".to_owned()),
        };
        parts.refuse_mixed(often)?;
        let end = parts
            .value("UNTIL")
            .map(|value| until(value, zone).ok_or_else(|| unknown(&format!("UNTIL={value}"))));
        Ok(Rule {
            days: parts.days(often),
            count: parts.value("COUNT").and_then(|count| count.parse().ok()),
            until: end.transpose()?,
        })
    }

    /// The starts of what begins at `first` that lie between two local times, without `exceptions`. Takes a
    /// step for each day that is looked at, and one at least for each period.
    pub fn starts(
        &self,
        first: Local,
        (from, last): (Local, Local),
        exceptions: &[Local],
        steps: &mut Steps,
    ) -> Result<Vec<Local>, Unexpanded> {
        let last = self.until.map_or(last, |until| until.min(last)).min(times::LATEST);
        if last < first || last < from {
            return Ok(Vec::new());
        }
        let mut starts = self.expanded(first, (from, last), steps)?;
        starts.retain(|start| *start >= from && !exceptions.contains(start));
        Ok(starts)
    }

    /// The last start of what begins at `first`; `None` if it goes on for ever.
    pub fn last(&self, first: Local, steps: &mut Steps) -> Result<Option<Local>, Unexpanded> {
        match (self.until, self.count) {
            (Some(until), _) => Ok(Some(until.max(first))),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let starts = self.expanded(first, (first, times::LATEST), steps)?;
                Ok(Some(starts.last().copied().unwrap_or(first)))
            }
        }
    }

    /// The same rule, of which it is known that it has no start after this one.
    pub fn ended(self, last: Local) -> Rule {
        let until = self.until.map_or(last, |until| until.min(last));
        Rule { count: None, until: Some(until), ..self }
    }

    /// With a count, also those that lie before.
    fn expanded(
        &self,
        first: Local,
        (from, last): (Local, Local),
        steps: &mut Steps,
    ) -> Result<Vec<Local>, Unexpanded> {
        if !times::is_taken(first) {
            return Err(Unexpanded::Unreadable);
        }
        // Those that are counted are found from the beginning alone.
        let (from, most) = match self.count {
            Some(count) => (first, count),
            None => (from.max(first), usize::MAX),
        };
        let part = (day(from), day(last));
        let days = self.days.named(day(first), part, most, steps).ok_or(Unexpanded::TooLong)?;
        let clock = first - day(first) * DAY_SECS;
        let starts = days.into_iter().map(|day| day * DAY_SECS + clock);
        Ok(starts.filter(|start| *start <= last).collect())
    }
}

fn day(local: Local) -> Day {
    local.div_euclid(DAY_SECS)
}

fn unknown(part: &str) -> String {
    let part: String = part.chars().take(40).collect();
    format!("{part} is not understood in a rule of repetition")
}

fn number(value: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    // A sign is not one of the digits.
    let is_plain = value.bytes().all(|octet| octet.is_ascii_digit());
    value.parse().ok().filter(|number| is_plain && range.contains(number))
}

/// Whether each of some values, separated by commas, is one that is taken.
fn each(values: &str, is_taken: impl Fn(&str) -> bool) -> bool {
    values.split(',').count() <= VALUES_MAX && values.split(',').all(is_taken)
}

/// A place from the beginning, or from the end: not 0.
fn place(value: &str, most: u32) -> Option<i32> {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    number(digits, 1..=most)?;
    value.parse().ok()
}

fn weekday(value: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(name, _)| *name == value).map(|(_, weekday)| *weekday)
}

/// A weekday, perhaps with its place within a month or a year: `-2FR`.
fn day_of_week(value: &str) -> Option<DayOfWeek> {
    let (digits, name) = value.split_at_checked(value.len().checked_sub(2)?)?;
    let place = if digits.is_empty() { 0 } else { place(digits, 53)? };
    Some(DayOfWeek { place, weekday: weekday(name)? })
}

/// The end of a rule: a day, a local time, or a time in UTC.
fn until(value: &str, zone: Zone) -> Option<Local> {
    let digits = |range: std::ops::Range<usize>| value.get(range);
    let day = format!("{}-{}-{}", digits(0..4)?, digits(4..6)?, digits(6..8)?);
    if value.len() == 8 {
        return times::parse(&format!("{day}T23:59:59"));
    }
    let rest = value.get(8..)?.strip_prefix('T')?;
    let clock = rest.strip_suffix('Z').unwrap_or(rest);
    if clock.len() != 6 {
        return None;
    }
    let clock = format!("{}:{}:{}", clock.get(0..2)?, clock.get(2..4)?, clock.get(4..6)?);
    let found = times::parse(&format!("{day}T{clock}"))?;
    Some(if rest.ends_with('Z') { zone.local(found) } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> Zone {
        Zone::parse("Europe/Berlin").unwrap()
    }

    fn at(text: &str) -> Local {
        times::parse(text).unwrap()
    }

    fn starts(rule: &str, first: &str, last: &str) -> Vec<String> {
        let rule = Rule::parse(rule, zone()).unwrap();
        let steps = &mut Steps::new(100_000);
        let starts = rule.starts(at(first), (at(first), at(last)), &[], steps).unwrap();
        starts.into_iter().map(times::shown).collect()
    }

    #[test]
    fn a_rule_says_when() {
        let table: [(&str, &[&str]); 7] = [
            ("FREQ=DAILY;COUNT=2", &["2026-03-28", "2026-03-29"]),
            ("FREQ=DAILY;INTERVAL=2", &["2026-03-28", "2026-03-30"]),
            ("FREQ=WEEKLY;BYDAY=MO,SA", &["2026-03-28", "2026-03-30"]),
            ("FREQ=DAILY;UNTIL=20260329", &["2026-03-28", "2026-03-29"]),
            ("freq=daily;until=20260329t013000z", &["2026-03-28", "2026-03-29"]),
            ("FREQ=DAILY;UNTIL=20260329T000000Z", &["2026-03-28"]),
            ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=1", &["2026-03-31"]),
        ];
        for (rule, days) in table {
            let found = starts(rule, "2026-03-28T02:30:00", "2026-03-31T02:30:00");
            let expected: Vec<String> = days.iter().map(|day| format!("{day}T02:30:00")).collect();
            assert_eq!(found, expected, "{rule}");
        }
    }

    /// Every day at 2:30 also on the day whose clocks leave that out: the expansion has no zone.
    #[test]
    fn no_day_is_left_out_when_clocks_change() {
        let found = starts("FREQ=DAILY", "2026-03-28T02:30:00", "2026-03-30T02:30:00");
        assert_eq!(found.len(), 3, "{found:?}");
        let utc: Vec<i64> = found.iter().map(|start| zone().utc(at(start))).collect();
        assert_eq!(utc[1] - utc[0], 24 * 3_600);
        assert_eq!(utc[2] - utc[1], 23 * 3_600);
    }

    #[test]
    fn exceptions_are_left_out() {
        let rule = Rule::parse("FREQ=DAILY", zone()).unwrap();
        let (first, last) = (at("2026-12-01T10:00:00"), at("2026-12-03T10:00:00"));
        let left_out = [at("2026-12-02T10:00:00")];
        let found = rule.starts(first, (first, last), &left_out, &mut Steps::new(10)).unwrap();
        assert_eq!(found, [first, last]);
    }

    #[test]
    fn what_is_hostile_is_refused_with_a_sentence() {
        let long = format!("FREQ=DAILY;BYMONTHDAY={}", "1,".repeat(200));
        let many = format!("FREQ=DAILY;BYMONTHDAY={}1", "1,".repeat(70));
        for rule in [
            "",
            "FREQ=SECONDLY",
            "FREQ=HOURLY",
            "COUNT=3",
            "FREQ=DAILY;COUNT=1000000",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;BYSECOND=1",
            "FREQ=DAILY;FREQ=DAILY",
            "FREQ=DAILY;COUNT=2;UNTIL=20270101",
            "FREQ=DAILY;UNTIL=99991231",
            "FREQ=DAILY;BYDAY=MO\r\nDTSTART:1",
            "FREQ=DAILY;X=1",
            "FREQ=WEEKLY;BYDAY=XX",
            "FREQ=WEEKLY;BYDAY=MO,TUES",
            "FREQ=WEEKLY;BYDAY=1MO",
            "FREQ=MONTHLY;BYDAY=54MO",
            "FREQ=MONTHLY;BYDAY=0MO",
            "FREQ=MONTHLY;BYDAY=",
            "FREQ=YEARLY;BYMONTH=JAN",
            "FREQ=YEARLY;BYMONTH=13",
            "FREQ=YEARLY;BYMONTH=-1",
            "FREQ=MONTHLY;BYMONTHDAY=257",
            "FREQ=MONTHLY;BYMONTHDAY=0",
            "FREQ=MONTHLY;BYMONTHDAY=--1",
            "FREQ=MONTHLY;BYMONTHDAY=-+1",
            "FREQ=WEEKLY;BYMONTHDAY=1",
            "FREQ=YEARLY;BYWEEKNO=54",
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=2MO",
            "FREQ=MONTHLY;BYWEEKNO=20",
            "FREQ=MONTHLY;BYYEARDAY=20",
            "FREQ=YEARLY;BYYEARDAY=367",
            "FREQ=MONTHLY;BYSETPOS=1",
            "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=999",
            "FREQ=DAILY;WKST=1",
            "FREQ=DAILY;INTERVAL=+1",
            &long,
            &many,
        ] {
            let refused = Rule::parse(rule, zone()).unwrap_err();
            assert!(refused.len() > 10, "{rule}: {refused}");
        }
    }

    /// A list asks for some weeks of what began long ago: what it gets is what the whole would have there.
    #[test]
    fn what_is_asked_for_is_the_same_as_a_part_of_the_whole() {
        let rules = [
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=3;BYMONTH=1,7",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU",
            "FREQ=WEEKLY;INTERVAL=5;BYDAY=MO,WE,FR;BYSETPOS=2",
            "FREQ=MONTHLY",
            "FREQ=MONTHLY;INTERVAL=5;BYDAY=-1FR",
            "FREQ=MONTHLY;INTERVAL=12",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "FREQ=YEARLY",
            "FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29",
            "FREQ=YEARLY;BYWEEKNO=20",
            "FREQ=YEARLY;BYYEARDAY=-1",
            "FREQ=YEARLY;BYDAY=20MO",
            "FREQ=WEEKLY;UNTIL=20330101",
            "FREQ=DAILY;COUNT=2000",
            "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=40",
        ];
        for text in rules {
            let rule = Rule::parse(text, zone()).unwrap();
            for first in ["2020-01-31T10:00:00", "2020-02-29T23:30:00", "2021-12-27T00:00:00"] {
                let first = at(first);
                let steps = &mut Steps::new(10_000_000);
                let (begin, end) = (first, at("2045-01-01T00:00:00"));
                let whole = rule.starts(first, (begin, end), &[], steps).unwrap();
                let last = rule.last(first, steps).unwrap();
                if let Some(last) = last {
                    assert!(whole.iter().all(|start| *start <= last), "{text}");
                }
                for from in (first - 40 * DAY_SECS..end - 46 * DAY_SECS).step_by(97 * 86_400) {
                    let part = (from, from + 45 * DAY_SECS);
                    let is_in = |start: &Local| (part.0..=part.1).contains(start);
                    let expected: Vec<Local> = whole.iter().copied().filter(is_in).collect();
                    let found = rule.starts(first, part, &[], steps).unwrap();
                    assert_eq!(found, expected, "{text} from {}", times::shown(from));
                    // The end of what is counted is known once, and is not counted again.
                    if let Some(last) = last {
                        let ended = rule.clone().ended(last);
                        assert_eq!(ended.starts(first, part, &[], steps).unwrap(), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn what_begins_long_before_takes_few_steps() {
        for text in ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY", "FREQ=YEARLY"] {
            let rule = Rule::parse(text, zone()).unwrap();
            let (first, from) = (at("1950-03-05T10:00:00"), at("2150-03-05T00:00:00"));
            let steps = &mut Steps::new(1_000);
            let found = rule.starts(first, (from, from + 60 * DAY_SECS), &[], steps).unwrap();
            assert!(!found.is_empty(), "{text}");
        }
        let counted = Rule::parse("FREQ=DAILY;COUNT=10000", zone()).unwrap();
        let (first, from) = (at("1950-03-05T10:00:00"), at("2150-03-05T00:00:00"));
        let found = counted.starts(first, (from, from + DAY_SECS), &[], &mut Steps::new(1_000));
        assert_eq!(found, Err(Unexpanded::TooLong));
    }

    /// Whatever a rule says, its steps are bounded, and each takes little: hours were possible.
    #[test]
    fn what_never_or_seldom_happens_ends() {
        let first = at("1950-02-01T10:00:00");
        for text in [
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=10000",
            "FREQ=WEEKLY;INTERVAL=999;BYMONTH=2;COUNT=10000",
            "FREQ=YEARLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=30;COUNT=10000",
            "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;COUNT=10000",
            "FREQ=DAILY;COUNT=10000",
            "FREQ=YEARLY",
        ] {
            let rule = Rule::parse(text, zone()).unwrap();
            let steps = &mut Steps::new(200_000);
            let found = rule.starts(first, (first, times::LATEST), &[], steps).unwrap();
            assert!(found.len() <= 91_500, "{text}");
            assert!(rule.last(first, steps).is_ok(), "{text}");
        }
    }
}
