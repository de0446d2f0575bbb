//! What the next notice of somebody names, and the notice itself: reference numbers, and nothing of what was
//! said, by whom or where.

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::feed::tx::Tx;
use crate::gateway::mailboxes::sealed_message::SealedMessage;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::notice::{NoticeWaiting, WaitingLine};
use crate::gateway::records::tables::NOTICE_WAITING;
use crate::gateway::text::shown;
use crate::mail::waits_text::{self, Waits};
use crate::store::Read;
use crate::terms::Language;

/// The most chats, and the most posts, that one notice names.
pub(in crate::gateway) const NAMED_MAX: usize = 50;

/// Something that waits for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Waiting {
    Line(WaitingLine),
    Post(ReferenceKey),
}

/// Adds something to what the next notice names; false if it names as much as it can.
pub(in crate::gateway) fn waiting_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    (since, what): (Timestamp, Waiting),
) -> Result<bool, Error> {
    let row = tx.get(&NOTICE_WAITING, &account)?;
    let mut row = row.unwrap_or(NoticeWaiting { since, lines: Vec::new(), posts: Vec::new() });
    match what {
        Waiting::Line(one) => {
            row.lines.retain(|other| other.room != one.room);
            row.lines.push(one);
        }
        Waiting::Post(one) => {
            row.posts.push(one);
        }
    }
    let has_room = row.lines.len() <= NAMED_MAX && row.posts.len() <= NAMED_MAX;
    if has_room {
        tx.put(&NOTICE_WAITING, &account, &row)?;
    }
    Ok(has_room)
}

impl Gateway {
    /// Prepares the notice of what waits for somebody; the caller stores it.
    pub(in crate::gateway) fn waiting_notice(
        &self,
        to: AccountId,
        lines: &[ReferenceKey],
        posts: &[ReferenceKey],
    ) -> Result<SealedMessage, Error> {
        let language = self.language_of(to)?.unwrap_or(Language::English);
        let numbers: Vec<String> =
            lines.iter().chain(posts).map(|one| shown(*one).to_string()).collect();
        let what = match (lines.is_empty(), posts.is_empty()) {
            (false, true) => Waits::Chats,
            (true, _) => Waits::Posts,
            (false, false) => Waits::Both,
        };
        let subject = waits_text::subject(language, what, &numbers);
        let text = waits_text::text(language, what, &numbers);
        self.plain_notice(to, self.reference_new(), (subject, &text))
    }
}
