//! Rooms against a model that says in other words who sees what: random steps by random people, and after
//! each of them everybody is asked everything.

use std::collections::{BTreeMap, BTreeSet};

use super::line::LinesQuery;
use super::member::{Leaving, REFUSED_SECS, RoomAnswer};
use super::tests::{heard, line, opened};
use crate::clock::Timestamp;
use crate::gateway::group_tests::gateway_of;
use crate::gateway::tests::sign_in;
use crate::gateway::{Actor, Error, Gateway, RoomListener, RoomNews};
use crate::mail::reference::Reference;

const NAMES: [&str; 5] = ["dana", "omar", "yael", "noam", "tali"];

/// How many steps are taken. `make rooms` asks for more, by `STEPS`.
const STEPS_MIN: usize = 250;

/// How many steps are taken in two rooms, of which one shows what was said before; then others begin.
const STEPS_IN_ROOMS: usize = 400;

/// How long a line may be changed by default.
const EDIT_SECS: i64 = 900;

/// How far the model knows a room. Its first person stays, and controls it.
struct Model {
    shares: bool,
    /// From which line on each member sees the room.
    members: BTreeMap<usize, usize>,
    waiting: BTreeSet<usize>,
    refused: BTreeSet<usize>,
    /// Until when each who was refused or removed does not ask.
    paused: BTreeMap<usize, Timestamp>,
    /// What each line says, if it says something, who said it and when.
    lines: Vec<Option<(usize, String, Timestamp)>>,
}

impl Model {
    fn new(shares: bool) -> Model {
        let members = BTreeMap::from([(0, 1)]);
        let (waiting, refused) = (BTreeSet::new(), BTreeSet::new());
        let paused = BTreeMap::new();
        Model { shares, members, waiting, refused, paused, lines: vec![None] }
    }

    fn heard(&self, who: usize) -> Option<Vec<String>> {
        let from = *self.members.get(&who)?;
        let seen = self.lines.iter().skip(from - 1).flatten();
        Some(seen.map(|(_, text, _)| text.clone()).collect())
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
    streams: Vec<RoomListener>,
    room: Reference,
    model: Model,
    random: Random,
}

impl World {
    fn new(shares: bool, seed: u64) -> World {
        let gateway = gateway_of(&NAMES[2..]);
        let actors: Vec<Actor> = NAMES.iter().map(|name| sign_in(&gateway, name)).collect();
        let room = opened(&gateway, &actors[0], shares);
        let streams = actors.iter().map(|actor| gateway.room_news(actor).unwrap()).collect();
        let random = Random(20_261_130 + seed);
        World { gateway, actors, streams, room, model: Model::new(shares), random }
    }

    fn step(&mut self, number: usize) {
        let (who, room) = (self.random.below(NAMES.len()), self.room);
        let other = self.random.below(NAMES.len());
        // Who was refused waits a while, and lines grow too old to be changed.
        self.gateway.clock().advance_secs(self.random.below(120) as i64);
        match self.random.below(8) {
            0..=2 => self.say(who, &format!("line {number}")),
            3 => self.ask(who),
            4 => self.answer(who, other, RoomAnswer::Admit),
            5 => self.answer(who, other, RoomAnswer::Refuse),
            6 if other != 0 => {
                let is_member = self.model.members.contains_key(&other);
                let id = self.actors[other].account().to_text();
                let removed = self.gateway.room_remove(&self.actors[who], room, &id);
                assert_eq!(removed.is_ok(), who == 0 && is_member && other != who);
                if removed.is_ok() {
                    self.pause(other);
                }
                self.went(other, removed.is_ok());
            }
            _ if who != 0 => {
                let is_member = self.model.members.contains_key(&who);
                let left = self.gateway.room_leave(&self.actors[who], room, Leaving::Silent);
                assert_eq!(left.is_ok(), is_member);
                self.went(who, left.is_ok());
            }
            _ => self.delete(who),
        }
    }

    fn say(&mut self, who: usize, text: &str) {
        let said = self.gateway.room_say(&self.actors[who], self.room, &line(text));
        assert_eq!(said.is_ok(), self.model.members.contains_key(&who));
        let said = said.ok().map(|(number, _)| {
            self.model.lines.push(Some((who, text.to_owned(), self.gateway.clock().now())));
            assert_eq!(number, self.model.lines.len() as u64);
            (number, text.to_owned())
        });
        // It comes to the streams of those who are in the room now, and to no other.
        for (listener, stream) in self.streams.iter().enumerate() {
            let came = std::iter::from_fn(|| stream.waiting()).filter_map(|news| match news {
                RoomNews::Line(line) => Some((line.number, line.text.to_string())),
                RoomNews::Hint(_) | RoomNews::Missed => None,
            });
            let hears = self.model.members.contains_key(&listener);
            assert_eq!(came.collect::<Vec<_>>(), Vec::from_iter(said.clone().filter(|_| hears)));
        }
    }

    fn pause(&mut self, who: usize) {
        let until = self.gateway.clock().now().plus_secs(REFUSED_SECS);
        self.model.paused.insert(who, until);
    }

    fn ask(&mut self, who: usize) {
        let Model { members, waiting, refused, paused, .. } = &mut self.model;
        if refused.remove(&who) {
            self.gateway.room_ask_end(&self.actors[who], self.room).unwrap();
        }
        let now = self.gateway.clock().now();
        let is_paused = paused.get(&who).is_some_and(|until| *until > now);
        let may = !members.contains_key(&who) && !waiting.contains(&who) && !is_paused;
        assert_eq!(self.gateway.room_ask(&self.actors[who], self.room).is_ok(), may);
        if may {
            waiting.insert(who);
        }
    }

    fn answer(&mut self, who: usize, asking: usize, answer: RoomAnswer) {
        let id = self.actors[asking].account().to_text();
        let done = self.gateway.room_answer(&self.actors[who], self.room, &id, answer);
        assert_eq!(done.is_ok(), who == 0 && self.model.waiting.contains(&asking), "{done:?}");
        if done.is_err() {
            return;
        }
        self.model.waiting.remove(&asking);
        match answer {
            RoomAnswer::Refuse | RoomAnswer::RefuseForGood => {
                self.model.refused.insert(asking);
                self.pause(asking);
            }
            RoomAnswer::Admit => {
                self.model.lines.push(None);
                let from = if self.model.shares { 1 } else { self.model.lines.len() };
                self.model.members.insert(asking, from);
            }
        }
    }

    fn went(&mut self, who: usize, is_done: bool) {
        if is_done {
            self.model.members.remove(&who);
            self.model.lines.push(None);
        }
    }

    /// Who controls the room deletes any line; a member its own.
    fn delete(&mut self, who: usize) {
        let at = self.random.below(self.model.lines.len());
        let number = at as u64 + 1;
        let deleted = self.gateway.room_line_delete(&self.actors[who], (self.room, number));
        let is_seen = self.model.members.get(&who).is_some_and(|from| at + 1 >= *from);
        let now = self.gateway.clock().now();
        let may = |(by, _, at): &(usize, String, Timestamp)| {
            who == 0 || *by == who && at.plus_secs(EDIT_SECS) > now
        };
        let may = is_seen && self.model.lines[at].as_ref().is_some_and(may);
        assert_eq!(deleted.is_ok(), may, "{number}: {deleted:?}");
        if may {
            self.model.lines[at] = None;
        }
    }

    /// What each sees of the room, asked in every way.
    fn check(&mut self) {
        let World { gateway, actors, room, model, random, .. } = self;
        for (who, actor) in actors.iter().enumerate() {
            let expected = model.heard(who);
            let rooms = gateway.rooms(actor).unwrap();
            assert_eq!(rooms.len(), usize::from(expected.is_some()));
            let query = (LinesQuery::After(0), 100);
            let page = gateway.room_lines(actor, *room, query);
            let Some(expected) = expected else {
                let missing = |error: &Error| matches!(error, Error::NotFound { what: "room" });
                assert!(page.is_err_and(|error| missing(&error)));
                assert!(gateway.chat_room(actor, *room).is_err_and(|error| missing(&error)));
                continue;
            };
            if model.lines.len() <= 100 {
                assert_eq!(heard(gateway, actor, *room), expected, "{}", NAMES[who]);
            }
            let at = random.below(model.lines.len());
            let line = gateway.room_line(actor, (*room, at as u64 + 1));
            let is_seen = at + 1 >= model.members[&who];
            assert_eq!(line.is_ok(), is_seen);
            let text = model.lines[at].as_ref().map(|(_, text, _)| text.as_str());
            if let Ok(line) = line {
                assert_eq!(line.text.as_deref(), text);
            }
            let requests = gateway.room_requests(actor, *room, (0, 50));
            match who {
                0 => assert_eq!(requests.unwrap().total, model.waiting.len()),
                _ => assert!(requests.is_err()),
            }
        }
    }
}

/// P-67: whatever is done in whatever order, each sees exactly what the rules say.
#[test]
fn each_sees_what_the_rules_say_whatever_is_done() {
    let steps = std::env::var("STEPS").ok().and_then(|text| text.parse().ok());
    let steps = steps.unwrap_or(STEPS_MIN);
    let mut said = 0;
    for begun in (0..steps).step_by(STEPS_IN_ROOMS) {
        for shares in [true, false] {
            let mut world = World::new(shares, begun as u64);
            for number in 0..STEPS_IN_ROOMS.min(steps - begun) / 2 {
                world.step(number);
                world.check();
            }
            said += world.model.lines.iter().flatten().count();
        }
    }
    assert!(said > steps / 20, "too little was said");
}
