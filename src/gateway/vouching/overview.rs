//! What people see of vouching: their own key, requests, and attestations with what each is worth.
//!
//! Every attestation is verified as it is shown. What a register lists and is not there, and what is
//! there and no register lists, is a problem that the page names.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, readable};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ATTESTATIONS, SIGNING_KEYS, VOUCH_REQUESTS};
use crate::gateway::records::vouching::{Attestation, RequestSide};
use crate::gateway::vouching::fingerprint::fingerprint;
use crate::gateway::vouching::party::{Meeting, Met, NOBODY, is_removed};
use crate::gateway::vouching::register::Owner;
use crate::gateway::vouching::standing::standing;
use crate::gateway::vouching::statement::{Attested, DigestOf, Party, Statement};
use crate::store::Read;
use crate::terms::{Acquaintance, Standing, VouchProblem};

/// A person inside, as others know one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonView {
    /// The opaque ID.
    pub id: String,
    pub name: Option<String>,
    pub address: String,
}

/// An attestation as its reader sees it; the person is the other party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationView {
    pub person: PersonView,
    /// What it says; nothing of one that was changed.
    pub how: Option<Acquaintance>,
    pub at: Option<Timestamp>,
    pub ends: Option<Timestamp>,
    pub standing: Standing,
    pub note: Option<String>,
}

/// An open request; the person is the other party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestView {
    pub person: PersonView,
    pub side: RequestSide,
    pub at: Timestamp,
}

/// Something that does not fit what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemView {
    pub kind: VouchProblem,
    pub person: PersonView,
}

/// The own signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKeyView {
    pub person: PersonView,
    pub fingerprint: String,
    pub since: Timestamp,
    /// Whether messages are signed unless their sender says otherwise.
    pub signs: bool,
}

/// Everything about vouching that concerns the actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    pub own: OwnKeyView,
    pub requests: Vec<RequestView>,
    pub given: Vec<AttestationView>,
    pub received: Vec<AttestationView>,
    pub problems: Vec<ProblemView>,
}

impl Met {
    /// Whether this voucher gives another attestation about `subject` than the one with this digest:
    /// the `listed` one of the subject's own register, or another.
    fn gives_other(&self, subject: &Party, digest: DigestOf, listed: Option<&DigestOf>) -> bool {
        if listed.is_some_and(|listed| self.still_gives(subject.account, *listed)) {
            return true;
        }
        let given = self.register.iter().flat_map(|register| &register.given);
        let mut given = given.filter(|(account, _)| *account == subject.account);
        given.any(|(_, given)| *given != digest)
    }

    /// The person, without the name if the reader may not see it.
    pub(in crate::gateway) fn view(&self) -> PersonView {
        let Party { account, address, .. } = &self.person.party;
        let name = self.person.name.clone().filter(|_| self.reached);
        PersonView { id: account.to_text(), name, address: address.clone() }
    }
}

/// Attestations that were looked at, and what is wrong with them.
#[derive(Default)]
pub(in crate::gateway) struct Looked {
    pub views: Vec<AttestationView>,
    pub problems: Vec<ProblemView>,
}

impl Looked {
    fn problem(&mut self, kind: VouchProblem, person: &PersonView) {
        self.problems.push(ProblemView { kind, person: person.clone() });
    }

    /// Adds an attestation, and the problem that it is if it is one.
    fn add(&mut self, view: AttestationView) {
        match view.standing {
            Standing::Forged => self.problem(VouchProblem::Forged, &view.person),
            Standing::Ended => self.problem(VouchProblem::Added, &view.person),
            Standing::InForce | Standing::Expired | Standing::KeyChanged | Standing::Doubtful => {}
        }
        self.views.push(view);
    }
}

impl Meeting<'_> {
    /// How the reader sees an account, of which nothing more may be known than its ID.
    pub(in crate::gateway) fn view_of(&mut self, id: AccountId) -> Result<PersonView, Error> {
        self.view_or(id, "")
    }

    /// The same, with an address that the reader has seen of somebody of whom no more may be seen.
    fn view_or(&mut self, id: AccountId, seen: &str) -> Result<PersonView, Error> {
        let hidden = self.is_hidden(id)?;
        let met = self.meet(id)?.filter(|met| met.reached || !hidden).map(Met::view);
        let bare = || PersonView { id: id.to_text(), name: None, address: seen.to_owned() };
        Ok(met.unwrap_or_else(bare))
    }

    /// How an attestation is shown, by its reader's knowledge of the voucher. `shown` is the other
    /// party.
    pub(in crate::gateway) fn attestation_view(
        &mut self,
        attested: &Attested,
        subject: &Party,
        (shown, now): (AccountId, Timestamp),
    ) -> Result<AttestationView, Error> {
        let voucher = self.meet(attested.voucher.account)?;
        let standing = standing(attested, voucher, subject, now);
        let signed = [&attested.voucher, &attested.subject];
        let signed = signed.into_iter().find(|party| party.account == shown);
        Ok(AttestationView {
            person: self.view_or(shown, signed.map_or("", |party| &party.address))?,
            how: Some(attested.how),
            at: Some(attested.at),
            ends: attested.ends,
            standing,
            note: None,
        })
    }

    fn forged_view(&mut self, shown: AccountId) -> Result<AttestationView, Error> {
        Ok(AttestationView {
            person: self.view_of(shown)?,
            how: None,
            at: None,
            ends: None,
            standing: Standing::Forged,
            note: None,
        })
    }
}

impl Gateway {
    /// Everything about vouching that concerns the actor.
    pub fn vouching(&self, actor: &Actor) -> Result<Overview, Error> {
        let owner = self.register_refresh(actor)?;
        let account = actor.account();
        let mut meeting = Meeting::new(self, actor);
        let met = meeting.meet(account)?.ok_or(NOBODY)?.clone();
        let mut given = self.given_look(actor, &mut meeting, &met)?;
        let mut received = self.received_look(actor, &mut meeting, &met)?;
        let mut problems = Vec::new();
        if met.known.lost.is_some() {
            problems.push(ProblemView { kind: VouchProblem::OwnKeyLost, person: met.view() });
        }
        if met.is_rolled_back() {
            problems.push(ProblemView { kind: VouchProblem::RegisterOld, person: met.view() });
        }
        problems.append(&mut given.problems);
        problems.append(&mut received.problems);
        let requests = self.requests_look(account, &mut meeting)?;
        Ok(Overview {
            own: self.own_key_view(&owner, &met)?,
            requests,
            given: given.views,
            received: received.views,
            problems,
        })
    }

    fn own_key_view(&self, owner: &Owner, met: &Met) -> Result<OwnKeyView, Error> {
        let row = self.signing_key(owner.party.account)?.ok_or(NOBODY)?;
        Ok(OwnKeyView {
            person: met.view(),
            fingerprint: fingerprint(&owner.party.address, owner.party.key),
            since: row.since,
            signs: row.signs,
        })
    }

    /// Whether the actor's messages are signed unless the actor says otherwise.
    pub fn signs(&self, actor: &Actor) -> Result<bool, Error> {
        Ok(self.signing_key(actor.account())?.is_none_or(|row| row.signs))
    }

    /// Sets whether the actor's messages are signed unless the actor says otherwise.
    pub fn signing_set(&self, actor: &Actor, signs: bool) -> Result<(), Error> {
        self.signing_pair(actor)?;
        let account = actor.account();
        let done = self.inner.store.transact(move |tx| {
            let mut row = tx.get(&SIGNING_KEYS, &account)?.ok_or(NOBODY)?;
            row.signs = signs;
            Ok::<_, Error>(tx.put(&SIGNING_KEYS, &account, &row)?)
        });
        done.wait()
    }

    fn requests_look(
        &self,
        account: AccountId,
        meeting: &mut Meeting<'_>,
    ) -> Result<Vec<RequestView>, Error> {
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&VOUCH_REQUESTS, &account, |(_, other), row| {
            if row.is_open() {
                rows.push((other, row));
            }
            ControlFlow::Continue(())
        })?;
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.at));
        let mut requests = Vec::with_capacity(rows.len());
        for (other, row) in rows {
            // Who has come into a closed group since then is not seen.
            if meeting.reaches(other)? {
                let person = meeting.view_of(other)?;
                requests.push(RequestView { person, side: row.side, at: row.at });
            }
        }
        Ok(requests)
    }

    /// The attestations that the actor's register says were made.
    fn given_look(
        &self,
        actor: &Actor,
        meeting: &mut Meeting<'_>,
        own: &Met,
    ) -> Result<Looked, Error> {
        let (mut looked, now) = (Looked::default(), self.inner.clock.now());
        let voucher = own.person.party.account;
        let given = own.register.as_ref().map_or(&[][..], |register| &register.given);
        for (subject, digest) in given {
            if is_removed(&self.inner.store, *subject)? {
                continue;
            }
            let row = readable(self.inner.store.get(&ATTESTATIONS, &(*subject, voucher)))?;
            let Some(row) = row.flatten() else {
                looked.problem(VouchProblem::LeftOut, &meeting.view_of(*subject)?);
                continue;
            };
            let read = row.read((*subject, voucher));
            let Some(attested) = read.filter(|attested| attested.digest() == *digest) else {
                looked.add(meeting.forged_view(*subject)?);
                continue;
            };
            let (current, ended) = match meeting.meet(*subject)? {
                Some(met) => (met.person.party.clone(), met.person.ended),
                None => (attested.subject.clone(), false),
            };
            let mut view = meeting.attestation_view(&attested, &current, (*subject, now))?;
            if ended && view.standing == Standing::InForce {
                view.standing = Standing::KeyChanged;
            }
            view.note = self.note_text(actor, &attested, row.note.as_ref());
            looked.add(view);
        }
        looked.views.sort_by_key(|view| std::cmp::Reverse(view.at));
        Ok(looked)
    }

    /// The attestations about somebody, with what that person's register says was left out.
    pub(in crate::gateway) fn received_look(
        &self,
        actor: &Actor,
        meeting: &mut Meeting<'_>,
        subject: &Met,
    ) -> Result<Looked, Error> {
        let (mut looked, now) = (Looked::default(), self.inner.clock.now());
        let party = &subject.person.party;
        let is_own = party.account == actor.account();
        // Whom the reader may not see is not named as a voucher either, nor missed.
        let mut sees = |voucher| {
            let is_seen = is_own || meeting.reaches(voucher)?;
            Ok::<_, Error>(is_seen && !is_removed(&self.inner.store, voucher)?)
        };
        let mut rows = Vec::new();
        for (voucher, row) in self.attestations_of(party.account)? {
            if sees(voucher)? {
                rows.push((voucher, row));
            }
        }
        let mut listed = Vec::new();
        for one in subject.register.iter().flat_map(|register| &register.received) {
            if sees(one.0)? {
                listed.push(*one);
            }
        }
        for (voucher, _) in &listed {
            if !rows.iter().any(|(other, _)| other == voucher) {
                looked.problem(VouchProblem::LeftOut, &meeting.view_of(*voucher)?);
            }
        }
        let listed: HashMap<AccountId, DigestOf> = listed.into_iter().collect();
        for (voucher, row) in rows {
            let Some(attested) = row.read((party.account, voucher)) else {
                looked.add(meeting.forged_view(voucher)?);
                continue;
            };
            // In the place of the one that is in force lies an older one, or another.
            let (digest, other) = (attested.digest(), listed.get(&voucher));
            let other = other.filter(|other| **other != digest);
            if meeting.meet(voucher)?.is_some_and(|met| met.gives_other(party, digest, other)) {
                looked.problem(VouchProblem::LeftOut, &meeting.view_of(voucher)?);
                continue;
            }
            // What its voucher revoked is shown no more, and neither is what ended by itself.
            if row.revocation(&attested).is_some() {
                let met = meeting.meet(voucher)?;
                if met.is_some_and(|met| met.still_gives(party.account, digest)) {
                    looked.problem(VouchProblem::LeftOut, &meeting.view_of(voucher)?);
                }
                continue;
            }
            let mut view = meeting.attestation_view(&attested, party, (voucher, now))?;
            if view.standing == Standing::Expired {
                continue;
            }
            view.note = self.note_text(actor, &attested, row.note.as_ref());
            looked.add(view);
        }
        looked.views.sort_by_key(|view| std::cmp::Reverse(view.at));
        Ok(looked)
    }

    /// The rows of the attestations about an account.
    pub(in crate::gateway) fn attestations_of(
        &self,
        subject: AccountId,
    ) -> Result<Vec<(AccountId, Attestation)>, Error> {
        let mut rows = Vec::new();
        self.inner.store.scan_readable(&ATTESTATIONS, &subject, |(_, voucher), row| {
            rows.push((voucher, row));
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }
}
