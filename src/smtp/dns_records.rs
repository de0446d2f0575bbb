//! Rules for the DNS records of authentication that the library leaves out: how many records a
//! domain may have, and what a key may be used for.

use mail_auth::dkim::Signature;
use mail_auth::{DkimOutput, DkimResult, SpfOutput, SpfResult};

use crate::net::dns::Resolver;

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

/// Returns, for each result, its signature if it passed with a key that is not for it. The key record
/// was just asked for, so the answer is in the cache.
pub(super) async fn misused_keys(
    resolver: &Resolver,
    results: &[DkimOutput<'_>],
) -> Vec<Option<Signature>> {
    let mut misused = Vec::with_capacity(results.len());
    for result in results {
        let passed = (*result.result() == DkimResult::Pass).then(|| result.signature()).flatten();
        misused.push(match passed {
            Some(signature) if !is_for(resolver, signature).await => Some(signature.clone()),
            _ => None,
        });
    }
    misused
}

async fn is_for(resolver: &Resolver, signature: &Signature) -> bool {
    use mail_auth::common::crypto::Algorithm;
    let hash = match signature.a {
        // RFC 8301 §3.1: verifiers must not consider such a signature valid.
        Algorithm::RsaSha1 => return false,
        Algorithm::RsaSha256 | Algorithm::Ed25519Sha256 => "sha256",
    };
    let name = format!("{}._domainkey.{}", signature.s, signature.d);
    let texts = resolver.texts(&name).await.unwrap_or_default();
    let keys: Vec<&String> = texts.iter().filter(|text| tag(text, "p").is_some()).collect();
    keys.iter().all(|key| may_sign_mail(key, hash))
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
