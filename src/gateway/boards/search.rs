//! Finding posts: by words, on one board or on all that somebody reads, and by number.
//!
//! There is no index: what the asker may read is opened with the asker's keys and compared, the latest
//! posts first. What is not for the asker is never opened, and shows in no count.

use std::sync::Arc;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::{Seen, inside};
use crate::gateway::boards::reading::PostView;
use crate::gateway::boards::shown::People;
use crate::gateway::error::{Error, readable};
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::records::board::{Post, PostPlace};
use crate::gateway::records::tables::POSTS;
use crate::mail::reference::Reference;
use crate::mail::words::spelled;
use crate::store::Read;

/// The longest question, and the most words of it that count.
pub const QUESTION_CHARS_MAX: usize = 200;
const WORDS_MAX: usize = 10;
/// The most posts in one answer, and the most that one question opens.
pub const FOUND_MAX: usize = 100;
const OPENED_MAX: usize = 20_000;

/// What was found, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostsFound {
    pub items: Vec<PostView>,
    /// Whether there is more than one question looks at, or shows.
    pub more: bool,
}

/// Where posts are, each with its board, and whether there are more.
type Places = (Vec<(Arc<Seen>, PostPlace)>, bool);

impl Gateway {
    /// The posts that have each of the words of `question`, or the one with this number.
    pub fn posts_search(
        &self,
        actor: &Actor,
        board: Option<&str>,
        question: &str,
    ) -> Result<PostsFound, Error> {
        inside(actor)?;
        let question = question.trim();
        if question.is_empty() || question.chars().count() > QUESTION_CHARS_MAX {
            let what = format!("a question has 1 to {QUESTION_CHARS_MAX} characters");
            return Err(Error::Invalid { what });
        }
        if question.parse::<Reference>().is_ok() {
            return self.post_numbered(actor, board, question);
        }
        let spelled_question = spelled(question);
        let wanted: Vec<&str> = spelled_question.split_whitespace().take(WORDS_MAX).collect();
        let (places, mut more) = self.places_read(actor, board)?;
        let reader = self.reader_facts(actor)?;
        let (mut keys, mut people) = (RingKeys::default(), People::for_reader(&reader));
        let mut hits = Vec::new();
        for (seen, place) in places {
            let Some(post) = self.post_at(place)? else { continue };
            let id = (place.board, place.topic);
            let opened = self.post_opened(actor, &mut keys, id, (post.version, &post))?;
            let Some(content) = opened else { continue };
            let text = spelled(&format!("{}\n{}", content.title, content.text));
            if wanted.iter().all(|word| text.contains(word)) {
                hits.push((post.at, seen, place));
            }
        }
        hits.sort_by_key(|(at, _, place)| std::cmp::Reverse((at.millis(), place.number)));
        more |= hits.len() > FOUND_MAX;
        hits.truncate(FOUND_MAX);
        let mut found = PostsFound { items: Vec::with_capacity(hits.len()), more };
        for (_, seen, place) in hits {
            let Some(post) = self.post_at(place)? else { continue };
            let opened = (&mut keys, &mut people);
            found.items.push(self.post_view(actor, opened, &seen, (place, &post))?);
        }
        Ok(found)
    }

    /// The post at a place, if it was not deleted.
    fn post_at(&self, place: PostPlace) -> Result<Option<Post>, Error> {
        let key = (place.board, place.topic, place.number);
        let post = readable(self.inner.store.get(&POSTS, &key))?.flatten();
        Ok(post.filter(|post| !post.deleted))
    }

    fn post_numbered(
        &self,
        actor: &Actor,
        board: Option<&str>,
        number: &str,
    ) -> Result<PostsFound, Error> {
        let items = match self.post(actor, number) {
            Ok(view) if board.is_none_or(|board| board == view.board) => vec![view],
            Ok(_) | Err(Error::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(PostsFound { items, more: false })
    }

    /// The places of the latest posts that the actor may read, and whether there are more.
    fn places_read(&self, actor: &Actor, board: Option<&str>) -> Result<Places, Error> {
        let boards = match board {
            Some(board) => vec![self.board_seen(actor, board)?],
            None => self.boards_seen(actor)?,
        };
        // Each board gets the same share of what one question opens, so that none hides another.
        let share = (OPENED_MAX / boards.len().max(1)).max(1);
        let (mut places, mut more) = (Vec::new(), false);
        for seen in boards.into_iter().map(Arc::new) {
            let mut own = Vec::new();
            for (key, topic) in self.topics_seen(&seen)? {
                for number in self.posts_seen(&seen, (key, &topic))? {
                    own.push(PostPlace { board: seen.id, topic: key, number });
                }
            }
            own.sort_by_key(|place| std::cmp::Reverse(place.number));
            more |= own.len() > share;
            own.truncate(share);
            places.extend(own.into_iter().map(|place| (seen.clone(), place)));
        }
        Ok((places, more))
    }
}
