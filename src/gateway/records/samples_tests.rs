//! Samples of everything that is stored: each field filled and unlike its neighbours, each variant.
//!
//! Their lines in `fixtures/records/records.txt` are numbered as the samples stand here. A sample
//! changes only with its record's version.

mod boards_tests;
mod contact_tests;
mod groups_tests;
mod places_tests;
mod profiles_tests;
mod rings_tests;
mod roles_tests;
mod rooms_tests;
mod schedule_tests;
mod sealed_tests;
mod sending_tests;
mod vouching_tests;

use crate::clock::Timestamp;
use crate::gateway::records::ids::AccountId;
use crate::mail::address::Address;
use crate::mail::envelope::{ForwardPath, Notify, OriginalRecipient, Recipient, ReversePath};
use serde::de::DeserializeOwned;

#[diagnostic::on_unimplemented(
    note = "add its samples in src/gateway/records/samples_tests/; see docs/hacking.md"
)]
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
