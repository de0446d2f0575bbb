//! The disk, as the store sees it: one folder of files. Every file access of the store goes
//! through this module, so that a simulator can replace the real disk.
//!
//! The guarantees are: after `sync_data` returned `Ok`, the octets and the length are on the
//! medium; after `sync_folder`, so are the names. Before that, anything may be lost, wholly or in
//! part.

pub mod os;
#[cfg(test)]
pub mod sim;

use std::io;

/// An open file.
pub trait DiskFile: Send + Sync {
    /// Reads into `buf` from `offset`; returns the number of octets read, which is less than the
    /// length of `buf` only at the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    fn write_all_at(&self, octets: &[u8], offset: u64) -> io::Result<()>;
    fn sync_data(&self) -> io::Result<()>;
    fn length(&self) -> io::Result<u64>;
    fn set_length(&self, octets: u64) -> io::Result<()>;
    /// Reserves space before writing; does nothing where the file system does not support this.
    fn preallocate(&self, octets: u64) -> io::Result<()>;
}

/// A folder of files.
pub trait Disk: Send + Sync {
    /// Creates a file, which must not exist.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    fn names(&self) -> io::Result<Vec<String>>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Renames a file; an existing `to` is replaced atomically.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn sync_folder(&self) -> io::Result<()>;
    fn free_octets(&self) -> io::Result<u64>;
    /// Returns how much space its files take on the medium, including those in subfolders.
    fn used_octets(&self) -> io::Result<u64>;
}

/// Reads a whole file of at most `octets_max` octets.
pub fn read_file(disk: &dyn Disk, name: &str, octets_max: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(name)?;
    let length = file.length()?;
    if length > octets_max {
        return Err(io::Error::other(format!("{name} is too large")));
    }
    let mut octets = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    let read = file.read_at(&mut octets, 0)?;
    octets.truncate(read);
    Ok(octets)
}

/// Writes a small file so that a crash leaves either the old file or the new one.
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
