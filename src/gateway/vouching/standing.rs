//! What an attestation is worth to a reader: a pure decision over what the reader knows.

use crate::clock::Timestamp;
use crate::gateway::vouching::party::Met;
use crate::gateway::vouching::statement::{Attested, DigestOf, Listed, Party, Statement};
use crate::terms::Standing;

/// Returns what an attestation, whose signature fits, is worth for the key and the address of `subject`.
/// `voucher` is the one who made it, as the reader meets that person now.
///
/// The key that the reader knows decides, not the one in the records. The voucher's register says what
/// is in force; one that is older than what the reader saw says nothing.
pub(in crate::gateway) fn standing(
    attested: &Attested,
    voucher: Option<&Met>,
    subject: &Party,
    now: Timestamp,
) -> Standing {
    let Some(met) = voucher else { return Standing::Doubtful };
    let party = &met.person.party;
    let is_same = attested.voucher == *party && met.is_known() && attested.subject == *subject;
    if !is_same {
        return Standing::KeyChanged;
    }
    if attested.ends.is_some_and(|ends| ends <= now) {
        return Standing::Expired;
    }
    match &met.register {
        _ if met.is_rolled_back() => Standing::Doubtful,
        None => Standing::Doubtful,
        Some(register) if lists(&register.given, subject, &attested.digest()) => Standing::InForce,
        Some(_) => Standing::Ended,
    }
}

fn lists(given: &[Listed], subject: &Party, digest: &DigestOf) -> bool {
    given.iter().any(|(account, listed)| *account == subject.account && listed == digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::accounts::known_key::KnownKey;
    use crate::gateway::records::ids::AccountId;
    use crate::gateway::vouching::party::Person;
    use crate::gateway::vouching::statement::Registered;
    use crate::terms::Acquaintance;
    use crate::vault::VerifyingKey;

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
            how: Acquaintance::InPerson,
            at: Timestamp(1),
            ends: Some(Timestamp(100)),
            note: None,
        }
    }

    fn met() -> Met {
        let register = Registered {
            account: party(1).account,
            key: party(1).key,
            number: 5,
            at: Timestamp(1),
            given: vec![(party(2).account, attested().digest())],
            received: Vec::new(),
        };
        let known = KnownKey::new(party(1).key, Timestamp(0)).after(Some(register.seen()));
        let since = Timestamp(0);
        let person = Person { name: None, party: party(1), disabled: false, since, ended: false };
        Met { person, known, register: Some(register), reached: true }
    }

    #[test]
    fn each_doubt_has_its_own_name() {
        let now = Timestamp(50);
        let of = |met: Option<&Met>| standing(&attested(), met, &party(2), now);
        assert_eq!(of(Some(&met())), Standing::InForce);
        assert_eq!(of(None), Standing::Doubtful);
        assert_eq!(
            standing(&attested(), Some(&met()), &party(2), Timestamp(100)),
            Standing::Expired
        );
        let other = Party { key: VerifyingKey([9; 32]), ..party(2) };
        assert_eq!(standing(&attested(), Some(&met()), &other, now), Standing::KeyChanged);
        let moved = Party { address: "3@example.org".to_owned(), ..party(2) };
        assert_eq!(standing(&attested(), Some(&met()), &moved, now), Standing::KeyChanged);
        let mut changed = met();
        changed.known.key = VerifyingKey([9; 32]);
        assert_eq!(of(Some(&changed)), Standing::KeyChanged, "not the key that the reader knows");
        let mut changed = met();
        changed.person.party.key = VerifyingKey([9; 32]);
        assert_eq!(of(Some(&changed)), Standing::KeyChanged, "not the key that signed it");
        let mut ended = met();
        ended.person.ended = true;
        assert_eq!(of(Some(&ended)), Standing::KeyChanged, "a key that nobody relies on");
        let mut revoked = met();
        let register = revoked.register.as_mut().unwrap();
        (register.number, register.given) = (6, Vec::new());
        assert_eq!(of(Some(&revoked)), Standing::Ended);
        let mut other = revoked.clone();
        other.register.as_mut().unwrap().number = 5;
        assert_eq!(
            of(Some(&other)),
            Standing::Doubtful,
            "another one with the number that was seen"
        );
        let mut older = met();
        older.known.register = 6;
        assert_eq!(of(Some(&older)), Standing::Doubtful, "a register from before");
        assert_eq!(of(Some(&Met { register: None, ..met() })), Standing::Doubtful);
    }
}
