//! The search: whatever is typed is a question or a clear no, and octets that are no block are
//! refused, not believed.

use postern::gateway::search::forms;

/// What somebody types.
pub fn question(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match forms::question(&text) {
        Ok(clauses) => assert!(clauses <= 32, "{text:?}"),
        Err(why) => assert!(why.len() > 10 && why.len() < 5_000, "{text:?}: {why}"),
    }
}

/// Octets where a block of the index should stand.
pub fn block(input: &[u8]) {
    if let Some((words, postings)) = forms::block(input) {
        // Nothing is read twice: a posting has two octets at least.
        assert!(words + 2 * postings <= input.len());
    }
}
