//! Temporary accounts that are started again, because the passphrase was lost.

use super::records::audit::Act;
use super::records::ids::AccountId;
use super::records::tables::ACCOUNT_KEYS;
use super::reporting::notice::NoticeDraft;
use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::store::Read;
use crate::terms::{HandOff, PickupState, RelationKind};

const PEER: &str = "192.0.2.7";

fn account_id(gateway: &Gateway, dana: &Actor) -> String {
    gateway.temporary_list(Some(dana)).unwrap()[0].id.clone()
}

/// Returns the octets of a message as its reader gets them.
fn read(gateway: &Gateway, actor: &Actor, reference: Reference) -> String {
    let (_, octets) = gateway.message_open(actor, reference, None).unwrap();
    String::from_utf8_lossy(&octets.whole().unwrap()).into_owned()
}

/// P-33, P-36: what opened the account opens nothing any more; what the sponsor still has is there
/// again, and what is not is said, also to its sender.
#[test]
fn a_lost_passphrase_costs_what_the_sponsor_cannot_seal_again() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let opened = send(&gateway, &dana, &content(&[OUTSIDER], "The first word"));
    let (initial, token) = password_and_token(&leased(&gateway)[0].1);
    let noa = claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    read(&gateway, &noa, opened);
    let draft = gateway.draft_from(&noa, opened, RelationKind::Reply, None).unwrap();
    send(&gateway, &noa, &draft.content);
    gateway.draft_from(&noa, opened, RelationKind::Reply, None).unwrap();
    let both = content(&[OUTSIDER, "omar@example.org"], "The second word");
    let waits = send(&gateway, &dana, &both);
    let thrown = send(&gateway, &dana, &content(&[OUTSIDER], "The third word"));
    gateway.message_delete(&dana, thrown).unwrap();
    let others = send(&gateway, &omar, &content(&[OUTSIDER], "The fourth word"));

    let id = account_id(&gateway, &dana);
    let foreign = gateway.temporary_start_again(&omar, &id, PEER);
    assert!(matches!(foreign, Err(Error::NotFound { .. })), "only for its sponsor");
    let unasked = gateway.temporary_start_again(&dana, &id, PEER);
    assert!(matches!(unasked, Err(Error::Conflict(Conflict::OthersWait))), "{unasked:?}");
    gateway.pickup_access(&token, OUTSIDER).unwrap();
    let again = gateway.temporary_start_again(&dana, &id, PEER).unwrap();
    assert_eq!((again.brought, again.lost), (2, 2));

    assert!(!gateway.session_is_open(noa.account(), &noa.session_id()).unwrap());
    assert!(matches!(gateway.session_open(log_in(OUTSIDER, OWN)), Err(Error::Refused)));
    assert_eq!(gateway.pickup(&token).unwrap().state, PickupState::Waiting);
    let mail = leased(&gateway).pop().unwrap().1;
    // It is the sponsor's, although the latest message was Omar's.
    assert!(mail.contains("dana@example.org") && !mail.contains("omar@example.org"), "{mail}");
    assert!(mail.contains(&waits.to_string()), "{mail}");
    let (next, _) = password_and_token(&mail);
    let noa = claim(&gateway, OUTSIDER, &next, "other words of mine").unwrap();
    let there: Vec<_> = inbox(&gateway, &noa).iter().map(|item| item.reference).collect();
    assert!(there.len() == 2 && there.contains(&opened) && there.contains(&waits), "{there:?}");
    assert!(read(&gateway, &noa, opened).contains("The first word"));
    assert!(read(&gateway, &noa, waits).contains("The second word"));
    let item = inbox(&gateway, &noa).into_iter().find(|item| item.reference == waits).unwrap();
    assert_eq!(item.from_address.as_deref(), Some("dana@example.org"));
    assert!(gateway.draft_list(&noa).unwrap().is_empty());
    // Its senders know what became of the others, each of them once.
    for (actor, lost) in [(&dana, thrown), (&omar, others)] {
        let told: Vec<_> = notices(&gateway, actor)
            .into_iter()
            .filter(|(kind, _)| *kind == DeliveryState::Expired)
            .collect();
        assert_eq!(told.len(), 1, "{lost}: {told:?}");
    }
    // New mail is sealed to the new keys.
    let later = send(&gateway, &dana, &content(&[OUTSIDER], "The fifth word"));
    assert!(read(&gateway, &noa, later).contains("The fifth word"));
}

#[test]
fn an_account_is_not_started_again_while_a_mail_can_help() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    send(&gateway, &dana, &content(&[OUTSIDER], "One"));
    let id = account_id(&gateway, &dana);
    let early = gateway.temporary_start_again(&dana, &id, PEER);
    assert!(matches!(early, Err(Error::Conflict(Conflict::OneTimePassword))), "{early:?}");
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    // A message whose sending can be undone is sealed to the keys of now.
    hold(&gateway, &dana, &content(&[OUTSIDER], "Two"));
    let held = gateway.temporary_start_again(&dana, &id, PEER);
    assert!(matches!(held, Err(Error::Conflict(Conflict::BeingSent))), "{held:?}");
    release(&gateway);
    let again = gateway.temporary_start_again(&dana, &id, PEER).unwrap();
    assert_eq!((again.brought, again.lost), (2, 0));
    let twice = gateway.temporary_start_again(&dana, &id, PEER);
    assert!(matches!(twice, Err(Error::Conflict(Conflict::OneTimePassword))), "{twice:?}");
}

/// Dana's message to an outsider, who has read it and chosen a passphrase; returns the outsider, the
/// token of the link, and the account.
fn claimed(gateway: &Gateway, dana: &Actor) -> (Actor, String, AccountId) {
    send(gateway, dana, &content(&[OUTSIDER], "The first word"));
    let (initial, token) = password_and_token(&leased(gateway)[0].1);
    let noa = claim(gateway, OUTSIDER, &initial, OWN).unwrap();
    let account = noa.account();
    (noa, token, account)
}

fn claimed_again(gateway: &Gateway) -> Actor {
    let (next, _) = password_and_token(&leased(gateway).pop().unwrap().1);
    claim(gateway, OUTSIDER, &next, "other words of mine").unwrap()
}

fn expired(gateway: &Gateway, actor: &Actor) -> usize {
    notices(gateway, actor).iter().filter(|(kind, _)| *kind == DeliveryState::Expired).count()
}

/// Promise 1: what came after it was decided what becomes of each message is not lost with it.
#[test]
fn a_message_that_comes_meanwhile_is_neither_lost_nor_expired() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let (noa, token, account) = claimed(&gateway, &dana);
    gateway.pickup_access(&token, OUTSIDER).unwrap();
    for sender in [&dana, &omar] {
        let again = gateway.again(&dana, account, PEER).unwrap();
        let late = send(&gateway, sender, &content(&[OUTSIDER], "The late word"));
        assert_eq!(gateway.again_store(again).unwrap(), None);
        assert!(read(&gateway, &noa, late).contains("The late word"), "the account is as it was");
    }
    let again = gateway.again(&dana, account, PEER).unwrap();
    hold(&gateway, &omar, &content(&[OUTSIDER], "The word that waits"));
    assert_eq!(gateway.again_store(again).unwrap(), None, "its sending can be undone");
    release(&gateway);
    let id = account.to_text();
    let again = gateway.temporary_start_again(&dana, &id, PEER).unwrap();
    assert_eq!((again.brought, again.lost), (2, 2));
    assert_eq!((expired(&gateway, &dana), expired(&gateway, &omar)), (0, 1));
    assert_eq!(inbox(&gateway, &claimed_again(&gateway)).len(), 2);
}

/// Senders learn that a message has expired when it has, and not before.
#[test]
fn who_does_not_start_again_in_the_end_has_told_nobody() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let (noa, token, account) = claimed(&gateway, &dana);
    let waits = send(&gateway, &omar, &content(&[OUTSIDER], "Another word"));
    gateway.pickup_access(&token, OUTSIDER).unwrap();
    drop(gateway.again(&dana, account, PEER).unwrap());
    assert_eq!(expired(&gateway, &omar), 0);
    assert_eq!(states(&gateway, &omar, waits)[0].1, DeliveryState::Waiting);
    read(&gateway, &noa, waits);
}

/// Promise 1: a message that was sealed before and is stored after is refused, and sealed anew; one that
/// nobody opens would make the whole inbox unreadable.
#[test]
fn what_was_sealed_to_the_keys_before_is_not_accepted() {
    let gateway = gateway();
    let (dana, omar) = (sign_in(&gateway, "dana"), sign_in(&gateway, "omar"));
    let (_, _, account) = claimed(&gateway, &dana);
    let before = gateway.store().get(&ACCOUNT_KEYS, &account).unwrap().unwrap().public_key();
    gateway.temporary_start_again(&dana, &account.to_text(), PEER).unwrap();
    gateway.epoch_open(account, gateway.epoch_under(account, &before).unwrap());
    let late = content(&[OUTSIDER], "The late word");
    let refused = try_send(&gateway, &omar, &late, None);
    assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    // A notice to the account is left out, and what it tells of is stored.
    let draft = NoticeDraft {
        kind: DeliveryState::Failed,
        about: [7; 16],
        recipient: "dana@example.org",
        at: gateway.clock().now(),
        detail: None,
        topic: None,
        others: &[],
        report: None,
    };
    let notice = gateway.notice_prepare(account, &draft).unwrap();
    gateway.notice_transact(Some(notice), [7; 16], |_| Ok(true)).unwrap();
    gateway.inner.renewals.add();
    let noa = claimed_again(&gateway);
    assert_eq!(inbox(&gateway, &noa).len(), 1);
    let late = send(&gateway, &omar, &late);
    assert!(read(&gateway, &noa, late).contains("The late word"));
}

/// D1: whatever handed over the first password, the sponsor does not get an account that its owner has
/// chosen a passphrase for.
#[test]
fn an_account_that_is_started_again_is_handed_over_to_its_address_alone() {
    for hand_off in [HandOff::Claim, HandOff::InMail, HandOff::BySender] {
        let gateway = gateway_with(|settings| settings.hand_off = hand_off);
        let dana = sign_in(&gateway, "dana");
        let message = send(&gateway, &dana, &content(&[OUTSIDER], "The first word"));
        let (mut initial, _) = password_and_token(&leased(&gateway)[0].1);
        if hand_off == HandOff::BySender {
            let view = gateway.submission(&dana, message).unwrap();
            let account = view.recipients[0].temporary.as_ref().unwrap();
            initial = account.password.as_ref().unwrap().expose().to_owned();
        }
        match hand_off {
            HandOff::InMail => drop(gateway.session_open(log_in(OUTSIDER, &initial)).unwrap()),
            _ => drop(claim(&gateway, OUTSIDER, &initial, OWN).unwrap()),
        }
        let id = account_id(&gateway, &dana);
        let again = gateway.temporary_start_again(&dana, &id, PEER).unwrap();
        assert!(again.account.password.is_none(), "{hand_off:?}");
        assert_eq!(again.account.hand_off, HandOff::Claim);
        let listed = gateway.temporary_list(Some(&dana)).unwrap();
        assert!(listed[0].password.is_none(), "{hand_off:?}");
        let view = gateway.submission(&dana, message).unwrap();
        assert!(view.recipients[0].temporary.as_ref().unwrap().password.is_none());
        let old = gateway.session_open(log_in(OUTSIDER, &initial));
        assert!(matches!(old, Err(Error::Refused)), "{hand_off:?}");
        let noa = claimed_again(&gateway);
        assert!(read(&gateway, &noa, message).contains("The first word"));
    }
}

/// P-36: it is in the audit log as soon as it has happened, with its notification.
#[test]
fn starting_again_is_recorded_together_with_the_act() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let (_, _, account) = claimed(&gateway, &dana);
    let again = gateway.again(&dana, account, PEER).unwrap();
    assert!(gateway.again_store(again).unwrap().is_some());
    let log = gateway.audit(None).unwrap().items;
    let entry = log.iter().find(|one| one.act == Act::CredentialRemoved).unwrap();
    assert_eq!((entry.who.as_str(), entry.peer.as_str()), ("dana", PEER));
    assert_eq!(entry.about, format!("{OUTSIDER} (temporary account started again)"));
    claimed_again(&gateway);
}

/// A session that was open before stores nothing any more: what it seals, nobody opens.
#[test]
fn a_session_of_before_stores_neither_a_passphrase_nor_a_draft() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let (noa, _, account) = claimed(&gateway, &dana);
    gateway.temporary_start_again(&dana, &account.to_text(), PEER).unwrap();
    let unlock = crate::vault::account_keys(&account.0).unwrap().unlock;
    let chosen = gateway.passphrase_choose(&noa, &unlock, &password("words of an old session"));
    assert!(matches!(chosen, Err(Error::Refused)), "{chosen:?}");
    let draft = gateway.draft_create(&noa, &content(&["dana@example.org"], "Too late"));
    assert!(matches!(draft, Err(Error::Refused)), "{draft:?}");
    claimed_again(&gateway);
}
