//! Lists that were put back, and attestations that were put in the place of others.

use super::*;
use crate::gateway::vouching::register::{Change, NewRegister};

fn kinds(overview: &Overview) -> Vec<VouchProblem> {
    overview.problems.iter().map(|problem| problem.kind).collect()
}

impl Office {
    fn row(&self, subject: &Actor, voucher: &Actor) -> Attestation {
        let key = (subject.account(), voucher.account());
        self.lie(move |tx| attestation(tx, &key))
    }

    fn put(&self, subject: &Actor, voucher: &Actor, row: Attestation) {
        let key = (subject.account(), voucher.account());
        self.lie(move |tx| tx.put(&ATTESTATIONS, &key, &row));
    }
}

/// An older attestation, which has ended by itself, in the place of a later one.
#[test]
fn an_older_attestation_does_not_end_the_one_that_is_in_force() {
    let office = Office::open();
    let (gateway, omar, dana, noa) = (&office.gateway, &office.omar, &office.dana, &office.noa);
    gateway.vouch_ask(dana, "omar@example.org").unwrap();
    let ends = Some(gateway.clock().now().plus_secs(60));
    gateway.vouch_attest(omar, &NewAttestation { ends, ..office.what(omar, dana) }).unwrap();
    let older = office.row(dana, omar);
    gateway.vouch_attest(omar, &office.what(omar, dana)).unwrap();
    let later = office.row(dana, omar);
    office.overview(dana);
    gateway.clock().advance_secs(61);
    office.put(dana, omar, older);
    for _ in 0..2 {
        assert_eq!(kinds(&office.overview(omar)), [VouchProblem::Forged]);
        assert_eq!(kinds(&office.overview(dana)), [VouchProblem::LeftOut]);
        assert_eq!(office.problems(noa, dana), [VouchProblem::LeftOut]);
    }
    office.put(dana, omar, later);
    for actor in [omar, dana] {
        assert_eq!(kinds(&office.overview(actor)), []);
    }
    assert_eq!(office.overview(dana).received.len(), 1);
}

/// The same with one that was revoked, together with its genuine revocation.
#[test]
fn a_revoked_attestation_does_not_end_the_one_that_is_in_force() {
    let office = Office::open();
    let (gateway, omar, dana, noa) = (&office.gateway, &office.omar, &office.dana, &office.noa);
    office.vouch(omar, dana);
    gateway.vouch_revoke(omar, &office.id(dana)).unwrap();
    let revoked = office.row(dana, omar);
    gateway.clock().advance_secs(1);
    office.vouch(omar, dana);
    office.overview(dana);
    office.put(dana, omar, revoked.clone());
    for _ in 0..2 {
        assert_eq!(kinds(&office.overview(dana)), [VouchProblem::LeftOut]);
        assert_eq!(office.problems(noa, dana), [VouchProblem::LeftOut]);
    }
    assert!(office.row(dana, omar) == revoked, "what shows the lie is not removed");
}

/// The same together with the voucher's list of that time, to one who saw a later one.
#[test]
fn an_older_list_does_not_end_what_it_does_not_give() {
    let office = Office::open();
    let (gateway, omar, dana) = (&office.gateway, &office.omar, &office.dana);
    office.vouch(omar, dana);
    gateway.vouch_revoke(omar, &office.id(dana)).unwrap();
    let (revoked, of) = (office.row(dana, omar), omar.account());
    let list = office.lie(move |tx| Ok(tx.get(&REGISTERS, &of)?.unwrap()));
    gateway.clock().advance_secs(1);
    office.vouch(omar, dana);
    office.overview(dana);
    office.lie(move |tx| tx.put(&REGISTERS, &of, &list));
    office.put(dana, omar, revoked.clone());
    for _ in 0..2 {
        assert_eq!(kinds(&office.overview(dana)), [VouchProblem::LeftOut]);
    }
    assert!(office.row(dana, omar) == revoked, "what shows the lie is not removed");
}

/// The sealed rows of what somebody knows can be put back as well: the number of a list is then signed
/// a second time.
#[test]
fn another_list_with_a_number_that_was_seen_is_not_believed() {
    let office = Office::open();
    let (gateway, omar, dana, noa) = (&office.gateway, &office.omar, &office.dana, &office.noa);
    office.vouch(omar, dana);
    let reference = office.send(dana, "noa@example.org", None);
    let (of, subject) = (omar.account(), dana.account());
    let (list, row, known) = office.lie(move |tx| {
        let list = tx.get(&REGISTERS, &of)?.unwrap();
        let known = tx.get(&KNOWN_KEYS, &(of, of))?.unwrap();
        Ok((list, attestation(tx, &(subject, of))?, known))
    });
    gateway.vouch_revoke(omar, &office.id(dana)).unwrap();
    let standing = || office.signature(noa, reference).unwrap().vouchers[0].standing;
    assert_eq!(standing(), Standing::Ended);
    office.lie(move |tx| {
        tx.put(&REGISTERS, &of, &list)?;
        tx.put(&KNOWN_KEYS, &(of, of), &known)?;
        tx.put(&ATTESTATIONS, &(subject, of), &row)
    });
    office.vouch(omar, noa);
    assert_eq!(standing(), Standing::Doubtful);
    assert!(office.problems(noa, omar).contains(&VouchProblem::RegisterOld));
}

/// Of two requests at once, one is tried again.
#[test]
fn a_register_that_was_signed_meanwhile_is_not_written_over() {
    let office = Office::open();
    let (gateway, omar) = (&office.gateway, &office.omar);
    let owner = gateway.register_owner(omar).unwrap();
    let [one, two] = [&office.dana, &office.noa]
        .map(|to| Change::Given(to.account(), [1; 32]))
        .map(|change| gateway.register_new(omar, &owner, change).unwrap());
    let store = |new: NewRegister| gateway.store().transact(move |tx| new.store_in_tx(tx)).wait();
    store(one).unwrap();
    assert!(matches!(store(two), Err(Error::Busy)));
    assert_eq!(kinds(&office.overview(omar)), [VouchProblem::LeftOut], "one is listed");
}
