//! The records that a submission stores for its recipients: readers' copies, queue rows and
//! notifications.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::epoch::Arriving;
use crate::gateway::mailboxes::sealed_message::Placement;
use crate::gateway::mailboxes::summary::Summarised;
use crate::gateway::outgoing::compose::Written;
use crate::gateway::outgoing::plan::{Planned, Target};
use crate::gateway::outgoing::sender::Sender;
use crate::gateway::queue::delivery::Said;
use crate::gateway::queue::generated::NewRow;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::message::HeldCopy;
use crate::gateway::records::queue::{QueueRow, TlsNeed};
use crate::gateway::records::submission::{Delivery, HeldMail};
use crate::gateway::records::temporary::Pickup;
use crate::mail::address::Address;
use crate::mail::envelope::{Notify, ReversePath};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{DeliveryState, NotSent, QueueKind};
use crate::vault::ContentKey;

/// A message that was written and sealed, with the inputs for each recipient's copy.
pub(in crate::gateway) struct Outbound<'s> {
    pub sender: &'s Sender,
    pub reference: Reference,
    pub key: &'s ContentKey,
    pub written: &'s Written,
    /// The summary for readers inside.
    pub summary: Summarised<'s>,
    pub now: Timestamp,
}

/// The records for all recipients.
#[derive(Default)]
pub(in crate::gateway) struct Packing {
    pub deliveries: Vec<Delivery>,
    pub copies: Vec<HeldCopy>,
    pub rows: Vec<QueueRow>,
    pub mails: Vec<HeldMail>,
    pub pickups: Vec<([u8; 16], Pickup)>,
    pub refused: Vec<(u32, NotSent)>,
    pub to_self: Option<u32>,
    /// What the copies for temporary accounts and for role mailboxes were sealed in.
    arriving: Vec<(AccountId, Arc<Arriving>)>,
}

impl Packing {
    /// Fails with `busy` if a recipient's account was started again since.
    pub fn check(&self, reader: &impl Read) -> Result<(), Error> {
        self.arriving.iter().try_for_each(|(account, epoch)| epoch.check(reader, *account))
    }

    /// The number of holders of a key to the message, without the sender.
    pub fn holders(&self) -> u32 {
        u32::try_from(self.copies.len() + self.rows.len())
            .expect("the number of recipients is limited")
    }
}

struct TemporaryAccount {
    copy: HeldCopy,
    arriving: Arc<Arriving>,
    mail: HeldMail,
    pickup: ([u8; 16], Pickup),
}

impl Gateway {
    /// Makes the records for every recipient of the plan.
    pub(in crate::gateway) fn pack(
        &self,
        outbound: &Outbound<'_>,
        plan: &[Planned],
    ) -> Result<Packing, Error> {
        let mut packing = Packing::default();
        for (index, one) in (0..).zip(plan) {
            self.pack_one(outbound, index, one, &mut packing)?;
        }
        Ok(packing)
    }

    fn pack_one(
        &self,
        outbound: &Outbound<'_>,
        index: u32,
        one: &Planned,
        packing: &mut Packing,
    ) -> Result<(), Error> {
        let mut delivery = one.delivery(outbound.now, outbound.sender.language);
        match &one.target {
            Target::Inside(account) if *account == outbound.sender.account => {
                packing.to_self = Some(index);
            }
            Target::Inside(account) => {
                let Outbound { reference, key, summary, .. } = outbound;
                let reader = self.reader(*account, *reference, Placement::ARRIVES, summary, key)?;
                delivery.account = Some(*account);
                packing.copies.push(reader.held(index));
                if reader.epoch.is_role() {
                    packing.arriving.push((*account, reader.epoch));
                }
            }
            Target::Group(members) => {
                let Outbound { reference, key, summary, .. } = outbound;
                for account in members {
                    let reader =
                        self.reader(*account, *reference, Placement::ARRIVES, summary, key)?;
                    packing.copies.push(reader.held(index));
                }
                // All of them have it already, by other addresses or as its sender.
                if members.is_empty() {
                    delivery.step(DeliveryState::Delivered, outbound.now, Said::default());
                }
            }
            Target::TemporaryAccount => {
                let account = self.pack_temporary(outbound, &one.address, index)?;
                let id = account.copy.copy.account;
                delivery.account = Some(id);
                packing.arriving.push((id, account.arriving));
                packing.copies.push(account.copy);
                packing.mails.push(account.mail);
                packing.pickups.push(account.pickup);
            }
            Target::Queue(tls) => {
                packing.rows.push(self.pack_row(outbound, &one.address, *tls, index)?);
            }
            Target::Nowhere(reason) => packing.refused.push((index, *reason)),
        }
        packing.deliveries.push(delivery);
        Ok(())
    }

    fn pack_row(
        &self,
        outbound: &Outbound<'_>,
        to: &Address,
        tls: TlsNeed,
        delivery: u32,
    ) -> Result<QueueRow, Error> {
        let row = NewRow {
            kind: QueueKind::Message,
            about: outbound.reference.to_bytes(),
            delivery: Some(delivery),
            from: ReversePath::Address(outbound.sender.address()?),
            to,
            notify: Notify::default(),
            tls,
            size: outbound.written.size,
            eight_bit: outbound.written.eight_bit,
            now: outbound.now,
        };
        row.row(self, outbound.reference, outbound.key)
    }

    /// Makes an outsider's copy in a temporary account, which is issued if there is none, and the
    /// notification.
    fn pack_temporary(
        &self,
        outbound: &Outbound<'_>,
        address: &Address,
        index: u32,
    ) -> Result<TemporaryAccount, Error> {
        let Outbound { reference, key, summary, now, .. } = outbound;
        let sender = outbound.sender.account;
        let (account, temporary) = self.issue(sender, address)?;
        let reader = self.reader(account, *reference, Placement::ARRIVES, summary, key)?;
        let until = temporary.expires.max(now.plus_secs(self.inner.settings.temporary_secs));
        let (pickup_key, token) = self.pickup_token()?;
        let pickup = Pickup {
            account,
            message: reference.to_bytes(),
            sender,
            sent: *now,
            until,
            end: None,
            asked: None,
        };
        let mail = self.notification(sender, account, &temporary, &pickup, &token, index)?;
        let (copy, pickup) = (reader.held(index), (pickup_key, pickup));
        Ok(TemporaryAccount { copy, arriving: reader.epoch, mail, pickup })
    }
}
