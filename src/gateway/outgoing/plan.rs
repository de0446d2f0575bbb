//! The route of each recipient of a submission, by the policy.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::groups::facts::To;
use crate::gateway::incoming::receive::READERS_MAX;
use crate::gateway::incoming::recipient::{Origin, Reached, Reason, RecipientVerdict};
use crate::gateway::outgoing::draft::DraftContent;
use crate::gateway::outgoing::sender::Sender;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::queue::TlsNeed;
use crate::gateway::records::submission::{Delivery, Step};
use crate::gateway::records::tables::UPLOADS;
use crate::gateway::site::policy::{self, Asked, Decision};
use crate::mail::address::Address;
use crate::mail::envelope::ForwardPath;
use crate::mail::reference::Reference;
use crate::mail::{message, notice_refusal};
use crate::store::Read;
use crate::terms::{DeliveryState, Language, Level, NotSent, RelationKind, Route};

/// What would happen to a message for one recipient.
#[derive(Clone, Debug)]
pub struct Check {
    /// As it was asked for.
    pub address: String,
    /// The address of the person inside, if it was asked for by a login name.
    pub resolved: Option<String>,
    pub decision: Decision,
    pub reason: Option<NotSent>,
}

impl From<Reason> for NotSent {
    fn from(reason: Reason) -> NotSent {
        match reason {
            Reason::UnknownRecipient => NotSent::UnknownRecipient,
            Reason::NotLocal => NotSent::NotLocal,
            Reason::AcceptFrom => NotSent::AcceptFrom,
            Reason::Disabled => NotSent::Disabled,
            Reason::NotNow => NotSent::NotNow,
            Reason::Intranet => NotSent::Intranet,
            Reason::MailboxFull => NotSent::MailboxFull,
            Reason::ClosedGroup => NotSent::ClosedGroup,
            Reason::GroupWriters => NotSent::GroupWriters,
        }
    }
}

/// One recipient with its route.
pub(in crate::gateway) struct Planned {
    pub address: Address,
    pub decision: Decision,
    pub target: Target,
    pub consent: Option<Timestamp>,
}

pub(in crate::gateway) enum Target {
    Inside(AccountId),
    /// The members of a group who get it through the group's address.
    Group(Vec<AccountId>),
    TemporaryAccount,
    Queue(TlsNeed),
    /// The message is not sent, for this reason.
    Nowhere(NotSent),
}

impl Planned {
    pub(in crate::gateway) fn leaves_in_clear(&self) -> bool {
        matches!(self.target, Target::Queue(_))
    }

    pub(in crate::gateway) fn refused_state(&self) -> DeliveryState {
        match self.decision.route {
            Route::Refused => DeliveryState::Refused,
            _ => DeliveryState::Failed,
        }
    }

    /// The reason why nothing is sent and whose rule it is, in the sender's language.
    pub(in crate::gateway) fn detail(&self, reason: NotSent, language: Language) -> String {
        notice_refusal::refusal(language, reason, self.decision.level)
    }

    pub(in crate::gateway) fn delivery(&self, now: Timestamp, language: Language) -> Delivery {
        let step = |state, detail| Step { state, at: now, note: None, detail, tried: 0 };
        let mut history = vec![step(DeliveryState::Accepted, None)];
        if let Target::Nowhere(reason) = self.target {
            let detail = Some(self.detail(reason, language));
            history.push(step(self.refused_state(), detail));
        }
        Delivery {
            address: self.address.to_string(),
            account: None,
            route: self.decision.route,
            history,
            reason: None,
            consent: self.consent,
        }
    }
}

impl Gateway {
    /// The routes that a message of the actor would take to these recipients.
    pub fn outgoing_check(
        &self,
        actor: &Actor,
        addresses: &[String],
        content: &DraftContent,
    ) -> Result<Vec<Check>, Error> {
        let sender = self.sender(actor)?;
        let octets = self.octets_of(actor, content)?;
        let mut checks = Vec::with_capacity(addresses.len());
        for text in addresses {
            checks.push(self.check_one(&sender, text, content, octets)?);
        }
        Ok(checks)
    }

    fn check_one(
        &self,
        sender: &Sender,
        text: &str,
        content: &DraftContent,
        octets: u64,
    ) -> Result<Check, Error> {
        let (parsed, resolved) = match Address::parse(text) {
            Ok(address) => (Some(address), None),
            Err(_) => {
                let resolved = self.address_of_colleague(&sender.asker, text)?;
                (resolved.as_deref().and_then(|text| Address::parse(text).ok()), resolved)
            }
        };
        let address = text.to_owned();
        let Some(parsed) = parsed else {
            let decision = Decision::refused(Level::Message);
            return Ok(Check { address, resolved, decision, reason: Some(NotSent::NoAddress) });
        };
        let planned = self.plan_one(sender, &parsed, content, octets)?;
        let reason = match planned.target {
            Target::Nowhere(reason) => Some(reason),
            _ => None,
        };
        Ok(Check { address, resolved, decision: planned.decision, reason })
    }

    /// The routes to all recipients, each account once.
    pub(in crate::gateway) fn plan(
        &self,
        actor: &Actor,
        sender: &Sender,
        content: &DraftContent,
    ) -> Result<Vec<Planned>, Error> {
        let (mut plan, mut seen) = (Vec::new(), BTreeSet::new());
        let octets = self.octets_of(actor, content)?;
        for one in content.everybody() {
            let invalid =
                |_| Error::Invalid { what: format!("{:?} is not a valid address", one.address) };
            let address = Address::parse(&one.address).map_err(invalid)?;
            if !seen.insert(address.normalized()) {
                continue;
            }
            let planned = self.plan_one(sender, &address, content, octets)?;
            let twice = |other: &Planned| match (&other.target, &planned.target) {
                (Target::Inside(a), Target::Inside(b)) => a == b,
                _ => false,
            };
            if !plan.iter().any(twice) {
                plan.push(planned);
            }
        }
        each_once(sender.account, &mut plan)?;
        match plan.is_empty() {
            true => Err(Error::Invalid { what: "the message has no recipient".to_owned() }),
            false => self.plan_allowed(actor, content, plan),
        }
    }

    /// Checks that a temporary account only replies within its conversation.
    fn plan_allowed(
        &self,
        actor: &Actor,
        content: &DraftContent,
        plan: Vec<Planned>,
    ) -> Result<Vec<Planned>, Error> {
        if self.temporary(actor.account())?.is_none() {
            return Ok(plan);
        }
        let denied = Error::Denied { reason: "a temporary account can only reply" };
        let related = content.related.filter(|one| one.kind != RelationKind::Forward);
        let Some(related) = related else { return Err(denied) };
        let reference = Reference::from_bytes(related.message)
            .ok_or(Error::Denied { reason: "a temporary account can only reply" })?;
        let (item, message) = self.message_raw(actor, reference)?;
        // A notice of the system belongs to no conversation.
        if item.notice.is_some() {
            return Err(denied);
        }
        let view = message::view(message.shown());
        let people = view.from.iter().chain(&view.to).chain(&view.cc).chain(&view.reply_to);
        let known: BTreeSet<String> = people
            .filter_map(|one| Address::parse(one.address.as_deref()?).ok())
            .map(|address| address.normalized())
            .collect();
        let within = |one: &Planned| {
            let inside = matches!(one.target, Target::Inside(_) | Target::Group(_));
            inside && known.contains(&one.address.normalized())
        };
        match plan.iter().all(within) {
            true => Ok(plan),
            false => Err(denied),
        }
    }

    fn plan_one(
        &self,
        sender: &Sender,
        address: &Address,
        content: &DraftContent,
        octets: u64,
    ) -> Result<Planned, Error> {
        let inside = self.as_ours(address).is_some();
        let normalized = address.normalized();
        let wanted = content
            .choices
            .iter()
            .find(|(key, _)| Address::parse(key).is_ok_and(|key| key.normalized() == normalized));
        let decision = policy::outgoing(
            &sender.site.policy,
            &Asked {
                user: &sender.writer,
                recipient: &normalized,
                inside,
                own: sender.preferences.choice.value,
                wanted: wanted.map(|(_, choice)| *choice),
            },
        );
        let target = match decision.route {
            Route::Inside => self.plan_inside(sender, address, octets)?,
            Route::TemporaryAccount => self.plan_temporary(address, octets)?,
            Route::Ask | Route::Plain => Target::Queue(TlsNeed::Opportunistic),
            Route::VerifiedTls => Target::Queue(TlsNeed::Verified),
            Route::Refused => Target::Nowhere(NotSent::Rules),
        };
        Ok(Planned { address: address.clone(), decision, target, consent: None })
    }

    /// The octets that a message has at least, before it is written.
    fn octets_of(&self, actor: &Actor, content: &DraftContent) -> Result<u64, Error> {
        let mut octets = content.text.len() as u64;
        for id in content.upload_ids()? {
            let upload = self.inner.store.get(&UPLOADS, &(actor.account(), id))?;
            octets = octets.saturating_add(upload.map_or(0, |upload| upload.size));
        }
        Ok(octets)
    }

    /// An account that has room now gets the message, even if other mail comes before its release.
    fn plan_inside(
        &self,
        sender: &Sender,
        address: &Address,
        octets: u64,
    ) -> Result<Target, Error> {
        let (path, asker) = (ForwardPath::Address(address.clone()), &sender.asker);
        Ok(match self.recipient_check_from(&path, asker, Origin::Inside, octets)? {
            RecipientVerdict::Accept(accepted) => match accepted.reached {
                Reached::Account(account) => Target::Inside(account),
                Reached::Group(group) => {
                    let to = To { group, origin: Origin::Inside, octets };
                    Target::Group(self.group_readers(asker, to)?)
                }
            },
            RecipientVerdict::Refuse(reason) => Target::Nowhere(reason.into()),
        })
    }

    fn plan_temporary(&self, address: &Address, octets: u64) -> Result<Target, Error> {
        let full = match self.temporary_of(address)? {
            Some(account) => !self.quota_of(account)?.has_room(octets),
            None => false,
        };
        Ok(if full { Target::Nowhere(NotSent::MailboxFull) } else { Target::TemporaryAccount })
    }
}

/// Leaves each account once in a plan: who is named gets the message so, and who is in several groups by
/// the first. The sender has a copy already.
fn each_once(sender: AccountId, plan: &mut [Planned]) -> Result<(), Error> {
    let named = plan.iter().filter_map(|one| match one.target {
        Target::Inside(account) => Some(account),
        _ => None,
    });
    let mut seen: BTreeSet<AccountId> = named.chain([sender]).collect();
    for one in plan {
        if let Target::Group(members) = &mut one.target {
            members.retain(|account| seen.insert(*account));
        }
    }
    match seen.len() > READERS_MAX {
        true => Err(Error::Invalid { what: "the message has too many recipients".to_owned() }),
        false => Ok(()),
    }
}
