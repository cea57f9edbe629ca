//! How a run ends: the exit codes of the contract, and the one line that says what happened, to which key, and what to do.

/// Exit codes, named. 0 is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Code {
    /// Wrong usage or configuration, a missing bucket or folder, a missing permission.
    Usage = 2,
    /// A required source has no file or is unusable, or every source is.
    Data = 65,
    /// No input at all, or a manifest without one usable document.
    NoInput = 66,
    /// Store unreachable after retries, or full.
    Unavailable = 69,
    /// A bug.
    Bug = 70,
    /// Try again later.
    Later = 75,
    /// Told to stop.
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

    /// The one word for it, in the form that Kubernetes gives its reasons.
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

/// A run that did not end well. `Display` is the one line for people and for `/dev/termination-log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// What happened, a sentence without its full stop.
    pub what: String,
    /// To which key or setting; empty where there is none.
    pub key: String,
    /// What to do about it, an imperative sentence.
    pub todo: String,
}

impl Failure {
    /// A failure with all its parts.
    pub fn new(code: Code, what: impl Into<String>, key: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { code, what: what.into(), key: key.into(), todo: todo.into() }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.what)?;
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ". {}", self.todo)
    }
}

impl std::error::Error for Failure {}
