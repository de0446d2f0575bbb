//! Proofs of possession (RFC 9449): each request is signed by a key that never leaves its
//! browser, so a leaked token alone is useless.
//!
//! ```text
//! DPoP: base64url(header) "." base64url(claims) "." base64url(signature)
//! header   typ "dpop+jwt", alg "ES256", jwk: a P-256 public key
//! claims   htm, htu, iat, jti; with a token also ath
//! ```
//!
//! The functions are pure: the time, the request and the token are arguments. The `replay` module
//! ensures that each proof is used only once.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

/// The request that a proof must be for.
pub struct Expected<'e> {
    pub method: &'e str,
    /// The scheme, host and path.
    pub url: &'e str,
    pub token: Option<&'e str>,
    pub now_secs: i64,
    /// Proofs created before this time are refused, however recent they are.
    pub not_before_secs: i64,
    pub age_secs: u64,
}

/// A valid proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The key's thumbprint (RFC 7638).
    pub thumbprint: String,
    pub jti: String,
}

/// Why a proof is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the proof is not valid for this request")]
    Wrong,
    /// The proof is valid except for its time.
    #[error("the proof was created at another time")]
    Stale,
}

const PROOF_OCTETS_MAX: usize = 4_096;
const JTI_OCTETS_MAX: usize = 128;

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
    /// Extensions that must be understood (RFC 7515 §4.1.11); none are supported.
    crit: Option<Value>,
}

/// A public key (RFC 7518 §6.2). Members that occur only in private keys are listed so that they
/// can be refused (RFC 9449 §4.3, check 7).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    d: Option<Value>,
    k: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    htm: String,
    htu: String,
    iat: i64,
    jti: String,
    ath: Option<String>,
}

/// Verifies a proof against the request that carried it (RFC 9449 §4.3).
pub fn verify(proof: &str, expected: &Expected<'_>) -> Result<Proof, Refused> {
    if proof.len() > PROOF_OCTETS_MAX {
        return Err(Refused::Wrong);
    }
    let (signed, signature) = proof.rsplit_once('.').ok_or(Refused::Wrong)?;
    let (header, claims) = signed.split_once('.').ok_or(Refused::Wrong)?;
    let header: Header = parse(header)?;
    let claims: Claims = parse(claims)?;
    let key = checked_key(&header)?;
    let signature = decode(signature)?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| Refused::Wrong)?;
    check_claims(&claims, expected)?;
    Ok(Proof { thumbprint: thumbprint(&header.jwk), jti: claims.jti })
}

fn decode(text: &str) -> Result<Vec<u8>, Refused> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused::Wrong)
}

fn parse<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, Refused> {
    serde_json::from_slice(&decode(part)?).map_err(|_| Refused::Wrong)
}

/// Returns the key as an uncompressed point (SEC 1 §2.3.3). Whether the point lies on the curve
/// is checked when the key is used.
fn checked_key(header: &Header) -> Result<Vec<u8>, Refused> {
    let jwk = &header.jwk;
    // RFC 7515 §4.1.9: the media type is given without `application/`, and case is ignored.
    let is_proof = header.typ.eq_ignore_ascii_case("dpop+jwt") && header.alg == "ES256";
    let is_p256 = jwk.kty == "EC" && jwk.crv == "P-256";
    let is_plain = header.crit.is_none() && jwk.d.is_none() && jwk.k.is_none();
    let (x, y) = (decode(&jwk.x)?, decode(&jwk.y)?);
    if !is_proof || !is_p256 || !is_plain || x.len() != 32 || y.len() != 32 {
        return Err(Refused::Wrong);
    }
    Ok([&[4], x.as_slice(), y.as_slice()].concat())
}

/// How far ahead the clock of a client may be, in seconds. Clients set theirs by the Date of a
/// response.
const AHEAD_SECS_MAX: i64 = 5;

fn check_claims(claims: &Claims, expected: &Expected<'_>) -> Result<(), Refused> {
    let ath = expected.token.map(|token| URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes())));
    let wanted = normalized(expected.url).ok_or(Refused::Wrong)?;
    let is_for_this = claims.htm == expected.method
        && normalized(&claims.htu).as_ref() == Some(&wanted)
        && claims.ath == ath
        && (1..=JTI_OCTETS_MAX).contains(&claims.jti.len());
    if !is_for_this {
        return Err(Refused::Wrong);
    }
    // One that is dated ahead would be as good as new after a restart, which forgets what was used.
    let is_ahead = claims.iat > expected.now_secs.saturating_add(AHEAD_SECS_MAX);
    let is_old = claims.iat < expected.not_before_secs;
    if is_ahead || is_old || claims.iat.abs_diff(expected.now_secs) > expected.age_secs {
        return Err(Refused::Stale);
    }
    Ok(())
}

/// Returns the key's thumbprint: a hash of the required members in lexical order, without
/// whitespace (RFC 7638 §3.2).
fn thumbprint(jwk: &Jwk) -> String {
    let Jwk { crv, kty, x, y, .. } = jwk;
    // These four were decoded or compared before, so none of them contains a quote.
    let text = format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// Normalises an https URL (RFC 3986 §6.2.2, §6.2.3) and removes its query and fragment; returns
/// `None` for anything else.
fn normalized(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(":443").unwrap_or(&authority);
    let plain = !authority.is_empty() && !authority.contains('@');
    plain.then(|| format!("https://{authority}{}", normalized_path(path)))
}

/// Decodes percent-encoded unreserved characters, and writes other escapes in upper case.
fn normalized_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let digits = rest.get(at + 1..at + 3);
        let digits = digits.filter(|hex| hex.bytes().all(|octet| octet.is_ascii_hexdigit()));
        let escaped = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(octet) if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) => {
                out.push(char::from(octet));
            }
            Some(octet) => out.push_str(&format!("%{octet:02X}")),
            None => {
                out.push('%');
                rest = &rest[at + 1..];
                continue;
            }
        }
        rest = &rest[at + 3..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    const URL: &str = "https://mail.example.org/api/session";
    const NOW: i64 = 1_795_424_523;
    const TOKEN: &str = "a token";

    struct Signer(EcdsaKeyPair);

    impl Signer {
        fn new() -> Signer {
            Signer(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
        }

        fn jwk(&self) -> Value {
            let point = self.0.public_key().as_ref();
            let (x, y) = point[1..].split_at(32);
            let text = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
            json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
        }

        fn header(&self) -> Value {
            json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()})
        }

        fn sign(&self, header: &Value, claims: &Value) -> String {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            self.sign_text(&format!("{}.{}", part(header), part(claims)))
        }

        fn sign_text(&self, signed: &str) -> String {
            let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        }
    }

    fn claims() -> Value {
        let ath = URL_SAFE_NO_PAD.encode(digest(&SHA256, TOKEN.as_bytes()));
        json!({"htm": "GET", "htu": URL, "iat": NOW, "jti": "1", "ath": ath})
    }

    fn expected() -> Expected<'static> {
        Expected {
            method: "GET",
            url: URL,
            token: Some(TOKEN),
            now_secs: NOW,
            not_before_secs: NOW - 30,
            age_secs: 60,
        }
    }

    fn with(mut value: Value, key: &str, to: Value) -> Value {
        value[key] = to;
        value
    }

    #[test]
    fn a_right_proof_holds_and_names_its_key() {
        let signer = Signer::new();
        let proof = verify(&signer.sign(&signer.header(), &claims()), &expected()).unwrap();
        assert_eq!((proof.thumbprint.len(), proof.jti.as_str()), (43, "1"));
        let again = verify(&signer.sign(&signer.header(), &claims()), &expected()).unwrap();
        assert_eq!(again, proof);
        let other = Signer::new();
        let other = verify(&other.sign(&other.header(), &claims()), &expected()).unwrap();
        assert_ne!(other.thumbprint, proof.thumbprint);
    }

    #[test]
    fn a_thumbprint_is_what_others_compute() {
        // RFC 9449 §4.1 shows a proof by this key, §6.1 its thumbprint (`jkt`).
        let jwk = Jwk {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs".to_owned(),
            y: "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA".to_owned(),
            d: None,
            k: None,
        };
        assert_eq!(thumbprint(&jwk), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    /// P-05
    #[test]
    fn a_proof_for_anything_else_is_refused() {
        let signer = Signer::new();
        let header = signer.header();
        let long = "j".repeat(JTI_OCTETS_MAX + 1);
        let wrong = [
            with(claims(), "htm", json!("POST")),
            with(claims(), "htm", json!("get")),
            with(claims(), "htu", json!("https://mail.example.org/api/sessions")),
            with(claims(), "htu", json!("https://other.example.org/api/session")),
            with(claims(), "htu", json!("https://mail.example.org:8443/api/session")),
            with(claims(), "htu", json!("http://mail.example.org/api/session")),
            with(claims(), "htu", json!("https://a@mail.example.org/api/session")),
            with(claims(), "ath", json!("AAAA")),
            with(claims(), "ath", Value::Null),
            with(claims(), "jti", json!("")),
            with(claims(), "jti", json!(long)),
            with(claims(), "jti", json!(7)),
            with(claims(), "iat", json!("now")),
            with(claims(), "iat", json!(1e300)),
            json!({}),
            json!([]),
        ];
        for claims in wrong {
            let refused = verify(&signer.sign(&header, &claims), &expected());
            assert_eq!(refused, Err(Refused::Wrong), "{claims}");
        }
        // Without a token, there is nothing that `ath` could be the hash of.
        let login = Expected { token: None, ..expected() };
        let refused = verify(&signer.sign(&header, &claims()), &login);
        assert_eq!(refused, Err(Refused::Wrong));
        assert!(verify(&signer.sign(&header, &with(claims(), "ath", Value::Null)), &login).is_ok());
    }

    /// P-05
    #[test]
    fn only_es256_by_the_key_in_the_header_counts() {
        let (signer, other) = (Signer::new(), Signer::new());
        let jwk = |key: &str, to: Value| with(signer.header(), "jwk", with(signer.jwk(), key, to));
        let wrong = [
            with(signer.header(), "alg", json!("none")),
            with(signer.header(), "alg", json!("HS256")),
            with(signer.header(), "alg", json!("ES384")),
            with(signer.header(), "typ", json!("JWT")),
            with(signer.header(), "crit", json!(["b64"])),
            with(signer.header(), "jwk", Value::Null),
            jwk("d", json!("AAAA")),
            jwk("kty", json!("RSA")),
            jwk("crv", json!("P-384")),
            jwk("x", json!("AAAA")),
            jwk("x", json!("A".repeat(43))),
            other.header(),
        ];
        for header in wrong {
            let refused = verify(&signer.sign(&header, &claims()), &expected());
            assert_eq!(refused, Err(Refused::Wrong), "{header}");
        }
    }

    #[test]
    fn what_is_not_a_signed_token_is_refused() {
        let signer = Signer::new();
        let good = signer.sign(&signer.header(), &claims());
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let doubled = r#"{"htm":"GET","htm":"GET","htu":"","iat":0,"jti":"1"}"#;
        let header = URL_SAFE_NO_PAD.encode(signer.header().to_string());
        let doubled = signer.sign_text(&format!("{header}.{}", URL_SAFE_NO_PAD.encode(doubled)));
        let padded = format!("{good}=");
        let cut = &signature[..signature.len() - 4];
        let (swapped, unsigned) = (format!("{signed}.{cut}AAAA"), format!("{signed}."));
        let (cut, extra) = (format!("{signed}.{cut}"), format!("{good}.AAAA"));
        let huge = signer.sign(&signer.header(), &with(claims(), "x", json!("x".repeat(4_000))));
        let wrong =
            ["", ".", "..", signed, &doubled, &padded, &swapped, &unsigned, &cut, &extra, &huge];
        for proof in wrong {
            assert_eq!(verify(proof, &expected()), Err(Refused::Wrong), "{proof}");
        }
    }

    #[test]
    fn a_proof_made_at_another_time_is_stale() {
        let signer = Signer::new();
        let at = |iat: i64| {
            let proof = signer.sign(&signer.header(), &with(claims(), "iat", json!(iat)));
            let expected = Expected { not_before_secs: NOW - 1_000, ..expected() };
            verify(&proof, &expected).map(|_| ())
        };
        let table = [(-61, false), (-60, true), (0, true), (5, true), (6, false), (60, false)];
        for (offset, holds) in table {
            let verdict = if holds { Ok(()) } else { Err(Refused::Stale) };
            assert_eq!(at(NOW + offset), verdict, "{offset}");
        }
        assert_eq!(at(i64::MIN), Err(Refused::Stale));
        assert_eq!(at(i64::MAX), Err(Refused::Stale));
        // Created before the process started, which does not know the proofs used before then.
        let old = signer.sign(&signer.header(), &with(claims(), "iat", json!(NOW - 31)));
        assert_eq!(verify(&old, &expected()), Err(Refused::Stale));
    }

    #[test]
    fn urls_are_compared_in_their_normal_form() {
        let same = [
            "HTTPS://Mail.Example.ORG/api/session",
            "https://mail.example.org:443/api/session",
            "https://mail.example.org/api/session?before=7#x",
            "https://mail.example.org/%61pi/session",
        ];
        for url in same {
            assert_eq!(normalized(url), normalized(URL), "{url}");
        }
        assert_eq!(normalized("https://a.example").as_deref(), Some("https://a.example/"));
        assert_eq!(
            normalized("https://a.example/%e2%zz%2").as_deref(),
            Some("https://a.example/%E2%zz%2")
        );
        for url in ["", "https:///x", "http://a.example/", "a.example", "https://u@a.example/"] {
            assert_eq!(normalized(url), None, "{url}");
        }
        assert_ne!(normalized("https://a.example/x%2Fy"), normalized("https://a.example/x/y"));
    }
}
