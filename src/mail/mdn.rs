//! Read receipts (MDN, RFC 8098): they inform an external sender that a message was opened or
//! rejected, and never contain any part of the message.

use time::OffsetDateTime;

use super::address::Address;
use super::compose::{self, Mailbox, Message, one_line};

/// What the reader did with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The reader opened it.
    Displayed,
    /// The reader rejected it unread.
    Deleted,
}

/// A receipt.
#[derive(Debug)]
pub struct Mdn<'a> {
    pub from: &'a str,
    pub to: &'a str,
    /// Who read or rejected the message.
    pub recipient: &'a str,
    /// As the sender gave it, `rfc822;…` (RFC 8098 §3.2.3).
    pub original_recipient: Option<String>,
    pub original_message_id: Option<&'a str>,
    pub disposition: Disposition,
    /// Sent without asking the reader.
    pub automatic: bool,
    pub reporting_ua: &'a str,
    pub reference: &'a str,
    pub date: OffsetDateTime,
    pub message_id: &'a str,
}

/// Writes a receipt, which is sent with the null reverse-path (RFC 8098 §3).
pub fn write(mdn: &Mdn<'_>) -> Vec<u8> {
    let to = [Mailbox { name: None, address: mdn.to.to_owned() }];
    let subject = match mdn.disposition {
        Disposition::Displayed => format!("Read: {}", mdn.reference),
        Disposition::Deleted => format!("Rejected unread: {}", mdn.reference),
    };
    let message = Message {
        from: Mailbox { name: None, address: mdn.from.to_owned() },
        to: &to,
        cc: &[],
        reply_to: None,
        subject: &subject,
        date: mdn.date,
        message_id: mdn.message_id,
        in_reply_to: mdn.original_message_id,
        references: &[],
        reference: mdn.reference,
        text: &text(mdn),
        html: None,
        // RFC 3834 §5, so that no auto-responder replies to it.
        extra: &[("Auto-Submitted", "auto-replied".to_owned())],
    };
    let boundary = format!("receipt-{}", mdn.reference);
    compose::report(&message, &boundary, "message/disposition-notification", &fields(mdn))
}

fn text(mdn: &Mdn<'_>) -> String {
    let what = match mdn.disposition {
        Disposition::Displayed => "was opened",
        Disposition::Deleted => "was rejected without being read",
    };
    format!(
        "Your message to {} {what}.\n\nReference: {}\n\nThis does not mean that the recipient has \
         understood it. Please do not reply to this email: replies are not read.\n",
        mdn.recipient, mdn.reference
    )
}

fn fields(mdn: &Mdn<'_>) -> String {
    let mut fields = format!("Reporting-UA: {}; Postern\r\n", one_word(mdn.reporting_ua));
    if let Some(original) = &mdn.original_recipient {
        fields.push_str(&format!("Original-Recipient: {}\r\n", one_line(original)));
    }
    // The type `rfc822` has no other characters than ASCII (RFC 8098 §3.2.4, RFC 6533 §3).
    let recipient = Address::parse(mdn.recipient)
        .map_or_else(|_| mdn.recipient.to_owned(), |address| address.for_ascii_hosts().to_string());
    fields.push_str(&format!("Final-Recipient: rfc822;{}\r\n", one_line(&recipient)));
    if let Some(id) = mdn.original_message_id {
        fields.push_str(&format!("Original-Message-ID: <{}>\r\n", one_word(id)));
    }
    // RFC 8098 §3.2.6.1: the reader acted manually; the receipt may be sent by a setting.
    let sent = if mdn.automatic {
        "manual-action/MDN-sent-automatically"
    } else {
        "manual-action/MDN-sent-manually"
    };
    let kind = match mdn.disposition {
        Disposition::Displayed => "displayed",
        Disposition::Deleted => "deleted",
    };
    fields.push_str(&format!("Disposition: {sent}; {kind}\r\n"));
    fields
}

fn one_word(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !c.is_whitespace() && !"<>".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::header::{HeaderLimits, gate};

    /// P-47: the form of RFC 8098.
    #[test]
    fn a_receipt_has_the_form_of_the_standard() {
        for (disposition, word) in
            [(Disposition::Displayed, "displayed"), (Disposition::Deleted, "deleted")]
        {
            let octets = write(&Mdn {
                from: "postmaster@example.org",
                to: "rachel@outside.example",
                recipient: "dana@example.org",
                original_recipient: Some("rfc822;dana@example.org".to_owned()),
                original_message_id: Some("x@outside.example\r\nBcc: y"),
                disposition,
                automatic: true,
                reporting_ua: "Example Ltd",
                reference: "01KAN-5Q7DC-8E2XV-M9T4H",
                date: OffsetDateTime::UNIX_EPOCH,
                message_id: "m@example.org",
            });
            gate(&octets, &HeaderLimits::default()).unwrap();
            let text = String::from_utf8(octets).unwrap();
            for part in [
                "Content-Type: multipart/report;",
                "report-type=\"disposition-notification\"",
                "Content-Type: message/disposition-notification\r\n",
                "Final-Recipient: rfc822;dana@example.org\r\n",
                "Original-Recipient: rfc822;dana@example.org\r\n",
                "Original-Message-ID: <x@outside.exampleBcc:y>\r\n",
                &format!("Disposition: manual-action/MDN-sent-automatically; {word}\r\n"),
                "Auto-Submitted: auto-replied\r\n",
                "01KAN-5Q7DC-8E2XV-M9T4H",
            ] {
                assert!(text.contains(part), "{part}\n{text}");
            }
        }
    }

    /// An address of the type `rfc822` is in ASCII, as far as its domain can be.
    #[test]
    fn the_recipient_is_named_as_every_host_reads_it() {
        let octets = write(&Mdn {
            from: "postmaster@example.org",
            to: "rachel@outside.example",
            recipient: "dana@bücher.example",
            original_recipient: None,
            original_message_id: None,
            disposition: Disposition::Displayed,
            automatic: false,
            reporting_ua: "Example Ltd",
            reference: "01KAN-5Q7DC-8E2XV-M9T4H",
            date: OffsetDateTime::UNIX_EPOCH,
            message_id: "m@example.org",
        });
        let text = String::from_utf8(octets).unwrap();
        assert!(text.contains("Final-Recipient: rfc822;dana@xn--bcher-kva.example\r\n"), "{text}");
    }
}
