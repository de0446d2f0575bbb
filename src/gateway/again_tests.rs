//! Temporary accounts that are started again, because the passphrase was lost.

use super::sending_tests::*;
use super::tests::*;
use super::*;
use crate::terms::{PickupState, RelationKind};

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
    let foreign = gateway.temporary_start_again(&omar, &id);
    assert!(matches!(foreign, Err(Error::NotFound { .. })), "only for its sponsor");
    let again = gateway.temporary_start_again(&dana, &id).unwrap();
    assert_eq!((again.brought, again.lost), (2, 2));

    assert!(!gateway.session_is_open(noa.account(), &noa.session_id()).unwrap());
    assert!(matches!(gateway.session_open(log_in(OUTSIDER, OWN)), Err(Error::Refused)));
    assert_eq!(gateway.pickup(&token).unwrap().state, PickupState::Waiting);
    let (next, _) = password_and_token(&leased(&gateway).pop().unwrap().1);
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
    let early = gateway.temporary_start_again(&dana, &id);
    assert!(matches!(early, Err(Error::Conflict(Conflict::OneTimePassword))), "{early:?}");
    let (initial, _) = password_and_token(&leased(&gateway)[0].1);
    claim(&gateway, OUTSIDER, &initial, OWN).unwrap();
    // A message whose sending can be undone is sealed to the keys of now.
    hold(&gateway, &dana, &content(&[OUTSIDER], "Two"));
    let held = gateway.temporary_start_again(&dana, &id);
    assert!(matches!(held, Err(Error::Conflict(Conflict::BeingSent))), "{held:?}");
    release(&gateway);
    let again = gateway.temporary_start_again(&dana, &id).unwrap();
    assert_eq!((again.brought, again.lost), (2, 0));
    let twice = gateway.temporary_start_again(&dana, &id);
    assert!(matches!(twice, Err(Error::Conflict(Conflict::OneTimePassword))), "{twice:?}");
}
