//! What other domains say about TLS to their hosts (MTA-STS, RFC 8461). The policies are stored,
//! because an attacker on the way can make a fetch fail, but cannot revoke what was fetched before.

use crate::gateway::Gateway;
use crate::gateway::error::Error;
use crate::gateway::records::queue::TlsPolicy;
use crate::gateway::records::tables::TLS_POLICIES;
use crate::store::Read;
use crate::vault::Lookup;

impl Gateway {
    /// The policy of a domain, while it is valid.
    pub fn tls_policy(&self, domain: &str) -> Result<Option<TlsPolicy>, Error> {
        let found = self.inner.store.get(&TLS_POLICIES, &self.domain_key(domain))?;
        let now = self.inner.clock.now();
        Ok(found.filter(|policy| policy.until > now))
    }

    /// Stores the policy of a domain for `max_age_secs`.
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
