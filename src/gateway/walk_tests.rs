//! Random walks over replies and forwards: nothing sealed ever leaves unprotected (promise 4).
//!
//! All text consists of unique words. A word is sealed as long as no message that its writer put it
//! into has left unprotected. People reply, forward, quote, paste and change their minds at random;
//! after each step everything that waits to leave is searched for every sealed word.

use std::collections::{HashMap, HashSet};

use super::outgoing::consent::Consent;
use super::outgoing::draft::Addressee;
use super::outgoing::submit::{Submit, Submitted};
use super::sending_tests::{leased, uploaded};
use super::tests::*;
use super::*;
use crate::mail::message::{part_bytes, view};
use crate::mail::reference::Reference;
use crate::terms::{Choice, Language};

/// The number of walks per gateway, so that its lists stay short.
const WALKS_EACH: usize = 200;
const CORRESPONDENTS: [&str; 2] = ["dana@example.org", "omar@example.org"];
const OUTSIDE: [&str; 3] = ["noa@outside.example", "eve@outside.example", "carol@else.example"];

struct World {
    gateway: Gateway,
    actors: Vec<Actor>,
    random: fastrand::Rng,
    /// Words that never left unprotected.
    sealed: HashSet<String>,
    /// The messages that each person can reply to: those they opened or sent.
    messages: HashMap<usize, Vec<Reference>>,
    /// The unprotected messages that Eve received, which she can reply to.
    eve: Vec<String>,
    words: u64,
    /// The words of the message that is being composed.
    fresh: HashSet<String>,
    left: usize,
    refused: usize,
    asked: usize,
}

impl World {
    fn new(seed: u64) -> World {
        let gateway = gateway();
        let actors = ["dana", "omar"].map(|name| sign_in(&gateway, name)).into();
        let random = fastrand::Rng::with_seed(seed);
        World {
            gateway,
            actors,
            random,
            sealed: HashSet::new(),
            messages: HashMap::new(),
            eve: Vec::new(),
            words: 0,
            fresh: HashSet::new(),
            left: 0,
            refused: 0,
            asked: 0,
        }
    }

    /// A sentence of new words.
    fn sentence(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        for _ in 0..5 {
            self.words += 1;
            words.push(format!("w{:x}q{}x", self.words, self.random.u32(100_000..)));
        }
        words
    }

    fn walk(&mut self) {
        self.messages.clear();
        self.eve.clear();
        let who = self.random.usize(0..self.actors.len());
        self.write(who, DraftContent::default(), false);
        for _ in 0..self.random.usize(2..6) {
            match self.random.u8(0..8) {
                0 => self.eve_answers(),
                _ => self.answer(),
            }
        }
    }

    /// A random person replies to or forwards one of their messages.
    fn answer(&mut self) {
        let who = self.random.usize(0..self.actors.len());
        let Some(theirs) = self.messages.get(&who).filter(|list| !list.is_empty()) else { return };
        let reference = theirs[self.random.usize(0..theirs.len())];
        let kind = match self.random.u8(0..3) {
            0 => RelationKind::Reply,
            1 => RelationKind::ReplyAll,
            _ => RelationKind::Forward,
        };
        let language = Language::ALL[self.random.usize(0..Language::ALL.len())];
        let (gateway, actor) = (&self.gateway, &self.actors[who]);
        let draft = gateway.draft_from(actor, reference, kind, Some(language)).unwrap();
        self.write(who, draft.content, true);
    }

    /// Adds a new sentence in a random place, and sends the draft to random people on random
    /// routes.
    fn write(&mut self, who: usize, mut content: DraftContent, changes: bool) {
        self.fresh.clear();
        let own = self.sentence();
        let said = own.join(" ");
        if content.subject.is_empty() || self.random.u8(0..5) == 0 {
            let subject = self.sentence();
            content.subject = subject.join(" ");
            self.fresh.extend(subject);
        }
        content.text = match self.random.u8(0..4) {
            // Below the quotation, in the middle of it, or above it.
            0 => format!("{}\n{said}\n", content.text),
            1 => content.text.replacen("\n> ", &format!("\n{said}\n> "), 1) + &said,
            _ => format!("{said}\n\n{}", content.text),
        };
        if self.random.bool() {
            let quoted = content.text.lines().filter_map(|line| line.strip_prefix("> "));
            let quoted: Vec<String> = quoted.map(|line| format!("<p>{line}</p>")).collect();
            let quoted = quoted.concat();
            content.html = Some(format!("<p>{said}</p><blockquote>{quoted}</blockquote>"));
        }
        if changes && self.random.u8(0..6) == 0 {
            // Pasted text has lost its quotation marks.
            content.text = content.text.replace("\n> ", "\n");
        }
        if self.random.u8(0..4) == 0 {
            let (name, inside) = (self.sentence(), self.sentence());
            let octets = inside.join(" ").into_bytes();
            let file = uploaded(&self.gateway, &self.actors[who], &name.join("-"), &octets);
            content.attachments.push(file);
            self.fresh.extend(name.into_iter().chain(inside));
        }
        if content.to.is_empty() || self.random.u8(0..3) == 0 {
            let everybody = [&CORRESPONDENTS[..], &OUTSIDE[..]].concat();
            for _ in 0..self.random.usize(1..3) {
                let address = everybody[self.random.usize(0..everybody.len())].to_owned();
                content.to.push(Addressee { name: None, address });
            }
        }
        for address in OUTSIDE {
            let choice = match self.random.u8(0..4) {
                0 => Choice::TemporaryAccount,
                1 => Choice::Ask,
                2 => Choice::VerifiedTls,
                _ => Choice::Plain,
            };
            content.choices.insert(address.to_owned(), choice);
        }
        self.fresh.extend(own);
        self.sealed.extend(self.fresh.iter().cloned());
        self.send(who, &content);
    }

    fn send(&mut self, who: usize, content: &DraftContent) {
        let actor = &self.actors[who];
        let draft = self.gateway.draft_create(actor, content).unwrap();
        let mut consent: Option<Consent> = None;
        let sent = loop {
            let submit = Submit {
                draft: &draft.id,
                version: draft.version,
                consent: consent.as_ref().map(|one| one.token.as_str()),
                typed: consent.as_ref().and_then(|one| one.typed.as_deref()),
                request: &draft.id,
            };
            match self.gateway.submit(actor, &submit) {
                Ok(Submitted::Accepted(view)) => break view.reference,
                Ok(Submitted::NeedsConsent(asked)) => {
                    self.asked += 1;
                    assert!(consent.is_none(), "a yes is a yes");
                    // Some people decline.
                    if self.random.u8(0..4) == 0 {
                        self.gateway.draft_delete(actor, &draft.id).unwrap();
                        return;
                    }
                    consent = Some(asked);
                }
                Err(Error::Conflict(Conflict::SealedText | Conflict::SealedFiles)) => {
                    self.refused += 1;
                    self.gateway.draft_delete(actor, &draft.id).unwrap();
                    return;
                }
                Err(error) => panic!("{error:?}: {content:?}"),
            }
        };
        self.gateway.clock().advance_secs(30);
        while self.gateway.messages_release(100).unwrap() > 0 {}
        self.look(content, consent.is_some());
        self.messages.entry(who).or_default().push(sent);
        for reader in 0..self.actors.len() {
            let opened = self.gateway.message_open(&self.actors[reader], sent, None);
            if opened.is_ok() && reader != who {
                self.messages.entry(reader).or_default().push(sent);
            }
        }
    }

    /// Checks that mail in the queue contains no sealed word; words that left are no longer sealed.
    fn look(&mut self, written: &DraftContent, consented: bool) {
        for (row, octets) in leased(&self.gateway) {
            super::sending_tests::delivered(&self.gateway, row.id);
            let seen = view(octets.as_bytes());
            let files: String = seen
                .parts
                .iter()
                .filter_map(|part| part_bytes(octets.as_bytes(), part.index))
                .map(|(part, octets)| {
                    format!("{} {}\n", part.name, String::from_utf8_lossy(&octets))
                })
                .collect();
            let text = format!(
                "{octets}\n{files}\n{}\n{}\n{}",
                seen.subject,
                seen.text.unwrap_or_default(),
                seen.html.concat()
            );
            let is_message = !octets.contains("Auto-Submitted: auto-generated");
            if is_message {
                self.left += 1;
                // The writer knows that the words added in this message leave unprotected.
                for word in words(&text) {
                    if self.fresh.contains(word) {
                        self.sealed.remove(word);
                    }
                }
            }
            let found = words(&text).find(|word| self.sealed.contains(*word));
            assert!(
                found.is_none(),
                "{found:?} left in clear (message: {is_message}, asked: {consented}):\n{octets}\n\
                 written: {written:?}"
            );
            if row.recipient.path.to_string().contains("eve@") && is_message {
                self.eve.push(octets);
            }
        }
    }

    /// Eve, an outsider, replies by plain mail to a message that she received unprotected.
    fn eve_answers(&mut self) {
        let Some(got) = self.eve.last().cloned() else { return };
        let got = view(got.as_bytes());
        let own = self.sentence().join(" ");
        let quoted: String =
            got.text.unwrap_or_default().lines().map(|line| format!("> {line}\n")).collect();
        let id = got.message_id.unwrap_or_default();
        let references: String =
            got.references.iter().chain([&id]).map(|one| format!("<{one}>\n ")).collect();
        let who = self.random.usize(0..self.actors.len());
        let to = CORRESPONDENTS[who];
        let text = format!(
            "From: Eve <eve@outside.example>\nTo: {to}\nSubject: Re: {}\n\
             Message-ID: <{}@outside.example>\nReferences: {}\nIn-Reply-To: <{id}>\n\n\
             {own}\n{quoted}",
            got.subject,
            self.words,
            references.trim_end(),
        );
        let reference = deliver(&self.gateway, &[to], &text);
        self.gateway.message_open(&self.actors[who], reference, None).unwrap();
        self.messages.entry(who).or_default().push(reference);
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
}

/// P-38, promise 4: the walks are the same each time: a thousand, or the number in `WALKS`.
#[test]
fn random_walks_find_no_sealed_word_in_clear() {
    let walks = std::env::var("WALKS").map_or(1_000, |text| text.parse().unwrap());
    let (mut left, mut refused, mut asked) = (0, 0, 0);
    for seed in 0..(walks / WALKS_EACH) as u64 {
        let mut world = World::new(seed);
        for _ in 0..WALKS_EACH {
            world.walk();
            world.gateway.clock().advance_secs(60);
        }
        left += world.left;
        refused += world.refused;
        asked += world.asked;
    }
    // The walks cover all cases: messages that left, that needed consent, and that were stopped.
    println!("{left} left in clear, {asked} questions, {refused} stopped");
    assert!(left > walks / 2 && asked > walks / 4 && refused > walks / 100);
}
