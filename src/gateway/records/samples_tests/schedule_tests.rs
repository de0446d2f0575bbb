//! Samples of the records of calendars and meetings.

use crate::gateway::records::schedule::{
    Invited, MeetingAsked, MeetingNotice, MeetingRow, ScheduleEntry,
};
use crate::gateway::schedule::blocks::{Line, Lines};
use crate::gateway::schedule::stored::{Facts, OfMeeting, Said, StoredEntry};
use crate::mail::schedule::fields::{Fields, Own, PlaceKind};
use crate::terms::{Heard, MeetingAnswer, MeetingChange, MeetingFact, MeetingRule, MeetingSaid};

use super::*;

impl Samples for ScheduleEntry {
    fn samples() -> Vec<Self> {
        let row = ScheduleEntry { version: 70_001, deleted: Some(at(1)), sealed: vec![1, 2, 3] };
        vec![ScheduleEntry { deleted: None, ..row.clone() }, row]
    }
}

impl Samples for MeetingRow {
    fn samples() -> Vec<Self> {
        let mut heard = Heard::default();
        for (sequence, change) in (300..).zip(all::<MeetingChange>()) {
            heard.hear(MeetingFact::Version(sequence, change));
        }
        for (number, answer) in (3..).zip(all::<MeetingAnswer>()) {
            let said = MeetingSaid { order: 301, sequence: 302, answer };
            heard.hear(MeetingFact::Said(id(number), said));
        }
        let people = each(|needed| Invited {
            account: id(3),
            needed,
            answered: Some(at(2)),
            requests: vec![[4; 16]],
            encapsulation: vec![5],
            sealed: vec![6, 7],
        });
        let of = |rule| MeetingRow {
            asked: at(1),
            mark: [8; 16],
            said: [9; 16],
            until: 70_003,
            rule,
            heard: heard.clone(),
            people: people.clone(),
        };
        [each(of), vec![of(MeetingRule::Number(303))]].concat()
    }
}

impl Samples for MeetingAsked {
    fn samples() -> Vec<Self> {
        let row = MeetingAsked {
            by: id(1),
            sequence: 300,
            entered: Some(301),
            until: 70_003,
            encapsulation: vec![1],
            sealed: vec![2, 3],
            said: vec![4, 5, 6],
        };
        vec![MeetingAsked { entered: None, ..row.clone() }, row]
    }
}

impl Samples for MeetingNotice {
    fn samples() -> Vec<Self> {
        vec![MeetingNotice { by: id(1), meeting: [2; 16] }]
    }
}

impl Samples for Lines {
    fn samples() -> Vec<Self> {
        vec![Lines(vec![Line { id: [1; 16], begins: -70_001, ends: 70_002 }])]
    }
}

fn fields() -> Vec<Fields> {
    each(|place_kind: PlaceKind| Fields {
        title: text("title"),
        place_kind,
        place: text("place"),
        text: text("text"),
        start: 70_001,
        duration_minutes: 302,
        all_day: true,
        zone: text("Europe/Berlin"),
        repeat: Some(text("FREQ=DAILY")),
        exceptions: vec![70_003],
        own: Own {
            reminder_minutes: Some(304),
            colour: 5,
            category: text("category"),
            calendar: text("calendar"),
        },
    })
}

impl Samples for StoredEntry {
    fn samples() -> Vec<Self> {
        let of = OfMeeting { by: id(1), people: vec![text("a@b.example")] };
        let stored = |fields| StoredEntry { fields, meeting: Some(of.clone()) };
        let own = StoredEntry { fields: Fields::default(), meeting: None };
        fields().into_iter().map(stored).chain([own]).collect()
    }
}

impl Samples for Facts {
    fn samples() -> Vec<Self> {
        let of = |fields| Facts { fields, people: vec![text("a@b.example")] };
        fields().into_iter().map(of).collect()
    }
}

impl Samples for Said {
    fn samples() -> Vec<Self> {
        vec![Said { comment: text("words"), proposed: Some((70_001, 302)) }]
    }
}
