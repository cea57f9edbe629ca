//! A node that is lost in the middle of a day: its kubelet ended, and its Node deleted as a cloud does. Apart from the other tests on a
//! cluster, for it takes a node from them: give them to `cargo test` one after the other.
//!
//! Needs, beside a cluster, the commands that end a node's kubelet and bring it back, `{}` being the node's name:
//! `CITYFLOW_TEST_NODE_STOP` and `CITYFLOW_TEST_NODE_START`. On kind: `docker exec {} systemctl stop kubelet`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends where it cannot go on")]

use std::process::Command;
use std::time::Duration;

use acceptance::cluster::{Cluster, Space, run, skipped};
use acceptance::s3server::InjectedFault;
use acceptance::{TestEnv, raw};

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
    let env = TestEnv::on_test_server_for_pods();
    raw::write(&env);
    let space = Space::new(cluster, "node");
    let mut values = space.values(&env);
    // A node that goes away is no failure: not one try more than the first is allowed for.
    values["processor"]["backoffLimit"] = 0.into();
    space.install(&values);

    let asked = env.server().expect_request("GET", raw::ROAD_COUNTS);
    env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Delay(Duration::from_secs(3600)));
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
    env.server().clear_faults();
    let ended = space.ended("process-2025-11-04");
    assert!(ended.complete, "{ended:?}");
    let last = ended.nodes().pop().unwrap().to_owned();
    assert_ne!(last, node, "another node of the same kind did it");
    assert_eq!(ended.pool(cluster), "large");

    // Whatever the lost pod still did on its own, the day is whole and as a run that nobody disturbed makes it.
    env.check_documents();
    let here = TestEnv::in_folder();
    raw::write(&here);
    here.processor().arg(raw::DAY).succeed();
    let objects = |env: &TestEnv| {
        let all = env.objects("processed/metrics/objets/").into_iter();
        all.map(|(key, body)| (key, acceptance::documents::sha256(&body))).collect::<Vec<_>>()
    };
    assert_eq!(objects(&env), objects(&here));
    drop(lost);
}
