//! Proofs of possession (RFC 9449): each request is signed by a key that never leaves the client.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::problem::Error;

/// A P-256 key generated for one client.
pub struct ProofKey {
    key: EcdsaKeyPair,
}

fn failed<E>(_: E) -> Error {
    Error::Local { what: "proof".to_owned(), problem: "signing failed".to_owned() }
}

impl ProofKey {
    pub fn generate() -> Result<ProofKey, Error> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
        Ok(ProofKey { key })
    }

    /// Creates a proof for one request, bound to the token if there is one (`ath`).
    pub fn prove(&self, method: &str, url: &str, token: Option<&str>) -> Result<String, Error> {
        // The public key is an uncompressed point: 0x04, x, y (SEC 1 §2.3.3).
        let public = self.key.public_key().as_ref();
        let (x, y) = public[1..].split_at(32);
        let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        let header = json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": { "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) },
        });
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id).map_err(failed)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(failed)?;
        let mut claims = json!({
            "htm": method, "htu": url, "iat": now.as_secs(), "jti": encode(&id),
        });
        if let Some(token) = token {
            claims["ath"] = json!(encode(digest(&SHA256, token.as_bytes()).as_ref()));
        }
        let signed = format!(
            "{}.{}",
            encode(header.to_string().as_bytes()),
            encode(claims.to_string().as_bytes())
        );
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).map_err(failed)?;
        Ok(format!("{signed}.{}", encode(signature.as_ref())))
    }
}
