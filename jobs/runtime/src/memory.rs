//! The memory budget of a job, and its division between ranges in flight, decoded data and cells.
//!
//! It does not measure memory: parts that could grow with the input ask it for their limit first. The results of a run do not depend on
//! the budget, only its speed and whether it fits into memory.

mod limit;

use std::path::Path;

use crate::failure::{Code, Failure};
use crate::settings;

const MIB: u64 = 1 << 20;

/// Reserve for everything outside the budget: code, threads, connections, small files, and memory that the allocator has not returned yet.
const PROGRAM: u64 = 64 * MIB;
/// The smallest target with which a run works.
const MIN_TARGET: u64 = 3 * PROGRAM;
/// Memory of a thread that parses a chunk of text.
const THREAD: u64 = 4 * MIB;
/// Smallest and largest range: more requests would cost more than they bring; a retry of a larger range would cost too much.
const RANGE_SIZES: (u64, u64) = (2 * MIB, 8 * MIB);
/// Fewest and most ranges in flight: with fewer, the network waits for the parser; more are not faster.
const IN_FLIGHT: (u64, u64) = (4, 16);
/// More decoded data in the queue does not make a run faster.
const MAX_DECODED: u64 = 128 * MIB;

/// The budget of one run; all sizes are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    target: u64,
    threads: u64,
}

/// A setting or a machine with too little memory, or an invalid setting. `Display` says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MemoryError(String);

impl Default for Budget {
    /// 512 MiB and two threads: for tests, and for machines that do not report their memory.
    fn default() -> Self {
        Self { target: 512 * MIB, threads: 2 }
    }
}

impl Budget {
    /// The budget of a setting (`512MB`, `2GiB`, `1Gi`, bytes), else four fifths of the container's limit or of the machine's free memory.
    ///
    /// `root` is `/`, except in tests: the limits are read from `proc` and `sys/fs/cgroup` below it.
    ///
    /// # Errors
    /// An invalid size, one below 192 MiB, or one above the container's limit.
    pub fn find(setting: Option<&str>, root: &Path) -> Result<Self, MemoryError> {
        let limit = limit::container(root);
        let minimum = size(MIN_TARGET);
        let Some(text) = setting.filter(|text| !text.trim().is_empty()) else {
            let (available, name) = match limit {
                Some(limit) => (limit, "the container's memory limit"),
                // A machine that does not report its memory gets the default.
                None => (limit::free(root).unwrap_or(u64::MAX), "the machine's free memory"),
            };
            let target = if available == u64::MAX { Self::default().target } else { available / 5 * 4 };
            if target < MIN_TARGET {
                let needed = size(MIN_TARGET / 4 * 5);
                let available = size(available);
                return Err(MemoryError(format!("{name}, {available}, is too little; raise it to {needed} or more")));
            }
            return Ok(Self { target, ..Self::default() });
        };
        let target = settings::size(text).map_err(MemoryError)?;
        if target < MIN_TARGET {
            return Err(MemoryError(format!("{} is too little; raise it to {minimum} or more", size(target))));
        }
        match limit {
            Some(limit) if target > limit => Err(MemoryError(format!(
                "{} is more than the container's memory limit, {}; lower it, or raise the limit",
                size(target),
                size(limit)
            ))),
            _ => Ok(Self { target, ..Self::default() }),
        }
    }

    /// A budget of `target` bytes, but at least 192 MiB.
    #[must_use]
    pub fn with_target(target: u64) -> Self {
        Self { target: target.max(MIN_TARGET), ..Self::default() }
    }

    /// The same budget for `threads` threads that parse.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: threads as u64, ..self }
    }

    /// The whole budget, in bytes.
    #[must_use]
    pub fn target(&self) -> u64 {
        self.target
    }

    /// Size of a range, which one request fetches, in bytes.
    #[must_use]
    pub fn range(&self) -> u64 {
        let wanted = (self.for_ranges() / 8).clamp(RANGE_SIZES.0, RANGE_SIZES.1);
        1 << wanted.ilog2()
    }

    /// Maximum number of ranges: those being fetched, including second attempts, and those waiting for the parser.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        (self.for_ranges() / self.range()).clamp(IN_FLIGHT.0, IN_FLIGHT.1) as usize
    }

    /// Maximum of decoded data that waits for the parser, in bytes.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        (self.target / 8).min(MAX_DECODED)
    }

    /// The rest of the budget, for the cells of a run, in bytes.
    #[must_use]
    pub fn cells(&self) -> u64 {
        let reading = self.range() * self.in_flight() as u64 + self.decoded();
        self.target.saturating_sub(PROGRAM + reading + self.threads * THREAD)
    }

    /// Checks that the cells in memory (`held` bytes) fit. `expected` is their final size, from which the error computes its advice.
    ///
    /// # Errors
    /// [`Code::Usage`], with the setting to raise and its value.
    pub fn check_cells(&self, held: u64, expected: u64) -> Result<(), Failure> {
        let room = self.cells();
        if held <= room {
            return Ok(());
        }
        let expected = expected.max(held);
        let mut enough = *self;
        // Ranges get a share of the additional memory, too.
        while enough.cells() < expected && enough.target < u64::MAX / 2 {
            enough.target = enough.target.saturating_add((expected - enough.cells()).max(MIB));
        }
        // The default target is four fifths of the limit.
        let (target, limit) = (size(enough.target), size(enough.target.saturating_add(enough.target / 4)));
        Err(Failure::new(
            Code::Usage,
            format!(
                "the results of the run's days need about {} of memory, and only {} is left",
                size(expected),
                size(room)
            ),
            "--memory-target",
            format!(
                "Raise it (CITYFLOW_MEMORY_TARGET) to {target}, or the container's memory limit to {limit}, or process fewer days at once"
            ),
        ))
    }

    fn for_ranges(&self) -> u64 {
        self.target / 8
    }
}

/// MiB, rounded up, so that advice to raise a limit is sufficient.
fn size(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(MIB))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_fit_into_any_target() {
        let mut before = 0;
        for target in (192..4096).step_by(8).map(|mib| mib * MIB) {
            let budget = Budget::with_target(target);
            let ranges = budget.range() * budget.in_flight() as u64;
            assert!(PROGRAM + ranges + budget.decoded() + budget.cells() <= target, "{target}");
            assert!(budget.range().is_power_of_two() && (4..=16).contains(&budget.in_flight()), "{budget:?}");
            assert!(budget.cells() >= target / 5, "{budget:?}");
            assert!(
                budget.cells() + 16 * MIB >= before,
                "more memory does not leave less for cells, except for a larger range"
            );
            before = budget.cells();
        }
        assert_eq!((Budget::default().range(), Budget::default().in_flight()), (8 * MIB, 8));
    }

    #[test]
    fn error_of_large_cells_says_what_to_raise() {
        let budget = Budget::with_target(512 * MIB);
        assert_eq!(budget.check_cells(budget.cells(), u64::MAX), Ok(()));
        let line = budget.check_cells(budget.cells() + 1, 1 << 30).unwrap_err().to_string();
        assert!(line.contains("--memory-target") && line.contains("container's memory limit"), "{line}");
        let named = line.split("MEMORY_TARGET) to ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        let named = named.parse::<u64>().unwrap() * MIB;
        assert!(named < 2 << 30, "{line}");
        assert_eq!(Budget::with_target(named).check_cells(1 << 30, 0), Ok(()), "the advice is sufficient");
    }

    /// A root file system with these files.
    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    const MACHINE: (&str, &str) =
        ("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 5 kB\nMemAvailable:    8388608 kB\n");

    #[test]
    fn default_is_four_fifths_of_the_available_memory() {
        let target =
            |files: &[(&str, &str)]| Budget::find(None, root(files).path()).map(|budget| budget.target() / MIB);
        assert_eq!(target(&[MACHINE]), Ok(6553), "of the free memory of a machine");
        let container = [MACHINE, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "1073741824\n")];
        assert_eq!(target(&container), Ok(819), "of the limit of a container");
        assert_eq!(target(&[]), Ok(512), "the default without any information");
        let small = [MACHINE, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "67108864\n")];
        let error = target(&small).unwrap_err().to_string();
        assert_eq!(error, "the container's memory limit, 64 MiB, is too little; raise it to 240 MiB or more");
    }

    #[test]
    fn setting_must_fit_the_container() {
        let container = root(&[MACHINE, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "1073741824\n")]);
        let find = |text| Budget::find(Some(text), container.path()).map(|budget| budget.target());
        assert_eq!(find("1GiB"), Ok(1 << 30));
        assert_eq!(find(" "), Ok((1 << 30) / 5 * 4), "a blank setting is not set");
        for (text, part) in [("64MiB", "raise it to 192 MiB"), ("2GiB", "raise the limit"), ("much", "such as 512MB")] {
            let error = find(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
