//! Writing a letter's octets: header, text and files, sealed while they stream.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::summary::{FileAt, Outline, SealedSummary};
use crate::gateway::outgoing::draft::{Addressee, DraftContent};
use crate::gateway::outgoing::sealed_thread::Thread;
use crate::gateway::records::ids::UploadId;
use crate::gateway::text::{self, mail_text};
use crate::gateway::upload::UploadView;
use crate::mail::compose::{self, Base64Lines, File, Letter, Mailbox};
use crate::mail::message;
use crate::mail::message::Ids;
use crate::mail::reference::Reference;
use crate::mail::reply;
use crate::vault::{self, ContentKey};

/// A letter's octets, sealed.
pub(in crate::gateway) struct Written {
    pub pieces: Vec<crate::store::Piece>,
    pub size: u64,
    pub outline: Outline,
    pub eight_bit: bool,
}

impl Gateway {
    /// Writes the letter's octets through the sealer, file by file.
    pub(in crate::gateway) fn write_letter(
        &self,
        actor: &Actor,
        content: &DraftContent,
        reference: Reference,
        thread: &Thread,
        key: &ContentKey,
        now: Timestamp,
    ) -> Result<Written, Error> {
        let from = self.account(actor.account())?.view(actor.account());
        let files: Vec<(UploadId, UploadView)> = content
            .upload_ids()?
            .into_iter()
            .map(|id| Ok((id, self.upload_whole(actor, id)?)))
            .collect::<Result<_, Error>>()?;
        self.uploads_of(actor, content)?;
        let boundary = text::hex(&vault::random_bytes::<16>()?);
        let (to, cc) = (mailboxes(&content.to), mailboxes(&content.cc));
        let text_only = content.html.as_deref().map(reply::closed);
        let address = match from.address.is_empty() {
            true => from.name.clone(),
            false => from.address.clone(),
        };
        let letter = Letter {
            from: Mailbox {
                name: Some(from.display_name).filter(|name| !name.is_empty()),
                address,
            },
            to: &to,
            cc: &cc,
            reply_to: None,
            subject: &content.subject,
            date: now.to_utc(),
            message_id: &self.message_id(reference),
            in_reply_to: thread.in_reply_to.as_deref(),
            references: &thread.references,
            reference: &reference.to_string(),
            text: &content.text,
            html: text_only.as_deref(),
            extra: &[],
        };
        let head = compose::begin(&letter, !files.is_empty(), &boundary);
        let mut sealing = self.sealing(key, reference);
        let mut size = head.len() as u64;
        let end = compose::end(&boundary);
        let mut outline =
            Outline { head_octets: size, end: end.clone(), files: Vec::with_capacity(files.len()) };
        sealing.push(&head)?;
        for (id, upload) in &files {
            let file = File {
                name: &upload.name,
                content_type: &upload.content_type,
                size: upload.size,
                content_id: None,
            };
            let file_head = compose::file_head(&file, &boundary);
            sealing.push(&file_head)?;
            size += file_head.len() as u64;
            let offset = size;
            let mut lines = Base64Lines::default();
            let mut out = Vec::new();
            self.upload_read(actor, *id, |octets| {
                lines.push(octets, &mut out);
                size += out.len() as u64;
                sealing.push(&out)?;
                out.clear();
                Ok(())
            })?;
            lines.finish(&mut out);
            size += out.len() as u64;
            sealing.push(&out)?;
            outline.files.push(FileAt {
                name: upload.name.clone(),
                content_type: upload.content_type.clone(),
                size: upload.size,
                offset,
                encoded: size - offset,
            });
        }
        if !files.is_empty() {
            size += end.len() as u64;
            sealing.push(&end)?;
        }
        let eight_bit = !head.is_ascii();
        Ok(Written { pieces: sealing.finish()?, size, outline, eight_bit })
    }
}

/// Each once, however often it was typed.
fn mailboxes(people: &[Addressee]) -> Vec<Mailbox> {
    let mut seen = std::collections::BTreeSet::new();
    people
        .iter()
        .filter(|one| seen.insert(one.address.to_lowercase()))
        .map(|one| Mailbox { name: one.name.clone(), address: one.address.clone() })
        .collect()
}

/// What the list shows of a message that was not received just now, and the identifiers in its
/// header.
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
        ..SealedSummary::default()
    };
    (summary, ids)
}
