//! What an entry of a calendar says, as the API shows and takes it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::mail::schedule::fields::{Fields, Own, PlaceKind};
use crate::mail::schedule::times::{self, Local};
use crate::web::error::Problem;

/// Where something takes place.
#[derive(Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PlaceSort {
    #[default]
    None,
    /// The own office of who asks.
    Office,
    Outside,
    /// An address of the web.
    Link,
}

/// What an entry of a calendar says. Times are on the clock of its time zone, such as
/// `2026-12-03T10:00:00`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryFields {
    title: String,
    #[serde(default)]
    place_kind: PlaceSort,
    #[serde(default)]
    place: String,
    #[serde(default)]
    text: String,
    start: String,
    duration_minutes: u32,
    /// Whether it takes whole days.
    #[serde(default)]
    all_day: bool,
    /// A name of the IANA database.
    time_zone: String,
    /// A rule of repetition (RFC 5545 §3.3.10): every day, week, month or year.
    #[serde(default)]
    repeat: Option<String>,
    /// Starts that are left out.
    #[serde(default)]
    exceptions: Vec<String>,
    #[serde(default)]
    reminder_minutes: Option<u32>,
    /// 0 if it has none of its own.
    #[serde(default)]
    colour: u8,
    #[serde(default)]
    category: String,
    /// Empty for the main one.
    #[serde(default)]
    calendar: String,
}

impl From<PlaceSort> for PlaceKind {
    fn from(sort: PlaceSort) -> PlaceKind {
        match sort {
            PlaceSort::None => PlaceKind::None,
            PlaceSort::Office => PlaceKind::Office,
            PlaceSort::Outside => PlaceKind::Elsewhere,
            PlaceSort::Link => PlaceKind::Link,
        }
    }
}

impl From<PlaceKind> for PlaceSort {
    fn from(kind: PlaceKind) -> PlaceSort {
        match kind {
            PlaceKind::None => PlaceSort::None,
            PlaceKind::Office => PlaceSort::Office,
            PlaceKind::Elsewhere => PlaceSort::Outside,
            PlaceKind::Link => PlaceSort::Link,
        }
    }
}

/// A local time of a request.
pub(super) fn local(text: &str) -> Result<Local, Problem> {
    let wrong = "A time looks like 2026-12-03T10:00:00, and is of the years 1900 to 2199.";
    times::parse(text).ok_or_else(|| Problem::invalid(wrong))
}

/// A moment in UTC, as text.
pub(super) fn instant(secs: i64) -> String {
    Timestamp(secs.saturating_mul(1_000)).to_rfc3339()
}

impl TryFrom<EntryFields> for Fields {
    type Error = Problem;

    fn try_from(fields: EntryFields) -> Result<Fields, Problem> {
        let exceptions = fields.exceptions.iter().map(|start| local(start));
        Ok(Fields {
            start: local(&fields.start)?,
            exceptions: exceptions.collect::<Result<_, _>>()?,
            title: fields.title,
            place_kind: fields.place_kind.into(),
            place: fields.place,
            text: fields.text,
            duration_minutes: fields.duration_minutes,
            all_day: fields.all_day,
            zone: fields.time_zone,
            repeat: fields.repeat,
            own: Own {
                reminder_minutes: fields.reminder_minutes,
                colour: fields.colour,
                category: fields.category,
                calendar: fields.calendar,
            },
        })
    }
}

impl From<Fields> for EntryFields {
    fn from(fields: Fields) -> EntryFields {
        let Own { reminder_minutes, colour, category, calendar } = fields.own;
        EntryFields {
            title: fields.title,
            place_kind: fields.place_kind.into(),
            place: fields.place,
            text: fields.text,
            start: times::shown(fields.start),
            duration_minutes: fields.duration_minutes,
            all_day: fields.all_day,
            time_zone: fields.zone,
            repeat: fields.repeat,
            exceptions: fields.exceptions.into_iter().map(times::shown).collect(),
            reminder_minutes,
            colour,
            category,
            calendar,
        }
    }
}
