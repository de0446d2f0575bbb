//! Replies to a peer while all workers of the core are busy.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use postern::config;

use crate::harness::{TestGateway, until};

const CALLS: usize = 3;

#[tokio::test]
async fn while_the_core_accepts_nothing_a_recipient_is_deferred_and_the_session_goes_on() {
    let set = |smtp: &mut config::Smtp| {
        (smtp.memory_wait_secs, smtp.calls_at_once_max) = (1, CALLS);
    };
    let gw = TestGateway::with(set).await;
    let (hold, held) = mpsc::channel::<()>();
    let (held, started) = (Arc::new(Mutex::new(held)), Arc::new(AtomicUsize::new(0)));
    for _ in 0..CALLS {
        let workers = gw.server.shared().workers.clone();
        let (held, started) = (held.clone(), started.clone());
        tokio::spawn(async move {
            let wait = move || {
                started.fetch_add(1, Ordering::SeqCst);
                // The channel carries nothing; it is closed when the test drops its end.
                held.lock().unwrap().recv().unwrap_err();
            };
            workers.run(wait).await
        });
    }
    until("every worker to be busy", || started.load(Ordering::SeqCst) == CALLS).await;
    let mut smtp = gw.smtp().await;
    smtp.ehlo().await;
    smtp.send("MAIL FROM:<a@sender.example>").await.expect("250 ");
    smtp.send("RCPT TO:<dana@example.org>").await.expect("452 4.3.1");
    smtp.send("NOOP").await.expect("250 ");
    drop(hold);
    smtp.send("RCPT TO:<dana@example.org>").await.expect("250 2.1.5");
}
