//! Rules of repetition (RFC 5545 §3.3.10): which are taken, and the starts that follow from one.
//!
//! The expansion is that of calcard, on a clock without a zone: what a zone makes of each start is ours
//! ([`Zone::utc`]), because it leaves out or moves those that fall on a change of the clocks.
//!
//! Bounds: the text is short, nothing repeats more often than every day, and who asks says until when and
//! how many starts at most. A rule without an end gets one for the question.

use calcard::common::timezone::Tz;
use calcard::icalendar::ICalendar;

use super::times::{self, Local, Zone};

/// The most characters of a rule.
const CHARS_MAX: usize = 300;

/// The most values of one part of a rule.
const VALUES_MAX: usize = 62;

/// A rule that was checked: its parts in capitals, without UNTIL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    parts: String,
    is_counted: bool,
    until: Option<Local>,
}

impl Rule {
    /// Reads a rule; otherwise says in a sentence what is wrong.
    pub fn parse(text: &str, zone: Zone) -> Result<Rule, String> {
        if text.len() > CHARS_MAX {
            return Err(format!("a rule of repetition can have at most {CHARS_MAX} characters"));
        }
        let mut rule = Rule { parts: String::new(), is_counted: false, until: None };
        let mut names: Vec<&str> = Vec::new();
        let text = text.trim().to_ascii_uppercase();
        for part in text.split(';') {
            let (name, value) = part.split_once('=').ok_or_else(|| unknown(part))?;
            if names.contains(&name) {
                return Err(format!("{name} stands twice in the rule of repetition"));
            }
            names.push(name);
            match name {
                "UNTIL" => {
                    rule.until = Some(until(value, zone).ok_or_else(|| unknown(part))?);
                    continue;
                }
                "COUNT" => {
                    number(value, 1..=10_000).ok_or_else(|| unknown(part))?;
                    rule.is_counted = true;
                }
                "INTERVAL" => number(value, 1..=1_000).map(drop).ok_or_else(|| unknown(part))?,
                "FREQ" if ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"].contains(&value) => {}
                "FREQ" => {
                    let taken = "every day, week, month or year";
                    return Err(format!("an entry can be repeated {taken}, not {value}"));
                }
                "BYDAY" | "BYMONTHDAY" | "BYMONTH" | "BYSETPOS" | "BYYEARDAY" | "BYWEEKNO"
                | "WKST" => values(value).ok_or_else(|| unknown(part))?,
                _ => return Err(unknown(part)),
            }
            if !rule.parts.is_empty() {
                rule.parts.push(';');
            }
            rule.parts.push_str(part);
        }
        match (names.contains(&"FREQ"), rule.is_counted && rule.until.is_some()) {
            (false, _) => Err("a rule of repetition says how often: FREQ".to_owned()),
            (_, true) => Err("a rule of repetition has an end or a count, not both".to_owned()),
            _ => Ok(rule),
        }
    }

    /// The starts of what begins at `first`, up to `last`: at most `most`, without `exceptions`.
    pub fn starts(
        &self,
        first: Local,
        last: Local,
        exceptions: &[Local],
        most: usize,
    ) -> Result<Vec<Local>, String> {
        let last = self.until.map_or(last, |until| until.min(last));
        if last < first {
            return Ok(Vec::new());
        }
        let until = match self.is_counted {
            true => String::new(),
            false => format!(";UNTIL={}", compact(last)),
        };
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART:{}\r\nRRULE:{}{until}\r\n\
             END:VEVENT\r\nEND:VCALENDAR\r\n",
            compact(first),
            self.parts,
        );
        let unreadable = || "the rule of repetition cannot be read".to_owned();
        let calendar = ICalendar::parse(text).map_err(|_| unreadable())?;
        let expanded = calendar.expand_dates(Tz::Floating, most);
        if !expanded.errors.is_empty() {
            return Err(unreadable());
        }
        let starts = expanded.events.iter().map(|event| event.start.timestamp());
        let mut starts: Vec<Local> = starts
            .filter(|start| (first..=last).contains(start) && !exceptions.contains(start))
            .collect();
        starts.sort_unstable();
        starts.dedup();
        Ok(starts)
    }
}

fn unknown(part: &str) -> String {
    let part: String = part.chars().take(40).collect();
    format!("{part} is not understood in a rule of repetition")
}

fn number(value: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    value.parse().ok().filter(|number| range.contains(number))
}

/// Lists of numbers and days alone: nothing that could end the line.
fn values(value: &str) -> Option<()> {
    let is_plain = |one: &str| {
        !one.is_empty()
            && one.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-".contains(&octet))
    };
    (value.split(',').count() <= VALUES_MAX && value.split(',').all(is_plain)).then_some(())
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

/// `20261203T100000`.
fn compact(local: Local) -> String {
    times::shown(local).replace(['-', ':'], "")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn zone() -> Zone {
        Zone::parse("Europe/Berlin").unwrap()
    }

    fn at(text: &str) -> Local {
        times::parse(text).unwrap()
    }

    fn starts(rule: &str, first: &str, last: &str) -> Vec<String> {
        let rule = Rule::parse(rule, zone()).unwrap();
        let starts = rule.starts(at(first), at(last), &[], 4_000).unwrap();
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
        let found = rule.starts(first, last, &[at("2026-12-02T10:00:00")], 10).unwrap();
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
            &long,
            &many,
        ] {
            let refused = Rule::parse(rule, zone()).unwrap_err();
            assert!(refused.len() > 10, "{rule}: {refused}");
        }
    }

    #[test]
    fn what_never_happens_ends_soon() {
        let before = Instant::now();
        for rule in [
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
            "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;COUNT=10000",
            "FREQ=DAILY;COUNT=10000",
            "FREQ=YEARLY",
        ] {
            let rule = Rule::parse(rule, zone()).unwrap();
            let last = at("2199-12-31T00:00:00");
            let found = rule.starts(at("2026-02-01T10:00:00"), last, &[], 4_000);
            assert!(found.is_ok_and(|found| found.len() <= 4_000));
        }
        assert!(before.elapsed().as_secs() < 20, "{:?}", before.elapsed());
    }
}
