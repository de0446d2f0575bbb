//! The runs of the index, of which a newer one hides the same keys in older ones, and how they are
//! merged.

use std::sync::Arc;

use super::run::{Blocks, Cursor, Run, RunEntry, RunWriter};
use super::{Row, Rows};
use crate::store::error::Error;
use crate::store::local::disk::Disk;
use crate::store::span::{Order, Span};
use crate::vault::Vault;

/// Runs of about the same size are merged once there are this many, which makes a run of the next
/// size: so a row is rewritten once for each size, and the number of runs grows with the logarithm
/// of the number of rows.
const MERGE_AT: usize = 4;
/// Runs with fewer rows than this have the smallest size.
const SMALLEST_ROWS: u64 = 16 * 1024;

/// All runs, the oldest first.
#[derive(Clone, Default)]
pub struct Runs(pub Vec<Arc<Run>>);

impl Runs {
    /// Opens the runs that the manifest names.
    pub fn open(disk: &dyn Disk, vault: &Vault, entries: &[RunEntry]) -> Result<Runs, Error> {
        let open = |entry: &RunEntry| Run::open(disk, vault, entry.clone()).map(Arc::new);
        entries.iter().map(open).collect::<Result<_, _>>().map(Runs)
    }

    /// Returns the row under a key.
    pub fn get(&self, blocks: &Blocks, key: &[u8]) -> Result<Option<Row>, Error> {
        for run in self.0.iter().rev() {
            if let Some(found) = run.get(blocks, key)? {
                return Ok(found);
            }
        }
        Ok(None)
    }

    pub fn entries(&self) -> Vec<RunEntry> {
        self.0.iter().map(|run| run.entry.clone()).collect()
    }

    /// Returns these runs and a newer one.
    pub fn with(&self, run: Run) -> Runs {
        let mut runs = self.0.clone();
        runs.push(Arc::new(run));
        Runs(runs)
    }

    /// Returns these runs with `merged` in the place of the runs that it was made from; `None` if
    /// they are not all here, one after another.
    pub fn with_merged(&self, from: &Runs, merged: Option<Run>) -> Option<Runs> {
        let is_same = |window: &[Arc<Run>]| {
            window.iter().zip(&from.0).all(|(a, b)| a.entry.number == b.entry.number)
        };
        let start = self.0.windows(from.0.len()).position(is_same)?;
        let mut runs = self.0.clone();
        runs.splice(start..start + from.0.len(), merged.map(Arc::new));
        Some(Runs(runs))
    }

    /// Returns the newest runs that should be merged into one, if there are any, and whether they
    /// include the oldest run.
    pub fn to_merge(&self, much: Much) -> Option<(Runs, bool)> {
        let sizes: Vec<u32> = self.0.iter().map(|run| size_of_run(run.entry.rows)).collect();
        let start = merge_start(&sizes, much)?;
        Some((Runs(self.0[start..].to_vec()), start == 0))
    }
}

/// Returns the size of a run, as a power of [`MERGE_AT`].
fn size_of_run(rows: u64) -> u32 {
    (rows / SMALLEST_ROWS).max(1).ilog(MERGE_AT as u64)
}

/// How much is merged at once, where runs of several sizes are to be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Much {
    All,
    /// Only the smallest, so that it takes little space.
    Least,
}

/// Returns from which run on all are merged, given the size of each, the oldest first.
fn merge_start(sizes: &[u32], much: Much) -> Option<usize> {
    let largest = sizes.iter().copied().max()?;
    let starts = (0..=largest).rev().filter_map(|size| {
        let start = sizes.iter().rposition(|other| *other > size).map_or(0, |larger| larger + 1);
        let count = sizes[start..].iter().filter(|other| **other == size).count();
        (count >= MERGE_AT).then_some(start)
    });
    match much {
        Much::All => starts.min(),
        Much::Least => starts.max(),
    }
}

/// Writes rows as a run; `None` if there are none. `is_oldest` says that no older run exists, so
/// that nothing has to be hidden.
pub fn write_rows(
    disk: &dyn Disk,
    vault: &Vault,
    number: u64,
    rows: &Rows,
    is_oldest: bool,
) -> Result<Option<Run>, Error> {
    let mut kept = rows.iter().filter(|(_, row)| row.is_some() || !is_oldest).peekable();
    if kept.peek().is_none() {
        return Ok(None);
    }
    let mut writer = RunWriter::create(disk, vault, number, rows.len() as u64)?;
    for (key, row) in kept {
        writer.push(key, row.as_ref())?;
    }
    writer.finish().map(Some)
}

/// Writes what some runs have as one run; `None` if nothing is left. `is_oldest` says that no older
/// run exists, so that nothing has to be hidden any more. `go_on` is asked from time to time.
pub fn merge(
    disk: &dyn Disk,
    vault: &Vault,
    number: u64,
    runs: &Runs,
    is_oldest: bool,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<Run>, Error> {
    const ASKED_EVERY: u64 = 4_096;
    let rows_max = runs.0.iter().map(|run| run.entry.rows).sum();
    let mut writer = None;
    // Each block is read once, so the cache stays for those that are read often.
    let blocks = Blocks::new(MERGE_CACHE_OCTETS);
    let all = Span::prefix(&[], Order::Ascending);
    let mut sources = runs.cursors(&all, &blocks)?;
    let mut done = 0u64;
    while let Some((key, row)) = next(&mut sources, &[], Order::Ascending, &blocks)? {
        done += 1;
        if done.is_multiple_of(ASKED_EVERY) && !go_on() {
            return Err(Error::Closed);
        }
        if row.is_none() && is_oldest {
            continue;
        }
        if writer.is_none() {
            writer = Some(RunWriter::create(disk, vault, number, rows_max)?);
        }
        if let Some(writer) = &mut writer {
            writer.push(&key, row.as_ref())?;
        }
    }
    writer.map(RunWriter::finish).transpose()
}

/// Enough for the present blocks of all runs.
const MERGE_CACHE_OCTETS: u64 = 4 * 1024 * 1024;

/// A key with its row, or `None` if it was removed.
pub type Change = (Vec<u8>, Option<Row>);

/// Rows of a span, in order, of which the first sources hide the same keys in later ones.
pub enum Source {
    /// Copied from memory, in the span's order: those to come, and the present one.
    Copied(std::vec::IntoIter<Change>, Option<Change>),
    Run(Cursor),
}

impl Source {
    pub fn copied(rows: Vec<Change>) -> Source {
        let mut rows = rows.into_iter();
        let first = rows.next();
        Source::Copied(rows, first)
    }

    fn key(&self) -> Option<&[u8]> {
        match self {
            Source::Copied(_, present) => present.as_ref().map(|(key, _)| key.as_slice()),
            Source::Run(cursor) => cursor.row().map(|(key, _)| key),
        }
    }

    fn row(&self) -> Option<Row> {
        match self {
            Source::Copied(_, present) => present.as_ref().and_then(|(_, row)| row.clone()),
            Source::Run(cursor) => cursor.row().and_then(|(_, row)| row.cloned()),
        }
    }

    fn advance(&mut self, blocks: &Blocks) -> Result<(), Error> {
        match self {
            Source::Copied(rest, present) => {
                *present = rest.next();
                Ok(())
            }
            Source::Run(cursor) => cursor.advance(blocks),
        }
    }
}

impl Runs {
    /// Visits every row that is not removed.
    pub fn rows(&self, blocks: &Blocks, visit: &mut dyn FnMut(&[u8], &Row)) -> Result<(), Error> {
        let mut sources = self.cursors(&Span::prefix(&[], Order::Ascending), blocks)?;
        while let Some((key, row)) = next(&mut sources, &[], Order::Ascending, blocks)? {
            if let Some(row) = row {
                visit(&key, &row);
            }
        }
        Ok(())
    }

    /// Returns a source for each run, the newest first.
    pub fn cursors(&self, span: &Span, blocks: &Blocks) -> Result<Vec<Source>, Error> {
        let cursor = |run: &Arc<Run>| Cursor::new(run.clone(), span.clone(), blocks);
        self.0.iter().rev().map(|run| cursor(run).map(Source::Run)).collect()
    }
}

/// Takes the next key from all sources, with the row of the first that has it. Returns `None` at the
/// end, and where the next key comes after one of the `horizons`.
pub fn next(
    sources: &mut [Source],
    horizons: &[Vec<u8>],
    order: Order,
    blocks: &Blocks,
) -> Result<Option<Change>, Error> {
    let comes_before = |a: &[u8], b: &[u8]| match order {
        Order::Ascending => a < b,
        Order::Descending => a > b,
    };
    let mut first: Option<(usize, &[u8])> = None;
    for (at, source) in sources.iter().enumerate() {
        if let Some(key) = source.key()
            && first.is_none_or(|(_, least)| comes_before(key, least))
        {
            first = Some((at, key));
        }
    }
    let Some((at, key)) = first else { return Ok(None) };
    if horizons.iter().any(|horizon| comes_before(horizon, key)) {
        return Ok(None);
    }
    let (key, row) = (key.to_vec(), sources[at].row());
    for source in sources {
        if source.key() == Some(&key) {
            source.advance(blocks)?;
        }
    }
    Ok(Some((key, row)))
}

#[cfg(test)]
mod tests {
    use super::{Much, merge_start};

    fn all(sizes: &[u32]) -> Option<usize> {
        merge_start(sizes, Much::All)
    }

    #[test]
    fn runs_of_one_size_are_merged_once_there_are_enough() {
        assert_eq!(all(&[]), None);
        assert_eq!(all(&[0, 0, 0]), None);
        assert_eq!(all(&[0, 0, 0, 0]), Some(0));
        assert_eq!(all(&[3, 0, 0, 0]), None);
        assert_eq!(all(&[3, 0, 0, 0, 0]), Some(1));
        // A smaller run between them is taken along.
        assert_eq!(all(&[2, 1, 0, 1, 1, 0]), None);
        assert_eq!(all(&[2, 1, 0, 1, 1, 1]), Some(1));
        // Where two sizes have enough, all of it is done at once, if there is space for it.
        assert_eq!(all(&[2, 1, 1, 1, 1, 0, 0, 0, 0]), Some(1));
        assert_eq!(merge_start(&[2, 1, 1, 1, 1, 0, 0, 0, 0], Much::Least), Some(5));
    }
}
