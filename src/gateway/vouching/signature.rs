//! Signatures on messages: what the sender signs, and what the reader is shown.
//!
//! The signature lies beside the content, sealed under the content's key, with copies of the
//! attestations that were in force. That a message is signed stands in its header, within the
//! content: a signature that was removed is missed. A suppressed one leaves nothing of either.
//!
//! The page shows more than the signed octets: the subject and the author from the reader's list, the
//! names and places of the files, and the attestations that go along. Digests of all of these are in
//! the statement, and nothing of them is shown as signed that does not fit.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::known_key::KnownKey;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::mailboxes::content::{Content, Digested, DigestedOrLong, STEP_OCTETS};
use crate::gateway::mailboxes::item::ItemView;
use crate::gateway::mailboxes::summary::{FileAt, Outline};
use crate::gateway::records::ids::ReferenceKey;
use crate::gateway::records::message::Protection;
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::MESSAGE_SIGNATURES;
use crate::gateway::records::vouching::SignedStatement;
use crate::gateway::text::hex;
use crate::gateway::vouching::overview::{AttestationView, PersonView};
use crate::gateway::vouching::party::{Meeting, Met, is_removed};
use crate::gateway::vouching::register::Owner;
use crate::gateway::vouching::standing::standing;
use crate::gateway::vouching::statement::{
    Attested, CARRIED_MAX, DigestOf, SignedMessage, Statement,
};
use crate::mail::address::Address;
use crate::mail::message;
use crate::mail::reference::Reference;
use crate::store::Record;
use crate::terms::{SignatureState, Standing};
use crate::vault::{self, ContentKey, VerifyingKey};

/// The most octets of files that are verified when a message is opened. Of larger ones, the page says
/// that they were not.
pub const FILES_CHECKED_OCTETS_MAX: u64 = 64 << 20;

/// Files that are no longer are hashed each time.
const HASHED_AGAIN_OCTETS: u64 = STEP_OCTETS;

/// How long after its signature a message arrives at the latest: the longest time for which it can be
/// undone, and some time in which the daemon was not running.
const ARRIVES_SECS_MAX: i64 = 60 * 60;

/// A signature as it lies beside a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedSignature {
    pub message: SignedStatement,
    pub attested: Vec<SignedStatement>,
}

impl Record for CarriedSignature {
    const VERSION: u8 = 1;
}

/// Who signs a message, with the attestations that go along.
pub(in crate::gateway) struct Signer {
    owner: Owner,
    attested: Vec<SignedStatement>,
}

/// What of a message is signed.
pub(in crate::gateway) struct Signing {
    pub reference: Reference,
    pub at: Timestamp,
    pub head: (u64, DigestOf),
    pub files: (u64, DigestOf),
    pub shown: DigestOf,
}

/// What readers are shown of a message beside its octets, as their lists say.
pub(in crate::gateway) struct Shown<'s> {
    pub from_name: Option<&'s str>,
    pub from_address: Option<&'s str>,
    pub subject: &'s str,
    pub attachments: u32,
    pub outline: &'s Outline,
}

impl Shown<'_> {
    /// The digest of a form that no other message has.
    pub fn digest(&self) -> DigestOf {
        let Outline { head_octets, end, files } = self.outline;
        let mut out = b"postern shown v1\0".to_vec();
        let number = |out: &mut Vec<u8>, number: u64| {
            out.extend_from_slice(&number.to_be_bytes());
        };
        let text = |out: &mut Vec<u8>, text: &[u8]| {
            out.extend_from_slice(&(text.len() as u64).to_be_bytes());
            out.extend_from_slice(text);
        };
        for author in [self.from_name, self.from_address] {
            number(&mut out, u64::from(author.is_some()));
            text(&mut out, author.unwrap_or_default().as_bytes());
        }
        text(&mut out, self.subject.as_bytes());
        number(&mut out, u64::from(self.attachments));
        number(&mut out, *head_octets);
        text(&mut out, end);
        number(&mut out, files.len() as u64);
        for FileAt { name, content_type, size, offset, encoded } in files {
            text(&mut out, name.as_bytes());
            text(&mut out, content_type.as_bytes());
            for one in [size, offset, encoded] {
                number(&mut out, *one);
            }
        }
        vault::digest(&out)
    }
}

/// The signature of a message as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureView {
    pub state: SignatureState,
    /// Who signed it; nobody of one that is missing or does not fit.
    pub person: Option<PersonView>,
    pub at: Option<Timestamp>,
    /// Whether the message came to the reader at another time than shortly after it was signed.
    pub time_differs: bool,
    /// Whether the signed header names the reader in From, To or Cc.
    pub names_reader: bool,
    /// Whether the files were verified too.
    pub files_checked: bool,
    pub vouchers: Vec<AttestationView>,
}

impl SignatureView {
    fn bare(state: SignatureState) -> SignatureView {
        SignatureView {
            state,
            person: None,
            at: None,
            time_differs: false,
            names_reader: false,
            files_checked: false,
            vouchers: Vec::new(),
        }
    }
}

fn binding(reference: ReferenceKey) -> Vec<u8> {
    [b"message signature\0".as_slice(), &reference].concat()
}

impl Signer {
    /// The key, as the message's header names it.
    pub fn key(&self) -> String {
        hex(&self.verifying_key().0)
    }

    pub fn verifying_key(&self) -> VerifyingKey {
        self.owner.party.key
    }

    /// Signs a message; returns what lies beside it, sealed under its key.
    pub fn sign(&self, signing: Signing, key: &ContentKey) -> Result<Sealed, Error> {
        let Signing { reference, at, head, files, shown } = signing;
        let sender = self.owner.party.clone();
        let reference = reference.to_bytes();
        let attested = digests_of(&self.attested);
        let message = SignedMessage { reference, sender, at, head, files, shown, attested };
        let carried = CarriedSignature {
            message: message.signed(&self.owner.pair),
            attested: self.attested.clone(),
        };
        let plain = sealed_form::octets_of(&carried)?;
        Ok(Sealed(key.seal_beside(&binding(reference), &plain)?))
    }
}

impl Gateway {
    /// Who signs a message of the actor: nobody if the actor wants no signature, or can make none.
    /// `wanted` is what the actor said of this message.
    pub(in crate::gateway) fn signer(
        &self,
        actor: &Actor,
        wanted: Option<bool>,
    ) -> Result<Option<Signer>, Error> {
        // A role mailbox has no key that a person could vouch for.
        if actor.is_temporary() || actor.behind().is_some() || wanted == Some(false) {
            return Ok(None);
        }
        self.signing_pair(actor)?;
        let signs = self.signing_key(actor.account())?.is_some_and(|row| row.signs);
        if !wanted.unwrap_or(signs) {
            return Ok(None);
        }
        let owner = self.register_refresh(actor)?;
        let mut meeting = Meeting::new(self, actor);
        let (mut carried, now) = (Vec::new(), self.inner.clock.now());
        for (voucher, row) in self.attestations_of(owner.party.account)? {
            let Some(attested) = row.read((owner.party.account, voucher)) else { continue };
            let met = meeting.meet(voucher)?;
            if standing(&attested, met, &owner.party, now) == Standing::InForce {
                carried.push((attested.at, row.attested));
            }
        }
        carried.sort_by_key(|(at, _)| *at);
        carried.truncate(CARRIED_MAX);
        let attested = carried.into_iter().map(|(_, signed)| signed).collect();
        Ok(Some(Signer { owner, attested }))
    }

    /// The signature of a message that the actor opened, verified; `None` if it has none, and none is
    /// missed.
    pub fn message_signature(
        &self,
        actor: &Actor,
        item: &ItemView,
        content: &Content,
    ) -> Result<Option<SignatureView>, Error> {
        let is_ours = content.outline().is_some() || item.protection == Protection::Inside;
        let named = content.signing_key().filter(|_| is_ours);
        let Some(named) = named else { return self.unsigned(actor, item) };
        let reference = item.reference.to_bytes();
        let bare = |state| Ok(Some(SignatureView::bare(state)));
        let row = readable(content.beside(&MESSAGE_SIGNATURES, &binding(reference)))?.flatten();
        let Some(plain) = row else { return bare(SignatureState::Missing) };
        let carried = sealed_form::read::<CarriedSignature>(MESSAGE_SIGNATURES.name, &plain);
        let Some(carried) = readable(carried)? else { return bare(SignatureState::Missing) };
        let Some(message) = SignedMessage::parse(&carried.message.octets) else {
            return bare(SignatureState::Missing);
        };
        let key = message.sender.key;
        let (head, (files, digest)) = self.digests(actor, content, FILES_CHECKED_OCTETS_MAX)?;
        let fits = key.has_signed(&carried.message.octets, &carried.message.signature)
            && hex(&key.0) == named
            && message.reference == reference
            && Some(&message.sender.address) == item.from_address.as_ref()
            && item.notice.is_none()
            && message.head == head
            && message.files.0 == files
            && digest.is_none_or(|digest| message.files.1 == digest)
            && Some(message.shown) == shown(item, content)
            && message.attested == digests_of(&carried.attested);
        if !fits {
            return bare(SignatureState::Broken);
        }
        let view = self.signature_view(actor, &message, &carried.attested)?;
        if view.state == SignatureState::Broken {
            return Ok(Some(view));
        }
        let apart_millis = item.received.0.abs_diff(message.at.0);
        Ok(Some(SignatureView {
            time_differs: apart_millis > ARRIVES_SECS_MAX.unsigned_abs() * 1_000,
            names_reader: self.names(actor, content.shown())?,
            files_checked: digest.is_some(),
            ..view
        }))
    }

    /// The digests of a message's content; that of the files only if they are no longer than `files_max`.
    /// It is computed once for each reader while the daemon runs.
    pub(super) fn digests(
        &self,
        actor: &Actor,
        content: &Content,
        files_max: u64,
    ) -> Result<(Digested, DigestedOrLong), Error> {
        let (head, files) = content.head_digest()?;
        if files > files_max {
            return Ok((head, (files, None)));
        }
        let opened = (actor.account(), content.reference());
        let bound = [b"files hashed\0".as_slice(), &opened.0.0, &opened.1].concat();
        let kept = self.inner.hashed.get(opened);
        let kept = kept.and_then(|sealed| content.open_beside(&bound, &sealed).ok());
        if let Some(digest) = kept.and_then(|plain| plain.as_slice().try_into().ok()) {
            return Ok((head, (files, Some(digest))));
        }
        let (octets, digest) = content.files_digest()?;
        if octets >= HASHED_AGAIN_OCTETS {
            self.inner.hashed.keep(opened, content.seal_beside(&bound, &digest)?.0);
        }
        Ok((head, (octets, Some(digest))))
    }

    /// What is said of a message without a signature: nothing, unless it comes from a person inside
    /// whose key the reader knew already when it arrived.
    fn unsigned(&self, actor: &Actor, item: &ItemView) -> Result<Option<SignatureView>, Error> {
        let is_from = item.protection == Protection::Inside && !actor.is_temporary();
        let from = item.from_address.as_ref().filter(|_| is_from && item.notice.is_none());
        let Some(address) = from else { return Ok(None) };
        let account = actor.account();
        let sender = self.account_find(address)?.filter(|sender| *sender != account);
        let Some(sender) = sender else { return Ok(None) };
        let is_later = |one: &KnownKey| one.since <= item.received || !one.earlier.is_empty();
        let was_known = match readable(self.known_key((account, actor.secret()), sender))? {
            Some(known) => known.as_ref().is_some_and(is_later),
            // Somebody changed what was known.
            None => true,
        };
        Ok(was_known.then(|| SignatureView::bare(SignatureState::Unsigned)))
    }

    /// Whether the header of a message names the actor, or an address here that is nobody's own: it may
    /// be, or have been, that of a group that the actor was in.
    fn names(&self, actor: &Actor, head: &[u8]) -> Result<bool, Error> {
        let own = self.account(actor.account())?.own_addresses();
        let view = message::view(head);
        let named = view.from.iter().chain(&view.to).chain(&view.cc);
        for named in named.filter_map(|one| one.address.as_deref()) {
            let Ok(address) = Address::parse(named) else { continue };
            // The address of an account for somebody outside is none of ours.
            if address.stored_forms().any(|form| own.contains(&form)) {
                return Ok(true);
            }
            let Some(ours) = self.as_ours(&address) else { continue };
            let mut whose = None;
            for form in ours.stored_forms() {
                if own.contains(&form) {
                    return Ok(true);
                }
                whose = whose.or(self.account_at(&form)?);
            }
            if whose.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How a signature that fits its message is shown.
    fn signature_view(
        &self,
        actor: &Actor,
        message: &SignedMessage,
        attested: &[SignedStatement],
    ) -> Result<SignatureView, Error> {
        let (sender, now) = (&message.sender, self.inner.clock.now());
        let mut meeting = Meeting::new(self, actor);
        let met = meeting.meet(sender.account)?;
        let met = met.filter(|met| met.person.party.address == sender.address);
        let state = met.map_or(SignatureState::UnknownSigner, |met| state_of(met, message));
        let person = met.map(Met::view);
        if state == SignatureState::Broken {
            return Ok(SignatureView::bare(state));
        }
        let mut vouchers: Vec<AttestationView> = Vec::new();
        for signed in attested {
            let read = Attested::parse(&signed.octets);
            let Some(one) = read.filter(|one| one.subject == *sender) else { continue };
            let shown = one.voucher.account;
            // Who is in a closed group is not named to those outside it.
            if shown != actor.account() && !meeting.reaches(shown)? {
                continue;
            }
            if is_removed(&self.inner.store, shown)? {
                continue;
            }
            let mut view = meeting.attestation_view(&one, sender, (shown, now))?;
            // The voucher may not know yet that the key is not the sender's any more.
            if state != SignatureState::Valid && view.standing == Standing::InForce {
                view.standing = Standing::KeyChanged;
            }
            if !one.voucher.key.has_signed(&signed.octets, &signed.signature) {
                view.standing = Standing::Forged;
            }
            if vouchers.iter().all(|other| other.person.id != view.person.id) {
                vouchers.push(view);
            }
        }
        Ok(SignatureView { person, at: Some(message.at), vouchers, ..SignatureView::bare(state) })
    }
}

/// The digests of the attestations that a message carries, in ascending order.
fn digests_of(attested: &[SignedStatement]) -> Vec<DigestOf> {
    let mut digests: Vec<DigestOf> =
        attested.iter().map(|signed| vault::digest(&signed.octets)).collect();
    digests.sort_unstable();
    digests
}

/// The digest of what the actor is shown of a message beside its octets.
fn shown(item: &ItemView, content: &Content) -> Option<DigestOf> {
    let shown = Shown {
        from_name: item.from_name.as_deref(),
        from_address: item.from_address.as_deref(),
        subject: &item.subject,
        attachments: item.attachments,
        outline: content.outline()?,
    };
    Some(shown.digest())
}

/// What a signature that fits is worth to one who knows its sender like that. What was signed with an
/// earlier key after another one took its place, somebody else may have signed.
fn state_of(met: &Met, message: &SignedMessage) -> SignatureState {
    let (key, known) = (message.sender.key, &met.known);
    if key == known.key && met.is_known() {
        return SignatureState::Valid;
    }
    let is_earlier = known.earlier.contains(&key);
    if !is_earlier && key != known.key {
        return SignatureState::KeyChanged;
    }
    // The reader knows when the other key was accepted; the records, since when there is one.
    let accepted = is_earlier.then_some(known.since);
    let made = (met.person.party.key != key).then_some(met.person.since);
    let replaced = accepted.into_iter().chain(made).min();
    match replaced.is_some_and(|replaced| message.at > replaced) {
        true => SignatureState::Broken,
        false => SignatureState::EarlierKey,
    }
}

/// For tests that play a reader who puts another signature beside a message.
#[cfg(test)]
pub(in crate::gateway) mod tests_seal {
    use super::*;

    pub fn opened(content: &Content, reference: Reference) -> CarriedSignature {
        let bound = binding(reference.to_bytes());
        let plain = content.beside(&MESSAGE_SIGNATURES, &bound).unwrap().unwrap();
        sealed_form::read(MESSAGE_SIGNATURES.name, &plain).unwrap()
    }

    pub fn sealed(content: &Content, reference: Reference, carried: &CarriedSignature) -> Sealed {
        let plain = sealed_form::octets_of(carried).unwrap();
        content.seal_beside(&binding(reference.to_bytes()), &plain).unwrap()
    }
}
