//! Logs: one line for each event, understandable on its own.
//!
//! Passwords, tokens, keys, subjects, text and ticket URLs are never logged. Addresses are
//! shortened by [`redacted`].

use std::fmt;
use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
}

/// Starts logging to standard error; does nothing if logging was already started. `level` is a
/// filter such as `info` or `info,postern::smtp=debug`.
pub fn start(level: &str, form: Form) {
    let filter: Targets =
        level.parse().unwrap_or_else(|_| Targets::new().with_default(tracing::Level::INFO));
    let registry = tracing_subscriber::registry().with(filter);
    // Colours in a file are noise, and cost more than the words.
    let colours = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    // A second start in one process (in tests) fails because the first is still in effect, which
    // is just as good.
    let _ = match form {
        Form::Text => registry.with(layer.with_target(false)).try_init(),
        Form::Json => registry.with(layer.json()).try_init(),
    };
}

/// Returns an address as it may be logged: the first character of the local part, and the domain.
pub fn redacted(address: &impl fmt::Display) -> String {
    let text = address.to_string();
    let bare = text.trim_start_matches('<').trim_end_matches('>');
    match bare.rsplit_once('@') {
        Some((local, domain)) => {
            let first = local.chars().next().filter(|c| c.is_alphanumeric()).unwrap_or('*');
            format!("{first}…@{domain}")
        }
        None if bare.is_empty() => "<>".to_owned(),
        None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_log_tells_only_its_first_letter_and_its_domain() {
        assert_eq!(redacted(&"dana.levi@example.org"), "d…@example.org");
        assert_eq!(redacted(&"<dana@example.org>"), "d…@example.org");
        assert_eq!(redacted(&"\"a@b\"@example.org"), "*…@example.org");
        assert_eq!(redacted(&"<>"), "<>");
        assert_eq!(redacted(&"postmaster"), "…");
    }
}
