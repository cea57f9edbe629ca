//! The memory budget: how much the job may use, and how that is shared out between ranges in flight, decoded data and cells.
//!
//! Not an allocator and no meter: the parts that could grow with their input ask here first how large they may be. What a run computes
//! does not depend on the budget; only its speed does, and whether it fits.

mod limit;

use std::path::Path;

use crate::failure::{Code, Failure};
use crate::settings;

const MIB: u64 = 1 << 20;

/// What the program takes beside what is shared out here: code, threads, connections, small files, and what the allocator has not given
/// back yet.
const PROGRAM: u64 = 64 * MIB;
/// The least that a run can work with.
const LEAST: u64 = 3 * PROGRAM;
/// What a thread needs to read a piece of a text.
const THREAD: u64 = 4 * MIB;
/// Sizes of a range: below the first, requests cost more than they bring; above the second, a retry costs too much.
const RANGES: (u64, u64) = (2 * MIB, 8 * MIB);
/// Ranges in flight: with fewer the network waits for the parser, more bring no more.
const IN_FLIGHT: (u64, u64) = (4, 16);
/// The most decoded data that is useful to have waiting.
const DECODED: u64 = 128 * MIB;

/// The budget of one run, bytes throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    target: u64,
    threads: u64,
}

/// A setting, or a limit of the machine, that a run cannot work with. `Display` says what to raise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MemoryError(String);

impl Default for Budget {
    /// 512 MiB: for tests, and for whoever has no machine to ask.
    fn default() -> Self {
        Self { target: 512 * MIB, threads: 2 }
    }
}

impl Budget {
    /// The budget that a setting names (`512MB`, `2GiB`, `1Gi`, bytes), else four fifths of what the machine gives this process.
    ///
    /// `root` is the root of the file system, `/` but for tests: the limit is read in `proc` and `sys/fs/cgroup` below it.
    ///
    /// # Errors
    /// A setting that is no size, or a size that cannot work here.
    pub fn find(setting: Option<&str>, root: &Path) -> Result<Self, MemoryError> {
        let limit = limit::of_container(root);
        let least = size(LEAST);
        let Some(text) = setting.filter(|text| !text.trim().is_empty()) else {
            let (given, raise) = match limit {
                Some(limit) => (limit, "the container's memory limit"),
                // A machine that does not say has enough for the usual.
                None => (limit::free(root).unwrap_or(u64::MAX), "the machine's free memory"),
            };
            let target = if given == u64::MAX { Self::default().target } else { given / 5 * 4 };
            if target < LEAST {
                let needed = size(LEAST / 4 * 5);
                return Err(MemoryError(format!("{} is too little: raise {raise} to {needed} or more", size(given))));
            }
            return Ok(Self { target, ..Self::default() });
        };
        let target = settings::size(text).map_err(MemoryError)?;
        if target < LEAST {
            return Err(MemoryError(format!(
                "{} is too little to work with; raise it to {least} or more",
                size(target)
            )));
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

    /// A budget of so many bytes, at least those that a run can work with.
    #[must_use]
    pub fn of(target: u64) -> Self {
        Self { target: target.max(LEAST), ..Self::default() }
    }

    /// The same for so many threads that read.
    #[must_use]
    pub fn for_threads(self, threads: usize) -> Self {
        Self { threads: threads as u64, ..self }
    }

    /// The whole.
    #[must_use]
    pub fn target(&self) -> u64 {
        self.target
    }

    /// Size of a range that is fetched in one request.
    #[must_use]
    pub fn range(&self) -> u64 {
        let wanted = (self.for_ranges() / 8).clamp(RANGES.0, RANGES.1);
        1 << wanted.ilog2()
    }

    /// How many ranges there may be at once: those on their way, those asked for twice and those that wait to be parsed.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        (self.for_ranges() / self.range()).clamp(IN_FLIGHT.0, IN_FLIGHT.1) as usize
    }

    /// How much decoded data may wait to be parsed.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        (self.target / 8).min(DECODED)
    }

    /// What is left for the cells of a run.
    #[must_use]
    pub fn cells(&self) -> u64 {
        let reading = self.range() * self.in_flight() as u64 + self.decoded();
        self.target.saturating_sub(PROGRAM + reading + self.threads * THREAD)
    }

    /// Whether the cells that are held fit. `foreseen` is how many there may be in the end, which what is to be raised is told by.
    ///
    /// # Errors
    /// What to raise, and to how much.
    pub fn check_cells(&self, held: u64, foreseen: u64) -> Result<(), Failure> {
        let room = self.cells();
        if held <= room {
            return Ok(());
        }
        let foreseen = foreseen.max(held);
        let mut enough = *self;
        // Of more memory ranges take their share too.
        while enough.cells() < foreseen && enough.target < u64::MAX / 2 {
            enough.target = enough.target.saturating_add((foreseen - enough.cells()).max(MIB));
        }
        // Limits are given a quarter more, for the default target is four fifths of them.
        let (target, limit) = (size(enough.target), size(enough.target.saturating_add(enough.target / 4)));
        Err(Failure::new(
            Code::Usage,
            format!(
                "the results of so many days need about {} of memory, and {} is left for them",
                size(foreseen),
                size(room)
            ),
            "--memory-target",
            format!(
                "Raise it (CITYFLOW_MEMORY_TARGET) to {target}, or the container's memory limit to {limit}, or do fewer days at once"
            ),
        ))
    }

    fn for_ranges(&self) -> u64 {
        self.target / 8
    }
}

/// A size as people read it, in MiB, rounded up so that what is asked for is enough.
fn size(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(MIB))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_fit_into_any_target() {
        let mut before = 0;
        for target in (192..4096).step_by(8).map(|mib| mib * MIB) {
            let budget = Budget::of(target);
            let ranges = budget.range() * budget.in_flight() as u64;
            assert!(PROGRAM + ranges + budget.decoded() + budget.cells() <= target, "{target}");
            assert!(budget.range().is_power_of_two() && (4..=16).contains(&budget.in_flight()), "{budget:?}");
            assert!(budget.cells() >= target / 5, "{budget:?}");
            assert!(budget.cells() + 16 * MIB >= before, "more memory is not less room, but for a step of the ranges");
            before = budget.cells();
        }
        assert_eq!((Budget::default().range(), Budget::default().in_flight()), (8 * MIB, 8));
    }

    #[test]
    fn cells_that_do_not_fit_say_what_to_raise() {
        let budget = Budget::of(512 * MIB);
        assert_eq!(budget.check_cells(budget.cells(), u64::MAX), Ok(()));
        let line = budget.check_cells(budget.cells() + 1, 1 << 30).unwrap_err().to_string();
        assert!(line.contains("--memory-target") && line.contains("container's memory limit"), "{line}");
        let named = line.split("MEMORY_TARGET) to ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        let named = named.parse::<u64>().unwrap() * MIB;
        assert!(named < 2 << 30, "{line}");
        assert_eq!(Budget::of(named).check_cells(1 << 30, 0), Ok(()), "what it says is enough");
    }

    /// A root folder with these files.
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
    fn without_a_setting_it_is_four_fifths_of_what_there_is() {
        let target =
            |files: &[(&str, &str)]| Budget::find(None, root(files).path()).map(|budget| budget.target() / MIB);
        assert_eq!(target(&[MACHINE]), Ok(6553), "of what is free on a machine");
        let container = [MACHINE, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "1073741824\n")];
        assert_eq!(target(&container), Ok(819), "of the limit in a container");
        assert_eq!(target(&[]), Ok(512), "of nothing that is known");
        let small = [MACHINE, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "67108864\n")];
        let error = target(&small).unwrap_err().to_string();
        assert_eq!(error, "64 MiB is too little: raise the container's memory limit to 240 MiB or more");
    }

    #[test]
    fn a_setting_must_be_able_to_work() {
        let container = root(&[MACHINE, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "1073741824\n")]);
        let find = |text| Budget::find(Some(text), container.path()).map(|budget| budget.target());
        assert_eq!(find("1GiB"), Ok(1 << 30));
        assert_eq!(find(" "), Ok((1 << 30) / 5 * 4), "nothing is no setting");
        for (text, part) in [("64MiB", "raise it to 192 MiB"), ("2GiB", "raise the limit"), ("much", "such as 512MB")] {
            let error = find(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
