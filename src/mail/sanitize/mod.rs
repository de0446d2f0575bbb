//! The HTML sanitiser makes HTML mail inert: no script, no remote content, nothing that escapes its
//! frame. The frame's sandbox and CSP are further layers; each would be sufficient alone.
//!
//! ```text
//! source ─ balance ─▶ well nested, bounded ─ ammonia ─▶ clean ─ settle ─▶ values checked again
//! ```
//!
//! `balance` also makes the mail's style sheets part of its elements, so that their declarations pass
//! by the same filters as all others.
//!
//! The parser inside ammonia takes time quadratic in the nesting depth, and builds a tree out of
//! all proportion to the source for misnested formatting. So `balance` reads the source first, in
//! one pass, and passes on only allowed tags, each properly closed. `settle` checks ammonia's
//! output again, because ammonia resolves the escapes in a style only after its own filters have
//! run. Both write every tag anew from what they parsed.

mod balance;
mod budget;
mod colour;
mod ground;
mod lists;
mod oracle;
mod paint;
mod selector;
mod settle;
mod sheet;
mod split;
mod style;
mod tags;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

pub use oracle::oracle_is_inert;

/// HTML that is safe to show in the mail frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Safe {
    /// A complete document.
    pub html: String,
    /// The number of remote images that were left out.
    pub remote_images: u32,
}

/// Why a part is not shown as HTML; its text is shown instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the HTML part is too large to be shown")]
    TooLarge,
    #[error("the HTML part is nested too deeply to be shown")]
    TooDeep,
    #[error("the HTML part has too many attributes to be shown")]
    TooManyAttributes,
}

const OCTETS_MAX: usize = 512 * 1024;
const DEPTH_MAX: usize = 512;
const ATTRIBUTES_MAX: usize = 256;

/// What is put around the mail's own HTML. The style is ours; the mail's own style sheets have become
/// part of its elements.
const BEFORE: &str = "<!doctype html><html><head><meta charset=\"utf-8\">\
    <meta name=\"color-scheme\" content=\"light\"><title>Message</title>\
    <style>body{margin:12px;font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;\
    background:#fff;overflow-wrap:anywhere}img{max-width:100%;height:auto}\
    table{max-width:100%}blockquote{margin-inline:0;padding-inline-start:12px;\
    border-inline-start:3px solid #ccc}pre{white-space:pre-wrap}</style></head>\
    <body dir=\"auto\">";
const AFTER: &str = "</body></html>";

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(lists::TAGS.clone())
        .generic_attributes(lists::ATTRIBUTES.clone())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("img", HashSet::from(["src"])),
        ]))
        .url_schemes(lists::SCHEMES.into())
        // A relative URL may be the location of an image in the message; `settle` takes no other.
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"))
        .set_tag_attribute_value("a", "target", "_blank")
        .filter_style_properties(lists::CSS.clone());
    builder
});

/// Checks whether HTML can be shown at all, without sanitising it.
pub fn check_bounds(pieces: &[String]) -> Result<(), Refused> {
    bounded(pieces, Styles::Skipped).map(|_| ())
}

/// Returns a part's allowed tags and its text, well nested; `None` if it is not shown as HTML.
pub(super) fn balanced(source: &str) -> Option<String> {
    bounded(&[source], Styles::Applied).ok()
}

/// Returns a part's text and tags for a reader of text alone, which has no limits to refuse it:
/// without comments, raw content, and attributes beyond [`ATTRIBUTES_MAX`].
pub(super) fn bare(source: &str) -> String {
    let mut reader = tags::Reader::for_text(source);
    let mut out = String::with_capacity(source.len());
    // The reader refuses nothing but surplus attributes, which it skips here.
    while let Ok(Some(piece)) = reader.piece() {
        match piece {
            tags::Piece::Text(text) => tags::write_text(&mut out, text),
            tags::Piece::Open(name, attributes) => {
                out.push('<');
                out.push_str(&name);
                for attribute in &attributes {
                    tags::write_attribute(&mut out, &attribute.name, attribute.value);
                }
                out.push('>');
            }
            tags::Piece::Close(name) => out.extend(["</", name.as_str(), ">"]),
            tags::Piece::Sheet(..) => {}
        }
    }
    out
}

/// Returns the sources of the images that are shown, each as [`Images::inside`] gets it.
pub fn image_sources(pieces: &[String]) -> Result<Vec<String>, Refused> {
    Ok(settle::image_sources(&bounded(pieces, Styles::Skipped)?))
}

/// Where the URLs of images come from.
pub struct Images<'i> {
    /// Returns the URL of an image in the message itself, by its source: `cid:` with the content
    /// id, or a location.
    pub inside: &'i dyn Fn(&str) -> Option<String>,
    /// Returns the URL to use for a remote image by its original URL.
    pub remote: &'i dyn Fn(&str) -> Option<String>,
}

/// Sanitises a part. `inside` returns the URL of an image in the message by its source, or `None`;
/// remote images are left out.
pub fn html(source: &str, inside: &dyn Fn(&str) -> Option<String>) -> Result<Safe, Refused> {
    html_with(&[source], &Images { inside, remote: &|_| None })
}

/// Sanitises the pieces of a message's HTML, and joins them; each image gets the URL that `images`
/// returns for it, or none.
pub fn html_with(pieces: &[impl AsRef<str>], images: &Images<'_>) -> Result<Safe, Refused> {
    let cleaned = CLEANER.clean(&bounded(pieces, Styles::Applied)?).to_string();
    let (body, remote_images) = settle::settle(&cleaned, images);
    Ok(Safe { html: format!("{BEFORE}{body}{AFTER}"), remote_images })
}

/// Whether style sheets are applied; they change nothing in what is refused, or in the images.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Styles {
    Applied,
    Skipped,
}

/// Returns the pieces balanced, each by itself, so that none swallows the next one, and each with a
/// budget of its own, so that its style is the same in whatever message it stands.
fn bounded(pieces: &[impl AsRef<str>], styles: Styles) -> Result<String, Refused> {
    let octets: usize = pieces.iter().map(|piece| piece.as_ref().len()).sum();
    let balanced = |piece: &str| {
        let mut budget = budget::Budget::for_length(piece.len());
        match styles {
            Styles::Applied => balance::balance(piece, &mut budget),
            Styles::Skipped => balance::without_sheets(piece, &mut budget),
        }
    };
    match (octets > OCTETS_MAX, pieces) {
        (true, _) => Err(Refused::TooLarge),
        (false, [piece]) => balanced(piece.as_ref()),
        (false, pieces) => {
            let wrapped = |piece| Ok(format!("<div>{}</div>", balanced(piece)?));
            pieces.iter().map(|piece| wrapped(piece.as_ref())).collect()
        }
    }
}

#[cfg(test)]
mod tests;
