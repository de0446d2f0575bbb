//! Delivery status notifications (RFC 3464): the machine-readable part of a delivery report.
//!
//! It never contains anything of the message, not even its header, because a report may travel
//! over routes that the message itself was not allowed to take.

use time::OffsetDateTime;

use super::compose::{date, one_line};
use super::envelope::{ForwardPath, Recipient, xtext_encode};
use super::status::EnhancedStatus;

/// The media type of [`fields`].
pub const MEDIA_TYPE: &str = "message/delivery-status";

/// What was done for a recipient (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Delivered,
    Delayed,
    Failed,
}

/// The delivery status of a message for the recipients that one report names.
#[derive(Clone, Debug)]
pub struct Dsn<'a> {
    /// The host that reports.
    pub reporting_mta: &'a str,
    /// The sender's own identifier (RFC 3461 §4.4).
    pub envid: Option<&'a str>,
    pub arrival: OffsetDateTime,
    pub recipients: Vec<Status<'a>>,
}

/// The delivery status for one recipient.
#[derive(Clone, Debug)]
pub struct Status<'a> {
    pub recipient: &'a Recipient,
    pub action: Action,
    pub status: EnhancedStatus,
    /// The host that refused the message, if one did (RFC 3464 §2.3.5).
    pub remote_mta: Option<&'a str>,
    /// Its reply: code, enhanced status, text.
    pub diagnostic: Option<&'a str>,
    pub last_attempt: OffsetDateTime,
    /// When the last attempt will be made.
    pub retry_until: Option<OffsetDateTime>,
}

/// The fields for the message and then, each after an empty line, those for the recipients
/// (RFC 3464 §2.1).
pub fn fields(dsn: &Dsn<'_>) -> String {
    let mut out = String::new();
    if let Some(envid) = dsn.envid {
        // RFC 3464 §2.2.1: as the sender knows it, that is decoded.
        field(&mut out, "Original-Envelope-Id", envid);
    }
    field(&mut out, "Reporting-MTA", &format!("dns; {}", dsn.reporting_mta));
    field(&mut out, "Arrival-Date", &date(dsn.arrival));
    for status in &dsn.recipients {
        out.push_str("\r\n");
        recipient_fields(&mut out, status);
    }
    out
}

fn recipient_fields(out: &mut String, status: &Status<'_>) {
    if let Some(original) = &status.recipient.orcpt {
        field(out, "Original-Recipient", &format!("{};{}", original.addr_type, original.address));
    }
    field(out, "Final-Recipient", &typed(&status.recipient.path));
    field(out, "Action", status.action.word());
    field(out, "Status", &status.status.to_string());
    if let Some(host) = status.remote_mta {
        field(out, "Remote-MTA", &format!("dns; {host}"));
    }
    // RFC 3464 §2.3.6: `smtp` is for the reply of a host.
    if let Some(text) = status.diagnostic {
        let reply = text.get(..3).is_some_and(|code| code.bytes().all(|c| c.is_ascii_digit()));
        let kind = if reply && status.remote_mta.is_some() { "smtp" } else { "x-postern" };
        field(out, "Diagnostic-Code", &format!("{kind}; {text}"));
    }
    field(out, "Last-Attempt-Date", &date(status.last_attempt));
    if let Some(until) = status.retry_until {
        field(out, "Will-Retry-Until", &date(until));
    }
}

fn field(out: &mut String, name: &str, value: &str) {
    out.push_str(&format!("{name}: {}\r\n", one_line(value)));
}

impl Action {
    fn word(self) -> &'static str {
        match self {
            Action::Delivered => "delivered",
            Action::Delayed => "delayed",
            Action::Failed => "failed",
        }
    }
}

/// An address with its type; one that is not ASCII is encoded (RFC 6533 §3).
fn typed(path: &ForwardPath) -> String {
    match path {
        ForwardPath::Postmaster => "rfc822; postmaster".to_owned(),
        ForwardPath::Address(address) if address.needs_smtputf8() => {
            format!("utf-8; {}", unitext(&address.to_string()))
        }
        ForwardPath::Address(address) => format!("rfc822; {}", address.for_ascii_hosts()),
    }
}

/// Encodes `utf-8-addr-xtext` (RFC 6533 §3): non-ASCII characters as `\x{hex}`, the rest as xtext.
fn unitext(address: &str) -> String {
    let encode = |c: char| match c {
        '\\' => "\\x{5C}".to_owned(),
        c if c.is_ascii() => xtext_encode(c.encode_utf8(&mut [0; 4])),
        c => format!("\\x{{{:X}}}", u32::from(c)),
    };
    address.chars().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::address::Address;
    use crate::mail::envelope::{Notify, OriginalRecipient};

    fn report(path: &str, orcpt: Option<&str>, diagnostic: Option<&str>) -> String {
        let recipient = Recipient {
            path: ForwardPath::Address(Address::parse(path).unwrap()),
            notify: Notify::default(),
            orcpt: orcpt.map(|text| OriginalRecipient::parse(text).unwrap()),
        };
        fields(&Dsn {
            reporting_mta: "mail.example.org",
            envid: Some("QQ=314+159"),
            arrival: OffsetDateTime::UNIX_EPOCH,
            recipients: vec![Status {
                recipient: &recipient,
                action: Action::Failed,
                status: EnhancedStatus::UNKNOWN_RECIPIENT,
                remote_mta: diagnostic.and(Some("mx.outside.example")),
                diagnostic,
                last_attempt: OffsetDateTime::UNIX_EPOCH,
                retry_until: None,
            }],
        })
    }

    /// The fields of RFC 3464 §2, each on one line, in two groups.
    #[test]
    fn a_report_has_the_form_of_the_standard() {
        let text = report(
            "rachel@outside.example",
            Some("rfc822;rachel+2Bx@old.example"),
            Some("550 5.1.1 no such\r\nBcc: somebody"),
        );
        let expected = "Original-Envelope-Id: QQ=314+159\r\n\
            Reporting-MTA: dns; mail.example.org\r\n\
            Arrival-Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n\
            \r\n\
            Original-Recipient: rfc822;rachel+x@old.example\r\n\
            Final-Recipient: rfc822; rachel@outside.example\r\n\
            Action: failed\r\n\
            Status: 5.1.1\r\n\
            Remote-MTA: dns; mx.outside.example\r\n\
            Diagnostic-Code: smtp; 550 5.1.1 no such  Bcc: somebody\r\n\
            Last-Attempt-Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n";
        assert_eq!(text, expected);
    }

    /// RFC 6533 §3: a report itself stays ASCII.
    #[test]
    fn an_address_beyond_ascii_is_encoded() {
        let text = report("דנה@outside.example", None, None);
        let encoded = "utf-8; \\x{5D3}\\x{5E0}\\x{5D4}@outside.example";
        assert!(text.contains(encoded), "{text}");
        assert!(text.is_ascii());
    }
}
