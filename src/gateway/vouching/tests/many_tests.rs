//! Many people, attestations and groups as rows alone: who is a member, and who may write to whom.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::*;
use crate::clock::{Clock, Timestamp};
use crate::gateway::groups::computed::Given;
use crate::gateway::records::group::{
    Agreement, Group, GroupMember, GroupTerms, GroupVoucher, InGroup, Under, VouchedMember,
};
use crate::gateway::records::ids::GroupId;
use crate::gateway::records::membership::parties_digest;
use crate::gateway::records::tables::{
    ACCOUNTS, GROUP_MEMBERS, GROUP_TERMS, GROUPS, GROUPS_OF, VOUCHED_MEMBERS,
};
use crate::gateway::records::vouching::SigningKey;
use crate::store::local::{LocalConfig, LocalEngine};
use crate::terms::{GroupKind, GroupWriters};
use crate::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};

/// How many people there are, unless `ACCOUNTS` says so.
const ACCOUNTS_HERE: usize = 60;

/// How many groups each is in, and how many each has at most.
const GROUPS_EACH: usize = 10;
const MEMBERS_EACH: usize = 200;

/// How many decisions are made.
const ASKED: usize = 10_000;

/// Somebody of whom there are as many rows as decisions read.
#[derive(Clone, Debug)]
pub struct Person {
    pub account: AccountId,
    address: String,
    key: VerifyingKey,
}

impl Person {
    pub fn new(number: usize) -> Person {
        let octets = vault::digest(&number.to_be_bytes());
        let account = AccountId(octets[..16].try_into().unwrap());
        Person { account, address: format!("p{number}@example.org"), key: VerifyingKey(octets) }
    }

    pub fn of(gateway: &Gateway, actor: &Actor) -> Person {
        gateway.register_owner(actor).unwrap();
        let key = gateway.store().get(&SIGNING_KEYS, &actor.account()).unwrap().unwrap().public;
        let address = gateway.account(actor.account()).unwrap().addresses[0].clone();
        Person { account: actor.account(), address, key }
    }

    fn put(&self, tx: &mut Tx<'_>, like: &crate::gateway::records::account::Account) {
        let addresses = vec![self.address.clone()];
        let row = crate::gateway::records::account::Account { addresses, ..like.clone() };
        tx.put(&ACCOUNTS, &self.account, &row).unwrap();
        let (public, since) = (self.key, Timestamp(0));
        let sealed_private = Vec::new();
        let key =
            SigningKey { public, number: 0, sealed_private, since, ended: false, signs: false };
        tx.put(&SIGNING_KEYS, &self.account, &key).unwrap();
    }

    /// The statement has no more in it than decisions ask for: that it is this one.
    fn attests(&self, subject: &Person, tx: &mut Tx<'_>) -> Given {
        let octets = [self.account.0, subject.account.0].concat();
        let attestation = vault::digest(&octets);
        let attested = SignedStatement { octets, signature: vec![0; 64] };
        let row = Attestation { attested, revoked: None, note: None, key_changed: false };
        tx.put(&ATTESTATIONS, &(subject.account, self.account), &row).unwrap();
        let of = |one: &Person| (one.account, one.address.clone(), one.key);
        let (own, other) = (of(self), of(subject));
        let parties = parties_digest((own.0, &own.1, own.2), (other.0, &other.1, other.2));
        Given { voucher: self.account, subject: subject.account, attestation, parties, ends: None }
    }
}

/// People whom somebody attests, as rows alone.
pub fn attested(gateway: &Gateway, voucher: &Person, people: &[Person]) -> Vec<Given> {
    let like = gateway.account(voucher.account).unwrap();
    let (voucher, people) = (voucher.clone(), people.to_vec());
    let done = gateway.store().transact(move |tx| {
        people.iter().for_each(|one| one.put(tx, &like));
        Ok::<_, store::Error>(people.iter().map(|one| voucher.attests(one, tx)).collect())
    });
    done.wait().unwrap()
}

fn group(number: usize) -> GroupId {
    GroupId(
        vault::digest(&[b"group".as_slice(), &number.to_be_bytes()].concat())[..16]
            .try_into()
            .unwrap(),
    )
}

/// The members of each group, the first of whom is its voucher.
fn members(accounts: usize) -> Vec<Vec<usize>> {
    let each = MEMBERS_EACH.min(accounts - 1);
    let groups = accounts * GROUPS_EACH / each;
    let member = |number: usize, at: usize| (number * each / GROUPS_EACH + at) % accounts;
    (0..groups).map(|number| (0..each).map(|at| member(number, at)).collect()).collect()
}

/// A closed group of those whom the first one attests.
fn put_group(tx: &mut Tx<'_>, id: GroupId, members: &[Person]) {
    let row = Group {
        kind: GroupKind::Closed,
        listed: false,
        shares_earlier: true,
        shares_from: 0,
        writers: GroupWriters::Members,
        address: None,
        created: Timestamp(0),
        version: 0,
        epoch: 1,
        due: false,
        sealed_about: Vec::new(),
        about_under: Under { group: id, epoch: 1 },
        changes: Vec::new(),
        dropped: 0,
    };
    tx.put(&GROUPS, &id, &row).unwrap();
    let voucher = &members[0];
    let agreed = Some(Agreement { id: [1; 16], at: Timestamp(0) });
    let named = GroupVoucher { account: voucher.account, agreed };
    let terms = GroupTerms { hides_members: false, voucher: Some(named), lapses: None };
    tx.put(&GROUP_TERMS, &id, &terms).unwrap();
    for (at, one) in members.iter().enumerate() {
        let member = GroupMember { manager: at == 0, since: Timestamp(0), sealed_seen: None };
        tx.put(&GROUP_MEMBERS, &(id, one.account), &member).unwrap();
        tx.put(&GROUPS_OF, &(one.account, id), &InGroup { closed: true }).unwrap();
        if at > 0 {
            let Given { attestation, parties, .. } = voucher.attests(one, tx);
            let (voucher, agreement) = (voucher.account, [1; 16]);
            let row = VouchedMember { voucher, agreement, attestation, parties, ends: None };
            tx.put(&VOUCHED_MEMBERS, &(one.account, id), &row).unwrap();
        }
    }
}

/// How long each of many decisions took.
struct Times(Vec<Duration>);

impl Times {
    fn print(mut self, what: &str) {
        self.0.sort_unstable();
        let at = |share: usize| self.0[(self.0.len() - 1) * share / 1_000].as_micros();
        let (half, most, all) = (at(500), at(990), at(1_000));
        println!("{what} p50_us={half} p99_us={most} max_us={all}");
    }
}

/// With many accounts, each in several closed groups by attestations, on a store on the disk: who is a
/// member, and who may write to whom, is what the lists of members say. `make bench-members` asks with
/// 10,000 accounts and 100,000 attestations how long that takes.
#[test]
fn who_may_write_among_many_is_what_the_attestations_say() {
    let accounts = std::env::var("ACCOUNTS").ok().and_then(|text| text.parse().ok());
    let accounts: usize = accounts.unwrap_or(ACCOUNTS_HERE);
    let folder = tempfile::tempdir().unwrap();
    let vault =
        Vault::new(DaemonKey::from_bytes([3; 32]), PoolLimits::default(), PasswordCost::default());
    let config =
        LocalConfig { free_min_octets: 0, ..LocalConfig::in_folder(folder.path().to_owned()) };
    let engine = LocalEngine::open(config, vault, Clock::System, &mut |_, _| ()).unwrap();
    let gateway = gateway_on(Arc::new(engine), |_| ());
    let like = gateway.account(signed_in(&gateway, "dana").account()).unwrap();
    let people: Vec<Person> = (0..accounts).map(Person::new).collect();
    for some in people.chunks(500).map(<[Person]>::to_vec) {
        let like = like.clone();
        let done = gateway.store().transact(move |tx| {
            some.iter().for_each(|one| one.put(tx, &like));
            Ok::<_, store::Error>(())
        });
        done.wait().unwrap();
    }
    let groups = members(accounts);
    for (number, members) in groups.iter().enumerate() {
        let members: Vec<Person> = members.iter().map(|one| people[*one].clone()).collect();
        let done = gateway.store().transact(move |tx| {
            put_group(tx, group(number), &members);
            Ok::<_, store::Error>(())
        });
        done.wait().unwrap();
    }
    let attestations = groups.iter().map(|members| members.len() - 1).sum::<usize>();
    println!("accounts={accounts} attestations={attestations} groups={}", groups.len());

    let mut of = vec![BTreeSet::new(); accounts];
    for (number, members) in groups.iter().enumerate() {
        for one in members {
            of[*one].insert(number);
        }
    }
    let [mut member, mut write, mut sender, mut each] = [(); 4].map(|()| Times(Vec::new()));
    let mut random = fastrand::Rng::with_seed(95);
    for _ in 0..ASKED.min(accounts * 20) {
        let (one, other) = (random.usize(..accounts), random.usize(..accounts));
        let number = random.usize(..groups.len());
        let began = Instant::now();
        let is_in = gateway.group_has(group(number), people[one].account).unwrap();
        member.0.push(began.elapsed());
        assert_eq!(is_in, of[one].contains(&number));
        let began = Instant::now();
        let reaches = gateway.reaches_from(people[one].account, people[other].account).unwrap();
        write.0.push(began.elapsed());
        assert_eq!(reaches, one == other || !of[one].is_disjoint(&of[other]));
        // What is read once for a message, and asked for each of its recipients.
        let began = Instant::now();
        let asker = gateway.asker(people[one].account).unwrap();
        sender.0.push(began.elapsed());
        let began = Instant::now();
        let recipient = gateway.reaches(&asker, people[other].account).unwrap();
        each.0.push(began.elapsed());
        assert_eq!(recipient, reaches);
    }
    member.print("decision=member");
    write.print("decision=write");
    each.print("decision=recipient");
    sender.print("read=sender");
}
