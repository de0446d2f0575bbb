//! What a submission stores for its recipients: readers' copies, queue rows, notifications.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::sealed_message::Placing;
use crate::gateway::mailboxes::summary::Summarised;
use crate::gateway::outgoing::plan::NotSent;
use crate::gateway::queue::rows;
use crate::gateway::records::message::HeldShare;
use crate::gateway::records::queue::{QueueKind, QueueRow, QueueState, TlsNeed};
use crate::gateway::records::submission::{Delivery, HeldMail};
use crate::gateway::records::temporary::Pickup;
use crate::mail::address::Address;
use crate::mail::envelope::{ForwardPath, Notify, Recipient, ReversePath};
use crate::mail::reference::Reference;
use crate::vault::ContentKey;

impl Gateway {
    #[expect(clippy::too_many_arguments, reason = "the fields of one row")]
    pub(in crate::gateway) fn queue_row(
        &self,
        reference: Reference,
        key: &ContentKey,
        from: &str,
        to: &Address,
        tls: TlsNeed,
        delivery: u32,
        size: u64,
        eight_bit: bool,
        now: Timestamp,
    ) -> Result<QueueRow, Error> {
        let content = reference.to_bytes();
        let from = Address::parse(from).map_err(|_| Error::Denied {
            reason: "an account without an address of its own cannot write to outside",
        })?;
        Ok(QueueRow {
            letter: content,
            content,
            kind: QueueKind::Letter,
            wrapped_key: self.inner.vault.queue_wrap(&rows::binding(content), key)?,
            delivery: Some(delivery),
            smtputf8: from.needs_smtputf8() || to.needs_smtputf8(),
            reverse_path: ReversePath::Address(from),
            recipient: recipient(to),
            ret: None,
            envid: None,
            eight_bit,
            require_tls: tls == TlsNeed::Verified,
            tls,
            size,
            state: QueueState::Waiting,
            due: now,
            attempts: 0,
            queued: now,
            delay_told: false,
            last: None,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "what one recipient's share is made from")]
    pub(in crate::gateway) fn pack_portal(
        &self,
        actor: &Actor,
        address: &Address,
        reference: Reference,
        key: &ContentKey,
        summary: &Summarised<'_>,
        index: u32,
        now: Timestamp,
    ) -> Result<Portal, Error> {
        let sender = actor.account();
        let (account, temporary) = self.issue(sender, address)?;
        let reader = self.reader(account, reference, Placing::ARRIVES, summary, key)?;
        let until = temporary.expires.max(now.plus_secs(self.inner.settings.temporary_secs));
        let (pickup_key, token) = self.pickup_token()?;
        let pickup = Pickup {
            account,
            letter: reference.to_bytes(),
            sender,
            sent: now,
            until,
            end: None,
            asked: None,
        };
        let mail = self.notification(sender, account, &temporary, &pickup, &token, index)?;
        Ok(Portal { share: reader.held(index), mail, pickup: (pickup_key, pickup) })
    }
}

/// What each recipient needs.
#[derive(Default)]
pub(in crate::gateway) struct Packing {
    pub deliveries: Vec<Delivery>,
    pub shares: Vec<HeldShare>,
    pub rows: Vec<QueueRow>,
    pub mails: Vec<HeldMail>,
    pub pickups: Vec<([u8; 16], Pickup)>,
    pub refused: Vec<(u32, NotSent)>,
    pub to_self: Option<u32>,
}

pub(in crate::gateway) struct Portal {
    pub share: HeldShare,
    pub mail: HeldMail,
    pub pickup: ([u8; 16], Pickup),
}

fn recipient(to: &Address) -> Recipient {
    Recipient { path: ForwardPath::Address(to.clone()), notify: Notify::default(), orcpt: None }
}
