//! Profiles: who sees which field, by which keys, and what heals.

use std::ops::ControlFlow;

use super::fields::{ProfileField, ProfileFields, ProfileText, Published};
use super::own::{OwnProfile, WantedAudience, WantedProfile};
use super::people::{PeoplePage, PeopleQuery};
use super::sealing::copy_binding;
use crate::gateway::accounts::account::NewAccount;
use crate::gateway::accounts::change::{Others, PasswordChange};
use crate::gateway::accounts::chosen::ChosenBy;
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::group_tests::{add, created, gateway_of, new_group};
use crate::gateway::groups::group::NewGroup;
use crate::gateway::records::contact::ContactShared;
use crate::gateway::records::ids::GroupId;
use crate::gateway::records::profile::{CopyTo, PICTURE, TEXT};
use crate::gateway::records::sealed_form;
use crate::gateway::records::tables::{PROFILE_SHARED, PROFILES};
use crate::gateway::tests::{PASSWORD, create, gateway_with, log_in, password, sign_in};
use crate::gateway::{Actor, Conflict, Error, Gateway};
use crate::mail::address::Address;
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

/// A picture of noise, which no compression hides.
fn noise(seed: u32) -> Photo {
    let mut state = seed;
    let image = image::RgbImage::from_fn(60, 60, |_, _| {
        image::Rgb(std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    });
    let mut octets = std::io::Cursor::new(Vec::new());
    let image = image::DynamicImage::ImageRgb8(image);
    image.write_to(&mut octets, image::ImageFormat::Png).unwrap();
    drawn(&Photo::of(octets.into_inner()).unwrap()).unwrap()
}

pub(super) fn picture_set(gateway: &Gateway, actor: &Actor, picture: &Photo) {
    let over = gateway.profile(actor).unwrap().version;
    assert!(gateway.profile_picture_set(actor, over, Some(picture)).unwrap().picture);
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
    picture_set(&gateway, &dana, &picture());
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
    picture_set(&gateway, &yael, &picture());
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
    picture_set(&gateway, &dana, &picture());
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
    // Others still have their copies: no picture replaces the whole, and no preview says that they have none.
    let is_damaged = |outcome| assert!(matches!(outcome, Err(Error::Damaged { .. })));
    is_damaged(gateway.profile_picture_set(&dana, 1, Some(&picture())).map(drop));
    is_damaged(gateway.profile_picture_set(&dana, 1, None).map(drop));
    is_damaged(gateway.profile_preview(&dana, "omar@example.org").map(drop));
    assert!(gateway.profile(&dana).unwrap().damaged);
    assert_eq!(of(&gateway, &omar, &dana).unwrap().list().len(), 6);
    say(&gateway, &dana, |_| WantedAudience::Nobody).unwrap();
    assert!(!gateway.profile(&dana).unwrap().damaged);
    assert_eq!(of(&gateway, &omar, &dana), fields(&[]));
}

/// Whose the address of a role is, is not said: it names no reader, and nobody for whom there is a preview.
#[test]
fn the_address_of_a_role_names_no_reader() {
    let gateway = gateway_of(&[]);
    let address = |name: &str| Address::parse(&format!("{name}@example.org")).unwrap();
    let new = NewAccount {
        name: "yael".to_owned(),
        display_name: String::new(),
        addresses: vec![address("yael"), address("ceo")],
        password: password(PASSWORD),
        chosen_by: ChosenBy::Owner,
    };
    gateway.account_create(new).unwrap();
    let dana = sign_in(&gateway, "dana");
    let of_one = |name: &str| WantedAudience::Named(vec![person(name)]);
    let by_name = |field| match field {
        ProfileField::Name => of_one("yael"),
        _ => WantedAudience::Nobody,
    };
    say(&gateway, &dana, by_name).unwrap();
    assert!(gateway.profile_preview(&dana, "yael@example.org").unwrap().visible);
    for name in ["ceo", "CEO", "nobody"] {
        let preview = gateway.profile_preview(&dana, &format!("{name}@example.org"));
        assert!(matches!(preview, Err(Error::NotFound { what: "reader" })), "{name}: {preview:?}");
        // Neither beside the one who has it, nor in that one's place.
        for other in ["yael", name] {
            let said = say(&gateway, &dana, |field| match field {
                ProfileField::Name => of_one(other),
                ProfileField::Office => of_one(name),
                _ => WantedAudience::Nobody,
            });
            assert!(matches!(said, Err(Error::NotFound { what: "reader" })), "{name}: {said:?}");
        }
    }
    say(&gateway, &dana, by_name).unwrap();
}

/// A picture of an earlier day, put back on the disk, does not open beside the fields of today, and nobody
/// gets a copy of it.
#[test]
fn a_picture_of_an_earlier_day_is_not_shown_to_the_readers_of_today() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar]);
    picture_set(&gateway, &dana, &noise(1));
    say(&gateway, &dana, |_| WantedAudience::Nobody).unwrap();
    let account = dana.account();
    let row = || gateway.store().get(&PROFILES, &account).unwrap().unwrap();
    let earlier = row().sealed_picture;
    picture_set(&gateway, &dana, &noise(2));
    say(&gateway, &dana, |_| WantedAudience::Everybody).unwrap();
    let key = (GroupId::EVERYBODY.0, account, PICTURE);
    let copy = || gateway.store().get(&PROFILE_SHARED, &key).unwrap();
    let before = copy();
    assert!(before.is_some());
    let mut changed = row();
    assert_ne!(changed.sealed_picture, earlier);
    changed.sealed_picture = earlier;
    changed.copies.iter_mut().for_each(|copy| copy.under = None);
    let done = gateway.store().transact(move |tx| tx.put(&PROFILES, &account, &changed));
    done.wait().unwrap();
    assert_eq!(gateway.profile_tend(&dana).unwrap(), 0);
    assert_eq!(copy(), before, "nobody has a copy of the earlier one");
    let own = gateway.profile(&dana).unwrap();
    assert!(own.damaged && !own.picture && own.text == whole());
    assert!(gateway.profile_picture(&dana).is_err());
    // With the next change it is gone, and a new one can be set.
    say(&gateway, &dana, |_| WantedAudience::Everybody).unwrap();
    assert!(copy().is_none() && row().sealed_picture.is_none());
    picture_set(&gateway, &dana, &noise(3));
    assert!(copy().is_some() && !gateway.profile(&dana).unwrap().damaged);
}

/// No piece of a picture is in any row, of its owner or of its readers.
#[test]
fn no_row_of_a_profile_has_a_piece_of_its_picture() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar]);
    let noise = noise(1);
    picture_set(&gateway, &dana, &noise);
    let both = WantedAudience::Named(vec![person("omar"), NamedReader::Everybody]);
    say(&gateway, &dana, |_| both.clone()).unwrap();
    let middle = noise.octets.len() / 2;
    let piece = &noise.octets[middle..middle + 32];
    let has = |octets: &[u8]| octets.windows(piece.len()).any(|window| window == piece);
    let seen = gateway.person_picture(&omar, &dana.account().to_text()).unwrap();
    assert!(has(&seen.octets), "its reader gets it");
    let mut stored = Vec::new();
    let row = gateway.store().get(&PROFILES, &dana.account()).unwrap().unwrap();
    stored.extend([row.sealed, row.sealed_picture.unwrap()]);
    let keep = |_, row: ContactShared| {
        stored.extend([row.sealed, row.encapsulation]);
        ControlFlow::Continue(())
    };
    gateway.store().scan_readable(&PROFILE_SHARED, &(), keep).unwrap();
    assert_eq!(stored.len(), 2 + 2 * 4, "a text and a picture for each of two readers");
    assert!(stored.iter().filter(|octets| octets.len() > noise.octets.len()).count() == 3);
    assert!(!stored.iter().any(|octets| has(octets)));
}

/// A copy that waits for keys is not in the preview: nobody can open it.
#[test]
fn what_waits_for_keys_is_in_no_preview() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let account = dana.account();
    let omar = sign_in(&gateway, "omar");
    everybody_ready(&gateway, &[&dana, &omar]);
    say(&gateway, &dana, |field| match field {
        ProfileField::Name => WantedAudience::Named(vec![person("omar")]),
        _ => WantedAudience::Everybody,
    })
    .unwrap();
    let preview = || said(&gateway.profile_preview(&dana, "omar@example.org").unwrap().published);
    assert_eq!(preview().list().len(), 6);
    let mut row = gateway.store().get(&PROFILES, &account).unwrap().unwrap();
    let everybody = CopyTo::Group(GroupId::EVERYBODY);
    row.copies.iter_mut().filter(|copy| copy.to == everybody).for_each(|copy| copy.under = None);
    let done = gateway.store().transact(move |tx| tx.put(&PROFILES, &account, &row));
    done.wait().unwrap();
    assert_eq!(preview().list(), [ProfileField::Name]);
}
