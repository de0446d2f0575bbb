//! Short-lived links that a browser can follow by itself: downloads and message frames. Following
//! a link sends no token, so the link itself is a secret.
//!
//! The link contains 32 random octets. The server keeps only their hash and the session's token,
//! sealed under a key derived from them. So between the two requests nothing stored here can open
//! the session, and the link becomes invalid when its session ends. Links are never logged.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::config;
use crate::gateway::AccountId;
use crate::mail::message::Within;
use crate::mail::reference::Reference;
use crate::net::shares::{Held, Limits, Shares};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The message's source, once.
    Raw,
    /// One of the message's parts, once.
    Attachment(u32),
    /// All of the message's files in one archive, once.
    Attachments,
    /// A file of a post, once. The reference is that of the post.
    PostFile([u8; 16]),
    /// The message's HTML and the images in it, as often as the frame asks.
    View {
        /// Whether remote images are shown too.
        remote: bool,
    },
}

/// A request for a link.
pub struct Request<'r> {
    pub token: &'r str,
    pub thumbprint: &'r str,
    pub account: AccountId,
    /// The role mailbox that the message is in, if it is in one.
    pub mailbox: Option<AccountId>,
    pub reference: Reference,
    pub target: Target,
    /// The message within this one that it is about; empty for the message itself.
    pub within: Within,
}

/// What a redeemed link permits, with what is needed to open the session again.
pub struct Grant {
    pub token: Zeroizing<String>,
    pub thumbprint: String,
    pub account: AccountId,
    /// The role mailbox that the message is in, if it is in one.
    pub mailbox: Option<AccountId>,
    pub reference: Reference,
    pub target: Target,
    /// The message within this one that it is about; empty for the message itself.
    pub within: Within,
}

/// Why no link was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTicket {
    #[error("too many links are valid at the moment")]
    Full,
    #[error("no random octets were available, or sealing failed")]
    Broken,
}

/// The links that are valid now.
pub struct Tickets {
    secs: i64,
    places: Shares<AccountId>,
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    tickets: HashMap<Id, Ticket>,
    /// The links in the order in which they expire.
    ends: BTreeSet<(Timestamp, Id)>,
}

type Id = [u8; 32];

struct Ticket {
    account: AccountId,
    mailbox: Option<AccountId>,
    sealed_token: Vec<u8>,
    thumbprint: String,
    reference: Reference,
    target: Target,
    within: Within,
    ends: Timestamp,
    _place: Held<AccountId>,
}

impl Tickets {
    pub fn new(config: &config::Https) -> Tickets {
        Tickets {
            secs: i64::try_from(config.ticket_secs).unwrap_or(i64::MAX / 4),
            places: Shares::new(Limits::new(config.tickets_max, config.tickets_per_account_max)),
            rows: Mutex::default(),
        }
    }

    /// Issues a new link, and returns its secret.
    pub fn issue(&self, request: Request<'_>, now: Timestamp) -> Result<String, NoTicket> {
        let mut secret = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *secret).map_err(|_| NoTicket::Broken)?;
        let mut rows = self.rows();
        rows.forget(now);
        let ticket = Ticket {
            _place: self.places.take(&request.account, 1).map_err(|_| NoTicket::Full)?,
            sealed_token: seal(&secret, request.token)?,
            account: request.account,
            mailbox: request.mailbox,
            thumbprint: request.thumbprint.to_owned(),
            reference: request.reference,
            target: request.target,
            within: request.within,
            ends: now.plus_secs(self.secs),
        };
        let id = derive(b"postern ticket id v1", &secret);
        rows.ends.insert((ticket.ends, id));
        rows.tickets.insert(id, ticket);
        Ok(URL_SAFE_NO_PAD.encode(*secret))
    }

    /// Returns what a link permits, and leaves it as it is.
    pub fn look(
        &self,
        secret: &str,
        now: Timestamp,
        wanted: impl Fn(Target) -> bool,
    ) -> Option<Grant> {
        let mut rows = self.rows();
        rows.forget(now);
        rows.granted(secret, wanted).map(|(_, grant)| grant)
    }

    /// Redeems a link, if `wanted` accepts its target. A single-use link is thereby used up.
    pub fn redeem(
        &self,
        secret: &str,
        now: Timestamp,
        wanted: impl Fn(Target) -> bool,
    ) -> Option<Grant> {
        let mut rows = self.rows();
        rows.forget(now);
        let (id, grant) = rows.granted(secret, wanted)?;
        if !matches!(grant.target, Target::View { .. }) {
            rows.remove(&id);
        }
        Some(grant)
    }

    fn rows(&self) -> std::sync::MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn granted(&self, secret: &str, wanted: impl Fn(Target) -> bool) -> Option<(Id, Grant)> {
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret).ok()?);
        let secret: &[u8; 32] = secret.as_slice().try_into().ok()?;
        let id = derive(b"postern ticket id v1", secret);
        let ticket = self.tickets.get(&id).filter(|ticket| wanted(ticket.target))?;
        let grant = Grant {
            token: open(secret, &ticket.sealed_token)?,
            thumbprint: ticket.thumbprint.clone(),
            account: ticket.account,
            mailbox: ticket.mailbox,
            reference: ticket.reference,
            target: ticket.target,
            within: ticket.within,
        };
        Some((id, grant))
    }

    fn remove(&mut self, id: &Id) {
        if let Some(ticket) = self.tickets.remove(id) {
            self.ends.remove(&(ticket.ends, *id));
        }
    }

    /// Removes expired links.
    fn forget(&mut self, now: Timestamp) {
        while let Some((_, id)) = self.ends.first().filter(|(ends, _)| *ends <= now).copied() {
            self.remove(&id);
        }
    }
}

/// Derives a key from a secret. The secret is 32 random octets, so a labelled hash of it suffices.
fn derive(label: &[u8], secret: &[u8; 32]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(label);
    context.update(secret);
    *context.finish().as_ref().first_chunk().expect("a SHA-256 hash has 32 octets")
}

/// Returns the sealing key and nonce. Each secret seals only one value, so the nonce can be fixed.
fn sealer(secret: &[u8; 32]) -> Option<(LessSafeKey, Nonce)> {
    let key = Zeroizing::new(derive(b"postern ticket seal v1", secret));
    let key = UnboundKey::new(&AES_256_GCM, &*key).ok()?;
    Some((LessSafeKey::new(key), Nonce::assume_unique_for_key([0; 12])))
}

fn seal(secret: &[u8; 32], token: &str) -> Result<Vec<u8>, NoTicket> {
    let (key, nonce) = sealer(secret).ok_or(NoTicket::Broken)?;
    let mut octets = token.as_bytes().to_vec();
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut octets).map_err(|_| NoTicket::Broken)?;
    Ok(octets)
}

fn open(secret: &[u8; 32], sealed: &[u8]) -> Option<Zeroizing<String>> {
    let (key, nonce) = sealer(secret)?;
    let mut octets = Zeroizing::new(sealed.to_vec());
    let token = key.open_in_place(nonce, Aad::empty(), &mut octets).ok()?;
    Some(Zeroizing::new(std::str::from_utf8(token).ok()?.to_owned()))
}

/// Seals a remote image's URL under the frame's own secret, so that only this frame's requests can
/// use it, and nobody can make this server fetch a URL that no message contains.
pub fn link_seal(secret: &str, address: &str) -> Option<String> {
    let mut nonce = [0; 12];
    aws_lc_rs::rand::fill(&mut nonce).ok()?;
    let mut octets = address.as_bytes().to_vec();
    let key = link_key(secret)?;
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut octets)
        .ok()?;
    Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &octets].concat()))
}

/// Opens a URL that [`link_seal`] sealed with the same secret.
pub fn link_open(secret: &str, sealed: &str) -> Option<String> {
    let octets = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, rest) = octets.split_first_chunk::<12>()?;
    let mut rest = rest.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let address = link_key(secret)?.open_in_place(nonce, Aad::empty(), &mut rest).ok()?;
    Some(std::str::from_utf8(address).ok()?.to_owned())
}

fn link_key(secret: &str) -> Option<LessSafeKey> {
    let secret = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret).ok()?);
    let key = Zeroizing::new(derive(b"postern ticket link v1", secret.as_slice().try_into().ok()?));
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: Target = Target::View { remote: false };
    const NOW: Timestamp = Timestamp(1_000_000);

    fn tickets(max: usize, per_account_max: usize) -> Tickets {
        let config = config::Https {
            tickets_max: max,
            tickets_per_account_max: per_account_max,
            ..config::Https::default()
        };
        Tickets::new(&config)
    }

    fn issue(tickets: &Tickets, account: u8, target: Target) -> Result<String, NoTicket> {
        let reference = Reference::from_parts(1, 2);
        let account = AccountId([account; 16]);
        let request = Request {
            token: "the token",
            thumbprint: "the key",
            account,
            mailbox: None,
            reference,
            target,
            within: Within::default(),
        };
        tickets.issue(request, NOW)
    }

    #[test]
    fn a_download_is_good_once() {
        let tickets = tickets(10, 10);
        let secret = issue(&tickets, 1, Target::Attachment(3)).unwrap();
        assert_eq!(secret.len(), 43);
        assert!(
            tickets.redeem(&secret, NOW, |target| matches!(target, Target::View { .. })).is_none()
        );
        let grant = tickets.redeem(&secret, NOW, |_| true).unwrap();
        assert_eq!((grant.token.as_str(), grant.target), ("the token", Target::Attachment(3)));
        assert!(tickets.redeem(&secret, NOW, |_| true).is_none());
    }

    #[test]
    fn a_frame_may_ask_again_until_its_minute_is_over() {
        let tickets = tickets(10, 10);
        let secret = issue(&tickets, 1, VIEW).unwrap();
        for secs in [0, 1, 59] {
            assert!(tickets.redeem(&secret, NOW.plus_secs(secs), |_| true).is_some(), "{secs}");
        }
        assert!(tickets.redeem(&secret, NOW.plus_secs(60), |_| true).is_none());
        let rows = tickets.rows();
        assert!(rows.tickets.is_empty() && rows.ends.is_empty() && tickets.places.in_use() == 0);
    }

    #[test]
    fn what_is_no_ticket_opens_nothing() {
        let tickets = tickets(10, 10);
        issue(&tickets, 1, Target::Raw).unwrap();
        let random = URL_SAFE_NO_PAD.encode([7; 32]);
        for secret in ["", "x", "%00", "../..", random.as_str()] {
            assert!(tickets.redeem(secret, NOW, |_| true).is_none(), "{secret}");
        }
    }

    #[test]
    fn links_are_bounded_in_all_and_per_account_and_come_back() {
        let tickets = tickets(3, 2);
        issue(&tickets, 1, VIEW).unwrap();
        let used = issue(&tickets, 1, Target::Raw).unwrap();
        assert_eq!(issue(&tickets, 1, Target::Raw), Err(NoTicket::Full));
        issue(&tickets, 2, Target::Raw).unwrap();
        assert_eq!(issue(&tickets, 3, Target::Raw), Err(NoTicket::Full));
        assert!(tickets.redeem(&used, NOW, |_| true).is_some());
        assert!(issue(&tickets, 1, Target::Raw).is_ok());
    }

    #[test]
    fn no_token_is_in_memory_in_clear() {
        let tickets = tickets(3, 2);
        issue(&tickets, 1, VIEW).unwrap();
        let rows = tickets.rows();
        let sealed = &rows.tickets.values().next().unwrap().sealed_token;
        assert!(!sealed.windows(5).any(|window| window == b"token"));
    }

    #[test]
    fn an_address_is_read_by_its_frame_alone() {
        let (one, other) = (URL_SAFE_NO_PAD.encode([1; 32]), URL_SAFE_NO_PAD.encode([2; 32]));
        let sealed = link_seal(&one, "https://a.example/x.png").unwrap();
        assert!(!sealed.contains("example"));
        assert_eq!(link_open(&one, &sealed).as_deref(), Some("https://a.example/x.png"));
        assert_eq!(link_open(&other, &sealed), None);
        assert_eq!(link_open(&one, &format!("{sealed}AA")), None);
        assert_ne!(link_seal(&one, "https://a.example/x.png").unwrap(), sealed);
        for wrong in ["", "x", "AAAA"] {
            assert_eq!(link_open(&one, wrong), None);
        }
    }
}
