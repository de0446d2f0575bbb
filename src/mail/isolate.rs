//! Isolates for text of another direction (Unicode UAX #9).

use crate::terms::Language;

/// A name, an address or a time, in an isolate where writing runs from right to left.
pub fn isolated(language: Language, text: &str) -> String {
    match language {
        Language::Hebrew | Language::Arabic => format!("\u{2068}{text}\u{2069}"),
        Language::English | Language::German | Language::French | Language::Spanish => {
            text.to_owned()
        }
    }
}
