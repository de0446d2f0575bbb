//! The versions of shared contacts, as their readers get them.
//!
//! A number would say, by its gaps, how often the contact changed in what a reader does not see. So a reader
//! gets it sealed under its own keys, and gives it back.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::contacts::shared::SharedView;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::text::hex;

/// The octets of a tag at most.
const TAG_OCTETS_MAX: usize = 64;

fn binding(owner: &str, id: &str) -> Vec<u8> {
    [b"contact version\0".as_slice(), owner.as_bytes(), b"\0", id.as_bytes()].concat()
}

impl Gateway {
    /// What stands for the version of a shared contact; another text each time.
    pub fn contact_shared_tag(&self, actor: &Actor, view: &SharedView) -> Result<String, Error> {
        let bound = binding(&view.owner.id, &view.id);
        Ok(hex(&actor.secret().seal_own(&bound, &view.version.to_be_bytes())?))
    }

    /// The version that a tag stands for; `edited-elsewhere` if it is none of this contact for this actor.
    pub fn contact_shared_over(
        &self,
        actor: &Actor,
        (owner, id): (&str, &str),
        tag: &str,
    ) -> Result<u32, Error> {
        let Some(version) = self.contact_tag_opened(actor, (owner, id), tag) else {
            // Of one that is not there, nothing else is said.
            self.contact_shared(actor, owner, id)?;
            return Err(Error::Conflict(Conflict::EditedElsewhere));
        };
        Ok(version)
    }

    fn contact_tag_opened(
        &self,
        actor: &Actor,
        (owner, id): (&str, &str),
        tag: &str,
    ) -> Option<u32> {
        let is_whole = tag.len() <= 2 * TAG_OCTETS_MAX && tag.len().is_multiple_of(2);
        let pairs = tag.as_bytes().chunks_exact(2).map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        let octets: Vec<u8> = is_whole.then(|| pairs.collect()).flatten()?;
        let plain = actor.secret().open_own(&binding(owner, id), &octets).ok()?;
        Some(u32::from_be_bytes(plain.as_slice().try_into().ok()?))
    }
}
