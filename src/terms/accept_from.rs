//! Which senders an account accepts messages from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which senders an account accepts messages from: those inside, those outside, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Accept)]
pub enum AcceptFrom {
    Inside,
    Outside,
    Both,
}

super::words!(AcceptFrom { Inside => "inside", Outside => "outside", Both => "both" });
