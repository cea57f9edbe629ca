//! S3 over TLS with the certificate of a private authority: trusted with `AWS_CA_BUNDLE`, otherwise an error.

use acceptance::authority::{Authority, start_tls_proxy};
use acceptance::{PublishedDay, TestCommand, TestEnv, raw};

#[test]
fn server_certificate_of_a_private_authority_is_trusted_only_with_ca_bundle() {
    let [authority, another] = [Authority::new(), Authority::new()];
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let server = env.server().endpoint().trim_start_matches("http://").parse().unwrap();
    let address = format!("https://127.0.0.1:{}", start_tls_proxy(server, authority.server()));
    let job = |job: fn(&TestEnv) -> TestCommand<'_>| job(&env).env("AWS_ENDPOINT_URL", &address).arg(raw::DAY);
    for job in [job(TestEnv::processor), job(TestEnv::processor).env("AWS_CA_BUNDLE", another.certificate())] {
        job.env("AWS_MAX_ATTEMPTS", "1").run().expect_failure(69, &["unknown authority", "AWS_CA_BUNDLE"]);
    }
    // A certificate for another address.
    let wrong = format!("https://127.0.0.1:{}", start_tls_proxy(server, authority.client()));
    let job_to_wrong =
        job(TestEnv::processor).env("AWS_ENDPOINT_URL", wrong).env("AWS_CA_BUNDLE", authority.certificate());
    job_to_wrong
        .env("AWS_MAX_ATTEMPTS", "1")
        .run()
        .expect_failure(69, &["certificate is invalid", "not valid for name"]);
    job(TestEnv::processor).env("AWS_CA_BUNDLE", authority.certificate()).succeed();
    job(TestEnv::reporter).env("AWS_CA_BUNDLE", authority.certificate()).succeed();
    let plain = TestEnv::in_folder();
    raw::write(&plain);
    plain.processor().arg(raw::DAY).succeed();
    let [over_tls, plain] = [&env, &plain].map(|env| PublishedDay::load(env, raw::DAY));
    assert_eq!((over_tls.manifest.digest, over_tls.bytes), (plain.manifest.digest, plain.bytes));
}
