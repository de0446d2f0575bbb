//! Why a reader rejects a message.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The reasons that a reader can give for rejecting a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RejectReason {
    WrongPerson,
    NotExpected,
    Other,
}

super::words!(RejectReason {
    WrongPerson => "wrong-person",
    NotExpected => "not-expected",
    Other => "other",
});
