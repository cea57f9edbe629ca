//! One run of a program: a clean environment, and afterwards all that it said.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;
use wait4::Wait4 as _;

use crate::binaries;
use crate::world::World;

/// A program that is about to be run.
#[derive(Debug)]
pub struct Job<'a> {
    world: &'a World,
    name: &'static str,
    command: Command,
    words: PathBuf,
}

/// A program that runs. Dropping it ends it.
#[derive(Debug)]
pub struct Running<'a> {
    world: &'a World,
    line: String,
    /// The process, until it is waited for.
    child: Option<Child>,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    words: PathBuf,
    logs_json: bool,
}

/// How a run ended and all that it said.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The command line.
    pub line: String,
    /// The exit code; the negative signal where one ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The termination message, empty where there is none.
    pub words: String,
    /// Most memory it held at once, bytes.
    pub peak_memory: u64,
    /// The log, where standard error is one.
    pub events: Vec<Value>,
}

impl<'a> Job<'a> {
    /// A program in a folder of its own with nothing in its environment but what it cannot do without.
    #[must_use]
    pub fn new(world: &'a World, name: &'static str) -> Self {
        let words = world.scratch("termination-log");
        std::fs::write(&words, "").expect("a termination log");
        let mut command = Command::new(binaries::program(name));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", world.home())
            .env("CITYFLOW_TERMINATION_LOG", &words)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(world.home());
        Self { world, name, command, words }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// A variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Another working folder.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Starts it.
    #[must_use]
    pub fn start(mut self) -> Running<'a> {
        let args: Vec<_> = self.command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let line = format!("{} {}", self.name, args.join(" "));
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        let stdout = child.stdout.take().map(|pipe| std::thread::spawn(move || all_of(pipe)));
        let stderr = child.stderr.take().map(|pipe| std::thread::spawn(move || all_of(pipe)));
        let logs_json = self.name != "simulator";
        Running { world: self.world, line, child: Some(child), stdout, stderr, words: self.words, logs_json }
    }

    /// Runs it to its end and checks every document that is there afterwards.
    #[must_use]
    pub fn run(self) -> Outcome {
        self.start().wait()
    }

    /// Runs it and expects that all is well.
    pub fn succeed(self) -> Outcome {
        self.run().expect(0)
    }
}

fn all_of(mut pipe: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    bytes
}

impl Running<'_> {
    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Ends it at once, as the kernel does when memory runs out.
    pub fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
        }
    }

    /// Waits for its end and checks every document that is there afterwards.
    #[must_use]
    pub fn wait(self) -> Outcome {
        let world = self.world;
        let outcome = self.wait_unchecked();
        world.check_documents();
        outcome
    }

    /// Waits for its end. For a run beside which others write.
    #[must_use]
    pub fn wait_unchecked(mut self) -> Outcome {
        use std::os::unix::process::ExitStatusExt as _;
        let child = self.child.take().expect("it is waited for once");
        // The pipes first: a program that has much to say ends only when somebody listens.
        let text = |thread: Option<JoinHandle<Vec<u8>>>| {
            let bytes = thread.and_then(|thread| thread.join().ok()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
        let ended = child.wait4().expect("a child can be waited for");
        let code = ended.status.code().unwrap_or_else(|| -ended.status.signal().unwrap_or(0));
        let words = std::fs::read_to_string(&self.words).unwrap_or_default();
        let mut events = Vec::new();
        for line in stderr.lines().filter(|_| self.logs_json) {
            match serde_json::from_str(line) {
                Ok(event) => events.push(event),
                // A run that was ended may have been in the middle of a line.
                Err(_) if code < 0 => {}
                Err(_) => panic!("{}: a line of the log is not JSON: {line}\n{stderr}", self.line),
            }
        }
        Outcome { line: self.line.clone(), code, stdout, stderr, words, peak_memory: ended.rusage.maxrss, events }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Outcome {
    /// Expects an exit code.
    ///
    /// # Panics
    /// With all that was said, where it is another.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "`{}` ended with {}, not {code}\n{}", self.line, self.code, self.all());
        self
    }

    /// Expects a failure: its code, and one line that holds each of `parts`, on standard error and as the termination message, which
    /// says what to do.
    ///
    /// # Panics
    /// Where one of these is not so.
    pub fn fails(self, code: i32, parts: &[&str]) -> Self {
        let this = self.expect(code);
        assert_eq!(this.words.lines().count(), 1, "one line is left as the termination message\n{}", this.all());
        let line = this.words.trim_end();
        for part in parts {
            assert!(line.contains(part), "the line does not say `{part}`: {line}\n{}", this.all());
        }
        let told = this.events.last().unwrap_or_else(|| panic!("nothing was logged\n{}", this.all()));
        assert_eq!(told["message"], line, "the last line of the log is the termination message\n{}", this.all());
        assert_eq!((&told["level"], &told["code"]), (&"error".into(), &code.into()), "{}", this.all());
        let todo = told["todo"].as_str().unwrap_or_default();
        assert!(!todo.is_empty() && line.ends_with(todo), "the line says what to do: {line}");
        // A message that holds its own cause says it once.
        let words: Vec<_> = line.split_whitespace().collect();
        let twice =
            words.windows(10).enumerate().find(|(at, run)| words.windows(10).skip(at + 10).any(|other| other == *run));
        assert!(twice.is_none(), "the line says something twice: {line}");
        this
    }

    /// Whether some line of the log, warnings and worse, holds all of these.
    #[must_use]
    pub fn warns(&self, parts: &[&str]) -> bool {
        let loud = self.events.iter().filter(|event| event["level"] == "warn" || event["level"] == "error");
        loud.map(ToString::to_string).any(|text| parts.iter().all(|part| text.contains(part)))
    }

    /// All that it said.
    #[must_use]
    pub fn all(&self) -> String {
        format!(
            "--- {}\n--- exit {}\n--- stdout\n{}\n--- stderr\n{}\n--- termination message\n{}",
            self.line, self.code, self.stdout, self.stderr, self.words
        )
    }
}
