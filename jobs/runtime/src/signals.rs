//! Being told to stop: SIGTERM from Kubernetes, SIGINT from a terminal.
//!
//! Stopping is dropping the work: every write is whole or not at all, so there is nothing to clean up.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Code, Failure};

/// Ends when the process is told to stop, and says by which signal. Must be called inside a tokio runtime with I/O.
pub fn stopped() -> impl Future<Output = &'static str> {
    // From now on, and not from when it is first looked at.
    let handlers = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = handlers else {
            // Without a handler of ours the system's own stays: the process ends at once, which is as good.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    }
}

/// Runs `work` until it ends or the process is told to stop; then it is dropped and the failure is [`Code::Stopped`].
pub async fn run_until_stopped<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let stopped = stopped();
    tokio::select! {
        // A run that has ended has ended, even if a signal came in the same instant.
        biased;
        result = work => result,
        name = stopped => Err(Failure::new(
            Code::Stopped,
            format!("told to stop ({name})"),
            "",
            "Nothing is left half-written; run again to go on",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn gives_the_result_of_work_that_ends() {
        assert_eq!(run_until_stopped(async { Ok(7) }).await, Ok(7));
    }

    #[tokio::test]
    async fn sigterm_stops_work_that_does_not_end() {
        let work = async {
            // Yields first, so that the handlers stand before the signal comes.
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
            std::future::pending::<Result<(), Failure>>().await
        };
        let failure = run_until_stopped(work).await.unwrap_err();
        assert_eq!(failure.code, Code::Stopped);
        assert_eq!(failure.to_string(), "told to stop (SIGTERM). Nothing is left half-written; run again to go on");
    }
}
