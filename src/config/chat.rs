//! `[chat]`: conversations and rooms.

use serde::{Deserialize, Serialize};

use super::Problem;

/// Conversations and rooms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chat {
    /// The most members of a room.
    pub members_max: u32,
    /// The most members of a room that does not show to who is admitted what was said before: such a room needs
    /// other keys for each who joins.
    pub hidden_members_max: u32,
    /// How long somebody may change or delete what was said, in seconds.
    pub edit_secs: u32,
    /// After how many seconds somebody who does not read what others say is shown as no longer reading.
    pub stopped_reading_secs: u32,
    /// After how many seconds a notice says that something waits for somebody who is not there.
    pub notice_secs: u32,
    /// Whether members show that they read, type and are there, so that nobody may choose otherwise from now
    /// on. Who hid it before stays hidden.
    pub presence_fixed: bool,
    /// The most minutes of a recording that somebody sends.
    pub voice_minutes: u32,
    /// The largest file of a line, and the largest recording, in octets.
    pub file_octets: u64,
}

impl Default for Chat {
    fn default() -> Self {
        Chat {
            members_max: 1_000,
            hidden_members_max: 200,
            edit_secs: 900,
            stopped_reading_secs: 300,
            notice_secs: 120,
            presence_fixed: false,
            voice_minutes: 10,
            file_octets: 25 << 20,
        }
    }
}

impl Chat {
    pub(super) fn check(&self) -> Result<(), Problem> {
        Problem::unless_in("chat.members_max", self.members_max.into(), 2..=1_000)?;
        let hidden = self.hidden_members_max.into();
        Problem::unless_in("chat.hidden_members_max", hidden, 2..=1_000)?;
        Problem::unless_in("chat.edit_secs", self.edit_secs.into(), 0..=7 * 86_400)?;
        let stopped = self.stopped_reading_secs.into();
        Problem::unless_in("chat.stopped_reading_secs", stopped, 10..=86_400)?;
        Problem::unless_in("chat.notice_secs", self.notice_secs.into(), 10..=7 * 86_400)?;
        Problem::unless_in("chat.voice_minutes", self.voice_minutes.into(), 1..=60)?;
        Problem::unless_in("chat.file_octets", self.file_octets, 1..=256 << 20)
    }
}
