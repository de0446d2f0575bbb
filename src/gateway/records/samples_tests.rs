//! Samples of everything that is stored: each field filled and unlike its neighbours, each variant.
//!
//! Their lines in `fixtures/records/records.txt` are numbered as the samples stand here. A sample
//! changes only with its record's version.

use serde::de::DeserializeOwned;

use super::account::{
    Account, AccountKeys, Codes, Credential, CredentialKind, Meta, Owner, PasskeyRecord,
    Preferences, Session, SessionRef,
};
use super::audit::{Act, Noted};
use super::ids::AccountId;
use super::mailbox::{ChangeRow, Counters, Entry, EpochRecord, Mailbox, Place, Role};
use super::message::{
    Answerable, Answered, ConversationOf, HeldShare, Keys, Member, Message, Outcome, OutcomeKind,
    OwnId, Protection, Requested, Share,
};
use super::policy::{Policy, Route, Rule};
use super::queue::{Due, QueueKind, QueueRow, QueueState, TlsNeed, TlsPolicy};
use super::search::{Sealed, SearchGone, SearchPart};
use super::site::HouseChange;
use super::submission::{
    Delivery, DeliveryState, Draft, Held, HeldMail, Step, Submission, Upload, UploadChunk,
};
use super::temporary::{Pickup, PickupEnd, Temporary};
use crate::clock::Timestamp;
use crate::gateway::accounts::appearance::{Look, SavedSearch};
use crate::gateway::mailboxes::filter::{Filter, Filters};
use crate::gateway::mailboxes::label::{Label, Labels};
use crate::gateway::mailboxes::summary::{Besides, FileAt, NoticeOf, Outline, SealedSummary};
use crate::gateway::outgoing::draft::{Addressee, AnswerKind, Answers, DraftContent};
use crate::gateway::search::block::{Block, Builder, Doc, Docs};
use crate::gateway::search::index::Text;
use crate::gateway::upload;
use crate::mail::address::Address;
use crate::mail::envelope::{
    DsnReturn, ForwardPath, Notify, OriginalRecipient, Recipient, ReversePath,
};
use crate::terms::{
    Choice, ConfirmOutside, HandOff, Language, LastInteraction, Mode, RejectReason,
};
use crate::vault::passkey::{Algorithm, PublicKey};

pub(super) trait Samples: Sized {
    fn samples() -> Vec<Self>;
}

/// Every variant of an enum, in the order of their numbers: one more, or two in another order,
/// gives other samples. What variants hold is zero or empty.
fn all<E: DeserializeOwned>() -> Vec<E> {
    let variant = |number: u8| {
        let mut octets = [0; 64];
        octets[0] = number;
        postcard::from_bytes(&octets).ok()
    };
    (0..128).map_while(variant).collect()
}

/// One sample for each of `E`.
fn each<E: DeserializeOwned, S>(sample: impl FnMut(E) -> S) -> Vec<S> {
    all::<E>().into_iter().map(sample).collect()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn at(secs: i64) -> Timestamp {
    Timestamp(1_700_000_000_123).plus_secs(secs)
}

fn id(number: u8) -> AccountId {
    AccountId([number; 16])
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

impl Samples for Account {
    fn samples() -> Vec<Self> {
        let bare = Account {
            name: text("bare"),
            display_name: String::new(),
            addresses: Vec::new(),
            disabled: true,
            accept_from: all()[0],
            created: at(1),
            last_sign_in: None,
            last_interaction: None,
            manager: false,
        };
        let full = |accept_from| Account {
            name: text("ada"),
            display_name: text("Ada Byron"),
            addresses: vec![text("ada@example.org"), text("byron@example.org")],
            disabled: false,
            accept_from,
            created: at(1),
            last_sign_in: Some(at(2)),
            last_interaction: Some(at(3)),
            manager: true,
        };
        [vec![bare], each(full)].concat()
    }
}

impl Samples for AccountKeys {
    fn samples() -> Vec<Self> {
        vec![AccountKeys { public: vec![1, 2, 3], sealed_private: vec![4, 5] }]
    }
}

impl Samples for Owner {
    fn samples() -> Vec<Self> {
        vec![Owner(id(7))]
    }
}

impl Samples for Credential {
    fn samples() -> Vec<Self> {
        let bare = |kind| Credential {
            kind,
            wrapped_unlock: vec![1, 2, 3],
            created: at(1),
            label: String::new(),
            last_used: None,
            passkey: None,
        };
        let full = |algorithm: Algorithm| Credential {
            kind: CredentialKind::Passkey,
            wrapped_unlock: vec![1, 2, 3],
            created: at(1),
            label: text("a key"),
            last_used: Some(at(2)),
            passkey: Some(PasskeyRecord {
                credential_id: vec![4, 5],
                public_key: public_key(algorithm),
                sign_count: 70_000,
            }),
        };
        [each(bare), each(full)].concat()
    }
}

/// As it is stored, because only one that is true can be made.
fn public_key(algorithm: Algorithm) -> PublicKey {
    let octets = postcard::to_stdvec(&(algorithm, vec![6_u8, 7, 8])).unwrap();
    postcard::from_bytes(&octets).unwrap()
}

impl Samples for Session {
    fn samples() -> Vec<Self> {
        let sample = |by, previous_sign_in| Session {
            id: [1; 16],
            account: id(2),
            key_thumbprint: text("thumb"),
            agent: text("a browser"),
            peer: text("192.0.2.1"),
            created: at(1),
            last_used: at(2),
            idle_secs: 3_600,
            ends: at(3),
            previous_sign_in,
            wrapped_unlock: vec![3, 4],
            confirmed: at(4),
            by,
            credential: [5; 16],
        };
        let mut samples = each(|by| sample(by, Some(at(5))));
        samples.push(sample(CredentialKind::Password, None));
        samples
    }
}

impl Samples for SessionRef {
    fn samples() -> Vec<Self> {
        vec![SessionRef([9; 32])]
    }
}

impl Samples for Preferences {
    fn samples() -> Vec<Self> {
        let full = Preferences {
            undo_secs: Some(70_000),
            choice: Some(Choice::Ask),
            last_interaction: Some(LastInteraction::Day),
            confirm_outside: Some(ConfirmOutside::Known),
            language: Some(Language::Hebrew),
        };
        let mut samples = vec![Preferences::default(), full.clone()];
        samples.extend(each(|one| Preferences { choice: Some(one), ..full.clone() }));
        samples.extend(each(|one| Preferences { last_interaction: Some(one), ..full.clone() }));
        samples.extend(each(|one| Preferences { confirm_outside: Some(one), ..full.clone() }));
        samples.extend(each(|one| Preferences { language: Some(one), ..full.clone() }));
        samples
    }
}

impl Samples for Meta {
    fn samples() -> Vec<Self> {
        vec![Meta::default(), Meta { first_account: Some(id(7)) }]
    }
}

impl Samples for Codes {
    fn samples() -> Vec<Self> {
        vec![Codes { sealed_secret: vec![1, 2, 3], on: true, last_step: 5_000_000_000 }]
    }
}

impl Samples for Noted {
    fn samples() -> Vec<Self> {
        each(|act: Act| Noted {
            at: at(1),
            who: text("ada"),
            act,
            about: text("byron"),
            peer: text("192.0.2.1"),
        })
    }
}

impl Samples for Mailbox {
    fn samples() -> Vec<Self> {
        let sample = |role| Mailbox {
            role,
            sealed_name: vec![1, 2, 3],
            uid_validity: 70_001,
            uid_next: 70_002,
            total: 5_000_000_003,
            unread: 5_000_000_004,
            unopened: 5_000_000_005,
        };
        let mut samples = each(|role: Role| sample(Some(role)));
        samples.push(sample(None));
        samples
    }
}

fn protections() -> Vec<Protection> {
    let mut found = all();
    found.push(Protection::Tls { version: text("TLS 1.3"), peer: text("192.0.2.1") });
    found.push(Protection::Clear { peer: text("192.0.2.2") });
    found
}

impl Samples for Entry {
    fn samples() -> Vec<Self> {
        let full = Entry {
            reference: [1; 16],
            received: at(1),
            size: 5_000_000_001,
            protection: Protection::Inside,
            opened: Some(at(2)),
            unread: true,
            starred: false,
            sent: false,
            epoch: 5_000_000_002,
            sealed_summary: vec![1, 2, 3],
            wrapped_key: vec![4, 5],
            conversation: Some([2; 16]),
            labels: vec![301, 302],
            filed: at(3),
        };
        let starred = Entry { unread: false, starred: true, ..full.clone() };
        let sent = Entry { unread: false, sent: true, ..full.clone() };
        let bare = Entry { opened: None, conversation: None, labels: Vec::new(), ..full.clone() };
        let protected =
            protections().into_iter().map(|protection| Entry { protection, ..full.clone() });
        let protected: Vec<Entry> = protected.collect();
        [vec![full, starred, sent, bare], protected].concat()
    }
}

impl Samples for Place {
    fn samples() -> Vec<Self> {
        vec![Place { mailbox: 70_001, uid: 70_002 }]
    }
}

impl Samples for EpochRecord {
    fn samples() -> Vec<Self> {
        vec![EpochRecord { encapsulation: vec![1, 2, 3], begun: at(1) }]
    }
}

impl Samples for Counters {
    fn samples() -> Vec<Self> {
        let counters =
            Counters { modseq: 5_000_000_001, forgotten: 5_000_000_002, mailbox_next: 70_003 };
        vec![counters]
    }
}

impl Samples for ChangeRow {
    fn samples() -> Vec<Self> {
        vec![ChangeRow { reference: [1; 16], removed: true }]
    }
}

impl Samples for Message {
    fn samples() -> Vec<Self> {
        vec![Message {
            holders: 70_001,
            received: at(1),
            reverse_path: text("ada@example.org"),
            trace_octets: 70_002,
        }]
    }
}

impl Samples for Outcome {
    fn samples() -> Vec<Self> {
        let mut kinds: Vec<OutcomeKind> = all();
        kinds.extend(each(|reason: RejectReason| OutcomeKind::Rejected(Some(reason))));
        let sample = |kind| Outcome { kind, at: at(1), reverse_path: text("ada@example.org") };
        kinds.into_iter().map(sample).collect()
    }
}

impl Samples for Requested {
    fn samples() -> Vec<Self> {
        vec![Requested { reference: [1; 16], at: at(1) }]
    }
}

fn reverse_paths() -> Vec<ReversePath> {
    vec![ReversePath::Null, ReversePath::Address(address("ada@example.org"))]
}

/// One recipient for each path, each set of flags, and with or without what RFC 3461 adds.
fn recipients() -> Vec<Recipient> {
    let full = Recipient {
        path: ForwardPath::Address(address("byron@example.net")),
        notify: Notify::On { success: true, failure: false, delay: false },
        orcpt: Some(OriginalRecipient { addr_type: text("rfc822"), address: text("b@c.example") }),
    };
    let flags = [(false, true, false), (false, false, true)];
    let mut found = vec![
        full.clone(),
        Recipient { path: ForwardPath::Postmaster, ..full.clone() },
        Recipient { orcpt: None, ..full.clone() },
    ];
    found.extend(each(|notify| Recipient { notify, ..full.clone() }));
    found.extend(flags.map(|(success, failure, delay)| Recipient {
        notify: Notify::On { success, failure, delay },
        ..full.clone()
    }));
    found
}

impl Samples for Answerable {
    fn samples() -> Vec<Self> {
        let sample = |reverse_path| Answerable {
            reverse_path,
            message_id: Some(text("1@example.org")),
            recipients: recipients().into_iter().map(|to| (id(1), to)).collect(),
        };
        let mut samples: Vec<Answerable> = reverse_paths().into_iter().map(sample).collect();
        let reverse_path = ReversePath::Null;
        samples.push(Answerable { reverse_path, message_id: None, recipients: Vec::new() });
        samples
    }
}

impl Samples for Answered {
    fn samples() -> Vec<Self> {
        vec![Answered { at: at(1) }]
    }
}

impl Samples for ConversationOf {
    fn samples() -> Vec<Self> {
        vec![ConversationOf { conversation: [1; 16], named: 70_001 }]
    }
}

impl Samples for Member {
    fn samples() -> Vec<Self> {
        let full = Member { ids: vec![[1; 16], [2; 16]], own: Some([3; 16]) };
        vec![full, Member { ids: Vec::new(), own: None }]
    }
}

impl Samples for OwnId {
    fn samples() -> Vec<Self> {
        vec![OwnId]
    }
}

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

impl Samples for HouseChange {
    fn samples() -> Vec<Self> {
        let full = HouseChange {
            policy: Policy::samples().into_iter().next(),
            last_interaction: Some((LastInteraction::Exact, true)),
            confirm_outside: Some((ConfirmOutside::Always, false)),
            organisation: Some(text("Example")),
            phone: Some(text("+1 555 0100")),
            notification_text: Some(text("Welcome.")),
            accent: Some(text("#1c6b4f")),
            logo: Some(vec![1, 2, 3]),
        };
        let mut samples = vec![HouseChange::default(), full.clone()];
        samples.extend(each(|one| HouseChange {
            last_interaction: Some((one, false)),
            ..HouseChange::default()
        }));
        samples.extend(each(|one| HouseChange {
            confirm_outside: Some((one, true)),
            ..HouseChange::default()
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
            letter: [1; 16],
            content: [2; 16],
            kind: QueueKind::Letter,
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

impl Samples for SearchGone {
    fn samples() -> Vec<Self> {
        vec![SearchGone { at: at(1) }]
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
            created: at(1),
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
        };
        let thread = Submission { undo_until: None, sealed: false, sealed_thread: true, ..full };
        vec![full, thread]
    }
}

impl Samples for Delivery {
    fn samples() -> Vec<Self> {
        let steps = |detail: Option<String>| {
            each(move |state: DeliveryState| Step { state, at: at(1), detail: detail.clone() })
        };
        let full = Delivery {
            address: text("byron@example.net"),
            account: Some(id(1)),
            route: Route::Portal,
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
        let share = Share {
            account: id(1),
            mailbox: 70_001,
            opened: Some(at(1)),
            unread: true,
            sent: false,
            epoch: 5_000_000_002,
            sealed_summary: vec![1, 2],
            wrapped_key: vec![3, 4],
            ids: Keys { answers: vec![[5; 16], [6; 16]], own: Some([7; 16]) },
        };
        let bare = Share {
            opened: None,
            unread: false,
            sent: true,
            ids: Keys::default(),
            ..share.clone()
        };
        let held =
            |share| HeldShare { share, delivery: 70_003, encapsulation: vec![8, 9], begun: at(2) };
        let mails = QueueRow::samples().into_iter().map(|row| HeldMail { content: vec![10], row });
        let pickups = Pickup::samples().into_iter().map(|pickup| ([11; 16], pickup));
        vec![Held {
            due: at(3),
            size: 5_000_000_004,
            draft_id: [12; 16],
            draft: Draft { version: 70_005, saved: at(4), sealed: vec![13] },
            uploads: vec![[14; 16], [15; 16]],
            shares: vec![held(share), held(bare)],
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
            letters: 70_001,
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
            letter: [2; 16],
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

impl Samples for Look {
    fn samples() -> Vec<Self> {
        let full = Look {
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
        };
        vec![Look::default(), full]
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
            besides: None,
            about: [1; 16],
            recipient: text("byron@example.net"),
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
        };
        let of_notice = |notice| SealedSummary { notice: Some(notice), ..SealedSummary::default() };
        let mut samples = vec![SealedSummary::default(), full];
        samples.extend(each(|kind| of_notice(NoticeOf { kind, ..notice.clone() })));
        samples.extend(each(|besides: Besides| {
            of_notice(NoticeOf { besides: Some(besides), ..notice.clone() })
        }));
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
        let full = |kind: AnswerKind| DraftContent {
            to: vec![addressee(Some("Ada"), "a@example.org"), addressee(None, "b@example.org")],
            cc: vec![addressee(None, "c@example.org")],
            bcc: vec![addressee(None, "d@example.org")],
            subject: text("Engine"),
            text: text("It works."),
            html: Some(text("<p>It works.</p>")),
            attachments: vec![text("0102")],
            answers: Some(Answers { letter: [1; 16], kind }),
            choices: choices.iter().cloned().collect(),
        };
        [vec![DraftContent::default()], each(full)].concat()
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
