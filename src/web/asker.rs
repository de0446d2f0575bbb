//! Who asks: the account of a request, or, as long as that is not known, the network that it came
//! from. What a request takes counts against the share of that holder.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::gateway::AccountId;
use crate::net::listen::network_of;
use crate::net::shares::Held;

/// Whose share something is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    Account(AccountId),
    /// Everybody in this network who is not signed in.
    Network(IpAddr),
}

/// Who asks. Clones are the same.
#[derive(Clone)]
pub struct Asker(Arc<Inner>);

struct Inner {
    network: IpAddr,
    account: OnceLock<AccountId>,
    /// The memory of the request's body, returned at the end of the request.
    body: Mutex<Option<Held<Holder>>>,
}

impl Asker {
    pub fn new(peer: IpAddr) -> Asker {
        let network = network_of(peer);
        Asker(Arc::new(Inner { network, account: OnceLock::new(), body: Mutex::default() }))
    }

    /// Says whose request it is, once that is known.
    pub fn is(&self, account: AccountId) {
        let _ = self.0.account.set(account);
    }

    pub fn holder(&self) -> Holder {
        match self.0.account.get() {
            Some(account) => Holder::Account(*account),
            None => Holder::Network(self.0.network),
        }
    }

    /// Keeps what the request's body takes until the request is answered.
    pub fn keep(&self, body: Held<Holder>) {
        *self.0.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }
}
