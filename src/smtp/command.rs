//! Commands: a line that the strict parser accepted becomes one of these. smtp-proto parses verbs
//! and the values of parameters; `mail` parses paths and xtext.

use smtp_proto::{
    MAIL_BODY_8BITMIME, MAIL_BODY_BINARYMIME, MAIL_REQUIRETLS, MAIL_RET_FULL, MAIL_RET_HDRS,
    MAIL_SMTPUTF8, RCPT_NOTIFY_DELAY, RCPT_NOTIFY_FAILURE, RCPT_NOTIFY_NEVER, RCPT_NOTIFY_SUCCESS,
    Request,
};

use crate::mail::address::{Address, Domain};
use crate::mail::envelope::{
    BodyKind, DsnReturn, Envelope, ForwardPath, Notify, OriginalRecipient, Recipient, ReversePath,
    xtext_decode,
};

use super::lines;
use super::reply::{self, Reply};

/// A command from a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Hello { name: String, dialect: Dialect },
    StartTls,
    Mail(Box<Envelope>),
    Rcpt(Recipient),
    Data,
    Bdat { octets: u64, place: Chunk },
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
}

/// Whether a chunk ends its message (RFC 3030 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    Middle,
    Last,
}

/// HELO or EHLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Plain,
    Extended,
}

/// Why a line is not accepted as a command. When a BDAT line is wrong, the number of octets that
/// follow is unknown, so the session cannot continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Wrong(Reply),
    OutOfStep(Reply),
}

impl From<Reply> for Refusal {
    fn from(reply: Reply) -> Refusal {
        Refusal::Wrong(reply)
    }
}

const MAIL_PARAMETERS: [&str; 6] = ["SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "REQUIRETLS"];
const RCPT_PARAMETERS: [&str; 2] = ["NOTIFY", "ORCPT"];
/// RFC 3461 §4.4 and §4.2.
const ENVID_OCTETS_MAX: usize = 100;
const ORCPT_OCTETS_MAX: usize = 500;

/// Parses a command line, including its CRLF.
pub fn parse(line: &[u8]) -> Result<Command, Refusal> {
    let text = lines::check(line).map_err(|reply| match is_bdat(line) {
        true => Refusal::OutOfStep(reply),
        false => Refusal::Wrong(reply),
    })?;
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    if verb.eq_ignore_ascii_case("MAIL") {
        return Ok(mail(rest)?);
    }
    if verb.eq_ignore_ascii_case("RCPT") {
        return Ok(rcpt(rest)?);
    }
    if is_bdat(line) {
        return bdat(rest).map_err(Refusal::OutOfStep);
    }
    Ok(other(text, rest.trim_matches(' '))?)
}

fn is_bdat(line: &[u8]) -> bool {
    line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"))
}

/// Parses the verbs that carry no path.
fn other(text: &str, rest: &str) -> Result<Command, Reply> {
    // A verb must be at the beginning of its line; smtp-proto would skip leading spaces.
    if text.is_empty() || text.starts_with(' ') {
        return Err(reply::UNKNOWN);
    }
    if !text.is_ascii() && !is_vrfy(text) {
        // An international host name is sent as its A-labels (RFC 6531 §3.7.1).
        let verb = text.split(' ').next().unwrap_or_default();
        let greets = ["EHLO", "HELO"].iter().any(|known| verb.eq_ignore_ascii_case(known));
        return Err(if greets { reply::HELLO_SYNTAX } else { reply::UNKNOWN });
    }
    let line = format!("{text}\r\n");
    let bare = |command| if rest.is_empty() { Ok(command) } else { Err(reply::NO_ARGUMENT) };
    match Request::parse(&mut line.as_bytes().iter()) {
        Ok(Request::Ehlo { .. }) => hello(rest, Dialect::Extended),
        Ok(Request::Helo { .. }) => hello(rest, Dialect::Plain),
        Ok(Request::StartTls) => bare(Command::StartTls),
        Ok(Request::Data) => bare(Command::Data),
        Ok(Request::Rset) => bare(Command::Rset),
        Ok(Request::Quit) => bare(Command::Quit),
        Ok(Request::Noop { .. }) => Ok(Command::Noop),
        Ok(Request::Vrfy { .. }) => Ok(Command::Vrfy),
        Ok(Request::Help { .. }) => Ok(Command::Help),
        // Known, but not for this listener.
        Ok(_) => Err(reply::NOT_IMPLEMENTED),
        Err(smtp_proto::Error::SyntaxError { syntax }) if syntax.starts_with("EHLO") => {
            Err(reply::HELLO_SYNTAX)
        }
        Err(smtp_proto::Error::SyntaxError { syntax }) if syntax.starts_with("HELO") => {
            Err(reply::HELLO_SYNTAX)
        }
        Err(smtp_proto::Error::SyntaxError { .. }) => Err(reply::BAD_PARAMETER),
        Err(_) => Err(reply::UNKNOWN),
    }
}

fn is_vrfy(text: &str) -> bool {
    text.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case("VRFY "))
}

fn hello(name: &str, dialect: Dialect) -> Result<Command, Reply> {
    match lines::is_host(name) {
        true => Ok(Command::Hello { name: name.to_owned(), dialect }),
        false => Err(reply::HELLO_SYNTAX),
    }
}

/// Returns what follows the keyword in `FROM:<path> parameters`, without the space after the colon
/// that many clients send.
fn after_keyword<'l>(rest: &'l str, keyword: &str) -> Option<&'l str> {
    let found = rest.get(..keyword.len())?;
    let rest = rest.get(keyword.len()..)?;
    found.eq_ignore_ascii_case(keyword).then(|| rest.trim_start_matches(' '))
}

fn mail(rest: &str) -> Result<Command, Reply> {
    let path = after_keyword(rest, "FROM:").ok_or(reply::MAIL_SYNTAX)?;
    let (path, rest) = lines::cut_path(path).ok_or(reply::MAIL_SYNTAX)?;
    let sender = ReversePath::parse(path).map_err(|_| reply::BAD_SENDER)?;
    if matches!(&sender, ReversePath::Address(address) if is_literal(address)) {
        return Err(reply::SENDER_LITERAL);
    }
    let parameters = lines::parameters(rest, &MAIL_PARAMETERS)?;
    let line = format!("MAIL FROM:<>{rest}\r\n");
    let Ok(Request::Mail { from }) = Request::parse(&mut line.as_bytes().iter()) else {
        return Err(reply::BAD_PARAMETER);
    };
    let mut envelope = Envelope::from(sender);
    for (name, value) in parameters {
        match (name, value) {
            ("SIZE", Some(value)) => {
                let size = lines::number(value).ok_or(reply::BAD_PARAMETER)?;
                envelope.declared_size = Some(size);
            }
            ("ENVID", Some(value)) => envelope.envid = Some(envid(value)?),
            ("BODY" | "RET", Some(_)) | ("SMTPUTF8" | "REQUIRETLS", None) => {}
            _ => return Err(reply::BAD_PARAMETER),
        }
    }
    let has = |flag| from.flags & flag != 0;
    // BINARYMIME is not announced: a message consists of lines here (RFC 3030 §3).
    if has(MAIL_BODY_BINARYMIME) {
        return Err(reply::BAD_PARAMETER);
    }
    envelope.smtputf8 = has(MAIL_SMTPUTF8);
    envelope.require_tls = has(MAIL_REQUIRETLS);
    envelope.body = match has(MAIL_BODY_8BITMIME) {
        true => BodyKind::EightBitMime,
        false => BodyKind::SevenBit,
    };
    envelope.ret = match (has(MAIL_RET_FULL), has(MAIL_RET_HDRS)) {
        (true, _) => Some(DsnReturn::Full),
        (false, true) => Some(DsnReturn::HeadersOnly),
        (false, false) => None,
    };
    let needs = matches!(&envelope.reverse_path, ReversePath::Address(a) if !a.is_ascii());
    if needs && !envelope.smtputf8 {
        return Err(reply::SENDER_NEEDS_SMTPUTF8);
    }
    Ok(Command::Mail(Box::new(envelope)))
}

fn rcpt(rest: &str) -> Result<Command, Reply> {
    let path = after_keyword(rest, "TO:").ok_or(reply::RCPT_SYNTAX)?;
    let (path, rest) = lines::cut_path(path).ok_or(reply::RCPT_SYNTAX)?;
    let path = ForwardPath::parse(path).map_err(|_| reply::BAD_RECIPIENT)?;
    if matches!(&path, ForwardPath::Address(address) if is_literal(address)) {
        return Err(reply::RECIPIENT_LITERAL);
    }
    let mut recipient = Recipient { path, notify: Notify::default(), orcpt: None };
    for (name, value) in lines::parameters(rest, &RCPT_PARAMETERS)? {
        match (name, value) {
            ("NOTIFY", Some(_)) => recipient.notify = notify(rest)?,
            ("ORCPT", Some(value)) => recipient.orcpt = Some(orcpt(value)?),
            _ => return Err(reply::BAD_PARAMETER),
        }
    }
    Ok(Command::Rcpt(recipient))
}

/// NEVER cannot be combined with other values (RFC 3461 §4.1).
fn notify(rest: &str) -> Result<Notify, Reply> {
    let line = format!("RCPT TO:<>{rest}\r\n");
    let Ok(Request::Rcpt { to }) = Request::parse(&mut line.as_bytes().iter()) else {
        return Err(reply::BAD_PARAMETER);
    };
    let has = |flag| to.flags & flag != 0;
    let on = Notify::On {
        success: has(RCPT_NOTIFY_SUCCESS),
        failure: has(RCPT_NOTIFY_FAILURE),
        delay: has(RCPT_NOTIFY_DELAY),
    };
    let nothing = Notify::On { success: false, failure: false, delay: false };
    match (has(RCPT_NOTIFY_NEVER), on == nothing) {
        (true, true) => Ok(Notify::Never),
        (false, false) => Ok(on),
        _ => Err(reply::BAD_PARAMETER),
    }
}

/// `addr-type ";" xtext` (RFC 3461 §4.2).
fn orcpt(value: &str) -> Result<OriginalRecipient, Reply> {
    let (addr_type, address) = value.split_once(';').ok_or(reply::BAD_PARAMETER)?;
    let atom = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    let typed = !addr_type.is_empty() && addr_type.bytes().all(atom);
    let address = xtext_decode(address).filter(|address| !address.is_empty());
    match (typed && value.len() <= ORCPT_OCTETS_MAX, address) {
        (true, Some(address)) => Ok(OriginalRecipient { addr_type: addr_type.to_owned(), address }),
        _ => Err(reply::BAD_PARAMETER),
    }
}

fn envid(value: &str) -> Result<String, Reply> {
    let decoded = xtext_decode(value).filter(|decoded| !decoded.is_empty());
    decoded.filter(|_| value.len() <= ENVID_OCTETS_MAX).ok_or(reply::BAD_PARAMETER)
}

/// `BDAT octets [LAST]` (RFC 3030 §2).
fn bdat(rest: &str) -> Result<Command, Reply> {
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let octets = words.next().and_then(lines::number).ok_or(reply::BDAT_SYNTAX)?;
    let place = match (words.next(), words.next()) {
        (None, _) => Chunk::Middle,
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => Chunk::Last,
        _ => return Err(reply::BDAT_SYNTAX),
    };
    Ok(Command::Bdat { octets, place })
}

fn is_literal(address: &Address) -> bool {
    matches!(address.domain(), Domain::Literal(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, Refusal> {
        parse(format!("{line}\r\n").as_bytes())
    }

    fn refused(line: &str) -> Reply {
        match read(line) {
            Err(Refusal::Wrong(reply) | Refusal::OutOfStep(reply)) => reply,
            Ok(command) => panic!("{line}: {command:?}"),
        }
    }

    fn envelope(line: &str) -> Envelope {
        match read(line) {
            Ok(Command::Mail(envelope)) => *envelope,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn recipient(line: &str) -> Recipient {
        match read(line) {
            Ok(Command::Rcpt(recipient)) => recipient,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn verbs_are_read_in_any_case() {
        for (line, command) in [
            ("data", Command::Data),
            ("RSET", Command::Rset),
            ("Noop with words", Command::Noop),
            ("VRFY dana", Command::Vrfy),
            ("help", Command::Help),
            ("HELP MAIL", Command::Help),
            ("QUIT", Command::Quit),
            ("StartTLS", Command::StartTls),
            ("BDAT 12", Command::Bdat { octets: 12, place: Chunk::Middle }),
            ("bdat 0 last", Command::Bdat { octets: 0, place: Chunk::Last }),
            (
                "EHLO relay.example",
                Command::Hello { name: "relay.example".into(), dialect: Dialect::Extended },
            ),
            (
                "HELO [192.0.2.1]",
                Command::Hello { name: "[192.0.2.1]".into(), dialect: Dialect::Plain },
            ),
        ] {
            assert_eq!(read(line), Ok(command), "{line}");
        }
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for (line, code) in [
            ("", 500),
            (" NOOP", 500),
            ("FOO", 500),
            ("NOOPX", 500),
            ("NOÖP", 500),
            ("DATA foo", 501),
            ("STARTTLS foo", 501),
            ("RSET foo", 501),
            ("QUIT foo", 501),
            ("EHLO", 501),
            ("EHLO a b", 501),
            ("EHLO a(b)", 501),
            ("HELO", 501),
            ("EXPN staff", 502),
            ("AUTH PLAIN AAAA", 502),
            ("ETRN x", 502),
            ("LHLO x", 502),
            ("MAIL", 501),
            ("MAIL FROM", 501),
            ("MAIL FROM:dana@example.org", 501),
            ("MAIL TO:<dana@example.org>", 501),
            ("RCPT FROM:<dana@example.org>", 501),
            ("MAIL FROM:<dana@example.org>x", 501),
            ("MAIL FROM:<dana>", 553),
            ("RCPT TO:<>", 553),
            ("RCPT TO:<dana>", 553),
            ("RCPT TO:<a@b@c.example>", 553),
            ("BDAT", 501),
            ("BDAT x", 501),
            ("BDAT -1", 501),
            ("BDAT 1 FIRST", 501),
            ("BDAT 1 LAST LAST", 501),
        ] {
            assert_eq!(refused(line).code, code, "{line}");
        }
    }

    #[test]
    fn a_wrong_chunk_size_ends_the_session() {
        for line in ["BDAT 99999999999999999999999 LAST", "BDAT 10000000000", "BDAT\u{7f}1"] {
            assert!(matches!(read(line), Err(Refusal::OutOfStep(_))), "{line}");
        }
    }

    #[test]
    fn the_traps_of_the_parser_behind_are_not_reached() {
        // smtp-proto 0.2.5 misparses each of these.
        assert_eq!(refused("MAIL FROM:<a@b.example> SIZE=99999999999999999999999999").code, 501);
        assert_eq!(recipient("RCPT TO:<postmaster>").path, ForwardPath::Postmaster);
        assert_eq!(recipient("RCPT TO:<PostMaster>").path, ForwardPath::Postmaster);
        for literal in ["u@[192.0.2.1]", "u@[IPv6:2001:db8::1]"] {
            assert_eq!(refused(&format!("RCPT TO:<{literal}>")), reply::RECIPIENT_LITERAL);
            assert_eq!(refused(&format!("MAIL FROM:<{literal}>")), reply::SENDER_LITERAL);
        }
        let quoted = recipient("RCPT TO:<\"a> NOTIFY=NEVER x\"@c.example>");
        assert_eq!(quoted.path.to_string(), "<\"a> NOTIFY=NEVER x\"@c.example>");
        assert_eq!(quoted.notify, Notify::default());
        assert_eq!(
            recipient("RCPT TO:<\"a@b\"@c.example>").path.to_string(),
            "<\"a@b\"@c.example>"
        );
        assert_eq!(refused("MAIL FROM:<a@b.example> ENVID=a+0Ab"), reply::BAD_PARAMETER);
        assert_eq!(refused("RCPT TO:<a@b.example> NOTIFY=NEVER,SUCCESS"), reply::BAD_PARAMETER);
        assert_eq!(refused("MAIL FROM:<a@b.example> SIZE=1 SIZE=2"), reply::TWICE);
        assert_eq!(parse(b"RCPT TO:<a\rb@c.example>\r\n"), Err(reply::BARE_CR.into()));
        assert_eq!(parse(b"RCPT TO:<\xff@c.example>\r\n"), Err(reply::NOT_UTF8.into()));
        assert_eq!(refused("EHLO foo\u{1} bar"), reply::CONTROL);
    }

    #[test]
    fn parameters_of_mail_reach_the_envelope() {
        let line = "MAIL FROM:<dana@example.org> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=a+2Bb \
                    SMTPUTF8 REQUIRETLS";
        let read = envelope(line);
        assert_eq!(read.reverse_path.to_string(), "<dana@example.org>");
        assert_eq!(read.declared_size, Some(1000));
        assert_eq!(read.body, BodyKind::EightBitMime);
        assert_eq!(read.ret, Some(DsnReturn::HeadersOnly));
        assert_eq!(read.envid.as_deref(), Some("a+b"));
        assert!(read.smtputf8 && read.require_tls);
        let plain = envelope("mail from: <>");
        assert_eq!(plain, Envelope::from(ReversePath::Null));
        assert_eq!(envelope("MAIL FROM:<> RET=FULL").ret, Some(DsnReturn::Full));
        for line in [
            "SIZE",
            "SIZE=",
            "SIZE=x",
            "BODY=BINARYMIME",
            "BODY=9BIT",
            "BODY",
            "RET=SOME",
            "ENVID=",
            "ENVID",
            "SMTPUTF8=1",
            "REQUIRETLS=1",
        ] {
            assert_eq!(refused(&format!("MAIL FROM:<> {line}")).code, 501, "{line}");
        }
        for line in ["AUTH=<>", "BY=1;R", "HOLDFOR=1", "NOTIFY=NEVER", "X"] {
            assert_eq!(refused(&format!("MAIL FROM:<> {line}")).code, 555, "{line}");
        }
        let long = format!("MAIL FROM:<> ENVID={}", "a".repeat(101));
        assert_eq!(refused(&long).code, 501);
    }

    #[test]
    fn parameters_of_rcpt_reach_the_envelope() {
        let read = recipient(
            "RCPT TO:<dana@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;omar+2Bx@example.org",
        );
        assert_eq!(read.notify, Notify::On { success: true, failure: false, delay: true });
        let orcpt = read.orcpt.unwrap();
        assert_eq!(
            (orcpt.addr_type.as_str(), orcpt.address.as_str()),
            ("rfc822", "omar+x@example.org")
        );
        assert_eq!(recipient("RCPT TO:<a@b.example> NOTIFY=NEVER").notify, Notify::Never);
        for line in ["NOTIFY", "NOTIFY=", "NOTIFY=X", "ORCPT=x", "ORCPT=;x", "ORCPT=rfc822;"] {
            assert_eq!(refused(&format!("RCPT TO:<a@b.example> {line}")).code, 501, "{line}");
        }
        assert_eq!(refused("RCPT TO:<a@b.example> SIZE=1").code, 555);
    }

    #[test]
    fn an_address_beyond_ascii_needs_smtputf8() {
        assert_eq!(refused("MAIL FROM:<דנה@example.org>"), reply::SENDER_NEEDS_SMTPUTF8);
        let read = envelope("MAIL FROM:<דנה@example.org> SMTPUTF8");
        assert_eq!(read.reverse_path.to_string(), "<דנה@example.org>");
    }
}
