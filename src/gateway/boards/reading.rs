//! Reading posts, and how far somebody has read.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::{Seen, allowed_in_tx, not_open};
use crate::gateway::boards::content::{NO_POST, PostContent, WHOLE, post_binding, written};
use crate::gateway::boards::file::FileView;
use crate::gateway::boards::readers::Named;
use crate::gateway::boards::rights::{may_change, sees_limited};
use crate::gateway::boards::shown::{People, PersonShown, ReactionView};
use crate::gateway::boards::topic::TopicView;
use crate::gateway::error::{Error, readable};
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::records::board::{
    BoardPosition, Post, PostChange, PostPlace, PostReaders, Topic,
};
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey};
use crate::gateway::records::keyring::RingUnder;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{BOARD_POSITIONS, POST_VERSIONS, POSTS};
use crate::gateway::text::hex;
use crate::mail::reference::Reference;
use crate::store::{Order, Read};
use crate::terms::BoardRight;

/// The most posts in one answer.
pub const POSTS_PAGE_MAX: usize = 100;

/// A post, as somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostView {
    pub reference: ReferenceKey,
    pub board: String,
    pub topic: ReferenceKey,
    pub author: PersonShown,
    pub own: bool,
    pub at: Timestamp,
    /// `None` if it was deleted, or cannot be opened, or not yet.
    pub content: Option<PostContent>,
    pub deleted: bool,
    pub version: u32,
    pub changed: Option<(Timestamp, PersonShown)>,
    /// For whom it is besides its author, if not for all readers of the topic.
    pub readers: Option<Vec<PersonShown>>,
    pub files: Vec<FileView>,
    pub reactions: Vec<ReactionView>,
    pub unread: bool,
    pub may_change: bool,
}

/// A part of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostPage {
    pub topic: TopicView,
    pub items: Vec<PostView>,
    pub total: usize,
    /// The place of the first post in the answer, and of the first one that was not read, if any.
    pub offset: usize,
    pub first_unread: Option<usize>,
    pub may_answer: bool,
    pub may_edit: bool,
    /// For whom the topic is besides its author, if not for all readers of the board.
    pub readers: Option<Vec<PersonShown>>,
}

/// Which part of a topic is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Offset(usize),
    /// The part with the first post that was not read, or else with the last one.
    Unread,
    /// The part with the post that is named.
    Named,
}

/// What a post said at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionView {
    pub at: Timestamp,
    pub by: PersonShown,
    /// `None` if it cannot be opened.
    pub content: Option<PostContent>,
}

impl Gateway {
    /// A part of the topic in which a post is, with the posts that the actor sees.
    pub fn topic_posts(
        &self,
        actor: &Actor,
        reference: &str,
        from: From,
        limit: usize,
    ) -> Result<PostPage, Error> {
        if !(1..=POSTS_PAGE_MAX).contains(&limit) {
            let what = format!("at most {POSTS_PAGE_MAX} posts can be asked for");
            return Err(Error::Invalid { what });
        }
        let (place, seen, topic, _) = self.post_seen(actor, reference)?;
        let key = place.topic;
        // Readers who wait for the keys get them from those who open the topic.
        let limited = topic.limited.as_ref().map(|limited| limited.ring);
        for ring in [seen.row.ring].into_iter().chain(limited) {
            if let Err(error) = self.keyring_tend(actor, ring) {
                tracing::debug!(%error, "the keys of a board were not tended");
            }
        }
        if let Some(named) = Named::of_topic(&topic) {
            self.readers_back((actor, &seen), named);
        }
        let read = self.topic_read_to(&seen, key)?;
        let numbers = self.posts_seen(&seen, (key, &topic))?;
        // Own posts are read, but for those after what others posted meanwhile.
        let first_unread = numbers.iter().position(|number| *number > read);
        let offset = match from {
            From::Offset(offset) => offset,
            From::Unread => first_unread.unwrap_or(numbers.len().saturating_sub(1)) / limit * limit,
            From::Named => {
                let at = numbers.iter().position(|number| *number == place.number);
                at.unwrap_or_default() / limit * limit
            }
        };
        let (mut keys, mut people) = (RingKeys::default(), People::for_reader(&seen.reader));
        let mut items = Vec::new();
        for number in numbers.iter().skip(offset).take(limit) {
            let found = self.inner.store.get(&POSTS, &(seen.id, key, *number));
            let Some(post) = readable(found)?.flatten() else { continue };
            if let Some(named) = Named::of_post(&post) {
                self.readers_back((actor, &seen), named);
            }
            let place = PostPlace { board: seen.id, topic: key, number: *number };
            let opened = (&mut keys, &mut people);
            let mut view = self.post_view(actor, opened, &seen, (place, &post))?;
            view.unread = *number > read && !view.own;
            items.push(view);
        }
        let sum = self.topic_sum(&seen, (key, &topic), read)?;
        let may_edit = seen.right >= BoardRight::Edit;
        Ok(PostPage {
            items,
            total: numbers.len(),
            offset,
            first_unread,
            may_answer: may_edit || seen.right >= BoardRight::Write && !topic.locked,
            may_edit,
            readers: self.readers_shown(&mut people, topic.limited.as_ref())?,
            topic: self.topic_view(actor, (&mut keys, &mut people), &seen, (key, &topic, &sum))?,
        })
    }

    /// The numbers of the posts of a topic that its reader sees, in order.
    pub(super) fn posts_seen(
        &self,
        seen: &Seen,
        (key, topic): (ReferenceKey, &Topic),
    ) -> Result<Vec<u64>, Error> {
        let mut numbers = Vec::new();
        self.inner.store.scan_keys(&POSTS, &(seen.id, key), |(_, _, number)| {
            numbers.push(number);
            ControlFlow::Continue(())
        })?;
        let account = seen.reader.account;
        let hidden = topic.limited_posts.iter().filter(|post| !sees_limited(post, account));
        let hidden: Vec<u64> = hidden.map(|post| post.number).collect();
        numbers.retain(|number| hidden.binary_search(number).is_err());
        Ok(numbers)
    }

    pub(super) fn post_view(
        &self,
        actor: &Actor,
        (keys, people): (&mut RingKeys, &mut People),
        seen: &Seen,
        (place, post): (PostPlace, &Post),
    ) -> Result<PostView, Error> {
        let id = (place.board, place.topic);
        let content = match post.deleted {
            true => None,
            false => self.post_opened(actor, keys, id, (post.version, post))?,
        };
        let files = match post.deleted {
            true => Vec::new(),
            false => self.post_files(actor, keys, (place, post.reference))?,
        };
        let reactions = match post.deleted {
            true => Vec::new(),
            false => self.post_reactions(actor, keys, post)?,
        };
        let changed = match post.changed {
            Some(PostChange { at, by }) => Some((at, people.of(self, by)?)),
            None => None,
        };
        Ok(PostView {
            reference: post.reference,
            board: hex(&place.board.0),
            topic: place.topic,
            author: people.of(self, post.author)?,
            own: post.author == actor.account(),
            at: post.at,
            content,
            deleted: post.deleted,
            version: post.version,
            changed,
            readers: self.readers_shown(people, post.readers.as_ref())?,
            files,
            reactions,
            unread: false,
            may_change: !post.deleted && may_change(seen.right, post, actor.account()),
        })
    }

    fn readers_shown(
        &self,
        people: &mut People,
        readers: Option<&PostReaders>,
    ) -> Result<Option<Vec<PersonShown>>, Error> {
        let Some(readers) = readers else { return Ok(None) };
        readers.accounts.iter().map(|one| people.of(self, *one)).collect::<Result<_, _>>().map(Some)
    }

    /// What a post says; `None` if it cannot be opened.
    pub(super) fn post_opened(
        &self,
        actor: &Actor,
        keys: &mut RingKeys,
        place: (BoardId, ReferenceKey),
        (version, post): (u32, &Post),
    ) -> Result<Option<PostContent>, Error> {
        let sealed = (post.under, post.sealed.as_slice());
        let by = written(post).by;
        self.content_opened(
            actor,
            keys,
            post_binding(place, (post.reference, version, by), post.under),
            sealed,
        )
    }

    fn content_opened(
        &self,
        actor: &Actor,
        keys: &mut RingKeys,
        bound: Vec<u8>,
        (under, sealed): (RingUnder, &[u8]),
    ) -> Result<Option<PostContent>, Error> {
        let secret = match self.keyring_opening_in(actor, keys, under) {
            Ok(secret) => secret,
            Err(error) => return not_open(error),
        };
        match secret.open(&bound, sealed) {
            Ok(plain) => readable(sealed_form::read(POSTS.name, &plain)),
            Err(_) => Ok(None),
        }
    }

    /// The post with this reference number, if the actor sees it.
    pub fn post(&self, actor: &Actor, reference: &str) -> Result<PostView, Error> {
        let number: Reference = reference.parse().map_err(|_| NO_POST)?;
        self.post_by_key(actor, number.to_bytes())
    }

    pub(super) fn post_by_key(
        &self,
        actor: &Actor,
        reference: ReferenceKey,
    ) -> Result<PostView, Error> {
        let (place, seen, topic, post) = self.post_seen_by_key(actor, reference)?;
        if let Some(named) = Named::of_post(&post).or(Named::of_topic(&topic)) {
            self.readers_back((actor, &seen), named);
        }
        let read = self.topic_read_to(&seen, place.topic)?;
        let opened = (&mut RingKeys::default(), &mut People::for_reader(&seen.reader));
        let mut view = self.post_view(actor, opened, &seen, (place, &post))?;
        view.unread = place.number > read && !view.own;
        Ok(view)
    }

    /// What a post said before, the oldest first, and says now.
    pub fn post_versions(&self, actor: &Actor, reference: &str) -> Result<Vec<VersionView>, Error> {
        let (place, seen, _, post) = self.post_seen(actor, reference)?;
        let (mut keys, mut people) = (RingKeys::default(), People::for_reader(&seen.reader));
        let (mut rows, mut found) = (Vec::new(), Vec::new());
        let all = &post.reference;
        self.inner.store.scan(&POST_VERSIONS, all, Order::Ascending, |(_, version), row| {
            rows.push((version, row));
            ControlFlow::Continue(())
        })?;
        let id = (place.board, place.topic);
        for (version, row) in rows {
            let bound = post_binding(id, (post.reference, version, row.written.by), row.under);
            let sealed = (row.under, row.sealed.as_slice());
            let content = self.content_opened(actor, &mut keys, bound, sealed)?;
            let by = people.of(self, row.written.by)?;
            found.push(VersionView { at: row.written.at, by, content });
        }
        let PostChange { at, by } = written(&post);
        let content = match post.deleted {
            true => None,
            false => self.post_opened(actor, &mut keys, id, (post.version, &post))?,
        };
        found.push(VersionView { at, by: people.of(self, by)?, content });
        Ok(found)
    }

    /// Says that the actor has read a topic up to this post. It never goes back.
    pub fn post_read(&self, actor: &Actor, reference: &str) -> Result<(), Error> {
        let (place, seen, topic, _) = self.post_seen(actor, reference)?;
        let (account, key) = (actor.account(), place.topic);
        let mut read = place.number;
        // Own posts that follow are read as well, so that what follows the position is by others.
        for number in self.posts_seen(&seen, (key, &topic))? {
            if number <= read {
                continue;
            }
            let post = readable(self.inner.store.get(&POSTS, &(seen.id, key, number)))?.flatten();
            if post.is_none_or(|post| post.author != account) {
                break;
            }
            read = number;
        }
        self.position_set(account, (place.board, key), read)
    }

    /// Says that the actor has read everything on a board.
    pub fn board_read(&self, actor: &Actor, board: &str) -> Result<(), Error> {
        let seen = self.board_seen(actor, board)?;
        self.position_set(actor.account(), (seen.id, WHOLE), seen.row.posts)
    }

    fn position_set(
        &self,
        account: AccountId,
        (board, topic): (BoardId, ReferenceKey),
        read: u64,
    ) -> Result<(), Error> {
        let key = (account, board, topic);
        let now = self.inner.clock.now();
        let done = self.transact(move |tx| {
            // Who may read no more, or is not here any more, leaves nothing.
            allowed_in_tx(tx, board, (account, now), BoardRight::Read)?;
            let before: BoardPosition = tx.get(&BOARD_POSITIONS, &key)?.unwrap_or_default();
            if before.read < read {
                tx.put(&BOARD_POSITIONS, &key, &BoardPosition { read, ..before })?;
            }
            Ok::<_, Error>(())
        });
        done.wait()?;
        self.boards_publish(&[account]);
        Ok(())
    }
}
