//! Notices of chats and boards: when they are given, and the other address to which they go as well.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::gateway::notices::terms::NoticesView;
use crate::gateway::records::audit::Act;
use crate::gateway::records::notice::{NoticeTerms, QuietHours};
use crate::terms::{NoticeAddressState, NoticePace};
use crate::web::auth::Signed;
use crate::web::body::Json;
use crate::web::error::{Problem, ProblemBody, Problems};
use crate::web::state::CostClass;

use super::credential::password;

/// Hours of each day in which no notice is given, in minutes after midnight.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// The first minute.
    from: u16,
    /// The first minute after them, which may be on the next day.
    until: u16,
}

/// When notices are given.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoticeTimes {
    /// The name of the time zone of these times, such as `Europe/Berlin`.
    zone: String,
    /// `at-once`, `hourly` or `daily`.
    pace: NoticePace,
    /// When the notice of a day is given, in minutes after midnight.
    daily_minute: u16,
    /// `null`: at any time.
    quiet: Option<Quiet>,
    /// Whether there are notices of posts in topics that are followed.
    posts: bool,
}

/// The other address for notices.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeAddress {
    address: String,
    /// `unconfirmed`, `confirmed`, or `failed`, because mail to it came back.
    state: NoticeAddressState,
    /// Whether a code was sent that can be entered.
    code_waits: bool,
}

/// What the account chose about notices.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notices {
    times: NoticeTimes,
    /// Whether notices may go to another address here.
    may_mail: bool,
    address: Option<NoticeAddress>,
}

/// Another address for notices, with the account's password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeAddressAsked {
    address: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// The code that was sent to the address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeCodeEntered {
    code: String,
}

impl From<NoticeTerms> for NoticeTimes {
    fn from(terms: NoticeTerms) -> NoticeTimes {
        NoticeTimes {
            zone: terms.zone,
            pace: terms.pace,
            daily_minute: terms.daily_minute,
            quiet: terms.quiet.map(|QuietHours { from, until }| Quiet { from, until }),
            posts: terms.posts,
        }
    }
}

impl From<NoticeTimes> for NoticeTerms {
    fn from(times: NoticeTimes) -> NoticeTerms {
        NoticeTerms {
            zone: times.zone,
            pace: times.pace,
            daily_minute: times.daily_minute,
            quiet: times.quiet.map(|Quiet { from, until }| QuietHours { from, until }),
            posts: times.posts,
        }
    }
}

impl From<NoticesView> for Notices {
    fn from(view: NoticesView) -> Notices {
        Notices {
            times: view.terms.into(),
            may_mail: view.may_mail,
            address: view.address.map(|one| NoticeAddress {
                address: one.address,
                state: one.state,
                code_waits: one.code_waits,
            }),
        }
    }
}

/// Get when notices are given, and where they go.
#[utoipa::path(
    get,
    path = "/api/notices",
    tag = "preferences",
    operation_id = "notices",
    responses((status = 200, description = "What the account chose", body = Notices), Problems)
)]
pub async fn read(signed: Signed) -> Result<axum::Json<Notices>, Problem> {
    let view = signed.run(CostClass::Records, |gateway, actor| gateway.notices(actor)).await?;
    Ok(axum::Json(view.into()))
}

/// Replace when notices are given.
#[utoipa::path(
    put,
    path = "/api/notices",
    tag = "preferences",
    operation_id = "noticesSet",
    request_body = NoticeTimes,
    responses((status = 200, description = "What the account chose", body = Notices), Problems)
)]
pub async fn set(
    signed: Signed,
    Json(times): Json<NoticeTimes>,
) -> Result<axum::Json<Notices>, Problem> {
    let terms = times.into();
    let view = signed
        .run(CostClass::Records, move |gateway, actor| gateway.notices_set(actor, &terms))
        .await?;
    Ok(axum::Json(view.into()))
}

/// Name another address for notices, in place of an earlier one: a code is sent there.
///
/// Nothing else is sent there until the code was entered. Few codes are sent in a day, for each account and
/// to each address (409 `asked-often`).
#[utoipa::path(
    post,
    path = "/api/notices/address",
    tag = "preferences",
    operation_id = "noticeAddressAsk",
    request_body = NoticeAddressAsked,
    responses(
        (status = 200, description = "A code is on its way", body = Notices),
        (status = 401, description = "Wrong password", body = ProblemBody,
            content_type = "application/problem+json"),
        Problems
    )
)]
pub async fn address_ask(
    signed: Signed,
    Json(asked): Json<NoticeAddressAsked>,
) -> Result<axum::Json<Notices>, Problem> {
    let own = password(&asked.password)?;
    let done = signed.run_with_password(Act::NoticeCodeSent, move |gateway, actor| {
        gateway.notice_address_ask(actor, &asked.address, &own)
    });
    Ok(axum::Json(done.await?.into()))
}

/// Confirm the other address by the code that was sent there.
#[utoipa::path(
    post,
    path = "/api/notices/address/code",
    tag = "preferences",
    operation_id = "noticeAddressConfirm",
    request_body = NoticeCodeEntered,
    responses(
        (status = 200, description = "Notices go there from now on", body = Notices),
        Problems
    )
)]
pub async fn address_confirm(
    signed: Signed,
    Json(entered): Json<NoticeCodeEntered>,
) -> Result<axum::Json<Notices>, Problem> {
    let done = signed.run_audited(Act::NoticeAddressConfirmed, move |gateway, actor| {
        gateway.notice_address_confirm(actor, &entered.code)
    });
    Ok(axum::Json(done.await?.into()))
}

/// Send no more notices to the other address.
#[utoipa::path(
    delete,
    path = "/api/notices/address",
    tag = "preferences",
    operation_id = "noticeAddressRemove",
    responses((status = 200, description = "Nothing goes there any more", body = Notices), Problems)
)]
pub async fn address_remove(signed: Signed) -> Result<axum::Json<Notices>, Problem> {
    let done = signed.run_audited(Act::NoticeAddressRemoved, |gateway, actor| {
        gateway.notice_address_remove(actor)
    });
    Ok(axum::Json(done.await?.into()))
}
