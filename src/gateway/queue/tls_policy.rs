//! TLS policies that other domains publish for their hosts (MTA-STS, RFC 8461). They are cached,
//! because an attacker on the path can block the lookup, but cannot remove a cached policy.

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::records::queue::TlsPolicy;
use crate::gateway::records::tables::TLS_POLICIES;
use crate::store::Read;
use crate::vault::Lookup;

impl Gateway {
    /// A domain's cached policy, until it expires.
    pub fn tls_policy(&self, domain: &str) -> Result<Option<TlsPolicy>, Error> {
        let found = self.inner.store.get(&TLS_POLICIES, &self.domain_key(domain))?;
        let now = self.inner.clock.now();
        Ok(found.filter(|policy| policy.until > now))
    }

    /// Caches a domain's policy for `max_age_secs`.
    pub fn tls_policy_keep(
        &self,
        domain: &str,
        id: String,
        text: String,
        max_age_secs: u64,
    ) -> Result<(), Error> {
        /// RFC 8461 §3.2: about a year.
        const AGE_SECS_MAX: u64 = 31_557_600;
        let age_secs = i64::try_from(max_age_secs.min(AGE_SECS_MAX)).unwrap_or_default();
        let until = self.inner.clock.now().plus_secs(age_secs);
        let (key, policy) = (self.domain_key(domain), TlsPolicy { id, text, until });
        let done = self
            .inner
            .store
            .transact(move |tx| Ok::<_, Error>(tx.put(&TLS_POLICIES, &key, &policy)?));
        done.wait()
    }

    fn domain_key(&self, domain: &str) -> [u8; 16] {
        self.inner.vault.lookup(Lookup::Domain, domain.to_lowercase().as_bytes())
    }
}
