//! The sender's consent to a message leaving unprotected.

use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::outgoing::draft::DraftView;
use crate::gateway::outgoing::plan::Planned;
use crate::gateway::{Gateway, text};
use crate::terms::Route;
use crate::vault::Lookup;

/// The consent that is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub token: String,
    pub addresses: Vec<String>,
    /// The text to type, required if a sealed thread would leave unprotected.
    pub typed: Option<String>,
}

impl Gateway {
    /// The consent that is required before anything leaves, or `None`.
    pub(in crate::gateway) fn consent_needed(
        &self,
        actor: &Actor,
        view: &DraftView,
        clear: &[&Planned],
        sealed_leaves: bool,
    ) -> Result<Option<Consent>, Error> {
        let asked = clear.iter().filter(|one| sealed_leaves || one.decision.route == Route::Ask);
        let addresses: Vec<String> = asked.map(|one| one.address.to_string()).collect();
        let Some(first) = addresses.first() else { return Ok(None) };
        let typed = sealed_leaves.then(|| first.clone());
        // Bound to everything that the consent covers: another version needs a new consent.
        let about = format!("{}\0{}\0{}", view.id, view.version, addresses.join("\0"));
        let bound = [actor.account().0.as_slice(), about.as_bytes()].concat();
        let token = text::hex(&self.inner.vault.lookup(Lookup::Consent, &bound));
        Ok(Some(Consent { token, addresses, typed }))
    }
}

impl Consent {
    pub(in crate::gateway) fn is_given(&self, token: Option<&str>, typed: Option<&str>) -> bool {
        let phrase = match &self.typed {
            Some(phrase) => typed.is_some_and(|typed| typed.trim() == phrase),
            None => true,
        };
        phrase && token == Some(self.token.as_str())
    }
}
