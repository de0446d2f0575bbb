//! Topics: their list, pinning and locking them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::{Seen, allowed_in_tx};
use crate::gateway::boards::content::{NO_TOPIC, WHOLE};
use crate::gateway::boards::rights::{sees_limited, sees_topic};
use crate::gateway::boards::shown::People;
use crate::gateway::error::{Error, readable};
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::records::board::{Post, PostPlace, Topic};
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey};
use crate::gateway::records::tables::{BOARD_ATTENTION, BOARD_POSITIONS, BOARD_TOPICS, POSTS};
use crate::mail::reference::Reference;
use crate::store::{Order, Read};
use crate::terms::{Attention, BoardRight};

/// The most topics in one answer.
pub const TOPICS_PAGE_MAX: usize = 100;

/// A topic, as somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicView {
    pub reference: ReferenceKey,
    /// `None` if its first post was deleted, or cannot be opened, or not yet.
    pub title: Option<String>,
    /// Whether its first post was deleted.
    pub deleted: bool,
    pub author: String,
    pub begun: Timestamp,
    /// Of the latest post that the actor sees.
    pub last: Timestamp,
    pub posts: usize,
    pub unread: usize,
    pub pinned: bool,
    pub locked: bool,
    /// Whether it is for some readers of the board alone.
    pub limited: bool,
    pub attention: Option<Attention>,
}

/// A part of the topics of a board: pinned ones first, then those with the latest posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPage {
    pub items: Vec<TopicView>,
    pub total: usize,
}

/// What somebody sees of a topic's posts, without opening any.
pub(super) struct Sum {
    pub posts: usize,
    /// 0 of a topic that the reader wants to hear nothing of.
    pub unread: usize,
    pub last: Timestamp,
    pub attention: Option<Attention>,
}

/// The number of the latest post of a topic that its reader sees.
pub(super) fn last_seen(topic: &Topic, account: AccountId) -> u64 {
    let limited = topic.limited_posts.iter().filter(|post| sees_limited(post, account));
    limited.map(|post| post.number).fold(topic.last_number, u64::max)
}

/// The time of that post.
fn last_time(topic: &Topic, account: AccountId) -> Timestamp {
    let limited = topic.limited_posts.iter().filter(|post| sees_limited(post, account));
    limited.map(|post| post.at).fold(topic.last, Timestamp::max)
}

/// How far somebody has read each topic of a board, and all of it.
#[derive(Default)]
struct Positions(HashMap<ReferenceKey, u64>);

impl Positions {
    fn of(&self, topic: ReferenceKey) -> u64 {
        let read = |topic| self.0.get(&topic).copied().unwrap_or_default();
        read(topic).max(read(WHOLE))
    }
}

impl Gateway {
    /// A part of the topics that the actor sees on a board.
    pub fn topic_list(
        &self,
        actor: &Actor,
        board: &str,
        (offset, limit): (usize, usize),
    ) -> Result<TopicPage, Error> {
        if !(1..=TOPICS_PAGE_MAX).contains(&limit) {
            let what = format!("at most {TOPICS_PAGE_MAX} topics can be asked for");
            return Err(Error::Invalid { what });
        }
        let seen = self.board_seen(actor, board)?;
        let positions = self.positions(&seen)?;
        let mut found = self.topics_seen(&seen)?;
        let account = actor.account();
        found.sort_by_cached_key(|(key, topic)| {
            let last = last_time(topic, account);
            (std::cmp::Reverse((topic.pinned, last.millis())), *key)
        });
        let total = found.len();
        let (mut keys, mut people) = (RingKeys::default(), People::for_reader(&seen.reader));
        let mut items = Vec::new();
        for (key, topic) in found.into_iter().skip(offset).take(limit) {
            let sum = self.topic_sum(&seen, (key, &topic), positions.of(key))?;
            items.push(self.topic_view(
                actor,
                (&mut keys, &mut people),
                &seen,
                (key, &topic, &sum),
            )?);
        }
        Ok(TopicPage { items, total })
    }

    pub(super) fn topic_view(
        &self,
        actor: &Actor,
        (keys, people): (&mut RingKeys, &mut People),
        seen: &Seen,
        (key, topic, sum): (ReferenceKey, &Topic, &Sum),
    ) -> Result<TopicView, Error> {
        let first = self.topic_first(seen.id, key)?;
        let content = match &first {
            Some((_, post)) if !post.deleted => {
                self.post_opened(actor, keys, (seen.id, key), (post.version, post))?
            }
            _ => None,
        };
        Ok(TopicView {
            reference: key,
            title: content.map(|content| content.title),
            deleted: first.as_ref().is_none_or(|(_, post)| post.deleted),
            author: people.of(self, topic.author)?.name,
            begun: first.map_or(topic.last, |(_, post)| post.at),
            last: sum.last,
            posts: sum.posts,
            unread: sum.unread,
            pinned: topic.pinned,
            locked: topic.locked,
            limited: topic.limited.is_some(),
            attention: sum.attention,
        })
    }

    fn topic_first(
        &self,
        board: BoardId,
        topic: ReferenceKey,
    ) -> Result<Option<(u64, Post)>, Error> {
        let mut first = None;
        self.inner.store.scan(&POSTS, &(board, topic), Order::Ascending, |key, post| {
            first = Some((key.2, post));
            ControlFlow::Break(())
        })?;
        Ok(first)
    }

    /// The topics that a reader of the board sees.
    pub(super) fn topics_seen(&self, seen: &Seen) -> Result<Vec<(ReferenceKey, Topic)>, Error> {
        let mut found = Vec::new();
        self.inner.store.scan_readable(&BOARD_TOPICS, &seen.id, |(_, key), topic| {
            let is_there = !seen.row.ending_topics.contains(&key);
            if is_there && sees_topic(&topic, seen.reader.account) {
                found.push((key, topic));
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// The topic with this number, if the reader of the board sees it.
    pub(super) fn topic_seen(
        &self,
        seen: &Seen,
        reference: &str,
    ) -> Result<(ReferenceKey, Topic), Error> {
        let number: Reference = reference.parse().map_err(|_| NO_TOPIC)?;
        let key = number.to_bytes();
        let topic = self.inner.store.get(&BOARD_TOPICS, &(seen.id, key))?;
        let is_there = !seen.row.ending_topics.contains(&key);
        let topic = topic.filter(|topic| is_there && sees_topic(topic, seen.reader.account));
        Ok((key, topic.ok_or(NO_TOPIC)?))
    }

    /// Counts the posts of a topic that the reader sees, and those of others after the last one that was read.
    /// Whether one is seen, its topic says: no other is opened.
    pub(super) fn topic_sum(
        &self,
        seen: &Seen,
        (key, topic): (ReferenceKey, &Topic),
        read: u64,
    ) -> Result<Sum, Error> {
        let account = seen.reader.account;
        let limited = topic.limited_posts.iter().filter(|post| sees_limited(post, account)).count();
        let (posts, last) = (topic.posts as usize + limited, last_time(topic, account));
        let attention = self.inner.store.get(&BOARD_ATTENTION, &(account, seen.id, key))?;
        let attention = attention.map(|row| row.0);
        let mut unread = 0;
        if attention != Some(Attention::Muted) && last_seen(topic, account) > read {
            for number in self.posts_seen(seen, (key, topic))? {
                if number > read {
                    let post = self.inner.store.get(&POSTS, &(seen.id, key, number));
                    let post = readable(post)?.flatten();
                    unread += usize::from(post.is_some_and(|post| post.author != account));
                }
            }
        }
        Ok(Sum { posts, unread, last, attention })
    }

    /// The number of the latest post that the reader has read, of a topic.
    pub(super) fn topic_read_to(&self, seen: &Seen, key: ReferenceKey) -> Result<u64, Error> {
        let account: AccountId = seen.reader.account;
        let of = |topic| self.inner.store.get(&BOARD_POSITIONS, &(account, seen.id, topic));
        let (one, all) = (of(key)?.unwrap_or_default(), of(WHOLE)?.unwrap_or_default());
        Ok(one.read.max(all.read))
    }

    /// How many topics have posts that the reader has not read, and how many of those the reader follows.
    pub(super) fn board_unread(&self, seen: &Seen) -> Result<(usize, usize), Error> {
        let (positions, attentions) = (self.positions(seen)?, self.attentions(seen)?);
        let (mut unread, mut followed) = (0, 0);
        for (key, topic) in self.topics_seen(seen)? {
            let attention = attentions.get(&key);
            if attention == Some(&Attention::Muted)
                || last_seen(&topic, seen.reader.account) <= positions.of(key)
            {
                continue;
            }
            unread += 1;
            followed += usize::from(attention == Some(&Attention::Followed));
        }
        Ok((unread, followed))
    }

    /// How far the reader has read each topic of a board.
    fn positions(&self, seen: &Seen) -> Result<Positions, Error> {
        let mut positions = Positions::default();
        let of = &(seen.reader.account, seen.id);
        self.inner.store.scan_readable(&BOARD_POSITIONS, of, |(_, _, topic), row| {
            positions.0.insert(topic, row.read);
            ControlFlow::Continue(())
        })?;
        Ok(positions)
    }

    /// Pins or locks a topic, or ends that; `None` stays as it is.
    pub fn topic_change(
        &self,
        actor: &Actor,
        reference: &str,
        (pinned, locked): (Option<bool>, Option<bool>),
    ) -> Result<TopicView, Error> {
        let (place, seen, ..) = self.post_seen(actor, reference)?;
        let key = place.topic;
        seen.needs(BoardRight::Edit)?;
        let (id, account, now) = (seen.id, actor.account(), self.inner.clock.now());
        let done = self.transact(move |tx| {
            allowed_in_tx(tx, id, (account, now), BoardRight::Edit)?;
            let found = tx.get(&BOARD_TOPICS, &(id, key))?;
            let mut topic = found.filter(|topic| sees_topic(topic, account)).ok_or(NO_TOPIC)?;
            topic.pinned = pinned.unwrap_or(topic.pinned);
            topic.locked = locked.unwrap_or(topic.locked);
            Ok(tx.put(&BOARD_TOPICS, &(id, key), &topic)?)
        });
        done.wait()?;
        let listeners = self.board_listeners(&seen.row)?;
        let topic = self.inner.store.get(&BOARD_TOPICS, &(id, key))?.ok_or(NO_TOPIC)?;
        let sees = |one: &AccountId| sees_topic(&topic, *one);
        self.boards_publish(&listeners.into_iter().filter(sees).collect::<Vec<_>>());
        self.topic_shown(actor, reference)
    }

    /// The topic in which a post is.
    pub(super) fn topic_shown(&self, actor: &Actor, reference: &str) -> Result<TopicView, Error> {
        let (PostPlace { topic: key, .. }, seen, topic, _) = self.post_seen(actor, reference)?;
        let sum = self.topic_sum(&seen, (key, &topic), self.topic_read_to(&seen, key)?)?;
        let opened = (&mut RingKeys::default(), &mut People::for_reader(&seen.reader));
        self.topic_view(actor, opened, &seen, (key, &topic, &sum))
    }
}
