//! Files of posts.
//!
//! A file is uploaded as one of a message is. Posting it hands its octets over as they lie on the disk: the
//! key of each chunk, which the author's keys opened, is wrapped for the readers of the post instead. The
//! name and the type are sealed for them as well. It goes with the post, or with the change that drops it.

use std::ops::ControlFlow;

use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::not_open;
use crate::gateway::boards::content::NO_POST;
use crate::gateway::boards::octets::{octets_in_tx, octets_of_file_in_tx};
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::records::board::{PostFile, PostPlace};
use crate::gateway::records::ids::{BoardId, ReferenceKey, UploadId};
use crate::gateway::records::keyring::RingUnder;
use crate::gateway::records::sealed_form;
use crate::gateway::records::submission::UploadChunk;
use crate::gateway::records::tables::{POST_FILE_CHUNKS, POST_FILES};
use crate::gateway::text::hex;
use crate::gateway::upload::{Meta, parse_id, take_in_tx};
use crate::mail::reference::Reference;
use crate::store::{ContentId, Read};
use crate::vault::{self, ContentKey, RingSecret};

/// The most files of a post.
pub const FILES_MAX: usize = 20;
/// The most pieces that one file was uploaded in, and the fewest octets that they have on average: each has a
/// row of its own, which nobody is charged for.
pub const FILE_CHUNKS_MAX: u32 = 256;
const CHUNK_OCTETS_MIN: u64 = 64 << 10;

const NO_FILE: Error = Error::NotFound { what: "file" };

/// A file of a post, as somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileView {
    pub id: String,
    /// Name and type; `None` if they cannot be opened.
    pub named: Option<(String, String)>,
    pub size: u64,
}

/// A file that is about to belong to a post.
#[derive(Clone)]
pub(super) struct FilePrepared {
    id: UploadId,
    row: PostFile,
    chunks: Vec<UploadChunk>,
}

/// An opened file, which is read piece by piece.
pub struct FileOpened {
    gateway: Gateway,
    pub name: String,
    pub content_type: String,
    pub size: u64,
    chunks: std::vec::IntoIter<(UploadChunk, ContentKey)>,
    /// The chunk that is being read, and which piece of it comes next.
    reading: Option<((UploadChunk, ContentKey), u32)>,
}

impl FileOpened {
    /// The next piece, of at most [`vault::CHUNK_OCTETS`]; `None` at the end. Reads from disk.
    pub fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        loop {
            let reading = self.reading.take().or_else(|| self.chunks.next().map(|one| (one, 0)));
            let Some(((chunk, key), index)) = reading else { return Ok(None) };
            let (store, content) = (&self.gateway.inner.store, ContentId(chunk.content));
            let sealed = store.content_length(content)?.ok_or(NO_FILE)?;
            let (offset, most) = vault::sealed_chunk_at(index);
            if offset >= sealed {
                continue;
            }
            let length = most.min(sealed - offset);
            let octets = store.content_read(content, offset, length)?;
            let is_last = offset + length == sealed;
            let piece = vault::open_chunk(&key, chunk.content, index, is_last, &octets)?;
            self.reading = Some(((chunk, key), index + 1));
            return Ok(Some(piece));
        }
    }
}

/// What binds the name of a file: where it is, and how much of it there is.
fn file_binding(
    place: (BoardId, ReferenceKey),
    (post, id): (ReferenceKey, UploadId),
    row: &PostFile,
) -> Vec<u8> {
    let (size, chunks) = (row.size.to_be_bytes(), row.chunks.to_be_bytes());
    let epoch = row.under.epoch.to_be_bytes();
    let parts: [&[u8]; 10] = [
        b"board file\0",
        &place.0.0,
        &place.1,
        &post,
        &id,
        &row.by.0,
        &size,
        &chunks,
        &row.under.ring.0,
        &epoch,
    ];
    parts.concat()
}

fn chunk_binding(
    (post, id): (ReferenceKey, UploadId),
    index: u32,
    content: [u8; 16],
    under: RingUnder,
) -> Vec<u8> {
    let (index, epoch) = (index.to_be_bytes(), under.epoch.to_be_bytes());
    let parts: [&[u8]; 7] =
        [b"board file chunk\0", &post, &id, &index, &content, &under.ring.0, &epoch];
    parts.concat()
}

/// The identifiers of files, each once, in the order in which they are named.
pub(super) fn file_ids(named: &[String]) -> Result<Vec<UploadId>, Error> {
    let mut ids = Vec::new();
    for id in named {
        let id = parse_id(id)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() > FILES_MAX {
            return Err(Error::OverQuota);
        }
    }
    Ok(ids)
}

impl FilePrepared {
    /// Takes the file from those that its author uploaded. Returns how many octets it has.
    pub fn store_in_tx(&self, tx: &mut Tx<'_, '_>, post: ReferenceKey) -> Result<u64, Error> {
        let contents: Vec<[u8; 16]> = self.chunks.iter().map(|chunk| chunk.content).collect();
        let size = take_in_tx(tx, (self.row.by, self.id), &contents)?;
        octets_of_file_in_tx(tx, self.row.by, size)?;
        tx.put(&POST_FILES, &(post, self.id), &self.row)?;
        for (index, chunk) in (0..).zip(&self.chunks) {
            tx.put(&POST_FILE_CHUNKS, &(self.id, index), chunk)?;
        }
        Ok(self.row.size)
    }
}

/// Deletes the files of a post that are not `kept`. Returns how many octets they had.
pub(super) fn files_end_in_tx(
    tx: &mut Tx<'_, '_>,
    post: ReferenceKey,
    kept: &[UploadId],
) -> Result<u64, Error> {
    let mut ids = Vec::new();
    tx.scan_keys(&POST_FILES, &post, |(_, id)| {
        ids.extend((!kept.contains(&id)).then_some(id));
        ControlFlow::Continue(())
    })?;
    let mut octets = 0;
    for id in ids {
        if let Some(row) = readable(tx.get(&POST_FILES, &(post, id)))?.flatten() {
            octets_in_tx(tx, row.by, (0, row.size))?;
            octets += row.size;
        }
        let mut indexes = Vec::new();
        tx.scan_keys(&POST_FILE_CHUNKS, &id, |(_, index)| {
            indexes.push(index);
            ControlFlow::Continue(())
        })?;
        for index in indexes {
            if let Some(chunk) = readable(tx.get(&POST_FILE_CHUNKS, &(id, index)))?.flatten() {
                tx.content_delete(ContentId(chunk.content));
            }
            tx.delete(&POST_FILE_CHUNKS, &(id, index));
        }
        tx.delete(&POST_FILES, &(post, id));
    }
    Ok(octets)
}

impl Gateway {
    /// Wraps the keys of uploaded files for the readers of a post.
    pub(super) fn files_prepare(
        &self,
        actor: &Actor,
        named: &[String],
        (place, post): ((BoardId, ReferenceKey), ReferenceKey),
        (under, secret): (RingUnder, &RingSecret),
    ) -> Result<Vec<FilePrepared>, Error> {
        let mut prepared = Vec::new();
        for (place_in_post, id) in (0..).zip(file_ids(named)?) {
            let upload = self.upload_whole(actor, id)?;
            let most = 1 + upload.size / CHUNK_OCTETS_MIN;
            let most =
                u32::try_from(most).map_or(FILE_CHUNKS_MAX, |most| most.min(FILE_CHUNKS_MAX));
            let keys = self.upload_keys(actor, id, most)?;
            let mut row = PostFile {
                by: actor.account(),
                sealed_meta: Vec::new(),
                size: upload.size,
                chunks: u32::try_from(keys.len()).map_err(|_| Error::TooLarge)?,
                under,
                place: place_in_post,
            };
            let meta = Meta { name: upload.name, content_type: upload.content_type };
            let bound = file_binding(place, (post, id), &row);
            row.sealed_meta = secret.seal(&bound, &sealed_form::octets_of(&meta)?)?;
            let mut chunks = Vec::with_capacity(keys.len());
            for (index, (chunk, key)) in (0..).zip(keys) {
                let bound = chunk_binding((post, id), index, chunk.content, under);
                let wrapped_key = secret.wrap_content(&bound, &key)?;
                chunks.push(UploadChunk { wrapped_key, ..chunk });
            }
            prepared.push(FilePrepared { id, row, chunks });
        }
        Ok(prepared)
    }

    /// The files of a post.
    pub(super) fn post_files(
        &self,
        actor: &Actor,
        keys: &mut RingKeys,
        (place, post): (PostPlace, ReferenceKey),
    ) -> Result<Vec<FileView>, Error> {
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&POST_FILES, &post, |(_, id), row| {
            rows.push((id, row));
            ControlFlow::Continue(())
        })?;
        // In the order that the author gave; keys are random.
        rows.sort_by_key(|(_, row): &(UploadId, PostFile)| row.place);
        let mut files = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            let meta = self.file_meta(actor, keys, (place, post, id), &row)?;
            let named = meta.map(|Meta { name, content_type }| (name, content_type));
            files.push(FileView { id: hex(&id), named, size: row.size });
        }
        Ok(files)
    }

    fn file_meta(
        &self,
        actor: &Actor,
        keys: &mut RingKeys,
        (place, post, id): (PostPlace, ReferenceKey, UploadId),
        row: &PostFile,
    ) -> Result<Option<Meta>, Error> {
        let secret = match self.keyring_opening_in(actor, keys, row.under) {
            Ok(secret) => secret,
            Err(error) => return not_open(error),
        };
        let bound = file_binding((place.board, place.topic), (post, id), row);
        match secret.open(&bound, &row.sealed_meta) {
            Ok(plain) => readable(sealed_form::read(POST_FILES.name, &plain)),
            Err(_) => Ok(None),
        }
    }

    /// The numbers of a file of a post, if the actor sees it.
    pub fn post_file_named(
        &self,
        actor: &Actor,
        reference: &str,
        file: &str,
    ) -> Result<(Reference, UploadId), Error> {
        let number: Reference = reference.parse().map_err(|_| NO_POST)?;
        let (_, _, _, post) = self.post_seen_by_key(actor, number.to_bytes())?;
        let id = parse_id(file).map_err(|_| NO_FILE)?;
        match self.inner.store.has(&POST_FILES, &(post.reference, id))? {
            true => Ok((number, id)),
            false => Err(NO_FILE),
        }
    }

    /// Opens a file of a post that the actor sees. There is one answer for one that is not there, and for
    /// one that is not for the actor.
    pub fn post_file(
        &self,
        actor: &Actor,
        reference: Reference,
        id: UploadId,
    ) -> Result<FileOpened, Error> {
        let (place, _, _, post) = self.post_seen_by_key(actor, reference.to_bytes())?;
        let row = self.inner.store.get(&POST_FILES, &(post.reference, id))?.ok_or(NO_FILE)?;
        let mut keys = RingKeys::default();
        let found = self.file_meta(actor, &mut keys, (place, post.reference, id), &row)?;
        let Meta { name, content_type } = found.ok_or(NO_FILE)?;
        let secret = self.keyring_opening_in(actor, &mut keys, row.under)?;
        let mut chunks = Vec::new();
        for index in 0..row.chunks {
            let chunk = self.inner.store.get(&POST_FILE_CHUNKS, &(id, index))?.ok_or(NO_FILE)?;
            let bound = chunk_binding((post.reference, id), index, chunk.content, row.under);
            let key = secret.unwrap_content(&bound, &chunk.wrapped_key)?;
            chunks.push((chunk, key));
        }
        Ok(FileOpened {
            gateway: self.clone(),
            name,
            content_type,
            size: row.size,
            chunks: chunks.into_iter(),
            reading: None,
        })
    }
}
