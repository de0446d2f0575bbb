//! The statements that people sign, in their canonical form: one statement has one form, and no other
//! octets are read as it.
//!
//! ```text
//! statement   = domain fields                  the domain names the kind and the version, and ends in NUL
//! integer     = 8 octets, big-endian           times: milliseconds since 1970, two's complement
//! text        = length (4 octets) UTF-8
//! option      = %x00 / %x01 value
//! list        = count (4 octets) *item         in ascending order of the octets, none twice
//! party       = account (16) address:text key (32)
//! attestation = party-of-voucher party-of-subject how (1) at [ends] [digest of the note]
//! revocation  = digest of the attestation (32) key of the voucher (32) at
//! register    = account (16) key (32) number at given received    each: list of account (16) digest (32)
//! message     = reference (16) party at head-octets head-digest files-octets files-digest
//!               digest of what is shown beside them (32) attested: list of digest (32)
//! ```

use crate::clock::Timestamp;
use crate::gateway::accounts::known_key::Seen;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::records::vouching::SignedStatement;
use crate::terms::Acquaintance;
use crate::vault::{self, SigningPair, VerifyingKey};

/// The longest address in a statement, in octets (RFC 5321 §4.5.3.1.3, with room for UTF-8).
pub const ADDRESS_OCTETS_MAX: usize = 1_024;

/// The most attestations that an account gives, or receives.
pub const REGISTER_ENTRIES_MAX: usize = 200;

/// The most attestations that a message carries: those that were made first.
pub const CARRIED_MAX: usize = 20;

/// A SHA-256 digest.
pub type DigestOf = [u8; 32];

/// One whom a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub account: AccountId,
    pub address: String,
    pub key: VerifyingKey,
}

/// What one account attests about another: that this key and this address are that person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    pub voucher: Party,
    pub subject: Party,
    pub how: Acquaintance,
    pub at: Timestamp,
    pub ends: Option<Timestamp>,
    /// The digest of the note, with what makes it impossible to guess.
    pub note: Option<DigestOf>,
}

/// The end of an attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    pub attestation: DigestOf,
    pub voucher: VerifyingKey,
    pub at: Timestamp,
}

/// An attestation in a register: the other party, and the digest of the statement.
pub type Listed = (AccountId, DigestOf);

/// Which attestations of an account are in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub account: AccountId,
    pub key: VerifyingKey,
    /// Grows with each register that the account signs.
    pub number: u64,
    pub at: Timestamp,
    /// Those that the account made, by the account that they are about.
    pub given: Vec<Listed>,
    /// Those about the account that it has seen, by the account that made them.
    pub received: Vec<Listed>,
}

/// What the sender of a message signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMessage {
    pub reference: ReferenceKey,
    pub sender: Party,
    pub at: Timestamp,
    /// The header and the text.
    pub head: (u64, DigestOf),
    /// Everything after them.
    pub files: (u64, DigestOf),
    /// What readers are shown beside these octets: the subject and the author in their lists, and the
    /// names and places of the files.
    pub shown: DigestOf,
    /// The attestations that go along, in ascending order.
    pub attested: Vec<DigestOf>,
}

/// A kind of statement.
pub trait Statement: Sized + PartialEq {
    const DOMAIN: &'static [u8];

    fn write(&self, out: &mut Writer);
    fn read(input: &mut Reader<'_>) -> Option<Self>;

    /// The canonical form.
    fn octets(&self) -> Vec<u8> {
        let mut out = Writer(Self::DOMAIN.to_vec());
        self.write(&mut out);
        out.0
    }

    /// Reads a canonical form, and nothing else.
    fn parse(octets: &[u8]) -> Option<Self> {
        let mut input = Reader(octets.strip_prefix(Self::DOMAIN)?);
        let read = Self::read(&mut input)?;
        (input.0.is_empty() && read.octets() == octets).then_some(read)
    }

    /// The digest by which others refer to the statement.
    fn digest(&self) -> DigestOf {
        vault::digest(&self.octets())
    }

    /// The statement, signed.
    fn signed(&self, pair: &SigningPair) -> SignedStatement {
        let octets = self.octets();
        debug_assert!(Self::parse(&octets).is_some(), "a statement that nobody could read");
        SignedStatement { signature: pair.sign(&octets), octets }
    }

    /// Reads a statement that `key` signed.
    fn verified(signed: &SignedStatement, key: VerifyingKey) -> Option<Self> {
        let read = Self::parse(&signed.octets)?;
        key.has_signed(&signed.octets, &signed.signature).then_some(read)
    }
}

/// Writes the fields of a statement.
pub struct Writer(Vec<u8>);

/// Reads the fields of a statement.
pub struct Reader<'o>(&'o [u8]);

impl Writer {
    fn fixed(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    fn number(&mut self, number: u64) {
        self.fixed(&number.to_be_bytes());
    }

    fn time(&mut self, at: Timestamp) {
        self.fixed(&at.0.to_be_bytes());
    }

    fn length(&mut self, length: usize) {
        self.fixed(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }

    fn party(&mut self, party: &Party) {
        self.fixed(&party.account.0);
        self.length(party.address.len());
        self.fixed(party.address.as_bytes());
        self.fixed(&party.key.0);
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Writer, T)) {
        self.fixed(&[u8::from(value.is_some())]);
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn list(&mut self, listed: &[Listed]) {
        self.length(listed.len());
        for (account, digest) in listed {
            self.fixed(&account.0);
            self.fixed(digest);
        }
    }
}

impl<'o> Reader<'o> {
    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn account(&mut self) -> Option<AccountId> {
        self.fixed().map(AccountId)
    }

    fn key(&mut self) -> Option<VerifyingKey> {
        self.fixed().map(VerifyingKey)
    }

    fn number(&mut self) -> Option<u64> {
        self.fixed().map(u64::from_be_bytes)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.fixed().map(i64::from_be_bytes).map(Timestamp)
    }

    fn length(&mut self, max: usize) -> Option<usize> {
        let length = usize::try_from(u32::from_be_bytes(self.fixed()?)).ok()?;
        (length <= max).then_some(length)
    }

    fn text(&mut self, max: usize) -> Option<String> {
        let length = self.length(max)?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn party(&mut self) -> Option<Party> {
        Some(Party {
            account: self.account()?,
            address: self.text(ADDRESS_OCTETS_MAX)?,
            key: self.key()?,
        })
    }

    fn option<T>(&mut self, read: impl FnOnce(&mut Reader<'o>) -> Option<T>) -> Option<Option<T>> {
        match self.fixed()? {
            [0] => Some(None),
            [1] => read(self).map(Some),
            _ => None,
        }
    }

    fn items<T: Ord>(
        &mut self,
        max: usize,
        mut read: impl FnMut(&mut Reader<'o>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.length(max)?;
        let mut items: Vec<T> = Vec::new();
        for _ in 0..count {
            let item = read(self)?;
            if items.last().is_some_and(|last| *last >= item) {
                return None;
            }
            items.push(item);
        }
        Some(items)
    }

    fn list(&mut self) -> Option<Vec<Listed>> {
        self.items(REGISTER_ENTRIES_MAX, |input| Some((input.account()?, input.fixed()?)))
    }
}

impl Statement for Attested {
    const DOMAIN: &'static [u8] = b"postern attestation v1\0";

    fn write(&self, out: &mut Writer) {
        out.party(&self.voucher);
        out.party(&self.subject);
        out.fixed(&[match self.how {
            Acquaintance::InPerson => 1,
            Acquaintance::Call => 2,
            Acquaintance::Known => 3,
        }]);
        out.time(self.at);
        out.option(self.ends, Writer::time);
        out.option(self.note, |out, digest| out.fixed(&digest));
    }

    fn read(input: &mut Reader<'_>) -> Option<Attested> {
        Some(Attested {
            voucher: input.party()?,
            subject: input.party()?,
            how: match input.fixed()? {
                [1] => Acquaintance::InPerson,
                [2] => Acquaintance::Call,
                [3] => Acquaintance::Known,
                _ => return None,
            },
            at: input.time()?,
            ends: input.option(Reader::time)?,
            note: input.option(Reader::fixed)?,
        })
    }
}

impl Statement for Revoked {
    const DOMAIN: &'static [u8] = b"postern revocation v1\0";

    fn write(&self, out: &mut Writer) {
        out.fixed(&self.attestation);
        out.fixed(&self.voucher.0);
        out.time(self.at);
    }

    fn read(input: &mut Reader<'_>) -> Option<Revoked> {
        Some(Revoked { attestation: input.fixed()?, voucher: input.key()?, at: input.time()? })
    }
}

impl Registered {
    /// The register, as it is compared with what was seen before.
    pub(in crate::gateway) fn seen(&self) -> Seen {
        (self.number, self.digest())
    }
}

impl Statement for Registered {
    const DOMAIN: &'static [u8] = b"postern register v1\0";

    fn write(&self, out: &mut Writer) {
        out.fixed(&self.account.0);
        out.fixed(&self.key.0);
        out.number(self.number);
        out.time(self.at);
        out.list(&self.given);
        out.list(&self.received);
    }

    fn read(input: &mut Reader<'_>) -> Option<Registered> {
        Some(Registered {
            account: input.account()?,
            key: input.key()?,
            number: input.number()?,
            at: input.time()?,
            given: input.list()?,
            received: input.list()?,
        })
    }
}

impl Statement for SignedMessage {
    const DOMAIN: &'static [u8] = b"postern message v1\0";

    fn write(&self, out: &mut Writer) {
        out.fixed(&self.reference);
        out.party(&self.sender);
        out.time(self.at);
        for (octets, digest) in [&self.head, &self.files] {
            out.number(*octets);
            out.fixed(digest);
        }
        out.fixed(&self.shown);
        out.length(self.attested.len());
        for digest in &self.attested {
            out.fixed(digest);
        }
    }

    fn read(input: &mut Reader<'_>) -> Option<SignedMessage> {
        Some(SignedMessage {
            reference: input.fixed()?,
            sender: input.party()?,
            at: input.time()?,
            head: (input.number()?, input.fixed()?),
            files: (input.number()?, input.fixed()?),
            shown: input.fixed()?,
            attested: input.items(CARRIED_MAX, Reader::fixed)?,
        })
    }
}

/// Whether octets that are read as a statement are its canonical form: for the fuzz targets.
pub fn reads_back(octets: &[u8]) -> bool {
    fn same<S: Statement>(octets: &[u8]) -> bool {
        S::parse(octets).is_none_or(|read| read.octets() == octets)
    }
    same::<Attested>(octets)
        && same::<Revoked>(octets)
        && same::<Registered>(octets)
        && same::<SignedMessage>(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(number: u8) -> Party {
        Party {
            account: AccountId([number; 16]),
            address: format!("{number}@example.org"),
            key: VerifyingKey([number; 32]),
        }
    }

    fn attested() -> Attested {
        Attested {
            voucher: party(1),
            subject: party(2),
            how: Acquaintance::Call,
            at: Timestamp(-5),
            ends: Some(Timestamp(7)),
            note: Some([9; 32]),
        }
    }

    fn registered() -> Registered {
        Registered {
            account: AccountId([1; 16]),
            key: VerifyingKey([1; 32]),
            number: 3,
            at: Timestamp(4),
            given: vec![(AccountId([2; 16]), [2; 32]), (AccountId([3; 16]), [1; 32])],
            received: vec![],
        }
    }

    fn message() -> SignedMessage {
        SignedMessage {
            reference: [5; 16],
            sender: party(1),
            at: Timestamp(6),
            head: (10, [1; 32]),
            files: (0, [2; 32]),
            shown: [3; 32],
            attested: vec![[4; 32], [5; 32]],
        }
    }

    /// The octets are on people's disks, and signatures are over them.
    #[test]
    fn the_form_is_the_one_of_its_version() {
        let revoked =
            Revoked { attestation: [1; 32], voucher: VerifyingKey([2; 32]), at: Timestamp(258) };
        let mut expected = b"postern revocation v1\0".to_vec();
        expected.extend_from_slice(&[1; 32]);
        expected.extend_from_slice(&[2; 32]);
        expected.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(revoked.octets(), expected);
        let octets = attested().octets();
        let mut expected = b"postern attestation v1\0".to_vec();
        for number in [1_u8, 2] {
            expected.extend_from_slice(&[number; 16]);
            expected.extend_from_slice(&[0, 0, 0, 13]);
            expected.extend_from_slice(format!("{number}@example.org").as_bytes());
            expected.extend_from_slice(&[number; 32]);
        }
        expected.push(2);
        expected.extend_from_slice(&(-5_i64).to_be_bytes());
        expected.push(1);
        expected.extend_from_slice(&7_i64.to_be_bytes());
        expected.push(1);
        expected.extend_from_slice(&[9; 32]);
        assert_eq!(octets, expected);
    }

    #[test]
    fn a_statement_is_read_from_its_own_form_alone() {
        fn check<S: Statement + std::fmt::Debug>(statement: &S) {
            let octets = statement.octets();
            assert_eq!(S::parse(&octets).as_ref(), Some(statement));
            assert_eq!(S::parse(&[&octets[..], &[0]].concat()), None);
            for end in 0..octets.len() {
                assert_eq!(S::parse(&octets[..end]), None, "{end}");
            }
        }
        check(&attested());
        check(&Attested { ends: None, note: None, ..attested() });
        check(&registered());
        check(&message());
        // A kind is not read as another one.
        assert_eq!(Registered::parse(&attested().octets()), None);
    }

    #[test]
    fn a_list_is_in_order_and_has_nothing_twice() {
        let (one, two) = ((AccountId([2; 16]), [2; 32]), (AccountId([3; 16]), [1; 32]));
        for given in [vec![two, one], vec![one, one]] {
            let octets = Registered { given, ..registered() }.octets();
            assert_eq!(Registered::parse(&octets), None);
        }
        let many: Vec<Listed> = (0..=u8::MAX).map(|at| (AccountId([at; 16]), [0; 32])).collect();
        let octets = Registered { given: many, ..registered() }.octets();
        assert_eq!(Registered::parse(&octets), None, "more than a register may have");
    }

    /// Whichever octet of a statement or of its signature is changed, it is no longer the one that was
    /// signed.
    #[test]
    fn no_octet_can_be_changed_after_signing() {
        let keys = vault::account_keys(b"dana").unwrap();
        let secret = keys.unlock.open_account(&keys.sealed_private, b"dana").unwrap();
        let (pair, _) = SigningPair::generate(&secret, b"").unwrap();
        let signed = attested().signed(&pair);
        assert_eq!(Attested::verified(&signed, pair.public()), Some(attested()));
        for at in 0..signed.octets.len() {
            let mut changed = signed.clone();
            changed.octets[at] ^= 1;
            assert_eq!(Attested::verified(&changed, pair.public()), None, "{at}");
        }
        for at in 0..signed.signature.len() {
            let mut changed = signed.clone();
            changed.signature[at] ^= 1;
            assert_eq!(Attested::verified(&changed, pair.public()), None, "{at}");
        }
    }
}
