//! Boards against a model that says in other words what each reader sees: random people, groups, grants,
//! topics, posts for some readers and files, asked in every way.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::board::WantedGrant;
use super::content::PostContent;
use super::post::{CHANGES_MAX, NewPost};
use super::reading::{From, PostView};
use super::tests::{edit, made, regranted};
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::feed::event::EventKind;
use crate::gateway::group_tests::{add, created, gateway_of};
use crate::gateway::records::submission::Upload;
use crate::gateway::records::tables::UPLOADS;
use crate::gateway::sending_tests::uploaded;
use crate::gateway::tests::sign_in;
use crate::gateway::text::{hex, shown};
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::store::Read;
use crate::terms::BoardRight;

const NAMES: [&str; 5] = ["dana", "omar", "yael", "noam", "tali"];
const GROUPS: usize = 2;
const BOARDS: usize = 2;
/// How many steps are taken, after each of which every reader asks. `make boards` takes more.
const STEPS: usize = 90;
/// So many posts a board has at most, before it is deleted.
const POSTS_MAX: usize = 25;

/// A post, as the model keeps it.
struct Known {
    view: PostView,
    word: String,
    author: usize,
    /// Which post began the topic.
    topic: usize,
    readers: Option<BTreeSet<usize>>,
    deleted: bool,
    /// Whether it has a file, which is not dropped.
    has_file: bool,
    /// Who is named, was taken out because the right to read was gone, and does not hold the keys.
    out: BTreeSet<usize>,
}

/// What is known of one board.
#[derive(Default)]
struct Model {
    /// Who is in which group, the same for each board.
    members: BTreeSet<(usize, usize)>,
    people: BTreeMap<usize, BoardRight>,
    groups: BTreeMap<usize, BoardRight>,
    everybody: Option<BoardRight>,
    posts: Vec<Known>,
    /// How far somebody read a topic: how many posts of the board there were.
    read: BTreeMap<(usize, usize), usize>,
}

impl Model {
    fn right(&self, who: usize) -> Option<BoardRight> {
        if who == 0 {
            return Some(BoardRight::Manage);
        }
        let is_in = |group: &usize| self.members.contains(&(*group, who));
        let groups = self.groups.iter().filter(|(group, _)| is_in(group)).map(|(_, right)| *right);
        groups.chain(self.people.get(&who).copied()).chain(self.everybody).max()
    }

    fn is_named(&self, post: usize, who: usize) -> bool {
        let Known { author, readers, .. } = &self.posts[post];
        *author == who || readers.as_ref().is_none_or(|readers| readers.contains(&who))
    }

    fn sees(&self, post: usize, who: usize) -> bool {
        let topic = self.posts[post].topic;
        self.right(who).is_some() && self.is_named(topic, who) && self.is_named(post, who)
    }

    /// The post whose readers hold the keys of this one, if not all readers of the board do.
    fn keys_of(&self, post: usize) -> Option<usize> {
        [post, self.posts[post].topic].into_iter().find(|one| self.posts[*one].readers.is_some())
    }

    fn holds(&self, post: usize, who: usize) -> bool {
        self.keys_of(post).is_none_or(|keys| !self.posts[keys].out.contains(&who))
    }

    fn opens(&self, post: usize, who: usize) -> bool {
        self.sees(post, who) && self.holds(post, who) && !self.posts[post].deleted
    }

    /// Something was sealed for the readers of a post: who of them may not read the board is out.
    fn settle(&mut self, post: usize) {
        let Some(keys) = self.keys_of(post) else { return };
        let may_not = |who: &usize| self.right(*who).is_none() && self.is_named(keys, *who);
        self.posts[keys].out = (0..NAMES.len()).filter(may_not).collect();
    }

    /// The posts some of whose readers are out and may read again, each with somebody who holds the keys
    /// and sees it.
    fn waiting(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (at, post) in self.posts.iter().enumerate() {
            if post.out.iter().any(|who| self.right(*who).is_some()) {
                let holder =
                    (0..NAMES.len()).find(|who| self.holds(at, *who) && self.sees(at, *who));
                found.extend(holder.map(|holder| (at, holder)));
            }
        }
        found
    }

    /// The posts of a topic that somebody sees, in order.
    fn seen(&self, topic: usize, who: usize) -> Vec<usize> {
        let posts = (0..self.posts.len()).filter(|post| self.posts[*post].topic == topic);
        posts.filter(|post| self.sees(*post, who)).collect()
    }

    fn unread(&self, topic: usize, who: usize) -> usize {
        let read = self.read.get(&(topic, who)).copied().unwrap_or_default();
        let is_unread = |post: &usize| *post >= read && self.posts[*post].author != who;
        self.seen(topic, who).into_iter().filter(is_unread).count()
    }

    fn topics(&self, who: usize) -> Vec<usize> {
        (0..self.posts.len())
            .filter(|post| self.posts[*post].topic == *post && self.sees(*post, who))
            .collect()
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
    /// The board that the next step is about.
    board: String,
    model: Model,
    others: Vec<(String, Model)>,
    random: Random,
    asked: usize,
}

impl World {
    fn new() -> World {
        let gateway = gateway_of(&NAMES[2..]);
        let actors: Vec<Actor> = NAMES.iter().map(|name| sign_in(&gateway, name)).collect();
        for _ in 0..2 {
            for actor in &actors {
                gateway.groups_tend(actor).unwrap();
            }
            gateway.groups_tend(&actors[0]).unwrap();
        }
        let groups: Vec<String> = (0..GROUPS).map(|_| created(&gateway, &actors[0])).collect();
        let board = made(&gateway, &actors[0], true, vec![]);
        let others = (1..BOARDS).map(|_| made(&gateway, &actors[0], true, vec![]));
        let others = others.map(|board| (board, Model::default())).collect();
        let (random, model) = (Random(20_261_130), Model::default());
        World { gateway, actors, groups, board, model, others, random, asked: 0 }
    }

    /// Goes on with another board, or the same.
    fn turn(&mut self) {
        let at = self.random.below(BOARDS);
        if let Some((board, model)) = self.others.get_mut(at) {
            std::mem::swap(&mut self.board, board);
            std::mem::swap(&mut self.model, model);
        }
    }

    /// A board that has as many posts as it may have is deleted, and another one made.
    fn begin_anew(&mut self) {
        self.gateway.board_delete(&self.actors[0], &self.board).unwrap();
        let members = std::mem::take(&mut self.model.members);
        for post in self.model.posts.drain(..) {
            let gone = self.gateway.post(&self.actors[0], &shown(post.view.reference));
            assert!(gone.is_err(), "{gone:?}");
        }
        self.board = made(&self.gateway, &self.actors[0], true, vec![]);
        self.model = Model { members, ..Model::default() };
    }

    fn member_change(&mut self) {
        let (group, who) = (self.random.below(GROUPS), 1 + self.random.below(NAMES.len() - 1));
        let World { gateway, actors, groups, model, .. } = self;
        if model.members.contains(&(group, who)) {
            let account = actors[who].account().to_text();
            gateway.group_member_remove(&actors[0], &groups[group], &account).unwrap();
        } else {
            add(gateway, &actors[0], &groups[group], NAMES[who]);
        }
        let others = self.others.iter_mut().map(|(_, model)| model);
        for Model { members, .. } in others.chain([&mut self.model]) {
            if !members.remove(&(group, who)) {
                members.insert((group, who));
            }
        }
    }

    fn grants_change(&mut self) {
        let right = |random: &mut Random| BoardRight::ALL[random.below(3)];
        let random = &mut self.random;
        let some = |random: &mut Random, from: usize, to: usize| {
            let mut found = BTreeMap::new();
            for one in from..to {
                if random.below(3) == 0 {
                    found.insert(one, right(random));
                }
            }
            found
        };
        self.model.people = some(random, 1, NAMES.len());
        self.model.groups = some(random, 0, GROUPS);
        self.model.everybody = (random.below(5) == 0).then(|| right(random));
        let person = |who: usize| NamedReader::Person(format!("{}@example.org", NAMES[who]));
        let people = self.model.people.iter().map(|(who, right)| (person(*who), *right));
        let named = |group: usize| NamedReader::Group(self.groups[group].clone());
        let groups = self.model.groups.iter().map(|(group, right)| (named(*group), *right));
        let everybody = self.model.everybody.map(|right| (NamedReader::Everybody, right));
        let grants = people.chain(groups).chain(everybody);
        let grants = grants.map(|(to, right)| WantedGrant { to, right }).collect();
        regranted(&self.gateway, &self.actors[0], &self.board, grants).unwrap();
    }

    /// Somebody posts, for all or for some, or is refused.
    fn post(&mut self) {
        let who = self.random.below(NAMES.len());
        let count = self.model.posts.len();
        let topic = (count > 0 && self.random.below(4) > 0).then(|| {
            let at = self.random.below(count);
            self.model.posts[at].topic
        });
        let limited = self.random.below(3) == 0;
        let readers: BTreeSet<usize> = (0..NAMES.len())
            .filter(|one| limited && *one != who && self.random.below(2) == 0)
            .collect();
        let word = format!("word{count}x{}", &self.board[..8]);
        let names: Vec<&str> = readers.iter().map(|one| NAMES[*one]).collect();
        let view = topic.map(|topic| &self.model.posts[topic].view);
        let (gateway, actor) = (&self.gateway, &self.actors[who]);
        let file = (self.random.below(4) == 0).then(|| uploaded(gateway, actor, &word, b"octets"));
        let named = names.iter().map(|name| NamedReader::Person(format!("{name}@example.org")));
        let new = NewPost {
            title: if topic.is_none() { format!("On {word}") } else { String::new() },
            topic: view.map(|topic| shown(topic.topic)),
            text: word.clone(),
            readers: named.collect(),
            files: file.iter().cloned().collect(),
        };
        let mut feeds: Vec<_> = self.actors.iter().map(|actor| gateway.events(actor)).collect();
        let done = gateway.post_write(actor, &self.board, &new, &word);
        let may = self.model.right(who) >= Some(BoardRight::Write)
            && topic.is_none_or(|topic| self.model.sees(topic, who))
            && readers.iter().all(|one| {
                self.model.right(*one).is_some()
                    && topic.is_none_or(|topic| {
                        let readers = &self.model.posts[topic].readers;
                        self.model.posts[topic].author == *one
                            || readers.as_ref().is_none_or(|readers| readers.contains(one))
                    })
            });
        match done {
            Ok(view) => {
                assert!(may, "{who} wrote {word}");
                let topic = topic.unwrap_or(count);
                let is_all_read = self.model.unread(topic, who) == 0;
                let readers = Some(readers).filter(|readers| !readers.is_empty());
                let has_file = file.is_some();
                assert_eq!(view.files.len(), usize::from(has_file));
                assert!(readers.is_some() || topic == count || self.model.holds(topic, who));
                let (deleted, out) = (false, BTreeSet::new());
                let known =
                    Known { view, word, author: who, topic, readers, deleted, has_file, out };
                self.model.posts.push(known);
                self.model.settle(count);
                for (one, feed) in feeds.iter_mut().enumerate() {
                    let heard = std::iter::from_fn(|| feed.try_recv().ok())
                        .any(|event| event.kind == EventKind::Boards);
                    assert_eq!(heard, self.model.sees(count, one), "{one} hears of {count}");
                }
                if is_all_read {
                    self.model.read.insert((topic, who), count + 1);
                }
            }
            Err(Error::Denied { .. } | Error::NotFound { .. }) => assert!(!may, "{who}: {word}"),
            Err(Error::Conflict(Conflict::GroupKeysWait)) => {
                let topic = topic.expect("an answer");
                assert!(
                    may && readers.is_empty() && !self.model.holds(topic, who),
                    "{who}: {word}"
                );
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Somebody changes, deletes or reads a post, or is refused.
    fn change(&mut self) {
        let count = self.model.posts.len();
        if count == 0 {
            return;
        }
        let (who, at) = (self.random.below(NAMES.len()), self.random.below(count));
        let (sees, right) = (self.model.sees(at, who), self.model.right(who));
        let own = self.model.posts[at].author == who;
        let needed = if own { BoardRight::Write } else { BoardRight::Edit };
        let may = sees && right >= Some(needed);
        let reference = shown(self.model.posts[at].view.reference);
        let actor = &self.actors[who];
        match self.random.below(3) {
            0 => {
                let done = self.gateway.post_delete(actor, &reference);
                assert_eq!(done.is_ok(), may, "{who} deletes {at}: {done:?}");
                self.model.posts[at].deleted |= may;
            }
            1 => {
                let known = &self.model.posts[at];
                let title = if known.topic == at { "On it" } else { "" }.to_owned();
                let text = format!("changed {}", known.word);
                let version = self.gateway.post(&self.actors[known.author], &reference);
                let version = version.map(|view| view.version).unwrap_or_default();
                let content = PostContent { title, text };
                let done = self.gateway.post_change(actor, &reference, version, &edit(content));
                let is_known = self.model.sees(at, known.author);
                let holds = self.model.holds(at, who);
                match done {
                    Ok(_) => {
                        assert!(may && !known.deleted && holds);
                        self.model.settle(at);
                    }
                    Err(Error::Conflict(Conflict::GroupKeysWait)) => assert!(may && !holds),
                    Err(Error::Conflict(_)) => assert!(may && (known.deleted || !is_known)),
                    Err(Error::OverQuota) => assert!(may && version == CHANGES_MAX),
                    Err(_) => assert!(!may),
                }
            }
            _ => {
                let done = self.gateway.post_read(actor, &reference);
                assert_eq!(done.is_ok(), sees);
                if sees {
                    let topic = self.model.posts[at].topic;
                    let read = self.model.read.entry((topic, who)).or_default();
                    *read = (*read).max(at + 1);
                }
            }
        }
    }

    /// Those who hold the keys look at what others wait for.
    fn holders_look(&mut self) {
        for (post, holder) in self.model.waiting() {
            let reference = shown(self.model.posts[post].view.reference);
            self.gateway.post(&self.actors[holder], &reference).unwrap();
            let stays = |who: &usize| self.model.right(*who).is_none();
            let out = &self.model.posts[post].out;
            self.model.posts[post].out = out.iter().copied().filter(stays).collect();
        }
    }

    /// What is on the boards is what their authors are charged for.
    fn charged(&self) {
        let octets = self.gateway.boards_all().unwrap().iter().map(|row| row.octets).sum::<u64>();
        let wraps = self.others.iter().map(|(_, model)| model).chain([&self.model]);
        let wraps: usize = wraps
            .flat_map(|model| &model.posts)
            .map(|post| post.readers.as_ref().map_or(0, BTreeSet::len))
            .sum();
        let uploads = |account| {
            let mut octets = 0;
            let all = |_, upload: Upload| {
                octets += upload.size;
                ControlFlow::Continue(())
            };
            self.gateway.store().scan_readable(&UPLOADS, &account, all).unwrap();
            octets
        };
        let used = self.actors.iter().map(|actor| {
            self.gateway.quota(actor).unwrap().usage.octets - uploads(actor.account())
        });
        assert_eq!(used.sum::<u64>(), octets + 1_300 * wraps as u64);
    }

    /// Every reader asks in every way.
    fn check(&mut self) {
        for who in 0..NAMES.len() {
            let (gateway, actor, model) = (&self.gateway, &self.actors[who], &self.model);
            let list = gateway.board_list(actor).unwrap().items;
            let right = model.right(who);
            let found = list.iter().find(|one| hex(&one.id.0) == self.board);
            assert_eq!(found.map(|one| one.right), right, "{who}");
            let others = self.others.iter().filter(|(_, model)| model.right(who).is_some());
            assert_eq!(list.len(), usize::from(right.is_some()) + others.count(), "{who}");
            let topics = model.topics(who);
            let unread = topics.iter().filter(|topic| model.unread(**topic, who) > 0).count();
            assert_eq!(found.map_or(0, |one| one.unread), unread, "{who}");
            self.asked += 2;
            let Ok(page) = gateway.topic_list(actor, &self.board, (0, 100)) else {
                assert_eq!(right, None);
                continue;
            };
            assert_eq!(page.total, topics.len(), "{who}");
            for view in &page.items {
                let topic =
                    topics.iter().find(|one| model.posts[**one].view.reference == view.reference);
                let topic = *topic.expect("a topic that is seen");
                let posts = (model.seen(topic, who).len(), model.unread(topic, who));
                assert_eq!((view.posts, view.unread), posts, "{who} {topic}");
                self.asked += 1;
            }
            if let Some(topic) = topics.get(self.random.below(topics.len().max(1))) {
                let reference = shown(model.posts[*topic].view.reference);
                let page = gateway.topic_posts(actor, &reference, From::Offset(0), 100).unwrap();
                let seen = model.seen(*topic, who);
                assert_eq!(page.total, seen.len());
                for (view, post) in page.items.iter().zip(&seen) {
                    let known = &model.posts[*post];
                    assert_eq!(view.reference, known.view.reference);
                    let said = view.content.as_ref().map(|content| content.text.as_str());
                    assert_eq!(said.is_some(), model.opens(*post, who), "{who} opens {post}");
                    assert!(said.is_none_or(|said| said.contains(&known.word)));
                }
                self.asked += seen.len();
            }
            for one in 0..3.min(model.posts.len()) {
                let at = self.random.below(model.posts.len());
                let (known, sees) = (&model.posts[at], model.sees(at, who));
                let reference = shown(known.view.reference);
                assert_eq!(gateway.post(actor, &reference).is_ok(), sees);
                assert_eq!(gateway.post_versions(actor, &reference).is_ok(), sees);
                let found = |question: &str| {
                    let found = gateway.posts_search(actor, None, question).unwrap();
                    assert!(!found.more);
                    found.items.len()
                };
                if known.has_file {
                    let file = &known.view.files[0].id;
                    let named = gateway.post_file_named(actor, &reference, file);
                    assert_eq!(
                        named.is_ok(),
                        sees && !known.deleted,
                        "{who} gets the file of {at}"
                    );
                    if let Ok((reference, id)) = named
                        && model.opens(at, who)
                    {
                        let mut file = gateway.post_file(actor, reference, id).unwrap();
                        assert_eq!(**file.take_next().unwrap().unwrap(), *b"octets");
                    }
                }
                // A search opens all that its reader may read, which takes a while.
                if one == 0 {
                    let is_found = usize::from(model.opens(at, who));
                    assert_eq!(found(&known.word), is_found, "{who} finds {at}");
                    self.asked += 1;
                }
                assert_eq!(found(&reference), usize::from(sees));
                self.asked += 3;
            }
        }
    }
}

/// P-59, P-60, P-61.
#[test]
fn every_way_shows_each_reader_exactly_what_is_for_the_reader() {
    let steps = std::env::var("STEPS").map_or(STEPS, |steps| steps.parse().unwrap());
    let mut world = World::new();
    for _ in 0..steps {
        world.turn();
        match world.random.below(10) {
            0 => world.member_change(),
            1 => world.grants_change(),
            2..6 if world.model.posts.len() < POSTS_MAX => world.post(),
            2 if world.random.below(4) == 0 => world.begin_anew(),
            _ => world.change(),
        }
        // Somebody who holds the keys is signed in now and then.
        for actor in &world.actors {
            world.gateway.groups_tend(actor).unwrap();
        }
        let _ = world.gateway.board(&world.actors[0], &world.board);
        world.holders_look();
        world.check();
        if world.random.below(20) == 0 {
            world.charged();
        }
    }
    assert!(world.asked > 10 * steps, "{} answers in {steps} steps", world.asked);
    println!("{steps} steps, {} answers", world.asked);
}
