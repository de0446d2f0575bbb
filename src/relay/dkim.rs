//! DKIM (RFC 6376, RFC 8463): signs with each key of the From address's domain.

use std::path::Path;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::config;

use super::error::Error;

enum Key {
    Rsa(DkimSigner<RsaKey<Sha256>, Done>),
    Ed25519(DkimSigner<Ed25519Key, Done>),
}

struct Signer {
    domain: String,
    key: Key,
}

/// All configured DKIM keys.
#[derive(Default)]
pub struct Signers {
    signers: Vec<Signer>,
}

/// The signed header fields: every field that a reader relies on. Each is signed once more than it
/// occurs, so that none can be added (RFC 6376 §8.15).
const SIGNED: [&str; 13] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Auto-Submitted",
    "Postern-Reference",
];

impl Signers {
    /// Reads the keys of the configuration.
    pub fn load(dkim: &config::Dkim) -> Result<Signers, Error> {
        let signers = dkim.keys.iter().map(load).collect::<Result<_, _>>()?;
        Ok(Signers { signers })
    }

    /// Returns the signature fields to put before a message; none for a domain without a key.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let Some(domain) = from_domain(message) else { return Vec::new() };
        let mut fields = Vec::new();
        for signer in self.signers.iter().filter(|signer| signer.domain == domain) {
            let signature = match &signer.key {
                Key::Rsa(key) => key.sign(message),
                Key::Ed25519(key) => key.sign(message),
            };
            match signature {
                Ok(signature) => fields.extend_from_slice(signature.to_header().as_bytes()),
                Err(error) => tracing::error!(%error, domain, "could not sign"),
            }
        }
        fields
    }
}

fn from_domain(message: &[u8]) -> Option<String> {
    let parsed = mail_parser::MessageParser::new().parse_headers(message)?;
    let address = parsed.from()?.first()?.address()?;
    Some(address.rsplit_once('@')?.1.to_lowercase())
}

/// Checks that a key's file can be read and holds a key.
pub fn check(key: &config::DkimKey) -> Result<(), Error> {
    load(key).map(drop)
}

fn load(key: &config::DkimKey) -> Result<Signer, Error> {
    let failed =
        |problem: String| Error::File { what: key.key_file.display().to_string(), problem };
    let der = PrivatePkcs8KeyDer::from_pem_file(&key.key_file)
        .map_err(|error| failed(error.to_string()))?;
    let parts = (key.domain.to_lowercase(), key.selector.clone());
    let signed = match Ed25519Key::from_pkcs8_maybe_unchecked_der(der.secret_pkcs8_der()) {
        Ok(ed25519) => Key::Ed25519(signer(ed25519, &parts)),
        Err(_) => {
            let rsa = RsaKey::<Sha256>::from_key_der(PrivateKeyDer::Pkcs8(der.clone_key()));
            Key::Rsa(signer(rsa.map_err(|error| failed(error.to_string()))?, &parts))
        }
    };
    Ok(Signer { domain: parts.0, key: signed })
}

fn signer<K: mail_auth::common::crypto::SigningKey>(
    key: K,
    (domain, selector): &(String, String),
) -> DkimSigner<K, Done> {
    DkimSigner::from_key(key)
        .domain(domain)
        .selector(selector)
        .headers(SIGNED.into_iter().chain(SIGNED))
}

/// The kinds of keys that can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewKey {
    Ed25519,
    /// 2048 bits (RFC 8301 §3.2).
    Rsa,
}

/// A generated key: the text of its file, and its DNS record.
pub struct GeneratedKey {
    pub pem: zeroize::Zeroizing<String>,
    /// The name and the value of the TXT record.
    pub record: (String, String),
}

/// Generates a key for a domain and selector.
pub fn make(kind: NewKey, domain: &str, selector: &str) -> Result<GeneratedKey, Error> {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let failed =
        |_| Error::File { what: "key".to_owned(), problem: "could not be generated".to_owned() };
    let (der, record) = match kind {
        NewKey::Ed25519 => {
            let pair = Ed25519KeyPair::generate().map_err(failed)?;
            let der = pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec();
            let public = engine.encode(pair.public_key().as_ref());
            (der, format!("v=DKIM1; k=ed25519; p={public}"))
        }
        NewKey::Rsa => {
            let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048)
                .map_err(failed)?;
            let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
            let public: aws_lc_rs::encoding::PublicKeyX509Der<'_> =
                pair.public_key().as_der().map_err(failed)?;
            let text = engine.encode(public.as_ref());
            (der.as_ref().to_vec(), format!("v=DKIM1; k=rsa; p={text}"))
        }
    };
    let der = zeroize::Zeroizing::new(der);
    let body = zeroize::Zeroizing::new(engine.encode(&*der));
    let mut pem = zeroize::Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
    for line in body.as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(GeneratedKey { pem, record: (format!("{selector}._domainkey.{domain}"), record) })
}

/// Returns the name and the value of the TXT record for a key that is there.
pub fn record_of(key: &config::DkimKey) -> Result<(String, String), Error> {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let failed =
        |problem: String| Error::File { what: key.key_file.display().to_string(), problem };
    let der = PrivatePkcs8KeyDer::from_pem_file(&key.key_file)
        .map_err(|error| failed(error.to_string()))?;
    let der = der.secret_pkcs8_der();
    let record = match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
        Ok(pair) => format!("v=DKIM1; k=ed25519; p={}", engine.encode(pair.public_key().as_ref())),
        Err(_) => {
            let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(der);
            let pair = pair.map_err(|error| failed(error.to_string()))?;
            let public: aws_lc_rs::encoding::PublicKeyX509Der<'_> =
                pair.public_key().as_der().map_err(|error| failed(error.to_string()))?;
            format!("v=DKIM1; k=rsa; p={}", engine.encode(public.as_ref()))
        }
    };
    Ok((format!("{}._domainkey.{}", key.selector, key.domain.to_lowercase()), record))
}

/// Writes a key's file, readable only by its owner. An existing file is not overwritten.
pub fn write(path: &Path, generated: &GeneratedKey) -> Result<(), Error> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let failed = |error: std::io::Error| Error::File {
        what: path.display().to_string(),
        problem: error.to_string(),
    };
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.write_all(generated.pem.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_made_signs_and_is_not_overwritten() {
        for kind in [NewKey::Ed25519, NewKey::Rsa] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("key.pem");
            let generated = make(kind, "example.org", "s1").unwrap();
            write(&path, &generated).unwrap();
            assert!(write(&path, &generated).is_err());
            assert!(generated.record.1.starts_with("v=DKIM1; k="));
            assert_eq!(generated.record.0, "s1._domainkey.example.org");
            let keys = vec![config::DkimKey {
                domain: "example.org".to_owned(),
                selector: "s1".to_owned(),
                key_file: path,
            }];
            let signers = Signers::load(&config::Dkim { keys }).unwrap();
            let message = b"From: Dana <dana@Example.org>\r\nSubject: x\r\n\r\ntext\r\n";
            let fields = String::from_utf8(signers.sign(message)).unwrap();
            assert!(fields.starts_with("DKIM-Signature: "), "{fields}");
            assert!(fields.contains("d=example.org") && fields.ends_with("\r\n"));
            let signed = fields.split_once("h=").unwrap().1.split(';').next().unwrap();
            for name in ["From", "Subject", "To", "Reply-To", "Content-Type"] {
                let is_it = |part: &&str| part.trim().eq_ignore_ascii_case(name);
                let times = signed.split(':').filter(is_it).count();
                let occurs = message.windows(name.len()).any(|part| part == name.as_bytes());
                assert!(times > usize::from(occurs), "{name} is signed {times} times in {signed}");
            }
            let other = b"From: x@elsewhere.example\r\n\r\ntext\r\n";
            assert!(signers.sign(other).is_empty());
        }
    }
}
