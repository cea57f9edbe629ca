//! The faults that the server can inject, and the rules that select the requests for them.

use std::time::Duration;

use bytes::Bytes;

/// A failure that a request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InjectedFault {
    /// 503 `SlowDown`; the request is not executed.
    Unavailable,
    /// 403 `AccessDenied`; the request is not executed.
    Forbidden,
    /// 409 `ConditionalRequestConflict`; the request is not executed.
    Conflict,
    /// 501 `NotImplemented` without naming what is not; the request is not executed.
    NotImplemented,
    /// The connection is closed without a response; the request is not executed.
    CloseConnection,
    /// The request is executed after this time.
    Delay(Duration),
    /// The response has its headers and this number of bytes of its body; then the connection is closed.
    TruncateBody(u64),
    /// The response has its headers and this number of bytes of its body; then nothing more arrives on the open connection.
    StallBody(u64),
    /// The response has at most this number of bytes of its body, and a `Content-Length` that matches.
    ShortBody(u64),
    /// The object is replaced by these bytes after the request is executed.
    ReplaceAfter(Bytes),
    /// The object is replaced by these bytes before the request is executed.
    ReplaceBefore(Bytes),
    /// The request is executed, but the connection is closed without a response: a write whose response is lost.
    LoseResponse,
}

/// A fault and the requests that it applies to.
#[derive(Debug, Clone)]
pub(super) struct FaultRule {
    pub(super) method: String,
    pub(super) part: String,
    pub(super) skip: usize,
    pub(super) times: usize,
    /// `None`: all matching requests.
    pub(super) rate: Option<FaultRate>,
    pub(super) fault: InjectedFault,
}

/// A random share of the requests; the same requests for the same seed.
#[derive(Debug, Clone)]
pub(super) struct FaultRate {
    percent: u64,
    state: u64,
}

impl FaultRate {
    pub(super) fn new(percent: u64, seed: u64) -> Self {
        // Spreads consecutive seeds, which would begin with similar values.
        Self { percent, state: seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    fn selects_next(&mut self) -> bool {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 33) % 100 < self.percent
    }
}

/// The fault for a request, if any, from the first rule that matches it; decreases the counters of that rule. A rule with a rate that does
/// not select the request does not match.
pub(super) fn next(rules: &mut Vec<FaultRule>, method: &str, address: &str) -> Option<InjectedFault> {
    let at = rules.iter_mut().position(|rule| {
        (rule.method == "*" || rule.method == method)
            && address.contains(&rule.part)
            && rule.rate.as_mut().is_none_or(FaultRate::selects_next)
    })?;
    let rule = &mut rules[at];
    if rule.skip > 0 {
        rule.skip -= 1;
        return None;
    }
    rule.times = rule.times.saturating_sub(1);
    let fault = rule.fault.clone();
    if rule.times == 0 {
        rules.remove(at);
    }
    Some(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_skips_requests_then_applies_then_expires() {
        let rule = FaultRule {
            method: "GET".into(),
            part: "a/".into(),
            skip: 1,
            times: 2,
            rate: None,
            fault: InjectedFault::Conflict,
        };
        let mut rules = vec![rule];
        assert_eq!(next(&mut rules, "PUT", "bucket/a/b"), None);
        assert_eq!(next(&mut rules, "GET", "bucket/b"), None);
        let applied: Vec<bool> = (0..4).map(|_| next(&mut rules, "GET", "bucket/a/b").is_some()).collect();
        assert_eq!(applied, [false, true, true, false]);
    }

    #[test]
    fn rate_applies_to_its_percentage_and_is_deterministic_for_a_seed() {
        let applied = |seed| {
            let rate = Some(FaultRate::new(5, seed));
            let rule = |fault| FaultRule {
                method: "*".into(),
                part: String::new(),
                skip: 0,
                times: usize::MAX,
                rate: rate.clone(),
                fault,
            };
            let mut rules = vec![rule(InjectedFault::CloseConnection)];
            (0..2000).map(|_| next(&mut rules, "GET", "b/k").is_some()).collect::<Vec<_>>()
        };
        for seed in 0..20 {
            let times = applied(seed).iter().filter(|applied| **applied).count();
            assert!((60..=140).contains(&times), "{times} of 2000 with seed {seed}");
            assert_eq!(applied(seed), applied(seed));
        }
        assert_ne!(applied(1), applied(2));
    }
}
