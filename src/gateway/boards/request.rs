//! Requests that are repeated: each writes its post once.

use std::collections::BTreeSet;

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::board::entry_of;
use crate::gateway::boards::content::{NOBODY, PostContent};
use crate::gateway::boards::post::NewPost;
use crate::gateway::contacts::shares::Named;
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::error::{Conflict, Error};
use crate::gateway::keyrings::sealing::RingKeys;
use crate::gateway::records::board::{Post, PostPlace};
use crate::gateway::records::ids::{AccountId, BoardId, ReferenceKey};
use crate::gateway::records::keyring::RingEntry;
use crate::gateway::records::tables::POST_VERSIONS;
use crate::gateway::text::hex;
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::vault::Lookup;

impl Gateway {
    /// What a request is known again by: nothing of what is posted is in it, so that its row confirms no guess.
    pub(super) fn post_request(&self, board: BoardId, request: &str) -> [u8; 16] {
        let text = format!("board post {} {request}", hex(&board.0));
        self.inner.vault.lookup(Lookup::Request, text.as_bytes())
    }

    /// Refuses a request with the key of one that wrote another post: its own would be lost without a word.
    pub(super) fn post_repeated(
        &self,
        actor: &Actor,
        reference: ReferenceKey,
        new: &NewPost,
    ) -> Result<(), Error> {
        let (place, _, topic, post) = self.post_seen_by_key(actor, reference)?;
        let is_first = place.topic == reference;
        let said = self.post_first_said(actor, (place, &post))?;
        let readers = if is_first { &topic.limited } else { &post.readers };
        let readers = readers.iter().flat_map(|readers| readers.accounts.iter().copied());
        let readers: BTreeSet<AccountId> = readers.collect();
        let answered = new.topic.as_deref().map(str::parse::<Reference>);
        let is_same_place = match answered {
            None => is_first,
            Some(topic) => !is_first && topic.is_ok_and(|topic| topic.to_bytes() == place.topic),
        };
        let content = PostContent { title: new.title.clone(), text: new.text.clone() };
        let files = self.post_files(actor, &mut RingKeys::default(), (place, reference))?;
        let files: BTreeSet<String> = files.into_iter().map(|file| file.id).collect();
        let is_same = is_same_place
            && said.is_some()
            && (post.version > 0 || files == new.files.iter().cloned().collect())
            && said == content.checked(is_first).ok()
            // Somebody who cannot be named any more makes no other post of it.
            && self.people_named(actor, &new.readers).ok().is_none_or(|named| named == readers);
        match is_same {
            true => Ok(()),
            false => Err(Error::Conflict(Conflict::RequestUsed)),
        }
    }

    /// What a post said at first; `None` if it was deleted, or cannot be opened.
    fn post_first_said(
        &self,
        actor: &Actor,
        (place, post): (PostPlace, &Post),
    ) -> Result<Option<PostContent>, Error> {
        let mut first = post.clone();
        if post.version > 0 {
            let before = self.inner.store.get(&POST_VERSIONS, &(post.reference, 0))?;
            let Some(before) = before else { return Ok(None) };
            (first.sealed, first.under) = (before.sealed, before.under);
            first.changed = Some(before.written);
        }
        let id = (place.board, place.topic);
        self.post_opened(actor, &mut RingKeys::default(), id, (0, &first))
    }

    /// The accounts of people who are named.
    pub(super) fn people_named(
        &self,
        actor: &Actor,
        named: &[NamedReader],
    ) -> Result<BTreeSet<AccountId>, Error> {
        let account = |one| {
            let nothing = (&BTreeSet::new(), &Named::new());
            let to = self.contact_reader_named(actor, one, nothing, &mut Named::new())?;
            match entry_of(to) {
                RingEntry::Account(account) => Ok(account),
                RingEntry::Group(_) => Err(NOBODY),
            }
        };
        named.iter().map(account).collect()
    }
}
