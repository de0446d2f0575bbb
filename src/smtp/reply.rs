//! Replies: code, enhanced status (RFC 3463, RFC 2034) and text. A reply never repeats anything
//! that the peer sent.

use std::io::Write;

use crate::gateway::{self, Reason};
use crate::mail::status::EnhancedStatus;
use crate::net::work::NotDone;

/// One reply line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub status: EnhancedStatus,
    pub text: &'static str,
}

impl Reply {
    pub const fn new(code: u16, status: EnhancedStatus, text: &'static str) -> Reply {
        Reply { code, status, text }
    }

    /// Returns whether this is a temporary or permanent refusal.
    pub fn is_refusal(self) -> bool {
        self.code >= 400
    }

    /// Appends the line.
    pub fn write(self, out: &mut Vec<u8>) {
        line(out, format_args!("{} {} {}", self.code, self.status, self.text));
    }
}

/// Appends a line with its CRLF.
pub fn line(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a Vec cannot fail");
    out.extend_from_slice(b"\r\n");
}

use EnhancedStatus as S;

pub const RESET: Reply = Reply::new(250, S::OK, "OK");
pub const NOOP: Reply = Reply::new(250, S::OK, "OK");
pub const BYE: Reply = Reply::new(221, S::OK, "Goodbye");
pub const SENDER_OK: Reply = Reply::new(250, S::SENDER_OK, "Sender OK");
pub const RECIPIENT_OK: Reply = Reply::new(250, S::RECIPIENT_OK, "Recipient OK");
pub const START_TLS: Reply = Reply::new(220, S::OK, "Ready to start TLS");
/// Neither confirms nor denies an address, so that nobody can probe for accounts (RFC 5321 §7.3).
pub const VRFY: Reply =
    Reply::new(252, S(2, 5, 2), "Cannot VRFY user, but will accept message and attempt delivery");
pub const HELP: Reply =
    Reply::new(214, S::OK, "EHLO HELO STARTTLS MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT");

pub const BARE_LF: Reply = Reply::new(500, S::SYNTAX, "Lines must end in CRLF, not in a bare LF");
pub const BARE_CR: Reply = Reply::new(500, S::SYNTAX, "A CR is allowed only before an LF");
pub const CONTROL: Reply = Reply::new(500, S::SYNTAX, "Control characters are not allowed");
pub const NOT_UTF8: Reply = Reply::new(500, S::SYNTAX, "The line is not valid UTF-8");
pub const LINE_TOO_LONG: Reply = Reply::new(500, S::SYNTAX, "Line too long");
pub const UNKNOWN: Reply = Reply::new(500, S::BAD_COMMAND, "Unknown command");
pub const NOT_IMPLEMENTED: Reply = Reply::new(502, S::BAD_COMMAND, "Command not implemented");
pub const NO_ARGUMENT: Reply = Reply::new(501, S::BAD_PARAMETER, "This command takes no arguments");
pub const HELLO_SYNTAX: Reply = Reply::new(501, S::BAD_PARAMETER, "Syntax: EHLO hostname");
pub const MAIL_SYNTAX: Reply =
    Reply::new(501, S::SYNTAX, "Syntax: MAIL FROM:<address> [parameters]");
pub const RCPT_SYNTAX: Reply = Reply::new(501, S::SYNTAX, "Syntax: RCPT TO:<address> [parameters]");
pub const BDAT_SYNTAX: Reply = Reply::new(501, S::SYNTAX, "Syntax: BDAT size [LAST]");
pub const BAD_SENDER: Reply = Reply::new(553, S::BAD_SENDER, "Bad sender address syntax");
pub const BAD_RECIPIENT: Reply = Reply::new(553, S::BAD_RECIPIENT, "Bad recipient address syntax");
pub const SENDER_LITERAL: Reply =
    Reply::new(553, S::BAD_SENDER, "Address literals are not accepted");
pub const RECIPIENT_LITERAL: Reply =
    Reply::new(550, S(5, 1, 2), "Address literals are not accepted");
pub const SENDER_NEEDS_SMTPUTF8: Reply =
    Reply::new(550, S::NEEDS_SMTPUTF8, "The address requires SMTPUTF8");
pub const RECIPIENT_NEEDS_SMTPUTF8: Reply =
    Reply::new(553, S::NEEDS_SMTPUTF8, "The address requires SMTPUTF8");
pub const BAD_PARAMETER: Reply = Reply::new(501, S::BAD_PARAMETER, "Invalid parameter value");
pub const TWICE: Reply = Reply::new(501, S::BAD_PARAMETER, "Duplicate parameter");
pub const UNKNOWN_PARAMETER: Reply = Reply::new(555, S::BAD_PARAMETER, "Unknown parameter");

pub const HELLO_FIRST: Reply = Reply::new(503, S::BAD_COMMAND, "EHLO first");
pub const MAIL_FIRST: Reply = Reply::new(503, S::BAD_COMMAND, "MAIL first");
pub const MAIL_TWICE: Reply = Reply::new(503, S::BAD_COMMAND, "Nested MAIL command");
pub const CHUNKS_BEGUN: Reply =
    Reply::new(503, S::BAD_COMMAND, "BDAT in progress; send BDAT or RSET");
pub const NO_RECIPIENTS: Reply = Reply::new(554, S::BAD_COMMAND, "No valid recipients");
pub const TLS_TWICE: Reply = Reply::new(503, S::BAD_COMMAND, "TLS already active");
pub const TLS_FIRST: Reply = Reply::new(530, S::NEEDS_TLS, "STARTTLS first");

pub const TOO_LARGE: Reply = Reply::new(552, S::TOO_LARGE, "Message size exceeds limit");
pub const TOO_MANY_RECIPIENTS: Reply =
    Reply::new(452, S::TOO_MANY_RECIPIENTS, "Too many recipients");
/// A mailbox has no room for the message, at RCPT or after its last octet.
pub const MAILBOX_FULL: Reply = Reply::new(452, S(4, 2, 2), "Mailbox full");
/// No memory is left for messages, or the core is too busy; both are temporary.
pub const NO_ROOM: Reply =
    Reply::new(452, S::SYSTEM_FULL, "Insufficient system resources, try again later");
pub const BARE_LINE_END: Reply =
    Reply::new(554, S(5, 6, 11), "Message contains a bare CR or LF; lines must end in CRLF");
pub const NUL: Reply = Reply::new(554, S(5, 6, 11), "Message contains a NUL character");
pub const MESSAGE_LINE_TOO_LONG: Reply =
    Reply::new(554, S::MEDIA, "Message contains a line that is too long");
pub const TEMPORARY: Reply = Reply::new(451, S::SYSTEM_TEMPORARY, "Local error, try again later");

pub const TOO_MANY_ERRORS: Reply = Reply::new(421, S(4, 7, 0), "Too many errors");
pub const TIMEOUT: Reply = Reply::new(421, S(4, 4, 2), "Timeout, closing connection");
pub const STOPPING: Reply = Reply::new(421, S::TOO_BUSY, "Server shutting down, try again later");
pub const TALKS_EARLY: Reply =
    Reply::new(554, S::BAD_COMMAND, "Protocol error: client sent data before the greeting");
/// Sent in place of a greeting on a connection over a limit.
pub const TURNED_AWAY: &[u8] = b"421 4.3.2 Too many connections, try again later\r\n";

/// Returns the reply for a recipient that is refused.
pub const fn of_refusal(reason: Reason) -> Reply {
    match reason {
        Reason::UnknownRecipient => Reply::new(550, S::UNKNOWN_RECIPIENT, "No such recipient here"),
        Reason::NotLocal => Reply::new(550, S::POLICY, "Relay access denied"),
        Reason::AcceptFrom => Reply::new(550, S::POLICY, "Recipient does not accept external mail"),
        Reason::Disabled => Reply::new(550, S(5, 2, 1), "Mailbox disabled, not accepting messages"),
        Reason::Intranet => Reply::new(550, S::POLICY, "External mail is not accepted here"),
        Reason::ClosedGroup => Reply::new(
            550,
            S::POLICY,
            "Recipient is in a closed group and accepts only its members",
        ),
        Reason::GroupWriters => {
            Reply::new(550, S::POLICY, "The group does not accept messages from this sender")
        }
        // Temporary: its owner may make room before the peer gives up.
        Reason::MailboxFull => MAILBOX_FULL,
        Reason::NotNow => {
            Reply::new(450, S(4, 2, 1), "Mailbox temporarily unavailable, try again later")
        }
    }
}

/// Returns the reply for an error of the gateway. When something could not be decided or stored,
/// the reply is temporary, so that the peer tries again.
pub fn of_error(error: &gateway::Error) -> Reply {
    use gateway::Error as E;
    match error {
        E::NotFound { .. } => Reply::new(550, S::UNKNOWN_RECIPIENT, "No such recipient here"),
        E::Denied { .. } => Reply::new(550, S::POLICY, "Not allowed"),
        E::TooLarge => Reply::new(552, S::TOO_LARGE, "Message size exceeds limit"),
        E::OverQuota | E::MailboxFull => MAILBOX_FULL,
        E::Invalid { .. } => Reply::new(554, S::MEDIA, "Malformed message"),
        E::Full => Reply::new(452, S::SYSTEM_FULL, "Insufficient system storage, try again later"),
        E::Busy => Reply::new(452, S::TOO_BUSY, "System busy, try again later"),
        E::Refused
        | E::WeakPassword
        | E::CodeNeeded
        | E::WrongCode
        | E::Conflict(_)
        | E::BrokeOff
        | E::Damaged { .. }
        | E::KeysDiffer
        | E::NewerRecord { .. }
        | E::Unavailable(_) => TEMPORARY,
    }
}

/// Returns the reply when the core was not called, or returned no answer.
pub fn of_not_done(reason: &NotDone) -> Reply {
    match reason {
        NotDone::Busy => NO_ROOM,
        NotDone::Failed(_) => TEMPORARY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_one_line() {
        let mut out = Vec::new();
        SENDER_OK.write(&mut out);
        assert_eq!(out, b"250 2.1.0 Sender OK\r\n");
    }

    #[test]
    fn what_could_not_be_stored_is_tried_again() {
        use gateway::Error as E;
        for error in [
            E::Full,
            E::OverQuota,
            E::MailboxFull,
            E::Busy,
            E::Conflict(gateway::Conflict::Reference),
            E::BrokeOff,
            E::Damaged { what: String::new() },
            E::NewerRecord { table: "accounts", found: 2, known: 1 },
        ] {
            let code = of_error(&error).code;
            assert!((450..500).contains(&code), "{error}: {code}");
        }
        let newer = of_error(&E::NewerRecord { table: "accounts", found: 2, known: 1 });
        assert_eq!((newer.code, newer.status), (451, S(4, 3, 0)));
        assert_eq!((of_error(&E::Full).code, of_error(&E::Full).status), (452, S::SYSTEM_FULL));
    }
}
