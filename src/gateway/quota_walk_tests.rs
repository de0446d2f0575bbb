//! Quotas: random walks over whatever is counted.

use super::quota_tests::{DAY, counted, text};
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::mail::reference::Reference;
use crate::terms::{Choice, Mode};

/// Does at random whatever stores or deletes something.
struct World {
    gateway: Gateway,
    random: fastrand::Rng,
    people: Vec<Actor>,
    files: Vec<(usize, String)>,
    drafts: Vec<(usize, DraftView)>,
    sent: Vec<(usize, Reference)>,
    /// How often each kind of step succeeded.
    done: [usize; 16],
}

impl World {
    fn new(seed: u64) -> World {
        let gateway = gateway_with(|settings| {
            settings.policy = choice(Choice::TemporaryAccount, Mode::Free);
        });
        let people = ["dana", "omar"].map(|name| sign_in(&gateway, name)).into();
        World {
            gateway,
            random: fastrand::Rng::with_seed(seed),
            people,
            files: Vec::new(),
            drafts: Vec::new(),
            sent: Vec::new(),
            done: [0; 16],
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
            _ => {
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
    let mut done = [0; 16];
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
