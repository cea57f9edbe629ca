//! External tools that some tests need, such as `helm` and `kubectl`. A test whose tool is missing is skipped, or fails if [`REQUIRE`] is set.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// If this is set to 1, a test whose tool or cluster is missing fails instead of being skipped.
pub const REQUIRE: &str = "CITYFLOW_REQUIRE_TOOLS";

/// Reports that the current test is skipped.
///
/// # Panics
/// If [`REQUIRE`] is set.
pub fn skip(reason: &str) {
    assert!(std::env::var_os(REQUIRE).is_none_or(|value| value != "1"), "{reason}, and {REQUIRE} is set");
    println!("SKIPPED: {reason}");
}

/// Whether a program is on the PATH.
#[must_use]
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether a program is on the PATH; if it is not, the test is skipped.
///
/// # Panics
/// If it is not and [`REQUIRE`] is set.
#[must_use]
pub fn require(program: &str) -> bool {
    let installed = is_installed(program);
    if !installed {
        skip(&format!("{program} is not on the PATH"));
    }
    installed
}

/// Output of a finished tool.
#[derive(Debug, Clone)]
pub struct ToolOutput {
    /// The command line.
    pub command: String,
    /// Whether the exit code is 0.
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl ToolOutput {
    /// Standard output of a tool that must succeed.
    ///
    /// # Panics
    /// If it failed.
    #[must_use]
    pub fn expect_success(self) -> String {
        assert!(self.success, "{}\n{}", self.command, self.text());
        self.stdout
    }

    /// Standard output, then standard error.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Runs a tool until it exits.
///
/// # Panics
/// If it cannot be started.
pub fn run(command: &mut Command) -> ToolOutput {
    run_with_input(command, "")
}

/// Runs a tool until it exits, with a text on standard input.
///
/// # Panics
/// If it cannot be started.
pub fn run_with_input(command: &mut Command, input: &str) -> ToolOutput {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        // A tool may exit without reading all of its input.
        scope.spawn(move || stdin.write_all(input.as_bytes()).ok());
        child.wait_with_output().expect("the tool can be waited for")
    });
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    ToolOutput {
        command: format!("{command:?}"),
        success: output.status.success(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
