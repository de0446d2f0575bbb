//! The keywords that the configuration, the records, the wire and the command line share. Each
//! kind is defined once, together with its spelling.
//!
//! The records store a variant by its position, so the order of the variants must never change,
//! and a new one must be added at the end.

mod accept_from;
mod account_change;
mod account_sort;
mod acquaintance;
mod board;
mod choice;
mod confirmations;
mod delivery;
mod disclosure;
mod fullness;
mod group;
mod hand_off;
mod language;
mod meeting;
mod profile;
mod queue;
mod reject_reason;
mod relation;
mod room;
mod sender_check;
mod standing;

pub use accept_from::AcceptFrom;
pub use account_change::AccountChange;
pub use account_sort::AccountSort;
pub use acquaintance::Acquaintance;
pub use board::{Attention, BoardRight};
pub use choice::{Choice, Mode};
pub use confirmations::Confirmations;
pub use delivery::{DeliveryState, Level, NotSent, Route, StepNote};
pub use disclosure::{ConfirmOutside, LastInteraction};
pub use fullness::Fullness;
pub use group::{ClosedMembers, GroupAct, GroupKind, GroupWriters, GroupsBy, MemberBy};
pub use hand_off::{HandOff, PickupState};
pub use language::Language;
pub use meeting::{
    Heard, MeetingAnswer, MeetingChange, MeetingFact, MeetingRule, MeetingSaid, MeetingState,
    Needed, PersonState,
};
pub use profile::Profile;
pub use queue::{QueueKind, QueueState};
pub use reject_reason::RejectReason;
pub use relation::RelationKind;
pub use room::{LineKind, RoomKind};
pub use sender_check::{SenderCheck, SenderWarning};
pub use standing::{SignatureState, Standing, VouchProblem};

/// A word that is not the name of any variant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a known word")]
pub struct UnknownWord(pub String);

/// Gives an enum its words: defines `ALL` and `as_str`, and implements `FromStr`.
macro_rules! words {
    ($kind:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $kind {
            /// All variants, in their order.
            pub const ALL: [$kind; [$($word),+].len()] = [$($kind::$variant),+];

            /// Returns the word used in the configuration, on the wire and on the command line.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($kind::$variant => $word),+
                }
            }
        }

        impl std::str::FromStr for $kind {
            type Err = $crate::terms::UnknownWord;

            fn from_str(word: &str) -> Result<$kind, $crate::terms::UnknownWord> {
                let unknown = || $crate::terms::UnknownWord(word.to_owned());
                $kind::ALL.into_iter().find(|one| one.as_str() == word).ok_or_else(unknown)
            }
        }
    };
}
use words;

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::str::FromStr;

    use serde::Serialize;

    use super::*;

    /// Checks that each variant has the expected word, and is stored as its position.
    fn check<T>(all: &[T], as_str: fn(T) -> &'static str, words: &[&str])
    where
        T: Copy + Debug + PartialEq + Serialize + FromStr<Err = UnknownWord>,
    {
        assert_eq!(all.len(), words.len());
        for (position, (one, word)) in all.iter().zip(words).enumerate() {
            assert_eq!(as_str(*one), *word);
            assert_eq!(word.parse(), Ok(*one));
            assert_eq!(serde_json::to_value(one).unwrap(), *word);
            assert_eq!(postcard::to_allocvec(one).unwrap(), [u8::try_from(position).unwrap()]);
        }
        assert_eq!("nonsense".parse::<T>(), Err(UnknownWord("nonsense".to_owned())));
    }

    #[test]
    fn each_word_is_spelled_and_stored_in_one_way() {
        check(
            &Choice::ALL,
            Choice::as_str,
            &["refuse", "ask", "temporary-account", "plain", "verified-tls"],
        );
        let rights = ["read", "write", "edit", "manage"];
        check(&BoardRight::ALL, BoardRight::as_str, &rights);
        check(&Mode::ALL, Mode::as_str, &["fixed", "default", "free"]);
        check(&LastInteraction::ALL, LastInteraction::as_str, &["never", "day", "exact"]);
        let confirm = ["never", "ask", "known", "always"];
        check(&ConfirmOutside::ALL, ConfirmOutside::as_str, &confirm);
        check(&Confirmations::ALL, Confirmations::as_str, &["mailbox", "inbox"]);
        check(&HandOff::ALL, HandOff::as_str, &["claim", "in-mail", "by-sender"]);
        check(&AcceptFrom::ALL, AcceptFrom::as_str, &["inside", "outside", "both"]);
        let reasons = ["wrong-person", "not-expected", "other"];
        check(&RejectReason::ALL, RejectReason::as_str, &reasons);
        let routes = ["inside", "temporary-account", "ask", "plain", "verified-tls", "refused"];
        check(&Route::ALL, Route::as_str, &routes);
        let states = [
            "held",
            "accepted",
            "waiting",
            "delivered",
            "read",
            "rejected",
            "expired",
            "refused",
            "failed",
        ];
        check(&DeliveryState::ALL, DeliveryState::as_str, &states);
        let kinds = ["message", "notification", "report"];
        check(&QueueKind::ALL, QueueKind::as_str, &kinds);
        check(&QueueState::ALL, QueueState::as_str, &["waiting", "leased", "held"]);
        check(&Profile::ALL, Profile::as_str, &["browser", "shared"]);
        let relations = ["reply", "reply-all", "forward"];
        check(&RelationKind::ALL, RelationKind::as_str, &relations);
        let fullness = ["room", "filling", "almost-full", "full"];
        check(&Fullness::ALL, Fullness::as_str, &fullness);
        let checks = [
            "unchecked",
            "relay",
            "confirmed",
            "unknown",
            "temporary",
            "failed",
            "quarantined",
            "own-domain",
        ];
        check(&SenderCheck::ALL, SenderCheck::as_str, &checks);
        let warnings = ["name-address", "reply-domain", "lookalike", "borrowed-name"];
        check(&SenderWarning::ALL, SenderWarning::as_str, &warnings);
        let changes = [
            "password-changed",
            "recovered",
            "recovery-key-created",
            "app-password-created",
            "app-password-removed",
            "passkey-created",
            "passkey-removed",
            "totp-on",
            "totp-off",
            "signed-in",
        ];
        check(&AccountChange::ALL, AccountChange::as_str, &changes);
        let ways = ["in-person", "call", "known"];
        check(&Acquaintance::ALL, Acquaintance::as_str, &ways);
        let standings = ["in-force", "expired", "ended", "key-changed", "doubtful", "forged"];
        check(&Standing::ALL, Standing::as_str, &standings);
        let signatures = [
            "valid",
            "earlier-key",
            "key-changed",
            "unknown-signer",
            "broken",
            "missing",
            "unsigned",
        ];
        check(&SignatureState::ALL, SignatureState::as_str, &signatures);
        let problems =
            ["own-key-lost", "register-old", "key-changed", "left-out", "added", "forged"];
        check(&VouchProblem::ALL, VouchProblem::as_str, &problems);
        let pickups = ["waiting", "visited", "claimed", "expired", "revoked"];
        check(&PickupState::ALL, PickupState::as_str, &pickups);
        check(&RoomKind::ALL, RoomKind::as_str, &["conversation", "room"]);
        let lines = ["said", "deleted", "joined", "left", "removed", "away", "back"];
        check(&LineKind::ALL, LineKind::as_str, &lines);
        check(&GroupKind::ALL, GroupKind::as_str, &["plain", "open", "closed"]);
        check(&GroupWriters::ALL, GroupWriters::as_str, &["members", "inside", "everybody"]);
        check(&GroupsBy::ALL, GroupsBy::as_str, &["everybody", "managers"]);
        check(&ClosedMembers::ALL, ClosedMembers::as_str, &["address", "hidden"]);
        check(&MemberBy::ALL, MemberBy::as_str, &["named", "voucher", "attested"]);
        let acts = [
            "created",
            "added",
            "left",
            "removed",
            "manager-granted",
            "manager-revoked",
            "renamed",
            "kind-changed",
            "mail-changed",
            "listed",
            "unlisted",
            "earlier-shared",
            "earlier-hidden",
        ];
        check(&GroupAct::ALL, GroupAct::as_str, &acts);
        let languages = ["english", "hebrew", "german", "french", "spanish", "arabic"];
        check(&Language::ALL, Language::as_str, &languages);
    }

    #[test]
    fn a_language_is_known_by_its_tag() {
        for language in Language::ALL {
            assert_eq!(Language::from_tag(language.tag()), Some(language));
        }
        assert_eq!(Language::from_tag("english"), None);
    }
}
