//! Places that are not there, must not be used, or do not answer.

use acceptance::s3server::Fault;
use acceptance::world::everywhere;
use acceptance::{Job, Published, World, raw};

#[test]
fn an_output_that_cannot_be_written_in_a_folder() {
    let world = World::folder();
    raw::write(&world);
    // Permissions do not stop root; a file in the place of a folder stops everybody.
    std::fs::remove_dir_all(world.path("processed")).unwrap();
    std::fs::write(world.path("processed"), "a file").unwrap();
    let expected = world.address("processed");
    world.processor().arg(raw::DAY).run().fails(2, &[&expected]);
    world.processor().arg("check").run().fails(2, &[&expected]);
}

#[test]
fn an_output_that_must_not_be_written_on_s3() {
    let world = World::faulty();
    raw::write(&world);
    world.processor().arg(raw::DAY).succeed();
    let before = world.everything("processed/");
    world.put_raw(raw::BIKE_COUNTS, raw::bikes(raw::DAY_BEFORE));
    world.server().inject("PUT", "processed/", 1000, Fault::Forbidden);
    world.processor().arg(raw::DAY).run().fails(2, &["403", "processed/metrics", "right"]);
    world.processor().arg("check").run().fails(2, &["403", "processed/metrics"]);
    assert_eq!(before, world.everything("processed/"), "old documents are intact");
}

#[test]
fn an_input_that_must_not_be_read() {
    let world = World::faulty();
    raw::write(&world);
    world.server().inject("GET", raw::COUNTS, 1000, Fault::Forbidden);
    world.processor().arg(raw::DAY).run().fails(2, &[raw::COUNTS, "403", "no such key", "s3:ListBucket"]);
}

#[test]
fn a_bucket_or_folder_that_is_not_there() {
    everywhere(|world| {
        raw::write(world);
        let missing =
            if world.address("").starts_with("s3://") { "s3://cityflow-no-such-bucket" } else { "/no/such/folder" };
        let out = world.address("processed");
        for command in [raw::DAY, "check"] {
            let run = world.bare("processor").args(["--raw", missing, "--out", &out, command]).run();
            run.fails(2, &[missing]);
        }
        let reports = world.address("processed/reports");
        world.bare("reporter").args(["--metrics", missing, "--reports", &reports, raw::DAY]).run().fails(2, &[missing]);
        assert_eq!(world.list("processed/"), [""; 0]);
    });
}

#[test]
fn an_output_bucket_that_is_not_there() {
    let world = World::faulty();
    raw::write(&world);
    let missing = "s3://cityflow-no-such-bucket/processed";
    let raw = world.address("raw");
    let run = world.bare("processor").args(["--raw", &raw, "--out", missing, raw::DAY]).run();
    run.fails(2, &["s3://cityflow-no-such-bucket"]);
}

#[test]
fn wrong_credentials() {
    // Servers differ in how they refuse a key that nobody has; the built-in one does it as AWS does.
    let wrong = [(World::s3(), "AWS_SECRET_ACCESS_KEY", "wrong"), (World::faulty(), "AWS_ACCESS_KEY_ID", "AKIAWRONG")];
    for (world, name, value) in wrong {
        raw::write(&world);
        for command in [raw::DAY, "check"] {
            world.processor().env(name, value).arg(command).run().fails(2, &["403", "credentials"]);
            world.reporter().env(name, value).arg(command).run().fails(2, &["403", "credentials"]);
        }
    }
}

#[test]
fn a_server_that_is_down() {
    let world = World::faulty();
    raw::write(&world);
    // A port that was free a moment ago and that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for command in [raw::DAY, "check"] {
        let down = |job: Job<'_>| {
            let job = job.env("AWS_ENDPOINT_URL", format!("http://{free}")).env("AWS_MAX_ATTEMPTS", "2");
            job.arg(command).run().fails(69, &["could not be reached", world.bucket(), "AWS_ENDPOINT_URL"])
        };
        down(world.processor());
        down(world.reporter());
    }
}

#[test]
fn a_server_that_goes_down_while_publishing() {
    let world = World::faulty();
    raw::write(&world);
    world.processor().arg(raw::DAY).succeed();
    let old = Published::of(&world, raw::DAY);
    world.put_raw(raw::BIKE_COUNTS, raw::bikes(raw::DAY).replace("\"sum_counts\":43", "\"sum_counts\":44"));
    world.server().inject_after(1, "PUT", "processed/", 1000, Fault::Unavailable);
    world.processor().env("AWS_MAX_ATTEMPTS", "2").arg(raw::DAY).run().fails(69, &["processed/metrics"]);
    world.server().heal();
    assert_eq!(Published::of(&world, raw::DAY).manifest.digest, old.manifest.digest);
    world.processor().arg(raw::DAY).succeed();
    assert_ne!(Published::of(&world, raw::DAY).manifest.digest, old.manifest.digest);
}
