//! Deleting a board with all that is on it, some of it in each transaction.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::{NO_BOARD, allowed_in_tx};
use crate::gateway::boards::content::NO_TOPIC;
use crate::gateway::boards::post::{octets_in_tx, octets_of_readers, versions_end_in_tx};
use crate::gateway::boards::rights::sees_topic;
use crate::gateway::error::{Error, readable};
use crate::gateway::records::board::Board;
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey};
use crate::gateway::records::tables::{
    ACCOUNTS, BOARD_POSITIONS, BOARD_TOPICS, BOARDS, POST_PLACES, POSTS,
};
use crate::gateway::text::parse_hex;
use crate::store::{Key, Read};
use crate::terms::BoardRight;

/// How many posts one transaction removes.
const DELETED_AT_ONCE: usize = 500;

/// How many topics of one board are deleted at a time.
const ENDING_TOPICS_MAX: usize = 20;

impl Gateway {
    /// Deletes a board with all its posts. Nobody finds it from the first transaction on; if the others
    /// are interrupted, `boards_finish` goes on.
    pub fn board_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let (id, row) = self.board_deleted_by(actor, id)?;
        let (who, is_site) = ((actor.account(), self.inner.clock.now()), actor.is_manager());
        let readers = self.board_listeners(&row)?;
        let done = self.transact(move |tx| {
            let site = match is_site {
                true => tx.get(&ACCOUNTS, &who.0)?.is_some_and(|account| account.manages()),
                false => false,
            };
            let mut row = match site {
                true => tx.get(&BOARDS, &id)?.ok_or(NO_BOARD)?,
                false => allowed_in_tx(tx, id, who, BoardRight::Manage)?.0,
            };
            row.ending = true;
            Ok(tx.put(&BOARDS, &id, &row)?)
        });
        done.wait()?;
        self.boards_publish(&readers);
        self.board_end(id)
    }

    /// The board that the actor deletes: as one who manages it, or as a manager of the site by its number,
    /// without reading anything of it.
    fn board_deleted_by(&self, actor: &Actor, id: &str) -> Result<(BoardId, Board), Error> {
        if actor.is_manager() && !actor.is_temporary() && actor.behind().is_none() {
            let id = BoardId(parse_hex(id).ok_or(NO_BOARD)?);
            let row = self.inner.store.get(&BOARDS, &id)?.filter(|row| !row.ending);
            return Ok((id, row.ok_or(NO_BOARD)?));
        }
        let seen = self.board_seen(actor, id)?;
        seen.needs(BoardRight::Manage)?;
        Ok((seen.id, seen.row))
    }

    /// Deletes a topic with all its posts, also those that are for some of its readers alone. Nobody finds it
    /// from the first transaction on.
    pub fn topic_delete(&self, actor: &Actor, reference: &str) -> Result<(), Error> {
        let (place, seen, ..) = self.post_seen(actor, reference)?;
        seen.needs(BoardRight::Edit)?;
        let (who, key) = ((actor.account(), self.inner.clock.now()), (place.board, place.topic));
        let readers = self.board_listeners(&seen.row)?;
        let topic = self.inner.store.get(&BOARD_TOPICS, &key)?.ok_or(NO_TOPIC)?;
        let done = self.transact(move |tx| {
            let (mut row, _) = allowed_in_tx(tx, key.0, who, BoardRight::Edit)?;
            let topic = tx.get(&BOARD_TOPICS, &key)?;
            let topic = topic.filter(|topic| sees_topic(topic, who.0));
            if topic.is_none() || row.ending_topics.contains(&key.1) {
                return Err(NO_TOPIC);
            }
            if row.ending_topics.len() >= ENDING_TOPICS_MAX {
                return Err(Error::Busy);
            }
            row.ending_topics.push(key.1);
            row.topics = row.topics.saturating_sub(1);
            Ok(tx.put(&BOARDS, &key.0, &row)?)
        });
        done.wait()?;
        let sees = |one: &AccountId| sees_topic(&topic, *one);
        self.boards_publish(&readers.into_iter().filter(sees).collect::<Vec<_>>());
        self.topic_end(key)
    }

    fn topic_end(&self, key: (BoardId, ReferenceKey)) -> Result<(), Error> {
        while self.posts_end_some(&key)? {}
        let done = self.transact(move |tx| {
            tx.delete(&BOARD_TOPICS, &key);
            let Some(mut row) = tx.get(&BOARDS, &key.0)? else { return Ok(()) };
            row.ending_topics.retain(|topic| *topic != key.1);
            Ok(tx.put(&BOARDS, &key.0, &row)?)
        });
        done.wait()
    }

    /// Goes on with boards and topics whose deletion was interrupted.
    pub fn boards_finish(&self) -> Result<(), Error> {
        let (mut ending, mut topics) = (Vec::new(), Vec::new());
        self.inner.store.scan_readable(&BOARDS, &(), |id, row| {
            ending.extend(row.ending.then_some(id));
            topics.extend(row.ending_topics.iter().map(|topic| (id, *topic)));
            ControlFlow::Continue(())
        })?;
        topics.into_iter().try_for_each(|key| self.topic_end(key))?;
        ending.into_iter().try_for_each(|id| self.board_end(id))
    }

    fn board_end(&self, id: BoardId) -> Result<(), Error> {
        let Some(row) = self.inner.store.get(&BOARDS, &id)? else { return Ok(()) };
        while self.posts_end_some(&id)? {}
        let mut positions = Vec::new();
        self.inner.store.scan_keys(&BOARD_POSITIONS, &(), |key| {
            positions.extend((key.1 == id).then_some(key));
            ControlFlow::Continue(())
        })?;
        for some in positions.chunks(DELETED_AT_ONCE) {
            let some = some.to_vec();
            let done = self.transact(move |tx| {
                some.iter().for_each(|key| tx.delete(&BOARD_POSITIONS, key));
                Ok::<_, Error>(())
            });
            done.wait()?;
        }
        self.keyring_destroy(row.ring)?;
        let mut topics = Vec::new();
        self.inner.store.scan_keys(&BOARD_TOPICS, &id, |key| {
            topics.push(key);
            ControlFlow::Continue(())
        })?;
        let done = self.transact(move |tx| {
            topics.iter().for_each(|key| tx.delete(&BOARD_TOPICS, key));
            tx.delete(&BOARDS, &id);
            Ok::<_, Error>(())
        });
        done.wait()
    }

    /// Deletes some of the posts whose keys begin so; whether there were any.
    fn posts_end_some(&self, of: &impl Key) -> Result<bool, Error> {
        let mut keys = Vec::new();
        self.inner.store.scan_keys(&POSTS, of, |key| {
            keys.push(key);
            match keys.len() < DELETED_AT_ONCE {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        let is_some = !keys.is_empty();
        if is_some {
            self.posts_end(keys)?;
        }
        Ok(is_some)
    }

    /// Deletes posts, with their earlier versions and the keyrings that were theirs.
    pub(super) fn posts_end(&self, keys: Vec<(BoardId, ReferenceKey, u64)>) -> Result<(), Error> {
        for key in &keys {
            let post = readable(self.inner.store.get(&POSTS, key))?.flatten();
            if let Some(readers) = post.and_then(|post| post.readers) {
                self.keyring_destroy(readers.ring)?;
            }
            let topic = readable(self.inner.store.get(&BOARD_TOPICS, &(key.0, key.1)))?.flatten();
            if let Some(limited) = topic.and_then(|topic| topic.limited) {
                self.keyring_destroy(limited.ring)?;
            }
        }
        let done = self.transact(move |tx| {
            for key in &keys {
                let post = readable(tx.get(&POSTS, key))?.flatten();
                tx.delete(&POSTS, key);
                if let Some(post) = post {
                    tx.delete(&POST_PLACES, &post.reference);
                    versions_end_in_tx(tx, &post)?;
                    octets_in_tx(tx, post.author, (0, octets_of_readers(&post)))?;
                }
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }
}
