//! One record that cannot be read stops no work on the others. It stays as it is, and is used again
//! when it can be read.

use serde::{Deserialize, Serialize};

use super::accounts::appearance::{self, Appearance};
use super::mailboxes::filter;
use super::records::audit::Act;
use super::records::ids::AccountId;
use super::records::search::Sealed;
use super::records::tables::*;
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::mail::reference::Reference;
use crate::store::{Key, Read, Record, Table};
use crate::terms::{Choice, DeliveryState, Mode};

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
fn spoil<K: Key + Copy + Send + 'static, V: Record>(
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

/// The administrator withdraws a message while it is on its way to a temporary account.
#[test]
fn a_withdrawn_message_is_not_delivered_after_all() {
    let gateway = with_policy(choice(Choice::Plain, Mode::Default));
    let dana = sign_in(&gateway, "dana");
    let reference = send(&gateway, &dana, &content(&[OUTSIDER], "Withdrawn"));
    let id = gateway.queue_lease(9, 60, &mut |_| false).unwrap()[0].id;
    let row = gateway.inner.store.get(&QUEUE, &id.0).unwrap().unwrap();
    gateway.queue_drop(id).unwrap();
    gateway.queue_to_portal(id, &row).unwrap();
    assert_eq!(states(&gateway, &dana, reference)[0].1, DeliveryState::Failed);
    assert_eq!(gateway.queue_count().unwrap(), 0, "there is no notification");
}
