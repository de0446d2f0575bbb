//! Restoring: a folder is made from a backup (see `backup` for its form).
//!
//! The file with the store's format number is written last, once everything else is durable, and no
//! journal is opened without it: a restore that was interrupted never looks like a store. What a
//! refused backup had written so far is removed.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use super::backup::{END, FILE, MAGIC, NAME_OCTETS_MAX, OCTETS, SEALED_MAX};
use super::disk::os::OsDisk;
use super::disk::{Disk, DiskFile, replace_file};
use super::journal::segment;
use super::{format, make_folders};
use crate::store::engine::BackedUp;
use crate::store::error;
use crate::vault::{SegmentKey, Vault};

/// Why a backup was not restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this is not a backup of Postern")]
    NotABackup,
    #[error("it was altered at its beginning, or another daemon key belongs to it")]
    NotOurs,
    #[error("it was altered in block {0}")]
    Altered(u64),
    #[error("it is cut off: its end is missing")]
    Cut,
    #[error("something follows after its end")]
    Longer,
    #[error("the folder to restore into is not empty")]
    NotEmpty,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] error::Error),
}

/// One block of a backup.
#[derive(Debug, PartialEq, Eq)]
enum Block<'b> {
    File { octets: u64, name: &'b str },
    Octets(&'b [u8]),
    End { files: u64, octets: u64 },
}

/// Makes a data folder's store from a backup. `data` must be empty, or must not exist. What is
/// written belongs to the owner of `data`. `progress` is called with the octets that were restored.
pub fn restore(
    backup: &mut dyn Read,
    vault: &Vault,
    data: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<BackedUp, Error> {
    match fs::read_dir(data).map(|mut entries| entries.next().is_some()) {
        Ok(true) => return Err(Error::NotEmpty),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut blocks = Blocks::begin(backup, vault)?;
    // Whether the key is the right one is known before anything is made.
    let first = blocks.next()?;
    let store = data.join("store");
    make_folders(&store)?;
    let mut restoring = Restoring::new(OsDisk::new(&store.join("journal")));
    let done = restoring.take(first).and_then(|_| restoring.rest(&mut blocks, progress));
    let done = done.and_then(|made| restoring.finish().and(Ok(made)));
    match done {
        Ok(made) => give_to_owner_of(data, &store).map_err(Error::from).and(Ok(made)),
        Err(error) => {
            // It was empty before.
            fs::remove_dir_all(&store)?;
            Err(error)
        }
    }
}

/// Reads and opens the blocks of a backup, one after another.
struct Blocks<'b> {
    from: &'b mut dyn Read,
    key: SegmentKey,
    next: u64,
    block: Vec<u8>,
}

impl<'b> Blocks<'b> {
    fn begin(from: &'b mut dyn Read, vault: &Vault) -> Result<Blocks<'b>, Error> {
        let mut head = [0; 40];
        whole(from, &mut head).map_err(|error| or_cut(error, Error::NotABackup))?;
        let (magic, salt) = head.split_first_chunk::<8>().expect("40 octets");
        if magic != MAGIC {
            return Err(Error::NotABackup);
        }
        let key = vault.backup_key(salt.try_into().expect("32 octets"));
        Ok(Blocks { from, key, next: 0, block: Vec::new() })
    }

    fn next(&mut self) -> Result<Block<'_>, Error> {
        let number = self.next;
        let altered = || if number == 0 { Error::NotOurs } else { Error::Altered(number) };
        let mut length = [0; 4];
        whole(self.from, &mut length).map_err(|error| or_cut(error, Error::Cut))?;
        let length = u32::from_be_bytes(length) as usize;
        if length > SEALED_MAX {
            return Err(altered());
        }
        self.block.resize(length, 0);
        whole(self.from, &mut self.block).map_err(|error| or_cut(error, Error::Cut))?;
        let opened = self.key.open_in_place(number, &[], &mut self.block);
        let plain = opened.map_err(|_| altered())?;
        self.next += 1;
        Block::parse(plain).ok_or_else(altered)
    }

    fn is_over(&mut self) -> Result<bool, Error> {
        let mut one = [0];
        match whole(self.from, &mut one) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(true),
            read => read.map(|()| false).map_err(Error::from),
        }
    }
}

fn whole(from: &mut dyn Read, octets: &mut [u8]) -> io::Result<()> {
    from.read_exact(octets)
}

fn or_cut(error: io::Error, cut: Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { cut } else { error.into() }
}

impl<'b> Block<'b> {
    /// Parses an opened block; `None` if it is malformed.
    fn parse(plain: &'b [u8]) -> Option<Block<'b>> {
        let (kind, rest) = plain.split_first()?;
        match *kind {
            FILE => {
                let (octets, name) = rest.split_first_chunk()?;
                let name = str::from_utf8(name).ok().filter(|name| is_ours(name))?;
                Some(Block::File { octets: u64::from_be_bytes(*octets), name })
            }
            OCTETS => Some(Block::Octets(rest)),
            END => {
                let (files, octets) = rest.split_first_chunk()?;
                let octets = <[u8; 8]>::try_from(octets).ok()?;
                let (files, octets) = (u64::from_be_bytes(*files), u64::from_be_bytes(octets));
                Some(Block::End { files, octets })
            }
            _ => None,
        }
    }
}

/// Whether a file of that name belongs into a journal that is restored.
fn is_ours(name: &str) -> bool {
    name.len() <= NAME_OCTETS_MAX && (name == format::NAME || segment::number_of(name).is_some())
}

/// A journal that is being made.
struct Restoring {
    disk: OsDisk,
    open: Option<Open>,
    /// The store's format number, as it stood in its file.
    format: Vec<u8>,
    made: BackedUp,
}

/// The file that is being written.
struct Open {
    /// `None` for the file with the format number, which is written last.
    file: Option<Box<dyn DiskFile>>,
    at: u64,
    octets: u64,
}

/// What the blocks so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    More,
    All,
}

impl Restoring {
    fn new(disk: OsDisk) -> Restoring {
        Restoring { disk, open: None, format: Vec::new(), made: BackedUp::default() }
    }

    fn rest(
        &mut self,
        blocks: &mut Blocks<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackedUp, Error> {
        loop {
            let number = blocks.next;
            let taken = self.take(blocks.next()?);
            match taken.map_err(|error| error.in_block(number))? {
                Taken::More => progress(self.made.octets),
                Taken::All if blocks.is_over()? => return Ok(self.made),
                Taken::All => return Err(Error::Longer),
            }
        }
    }

    fn take(&mut self, block: Block<'_>) -> Result<Taken, Error> {
        match block {
            Block::File { octets, name } => {
                self.close()?;
                let is_format = name == format::NAME;
                if is_format && octets > format::OCTETS_MAX {
                    return Err(Error::Altered(0));
                }
                let file = if is_format { None } else { Some(self.disk.create(name)?) };
                self.open = Some(Open { file, at: 0, octets });
                self.made.files += 1;
            }
            Block::Octets(octets) => self.octets(octets)?,
            Block::End { files, octets } => {
                self.close()?;
                let is_all = self.made == BackedUp { files, octets } && !self.format.is_empty();
                return is_all.then_some(Taken::All).ok_or(Error::Altered(0));
            }
        }
        Ok(Taken::More)
    }

    fn octets(&mut self, octets: &[u8]) -> Result<(), Error> {
        let open = self.open.as_mut().ok_or(Error::Altered(0))?;
        let end = open.at + octets.len() as u64;
        if end > open.octets {
            return Err(Error::Altered(0));
        }
        match &open.file {
            Some(file) => file.write_all_at(octets, open.at)?,
            None => self.format.extend_from_slice(octets),
        }
        open.at = end;
        self.made.octets += octets.len() as u64;
        Ok(())
    }

    /// Makes the file durable that was being written, which must be complete.
    fn close(&mut self) -> Result<(), Error> {
        let Some(open) = self.open.take() else { return Ok(()) };
        if open.at < open.octets {
            return Err(Error::Altered(0));
        }
        Ok(open.file.map_or(Ok(()), |file| file.sync_data())?)
    }

    /// Makes the journal one that can be opened.
    fn finish(&self) -> Result<(), Error> {
        self.disk.sync_folder()?;
        replace_file(&self.disk, format::NAME, &self.format)?;
        Ok(format::check(&self.disk)?)
    }
}

impl Error {
    /// Says in which block it was noticed.
    fn in_block(self, number: u64) -> Error {
        match self {
            Error::Altered(_) => Error::Altered(number),
            other => other,
        }
    }
}

/// Gives what was restored to the owner of the data folder: root restores, and usually
/// another user runs the daemon.
fn give_to_owner_of(data: &Path, store: &Path) -> io::Result<()> {
    let owner = fs::metadata(data)?;
    let journal = store.join("journal");
    let mut paths = vec![store.to_owned(), journal.clone()];
    for entry in fs::read_dir(&journal)? {
        paths.push(entry?.path());
    }
    for path in paths {
        if fs::metadata(&path)?.uid() != owner.uid() {
            chown(&path, Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    Ok(())
}

/// Octets in place of a backup, for the fuzz target: returns whether they were restored.
#[doc(hidden)]
pub fn opens(octets: &[u8], vault: &Vault, data: &Path) -> bool {
    restore(&mut &*octets, vault, data, &mut |_| ()).is_ok()
}
