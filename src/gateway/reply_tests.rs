//! Whom an answer is addressed to.

use super::outgoing::draft::Addressee;
use super::tests::*;
use crate::terms::RelationKind;

#[test]
fn a_reply_to_all_goes_to_none_of_ones_own_addresses() {
    let gateway = gateway();
    let dana = sign_in(&gateway, "dana");
    let begun = |to: &str, from: &str, kind| {
        let text = format!("From: {from}\nTo: {to}\nSubject: Hello\n\nx\n");
        let reference = deliver(&gateway, &["dana@example.org"], &text);
        gateway.message_open(&dana, reference, None).unwrap();
        let content = gateway.draft_from(&dana, reference, kind, None).unwrap().content;
        let addresses = |all: Vec<Addressee>| all.into_iter().map(|one| one.address).collect();
        (addresses(content.to), addresses(content.cc)) as (Vec<String>, Vec<String>)
    };
    let rachel = "rachel@outside.example";
    let (to, cc) = begun(
        "dana+list@example.org, omar@example.org, DANA+shop@example.org, DANA@EXAMPLE.org,\n \
         other@outside.example, OTHER@OUTSIDE.EXAMPLE, dana+x@outside.example",
        rachel,
        RelationKind::ReplyAll,
    );
    assert_eq!(to, [rachel]);
    assert_eq!(cc, ["omar@example.org", "other@outside.example", "dana+x@outside.example"]);
    let (to, cc) = begun("dana@example.org", "dana+notes@example.org", RelationKind::ReplyAll);
    assert_eq!((to, cc), (vec!["dana+notes@example.org".to_owned()], vec![]));
}
