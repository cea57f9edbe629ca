//! Buckets and folders that do not exist, are forbidden, or are unreachable.

use acceptance::collector::port::unused_address;
use acceptance::environment::for_each_store;
use acceptance::s3server::InjectedFault;
use acceptance::{PublishedDay, TestCommand, TestEnv, raw};

#[test]
fn output_that_is_a_file_exits_2() {
    let env = TestEnv::in_folder();
    raw::write(&env);
    // Tests may run as root, which ignores permissions; a file instead of the folder fails for every user.
    std::fs::remove_dir_all(env.path("processed")).unwrap();
    std::fs::write(env.path("processed"), "a file").unwrap();
    let expected = env.address("processed");
    env.processor().arg(raw::DAY).run().expect_failure(2, &[&expected]);
    env.processor().arg("check").run().expect_failure(2, &[&expected]);
}

#[test]
fn forbidden_output_on_s3_exits_2_and_keeps_documents() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.processor().arg(raw::DAY).succeed();
    let before = env.objects("processed/");
    env.put_raw(raw::BIKE_COUNTS, raw::bike_counts(raw::DAY_BEFORE));
    env.server().inject("PUT", "processed/", 1000, InjectedFault::Forbidden);
    env.processor().arg(raw::DAY).run().expect_failure(2, &["403", "processed/metrics", "permission"]);
    env.processor().arg("check").run().expect_failure(2, &["403", "processed/metrics"]);
    assert_eq!(before, env.objects("processed/"), "previous documents changed");
}

#[test]
fn forbidden_input_exits_2_and_names_both_causes() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().inject("GET", raw::ROAD_COUNTS, 1000, InjectedFault::Forbidden);
    env.processor().arg(raw::DAY).run().expect_failure(2, &[raw::ROAD_COUNTS, "403", "no such key", "s3:ListBucket"]);
}

#[test]
fn missing_raw_bucket_or_folder_exits_2() {
    for_each_store(|env| {
        raw::write(env);
        let missing = if env.is_s3() { "s3://cityflow-no-such-bucket" } else { "/no/such/folder" };
        let out = env.address("processed");
        for command in [raw::DAY, "check"] {
            let run = env.program("processor").args(["--raw", missing, "--out", &out, command]).run();
            run.expect_failure(2, &[missing]);
        }
        let reports = env.address("processed/reports");
        env.program("reporter")
            .args(["--metrics", missing, "--reports", &reports, raw::DAY])
            .run()
            .expect_failure(2, &[missing]);
        assert_eq!(env.list("processed/"), [""; 0]);
    });
}

#[test]
fn missing_output_bucket_exits_2() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let missing = "s3://cityflow-no-such-bucket/processed";
    let raw = env.address("raw");
    let run = env.program("processor").args(["--raw", &raw, "--out", missing, raw::DAY]).run();
    run.expect_failure(2, &["s3://cityflow-no-such-bucket"]);
}

#[test]
fn wrong_credentials_exit_2() {
    // Servers differ in their response to an unknown access key; the built-in one responds like AWS.
    let wrong = [
        (TestEnv::on_s3(), "AWS_SECRET_ACCESS_KEY", "wrong"),
        (TestEnv::on_test_server(), "AWS_ACCESS_KEY_ID", "AKIAWRONG"),
    ];
    for (env, name, value) in wrong {
        raw::write(&env);
        for command in [raw::DAY, "check"] {
            env.processor().env(name, value).arg(command).run().expect_failure(2, &["403", "credentials"]);
            env.reporter().env(name, value).arg(command).run().expect_failure(2, &["403", "credentials"]);
        }
    }
}

/// A server that refuses a part of S3 for good: exit 2 with the way out, by a run and by `check`.
fn assert_refused(refused: &str, parts: &[&str]) {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().refuse_header(refused);
    for job in [env.processor().arg(raw::DAY), env.processor().arg("check"), env.reporter().arg("check")] {
        job.run().expect_failure(2, &[&[refused, "501"], parts].concat());
    }
}

#[test]
fn server_without_checksums_exits_2_and_the_named_setting_helps() {
    assert_refused("x-amz-sdk-checksum", &["refuses the checksum", "AWS_REQUEST_CHECKSUM_CALCULATION=when_required"]);
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().refuse_header("x-amz-checksum");
    env.server().refuse_header("x-amz-sdk-checksum");
    let setting = ("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required");
    env.processor().env(setting.0, setting.1).arg(raw::DAY).succeed();
    env.processor().env(setting.0, setting.1).arg("check").succeed();
}

#[test]
fn server_without_conditional_writes_exits_2() {
    assert_refused("if-none-match", &["refuses the condition", "conditional writes"]);
}

#[test]
fn server_that_names_no_header_exits_2() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.server().inject("PUT", "processed/", 1000, InjectedFault::NotImplemented);
    env.processor().arg(raw::DAY).run().expect_failure(2, &["501", "AWS_REQUEST_CHECKSUM_CALCULATION=when_required"]);
    env.processor().arg("check").run().expect_failure(2, &["501", "AWS_REQUEST_CHECKSUM_CALCULATION=when_required"]);
}

#[test]
fn check_detects_a_server_that_ignores_conditions() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.processor().arg(raw::DAY).succeed();
    let before = env.objects("processed/");
    env.server().ignore_conditions();
    env.processor()
        .arg("check")
        .run()
        .expect_failure(2, &["ignores the condition", "If-None-Match", "metrics/objets/"]);
    env.reporter().arg("check").run().expect_failure(2, &["ignores the condition", "If-None-Match"]);
    assert_eq!(before, env.objects("processed/"), "the probes are removed");
}

#[test]
fn unreachable_server_exits_69() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let unused = unused_address();
    for command in [raw::DAY, "check"] {
        let down = |job: TestCommand<'_>| {
            let job = job.env("AWS_ENDPOINT_URL", format!("http://{unused}")).env("AWS_MAX_ATTEMPTS", "2");
            job.arg(command).run().expect_failure(69, &["could not be reached", env.bucket(), "AWS_ENDPOINT_URL"])
        };
        down(env.processor());
        down(env.reporter());
    }
}

#[test]
fn server_failure_during_publishing_keeps_the_old_manifest() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    env.processor().arg(raw::DAY).succeed();
    let old = PublishedDay::load(&env, raw::DAY);
    env.put_raw(raw::BIKE_COUNTS, raw::changed_bike_counts(44));
    env.server().inject_after(1, "PUT", "processed/", 1000, InjectedFault::Unavailable);
    env.processor().env("AWS_MAX_ATTEMPTS", "2").arg(raw::DAY).run().expect_failure(69, &["processed/metrics"]);
    env.server().clear_faults();
    assert_eq!(PublishedDay::load(&env, raw::DAY).manifest.digest, old.manifest.digest);
    env.processor().arg(raw::DAY).succeed();
    assert_ne!(PublishedDay::load(&env, raw::DAY).manifest.digest, old.manifest.digest);
}
