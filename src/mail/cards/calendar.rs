//! Invitations to meetings, as calendars send them (RFC 5545, RFC 5546, RFC 6047).

use time::{Date, Month};

use super::lines::{Line, lines};
use crate::mail::message::NameAddr;

/// What a calendar object asks of its recipient (RFC 5546 §1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// An invitation, or a change to it.
    Request,
    /// An invitee's answer.
    Reply,
    Cancel,
    /// For information.
    Publish,
    /// Some other step of an arrangement.
    Other,
}

/// What an invitee answers (RFC 5545 §3.2.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    Declined,
    Tentative,
}

/// A day, or a time on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// `HH:MM`; `None` for the whole day.
    pub time: Option<String>,
    /// `UTC`, or the zone as the calendar calls it; `None` where the reader is.
    pub zone: Option<String>,
}

/// A meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub method: Method,
    pub summary: String,
    pub description: String,
    pub location: String,
    pub start: Option<Moment>,
    /// The last day, if it is about whole days.
    pub end: Option<Moment>,
    pub repeats: bool,
    pub organizer: Option<NameAddr>,
    /// Whose answer it is, and what.
    pub answer: Option<(NameAddr, Answer)>,
}

/// Returns the first event of a calendar.
pub fn invitation(text: &str) -> Option<Invitation> {
    let lines = lines(text);
    if !lines.first()?.is("BEGIN", "VCALENDAR") {
        return None;
    }
    let from = lines.iter().position(|line| line.is("BEGIN", "VEVENT"))?;
    let method = lines[..from].iter().find(|line| line.name == "METHOD");
    let event = own(&lines[from + 1..]);
    let find = |name: &str| event.iter().copied().find(|line| line.name == name);
    let text = |name: &str| find(name).map(Line::text).unwrap_or_default();
    // One meeting of a series is named by when it was to be.
    let start = find("DTSTART").or_else(|| find("RECURRENCE-ID")).and_then(moment);
    let end =
        find("DTEND").and_then(moment).map(last_day).filter(|end| Some(end) != start.as_ref());
    let method = method.map_or(Method::Publish, |line| named(&line.value));
    let answer = || {
        let attendee = find("ATTENDEE")?;
        let answer = match attendee.parameter("PARTSTAT")?.to_ascii_uppercase().as_str() {
            "ACCEPTED" => Answer::Accepted,
            "DECLINED" => Answer::Declined,
            "TENTATIVE" => Answer::Tentative,
            _ => return None,
        };
        Some((person(attendee)?, answer))
    };
    Some(Invitation {
        method,
        summary: text("SUMMARY"),
        description: text("DESCRIPTION"),
        location: text("LOCATION"),
        start,
        end,
        repeats: find("RRULE").is_some(),
        organizer: find("ORGANIZER").and_then(person),
        answer: if method == Method::Reply { answer() } else { None },
    })
}

/// Returns the event's own lines, without those of its alarms.
fn own(lines: &[Line]) -> Vec<&Line> {
    let mut depth = 0_usize;
    let mut own = Vec::new();
    for line in lines {
        match line.name.as_str() {
            "BEGIN" => depth += 1,
            "END" if depth == 0 => break,
            "END" => depth -= 1,
            _ if depth == 0 => own.push(line),
            _ => {}
        }
    }
    own
}

fn named(method: &str) -> Method {
    match method.trim().to_ascii_uppercase().as_str() {
        "REQUEST" | "ADD" => Method::Request,
        "REPLY" => Method::Reply,
        "CANCEL" => Method::Cancel,
        "PUBLISH" => Method::Publish,
        _ => Method::Other,
    }
}

/// Reads `20261201`, `20261201T093000` or `20261201T093000Z` (RFC 5545 §3.3.4, §3.3.5).
fn moment(line: &Line) -> Option<Moment> {
    let value = line.value.trim();
    let digits = |from: usize, to: usize| value.get(from..to)?.parse::<u16>().ok();
    let month = Month::try_from(u8::try_from(digits(4, 6)?).ok()?).ok()?;
    let date =
        Date::from_calendar_date(digits(0, 4)?.into(), month, digits(6, 8)?.try_into().ok()?)
            .ok()?;
    let rest = value.get(8..)?;
    let (time, zone) = match rest.strip_prefix('T') {
        None => (None, None),
        Some(clock) => {
            let (hour, minute) = (digits(9, 11)?, digits(11, 13)?);
            if hour > 23 || minute > 59 {
                return None;
            }
            let named = || line.parameter("TZID").map(crate::mail::message::one_line);
            let zone = if clock.ends_with('Z') { Some("UTC".to_owned()) } else { named() };
            (Some(format!("{hour:02}:{minute:02}")), zone)
        }
    };
    Some(Moment { date: date.to_string(), time, zone })
}

/// Of whole days, the end is the day after the last one (RFC 5545 §3.6.1).
fn last_day(end: Moment) -> Moment {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    let before = Date::parse(&end.date, format).ok().and_then(Date::previous_day);
    match (&end.time, before) {
        (None, Some(day)) => Moment { date: day.to_string(), ..end },
        _ => end,
    }
}

fn person(line: &Line) -> Option<NameAddr> {
    let one_line = crate::mail::message::one_line;
    let value = line.value.trim();
    let is_mail = value.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:"));
    let address = is_mail.then(|| one_line(&value[7..])).filter(|address| !address.is_empty());
    let name = line.parameter("CN").map(one_line).filter(|name| !name.is_empty());
    (address.is_some() || name.is_some()).then_some(NameAddr { name, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(method: &str, lines: &str) -> Invitation {
        let text = format!(
            "BEGIN:VCALENDAR\r\n{method}BEGIN:VTIMEZONE\r\nDTSTART:16010101T000000\r\n\
             END:VTIMEZONE\r\nBEGIN:VEVENT\r\n{lines}BEGIN:VALARM\r\nDESCRIPTION:Alarm\r\n\
             END:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        invitation(&text).unwrap()
    }

    #[test]
    fn an_invitation_says_what_when_where_and_by_whom() {
        let found = event(
            "METHOD:REQUEST\r\n",
            "SUMMARY:Budget\\, second\r\n  round\r\nDTSTART;TZID=\"Europe/Berlin\":20261201T093000\r\n\
             DTEND:20261201T100000Z\r\nLOCATION:Room 4\\nEast\r\nRRULE:FREQ=WEEKLY\r\n\
             ORGANIZER;CN=\"Levi: Dana\":mailto:dana@a.example\r\n",
        );
        assert_eq!((found.method, found.repeats), (Method::Request, true));
        assert_eq!((&*found.summary, &*found.location), ("Budget, second round", "Room 4 East"));
        assert_eq!(found.description, "");
        let at = |date: &str, time: Option<&str>, zone: Option<&str>| {
            let (time, zone) = (time.map(str::to_owned), zone.map(str::to_owned));
            Some(Moment { date: date.to_owned(), time, zone })
        };
        assert_eq!(found.start, at("2026-12-01", Some("09:30"), Some("Europe/Berlin")));
        assert_eq!(found.end, at("2026-12-01", Some("10:00"), Some("UTC")));
        let organizer = found.organizer.unwrap();
        assert_eq!(organizer.name.as_deref(), Some("Levi: Dana"));
        assert_eq!(organizer.address.as_deref(), Some("dana@a.example"));
        let days = event("", "DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270103\r\n");
        assert_eq!(
            (days.start, days.end),
            (at("2026-12-31", None, None), at("2027-01-02", None, None))
        );
        let day = event("", "DTSTART:20261231\r\nDTEND:20270101\r\n");
        assert_eq!((day.end, day.method), (None, Method::Publish));
    }

    #[test]
    fn an_answer_says_whose_and_which() {
        let found = event(
            "METHOD:REPLY\r\n",
            "ATTENDEE;PARTSTAT=DECLINED:mailto:omar@b.example\r\nDTSTART:20269901T000000\r\n",
        );
        let (who, answer) = found.answer.unwrap();
        assert_eq!((who.address.as_deref(), answer), (Some("omar@b.example"), Answer::Declined));
        assert_eq!(found.start, None);
    }

    #[test]
    fn what_is_no_calendar_is_none() {
        for text in ["", "x", "BEGIN:VCARD\nBEGIN:VEVENT\n", "BEGIN:VCALENDAR\nEND:VCALENDAR\n"] {
            assert_eq!(invitation(text), None, "{text}");
        }
        assert!(invitation("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a").is_some());
    }
}
