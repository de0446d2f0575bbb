//! The conversation that a message belongs to, and which of its content must never leave
//! unprotected (promise 4).

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::mailboxes::item::ItemView;
use crate::gateway::outgoing::draft::DraftContent;
use crate::gateway::records::message::Protection;
use crate::gateway::records::tables::{SUBMISSIONS, UPLOADS};
use crate::mail::reference::Reference;
use crate::mail::{message, plain, quotation, reply};
use crate::store::Read;
use crate::terms::RelationKind;

/// An unprotected message may not share any run of text of this length with a sealed one.
const SHARED_CHARS: usize = 32;

/// A subject of one word that is shorter, in characters, is in too many texts to say anything.
const SUBJECT_CHARS_MIN: usize = 12;

/// The conversation that a draft belongs to.
#[derive(Default)]
pub(in crate::gateway) struct Thread {
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    /// Whether a message in it never left the sealed store unprotected.
    pub sealed: bool,
    /// The texts of those messages that the sender can read.
    texts: Vec<String>,
    /// Their subjects, without prefixes.
    subjects: Vec<String>,
    /// The words of these subjects that can be told from others.
    subject_words: Vec<Vec<String>>,
    /// The lines that a forward of theirs says before the text: from whom to whom, and about what.
    heads: Vec<String>,
    /// Whether the message carries files of a sealed message.
    sealed_files: bool,
    /// The message that is replied to or forwarded.
    answered: Option<Reference>,
}

impl Gateway {
    pub(in crate::gateway) fn thread_of(
        &self,
        actor: &Actor,
        content: &DraftContent,
    ) -> Result<Thread, Error> {
        let mut thread =
            Thread { sealed_files: self.has_sealed_files(actor, content)?, ..Thread::default() };
        thread.sealed = thread.sealed_files;
        let Some(related) = content.related else { return Ok(thread) };
        let missing = || Error::NotFound { what: "message" };
        let reference = Reference::from_bytes(related.message).ok_or_else(missing)?;
        let (item, message) = self.message_raw(actor, reference)?;
        let view = message::view(message.shown());
        thread.answered = Some(reference);
        if related.kind != RelationKind::Forward {
            thread.in_reply_to = view.message_id.clone();
        }
        thread.references = reply::references(&view);
        let submitted = self.inner.store.get(&SUBMISSIONS, &related.message)?;
        let sealed = self.is_sealed(&item, reference)?;
        thread.sealed |= sealed || submitted.is_some_and(|row| row.sealed_thread);
        if sealed {
            thread.note(&view);
        }
        for id in &thread.references.clone() {
            self.thread_add(actor, id, &mut thread)?;
        }
        Ok(thread)
    }

    /// Whether a message never left the sealed store.
    pub(in crate::gateway) fn is_sealed(
        &self,
        item: &ItemView,
        message: Reference,
    ) -> Result<bool, Error> {
        let submitted = self.inner.store.get(&SUBMISSIONS, &message.to_bytes())?;
        Ok(submitted.is_some_and(|row| row.sealed)
            || item.protection == Protection::Inside && !item.sent)
    }

    fn has_sealed_files(&self, actor: &Actor, content: &DraftContent) -> Result<bool, Error> {
        for id in content.upload_ids()? {
            let upload = self.inner.store.get(&UPLOADS, &(actor.account(), id))?;
            if upload.is_some_and(|upload| upload.sealed) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Examines an older message of the thread, if it was sent from here.
    fn thread_add(&self, actor: &Actor, id: &str, thread: &mut Thread) -> Result<(), Error> {
        let Some((local, domain)) = id.rsplit_once('@') else { return Ok(()) };
        // Earlier versions wrote the domain as it is configured.
        if domain != self.domain() && domain != self.ascii_domain() {
            return Ok(());
        }
        let Ok(reference) = local.parse::<Reference>() else { return Ok(()) };
        // A local message that is not known to have left unprotected counts as sealed.
        let submitted = self.inner.store.get(&SUBMISSIONS, &reference.to_bytes())?;
        thread.sealed |= submitted.as_ref().is_none_or(|row| row.sealed || row.sealed_thread);
        if submitted.is_some_and(|row| !row.sealed) {
            return Ok(());
        }
        if let Ok((_, message)) = self.message_raw(actor, reference) {
            thread.note(&message::view(message.shown()));
        }
        Ok(())
    }
}

impl Thread {
    fn note(&mut self, view: &message::View) {
        self.texts.push(squeezed(view.text.as_deref().unwrap_or_default()));
        for html in &view.html {
            self.texts.extend([plain::of_html(html), html.clone()].map(|text| squeezed(&text)));
        }
        self.subjects.push(squeezed(reply::bare_subject(&view.subject)));
        let words = words(reply::bare_subject(&view.subject));
        let chars: usize = words.iter().map(|word| word.chars().count()).sum();
        if words.len() > 1 || chars >= SUBJECT_CHARS_MIN {
            self.subject_words.push(words);
        }
        let lines = quotation::heads(view);
        // A line that says nothing is its label alone.
        let says =
            |line: &&str| line.split_once(':').is_some_and(|(_, said)| !squeezed(said).is_empty());
        self.heads.extend(lines.iter().map(String::as_str).filter(says).map(squeezed));
    }

    /// Whether a text still has a line of the head of a sealed message that was forwarded.
    fn has_head(&self, text: &str) -> bool {
        text.lines().map(squeezed).any(|line| self.heads.iter().any(|head| line.starts_with(head)))
    }

    /// Whether a text names the subject of a sealed message. A reply may do so in its writer's own
    /// words; in a forward, they are the sealed ones.
    fn names_subject(&self, text: &str) -> bool {
        let said = words(text);
        self.subject_words.iter().any(|known| said.windows(known.len()).any(|run| run == known))
    }

    /// Removes the text of sealed messages from a message that leaves unprotected; text that cannot
    /// be removed stops the message (promise 4).
    pub fn strip(&self, content: &mut DraftContent) -> Result<(), Error> {
        if self.sealed_files {
            return Err(Error::Conflict(Conflict::SealedFiles));
        }
        let bare = squeezed(reply::bare_subject(&content.subject));
        if self.subjects.iter().any(|sealed| !sealed.is_empty() && bare.contains(sealed.as_str())) {
            let number = self.answered.map(|one| one.to_string()).unwrap_or_default();
            content.subject = format!("Re: {number}");
        }
        let html = content.html.as_deref().map(reply::without_quotes_html);
        if let Some(html) = html.as_deref().filter(|_| squeezed(&content.text).is_empty()) {
            // Some programs write nothing else.
            content.text = plain::of_html(html);
        }
        content.text = reply::without_quotes(&content.text);
        // Rich text leaves only if it says what the text says: a forward has no mark in it that it
        // could be cut at, and a quotation may be paragraphs that begin with `>`.
        let own = squeezed(&content.text);
        content.html = html.filter(|html| squeezed(&plain::of_html(html)) == own);
        let html = content.html.as_deref().unwrap_or_default();
        let texts = [content.text.as_str(), &plain::of_html(html), html, &content.subject];
        let said = texts.map(squeezed).join(" ");
        let is_forward = content.related.is_some_and(|one| one.kind == RelationKind::Forward);
        let is_told = self.texts.iter().any(|text| shares(&said, text))
            || self.has_head(&content.text)
            || is_forward && self.names_subject(&content.text);
        match is_told {
            true => Err(Error::Conflict(Conflict::SealedText)),
            false => Ok(()),
        }
    }
}

/// Only letters and digits, in lower case, so that layout cannot hide text.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of a text, in lower case.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// Whether `said` contains a run of `SHARED_CHARS` characters of `sealed`, or all of a shorter text
/// of at least 8 characters.
fn shares(said: &str, sealed: &str) -> bool {
    let (said, sealed): (Vec<char>, Vec<char>) = (said.chars().collect(), sealed.chars().collect());
    let length = SHARED_CHARS.min(sealed.len());
    if length < 8 || said.len() < length {
        return false;
    }
    let runs: std::collections::HashSet<&[char]> = sealed.windows(length).collect();
    said.windows(length).any(|run| runs.contains(run))
}
