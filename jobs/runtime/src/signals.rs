//! Interruption by SIGTERM (Kubernetes) or SIGINT (terminal).
//!
//! An interruption drops the work. Every write is atomic, so there is nothing to clean up.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Code, Failure};

/// Waits for SIGTERM or SIGINT and returns its name. Must be called inside a tokio runtime with I/O.
pub fn interrupted() -> impl Future<Output = &'static str> {
    // Installed now, not at the first poll.
    let handlers = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = handlers else {
            // Without a handler the default action stays: the signal ends the process.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    }
}

/// Runs `work` to its end; a signal drops it.
///
/// # Errors
/// That of `work`, or [`Code::Stopped`] after a signal.
pub async fn run_until_interrupted<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let interrupted = interrupted();
    tokio::select! {
        // A finished run stays finished, even if a signal arrives at the same instant.
        biased;
        result = work => result,
        name = interrupted => Err(Failure::new(
            Code::Stopped,
            format!("received {name}"),
            "",
            "Nothing is left half-written; run again to continue",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn result_is_that_of_the_work() {
        assert_eq!(run_until_interrupted(async { Ok(7) }).await, Ok(7));
    }

    #[tokio::test]
    async fn sigterm_interrupts_the_work() {
        let work = async {
            // Yields first, so that the handlers are installed before the signal.
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
            std::future::pending::<Result<(), Failure>>().await
        };
        let failure = run_until_interrupted(work).await.unwrap_err();
        assert_eq!(failure.code, Code::Stopped);
        assert_eq!(failure.to_string(), "received SIGTERM. Nothing is left half-written; run again to continue");
    }
}
