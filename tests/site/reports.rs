//! What a sender is told about recipients that a real peer refuses.

use postern::client::Client;
use postern::client::sending::Outgoing;

use crate::support::sink::Sink;
use crate::support::site::{Setup, Site};
use crate::support::wait_for;

const LIMIT: std::time::Duration = std::time::Duration::from_secs(120);
/// The refused recipients of a message.
const REFUSED: usize = 60;

async fn send(client: &mut Client, more: &[&str]) {
    let refused = (0..REFUSED).map(|at| format!("nobody{at:03}@outside.example"));
    let to: Vec<String> = refused.chain(more.iter().map(|one| (*one).to_owned())).collect();
    let message = Outgoing { to: &to, subject: "x", text: "Text.", ..Outgoing::default() };
    client.submit(&message).await.expect("the submission is accepted");
}

/// Returns the reports in the inbox, which also has what the system tells of sign-ins.
async fn reports_now(client: &mut Client) -> Vec<String> {
    let mut found = Vec::new();
    for item in client.list("inbox").await.expect("the list is returned") {
        let octets = client.get(item.reference).await.expect("the source is returned");
        found.push(String::from_utf8_lossy(&octets).into_owned());
    }
    found.retain(|octets| octets.contains("\r\nFinal-Recipient: "));
    found
}

/// Waits for the first report, and returns all.
async fn reports(client: &mut Client) -> Vec<String> {
    let end = std::time::Instant::now() + LIMIT;
    loop {
        let found = reports_now(client).await;
        if !found.is_empty() {
            return found;
        }
        assert!(std::time::Instant::now() < end, "no report came");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn named(report: &str) -> usize {
    report.matches("\r\nFinal-Recipient: rfc822; nobody").count()
}

/// A peer refuses each of many recipients over several connections: the sender gets one report.
#[tokio::test]
async fn a_peer_that_refuses_many_recipients_causes_one_report() {
    let sink = Sink::start();
    let site = Site::start(&Setup::to(&sink, "[outgoing]\nundo_secs = 0\nchoice = \"plain\"\n"));
    let mut dana = site.client("dana").await;
    send(&mut dana, &["somebody@outside.example"]).await;
    let found = reports(&mut dana).await;
    assert_eq!(found.iter().map(|one| named(one)).collect::<Vec<_>>(), [REFUSED]);
    assert_eq!(sink.count(), 1, "the last recipient got it");
    site.stop();
}

/// What is not reported yet when the daemon is killed is reported after its next start.
#[tokio::test]
async fn a_report_that_waits_survives_a_kill() {
    let sink = Sink::start();
    // `later` is tried again and again, so that the report waits as long as it may.
    let queue = "[outgoing]\nundo_secs = 0\nchoice = \"plain\"\n";
    let mut site = Site::start(&Setup::to(&sink, queue));
    let mut dana = site.client("dana").await;
    send(&mut dana, &["later@outside.example"]).await;
    wait_for("all but one to leave the queue", LIMIT, || (site.queue().len() == 1).then_some(()));
    assert!(reports_now(&mut dana).await.is_empty(), "it is not written yet");
    site.kill_and_start();
    let mut dana = site.client("dana").await;
    let found = reports(&mut dana).await;
    assert_eq!(found.iter().map(|one| named(one)).collect::<Vec<_>>(), [REFUSED]);
    site.stop();
}
