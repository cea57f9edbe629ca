//! A node that is lost in the middle of a day: its kubelet ended, and its Node deleted as a cloud does. Apart from the other tests on a
//! cluster, for it takes a node from them: give them to `cargo test` one after the other.
//!
//! Needs, beside a cluster, the commands that end a node's kubelet and bring it back, `{}` being the node's name:
//! `CITYFLOW_TEST_NODE_STOP` and `CITYFLOW_TEST_NODE_START`. On kind: `docker exec {} systemctl stop kubelet`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]

use std::process::Command;
use std::time::Duration;

use acceptance::cluster::{Cluster, Space, run, skipped};
use acceptance::s3server::Fault;
use acceptance::{World, raw};

/// A node whose kubelet is ended; it comes back when this is dropped, whatever became of the test.
struct Lost<'a> {
    space: &'a Space,
    node: String,
    start: String,
}

fn shell(command: &str, node: &str) {
    let _ = run(Command::new("sh").args(["-c", &command.replace("{}", node)])).good();
}

impl Drop for Lost<'_> {
    fn drop(&mut self) {
        shell(&self.start, &self.node);
        self.space.until("nodes", &self.node, |node| {
            let conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        });
    }
}

#[test]
fn the_day_of_a_lost_node_is_done_on_the_other_one() {
    let Some(cluster) = Cluster::find() else { return };
    let command = |name: &str| std::env::var(name).ok().filter(|text| text.contains("{}"));
    let (Some(stop), Some(start)) = (command("CITYFLOW_TEST_NODE_STOP"), command("CITYFLOW_TEST_NODE_START")) else {
        return skipped("CITYFLOW_TEST_NODE_STOP and CITYFLOW_TEST_NODE_START do not say how to end a kubelet");
    };
    let world = World::faulty_for_pods();
    raw::write(&world);
    let space = Space::new(cluster, "node");
    let mut values = space.values(&world);
    // A node that goes away is no failure: not one try more than the first is allowed for.
    values["processor"]["backoffLimit"] = 0.into();
    space.install(&values);

    let asked = world.server().expect_request("GET", raw::COUNTS);
    world.server().inject("GET", raw::COUNTS, usize::MAX, Fault::Delay(Duration::from_secs(3600)));
    space.start("process", "process-2025-11-04");
    let pod = space.running("process-2025-11-04");
    asked.recv_timeout(Duration::from_secs(60)).expect("the pod reads the road counts");
    let node = pod["spec"]["nodeName"].as_str().unwrap().to_owned();

    shell(&stop, &node);
    let lost = Lost { space: &space, node: node.clone(), start };
    space.until("nodes", &node, |node| {
        let conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "Unknown")
    });
    let _ = cluster.kubectl(&["delete", "node", &node]);
    world.server().heal();
    let ended = space.ended("process-2025-11-04");
    assert!(ended.complete, "{ended:?}");
    let last = ended.nodes().pop().unwrap().to_owned();
    assert_ne!(last, node, "another node of the same kind did it");
    assert_eq!(ended.pool(cluster), "large");

    // Whatever the lost pod still did on its own, the day is whole and as a run that nobody disturbed makes it.
    world.check_documents();
    let here = World::folder();
    raw::write(&here);
    here.processor().arg(raw::DAY).succeed();
    let objects = |world: &World| {
        let all = world.everything("processed/metrics/objets/").into_iter();
        all.map(|(key, body)| (key, acceptance::documents::sha256(&body))).collect::<Vec<_>>()
    };
    assert_eq!(objects(&world), objects(&here));
    drop(lost);
}
