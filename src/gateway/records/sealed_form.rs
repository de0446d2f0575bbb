//! What is sealed inside a record, under keys that the daemon does not hold: a record as well, with
//! its version in front, because nothing outside may tell it.
//!
//! ```text
//! version (1 octet) | record in postcard form
//! ```

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::gateway::error::Error;
use crate::store::{self, Record};

/// What is sealed.
pub(in crate::gateway) fn octets_of<R: Record>(form: &R) -> Result<Zeroizing<Vec<u8>>, Error> {
    let octets = postcard::to_extend(form, vec![R::VERSION]);
    Ok(octets.map_err(|_| store::Error::Seal)?.into())
}

/// What was sealed, by this version of the program or an earlier one. `table` is where it lies.
pub(in crate::gateway) fn read<R: Record>(table: &'static str, octets: &[u8]) -> Result<R, Error> {
    let empty = || store::Error::Damaged(format!("a sealed record in table {table} is empty"));
    let (version, bytes) = octets.split_first().ok_or_else(empty)?;
    Ok(store::read_record(table, *version, bytes)?)
}

/// The same as it lies in the octets of today's version, which follow that version; `None` if they are
/// not those of this form.
pub(in crate::gateway) fn view<'o, V: Deserialize<'o>>(octets: &'o [u8]) -> Option<V> {
    let (_, bytes) = octets.split_first()?;
    postcard::from_bytes(bytes).ok()
}

/// Refuses to replace what a later version of the program sealed. What is damaged may be replaced.
pub(in crate::gateway) fn keep_newer<T>(read: Result<T, Error>) -> Result<(), Error> {
    match read {
        Err(error @ Error::NewerRecord { .. }) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct WordV1(String);

    impl Record for WordV1 {
        const VERSION: u8 = 1;
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Word {
        text: String,
        loud: bool,
    }

    impl Record for Word {
        const VERSION: u8 = 2;

        fn migrate(version: u8, bytes: &[u8]) -> Option<Word> {
            store::migrated::<WordV1, Word>(version, bytes)
        }
    }

    impl From<WordV1> for Word {
        fn from(WordV1(text): WordV1) -> Word {
            Word { text, loud: false }
        }
    }

    #[test]
    fn what_an_earlier_version_sealed_is_read() {
        let old = octets_of(&WordV1("a word".to_owned())).unwrap();
        let read: Word = read("words", &old).unwrap();
        assert_eq!(read, Word { text: "a word".to_owned(), loud: false });
    }

    #[test]
    fn what_a_later_version_sealed_is_refused_and_is_no_damage() {
        let later = octets_of(&Word { text: "a word".to_owned(), loud: true }).unwrap();
        let refused = read::<WordV1>("words", &later).map(|_| ()).unwrap_err();
        let is_told = matches!(refused, Error::NewerRecord { table: "words", found: 2, known: 1 });
        assert!(is_told, "{refused:?}");
    }

    #[test]
    fn octets_that_are_missing_or_left_over_are_damage() {
        let whole = octets_of(&Word { text: "a word".to_owned(), loud: true }).unwrap();
        let longer = [whole.as_slice(), &[0]].concat();
        for octets in [&[], &whole[..1], &whole[..whole.len() - 1], &longer] {
            let refused = read::<Word>("words", octets).unwrap_err();
            assert!(matches!(refused, Error::Damaged { .. }), "{octets:?}: {refused:?}");
        }
    }
}
