//! Rules for the DNS records of authentication that the library leaves out: how many records a
//! domain may have, and what a key may be used for.

use mail_auth::common::crypto::Algorithm;
use mail_auth::dkim::Signature;
use mail_auth::{DkimOutput, DkimResult, SpfOutput, SpfResult};

use crate::net::dns::{DnsError, Resolver};

/// Returns the permanent error that more than one SPF record of a domain is (RFC 7208 §4.5): the
/// library would believe the first. `None` if there is at most one, or DNS did not answer.
pub(super) async fn doubled_spf(resolver: &Resolver, domain: &str) -> Option<SpfOutput> {
    let texts = resolver.texts(domain).await.ok()?;
    let is_spf = |text: &&String| {
        let version = text.split(' ').next().unwrap_or_default();
        version.eq_ignore_ascii_case("v=spf1")
    };
    let is_doubled = texts.iter().filter(is_spf).count() > 1;
    is_doubled.then(|| SpfOutput::new(domain.to_owned()).with_result(SpfResult::PermError))
}

/// Why a signature that passed counts for nothing.
pub(super) struct Doubt {
    pub signature: Signature,
    /// DNS did not answer, so it may be good.
    pub is_temporary: bool,
}

/// Returns a doubt for each result that passed with a key which is not for such a signature, or may
/// not be. The key record was just asked for, so the answer is most often in the cache.
pub(super) async fn doubts(resolver: &Resolver, results: &[DkimOutput<'_>]) -> Vec<Option<Doubt>> {
    let mut doubts = Vec::with_capacity(results.len());
    for result in results {
        let passed = (*result.result() == DkimResult::Pass).then(|| result.signature()).flatten();
        doubts.push(match passed {
            Some(signature) => doubt(resolver, signature).await,
            None => None,
        });
    }
    doubts
}

async fn doubt(resolver: &Resolver, signature: &Signature) -> Option<Doubt> {
    let because = |is_temporary| Some(Doubt { signature: signature.clone(), is_temporary });
    let hash = match signature.a {
        // RFC 8301 §3.1: verifiers must not consider such a signature valid.
        Algorithm::RsaSha1 => return because(false),
        Algorithm::RsaSha256 | Algorithm::Ed25519Sha256 => "sha256",
    };
    let name = format!("{}._domainkey.{}", signature.s, signature.d);
    let texts = match resolver.texts(&name).await {
        Ok(texts) => texts,
        Err(DnsError::Temporary(_)) => return because(true),
        Err(DnsError::NotFound | DnsError::NoRecord) => return because(false),
    };
    let mut keys = texts.iter().filter(|text| tag(text, "p").is_some());
    match keys.all(|key| may_sign_mail(key, hash)) {
        true => None,
        false => because(false),
    }
}

/// Whether a key record allows signatures of mail with this hash (RFC 6376 §3.6.1).
fn may_sign_mail(key: &str, hash: &str) -> bool {
    let holds = |name: &str, wanted: &[&str]| {
        tag(key, name).is_none_or(|list| list.split(':').any(|one| wanted.contains(&one.trim())))
    };
    holds("h", &[hash]) && holds("s", &["*", "email"])
}

/// Returns the value of a tag (RFC 6376 §3.2).
fn tag<'t>(record: &'t str, name: &str) -> Option<&'t str> {
    record
        .split(';')
        .filter_map(|one| one.split_once('='))
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    /// A key record that cannot be read again is no verdict, for or against.
    #[tokio::test]
    async fn without_an_answer_a_signature_is_neither_good_nor_bad() {
        let nobody = config::Dns {
            servers: vec!["127.0.0.1:9".parse().unwrap()],
            timeout_secs: 1,
            attempts: 1,
            ..config::Dns::default()
        };
        let resolver = Resolver::new(&nobody).unwrap();
        let signature = Signature {
            a: Algorithm::Ed25519Sha256,
            d: "outside.example".to_owned(),
            s: "s1".to_owned(),
            ..Signature::default()
        };
        let doubt = doubt(&resolver, &signature).await.unwrap();
        assert!(doubt.is_temporary);
    }

    #[test]
    fn a_key_signs_mail_unless_its_record_says_what_else_it_is_for() {
        for (rest, may) in [
            ("", true),
            ("; s=*", true),
            ("; s=email", true),
            ("; s = other : email", true),
            ("; s=other", false),
            ("; s=", false),
            ("; h=sha256", true),
            ("; h=sha1:sha256", true),
            ("; h=sha1", false),
            ("; h=sha512; s=email", false),
            ("; t=y; n=s=other", true),
        ] {
            assert_eq!(may_sign_mail(&format!("v=DKIM1; p=abc{rest}"), "sha256"), may, "{rest}");
        }
    }
}
