//! One run of a program in a clean environment: [`TestCommand`] starts it, [`RunningProgram`] is the process, [`ProgramOutput`] all that
//! it wrote.
//!
//! ```ignore
//! env.processor().arg(raw::DAY).succeed();
//! env.processor().args(["--required", "rivers"]).run().expect_failure(2, &["rivers"]);
//! ```

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;
use wait4::Wait4 as _;

use crate::binaries;
use crate::environment::TestEnv;

/// A program that has not been started yet.
#[derive(Debug)]
pub struct TestCommand<'a> {
    env: &'a TestEnv,
    program: &'static str,
    command: Command,
    termination_log: PathBuf,
}

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct RunningProgram<'a> {
    env: &'a TestEnv,
    command_line: String,
    /// `None` once it has been waited for.
    child: Option<Child>,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    termination_log: PathBuf,
    logs_json: bool,
}

/// How a run ended and all that it wrote.
#[derive(Debug, Clone)]
pub struct ProgramOutput {
    pub command_line: String,
    /// The exit code; the negative signal number if a signal ended the run.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// Empty if the run wrote none.
    pub termination_message: String,
    /// Peak resident memory, bytes.
    pub peak_memory: u64,
    /// The log lines of standard error, in order; empty for the simulator, which does not log JSON.
    pub events: Vec<Value>,
}

impl<'a> TestCommand<'a> {
    /// A program with an empty environment except for `PATH`, `HOME` and the termination log.
    #[must_use]
    pub fn new(env: &'a TestEnv, program: &'static str) -> Self {
        let termination_log = env.scratch_path("termination-log");
        std::fs::write(&termination_log, "").expect("write the termination log");
        let mut command = Command::new(binaries::program(program));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", env.home())
            .env("CITYFLOW_TERMINATION_LOG", &termination_log)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(env.home());
        Self { env, program, command, termination_log }
    }

    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    #[must_use]
    pub fn envs(self, variables: &[(&str, impl AsRef<OsStr>)]) -> Self {
        variables.iter().fold(self, |command, (name, value)| command.env(name, value))
    }

    #[must_use]
    pub fn current_dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    #[must_use]
    pub fn start(mut self) -> RunningProgram<'a> {
        let args: Vec<_> = self.command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let command_line = format!("{} {}", self.program, args.join(" "));
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{command_line}: {error}"));
        RunningProgram {
            stdout: child.stdout.take().map(|pipe| std::thread::spawn(move || read_all(pipe))),
            stderr: child.stderr.take().map(|pipe| std::thread::spawn(move || read_all(pipe))),
            env: self.env,
            command_line,
            child: Some(child),
            termination_log: self.termination_log,
            logs_json: self.program != "simulator",
        }
    }

    /// Runs it to its end, then checks every document in the environment.
    #[must_use]
    pub fn run(self) -> ProgramOutput {
        self.start().wait()
    }

    /// [`Self::run`], expecting exit code 0.
    pub fn succeed(self) -> ProgramOutput {
        self.run().expect_exit(0)
    }
}

fn read_all(mut pipe: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    bytes
}

impl RunningProgram<'_> {
    /// The process id; 0 once it has been waited for.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Sends SIGKILL, as the kernel does when memory runs out.
    pub fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
    }

    /// Sends SIGTERM, as the kubelet does to stop a pod.
    ///
    /// # Panics
    /// When the process does not exist any more.
    pub fn terminate(&self) {
        let id = rustix::process::Pid::from_raw(self.id().cast_signed()).expect("a process id");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("send SIGTERM");
    }

    /// Whether the process has ended. Until it is waited for it is a zombie (state Z).
    #[must_use]
    pub fn has_ended(&self) -> bool {
        std::fs::read_to_string(format!("/proc/{}/stat", self.id())).map_or(true, |stat| stat.contains(") Z "))
    }

    /// Waits for its end, then checks every document in the environment.
    #[must_use]
    pub fn wait(self) -> ProgramOutput {
        let env = self.env;
        let output = self.wait_unchecked();
        env.check_documents();
        output
    }

    /// Waits for its end without checking documents: for environments that hold invalid ones on purpose or that others still write to,
    /// and for tests that count requests.
    #[must_use]
    pub fn wait_unchecked(mut self) -> ProgramOutput {
        use std::os::unix::process::ExitStatusExt as _;
        let child = self.child.take().expect("waited for once");
        // Pipes first: a program that fills a pipe ends only when somebody reads it.
        let text = |thread: Option<JoinHandle<Vec<u8>>>| {
            let bytes = thread.and_then(|thread| thread.join().ok()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
        let ended = child.wait4().expect("wait for the process");
        let code = ended.status.code().unwrap_or_else(|| -ended.status.signal().unwrap_or(0));
        let mut events = Vec::new();
        for line in stderr.lines().filter(|_| self.logs_json) {
            match serde_json::from_str(line) {
                Ok(event) => events.push(event),
                // A killed run may have been in the middle of a line.
                Err(_) if code < 0 => {}
                Err(_) => panic!("{}: log line is not JSON: {line}\n{stderr}", self.command_line),
            }
        }
        ProgramOutput {
            command_line: self.command_line.clone(),
            code,
            stdout,
            stderr,
            termination_message: std::fs::read_to_string(&self.termination_log).unwrap_or_default(),
            peak_memory: ended.rusage.maxrss,
            events,
        }
    }
}

impl Drop for RunningProgram<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl ProgramOutput {
    /// Asserts the exit code.
    ///
    /// # Panics
    /// With the whole transcript when the code differs.
    pub fn expect_exit(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            code,
            "`{}` exited with {}, expected {code}\n{}",
            self.command_line,
            self.code,
            self.transcript()
        );
        self
    }

    /// Asserts a failure: its exit code, and one line that is both the last line of the log and the termination message, that contains
    /// each of `parts`, and that ends with what to do.
    ///
    /// # Panics
    /// When one of these does not hold.
    pub fn expect_failure(self, code: i32, parts: &[&str]) -> Self {
        let this = self.expect_exit(code);
        assert_eq!(
            this.termination_message.lines().count(),
            1,
            "lines of the termination message\n{}",
            this.transcript()
        );
        let line = this.termination_message.trim_end();
        for part in parts {
            assert!(line.contains(part), "`{part}` is missing in the message: {line}\n{}", this.transcript());
        }
        let last = this.events.last().unwrap_or_else(|| panic!("nothing was logged\n{}", this.transcript()));
        assert_eq!(last["message"], line, "last log line and termination message\n{}", this.transcript());
        assert_eq!((&last["level"], &last["code"]), (&"error".into(), &code.into()), "{}", this.transcript());
        let todo = last["todo"].as_str().unwrap_or_default();
        assert!(!todo.is_empty() && line.ends_with(todo), "the message does not end with what to do: {line}");
        // An error that prints its cause and also exposes it as `source` would print it twice.
        let words: Vec<_> = line.split_whitespace().collect();
        let repeated =
            words.windows(10).enumerate().find(|(at, run)| words.windows(10).skip(at + 10).any(|other| other == *run));
        assert!(repeated.is_none(), "the message repeats itself: {line}");
        this
    }

    /// Whether one log line of level `warn` or `error` contains all `parts`.
    #[must_use]
    pub fn has_warning(&self, parts: &[&str]) -> bool {
        self.warnings().map(ToString::to_string).any(|text| parts.iter().all(|part| text.contains(part)))
    }

    /// The log lines of level `warn` and `error`.
    pub fn warnings(&self) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(|event| event["level"] == "warn" || event["level"] == "error")
    }

    /// Command line, exit code and everything that the run wrote, for assertion messages.
    #[must_use]
    pub fn transcript(&self) -> String {
        format!(
            "--- {}\n--- exit {}\n--- stdout\n{}\n--- stderr\n{}\n--- termination message\n{}",
            self.command_line, self.code, self.stdout, self.stderr, self.termination_message
        )
    }
}
