//! SMTP sessions: whatever octets come, in whatever pieces, the session ends without a panic,
//! every reply is well formed, and exactly what was acknowledged is stored.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use postern::clock::{Clock, Timestamp};
use postern::config;
use postern::gateway::{ChosenBy, Gateway, NewAccount, Password, Settings};
use postern::mail::address::Address;
use postern::mail::reference::Reference;
use postern::smtp::{Server, Session};
use postern::store::memory::MemoryEngine;
use postern::store::{ContentId, Store};
use postern::vault::{DaemonKey, PasswordCost, PoolLimits, Vault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

/// After so many sessions a gateway is replaced by a new one, so that it stays small.
const SESSIONS_MAX: u32 = 1_000;

thread_local! {
    static SERVER: RefCell<Option<(u32, Server)>> = const { RefCell::new(None) };
}

/// The first octet says how large the pieces are; the rest is what the peer sends.
pub fn check(input: &[u8]) {
    let Some((&first, stream)) = input.split_first() else { return };
    let server = server();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let gateway = server.shared().gateway.clone();
    let before = contents(&gateway);
    let piece = usize::from(first).max(1);
    let replies = runtime.block_on(run_session(&server, stream, piece));
    let accepted = accepted(&replies);
    for reference in &accepted {
        let stored = gateway.store().content_length(ContentId(reference.to_bytes())).unwrap();
        assert!(stored.is_some(), "acknowledged and not stored: {reference}");
    }
    assert_eq!(contents(&gateway) - before, accepted.len() as u64, "stored and not acknowledged");
}

/// Everything the server said to a peer that sends `stream` and closes.
async fn run_session(server: &Server, stream: &[u8], piece: usize) -> Vec<u8> {
    let (near, far) = tokio::io::duplex(piece);
    let (mut read, mut write) = tokio::io::split(near);
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let session = Session::new(server.shared(), far, peer, None, CancellationToken::new());
    let talk = async {
        // The server may have closed before everything was said.
        let _ = write.write_all(stream).await;
        let _ = write.shutdown().await;
    };
    let mut replies = Vec::new();
    let listen = async {
        let _ = read.read_to_end(&mut replies).await;
    };
    let serve = async {
        let (_, mut io) = session.greet_and_run().await;
        let _ = io.shutdown().await;
        drop(io);
    };
    tokio::join!(serve, talk, listen);
    replies
}

fn accepted(replies: &[u8]) -> Vec<Reference> {
    let text = std::str::from_utf8(replies).expect("replies are ASCII");
    let whole = text.rsplit_once("\r\n").map_or("", |(whole, _)| whole);
    let mut accepted = Vec::new();
    for line in whole.split("\r\n") {
        let code = line.get(..3).is_some_and(|code| code.bytes().all(|o| o.is_ascii_digit()));
        let printable = line.bytes().all(|octet| (b' '..=b'~').contains(&octet));
        assert!(code && printable, "not a reply: {line:?}");
        if let Some(number) = line.strip_prefix("250 2.0.0 Accepted, reference ") {
            accepted.push(number.parse().expect("a reference number"));
        }
    }
    accepted
}

fn contents(gateway: &Gateway) -> u64 {
    gateway.store().engine().verify(&mut |_, _| ()).unwrap().contents
}

fn server() -> Server {
    SERVER.with_borrow_mut(|kept| {
        let (sessions, server) =
            kept.take().filter(|(n, _)| *n < SESSIONS_MAX).unwrap_or_else(|| (0, new_server()));
        *kept = Some((sessions + 1, server.clone()));
        server
    })
}

fn new_server() -> Server {
    let cheap = PasswordCost { memory_kib: 64, passes: 1, lanes: 1 };
    let vault = Vault::new(DaemonKey::from_bytes([3; 32]), PoolLimits::default(), cheap);
    let store = Store::new(Arc::new(MemoryEngine::new()), vault.clone());
    let clock = Clock::set_to(Timestamp(1_795_424_523_000));
    let settings = Settings { domains: vec!["a.example".to_owned()], ..Settings::default() };
    let gateway = Gateway::new(store, vault, clock, settings);
    let new = NewAccount {
        name: "u".to_owned(),
        display_name: "u".to_owned(),
        addresses: vec![Address::parse("u@a.example").unwrap()],
        password: Password::new("a password of 12").unwrap(),
        chosen_by: ChosenBy::Owner,
    };
    gateway.account_create(new).unwrap();
    let mut smtp = config::Smtp::for_demo(SocketAddr::from(([127, 0, 0, 1], 0)));
    // Small, so that they are met.
    smtp.size_octets_max = 70_000;
    smtp.memory_octets_max = 200_000;
    smtp.memory_wait_secs = 1;
    smtp.recipients_max = 3;
    smtp.command_octets_max = 1_024;
    smtp.line_octets_max = 2_000;
    Server::new(gateway, smtp, "gw.test".to_owned(), None)
}
