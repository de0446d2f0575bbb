//! What a post says, and what it is bound to.

use serde::{Deserialize, Serialize};

use crate::gateway::error::Error;
use crate::gateway::records::board::{Post, PostChange};
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey};
use crate::gateway::records::keyring::RingUnder;
use crate::gateway::records::sealed_form;
use crate::store::Record;
use crate::vault::RingSecret;

/// The most characters of a title, and of a post.
pub const TITLE_CHARS_MAX: usize = 200;
pub const TEXT_CHARS_MAX: usize = 20_000;
pub(super) const NO_POST: Error = Error::NotFound { what: "post" };
pub(super) const NO_TOPIC: Error = Error::NotFound { what: "topic" };
pub(super) const NOBODY: Error = Error::NotFound { what: "reader" };

/// The row of positions that is about a board as a whole.
pub(super) const WHOLE: ReferenceKey = [0; 16];

/// What a post says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostContent {
    /// Of the first post of a topic.
    pub title: String,
    pub text: String,
}

impl Record for PostContent {
    const VERSION: u8 = 1;
}

impl PostContent {
    /// The same, without blanks around it; refuses what is too long, and what says nothing.
    pub(super) fn checked(&self, is_first: bool) -> Result<PostContent, Error> {
        let (title, text) = (self.title.trim(), self.text.trim());
        let titled = if is_first { 1..=TITLE_CHARS_MAX } else { 0..=0 };
        if !titled.contains(&title.chars().count()) || title.chars().any(char::is_control) {
            let what = format!(
                "a topic has a title of 1 to {TITLE_CHARS_MAX} characters in one line, and an answer none"
            );
            return Err(Error::Invalid { what });
        }
        if !(1..=TEXT_CHARS_MAX).contains(&text.chars().count()) {
            let what = format!("a post has 1 to {TEXT_CHARS_MAX} characters");
            return Err(Error::Invalid { what });
        }
        Ok(PostContent { title: title.to_owned(), text: text.to_owned() })
    }

    pub(super) fn seal(
        &self,
        place: (BoardId, ReferenceKey),
        post: (ReferenceKey, u32, AccountId),
        (under, secret): (RingUnder, &RingSecret),
    ) -> Result<Vec<u8>, Error> {
        Ok(secret.seal(&post_binding(place, post, under), &sealed_form::octets_of(self)?)?)
    }
}

/// What binds the content of a post: also who wrote this version of it.
pub(super) fn post_binding(
    (board, topic): (BoardId, ReferenceKey),
    (reference, version, by): (ReferenceKey, u32, AccountId),
    under: RingUnder,
) -> Vec<u8> {
    let (version, epoch) = (version.to_be_bytes(), under.epoch.to_be_bytes());
    let parts: [&[u8]; 8] =
        [b"board post\0", &board.0, &topic, &reference, &version, &by.0, &under.ring.0, &epoch];
    parts.concat()
}

/// Who wrote what a post says now.
pub(super) fn written(post: &Post) -> PostChange {
    post.changed.unwrap_or(PostChange { at: post.at, by: post.author })
}
