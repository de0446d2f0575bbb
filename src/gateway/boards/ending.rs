//! Deleting a board with all that is on it, some of it in each transaction.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::{NO_BOARD, allowed_in_tx};
use crate::gateway::boards::content::NO_TOPIC;
use crate::gateway::boards::file::files_end_in_tx;
use crate::gateway::boards::octets::{octets_in_tx, octets_of_readers, versions_end_in_tx};
use crate::gateway::boards::rights::sees_topic;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::records::board::Board;
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey};
use crate::gateway::records::tables::{
    BOARD_ATTENTION, BOARD_POSITIONS, BOARD_TOPICS, BOARDS, POST_FILES, POST_PLACES,
    POST_REACTIONS, POSTS, TOPIC_FOLLOWERS,
};
use crate::gateway::text::parse_hex;
use crate::store::{Key, Read};
use crate::terms::BoardRight;

/// How many posts one transaction removes.
const DELETED_AT_ONCE: usize = 100;

/// How many pieces of files one transaction removes, if they are not all of one post.
const CHUNKS_AT_ONCE: u32 = 2_000;

/// How many topics of one board are deleted at a time.
const ENDING_TOPICS_MAX: usize = 20;

impl Gateway {
    /// Deletes a board with all its posts. Nobody finds it from the first transaction on; if the others
    /// are interrupted, `boards_finish` goes on.
    pub fn board_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let seen = self.board_seen(actor, id)?;
        seen.needs(BoardRight::Manage)?;
        let (id, who) = (seen.id, (actor.account(), self.inner.clock.now()));
        self.board_ends((id, &seen.row), move |tx| {
            Ok(allowed_in_tx(tx, id, who, BoardRight::Manage)?.0)
        })
    }

    /// The same for an administrator, who reads nothing of the board.
    pub fn board_delete_numbered(&self, id: &str) -> Result<(), Error> {
        let id = BoardId(parse_hex(id).ok_or(NO_BOARD)?);
        let row = self.inner.store.get(&BOARDS, &id)?.filter(|row| !row.ending).ok_or(NO_BOARD)?;
        self.board_ends((id, &row), move |tx| {
            tx.get(&BOARDS, &id)?.filter(|row| !row.ending).ok_or(NO_BOARD)
        })
    }

    fn board_ends(
        &self,
        (id, row): (BoardId, &Board),
        found_in_tx: impl Fn(&Tx<'_, '_>) -> Result<Board, Error> + Send + 'static,
    ) -> Result<(), Error> {
        let readers = self.board_listeners(row)?;
        let done = self.transact(move |tx| {
            let row = Board { ending: true, ..found_in_tx(tx)? };
            Ok::<_, Error>(tx.put(&BOARDS, &id, &row)?)
        });
        done.wait()?;
        self.boards_publish(&readers);
        self.board_end(id)
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
        self.attentions_end(|(_, board, topic)| (*board, *topic) == key)?;
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
        // The keys go first: what was posted opens for nobody from then on, however long the rows take.
        self.keyring_destroy(row.ring)?;
        while self.posts_end_some(&id)? {}
        let mut positions = Vec::new();
        self.inner.store.scan_keys(&BOARD_POSITIONS, &(), |key| {
            positions.extend((key.1 == id).then_some(key));
            ControlFlow::Continue(())
        })?;
        self.attentions_end(|(_, board, _)| *board == id)?;
        for some in positions.chunks(DELETED_AT_ONCE) {
            let some = some.to_vec();
            let done = self.transact(move |tx| {
                some.iter().for_each(|key| tx.delete(&BOARD_POSITIONS, key));
                Ok::<_, Error>(())
            });
            done.wait()?;
        }
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

    /// Deletes what somebody followed or muted there.
    fn attentions_end(
        &self,
        is_there: impl Fn(&(AccountId, BoardId, ReferenceKey)) -> bool,
    ) -> Result<(), Error> {
        let mut attentions = Vec::new();
        self.inner.store.scan_keys(&BOARD_ATTENTION, &(), |key| {
            attentions.extend(is_there(&key).then_some(key));
            ControlFlow::Continue(())
        })?;
        for some in attentions.chunks(DELETED_AT_ONCE) {
            let some = some.to_vec();
            let done = self.transact(move |tx| {
                for (account, board, topic) in &some {
                    tx.delete(&BOARD_ATTENTION, &(*account, *board, *topic));
                    tx.delete(&TOPIC_FOLLOWERS, &(*board, *topic, *account));
                }
                Ok::<_, Error>(())
            });
            done.wait()?;
        }
        Ok(())
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
            keys.truncate(self.posts_in_one_step(&keys)?);
            self.posts_end(keys)?;
        }
        Ok(is_some)
    }

    /// How many of these posts one transaction removes: as many as have few enough pieces of files, and at
    /// least one.
    fn posts_in_one_step(&self, keys: &[(BoardId, ReferenceKey, u64)]) -> Result<usize, Error> {
        let mut chunks = 0;
        for (at, key) in keys.iter().enumerate() {
            let Some(post) = readable(self.inner.store.get(&POSTS, key))?.flatten() else {
                continue;
            };
            self.inner.store.scan_readable(&POST_FILES, &post.reference, |_, file| {
                chunks += file.chunks;
                ControlFlow::Continue(())
            })?;
            if chunks > CHUNKS_AT_ONCE {
                return Ok(at.max(1));
            }
        }
        Ok(keys.len())
    }

    /// Deletes posts, with their earlier versions and the keyrings that were theirs.
    pub(super) fn posts_end(&self, keys: Vec<(BoardId, ReferenceKey, u64)>) -> Result<(), Error> {
        for key in &keys {
            let post = readable(self.inner.store.get(&POSTS, key))?.flatten();
            if let Some(readers) = post.and_then(|post| post.readers) {
                self.keyring_of_accounts_destroy(readers.ring)?;
            }
            let topic = readable(self.inner.store.get(&BOARD_TOPICS, &(key.0, key.1)))?.flatten();
            if let Some(limited) = topic.and_then(|topic| topic.limited) {
                self.keyring_of_accounts_destroy(limited.ring)?;
            }
        }
        let done = self.transact(move |tx| {
            for key in &keys {
                let post = readable(tx.get(&POSTS, key))?.flatten();
                tx.delete(&POSTS, key);
                if let Some(post) = post {
                    tx.delete(&POST_PLACES, &post.reference);
                    tx.delete(&POST_REACTIONS, &post.reference);
                    let files = files_end_in_tx(tx, post.reference, &[])?;
                    let octets = versions_end_in_tx(tx, &post)? + files;
                    if let Some(mut board) = tx.get(&BOARDS, &key.0)? {
                        board.octets = board.octets.saturating_sub(octets);
                        tx.put(&BOARDS, &key.0, &board)?;
                    }
                    // The keyring of a topic goes with its first post.
                    let topic = match post.reference == key.1 {
                        true => readable(tx.get(&BOARD_TOPICS, &(key.0, key.1)))?.flatten(),
                        false => None,
                    };
                    let limited = topic.and_then(|topic| topic.limited);
                    let wraps = octets_of_readers(post.readers.as_ref().or(limited.as_ref()));
                    octets_in_tx(tx, post.author, (0, wraps))?;
                }
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }
}
