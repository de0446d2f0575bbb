//! `[tls]`: the certificate that is presented to mail servers and browsers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Problem;

/// The certificate that is presented to mail servers and browsers. Read again on SIGHUP. Credentials
/// of systemd take precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain, PEM, the host's own certificate first.
    pub certificate: PathBuf,
    /// The private key, PEM (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
}

impl Default for Tls {
    fn default() -> Self {
        Tls {
            certificate: PathBuf::from("/etc/postern/tls/fullchain.pem"),
            key: PathBuf::from("/etc/postern/tls/privkey.pem"),
        }
    }
}

impl Tls {
    pub(super) fn check(&self) -> Result<(), Problem> {
        for (key, path) in [("tls.certificate", &self.certificate), ("tls.key", &self.key)] {
            if path.as_os_str().is_empty() {
                return Err(Problem::new(key, "", "the path of a PEM file"));
            }
        }
        Ok(())
    }
}
