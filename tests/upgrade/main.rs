//! Data folders of earlier versions are opened, read and written by this one.
//!
//! `fixtures/store/v1` is what version 0.2.0 wrote, and is never changed. `docs/hacking.md` says
//! when another one is added, and how. The rows themselves are read in
//! `src/gateway/records/upgrade_tests.rs`.

#[path = "../support/mod.rs"]
mod support;

mod check;
mod facts;
mod writer;

/// The name of the fixture to write, such as `v2`; one that exists is not written again.
const WRITE: &str = "WRITE_FIXTURE";

#[tokio::test(flavor = "multi_thread")]
async fn a_fixture_is_written_once_when_it_is_asked_for() {
    if let Ok(version) = std::env::var(WRITE) {
        writer::write(&version).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_of_version_0_2_is_read_and_written() {
    check::everything("v1", check::Index::Kept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_of_version_0_2_without_its_index_is_read_and_written() {
    check::everything("v1", check::Index::Removed).await;
}
