//! The calendar of an account: its entries, and what happens between two times.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::clock::Timestamp;
use crate::gateway::schedule::list::Occurrence as OccurrenceView;
use crate::mail::schedule::fields::Fields;
use crate::mail::schedule::times;
use crate::terms::{MeetingState, PersonState};
use crate::web::auth::Signed;
use crate::web::body::{Id, Json, Params};
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::CostClass;

use super::Done;
use super::entry_fields::{EntryFields, PlaceSort, instant};
use super::meeting::ScheduleEntry;
use super::submission::request_key_if_any;

/// A changed entry.
#[derive(Deserialize, ToSchema)]
pub struct EntryChange {
    /// The version that was edited.
    version: u32,
    #[serde(flatten)]
    fields: EntryFields,
}

/// What an occurrence is: one's own, or a meeting that stands so.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OccurrenceState {
    Own,
    Tentative,
    Actual,
    Declined,
    Cancelled,
    /// It was over so long ago that nothing more is kept of it.
    Past,
    /// What was heard of it cannot be read.
    Unknown,
}

/// One time that an entry happens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    id: String,
    version: u32,
    title: String,
    place_kind: PlaceSort,
    place: String,
    start: String,
    #[schema(format = DateTime)]
    starts_at: String,
    #[schema(format = DateTime)]
    ends_at: String,
    all_day: bool,
    time_zone: String,
    duration_minutes: u32,
    repeated: bool,
    reminder_minutes: Option<u32>,
    colour: u8,
    category: String,
    calendar: String,
    /// The number of the meeting.
    reference: Option<String>,
    /// Whether nobody else asked for it.
    mine: bool,
    state: OccurrenceState,
    /// How it stands with this account, if it is an invitee.
    answer: Option<PersonState>,
}

/// What happens between two times, the earliest first.
#[derive(Serialize, ToSchema)]
pub struct Occurrences {
    items: Vec<Occurrence>,
    /// Whether there are more than are shown.
    more: bool,
}

/// From when to when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScheduleQuery {
    /// In RFC 3339 format.
    from: String,
    /// At most 400 days later.
    to: String,
}

fn secs(text: &str) -> Result<i64, Problem> {
    let moment = Timestamp::parse_rfc3339(text);
    let moment = moment.ok_or_else(|| Problem::invalid("from and to are times in UTC."))?;
    Ok(moment.0.div_euclid(1_000))
}

impl From<OccurrenceView> for Occurrence {
    fn from(view: OccurrenceView) -> Occurrence {
        let OccurrenceView { id, version, fields, start, begins, ends, meeting } = view;
        let state = match meeting.as_ref().map(|meeting| meeting.state) {
            None => OccurrenceState::Own,
            Some(MeetingState::Tentative) => OccurrenceState::Tentative,
            Some(MeetingState::Actual) => OccurrenceState::Actual,
            Some(MeetingState::Declined) => OccurrenceState::Declined,
            Some(MeetingState::Cancelled) => OccurrenceState::Cancelled,
            Some(MeetingState::Past) => OccurrenceState::Past,
            Some(MeetingState::Unknown) => OccurrenceState::Unknown,
        };
        Occurrence {
            id,
            version,
            title: fields.title,
            place_kind: fields.place_kind.into(),
            place: fields.place,
            start: times::shown(start),
            starts_at: instant(begins),
            ends_at: instant(ends),
            all_day: fields.all_day,
            time_zone: fields.zone,
            duration_minutes: fields.duration_minutes,
            repeated: fields.repeat.is_some(),
            reminder_minutes: fields.own.reminder_minutes,
            colour: fields.own.colour,
            category: fields.own.category,
            calendar: fields.own.calendar,
            mine: meeting.as_ref().is_none_or(|meeting| meeting.mine),
            answer: meeting.as_ref().and_then(|meeting| meeting.answer),
            reference: meeting.map(|meeting| meeting.reference),
            state,
        }
    }
}

/// Get what happens between two times.
#[utoipa::path(
    get,
    path = "/api/schedule",
    tag = "schedule",
    operation_id = "schedule",
    params(ScheduleQuery),
    responses((status = 200, description = "What happens", body = Occurrences), Problems)
)]
pub async fn list(
    signed: Signed,
    Params(query): Params<ScheduleQuery>,
) -> Result<axum::Json<Occurrences>, Problem> {
    let (from, to) = (secs(&query.from)?, secs(&query.to)?);
    let found = signed
        .run(CostClass::Content, move |gateway, actor| gateway.schedule_list(actor, from, to));
    let found = found.await?;
    let items = found.items.into_iter().map(Into::into).collect();
    Ok(axum::Json(Occurrences { items, more: found.more }))
}

/// Add an entry. Requests with the same `Idempotency-Key` add it only once.
#[utoipa::path(
    post,
    path = "/api/schedule/entries",
    tag = "schedule",
    operation_id = "scheduleAdd",
    params(("Idempotency-Key" = Option<String>, Header, description = "8 to 64 letters, digits, - and _")),
    request_body = EntryFields,
    responses((status = 201, description = "The entry", body = ScheduleEntry), Problems)
)]
pub async fn add(
    signed: Signed,
    headers: HeaderMap,
    Json(fields): Json<EntryFields>,
) -> Result<(StatusCode, axum::Json<ScheduleEntry>), Problem> {
    let (key, fields) = (request_key_if_any(&headers)?, Fields::try_from(fields)?);
    let added = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.schedule_add(actor, fields, key.as_deref())
    });
    Ok((StatusCode::CREATED, axum::Json(added.await?.into())))
}

/// Get an entry.
#[utoipa::path(
    get,
    path = "/api/schedule/entries/{id}",
    tag = "schedule",
    operation_id = "scheduleEntry",
    params(("id" = String, Path, description = "The entry's id")),
    responses((status = 200, description = "The entry", body = ScheduleEntry), Problems)
)]
pub async fn read(signed: Signed, Id(id): Id) -> Result<axum::Json<ScheduleEntry>, Problem> {
    let entry =
        signed.run(CostClass::Records, move |gateway, actor| gateway.schedule_entry(actor, &id));
    Ok(axum::Json(entry.await?.into()))
}

/// Change an entry; `edited-elsewhere` if it was changed since.
///
/// Of a meeting only the reminder, the colour, the category and the calendar are taken.
#[utoipa::path(
    put,
    path = "/api/schedule/entries/{id}",
    tag = "schedule",
    operation_id = "scheduleChange",
    params(("id" = String, Path, description = "The entry's id")),
    request_body = EntryChange,
    responses(
        (status = 200, description = "The entry", body = ScheduleEntry),
        (status = 409, description = "It was changed elsewhere", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn change(
    signed: Signed,
    Id(id): Id,
    Json(change): Json<EntryChange>,
) -> Result<axum::Json<ScheduleEntry>, Problem> {
    let (over, fields) = (change.version, Fields::try_from(change.fields)?);
    let changed = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.schedule_change(actor, &id, over, fields)
    });
    Ok(axum::Json(changed.await?.into()))
}

/// Delete an entry. It can be restored for a day. A meeting is cancelled or declined first.
#[utoipa::path(
    delete,
    path = "/api/schedule/entries/{id}",
    tag = "schedule",
    operation_id = "scheduleDelete",
    params(("id" = String, Path, description = "The entry's id")),
    responses(
        Done,
        (status = 409, description = "The meeting still runs", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn delete(signed: Signed, Id(id): Id) -> Result<StatusCode, Problem> {
    let done =
        signed.run(CostClass::Records, move |gateway, actor| gateway.schedule_delete(actor, &id));
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Restore an entry that was deleted less than a day ago.
#[utoipa::path(
    post,
    path = "/api/schedule/entries/{id}/restoration",
    tag = "schedule",
    operation_id = "scheduleRestore",
    params(("id" = String, Path, description = "The entry's id")),
    responses(
        (status = 200, description = "The entry", body = ScheduleEntry),
        (status = 409, description = "It was changed elsewhere", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn restore(signed: Signed, Id(id): Id) -> Result<axum::Json<ScheduleEntry>, Problem> {
    let entry =
        signed.run(CostClass::Records, move |gateway, actor| gateway.schedule_restore(actor, &id));
    Ok(axum::Json(entry.await?.into()))
}
