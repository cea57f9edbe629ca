//! Waiting for the state of an object with a watch of the API, which needs no polling.

use std::io::BufReader;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Follows the objects that `kubectl get …` lists, with their changes, until one matches.
///
/// # Errors
/// The last states, if none matched before the timeout.
pub(super) fn wait_for(
    get: &mut Command,
    timeout: Duration,
    mut matches: impl FnMut(&Value) -> bool,
) -> Result<Value, Vec<Value>> {
    let started = Instant::now();
    let mut seen = Vec::new();
    // The API server may end a watch at any time, and kubectl exits with it: then start another one.
    while started.elapsed() < timeout {
        let mut child = get.args(["--watch", "--output=json"]).stdout(Stdio::piped()).spawn().expect("kubectl");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, objects) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            for object in serde_json::Deserializer::from_reader(stdout).into_iter::<Value>() {
                let Ok(object) = object else { break };
                if sender.send(object).is_err() {
                    break;
                }
            }
        });
        let found = loop {
            match objects.recv_timeout(timeout.saturating_sub(started.elapsed())) {
                Ok(object) if matches(&object) => break Some(object),
                Ok(object) => seen.push(object),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break None,
            }
        };
        let _ = child.kill();
        let _ = child.wait();
        drop(objects);
        let _ = reader.join();
        if let Some(object) = found {
            return Ok(object);
        }
    }
    seen.drain(..seen.len().saturating_sub(3));
    Err(seen)
}
