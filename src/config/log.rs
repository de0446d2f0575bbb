//! `[log]`: what is logged, and in what form.

use serde::{Deserialize, Serialize};

use super::Problem;

/// What is logged, and in what form. Addresses are shortened in either form; passwords, subjects
/// and text are never logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, or a filter such as `info,postern::smtp=debug`. A library is
    /// logged at `error`, unless the filter names it.
    pub level: String,
    /// One line of text, or one JSON object, for each event.
    pub form: Form,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    #[default]
    Text,
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Log { level: "info".to_owned(), form: Form::Text }
    }
}

impl Log {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let parsed = self.level.parse::<tracing_subscriber::filter::Targets>();
        parsed.map(|_| ()).map_err(|_| {
            Problem::new("log.level", &self.level, "error, warn, info, debug, or target=level,…")
        })
    }
}
