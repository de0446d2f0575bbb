//! The files of a message, as octets.

use std::collections::HashMap;

use mail_parser::Message;

use super::layout::{Layout, part_at};
use super::{Extent, Part, body, octets_of, read};
use crate::mail::unpacked::File;

/// Returns a part and its decoded octets; `None` if there is no such part.
pub fn part_bytes(message: &[u8], index: u32) -> Option<(Part, Vec<u8>)> {
    let read = read(message, Extent::Whole, |parsed, _| {
        let layout = Layout::of(parsed);
        let part = body::part(message, parsed, &layout, index)?;
        let octets = octets(message, parsed, &layout, index)?;
        Some((part, octets))
    });
    read.ok().flatten()
}

/// Returns every listed part that is not shown in the HTML, decoded.
pub fn files_bytes(message: &[u8]) -> Vec<(Part, Vec<u8>)> {
    all(message, |part| !part.inline)
}

/// Returns every listed part, decoded.
pub fn parts_bytes(message: &[u8]) -> Vec<(Part, Vec<u8>)> {
    all(message, |_| true)
}

/// Returns every part that contains a message, decoded.
pub fn messages_bytes(message: &[u8]) -> Vec<(Part, Vec<u8>)> {
    all(message, |part| part.opens)
}

/// Parses the message only once, however many parts there are.
fn all(message: &[u8], wanted: impl Fn(&Part) -> bool) -> Vec<(Part, Vec<u8>)> {
    let read = read(message, Extent::Whole, |parsed, _| {
        let layout = Layout::of(parsed);
        let parts = body::parts(message, parsed, &layout, &body::html(parsed, &layout));
        // Each text is unpacked once, however many files are in it.
        let mut unpacked: HashMap<u32, Vec<(u32, File)>> = HashMap::new();
        let octets = |part: Part| {
            let octets = match body::text_around(part.index) {
                Some(text) => {
                    let files =
                        unpacked.entry(text).or_insert_with(|| body::uuencoded(parsed, text));
                    let at = files.iter().position(|(index, _)| *index == part.index)?;
                    files.swap_remove(at).1.octets
                }
                None => octets_of(message, part_at(parsed, part.index)?).into_owned(),
            };
            Some((part, octets))
        };
        parts.into_iter().filter(wanted).filter_map(octets).collect()
    });
    read.unwrap_or_default()
}

fn octets(message: &[u8], parsed: &Message<'_>, layout: &Layout, index: u32) -> Option<Vec<u8>> {
    match body::uuencoded_at(parsed, layout, index) {
        Some(file) => Some(file.octets),
        None => Some(octets_of(message, part_at(parsed, index)?).into_owned()),
    }
}

/// Returns how many parts are listed as files.
pub fn count(message: &[u8]) -> usize {
    let listed = read(message, Extent::Whole, |parsed, _| {
        let layout = Layout::of(parsed);
        let parts = body::parts(message, parsed, &layout, &body::html(parsed, &layout));
        parts.iter().filter(|part| !part.inline).count()
    });
    listed.unwrap_or_default()
}
