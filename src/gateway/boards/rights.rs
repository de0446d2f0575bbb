//! Who may do what on a board: one decision over facts.
//!
//! | act | allowed to |
//! | --- | --- |
//! | see a post | who may read the board and is among the readers of its topic and of the post |
//! | post, answer | who may write |
//! | change, delete an own post | its author, as long as the author may write |
//! | change, delete the post of somebody else | who sees it and may edit |
//! | pin, lock | who may edit |
//! | say who may do what | who may manage |
//!
//! Nobody sees a post that is for others, whatever right he or she has.

use crate::gateway::groups::audience::{Audience, Reader};
use crate::gateway::records::board::{BoardGrant, LimitedPost, Post, PostReaders, Topic};
use crate::gateway::records::ids::AccountId;
use crate::gateway::records::keyring::RingEntry;
use crate::terms::BoardRight;

/// The highest right that the grants of a board give somebody, if any. Boards are for people inside.
#[must_use]
pub(in crate::gateway) fn right(grants: &[BoardGrant], reader: &Reader) -> Option<BoardRight> {
    if !reader.inside {
        return None;
    }
    let is_for = |grant: &&BoardGrant| match grant.to {
        RingEntry::Account(account) => account == reader.account,
        RingEntry::Group(group) => {
            Audience::Named { accounts: Vec::new(), groups: vec![group] }.may_read(reader)
        }
    };
    grants.iter().filter(is_for).map(|grant| grant.right).max()
}

/// Whether a reader of the board is among those whom something is for.
fn is_among(readers: Option<&PostReaders>, author: AccountId, account: AccountId) -> bool {
    readers.is_none_or(|readers| author == account || readers.accounts.contains(&account))
}

/// Whether a reader of the board sees a topic.
#[must_use]
pub(in crate::gateway) fn sees_topic(topic: &Topic, account: AccountId) -> bool {
    is_among(topic.limited.as_ref(), topic.author, account)
}

/// Whether a reader of the topic sees one of its posts that is for some alone.
#[must_use]
pub(in crate::gateway) fn sees_limited(post: &LimitedPost, account: AccountId) -> bool {
    post.author == account || post.accounts.contains(&account)
}

/// Whether a reader of the topic sees one of its posts.
#[must_use]
pub(in crate::gateway) fn sees_post(post: &Post, account: AccountId) -> bool {
    is_among(post.readers.as_ref(), post.author, account)
}

/// Whether somebody who sees a post may change or delete it.
#[must_use]
pub(in crate::gateway) fn may_change(right: BoardRight, post: &Post, account: AccountId) -> bool {
    let needed = if post.author == account { BoardRight::Write } else { BoardRight::Edit };
    right >= needed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::gateway::records::ids::GroupId;

    #[test]
    fn the_highest_of_all_grants_counts() {
        let grant = |to, right| BoardGrant { to, right };
        let (dana, omar) = (AccountId([1; 16]), AccountId([2; 16]));
        let (sales, everybody) = (GroupId([7; 16]), GroupId::EVERYBODY);
        let reader = |account, inside, groups: &[GroupId]| Reader {
            account,
            inside,
            groups: groups.iter().copied().collect::<BTreeSet<_>>(),
        };
        let grants = [
            grant(RingEntry::Account(dana), BoardRight::Manage),
            grant(RingEntry::Group(sales), BoardRight::Write),
        ];
        assert_eq!(right(&grants, &reader(dana, true, &[sales])), Some(BoardRight::Manage));
        assert_eq!(right(&grants, &reader(omar, true, &[sales])), Some(BoardRight::Write));
        assert_eq!(right(&grants, &reader(omar, true, &[])), None);
        let open = [grants[0], grant(RingEntry::Group(everybody), BoardRight::Read)];
        assert_eq!(right(&open, &reader(omar, true, &[])), Some(BoardRight::Read));
        assert_eq!(right(&open, &reader(omar, false, &[])), None, "a temporary account");
        assert_eq!(right(&open, &reader(dana, false, &[])), None);
        // The identifier of a group is no account's.
        let odd = [grant(RingEntry::Group(GroupId(omar.0)), BoardRight::Edit)];
        assert_eq!(right(&odd, &reader(omar, true, &[])), None);
    }
}
