//! Whether a message may get an automatic response (RFC 3834 §2, RFC 5230 §4.6, decision D2).
//!
//! An automatic response to a forged sender is backscatter: mail to a person who never wrote. So a
//! message gets a response only when the sender's domain authenticates it, and never when it comes
//! from a mailing list, another program or ourselves, or is a report.

use super::header::HeaderFacts;
use super::{mailboxes, message};

/// Why a message gets no automatic response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// RFC 5321 §4.5.5: responding to a report could start a loop.
    NullReversePath,
    /// The sender is not authenticated.
    NotAuthenticated,
    /// RFC 3834 §2: a program sent it.
    AutoSubmitted,
    /// RFC 2369, RFC 2919: it came through a mailing list.
    List,
    /// `Precedence: bulk` and similar fields from before RFC 3834.
    Bulk,
    /// A delivery report or a receipt (RFC 3462).
    Report,
    /// Its sender's address is in one of our own domains.
    OwnAddress,
    /// The sender's address does not belong to a person.
    RoleAddress,
    /// The From field does not name the sender of the envelope.
    OtherSender,
    /// RFC 3834 §2: no recipient here is named in it, so it is a blind copy or came through a list.
    NobodyNamed,
    /// It passed through this server before.
    Loop,
}

/// What is known about a message.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Normalised; `None` for the null reverse-path.
    pub reverse_path: Option<&'a str>,
    pub message: &'a [u8],
    pub header: &'a HeaderFacts,
    /// The sender's domain authenticates it (DMARC), or a trusted relay handed it over.
    pub authenticated: bool,
    pub our_domains: &'a [String],
    /// The addresses it was delivered to.
    pub recipients: &'a [String],
}

/// Local parts that programs send from (RFC 2142, RFC 3834 §2, and common use).
const ROLES: [&str; 14] = [
    "mailer-daemon",
    "postmaster",
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "bounce",
    "bounces",
    "majordomo",
    "listserv",
    "mailman",
    "news",
    "root",
];

/// Whether an automatic response may be sent.
pub fn may_answer(facts: &Facts<'_>) -> Result<(), Why> {
    let sender = facts.reverse_path.ok_or(Why::NullReversePath)?;
    automatic(facts)?;
    person(facts, sender)?;
    // After what costs little, so that a more specific reason is reported; before what parses
    // addresses, because it ends the matter for most messages.
    if !facts.authenticated {
        return Err(Why::NotAuthenticated);
    }
    same_sender(facts, sender)?;
    named(facts)
}

fn automatic(facts: &Facts<'_>) -> Result<(), Why> {
    let value = |name: &str| value(facts, name);
    // RFC 3834 §5: any value but `no` means that a program sent it.
    if value("auto-submitted")
        .is_some_and(|text| !text.starts_with("no") || text.starts_with("not"))
    {
        return Err(Why::AutoSubmitted);
    }
    let present = |names: &[&str]| names.iter().any(|name| value(name).is_some());
    if present(&[
        "list-id",
        "list-help",
        "list-unsubscribe",
        "list-post",
        "list-owner",
        "list-subscribe",
        "list-archive",
        "mailing-list",
        "x-mailing-list",
        "x-beenthere",
    ]) {
        return Err(Why::List);
    }
    let precedence = value("precedence").unwrap_or_default();
    if ["bulk", "list", "junk"].iter().any(|word| precedence.starts_with(word)) {
        return Err(Why::Bulk);
    }
    if present(&[
        "x-auto-response-suppress",
        "x-autoreply",
        "x-autorespond",
        "x-autoresponse",
        "x-cron-env",
        "feedback-id",
    ]) {
        return Err(Why::AutoSubmitted);
    }
    if value("content-type")
        .is_some_and(|text| text.starts_with("multipart/report") || text.starts_with("message/"))
    {
        return Err(Why::Report);
    }
    match present(&["postern-reference", "x-loop"]) {
        true => Err(Why::Loop),
        false => Ok(()),
    }
}

fn person(facts: &Facts<'_>, sender: &str) -> Result<(), Why> {
    let (local, domain) = sender.rsplit_once('@').ok_or(Why::RoleAddress)?;
    let local = local.to_lowercase();
    if facts.our_domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain)) {
        return Err(Why::OwnAddress);
    }
    let base = local.split(['+', '=']).next().unwrap_or_default();
    let role = ROLES.contains(&base)
        || local.starts_with("owner-")
        || local.ends_with("-request")
        || local.ends_with("-owner")
        || local.ends_with("-bounces")
        || local.starts_with("bounce")
        || local.starts_with("msprvs1=")
        || local.starts_with("prvs=")
        || local.starts_with("srs0=")
        || local.starts_with("srs1=");
    match role {
        true => Err(Why::RoleAddress),
        false => Ok(()),
    }
}

/// The response goes to the sender of the envelope, who must be the one that the reader sees.
fn same_sender(facts: &Facts<'_>, sender: &str) -> Result<(), Why> {
    let from = facts.header.value(facts.message, "from").unwrap_or_default();
    let authors = mailboxes::authors(from).unwrap_or_default();
    match authors.iter().any(|one| one.address.eq_ignore_ascii_case(sender)) {
        true => Ok(()),
        false => Err(Why::OtherSender),
    }
}

fn named(facts: &Facts<'_>) -> Result<(), Why> {
    let field = |name| message::addresses_in(facts.message, facts.header, name);
    let people = [field("To"), field("Cc")].concat();
    let mut named = people.iter().filter_map(|one| one.address.as_deref());
    let ours = |address: &str| facts.recipients.iter().any(|one| one.eq_ignore_ascii_case(address));
    match named.any(ours) {
        true => Ok(()),
        false => Err(Why::NobodyNamed),
    }
}

/// Returns a field's value in lower case, without surrounding white space.
fn value(facts: &Facts<'_>, name: &str) -> Option<String> {
    let raw = facts.header.value(facts.message, name)?;
    Some(String::from_utf8_lossy(raw).trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::header::{HeaderLimits, gate};

    const PLAIN: &str = "From: Rachel <rachel@outside.example>\r\nTo: dana@example.org\r\n\
                         Subject: hello\r\n";

    fn judge(header: &str, reverse_path: Option<&str>, authenticated: bool) -> Result<(), Why> {
        let message = format!("{header}\r\ntext\r\n");
        let facts = gate(message.as_bytes(), &HeaderLimits::default()).unwrap();
        may_answer(&Facts {
            reverse_path,
            message: message.as_bytes(),
            header: &facts,
            authenticated,
            our_domains: &["example.org".to_owned()],
            recipients: &["dana@example.org".to_owned()],
        })
    }

    const RACHEL: Option<&str> = Some("rachel@outside.example");

    /// P-44, decision D2: the complete list.
    #[test]
    fn only_a_person_whose_domain_vouches_is_answered() {
        assert_eq!(judge(PLAIN, RACHEL, true), Ok(()));
        assert_eq!(judge(PLAIN, RACHEL, false), Err(Why::NotAuthenticated));
        assert_eq!(judge(PLAIN, None, true), Err(Why::NullReversePath));
        for (field, why) in FIELDS {
            assert_eq!(judge(&format!("{PLAIN}{field}\r\n"), RACHEL, true), Err(why), "{field}");
        }
        assert_eq!(judge(&format!("{PLAIN}Auto-Submitted: no\r\n"), RACHEL, true), Ok(()));
        for (sender, why) in SENDERS {
            let header = PLAIN.replace("rachel@outside.example", sender);
            assert_eq!(judge(&header, Some(sender), true), Err(why), "{sender}");
        }
        assert_eq!(judge(PLAIN, Some("eve@outside.example"), true), Err(Why::OtherSender));
        let blind = PLAIN.replace("dana@example.org", "undisclosed@elsewhere.example");
        assert_eq!(judge(&blind, RACHEL, true), Err(Why::NobodyNamed));
    }

    const FIELDS: [(&str, Why); 24] = [
        ("Auto-Submitted: auto-replied", Why::AutoSubmitted),
        ("Auto-Submitted: auto-generated; x=y", Why::AutoSubmitted),
        ("AUTO-SUBMITTED:auto-notified", Why::AutoSubmitted),
        ("Auto-Submitted: nothing", Why::AutoSubmitted),
        ("List-Id: <a.b>", Why::List),
        ("List-Unsubscribe: <mailto:x@y>", Why::List),
        ("List-Post: NO", Why::List),
        ("List-Help: x", Why::List),
        ("List-Owner: x", Why::List),
        ("List-Subscribe: x", Why::List),
        ("List-Archive: x", Why::List),
        ("Mailing-List: x", Why::List),
        ("X-BeenThere: x", Why::List),
        ("Precedence: bulk", Why::Bulk),
        ("Precedence: LIST", Why::Bulk),
        ("Precedence: junk", Why::Bulk),
        ("X-Auto-Response-Suppress: All", Why::AutoSubmitted),
        ("X-Autoreply: yes", Why::AutoSubmitted),
        ("X-Autorespond: yes", Why::AutoSubmitted),
        ("Feedback-ID: x", Why::AutoSubmitted),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x", Why::Report),
        ("Content-Type: message/disposition-notification", Why::Report),
        ("Postern-Reference: 01KAN-5Q7DC-8E2XV-M9T4H", Why::Loop),
        ("X-Loop: dana@example.org", Why::Loop),
    ];

    const SENDERS: [(&str, Why); 14] = [
        ("mailer-daemon@outside.example", Why::RoleAddress),
        ("MAILER-DAEMON@outside.example", Why::RoleAddress),
        ("noreply@outside.example", Why::RoleAddress),
        ("no-reply+x@outside.example", Why::RoleAddress),
        ("owner-list@outside.example", Why::RoleAddress),
        ("list-request@outside.example", Why::RoleAddress),
        ("list-owner@outside.example", Why::RoleAddress),
        ("list-bounces@outside.example", Why::RoleAddress),
        ("bounce-123@outside.example", Why::RoleAddress),
        ("bounces@outside.example", Why::RoleAddress),
        ("majordomo@outside.example", Why::RoleAddress),
        ("postmaster@outside.example", Why::RoleAddress),
        ("prvs=1234@outside.example", Why::RoleAddress),
        ("omar@example.org", Why::OwnAddress),
    ];

    /// 10,000 forged or automatic messages, with every combination of their signs, get no response.
    #[test]
    fn ten_thousand_forged_or_automatic_messages_get_no_answer() {
        let mut judged = 0;
        for round in 0..10_000_usize {
            let (field, _) = FIELDS[round % FIELDS.len()];
            let (sender, _) = SENDERS[round / 3 % SENDERS.len()];
            let header = match round % 5 {
                0 => format!("{PLAIN}{field}\r\nX-N: {round}\r\n"),
                1 => PLAIN.replace("rachel@outside.example", sender),
                2 => format!("X-N: {round}\r\n{PLAIN}"),
                3 => PLAIN.replace("dana@example.org", &format!("{round}@elsewhere.example")),
                _ => format!("{field}\r\n{PLAIN}"),
            };
            let (path, authenticated) = match round % 5 {
                1 => (Some(sender), true),
                2 => (RACHEL, false),
                4 => (None, round % 2 == 0),
                _ => (RACHEL, true),
            };
            assert!(judge(&header, path, authenticated).is_err(), "{header}");
            judged += 1;
        }
        assert_eq!(judged, 10_000);
    }
}
