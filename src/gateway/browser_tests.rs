//! The browsers that an account knows.

use std::ops::ControlFlow;

use super::accounts::known_browser::{KNOWN_BROWSERS_MAX, KNOWN_SECS};
use super::records::tables::SESSIONS;
use super::tests::*;
use super::*;
use crate::store::{Order, Read};

const DAY: i64 = 24 * 3_600;

fn opened(gateway: &Gateway, name: &str, browser: &str, profile: Profile) -> Actor {
    let mut wanted = log_in(name, PASSWORD);
    wanted.browser.key_thumbprint = browser.to_owned();
    wanted.browser.agent = format!("the agent of {browser}");
    wanted.browser.profile = profile;
    let opened = gateway.session_open(wanted).unwrap();
    gateway.session_actor(&opened.token, browser).unwrap()
}

fn open(gateway: &Gateway, browser: &str) -> Actor {
    opened(gateway, "dana", browser, Profile::Browser)
}

/// Returns which of these browsers dana's account knows.
fn known<'b>(gateway: &Gateway, browsers: &[&'b str]) -> Vec<&'b str> {
    let is_known = |browser: &&str| gateway.browser_known_to("dana", browser).unwrap().is_some();
    browsers.iter().copied().filter(|browser| is_known(browser)).collect()
}

/// P-13
#[test]
fn a_browser_is_known_to_its_account_from_its_first_sign_in_on() {
    let gateway = gateway();
    assert_eq!(known(&gateway, &["one"]), [""; 0]);
    let dana = open(&gateway, "one");
    assert_eq!(known(&gateway, &["one", "two"]), ["one"]);
    // By each of its names, and for nobody else.
    assert!(gateway.browser_known_to(" Dana@Example.Org", "one").unwrap().is_some());
    assert!(gateway.browser_known_to("omar", "one").unwrap().is_none());
    assert!(gateway.browser_known_to("nobody", "one").unwrap().is_none());
    opened(&gateway, "dana", "shared", Profile::Shared);
    assert_eq!(known(&gateway, &["shared"]), [""; 0], "somebody else may sit there next");

    gateway.clock().advance_secs(DAY);
    open(&gateway, "two");
    let listed = gateway.browser_list(&dana).unwrap();
    let shown: Vec<_> = listed.iter().map(|one| (one.agent.as_str(), one.current)).collect();
    assert_eq!(shown, [("the agent of two", false), ("the agent of one", true)]);
    assert_eq!(listed[1].last_sign_in.plus_secs(DAY), listed[0].last_sign_in);
    gateway.browser_forget(&dana, &listed[0].id).unwrap();
    assert_eq!(known(&gateway, &["one", "two"]), ["one"]);
    let omar = sign_in(&gateway, "omar");
    for (actor, id) in [(&dana, "xyz"), (&dana, listed[0].id.as_str()), (&omar, &listed[1].id)] {
        assert!(matches!(gateway.browser_forget(actor, id), Err(Error::NotFound { .. })));
    }
    // It stays known when its session ends, and not for ever.
    gateway.session_close(&dana, &dana.session_id()).unwrap();
    assert_eq!(known(&gateway, &["one"]), ["one"]);
    gateway.clock().advance_secs(KNOWN_SECS - DAY - 1);
    assert_eq!(known(&gateway, &["one"]), ["one"]);
    gateway.clock().advance_secs(1);
    assert_eq!(known(&gateway, &["one"]), [""; 0]);
}

#[test]
fn an_account_knows_no_more_than_ten_browsers() {
    let gateway = gateway();
    let names: Vec<String> = (0..KNOWN_BROWSERS_MAX + 3).map(|n| n.to_string()).collect();
    for name in &names {
        open(&gateway, name);
        gateway.clock().advance_secs(1);
        open(&gateway, "always");
    }
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["always"]).collect();
    assert_eq!(known(&gateway, &names), names[names.len() - KNOWN_BROWSERS_MAX..]);
}

/// What ends sessions elsewhere forgets their browsers; what ends by itself does not.
#[test]
fn a_browser_whose_session_is_ended_from_elsewhere_is_forgotten() {
    let gateway = gateway();
    let all = ["here", "lost", "there"];
    let [here, lost, _] = all.map(|browser| open(&gateway, browser));
    gateway.session_close(&here, &lost.session_id()).unwrap();
    assert_eq!(known(&gateway, &all), ["here", "there"]);
    open(&gateway, "lost");
    gateway.session_close_all(&here).unwrap();
    assert_eq!(known(&gateway, &all), ["here"]);
    for browser in ["there", "lost"] {
        open(&gateway, browser);
    }
    gateway.clock().advance_secs(10 * DAY);
    gateway.sessions_expire(100).unwrap();
    assert_eq!(known(&gateway, &all), all);
    gateway.account_disable("dana").unwrap();
    assert_eq!(known(&gateway, &all), [""; 0]);
}

/// A passkey is removed because the device that has it is lost.
#[test]
fn a_browser_is_forgotten_with_the_passkey_that_opened_its_session() {
    let gateway = gateway();
    let [here, lost] = ["here", "lost"].map(|browser| open(&gateway, browser));
    let mut opened_by = None;
    let sessions = &gateway.inner.store;
    let find = |_, session: records::account::Session| {
        opened_by = Some(session.credential);
        ControlFlow::Break(())
    };
    sessions.scan(&SESSIONS, &(), Order::Ascending, find).unwrap();
    gateway.sessions_close_opened_by(&here, [0; 16]).unwrap();
    assert_eq!(known(&gateway, &["here", "lost"]), ["here", "lost"]);
    gateway.sessions_close_opened_by(&here, opened_by.unwrap()).unwrap();
    assert_eq!(known(&gateway, &["here", "lost"]), ["here"]);
    assert!(gateway.session_current(&lost).is_err());
}

/// With the recovery key come new keys, and the browsers of before are strangers.
#[test]
fn a_recovery_forgets_every_browser() {
    let gateway = gateway();
    let (_, key) = create(&gateway, "mira").unwrap();
    opened(&gateway, "mira", "one", Profile::Browser);
    assert!(gateway.browser_known_to("mira", "one").unwrap().is_some());
    let by = (ChangedFrom::Server, OwnChoice::Made);
    gateway.account_recover("mira", &key, &password("battery staple"), by).unwrap();
    assert!(gateway.browser_known_to("mira", "one").unwrap().is_none());
}
