//! Which rows there are for a reader: of contacts that are shared one by one, and of whole books.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use crate::gateway::Gateway;
use crate::gateway::contacts::copies::{self, CopyKey};
use crate::gateway::contacts::row::binding;
use crate::gateway::contacts::shares::ShareTo;
use crate::gateway::error::{Error, unless_damaged};
use crate::gateway::groups::audience::Reader;
use crate::gateway::records::contact::{BOOK, ContactId, ContactShared, ReaderKey};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::tables::{CONTACT_BOOKS, CONTACT_COPIES, CONTACT_SHARED};
use crate::store::{self, Read};

/// The most rows that one question reads.
pub const ROWS_READ_MAX: usize = 5_000;

/// The most octets that one question reads, and of them those of one owner; the most keys of contacts that
/// are shared one by one that are looked at for one reader, and how many contacts of an owner come before
/// the first of the next one.
pub(super) const OCTETS_READ_MAX: usize = 16 << 20;
pub(super) const OCTETS_OF_ONE_MAX: usize = 4 << 20;
const KEYS_READ_MAX: usize = 20_000;
const TURN: usize = 20;

/// The most address books that one may add to, and are named, and the most that are shared as a whole with
/// one reader and are looked at.
pub(super) const BOOKS_MAX: usize = 50;

/// One row for a reader, and what it is bound to.
pub(super) struct Found {
    pub owner: AccountId,
    pub id: ContactId,
    pub bound: Vec<u8>,
    pub row: ContactShared,
}

/// The rows that a reader has, to whose address books the reader may add, and whether there are more.
#[derive(Default)]
pub(super) struct Rows {
    pub rows: Vec<Found>,
    pub books: BTreeSet<AccountId>,
    pub more: bool,
    pub closed: bool,
}

/// Where a row lies.
#[derive(Clone, Copy)]
enum At {
    Contact(ReaderKey, AccountId, ContactId),
    /// With the fields that the reader may change.
    Copy(CopyKey, u16),
}

impl At {
    fn owner(self) -> AccountId {
        match self {
            At::Contact(_, owner, _) | At::Copy(((_, owner), ..), _) => owner,
        }
    }
}

/// The places of rows, each with its turn: of each owner a share comes first.
#[derive(Default)]
struct Places {
    found: Vec<(usize, At)>,
    of_one: HashMap<AccountId, usize>,
    read: usize,
    more: bool,
}

impl Places {
    fn push(&mut self, at: At) {
        let count = self.of_one.entry(at.owner()).or_default();
        self.found.push((*count / TURN, at));
        *count += 1;
    }

    /// Whether more keys may be looked at.
    fn next(&mut self) -> ControlFlow<()> {
        self.read += 1;
        match self.read < KEYS_READ_MAX {
            true => ControlFlow::Continue(()),
            false => {
                self.more = true;
                ControlFlow::Break(())
            }
        }
    }
}

impl Gateway {
    /// What there is for a reader: of each owner a share first, so that nobody who shares much hides what
    /// others share, and no more octets than one question may hold.
    pub(super) fn contact_shared_rows(&self, reader: &Reader) -> Result<Rows, Error> {
        let (mut found, mut places) = (Rows::default(), Places::default());
        for to in ShareTo::of(reader) {
            places.read = 0;
            self.inner.store.scan_keys(&CONTACT_SHARED, &to.key(), |(to, owner, id)| {
                if owner != reader.account && id == BOOK {
                    found.books.insert(owner);
                } else if owner != reader.account {
                    places.push(At::Contact(to, owner, id));
                }
                places.next()
            })?;
            self.contact_copy_places(reader, to, &mut places)?;
        }
        while found.books.len() > BOOKS_MAX {
            found.books.pop_last();
        }
        found.more = places.more;
        places.found.sort_by_key(|(turn, _)| *turn);
        let (mut octets, mut of_one) = (0, HashMap::<AccountId, usize>::new());
        for (_, at) in places.found {
            if found.rows.len() == ROWS_READ_MAX || octets > OCTETS_READ_MAX {
                found.more = true;
                break;
            }
            let own = of_one.entry(at.owner()).or_default();
            if *own > OCTETS_OF_ONE_MAX {
                found.more = true;
                continue;
            }
            match unless_damaged(self.contact_row_at(at))? {
                Some(None) => {}
                Some(Some(one)) => {
                    *own += one.row.sealed.len();
                    octets += one.row.sealed.len();
                    found.rows.push(one);
                }
                None => found.closed = true,
            }
        }
        Ok(found)
    }

    /// Where the copies of whole books are that one reader has.
    fn contact_copy_places(
        &self,
        reader: &Reader,
        to: ShareTo,
        places: &mut Places,
    ) -> Result<(), Error> {
        let mut grants = Vec::new();
        self.inner.store.scan_readable(&CONTACT_BOOKS, &to.key(), |(to, owner), grant| {
            if grants.len() == BOOKS_MAX {
                places.more = true;
                return ControlFlow::Break(());
            }
            if owner != reader.account {
                grants.push(((to, owner), grant.generation, grant.edit));
            }
            ControlFlow::Continue(())
        })?;
        for (of, generation, edit) in grants {
            // As many of each owner, whatever the others share.
            let mut count = 0;
            self.inner.store.scan_keys(&CONTACT_COPIES, &(of, generation), |key| {
                if count == ROWS_READ_MAX {
                    places.more = true;
                    return ControlFlow::Break(());
                }
                count += 1;
                places.push(At::Copy(key, edit));
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    }

    fn contact_row_at(&self, at: At) -> Result<Option<Found>, store::Error> {
        Ok(match at {
            At::Contact(to, owner, id) => {
                let row = self.inner.store.get(&CONTACT_SHARED, &(to, owner, id))?;
                row.map(|row| Found { owner, id, bound: binding(to, owner, id, row.version), row })
            }
            At::Copy(key, edit) => {
                let ((_, owner), _, id) = key;
                let row = self.inner.store.get(&CONTACT_COPIES, &key)?;
                row.map(|row| {
                    let bound = copies::binding(&key, row.version);
                    Found { owner, id, bound, row: ContactShared { edit, ..row } }
                })
            }
        })
    }
}
