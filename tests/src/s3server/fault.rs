//! What can be made to go wrong.

use std::time::Duration;

use bytes::Bytes;

/// What befalls a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 503 `SlowDown`, and nothing is done.
    Unavailable,
    /// 403 `AccessDenied`, and nothing is done.
    Forbidden,
    /// 409 `ConditionalRequestConflict`, and nothing is done.
    Conflict,
    /// The connection is closed without an answer, and nothing is done.
    Hangup,
    /// The answer comes, so much later.
    Delay(Duration),
    /// The headers of the answer come, and so many bytes of its body; then the connection is closed.
    CutBody(u64),
    /// The headers of the answer come, and so many bytes of its body; then nothing more, and the connection stays open.
    Stall(u64),
    /// The answer has no more than so many bytes of its body, and its headers say so.
    Short(u64),
    /// After the answer the object has these bytes instead.
    ReplaceAfter(Bytes),
    /// Before the request is looked at the object has these bytes instead.
    ReplaceBefore(Bytes),
    /// The request is done, but the client sees the connection closed: a write whose answer is lost.
    LoseAnswer,
}

/// A fault and the requests it is for.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) method: String,
    pub(super) part: String,
    pub(super) skip: usize,
    pub(super) times: usize,
    /// The share of the requests that it strikes, where it does not strike all.
    pub(super) share: Option<Share>,
    pub(super) fault: Fault,
}

/// A share of requests by chance, the same ones for the same seed.
#[derive(Debug, Clone)]
pub(super) struct Share {
    percent: u64,
    state: u64,
}

impl Share {
    pub(super) fn new(percent: u64, seed: u64) -> Self {
        // Seeds that are neighbours must not begin alike.
        Self { percent, state: seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    fn strikes(&mut self) -> bool {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 33) % 100 < self.percent
    }
}

/// The fault for a request, if there is one; counts it off. The first rule that is for the request decides, unless it is for a share of
/// them and chance spares this one.
pub(super) fn next(rules: &mut Vec<Rule>, method: &str, address: &str) -> Option<Fault> {
    let at = rules.iter_mut().position(|rule| {
        (rule.method == "*" || rule.method == method)
            && address.contains(&rule.part)
            && rule.share.as_mut().is_none_or(Share::strikes)
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
    fn a_rule_skips_then_strikes_then_is_gone() {
        let rule =
            Rule { method: "GET".into(), part: "a/".into(), skip: 1, times: 2, share: None, fault: Fault::Conflict };
        let mut rules = vec![rule];
        assert_eq!(next(&mut rules, "PUT", "bucket/a/b"), None);
        assert_eq!(next(&mut rules, "GET", "bucket/b"), None);
        let struck: Vec<bool> = (0..4).map(|_| next(&mut rules, "GET", "bucket/a/b").is_some()).collect();
        assert_eq!(struck, [false, true, true, false]);
    }

    #[test]
    fn a_share_strikes_about_as_often_as_it_says_and_the_same_for_the_same_seed() {
        let struck = |seed| {
            let share = Some(Share::new(5, seed));
            let rule = |fault| Rule {
                method: "*".into(),
                part: String::new(),
                skip: 0,
                times: usize::MAX,
                share: share.clone(),
                fault,
            };
            let mut rules = vec![rule(Fault::Hangup)];
            (0..2000).map(|_| next(&mut rules, "GET", "b/k").is_some()).collect::<Vec<_>>()
        };
        for seed in 0..20 {
            let times = struck(seed).iter().filter(|struck| **struck).count();
            assert!((60..=140).contains(&times), "{times} of 2000 with seed {seed}");
            assert_eq!(struck(seed), struck(seed));
        }
        assert_ne!(struck(1), struck(2));
    }
}
