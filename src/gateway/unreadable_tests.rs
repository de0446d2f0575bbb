//! One record that cannot be read stops no work on the others. It stays as it is, and is used again
//! when it can be read.

use serde::{Deserialize, Serialize};

use super::accounts::appearance::{self, Appearance};
use super::mailboxes::filter;
use super::queue::attempt::Attempted;
use super::records::audit::Act;
use super::records::ids::{AccountId, ReferenceKey};
use super::records::queue::Unreported;
use super::records::search::Sealed;
use super::records::tables::*;
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::mail::envelope::{ForwardPath, Notify, Recipient};
use crate::mail::reference::Reference;
use crate::mail::status::EnhancedStatus;
use crate::store::{Key, Read, Record, Table};
use crate::terms::{Choice, DeliveryState, Mode, QueueState};

/// What a later version of the program wrote.
#[derive(Serialize, Deserialize)]
struct Newer;

impl Record for Newer {
    const VERSION: u8 = 200;
}

fn write<K: Key + Copy + Send + 'static, V: Record + Send + 'static>(
    gateway: &Gateway,
    table: &Table<K, V>,
    key: K,
    record: V,
) {
    let table: Table<K, V> = Table::new(table.id, table.name);
    let done = gateway.inner.store.transact(move |tx| tx.put(&table, &key, &record));
    done.wait().unwrap();
}

/// Replaces the record under `key` by one that cannot be read.
pub fn spoil<K: Key + Copy + Send + 'static, V: Record>(
    gateway: &Gateway,
    table: &Table<K, V>,
    key: K,
) {
    write(gateway, &Table::<K, Newer>::new(table.id, table.name), key, Newer);
}

fn queued(gateway: &Gateway) -> Vec<Reference> {
    gateway.queue_lease(9, 60, &mut |_| false).unwrap().iter().map(|row| row.reference).collect()
}

#[test]
fn other_messages_leave_the_queue() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let first = send(&gateway, &dana, &content(&[OUTSIDER], "First"));
    let rows = gateway.queue_list(9).unwrap();
    let (id, kept) = (rows[0].id.0, gateway.inner.store.get(&QUEUE, &rows[0].id.0).unwrap());
    spoil(&gateway, &QUEUE, id);
    let second = send(&gateway, &dana, &content(&[OUTSIDER], "Second"));

    assert_eq!(queued(&gateway), [second]);
    let shown = gateway.queue_list(9).unwrap();
    assert_eq!(shown.iter().map(|row| row.reference).collect::<Vec<_>>(), [second]);
    assert_eq!(gateway.queue_find(&shown[0].id.to_text()).unwrap().reference, second);
    assert_eq!(gateway.queue_recover().unwrap(), 1, "the leased row");
    let due = gateway.queue_next_due().unwrap().unwrap();
    assert!(due <= gateway.clock().now());
    assert_eq!(queued(&gateway), [second]);
    let due = gateway.queue_next_due().unwrap().unwrap();
    assert!(due > gateway.clock().now(), "nothing is looked at again and again");

    write(&gateway, &QUEUE, id, kept.unwrap());
    gateway.clock().advance_secs(3_601);
    let mut both = queued(&gateway);
    both.sort_by_key(|reference| reference.to_bytes());
    let mut expected = [first, second];
    expected.sort_by_key(|reference| reference.to_bytes());
    assert_eq!(both, expected);
    assert!(queued(&gateway).is_empty(), "both are leased");
}

/// Spoils one record of a message, or of its sender.
type Spoils = fn(&Gateway, AccountId, ReferenceKey);

const SPOILT: [(&str, Spoils); 5] = [
    ("submission", |gateway, _, message| spoil(gateway, &SUBMISSIONS, message)),
    ("delivery", |gateway, _, message| spoil(gateway, &DELIVERIES, (message, 0))),
    ("another delivery", |gateway, _, message| spoil(gateway, &DELIVERIES, (message, 1))),
    ("holders", |gateway, _, message| spoil(gateway, &MESSAGES, message)),
    ("counters", |gateway, sender, _| spoil(gateway, &COUNTERS, sender)),
];

/// Sends to two outsiders, deletes the own copy, so that its octets are owed, and leases both rows.
fn sent_to_two(gateway: &Gateway, dana: &Actor) -> (Reference, [queue::rows::QueueId; 2]) {
    let to = [OUTSIDER, "second@outside.example"];
    let reference = send(gateway, dana, &content(&to, "Once"));
    gateway.message_delete(dana, reference).unwrap();
    let mut rows = gateway.queue_lease(9, 3_600, &mut |_| false).unwrap();
    rows.sort_by_key(|row| row.recipient.path.to_string());
    (reference, [rows[0].id, rows[1].id])
}

fn failed() -> Attempted {
    let text = "550 nobody".to_owned();
    Attempted::Failed { status: EnhancedStatus(5, 1, 1), text, host: None }
}

#[test]
fn a_message_that_left_is_not_sent_again() {
    for (what, spoils) in SPOILT {
        let gateway = with_policy(choice(Choice::Plain, Mode::Default));
        let dana = sign_in(&gateway, "dana");
        let (reference, [first, second]) = sent_to_two(&gateway, &dana);
        spoils(&gateway, dana.account(), reference.to_bytes());
        let by = "mx.outside.example".to_owned();
        gateway.queue_report(first, Attempted::Delivered { by, text: String::new() }).expect(what);
        gateway.queue_report(second, failed()).expect(what);
        gateway.clock().advance_secs(25 * 3_600);
        assert_eq!(gateway.queue_recover().unwrap(), 0, "{what}");
        assert_eq!(queued(&gateway), [], "{what}");
    }
}

#[test]
fn a_report_waits_until_its_records_can_be_read() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let (reference, rows) = sent_to_two(&gateway, &dana);
    let key = reference.to_bytes();
    let kept = gateway.inner.store.get(&SUBMISSIONS, &key).unwrap().unwrap();
    spoil(&gateway, &SUBMISSIONS, key);
    rows.iter().for_each(|id| gateway.queue_report(*id, failed()).unwrap());
    gateway.reports_write().unwrap();
    assert!(notices(&gateway, &dana).is_empty());
    write(&gateway, &SUBMISSIONS, key, kept);
    gateway.reports_write().unwrap();
    assert_eq!(notices(&gateway, &dana).len(), 1, "one report about both");
}

/// More than are read at once, all before the others in the order of their keys.
#[test]
fn messages_that_cannot_be_reported_do_not_stand_before_others() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let row = Unreported {
        kind: DeliveryState::Failed,
        recipient: Recipient {
            path: ForwardPath::parse(OUTSIDER).unwrap(),
            notify: Notify::default(),
            orcpt: None,
        },
        address: OUTSIDER.to_owned(),
        status: EnhancedStatus(5, 1, 1),
        host: None,
        text: String::new(),
        at: gateway.clock().now(),
        queued: gateway.clock().now(),
        envid: None,
    };
    for number in 0..1_000_u128 {
        let message = number.to_be_bytes();
        spoil(&gateway, &SUBMISSIONS, message);
        write(&gateway, &UNREPORTED, (message, 0), row.clone());
    }
    let (_, rows) = sent_to_two(&gateway, &dana);
    rows.iter().for_each(|id| gateway.queue_report(*id, failed()).unwrap());
    gateway.reports_write().unwrap();
    assert_eq!(notices(&gateway, &dana).len(), 1);
}

/// There is no way to a temporary account while a record that it needs cannot be read.
#[test]
fn a_message_without_another_way_is_tried_again() {
    let verified = with_policy(choice(Choice::VerifiedTls, Mode::Default));
    let dana = sign_in(&verified, "dana");
    let reference = send(&verified, &dana, &content(&[OUTSIDER], "Verified"));
    let id = verified.queue_lease(9, 24 * 3_600, &mut |_| false).unwrap()[0].id;
    spoil(&verified, &SUBMISSIONS, reference.to_bytes());
    verified.queue_report(id, Attempted::NoVerifiedTls { text: String::new() }).unwrap();
    let row = &verified.queue_list(9).unwrap()[0];
    assert_eq!((row.state, row.attempts), (QueueState::Waiting, 1));
}

/// Of several readers, one has a record that cannot be read.
#[test]
fn the_other_readers_open_their_message() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let omar = sign_in(&gateway, "omar");
    let to = [OUTSIDER, "omar@example.org"];
    let reference = send(&gateway, &dana, &content(&to, "To both"));
    spoil(&gateway, &DELIVERIES, (reference.to_bytes(), 0));
    gateway.message_open(&omar, reference, None).unwrap();
    assert_eq!(notices(&gateway, &dana), [(DeliveryState::Read, "omar@example.org".to_owned())]);
}

#[test]
fn other_messages_that_were_held_back_leave() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let first = hold(&gateway, &dana, &content(&["omar@example.org"], "First"));
    let key = first.to_bytes();
    let kept = gateway.inner.store.get(&HELD, &key).unwrap().unwrap();
    spoil(&gateway, &HELD, key);
    let second = hold(&gateway, &dana, &content(&["omar@example.org"], "Second"));
    let omar = sign_in(&gateway, "omar");
    let arrived =
        || -> Vec<Reference> { inbox(&gateway, &omar).iter().map(|item| item.reference).collect() };

    release(&gateway);
    assert_eq!(arrived(), [second]);
    let due = gateway.messages_next_due().unwrap().unwrap();
    assert!(due > gateway.clock().now(), "nothing is looked at again and again");

    write(&gateway, &HELD, key, kept);
    gateway.clock().advance_secs(61);
    gateway.messages_release(9).unwrap();
    assert!(arrived().contains(&first));
    assert_eq!(gateway.messages_next_due().unwrap(), None);
}

#[test]
fn regular_work_goes_on() {
    let gateway = gateway();
    sign_in(&gateway, "dana");
    gateway.note("dana", Act::SignInRefused, "", "");
    // These keys come before all others.
    let zero = AccountId([0; 16]);
    spoil(&gateway, &SESSIONS, [0; 32]);
    spoil(&gateway, &UPLOADS, (zero, [0; 16]));
    spoil(&gateway, &TEMPORARY, zero);
    spoil(&gateway, &ACCOUNTS, zero);
    spoil(&gateway, &AUDIT, (0, [0; 8]));

    gateway.clock().advance_secs(10 * 365 * 24 * 3_600);
    let now = gateway.clock().now();
    assert_eq!(gateway.sessions_expire(9).unwrap(), 1);
    assert!(gateway.audit_expire(9).unwrap() > 0);
    gateway.uploads_expire(now, 9).unwrap();
    gateway.temporary_expire(9).unwrap();
    gateway.temporary_warn(9).unwrap();
    gateway.messages_expire(9).unwrap();
}

#[test]
fn what_a_later_version_sealed_is_not_replaced() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let account = dana.account();
    let seal = |binding: &[u8]| Sealed(dana.secret().seal_own(binding, &[200]).unwrap());
    write(&gateway, &FILTERS, account, seal(&filter::binding(account)));
    write(&gateway, &APPEARANCES, account, seal(&appearance::binding(account)));
    let refused = gateway.filters_set(&dana, &[]);
    assert!(matches!(refused, Err(Error::NewerRecord { found: 200, .. })), "{refused:?}");
    let refused = gateway.appearance_set(&dana, &Appearance::default());
    assert!(matches!(refused, Err(Error::NewerRecord { found: 200, .. })), "{refused:?}");
}

/// Known browsers only spare their owner a wait: one that cannot be read stops neither a sign-in nor
/// what ends one. Unlike other records it is removed, for nothing was sealed in it.
#[test]
fn a_known_browser_that_cannot_be_read_keeps_nobody_out() {
    let gateway = gateway();
    let (_, recovery_key) = create(&gateway, "mira").unwrap();
    let mut mira = sign_in(&gateway, "mira");
    let account = mira.account();
    let own = (account, gateway.browser_key(account, "thumb"));
    let spoil_all = || {
        spoil(&gateway, &KNOWN_BROWSERS, own);
        spoil(&gateway, &KNOWN_BROWSERS, (account, [0; 16]));
    };
    let rows = || gateway.inner.store.count(&KNOWN_BROWSERS, &account).unwrap();

    spoil_all();
    assert_eq!(gateway.browser_known_to("mira", "thumb").unwrap(), None);
    assert!(gateway.browser_list(&mira).unwrap().is_empty());
    mira = sign_in(&gateway, "mira");
    assert_eq!(gateway.browser_known_to("mira", "thumb").unwrap(), Some(account));
    assert_eq!((rows(), gateway.browser_list(&mira).unwrap().len()), (1, 1));

    spoil_all();
    gateway.session_close_all(&mira).unwrap();
    assert_eq!(rows(), 0);
    spoil_all();
    let by = (ChangedFrom::Server, OwnChoice::Made);
    gateway.account_recover("mira", &recovery_key, &password("battery staple"), by).unwrap();
    assert_eq!(rows(), 0);
    spoil_all();
    gateway.account_disable("mira").unwrap();
    assert_eq!(rows(), 0);
}

/// The administrator withdraws a message while it is on its way to a temporary account.
#[test]
fn a_withdrawn_message_is_not_delivered_after_all() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Withdrawn"));
    let id = gateway.queue_lease(9, 60, &mut |_| false).unwrap()[0].id;
    let row = gateway.inner.store.get(&QUEUE, &id.0).unwrap().unwrap();
    gateway.queue_drop(id).unwrap();
    gateway.queue_to_portal(id, &row, String::new()).unwrap();
    assert_eq!(states(&gateway, &dana, reference)[0].1, DeliveryState::Failed);
    assert_eq!(gateway.queue_count().unwrap(), 0, "there is no notification");
}
