//! Confirmations to outside senders that their message was read or rejected (RFC 8098).

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::queue::generated::NewRow;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::queue::TlsNeed;
use crate::gateway::records::submission::HeldMail;
use crate::gateway::records::tables::ANSWERS;
use crate::gateway::text::{path_text, reverse_text};
use crate::mail::envelope::{Notify, ReversePath};
use crate::mail::mdn::{self, Disposition, Mdn};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{ConfirmOutside, QueueKind};

impl Gateway {
    /// A report to an outside sender, from the null reverse-path (RFC 3834 §3.3, RFC 8098 §3).
    pub(in crate::gateway) fn report(
        &self,
        message: ReferenceKey,
        reference: Reference,
        to: &ReversePath,
        octets: &[u8],
        now: Timestamp,
    ) -> Result<HeldMail, Error> {
        let ReversePath::Address(to) = to else {
            return Err(Error::Invalid { what: "there is no sender to report to".to_owned() });
        };
        let row = NewRow {
            kind: QueueKind::Report,
            about: message,
            delivery: None,
            from: ReversePath::Null,
            to,
            notify: Notify::Never,
            tls: TlsNeed::Opportunistic,
            size: octets.len() as u64,
            eight_bit: !octets.is_ascii(),
            now,
        };
        row.with_content(self, reference, octets)
    }

    /// Prepares the confirmation to an outside sender, if one is due. `said` is the reader's answer
    /// where the reader is asked; a no is final.
    pub(in crate::gateway) fn confirmation_prepare(
        &self,
        account: AccountId,
        message: ReferenceKey,
        disposition: Disposition,
        said: Option<bool>,
        now: Timestamp,
    ) -> Result<Option<HeldMail>, Error> {
        // The reader's settings, or what is known of the sender, may have changed since the reader was
        // asked. A report cannot be recalled, so the answer stands.
        if said == Some(false) {
            return Ok(None);
        }
        let Some(facts) = self.inner.store.get(&ANSWERS, &message)? else { return Ok(None) };
        let automatic = match self.preferences_of(account)?.confirm_outside.value {
            ConfirmOutside::Never => return Ok(None),
            ConfirmOutside::Always => true,
            ConfirmOutside::Known => self.is_known(account, &facts)?,
            ConfirmOutside::Ask => false,
        };
        if !automatic && said.is_none() {
            return Ok(None);
        }
        let Some((_, recipient)) = facts.recipients.iter().find(|one| one.0 == account) else {
            return Ok(None);
        };
        let reference = self.reference_new();
        let shown = Reference::from_bytes(message).map(|one| one.to_string()).unwrap_or_default();
        let octets = mdn::write(&Mdn {
            from: &self.system_address(),
            to: &reverse_text(&facts.reverse_path),
            recipient: &path_text(&recipient.path),
            // RFC 8098 §3.2.3: in decoded form.
            original_recipient: recipient
                .orcpt
                .as_ref()
                .map(|orcpt| format!("{};{}", orcpt.addr_type, orcpt.address)),
            original_message_id: facts.message_id.as_deref(),
            disposition,
            automatic,
            reporting_ua: &self.site()?.organisation,
            reference: &shown,
            date: now.to_utc(),
            message_id: &self.message_id(reference),
        });
        self.report(message, reference, &facts.reverse_path, &octets, now).map(Some)
    }
}
