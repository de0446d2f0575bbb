//! What a part says, as text: the one step from a message's parts to the text that is shown, quoted,
//! forwarded, indexed and searched.
//!
//! ```text
//! text/plain ─────────────────────────▶ flowed lines joined (RFC 3676) ─▶ text
//! text/html ─ balance ─▶ tags and text ─▶ blocks, cells, lists, quotes ─▶ text
//! ```

mod flowed;
mod html;

pub use flowed::{Flow, of_text};
pub use html::{of_html, targets};

/// Returns whether a text says nothing: it has only white space, and characters without a glyph.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || is_ignorable(c))
}

/// Returns whether a character only says where a line may be broken. It is no part of a word: a
/// soft hyphen, a zero-width space, a word joiner, a byte order mark.
pub fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}
