//! The configuration: one TOML file, overridden by `POSTERN_…` environment variables.
//!
//! Each section has its own source file. Its doc comments are the manual; the commented example
//! is `config/postern.toml`. Values are checked once, here; an error names the source, the key,
//! the value found and what is allowed. Secrets are given as paths or systemd credentials, never
//! as values, so nothing here has to be kept out of a log.

mod chat;
mod groups;
mod https;
mod images;
mod log;
mod mailboxes;
mod manage;
mod outgoing;
mod passwords;
mod prefix;
mod relay;
mod schedule;
mod search;
mod server;
mod sessions;
mod smtp;
mod store;
mod telemetry;
mod tls;

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};
use figment::{Figment, Provider};
use serde::{Deserialize, Serialize};

pub use chat::Chat;
pub use groups::Groups;
pub use https::Https;
pub use images::Images;
pub use log::{Form, Log};
pub use mailboxes::Mailboxes;
pub use manage::Manage;
pub use outgoing::{AutoResponse, Languages, Notification, Outgoing, Queue, Rule, Temporary};
pub use passwords::Passwords;
pub use prefix::{NoPrefix, Prefix};
pub use relay::{Dkim, DkimKey, Dns, Dnssec, Relay, SmarthostTls};
pub use schedule::Schedule;
pub use search::Search;
pub use server::Server;
pub use sessions::Sessions;
pub use smtp::{Smtp, Unconfirmed};
pub use store::Store;
pub use telemetry::Telemetry;
pub use tls::Tls;

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub tls: Tls,
    pub smtp: Smtp,
    pub https: Https,
    pub sessions: Sessions,
    pub outgoing: Outgoing,
    pub temporary: Temporary,
    pub notification: Notification,
    pub auto_response: AutoResponse,
    pub queue: Queue,
    pub dns: Dns,
    pub relay: Relay,
    pub dkim: Dkim,
    pub passwords: Passwords,
    pub search: Search,
    pub mailboxes: Mailboxes,
    pub groups: Groups,
    pub chat: Chat,
    pub schedule: Schedule,
    pub images: Images,
    pub manage: Manage,
    pub store: Store,
    pub log: Log,
    pub telemetry: Telemetry,
}

/// Why a configuration was rejected: the source, the key, the value found and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{origin}: {key}: {text}")]
    Wrong { origin: String, key: String, text: String },
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// A value that can be read but is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    pub key: &'static str,
    pub found: String,
    pub allowed: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.expectation())
    }
}

impl Problem {
    fn expectation(&self) -> String {
        format!("found {:?}, expected {}", self.found, self.allowed)
    }

    pub(crate) fn new(
        key: &'static str,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Problem {
        Problem { key, found: found.into(), allowed: allowed.into() }
    }

    /// Checks that a number lies in a range.
    pub(crate) fn unless_in(
        key: &'static str,
        found: u64,
        allowed: RangeInclusive<u64>,
    ) -> Result<(), Problem> {
        if allowed.contains(&found) {
            return Ok(());
        }
        let range = format!("{} to {}", allowed.start(), allowed.end());
        Err(Problem::new(key, found.to_string(), range))
    }
}

impl Config {
    /// Reads the file, applies `POSTERN_SECTION__KEY` variables, and checks every value.
    pub fn load(path: &Path) -> Result<Config, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        Config::from_text(&text, &path.display().to_string())
    }

    /// Like [`Config::load`], but reads from `text`, which errors refer to as `name`.
    pub fn from_text(text: &str, name: &str) -> Result<Config, Error> {
        let config: Config =
            layers(Toml::string(text)).extract().map_err(|error| wrong(&error, text, name))?;
        config.check()?;
        Ok(config)
    }

    /// Returns everything that is wrong with the file and the variables, where
    /// [`Config::load`] ends with the first error: each key that does not exist or cannot be read,
    /// and then the first value of each section that is not allowed.
    pub fn errors(path: &Path) -> Vec<Error> {
        match std::fs::read_to_string(path) {
            Ok(text) => Config::text_errors(&text, &path.display().to_string()),
            Err(source) => vec![Error::Unreadable { path: path.to_owned(), source }],
        }
    }

    fn text_errors(text: &str, name: &str) -> Vec<Error> {
        let mut errors = Vec::new();
        let mut given: Dict = match Figment::from(Toml::string(text)).extract() {
            Ok(given) => given,
            Err(error) => return vec![wrong(&error, text, name)],
        };
        // Each wrong key is left out, until what is left can be read.
        loop {
            match layers(Serialized::defaults(&given)).extract::<Config>() {
                Ok(config) => {
                    errors.extend(
                        config.problems().into_iter().map(|problem| located(problem, text, name)),
                    );
                    return errors;
                }
                Err(error) => {
                    errors.push(wrong(&error, text, name));
                    if !left_out(&mut given, &path_of(&error)) {
                        return errors;
                    }
                }
            }
        }
    }

    /// Checks that every value is allowed.
    pub fn check(&self) -> Result<(), Problem> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// Returns the first value of each section that is not allowed.
    fn problems(&self) -> Vec<Problem> {
        let checks = [
            self.server.check(),
            self.tls.check(),
            self.smtp.check(),
            self.https.check(),
            self.sessions.check(),
            self.outgoing.check(),
            self.temporary.check(),
            self.notification.check(),
            self.queue.check(),
            self.dns.check(),
            self.relay.check(),
            self.passwords.check(),
            self.search.check(),
            self.mailboxes.check(),
            self.chat.check(),
            self.schedule.check(),
            self.images.check(),
            self.manage.check(),
            self.store.check(),
            self.log.check(),
            self.telemetry.check(),
        ];
        checks.into_iter().filter_map(Result::err).collect()
    }
}

/// Returns the defaults, overridden by the file, overridden by the variables.
fn layers(file: impl Provider) -> Figment {
    // POSTERN_CONFIG names the file itself and is not a key in it.
    let variables = Env::prefixed("POSTERN_").split("__").ignore(&["config"]);
    Figment::from(Serialized::defaults(Config::default())).merge(file).merge(variables)
}

/// Returns the keys that lead to what an error is about.
fn path_of(error: &figment::Error) -> Vec<String> {
    let mut path = error.path.clone();
    if let figment::error::Kind::UnknownField(field, _) = &error.kind
        && path.last() != Some(field)
    {
        path.push(field.clone());
    }
    path
}

/// Removes a key; returns whether it was there.
fn left_out(given: &mut Dict, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return false };
    if rest.is_empty() {
        return given.remove(first).is_some();
    }
    match given.get_mut(first) {
        Some(Value::Dict(_, inner)) => left_out(inner, rest),
        // An element of an array goes with the whole array.
        Some(_) => given.remove(first).is_some(),
        None => false,
    }
}

/// Adds to a problem where its value was set.
fn located(problem: Problem, text: &str, name: &str) -> Error {
    let path: Vec<String> = problem.key.split('.').map(str::to_owned).collect();
    let Some(line) = line_of(text, &path) else { return Error::Problem(problem) };
    let (key, text) = (problem.key.to_owned(), problem.expectation());
    Error::Wrong { origin: format!("{name}:{line}"), key, text }
}

/// Converts figment's error to ours: source and line, key, the value found, what is allowed.
fn wrong(error: &figment::Error, text: &str, name: &str) -> Error {
    let from_variable =
        error.metadata.as_ref().is_some_and(|source| source.name.contains("environment"));
    let path = path_of(error);
    let origin = match (from_variable, line_of(text, &path)) {
        (true, _) => "environment".to_owned(),
        (false, Some(line)) => format!("{name}:{line}"),
        (false, None) => name.to_owned(),
    };
    let key = if path.is_empty() { "the file".to_owned() } else { path.join(".") };
    let text = match &error.kind {
        figment::error::Kind::UnknownField(field, known) => unknown(field, known),
        kind => kind.to_string(),
    };
    Error::Wrong { origin, key, text }
}

/// How alike two keys have to be for one to be offered instead of the other.
const LIKENESS_MIN: f64 = 0.8;

/// Says that a key does not exist, and which one may have been meant.
fn unknown(field: &str, known: &[&str]) -> String {
    let likeness = |key: &&&str| strsim::jaro_winkler(field, key);
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest.filter(|key| likeness(key) >= LIKENESS_MIN) {
        Some(key) => format!("there is no such key; did you mean {key}?"),
        None => format!("there is no such key; there are {}", known.join(", ")),
    }
}

/// Returns the number of the line that sets a key, for error messages; a key is only looked for
/// in its section.
fn line_of(text: &str, path: &[String]) -> Option<usize> {
    let (key, section) = path.split_last()?;
    let mut here = String::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            here = name.trim().to_owned();
            if section.is_empty() && here == *key {
                return Some(at + 1);
            }
        }
        let is_key = line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        if is_key && here == section.join(".") {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[server]\ndomains = [\"example.org\"]\n";

    fn error_of(text: &str) -> String {
        Config::from_text(text, "postern.toml").unwrap_err().to_string()
    }

    #[test]
    fn the_smallest_configuration_names_a_domain() {
        let config = Config::from_text(GOOD, "postern.toml").unwrap();
        assert_eq!(config.server.domains, ["example.org"]);
        assert_eq!(config.store, Store::default());
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_what_is_allowed() {
        let error = error_of("[server]\ndomains = [\"example.org\"]\n\n[store]\nsegmant_mib = 3\n");
        for part in ["postern.toml:5", "store", "segmant_mib", "segment_mib"] {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    }

    #[test]
    fn every_error_is_named_and_the_key_that_was_meant() {
        let text = "[server]\ndomains = [\"UPPER\"]\nhost_nam = \"a\"\n[smtp]\nlissten = []\n\
                    size_octets_max = \"much\"\n[nonsense]\nx = 1\n[store]\nsegment_mib = 0\n\
                    [dkim]\nkeys = [{ domain = \"a\" }]\n";
        let errors = Config::text_errors(text, "postern.toml");
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        for part in [
            "postern.toml:3: server.host_nam: there is no such key; did you mean host_name?",
            "postern.toml:5: smtp.lissten: there is no such key; did you mean listen?",
            "postern.toml:6: smtp.size_octets_max: ",
            "postern.toml:7: nonsense: there is no such key; there are server, ",
            "postern.toml:2: server.domains: found \"UPPER\"",
            "postern.toml:10: store.segment_mib: found \"0\", expected 1 to 1024",
            "dkim.keys",
        ] {
            assert!(all.iter().any(|one| one.contains(part)), "no {part:?} in {all:#?}");
        }
        assert_eq!(all.len(), 7, "{all:#?}");
        assert!(Config::text_errors(GOOD, "postern.toml").is_empty());
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_with_what_was_found() {
        let error = error_of("[server]\ndomains = 7\n");
        for part in ["postern.toml:2", "server.domains", "7", "sequence"] {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    }

    #[test]
    fn a_notification_has_one_language_or_english_and_hebrew() {
        use crate::terms::Language;
        let languages = |word: &str| {
            let text = format!("{GOOD}[notification]\nlanguage = \"{word}\"\n");
            Config::from_text(&text, "postern.toml").map(|config| config.notification.language)
        };
        for one in Language::ALL {
            assert_eq!(languages(one.as_str()).unwrap().list(), [one]);
        }
        let both = languages("both").unwrap().list();
        assert_eq!(both, [Language::English, Language::Hebrew]);
        let error = languages("klingon").unwrap_err().to_string();
        for part in ["notification.language", "klingon", "english", "arabic", "both"] {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    }

    #[test]
    fn a_value_out_of_range_is_named_with_the_range() {
        let error = error_of(&format!("{GOOD}[store]\nsegment_mib = 0\n"));
        assert_eq!(error, "store.segment_mib: found \"0\", expected 1 to 1024");
        assert!(error_of("[server]\ndomains = []\n").starts_with("server.domains:"));
        assert!(error_of("[server]\ndomains = [\"UPPER\"]\n").contains("lower case"));
        assert!(error_of(&format!("{GOOD}[log]\nlevel = \"a=b=c\"\n")).contains("log.level"));
    }

    #[test]
    fn the_example_that_comes_along_shows_the_defaults() {
        let example = include_str!("../../config/postern.toml");
        let read = Config::from_text(example, "config/postern.toml").unwrap();
        let mut expected = Config::default();
        expected.server.host_name = "mail.example.org".to_owned();
        expected.server.domains = vec!["example.org".to_owned()];
        assert_eq!(read, expected);
    }

    /// Administrators find every key in the manual or in the example.
    #[test]
    fn every_key_is_documented() {
        let manual = include_str!("../../docs/operations.md");
        let example = include_str!("../../config/postern.toml");
        let config = serde_json::to_value(Config::default()).unwrap();
        for (section, keys) in config.as_object().unwrap() {
            let part = |text: &str, head: &str, end: &str| {
                let rest = text.split_once(head).map_or("", |(_, rest)| rest);
                rest.split(end).next().unwrap_or_default().to_owned()
            };
            let rows = part(manual, &format!("### `[{section}]`\n"), "\n#");
            let lines = part(example, &format!("\n[{section}]\n"), "\n[");
            for key in keys.as_object().unwrap().keys() {
                let has_row = rows.contains(&format!("\n| `{key}` |"));
                let has_line = format!("\n{lines}").contains(&format!("\n{key} = "));
                assert!(has_row || has_line, "`{section}.{key}` has no row in docs/operations.md");
            }
        }
    }

    #[test]
    fn broken_toml_is_an_error_that_names_the_file() {
        assert!(error_of("[server\n").contains("postern.toml"));
        let missing = Config::load(Path::new("/nonexistent/postern.toml")).unwrap_err();
        assert!(missing.to_string().contains("/nonexistent/postern.toml"));
    }
}
