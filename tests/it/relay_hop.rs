//! The relay against a next hop that misbehaves: the test plays the next hop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use postern::config;
use postern::gateway::accounts::preference::PreferencesChange;
use postern::gateway::outgoing::draft::Addressee;
use postern::gateway::outgoing::submission::SubmissionView;
use postern::gateway::outgoing::submit::{Submit, Submitted};
use postern::gateway::{DeliveryState, DraftContent};
use postern::mail::reference::Reference;
use postern::net::dns::Resolver;
use postern::relay::Relay;
use postern::terms::Choice;
use postern::terms::Route;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{TestGateway, until};

/// What the peer does, and at which command: a verb, `HELLO` for the greeting, or `.` for the end
/// of a message.
#[derive(Clone, Copy, Debug)]
enum Does {
    Says(&'static str, &'static str),
    HangsUp(&'static str),
    /// Never answers.
    Sleeps(&'static str),
    /// Offers TLS and then speaks plaintext instead.
    BreaksTls,
}

/// A next hop that misbehaves for its first sessions, and works afterwards.
struct Peer {
    at: SocketAddr,
    sessions: Arc<AtomicUsize>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    async fn start(does: Does, sessions_bad: usize) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (sessions, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (count, shelf) = (sessions.clone(), taken.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let nth = count.fetch_add(1, Ordering::SeqCst);
                let does = (nth < sessions_bad).then_some(does);
                // The session ends when either side closes the connection; nothing depends on its
                // result.
                tokio::spawn(run_session(stream, does, shelf.clone()));
            }
        });
        Peer { at, sessions, taken }
    }

    fn taken(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

async fn run_session(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    does: Option<Does>,
    shelf: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let tls = matches!(
        does,
        Some(Does::BreaksTls | Does::Says("STARTTLS", _) | Does::HangsUp("STARTTLS"))
    );
    let act = |word: &str| match does {
        Some(Does::Says(at, reply)) if at == word => Act::Say(reply),
        Some(Does::HangsUp(at)) if at == word => Act::Leave,
        Some(Does::Sleeps(at)) if at == word => Act::Sleep,
        _ => Act::Ordinary,
    };
    let mut word = "HELLO".to_owned();
    loop {
        let ordinary = match word.as_str() {
            "HELLO" => "220 peer.example ESMTP\r\n",
            "EHLO" if tls => "250-peer.example\r\n250 STARTTLS\r\n",
            "EHLO" => "250-peer.example\r\n250-8BITMIME\r\n250 DSN\r\n",
            "STARTTLS" => "220 go\r\n",
            "DATA" => "354 go\r\n",
            "QUIT" => "221 bye\r\n",
            _ => "250 2.0.0 ok\r\n",
        };
        let reply = match act(&word) {
            Act::Say(reply) => reply,
            Act::Leave => return None,
            Act::Sleep => std::future::pending().await,
            Act::Ordinary => ordinary,
        };
        stream.write_all(reply.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        if word == "STARTTLS" && reply.starts_with('2') {
            stream.write_all(b"this is not TLS\r\n").await.ok()?;
            return None;
        }
        if word == "QUIT" {
            return Some(());
        }
        let data = word == "DATA" && reply.starts_with('3');
        word = match data {
            true => {
                let message = message(&mut stream).await?;
                // A message counts as accepted only if its final reply is 250 and is sent.
                if matches!(act("."), Act::Ordinary) {
                    shelf.lock().unwrap().push(message);
                }
                ".".to_owned()
            }
            false => {
                let mut line = String::new();
                let read = stream.read_line(&mut line).await.ok()?;
                if read == 0 {
                    return Some(());
                }
                line.split([' ', '\r', ':']).next().unwrap_or_default().to_uppercase()
            }
        };
    }
}

enum Act {
    Say(&'static str),
    Leave,
    Sleep,
    Ordinary,
}

async fn message(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Option<String> {
    let mut message = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(message);
        }
        message.push_str(&line);
    }
}

/// A gateway whose outgoing mail goes to one peer.
pub struct SiteSettings {
    pub gw: TestGateway,
    stop: CancellationToken,
}

impl SiteSettings {
    async fn with(peer: &Peer, tls: config::SmarthostTls) -> SiteSettings {
        let relay = config::Relay {
            smarthost: peer.at.to_string(),
            smarthost_tls: tls,
            authorities: PathBuf::new(),
            connect_timeout_secs: 2,
            tls_timeout_secs: 2,
            command_timeout_secs: 2,
            data_timeout_secs: 2,
            ..config::Relay::default()
        };
        let dns = config::Dns {
            servers: vec![SocketAddr::from(([127, 0, 0, 1], 9))],
            ..config::Dns::default()
        };
        SiteSettings::on(relay, Resolver::new(&dns).unwrap()).await
    }

    /// Starts a gateway whose outgoing mail is sent as `relay` and `resolver` say.
    pub async fn on(relay: config::Relay, resolver: Resolver) -> SiteSettings {
        let gw = TestGateway::start().await;
        let keys = config::Dkim::default();
        let host = "gw.test".to_owned();
        let relay = Relay::new(gw.gateway.clone(), resolver, relay, &keys, host).unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(relay.run(stop.clone()));
        SiteSettings { gw, stop }
    }

    /// Sends a plain message from Dana to an outside recipient.
    async fn send(&self, to: &'static str) -> Reference {
        self.send_by(to, Choice::Plain).await
    }

    /// Sends a message from Dana to an outside recipient with this choice.
    pub async fn send_by(&self, to: &'static str, choice: Choice) -> Reference {
        let sent = self.gw.as_owner("dana", move |gateway, actor| {
            let undo_secs = Some(Some(0));
            let change = PreferencesChange { undo_secs, ..PreferencesChange::default() };
            gateway.preferences_change(actor, &change).unwrap();
            let content = DraftContent {
                to: vec![Addressee { name: None, address: to.to_owned() }],
                subject: "Plain".to_owned(),
                text: "A line.\n.\n..two dots".to_owned(),
                choices: [(to.to_owned(), choice)].into(),
                ..DraftContent::default()
            };
            let draft = gateway.draft_create(actor, &content).unwrap();
            let (id, version) = (draft.id.as_str(), draft.version);
            let submit = Submit { draft: id, version, consent: None, typed: None, request: id };
            match gateway.submit(actor, &submit).unwrap() {
                Submitted::Accepted(view) => view.reference,
                Submitted::NeedsConsent(_) => panic!("consent was required"),
            }
        });
        sent.await
    }

    pub async fn state(&self, reference: Reference) -> DeliveryState {
        self.view(reference).await.recipients[0].state
    }

    /// Waits until delivery of a message was attempted and deferred.
    pub async fn tried(&self, reference: Reference) {
        let row = || {
            let rows = self.gw.gateway.queue_list(50).unwrap();
            rows.into_iter().find(|row| row.reference == reference)
        };
        until("a first attempt", || row().is_some_and(|row| row.attempts > 0)).await;
    }

    /// Waits until a message is in a temporary account.
    pub async fn issued(&self, reference: Reference) {
        for _ in 0..500 {
            if self.view(reference).await.recipients[0].route == Route::TemporaryAccount {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("no temporary account was issued: {:?}", self.gw.gateway.queue_list(5).unwrap());
    }

    /// Returns the latest notice to Dana.
    pub async fn last_notice(&self) -> String {
        let inbox = self.gw.inbox("dana").await;
        let notice = inbox.iter().find(|item| item.notice.is_some()).expect("a notice");
        String::from_utf8(self.gw.open("dana", notice.reference).await).unwrap()
    }

    async fn view(&self, reference: Reference) -> SubmissionView {
        let view = self
            .gw
            .as_owner("dana", move |gateway, actor| gateway.submission(actor, reference).unwrap());
        view.await
    }

    /// Advances the clock until delivery of the message has ended or the peer has accepted it.
    pub async fn settle(&self, reference: Reference) -> DeliveryState {
        for _ in 0..200 {
            let state = self.view(reference).await.recipients[0].state;
            if state.is_final() || state == DeliveryState::Delivered {
                return state;
            }
            let rows = self.gw.gateway.queue_list(1).unwrap();
            if rows.first().is_some_and(|row| row.attempts > 0) {
                self.gw.gateway.clock().advance_secs(20 * 60);
                self.gw.gateway.queue_wake().notify_one();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("it never settled: {:?}", self.gw.gateway.queue_list(5).unwrap());
    }
}

impl Drop for SiteSettings {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// P-38: whatever a next hop does wrong for a while, the message arrives once when it works again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hop_that_misbehaves_for_a_while_gets_the_message_once() {
    for does in [
        Does::Says("HELLO", "421 4.3.2 closing\r\n"),
        Does::Says("HELLO", "554 not now\r\n"),
        Does::Says("MAIL", "451 4.3.0 later\r\n"),
        Does::Says("RCPT", "450 4.2.1 busy\r\n"),
        Does::Says("RCPT", "452 4.5.3 too many\r\n"),
        Does::Says("DATA", "451 4.3.0 later\r\n"),
        Does::Says(".", "451 4.3.0 not kept\r\n"),
        Does::Says("EHLO", "502 5.5.1 what is that\r\n"),
        Does::HangsUp("HELLO"),
        Does::HangsUp("EHLO"),
        Does::HangsUp("MAIL"),
        Does::HangsUp("RCPT"),
        Does::HangsUp("DATA"),
        Does::Sleeps("MAIL"),
        Does::BreaksTls,
    ] {
        let peer = Peer::start(does, 1).await;
        let site = SiteSettings::with(&peer, config::SmarthostTls::Opportunistic).await;
        let reference = site.send("noa@outside.example").await;
        // A host that refuses the session has not refused the message.
        assert_eq!(site.settle(reference).await, DeliveryState::Delivered, "{does:?}");
        assert_eq!(peer.taken(), 1, "{does:?}");
        assert!(site.gw.gateway.queue_list(1).unwrap().is_empty());
    }
}

/// However TLS fails at a host, mail that does not require it leaves without it, for as long as it
/// fails (RFC 7435).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opportunistic_mail_leaves_in_clear_however_tls_fails() {
    for does in [
        Does::BreaksTls,
        Does::Says("STARTTLS", "454 4.7.0 TLS is not available\r\n"),
        Does::Says("STARTTLS", "554 5.7.3 never\r\n"),
        Does::Says("STARTTLS", "what is that\r\n"),
        Does::HangsUp("STARTTLS"),
    ] {
        let peer = Peer::start(does, usize::MAX).await;
        let site = SiteSettings::with(&peer, config::SmarthostTls::Opportunistic).await;
        let reference = site.send("noa@outside.example").await;
        assert_eq!(site.settle(reference).await, DeliveryState::Delivered, "{does:?}");
        assert_eq!((peer.taken(), peer.sessions.load(Ordering::SeqCst)), (1, 2), "{does:?}");
    }
}

/// Only a local part needs SMTPUTF8, which this peer does not offer: a domain is sent as A-labels
/// (RFC 6531 §3.2).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_international_domain_needs_no_smtputf8() {
    let peer = Peer::start(Does::Sleeps("never"), 0).await;
    let site = SiteSettings::with(&peer, config::SmarthostTls::None).await;
    let reference = site.send("noa@bücher.example").await;
    assert_eq!(site.settle(reference).await, DeliveryState::Delivered);
    let message = peer.taken.lock().unwrap()[0].clone();
    assert!(message.contains("noa@xn--bcher-kva.example") && message.is_ascii(), "{message}");
    let reference = site.send("נועה@outside.example").await;
    assert_eq!(site.settle(reference).await, DeliveryState::Failed);
}

/// The one duplicate that is documented: the peer accepted the message, and its 250 was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_sends_the_message_again() {
    let peer = Peer::start(Does::HangsUp("."), 1).await;
    let site = SiteSettings::with(&peer, config::SmarthostTls::None).await;
    let reference = site.send("noa@outside.example").await;
    assert_eq!(site.settle(reference).await, DeliveryState::Delivered);
    assert_eq!(peer.sessions.load(Ordering::SeqCst), 2);
    let message = peer.taken.lock().unwrap()[0].clone();
    assert!(message.contains(&reference.to_string()), "{message}");
    assert!(
        message.contains("\r\n..\r\n") || message.contains("=2E"),
        "dots are doubled: {message}"
    );
}

/// The sender is notified of a permanent refusal at once, with the reply of the host.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permanent_refusal_is_reported_to_the_sender() {
    for (word, reply, status) in [
        ("MAIL", "550 5.7.1 go away\r\n", "5.7.1"),
        ("RCPT", "550 5.1.1 nobody\r\n", "5.1.1"),
        ("DATA", "554 5.5.1 no\r\n", "5.5.1"),
        (".", "552 5.3.4 too big\r\n", "5.3.4"),
    ] {
        let peer = Peer::start(Does::Says(word, reply), usize::MAX).await;
        let site = SiteSettings::with(&peer, config::SmarthostTls::None).await;
        let reference = site.send("noa@outside.example").await;
        assert_eq!(site.settle(reference).await, DeliveryState::Failed, "{word}");
        let view = site.view(reference).await;
        let detail = view.recipients[0].history.last().unwrap().detail.clone().unwrap();
        assert!(detail.contains(reply.trim_end()), "{detail}");
        let inbox = site.gw.inbox("dana").await;
        let notices = inbox.iter().filter(|item| item.notice.is_some()).count();
        assert_eq!(notices, 1, "{word}: exactly one notice");
        let octets = site.gw.open("dana", inbox[0].reference).await;
        assert!(String::from_utf8_lossy(&octets).contains(status), "{word}");
    }
}

/// If TLS is required, nothing is sent in clear: not to a host that does not offer TLS, and not to
/// one whose TLS is broken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn required_tls_is_never_done_without() {
    for does in [
        Does::Says("NEVER", ""),
        Does::BreaksTls,
        Does::Says("STARTTLS", "454 4.7.0 TLS is not available\r\n"),
    ] {
        let peer = Peer::start(does, usize::MAX).await;
        let site = SiteSettings::with(&peer, config::SmarthostTls::Required).await;
        let reference = site.send("noa@outside.example").await;
        until("a first attempt", || {
            site.gw.gateway.queue_list(1).unwrap().first().is_some_and(|row| row.attempts > 0)
        })
        .await;
        assert_eq!(peer.taken(), 0);
        assert_eq!(site.view(reference).await.recipients[0].state, DeliveryState::Waiting);
        assert!(site.gw.gateway.queue_list(1).unwrap()[0].last.is_some());
    }
}

/// P-31: a message that requires verified TLS does not leave in clear through a smarthost either,
/// however far the smarthost is trusted otherwise; it waits in a temporary account instead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verified_tls_is_not_done_without_at_a_smarthost() {
    for tls in [config::SmarthostTls::None, config::SmarthostTls::Opportunistic] {
        let peer = Peer::start(Does::Says("NEVER", ""), 0).await;
        let site = SiteSettings::with(&peer, tls).await;
        let reference = site.send_by("noa@outside.example", Choice::VerifiedTls).await;
        site.issued(reference).await;
        until("the notification to arrive", || peer.taken() == 1).await;
        let taken = peer.taken.lock().unwrap()[0].clone();
        assert!(taken.contains("/pickup/") && !taken.contains("two dots"), "{tls:?}: {taken}");
    }
}
