//! Deleting a board with all that is on it, some of it in each transaction.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::allowed_in_tx;
use crate::gateway::error::{Error, readable};
use crate::gateway::records::ids::{BoardId, ReferenceKey};
use crate::gateway::records::tables::{
    BOARD_POSITIONS, BOARD_TOPICS, BOARDS, POST_PLACES, POST_VERSIONS, POSTS,
};
use crate::store::Read;
use crate::terms::BoardRight;

/// How many posts one transaction removes.
const DELETED_AT_ONCE: usize = 500;

impl Gateway {
    /// Deletes a board with all its posts. Nobody finds it from the first transaction on; if the others
    /// are interrupted, `boards_finish` goes on.
    pub fn board_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let seen = self.board_seen(actor, id)?;
        seen.needs(BoardRight::Manage)?;
        let (id, who) = (seen.id, (actor.account(), self.inner.clock.now()));
        let readers = self.board_listeners(&seen.row)?;
        let done = self.transact(move |tx| {
            let (mut row, _) = allowed_in_tx(tx, id, who, BoardRight::Manage)?;
            row.ending = true;
            Ok(tx.put(&BOARDS, &id, &row)?)
        });
        done.wait()?;
        self.boards_publish(&readers);
        self.board_end(id)
    }

    /// Goes on with boards whose deletion was interrupted.
    pub fn boards_finish(&self) -> Result<(), Error> {
        let mut ending = Vec::new();
        self.inner.store.scan_readable(&BOARDS, &(), |id, row| {
            ending.extend(row.ending.then_some(id));
            ControlFlow::Continue(())
        })?;
        ending.into_iter().try_for_each(|id| self.board_end(id))
    }

    fn board_end(&self, id: BoardId) -> Result<(), Error> {
        let Some(row) = self.inner.store.get(&BOARDS, &id)? else { return Ok(()) };
        loop {
            let mut keys = Vec::new();
            self.inner.store.scan_keys(&POSTS, &id, |key| {
                keys.push(key);
                match keys.len() < DELETED_AT_ONCE {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })?;
            if keys.is_empty() {
                break;
            }
            self.posts_end(keys)?;
        }
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
                    for version in 0..post.version {
                        tx.delete(&POST_VERSIONS, &(post.reference, version));
                    }
                }
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }
}
