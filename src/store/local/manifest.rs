//! The manifest: which runs make up the index on disk, and the position in the journal up to which
//! they are complete, so that a start reads only what came after.
//!
//! It is replaced as a whole, and only once every run that it names is durable; what the previous
//! manifest names is removed only after that. So a crash at any moment leaves one complete index.
//! Without a manifest that can be read, the index is built from the whole journal.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use zeroize::Zeroizing;

use super::disk::{read_file, replace_file};
use super::index::Rows;
use super::index::run::{self, Run, RunEntry};
use super::index::runs::{self, Much, Runs};
use super::shared::{Shared, lock};
use super::tables::{Keeper, Manifest};
use crate::store::error::Error;
use crate::vault::Vault;

pub const NAME: &str = "manifest";
/// The manifest is sealed as a record of this table, which does not exist.
const TABLE: u8 = 254;
const VERSION: u8 = 1;
/// A segment takes less than 40 octets here, and a store of 1 TiB has 16,384.
const OCTETS_MAX: u64 = 16 * 1024 * 1024;

/// Reads the manifest; `None` if there is none.
pub fn read(shared: &Shared) -> Result<Option<Manifest>, Error> {
    let sealed = match read_file(&*shared.disk, NAME, OCTETS_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let malformed = |_| Error::DamagedIndex("the manifest cannot be read".to_owned());
    postcard::from_bytes(&plain_of(&shared.vault, &sealed)?).map(Some).map_err(malformed)
}

/// Opens a sealed manifest.
pub fn plain_of(vault: &Vault, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (version, plain) = vault.record_open(TABLE, NAME.as_bytes(), sealed)?;
    if version != VERSION {
        return Err(Error::DamagedIndex("the manifest has another version".to_owned()));
    }
    Ok(plain)
}

/// Makes the manifest durable, and then removes the runs that it does not name any more.
fn replace(shared: &Shared, keeper: &mut Keeper, manifest: Manifest) -> Result<(), Error> {
    let plain = postcard::to_stdvec(&manifest).map_err(|_| Error::Seal)?;
    let sealed = shared.vault.record_seal(TABLE, VERSION, NAME.as_bytes(), &plain)?;
    replace_file(&*shared.disk, NAME, &sealed)?;
    keeper.manifest = manifest;
    for number in std::mem::take(&mut keeper.garbage) {
        shared.blocks.remove_if(|(run, _)| *run == number);
        remove_run(shared, number);
    }
    Ok(())
}

/// Removes a run's file. If this fails, the next start removes it.
fn remove_run(shared: &Shared, number: u64) {
    match shared.disk.remove(&run::file_name(number)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(run = number, %error, "a run that is no longer needed was not removed");
        }
        _ => {}
    }
}

/// Removes every run that nothing names: a crash, or an index that could not be built again, left
/// them.
pub fn sweep(shared: &Shared, keeper: &Keeper) -> Result<(), Error> {
    let runs = shared.tables().runs.entries();
    let entries = keeper.manifest.runs.iter().chain(&runs).map(|entry| entry.number);
    let named: HashSet<u64> = entries.chain(keeper.garbage.iter().copied()).collect();
    for number in shared.disk.names()?.iter().filter_map(|name| run::number_of(name)) {
        shared.last_run.fetch_max(number, Ordering::AcqRel);
        if !named.contains(&number) {
            remove_run(shared, number);
        }
    }
    Ok(())
}

/// Writes everything that is published to the index on disk.
pub fn write(shared: &Shared) -> Result<(), Error> {
    let mut keeper = lock(&shared.keeper);
    let wanted = shared.tables().published.seq;
    loop {
        {
            let tables = shared.tables();
            let position = keeper.manifest.position;
            let is_done = tables.frozen.is_none()
                && position.seq >= wanted
                && (position != tables.published || keeper.manifest.space == tables.space);
            if is_done && keeper.manifest.runs == tables.runs.entries() {
                return Ok(());
            }
        }
        flush(shared, &mut keeper)?;
    }
}

/// Writes the frozen rows as a run, and a manifest that names it.
fn flush(shared: &Shared, keeper: &mut Keeper) -> Result<(), Error> {
    let frozen = shared.tables_mut().freeze();
    let before = shared.tables().runs.clone();
    let number = shared.run_number();
    let run = write_rows(shared, number, &frozen.rows, &before)?;
    let runs = run.map_or_else(|| before.clone(), |run| Arc::new(before.with(run)));
    let (position, space) = (frozen.position, frozen.space.clone());
    let is_incomplete = keeper.manifest.is_incomplete;
    let manifest = Manifest { position, space, runs: runs.entries(), is_incomplete };
    install(shared, keeper, manifest, &runs, &[number])?;
    let mut tables = shared.tables_mut();
    (tables.runs, tables.frozen) = (runs, None);
    drop(tables);
    shared.drained();
    Ok(())
}

fn write_rows(
    shared: &Shared,
    number: u64,
    rows: &Rows,
    older: &Runs,
) -> Result<Option<Run>, Error> {
    runs::write_rows(&*shared.disk, &shared.vault, number, rows, older.0.is_empty())
        .inspect_err(|_| remove_run(shared, number))
}

/// Replaces the manifest. If that fails once the new one may be in place, the medium may have
/// either, so what only the new one names stays until a later one is durable.
fn install(
    shared: &Shared,
    keeper: &mut Keeper,
    manifest: Manifest,
    runs: &Runs,
    new: &[u64],
) -> Result<(), Error> {
    let kept = |entry: &RunEntry| runs.0.iter().any(|run| run.entry.number == entry.number);
    let gone = keeper.manifest.runs.iter().filter(|entry| !kept(entry)).map(|entry| entry.number);
    let gone: Vec<u64> = gone.collect();
    let before = std::mem::take(&mut keeper.garbage);
    keeper.garbage = before.iter().chain(&gone).copied().collect();
    // The names of new runs are durable before the manifest has them.
    let named = shared.disk.sync_folder().map_err(Error::from);
    let done = named.and_then(|()| replace(shared, keeper, manifest.clone()));
    if done.is_err() {
        keeper.garbage = before;
        match read(shared) {
            Ok(found) if found.as_ref() != Some(&manifest) => {
                new.iter().for_each(|number| remove_run(shared, *number));
            }
            _ => keeper.garbage.extend(new),
        }
    }
    done
}

/// Merges runs, so that there are few of them: those of about the same size, or all, if
/// `everything` is wanted. Returns whether there was anything to merge. Fails with `Full` if the
/// medium has too little space for a copy, and with `Closed` if the store is closed meanwhile.
pub fn merge(shared: &Shared, everything: bool) -> Result<bool, Error> {
    let _alone = lock(&shared.merging);
    name_all(shared)?;
    let runs = shared.tables().runs.clone();
    let chosen = match everything {
        true => (runs.0.len() > 1).then(|| ((*runs).clone(), true)),
        // Where there is too little space for all of it, a part is better than nothing.
        false => match runs.to_merge(Much::All) {
            Some((from, _)) if check_room(shared, &from).is_err() => runs.to_merge(Much::Least),
            chosen => chosen,
        },
    };
    let Some((from, is_oldest)) = chosen else { return Ok(false) };
    check_room(shared, &from)?;
    let (number, merged) = merge_runs(shared, &from, is_oldest);
    let merged = shared.noting_damage(merged)?;
    let mut keeper = lock(&shared.keeper);
    let Some(runs) = shared.tables().runs.with_merged(&from, merged) else {
        // The index was built again meanwhile.
        remove_run(shared, number);
        return Ok(false);
    };
    let manifest = Manifest { runs: runs.entries(), ..keeper.manifest.clone() };
    install(shared, &mut keeper, manifest, &runs, &[number])?;
    shared.tables_mut().runs = Arc::new(runs);
    Ok(true)
}

/// Whether there is space to write the runs once more, before anything is removed. A small part of
/// the space that is kept free may be used for it, since runs that are never merged take more and
/// more files.
pub fn check_room(shared: &Shared, runs: &Runs) -> Result<(), Error> {
    let octets: u64 = runs.0.iter().map(|run| run.entry.end).sum();
    let kept = shared.config.free_min_octets;
    let kept = if octets <= kept / 8 { 0 } else { kept };
    if shared.disk.free_octets()? < kept + octets { Err(Error::Full) } else { Ok(()) }
}

/// Writes what some runs have as one run, whose number is returned as well.
fn merge_runs(shared: &Shared, from: &Runs, is_oldest: bool) -> (u64, Result<Option<Run>, Error>) {
    let number = shared.run_number();
    let go_on: &mut dyn FnMut() -> bool = &mut || !shared.closing.load(Ordering::Acquire);
    let merged = runs::merge(&*shared.disk, &shared.vault, number, from, is_oldest, go_on);
    (number, merged.inspect_err(|_| remove_run(shared, number)))
}

/// Makes sure that the manifest names every run. A long replay writes runs before the manifest
/// reaches their position; named with the earlier position, they would be applied twice.
pub fn name_all(shared: &Shared) -> Result<(), Error> {
    let is_named = lock(&shared.keeper).manifest.runs == shared.tables().runs.entries();
    if is_named { Ok(()) } else { write(shared) }
}

/// Opens the runs of the manifest.
pub fn open_runs(shared: &Shared, manifest: &Manifest) -> Result<Runs, Error> {
    Runs::open(&*shared.disk, &shared.vault, &manifest.runs)
}

/// Writes rows as a run that no manifest names yet, and that is newer than `older`.
pub fn spill(shared: &Shared, rows: &Rows, older: &Runs) -> Result<Option<Run>, Error> {
    write_rows(shared, shared.run_number(), rows, older)
}

/// Merges runs of about the same size while the index is built from the journal. Runs that the
/// manifest names stay until it is replaced; `None` if there is nothing to merge.
pub fn merge_unnamed(shared: &Shared, runs: &Runs) -> Result<Option<Runs>, Error> {
    let Some((from, is_oldest)) = runs.to_merge(Much::All) else { return Ok(None) };
    let merged = merge_runs(shared, &from, is_oldest).1?;
    let named = |entry: &RunEntry| lock(&shared.keeper).manifest.runs.contains(entry);
    for run in from.0.iter().filter(|run| !named(&run.entry)) {
        remove_run(shared, run.entry.number);
    }
    Ok(runs.with_merged(&from, merged))
}

/// Puts runs that were built again in the place of those that the manifest `before` names. Runs
/// that were written since then stay.
pub fn install_rebuilt(
    shared: &Shared,
    before: &Manifest,
    rebuilt: &Runs,
    is_incomplete: bool,
) -> Result<(), Error> {
    let mut keeper = lock(&shared.keeper);
    let now = shared.tables().runs.clone();
    let is_new = |run: &&Arc<Run>| !before.runs.contains(&run.entry);
    let mut runs = rebuilt.clone();
    runs.0.extend(now.0.iter().filter(is_new).cloned());
    let manifest = Manifest { runs: runs.entries(), is_incomplete, ..keeper.manifest.clone() };
    let new: Vec<u64> = rebuilt.0.iter().map(|run| run.entry.number).collect();
    install(shared, &mut keeper, manifest, &runs, &new)?;
    shared.tables_mut().runs = Arc::new(runs);
    Ok(())
}
