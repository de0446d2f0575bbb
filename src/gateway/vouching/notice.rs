//! The notices about vouching: messages of the system in the mailbox of the other party.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::sealed_message::SealedMessage;
use crate::gateway::records::ids::AccountId;
use crate::gateway::vouching::statement::Party;
use crate::mail::vouching_text;
use crate::terms::Language;

pub(in crate::gateway) use crate::mail::vouching_text::About;

impl Gateway {
    /// Prepares the notice that the actor did something about `to`; the caller stores it. There is none to
    /// somebody in a closed group to whom the actor may not write, nor to an account that is not there or
    /// cannot be read: what is done is done without it.
    pub(in crate::gateway) fn vouch_notice(
        &self,
        to: AccountId,
        about: About,
        actor: &Actor,
        own: &Party,
    ) -> Result<Option<SealedMessage>, Error> {
        if !self.reaches_from(actor.account(), to)? {
            return Ok(None);
        }
        match self.vouch_notice_sealed(to, about, actor, own) {
            Err(error) if error.is_unreadable() || matches!(error, Error::NotFound { .. }) => {
                tracing::error!(%error, account.id = %to.to_text(), "a notice was not made");
                Ok(None)
            }
            made => made.map(Some),
        }
    }

    fn vouch_notice_sealed(
        &self,
        to: AccountId,
        about: About,
        actor: &Actor,
        own: &Party,
    ) -> Result<SealedMessage, Error> {
        let reference = self.reference_new();
        // Who may not write to the actor may not see the name.
        let name = match self.reaches_from(to, actor.account())? {
            true => self.account(actor.account())?.display_name,
            false => String::new(),
        };
        let language = self.language_of(to)?.unwrap_or(Language::English);
        let who = match name.is_empty() {
            true => own.address.clone(),
            false => format!("{name} <{}>", own.address),
        };
        let number = reference.to_string();
        let subject = vouching_text::subject(language, about, &number);
        let text = vouching_text::text(language, about, &who, &number);
        self.plain_notice(to, reference, (subject, &text))
    }
}
