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

/// Returns the name of the host that the results are from, the authserv-id (RFC 8601 §2.2): the
/// first token or quoted string. `None` if there is none.
fn author(value: &[u8]) -> Option<&[u8]> {
    let value = after_comments(value)?;
    if let Some(quoted) = value.strip_prefix(b"\"") {
        let end = quoted.iter().position(|octet| matches!(octet, b'"' | b'\\'))?;
        return (quoted[end] == b'"').then_some(&quoted[..end]);
    }
    let is_end = |octet: &u8| octet.is_ascii_whitespace() || b";(\"".contains(octet);
    let end = value.iter().position(is_end).unwrap_or(value.len());
    (end > 0).then_some(&value[..end])
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
    let name = name.strip_suffix(b".").unwrap_or(name);
    name.eq_ignore_ascii_case(host.trim_end_matches('.').as_bytes())
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
            "(a (nested \\) one) b) mail.example.org(c);spf=pass",
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
