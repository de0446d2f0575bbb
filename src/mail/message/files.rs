//! The files of a message: as octets, or where it has them.

use std::collections::HashMap;

use mail_parser::Message;

use super::hollow::{Hollow, Place};
use super::layout::{Layout, part_at};
use super::{Extent, Part, body, octets_of, read};
use crate::mail::unpacked::File;

/// A file's octets, or where its message has them.
#[derive(Debug)]
pub enum Octets {
    Here(Vec<u8>),
    At(Place),
}

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

/// Returns a part; its octets stay where they are if they can be read from there.
pub fn part_found(message: &[u8], index: u32) -> Option<(Part, Octets)> {
    let found = Hollow::of(message).and_then(|hollow| {
        let read = read(&hollow.octets, Extent::Whole, |parsed, _| {
            let place = hollow.place(part_at(parsed, index)?)?;
            let is_file = hollow.is_as_parsed(parsed);
            let part = body::part(&hollow.octets, parsed, &Layout::of(parsed), index)?;
            is_file.then(|| at_place(part, place))
        });
        read.ok().flatten()
    });
    found.or_else(|| part_bytes(message, index).map(|(part, octets)| (part, Octets::Here(octets))))
}

/// Returns every listed part that is not shown in the HTML.
pub fn file_list(message: &[u8]) -> Vec<(Part, Octets)> {
    found(message, |part| !part.inline)
}

/// Returns every listed part.
pub fn part_list(message: &[u8]) -> Vec<(Part, Octets)> {
    found(message, |_| true)
}

/// Returns every part that contains a message, decoded.
pub fn messages_bytes(message: &[u8]) -> Vec<(Part, Vec<u8>)> {
    let read = read(message, Extent::Whole, |parsed, _| all(message, parsed, |part| part.opens));
    read.unwrap_or_default()
}

fn found(message: &[u8], wanted: impl Fn(&Part) -> bool) -> Vec<(Part, Octets)> {
    let in_hollow = Hollow::of(message).and_then(|hollow| {
        let read = read(&hollow.octets, Extent::Whole, |parsed, _| {
            let is_as_parsed = hollow.is_as_parsed(parsed);
            is_as_parsed.then(|| {
                let placed = |(part, octets): (Part, Vec<u8>)| {
                    let place = part_at(parsed, part.index).and_then(|at| hollow.place(at));
                    match place {
                        Some(place) => at_place(part, place),
                        None => (part, Octets::Here(octets)),
                    }
                };
                all(&hollow.octets, parsed, &wanted).into_iter().map(placed).collect()
            })
        });
        read.ok().flatten()
    });
    in_hollow.unwrap_or_else(|| {
        let read = read(message, Extent::Whole, |parsed, _| all(message, parsed, &wanted));
        let here = |(part, octets)| (part, Octets::Here(octets));
        read.unwrap_or_default().into_iter().map(here).collect()
    })
}

fn at_place(part: Part, place: &Place) -> (Part, Octets) {
    (Part { size: place.size, ..part }, Octets::At(place.clone()))
}

/// Returns the listed parts that are wanted, decoded.
fn all(
    message: &[u8],
    parsed: &Message<'_>,
    wanted: impl Fn(&Part) -> bool,
) -> Vec<(Part, Vec<u8>)> {
    let layout = Layout::of(parsed);
    let parts = body::parts(message, parsed, &layout, &body::html(parsed, &layout));
    // Each text is unpacked once, however many files are in it.
    let mut unpacked: HashMap<u32, Vec<(u32, File)>> = HashMap::new();
    let octets = |part: Part| {
        let octets = match body::text_around(part.index) {
            Some(text) => {
                let files = unpacked.entry(text).or_insert_with(|| body::uuencoded(parsed, text));
                let at = files.iter().position(|(index, _)| *index == part.index)?;
                files.swap_remove(at).1.octets
            }
            None => octets_of(message, part_at(parsed, part.index)?).into_owned(),
        };
        Some((part, octets))
    };
    parts.into_iter().filter(wanted).filter_map(octets).collect()
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
