//! How much memory the system gives this process: the limit of its control group, or what is free on the machine.
//!
//! Nothing here is an error: a file that is not there or not understood sets no limit.

use std::path::{Path, PathBuf};

/// The control groups' place.
const GROUPS: &str = "sys/fs/cgroup";

/// The lowest limit of the groups that this process is in, where one is lower than the machine itself.
pub(super) fn of_container(root: &Path) -> Option<u64> {
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
    // The first version says "no limit" with a number that no machine has.
    let machine = of_meminfo(root, "MemTotal").unwrap_or(1 << 60);
    lowest.min().filter(|&limit| limit < machine)
}

/// What is free on the machine, bytes.
pub(super) fn free(root: &Path) -> Option<u64> {
    of_meminfo(root, "MemAvailable").or_else(|| of_meminfo(root, "MemTotal"))
}

/// The lowest number in the files of that name from a group up to the topmost, each of which limits all below it.
fn lowest_above(top: &Path, group: &str, file: &str) -> Option<u64> {
    // Within a namespace the path may lead above the topmost group that is seen; that one is what counts then.
    let inside = Path::new(group).components().filter(|part| matches!(part, std::path::Component::Normal(_)));
    let group: PathBuf = if group.contains("..") { PathBuf::new() } else { inside.collect() };
    let limit = |above: &Path| std::fs::read_to_string(top.join(above).join(file)).ok()?.trim().parse::<u64>().ok();
    group.ancestors().filter_map(limit).min()
}

fn of_meminfo(root: &Path, name: &str) -> Option<u64> {
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
        of_container(root.path())
    }

    #[test]
    fn the_lowest_limit_above_counts() {
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
    fn a_namespace_hides_what_is_above() {
        let top = ("sys/fs/cgroup/memory.max", "500000000\n");
        assert_eq!(limit(&[("proc/self/cgroup", "0::/\n"), top]), Some(500_000_000));
        assert_eq!(limit(&[("proc/self/cgroup", "0::/../../pod\n"), top]), Some(500_000_000));
        assert_eq!(limit(&[("proc/self/cgroup", "0::/not/mounted\n"), top]), Some(500_000_000));
    }

    #[test]
    fn the_first_version_of_groups_too() {
        let groups = ("proc/self/cgroup", "12:cpu,cpuacct:/a\n5:memory:/docker/x\n1:name=systemd:/a\n0::/\n");
        let limited = ("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "700000000\n");
        assert_eq!(limit(&[groups, limited]), Some(700_000_000));
        let unlimited = ("sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(limit(&[groups, unlimited]), None);
    }

    #[test]
    fn more_than_the_machine_has_is_no_limit() {
        let files = [("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "9000000000\n")];
        let machine = ("proc/meminfo", "MemTotal:        4000000 kB\nMemAvailable:    3000000 kB\n");
        assert_eq!(limit(&[files[0], files[1], machine]), None);
    }
}
