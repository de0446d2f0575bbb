//! The checkpoint records up to where the index is known to be on disk, so that a start reads only
//! what came after. It is a hint: if it is missing or wrong, the index is rebuilt.

use super::disk::{read_file, replace_file};
use super::shared::{Position, Shared, lock};
use crate::store::error::Error;

const NAME: &str = "checkpoint";
/// The checkpoint is sealed as a record of this table, which does not exist.
const TABLE: u8 = 254;
const OCTETS_MAX: u64 = 1024 * 1024;

/// The content of a checkpoint.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    pub position: Position,
    /// Segments that contain deleted data, and since when (Unix seconds).
    pub erasable: Vec<(u64, u64)>,
}

impl Checkpoint {
    fn encode(&self) -> Vec<u8> {
        let Position { seq, segment, offset, digest } = self.position;
        let mut out = Vec::with_capacity(40 + 16 * self.erasable.len());
        for number in [seq, segment, offset] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&digest.to_be_bytes());
        for (segment, since) in &self.erasable {
            out.extend_from_slice(&segment.to_be_bytes());
            out.extend_from_slice(&since.to_be_bytes());
        }
        out
    }

    fn decode(octets: &[u8]) -> Option<Checkpoint> {
        let number = |at: usize| octets.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
        let digest = u128::from_be_bytes(octets.get(24..40)?.try_into().ok()?);
        let position =
            Position { seq: number(0)?, segment: number(8)?, offset: number(16)?, digest };
        let rest = octets.len().checked_sub(40).filter(|rest| rest % 16 == 0)?;
        let one = |at: usize| Some((number(40 + 16 * at)?, number(48 + 16 * at)?));
        let erasable = (0..rest / 16).map(one).collect::<Option<_>>()?;
        Some(Checkpoint { position, erasable })
    }
}

/// Reads the last checkpoint; `None` if there is none that can be used.
pub fn read(shared: &Shared) -> Option<Checkpoint> {
    let sealed = read_file(&*shared.disk, NAME, OCTETS_MAX).ok()?;
    let (_, plain) = shared.vault.record_open(TABLE, NAME.as_bytes(), &sealed).ok()?;
    Checkpoint::decode(&plain)
}

/// Brings the index to disk, and then writes the checkpoint.
pub fn write(shared: &Shared) -> Result<(), Error> {
    let _alone = lock(&shared.keeper);
    let position = shared.overlay().published;
    // Everything up to this position is already in the overlay or the index; what comes later and
    // is drained with it is simply applied again by the next start.
    shared.drain_alone()?;
    shared.index.flush()?;
    let erasable = lock(&shared.erasable).iter().map(|(at, since)| (*at, *since)).collect();
    let plain = Checkpoint { position, erasable }.encode();
    let sealed = shared.vault.record_seal(TABLE, 1, NAME.as_bytes(), &plain)?;
    Ok(replace_file(&*shared.disk, NAME, &sealed)?)
}
