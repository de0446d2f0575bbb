//! Uploads: a file arrives in chunks, each is sealed on arrival, and an upload can be resumed.
//!
//! A chunk is a content of its own under a key that only the owner's keys open. A file belongs to
//! nothing until a message names it; a file that is never sent is deleted with its draft, or after
//! a time.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, UploadId};
use crate::gateway::records::mailbox::Usage;
use crate::gateway::records::sealed_form;
use crate::gateway::records::submission::{Upload, UploadChunk};
use crate::gateway::records::tables::{UPLOAD_CHUNKS, UPLOADS};
use crate::gateway::{Gateway, text};
use crate::mail::message;
use crate::store::{ContentId, Order, Piece, Read, Record, Tx};
use crate::vault::{self, ContentKey};

/// A file as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadView {
    pub id: String,
    pub name: String,
    pub content_type: String,
    pub size: u64,
    pub received: u64,
}

/// The largest chunk, in octets.
pub const CHUNK_OCTETS_MAX: usize = 4 << 20;

/// The largest file that is shown where a message is written, in octets.
pub const SHOWN_OCTETS_MAX: usize = CHUNK_OCTETS_MAX;

pub const NAME_CHARS_MAX: usize = 255;
const UPLOADS_MAX: usize = 1_000;
const MISSING: Error = Error::NotFound { what: "upload" };

/// A piece of a file, as it is stored.
pub(in crate::gateway) struct UploadPiece {
    pub content: [u8; 16],
    pub length: u64,
    pub key: ContentKey,
}

/// The sealed facts about a file.
#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct Meta {
    pub name: String,
    pub content_type: String,
}

impl Record for Meta {
    const VERSION: u8 = 1;
}

fn binding(what: &[u8], account: AccountId, id: UploadId) -> Vec<u8> {
    [what, b"\0", &account.0, &id].concat()
}

impl Gateway {
    /// Starts the upload of a file of `size` octets.
    pub fn upload_begin(
        &self,
        actor: &Actor,
        name: &str,
        content_type: &str,
        size: u64,
    ) -> Result<UploadView, Error> {
        self.upload_begin_as(actor, name, content_type, size, false)
    }

    /// The same; `sealed` if it comes from a message that never left the sealed store.
    pub(in crate::gateway) fn upload_begin_as(
        &self,
        actor: &Actor,
        name: &str,
        content_type: &str,
        size: u64,
        sealed: bool,
    ) -> Result<UploadView, Error> {
        let meta = Meta { name: checked_name(name)?, content_type: checked_type(content_type) };
        if size > self.inner.settings.attachments_octets_max {
            return Err(Error::TooLarge);
        }
        let octets_max = match actor.is_temporary() {
            true => self.inner.settings.temporary_uploads_octets_max,
            false => self.inner.settings.uploads_octets_max,
        };
        let (account, id) = (actor.account(), vault::random_bytes()?);
        let plain = sealed_form::octets_of(&meta)?;
        let upload = Upload {
            sealed_meta: actor.secret().seal_own(&binding(b"upload", account, id), &plain)?,
            size,
            received: 0,
            chunks: 0,
            unnamed_since: self.inner.clock.now(),
            named: false,
            sealed,
        };
        let (row, acting) = (upload.clone(), actor.acting());
        let done = self.transact(move |tx| {
            acting.may_write(tx)?;
            let (count, octets) = held_in_tx(tx, account)?;
            if count >= UPLOADS_MAX || octets.saturating_add(size) > octets_max {
                return Err(Error::OverQuota);
            }
            quota::check_in_tx(tx, account, Usage::default(), quota::file(size))?;
            tx.put(&UPLOADS, &(account, id), &row)?;
            quota::charge_in_tx(tx, account, quota::file(size))
        });
        done.wait()?;
        self.upload_view(actor, id, &upload)
    }

    /// Appends octets at `offset`, which must be the number received so far; otherwise
    /// `wrong-offset`.
    pub fn upload_append(
        &self,
        actor: &Actor,
        id: &str,
        offset: u64,
        octets: &[u8],
    ) -> Result<UploadView, Error> {
        let (account, id) = (actor.account(), parse_id(id)?);
        let upload = self.inner.store.get(&UPLOADS, &(account, id))?.ok_or(MISSING)?;
        if upload.received != offset {
            return Err(Error::Conflict(Conflict::WrongOffset));
        }
        let length = octets.len() as u64;
        if length == 0 || octets.len() > CHUNK_OCTETS_MAX || length > upload.size - offset {
            return Err(Error::Invalid {
                what: "a chunk must have 1 octet to 4 MiB and fit within the file's size".into(),
            });
        }
        let content: [u8; 16] = vault::random_bytes()?;
        let key = ContentKey::generate()?;
        let sealed = bytes::Bytes::from(vault::seal(&key, content, &[octets])?);
        let staged = Piece::Staged(self.inner.store.content_stage(sealed)?);
        let bound = binding(b"chunk", account, content);
        let chunk = UploadChunk {
            content,
            wrapped_key: actor.secret().wrap_content(&bound, &key)?,
            length,
        };
        let acting = actor.acting();
        let done = self.inner.store.transact(move |tx| {
            acting.may_write(tx)?;
            let mut upload = tx.get(&UPLOADS, &(account, id))?.ok_or(MISSING)?;
            // Of two requests with the same chunk, the second finds it done.
            if upload.received != offset {
                return Err(Error::Conflict(Conflict::WrongOffset));
            }
            tx.content_put(ContentId(content), vec![staged.clone()]);
            tx.put(&UPLOAD_CHUNKS, &(account, id, upload.chunks), &chunk)?;
            upload.received += length;
            upload.chunks += 1;
            tx.put(&UPLOADS, &(account, id), &upload)?;
            Ok(upload)
        });
        let upload = done.wait()?;
        self.upload_view(actor, id, &upload)
    }

    /// A file of the actor's.
    pub fn upload(&self, actor: &Actor, id: &str) -> Result<UploadView, Error> {
        let id = parse_id(id)?;
        let upload = self.inner.store.get(&UPLOADS, &(actor.account(), id))?.ok_or(MISSING)?;
        self.upload_view(actor, id, &upload)
    }

    /// Removes a file and its octets.
    pub fn upload_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let (account, id) = (actor.account(), parse_id(id)?);
        self.inner.store.get(&UPLOADS, &(account, id))?.ok_or(MISSING)?;
        let acting = actor.acting();
        let done = self.inner.store.transact(move |tx| {
            acting.is_there(tx)?;
            remove_in_tx(tx, account, id)
        });
        done.wait()
    }

    /// Passes on a file's octets, chunk by chunk; each chunk is wiped after use.
    pub(in crate::gateway) fn upload_read(
        &self,
        actor: &Actor,
        id: UploadId,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let upload = self.inner.store.get(&UPLOADS, &(actor.account(), id))?.ok_or(MISSING)?;
        for index in 0..upload.chunks {
            take(&self.upload_chunk(actor, id, index)?)?;
        }
        Ok(())
    }

    /// The chunks of a file with their keys, so that these can be wrapped for others.
    pub(in crate::gateway) fn upload_keys(
        &self,
        actor: &Actor,
        id: UploadId,
        chunks_max: u32,
    ) -> Result<Vec<(UploadChunk, ContentKey)>, Error> {
        let account = actor.account();
        let upload = self.inner.store.get(&UPLOADS, &(account, id))?.ok_or(MISSING)?;
        if upload.chunks > chunks_max {
            return Err(Error::TooLarge);
        }
        let mut keys = Vec::new();
        for index in 0..upload.chunks {
            let chunk = self.inner.store.get(&UPLOAD_CHUNKS, &(account, id, index))?;
            let chunk = chunk.ok_or(MISSING)?;
            let bound = binding(b"chunk", account, chunk.content);
            let key = actor.secret().unwrap_content(&bound, &chunk.wrapped_key)?;
            keys.push((chunk, key));
        }
        Ok(keys)
    }

    fn upload_chunk(
        &self,
        actor: &Actor,
        id: UploadId,
        index: u32,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let account = actor.account();
        let chunk = self.inner.store.get(&UPLOAD_CHUNKS, &(account, id, index))?;
        let chunk = chunk.ok_or(MISSING)?;
        let bound = binding(b"chunk", account, chunk.content);
        let key = actor.secret().unwrap_content(&bound, &chunk.wrapped_key)?;
        let content = ContentId(chunk.content);
        let length = self.inner.store.content_length(content)?.ok_or(MISSING)?;
        let sealed = self.inner.store.content_read(content, 0, length)?;
        Ok(vault::open(&key, chunk.content, &sealed)?)
    }

    /// Whether a file begins as an image does that is shown in a text, whatever type it was given.
    pub(in crate::gateway) fn upload_is_image(
        &self,
        actor: &Actor,
        id: UploadId,
    ) -> Result<bool, Error> {
        /// No such image is known by more.
        const KNOWN_BY_OCTETS: usize = 12;
        let start = self.upload_start(actor, id, KNOWN_BY_OCTETS)?;
        Ok(message::image_type(&start).is_some())
    }

    /// At least the first `octets` of a file, if it has as many.
    pub(in crate::gateway) fn upload_start(
        &self,
        actor: &Actor,
        id: UploadId,
        octets: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let upload = self.inner.store.get(&UPLOADS, &(actor.account(), id))?.ok_or(MISSING)?;
        let mut start = Zeroizing::new(Vec::new());
        for index in 0..upload.chunks {
            if start.len() >= octets {
                break;
            }
            start.extend_from_slice(&self.upload_chunk(actor, id, index)?);
        }
        Ok(start)
    }

    /// The pieces of a file that was uploaded completely, with their keys.
    pub(in crate::gateway) fn upload_pieces(
        &self,
        actor: &Actor,
        id: UploadId,
    ) -> Result<Vec<UploadPiece>, Error> {
        let account = actor.account();
        self.upload_whole(actor, id)?;
        let mut chunks = Vec::new();
        self.inner.store.scan(
            &UPLOAD_CHUNKS,
            &(account, id),
            Order::Ascending,
            |_, chunk: UploadChunk| {
                chunks.push(chunk);
                ControlFlow::Continue(())
            },
        )?;
        let opened = chunks.into_iter().map(|UploadChunk { content, wrapped_key, length }| {
            let bound = binding(b"chunk", account, content);
            let key = actor.secret().unwrap_content(&bound, &wrapped_key)?;
            Ok(UploadPiece { content, length, key })
        });
        opened.collect()
    }

    /// The octets of a file that is small enough to be shown where a message is written.
    pub fn upload_shown(&self, actor: &Actor, id: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let id = parse_id(id)?;
        let size = self.upload_whole(actor, id)?.size;
        let size = usize::try_from(size).ok().filter(|size| *size <= SHOWN_OCTETS_MAX);
        let mut all = Zeroizing::new(Vec::with_capacity(size.ok_or(Error::TooLarge)?));
        self.upload_read(actor, id, |octets| {
            all.extend_from_slice(octets);
            Ok(())
        })?;
        Ok(all)
    }

    /// A file that was uploaded completely; otherwise `upload-incomplete`.
    pub(in crate::gateway) fn upload_whole(
        &self,
        actor: &Actor,
        id: UploadId,
    ) -> Result<UploadView, Error> {
        let upload = self.inner.store.get(&UPLOADS, &(actor.account(), id))?.ok_or(MISSING)?;
        if upload.received < upload.size {
            return Err(Error::Conflict(Conflict::UploadIncomplete));
        }
        self.upload_view(actor, id, &upload)
    }

    pub(in crate::gateway) fn upload_view(
        &self,
        actor: &Actor,
        id: UploadId,
        upload: &Upload,
    ) -> Result<UploadView, Error> {
        let bound = binding(b"upload", actor.account(), id);
        let plain = actor.secret().open_own(&bound, &upload.sealed_meta)?;
        let meta: Meta = sealed_form::read(UPLOADS.name, &plain)?;
        Ok(UploadView {
            id: text::hex(&id),
            name: meta.name,
            content_type: meta.content_type,
            size: upload.size,
            received: upload.received,
        })
    }

    /// Deletes files that no draft has named since `before`. Called by a timer.
    pub fn uploads_expire(&self, before: Timestamp, limit: usize) -> Result<usize, Error> {
        let mut old = Vec::new();
        self.inner.store.scan_readable(&UPLOADS, &(), |key, upload| {
            if !upload.named && upload.unnamed_since < before {
                old.push(key);
            }
            if old.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut removed = 0;
        for (account, id) in old {
            let done = self.inner.store.transact(move |tx| {
                // A draft may have named it since.
                let found = tx.get(&UPLOADS, &(account, id))?;
                let is_old = found.is_some_and(|one| !one.named && one.unnamed_since < before);
                if is_old {
                    remove_in_tx(tx, account, id)?;
                }
                Ok::<_, Error>(is_old)
            });
            removed += usize::from(done.wait()?);
        }
        Ok(removed)
    }
}

/// The number of an account's files, and their total size when complete.
fn held_in_tx(tx: &Tx<'_>, account: AccountId) -> Result<(usize, u64), Error> {
    let (mut count, mut octets) = (0, 0_u64);
    tx.scan(&UPLOADS, &account, Order::Ascending, |_, upload| {
        count += 1;
        octets = octets.saturating_add(upload.size);
        ControlFlow::Continue(())
    })?;
    Ok((count, octets))
}

/// Records that a draft names these files, which keeps them.
pub(in crate::gateway) fn name_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    uploads: &[UploadId],
) -> Result<(), Error> {
    for id in uploads {
        let mut upload = tx.get(&UPLOADS, &(account, *id))?.ok_or(MISSING)?;
        if !upload.named {
            upload.named = true;
            tx.put(&UPLOADS, &(account, *id), &upload)?;
        }
    }
    Ok(())
}

/// Records that a draft no longer names these files. Their time begins now, however old they are: a
/// picture that was cut out of a text may be put back.
pub(in crate::gateway) fn release_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    uploads: &[UploadId],
    now: Timestamp,
) -> Result<(), Error> {
    for id in uploads {
        // A deleted file needs no release.
        let Some(mut upload) = tx.get(&UPLOADS, &(account, *id))? else { continue };
        (upload.named, upload.unnamed_since) = (false, now);
        tx.put(&UPLOADS, &(account, *id), &upload)?;
    }
    Ok(())
}

/// Removes a file and its chunks.
pub(in crate::gateway) fn remove_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: UploadId,
) -> Result<(), Error> {
    if let Some(upload) = tx.get(&UPLOADS, &(account, id))? {
        quota::discharge_in_tx(tx, account, quota::file(upload.size))?;
    }
    let mut chunks = Vec::new();
    tx.scan(&UPLOAD_CHUNKS, &(account, id), Order::Ascending, |key, chunk| {
        chunks.push((key, chunk.content));
        ControlFlow::Continue(())
    })?;
    for (key, content) in chunks {
        tx.delete(&UPLOAD_CHUNKS, &key);
        tx.content_delete(ContentId(content));
    }
    tx.delete(&UPLOADS, &(account, id));
    Ok(())
}

/// Takes a complete file that no draft names away from the uploads, and returns its size. It must be made of
/// these contents, which are the caller's from now on. They count for the account as before: the caller says
/// as what ([`quota::kept_in_tx`]), so that the account never seems emptier in between.
pub(in crate::gateway) fn take_in_tx(
    tx: &mut Tx<'_>,
    (account, id): (AccountId, UploadId),
    contents: &[[u8; 16]],
) -> Result<u64, Error> {
    let upload = tx.get(&UPLOADS, &(account, id))?.ok_or(MISSING)?;
    if upload.received < upload.size {
        return Err(Error::Conflict(Conflict::UploadIncomplete));
    }
    if upload.named {
        return Err(Error::Invalid { what: "a file belongs to a message already".to_owned() });
    }
    let mut chunks = Vec::new();
    tx.scan(&UPLOAD_CHUNKS, &(account, id), Order::Ascending, |key, chunk| {
        chunks.push((key, chunk.content));
        ControlFlow::Continue(())
    })?;
    // What was sealed for the readers is made of other pieces: it is sealed anew.
    if !chunks.iter().map(|(_, content)| content).eq(contents) {
        return Err(Error::Busy);
    }
    chunks.iter().for_each(|(key, _)| tx.delete(&UPLOAD_CHUNKS, key));
    tx.delete(&UPLOADS, &(account, id));
    Ok(upload.size)
}

pub(in crate::gateway) fn parse_id(id: &str) -> Result<UploadId, Error> {
    text::parse_hex(id).ok_or(MISSING)
}

/// The name of a file without a path.
fn checked_name(name: &str) -> Result<String, Error> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let what = format!(
        "a file's name must have 1 to {NAME_CHARS_MAX} characters, without control characters"
    );
    Err(Error::Invalid { what })
}

/// What a file is of which nothing else is known.
pub(in crate::gateway) const OCTETS: &str = "application/octet-stream";

/// A media type; unknown types are octet streams (RFC 2046 §4.5.1).
fn checked_type(content_type: &str) -> String {
    let is_token = |part: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        (1..=100).contains(&part.len()) && part.chars().all(known)
    };
    let content_type = content_type.to_ascii_lowercase();
    let is_kept = match content_type.split_once('/') {
        // Mail readers would parse it; a file stays a file. A message is attached as one only if it
        // is one (see `Gateway::write_message`).
        Some(("multipart", _)) => false,
        Some(("message", subtype)) => subtype == "rfc822",
        Some((kind, subtype)) => is_token(kind) && is_token(subtype),
        None => false,
    };
    if is_kept { content_type } else { OCTETS.to_owned() }
}
