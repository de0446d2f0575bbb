//! Tests what every engine must do, with each: the local one on a real disk, and the one in memory.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use proptest::prelude::*;

use super::engine::{Engine, Job, Piece, RawTx};
use super::error::Error;
use super::local::{LocalConfig, LocalEngine};
use super::memory::MemoryEngine;
use super::span::{ContentId, Order, Span};
use crate::clock::Clock;
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
    LocalEngine::open(config, vault(), Clock::System, &mut |_, _| ()).unwrap()
}

struct Closure<F> {
    run: F,
    sender: mpsc::Sender<Result<(), Error>>,
}

impl<F: FnMut(&mut dyn RawTx) -> bool + Send> Job for Closure<F> {
    fn run(&mut self, tx: &mut dyn RawTx) -> bool {
        (self.run)(tx)
    }

    fn done(self: Box<Self>, outcome: Result<(), Error>) {
        self.sender.send(outcome).unwrap();
    }
}

pub fn transact(
    engine: &dyn Engine,
    run: impl FnMut(&mut dyn RawTx) -> bool + Send + 'static,
) -> Result<(), Error> {
    let (sender, receiver) = mpsc::channel();
    engine.submit(Box::new(Closure { run, sender }));
    receiver.recv().unwrap()
}

/// Runs a test with every engine; the local one's folder exists as long as the test runs.
fn each(test: impl Fn(&dyn Engine)) {
    test(&MemoryEngine::new());
    let folder = tempfile::tempdir().unwrap();
    test(&local(folder.path()));
}

fn put(engine: &dyn Engine, key: &'static [u8]) {
    let done = transact(engine, move |tx| {
        tx.put(key.to_vec(), Bytes::from_static(b"1"));
        true
    });
    done.unwrap();
}

fn content_put(engine: &dyn Engine, id: u8, pieces: Vec<Piece>) -> Result<(), Error> {
    transact(engine, move |tx| {
        tx.content_put(ContentId([id; 16]), pieces.clone());
        true
    })
}

fn content(engine: &dyn Engine, id: u8) -> Result<Vec<u8>, Error> {
    engine.content_read(ContentId([id; 16]), 0, u64::MAX)
}

fn damage(engine: &dyn Engine) -> Vec<String> {
    engine.verify(&mut |_, _| ()).unwrap().damage
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
fn a_scan_in_any_order_visits_each_row_once() {
    each(|engine| {
        // More than one batch, written in another order than that of the keys.
        for part in 0..3_u32 {
            transact(engine, move |tx| {
                for at in 0..700_u32 {
                    let key = [b"k".as_slice(), &(at * 3 + part).to_be_bytes()].concat();
                    tx.put(key, Bytes::from(vec![part as u8; 400]));
                }
                true
            })
            .unwrap();
        }
        engine.checkpoint().unwrap();
        let span = Span::prefix(b"k", Order::Ascending);
        let mut found = Vec::new();
        let mut keep = |key: &[u8], value: &[u8]| {
            found.push((key.to_vec(), value.to_vec()));
            ControlFlow::Continue(())
        };
        engine.scan_any_order(&span, &mut keep).unwrap();
        found.sort_unstable();
        assert_eq!(found.len(), 2_100);
        assert_eq!(found, rows(engine, &span));
        let mut visited = 0;
        let mut stop = |_: &[u8], _: &[u8]| {
            visited += 1;
            ControlFlow::Break(())
        };
        engine.scan_any_order(&span, &mut stop).unwrap();
        assert_eq!(visited, 1);
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
fn a_piece_staged_in_another_engine_is_refused_and_nothing_is_written() {
    each(|engine| {
        each(|other| {
            put(engine, b"\x01before");
            let staged = other.content_stage(Bytes::from(vec![7; 300])).unwrap();
            let outcome = transact(engine, move |tx| {
                tx.put(b"\x01a".to_vec(), Bytes::from_static(b"1"));
                let own = Piece::Inline(Bytes::from_static(b"own"));
                tx.content_put(ContentId([1; 16]), vec![own, Piece::Staged(staged.clone())]);
                true
            });
            assert!(matches!(outcome, Err(Error::StagedElsewhere)), "{outcome:?}");
            assert_eq!(engine.get(b"\x01a").unwrap(), None);
            assert_eq!(engine.content_length(ContentId([1; 16])).unwrap(), None);
            // The next transaction is accepted.
            put(engine, b"\x01after");
            assert_eq!(damage(engine), Vec::<String>::new());
        });
    });
}

#[test]
fn a_piece_that_is_still_held_outlives_any_compaction() {
    each(|engine| {
        let parts = [Part::Staged(300_000), Part::Inline(10), Part::Staged(300_000)];
        put(engine, b"\x01a");
        let held = pieces(engine, &parts, 3);
        for key in [b"\x01b", b"\x01c"] {
            put(engine, key);
            engine.compact().unwrap();
        }
        content_put(engine, 1, held).unwrap();
        assert_eq!(content(engine, 1).unwrap(), octets(&parts, 3));
        put(engine, b"\x01d");
        engine.compact().unwrap();
        assert_eq!(content(engine, 1).unwrap(), octets(&parts, 3));
        assert_eq!(damage(engine), Vec::<String>::new());
    });
}

const IN_VAIN: usize = 600_000;

/// Checks that nothing refers to what was staged in vain, and that its space is reclaimed.
fn swept(engine: &dyn Engine, used_before: u64) {
    // A piece is removed with its segment, and only after another segment was started.
    put(engine, b"\x01z");
    engine.compact().unwrap();
    let used = engine.room().unwrap().used;
    assert!(used < used_before + IN_VAIN as u64 / 2, "{used_before} before, {used} now");
    let found = engine.verify(&mut |_, _| ()).unwrap();
    assert_eq!((found.contents, found.damage), (0, Vec::new()));
}

#[test]
fn what_was_staged_and_never_committed_is_swept() {
    each(|engine| {
        put(engine, b"\x01a");
        let before = engine.room().unwrap().used;
        drop(pieces(engine, &[Part::Staged(IN_VAIN)], 1));
        // This piece is passed to a transaction that is aborted.
        let refused = pieces(engine, &[Part::Staged(IN_VAIN)], 2);
        let aborted = transact(engine, move |tx| {
            tx.content_put(ContentId([1; 16]), refused.clone());
            false
        });
        aborted.unwrap();
        swept(engine, before);
    });
}

#[test]
fn what_was_staged_and_not_committed_before_a_restart_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let engine = local(folder.path());
    put(&engine, b"\x01a");
    let before = engine.room().unwrap().used;
    let staged = pieces(&engine, &[Part::Staged(IN_VAIN)], 1);
    drop(engine);
    let engine = local(folder.path());
    let stale = content_put(&engine, 1, staged);
    assert!(matches!(stale, Err(Error::StagedElsewhere)), "{stale:?}");
    swept(&engine, before);
}

#[test]
fn a_staged_content_survives_a_restart_and_a_lost_index() {
    let folder = tempfile::tempdir().unwrap();
    let parts = [Part::Staged(300_000), Part::Inline(70_000), Part::Staged(1)];
    let engine = local(folder.path());
    let staged = pieces(&engine, &parts, 9);
    content_put(&engine, 1, staged).unwrap();
    drop(engine);
    let engine = local(folder.path());
    assert_eq!(content(&engine, 1).unwrap(), octets(&parts, 9));
    drop(engine);
    std::fs::remove_file(folder.path().join("journal/manifest")).unwrap();
    let engine = local(folder.path());
    assert_eq!(content(&engine, 1).unwrap(), octets(&parts, 9));
    assert_eq!(damage(&engine), Vec::<String>::new());
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

/// A part of a content: how it is passed to the engine, and its size.
#[derive(Clone, Copy, Debug)]
enum Part {
    Inline(usize),
    Staged(usize),
}

impl Part {
    fn size(self) -> usize {
        match self {
            Part::Inline(size) | Part::Staged(size) => size,
        }
    }
}

/// Any mixture of parts, including empty ones and ones of several frames.
fn parts() -> impl Strategy<Value = Vec<Part>> {
    let size = prop_oneof![8 => 0usize..20_000, 1 => 300_000usize..600_000, 1 => Just(0)];
    let part = (any::<bool>(), size).prop_map(|(staged, size)| match staged {
        true => Part::Staged(size),
        false => Part::Inline(size),
    });
    proptest::collection::vec(part, 0..6)
}

/// Returns the octets of all parts one after another, different at each place.
fn octets(parts: &[Part], fill: u8) -> Vec<u8> {
    let length = parts.iter().map(|part| part.size()).sum::<usize>();
    (0..length).map(|at| (at % 251) as u8 ^ fill).collect()
}

/// Passes the parts to the engine, each in its way.
fn pieces(engine: &dyn Engine, parts: &[Part], fill: u8) -> Vec<Piece> {
    let mut rest = Bytes::from(octets(parts, fill));
    let piece = |part: &Part| {
        let octets = rest.split_to(part.size());
        match part {
            Part::Inline(_) => Piece::Inline(octets),
            Part::Staged(_) => Piece::Staged(engine.content_stage(octets).unwrap()),
        }
    };
    parts.iter().map(piece).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8, usize),
    Delete(u8),
    Content(u8, Vec<Part>),
    ContentDelete(u8),
    /// Stages a piece that no transaction ever refers to.
    StageInVain(usize),
    Reopen,
    Compact,
    Checkpoint,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<u8>(), 0usize..9_000).prop_map(|(key, size)| Step::Put(key % 40, size)),
        3 => any::<u8>().prop_map(|key| Step::Delete(key % 40)),
        3 => (any::<u8>(), parts()).prop_map(|(id, parts)| Step::Content(id % 8, parts)),
        1 => (0usize..40_000).prop_map(Step::StageInVain),
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
        Step::Content(id, parts) => content_put(engine, id, pieces(engine, &parts, fill)),
        Step::StageInVain(size) => engine.content_stage(Bytes::from(vec![fill; size])).map(drop),
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

    /// Read as a whole and in ranges, contents are what was stored, whichever parts were staged.
    #[test]
    fn a_content_reads_the_same_in_any_mixture_of_parts(
        parts in parts(),
        stretches in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..9_000), 4),
    ) {
        let expected = octets(&parts, 5);
        each(|engine| {
            content_put(engine, 1, pieces(engine, &parts, 5)).unwrap();
            let length = engine.content_length(ContentId([1; 16])).unwrap();
            assert_eq!(length, Some(expected.len() as u64));
            assert!(content(engine, 1).unwrap() == expected, "{parts:?}");
            for (from, length) in &stretches {
                let from = from.index(expected.len() + 1);
                let to = (from + length).min(expected.len());
                let id = ContentId([1; 16]);
                let read = engine.content_read(id, from as u64, *length as u64).unwrap();
                assert!(read == expected[from..to], "{parts:?}, {from} to {to}");
            }
        });
    }

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
        prop_assert!(contents(&engine) == contents(&*memory), "the contents differ");
        prop_assert_eq!(damage(&engine), Vec::<String>::new());
        // Recovery from the journal alone leads to the same state.
        drop(engine);
        match std::fs::remove_file(folder.path().join("journal/manifest")) {
            // There is none as long as nothing was stored.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                prop_assert!(rows(&*memory, &all).is_empty() && contents(&*memory).is_empty());
            }
            removed => removed.unwrap(),
        }
        let engine = local(folder.path());
        prop_assert!(engine.report().rebuilt || rows(&engine, &all).is_empty());
        prop_assert_eq!(rows(&engine, &all), rows(&*memory, &all));
        prop_assert!(contents(&engine) == contents(&*memory), "the contents differ");
    }
}

#[test]
fn the_space_used_grows_with_what_is_stored() {
    each(|engine| {
        let before = engine.room().unwrap();
        assert_eq!(before.refusing, None);
        let message = Bytes::from(vec![7; 3 << 20]);
        transact(engine, move |tx| {
            tx.content_put(ContentId([8; 16]), vec![Piece::Inline(message.clone())]);
            true
        })
        .unwrap();
        let after = engine.room().unwrap();
        assert!(after.used >= before.used + (3 << 20), "{before:?} {after:?}");
        assert!(after.free.is_none_or(|free| free > 0));
    });
}
