//! Whatever is stored keeps its form, or its version is raised and the earlier form is still read.
//!
//! `fixtures/records/records.txt` holds what each version of each record looks like. Today's
//! samples must give the same octets, and every line must be read.

mod data_folder_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::samples_tests::Samples;
use super::tables::each_record;
use crate::gateway::accounts::appearance::Appearance;
use crate::gateway::accounts::known_key::KnownKey;
use crate::gateway::boards::content::PostContent;
use crate::gateway::chat::keys::Said;
use crate::gateway::contacts::edits::Edited;
use crate::gateway::contacts::line;
use crate::gateway::contacts::request::Proposed;
use crate::gateway::contacts::shares::{Adders, Grants, Projection, Sharing};
use crate::gateway::contacts::stored::StoredContact;
use crate::gateway::groups::about::About;
use crate::gateway::mailboxes::filter::Filters;
use crate::gateway::mailboxes::label::Labels;
use crate::gateway::mailboxes::summary::SealedSummary;
use crate::gateway::outgoing::draft::DraftContent;
use crate::gateway::profiles::fields::{Published, StoredProfile};
use crate::gateway::schedule::{self, stored::StoredEntry};
use crate::gateway::search::block::{Block, Docs};
use crate::gateway::search::index::Text;
use crate::gateway::upload::Meta;
use crate::gateway::vouching::signature::CarriedSignature;
use crate::store::{Record, read_record};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/records/records.txt");

/// Set to add the lines of versions that have none yet:
/// `WRITE_RECORDS=1 cargo test --lib fixtures_tests`
const WRITE: &str = "WRITE_RECORDS";

/// What is sealed inside records, by the name that its lines have.
fn each_sealed_form(check: &mut Check) {
    check.stored_form::<Appearance>("Appearance");
    check.stored_form::<Filters>("Filters");
    check.stored_form::<Labels>("Labels");
    check.stored_form::<SealedSummary>("SealedSummary");
    check.stored_form::<DraftContent>("DraftContent");
    check.stored_form::<Docs>("Docs");
    check.stored_form::<Block>("Block");
    check.stored_form::<Text>("Text");
    check.stored_form::<Meta>("upload::Meta");
    check.stored_form::<KnownKey>("KnownKey");
    check.stored_form::<CarriedSignature>("CarriedSignature");
    check.stored_form::<About>("About");
    check.stored_form::<StoredContact>("StoredContact");
    check.stored_form::<line::Lines>("block::Lines");
    check.stored_form::<Proposed>("Proposed");
    check.stored_form::<StoredEntry>("StoredEntry");
    check.stored_form::<schedule::stored::Facts>("meeting::Facts");
    check.stored_form::<schedule::stored::Said>("meeting::Said");
    check.stored_form::<schedule::blocks::Lines>("schedule::Lines");
    check.stored_form::<Sharing>("Sharing");
    check.stored_form::<Adders>("Adders");
    check.stored_form::<Grants>("Grants");
    check.stored_form::<Projection>("Projection");
    check.stored_form::<Edited>("Edited");
    check.stored_form::<StoredProfile>("StoredProfile");
    check.stored_form::<Published>("Published");
    check.stored_form::<PostContent>("PostContent");
    check.stored_form::<Said>("Said");
}

/// Samples by their number.
type Lines = BTreeMap<u32, Vec<u8>>;

/// What the file holds, and what was found wrong with it.
#[derive(Default)]
pub(super) struct Check {
    found: BTreeMap<(String, u8), Lines>,
    known: BTreeSet<&'static str>,
    wrong: Vec<String>,
    /// Lines to add.
    missing: String,
}

impl Check {
    fn of(text: &str) -> Check {
        let mut check = Check::default();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, version, sample, octets] = words[..] else { panic!("{line}") };
            let key = (name.to_owned(), version.parse().unwrap());
            let before = check.found.entry(key).or_default();
            let twice = before.insert(sample.parse().unwrap(), unhex(octets));
            assert!(twice.is_none(), "{name} {version} {sample} stands twice in {FIXTURES}");
        }
        check
    }

    /// That a record is stored as its lines say, and that those of earlier versions are read.
    pub(super) fn stored_form<R: Record + Samples>(&mut self, name: &'static str) {
        assert!(self.known.insert(name), "{name} is listed twice");
        let samples: Vec<Vec<u8>> =
            R::samples().iter().map(|sample| postcard::to_stdvec(sample).unwrap()).collect();
        let samples: Lines = (1..).zip(samples).collect();
        let today = R::VERSION;
        match self.found.get(&(name.to_owned(), today)) {
            Some(lines)
                if *lines == samples && samples.values().all(|octets| reads::<R>(octets)) => {}
            Some(_) => self.wrong.push(format!(
                "{name} changed: raise its version to {next}, keep the old struct as \
                 {name}V{today}, make the new one from it in `migrate`, and add fixture lines; see \
                 docs/hacking.md",
                next = today + 1,
            )),
            None => {
                for (sample, octets) in &samples {
                    self.missing += &format!("{name} {today} {sample} {}\n", hex(octets));
                }
                self.wrong.push(format!(
                    "{name} has no fixture lines of version {today}: add them with {WRITE}=1; see \
                     docs/hacking.md"
                ));
            }
        }
        self.earlier::<R>(name);
    }

    fn earlier<R: Record>(&mut self, name: &str) {
        for version in 1..R::VERSION {
            let lines = self.found.get(&(name.to_owned(), version));
            let is_read = |octets: &Vec<u8>| read_record::<R>("", version, octets).is_ok();
            match lines {
                Some(lines) if lines.values().all(is_read) => {}
                Some(_) => self.wrong.push(format!(
                    "{name} no longer reads version {version}: its `migrate` must, because it is on \
                     somebody's disk; see docs/hacking.md"
                )),
                None => self.wrong.push(format!(
                    "the fixture lines of {name} in version {version} are gone: put them back"
                )),
            }
        }
        let later = self.found.range((name.to_owned(), R::VERSION)..).nth(1);
        if let Some(((_, version), _)) = later.filter(|((other, _), _)| other == name) {
            self.wrong.push(format!("{name} had version {version} before: a version never falls"));
        }
    }

    fn finish(mut self) -> (Vec<String>, String) {
        let unknown = self.found.keys().filter(|(name, _)| !self.known.contains(name.as_str()));
        let unknown: BTreeSet<&String> = unknown.map(|(name, _)| name).collect();
        self.wrong.extend(unknown.into_iter().map(|name| {
            format!("{name} has fixture lines, and no record is called so: was it renamed?")
        }));
        (self.wrong, self.missing)
    }
}

/// Whether octets are read, and give the same when they are written again.
fn reads<R: Record>(octets: &[u8]) -> bool {
    let read = read_record::<R>("", R::VERSION, octets);
    read.is_ok_and(|record| postcard::to_stdvec(&record).unwrap() == octets)
}

fn hex(octets: &[u8]) -> String {
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    if digits.is_empty() { "-".to_owned() } else { digits }
}

fn unhex(text: &str) -> Vec<u8> {
    let octet = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    if text == "-" { Vec::new() } else { (0..text.len()).step_by(2).map(octet).collect() }
}

fn checked(text: &str) -> (Vec<String>, String) {
    let mut check = Check::of(text);
    each_record(&mut check);
    each_sealed_form(&mut check);
    check.finish()
}

#[test]
fn every_stored_form_is_the_one_of_its_version() {
    let mut text = fs::read_to_string(FIXTURES).unwrap();
    if std::env::var_os(WRITE).is_some() {
        text += &checked(&text).1;
        fs::write(FIXTURES, &text).unwrap();
    }
    let (wrong, _) = checked(&text);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// `records!` lists every record of a table by itself; what is sealed inside one is listed here.
#[test]
fn every_sealed_form_is_on_the_list() {
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway")];
    let mut found = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        if path.to_str().unwrap().ends_with("_tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let names = code.lines().filter_map(|line| line.strip_prefix("impl Record for "));
        let names = names.filter_map(|rest| rest.split(' ').next()).map(str::to_owned);
        // What an earlier version was is read by the one of today, and checked with it.
        let is_earlier = |name: &String| {
            let version = name.rsplit_once('V').map(|(_, version)| version);
            version.is_some_and(|version| version.parse::<u8>().is_ok())
        };
        found.extend(names.filter(|name| !is_earlier(name)));
    }
    let mut check = Check::default();
    each_sealed_form(&mut check);
    let last = |name: &str| name.rsplit("::").next().unwrap_or_default().to_owned();
    let listed: BTreeSet<String> = check.known.into_iter().map(last).collect();
    let missing: Vec<_> = found.symmetric_difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "{missing:?}: what is sealed is listed in `each_sealed_form` in this file, with samples in \
         samples_tests/sealed_tests.rs; see docs/hacking.md"
    );
}

/// What the check itself notices.
mod noticed {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Fruit<K> {
        kind: K,
        weight: u32,
    }

    #[derive(Clone, Copy, Serialize, Deserialize)]
    enum Kind {
        Apple,
        Pear,
    }

    /// The same, in another order.
    #[derive(Clone, Copy, Serialize, Deserialize)]
    enum Swapped {
        Pear,
        Apple,
    }

    #[derive(Serialize, Deserialize)]
    struct Ripe {
        kind: Kind,
        weight: u32,
        ripe: bool,
    }

    /// The same, as version 2.
    #[derive(Serialize, Deserialize)]
    struct RipeV2 {
        kind: Kind,
        weight: u32,
        ripe: bool,
    }

    impl Record for Fruit<Kind> {
        const VERSION: u8 = 1;
    }

    impl Record for Fruit<Swapped> {
        const VERSION: u8 = 1;
    }

    impl Record for Ripe {
        const VERSION: u8 = 1;
    }

    impl Record for RipeV2 {
        const VERSION: u8 = 2;

        fn migrate(version: u8, bytes: &[u8]) -> Option<RipeV2> {
            crate::store::migrated::<Fruit<Kind>, RipeV2>(version, bytes)
        }
    }

    impl From<Fruit<Kind>> for RipeV2 {
        fn from(old: Fruit<Kind>) -> RipeV2 {
            RipeV2 { kind: old.kind, weight: old.weight, ripe: false }
        }
    }

    impl Samples for Fruit<Kind> {
        fn samples() -> Vec<Self> {
            [Kind::Apple, Kind::Pear].map(|kind| Fruit { kind, weight: 300 }).into()
        }
    }

    impl Samples for Fruit<Swapped> {
        fn samples() -> Vec<Self> {
            [Swapped::Apple, Swapped::Pear].map(|kind| Fruit { kind, weight: 300 }).into()
        }
    }

    impl Samples for Ripe {
        fn samples() -> Vec<Self> {
            [Kind::Apple, Kind::Pear].map(|kind| Ripe { kind, weight: 300, ripe: true }).into()
        }
    }

    impl Samples for RipeV2 {
        fn samples() -> Vec<Self> {
            let kinds = [Kind::Apple, Kind::Pear];
            kinds.map(|kind| RipeV2 { kind, weight: 300, ripe: true }).into()
        }
    }

    /// What is wrong with a file in which `R` is called a fruit, and the lines that it lacks.
    fn checked<R: Record + Samples>(text: &str) -> (Vec<String>, String) {
        let mut check = Check::of(text);
        check.stored_form::<R>("Fruit");
        check.finish()
    }

    const V1: &str = "Fruit 1 1 00ac02\nFruit 1 2 01ac02\n";

    #[test]
    fn a_record_without_lines_gets_them_and_is_then_as_it_was() {
        let (wrong, missing) = checked::<Fruit<Kind>>("# nothing\n");
        assert!(wrong[0].starts_with("Fruit has no fixture lines of version 1"), "{wrong:?}");
        assert_eq!(missing, V1);
        assert_eq!(checked::<Fruit<Kind>>(V1), (vec![], String::new()));
    }

    /// And no line is offered in place of one that is there.
    #[test]
    fn a_field_more_or_variants_in_another_order_are_changes() {
        let changed = "Fruit changed: raise its version to 2, keep the old struct as FruitV1, make \
                       the new one from it in `migrate`, and add fixture lines; see docs/hacking.md";
        let expected = (vec![changed.to_owned()], String::new());
        assert_eq!(checked::<Ripe>(V1), expected);
        assert_eq!(checked::<Fruit<Swapped>>(V1), expected);
        // A variant more, or less, is one as well.
        assert_eq!(checked::<Fruit<Kind>>("Fruit 1 1 00ac02\n"), expected);
        assert_eq!(checked::<Fruit<Kind>>(&format!("{V1}Fruit 1 3 02ac02\n")), expected);
    }

    #[test]
    fn a_version_that_reads_the_one_before_needs_its_own_lines_and_keeps_the_old() {
        let (wrong, missing) = checked::<RipeV2>(V1);
        assert_eq!(
            (wrong.len(), missing.as_str()),
            (1, "Fruit 2 1 00ac0201\nFruit 2 2 01ac0201\n")
        );
        let both = format!("{V1}{missing}");
        assert_eq!(checked::<RipeV2>(&both), (vec![], String::new()));
        assert!(checked::<RipeV2>(&missing).0[0].contains("version 1 are gone"));
        // A line that version 1 never wrote stands for one that can no longer be read.
        let unread = format!("{both}Fruit 1 3 02ac02\n");
        assert!(checked::<RipeV2>(&unread).0[0].contains("no longer reads version 1"));
        assert!(checked::<Fruit<Kind>>(&both).0[0].contains("a version never falls"));
    }

    #[test]
    fn lines_that_no_record_has_are_reported() {
        let (wrong, _) = checked::<Fruit<Kind>>(&format!("{V1}Berry 1 1 00\n"));
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].starts_with("Berry has fixture lines"), "{wrong:?}");
    }
}
