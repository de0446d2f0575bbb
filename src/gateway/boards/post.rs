//! Posts: writing one, changing it with its earlier versions kept, and deleting it.
//!
//! A post is sealed before the transaction, which assigns its number within the board and asks once more
//! for whatever allowed it. A request that is repeated finds the post that it wrote.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::{NO_BOARD, Seen, allowed_in_tx, entry_of};
use crate::gateway::boards::reading::PostView;
use crate::gateway::boards::rights::{may_change, right, sees_post, sees_topic};
use crate::gateway::contacts::shares::Named;
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::audience::Reader;
use crate::gateway::keyrings::change::{Earlier, NewRing};
use crate::gateway::keyrings::sealing::still_sealed_in_tx;
use crate::gateway::records::board::{
    Board, BoardPosition, Post, PostChange, PostPlace, PostReaders, PostVersion, Topic,
};
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey, RingId};
use crate::gateway::records::keyring::{RingEntry, RingUnder};
use crate::gateway::records::message::Requested;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{
    BOARD_POSITIONS, BOARD_TOPICS, BOARDS, POST_PLACES, POST_VERSIONS, POSTS, REQUESTS,
};
use crate::gateway::text::hex;
use crate::mail::reference::Reference;
use crate::store::{Read, Record};
use crate::terms::BoardRight;
use crate::vault::{self, Lookup, RingSecret};

/// The most characters of a title, and of a post.
pub const TITLE_CHARS_MAX: usize = 200;
pub const TEXT_CHARS_MAX: usize = 20_000;
/// The most people whom one post names.
pub const POST_READERS_MAX: usize = 50;
/// The most topics of a board, posts of a topic, and posts that only some readers of a topic see.
pub const TOPICS_MAX: u32 = 5_000;
pub const TOPIC_POSTS_MAX: u32 = 5_000;
pub const LIMITED_POSTS_MAX: usize = 500;
/// The most posts of one account on a board, with those that were deleted.
pub const POSTS_OF_ONE_MAX: u32 = 20_000;
/// The most changes of a post.
pub const CHANGES_MAX: u32 = 100;

pub(super) const NO_POST: Error = Error::NotFound { what: "post" };
pub(super) const NO_TOPIC: Error = Error::NotFound { what: "topic" };

/// The row of positions that is about a board as a whole.
pub(super) const WHOLE: ReferenceKey = [0; 16];

/// What a post says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostContent {
    /// Of the first post of a topic.
    pub title: String,
    pub text: String,
}

impl Record for PostContent {
    const VERSION: u8 = 1;
}

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
    request: [u8; 16],
    at: Timestamp,
}

/// What binds the content of a post.
pub(super) fn post_binding(
    (board, topic): (BoardId, ReferenceKey),
    (reference, version): (ReferenceKey, u32),
    under: RingUnder,
) -> Vec<u8> {
    let (version, epoch) = (version.to_be_bytes(), under.epoch.to_be_bytes());
    let parts: [&[u8]; 7] =
        [b"board post\0", &board.0, &topic, &reference, &version, &under.ring.0, &epoch];
    parts.concat()
}

impl PostContent {
    /// The same, without blanks around it; refuses what is too long, and what says nothing.
    fn checked(&self, is_first: bool) -> Result<PostContent, Error> {
        let (title, text) = (self.title.trim(), self.text.trim());
        let titled = if is_first { 1..=TITLE_CHARS_MAX } else { 0..=0 };
        if !titled.contains(&title.chars().count()) || title.chars().any(char::is_control) {
            let what = format!(
                "a topic has a title of 1 to {TITLE_CHARS_MAX} characters in one line, and an answer none"
            );
            return Err(Error::Invalid { what });
        }
        if !(1..=TEXT_CHARS_MAX).contains(&text.chars().count()) {
            let what = format!("a post has 1 to {TEXT_CHARS_MAX} characters");
            return Err(Error::Invalid { what });
        }
        Ok(PostContent { title: title.to_owned(), text: text.to_owned() })
    }

    pub(super) fn seal(
        &self,
        place: (BoardId, ReferenceKey),
        post: (ReferenceKey, u32),
        (under, secret): (RingUnder, &RingSecret),
    ) -> Result<Vec<u8>, Error> {
        Ok(secret.seal(&post_binding(place, post, under), &sealed_form::octets_of(self)?)?)
    }
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
        let text = format!("board post {} {request}", hex(&seen.id.0));
        let request = self.inner.vault.lookup(Lookup::Request, text.as_bytes());
        let written = self.boards_retry(|| self.post_write_once(actor, board, new, request));
        let reference = match written {
            Ok(reference) => reference,
            Err(Error::Conflict(Conflict::AlreadySent)) => {
                let row = self.inner.store.get(&REQUESTS, &(actor.account(), request))?;
                row.ok_or(NO_POST)?.reference
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
        let accounts = self.post_readers(actor, seen, limited, &new.readers)?;
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
            (None, Some(limited)) => (None, self.keyring_sealing(actor, limited.ring)?),
            (None, None) => (None, self.keyring_sealing(actor, seen.row.ring)?),
        };
        let topic = topic.map_or(reference, |(topic, _)| topic);
        let sealed = content.seal((seen.id, topic), (reference, 0), (under, &secret))?;
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
        Ok(Prepared { board: seen.id, topic, is_first, post, keyring, request, at })
    }

    /// The people whom a post names: readers of the board, and of the topic. `None` if nobody is named.
    fn post_readers(
        &self,
        actor: &Actor,
        seen: &Seen,
        limited: Option<&PostReaders>,
        named: &[NamedReader],
    ) -> Result<Option<Vec<AccountId>>, Error> {
        const NOBODY: Error = Error::NotFound { what: "reader" };
        if named.is_empty() {
            return Ok(None);
        }
        if named.len() > POST_READERS_MAX {
            return Err(Error::OverQuota);
        }
        let mut accounts = BTreeSet::new();
        for one in named {
            let nothing = (&BTreeSet::new(), &Named::new());
            let to = self.contact_reader_named(actor, one, nothing, &mut Named::new())?;
            let RingEntry::Account(account) = entry_of(to) else { return Err(NOBODY) };
            let asker = self.asker(account)?;
            let reader = Reader { account, inside: asker.inside, groups: asker.groups };
            let reads = right(&seen.row.grants, &reader).is_some()
                && limited.is_none_or(|limited| limited.accounts.contains(&account));
            if !reads {
                return Err(NOBODY);
            }
            accounts.insert(account);
        }
        Ok(Some(accounts.into_iter().collect()))
    }

    /// Changes what a post says, from the version that the actor saw. What it said before is kept.
    pub fn post_change(
        &self,
        actor: &Actor,
        reference: &str,
        version: u32,
        content: &PostContent,
    ) -> Result<PostView, Error> {
        let (place, ..) = self.post_seen(actor, reference)?;
        self.boards_retry(|| self.post_change_once(actor, reference, version, content))?;
        let key = self.post_key(place)?;
        self.post_publish(key);
        self.post_by_key(actor, key)
    }

    fn post_change_once(
        &self,
        actor: &Actor,
        reference: &str,
        version: u32,
        content: &PostContent,
    ) -> Result<(), Error> {
        let (place, seen, topic, post) = self.post_seen(actor, reference)?;
        changed_by(&seen, &post, actor.account())?;
        let content = content.checked(place.topic == post.reference)?;
        if post.version != version || post.deleted {
            return Err(Error::Conflict(Conflict::EditedElsewhere));
        }
        if version >= CHANGES_MAX {
            return Err(Error::OverQuota);
        }
        let ring = post.readers.as_ref().or(topic.limited.as_ref());
        let ring = ring.map_or(seen.row.ring, |readers| readers.ring);
        let (under, secret) = self.keyring_sealing(actor, ring)?;
        let (id, reference) = ((place.board, place.topic), post.reference);
        let sealed = content.seal(id, (reference, version + 1), (under, &secret))?;
        let (account, at) = (actor.account(), self.inner.clock.now());
        let done = self.transact(move |tx| {
            let (mut post, _) = changing_in_tx(tx, place, (account, at))?;
            if post.version != version || post.deleted {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            still_sealed_in_tx(&**tx, under)?;
            let written = post.changed.unwrap_or(PostChange { at: post.at, by: post.author });
            let before = PostVersion { written, sealed: post.sealed.clone(), under: post.under };
            tx.put(&POST_VERSIONS, &(post.reference, version), &before)?;
            (post.sealed, post.under, post.version) = (sealed.clone(), under, version + 1);
            post.changed = Some(PostChange { at, by: account });
            Ok(tx.put(&POSTS, &(place.board, place.topic, place.number), &post)?)
        });
        done.wait()
    }

    /// Deletes what a post says, with all it said before. That there was one stays, for those who saw it.
    pub fn post_delete(&self, actor: &Actor, reference: &str) -> Result<(), Error> {
        let (place, seen, _, post) = self.post_seen(actor, reference)?;
        changed_by(&seen, &post, actor.account())?;
        let (account, at) = (actor.account(), self.inner.clock.now());
        let done = self.transact(move |tx| {
            let (mut post, _) = changing_in_tx(tx, place, (account, at))?;
            for version in 0..post.version {
                tx.delete(&POST_VERSIONS, &(post.reference, version));
            }
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
        let topic = topic.filter(|topic| sees_topic(topic, actor.account())).ok_or(NO_POST)?;
        let post = self.inner.store.get(&POSTS, &(place.board, place.topic, place.number))?;
        let post = post.filter(|post| sees_post(post, actor.account())).ok_or(NO_POST)?;
        Ok((place, seen, topic, post))
    }

    /// Tells those who see a post, and nobody else, that something happened to it.
    fn post_publish(&self, reference: ReferenceKey) {
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
            Err(error) => tracing::warn!(%error, "nobody was told of a post"),
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
        if wrote.wrote > POSTS_OF_ONE_MAX {
            return Err(Error::OverQuota);
        }
        tx.put(&BOARD_POSITIONS, &whole, &wrote)?;
        board.posts += 1;
        let number = board.posts;
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
        // Who answers has read what is answered.
        let read = BoardPosition { read: number, wrote: 0 };
        tx.put(&BOARD_POSITIONS, &(account, self.board, self.topic), &read)?;
        Ok(tx.put(&BOARDS, &self.board, &board)?)
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
                posts: 1,
                pinned: false,
                locked: false,
                limited: self.post.readers.clone(),
                limited_posts: Vec::new(),
            };
            return Ok(tx.put(&BOARD_TOPICS, &key, &topic)?);
        }
        let topic = tx.get(&BOARD_TOPICS, &key)?;
        let topic = topic.filter(|topic| sees_topic(topic, self.post.author));
        let mut topic = topic.ok_or(NO_TOPIC)?;
        if topic.locked && right < BoardRight::Edit {
            return Err(Error::Denied { reason: "the topic is closed" });
        }
        match self.post.readers {
            Some(_) => {
                if topic.limited_posts.len() >= LIMITED_POSTS_MAX {
                    return Err(Error::OverQuota);
                }
                topic.limited_posts.push(number);
            }
            None => {
                if topic.posts >= TOPIC_POSTS_MAX {
                    return Err(Error::OverQuota);
                }
                topic.posts += 1;
                topic.last = self.at;
            }
        }
        Ok(tx.put(&BOARD_TOPICS, &key, &topic)?)
    }
}
