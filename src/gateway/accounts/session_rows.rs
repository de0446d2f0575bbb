//! The records of sessions, for transactions that end them or require one.

use std::ops::ControlFlow;

use crate::gateway::accounts::known_browser;
use crate::gateway::error::Error;
use crate::gateway::records::account::SessionRef;
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{SESSION_IDS, SESSIONS};
use crate::store::{Order, Read, Tx};

/// Fails if the session was ended since.
pub(in crate::gateway) fn open_in_tx(
    tx: &Tx<'_>,
    account: AccountId,
    session: [u8; 16],
) -> Result<(), Error> {
    if tx.has(&SESSION_IDS, &(account, session))? { Ok(()) } else { Err(Error::Refused) }
}

/// Ends every session of an account but the one that stays, and forgets the browsers of the others.
pub(in crate::gateway) fn end_others_in_tx(
    tx: &mut Tx<'_>,
    account: AccountId,
    keeps: Option<[u8; 16]>,
) -> Result<(), Error> {
    known_browser::forget_of_in_tx(tx, account, |session| Some(session) != keeps)?;
    let mut others = Vec::new();
    tx.scan(&SESSION_IDS, &account, Order::Ascending, |(_, id), SessionRef(key)| {
        if Some(id) != keeps {
            others.push((id, key));
        }
        ControlFlow::Continue(())
    })?;
    for (id, key) in others {
        tx.delete(&SESSIONS, &key);
        tx.delete(&SESSION_IDS, &(account, id));
    }
    Ok(())
}
