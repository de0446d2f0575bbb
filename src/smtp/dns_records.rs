//! Rules for the DNS records of DKIM and DMARC that the library leaves out: what a key may be used
//! for, and how many policies a domain may have.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use futures_util::future::join_all;
use mail_auth::common::crypto::Algorithm;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::dkim::Signature;
use mail_auth::dmarc::Dmarc;
use mail_auth::{DkimOutput, DkimResult, ResolverCache, Txt};

use crate::net::dns::{DnsError, Resolver};

/// The DMARC records that the library would read in another way, by name. It asks for all others
/// itself.
#[derive(Default)]
pub(super) struct Policies(HashMap<Box<str>, Txt>);

/// How many names of a domain are asked for its policy (RFC 9989 §4.10).
const POLICIES_MAX: usize = 8;

impl Policies {
    /// Asks for the records of an author's domain and of those above it.
    pub async fn of(resolver: &Resolver, author: &str) -> Policies {
        let labels: Vec<&str> = author.split('.').collect();
        // §4.10: from a longer name, the walk goes on with seven labels.
        let lengths =
            std::iter::once(labels.len()).chain((1..labels.len().min(POLICIES_MAX)).rev());
        let names =
            lengths.map(|length| format!("_dmarc.{}.", labels[labels.len() - length..].join(".")));
        let asked = names.map(|name| async move {
            let texts = resolver.texts(&name).await.unwrap_or_default();
            read_otherwise(&texts).map(|txt| (name.into_boxed_str(), txt))
        });
        Policies(join_all(asked).await.into_iter().flatten().collect())
    }
}

/// Returns what the TXT records at a name mean if the library would read something else in them.
fn read_otherwise(texts: &[String]) -> Option<Txt> {
    let mut records = texts.iter().filter(|text| tag(text, "v").is_some_and(|v| v == "DMARC1"));
    let record = records.next()?;
    if records.next().is_some() {
        // RFC 9989 §4.10: all are discarded; the library would believe the first.
        return Some(Txt::Error(mail_auth::Error::Dns(mail_auth::DnsError::InvalidRecordType)));
    }
    // RFC 9989 §A.6 replaces `pct=0` of RFC 7489 by `t=y`, and many domains still publish it.
    let is_trial = tag(record, "pct") == Some("0") && tag(record, "t").is_none();
    let trial = format!("{}; t=y", record.trim_end().trim_end_matches(';'));
    is_trial.then(|| Dmarc::parse(trial.as_bytes()).into())
}

impl ResolverCache<Box<str>, Txt> for Policies {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }

    // The resolver keeps what was asked for.
    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
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
    fn two_policies_are_none_and_a_trial_is_one() {
        let texts = |texts: &[&str]| -> Vec<String> {
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        let is_discarded =
            |given: &[&str]| matches!(read_otherwise(&texts(given)), Some(Txt::Error(_)));
        assert!(is_discarded(&["v=DMARC1; p=reject", "v=DMARC1; p=none"]));
        assert!(is_discarded(&["v=DMARC1; p=reject", "v = DMARC1 ;p=reject"]));
        for plain in [
            &["v=DMARC1; p=reject"][..],
            &["v=DMARC1; p=reject", "v=spf1 -all"],
            &["v=DMARC1; p=reject; pct=50"],
            &["v=DMARC1; p=reject; pct=0; t=n"],
            &[],
        ] {
            assert!(read_otherwise(&texts(plain)).is_none(), "{plain:?}");
        }
        for trial in ["v=DMARC1; p=reject; pct=0", "v=DMARC1;pct=0;p=reject;"] {
            let Some(Txt::Dmarc(record)) = read_otherwise(&texts(&[trial])) else {
                panic!("{trial}");
            };
            assert!(record.t, "{trial}");
        }
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
