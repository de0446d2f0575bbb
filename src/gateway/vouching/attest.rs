//! Attesting, and revoking what was attested: both are signed with the voucher's key, in the voucher's
//! own session.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::accounts::known_key::KnownKey;
use crate::gateway::accounts::signing;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error, readable, undamaged};
use crate::gateway::groups::computed::{attested_in_tx, revoked_in_tx};
use crate::gateway::mailboxes::item::OpenedEpochs;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ATTESTATIONS, VOUCH_REQUESTS};
use crate::gateway::records::vouching::{Attestation, RequestSide, SealedNote, VouchRequest};
use crate::gateway::text::parse_hex;
use crate::gateway::vouching::fingerprint::{fingerprint, is_same};
use crate::gateway::vouching::notice::About;
use crate::gateway::vouching::party::Person;
use crate::gateway::vouching::register::{Change, Owner, tried};
use crate::gateway::vouching::request::answered_in_tx;
use crate::gateway::vouching::statement::{
    Attested, DigestOf, REGISTER_ENTRIES_MAX, Registered, Revoked, Statement,
};
use crate::store::Read;
use crate::terms::Acquaintance;
use crate::vault::{self, ContentKey};

/// The longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 500;

/// The longest time for which an attestation is made, if it is to end by itself.
const ENDS_SECS_MAX: i64 = 20 * 366 * 24 * 60 * 60;

const NO_ATTESTATION: Error = Error::NotFound { what: "attestation" };

/// What a voucher attests.
#[derive(Clone, Debug)]
pub struct NewAttestation {
    /// The colleague's opaque ID.
    pub colleague: String,
    /// What the voucher compared: the fingerprint of the colleague's key.
    pub fingerprint: String,
    pub how: Acquaintance,
    pub ends: Option<Timestamp>,
    /// For the two parties alone.
    pub note: Option<String>,
}

/// A note, sealed, and its digest for the statement.
struct NewNote {
    note: SealedNote,
    digest: DigestOf,
    epoch: Arc<crate::gateway::mailboxes::epoch::Arriving>,
}

fn note_binding(subject: AccountId, voucher: AccountId) -> Vec<u8> {
    [b"vouch note\0".as_slice(), &subject.0, &voucher.0].concat()
}

/// The octets that make a note's digest impossible to guess.
const SALT_OCTETS: usize = 32;

impl Gateway {
    /// Vouches for a colleague who asked for it, or for whom the actor vouches already.
    pub fn vouch_attest(&self, actor: &Actor, new: &NewAttestation) -> Result<(), Error> {
        let now = self.inner.clock.now();
        let person = self.colleague_at(actor, &new.colleague)?;
        if person.party.account == actor.account() {
            return Err(Error::Denied { reason: "nobody vouches for oneself" });
        }
        checked(new, now)?;
        let shown = fingerprint(&person.party.address, person.party.key);
        if !is_same(&new.fingerprint, &shown) {
            return Err(Error::Conflict(Conflict::KeyDiffers));
        }
        let text = new.note.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let note = text.map(|text| self.note_new(actor, &person, text)).transpose()?;
        let note = note.map(Arc::new);
        tried(|| {
            let owner = self.register_owner(actor)?;
            let attested = Attested {
                voucher: owner.party.clone(),
                subject: person.party.clone(),
                how: new.how,
                at: now,
                ends: new.ends,
                note: note.as_ref().map(|note| note.digest),
            };
            self.attestation_store(actor, &owner, &attested, note.clone())
        })?;
        // The key was compared: it is the one that the voucher goes by from now on.
        self.colleague_key_keep(actor, &person)?;
        self.groups_follow(actor);
        tracing::info!(account.id = %actor.account().to_text(), "an attestation was made");
        Ok(())
    }

    /// Stores an attestation in one transaction with the register that lists it. It is news, and the
    /// other person gets a notice, unless one about the same keys is in force.
    fn attestation_store(
        &self,
        actor: &Actor,
        owner: &Owner,
        attested: &Attested,
        note: Option<Arc<NewNote>>,
    ) -> Result<(), Error> {
        let (subject, voucher) = (attested.subject.account, attested.voucher.account);
        let register =
            self.register_new(actor, owner, Change::Given(subject, attested.digest()))?;
        let notice = self.vouch_notice(subject, About::Vouched, actor, &owner.party)?;
        let row = Attestation {
            attested: attested.signed(&owner.pair),
            revoked: None,
            note: note.as_ref().map(|note| note.note.clone()),
            key_changed: false,
        };
        let found = undamaged(self.inner.store.get(&ATTESTATIONS, &(subject, voucher)))?;
        let before = found.as_ref().and_then(|row| lasting(row, (subject, voucher), attested.at));
        let before = before.filter(|before| before.voucher.key == owner.party.key);
        let attested = attested.clone();
        let given = attested.given();
        let done = self.transact(move |tx| {
            if undamaged(tx.get(&ATTESTATIONS, &(subject, voucher)))? != found {
                return Err(Error::Busy);
            }
            let is_first = found.is_none();
            if before.is_none() && !is_asked(tx, voucher, subject)? {
                return Err(Error::Denied { reason: "this person did not ask to be vouched for" });
            }
            let received = tx.count(&ATTESTATIONS, &subject)?;
            if is_first && received >= REGISTER_ENTRIES_MAX as u64 {
                return Err(Error::OverQuota);
            }
            match signing::current_in_tx(tx, subject, attested.subject.key) {
                Err(Error::Busy) => return Err(Error::Conflict(Conflict::KeyDiffers)),
                current => current?,
            }
            register.store_in_tx(tx)?;
            if let Some(note) = &note {
                note.epoch.store_in_tx(tx, subject)?;
            }
            // Before the row changes: who counted until now stays as before.
            attested_in_tx(tx, &given, attested.at)?;
            tx.put(&ATTESTATIONS, &(subject, voucher), &row)?;
            answered_in_tx(tx, voucher, subject);
            let is_same =
                before.as_ref().is_some_and(|one| one.subject.key == attested.subject.key);
            match notice.as_ref().filter(|_| !is_same) {
                Some(notice) => notice.store_in_tx(tx),
                None => Ok(()),
            }
        });
        done.wait()
    }

    /// Ends an attestation that the actor made. It has effect at the next request of anybody.
    pub fn vouch_revoke(&self, actor: &Actor, colleague: &str) -> Result<(), Error> {
        let subject = parse_hex(colleague).map(AccountId).ok_or(NO_ATTESTATION)?;
        tried(|| self.attestation_revoke(actor, subject))?;
        self.groups_follow(actor);
        tracing::info!(account.id = %actor.account().to_text(), "an attestation was revoked");
        Ok(())
    }

    /// The revocation itself, after which only rows are left to clear away.
    pub(super) fn attestation_revoke(
        &self,
        actor: &Actor,
        subject: AccountId,
    ) -> Result<(), Error> {
        let (voucher, now) = (actor.account(), self.inner.clock.now());
        let owner = self.register_owner(actor)?;
        let row = readable(self.inner.store.get(&ATTESTATIONS, &(subject, voucher)))?.flatten();
        let is_listed = self
            .register_of(voucher, owner.party.key)?
            .is_some_and(|register| register.given.iter().any(|(account, _)| *account == subject));
        // Only what the actor attested is revoked: anything could lie there. The list is enough.
        let own = row.as_ref().and_then(|row| row.read((subject, voucher)));
        let own = own.filter(|attested| attested.voucher.key == owner.party.key);
        if own.is_none() && !is_listed {
            return Err(NO_ATTESTATION);
        }
        let is_in_force = |row: &Attestation| row.revoked.is_none();
        let revoked = own.filter(|_| row.as_ref().is_some_and(is_in_force)).map(|attested| {
            let attestation = attested.digest();
            Revoked { attestation, voucher: owner.party.key, at: now }.signed(&owner.pair)
        });
        let register = self.register_new(actor, &owner, Change::Revoked(subject))?;
        let notice = self.vouch_notice(subject, About::Revoked, actor, &owner.party)?;
        let notice = notice.filter(|_| is_listed || revoked.is_some());
        let done = self.transact(move |tx| {
            register.store_in_tx(tx)?;
            if let Some(revoked) = &revoked {
                let found = readable(tx.get(&ATTESTATIONS, &(subject, voucher)))?.flatten();
                let Some(mut found) = found.filter(|found| row.as_ref() == Some(found)) else {
                    return Err(Error::Busy);
                };
                found.revoked = Some(revoked.clone());
                tx.put(&ATTESTATIONS, &(subject, voucher), &found)?;
            }
            revoked_in_tx(tx, (voucher, subject))?;
            notice.as_ref().map_or(Ok(()), |notice| notice.store_in_tx(tx))
        });
        done.wait()
    }

    /// Signs the actor's list of attestations again, after the actor looked at one that is older than
    /// the last. That an own key was lost is known from then on, too.
    pub fn vouch_register_confirm(&self, actor: &Actor) -> Result<(), Error> {
        tried(|| {
            let owner = self.register_owner(actor)?;
            let register = self.register_new(actor, &owner, Change::Confirmed)?;
            let done = self.transact(move |tx| register.store_in_tx(tx));
            done.wait()
        })
    }

    /// Keeps a colleague's key as the one that the actor goes by.
    pub(in crate::gateway) fn colleague_key_keep(
        &self,
        actor: &Actor,
        person: &Person,
    ) -> Result<(), Error> {
        let party = &person.party;
        let own = (actor.account(), actor.secret());
        tried(|| {
            let register = self.register_of(party.account, party.key)?;
            let (row, before) = self.known_row(own, party.account)?;
            let known = KnownKey::instead(before, party.key, self.inner.clock.now());
            let known = known.after(register.as_ref().map(Registered::seen));
            match self.known_key_keep(own, party.account, (row, &known))? {
                true => Ok(()),
                false => Err(Error::Busy),
            }
        })
    }

    fn note_new(&self, actor: &Actor, subject: &Person, text: &str) -> Result<NewNote, Error> {
        let (subject, voucher) = (subject.party.account, actor.account());
        let bound = note_binding(subject, voucher);
        let salt = vault::random_bytes::<SALT_OCTETS>()?;
        let plain = zeroize::Zeroizing::new([&salt[..], text.as_bytes()].concat());
        let key = ContentKey::generate()?;
        let epoch = self.epoch_arriving(subject)?;
        let note = SealedNote {
            sealed_text: key.seal_beside(&bound, &plain)?,
            wrapped_for_voucher: actor.secret().wrap_content(&bound, &key)?,
            epoch: epoch.id,
            wrapped_for_subject: epoch.keys.wrap_content(&bound, &key)?,
        };
        Ok(NewNote { note, digest: vault::digest(&plain), epoch })
    }

    /// Opens the note of an attestation, for one of its two parties. One that is not the note that
    /// the voucher signed is none.
    pub(in crate::gateway) fn note_text(
        &self,
        actor: &Actor,
        attested: &Attested,
        note: Option<&SealedNote>,
    ) -> Option<String> {
        let (note, digest) = (note?, attested.note?);
        let (subject, voucher) = (attested.subject.account, attested.voucher.account);
        let bound = note_binding(subject, voucher);
        let key = if actor.account() == voucher {
            actor.secret().unwrap_content(&bound, &note.wrapped_for_voucher).ok()?
        } else if actor.account() == subject {
            let mut epochs = OpenedEpochs::new(self, actor);
            let epoch = epochs.get(note.epoch).ok()?;
            epoch.unwrap_content(&bound, &note.wrapped_for_subject).ok()?
        } else {
            return None;
        };
        let plain = key.open_beside(&bound, &note.sealed_text).ok()?;
        let text = plain.get(SALT_OCTETS..).filter(|_| vault::digest(&plain) == digest)?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// Whether the voucher was asked to vouch for somebody.
fn is_asked(reader: &impl Read, voucher: AccountId, subject: AccountId) -> Result<bool, Error> {
    let asked: Option<VouchRequest> = reader.get(&VOUCH_REQUESTS, &(voucher, subject))?;
    Ok(asked.is_some_and(|row| row.side == RequestSide::Asked && row.is_open()))
}

/// An attestation that is neither revoked nor over.
fn lasting(row: &Attestation, key: (AccountId, AccountId), now: Timestamp) -> Option<Attested> {
    let attested = row.read(key).filter(|_| row.revoked.is_none());
    attested.filter(|attested| attested.ends.is_none_or(|ends| ends > now))
}

fn checked(new: &NewAttestation, now: Timestamp) -> Result<(), Error> {
    let invalid = |what: &str| Err(Error::Invalid { what: what.to_owned() });
    if new.note.as_ref().is_some_and(|note| note.chars().count() > NOTE_CHARS_MAX) {
        return invalid(&format!("a note can have at most {NOTE_CHARS_MAX} characters"));
    }
    match new.ends {
        Some(ends) if ends <= now => invalid("an attestation ends in the future"),
        Some(ends) if ends > now.plus_secs(ENDS_SECS_MAX) => {
            invalid("an attestation ends within twenty years, or not by itself")
        }
        _ => Ok(()),
    }
}
