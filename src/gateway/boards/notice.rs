//! Notices of posts: who follows a topic is told outside the pages that something was posted there, once until
//! he or she reads, and only of posts that are for this reader.
//!
//! A topic is watched from an answer until all who follow it read that, or were told. Who may read is asked when
//! the notice is made, as it is for any request.

use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::boards::content::WHOLE;
use crate::gateway::boards::rights::{right, sees_post, sees_topic};
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::audience::Reader;
use crate::gateway::notices::waiting::{Waiting, waiting_in_tx};
use crate::gateway::records::board::{Board, Post, PostPlace, Topic};
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey};
use crate::gateway::records::notice::TopicFollower;
use crate::gateway::records::queue::Due;
use crate::gateway::records::tables::{
    ACCOUNTS, BOARD_POSITIONS, BOARD_TOPICS, BOARDS, POST_PLACES, POSTS, TOPIC_FOLLOWERS,
    TOPIC_WATCH,
};
use crate::store::{Order, Read, Span};

/// The most topics of one pass, and its notices.
const TOPICS_AT_ONCE: usize = 1_000;
const NOTICES_AT_ONCE: usize = 100;
/// How many posts after the last one that was read are looked at, for one that is for the reader.
const POSTS_LOOKED_MAX: usize = 500;

type TopicKey = (BoardId, ReferenceKey);

/// What a post of a topic is to somebody who follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// There is nothing to tell, or it was told.
    Nothing,
    /// It is too young.
    Young,
    Waits(ReferenceKey, u64),
}

/// A topic with its board, as they are now.
struct Watched {
    key: TopicKey,
    board: Board,
    topic: Topic,
}

/// Says that the followers of a topic may have to be told of something in it.
pub(super) fn watch_in_tx(tx: &mut Tx<'_, '_>, key: TopicKey) -> Result<(), Error> {
    Ok(tx.put(&TOPIC_WATCH, &key, &Due)?)
}

impl Gateway {
    /// Gives notices of posts in topics that somebody follows. Called by a job.
    pub fn topics_watch(&self) -> Result<(), Error> {
        let mut keys = Vec::new();
        self.inner.store.scan_keys(&TOPIC_WATCH, &(), |key| {
            keys.push(key);
            if keys.len() < TOPICS_AT_ONCE {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        let mut room_for = NOTICES_AT_ONCE;
        for key in keys {
            // One topic that cannot be looked at is in no other's way.
            if let Err(error) = self.topic_watch(key, &mut room_for) {
                tracing::error!(%error, "a topic was passed over");
            }
        }
        Ok(())
    }

    fn topic_watch(&self, key: TopicKey, room_for: &mut usize) -> Result<(), Error> {
        let Some(watched) = self.topic_watched(key)? else {
            return self.topic_unwatch(key, None);
        };
        let mut followers = Vec::new();
        self.inner.store.scan_readable(&TOPIC_FOLLOWERS, &key, |(_, _, account), row| {
            followers.push((account, row));
            ControlFlow::Continue(())
        })?;
        let mut goes_on = false;
        for (account, follower) in followers {
            match self.topic_found(&watched, account, follower)? {
                Found::Nothing => {}
                Found::Young => goes_on = true,
                Found::Waits(..) if *room_for == 0 => goes_on = true,
                Found::Waits(post, number) => {
                    *room_for -= 1;
                    match self.post_notice((key, account), (post, number), follower) {
                        Ok(is_given) => goes_on |= !is_given,
                        // Somebody to whom nothing can be written is in nobody's way.
                        Err(error) => {
                            let id = account.to_text();
                            tracing::error!(%error, account.id = %id, "nothing said that a post waits");
                        }
                    }
                }
            }
        }
        match goes_on {
            true => Ok(()),
            false => self.topic_unwatch(key, Some(watched.topic)),
        }
    }

    fn topic_watched(&self, key: TopicKey) -> Result<Option<Watched>, Error> {
        let board = self.inner.store.get(&BOARDS, &key.0)?;
        let is_there = |row: &Board| !row.ending && !row.ending_topics.contains(&key.1);
        let topic = self.inner.store.get(&BOARD_TOPICS, &key)?;
        let both = board.filter(is_there).zip(topic);
        Ok(both.map(|(board, topic)| Watched { key, board, topic }))
    }

    /// Watches a topic no more, unless something was posted there meanwhile.
    fn topic_unwatch(&self, key: TopicKey, topic: Option<Topic>) -> Result<(), Error> {
        let done = self.transact(move |tx| {
            let now = tx.get(&BOARD_TOPICS, &key)?;
            let same = match (&topic, &now) {
                (Some(before), Some(now)) => {
                    let of = |topic: &Topic| (topic.last_number, topic.limited_posts.len());
                    of(before) == of(now)
                }
                _ => true,
            };
            if same {
                tx.delete(&TOPIC_WATCH, &key);
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }

    /// What there is to tell somebody who follows a topic.
    fn topic_found(
        &self,
        watched: &Watched,
        account: AccountId,
        follower: TopicFollower,
    ) -> Result<Found, Error> {
        let read = self.follower_read_to(account, watched.key)?;
        // One notice until the follower reads.
        if follower.noticed > read || !self.follows_still(watched, account)? {
            return Ok(Found::Nothing);
        }
        let first = self.first_unread_of(watched.key, account, read)?;
        let Some((number, post)) = first else { return Ok(Found::Nothing) };
        let (now, secs) = (self.inner.clock.now(), self.inner.settings.notices.post_secs);
        Ok(match post.at.plus_secs(secs) <= now {
            true => Found::Waits(post.reference, number),
            false => Found::Young,
        })
    }

    /// Whether somebody who follows a topic may read it, and wants notices of posts.
    fn follows_still(&self, watched: &Watched, account: AccountId) -> Result<bool, Error> {
        let is_able = self.inner.store.get(&ACCOUNTS, &account)?.is_some_and(|row| !row.disabled);
        if !is_able || !self.notice_terms(account)?.posts {
            return Ok(false);
        }
        let asker = self.asker(account)?;
        let reader = Reader { account, inside: asker.inside, groups: asker.groups };
        let reads = right(&watched.board.grants, &reader).is_some();
        Ok(reads && sees_topic(&watched.topic, account))
    }

    /// How far somebody has read a topic.
    fn follower_read_to(&self, account: AccountId, key: TopicKey) -> Result<u64, Error> {
        let of = |topic| self.inner.store.get(&BOARD_POSITIONS, &(account, key.0, topic));
        let (one, all) = (of(key.1)?.unwrap_or_default(), of(WHOLE)?.unwrap_or_default());
        Ok(one.read.max(all.read))
    }

    /// The first post by others after the last one that was read, which is for this reader.
    fn first_unread_of(
        &self,
        key: TopicKey,
        account: AccountId,
        read: u64,
    ) -> Result<Option<(u64, Post)>, Error> {
        let whole = Span::prefix(&POSTS.raw(&key), Order::Ascending);
        let span = Span { from: POSTS.raw(&(key.0, key.1, read + 1)), ..whole };
        let (mut found, mut looked) = (None, 0);
        self.inner.store.scan_span_readable(&POSTS, &span, |(_, _, number), post| {
            looked += 1;
            let is_for = !post.deleted && post.author != account && sees_post(&post, account);
            found = is_for.then_some((number, post));
            match found.is_none() && looked < POSTS_LOOKED_MAX {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        Ok(found)
    }

    /// Gives the notice, or lets it wait for its time; and records that there is one, until the follower reads.
    /// False if the next notice has no room for it.
    fn post_notice(
        &self,
        (key, account): (TopicKey, AccountId),
        (post, number): (ReferenceKey, u64),
        before: TopicFollower,
    ) -> Result<bool, Error> {
        // An account that is being removed is told nothing.
        if !self.account_exists(account)? {
            return Ok(true);
        }
        let at: Timestamp = self.inner.clock.now();
        let is_due = self.notice_due(account, at)? <= at;
        let given = match is_due {
            true => {
                let message = self.waiting_notice(account, &[], &[post])?;
                Some((message, self.notice_mail(account, post)?))
            }
            false => None,
        };
        let follower = (key.0, key.1, account);
        let done = self.transact(move |tx| {
            // Who follows the topic no more is told nothing.
            if tx.get(&TOPIC_FOLLOWERS, &follower)? != Some(before) {
                return Ok(true);
            }
            let is_given = match &given {
                Some((message, mail)) => {
                    message.store_in_tx(tx)?;
                    mail.iter().try_for_each(|mail| mail.store_in_tx(tx))?;
                    true
                }
                None => waiting_in_tx(tx, account, (at, Waiting::Post(post)))?,
            };
            if is_given {
                tx.put(&TOPIC_FOLLOWERS, &follower, &TopicFollower { noticed: number })?;
            }
            Ok::<_, Error>(is_given)
        });
        done.wait()
    }

    /// Whether a post that was to be named in a notice still waits for somebody who follows its topic.
    pub(in crate::gateway) fn post_waits(
        &self,
        account: AccountId,
        post: ReferenceKey,
    ) -> Result<bool, Error> {
        let place = readable(self.inner.store.get(&POST_PLACES, &post))?.flatten();
        let Some(PostPlace { board, topic, number }) = place else { return Ok(false) };
        let key = (board, topic);
        let Some(watched) = self.topic_watched(key)? else { return Ok(false) };
        let follows = self.inner.store.has(&TOPIC_FOLLOWERS, &(board, topic, account))?;
        if !follows || !self.follows_still(&watched, account)? {
            return Ok(false);
        }
        let row = readable(self.inner.store.get(&POSTS, &(board, topic, number)))?.flatten();
        let is_for = row.is_some_and(|row| !row.deleted && sees_post(&row, account));
        Ok(is_for && number > self.follower_read_to(account, key)?)
    }
}
