//! Indexing messages, merging parts, and removing deleted messages.
//!
//! Each step creates one small part from waiting messages. Eight parts of similar size are merged
//! into a larger one, so that an account has few parts, and each message is rewritten only a few
//! times.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, unless_damaged};
use crate::gateway::mailboxes::item::OpenedEpochs;
use crate::gateway::mailboxes::mailbox::INBOX;
use crate::gateway::mailboxes::summary::SealedSummary;
use crate::gateway::mailboxes::{entry, filter};
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::mailbox::Entry;
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::{Sealed, SearchPart};
use crate::gateway::records::tables::{
    PLACES, SEARCH_BLOCKS, SEARCH_DELETED, SEARCH_PARTS, SEARCH_TEXTS, SEARCH_WAITING,
};
use crate::gateway::search::block::{self, Block, Builder, Doc, Docs};
use crate::gateway::search::query::place;
use crate::gateway::text::mail_text;
use crate::mail::message::NameAddr;
use crate::mail::{message as mime, words};
use crate::store::{Order, Read, Record, Tx};
use crate::vault;

/// The progress of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexState {
    /// Messages that wait to be indexed.
    pub waiting: u64,
    /// Messages that this step indexed.
    pub taken: u64,
}

/// The maximum number of messages in one step.
const STEP_MESSAGES: usize = 512;

/// The maximum amount of text in one step, in octets.
const STEP_TEXT_OCTETS: usize = 4 * 1024 * 1024;

/// How many parts of similar size are merged into a larger one.
const PARTS_JOINED: usize = 8;

/// A part with this many messages is not merged any more.
const PART_DOCS_MAX: usize = 4_096;

/// Deleted messages are removed from the index once there are this many,
const GONE_MAX: usize = 64;

/// or after this time, in seconds.
const GONE_SECS: i64 = 3_600;

/// The accounts whose index is being changed.
#[derive(Default)]
pub struct Busy {
    accounts: Mutex<HashSet<AccountId>>,
    /// Notified when a step ends.
    ended: Condvar,
}

pub(super) struct Turn<'b> {
    busy: &'b Busy,
    account: AccountId,
}

impl Busy {
    /// Waits at most `limit` for exclusive access to an account's index; `None` if another step
    /// runs.
    pub(super) fn turn_within(&self, account: AccountId, limit: Duration) -> Option<Turn<'_>> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let busy = |accounts: &mut HashSet<AccountId>| accounts.contains(&account);
        let waited = self.ended.wait_timeout_while(accounts, limit, busy);
        let (mut accounts, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // Created only if granted: dropping a `Turn` ends the account's turn, and locks again.
        accounts.insert(account).then(|| Turn { busy: self, account })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut accounts = self.busy.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.remove(&self.account);
        self.busy.ended.notify_all();
    }
}

/// Whether a message is open by now. Of one that is gone or cannot be read, no more will be known.
fn is_opened_in_tx(tx: &Tx<'_>, account: AccountId, key: ReferenceKey) -> Result<bool, Error> {
    match unless_damaged(entry::entry_in_tx(tx, account, key)) {
        Err(Error::NotFound { .. }) => Ok(false),
        found => Ok(found?.is_some_and(|(_, entry)| entry.opened.is_some())),
    }
}

/// A message's text in each of its places.
#[derive(Default, Serialize, Deserialize)]
pub struct Text {
    pub from: String,
    pub to: String,
    pub cc: String,
    pub subject: String,
    pub files: String,
    pub body: String,
}

impl Record for Text {
    const VERSION: u8 = 1;
}

impl Text {
    /// Each place with its text.
    pub fn places(&self) -> [(u8, &str); 6] {
        [
            (place::FROM, &self.from),
            (place::TO, &self.to),
            (place::CC, &self.cc),
            (place::SUBJECT, &self.subject),
            (place::FILE, &self.files),
            (place::BODY, &self.body),
        ]
    }

    /// The text that the list shows of an unopened message.
    pub fn of_summary(summary: &SealedSummary) -> Text {
        let name = summary.from_name.as_deref().unwrap_or_default();
        let address = summary.from_address.as_deref().unwrap_or_default();
        Text {
            from: format!("{name} {address}"),
            to: format!("{} {}", summary.to.join(" "), summary.recipients.join(" ")),
            subject: summary.subject.clone(),
            ..Text::default()
        }
    }
}

/// What a sealed record of the index is bound to.
pub fn binding(account: AccountId, what: &[u8], key: &[u8]) -> Vec<u8> {
    [b"search ".as_slice(), what, &account.0, key].concat()
}

pub fn block_binding(account: AccountId, part: u64, block: u16) -> Vec<u8> {
    binding(account, b"block", &[part.to_be_bytes().as_slice(), &block.to_be_bytes()].concat())
}

impl Gateway {
    /// Runs one step: indexes waiting messages, merges parts, removes deleted messages. To be
    /// called until nothing waits. It does nothing while another request runs a step.
    pub fn search_index(&self, actor: &Actor) -> Result<IndexState, Error> {
        self.search_step(actor, Duration::ZERO)
    }

    /// Runs one step, waiting at most `limit` for another request's step, so that a message opened
    /// just now is found.
    pub(super) fn search_step(&self, actor: &Actor, limit: Duration) -> Result<IndexState, Error> {
        let account = actor.account();
        let mut taken = 0;
        if let Some(_turn) = self.inner.search_busy.turn_within(account, limit) {
            taken = self.take_in(actor)?;
            if taken == 0 {
                self.forget_deleted(actor)?;
            }
            self.join_parts(actor)?;
            if taken == 0 {
                return Ok(IndexState { waiting: 0, taken });
            }
        }
        Ok(IndexState { waiting: self.search_waiting(account)?, taken })
    }

    fn search_waiting(&self, account: AccountId) -> Result<u64, Error> {
        Ok(self.inner.store.count(&SEARCH_WAITING, &account)?)
    }

    fn take_in(&self, actor: &Actor) -> Result<u64, Error> {
        let account = actor.account();
        let mut waiting = Vec::new();
        self.inner.store.scan(&SEARCH_WAITING, &account, Order::Descending, |(_, key), _| {
            waiting.push(key);
            match waiting.len() == STEP_MESSAGES {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let filters = self.filters(actor)?;
        let mut filtered = Vec::new();
        let mut epochs = OpenedEpochs::new(self, actor);
        let (mut builder, mut texts, mut taken) = (Builder::default(), Vec::new(), Vec::new());
        let (mut octets, mut unopened) = (0, HashSet::new());
        for key in waiting {
            if octets > STEP_TEXT_OCTETS {
                break;
            }
            taken.push(key);
            // It may have been deleted since the scan.
            let (place, entry) = match entry::find_entry(&self.inner.store, account, key) {
                Err(Error::NotFound { .. }) => continue,
                found => found?,
            };
            let summary = match epochs.summary(&entry) {
                // The list reports it too; it must not stop the rest from being indexed.
                Err(Error::Damaged { .. } | Error::Conflict(Conflict::GroupKeysWait)) => continue,
                found => found?,
            };
            if entry.opened.is_none() && place.mailbox == INBOX {
                filtered
                    .extend(filter::wish(&filters, &summary).into_iter().map(|wish| (key, wish)));
            }
            if entry.opened.is_none() {
                unopened.insert(key);
            }
            let text = self.text_of(&mut epochs, &entry, &summary)?;
            octets += text.body.len();
            add(&mut builder, &entry, &text, summary.attachments > 0);
            if entry.opened.is_some() {
                let plain = sealed_form::octets_of(&text)?;
                let bound = binding(account, b"text", &key);
                texts.push((key, Sealed(actor.secret().seal_own(&bound, &plain)?)));
            }
        }
        let count = taken.len() as u64;
        let (part, acting) = (self.part_sealed(actor, builder)?, actor.acting());
        let work = move |tx: &mut Tx<'_>| {
            acting.may_write(tx)?;
            for (key, text) in &texts {
                // A message that was deleted meanwhile must not come back.
                if tx.has(&PLACES, &(account, *key))? {
                    tx.put(&SEARCH_TEXTS, &(account, *key), text)?;
                }
            }
            for key in &taken {
                // Opened meanwhile, it waits for its text to be taken in.
                if !(unopened.contains(key) && is_opened_in_tx(tx, account, *key)?) {
                    tx.delete(&SEARCH_WAITING, &(account, *key));
                }
            }
            part.put_in_tx(tx, account)
        };
        // Filters run first: if one fails, the next step tries again.
        for (key, wish) in filtered {
            match self.change_one(account, key, &wish) {
                // The message or its folder was deleted, or it has the maximum number of labels: it
                // stays as it is, and the other messages are still processed.
                Ok(()) | Err(Error::NotFound { .. } | Error::Conflict(_)) => {}
                Err(other) => return Err(other),
            }
        }
        self.inner.store.transact(work).wait()?;
        Ok(count)
    }

    /// A message's text, as far as its reader may know it already.
    fn text_of(
        &self,
        epochs: &mut OpenedEpochs<'_>,
        entry: &Entry,
        summary: &SealedSummary,
    ) -> Result<Text, Error> {
        let text = Text::of_summary(summary);
        if entry.opened.is_none() {
            return Ok(text);
        }
        let content = match epochs.content(entry) {
            Ok(content) => content,
            // The summary is all there is; the reader sees the error on opening it.
            Err(Error::Damaged { .. } | Error::NotFound { .. }) => return Ok(text),
            Err(other) => return Err(other),
        };
        let view = mime::view(content.shown());
        let parts = content.parts().unwrap_or(view.parts);
        let files: Vec<String> = parts.into_iter().map(|part| part.name).collect();
        let most = self.inner.settings.search_text_octets_max;
        let mut body = view.text.unwrap_or_default();
        body.truncate(body.floor_char_boundary(most));
        // The words of an attached message are words of the one that brings it.
        let within = content.said_within(most.saturating_sub(body.len() + 1));
        if !within.is_empty() {
            body.extend(["\n", &within]);
        }
        Ok(Text {
            from: people(&view.from),
            // Only the sender's copy knows the Bcc recipients.
            to: format!("{} {}", people(&view.to), text.to),
            cc: people(&view.cc),
            files: files.join(" \n"),
            body,
            ..text
        })
    }

    /// Seals a part; [`SealedPart::put_in_tx`] stores it.
    fn part_sealed(&self, actor: &Actor, builder: Builder) -> Result<SealedPart, Error> {
        let account = actor.account();
        let id = u64::from_be_bytes(vault::random_bytes()?);
        let (docs, blocks) = builder.finish();
        let (count, secret) = (docs.len(), actor.secret());
        let plain = sealed_form::octets_of(&Docs(docs))?;
        let bound = binding(account, b"part", &id.to_be_bytes());
        let record = SearchPart {
            docs: u32::try_from(count).map_err(|_| block::damaged())?,
            blocks: u16::try_from(blocks.len()).map_err(|_| block::damaged())?,
            sealed_docs: secret.seal_own(&bound, &plain)?,
        };
        let blocks = (0..).zip(blocks).map(|(number, plain)| {
            let plain = sealed_form::octets_of(&Block(plain))?;
            Ok(Sealed(secret.seal_own(&block_binding(account, id, number), &plain)?))
        });
        Ok(SealedPart { id, record, blocks: blocks.collect::<Result<_, Error>>()? })
    }

    /// The parts of an account's index.
    pub(super) fn parts(&self, account: AccountId) -> Result<Vec<(u64, SearchPart)>, Error> {
        let mut parts = Vec::new();
        self.inner.store.scan(&SEARCH_PARTS, &account, Order::Ascending, |(_, id), part| {
            parts.push((id, part));
            ControlFlow::Continue(())
        })?;
        Ok(parts)
    }

    pub(super) fn docs(
        &self,
        actor: &Actor,
        id: u64,
        part: &SearchPart,
    ) -> Result<Vec<Doc>, Error> {
        let bound = binding(actor.account(), b"part", &id.to_be_bytes());
        let plain = actor.secret().open_own(&bound, &part.sealed_docs);
        let plain = plain.map_err(|_| block::damaged())?;
        let Docs(docs) = sealed_form::read(SEARCH_PARTS.name, &plain)?;
        Ok(docs)
    }

    pub(super) fn block(
        &self,
        actor: &Actor,
        part: u64,
        number: u16,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let account = actor.account();
        let sealed = self.inner.store.get(&SEARCH_BLOCKS, &(account, part, number))?;
        let sealed = sealed.ok_or_else(block::damaged)?;
        let bound = block_binding(account, part, number);
        let plain = actor.secret().open_own(&bound, &sealed.0).map_err(|_| block::damaged())?;
        let Block(octets) = sealed_form::read(SEARCH_BLOCKS.name, &plain)?;
        Ok(octets.into())
    }

    /// Merges parts of one size class if there are enough of them.
    fn join_parts(&self, actor: &Actor) -> Result<(), Error> {
        let mut sizes: BTreeMap<u32, Vec<(u64, SearchPart)>> = BTreeMap::new();
        for (id, part) in self.parts(actor.account())? {
            if usize::try_from(part.docs).is_ok_and(|docs| docs < PART_DOCS_MAX) {
                sizes.entry(part.docs.max(1).ilog2() / 3).or_default().push((id, part));
            }
        }
        let full = sizes.into_values().find(|parts| parts.len() >= PARTS_JOINED);
        match full {
            Some(mut parts) => {
                parts.truncate(PARTS_JOINED);
                self.parts_rewrite(actor, &parts)
            }
            None => Ok(()),
        }
    }

    /// Removes deleted messages from one part that contains some.
    fn forget_deleted(&self, actor: &Actor) -> Result<(), Error> {
        let account = actor.account();
        let (mut gone, mut oldest) = (HashSet::new(), self.inner.clock.now());
        self.inner.store.scan(&SEARCH_DELETED, &account, Order::Ascending, |(_, key), row| {
            gone.insert(key);
            oldest = oldest.min(row.at);
            ControlFlow::Continue(())
        })?;
        let is_time = oldest <= self.inner.clock.now().plus_secs(-GONE_SECS);
        if gone.is_empty() || (gone.len() < GONE_MAX && !is_time) {
            return Ok(());
        }
        for (id, part) in self.parts(account)? {
            let docs = self.docs(actor, id, &part)?;
            if docs.iter().any(|doc| gone.contains(&doc.reference)) {
                return self.parts_rewrite(actor, &[(id, part)]);
            }
        }
        let work = move |tx: &mut Tx<'_>| {
            for key in &gone {
                tx.delete(&SEARCH_DELETED, &(account, *key));
            }
            Ok::<_, Error>(())
        };
        self.inner.store.transact(work).wait()
    }

    /// Rewrites parts as one, without messages that were deleted or are fully indexed elsewhere.
    fn parts_rewrite(&self, actor: &Actor, parts: &[(u64, SearchPart)]) -> Result<(), Error> {
        let account = actor.account();
        let mut builder = Builder::default();
        for (id, part) in parts {
            let mut renumbered = Vec::new();
            for doc in self.docs(actor, *id, part)? {
                let stays = self.stays(account, &doc)?;
                renumbered.push(stays.then(|| builder.doc(doc)));
            }
            for number in 0..part.blocks {
                let octets = self.block(actor, *id, number)?;
                block::each_word(&octets, |word, list| {
                    let word = String::from_utf8_lossy(word);
                    for posting in block::postings(list) {
                        let at = usize::try_from(posting.doc).unwrap_or(usize::MAX);
                        if let Some(Some(doc)) = renumbered.get(at) {
                            builder.word(word.clone().into_owned(), *doc, posting.places);
                        }
                    }
                })?;
            }
        }
        let old: Vec<(u64, u16)> = parts.iter().map(|(id, part)| (*id, part.blocks)).collect();
        let (part, acting) = (self.part_sealed(actor, builder)?, actor.acting());
        let work = move |tx: &mut Tx<'_>| {
            acting.may_write(tx)?;
            for (id, blocks) in &old {
                tx.delete(&SEARCH_PARTS, &(account, *id));
                for number in 0..*blocks {
                    tx.delete(&SEARCH_BLOCKS, &(account, *id, number));
                }
            }
            part.put_in_tx(tx, account)
        };
        self.inner.store.transact(work).wait()
    }

    /// Whether a part's message still exists and is not better indexed in another part.
    pub(super) fn stays(&self, account: AccountId, doc: &Doc) -> Result<bool, Error> {
        let key = (account, doc.reference);
        let store = &self.inner.store;
        Ok(store.has(&PLACES, &key)? && (doc.full || !store.has(&SEARCH_TEXTS, &key)?))
    }
}

/// A sealed part that is ready to be stored.
struct SealedPart {
    id: u64,
    record: SearchPart,
    blocks: Vec<Sealed>,
}

impl SealedPart {
    fn put_in_tx(&self, tx: &mut Tx<'_>, account: AccountId) -> Result<(), Error> {
        if self.record.docs == 0 {
            return Ok(());
        }
        tx.put(&SEARCH_PARTS, &(account, self.id), &self.record)?;
        for (number, sealed) in (0..).zip(&self.blocks) {
            tx.put(&SEARCH_BLOCKS, &(account, self.id, number), sealed)?;
        }
        Ok(())
    }
}

fn add(builder: &mut Builder, entry: &Entry, text: &Text, attachments: bool) {
    let doc = builder.doc(Doc {
        reference: entry.reference,
        received: entry.received,
        size: entry.size,
        attachments,
        full: entry.opened.is_some(),
    });
    for (place, text) in text.places() {
        for (_, _, word) in words::words(text) {
            for word in words::kept(word) {
                builder.word(word, doc, place);
            }
        }
    }
}

fn people(list: &[NameAddr]) -> String {
    list.iter().map(mail_text).collect::<Vec<_>>().join(", ")
}
