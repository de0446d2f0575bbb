//! The webmail in a real Chromium, against the real daemon.

mod support;

use std::path::Path;
use std::process::Command;

use postern::mail::sanitize;
use support::browser::{walk, walk_with};
use support::daemon::{Daemon, PASSWORD};
use support::day::{Day, Place};
use support::search::Searcher;
use support::smtp::Smtp;

/// P-01, P-05, P-07, P-08, P-11, P-13, P-17, P-24, P-25
#[test]
fn a_person_reads_and_rejects_mail_in_a_browser() {
    let daemon = Daemon::start();
    walk(&daemon, "mail.mjs");
    daemon.stop();
}

/// P-11, P-13, P-16, P-19
#[test]
fn a_newcomer_finds_settles_and_comes_back() {
    let daemon = Daemon::start();
    walk(&daemon, "webmail.mjs");
    daemon.stop();
}

/// P-06, P-11, P-13, P-16, P-19: every step by the mouse, at 1280 and 320 px, in English and
/// Hebrew.
#[test]
fn a_newcomer_needs_no_instructions_with_a_mouse() {
    newcomer("mouse");
}

/// P-11: the same by the keyboard alone.
#[test]
fn a_newcomer_needs_no_instructions_with_a_keyboard() {
    newcomer("keyboard");
}

fn newcomer(hands: &str) {
    let daemon = Daemon::start();
    let more = [("POSTERN_HANDS", hands), ("POSTERN_FIRST_USER", "1")];
    walk_with(&daemon, "newcomer.mjs", &more);
    daemon.stop();
}

/// P-11: every screen, in light and dark, in both directions, at desktop and phone widths.
#[test]
fn every_screen_is_accessible() {
    // The first of the sample accounts is an administrator.
    let daemon = Daemon::start();
    walk(&daemon, "views.mjs");
    daemon.stop();
}

/// P-11: the keys of the list and the reader, and where the focus is after each.
#[test]
fn mail_is_read_by_the_keyboard_alone() {
    let daemon = Daemon::start();
    walk(&daemon, "reading.mjs");
    daemon.stop();
}

/// P-11: one notice at a time, above nothing that somebody may want to press.
#[test]
fn a_notice_is_in_nobodys_way() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "notices.mjs");
    daemon.stop();
}

/// P-11, P-24: the list of drafts has what the other lists have.
#[test]
fn drafts_are_a_list_like_the_others() {
    let daemon = Daemon::start();
    walk(&daemon, "drafts.mjs");
    daemon.stop();
}

/// P-11: the webmail on a phone, in all languages.
#[test]
fn a_phone_has_what_is_needed_in_one_row() {
    let daemon = Daemon::start();
    walk(&daemon, "phone.mjs");
    daemon.stop();
}

/// P-11, P-84: groups, their members, and the name that members' messages bear.
#[test]
fn groups_are_made_and_their_members_come_and_go() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "groups.mjs");
    daemon.stop();
}

/// P-11, P-58, P-59, P-60, P-63: people post on a board, some of it for one reader alone.
#[test]
fn people_post_on_a_board_and_rights_come_and_go() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "boards.mjs");
    daemon.stop();
}

/// P-11, P-83: a member agrees to vouch for a group, and whom it attests comes and goes.
#[test]
fn a_group_has_those_whom_its_voucher_attests() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "vouched-groups.mjs");
    daemon.stop();
}

/// P-11, P-26: a group reads the mail of a role, and its members see of each other what they did.
#[test]
fn a_group_reads_and_answers_the_mail_of_a_role() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "roles.mjs");
    daemon.stop();
}

/// P-11: a long list, bulk actions on all of it, five tabs. `MESSAGES_E2E` makes it longer.
#[test]
fn a_large_mailbox_is_at_hand() {
    let daemon = Daemon::start();
    walk(&daemon, "large.mjs");
    daemon.stop();
}

/// P-11, P-24: conversations whose messages are not all loaded.
#[test]
fn a_conversation_is_one_row_in_a_large_mailbox() {
    let daemon = Daemon::start();
    walk(&daemon, "conversations.mjs");
    daemon.stop();
}

/// P-11: a file of the page that fails, or never comes, leaves no blank page.
#[test]
fn no_page_stays_blank_at_its_first_load() {
    let daemon = Daemon::start();
    walk(&daemon, "start.mjs");
    daemon.stop();
}

/// P-13: passkeys of a virtual authenticator, codes, app passwords.
#[test]
fn passkeys_totp_codes_and_app_passwords_open_an_account() {
    let daemon = Daemon::start();
    // A passkey is bound to a name, not to an address.
    let url = daemon.url.replace("127.0.0.1", "localhost");
    walk_with(&daemon, "keys.mjs", &[("POSTERN_URL", &url)]);
    daemon.stop();
}

/// P-06, P-13: what stays in a browser is a key that names nobody, and on a shared computer nothing.
#[test]
fn a_browser_stays_known_after_its_owner_has_signed_out() {
    let daemon = Daemon::start();
    walk(&daemon, "browsers.mjs");
    daemon.stop();
}

/// P-01, P-05, P-11, P-13, P-19, P-24, P-25: the same webmail in Debian's Firefox.
#[test]
fn firefox_shows_the_same() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "firefox.mjs");
    daemon.stop();
}

/// P-11, P-17: recipients, links, dropped files.
#[test]
fn a_person_writes_with_links_and_files() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "writing.mjs");
    daemon.stop();
}

/// P-11, P-48, P-49, P-50, P-51: the address book.
#[test]
fn a_person_keeps_an_address_book() {
    let daemon = Daemon::start();
    walk(&daemon, "contacts.mjs");
    daemon.stop();
}

/// P-11, P-52, P-54, P-55: what others see and change of it.
#[test]
fn a_person_shares_contacts_and_others_change_them() {
    let daemon = Daemon::start();
    walk(&daemon, "sharing.mjs");
    daemon.stop();
}

/// P-11, P-50, P-51, P-52, P-53, P-54, P-55: the same by mouse, by keyboard only, at 320 px and in Hebrew.
#[test]
fn people_use_the_address_books_of_others_in_four_ways() {
    let daemon = Daemon::start();
    walk(&daemon, "people.mjs");
    daemon.stop();
}

/// P-11, P-56: what people say about themselves, and the directory that shows it.
#[test]
fn a_person_says_something_and_others_find_it() {
    let daemon = Daemon::start();
    walk(&daemon, "profiles.mjs");
    daemon.stop();
}

/// P-11, P-64, P-65, P-67, P-69, P-71: three people talk in a room and two by two.
#[test]
fn people_talk_in_a_room_and_two_by_two() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "chat.mjs");
    daemon.stop();
}

/// P-11, P-69, P-71, P-72, P-73: people say something with the microphone, hear each other, send files, and take
/// both along when they leave.
#[test]
fn people_hear_each_other_in_a_room() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "voice.mjs");
    daemon.stop();
}

/// P-11, P-74, P-75, P-76, P-77, P-78, P-79: two people agree on a meeting, and keep calendars.
#[test]
fn people_agree_on_a_meeting() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "calendar.mjs");
    daemon.stop();
}

/// P-72, P-73: somebody with Debian's Firefox and somebody with Chromium hear each other.
#[test]
fn two_browsers_hear_each_other() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    walk(&daemon, "voice-firefox.mjs");
    daemon.stop();
}

/// P-11, P-16, P-38, P-39: what administrators do on their pages.
#[test]
fn managers_look_after_users_policy_and_queue() {
    // Nothing listens at the next hop.
    let relay = ["--relay", "127.0.0.1:1", "--choice", "plain", "--undo-secs", "0"];
    let daemon = Daemon::start_with(&relay);
    walk(&daemon, "manage.mjs");
    daemon.stop();
}

/// P-06: what is chosen, written and filed in one browser is there in another that was never used
/// before; and once its owner has signed out, no octet of the first one's profile tells of it: no
/// word that was read, written, or looked for, and no name of a folder, a label or a search.
#[test]
fn all_is_on_the_server_and_nothing_stays_in_the_browser() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    let mut day = Day::new(3);
    day.begin(&mut session(&daemon));
    let profile = tempfile::tempdir().unwrap();
    let place = Place { url: &daemon.url, password: PASSWORD, profile: Some(profile.path()) };
    day.spend(Command::new("node"), &place, || session(&daemon));
    // That it was searched where a browser keeps what it keeps shows in where it has been, and in
    // what the pages there were called.
    for kept in [format!("{}/settings", daemon.url), format!("{}/search/", daemon.url)] {
        let been = Searcher::new(std::slice::from_ref(&kept)).folder(profile.path());
        assert!(been.iter().any(|place| place.contains("History")), "{kept} is not in the history");
    }
    let title = Searcher::new(&["Search results · ".to_owned()]);
    assert!(!title.folder(profile.path()).is_empty(), "the history has no titles");
    let found = Searcher::new(&day.words()).folder(profile.path());
    assert!(found.is_empty(), "{} times:\n{}", found.len(), found.join("\n"));
    daemon.stop();
}

/// Shapes that newsletters have, beside what Chromium makes of them as they are: a word that can be
/// read there can be read in what we show.
#[test]
fn every_word_of_a_newsletter_can_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shown = tempfile::tempdir().unwrap();
    let mut count = 0;
    for entry in std::fs::read_dir(root.join("fixtures/newsletters")).unwrap() {
        let path = entry.unwrap().path();
        let source = std::fs::read_to_string(&path).unwrap();
        let safe = sanitize::html(&source, &|_| None).unwrap();
        assert!(sanitize::oracle_is_inert(&safe.html), "{}: {}", path.display(), safe.html);
        std::fs::write(shown.path().join(path.file_name().unwrap()), safe.html).unwrap();
        count += 1;
    }
    assert!(count >= 44, "{count}");
    let out = Command::new("node")
        .arg("newsletters.mjs")
        .args([root.join("fixtures/newsletters").as_path(), shown.path()])
        .current_dir(root.join("tests/e2e"))
        .output()
        .expect("node is installed (tests/prepare.sh checks)");
    let (said, complained) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && said.ends_with("done\n"), "{said}\n{complained}");
}

/// P-08: nothing needs a cookie, and everything works in a browser that blocks all cookies.
#[test]
fn a_whole_day_passes_with_cookies_blocked() {
    let daemon = Daemon::start_with(&["--undo-secs", "0"]);
    let mut day = Day::new(3);
    day.begin(&mut session(&daemon));
    let place = Place { url: &daemon.url, password: PASSWORD, profile: None };
    day.spend(without_cookies(), &place, || session(&daemon));
    daemon.stop();
}

/// Node, with a Chromium whose administrator policy blocks all cookies. The policy file is on a
/// file system that only these processes have mounted.
fn without_cookies() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c"]);
    command.arg(
        "set -e\nmount -t tmpfs none /etc/chromium\nmkdir -p /etc/chromium/policies/managed\n\
         echo '{\"DefaultCookiesSetting\": 2}' >/etc/chromium/policies/managed/cookies.json\n\
         exec node \"$@\"",
    );
    command.arg("node").env("POSTERN_COOKIES", "blocked");
    command
}

fn session(daemon: &Daemon) -> Smtp {
    let mut smtp = Smtp::connect(daemon.smtp);
    smtp.line("EHLO client.example").expect_code("250");
    smtp
}
