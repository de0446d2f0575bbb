//! Quotas: random walks over whatever is counted.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::quota_tests::{DAY, counted, text};
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::gateway::boards::board::{NewBoard, WantedGrant};
use crate::gateway::boards::content::PostContent;
use crate::gateway::boards::post::{NewPost, PostEdit};
use crate::gateway::chat::files::NewFile;
use crate::gateway::chat::line::NewLine;
use crate::gateway::chat::member::RoomAnswer;
use crate::gateway::chat::room::NewRoom;
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::groups::about::About;
use crate::gateway::records::board::BoardPosition;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{
    BOARD_POSITIONS, COUNTERS, POST_FILES, POST_VERSIONS, POSTS, ROOM_FILES, ROOM_LINES,
};
use crate::gateway::text::{hex, shown};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::{BoardRight, Choice, Mode};

/// Does at random whatever stores or deletes something.
struct World {
    gateway: Gateway,
    random: fastrand::Rng,
    people: Vec<Actor>,
    files: Vec<(usize, String)>,
    drafts: Vec<(usize, DraftView)>,
    sent: Vec<(usize, Reference)>,
    room: Reference,
    /// Lines with files, and who said them.
    said: Vec<(usize, u64)>,
    board: String,
    /// Posts with files, with their versions and the files.
    posts: Vec<(usize, String, u32, Vec<String>)>,
    /// How often each kind of step succeeded.
    done: [usize; STEPS],
}

/// The kinds of steps.
const STEPS: usize = 21;

/// A room that Dana controls, and that Omar is in.
pub(super) fn room_of(gateway: &Gateway, people: &[Actor]) -> Reference {
    let new = NewRoom { name: "Kitchen".to_owned(), shares_earlier: true };
    let room: Reference = gateway.room_create(&people[0], &new).unwrap().id.parse().unwrap();
    gateway.room_ask(&people[1], room).unwrap();
    let asking = people[1].account().to_text();
    gateway.room_answer(&people[0], room, &asking, RoomAnswer::Admit).unwrap();
    room
}

/// A board of Dana's, on which Omar writes.
pub(super) fn board_of(gateway: &Gateway, people: &[Actor]) -> String {
    let to = NamedReader::Person("omar@example.org".to_owned());
    let about = About { name: "Canteen".to_owned(), description: String::new() };
    let grants = vec![WantedGrant { to, right: BoardRight::Write }];
    let new = NewBoard { about, shows_earlier: true, grants };
    hex(&gateway.board_create(&people[0], new).unwrap().view.id.0)
}

/// What each account said and posted is what is kept beside the account, row by row.
pub(super) fn kept_beside(gateway: &Gateway) {
    let (store, mut said, mut posted) = (gateway.store(), HashMap::new(), HashMap::new());
    let go_on = ControlFlow::Continue(());
    let add = |sums: &mut HashMap<AccountId, u64>, who, octets: usize| {
        *sums.entry(who).or_default() += octets as u64;
        ControlFlow::<()>::Continue(())
    };
    let lines = |key, line: records::room::RoomLine| {
        let files = store.get(&ROOM_FILES, &key).unwrap().map_or(0, |row| row.octets);
        add(&mut said, line.who, line.sealed.len() + usize::try_from(files).unwrap())
    };
    store.scan_readable(&ROOM_LINES, &(), lines).unwrap();
    let of_post = |_, post: records::board::Post| add(&mut posted, post.author, post.sealed.len());
    store.scan_readable(&POSTS, &(), of_post).unwrap();
    let earlier =
        |_, row: records::board::PostVersion| add(&mut posted, row.written.by, row.sealed.len());
    store.scan_readable(&POST_VERSIONS, &(), earlier).unwrap();
    let file = |_, row: records::board::PostFile| {
        add(&mut posted, row.by, usize::try_from(row.size).unwrap())
    };
    store.scan_readable(&POST_FILES, &(), file).unwrap();
    let check = |account, counters: records::mailbox::Counters| {
        assert_eq!(counters.said, said.get(&account).copied().unwrap_or_default());
        let row = store.get(&BOARD_POSITIONS, &BoardPosition::everywhere(account)).unwrap();
        let posts = posted.get(&account).copied().unwrap_or_default();
        assert_eq!(row.unwrap_or_default().octets, posts);
        go_on
    };
    store.scan_readable(&COUNTERS, &(), check).unwrap();
}

impl World {
    fn new(seed: u64) -> World {
        let gateway = gateway_with(|settings| {
            settings.policy = choice(Choice::TemporaryAccount, Mode::Free);
        });
        let people: Vec<Actor> = ["dana", "omar"].map(|name| sign_in(&gateway, name)).into();
        let (room, board) = (room_of(&gateway, &people), board_of(&gateway, &people));
        World {
            gateway,
            room,
            said: Vec::new(),
            board,
            posts: Vec::new(),
            random: fastrand::Rng::with_seed(seed),
            people,
            files: Vec::new(),
            drafts: Vec::new(),
            sent: Vec::new(),
            done: [0; STEPS],
        }
    }

    /// A random one of the outsider's, Dana's or Omar's items, and whose it is.
    fn item(&mut self) -> Option<(usize, ItemView)> {
        let who = self.random.usize(0..self.people.len());
        let boxes = ["inbox", "sent", "trash", "archive"];
        let mailbox = boxes[self.random.usize(0..boxes.len())];
        let page = self.gateway.message_list(&self.people[who], mailbox, None, 50);
        let mut items = page.ok()?.items;
        (!items.is_empty()).then(|| (who, items.swap_remove(self.random.usize(0..items.len()))))
    }

    fn some<T>(random: &mut fastrand::Rng, list: &mut Vec<T>) -> Option<T> {
        (!list.is_empty()).then(|| list.swap_remove(random.usize(0..list.len())))
    }

    fn step(&mut self) {
        let kind = self.random.usize(0..self.done.len());
        if self.act(kind).is_some() {
            self.done[kind] += 1;
        }
        counted(&self.gateway);
        kept_beside(&self.gateway);
        standing_tests::counted(&self.gateway);
    }

    fn act(&mut self, kind: usize) -> Option<()> {
        let gateway = self.gateway.clone();
        let octets = self.random.usize(0..5_000);
        let who = self.random.usize(0..2);
        let to = [&["dana@example.org"][..], &["omar@example.org", "dana@example.org"]][who];
        match kind {
            0 => {
                deliver(&gateway, to, &text(octets));
            }
            1 => {
                let twice = text(octets % 3);
                gateway
                    .message_import(&self.people[who], "archive", twice.as_bytes(), None)
                    .ok()?;
            }
            2 => {
                let whole = uploaded(&gateway, &self.people[who], "file", &vec![7; octets + 1]);
                self.files.push((who, whole));
                let begun = gateway.upload_begin(&self.people[who], "half", "a/b", 9_999).ok()?;
                gateway.upload_append(&self.people[who], &begun.id, 0, &[1; 10]).ok()?;
            }
            3 => {
                let (who, id) = World::some(&mut self.random, &mut self.files)?;
                gateway.upload_delete(&self.people[who], &id).ok()?;
            }
            4 => {
                let mut content = content(&["dana@example.org", OUTSIDER], &"y".repeat(octets));
                content.to.push(addressee(["omar@example.org", "eve@else.example"][who]));
                content.choices.insert("eve@else.example".to_owned(), Choice::Plain);
                if let Some((owner, id)) = World::some(&mut self.random, &mut self.files) {
                    match owner == who {
                        true => content.attachments.push(id),
                        false => self.files.push((owner, id)),
                    }
                }
                let draft = gateway.draft_create(&self.people[who], &content).ok()?;
                self.drafts.push((who, draft));
            }
            5 => {
                let (who, draft) = World::some(&mut self.random, &mut self.drafts)?;
                let mut content = draft.content.clone();
                content.text = "z".repeat(octets);
                content.attachments.clear();
                let (id, version) = (&draft.id, draft.version);
                let saved = gateway.draft_save(&self.people[who], id, version, &content).ok()?;
                self.drafts.push((who, saved));
            }
            6 => {
                let (who, draft) = World::some(&mut self.random, &mut self.drafts)?;
                gateway.draft_delete(&self.people[who], &draft.id).ok()?;
            }
            7 | 8 => {
                let (who, draft) = World::some(&mut self.random, &mut self.drafts)?;
                let submit = outgoing::submit::Submit {
                    draft: &draft.id,
                    version: draft.version,
                    consent: None,
                    typed: None,
                    request: &draft.id,
                };
                match gateway.submit(&self.people[who], &submit).ok()? {
                    outgoing::submit::Submitted::Accepted(view) => {
                        self.sent.push((who, view.reference));
                    }
                    outgoing::submit::Submitted::NeedsConsent(asked) => panic!("{asked:?}"),
                }
            }
            9 => {
                // An earlier one has left, as a rule.
                let (who, reference) = self.sent.pop()?;
                let draft = gateway.submission_undo(&self.people[who], reference).ok()?;
                self.drafts.push((who, draft));
            }
            10 => {
                release(&gateway);
                self.outsider();
            }
            11 => {
                let (who, item) = self.item()?;
                gateway.message_open(&self.people[who], item.reference, None).ok()?;
            }
            12 => {
                let (who, item) = self.item()?;
                gateway.message_reject(&self.people[who], item.reference, None, None).ok()?;
            }
            13 => {
                let (who, item) = self.item()?;
                let trash = Change { mailbox: Some("trash".to_owned()), ..Change::default() };
                gateway.message_change(&self.people[who], item.reference, &trash).ok()?;
            }
            14 => {
                let (who, item) = self.item()?;
                gateway.message_delete(&self.people[who], item.reference).ok()?;
            }
            15 => self.says(who, octets)?,
            16 => {
                let (who, number) = World::some(&mut self.random, &mut self.said)?;
                let line = (self.room, number);
                gateway.room_line_edit(&self.people[who], line, &"w".repeat(octets)).ok()?;
                self.said.push((who, number));
            }
            17 => {
                let (_, number) = World::some(&mut self.random, &mut self.said)?;
                gateway.room_line_delete(&self.people[0], (self.room, number)).ok()?;
            }
            18 => self.posts(who, octets)?,
            19 => self.post_changes()?,
            _ => {
                if octets < 500 {
                    // The room ends, and another one begins.
                    gateway.room_end(&self.people[0], self.room).unwrap();
                    gateway.rooms_watch().unwrap();
                    (self.room, self.said) = (room_of(&gateway, &self.people), Vec::new());
                }
                // Files without a draft, and what lay in the trash; then the temporary accounts.
                gateway.clock().advance_secs(3 * DAY);
                gateway.messages_release(100).unwrap();
                let before = gateway.clock().now().plus_secs(-DAY);
                gateway.uploads_expire(before, 5).unwrap();
                if octets < 1_500 {
                    gateway.clock().advance_secs(40 * DAY);
                    gateway.messages_expire(100).unwrap();
                    gateway.temporary_warn(10).unwrap();
                    gateway.temporary_expire(10).unwrap();
                    self.people.truncate(2);
                }
                self.people[who] = sign_in(&gateway, ["dana", "omar"][who]);
            }
        }
        Some(())
    }

    /// A line with a file that was uploaded, or with a new one.
    fn says(&mut self, who: usize, octets: usize) -> Option<()> {
        let upload = uploaded(&self.gateway, &self.people[who], "said", &vec![7; octets]);
        let files = vec![NewFile { upload, voice: None }];
        let client_id = self.random.u128(..).to_be_bytes();
        let new =
            NewLine { client_id, text: "With a file".to_owned(), files, ..NewLine::default() };
        let (number, _) = self.gateway.room_say(&self.people[who], self.room, &new).ok()?;
        self.said.push((who, number));
        Some(())
    }

    /// A topic with two files.
    fn posts(&mut self, who: usize, octets: usize) -> Option<()> {
        let files = ["one", "two"]
            .map(|name| uploaded(&self.gateway, &self.people[who], name, &vec![7; octets + 1]));
        let new = NewPost {
            topic: None,
            title: "With files".to_owned(),
            text: "Look".to_owned(),
            readers: Vec::new(),
            files: files.to_vec(),
        };
        let request = files[0].clone();
        let post = self.gateway.post_write(&self.people[who], &self.board, &new, &request).ok()?;
        self.posts.push((who, shown(post.reference), 0, files.to_vec()));
        Some(())
    }

    /// A change of a post drops a file; the next one deletes the post.
    fn post_changes(&mut self) -> Option<()> {
        let (who, number, version, mut files) = World::some(&mut self.random, &mut self.posts)?;
        let author = &self.people[who];
        if files.pop().is_none() {
            return self.gateway.post_delete(author, &number).ok();
        }
        let content = PostContent { title: "Changed".to_owned(), text: "Less".to_owned() };
        let edit = PostEdit { content, files: Some(files.clone()) };
        self.gateway.post_change(author, &number, version, &edit).ok()?;
        self.posts.push((who, number, version + 1, files));
        Some(())
    }

    /// The outsider signs in to the account that was issued last.
    fn outsider(&mut self) {
        for (row, octets) in leased(&self.gateway) {
            delivered(&self.gateway, row.id);
            let is_noa = row.recipient.path.to_string().contains("noa@");
            if self.people.len() > 2 || !is_noa {
                continue;
            }
            let (initial, _) = password_and_token(&octets);
            if !initial.is_empty() {
                self.people.extend(claim(&self.gateway, OUTSIDER, &initial, OWN));
            }
        }
    }
}

/// P-24: after every step of random walks the count is what the rows come to; so are the counts of
/// deliveries by their states.
#[test]
fn the_count_is_always_what_is_stored() {
    let mut done = [0; STEPS];
    for seed in 0..8 {
        let mut world = World::new(seed);
        for _ in 0..250 {
            world.step();
        }
        for (all, one) in done.iter_mut().zip(world.done) {
            *all += one;
        }
    }
    assert!(done.iter().all(|count| *count >= 8), "some steps hardly ever happen: {done:?}");
}
