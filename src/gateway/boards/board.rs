//! Boards: making one, saying who may do what there, and deleting it.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use crate::clock::Timestamp;
use crate::gateway::Gateway;
use crate::gateway::actor::Actor;
use crate::gateway::boards::rights::right;
use crate::gateway::contacts::shares::{Named, ShareTo};
use crate::gateway::contacts::sharing::{NamedReader, ReaderView};
use crate::gateway::error::{Conflict, Error, readable};
use crate::gateway::feed::event::EventKind;
use crate::gateway::feed::tx::Tx;
use crate::gateway::groups::about::About;
use crate::gateway::groups::audience::Reader;
use crate::gateway::groups::view::KeysState;
use crate::gateway::keyrings::change::{Earlier, RingChange, RingEdit};
use crate::gateway::keyrings::sealing::{RingKeys, still_sealed_in_tx};
use crate::gateway::records::board::{Board, BoardGrant};
use crate::gateway::records::ids::{AccountId, BoardId, GroupId, RingId};
use crate::gateway::records::keyring::{RingEntry, RingUnder};
use crate::gateway::records::membership::groups_of;
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{ACCOUNTS, BOARDS, RING_ENTRIES, TEMPORARY};
use crate::gateway::text::{hex, parse_hex};
use crate::store::Read;
use crate::terms::BoardRight;
use crate::vault::{self, RingSecret};

/// The most boards of a site, and the most grants of one board.
pub const BOARDS_MAX: usize = 1_000;
/// The most boards that one account makes.
pub const BOARDS_OF_ONE_MAX: usize = 20;
pub const GRANTS_MAX: usize = 200;

/// How often something is tried again when it was changed meanwhile.
const TRIES: usize = 5;

pub(super) const NO_BOARD: Error = Error::NotFound { what: "board" };

/// What somebody is to be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedGrant {
    pub to: NamedReader,
    pub right: BoardRight,
}

/// A board that is to be made; its author manages it.
#[derive(Clone, Debug)]
pub struct NewBoard {
    pub about: About,
    pub shows_earlier: bool,
    pub grants: Vec<WantedGrant>,
}

/// What is to be changed; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct BoardEdit {
    pub about: Option<About>,
    pub shows_earlier: Option<bool>,
    pub grants: Option<Vec<WantedGrant>>,
}

/// How many people have a right: everybody inside, or so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum People {
    Everybody,
    Some(usize),
}

/// A board, as somebody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardView {
    pub id: BoardId,
    /// `None` if it cannot be opened, or not yet.
    pub about: Option<About>,
    pub right: BoardRight,
    pub version: u32,
    pub shows_earlier: bool,
    pub readers: People,
    pub writers: People,
    /// How many topics have posts that the actor has not read.
    pub unread: usize,
    /// How many of those the actor follows.
    pub followed: usize,
}

/// A right, as managers of the board see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantView {
    pub reader: ReaderView,
    pub right: BoardRight,
    /// Whether it is the actor's own.
    pub own: bool,
}

/// A board with who may do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardDetail {
    pub view: BoardView,
    pub keys: KeysState,
    /// Empty for those who do not manage the board.
    pub grants: Vec<GrantView>,
}

/// The boards that somebody reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardList {
    pub items: Vec<BoardView>,
    pub may_create: bool,
}

/// A board that the actor reads, with what decides there.
pub(super) struct Seen {
    pub id: BoardId,
    pub row: Board,
    pub right: BoardRight,
    pub reader: Reader,
}

/// What was asked about groups and accounts while people were counted, once for each.
#[derive(Default)]
pub(super) struct Counted {
    members: HashMap<GroupId, Vec<AccountId>>,
    able: HashMap<AccountId, bool>,
}

impl Seen {
    /// Refuses what needs a higher right.
    pub fn needs(&self, right: BoardRight) -> Result<(), Error> {
        has(self.right, right)
    }
}

pub(super) fn has(found: BoardRight, needed: BoardRight) -> Result<(), Error> {
    match found >= needed {
        true => Ok(()),
        false => Err(Error::Denied { reason: "the board does not allow you that" }),
    }
}

fn about_binding(board: BoardId, under: RingUnder) -> Vec<u8> {
    let (ring, epoch) = (under.ring.0, under.epoch.to_be_bytes());
    [b"board about\0".as_slice(), &board.0, &ring, &epoch].concat()
}

/// What decides about somebody, asked in the transaction that writes. The account must be able to sign in.
pub(super) fn reader_in_tx(
    tx: &Tx<'_, '_>,
    account: AccountId,
    now: Timestamp,
) -> Result<Reader, Error> {
    let is_able = tx.get(&ACCOUNTS, &account)?.is_some_and(|row| !row.disabled);
    let inside = is_able && !tx.has(&TEMPORARY, &account)?;
    let groups = groups_of(&**tx, account, now)?.into_iter().collect();
    Ok(Reader { account, inside, groups })
}

/// The board and the right of who acts, as they are in the transaction; nobody else finds the board.
pub(super) fn allowed_in_tx(
    tx: &Tx<'_, '_>,
    id: BoardId,
    reader: (AccountId, Timestamp),
    needed: BoardRight,
) -> Result<(Board, BoardRight), Error> {
    let row = tx.get(&BOARDS, &id)?.filter(|row| !row.ending).ok_or(NO_BOARD)?;
    let found = right(&row.grants, &reader_in_tx(tx, reader.0, reader.1)?).ok_or(NO_BOARD)?;
    has(found, needed)?;
    Ok((row, found))
}

impl Gateway {
    /// The boards that the actor reads.
    pub fn board_list(&self, actor: &Actor) -> Result<BoardList, Error> {
        let boards = self.boards_seen(actor)?;
        let (mut keys, mut counted) = (RingKeys::default(), Counted::default());
        let mut items = Vec::with_capacity(boards.len());
        for seen in boards {
            items.push(self.board_view(actor, (&mut keys, &mut counted), &seen)?);
        }
        items.sort_by_cached_key(|one| {
            let name = one.about.as_ref().map(|about| about.name.to_lowercase());
            (name.is_none(), name, one.id)
        });
        Ok(BoardList { items, may_create: self.may(actor, self.inner.settings.groups_by) })
    }

    /// All boards that the actor reads.
    pub(super) fn boards_seen(&self, actor: &Actor) -> Result<Vec<Seen>, Error> {
        inside(actor)?;
        let reader = self.reader_facts(actor)?;
        let mut found = Vec::new();
        self.inner.store.scan_readable(&BOARDS, &(), |id, row| {
            if let Some(right) = right(&row.grants, &reader).filter(|_| !row.ending) {
                found.push(Seen { id, row, right, reader: reader.clone() });
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// A board, and who may do what there, for those who manage it.
    pub fn board(&self, actor: &Actor, id: &str) -> Result<BoardDetail, Error> {
        let mut seen = self.board_seen(actor, id)?;
        if let Err(error) = self.board_entries_tend(actor, &seen) {
            tracing::debug!(%error, "the keys of a board were not handed on");
        }
        if let Err(error) = self.board_about_tend(actor, &seen) {
            tracing::debug!(%error, "the name of a board was not sealed anew");
        }
        seen = self.board_seen(actor, id)?;
        let view =
            self.board_view(actor, (&mut RingKeys::default(), &mut Counted::default()), &seen)?;
        let mut grants = Vec::new();
        if seen.right == BoardRight::Manage {
            let asker = self.asker(actor.account())?;
            for grant in &seen.row.grants {
                let to = share_to(grant.to);
                let reader = self.contact_reader_view(actor, &asker, (to, &Named::new()))?;
                let own = grant.to == RingEntry::Account(actor.account());
                grants.push(GrantView { reader, right: grant.right, own });
            }
        }
        let keys = self.keyring_state(actor, seen.row.ring)?;
        Ok(BoardDetail { view, keys, grants })
    }

    /// Takes keys of a board that nothing proves for its own, because other readers said that they began them.
    pub fn board_keys_accept(&self, actor: &Actor, id: &str) -> Result<BoardDetail, Error> {
        let seen = self.board_seen(actor, id)?;
        self.keyring_accept(actor, seen.row.ring)?;
        self.board(actor, id)
    }

    /// The board, if the actor may know of it.
    pub(super) fn board_seen(&self, actor: &Actor, id: &str) -> Result<Seen, Error> {
        let id = BoardId(parse_hex(id).ok_or(NO_BOARD)?);
        self.board_seen_by_id(actor, id)
    }

    pub(super) fn board_seen_by_id(&self, actor: &Actor, id: BoardId) -> Result<Seen, Error> {
        inside(actor)?;
        let row = self.inner.store.get(&BOARDS, &id)?.filter(|row| !row.ending).ok_or(NO_BOARD)?;
        let reader = self.reader_facts(actor)?;
        let right = right(&row.grants, &reader).ok_or(NO_BOARD)?;
        Ok(Seen { id, row, right, reader })
    }

    fn board_view(
        &self,
        actor: &Actor,
        (keys, counted): (&mut RingKeys, &mut Counted),
        seen: &Seen,
    ) -> Result<BoardView, Error> {
        let Seen { id, row, right, .. } = seen;
        let (unread, followed) = self.board_unread(seen)?;
        Ok(BoardView {
            id: *id,
            about: self.board_about(actor, keys, (*id, row))?,
            right: *right,
            version: row.version,
            shows_earlier: row.shows_earlier,
            readers: self.board_people(counted, row, BoardRight::Read)?,
            writers: self.board_people(counted, row, BoardRight::Write)?,
            unread,
            followed,
        })
    }

    /// The name and the description, if the actor opens them.
    fn board_about(
        &self,
        actor: &Actor,
        keys: &mut RingKeys,
        (id, row): (BoardId, &Board),
    ) -> Result<Option<About>, Error> {
        let secret = match self.keyring_opening_in(actor, keys, row.about_under) {
            Ok(secret) => secret,
            Err(error) => return not_open(error),
        };
        let plain = secret.open(&about_binding(id, row.about_under), &row.sealed_about);
        match plain {
            Ok(plain) => readable(sealed_form::read(BOARDS.name, &plain)),
            Err(_) => Ok(None),
        }
    }

    /// Seals the name anew where another epoch began, so that who was added later reads it.
    fn board_about_tend(&self, actor: &Actor, seen: &Seen) -> Result<(), Error> {
        let (under, secret) = self.keyring_sealing(actor, seen.row.ring)?;
        if under == seen.row.about_under {
            return Ok(());
        }
        let found = self.board_about(actor, &mut RingKeys::default(), (seen.id, &seen.row))?;
        let Some(about) = found else { return Ok(()) };
        let (id, before) = (seen.id, seen.row.about_under);
        let sealed = about_sealed(id, (under, &secret), &about)?;
        let done = self.transact(move |tx| {
            let Some(mut row) = tx.get(&BOARDS, &id)? else { return Ok(()) };
            if row.about_under != before {
                return Ok(());
            }
            still_sealed_in_tx(&**tx, under)?;
            (row.sealed_about, row.about_under) = (sealed.clone(), under);
            Ok(tx.put(&BOARDS, &id, &row)?)
        });
        done.wait()
    }

    /// How many people have a right.
    pub(super) fn board_people(
        &self,
        counted: &mut Counted,
        row: &Board,
        needed: BoardRight,
    ) -> Result<People, Error> {
        let mut people = BTreeSet::new();
        for grant in row.grants.iter().filter(|grant| grant.right >= needed) {
            match grant.to {
                RingEntry::Group(GroupId::EVERYBODY) => return Ok(People::Everybody),
                RingEntry::Group(group) => {
                    let members = match counted.members.entry(group) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(unknown) => unknown.insert(self.group_members(group)?),
                    };
                    people.extend(members.iter().copied());
                }
                RingEntry::Account(account) => drop(people.insert(account)),
            }
        }
        let mut count = 0;
        for account in people {
            let is_able = match counted.able.entry(account) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => *unknown.insert(self.group_able(account)?),
            };
            count += usize::from(is_able);
        }
        Ok(People::Some(count))
    }

    /// Makes a board, which the actor manages.
    pub fn board_create(&self, actor: &Actor, new: NewBoard) -> Result<BoardDetail, Error> {
        inside(actor)?;
        if !self.may(actor, self.inner.settings.groups_by) {
            return Err(Error::Denied { reason: "only managers of the site create boards" });
        }
        let about = new.about.checked_as("a board")?;
        let own = BoardGrant { to: RingEntry::Account(actor.account()), right: BoardRight::Manage };
        let grants = self.grants_wanted(actor, &[own], &new.grants)?;
        let (id, ring) = (BoardId(vault::random_bytes()?), RingId(vault::random_bytes()?));
        let (shows_earlier, now) = (new.shows_earlier, self.inner.clock.now());
        let account = actor.account();
        self.boards_retry(|| {
            let entries: Vec<RingEntry> = grants.iter().map(|grant| grant.to).collect();
            let earlier = earlier_of(shows_earlier);
            let (keyring, under, secret) = self.keyring_new(actor, ring, &entries, earlier)?;
            let row = Board {
                created: now,
                by: account,
                version: 0,
                ring,
                shows_earlier,
                grants: grants.clone(),
                sealed_about: about_sealed(id, (under, &secret), &about)?,
                about_under: under,
                posts: 0,
                topics: 0,
                octets: 0,
                ending: false,
                ending_topics: Vec::new(),
            };
            let done = self.transact(move |tx| {
                within_in_tx(tx, account)?;
                keyring.store_in_tx(tx)?;
                still_sealed_in_tx(&**tx, under)?;
                Ok(tx.put(&BOARDS, &id, &row)?)
            });
            done.wait()
        })?;
        self.board_publish(id);
        self.board(actor, &hex(&id.0))
    }

    /// Changes a board that still has the version that the actor saw.
    pub fn board_change(
        &self,
        actor: &Actor,
        id: &str,
        version: u32,
        edit: &BoardEdit,
    ) -> Result<BoardDetail, Error> {
        let about = edit.about.clone().map(|about| about.checked_as("a board")).transpose()?;
        self.boards_retry(|| self.board_change_once(actor, id, version, (edit, about.as_ref())))?;
        let detail = self.board(actor, id)?;
        self.board_publish(detail.view.id);
        Ok(detail)
    }

    fn board_change_once(
        &self,
        actor: &Actor,
        id: &str,
        version: u32,
        (edit, about): (&BoardEdit, Option<&About>),
    ) -> Result<(), Error> {
        let seen = self.board_seen(actor, id)?;
        seen.needs(BoardRight::Manage)?;
        if seen.row.version != version {
            return Err(Error::Conflict(Conflict::EditedElsewhere));
        }
        let grants = match &edit.grants {
            Some(wanted) => self.grants_wanted(actor, &seen.row.grants, wanted)?,
            None => seen.row.grants.clone(),
        };
        // Who manages the board does not lock the door from outside.
        if right(&grants, &seen.reader) != Some(BoardRight::Manage) {
            return Err(Error::Conflict(Conflict::LastGroupManager));
        }
        let sealed = match about {
            Some(about) => {
                let (under, secret) = self.keyring_sealing(actor, seen.row.ring)?;
                Some((about_sealed(seen.id, (under, &secret), about)?, under))
            }
            None => None,
        };
        let shows_earlier = edit.shows_earlier.unwrap_or(seen.row.shows_earlier);
        let change = self.board_ring_change(actor, &seen.row, (&grants, shows_earlier))?;
        let (id, who) = (seen.id, (actor.account(), self.inner.clock.now()));
        let done = self.transact(move |tx| {
            let (mut row, _) = allowed_in_tx(tx, id, who, BoardRight::Manage)?;
            if row.version != version {
                return Err(Error::Conflict(Conflict::EditedElsewhere));
            }
            if let Some((sealed, under)) = &sealed {
                still_sealed_in_tx(&**tx, *under)?;
                (row.sealed_about, row.about_under) = (sealed.clone(), *under);
            }
            if let Some(change) = &change {
                change.store_in_tx(tx)?;
            }
            row.grants.clone_from(&grants);
            row.shows_earlier = shows_earlier;
            row.version = row.version.wrapping_add(1);
            Ok(tx.put(&BOARDS, &id, &row)?)
        });
        done.wait()
    }

    /// What a change of the grants does to the keyring; `None` if its entries stay.
    fn board_ring_change(
        &self,
        actor: &Actor,
        row: &Board,
        (grants, shows_earlier): (&[BoardGrant], bool),
    ) -> Result<Option<RingChange>, Error> {
        let of = |grants: &[BoardGrant]| -> BTreeSet<RingEntry> {
            grants.iter().map(|grant| grant.to).collect()
        };
        let (before, after) = (of(&row.grants), of(grants));
        // A manager whom an administrator named may not be in it yet.
        let own = RingEntry::Account(actor.account());
        let is_in = self.inner.store.has(&RING_ENTRIES, &(row.ring, own))?;
        let named = after.contains(&own) && !is_in;
        let edit = RingEdit {
            add: after.difference(&before).copied().chain(named.then_some(own)).collect(),
            remove: before.difference(&after).copied().collect(),
            earlier: (shows_earlier != row.shows_earlier).then_some(earlier_of(shows_earlier)),
        };
        if edit.add.is_empty() && edit.remove.is_empty() && edit.earlier.is_none() {
            return Ok(None);
        }
        self.keyring_change(actor, row.ring, &edit).map(Some)
    }

    /// The grants as somebody names them. The own one stays as it is if it is not named.
    fn grants_wanted(
        &self,
        actor: &Actor,
        before: &[BoardGrant],
        wanted: &[WantedGrant],
    ) -> Result<Vec<BoardGrant>, Error> {
        let known: BTreeSet<ShareTo> = before.iter().map(|grant| share_to(grant.to)).collect();
        let own = RingEntry::Account(actor.account());
        let mut grants: Vec<BoardGrant> = Vec::with_capacity(wanted.len() + 1);
        for WantedGrant { to, right } in wanted {
            let to =
                self.contact_reader_named(actor, to, (&known, &Named::new()), &mut Named::new())?;
            let grant = BoardGrant { to: entry_of(to), right: *right };
            match grants.iter_mut().find(|one| one.to == grant.to) {
                Some(twice) => twice.right = twice.right.max(grant.right),
                None => grants.push(grant),
            }
        }
        let is_named = grants.iter().any(|grant| grant.to == own);
        let kept = before.iter().filter(|grant| grant.to == own && !is_named);
        grants.extend(kept.copied());
        match grants.len() <= GRANTS_MAX {
            true => Ok(grants),
            false => Err(Error::OverQuota),
        }
    }

    /// Those of a board's readers who are listening.
    pub(super) fn board_listeners(&self, row: &Board) -> Result<Vec<AccountId>, Error> {
        let mut found = Vec::new();
        for account in self.inner.events.listening() {
            let asker = self.asker(account)?;
            let reader = Reader { account, inside: asker.inside, groups: asker.groups };
            found.extend(right(&row.grants, &reader).map(|_| account));
        }
        Ok(found)
    }

    pub(super) fn board_publish(&self, id: BoardId) {
        let row = self.inner.store.get(&BOARDS, &id).ok().flatten();
        if let Some(listeners) = row.and_then(|row| self.board_listeners(&row).ok()) {
            self.boards_publish(&listeners);
        }
    }

    /// Tells the listeners of these accounts that something on their boards changed.
    pub(super) fn boards_publish(&self, accounts: &[AccountId]) {
        for account in accounts {
            self.publish(*account, EventKind::Boards, self.modseq(*account));
        }
    }

    /// Tries again what was prepared for keys or rows that changed meanwhile.
    pub(super) fn boards_retry<T>(
        &self,
        mut work: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        for _ in 1..TRIES {
            match work() {
                Err(Error::Busy) => {}
                done => return done,
            }
        }
        work()
    }
}

/// Refuses one board more than there may be, at the site or of one account.
fn within_in_tx(tx: &Tx<'_, '_>, account: AccountId) -> Result<(), Error> {
    let (mut all, mut own) = (0, 0);
    tx.scan_readable(&BOARDS, &(), |_, row| {
        all += 1;
        own += usize::from(row.by == account);
        ControlFlow::Continue(())
    })?;
    match all < BOARDS_MAX && own < BOARDS_OF_ONE_MAX {
        true => Ok(()),
        false => Err(Error::OverQuota),
    }
}

/// Nothing, where something cannot be opened, or not yet.
pub(super) fn not_open<T>(error: Error) -> Result<Option<T>, Error> {
    match error {
        Error::Conflict(_) | Error::KeysDiffer | Error::NotFound { .. } => Ok(None),
        error => Err(error),
    }
}

/// Boards are for people inside. To anybody else, none is there.
pub(super) fn inside(actor: &Actor) -> Result<(), Error> {
    match actor.is_temporary() || actor.behind().is_some() {
        true => Err(NO_BOARD),
        false => Ok(()),
    }
}

fn about_sealed(
    id: BoardId,
    (under, secret): (RingUnder, &RingSecret),
    about: &About,
) -> Result<Vec<u8>, Error> {
    Ok(secret.seal(&about_binding(id, under), &sealed_form::octets_of(about)?)?)
}

fn earlier_of(shows: bool) -> Earlier {
    if shows { Earlier::Shown } else { Earlier::Hidden }
}

fn share_to(entry: RingEntry) -> ShareTo {
    match entry {
        RingEntry::Account(account) => ShareTo::Person(account),
        RingEntry::Group(group) => ShareTo::Group(group),
    }
}

pub(super) fn entry_of(to: ShareTo) -> RingEntry {
    match to {
        ShareTo::Person(account) => RingEntry::Account(account),
        ShareTo::Group(group) => RingEntry::Group(group),
    }
}
