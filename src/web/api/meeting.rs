//! Meetings that one account asks others for, and their answers.

use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::schedule::answer::Answered;
use crate::gateway::schedule::meeting::NewMeeting as New;
use crate::gateway::schedule::view::{CardView, EntryView, MeetingView, PersonView};
use crate::mail::schedule::Fields;
use crate::mail::schedule::times;
use crate::terms::{self, MeetingState, Needed, PersonState};
use crate::web::auth::Signed;
use crate::web::body::{Json, Ref};
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::CostClass;

use super::entry_fields::{EntryFields, PlaceSort, instant, local};
use super::submission::request_key;

/// What makes a meeting actual: everybody accepts, all who are required, or so many.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum MeetingRule {
    All,
    Required,
    Number { number: u32 },
}

/// Whom a meeting is asked of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invitee {
    address: String,
    #[serde(default = "yes")]
    required: bool,
}

fn yes() -> bool {
    true
}

/// A request for a meeting.
#[derive(Deserialize, ToSchema)]
pub struct NewMeeting {
    #[serde(flatten)]
    fields: EntryFields,
    invitees: Vec<Invitee>,
    /// Everybody, if it is left out.
    rule: Option<MeetingRule>,
}

/// A changed meeting.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeetingEdit {
    /// The version that was edited.
    sequence: u32,
    title: String,
    #[serde(default)]
    place_kind: PlaceSort,
    #[serde(default)]
    place: String,
    #[serde(default)]
    text: String,
    start: String,
    duration_minutes: u32,
    #[serde(default)]
    all_day: bool,
    time_zone: String,
}

/// An answer to a request for a meeting.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MeetingReply {
    /// The version that is answered.
    sequence: u32,
    /// The `answerCount` of the meeting as it was shown: an answer that comes late, after another one, replaces
    /// nothing, and is refused with `meeting-changed`.
    follows: Option<u32>,
    answer: terms::MeetingAnswer,
    /// The time that is proposed, on the clock of the meeting's zone.
    start: Option<String>,
    duration_minutes: Option<u32>,
    #[serde(default)]
    comment: String,
}

/// An invitee.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeetingPerson {
    name: String,
    address: String,
    required: bool,
    state: PersonState,
    /// Shown to who asked, and to this person.
    proposed_start: Option<String>,
    proposed_duration_minutes: Option<u32>,
    comment: String,
    #[schema(format = DateTime)]
    answered_at: Option<String>,
}

/// A meeting, and how it stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Meeting {
    reference: String,
    /// 0 at first; each change has the next number.
    sequence: u32,
    state: MeetingState,
    /// Whether this account asked for it.
    mine: bool,
    requester_name: String,
    requester_address: String,
    rule: MeetingRule,
    invitees: Vec<MeetingPerson>,
    /// How it stands with this account, if it is an invitee.
    answer: Option<PersonState>,
    /// How many answers of this account were heard.
    answer_count: u32,
}

/// A meeting with what it is about.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeetingCard {
    meeting: Meeting,
    /// `null` if it cannot be read.
    about: Option<MeetingAbout>,
    /// The id of this account's entry; `null` while it has none.
    entry: Option<String>,
}

/// What a meeting is about, when and where it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeetingAbout {
    title: String,
    place_kind: PlaceSort,
    place: String,
    text: String,
    start: String,
    #[schema(format = DateTime)]
    starts_at: String,
    #[schema(format = DateTime)]
    ends_at: String,
    duration_minutes: u32,
    all_day: bool,
    time_zone: String,
}

/// The meetings that wait for an answer of this account, the latest first.
#[derive(Serialize, ToSchema)]
pub struct MeetingCards {
    items: Vec<MeetingCard>,
}

impl From<MeetingRule> for terms::MeetingRule {
    fn from(rule: MeetingRule) -> terms::MeetingRule {
        match rule {
            MeetingRule::All => terms::MeetingRule::All,
            MeetingRule::Required => terms::MeetingRule::Required,
            MeetingRule::Number { number } => terms::MeetingRule::Number(number),
        }
    }
}

impl From<terms::MeetingRule> for MeetingRule {
    fn from(rule: terms::MeetingRule) -> MeetingRule {
        match rule {
            terms::MeetingRule::All => MeetingRule::All,
            terms::MeetingRule::Required => MeetingRule::Required,
            terms::MeetingRule::Number(number) => MeetingRule::Number { number },
        }
    }
}

impl From<PersonView> for MeetingPerson {
    fn from(view: PersonView) -> MeetingPerson {
        let proposed = view.said.proposed;
        MeetingPerson {
            name: view.name,
            address: view.address,
            required: view.needed == Needed::Required,
            state: view.state,
            proposed_start: proposed.map(|(start, _)| times::shown(start)),
            proposed_duration_minutes: proposed.map(|(_, minutes)| minutes),
            comment: view.said.comment,
            answered_at: view.answered.map(|at| at.to_rfc3339()),
        }
    }
}

impl From<MeetingView> for Meeting {
    fn from(view: MeetingView) -> Meeting {
        let (requester_name, requester_address) = view.requester;
        Meeting {
            reference: view.reference,
            sequence: view.sequence,
            state: view.state,
            mine: view.mine,
            requester_name,
            requester_address,
            rule: view.rule.into(),
            invitees: view.people.into_iter().map(Into::into).collect(),
            answer: view.answer,
            answer_count: view.answer_count,
        }
    }
}

impl From<CardView> for MeetingCard {
    fn from(view: CardView) -> MeetingCard {
        let CardView { meeting, fields, entry } = view;
        MeetingCard { meeting: meeting.into(), about: fields.map(Into::into), entry }
    }
}

impl From<Fields> for MeetingAbout {
    fn from(fields: Fields) -> MeetingAbout {
        let (begins, ends) = fields.span();
        MeetingAbout {
            title: fields.title,
            place_kind: fields.place_kind.into(),
            place: fields.place,
            text: fields.text,
            start: times::shown(fields.start),
            starts_at: instant(begins),
            ends_at: instant(ends),
            duration_minutes: fields.duration_minutes,
            all_day: fields.all_day,
            time_zone: fields.zone,
        }
    }
}

impl TryFrom<MeetingEdit> for Fields {
    type Error = Problem;

    fn try_from(edit: MeetingEdit) -> Result<Fields, Problem> {
        Ok(Fields {
            title: edit.title,
            place_kind: edit.place_kind.into(),
            place: edit.place,
            text: edit.text,
            start: local(&edit.start)?,
            duration_minutes: edit.duration_minutes,
            all_day: edit.all_day,
            zone: edit.time_zone,
            ..Fields::default()
        })
    }
}

/// Get the meetings that wait for an answer of this account.
#[utoipa::path(
    get,
    path = "/api/schedule/requests",
    tag = "schedule",
    operation_id = "meetingsWaiting",
    responses((status = 200, description = "The meetings", body = MeetingCards), Problems)
)]
pub async fn waiting(signed: Signed) -> Result<axum::Json<MeetingCards>, Problem> {
    let cards = signed.run(CostClass::Records, |gateway, actor| gateway.meetings_waiting(actor));
    let items = cards.await?.into_iter().map(Into::into).collect();
    Ok(axum::Json(MeetingCards { items }))
}

/// Ask others for a meeting, once for each `Idempotency-Key`.
///
/// It stands in the calendar at once, as tentative, and each invitee gets a message. Only people inside can be
/// asked.
#[utoipa::path(
    post,
    path = "/api/schedule/meetings",
    tag = "schedule",
    operation_id = "meetingAsk",
    params(("Idempotency-Key" = String, Header, description = "8 to 64 letters, digits, - and _")),
    request_body = NewMeeting,
    responses(
        (status = 201, description = "The entry", body = ScheduleEntry),
        (status = 409, description = "Somebody changed the same rows just now", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn ask(
    signed: Signed,
    headers: HeaderMap,
    Json(new): Json<NewMeeting>,
) -> Result<(StatusCode, axum::Json<ScheduleEntry>), Problem> {
    let key = request_key(&headers)?;
    let needed = |required| if required { Needed::Required } else { Needed::Optional };
    let invitees = new.invitees.into_iter().map(|one| (one.address, needed(one.required)));
    let new = New {
        fields: new.fields.try_into()?,
        invitees: invitees.collect(),
        rule: new.rule.map_or(terms::MeetingRule::All, Into::into),
    };
    let asked = signed
        .run(CostClass::Records, move |gateway, actor| gateway.meeting_ask(actor, &new, &key));
    Ok((StatusCode::CREATED, axum::Json(asked.await?.into())))
}

/// Get a meeting that this account asked for, or is invited to.
#[utoipa::path(
    get,
    path = "/api/schedule/meetings/{ref}",
    tag = "schedule",
    operation_id = "meeting",
    params(("ref" = String, Path, description = "The number of the request")),
    responses((status = 200, description = "The meeting", body = MeetingCard), Problems)
)]
pub async fn read(signed: Signed, Ref(reference): Ref) -> Result<axum::Json<MeetingCard>, Problem> {
    let card =
        signed.run(CostClass::Records, move |gateway, actor| gateway.meeting(actor, reference));
    Ok(axum::Json(card.await?.into()))
}

/// Change a meeting; `meeting-changed` if it was changed since.
///
/// Who accepted another time or place is asked anew.
#[utoipa::path(
    put,
    path = "/api/schedule/meetings/{ref}",
    tag = "schedule",
    operation_id = "meetingChange",
    params(("ref" = String, Path, description = "The number of the request")),
    request_body = MeetingEdit,
    responses(
        (status = 200, description = "The meeting", body = MeetingCard),
        (status = 409, description = "The meeting was changed elsewhere, or is cancelled", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn change(
    signed: Signed,
    Ref(reference): Ref,
    Json(edit): Json<MeetingEdit>,
) -> Result<axum::Json<MeetingCard>, Problem> {
    let (over, fields) = (edit.sequence, Fields::try_from(edit)?);
    let changed = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.meeting_change(actor, reference, over, &fields)
    });
    Ok(axum::Json(changed.await?.into()))
}

/// Cancel a meeting. All invitees are told, once.
#[utoipa::path(
    delete,
    path = "/api/schedule/meetings/{ref}",
    tag = "schedule",
    operation_id = "meetingCancel",
    params(("ref" = String, Path, description = "The number of the request")),
    responses(
        (status = 200, description = "The meeting", body = MeetingCard),
        (status = 409, description = "The meeting was changed elsewhere", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn cancel(
    signed: Signed,
    Ref(reference): Ref,
) -> Result<axum::Json<MeetingCard>, Problem> {
    let cancelled = signed
        .run(CostClass::Records, move |gateway, actor| gateway.meeting_cancel(actor, reference));
    Ok(axum::Json(cancelled.await?.into()))
}

/// Answer a request for a meeting, once for each `Idempotency-Key`.
///
/// Who accepts has it in the calendar at once, and who asked is told. `meeting-changed` if the time was changed
/// since this version; `meeting-cancelled` if it was cancelled.
#[utoipa::path(
    post,
    path = "/api/schedule/meetings/{ref}/answer",
    tag = "schedule",
    operation_id = "meetingAnswer",
    params(
        ("ref" = String, Path, description = "The number of the request"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 letters, digits, - and _")
    ),
    request_body = MeetingReply,
    responses(
        (status = 200, description = "The meeting", body = MeetingCard),
        (status = 409, description = "The meeting was changed since, or is cancelled", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn answer(
    signed: Signed,
    Ref(reference): Ref,
    headers: HeaderMap,
    Json(reply): Json<MeetingReply>,
) -> Result<axum::Json<MeetingCard>, Problem> {
    let key = request_key(&headers)?;
    let start = reply.start.as_deref().map(local).transpose()?;
    let proposed = match (start, reply.duration_minutes) {
        (Some(start), Some(minutes)) => Some((start, minutes)),
        (None, None) => None,
        _ => return Err(Problem::invalid("A proposed time has a start and a duration.")),
    };
    let MeetingReply { sequence, follows, answer, comment, .. } = reply;
    let answered = Answered { sequence, follows, answer, proposed, comment };
    let card = signed.run(CostClass::Records, move |gateway, actor| {
        gateway.meeting_answer(actor, reference, &answered, &key)
    });
    Ok(axum::Json(card.await?.into()))
}

/// An entry of a calendar.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleEntry {
    id: String,
    version: u32,
    #[serde(flatten)]
    fields: EntryFields,
    /// Of the first time.
    #[schema(format = DateTime)]
    starts_at: String,
    #[schema(format = DateTime)]
    ends_at: String,
    meeting: Option<Meeting>,
}

impl From<EntryView> for ScheduleEntry {
    fn from(view: EntryView) -> ScheduleEntry {
        let (begins, ends) = view.fields.span();
        ScheduleEntry {
            id: view.id,
            version: view.version,
            starts_at: instant(begins),
            ends_at: instant(ends),
            fields: view.fields.into(),
            meeting: view.meeting.map(Into::into),
        }
    }
}
