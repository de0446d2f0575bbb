//! Search: any typed text is either a valid query or a clear error, and octets that are not an
//! index block are refused.

use postern::gateway::search::forms;

/// A search query as typed.
pub fn question(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match forms::question(&text) {
        Ok(clauses) => assert!(clauses <= 32, "{text:?}"),
        Err(why) => assert!(why.len() > 10 && why.len() < 5_000, "{text:?}: {why}"),
    }
}

/// Octets in place of a block of the index.
pub fn block(input: &[u8]) {
    if let Some((words, postings)) = forms::block(input) {
        // Nothing is read twice: a posting has at least two octets.
        assert!(words + 2 * postings <= input.len());
    }
}
