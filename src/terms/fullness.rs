//! How full an account is, against its quota.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How full an account is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Fullness {
    #[default]
    Room,
    /// 80 % or more of a limit.
    Filling,
    /// 95 % or more.
    AlmostFull,
    /// A limit is reached: nothing more is taken.
    Full,
}

super::words!(Fullness {
    Room => "room",
    Filling => "filling",
    AlmostFull => "almost-full",
    Full => "full",
});
