//! The decision about the route to each recipient: a pure function, so that a table can test it.
//!
//! | who decides | the route |
//! | --- | --- |
//! | the recipient is inside | inside |
//! | intranet mode | refused, whatever else is set |
//! | a rule that is `fixed` | its choice; of several, the most specific |
//! | the sender, for this message | the sender's choice |
//! | the sender's preference | the preference |
//! | the most specific rule | its choice |
//! | the system | the system's choice |
//!
//! From most to least specific: a rule that names the recipient, the recipient's domain, the user;
//! then the system. Within one of these, a rule with more conditions wins, then the later one.

use crate::gateway::records::policy::{Policy, Rule};
use crate::mail::address::composed;
use crate::mail::mailboxes::ascii_domain;
use crate::terms::{Choice, Level, Mode, Route};

/// One recipient of one message.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The sender's login name.
    pub user: &'a str,
    /// The recipient's address, normalised.
    pub recipient: &'a str,
    pub inside: bool,
    /// The sender's preference.
    pub own: Option<Choice>,
    /// The sender's choice for this message.
    pub wanted: Option<Choice>,
}

/// The route of a message, and who decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub route: Route,
    pub level: Level,
    /// Whether the sender can choose no other.
    pub fixed: bool,
    /// The choices that the sender has.
    pub allowed: Vec<Choice>,
}

impl Decision {
    /// The decision not to send.
    pub fn refused(level: Level) -> Decision {
        Decision { route: Route::Refused, level, fixed: true, allowed: Vec::new() }
    }

    fn of(choice: Choice, level: Level, fixed: bool) -> Decision {
        let allowed = if fixed { vec![choice] } else { Choice::ALL.to_vec() };
        Decision { route: Route::from(choice), level, fixed, allowed }
    }
}

impl Rule {
    fn fits(&self, asked: &Asked<'_>) -> bool {
        let domain = asked.recipient.rsplit_once('@').map_or("", |(_, domain)| domain);
        let is = |wanted: &Option<String>, found: &str, form: fn(&str) -> String| {
            wanted.as_ref().is_none_or(|wanted| form(wanted) == form(found))
        };
        is(&self.user, asked.user, local_form)
            && is(&self.domain, domain, domain_form)
            && is(&self.recipient, asked.recipient, address_form)
    }

    fn level(&self) -> Level {
        match (&self.recipient, &self.domain, &self.user) {
            (Some(_), ..) => Level::Recipient,
            (None, Some(_), _) => Level::Domain,
            (None, None, Some(_)) => Level::User,
            (None, None, None) => Level::System,
        }
    }

    fn conditions(&self) -> usize {
        [&self.user, &self.domain, &self.recipient].into_iter().flatten().count()
    }
}

/// The one form of a domain, which may be written in A-labels or in U-labels (RFC 5890 §2.3.2.1).
fn domain_form(domain: &str) -> String {
    ascii_domain(domain).unwrap_or_else(|| domain.to_lowercase())
}

fn address_form(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{}", local_form(local), domain_form(domain)),
        None => local_form(address),
    }
}

/// The one form of a name or a local part, however it is composed (RFC 8265 §3.3).
fn local_form(local: &str) -> String {
    composed(&local.to_lowercase()).into_owned()
}

fn specificity(level: Level) -> u8 {
    match level {
        Level::Recipient => 3,
        Level::Domain => 2,
        Level::User => 1,
        _ => 0,
    }
}

/// The route of a message to one recipient.
pub fn outgoing(policy: &Policy, asked: &Asked<'_>) -> Decision {
    if asked.inside {
        return Decision { route: Route::Inside, ..Decision::refused(Level::Inside) };
    }
    if policy.intranet {
        return Decision::refused(Level::Intranet);
    }
    let mut fitting = fitting(policy, asked);
    if let Some((level, choice, _)) =
        fitting.iter().find(|(_, _, mode)| *mode == Mode::Fixed).copied()
    {
        return Decision::of(choice, level, true);
    }
    if let Some(wanted) = asked.wanted {
        return Decision::of(wanted, Level::Message, false);
    }
    if let Some(own) = asked.own {
        return Decision::of(own, Level::Own, false);
    }
    let (level, choice, _) = fitting.swap_remove(0);
    Decision::of(choice, level, false)
}

/// All rules that match, the most specific first; the system's own choice is the last.
fn fitting(policy: &Policy, asked: &Asked<'_>) -> Vec<(Level, Choice, Mode)> {
    let mut rules: Vec<(usize, &Rule)> =
        policy.rules.iter().enumerate().filter(|(_, rule)| rule.fits(asked)).collect();
    rules.sort_by_key(|(at, rule)| {
        std::cmp::Reverse((specificity(rule.level()), rule.conditions(), *at))
    });
    let mut fitting: Vec<_> =
        rules.iter().map(|(_, rule)| (rule.level(), rule.choice, rule.mode)).collect();
    fitting.push((Level::System, policy.choice, policy.mode));
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODES: [Mode; 3] = [Mode::Fixed, Mode::Default, Mode::Free];

    fn asked(own: Option<Choice>, wanted: Option<Choice>) -> Asked<'static> {
        Asked { user: "dana", recipient: "noa@out.example", inside: false, own, wanted }
    }

    /// Absent, or any choice in any mode.
    fn overrides() -> Vec<Option<(Choice, Mode)>> {
        let mut all = vec![None];
        for choice in Choice::ALL {
            // `Free` decides as `Default` does; the system's own mode is tried with all three.
            all.extend([Some((choice, Mode::Fixed)), Some((choice, Mode::Default))]);
        }
        all
    }

    /// Written apart from the code: walk from the most specific to the least.
    fn expected(
        layers: &[(Level, Option<(Choice, Mode)>); 4],
        own: Option<Choice>,
        wanted: Option<Choice>,
    ) -> (Choice, Level, bool) {
        for (level, layer) in layers {
            if let Some((choice, Mode::Fixed)) = layer {
                return (*choice, *level, true);
            }
        }
        if let Some(choice) = wanted {
            return (choice, Level::Message, false);
        }
        if let Some(choice) = own {
            return (choice, Level::Own, false);
        }
        for (level, layer) in layers {
            if let Some((choice, _)) = layer {
                return (*choice, *level, false);
            }
        }
        unreachable!("the system always has a choice")
    }

    /// P-39: the complete matrix.
    #[test]
    fn the_documented_winner_wins_in_every_case() {
        let wishes: Vec<Option<Choice>> =
            std::iter::once(None).chain(Choice::ALL.map(Some)).collect();
        let mut cases = 0_u64;
        for mode in MODES {
            for choice in Choice::ALL {
                for user in overrides() {
                    for domain in overrides() {
                        for recipient in overrides() {
                            let layers = [
                                (Level::Recipient, recipient),
                                (Level::Domain, domain),
                                (Level::User, user),
                                (Level::System, Some((choice, mode))),
                            ];
                            let policy = policy_of(&layers);
                            for own in &wishes {
                                for wanted in &wishes {
                                    check(&policy, &layers, *own, *wanted);
                                    cases += 1;
                                }
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(cases, 3 * 5 * 11 * 11 * 11 * 6 * 6);
    }

    fn check(
        policy: &Policy,
        layers: &[(Level, Option<(Choice, Mode)>); 4],
        own: Option<Choice>,
        wanted: Option<Choice>,
    ) {
        let decision = outgoing(policy, &asked(own, wanted));
        let (choice, level, fixed) = expected(layers, own, wanted);
        assert_eq!(
            (decision.route, decision.level, decision.fixed),
            (Route::from(choice), level, fixed)
        );
        let allowed = if fixed { vec![choice] } else { Choice::ALL.to_vec() };
        assert_eq!(decision.allowed, allowed);
    }

    fn policy_of(layers: &[(Level, Option<(Choice, Mode)>); 4]) -> Policy {
        let mut policy = Policy { rules: Vec::new(), ..Policy::default() };
        for (level, layer) in layers {
            let Some((choice, mode)) = *layer else { continue };
            let rule = Rule { user: None, domain: None, recipient: None, choice, mode };
            match level {
                Level::Recipient => policy
                    .rules
                    .push(Rule { recipient: Some("noa@out.example".to_owned()), ..rule }),
                Level::Domain => {
                    policy.rules.push(Rule { domain: Some("out.example".to_owned()), ..rule });
                }
                Level::User => policy.rules.push(Rule { user: Some("dana".to_owned()), ..rule }),
                _ => (policy.choice, policy.mode) = (choice, mode),
            }
        }
        policy
    }

    #[test]
    fn inside_stays_inside_and_the_intranet_has_a_perimeter() {
        let policy = Policy { intranet: true, ..Policy::default() };
        let inside = Asked { inside: true, ..asked(None, Some(Choice::Plain)) };
        assert_eq!(outgoing(&policy, &inside).route, Route::Inside);
        let outside = outgoing(&policy, &asked(Some(Choice::Plain), Some(Choice::Plain)));
        assert_eq!((outside.route, outside.level), (Route::Refused, Level::Intranet));
        assert!(outside.allowed.is_empty());
    }

    /// A domain has two spellings, and a rule is about both.
    #[test]
    fn a_rule_fits_a_domain_in_whatever_form_it_is_written() {
        let forms = ["xn--bcher-kva.example", "b\u{fc}cher.example", "B\u{dc}CHER.example"];
        for (wanted, found) in forms.iter().flat_map(|one| forms.map(|other| (*one, other))) {
            let recipient = format!("noa@{found}");
            let asked = Asked { recipient: &recipient, ..asked(None, None) };
            let rule = Rule {
                user: None,
                domain: Some(wanted.to_owned()),
                recipient: None,
                choice: Choice::Refuse,
                mode: Mode::Fixed,
            };
            assert!(rule.fits(&asked), "{wanted} {found}");
            let recipient = Some(format!("Noa@{wanted}"));
            assert!(Rule { domain: None, recipient, ..rule.clone() }.fits(&asked));
            let recipient = Some(format!("lea@{wanted}"));
            assert!(!Rule { domain: None, recipient, ..rule }.fits(&asked));
        }
    }

    /// So has a local part or a login name, however it is composed.
    #[test]
    fn a_rule_fits_a_name_however_it_is_composed() {
        let forms = ["jos\u{e9}", "jose\u{301}", "JOS\u{c9}"];
        for (wanted, found) in forms.iter().flat_map(|one| forms.map(|other| (*one, other))) {
            let recipient = format!("{found}@out.example");
            let asked = Asked { user: found, recipient: &recipient, ..asked(None, None) };
            let rule = Rule {
                user: Some(wanted.to_owned()),
                domain: None,
                recipient: Some(format!("{wanted}@out.example")),
                choice: Choice::Refuse,
                mode: Mode::Fixed,
            };
            assert!(rule.fits(&asked), "{wanted} {found}");
            assert!(!rule.fits(&Asked { user: "jose", ..asked }));
        }
    }

    #[test]
    fn of_rules_alike_the_one_with_more_conditions_wins_and_then_the_later() {
        let rule = |user: Option<&str>, choice| Rule {
            user: user.map(str::to_owned),
            domain: Some("OUT.example".to_owned()),
            recipient: None,
            choice,
            mode: Mode::Default,
        };
        let mut policy = Policy {
            rules: vec![rule(Some("dana"), Choice::Ask), rule(None, Choice::Plain)],
            ..Policy::default()
        };
        assert_eq!(outgoing(&policy, &asked(None, None)).route, Route::Ask);
        policy.rules = vec![rule(None, Choice::Plain), rule(None, Choice::Refuse)];
        assert_eq!(outgoing(&policy, &asked(None, None)).route, Route::Refused);
        policy.rules = vec![rule(Some("omar"), Choice::Plain)];
        assert_eq!(outgoing(&policy, &asked(None, None)).level, Level::System);
    }
}
