//! All files of a message as one ZIP, which is written while the files are read and never stored
//! on disk. Only a few pieces are in memory at a time, however large the files are; those of a
//! received message whose encoding cannot be read piece by piece are the exception. Each step
//! compresses one piece, so that a large archive keeps nobody else waiting.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::gateway::mailboxes::content::{Content, Pieces};
use crate::mail::message;

use super::error::Problem;
use super::stream::Source;

/// Octets of the ZIP that were written but have not been taken yet.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Zeroizing<Vec<u8>>>>);

impl Written {
    fn take(&self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Written {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A ZIP that is being written.
pub struct Archive {
    /// The files still to be written, with their names in the archive; the next one comes last.
    rest: Vec<(String, Pieces)>,
    current: Option<Pieces>,
    /// The writer; `None` once everything is written.
    zip: Option<ZipWriter<StreamWriter<Written>>>,
    written: Written,
}

/// What a compressor takes, with the piece that it reads and what it has written: two windows of 64
/// KiB and their tables, and twice [`STEP_OCTETS`](crate::gateway::mailboxes::content::STEP_OCTETS).
const COMPRESSOR_OCTETS: usize = 1 << 20;

impl Archive {
    /// Creates an archive of everything that the reader lists as a file.
    pub fn of(content: &Content) -> Archive {
        let mut names = HashSet::new();
        let files = content.all_files().into_iter();
        let mut rest: Vec<(String, Pieces)> =
            files.map(|(part, pieces)| (named(&part, &mut names), pieces)).collect();
        rest.reverse();
        let written = Written::default();
        let zip = Some(ZipWriter::new_stream(written.clone()));
        Archive { rest, current: None, zip, written }
    }

    /// The number of octets that are in memory until they are written, and what compressing takes.
    pub fn octets_held(&self) -> usize {
        let files: usize = self.rest.iter().map(|(_, pieces)| pieces.octets_held()).sum();
        files + COMPRESSOR_OCTETS
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Writes the next step: a piece of the current file, the start of the next one, or the end.
    fn step(&mut self) -> Result<(), Problem> {
        let Some(zip) = &mut self.zip else { return Ok(()) };
        if let Some(pieces) = &mut self.current {
            match pieces.take_next()? {
                Some(piece) => zip.write_all(&piece).map_err(|error| Problem::broken(&error))?,
                None => self.current = None,
            }
            return Ok(());
        }
        let broken = |error: zip::result::ZipError| Problem::broken(&error);
        match self.rest.pop() {
            Some((name, pieces)) => {
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Deflated)
                    .large_file(pieces.octets() > u64::from(u32::MAX / 2));
                zip.start_file(name, options).map_err(broken)?;
                self.current = Some(pieces);
            }
            None => {
                if let Some(zip) = self.zip.take() {
                    zip.finish().map_err(broken)?;
                }
            }
        }
        Ok(())
    }
}

impl Source for Archive {
    fn take_next(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        while self.zip.is_some() {
            self.step()?;
            let piece = self.written.take();
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

/// Returns a name that is unique within the archive and valid on every system.
fn named(part: &message::Part, taken: &mut HashSet<String>) -> String {
    let plain: String = part
        .name
        .chars()
        .map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c })
        .collect();
    // Windows allows no name that ends with a dot or a space, and `..` is not a file.
    let plain = plain.trim().trim_matches('.');
    let plain = match plain {
        "" => format!("part-{}", part.index),
        plain => plain.to_owned(),
    };
    let (stem, extension) = match plain.rsplit_once('.') {
        Some((stem, extension)) => (stem, format!(".{extension}")),
        None => (plain.as_str(), String::new()),
    };
    let others = (2..).map(|count| format!("{stem} ({count}){extension}"));
    let mut names = std::iter::once(plain.clone()).chain(others);
    // Some systems treat names that differ only in case as equal.
    let free = names.find(|name| taken.insert(name.to_lowercase()));
    free.unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_gets_a_name_of_its_own() {
        let mut taken = HashSet::new();
        let mut name = |given: &str| {
            let part =
                message::Part { index: 7, name: given.to_owned(), ..message::Part::default() };
            named(&part, &mut taken)
        };
        assert_eq!(name("plan.pdf"), "plan.pdf");
        assert_eq!(name("PLAN.pdf"), "PLAN (2).pdf");
        assert_eq!(name("plan.pdf"), "plan (3).pdf");
        assert_eq!(name(""), "part-7");
        assert_eq!(name("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(name("a\r\nb\\c:d"), "a__b_c_d");
        assert_eq!(name("דוח"), "דוח");
        assert_eq!(name("דוח"), "דוח (2)");
    }
}
