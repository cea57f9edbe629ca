//! One failure for a run of which several parts failed.

use std::fmt::Display;

use runtime::failure::Failure;

/// Returns the most severe failure and counts the others in its message. If the run has more than one part, each failure is logged.
///
/// `parts` is the plural noun for the message, such as `days`; `total` counts the parts that succeeded as well.
///
/// # Errors
/// The most severe failure; of equally severe ones the first.
pub(crate) fn worst<N: Display>(failures: Vec<(N, Failure)>, parts: &str, total: usize) -> Result<(), Failure> {
    if total > 1 {
        for (name, failure) in &failures {
            tracing::error!(part = %name, code = failure.code as i32, key = failure.key, "{failure}");
        }
    }
    let failed = failures.len();
    // `max_by_key` returns the last of several maxima.
    let worst = failures.into_iter().rev().max_by_key(|(_, failure)| failure.code.severity());
    match worst {
        None => Ok(()),
        Some((_, failure)) if total == 1 => Err(failure),
        Some((name, failure)) => {
            let what = if failed == 1 {
                format!("1 of {total} {parts} failed, {name}: {}", failure.what)
            } else {
                format!("{failed} of {total} {parts} failed; the most severe is {name}: {}", failure.what)
            };
            Err(Failure { what, ..failure })
        }
    }
}
