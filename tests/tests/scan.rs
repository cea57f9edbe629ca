//! Reading the road counts: threads, chunk size and SIMD do not change any document, and memory stays within its limit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends when it cannot go on")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use acceptance::environment::{PROCESSED, RAW};
use acceptance::{TestEnv, raw};
use bytes::Bytes;

const DAYS: &str = "2025-10-24..2025-10-27";

/// A simulated city with all faults, in several files, over the clock change.
fn city() -> TestEnv {
    let env = TestEnv::in_folder();
    let flags = ["--from", "2025-10-23", "--to", "2025-10-27", "--faults", "all", "--shape", "mixed", "--arcs", "12"];
    env.simulator().args(flags).args(["--seed", "29", "--file-size", "200KB", "--quiet"]).succeed();
    env
}

/// Runs the processor and returns all objects except the manifests, which contain the time of the run.
fn published(env: &TestEnv, settings: &[(&str, &str)]) -> BTreeMap<String, Bytes> {
    let mut job = env.processor().args([DAYS, "--force"]);
    for (name, value) in settings {
        job = job.env(name, value);
    }
    job.succeed();
    let all = env.objects(&format!("{PROCESSED}/"));
    all.into_iter().filter(|(key, _)| !key.contains("manifest")).collect()
}

#[test]
fn documents_do_not_depend_on_threads_chunks_or_simd() {
    let env = city();
    let expected = published(&env, &[("CITYFLOW_THREADS", "1"), ("CITYFLOW_SIMD", "portable")]);
    assert!(expected.len() > 40, "{}", expected.len());
    for threads in ["1", "2", "7"] {
        for chunk in ["1", "61", "4099", "65537", "1048576"] {
            // One chunk per byte is slow, so only once.
            if chunk == "1" && threads != "2" {
                continue;
            }
            let found = published(&env, &[("CITYFLOW_THREADS", threads), ("CITYFLOW_CHUNK", chunk)]);
            assert!(found == expected, "{threads} threads, chunks of {chunk} bytes");
        }
    }
    for simd in ["avx2", "avx512"] {
        assert!(published(&env, &[("CITYFLOW_SIMD", simd)]) == expected, "{simd}");
    }
}

#[test]
fn run_that_exceeds_memory_target_names_the_setting_to_raise() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    let least = "--memory-target (CITYFLOW_MEMORY_TARGET): 10 MiB is too little; raise it to 192 MiB";
    env.processor().args([raw::DAY, "--memory-target", "10MiB"]).run().expect_failure(2, &[least]);
    // One row for each of 40 arcs on 4,000 days.
    let mut text = format!("{}\n", raw::ROAD_COUNTS_HEADER);
    let begin: chrono::DateTime<chrono::Utc> = "2001-01-01T00:00:00Z".parse().unwrap();
    for day in 0..4000 {
        for arc in 0..40 {
            text.push_str(&raw::count_row(arc, begin + chrono::Duration::days(day), "1", "1"));
            text.push('\n');
        }
    }
    env.put_raw(raw::ROAD_COUNTS, text);
    let failed = env.processor().args(["all", "--memory-target", "192MiB"]).run();
    failed.expect_failure(2, &["need about", "--memory-target", "Raise it (CITYFLOW_MEMORY_TARGET) to"]);
    assert!(env.list(&format!("{PROCESSED}/")).is_empty(), "nothing is published");
}

/// A cgroup with a memory limit; dropping it removes it.
struct Cgroup(PathBuf);

impl Cgroup {
    /// `None` if this user may not create one.
    fn limited_to(bytes: u64) -> Option<Self> {
        let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        // cgroup v1, or else v2.
        let find = |name: &str| groups.lines().find_map(|line| line.split_once(name).map(|(_, own)| own.to_owned()));
        let (own, limit) = match find(":memory:/") {
            Some(own) => (format!("memory/{own}"), "memory.limit_in_bytes"),
            None => (find("0::/")?, "memory.max"),
        };
        let path = Path::new("/sys/fs/cgroup").join(own).join(format!("cityflow-test-{}", std::process::id()));
        std::fs::create_dir(&path).ok()?;
        let group = Self(path);
        std::fs::write(group.0.join(limit), bytes.to_string()).ok()?;
        Some(group)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[test]
fn processor_stays_within_container_memory_limit() {
    let Some(group) = Cgroup::limited_to(256 << 20) else {
        println!("SKIPPED: this user may not create a cgroup with a memory limit");
        return;
    };
    let env = TestEnv::in_folder();
    let flags = ["--from", "2025-10-01", "--to", "2025-10-14", "--arcs", "1200", "--only", "comptages", "--quiet"];
    env.simulator().args(flags).succeed();
    let size: usize = env.objects(&format!("{RAW}/batch/")).iter().map(|(_, body)| body.len()).sum();
    assert!(size > 150 << 20, "{size} bytes fit into memory with the cells");
    // The shell joins the cgroup before it executes the program.
    let script = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", group.0.display());
    let done = std::process::Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(acceptance::binaries::program("processor"))
        .args(["2025-10-14", "--raw", env.address(RAW).as_str(), "--out", env.address(PROCESSED).as_str()])
        .output()
        .unwrap();
    assert!(done.status.success(), "{:?}: {}", done.status, String::from_utf8_lossy(&done.stderr));
    assert!(!env.list(&format!("{PROCESSED}/metrics/manifest")).is_empty());
}
