//! Authentication-Results (RFC 8601) that a message brings along. A reader believes those that begin
//! with this host's name, so they are removed from whatever arrives: only ours may say so.

use super::header::HeaderFacts;

/// Returns a message in slices, without the fields that claim to be the results of `host` (RFC 8601
/// §5), or that cannot be parsed: another program might find our name in them.
pub fn without_forged<'m>(message: &'m [u8], facts: &HeaderFacts, host: &str) -> Vec<&'m [u8]> {
    let mut kept = Vec::new();
    let mut from = 0;
    for field in facts.places(message, "authentication-results") {
        let is_foreign = author(&message[field.value.clone()]).is_some_and(|by| !is_same(by, host));
        if !is_foreign {
            kept.push(&message[from..field.whole.start]);
            from = field.whole.end;
        }
    }
    kept.push(&message[from..]);
    kept
}

/// Returns the name of the host that the results are from, the authserv-id (RFC 8601 §2.2): a token
/// or quoted string, then perhaps a version, then a semicolon or the end. `None` for anything else:
/// a reader that parses loosely could find another name in it.
fn author(value: &[u8]) -> Option<&[u8]> {
    let value = after_comments(value)?;
    let (name, rest) = match value.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = quoted.iter().position(|octet| *octet == b'"')?;
            (&quoted[..end], &quoted[end + 1..])
        }
        None => value.split_at(value.iter().position(|o| !is_of_name(*o)).unwrap_or(value.len())),
    };
    let is_apart = rest.first().is_none_or(|o| o.is_ascii_whitespace() || *o == b';');
    if name.is_empty() || !is_apart || !name.iter().all(|octet| is_of_name(*octet)) {
        return None;
    }
    let rest = after_comments(rest)?;
    let version = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let rest = after_comments(&rest[version..])?;
    rest.first().is_none_or(|octet| *octet == b';').then_some(name)
}

fn is_of_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"._-".contains(&octet)
}

/// Skips white space and comments, which may be nested (RFC 5322 §3.2.2); `None` if a comment does
/// not end.
fn after_comments(value: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match (value.get(at).copied(), depth) {
            (Some(b'('), _) => depth += 1,
            (Some(b')'), 1..) => depth -= 1,
            (Some(b'\\'), 1..) => at += 1,
            (Some(octet), 0) if !octet.is_ascii_whitespace() => return Some(&value[at..]),
            (Some(_), _) => {}
            (None, 0) => return Some(&[]),
            (None, _) => return None,
        }
        at += 1;
    }
}

fn is_same(name: &[u8], host: &str) -> bool {
    let name = String::from_utf8_lossy(name);
    let name = name.trim_end_matches('.');
    let host = host.trim_end_matches('.');
    // The name is ASCII; our host's may have been configured in Unicode (RFC 8616 §5).
    let ascii = url::Host::parse(host).map(|host| host.to_string());
    name.eq_ignore_ascii_case(host) || ascii.is_ok_and(|host| name.eq_ignore_ascii_case(&host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::header::{HeaderLimits, gate};

    #[test]
    fn results_in_our_name_are_removed_and_those_of_others_stay() {
        let forged = [
            "mail.example.org; dmarc=pass",
            "MAIL.Example.org. 1; spf=pass",
            "\r\n\tmail.example.org;\r\n\tdkim=pass",
            "(a (nested \\) one) b) mail.example.org (c);spf=pass",
            "mail(x).example.org; dmarc=pass",
            "mail.example.org(x); dmarc=pass",
            "mail.example.org,x; dmarc=pass",
            "mail.example.org=; dmarc=pass",
            "mail.example.org/1; dmarc=pass",
            "=?utf-8?q?mail.example.org?=; dmarc=pass",
            "\u{b}mail.example.org; dmarc=pass",
            "\u{a0}mail.example.org; dmarc=pass",
            "\"mail.example.org \"; dmarc=pass",
            "\"\" mail.example.org; dmarc=pass",
            "mail.example.org..; dmarc=pass",
            "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=b.example; dmarc=pass",
            "\"mail.example.org\"; spf=pass",
            "mail.example.org",
            "(never ends mail.example.org; spf=pass",
            "\"mail\\.example.org\"; spf=pass",
            "",
        ];
        let foreign = [
            "other.example; dmarc=pass",
            "mail.example.org.evil.example; spf=pass",
            "example.org; none",
        ];
        for value in forged {
            let message = format!(
                "From: a@b.example\r\nAuthentication-Results: {value}\r\nSubject: x\r\n\r\nb"
            );
            assert_eq!(kept(&message), "From: a@b.example\r\nSubject: x\r\n\r\nb", "{value:?}");
        }
        for value in foreign {
            let message = format!("authentication-results:{value}\r\nFrom: a@b.example\r\n\r\nb");
            assert_eq!(kept(&message), message);
        }
        let all = "Authentication-Results: mail.example.org; a=pass\r\nFrom: a@b.example\r\n\
                   AUTHENTICATION-RESULTS: x.example; b=pass\r\n\
                   Authentication-Results: mail.example.org; c=pass";
        assert_eq!(kept(all), "From: a@b.example\r\nAUTHENTICATION-RESULTS: x.example; b=pass\r\n");
    }

    fn kept(message: &str) -> String {
        let facts = gate(message.as_bytes(), &HeaderLimits::default()).unwrap();
        let kept = without_forged(message.as_bytes(), &facts, "mail.example.org");
        String::from_utf8(kept.concat()).unwrap()
    }
}
