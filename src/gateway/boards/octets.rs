//! What posts count for the quota of those who wrote them.
//!
//! An account's row of all boards has the sum, so that the quota is counted anew by reading one row.

use crate::gateway::boards::content::written;
use crate::gateway::error::{Error, readable};
use crate::gateway::feed::tx::Tx;
use crate::gateway::quota;
use crate::gateway::records::board::{BoardPosition, Post, PostReaders};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{ACCOUNTS, BOARD_POSITIONS, POST_VERSIONS};
use crate::store::Read;

/// What a named reader's wrap has.
const WRAP_OCTETS: u64 = 1_300;

/// Counts what an account keeps on all boards, for its quota. Refuses what does not fit.
pub(super) fn octets_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    (added, removed): (u64, u64),
) -> Result<(), Error> {
    if !tx.has(&ACCOUNTS, &account)? {
        return Ok(());
    }
    let (added, removed) = (quota::file(added), quota::file(removed));
    if added.octets > 0 {
        quota::check_in_tx(tx, account, removed, added)?;
    }
    sum_in_tx(tx, account, (added.octets, removed.octets))?;
    quota::replace_in_tx(tx, account, removed, added)
}

/// Counts a file of a post that counted for its author as an upload.
pub(super) fn octets_of_file_in_tx(
    tx: &mut Tx<'_, '_>,
    author: AccountId,
    octets: u64,
) -> Result<(), Error> {
    sum_in_tx(tx, author, (octets, 0))?;
    quota::kept_in_tx(tx, author, octets)
}

/// Adds to what an account keeps on all boards, or takes from it.
fn sum_in_tx(
    tx: &mut Tx<'_, '_>,
    account: AccountId,
    (added, removed): (u64, u64),
) -> Result<(), Error> {
    let key = BoardPosition::everywhere(account);
    let mut row = tx.get(&BOARD_POSITIONS, &key)?.unwrap_or_default();
    row.octets = row.octets.saturating_sub(removed).saturating_add(added);
    match row.octets {
        0 => tx.delete(&BOARD_POSITIONS, &key),
        _ => tx.put(&BOARD_POSITIONS, &key, &row)?,
    }
    Ok(())
}

/// What the keyring of a post, or of a topic, for some readers counts for.
pub(super) fn octets_of_readers(readers: Option<&PostReaders>) -> u64 {
    WRAP_OCTETS * readers.map_or(0, |readers| readers.accounts.len()) as u64
}

/// Takes back what a post and its earlier versions count for, and deletes those. Returns how many octets
/// they had.
pub(super) fn versions_end_in_tx(tx: &mut Tx<'_, '_>, post: &Post) -> Result<u64, Error> {
    let mut all = post.sealed.len() as u64;
    octets_in_tx(tx, written(post).by, (0, all))?;
    for version in 0..post.version {
        let key = (post.reference, version);
        if let Some(row) = readable(tx.get(&POST_VERSIONS, &key))?.flatten() {
            let octets = row.sealed.len() as u64;
            octets_in_tx(tx, row.written.by, (0, octets))?;
            all += octets;
        }
        tx.delete(&POST_VERSIONS, &key);
    }
    Ok(all)
}
