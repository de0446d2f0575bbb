//! Samples of accounts, sessions, mailboxes and messages.

use crate::gateway::records::account::{
    Account, AccountKeys, AccountNews, CodeFailures, Credential, CredentialKind, HeldName,
    KnownBrowser, Meta, Owner, PasskeyRecord, Preferences, Removal, Session, SessionRef,
    TotpRecord,
};
use crate::gateway::records::audit::{Act, AuditEntry};
use crate::gateway::records::mailbox::{
    ChangeRow, Counters, Entry, EpochRecord, FeedChange, Holder, Mailbox, OwnQuota, Place, Role,
    Usage,
};
use crate::gateway::records::message::{
    Answerable, Answered, ConversationOf, Member, Message, Outcome, OutcomeKind, OwnId, Protection,
    Requested,
};
use crate::mail::envelope::ReversePath;
use crate::terms::{
    AccountChange, Choice, ConfirmOutside, Confirmations, Fullness, Language, LastInteraction,
    RejectReason,
};
use crate::vault::passkey::{Algorithm, PublicKey};

use super::*;

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
            must_choose: false,
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
            must_choose: true,
        };
        [vec![bare], each(full)].concat()
    }
}

impl Samples for AccountKeys {
    fn samples() -> Vec<Self> {
        vec![AccountKeys { public: vec![1, 2, 3], number: 70_001, sealed_private: vec![4, 5] }]
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

impl Samples for KnownBrowser {
    fn samples() -> Vec<Self> {
        let agent = text("a browser");
        vec![KnownBrowser { agent, since: at(1), last_sign_in: at(2), session: [3; 16] }]
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
            confirmations: Some(Confirmations::Inbox),
        };
        let mut samples = vec![Preferences::default(), full.clone()];
        samples.extend(each(|one| Preferences { choice: Some(one), ..full.clone() }));
        samples.extend(each(|one| Preferences { last_interaction: Some(one), ..full.clone() }));
        samples.extend(each(|one| Preferences { confirm_outside: Some(one), ..full.clone() }));
        samples.extend(each(|one| Preferences { confirmations: Some(one), ..full.clone() }));
        samples.extend(each(|one| Preferences { language: Some(one), ..full.clone() }));
        samples
    }
}

impl Samples for Meta {
    fn samples() -> Vec<Self> {
        vec![Meta::default(), Meta { first_account: Some(id(7)) }]
    }
}

impl Samples for TotpRecord {
    fn samples() -> Vec<Self> {
        vec![TotpRecord { sealed_secret: vec![1, 2, 3], on: true, last_step: 5_000_000_000 }]
    }
}

impl Samples for AccountNews {
    fn samples() -> Vec<Self> {
        let news = |change: AccountChange| AccountNews {
            change,
            at: at(1),
            from: Some(text("192.0.2.1")),
        };
        let mut samples = each(news);
        samples.push(AccountNews { from: None, ..news(AccountChange::TotpOn) });
        samples
    }
}

impl Samples for Removal {
    fn samples() -> Vec<Self> {
        vec![Removal { since: at(1), address: text("ada@example.org") }]
    }
}

impl Samples for HeldName {
    fn samples() -> Vec<Self> {
        vec![HeldName { until: at(2), of: id(7) }]
    }
}

impl Samples for CodeFailures {
    fn samples() -> Vec<Self> {
        vec![CodeFailures { count: 70_001, last: at(3) }]
    }
}

impl Samples for AuditEntry {
    fn samples() -> Vec<Self> {
        each(|act: Act| AuditEntry {
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
        vec![EpochRecord { encapsulation: vec![1, 2, 3], started: at(1) }]
    }
}

impl Samples for Counters {
    fn samples() -> Vec<Self> {
        let full = |holder, warned| Counters {
            modseq: 5_000_000_001,
            forgotten: 5_000_000_002,
            mailbox_next: 70_003,
            recent: vec![FeedChange { reference: [1; 16], removed: true }],
            usage: Some(Usage { octets: 5_000_000_004, messages: 70_005 }),
            own_quota: OwnQuota { octets: Some(5_000_000_006), messages: Some(70_007) },
            holder,
            warned,
            said: 5_000_000_008,
        };
        let mut samples = vec![Counters::default()];
        samples.extend(each(|warned| full(Holder::User, warned)));
        samples.extend(each(|holder| full(holder, Fullness::Room)));
        samples
    }
}

impl Samples for ChangeRow {
    fn samples() -> Vec<Self> {
        let change = |one, removed| FeedChange { reference: [one; 16], removed };
        vec![ChangeRow { changes: vec![change(1, true), change(2, false)] }]
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
        let full = ConversationOf { conversation: [1; 16], named: 70_001, own: Some([2; 16]) };
        vec![full, ConversationOf { conversation: [1; 16], named: 70_001, own: None }]
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
