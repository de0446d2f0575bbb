//! Splits CSS where it is not within brackets or quotes.

/// Splits a text where `is_end` says so, but not within brackets or quotes. A quotation ends with its
/// line at the latest.
pub fn split_outside(text: &str, is_end: impl Fn(char) -> bool) -> impl Iterator<Item = &str> {
    let (mut depth, mut quote, mut is_escaped) = (0_u32, None, false);
    text.split(move |c| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        is_escaped = c == '\\';
        match (quote, c) {
            (Some(open), c) if open == c || c == '\n' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, c) => return depth == 0 && is_end(c),
        }
        false
    })
}
