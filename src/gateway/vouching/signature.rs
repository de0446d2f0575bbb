//! Signatures on messages: what the sender signs, and what the reader is shown.
//!
//! The signature lies beside the content, sealed under the content's key, with copies of the
//! attestations that were in force. That a message is signed stands in its header, within the
//! content: a signature that was removed is missed. A suppressed one leaves nothing of either.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::mailboxes::content::Content;
use crate::gateway::mailboxes::item::ItemView;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::MESSAGE_SIGNATURES;
use crate::gateway::records::vouching::SignedStatement;
use crate::gateway::text::hex;
use crate::gateway::vouching::fingerprint::fingerprint;
use crate::gateway::vouching::overview::{AttestationView, PersonView};
use crate::gateway::vouching::party::{Meeting, Met};
use crate::gateway::vouching::register::Owner;
use crate::gateway::vouching::standing::standing;
use crate::gateway::vouching::statement::{Attested, DigestOf, SignedMessage, Statement};
use crate::mail::reference::Reference;
use crate::store::Record;
use crate::terms::{SignatureState, Standing};
use crate::vault::{ContentKey, VerifyingKey};

/// The most attestations that a message carries: those that were made first.
pub const CARRIED_MAX: usize = 20;

/// The most octets of files that are verified when a message is opened. Of larger ones, the page says
/// that they were not.
pub const FILES_CHECKED_OCTETS_MAX: u64 = 64 << 20;

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
    /// The accounts inside that the header names.
    pub recipients: Vec<AccountId>,
}

/// The signature of a message as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureView {
    pub state: SignatureState,
    /// Who signed it; nobody of one that is missing or does not fit.
    pub person: Option<PersonView>,
    pub fingerprint: Option<String>,
    pub at: Option<Timestamp>,
    /// Whether the reader is one of those whom the signature names as recipients.
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
            fingerprint: None,
            at: None,
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
        hex(&self.owner.party.key.0)
    }

    /// Signs a message; returns what lies beside it, sealed under its key.
    pub fn sign(&self, signing: Signing, key: &ContentKey) -> Result<Sealed, Error> {
        let Signing { reference, at, head, files, mut recipients } = signing;
        recipients.sort_unstable();
        recipients.dedup();
        let sender = self.owner.party.clone();
        let reference = reference.to_bytes();
        let message = SignedMessage { reference, sender, at, head, files, recipients };
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
        if actor.is_temporary() || wanted == Some(false) {
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

    /// The signature of a message that the actor opened, verified; `None` if it has none and says
    /// nothing of one.
    pub fn message_signature(
        &self,
        actor: &Actor,
        item: &ItemView,
        content: &Content,
    ) -> Result<Option<SignatureView>, Error> {
        let Some(named) = content.signing_key() else { return Ok(None) };
        let reference = item.reference.to_bytes();
        let missing = || Ok(Some(SignatureView::bare(SignatureState::Missing)));
        let row = readable(content.beside(&MESSAGE_SIGNATURES, &binding(reference)))?.flatten();
        let Some(plain) = row else { return missing() };
        let carried = sealed_form::read::<CarriedSignature>(MESSAGE_SIGNATURES.name, &plain);
        let Some(carried) = readable(carried)? else { return missing() };
        let Some(message) = SignedMessage::parse(&carried.message.octets) else { return missing() };
        let CarriedSignature { message: signed, attested } = carried;
        let key = message.sender.key;
        let (head, files) = content.digests(FILES_CHECKED_OCTETS_MAX)?;
        let fits = key.has_signed(&signed.octets, &signed.signature)
            && hex(&key.0) == named
            && message.reference == reference
            && Some(&message.sender.address) == item.from_address.as_ref()
            && message.head == head
            && files.is_none_or(|files| message.files == files);
        if !fits {
            return Ok(Some(SignatureView::bare(SignatureState::Broken)));
        }
        let view = self.signature_view(actor, &message, &attested)?;
        Ok(Some(SignatureView { files_checked: files.is_some(), ..view }))
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
        let state = match met {
            Some(met) if met.person.party.address == sender.address => state_of(met, sender.key),
            _ => SignatureState::KeyChanged,
        };
        let person = met.map(Met::view).filter(|person| person.address == sender.address);
        let mut vouchers = Vec::new();
        for signed in attested.iter().take(CARRIED_MAX) {
            let read = Attested::parse(&signed.octets);
            let Some(one) = read.filter(|one| one.subject == *sender) else { continue };
            let shown = one.voucher.account;
            let mut view = meeting.attestation_view(&one, sender, (shown, now))?;
            if !one.voucher.key.has_signed(&signed.octets, &signed.signature) {
                view.standing = Standing::Forged;
            }
            vouchers.push(view);
        }
        let account = actor.account();
        Ok(SignatureView {
            state,
            person,
            fingerprint: Some(fingerprint(&sender.address, sender.key)),
            at: Some(message.at),
            names_reader: account == sender.account || message.recipients.contains(&account),
            files_checked: false,
            vouchers,
        })
    }
}

/// What a signature with this key is worth to one who knows its sender like that.
fn state_of(met: &Met, key: VerifyingKey) -> SignatureState {
    let known = &met.known;
    match key {
        key if key == known.key && met.is_known() => SignatureState::Valid,
        key if key == known.key || known.earlier.contains(&key) => SignatureState::EarlierKey,
        _ => SignatureState::KeyChanged,
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
        content.seal_beside(&binding(reference.to_bytes()), &plain)
    }
}
