//! Profiles against a model that says in other words what each reader sees: random people, groups,
//! audiences and readers, asked in every way.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{ProfileField, ProfileFields};
use super::own::WantedAudience;
use super::tests::{everybody_ready, people, person, picture, picture_set, said, say};
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::group_tests::{add, created, gateway_of, new_group};
use crate::gateway::groups::group::NewGroup;
use crate::gateway::tests::sign_in;
use crate::gateway::{Actor, Error, Gateway};
use crate::terms::GroupKind;

const NAMES: [&str; 5] = ["dana", "omar", "yael", "noam", "tali"];
const GROUPS: usize = 3;
/// The last group is closed.
const CLOSED: usize = 2;
/// How many answers are compared, each to one reader about one owner, in one way. `ASKED=100000` asks for more.
const ASKED_MIN: usize = 5_000;

/// Whom a field is for, as the model keeps it.
#[derive(Clone, Default)]
struct For {
    everybody: bool,
    people: BTreeSet<usize>,
    groups: BTreeSet<usize>,
}

#[derive(Default)]
struct Model {
    /// Who is in which group; the first person made them, and stays.
    members: BTreeSet<(usize, usize)>,
    said: BTreeMap<usize, Vec<For>>,
}

impl Model {
    fn is_in(&self, group: usize, who: usize) -> bool {
        who == 0 || self.members.contains(&(group, who))
    }

    /// The one closed group decides.
    fn is_seen(&self, reader: usize, owner: usize) -> bool {
        reader == owner || !self.is_in(CLOSED, owner) || self.is_in(CLOSED, reader)
    }

    fn sees(&self, reader: usize, owner: usize) -> Option<ProfileFields> {
        if !self.is_seen(reader, owner) {
            return None;
        }
        let Some(said) = self.said.get(&owner) else {
            let own = (reader == owner).then_some(ProfileField::Picture);
            return Some(own.into_iter().collect());
        };
        let sees = |field: &ProfileField| {
            let For { everybody, people, groups } = &said[*field as usize];
            let both = |group: &usize| self.is_in(*group, reader) && self.is_in(*group, owner);
            reader == owner || *everybody || people.contains(&reader) || groups.iter().any(both)
        };
        Some(ProfileField::ALL.into_iter().filter(sees).collect())
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

struct World {
    gateway: Gateway,
    actors: Vec<Actor>,
    groups: Vec<String>,
    model: Model,
    random: Random,
    asked: usize,
}

impl World {
    fn new() -> World {
        let gateway = gateway_of(&NAMES[2..]);
        gateway.account_manager(NAMES[0], true).unwrap();
        let actors: Vec<Actor> = NAMES.iter().map(|name| sign_in(&gateway, name)).collect();
        everybody_ready(&gateway, &actors.iter().collect::<Vec<_>>());
        let mut groups: Vec<String> = (0..CLOSED).map(|_| created(&gateway, &actors[0])).collect();
        let closed = NewGroup { kind: GroupKind::Closed, ..new_group() };
        groups.push(gateway.group_create(&actors[0], closed).unwrap().view.id.to_text());
        for actor in &actors {
            picture_set(&gateway, actor, &picture());
        }
        let random = Random(20_261_130);
        World { gateway, actors, groups, model: Model::default(), random, asked: 0 }
    }

    fn member_change(&mut self) {
        let (group, who) = (self.random.below(GROUPS), 1 + self.random.below(NAMES.len() - 1));
        let World { gateway, actors, groups, model, .. } = self;
        match model.members.remove(&(group, who)) {
            true => {
                let account = actors[who].account().to_text();
                gateway.group_member_remove(&actors[0], &groups[group], &account).unwrap();
            }
            false => {
                // Nobody is added whom the one who adds may not see.
                if model.is_seen(0, who) {
                    add(gateway, &actors[0], &groups[group], NAMES[who]);
                    model.members.insert((group, who));
                }
            }
        }
    }

    fn audience(&mut self, owner: usize) -> For {
        match self.random.below(4) {
            0 => For::default(),
            1 => For { everybody: true, ..For::default() },
            _ => {
                let some = |random: &mut Random, below: usize| {
                    (0..below).filter(|_| random.below(3) == 0).collect::<BTreeSet<_>>()
                };
                let mut people = some(&mut self.random, NAMES.len());
                let mut groups = some(&mut self.random, GROUPS);
                people.retain(|one| *one != owner && self.model.is_seen(owner, *one));
                groups.retain(|group| self.model.is_in(*group, owner));
                For { everybody: false, people, groups }
            }
        }
    }

    fn profile_change(&mut self) {
        let owner = self.random.below(NAMES.len());
        let audiences: Vec<For> = ProfileField::ALL.map(|_| self.audience(owner)).to_vec();
        let wanted = |field: ProfileField| {
            let For { everybody, people, groups } = &audiences[field as usize];
            if *everybody {
                return WantedAudience::Everybody;
            }
            let people = people.iter().map(|one| person(NAMES[*one]));
            let groups = groups.iter().map(|one| NamedReader::Group(self.groups[*one].clone()));
            WantedAudience::Named(people.chain(groups).collect())
        };
        say(&self.gateway, &self.actors[owner], wanted).unwrap();
        self.model.said.insert(owner, audiences);
    }

    /// Nobody sees more than what is for the reader now, although no owner has come back since.
    fn check_lost(&mut self) {
        for (reader, owner) in
            (0..NAMES.len()).flat_map(|one| (0..NAMES.len()).map(move |other| (one, other)))
        {
            if reader == owner {
                continue;
            }
            let (actor, id) = (&self.actors[reader], self.actors[owner].account().to_text());
            let seen = there(self.gateway.person_profile(actor, &id)).map(|it| said(&it.published));
            let expected = self.model.sees(reader, owner);
            assert_eq!(seen.is_some(), expected.is_some(), "{reader} about {owner}");
            let more = seen.unwrap_or_default().list().into_iter();
            let more = more.filter(|field| !expected.unwrap_or_default().has(*field));
            assert_eq!(more.count(), 0, "{reader} sees more of {owner} than is for {reader}");
            self.asked += 1;
        }
    }

    /// Every reader asks about every owner, in every way.
    fn check(&mut self) {
        for reader in 0..NAMES.len() {
            let actor = &self.actors[reader];
            let list = people(&self.gateway, actor, "");
            let expected: Vec<_> =
                (0..NAMES.len()).map(|owner| self.model.sees(reader, owner)).collect();
            assert_eq!(list.total, expected.iter().flatten().count());
            for (owner, expected) in expected.iter().enumerate() {
                self.asked += self.ask(reader, owner, *expected, &list);
            }
            self.asked += self.search(reader, &expected);
        }
    }

    fn ask(
        &self,
        reader: usize,
        owner: usize,
        expected: Option<ProfileFields>,
        list: &super::people::PeoplePage,
    ) -> usize {
        let (gateway, actor) = (&self.gateway, &self.actors[reader]);
        let (id, address) =
            (self.actors[owner].account().to_text(), format!("{}@example.org", NAMES[owner]));
        let listed = list.items.iter().find(|one| one.id.as_ref() == Some(&id));
        let detail = gateway.person_profile(actor, &id);
        let at = gateway.person_at(actor, &address);
        for (way, view) in
            [("list", listed.cloned()), ("detail", there(detail)), ("address", there(at))]
        {
            let found = view.map(|view| {
                assert!(!view.closed, "{way}: {reader} cannot open what {owner} says");
                said(&view.published)
            });
            assert_eq!(found, expected, "{way}: {reader} about {owner}");
        }
        let picture = there(gateway.person_picture(actor, &id));
        let sees = expected.is_some_and(|fields| fields.has(ProfileField::Picture));
        assert_eq!(picture.is_some(), sees, "picture: {reader} about {owner}");
        // What completes a recipient shows nothing of a profile.
        let suggested = gateway.colleagues(actor, NAMES[owner], 10).unwrap().items;
        assert_eq!(suggested.len(), usize::from(expected.is_some()));
        assert!(suggested.iter().all(|one| !format!("{one:?}").contains("the-")));
        5
    }

    fn search(&self, reader: usize, expected: &[Option<ProfileFields>]) -> usize {
        let words = [
            (ProfileField::Name, "the-name"),
            (ProfileField::Phones, "the-phone"),
            (ProfileField::Office, "the-office"),
            (ProfileField::Languages, "the-language"),
            (ProfileField::Hours, "the-hours"),
            (ProfileField::About, "the-about"),
        ];
        for (field, word) in words {
            let page = people(&self.gateway, &self.actors[reader], word);
            let found: BTreeSet<_> = page.items.into_iter().map(|one| one.address).collect();
            // Nobody searches the own profile.
            let wanted = (0..NAMES.len()).filter(|owner| *owner != reader);
            let wanted =
                wanted.filter(|owner| expected[*owner].is_some_and(|seen| seen.has(field)));
            let wanted: BTreeSet<_> =
                wanted.map(|owner| format!("{}@example.org", NAMES[owner])).collect();
            assert_eq!((found.len(), &found), (page.total, &wanted), "{word}: {reader}");
        }
        words.len() * NAMES.len()
    }
}

fn there<T>(found: Result<T, Error>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(Error::NotFound { .. }) => None,
        Err(other) => panic!("{other}"),
    }
}

/// P-56, P-85.
#[test]
fn every_way_shows_each_reader_exactly_what_is_for_the_reader() {
    let asked = std::env::var("ASKED").map_or(ASKED_MIN, |asked| asked.parse().unwrap());
    let mut world = World::new();
    while world.asked < asked {
        match world.random.below(3) {
            0 => world.member_change(),
            _ => world.profile_change(),
        }
        world.check_lost();
        // Owners come back now and then: copies follow the keys.
        for actor in &world.actors {
            world.gateway.profile_tend(actor).unwrap();
        }
        world.check();
    }
}
