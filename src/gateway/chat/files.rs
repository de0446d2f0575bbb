//! Files and recordings on their way into a line.
//!
//! They are uploaded as the files of a message are, sealed piece by piece for who uploads them. The
//! transaction that stores the line takes the pieces as they are, with what they count, and the line holds
//! the key of each, wrapped anew under the room's keys: nothing is copied, and no line that was acknowledged is
//! without its files. What no line takes expires as uploads do.

use crate::gateway::actor::Actor;
use crate::gateway::chat::carried::{FileSaid, PieceSaid, Voice};
use crate::gateway::chat::keys::{LineAt, piece_binding};
use crate::gateway::chat::rows::uncharge_in_tx;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::records::ids::{AccountId, UploadId};
use crate::gateway::records::room::{LineNumber, RoomFiles, RoomId, RoomLine};
use crate::gateway::records::tables::ROOM_FILES;
use crate::gateway::{Gateway, quota, upload};
use crate::mail::sound;
use crate::store::{ContentId, Read};
use crate::vault::RingSecret;

/// A file that a line is to carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewFile {
    /// The upload, which no draft names.
    pub upload: String,
    /// Of a recording, what the client measured.
    pub voice: Option<Voice>,
}

/// The most files of a line, of which one may be a recording.
pub const FILES_MAX: usize = 10;

/// The most pieces that the files of a line may have been uploaded in.
pub const PIECES_MAX: usize = 128;

/// The most levels of a recording that are kept.
pub const LEVELS_MAX: usize = 100;

/// A file that was looked at; its pieces are sealed with the line.
pub(super) struct Checked {
    upload: UploadId,
    said: FileSaid,
}

fn invalid<T>(what: impl Into<String>) -> Result<T, Error> {
    Err(Error::Invalid { what: what.into() })
}

impl Gateway {
    /// Looks at the files of a line that is to be said.
    pub(super) fn room_files_checked(
        &self,
        actor: &Actor,
        new: &[NewFile],
    ) -> Result<Vec<Checked>, Error> {
        if new.len() > FILES_MAX {
            return invalid(format!("a line can have at most {FILES_MAX} files"));
        }
        if new.iter().filter(|one| one.voice.is_some()).count() > 1 {
            return invalid("a line can have one recording");
        }
        let mut checked: Vec<Checked> = Vec::with_capacity(new.len());
        for one in new {
            let found = self.room_file_checked(actor, one)?;
            if checked.iter().any(|other| other.upload == found.upload) {
                return invalid("a line has each file once");
            }
            checked.push(found);
        }
        Ok(checked)
    }

    fn room_file_checked(&self, actor: &Actor, new: &NewFile) -> Result<Checked, Error> {
        let settings = &self.inner.settings.chat;
        let upload = upload::parse_id(&new.upload)?;
        let view = self.upload_whole(actor, upload)?;
        if view.size > settings.file_octets {
            return Err(Error::TooLarge);
        }
        let content_type = match &new.voice {
            None => view.content_type,
            Some(voice) => {
                let most = u64::from(settings.voice_minutes) * 60_000;
                if !(1..=most).contains(&u64::from(voice.length_ms)) {
                    return invalid(format!(
                        "a recording has at most {} minutes",
                        settings.voice_minutes
                    ));
                }
                if voice.levels.len() > LEVELS_MAX {
                    return invalid(format!("a recording has at most {LEVELS_MAX} levels"));
                }
                let start = self.upload_start(actor, upload, sound::KNOWN_BY_OCTETS)?;
                match sound::kind(&start) {
                    Some(kind) => kind.to_owned(),
                    None => return invalid("a recording is WebM, Ogg, MP4 or WAV"),
                }
            }
        };
        let said = FileSaid {
            name: view.name,
            content_type,
            size: view.size,
            voice: new.voice.clone(),
            under: 0,
            pieces: Vec::new(),
        };
        Ok(Checked { upload, said })
    }

    /// Wraps the keys of the files for those who are in the room.
    pub(super) fn room_files_sealed(
        &self,
        actor: &Actor,
        (id, at, secret): (RoomId, &LineAt, &RingSecret),
        files: &[Checked],
    ) -> Result<Vec<FileSaid>, Error> {
        let mut sealed = Vec::with_capacity(files.len());
        let mut count = 0;
        for Checked { upload, said } in files {
            let mut pieces = Vec::new();
            for piece in self.upload_pieces(actor, *upload)? {
                let bound = piece_binding(id, at, piece.content);
                let wrapped_key = secret.wrap_content(&bound, &piece.key)?;
                let (content, length) = (piece.content, piece.length);
                pieces.push(PieceSaid { content, length, wrapped_key });
            }
            count += pieces.len();
            sealed.push(FileSaid { under: at.epoch, pieces, ..said.clone() });
        }
        match count <= PIECES_MAX {
            true => Ok(sealed),
            false => invalid(format!(
                "the files of a line must have been uploaded in at most {PIECES_MAX} pieces"
            )),
        }
    }
}

/// The uploads that a line takes.
pub(super) fn uploads_of(files: &[Checked]) -> Vec<UploadId> {
    files.iter().map(|one| one.upload).collect()
}

/// Gives the files to a line, and returns its contents. They counted for its author as uploads, and do so on.
pub(super) fn take_in_tx(
    tx: &mut Tx<'_, '_>,
    (key, who): ((RoomId, LineNumber), AccountId),
    uploads: &[UploadId],
    files: &[FileSaid],
) -> Result<Vec<[u8; 16]>, Error> {
    let (mut contents, mut octets) = (Vec::new(), 0);
    for (id, file) in uploads.iter().zip(files) {
        let pieces: Vec<[u8; 16]> = file.pieces.iter().map(|piece| piece.content).collect();
        octets += upload::take_in_tx(tx, (who, *id), &pieces)?;
        contents.extend(pieces);
    }
    if !files.is_empty() {
        quota::said_with_file_in_tx(tx, who, octets)?;
        tx.put(&ROOM_FILES, &key, &RoomFiles { octets })?;
    }
    Ok(contents)
}

/// Destroys the files of a line, which count no longer.
pub(super) fn destroy_in_tx(
    tx: &mut Tx<'_, '_>,
    key: (RoomId, LineNumber),
    line: &RoomLine,
) -> Result<(), Error> {
    line.contents.iter().for_each(|content| tx.content_delete(ContentId(*content)));
    let row = readable(tx.get(&ROOM_FILES, &key))?.flatten();
    tx.delete(&ROOM_FILES, &key);
    uncharge_in_tx(tx, line.who, row.map_or(0, |row| row.octets))
}
