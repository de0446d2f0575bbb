//! Notices of posts: who follows a topic is told outside the pages that something was posted there, once until
//! he or she reads, and only of posts that are for this reader.
//!
//! A topic is watched from an answer until all who follow it read that, or were told. Who may read is asked when
//! the notice is made, as it is for any request.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::boards::content::WHOLE;
use crate::gateway::boards::rights::{right, sees_post, sees_topic};
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::audience::Reader;
use crate::gateway::notices::waiting::{Waiting, waiting_in_tx};
use crate::gateway::records::board::{Board, PostPlace, Topic};
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey};
use crate::gateway::records::notice::{TopicFollower, TopicWatch};
use crate::gateway::records::tables::{
    ACCOUNTS, BOARD_POSITIONS, BOARD_TOPICS, BOARDS, POST_PLACES, POSTS, TOPIC_FOLLOWERS,
    TOPIC_WATCH,
};
use crate::store::{Order, Read, Span};

/// The most topics of one pass, and its notices.
const TOPICS_AT_ONCE: usize = 1_000;
const NOTICES_AT_ONCE: usize = 100;
/// For how long a notice that could not be given is tried again.
const TRIED_SECS: i64 = 24 * 3_600;

type TopicKey = (BoardId, ReferenceKey);

/// What a post of a topic is to somebody who follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// There is nothing to tell, or it was told.
    Nothing,
    /// It is too young.
    Later,
    Waits(Named),
}

/// A post that a notice names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Named {
    reference: ReferenceKey,
    number: u64,
    at: Timestamp,
}

/// A topic with its board, as they are now.
struct Watched {
    key: TopicKey,
    board: Board,
    topic: Topic,
    /// The first post that was not looked at before. One may be for others: what its followers left unread
    /// before it is no reason to tell them now.
    from: u64,
}

/// Where the next pass over the topics goes on.
#[derive(Default)]
pub(in crate::gateway) struct TopicPass(Mutex<Option<TopicKey>>);

/// How much one pass may still do.
struct Pass {
    room_for: usize,
    /// Those whose next notice has no room: nothing more is tried for them.
    full: BTreeSet<AccountId>,
}

/// Says that the followers of a topic may have to be told of a post in it.
pub(in crate::gateway) fn watch_in_tx(
    tx: &mut Tx<'_, '_>,
    key: TopicKey,
    number: u64,
) -> Result<(), Error> {
    let from = match readable(tx.get(&TOPIC_WATCH, &key))?.flatten() {
        Some(row) => row.from.min(number),
        None => number,
    };
    Ok(tx.put(&TOPIC_WATCH, &key, &TopicWatch { from })?)
}

/// Looks again at a post that a notice could not name any more, so that those after it are told.
pub(in crate::gateway) fn post_lapsed_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    post: ReferenceKey,
) -> Result<(), Error> {
    let place = readable(tx.get(&POST_PLACES, &post))?.flatten();
    let Some(PostPlace { board, topic, number }) = place else { return Ok(()) };
    let follower = (board, topic, account);
    let row = readable(tx.get(&TOPIC_FOLLOWERS, &follower))?.flatten();
    if row.is_none_or(|row| row.noticed != number) {
        return Ok(());
    }
    tx.put(&TOPIC_FOLLOWERS, &follower, &TopicFollower::default())?;
    watch_in_tx(tx, (board, topic), number)
}

impl Gateway {
    /// Gives notices of posts in topics that somebody follows. Called by a job.
    pub fn topics_watch(&self) -> Result<(), Error> {
        let mut pass = Pass { room_for: NOTICES_AT_ONCE, full: BTreeSet::new() };
        for (key, row) in self.topics_next()? {
            // One topic that cannot be looked at is in no other's way.
            if let Err(error) = self.topic_watch((key, row.from), &mut pass) {
                tracing::error!(%error, "a topic was passed over");
            }
        }
        Ok(())
    }

    /// The next topics that are watched, after those of the last pass.
    fn topics_next(&self) -> Result<Vec<(TopicKey, TopicWatch)>, Error> {
        let mut after = self.inner.topic_pass.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut span = Span::prefix(&TOPIC_WATCH.raw(&()), Order::Ascending);
        if let Some(last) = &*after {
            span = span.after(&TOPIC_WATCH.raw(last));
        }
        let mut found = Vec::new();
        self.inner.store.scan_span_readable(&TOPIC_WATCH, &span, |key, row| {
            found.push((key, row));
            match found.len() < TOPICS_AT_ONCE {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        *after = found.last().filter(|_| found.len() == TOPICS_AT_ONCE).map(|(key, _)| *key);
        Ok(found)
    }

    fn topic_watch(&self, (key, from): (TopicKey, u64), pass: &mut Pass) -> Result<(), Error> {
        let Some(watched) = self.topic_watched(key, from)? else {
            return self.topic_unwatch(key, None);
        };
        let mut followers = Vec::new();
        self.inner.store.scan_readable(&TOPIC_FOLLOWERS, &key, |(_, _, account), row| {
            followers.push((account, row));
            ControlFlow::Continue(())
        })?;
        let mut goes_on = false;
        for (account, follower) in followers {
            // Somebody of whom something cannot be read is in nobody's way.
            match self.follower_told(&watched, (account, follower), pass) {
                Ok(is_left) => goes_on |= is_left,
                Err(error) => {
                    let id = account.to_text();
                    tracing::error!(%error, account.id = %id, "nothing said that a post waits");
                }
            }
        }
        match goes_on {
            true => Ok(()),
            false => self.topic_unwatch(key, Some(watched.topic)),
        }
    }

    /// Tells a follower, if there is something to tell; returns whether something is left to do.
    fn follower_told(
        &self,
        watched: &Watched,
        (account, follower): (AccountId, TopicFollower),
        pass: &mut Pass,
    ) -> Result<bool, Error> {
        let post = match self.topic_found(watched, account, follower)? {
            Found::Nothing => return Ok(false),
            Found::Later => return Ok(true),
            Found::Waits(post) => post,
        };
        if pass.room_for == 0 || pass.full.contains(&account) {
            return Ok(true);
        }
        match self.post_notice((watched.key, account), post, follower) {
            Ok(true) => {
                pass.room_for -= 1;
                Ok(false)
            }
            Ok(false) => {
                pass.full.insert(account);
                Ok(true)
            }
            // A disk that is full for a moment: it is tried again, for a day.
            Err(error) if post.at.plus_secs(TRIED_SECS) > self.inner.clock.now() => {
                tracing::warn!(%error, "a notice of a post is tried again");
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    fn topic_watched(&self, key: TopicKey, from: u64) -> Result<Option<Watched>, Error> {
        let board = self.inner.store.get(&BOARDS, &key.0)?;
        let is_there = |row: &Board| !row.ending && !row.ending_topics.contains(&key.1);
        let topic = self.inner.store.get(&BOARD_TOPICS, &key)?;
        let both = board.filter(is_there).zip(topic);
        Ok(both.map(|(board, topic)| Watched { key, board, topic, from }))
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
        let from = watched.from.max(read + 1);
        let post = match self.first_for(watched.key, account, from)? {
            Found::Waits(post) => post,
            found => return Ok(found),
        };
        let (now, secs) = (self.inner.clock.now(), self.inner.settings.notices.post_secs);
        Ok(match post.at.plus_secs(secs) <= now {
            true => Found::Waits(post),
            false => Found::Later,
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

    /// The first post by others from a number on, which is for this reader.
    fn first_for(&self, key: TopicKey, account: AccountId, from: u64) -> Result<Found, Error> {
        let whole = Span::prefix(&POSTS.raw(&key), Order::Ascending);
        let span = Span { from: POSTS.raw(&(key.0, key.1, from)), ..whole };
        let mut found = Found::Nothing;
        // A topic has few posts, and those before `from` are not looked at.
        self.inner.store.scan_span_readable(&POSTS, &span, |(_, _, number), post| {
            if post.deleted || post.author == account || !sees_post(&post, account) {
                return ControlFlow::Continue(());
            }
            let (reference, at) = (post.reference, post.at);
            found = Found::Waits(Named { reference, number, at });
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Gives the notice, or lets it wait for its time; and records that there is one, until the follower reads.
    /// False if the next notice has no room for it.
    fn post_notice(
        &self,
        (key, account): (TopicKey, AccountId),
        Named { reference: post, number, .. }: Named,
        before: TopicFollower,
    ) -> Result<bool, Error> {
        // An account that is being removed is told nothing.
        if !self.account_exists(account)? {
            return Ok(true);
        }
        let at: Timestamp = self.inner.clock.now();
        let given = match self.notice_may_be_given(account, at, at)? {
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
        let Some(watched) = self.topic_watched(key, number)? else { return Ok(false) };
        let follows = self.inner.store.has(&TOPIC_FOLLOWERS, &(board, topic, account))?;
        if !follows || !self.follows_still(&watched, account)? {
            return Ok(false);
        }
        let row = readable(self.inner.store.get(&POSTS, &(board, topic, number)))?.flatten();
        let is_for = row.is_some_and(|row| !row.deleted && sees_post(&row, account));
        Ok(is_for && number > self.follower_read_to(account, key)?)
    }
}
