//! Samples of the records of address books.

use crate::gateway::contacts::block::{Line, Lines};
use crate::gateway::contacts::book::StoredContact;
use crate::gateway::contacts::request::Proposed;
use crate::gateway::records::contact::{ContactAsked, ContactRequest, ContactRow, RequestOutcome};
use crate::mail::contacts::{Contact, Name, Postal, Way, Work};

use super::*;

fn way(label: &str, value: &str) -> Way {
    Way { label: text(label), value: text(value) }
}

fn contact() -> Contact {
    Contact {
        uid: text("urn:uuid:1"),
        name: Name {
            prefix: text("Lady"),
            given: text("Ada"),
            middle: text("King"),
            family: text("Lovelace"),
            suffix: text("II"),
            nickname: text("Al"),
            full: text("Ada Lovelace"),
        },
        work: Work {
            company: text("Engines"),
            department: text("Analytical"),
            title: text("Countess"),
        },
        emails: vec![way("work", "ada@example.org")],
        phones: vec![way("home", "+44 1")],
        postal: vec![Postal {
            label: text("other"),
            post_box: text("2"),
            extended: text("3"),
            street: text("4 Square"),
            city: text("London"),
            region: text("5"),
            code: text("W1"),
            country: text("England"),
        }],
        urls: vec![way("blog", "https://example.org")],
        birthday: text("1815-12-10"),
        notes: text("Notes"),
        labels: vec![text("friends")],
        own: vec![way("Horse", "Brown")],
        favourite: true,
        kept: vec![text("X-A:b")],
        source: vec![text("FN;X-C=d:Ada Lovelace")],
    }
}

impl Samples for StoredContact {
    fn samples() -> Vec<Self> {
        let changed = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 70_001];
        let full = StoredContact { contact: contact(), changed, photo: Some(text("image/png")) };
        vec![StoredContact::default(), full]
    }
}

impl Samples for Lines {
    fn samples() -> Vec<Self> {
        let line = Line {
            counts: [1, 2, 3, 4, 5],
            tagged: vec![[7; 16]],
            unreadable: true,
            order: text("order"),
            uid: Some([2; 16]),
            text: [3; 16],
            addresses: vec![[4; 16]],
            looks: vec![[5; 16], [6; 16]],
            ..Line::of([1; 16], 70_002, &contact(), true)
        };
        vec![Lines::default(), Lines(vec![line, Line::default()])]
    }
}

impl Samples for Proposed {
    fn samples() -> Vec<Self> {
        vec![Proposed { contact: contact(), note: text("Please"), to: text("omar@example.org") }]
    }
}

impl Samples for ContactRow {
    fn samples() -> Vec<Self> {
        let row = ContactRow { version: 70_001, deleted: Some(at(1)), sealed: vec![1, 2, 3] };
        vec![ContactRow { deleted: None, ..row.clone() }, row]
    }
}

impl Samples for ContactRequest {
    fn samples() -> Vec<Self> {
        let (encapsulation, sealed) = (vec![1, 2], vec![3, 4, 5]);
        vec![ContactRequest { from: id(1), at: at(2), encapsulation, sealed }]
    }
}

impl Samples for ContactAsked {
    fn samples() -> Vec<Self> {
        let row = ContactAsked { to: id(1), at: at(2), outcome: None, sealed: vec![1, 2] };
        let of = |outcome: RequestOutcome| ContactAsked { outcome: Some(outcome), ..row.clone() };
        [vec![row.clone()], each(of)].concat()
    }
}
