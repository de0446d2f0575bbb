//! What arrives between `354` and the end of a message: framing, dots, line ends.
//!
//! Only `CRLF . CRLF` ends a message. A bare CR or LF never ends a line, and a message with one is
//! refused: where two servers disagree on line ends, an attacker can make one message look like
//! two (RFC 5321 §2.3.8, §4.1.1.4). The same applies to NUL, which some servers drop.
//!
//! ```text
//!            CR          LF
//!   Text ---------> Cr ------> LineStart --- "." --> Dot --- CR --> DotCr --- LF --> end
//!     ^              |             |                  |               |
//!     +--------------+-------------+------------------+---------------+   anything else
//! ```

use memchr::memchr3;

/// Why the octets are not a valid message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    BareCr,
    BareLf,
    Nul,
    LineTooLong,
}

/// Whether a dot at the beginning of a line has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// DATA: a leading dot is doubled, and a dot alone on its line ends the message (RFC 5321
    /// §4.5.2).
    Dots,
    /// BDAT: the length determines where the end is (RFC 3030).
    Counted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    LineStart,
    Text,
    Cr,
    Dot,
    DotCr,
}

/// Scans a message's octets as they arrive, in pieces of any size.
#[derive(Debug)]
pub struct Scanner {
    framing: Framing,
    state: State,
    line_octets: usize,
    line_octets_max: usize,
    flaw: Option<Flaw>,
}

/// How much of a piece was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// The number of its octets that belong to the message and its framing.
    pub used: usize,
    /// Whether the message ended there.
    pub ended: bool,
}

impl Scanner {
    pub fn new(framing: Framing, line_octets_max: usize) -> Scanner {
        // A dot right after the DATA line ends the message: the CRLF of that line precedes it.
        Scanner { framing, state: State::LineStart, line_octets: 0, line_octets_max, flaw: None }
    }

    /// The first flaw found, if any.
    pub fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }

    /// The first flaw after the last octet: a CR that nothing follows is bare.
    pub fn flaw_at_end(&self) -> Option<Flaw> {
        let unfinished = self.state == State::Cr && self.framing == Framing::Counted;
        self.flaw.or(unfinished.then_some(Flaw::BareCr))
    }

    /// Scans a piece and hands the message's own octets to `sink`, split only where a dot is
    /// removed. After a flaw the framing is still followed, so that both sides stay in sync; what
    /// `sink` gets is then of no use.
    pub fn scan(&mut self, piece: &[u8], mut sink: impl FnMut(&[u8])) -> Scanned {
        let (mut at, mut unsent) = (0, 0);
        while at < piece.len() {
            let octet = piece[at];
            match self.state {
                State::LineStart if octet == b'.' && self.framing == Framing::Dots => {
                    sink(&piece[unsent..at]);
                    at += 1;
                    unsent = at;
                    self.state = State::Dot;
                }
                State::LineStart => self.state = State::Text,
                State::Text => at = self.text(piece, at),
                State::Cr if octet == b'\n' => {
                    at += 1;
                    self.line_octets = 0;
                    self.state = State::LineStart;
                }
                State::Cr => {
                    self.note(Flaw::BareCr);
                    self.state = State::Text;
                }
                State::Dot if octet == b'\r' => {
                    at += 1;
                    unsent = at;
                    self.state = State::DotCr;
                }
                State::Dot => self.state = State::Text,
                State::DotCr if octet == b'\n' => return Scanned { used: at + 1, ended: true },
                State::DotCr => {
                    self.note(Flaw::BareCr);
                    self.state = State::Text;
                }
            }
        }
        sink(&piece[unsent..]);
        Scanned { used: at, ended: false }
    }

    /// Advances to just after the next CR, LF or NUL.
    fn text(&mut self, piece: &[u8], at: usize) -> usize {
        let rest = &piece[at..];
        let found = memchr3(b'\r', b'\n', 0, rest);
        self.line_octets += found.unwrap_or(rest.len());
        if self.line_octets > self.line_octets_max {
            self.note(Flaw::LineTooLong);
        }
        let Some(found) = found else { return piece.len() };
        match rest[found] {
            b'\r' => self.state = State::Cr,
            b'\n' => self.note(Flaw::BareLf),
            _ => self.note(Flaw::Nul),
        }
        at + found + 1
    }

    fn note(&mut self, flaw: Flaw) {
        self.flaw.get_or_insert(flaw);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the message, what was left over after its end, and the flaw.
    fn scan_in(pieces: &[&[u8]], framing: Framing) -> (Vec<u8>, Option<Vec<u8>>, Option<Flaw>) {
        let mut scanner = Scanner::new(framing, 100);
        let mut message = Vec::new();
        for (n, piece) in pieces.iter().enumerate() {
            let scanned = scanner.scan(piece, |slice| message.extend_from_slice(slice));
            if scanned.ended {
                let mut left = piece[scanned.used..].to_vec();
                pieces[n + 1..].iter().for_each(|piece| left.extend_from_slice(piece));
                return (message, Some(left), scanner.flaw());
            }
            assert_eq!(scanned.used, piece.len());
        }
        (message, None, scanner.flaw_at_end())
    }

    fn scan(octets: &[u8]) -> (Vec<u8>, Option<Vec<u8>>, Option<Flaw>) {
        let whole = scan_in(&[octets], Framing::Dots);
        let singly: Vec<&[u8]> = octets.chunks(1).collect();
        assert_eq!(scan_in(&singly, Framing::Dots), whole, "pieces make a difference");
        whole
    }

    #[test]
    fn a_message_ends_at_a_dot_on_its_own_line() {
        for (octets, message, left) in [
            (b"a\r\n.\r\n".as_slice(), b"a\r\n".as_slice(), Some(b"".as_slice())),
            (b"a\r\n.\r\nQUIT\r\n", b"a\r\n", Some(b"QUIT\r\n")),
            // Right after the DATA line: an empty message.
            (b".\r\n", b"", Some(b"")),
            (b"..\r\n.\r\n", b".\r\n", Some(b"")),
            (b"..a\r\n...\r\n.\r\n", b".a\r\n..\r\n", Some(b"")),
            (b".a\r\n.\r\n", b"a\r\n", Some(b"")),
            (b"a.\r\n.\r\n", b"a.\r\n", Some(b"")),
            (b"\r\n\r\n.\r\n", b"\r\n\r\n", Some(b"")),
            (b"a\r\n.", b"a\r\n", None),
            (b"a\r\n.\r", b"a\r\n", None),
        ] {
            let (got, rest, flaw) = scan(octets);
            let shown = String::from_utf8_lossy(octets);
            assert_eq!((got.as_slice(), rest.as_deref(), flaw), (message, left, None), "{shown:?}");
        }
    }

    #[test]
    fn no_other_sequence_ends_a_message_and_each_is_a_flaw() {
        use Flaw::*;
        for (sequence, flaw) in [
            (b"\n.\n".as_slice(), BareLf),
            (b"\n.\r\n", BareLf),
            (b"\r.\r", BareCr),
            (b"\r.\r\n", BareCr),
            (b"\r\n.\n", BareLf),
            (b"\r\n.\r", BareCr),
            (b"\r\n\0.\r\n", Nul),
            (b"\r\n.\0\r\n", Nul),
            (b"\r\0\n.\r\n", BareCr),
            (b"\r\n.\r\r\n", BareCr),
            (b"\n\n.\r\n", BareLf),
            (b"\n\r.\r\n", BareLf),
            (b"\r\r.\r\n", BareCr),
            (b"\0", Nul),
        ] {
            let mut octets = b"From: a@b.example\r\n\r\nx".to_vec();
            octets.extend_from_slice(sequence);
            octets.extend_from_slice(b"MAIL FROM:<evil@x.example>\r\n.\r\nNOOP\r\n");
            let (_, left, found) = scan(&octets);
            let shown = String::from_utf8_lossy(sequence);
            assert_eq!(
                (left.as_deref(), found),
                (Some(b"NOOP\r\n".as_slice()), Some(flaw)),
                "{shown:?}"
            );
        }
    }

    #[test]
    fn a_long_line_is_a_flaw_in_one_piece_and_in_many() {
        let line = |octets: usize| [vec![b'a'; octets], b"\r\n.\r\n".to_vec()].concat();
        assert_eq!(scan(&line(100)).2, None);
        assert_eq!(scan(&line(101)).2, Some(Flaw::LineTooLong));
    }

    #[test]
    fn chunks_carry_dots_as_they_are() {
        let octets = b".\r\n..a\r\n.\r\n";
        let (message, left, flaw) = scan_in(&[octets], Framing::Counted);
        assert_eq!((message.as_slice(), left, flaw), (octets.as_slice(), None, None));
        assert_eq!(scan_in(&[b"a\r", b"\nb"], Framing::Counted).2, None);
        assert_eq!(scan_in(&[b"a\r", b"b"], Framing::Counted).2, Some(Flaw::BareCr));
        assert_eq!(scan_in(&[b"a\r"], Framing::Counted).2, Some(Flaw::BareCr));
        assert_eq!(scan_in(&[b"a\nb"], Framing::Counted).2, Some(Flaw::BareLf));
    }

    /// Dot-stuffs the lines as a sender does (RFC 5321 §4.5.2).
    fn stuffed(lines: &[Vec<u8>]) -> Vec<u8> {
        let mut wire = Vec::new();
        for line in lines {
            if line.first() == Some(&b'.') {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
        wire
    }

    proptest! {
        #[test]
        fn any_lines_come_through_in_any_pieces(
            lines in prop::collection::vec(prop::collection::vec(
                prop_oneof![Just(b'.'), 1u8..=255].prop_filter("text", |o| *o != 13 && *o != 10),
                0..20,
            ), 0..20),
            size in 1usize..40,
        ) {
            let wire = stuffed(&lines);
            let pieces: Vec<&[u8]> = wire.chunks(size).collect();
            let (message, left, flaw) = scan_in(&pieces, Framing::Dots);
            let expected: Vec<u8> =
                lines.iter().flat_map(|line| [line.as_slice(), b"\r\n"].concat()).collect();
            prop_assert_eq!((message, left, flaw), (expected, Some(Vec::new()), None));
        }

        #[test]
        fn the_end_is_where_crlf_dot_crlf_is(
            octets in prop::collection::vec(prop::sample::select(b"\r\n.a\0".to_vec()), 0..60),
            size in 1usize..9,
        ) {
            let wire = [b"x".as_slice(), &octets, b"\r\n.\r\nrest"].concat();
            let pieces: Vec<&[u8]> = wire.chunks(size).collect();
            let end = memchr::memmem::find(&wire, b"\r\n.\r\n").unwrap() + 5;
            let (_, left, _) = scan_in(&pieces, Framing::Dots);
            prop_assert_eq!(left, Some(wire[end..].to_vec()));
        }
    }
}
