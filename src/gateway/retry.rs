//! When the queue retries, and when it gives up.

use crate::clock::Timestamp;

/// When to retry, when to give up, and when to send a delay notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPlan {
    pub first_secs: i64,
    pub longest_secs: i64,
    /// RFC 5321 §4.5.4.1: at least four to five days.
    pub give_up_secs: i64,
    pub delay_notice_secs: i64,
}

impl Default for RetryPlan {
    fn default() -> Self {
        RetryPlan {
            first_secs: 5 * 60,
            longest_secs: 4 * 3600,
            give_up_secs: 5 * 24 * 3600,
            delay_notice_secs: 4 * 3600,
        }
    }
}

impl RetryPlan {
    /// Returns when to try again after `attempts` attempts, or `None` once the message has waited
    /// long enough (RFC 5321 §4.5.4.1). Each pause is twice the previous one, up to the longest;
    /// the last attempt is at the end of the time allowed.
    pub fn next(&self, queued: Timestamp, attempts: u32, now: Timestamp) -> Option<Timestamp> {
        let end = queued.plus_secs(self.give_up_secs);
        if now >= end {
            return None;
        }
        let doublings = attempts.saturating_sub(1).min(20);
        let pause = self.first_secs.saturating_mul(1 << doublings).min(self.longest_secs);
        Some(now.plus_secs(pause).min(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_the_last_try_is_at_the_end() {
        let plan = RetryPlan::default();
        let queued = Timestamp(0);
        let (mut now, mut attempts, mut pauses) = (queued, 0, Vec::new());
        loop {
            attempts += 1;
            let Some(next) = plan.next(queued, attempts, now) else { break };
            pauses.push((next.0 - now.0) / 60_000);
            now = next;
        }
        assert_eq!(pauses[..7], [5, 10, 20, 40, 80, 160, 240]);
        // RFC 5321 §4.5.4.1: four to five days.
        assert_eq!(now, queued.plus_secs(5 * 24 * 3600));
    }
}
