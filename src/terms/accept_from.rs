//! Whose messages an account takes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whose messages are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Accept)]
pub enum AcceptFrom {
    Inside,
    Outside,
    Both,
}

super::words!(AcceptFrom { Inside => "inside", Outside => "outside", Both => "both" });
