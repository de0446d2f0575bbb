//! Whose computer a session runs on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whose computer a session runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The user's own browser.
    Browser,
    /// A computer that others use too: the session ends sooner.
    Shared,
}

super::words!(Profile { Browser => "browser", Shared => "shared" });
