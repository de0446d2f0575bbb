//! Words: how text is split for search, and how different spellings of a word match.
//!
//! Text is split by the rules of Unicode (UAX #29), so that it works for every script; words are
//! folded, so that accents, vowel points and case do not matter.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use super::plain::is_ignorable;

/// The longest word, in octets; a longer one is truncated, because nobody types it in full.
const WORD_OCTETS_MAX: usize = 64;

/// Returns the words of a text: the position of each, the original and the folded form. A
/// character that only allows a line break, such as a zero-width space, does not end a word.
pub fn words(text: &str) -> impl Iterator<Item = (usize, &str, String)> {
    let mut found = text.unicode_word_indices().peekable();
    std::iter::from_fn(move || {
        let (at, first) = found.next()?;
        let mut end = at + first.len();
        let goes_on = |end: usize, next: usize, word: &str| {
            next > end && is_one_word(&text[at..end], &text[end..next], word)
        };
        while let Some((next, word)) = found.next_if(|(next, word)| goes_on(end, *next, word)) {
            end = next + word.len();
        }
        Some((at, &text[at..end], fold(&text[at..end])))
    })
}

/// Returns whether two words would be one without what is between them. Scripts that do not part
/// words with spaces, such as Thai, may use a zero-width space for that.
fn is_one_word(before: &str, between: &str, after: &str) -> bool {
    between.chars().all(is_ignorable)
        && before.chars().next_back().zip(after.chars().next()).is_some_and(|(last, first)| {
            String::from_iter([last, first]).unicode_words().count() == 1
        })
}

/// Returns the folded words of a text, in order.
pub fn folded(text: &str) -> Vec<String> {
    words(text).map(|(_, _, word)| word).collect()
}

/// Returns the forms under which a word is indexed: the word itself and, if it consists of several
/// parts, as a host name does, each part of more than one character.
pub fn kept(word: String) -> impl Iterator<Item = String> {
    let whole = word.chars().all(char::is_alphanumeric);
    let parts = word.split(|c: char| !c.is_alphanumeric());
    let parts = parts.filter(|part| !whole && part.chars().nth(1).is_some());
    let parts: Vec<String> = parts.map(str::to_owned).collect();
    std::iter::once(word).chain(parts)
}

fn fold(word: &str) -> String {
    let mut folded = spelled(word);
    folded.truncate(folded.floor_char_boundary(WORD_OCTETS_MAX));
    folded
}

/// Returns the common spelling of a word: without case, accents, vowel points, and what is not seen.
pub fn spelled(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    let is_kept = |c: &char| !is_combining_mark(*c) && !is_ignorable(*c);
    for c in word.nfkd().filter(is_kept).flat_map(char::to_lowercase) {
        match c {
            'ß' => folded.push_str("ss"),
            'ς' => folded.push('σ'),
            // The Arabic tatweel only stretches a word.
            'ـ' => {}
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_word_meet() {
        for (left, right) in [
            ("RÉSUMÉ", "resume"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("שָׁלוֹם", "שלום"),
            ("مـــرحبا", "مرحبا"),
            ("ﬁne", "fine"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("zero\u{200b}width", "zerowidth"),
            ("a\u{2060}b\u{feff}c", "abc"),
            ("می\u{200c}خواهم", "میخواهم"),
        ] {
            assert_eq!(folded(left), folded(right), "{left}");
        }
    }

    #[test]
    fn text_is_cut_where_its_script_cuts_it() {
        assert_eq!(
            folded("Pay €1,000.50 now, don't wait!"),
            ["pay", "1,000.50", "now", "don't", "wait"]
        );
        assert_eq!(folded("日本 2026"), ["日", "本", "2026"]);
        assert_eq!(folded("dana@mail.example"), ["dana", "mail.example"]);
        assert_eq!(folded("日\u{200b}本 a\u{200b} b"), ["日", "本", "a", "b"]);
    }

    #[test]
    fn a_word_made_of_several_is_found_by_each() {
        let kept = |word: &str| kept(word.to_owned()).collect::<Vec<_>>();
        assert_eq!(kept("mail.example"), ["mail.example", "mail", "example"]);
        assert_eq!(kept("invoice"), ["invoice"]);
        assert_eq!(kept("don't"), ["don't", "don"]);
    }

    #[test]
    fn a_word_without_end_is_cut_off() {
        assert_eq!(folded(&"é".repeat(1_000))[0].len(), WORD_OCTETS_MAX);
    }
}
