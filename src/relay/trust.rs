//! Which certificates are accepted from a next hop.

use std::sync::Arc;

use hickory_resolver::proto::rr::rdata::TLSA;
use hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio_rustls::TlsConnector;

use crate::config;

use super::error::Error;

/// How a certificate is checked.
#[derive(Clone, Debug)]
pub enum Check {
    /// It must be valid for the host and issued by a trusted authority.
    Valid,
    /// It must match a TLSA record (RFC 7672).
    Dane(Vec<TLSA>),
}

/// Creates TLS connectors for the trusted authorities.
pub struct Trust {
    provider: Arc<CryptoProvider>,
    valid: Arc<WebPkiServerVerifier>,
}

impl Trust {
    /// Loads the public authorities, or those in the file that the configuration names.
    pub fn load(relay: &config::Relay) -> Result<Trust, Error> {
        let path = &relay.authorities;
        let failed = |problem: String| Error::File { what: path.display().to_string(), problem };
        let mut roots = RootCertStore::empty();
        match path.as_os_str().is_empty() {
            true => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            false => {
                let read = CertificateDer::pem_file_iter(path);
                for one in read.map_err(|error| failed(error.to_string()))? {
                    let one = one.map_err(|error| failed(error.to_string()))?;
                    roots.add(one).map_err(|error| failed(error.to_string()))?;
                }
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let valid = builder.build().map_err(|error| failed(error.to_string()))?;
        Ok(Trust { provider, valid })
    }

    /// Returns a connector that accepts only what `check` allows. Without `check` it accepts any
    /// certificate, which still protects against passive attackers (RFC 7435).
    pub fn connector(&self, check: Option<&Check>) -> Result<TlsConnector, rustls::Error> {
        let verifier: Arc<dyn ServerCertVerifier> = match check {
            Some(Check::Valid) => self.valid.clone(),
            Some(Check::Dane(records)) => {
                Arc::new(Dane { records: records.clone(), provider: self.provider.clone() })
            }
            None => Arc::new(Any { provider: self.provider.clone() }),
        };
        let config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// Returns a client configuration for HTTPS that accepts only valid certificates.
    pub fn https(&self) -> Result<ClientConfig, rustls::Error> {
        Ok(ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(self.valid.clone())
            .with_no_client_auth())
    }
}

/// Accepts any certificate, but the handshake must still be signed with its key.
#[derive(Debug)]
struct Any {
    provider: Arc<CryptoProvider>,
}

/// Accepts a certificate that a TLSA record of usage 2 or 3 names (RFC 7672 §3.1).
#[derive(Debug)]
struct Dane {
    records: Vec<TLSA>,
    provider: Arc<CryptoProvider>,
}

impl Dane {
    fn names(&self, usage: CertUsage, certificate: &CertificateDer<'_>) -> bool {
        self.records
            .iter()
            .filter(|record| record.cert_usage == usage)
            .any(|record| matches(record, certificate).unwrap_or(false))
    }
}

/// Returns whether a record matches a certificate; `None` if they cannot be compared.
fn matches(record: &TLSA, certificate: &CertificateDer<'_>) -> Option<bool> {
    let parsed;
    let selected: &[u8] = match record.selector {
        Selector::Full => certificate.as_ref(),
        Selector::Spki => {
            parsed = webpki_spki(certificate)?;
            &parsed
        }
        _ => return None,
    };
    use aws_lc_rs::digest::{SHA256, SHA512, digest};
    Some(match record.matching {
        Matching::Raw => selected == record.cert_data,
        Matching::Sha256 => digest(&SHA256, selected).as_ref() == record.cert_data,
        Matching::Sha512 => digest(&SHA512, selected).as_ref() == record.cert_data,
        _ => return None,
    })
}

/// Returns the SubjectPublicKeyInfo of a certificate, as encoded there (RFC 5280 §4.1).
fn webpki_spki(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let parsed = rustls::server::ParsedCertificate::try_from(certificate).ok()?;
    Some(parsed.subject_public_key_info().as_ref().to_vec())
}

impl ServerCertVerifier for Dane {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // DANE-EE: neither the name nor the validity period matters (RFC 7672 §3.1.1).
        if self.names(CertUsage::DaneEe, end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        // DANE-TA: a valid chain for this host to a named authority (§3.1.2).
        let mut roots = RootCertStore::empty();
        let named = intermediates.iter().filter(|one| self.names(CertUsage::DaneTa, one));
        for authority in named {
            roots.add(authority.clone().into_owned())?;
        }
        if roots.is_empty() {
            return Err(CertificateError::UnknownIssuer.into());
        }
        let builder =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone());
        let verifier = builder.build().map_err(|_| CertificateError::UnknownIssuer)?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
