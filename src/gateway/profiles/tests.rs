//! Profiles: who sees which field, by which keys, and what heals.

use std::ops::ControlFlow;

use super::fields::{ProfileField, ProfileFields, ProfileText, Published};
use super::own::{OwnProfile, WantedAudience, WantedProfile};
use super::people::{PeoplePage, PeopleQuery};
use super::sealing::copy_binding;
use crate::gateway::accounts::change::{Others, PasswordChange};
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::group_tests::{add, created, gateway_of, new_group};
use crate::gateway::groups::group::NewGroup;
use crate::gateway::records::profile::{PICTURE, TEXT};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{PROFILE_SHARED, PROFILES};
use crate::gateway::tests::{PASSWORD, create, gateway_with, log_in, password, sign_in};
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::mail::contacts::{Photo, Way};
use crate::mail::picture::drawn;
use crate::store::Read;
use crate::terms::{ClosedMembers, GroupKind};

pub(super) const ALL: [&str; 6] =
    ["the-name", "the-phone", "the-office", "the-language", "the-hours", "the-about"];

/// Each field says its own name.
pub(super) fn whole() -> ProfileText {
    ProfileText {
        name: "the-name".to_owned(),
        phones: vec![Way { label: "work".to_owned(), value: "the-phone".to_owned() }],
        office: "the-office".to_owned(),
        languages: vec!["the-language".to_owned()],
        hours: "the-hours".to_owned(),
        about: "the-about".to_owned(),
    }
}

pub(super) fn picture() -> Photo {
    let mut octets = std::io::Cursor::new(Vec::new());
    let image = image::DynamicImage::new_rgb8(40, 30);
    image.write_to(&mut octets, image::ImageFormat::Png).unwrap();
    drawn(&Photo::of(octets.into_inner()).unwrap()).unwrap()
}

pub(super) fn person(name: &str) -> NamedReader {
    NamedReader::Person(format!("{name}@example.org"))
}

/// Says everything, each field for whom `of` says.
pub(super) fn say(
    gateway: &Gateway,
    actor: &Actor,
    of: impl Fn(ProfileField) -> WantedAudience,
) -> Result<OwnProfile, Error> {
    let over = gateway.profile(actor)?.version;
    let wanted = WantedProfile { text: whole(), audiences: ProfileField::ALL.map(of) };
    gateway.profile_set(actor, over, &wanted)
}

pub(super) fn everybody_ready(gateway: &Gateway, actors: &[&Actor]) {
    for _ in 0..2 {
        for actor in actors {
            gateway.groups_tend(actor).unwrap();
        }
    }
}

pub(super) fn people(gateway: &Gateway, actor: &Actor, text: &str) -> PeoplePage {
    let query = PeopleQuery { text: text.to_owned(), offset: 0, limit: 100 };
    gateway.profiles(actor, &query).unwrap()
}

fn named(gateway: &Gateway, actor: &Actor, text: &str) -> Vec<String> {
    people(gateway, actor, text).items.into_iter().map(|one| one.address).collect()
}

pub(super) fn of(gateway: &Gateway, actor: &Actor, owner: &Actor) -> Option<ProfileFields> {
    match gateway.person_profile(actor, &owner.account().to_text()) {
        Ok(view) => {
            assert!(!view.closed, "something cannot be opened");
            Some(said(&view.published))
        }
        Err(Error::NotFound { .. }) => None,
        Err(other) => panic!("{other}"),
    }
}

/// The fields that something says, which must be those that it has.
pub(super) fn said(published: &Published) -> ProfileFields {
    let ProfileText { name, phones, office, languages, hours, about } = &published.text;
    let found: ProfileFields = [
        (ProfileField::Name, !name.is_empty()),
        (ProfileField::Picture, published.fields.has(ProfileField::Picture)),
        (ProfileField::Phones, !phones.is_empty()),
        (ProfileField::Office, !office.is_empty()),
        (ProfileField::Languages, !languages.is_empty()),
        (ProfileField::Hours, !hours.is_empty()),
        (ProfileField::About, !about.is_empty()),
    ]
    .into_iter()
    .filter(|(_, is_there)| *is_there)
    .map(|(field, _)| field)
    .collect();
    assert_eq!(found, published.fields);
    found
}

fn fields(fields: &[ProfileField]) -> Option<ProfileFields> {
    Some(fields.iter().copied().collect())
}

fn closed(gateway: &Gateway, actor: &Actor) -> String {
    let group = NewGroup { kind: GroupKind::Closed, ..new_group() };
    gateway.group_create(actor, group).unwrap().view.id.to_text()
}

/// P-56: each reader sees what is for that reader, and nothing else of it is found.
#[test]
fn a_reader_sees_the_fields_that_are_for_the_reader() {
    let gateway = gateway_of(&["yael", "noam"]);
    let [dana, omar, yael, noam] =
        ["dana", "omar", "yael", "noam"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar, &yael, &noam]);
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "yael");
    gateway.profile_picture_set(&dana, Some(&picture())).unwrap();
    assert_eq!(of(&gateway, &omar, &dana), fields(&[]), "nothing is for anybody at first");
    say(&gateway, &dana, |field| match field {
        ProfileField::Name => WantedAudience::Everybody,
        ProfileField::Phones => WantedAudience::Named(vec![person("omar")]),
        ProfileField::Office | ProfileField::Picture => {
            WantedAudience::Named(vec![NamedReader::Group(group.clone()), person("omar")])
        }
        ProfileField::Hours => WantedAudience::Named(vec![NamedReader::Group(group.clone())]),
        ProfileField::Languages | ProfileField::About => WantedAudience::Nobody,
    })
    .unwrap();
    use ProfileField::{Hours, Name, Office, Phones, Picture};
    assert_eq!(of(&gateway, &omar, &dana), fields(&[Name, Picture, Phones, Office]));
    assert_eq!(of(&gateway, &yael, &dana), fields(&[Name, Picture, Office, Hours]));
    assert_eq!(of(&gateway, &noam, &dana), fields(&[Name]));
    for (actor, found) in [(&omar, [1, 1, 0, 0]), (&yael, [0, 1, 1, 0]), (&noam, [0, 0, 0, 0])] {
        let texts = ["the-phone", "the-office", "the-hours", "the-about"];
        assert_eq!(texts.map(|text| named(&gateway, actor, text).len()), found);
        assert_eq!(named(&gateway, actor, "the-name dana"), ["dana@example.org"]);
        assert_eq!(people(&gateway, actor, "").total, 4);
    }
    let id = dana.account().to_text();
    assert_eq!(gateway.person_picture(&yael, &id).unwrap().octets, picture().octets);
    assert!(matches!(gateway.person_picture(&noam, &id), Err(Error::NotFound { .. })));
    assert_eq!(of(&gateway, &dana, &dana).unwrap().list().len(), 7, "the own one is whole");
    // How somebody sees it is said truly.
    let preview = |name: &str| gateway.profile_preview(&dana, &format!("{name}@example.org"));
    for (name, actor) in [("omar", &omar), ("yael", &yael), ("noam", &noam)] {
        let preview = preview(name).unwrap();
        assert!(preview.visible);
        assert_eq!(Some(said(&preview.published)), of(&gateway, actor, &dana), "{name}");
    }
    // Taken off a list, or out of the group: gone at the next request.
    gateway.group_member_remove(&dana, &group, &yael.account().to_text()).unwrap();
    assert_eq!(of(&gateway, &yael, &dana), fields(&[Name]));
    assert!(gateway.person_picture(&yael, &id).is_err());
    say(&gateway, &dana, |_| WantedAudience::Nobody).unwrap();
    assert_eq!(of(&gateway, &omar, &dana), fields(&[]));
    assert_eq!(named(&gateway, &omar, "the-name"), [""; 0]);
    let mut rows = 0;
    let count = |_| {
        rows += 1;
        ControlFlow::Continue(())
    };
    gateway.store().scan_keys(&PROFILE_SHARED, &(), count).unwrap();
    assert_eq!(rows, 0, "copies are left");
}

/// P-85: of a member of a closed group nobody outside sees more than that the address exists.
#[test]
fn a_member_of_a_closed_group_shows_nothing_to_others() {
    let gateway = gateway_of(&["yael"]);
    gateway.account_manager("dana", true).unwrap();
    let [dana, omar, yael] = ["dana", "omar", "yael"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar, &yael]);
    gateway.profile_picture_set(&yael, Some(&picture())).unwrap();
    let by_name = WantedAudience::Named(vec![person("omar"), NamedReader::Everybody]);
    say(&gateway, &yael, |_| by_name.clone()).unwrap();
    assert_eq!(of(&gateway, &omar, &yael).unwrap().list().len(), 7);
    let group = closed(&gateway, &dana);
    add(&gateway, &dana, &group, "yael");
    assert_eq!(of(&gateway, &omar, &yael), None);
    assert!(gateway.person_picture(&omar, &yael.account().to_text()).is_err());
    for text in ["", "yael", "the-name", "the-about", "the"] {
        let page = people(&gateway, &omar, text);
        assert!(page.items.iter().all(|one| one.address != "yael@example.org"), "{text}");
        assert_eq!(page.total, usize::from(text.is_empty()), "{text}");
    }
    let page = people(&gateway, &omar, "yael@example.org");
    let [only] = &page.items[..] else { panic!("{page:?}") };
    assert_eq!((&only.id, only.name.as_str(), only.published.fields.0), (&None, "", 0));
    assert!(gateway.person_at(&omar, "yael@example.org").is_err());
    // Inside the group, what is for everybody is seen.
    assert_eq!(of(&gateway, &dana, &yael).unwrap().list().len(), 7);
    assert!(!gateway.profile_preview(&yael, "omar@example.org").unwrap().visible);
    assert!(gateway.profile_preview(&yael, "dana@example.org").unwrap().visible);
}

/// P-85: where members of closed groups are hidden, not even the address is there.
#[test]
fn a_hidden_member_of_a_closed_group_is_not_there() {
    let gateway = gateway_with(|settings| settings.closed_members = ClosedMembers::Hidden);
    create(&gateway, "yael").unwrap();
    gateway.account_manager("dana", true).unwrap();
    let [dana, omar, yael] = ["dana", "omar", "yael"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar, &yael]);
    say(&gateway, &yael, |_| WantedAudience::Everybody).unwrap();
    assert_eq!(named(&gateway, &omar, "yael@example.org"), ["yael@example.org"]);
    let group = closed(&gateway, &dana);
    add(&gateway, &dana, &group, "yael");
    for text in ["yael@example.org", "yael", "the-name"] {
        assert_eq!(named(&gateway, &omar, text), [""; 0], "{text}");
    }
    assert_eq!(of(&gateway, &omar, &yael), None);
    assert_eq!(named(&gateway, &dana, "the-name"), ["yael@example.org"]);
}

/// What is no word is not taken for a question about everybody.
#[test]
fn words_that_say_nothing_find_nobody() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    assert_eq!(named(&gateway, &dana, "").len(), 2);
    assert_eq!(named(&gateway, &dana, "\u{301}"), [""; 0]);
}

/// Keys that were followed by others: the owner's next request seals the copies anew.
#[test]
fn copies_follow_the_keys_of_their_readers() {
    let gateway = gateway_of(&["yael"]);
    let [dana, omar, yael] = ["dana", "omar", "yael"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar, &yael]);
    let group = created(&gateway, &dana);
    add(&gateway, &dana, &group, "omar");
    add(&gateway, &dana, &group, "yael");
    let of_group = WantedAudience::Named(vec![NamedReader::Group(group.clone())]);
    say(&gateway, &omar, |_| of_group.clone()).unwrap();
    let under = || {
        let row = gateway.store().get(&PROFILES, &omar.account()).unwrap().unwrap();
        row.copies.iter().map(|copy| copy.under).collect::<Vec<_>>()
    };
    assert_eq!(under(), [Some(1)]);
    assert_eq!(gateway.profile_tend(&omar).unwrap(), 0, "nothing is to be done");
    gateway.group_member_remove(&dana, &group, &yael.account().to_text()).unwrap();
    assert_eq!(under(), [Some(1)]);
    assert_eq!(gateway.profile_tend(&omar).unwrap(), 1);
    assert_eq!(under(), [Some(2)]);
    assert_eq!(of(&gateway, &dana, &omar).unwrap().list().len(), 6);
    // The owner leaves: at once nobody in the group sees it, and then there is no copy.
    gateway.group_member_remove(&dana, &group, &omar.account().to_text()).unwrap();
    assert_eq!(of(&gateway, &dana, &omar), fields(&[]));
    gateway.profile_tend(&omar).unwrap();
    assert_eq!(under(), [None]);
    assert!(!gateway.profile(&omar).unwrap().waits, "nothing comes of waiting");
    // Back again, what was said for the group is there again.
    add(&gateway, &dana, &group, "omar");
    assert_eq!(gateway.profile_tend(&omar).unwrap(), 1);
    assert_eq!(of(&gateway, &dana, &omar).unwrap().list().len(), 6);
    assert!(!gateway.profile(&omar).unwrap().waits);
    gateway.group_delete(&dana, &group).unwrap();
    gateway.profile_tend(&omar).unwrap();
    assert_eq!(of(&gateway, &dana, &omar), fields(&[]));
    assert_eq!(under(), [None]);
}

/// A reader with new keys: the owner's next request seals the copy to them, so that who has the old keys
/// and a later disk opens it no more.
#[test]
fn a_copy_follows_the_pair_of_its_reader() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    say(&gateway, &dana, |_| WantedAudience::Named(vec![person("omar")])).unwrap();
    let reader = gateway.account_named("omar").unwrap();
    let key = (reader.0, dana.account(), TEXT);
    let copy = || gateway.store().get(&PROFILE_SHARED, &key).unwrap().unwrap();
    let before = copy();
    assert_eq!(gateway.profile_tend(&dana).unwrap(), 0);
    let opened = gateway.session_open(log_in("omar", PASSWORD)).unwrap();
    let stale = gateway.session_actor(&opened.token, "thumb").unwrap();
    let kept = gateway.session_kept(&stale, &opened.token).unwrap();
    let new = password("battery staple");
    let change = PasswordChange { old: password(PASSWORD), new, others: Others::End };
    gateway.password_change(&stale, kept, &change).unwrap();
    let omar = gateway.session_actor(&opened.token, "thumb").unwrap();
    assert_eq!(of(&gateway, &omar, &dana).unwrap().list().len(), 6);
    assert_eq!(gateway.profile_tend(&dana).unwrap(), 1);
    assert_eq!(of(&gateway, &omar, &dana).unwrap().list().len(), 6);
    let after = copy();
    assert_ne!(before, after);
    let bound = copy_binding((key.0, key.1), TEXT, after.version);
    let opens = |actor: &Actor, row| {
        let mut opened = Default::default();
        gateway.contact_shared_plain(actor, &mut opened, (&bound, row)).unwrap().is_some()
    };
    assert_eq!([opens(&stale, &before), opens(&stale, &after)], [true, false]);
    assert!(opens(&omar, &after));
}

/// P-56: with the raw rows in hand, a reader's keys open what is for the reader, and no other field.
#[test]
fn a_readers_key_opens_no_field_that_is_not_for_the_reader() {
    let gateway = gateway_of(&["yael"]);
    let [dana, omar, yael] = ["dana", "omar", "yael"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar, &yael]);
    gateway.profile_picture_set(&dana, Some(&picture())).unwrap();
    say(&gateway, &dana, |field| match field {
        ProfileField::Name => WantedAudience::Everybody,
        ProfileField::Phones => WantedAudience::Named(vec![person("omar")]),
        ProfileField::Picture => WantedAudience::Named(vec![person("yael")]),
        _ => WantedAudience::Nobody,
    })
    .unwrap();
    let mut rows = Vec::new();
    let keep = |key, row| {
        rows.push((key, row));
        ControlFlow::Continue(())
    };
    gateway.store().scan_readable(&PROFILE_SHARED, &(), keep).unwrap();
    assert_eq!(rows.len(), 4, "one text for everybody, omar and yael, and one picture");
    let opens = |actor: &Actor| {
        let (mut text, mut pictures) = (String::new(), 0);
        for ((reader, owner, part), row) in &rows {
            let bound = copy_binding((*reader, *owner), *part, row.version);
            let mut opened = Default::default();
            let plain = gateway.contact_shared_plain(actor, &mut opened, (&bound, row)).unwrap();
            let Some(plain) = plain else { continue };
            match *part {
                TEXT => {
                    let read: Published = sealed_form::read("", &plain).unwrap();
                    text += &format!("{:?}", read.text);
                }
                PICTURE => pictures += 1,
                _ => panic!("{part}"),
            }
        }
        let said = ALL.map(|one| text.contains(one));
        (said, pictures)
    };
    assert_eq!(opens(&omar), ([true, true, false, false, false, false], 0));
    assert_eq!(opens(&yael), ([true, false, false, false, false, false], 1));
}

#[test]
fn what_is_too_long_or_for_too_many_is_refused() {
    let gateway = gateway_of(&["yael"]);
    let dana = sign_in(&gateway, "dana");
    let nobody = || ProfileField::ALL.map(|_| WantedAudience::Nobody);
    let set = |text| {
        let over = gateway.profile(&dana).unwrap().version;
        let wanted = WantedProfile { text, audiences: nobody() };
        gateway.profile_set(&dana, over, &wanted)
    };
    let long = |change: fn(&mut ProfileText)| {
        let mut text = whole();
        change(&mut text);
        assert!(matches!(set(text), Err(Error::Invalid { .. })));
    };
    long(|text| text.name = "x".repeat(101));
    long(|text| text.office = "x".repeat(201));
    long(|text| text.hours = "x".repeat(201));
    long(|text| text.about = "x".repeat(2_001));
    long(|text| text.languages = vec!["x".to_owned(); 21]);
    long(|text| text.languages = vec!["x".repeat(41)]);
    long(|text| text.phones = vec![Way { label: String::new(), value: "1".to_owned() }; 11]);
    assert_eq!(set(whole()).unwrap().version, 1);
    let wanted = WantedProfile { text: whole(), audiences: nobody() };
    let again = gateway.profile_set(&dana, 0, &wanted);
    assert!(matches!(again, Err(Error::Conflict(Conflict::EditedElsewhere))));
    let refused = |audience: WantedAudience| {
        let outcome = say(&gateway, &dana, |_| audience.clone());
        assert!(matches!(outcome, Err(Error::NotFound { .. })), "{outcome:?}");
    };
    refused(WantedAudience::Named(vec![person("nobody")]));
    refused(WantedAudience::Named(vec![person("dana")]));
    refused(WantedAudience::Named(vec![NamedReader::Group("1".repeat(32))]));
}

/// What cannot be opened is said, is taken from all with the next change, and is in nobody's way.
#[test]
fn a_damaged_profile_is_said_and_replaced() {
    let gateway = gateway_of(&["yael"]);
    let [dana, omar] = ["dana", "omar"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar]);
    say(&gateway, &dana, |_| WantedAudience::Everybody).unwrap();
    let account = dana.account();
    let done = gateway.store().transact(move |tx| {
        let mut row = tx.get(&PROFILES, &account)?.unwrap();
        row.sealed[9] ^= 1;
        tx.put(&PROFILES, &account, &row)
    });
    done.wait().unwrap();
    let own = gateway.profile(&dana).unwrap();
    assert!(own.damaged && own.version == 1 && own.text == ProfileText::default());
    assert_eq!(gateway.profile_tend(&dana).unwrap(), 0);
    say(&gateway, &dana, |_| WantedAudience::Nobody).unwrap();
    assert!(!gateway.profile(&dana).unwrap().damaged);
    assert_eq!(of(&gateway, &omar, &dana), fields(&[]));
}
