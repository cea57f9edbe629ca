//! Results of commands on stdout.
//!
//! A reader that closes its end, such as `head` or a pager, has what it wants: the rest is dropped and the command succeeds. A device that is
//! full makes the command fail. A run does not call [`finish`]: its result is in the store, whatever becomes of its lines for a person.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};
use std::sync::{Mutex, PoisonError};

use crate::failure::{Code, Failure};

/// The first error; nothing is written after it.
static ERROR: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes text; its last line needs a line end.
pub fn print(text: impl Display) {
    let mut error = ERROR.lock().unwrap_or_else(PoisonError::into_inner);
    if error.is_none() {
        let mut stdout = io::stdout().lock();
        *error = write!(stdout, "{text}").and_then(|()| stdout.flush()).err();
    }
}

/// Whether all output of the command arrived, or nobody waits for it.
///
/// # Errors
/// [`Code::Unavailable`] if stdout could not be written.
pub fn finish() -> Result<(), Failure> {
    ERROR.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), |error| written(Err(error)))
}

/// Writes all bytes.
///
/// # Errors
/// As [`finish`].
pub fn written_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// The result of a write to stdout.
///
/// # Errors
/// As [`finish`].
pub fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(
            Code::Unavailable,
            format!("the output cannot be written ({error})"),
            "stdout",
            "Free space, or send the output elsewhere",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_reader_is_no_failure_and_a_full_device_is_one() {
        assert_eq!(written(Ok(())), Ok(()));
        assert_eq!(written(Err(ErrorKind::BrokenPipe.into())), Ok(()));
        let failure = written(Err(ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(failure.code, Code::Unavailable);
    }
}
