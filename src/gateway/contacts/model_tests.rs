//! Shared contacts against a model that says in other words what each reader sees and may change: random
//! grants of fields to people, groups and everybody inside, of one contact and of the whole book, through
//! the calls that the API makes.

use std::collections::BTreeMap;

use super::granting::Progress;
use super::shared::{SharedPage, SharedQuery, SharedView};
use super::shares::{Field, Fields};
use super::sharing::{NamedReader, WantedShare};
use super::sharing_tests::whole;
use super::stored::ContactPatch;
use super::tests::counted;
use crate::gateway::group_tests::{add, created, gateway_of};
use crate::gateway::tests::sign_in;
use crate::gateway::{Actor, Error, Gateway};
use crate::mail::contacts::{Contact, Way};

const NAMES: [&str; 5] = ["dana", "omar", "yael", "noam", "tali"];
/// The first two share what they have, and are in each group; the others come and go.
const OWNERS: usize = 2;
const GROUPS: usize = 2;
/// The most contacts of one owner.
const CONTACTS: usize = 5;
/// How many steps are taken with the same people: what is kept of each grows.
const STEPS_EACH: usize = 500;
/// How many steps are taken, unless `STEPS` says so.
const STEPS: usize = 300;

/// What may be changed here, each in words of its own.
const CHANGED: [Field; 4] = [Field::Name, Field::Phones, Field::Notes, Field::Own];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum To {
    Person(usize),
    Group(usize),
    Everybody,
}

/// What is granted to whom: to be read, and to be changed.
type Grants = BTreeMap<To, (Fields, Fields)>;

/// A contact as the model keeps it.
struct Kept {
    id: String,
    owner: usize,
    deleted: bool,
    grants: Grants,
    /// The latest word of each of `CHANGED`.
    words: [String; 4],
}

struct World {
    gateway: Gateway,
    actors: Vec<Actor>,
    groups: Vec<String>,
    members: [[bool; NAMES.len()]; GROUPS],
    contacts: Vec<Kept>,
    books: [Grants; OWNERS],
    random: fastrand::Rng,
    written: usize,
}

/// A patch of one of `CHANGED`.
fn patch_of(at: usize, word: &str) -> ContactPatch {
    let way = || Some(vec![Way { label: String::new(), value: word.to_owned() }]);
    let mut patch = ContactPatch::default();
    match CHANGED[at] {
        Field::Phones => patch.phones = way(),
        Field::Own => patch.own = way(),
        Field::Notes => patch.notes = Some(word.to_owned()),
        _ => {
            let mut name = whole().name;
            word.clone_into(&mut name.given);
            patch.name = Some(name);
        }
    }
    patch
}

impl World {
    fn new(seed: u64) -> World {
        let gateway = gateway_of(&NAMES[2..]);
        let actors: Vec<Actor> = NAMES.iter().map(|name| sign_in(&gateway, name)).collect();
        for actor in actors.iter().chain(&actors) {
            gateway.groups_tend(actor).unwrap();
        }
        let groups: Vec<String> = (0..GROUPS).map(|_| created(&gateway, &actors[0])).collect();
        groups.iter().for_each(|group| drop(add(&gateway, &actors[0], group, NAMES[1])));
        let members = [[true, true, false, false, false]; GROUPS];
        let random = fastrand::Rng::with_seed(seed);
        let (contacts, books) = (Vec::new(), <[Grants; OWNERS]>::default());
        let mut world =
            World { gateway, actors, groups, members, contacts, books, random, written: 0 };
        (0..OWNERS).for_each(|owner| world.create(owner));
        world
    }

    fn create(&mut self, owner: usize) {
        let id = self.gateway.contact_create(&self.actors[owner], whole()).unwrap().id;
        let (grants, words) = (Grants::new(), <[String; 4]>::default());
        self.contacts.push(Kept { id, owner, deleted: false, grants, words });
        let at = self.contacts.len() - 1;
        (0..CHANGED.len()).for_each(|field| self.change_by_owner(at, field));
    }

    fn word(&mut self) -> String {
        self.written += 1;
        format!("word{}", self.written)
    }

    fn change_by_owner(&mut self, at: usize, field: usize) {
        let word = self.word();
        let Kept { id, owner, words, .. } = &mut self.contacts[at];
        let actor = &self.actors[*owner];
        let version = self.gateway.contact(actor, id).unwrap().version;
        let patch = patch_of(field, &word);
        self.gateway.contact_change(actor, id, version, &patch).unwrap();
        words[field] = word;
    }

    fn fields(&mut self) -> Fields {
        Fields(self.random.u16(..) & self.random.u16(..) & Fields::all().0)
    }

    fn grants(&mut self, owner: usize) -> Grants {
        let people = (0..NAMES.len()).filter(|one| *one != owner).map(To::Person);
        let all: Vec<To> =
            people.chain((0..GROUPS).map(To::Group)).chain([To::Everybody]).collect();
        let mut grants = Grants::new();
        for to in all {
            // Everybody inside is less likely, so that there is something to hide.
            if self.random.u8(..if to == To::Everybody { 8 } else { 3 }) == 0 {
                let read = self.fields();
                grants.insert(to, (read, Fields(read.0 & self.random.u16(..))));
            }
        }
        grants
    }

    fn wanted(&self, grants: &Grants) -> Vec<WantedShare> {
        let named = |to: &To| match to {
            To::Person(one) => NamedReader::Person(format!("{}@example.org", NAMES[*one])),
            To::Group(one) => NamedReader::Group(self.groups[*one].clone()),
            To::Everybody => NamedReader::Everybody,
        };
        let share = |(to, (read, edit)): (&To, &(Fields, Fields))| WantedShare {
            to: named(to),
            read: *read,
            edit: *edit,
        };
        grants.iter().map(share).collect()
    }

    fn some(&mut self, deleted: bool) -> Option<usize> {
        let found = self.contacts.iter().enumerate().filter(|(_, one)| one.deleted == deleted);
        let found: Vec<usize> = found.map(|(at, _)| at).collect();
        (!found.is_empty()).then(|| found[self.random.usize(..found.len())])
    }

    fn step(&mut self) {
        match self.random.u8(..16) {
            0..=2 => self.member_change(),
            3..=5 => self.share(),
            6..=7 => self.share_book(),
            8..=9 => {
                let field = self.random.usize(..CHANGED.len());
                if let Some(at) = self.some(false) {
                    self.change_by_owner(at, field);
                }
            }
            10 => {
                let owner = self.random.usize(..OWNERS);
                let count = self.contacts.iter().filter(|one| one.owner == owner).count();
                if count < CONTACTS {
                    self.create(owner);
                }
            }
            11 => self.delete(),
            12 => self.restore(),
            _ => self.change_by_reader(),
        }
    }

    fn member_change(&mut self) {
        let (group, who) = (self.random.usize(..GROUPS), self.random.usize(OWNERS..NAMES.len()));
        let (manager, text) = (&self.actors[0], &self.groups[group]);
        match self.members[group][who] {
            true => {
                let account = self.actors[who].account().to_text();
                self.gateway.group_member_remove(manager, text, &account).unwrap();
            }
            false => drop(add(&self.gateway, manager, text, NAMES[who])),
        }
        self.members[group][who] ^= true;
    }

    fn share(&mut self) {
        let Some(at) = self.some(false) else { return };
        let owner = self.contacts[at].owner;
        let grants = self.grants(owner);
        let (actor, id) = (&self.actors[owner], &self.contacts[at].id);
        let version = self.gateway.contact(actor, id).unwrap().version;
        self.gateway.contact_share(actor, id, version, &self.wanted(&grants)).unwrap();
        self.contacts[at].grants = grants;
    }

    fn share_book(&mut self) {
        let owner = self.random.usize(..OWNERS);
        let grants = self.grants(owner);
        let actor = &self.actors[owner];
        let version = self.gateway.contact_book_sharing(actor).unwrap().version;
        let wanted = self.wanted(&grants);
        let view = self.gateway.contact_book_share(actor, version, &wanted).unwrap();
        assert_eq!(view.progress, Progress::Done);
        self.books[owner] = grants;
    }

    fn delete(&mut self) {
        let Some(at) = self.some(false) else { return };
        let Kept { id, owner, deleted, .. } = &mut self.contacts[at];
        self.gateway.contact_delete(&self.actors[*owner], id).unwrap();
        *deleted = true;
    }

    fn restore(&mut self) {
        let Some(at) = self.some(true) else { return };
        let Kept { id, owner, deleted, .. } = &mut self.contacts[at];
        self.gateway.contact_restore(&self.actors[*owner], id).unwrap();
        *deleted = false;
    }

    /// Somebody changes a field, whether it is allowed or not, and the owner looks at the changes.
    fn change_by_reader(&mut self) {
        let Some(at) = self.some(false) else { return };
        let owner = self.contacts[at].owner;
        let (reader, field) =
            (self.random.usize(..NAMES.len()), self.random.usize(..CHANGED.len()));
        if reader == owner {
            return;
        }
        let (word, (read, edit)) = (self.word(), self.seen(reader, at));
        let actor = &self.actors[reader];
        let (whose, id) = (self.actors[owner].account().to_text(), self.contacts[at].id.clone());
        let version =
            self.gateway.contact_shared(actor, &whose, &id).map_or(1, |view| view.version);
        // A day has room for a hundred changes of one author.
        self.gateway.clock().advance_secs(15 * 60);
        let patch = patch_of(field, &word);
        let done = self.gateway.contact_shared_change(actor, (&whose, &id), version, &patch);
        match done {
            Ok(_) => {
                assert!(edit.has(CHANGED[field]), "{reader} changed what only others may");
                self.contacts[at].words[field] = word;
            }
            Err(Error::Denied { .. }) => assert!(!read.is_empty() && !edit.has(CHANGED[field])),
            Err(Error::NotFound { .. }) => assert!(read.is_empty()),
            Err(other) => panic!("{other}"),
        }
        self.gateway.contact_edits_take(&self.actors[owner]).unwrap();
    }

    /// What a reader sees of a contact, and may change.
    fn seen(&self, reader: usize, at: usize) -> (Fields, Fields) {
        let Kept { owner, deleted, grants, .. } = &self.contacts[at];
        if *owner == reader || *deleted {
            return (Fields(0), Fields(0));
        }
        let concerns = |to: &To| match to {
            To::Person(one) => *one == reader,
            To::Group(one) => self.members[*one][reader],
            To::Everybody => true,
        };
        let all = grants.iter().chain(&self.books[*owner]).filter(|(to, _)| concerns(to));
        all.fold((Fields(0), Fields(0)), |(read, edit), (_, more)| {
            (read.with(more.0), edit.with(more.1))
        })
    }

    fn found(&self, reader: usize, text: &str) -> SharedPage {
        let query = SharedQuery { text: text.to_owned(), offset: 0, limit: 100 };
        let page = self.gateway.contacts_shared(&self.actors[reader], &query).unwrap();
        assert!(!page.closed && !page.more);
        page
    }

    /// One reader asks about everything, in every way.
    fn check(&mut self) {
        let reader = self.random.usize(..NAMES.len());
        let page = self.found(reader, "");
        let mut listed: BTreeMap<(String, String), SharedView> = BTreeMap::new();
        for view in page.items {
            listed.insert((view.owner.address.clone(), view.id.clone()), view);
        }
        assert_eq!((page.total, page.all), (listed.len(), listed.len()));
        for at in 0..self.contacts.len() {
            let Kept { id, owner, .. } = &self.contacts[at];
            let (owner, actor) = (&self.actors[*owner], &self.actors[reader]);
            let address = format!("{}@example.org", NAMES[self.contacts[at].owner]);
            let in_list = listed.remove(&(address, id.clone()));
            let alone = self.gateway.contact_shared(actor, &owner.account().to_text(), id);
            let alone = match alone {
                Ok(view) => Some(view),
                Err(Error::NotFound { .. }) => None,
                Err(other) => panic!("{other}"),
            };
            let (read, edit) = self.seen(reader, at);
            for view in [in_list, alone] {
                assert_eq!(view.is_some(), !read.is_empty(), "{reader} about {at}");
                let Some(view) = view else { continue };
                assert_eq!((view.fields, view.edit), (read, edit), "{reader} about {at}");
                let whole = self.gateway.contact(owner, id).unwrap().contact;
                let mut expected = Contact::default();
                ContactPatch::of(&whole, read).write(&mut expected);
                assert_eq!(view.contact, expected, "{reader} about {at}");
            }
        }
        assert!(listed.is_empty(), "{reader} sees what nobody shares");
        self.check_search(reader);
    }

    /// A word is found by those who see the field in which it stands, and by nobody else; an earlier
    /// one by nobody.
    fn check_search(&mut self, reader: usize) {
        let (at, field) =
            (self.random.usize(..self.contacts.len()), self.random.usize(..CHANGED.len()));
        let (read, _) = self.seen(reader, at);
        let word = &self.contacts[at].words[field];
        let count = self
            .found(reader, word)
            .items
            .iter()
            .filter(|view| format!("{:?}", view.contact).contains(&format!("\"{word}\"")))
            .count();
        assert_eq!(count, usize::from(read.has(CHANGED[field])), "{reader} looks for {word}");
    }
}

/// P-52, P-53, P-54, P-55. `make grants` takes 100,000 steps.
#[test]
fn whatever_is_granted_each_reader_sees_that_and_nothing_else() {
    let steps = std::env::var("STEPS").map_or(STEPS, |text| text.parse().unwrap());
    let mut taken = 0;
    while taken < steps {
        let mut world = World::new(taken as u64 + 52);
        for _ in 0..STEPS_EACH.min(steps - taken) {
            world.step();
            world.check();
            taken += 1;
        }
        for owner in &world.actors[..OWNERS] {
            counted(&world.gateway, owner);
        }
    }
}
