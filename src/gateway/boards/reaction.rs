//! Reactions to posts, and topics that somebody follows or wants to hear nothing of.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::{Seen, allowed_in_tx, not_open};
use crate::gateway::boards::content::NO_POST;
use crate::gateway::boards::reading::PostView;
use crate::gateway::boards::rights::{sees_post, sees_topic};
use crate::gateway::boards::shown::ReactionView;
use crate::gateway::boards::topic::TopicView;
use crate::gateway::error::Error;
use crate::gateway::keyrings::sealing::{RingKeys, still_sealed_in_tx};
use crate::gateway::reaction::{REACTION_CHARS_MAX, emoji};
use crate::gateway::records::board::{BoardAttention, Post, PostReaction, PostReactions};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::keyring::RingUnder;
use crate::gateway::records::tables::{
    BOARD_ATTENTION, BOARD_TOPICS, POST_REACTIONS, POSTS, TOPIC_FOLLOWERS,
};
use crate::store::Read;
use crate::terms::{Attention, BoardRight};

/// The most reactions to one post.
pub const REACTIONS_MAX: usize = 200;
/// Every reaction is sealed at this length, so that its length says nothing: no character has more than 4 octets.
const REACTION_OCTETS: usize = 4 * REACTION_CHARS_MAX;

fn reaction_binding(post: ReferenceKey, who: AccountId, under: RingUnder) -> Vec<u8> {
    let epoch = under.epoch.to_be_bytes();
    [b"board reaction\0".as_slice(), &post, &who.0, &under.ring.0, &epoch].concat()
}

/// The octets of a reaction, filled up with zeros.
fn padded(reaction: &str) -> Result<[u8; REACTION_OCTETS], Error> {
    let reaction = emoji(reaction)?.as_bytes();
    let mut octets = [0; REACTION_OCTETS];
    octets[..reaction.len()].copy_from_slice(reaction);
    Ok(octets)
}

fn unpadded(octets: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(octets).ok()?.trim_end_matches('\0');
    (!text.is_empty()).then(|| text.to_owned())
}

impl Gateway {
    /// Reacts to a post, in place of an earlier reaction; `None` takes that back. Everybody may who sees the post.
    pub fn post_react(
        &self,
        actor: &Actor,
        reference: &str,
        reaction: Option<&str>,
    ) -> Result<PostView, Error> {
        let reaction = reaction.map(padded).transpose()?;
        let is_changed = self.boards_retry(|| self.post_react_once(actor, reference, reaction))?;
        let (.., post) = self.post_seen(actor, reference)?;
        if is_changed {
            self.post_publish(post.reference);
        }
        self.post_by_key(actor, post.reference)
    }

    fn post_react_once(
        &self,
        actor: &Actor,
        reference: &str,
        reaction: Option<[u8; REACTION_OCTETS]>,
    ) -> Result<bool, Error> {
        let (place, seen, topic, post) = self.post_seen(actor, reference)?;
        let (who, at, key) = (actor.account(), self.inner.clock.now(), post.reference);
        let sealed = match reaction {
            Some(octets) => {
                let (under, secret) = self.post_sealing(actor, &seen, (&topic, &post))?;
                let sealed = secret.seal(&reaction_binding(key, who, under), &octets)?;
                Some(PostReaction { who, under, sealed })
            }
            None => None,
        };
        let done = self.transact(move |tx| {
            allowed_in_tx(tx, place.board, (who, at), BoardRight::Read)?;
            let topic = tx.get(&BOARD_TOPICS, &(place.board, place.topic))?.ok_or(NO_POST)?;
            let post = tx.get(&POSTS, &(place.board, place.topic, place.number))?;
            let post = post.filter(|post| !post.deleted && sees_post(post, who)).ok_or(NO_POST)?;
            if !sees_topic(&topic, who) {
                return Err(NO_POST);
            }
            let mut row = tx.get(&POST_REACTIONS, &post.reference)?.unwrap_or_default();
            let before = row.items.len();
            row.items.retain(|one| one.who != who);
            if sealed.is_none() && row.items.len() == before {
                return Ok(false);
            }
            if let Some(sealed) = &sealed {
                still_sealed_in_tx(&**tx, sealed.under)?;
                if row.items.len() >= REACTIONS_MAX {
                    return Err(Error::OverQuota);
                }
                row.items.push(sealed.clone());
            }
            match row.items.is_empty() {
                true => tx.delete(&POST_REACTIONS, &post.reference),
                false => tx.put(&POST_REACTIONS, &post.reference, &row)?,
            }
            Ok(true)
        });
        done.wait()
    }

    /// The reactions to a post, those that were first before the others.
    pub(super) fn post_reactions(
        &self,
        actor: &Actor,
        keys: &mut RingKeys,
        post: &Post,
    ) -> Result<Vec<ReactionView>, Error> {
        let row = self.inner.store.get(&POST_REACTIONS, &post.reference)?;
        let PostReactions { items } = row.unwrap_or_default();
        let mut found: Vec<ReactionView> = Vec::new();
        for PostReaction { who, under, sealed } in items {
            let secret = match self.keyring_opening_in(actor, keys, under) {
                Ok(secret) => secret,
                Err(error) => {
                    not_open::<()>(error)?;
                    continue;
                }
            };
            let opened = secret.open(&reaction_binding(post.reference, who, under), &sealed).ok();
            let Some(text) = opened.and_then(|octets| unpadded(&octets)) else { continue };
            let own = who == actor.account();
            match found.iter_mut().find(|(other, ..)| *other == text) {
                Some((_, count, is_own)) => {
                    *count += 1;
                    *is_own |= own;
                }
                None => found.push((text, 1, own)),
            }
        }
        Ok(found)
    }

    /// Follows a topic, or leaves it out of what is counted as unread; `None` ends either.
    pub fn topic_attend(
        &self,
        actor: &Actor,
        reference: &str,
        attention: Option<Attention>,
    ) -> Result<TopicView, Error> {
        let (place, ..) = self.post_seen(actor, reference)?;
        let (account, now) = (actor.account(), self.inner.clock.now());
        let key = (account, place.board, place.topic);
        let done = self.transact(move |tx| {
            // Who may read no more leaves nothing.
            let (board, _) = allowed_in_tx(tx, place.board, (account, now), BoardRight::Read)?;
            let topic = tx.get(&BOARD_TOPICS, &(place.board, place.topic))?;
            let is_there = !board.ending_topics.contains(&place.topic);
            if !topic.is_some_and(|topic| is_there && sees_topic(&topic, account)) {
                return Err(NO_POST);
            }
            match attention {
                Some(attention) => tx.put(&BOARD_ATTENTION, &key, &BoardAttention(attention))?,
                None => tx.delete(&BOARD_ATTENTION, &key),
            }
            let follower = (place.board, place.topic, account);
            match attention {
                Some(Attention::Followed) => {
                    let row = tx.get(&TOPIC_FOLLOWERS, &follower)?.unwrap_or_default();
                    tx.put(&TOPIC_FOLLOWERS, &follower, &row)?;
                }
                Some(Attention::Muted) | None => tx.delete(&TOPIC_FOLLOWERS, &follower),
            }
            Ok::<_, Error>(())
        });
        done.wait()?;
        self.boards_publish(&[account]);
        self.topic_shown(actor, reference)
    }

    /// What the reader follows, or wants to hear nothing of, on a board.
    pub(super) fn attentions(
        &self,
        seen: &Seen,
    ) -> Result<HashMap<ReferenceKey, Attention>, Error> {
        let mut found = HashMap::new();
        let of = &(seen.reader.account, seen.id);
        self.inner.store.scan_readable(&BOARD_ATTENTION, of, |(_, _, topic), row| {
            found.insert(topic, row.0);
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }
}
