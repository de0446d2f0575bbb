//! Blocks: from when to when each entry reaches, kept a second time in at most 256 larger rows.
//!
//! To open twenty thousand entries for the list of a month would take too long. The last octet of an entry's
//! id, which is random, says in which block its line is: so the rows tell nobody when something is, only how
//! many entries there are. A block that is damaged is made anew from the entries.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::{Error, unless_damaged};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::schedule::EntryId;
use crate::gateway::records::sealed_form;
use crate::gateway::records::search::Sealed;
use crate::gateway::records::tables::{SCHEDULE_BLOCKS, SCHEDULE_ENTRIES};
use crate::gateway::schedule::stored::StoredEntry;
use crate::gateway::stored_block::StoredBlock;
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
        let (account, mut found) = (actor.account(), Vec::new());
        // Governments change clocks after a line was written: who asks looks at the times anew.
        let is_in = |line: &Line| {
            line.begins < to.saturating_add(DAY_SECS) && line.ends.saturating_add(DAY_SECS) >= from
        };
        let (mut rest, mut failed) = ((0..=u8::MAX).collect::<BTreeSet<u8>>(), None);
        let visit =
            |(_, number), row: Sealed| match self.schedule_block_opened(actor, number, &row.0) {
                Ok(Some(lines)) => {
                    rest.remove(&number);
                    found.extend(lines.0.into_iter().filter(is_in));
                    ControlFlow::Continue(())
                }
                Ok(None) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            };
        self.inner.store.scan_readable(&SCHEDULE_BLOCKS, &account, visit)?;
        if let Some(error) = failed {
            return Err(error);
        }
        // Of those that are not there, or cannot be read, some have entries all the same.
        for number in self.schedule_blocks_with_entries(account, &rest)? {
            found.extend(self.schedule_block(actor, number)?.1.0.into_iter().filter(is_in));
        }
        Ok(found)
    }

    /// Which of these blocks have entries.
    fn schedule_blocks_with_entries(
        &self,
        account: AccountId,
        of: &BTreeSet<u8>,
    ) -> Result<BTreeSet<u8>, Error> {
        let mut found = BTreeSet::new();
        if !of.is_empty() {
            self.inner.store.scan_keys(&SCHEDULE_ENTRIES, &account, |(_, id)| {
                found.extend(of.contains(&number(id)).then(|| number(id)));
                ControlFlow::Continue(())
            })?;
        }
        Ok(found)
    }

    /// What is in a block; `None` if it cannot be opened. What a later version of the program wrote is refused.
    fn schedule_block_opened(
        &self,
        actor: &Actor,
        number: u8,
        row: &[u8],
    ) -> Result<Option<Lines>, Error> {
        let plain = actor.secret().open_own(&binding(actor.account(), number), row);
        let Ok(plain) = plain else { return Ok(None) };
        match sealed_form::read(SCHEDULE_BLOCKS.name, &plain) {
            Err(error @ Error::NewerRecord { .. }) => Err(error),
            lines => Ok(lines.ok()),
        }
    }

    /// A block as it is stored, and opened.
    pub(super) fn schedule_block(
        &self,
        actor: &Actor,
        number: u8,
    ) -> Result<(StoredBlock, Lines), Error> {
        let row = self.inner.store.get(&SCHEDULE_BLOCKS, &(actor.account(), number));
        let row = StoredBlock::of(row)?;
        let lines = match &row {
            StoredBlock::Row(Some(sealed)) => self.schedule_block_opened(actor, number, sealed)?,
            StoredBlock::Row(None) | StoredBlock::Damaged => None,
        };
        let lines = match lines {
            Some(lines) => lines,
            None => self.schedule_block_anew(actor, number)?,
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

    /// Makes a block from the entries that are in it.
    fn schedule_block_anew(&self, actor: &Actor, number: u8) -> Result<Lines, Error> {
        let (account, mut ids, mut lines) = (actor.account(), Vec::new(), Lines::default());
        self.inner.store.scan_keys(&SCHEDULE_ENTRIES, &account, |(_, id)| {
            ids.extend((self::number(id) == number).then_some(id));
            ControlFlow::Continue(())
        })?;
        for id in ids {
            let opened = unless_damaged(self.entry_listed(actor, id))?.flatten();
            lines.0.extend(opened.map(|opened| Line::of(id, &opened.stored)));
        }
        if !lines.0.is_empty() {
            tracing::warn!(number, "a block of a calendar is damaged, and is made anew");
        }
        Ok(lines)
    }
}
