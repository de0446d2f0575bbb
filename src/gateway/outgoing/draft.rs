//! Drafts: messages being written, saved on the server and sealed for their owner alone.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::session_rows;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::mailboxes::content::Content;
use crate::gateway::quota;
use crate::gateway::records::ids::{AccountId, DraftId, ReferenceKey, UploadId};
use crate::gateway::records::sealed_form;
use crate::gateway::records::submission::Draft;
use crate::gateway::records::tables::{DRAFTS, UPLOADS};
use crate::gateway::text::{hex, parse_hex};
use crate::gateway::upload::{self, CHUNK_OCTETS_MAX, UploadView};
use crate::mail::address::{Address, compared};
use crate::mail::message::{self, NameAddr};
use crate::mail::plain;
use crate::mail::reference::Reference;
use crate::mail::reply::{self, Started};
use crate::store::{self, Order, Read, Record};
use crate::terms::{Choice, Language, RelationKind};
use crate::vault;

/// A recipient as the sender wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    pub name: Option<String>,
    pub address: String,
}

/// The message that a draft replies to or forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelatedMessage {
    pub message: ReferenceKey,
    pub kind: RelationKind,
}

/// The content of a draft.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftContent {
    pub to: Vec<Addressee>,
    pub cc: Vec<Addressee>,
    pub bcc: Vec<Addressee>,
    pub subject: String,
    pub text: String,
    /// The closed schema (see [`crate::mail::reply::closed`]); `None` for plain text.
    pub html: Option<String>,
    /// Uploads, in order.
    pub attachments: Vec<String>,
    pub related: Option<RelatedMessage>,
    /// The sender's choices for single recipients, by address.
    pub choices: BTreeMap<String, Choice>,
    /// Whether the message is signed; `None` does what the sender chose for all.
    pub signed: Option<bool>,
}

impl Record for DraftContent {
    const VERSION: u8 = 2;

    fn migrate(version: u8, bytes: &[u8]) -> Option<DraftContent> {
        store::migrated::<DraftContentV1, DraftContent>(version, bytes)
    }
}

/// Before messages were signed.
#[derive(Serialize, Deserialize)]
pub(in crate::gateway) struct DraftContentV1 {
    to: Vec<Addressee>,
    cc: Vec<Addressee>,
    bcc: Vec<Addressee>,
    subject: String,
    text: String,
    html: Option<String>,
    attachments: Vec<String>,
    related: Option<RelatedMessage>,
    choices: BTreeMap<String, Choice>,
}

impl Record for DraftContentV1 {
    const VERSION: u8 = 1;
}

impl From<DraftContentV1> for DraftContent {
    fn from(old: DraftContentV1) -> DraftContent {
        DraftContent {
            to: old.to,
            cc: old.cc,
            bcc: old.bcc,
            subject: old.subject,
            text: old.text,
            html: old.html,
            attachments: old.attachments,
            related: old.related,
            choices: old.choices,
            signed: None,
        }
    }
}

/// A draft as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftView {
    pub id: String,
    pub version: u32,
    pub saved: Timestamp,
    pub content: DraftContent,
    pub uploads: Vec<UploadView>,
}

/// A draft in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRow {
    pub id: String,
    pub version: u32,
    pub saved: Timestamp,
    /// The first recipients.
    pub recipients: Vec<Addressee>,
    pub subject: String,
    pub related: Option<RelatedMessage>,
}

const DRAFTS_MAX: usize = 500;

/// A temporary account has few messages to reply to.
const DRAFTS_TEMPORARY_MAX: usize = 20;

/// The recipients that the list shows of a draft.
const RECIPIENTS_LISTED: usize = 10;

pub const SUBJECT_CHARS_MAX: usize = 1_000;
const TEXT_OCTETS_MAX: usize = 1 << 20;
pub const ATTACHMENTS_MAX: usize = 200;
const MISSING: Error = Error::NotFound { what: "draft" };

fn binding(account: AccountId, id: DraftId) -> Vec<u8> {
    [b"draft\0".as_slice(), &account.0, &id].concat()
}

impl DraftContent {
    /// All recipients.
    pub fn everybody(&self) -> impl Iterator<Item = &Addressee> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }

    fn check(&self, recipients_max: usize) -> Result<(), Error> {
        let invalid = |what: String| Err(Error::Invalid { what });
        if self.everybody().count() > recipients_max {
            return invalid(format!("a message can have at most {recipients_max} recipients"));
        }
        if self.subject.chars().count() > SUBJECT_CHARS_MAX {
            return invalid(format!("a subject can have at most {SUBJECT_CHARS_MAX} characters"));
        }
        let html = self.html.as_ref().map_or(0, String::len);
        if self.text.len() > TEXT_OCTETS_MAX || html > TEXT_OCTETS_MAX {
            return invalid(
                "a message's text can have at most 1 MiB; attach anything longer".to_owned(),
            );
        }
        if self.attachments.len() > ATTACHMENTS_MAX {
            return invalid(format!("a message can have at most {ATTACHMENTS_MAX} files"));
        }
        Ok(())
    }

    pub(in crate::gateway) fn upload_ids(&self) -> Result<Vec<UploadId>, Error> {
        self.attachments.iter().map(|id| upload::parse_id(id)).collect()
    }
}

impl Gateway {
    /// Saves a new draft.
    pub fn draft_create(&self, actor: &Actor, content: &DraftContent) -> Result<DraftView, Error> {
        self.draft_write(actor, vault::random_bytes()?, None, content)
    }

    /// Replaces version `version` of a draft; `edited-elsewhere` if that is not the latest.
    pub fn draft_save(
        &self,
        actor: &Actor,
        id: &str,
        version: u32,
        content: &DraftContent,
    ) -> Result<DraftView, Error> {
        self.draft_write(actor, parse_hex(id).ok_or(MISSING)?, Some(version), content)
    }

    fn draft_write(
        &self,
        actor: &Actor,
        id: DraftId,
        over: Option<u32>,
        content: &DraftContent,
    ) -> Result<DraftView, Error> {
        content.check(self.inner.settings.recipients_max)?;
        let account = actor.account();
        let before = match over {
            Some(_) => self.inner.store.get(&DRAFTS, &(account, id))?,
            None => None,
        };
        let before = before.map(|draft| self.draft_content(actor, id, &draft)).transpose()?;
        let content = &answering(content.clone(), before.as_ref());
        self.uploads_of(actor, content)?;
        let uploads = content.upload_ids()?;
        let mut dropped = before.map_or(Ok(Vec::new()), |before| before.upload_ids())?;
        dropped.retain(|id| !uploads.contains(id));
        let drafts_max = match actor.is_temporary() {
            true => DRAFTS_TEMPORARY_MAX,
            false => DRAFTS_MAX,
        };
        let plain = sealed_form::octets_of(content)?;
        let sealed = actor.secret().seal_own(&binding(account, id), &plain)?;
        let saved = self.inner.clock.now();
        let opened_by = actor.is_temporary().then(|| actor.session());
        let acting = actor.acting();
        let done = self.transact(move |tx| {
            acting.may_write(tx)?;
            // The account may have been started again: then nobody opens what this session seals.
            opened_by.map_or(Ok(()), |session| session_rows::open_in_tx(tx, account, session))?;
            let found = tx.get(&DRAFTS, &(account, id))?;
            let before = found.as_ref().map(quota::draft).unwrap_or_default();
            let version = match (over, found) {
                (None, None) if tx.count(&DRAFTS, &account)? >= drafts_max as u64 => {
                    return Err(Error::OverQuota);
                }
                (None, None) => 1,
                (Some(over), Some(draft)) if draft.version == over => over + 1,
                (Some(_), None) => return Err(MISSING),
                _ => return Err(Error::Conflict(Conflict::EditedElsewhere)),
            };
            upload::name_in_tx(tx, account, &uploads)?;
            upload::release_in_tx(tx, account, &dropped, saved)?;
            let draft = Draft { version, saved, sealed: sealed.clone() };
            let after = quota::draft(&draft);
            // A full account keeps what its owner writes as long as that does not grow.
            if after.octets > before.octets {
                quota::check_in_tx(tx, account, before, after)?;
            }
            tx.put(&DRAFTS, &(account, id), &draft)?;
            quota::replace_in_tx(tx, account, before, after)?;
            Ok(version)
        });
        let version = done.wait()?;
        self.draft_view(actor, id, version, saved, content.clone())
    }

    /// The account's drafts, latest first.
    pub fn draft_list(&self, actor: &Actor) -> Result<Vec<DraftRow>, Error> {
        let account = actor.account();
        let mut ids = Vec::new();
        self.inner.store.scan(&DRAFTS, &account, Order::Ascending, |(_, id), draft| {
            ids.push((draft.saved, id));
            ControlFlow::Continue(())
        })?;
        ids.sort_unstable_by_key(|saved| std::cmp::Reverse(*saved));
        // One after another, because all of them together could take too much memory.
        let mut rows = Vec::with_capacity(ids.len());
        for (_, id) in ids {
            let Some(draft) = self.inner.store.get(&DRAFTS, &(account, id))? else { continue };
            let content = self.draft_content(actor, id, &draft)?;
            rows.push(DraftRow {
                id: hex(&id),
                version: draft.version,
                saved: draft.saved,
                recipients: content.everybody().take(RECIPIENTS_LISTED).cloned().collect(),
                subject: content.subject,
                related: content.related,
            });
        }
        Ok(rows)
    }

    /// One draft.
    pub fn draft(&self, actor: &Actor, id: &str) -> Result<DraftView, Error> {
        let id = parse_hex(id).ok_or(MISSING)?;
        let draft = self.inner.store.get(&DRAFTS, &(actor.account(), id))?.ok_or(MISSING)?;
        self.draft_open(actor, id, &draft)
    }

    /// Deletes a draft and the uploads that it names.
    pub fn draft_delete(&self, actor: &Actor, id: &str) -> Result<(), Error> {
        let view = self.draft(actor, id)?;
        let uploads = view.content.upload_ids()?;
        let (account, id) = (actor.account(), parse_hex(id).ok_or(MISSING)?);
        let acting = actor.acting();
        let done = self.inner.store.transact(move |tx| {
            acting.is_there(tx)?;
            if let Some(draft) = tx.get(&DRAFTS, &(account, id))? {
                tx.delete(&DRAFTS, &(account, id));
                quota::discharge_in_tx(tx, account, quota::draft(&draft))?;
            }
            for upload in &uploads {
                upload::remove_in_tx(tx, account, *upload)?;
            }
            Ok::<_, Error>(())
        });
        done.wait()
    }

    /// Creates a draft that replies to or forwards an opened message, with recipients, subject and
    /// quotation; a forwarded message includes its files. Who is quoted is said in `language`, or else
    /// in the one that the actor chose.
    pub fn draft_from(
        &self,
        actor: &Actor,
        reference: Reference,
        kind: RelationKind,
        language: Option<Language>,
    ) -> Result<DraftView, Error> {
        let (item, message) = self.message_raw(actor, reference)?;
        let view = message::view(message.shown());
        let own = self.account(actor.account())?.own_addresses();
        let is_own = |address: &str| self.leads_to(actor.account(), &own, address);
        let language = match language {
            Some(language) => language,
            None => self.language_of(actor.account())?.unwrap_or(Language::English),
        };
        let mut started = reply::begin(&view, kind, is_own, language);
        if actor.is_temporary() {
            self.keep_inside(&mut started);
        }
        let files = match kind {
            RelationKind::Forward => {
                let sealed = self.is_sealed(&item, reference)?;
                self.files_of(actor, &message, sealed)?
            }
            _ => Vec::new(),
        };
        let image = |source: &str| {
            let shown = message.image(source).or_else(|| Some(view.image(source)?.index))?;
            let (_, upload) = files.iter().find(|(part, _)| *part == shown)?;
            Some(format!("cid:{upload}"))
        };
        let html = match kind {
            RelationKind::Forward => reply::forwarded_html(&view, language, image),
            _ => None,
        };
        let content = DraftContent {
            to: started.to.into_iter().map(addressee).collect(),
            cc: started.cc.into_iter().map(addressee).collect(),
            subject: started.subject,
            // What the writer sees is what leaves in both forms.
            text: html.as_deref().map_or(started.text, plain::of_html),
            html,
            attachments: files.into_iter().map(|(_, upload)| upload).collect(),
            related: Some(RelatedMessage { message: reference.to_bytes(), kind }),
            ..DraftContent::default()
        };
        self.draft_create(actor, &content)
    }

    /// Whether mail to an address comes to the account, whose own addresses are `own`: an address is
    /// written in many ways, with a detail (RFC 5233) in any number.
    fn leads_to(&self, account: AccountId, own: &[String], address: &str) -> bool {
        let is_own = || own.iter().any(|own| compared(own) == compared(address));
        let found = || {
            let address = Address::parse(address).ok()?;
            self.as_ours(&address)?;
            self.recipient_find(&address).ok()?
        };
        is_own() || found().is_some_and(|found| found.account == account)
    }

    /// Leaves those out whom a temporary account may not write to (see `plan`).
    fn keep_inside(&self, started: &mut Started) {
        let is_inside = |one: &NameAddr| {
            let address = one.address.as_deref().and_then(|text| Address::parse(text).ok());
            address.is_some_and(|address| self.as_ours(&address).is_some())
        };
        started.to.retain(is_inside);
        started.cc.retain(is_inside);
    }

    /// Copies a message's files to uploads of the actor; each with the number of its part.
    fn files_of(
        &self,
        actor: &Actor,
        message: &Content,
        sealed: bool,
    ) -> Result<Vec<(u32, String)>, Error> {
        let mut ids = Vec::new();
        // What the HTML shows goes along too: of most messages, only the text is quoted.
        for (part, mut file) in message.all_parts() {
            let name = if part.name.is_empty() { "file" } else { &part.name };
            let (kind, octets) = (&part.content_type, file.octets());
            let upload = self.upload_begin_as(actor, name, kind, octets, sealed)?;
            let (mut at, mut waiting) = (0, Zeroizing::new(Vec::new()));
            let mut end = false;
            while !end {
                let piece = file.take_next()?;
                end = piece.is_none();
                waiting.extend_from_slice(&piece.unwrap_or_default());
                while waiting.len() >= CHUNK_OCTETS_MAX || end && !waiting.is_empty() {
                    let length = waiting.len().min(CHUNK_OCTETS_MAX);
                    self.upload_append(actor, &upload.id, at, &waiting[..length])?;
                    at += length as u64;
                    waiting.drain(..length);
                }
            }
            ids.push((part.index, upload.id));
        }
        Ok(ids)
    }

    pub(in crate::gateway) fn draft_open(
        &self,
        actor: &Actor,
        id: DraftId,
        draft: &Draft,
    ) -> Result<DraftView, Error> {
        let mut content = self.draft_content(actor, id, draft)?;
        let mut there = Vec::with_capacity(content.attachments.len());
        for upload in content.upload_ids()? {
            there.push(self.inner.store.has(&UPLOADS, &(actor.account(), upload))?);
        }
        // A deleted file is no longer part of the draft; the rest can still be edited.
        let mut there = there.into_iter();
        content.attachments.retain(|_| there.next().unwrap_or_default());
        self.draft_view(actor, id, draft.version, draft.saved, content)
    }

    fn draft_content(
        &self,
        actor: &Actor,
        id: DraftId,
        draft: &Draft,
    ) -> Result<DraftContent, Error> {
        let plain = actor.secret().open_own(&binding(actor.account(), id), &draft.sealed)?;
        sealed_form::read(DRAFTS.name, &plain)
    }

    fn draft_view(
        &self,
        actor: &Actor,
        id: DraftId,
        version: u32,
        saved: Timestamp,
        content: DraftContent,
    ) -> Result<DraftView, Error> {
        let uploads = self.uploads_of(actor, &content)?;
        Ok(DraftView { id: hex(&id), version, saved, content, uploads })
    }

    /// The uploads that a message names, if their total size is allowed.
    pub(in crate::gateway) fn uploads_of(
        &self,
        actor: &Actor,
        content: &DraftContent,
    ) -> Result<Vec<UploadView>, Error> {
        let views = content.attachments.iter().map(|id| self.upload(actor, id));
        let views = views.collect::<Result<Vec<_>, _>>()?;
        let sum: u64 = views.iter().map(|upload| upload.size).sum();
        match sum <= self.inner.settings.attachments_octets_max {
            true => Ok(views),
            false => Err(Error::TooLarge),
        }
    }
}

/// Keeps the relation that was set when the draft was created, because the rules for sealed
/// conversations depend on it.
fn answering(content: DraftContent, before: Option<&DraftContent>) -> DraftContent {
    let Some(started) = before.and_then(|before| before.related) else { return content };
    let is_reply = |related: RelatedMessage| related.kind != RelationKind::Forward;
    let related = match content.related {
        // A reply and a reply to all are the same to those rules.
        Some(now) if now.message == started.message && is_reply(now) && is_reply(started) => now,
        _ => started,
    };
    DraftContent { related: Some(related), ..content }
}

fn addressee(found: NameAddr) -> Addressee {
    Addressee { name: found.name, address: found.address.unwrap_or_default() }
}
