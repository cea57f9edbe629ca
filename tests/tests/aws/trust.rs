//! Trust policies, and credentials from Pod Identity and IRSA with the variables that EKS sets in a pod.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use acceptance::s3server::S3Server;
use acceptance::{ProgramOutput, TestCommand, TestEnv, raw};
use serde_json::json;

use super::{json, text};

#[test]
fn roles_trust_one_service_account_of_the_cluster() {
    let policy = json("policies/trust-pod-identity.json");
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Principal"], json!({"Service": "pods.eks.amazonaws.com"}));
    assert_eq!(statement["Action"], json!(["sts:AssumeRole", "sts:TagSession"]));
    let condition = json!({
        "aws:SourceAccount": "111122223333", "aws:RequestTag/eks-cluster-name": "cityflow",
        "aws:RequestTag/kubernetes-namespace": "cityflow", "aws:RequestTag/kubernetes-service-account": "process",
    });
    assert_eq!(statement["Condition"], json!({"StringEquals": condition}));

    let policy = json("policies/trust-irsa.json");
    let statement = &policy["Statement"][0];
    let provider = "oidc.eks.eu-west-3.amazonaws.com/id/00000000000000000000000000000000";
    assert_eq!(statement["Principal"]["Federated"], format!("arn:aws:iam::111122223333:oidc-provider/{provider}"));
    assert_eq!(statement["Action"], "sts:AssumeRoleWithWebIdentity");
    let condition = json!({
        format!("{provider}:aud"): "sts.amazonaws.com",
        format!("{provider}:sub"): "system:serviceaccount:cityflow:process",
    });
    assert_eq!(statement["Condition"], json!({"StringEquals": condition}));
}

#[test]
fn trust_policies_contain_the_service_account_once() {
    for file in ["policies/trust-pod-identity.json", "policies/trust-irsa.json"] {
        assert_eq!(text(file).matches("process").count(), 1, "{file}: the guide replaces it with `report`");
    }
}

/// Starts an HTTP server that gives every request the same response. Returns its URL and the received requests.
fn serve(content_type: &'static str, body: String) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !is_complete(&request) {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&buffer[..read]),
                }
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            let _ = sender.send(String::from_utf8_lossy(&request).into_owned());
        }
    });
    (address, requests)
}

/// Whether a request has arrived with its body (content-length).
fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    body.len() >= length.map_or(0, |length| length.trim().parse().unwrap())
}

/// Runs the processor as in a pod: without access keys in the environment.
fn run_processor(env: &TestEnv, variables: &[(&str, &str)]) -> ProgramOutput {
    let [raw, out] = ["raw", "processed"].map(|folder| env.address(folder));
    let job = TestCommand::new(env, "processor")
        .env("AWS_ENDPOINT_URL_S3", env.server().endpoint())
        .env("AWS_REGION", "eu-west-3")
        .env("CITYFLOW_S3_PATH_STYLE", "yes")
        .args(["--raw", &raw, "--out", &out, raw::DAY]);
    variables.iter().fold(job, |job, (name, value)| job.env(name, value)).run()
}

/// Path of a service account token, as it is mounted into a pod.
fn token_file(env: &TestEnv) -> String {
    let path = env.scratch_path("token");
    std::fs::write(&path, "the-token-of-the-service-account").unwrap();
    path.display().to_string()
}

#[test]
fn processor_gets_credentials_from_pod_identity() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let answer = json!({
        "AccessKeyId": S3Server::ACCESS_KEY, "SecretAccessKey": S3Server::SECRET_KEY, "Token": "session",
        "AccountId": "111122223333", "Expiration": "2099-01-01T00:00:00Z",
    });
    let (agent, requests) = serve("application/json", answer.to_string());
    // In a cluster the agent is at 169.254.170.23.
    let address = format!("{agent}/v1/credentials");
    run_processor(
        &env,
        &[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &address),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token_file(&env)),
        ],
    )
    .expect_exit(0);
    let request = requests.try_recv().unwrap();
    assert!(request.contains("the-token-of-the-service-account"), "the agent receives the token: {request}");
    let signed = env
        .server()
        .recorded_requests()
        .iter()
        .any(|call| call.headers.get("x-amz-security-token").is_some_and(|token| token == "session"));
    assert!(signed, "requests are signed with the session token");
}

#[test]
fn processor_gets_credentials_from_irsa() {
    let env = TestEnv::on_test_server();
    raw::write(&env);
    let answer = format!(
        r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/cityflow-process/s</Arn><AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"#,
        S3Server::ACCESS_KEY,
        S3Server::SECRET_KEY
    );
    let (sts, requests) = serve("text/xml", answer);
    let role = "arn:aws:iam::111122223333:role/cityflow-process";
    run_processor(
        &env,
        &[("AWS_ENDPOINT_URL_STS", &sts), ("AWS_ROLE_ARN", role), ("AWS_WEB_IDENTITY_TOKEN_FILE", &token_file(&env))],
    )
    .expect_exit(0);
    let request = requests.try_recv().unwrap();
    assert!(
        request.contains("AssumeRoleWithWebIdentity") && request.contains("the-token-of-the-service-account"),
        "{request}"
    );
}
