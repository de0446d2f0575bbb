//! Enhanced status codes (RFC 3463): class, subject, detail.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `2.0.0`, `5.1.1` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EnhancedStatus(pub u8, pub u16, pub u16);

impl EnhancedStatus {
    pub const OK: EnhancedStatus = EnhancedStatus(2, 0, 0);
    pub const SENDER_OK: EnhancedStatus = EnhancedStatus(2, 1, 0);
    pub const RECIPIENT_OK: EnhancedStatus = EnhancedStatus(2, 1, 5);
    pub const BAD_SENDER: EnhancedStatus = EnhancedStatus(5, 1, 7);
    pub const BAD_RECIPIENT: EnhancedStatus = EnhancedStatus(5, 1, 3);
    pub const UNKNOWN_RECIPIENT: EnhancedStatus = EnhancedStatus(5, 1, 1);
    pub const TOO_LARGE: EnhancedStatus = EnhancedStatus(5, 3, 4);
    pub const SYSTEM_FULL: EnhancedStatus = EnhancedStatus(4, 3, 1);
    pub const SYSTEM_TEMPORARY: EnhancedStatus = EnhancedStatus(4, 3, 0);
    pub const TOO_BUSY: EnhancedStatus = EnhancedStatus(4, 3, 2);
    pub const LOOP: EnhancedStatus = EnhancedStatus(5, 4, 6);
    pub const BAD_COMMAND: EnhancedStatus = EnhancedStatus(5, 5, 1);
    pub const SYNTAX: EnhancedStatus = EnhancedStatus(5, 5, 2);
    pub const TOO_MANY_RECIPIENTS: EnhancedStatus = EnhancedStatus(4, 5, 3);
    pub const BAD_PARAMETER: EnhancedStatus = EnhancedStatus(5, 5, 4);
    pub const MEDIA: EnhancedStatus = EnhancedStatus(5, 6, 0);
    pub const NEEDS_SMTPUTF8: EnhancedStatus = EnhancedStatus(5, 6, 7);
    pub const POLICY: EnhancedStatus = EnhancedStatus(5, 7, 1);
    pub const NEEDS_TLS: EnhancedStatus = EnhancedStatus(5, 7, 0);
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}
