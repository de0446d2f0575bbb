//! Passes over many rows, of which each looks at some: the next one goes on there. And who was said to type.

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::gateway::error::Error;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::queue::Due;
use crate::gateway::records::room::RoomId;
use crate::store::{Key, Order, Read, Span, Table};

/// How many people who type in rooms are remembered, so that it is told of each only once in a while.
const TYPING_KEPT_MAX: usize = 10_000;

/// Where the passes over rooms stopped: each goes on there. After a start they begin anew.
#[derive(Default)]
pub(in crate::gateway) struct RoomPasses {
    pub watched: Mutex<Option<RoomId>>,
    pub here: Mutex<Option<(AccountId, [u8; 16], RoomId)>>,
    /// The room that ends of which something was deleted last.
    ended: Mutex<Option<RoomId>>,
    /// Who was said to type, and when.
    typing: Mutex<HashMap<(AccountId, RoomId), Timestamp>>,
}

impl RoomPasses {
    /// Rooms that end, in the order of their numbers, from the one after the last whose turn came.
    pub(super) fn in_turn(&self, ending: Vec<RoomId>) -> VecDeque<RoomId> {
        let last = *self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let next = ending.iter().position(|id| last.is_some_and(|last| *id > last));
        let mut ending = VecDeque::from(ending);
        ending.rotate_left(next.unwrap_or(0));
        ending
    }

    /// The turn of this room came last; of none, if none ends.
    pub(super) fn ended(&self, last: Option<RoomId>) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// Whether the others are told that somebody types: not if they were told after `since`.
    pub(super) fn types(&self, who: (AccountId, RoomId), now: Timestamp, since: Timestamp) -> bool {
        let mut typing = self.typing.lock().unwrap_or_else(PoisonError::into_inner);
        if typing.get(&who).is_some_and(|told| *told > since) {
            return false;
        }
        if typing.len() >= TYPING_KEPT_MAX {
            typing.retain(|_, told| *told > since);
        }
        // Where so many type at once, nobody is told.
        let has_room = typing.len() < TYPING_KEPT_MAX || typing.contains_key(&who);
        if has_room {
            typing.insert(who, now);
        }
        has_room
    }
}

/// The next keys of a table, after the last ones that were given; from its beginning, when none are left.
pub(super) fn next_keys<K: Key + Clone + PartialEq>(
    reader: &impl Read,
    table: &Table<K, Due>,
    after: &Mutex<Option<K>>,
    limit: usize,
) -> Result<Vec<K>, Error> {
    let mut after = after.lock().unwrap_or_else(PoisonError::into_inner);
    let whole = Span::prefix(&table.raw(&()), Order::Ascending);
    let span = match &*after {
        Some(last) => Span { from: table.raw(last), ..whole },
        None => whole,
    };
    let mut keys = Vec::new();
    reader.scan_span_readable(table, &span, |key, _| {
        if after.as_ref() != Some(&key) {
            keys.push(key);
        }
        if keys.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    *after = keys.last().filter(|_| keys.len() == limit).cloned();
    Ok(keys)
}
