//! Files that systemd passes as credentials (systemd.exec(5), `LoadCredential=`): the service has a
//! user of its own, which cannot read private keys where they lie.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::vault::{self, DaemonKey};

/// Where systemd puts the credentials of this service; `None` if it passed none.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

/// Reads the daemon key, from a file or from a credential.
pub fn daemon_key(path: &Path) -> Result<DaemonKey, vault::Error> {
    match folder().is_some_and(|folder| path.starts_with(folder)) {
        true => DaemonKey::load_credential(path),
        false => DaemonKey::load(path),
    }
}

/// Makes the configuration name the credentials in `folder` instead of the files that they were
/// read from. A credential of a single character stands for a file that does not exist, because a
/// unit has to name every credential, used or not, and a value for those that may be missing.
pub fn place(config: &mut Config, folder: &Path) {
    let place = |path: &mut PathBuf, name: &str| {
        let credential = folder.join(name);
        if credential.metadata().is_ok_and(|found| found.len() > 1) {
            *path = credential;
        }
    };
    place(&mut config.server.daemon_key, "postern-daemon-key");
    place(&mut config.tls.certificate, "postern-tls-certificate");
    place(&mut config.tls.key, "postern-tls-key");
    place(&mut config.relay.smarthost_password_file, "postern-smarthost-password");
    for key in &mut config.dkim.keys {
        // systemd names the files of a folder so.
        let name = key.key_file.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("postern-dkim_{name}");
        place(&mut key.key_file, &name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DkimKey;

    #[test]
    fn a_credential_takes_the_place_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let given =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        given("postern-daemon-key", "key");
        given("postern-tls-key", "key");
        given("postern-smarthost-password", "-");
        given("postern-dkim_s1.pem", "key");
        let mut config = Config::default();
        config.relay.smarthost_password_file = PathBuf::from("/etc/postern/smarthost-password");
        for name in ["s1.pem", "s2.pem"] {
            config.dkim.keys.push(DkimKey {
                domain: "example.org".to_owned(),
                selector: "s".to_owned(),
                key_file: Path::new("/etc/postern/dkim").join(name),
            });
        }
        let before = config.clone();
        place(&mut config, folder.path());
        assert_eq!(config.server.daemon_key, folder.path().join("postern-daemon-key"));
        assert_eq!(config.tls.key, folder.path().join("postern-tls-key"));
        assert_eq!(config.dkim.keys[0].key_file, folder.path().join("postern-dkim_s1.pem"));
        assert_eq!(config.dkim.keys[1], before.dkim.keys[1], "there is no credential for it");
        assert_eq!(config.tls.certificate, before.tls.certificate);
        assert_eq!(config.relay, before.relay, "a dash is no password");
    }
}
