//! The administrator's settings for the whole daemon, as the configuration file has them.

use crate::gateway::records::mailbox::Holder;
use crate::gateway::records::policy::Policy;
use crate::gateway::retry::RetryPlan;
use crate::terms::Language;
use crate::terms::{ClosedMembers, GroupsBy};
use crate::terms::{ConfirmOutside, HandOff, LastInteraction};

/// How much an account may store; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub octets: u64,
    pub messages: u64,
}

/// The administrator's settings for the whole daemon.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This host's name, as its reports state it.
    pub host_name: String,
    /// The local domains, in lower case.
    pub domains: Vec<String>,
    /// Login name of the account that receives mail for postmaster; `None` means the first account.
    pub postmaster: Option<String>,
    /// How long a session stays valid without a request, on a private computer.
    pub session_idle_secs: i64,
    /// The same on a shared computer.
    pub session_shared_idle_secs: i64,
    /// How long a session stays valid at most.
    pub session_max_secs: i64,
    /// The most sessions of an account that people opened, and that programs opened.
    pub sessions_max: usize,
    /// The most app passwords of an account.
    pub app_passwords_max: usize,
    pub passkeys_max: usize,
    /// How long a browser may take to answer a passkey challenge.
    pub challenge_secs: i64,
    /// How many changes are kept for `changes_since`.
    pub changes_kept: u64,
    /// Whether people inside find each other in a directory.
    pub directory: bool,
    /// The name of the organisation in notifications and on pages.
    pub organisation: String,
    /// The base URL of the web interface, without a trailing slash.
    pub public_url: String,
    /// The number that outsiders can call to ask whether a notification is genuine.
    pub phone: Option<String>,
    /// The administrator's own text in each notification.
    pub notification_text: Option<String>,
    pub notification_languages: Vec<Language>,
    /// What happens to mail for outside recipients.
    pub policy: Policy,
    pub recipients_max: usize,
    /// The maximum total size of the attachments of one message.
    pub attachments_octets_max: u64,
    /// The maximum amount of a message's text that is indexed for search.
    pub search_text_octets_max: usize,
    /// The maximum total size of an account's uploads that are not sent yet.
    pub uploads_octets_max: u64,
    /// The same for a temporary account.
    pub temporary_uploads_octets_max: u64,
    /// How much an account may store, unless managers set another limit for it.
    pub quota: Quota,
    /// The same for a temporary account.
    pub temporary_quota: Quota,
    /// How long messages stay in the trash; `None` keeps them for ever.
    pub trash_kept_secs: Option<i64>,
    pub junk_kept_secs: Option<i64>,
    /// How recently a manager must have entered the password.
    pub manager_fresh_secs: i64,
    /// How long the audit log is kept.
    pub log_kept_secs: i64,
    /// How long sending a message can be undone.
    pub undo_secs: u32,
    /// How long a temporary account exists after the last message to it.
    pub temporary_secs: i64,
    /// How long before expiry the outsider and the sponsor are warned.
    pub temporary_warn_secs: i64,
    pub hand_off: HandOff,
    /// How often an outsider may ask for access again, in one day.
    pub temporary_asks_max: usize,
    /// Whether outside senders are notified that their message was accepted (decision D2).
    pub acceptance_notice: bool,
    pub last_interaction: LastInteraction,
    pub last_interaction_fixed: bool,
    pub confirm_outside: ConfirmOutside,
    pub confirm_outside_fixed: bool,
    pub retry: RetryPlan,
    /// How long a report waits at most for other recipients of the same message.
    pub report_wait_secs: i64,
    /// Who may create groups.
    pub groups_by: GroupsBy,
    /// Who may make a group open or closed.
    pub group_kinds_by: GroupsBy,
    /// Who may give a group an address.
    pub group_addresses_by: GroupsBy,
    /// What people learn of a member of a closed group that they are not in.
    pub closed_members: ClosedMembers,
    pub chat: Chat,
    pub notices: Notices,
    pub schedule: Schedule,
}

/// What the administrator says about calendars and meetings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Whether anybody has a calendar.
    pub enabled: bool,
    /// The most entries of a calendar.
    pub entries_max: u64,
    pub text_chars_max: usize,
    /// How many days of what is repeated one list looks at.
    pub steps_max: u64,
    /// The most lines of one list.
    pub shown_max: usize,
    pub invitees_max: usize,
    /// For how many meetings one account may ask in a day.
    pub meetings_per_day_max: usize,
    /// For how many meetings one account may be asked in four weeks, by all and by one.
    pub requests_per_month_max: usize,
    pub requests_of_one_max: usize,
    /// How often a meeting may be changed, and answered anew by each.
    pub changes_max: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule {
            enabled: true,
            entries_max: 50_000,
            text_chars_max: 8_000,
            steps_max: 2_000_000,
            shown_max: 5_000,
            invitees_max: 200,
            meetings_per_day_max: 100,
            requests_per_month_max: 500,
            requests_of_one_max: 100,
            changes_max: 100,
        }
    }
}

/// What the administrator says about chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chat {
    /// The most members of a room.
    pub members_max: u64,
    /// The most members of a room that does not show them what was said before.
    pub hidden_members_max: u64,
    /// How long somebody may change or delete what was said.
    pub edit_secs: i64,
    /// After how long somebody who does not read what others say is shown as no longer reading.
    pub stopped_reading_secs: i64,
    /// After how long a notice says that something waits for somebody who is not there.
    pub notice_secs: i64,
    /// Whether all members show who reads and who is there, and nobody may choose otherwise.
    pub presence_fixed: bool,
    /// The most minutes of a recording.
    pub voice_minutes: u32,
    /// The largest file of a line, also of a recording.
    pub file_octets: u64,
}

impl Default for Chat {
    fn default() -> Self {
        Chat {
            members_max: 1_000,
            hidden_members_max: 200,
            edit_secs: 900,
            stopped_reading_secs: 300,
            notice_secs: 120,
            presence_fixed: false,
            voice_minutes: 10,
            file_octets: 25 << 20,
        }
    }
}

/// What the administrator says about notices of posts, and about the other address of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notices {
    /// After how long a notice says that a post waits.
    pub post_secs: i64,
    /// Whether people may have notices sent to another address.
    pub other_address: bool,
    /// The most codes of one account in a day, and to one address.
    pub code_mails_per_account_max: usize,
    pub code_mails_per_address_max: usize,
    /// How long a code can be entered, and how many wrong ones.
    pub code_secs: i64,
    pub code_tries_max: u32,
    /// The most notices to the other address of one account in a day.
    pub mails_per_day_max: usize,
}

impl Default for Notices {
    fn default() -> Self {
        Notices {
            post_secs: 120,
            other_address: true,
            code_mails_per_account_max: 3,
            code_mails_per_address_max: 2,
            code_secs: 3_600,
            code_tries_max: 5,
            mails_per_day_max: 24,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            domains: Vec::new(),
            postmaster: None,
            session_idle_secs: 30 * 60,
            session_shared_idle_secs: 15 * 60,
            session_max_secs: 12 * 3600,
            app_passwords_max: 30,
            sessions_max: 32,
            passkeys_max: 20,
            challenge_secs: 300,
            changes_kept: 20_000,
            host_name: "localhost".to_owned(),
            directory: true,
            organisation: "Postern".to_owned(),
            public_url: "https://localhost".to_owned(),
            phone: None,
            notification_text: None,
            notification_languages: vec![Language::English],
            policy: Policy::default(),
            recipients_max: 1_000,
            attachments_octets_max: 1 << 30,
            search_text_octets_max: 256 * 1024,
            uploads_octets_max: 4 << 30,
            temporary_uploads_octets_max: 256 << 20,
            quota: Quota { octets: 10_000_000_000, messages: 200_000 },
            temporary_quota: Quota { octets: 4_000_000_000, messages: 5_000 },
            trash_kept_secs: Some(30 * 24 * 3600),
            junk_kept_secs: Some(30 * 24 * 3600),
            manager_fresh_secs: 600,
            log_kept_secs: 400 * 24 * 3600,
            undo_secs: 15,
            temporary_secs: 14 * 24 * 3600,
            temporary_warn_secs: 3 * 24 * 3600,
            hand_off: HandOff::Claim,
            temporary_asks_max: 3,
            acceptance_notice: true,
            last_interaction: LastInteraction::Day,
            last_interaction_fixed: false,
            confirm_outside: ConfirmOutside::Known,
            confirm_outside_fixed: false,
            retry: RetryPlan::default(),
            report_wait_secs: 300,
            groups_by: GroupsBy::Everybody,
            group_kinds_by: GroupsBy::Managers,
            group_addresses_by: GroupsBy::Managers,
            closed_members: ClosedMembers::Address,
            chat: Chat::default(),
            notices: Notices::default(),
            schedule: Schedule::default(),
        }
    }
}

impl Settings {
    /// The configured limits of an account.
    pub(in crate::gateway) fn quota_for(&self, holder: Holder) -> Quota {
        match holder {
            Holder::User => self.quota,
            Holder::Outsider => self.temporary_quota,
        }
    }
}
