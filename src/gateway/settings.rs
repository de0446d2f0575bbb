//! The settings of the daemon that the core needs, from the configuration file.

use crate::gateway::records::policy::Policy;
use crate::gateway::retry::RetryPlan;
use crate::terms::Language;
use crate::terms::{ConfirmOutside, HandOff, LastInteraction};

/// The settings of the daemon that the core needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This host's own name, for reports.
    pub host_name: String,
    /// Our domains, in lower case.
    pub domains: Vec<String>,
    /// The login name of the account that gets mail for postmaster; the first account if `None`.
    pub postmaster: Option<String>,
    /// How long a session stays open without a request, in the user's own browser.
    pub session_idle_secs: i64,
    /// The same on a shared computer.
    pub session_shared_idle_secs: i64,
    /// How long a session stays open at most.
    pub session_max_secs: i64,
    /// The most app passwords of an account.
    pub app_passwords_max: usize,
    pub passkeys_max: usize,
    /// How long a passkey's challenge is valid.
    pub challenge_secs: i64,
    /// The number of changes that are stored for `changes_since`.
    pub changes_kept: u64,
    /// The organisation's name in notifications and on pages.
    pub organisation: String,
    /// The address of the webmail, without a slash at the end.
    pub public_url: String,
    /// The phone number for outsiders who want to verify a notification.
    pub phone: Option<String>,
    /// The administrator's own text in each notification.
    pub notification_text: Option<String>,
    pub notification_languages: Vec<Language>,
    /// The policy for mail to the outside.
    pub policy: Policy,
    pub recipients_max: usize,
    /// The largest total size of a message's attachments.
    pub attachments_octets_max: u64,
    /// How much of a message's text is indexed.
    pub search_text_octets_max: usize,
    /// The largest total size of an account's uploads.
    pub uploads_octets_max: u64,
    /// The same for a temporary account.
    pub temporary_uploads_octets_max: u64,
    /// How long messages stay in the trash; `None` for ever.
    pub trash_kept_secs: Option<i64>,
    pub junk_kept_secs: Option<i64>,
    /// How long a manager's confirmation of the password is valid.
    pub manager_fresh_secs: i64,
    /// How long the audit log is kept.
    pub log_kept_secs: i64,
    /// How long the sending of a message can be undone.
    pub undo_secs: u32,
    /// How long a temporary account exists after the last message to it.
    pub temporary_secs: i64,
    /// How long before its expiry the warning is sent.
    pub temporary_warn_secs: i64,
    pub hand_off: HandOff,
    /// Whether outside senders get a notice that their message was accepted (decision D2).
    pub acceptance_notice: bool,
    pub last_interaction: LastInteraction,
    pub last_interaction_fixed: bool,
    pub confirm_outside: ConfirmOutside,
    pub confirm_outside_fixed: bool,
    pub retry: RetryPlan,
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
            passkeys_max: 20,
            challenge_secs: 300,
            changes_kept: 20_000,
            host_name: "localhost".to_owned(),
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
            trash_kept_secs: Some(30 * 24 * 3600),
            junk_kept_secs: Some(30 * 24 * 3600),
            manager_fresh_secs: 600,
            log_kept_secs: 400 * 24 * 3600,
            undo_secs: 15,
            temporary_secs: 14 * 24 * 3600,
            temporary_warn_secs: 3 * 24 * 3600,
            hand_off: HandOff::Claim,
            acceptance_notice: true,
            last_interaction: LastInteraction::Day,
            last_interaction_fixed: false,
            confirm_outside: ConfirmOutside::Known,
            confirm_outside_fixed: false,
            retry: RetryPlan::default(),
        }
    }
}
