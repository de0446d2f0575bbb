//! Dates in header fields (RFC 5322 §3.3, with the obsolete forms of §4.3), read as a person would
//! read them. What cannot be understood is no date: it is never silently another one.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset, format_description::well_known::Rfc3339};

/// What was found so far.
#[derive(Default)]
struct Found {
    /// Numbers that are a day or a year, in order, with their digits.
    numbers: Vec<(i32, usize)>,
    month: Option<Month>,
    time: Option<Time>,
    afternoon: Option<bool>,
    offset: Option<UtcOffset>,
}

/// Parses a date in one of the forms that occur in mail: `Mon, 2 Nov 2026 19:38:50 +0200`, with
/// names in full, in the form of C's `asctime`, with hyphens, or in RFC 3339 form.
pub fn parse(text: &str) -> Option<OffsetDateTime> {
    const OCTETS_MAX: usize = 200;
    let text = without_comments(text.get(..OCTETS_MAX).unwrap_or(text))?;
    if let Ok(date) = OffsetDateTime::parse(text.trim(), &Rfc3339) {
        return Some(date);
    }
    let mut found = Found::default();
    for token in text.split(|c: char| c.is_whitespace() || c == ',').filter(|t| !t.is_empty()) {
        // Some programs add the name of the zone after its offset.
        if !found.take(token) && found.offset.is_none() {
            return None;
        }
    }
    found.date()
}

/// Removes comments, which may contain others (RFC 5322 §3.2.2); `None` if one never ends.
fn without_comments(text: &str) -> Option<String> {
    let (mut depth, mut out) = (0_u32, String::with_capacity(text.len()));
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.checked_sub(1)?;
                out.push(' ');
            }
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    (depth == 0).then_some(out)
}

impl Found {
    /// Takes one word of a date; returns whether it was understood.
    fn take(&mut self, token: &str) -> bool {
        if token.contains(':') && self.time.is_none() {
            return self.take_time(token);
        }
        let has_time = self.time.is_some();
        if has_time
            && self.offset.is_none()
            && let Some(offset) = offset(token)
        {
            self.offset = Some(offset);
            return true;
        }
        if has_time
            && self.afternoon.is_none()
            && let Some(afternoon) = afternoon(token)
        {
            self.afternoon = Some(afternoon);
            return true;
        }
        token.trim_end_matches('.').split('-').all(|word| self.take_word(word))
    }

    fn take_time(&mut self, token: &str) -> bool {
        let (token, zone) = token.split_at(token.find(['+', '-']).unwrap_or(token.len()));
        self.time = time(token);
        if !zone.is_empty() {
            self.offset = offset(zone);
        }
        self.time.is_some() && (zone.is_empty() || self.offset.is_some())
    }

    fn take_word(&mut self, word: &str) -> bool {
        match word.parse() {
            Ok(number) if word.len() <= 4 && word.bytes().all(|octet| octet.is_ascii_digit()) => {
                self.numbers.push((number, word.len()));
                true
            }
            _ if is_weekday(word) => true,
            _ => {
                let is_new = self.month.is_none();
                self.month = self.month.or(month(word));
                is_new && self.month.is_some()
            }
        }
    }

    fn date(self) -> Option<OffsetDateTime> {
        let (day, year) = match self.numbers[..] {
            [(day, 1 | 2), (year, 2..=4)] => (day, year_of(year)),
            // As in 2026-Nov-02.
            [(year, 4), (day, 1 | 2)] => (day, year),
            _ => return None,
        };
        let date = Date::from_calendar_date(year, self.month?, u8::try_from(day).ok()?).ok()?;
        let time = self.time?;
        let time = match (self.afternoon, time.hour()) {
            (None, _) => time,
            (Some(_), 0 | 13..) => return None,
            (Some(afternoon), hour) => {
                time.replace_hour(hour % 12 + if afternoon { 12 } else { 0 }).ok()?
            }
        };
        Some(date.with_time(time).assume_offset(self.offset.unwrap_or(UtcOffset::UTC)))
    }
}

/// RFC 5322 §4.3: years of two and three digits.
fn year_of(year: i32) -> i32 {
    match year {
        0..=49 => 2_000 + year,
        50..=999 => 1_900 + year,
        year => year,
    }
}

/// Parses `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fraction`; a leap second is the second before it.
fn time(text: &str) -> Option<Time> {
    let text = text.split_once('.').map_or(text, |(whole, _)| whole);
    let mut parts = text.split(':').map(|part| match part.len() {
        1 | 2 if part.bytes().all(|octet| octet.is_ascii_digit()) => part.parse::<u8>().ok(),
        _ => None,
    });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let second = if second == 60 { 59 } else { second };
    parts.next().is_none().then(|| Time::from_hms(hour, minute, second).ok())?
}

fn afternoon(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "am" | "a.m." => Some(false),
        "pm" | "p.m." => Some(true),
        _ => None,
    }
}

const MONTHS: [(&str, Month); 12] = [
    ("january", Month::January),
    ("february", Month::February),
    ("march", Month::March),
    ("april", Month::April),
    ("may", Month::May),
    ("june", Month::June),
    ("july", Month::July),
    ("august", Month::August),
    ("september", Month::September),
    ("october", Month::October),
    ("november", Month::November),
    ("december", Month::December),
];

fn month(word: &str) -> Option<Month> {
    let word = word.trim_end_matches('.').to_ascii_lowercase();
    let is_it = |(name, _): &&(&str, Month)| word.len() >= 3 && name.starts_with(&word);
    MONTHS.iter().find(is_it).map(|(_, month)| *month)
}

fn is_weekday(word: &str) -> bool {
    const NAMES: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let word = word.trim_end_matches('.').to_ascii_lowercase();
    word.len() >= 3 && NAMES.iter().any(|name| name.starts_with(&word))
}

/// The names of zones that mean only one, with their hours and minutes: those of RFC 5322 §4.3, and
/// common ones. Names such as IST, which mean several, are not understood.
const ZONES: [(&str, i8, i8); 33] = [
    ("ut", 0, 0),
    ("utc", 0, 0),
    ("gmt", 0, 0),
    ("z", 0, 0),
    ("est", -5, 0),
    ("edt", -4, 0),
    ("cst", -6, 0),
    ("cdt", -5, 0),
    ("mst", -7, 0),
    ("mdt", -6, 0),
    ("pst", -8, 0),
    ("pdt", -7, 0),
    ("wet", 0, 0),
    ("west", 1, 0),
    ("cet", 1, 0),
    ("met", 1, 0),
    ("mez", 1, 0),
    ("cest", 2, 0),
    ("mest", 2, 0),
    ("mesz", 2, 0),
    ("eet", 2, 0),
    ("eest", 3, 0),
    ("msk", 3, 0),
    ("idt", 3, 0),
    ("jst", 9, 0),
    ("kst", 9, 0),
    ("hkt", 8, 0),
    ("sgt", 8, 0),
    ("acst", 9, 30),
    ("aest", 10, 0),
    ("aedt", 11, 0),
    ("nzst", 12, 0),
    ("nzdt", 13, 0),
];

/// Parses a zone: an offset, a name, or both, as in `GMT+0200`.
fn offset(text: &str) -> Option<UtcOffset> {
    let text = text.trim_matches('"');
    let name = &text[..text.find(['+', '-']).unwrap_or(text.len())];
    let rest = &text[name.len()..];
    let name = name.to_ascii_lowercase();
    if rest.is_empty() {
        // RFC 5322 §4.3: the names of military zones say nothing about the offset.
        let is_military = name.len() == 1 && name.bytes().all(|octet| octet.is_ascii_lowercase());
        let known = ZONES.iter().find(|(known, ..)| *known == name);
        let (_, hours, minutes) = known.or(is_military.then_some(&ZONES[0]))?;
        return UtcOffset::from_hms(*hours, *minutes, 0).ok();
    }
    if !["", "gmt", "utc", "ut"].contains(&name.as_str()) {
        return None;
    }
    let digits: String =
        rest[1..].chars().take_while(|c| c.is_ascii_digit() || *c == ':').collect();
    let digits = digits.replace(':', "");
    let (hours, minutes) = match digits.len() {
        4 => digits.split_at(2),
        1 | 2 if !name.is_empty() => (digits.as_str(), "0"),
        _ => return None,
    };
    let (hours, minutes): (i8, i8) = (hours.parse().ok()?, minutes.parse().ok()?);
    // No place is farther away; a larger number is a mistake.
    if hours > 14 || minutes > 59 {
        return None;
    }
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        parse(text).map(|date| date.format(&Rfc3339).unwrap())
    }

    #[test]
    fn dates_are_read_as_a_person_would() {
        for (given, expected) in [
            ("Mon, 2 Nov 2026 19:38:50 +0200", "2026-11-02T19:38:50+02:00"),
            ("Mon, 2 Nov 2026 19:38:50 GMT+0200", "2026-11-02T19:38:50+02:00"),
            ("Mon, 2 Nov 2026 19:38:50 UTC-5", "2026-11-02T19:38:50-05:00"),
            ("2 Nov 26 19:38 GMT", "2026-11-02T19:38:00Z"),
            ("Monday, 2 November 2026 19:38:50 -0330", "2026-11-02T19:38:50-03:30"),
            ("02-Nov-2026 19:38:50 +02:00", "2026-11-02T19:38:50+02:00"),
            ("Mon, 02-Nov-26 19:38:50 EST", "2026-11-02T19:38:50-05:00"),
            ("Tue Jul 24 18:55:07 2007", "2007-07-24T18:55:07Z"),
            ("Tue Jul 24 18:55:07 CEST 2007", "2007-07-24T18:55:07+02:00"),
            ("Tue, 24 Jul 107 18:55:07 GMT", "2007-07-24T18:55:07Z"),
            ("Tue, 24 Jul 97 18:55:07 x", "1997-07-24T18:55:07Z"),
            (
                "Tue, 24 Jul 2007 18:55:07 +0200 (Central (European) Time)",
                "2007-07-24T18:55:07+02:00",
            ),
            ("Tue, 24 Jul 2007 18:55:07 +0200 CEST", "2007-07-24T18:55:07+02:00"),
            ("24 Jul 2007 6:55:07 PM +0200", "2007-07-24T18:55:07+02:00"),
            ("24 Jul 2007 12:05 am +0200", "2007-07-24T00:05:00+02:00"),
            ("Jul 24, 2007 18:55:60+0200", "2007-07-24T18:55:59+02:00"),
            ("2026-11-02T19:38:50.5+02:00", "2026-11-02T19:38:50.5+02:00"),
            ("Fri, 6 Nov 2026 00:00:00 +1400", "2026-11-06T00:00:00+14:00"),
        ] {
            assert_eq!(read(given).as_deref(), Some(expected), "{given}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_no_date() {
        for given in [
            "",
            "yesterday",
            "2 Nov 2026",
            "Mon, 2 Nov 2026 19:38:50 -9900",
            "Mon, 2 Nov 2026 19:38:50 +0260",
            "Mon, 2 Nov 2026 19:38:50 IST",
            "Mon, 2 Nov 2026 24:00:00 +0000",
            "Mon, 2 Nov 2026 19:60:00 +0000",
            "Mon, 31 Nov 2026 19:38:50 +0000",
            "Mon, 2 Foo 2026 19:38:50 +0000",
            "11/02/2026 19:38:50 +0000",
            "2 Nov 2026 14:38 PM +0000",
            "2 3 Nov 2026 19:38:50 +0000",
            "Mon, 2 Nov 2026 (19:38:50 +0000",
            "Mon, 2 Nov 2026 19:38:50:10 +0000",
        ] {
            assert_eq!(read(given), None, "{given}");
        }
    }
}
