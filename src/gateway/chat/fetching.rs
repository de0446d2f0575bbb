//! Reading the files and recordings of a line, piece by piece, for those who may read the line.

use std::collections::VecDeque;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::carried::{FileSaid, FileView};
use crate::gateway::chat::keys::{LineAt, piece_binding, under};
use crate::gateway::error::Error;
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::mailboxes::content::Pieces;
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::room::{LineNumber, RoomId, RoomLine};
use crate::mail::reference::Reference;
use crate::store::Store;
use crate::terms::LineKind;
use crate::vault::ContentKey;

const NO_FILE: Error = Error::NotFound { what: "file" };

/// A file of a line, opened.
pub struct LineFile {
    pub view: FileView,
    store: Store,
    pieces: Vec<(ReferenceKey, u64, ContentKey)>,
}

/// Octets of a file, read piece by piece.
pub struct FilePieces {
    rest: VecDeque<Pieces>,
}

impl FilePieces {
    /// The next piece; `None` at the end. Reads from disk.
    pub fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        while let Some(first) = self.rest.front_mut() {
            if let Some(octets) = first.take_next()? {
                return Ok(Some(octets));
            }
            self.rest.pop_front();
        }
        Ok(None)
    }
}

impl LineFile {
    /// These octets of it.
    pub fn part(self, at: &Range<u64>) -> Result<FilePieces, Error> {
        let (mut rest, mut start) = (VecDeque::new(), 0);
        for (content, length, key) in self.pieces {
            let end = start + length;
            let within = at.start.max(start)..at.end.min(end);
            if within.start < within.end {
                let within = within.start - start..within.end - start;
                let piece = Pieces::of(self.store.clone(), key, content, within)?;
                rest.push_back(piece.ok_or(NO_FILE)?);
            }
            start = end;
        }
        Ok(FilePieces { rest })
    }

    /// All of it.
    pub fn whole(self) -> Result<FilePieces, Error> {
        let all = 0..self.view.size;
        self.part(&all)
    }
}

impl Gateway {
    /// A file of a line that the actor sees.
    pub fn room_file(
        &self,
        actor: &Actor,
        (room, number): (Reference, LineNumber),
        index: usize,
    ) -> Result<LineFile, Error> {
        let id = room.to_bytes();
        let (_, line) = self.room_line_seen(actor, (id, number))?;
        self.room_file_of((actor, &mut RingKeys::default()), (id, &line), index)?.ok_or(NO_FILE)
    }

    /// A file of a line, if it is there and the actor's keys open it.
    pub(super) fn room_file_of(
        &self,
        (actor, keys): (&Actor, &mut RingKeys),
        (id, line): (RoomId, &RoomLine),
        index: usize,
    ) -> Result<Option<LineFile>, Error> {
        if line.kind != LineKind::Said {
            return Ok(None);
        }
        let said = self.room_said((actor, &mut *keys), id, line)?;
        let Some(file) = said.and_then(|said| said.files.into_iter().nth(index)) else {
            return Ok(None);
        };
        let secret = self.keyring_opening_in(actor, keys, under(id, file.under))?;
        let (who, reference, epoch) = (line.who, line.reference, file.under);
        // The keys of the pieces stay as they are when the line is changed.
        let at = LineAt { who, reference, version: 1, epoch };
        let pieces: Result<_, Error> = file
            .pieces
            .iter()
            .map(|piece| {
                let bound = piece_binding(id, &at, piece.content);
                let key = secret.unwrap_content(&bound, &piece.wrapped_key)?;
                Ok((piece.content, piece.length, key))
            })
            .collect();
        Ok(Some(opened(self.inner.store.clone(), file, pieces?)))
    }
}

fn opened(store: Store, file: FileSaid, pieces: Vec<(ReferenceKey, u64, ContentKey)>) -> LineFile {
    LineFile { view: file.into(), store, pieces }
}
