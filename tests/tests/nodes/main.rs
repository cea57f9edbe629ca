//! Loss of a node during a run: its kubelet is stopped and its Node object deleted, as a cloud provider does. This test is separate from the
//! other cluster tests, because it takes a node away from them: do not run both at the same time.
//!
//! Requires a cluster, and the commands that stop and start a node's kubelet, in which `{}` is replaced by the name of the node:
//! `CITYFLOW_TEST_NODE_STOP` and `CITYFLOW_TEST_NODE_START`. On kind: `docker exec {} systemctl stop kubelet`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::Command;
use std::time::Duration;

use acceptance::cluster::{Cluster, TestNamespace};
use acceptance::s3server::InjectedFault;
use acceptance::tools::{self, run};
use acceptance::{TestEnv, raw};

/// A node with a stopped kubelet, which is started again on drop, also if the test fails.
struct LostNode<'a> {
    namespace: &'a TestNamespace,
    node: String,
    start: String,
}

fn shell(command: &str, node: &str) {
    let _ = run(Command::new("sh").args(["-c", &command.replace("{}", node)])).expect_success();
}

impl Drop for LostNode<'_> {
    fn drop(&mut self) {
        shell(&self.start, &self.node);
        self.namespace.wait_for("nodes", &self.node, |node| {
            let conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
            conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        });
    }
}

#[test]
fn run_on_a_lost_node_is_repeated_on_another_node() {
    let Some(cluster) = Cluster::find() else { return };
    let command = |name: &str| std::env::var(name).ok().filter(|text| text.contains("{}"));
    let (Some(stop), Some(start)) = (command("CITYFLOW_TEST_NODE_STOP"), command("CITYFLOW_TEST_NODE_START")) else {
        return tools::skip("CITYFLOW_TEST_NODE_STOP and CITYFLOW_TEST_NODE_START are not set");
    };
    let env = TestEnv::on_test_server_for_pods();
    raw::write(&env);
    let namespace = TestNamespace::new(cluster, "node");
    let mut values = namespace.chart_values(&env);
    // No retries: the loss of a node must not count.
    values["processor"]["backoffLimit"] = 0.into();
    namespace.install(&values);

    let requested = env.server().expect_request("GET", raw::ROAD_COUNTS);
    env.server().inject("GET", raw::ROAD_COUNTS, usize::MAX, InjectedFault::Delay(Duration::from_secs(3600)));
    namespace.create_job("process", "process-2025-11-04");
    let pod = namespace.wait_for_running_pod("process-2025-11-04");
    requested.recv_timeout(Duration::from_secs(60)).expect("the pod reads the road counts");
    let node = pod["spec"]["nodeName"].as_str().unwrap().to_owned();

    shell(&stop, &node);
    let lost = LostNode { namespace: &namespace, node: node.clone(), start };
    namespace.wait_for("nodes", &node, |node| {
        let conditions = node["status"]["conditions"].as_array().cloned().unwrap_or_default();
        conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "Unknown")
    });
    let _ = cluster.kubectl(&["delete", "node", &node]);
    env.server().clear_faults();
    let finished = namespace.wait_for_job("process-2025-11-04");
    assert!(finished.complete, "{finished:?}");
    let last = finished.nodes().pop().unwrap().to_owned();
    assert_ne!(last, node, "the second pod runs on another node");
    assert_eq!(finished.node_pool(cluster), "large");

    // The lost pod may still have continued; the published day is that of an uninterrupted run.
    env.check_documents();
    let local = TestEnv::in_folder();
    raw::write(&local);
    local.processor().arg(raw::DAY).succeed();
    let objects = |env: &TestEnv| {
        let all = env.objects("processed/metrics/objets/").into_iter();
        all.map(|(key, body)| (key, acceptance::documents::sha256(&body))).collect::<Vec<_>>()
    };
    assert_eq!(objects(&env), objects(&local));
    drop(lost);
}
