//! The name and the description of a group, sealed for those who may read them.

use serde::{Deserialize, Serialize};

use crate::gateway::error::Error;
use crate::gateway::records::group::Under;
use crate::gateway::records::ids::GroupId;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::GROUPS;
use crate::store::Record;
use crate::vault::GroupSecret;

pub const NAME_CHARS_MAX: usize = 100;
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;

/// What members wrote about their group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub name: String,
    pub description: String,
}

impl Record for About {
    const VERSION: u8 = 1;
}

/// Bound to the group and to the epoch, so that what is sealed for one cannot be shown as another's.
fn binding(group: GroupId, under: Under) -> Vec<u8> {
    [b"group about\0".as_slice(), &group.0, &under.group.0, &under.epoch.to_be_bytes()].concat()
}

/// Characters that show nothing, or turn round what stands beside them (Unicode, category Cf): with them,
/// one name looks like another.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

impl About {
    /// The same, without blanks around it; refuses a name that is empty, and what is too long.
    pub(in crate::gateway) fn checked(self) -> Result<About, Error> {
        self.checked_as("a group")
    }

    /// The same for something else that has a name and a description.
    pub(in crate::gateway) fn checked_as(self, thing: &str) -> Result<About, Error> {
        let (name, description) = (self.name.trim(), self.description.trim());
        let is_line = !name.chars().any(|c| c.is_control() || is_invisible(c));
        if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) || !is_line {
            let what = format!(
                "{thing}'s name must have 1 to {NAME_CHARS_MAX} characters, without control characters and \
                 invisible ones"
            );
            return Err(Error::Invalid { what });
        }
        if description.chars().count() > DESCRIPTION_CHARS_MAX {
            let what = format!("a description can have at most {DESCRIPTION_CHARS_MAX} characters");
            return Err(Error::Invalid { what });
        }
        Ok(About { name: name.to_owned(), description: description.to_owned() })
    }

    pub(super) fn seal(
        &self,
        group: GroupId,
        under: Under,
        secret: &GroupSecret,
    ) -> Result<Vec<u8>, Error> {
        Ok(secret.seal(&binding(group, under), &sealed_form::octets_of(self)?)?)
    }

    pub(super) fn open(
        sealed: &[u8],
        group: GroupId,
        under: Under,
        secret: &GroupSecret,
    ) -> Result<About, Error> {
        let damaged = || Error::Damaged { what: "the name of a group cannot be read".to_owned() };
        let plain = secret.open(&binding(group, under), sealed).map_err(|_| damaged())?;
        sealed_form::read(GROUPS.name, &plain)
    }
}
