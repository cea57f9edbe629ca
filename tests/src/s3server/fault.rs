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
    pub(super) fault: Fault,
}

/// The fault for a request, if there is one; counts it off. The first rule that is for the request decides.
pub(super) fn next(rules: &mut Vec<Rule>, method: &str, address: &str) -> Option<Fault> {
    let at =
        rules.iter().position(|rule| (rule.method == "*" || rule.method == method) && address.contains(&rule.part))?;
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
        let rule = Rule { method: "GET".into(), part: "a/".into(), skip: 1, times: 2, fault: Fault::Conflict };
        let mut rules = vec![rule];
        assert_eq!(next(&mut rules, "PUT", "bucket/a/b"), None);
        assert_eq!(next(&mut rules, "GET", "bucket/b"), None);
        let struck: Vec<bool> = (0..4).map(|_| next(&mut rules, "GET", "bucket/a/b").is_some()).collect();
        assert_eq!(struck, [false, true, true, false]);
    }
}
