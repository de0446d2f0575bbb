//! The configuration: one TOML file, overridden by `POSTERN_…` environment variables.
//!
//! Each section has its own source file. Its doc comments are the manual; the commented example
//! is `config/postern.toml`. Values are checked once, here; an error names the source, the key,
//! the value found and what is allowed. Secrets are given as paths or systemd credentials, never
//! as values, so nothing here has to be kept out of a log.

mod https;
mod images;
mod log;
mod mailboxes;
mod manage;
mod outgoing;
mod passwords;
mod relay;
mod search;
mod server;
mod sessions;
mod smtp;
mod store;
mod tls;

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub use https::Https;
pub use images::Images;
pub use log::{Form, Log};
pub use mailboxes::Mailboxes;
pub use manage::Manage;
pub use outgoing::{AutoResponse, Languages, Notification, Outgoing, Queue, Rule, Temporary};
pub use passwords::Passwords;
pub use relay::{Dkim, DkimKey, Dns, Dnssec, Relay, SmarthostTls};
pub use search::Search;
pub use server::Server;
pub use sessions::Sessions;
pub use smtp::Smtp;
pub use store::Store;
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
    pub images: Images,
    pub manage: Manage,
    pub store: Store,
    pub log: Log,
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
        write!(f, "{}: found {:?}, expected {}", self.key, self.found, self.allowed)
    }
}

impl Problem {
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
        // POSTERN_CONFIG names the file itself and is not a key in it.
        let variables = Env::prefixed("POSTERN_").split("__").ignore(&["config"]);
        let figment = Figment::from(Serialized::defaults(Config::default()))
            .merge(Toml::string(text))
            .merge(variables);
        let config: Config = figment.extract().map_err(|error| wrong(&error, text, name))?;
        config.check()?;
        Ok(config)
    }

    /// Checks that every value is allowed.
    pub fn check(&self) -> Result<(), Problem> {
        self.server.check()?;
        self.tls.check()?;
        self.smtp.check()?;
        self.https.check()?;
        self.sessions.check()?;
        self.outgoing.check()?;
        self.temporary.check()?;
        self.notification.check()?;
        self.queue.check()?;
        self.dns.check()?;
        self.relay.check()?;
        self.passwords.check()?;
        self.search.check()?;
        self.mailboxes.check()?;
        self.images.check()?;
        self.manage.check()?;
        self.store.check()?;
        self.log.check()
    }
}

/// Converts figment's error to ours: source and line, key, the value found, what is allowed.
fn wrong(error: &figment::Error, text: &str, name: &str) -> Error {
    let key = error.path.join(".");
    let from_variable =
        error.metadata.as_ref().is_some_and(|source| source.name.contains("environment"));
    let origin = match (from_variable, line_of(text, &error.path, &error.kind)) {
        (true, _) => "environment".to_owned(),
        (false, Some(line)) => format!("{name}:{line}"),
        (false, None) => name.to_owned(),
    };
    let key = if key.is_empty() { "the file".to_owned() } else { key };
    Error::Wrong { origin, key, text: error.kind.to_string() }
}

/// Returns the number of the line that sets a key, for error messages; a key is only looked for
/// in its section.
fn line_of(text: &str, path: &[String], kind: &figment::error::Kind) -> Option<usize> {
    let unknown = match kind {
        figment::error::Kind::UnknownField(field, _) => Some(field.as_str()),
        _ => None,
    };
    let mut wanted: Vec<&str> = path.iter().map(String::as_str).collect();
    if let Some(unknown) = unknown
        && wanted.last() != Some(&unknown)
    {
        wanted.push(unknown);
    }
    let (key, section) = wanted.split_last()?;
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
