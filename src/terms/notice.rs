//! When somebody is given notices of chats and boards, and how the other address for them stands.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How often somebody is given a notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoticePace {
    #[default]
    AtOnce,
    /// At the next full hour.
    Hourly,
    /// At a time of the day.
    Daily,
}

super::words!(NoticePace { AtOnce => "at-once", Hourly => "hourly", Daily => "daily" });

/// How the other address for notices stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeAddressState {
    /// A code was sent there, and nothing else is.
    Unconfirmed,
    Confirmed,
    /// Mail to it came back: nothing is sent there any more.
    Failed,
}

super::words!(NoticeAddressState {
    Unconfirmed => "unconfirmed",
    Confirmed => "confirmed",
    Failed => "failed",
});
