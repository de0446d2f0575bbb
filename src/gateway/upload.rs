//! File uploads: received in chunks, each sealed on arrival, and resumable after an interruption.
//!
//! A chunk is a separate content under a key that only the owner's keys open. An upload belongs to
//! nothing until a draft names it; one that is never sent is deleted with its draft or after some
//! time.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::records::ids::{AccountId, UploadId};
use crate::gateway::records::submission::{Upload, UploadChunk};
use crate::gateway::records::tables::{UPLOAD_CHUNKS, UPLOADS};
use crate::gateway::{Gateway, text};
use crate::store::{ContentId, Order, Piece, Read, Tx};
use crate::vault::{self, ContentKey};

/// An upload, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadView {
    pub id: String,
    pub name: String,
    pub content_type: String,
    pub size: u64,
    pub received: u64,
}

/// The maximum size of one chunk.
pub const CHUNK_OCTETS_MAX: usize = 4 << 20;

const NAME_CHARS_MAX: usize = 255;
const UPLOADS_MAX: usize = 1_000;
const MISSING: Error = Error::NotFound { what: "upload" };

#[derive(Serialize, Deserialize)]
struct Meta {
    name: String,
    content_type: String,
}

fn binding(what: &[u8], account: AccountId, id: UploadId) -> Vec<u8> {
    [what, b"\0", &account.0, &id].concat()
}

impl Gateway {
    /// Starts an upload of `size` octets.
    pub fn upload_begin(
        &self,
        actor: &Actor,
        name: &str,
        content_type: &str,
        size: u64,
    ) -> Result<UploadView, Error> {
        self.upload_begin_as(actor, name, content_type, size, false)
    }

    /// The same; `sealed` if the file comes from a message that never left the sealed store.
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
        let plain = postcard::to_stdvec(&meta);
        let plain = Zeroizing::new(plain.map_err(|_| Error::Invalid { what: "file name".into() })?);
        let upload = Upload {
            sealed_meta: actor.secret().seal_own(&binding(b"upload", account, id), &plain)?,
            size,
            received: 0,
            chunks: 0,
            created: self.inner.clock.now(),
            named: false,
            sealed,
        };
        let row = upload.clone();
        let done = self.inner.store.transact(move |tx| {
            let (count, octets) = held_in_tx(tx, account)?;
            if count >= UPLOADS_MAX || octets.saturating_add(size) > octets_max {
                return Err(Error::OverQuota);
            }
            Ok(tx.put(&UPLOADS, &(account, id), &row)?)
        });
        done.wait()?;
        self.upload_view(actor, id, &upload)
    }

    /// Appends octets at `offset`, which must be the number received so far, else `wrong-offset`.
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
                what: "a chunk must have 1 octet to 4 MiB and stay within the file's size".into(),
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
        let done = self.inner.store.transact(move |tx| {
            let mut upload = tx.get(&UPLOADS, &(account, id))?.ok_or(MISSING)?;
            // Of two requests with the same chunk, the second finds that it is already stored.
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

    /// One of the actor's uploads.
    pub fn upload(&self, actor: &Actor, id: &str) -> Result<UploadView, Error> {
        let id = parse_id(id)?;
        let upload = self.inner.store.get(&UPLOADS, &(actor.account(), id))?.ok_or(MISSING)?;
        self.upload_view(actor, id, &upload)
    }

    /// Deletes an upload and its octets.
    pub fn upload_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let (account, id) = (actor.account(), parse_id(id)?);
        self.inner.store.get(&UPLOADS, &(account, id))?.ok_or(MISSING)?;
        self.inner.store.transact(move |tx| remove_in_tx(tx, account, id)).wait()
    }

    /// Passes an upload's octets to `take`, chunk by chunk; each chunk is wiped after use.
    pub(in crate::gateway) fn upload_read(
        &self,
        actor: &Actor,
        id: UploadId,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let account = actor.account();
        let upload = self.inner.store.get(&UPLOADS, &(account, id))?.ok_or(MISSING)?;
        for index in 0..upload.chunks {
            let chunk = self.inner.store.get(&UPLOAD_CHUNKS, &(account, id, index))?;
            let chunk = chunk.ok_or(MISSING)?;
            let bound = binding(b"chunk", account, chunk.content);
            let key = actor.secret().unwrap_content(&bound, &chunk.wrapped_key)?;
            let content = ContentId(chunk.content);
            let length = self.inner.store.content_length(content)?.ok_or(MISSING)?;
            let sealed = self.inner.store.content_read(content, 0, length)?;
            take(&vault::open(&key, chunk.content, &sealed)?)?;
        }
        Ok(())
    }

    /// A complete upload; else `upload-incomplete`.
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
        let damaged = |_| Error::Damaged { what: "the stored upload is corrupt".to_owned() };
        let meta: Meta = postcard::from_bytes(&plain).map_err(damaged)?;
        Ok(UploadView {
            id: text::hex(&id),
            name: meta.name,
            content_type: meta.content_type,
            size: upload.size,
            received: upload.received,
        })
    }

    /// Removes uploads created before `before` that no draft names any more. Called from a timer.
    pub fn uploads_expire(&self, before: Timestamp, limit: usize) -> Result<usize, Error> {
        let mut old = Vec::new();
        self.inner.store.scan(&UPLOADS, &(), Order::Ascending, |key, upload| {
            if !upload.named && upload.created < before {
                old.push(key);
            }
            if old.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        for (account, id) in &old {
            let (account, id) = (*account, *id);
            self.inner.store.transact(move |tx| remove_in_tx(tx, account, id)).wait()?;
        }
        Ok(old.len())
    }
}

/// Returns how many uploads an account has, and their total declared size.
fn held_in_tx(tx: &Tx<'_>, account: AccountId) -> Result<(usize, u64), Error> {
    let (mut count, mut octets) = (0, 0_u64);
    tx.scan(&UPLOADS, &account, Order::Ascending, |_, upload| {
        count += 1;
        octets = octets.saturating_add(upload.size);
        ControlFlow::Continue(())
    })?;
    Ok((count, octets))
}

/// Records whether a draft names these uploads; named uploads do not expire.
pub(in crate::gateway) fn name_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    uploads: &[UploadId],
    named: bool,
) -> Result<(), Error> {
    for id in uploads {
        let Some(mut upload) = tx.get(&UPLOADS, &(account, *id))? else {
            // An upload that was deleted need not be released.
            if named {
                return Err(MISSING);
            }
            continue;
        };
        if upload.named != named {
            upload.named = named;
            tx.put(&UPLOADS, &(account, *id), &upload)?;
        }
    }
    Ok(())
}

/// Removes an upload and its chunks.
pub(in crate::gateway) fn remove_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: UploadId,
) -> Result<(), Error> {
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

pub(in crate::gateway) fn parse_id(id: &str) -> Result<UploadId, Error> {
    text::parse_hex(id).ok_or(MISSING)
}

/// Reduces a path to its file name, and checks it.
fn checked_name(name: &str) -> Result<String, Error> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    let what =
        format!("a file name must have 1 to {NAME_CHARS_MAX} characters and no control characters");
    Err(Error::Invalid { what })
}

/// Returns the media type in lower case, or the type for unknown data (RFC 2046 §4.5.1).
fn checked_type(content_type: &str) -> String {
    let is_token = |part: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        (1..=100).contains(&part.len()) && part.chars().all(known)
    };
    match content_type.split_once('/') {
        // Mail programs would parse these types as messages; an attachment stays a file.
        Some(("multipart" | "message", _)) => "application/octet-stream".to_owned(),
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) => {
            content_type.to_ascii_lowercase()
        }
        _ => "application/octet-stream".to_owned(),
    }
}
