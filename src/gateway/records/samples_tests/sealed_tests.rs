//! Samples of the forms that are sealed inside a record.

use crate::gateway::accounts::appearance::{Appearance, SavedSearch};
use crate::gateway::mailboxes::filter::{Filter, Filters};
use crate::gateway::mailboxes::label::{Label, Labels};
use crate::gateway::mailboxes::summary::{FileAt, NoticeOf, NoticeTopic, Outline, SealedSummary};
use crate::gateway::outgoing::draft::{Addressee, DraftContent, RelatedMessage};
use crate::gateway::search::block::{Block, Builder, Doc, Docs};
use crate::gateway::search::index::Text;
use crate::gateway::upload;
use crate::mail::warnings::Warning;
use crate::terms::{
    AccountChange, Choice, DeliveryState, RelationKind, Route, SenderCheck, SenderWarning,
};

use super::*;

impl Samples for Appearance {
    fn samples() -> Vec<Self> {
        let full = Appearance {
            language: Some(text("he")),
            zone: Some(text("Asia/Jerusalem")),
            theme: Some(text("dark")),
            density: Some(text("compact")),
            keys: Some(true),
            list_width: Some(301),
            grouped: Some(false),
            toured: true,
            signature: text("-- Ada"),
            place: Some(text("/mail/inbox")),
            searches: vec![SavedSearch { name: text("new"), query: text("is:unread") }],
            advance: Some(text("previous")),
        };
        vec![Appearance::default(), full]
    }
}

impl Samples for Filters {
    fn samples() -> Vec<Self> {
        let full = Filter {
            from: text("ada"),
            to: text("byron"),
            subject: text("engine"),
            mailbox: Some(70_001),
            star: true,
            label: Some(302),
            read: false,
        };
        vec![Filters(vec![full, Filter { read: true, ..Filter::default() }]), Filters(Vec::new())]
    }
}

impl Samples for Labels {
    fn samples() -> Vec<Self> {
        let items = vec![
            Label { id: 301, name: text("one"), colour: 4 },
            Label { id: 302, name: text("two"), colour: 5 },
        ];
        vec![Labels { last: 303, items }, Labels::default()]
    }
}

impl Samples for SealedSummary {
    fn samples() -> Vec<Self> {
        let notice = NoticeOf {
            kind: DeliveryState::Read,
            topic: None,
            about: [1; 16],
            recipient: text("byron@example.net"),
            others: 70_002,
        };
        let file = FileAt {
            name: text("a.pdf"),
            content_type: text("application/pdf"),
            size: 5_000_000_001,
            offset: 5_000_000_002,
            encoded: 5_000_000_003,
        };
        let full = SealedSummary {
            from_name: Some(text("Ada")),
            from_address: Some(text("ada@example.org")),
            subject: text("Engine"),
            attachments: 70_001,
            to: vec![text("b@example.net"), text("c@example.net")],
            recipients: vec![text("d@example.net")],
            notice: Some(notice.clone()),
            outline: Some(Outline {
                head_octets: 5_000_000_004,
                end: vec![1, 2, 3],
                files: vec![file],
            }),
            sender: SenderCheck::Confirmed,
            warnings: each(|kind: SenderWarning| Warning {
                kind,
                about: text("example.net"),
                author: text("ada@example.org"),
            }),
            octets: Some(5_000_000_005),
        };
        let of_notice = |notice| SealedSummary { notice: Some(notice), ..SealedSummary::default() };
        let mut samples = vec![SealedSummary::default(), full];
        samples.extend(each(|kind| of_notice(NoticeOf { kind, ..notice.clone() })));
        samples.extend(each(|topic: NoticeTopic| {
            of_notice(NoticeOf { topic: Some(topic), ..notice.clone() })
        }));
        samples.extend(each(|change: AccountChange| {
            let topic = Some(NoticeTopic::Account(change));
            of_notice(NoticeOf { topic, ..notice.clone() })
        }));
        samples.extend(each(|route: Route| {
            let topic = Some(NoticeTopic::Unverified(route));
            of_notice(NoticeOf { topic, ..notice.clone() })
        }));
        samples.extend(each(|sender| SealedSummary { sender, ..SealedSummary::default() }));
        samples
    }
}

impl Samples for DraftContent {
    fn samples() -> Vec<Self> {
        let addressee = |name: Option<&str>, address: &str| Addressee {
            name: name.map(text),
            address: text(address),
        };
        let choices = each(|choice: Choice| (format!("{}@example.net", choice as u8), choice));
        let full = |kind: RelationKind| DraftContent {
            to: vec![addressee(Some("Ada"), "a@example.org"), addressee(None, "b@example.org")],
            cc: vec![addressee(None, "c@example.org")],
            bcc: vec![addressee(None, "d@example.org")],
            subject: text("Engine"),
            text: text("It works."),
            html: Some(text("<p>It works.</p>")),
            attachments: vec![text("0102")],
            related: Some(RelatedMessage { message: [1; 16], kind }),
            choices: choices.iter().cloned().collect(),
            signed: Some(false),
        };
        let signed = DraftContent { signed: Some(true), ..DraftContent::default() };
        [vec![DraftContent::default(), signed], each(full)].concat()
    }
}

fn docs() -> [Doc; 2] {
    let doc = Doc {
        reference: [1; 16],
        received: at(1),
        size: 5_000_000_001,
        attachments: true,
        full: false,
    };
    [doc, Doc { reference: [2; 16], attachments: false, full: true, ..doc }]
}

impl Samples for Docs {
    fn samples() -> Vec<Self> {
        vec![Docs(docs().into())]
    }
}

impl Samples for Block {
    fn samples() -> Vec<Self> {
        let mut builder = Builder::default();
        for (doc, places) in docs().into_iter().zip([1, 34]) {
            let doc = builder.doc(doc);
            builder.word(text("engine"), doc, places);
        }
        builder.word(text("works"), 1, 8);
        builder.finish().1.into_iter().map(Block).collect()
    }
}

impl Samples for Text {
    fn samples() -> Vec<Self> {
        vec![Text {
            from: text("Ada"),
            to: text("Byron"),
            cc: text("Charles"),
            subject: text("Engine"),
            files: text("a.pdf"),
            body: text("It works."),
        }]
    }
}

impl Samples for upload::Meta {
    fn samples() -> Vec<Self> {
        let meta = upload::Meta { name: text("a.pdf"), content_type: text("application/pdf") };
        vec![meta]
    }
}
