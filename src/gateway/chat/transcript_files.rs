//! The files of a transcript: which of them it takes along, and the messages that have them.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::chat::carried::{FileSaid, FileView};
use crate::gateway::chat::fetching::FilePieces;
use crate::gateway::chat::notice::Written;
use crate::gateway::error::{Error, readable};
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::mailboxes::sealed_message::{Placement, SealedMessage, Sealing, SystemWritten};
use crate::gateway::mailboxes::summary::{FileAt, Outline, SealedSummary};
use crate::gateway::records::room::{LineNumber, RoomId};
use crate::gateway::records::tables::ROOM_LINES;
use crate::gateway::text::hex;
use crate::gateway::upload::OCTETS;
use crate::mail::chat_text::{Heard, HeardFile, Kept};
use crate::mail::compose::{self, Base64Lines, Encoding, File, Follows};
use crate::store::Read;
use crate::vault::{self, ContentKey};

/// A line of a transcript, and where its files are.
pub(super) struct LineHeard {
    pub number: LineNumber,
    pub heard: Heard,
}

/// A file: the line, and its place there.
type FilePlace = (LineNumber, usize);

/// The most files of a transcript, and the most octets of them: the last ones.
pub const TRANSCRIPT_FILES_MAX: usize = 200;
pub const TRANSCRIPT_FILE_OCTETS_MAX: u64 = 128 << 20;

/// What the header of a message, or of a file in it, may take beside what it says.
const HEAD_OCTETS: u64 = 4 << 10;

/// A file of a line, until it is chosen.
pub(super) fn file_heard(file: FileSaid) -> HeardFile {
    HeardFile { name: file.name, size: file.size, kept: Kept::LeftOut }
}

/// Those that were chosen.
pub(super) fn files_of(lines: &[LineHeard]) -> Vec<FilePlace> {
    let each = lines.iter().flat_map(|line| {
        let files = line.heard.files.iter().enumerate();
        files.filter(|(_, file)| file.kept == Kept::Attached).map(|(index, _)| (line.number, index))
    });
    each.collect()
}

impl Gateway {
    /// Chooses the files for which there is room and which open, from the last one back.
    pub(super) fn transcript_files_choose(
        &self,
        (actor, keys): (&Actor, &mut RingKeys),
        id: RoomId,
        parts: &mut [Vec<LineHeard>],
    ) -> Result<(), Error> {
        let texts = parts.iter().flatten().map(|line| {
            let names = line.heard.files.iter().map(|file| file.name.len() + 200);
            let said = line.heard.text.as_ref().map_or(0, String::len);
            (said * 2 + names.sum::<usize>() * 3 + 1_024) as u64
        });
        let texts = texts.sum::<u64>() + parts.len() as u64 * HEAD_OCTETS;
        let quota = self.quota_of(actor.account())?;
        let room = match quota.quota.octets {
            0 => TRANSCRIPT_FILE_OCTETS_MAX,
            most => most.saturating_sub(quota.usage.octets).saturating_sub(texts),
        };
        let (mut room, mut count) = (room.min(TRANSCRIPT_FILE_OCTETS_MAX), TRANSCRIPT_FILES_MAX);
        for line in parts.iter_mut().flatten().rev() {
            let number = line.number;
            for (index, file) in line.heard.files.iter_mut().enumerate().rev() {
                let takes = Base64Lines::octets(file.size) + HEAD_OCTETS;
                let fits = takes <= room && count > 0;
                if fits && self.transcript_file_opens((actor, &mut *keys), (id, (number, index))) {
                    (room, count, file.kept) = (room - takes, count - 1, Kept::Attached);
                }
            }
        }
        Ok(())
    }

    /// Whether a file is there as a whole. One that is damaged or missing keeps nobody from leaving.
    fn transcript_file_opens(
        &self,
        with: (&Actor, &mut RingKeys),
        place: (RoomId, FilePlace),
    ) -> bool {
        let read = self.transcript_file(with, place).and_then(|(_, mut pieces)| {
            while pieces.take_next()?.is_some() {}
            Ok(())
        });
        if let Err(error) = &read {
            tracing::warn!(%error, "a file of a chat could not be put into a transcript");
        }
        read.is_ok()
    }

    /// Seals a part of a transcript with its files.
    pub(super) fn transcript_message(
        &self,
        (actor, keys): (&Actor, &mut RingKeys),
        (subject, text): (&str, &str),
        (id, files): (RoomId, &[FilePlace]),
    ) -> Result<SealedMessage, Error> {
        let to = actor.account();
        if files.is_empty() {
            return self.room_message(to, subject, text);
        }
        let (reference, at) = (self.reference_new(), self.inner.clock.now());
        let boundary = hex(&vault::random_bytes::<16>()?);
        let follows = Follows { images: false, files: true };
        let written = Written { reference, at, subject, text };
        let (head, summary) = self.room_written(to, &written, (follows, &boundary))?;
        let key = ContentKey::generate()?;
        let mut message = Growing { sealing: self.sealing(&key, reference, head.len()), size: 0 };
        message.push(&head)?;
        let mut outline =
            Outline { head_octets: message.size, end: follows.end(&boundary), files: Vec::new() };
        for place in files {
            let (view, pieces) = self.transcript_file((actor, &mut *keys), (id, *place))?;
            outline.files.push(message.file(&view, pieces, &boundary)?);
        }
        message.push(&compose::end_files(&boundary))?;
        let attachments = u32::try_from(files.len()).unwrap_or(u32::MAX);
        let summary = SealedSummary { attachments, outline: Some(outline), ..summary };
        let Growing { sealing, size } = message;
        let (placement, content) = (Placement::notice(at), sealing.finish()?);
        let written = SystemWritten { reference, at, placement, summary, size, content };
        self.system_message_of(to, &key, written)
    }

    /// A file that was chosen. If its line was deleted meanwhile, the transcript is made again.
    fn transcript_file(
        &self,
        (actor, keys): (&Actor, &mut RingKeys),
        (id, (number, index)): (RoomId, FilePlace),
    ) -> Result<(FileView, FilePieces), Error> {
        let line = readable(self.inner.store.get(&ROOM_LINES, &(id, number)))?.flatten();
        let line = line.ok_or(Error::Busy)?;
        let file = self.room_file_of((actor, keys), (id, &line), index)?.ok_or(Error::Busy)?;
        let view = file.view.clone();
        let pieces = file.whole().map_err(|error| match error {
            Error::NotFound { .. } => Error::Busy,
            error => error,
        })?;
        Ok((view, pieces))
    }
}

/// A message on its way to the sealer.
struct Growing<'g> {
    sealing: Sealing<'g>,
    size: u64,
}

impl Growing<'_> {
    fn push(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.size += octets.len() as u64;
        self.sealing.push(octets)
    }

    /// Writes a file; returns its position.
    fn file(
        &mut self,
        view: &FileView,
        mut pieces: FilePieces,
        boundary: &str,
    ) -> Result<FileAt, Error> {
        let FileView { name, size, .. } = view;
        // What says that it is a message was not looked at.
        let content_type = match view.content_type.starts_with("message/") {
            true => OCTETS,
            false => view.content_type.as_str(),
        };
        let (size, encoding) = (*size, Encoding::Base64);
        let file = File { name, content_type, size, content_id: None, encoding };
        self.push(&compose::file_head(&file, boundary))?;
        let offset = self.size;
        let (mut lines, mut out) = (Base64Lines::default(), Vec::new());
        while let Some(octets) = pieces.take_next()? {
            lines.push(&octets, &mut out);
            self.push(&out)?;
            out.clear();
        }
        lines.finish(&mut out);
        self.push(&out)?;
        let (name, content_type) = (name.clone(), content_type.to_owned());
        Ok(FileAt { name, content_type, size, offset, encoded: self.size - offset })
    }
}
