//! Why a reader rejects.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The reasons one may give.
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
