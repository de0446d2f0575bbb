//! The starts of rules beside the examples of RFC 5545 §3.8.5.3, and how many days are looked at for them.

use super::rule::{Rule, Steps, Unexpanded};
use super::times::{self, Local, Zone};

const DAY_SECS: i64 = 86_400;

fn at(text: &str) -> Local {
    times::parse(text).unwrap()
}

fn rule(text: &str) -> Rule {
    let zone = Zone::parse("America/New_York").unwrap();
    Rule::parse(text, zone).unwrap_or_else(|wrong| panic!("{text}: {wrong}"))
}

/// Days as `1997-09-02,04..06 10-01`: a year is said once, and so is a month; two dots are every day between.
fn days(text: &str) -> Vec<String> {
    let (mut year, mut days) = ("", Vec::new());
    for month in text.split(' ') {
        let month = match month.split_once('-') {
            Some((first, rest)) if first.len() == 4 => {
                year = first;
                rest
            }
            _ => month,
        };
        let (month, list) = month.split_once('-').unwrap();
        for one in list.split(',') {
            let (from, to) = one.split_once("..").unwrap_or((one, one));
            let (from, to): (u8, u8) = (from.parse().unwrap(), to.parse().unwrap());
            days.extend((from..=to).map(|day| format!("{year}-{month}-{day:02}")));
        }
    }
    days
}

/// RFC 5545 §3.8.5.3, and the one of §3.3.10: what repeats more often than every day is not taken. Where the
/// list of the RFC goes on, it is compared as far as it goes.
#[test]
fn the_examples_of_the_standard_come_out() {
    let weekdays = "BYDAY=MO,TU,WE,TH,FR";
    let table: &[(&str, &str, &str)] = &[
        ("1997-09-02", "FREQ=DAILY;COUNT=10", "1997-09-02..11"),
        (
            "1997-09-02",
            "FREQ=DAILY;UNTIL=19971224T000000Z",
            "1997-09-02..30 10-01..31 11-01..30 12-01..23",
        ),
        (
            "1997-09-02",
            "FREQ=DAILY;INTERVAL=2",
            "1997-09-02,04,06,08,10,12,14,16,18,20,22,24,26,28,30 10-02,04,06",
        ),
        ("1997-09-02", "FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02,12,22 10-02,12"),
        (
            "1998-01-01",
            "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
            "1998-01-01..31 1999-01-01..31 2000-01-01..31",
        ),
        (
            "1998-01-01",
            "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1",
            "1998-01-01..31 1999-01-01..31 2000-01-01..31",
        ),
        ("1997-09-02", "FREQ=WEEKLY;COUNT=10", "1997-09-02,09,16,23,30 10-07,14,21,28 11-04"),
        (
            "1997-09-02",
            "FREQ=WEEKLY;UNTIL=19971224T000000Z",
            "1997-09-02,09,16,23,30 10-07,14,21,28 11-04,11,18,25 12-02,09,16,23",
        ),
        (
            "1997-09-02",
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
            "1997-09-02,16,30 10-14,28 11-11,25 12-09,23 1998-01-06,20 02-03,17",
        ),
        (
            "1997-09-02",
            "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
            "1997-09-02,04,09,11,16,18,23,25,30 10-02",
        ),
        (
            "1997-09-02",
            "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
            "1997-09-02,04,09,11,16,18,23,25,30 10-02",
        ),
        (
            "1997-09-01",
            "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
            "1997-09-01,03,05,15,17,19,29 10-01,03,13,15,17,27,29,31 11-10,12,14,24,26,28 12-08,10,12,22",
        ),
        (
            "1997-09-02",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
            "1997-09-02,04,16,18,30 10-02,14,16",
        ),
        (
            "1997-09-05",
            "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
            "1997-09-05 10-03 11-07 12-05 1998-01-02 02-06 03-06 04-03 05-01 06-05",
        ),
        (
            "1997-09-05",
            "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
            "1997-09-05 10-03 11-07 12-05",
        ),
        (
            "1997-09-07",
            "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
            "1997-09-07,28 11-02,30 1998-01-04,25 03-01,29 05-03,31",
        ),
        (
            "1997-09-22",
            "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
            "1997-09-22 10-20 11-17 12-22 1998-01-19 02-16",
        ),
        (
            "1997-09-28",
            "FREQ=MONTHLY;BYMONTHDAY=-3",
            "1997-09-28 10-29 11-28 12-29 1998-01-29 02-26",
        ),
        (
            "1997-09-02",
            "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
            "1997-09-02,15 10-02,15 11-02,15 12-02,15 1998-01-02,15",
        ),
        (
            "1997-09-30",
            "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
            "1997-09-30 10-01,31 11-01,30 12-01,31 1998-01-01,31 02-01",
        ),
        (
            "1997-09-10",
            "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
            "1997-09-10..15 1999-03-10..13",
        ),
        (
            "1997-09-02",
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
            "1997-09-02,09,16,23,30 11-04,11,18,25 1998-01-06,13,20,27 03-03,10,17,24,31",
        ),
        (
            "1997-06-10",
            "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
            "1997-06-10 07-10 1998-06-10 07-10 1999-06-10 07-10 2000-06-10 07-10 2001-06-10 07-10",
        ),
        (
            "1997-03-10",
            "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
            "1997-03-10 1999-01-10 02-10 03-10 2001-01-10 02-10 03-10 2003-01-10 02-10 03-10",
        ),
        (
            "1997-01-01",
            "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
            "1997-01-01 04-10 07-19 2000-01-01 04-09 07-18 2003-01-01 04-10 07-19 2006-01-01",
        ),
        ("1997-05-19", "FREQ=YEARLY;BYDAY=20MO", "1997-05-19 1998-05-18 1999-05-17"),
        ("1997-05-12", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "1997-05-12 1998-05-11 1999-05-17"),
        (
            "1997-03-13",
            "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
            "1997-03-13,20,27 1998-03-05,12,19,26 1999-03-04,11,18,25",
        ),
        (
            "1997-06-05",
            "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
            "1997-06-05,12,19,26 07-03,10,17,24,31 08-07,14,21,28 1998-06-04,11,18,25 07-02,09,16,23,30",
        ),
        (
            "1997-09-02",
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "1998-02-13 03-13 11-13 1999-08-13 2000-10-13",
        ),
        (
            "1997-09-13",
            "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
            "1997-09-13 10-11 11-08 12-13 1998-01-10 02-07 03-07 04-11 05-09 06-13",
        ),
        (
            "1996-11-05",
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "1996-11-05 2000-11-07 2004-11-02",
        ),
        ("1997-09-04", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04 10-07 11-06"),
        (
            "1997-09-29",
            &format!("FREQ=MONTHLY;{weekdays};BYSETPOS=-2"),
            "1997-09-29 10-30 11-27 12-30 1998-01-29 02-26 03-30",
        ),
        ("1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05,10,19,24"),
        ("1997-08-05", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05,17,19,31"),
        ("2007-01-15", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15,30 02-15 03-15,30"),
    ];
    for (first, text, expected) in table {
        let (first, rule) = (at(&format!("{first}T09:00:00")), rule(text));
        let is_ended = text.contains("COUNT") || text.contains("UNTIL");
        let expected = days(expected);
        let last = match is_ended {
            true => times::LATEST,
            false => at(&format!("{}T09:00:00", expected.last().unwrap())),
        };
        let found = rule.starts(first, (first, last), &[], &mut Steps::new(200_000)).unwrap();
        let found: Vec<String> = found.into_iter().map(times::shown).collect();
        let found: Vec<&str> = found.iter().map(|start| &start[..10]).collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// What the RFC leaves open, as the head of `days` says.
#[test]
fn what_the_standard_leaves_open_is_as_it_is_written_down() {
    for (first, text, expected) in [
        // Numbered days and others name days together.
        ("2026-12-01", "FREQ=MONTHLY;BYDAY=MO,1TU", "2026-12-01,07,14,21,28 2027-01-04,05"),
        ("2026-01-01", "FREQ=YEARLY;BYDAY=1MO,-1SU", "2026-01-05 12-27 2027-01-04 12-26"),
        // Within the months, if there are some.
        ("2026-01-01", "FREQ=YEARLY;BYMONTH=2,3;BYDAY=1MO", "2026-02-02 03-02 2027-02-01 03-01"),
        // The weekday of the first start.
        ("2026-12-02", "FREQ=YEARLY;BYWEEKNO=1,53", "2026-12-30 2027-01-06 2028-01-05 2029-01-03"),
        // A week of the next year has days of this one.
        ("2024-01-01", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=TU", "2024-01-02 12-31 2025-12-30"),
        ("2024-01-01", "FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1;BYDAY=TU", "2024-01-02 12-31 2028-01-04"),
        // Every month.
        ("2026-10-01", "FREQ=YEARLY;BYMONTHDAY=31", "2026-10-31 12-31 2027-01-31 03-31"),
        // The whole week counts, also before the first start: Wednesday is its second day.
        ("2026-12-03", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", "2026-12-09,16"),
        // A first start that the rule does not name is none, and is not counted.
        ("2026-12-03", "FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2026-12-07,14"),
        // Days that a year does not have are left out.
        ("2024-02-29", "FREQ=YEARLY", "2024-02-29 2028-02-29"),
    ] {
        let first = at(&format!("{first}T09:00:00"));
        let expected = days(expected);
        let end = at(&format!("{}T09:00:00", expected.last().unwrap()));
        let found = rule(text).starts(first, (first, end), &[], &mut Steps::new(10_000)).unwrap();
        let found: Vec<String> = found.into_iter().map(times::shown).collect();
        let found: Vec<&str> = found.iter().map(|start| &start[..10]).collect();
        assert_eq!(found, expected, "{text}");
    }
}

/// The fewest steps with which an answer comes: how many days are looked at.
fn looked_at(text: &str, first: &str, part: (Local, Local)) -> u64 {
    let (rule, first) = (rule(text), at(first));
    let found = |steps| rule.starts(first, part, &[], &mut Steps::new(steps));
    let whole = found(u64::MAX).unwrap();
    let (mut few, mut enough) = (0, 1 << 20);
    while few < enough {
        let steps = few + (enough - few) / 2;
        match found(steps) {
            Ok(starts) => {
                assert_eq!(starts, whole, "{text}: the same with fewer steps");
                enough = steps;
            }
            Err(wrong) => {
                assert_eq!(wrong, Unexpanded::TooLong);
                few = steps + 1;
            }
        }
    }
    enough
}

/// A rule that names no day for eighteen years takes the days of the month that is asked for, and those of
/// each other period no more than they are.
#[test]
fn no_more_days_are_looked_at_than_are_asked_for() {
    let january = (at("2026-01-01T00:00:00"), at("2026-01-31T23:59:59"));
    let far = (at("2150-01-01T00:00:00"), at("2150-01-31T23:59:59"));
    let seldom = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO";
    for (text, days) in [
        (seldom, 31..=31),
        ("FREQ=DAILY", 31..=31),
        ("FREQ=DAILY;INTERVAL=10", 4..=4),
        ("FREQ=WEEKLY;BYDAY=MO", 31..=31),
        ("FREQ=MONTHLY", 31..=31),
        ("FREQ=MONTHLY;BYMONTH=3", 1..=1),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=-1MO", 31..=31),
        ("FREQ=YEARLY", 31..=31),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 1..=1),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYMONTH=6", 1..=1),
        ("FREQ=YEARLY;BYYEARDAY=366;BYDAY=MO", 31..=31),
        // The places of a set are those of the whole period.
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", 31..=31),
        ("FREQ=YEARLY;BYDAY=MO,TU;BYSETPOS=-1", 365..=365),
    ] {
        let near = looked_at(text, "2026-01-01T00:00:00", january);
        assert!(days.contains(&near), "{text}: {near}");
        let later = looked_at(text, "1900-01-01T00:00:00", far);
        assert!(later <= *days.end(), "{text}, long after: {later}");
    }
    // Who counts begins at the first.
    let counted = looked_at("FREQ=DAILY;COUNT=10000", "2025-01-01T00:00:00", january);
    assert_eq!(counted, 365 + 31);
    let yearly = looked_at("FREQ=YEARLY;COUNT=10000", "2021-01-01T00:00:00", january);
    assert_eq!(yearly, 6 * 31);
}

/// Whatever a rule says, and however long is asked for, it ends with the last day that is taken, and no more
/// days are looked at than there are.
#[test]
fn a_rule_without_end_ends_with_the_years_that_are_taken() {
    let years = (i64::MIN, i64::MAX);
    for text in [
        "FREQ=DAILY",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;INTERVAL=1000;BYMONTH=2",
        "FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=2",
        "FREQ=YEARLY",
        "FREQ=YEARLY;INTERVAL=1000;BYSETPOS=1;BYDAY=MO",
        "FREQ=YEARLY;BYWEEKNO=53;BYYEARDAY=-1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=10000",
        "FREQ=DAILY;COUNT=10000",
    ] {
        let looked_at = looked_at(text, "1900-01-01T10:00:00", years);
        assert!(looked_at <= 109_573, "{text}: {looked_at}");
        let rule = rule(text);
        let steps = &mut Steps::new(109_573);
        let last = rule.last(at("1900-01-01T10:00:00"), steps).unwrap();
        assert_eq!(last.is_some(), text.contains("COUNT"), "{text}");
    }
    let first = at("2026-02-28T10:00:00");
    let ten_thousand_years = (first, first + 3_652_425 * DAY_SECS);
    let found = rule("FREQ=YEARLY").starts(first, ten_thousand_years, &[], &mut Steps::new(10_000));
    let found = found.unwrap();
    assert_eq!((found.len(), found.last()), (174, Some(&at("2199-02-28T10:00:00"))));
    let few = rule("FREQ=DAILY").starts(first, ten_thousand_years, &[], &mut Steps::new(60_000));
    assert_eq!(few, Err(Unexpanded::TooLong));
}

/// A time that no form takes, as a damaged record may have it.
#[test]
fn what_begins_in_no_year_that_is_taken_is_not_expanded() {
    for first in [i64::MIN, at("1900-01-01T00:00:00") - 1, times::LATEST + 1, i64::MAX] {
        for text in ["FREQ=DAILY", "FREQ=YEARLY;COUNT=3", "FREQ=WEEKLY;UNTIL=20260101"] {
            for part in [(i64::MIN, i64::MAX), (0, DAY_SECS), (i64::MAX, i64::MAX)] {
                let found = rule(text).starts(first, part, &[], &mut Steps::new(1_000));
                let is_nothing = found == Ok(Vec::new()) || found == Err(Unexpanded::Unreadable);
                assert!(is_nothing, "{text} from {first}: {found:?}");
            }
        }
    }
}
