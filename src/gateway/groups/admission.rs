//! Whether a message may reach somebody, and whether somebody may be seen: one decision over facts.
//!
//! | to | from | |
//! | --- | --- | --- |
//! | a person in no closed group | anybody | yes |
//! | a person in closed groups | oneself, or a member of one of these groups | yes |
//! | a person in closed groups | anybody else, inside or outside | no |
//! | a group's address | who its setting for writers says | yes |
//!
//! Somebody in two closed groups is reached from both: who had to be in all of them could write to hardly
//! anybody. The same facts say who sees a person's name in the directory, and profile: who may write.

use std::collections::BTreeSet;

use crate::gateway::accounts::directory::Sight;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::terms::{ClosedMembers, GroupWriters};

/// Who writes, or looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// `None` for somebody outside, of whom nothing is known.
    pub account: Option<AccountId>,
    /// Whether it is an account inside, and not a temporary one.
    pub inside: bool,
    /// The groups that the account is in.
    pub groups: BTreeSet<GroupId>,
}

/// Whom it concerns.
#[derive(Clone, Copy, Debug)]
pub enum Concerned<'c> {
    /// A person, with the closed groups that the person is in.
    Person { account: AccountId, closed: &'c [GroupId] },
    /// The address of a group.
    Group { group: GroupId, writers: GroupWriters },
}

/// Whether a message of `asker` may reach whom it concerns.
#[must_use]
pub fn admits(asker: &Asker, concerned: &Concerned<'_>) -> bool {
    match concerned {
        Concerned::Person { account, closed } => {
            closed.is_empty()
                || asker.account == Some(*account)
                || asker.inside && closed.iter().any(|group| asker.groups.contains(group))
        }
        Concerned::Group { group, writers } => match writers {
            GroupWriters::Members => asker.inside && asker.groups.contains(group),
            GroupWriters::Inside => asker.inside,
            GroupWriters::Everybody => true,
        },
    }
}

/// How much of a person `asker` may see: everything that the person shows to others at all, or that the
/// address exists, or nothing. Names, profiles and whatever else is about the person go by this.
/// `hiding` is the strictest of what the site says and what the person's closed groups say.
#[must_use]
pub fn sight(
    asker: &Asker,
    (account, closed): (AccountId, &[GroupId]),
    hiding: ClosedMembers,
) -> Sight {
    match (admits(asker, &Concerned::Person { account, closed }), hiding) {
        (true, _) => Sight::Whole,
        (false, ClosedMembers::Address) => Sight::Address,
        (false, ClosedMembers::Hidden) => Sight::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::random_bytes;

    const PEOPLE: u8 = 12;
    const GROUPS: u8 = 6;

    /// A random graph of memberships.
    struct Graph {
        closed: [bool; GROUPS as usize],
        /// Who is in which group.
        members: BTreeSet<(u8, u8)>,
    }

    impl Graph {
        fn random() -> Graph {
            let octets = random_bytes::<{ (GROUPS + PEOPLE * GROUPS) as usize }>().unwrap();
            let closed = std::array::from_fn(|at| octets[at].is_multiple_of(2));
            let pairs =
                (0..PEOPLE).flat_map(|person| (0..GROUPS).map(move |group| (person, group)));
            let drawn = pairs.zip(&octets[GROUPS as usize..]).filter(|(_, octet)| *octet % 4 == 0);
            Graph { closed, members: drawn.map(|(pair, _)| pair).collect() }
        }

        fn groups(&self, person: u8) -> impl Iterator<Item = u8> {
            let own = self.members.iter().filter(move |(one, _)| *one == person);
            own.map(|(_, group)| *group)
        }

        fn closed_of(&self, person: u8) -> Vec<GroupId> {
            let own = self.groups(person).filter(|group| self.closed[*group as usize]);
            own.map(group).collect()
        }

        fn asker(&self, person: u8) -> Asker {
            Asker {
                account: Some(account(person)),
                inside: true,
                groups: self.groups(person).map(group).collect(),
            }
        }
    }

    fn account(person: u8) -> AccountId {
        AccountId([person + 1; 16])
    }

    fn group(number: u8) -> GroupId {
        GroupId([number + 1; 16])
    }

    /// What is decided is compared with the rule itself, in other words: in a closed group one is
    /// reached by those who share a closed group, and by nobody else.
    #[test]
    fn a_closed_member_is_reached_from_inside_its_closed_groups_alone() {
        for _ in 0..300 {
            let graph = Graph::random();
            for person in 0..PEOPLE {
                let closed = graph.closed_of(person);
                let to = Concerned::Person { account: account(person), closed: &closed };
                let outside = Asker::default();
                assert_eq!(admits(&outside, &to), closed.is_empty());
                let temporary = Asker { account: Some(AccountId([99; 16])), ..Asker::default() };
                assert_eq!(admits(&temporary, &to), closed.is_empty());
                for other in 0..PEOPLE {
                    let shares = (0..GROUPS).any(|group| {
                        graph.closed[group as usize]
                            && graph.members.contains(&(person, group))
                            && graph.members.contains(&(other, group))
                    });
                    let expected = other == person || closed.is_empty() || shares;
                    assert_eq!(admits(&graph.asker(other), &to), expected);
                }
            }
        }
    }

    /// Nobody outside a closed group sees more of its members than that the address exists, and not
    /// that where members are hidden.
    #[test]
    fn a_profile_in_a_closed_group_is_seen_from_inside_it_alone() {
        for _ in 0..300 {
            let graph = Graph::random();
            for (person, other) in
                (0..PEOPLE).flat_map(|one| (0..PEOPLE).map(move |two| (one, two)))
            {
                let closed = graph.closed_of(person);
                let shares = graph.closed_of(other).iter().any(|group| closed.contains(group));
                let whole = other == person || closed.is_empty() || shares;
                for (hiding, less) in [
                    (ClosedMembers::Address, Sight::Address),
                    (ClosedMembers::Hidden, Sight::Nothing),
                ] {
                    let expected = if whole { Sight::Whole } else { less };
                    let of = (account(person), &closed[..]);
                    assert_eq!(sight(&graph.asker(other), of, hiding), expected);
                    let outside = if closed.is_empty() { Sight::Whole } else { less };
                    assert_eq!(sight(&Asker::default(), of, hiding), outside);
                }
            }
        }
    }

    #[test]
    fn leaving_a_closed_group_ends_what_it_allowed_and_no_more() {
        for _ in 0..300 {
            let mut graph = Graph::random();
            let Some((person, left)) = graph.members.pop_first() else { continue };
            for other in (0..PEOPLE).filter(|other| *other != person) {
                let closed = graph.closed_of(other);
                let to = Concerned::Person { account: account(other), closed: &closed };
                let after = admits(&graph.asker(person), &to);
                graph.members.insert((person, left));
                let before = admits(&graph.asker(person), &to);
                graph.members.remove(&(person, left));
                assert!(before || !after, "leaving opened a way");
                let by_left = closed.contains(&group(left));
                assert!(before == after || by_left, "another way was closed");
            }
        }
    }

    #[test]
    fn a_group_is_written_to_by_whom_it_says() {
        let dana =
            Asker { account: Some(account(1)), inside: true, groups: BTreeSet::from([group(1)]) };
        let omar = Asker { groups: BTreeSet::from([group(2)]), ..dana.clone() };
        let outsider = Asker { inside: false, ..dana.clone() };
        let nobody = Asker::default();
        for (writers, expected) in [
            (GroupWriters::Members, [true, false, false, false]),
            (GroupWriters::Inside, [true, true, false, false]),
            (GroupWriters::Everybody, [true, true, true, true]),
        ] {
            let to = Concerned::Group { group: group(1), writers };
            let found = [&dana, &omar, &outsider, &nobody].map(|one| admits(one, &to));
            assert_eq!(found, expected, "{writers:?}");
        }
    }
}
