//! TLS: one certificate that can be replaced while it is in use, one configuration per service.
//!
//! TLS 1.2 at least, 1.3 preferred; key agreement by X25519MLKEM768 if the peer supports it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ProtocolVersion, ServerConfig, ServerConnection};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use super::Error;

/// How long before its end a certificate should have been renewed.
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// The certificate and key in use. Clones share them, so a reload reaches every service.
#[derive(Clone, Debug)]
pub struct Identity {
    current: Arc<Current>,
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Identity {
    /// Reads a certificate chain and its key from PEM files.
    pub fn load(certificate: &Path, key: &Path) -> Result<Identity, Error> {
        let pair = read_pair(certificate, key)?;
        Ok(Identity { current: Arc::new(Current(ArcSwap::from_pointee(pair))) })
    }

    /// Reads the files again. If that fails, the certificate and key in use stay in place.
    pub fn reload(&self, certificate: &Path, key: &Path) -> Result<(), Error> {
        self.current.0.store(Arc::new(read_pair(certificate, key)?));
        Ok(())
    }

    /// Returns when the certificate in use expires, in seconds since 1970; `None` if it cannot be
    /// parsed.
    pub fn ends(&self) -> Option<i64> {
        let pair = self.current.0.load();
        let (_, certificate) = x509_parser::parse_x509_certificate(pair.cert.first()?).ok()?;
        Some(certificate.validity().not_after.timestamp())
    }

    /// Returns what a peer would object to at `now`, each in one sentence: the certificate's time, and
    /// each of `hosts` that it is not for.
    pub fn doubts(&self, now: OffsetDateTime, hosts: &[&str]) -> Vec<String> {
        let pair = self.current.0.load();
        let der = pair.cert.first().map(AsRef::as_ref).unwrap_or_default();
        let Ok((_, certificate)) = x509_parser::parse_x509_certificate(der) else {
            return vec!["the certificate cannot be parsed".to_owned()];
        };
        let validity = certificate.validity();
        let (from, until) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
        let mut doubts = Vec::new();
        if now < from {
            doubts.push(format!("the certificate is not valid before {}", from.date()));
        } else if until < now {
            doubts.push(format!("the certificate expired on {}", until.date()));
        } else if until < now + EXPIRES_SOON {
            doubts.push(format!("the certificate expires on {}", until.date()));
        }
        let names = names_of(&certificate).join(", ");
        for host in self.not_for(hosts) {
            doubts.push(format!("the certificate is not for {host}, but for {names}"));
        }
        doubts
    }

    /// Returns those of `hosts` that the certificate is not for: peers would refuse it there.
    pub fn not_for<'h>(&self, hosts: &[&'h str]) -> Vec<&'h str> {
        let pair = self.current.0.load();
        let der = pair.cert.first().map(AsRef::as_ref).unwrap_or_default();
        let parsed = x509_parser::parse_x509_certificate(der);
        let names = parsed.map(|(_, certificate)| names_of(&certificate)).unwrap_or_default();
        let is_other = |host: &&&str| !names.iter().any(|name| is_for(name, host));
        hosts.iter().filter(is_other).copied().collect()
    }

    /// Returns a server configuration with this identity; `alpn` is empty where ALPN is not used.
    pub fn server_config(&self, alpn: &[&[u8]]) -> Result<Arc<ServerConfig>, Error> {
        let versions = &[&rustls::version::TLS13, &rustls::version::TLS12];
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)?
            .with_no_client_auth()
            .with_cert_resolver(self.current.clone());
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

/// Returns the host names that a certificate is for.
fn names_of(certificate: &X509Certificate<'_>) -> Vec<String> {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|names| &names.value.general_names);
    let names = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    names.collect()
}

/// Returns whether a name in a certificate stands for a host; `*.` stands for one label (RFC 6125
/// §6.4.3).
fn is_for(name: &str, host: &str) -> bool {
    let below = host.split_once('.').map(|(_, parent)| parent);
    name.eq_ignore_ascii_case(host)
        || name
            .strip_prefix("*.")
            .zip(below)
            .is_some_and(|(parent, below)| parent.eq_ignore_ascii_case(below))
}

/// Returns the AWS-LC provider with our order of key agreements.
pub fn provider() -> Arc<CryptoProvider> {
    use aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
    let kx_groups = vec![X25519MLKEM768, X25519, SECP256R1, SECP384R1];
    Arc::new(CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() })
}

fn read_pair(certificate: &Path, key: &Path) -> Result<CertifiedKey, Error> {
    let wrong = |path: &Path, what: String| Error::Certificate { path: path.to_owned(), what };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(certificate, "contains no certificate".to_owned()));
    }
    // The error texts of the PEM reader contain no key material.
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, error.to_string()))?;
    // Also checks that certificate and key match.
    CertifiedKey::from_der(chain, private, &provider())
        .map_err(|error| wrong(certificate, format!("does not match {}: {error}", key.display())))
}

/// Performs the TLS handshake as a server, within `limit`.
pub async fn accept<S>(
    config: Arc<ServerConfig>,
    stream: S,
    limit: Duration,
) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match tokio::time::timeout(limit, TlsAcceptor::from(config).accept(stream)).await {
        Ok(done) => done,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long")),
    }
}

/// Returns the TLS version and cipher suite of a connection, as trace fields and lists show them.
pub fn facts(connection: &ServerConnection) -> (String, String) {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLS",
    };
    let suite = connection.negotiated_cipher_suite().map(|suite| suite.suite());
    let cipher = suite.and_then(|suite| suite.as_str()).unwrap_or("unknown");
    // The registered names (RFC 8446 appendix B.4) do not repeat the version.
    (version.to_owned(), cipher.replacen("TLS13_", "TLS_", 1))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, NamedGroup, RootCertStore};
    use time::format_description::well_known::Rfc3339;
    use tokio_rustls::TlsConnector;

    use super::*;

    /// Writes a new certificate and key for `localhost` into `folder`.
    fn write_pair(folder: &Path) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    }

    #[test]
    fn a_certificate_is_doubted_for_its_time_and_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["mail.example.org".to_owned(), "*.example.net".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("cert.pem"), made.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        let identity = load(folder.path()).unwrap();
        let doubts = |day: &str, hosts: &[&str]| {
            let now = OffsetDateTime::parse(&format!("{day}T12:00:00Z"), &Rfc3339).unwrap();
            identity.doubts(now, hosts).join("; ")
        };
        for host in ["mail.example.org", "MAIL.example.org", "web.example.net"] {
            assert_eq!(doubts("2026-02-01", &[host]), "", "{host}");
        }
        for host in ["example.org", "example.net", "a.web.example.net", "mail.example.com"] {
            let doubt = doubts("2026-02-01", &[host]);
            assert!(doubt.contains(host) && doubt.contains("mail.example.org"), "{host}: {doubt}");
        }
        let hosts = &["mail.example.org"];
        assert_eq!(doubts("2025-12-31", hosts), "the certificate is not valid before 2026-01-01");
        assert_eq!(doubts("2026-03-20", hosts), "the certificate expires on 2026-04-01");
        assert_eq!(doubts("2026-04-02", hosts), "the certificate expired on 2026-04-01");
    }

    fn load(folder: &Path) -> Result<Identity, Error> {
        Identity::load(&folder.join("cert.pem"), &folder.join("key.pem"))
    }

    /// Returns what a client that trusts `trusted` negotiates.
    async fn shake(
        identity: &Identity,
        trusted: &CertificateDer<'static>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> io::Result<(NamedGroup, (String, String), Option<Vec<u8>>)> {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let config = identity.server_config(&[b"h2", b"http/1.1"]).unwrap();
        let server = tokio::spawn(accept(config, far, Duration::from_secs(10)));
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let mut client = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(client)).connect(name, near).await?;
        let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap().name();
        let server = server.await.unwrap()?;
        let alpn = server.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        Ok((group, facts(server.get_ref().1), alpn))
    }

    #[tokio::test]
    async fn tls_13_with_the_hybrid_key_agreement_is_what_two_modern_sides_choose() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = write_pair(folder.path());
        let identity = load(folder.path()).unwrap();
        let both = [&rustls::version::TLS12, &rustls::version::TLS13];
        let (group, (version, cipher), alpn) = shake(&identity, &certificate, &both).await.unwrap();
        assert_eq!(group, NamedGroup::X25519MLKEM768);
        assert_eq!((version.as_str(), cipher.starts_with("TLS_AES_")), ("TLSv1.3", true));
        assert_eq!(alpn.as_deref(), Some(b"h2".as_slice()));
        let old = [&rustls::version::TLS12];
        let (_, (version, _), _) = shake(&identity, &certificate, &old).await.unwrap();
        assert_eq!(version, "TLSv1.2");
    }

    #[tokio::test]
    async fn a_new_certificate_is_shown_after_a_reload_and_a_wrong_one_never() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let old = write_pair(folder.path());
        let identity = load(folder.path()).unwrap();
        let both = [&rustls::version::TLS13];
        // A certificate without its key, then a truncated file: the old certificate stays.
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&certificate, other.cert.pem()).unwrap();
        let error = identity.reload(&certificate, &key).unwrap_err().to_string();
        assert!(error.contains("does not match"), "{error}");
        shake(&identity, &old, &both).await.unwrap();
        std::fs::write(&certificate, "-----BEGIN CERTIFICATE-----\n").unwrap();
        assert!(identity.reload(&certificate, &key).is_err());
        shake(&identity, &old, &both).await.unwrap();
        let new = write_pair(folder.path());
        identity.reload(&certificate, &key).unwrap();
        shake(&identity, &new, &both).await.unwrap();
        assert!(shake(&identity, &old, &both).await.is_err());
    }

    #[test]
    fn the_end_is_that_of_the_certificate_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let write_until = |year| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut wanted = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
            wanted.not_after = rcgen::date_time_ymd(year, 2, 3);
            let made = wanted.self_signed(&key).unwrap();
            std::fs::write(folder.path().join("cert.pem"), made.pem()).unwrap();
            std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
            rcgen::date_time_ymd(year, 2, 3).unix_timestamp()
        };
        let first = write_until(2031);
        let identity = load(folder.path()).unwrap();
        assert_eq!(identity.ends(), Some(first));
        let second = write_until(2035);
        identity.reload(&folder.path().join("cert.pem"), &folder.path().join("key.pem")).unwrap();
        assert_eq!(identity.ends(), Some(second));
    }

    #[test]
    fn missing_and_empty_files_are_errors_that_name_them() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load(folder.path()).unwrap_err().to_string().contains("cert.pem"));
        write_pair(folder.path());
        std::fs::write(folder.path().join("key.pem"), "").unwrap();
        assert!(load(folder.path()).unwrap_err().to_string().contains("key.pem"));
        std::fs::write(folder.path().join("cert.pem"), "no PEM at all").unwrap();
        assert!(load(folder.path()).unwrap_err().to_string().contains("no certificate"));
    }

    #[tokio::test]
    async fn a_handshake_that_does_not_go_on_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        write_pair(folder.path());
        let config = load(folder.path()).unwrap().server_config(&[]).unwrap();
        let (_silent, far) = tokio::io::duplex(1024);
        let error = accept(config, far, Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
