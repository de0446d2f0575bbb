//! What happens in chat rooms, for the streams of those who are in them: lines as they are said, and hints.
//!
//! The session that says a line hands it on, opened; it is in memory alone, and no stream needs a key. Each
//! stream has a queue of its own. If what waits there is too much, all of it goes, and the stream is told that
//! it missed something: its client asks again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::records::ids::{AccountId, ReferenceKey};
use crate::gateway::text::shown;

/// A line that somebody just said.
pub struct LineNow {
    pub room: String,
    pub number: u64,
    pub reference: String,
    pub at: Timestamp,
    pub who: AccountId,
    /// The name and the address of who said it, and whether that is a temporary account.
    pub name: String,
    pub address: String,
    pub outside: bool,
    pub text: Zeroizing<String>,
    pub in_reply_to: Option<u64>,
    pub mentions: Vec<AccountId>,
    pub files: Vec<FileNow>,
}

/// A file of a line that somebody just said.
pub struct FileNow {
    pub name: String,
    pub content_type: String,
    pub size: u64,
    /// Of a recording, its length in milliseconds, and how loud it is, part by part.
    pub voice: Option<(u32, Vec<u8>)>,
}

/// One thing that happened in a room.
#[derive(Clone)]
pub enum RoomNews {
    /// The room's number, and the number of its last line or a word.
    Hint(Arc<str>),
    Line(Arc<LineNow>),
    /// More happened than was kept.
    Missed,
}

/// How much waits for one stream: so many things, and so many octets of them.
const WAITING_MAX: usize = 256;
const OCTETS_MAX: usize = 256 << 10;

/// What a line counts for besides its text.
const LINE_OCTETS: usize = 512;

impl LineNow {
    fn octets(&self) -> usize {
        let file = |one: &FileNow| {
            one.name.len()
                + one.content_type.len()
                + one.voice.as_ref().map_or(0, |(_, levels)| levels.len())
        };
        let names = self.name.len() + self.address.len() + 16 * self.mentions.len();
        self.text.len() + names + LINE_OCTETS + self.files.iter().map(file).sum::<usize>()
    }
}

impl RoomNews {
    fn octets(&self) -> usize {
        match self {
            RoomNews::Hint(hint) => hint.len(),
            RoomNews::Line(line) => line.octets(),
            RoomNews::Missed => 0,
        }
    }
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<RoomNews>,
    octets: usize,
    missed: bool,
}

impl Queue {
    fn push(&mut self, news: &RoomNews) {
        // What is asked for again holds this as well.
        if self.missed {
            return;
        }
        self.octets += news.octets();
        if self.waiting.len() >= WAITING_MAX || self.octets > OCTETS_MAX {
            *self = Queue { missed: true, ..Queue::default() };
        } else {
            self.waiting.push_back(news.clone());
        }
    }

    /// Takes out the lines of a room that wait.
    fn retract(&mut self, room: &str) {
        self.waiting.retain(|news| match news {
            RoomNews::Line(line) => line.room != room,
            RoomNews::Hint(_) | RoomNews::Missed => true,
        });
        self.octets = self.waiting.iter().map(RoomNews::octets).sum();
    }

    /// Puts the number of a line that waits in its place: what it said is heard no more, but that something
    /// was said still counts as new.
    fn conceal(&mut self, room: &str, number: u64) {
        for news in &mut self.waiting {
            let is_meant = matches!(news, RoomNews::Line(line)
                if line.room == room && line.number == number);
            if is_meant {
                *news = RoomNews::Hint(format!("{room} {number}").into());
            }
        }
        self.octets = self.waiting.iter().map(RoomNews::octets).sum();
    }

    fn take(&mut self) -> Option<RoomNews> {
        if std::mem::take(&mut self.missed) {
            return Some(RoomNews::Missed);
        }
        let news = self.waiting.pop_front()?;
        self.octets -= news.octets();
        Some(news)
    }
}

#[derive(Default)]
struct Place {
    queue: Mutex<Queue>,
    wake: Notify,
}

impl Place {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Places = Mutex<HashMap<AccountId, Vec<Arc<Place>>>>;

/// Who listens.
#[derive(Default)]
pub(in crate::gateway) struct RoomFeed {
    places: Arc<Places>,
}

fn locked(places: &Places) -> MutexGuard<'_, HashMap<AccountId, Vec<Arc<Place>>>> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RoomFeed {
    fn publish(&self, accounts: &[AccountId], news: &RoomNews) {
        let places = locked(&self.places);
        for place in accounts.iter().filter_map(|account| places.get(account)).flatten() {
            place.queue().push(news);
            place.wake.notify_one();
        }
    }

    fn retract(&self, account: AccountId, room: &str) {
        let places = locked(&self.places);
        for place in places.get(&account).into_iter().flatten() {
            place.queue().retract(room);
        }
    }

    fn conceal(&self, accounts: &[AccountId], room: &str, number: u64) {
        let places = locked(&self.places);
        for place in accounts.iter().filter_map(|account| places.get(account)).flatten() {
            place.queue().conceal(room, number);
        }
    }

    fn listen(&self, account: AccountId) -> RoomListener {
        let place = Arc::<Place>::default();
        locked(&self.places).entry(account).or_default().push(place.clone());
        RoomListener { account, place, places: self.places.clone() }
    }
}

/// What happens in the rooms of one account from now on.
pub struct RoomListener {
    account: AccountId,
    place: Arc<Place>,
    places: Arc<Places>,
}

impl RoomListener {
    /// The next thing that happens.
    pub async fn next(&self) -> RoomNews {
        loop {
            if let Some(news) = self.waiting() {
                return news;
            }
            self.place.wake.notified().await;
        }
    }

    /// What waits already.
    pub fn waiting(&self) -> Option<RoomNews> {
        self.place.queue().take()
    }
}

impl Drop for RoomListener {
    fn drop(&mut self) {
        let mut places = locked(&self.places);
        if let Some(own) = places.get_mut(&self.account) {
            own.retain(|place| !Arc::ptr_eq(place, &self.place));
            if own.is_empty() {
                places.remove(&self.account);
            }
        }
    }
}

impl Gateway {
    /// What happens in the rooms of the person who acts, from now on. A session that an app password opened,
    /// or whose owner has to choose a password first, hears nothing of rooms.
    pub fn room_news(&self, actor: &Actor) -> Option<RoomListener> {
        let hears = !actor.is_app() && !actor.must_choose();
        hears.then(|| self.inner.room_feed.listen(actor.person()))
    }

    /// Tells these accounts that something happened in a room: `what` is the number of the last line, or
    /// a word.
    pub(in crate::gateway) fn publish_room(
        &self,
        accounts: &[AccountId],
        room: ReferenceKey,
        what: &str,
    ) {
        let hint = format!("{} {what}", shown(room));
        self.inner.room_feed.publish(accounts, &RoomNews::Hint(hint.into()));
    }

    /// Tells these accounts that a line was changed or deleted. What it said before reaches no stream any more
    /// in which it still waits.
    pub(in crate::gateway) fn publish_line_change(
        &self,
        accounts: &[AccountId],
        room: ReferenceKey,
        number: u64,
    ) {
        self.inner.room_feed.conceal(accounts, &shown(room), number);
        self.publish_line_hint(accounts, room, number);
    }

    /// Tells these accounts that a line is to be read again. What it says is as it was, so that it still comes
    /// to the streams in which it waits.
    pub(in crate::gateway) fn publish_line_hint(
        &self,
        accounts: &[AccountId],
        room: ReferenceKey,
        number: u64,
    ) {
        self.publish_room(accounts, room, &format!("line-{number}"));
    }

    /// Takes back what waits for somebody who is in a room no more.
    pub(in crate::gateway) fn retract_lines(&self, account: AccountId, room: ReferenceKey) {
        self.inner.room_feed.retract(account, &shown(room));
    }

    /// Hands a line to these accounts.
    pub(in crate::gateway) fn publish_line(&self, accounts: &[AccountId], line: LineNow) {
        self.inner.room_feed.publish(accounts, &RoomNews::Line(Arc::new(line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DANA: AccountId = AccountId([1; 16]);
    const OMAR: AccountId = AccountId([2; 16]);

    fn line(number: u64, octets: usize) -> RoomNews {
        RoomNews::Line(Arc::new(LineNow {
            room: String::new(),
            number,
            reference: String::new(),
            at: Timestamp(1),
            who: DANA,
            name: String::new(),
            address: String::new(),
            outside: false,
            text: Zeroizing::new("x".repeat(octets)),
            in_reply_to: None,
            mentions: Vec::new(),
            files: Vec::new(),
        }))
    }

    fn numbers(listener: &RoomListener) -> Vec<Option<u64>> {
        std::iter::from_fn(|| listener.waiting())
            .map(|news| match news {
                RoomNews::Line(line) => Some(line.number),
                RoomNews::Hint(_) | RoomNews::Missed => None,
            })
            .collect()
    }

    #[test]
    fn each_stream_of_those_who_are_meant_gets_what_happens_in_order() {
        let feed = RoomFeed::default();
        let (here, there, other) = (feed.listen(DANA), feed.listen(DANA), feed.listen(OMAR));
        for number in 1..=3 {
            feed.publish(&[DANA], &line(number, 10));
        }
        for listener in [here, there] {
            assert_eq!(numbers(&listener), [Some(1), Some(2), Some(3)]);
        }
        assert_eq!(numbers(&other), []);
        drop(other);
        assert_eq!(locked(&feed.places).len(), 0, "who listens no more is forgotten");
    }

    #[test]
    fn what_is_taken_back_reaches_no_stream_in_which_it_waits() {
        let feed = RoomFeed::default();
        let (dana, omar) = (feed.listen(DANA), feed.listen(OMAR));
        for number in 1..=3 {
            feed.publish(&[DANA, OMAR], &line(number, 10));
        }
        feed.conceal(&[DANA, OMAR], "", 2);
        feed.conceal(&[DANA, OMAR], "another room", 1);
        feed.retract(OMAR, "another room");
        let hint = RoomNews::Hint(" 2".into()).octets();
        for listener in [&dana, &omar] {
            assert_eq!(listener.place.queue().octets, 2 * line(1, 10).octets() + hint);
        }
        feed.retract(OMAR, "");
        assert_eq!(numbers(&dana), [Some(1), None, Some(3)], "that it was said is still a hint");
        assert_eq!(numbers(&omar), [None]);
        assert_eq!((dana.place.queue().octets, omar.place.queue().octets), (0, 0));
    }

    #[test]
    fn who_is_slow_learns_once_that_something_was_missed_and_goes_on() {
        let feed = RoomFeed::default();
        let slow = feed.listen(DANA);
        for (count, octets) in [(WAITING_MAX as u64 + 5, 1), (20, OCTETS_MAX / 10)] {
            for number in 1..=count {
                feed.publish(&[DANA], &line(number, octets));
                let queue = slow.place.queue();
                assert!(queue.waiting.len() <= WAITING_MAX && queue.octets <= OCTETS_MAX);
            }
            assert_eq!(numbers(&slow), [None]);
            feed.publish(&[DANA], &line(1, octets));
            assert_eq!(numbers(&slow), [Some(1)]);
        }
    }
}
