//! The notice that sums up what waited for its time: for the hour, for the day, or for the end of the quiet
//! hours. What was read meanwhile, or may not be read any more, is not in it.

use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::boards::notice::post_lapsed_in_tx;
use crate::gateway::chat::watch::line_lapsed_in_tx;
use crate::gateway::error::Error;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::notice::NoticeWaiting;
use crate::gateway::records::room::RoomId;
use crate::gateway::records::tables::NOTICE_WAITING;
use crate::store::Read;

/// The most notices of one pass.
const NOTICES_AT_ONCE: usize = 200;

impl Gateway {
    /// Gives each notice whose time has come. Called by a job.
    pub fn notices_give(&self) -> Result<(), Error> {
        let now = self.inner.clock.now();
        self.notice_asked_expire(now)?;
        let mut waiting = Vec::new();
        self.inner.store.scan_readable(&NOTICE_WAITING, &(), |account, row| {
            waiting.push((account, row));
            ControlFlow::Continue(())
        })?;
        let mut room_for = NOTICES_AT_ONCE;
        for (account, row) in waiting {
            if room_for == 0 {
                break;
            }
            // Somebody to whom nothing can be written is in nobody's way.
            match self.notice_may_be_given(account, row.since, now) {
                Ok(false) => {}
                Ok(true) => match self.notice_give(account, row) {
                    Ok(()) => room_for -= 1,
                    Err(error) => failed(account, &error),
                },
                Err(error) => failed(account, &error),
            }
        }
        Ok(())
    }

    fn notice_give(&self, account: AccountId, row: NoticeWaiting) -> Result<(), Error> {
        let Still { lines, posts, lapsed_rooms, lapsed_posts } = self.still_waiting(account, &row);
        let first = lines.first().or(posts.first()).copied();
        let given = match first {
            Some(first) if self.account_exists(account)? => {
                let message = self.waiting_notice(account, &lines, &posts)?;
                Some((message, self.notice_mail(account, first)?))
            }
            _ => None,
        };
        let done = self.transact(move |tx| {
            // What was added meanwhile is in the next pass.
            if tx.get(&NOTICE_WAITING, &account)?.as_ref() != Some(&row) {
                return Ok(());
            }
            tx.delete(&NOTICE_WAITING, &account);
            for room in &lapsed_rooms {
                line_lapsed_in_tx(tx, account, *room)?;
            }
            for post in &lapsed_posts {
                post_lapsed_in_tx(tx, account, *post)?;
            }
            let Some((message, mail)) = &given else { return Ok(()) };
            message.store_in_tx(tx)?;
            mail.iter().try_for_each(|mail| mail.store_in_tx(tx))
        });
        done.wait()
    }

    /// What was not read meanwhile. What cannot be read is in the way of nothing else.
    fn still_waiting(&self, account: AccountId, row: &NoticeWaiting) -> Still {
        let mut still = Still::default();
        for one in &row.lines {
            match self.line_waits(account, one.room) {
                Ok(Some(line)) => still.lines.push(line),
                Ok(None) => still.lapsed_rooms.push(one.room),
                Err(error) => failed(account, &error),
            }
        }
        for one in &row.posts {
            match self.post_waits(account, *one) {
                Ok(true) => still.posts.push(*one),
                Ok(false) => still.lapsed_posts.push(*one),
                Err(error) => failed(account, &error),
            }
        }
        still
    }
}

/// What a notice names, and what it does not any more.
#[derive(Default)]
struct Still {
    lines: Vec<ReferenceKey>,
    posts: Vec<ReferenceKey>,
    lapsed_rooms: Vec<RoomId>,
    lapsed_posts: Vec<ReferenceKey>,
}

fn failed(account: AccountId, error: &Error) {
    let id = account.to_text();
    tracing::error!(%error, account.id = %id, "a notice that sums up was not given");
}
