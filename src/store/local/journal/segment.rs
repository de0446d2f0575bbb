//! One segment: its header, its key, and the frames in it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::vault::{self, SegmentKey, Vault};

use super::files::{Files, Slot};
use super::frame::{self, ALIGN, Frame, HEAD};
use crate::store::local::disk::DiskFile;

/// A segment file that can be read; the newest can also be appended to.
pub struct Segment {
    pub number: u64,
    pub header: Header,
    pub key: SegmentKey,
    files: Arc<Files>,
    slot: Slot,
    /// The end of the durable part.
    end: AtomicU64,
}

/// What a segment records about itself and about the previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub number: u64,
    pub salt: [u8; 32],
    /// The previous segment, or 0, and the final end of its frames.
    pub previous: u64,
    pub previous_end: u64,
    /// The first frame's number.
    pub first_seq: u64,
}

const MAGIC: &[u8; 8] = b"PSTNSEG1";
/// The octets of one copy of the header, including the seal, which covers all of it.
const COPY: usize = 4096;
const SEAL: usize = 16;
const PLAIN: usize = COPY - SEAL;
/// The octets before the first frame: two copies of the header, on pages of their own, because
/// without its salt nothing in the segment could be opened.
pub const HEADER: u64 = 2 * COPY as u64;
/// The nonce of the header's tag, which no frame has.
const HEADER_NONCE: u64 = u64::MAX;

/// Returns a segment's file name, such as `0000000042.seg`.
pub fn file_name(number: u64) -> String {
    format!("{number:010}.seg")
}

/// Returns the number in a segment's file name.
pub fn number_of(name: &str) -> Option<u64> {
    name.strip_suffix(".seg").filter(|stem| stem.len() == 10)?.parse().ok()
}

impl Header {
    fn plain(&self) -> Vec<u8> {
        let mut out = vec![0; PLAIN];
        out[..8].copy_from_slice(MAGIC);
        out[8..16].copy_from_slice(&self.number.to_be_bytes());
        out[16..48].copy_from_slice(&self.salt);
        out[48..56].copy_from_slice(&self.previous.to_be_bytes());
        out[56..64].copy_from_slice(&self.previous_end.to_be_bytes());
        out[64..72].copy_from_slice(&self.first_seq.to_be_bytes());
        out
    }

    fn parse(plain: &[u8]) -> Option<Header> {
        let number =
            |at: usize| u64::from_be_bytes(plain[at..at + 8].try_into().expect("eight octets"));
        plain.starts_with(MAGIC).then(|| Header {
            number: number(8),
            salt: plain[16..48].try_into().expect("32 octets"),
            previous: number(48),
            previous_end: number(56),
            first_seq: number(64),
        })
    }

    /// Returns both sealed copies.
    fn seal(&self, key: &SegmentKey) -> io::Result<Vec<u8>> {
        let mut copy = self.plain();
        let mut seal = Vec::new();
        key.seal_in_place(HEADER_NONCE, &copy, &mut seal, 0).map_err(io::Error::other)?;
        copy.extend_from_slice(&seal);
        Ok(copy.repeat(2))
    }

    /// Opens a sealed copy, if it is intact and belongs to this segment.
    fn open(vault: &Vault, number: u64, copy: &[u8]) -> Option<Header> {
        let (plain, seal) = copy.get(..COPY)?.split_at(PLAIN);
        let header = Header::parse(plain).filter(|header| header.number == number)?;
        let key = vault.segment_key(number, &header.salt);
        key.open_in_place(HEADER_NONCE, plain, &mut seal.to_vec()).ok()?;
        Some(header)
    }
}

/// The kinds of segment files that are found.
pub enum Found {
    Segment(Segment),
    /// Neither copy of its header can be opened: it is damaged, or was sealed with another daemon
    /// key.
    Unreadable,
    /// The segment was never completed: it has no intact header, and nothing after it. Frames are
    /// written only once the header is durable.
    Unfinished,
}

impl Segment {
    /// Creates a new segment, which is durable with its name before it is used.
    pub fn create(
        files: &Arc<Files>,
        vault: &Vault,
        number: u64,
        previous: Option<(u64, u64)>,
        first_seq: u64,
        room: u64,
    ) -> io::Result<Segment> {
        let salt = vault::random_bytes().map_err(io::Error::other)?;
        let (previous, previous_end) = previous.unwrap_or_default();
        let header = Header { number, salt, previous, previous_end, first_seq };
        let key = vault.segment_key(number, &salt);
        let octets = header.seal(&key)?;
        let file: Arc<dyn DiskFile> = files.disk.create(&file_name(number))?.into();
        file.preallocate(room)?;
        file.write_all_at(&octets, 0)?;
        file.sync_data()?;
        files.disk.sync_folder()?;
        let (files, slot) = (files.clone(), files.hold(file));
        Ok(Segment { number, header, key, files, slot, end: AtomicU64::new(HEADER) })
    }

    /// Opens a segment's file.
    pub fn open(files: &Arc<Files>, vault: &Vault, number: u64) -> io::Result<Found> {
        let file: Arc<dyn DiskFile> = files.disk.open(&file_name(number))?.into();
        let copies = header_copies(&*file)?;
        let read = copies.iter().flatten();
        let Some(header) = read.clone().find_map(|copy| Header::open(vault, number, copy)) else {
            let is_used = read.count() < copies.len() || has_frames(&*file)?;
            return Ok(if is_used { Found::Unreadable } else { Found::Unfinished });
        };
        let key = vault.segment_key(number, &header.salt);
        let end = AtomicU64::new(file.length()?.max(HEADER));
        let (files, slot) = (files.clone(), files.hold(file));
        Ok(Found::Segment(Segment { number, header, key, files, slot, end }))
    }

    /// Returns every body in the file that its key opens, also beyond the end and after damage.
    pub fn everything(&self) -> io::Result<Vec<Vec<u8>>> {
        let (mut bodies, mut at, end) = (Vec::new(), HEADER, self.file()?.length()?);
        while let Some(found) = self.resync(at, end, BadSector::IsError)? {
            let Some((frame, body)) = self.read(found, end)? else { break };
            bodies.push(body);
            at = found + frame.octets();
        }
        Ok(bodies)
    }

    fn file(&self) -> io::Result<Arc<dyn DiskFile>> {
        self.files.file(&self.slot, &file_name(self.number))
    }

    /// Returns which copies of the header are damaged.
    pub fn damaged_copies(&self, vault: &Vault) -> io::Result<Vec<usize>> {
        let is_intact = |copy: &Option<Vec<u8>>| {
            copy.as_ref().is_some_and(|copy| Header::open(vault, self.number, copy).is_some())
        };
        let copies = header_copies(&*self.file()?)?;
        let copies = copies.iter().enumerate();
        Ok(copies.filter(|(_, copy)| !is_intact(copy)).map(|(at, _)| at + 1).collect())
    }

    /// Makes what was read durable, and truncates the file to the segment's end. A killed process
    /// may have left octets that were never synced, and after a failed sync the kernel may even
    /// consider them clean; so from `uncertain` on they are written again, octet for octet (the
    /// same plaintext with the same nonce), as is the header.
    pub fn settle(&self, uncertain: u64) -> io::Result<()> {
        let file = self.file()?;
        file.write_all_at(&self.header.seal(&self.key)?, 0)?;
        let mut octets = vec![0; 1024 * 1024];
        let (mut at, end) = (uncertain.max(HEADER), self.end());
        while at < end {
            let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(octets.len());
            let read = file.read_at(&mut octets[..length], at)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            file.write_all_at(&octets[..read], at)?;
            at += read as u64;
        }
        self.cut()
    }

    /// Closes the file after it was removed, so that the medium frees its space.
    pub fn close(&self) {
        self.files.close(&self.slot);
    }

    /// Returns the end of the durable part.
    pub fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    pub fn set_end(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    /// Writes frames at `offset` and syncs them. After an error, the segment must not be written
    /// to again, since what is on the medium is unknown.
    pub fn append(&self, octets: &[u8], offset: u64) -> io::Result<()> {
        let file = self.file()?;
        file.write_all_at(octets, offset)?;
        file.sync_data()?;
        self.set_end(offset + octets.len() as u64);
        Ok(())
    }

    /// Removes everything beyond the end from the medium: reserved space, and what was never
    /// acknowledged.
    pub fn cut(&self) -> io::Result<()> {
        let file = self.file()?;
        file.set_length(self.end())?;
        file.sync_data()
    }

    /// Frees the reserved space that was not used, once nothing more is written to the segment. An
    /// error costs only space, and what is truncated was never acknowledged.
    pub fn trim(&self) {
        if let Err(error) = self.file().and_then(|file| file.set_length(self.end())) {
            tracing::warn!(segment = self.number, %error, "a segment was not trimmed");
        }
    }

    /// Reads the frame at `offset` and its opened body; `None` if there is no intact frame.
    pub fn read(&self, offset: u64, end: u64) -> io::Result<Option<(Frame, Vec<u8>)>> {
        let Some(frame) = self.head(offset, end)? else { return Ok(None) };
        let mut body = vec![0; frame.octets() as usize - HEAD];
        let read = self.file()?.read_at(&mut body, offset + HEAD as u64)?;
        // The padding is not sealed, so it must be zero, as it was written.
        let padding = body.get(frame.sealed as usize..read).unwrap_or(&[]);
        if read < body.len() || padding.iter().any(|&octet| octet != 0) {
            return Ok(None);
        }
        body.truncate(frame.sealed as usize);
        let Some(plain) = frame::open(&self.key, offset, frame, &mut body).map(<[u8]>::len) else {
            return Ok(None);
        };
        body.truncate(plain);
        Ok(Some((frame, body)))
    }

    /// Reads as [`Segment::read`] does; `bad` says what an unreadable sector is.
    pub fn read_where(
        &self,
        offset: u64,
        end: u64,
        bad: BadSector,
    ) -> io::Result<Option<(Frame, Vec<u8>)>> {
        match self.read(offset, end) {
            Err(error) if bad.is_damage(&error) => Ok(None),
            read => read,
        }
    }

    /// Reads the head at `offset`, if there is one and its body ends by `end`.
    fn head(&self, offset: u64, end: u64) -> io::Result<Option<Frame>> {
        let mut head = [0; HEAD];
        let read = self.file()?.read_at(&mut head, offset)?;
        let frame = Frame::decode(&head[..read]);
        Ok(frame.filter(|frame| offset + frame.octets() <= end))
    }

    /// Returns the offset of the next intact frame at or after `offset`, after damage.
    pub fn resync(&self, offset: u64, end: u64, bad: BadSector) -> io::Result<Option<u64>> {
        const WINDOW: usize = 1024 * 1024;
        let mut at = offset.next_multiple_of(ALIGN);
        let mut window = vec![0; WINDOW + HEAD];
        while at < end {
            let (length, read) = self.window(&mut window, at, bad)?;
            let mut step = 0;
            while step < length && step < read {
                let found = Frame::decode(&window[step..read]).is_some();
                if found && self.read_where(at + step as u64, end, bad)?.is_some() {
                    return Ok(Some(at + step as u64));
                }
                step += ALIGN as usize;
            }
            at += length as u64;
        }
        Ok(None)
    }

    /// Reads octets in which frames may begin, and enough behind them for the last one's head.
    /// Returns in how many of them frames may begin, and how many were read. What lies beside a
    /// sector that the medium cannot read is read sector by sector.
    fn window(&self, octets: &mut [u8], at: u64, bad: BadSector) -> io::Result<(usize, usize)> {
        let file = self.file()?;
        let to_sector = SECTOR - (at as usize % SECTOR);
        let whole = octets.len() - HEAD;
        for (length, head) in [(whole, HEAD), (to_sector, HEAD), (to_sector, 0)] {
            match file.read_at(&mut octets[..length + head], at) {
                Ok(read) => return Ok((length, read)),
                Err(error) if bad.is_damage(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((to_sector, 0))
    }
}

/// Reads both copies of a header; `None` where the medium cannot read one.
fn header_copies(file: &dyn DiskFile) -> io::Result<[Option<Vec<u8>>; 2]> {
    let copy = |at: usize| {
        let mut octets = vec![0; COPY];
        match file.read_at(&mut octets, at as u64) {
            Ok(read) => {
                octets.truncate(read);
                Ok(Some(octets))
            }
            Err(error) if BadSector::IsDamage.is_damage(&error) => Ok(None),
            Err(error) => Err(error),
        }
    };
    Ok([copy(0)?, copy(COPY)?])
}

/// The smallest part of a medium that fails to be read.
const SECTOR: usize = 512;

/// What a sector is that the medium cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSector {
    /// Damage: what lies behind it can be read.
    IsDamage,
    /// An error. Where the journal ends is decided by what can be read, and what is behind the end
    /// is cut off; so nothing is decided while something cannot be read.
    IsError,
}

impl BadSector {
    fn is_damage(self, error: &io::Error) -> bool {
        let is_medium = error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
        self == BadSector::IsDamage && is_medium
    }
}

fn has_frames(file: &dyn DiskFile) -> io::Result<bool> {
    let mut octets = vec![0; 64 * 1024];
    let mut at = HEADER;
    loop {
        match file.read_at(&mut octets, at)? {
            0 => return Ok(false),
            read if octets[..read].iter().any(|&octet| octet != 0) => return Ok(true),
            read => at += read as u64,
        }
    }
}
