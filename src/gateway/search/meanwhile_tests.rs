//! What happens to a message while a step takes it into the index.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::gateway::tests::{deliver, gateway_on, sign_in};
use crate::store::engine::{Engine, Job};
use crate::store::memory::MemoryEngine;
use crate::store::{self, ContentId, Room, Span, Staging, Visit};

/// Does something just before the next transaction runs.
#[derive(Default)]
struct Interrupted {
    memory: MemoryEngine,
    next: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Engine for Interrupted {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, store::Error> {
        self.memory.get(key)
    }

    fn scan(&self, span: &Span, visit: Visit<'_>) -> Result<(), store::Error> {
        self.memory.scan(span, visit)
    }

    fn submit(&self, job: Box<dyn Job>) {
        let next = self.next.lock().unwrap().take();
        next.into_iter().for_each(|next| next());
        self.memory.submit(job);
    }

    fn content_stage_begin(&self, piece: Bytes) -> Staging {
        self.memory.content_stage_begin(piece)
    }

    fn content_length(&self, id: ContentId) -> Result<Option<u64>, store::Error> {
        self.memory.content_length(id)
    }

    fn content_read(&self, id: ContentId, from: u64, length: u64) -> Result<Vec<u8>, store::Error> {
        self.memory.content_read(id, from, length)
    }

    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<store::Verified, store::Error> {
        self.memory.verify(progress)
    }

    fn checkpoint(&self) -> Result<(), store::Error> {
        self.memory.checkpoint()
    }

    fn compact(&self) -> Result<u64, store::Error> {
        self.memory.compact()
    }

    fn room(&self) -> Result<Room, store::Error> {
        self.memory.room()
    }
}

/// P-19: a message that is opened while a step has read it, and not yet stored what it says, is found by its
/// text.
#[test]
fn a_message_that_is_opened_while_it_is_taken_in_is_found_by_its_text() {
    let engine = Arc::new(Interrupted::default());
    let gateway = gateway_on(engine.clone(), |_| ());
    let dana = sign_in(&gateway, "dana");
    let mail = "From: Rachel <rachel@outside.example>\nSubject: The quarry\n\nIt is of granite.\n";
    let reference = deliver(&gateway, &["dana@example.org"], mail);
    let opening = {
        let (gateway, elsewhere) = (gateway.clone(), sign_in(&gateway, "dana"));
        move || drop(gateway.message_open(&elsewhere, reference, None).unwrap())
    };
    *engine.next.lock().unwrap() = Some(Box::new(opening));
    let step = gateway.search_index(&dana).unwrap();
    assert_eq!((step.taken, step.waiting), (1, 1), "its text waits");
    assert!(engine.next.lock().unwrap().is_none(), "it was opened in between");
    for query in ["granite", "quarry"] {
        let found = gateway.search(&dana, query, None, 10).unwrap();
        let found: Vec<_> = found.hits.iter().map(|hit| hit.item.reference).collect();
        assert_eq!(found, [reference], "{query}");
    }
    assert_eq!(gateway.search_index(&dana).unwrap().waiting, 0);
}
