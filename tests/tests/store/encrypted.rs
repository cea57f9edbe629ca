//! S3 by TLS with a certificate of an authority of one's own: believed by `AWS_CA_BUNDLE`, refused in one line without.

use acceptance::authority::{Authority, encrypted};
use acceptance::{Job, Published, World, raw};

#[test]
fn a_server_with_a_certificate_of_its_own_is_believed_where_its_authority_is_named() {
    let [authority, another] = [Authority::new(), Authority::new()];
    let world = World::faulty();
    raw::write(&world);
    let server = world.server().endpoint().trim_start_matches("http://").parse().unwrap();
    let address = format!("https://127.0.0.1:{}", encrypted(server, authority.server()));
    let job = |job: fn(&World) -> Job<'_>| job(&world).env("AWS_ENDPOINT_URL", &address).arg(raw::DAY);
    for job in [job(World::processor), job(World::processor).env("AWS_CA_BUNDLE", another.certificate())] {
        job.env("AWS_MAX_ATTEMPTS", "1").run().fails(69, &["unknown authority", "AWS_CA_BUNDLE"]);
    }
    // A certificate that is not for this address.
    let wrong = format!("https://127.0.0.1:{}", encrypted(server, authority.client()));
    let job_there = job(World::processor).env("AWS_ENDPOINT_URL", wrong).env("AWS_CA_BUNDLE", authority.certificate());
    job_there.env("AWS_MAX_ATTEMPTS", "1").run().fails(69, &["certificate is not good", "not valid for name"]);
    job(World::processor).env("AWS_CA_BUNDLE", authority.certificate()).succeed();
    job(World::reporter).env("AWS_CA_BUNDLE", authority.certificate()).succeed();
    let plain = World::folder();
    raw::write(&plain);
    plain.processor().arg(raw::DAY).succeed();
    let [by_tls, plain] = [&world, &plain].map(|world| Published::of(world, raw::DAY));
    assert_eq!((by_tls.manifest.digest, by_tls.bytes), (plain.manifest.digest, plain.bytes));
}
