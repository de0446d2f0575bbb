//! `[chat]`: conversations and rooms.

use serde::{Deserialize, Serialize};

use super::Problem;

/// Conversations and rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chat {
    /// The most members of a room.
    pub members_max: u32,
    /// How long somebody may change or delete what was said, in seconds.
    pub edit_secs: u32,
    /// After how many seconds somebody who does not read what others say is shown as no longer reading.
    pub stopped_reading_secs: u32,
    /// After how many seconds a notice says that something waits for somebody who is not there.
    pub notice_secs: u32,
    /// Whether members show that they read, type and are there, so that nobody may choose otherwise from now
    /// on. Who hid it before stays hidden.
    pub presence_fixed: bool,
}

impl Default for Chat {
    fn default() -> Self {
        Chat {
            members_max: 1_000,
            edit_secs: 900,
            stopped_reading_secs: 300,
            notice_secs: 120,
            presence_fixed: false,
        }
    }
}

impl Chat {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("chat.members_max", self.members_max.into(), 2..=1_000)?;
        Problem::unless_in("chat.edit_secs", self.edit_secs.into(), 0..=7 * 86_400)?;
        let stopped = self.stopped_reading_secs.into();
        Problem::unless_in("chat.stopped_reading_secs", stopped, 10..=86_400)?;
        Problem::unless_in("chat.notice_secs", self.notice_secs.into(), 10..=7 * 86_400)
    }
}
