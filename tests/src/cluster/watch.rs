//! Waiting for something to become of an object, by a watch of the API: no pauses, and no longer than is said.

use std::io::BufReader;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Follows the objects that `kubectl get …` lists, as they are and as they change, until one is as wanted.
///
/// # Errors
/// The last states that were seen, where none was in time.
pub(super) fn until(
    get: &mut Command,
    patience: Duration,
    mut wanted: impl FnMut(&Value) -> bool,
) -> Result<Value, Vec<Value>> {
    let begun = Instant::now();
    let mut seen = Vec::new();
    // The API server may end a watch at any time, and kubectl ends with it; then there is another.
    while begun.elapsed() < patience {
        let mut child = get.args(["--watch", "--output=json"]).stdout(Stdio::piped()).spawn().expect("kubectl");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (tell, told) = mpsc::channel();
        let reading = std::thread::spawn(move || {
            for object in serde_json::Deserializer::from_reader(stdout).into_iter::<Value>() {
                let Ok(object) = object else { break };
                if tell.send(object).is_err() {
                    break;
                }
            }
        });
        let found = loop {
            match told.recv_timeout(patience.saturating_sub(begun.elapsed())) {
                Ok(object) if wanted(&object) => break Some(object),
                Ok(object) => seen.push(object),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break None,
            }
        };
        let _ = child.kill();
        let _ = child.wait();
        drop(told);
        let _ = reading.join();
        if let Some(object) = found {
            return Ok(object);
        }
    }
    seen.drain(..seen.len().saturating_sub(3));
    Err(seen)
}
