//! Samples of the records of address books.

use crate::gateway::contacts::edits::Edited;
use crate::gateway::contacts::line::{Line, Lines};
use crate::gateway::contacts::request::Proposed;
use crate::gateway::contacts::shares::{
    Adders, Fields, Grant, Grants, Named, Projection, Share, ShareTo, Sharing,
};
use crate::gateway::contacts::stored::{ContactPatch, StoredContact};
use crate::gateway::records::contact::{
    ContactAsked, ContactBook, ContactEdit, ContactRequest, ContactRow, ContactShared,
    ContactSharing, EditKind, EditOutcome, RequestOutcome,
};
use crate::gateway::records::group::Under;
use crate::gateway::records::ids::GroupId;
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
        let sharing = Some(ContactSharing { sealed: vec![4, 5], octets: 70_002 });
        let row =
            ContactRow { version: 70_001, deleted: Some(at(1)), sealed: vec![1, 2, 3], sharing };
        vec![ContactRow { deleted: None, sharing: None, ..row.clone() }, row]
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

impl Samples for ContactShared {
    fn samples() -> Vec<Self> {
        let under = Under { group: GroupId([3; 16]), epoch: 70_001 };
        let row = ContactShared {
            version: 70_002,
            edit: 300,
            under: Some(under),
            encapsulation: vec![1],
            sealed: vec![2, 3],
        };
        vec![ContactShared { under: None, ..row.clone() }, row]
    }
}

impl Samples for ContactEdit {
    fn samples() -> Vec<Self> {
        let row = ContactEdit {
            by: id(1),
            contact: [2; 16],
            at: at(3),
            kind: EditKind::Change,
            over: 70_001,
            fields: 300,
            outcome: None,
            encapsulation: vec![1],
            sealed: vec![2, 3],
            sealed_own: vec![4, 5, 6],
        };
        let of_kind = |kind: EditKind| ContactEdit { kind, ..row.clone() };
        let of = |outcome: EditOutcome| ContactEdit { outcome: Some(outcome), ..row.clone() };
        [each(of_kind), each(of)].concat()
    }
}

fn targets() -> [ShareTo; 2] {
    [ShareTo::Person(id(1)), ShareTo::Group(GroupId([2; 16]))]
}

fn named() -> Named {
    Named::from([(id(1), "noa@example.org".to_owned())])
}

impl Samples for Sharing {
    fn samples() -> Vec<Self> {
        let share = |to| Share { to, read: Fields(300), edit: Fields(44) };
        vec![Sharing::default(), Sharing(targets().map(share).to_vec(), named())]
    }
}

impl Samples for Adders {
    fn samples() -> Vec<Self> {
        vec![Adders(targets().to_vec(), named())]
    }
}

impl Samples for Grants {
    fn samples() -> Vec<Self> {
        let share = |to| Share { to, read: Fields(300), edit: Fields(44) };
        let grant = |to| Grant { share: share(to), generation: 70_001 };
        vec![Grants::default(), Grants(targets().map(grant).to_vec(), named())]
    }
}

impl Samples for ContactBook {
    fn samples() -> Vec<Self> {
        let row = ContactBook {
            generation: 70_001,
            edit: 300,
            due: Some(7),
            under: vec![Under { group: GroupId([3; 16]), epoch: 70_003 }],
            over: vec![([1; 16], 70_002)],
            sealed: vec![2, 3],
        };
        vec![ContactBook { due: None, ..row.clone() }, row]
    }
}

impl Samples for Projection {
    fn samples() -> Vec<Self> {
        let changed = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 70_001];
        vec![Projection { contact: contact(), fields: Fields(300), changed }]
    }
}

impl Samples for Edited {
    fn samples() -> Vec<Self> {
        let all = |contact: &Contact| ContactPatch {
            name: Some(contact.name.clone()),
            work: Some(contact.work.clone()),
            emails: Some(contact.emails.clone()),
            phones: Some(contact.phones.clone()),
            postal: Some(contact.postal.clone()),
            urls: Some(contact.urls.clone()),
            birthday: Some(contact.birthday.clone()),
            notes: Some(contact.notes.clone()),
            labels: Some(contact.labels.clone()),
            own: Some(contact.own.clone()),
            favourite: Some(contact.favourite),
        };
        let (before, after) = (ContactPatch::default(), all(&contact()));
        vec![Edited { before, after, version: 70_001, name: text("Ada") }]
    }
}
