//! Contacts that are shared, and changed by others.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::copies;
use super::row::binding;
use super::shared::SharedQuery;
use super::shares::{Field, Fields, Projection, ShareTo};
use super::sharing::{NamedReader, WantedShare};
use super::stored::ContactPatch;
use super::taking::EditAnswer;
use super::tests::{contact, counted, names};
use crate::gateway::group_tests::{add, created, gateway_of, group_id, new_group, put};
use crate::gateway::groups::epochs::{chain_binding, wrap_binding};
use crate::gateway::groups::group::NewGroup;
use crate::gateway::records::contact::{
    ContactEdit, ContactId, ContactShared, EDIT_WAITS, EditKind, EditOutcome,
};
use crate::gateway::records::group::GroupWrap;
use crate::gateway::records::ids::{AccountId, GroupId};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{
    CONTACT_COPIES, CONTACT_EDITS, CONTACT_SHARED, GROUP_EPOCHS, GROUP_WRAPS,
};
use crate::gateway::tests::sign_in;
use crate::gateway::text::parse_hex;
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::mail::contacts::{Contact, Way};
use crate::mail::reference::Reference;
use crate::store::Read;
use crate::terms::GroupKind;
use crate::vault::{self, GroupSecret};

pub(super) fn fields(fields: &[Field]) -> Fields {
    fields.iter().copied().collect()
}

pub(super) fn person(name: &str, read: &[Field], edit: &[Field]) -> WantedShare {
    let to = NamedReader::Person(format!("{name}@example.org"));
    WantedShare { to, read: fields(read), edit: fields(edit) }
}

fn of_group(group: &str, read: &[Field]) -> WantedShare {
    let to = NamedReader::Group(group.to_owned());
    WantedShare { to, read: fields(read), edit: Fields::default() }
}

/// Each field says its own name.
pub(super) fn whole() -> Contact {
    let way = |value: &str| vec![Way { label: String::new(), value: value.to_owned() }];
    let mut whole = contact("the-name", "emails@a.example");
    whole.work.company = "the-work".to_owned();
    (whole.phones, whole.urls, whole.own) = (way("the-phones"), way("the-urls"), way("the-own"));
    whole.notes = "the-notes".to_owned();
    whole.birthday = "1980-05-04".to_owned();
    whole.labels = vec!["the-labels".to_owned()];
    whole
}

pub(super) fn share(gateway: &Gateway, dana: &Actor, id: &str, shares: &[WantedShare]) {
    let version = gateway.contact(dana, id).unwrap().version;
    gateway.contact_share(dana, id, version, shares).unwrap();
}

/// What somebody finds among the contacts of others.
pub(super) fn found(gateway: &Gateway, actor: &Actor, text: &str) -> (Vec<String>, usize, usize) {
    let query = SharedQuery { text: text.to_owned(), offset: 0, limit: 100 };
    let page = gateway.contacts_shared(actor, &query).unwrap();
    assert!(!page.closed && !page.more);
    let shown = page.items.iter().map(|item| item.contact.shown()).collect();
    (shown, page.total, page.all)
}

pub(super) fn missing<T: std::fmt::Debug>(found: Result<T, Error>) {
    assert!(matches!(found, Err(Error::NotFound { .. })), "{found:?}");
}

/// P-52, P-53, P-54.
#[test]
fn a_reader_sees_what_was_shared_and_nothing_else() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let yael = sign_in(&gateway, "yael");
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let hidden = gateway.contact_create(&dana, contact("Hidden", "hidden@a.example")).unwrap().id;
    let owner = dana.account().to_text();
    missing(gateway.contact_shared(&omar, &owner, &zoe));
    share(&gateway, &dana, &zoe, &[person("omar", &[Field::Name, Field::Phones], &[])]);
    let seen = gateway.contact_shared(&omar, &owner, &zoe).unwrap();
    assert_eq!(seen.fields, fields(&[Field::Name, Field::Phones]));
    assert_eq!((seen.owner.address.as_str(), seen.edit), ("dana@example.org", Fields::default()));
    let said = format!("{:?}", seen.contact);
    assert!(said.contains("the-name") && said.contains("the-phones"), "{said}");
    for hidden in ["emails@", "the-work", "the-urls", "the-own", "the-notes", "the-labels", "1980"]
    {
        assert!(!said.contains(hidden), "{hidden}");
    }
    assert_eq!(found(&gateway, &omar, ""), (vec!["the-name".to_owned()], 1, 1));
    assert_eq!(found(&gateway, &omar, "the-phones").1, 1);
    for text in ["emails", "the-notes", "the-own", "hidden", "the-labels"] {
        assert_eq!(found(&gateway, &omar, text), (vec![], 0, 1), "{text}");
    }
    // Of one that is hidden, of one that never was, and of somebody else's: the same.
    missing(gateway.contact_shared(&omar, &owner, &hidden));
    missing(gateway.contact_shared(&omar, &owner, &"0".repeat(32)));
    missing(gateway.contact_shared(&yael, &owner, &zoe));
    missing(gateway.contact(&omar, &zoe));
    missing(gateway.contact_sharing(&omar, &zoe));
    assert_eq!(names(&gateway, &omar, ""), [""; 0], "it is not in the own address book");
    assert_eq!(found(&gateway, &yael, ""), (vec![], 0, 0));
    // A change of the contact is seen; what is no longer shared is gone.
    let patch = ContactPatch { phones: Some(vec![]), ..ContactPatch::default() };
    let version = gateway.contact(&dana, &zoe).unwrap().version;
    gateway.contact_change(&dana, &zoe, version, &patch).unwrap();
    assert!(gateway.contact_shared(&omar, &owner, &zoe).unwrap().contact.phones.is_empty());
    gateway.contact_delete(&dana, &zoe).unwrap();
    missing(gateway.contact_shared(&omar, &owner, &zoe));
    gateway.contact_restore(&dana, &zoe).unwrap();
    gateway.contact_shared(&omar, &owner, &zoe).unwrap();
    counted(&gateway, &dana);
    share(&gateway, &dana, &zoe, &[]);
    missing(gateway.contact_shared(&omar, &owner, &zoe));
    let mut rows = 0;
    let count = |_| {
        rows += 1;
        ControlFlow::Continue(())
    };
    gateway.store().scan_keys(&CONTACT_SHARED, &(), count).unwrap();
    assert_eq!(rows, 0);
    counted(&gateway, &dana);
}

/// P-52: who is in the group sees it, and who was removed does not at the next request.
#[test]
fn a_group_reads_while_one_is_in_it() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let owner = dana.account().to_text();
    share(&gateway, &dana, &zoe, &[of_group(&group, &[Field::Name, Field::Notes])]);
    let seen = gateway.contact_shared(&omar, &owner, &zoe).unwrap();
    assert_eq!((seen.contact.notes.as_str(), seen.contact.emails.len()), ("the-notes", 0));
    // By name and through the group: both together.
    let both = [of_group(&group, &[Field::Name, Field::Notes]), person("omar", &[Field::Own], &[])];
    share(&gateway, &dana, &zoe, &both);
    let seen = gateway.contact_shared(&omar, &owner, &zoe).unwrap();
    assert_eq!(seen.fields, fields(&[Field::Name, Field::Notes, Field::Own]));
    share(&gateway, &dana, &zoe, &both[..1]);
    gateway.group_member_remove(&dana, &group, &omar.account().to_text()).unwrap();
    missing(gateway.contact_shared(&omar, &owner, &zoe));
    assert_eq!(found(&gateway, &omar, ""), (vec![], 0, 0));
    // A group that one is not in can be given nothing.
    let yael = sign_in(&gateway, "yael");
    let own = gateway.contact_create(&yael, whole()).unwrap();
    missing(gateway.contact_share(&yael, &own.id, own.version, &both[..1]));
    let everybody = WantedShare { to: NamedReader::Everybody, ..of_group("", &[Field::Name]) };
    share(&gateway, &yael, &own.id, &[everybody]);
    // Nobody wrapped the keys of everybody inside for her yet: it is said, and done as soon as it can be.
    let view = gateway.contact_sharing(&yael, &own.id).unwrap();
    assert_eq!(view.shares[0].reader.to, ShareTo::Group(GroupId::EVERYBODY));
    assert!(!view.shares[0].sealed);
    assert_eq!(found(&gateway, &omar, ""), (vec![], 0, 0));
    for actor in [&omar, &dana] {
        gateway.groups_tend(actor).unwrap();
    }
    let view = gateway.contact_sharing(&yael, &own.id).unwrap();
    assert!(view.shares[0].sealed);
    assert_eq!(view.version, gateway.contact(&yael, &own.id).unwrap().version);
    assert_eq!(found(&gateway, &omar, ""), (vec!["the-name".to_owned()], 1, 1));
    counted(&gateway, &yael);
    gateway.group_delete(&dana, &group).unwrap();
    let mut keys = Vec::new();
    let keep = |key| {
        keys.push(key);
        ControlFlow::Continue(())
    };
    gateway.store().scan_keys(&CONTACT_SHARED, &group_id(&group).0, keep).unwrap();
    assert_eq!(keys, []);
}

/// P-54: with the raw rows in hand, a reader's key opens what was granted, and no other field.
#[test]
fn a_readers_key_opens_no_field_that_was_not_granted() {
    let people = ["dana", "omar", "yael", "noam"];
    let gateway = gateway_of(&["yael", "noam"]);
    let actors: Vec<Actor> = people.iter().map(|name| sign_in(&gateway, name)).collect();
    let group = created(&gateway, &actors[0]);
    add(&gateway, &actors[0], &group, "omar");
    add(&gateway, &actors[0], &group, "yael");
    let mut granted: BTreeMap<(AccountId, ContactId), u16> = BTreeMap::new();
    let mut random = 7_u32;
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) % below
    };
    for _ in 0..12 {
        let made = gateway.contact_create(&actors[0], whole()).unwrap();
        let key = parse_hex(&made.id).unwrap();
        let mut shares = Vec::new();
        for (actor, name) in actors.iter().zip(people).skip(1).take(3) {
            let read = Fields(u16::try_from(next(0x800)).unwrap() & Fields::all().0);
            *granted.entry((actor.account(), key)).or_default() |= read.0;
            shares.push(WantedShare { read, ..person(name, &[], &[]) });
        }
        let read = Fields(u16::try_from(next(0x800)).unwrap() & Fields::all().0);
        for actor in &actors[1..3] {
            *granted.entry((actor.account(), key)).or_default() |= read.0;
        }
        shares.push(WantedShare { read, ..of_group(&group, &[]) });
        gateway.contact_share(&actors[0], &made.id, made.version, &shares).unwrap();
    }
    // Two of them read the whole book besides.
    let of_book = fields(&[Field::Birthday]);
    let grants = ["omar", "noam"].map(|name| person(name, &[Field::Birthday], &[]));
    gateway.contact_book_share(&actors[0], 0, &grants).unwrap();
    for ((account, _), fields) in &mut granted {
        if [actors[1].account(), actors[3].account()].contains(account) {
            *fields |= of_book.0;
        }
    }
    let rows = raw_rows(&gateway);
    assert!(rows.len() > 50);
    for actor in &actors[1..] {
        // What the account's own keys open of all that was wrapped for anybody, without asking the server.
        let epochs = epochs_opened(&gateway, actor);
        let mut opened: BTreeMap<ContactId, u16> = BTreeMap::new();
        for (id, bound, row) in &rows {
            let plain = match row.under {
                None => actor
                    .secret()
                    .epoch_open(&row.encapsulation, bound)
                    .and_then(|epoch| epoch.open_summary(bound, &row.sealed)),
                Some(_) => {
                    let mut tried = epochs.iter().map(|epoch| epoch.open(bound, &row.sealed));
                    tried.find(Result::is_ok).unwrap_or(Err(vault::Error::Refused))
                }
            };
            let Ok(plain) = plain else { continue };
            let part: Projection = sealed_form::read("", &plain).unwrap();
            let said = format!("{:?}", part.contact);
            for (field, says) in [
                (Field::Name, "the-name"),
                (Field::Work, "the-work"),
                (Field::Emails, "emails@"),
                (Field::Phones, "the-phones"),
                (Field::Urls, "the-urls"),
                (Field::Birthday, "1980"),
                (Field::Notes, "the-notes"),
                (Field::Own, "the-own"),
            ] {
                assert_eq!(said.contains(says), part.fields.has(field), "{says}");
            }
            assert!(!said.contains("the-labels"));
            *opened.entry(*id).or_default() |= part.fields.0;
        }
        for ((account, contact), fields) in &granted {
            if *account == actor.account() {
                assert_eq!(opened.remove(contact).unwrap_or_default(), *fields);
            }
        }
        assert!(opened.is_empty());
    }
}

/// All rows that are sealed for readers, with what each is bound to.
fn raw_rows(gateway: &Gateway) -> Vec<(ContactId, Vec<u8>, ContactShared)> {
    let mut rows = Vec::new();
    let keep = |(to, owner, id): (_, AccountId, ContactId), row: ContactShared| {
        rows.push((id, binding(to, owner, id, row.version), row));
        ControlFlow::Continue(())
    };
    gateway.store().scan_readable(&CONTACT_SHARED, &(), keep).unwrap();
    let keep = |key: copies::CopyKey, row: ContactShared| {
        rows.push((key.2, copies::binding(&key, row.version), row));
        ControlFlow::Continue(())
    };
    gateway.store().scan_readable(&CONTACT_COPIES, &(), keep).unwrap();
    rows
}

/// The keys of groups that an account opens, of all wraps that lie in the store, whomever they are for,
/// and of all epochs to which these lead back.
fn epochs_opened(gateway: &Gateway, actor: &Actor) -> Vec<GroupSecret> {
    let mut wraps = Vec::new();
    let keep = |key, wrap: GroupWrap| {
        wraps.push((key, wrap));
        ControlFlow::Continue(())
    };
    gateway.store().scan_readable(&GROUP_WRAPS, &(), keep).unwrap();
    let mut found = Vec::new();
    for ((group, member, epoch), wrap) in wraps {
        let bound = wrap_binding(group, epoch, member);
        let Ok(mut secret) = actor.secret().group_open(&wrap.wrapped, &bound) else { continue };
        for number in (1..=epoch).rev() {
            let row = gateway.store().get(&GROUP_EPOCHS, &(group, number)).unwrap();
            let earlier = row.and_then(|row| row.sealed_earlier);
            let earlier =
                earlier.map(|one| secret.open_earlier(&chain_binding(group, number), &one));
            found.push(secret);
            match earlier {
                Some(Ok(earlier)) => secret = earlier,
                _ => break,
            }
        }
    }
    found
}

pub(super) fn notes(text: &str) -> ContactPatch {
    ContactPatch { notes: Some(text.to_owned()), ..ContactPatch::default() }
}

pub(super) fn outcomes(gateway: &Gateway, dana: &Actor) -> Vec<EditOutcome> {
    gateway.contact_edits_take(dana).unwrap();
    gateway.contact_edits(dana).unwrap().into_iter().rev().map(|edit| edit.outcome).collect()
}

/// P-55.
#[test]
fn a_delegate_changes_what_was_granted_and_the_owner_sees_who() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let owner = dana.account().to_text();
    let of = (owner.as_str(), zoe.as_str());
    let (read, edit) = ([Field::Name, Field::Notes, Field::Phones], [Field::Notes]);
    share(&gateway, &dana, &zoe, &[person("omar", &read, &edit)]);
    let seen = gateway.contact_shared(&omar, of.0, of.1).unwrap();
    // Fields that are read and not changed, that are hidden, and that are the owner's own: the same.
    let phones = ContactPatch { phones: Some(vec![]), ..ContactPatch::default() };
    let emails = ContactPatch { emails: Some(vec![]), ..ContactPatch::default() };
    let labels = ContactPatch { labels: Some(vec![]), ..notes("x") };
    for patch in [phones, emails, labels] {
        let refused = gateway.contact_shared_change(&omar, of, seen.version, &patch);
        assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
    }
    let after = gateway.contact_shared_change(&omar, of, seen.version, &notes("first")).unwrap();
    assert_eq!((after.contact.notes.as_str(), after.waiting), ("first", fields(&edit)));
    gateway.contact_shared_change(&omar, of, seen.version, &notes("second")).unwrap();
    assert_eq!(gateway.contact(&dana, &zoe).unwrap().contact.notes, "the-notes");
    counted(&gateway, &dana);
    assert_eq!(outcomes(&gateway, &dana), [EditOutcome::Applied]);
    let edits = gateway.contact_edits(&dana).unwrap();
    let one = &edits[0];
    assert_eq!(one.by.as_ref().unwrap().address, "omar@example.org");
    assert_eq!((&one.edited.before, &one.edited.after), (&notes("the-notes"), &notes("second")));
    assert_eq!(gateway.contact(&dana, &zoe).unwrap().contact.notes, "second");
    let seen = gateway.contact_shared(&omar, of.0, of.1).unwrap();
    assert_eq!((seen.contact.notes.as_str(), seen.waiting), ("second", Fields::default()));
    let reference: Reference = one.reference.parse().unwrap();
    gateway.contact_edit_answer(&dana, reference, EditAnswer::Undo).unwrap();
    let back = gateway.contact(&dana, &zoe).unwrap().contact;
    assert_eq!((back.notes.as_str(), back.phones.len()), ("the-notes", 1));
    missing(gateway.contact_edit_answer(&dana, reference, EditAnswer::Undo));
    assert_eq!(outcomes(&gateway, &dana), [EditOutcome::Undone]);
    counted(&gateway, &dana);
}

/// P-55: of two changes of one field none is lost, and a right that ended changes nothing.
#[test]
fn two_who_change_one_field_lose_nothing() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let yael = sign_in(&gateway, "yael");
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let owner = dana.account().to_text();
    let of = (owner.as_str(), zoe.as_str());
    let both = [Field::Notes, Field::Phones];
    let shares = ["omar", "yael"].map(|name| person(name, &both, &both));
    share(&gateway, &dana, &zoe, &shares);
    let version = gateway.contact_shared(&omar, of.0, of.1).unwrap().version;
    gateway.contact_shared_change(&omar, of, version, &notes("by omar")).unwrap();
    gateway.clock().advance_secs(1);
    let phones = ContactPatch { phones: Some(vec![]), ..notes("by yael") };
    gateway.contact_shared_change(&yael, of, version, &phones).unwrap();
    assert_eq!(outcomes(&gateway, &dana), [EditOutcome::Applied, EditOutcome::Clashed]);
    let stored = gateway.contact(&dana, &zoe).unwrap().contact;
    assert_eq!((stored.notes.as_str(), stored.phones.len()), ("by omar", 1));
    // Who saw an earlier version is told so.
    let late = gateway.contact_shared_change(&yael, of, version, &notes("late"));
    assert!(matches!(late, Err(Error::Conflict(Conflict::EditedElsewhere))), "{late:?}");
    let kept = gateway.contact_edits(&dana).unwrap().remove(0);
    assert_eq!((&kept.edited.after, kept.outcome), (&phones, EditOutcome::Clashed));
    gateway.contact_edit_answer(&dana, kept.reference.parse().unwrap(), EditAnswer::Use).unwrap();
    let stored = gateway.contact(&dana, &zoe).unwrap().contact;
    assert_eq!((stored.notes.as_str(), stored.phones.len()), ("by yael", 0));
    // The owner changes the field meanwhile: nothing is undone over it.
    let version = gateway.contact(&dana, &zoe).unwrap().version;
    gateway.contact_change(&dana, &zoe, version, &notes("by dana")).unwrap();
    let undone =
        gateway.contact_edit_answer(&dana, kept.reference.parse().unwrap(), EditAnswer::Undo);
    assert!(matches!(undone, Err(Error::Conflict(Conflict::EditedElsewhere))), "{undone:?}");
    // The right ends between the change and the owner's request.
    let version = gateway.contact_shared(&omar, of.0, of.1).unwrap().version;
    gateway.clock().advance_secs(1);
    gateway.contact_shared_change(&omar, of, version, &notes("too late")).unwrap();
    share(&gateway, &dana, &zoe, &shares[1..]);
    assert_eq!(outcomes(&gateway, &dana).last(), Some(&EditOutcome::Refused));
    assert_eq!(gateway.contact(&dana, &zoe).unwrap().contact.notes, "by dana");
    counted(&gateway, &dana);
}

/// Who can write to the store, and holds the daemon key, puts a change there in somebody's name.
#[test]
fn a_row_that_says_more_than_the_owner_allowed_changes_nothing() {
    let gateway = gateway_of(&[]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let (owner, contact) = (dana.account(), parse_hex(&zoe).unwrap());
    share(&gateway, &dana, &zoe, &[person("omar", &[Field::Name, Field::Notes], &[])]);
    let key = (omar.account().0, owner, contact);
    let row = gateway.store().get(&CONTACT_SHARED, &key).unwrap().unwrap();
    put(&gateway, &CONTACT_SHARED, key, ContactShared { edit: u16::MAX, ..row });
    let of = (owner.to_text(), zoe.clone());
    let seen = gateway.contact_shared(&omar, &of.0, &of.1).unwrap();
    let changed = gateway.contact_shared_change(&omar, (&of.0, &of.1), seen.version, &notes("x"));
    changed.unwrap();
    assert_eq!(outcomes(&gateway, &dana), [EditOutcome::Refused]);
    // Octets that open to nothing stop nothing, either.
    let rubbish = ContactEdit {
        by: omar.account(),
        contact,
        at: gateway.clock().now(),
        kind: EditKind::Change,
        over: 1,
        fields: u16::MAX,
        outcome: None,
        encapsulation: vec![1; 1120],
        sealed: vec![2; 40],
        sealed_own: vec![],
    };
    put(&gateway, &CONTACT_EDITS, (owner, EDIT_WAITS, vault::random_bytes().unwrap()), rubbish);
    assert_eq!(outcomes(&gateway, &dana).len(), 2);
    assert_eq!(gateway.contact(&dana, &zoe).unwrap().contact, whole());
}

/// P-55: somebody else adds a contact, where the owner allowed it.
#[test]
fn a_secretary_adds_a_contact_and_the_owner_sees_who() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let owner = dana.account().to_text();
    missing(gateway.contact_shared_add(&omar, &owner, &whole()));
    let adders = [NamedReader::Person("omar@example.org".to_owned())];
    let view = gateway.contact_adders_set(&dana, &adders).unwrap();
    assert_eq!(view[0].address, "omar@example.org");
    let query = SharedQuery { limit: 10, ..SharedQuery::default() };
    let page = gateway.contacts_shared(&omar, &query).unwrap();
    assert_eq!((page.books[0].address.as_str(), page.all), ("dana@example.org", 0));
    let yael = sign_in(&gateway, "yael");
    missing(gateway.contact_shared_add(&yael, &owner, &whole()));
    let id = gateway.contact_shared_add(&omar, &owner, &whole()).unwrap();
    assert_eq!(outcomes(&gateway, &dana), [EditOutcome::Applied]);
    let added = gateway.contact(&dana, &id).unwrap();
    assert_eq!(added.contact, Contact { labels: vec![], ..whole() });
    let edit = gateway.contact_edits(&dana).unwrap().remove(0);
    assert_eq!((edit.kind, edit.by.unwrap().name.as_str()), (EditKind::Add, "omar"));
    assert_eq!((edit.contact, edit.edited.name.as_str()), (id.clone(), "the-name"));
    let seen = gateway.contact_shared(&omar, &owner, &id).unwrap();
    assert_eq!((seen.fields, seen.edit), (Fields::all(), Fields::all()));
    let reference = edit.reference.parse().unwrap();
    gateway.contact_edit_answer(&dana, reference, EditAnswer::Undo).unwrap();
    missing(gateway.contact_shared(&omar, &owner, &id));
    // A right that ended: what waits is refused.
    gateway.clock().advance_secs(1);
    gateway.contact_shared_add(&omar, &owner, &whole()).unwrap();
    gateway.contact_adders_set(&dana, &[]).unwrap();
    assert_eq!(outcomes(&gateway, &dana).last(), Some(&EditOutcome::Refused));
    missing(gateway.contact_shared_add(&omar, &owner, &whole()));
    assert_eq!(names(&gateway, &dana, ""), [""; 0]);
    counted(&gateway, &dana);
}

/// P-85: who may not reach the owner any more, because the owner is in a closed group, sees nothing.
#[test]
fn what_somebody_in_a_closed_group_shares_stays_inside_it() {
    let gateway = gateway_of(&["yael"]);
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let yael = sign_in(&gateway, "yael");
    let zoe = gateway.contact_create(&dana, whole()).unwrap().id;
    let owner = dana.account().to_text();
    let both = ["omar", "yael"].map(|name| person(name, &[Field::Notes], &[Field::Notes]));
    share(&gateway, &dana, &zoe, &both);
    let adders = ["omar", "yael"].map(|name| NamedReader::Person(format!("{name}@example.org")));
    gateway.contact_adders_set(&dana, &adders).unwrap();
    gateway.account_manager("dana", true).unwrap();
    let dana = sign_in(&gateway, "dana");
    let closed = NewGroup { kind: GroupKind::Closed, ..new_group() };
    let group = gateway.group_create(&dana, closed).unwrap().view.id.to_text();
    add(&gateway, &dana, &group, "omar");
    missing(gateway.contact_shared(&yael, &owner, &zoe));
    assert_eq!(found(&gateway, &yael, ""), (vec![], 0, 0));
    missing(gateway.contact_shared_change(&yael, (&owner, &zoe), 1, &notes("x")));
    missing(gateway.contact_shared_add(&yael, &owner, &whole()));
    let query = SharedQuery { limit: 10, ..SharedQuery::default() };
    assert_eq!(gateway.contacts_shared(&yael, &query).unwrap().books, []);
    assert_eq!(found(&gateway, &omar, "").2, 1);
    gateway.contact_shared_add(&omar, &owner, &whole()).unwrap();
}
