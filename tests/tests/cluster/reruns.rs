//! Days done again by a Job's name: one, several, two at once, and names that say no day.

use acceptance::{TestEnv, raw};

use super::{city, documents, manifests};

#[test]
fn a_past_day_is_processed_and_reported_by_the_names_of_two_jobs() {
    let Some((env, space)) = city("rerun") else { return };
    space.install(&space.values(&env));

    let process = space.run("process", "process-2025-11-04");
    assert!(process.complete, "{process:?}");
    assert_eq!((process.codes(), process.pods.len()), (vec![Some(0)], 1));
    assert_eq!(process.pool(space.cluster()), "large", "{:?}", process.nodes());

    let report = space.run("report", "report-2025-11-04");
    assert!(report.complete, "{report:?}");
    assert_eq!(report.pool(space.cluster()), "small", "{:?}", report.nodes());
    env.check_documents();

    // The same programs on a folder.
    let here = TestEnv::in_folder();
    raw::write(&here);
    here.processor().arg(raw::DAY).succeed();
    here.reporter().arg(raw::DAY).succeed();
    let mut of_both = [documents(&env), documents(&here)];
    // The fixed names and the documents behind them are the same bytes; the manifest says when it was written.
    of_both.iter_mut().for_each(|all| all.retain(|(key, _)| !key.contains("/manifest_")));
    assert!(of_both[0].len() > 10, "{of_both:#?}");
    assert_eq!(of_both[0], of_both[1]);
    let report = |env: &TestEnv| {
        let bytes = env.get("processed/reports/daily_report_2025-11-04.csv").expect("a report");
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        // When it was made, and from where.
        let lines = text.lines().filter(|line| !line.contains("genere") && !line.contains("généré"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(report(&env), report(&here));

    // Again by the command that an operator types, under another name: nothing has changed.
    let before = documents(&env);
    assert!(space.run("process", "process-2025-11-04-again").complete);
    assert!(space.run("report", "report-2025-11-04-again").complete);
    assert_eq!(documents(&env), before);
    assert!(space.log("report-2025-11-04-again").contains("up to date"), "{}", space.log("report-2025-11-04-again"));
}

#[test]
fn a_range_is_one_job() {
    let Some((env, space)) = city("range") else { return };
    space.install(&space.values(&env));
    assert!(space.run("process", "process-2025-11-03-to-2025-11-04").complete);
    assert_eq!(manifests(&env), [raw::DAY_BEFORE, raw::DAY]);
    assert!(space.run("report", "report-2025-11-03-to-2025-11-04-for-ana").complete);
    for day in [raw::DAY_BEFORE, raw::DAY] {
        assert!(env.get(&format!("processed/reports/daily_report_{day}.json")).is_some(), "{day}");
    }
}

#[test]
fn a_name_that_says_no_day_is_refused_at_once_with_the_forms_that_do() {
    let Some((env, space)) = city("hostile") else { return };
    space.install(&space.values(&env));
    for (cronjob, job) in [
        ("report", "report-2025-02-30"),
        ("report", "report-now"),
        ("process", "process-2025-11-03-2025-11-04"),
        ("process", "process-20251104"),
    ] {
        let ended = space.run(cronjob, job);
        assert!(!ended.complete, "{job}: {ended:?}");
        assert_eq!((ended.codes(), ended.reason.as_str()), (vec![Some(2)], "PodFailurePolicy"), "{job}");
        for form in [job, "report-2025-11-03", "report-2025-11-01-to-2025-11-07"] {
            assert!(ended.words().contains(form), "{job}: {}", ended.words());
        }
        // What an operator looks at first.
        let described =
            space.kubectl(&["describe", "pods", "--selector", &format!("batch.kubernetes.io/job-name={job}")]);
        assert!(described.contains("does not say the day") && described.contains("Exit Code:    2"), "{described}");
    }
    assert!(manifests(&env).is_empty());
}

#[test]
fn two_reruns_of_a_day_at_once_leave_one_day() {
    let Some((env, space)) = city("twice") else { return };
    space.install(&space.values(&env));
    space.start("process", "process-2025-11-04-a");
    space.start("process", "process-2025-11-04-b");
    for job in ["process-2025-11-04-a", "process-2025-11-04-b"] {
        let ended = space.ended(job);
        assert!(ended.complete, "{job}: {ended:?}");
    }
    env.check_documents();
    assert_eq!(manifests(&env), [raw::DAY]);
    let objects = env.list("processed/metrics/objets/2025-11-04/");
    assert_eq!(objects.len(), 7, "one object for each document, whoever wrote it: {objects:?}");
}
