//! The expansion of some thousand random rules beside an oracle: a calendar whose days are counted one by one,
//! each of which is asked whether it matches the rule as RFC 5545 §3.3.10 says it.
//!
//! Nothing is shared with the expansion: neither the reading of rules, nor the arithmetic of dates.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::rule::{Rule, Steps};
use super::times::{self, Local, Zone};

const DAY_SECS: i64 = 86_400;
const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// A day of the calendar, and how it is counted.
#[derive(Clone)]
struct Day {
    number: i64,
    year: i64,
    month: i64,
    of_month: i64,
    of_year: i64,
    /// From Monday, which is 0.
    weekday: usize,
    in_month: i64,
    in_year: i64,
}

/// The days of the years 1898 to 2201, one after another from a Saturday.
struct Calendar {
    days: Vec<Day>,
    /// The week of each day from the beginning and from the end of its year, by the day on which weeks begin.
    weeks: Vec<Vec<[i64; 2]>>,
}

const FIRST_NUMBER: i64 = -26_297;

fn month_length(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Calendar {
    fn new() -> Calendar {
        let (mut days, mut number, mut weekday) = (Vec::new(), FIRST_NUMBER, 5);
        for year in 1898..=2201 {
            let in_year = (1..=12).map(|month| month_length(year, month)).sum();
            let mut of_year = 0;
            for month in 1..=12 {
                let in_month = month_length(year, month);
                for of_month in 1..=in_month {
                    of_year += 1;
                    days.push(Day {
                        number,
                        year,
                        month,
                        of_month,
                        of_year,
                        weekday,
                        in_month,
                        in_year,
                    });
                    (number, weekday) = (number + 1, (weekday + 1) % 7);
                }
            }
        }
        let weeks = (0..7).map(|begins| weeks(&days, begins)).collect();
        Calendar { days, weeks }
    }

    fn at(&self, number: i64) -> usize {
        usize::try_from(number - FIRST_NUMBER).unwrap()
    }
}

/// "Week number one of the calendar year is the first week that contains at least four (4) days in that
/// calendar year."
fn weeks(days: &[Day], begins: usize) -> Vec<[i64; 2]> {
    let mut each: Vec<Vec<usize>> = Vec::new();
    for (at, day) in days.iter().enumerate() {
        if day.weekday == begins || each.is_empty() {
            each.push(Vec::new());
        }
        each.last_mut().unwrap().push(at);
    }
    let year_of = |week: &Vec<usize>| {
        let years: Vec<i64> = week.iter().map(|at| days[*at].year).collect();
        let has_four = |year: &&i64| years.iter().filter(|one| one == year).count() >= 4;
        years.iter().find(has_four).copied().unwrap_or(0)
    };
    let mut by_year: BTreeMap<i64, Vec<Vec<usize>>> = BTreeMap::new();
    for week in each {
        by_year.entry(year_of(&week)).or_default().push(week);
    }
    let mut found = vec![[0, 0]; days.len()];
    for weeks in by_year.values() {
        let count = i64::try_from(weeks.len()).unwrap();
        for (number, week) in (1..).zip(weeks) {
            week.iter().for_each(|at| found[*at] = [number, number - count - 1]);
        }
    }
    found
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Freq {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

#[derive(Clone, Debug)]
struct Model {
    freq: Freq,
    interval: i64,
    week_begins: usize,
    months: Vec<i64>,
    week_numbers: Vec<i64>,
    year_days: Vec<i64>,
    month_days: Vec<i64>,
    weekdays: Vec<(i64, usize)>,
    set_positions: Vec<i64>,
    count: Option<usize>,
    until: Option<i64>,
}

impl Model {
    fn random(rng: &mut Rng) -> Model {
        // Years have the most parts.
        let freq = match rng.usize(..7) {
            0 => Freq::Daily,
            1 => Freq::Weekly,
            2 | 3 => Freq::Monthly,
            _ => Freq::Yearly,
        };
        let is_yearly = freq == Freq::Yearly;
        let is_long = is_yearly || freq == Freq::Monthly;
        let mut model = Model {
            freq,
            interval: if rng.bool() { 1 } else { rng.i64(1..=if is_yearly { 4 } else { 30 }) },
            week_begins: if rng.bool() { 0 } else { rng.usize(..7) },
            months: some(rng, 4, |rng| rng.i64(1..=12)),
            week_numbers: Vec::new(),
            year_days: Vec::new(),
            month_days: Vec::new(),
            weekdays: some(rng, 2, |rng| (0, rng.usize(..7))),
            set_positions: Vec::new(),
            count: None,
            until: None,
        };
        if freq != Freq::Weekly {
            model.month_days = some(rng, 3, |rng| either(rng, 31));
        }
        if is_yearly {
            model.week_numbers = some(rng, 3, |rng| either(rng, 53));
            model.year_days = some(rng, 4, |rng| either(rng, 366));
        }
        if is_long && model.week_numbers.is_empty() {
            let most = if is_yearly { 53 } else { 5 };
            for one in &mut model.weekdays {
                one.0 = if rng.bool() { 0 } else { either(rng, most) };
            }
        }
        let lists = [&model.months, &model.week_numbers, &model.year_days, &model.month_days];
        if !model.weekdays.is_empty() || lists.iter().any(|list| !list.is_empty()) {
            let most = [1, 7, 31, 366][freq as usize].min(8);
            model.set_positions = some(rng, 4, |rng| either(rng, most));
        }
        model
    }

    fn text(&self) -> String {
        let mut text = format!("FREQ={:?}", self.freq).to_uppercase();
        let mut add = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                text += &format!(";{name}={}", values.join(","));
            }
        };
        let shown = |list: &[i64]| list.iter().map(i64::to_string).collect();
        let weekday = |(place, weekday): &(i64, usize)| match place {
            0 => NAMES[*weekday].to_owned(),
            place => format!("{place}{}", NAMES[*weekday]),
        };
        add("INTERVAL", shown(&[self.interval]));
        add("WKST", vec![NAMES[self.week_begins].to_owned()]);
        add("BYMONTH", shown(&self.months));
        add("BYWEEKNO", shown(&self.week_numbers));
        add("BYYEARDAY", shown(&self.year_days));
        add("BYMONTHDAY", shown(&self.month_days));
        add("BYDAY", self.weekdays.iter().map(weekday).collect());
        add("BYSETPOS", shown(&self.set_positions));
        add("COUNT", self.count.iter().map(usize::to_string).collect());
        let until = self.until.map(|number| times::shown(number * DAY_SECS)[..10].replace('-', ""));
        add("UNTIL", until.into_iter().collect());
        text
    }

    /// Which of its periods a day lies in, counted from that of the first start.
    fn period(&self, day: &Day, first: &Day) -> i64 {
        // The week begins so many days before.
        let week = |day: &Day| {
            let within = (day.weekday + 7 - self.week_begins) % 7;
            day.number - i64::try_from(within).unwrap()
        };
        match self.freq {
            Freq::Daily => day.number - first.number,
            Freq::Weekly => (week(day) - week(first)) / 7,
            Freq::Monthly => (day.year - first.year) * 12 + day.month - first.month,
            Freq::Yearly => day.year - first.year,
        }
    }

    /// The table of RFC 5545 §3.3.10, with what comes from the first start.
    fn matches(&self, calendar: &Calendar, at: usize, first: &Day) -> bool {
        let day = &calendar.days[at];
        let is_in = |list: &[i64], place: i64, count: i64| {
            list.is_empty() || list.contains(&place) || list.contains(&(place - count - 1))
        };
        let names_no_day =
            self.weekdays.is_empty() && self.month_days.is_empty() && self.year_days.is_empty();
        let implied = match self.freq {
            Freq::Weekly if names_no_day => day.weekday == first.weekday,
            Freq::Yearly if names_no_day && !self.week_numbers.is_empty() => {
                day.weekday == first.weekday
            }
            Freq::Monthly if names_no_day => day.of_month == first.of_month,
            Freq::Yearly if names_no_day => {
                day.of_month == first.of_month
                    && (!self.months.is_empty() || day.month == first.month)
            }
            _ => true,
        };
        let weeks = calendar.weeks[self.week_begins][at];
        implied
            && (self.months.is_empty() || self.months.contains(&day.month))
            && is_in(&self.month_days, day.of_month, day.in_month)
            && is_in(&self.year_days, day.of_year, day.in_year)
            && (self.week_numbers.is_empty()
                || weeks.iter().any(|week| self.week_numbers.contains(week)))
            && (self.weekdays.is_empty()
                || self.weekdays.iter().any(|one| self.is_weekday(calendar, at, *one)))
    }

    fn is_weekday(&self, calendar: &Calendar, at: usize, (place, weekday): (i64, usize)) -> bool {
        let day = &calendar.days[at];
        if day.weekday != weekday || place == 0 {
            return day.weekday == weekday;
        }
        let is_of_month = self.freq == Freq::Monthly || !self.months.is_empty();
        let is_same = |one: &Day| one.year == day.year && (!is_of_month || one.month == day.month);
        // How many of this weekday there are up to the day, or from it on.
        let mut count = 0;
        let mut other = at;
        while is_same(&calendar.days[other]) {
            count += 1;
            other = if place > 0 { other - 7 } else { other + 7 };
        }
        count == place.abs()
    }

    /// The days of the periods that some days lie in, from the first start on.
    fn days(&self, calendar: &Calendar, first: i64, (from, last): (i64, i64)) -> Vec<i64> {
        let first = &calendar.days[calendar.at(first)];
        // Whole periods, because of their sets.
        let (begin, end) = (calendar.at(from) - 366, calendar.at(last) + 366);
        let mut periods: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for at in begin..=end {
            let day = &calendar.days[at];
            let period = self.period(day, first);
            if period % self.interval == 0 && self.matches(calendar, at, first) {
                periods.entry(period).or_default().push(day.number);
            }
        }
        let mut found = Vec::new();
        for days in periods.into_values() {
            let count = i64::try_from(days.len()).unwrap();
            let is_taken = |at: i64| {
                let positions = &self.set_positions;
                positions.is_empty()
                    || positions.contains(&at)
                    || positions.contains(&(at - count - 1))
            };
            found.extend((1..).zip(days).filter(|(at, _)| is_taken(*at)).map(|(_, day)| day));
        }
        found.retain(|day| *day >= first.number);
        found.retain(|day| self.until.is_none_or(|until| *day <= until));
        found.truncate(self.count.unwrap_or(usize::MAX));
        found.retain(|day| (from..=last).contains(day));
        found
    }
}

/// One list in some is not empty.
fn some<T>(rng: &mut Rng, one_in: usize, mut value: impl FnMut(&mut Rng) -> T) -> Vec<T> {
    let count = if rng.usize(..one_in) == 0 { rng.usize(1..=4) } else { 0 };
    (0..count).map(|_| value(rng)).collect()
}

/// A place from the beginning or from the end.
fn either(rng: &mut Rng, most: i64) -> i64 {
    // Both ends more often than what lies between.
    let place = if rng.usize(..3) == 0 { [1, most][rng.usize(..2)] } else { rng.i64(1..=most) };
    if rng.bool() { place } else { -place }
}

fn number(text: &str) -> i64 {
    times::parse(&format!("{text}T00:00:00")).unwrap() / DAY_SECS
}

fn read(text: &str) -> Rule {
    Rule::parse(text, Zone::utc_itself()).unwrap_or_else(|wrong| panic!("{text}: {wrong}"))
}

fn shown(starts: &[Local]) -> Vec<String> {
    starts.iter().map(|start| times::shown(*start)).collect()
}

/// The starts of some days, at some time of the day.
fn starts(days: &[i64], clock: i64) -> Vec<Local> {
    days.iter().map(|day| day * DAY_SECS + clock).collect()
}

/// How often each part was there when something was found.
#[derive(Default)]
struct Seen(BTreeMap<String, usize>);

impl Seen {
    fn add(&mut self, text: &str) {
        for part in text.split(';') {
            let name = part.split('=').next().unwrap();
            *self.0.entry(name.to_owned()).or_default() += 1;
            if name == "FREQ" {
                *self.0.entry(part.to_owned()).or_default() += 1;
            }
        }
    }

    fn check(&self, least: usize) {
        for name in ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY", "BYMONTH"] {
            assert!(self.0[name] >= least, "{:?}", self.0);
        }
        for name in ["BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYSETPOS"] {
            assert!(self.0[name] >= least, "{:?}", self.0);
        }
    }
}

/// Counted or not, from the first start and in parts.
#[test]
fn rules_name_the_days_that_the_standard_says() {
    let calendar = Calendar::new();
    let mut rng = Rng::with_seed(5_545);
    let mut seen = Seen::default();
    for _ in 0..3_000 {
        let mut model = Model::random(&mut rng);
        let first = rng.i64(number("1996-12-20")..number("2030-01-10"));
        let length = [400, 1_500, 4_000][rng.usize(..3)];
        match rng.usize(..4) {
            0 => model.count = Some(rng.usize(1..=40)),
            1 => model.until = Some(first + rng.i64(0..length)),
            _ => {}
        }
        let (text, clock) = (model.text(), [0, 36_000, 86_399][rng.usize(..3)]);
        let (rule, begin) = (read(&text), first * DAY_SECS + clock);
        let whole = starts(&model.days(&calendar, first, (first, first + length)), clock);
        if !whole.is_empty() {
            seen.add(&text);
        }
        for _ in 0..4 {
            let from = begin + rng.i64(-400..length) * DAY_SECS - rng.i64(0..2);
            let last = (first + length) * DAY_SECS + clock;
            let last = [last, from + rng.i64(0..60) * DAY_SECS][rng.usize(..2)].min(last);
            let part: Vec<Local> =
                whole.iter().copied().filter(|start| (from..=last).contains(start)).collect();
            let found = rule.starts(begin, (from, last), &[], &mut Steps::new(200_000)).unwrap();
            let of = || format!("{text} of {:?}", shown(&[begin, from, last]));
            assert_eq!(shown(&found), shown(&part), "{}", of());
        }
        if model.count.is_some_and(|count| count == whole.len()) {
            let last = rule.last(begin, &mut Steps::new(200_000)).unwrap();
            assert_eq!(last, whole.last().copied(), "{text}");
        }
    }
    seen.check(100);
}

/// What began a century ago or two is found near what is asked for.
#[test]
fn what_began_long_before_names_the_days_that_the_standard_says() {
    let calendar = Calendar::new();
    let mut rng = Rng::with_seed(3_310);
    let mut seen = Seen::default();
    for _ in 0..2_000 {
        let mut model = Model::random(&mut rng);
        model.interval = if rng.bool() { model.interval } else { rng.i64(1..=60) };
        let first = rng.i64(number("1900-01-01")..number("1960-01-01"));
        let from = rng.i64(number("2060-01-01")..number("2198-01-01"));
        let part = (from, from + rng.i64(0..700));
        let text = model.text();
        let expected = starts(&model.days(&calendar, first, part), 36_000);
        let asked = (part.0 * DAY_SECS, part.1 * DAY_SECS + 36_000);
        // The days that are asked for, and those of the years around them if a set is counted.
        let steps = &mut Steps::new(701 + 3 * 366);
        let found = read(&text).starts(first * DAY_SECS + 36_000, asked, &[], steps).unwrap();
        assert_eq!(shown(&found), shown(&expected), "{text} of {first}, {part:?}");
        if !expected.is_empty() {
            seen.add(&text);
        }
    }
    seen.check(15);
}
