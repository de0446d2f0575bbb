//! Samples of the records of profiles.

use crate::gateway::contacts::shares::Named;
use crate::gateway::groups::audience::Audience;
use crate::gateway::profiles::fields::{ProfileFields, ProfileText, Published, StoredProfile};
use crate::gateway::records::ids::GroupId;
use crate::gateway::records::profile::{CopyTo, ProfileCopy, ProfileRow};
use crate::mail::contacts::Way;

use super::*;

fn said() -> ProfileText {
    ProfileText {
        name: text("Ada"),
        phones: vec![Way { label: text("work"), value: text("+44 1") }],
        office: text("4 Square"),
        languages: vec![text("English"), text("French")],
        hours: text("9 to 5"),
        about: text("Engines"),
    }
}

impl Samples for ProfileRow {
    fn samples() -> Vec<Self> {
        let copies = vec![
            ProfileCopy { to: CopyTo::Person(id(1)), under: Some(70_001) },
            ProfileCopy { to: CopyTo::Group(GroupId([2; 16])), under: None },
        ];
        let row = ProfileRow {
            version: 70_002,
            sealed: vec![1, 2],
            sealed_picture: Some(vec![3]),
            copies,
        };
        vec![ProfileRow { sealed_picture: None, copies: Vec::new(), ..row.clone() }, row]
    }
}

impl Samples for StoredProfile {
    fn samples() -> Vec<Self> {
        let mut audiences = [const { Audience::Nobody }; 7];
        audiences[1] = Audience::Everybody;
        let (accounts, groups) = (vec![id(1)], vec![GroupId([2; 16])]);
        audiences[2] = Audience::Named { accounts, groups };
        let named = Named::from([(id(1), text("noa@example.org"))]);
        let full = StoredProfile { text: said(), picture: Some([7; 32]), audiences, named };
        vec![StoredProfile::default(), full]
    }
}

impl Samples for Published {
    fn samples() -> Vec<Self> {
        vec![Published { text: said(), fields: ProfileFields(93) }]
    }
}
