//! The demo's own certificate authority, and the certificate that it issues for loopback.

use std::io;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};

use super::files::write_durable;

/// The paths of the demo's certificates.
pub struct DemoCertificates {
    /// The authority's certificate, which clients must trust.
    pub ca: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The names and addresses under which the demo can be reached.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

impl DemoCertificates {
    /// Returns the certificates in `folder`, and creates them if they are missing. The
    /// authority's own key is not kept, since it signs only once.
    pub fn in_folder(folder: &Path) -> io::Result<DemoCertificates> {
        let files = DemoCertificates {
            ca: folder.join("ca.pem"),
            certificate: folder.join("demo-certificate.pem"),
            key: folder.join("demo-certificate.key"),
        };
        // `ca.pem` is written last: if it exists, the others do.
        if !files.ca.exists() {
            files.make().map_err(io::Error::other)?;
        }
        Ok(files)
    }

    fn make(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut authority = CertificateParams::new(Vec::<String>::new())?;
        authority.distinguished_name.push(DnType::CommonName, "Postern demo authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let mut host = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
        host.distinguished_name.push(DnType::CommonName, "localhost");
        let host_key = KeyPair::generate()?;
        let certificate = host.signed_by(&host_key, &issuer)?;
        write_durable(&self.key, host_key.serialize_pem().as_bytes(), 0o600)?;
        write_durable(&self.certificate, certificate.pem().as_bytes(), 0o644)?;
        write_durable(&self.ca, issuer.pem().as_bytes(), 0o644)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_makes_its_certificates_once() {
        let folder = tempfile::tempdir().unwrap();
        let made = DemoCertificates::in_folder(folder.path()).unwrap();
        let before = std::fs::read(&made.certificate).unwrap();
        let again = DemoCertificates::in_folder(folder.path()).unwrap();
        assert_eq!(std::fs::read(&again.certificate).unwrap(), before);
        assert!(std::fs::read_to_string(&made.ca).unwrap().contains("BEGIN CERTIFICATE"));
    }
}
