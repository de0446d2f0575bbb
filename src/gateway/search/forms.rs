//! The entries for fuzzing: queries as users type them, and encoded blocks.

use crate::gateway::search::block;
use crate::gateway::search::query::Query;

/// The number of clauses of a query, or why it is invalid.
pub fn question(text: &str) -> Result<usize, String> {
    Query::parse(text).map(|query| query.0.len()).map_err(|error| error.to_string())
}

/// The octets of words and of postings in a block; `None` if it is damaged.
pub fn block(octets: &[u8]) -> Option<(usize, usize)> {
    let (mut words, mut lists) = (0, 0);
    let read = block::each_word(octets, |word, list| {
        words += word.len();
        lists += block::postings(list).count();
    });
    read.ok().map(|()| (words, lists))
}
