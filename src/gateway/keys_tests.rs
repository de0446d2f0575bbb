//! Tests of an account's keys: renewing them, and finding one that was put in place of another.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::accounts::change::{Others, PasswordChange};
use super::accounts::chosen::Chosen;
use super::accounts::keys_check::Unlocked;
use super::accounts::password::{Opener, Renewal, Replaced, Still};
use super::accounts::renewal::{Cause, Renewing};
use super::audit::Target;
use super::records::account::AccountKeys;
use super::records::audit::Act;
use super::records::mailbox::Entry;
use super::records::tables::{ACCOUNT_KEYS, ACCOUNTS, AUDIT, CREDENTIALS, ENTRIES, EPOCHS, TOTP};
use super::tests::*;
use super::*;
use crate::store::local::{LocalConfig, LocalEngine};
use crate::store::{Order, Read};
use crate::vault::{self, AccountSecret, DaemonKey, PasswordCost, PoolLimits, UnlockKey};

const NEW: &str = "battery staple";

fn keys(gateway: &Gateway, id: AccountId) -> AccountKeys {
    gateway.store().get(&ACCOUNT_KEYS, &id).unwrap().unwrap()
}

fn change(gateway: &Gateway, opened: &LoggedIn, others: Others) -> Option<RecoveryKey> {
    let actor = gateway.session_actor(&opened.token, "thumb").unwrap();
    let kept = gateway.session_kept(&actor, &opened.token).unwrap();
    let (old, new) = (password(PASSWORD), password(NEW));
    gateway.password_change(&actor, kept, &PasswordChange { old, new, others }).unwrap()
}

/// What arrives after a renewal is sealed to the new pair at once, also where an epoch was begun
/// before.
#[test]
fn keys_that_were_renewed_are_used_from_the_next_message_on() {
    let gateway = gateway();
    let opened = gateway.session_open(log_in("dana", PASSWORD)).unwrap();
    let before =
        deliver(&gateway, &["dana@example.org"], "From: a@b.example\nSubject: a\n\nBefore.\n");
    let stale = gateway.session_actor(&opened.token, "thumb").unwrap();
    assert!(change(&gateway, &opened, Others::Keep).is_none());
    assert_eq!(keys(&gateway, opened.id).number, 0);
    let changed = gateway.session_open(log_in("dana", NEW)).unwrap();
    drop(changed);
    let kept = gateway.session_kept(&stale, &opened.token).unwrap();
    let (old, new) = (password(NEW), password(PASSWORD));
    let others = Others::End;
    let renewed = gateway.password_change(&stale, kept, &PasswordChange { old, new, others });
    assert!(renewed.unwrap().is_some());
    assert_eq!(keys(&gateway, opened.id).number, 1);
    let after =
        deliver(&gateway, &["dana@example.org"], "From: a@b.example\nSubject: a\n\nAfter.\n");
    let fresh = gateway.session_actor(&opened.token, "thumb").unwrap();
    for reference in [before, after] {
        assert!(gateway.message_open(&fresh, reference, None).is_ok());
    }
    // The keys of a request that began before open nothing of it, and seal no new way in.
    assert!(gateway.message_open(&stale, after, None).is_err());
    let app = gateway.app_password_new(&stale, &password(PASSWORD), "Phone");
    assert!(matches!(app, Err(Error::Refused)));
    let recovery = gateway.recovery_renew(&stale, &password(PASSWORD));
    assert!(matches!(recovery, Err(Error::Refused)));
}

fn put_keys(gateway: &Gateway, id: AccountId, row: &AccountKeys) {
    let AccountKeys { public, number, sealed_private } = row;
    let (public, number, sealed_private) = (public.clone(), *number, sealed_private.clone());
    let put = gateway.store().transact(move |tx| {
        let (public, sealed_private) = (public.clone(), sealed_private.clone());
        let row = AccountKeys { public, number, sealed_private };
        Ok::<_, Error>(tx.put(&ACCOUNT_KEYS, &id, &row)?)
    });
    put.wait().unwrap();
}

fn is_disabled(gateway: &Gateway, id: AccountId) -> bool {
    gateway.store().get(&ACCOUNTS, &id).unwrap().unwrap().disabled
}

/// Who can write to the store, and has the daemon key, puts keys of his own in the place of an
/// account's: the public half alone, or both.
#[test]
fn an_account_whose_public_key_was_replaced_is_not_used() {
    for whole in [false, true] {
        let gateway = gateway();
        let opened = gateway.session_open(log_in("dana", PASSWORD)).unwrap();
        let id = opened.id;
        let own = keys(&gateway, id);
        let other = AccountKeys::new(&vault::account_keys(&id.0).unwrap());
        let half = AccountKeys { public: other.public.clone(), ..keys(&gateway, id) };
        put_keys(&gateway, id, if whole { &other } else { &half });
        let text = "From: a@b.example\nSubject: a\n\nText.\n";
        deliver(&gateway, &["dana@example.org"], text);
        // A wrong password is nothing but that.
        let wrong = gateway.session_open(log_in("dana", NEW));
        assert!(matches!(wrong, Err(Error::Refused)) && !is_disabled(&gateway, id));
        let refused = gateway.session_open(log_in("dana", PASSWORD));
        assert!(matches!(refused, Err(Error::KeysDiffer)), "{whole}");
        assert!(is_disabled(&gateway, id));
        assert!(gateway.session_actor(&opened.token, "thumb").is_err(), "its sessions ended");
        let reason = refused_by(&gateway);
        assert!(reason.is_some(), "it takes no more mail");
        put_keys(&gateway, id, &own);
        gateway.account_enable("dana").unwrap();
        let opened = gateway.session_open(log_in("dana", PASSWORD)).unwrap();
        // Nothing more is sealed to the other keys, also in the epoch that was begun with them.
        let reference = deliver(&gateway, &["dana@example.org"], text);
        let dana = gateway.session_actor(&opened.token, "thumb").unwrap();
        assert!(gateway.message_open(&dana, reference, None).is_ok(), "{whole}");
    }
}

/// The keys before a renewal, put back: mail would be sealed to a pair that an old password opens.
#[test]
fn keys_of_before_a_renewal_that_were_put_back_are_not_used() {
    let gateway = gateway();
    let opened = gateway.session_open(log_in("dana", PASSWORD)).unwrap();
    let old = keys(&gateway, opened.id);
    change(&gateway, &opened, Others::End).unwrap();
    put_keys(&gateway, opened.id, &old);
    assert!(matches!(gateway.session_open(log_in("dana", NEW)), Err(Error::KeysDiffer)));
    assert!(is_disabled(&gateway, opened.id));
}

/// With two-step verification, the secret of which other keys do not open.
#[test]
fn foreign_keys_are_found_before_the_code_is_asked_for() {
    let gateway = gateway();
    let opened = gateway.session_open(log_in("dana", PASSWORD)).unwrap();
    let actor = gateway.session_actor(&opened.token, "thumb").unwrap();
    gateway.totp_start(&actor, &password(PASSWORD)).unwrap();
    let id = opened.id;
    let on = gateway.store().transact(move |tx| {
        let mut codes = tx.get(&TOTP, &id)?.unwrap();
        codes.on = true;
        Ok::<_, Error>(tx.put(&TOTP, &id, &codes)?)
    });
    on.wait().unwrap();
    let code = gateway.session_open(log_in("dana", PASSWORD));
    assert!(matches!(code, Err(Error::CodeNeeded)));
    put_keys(&gateway, id, &AccountKeys::new(&vault::account_keys(&id.0).unwrap()));
    assert!(matches!(gateway.session_open(log_in("dana", PASSWORD)), Err(Error::KeysDiffer)));
    assert!(is_disabled(&gateway, id));
}

/// A way to renew the keys of an account, with its recovery key.
type Door = dyn Fn(&Gateway, &RecoveryKey) -> Result<RecoveryKey, Error>;

/// Neither recovery nor a change of password renews keys that were put in the place of others: that
/// would leave no trace of it.
#[test]
fn foreign_keys_are_found_by_whatever_renews_them() {
    let by_command = |gateway: &Gateway, _: &RecoveryKey| {
        gateway.account_password("mira", &password(PASSWORD), &password(NEW), ChosenBy::Owner)
    };
    let by_recovery = |gateway: &Gateway, key: &RecoveryKey| {
        let by = (ChangedFrom::Server, OwnChoice::Made);
        gateway.account_recover("mira", key, &password(NEW), by)
    };
    let doors: [&Door; 2] = [&by_command, &by_recovery];
    for renew in doors {
        for whole in [false, true] {
            let gateway = gateway();
            let (_, key) = create(&gateway, "mira").unwrap();
            let id = gateway.account_named("mira").unwrap();
            let other = AccountKeys::new(&vault::account_keys(&id.0).unwrap());
            let half = AccountKeys { public: other.public.clone(), ..keys(&gateway, id) };
            put_keys(&gateway, id, if whole { &other } else { &half });
            assert!(matches!(renew(&gateway, &key), Err(Error::KeysDiffer)), "{whole}");
            assert!(is_disabled(&gateway, id));
        }
    }
}

/// A credential that was revoked while its work went on, with the keys as they were, brings nothing
/// back.
#[test]
fn what_a_revoked_credential_opened_is_not_wrapped_again() {
    let gateway = gateway();
    let opened = gateway.session_open(log_in("dana", PASSWORD)).unwrap();
    let actor = gateway.session_actor(&opened.token, "thumb").unwrap();
    let (unlock, credential) = gateway.unlock_with(opened.id, &password(PASSWORD)).unwrap();
    assert!(change(&gateway, &opened, Others::Keep).is_none());
    let still = Still { number: 0, opened_by: Opener::Credential(credential) };
    let chosen = password("third and last");
    let new = gateway.credential_new(opened.id, Chosen::checked(&chosen).unwrap(), &unlock);
    let from = actor.changes_from();
    let replaced = Replaced { renewal: Renewal::Password, from: from.clone(), still, alone: None };
    let done = gateway.credential_replace(opened.id, replaced, new.unwrap());
    assert!(matches!(done, Err(Error::Refused)));
    let renewed = gateway.keys_renew(Renewing {
        unlocked: Unlocked { account: opened.id, credential, unlock: &unlock },
        password: Chosen::checked(&chosen).unwrap(),
        choice: OwnChoice::Made,
        cause: Cause::PasswordChanged,
        keeps: None,
        from,
    });
    assert!(matches!(renewed, Err(Error::Refused)));
    assert!(gateway.session_open(log_in("dana", NEW)).is_ok());
}

/// One condition for each request, besides the end of the sessions.
#[test]
fn no_session_opens_a_disabled_account() {
    let gateway = gateway();
    let opened = gateway.session_open(log_in("dana", PASSWORD)).unwrap();
    let id = opened.id;
    let put = gateway.store().transact(move |tx| {
        let mut row = tx.get(&ACCOUNTS, &id)?.unwrap();
        row.disabled = true;
        Ok::<_, Error>(tx.put(&ACCOUNTS, &id, &row)?)
    });
    put.wait().unwrap();
    assert!(matches!(gateway.session_actor(&opened.token, "thumb"), Err(Error::Refused)));
}

/// The answer to a refused try waits for no write, whether there is such an account or not: the time
/// would tell.
#[test]
fn a_refused_try_is_answered_before_it_is_written() {
    let gateway = gateway();
    let count = || {
        let mut count = 0;
        let add = |_, _| {
            count += 1;
            ControlFlow::Continue(())
        };
        gateway.store().scan(&AUDIT, &(), Order::Ascending, add).unwrap();
        count
    };
    let refuse = |name: &str| {
        gateway.note_refused(Act::SignInRefused, Target::Typed(name), "192.0.2.1");
    };
    // With the limit of unknown names used up, and without.
    for number in 0..40 {
        refuse(&format!("nobody{number}"));
    }
    refuse("dana");
    assert_eq!(count(), 0);
    gateway.refusals_write();
    assert_eq!(count(), 30 + 1);
    gateway.refusals_write();
    assert_eq!(count(), 30 + 1);
    // At the end, also how many more of nobody's there were, although the minute is not over.
    refuse("dana");
    gateway.refusals_close();
    assert_eq!(count(), 30 + 1 + 1 + 1);
}

fn refused_by(gateway: &Gateway) -> Option<Reason> {
    refused(gateway, "dana@example.org", Origin::Outside)
}

/// A store as an attacker has it who copied the files and has the daemon key.
struct Copied {
    store: Store,
    vault: Vault,
    _folder: tempfile::TempDir,
}

fn same_vault() -> Vault {
    let key = DaemonKey::from_bytes([3; 32]);
    Vault::new(key, PoolLimits::default(), PasswordCost::default())
}

fn engine_in(folder: &Path) -> Arc<LocalEngine> {
    let config = LocalConfig { free_min_octets: 0, ..LocalConfig::in_folder(folder.to_owned()) };
    let opened = LocalEngine::open(config, same_vault(), Clock::System, &mut |_, _| ());
    Arc::new(opened.unwrap())
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

impl Copied {
    fn of(folder: &Path) -> Copied {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(folder, copy.path());
        let vault = same_vault();
        let store = Store::new(engine_in(copy.path()), vault.clone());
        Copied { store, vault, _folder: copy }
    }

    /// The unlock key of an account, for one that has a password of it.
    fn unlock(&self, account: AccountId, typed: &str) -> Option<UnlockKey> {
        let mut found = None;
        let each = |(_, id): (AccountId, [u8; 16]), row: super::records::account::Credential| {
            let bound = [account.0, id].concat();
            let passwords = self.vault.passwords();
            found =
                passwords.open(&row.wrapped_unlock, &password(typed), &bound).ok().or(found.take());
            ControlFlow::Continue(())
        };
        self.store.scan(&CREDENTIALS, &account, Order::Ascending, each).unwrap();
        found
    }

    fn secret(&self, account: AccountId, unlock: &UnlockKey) -> Option<AccountSecret> {
        let keys = self.store.get(&ACCOUNT_KEYS, &account).unwrap().unwrap();
        unlock.open_account(&keys.sealed_private, &account.0).ok()
    }

    /// Which messages a secret opens, the oldest first. It is tried for each epoch, whatever its
    /// record says about the keys that it was made for.
    fn opened_by(&self, account: AccountId, secret: &AccountSecret) -> Vec<bool> {
        let mut opened = Vec::new();
        let each = |_, entry: Entry| {
            let record = self.store.get(&EPOCHS, &(account, entry.epoch)).unwrap().unwrap();
            let bound = [&account.0[..], &entry.epoch.to_be_bytes()].concat();
            let row = [account.0, entry.reference].concat();
            let opens = |encapsulation: &[u8]| {
                let epoch = secret.epoch_open(encapsulation, &bound);
                epoch.is_ok_and(|epoch| epoch.open_summary(&row, &entry.sealed_summary).is_ok())
            };
            opened.push(opens(&record.encapsulation) || opens(&record.encapsulation[..1120]));
            ControlFlow::Continue(())
        };
        self.store.scan(&ENTRIES, &account, Order::Ascending, each).unwrap();
        opened
    }
}

/// P-20: an attacker who has an old backup, the daemon key and the password of that time opens
/// nothing in a later copy that arrived after the keys were renewed. With the password changed
/// alone, all of it opens.
#[test]
fn an_old_password_opens_no_later_mail_once_the_keys_were_renewed() {
    const THIRD: &str = "third and last";
    let home = tempfile::tempdir().unwrap();
    let gateway = gateway_on(engine_in(home.path()), |_| ());
    let arrives = || deliver(&gateway, &["dana@example.org"], "From: a@b.example\n\nText.\n");
    let opened = gateway.session_open(log_in("dana", PASSWORD)).unwrap();
    let dana = opened.id;
    arrives();
    let backup = Copied::of(home.path());
    let unlock = backup.unlock(dana, PASSWORD).unwrap();

    change(&gateway, &opened, Others::Keep);
    arrives();
    let later = Copied::of(home.path());
    assert!(later.unlock(dana, PASSWORD).is_none(), "the password alone is not good any more");
    let secret = later.secret(dana, &unlock).expect("the unlock key is the same");
    assert_eq!(later.opened_by(dana, &secret), [true, true]);

    let actor = gateway.session_actor(&opened.token, "thumb").unwrap();
    let kept = gateway.session_kept(&actor, &opened.token).unwrap();
    let (old, new, others) = (password(NEW), password(THIRD), Others::End);
    gateway.password_change(&actor, kept, &PasswordChange { old, new, others }).unwrap();
    arrives();
    let latest = Copied::of(home.path());
    assert!(latest.secret(dana, &unlock).is_none(), "the unlock key is another");
    let old = backup.secret(dana, &unlock).unwrap();
    assert_eq!(latest.opened_by(dana, &old), [true, true, false]);
    // The owner opens all of it.
    let unlock = latest.unlock(dana, THIRD).unwrap();
    let secret = latest.secret(dana, &unlock).unwrap();
    assert_eq!(latest.opened_by(dana, &secret), [true; 3]);
}
