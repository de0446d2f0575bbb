//! Posts: writing one, changing it with its earlier versions kept, and deleting it.
//!
//! A post is sealed before the transaction, which assigns its number within the board and asks once more
//! for whatever allowed it. A request that is repeated finds the post that it wrote.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::{NO_BOARD, Seen, allowed_in_tx};
use crate::gateway::boards::content::{NO_POST, NO_TOPIC, PostContent, WHOLE, written};
use crate::gateway::boards::file::{FilePrepared, file_ids, files_end_in_tx};
use crate::gateway::boards::notice::watch_in_tx;
use crate::gateway::boards::octets::{octets_in_tx, octets_of_readers, versions_end_in_tx};
use crate::gateway::boards::readers::Named;
use crate::gateway::boards::reading::PostView;
use crate::gateway::boards::rights::{may_change, sees_post, sees_topic};
use crate::gateway::boards::topic::last_seen;
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::tx::Tx;
use crate::gateway::keyrings::change::{Earlier, NewRing};
use crate::gateway::keyrings::sealing::still_sealed_in_tx;
use crate::gateway::records::board::{
    Board, BoardPosition, LimitedPost, Post, PostChange, PostPlace, PostReaders, PostVersion, Topic,
};
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey, RingId};
use crate::gateway::records::keyring::{RingEntry, RingUnder};
use crate::gateway::records::message::Requested;
use crate::gateway::records::tables::{
    BOARD_POSITIONS, BOARD_TOPICS, BOARDS, POST_PLACES, POST_REACTIONS, POST_VERSIONS, POSTS,
    REQUESTS,
};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::BoardRight;
use crate::vault::{self, RingSecret};

/// The most topics of a board, posts of a topic, and posts that only some readers of a topic see.
pub const TOPICS_MAX: u32 = 5_000;
pub const TOPIC_POSTS_MAX: u32 = 5_000;
pub const LIMITED_POSTS_MAX: usize = 500;
/// The most posts of one account on a board, topics that it begins there, and posts for some readers of one
/// topic; with those that were deleted.
pub const POSTS_OF_ONE_MAX: u32 = 20_000;
pub const TOPICS_OF_ONE_MAX: u32 = 500;
pub const LIMITED_OF_ONE_MAX: u32 = 100;
/// The most changes of a post.
pub const CHANGES_MAX: u32 = 20;

/// A post that is to be written.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// The topic that it answers, by its reference number; otherwise it begins one.
    pub topic: Option<String>,
    /// For a new topic.
    pub title: String,
    pub text: String,
    /// For whom it is besides its author; for all readers of the topic, if nobody is named.
    pub readers: Vec<NamedReader>,
    /// What its author uploaded.
    pub files: Vec<String>,
}

/// What a post is to say.
#[derive(Clone, Debug)]
pub struct PostEdit {
    pub content: PostContent,
    /// The files that stay; all of them, if nothing is said.
    pub files: Option<Vec<String>>,
}

/// A post that is sealed, and what it was sealed for.
#[derive(Clone)]
struct Prepared {
    board: BoardId,
    /// That of the post itself, if it begins a topic.
    topic: ReferenceKey,
    is_first: bool,
    post: Post,
    /// The keyring of its own that it has.
    keyring: Option<NewRing>,
    files: Vec<FilePrepared>,
    request: [u8; 16],
    at: Timestamp,
}

impl Gateway {
    /// Writes a post: one that begins a topic, or an answer. Requests with the same `request` write it once.
    pub fn post_write(
        &self,
        actor: &Actor,
        board: &str,
        new: &NewPost,
        request: &str,
    ) -> Result<PostView, Error> {
        let seen = self.board_seen(actor, board)?;
        let request = self.post_request(seen.id, request);
        let written = self.boards_retry(|| self.post_write_once(actor, board, new, request));
        let reference = match written {
            Ok(reference) => reference,
            // The same request, sent twice at once, may have taken the files.
            Err(
                error @ (Error::Conflict(Conflict::AlreadySent)
                | Error::NotFound { what: "upload" }),
            ) => {
                let row = self.inner.store.get(&REQUESTS, &(actor.account(), request))?;
                let reference = row.ok_or(error)?.reference;
                self.post_repeated(actor, reference, new)?;
                reference
            }
            Err(error) => return Err(error),
        };
        self.post_publish(reference);
        self.post_by_key(actor, reference)
    }

    fn post_write_once(
        &self,
        actor: &Actor,
        board: &str,
        new: &NewPost,
        request: [u8; 16],
    ) -> Result<ReferenceKey, Error> {
        if self.inner.store.has(&REQUESTS, &(actor.account(), request))? {
            return Err(Error::Conflict(Conflict::AlreadySent));
        }
        let seen = self.board_seen(actor, board)?;
        seen.needs(BoardRight::Write)?;
        let prepared = self.post_prepare(actor, &seen, new, request)?;
        let reference = prepared.post.reference;
        self.transact(move |tx| prepared.store_in_tx(tx)).wait()?;
        Ok(reference)
    }

    fn post_prepare(
        &self,
        actor: &Actor,
        seen: &Seen,
        new: &NewPost,
        request: [u8; 16],
    ) -> Result<Prepared, Error> {
        let at = self.inner.clock.now();
        let reference = Reference::new(at.millis()).to_bytes();
        let is_first = new.topic.is_none();
        let topic = match &new.topic {
            Some(topic) => Some(self.topic_seen(seen, topic)?),
            None => None,
        };
        let content = PostContent { title: new.title.clone(), text: new.text.clone() };
        let content = content.checked(is_first)?;
        let limited = topic.as_ref().and_then(|(_, topic)| topic.limited.as_ref());
        let begun_by = topic.as_ref().map(|(_, topic)| topic.author);
        let accounts = self.post_readers(actor, seen, (limited, begun_by), &new.readers)?;
        let mut keyring = None;
        let (readers, (under, secret)) = match (accounts, limited) {
            (Some(accounts), _) => {
                let ring = RingId(vault::random_bytes()?);
                let entries = accounts.iter().copied().chain([actor.account()]);
                let entries: Vec<RingEntry> = entries.map(RingEntry::Account).collect();
                let (new, under, secret) =
                    self.keyring_new(actor, ring, &entries, Earlier::Shown)?;
                keyring = Some(new);
                (Some(PostReaders { ring, accounts }), (under, secret))
            }
            (None, Some(limited)) => {
                if let Some(named) = topic.as_ref().and_then(|(_, topic)| Named::of_topic(topic)) {
                    self.readers_settled((actor, seen), named)?;
                }
                (None, self.keyring_sealing(actor, limited.ring)?)
            }
            (None, None) => (None, self.keyring_sealing(actor, seen.row.ring)?),
        };
        let topic = topic.map_or(reference, |(topic, _)| topic);
        let by = (reference, 0, actor.account());
        let sealed = content.seal((seen.id, topic), by, (under, &secret))?;
        let post_at = ((seen.id, topic), reference);
        let files = self.files_prepare(actor, &new.files, post_at, (under, &secret))?;
        let post = Post {
            reference,
            author: actor.account(),
            at,
            readers,
            sealed,
            under,
            version: 0,
            changed: None,
            deleted: false,
        };
        Ok(Prepared { board: seen.id, topic, is_first, post, keyring, files, request, at })
    }

    /// Changes what a post says, from the version that the actor saw. What it said before is kept.
    pub fn post_change(
        &self,
        actor: &Actor,
        reference: &str,
        version: u32,
        edit: &PostEdit,
    ) -> Result<PostView, Error> {
        let (place, ..) = self.post_seen(actor, reference)?;
        self.boards_retry(|| self.post_change_once(actor, reference, version, edit))?;
        let key = self.post_key(place)?;
        self.post_publish(key);
        self.post_by_key(actor, key)
    }

    fn post_change_once(
        &self,
        actor: &Actor,
        reference: &str,
        version: u32,
        edit: &PostEdit,
    ) -> Result<(), Error> {
        let (place, seen, topic, post) = self.post_seen(actor, reference)?;
        changed_by(&seen, &post, actor.account())?;
        let content = edit.content.checked(place.topic == post.reference)?;
        let kept = edit.files.as_deref().map(file_ids).transpose()?;
        if post.version != version || post.deleted {
            return Err(Error::Conflict(Conflict::EditedElsewhere));
        }
        if version >= CHANGES_MAX {
            return Err(Error::OverQuota);
        }
        let (under, secret) = self.post_sealing(actor, &seen, (&topic, &post))?;
        let (id, reference) = ((place.board, place.topic), post.reference);
        let (account, at) = (actor.account(), self.inner.clock.now());
        let sealed = content.seal(id, (reference, version + 1, account), (under, &secret))?;
        let done = self.transact(move |tx| {
            let (mut post, mut board) = changing_in_tx(tx, place, (account, at))?;
            if post.version != version || post.deleted {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            still_sealed_in_tx(&**tx, under)?;
            octets_in_tx(tx, account, (sealed.len() as u64, 0))?;
            board.octets += sealed.len() as u64;
            if let Some(kept) = &kept {
                let dropped = files_end_in_tx(tx, post.reference, kept)?;
                board.octets = board.octets.saturating_sub(dropped);
            }
            tx.put(&BOARDS, &place.board, &board)?;
            let (written, sealed_before) = (written(&post), post.sealed.clone());
            let before = PostVersion { written, sealed: sealed_before, under: post.under };
            tx.put(&POST_VERSIONS, &(post.reference, version), &before)?;
            (post.sealed, post.under, post.version) = (sealed.clone(), under, version + 1);
            post.changed = Some(PostChange { at, by: account });
            Ok(tx.put(&POSTS, &(place.board, place.topic, place.number), &post)?)
        });
        done.wait()
    }

    /// The keys that something is sealed under which is for the readers of a post.
    pub(super) fn post_sealing(
        &self,
        actor: &Actor,
        seen: &Seen,
        (topic, post): (&Topic, &Post),
    ) -> Result<(RingUnder, RingSecret), Error> {
        let named = Named::of_post(post).or(Named::of_topic(topic));
        if let Some(named) = named {
            self.readers_settled((actor, seen), named)?;
        }
        self.keyring_sealing(actor, named.map_or(seen.row.ring, Named::ring))
    }

    /// Deletes what a post says, with all it said before. That there was one stays, for those who saw it.
    pub fn post_delete(&self, actor: &Actor, reference: &str) -> Result<(), Error> {
        let (place, seen, _, post) = self.post_seen(actor, reference)?;
        changed_by(&seen, &post, actor.account())?;
        let (account, at) = (actor.account(), self.inner.clock.now());
        let done = self.transact(move |tx| {
            let (mut post, mut board) = changing_in_tx(tx, place, (account, at))?;
            // Who deleted it, and when, stays; and what it counted for is given back once.
            if post.deleted {
                return Ok(());
            }
            let files = files_end_in_tx(tx, post.reference, &[])?;
            let octets = versions_end_in_tx(tx, &post)? + files;
            board.octets = board.octets.saturating_sub(octets);
            tx.put(&BOARDS, &place.board, &board)?;
            tx.delete(&POST_REACTIONS, &post.reference);
            post.sealed = Vec::new();
            (post.deleted, post.changed) = (true, Some(PostChange { at, by: account }));
            Ok(tx.put(&POSTS, &(place.board, place.topic, place.number), &post)?)
        });
        done.wait()?;
        self.post_publish(post.reference);
        Ok(())
    }

    fn post_key(&self, place: PostPlace) -> Result<ReferenceKey, Error> {
        let key = (place.board, place.topic, place.number);
        Ok(self.inner.store.get(&POSTS, &key)?.ok_or(NO_POST)?.reference)
    }

    /// The post with this number with all that says whether the actor sees it. There is one answer for a
    /// number that nothing has, and for one that is not for the actor.
    pub(super) fn post_seen(
        &self,
        actor: &Actor,
        reference: &str,
    ) -> Result<(PostPlace, Seen, Topic, Post), Error> {
        let number: Reference = reference.parse().map_err(|_| NO_POST)?;
        self.post_seen_by_key(actor, number.to_bytes())
    }

    pub(super) fn post_seen_by_key(
        &self,
        actor: &Actor,
        reference: ReferenceKey,
    ) -> Result<(PostPlace, Seen, Topic, Post), Error> {
        let place = self.inner.store.get(&POST_PLACES, &reference)?.ok_or(NO_POST)?;
        let seen = self.board_seen_by_id(actor, place.board).map_err(as_no_post)?;
        let topic = self.inner.store.get(&BOARD_TOPICS, &(place.board, place.topic))?;
        let is_there = !seen.row.ending_topics.contains(&place.topic);
        let sees = |topic: &Topic| is_there && sees_topic(topic, actor.account());
        let topic = topic.filter(sees).ok_or(NO_POST)?;
        let post = self.inner.store.get(&POSTS, &(place.board, place.topic, place.number))?;
        let post = post.filter(|post| sees_post(post, actor.account())).ok_or(NO_POST)?;
        Ok((place, seen, topic, post))
    }

    /// Tells those who see a post, and nobody else, that something happened to it.
    pub(super) fn post_publish(&self, reference: ReferenceKey) {
        let found = || -> Result<Vec<AccountId>, Error> {
            let place = self.inner.store.get(&POST_PLACES, &reference)?.ok_or(NO_POST)?;
            let board = self.inner.store.get(&BOARDS, &place.board)?.ok_or(NO_BOARD)?;
            let topic = self.inner.store.get(&BOARD_TOPICS, &(place.board, place.topic))?;
            let key = (place.board, place.topic, place.number);
            let post = self.inner.store.get(&POSTS, &key)?.ok_or(NO_POST)?;
            let topic = topic.ok_or(NO_TOPIC)?;
            let sees = |one: &AccountId| sees_topic(&topic, *one) && sees_post(&post, *one);
            Ok(self.board_listeners(&board)?.into_iter().filter(sees).collect())
        };
        match found() {
            Ok(listeners) => self.boards_publish(&listeners),
            Err(error) => tracing::warn!(%error, "the readers of a post got no hint"),
        }
    }
}

fn as_no_post(error: Error) -> Error {
    match error {
        Error::NotFound { .. } => NO_POST,
        error => error,
    }
}

fn changed_by(seen: &Seen, post: &Post, account: AccountId) -> Result<(), Error> {
    match may_change(seen.right, post, account) {
        true => Ok(()),
        false => Err(Error::Denied { reason: "the board does not allow you that" }),
    }
}

/// A post that somebody changes, as it is in the transaction.
fn changing_in_tx(
    tx: &Tx<'_, '_>,
    place: PostPlace,
    (account, at): (AccountId, Timestamp),
) -> Result<(Post, Board), Error> {
    let allowed = allowed_in_tx(tx, place.board, (account, at), BoardRight::Write);
    let (board, right) = allowed.map_err(as_no_post)?;
    let topic = tx.get(&BOARD_TOPICS, &(place.board, place.topic))?.ok_or(NO_POST)?;
    let post = tx.get(&POSTS, &(place.board, place.topic, place.number))?.ok_or(NO_POST)?;
    if !sees_topic(&topic, account) || !sees_post(&post, account) {
        return Err(NO_POST);
    }
    match may_change(right, &post, account) {
        true => Ok((post, board)),
        false => Err(Error::Denied { reason: "the board does not allow you that" }),
    }
}

impl Prepared {
    fn store_in_tx(&self, tx: &mut Tx<'_, '_>) -> Result<(), Error> {
        let account = self.post.author;
        let allowed = allowed_in_tx(tx, self.board, (account, self.at), BoardRight::Write)?;
        let (mut board, right) = allowed;
        let requested = Requested { reference: self.post.reference, at: self.at };
        if !tx.insert(&REQUESTS, &(account, self.request), &requested)? {
            return Err(Error::Conflict(Conflict::AlreadySent));
        }
        if let Some(keyring) = &self.keyring {
            keyring.store_in_tx(tx)?;
        }
        still_sealed_in_tx(&**tx, self.post.under)?;
        let whole = (account, self.board, WHOLE);
        let mut wrote = tx.get(&BOARD_POSITIONS, &whole)?.unwrap_or_default();
        wrote.wrote += 1;
        wrote.began += u32::from(self.is_first);
        if wrote.wrote > POSTS_OF_ONE_MAX || wrote.began > TOPICS_OF_ONE_MAX {
            return Err(Error::OverQuota);
        }
        tx.put(&BOARD_POSITIONS, &whole, &wrote)?;
        let readers = octets_of_readers(self.post.readers.as_ref());
        octets_in_tx(tx, account, (self.post.sealed.len() as u64 + readers, 0))?;
        for file in &self.files {
            board.octets += file.store_in_tx(tx, self.post.reference)?;
        }
        board.posts += 1;
        board.octets += self.post.sealed.len() as u64;
        let number = board.posts;
        self.position_in_tx(tx, number, wrote.read)?;
        if !self.is_first {
            watch_in_tx(tx, (self.board, self.topic), number)?;
        }
        self.topic_in_tx(tx, &mut board, (number, right))?;
        let mut post = self.post.clone();
        if self.is_first {
            // The topic as a whole is for its readers.
            post.readers = None;
        }
        let place = PostPlace { board: self.board, topic: self.topic, number };
        if !tx.insert(&POST_PLACES, &post.reference, &place)? {
            return Err(Error::Busy);
        }
        tx.put(&POSTS, &(self.board, self.topic, number), &post)?;
        Ok(tx.put(&BOARDS, &self.board, &board)?)
    }

    /// Who answers has read the own post, if nothing before it is left to read; and counts it, if it is for
    /// some readers alone.
    fn position_in_tx(&self, tx: &mut Tx<'_, '_>, number: u64, read_all: u64) -> Result<(), Error> {
        let account = self.post.author;
        let key = (account, self.board, self.topic);
        let mut row: BoardPosition = tx.get(&BOARD_POSITIONS, &key)?.unwrap_or_default();
        let topic = tx.get(&BOARD_TOPICS, &(self.board, self.topic))?;
        let last = topic.as_ref().map_or(0, |topic| last_seen(topic, account));
        if last <= row.read.max(read_all) {
            row.read = number;
        }
        if self.post.readers.is_some() && !self.is_first {
            row.wrote += 1;
            if row.wrote > LIMITED_OF_ONE_MAX {
                return Err(Error::OverQuota);
            }
        }
        Ok(tx.put(&BOARD_POSITIONS, &key, &row)?)
    }

    /// Begins the topic, or counts the answer.
    fn topic_in_tx(
        &self,
        tx: &mut Tx<'_, '_>,
        board: &mut Board,
        (number, right): (u64, BoardRight),
    ) -> Result<(), Error> {
        let key = (self.board, self.topic);
        if self.is_first {
            board.topics += 1;
            if board.topics > TOPICS_MAX {
                return Err(Error::OverQuota);
            }
            let topic = Topic {
                author: self.post.author,
                last: self.at,
                last_number: number,
                posts: 1,
                pinned: false,
                locked: false,
                limited: self.post.readers.clone(),
                limited_posts: Vec::new(),
            };
            return Ok(tx.put(&BOARD_TOPICS, &key, &topic)?);
        }
        let topic = tx.get(&BOARD_TOPICS, &key)?;
        let is_there = !board.ending_topics.contains(&self.topic);
        let sees = |topic: &Topic| is_there && sees_topic(topic, self.post.author);
        let mut topic = topic.filter(sees).ok_or(NO_TOPIC)?;
        if topic.locked && right < BoardRight::Edit {
            return Err(Error::Denied { reason: "the topic is closed" });
        }
        match &self.post.readers {
            Some(readers) => {
                if topic.limited_posts.len() >= LIMITED_POSTS_MAX {
                    return Err(Error::OverQuota);
                }
                let (at, author, accounts) = (self.at, self.post.author, readers.accounts.clone());
                topic.limited_posts.push(LimitedPost { number, at, author, accounts });
            }
            None => {
                if topic.posts >= TOPIC_POSTS_MAX {
                    return Err(Error::OverQuota);
                }
                topic.posts += 1;
                (topic.last, topic.last_number) = (self.at, number);
            }
        }
        Ok(tx.put(&BOARD_TOPICS, &key, &topic)?)
    }
}
