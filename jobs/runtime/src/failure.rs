//! The failure of a run: its exit code, and one line that says what happened, to which key, and what to do.

/// Exit codes; 0 is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Code {
    /// Wrong usage or settings; missing bucket, folder or permission.
    Usage = 2,
    /// A required source has no file or is unusable, or every source is unusable.
    Data = 65,
    /// No input at all, or a manifest without a usable document.
    NoInput = 66,
    /// The store is unreachable after all retries, or full.
    Unavailable = 69,
    /// A panic or a broken invariant.
    Bug = 70,
    /// A later attempt can succeed: Kubernetes starts a new pod.
    Later = 75,
    /// Interrupted by SIGTERM or SIGINT.
    Stopped = 143,
}

impl Code {
    /// Rank among several failures of one run, the most urgent highest: errors that need a person come before those that a retry may fix.
    #[must_use]
    pub fn severity(self) -> u8 {
        match self {
            Self::Later => 0,
            Self::NoInput => 1,
            Self::Data => 2,
            Self::Unavailable => 3,
            Self::Usage => 4,
            Self::Bug => 5,
            Self::Stopped => 6,
        }
    }

    /// The codes in ascending order.
    pub const ALL: [Self; 7] =
        [Self::Usage, Self::Data, Self::NoInput, Self::Unavailable, Self::Bug, Self::Later, Self::Stopped];

    /// When a run ends with it, and whether a retry can succeed: the rows of the table in `docs/settings.md`.
    #[must_use]
    pub fn meaning(self) -> (&'static str, &'static str) {
        match self {
            Self::Usage => ("wrong usage or settings; missing bucket, folder or permission", "after correcting it"),
            Self::Data => (
                "a required source is missing or unusable (the other documents were published); reporter: the manifest cannot be read",
                "after correcting the data",
            ),
            Self::NoInput => ("no input at all; reporter: no usable document", "after checking the data"),
            Self::Unavailable => ("the store is unreachable or full", "yes"),
            Self::Bug => ("a bug, such as a panicked worker task", "no: report it with the log"),
            Self::Later => {
                ("not yet: metrics not published, inputs replaced while they were read, day still provisional", "yes")
            }
            Self::Stopped => ("received SIGTERM or SIGINT", "yes"),
        }
    }

    /// The name in the form of a Kubernetes reason, for Events and `error.type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usage => "WrongSettings",
            Self::Data => "BadData",
            Self::NoInput => "NoInput",
            Self::Unavailable => "StoreUnavailable",
            Self::Bug => "Bug",
            Self::Later => "TryAgainLater",
            Self::Stopped => "Stopped",
        }
    }
}

/// The failure of a run. `Display` is the one line for people and for the termination message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Exit code of the process.
    pub code: Code,
    /// What happened: a sentence without full stop.
    pub what: String,
    /// The key or setting that it happened to; can be empty.
    pub key: String,
    /// What to do: an imperative sentence without full stop.
    pub todo: String,
    /// Several mistakes that `what` counts; one a line at a terminal.
    pub list: Vec<String>,
}

impl Failure {
    /// For the texts see the fields.
    pub fn new(code: Code, what: impl Into<String>, key: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { code, what: what.into(), key: key.into(), todo: todo.into(), list: Vec::new() }
    }

    /// The same with the mistakes that `what` counts.
    #[must_use]
    pub fn with_list(self, list: Vec<String>) -> Self {
        Self { list, ..self }
    }

    /// For a person at a terminal: the mistakes of a list one a line.
    #[must_use]
    pub fn lines(&self) -> String {
        if self.list.is_empty() {
            return self.to_string();
        }
        let list: Vec<String> = self.list.iter().map(|mistake| format!("  - {mistake}")).collect();
        format!("{}:\n{}\n{}", self.head(), list.join("\n"), self.todo)
    }

    fn head(&self) -> String {
        if self.key.is_empty() { self.what.clone() } else { format!("{}: {}", self.what, self.key) }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.head())?;
        if !self.list.is_empty() {
            write!(f, ": {}", self.list.join("; "))?;
        }
        write!(f, ". {}", self.todo)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_a_list_at_a_terminal_and_one_line_elsewhere() {
        let failure = Failure::new(Code::Usage, "2 invalid settings", "", "Correct the settings")
            .with_list(vec!["--wait: soon".to_owned(), "--size: lots".to_owned()]);
        assert_eq!(failure.to_string(), "2 invalid settings: --wait: soon; --size: lots. Correct the settings");
        assert_eq!(failure.lines(), "2 invalid settings:\n  - --wait: soon\n  - --size: lots\nCorrect the settings");
    }

    #[test]
    fn documented_exit_codes_are_all_codes() {
        let mut table = "| code | name in events | meaning | retry? |\n| --- | --- | --- | --- |\n| 0 | | done; a failed source that is not required is a warning | |\n".to_owned();
        for code in Code::ALL {
            let (meaning, retry) = code.meaning();
            table.push_str(&format!("| {} | `{}` | {meaning} | {retry} |\n", code as i32, code.name()));
        }
        let document = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
        assert_eq!(crate::settings::markdown::hold(&document, "exit codes", &table), Ok(()));
    }
}
