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
//! anybody. The same facts say who sees a person's name in the directory: who may write.

use std::collections::BTreeSet;

use crate::gateway::records::ids::{AccountId, GroupId};
use crate::terms::GroupWriters;

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
