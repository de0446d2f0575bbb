//! Why the relay cannot start.

use crate::net::dns::SetupError;

/// Why the relay cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what}: {problem}")]
    File { what: String, problem: String },
    #[error(transparent)]
    Dns(#[from] SetupError),
}
