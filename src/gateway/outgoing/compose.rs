//! Composing a message's octets: header, text and files, sealed as a stream.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::sealed_message::Sealing;
use crate::gateway::mailboxes::summary::{FileAt, Outline, SealedSummary};
use crate::gateway::outgoing::draft::{Addressee, DraftContent};
use crate::gateway::outgoing::sealed_thread::Thread;
use crate::gateway::outgoing::sender::Sender;
use crate::gateway::records::ids::UploadId;
use crate::gateway::text::{self, mail_text};
use crate::gateway::upload::UploadView;
use crate::mail::compose::{self, Base64Lines, File, Mailbox, Message};
use crate::mail::message;
use crate::mail::message::Ids;
use crate::mail::reference::Reference;
use crate::mail::reply;
use crate::vault::{self, ContentKey};

/// The octets of a message, sealed.
pub(in crate::gateway) struct Written {
    pub pieces: Vec<crate::store::Piece>,
    pub size: u64,
    pub outline: Outline,
    pub eight_bit: bool,
}

/// The parts that a message is composed from.
pub(in crate::gateway) struct Writing<'w> {
    pub content: &'w DraftContent,
    pub sender: &'w Sender,
    pub thread: &'w Thread,
    pub now: Timestamp,
}

impl Writing<'_> {
    /// The header and the text.
    fn head(&self, reference: Reference, message_id: &str, files: bool, boundary: &str) -> Vec<u8> {
        let (content, view) = (self.content, &self.sender.view);
        let (to, cc) = (mailboxes(&content.to), mailboxes(&content.cc));
        let html = content.html.as_deref().map(reply::closed);
        let address = match view.address.is_empty() {
            true => view.name.clone(),
            false => view.address.clone(),
        };
        let message = Message {
            from: Mailbox { name: self.sender.display_name(), address },
            to: &to,
            cc: &cc,
            reply_to: None,
            subject: &content.subject,
            date: self.now.to_utc(),
            message_id,
            in_reply_to: self.thread.in_reply_to.as_deref(),
            references: &self.thread.references,
            reference: &reference.to_string(),
            text: &content.text,
            html: html.as_deref(),
            extra: &[],
        };
        compose::begin(&message, files, boundary)
    }
}

/// Octets on their way to the sealer, counted.
struct Stream<'g> {
    sealing: Sealing<'g>,
    size: u64,
}

impl Stream<'_> {
    fn push(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.size += octets.len() as u64;
        self.sealing.push(octets)
    }
}

impl Gateway {
    /// Writes the message's octets through the sealer, file by file.
    pub(in crate::gateway) fn write_message(
        &self,
        actor: &Actor,
        writing: &Writing<'_>,
        reference: Reference,
        key: &ContentKey,
    ) -> Result<Written, Error> {
        let content = writing.content;
        let files: Vec<(UploadId, UploadView)> = content
            .upload_ids()?
            .into_iter()
            .map(|id| Ok((id, self.upload_whole(actor, id)?)))
            .collect::<Result<_, Error>>()?;
        self.uploads_of(actor, content)?;
        let boundary = text::hex(&vault::random_bytes::<16>()?);
        let message_id = self.message_id(reference);
        let head = writing.head(reference, &message_id, !files.is_empty(), &boundary);
        let end = compose::end(&boundary);
        let encoded: u64 = files.iter().map(|(_, upload)| Base64Lines::octets(upload.size)).sum();
        let expected = head.len() + usize::try_from(encoded).unwrap_or(0);
        let mut stream = Stream { sealing: self.sealing(key, reference, expected), size: 0 };
        stream.push(&head)?;
        let mut outline = Outline {
            head_octets: stream.size,
            end: end.clone(),
            files: Vec::with_capacity(files.len()),
        };
        for (id, upload) in &files {
            outline.files.push(self.write_file(actor, *id, upload, &boundary, &mut stream)?);
        }
        if !files.is_empty() {
            stream.push(&end)?;
        }
        let Stream { sealing, size } = stream;
        Ok(Written { pieces: sealing.finish()?, size, outline, eight_bit: !head.is_ascii() })
    }

    /// Writes one file as a separate part; returns its position.
    fn write_file(
        &self,
        actor: &Actor,
        id: UploadId,
        upload: &UploadView,
        boundary: &str,
        stream: &mut Stream<'_>,
    ) -> Result<FileAt, Error> {
        let UploadView { name, content_type, size, .. } = upload;
        let file = File { name, content_type, size: *size, content_id: None };
        stream.push(&compose::file_head(&file, boundary))?;
        let offset = stream.size;
        let mut lines = Base64Lines::default();
        let mut out = Vec::new();
        self.upload_read(actor, id, |octets| {
            lines.push(octets, &mut out);
            stream.push(&out)?;
            out.clear();
            Ok(())
        })?;
        lines.finish(&mut out);
        stream.push(&out)?;
        Ok(FileAt {
            name: name.clone(),
            content_type: content_type.clone(),
            size: *size,
            offset,
            encoded: stream.size - offset,
        })
    }
}

/// Each address once, however often the sender entered it.
fn mailboxes(people: &[Addressee]) -> Vec<Mailbox> {
    let mut seen = std::collections::BTreeSet::new();
    people
        .iter()
        .filter(|one| seen.insert(one.address.to_lowercase()))
        .map(|one| Mailbox { name: one.name.clone(), address: one.address.clone() })
        .collect()
}

/// The list's summary of a message that was stored earlier, and the identifiers in its header.
pub(in crate::gateway) fn summary_of(octets: &[u8]) -> (SealedSummary, Ids) {
    let view = message::view(octets);
    let ids = Ids::of(&view);
    let from = view.from.into_iter().next().unwrap_or_default();
    let summary = SealedSummary {
        from_name: from.name,
        from_address: from.address,
        subject: view.subject,
        to: view.to.iter().chain(&view.cc).take(20).map(mail_text).collect(),
        attachments: u32::try_from(view.parts.len()).unwrap_or(u32::MAX),
        octets: Some(message::decoded_octets(octets)),
        ..SealedSummary::default()
    };
    (summary, ids)
}
