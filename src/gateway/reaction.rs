//! What a reaction is, to a post and to a line: one emoji, as Unicode builds them (UTS #51 §1.4.9).
//!
//! ```text
//! emoji   = flag / element *( ZWJ element )
//! flag    = 2 regional-indicator
//! element = picture [ U+FE0F / skin-tone ] [ 1*tag end-of-tags ]     ; tags behind a black flag alone
//! ```
//!
//! Nothing else gets in: no mark that turns round what stands beside it, nothing that nobody sees, and no row of
//! marks that grows over the lines above and below. Pictures are known by their ranges, so that a new emoji needs
//! no new version; a digit in a box, which begins with a digit, is none.

use std::iter::Peekable;
use std::str::Chars;

use crate::gateway::error::Error;

/// The most characters of a reaction: two people who kiss, with their skin tones, are ten.
pub const REACTION_CHARS_MAX: usize = 10;

const JOINER: char = '\u{200d}';
const AS_PICTURE: char = '\u{fe0f}';
const BLACK_FLAG: char = '\u{1f3f4}';
const TAGS_END: char = '\u{e007f}';

/// A reaction as it is stored, without space around it.
pub(in crate::gateway) fn emoji(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    let is_short = text.chars().take(REACTION_CHARS_MAX + 1).count() <= REACTION_CHARS_MAX;
    match is_short && is_emoji(text) {
        true => Ok(text),
        false => Err(Error::Invalid { what: "a reaction is an emoji".to_owned() }),
    }
}

fn is_emoji(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    if chars.next_if(is_regional).is_some() {
        return chars.next_if(is_regional).is_some() && chars.next().is_none();
    }
    while element(&mut chars) {
        match chars.next() {
            None => return true,
            Some(JOINER) => {}
            Some(_) => return false,
        }
    }
    false
}

/// Takes one picture with what belongs to it; returns whether there was one.
fn element(chars: &mut Peekable<Chars<'_>>) -> bool {
    let Some(picture) = chars.next_if(is_picture) else { return false };
    chars.next_if(|c| *c == AS_PICTURE || is_skin_tone(c));
    if picture != BLACK_FLAG || chars.next_if(is_tag).is_none() {
        return true;
    }
    while chars.next_if(is_tag).is_some() {}
    chars.next_if_eq(&TAGS_END).is_some()
}

fn is_regional(c: &char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

fn is_skin_tone(c: &char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

fn is_tag(c: &char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007e}')
}

/// The blocks that pictures are in: signs, arrows, technical signs, shapes, dingbats and the pictographs.
fn is_picture(c: &char) -> bool {
    let is_in_block = matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}'
        | '\u{2934}'..='\u{2935}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}'
        | '\u{3299}' | '\u{1f000}'..='\u{1faff}');
    is_in_block && !is_regional(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_is_one_emoji() {
        let kiss = "👩\u{1f3fd}\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}👨\u{1f3ff}";
        let scotland = "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}";
        let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
        for one in
            ["👍", " 🎉\n", "👍\u{1f3fd}", "❤\u{fe0f}", "❤", "🇫🇷", "⬆", kiss, scotland, family]
        {
            assert_eq!(emoji(one).unwrap(), one.trim(), "{one:?}");
        }
        let zalgo = format!("👍{}", "\u{301}".repeat(3));
        let keycap = "1\u{fe0f}\u{20e3}";
        let long = ["👨"; REACTION_CHARS_MAX / 2 + 1].join("\u{200d}");
        for none in [
            "",
            " ",
            "no",
            "1",
            "!",
            "\n",
            "👍👍",
            "👍 👍",
            "\u{202e}",
            "👍\u{202e}",
            "\u{200f}👍",
            "\u{2066}👍\u{2069}",
            "\u{200b}",
            "\u{200d}",
            "👍\u{200d}",
            "\u{200d}👍",
            "👍\u{200d}\u{200d}👍",
            "👍\u{fe0f}\u{fe0f}",
            "👍\u{fe0e}",
            "\u{301}",
            "👍\u{301}",
            "🇫",
            "🇫🇷🇫",
            "👍🇫🇷",
            "👍\u{e0067}\u{e007f}",
            "🏴\u{e0067}",
            "👍\u{0}",
            "\u{e000}",
            "é",
            &zalgo,
            keycap,
            &long,
        ] {
            assert!(matches!(emoji(none), Err(Error::Invalid { .. })), "{none:?}");
        }
    }
}
