//! Messages within a message: attached ones (RFC 2046 §5.2.1), what Outlook packs into `winmail.dat`,
//! and what lies in an opaque signature. Each is found by the numbers of the parts that lead to it.

use super::files::messages_bytes;
use super::holding::unpacked;
use super::{part_bytes, view};

/// How many messages may lie within each other.
pub const WITHIN_MAX: usize = 4;

/// The way to a message within a message: at each step, the number of the part that it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Within {
    parts: [u32; WITHIN_MAX],
    count: usize,
}

impl Within {
    /// `None` if it leads too deep.
    pub fn new(given: &[u32]) -> Option<Within> {
        let mut parts = [0; WITHIN_MAX];
        parts.get_mut(..given.len())?.copy_from_slice(given);
        Some(Within { parts, count: given.len() })
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Splits off the first step.
    pub fn split_first(&self) -> Option<(u32, Within)> {
        let (first, rest) = self.parts[..self.count].split_first()?;
        Some((*first, Within::new(rest)?))
    }
}

/// Returns the message that `way` leads to. However deep it lies, only the one around it is in memory
/// besides `message`.
pub fn inside(message: &[u8], way: Within) -> Option<Vec<u8>> {
    let (mut found, mut rest) = step(message, way)?;
    while !rest.is_empty() {
        (found, rest) = step(&found, rest)?;
    }
    Some(found)
}

/// Returns the message that the first step of `way` leads to, and the other steps.
fn step(message: &[u8], way: Within) -> Option<(Vec<u8>, Within)> {
    let (index, rest) = way.split_first()?;
    let (part, octets) = part_bytes(message, index)?;
    Some((unpacked(&part.content_type, octets)?, rest))
}

/// How many messages within a message are read for their words.
const SAID_MAX: usize = 100;

/// The largest of them, and the largest file that holds one: each level that is read is in memory.
const SAID_OCTETS_MAX: usize = 4 * 1024 * 1024;

/// Returns what the messages within a message say, for finding it by their words: who wrote them to
/// whom, their subjects, texts and files, at most `octets_max` octets. They are read as deep as they can
/// be opened, at most [`SAID_MAX`] of them, and none that has more than [`SAID_OCTETS_MAX`].
pub fn said_within(message: &[u8], octets_max: usize) -> String {
    let mut said = Said { out: String::new(), octets_max, left: SAID_MAX };
    said.add_within(message, WITHIN_MAX);
    said.finish()
}

/// The words of messages within a message.
struct Said {
    out: String,
    octets_max: usize,
    /// How many more messages are read.
    left: usize,
}

impl Said {
    fn add_within(&mut self, message: &[u8], levels: usize) {
        for (part, octets) in messages_bytes(message) {
            if self.left == 0 || self.out.len() >= self.octets_max {
                return;
            }
            self.left -= 1;
            if octets.len() > SAID_OCTETS_MAX {
                continue;
            }
            if let Some(inner) = unpacked(&part.content_type, octets)
                && inner.len() <= SAID_OCTETS_MAX
            {
                self.add(&inner, levels - 1);
            }
        }
    }

    /// Adds a message, and what is within it as deep as `levels` says.
    fn add(&mut self, message: &[u8], levels: usize) {
        let view = view(message);
        let people = view.from.into_iter().chain(view.to).chain(view.cc);
        let people = people.flat_map(|one| [one.name, one.address]).flatten();
        let files = view.parts.into_iter().map(|part| part.name);
        for text in people.chain([view.subject]).chain(view.text).chain(files) {
            self.out.push_str(&text);
            self.out.push('\n');
        }
        if levels > 0 {
            self.add_within(message, levels);
        }
    }

    fn finish(mut self) -> String {
        self.out.truncate(self.out.floor_char_boundary(self.octets_max));
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::super::holding::opens;
    use super::*;
    use crate::mail::message::view;

    fn attached(inner: &str) -> String {
        format!(
            "From: a@b.example\r\nSubject: Outer\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary={0}\r\n\r\n--{0}\r\n\r\nSee below.\r\n\
             --{0}\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--{0}--\r\n",
            format_args!("b{}", inner.len())
        )
    }

    #[test]
    fn a_message_within_a_message_is_read_like_any_other() {
        let mut message = "From: dana@a.example\r\nSubject: Innermost\r\n\r\nDeep.\r\n".to_owned();
        for _ in 0..WITHIN_MAX {
            message = attached(&message);
        }
        let mut way = Vec::new();
        let mut octets = message.clone().into_bytes();
        for _ in 0..WITHIN_MAX {
            let file = view(&octets).parts.into_iter().find(|part| part.opens).unwrap();
            way.push(file.index);
            octets = inside(message.as_bytes(), Within::new(&way).unwrap()).unwrap();
        }
        let found = view(&octets);
        assert_eq!((found.subject.as_str(), found.text.as_deref()), ("Innermost", Some("Deep.\n")));
        way.push(1);
        assert!(Within::new(&way).is_none());
        let missing = Within::new(&[1]).unwrap();
        assert_eq!(inside(message.as_bytes(), missing), None);
    }

    #[test]
    fn what_is_said_deep_within_is_found() {
        let mut message = "From: dana@a.example\r\nSubject: Innermost\r\n\r\nDeep.\r\n".to_owned();
        for _ in 0..WITHIN_MAX {
            message = attached(&message);
        }
        let said = said_within(message.as_bytes(), 10_000);
        for (word, count) in [("Innermost", 2), ("Deep.", 1), ("dana@a.example", 1), ("Outer", 5)] {
            assert_eq!(said.matches(word).count(), count, "{word}: {said}");
        }
        let deeper = said_within(attached(&message).as_bytes(), 10_000);
        assert!(!deeper.contains("Deep."), "{deeper}");
        assert_eq!(said_within(message.as_bytes(), 20).len(), 20);
    }

    /// The file of Outlook, and the opaque signature, each as a message.
    #[test]
    fn what_other_programs_packed_is_opened() {
        let tnef = [&0x223e_9f78_u32.to_le_bytes()[..], &[0, 0]].concat();
        assert!(opens("application/ms-tnef", &tnef) && !opens("application/ms-tnef", b"x"));
        assert!(!opens("application/pkcs7-mime", b"x") && !opens("application/pdf", &tnef));
        let view = view(&unpacked("application/ms-tnef", tnef).unwrap());
        assert_eq!((view.text, view.parts.len(), view.refused), (None, 0, None));
    }
}
