//! `[server]`: the host, its mail domains, and the location of its data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::mail::mailboxes::ascii_domain;

use super::Problem;

/// The host, its mail domains, and the location of its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// This host's own name, as used in greetings to other mail servers and in Received fields.
    pub host_name: String,
    /// The domains that this server accepts mail for.
    pub domains: Vec<String>,
    /// The data folder. Everything Postern keeps is in it, sealed.
    pub data: PathBuf,
    /// The daemon key, outside the data folder and readable by nobody else. A systemd credential
    /// called `postern-daemon-key` takes precedence.
    pub daemon_key: PathBuf,
    /// Username of the account that receives mail for postmaster; empty: the first account
    /// created.
    pub postmaster: String,
}

impl Default for Server {
    fn default() -> Self {
        Server {
            host_name: "localhost".to_owned(),
            domains: Vec::new(),
            data: PathBuf::from("/var/lib/postern"),
            daemon_key: PathBuf::from("/etc/postern/daemon.key"),
            postmaster: String::new(),
        }
    }
}

impl Server {
    pub(super) fn check(&self) -> Result<(), Problem> {
        if !is_host_name(&self.host_name) {
            return Err(Problem::new("server.host_name", &self.host_name, "a host name"));
        }
        if self.domains.is_empty() {
            return Err(Problem::new("server.domains", "[]", "at least one domain"));
        }
        if let Some(bad) = self.domains.iter().find(|domain| !is_host_name(domain)) {
            return Err(Problem::new("server.domains", bad, "domain names in lower case"));
        }
        Ok(())
    }
}

/// Returns whether a name consists of labels of letters, digits and hyphens, separated by dots
/// (RFC 1123 §2.1); internationalised names may be in their `xn--` form, or in UTF-8 if they have
/// such a form (RFC 5891 §4).
pub(super) fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        let inner = label.chars().all(|c| c == '-' || c.is_alphanumeric() && !c.is_uppercase());
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let has_a_labels = name.is_ascii() || ascii_domain(name).is_some();
    name.len() <= 253 && name.split('.').all(label) && has_a_labels
}
