//! The patterns of the API's description: some octets of a class, and again.

/// Whether a text fits a pattern such as `^[a-z0-9_-]{8,64}$`: classes and single characters, each
/// with a count if need be. Each takes as many as it can.
pub fn fits(pattern: &str, text: &str) -> bool {
    let inner = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    let mut pattern = inner.expect("a pattern is for the whole text");
    let mut text = text;
    while !pattern.is_empty() {
        let (class, rest) = class(pattern);
        let (least, most, rest) = count(rest);
        let taken: String = text.chars().take(most).take_while(|c| has(class, *c)).collect();
        if taken.chars().count() < least {
            return false;
        }
        (pattern, text) = (rest, &text[taken.len()..]);
    }
    text.is_empty()
}

fn class(pattern: &str) -> (&str, &str) {
    match pattern.strip_prefix('[') {
        Some(rest) => rest.split_once(']').expect("a class has an end"),
        None => pattern.split_at(1),
    }
}

fn count(pattern: &str) -> (usize, usize, &str) {
    if let Some(rest) = pattern.strip_prefix('+') {
        return (1, usize::MAX, rest);
    }
    let Some(rest) = pattern.strip_prefix('{') else { return (1, 1, pattern) };
    let (counts, rest) = rest.split_once('}').expect("a count has an end");
    let (least, most) = counts.split_once(',').unwrap_or((counts, counts));
    (least.parse().unwrap(), most.parse().unwrap(), rest)
}

fn has(class: &str, c: char) -> bool {
    let class: Vec<char> = class.chars().collect();
    let mut at = 0;
    while at < class.len() {
        if let [from, '-', to] = class[at..(at + 3).min(class.len())] {
            if (from..=to).contains(&c) {
                return true;
            }
            at += 3;
        } else {
            if class[at] == c {
                return true;
            }
            at += 1;
        }
    }
    false
}

#[test]
fn a_pattern_is_for_the_whole_text() {
    for (pattern, text, expected) in [
        ("^[A-Za-z0-9_-]{2,3}$", "a-", true),
        ("^[A-Za-z0-9_-]{2,3}$", "a", false),
        ("^[A-Za-z0-9_-]{2,3}$", "abcd", false),
        ("^[0-9a-f]{2}$", "0g", false),
        ("^#[0-9a-f]{2}$", "#0f", true),
        ("^[1-9][0-9]+$", "10", true),
        ("^[1-9][0-9]+$", "1", false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
    }
}
