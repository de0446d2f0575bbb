//! What a message says, as text and as HTML, and the files that come with it.

use std::collections::{HashMap, HashSet};

use mail_parser::{Message, MessagePart, MimeHeaders};

use super::layout::{Layout, part_at};
use super::part::{self, Kind, octets_of};
use super::{Part, holding, one_line, without_controls};
use crate::mail::plain::{self, Flow};
use crate::mail::unpacked::File;
use crate::mail::{sanitize, uuencode};

/// The longest text that is shown, in octets; the complete text can be fetched as source.
const TEXT_OCTETS_MAX: usize = 1024 * 1024;

/// Returns what the message says as text, and whether it was truncated.
pub fn text(message: &Message<'_>, layout: &Layout) -> (Option<String>, bool) {
    let mut joined: Option<String> = None;
    for said in layout.text.iter().filter_map(|id| said(part_at(message, *id)?)) {
        let whole = joined.get_or_insert_default();
        if !whole.is_empty() {
            whole.push('\n');
        }
        whole.push_str(&said);
        if whole.len() > TEXT_OCTETS_MAX {
            break;
        }
    }
    let Some(mut text) = joined else { return (None, false) };
    let end = text.floor_char_boundary(TEXT_OCTETS_MAX);
    let truncated = end < text.len();
    text.truncate(end);
    (Some(without_controls(&text, &['\n', '\t'])), truncated)
}

/// Returns what one part says, as text.
fn said(part: &MessagePart<'_>) -> Option<String> {
    let text = part::text_of(part)?;
    Some(match Kind::of(part) {
        Kind::Html => plain::of_html(&text),
        _ if uuencode::may_contain(&text) => plain::of_text(&uuencode::split(&text).0, flow(part)),
        _ => plain::of_text(&text, flow(part)),
    })
}

/// How the lines of a text part relate to its paragraphs (RFC 3676 §4).
fn flow(part: &MessagePart<'_>) -> Flow {
    let is = |name: &str, value: &str| {
        let given = part.content_type().and_then(|media| media.attribute(name));
        given.is_some_and(|given| given.eq_ignore_ascii_case(value))
    };
    match (is("format", "flowed"), is("delsp", "yes")) {
        (false, _) => Flow::Fixed,
        (true, false) => Flow::Flowed,
        (true, true) => Flow::FlowedWithoutSpace,
    }
}

/// Returns the HTML version, piece by piece; empty if there is no HTML. A text that stands between
/// two pieces, or after them, as the footer of a mailing list does, becomes a piece.
pub fn html(message: &Message<'_>, layout: &Layout) -> Vec<String> {
    if !layout.has_html(message) {
        return Vec::new();
    }
    let pieces = layout.html.iter().filter_map(|id| {
        let part = part_at(message, *id)?;
        match Kind::of(part) {
            Kind::Html => Some(part::text_of(part)?.into_owned()),
            _ => Some(as_html(&said(part)?)),
        }
    });
    pieces.collect()
}

fn as_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    format!("<div style=\"white-space:pre-wrap\">{escaped}</div>")
}

/// Returns the parts that can be fetched separately. Of these, only images that the HTML really
/// shows are inline.
pub fn parts(octets: &[u8], message: &Message<'_>, layout: &Layout, html: &[String]) -> Vec<Part> {
    let shown = shown_images(octets, message, layout, html);
    let described = layout.files.iter().filter_map(|id| {
        let part = describe(octets, message, *id)?;
        Some(Part { inline: shown.contains(id), ..part })
    });
    let uuencoded = layout.shown().into_iter().flat_map(|id| uuencoded(message, id));
    described.chain(uuencoded.map(|(index, file)| describe_file(index, &file))).collect()
}

/// Returns one of these parts.
pub fn part(octets: &[u8], message: &Message<'_>, layout: &Layout, index: u32) -> Option<Part> {
    if let Some(file) = uuencoded_at(message, layout, index) {
        return Some(describe_file(index, &file));
    }
    let id = layout.files.iter().find(|id| **id == index)?;
    let found = describe(octets, message, *id)?;
    let inline = part::is_resource(part_at(message, *id)?)
        && shown_images(octets, message, layout, &html(message, layout)).contains(id);
    Some(Part { inline, ..found })
}

fn describe(octets: &[u8], message: &Message<'_>, id: u32) -> Option<Part> {
    let part = part_at(message, id)?;
    let (content_type, content) = (part::content_type(part), octets_of(octets, part));
    Some(Part {
        index: id,
        name: part::name(octets, part, id),
        size: content.len() as u64,
        inline: false,
        content_id: part.content_id().map(one_line),
        content_location: part.content_location().map(one_line),
        opens: holding::opens(&content_type, &content),
        content_type,
    })
}

/// Where the numbers of files begin that are in the middle of a text.
const UUENCODED: u32 = 1 << 16;

/// Returns the text that a file with this number is in the middle of, if it is in one.
pub fn text_around(index: u32) -> Option<u32> {
    (index >= UUENCODED).then_some(index % UUENCODED)
}

/// Returns the files in the middle of a plain text, with their numbers.
pub fn uuencoded(message: &Message<'_>, id: u32) -> Vec<(u32, File)> {
    let text = || {
        let part = part_at(message, id).filter(|part| Kind::of(part) == Kind::Plain)?;
        part::text_of(part).filter(|text| uuencode::may_contain(text))
    };
    let files = text().map(|text| uuencode::split(&text).1).unwrap_or_default();
    (1..).map(|count| count * UUENCODED + id).zip(files).collect()
}

/// Returns the file with this number, if it is one in the middle of a text.
pub fn uuencoded_at(message: &Message<'_>, layout: &Layout, index: u32) -> Option<File> {
    let id = text_around(index).filter(|id| layout.shown().contains(id))?;
    let mut files = uuencoded(message, id).into_iter();
    files.find(|(found, _)| *found == index).map(|(_, file)| file)
}

fn describe_file(index: u32, file: &File) -> Part {
    let name = part::file_name(&file.name);
    let media = mime_guess::from_path(&name).first_or_octet_stream();
    Part {
        index,
        name: if name.is_empty() { format!("part-{index}") } else { name },
        content_type: media.essence_str().to_owned(),
        size: file.octets.len() as u64,
        ..Part::default()
    }
}

/// Returns the parts that the HTML shows: those that an image in it names, by a `cid:` URL
/// (RFC 2392) or their Content-Location (RFC 2557 §8), if they are images that are shown.
fn shown_images(
    octets: &[u8],
    message: &Message<'_>,
    layout: &Layout,
    html: &[String],
) -> HashSet<u32> {
    let mut named: HashMap<String, u32> = HashMap::new();
    for id in &layout.files {
        let Some(part) = part_at(message, *id) else { continue };
        let is_image = || part::image_type(&octets_of(octets, part)).is_some();
        if part::is_resource(part) && is_image() {
            // In the form that the part is described in, which is compared with the HTML again.
            let (named_by, location) =
                (part.content_id().map(one_line), part.content_location().map(one_line));
            for source in sources(named_by.as_deref(), location.as_deref()) {
                // The first one of a name is the one that is shown.
                named.entry(source).or_insert(*id);
            }
        }
    }
    match named.is_empty() {
        true => HashSet::new(),
        false => {
            let found = sanitize::image_sources(html).unwrap_or_default();
            found.iter().filter_map(|source| named.get(source).copied()).collect()
        }
    }
}

/// Returns how an image in HTML names a part with these fields.
fn sources<'p>(id: Option<&'p str>, location: Option<&'p str>) -> impl Iterator<Item = String> {
    let id = id.map(|id| format!("cid:{}", part::bare_id(id)));
    let location = location.map(|location| location.trim().to_owned());
    id.into_iter().chain(location).filter(|source| !source.is_empty() && source != "cid:")
}

/// Returns the part that an image in the HTML names.
pub fn image<'p>(parts: &'p [Part], source: &str) -> Option<&'p Part> {
    let names = |part: &&Part| {
        let mut all = sources(part.content_id.as_deref(), part.content_location.as_deref());
        part.inline && all.any(|one| one == source)
    };
    parts.iter().find(names)
}

/// Returns how many parts are listed as files, if the structure alone tells.
pub fn files_in_skeleton(message: &Message<'_>) -> Option<usize> {
    let layout = Layout::of(message);
    let could_be_shown = |id: &u32| part_at(message, *id).is_some_and(part::is_resource);
    match layout.compared || layout.files.iter().any(could_be_shown) {
        true => None,
        false => Some(layout.files.len()),
    }
}
