//! The languages of the pages and of generated mail.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language of the pages and of generated mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    English,
    Hebrew,
    German,
    French,
    Spanish,
    Arabic,
}

super::words!(Language {
    English => "english",
    Hebrew => "hebrew",
    German => "german",
    French => "french",
    Spanish => "spanish",
    Arabic => "arabic",
});

impl Language {
    /// The language's tag (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Hebrew => "he",
            Language::German => "de",
            Language::French => "fr",
            Language::Spanish => "es",
            Language::Arabic => "ar",
        }
    }

    /// Returns the language that has this tag.
    pub fn from_tag(tag: &str) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.tag() == tag)
    }
}
