//! Messages in an mbox file (RFC 4155): each begins after a line `From …`, which stands at the
//! beginning of the file or after an empty line.
//!
//! Lines that would look like that were written with a `>` before them (the form called mboxrd), which is
//! taken off again. A file is read line by line, so only one message is in memory at a time, and one that
//! is longer than allowed is passed over.

use std::io::{self, BufRead, Read};

/// One message of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The line of the file that it begins in, from 1 on.
    pub line: u64,
    /// The octets as they stand in the file; `None` if there are more than allowed.
    pub octets: Option<Vec<u8>>,
}

/// Reads the messages of an mbox file, one after another.
pub struct Mbox<R> {
    from: R,
    octets_max: usize,
    /// How many lines were read.
    lines: u64,
    /// Whether the line that separates the next message from this one was read already.
    begun: Begun,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    /// Nothing was read yet.
    Nothing,
    Message,
    /// The file is at its end, or it is no mbox file.
    Over,
}

/// A line may be this long, with its end; what is longer is taken in parts.
const LINE_OCTETS_MAX: u64 = 64 * 1024;

impl<R: BufRead> Mbox<R> {
    /// Reads messages of at most `octets_max` octets.
    pub fn new(from: R, octets_max: usize) -> Mbox<R> {
        Mbox { from, octets_max, lines: 0, begun: Begun::Nothing }
    }

    /// Returns the next message; `None` at the end. A file that does not begin with a `From ` line is
    /// [`io::ErrorKind::InvalidData`].
    pub fn read_next(&mut self) -> io::Result<Option<Found>> {
        let mut line = Vec::new();
        if self.begun == Begun::Nothing {
            self.begun = Begun::Over;
            match self.line(&mut line)? {
                0 => return Ok(None),
                _ if line.starts_with(SEPARATOR) => self.begun = Begun::Message,
                _ => {
                    let what = "it does not begin with a line `From …`, so it is no mbox file";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, what));
                }
            }
        }
        if self.begun == Begun::Over {
            return Ok(None);
        }
        self.message(&mut line).map(Some)
    }

    /// Reads a message up to the line that separates it from the next one.
    fn message(&mut self, line: &mut Vec<u8>) -> io::Result<Found> {
        let begins = self.lines + 1;
        let (mut octets, mut is_long, mut was_empty) = (Vec::new(), false, false);
        // A line that is longer than is read at once: what comes next does not begin one.
        let mut is_within = false;
        loop {
            if self.line(line)? == 0 {
                self.begun = Begun::Over;
                break;
            }
            if !is_within && was_empty && line.starts_with(SEPARATOR) {
                break;
            }
            let text = if is_within { line.as_slice() } else { unquoted(line) };
            was_empty = !is_within && matches!(line.as_slice(), b"\n" | b"\r\n");
            is_within = !line.ends_with(b"\n");
            is_long |= octets.len() + text.len() > self.octets_max;
            match is_long {
                true => octets = Vec::new(),
                false => octets.extend_from_slice(text),
            }
        }
        // The empty line before the separator belongs to it.
        if let Some(end) = octets.strip_suffix(b"\r\n\r\n").map(<[u8]>::len) {
            octets.truncate(end + 2);
        } else if octets.ends_with(b"\n\n") {
            octets.pop();
        }
        Ok(Found { line: begins, octets: (!is_long).then_some(octets) })
    }

    fn line(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        line.clear();
        let read = (&mut self.from).take(LINE_OCTETS_MAX).read_until(b'\n', line)?;
        self.lines += u64::from(line.ends_with(b"\n"));
        Ok(read)
    }
}

const SEPARATOR: &[u8] = b"From ";

/// The line without one `>` if it is a quoted separator.
fn unquoted(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|octet| **octet == b'>').count();
    match quotes > 0 && line[quotes..].starts_with(SEPARATOR) {
        true => &line[1..],
        false => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &[u8], octets_max: usize) -> Vec<(u64, Option<String>)> {
        let mut mbox = Mbox::new(text, octets_max);
        let mut all = Vec::new();
        while let Some(Found { line, octets }) = mbox.read_next().unwrap() {
            all.push((line, octets.map(|octets| String::from_utf8(octets).unwrap())));
        }
        all
    }

    fn some(line: u64, text: &str) -> (u64, Option<String>) {
        (line, Some(text.to_owned()))
    }

    #[test]
    fn messages_are_parted_and_unquoted() {
        let file = b"From a Mon\nSubject: one\n\n>From here\n>>From there\nFrom within\n> x\n\n\
                     From b Tue\nSubject: two\n\nText\n\nFrom c Wed\nSubject: three\n";
        assert_eq!(
            found(file, 1_000),
            [
                some(2, "Subject: one\n\nFrom here\n>From there\nFrom within\n> x\n"),
                some(10, "Subject: two\n\nText\n"),
                some(15, "Subject: three\n"),
            ]
        );
        assert_eq!(
            found(b"From a\r\nA: b\r\n\r\nx\r\n\r\nFrom c\r\n", 99)[0],
            some(2, "A: b\r\n\r\nx\r\n")
        );
        assert_eq!(found(b"", 99), []);
        assert_eq!(found(b"From a\n", 99), [some(2, "")]);
    }

    #[test]
    fn what_is_too_long_is_passed_over_and_the_next_is_found() {
        let long = "x".repeat(200_000);
        let file = format!("From a\n{long}\nFrom is no separator\n\nFrom b\nSubject: two\n");
        assert_eq!(found(file.as_bytes(), 1_000), [(2, None), some(6, "Subject: two\n")]);
    }

    #[test]
    fn another_file_is_refused() {
        let refused = Mbox::new(&b"Subject: a single message\n\nText\n"[..], 99).read_next();
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
