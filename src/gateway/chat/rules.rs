//! Who may do what in a room: decisions over facts alone.

use crate::clock::Timestamp;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::room::{LineNumber, RoomLine, RoomMember};
use crate::terms::{LineKind, RoomKind};

/// What somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Also who has asked to join, and waits.
    Outside,
    Member,
    Controller,
}

/// What somebody wants to do in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// To see that it is there, who is in it, and what is said.
    Read,
    Say,
    /// To see who asks to join, and to admit or refuse.
    Admit,
    Remove,
    /// To name and unname controllers.
    Appoint,
    Rename,
    End,
}

/// Whether somebody may do something.
#[must_use]
pub fn may(kind: RoomKind, standing: Standing, act: Act) -> bool {
    match act {
        Act::Read | Act::Say => standing != Standing::Outside,
        // Both in a conversation are alike, and neither decides anything for the other.
        Act::Admit | Act::Remove | Act::Appoint | Act::Rename | Act::End => {
            kind == RoomKind::Room && standing == Standing::Controller
        }
    }
}

/// What a row says that somebody is.
#[must_use]
pub fn standing(member: Option<&RoomMember>) -> Standing {
    match member {
        None => Standing::Outside,
        Some(member) if member.controller => Standing::Controller,
        Some(_) => Standing::Member,
    }
}

/// The first line that somebody sees who joins with this one.
#[must_use]
pub fn first_seen(joins_with: LineNumber, shares_earlier: bool) -> LineNumber {
    if shares_earlier { 1 } else { joins_with }
}

/// Whether a member sees a line.
#[must_use]
pub fn sees(member: &RoomMember, number: LineNumber) -> bool {
    number >= member.from
}

/// Whether somebody may still change a line.
#[must_use]
pub fn may_edit(line: &RoomLine, who: AccountId, now: Timestamp, edit_secs: i64) -> bool {
    line.kind == LineKind::Said && line.who == who && line.at.plus_secs(edit_secs) > now
}

/// Whether somebody may delete a line: its author for a time, a controller always.
#[must_use]
pub fn may_delete(
    line: &RoomLine,
    (who, standing): (AccountId, Standing),
    now: Timestamp,
    edit_secs: i64,
) -> bool {
    let controls = standing == Standing::Controller && line.kind == LineKind::Said;
    controls || may_edit(line, who, now, edit_secs)
}

/// A line that waits for readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub number: LineNumber,
    pub at: Timestamp,
    pub who: AccountId,
}

/// The first line of others that a member has not read, of these, which are in order.
#[must_use]
pub fn first_unread<'l>(
    member: &RoomMember,
    account: AccountId,
    lines: &'l [Waiting],
) -> Option<&'l Waiting> {
    let from = member.from.max(member.read + 1);
    lines.iter().find(|line| line.number >= from && line.who != account)
}

/// Whether a member stopped reading: a line of somebody else has been there for so long.
#[must_use]
pub fn has_stopped(
    (member, account): (&RoomMember, AccountId),
    lines: &[Waiting],
    (now, secs): (Timestamp, i64),
) -> bool {
    let unread = first_unread(member, account, lines);
    member.shows && member.reading && unread.is_some_and(|line| line.at.plus_secs(secs) <= now)
}

/// Whether a notice has to say that something waits for a member who is not there.
#[must_use]
pub fn wants_notice(
    (member, account): (&RoomMember, AccountId),
    lines: &[Waiting],
    (now, secs): (Timestamp, i64),
) -> bool {
    let unread = first_unread(member, account, lines);
    let waits = unread.is_some_and(|line| line.at.plus_secs(secs) <= now);
    waits && !member.here && !member.noticed && !member.mutes
}

#[cfg(test)]
mod tests {
    use super::*;

    const DANA: AccountId = AccountId([1; 16]);
    const OMAR: AccountId = AccountId([2; 16]);

    fn at(secs: i64) -> Timestamp {
        Timestamp(1_700_000_000_000).plus_secs(secs)
    }

    fn member(read: LineNumber) -> RoomMember {
        RoomMember {
            controller: false,
            invited: false,
            since: at(0),
            joined: 1,
            from: 1,
            read,
            read_at: at(0),
            reading: true,
            here: false,
            away: false,
            noticed: false,
            shows: true,
            mutes: false,
        }
    }

    fn line(kind: LineKind, who: AccountId) -> RoomLine {
        RoomLine {
            reference: [0; 16],
            at: at(0),
            who,
            kind,
            by: None,
            edited: None,
            version: 1,
            under: 1,
            sealed: Vec::new(),
            reactions: Vec::new(),
            contents: Vec::new(),
        }
    }

    #[test]
    fn each_act_is_for_those_whom_the_table_names() {
        use Act::{Admit, Appoint, End, Read, Remove, Rename, Say};
        use Standing::{Controller, Member, Outside};
        for act in [Read, Say, Admit, Remove, Appoint, Rename, End] {
            let is_common = matches!(act, Read | Say);
            for (kind, standing, expected) in [
                (RoomKind::Room, Outside, false),
                (RoomKind::Room, Member, is_common),
                (RoomKind::Room, Controller, true),
                (RoomKind::Conversation, Outside, false),
                (RoomKind::Conversation, Member, is_common),
                (RoomKind::Conversation, Controller, is_common),
            ] {
                assert_eq!(may(kind, standing, act), expected, "{kind:?} {standing:?} {act:?}");
            }
        }
    }

    #[test]
    fn who_is_admitted_sees_what_was_said_before_only_where_the_room_shows_it() {
        for (shares, first) in [(true, 1), (false, 8)] {
            let member = RoomMember { from: first_seen(8, shares), ..member(0) };
            let seen: Vec<u64> = (1..=9).filter(|number| sees(&member, *number)).collect();
            assert_eq!(seen.first(), Some(&first));
            assert_eq!(seen.last(), Some(&9));
        }
    }

    #[test]
    fn a_line_is_changed_by_its_author_for_a_time_and_deleted_by_a_controller_always() {
        let said = line(LineKind::Said, DANA);
        let secs = 900;
        for (who, standing, after, edits, deletes) in [
            (DANA, Standing::Member, 899, true, true),
            (DANA, Standing::Member, 900, false, false),
            (OMAR, Standing::Member, 1, false, false),
            (OMAR, Standing::Controller, 1_000_000, false, true),
        ] {
            assert_eq!(may_edit(&said, who, at(after), secs), edits);
            assert_eq!(may_delete(&said, (who, standing), at(after), secs), deletes);
        }
        for kind in [LineKind::Deleted, LineKind::Joined, LineKind::Left] {
            let other = line(kind, DANA);
            assert!(!may_delete(&other, (DANA, Standing::Controller), at(1), secs));
        }
    }

    /// Own lines, lines before the own read pointer and lines that are young make nobody stop reading.
    #[test]
    fn somebody_stops_reading_when_a_line_of_another_has_waited_long_enough() {
        let lines = [
            Waiting { number: 3, at: at(10), who: OMAR },
            Waiting { number: 4, at: at(20), who: DANA },
            Waiting { number: 5, at: at(30), who: OMAR },
        ];
        let stopped = |read, now| has_stopped((&member(read), DANA), &lines, (at(now), 300));
        assert!(!stopped(2, 309) && stopped(2, 310));
        assert!(!stopped(3, 329) && stopped(3, 330), "the own line does not count");
        assert!(!stopped(5, 10_000), "all is read");
        let hidden = RoomMember { shows: false, ..member(2) };
        assert!(!has_stopped((&hidden, DANA), &lines, (at(10_000), 300)));
        let before = RoomMember { from: 6, ..member(0) };
        assert!(
            !has_stopped((&before, DANA), &lines, (at(10_000), 300)),
            "what is not seen waits for nobody"
        );
    }

    #[test]
    fn a_notice_goes_once_to_who_is_away_and_wants_it() {
        let lines = [Waiting { number: 3, at: at(10), who: OMAR }];
        let wants = |member: RoomMember| wants_notice((&member, DANA), &lines, (at(200), 120));
        assert!(wants(member(2)));
        assert!(!wants(member(3)));
        assert!(!wants(RoomMember { here: true, ..member(2) }));
        assert!(!wants(RoomMember { noticed: true, ..member(2) }));
        assert!(!wants(RoomMember { mutes: true, ..member(2) }));
    }
}
