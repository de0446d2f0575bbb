//! Whom a profile is for: who can be named, and what becomes of copies.

use super::fields::ProfileField;
use super::own::WantedAudience;
use super::tests::{everybody_ready, of, person, say};
use crate::gateway::contacts::sharing::NamedReader;
use crate::gateway::group_tests::{gateway_of, put};
use crate::gateway::records::profile::TEXT;
use crate::gateway::records::tables::{PROFILE_SHARED, PROFILES};
use crate::gateway::removal::addresses::NameAfter;
use crate::gateway::settings::Quota;
use crate::gateway::tests::{MESSAGE, deliver, gateway_with, sign_in};
use crate::gateway::{Error, Gateway};
use crate::store::Read;

fn for_one(name: &str) -> impl Fn(ProfileField) -> WantedAudience {
    let to = person(name);
    move |_| WantedAudience::Named(vec![to.clone()])
}

/// Whether a mailbox has room says nothing about a profile.
#[test]
fn somebody_whose_mailbox_is_full_is_named_and_looked_at() {
    let gateway = gateway_with(|settings| settings.quota = Quota { octets: 1 << 20, messages: 1 });
    let [dana, omar] = ["dana", "omar"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar]);
    deliver(&gateway, &["omar@example.org"], MESSAGE);
    let full = gateway.contact_owner(&dana, "omar@example.org");
    assert!(matches!(full, Err(Error::MailboxFull)), "{full:?}");
    say(&gateway, &dana, for_one("omar")).unwrap();
    assert!(gateway.profile_preview(&dana, "omar@example.org").unwrap().visible);
    assert_eq!(of(&gateway, &omar, &dana).unwrap().list().len(), 6);
    // The same once more, by the name that was kept.
    say(&gateway, &dana, for_one("omar")).unwrap();
}

/// More names than one field may have are refused before any is looked up.
#[test]
fn too_many_readers_are_refused_at_once() {
    let gateway = gateway_of(&[]);
    let dana = sign_in(&gateway, "dana");
    let many = |count: usize| vec![NamedReader::Person("nobody@example.org".to_owned()); count];
    let said = say(&gateway, &dana, |_| WantedAudience::Named(many(51)));
    assert!(matches!(said, Err(Error::OverQuota)), "{said:?}");
    let said = say(&gateway, &dana, |_| WantedAudience::Named(many(50)));
    assert!(matches!(said, Err(Error::NotFound { what: "reader" })), "{said:?}");
}

/// A request that is under way when the removal of its account begins leaves nothing behind.
#[test]
fn an_account_whose_removal_began_says_nothing_any_more() {
    let gateway = gateway_of(&[]);
    let [dana, omar] = ["dana", "omar"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar]);
    gateway.account_remove("dana", "dana", NameAfter::Held).unwrap();
    assert!(say(&gateway, &dana, for_one("omar")).is_err());
    let account = dana.account();
    assert!(!gateway.store().has(&PROFILES, &account).unwrap());
    assert!(!gateway.store().has(&PROFILE_SHARED, &(omar.account().0, account, TEXT)).unwrap());
}

/// The list in the owner's row says what is sealed to which keys. One who leaves a reader out of it on the
/// disk keeps the reader from nothing for good, and nobody a copy.
#[test]
fn a_reader_who_was_left_out_of_the_list_gets_a_copy_and_loses_it() {
    let gateway = gateway_of(&["yael"]);
    let [dana, omar, yael] = ["dana", "omar", "yael"].map(|one| sign_in(&gateway, one));
    everybody_ready(&gateway, &[&dana, &omar, &yael]);
    let both = || WantedAudience::Named(vec![person("omar"), person("yael")]);
    say(&gateway, &dana, |_| both()).unwrap();
    let account = dana.account();
    let row = || gateway.store().get(&PROFILES, &account).unwrap().unwrap();
    let copy = |gateway: &Gateway| {
        gateway.store().has(&PROFILE_SHARED, &(omar.account().0, account, TEXT)).unwrap()
    };
    let without = || {
        let mut row = row();
        row.copies.retain(|copy| super::sealing::share_to(copy.to).key() != omar.account().0);
        assert_eq!(row.copies.len(), 1);
        row
    };
    // The copy is removed as well; whatever has the others sealed anew brings it back.
    let mut lied = without();
    lied.copies[0].under = None;
    put(&gateway, &PROFILES, account, lied);
    let key = (omar.account().0, account, TEXT);
    let gone = gateway.store().transact(move |tx| {
        tx.delete(&PROFILE_SHARED, &key);
        Ok::<_, crate::store::Error>(())
    });
    gone.wait().unwrap();
    assert_eq!(gateway.profile_tend(&dana).unwrap(), 2);
    assert!(copy(&gateway) && row().copies.len() == 2);
    // Left out once more, and taken off: the copy goes.
    let lied = without();
    put(&gateway, &PROFILES, account, lied);
    say(&gateway, &dana, for_one("yael")).unwrap();
    assert!(!copy(&gateway));
    assert!(of(&gateway, &omar, &dana).unwrap().list().is_empty());
}
