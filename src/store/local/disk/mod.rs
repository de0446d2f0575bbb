//! The disk, as the store sees it: one folder of files. Every file access of the store (but
//! sled's own) goes through here, so that a simulator can stand in for the real one.
//!
//! What is promised: after `sync_data` returned `Ok`, the octets and the length are on the
//! medium; after `sync_folder`, so are the names. Before that anything may be lost, in part.

pub mod os;
#[cfg(test)]
pub mod sim;

use std::io;

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Reads into `buf` from `offset`; tells how many octets there were, less only at the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    fn write_all_at(&self, octets: &[u8], offset: u64) -> io::Result<()>;
    fn sync_data(&self) -> io::Result<()>;
    fn length(&self) -> io::Result<u64>;
    fn set_length(&self, octets: u64) -> io::Result<()>;
    /// Asks for room ahead of writing; where that cannot be had, nothing happens.
    fn preallocate(&self, octets: u64) -> io::Result<()>;
}

/// A folder of files.
pub trait Disk: Send + Sync {
    /// Makes a file that must not be there.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    fn names(&self) -> io::Result<Vec<String>>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Replaces `to`, if it is there, in one step.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn sync_folder(&self) -> io::Result<()>;
    fn free_octets(&self) -> io::Result<u64>;
    /// What its files take on the medium, those of folders inside it among them.
    fn used_octets(&self) -> io::Result<u64>;
}

/// Reads a whole file of at most `octets_max`.
pub fn read_file(disk: &dyn Disk, name: &str, octets_max: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(name)?;
    let length = file.length()?;
    if length > octets_max {
        return Err(io::Error::other(format!("{name} is larger than it can be")));
    }
    let mut octets = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    let read = file.read_at(&mut octets, 0)?;
    octets.truncate(read);
    Ok(octets)
}

/// Writes a small file so that a crash leaves the old one or the new one.
pub fn replace_file(disk: &dyn Disk, name: &str, octets: &[u8]) -> io::Result<()> {
    let new = format!("{name}.new");
    match disk.remove(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&new)?;
    file.write_all_at(octets, 0)?;
    file.sync_data()?;
    disk.rename(&new, name)?;
    disk.sync_folder()
}
