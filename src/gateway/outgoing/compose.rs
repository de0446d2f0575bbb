//! Composing a message's octets: header, text and files, sealed as a stream.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::content::Digested;
use crate::gateway::mailboxes::sealed_message::Sealing;
use crate::gateway::mailboxes::summary::{FileAt, Outline, SealedSummary};
use crate::gateway::outgoing::draft::{Addressee, DraftContent};
use crate::gateway::outgoing::sealed_thread::Thread;
use crate::gateway::outgoing::sender::Sender;
use crate::gateway::records::ids::UploadId;
use crate::gateway::text::{self, mail_text};
use crate::gateway::upload::{OCTETS, UploadView};
use crate::mail::attachable::AttachableCheck;
use crate::mail::compose::{self, Base64Lines, Encoding, File, Follows, Mailbox, Message};
use crate::mail::message;
use crate::mail::message::Ids;
use crate::mail::reference::Reference;
use crate::mail::reply;
use crate::vault::{self, ContentKey, Digest};

/// The octets of a message, sealed.
pub(in crate::gateway) struct Written {
    pub pieces: Vec<crate::store::Piece>,
    pub size: u64,
    pub outline: Outline,
    /// The number of files that are no images in the text.
    pub attachments: usize,
    pub eight_bit: bool,
    /// The length and the digest of the header and the text, and of what follows them.
    pub head: Digested,
    pub files: Digested,
}

/// The files of a message, in the order in which they are written.
struct Files {
    /// Those that the HTML shows.
    images: Vec<(UploadId, UploadView)>,
    others: Vec<(UploadId, UploadView)>,
}

impl Files {
    /// Of the files named by `html`, which is closed, only images are shown: what the sender calls one
    /// and is none would be neither shown nor listed as a file.
    fn of(
        files: Vec<(UploadId, UploadView)>,
        html: Option<&str>,
        is_image: impl Fn(UploadId) -> Result<bool, Error>,
    ) -> Result<Files, Error> {
        let named = html.map(reply::images).unwrap_or_default();
        let mut sorted = Files { images: Vec::new(), others: Vec::new() };
        for (id, upload) in files {
            let is_named =
                named.contains(&upload.id) && message::is_image_type(&upload.content_type);
            match is_named && is_image(id)? {
                true => sorted.images.push((id, upload)),
                false => sorted.others.push((id, upload)),
            }
        }
        Ok(sorted)
    }

    fn follows(&self) -> Follows {
        Follows { images: !self.images.is_empty(), files: !self.others.is_empty() }
    }

    fn each(&self) -> impl Iterator<Item = &(UploadId, UploadView)> {
        self.images.iter().chain(&self.others)
    }

    /// The content ID of each image, by its upload. The number in it is the one that the file has
    /// in the message's outline.
    fn image_ids(&self, boundary: &str, domain: &str) -> HashMap<String, String> {
        let ids = (1..).zip(&self.images).map(|(number, (_, upload))| {
            (upload.id.clone(), compose::image_id(number, boundary, domain))
        });
        ids.collect()
    }
}

/// The parts that a message is composed from.
pub(in crate::gateway) struct Writing<'w> {
    pub content: &'w DraftContent,
    pub sender: &'w Sender,
    pub thread: &'w Thread,
    pub now: Timestamp,
    /// The key that signs the message.
    pub signing_key: Option<String>,
}

impl Writing<'_> {
    /// The header and the text; `html` with the images as the message names them.
    fn head(
        &self,
        reference: Reference,
        message_id: &str,
        html: Option<&str>,
        (follows, boundary): (Follows, &str),
    ) -> Vec<u8> {
        let (content, view) = (self.content, &self.sender.view);
        let (to, cc) = (mailboxes(&content.to), mailboxes(&content.cc));
        let address = match view.address.is_empty() {
            true => view.name.clone(),
            false => view.address.clone(),
        };
        let signed = self.signing_key.clone().map(|key| (compose::SIGNING_KEY_FIELD, key));
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
            html,
            extra: signed.as_slice(),
        };
        compose::begin(&message, follows, boundary)
    }
}

/// Octets on their way to the sealer, counted.
struct Stream<'g> {
    sealing: Sealing<'g>,
    size: u64,
    digest: Digest,
}

impl Stream<'_> {
    fn push(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.size += octets.len() as u64;
        self.digest.push(octets);
        self.sealing.push(octets)
    }
}

/// The media type of a message (RFC 2046 §5.2.1).
const MESSAGE: &str = "message/rfc822";

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
        let html = content.html.as_deref().map(reply::closed);
        let files = Files::of(files, html.as_deref(), |id| self.upload_is_image(actor, id))?;
        let boundary = text::hex(&vault::random_bytes::<16>()?);
        let ids = files.image_ids(&boundary, &self.ascii_domain());
        let html = html.map(|html| {
            let id = |source: &str| ids.get(reply::image_id(source)?);
            reply::with_images(&html, |source| Some(format!("cid:{}", id(source)?)))
        });
        let message_id = self.message_id(reference);
        let ends = (files.follows(), boundary.as_str());
        let head = writing.head(reference, &message_id, html.as_deref(), ends);
        let encoded: u64 = files.each().map(|(_, upload)| Base64Lines::octets(upload.size)).sum();
        let expected = head.len() + usize::try_from(encoded).unwrap_or(0);
        let sealing = self.sealing(key, reference, expected);
        let mut stream = Stream { sealing, size: 0, digest: Digest::default() };
        stream.push(&head)?;
        let head_digest = std::mem::take(&mut stream.digest).finish();
        let mut outline = Outline {
            head_octets: stream.size,
            end: files.follows().end(&boundary),
            files: Vec::new(),
        };
        let within = compose::images_boundary(&boundary);
        for (id, upload) in &files.images {
            let place = (within.as_str(), ids.get(&upload.id).map(String::as_str));
            outline.files.push(self.write_file(actor, *id, upload, place, &mut stream)?);
        }
        if !files.images.is_empty() {
            stream.push(&compose::end_images(&boundary))?;
        }
        for (id, upload) in &files.others {
            let place = (boundary.as_str(), None);
            outline.files.push(self.write_file(actor, *id, upload, place, &mut stream)?);
        }
        if !files.others.is_empty() {
            stream.push(&compose::end_files(&boundary))?;
        }
        let Stream { sealing, size, digest } = stream;
        Ok(Written {
            pieces: sealing.finish()?,
            size,
            outline,
            attachments: files.others.len(),
            eight_bit: !head.is_ascii(),
            head: head_digest,
            files: digest.finish(),
        })
    }

    /// Writes one file as a separate part, after a boundary and with the content ID of an image;
    /// returns its position.
    fn write_file(
        &self,
        actor: &Actor,
        id: UploadId,
        upload: &UploadView,
        (boundary, content_id): (&str, Option<&str>),
        stream: &mut Stream<'_>,
    ) -> Result<FileAt, Error> {
        let UploadView { name, content_type, size, .. } = upload;
        let encoding = self.encoding_of(actor, id, content_type)?;
        // A file that is no message is none, whatever its name says.
        let content_type = match encoding {
            Encoding::Base64 if content_type == MESSAGE => OCTETS,
            Encoding::Base64 | Encoding::SevenBit => content_type,
        };
        let file = File { name, content_type, size: *size, content_id, encoding };
        stream.push(&compose::file_head(&file, boundary))?;
        let offset = stream.size;
        match encoding {
            Encoding::SevenBit => self.upload_read(actor, id, |octets| stream.push(octets))?,
            Encoding::Base64 => self.write_encoded(actor, id, stream)?,
        }
        Ok(FileAt {
            name: name.clone(),
            content_type: content_type.to_owned(),
            size: *size,
            offset,
            encoded: stream.size - offset,
        })
    }

    fn encoding_of(
        &self,
        actor: &Actor,
        id: UploadId,
        content_type: &str,
    ) -> Result<Encoding, Error> {
        if content_type != MESSAGE {
            return Ok(Encoding::Base64);
        }
        let mut check = AttachableCheck::default();
        self.upload_read(actor, id, |octets| {
            check.push(octets);
            Ok(())
        })?;
        Ok(if check.passes() { Encoding::SevenBit } else { Encoding::Base64 })
    }

    fn write_encoded(
        &self,
        actor: &Actor,
        id: UploadId,
        stream: &mut Stream<'_>,
    ) -> Result<(), Error> {
        let mut lines = Base64Lines::default();
        let mut out = Vec::new();
        self.upload_read(actor, id, |octets| {
            lines.push(octets, &mut out);
            stream.push(&out)?;
            out.clear();
            Ok(())
        })?;
        lines.finish(&mut out);
        stream.push(&out)
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
