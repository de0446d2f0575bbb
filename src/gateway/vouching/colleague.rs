//! Colleagues: people inside whom one can look for, and see who vouches for them.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::vouching::fingerprint::{fingerprint, is_same};
use crate::gateway::vouching::overview::{AttestationView, PersonView, ProblemView};
use crate::gateway::vouching::party::{Meeting, NOBODY};
use crate::terms::VouchProblem;

/// A colleague, as the actor sees one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColleagueView {
    pub person: PersonView,
    /// Whether the key is another one than the actor knows.
    pub key_changed: bool,
    pub received: Vec<AttestationView>,
    pub problems: Vec<ProblemView>,
}

/// The colleagues who were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColleaguesPage {
    /// Whether there is a directory at this site.
    pub enabled: bool,
    pub items: Vec<PersonView>,
    pub more: bool,
    /// The ID of the one whose login name or address the question is as a whole.
    pub exact: Option<String>,
}

impl Gateway {
    /// The people inside whom the directory finds, with their opaque IDs; those without a signing key
    /// are left out.
    pub fn colleague_find(
        &self,
        actor: &Actor,
        question: &str,
        limit: usize,
    ) -> Result<ColleaguesPage, Error> {
        let page = self.colleagues(actor, question, limit)?;
        let asker = self.asker(actor.account())?;
        let (mut items, mut exact) = (Vec::with_capacity(page.items.len()), None);
        for one in page.items {
            let Some(id) = self.account_at(&one.address)? else { continue };
            // A further address stands for itself, and so does one in a closed group: whose it is, is not
            // said.
            let is_first = self.account(id)?.addresses.first() == Some(&one.address);
            if !is_first || !self.reaches(&asker, id)? {
                continue;
            }
            if self.signing_key(id)?.is_some_and(|key| !key.ended) {
                let (id, name, address) = (id.to_text(), one.name, one.address);
                if one.exact {
                    exact = Some(id.clone());
                }
                items.push(PersonView { id, name, address });
            }
        }
        Ok(ColleaguesPage { enabled: page.enabled, items, more: page.more, exact })
    }

    /// A colleague, with what each attestation is worth to the actor.
    pub fn colleague(&self, actor: &Actor, id: &str) -> Result<ColleagueView, Error> {
        let person = self.colleague_at(actor, id)?;
        let mut meeting = Meeting::new(self, actor);
        let met = meeting.meet(person.party.account)?.ok_or(NOBODY)?.clone();
        let mut looked = self.received_look(actor, &mut meeting, &met)?;
        let key_changed = !met.is_known();
        let mut problem = |kind| {
            looked.problems.insert(0, ProblemView { kind, person: met.view() });
        };
        if key_changed {
            problem(VouchProblem::KeyChanged);
        } else if met.is_rolled_back() {
            problem(VouchProblem::RegisterOld);
        }
        Ok(ColleagueView {
            person: met.view(),
            key_changed,
            received: looked.views,
            problems: looked.problems,
        })
    }

    /// Accepts a colleague's key, whose fingerprint the actor compared, in place of the one that was
    /// known.
    pub fn colleague_key_accept(
        &self,
        actor: &Actor,
        id: &str,
        compared: &str,
    ) -> Result<(), Error> {
        let person = self.colleague_at(actor, id)?;
        let shown = fingerprint(&person.party.address, person.party.key);
        match is_same(compared, &shown) {
            true => self.colleague_key_keep(actor, &person),
            false => Err(Error::Conflict(Conflict::KeyDiffers)),
        }
    }
}
