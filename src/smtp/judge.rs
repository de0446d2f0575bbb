//! What becomes of a message after its authors were checked: refused, or taken with a mark that its
//! reader sees.
//!
//! | the authors' domains say | what happens |
//! | --- | --- |
//! | `p=reject`, ours as well | refused, or marked as failed (`smtp.dmarc_reject`) |
//! | not ours, `p=quarantine` | taken, and marked as suspicious |
//! | not ours, `p=none` | taken, and marked as failed |
//! | one of our domains does not confirm it | marked, or refused (`smtp.own_domain_unconfirmed`) |
//! | it poses as the daemon itself | refused |
//! | DNS does not answer | taken, and said so: that is no verdict; deferred where it decides |
//!
//! A trusted relay has checked what it passes on, so nothing of this applies to it. ARC (RFC 8617)
//! is not evaluated: a mailing list that changes a message and keeps the author of a domain with
//! `p=reject` is refused (RFC 7960).

use crate::config::{self, Unconfirmed};
use crate::gateway::SenderCheck;
use crate::mail::mailboxes::{self, Mailbox};
use crate::mail::status::EnhancedStatus;

use super::reply::Reply;
use super::verify::{Authenticity, DomainResult, Wish};

const FORGED: Reply = Reply::new(
    550,
    EnhancedStatus::POLICY,
    "The domain in From does not authenticate this message, and asks to refuse such mail (DMARC)",
);
const OWN_DOMAIN: Reply = Reply::new(
    550,
    EnhancedStatus::POLICY,
    "Mail from our own domains is accepted from outside only if they authenticate it",
);
/// Whether our own domain confirms it could not be found out: colleagues' mail comes again.
const OWN_DOMAIN_UNKNOWN: Reply = Reply::new(
    451,
    EnhancedStatus(4, 7, 0),
    "Mail from our own domains cannot be authenticated now, try again later",
);
const SYSTEM: Reply = Reply::new(
    550,
    EnhancedStatus::POLICY,
    "Mail in the name of this system is not accepted from outside",
);
/// Whether the system's own domain confirms it could not be found out.
const SYSTEM_UNKNOWN: Reply = Reply::new(
    451,
    EnhancedStatus(4, 7, 0),
    "Mail in the name of this system cannot be authenticated now, try again later",
);

/// Decides whether a message is taken, and returns what its reader is told about its authors.
pub(super) fn judge(
    authors: &[Mailbox],
    authenticity: &Authenticity,
    our_domains: &[String],
    config: &config::Smtp,
) -> Result<SenderCheck, Reply> {
    if *authenticity == Authenticity::Relay {
        return Ok(SenderCheck::Relay);
    }
    let ours: Vec<String> =
        our_domains.iter().filter_map(|domain| mailboxes::ascii_domain(domain)).collect();
    if let Some(system) = worst(authors.iter().filter(|one| is_system(one, &ours)), authenticity) {
        match system {
            Some(DomainResult::Confirmed) => {}
            Some(DomainResult::Temporary) => return Err(SYSTEM_UNKNOWN),
            _ => return Err(SYSTEM),
        }
    }
    let overall = worst(authors.iter(), authenticity).flatten();
    if overall == Some(DomainResult::Failed(Wish::Reject))
        && config.dmarc_reject == Unconfirmed::Refuse
    {
        return Err(FORGED);
    }
    match worst(authors.iter().filter(|one| is_ours(one, &ours)), authenticity) {
        None | Some(Some(DomainResult::Confirmed)) => Ok(told(overall)),
        Some(_) if config.own_domain_unconfirmed == Unconfirmed::Mark => Ok(SenderCheck::OwnDomain),
        Some(Some(DomainResult::Temporary)) => Err(OWN_DOMAIN_UNKNOWN),
        Some(_) => Err(OWN_DOMAIN),
    }
}

/// Returns the worst result of these authors: `None` if there are none, and `Some(None)` if nothing
/// was checked.
fn worst<'a>(
    authors: impl Iterator<Item = &'a Mailbox>,
    authenticity: &Authenticity,
) -> Option<Option<DomainResult>> {
    let result = |one: &Mailbox| match authenticity {
        Authenticity::Checked(results) => {
            let domain = one.domain.as_deref().unwrap_or_default();
            let found = results.iter().find(|(checked, _)| checked == domain);
            Some(found.map_or(DomainResult::Unknown, |(_, result)| *result))
        }
        Authenticity::Unchecked | Authenticity::Relay => None,
    };
    authors.map(result).max()
}

fn told(overall: Option<DomainResult>) -> SenderCheck {
    match overall {
        None => SenderCheck::Unchecked,
        Some(DomainResult::Confirmed) => SenderCheck::Confirmed,
        Some(DomainResult::Unknown) => SenderCheck::Unknown,
        Some(DomainResult::Temporary) => SenderCheck::Temporary,
        Some(DomainResult::Failed(Wish::Quarantine)) => SenderCheck::Quarantined,
        Some(DomainResult::Failed(Wish::Nothing | Wish::Reject)) => SenderCheck::Failed,
    }
}

/// Whether an author's domain is one of ours, or below one of them.
fn is_ours(author: &Mailbox, ours: &[String]) -> bool {
    let Some(domain) = author.domain.as_deref() else { return false };
    ours.iter()
        .any(|own| domain.strip_suffix(own).is_some_and(|d| d.is_empty() || d.ends_with('.')))
}

/// Whether an author is the daemon, whose notices and reports come from this address. Readers
/// believe them, and some hold a password.
fn is_system(author: &Mailbox, ours: &[String]) -> bool {
    let local = author.address.rsplit_once('@').map_or("", |(local, _)| local);
    local.eq_ignore_ascii_case("postmaster")
        && author.domain.as_ref().is_some_and(|domain| ours.contains(domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use DomainResult::{Confirmed, Failed, Temporary, Unknown};

    fn judged(
        from: &str,
        results: &[(&str, DomainResult)],
        config: &config::Smtp,
    ) -> Result<SenderCheck, Reply> {
        let results = results.iter().map(|(domain, result)| ((*domain).to_owned(), *result));
        let checked = Authenticity::Checked(results.collect());
        judge(&mailboxes::authors(from.as_bytes()).unwrap(), &checked, &ours(), config)
    }

    fn ours() -> Vec<String> {
        vec!["example.org".to_owned(), "bücher.example".to_owned()]
    }

    #[test]
    fn what_a_foreign_domain_asks_for_is_done() {
        let by_default = config::Smtp::default();
        let marking = config::Smtp { dmarc_reject: Unconfirmed::Mark, ..config::Smtp::default() };
        for (result, expected, marked) in [
            (Confirmed, Ok(SenderCheck::Confirmed), SenderCheck::Confirmed),
            (Unknown, Ok(SenderCheck::Unknown), SenderCheck::Unknown),
            (Temporary, Ok(SenderCheck::Temporary), SenderCheck::Temporary),
            (Failed(Wish::Nothing), Ok(SenderCheck::Failed), SenderCheck::Failed),
            (Failed(Wish::Quarantine), Ok(SenderCheck::Quarantined), SenderCheck::Quarantined),
            (Failed(Wish::Reject), Err(FORGED), SenderCheck::Failed),
        ] {
            let results = [("a.example", result)];
            assert_eq!(judged("x@a.example", &results, &by_default), expected, "{result:?}");
            assert_eq!(judged("x@a.example", &results, &marking), Ok(marked), "{result:?}");
        }
    }

    #[test]
    fn of_several_authors_the_worst_counts() {
        let config = config::Smtp::default();
        let results = [("a.example", Confirmed), ("b.example", Failed(Wish::Reject))];
        for from in ["x@a.example, y@b.example", "y@b.example, x@a.example"] {
            assert_eq!(judged(from, &results, &config), Err(FORGED), "{from}");
        }
        let results = [("a.example", Confirmed), ("b.example", Unknown)];
        let both = judged("x@a.example, y@b.example", &results, &config);
        assert_eq!(both, Ok(SenderCheck::Unknown));
        let literal = judged("x@a.example, y@[192.0.2.1]", &results, &config);
        assert_eq!(literal, Ok(SenderCheck::Unknown));
    }

    #[test]
    fn our_own_domains_from_outside_are_marked_or_refused() {
        let marking = config::Smtp::default();
        let refusing =
            config::Smtp { own_domain_unconfirmed: Unconfirmed::Refuse, ..marking.clone() };
        for from in [
            "dana@example.org",
            "Dana <dana@EXAMPLE.org>",
            "dana@mail.example.org",
            "dana@bücher.example",
            "dana@xn--bcher-kva.example",
            "x@a.example, dana@example.org",
        ] {
            for result in [Unknown, Temporary, Failed(Wish::Nothing)] {
                let domain = mailboxes::authors(from.as_bytes()).unwrap().pop().unwrap().domain;
                let results = [("a.example", Confirmed), (domain.as_deref().unwrap(), result)];
                let marked = judged(from, &results, &marking);
                assert_eq!(marked, Ok(SenderCheck::OwnDomain), "{from} {result:?}");
                let refused = match result {
                    Temporary => OWN_DOMAIN_UNKNOWN,
                    _ => OWN_DOMAIN,
                };
                assert_eq!(judged(from, &results, &refusing), Err(refused), "{from} {result:?}");
            }
            let authors = mailboxes::authors(from.as_bytes()).unwrap();
            let unchecked = judge(&authors, &Authenticity::Unchecked, &ours(), &marking);
            assert_eq!(unchecked, Ok(SenderCheck::OwnDomain), "{from}");
            let relayed = judge(&authors, &Authenticity::Relay, &ours(), &refusing);
            assert_eq!(relayed, Ok(SenderCheck::Relay), "{from}");
        }
        let confirmed = [("example.org", Confirmed)];
        assert_eq!(judged("dana@example.org", &confirmed, &refusing), Ok(SenderCheck::Confirmed));
        for from in ["dana@badexample.org", "dana@example.org.evil.example", "x@[192.0.2.1]"] {
            assert_eq!(judged(from, &[], &refusing), Ok(SenderCheck::Unknown), "{from}");
        }
    }

    #[test]
    fn nobody_outside_speaks_for_the_system() {
        let config = config::Smtp::default();
        for from in ["Postern <postmaster@example.org>", "\"Postmaster\"@bücher.example"] {
            let domain = mailboxes::authors(from.as_bytes()).unwrap().pop().unwrap().domain;
            let domain = domain.as_deref().unwrap();
            assert_eq!(judged(from, &[(domain, Unknown)], &config), Err(SYSTEM), "{from}");
            let unanswered = judged(from, &[(domain, Temporary)], &config);
            assert_eq!(unanswered, Err(SYSTEM_UNKNOWN), "{from}");
            let confirmed = judged(from, &[(domain, Confirmed)], &config);
            assert_eq!(confirmed, Ok(SenderCheck::Confirmed), "{from}");
            let authors = mailboxes::authors(from.as_bytes()).unwrap();
            let unchecked = judge(&authors, &Authenticity::Unchecked, &ours(), &config);
            assert_eq!(unchecked, Err(SYSTEM), "{from}");
        }
    }
}
