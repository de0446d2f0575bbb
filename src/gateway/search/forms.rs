//! Entry points for the fuzz targets: queries as people type them, and blocks as octets.

use crate::gateway::search::block;
use crate::gateway::search::query::Query;

/// Returns the number of clauses in a query, or why it is invalid.
pub fn question(text: &str) -> Result<usize, String> {
    Query::parse(text).map(|query| query.0.len()).map_err(|error| error.to_string())
}

/// Returns the octets of words and the number of postings in a block; `None` if it is corrupt.
pub fn block(octets: &[u8]) -> Option<(usize, usize)> {
    let (mut words, mut lists) = (0, 0);
    let read = block::each_word(octets, |word, list| {
        words += word.len();
        lists += block::postings(list).count();
    });
    read.ok().map(|()| (words, lists))
}
