//! A simulated disk that forgets: data that was not synced is lost, kept in part, or torn at any
//! sector.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::{Disk, DiskFile};

/// Torn writes end at multiples of this.
const SECTOR: usize = 512;

/// A small random number generator: the same seed leads to the same run.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number from 0 up to, but not including, `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Returns true `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// How much of the unsynced writes survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    Nothing,
    Everything,
    /// Each sector survives with a chance of one half.
    AnySectors,
}

/// What fails, by the number of the operation that fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    /// From this operation on, nothing works any more.
    pub crash_at: Option<u64>,
    /// This sync fails with EIO, and what it should have written is dropped.
    pub sync_fails_at: Option<u64>,
    /// Writes find no space from the first operation up to, but not including, the second.
    pub full_at: Option<(u64, u64)>,
    /// This write fails with EIO after a part was written.
    pub write_fails_at: Option<u64>,
    /// This change or sync of names fails with EIO, and does nothing.
    pub names_fail_at: Option<u64>,
}

#[derive(Clone, Default)]
struct FileState {
    /// What the process sees.
    view: Vec<u8>,
    /// What is on the medium.
    medium: Vec<u8>,
    /// Ranges that were written but neither synced nor dropped.
    dirty: Vec<(usize, usize)>,
}

#[derive(Clone, Default)]
struct State {
    files: BTreeMap<String, FileState>,
    /// Names on the medium.
    names: BTreeMap<String, String>,
    operations: u64,
    syncs: u64,
    plan: Plan,
    crashed: bool,
    /// Whether an operation failed since the last plan.
    failed: bool,
    dice: Option<Dice>,
    next_inode: u64,
    /// Names that the process sees, each with its file.
    seen: BTreeMap<String, String>,
    /// Whether names survive only after a folder sync.
    names_need_sync: bool,
    /// Files of which some octets cannot be read.
    unreadable: BTreeMap<String, Range<usize>>,
    /// A bit of a file that is read wrongly once, after some reads of it.
    misread: Option<Misread>,
    /// How much space is said to be free, if not unlimited.
    free: Option<u64>,
}

/// The simulated disk; clones share it.
#[derive(Clone, Default)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

fn crashed() -> io::Error {
    io::Error::other("the power is off")
}

impl SimDisk {
    pub fn new(names_need_sync: bool) -> SimDisk {
        let disk = SimDisk::default();
        disk.lock().names_need_sync = names_need_sync;
        disk
    }

    /// Returns another disk with the same octets on it.
    pub fn copy(&self) -> SimDisk {
        SimDisk { state: Arc::new(Mutex::new(self.lock().clone())) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Plans what will fail from now on; operations are counted from zero again.
    pub fn plan(&self, plan: Plan, dice: Dice) {
        let mut state = self.lock();
        (state.plan, state.operations, state.dice) = (plan, 0, Some(dice));
        state.failed = false;
    }

    /// Returns how many operations were done since the last plan.
    pub fn operations(&self) -> u64 {
        self.lock().operations
    }

    /// Returns how often data was synced since the start.
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    pub fn has_crashed(&self) -> bool {
        self.lock().crashed
    }

    /// Returns whether anything failed since the last plan.
    pub fn has_failed(&self) -> bool {
        self.lock().failed
    }

    /// Simulates a restart of the process on a machine that kept running.
    pub fn process_restart(&self) {
        let mut state = self.lock();
        (state.plan, state.crashed) = (Plan::default(), false);
    }

    /// Simulates the return of power: only what is on the medium is left.
    pub fn restart(&self, survival: Survival, dice: &mut Dice) {
        let mut state = self.lock();
        for file in state.files.values_mut() {
            file.power_cut(survival, dice);
        }
        if state.names_need_sync {
            let lose = survival == Survival::Nothing
                || survival == Survival::AnySectors && dice.chance(50);
            if lose {
                state.seen = state.names.clone();
            }
        }
        state.names = state.seen.clone();
        (state.plan, state.crashed) = (Plan::default(), false);
    }

    /// Flips a bit on the medium and in the view.
    pub fn flip(&self, name: &str, bit: u64) {
        let mut state = self.lock();
        let inode = state.seen[name].clone();
        let file = state.files.get_mut(&inode).unwrap();
        let at = (bit / 8) as usize % file.view.len();
        file.view[at] ^= 1 << (bit % 8);
        file.medium = file.view.clone();
    }

    /// Makes every read of a file fail with EIO, or no longer fail.
    pub fn fail_reads(&self, name: &str, fail: bool) {
        match fail {
            true => self.fail_reads_in(name, 0..u64::MAX),
            false => {
                let mut state = self.lock();
                let inode = state.seen[name].clone();
                state.unreadable.remove(&inode);
            }
        }
    }

    /// Makes every read of a file that includes one of some octets fail with EIO.
    pub fn fail_reads_in(&self, name: &str, octets: Range<u64>) {
        let mut state = self.lock();
        let inode = state.seen[name].clone();
        state.unreadable.insert(inode, octets.start as usize..octets.end as usize);
    }

    /// Flips a bit of a file in the next `times` reads that include it.
    pub fn flip_at_read(&self, name: &str, bit: u64, times: u32) {
        let mut state = self.lock();
        let inode = state.seen[name].clone();
        state.misread = Some(Misread { inode, bit, times });
    }

    /// Sets how much space is free.
    pub fn set_free(&self, octets: u64) {
        self.lock().free = Some(octets);
    }

    pub fn holds_segment(&self, number: u64) -> bool {
        let name = crate::store::local::journal::segment::file_name(number);
        let state = self.lock();
        state.seen.contains_key(&name) || state.names.contains_key(&name)
    }

    pub fn size(&self, name: &str) -> u64 {
        let state = self.lock();
        state.files[&state.seen[name]].view.len() as u64
    }
}

/// A bit that is read wrongly for some time.
#[derive(Clone)]
struct Misread {
    inode: String,
    bit: u64,
    times: u32,
}

impl State {
    /// Changes octets that were read from an offset of a file, if they are to be misread.
    fn misread(&mut self, inode: &str, octets: &mut [u8], from: usize) {
        let Some(misread) = &mut self.misread else { return };
        let at = (misread.bit / 8) as usize;
        let is_here = misread.inode == inode && (from..from + octets.len()).contains(&at);
        if is_here && misread.times > 0 {
            misread.times -= 1;
            octets[at - from] ^= 1 << (misread.bit % 8);
        }
    }

    /// Counts an operation; from the planned crash on, nothing works.
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        if self.plan.crash_at.is_some_and(|at| self.operations >= at) {
            self.crashed = true;
        }
        if self.crashed { Err(crashed()) } else { Ok(()) }
    }

    /// Counts an operation on names, which may be planned to fail.
    fn step_names(&mut self) -> io::Result<()> {
        self.step()?;
        if self.plan.names_fail_at == Some(self.operations) {
            self.failed = true;
            return Err(rustix::io::Errno::IO.into());
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.plan.full_at.is_some_and(|(from, to)| (from..to).contains(&self.operations))
    }
}

impl FileState {
    fn write(&mut self, octets: &[u8], offset: usize) {
        let end = offset + octets.len();
        if self.view.len() < end {
            self.view.resize(end, 0);
        }
        self.view[offset..end].copy_from_slice(octets);
        self.dirty.push((offset, end));
    }

    fn sync(&mut self) {
        for (from, to) in std::mem::take(&mut self.dirty) {
            self.keep(from, to);
        }
        // Lengths are synced with the data.
        self.medium.resize(self.view.len(), 0);
    }

    fn keep(&mut self, from: usize, to: usize) {
        let to = to.min(self.view.len());
        if from < to {
            if self.medium.len() < to {
                self.medium.resize(to, 0);
            }
            self.medium[from..to].copy_from_slice(&self.view[from..to]);
        }
    }

    fn power_cut(&mut self, survival: Survival, dice: &mut Dice) {
        for (from, to) in std::mem::take(&mut self.dirty) {
            match survival {
                Survival::Nothing => {}
                Survival::Everything => self.keep(from, to),
                Survival::AnySectors => {
                    let mut at = from;
                    while at < to {
                        let next = ((at / SECTOR + 1) * SECTOR).min(to);
                        if dice.chance(50) {
                            self.keep(at, next);
                        }
                        at = next;
                    }
                }
            }
        }
        self.view = self.medium.clone();
    }
}

struct SimFile {
    disk: SimDisk,
    inode: String,
}

impl DiskFile for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.lock();
        if state.crashed {
            return Err(crashed());
        }
        let view = &state.files[&self.inode].view;
        let from = (offset as usize).min(view.len());
        let length = buf.len().min(view.len() - from);
        let is_bad = |bad: &Range<usize>| from < bad.end && from + length > bad.start;
        if state.unreadable.get(&self.inode).is_some_and(is_bad) {
            return Err(rustix::io::Errno::IO.into());
        }
        buf[..length].copy_from_slice(&view[from..from + length]);
        state.misread(&self.inode, &mut buf[..length], from);
        Ok(length)
    }

    fn write_all_at(&self, octets: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        let step = state.step();
        let now = state.operations;
        let grows = offset as usize + octets.len() > state.files[&self.inode].view.len();
        if step.is_ok() && grows && state.is_full() {
            state.failed = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        let fails = state.plan.write_fails_at == Some(now);
        state.failed |= fails;
        let part = match (&step, fails) {
            (Ok(()), false) => octets.len(),
            // A crash or failure during a write leaves a part of it.
            _ => {
                let bound = octets.len() as u64 + 1;
                state.dice.as_mut().map_or(0, |dice| dice.below(bound) as usize)
            }
        };
        let file = state.files.get_mut(&self.inode).unwrap();
        file.write(&octets[..part], offset as usize);
        match fails {
            true => step.and(Err(io::Error::other("input/output error"))),
            false => step,
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.syncs += 1;
        let step = state.step();
        let fails = state.plan.sync_fails_at == Some(state.operations);
        state.failed |= fails;
        let file = state.files.get_mut(&self.inode).unwrap();
        if fails {
            // The medium keeps its old data, but the pages now count as clean.
            file.dirty.clear();
            return step.and(Err(io::Error::other("input/output error")));
        }
        step?;
        file.sync();
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        let state = self.disk.lock();
        if state.crashed {
            return Err(crashed());
        }
        Ok(state.files[&self.inode].view.len() as u64)
    }

    fn set_length(&self, octets: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.step()?;
        let file = state.files.get_mut(&self.inode).unwrap();
        file.view.resize(octets as usize, 0);
        // Truncation is durable at once; dirty data beyond the new end is lost.
        if file.medium.len() > octets as usize {
            file.medium.truncate(octets as usize);
        }
        Ok(())
    }

    fn preallocate(&self, _octets: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.step()?;
        match state.is_full() {
            true => {
                state.failed = true;
                Err(io::ErrorKind::StorageFull.into())
            }
            false => Ok(()),
        }
    }
}

impl Disk for SimDisk {
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock();
        state.step()?;
        if state.is_full() {
            state.failed = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        if state.seen.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.next_inode += 1;
        let inode = state.next_inode.to_string();
        state.files.insert(inode.clone(), FileState::default());
        state.seen.insert(name.to_owned(), inode.clone());
        Ok(Box::new(SimFile { disk: self.clone(), inode }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let state = self.lock();
        if state.crashed {
            return Err(crashed());
        }
        let inode = state.seen.get(name).ok_or(io::ErrorKind::NotFound)?.clone();
        Ok(Box::new(SimFile { disk: self.clone(), inode }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let state = self.lock();
        if state.crashed {
            return Err(crashed());
        }
        Ok(state.seen.keys().cloned().collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.step()?;
        state.seen.remove(name).map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.step_names()?;
        let inode = state.seen.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.seen.insert(to.to_owned(), inode);
        Ok(())
    }

    fn sync_folder(&self) -> io::Result<()> {
        let mut state = self.lock();
        state.step_names()?;
        state.names = state.seen.clone();
        Ok(())
    }

    fn free_octets(&self) -> io::Result<u64> {
        Ok(self.lock().free.unwrap_or(u64::MAX))
    }

    fn used_octets(&self) -> io::Result<u64> {
        let state = self.lock();
        Ok(state.files.values().map(|file| file.view.len() as u64).sum())
    }
}
