//! What every engine must do, run on each: the local one on a real disk, and the one in memory.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use proptest::prelude::*;

use super::Error;
use super::engine::{ContentId, Engine, Job, Order, Piece, RawTx, Span};
use super::local::{LocalConfig, LocalEngine};
use super::memory::MemoryEngine;
use crate::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};

fn vault() -> Vault {
    Vault::new(DaemonKey::from_bytes([7; 32]), PoolLimits::default(), PasswordCost::default())
}

fn local(folder: &std::path::Path) -> LocalEngine {
    let config = LocalConfig {
        segment_octets: 64 * 1024,
        free_min_octets: 0,
        ..LocalConfig::in_folder(folder.to_owned())
    };
    LocalEngine::open(config, vault(), &mut |_, _| ()).unwrap()
}

struct Closure<F> {
    run: F,
    tell: mpsc::Sender<Result<(), Error>>,
}

impl<F: FnMut(&mut dyn RawTx) -> bool + Send> Job for Closure<F> {
    fn run(&mut self, tx: &mut dyn RawTx) -> bool {
        (self.run)(tx)
    }

    fn done(self: Box<Self>, outcome: Result<(), Error>) {
        self.tell.send(outcome).unwrap();
    }
}

pub fn transact(
    engine: &dyn Engine,
    run: impl FnMut(&mut dyn RawTx) -> bool + Send + 'static,
) -> Result<(), Error> {
    let (tell, told) = mpsc::channel();
    engine.submit(Box::new(Closure { run, tell }));
    told.recv().unwrap()
}

/// Every engine under its name; the folder lives as long as the test.
fn each(test: impl Fn(&dyn Engine)) {
    test(&MemoryEngine::new());
    let folder = tempfile::tempdir().unwrap();
    test(&local(folder.path()));
}

fn rows(engine: &dyn Engine, span: &Span) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let mut keep = |key: &[u8], value: &[u8]| {
        rows.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    };
    engine.scan(span, &mut keep).unwrap();
    rows
}

#[test]
fn what_is_put_is_got_scanned_and_deleted() {
    each(|engine| {
        transact(engine, |tx| {
            tx.put(b"\x01a".to_vec(), Bytes::from_static(b"1"));
            tx.put(b"\x01b".to_vec(), Bytes::from(vec![9; 20_000]));
            tx.put(b"\x02c".to_vec(), Bytes::from_static(b"3"));
            true
        })
        .unwrap();
        assert_eq!(engine.get(b"\x01b").unwrap().unwrap().len(), 20_000);
        let span = Span::prefix(b"\x01", Order::Descending);
        let keys: Vec<_> = rows(engine, &span).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, [b"\x01b".to_vec(), b"\x01a".to_vec()]);
        transact(engine, |tx| {
            tx.delete(b"\x01a".to_vec());
            true
        })
        .unwrap();
        assert_eq!(engine.get(b"\x01a").unwrap(), None);
        assert_eq!(rows(engine, &span).len(), 1);
    });
}

#[test]
fn a_transaction_sees_itself_and_those_before_it() {
    each(|engine| {
        for expected in 0..20u8 {
            transact(engine, move |tx| {
                let now = tx.get(b"\x01n").unwrap().map_or(0, |value| value[0]);
                assert_eq!(now, expected);
                tx.put(b"\x01n".to_vec(), Bytes::from(vec![now + 1]));
                assert_eq!(tx.get(b"\x01n").unwrap().unwrap()[0], now + 1);
                true
            })
            .unwrap();
        }
    });
}

#[test]
fn an_aborted_transaction_leaves_nothing() {
    each(|engine| {
        transact(engine, |tx| {
            tx.put(b"\x01a".to_vec(), Bytes::from_static(b"1"));
            tx.content_put(ContentId([1; 16]), vec![Piece::Inline(Bytes::from_static(b"x"))]);
            false
        })
        .unwrap();
        assert_eq!(engine.get(b"\x01a").unwrap(), None);
        assert_eq!(engine.content_length(ContentId([1; 16])).unwrap(), None);
    });
}

#[test]
fn contents_inline_and_staged_are_read_back_in_any_stretch() {
    each(|engine| {
        let octets: Vec<u8> = (0..700_000u32).map(|n| (n % 251) as u8).collect();
        let (head, tail) = octets.split_at(600_000);
        let staged = engine.content_stage(Bytes::copy_from_slice(head)).unwrap();
        let tail = Bytes::copy_from_slice(tail);
        let id = ContentId([5; 16]);
        transact(engine, move |tx| {
            tx.content_put(id, vec![Piece::Staged(staged.clone()), Piece::Inline(tail.clone())]);
            tx.content_length(id).unwrap() == Some(700_000)
        })
        .unwrap();
        assert_eq!(engine.content_length(id).unwrap(), Some(700_000));
        for (from, length) in [(0, 700_000), (262_143, 2), (599_999, 2), (699_999, 5), (0, 0)] {
            let expected = &octets[from..(from + length).min(octets.len())];
            let read = engine.content_read(id, from as u64, length as u64).unwrap();
            assert_eq!(read, expected, "{from} {length}");
        }
        transact(engine, move |tx| {
            tx.content_delete(id);
            true
        })
        .unwrap();
        assert!(matches!(engine.content_read(id, 0, 1), Err(Error::NotFound)));
    });
}

#[test]
fn a_transaction_that_panics_harms_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let engine = local(folder.path());
    assert!(transact(&engine, |_| panic!("on purpose")).is_err());
    transact(&engine, |tx| {
        tx.put(b"\x01a".to_vec(), Bytes::from_static(b"1"));
        true
    })
    .unwrap();
    assert!(engine.get(b"\x01a").unwrap().is_some());
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, usize),
    Delete(u8),
    Content(u8, usize),
    ContentDelete(u8),
    Reopen,
    Compact,
    Checkpoint,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<u8>(), 0usize..9_000).prop_map(|(key, size)| Step::Put(key % 40, size)),
        3 => any::<u8>().prop_map(|key| Step::Delete(key % 40)),
        3 => (any::<u8>(), 0usize..40_000).prop_map(|(id, size)| Step::Content(id % 8, size)),
        1 => any::<u8>().prop_map(|id| Step::ContentDelete(id % 8)),
        1 => Just(Step::Reopen),
        1 => Just(Step::Compact),
        1 => Just(Step::Checkpoint),
    ]
}

fn apply(engine: &dyn Engine, step: &Step, at: usize) {
    let fill = at as u8;
    match step.clone() {
        Step::Put(key, size) => transact(engine, move |tx| {
            tx.put(vec![1, key], Bytes::from(vec![fill; size]));
            true
        }),
        Step::Delete(key) => transact(engine, move |tx| {
            tx.delete(vec![1, key]);
            true
        }),
        Step::Content(id, size) => transact(engine, move |tx| {
            let piece = Piece::Inline(Bytes::from(vec![fill; size]));
            tx.content_put(ContentId([id; 16]), vec![piece]);
            true
        }),
        Step::ContentDelete(id) => transact(engine, move |tx| {
            tx.content_delete(ContentId([id; 16]));
            true
        }),
        Step::Reopen | Step::Compact | Step::Checkpoint => Ok(()),
    }
    .unwrap();
}

fn contents(engine: &dyn Engine) -> BTreeMap<u8, Vec<u8>> {
    let read = |id: u8| {
        let id = ContentId([id; 16]);
        let length = engine.content_length(id).unwrap()?;
        Some(engine.content_read(id, 0, length).unwrap())
    };
    (0..8).filter_map(|id| Some((id, read(id)?))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn both_engines_agree_after_any_steps(steps in proptest::collection::vec(step(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let memory: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
        let mut engine = local(folder.path());
        let all = Span::prefix(&[1], Order::Ascending);
        for (at, step) in steps.iter().enumerate() {
            apply(&*memory, step, at);
            apply(&engine, step, at);
            match step {
                Step::Reopen => {
                    drop(engine);
                    engine = local(folder.path());
                    prop_assert!(!engine.report().rebuilt);
                }
                Step::Compact => drop(engine.compact().unwrap()),
                Step::Checkpoint => engine.checkpoint().unwrap(),
                _ => {}
            }
        }
        prop_assert_eq!(rows(&engine, &all), rows(&*memory, &all));
        prop_assert_eq!(contents(&engine), contents(&*memory));
        prop_assert_eq!(engine.verify(&mut |_, _| ()).unwrap().damage, Vec::<String>::new());
        // The journal alone leads to the same state.
        drop(engine);
        std::fs::remove_dir_all(folder.path().join("index")).unwrap();
        let engine = local(folder.path());
        prop_assert!(engine.report().rebuilt || rows(&engine, &all).is_empty());
        prop_assert_eq!(rows(&engine, &all), rows(&*memory, &all));
        prop_assert_eq!(contents(&engine), contents(&*memory));
    }
}

#[test]
fn the_room_taken_grows_with_what_is_stored() {
    each(|engine| {
        let before = engine.room().unwrap();
        assert_eq!(before.refusing, None);
        let letter = Bytes::from(vec![7; 3 << 20]);
        transact(engine, move |tx| {
            tx.content_put(ContentId([8; 16]), vec![Piece::Inline(letter.clone())]);
            true
        })
        .unwrap();
        let after = engine.room().unwrap();
        assert!(after.used >= before.used + (3 << 20), "{before:?} {after:?}");
        assert!(after.free.is_none_or(|free| free > 0));
    });
}
