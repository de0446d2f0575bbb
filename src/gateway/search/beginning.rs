//! How messages begin, for a list: what was opened, from the text that the index has of it.

use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::error::Error;
use crate::gateway::mailboxes::list::PAGE_MAX;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::SEARCH_TEXTS;
use crate::gateway::search::block;
use crate::gateway::search::index::{Text, binding};
use crate::mail::reference::Reference;
use crate::store::Read;

/// How much of a text is shown: more than a line of a list has room for.
const CHARS_MAX: usize = 140;

/// The beginning of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    pub reference: Reference,
    pub text: String,
}

impl Gateway {
    /// How these messages begin, at most [`PAGE_MAX`]. Those that were not opened, or wait to be
    /// indexed, or have no text, are left out, and so are those that are missing.
    pub fn message_beginnings(
        &self,
        actor: &Actor,
        references: &[Reference],
    ) -> Result<Vec<Beginning>, Error> {
        if references.len() > PAGE_MAX {
            return Err(Error::Invalid {
                what: format!("at most {PAGE_MAX} references are allowed"),
            });
        }
        let mut all = Vec::with_capacity(references.len());
        for reference in references {
            match self.beginning(actor, *reference) {
                // The list is whole without it; opening the message tells what is wrong.
                Err(Error::NotFound { .. } | Error::Damaged { .. }) => {}
                found => {
                    all.extend(found?.map(|text| Beginning { reference: *reference, text }));
                }
            }
        }
        Ok(all)
    }

    fn beginning(&self, actor: &Actor, reference: Reference) -> Result<Option<String>, Error> {
        let account = actor.account();
        let (_, entry) = self.entry(account, reference)?;
        if entry.opened.is_none() {
            return Ok(None);
        }
        let key = reference.to_bytes();
        let Some(sealed) = self.inner.store.get(&SEARCH_TEXTS, &(account, key))? else {
            return Ok(None);
        };
        let plain = actor.secret().open_own(&binding(account, b"text", &key), &sealed.0);
        let text: Text =
            sealed_form::read(SEARCH_TEXTS.name, &plain.map_err(|_| block::damaged())?)?;
        Ok(Some(shortened(&text.body)).filter(|text| !text.is_empty()))
    }
}

/// The first words of a text, on one line.
fn shortened(body: &str) -> String {
    let spaced = body.split_whitespace().flat_map(|word| [" ", word]).skip(1);
    let mut characters = spaced.flat_map(str::chars);
    let mut line: String = characters.by_ref().take(CHARS_MAX - 1).collect();
    if characters.next().is_some() {
        line.truncate(line.trim_end().len());
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_one_line_and_not_long() {
        assert_eq!(
            shortened("\r\n  Hello,\r\n\r\nor on Wednesday.\r\n"),
            "Hello, or on Wednesday."
        );
        assert_eq!(shortened(" \r\n"), "");
        let long = shortened(&"water ".repeat(1_000));
        assert!(long.starts_with("water water") && long.ends_with('…'), "{long}");
        for endless in ["ל".repeat(100_000), "water ".repeat(100_000)] {
            let shown = shortened(&endless).chars().count();
            assert!(shown <= CHARS_MAX, "{shown}");
        }
    }
}
