//! `postern check-dns`: the records that the domains need, and what is there now.
//!
//! What is wanted follows from the configuration. What is there is asked of the configured DNS servers,
//! which may remember earlier answers for a while. Nothing is changed.

use std::fmt;
use std::net::IpAddr;

use crate::config::Config;
use crate::net::dns::{DnsError, MailHosts, Resolver};
use crate::relay;

/// A record that is wanted, and what was found in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub name: String,
    pub kind: &'static str,
    pub wanted: String,
    pub found: Vec<String>,
    pub verdict: Verdict,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// Mail works without it, but worse; with the reason to have it, or what is doubtful.
    Doubtful(&'static str),
    /// Mail does not arrive, or is taken for forged.
    Wrong(&'static str),
    /// No DNS server answered.
    Unknown(String),
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, why) = match &self.verdict {
            Verdict::Good => ("ok", ""),
            Verdict::Doubtful(why) => ("warning", *why),
            Verdict::Wrong(why) => ("WRONG", *why),
            Verdict::Unknown(why) => ("unknown", why.as_str()),
        };
        write!(f, "{sign:<8} {} {}", self.name, self.kind)?;
        write!(f, "\n         wanted {}", self.wanted)?;
        match self.found.is_empty() {
            true => write!(f, "\n         found  nothing")?,
            false => {
                for one in &self.found {
                    write!(f, "\n         found  {one}")?;
                }
            }
        }
        if why.is_empty() { Ok(()) } else { write!(f, "\n         {why}") }
    }
}

/// No more than this of what was found is shown for one record.
const FOUND_MAX: usize = 10;
const FOUND_CHARS_MAX: usize = 500;

type Found = Result<Vec<String>, DnsError>;

/// Looks at every record of every domain.
pub async fn check(config: &Config, resolver: &Resolver) -> Result<Vec<Checked>, relay::Error> {
    let host = &config.server.host_name;
    let addresses = resolver.addresses(host).await;
    let mut all = host_records(host, &addresses, resolver).await;
    let addresses = addresses.unwrap_or_default();
    let (by, wanted) = match config.relay.smarthost.is_empty() {
        true => (Sends::ThisServer, "v=spf1 mx -all"),
        false => (Sends::Smarthost, "v=spf1 … -all, which allows the smarthost"),
    };
    for domain in &config.server.domains {
        all.push(mail_hosts(domain, host, resolver).await);
        let found = resolver.texts(domain).await;
        let wanted = (domain.clone(), "TXT", wanted.to_owned());
        all.push(checked(wanted, found, |found| spf(found, (host, &addresses), by)));
        for key in config.dkim.keys.iter().filter(|key| key.domain.eq_ignore_ascii_case(domain)) {
            let (name, record) = relay::dkim::record_of(key)?;
            let found = resolver.texts(&name).await;
            let verdict = |found: &[String]| dkim(&record, found);
            all.push(checked((name, "TXT", record.clone()), found, verdict));
        }
        if !config.dkim.keys.iter().any(|key| key.domain.eq_ignore_ascii_case(domain)) {
            all.push(without_key(domain));
        }
        let postmaster = format!("mailto:postmaster@{domain}");
        let wanted = format!("v=DMARC1; p=quarantine; rua={postmaster}");
        all.push(text(format!("_dmarc.{domain}"), wanted, dmarc, resolver).await);
        let wanted = "v=STSv1; id=1, with the policy at https://mta-sts.".to_owned() + domain;
        all.push(text(format!("_mta-sts.{domain}"), wanted, mta_sts, resolver).await);
        let wanted = format!("v=TLSRPTv1; rua={postmaster}");
        all.push(text(format!("_smtp._tls.{domain}"), wanted, tls_report, resolver).await);
    }
    Ok(all)
}

/// The addresses of the host, and the names that they have.
async fn host_records(
    host: &str,
    addresses: &Result<Vec<IpAddr>, DnsError>,
    resolver: &Resolver,
) -> Vec<Checked> {
    let texts = addresses.clone().map(|all| all.iter().map(IpAddr::to_string).collect());
    let wanted = (host.to_owned(), "A/AAAA", "the addresses of this server".to_owned());
    let mut all = vec![checked(wanted, texts, |found| match found.is_empty() {
        true => Verdict::Wrong("nobody finds the server"),
        false => Verdict::Good,
    })];
    for address in addresses.iter().flatten() {
        let names = resolver.names_of(*address).await;
        let wanted = (address.to_string(), "PTR", host.to_owned());
        all.push(checked(wanted, names, |found| match found.iter().any(|name| name == host) {
            true => Verdict::Good,
            false => {
                Verdict::Doubtful("many servers refuse mail from an address without this name")
            }
        }));
    }
    all
}

async fn mail_hosts(domain: &str, host: &str, resolver: &Resolver) -> Checked {
    let (found, is_null) = match resolver.mail_hosts(domain).await {
        Ok(MailHosts::Hosts { hosts, .. }) => {
            let text = |(preference, host): &(u16, String)| format!("{preference} {host}");
            (Ok(hosts.iter().map(text).collect()), false)
        }
        Ok(MailHosts::NoMail) => (Ok(vec!["0 .".to_owned()]), true),
        Err(error) => (Err(error), false),
    };
    let wanted = (domain.to_owned(), "MX", format!("10 {host}"));
    checked(wanted, found, |found| {
        let is_ours = |found: &String| found.split(' ').next_back() == Some(host);
        match found.iter().any(is_ours) {
            true => Verdict::Good,
            false if is_null => Verdict::Wrong("the domain says that it takes no mail"),
            false if found.is_empty() => Verdict::Wrong("no mail arrives"),
            false => {
                Verdict::Doubtful("mail goes elsewhere, unless that host relays it to this one")
            }
        }
    })
}

async fn text(
    name: String,
    wanted: String,
    judge: fn(&[String]) -> Verdict,
    resolver: &Resolver,
) -> Checked {
    let found = resolver.texts(&name).await;
    checked((name, "TXT", wanted), found, judge)
}

fn checked(
    (name, kind, wanted): (String, &'static str, String),
    found: Found,
    judge: impl FnOnce(&[String]) -> Verdict,
) -> Checked {
    let (found, verdict) = match found {
        Ok(found) => {
            let verdict = judge(&found);
            (found, verdict)
        }
        Err(DnsError::NotFound | DnsError::NoRecord) => (Vec::new(), judge(&[])),
        Err(error) => (Vec::new(), Verdict::Unknown(error.to_string())),
    };
    // What strangers publish is shown on a terminal.
    let printable = |text: String| -> String {
        let shown = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
        shown.take(FOUND_CHARS_MAX).collect()
    };
    let found = found.into_iter().take(FOUND_MAX).map(printable).collect();
    Checked { name, kind, wanted, found, verdict }
}

fn without_key(domain: &str) -> Checked {
    Checked {
        name: format!("SELECTOR._domainkey.{domain}"),
        kind: "TXT",
        wanted: format!("the record that `postern dkim new --domain {domain}` prints"),
        found: Vec::new(),
        verdict: Verdict::Doubtful("no key signs mail of this domain (dkim.keys)"),
    }
}

/// The records whose first tag is this one.
fn of_version<'f>(found: &'f [String], version: &str) -> Vec<&'f str> {
    let is_it = |text: &&str| {
        let rest = text.get(..version.len()).filter(|begin| begin.eq_ignore_ascii_case(version));
        rest.is_some() && !text[version.len()..].starts_with(|c: char| c.is_alphanumeric())
    };
    found.iter().map(String::as_str).filter(is_it).collect()
}

/// RFC 7208 §3.2, §4.5: exactly one record. It is not evaluated; whether this server stands in it is seen
/// where it names its addresses, or those of the host or of the mail hosts.
fn spf(found: &[String], (host, addresses): (&str, &[IpAddr]), by: Sends) -> Verdict {
    let record = match of_version(found, "v=spf1").as_slice() {
        [] => return Verdict::Wrong("receivers cannot tell your mail from forged mail"),
        [one] => one.to_lowercase(),
        _ => {
            let why = "there is more than one SPF record, which is an error for receivers";
            return Verdict::Wrong(why);
        }
    };
    let terms: Vec<&str> = record.split_ascii_whitespace().skip(1).collect();
    if terms.iter().any(|term| matches!(*term, "+all" | "all")) {
        return Verdict::Wrong("it allows the whole world to send in your name");
    }
    let allowed = |term: &&str| !term.starts_with(['-', '~', '?']) && !term.starts_with("exp=");
    if !terms.iter().any(allowed) {
        return Verdict::Wrong("it allows nobody to send in your name");
    }
    let is_named = terms.iter().filter(|term| allowed(term)).any(|term| {
        let term = term.trim_start_matches('+');
        let (name, value) = term.split_once(':').unwrap_or((term, ""));
        match name.split('/').next().unwrap_or_default() {
            "mx" => value.is_empty(),
            "a" => value.is_empty() || value == host,
            "ip4" | "ip6" => addresses.iter().any(|address| is_within(*address, value)),
            _ => false,
        }
    });
    match is_named || by == Sends::Smarthost {
        true => Verdict::Good,
        false => Verdict::Doubtful("it is not seen here whether it allows this server"),
    }
}

/// Who hands mail to other servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sends {
    ThisServer,
    Smarthost,
}

/// Whether an address is in a network such as `192.0.2.0/24`, or is the one that is named.
fn is_within(address: IpAddr, network: &str) -> bool {
    let (base, prefix) = network.split_once('/').unwrap_or((network, ""));
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let Ok(base) = base.parse::<IpAddr>() else { return false };
    let ((one, length), (other, other_length)) = (bits(address), bits(base));
    let prefix: u32 = prefix.parse().unwrap_or(length);
    length == other_length && prefix <= length && (one ^ other).leading_zeros() >= prefix
}

/// RFC 6376 §3.6.1: the key in the record is the one that signs.
fn dkim(wanted: &str, found: &[String]) -> Verdict {
    let key = |text: &str| {
        let tags = text.split(';').filter_map(|tag| tag.split_once('='));
        let mut keys = tags.filter(|(name, _)| name.trim() == "p");
        let (_, key) = keys.next()?;
        Some(key.chars().filter(|c| !c.is_whitespace()).collect::<String>())
    };
    let wanted = key(wanted);
    match found.iter().any(|text| key(text) == wanted) {
        true => Verdict::Good,
        false => Verdict::Wrong("signatures of this server fail"),
    }
}

/// RFC 7489 §6.6.3: exactly one record.
fn dmarc(found: &[String]) -> Verdict {
    match of_version(found, "v=DMARC1").as_slice() {
        [] => Verdict::Doubtful("large receivers want one, and others may send in your name"),
        [_] => Verdict::Good,
        _ => Verdict::Wrong("there is more than one DMARC record, so none counts"),
    }
}

/// RFC 8461 §3.1.
fn mta_sts(found: &[String]) -> Verdict {
    match of_version(found, "v=STSv1").len() {
        1 => Verdict::Good,
        0 => Verdict::Doubtful("without it, or DANE, others may be made to send to you in clear"),
        _ => Verdict::Doubtful("there is more than one record, so none counts"),
    }
}

/// RFC 8460 §3.
fn tls_report(found: &[String]) -> Verdict {
    match of_version(found, "v=TLSRPTv1").len() {
        1 => Verdict::Good,
        0 => Verdict::Doubtful("nobody reports to you that TLS to this server fails"),
        _ => Verdict::Doubtful("there is more than one record, so none counts"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Good => "good",
            Verdict::Doubtful(_) => "doubtful",
            Verdict::Wrong(_) => "wrong",
            Verdict::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn records_are_judged() {
        type Judge = fn(&[String]) -> Verdict;
        const SPF: Judge = |found| {
            let addresses = ["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()];
            spf(found, ("mail.example.org", &addresses), Sends::ThisServer)
        };
        let table: [(Judge, &[&str], &str); 22] = [
            (SPF, &[], "wrong"),
            (SPF, &["v=spf1 mx -all", "other"], "good"),
            (SPF, &["v=spf1 mx -all", "V=SPF1 a"], "wrong"),
            (SPF, &["v=spf10 mx"], "wrong"),
            (SPF, &["v=spf1 +all"], "wrong"),
            (SPF, &["v=spf1"], "wrong"),
            (SPF, &["v=spf1 -all"], "wrong"),
            (SPF, &["v=spf1 include:_spf.old-host.example -all"], "doubtful"),
            (SPF, &["v=spf1 ip4:192.0.2.0/24 ~all"], "good"),
            (SPF, &["v=spf1 ip4:192.0.3.0/24 ~all"], "doubtful"),
            (SPF, &["v=spf1 ip6:2001:db8::/32 -all"], "good"),
            (SPF, &["v=spf1 a:mail.example.org -all"], "good"),
            (SPF, &["v=spf1 -mx a:elsewhere.example -all"], "doubtful"),
            (SPF, &["v=spf1 +a -all"], "good"),
            (dmarc, &["v=DMARC1; p=none"], "good"),
            (dmarc, &["v=DMARC1;p=none", "v=DMARC1"], "wrong"),
            (dmarc, &["p=none"], "doubtful"),
            (mta_sts, &["v=STSv1; id=7"], "good"),
            (mta_sts, &[], "doubtful"),
            (tls_report, &["v=TLSRPTv1; rua=mailto:a@b"], "good"),
            (tls_report, &["v=TLSRPTv1", "v=TLSRPTv1"], "doubtful"),
            (|found| dkim("v=DKIM1; k=rsa; p=AB C", found), &["p = x", "k=rsa; p=A BC"], "good"),
        ];
        for (judge, found, wanted) in table {
            let found: Vec<String> = found.iter().map(|one| (*one).to_owned()).collect();
            assert_eq!(kind(&judge(&found)), wanted, "{found:?}");
        }
        assert_eq!(kind(&dkim("v=DKIM1; p=AB", &["v=DKIM1; p=".to_owned()])), "wrong");
    }

    #[test]
    fn what_strangers_publish_cannot_move_the_cursor() {
        let found = Ok(vec!["a\u{1b}[2Jb\n".to_owned(), "x".repeat(9_999)]);
        let one = checked(("n".to_owned(), "TXT", "w".to_owned()), found, |_| Verdict::Good);
        assert_eq!(one.found[0], "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(one.found[1].len(), FOUND_CHARS_MAX);
        let unknown = Err(DnsError::Temporary("no server".to_owned()));
        let one = checked(("n".to_owned(), "TXT", "w".to_owned()), unknown, |_| Verdict::Good);
        assert_eq!(one.verdict, Verdict::Unknown("the DNS lookup failed: no server".to_owned()));
    }
}
