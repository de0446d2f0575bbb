//! Blocks: from when to when each entry reaches, kept a second time in at most 256 larger rows.
//!
//! To open twenty thousand entries for the list of a month would take too long. The last octet of an entry's
//! id, which is random, says in which block its line is: so the rows tell nobody when something is, only how
//! many entries there are. A block that is damaged is made anew from the entries.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::schedule::EntryId;
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{SCHEDULE_BLOCKS, SCHEDULE_ENTRIES};
use crate::gateway::schedule::stored::StoredEntry;
use crate::store::{Read, Record};

const DAY_SECS: i64 = 24 * 3_600;

/// What a block knows of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) struct Line {
    pub id: EntryId,
    /// In UTC. What never ends ends at the end of time.
    pub begins: i64,
    pub ends: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::gateway) struct Lines(pub Vec<Line>);

impl Record for Lines {
    const VERSION: u8 = 1;
}

/// Which block has an entry.
pub(super) fn number(id: EntryId) -> u8 {
    // The first octets of a reference number are the time: those of a meeting would share a block.
    id[15]
}

fn binding(account: AccountId, number: u8) -> Vec<u8> {
    [b"schedule block\0".as_slice(), &account.0, &[number]].concat()
}

impl Line {
    pub fn of(id: EntryId, stored: &StoredEntry) -> Line {
        let (begins, ends) = stored.fields.reach();
        Line { id, begins, ends }
    }
}

impl Gateway {
    /// All lines of the actor's calendar that reach into a time.
    pub(super) fn schedule_lines(
        &self,
        actor: &Actor,
        (from, to): (i64, i64),
    ) -> Result<Vec<Line>, Error> {
        let (account, mut found, mut damaged) = (actor.account(), Vec::new(), Vec::new());
        // Governments change clocks after a line was written: who asks looks at the times anew.
        let is_in = |line: &Line| {
            line.begins < to.saturating_add(DAY_SECS) && line.ends.saturating_add(DAY_SECS) >= from
        };
        self.inner.store.scan_readable(
            &SCHEDULE_BLOCKS,
            &account,
            |(_, number), row: Sealed| {
                match self.schedule_block_opened(actor, number, &row) {
                    Some(lines) => found.extend(lines.0.into_iter().filter(is_in)),
                    None => damaged.push(number),
                }
                ControlFlow::Continue(())
            },
        )?;
        for number in damaged {
            found.extend(self.schedule_block_anew(actor, number)?.0.into_iter().filter(is_in));
        }
        Ok(found)
    }

    fn schedule_block_opened(&self, actor: &Actor, number: u8, row: &Sealed) -> Option<Lines> {
        let plain = actor.secret().open_own(&binding(actor.account(), number), &row.0).ok()?;
        sealed_form::read(SCHEDULE_BLOCKS.name, &plain).ok()
    }

    /// A block as it is stored, and opened.
    pub(super) fn schedule_block(
        &self,
        actor: &Actor,
        number: u8,
    ) -> Result<(Option<Sealed>, Lines), Error> {
        let row = self.inner.store.get(&SCHEDULE_BLOCKS, &(actor.account(), number))?;
        let lines = match &row {
            None => Lines::default(),
            Some(sealed) => match self.schedule_block_opened(actor, number, sealed) {
                Some(lines) => lines,
                None => self.schedule_block_anew(actor, number)?,
            },
        };
        Ok((row, lines))
    }

    pub(super) fn schedule_block_sealed(
        &self,
        actor: &Actor,
        number: u8,
        lines: &Lines,
    ) -> Result<Option<Sealed>, Error> {
        if lines.0.is_empty() {
            return Ok(None);
        }
        let plain = sealed_form::octets_of(lines)?;
        let bound = binding(actor.account(), number);
        Ok(Some(Sealed(actor.secret().seal_own(&bound, &plain)?)))
    }

    fn schedule_block_anew(&self, actor: &Actor, number: u8) -> Result<Lines, Error> {
        tracing::warn!(number, "a block of a calendar is damaged, and is made anew");
        let mut lines = Lines::default();
        let account = actor.account();
        self.inner.store.scan_readable(&SCHEDULE_ENTRIES, &account, |(_, id), row| {
            if self::number(id) == number
                && row.deleted.is_none()
                && let Ok(stored) = self.entry_read(actor, id, &row)
            {
                lines.0.push(Line::of(id, &stored));
            }
            ControlFlow::Continue(())
        })?;
        Ok(lines)
    }
}
