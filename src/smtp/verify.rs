//! Message authentication: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 9989). The checks are
//! made here because they need the network; the core gets their results as facts.
//!
//! A query that DNS did not answer is `temperror`, never a verdict. The results are recorded as
//! Authentication-Results (RFC 8601); `judge` says what they mean for the message, and they decide
//! whether a sender may be sent a notification.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use mail_auth::common::headers::{Header, HeaderWriter};
use mail_auth::dkim::{DkimError, Signature};
use mail_auth::dmarc::Policy;
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::{
    AuthenticatedMessage, AuthenticationResults, DkimOutput, DkimResult, DmarcOutput, DmarcResult,
    DnsError, MessageAuthenticator, Parameters, SpfOutput, SpfResult,
};

use crate::config::{self, Prefix};
use crate::mail::envelope::ReversePath;
use crate::mail::header::HeaderFacts;
use crate::mail::mailboxes::{Mailbox, ascii_domain};
use crate::net::dns::Resolver;

use super::dns_records::{self, Doubt, Policies};
use super::spf::{self, Asked};

/// The authentication results of a message.
#[derive(Clone, Debug, Default)]
pub struct AuthFacts {
    /// The complete Authentication-Results field; empty when no checks were made.
    pub field: String,
    /// DMARC passed for the domain of each From address, or a trusted relay handed the message over.
    pub authenticated: bool,
    pub(super) authenticity: Authenticity,
}

/// What is known about the authors of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Authenticity {
    /// Nothing was checked.
    #[default]
    Unchecked,
    /// A trusted relay passed the message on.
    Relay,
    /// What each domain in From says.
    Checked(Vec<(String, DomainResult)>),
}

/// What a domain says about a message, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DomainResult {
    /// DMARC passed; or the domain has no DMARC record, and SPF or DKIM passed for this very name.
    Confirmed,
    /// Nothing speaks for it, and the domain does not say that anything should.
    Unknown,
    /// DNS did not answer.
    Temporary,
    /// DMARC failed.
    Failed(Wish),
}

/// What a domain asks to do with a message that fails (RFC 9989 §4.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wish {
    Nothing,
    Quarantine,
    Reject,
}

/// A message, and how it arrived.
#[derive(Clone, Copy)]
pub struct Arrived<'m> {
    pub peer: IpAddr,
    pub helo: &'m str,
    /// This host's name.
    pub host: &'m str,
    pub from: &'m ReversePath,
    pub header: &'m HeaderFacts,
    /// The mailboxes in From.
    pub authors: &'m [Mailbox],
    pub message: &'m Bytes,
}

/// Makes the checks; each service has one.
pub struct Verifier {
    authenticator: MessageAuthenticator,
    resolver: Resolver,
    timeout: Duration,
    trusted: Vec<Prefix>,
    enabled: bool,
}

/// How many of a message's signatures are checked: first those that could count for its authors.
const SIGNATURES_MAX: usize = 8;
/// SPF and the signatures are asked about at once, and then the policies of all authors at once: each
/// question has this part of the time.
const STEPS: u32 = 2;

impl Verifier {
    /// Creates a verifier that asks through the resolver.
    pub fn new(resolver: &Resolver, smtp: &config::Smtp) -> Verifier {
        let authenticator = MessageAuthenticator(resolver.shared());
        let trusted = smtp.trusted_relays.clone();
        let timeout = Duration::from_secs(smtp.authentication_timeout_secs);
        let resolver = resolver.clone();
        Verifier { authenticator, resolver, timeout, trusted, enabled: smtp.authentication }
    }

    /// Returns the authentication results of a message.
    pub async fn facts(&self, arrived: &Arrived<'_>) -> AuthFacts {
        if self.trusted.iter().any(|prefix| prefix.holds(arrived.peer)) {
            let authenticity = Authenticity::Relay;
            return AuthFacts { authenticated: true, authenticity, ..AuthFacts::default() };
        }
        if !self.enabled {
            return AuthFacts::default();
        }
        self.ask(arrived).await
    }

    async fn ask(&self, arrived: &Arrived<'_>) -> AuthFacts {
        let Arrived { peer, helo, host, message, .. } = *arrived;
        let Some(parsed) = AuthenticatedMessage::parse(message) else {
            return AuthFacts::default();
        };
        let sender = match arrived.from {
            ReversePath::Null => String::new(),
            ReversePath::Address(address) => address.to_string(),
        };
        let helo = helo.trim_matches(['[', ']']);
        let authors: Vec<String> = domains(arrived.authors).collect();
        let each = one_by_one(parsed, &authors);
        let signatures = join_all(each.iter().map(|one| self.signature(one)));
        let asked = Asked { peer, helo, sender: &sender };
        let ((spf, domain), signatures) = tokio::join!(self.spf(asked), signatures);
        let (dkim, doubts): (Vec<_>, Vec<_>) = signatures.into_iter().flatten().unzip();
        let dkim = without(dkim, &doubts);
        let results = AuthenticationResults::new(host)
            .with_spf_mailfrom_result(&spf, peer, &sender, helo)
            .with_dkim_results(&dkim as &[DkimOutput<'_>], "");
        let asked = authors.iter().map(|author| self.dmarc(author, &dkim, &domain, &spf));
        let found = join_all(asked).await;
        let passed = |one: &DmarcOutput| one.result() == DmarcResult::Pass;
        let authenticated = !found.is_empty() && found.iter().all(passed);
        let mut field = Vec::new();
        found
            .iter()
            .fold(results, AuthenticationResults::with_dmarc_result)
            .write_header(&mut field);
        let said = authors.into_iter().zip(&found).map(|(author, dmarc)| {
            let is_named = (spf.result() == SpfResult::Pass && is_same(&domain, &author))
                || dkim.iter().any(|one| signed_by(one).is_some_and(|by| is_same(by, &author)));
            (author, said_by(dmarc, is_named))
        });
        let authenticity = Authenticity::Checked(said.collect());
        AuthFacts { field: one_field(&field), authenticated, authenticity }
    }

    /// Returns the result of SPF, and the domain that it is for.
    async fn spf(&self, asked: Asked<'_>) -> (SpfOutput, String) {
        let late = || (SpfResult::TempError, spf::domain_of(asked).to_owned());
        let found = self.in_time(spf::check(&self.resolver, asked, self.timeout / STEPS)).await;
        let (result, domain) = found.unwrap_or_else(late);
        (SpfOutput::new(domain.clone()).with_result(result), domain)
    }

    /// Returns the result of the signature that a message has, with what speaks against it.
    async fn signature<'m>(
        &self,
        message: &'m AuthenticatedMessage<'m>,
    ) -> Vec<(DkimOutput<'m>, Option<Doubt>)> {
        let found = self.in_time(async {
            let results = self.authenticator.verify_dkim(message).await;
            let doubts = dns_records::doubts(&self.resolver, &results).await;
            results.into_iter().zip(doubts).collect()
        });
        let late = || {
            let error = || mail_auth::Error::Dkim(DkimError::UnsupportedKeyType);
            let late = |field: &'m Header<'m, Signature>| {
                (DkimOutput::temp_err(error()).with_signature(&field.header), None)
            };
            message.dkim_headers.iter().map(late).collect()
        };
        found.await.unwrap_or_else(late)
    }

    async fn dmarc(
        &self,
        author: &str,
        dkim: &[DkimOutput<'_>],
        domain: &str,
        spf: &SpfOutput,
    ) -> DmarcOutput {
        // Our own parse of From, not the library's: what is shown is what is asked about.
        let from = AuthenticatedMessage {
            from: vec![format!("author@{author}")],
            ..AuthenticatedMessage::default()
        };
        let aligned = DmarcParameters::new(&from, dkim, domain, spf);
        let found = self.in_time(async {
            let policies = Policies::of(&self.resolver, author).await;
            let asked = Parameters::new(aligned).with_txt_cache(&policies);
            self.authenticator.verify_dmarc(asked).await
        });
        let late = || {
            let error = DnsError::Resolver("no answer in time".to_owned());
            let late = DmarcResult::TempError(mail_auth::Error::Dns(error));
            let late_output = DmarcOutput::default().with_domain(author);
            late_output.with_dkim_result(late.clone()).with_spf_result(late)
        };
        found.await.unwrap_or_else(late)
    }

    /// Waits for one question at most for its part of the time. Otherwise a sender whose DNS is slow
    /// would use up all of it, and nobody would be left to ask about the author's domain.
    async fn in_time<T>(&self, step: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(self.timeout / STEPS, step).await.ok()
    }
}

/// Returns the message once for each signature that is checked, with that one alone, so that a slow
/// one keeps no other waiting; and once without any, which tells of those that cannot be read.
fn one_by_one<'m>(
    mut message: AuthenticatedMessage<'m>,
    authors: &[String],
) -> Vec<AuthenticatedMessage<'m>> {
    let mut fields = std::mem::take(&mut message.dkim_headers);
    let counts = |field: &Header<'m, Signature>| {
        authors.iter().any(|author| is_related(&field.header.d, author))
    };
    fields.sort_by_key(|field| !counts(field));
    fields.truncate(SIGNATURES_MAX);
    message.errors.truncate(SIGNATURES_MAX);
    let without_errors = AuthenticatedMessage { errors: Vec::new(), ..message.clone() };
    let one = |field| AuthenticatedMessage { dkim_headers: vec![field], ..without_errors.clone() };
    let mut each: Vec<AuthenticatedMessage<'m>> = fields.into_iter().map(one).collect();
    each.push(message);
    each
}

/// Whether two domains seem to have one owner, as far as their names tell. It only decides which
/// signatures are checked first.
fn is_related(one: &str, other: &str) -> bool {
    let same = one.rsplit('.').zip(other.rsplit('.'));
    same.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count() >= 2
}

/// Returns each domain of the authors once: DMARC asks about every one, and the worst answer counts
/// (RFC 7489 §6.6.1). An address literal has none, and is asked about as such: nothing is known.
fn domains(authors: &[Mailbox]) -> impl Iterator<Item = String> {
    let domains: BTreeSet<String> =
        authors.iter().map(|author| author.domain.clone().unwrap_or_default()).collect();
    domains.into_iter()
}

/// Returns what DMARC says of a domain; `is_named` if SPF or DKIM passed for this very domain, which
/// counts where it has no DMARC record.
fn said_by(dmarc: &DmarcOutput, is_named: bool) -> DomainResult {
    match (dmarc.result(), dmarc.policy()) {
        (DmarcResult::Pass, _) => DomainResult::Confirmed,
        (DmarcResult::TempError(_), _) => DomainResult::Temporary,
        (DmarcResult::Fail(_), Policy::Reject) => DomainResult::Failed(Wish::Reject),
        (DmarcResult::Fail(_), Policy::Quarantine) => DomainResult::Failed(Wish::Quarantine),
        (DmarcResult::Fail(_), _) => DomainResult::Failed(Wish::Nothing),
        (DmarcResult::None | DmarcResult::PermError(_), _) if is_named => DomainResult::Confirmed,
        (DmarcResult::None | DmarcResult::PermError(_), _) => DomainResult::Unknown,
    }
}

/// Returns the domain whose signature passed.
fn signed_by<'r>(result: &'r DkimOutput<'_>) -> Option<&'r str> {
    let passed = *result.result() == DkimResult::Pass;
    result.signature().filter(|_| passed).map(|signature| signature.d.as_str())
}

fn is_same(domain: &str, ascii: &str) -> bool {
    ascii_domain(domain).is_some_and(|domain| domain == ascii)
}

/// Returns the results with an error in place of each that there is a doubt about.
fn without<'r>(results: Vec<DkimOutput<'r>>, doubts: &'r [Option<Doubt>]) -> Vec<DkimOutput<'r>> {
    let judged = |(result, doubt): (DkimOutput<'r>, &'r Option<Doubt>)| {
        let Some(Doubt { signature, is_temporary }) = doubt else { return result };
        let error = mail_auth::Error::Dkim(DkimError::UnsupportedKeyType);
        let output = match is_temporary {
            true => DkimOutput::temp_err(error),
            false => DkimOutput::perm_err(error),
        };
        output.with_signature(signature)
    };
    results.into_iter().zip(doubts).map(judged).collect()
}

/// Returns the field in a form that is safe in a header: nothing that came from outside can end the
/// field or start another one.
fn one_field(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let mut field = String::with_capacity(text.len());
    for (at, line) in text.trim_end().split("\r\n").enumerate() {
        let folded = line.starts_with([' ', '\t']);
        if at > 0 && !folded {
            break;
        }
        field.extend(line.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }));
        field.push_str("\r\n");
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_one_field_whatever_is_in_it() {
        let field = one_field(b"Authentication-Results: a;\r\n\tspf=pass\r\nBcc: x\r\n");
        assert_eq!(field, "Authentication-Results: a;\r\n\tspf=pass\r\n");
        assert_eq!(one_field(b"A: \x01b\r\n"), "A:  b\r\n");
    }
}
