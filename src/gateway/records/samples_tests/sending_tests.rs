//! Samples of what is sent, to whom, and by which rules.

use crate::gateway::records::message::{HeldCopy, Keys, ReaderCopy};
use crate::gateway::records::policy::{Policy, Rule};
use crate::gateway::records::queue::{Due, QueueRow, TlsNeed, TlsPolicy, Unreported};
use crate::gateway::records::search::{Sealed, SearchDeleted, SearchPart};
use crate::gateway::records::site::SiteChange;
use crate::gateway::records::submission::{
    Delivery, Draft, Held, HeldMail, Standing, Step, Submission, Upload, UploadChunk,
};
use crate::gateway::records::temporary::{Pickup, PickupEnd, Temporary};
use crate::mail::envelope::{DsnReturn, ReversePath};
use crate::mail::status::EnhancedStatus;
use crate::terms::{
    Choice, ConfirmOutside, DeliveryState, HandOff, LastInteraction, Mode, QueueKind, QueueState,
    RejectReason, Route,
};

use super::*;

impl Samples for Policy {
    fn samples() -> Vec<Self> {
        let rule = Rule {
            user: Some(text("ada")),
            domain: Some(text("example.net")),
            recipient: Some(text("byron@example.net")),
            choice: Choice::Plain,
            mode: Mode::Free,
        };
        let mut rules = vec![
            rule.clone(),
            Rule { user: None, ..rule.clone() },
            Rule { domain: None, ..rule.clone() },
            Rule { recipient: None, ..rule.clone() },
        ];
        rules.extend(each(|choice| Rule { choice, ..rule.clone() }));
        rules.extend(each(|mode| Rule { mode, ..rule.clone() }));
        let full = Policy {
            intranet: true,
            choice: Choice::Ask,
            mode: Mode::Fixed,
            verified_else: Choice::Refuse,
            rules,
        };
        vec![full, Policy::default()]
    }
}

impl Samples for SiteChange {
    fn samples() -> Vec<Self> {
        let full = SiteChange {
            policy: Policy::samples().into_iter().next(),
            last_interaction: Some((LastInteraction::Exact, true)),
            confirm_outside: Some((ConfirmOutside::Always, false)),
            organisation: Some(text("Example")),
            phone: Some(text("+1 555 0100")),
            notification_text: Some(text("Welcome.")),
            accent: Some(text("#1c6b4f")),
            logo: Some(vec![1, 2, 3]),
            directory: Some(true),
        };
        let mut samples = vec![SiteChange::default(), full.clone()];
        samples.extend(each(|one| SiteChange {
            last_interaction: Some((one, false)),
            ..SiteChange::default()
        }));
        samples.extend(each(|one| SiteChange {
            confirm_outside: Some((one, true)),
            ..SiteChange::default()
        }));
        samples
    }
}

impl Samples for Due {
    fn samples() -> Vec<Self> {
        vec![Due]
    }
}

impl Samples for QueueRow {
    fn samples() -> Vec<Self> {
        let full = QueueRow {
            message: [1; 16],
            content: [2; 16],
            kind: QueueKind::Message,
            wrapped_key: vec![1, 2, 3],
            delivery: Some(70_001),
            reverse_path: ReversePath::Null,
            recipient: recipients()[0].clone(),
            ret: Some(DsnReturn::Full),
            envid: Some(text("an id")),
            smtputf8: true,
            eight_bit: false,
            require_tls: false,
            tls: TlsNeed::Opportunistic,
            size: 5_000_000_002,
            state: QueueState::Waiting,
            due: at(1),
            attempts: 70_003,
            queued: at(2),
            delay_told: false,
            last: Some(text("450 later")),
        };
        let bare = QueueRow { delivery: None, ret: None, envid: None, last: None, ..full.clone() };
        let mut samples = vec![
            full.clone(),
            bare.clone(),
            QueueRow { smtputf8: false, eight_bit: true, ..bare.clone() },
            QueueRow { smtputf8: false, require_tls: true, ..bare.clone() },
            QueueRow { smtputf8: false, delay_told: true, ..bare.clone() },
        ];
        let paths = reverse_paths().into_iter();
        samples.extend(paths.map(|reverse_path| QueueRow { reverse_path, ..bare.clone() }));
        samples.extend(
            recipients().into_iter().map(|recipient| QueueRow { recipient, ..bare.clone() }),
        );
        samples.extend(each(|kind| QueueRow { kind, ..bare.clone() }));
        samples.extend(each(|ret| QueueRow { ret: Some(ret), ..bare.clone() }));
        samples.extend(each(|tls| QueueRow { tls, ..bare.clone() }));
        samples.extend(each(|state| QueueRow { state, ..bare.clone() }));
        samples
    }
}

impl Samples for Unreported {
    fn samples() -> Vec<Self> {
        let full = Unreported {
            kind: DeliveryState::Failed,
            recipient: recipients()[0].clone(),
            address: text("Byron@example.net"),
            status: EnhancedStatus(5, 301, 302),
            host: Some(text("mx.example.net")),
            text: text("550 no"),
            at: at(1),
            queued: at(2),
            envid: Some(text("an id")),
        };
        let bare = Unreported { host: None, envid: None, ..full.clone() };
        let mut samples = vec![full, bare.clone()];
        samples.extend(each(|kind| Unreported { kind, ..bare.clone() }));
        samples
    }
}

impl Samples for TlsPolicy {
    fn samples() -> Vec<Self> {
        vec![TlsPolicy { id: text("1"), text: text("version: STSv1"), until: at(1) }]
    }
}

impl Samples for SearchPart {
    fn samples() -> Vec<Self> {
        vec![SearchPart { docs: 70_001, blocks: 302, sealed_docs: vec![1, 2, 3] }]
    }
}

impl Samples for Sealed {
    fn samples() -> Vec<Self> {
        vec![Sealed(vec![1, 2, 3])]
    }
}

impl Samples for SearchDeleted {
    fn samples() -> Vec<Self> {
        vec![SearchDeleted { at: at(1) }]
    }
}

impl Samples for Draft {
    fn samples() -> Vec<Self> {
        vec![Draft { version: 70_001, saved: at(1), sealed: vec![1, 2, 3] }]
    }
}

impl Samples for Upload {
    fn samples() -> Vec<Self> {
        let full = Upload {
            sealed_meta: vec![1, 2, 3],
            size: 5_000_000_001,
            received: 5_000_000_002,
            chunks: 70_003,
            unnamed_since: at(1),
            named: true,
            sealed: false,
        };
        vec![full.clone(), Upload { named: false, sealed: true, ..full }]
    }
}

impl Samples for UploadChunk {
    fn samples() -> Vec<Self> {
        let chunk =
            UploadChunk { content: [1; 16], wrapped_key: vec![1, 2, 3], length: 5_000_000_001 };
        vec![chunk]
    }
}

impl Samples for Submission {
    fn samples() -> Vec<Self> {
        let full = Submission {
            sender: id(1),
            accepted: at(1),
            undo_until: Some(at(2)),
            deliveries: 70_003,
            sealed: true,
            sealed_thread: false,
            owed: Some(5_000_000_004),
            standings: Some(each(|state| Standing { route: Route::Plain, state, count: 70_005 })),
        };
        let bare = Submission {
            undo_until: None,
            owed: None,
            standings: None,
            sealed: false,
            ..full.clone()
        };
        let routes = each(|route| Standing { route, state: DeliveryState::Waiting, count: 70_006 });
        let routed = Submission { standings: Some(routes), ..full.clone() };
        vec![full, Submission { sealed_thread: true, ..bare }, routed]
    }
}

impl Samples for Delivery {
    fn samples() -> Vec<Self> {
        let steps = |detail: Option<String>| {
            let bare = Step {
                state: DeliveryState::Waiting,
                at: at(1),
                note: None,
                detail,
                tried: 70_007,
            };
            let mut steps = each(|state| Step { state, ..bare.clone() });
            steps.extend(each(|note| Step { note: Some(note), tried: 0, ..bare.clone() }));
            steps
        };
        let full = Delivery {
            address: text("byron@example.net"),
            account: Some(id(1)),
            route: Route::TemporaryAccount,
            history: steps(Some(text("250 taken"))),
            reason: Some(RejectReason::Other),
            consent: Some(at(2)),
        };
        let bare = Delivery {
            account: None,
            history: steps(None),
            reason: None,
            consent: None,
            ..full.clone()
        };
        let mut samples = vec![full, bare.clone()];
        samples.extend(each(|route| Delivery { route, ..bare.clone() }));
        samples.extend(each(|reason| Delivery { reason: Some(reason), ..bare.clone() }));
        samples
    }
}

impl Samples for Held {
    fn samples() -> Vec<Self> {
        let copy = ReaderCopy {
            account: id(1),
            mailbox: 70_001,
            opened: Some(at(1)),
            unread: true,
            sent: false,
            epoch: 5_000_000_002,
            sealed_summary: vec![1, 2],
            wrapped_key: vec![3, 4],
            ids: Keys { references: vec![[5; 16], [6; 16]], own: Some([7; 16]) },
        };
        let bare = ReaderCopy {
            opened: None,
            unread: false,
            sent: true,
            ids: Keys::default(),
            ..copy.clone()
        };
        let held =
            |copy| HeldCopy { copy, delivery: 70_003, encapsulation: vec![8, 9], started: at(2) };
        let mails = QueueRow::samples().into_iter().map(|row| HeldMail { content: vec![10], row });
        let pickups = Pickup::samples().into_iter().map(|pickup| ([11; 16], pickup));
        vec![Held {
            due: at(3),
            size: 5_000_000_004,
            draft_id: [12; 16],
            draft: Draft { version: 70_005, saved: at(4), sealed: vec![13] },
            uploads: vec![[14; 16], [15; 16]],
            copies: vec![held(copy), held(bare)],
            rows: QueueRow::samples(),
            mails: mails.collect(),
            pickups: pickups.collect(),
        }]
    }
}

impl Samples for Temporary {
    fn samples() -> Vec<Self> {
        let full = Temporary {
            address: text("byron@example.net"),
            sponsor: id(1),
            hand_off: HandOff::Claim,
            sealed_password: Some(vec![1, 2, 3]),
            claimed: Some(at(1)),
            created: at(2),
            expires: at(3),
            warned: true,
            messages: 70_001,
            ending: Some(PickupEnd::Expired),
        };
        let bare = Temporary { sealed_password: None, claimed: None, ending: None, ..full.clone() };
        let mut samples = vec![full, bare.clone()];
        samples.extend(each(|hand_off| Temporary { hand_off, ..bare.clone() }));
        samples.extend(each(|end| Temporary { ending: Some(end), ..bare.clone() }));
        samples
    }
}

impl Samples for Pickup {
    fn samples() -> Vec<Self> {
        let full = Pickup {
            account: id(1),
            message: [2; 16],
            sender: id(3),
            sent: at(1),
            until: at(2),
            end: Some(PickupEnd::Expired),
            asked: Some(at(3)),
        };
        let mut samples = vec![Pickup { end: None, asked: None, ..full.clone() }];
        samples.extend(each(|end| Pickup { end: Some(end), ..full.clone() }));
        samples
    }
}

// What is sealed inside a record.
