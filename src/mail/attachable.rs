//! Which octets can be attached to a message as a message (RFC 2046 §5.2.1).

/// Finds out whether octets that arrive in pieces are a message that can be attached as it is: it
/// begins with a header field, and all of it is 7bit (RFC 2045 §2.7).
#[derive(Debug, Default)]
pub struct AttachableCheck {
    /// The octets of the line so far.
    line: usize,
    last: u8,
    has_field: bool,
    failed: bool,
}

/// RFC 5322 §2.1.1, without the line end.
const LINE_OCTETS_MAX: usize = 998;

impl AttachableCheck {
    /// Takes the next octets.
    pub fn push(&mut self, octets: &[u8]) {
        for &octet in octets {
            let after_cr = self.last == b'\r';
            self.failed |= !octet.is_ascii() || octet == 0 || after_cr != (octet == b'\n');
            self.last = octet;
            if octet == b'\n' {
                // The first line decides.
                self.failed |= !self.has_field;
                self.line = 0;
                continue;
            }
            if !self.has_field && octet == b':' && self.line > 0 {
                self.has_field = true;
            } else if !self.has_field {
                self.failed |= !octet.is_ascii_graphic();
            }
            self.line += 1;
            self.failed |= self.line > LINE_OCTETS_MAX + 1;
        }
    }

    /// Whether all that came is such a message.
    pub fn passes(&self) -> bool {
        !self.failed && self.has_field && self.last == b'\n'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_message_in_7bit_is_attached_as_it_is() {
        let long = "x".repeat(998);
        let (longest, longer) = (format!("A: 1\r\n\r\n{long}\r\n"), format!("A: {long}\r\n"));
        for whole in ["Subject: x\r\n\r\ny\r\n", "A:\r\n 1\r\n", &longest] {
            assert!(attachable(whole.as_bytes()), "{whole:?}");
        }
        for not in [
            "",
            "Subject: x",
            "Subject: x\n\ny\n",
            "Subject: x\r\n\r\ny\r",
            "Subject: \u{fc}\r\n",
            "Subject: \0\r\n",
            "From a@x Mon Mar  2 10:00:00 2020\r\nA: 1\r\n",
            "\r\nSubject: x\r\n",
            ": x\r\n",
            "words\r\nSubject: x\r\n",
            &longer,
        ] {
            assert!(!attachable(not.as_bytes()), "{not:?}");
        }
    }

    fn attachable(octets: &[u8]) -> bool {
        let passes = [1, 7, usize::MAX].map(|step| {
            let mut check = AttachableCheck::default();
            octets.chunks(step).for_each(|piece| check.push(piece));
            check.passes()
        });
        assert!(passes.iter().all(|one| *one == passes[0]), "the pieces do not matter");
        passes[0]
    }
}
