//! Reruns by Job name: one day, a range, concurrent Jobs, and names without a valid date.

use acceptance::{TestEnv, raw};

use super::{city, documents, manifests};

#[test]
fn past_day_is_processed_and_reported_by_job_name() {
    let Some((env, namespace)) = city("rerun") else { return };
    namespace.install(&namespace.chart_values(&env));

    let process = namespace.run_job("process", "process-2025-11-04");
    assert!(process.complete, "{process:?}");
    assert_eq!((process.exit_codes(), process.pods.len()), (vec![Some(0)], 1));
    assert_eq!(process.node_pool(namespace.cluster()), "large", "{:?}", process.nodes());

    let report = namespace.run_job("report", "report-2025-11-04");
    assert!(report.complete, "{report:?}");
    assert_eq!(report.node_pool(namespace.cluster()), "small", "{:?}", report.nodes());
    env.check_documents();

    // The same programs in a local folder.
    let local = TestEnv::in_folder();
    raw::write(&local);
    local.processor().arg(raw::DAY).succeed();
    local.reporter().arg(raw::DAY).succeed();
    let mut both = [documents(&env), documents(&local)];
    // Documents have the same bytes; manifests contain the time of the run.
    both.iter_mut().for_each(|all| all.retain(|(key, _)| !key.contains("/manifest_")));
    assert!(both[0].len() > 10, "{both:#?}");
    assert_eq!(both[0], both[1]);
    let report = |env: &TestEnv| {
        let bytes = env.get("processed/reports/daily_report_2025-11-04.csv").expect("a report");
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        // The time of the report, and its inputs.
        let lines = text.lines().filter(|line| !line.contains("genere") && !line.contains("généré"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(report(&env), report(&local));

    // A rerun under another name changes nothing.
    let before = documents(&env);
    assert!(namespace.run_job("process", "process-2025-11-04-again").complete);
    assert!(namespace.run_job("report", "report-2025-11-04-again").complete);
    assert_eq!(documents(&env), before);
    assert!(
        namespace.log("report-2025-11-04-again").contains("up to date"),
        "{}",
        namespace.log("report-2025-11-04-again")
    );
}

#[test]
fn one_job_processes_a_range_of_days() {
    let Some((env, namespace)) = city("range") else { return };
    namespace.install(&namespace.chart_values(&env));
    assert!(namespace.run_job("process", "process-2025-11-03-to-2025-11-04").complete);
    assert_eq!(manifests(&env), [raw::DAY_BEFORE, raw::DAY]);
    assert!(namespace.run_job("report", "report-2025-11-03-to-2025-11-04-for-ana").complete);
    for day in [raw::DAY_BEFORE, raw::DAY] {
        assert!(env.get(&format!("processed/reports/daily_report_{day}.json")).is_some(), "{day}");
    }
}

#[test]
fn job_name_without_date_fails_immediately_and_lists_the_valid_forms() {
    let Some((env, namespace)) = city("hostile") else { return };
    namespace.install(&namespace.chart_values(&env));
    for (cronjob, job) in [
        ("report", "report-2025-02-30"),
        ("report", "report-now"),
        ("process", "process-2025-11-03-2025-11-04"),
        ("process", "process-20251104"),
    ] {
        let finished = namespace.run_job(cronjob, job);
        assert!(!finished.complete, "{job}: {finished:?}");
        assert_eq!((finished.exit_codes(), finished.reason.as_str()), (vec![Some(2)], "PodFailurePolicy"), "{job}");
        for form in [job, "report-2025-11-03", "report-2025-11-01-to-2025-11-07"] {
            assert!(finished.termination_message().contains(form), "{job}: {}", finished.termination_message());
        }
        // Where operators look first.
        let described =
            namespace.kubectl(&["describe", "pods", "--selector", &format!("batch.kubernetes.io/job-name={job}")]);
        assert!(
            described.contains("does not contain a valid day") && described.contains("Exit Code:    2"),
            "{described}"
        );
    }
    assert!(manifests(&env).is_empty());
}

#[test]
fn concurrent_reruns_of_a_day_publish_it_once() {
    let Some((env, namespace)) = city("twice") else { return };
    namespace.install(&namespace.chart_values(&env));
    namespace.create_job("process", "process-2025-11-04-a");
    namespace.create_job("process", "process-2025-11-04-b");
    for job in ["process-2025-11-04-a", "process-2025-11-04-b"] {
        let finished = namespace.wait_for_job(job);
        assert!(finished.complete, "{job}: {finished:?}");
    }
    env.check_documents();
    assert_eq!(manifests(&env), [raw::DAY]);
    let objects = env.list("processed/metrics/objets/2025-11-04/");
    assert_eq!(objects.len(), 7, "one object per document: {objects:?}");
}
