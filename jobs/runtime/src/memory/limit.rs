//! The memory of this process: the limit of its control group, or the free memory of the machine.
//!
//! A file that is missing or not understood sets no limit.

use std::path::{Path, PathBuf};

const GROUPS: &str = "sys/fs/cgroup";

/// The lowest limit of the control groups of this process, if it is lower than the memory of the machine; versions 1 and 2.
pub(super) fn container(root: &Path) -> Option<u64> {
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let lowest = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        if controllers.is_empty() {
            lowest_above(&root.join(GROUPS), path, "memory.max")
        } else if controllers.split(',').any(|name| name == "memory") {
            lowest_above(&root.join(GROUPS).join("memory"), path, "memory.limit_in_bytes")
        } else {
            None
        }
    });
    // Version 1 writes "no limit" as a number that no machine has.
    let machine = meminfo(root, "MemTotal").unwrap_or(1 << 60);
    lowest.min().filter(|&limit| limit < machine)
}

/// The free memory of the machine, in bytes.
pub(super) fn free(root: &Path) -> Option<u64> {
    meminfo(root, "MemAvailable").or_else(|| meminfo(root, "MemTotal"))
}

/// The lowest number in the files of that name from a group up to the root; each limits all groups below it.
fn lowest_above(top: &Path, group: &str, file: &str) -> Option<u64> {
    // In a namespace the path can lead above the visible root; then the root counts.
    let inside = Path::new(group).components().filter(|part| matches!(part, std::path::Component::Normal(_)));
    let group: PathBuf = if group.contains("..") { PathBuf::new() } else { inside.collect() };
    let limit = |above: &Path| std::fs::read_to_string(top.join(above).join(file)).ok()?.trim().parse::<u64>().ok();
    group.ancestors().filter_map(limit).min()
}

fn meminfo(root: &Path, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        container(root.path())
    }

    #[test]
    fn lowest_limit_up_to_the_root_counts() {
        let pod = ("proc/self/cgroup", "0::/kubepods/pod1/app\n");
        let app = ("sys/fs/cgroup/kubepods/pod1/app/memory.max", "max\n");
        let of_pod = ("sys/fs/cgroup/kubepods/pod1/memory.max", "900000000\n");
        let all = ("sys/fs/cgroup/kubepods/memory.max", "9000000000\n");
        assert_eq!(limit(&[pod, app, of_pod, all]), Some(900_000_000));
        assert_eq!(limit(&[pod, app]), None);
        assert_eq!(limit(&[pod]), None);
        assert_eq!(limit(&[]), None);
    }

    #[test]
    fn path_above_the_namespace_is_the_root() {
        let top = ("sys/fs/cgroup/memory.max", "500000000\n");
        assert_eq!(limit(&[("proc/self/cgroup", "0::/\n"), top]), Some(500_000_000));
        assert_eq!(limit(&[("proc/self/cgroup", "0::/../../pod\n"), top]), Some(500_000_000));
        assert_eq!(limit(&[("proc/self/cgroup", "0::/not/mounted\n"), top]), Some(500_000_000));
    }

    #[test]
    fn version_1_groups_are_read() {
        let groups = ("proc/self/cgroup", "12:cpu,cpuacct:/a\n5:memory:/docker/x\n1:name=systemd:/a\n0::/\n");
        let limited = ("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "700000000\n");
        assert_eq!(limit(&[groups, limited]), Some(700_000_000));
        let unlimited = ("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(limit(&[groups, unlimited]), None);
    }

    #[test]
    fn limit_above_the_memory_of_the_machine_does_not_count() {
        let files = [("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "9000000000\n")];
        let machine = ("proc/meminfo", "MemTotal:        4000000 kB\nMemAvailable:    3000000 kB\n");
        assert_eq!(limit(&[files[0], files[1], machine]), None);
    }
}
