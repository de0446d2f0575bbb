//! What the fuzz targets look at: questions as people type them, and blocks as octets.

use crate::gateway::search::block;
use crate::gateway::search::query::Query;

/// How many clauses a question has, or why it is none.
pub fn question(text: &str) -> Result<usize, String> {
    Query::parse(text).map(|query| query.0.len()).map_err(|error| error.to_string())
}

/// How many octets of words and of postings a block holds; `None` when it is damaged.
pub fn block(octets: &[u8]) -> Option<(usize, usize)> {
    let (mut words, mut lists) = (0, 0);
    let read = block::each_word(octets, |word, list| {
        words += word.len();
        lists += block::postings(list).count();
    });
    read.ok().map(|()| (words, lists))
}
