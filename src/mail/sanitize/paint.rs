//! What the value of a background shows.

use super::colour::Colour;
use super::split::split_outside;

/// A background, as a declaration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paint {
    /// What is behind it is shown.
    Clear,
    /// A colour that much of what is behind it shines through.
    Veil(String),
    Solid(String),
    /// An image, which is not shown.
    Image,
    /// It is not understood. A browser may show it, or skip it.
    Unread,
}

/// How many words of a background are read.
const WORDS_MAX: usize = 64;

impl Paint {
    /// Reads the value of a `background`, `background-color` or `background-image`.
    pub fn of(value: &str) -> Paint {
        /// Functions that load an image.
        const LOADS: [&str; 6] =
            ["url(", "image-set(", "image(", "cross-fade(", "element(", "src("];
        let lower = value.to_ascii_lowercase();
        let is_image = LOADS.iter().any(|name| lower.contains(name));
        let words = || split_outside(value, is_between).take(WORDS_MAX);
        let colour = words().find(|word| Colour::parse(word).is_some());
        let paint = match (colour, lower.split_once("gradient(")) {
            (Some(colour), _) => Paint::of_colour(colour),
            (None, _) if is_image => Paint::Image,
            (None, Some((_, stops))) => gradient(stops),
            (None, None) if words().all(is_neutral) => Paint::Clear,
            (None, None) => Paint::Unread,
        };
        match paint {
            Paint::Clear | Paint::Veil(_) if is_image => Paint::Image,
            paint => paint,
        }
    }

    fn of_colour(text: &str) -> Paint {
        match Colour::parse(text).map(Colour::alpha) {
            Some(0.0) => Paint::Clear,
            // The text was chosen for it rather than for what is behind it.
            Some(alpha) if alpha >= 0.6 => Paint::Solid(text.to_owned()),
            Some(_) => Paint::Veil(text.to_owned()),
            None => Paint::Unread,
        }
    }

    /// Returns how long it is.
    pub fn octets(&self) -> usize {
        match self {
            Paint::Veil(text) | Paint::Solid(text) => text.len(),
            Paint::Clear | Paint::Image | Paint::Unread => 0,
        }
    }
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '/')
}

/// Returns whether a word of a `background` says nothing about its colour.
fn is_neutral(word: &str) -> bool {
    const WORDS: &str = "at auto border-box bottom center contain content-box cover fixed inherit \
        initial left local no-repeat none padding-box repeat repeat-x repeat-y revert revert-layer \
        right round scroll space text top unset";
    let is_length = word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    let mut known = WORDS.split_ascii_whitespace();
    word.is_empty()
        || is_length && !word.contains('(')
        || known.any(|known| known.eq_ignore_ascii_case(word))
}

/// Returns what stands for a gradient: the first of its colours, if nothing shines through that.
fn gradient(stops: &str) -> Paint {
    // The older kind has its colours within functions: `from(#fff)`.
    let opened = ["from(", "to(", "color-stop("]
        .iter()
        .fold(stops.to_owned(), |text, function| text.replace(function, " "));
    let words = split_outside(&opened, is_between).take(WORDS_MAX);
    let colours = words.filter_map(|word| {
        // The last stop stands before the gradient's own bracket.
        let word = word.trim_end_matches(')');
        let whole = if word.contains('(') { format!("{word})") } else { word.to_owned() };
        Colour::parse(&whole).map(|_| whole)
    });
    match { colours }.next().map(|colour| Paint::of_colour(&colour)) {
        Some(Paint::Solid(colour)) => Paint::Solid(colour),
        Some(_) => Paint::Image,
        None => Paint::Unread,
    }
}
