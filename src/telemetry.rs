//! Logs: one line for each event, understandable on its own.
//!
//! Passwords, tokens, keys, subjects, text and ticket URLs are never logged. Addresses are
//! shortened by [`redacted`].

use std::fmt;
use std::io::IsTerminal;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
}

/// Starts logging to standard error; does nothing if logging was already started. `level` is a
/// filter such as `info` or `info,postern::smtp=debug`; without a target it is for this program.
pub fn start(level: &str, form: Form) {
    let registry = tracing_subscriber::registry().with(filter(level));
    // Colours in a file are noise, and cost more than the words.
    let colours = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let to_journal = is_journal();
    // A second start in one process (in tests) fails because the first is still in effect, which
    // is just as good.
    let _ = match form {
        Form::Text => {
            let layer = layer.with_target(false);
            registry.with(layer.map_event_format(|line| Prefixed { line, to_journal })).try_init()
        }
        Form::Json => {
            let layer = layer.json();
            registry.with(layer.map_event_format(|line| Prefixed { line, to_journal })).try_init()
        }
    };
}

/// Writes the priority in front of each line for the journal of systemd, which takes it off again
/// (sd-daemon(3)), so that `journalctl -p err` finds what needs a person.
struct Prefixed<F> {
    line: F,
    to_journal: bool,
}

impl<S, N, F> FormatEvent<S, N> for Prefixed<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if self.to_journal {
            write!(writer, "<{}>", priority(*event.metadata().level()))?;
        }
        self.line.format_event(context, writer, event)
    }
}

/// The priority of a level (syslog(3)).
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// Whether standard error is the stream that systemd reads into its journal, and not, for example, a
/// file to which it was redirected since.
fn is_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let stream = rustix::fs::fstat(std::io::stderr());
    stream.is_ok_and(|stream| named == format!("{}:{}", stream.st_dev, stream.st_ino))
}

/// Returns what is logged. A level without a target is for this program's own events. A library logs
/// what peers do, and peers decide how often they do it, so it reports errors only, unless the
/// administrator names it (`info,h2=debug`).
fn filter(level: &str) -> Targets {
    let given: Targets = level.parse().unwrap_or_else(|_| Targets::new().with_default(DEFAULT));
    let own = given.default_level().unwrap_or(LevelFilter::OFF);
    Targets::new()
        .with_default(own.min(LevelFilter::ERROR))
        .with_target(env!("CARGO_CRATE_NAME"), own)
        .with_targets(given)
}

const DEFAULT: LevelFilter = LevelFilter::INFO;

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
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_report_errors_only_unless_they_are_named() {
        let table: [(&str, &str, Level, bool); 14] = [
            ("info", "postern::smtp", Level::INFO, true),
            ("info", "postern", Level::DEBUG, false),
            ("info", "h2::proto", Level::WARN, false),
            ("info", "h2::proto", Level::ERROR, true),
            ("debug", "postern::web", Level::DEBUG, true),
            ("debug", "rustls", Level::WARN, false),
            ("info,h2=debug", "h2::proto", Level::DEBUG, true),
            ("info,h2=debug", "hyper", Level::WARN, false),
            ("info,postern::smtp=debug", "postern::smtp", Level::DEBUG, true),
            ("info,postern::smtp=debug", "postern::web", Level::DEBUG, false),
            ("warn,postern=debug", "postern::web", Level::DEBUG, true),
            ("postern=debug", "postern::web", Level::DEBUG, true),
            ("off", "hyper", Level::ERROR, false),
            ("not = a filter", "postern", Level::INFO, true),
        ];
        for (level, target, event, logged) in table {
            let filter = filter(level);
            assert_eq!(filter.would_enable(target, &event), logged, "{level}: {event} of {target}");
        }
    }

    #[test]
    fn the_journal_gets_the_priorities_that_it_knows() {
        let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
        assert_eq!(levels.map(priority), [3, 4, 6, 7, 7]);
    }

    #[test]
    fn an_address_in_a_log_tells_only_its_first_letter_and_its_domain() {
        assert_eq!(redacted(&"dana.levi@example.org"), "d…@example.org");
        assert_eq!(redacted(&"<dana@example.org>"), "d…@example.org");
        assert_eq!(redacted(&"\"a@b\"@example.org"), "*…@example.org");
        assert_eq!(redacted(&"<>"), "<>");
        assert_eq!(redacted(&"postmaster"), "…");
    }
}
